"""RunConfig: how often an Estimator saves and logs, where, and on which task of a cluster."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final

from graphflow.core.compat import path_to_str
from graphflow.core.export import export
from graphflow.core.function_arguments import fn_args
from graphflow.estimators.cluster_task import TaskType, environment, task_settings
from graphflow.formats import proto
from graphflow.platform import tf_logging

_USE_DEFAULT: Final = object()
_REPLACEABLE: Final = [
    "model_dir", "tf_random_seed", "save_summary_steps", "save_checkpoints_steps",
    "save_checkpoints_secs", "session_config", "keep_checkpoint_max",
    "keep_checkpoint_every_n_hours", "log_step_count_steps", "train_distribute", "device_fn",
    "protocol", "eval_distribute", "experimental_distribute",
    "experimental_max_worker_delay_secs", "session_creation_timeout_secs",
]  # fmt: skip
_BOTH_SET: Final = "`save_checkpoints_steps` and `save_checkpoints_secs` cannot be both set."
_DISTRIBUTED: Final = ("train_distribute", "eval_distribute", "experimental_distribute")


def _takes_op(device_fn: Any) -> bool:
    return callable(device_fn) and set(fn_args(device_fn)) == {"op"}


_DEMANDS: Final[tuple[tuple[str, Callable[[Any], bool], str], ...]] = (
    ("model_dir", bool, "model_dir should be non-empty"),
    ("save_summary_steps", lambda x: x >= 0, "save_summary_steps should be >= 0"),
    ("save_checkpoints_steps", lambda x: x >= 0, "save_checkpoints_steps should be >= 0"),
    ("save_checkpoints_secs", lambda x: x >= 0, "save_checkpoints_secs should be >= 0"),
    (
        "session_config",
        lambda x: isinstance(x, proto.ConfigProto),
        "session_config must be instance of ConfigProto",
    ),
    ("keep_checkpoint_max", lambda x: x >= 0, "keep_checkpoint_max should be >= 0"),
    (
        "keep_checkpoint_every_n_hours",
        lambda x: x > 0,
        "keep_checkpoint_every_n_hours should be > 0",
    ),
    ("log_step_count_steps", lambda x: x > 0, "log_step_count_steps should be > 0"),
    ("tf_random_seed", lambda x: isinstance(x, int), "tf_random_seed must be integer."),
    (
        "experimental_max_worker_delay_secs",
        lambda x: isinstance(x, int),
        "experimental_max_worker_delay_secs must be an integer if set.",
    ),
    (
        "session_creation_timeout_secs",
        lambda x: x > 0,
        "session_creation_timeout_secs should be > 0",
    ),
    ("device_fn", _takes_op, 'device_fn must be callable with exactly one argument "op".'),
    ("protocol", lambda x: x in ("grpc", "grpc+verbs"), "protocol should be grpc or grpc+verbs"),
)
"""In the order of the checks: attribute, what holds of a value, the message where it does not."""


@export("estimator.RunConfig")
class RunConfig:
    """How an Estimator runs.

    The environment variable TF_CONFIG, in JSON, says more: "model_dir", and "cluster" and "task"
    where several processes train one model.

    Args:
        model_dir: where checkpoints and summaries go; None: what TF_CONFIG says, else what the
            Estimator is told, else a temporary folder.
        tf_random_seed: the graph's seed; None: another one each time.
        save_summary_steps: steps from one summary to the next; 0: none.
        save_checkpoints_steps: steps from one checkpoint to the next; None: see the next one.
        save_checkpoints_secs: or seconds; 600 where neither is given. Both None or 0: none.
        session_config: a ConfigProto.
        keep_checkpoint_max: how many of the last checkpoints are kept; None or 0: all.
        keep_checkpoint_every_n_hours: keeps one beside them every so many hours.
        log_step_count_steps: steps from one note of loss and speed to the next; None: none.
        train_distribute: None: there are no distribution strategies.
        device_fn: returns the device of an operation `op`; None: that of the cluster.
        protocol: of servers: "grpc", "grpc+verbs" or None.
        eval_distribute: None.
        experimental_distribute: None.
        experimental_max_worker_delay_secs: the longest that a worker waits before it begins.
        session_creation_timeout_secs: how long a worker waits for the chief's session.

    Raises:
        ValueError: if a value is out of its range, checkpoints are asked for in steps and in
            seconds, or TF_CONFIG contradicts itself or `model_dir`.
        TypeError: if a distribution strategy is given.
    """

    _model_dir: Any
    _tf_random_seed: int | None
    _save_summary_steps: int | None
    _save_checkpoints_steps: int | None
    _save_checkpoints_secs: float | None
    _session_config: Any
    _keep_checkpoint_max: int | None
    _keep_checkpoint_every_n_hours: float | None
    _log_step_count_steps: int | None
    _train_distribute: Any
    _device_fn: Any
    _protocol: str | None
    _eval_distribute: Any
    _experimental_max_worker_delay_secs: int | None
    _session_creation_timeout_secs: float | None
    _service: Any
    _cluster_spec: Any
    _task_type: str
    _task_id: int
    _global_id_in_cluster: int | None
    _master: str
    _evaluation_master: str
    _is_chief: bool
    _num_ps_replicas: int
    _num_worker_replicas: int

    def __init__(
        self,
        model_dir: Any = None,
        tf_random_seed: int | None = None,
        save_summary_steps: int | None = 100,
        save_checkpoints_steps: Any = _USE_DEFAULT,
        save_checkpoints_secs: Any = _USE_DEFAULT,
        session_config: Any = None,
        keep_checkpoint_max: int | None = 5,
        keep_checkpoint_every_n_hours: float | None = 10000,
        log_step_count_steps: int | None = 100,
        train_distribute: Any = None,
        device_fn: Any = None,
        protocol: str | None = None,
        eval_distribute: Any = None,
        experimental_distribute: Any = None,
        experimental_max_worker_delay_secs: int | None = None,
        session_creation_timeout_secs: float | None = 7200,
    ) -> None:
        steps, seconds = _interval(save_checkpoints_steps, save_checkpoints_secs)
        tf_config = environment()
        if tf_config:
            tf_logging.info("TF_CONFIG environment variable: %s", tf_config)
        RunConfig._replace(
            self,
            _REPLACEABLE,
            model_dir=_model_dir(tf_config, path_to_str(model_dir)),
            tf_random_seed=tf_random_seed,
            save_summary_steps=save_summary_steps,
            save_checkpoints_steps=steps,
            save_checkpoints_secs=seconds,
            session_config=session_config,
            keep_checkpoint_max=keep_checkpoint_max,
            keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours,
            log_step_count_steps=log_step_count_steps,
            train_distribute=train_distribute,
            device_fn=device_fn,
            protocol=protocol,
            eval_distribute=eval_distribute,
            experimental_distribute=experimental_distribute,
            experimental_max_worker_delay_secs=experimental_max_worker_delay_secs,
            session_creation_timeout_secs=session_creation_timeout_secs,
        )
        for name, value in task_settings(tf_config).items():
            setattr(self, f"_{name}", value)
        self._maybe_overwrite_session_config_for_distributed_training()

    def _maybe_overwrite_session_config_for_distributed_training(self) -> None:
        """Lets the sessions of a cluster see only the tasks that they work with."""
        if not self._session_config and self._cluster_spec:
            self._session_config = _cluster_session_config(self._task_type, self._task_id)

    # --- the cluster ---
    @property
    def cluster_spec(self) -> Any:
        """The ClusterSpec, empty where one process works alone."""
        return self._cluster_spec

    @property
    def task_type(self) -> str:
        """The job of this process, such as "chief" or "worker"."""
        return self._task_type

    @property
    def task_id(self) -> int:
        """The number of this process in its job."""
        return self._task_id

    @property
    def global_id_in_cluster(self) -> int | None:
        """The number of this process in the cluster: chief, others by name, at last "ps"."""
        return self._global_id_in_cluster

    @property
    def master(self) -> str:
        """The target of training sessions."""
        return self._master

    @property
    def evaluation_master(self) -> str:
        """The target of evaluation sessions."""
        return self._evaluation_master

    @property
    def is_chief(self) -> bool:
        """Whether this process initializes and saves."""
        return self._is_chief

    @property
    def num_ps_replicas(self) -> int:
        """How many tasks hold variables."""
        return self._num_ps_replicas

    @property
    def num_worker_replicas(self) -> int:
        """How many tasks train, the chief among them."""
        return self._num_worker_replicas

    @property
    def service(self) -> Any:
        """What TF_CONFIG says under "service", or None."""
        return self._service

    # --- what was given ---
    @property
    def model_dir(self) -> Any:
        """Where checkpoints and summaries go."""
        return self._model_dir

    @property
    def tf_random_seed(self) -> int | None:
        """The graph's seed."""
        return self._tf_random_seed

    @property
    def save_summary_steps(self) -> int | None:
        """Steps from one summary to the next."""
        return self._save_summary_steps

    @property
    def save_checkpoints_steps(self) -> int | None:
        """Steps from one checkpoint to the next, or None."""
        return self._save_checkpoints_steps

    @property
    def save_checkpoints_secs(self) -> float | None:
        """Seconds from one checkpoint to the next, or None."""
        return self._save_checkpoints_secs

    @property
    def session_config(self) -> Any:
        """The ConfigProto of sessions."""
        return self._session_config

    @property
    def keep_checkpoint_max(self) -> int | None:
        """How many of the last checkpoints are kept."""
        return self._keep_checkpoint_max

    @property
    def keep_checkpoint_every_n_hours(self) -> float | None:
        """Hours from one checkpoint that stays to the next."""
        return self._keep_checkpoint_every_n_hours

    @property
    def log_step_count_steps(self) -> int | None:
        """Steps from one note of loss and speed to the next."""
        return self._log_step_count_steps

    @property
    def train_distribute(self) -> Any:
        """None."""
        return self._train_distribute

    @property
    def eval_distribute(self) -> Any:
        """None."""
        return self._eval_distribute

    @property
    def device_fn(self) -> Any:
        """Returns the device of an operation, or is None."""
        return self._device_fn

    @property
    def protocol(self) -> str | None:
        """The protocol of servers."""
        return self._protocol

    @property
    def experimental_max_worker_delay_secs(self) -> int | None:
        """The longest that a worker waits before it begins."""
        return self._experimental_max_worker_delay_secs

    @property
    def session_creation_timeout_secs(self) -> float | None:
        """How long a worker waits for the chief's session."""
        return self._session_creation_timeout_secs

    # --- copies ---
    def replace(self, **kwargs: Any) -> Any:
        """Returns a copy with other values.

        Args:
            **kwargs: arguments of the constructor. Where one of `save_checkpoints_steps` and
                `save_checkpoints_secs` is given, the other one becomes None.

        Raises:
            ValueError: as the constructor; or if there is no such argument.
        """
        return RunConfig._replace(copy.deepcopy(self), _REPLACEABLE, **kwargs)

    @staticmethod
    def _replace(config: Any, allowed_properties_list: Any = None, **kwargs: Any) -> Any:
        """Changes values of a RunConfig, and returns it."""
        allowed = allowed_properties_list or []
        for name, value in kwargs.items():
            if name not in allowed:
                raise ValueError(
                    f"Replacing {name} is not supported. Allowed properties are {allowed}."
                )
            setattr(config, f"_{name}", value)
        _settle_interval(config, kwargs)
        _check(config)
        return config


# --- checks ---
def _interval(steps: Any, seconds: Any) -> tuple[Any, Any]:
    if steps is _USE_DEFAULT and seconds is _USE_DEFAULT:
        return None, 600
    steps = None if steps is _USE_DEFAULT else steps
    seconds = None if seconds is _USE_DEFAULT else seconds
    if steps is not None and seconds is not None:
        raise ValueError(_BOTH_SET)
    return steps, seconds


def _settle_interval(config: Any, given: Any) -> None:
    """Lets a new interval in steps take away the one in seconds, and the other way round."""
    steps, seconds = config.save_checkpoints_steps, config.save_checkpoints_secs
    in_steps, in_seconds = "save_checkpoints_steps" in given, "save_checkpoints_secs" in given
    if in_steps and in_seconds:
        if steps is not None and seconds is not None:
            raise ValueError(_BOTH_SET)
    elif in_steps and steps is not None:
        config._save_checkpoints_secs = None
    elif in_seconds and seconds is not None:
        config._save_checkpoints_steps = None


def _check(config: Any) -> None:
    for name, holds, message in _DEMANDS:
        value = getattr(config, name)
        if value is not None and not holds(value):
            raise ValueError(message)
    for name in _DISTRIBUTED:
        if getattr(config, f"_{name}"):
            raise TypeError(f"{name} must be None: there are no distribution strategies here.")


def _model_dir(tf_config: dict[str, Any], model_dir: Any) -> Any:
    """The folder that was given, or the one of TF_CONFIG."""
    if model_dir == "":
        raise ValueError("model_dir should be non-empty.")
    told = tf_config.get("model_dir")
    if told == "":
        raise ValueError("model_dir in TF_CONFIG should be non-empty.")
    if not told:
        return model_dir
    if model_dir and told != model_dir:
        raise ValueError(
            "`model_dir` provided in RunConfig construct, if set, must have the same value as the "
            f'model_dir in TF_CONFIG. model_dir: {model_dir}\nTF_CONFIG["model_dir"]: {told}.\n'
        )
    tf_logging.info("Using model_dir in TF_CONFIG: %s", told)
    return told


# --- sessions ---
def default_session_config() -> Any:
    """Returns the ConfigProto of an Estimator whose RunConfig has none."""
    message = proto.ConfigProto(allow_soft_placement=True)
    rewriting = message.graph_options.rewrite_options
    rewriting.meta_optimizer_iterations = proto.RewriterConfig.ONE
    return message


def _cluster_session_config(task_type: str, task_id: int) -> Any:
    """The ConfigProto of a task, whose sessions see only the tasks that they work with."""
    filters = {
        TaskType.MASTER: ["/job:ps", "/job:master"],
        TaskType.CHIEF: ["/job:ps", "/job:chief"],
        TaskType.WORKER: ["/job:ps", f"/job:worker/task:{task_id}"],
        TaskType.PS: ["/job:ps", "/job:worker", "/job:chief", "/job:master"],
    }.get(task_type)
    if filters is None:
        return None
    message = default_session_config()
    message.device_filters.extend(filters)
    return message
