"""CrossReplicaSum, the sum over the replicas of a TPU, and how many of those there are."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any, Final

from graphflow.core.declare import apply
from graphflow.core.dtypes import bfloat16, float32, int32, uint32
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.platform import tf_logging

CROSS_REPLICA_SUM = define(
    "CrossReplicaSum(input: T, group_assignment: int32) -> output: T",
    shape=lambda op: [op.inputs[0].dims],
    T=(bfloat16, float32, int32, uint32),
)


@CROSS_REPLICA_SUM.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    return apply("CrossReplicaSum", dy, op.inputs[1]), None


class TpuContext(threading.local):
    """What is known of the TPU computation that this thread declares."""

    number_of_shards: int | None = None

    def set_number_of_shards(self, number_of_shards: int | None) -> None:
        """Notes over how many shards the computation goes; None: there is none."""
        self.number_of_shards = number_of_shards


_CONTEXT: Final = TpuContext()


def get_tpu_context() -> TpuContext:
    """Returns what is known of the TPU computation that this thread declares."""
    return _CONTEXT


@contextlib.contextmanager
def tpu_shard_context(number_of_shards: int) -> Iterator[None]:
    """A context in which a computation over several shards is declared.

    Args:
        number_of_shards: how many.

    Raises:
        NotImplementedError: inside another such context.
    """
    if _CONTEXT.number_of_shards is not None:
        raise NotImplementedError("tpu_shard_context cannot be nested.")
    try:
        _CONTEXT.set_number_of_shards(number_of_shards)
        yield
    finally:
        _CONTEXT.set_number_of_shards(None)


@export("tpu.cross_replica_sum", "contrib.tpu.cross_replica_sum")
def cross_replica_sum(x: Any, group_assignment: Any = None, name: str | None = None) -> Tensor:
    """Returns the sum of a tensor over the replicas of a TPU; only a TPU can run it.

    Args:
        x: the tensor of this replica.
        group_assignment: lists of the numbers of replicas: each adds up its own; None: one list
            of all.
        name: the operation's name.

    Note:
        A run that needs it raises InvalidArgumentError, as TensorFlow's does on a CPU.
    """
    if group_assignment is None:
        group_assignment = _all_replicas()
    found: Tensor = apply("CrossReplicaSum", x, group_assignment, name=name)
    return found


def _all_replicas() -> list[list[int]]:
    count = _CONTEXT.number_of_shards
    if count is None:
        tf_logging.warning(
            "cross_replica_sum should be used within a tpu_shard_context, but got unset "
            "number_of_shards. Assuming 1."
        )
        count = 1
    return [list(range(count))]
