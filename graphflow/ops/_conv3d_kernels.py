"""Three-dimensional convolution and its two gradients, on NumPy arrays.

In: volumes and the attributes of TensorFlow's `Conv3D`. Out: a C-contiguous array. As in two
dimensions, a convolution is a matrix product of patches and the filter, tile by tile: a tile is as
many output pixels, rows, planes or volumes as the cache holds. The kernels see channels last;
`NCDHW` arrays come as transposed views.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from graphflow.ops._conv_kernels import (
    BLOCK_BYTES,
    Axis,
    accumulator,
    group_channels,
    group_count,
    inside,
    padding_amounts,
    result_buffer,
)

__all__ = ["channels_last", "conv3d", "conv3d_backprop_filter", "conv3d_backprop_input"]

Array = npt.NDArray[Any]
Axes = tuple[Axis, Axis, Axis]
Tile = tuple[slice, slice, slice]
"""Which volumes, planes and rows of the output; a tile has all columns."""


def channels_last(array: Array, data_format: str) -> Array:
    """The same volumes seen with their channels last."""
    return array if data_format == "NDHWC" else array.transpose(0, 2, 3, 4, 1)


def _axes(sizes: Sequence[int], kernel: Sequence[int], attrs: dict[str, Any]) -> Axes:
    """The geometry of planes, rows and columns."""
    first = 1 if attrs["data_format"] == "NDHWC" else 2
    found = []
    for i in range(3):
        stride, dilation = attrs["strides"][first + i], attrs["dilations"][first + i]
        made = padding_amounts(sizes[i], kernel[i], stride, dilation, attrs["padding"])
        found.append(Axis(sizes[i], kernel[i], stride, dilation, made[1], made[2], made[0]))
    return found[0], found[1], found[2]


# --- patches ---
def _tiles(n: int, axes: Axes, row_bytes: int) -> Iterator[Tile]:
    """The output in tiles, whose patches fill the cache and no more."""
    planes, rows, _ = axes
    room = max(1, BLOCK_BYTES // max(1, row_bytes))
    high = min(rows.out, room)
    deep = min(planes.out, max(1, room // high)) if high == rows.out else 1
    many = max(1, room // (high * deep)) if deep == planes.out else 1
    for i in range(0, n, many):
        for p in range(0, planes.out, deep):
            for r in range(0, rows.out, high):
                yield (
                    slice(i, min(n, i + many)),
                    slice(p, min(planes.out, p + deep)),
                    slice(r, min(rows.out, r + high)),
                )


def _padded(x: Array, axes: Axes) -> Array:
    """The volumes with the zeros around them; without any, the volumes themselves."""
    if not any(a.before or a.after for a in axes):
        return x
    sizes = [a.before + a.size + a.after for a in axes]
    padded = np.zeros((x.shape[0], *sizes, x.shape[4]), x.dtype)
    pairs = [inside(a.size, a.before, a.after) for a in axes]
    whole = slice(None)
    padded[(whole, *(to for to, _ in pairs))] = x[(whole, *(of for _, of in pairs))]
    return padded


def _windows(padded: Array, axes: Axes) -> Array:
    """View `[n, d, h, w, c]` as `[n, *out sizes, *kernel sizes, c]`."""
    steps = padded.strides
    shape = (padded.shape[0], *(a.out for a in axes), *(a.kernel for a in axes), padded.shape[4])
    outer = [s * a.stride for s, a in zip(steps[1:4], axes, strict=True)]
    inner = [s * a.dilation for s, a in zip(steps[1:4], axes, strict=True)]
    return as_strided(padded, shape, (steps[0], *outer, *inner, steps[4]), writeable=False)


def _patches(x: Array, axes: Axes, dtype: np.dtype[Any]) -> Iterator[tuple[Tile, Array]]:
    """Yield tiles of the output and their patches `[pixels, taps * c]`, in one reused buffer."""
    depth = x.shape[4] * axes[0].kernel * axes[1].kernel * axes[2].kernel
    windows = _windows(_padded(x, axes), axes)
    buffer = np.empty(0, dtype)
    for tile in _tiles(x.shape[0], axes, axes[2].out * depth * dtype.itemsize):
        part = windows[tile]
        if part.dtype == dtype and part.flags.c_contiguous:
            yield tile, part.reshape(-1, depth)
            continue
        if buffer.size < part.size:
            buffer = np.empty(part.size, dtype)
        flat = buffer[: part.size]
        np.copyto(flat.reshape(part.shape), part)
        yield tile, flat.reshape(-1, depth)


# --- one group ---
def _correlate(x: Array, w: Array, y: Array, axes: Axes) -> None:
    """Write the convolution of `x` with `w` [kd, kh, kw, ci, co] to `y`, of any layout."""
    if not y.size or not w.size:
        y[...] = 0
        return
    matrix = w.reshape(-1, w.shape[4])
    for tile, patches in _patches(x, axes, w.dtype):
        part = y[tile]
        np.copyto(part, np.dot(patches, matrix).reshape(part.shape), casting="unsafe")


def _scatter(dy: Array, w: Array, dx: Array, axes: Axes) -> None:
    """Write the input gradient of a strided convolution to `dx`: patches of `dy`, added up."""
    n, channels = dx.shape[0], dx.shape[4]
    matrix = w.reshape(-1, w.shape[4]).T
    sizes = [max(a.before + a.size + a.after, a.reach) for a in axes]
    sums = np.zeros((n, *sizes, channels), w.dtype)
    for tile in _tiles(n, axes, axes[2].out * matrix.shape[1] * w.itemsize):
        part = dy[tile].astype(w.dtype, copy=False)
        taps = np.dot(part.reshape(-1, w.shape[4]), matrix)
        many, planes, rows = tile
        shifted = sums[many, planes.start * axes[0].stride :, rows.start * axes[1].stride :]
        _add_taps(shifted, taps.reshape(*part.shape[:4], *w.shape[:3], channels), axes)
    inner = [slice(a.before, a.before + a.size) for a in axes]
    np.copyto(dx, sums[(slice(None), *inner)], casting="unsafe")


def _add_taps(sums: Array, taps: Array, axes: Axes) -> None:
    """Add `taps` [n, *outputs, *kernel, c] where they were read in `sums`."""
    for tap in np.ndindex(*taps.shape[4:7]):
        where = [
            slice(t * a.dilation, t * a.dilation + (count - 1) * a.stride + 1, a.stride)
            for t, a, count in zip(tap, axes, taps.shape[1:4], strict=True)
        ]
        target = sums[(slice(None), *where)]
        np.add(target, taps[(slice(None),) * 4 + tap], out=target)


def _input_gradient(dy: Array, w: Array, dx: Array, axes: Axes) -> None:
    """Write the input gradient of one group to `dx`."""
    if not dy.size or not w.size:
        dx[...] = 0
    elif all(a.stride == 1 for a in axes):
        flipped = np.ascontiguousarray(w[::-1, ::-1, ::-1].transpose(0, 1, 2, 4, 3))
        planes, rows, cols = (a.mirrored() for a in axes)
        _correlate(dy, flipped, dx, (planes, rows, cols))
    else:
        _scatter(dy, np.ascontiguousarray(w), dx, axes)


def _filter_gradient(x: Array, dy: Array, axes: Axes, shape: tuple[int, ...]) -> Array:
    """Return the filter gradient of one group as a matrix `[taps * ci, co]`."""
    dtype, channels = accumulator(dy.dtype), dy.shape[4]
    total = np.zeros((int(np.prod(shape[:4])), channels), dtype)
    if not dy.size or not total.size:
        return total
    for tile, patches in _patches(x, axes, dtype):
        part = dy[tile].astype(dtype, copy=False).reshape(-1, channels)
        total += np.dot(patches.T, part)
    return total


# --- Conv3D ---
def conv3d(x: Array, w: Array, out: Array | None = None, **attrs: Any) -> Array:
    """Return the convolution (cross-correlation) of volumes with filters.

    Args:
        x: volumes, `[n, d, h, w, ci]` or, for NCDHW, `[n, ci, d, h, w]`.
        w: filters `[kd, kh, kw, ci / groups, co]`.
        out: a C-contiguous array for the result.
        **attrs: `strides` and `dilations` with five entries, `padding` (SAME or VALID) and
            `data_format`.

    Raises:
        ValueError: Attributes or shapes that do not fit.
    """
    layout = attrs["data_format"]
    last = channels_last(x, layout)
    groups = group_count(last.shape[4], w.shape[1:])
    axes = _axes(last.shape[1:4], w.shape, attrs)
    outs = tuple(a.out for a in axes)
    n, channels = last.shape[0], w.shape[4]
    shape = (n, *outs, channels) if layout == "NDHWC" else (n, channels, *outs)
    result = result_buffer(shape, x.dtype, out)
    y, w = channels_last(result, layout), w.astype(accumulator(x.dtype), copy=False)
    for g in range(groups):
        filters = np.ascontiguousarray(group_channels(w, g, groups))
        _correlate(group_channels(last, g, groups), filters, group_channels(y, g, groups), axes)
    return result


def conv3d_backprop_input(
    sizes: Sequence[int], w: Array, dy: Array, out: Array | None = None, **attrs: Any
) -> Array:
    """Return the gradient of `conv3d` by its volumes.

    Args:
        sizes: the five sizes of the volumes.
        w: the filters.
        dy: the gradient of the result.
        out: a C-contiguous array for the result.
        **attrs: as for `conv3d`.
    """
    layout = attrs["data_format"]
    result = result_buffer(tuple(sizes), dy.dtype, out)
    dx, dy = channels_last(result, layout), channels_last(dy, layout)
    groups = group_count(dx.shape[4], w.shape[1:])
    axes = _axes(dx.shape[1:4], w.shape, attrs)
    w = w.astype(accumulator(dy.dtype), copy=False)
    for g in range(groups):
        grads, filters, target = (group_channels(array, g, groups) for array in (dy, w, dx))
        _input_gradient(grads, filters, target, axes)
    return result


def conv3d_backprop_filter(
    x: Array, sizes: Sequence[int], dy: Array, out: Array | None = None, **attrs: Any
) -> Array:
    """Return the gradient of `conv3d` by its filters.

    Args:
        x: the volumes.
        sizes: the five sizes of the filters.
        dy: the gradient of the result.
        out: a C-contiguous array for the result.
        **attrs: as for `conv3d`.
    """
    layout = attrs["data_format"]
    shape = tuple(sizes)
    x, dy = channels_last(x, layout), channels_last(dy, layout)
    groups = group_count(x.shape[4], shape[1:])
    axes = _axes(x.shape[1:4], shape, attrs)
    result = result_buffer(shape, dy.dtype, out)
    for g in range(groups):
        parts = group_channels(x, g, groups), group_channels(dy, g, groups)
        target = group_channels(result, g, groups)
        made = _filter_gradient(*parts, axes, shape)
        np.copyto(target, made.reshape(target.shape), casting="unsafe")
    return result
