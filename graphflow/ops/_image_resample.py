"""Images in another size: the pixels that each new one is made of, and their sums.

Both axes are worked on one after the other, each with whole arrays, in the order and the float32
arithmetic of TensorFlow's CPU kernels. Images are [b, h, w, c].
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np

Array = np.ndarray[Any, Any]

_TABLE: Final = 1024  # steps per pixel at which bicubic weights are tabulated
_STEPS: Final = 128  # of a pixel, in fixed-point sums
_FEW: Final = 64  # slices of a sum that are added one after the other
_LEGACY_A, _KEYS_A = -0.75, -0.5
_one: Final = np.float32(1)
_half: Final = np.float32(0.5)


def scale_of(before: int, after: int, align_corners: bool) -> np.float32:
    """How many old pixels a new one is wide."""
    if align_corners and after > 1:
        return np.float32(np.float32(before - 1) / np.float32(after - 1))
    return np.float32(np.float32(before) / np.float32(after))


def _positions(before: int, after: int, align_corners: bool, half_pixel_centers: bool) -> Array:
    """Where each new pixel lies among the old ones."""
    scale, at = scale_of(before, after, align_corners), np.arange(after, dtype=np.float32)
    return (at + _half) * scale - _half if half_pixel_centers else at * scale


def _spread(values: Array, index: Array, size: int, axis: int) -> Array:
    """Sums slices along an axis into the places that a non-decreasing index names."""
    shape = list(values.shape)
    shape[axis] = size
    found = np.zeros(shape, values.dtype)
    if index.size:
        starts = np.flatnonzero(np.diff(index, prepend=-1))
        counts = np.diff(starts, append=len(index))
        if counts.max() <= _FEW:
            sums = _in_layers(values, starts, counts, axis)
        else:
            sums = np.add.reduceat(values, starts, axis)
        found[_at(index[starts], axis)] = sums
    return found


def _at(index: Array, axis: int) -> tuple[Any, ...]:
    return (slice(None),) * axis + (index,)


def _in_layers(values: Array, starts: Array, counts: Array, axis: int) -> Array:
    """Adds to the first slices of all sums the second of those that have one, ...

    Ten times as fast as `np.add.reduceat` along an inner axis.
    """
    found = values.take(starts, axis)
    for layer in range(1, int(counts.max())):
        here = np.flatnonzero(counts > layer)
        more = values.take(starts[here] + layer, axis)
        if len(here) == len(starts):
            found += more
        else:
            found[_at(here, axis)] += more
    return found


def _column(weights: Array, axis: int) -> Array:
    """Weights of one axis of images, to be multiplied with them."""
    return weights.reshape(-1, *[1] * (3 - axis))


def _wide(dtype: Any) -> Any:
    """The type in which sums for a result of a type are kept."""
    return np.float64 if dtype == np.float64 else np.float32


# --- nearest neighbour ---
def nearest_index(before: int, after: int, align_corners: bool, half_pixel: bool) -> Array:
    """The old pixel that each new one shows."""
    scale, at = scale_of(before, after, align_corners), np.arange(after, dtype=np.float32)
    place = (at + _half) * scale if half_pixel else at * scale
    # Halves go away from zero here: C's roundf.
    whole = np.floor(place + _half) if align_corners else np.floor(place)
    found: Array = np.clip(whole.astype(np.int64), 0, before - 1)
    return found


def nearest(x: Array, height: int, width: int, **how: bool) -> Array:
    """Returns for each new pixel the nearest old one.

    Args:
        x: [b, h, w, c].
        height: the new height.
        width: the new width.
        **how: align_corners, half_pixel.
    """
    rows = nearest_index(x.shape[1], height, **how)
    columns = nearest_index(x.shape[2], width, **how)
    return x.take(columns, 2).take(rows, 1)  # whole pixels and rows: far quicker than both at once


def nearest_grad(grads: Array, height: int, width: int, **how: bool) -> Array:
    """Returns for each old pixel the sum over the new ones that show it.

    Args:
        grads: [b, new h, new w, c].
        height: the old height.
        width: the old width.
        **how: align_corners, half_pixel.
    """
    wide = grads.astype(np.float32) if grads.dtype == np.float16 else grads
    for axis, size in ((1, height), (2, width)):
        index = nearest_index(size, grads.shape[axis], **how)
        wide = _spread(wide, index, size, axis)
    return wide.astype(grads.dtype)


# --- bilinear ---
def neighbours(
    before: int, after: int, align_corners: bool, half_pixel: bool
) -> tuple[Array, Array, Array]:
    """For each new pixel the old ones on either side, and how far it is from the first."""
    at = _positions(before, after, align_corners, half_pixel)
    floor = np.floor(at)
    lower = np.maximum(floor.astype(np.int64), 0)
    upper = np.minimum(np.ceil(at).astype(np.int64), before - 1)
    return lower, upper, at - floor


def _between(x: Array, sides: tuple[Array, Array, Array], axis: int) -> Array:
    lower, upper, far = sides
    first = x.take(lower, axis)
    step = x.take(upper, axis)
    step -= first
    step *= _column(far, axis)
    step += first
    return step


def bilinear(x: Array, height: int, width: int, **how: bool) -> Array:
    """Returns each new pixel as a mixture of the four old ones around it, in float32.

    Args:
        x: [b, h, w, c].
        height: the new height.
        width: the new width.
        **how: align_corners, half_pixel.
    """
    x = x.astype(np.float32)
    if x.shape[1:3] == (height, width):
        return x
    rows = neighbours(x.shape[1], height, **how)
    columns = neighbours(x.shape[2], width, **how)
    if 2 * height >= x.shape[1]:
        return _between(_between(x, columns, 2), rows, 1)
    # Far fewer rows: leave out those that nothing is made of.
    lower, upper, far = rows
    used, where = np.unique(np.concatenate([lower, upper]), return_inverse=True)
    rows = where[:height], where[height:], far
    return _between(_between(x[:, used], columns, 2), rows, 1)


def bilinear_bytes(x: Array, height: int, width: int, **how: bool) -> Array:
    """Returns each new pixel as a mixture of the four around it, in steps of one 128th.

    Args:
        x: uint8 [b, h, w, c].
        height: the new height.
        width: the new width.
        **how: align_corners, half_pixel.

    Source: the fixed-point arithmetic of TensorFlow's QuantizedResizeBilinear.
    """
    lower, upper, far = neighbours(x.shape[2], width, **how)
    wide = x.astype(np.int32)
    left, right = wide.take(lower, 2), wide.take(upper, 2)
    mixed = left * _STEPS + (right - left) * _column((far * _STEPS).astype(np.int32), 2)
    lower, upper, far = neighbours(x.shape[1], height, **how)
    top, bottom = mixed.take(lower, 1), mixed.take(upper, 1)
    step = np.trunc((bottom - top) / _STEPS).astype(np.int32)
    found = top + step * _column((far * _STEPS).astype(np.int32), 1)
    return ((found + _STEPS // 2) // _STEPS).astype(np.uint8)


def bilinear_grad(grads: Array, shape: tuple[int, ...], dtype: Any, **how: bool) -> Array:
    """Returns the gradient by the old pixels.

    Args:
        grads: [b, new h, new w, c].
        shape: [b, h, w, c] of the old images.
        dtype: theirs.
        **how: align_corners, half_pixel.
    """
    found = grads.astype(_wide(dtype))
    for axis in (2, 1):
        lower, upper, far = neighbours(shape[axis], grads.shape[axis], **how)
        far = _column(far, axis)
        parts = (found * (_one - far), lower), (found * far, upper)
        first, second = (_spread(part, index, shape[axis], axis) for part, index in parts)
        found = first + second
    return found.astype(dtype)


# --- bicubic ---
@cache
def _cubic_table(a: float) -> Array:
    """Keys' two polynomials at 1025 places: [1025, 2]."""
    x = np.arange(_TABLE + 1) / _TABLE
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    x = x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.stack([near, far], 1).astype(np.float32)


def _cubic_taps(
    before: int, after: int, align_corners: bool, half_pixel: bool
) -> tuple[Array, Array]:
    """For each new pixel four old ones and their weights: [after, 4] each.

    Note: outside the image legacy sampling repeats the edge; with half-pixel centers such places
    have no weight, and the others' are made to sum to one.
    """
    at = _positions(before, after, align_corners, half_pixel)
    first = np.floor(at)
    step = np.rint((at - first) * np.float32(_TABLE)).astype(np.int64)
    table = _cubic_table(_KEYS_A if half_pixel else _LEGACY_A)
    near, far = table[:, 0], table[:, 1]
    weights = np.stack([far[step], near[step], near[_TABLE - step], far[_TABLE - step]], 1)
    asked = first.astype(np.int64)[:, None] + np.arange(-1, 3)
    index = np.clip(asked, 0, before - 1)
    if half_pixel:
        weights = np.where(index == asked, weights, np.float32(0))
        total = weights[:, 0] + weights[:, 1] + weights[:, 2] + weights[:, 3]
        safe = np.abs(total) >= 1000 * np.finfo(np.float32).tiny
        weights = weights * np.where(safe, _one / np.where(safe, total, _one), _one)[:, None]
    return index, weights


def _weighted(x: Array, index: Array, weights: Array, axis: int) -> Array:
    """Sums taps along an axis, from the first to the last."""
    found = x.take(index[:, 0], axis) * _column(weights[:, 0], axis)
    for k in range(1, index.shape[1]):
        found += x.take(index[:, k], axis) * _column(weights[:, k], axis)
    return found


def bicubic(x: Array, height: int, width: int, **how: bool) -> Array:
    """Returns each new pixel as a weighted sum of sixteen old ones, in float32.

    Args:
        x: [b, h, w, c].
        height: the new height.
        width: the new width.
        **how: align_corners, half_pixel.
    """
    x = x.astype(np.float32)
    x = _weighted(x, *_cubic_taps(x.shape[1], height, **how), axis=1)
    return _weighted(x, *_cubic_taps(x.shape[2], width, **how), axis=2)


def bicubic_grad(grads: Array, shape: tuple[int, ...], dtype: Any, **how: bool) -> Array:
    """Returns the gradient by the old pixels; arguments as of `bilinear_grad`."""
    found = grads.astype(_wide(dtype))
    for axis in (2, 1):
        index, weights = _cubic_taps(shape[axis], grads.shape[axis], **how)
        parts = [
            _spread(found * _column(weights[:, k], axis), index[:, k], shape[axis], axis)
            for k in range(4)
        ]
        found = parts[0] + parts[1] + parts[2] + parts[3]
    return found.astype(dtype)


# --- area ---
def _area_taps(before: int, after: int, align_corners: bool) -> tuple[Array, Array, Array]:
    """For each new pixel the old ones that it covers: index and weight [after, k], and how many."""
    scale = scale_of(before, after, align_corners)
    at = np.arange(after + 1, dtype=np.float32) * scale
    start, end = at[:-1, None], at[1:, None]
    first = np.floor(start[:, 0]).astype(np.int64)
    many = np.ceil(end[:, 0]).astype(np.int64) - first
    asked = first[:, None] + np.arange(max(1, int(many.max())))
    pixel = asked.astype(np.float32)
    left = np.where(pixel + _one > end, scale, pixel + _one - start)
    right = np.where(pixel + _one > end, end - pixel, _one)
    weights = np.where(pixel < start, left, right).astype(np.float32)
    return np.clip(asked, 0, before - 1), weights, many


def _covered(x: Array, taps: tuple[Array, Array, Array], axis: int) -> Array:
    index, weights, many = taps
    shape = list(x.shape)
    shape[axis] = len(index)
    found = np.zeros(shape, np.float32)
    for k in range(index.shape[1]):
        # A tap too many is left out, not weighed with zero: it may be infinite.
        here = many > k
        place = (slice(None),) * axis + (here,)
        found[place] += x.take(index[here, k], axis) * _column(weights[here, k], axis)
    return found


def area(x: Array, height: int, width: int, align_corners: bool) -> Array:
    """Returns each new pixel as the average of the area that it covers, in float32.

    Args:
        x: [b, h, w, c].
        height: the new height.
        width: the new width.
        align_corners: whether the outermost pixels stay in place.
    """
    x = x.astype(np.float32)
    sides = (1, height), (2, width)
    tall, wide = (scale_of(x.shape[axis], size, align_corners) for axis, size in sides)
    columns = _area_taps(x.shape[2], width, align_corners)
    rows = _area_taps(x.shape[1], height, align_corners)
    found = _covered(_covered(x, columns, 2), rows, 1)
    found *= _one / (tall * wide)
    return found
