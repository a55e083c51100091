"""Strings of a tensor joined over axes, or by segment."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.errors import KernelError, OutOfRangeError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import INDEX, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops._arguments import either
from graphflow.ops._shapes import need_rank, same_size, scalar_value, wrapped
from graphflow.ops._strings import as_bytes, items, strings
from graphflow.ops.constant import constant
from graphflow.ops.reduce import reduced
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import rank

Array = np.ndarray[Any, Any]

# --- ReduceJoin ---
REDUCE_JOIN = define(
    "ReduceJoin(inputs: string, reduction_indices: int32, *, keep_dims: bool = False, "
    "separator: string = '') -> output: string",
).no_gradient("is about text")


@REDUCE_JOIN.shape
def _(op: Operation) -> list[Dims]:
    try:
        return reduced(op)
    except ShapeError as e:
        raise ShapeError(str(e), e.run.replace("(", "", 1), OutOfRangeError) from None


def _axes(indices: Array, dims: int) -> list[int]:
    found: list[int] = []
    for index in indices.reshape(-1).tolist():
        axis = wrapped(index, dims)
        if axis is None:
            raise KernelError(
                f"Invalid reduction dimension {index} for input with {dims} dimension(s)",
                OutOfRangeError,
            )
        if axis in found:
            raise KernelError(f"Duplicate reduction dimension {index}")
        found.append(axis)
    return found


@REDUCE_JOIN.numpy
def _(x: Array, indices: Array, *, keep_dims: bool, separator: str) -> Array:
    axes = _axes(indices, x.ndim)
    kept = [i for i in range(x.ndim) if i not in axes]
    shape = tuple(x.shape[i] for i in kept)
    width = int(np.prod([x.shape[i] for i in axes], dtype=int))
    # The first axis named is joined first: it varies fastest.
    rows = x.transpose(kept + axes[::-1]).reshape(int(np.prod(shape, dtype=int)), width)
    between = as_bytes(separator)
    joined = [between.join(row) for row in rows.tolist()]
    if keep_dims:
        shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    return strings(joined, shape)


def _all_axes(x: Tensor) -> Any:
    """All axes from the last to the first: elements are joined in row-major order."""
    if x.dims is not None:
        return constant(np.arange(len(x.dims) - 1, -1, -1), int32)
    return range_(rank(x) - 1, -1, -1)


@export("reduce_join", "strings.reduce_join")
def reduce_join(
    inputs: Any,
    axis: Any = None,
    keep_dims: bool | None = None,
    separator: str = "",
    name: str | None = None,
    reduction_indices: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Returns the strings joined over axes.

    Args:
        inputs: strings.
        axis: the axes to join over, in the order in which they are joined; None: all, from the
            last to the first.
        keep_dims: the old name of `keepdims`.
        separator: what stands between two strings.
        name: the node's name.
        reduction_indices: the old name of `axis`.
        keepdims: whether the axes stay, with size 1.
    """
    keep = either("keepdims", keepdims, "keep_dims", keep_dims)
    axis = either("axis", axis, "reduction_indices", reduction_indices)
    with scopes.name_scope(None, "ReduceJoin", [inputs, axis]):
        x = convert(inputs)
        axes = _all_axes(x) if axis is None else axis
        options = {"keep_dims": keep, "separator": separator}
        found: Tensor = apply(REDUCE_JOIN, x, axes, name=name, **options)
    return found


# --- UnsortedSegmentJoin ---
UNSORTED_SEGMENT_JOIN = define(
    "UnsortedSegmentJoin(inputs: string, segment_ids: Tindices, num_segments: Tnumsegments, *, "
    "separator: string = '') -> output: string",
    Tindices=INDEX,
    Tnumsegments=default(INDEX, int32),
).no_gradient("is about text", raises=True)


@UNSORTED_SEGMENT_JOIN.shape
def _(op: Operation) -> list[Dims]:
    data, ids = op.inputs[0].dims, op.inputs[1].dims
    need_rank(op.inputs[2].dims, 0)
    number = scalar_value(op, 2)
    if number is not None and number < 0:
        raise ShapeError(
            f"Dimension size, given by scalar input 2, must be non-negative but is {number}",
            run="Number of segments cannot be negative",
        )
    if data is None or ids is None:
        return [None]
    if len(ids) > len(data):
        raise ShapeError(f"Shape must be at most rank {len(data)} but is rank {len(ids)}")
    for i, (a, b) in enumerate(zip(data, ids, strict=False)):
        same_size(a, b, f"Segment dimension is {b} while input dimension is {a} in rank {i}")
    return [(number, *data[len(ids) :])]


@UNSORTED_SEGMENT_JOIN.numpy
def _(x: Array, ids: Array, num_segments: Array, *, separator: str) -> Array:
    count = int(num_segments.item())
    if not ids.ndim:
        raise KernelError("Segment_id cannot have rank 0")
    if ids.size and not 0 <= ids.min() <= ids.max() < count:
        raise KernelError(
            "segment_ids are not allowed to exceed num_segments or to have negative values."
        )
    rest = x.shape[ids.ndim :]
    width = int(np.prod(rest, dtype=int))
    groups: list[list[bytes]] = [[] for _ in range(count * width)]
    flat = items(x)
    for row, segment in enumerate(ids.reshape(-1).tolist()):
        for column in range(width):
            groups[segment * width + column].append(flat[row * width + column])
    return strings(map(as_bytes(separator).join, groups), (count, *rest))


@export("strings.unsorted_segment_join")
def unsorted_segment_join(
    inputs: Any,
    segment_ids: Any,
    num_segments: Any,
    separator: str = "",
    name: str | None = None,
) -> Tensor:
    """Returns the strings of each segment, joined in the order in which they stand.

    Args:
        inputs: strings, [n, ...].
        segment_ids: the segment of each row, [n], in any order.
        num_segments: how many segments there are; one without rows is "".
        separator: what stands between two strings.
        name: the node's name.
    """
    options = {"separator": separator, "name": name}
    found: Tensor = apply(UNSORTED_SEGMENT_JOIN, inputs, segment_ids, num_segments, **options)
    return found
