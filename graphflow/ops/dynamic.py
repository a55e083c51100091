"""Rows dealt out to several tensors, and several tensors merged by position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import merged, need_rank_at_least, same_size
from graphflow.ops.split import known_dys

Array = np.ndarray[Any, Any]

# --- DynamicStitch ---


def _stitched(op: Operation) -> list[Dims]:
    n = op.attrs["N"]
    rest: Dims = None
    most: int | None = -1
    for i in range(n):
        ids, data = op.inputs[i].dims, op.inputs[n + i].dims
        where = op.constant(i)
        if where is None:
            most = None
        elif most is not None and where.size:
            most = max(most, int(where.max()))
        if ids is None or data is None:
            continue
        run = f"data[{i}].shape = {text(data)} does not start with indices[{i}].shape = {text(ids)}"
        need_rank_at_least(data, len(ids), run)
        for a, b in zip(data, ids, strict=False):
            same_size(a, b, run)
        first = op.inputs[n].dims
        words = (
            f"Need data[0].shape{text(first)} and data[{i}].shape{text(data)} to have the same "
            "trailing dimensions"
        )
        rest = merged(rest, data[len(ids) :], words)
    if rest is None:
        return [None]
    return [(None if most is None else most + 1, *rest)]


def _back(op: Operation, dy: Tensor) -> tuple[Any, ...]:
    n = op.attrs["N"]
    zero = np.array(0, np.int32)
    return (*[None] * n, *[apply("GatherV2", dy, op.inputs[i], zero) for i in range(n)])


def _stitch(indices: list[Array], data: list[Array]) -> Array:
    rows = 0
    for i, (where, part) in enumerate(zip(indices, data, strict=True)):
        if part.shape[: where.ndim] != where.shape:
            raise ValueError(f"data[{i}] does not fit")  # the shape rule says it in full
        if where.size:
            if int(where.min()) < 0:
                raise KernelError(f"indices[{i}] is out of range")
            rows = max(rows, int(where.max()) + 1)
    rest = data[0].shape[indices[0].ndim :]
    merged_rows = np.zeros((rows, *rest), data[0].dtype)
    if merged_rows.dtype.kind == "O":
        merged_rows[...] = b""
    for where, part in zip(indices, data, strict=True):
        merged_rows[where.ravel()] = part.reshape(where.size, *rest)
    return merged_rows


def _stitching(name: str) -> OpDef:
    made = define(f"{name}(indices: N*int32, data: N*T) -> merged: T", shape=_stitched, N=1)
    made.gradient(_back)
    made.numpy(_stitch)
    return made


DYNAMIC_STITCH = _stitching("DynamicStitch")
PARALLEL_DYNAMIC_STITCH = _stitching("ParallelDynamicStitch")


@export("dynamic_stitch")
def dynamic_stitch(indices: Sequence[Any], data: Sequence[Any], name: str | None = None) -> Tensor:
    """Returns a tensor whose rows come from several: `merged[indices[m][i]] = data[m][i]`.

    Args:
        indices: int32 tensors of positions; of equal positions the last one counts.
        data: tensors whose shapes begin with those of `indices`.
        name: the node's name.

    Raises:
        ValueError: if the shapes do not fit.

    Note:
        Rows that no index names are zeros.
    """
    found: Tensor = apply(DYNAMIC_STITCH, indices, data, name=name)
    return found


# --- DynamicPartition ---
DYNAMIC_PARTITION = define(
    "DynamicPartition(data: T, partitions: int32, *, num_partitions: int) "
    "-> outputs: num_partitions*T",
    num_partitions=1,
)


@DYNAMIC_PARTITION.shape
def _(op: Operation) -> list[Dims]:
    data, ids = (t.dims for t in op.inputs)
    n = op.attrs["num_partitions"]
    if data is None or ids is None:
        return [None] * n
    run = f"data.shape must start with partitions.shape, got data.shape = {text(data)}, "
    run += f"partitions.shape = {text(ids)}"
    need_rank_at_least(data, len(ids), run)
    for a, b in zip(data, ids, strict=False):
        same_size(a, b, run)
    return [(None, *data[len(ids) :])] * n


@DYNAMIC_PARTITION.gradient
def _(op: Operation, *dys: Tensor | None) -> tuple[Tensor, None]:
    data, ids = op.inputs
    n = op.attrs["num_partitions"]
    places = apply(
        "Reshape",
        apply("Range", np.array(0, np.int32), apply("Size", ids), np.array(1, np.int32)),
        apply("Shape", ids),
    )
    parts = apply(DYNAMIC_PARTITION, places, ids, num_partitions=n)
    rows = apply(DYNAMIC_STITCH, parts, known_dys(op, dys))
    if ids.dims is not None and len(ids.dims) == 1:
        return rows, None
    return apply("Reshape", rows, apply("Shape", data)), None


@DYNAMIC_PARTITION.numpy
def _(data: Array, partitions: Array, *, num_partitions: int) -> tuple[Array, ...]:
    if data.shape[: partitions.ndim] != partitions.shape:
        raise ValueError("the partitions do not fit")  # the shape rule says it in full
    wrong = np.argwhere((partitions < 0) | (partitions >= num_partitions))
    if len(wrong):
        where = f"[{','.join(map(str, wrong[0]))}]" if partitions.ndim else ""
        found = partitions[tuple(wrong[0])]
        raise KernelError(f"partitions{where} = {found} is not in [0, {num_partitions})")
    return tuple([data[partitions == i] for i in range(num_partitions)])


@export("dynamic_partition")
def dynamic_partition(
    data: Any, partitions: Any, num_partitions: int, name: str | None = None
) -> list[Tensor]:
    """Returns the rows of a tensor, dealt out to several.

    Args:
        data: the rows.
        partitions: for each row, which tensor it goes to, from 0.
        num_partitions: the number of tensors.
        name: the node's name.

    Raises:
        ValueError: if the shapes do not fit.
    """
    found: list[Tensor] = apply(
        DYNAMIC_PARTITION, data, partitions, num_partitions=num_partitions, name=name
    )
    return found
