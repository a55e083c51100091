"""Samples of class numbers, as TensorFlow's candidate samplers draw them from an op's random words.

In: the op's seeds and its position in its stream, and a sampler. Out: the class numbers and how
many draws they took, from which the expected counts follow. The sequences equal TensorFlow
1.15.5's number for number.

Source: integers without bias are drawn by refusing as many low words as are left over; Walker's and
Vose's alias method draws from a fixed distribution.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from graphflow.ops import _philox
from graphflow.ops._random_kernels import uniform32, uniform64

Array = npt.NDArray[Any]
I64 = npt.NDArray[np.int64]
F32 = npt.NDArray[np.float32]

_WORDS_PER_SAMPLE = 2048


def reserved_blocks(num_sampled: int) -> int:
    """How far a run of a sampler moves the op's position, whatever it used."""
    return _WORDS_PER_SAMPLE * num_sampled // 4


class Words:
    """An op's random words from one block on."""

    __slots__ = ("_at", "_seeds", "_start")

    def __init__(self, seed: int, seed2: int, start_block: int) -> None:
        self._seeds, self._start, self._at = (seed, seed2), start_block, 0

    def peek(self, n: int) -> Array:
        """Returns the next `n` words and leaves them in place."""
        skip = self._at % 4
        first = self._start + self._at // 4
        words = _philox.fill_blocks(*self._seeds, first, -(-(skip + n) // 4))
        return words.reshape(-1)[skip : skip + n]

    def skip(self, n: int) -> None:
        """Moves on by `n` words."""
        self._at += n

    def take(self, n: int) -> Array:
        """Returns the next `n` words."""
        found = self.peek(n)
        self.skip(n)
        return found


def _unfair(n: int, bits: int) -> int:
    """How many of the lowest words are refused, so that all remainders by `n` are as likely."""
    return int((1 << bits) % n)


# --- samplers ---


class Sampler(Protocol):
    """A distribution over 0 .. size - 1."""

    size: int

    def draw(self, words: Words, n: int) -> I64:
        """Returns the next `n` samples."""

    def probability(self, values: I64) -> F32:
        """Returns how likely each value is."""


class Uniform:
    """All numbers are equally likely."""

    def __init__(self, size: int) -> None:
        self.size = size

    def draw(self, words: Words, n: int) -> I64:
        """Returns the next `n` samples, each the remainder of 64 bits."""
        parts: list[Array] = []
        unfair = np.uint64(_unfair(self.size, 64))
        while n:
            pairs = words.take(2 * n).astype(np.uint64)
            bits = pairs[0::2] | pairs[1::2] << np.uint64(32)
            parts.append(bits[bits >= unfair])
            n -= len(parts[-1])
        return (np.concatenate(parts) % np.uint64(self.size)).astype(np.int64)

    def probability(self, values: I64) -> F32:
        """Returns 1 / size for each value."""
        return np.full(values.shape, 1.0 / self.size, np.float32)


class LogUniform:
    """Probabilities `log((k + 2) / (k + 1)) / log(size + 1)`: about Zipf's, for sorted words."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._log_range = math.log1p(size)

    def draw(self, words: Words, n: int) -> I64:
        """Returns the next `n` samples, each from one float64 uniform."""
        exponents = uniform64(words.take(2 * n)) * self._log_range
        found = np.exp(exponents)
        # NumPy's exp may differ from the C library's in the last place: decisive beside integers.
        for i in np.flatnonzero(np.abs(found - np.rint(found)) <= 1e-12 * found).tolist():
            found[i] = math.exp(exponents[i])
        return (found.astype(np.int64) - 1) % self.size

    def probability(self, values: I64) -> F32:
        """Returns the probability of each value."""
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.log((values + 2.0) / (values + 1.0)) / self._log_range
        return found.astype(np.float32)


class Learned:
    """Each number is as likely as it was met before, plus one."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.weights = np.ones(size, np.int32)

    def draw(self, words: Words, n: int) -> I64:
        """Returns the next `n` samples; each looks a 32-bit remainder up among sums of weights."""
        sums = np.cumsum(self.weights, dtype=np.int64)
        total = int(sums[-1])
        parts: list[Array] = []
        unfair = np.uint32(_unfair(total, 32))
        while n:
            bits = words.take(n)
            parts.append(bits[bits >= unfair])
            n -= len(parts[-1])
        places = np.concatenate(parts) % np.uint32(total)
        return np.searchsorted(sums, places, side="right").astype(np.int64)

    def probability(self, values: I64) -> F32:
        """Returns the share of each value in all weights.

        Raises:
            IndexError: if a value is outside.
        """
        if values.size and (values.min() < 0 or values.max() >= self.size):
            raise IndexError("a class outside the range")
        total = np.float32(self.weights.sum(dtype=np.int64))
        return self.weights[values].astype(np.float32) / total

    def learn(self, values: I64) -> None:
        """Counts values, as long as the sum fits 32 bits."""
        room = np.iinfo(np.int32).max - int(self.weights.sum(dtype=np.int64))
        np.add.at(self.weights, values.reshape(-1)[:room], 1)


class Fixed:
    """Probabilities proportional to given weights.

    Args:
        weights: float32, not empty.
    """

    def __init__(self, weights: F32) -> None:
        self.size = len(weights)
        self._weights = weights
        self._total = np.cumsum(weights, dtype=np.float32)[-1]
        self._keep, self._other = _alias_table(weights)

    def draw(self, words: Words, n: int) -> I64:
        """Returns the next `n` samples: a float word says which half of the next word's bucket."""
        unfair = np.uint32(_unfair(self.size, 32))
        parts: list[Array] = []
        while n:
            pairs = words.peek(2 * n).reshape(n, 2)
            refused = np.flatnonzero(pairs[:, 1] < unfair)
            m = int(refused[0]) if refused.size else n
            parts.append(self._of(pairs[:m, 0], pairs[:m, 1]))
            words.skip(2 * m)
            n -= m
            if n:  # the refused word is drawn again, and the pairs behind it move
                float_word, word = words.take(2)[:1], words.take(1)
                while word[0] < unfair:
                    word = words.take(1)
                parts.append(self._of(float_word, word))
                n -= 1
        return np.concatenate(parts)

    def _of(self, float_words: Array, words: Array) -> I64:
        bucket = (words % np.uint32(self.size)).astype(np.int64)
        return np.where(uniform32(float_words) < self._keep[bucket], bucket, self._other[bucket])

    def probability(self, values: I64) -> F32:
        """Returns the share of each value in all weights; 0 outside."""
        inside = (values >= 0) & (values < self.size)
        shares = self._weights[np.where(inside, values, 0)] / self._total
        return np.where(inside, shares, np.float32(0))


def _alias_table(weights: F32) -> tuple[F32, I64]:
    """Returns, for each bucket, up to which uniform it stands for itself, and for whom else."""
    n = len(weights)
    total = np.cumsum(weights, dtype=np.float64)[-1]
    shares = ((weights * np.float32(n)).astype(np.float64) / total).tolist()
    other = [-1] * n
    low = [i for i, p in enumerate(shares) if p < 1.0]
    high = [i for i, p in enumerate(shares) if not p < 1.0]
    while high and low:
        small, large = low.pop(), high.pop()
        other[small] = large
        shares[large] -= 1.0 - shares[small]
        (low if shares[large] < 1.0 else high).append(large)
    for i in (*high, *low):  # left over by rounding
        shares[i], other[i] = 1.0, i
    return np.array(shares, np.float32), np.array(other, np.int64)


# --- runs ---


def sample(sampler: Sampler, words: Words, n: int, unique: bool) -> tuple[I64, int]:
    """Returns `n` samples and how many were drawn for them.

    Args:
        sampler: the distribution; of more than `n` numbers where `unique`.
        words: the run's random words.
        n: how many.
        unique: whether numbers that came before are drawn again.
    """
    if not unique:
        return sampler.draw(words, n), n
    kept, tries, chunk = np.empty(0, np.int64), 0, 2 * n  # some will come again
    while True:
        fresh = sampler.draw(words, chunk)
        both = np.concatenate([kept, fresh])
        first = np.sort(np.unique(both, return_index=True)[1])
        if len(first) >= n:
            return both[first[:n]], tries + int(first[n - 1]) - len(kept) + 1
        kept, tries = both[first], tries + chunk
        chunk = min(2 * chunk, 1 << 20)


def expected_counts(probabilities: F32, n: int, tries: int) -> F32:
    """Returns how often each class is expected among `n` samples that took `tries` draws."""
    if tries == n:
        return probabilities * np.float32(n)
    # 1 - (1 - p) ** tries, without the cancellation; logarithms rounded as the C library does.
    with np.errstate(divide="ignore", invalid="ignore"):
        exponent = np.log1p(-probabilities.astype(np.float64)).astype(np.float32)
        exponent *= np.float32(tries)
        return -np.expm1(exponent.astype(np.float64)).astype(np.float32)


def fixed_weights(
    weights: Sequence[float], distortion: float, reserved: int, shards: int, shard: int
) -> F32:
    """Returns the weights of one shard's classes.

    Args:
        weights: of the classes from `reserved` on.
        distortion: each weight is raised to this power.
        reserved: how many classes with weight 0 come first.
        shards: class `i` belongs to shard `i % shards`.
        shard: whose.
    """
    zeros = len(range(shard, reserved, shards))
    # TensorFlow numbers the classes on from those reserved ones that this shard has.
    own = np.array(weights, np.float32)[(shard - zeros) % shards :: shards]
    powers = np.power(own.astype(np.float64), float(np.float32(distortion)))
    return np.concatenate([np.zeros(zeros), powers]).astype(np.float32)


def accidental_hits(classes: I64, sampled: I64) -> tuple[Array, Array, Array]:
    """Finds the sampled classes that are true ones.

    Args:
        classes: [rows, true classes].
        sampled: [n]; of equal ones the last counts.

    Returns:
        Rows, positions in `sampled`, and the most negative float for each.
    """
    order = np.argsort(sampled, kind="stable")
    ranked = sampled[order]
    place = np.searchsorted(ranked, classes, side="right") - 1
    hit = (place >= 0) & (ranked[np.maximum(place, 0)] == classes) if len(ranked) else place >= 0
    rows = np.nonzero(hit)[0].astype(np.int32)
    ids = order[place[hit]].astype(np.int64) if len(ranked) else np.empty(0, np.int64)
    return rows, ids, np.full(len(rows), -np.finfo(np.float32).max, np.float32)
