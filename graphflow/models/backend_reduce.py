"""tf.keras.backend: functions of the elements, and sums and the like over axes."""

from __future__ import annotations

from typing import Any

from graphflow.core.dtypes import as_dtype, bool_
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets.keras_state import floatx
from graphflow.ops import argmax as positions
from graphflow.ops import comparison, functions, powers, reduce, rounding, scan
from graphflow.ops.arithmetic import maximum as greater_of
from graphflow.ops.arithmetic import minimum as less_of
from graphflow.ops.cast import cast as cast_to
from graphflow.ops.clip import clip_by_value
from graphflow.ops.complex import abs as absolute
from graphflow.ops.constant import constant


def _numbers(x: Any) -> Any:
    """Bools as numbers, all else as it is."""
    return cast_to(x, as_dtype(floatx())) if x.dtype.base_dtype == bool_ else x


# --- over axes ---
@export("keras.backend.max")
def max(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Returns the greatest element.

    Args:
        x: a tensor.
        axis: the axis or axes; None: all.
        keepdims: whether they stay, with size 1.
    """
    found: Tensor = reduce.reduce_max(x, axis, keepdims)
    return found


@export("keras.backend.min")
def min(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Returns the least element; see `max`."""
    found: Tensor = reduce.reduce_min(x, axis, keepdims)
    return found


@export("keras.backend.sum")
def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Returns the sum of the elements; see `max`."""
    found: Tensor = reduce.reduce_sum(x, axis, keepdims)
    return found


@export("keras.backend.prod")
def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Returns the product of the elements; see `max`."""
    found: Tensor = reduce.reduce_prod(x, axis, keepdims)
    return found


@export("keras.backend.mean")
def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Returns the mean of the elements; bools count as numbers. See `max`."""
    found: Tensor = reduce.reduce_mean(_numbers(x), axis, keepdims)
    return found


@export("keras.backend.var")
def var(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Returns the variance of the elements; bools count as numbers. See `max`."""
    found: Tensor = reduce.reduce_variance(_numbers(x), axis, keepdims)
    return found


@export("keras.backend.std")
def std(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Returns the standard deviation of the elements; bools count as numbers. See `max`."""
    found: Tensor = reduce.reduce_std(_numbers(x), axis, keepdims)
    return found


@export("keras.backend.any")
def any(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Returns whether an element is not zero; see `max`."""
    found: Tensor = reduce.reduce_any(cast_to(x, bool_), axis, keepdims)
    return found


@export("keras.backend.all")
def all(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Returns whether no element is zero; see `max`."""
    found: Tensor = reduce.reduce_all(cast_to(x, bool_), axis, keepdims)
    return found


@export("keras.backend.argmax")
def argmax(x: Any, axis: int = -1) -> Any:
    """Returns the positions of the greatest elements along an axis."""
    return positions.argmax(x, axis)


@export("keras.backend.argmin")
def argmin(x: Any, axis: int = -1) -> Any:
    """Returns the positions of the least elements along an axis."""
    return positions.argmin(x, axis)


@export("keras.backend.cumsum")
def cumsum(x: Any, axis: int = 0) -> Tensor:
    """Returns the sums of the elements up to each along an axis."""
    return scan.cumsum(x, axis=axis)


@export("keras.backend.cumprod")
def cumprod(x: Any, axis: int = 0) -> Tensor:
    """Returns the products of the elements up to each along an axis."""
    return scan.cumprod(x, axis=axis)


# --- element by element ---
@export("keras.backend.square")
def square(x: Any) -> Tensor:
    """Returns `x * x`."""
    found: Tensor = powers.square(x)
    return found


@export("keras.backend.abs")
def abs(x: Any) -> Tensor:
    """Returns the absolute values."""
    return absolute(x)


@export("keras.backend.sqrt")
def sqrt(x: Any) -> Tensor:
    """Returns the square roots; that of a negative number is 0."""
    kind = x.dtype.base_dtype
    zero, infinity = constant(0.0, dtype=kind), constant(float("inf"), dtype=kind)
    found: Tensor = powers.sqrt(clip_by_value(x, zero, infinity))
    return found


@export("keras.backend.exp")
def exp(x: Any) -> Tensor:
    """Returns `e**x`."""
    found: Tensor = functions.exp(x)
    return found


@export("keras.backend.log")
def log(x: Any) -> Tensor:
    """Returns the natural logarithms."""
    found: Tensor = functions.log(x)
    return found


@export("keras.backend.round")
def round(x: Any) -> Any:
    """Returns the nearest integers, those between two the even one."""
    return rounding.round(x)


@export("keras.backend.sign")
def sign(x: Any) -> Tensor:
    """Returns -1, 0 or 1."""
    found: Tensor = powers.sign(x)
    return found


@export("keras.backend.pow")
def pow(x: Any, a: Any) -> Tensor:
    """Returns `x**a`."""
    found: Tensor = powers.pow(x, a)
    return found


@export("keras.backend.clip")
def clip(x: Any, min_value: Any, max_value: Any) -> Tensor:
    """Returns elements that are at least and at most some values.

    Args:
        x: a tensor.
        min_value: the least value.
        max_value: the greatest value, not less than `min_value`; None: there is none.
    """
    if max_value is not None and max_value < min_value:
        max_value = min_value
    found: Tensor = clip_by_value(x, min_value, float("inf") if max_value is None else max_value)
    return found


@export("keras.backend.sin")
def sin(x: Any) -> Tensor:
    """Returns the sines."""
    found: Tensor = functions.sin(x)
    return found


@export("keras.backend.cos")
def cos(x: Any) -> Tensor:
    """Returns the cosines."""
    found: Tensor = functions.cos(x)
    return found


# --- two tensors ---
@export("keras.backend.equal")
def equal(x: Any, y: Any) -> Tensor:
    """Returns whether the elements are equal."""
    found: Tensor = comparison.equal(x, y)
    return found


@export("keras.backend.not_equal")
def not_equal(x: Any, y: Any) -> Tensor:
    """Returns whether the elements differ."""
    found: Tensor = comparison.not_equal(x, y)
    return found


@export("keras.backend.greater")
def greater(x: Any, y: Any) -> Tensor:
    """Returns whether `x > y`."""
    found: Tensor = comparison.greater(x, y)
    return found


@export("keras.backend.greater_equal")
def greater_equal(x: Any, y: Any) -> Tensor:
    """Returns whether `x >= y`."""
    found: Tensor = comparison.greater_equal(x, y)
    return found


@export("keras.backend.less")
def less(x: Any, y: Any) -> Tensor:
    """Returns whether `x < y`."""
    found: Tensor = comparison.less(x, y)
    return found


@export("keras.backend.less_equal")
def less_equal(x: Any, y: Any) -> Tensor:
    """Returns whether `x <= y`."""
    found: Tensor = comparison.less_equal(x, y)
    return found


@export("keras.backend.maximum")
def maximum(x: Any, y: Any) -> Tensor:
    """Returns the greater of two elements."""
    found: Tensor = greater_of(x, y)
    return found


@export("keras.backend.minimum")
def minimum(x: Any, y: Any) -> Tensor:
    """Returns the less of two elements."""
    found: Tensor = less_of(x, y)
    return found


@export("keras.backend.cast")
def cast(x: Any, dtype: Any) -> Any:
    """Returns a tensor in another element type.

    Args:
        x: the tensor.
        dtype: the element type, or its name.
    """
    return cast_to(x, as_dtype(dtype))
