"""Random parts of an image that show enough of its objects.

A box is (x, y, width, height) in pixels. Arithmetic is float32, roundings are to even, and words
are taken from the stream of random bits in TensorFlow's order: so the same seeds give the same
parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from graphflow.ops import _philox
from graphflow.ops._random_kernels import uniform32

Array = np.ndarray[Any, Any]
Box = tuple[int, int, int, int]

_ALL: Final = 0xFFFFFFFF
_f32: Final = np.float32


class Words:
    """A stream of random words.

    Args:
        seed: the first seed.
        seed2: the second.
        block: where the stream starts.
    """

    def __init__(self, seed: int, seed2: int, block: int) -> None:
        self._words = self._stream(seed, seed2, block)

    @staticmethod
    def _stream(seed: int, seed2: int, block: int) -> Iterator[int]:
        while True:
            yield from _philox.fill_blocks(seed, seed2, block, 8).reshape(-1).tolist()
            block += 8

    def below(self, n: int) -> int:
        """An integer in [0, n), each equally likely: words that would spoil that are skipped."""
        if not n & (n - 1):
            return next(self._words) & (n - 1)
        uneven = _ALL % n + 1
        while (word := next(self._words)) < uneven:
            pass
        return word % n

    def uniform(self) -> Any:
        """A float32 in [0, 1)."""
        return uniform32(np.array([next(self._words)], np.uint32))[0]


def _round(x: Any) -> int:
    return int(np.rint(x))


def _part(words: Words, width: int, height: int, area: Sequence[float], aspect: Any) -> Box | None:
    """A random part of these proportions whose area is within bounds; None: there is none."""
    least, most = (_f32(bound) * _f32(width) * _f32(height) for bound in area)
    if area[1] <= 0 or aspect <= 0 or width <= 0 or height <= 0 or area[0] > area[1]:
        return None
    tall = _tallest(width, height, most, aspect)
    h = min(_round(np.sqrt(least / aspect)), tall)
    if h < tall:
        h += words.below(tall - h + 1)
    w = _round(_f32(h) * aspect)
    if _f32(w * h) < least:
        h += 1
        w = _round(_f32(h) * aspect)
    if _f32(w * h) > most:
        h -= 1
        w = _round(_f32(h) * aspect)
    if not least <= _f32(w * h) <= most or not (0 < w <= width and 0 < h <= height):
        return None
    y = words.below(height - h) if h < height else 0
    x = words.below(width - w) if w < width else 0
    return x, y, w, h


def _tallest(width: int, height: int, most: Any, aspect: Any) -> int:
    """The largest height at which neither the area nor the image is left."""
    tall = _round(np.sqrt(most / aspect))
    if _round(_f32(tall) * aspect) > width:
        tall = int((width + 0.5 - float(_f32(1e-7))) / float(aspect))
        if _round(_f32(tall) * aspect) > width:
            tall -= 1
    return min(tall, height)


def _shows(part: Box, objects: list[Box], share: Any) -> bool:
    """Whether a part shows that share of an object."""
    x, y, w, h = part
    if w * h < 1:
        return False
    for left, top, wide, high in objects:
        size = _f32(wide * high)
        if size < 1:
            continue
        shared = max(0, min(x + w, left + wide) - max(x, left)) * max(
            0, min(y + h, top + high) - max(y, top)
        )
        if _f32(shared) / size >= share:
            return True
    return False


def _objects(boxes: Array, width: int, height: int) -> list[Box]:
    scaled = (boxes * np.array([height, width, height, width], np.float32)).astype(np.int64)
    return [(x0, y0, x1 - x0, y1 - y0) for y0, x0, y1, x1 in scaled.tolist()]


def sample(
    words: Words,
    size: tuple[int, int],
    boxes: Array,
    share: Any,
    aspect: Sequence[float],
    area: Sequence[float],
    attempts: int,
) -> Box:
    """Returns a part of an image; all of it where none is found.

    Args:
        words: random words.
        size: width and height of the image.
        boxes: [n, 4], corners (y, x, y, x) of objects from 0 to 1; none: the image is one.
        share: of an object must be seen.
        aspect: bounds of width by height.
        area: bounds of the part's area, as parts of the image's.
        attempts: how many to make.
    """
    width, height = size
    low, high = (_f32(bound) for bound in aspect)
    objects = _objects(boxes, width, height) or [(0, 0, width, height)]
    with np.errstate(all="ignore"):
        for _ in range(attempts):
            ratio = words.uniform() * (high - low) + low
            part = _part(words, width, height, area, ratio)
            if part is not None and _shows(part, objects, share):
                return part
    return 0, 0, width, height
