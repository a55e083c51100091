"""What an Estimator settles before it works: its RunConfig, its devices, where it goes on."""

from __future__ import annotations

import tempfile
from typing import Any

from graphflow.core.collections import GraphKeys
from graphflow.core.compat import path_to_str
from graphflow.estimators.run_config import RunConfig, default_session_config
from graphflow.formats.checkpoint_state import latest_checkpoint
from graphflow.platform import tf_logging
from graphflow.training.checkpoints import NewCheckpointReader
from graphflow.training.device_setter import STANDARD_PS_OPS, replica_device_setter


def settled_config(config: Any, model_dir: Any) -> RunConfig:
    """Returns the RunConfig of an Estimator: with a folder and a ConfigProto.

    Args:
        config: a RunConfig; None: a new one.
        model_dir: the folder; None: the RunConfig's, else a temporary one.

    Raises:
        ValueError: if they contradict each other, or `config` is none.
    """
    if config is None:
        config = RunConfig()
        tf_logging.info("Using default config.")
    if not isinstance(config, RunConfig):
        raise ValueError(f"config must be an instance of `RunConfig`, but provided {config}.")
    if config.session_config is None:
        config = RunConfig.replace(config, session_config=default_session_config())
    model_dir = path_to_str(model_dir)
    told = config.model_dir
    if model_dir is not None and told is not None and told != model_dir:
        raise ValueError(
            "`model_dir` are set both in constructor and `RunConfig`, but with different values. "
            f"In constructor: '{model_dir}', in `RunConfig`: '{told}' "
        )
    if not model_dir and told is not None:
        model_dir = told
    elif not model_dir:
        model_dir = tempfile.mkdtemp()
        tf_logging.warning("Using temporary folder as model directory: %s", model_dir)
    settled: RunConfig = RunConfig.replace(config, model_dir=model_dir)
    return settled


def cluster_device(config: RunConfig) -> Any:
    """Returns a function that puts variables on parameter servers, or None where there are none."""
    if not config.num_ps_replicas:
        return None
    return replica_device_setter(
        ps_tasks=config.num_ps_replicas,
        worker_device=f"/job:{config.task_type}/task:{config.task_id}",
        merge_devices=True,
        ps_ops=list(STANDARD_PS_OPS),
        cluster=config.cluster_spec,
    )


def saved_global_step(model_dir: Any) -> int:
    """Returns the global step of the last checkpoint in a folder; 0 if there is none."""
    path = latest_checkpoint(model_dir)
    if not path:
        return 0
    reader = NewCheckpointReader(path)
    if not reader.has_tensor(GraphKeys.GLOBAL_STEP):
        return 0
    return int(reader.get_tensor(GraphKeys.GLOBAL_STEP))
