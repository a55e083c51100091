"""Convolution of each channel with filters of its own, and its two gradients.

In: images with channels last (any memory layout) and the attributes of TensorFlow's op. There is
nothing to sum over but the window, so one tap after the other is multiplied and added, in parts
that stay in the cache. With several filters a channel, the channels are repeated first: NumPy's
inner loops then run over whole pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from graphflow.ops._conv_kernels import accumulator, result_buffer
from graphflow.ops._taps import TapAxis, blocks, rows_of, tap_axes, taps

__all__ = ["depthwise", "depthwise_backprop_filter", "depthwise_backprop_input"]

Array = npt.NDArray[Any]
BLOCK_BYTES = 1 << 20  # of output: measured best, with 32 to 64 channels
_FEW_CHANNELS = 64  # below, pixels are too short for NumPy's inner loops: whole rows are multiplied


def _axes(sizes: Sequence[int], filter_shape: Sequence[int], stride: int, padding: str) -> Any:
    return tap_axes(sizes[1:3], filter_shape[:2], (stride, stride), padding)


def _parts(n: int, axes: list[TapAxis], row_bytes: int) -> Iterator[tuple[slice, slice, Any]]:
    """Yield (images, output rows, geometry) of parts that the cache holds."""
    rows, cols = axes
    for images, part in blocks(n, rows, row_bytes, BLOCK_BYTES):
        yield images, rows_of(part, rows), (part, cols)


def _repeated(x: Array, times: int, dtype: Any) -> Array:
    """The images with each channel `times` times."""
    x = x.astype(dtype, copy=False)
    return x if times == 1 else np.repeat(x, times, axis=3)


def _rows_of_taps(w: Array, columns: int) -> Array:
    """The filters `[kh, kw, channels]` as factors of whole rows where pixels are short."""
    if w.shape[2] >= _FEW_CHANNELS:
        return w[:, :, None]
    return np.tile(w[:, :, None], (1, 1, columns, 1))


def depthwise(x: Array, w: Array, stride: int, padding: str, out: Array | None = None) -> Array:
    """Return the depthwise convolution of images.

    Args:
        x: images `[n, h, w, c]`.
        w: filters `[kh, kw, c, m]`.
        stride: the step between windows.
        padding: `SAME` or `VALID`.
        out: an array for the result, of any layout.

    Returns:
        `[n, oh, ow, c * m]`.
    """
    axes = _axes(x.shape, w.shape, stride, padding)
    many, dtype = w.shape[3], accumulator(x.dtype)
    channels = x.shape[3] * many
    shape = (x.shape[0], axes[0].out, axes[1].out, channels)
    y = result_buffer(shape, x.dtype, None) if out is None else out
    flat = w.astype(dtype, copy=False).reshape(*w.shape[:2], channels)
    factors = _rows_of_taps(flat, axes[1].out)
    row_bytes = axes[1].out * channels * dtype.itemsize
    for images, rows, part in _parts(x.shape[0], axes, row_bytes):
        sums = np.zeros((len(y[images]), part[0].out, *shape[2:]), dtype)
        wide = _Band(x[images], part[0], many, dtype)
        for tap in taps(part):
            columns = tap.windows[2]
            factor = factors[tap.at]
            if len(factor) > 1:
                factor = factor[: columns.stop - columns.start]
            target = sums[tap.windows]
            target += wide[tap.read] * factor
        y[images, rows] = sums
    return y


class _Band:
    """The rows of some images that a part reads, with their channels repeated."""

    def __init__(self, x: Array, rows: TapAxis, many: int, dtype: Any) -> None:
        self.start = max(0, -rows.before)
        last = (rows.out - 1) * rows.stride + (rows.window - 1) * rows.dilation - rows.before
        self.stop = min(rows.size, last + 1)
        self.values = _repeated(x[:, self.start : self.stop], many, dtype)

    def _moved(self, index: Any) -> Any:
        rows = index[1]
        return index[0], slice(rows.start - self.start, rows.stop - self.start, rows.step), index[2]

    def __getitem__(self, index: Any) -> Array:
        found: Array = self.values[self._moved(index)]
        return found


def depthwise_backprop_input(
    sizes: Sequence[int],
    w: Array,
    dy: Array,
    stride: int,
    padding: str,
    out: Array | None = None,
) -> Array:
    """Return the gradient of `depthwise` by its images.

    Args:
        sizes: the four sizes of the images.
        w: the filters.
        dy: the gradient of the result.
        stride: as for `depthwise`.
        padding: as for `depthwise`.
        out: an array for the result, of any layout.
    """
    axes = _axes(sizes, w.shape, stride, padding)
    many, dtype = w.shape[3], accumulator(dy.dtype)
    channels = sizes[3] * many
    dx = result_buffer(tuple(sizes), dy.dtype, None) if out is None else out
    flat = w.astype(dtype, copy=False).reshape(*w.shape[:2], channels)
    factors = _rows_of_taps(flat, axes[1].out)
    images = max(1, BLOCK_BYTES // max(1, sizes[1] * sizes[2] * channels * dtype.itemsize))
    for i in range(0, sizes[0], images):
        grads = dy[i : i + images].astype(dtype, copy=False)
        sums = np.zeros((len(grads), *sizes[1:3], channels), dtype)
        for tap in taps(axes):
            columns = tap.windows[2]
            factor = factors[tap.at]
            if len(factor) > 1:
                factor = factor[: columns.stop - columns.start]
            target = sums[tap.read]
            target += grads[tap.windows] * factor
        if many != 1:
            sums = sums.reshape(*sums.shape[:3], sizes[3], many).sum(-1)
        dx[i : i + images] = sums
    return dx


def depthwise_backprop_filter(
    x: Array, sizes: Sequence[int], dy: Array, stride: int, padding: str
) -> Array:
    """Return the gradient of `depthwise` by its filters, `[kh, kw, c, m]`.

    Args:
        x: the images.
        sizes: the four sizes of the filters.
        dy: the gradient of the result.
        stride: as for `depthwise`.
        padding: as for `depthwise`.
    """
    axes = _axes(x.shape, sizes, stride, padding)
    many, dtype = sizes[3], accumulator(dy.dtype)
    channels = x.shape[3] * many
    total = np.zeros((*sizes[:2], channels), dtype)
    row_bytes = axes[1].out * channels * dtype.itemsize
    for images, rows, part in _parts(x.shape[0], axes, row_bytes) if channels else ():
        wide = _Band(x[images], part[0], many, dtype)
        grads = dy[images, rows].astype(dtype, copy=False)
        for tap in taps(part):
            product = (wide[tap.read] * grads[tap.windows]).reshape(-1, channels)
            total[tap.at] += np.dot(np.ones(len(product), dtype), product)
    return total.reshape(tuple(sizes)).astype(dy.dtype, copy=False)
