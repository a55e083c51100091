"""Pooling over cells of varying size: their random borders, largest values and averages.

In: images `[n, h, w, c]` and the borders of the cells along rows and columns. Cell `i` goes from
border `i` to border `i + 1`, with that element where cells overlap and there is one.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from graphflow.ops._philox import fill_blocks
from graphflow.ops._pool_kernels import lowest

__all__ = ["Cells", "avg_pool", "avg_pool_grad", "borders", "max_pool", "max_pool_grad"]

Array = npt.NDArray[Any]
_WORDS = 4  # of one block of the generator
_PAIR = 2  # words of one float64


# --- borders ---
def borders(
    sizes: tuple[int, int], outs: tuple[int, int], pseudo_random: bool, seeds: tuple[int, int]
) -> tuple[Array, Array]:
    """Return the borders of rows and columns that TensorFlow draws from a pair of seeds."""
    found, block = [], 0
    for size, out in zip(sizes, outs, strict=True):
        words = _PAIR if pseudo_random else out
        count = -(-words // _WORDS)
        drawn = fill_blocks(seeds[0], seeds[1], block, count).reshape(-1).tolist()
        block += count
        make = _pseudo_random if pseudo_random else _random
        found.append(np.cumsum([0, *make(size, out, drawn)], dtype=np.int64))
    return found[0], found[1]


def _random(size: int, out: int, words: list[int]) -> list[int]:
    """Cell sizes of two kinds, shuffled."""
    small, more = divmod(size, out)
    cells = [small + 1] * more + [small] * (out - more)
    for i in range(out - 1):
        j = i + words[i] % (out - i)
        cells[i], cells[j] = cells[j], cells[i]
    return cells


def _pseudo_random(size: int, out: int, words: list[int]) -> list[int]:
    """Cell sizes between borders `ceil(alpha * (i + u))`.

    Source:
        Graham 2014, Fractional max-pooling, section 2.
    """
    alpha, k = size / out, size // out
    limit = min((k + 2) / alpha - 1, (size + 1 - k) / alpha - (out - 1))
    u = ((words[0] & 0xFFFFF) << 32 | words[1]) / 2**52 * limit
    ends = [1, *(math.ceil(alpha * (i + u)) for i in range(1, out)), size + 1]
    return [b - a for a, b in itertools.pairwise(ends)]


class Cells(NamedTuple):
    """The cells along one dimension."""

    starts: Array
    ends: Array
    """Behind the last element of each cell; where cells overlap, they share one."""

    @classmethod
    def of(cls, edges: Array, size: int, overlapping: bool) -> Cells:
        """The cells between borders, of a dimension of some size.

        Raises:
            ValueError: if they are no borders of such cells.
        """
        starts, ends = edges[:-1], np.minimum(edges[1:] + overlapping, size)
        if edges.ndim != 1 or (starts < 0).any() or (ends <= starts).any():
            raise ValueError(f"the pooling sequence does not divide {size} elements into cells")
        return cls(starts, ends)

    @property
    def sizes(self) -> Array:
        """How many elements each cell has."""
        found: Array = self.ends - self.starts
        return found

    def steps(self) -> range:
        """The positions within the largest cell."""
        return range(int(self.sizes.max(initial=0)))

    def at(self, step: int) -> tuple[Array, Array]:
        """The elements at a position within the cells, and which cells have one there."""
        return np.minimum(self.starts + step, self.ends - 1), self.sizes > step


# --- max ---
def max_pool(x: Array, rows: Cells, cols: Cells) -> Array:
    """Return the largest value of each cell; NaN and -inf never are."""
    larger: Any = np.maximum if x.dtype.kind in "iu" else np.fmax
    for axis, cells in ((1, rows), (2, cols)):
        first = np.take(x, cells.starts, axis)
        for step in cells.steps()[1:]:  # a cell without such a position sees its last again
            first = larger(first, np.take(x, cells.at(step)[0], axis))
        x = first
    return larger(x, x.dtype.type(lowest(x.dtype)))  # type: ignore[no-any-return]  # a ufunc


def max_pool_grad(x: Array, dy: Array, rows: Cells, cols: Cells) -> Array:
    """Return the gradient of `max_pool`: each goes to the first largest element of its cell."""
    best = x[:, rows.starts][:, :, cols.starts]
    where_row = np.broadcast_to(rows.starts[:, None, None], best.shape).copy()
    where_col = np.broadcast_to(cols.starts[:, None], best.shape).copy()
    for a in rows.steps():
        at_row, has_row = rows.at(a)
        for b in cols.steps():
            at_col, has_col = cols.at(b)
            value = x[:, at_row][:, :, at_col]
            new = (value > best) & (has_row[:, None] & has_col)[:, :, None]
            np.copyto(best, value, where=new)
            np.copyto(where_row, at_row[:, None, None], where=new)
            np.copyto(where_col, at_col[:, None], where=new)
    dx = np.zeros(x.shape, dy.dtype)
    images, channels = np.arange(len(x))[:, None, None, None], np.arange(x.shape[3])
    np.add.at(dx, (images, where_row, where_col, channels), dy)
    return dx


# --- average ---
def _counts(rows: Cells, cols: Cells, dtype: Any) -> Array:
    return np.multiply.outer(rows.sizes, cols.sizes).astype(dtype)[:, :, None]


def avg_pool(x: Array, rows: Cells, cols: Cells) -> Array:
    """Return the average of each cell; that of integers is cut off towards zero."""
    sums = x
    for axis, cells in ((1, rows), (2, cols)):
        shape = [1] * 4
        shape[axis] = -1
        total = np.take(sums, cells.starts, axis)
        for step in cells.steps()[1:]:
            at, has = cells.at(step)
            more = np.take(sums, at, axis)
            np.add(total, more, out=total, where=has.reshape(shape))
        sums = total
    counts = _counts(rows, cols, x.dtype)
    if x.dtype.kind != "i":
        return sums / counts
    below: Array = sums // counts  # rounded down, which is one too low where it was cut off
    below += (sums < 0) & (below * counts != sums)
    return below


def avg_pool_grad(shape: tuple[int, ...], dy: Array, rows: Cells, cols: Cells) -> Array:
    """Return the gradient of `avg_pool`, in float64 until the end as in TensorFlow."""
    share = dy.astype(np.float64) / _counts(rows, cols, np.float64)
    for axis, cells in ((1, rows), (2, cols)):
        wide = list(share.shape)
        wide[axis] = shape[axis]
        sums = np.zeros(wide)
        before: tuple[Any, ...] = (slice(None),) * axis
        for step in cells.steps():
            at, has = cells.at(step)
            np.add.at(sums, (*before, at[has]), share[(*before, has)])
        share = sums
    return share.astype(dy.dtype, copy=False)
