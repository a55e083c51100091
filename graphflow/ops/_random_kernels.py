"""TensorFlow's random ops as functions of the op's seeds and its position in its stream.

In: the attributes `seed` and `seed2`, the first block this run may use, a shape and a dtype.
Out: `(array, reserved)`: the values, and the number of blocks by which the op's position advances,
which is TensorFlow's number and not the number used. Seeds (0, 0) are nothing special here: the
caller replaces them by fresh ones.

Source: integers, uniforms, shuffles and multinomials equal TensorFlow 1.15.5's bit for bit. The
normals go through sin, cos and log; these are taken in float64 and rounded, which is what a good
C library returns, so nearly all float32 values are equal too and the others differ in the last
place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

from graphflow.ops import _philox

__all__ = [
    "multinomial",
    "random_shuffle",
    "random_standard_normal",
    "random_uniform",
    "random_uniform_int",
    "truncated_normal",
]

Array = npt.NDArray[Any]
Shape = Sequence[int]

RESERVED_PER_OUTPUT = 256  # blocks, for every fill whatever its dtype
_GROUP_STEP = 64  # blocks per output between the groups of truncated normals
NORMAL_FLOOR = 1e-7  # the smallest uniform whose logarithm Box-Muller takes
TRUNCATE_AT = 2.0

_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


def count(shape: Shape) -> int:
    """The number of elements as a Python int, which a product of NumPy sizes may not fit."""
    return prod(int(size) for size in shape)


# --- uniform bits ---


def _ones_to_two(words: Array, mantissa: int, exponent: int, bits: type, dtype: Any) -> Array:
    """Floats in [0, 1): random mantissas below the exponent of one, minus one."""
    out: Array = words.astype(bits)
    out &= bits(mantissa)
    out |= bits(exponent)
    floats: Array = out.view(dtype)
    floats -= dtype.type(1)
    return floats


def uniform16(words: Array, dtype: np.dtype[Any]) -> Array:
    """Turn words of any shape into float16 or bfloat16 uniforms, one each."""
    if dtype == _BFLOAT16:
        return _ones_to_two(words, 0x7F, 127 << 7, np.uint16, dtype)
    return _ones_to_two(words, 0x3FF, 15 << 10, np.uint16, dtype)


def uniform32(words: Array) -> Array:
    """Turn words of any shape into float32 uniforms, one each."""
    return _ones_to_two(words, 0x7FFFFF, 127 << 23, np.uint32, np.dtype(np.float32))


def uniform64(words: Array) -> Array:
    """Turn words [..., 2 k] into float64 uniforms [..., k]: high half first."""
    out = words[..., 0::2].astype(np.uint64)
    out &= np.uint64(0xFFFFF)
    out <<= np.uint64(32)
    out |= words[..., 1::2]
    out |= np.uint64(1023 << 52)
    floats = out.view(np.float64)
    floats -= 1.0
    return floats


def _fill(
    seed: int,
    seed2: int,
    offset: int,
    shape: Shape,
    dtype: np.dtype[Any],
    width: int,
    convert: Callable[[Array], Array],
) -> tuple[Array, int]:
    """Fill `shape` from consecutive blocks, each of which `convert` turns into `width` values."""
    n = count(shape)
    flat = np.empty(n, dtype)
    for first, words in _philox.tiles(seed, seed2, offset, -(-n // width)):
        part = flat[first * width : (first + len(words)) * width]
        part[...] = convert(words).reshape(-1)[: len(part)]
    return flat.reshape(shape), n * RESERVED_PER_OUTPUT


def random_uniform(
    seed: int, seed2: int, offset_blocks: int, shape: Shape, dtype: npt.DTypeLike
) -> tuple[Array, int]:
    """Return uniforms in [0, 1) of a float dtype (`RandomUniform`).

    Note: float16 has 10 random bits and bfloat16 has 7, as in TensorFlow.
    """
    kind = np.dtype(dtype)
    if kind == np.float64:
        return _fill(seed, seed2, offset_blocks, shape, kind, 2, uniform64)
    if kind == np.float32:
        return _fill(seed, seed2, offset_blocks, shape, kind, 4, uniform32)
    return _fill(seed, seed2, offset_blocks, shape, kind, 4, lambda words: uniform16(words, kind))


def random_uniform_int(
    seed: int, seed2: int, offset_blocks: int, shape: Shape, minval: Any, maxval: Any
) -> tuple[Array, int]:
    """Return integers in [minval, maxval) (`RandomUniformInt`).

    Args:
        seed: First seed.
        seed2: Second seed.
        offset_blocks: Where the run starts.
        shape: Of the result.
        minval: NumPy scalar of int32 or int64, which is the dtype of the result.
        maxval: Likewise, above `minval`.

    Raises:
        ValueError: `minval` is not below `maxval`, and something is asked for.

    Note:
        The remainder of a full word by the range: slightly biased, as in TensorFlow.
    """
    kind = np.asarray(minval).dtype
    low, high = int(minval), int(maxval)
    if low >= high and count(shape):
        raise ValueError(f"Need minval < maxval, got {low} >= {high}")
    wide = kind.itemsize == 8
    bits: Any = np.uint64 if wide else np.uint32
    span = bits(max(high - low, 1))

    def convert(words: Array) -> Array:
        values = words.astype(bits)
        if wide:
            values = values[:, 0::2] | values[:, 1::2] << np.uint64(32)
        values %= span
        values += bits(low & np.iinfo(bits).max)
        return values.view(kind)

    return _fill(seed, seed2, offset_blocks, shape, kind, 2 if wide else 4, convert)


# --- normals ---


def normals32(words: Array) -> Array:
    """Turn words [n, 2 k] into float32 normals [n, 2 k] by Box and Muller's rule on pairs."""
    uniform = uniform32(words)
    radius = np.maximum(uniform[:, 0::2], np.float32(NORMAL_FLOOR))
    # log, sin and cos in float64 and rounded once: what the C library's float functions return.
    radius = np.log(radius.astype(np.float64)).astype(np.float32)
    radius *= np.float32(-2)
    np.sqrt(radius, out=radius)
    angle = uniform[:, 1::2].astype(np.float64)
    angle *= 2 * np.pi
    angle = angle.astype(np.float32).astype(np.float64)
    np.multiply(np.sin(angle).astype(np.float32), radius, out=uniform[:, 0::2])
    np.multiply(np.cos(angle).astype(np.float32), radius, out=uniform[:, 1::2])
    return uniform


def normals64(words: Array) -> Array:
    """Turn words [n, 4 k] into float64 normals [n, 2 k]."""
    uniform = uniform64(words)
    radius = np.maximum(uniform[:, 0::2], NORMAL_FLOOR)
    np.log(radius, out=radius)
    radius *= -2.0
    np.sqrt(radius, out=radius)
    angle = 2 * np.pi * uniform[:, 1::2]
    np.multiply(np.sin(angle), radius, out=uniform[:, 0::2])
    np.multiply(np.cos(angle), radius, out=uniform[:, 1::2])
    return uniform


def random_standard_normal(
    seed: int, seed2: int, offset_blocks: int, shape: Shape, dtype: npt.DTypeLike
) -> tuple[Array, int]:
    """Return standard normals of a float dtype (`RandomStandardNormal`).

    Note: float16 and bfloat16 are the float32 normals, rounded.
    """
    kind = np.dtype(dtype)
    if kind == np.float64:
        return _fill(seed, seed2, offset_blocks, shape, kind, 2, normals64)
    return _fill(seed, seed2, offset_blocks, shape, kind, 4, normals32)


def _keep(values: Array, draws: Array, rows: Array, held: Array) -> None:
    """Append to `values` [n, w] the columns of `draws` [m, w] that are small enough, in order."""
    width = values.shape[1]
    for column in draws.T:
        place = held[rows]
        good = (np.abs(column) < TRUNCATE_AT) & (place < width)
        values[rows[good], place[good]] = column[good]
        held[rows[good]] += 1


def _truncated_groups(seed: int, seed2: int, start: int, n: int, convert: Any, width: int) -> Array:
    """Return `n` groups of `width` truncated normals, which start 64 blocks a value apart."""
    first = np.arange(n, dtype=np.uint64) * np.uint64(width * _GROUP_STEP) + np.uint64(start)
    values: Array = convert(_philox.blocks_at(seed, seed2, first))
    # Five groups in six are complete after one block; the others start over, one by one.
    rows = np.flatnonzero(~(np.abs(values) < TRUNCATE_AT).all(1))
    draws, held, step = values[rows], np.zeros(n, np.intp), 0
    while rows.size:
        _keep(values, draws, rows, held)
        rows = rows[held[rows] < width]
        step += 1
        draws = convert(_philox.blocks_at(seed, seed2, first[rows] + np.uint64(step)))
    return values


def truncated_normal(
    seed: int, seed2: int, offset_blocks: int, shape: Shape, dtype: npt.DTypeLike
) -> tuple[Array, int]:
    """Return standard normals with absolute value below two (`TruncatedNormal`)."""
    kind, n = np.dtype(dtype), count(shape)
    width, convert = (2, normals64) if kind == np.float64 else (4, normals32)
    flat = np.empty(n, kind)
    groups = -(-n // width)
    for first in range(0, groups, _philox.TILE):
        some = min(_philox.TILE, groups - first)
        start = offset_blocks + first * width * _GROUP_STEP
        part = flat[first * width : (first + some) * width]
        values = _truncated_groups(seed, seed2, start, some, convert, width)
        part[...] = values.reshape(-1)[: len(part)]
    return flat.reshape(shape), n * RESERVED_PER_OUTPUT


# --- discrete ---


def random_shuffle(seed: int, seed2: int, offset_blocks: int, n: int) -> tuple[Array, int]:
    """Return the permutation of `n` rows that `RandomShuffle` applies: `value[permutation]`."""
    blocks = -(-max(n - 1, 0) // 4)
    words = _philox.fill_blocks(seed, seed2, offset_blocks, blocks).reshape(-1)[: max(n - 1, 0)]
    order = list(range(n))
    swaps = np.arange(n - 1) + words % np.arange(n, 1, -1) if n > 1 else words
    for i, j in enumerate(swaps.tolist()):
        order[i], order[j] = order[j], order[i]
    return np.array(order, np.intp), blocks


def multinomial(
    seed: int,
    seed2: int,
    offset_blocks: int,
    logits: Array,
    num_samples: int,
    dtype: npt.DTypeLike = np.int64,
) -> tuple[Array, int]:
    """Return class numbers [b, num_samples] drawn from rows of logits [b, classes].

    Note:
        Logits that are not finite have no weight. A row without weight gives `classes`.
    """
    rows = logits.shape[0]
    blocks = -(-rows * num_samples // 2)
    words = _philox.fill_blocks(seed, seed2, offset_blocks, blocks)
    uniform = uniform64(words).reshape(-1)[: rows * num_samples].reshape(rows, num_samples)
    out = np.empty((rows, num_samples), dtype)
    for row, draws, result in zip(logits.astype(np.float64), uniform, out, strict=True):
        finite = np.isfinite(row)
        largest = row.max(initial=-np.inf, where=finite)
        weights = np.exp(np.where(finite, row - largest, -np.inf))
        total = np.cumsum(weights)
        result[...] = np.searchsorted(total, draws * total[-1], side="right")
    return out, rows * (-(-num_samples // 4) * 4) * 2 * RESERVED_PER_OUTPUT
