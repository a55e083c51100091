"""Sparse tensors on their way through a queue: numbers go in, sparse batches come out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphflow.core.dtypes import int64
from graphflow.core.operation import Operation
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.ops.constant import constant
from graphflow.ops.control_ops import with_dependencies
from graphflow.ops.fill import ones
from graphflow.ops.flow_cond import smart_cond
from graphflow.ops.gather import gather
from graphflow.ops.reshape import expand_dims, squeeze
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.sparse_maps import add_sparse, take_many_sparse
from graphflow.ops.sparse_rows import sparse_retain

_ADDERS = ("AddSparseToTensorsMap", "AddManySparseToTensorsMap")


@dataclass(frozen=True, slots=True)
class SparseInfo:
    """What is known of one component: where its sparse tensors are kept, and their rank."""

    map_op: Operation | None = None
    rank: int | None = None

    @property
    def sparse(self) -> bool:
        """Whether it is sparse at all."""
        return self.map_op is not None


def stored_join(
    makers: list[list[Any]], enqueue_many: bool, keep: Tensor
) -> tuple[list[list[Tensor]], list[SparseInfo]]:
    """Replaces the sparse tensors of each maker by numbers that one operation's map knows.

    Args:
        makers: the tensors of an example, for each maker.
        enqueue_many: whether they hold several examples as rows.
        keep: which examples are kept, a bool scalar or vector.

    Raises:
        ValueError: if the makers disagree about what is sparse.
    """
    first, infos = _stored(makers[0], enqueue_many, keep, [None] * len(makers[0]))
    found = [first]
    for tensors in makers[1:]:
        maps = [info.map_op for info in infos]
        others, candidates = _stored(tensors, enqueue_many, keep, maps)
        if not all(map(_fits, infos, candidates)):
            raise ValueError(f"Inconsistent SparseTensors list: {makers[0]} vs. {tensors}")
        found.append(others)
    return found, infos


def _fits(a: SparseInfo, b: SparseInfo) -> bool:
    return a.map_op is b.map_op and (None in (a.rank, b.rank) or a.rank == b.rank)


def _stored(
    tensors: list[Any], enqueue_many: bool, keep: Tensor, maps: list[Operation | None]
) -> tuple[list[Tensor], list[SparseInfo]]:
    numbers = [
        _numbers(t, enqueue_many, keep, shared) for t, shared in zip(tensors, maps, strict=True)
    ]
    infos = [
        _info(t, number, enqueue_many, shared)
        for t, number, shared in zip(tensors, numbers, maps, strict=True)
    ]
    columns = [
        expand_dims(number, [-1]) if info.sparse else number
        for number, info in zip(numbers, infos, strict=True)
    ]
    return columns, infos


def _info(t: Any, number: Tensor, enqueue_many: bool, shared: Operation | None) -> SparseInfo:
    if not isinstance(t, SparseTensor):
        return SparseInfo()
    rank = t.dense_shape.shape.with_rank(1)[0].value
    if rank is not None and enqueue_many:
        rank -= 1
    return SparseInfo(shared or _adder(number), rank)


def _adder(number: Tensor) -> Operation:
    """The operation that keeps the sparse tensors: perhaps behind the end of a branch."""
    for t in number.op.inputs:
        if t.op.type in _ADDERS:
            return t.op
    return number.op


def _numbers(t: Any, enqueue_many: bool, keep: Tensor, shared: Operation | None) -> Any:
    if not isinstance(t, SparseTensor):
        return t
    name = None if shared is None else shared.name
    if keep.shape.rank == 1:
        kept = sparse_retain(t, gather(keep, t.indices[:, 0]))
        return add_sparse(kept, name, many=True)
    if not enqueue_many:
        return smart_cond(keep, lambda: add_sparse(t, name), lambda: constant(-1, int64))
    found: Tensor = smart_cond(
        keep,
        lambda: add_sparse(t, name, many=True),
        lambda: -1 * ones(shape_of(t)[0:1], int64),
    )
    found.set_shape([None])
    return found


def restored(dequeued: Any, infos: list[SparseInfo]) -> Any:
    """Replaces numbers by sparse batches again.

    Args:
        dequeued: a tensor, or a list of tensors.
        infos: what `stored_join` said of them.

    Note:
        All results wait for each other: a run that asks for some takes the others from their maps.
    """
    columns = dequeued if isinstance(dequeued, list | tuple) else [dequeued]
    tensors = [
        take_many_sparse(
            info.map_op, squeeze(column, [1]), None if info.rank is None else info.rank + 1
        )
        if info.map_op is not None
        else column
        for column, info in zip(columns, infos, strict=True)
    ]
    if any(info.sparse for info in infos):
        values = [t.values if isinstance(t, SparseTensor) else t for t in tensors]
        waiting = [_after(values, t) for t in tensors]
    else:
        waiting = tensors
    # TensorFlow declares the waiting for a single component too, and does not use it.
    return waiting if isinstance(dequeued, list | tuple) else tensors[0]


def _after(values: list[Tensor], t: Any) -> Any:
    if not isinstance(t, SparseTensor):
        return with_dependencies(values, t)
    return SparseTensor(
        indices=with_dependencies(values, t.indices),
        values=with_dependencies(values, t.values),
        dense_shape=with_dependencies(values, t.dense_shape),
    )
