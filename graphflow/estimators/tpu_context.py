"""Where the functions of a TPUEstimator run, with which batch size, and what refuses a TPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphflow.core.graph import Graph
from graphflow.estimators.mode_keys import ModeKeys
from graphflow.estimators.tpu_config import InputPipelineConfig
from graphflow.platform import tf_logging
from graphflow.runtime.session import Session


@dataclass(frozen=True, slots=True)
class Places:
    """What decides where functions run; nothing here ever is a TPU.

    Args:
        config: the RunConfig, with a TPUConfig.
        batch_sizes: by mode; None where none was given.
        use_tpu: whether TPUs are asked for.
        eval_on_tpu: whether for evaluation too.
    """

    config: Any
    batch_sizes: dict[str, int | None]
    use_tpu: bool
    eval_on_tpu: bool

    def on_cpu(self, mode: str, exporting: bool = False) -> bool:
        """Returns whether functions run on the CPU.

        Args:
            mode: the mode.
            exporting: whether a model is exported, which is declared on the CPU.

        Raises:
            RuntimeError: if they would run on a TPU: there is none.
        """
        if not self.use_tpu:
            return True
        if mode == ModeKeys.EVAL and not self.eval_on_tpu:
            tf_logging.info("_is_running_on_cpu: eval_on_tpu disabled")
            return True
        if exporting:
            return True
        self._refuse(mode)
        return False

    def sliced(self, mode: str) -> bool:
        """Returns whether one batch is sliced for all cores, which no CPU does."""
        told = self.config.tpu_config.eval_training_input_configuration
        return mode != ModeKeys.TRAIN and told == InputPipelineConfig.SLICED

    def _refuse(self, mode: str) -> None:
        """Raises RuntimeError where the session of a mode has no TPU."""
        evaluating = mode == ModeKeys.EVAL
        master = self.config.evaluation_master if evaluating else self.config.master
        tf_logging.info("Querying Tensorflow master (%s) for TPU system metadata.", master)
        with Graph().as_default(), Session(master) as session:
            devices = tuple(session.list_devices())
        if self.config.tpu_config.num_cores_per_replica:
            raise RuntimeError(
                f"Cannot find any TPU cores in the system (master address {master}). This usually "
                "means the master address is incorrect or the TPU worker has some problems. "
                f"Available devices: {list(devices)}"
            )
        raise RuntimeError(
            "Cannot find any TPU cores in the system. Please double check Tensorflow master "
            f"address and TPU worker(s). Available devices are {devices}."
        )
