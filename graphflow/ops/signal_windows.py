"""Windows: weights that fade the ends of a frame out."""

from __future__ import annotations

import math
from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import bool_, float32, int32
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.ops.constant import constant
from graphflow.ops.fill import ones
from graphflow.ops.flow_cond import cond
from graphflow.ops.sequence import range_
from graphflow.ops.signal_frames import known_int


@export("signal.hann_window")
def hann_window(
    window_length: Any, periodic: Any = True, dtype: Any = float32, name: str | None = None
) -> Tensor:
    """Returns a Hann window: a cosine lifted so that it begins at 0.

    Args:
        window_length: the number of weights.
        periodic: whether the window goes on where it ends, as a Fourier transform wants it; else
            it is symmetric.
        dtype: the element type, a float.
        name: the name of the scope.

    Raises:
        ValueError: if the type is no float.
    """
    return _raised_cosine(name, "hann_window", window_length, periodic, dtype, (0.5, 0.5))


@export("signal.hamming_window")
def hamming_window(
    window_length: Any, periodic: Any = True, dtype: Any = float32, name: str | None = None
) -> Tensor:
    """Returns a Hamming window: a cosine lifted so that it begins at 0.08.

    Args:
        window_length: the number of weights.
        periodic: whether the window goes on where it ends, as a Fourier transform wants it; else
            it is symmetric.
        dtype: the element type, a float.
        name: the name of the scope.

    Raises:
        ValueError: if the type is no float.
    """
    return _raised_cosine(name, "hamming_window", window_length, periodic, dtype, (0.54, 0.46))


def _raised_cosine(
    name: str | None,
    default_name: str,
    window_length: Any,
    periodic: Any,
    dtype: Any,
    weights: tuple[float, float],
) -> Tensor:
    if not dtype.is_floating:
        raise ValueError(f"dtype must be a floating point type. Found {dtype}")
    with scopes.name_scope(name, default_name, [window_length, periodic]):
        length = convert_to_tensor(window_length, dtype=int32, name="window_length")
        length.get_shape().assert_has_rank(0)
        known = known_int(length)
        if known == 1:
            return ones([1], dtype=dtype)
        whole = cast(convert_to_tensor(periodic, dtype=bool_, name="periodic"), int32)
        whole.get_shape().assert_has_rank(0)
        even = 1 - apply("FloorMod", length, 2)
        n = cast(length + whole * even - 1, dtype=dtype)
        places = cast(range_(length), dtype)
        angle = constant(2 * math.pi, dtype=dtype) * places / n

        def faded() -> Tensor:
            mean, swing = weights
            found: Tensor = cast(mean - swing * apply("Cos", angle), dtype=dtype)
            return found

        if known is not None:
            return faded()
        is_one = apply("Equal", length, 1)
        found: Tensor = cond(is_one, lambda: ones([1], dtype=dtype), faded)
        return found
