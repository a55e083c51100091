"""Colours between red, green, blue and hue, saturation, value, as TensorFlow's kernels count them.

Arrays are [..., 3]. Sums are kept in float32, or in float64 for such arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_SIXTHS = 6  # hues from 0 to 6: the sectors of the colour circle


def _channels(x: Array) -> list[Array]:
    wide = x if x.dtype == np.float64 else x.astype(np.float32)
    return [wide[..., i] for i in range(3)]


def _joined(channels: list[Array], like: Array) -> Array:
    return np.stack(channels, -1).astype(like.dtype)


def _saturated(value: Array, low: Array, r: Array, g: Array, b: Array) -> list[Array]:
    """Hue, saturation and value of three channels, given the largest and the smallest."""
    kind = r.dtype.type
    span = value - low
    saturation = np.where(value > 0, span / value, kind(0))
    norm = kind(1) / (kind(6) * span)
    hue = np.where(
        r == value,
        norm * (g - b),
        np.where(
            g == value, norm * (b - r) + kind(2) / kind(6), norm * (r - g) + kind(4) / kind(6)
        ),
    )
    hue = np.where(span <= 0, kind(0), hue)
    return [np.where(hue < 0, hue + kind(1), hue), saturation, value]


def rgb_to_hsv(x: Array) -> Array:
    """Returns hue, saturation and value of red, green and blue: [..., 3].

    Note: a nan is neither the largest channel nor the smallest, but makes the hue nan.
    """
    r, g, b = _channels(x)
    with np.errstate(all="ignore"):
        value, low = np.fmax(np.fmax(r, g), b), np.fmin(np.fmin(r, g), b)
        return _joined(_saturated(value, low, r, g, b), x)


def hsv_to_rgb(x: Array) -> Array:
    """Returns red, green and blue of hue, saturation and value: [..., 3]."""
    hue, saturation, value = _channels(x)
    kind = hue.dtype.type
    with np.errstate(all="ignore"):
        at = hue * kind(6)
        parts = np.abs(at - kind(3)) - kind(1), *(kind(2) - np.abs(at - kind(n)) for n in (2, 4))
        bright = [np.clip(part, kind(0), kind(1)) for part in parts]
        return _joined([((kind(1) - saturation) + saturation * c) * value for c in bright], x)


def _first(x: Array, y: Array, worse: Any) -> Array:
    """C++'s max (min): the first unless it is less (greater), so a nan behind it is passed by."""
    return np.where(worse(x, y), y, x)


def adjust_saturation(x: Array, scale: np.float32) -> Array:
    """Returns colours [..., 3] with their saturations times a number, kept within 0 and 1."""
    with np.errstate(all="ignore"):
        r, g, b = _channels(x)
        value = _first(r, _first(g, b, np.less), np.less)
        low = _first(r, _first(g, b, np.greater), np.greater)
        hue, saturation, value = _saturated(value, low, r, g, b)
        saturation = np.clip(saturation * scale, np.float32(0), np.float32(1))
        return _joined(_of_circle(hue, saturation, value), x)


def _of_circle(hue: Array, saturation: Array, value: Array) -> list[Array]:
    """Red, green and blue by the sector of the circle that a hue lies in."""
    chroma = saturation * value
    rest = value - chroma
    at = hue * np.float32(_SIXTHS)
    sector = np.trunc(at)
    turn = np.mod(at, np.float32(2))
    second = chroma * (np.float32(1) - np.abs(turn - np.float32(1)))
    none = np.zeros_like(chroma)
    which = [sector == n for n in range(_SIXTHS)]
    orders = (
        (chroma, second, none, none, second, chroma),
        (second, chroma, chroma, second, none, none),
        (none, none, second, chroma, chroma, second),
    )
    return [np.select(which, list(order), none) + rest for order in orders]


def adjust_hue(x: Array, delta: np.float32) -> Array:
    """Returns colours [..., 3] with their hues moved along the circle; a whole turn is 1."""
    with np.errstate(all="ignore"):
        r, g, b = _channels(x)
        hue, low, high = _sectors(r, g, b)
        hue = np.fmod(hue + delta * np.float32(_SIXTHS), np.float32(_SIXTHS))
        hue = np.where(hue < 0, hue + np.float32(_SIXTHS), hue)
        hue = np.where(hue >= _SIXTHS, np.float32(0), hue)
        return _joined(_of_sectors(hue, low, high), x)


def _sectors(r: Array, g: Array, b: Array) -> tuple[Array, Array, Array]:
    """The place on the circle from 0 to 6, the smallest channel and the largest."""
    first = np.where(b < r, 1, np.where(b > g, 3, 2))
    other = np.where(b < g, 0, np.where(b > r, 4, 5))
    sector = np.where(r < g, first, other)
    low = np.choose(sector, [b, b, r, r, g, g])
    middle = np.choose(sector, [g, r, b, g, r, b])
    high = np.choose(sector, [r, g, g, b, b, r])
    ratio = (middle - low) / (high - low)
    step = np.where(sector % 2 == 0, ratio, np.float32(1) - ratio)
    return np.where(high == low, np.float32(0), sector.astype(np.float32) + step), low, high


def _of_sectors(hue: Array, low: Array, high: Array) -> list[Array]:
    sector = np.where(np.isnan(hue), np.float32(5), np.trunc(hue)).astype(np.int64)
    ratio = hue - sector.astype(np.float32)
    ratio = np.where(sector % 2 == 0, ratio, np.float32(1) - ratio)
    middle = low + ratio * (high - low)
    red = np.choose(sector, [high, middle, low, low, middle, high])
    green = np.choose(sector, [middle, high, high, middle, low, low])
    blue = np.choose(sector, [low, low, middle, high, high, middle])
    return [red, green, blue]
