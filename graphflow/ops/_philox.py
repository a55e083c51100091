"""Philox4x32-10, TensorFlow's counter-based generator, vectorised over cache-sized tiles.

In: an op's two seeds and the blocks wanted. Out: `uint32` words `[n, 4]`, one row per block.
A block is a pure function of (seed, seed2, block index), so any part of a stream can be made
alone, in any order and by any thread, with the same result.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

__all__ = ["blocks_at", "fill_blocks", "reserve", "tiles"]

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]

TILE = 8192  # blocks; the work arrays, 128 KiB each, stay in the second level cache

_MASK = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_ROUNDS = 10
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)


def _columns(first: int, second: int) -> U64:
    return np.array([[first], [second]], np.uint64)


@functools.lru_cache(maxsize=256)
def _round_constants(key: int) -> list[tuple[U64, U64]]:
    """The multipliers and the key words of each round, in the row order that the round meets.

    Writing the products back without swapping exchanges the two halves of the state after every
    round, so the odd rounds meet them the other way round. That saves two copies a round.
    """
    m0, m1 = _MULTIPLIERS
    k0, k1 = key & 0xFFFFFFFF, key >> 32 & 0xFFFFFFFF
    rounds = []
    for i in range(_ROUNDS):
        even = i % 2 == 0
        rounds.append(
            (
                _columns(m0, m1) if even else _columns(m1, m0),
                _columns(k1, k0) if even else _columns(k0, k1),
            )
        )
        k0, k1 = (k0 + _KEY_STEPS[0]) & 0xFFFFFFFF, (k1 + _KEY_STEPS[1]) & 0xFFFFFFFF
    return rounds


_Fill = Callable[[int, int, int, U32], None]
_Advance = Callable[[U64, int], int]
_fill: list[_Fill | None] = [None]
_advance: list[_Advance | None] = [None]
_reserving = threading.Lock()


def use(fill: _Fill | None, advance: _Advance | None = None) -> None:
    """Takes other functions: compiled ones, which give the same words.

    Args:
        fill: `fill(key, high, low, out)` writes the blocks from the 128-bit position on into
            `out` [n, 4]; None: NumPy makes them.
        advance: `reserve` for streams that compiled code reserves blocks of as well.
    """
    _fill[0], _advance[0] = fill, advance


def reserve(stream: U64, blocks: int) -> int:
    """Takes blocks from a stream [key, counter, next block]; returns the first of them."""
    if _advance[0] is not None:
        return _advance[0](stream, blocks)
    with _reserving:
        at = int(stream[2])
        stream[2] = (at + blocks) & 2**64 - 1
    return at


def _consecutive(key: int, counter: int, start_block: int, out: U32) -> bool:
    """Fills `out` with the blocks from a position on, if there is a function for that."""
    fill = _fill[0]
    if fill is None:
        return False
    position = (int(counter) << 64) + int(start_block)
    whole = 2**64 - 1
    fill(int(key) & whole, position >> 64 & whole, position & whole, out)
    return True


class _Engine:
    """The key schedule of one stream and the work arrays of one tile."""

    __slots__ = ("counter", "odd", "product", "rounds", "state")

    def __init__(self, key: int, counter: int, size: int) -> None:
        self.rounds = _round_constants(key)
        self.counter = counter
        self.state = np.empty((2, size), np.uint64)  # words 0 and 2
        self.odd = np.empty((2, size), np.uint64)  # words 1 and 3
        self.product = np.empty((2, size), np.uint64)

    def run(self, index: U64, out: U32) -> None:
        """Write the blocks of the 64-bit positions `index` [n] to `out` [n, 4]."""
        n = len(index)
        state, odd, product = self.state[:, :n], self.odd[:, :n], self.product[:, :n]
        np.bitwise_and(index, _MASK, out=state[0])
        np.right_shift(index, _HALF, out=odd[0])
        state[1] = self.counter & 0xFFFFFFFF
        odd[1] = self.counter >> 32 & 0xFFFFFFFF
        crossed = odd[::-1]
        for multipliers, keys in self.rounds:
            np.multiply(state, multipliers, out=product)
            np.right_shift(product, _HALF, out=state)
            np.bitwise_xor(state, crossed, out=state)
            np.bitwise_xor(state, keys, out=state)
            np.bitwise_and(product, _MASK, out=odd)
        for word, values in enumerate((state[0], odd[0], state[1], odd[1])):  # even: in order
            np.copyto(out[:, word], values, casting="unsafe")


def tiles(key: int, counter: int, start_block: int, n_blocks: int) -> Iterator[tuple[int, U32]]:
    """Yield `(first, words)` tile by tile; `words` is reused, so take what you need at once.

    Args:
        key: The op's `seed`, 64 bits.
        counter: The op's `seed2`, 64 bits: the upper half of the counter.
        start_block: The lower half of the counter for the first block; past 2**64 it carries.
        n_blocks: How many blocks in all.
    """
    size = min(TILE, n_blocks)
    out = np.empty((size, 4), np.uint32)
    if _fill[0] is not None:
        for first in range(0, n_blocks, max(1, size)):
            part = out[: min(size, n_blocks - first)]
            _consecutive(key, counter, int(start_block) + first, part)
            yield first, part
        return
    engine = _Engine(key, counter, size)
    steps = np.arange(size, dtype=np.uint64)
    done = 0
    while done < n_blocks:
        position = (int(counter) << 64) + int(start_block) + done
        low, engine.counter = position & (2**64 - 1), position >> 64
        n = min(size, n_blocks - done, 2**64 - low)
        engine.run(steps[:n] + np.uint64(low), out[:n])
        yield done, out[:n]
        done += n


def fill_blocks(key: int, counter: int, start_block: int, n_blocks: int) -> U32:
    """Return the words [n_blocks, 4] of consecutive blocks."""
    out = np.empty((n_blocks, 4), np.uint32)
    if _consecutive(key, counter, start_block, out):
        return out
    for first, words in tiles(key, counter, start_block, n_blocks):
        out[first : first + len(words)] = words
    return out


def blocks_at(key: int, counter: int, index: U64) -> U32:
    """Return the words [n, 4] of the blocks at the 64-bit positions `index` [n]."""
    n = len(index)
    out = np.empty((n, 4), np.uint32)
    engine = _Engine(key, counter, min(TILE, n))
    for first in range(0, n, TILE):
        engine.run(index[first : first + TILE], out[first : first + TILE])
    return out
