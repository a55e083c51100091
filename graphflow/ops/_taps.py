"""Sliding windows as taps: for one element of the window, which windows read it and where.

In any number of dimensions. A tap of all windows at once is one strided view of the input, so a
kernel loops over the few elements of one window and leaves the many windows to NumPy.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from graphflow.ops._conv_kernels import padding_amounts

Array = npt.NDArray[Any]
Index = tuple[slice, ...]


@dataclass(frozen=True, slots=True)
class Tap:
    """One element of the window.

    `windows` are the windows for which it is inside the input, `read` is what it reads there; both
    index the batch and the dimensions of space.
    """

    at: tuple[int, ...]
    windows: Index
    read: Index


class Span(NamedTuple):
    """The windows for which one tap is inside the input, and what it reads there."""

    out: slice
    read: slice


@dataclass(frozen=True, slots=True)
class TapAxis:
    """The geometry of one dimension of space."""

    size: int
    window: int
    stride: int
    dilation: int
    before: int
    out: int

    def span(self, tap: int) -> Span | None:
        """What a tap reads; None where it is padding for all windows."""
        shift = tap * self.dilation - self.before
        first = max(0, -(shift // self.stride))
        last = min(self.out - 1, (self.size - 1 - shift) // self.stride)
        if last < first:
            return None
        start = first * self.stride + shift
        stop = start + (last - first) * self.stride + 1
        return Span(slice(first, last + 1), slice(start, stop, self.stride))

    def spans(self) -> list[Span | None]:
        """What each tap reads; None where it is padding for all windows."""
        return [self.span(tap) for tap in range(self.window)]

    def part(self, start: int, stop: int) -> TapAxis:
        """The geometry of the windows from `start` to `stop`."""
        before = self.before - start * self.stride
        return TapAxis(self.size, self.window, self.stride, self.dilation, before, stop - start)

    def counts(self) -> npt.NDArray[np.int64]:
        """How many taps of each window are inside the input; without dilation."""
        starts = np.arange(self.out) * self.stride - self.before
        return np.minimum(starts + self.window, self.size) - np.maximum(starts, 0)


def tap_axes(
    sizes: Sequence[int],
    windows: Sequence[int],
    strides: Sequence[int],
    padding: str,
    dilations: Sequence[int] | None = None,
) -> list[TapAxis]:
    """The geometry of each dimension of space.

    Args:
        sizes: the sizes of the input.
        windows: the sizes of the window.
        strides: the steps between windows.
        padding: "SAME" or "VALID".
        dilations: the steps within a window; None: 1.
    """
    rates = dilations if dilations is not None else [1] * len(sizes)
    found = []
    for size, window, stride, rate in zip(sizes, windows, strides, rates, strict=True):
        if padding == "VALID" and size < (window - 1) * rate + 1:
            out = before = 0  # the shape rule let it pass: there is no window
        else:
            out, before, _ = padding_amounts(size, window, stride, rate, padding)
        found.append(TapAxis(size, window, stride, rate, before, out))
    return found


def taps(axes: Sequence[TapAxis]) -> Iterator[Tap]:
    """The taps that any window sees, in row-major order."""
    whole = slice(None)
    for tap in itertools.product(*(enumerate(a.spans()) for a in axes)):
        known = [span for _, span in tap if span is not None]
        if len(known) == len(tap):
            at = tuple(t for t, _ in tap)
            yield Tap(at, (whole, *(s.out for s in known)), (whole, *(s.read for s in known)))


def blocks(n: int, rows: TapAxis, row_bytes: int, wanted: int) -> Iterator[tuple[slice, TapAxis]]:
    """Parts of the batch, and of the rows of one large image, that the cache holds.

    Args:
        n: the batch.
        rows: the geometry of the first dimension of space.
        row_bytes: what one row of windows takes.
        wanted: how many bytes a part may take.
    """
    room = max(1, wanted // max(1, row_bytes))
    high = max(1, min(rows.out, room))
    many = max(1, room // high) if high == rows.out else 1
    for i in range(0, n, many):
        for r in range(0, rows.out, high):
            yield slice(i, min(n, i + many)), rows.part(r, min(rows.out, r + high))


def rows_of(part: TapAxis, rows: TapAxis) -> slice:
    """Where the windows of a part stand among all."""
    start = (rows.before - part.before) // rows.stride
    return slice(start, start + part.out)
