"""The gradient of Gather along an axis that is not the first: a dense tensor.

The axes fall into four groups, [batch, outer, picked, inner]. The picked ones come next to the
batch, UnsortedSegmentSum adds up what belongs to one position, and the axes go back.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.shape import count
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import shape_of

_ZERO, _ONE = np.array(0, np.int32), np.array(1, np.int32)
_TURN = np.array([0, 2, 1, 3], np.int32)


def _between(shape: Any, start: Any, stop: Any) -> Any:
    """The product of the sizes of axes `start` to `stop` of a shape."""
    if not isinstance(shape, Tensor):
        return math.prod(shape[start:stop].tolist())
    bounds = [np.array([b], np.int32) if isinstance(b, int) else b for b in (start, stop)]
    part = apply("StridedSlice", shape, *bounds, np.array([1], np.int32))
    return apply("Prod", part, _ZERO)


def _sizes(*parts: Any) -> Any:
    if any(isinstance(p, Tensor) for p in parts):
        return apply("Pack", [p if isinstance(p, Tensor) else np.array(p, np.int32) for p in parts])
    return np.array(parts, np.int32)


def _times(a: Any, b: Any) -> Any:
    if isinstance(a, int) and a == 1:
        return b
    if isinstance(a, int) and isinstance(b, int):
        return a * b
    return apply("Mul", _as_scalar(a), _as_scalar(b))


def dense_gradient(
    params: Tensor, indices: Tensor, at: int | None, axis: Tensor, batch: int, dy: Tensor
) -> Tensor:
    """The gradient of `params`.

    Args:
        params: what was picked from.
        indices: which positions.
        at: the axis, where it is known, from the front.
        axis: the axis as the operation got it.
        batch: the number of batch axes.
        dy: the gradient of the result.
    """
    shape = shape_of(params)
    stops: tuple[Any, Any]
    if at is None or at < 0:
        shape = apply("Shape", params)
        where = axis if axis.dtype.base_dtype == int32 else apply("Cast", axis, DstT=int32)
        where = apply("Reshape", apply("FloorMod", where, apply("Rank", params)), [1])
        stops = where, apply("Add", where, np.array([1], np.int32))
    else:
        stops = at, at + 1
    if batch < 0:
        batch += len(indices.dims or ())
    rank = len(params.dims) if params.dims is not None else 2**31 - 1
    fronts = _between(shape, 0, batch) if batch else 1
    outer = _between(shape, batch, stops[0])
    n = _between(shape, *stops)
    inner = _between(shape, stops[1], rank)
    picks = _size_of(indices)
    per_front = _divided(picks, fronts) if batch else picks
    grouped = apply("Reshape", dy, _sizes(fronts, outer, per_front, inner))
    turned = apply("Transpose", grouped, _TURN)
    rows = apply("Reshape", turned, _sizes(picks, outer, inner))
    ids = apply("Reshape", indices, np.array([-1], np.int32))
    if batch:
        ids = _offset(indices, fronts, n, per_front)
    summed = apply("UnsortedSegmentSum", rows, ids, _as_scalar(_times(fronts, n)))
    split = apply("Reshape", summed, _sizes(fronts, n, outer, inner))
    back = apply("Transpose", split, _TURN)
    found: Tensor = apply("Reshape", back, shape)
    return found


def _size_of(indices: Tensor) -> Any:
    number = count(indices.dims)
    return apply("Size", indices) if number is None else number


def _divided(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, int):
        return a // max(1, b)
    return apply("FloorDiv", _as_scalar(a), _as_scalar(b))


def _as_scalar(value: Any) -> Any:
    return np.array(value, np.int32) if isinstance(value, int) else value


def _offset(indices: Tensor, fronts: Any, n: Any, per_front: Any) -> Tensor:
    """Indices as positions in all batches laid one behind the other."""
    dtype = indices.dtype.base_dtype
    table = apply("Reshape", indices, _sizes(fronts, per_front))
    starts = apply("Range", _ZERO, _as_scalar(_times(fronts, n)), _as_scalar(n))
    column = apply("Reshape", starts, _sizes(fronts, 1))
    if dtype != int32:
        column = apply("Cast", column, DstT=dtype)
    found: Tensor = apply("Reshape", apply("Add", table, column), np.array([-1], np.int32))
    return found
