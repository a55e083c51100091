"""Rows added up (averaged, multiplied, ...) by the segment that each belongs to."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, int32
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import SUFFIXES, Call, Lowering
from graphflow.core.opdef import INDEX, NUMBERS, REALS, OpDef, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops import _segment_gradients as gradients
from graphflow.ops._segment_kernels import by_segment, first_value
from graphflow.ops._shapes import need_rank, same_size, scalar_value
from graphflow.ops.fill import ones
from graphflow.ops.shape_ops import shape as shape_of

Array = np.ndarray[Any, Any]

# --- sorted segments ---


def _sorted_shape(op: Operation) -> list[Dims]:
    data, ids = (t.dims for t in op.inputs)
    need_rank(ids, 1, run="segment_ids should be a vector.")
    if data is None:
        return [None]
    if not data:
        raise ShapeError("Shape must be at least rank 1 but is rank 0")
    return [(None, *data[1:])]


def _check_sorted(data: Array, ids: Array) -> None:
    if ids.size != len(data):
        raise KernelError("segment_ids should be the same size as dimension 0 of input.")
    if not ids.size:
        return
    rows = int(ids[-1]) + 1
    if rows < 1:
        raise KernelError("segment ids must be >= 0")
    # TensorFlow goes over the runs of equal ids and stops at the first that does not fit.
    runs = ids[np.concatenate([[True], ids[1:] != ids[:-1]])]
    falls = np.concatenate([runs[1:] < runs[:-1], [False]])
    wrong = falls | (runs < 0) | (runs >= rows)
    if not wrong.any():
        return
    at = int(np.argmax(wrong))
    if falls[at]:
        raise KernelError("segment ids are not increasing")
    raise KernelError(
        f"Segment id {runs[at]} out of range [0, {rows}), possibly because 'segment_ids' input is "
        "not sorted."
    )


def _segment(name: str, types: tuple[DType, ...], how: Any, empty: Any, gradient: Any) -> OpDef:
    made = define(
        f"{name}(data: T, segment_ids: Tindices) -> output: T",
        shape=_sorted_shape,
        T=types,
        Tindices=INDEX,
    )

    def kernel(data: Array, ids: Array) -> Array:
        _check_sorted(data, ids)
        rows = int(ids[-1]) + 1 if ids.size else 0
        if name == "SegmentMean":
            return _means(data, ids, rows)
        return by_segment(how, data, ids, rows, empty)

    made.numpy(kernel)
    made.gradient(gradient)
    return made


def _means(data: Array, ids: Array, rows: int) -> Array:
    short = data.dtype.itemsize == 2 and data.dtype.kind not in "iu"
    wide = data.astype(np.float32) if short else data
    summed = by_segment(np.add, wide, ids, rows, 0)
    number = np.maximum(np.bincount(ids, minlength=rows), 1).astype(wide.dtype)
    number = number.reshape(-1, *(1,) * (data.ndim - 1))
    means: Array = summed / number if wide.dtype.kind in "fc" else summed // number
    return means.astype(data.dtype, copy=False)


SEGMENT_SUM = _segment("SegmentSum", NUMBERS, np.add, 0, gradients.of_sum)
SEGMENT_MEAN = _segment("SegmentMean", NUMBERS, np.add, 0, gradients.of_mean)
SEGMENT_PROD = _segment("SegmentProd", NUMBERS, np.multiply, 1, gradients.of_prod)
SEGMENT_MAX = _segment("SegmentMax", REALS, np.maximum, 0, gradients.of_extreme)
SEGMENT_MIN = _segment("SegmentMin", REALS, np.minimum, 0, gradients.of_extreme)


@export("segment_sum", "math.segment_sum")
def segment_sum(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """Returns the sum of the rows of each segment; 0 for a segment without rows.

    Args:
        data: [n, ...].
        segment_ids: the segment of each row, [n], in increasing order from 0.
        name: the node's name.
    """
    found: Tensor = apply(SEGMENT_SUM, data, segment_ids, name=name)
    return found


@export("segment_mean", "math.segment_mean")
def segment_mean(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """Returns the mean of the rows of each segment; 0 for a segment without rows.

    Args:
        data: [n, ...].
        segment_ids: the segment of each row, [n], in increasing order from 0.
        name: the node's name.
    """
    found: Tensor = apply(SEGMENT_MEAN, data, segment_ids, name=name)
    return found


@export("segment_prod", "math.segment_prod")
def segment_prod(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """Returns the product of the rows of each segment; 1 for a segment without rows.

    Args:
        data: [n, ...].
        segment_ids: the segment of each row, [n], in increasing order from 0.
        name: the node's name.
    """
    found: Tensor = apply(SEGMENT_PROD, data, segment_ids, name=name)
    return found


@export("segment_max", "math.segment_max")
def segment_max(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """Returns the largest of the rows of each segment; 0 for a segment without rows.

    Args:
        data: [n, ...].
        segment_ids: the segment of each row, [n], in increasing order from 0.
        name: the node's name.
    """
    found: Tensor = apply(SEGMENT_MAX, data, segment_ids, name=name)
    return found


@export("segment_min", "math.segment_min")
def segment_min(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """Returns the smallest of the rows of each segment; 0 for a segment without rows.

    Args:
        data: [n, ...].
        segment_ids: the segment of each row, [n], in increasing order from 0.
        name: the node's name.
    """
    found: Tensor = apply(SEGMENT_MIN, data, segment_ids, name=name)
    return found


# --- segments in any order ---


def _unsorted_shape(op: Operation) -> list[Dims]:
    data, ids = op.inputs[0].dims, op.inputs[1].dims
    need_rank(op.inputs[2].dims, 0)
    number = scalar_value(op, 2)
    if number is not None and number < 0:
        raise ShapeError(
            f"Dimension size, given by scalar input 2, must be non-negative but is {number}",
            run=f"Input num_segments == {number} must not be negative.",
        )
    if data is None or ids is None:
        return [None]
    run = f"data.shape = {text(data)} does not start with segment_ids.shape = {text(ids)}"
    if len(ids) > len(data):
        raise ShapeError(f"Shape must be at most rank {len(data)} but is rank {len(ids)}", run)
    for a, b in zip(data, ids, strict=False):
        same_size(a, b, run)
    return [(number, *data[len(ids) :])]


def _unsorted(name: str, types: tuple[DType, ...], how: Any, gradient: Any) -> OpDef:
    made = define(
        f"{name}(data: T, segment_ids: Tindices, num_segments: Tnumsegments) -> output: T",
        shape=_unsorted_shape,
        T=types,
        Tindices=INDEX,
        Tnumsegments=default_type(INDEX, int32),
    )

    def kernel(data: Array, ids: Array, num_segments: Array) -> Array:
        rows = num_segments.item()
        if data.shape[: ids.ndim] != ids.shape or rows < 0:
            raise ValueError("shapes do not fit")  # the shape rule says it in full
        rest = data.shape[ids.ndim :]
        if (ids >= rows).any():
            wrong = np.argwhere(ids >= rows)[0]
            where = ",".join(map(str, wrong))
            raise KernelError(
                f"segment_ids[{where}] = {ids[tuple(wrong)]} is out of range [0, {rows})"
            )
        flat = data.reshape(ids.size, *rest) if ids.ndim != 1 else data
        return by_segment(how, flat, ids.ravel(), rows, first_value(how, data.dtype))

    made.numpy(kernel)
    made.gradient(gradient)
    return made


UNSORTED_SEGMENT_SUM = _unsorted("UnsortedSegmentSum", NUMBERS, np.add, gradients.of_unsorted_sum)
UNSORTED_SEGMENT_PROD = _unsorted(
    "UnsortedSegmentProd", NUMBERS, np.multiply, gradients.of_unsorted_prod
)
UNSORTED_SEGMENT_MAX = _unsorted(
    "UnsortedSegmentMax", REALS, np.maximum, gradients.of_unsorted_extreme
)
UNSORTED_SEGMENT_MIN = _unsorted(
    "UnsortedSegmentMin", REALS, np.minimum, gradients.of_unsorted_extreme
)


@UNSORTED_SEGMENT_SUM.compiled
def _(call: Call) -> Lowering | None:
    ids = call.shapes[1]
    index = SUFFIXES.get(call.dtypes[1].name)
    if call.real is None or index is None or call.shapes[0][: len(ids)] != ids:
        return None
    sizes = (call.out_shapes[0][0], math.prod(call.shapes[0][len(ids) :]), math.prod(ids))
    return Lowering(f"segment_sum_{index}.{call.real}", sizes, inputs=(0, 1))


@export("unsorted_segment_sum", "math.unsorted_segment_sum")
def unsorted_segment_sum(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """Returns the sum of the rows of each segment; 0 for a segment without rows.

    Args:
        data: [n, ...].
        segment_ids: the segment of each row, in any order; rows with a negative one are dropped.
        num_segments: the number of segments.
        name: the node's name.
    """
    found: Tensor = apply(UNSORTED_SEGMENT_SUM, data, segment_ids, num_segments, name=name)
    return found


@export("unsorted_segment_prod", "math.unsorted_segment_prod")
def unsorted_segment_prod(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """Returns the product of the rows of each segment; 1 for a segment without rows.

    Args:
        data: [n, ...].
        segment_ids: the segment of each row, in any order; rows with a negative one are dropped.
        num_segments: the number of segments.
        name: the node's name.
    """
    found: Tensor = apply(UNSORTED_SEGMENT_PROD, data, segment_ids, num_segments, name=name)
    return found


@export("unsorted_segment_max", "math.unsorted_segment_max")
def unsorted_segment_max(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """Returns the largest of the rows of each segment; without rows the lowest finite number.

    Args:
        data: [n, ...].
        segment_ids: the segment of each row, in any order; rows with a negative one are dropped.
        num_segments: the number of segments.
        name: the node's name.
    """
    found: Tensor = apply(UNSORTED_SEGMENT_MAX, data, segment_ids, num_segments, name=name)
    return found


@export("unsorted_segment_min", "math.unsorted_segment_min")
def unsorted_segment_min(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """Returns the smallest of the rows of each segment; without rows the highest finite number.

    Args:
        data: [n, ...].
        segment_ids: the segment of each row, in any order; rows with a negative one are dropped.
        num_segments: the number of segments.
        name: the node's name.
    """
    found: Tensor = apply(UNSORTED_SEGMENT_MIN, data, segment_ids, num_segments, name=name)
    return found


def _numbers(data: Tensor, segment_ids: Tensor, num_segments: Any) -> Any:
    """How many rows each segment has, at least 1, in a shape that divides the sums."""
    one_each = ones(shape_of(segment_ids), dtype=data.dtype.base_dtype)
    counted = apply(UNSORTED_SEGMENT_SUM, one_each, segment_ids, num_segments)
    if data.dims is None or segment_ids.dims is None:
        raise ValueError("the ranks of data and segment_ids must be known")
    behind = len(data.dims) - len(segment_ids.dims)
    counted = apply("Reshape", counted, [num_segments, *[1] * behind])
    return apply("Maximum", counted, 1)


@export("unsorted_segment_mean", "math.unsorted_segment_mean")
def unsorted_segment_mean(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """Returns the mean of the rows of each segment; 0 for a segment without rows.

    Args:
        data: [n, ...].
        segment_ids: the segment of each row, in any order; rows with a negative one are dropped.
        num_segments: the number of segments.
        name: the name of the scope.
    """
    with scopes.name_scope(name, "UnsortedSegmentMean"):
        data, segment_ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
        number = _numbers(data, segment_ids, num_segments)
        summed: Tensor = apply(UNSORTED_SEGMENT_SUM, data, segment_ids, num_segments)
        return apply("RealDiv", summed, number, name="truediv")  # type: ignore[no-any-return]  # one output


@export("unsorted_segment_sqrt_n", "math.unsorted_segment_sqrt_n")
def unsorted_segment_sqrt_n(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """Returns the sum of the rows of each segment over the square root of their number.

    Args:
        data: [n, ...].
        segment_ids: the segment of each row, in any order; rows with a negative one are dropped.
        num_segments: the number of segments.
        name: the name of the scope.
    """
    with scopes.name_scope(name, "UnsortedSegmentSqrtN"):
        data, segment_ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
        number = _numbers(data, segment_ids, num_segments)
        summed: Tensor = apply(UNSORTED_SEGMENT_SUM, data, segment_ids, num_segments)
        return apply("RealDiv", summed, apply("Sqrt", number), name="truediv")  # type: ignore[no-any-return]  # one output
