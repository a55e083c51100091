"""The gradient of hue, saturation and value by red, green and blue.

With M, D and m the largest, middle and smallest channel and C = M - m: the value is M, the
saturation C / M, and the hue a constant plus or minus (D - m) / 6C.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.tensor import Tensor

_LAST = np.array([-1], np.int32)


def _one_hot(at: Tensor, dtype: Any) -> Tensor:
    one, zero = (np.array(v, dtype.as_numpy_dtype) for v in (1, 0))
    found: Tensor = apply("OneHot", at, np.array(3, np.int32), one, zero)
    return found


def _of(x: Tensor, mask: Tensor) -> Tensor:
    """The channel that a mask of one names: [..., 1]."""
    found: Tensor = apply("Sum", x * mask, _LAST, keep_dims=True)
    return found


def _safely(x: Any, y: Tensor) -> Tensor:
    """A quotient that is 0 where `y` is."""
    found: Tensor = apply("DivNoNan", convert(x, y.dtype.base_dtype), y)
    return found


def _if_positive(x: Tensor) -> Tensor:
    found: Tensor = apply("Cast", apply("Greater", x, 0), DstT=x.dtype.base_dtype)
    return found


def hsv_gradient(x: Tensor, dy: Tensor) -> Tensor:
    """Returns the gradient by colours `x` [..., 3] of their hue, saturation and value.

    Note: of equal channels the first is the largest and the last the smallest. Black has no
    slope of hue and saturation, and a channel that is 0 none of the saturation: as in TensorFlow.
    """
    dtype, axis = x.dtype.base_dtype, np.array(-1, np.int32)
    top = apply("ArgMax", x, axis)
    bottom = 2 - apply("ArgMin", apply("ReverseV2", x, _LAST), axis)
    high, low = _one_hot(top, dtype), _one_hot(bottom, dtype)
    between = 1 - high - low
    largest, middle, smallest = (_of(x, mask) for mask in (high, between, low))
    hue, saturation, value = apply("Split", axis, dy, num_split=3)
    by_saturation = _if_positive(x) * (
        high * _safely(smallest, largest * largest) - low * _safely(1, largest)
    )
    # The hue grows with the middle channel where that follows the largest: red, green, blue, red.
    follows = apply("Equal", apply("FloorMod", 3 - bottom - top - top, 3), 1)
    sign = apply("ExpandDims", 2 * apply("Cast", follows, DstT=dtype) - 1, axis)
    span = 6 * (largest - smallest)
    slope = sign * _if_positive(largest) * _safely(6, span * span)
    by_hue = slope * (
        between * (largest - smallest) - high * (middle - smallest) - low * (largest - middle)
    )
    found: Tensor = value * high + saturation * by_saturation + hue * by_hue
    return found
