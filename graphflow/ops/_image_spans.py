"""Sampling with a kernel: the weights of each new pixel along one axis.

Source: the kernels and their normalization are those of TensorFlow 1.15's ScaleAndTranslate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

Array = np.ndarray[Any, Any]
_f32: Final = np.float32
_NEARLY_NOTHING: Final = 1000 * np.finfo(np.float32).tiny


def _lanczos(radius: int) -> Callable[[Array], Array]:
    def weigh(x: Array) -> Array:
        angle = _f32(np.pi) * np.where(x > 1e-3, x, _f32(1))
        found = _f32(radius) * np.sin(angle) * np.sin(angle / _f32(radius)) / (angle * angle)
        return np.where(x > radius, _f32(0), np.where(x <= 1e-3, _f32(1), found))

    return weigh


def _gaussian(x: Array) -> Array:
    sigma = _f32(0.5)
    return np.where(x >= 1.5, _f32(0), np.exp(-x * x / (2 * sigma * sigma)))


def _box(x: Array) -> Array:
    return np.where(x < 0.5, _f32(1), np.where(x == 0.5, _f32(0.5), _f32(0)))


def _triangle(x: Array) -> Array:
    return np.where(x < 1, 1 - x, _f32(0))


def _cubic(near: tuple[float, ...], far: tuple[float, ...]) -> Callable[[Array], Array]:
    """A kernel of two polynomials, below 1 and below 2; coefficients from the highest on."""

    def weigh(x: Array) -> Array:
        first, second = (np.polyval([_f32(c) for c in p], x) for p in (near, far))
        return np.where(x >= 2, _f32(0), np.where(x >= 1, second, first))

    return weigh


KERNELS: Final[dict[str, tuple[float, Callable[[Array], Array]]]] = {
    "lanczos1": (1, _lanczos(1)),
    "lanczos3": (3, _lanczos(3)),
    "lanczos5": (5, _lanczos(5)),
    "gaussian": (1.5, _gaussian),
    "box": (1, _box),
    "triangle": (1, _triangle),
    "keyscubic": (2, _cubic((1.5, -2.5, 0, 1), (-0.5, 2.5, -4, 2))),
    "mitchellcubic": (2, _cubic((7 / 6, -2, 0, 8 / 9), (-7 / 18, 2, -10 / 3, 16 / 9))),
}
"""Radius and weight by distance of each kernel."""


def weights(
    before: int, after: int, scale: Any, translation: Any, kernel: str, antialias: bool
) -> Array:
    """Returns how much of each old pixel each new one gets: float32 [after, before].

    Args:
        before: old pixels.
        after: new pixels.
        scale: new pixels by old one.
        translation: where the first old pixel comes to lie, in new ones.
        kernel: one of KERNELS.
        antialias: whether the kernel grows where the image gets smaller.
    """
    radius, weigh = KERNELS[kernel]
    inverse = _f32(1) / _f32(scale)
    grown = max(inverse, _f32(1)) if antialias else _f32(1)
    at = (np.arange(after, dtype=np.float32) + _f32(0.5)) * inverse - inverse * _f32(translation)
    reach = _f32(radius) * grown
    first = np.clip(np.ceil(at - reach - _f32(0.5)), 0, before - 1)[:, None]
    last = np.clip(np.floor(at + reach - _f32(0.5)), 0, before - 1)[:, None]
    pixel = np.arange(before, dtype=np.float32)
    far = np.abs((pixel + _f32(0.5) - at[:, None]) * (_f32(1) / grown))
    found = np.where((pixel >= first) & (pixel <= last), weigh(far), _f32(0)).astype(np.float32)
    total = found.sum(1, keepdims=True)
    inside = (at >= 0) & (at <= before)
    good = inside[:, None] & (np.abs(total) >= _NEARLY_NOTHING)
    return np.where(good, found * (_f32(1) / np.where(good, total, _f32(1))), _f32(0))
