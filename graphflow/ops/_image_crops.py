"""Parts of images, resized: sampling points, their mixtures, and the sums that go back.

Coordinates are float32, as in TensorFlow's kernels. Points outside of an image belong to no pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
_one = np.float32(1)
_half = np.float32(0.5)


@dataclass(frozen=True, slots=True)
class Points:
    """The sampling points of n boxes along one axis: arrays [n, k]."""

    at: Array
    """Where they are, in pixels."""
    inside: Array
    """Whether that is on the image."""
    share: Array
    """How far the second corner of the box moves a point: 0 at one end, all pixels at the other."""
    last: int
    """The last pixel."""

    @property
    def lower(self) -> Array:
        """The pixel before each point."""
        return np.floor(self._safe).astype(np.int64)

    @property
    def upper(self) -> Array:
        """The pixel behind each point."""
        return np.ceil(self._safe).astype(np.int64)

    @property
    def nearest(self) -> Array:
        """The pixel next to each point; halves go up."""
        return np.floor(self._safe + _half).astype(np.int64)

    @property
    def far(self) -> Array:
        """How far each point is behind the pixel before it."""
        return self._safe - np.floor(self._safe)

    @property
    def _safe(self) -> Array:
        return np.where(self.inside, self.at, np.float32(0))


def points(first: Array, second: Array, pixels: int, count: int) -> Points:
    """Spreads `count` points over each box.

    Args:
        first: [n], where the boxes start; 0 is the first pixel and 1 the last.
        second: [n], where they end.
        pixels: of the image.
        count: points.
    """
    last = np.float32(pixels - 1)
    first, second = first[:, None], second[:, None]
    steps = np.arange(count, dtype=np.float32)
    if count > 1:
        scale = (second - first) * last / np.float32(count - 1)
        at = first * last + steps * scale
        share = np.broadcast_to(steps * (last / np.float32(count - 1)), at.shape)
    else:
        at = _half * (first + second) * last
        share = np.full(at.shape, _half * last)
    return Points(at, (at >= 0) & (at <= last), share, pixels - 1)


class Crops:
    """Where the pixels of n crops lie.

    Args:
        boxes: [n, 4], corners (y, x, y, x).
        which: [n], the image of each box.
        image: height and width of the images.
        crop: height and width of the crops.
    """

    def __init__(
        self, boxes: Array, which: Array, image: tuple[int, int], crop: tuple[int, int]
    ) -> None:
        self.which = which[:, None, None]
        self.width = image[1]
        self.height = image[0]
        self.rows = points(boxes[:, 0], boxes[:, 2], image[0], crop[0])
        self.columns = points(boxes[:, 1], boxes[:, 3], image[1], crop[1])

    @property
    def inside(self) -> Array:
        """Which points are on the image: [n, h, w, 1]."""
        found: Array = (self.rows.inside[:, :, None] & self.columns.inside[:, None, :])[..., None]
        return found

    @property
    def far(self) -> tuple[Array, Array]:
        """How far points are behind the pixels before them, for rows and columns."""
        return self.rows.far[:, :, None, None], self.columns.far[:, None, :, None]

    def corners(self) -> list[tuple[Array, Array]]:
        """The four pixels around each point: top left, top right, bottom left, bottom right."""
        return [
            (y[:, :, None], x[:, None, :])
            for y in (self.rows.lower, self.rows.upper)
            for x in (self.columns.lower, self.columns.upper)
        ]

    def nearest(self) -> tuple[Array, Array]:
        """The pixel next to each point."""
        return self.rows.nearest[:, :, None], self.columns.nearest[:, None, :]

    def take(self, image: Array, place: tuple[Array, Array]) -> Array:
        """The pixels of a place in float32: [n, h, w, c]."""
        return image[self.which, place[0], place[1]].astype(np.float32)

    def put(self, values: Array, place: tuple[Array, Array], into: Array) -> None:
        """Adds values [n, h, w, c] to the pixels [b * h * w, c] that they belong to."""
        y, x = np.broadcast_arrays(*place)
        rows = ((self.which * self.height + y) * self.width + x).reshape(-1)
        order = np.argsort(rows, kind="stable")
        rows = rows[order]
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        if starts.size:
            flat = values.reshape(-1, values.shape[-1])[order]
            into[rows[starts]] += np.add.reduceat(flat, starts, 0)


def crop(image: Array, where: Crops, method: str, outside: float) -> Array:
    """Returns the crops, [n, h, w, c] in float32.

    Args:
        image: [b, h, w, c].
        where: the points.
        method: "bilinear" or "nearest".
        outside: the value of points that are not on the image.
    """
    if method == "nearest":
        found = where.take(image, where.nearest())
    else:
        far_y, far_x = where.far
        left_top, right_top, left, right = (where.take(image, p) for p in where.corners())
        top = left_top + (right_top - left_top) * far_x
        bottom = left + (right - left) * far_x
        found = top + (bottom - top) * far_y
    return np.where(where.inside, found, np.float32(outside))


def image_gradient(
    grads: Array, where: Crops, method: str, shape: tuple[int, ...], dtype: Any
) -> Array:
    """Returns the gradient by the images.

    Args:
        grads: [n, h, w, c] by the crops.
        where: the points.
        method: "bilinear" or "nearest".
        shape: [b, h, w, c] of the images.
        dtype: theirs.
    """
    wide = np.float64 if dtype == np.float64 else np.float32
    found = np.zeros((int(np.prod(shape[:3])), shape[3]), wide)
    grads = np.where(where.inside, grads, np.float32(0))
    if method == "nearest":
        where.put(grads.astype(wide), where.nearest(), found)
    else:
        far_y, far_x = where.far
        top, bottom = grads * (_one - far_y), grads * far_y
        parts: list[Array] = [top * (_one - far_x), top * far_x]
        parts += [bottom * (_one - far_x), bottom * far_x]
        for part, place in zip(parts, where.corners(), strict=True):
            where.put(part.astype(wide), place, found)
    return found.reshape(shape).astype(dtype)


def boxes_gradient(grads: Array, image: Array, where: Crops) -> Array:
    """Returns the gradient by the boxes of bilinear crops, [n, 4].

    Args:
        grads: [n, h, w, c] by the crops.
        image: [b, h, w, c].
        where: the points.
    """
    far_y, far_x = where.far
    left_top, right_top, left, right = (where.take(image, p) for p in where.corners())
    by_y = (_one - far_x) * (left - left_top) + far_x * (right - right_top)
    by_x = (_one - far_y) * (right_top - left_top) + far_y * (right - left)
    grads = np.where(where.inside, grads, np.float32(0))
    down, across = (by_y * grads).sum((2, 3)), (by_x * grads).sum((1, 3))
    sides = (down, where.rows), (across, where.columns)
    first = [(d * (np.float32(p.last) - p.share)).sum(1) for d, p in sides]
    second = [(d * p.share).sum(1) for d, p in sides]
    return np.stack([*first, *second], 1)
