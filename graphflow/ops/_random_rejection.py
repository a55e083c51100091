"""Gamma, Poisson and bounded normal samples as TensorFlow draws them, all samples in step.

In: the op's seeds, its position and the distributions' parameters. Out: `(array, reserved)`, as in
`_random_kernels`. Each gamma and Poisson sample has a stream of 256 blocks of its own and tries
until it accepts; here one NumPy step makes the next try of every sample that is still open.

Source: TensorFlow 1.15.5 on a CPU, by experiment; equal but for the last place of log, exp and pow.
Marsaglia and Tsang, "A simple method for generating gamma variables"; Knuth's multiplication method
and Hoermann's transformed rejection for Poisson.
"""

from __future__ import annotations

from collections.abc import Callable
from math import lgamma
from typing import Any

import numpy as np
import numpy.typing as npt

from graphflow.ops import _philox
from graphflow.ops._random_kernels import (
    RESERVED_PER_OUTPUT,
    Array,
    Shape,
    count,
    normals32,
    normals64,
    uniform16,
    uniform32,
    uniform64,
)

__all__ = ["parameterized_truncated_normal", "random_gamma", "random_poisson"]

F64 = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

_KNUTH_BELOW = 10.0  # Poisson rates


class _Streams:
    """One stream of blocks per sample, from which uniforms are taken two a block, last first."""

    def __init__(self, seed: int, seed2: int, offset: int, n: int) -> None:
        self.seeds = seed, seed2
        first = np.arange(n, dtype=np.uint64) * np.uint64(RESERVED_PER_OUTPUT)
        self.block = first + np.uint64(offset)
        self.pair = np.empty((n, 2))
        self.left = np.zeros(n, np.intp)

    def words(self, rows: Rows) -> Array:
        """The next block `[m, 4]` of each of the streams `rows`."""
        words = _philox.blocks_at(*self.seeds, self.block[rows])
        self.block[rows] += np.uint64(1)
        return words

    def uniform(self, rows: Rows) -> F64:
        """The next float64 uniform of each of the streams `rows`."""
        empty = rows[self.left[rows] == 0]
        if empty.size:
            self.pair[empty] = uniform64(self.words(empty))
            self.left[empty] = 2
        self.left[rows] -= 1
        taken: F64 = self.pair[rows, self.left[rows]]
        return taken


def _per_parameter(flat: Array, shape: Shape, parameters: Array) -> Array:
    """Bring samples that are grouped by parameter to `shape + parameters.shape`."""
    grouped = flat.reshape(parameters.size, count(shape))
    return np.ascontiguousarray(grouped.T).reshape(*shape, *parameters.shape)


def random_gamma(
    seed: int, seed2: int, offset_blocks: int, shape: Shape, alpha: Array
) -> tuple[Array, int]:
    """Return gamma samples `shape + alpha.shape` of scale one (`RandomGamma`).

    Args:
        seed: First seed.
        seed2: Second seed.
        offset_blocks: Where the run starts.
        shape: How many samples for each alpha.
        alpha: float16, float32 or float64, also the dtype of the result; computed in float64.

    Note: A negative or NaN alpha gives NaN, zero gives 0, as in TensorFlow.
    """
    each = np.repeat(alpha.reshape(-1).astype(np.float64), count(shape))
    streams = _Streams(seed, seed2, offset_blocks, each.size)
    result = np.full(each.size, np.nan)
    exponential = np.flatnonzero(each == 1.0)
    result[exponential] = -np.log1p(-streams.uniform(exponential))
    with np.errstate(all="ignore"):
        _gammas(streams, each, np.flatnonzero(each != 1.0), result)
        samples = _per_parameter(result.astype(alpha.dtype), shape, alpha)
    return samples, each.size * RESERVED_PER_OUTPUT


def _gammas(streams: _Streams, alpha: F64, rows: Rows, result: F64) -> None:
    """Write a gamma sample to each of `result[rows]`."""
    d = alpha + np.where(alpha < 1, 2.0 / 3, -1.0 / 3)
    c = 1.0 / 3 / np.sqrt(d)
    normals, step = np.empty((alpha.size, 2)), 0
    while rows.size:
        if step % 2 == 0:  # two normals a block, last first, and all samples take them in step
            normals[rows] = normals64(streams.words(rows))
        x = normals[rows, 1 - step % 2]
        v = 1 + c[rows] * x
        tried = ~(v <= 0)  # NaN goes on, and is accepted as soon as its squeeze is
        x, v, kept = x[tried], v[tried] ** 3, rows[tried]
        u = streams.uniform(kept)
        accept = u < 1 - 0.0331 * (x * x) * (x * x)
        accept |= np.log(u) < 0.5 * x * x + d[kept] * (1 - v + np.log(v))
        done = kept[accept]
        result[done] = d[done] * v[accept]
        small = done[alpha[done] < 1]
        result[small] *= streams.uniform(small) ** (1 / alpha[small])
        rows = np.setdiff1d(rows, done, assume_unique=True)
        step += 1


def random_poisson(
    seed: int,
    seed2: int,
    offset_blocks: int,
    shape: Shape,
    rate: Array,
    dtype: npt.DTypeLike = np.int64,
) -> tuple[Array, int]:
    """Return Poisson samples `shape + rate.shape` (`RandomPoissonV2`).

    Args:
        seed: First seed.
        seed2: Second seed.
        offset_blocks: Where the run starts.
        shape: How many samples for each rate.
        rate: Float or integer; computed in float64.
        dtype: Of the result.

    Note:
        A negative rate gives 0 and an infinite one NaN, as in TensorFlow; so does a rate that is
        NaN, for which TensorFlow never returns. NaN as an integer is the smallest one.
    """
    each = np.repeat(rate.reshape(-1).astype(np.float64), count(shape))
    streams = _Streams(seed, seed2, offset_blocks, each.size)
    result = np.full(each.size, np.nan)
    _knuth(streams, each, np.flatnonzero(each < _KNUTH_BELOW), result)
    _hoermann(streams, each, np.flatnonzero((each >= _KNUTH_BELOW) & np.isfinite(each)), result)
    kind = np.dtype(dtype)
    with np.errstate(invalid="ignore", over="ignore"):
        samples = result.astype(kind)
    if kind.kind == "i":
        samples[np.isnan(result)] = np.iinfo(kind).min
    return _per_parameter(samples, shape, rate), each.size * RESERVED_PER_OUTPUT


def _knuth(streams: _Streams, rate: F64, rows: Rows, result: F64) -> None:
    """Count how many uniforms can be multiplied before the product falls to exp(-rate)."""
    bound, product, factors = np.exp(-np.minimum(rate, _KNUTH_BELOW)), np.ones(rate.size), 0
    while rows.size:
        product[rows] *= streams.uniform(rows)
        done = product[rows] <= bound[rows]
        result[rows[done]] = factors
        rows = rows[~done]
        factors += 1


def _hoermann(streams: _Streams, rates: F64, rows: Rows, result: F64) -> None:
    """Write a Poisson sample to each of `result[rows]` by transformed rejection."""
    while rows.size:
        rate = rates[rows]
        b = 0.931 + 2.53 * np.sqrt(rate)
        a = -0.059 + 0.02483 * b
        u = streams.uniform(rows) - 0.5
        v = streams.uniform(rows)
        us = 0.5 - np.abs(u)
        with np.errstate(divide="ignore", invalid="ignore"):
            k = np.floor((2 * a / us + b) * u + rate + 0.43)
            accept = (us >= 0.07) & (v <= 0.9277 - 3.6224 / (b - 2))
            possible = (k >= 0) & ((us >= 0.013) | (v <= us))
            inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
            s = np.log(v * inverse_alpha / (a / (us * us) + b))
            t = -rate + k * np.log(rate) - _log_gamma(np.where(possible, k, 0) + 1)
            accept |= possible & (s <= t)
        result[rows[accept]] = k[accept]
        rows = rows[~accept]


def _log_gamma(x: F64) -> F64:
    """The logarithm of the gamma function at whole numbers of at least one."""
    return np.fromiter(map(lgamma, x.tolist()), np.float64, len(x))


# --- bounded normals ---

_MAX_ITERATIONS = 1000  # tries for one sample
_SCALAR_BATCH = 100  # samples: how TensorFlow divides the work when all parameters are scalars
_RANDN_FROM = 1.3  # standard deviations inside the bounds from which plain normals are tried
_UNIFORMS = {2: lambda w: uniform16(w, np.dtype(np.float16)), 4: uniform32, 8: uniform64}
_NORMALS = {2: lambda w: normals32(w).astype(np.float16), 4: normals32, 8: normals64}

Tries = Callable[[Array], tuple[Array, Array]]  # words [m, 4 b] -> candidates, accepted, [m, k]


class _Method:
    """How one batch of bounded normals is drawn: blocks per step, and what a step tries."""

    __slots__ = ("blocks", "name", "tries")

    def __init__(self, name: str, blocks: int, tries: Tries) -> None:
        self.name, self.blocks, self.tries = name, blocks, tries


def _rounded(function: Any, x: Array) -> Array:
    """A transcendental function in float64, rounded: the C library's float functions."""
    result: Array = function(x.astype(np.float64)).astype(x.dtype)
    return result


def _randn(low: Any, high: Any) -> _Method:
    """Normals, kept where they are within the bounds."""

    def tries(words: Array) -> tuple[Array, Array]:
        z = _NORMALS[low.itemsize](words)
        return z, (z >= low) & (z <= high)

    return _Method("randn", 1, tries)


def _flat(low: Any, high: Any) -> _Method:
    """Uniforms between the bounds, kept by the height of the density."""
    kind = low.dtype.type
    plus = kind(0) if low < 0 else low * low

    def tries(words: Array) -> tuple[Array, Array]:
        uniform = _UNIFORMS[low.itemsize]
        z = uniform(words[:, :4]) * (high - low) + low
        return z, uniform(words[:, 4:]) <= _rounded(np.exp, (plus - z * z) / kind(2))

    return _Method("uniform", 2, tries)


def _exponential(low: Any, high: Any) -> _Method:
    """Exponentials from the lower bound on, kept by the ratio of the densities."""
    kind = low.dtype.type
    alpha = (low + np.sqrt(low * low + kind(4))) / kind(2)

    def tries(words: Array) -> tuple[Array, Array]:
        uniform = _UNIFORMS[low.itemsize](words)
        z = -_rounded(np.log, uniform[:, 0::2]) / alpha + low
        x = alpha - z if low < alpha else np.broadcast_to(low - alpha, z.shape)
        return z, (uniform[:, 1::2] <= _rounded(np.exp, -x * x / kind(2))) & (z < high)

    return _Method("exponential distribution", 1, tries)


def _method(low: Any, high: Any) -> _Method:
    """Choose as TensorFlow does for standardised bounds, of which `low` is the nearer one."""
    kind = low.dtype.type
    edge = kind(_RANDN_FROM)
    if (low < -edge and high >= 0) or (high > edge and low <= 0):
        return _randn(low, high)
    root = np.sqrt(low * low + kind(4))
    cutoff = kind(2) * np.exp(kind(0.5) + low * (low - root) / kind(4)) / (low + root)
    return _flat(low, high) if high - low < cutoff else _exponential(low, high)


def _batch(method: _Method, fill: Callable[[int, int], Array], start: int, out: Array) -> int:
    """Fill `out` with standardised samples from block `start` on; return the next free block.

    Raises:
        ValueError: No candidate of a thousand is accepted.
    """
    have, refused = 0, 0
    while have < len(out):
        steps = max(16, len(out) - have)
        words = fill(start, steps * method.blocks).reshape(steps, -1)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            z, accepted = method.tries(words)
        chosen = np.flatnonzero(accepted)[: len(out) - have]
        out[have : have + len(chosen)] = z.reshape(-1)[chosen]
        have += len(chosen)
        refused = 0 if len(chosen) else refused + z.size
        if refused > _MAX_ITERATIONS:
            raise ValueError(
                f"TruncatedNormal {method.name} rejection sampler failed to accept a sample."
            )
        used = steps if have < len(out) else chosen[-1] // z.shape[1] + 1
        start += int(used) * method.blocks
    return start


def parameterized_truncated_normal(
    seed: int,
    seed2: int,
    offset_blocks: int,
    shape: Shape,
    means: Array,
    stdevs: Array,
    minvals: Array,
    maxvals: Array,
) -> tuple[Array, int]:
    """Return normals within bounds (`ParameterizedTruncatedNormal`).

    Args:
        seed: First seed.
        seed2: Second seed.
        offset_blocks: Where the run starts.
        shape: `[batches, ...]`; each batch has its own parameters.
        means: A scalar or one value a batch, and so are the others; its dtype is the result's.
        stdevs: Positive.
        minvals: Below `maxvals`; may be -inf if the other is finite.
        maxvals: Likewise.

    Raises:
        ValueError: Parameters that do not fit, or that hardly ever accept a sample.

    Note:
        TensorFlow lets threads start batches at blocks of their own once the work is large, so its
        numbers then depend on the machine. These are what it gives with a single thread.
    """
    parameters = (means, stdevs, minvals, maxvals)
    batches, each = int(shape[0]), count(shape[1:])
    for name, values in zip(("means", "stdevs", "minvals", "maxvals"), parameters, strict=True):
        if values.shape not in ((), (1,), (batches,)):
            raise ValueError(
                f"Input {name} should have length 1 or shape[0], got shape: {list(values.shape)}"
            )
    flat = np.empty(count(shape), means.dtype)
    if all(values.ndim == 0 for values in parameters):
        batches, each = -(-flat.size // _SCALAR_BATCH), _SCALAR_BATCH
    rows = [np.broadcast_to(values, (batches,)) for values in parameters]
    position = offset_blocks
    for i in range(batches if flat.size else 0):
        part = flat[i * each : (i + 1) * each]
        position = _bounded(seed, seed2, position, [row[i] for row in rows], part)
    return flat.reshape(shape), batches * 2 * _MAX_ITERATIONS * (each + 3) // 4


def _bounded(seed: int, seed2: int, position: int, parameters: list[Any], out: Array) -> int:
    """Fill one batch and return the next free block.

    Raises:
        ValueError: Parameters without a distribution.
    """
    mean, deviation, low, high = parameters
    if not (deviation > 0 and low < high and (np.isfinite(low) or np.isfinite(high))):
        raise ValueError("Invalid parameters")
    if low == -np.inf or high < mean:
        low, high, deviation = high, low, -deviation
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        method = _method((low - mean) / deviation, (high - mean) / deviation)

    def fill(start: int, n: int) -> Array:
        return _philox.fill_blocks(seed, seed2, start, n)

    position = _batch(method, fill, position, out)
    out *= deviation
    out += mean
    return position
