"""replica_device_setter: variables to the parameter servers, everything else to the workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from graphflow.core.device import DeviceSpec
from graphflow.core.export import export
from graphflow.platform import tf_logging
from graphflow.runtime.cluster import ClusterSpec

STANDARD_PS_OPS: Final = (
    "Variable", "VariableV2", "AutoReloadVariable", "MutableHashTable", "MutableHashTableV2",
    "MutableHashTableOfTensors", "MutableHashTableOfTensorsV2", "MutableDenseHashTable",
    "MutableDenseHashTableV2", "VarHandleOp", "BoostedTreesEnsembleResourceHandleOp",
    "BoostedTreesQuantileStreamResourceHandleOp", "ResourceConditionalAccumulator",
)  # fmt: skip


class _RoundRobin:
    """Gives the tasks in turn."""

    def __init__(self, num_tasks: int) -> None:
        self._num_tasks = num_tasks
        self._next_task = 0

    def __call__(self, op: Any) -> int:
        task = self._next_task
        self._next_task = (task + 1) % self._num_tasks
        return task


@export("train.replica_device_setter")
def replica_device_setter(
    ps_tasks: int = 0,
    ps_device: str = "/job:ps",
    worker_device: str = "/job:worker",
    merge_devices: bool = True,
    cluster: Any = None,
    ps_ops: Iterable[str] | None = None,
    ps_strategy: Callable[[Any], int] | None = None,
) -> Callable[[Any], str] | None:
    """Returns a function for `tf.device` that places variables on the parameter servers in turn.

    Args:
        ps_tasks: the number of parameter servers; 0: nothing is placed, and None is returned.
        ps_device: the device of the parameter servers.
        worker_device: the device of everything else.
        merge_devices: whether parts that an operation's device leaves open are filled; else an
            operation with a device keeps it.
        cluster: what ClusterSpec takes, instead of `ps_tasks`.
        ps_ops: the types of the operations that make variables; None: the usual ones.
        ps_strategy: gives the number of the server for an operation; None: in turn.

    Raises:
        TypeError: if the cluster cannot be understood, or `ps_strategy` cannot be called.
    """
    if cluster is not None:
        spec = (cluster if isinstance(cluster, ClusterSpec) else ClusterSpec(cluster)).as_dict()
        job = DeviceSpec.from_string(ps_device).job
        if job is None or spec.get(job) is None:
            return None
        ps_tasks = len(spec[job])
    if ps_tasks == 0:
        return None
    if not merge_devices:
        tf_logging.warning(
            "DEPRECATION: It is recommended to set merge_devices=true in replica_device_setter"
        )
    strategy = _RoundRobin(ps_tasks) if ps_strategy is None else ps_strategy
    if not callable(strategy):
        raise TypeError("ps_strategy must be callable")
    types = frozenset(STANDARD_PS_OPS if ps_ops is None else ps_ops)

    def device_function(op: Any) -> str:
        if not merge_devices and op.device:
            return str(op.device)
        current = DeviceSpec.from_string(op.device or "")
        op_type = getattr(op, "type", None) or op.op  # an Operation, or a NodeDef
        if ps_tasks and ps_device and op_type in types:
            found = DeviceSpec.from_string(ps_device)
            if found.job and (not current.job or current.job == found.job):
                found.task = strategy(op)
        else:
            found = DeviceSpec.from_string(worker_device or "")
        found.merge_from(current)
        return found.to_string()

    return device_function
