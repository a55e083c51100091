"""What a TPUEstimator is told beyond a RunConfig: how its loop and its input are cut up."""

from __future__ import annotations

import json
import os
import re
from typing import Any, Final, NamedTuple

from graphflow.core.export import export, publish
from graphflow.estimators import run_config
from graphflow.estimators.cluster_task import TaskType
from graphflow.formats import proto
from graphflow.platform import tf_logging

_ITERATIONS: Final = re.compile(r"^(?P<value>[1-9]\d*)((?P<suffix>[s|m|h])$|$)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
_CORES: Final = (1, 2, 4, 8, 16, 32, 64, 128)


@export("contrib.tpu.InputPipelineConfig", "estimator.tpu.InputPipelineConfig")
class InputPipelineConfig:
    """How often the input function is called for several TPU cores; see TPUConfig."""

    PER_SHARD_V1 = 1
    PER_HOST_V1 = 2
    PER_HOST_V2 = 3
    BROADCAST = 4
    SLICED = 5


class Iterations(NamedTuple):
    """How long the loop on a TPU runs: `value` steps ("count") or "seconds"."""

    value: int
    unit: str


def check_positive_integer(value: Any, name: str) -> None:
    """Raises TypeError if a value is no integer, ValueError if it is not positive."""
    if not isinstance(value, int):
        raise TypeError(f"{name} must be int, got {type(value)}")
    if value <= 0:
        raise ValueError(f"{name} must be positive, got {value}")


def parsed_iterations(iterations_per_loop: Any) -> Iterations:
    """Returns how long the loop on a TPU runs.

    Args:
        iterations_per_loop: a number of steps, or a time such as "30s", "5m", "1h".

    Raises:
        ValueError: if it is neither.
    """
    found = _ITERATIONS.match(str(iterations_per_loop))
    if found is None:
        raise ValueError(
            "Invalid TPUConfig `iterations_per_loop` value. Value must be positive integer value "
            "or time-based value `<N><s|m|h>` where <N> is anypositive integer and `s`, `m`, `h` "
            "are unit of time in seconds, minutes, hours respectively. Examples of valid values: "
            "`3600s`, `60m`, `1h`."
        )
    value, suffix = int(found["value"]), found["suffix"]
    unit = "seconds" if suffix in _SECONDS else "count"
    return Iterations(value * _SECONDS.get(suffix, 1), unit)


class _TPUFields(NamedTuple):
    iterations_per_loop: Any
    num_shards: int | None
    num_cores_per_replica: int | None
    per_host_input_for_training: Any
    tpu_job_name: str | None
    initial_infeed_sleep_secs: int | None
    input_partition_dims: Any
    eval_training_input_configuration: int
    experimental_host_call_every_n_steps: int


class TPUConfig(_TPUFields):
    """How a TPUEstimator uses TPUs; what it does on a CPU hardly depends on it.

    Args:
        iterations_per_loop: steps of one loop on the TPU, or its time as "30s", "5m", "1h". On a
            CPU each step is a run of its own; notes of the speed come that many times as often.
        num_shards: how many replicas there are; None: as many as are found.
        num_cores_per_replica: cores that one replica is spread over: a power of 2 up to 128.
        per_host_input_for_training: a value of InputPipelineConfig; True is PER_HOST_V1, False
            PER_SHARD_V1.
        tpu_job_name: the job of the TPU workers; None: what TF_CONFIG says.
        initial_infeed_sleep_secs: how long the first batch waits.
        input_partition_dims: how features and labels are cut for the cores of one replica.
        eval_training_input_configuration: PER_HOST_V1 or SLICED.
        experimental_host_call_every_n_steps: how often host calls run in a loop.

    Raises:
        ValueError: if a value is out of its range or does not go with another one.
        TypeError: if a number is no integer.
    """

    __slots__ = ()

    def __new__(
        cls,
        iterations_per_loop: Any = 2,
        num_shards: int | None = None,
        num_cores_per_replica: int | None = None,
        per_host_input_for_training: Any = True,
        tpu_job_name: str | None = None,
        initial_infeed_sleep_secs: int | None = None,
        input_partition_dims: Any = None,
        eval_training_input_configuration: int = InputPipelineConfig.PER_HOST_V1,
        experimental_host_call_every_n_steps: int = 1,
    ) -> TPUConfig:
        """Returns a new one; see the class."""
        parsed_iterations(iterations_per_loop)
        if num_shards is not None:
            check_positive_integer(num_shards, "TPUConfig num_shards")
        if input_partition_dims is not None:
            _check_partition(
                input_partition_dims, per_host_input_for_training, num_cores_per_replica
            )
        if num_cores_per_replica is not None and num_cores_per_replica not in _CORES:
            raise ValueError(
                "num_cores_per_replica must be 1, 2, 4, 8, 16, 32, 64, 128; "
                f"got {num_cores_per_replica}"
            )
        evaluated = (InputPipelineConfig.PER_HOST_V1, InputPipelineConfig.SLICED)
        if eval_training_input_configuration not in evaluated:
            raise ValueError(
                "eval_training_input_configuration must be PER_HOST_V1 or SLICED; "
                f"got {eval_training_input_configuration}"
            )
        if isinstance(per_host_input_for_training, bool):
            per_host_input_for_training = (
                InputPipelineConfig.PER_HOST_V1
                if per_host_input_for_training
                else InputPipelineConfig.PER_SHARD_V1
            )
        if initial_infeed_sleep_secs:
            check_positive_integer(initial_infeed_sleep_secs, "TPUConfig initial_infeed_sleep_secs")
        return super().__new__(
            cls, iterations_per_loop, num_shards, num_cores_per_replica,
            per_host_input_for_training, tpu_job_name or _told_job_name(),
            initial_infeed_sleep_secs, input_partition_dims, eval_training_input_configuration,
            experimental_host_call_every_n_steps,
        )  # fmt: skip


publish(TPUConfig, "contrib.tpu.TPUConfig", "estimator.tpu.TPUConfig")


def _check_partition(dims: Any, per_host_input: Any, cores: int | None) -> None:
    if len(dims) not in (1, 2):
        raise ValueError("input_partition_dims must be a list/tuple with one or two elements.")
    if per_host_input is not InputPipelineConfig.PER_HOST_V2:
        raise ValueError("input_partition_dims is only supported in PER_HOST_V2 mode.")
    if cores is None:
        raise ValueError("input_partition_dims requires setting num_cores_per_replica.")


def _told_job_name() -> str | None:
    """The job of the TPU workers in TF_CONFIG."""
    told = json.loads(os.environ.get("TF_CONFIG", "{}"))
    name: str | None = told.get("service", {}).get("tpu_worker_job_name")
    if name:
        tf_logging.info("Load TPU job name from TF_CONFIG: %s", name)
    return name


@export("contrib.tpu.RunConfig", "estimator.tpu.RunConfig")
class RunConfig(run_config.RunConfig):
    """How a TPUEstimator runs.

    Args:
        tpu_config: a TPUConfig; None: one of defaults.
        evaluation_master: the target of evaluation sessions; None: `master`.
        master: the target of training sessions; None: what TF_CONFIG says.
        cluster: a resolver, which has `master()` and `cluster_spec()`.
        **kwargs: those of `tf.estimator.RunConfig`.

    Raises:
        ValueError: as there; or if both `master` and `cluster`, or two clusters, are given.
        TypeError: as there.
    """

    _tpu_config: TPUConfig
    _cluster: Any

    def __init__(
        self,
        tpu_config: TPUConfig | None = None,
        evaluation_master: str | None = None,
        master: str | None = None,
        cluster: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._tpu_config = tpu_config or TPUConfig()
        self._cluster = cluster
        if master is not None:
            if cluster is not None:
                raise ValueError("Both master and cluster are set.")
            self._master = master
        elif cluster:
            self._master = cluster.master()
        if evaluation_master is not None:
            self._evaluation_master = evaluation_master
        elif not self._evaluation_master and self.task_type != TaskType.EVALUATOR:
            self._evaluation_master = self._master
        if cluster:
            self._settle_cluster(cluster)

    def _settle_cluster(self, cluster: Any) -> None:
        self._cluster_spec = cluster.cluster_spec()
        if self._session_config is None:
            self._session_config = proto.ConfigProto(
                allow_soft_placement=True, isolate_session_state=True
            )
        if self._session_config.HasField("cluster_def"):
            raise ValueError("You cannot provide a ClusterResolver and session_config.cluster_def.")
        if self._cluster_spec:
            self._session_config.cluster_def.CopyFrom(self._cluster_spec.as_cluster_def())

    def _maybe_overwrite_session_config_for_distributed_training(self) -> None:
        """Leaves the ConfigProto alone: one session sees all tasks of TPUs."""

    @property
    def evaluation_master(self) -> str:
        """The target of evaluation sessions."""
        return self._evaluation_master

    @property
    def master(self) -> str:
        """The target of training sessions."""
        return self._master

    @property
    def tpu_config(self) -> TPUConfig:
        """The TPUConfig."""
        return self._tpu_config

    @property
    def cluster(self) -> Any:
        """The resolver of the cluster, or None."""
        return self._cluster

    def replace(self, **kwargs: Any) -> Any:
        """Returns a copy with other values.

        Args:
            **kwargs: arguments of `tf.estimator.RunConfig`, and `tpu_config`.

        Raises:
            ValueError: as there.
        """
        tpu_config = kwargs.pop("tpu_config", self._tpu_config)
        copied = super().replace(**kwargs)
        copied._tpu_config = tpu_config
        return copied
