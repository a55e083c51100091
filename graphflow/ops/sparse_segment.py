"""Chosen rows of a tensor, added up (averaged, ...) by the segment that each belongs to.

They are what an embedding of a sparse tensor of ids is made of.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, float32, float64, int32
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import SUFFIXES, Call, Lowering
from graphflow.core.opdef import INDEX, REALS, OpDef, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import merged, need_rank, need_rank_at_least, scalar_value
from graphflow.ops._sparse_kernels import weighted_rows

Array = np.ndarray[Any, Any]
_NARROW = (float32, float64)


def _shape(op: Operation) -> list[Dims]:
    data = _checked(op)
    rows = None
    if len(op.inputs) == 4:
        number = op.inputs[3].dims
        need_rank(number, 0, run=f"num_segments should be a scalar, not shape {text(number)}")
        rows = scalar_value(op, 3)
        if rows is not None and rows < 0:
            raise ShapeError(
                "Cannot specify a negative value for num_segments",
                run="segment ids must be >= 0",
            )
    return [None if data is None else (rows, *data[1:])]


def _checked(op: Operation) -> Dims:
    data, indices, ids = (t.dims for t in op.inputs[:3])
    need_rank_at_least(data, 1)
    need_rank(indices, 1, run="indices should be a vector.")
    need_rank(ids, 1, run="segment_ids should be a vector.")
    merged(indices, ids, run="segment_ids and indices should have same size.")
    return data


def _grad_shape(op: Operation) -> list[Dims]:
    data = _checked(op)
    need_rank(op.inputs[3].dims, 0, run="output_dim0 should be a scalar.")
    rows = scalar_value(op, 3)
    if rows is not None and rows < 0:
        raise ShapeError("Cannot specify a negative value for output_dim0")
    return [None if data is None else (rows, *data[1:])]


def _check_ids(ids: Array, rows: int) -> None:
    if not ids.size:
        return
    if (ids[1:] < ids[:-1]).any():
        raise KernelError("segment ids are not increasing")
    if ids[0] < 0:
        raise KernelError(
            f"Segment id {ids[0]} out of range [0, {rows}), possibly because 'segment_ids' input "
            "is not sorted."
        )


def _check_rows(data: Array, indices: Array) -> None:
    outside = (indices < 0) | (indices >= len(data))
    if outside.any():
        i = int(np.argmax(outside))
        raise KernelError(f"Bad: indices[{i}] == {indices[i]} out of range [0, {len(data)})")


def _weights(ids: Array, rows: int, power: float, dtype: Any) -> Array:
    """The number of rows of each segment to a power; 1 for a segment without rows."""
    number = np.maximum(np.bincount(ids, minlength=rows), 1).astype(dtype)
    found: Array = number if power == 1 else np.sqrt(number)
    return found


def _reduced(data: Array, indices: Array, ids: Array, number: int | None, power: float) -> Array:
    needed = int(ids[-1]) + 1 if ids.size else 0
    rows = needed if number is None else number
    if rows < 0:
        raise KernelError("segment ids must be >= 0")
    if rows < needed:
        raise KernelError("segment ids must be < num_segments")
    _check_ids(ids, rows)
    _check_rows(data, indices)
    flat = data.reshape(len(data), math.prod(data.shape[1:]))
    found = weighted_rows(flat, indices, None, ids, rows).reshape(rows, *data.shape[1:])
    if power:
        weights = _weights(ids, rows, power, data.dtype)
        found /= weights.reshape(-1, *(1,) * (data.ndim - 1))
    return found


def _pair(name: str, types: tuple[DType, ...], power: float) -> tuple[OpDef, OpDef]:
    """The operation without and with a given number of segments."""
    short = define(
        f"{name}(data: T, indices: Tidx, segment_ids: int32) -> output: T",
        shape=_shape,
        T=types,
        Tidx=default_type(INDEX, int32),
    )
    given = define(
        f"{name}WithNumSegments(data: T, indices: Tidx, segment_ids: int32, "
        "num_segments: Tnumsegments) -> output: T",
        shape=_shape,
        T=types,
        Tidx=default_type(INDEX, int32),
        Tnumsegments=default_type(INDEX, int32),
    )

    def kernel(data: Array, indices: Array, ids: Array) -> Array:
        return _reduced(data, indices, ids, None, power)

    def kernel_given(data: Array, indices: Array, ids: Array, num_segments: Array) -> Array:
        return _reduced(data, indices, ids, int(num_segments), power)

    @given.compiled
    def _(call: Call) -> Lowering | None:
        data, indices, ids = call.shapes[:3]
        index = SUFFIXES.get(call.dtypes[1].name)
        if call.real is None or index is None or indices != ids:
            return None
        width = math.prod(data[1:])
        sizes = (call.out_shapes[0][0], width, ids[0], data[0], {0: 0, 1: 1, 0.5: 2}[power])
        return Lowering(f"sparse_segment_{index}.{call.real}", sizes, inputs=(0, 1, 2))

    short.numpy(kernel)
    given.numpy(kernel_given)
    for made in (short, given):
        made.gradient(_sum_gradient if not power else _gradient_by(f"{name}Grad"))
    return short, given


def _number_of_rows(x: Tensor) -> Any:
    if x.dims is not None and x.dims[0] is not None:
        return np.array(x.dims[0], np.int32)
    first, one = np.array([0], np.int32), np.array([1], np.int32)
    return apply("StridedSlice", apply("Shape", x), first, one, one, shrink_axis_mask=1)


def _sum_gradient(op: Operation, dy: Tensor) -> tuple[Any, ...]:
    data, indices, ids = op.inputs[:3]
    each = apply("GatherV2", dy, ids, np.array(0, np.int32))
    dx = apply("UnsortedSegmentSum", each, indices, _number_of_rows(data))
    return dx, *[None] * (len(op.inputs) - 1)


def _gradient_by(name: str) -> Any:
    def gradient(op: Operation, dy: Tensor) -> tuple[Any, ...]:
        data, indices, ids = op.inputs[:3]
        dx = apply(name, dy, indices, ids, _number_of_rows(data))
        return dx, *[None] * (len(op.inputs) - 1)

    return gradient


SPARSE_SEGMENT_SUM, SPARSE_SEGMENT_SUM_GIVEN = _pair("SparseSegmentSum", REALS, 0)
SPARSE_SEGMENT_MEAN, SPARSE_SEGMENT_MEAN_GIVEN = _pair("SparseSegmentMean", _NARROW, 1)
SPARSE_SEGMENT_SQRT_N, SPARSE_SEGMENT_SQRT_N_GIVEN = _pair("SparseSegmentSqrtN", _NARROW, 0.5)


# --- SparseSegmentMeanGrad, SparseSegmentSqrtNGrad ---


def _check_range(numbers: Array, size: int, what: str) -> None:
    outside = (numbers < 0) | (numbers >= size)
    if outside.any():
        raise KernelError(f"{what} {numbers[np.argmax(outside)]} out of range [0, {size}).")


def _grad(name: str, forward: OpDef, power: float) -> OpDef:
    made = define(
        f"{name}(grad: T, indices: Tidx, segment_ids: int32, output_dim0: int32) -> output: T",
        shape=_grad_shape,
        T=_NARROW,
        Tidx=default_type(INDEX, int32),
    )

    def kernel(grad: Array, indices: Array, ids: Array, output_dim0: Array) -> Array:
        size = int(output_dim0)
        if ids.size and int(ids[-1]) + 1 > len(grad):
            raise KernelError("Invalid number of segments")
        _check_range(ids, len(grad), "Segment id")
        _check_range(indices, size, "Index")
        weights = _weights(ids, len(grad), power, grad.dtype)
        scaled = grad / weights.reshape(-1, *(1,) * (grad.ndim - 1))
        flat = scaled.reshape(len(grad), math.prod(grad.shape[1:]))
        order = np.argsort(indices, kind="stable")
        found = weighted_rows(flat, ids[order], None, indices[order], size)
        return found.reshape(size, *grad.shape[1:])

    def second(op: Operation, dz: Tensor) -> tuple[Any, ...]:
        grad, indices, ids, _ = op.inputs
        return apply(forward, dz, indices, ids, _number_of_rows(grad)), None, None, None

    made.numpy(kernel)
    made.gradient(second)
    return made


SPARSE_SEGMENT_MEAN_GRAD = _grad("SparseSegmentMeanGrad", SPARSE_SEGMENT_MEAN_GIVEN, 1)
SPARSE_SEGMENT_SQRT_N_GRAD = _grad("SparseSegmentSqrtNGrad", SPARSE_SEGMENT_SQRT_N_GIVEN, 0.5)


# --- public functions ---
def _apply(
    pair: tuple[OpDef, OpDef],
    data: Any,
    indices: Any,
    segment_ids: Any,
    name: str | None,
    num_segments: Any,
) -> Tensor:
    if num_segments is None:
        found: Tensor = apply(pair[0], data, indices, segment_ids, name=name)
    else:
        found = apply(pair[1], data, indices, segment_ids, num_segments, name=name)
    return found


@export("sparse_segment_sum", "sparse.segment_sum")
def sparse_segment_sum(
    data: Any, indices: Any, segment_ids: Any, name: str | None = None, num_segments: Any = None
) -> Tensor:
    """Returns the sum of chosen rows by segment.

    Args:
        data: [n, ...].
        indices: which rows of `data`, [m].
        segment_ids: the segment of each chosen row, [m], int32, in increasing order.
        name: the node's name.
        num_segments: the number of segments; None: the last one counts.

    Raises:
        InvalidArgumentError: in a run, if a number is out of range or the ids are not in order.
    """
    pair = SPARSE_SEGMENT_SUM, SPARSE_SEGMENT_SUM_GIVEN
    return _apply(pair, data, indices, segment_ids, name, num_segments)


@export("sparse_segment_mean", "sparse.segment_mean")
def sparse_segment_mean(
    data: Any, indices: Any, segment_ids: Any, name: str | None = None, num_segments: Any = None
) -> Tensor:
    """Returns the mean of chosen rows by segment; 0 for a segment without rows.

    Args:
        data: [n, ...], float32 or float64.
        indices: which rows of `data`, [m].
        segment_ids: the segment of each chosen row, [m], int32, in increasing order.
        name: the node's name.
        num_segments: the number of segments; None: the last one counts.

    Raises:
        InvalidArgumentError: in a run, if a number is out of range or the ids are not in order.
    """
    pair = SPARSE_SEGMENT_MEAN, SPARSE_SEGMENT_MEAN_GIVEN
    return _apply(pair, data, indices, segment_ids, name, num_segments)


@export("sparse_segment_sqrt_n", "sparse.segment_sqrt_n")
def sparse_segment_sqrt_n(
    data: Any, indices: Any, segment_ids: Any, name: str | None = None, num_segments: Any = None
) -> Tensor:
    """Returns the sum of chosen rows by segment over the square root of their number.

    Args:
        data: [n, ...], float32 or float64.
        indices: which rows of `data`, [m].
        segment_ids: the segment of each chosen row, [m], int32, in increasing order.
        name: the node's name.
        num_segments: the number of segments; None: the last one counts.

    Raises:
        InvalidArgumentError: in a run, if a number is out of range or the ids are not in order.
    """
    pair = SPARSE_SEGMENT_SQRT_N, SPARSE_SEGMENT_SQRT_N_GIVEN
    return _apply(pair, data, indices, segment_ids, name, num_segments)
