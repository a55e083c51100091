"""Two-dimensional convolution and its two gradients, on NumPy arrays.

In: arrays and the attributes of TensorFlow's `Conv2D`. Out: a C-contiguous array. A convolution is
a matrix product of *patches* (one row per output pixel) and the filter. All patches at once would
leave the cache, so blocks of some images, or of some rows of one large image, are gathered into
one reused buffer and multiplied at once.

float16 and bfloat16 are multiplied and summed in float32 and rounded once, which is closer to the
exact value than TensorFlow's sums in half precision.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

__all__ = [
    "conv2d",
    "conv2d_backprop_filter",
    "conv2d_backprop_input",
    "conv_output_size",
    "padding_amounts",
]

Array = npt.NDArray[Any]
Block = tuple[slice, slice, Array]

BLOCK_BYTES = 1 << 20  # of patches: measured best between half and all of the second level cache
_FEW_CHANNELS = 8  # below, runs of one patch row are too short to copy: gather columns instead


# --- geometry ---


def padding_amounts(
    size: int,
    kernel: int,
    stride: int,
    dilation: int,
    padding: str,
    explicit: tuple[int, int] = (0, 0),
) -> tuple[int, int, int]:
    """Return `(output size, padding before, padding after)` of one dimension.

    Args:
        size: Of the input.
        kernel: Of the filter or pooling window.
        stride: Step between windows.
        dilation: Step between the taps of one window.
        padding: `SAME`, `VALID` or `EXPLICIT`. An odd `SAME` padding has its larger half after.
        explicit: The amounts for `EXPLICIT`.

    Raises:
        ValueError: The window is larger than the padded input, or `padding` is none of the three.
    """
    reach = (kernel - 1) * dilation + 1
    if padding == "SAME":
        out = -(-size // stride)
        needed = max(0, (out - 1) * stride + reach - size)
        return out, needed // 2, needed - needed // 2
    if padding not in ("VALID", "EXPLICIT"):
        raise ValueError(f"padding must be SAME, VALID or EXPLICIT, not {padding!r}")
    before, after = explicit if padding == "EXPLICIT" else (0, 0)
    room = size + before + after - reach
    if room < 0:
        raise ValueError(
            f"Negative dimension size caused by subtracting {reach} from {room + reach}"
        )
    return room // stride + 1, before, after


def conv_output_size(
    size: int | None,
    kernel: int | None,
    stride: int,
    dilation: int,
    padding: str,
    explicit: tuple[int, int] = (0, 0),
) -> int | None:
    """Return the output size of one dimension, or None where an unknown size decides it.

    >>> conv_output_size(28, 5, 2, 1, "SAME"), conv_output_size(28, 5, 2, 1, "VALID")
    (14, 12)
    """
    if size is None or (kernel is None and padding != "SAME"):
        return None
    return padding_amounts(size, kernel or 1, stride, dilation, padding, explicit)[0]


@dataclass(frozen=True, slots=True)
class Axis:
    """The geometry of one spatial dimension."""

    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int
    out: int

    @property
    def reach(self) -> int:
        """How many input positions one window spans."""
        return (self.kernel - 1) * self.dilation + 1

    def mirrored(self) -> Axis:
        """The geometry by which a unit-stride input gradient slides over the output gradient."""
        before = self.reach - 1 - self.before
        after = self.size - self.out + self.before
        return Axis(self.out, self.kernel, 1, self.dilation, before, after, self.size)


@dataclass(frozen=True, slots=True)
class _Spec:
    """The attributes of one convolution, with its spatial dimensions found in `data_format`."""

    channels_last: bool
    strides: tuple[int, int]
    dilations: tuple[int, int]
    padding: str
    explicit: tuple[tuple[int, int], tuple[int, int]]

    def axes(self, height: int, width: int, kernel: Sequence[int]) -> tuple[Axis, Axis]:
        """The geometry of rows and columns for an input and a filter of these sizes."""
        return self._axis(0, height, kernel[0]), self._axis(1, width, kernel[1])

    def _axis(self, which: int, size: int, kernel: int) -> Axis:
        stride, dilation = self.strides[which], self.dilations[which]
        out, before, after = padding_amounts(
            size, kernel, stride, dilation, self.padding, self.explicit[which]
        )
        return Axis(size, kernel, stride, dilation, before, after, out)

    def last(self, array: Array) -> Array:
        """The same array seen with its channels last."""
        return array if self.channels_last else array.transpose(0, 2, 3, 1)

    def shape(self, n: int, height: int, width: int, channels: int) -> tuple[int, ...]:
        """The shape of an image batch in `data_format`."""
        return (n, height, width, channels) if self.channels_last else (n, channels, height, width)


def _spec(
    strides: Sequence[int],
    padding: str,
    explicit_paddings: Sequence[int],
    data_format: str,
    dilations: Sequence[int],
) -> _Spec:
    """Check the attributes and pick the spatial ones.

    Raises:
        ValueError: A list without four entries, or a stride, dilation or padding in the batch or
            depth dimension.
    """
    if data_format not in ("NHWC", "NCHW"):
        raise ValueError(f"data_format must be NHWC or NCHW, not {data_format!r}")
    last = data_format == "NHWC"
    (h, w), rest = ((1, 2), (0, 3)) if last else ((2, 3), (0, 1))
    for name, values in (("strides", strides), ("dilations", dilations)):
        if len(values) != 4:
            raise ValueError(f"Sliding window {name} field must specify 4 dimensions")
        if values[rest[0]] != 1 or values[rest[1]] != 1:
            raise ValueError(
                "Current implementation does not yet support "
                f"{name} in the batch and depth dimensions."
            )
    pads = list(explicit_paddings) if padding == "EXPLICIT" else [0] * 8
    if len(pads) != 8 or any(pads[2 * axis + side] for axis in rest for side in (0, 1)):
        raise ValueError(
            "explicit_paddings must have 8 entries, zero in the batch and depth dimensions"
        )
    explicit = (pads[2 * h], pads[2 * h + 1]), (pads[2 * w], pads[2 * w + 1])
    return _Spec(last, (strides[h], strides[w]), (dilations[h], dilations[w]), padding, explicit)


# --- patches ---


def accumulator(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype in which products of `dtype` are summed."""
    return np.dtype(np.float32) if dtype.itemsize == 2 else dtype


def inside(size: int, before: int, after: int) -> tuple[slice, slice]:
    """Where a dimension's values stand in its padded form, and which of them.

    A negative padding, which input gradients of heavily padded convolutions have, drops values.
    """
    start, stop = max(0, -before), size - max(0, -after)
    return slice(before + start, before + stop), slice(start, stop)


class _Padder:
    """Gives blocks of images with their padding, from one reused buffer where one is needed."""

    def __init__(self, x: Array, rows: Axis, cols: Axis, images: int, dtype: np.dtype[Any]) -> None:
        self.x = x
        self.needed = any((rows.before, rows.after, cols.before, cols.after))
        if self.needed:
            height, width = (a.before + a.size + a.after for a in (rows, cols))
            self.buffer = np.zeros((images, height, width, x.shape[3]), dtype)
            self.to_rows, self.from_rows = inside(rows.size, rows.before, rows.after)
            self.to_cols, self.from_cols = inside(cols.size, cols.before, cols.after)

    def block(self, start: int, stop: int) -> Array:
        """The images from `start` to `stop`, padded."""
        if not self.needed:
            return self.x[start:stop]
        padded = self.buffer[: stop - start]
        padded[:, self.to_rows, self.to_cols] = self.x[start:stop, self.from_rows, self.from_cols]
        return padded


def _windows(padded: Array, rows: Axis, cols: Axis) -> Array:
    """View `[n, h, w, c]` as its windows `[n, out h, out w, kernel h, kernel w, c]`."""
    n, _, _, channels = padded.shape
    sn, sh, sw, sc = padded.strides
    return as_strided(
        padded,
        (n, rows.out, cols.out, rows.kernel, cols.kernel, channels),
        (sn, sh * rows.stride, sw * cols.stride, sh * rows.dilation, sw * cols.dilation, sc),
        writeable=False,
    )


def _tiling(n: int, rows: Axis, row_bytes: int) -> tuple[int, int]:
    """How many images and how many output rows of each make one block of patches."""
    images = images_together(n, rows.out, row_bytes)
    if row_bytes * rows.out > 2 * BLOCK_BYTES:
        return 1, max(1, BLOCK_BYTES // row_bytes)
    return images, max(1, rows.out)


def images_together(n: int, height: int, row_bytes: int) -> int:
    """How many images are multiplied at once, of patches with so many output rows and bytes."""
    image_bytes = max(1, row_bytes * height)
    return 1 if image_bytes > 2 * BLOCK_BYTES else max(1, min(n, BLOCK_BYTES // image_bytes))


def _patches(x: Array, rows: Axis, cols: Axis, dtype: np.dtype[Any]) -> Iterator[Block]:
    """Yield `(images, output rows, patches [pixels, kernel h * kernel w * c])`, block by block.

    The patches are reused from block to block, and may be a transposed view or a view of `x`.
    """
    n, channels = x.shape[0], x.shape[3]
    depth = rows.kernel * cols.kernel * channels
    images, height = _tiling(n, rows, cols.out * depth * dtype.itemsize)
    padder = _Padder(x, rows, cols, images, dtype)
    if not padder.needed and x.dtype == dtype:
        windows = _windows(x, rows, cols)
        if windows.flags.c_contiguous:
            # A 1x1 filter, or one of the images' size: the patches are the input itself.
            yield slice(0, n), slice(0, rows.out), windows.reshape(-1, depth)
            return
    gather = _by_column if channels < _FEW_CHANNELS else _by_row
    buffer = np.empty(min(images, n) * min(height, rows.out) * cols.out * depth, dtype)
    for i in range(0, n, images):
        stop = min(n, i + images)
        windows = _windows(padder.block(i, stop), rows, cols)
        for r in range(0, rows.out, height):
            part = windows[:, r : r + height]
            yield slice(i, stop), slice(r, r + part.shape[1]), gather(part, buffer, depth)


def _by_row(windows: Array, buffer: Array, depth: int) -> Array:
    """Copy windows to a matrix with one patch a row."""
    flat = buffer[: windows.size]
    np.copyto(flat.reshape(windows.shape), windows)
    return flat.reshape(-1, depth)


def _by_column(windows: Array, buffer: Array, depth: int) -> Array:
    """Copy windows to a matrix with one filter tap a row, whose runs are whole image rows."""
    taps = windows.transpose(3, 4, 5, 0, 1, 2)
    flat = buffer[: windows.size]
    np.copyto(flat.reshape(taps.shape), taps)
    return flat.reshape(depth, -1).T


def _correlate(x: Array, w: Array, y: Array, rows: Axis, cols: Axis) -> None:
    """Write the convolution of `x` [n, h, w, ci] with `w` [kh, kw, ci, co] to `y`, any layout."""
    if not y.size or not w.size:
        y[...] = 0
        return
    dtype, channels = w.dtype, w.shape[3]
    matrix = w.reshape(-1, channels)
    direct = y.flags.c_contiguous and y.dtype == dtype
    for images, height, patches in _patches(x, rows, cols, dtype):
        part = y[images, height]
        if direct:
            np.dot(patches, matrix, out=part.reshape(-1, channels))
        else:
            np.copyto(part, np.dot(patches, matrix).reshape(part.shape), casting="unsafe")


def _scatter(dy: Array, w: Array, dx: Array, rows: Axis, cols: Axis) -> None:
    """Write the input gradient to `dx`: patches of `dy`, added up."""
    n, channels = dx.shape[0], dx.shape[3]
    kernel = (rows.kernel, cols.kernel, channels)
    matrix = w.reshape(-1, w.shape[3]).T
    images, height = _tiling(n, rows, cols.out * matrix.shape[1] * w.itemsize)
    whole = [max(a.before + a.size + a.after, a.reach) for a in (rows, cols)]
    padded = np.empty((images, *whole, channels), w.dtype)
    for i in range(0, n, images):
        sums = padded[: min(images, n - i)]
        sums[...] = 0
        for r in range(0, rows.out, height):
            part = dy[i : i + images, r : r + height].astype(w.dtype, copy=False)
            taps = np.dot(part.reshape(-1, w.shape[3]), matrix).reshape(*part.shape[:3], *kernel)
            _add_taps(sums[:, r * rows.stride :], taps, rows, cols)
        inner = sums[:, rows.before :, cols.before :][:, : rows.size, : cols.size]
        np.copyto(dx[i : i + images], inner, casting="unsafe")


def _add_taps(sums: Array, taps: Array, rows: Axis, cols: Axis) -> None:
    """Add `taps` [n, out h, out w, kernel h, kernel w, c] where they were read in `sums`."""
    height, width = taps.shape[1:3]
    for a in range(rows.kernel):
        top = a * rows.dilation
        band = sums[:, top : top + (height - 1) * rows.stride + 1 : rows.stride]
        if width < cols.kernel:  # fewer places than taps: a place's taps lie side by side
            for j in range(width):
                left = j * cols.stride
                target = band[
                    :, :, left : left + (cols.kernel - 1) * cols.dilation + 1 : cols.dilation
                ]
                np.add(target, taps[:, :, j, a], out=target)
            continue
        for b in range(cols.kernel):
            left = b * cols.dilation
            target = band[:, :, left : left + (width - 1) * cols.stride + 1 : cols.stride]
            np.add(target, taps[:, :, :, a, b], out=target)


# --- arguments ---


def result_buffer(shape: tuple[int, ...], dtype: np.dtype[Any], out: Array | None) -> Array:
    """Return `out` after a check, or a new array."""
    if out is None:
        return np.empty(shape, dtype)
    if out.shape != shape or out.dtype != dtype or not out.flags.c_contiguous:
        raise ValueError(
            f"out must be C-contiguous {dtype} {list(shape)}, got {out.dtype} {list(out.shape)}"
        )
    return out


def group_count(input_depth: int, filter_shape: Sequence[int]) -> int:
    """In how many groups a filter `[kh, kw, ci, co]` divides the input's channels.

    Raises:
        ValueError: The depths do not divide.
    """
    depth, out_depth = filter_shape[2:]
    if depth == input_depth:
        return 1
    if depth == 0 or input_depth % depth:
        raise ValueError(
            f"input depth must be evenly divisible by filter depth: {input_depth} vs {depth}"
        )
    groups = input_depth // depth
    if groups == 0 or out_depth % groups:
        raise ValueError(
            f"output depth {out_depth} must be evenly divisible by the {groups} groups"
        )
    return groups


def group_channels(array: Array, group: int, groups: int) -> Array:
    """The channels (last dimension) of one group."""
    width = array.shape[-1] // groups
    return array[..., group * width : (group + 1) * width]


def _check_gradient(dy: Array, rows: Axis, cols: Axis, n: int, channels: int) -> None:
    """Raise a ValueError unless the output gradient (channels last) has the output's shape."""
    wanted = (n, rows.out, cols.out, channels)
    if dy.shape != wanted:
        raise ValueError(
            f"out_backprop has the sizes {list(dy.shape)} (as NHWC), expected {list(wanted)}"
        )


# --- Conv2D ---


def conv2d(
    x: Array,
    w: Array,
    *,
    strides: Sequence[int],
    padding: str,
    explicit_paddings: Sequence[int] = (),
    data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
    out: Array | None = None,
) -> Array:
    """Return the convolution (cross-correlation) of images with filters.

    Args:
        x: Images, `[n, h, w, ci]` or, for NCHW, `[n, ci, h, w]`; any memory layout.
        w: Filters `[kh, kw, ci / groups, co]`. An input with a multiple of the filter's depth is
            convolved in groups, as later TensorFlows do; 1.15 refuses that on a CPU.
        strides: Four entries in the order of `data_format`, one for batch and depth.
        padding: `SAME`, `VALID` or `EXPLICIT`.
        explicit_paddings: Eight amounts for `EXPLICIT`: before and after each dimension.
        data_format: `NHWC` or `NCHW`.
        dilations: As `strides`.
        out: A C-contiguous array for the result.

    Returns:
        `[n, oh, ow, co]` or `[n, co, oh, ow]`, of the dtype of `x`.

    Raises:
        ValueError: Attributes or shapes that do not fit.
    """
    spec = _spec(strides, padding, explicit_paddings, data_format, dilations)
    x = spec.last(x)
    groups = group_count(x.shape[3], w.shape)
    rows, cols = spec.axes(x.shape[1], x.shape[2], w.shape)
    result = result_buffer(spec.shape(x.shape[0], rows.out, cols.out, w.shape[3]), x.dtype, out)
    y, w = spec.last(result), w.astype(accumulator(x.dtype), copy=False)
    for g in range(groups):
        _correlate(
            group_channels(x, g, groups),
            np.ascontiguousarray(group_channels(w, g, groups)),
            group_channels(y, g, groups),
            rows,
            cols,
        )
    return result


def conv2d_backprop_input(
    input_sizes: Sequence[int],
    w: Array,
    dy: Array,
    *,
    strides: Sequence[int],
    padding: str,
    explicit_paddings: Sequence[int] = (),
    data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
    out: Array | None = None,
) -> Array:
    """Return the gradient of `conv2d` by its images.

    Args:
        input_sizes: Four sizes of the images, in the order of `data_format`.
        w: The filters.
        dy: The gradient of the result.
        strides: As for `conv2d`, and so are the others.
        padding: As for `conv2d`.
        explicit_paddings: As for `conv2d`.
        data_format: As for `conv2d`.
        dilations: As for `conv2d`; TensorFlow 1.15 refuses them here on a CPU.
        out: A C-contiguous array for the result.

    Raises:
        ValueError: Attributes or shapes that do not fit.
    """
    spec = _spec(strides, padding, explicit_paddings, data_format, dilations)
    result = result_buffer(tuple(int(size) for size in input_sizes), dy.dtype, out)
    dx, dy = spec.last(result), spec.last(dy)
    groups = group_count(dx.shape[3], w.shape)
    rows, cols = spec.axes(dx.shape[1], dx.shape[2], w.shape)
    _check_gradient(dy, rows, cols, dx.shape[0], w.shape[3])
    w = w.astype(accumulator(dy.dtype), copy=False)
    for g in range(groups):
        grads, filters, target = (group_channels(array, g, groups) for array in (dy, w, dx))
        _input_gradient(grads, filters, target, rows, cols)
    return result


def _input_gradient(dy: Array, w: Array, dx: Array, rows: Axis, cols: Axis) -> None:
    """Write the input gradient of one group to `dx`.

    A convolution of `dy` needs it padded by the filter: not where that makes it far larger.
    """
    if not dy.size or not w.size:
        dx[...] = 0
    elif rows.stride == cols.stride == 1 and rows.size * cols.size <= 4 * rows.out * cols.out:
        flipped = np.ascontiguousarray(w[::-1, ::-1].transpose(0, 1, 3, 2))
        _correlate(dy, flipped, dx, rows.mirrored(), cols.mirrored())
    else:
        _scatter(dy, np.ascontiguousarray(w), dx, rows, cols)


def conv2d_backprop_filter(
    x: Array,
    filter_sizes: Sequence[int],
    dy: Array,
    *,
    strides: Sequence[int],
    padding: str,
    explicit_paddings: Sequence[int] = (),
    data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
    out: Array | None = None,
) -> Array:
    """Return the gradient of `conv2d` by its filters, `[kh, kw, ci / groups, co]`.

    Args:
        x: The images.
        filter_sizes: The four sizes of the filters.
        dy: The gradient of the result.
        strides: As for `conv2d`, and so are the others.
        padding: As for `conv2d`.
        explicit_paddings: As for `conv2d`.
        data_format: As for `conv2d`.
        dilations: As for `conv2d`; TensorFlow 1.15 refuses them here on a CPU.
        out: A C-contiguous array for the result.

    Raises:
        ValueError: Attributes or shapes that do not fit.
    """
    spec = _spec(strides, padding, explicit_paddings, data_format, dilations)
    shape = tuple(int(size) for size in filter_sizes)
    x, dy = spec.last(x), spec.last(dy)
    groups = group_count(x.shape[3], shape)
    rows, cols = spec.axes(x.shape[1], x.shape[2], shape)
    _check_gradient(dy, rows, cols, x.shape[0], shape[3])
    result = result_buffer(shape, dy.dtype, out)
    for g in range(groups):
        images, grads = (group_channels(array, g, groups) for array in (x, dy))
        gradient = _filter_gradient(images, grads, rows, cols)
        target = group_channels(result, g, groups)
        np.copyto(target, gradient.reshape(target.shape), casting="unsafe")
    return result


def _filter_gradient(x: Array, dy: Array, rows: Axis, cols: Axis) -> Array:
    """Return the filter gradient of one group as a matrix `[kh * kw * ci, co]`."""
    dtype, channels = accumulator(dy.dtype), dy.shape[3]
    total = np.zeros((rows.kernel * cols.kernel * x.shape[3], channels), dtype)
    if not dy.size or not total.size:
        return total
    product = np.empty_like(total)
    for images, height, patches in _patches(x, rows, cols, dtype):
        part = dy[images, height].astype(dtype, copy=False).reshape(-1, channels)
        np.dot(patches.T, part, out=product)
        total += product
    return total
