"""How often each number comes in an array of small integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, float32, float64, int32, int64
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank
from graphflow.ops.cast import cast
from graphflow.ops.constant import constant
from graphflow.ops.reduce import reduce_max, reduce_prod
from graphflow.ops.shape_ops import shape

Array = np.ndarray[Any, Any]

# --- Bincount ---
BINCOUNT = define(
    "Bincount(arr: int32, size: int32, weights: T) -> bins: T", T=(int32, int64, float32, float64)
).no_gradient("TensorFlow registers none", raises=True)


@BINCOUNT.shape
def _(op: Operation) -> list[Dims]:
    need_rank(op.inputs[1].dims, 0, "Shape must be rank 0")
    size = op.constant(1)
    if size is None:
        return [(None,)]
    if size < 0:
        raise ShapeError(f"size ({size}) must be non-negative")
    return [(int(size),)]


@BINCOUNT.numpy
def _(arr: Array, size: Array, weights: Array) -> Array:
    n = int(size.reshape(-1)[0])
    if n < 0:
        raise KernelError(f"size ({n}) must be non-negative")
    flat = arr.ravel()
    if flat.size and flat.min() < 0:
        raise KernelError("Input arr must be non-negative!")
    inside = flat < n
    if not weights.size:
        return np.bincount(flat[inside], minlength=n).astype(weights.dtype)
    if weights.size != arr.size:
        raise KernelError(
            "Input weights and arr must have the same number of elements: "
            f"{weights.size} vs. {arr.size}"
        )
    found = np.zeros(n, weights.dtype)
    np.add.at(found, flat[inside], weights.ravel()[inside])
    return found


@export("bincount", "math.bincount")
def bincount(
    arr: Any,
    weights: Any = None,
    minlength: Any = None,
    maxlength: Any = None,
    dtype: DType = int32,
) -> Tensor:
    """Returns how often 0, 1, 2, ... come in an array, or the sums of their weights.

    Args:
        arr: int32, not negative.
        weights: numbers in the shape of `arr`; None: each counts 1.
        minlength: the least number of counts; None: up to the largest value in `arr`.
        maxlength: the largest number of counts; larger values are left out. With weights they
            are a mistake.
        dtype: the type of the counts where there are no weights.

    Raises (in the run):
        InvalidArgumentError: if a value is negative.
    """
    with scopes.name_scope("bincount"):
        values = convert_to_tensor(arr, name="arr", dtype=int32)
        is_filled = reduce_prod(shape(values)) > 0
        size = cast(is_filled, int32) * (reduce_max(values) + 1)
        if minlength is not None:
            least = convert_to_tensor(minlength, name="minlength", dtype=int32)
            size = apply("Maximum", least, size)
        if maxlength is not None:
            most = convert_to_tensor(maxlength, name="maxlength", dtype=int32)
            size = apply("Minimum", most, size)
        found: Tensor
        if weights is not None:
            weights = convert_to_tensor(weights, name="weights")
            found = apply("UnsortedSegmentSum", weights, values, size)
        else:
            found = apply(BINCOUNT, values, size, constant([], dtype))
        return found
