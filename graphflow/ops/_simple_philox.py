"""Numbers drawn one after the other from a Philox stream, as TensorFlow's SimplePhilox does."""

from __future__ import annotations

from typing import Final

import numpy as np

from graphflow.ops._philox import fill_blocks

_BLOCKS: Final = 64  # made at once


class SimplePhilox:
    """A stream of random numbers.

    Args:
        seed: a 64-bit number.
    """

    def __init__(self, seed: int) -> None:
        self._key = seed & (1 << 64) - 1
        self._next_block = 0
        self._words: list[int] = []

    def rand32(self) -> int:
        """Returns the next 32 bits."""
        if not self._words:
            words = fill_blocks(self._key, 0, self._next_block, _BLOCKS)
            self._words = words.ravel()[::-1].tolist()
            self._next_block += _BLOCKS
        return self._words.pop()

    def rand64(self) -> int:
        """Returns 64 bits: the lower half comes first."""
        low = self.rand32()
        return low | self.rand32() << 32

    def rand_float(self) -> np.float32:
        """Returns a float32 in [0, 1), of 23 bits."""
        return np.float32((self.rand32() & 0x7FFFFF) * 2.0**-23)

    def uniform64(self, n: int) -> int:
        """Returns an integer in [0, n), all equally likely: numbers that would not be are skipped.

        Args:
            n: at least 1.
        """
        if n & (n - 1) == 0:
            return self.rand64() & (n - 1)
        skipped = ((1 << 64) - 1) % n + 1
        while (found := self.rand64()) < skipped:
            pass
        return found % n
