"""Max and average pooling of volumes and their gradients, on NumPy arrays.

In: volumes with channels last (any memory layout) and the geometry of the three dimensions of
space. Out: new arrays. Python loops over the volumes of a batch, which stay in the cache, and over
the taps of one window.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from graphflow.ops._taps import TapAxis, taps

__all__ = ["avg_pool", "avg_pool_grad", "max_pool", "max_pool_grad", "max_pool_grad_grad"]

Array = npt.NDArray[Any]
Axes = Sequence[TapAxis]


def pooled_shape(shape: Sequence[int], axes: Axes) -> tuple[int, ...]:
    """The shape of the result for an input of `shape` `[n, d, h, w, c]`."""
    return (shape[0], *(a.out for a in axes), shape[4])


def _accumulator(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(np.float32) if dtype.itemsize == 2 else dtype


# --- max ---
def _fold(x: Array, axis: TapAxis, place: int) -> Array:
    """The largest of each window along one dimension; NaN loses against any number."""
    shape = list(x.shape)
    shape[place] = axis.out
    y = np.full(shape, -np.inf, x.dtype)
    before = (slice(None),) * place
    for tap in range(axis.window):
        span = axis.span(tap)
        if span is not None:
            part = y[(*before, span[0])]
            np.fmax(part, x[(*before, span[1])], out=part)
    return y


def max_pool(x: Array, axes: Axes) -> Array:
    """Return the largest value of each window.

    Note:
        NaN loses against any number; windows of NaN alone give -inf, as TensorFlow's float32 does.
    """
    y = np.empty(pooled_shape(x.shape, axes), x.dtype)
    for i in range(len(x)):
        part = x[i : i + 1]
        with np.errstate(invalid="ignore"):  # bfloat16 warns of NaN
            for place, axis in enumerate(axes, 1):
                part = _fold(part, axis, place)
        y[i] = part[0]
    return y


def max_pool_grad(x: Array, y: Array, dy: Array, axes: Axes) -> Array:
    """Return the gradient of `max_pool` by its input.

    Note:
        Every element that equals the largest gets the whole gradient of its window, and NaN none:
        TensorFlow's rules for volumes, other than those for images.
    """
    dtype = _accumulator(dy.dtype)
    dx = np.zeros(x.shape, dtype)
    known = list(taps(axes))
    for i in range(len(x)):
        one, best, grads, sums = (a[i : i + 1] for a in (x, y, dy.astype(dtype, copy=False), dx))
        # Last tap first: so one input's gradients add up in the order of the windows.
        for tap in reversed(known):
            equal = one[tap.read] == best[tap.windows]
            target = sums[tap.read]
            np.add(target, grads[tap.windows], out=target, where=equal)
    return dx.astype(dy.dtype, copy=False)


def max_pool_grad_grad(x: Array, y: Array, grad: Array, axes: Axes) -> Array:
    """Return `grad` where the first element equal to the largest stands; 0 where none is."""
    found = np.zeros(y.shape, grad.dtype)
    known = list(taps(axes))
    for i in range(len(x)):
        one, best, grads, result = (a[i : i + 1] for a in (x, y, grad, found))
        free = np.ones(best.shape, bool)
        for tap in known:
            open_ = free[tap.windows]
            hit = (one[tap.read] == best[tap.windows]) & open_
            np.copyto(result[tap.windows], grads[tap.read], where=hit)
            open_[hit] = False
    return found


# --- average ---
def _counts(axes: Axes, dtype: Any) -> Array:
    """How many inputs each window averages, `[d, h, w, 1]`."""
    planes, rows, cols = (a.counts() for a in axes)
    return (planes[:, None, None, None] * rows[:, None, None] * cols[:, None]).astype(dtype)


def avg_pool(x: Array, axes: Axes) -> Array:
    """Return the average of each window; padding does not count."""
    dtype = _accumulator(x.dtype)
    y = np.empty(pooled_shape(x.shape, axes), x.dtype)
    known, counts = list(taps(axes)), _counts(axes, dtype)
    for i in range(len(x)):
        one = x[i : i + 1].astype(dtype, copy=False)
        sums = np.zeros((1, *y.shape[1:]), dtype)
        for tap in known:
            part = sums[tap.windows]
            part += one[tap.read]
        y[i] = sums[0] / counts
    return y


def avg_pool_grad(shape: Sequence[int], dy: Array, axes: Axes) -> Array:
    """Return the gradient of `avg_pool` by its input, of `shape` `[n, d, h, w, c]`."""
    dtype = _accumulator(dy.dtype)
    dx = np.empty(tuple(shape), dy.dtype)
    known, counts = list(taps(axes)), _counts(axes, dtype)
    for i in range(shape[0]):
        share = dy[i : i + 1].astype(dtype, copy=False) / counts
        sums = np.zeros((1, *dx.shape[1:]), dtype)
        for tap in reversed(known):
            part = sums[tap.read]
            part += share[tap.windows]
        dx[i] = sums[0]
    return dx
