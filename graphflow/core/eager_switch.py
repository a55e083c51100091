"""Turning eager execution on for a process, and asking whether it is on."""

from __future__ import annotations

import contextlib
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.eager import eager_graph
from graphflow.core.export import export, publish
from graphflow.core.graph import Graph

DEVICE_PLACEMENT_EXPLICIT: Final = 0
DEVICE_PLACEMENT_WARN: Final = 1
DEVICE_PLACEMENT_SILENT: Final = 2
DEVICE_PLACEMENT_SILENT_FOR_INT32: Final = 3
SYNC: Final = 0
ASYNC: Final = 1
for _name in ("DEVICE_PLACEMENT_EXPLICIT", "DEVICE_PLACEMENT_WARN", "DEVICE_PLACEMENT_SILENT"):
    publish(globals()[_name], f"contrib.eager.{_name}")
publish(SYNC, "contrib.eager.SYNC")
publish(ASYNC, "contrib.eager.ASYNC")


class _Options:
    """What eager execution was enabled with."""

    config: Any = None
    device_policy: Any = None
    execution_mode: Any = None


@export("executing_eagerly", "contrib.eager.executing_eagerly", "contrib.eager.in_eager_mode")
def executing_eagerly() -> bool:
    """Returns whether operations run as they are called.

    So they do after `tf.enable_eager_execution()`, but for `with graph.as_default()` and the
    bodies of functions; and inside a `tf.py_function`.
    """
    return scopes.get_default_graph().executes


@export("enable_eager_execution", "contrib.eager.enable_eager_execution")
def enable_eager_execution(
    config: Any = None, device_policy: Any = None, execution_mode: Any = None
) -> None:
    """Makes operations run as they are called, from now on and for the whole process.

    Tensors then have values (`numpy()`), Python's `if` and `for` decide on them, variables have
    their values as soon as they are made, and gradients come from `tf.GradientTape`. Sessions and
    placeholders belong to `with tf.Graph().as_default():`, where everything is as before.

    Args:
        config: a ConfigProto; its settings are about devices and threads that are not used here.
        device_policy: what happens to tensors on another device; there is one device.
        execution_mode: SYNC or ASYNC; operations always run before their call returns.

    Raises:
        TypeError: if `config` is no ConfigProto.
        ValueError: if an operation was declared in the default graph before, if an option has no
            such value, or if it is on with other options.
    """
    if config is not None and type(config).__name__ != "ConfigProto":
        raise TypeError(f"config must be a tf.ConfigProto, but got {type(config)}")
    if device_policy not in (None, 0, 1, 2, 3):
        raise ValueError("device_policy must be one of None, tf.contrib.eager.DEVICE_PLACEMENT_*")
    if execution_mode not in (None, SYNC, ASYNC):
        raise ValueError(
            "execution_mode must be one of None, tf.contrib.eager.SYNC, tf.contrib.eager.ASYNC"
        )
    held = scopes._Global.graph
    if held is None or not held.executes:
        if held is not None and held.version:
            raise ValueError("tf.enable_eager_execution must be called at program startup.")
        _Options.config, _Options.device_policy = config, device_policy
        _Options.execution_mode = execution_mode
        scopes._Global.graph = eager_graph()
        return
    given = ("config", config), ("device_policy", device_policy), ("execution_mode", execution_mode)
    if any(value is not None and value is not getattr(_Options, key) for key, value in given):
        raise ValueError(
            "Trying to change the options of an active eager execution. Context config: "
            f"{_Options.config}, specified config: {config}. Context device policy: "
            f"{_Options.device_policy}, specified device policy: {device_policy}. Context "
            f"execution mode: {_Options.execution_mode},  specified execution mode "
            f"{execution_mode}."
        )


@export("disable_eager_execution")
def disable_eager_execution() -> None:
    """Makes operations declare graphs again, as they do from the start."""
    if scopes._Global.graph is not None and scopes._Global.graph.executes:
        scopes._Global.graph = None


@export("contrib.eager.num_gpus")
def num_gpus() -> int:
    """Returns the number of GPUs that operations may run on: none."""
    return 0


@export("contrib.eager.list_devices")
def list_devices() -> list[str]:
    """Returns the names of the devices."""
    from graphflow.core.eager_tensor import CPU

    return [CPU]


@export("contrib.eager.async_wait")
def async_wait() -> None:
    """Returns at once: operations have run when their call returns."""


@export("contrib.eager.async_clear_error")
def async_clear_error() -> None:
    """Does nothing: an error is raised where the operation is called."""


@export("contrib.eager.set_execution_mode")
def set_execution_mode(mode: Any) -> None:
    """Notes a mode; operations always run before their call returns.

    Args:
        mode: SYNC or ASYNC, or None for the first.

    Raises:
        ValueError: if it is another.
    """
    if mode not in (None, SYNC, ASYNC):
        raise ValueError(f"Execution mode should be None/SYNC/ASYNC. Got {mode}")
    _Options.execution_mode = mode


@contextlib.contextmanager
def _mode(mode: Any) -> Any:
    before = _Options.execution_mode
    set_execution_mode(mode)
    try:
        yield
    finally:
        set_execution_mode(before)


@export("contrib.eager.execution_mode")
def execution_mode(mode: Any) -> Any:
    """A context with a mode; see `set_execution_mode`.

    Args:
        mode: SYNC or ASYNC.
    """
    return _mode(mode)


def graph_mode() -> contextlib.AbstractContextManager[Any]:
    """A context in which operations are declared in a graph."""
    if not executing_eagerly():
        return contextlib.nullcontext()
    return scopes.graphs.entered(Graph())
