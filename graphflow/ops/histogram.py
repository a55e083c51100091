"""Histograms: numbers sorted into bins."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, float32, float64, int32, int64
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import INDEX, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank
from graphflow.ops.cast import cast
from graphflow.ops.clip import clip_by_value
from graphflow.ops.division import truediv
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape

Array = np.ndarray[Any, Any]
_TYPES = (int32, int64, float32, float64)

# --- HistogramFixedWidth ---
HISTOGRAM_FIXED_WIDTH = define(
    "HistogramFixedWidth(values: T, value_range: T, nbins: int32, *, dtype: type) -> out: dtype",
    T=_TYPES,
    dtype=default(INDEX, int32),
).no_gradient("a count does not change smoothly", raises=True)


@HISTOGRAM_FIXED_WIDTH.shape
def _(op: Operation) -> list[Dims]:
    run = "value_range should be a vector of 2 elements."
    bounds = op.inputs[1].dims
    (size,) = need_rank(bounds, 1, "value_range should be a vector.")
    if size not in (None, 2):
        raise ShapeError(f"Dimension must be 2 but is {size}", run)
    need_rank(op.inputs[2].dims, 0, "nbins should be a scalar.")
    count = op.constant(2)
    if count is None:
        return [(None,)]
    if count <= 0:
        raise ShapeError(
            f"Requires nbins > 0: {count}", f"nbins should be a positive number, but got '{count}'"
        )
    return [(int(count),)]


@HISTOGRAM_FIXED_WIDTH.numpy
def _(values: Array, value_range: Array, nbins: Array, *, dtype: DType) -> Array:
    if value_range.size != 2 or nbins.ndim or nbins <= 0:
        raise ValueError("no range or no bins")  # the shape rule says it in full
    low, high = value_range
    if not low < high:
        raise KernelError(
            "value_range should satisfy value_range[0] < value_range[1], but got "
            f"'[{low:g}, {high:g}]'"
        )
    flat = values.ravel()
    if flat.dtype.kind == "f" and np.isnan(flat).any():
        raise KernelError("Histogram values must not contain NaN")
    count = int(nbins)
    step = (float(high) - float(low)) / count
    places = (np.maximum(flat, low) - low).astype(np.float64) / step
    bins = np.minimum(places, count - 1).astype(np.int64)
    if bins.size and bins.min() < 0:  # the distance from the low end overflowed
        raise KernelError("values and value_range are too far apart for their type")
    return np.bincount(bins, minlength=count).astype(dtype.as_numpy_dtype)


@export("histogram_fixed_width")
def histogram_fixed_width(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = int32, name: str | None = None
) -> Tensor:
    """Returns how many values lie in each of equally wide bins.

    Args:
        values: numbers.
        value_range: [2], where the bins begin and end; values outside count in the outer bins.
        nbins: how many bins.
        dtype: int32 or int64, the type of the counts.
        name: the node's name.

    Raises (in the run):
        InvalidArgumentError: if the range is empty, or a value is nan (which may stop TensorFlow
            1.15 altogether).
    """
    with scopes.name_scope(name, "histogram_fixed_width", [values, value_range, nbins]) as scope:
        found: Tensor = apply(
            HISTOGRAM_FIXED_WIDTH, values, value_range, nbins, dtype=dtype, name=scope
        )
    return found


@export("histogram_fixed_width_bins")
def histogram_fixed_width_bins(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = int32, name: str | None = None
) -> Tensor:
    """Returns for each value which of equally wide bins it lies in.

    Args:
        values: floats.
        value_range: [2], where the bins begin and end; values outside go to the outer bins.
        nbins: how many bins.
        dtype: has no effect, as in TensorFlow: the result is int32.
        name: the name of the scope.
    """
    default_name = "histogram_fixed_width_bins"
    with scopes.name_scope(name, default_name, [values, value_range, nbins]):
        x = convert_to_tensor(values, name="values")
        sizes = shape(x)
        x = reshape(x, [-1])
        bounds = convert_to_tensor(value_range, name="value_range")
        count = convert_to_tensor(nbins, dtype=int32, name="nbins")
        whole = cast(count, x.dtype)
        distance, width = x - bounds[0], bounds[1] - bounds[0]
        scaled = truediv(distance, width, name="scaled_values")
        places = apply("Floor", whole * scaled, name="indices")
        places = cast(clip_by_value(places, 0, whole - 1), int32)
        return reshape(places, sizes)


# --- Bucketize ---
BUCKETIZE = define(
    "Bucketize(input: T, *, boundaries: list(float)) -> output: int32", T=_TYPES
).no_gradient("a choice does not change smoothly", raises=True)


@BUCKETIZE.shape
def _(op: Operation) -> list[Dims]:
    return [op.inputs[0].dims]


@BUCKETIZE.numpy
def _(x: Array, *, boundaries: list[float]) -> Array:
    bounds = np.array(boundaries, np.float32)
    if (bounds[1:] < bounds[:-1]).any():
        raise KernelError("Expected sorted boundaries")
    return np.searchsorted(bounds.astype(np.float64), x, "right").astype(np.int32)
