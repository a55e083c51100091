"""Numbers and the integers that stand for them: the rounding rules of TensorFlow's quantized types.

In: float32 arrays and ranges, or integers and their ranges. Out: the other. An integer type has
`2 ** bits` steps; the range that goes with an array says what its lowest and highest integers mean.
All arithmetic is float32, one operation after the other, as in TensorFlow: its results are equal.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from graphflow.core.dtypes import QUANTIZED, DType

Array = npt.NDArray[Any]
F32 = npt.NDArray[np.float32]

TYPES: Final = tuple(sorted(QUANTIZED, key=lambda d: d.as_datatype_enum))
_LARGEST: Final = np.float32(2147483520.0)  # the highest float32 below 2 ** 31


def integers(dtype: DType) -> np.dtype[Any]:
    """The NumPy integers that hold a quantized type."""
    found: np.dtype[Any] = np.dtype(dtype.as_numpy_dtype)[0]
    return found


def plain(x: Array) -> Array:
    """Quantized values as plain integers."""
    return x if x.dtype.names is None else x.view(x.dtype[0])


def limits(kind: np.dtype[Any]) -> tuple[int, int]:
    """The lowest and the highest integer."""
    return int(np.iinfo(kind).min), int(np.iinfo(kind).max)


def cast(x: F32, kind: np.dtype[Any]) -> Array:
    """Whole floats as integers; what does not fit becomes the lowest int32, cut to the type."""
    with np.errstate(invalid="ignore"):
        outside = ~((x >= -2147483648.0) & (x < 2147483648.0))
        found: Array = np.where(outside, -2147483648, x).astype(np.int64).astype(kind)
    return found


def away(x: Any) -> Any:
    """Rounds halves away from zero."""
    return np.trunc(x + np.copysign(np.float32(0.49999997), x))


def _steps(kind: np.dtype[Any]) -> float:
    return float((1 << kind.itemsize * 8) - 1)


class FromFloat:
    """Floats of a range as integers, "MIN_FIRST": zero is an integer exactly."""

    def __init__(self, low: Any, high: Any, kind: np.dtype[Any]) -> None:
        self.kind = kind
        span = high - low
        self.scale = np.float32(0 if span == 0 else _steps(kind) / float(span))
        self.shift = away(low * self.scale) - np.float32(limits(kind)[0])

    def __call__(self, x: F32) -> Array:
        """Returns the integers nearest to floats; those outside the range become its ends."""
        low, high = (np.float32(v) for v in limits(self.kind))
        rounded = away(x * self.scale) - self.shift
        clipped = np.minimum(np.maximum(rounded, low), min(high, _LARGEST))
        return cast(clipped, self.kind)


class ToFloat:
    """Integers of a range as floats, "MIN_FIRST"."""

    def __init__(self, low: Any, high: Any, kind: np.dtype[Any]) -> None:
        self.scale = np.float32(float(high - low) / _steps(kind))
        start = low if high == low else away(low / self.scale) * self.scale
        self.start = start - np.float32(limits(kind)[0]) * self.scale

    def __call__(self, x: Array) -> F32:
        """Returns the floats that integers stand for."""
        found: F32 = self.start + x.astype(np.float32) * self.scale
        return found


def requantized(
    x: Array, low: Any, high: Any, new_low: Any, new_high: Any, kind: np.dtype[Any]
) -> Array:
    """Returns integers of one range and type as those of another."""
    return FromFloat(new_low, new_high, kind)(ToFloat(low, high, x.dtype)(x))


def _whole(x: float) -> int:
    return int(np.floor(abs(x) + 0.5)) * (1 if x >= 0 else -1)


def unclamped(x: float, low: Any, high: Any, kind: np.dtype[Any]) -> int:
    """Returns the integer nearest to one float, also beyond the type's own."""
    lowest = limits(kind)[0]
    if low == high:
        return lowest
    steps = float(1 << kind.itemsize * 8)
    scale = steps / (float(high - low) * (steps / (steps - 1.0)))
    return _whole(float(x) * scale) - _whole(float(low) * scale) + lowest


def clamped(x: float, low: Any, high: Any, kind: np.dtype[Any]) -> int:
    """Returns the integer nearest to one float."""
    lowest, highest = limits(kind)
    return min(max(unclamped(x, low, high, kind), lowest), highest)


def as_float(n: int, low: Any, high: Any, kind: np.dtype[Any]) -> Any:
    """Returns the float32 that one integer stands for."""
    if low == high:
        return low
    steps = float(1 << kind.itemsize * 8)
    scale = float(high - low) * (steps / (steps - 1.0)) / steps
    single = float(np.float32(scale))
    start = _whole(float(low / np.float32(scale))) * single
    return np.float32(start + float(n - limits(kind)[0]) * scale)


def product_range(
    a: tuple[Any, Any, np.dtype[Any]], b: tuple[Any, Any, np.dtype[Any]], kind: np.dtype[Any]
) -> tuple[Any, Any]:
    """Returns the range of sums of products; a range is (low, high, type)."""
    levels = []
    for low, high, own in (a, b):
        lowest, highest = limits(own)
        levels.append((high - low) / np.float32(highest - lowest))
    level = levels[0] * levels[1]
    lowest, highest = limits(kind)
    return level * np.float32(lowest), level * np.float32(highest)


# --- QuantizeV2, Dequantize ---


def usable_range(low: Any, high: Any) -> tuple[Any, Any]:
    """Returns a range that holds zero and is no point."""
    zero = np.float32(0)
    start = min(zero, low)
    epsilon = max(np.float32(1), max(abs(low), abs(high))) / np.float32(100)
    return start, max(zero, max(high, start + epsilon))


def quantized(
    x: F32, low: Any, high: Any, kind: np.dtype[Any], mode: str, to_even: bool
) -> tuple[Array, Any, Any]:
    """Returns integers for floats, and the range that they have in the end."""
    lowest, highest = limits(kind)
    if mode == "MIN_FIRST":
        return FromFloat(low, high, kind)(x), low, high
    if mode == "SCALED":
        scale = _symmetric(low, high, kind)
        low, high = np.float32(lowest) / scale, np.float32(highest) / scale
        held = _within(x, low, high) * scale
        return cast(np.rint(held) if to_even else away(held), kind), low, high
    scale = np.float32(float(highest - lowest) / float(high - low))
    held = (_within(x, low, high) - low) * scale
    if lowest:
        return cast(away(held - np.float32((highest - lowest + 1) / 2)), kind), low, high
    return cast(np.trunc(held + np.float32(0.5)), kind), low, high


def _within(x: F32, low: Any, high: Any) -> F32:
    found: F32 = np.maximum(np.minimum(x, high), low)
    return found


def _symmetric(low: Any, high: Any, kind: np.dtype[Any]) -> Any:
    """The scale that keeps zero at zero and takes the range into the type."""
    sides = [np.float32(n) for n in limits(kind)]
    scales = [
        n / end if n * end > 0 else np.finfo(np.float32).max
        for n, end in zip(sides, (low, high), strict=True)
    ]
    return min(scales)


def dequantized(x: Array, low: Any, high: Any, mode: str) -> F32:
    """Returns the floats that integers stand for."""
    lowest, highest = (np.float32(v) for v in limits(x.dtype))
    if mode == "MIN_FIRST":
        return ToFloat(low, high, x.dtype)(x)
    if mode == "SCALED":
        scale = high / highest if lowest == 0 else max(low / lowest, high / highest)
        scaled: F32 = x.astype(np.float32) * scale
        return scaled
    half = np.float32(0) if lowest == 0 else (highest - lowest + np.float32(1)) / np.float32(2)
    found: F32 = (x.astype(np.float32) + half) * ((high - low) / (highest - lowest)) + low
    return found


# --- QuantizeAndDequantize ---


def rounded_to_steps(
    x: Array, given: tuple[Any, Any] | None, bits: int, signed: bool, narrow: bool, to_even: bool
) -> Array:
    """Returns floats as they come back from integers of some bits.

    Args:
        x: float array; its type is computed in.
        given: the range, or None: that of `x`.
        bits: of the integers.
        signed: whether they have a sign.
        narrow: whether the lowest signed integer is left out.
        to_even: whether halves go to even, else up.
    """
    kind = x.dtype.type
    low, high = (x.min(), x.max()) if given is None else given
    lowest = kind(-(1 << bits - 1) + narrow if signed else 0)
    highest = kind((1 << bits - 1) - 1 if signed else (1 << bits) - 1)
    largest = _largest(x.dtype)
    from_low = lowest / low if lowest * low > 0 else largest
    from_high = highest / high if highest * high > 0 else largest
    if from_low < from_high:
        scale, inverse = from_low, low / lowest
        high = highest * inverse
    else:
        scale, inverse = from_high, high / highest
        low = lowest * inverse
    held = x if given is None else np.maximum(np.minimum(x, high), low)
    steps = np.rint(held * scale) if to_even else np.floor(held * scale + kind(0.5))
    found: Array = steps * inverse
    return found


def _largest(dtype: np.dtype[Any]) -> Any:
    if dtype.kind == "V":  # bfloat16
        return np.array(0x7F7F, np.uint16).view(dtype)[()]
    return np.finfo(dtype).max


# --- FakeQuant ---


def nudged(low: F32, high: F32, bits: int, narrow: bool) -> tuple[F32, F32, F32]:
    """Returns a range moved so that zero is one of the steps, and the size of a step."""
    first, last = np.float32(1 if narrow else 0), np.float32((1 << bits) - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = (high - low) / (last - first)
        zero = first - low / scale
        place = np.clip(np.floor(zero + np.float32(0.5)), first, last)
    return (first - place) * scale, (last - place) * scale, scale


def fake_quantized(x: F32, low: F32, high: F32, scale: F32, multiply: bool) -> F32:
    """Returns floats rounded to the steps of a nudged range."""
    shifted = np.maximum(np.minimum(x, high), low) - low
    steps = shifted * (np.float32(1) / scale) if multiply else shifted / scale
    found: F32 = np.floor(steps + np.float32(0.5)) * scale + low
    return found
