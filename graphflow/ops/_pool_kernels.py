"""Max and average pooling and their gradients, on NumPy arrays.

In: arrays and the attributes of TensorFlow's pooling ops. Out: C-contiguous arrays. Python loops
over the taps of one window only; a tap of all windows is one strided view. Blocks of some images
keep the work arrays in the cache.

Sums are taken in TensorFlow's order, so averages and gradients are equal to its bit for bit, also
in float16.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

from graphflow.ops._conv_kernels import padding_amounts, result_buffer
from graphflow.ops._taps import TapAxis

__all__ = [
    "avg_pool",
    "avg_pool_grad",
    "max_pool",
    "max_pool_grad",
    "max_pool_grad_grad",
    "max_pool_grad_grad_with_argmax",
    "max_pool_grad_with_argmax",
    "max_pool_with_argmax",
]

Array = npt.NDArray[Any]
Index = tuple[slice, ...]

BLOCK_BYTES = 1 << 19  # of input: measured best for windows of 2x2 with 32 and 64 channels

_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
_ALL = slice(None)


# --- geometry ---


@dataclass(frozen=True, slots=True)
class _Pool:
    """One pooling: its two pooled dimensions and where they stand."""

    rows: TapAxis
    cols: TapAxis
    axis: int  # of the rows; the columns follow

    def index(self, rows: slice, cols: slice) -> Index:
        """An index that picks `rows` and `cols` of a batch."""
        return (*(_ALL,) * self.axis, rows, cols)

    def taps(self) -> list[tuple[int, Index, Index]]:
        """`(number in the window, windows, what is read)` for each tap, in row-major order."""
        return [
            (a * self.cols.window + b, self.index(r.out, c.out), self.index(r.read, c.read))
            for a, r in enumerate(self.rows.spans())
            for b, c in enumerate(self.cols.spans())
            if r is not None and c is not None
        ]

    def output_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """The shape of the result for an input of `shape`."""
        pooled = list(shape)
        pooled[self.axis : self.axis + 2] = self.rows.out, self.cols.out
        return tuple(pooled)


def _axis(size: int, window: int, stride: int, padding: str) -> TapAxis:
    if padding not in ("SAME", "VALID"):
        raise ValueError(f"padding must be SAME or VALID, not {padding!r}")
    out, before, _ = padding_amounts(size, window, stride, 1, padding)
    return TapAxis(size, window, stride, 1, before, out)


def _depth_axis(data_format: str) -> int:
    if data_format not in ("NHWC", "NCHW"):
        raise ValueError(f"data_format must be NHWC or NCHW, not {data_format!r}")
    return 3 if data_format == "NHWC" else 1


def _pool(
    shape: Sequence[int],
    ksize: Sequence[int],
    strides: Sequence[int],
    padding: str,
    data_format: str,
) -> _Pool:
    """Check the attributes of a spatial pooling and find its dimensions.

    Raises:
        ValueError: Not four dimensions, or a window over the batch or depth dimension.
    """
    for name, values in (("input", shape), ("ksize", ksize), ("strides", strides)):
        if len(values) != 4:
            raise ValueError(f"Sliding window {name} field must specify 4 dimensions")
    if ksize[0] != 1 or strides[0] != 1:
        raise ValueError("Pooling is not yet supported on the batch dimension.")
    depth = _depth_axis(data_format)
    axis = 1 if depth == 3 else 2
    if ksize[depth] != 1 or strides[depth] != 1:
        raise ValueError("Non-spatial pooling is not yet supported on the depth dimension.")
    rows, cols = (_axis(shape[a], ksize[a], strides[a], padding) for a in (axis, axis + 1))
    return _Pool(rows, cols, axis)


def _depth_pool(
    shape: Sequence[int], ksize: Sequence[int], strides: Sequence[int], data_format: str
) -> _Pool | None:
    """The pooling over channels that the attributes ask for, or None if they are spatial.

    Raises:
        ValueError: The window is not the stride, does not divide the depth, or is not alone.
    """
    depth = _depth_axis(data_format)
    if len(ksize) != 4 or len(shape) != 4 or ksize[depth] == 1:
        return None
    window = ksize[depth]
    if any(ksize[a] != 1 for a in range(4) if a != depth):
        raise ValueError(
            "MaxPooling supports exactly one of pooling across depth or pooling across width/height"
        )
    if shape[depth] % window:
        raise ValueError(
            "Depthwise max pooling requires the depth window to evenly divide the input depth"
        )
    if strides[depth] != window:
        raise ValueError("Depthwise max pooling requires the depth window to equal the stride")
    channels = _axis(shape[depth], window, window, "VALID")
    other = _axis(shape[2], 1, 1, "VALID")
    # The pair of dimensions that `_Pool` covers starts with the depth, or ends with it.
    return _Pool(other, channels, 2) if depth == 3 else _Pool(channels, other, 1)


def _geometry(
    shape: Sequence[int],
    ksize: Sequence[int],
    strides: Sequence[int],
    padding: str,
    data_format: str,
) -> _Pool:
    """The geometry of a max pooling, over space or over depth."""
    depth = _depth_pool(shape, ksize, strides, data_format)
    return depth or _pool(shape, ksize, strides, padding, data_format)


# --- arguments ---


def _check(name: str, array: Array, wanted: Sequence[int]) -> None:
    if array.shape != tuple(wanted):
        raise ValueError(f"Expected {name} of shape {list(wanted)}, got {list(array.shape)}")


def _blocks(x: Array) -> Iterator[slice]:
    """Slices of the batch whose images together stay in the cache."""
    images = max(1, BLOCK_BYTES // max(1, x[:1].size * x.itemsize))
    return (slice(i, min(i + images, len(x))) for i in range(0, len(x), images))


# --- max ---


def lowest(dtype: np.dtype[Any]) -> Any:
    """The smallest finite value, with which TensorFlow starts a maximum."""
    if dtype.kind in "iu":
        return np.iinfo(dtype).min
    return ml_dtypes.finfo(dtype).min  # type: ignore[no-untyped-call]  # NumPy's lacks bfloat16


def _maximum(dtype: np.dtype[Any]) -> Any:
    """The maximum of two: TensorFlow's pays no attention to NaN."""
    return np.maximum if dtype.kind in "iu" else np.fmax


def _fold(x: Array, y: Array, axis: TapAxis, place: int) -> None:
    """Write the maximum over the windows of one dimension, the `place`-th, to `y`."""
    larger = _maximum(x.dtype)
    before = (_ALL,) * place
    spans = [span for span in axis.spans() if span is not None]
    whole = [s for s in spans if s.out == slice(0, axis.out)]
    if len(whole) > 1:
        larger(x[(*before, whole[0].read)], x[(*before, whole[1].read)], out=y)
    elif whole:
        y[...] = x[(*before, whole[0].read)]
    else:
        y[...] = lowest(x.dtype)
    for span in spans:
        if all(span is not done for done in whole[:2]):
            part = y[(*before, span.out)]
            larger(part, x[(*before, span.read)], out=part)


def _max_into(x: Array, y: Array, pool: _Pool) -> None:
    """Write the maxima of `x` to `y`: over the rows first, whose runs are long."""
    shape = list(x.shape)
    shape[pool.axis] = pool.rows.out
    half = np.empty(shape, x.dtype)
    with np.errstate(invalid="ignore"):  # bfloat16 warns of NaN
        _fold(x, half, pool.rows, pool.axis)
        _fold(half, y, pool.cols, pool.axis + 1)
        if x.dtype.kind not in "iu":
            np.fmax(y, x.dtype.type(lowest(x.dtype)), out=y)


def max_pool(
    x: Array,
    *,
    ksize: Sequence[int],
    strides: Sequence[int],
    padding: str,
    data_format: str = "NHWC",
    out: Array | None = None,
) -> Array:
    """Return the maximum of each window (`MaxPool`), over space or over depth.

    Args:
        x: Images, `[n, h, w, c]` or, for NCHW, `[n, c, h, w]`, of a float or integer dtype.
        ksize: Window sizes, four entries in the order of `data_format`.
        strides: Steps between windows, likewise.
        padding: `SAME` or `VALID`.
        data_format: `NHWC` or `NCHW`; TensorFlow 1.15 knows only the first on a CPU.
        out: A C-contiguous array for the result.

    Raises:
        ValueError: Attributes or shapes that do not fit.

    Note:
        As in TensorFlow, NaN loses against any number, and no result is below the smallest finite
        number: a window of -inf or NaN alone gives that.
    """
    pool = _geometry(x.shape, ksize, strides, padding, data_format)
    y = result_buffer(pool.output_shape(x.shape), x.dtype, out)
    for block in _blocks(x) if y.size else ():
        _max_into(x[block], y[block], pool)
    return y


def _none(pool: _Pool) -> int:
    """A tap number that no tap has."""
    return pool.rows.window * pool.cols.window


def _tap_dtype(pool: _Pool) -> np.dtype[Any]:
    return np.min_scalar_type(_none(pool))


def _first_equal(x: Array, y: Array, pool: _Pool) -> tuple[Array, bool]:
    """The number of the first tap that equals `y`, and whether every window has one.

    Plain arithmetic on small integers: a masked copy would cost several times as much.
    """
    kind: Any = _tap_dtype(pool).type
    winner, free = np.zeros(y.shape, kind), np.ones(y.shape, kind)
    for tap, windows, read in pool.taps():
        hit = (x[read] == y[windows]).astype(kind)
        part = free[windows]
        hit &= part
        part ^= hit
        hit *= kind(tap)
        winner[windows] |= hit
    free *= kind(_none(pool))
    winner |= free
    return winner, not free.any()


def _first_largest(x: Array, pool: _Pool) -> tuple[Array, Array]:
    """The number of the tap from which TensorFlow's argmax comes, and its value.

    The first tap counts whatever it is and only a larger one replaces it, so NaN stays where it
    comes first and is passed over elsewhere.
    """
    shape = pool.output_shape(x.shape)
    winner = np.full(shape, _none(pool), _tap_dtype(pool))
    best = np.zeros(shape, x.dtype)
    for tap, windows, read in pool.taps():
        value, part = x[read], winner[windows]
        with np.errstate(invalid="ignore"):  # bfloat16 warns of NaN
            new = value > best[windows]
        new |= part == _none(pool)
        np.copyto(part, tap, where=new, casting="unsafe")
        np.copyto(best[windows], value, where=new)
    return winner, best


def _has_nan(x: Array) -> bool:
    with np.errstate(invalid="ignore"):
        return x.dtype.kind not in "iu" and bool(x.size) and bool(np.isnan(x.min()))


def _winners(x: Array, y: Array, pool: _Pool) -> Array:
    """The number of the tap that receives each window's gradient."""
    if not _has_nan(x):
        winner, found = _first_equal(x, y, pool)
        if found:
            return winner
    return _first_largest(x, pool)[0]


def _bits(array: Array) -> Array:
    """The same memory as unsigned integers, which multiply by 0 or 1 without exception."""
    return array.view(f"u{array.itemsize}")


def _spread(dy: Array, winner: Array, dx: Array, pool: _Pool) -> None:
    """Add each `dy` to `dx` where its window's winner stands."""
    overlap = pool.rows.window > pool.rows.stride or pool.cols.window > pool.cols.stride
    bits, target = _bits(np.ascontiguousarray(dy)), _bits(dx)
    # Last tap first: so one input's gradients add up in the order of the windows.
    for tap, windows, read in reversed(pool.taps()):
        chosen = (winner[windows] == tap).astype(bits.dtype)
        chosen *= bits[windows]
        if overlap:
            dx[read] += chosen.view(dx.dtype)
        else:
            target[read] = chosen


def _covers(pool: _Pool) -> bool:
    """Whether windows touch every input exactly once."""
    return all(a.window == a.stride and a.size == a.out * a.window for a in (pool.rows, pool.cols))


def max_pool_grad(
    orig_input: Array,
    orig_output: Array,
    grad: Array,
    *,
    ksize: Sequence[int],
    strides: Sequence[int],
    padding: str,
    data_format: str = "NHWC",
    out: Array | None = None,
) -> Array:
    """Return the gradient of `max_pool` by its input (`MaxPoolGrad`).

    Args:
        orig_input: What was pooled.
        orig_output: The maxima.
        grad: The gradient of the maxima.
        ksize: As for `max_pool`, and so are the others.
        strides: As for `max_pool`.
        padding: As for `max_pool`.
        data_format: As for `max_pool`.
        out: A C-contiguous array for the result.

    Raises:
        ValueError: Attributes or shapes that do not fit.

    Note:
        Of equal maxima the first in row-major order gets the whole gradient. A NaN gets it if it is
        the first of its window. TensorFlow's rules, verified with 1.15.5.
    """
    pool = _geometry(orig_input.shape, ksize, strides, padding, data_format)
    shape = pool.output_shape(orig_input.shape)
    _check("orig_output", orig_output, shape)
    _check("grad", grad, shape)
    dx = result_buffer(orig_input.shape, grad.dtype, out)
    if not _covers(pool):
        dx[...] = 0
    for block in _blocks(orig_input) if grad.size else ():
        winner = _winners(orig_input[block], orig_output[block], pool)
        _spread(grad[block], winner, dx[block], pool)
    return dx


def max_pool_grad_grad(
    orig_input: Array,
    orig_output: Array,
    grad: Array,
    *,
    ksize: Sequence[int],
    strides: Sequence[int],
    padding: str,
    data_format: str = "NHWC",
    out: Array | None = None,
) -> Array:
    """Return the gradient of `max_pool_grad` by its `grad` (`MaxPoolGradGrad`).

    Args:
        orig_input: What was pooled.
        orig_output: The maxima.
        grad: The gradient of the input's gradient, of the input's shape.
        ksize: As for `max_pool`, and so are the others.
        strides: As for `max_pool`.
        padding: As for `max_pool`.
        data_format: As for `max_pool`.
        out: A C-contiguous array for the result.

    Raises:
        ValueError: Attributes or shapes that do not fit.

    Note:
        Picks the first element equal to the maximum; zero where a window has none (all NaN).
    """
    pool = _geometry(orig_input.shape, ksize, strides, padding, data_format)
    _check("orig_output", orig_output, pool.output_shape(orig_input.shape))
    _check("grad", grad, orig_input.shape)
    result = result_buffer(orig_output.shape, grad.dtype, out)
    target, bits = _bits(result), _bits(np.ascontiguousarray(grad))
    target[...] = 0
    for block in _blocks(orig_input) if result.size else ():
        winner, _ = _first_equal(orig_input[block], orig_output[block], pool)
        for tap, windows, read in pool.taps():
            chosen = (winner[windows] == tap).astype(bits.dtype)
            chosen *= bits[block][read]
            target[block][windows] |= chosen
    return result


# --- max with argmax ---


def _flat_position(winner: Array, pool: _Pool, shape: Sequence[int]) -> npt.NDArray[np.int64]:
    """Turn tap numbers into positions `(row * width + column) * channels + channel`."""
    _, _, width, channels = shape
    row, col = np.divmod(winner.astype(np.int64), pool.cols.window)
    row += (np.arange(pool.rows.out) * pool.rows.stride - pool.rows.before)[:, None, None]
    col += (np.arange(pool.cols.out) * pool.cols.stride - pool.cols.before)[:, None]
    return (row * width + col) * channels + np.arange(channels)


def _image_offsets(shape: Sequence[int]) -> npt.NDArray[np.int64]:
    """The flat position of each image `[n, 1, 1, 1]`."""
    n, height, width, channels = shape
    return (np.arange(n) * (height * width * channels)).reshape(n, 1, 1, 1)


def max_pool_with_argmax(
    x: Array,
    *,
    ksize: Sequence[int],
    strides: Sequence[int],
    padding: str,
    include_batch_in_index: bool = False,
    targmax: npt.DTypeLike = np.int64,
) -> tuple[Array, Array]:
    """Return the maximum of each window and its flat position (`MaxPoolWithArgmax`).

    Args:
        x: Images `[n, h, w, c]`.
        ksize: Window sizes, four entries.
        strides: Steps between windows, four entries.
        padding: `SAME` or `VALID`.
        include_batch_in_index: Count positions through the whole batch, not within one image.
        targmax: The dtype of the positions.

    Raises:
        ValueError: Attributes or shapes that do not fit.

    Note:
        Unlike `max_pool`, a NaN that is the first of its window is the result, and -inf may be.
    """
    pool = _pool(x.shape, ksize, strides, padding, "NHWC")
    best = max_pool(x, ksize=ksize, strides=strides, padding=padding)
    winner, found = _first_equal(x, best, pool)
    if not found or _has_nan(x):
        winner, best = _first_largest(x, pool)
    position = _flat_position(winner, pool, x.shape)
    if include_batch_in_index:
        position += _image_offsets(x.shape)
    return best, position.astype(targmax, copy=False)


def _whole_batch(argmax: Array, shape: Sequence[int], include_batch_in_index: bool) -> Array:
    """Positions in the whole batch.

    Raises:
        ValueError: One is outside.
    """
    position = argmax.astype(np.int64)
    if not include_batch_in_index:
        position += _image_offsets(shape)
    size = int(np.prod(shape))
    if position.size and not 0 <= position.min() <= position.max() < size:
        raise ValueError(f"argmax has positions outside the input of {size} elements")
    return position


def max_pool_grad_with_argmax(
    x: Array, grad: Array, argmax: Array, *, include_batch_in_index: bool = False
) -> Array:
    """Return the gradient of `max_pool_with_argmax` by its input (`MaxPoolGradWithArgmax`).

    Args:
        x: What was pooled, `[n, h, w, c]`; only its shape matters.
        grad: The gradient of the maxima.
        argmax: The positions, of the shape of `grad`.
        include_batch_in_index: Whether positions count through the whole batch.

    Raises:
        ValueError: A position is outside the input.
    """
    position = _whole_batch(argmax, x.shape, include_batch_in_index)
    dx = np.zeros(x.shape, grad.dtype)
    np.add.at(dx.reshape(-1), position.reshape(-1), grad.reshape(-1))
    return dx


def max_pool_grad_grad_with_argmax(
    x: Array, grad: Array, argmax: Array, *, include_batch_in_index: bool = False
) -> Array:
    """Return `grad` `[n, h, w, c]` at the positions `argmax` (`MaxPoolGradGradWithArgmax`).

    Args:
        x: What was pooled; only its shape matters.
        grad: The gradient of the input's gradient.
        argmax: The positions.
        include_batch_in_index: Whether positions count through the whole batch.

    Raises:
        ValueError: A position is outside the input.
    """
    position = _whole_batch(argmax, x.shape, include_batch_in_index)
    taken: Array = grad.reshape(-1)[position]
    return taken


# --- average ---


def _counts(pool: _Pool, dtype: np.dtype[Any], ndim: int = 4) -> Array:
    """How many inputs each window averages, ready to broadcast over a batch."""
    counts = np.multiply.outer(pool.rows.counts(), pool.cols.counts()).astype(dtype)
    return counts.reshape(counts.shape + (1,) * (ndim - pool.axis - 2))


def _sum_into(x: Array, sums: Array, pool: _Pool) -> None:
    """Write the sums over the windows, tap by tap in row-major order, to `sums`."""
    taps = pool.taps()
    _, windows, read = taps[0]
    if x[read].shape == sums.shape:
        sums[...] = x[read]
        taps = taps[1:]
    else:
        sums[...] = 0
    for _, windows, read in taps:
        part = sums[windows]
        np.add(part, x[read], out=part)


def avg_pool(
    x: Array,
    *,
    ksize: Sequence[int],
    strides: Sequence[int],
    padding: str,
    data_format: str = "NHWC",
    out: Array | None = None,
) -> Array:
    """Return the average of each window (`AvgPool`).

    Args:
        x: Images, `[n, h, w, c]` or, for NCHW, `[n, c, h, w]`, of a float dtype.
        ksize: As for `max_pool`, and so are the others.
        strides: As for `max_pool`.
        padding: As for `max_pool`.
        data_format: As for `max_pool`.
        out: A C-contiguous array for the result.

    Raises:
        ValueError: Attributes or shapes that do not fit.

    Note:
        Padding is not counted: the divisor is the number of inputs in the window. float16 sums in
        float16, as TensorFlow does; bfloat16, which it lacks on a CPU, in float32.
    """
    pool = _pool(x.shape, ksize, strides, padding, data_format)
    y = result_buffer(pool.output_shape(x.shape), x.dtype, out)
    wide = np.dtype(np.float32) if x.dtype == _BFLOAT16 else x.dtype
    counts = _counts(pool, wide)
    for block in _blocks(x) if y.size else ():
        sums = y[block] if wide == y.dtype else np.empty(y[block].shape, wide)
        _sum_into(x[block].astype(wide, copy=False), sums, pool)
        np.divide(sums, counts, out=sums)
        if sums.dtype != y.dtype:
            y[block] = sums
    return y


def avg_pool_grad(
    orig_input_shape: Sequence[int],
    grad: Array,
    *,
    ksize: Sequence[int],
    strides: Sequence[int],
    padding: str,
    data_format: str = "NHWC",
    out: Array | None = None,
) -> Array:
    """Return the gradient of `avg_pool` by its input (`AvgPoolGrad`).

    Args:
        orig_input_shape: The four sizes of what was pooled.
        grad: The gradient of the averages.
        ksize: As for `max_pool`, and so are the others.
        strides: As for `max_pool`.
        padding: As for `max_pool`.
        data_format: As for `max_pool`.
        out: A C-contiguous array for the result.

    Raises:
        ValueError: Attributes or shapes that do not fit.
    """
    shape = tuple(int(size) for size in orig_input_shape)
    pool = _pool(shape, ksize, strides, padding, data_format)
    _check("grad", grad, pool.output_shape(shape))
    dx = result_buffer(shape, grad.dtype, out)
    wide = np.dtype(np.float32) if grad.dtype == _BFLOAT16 else grad.dtype
    share = wide.type(1) / _counts(pool, wide)
    for block in _blocks(dx):
        target = dx[block] if wide == dx.dtype else np.empty(dx[block].shape, wide)
        _share_into(grad[block] * share, target, pool)
        if target.dtype != dx.dtype:
            dx[block] = target
    return dx


def _share_into(shares: Array, dx: Array, pool: _Pool) -> None:
    """Add each window's share to all its inputs, in the order of the windows."""
    covers = _covers(pool)
    if not covers:
        dx[...] = 0
    for _, windows, read in reversed(pool.taps()):
        if covers:
            dx[read] = shares[windows]
        else:
            dx[read] += shares[windows]
