"""Data sets of others' elements in another order or number: shuffled, repeated, cut, chosen."""

from __future__ import annotations

import functools
import itertools
import secrets
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np

from graphflow.core.errors import InvalidArgumentError, KernelError
from graphflow.ops._datasets import INFINITE, UNKNOWN, Dataset, Element, Over, Place, thing
from graphflow.ops._philox import fill_blocks

_WORDS_AHEAD: Final = 256  # blocks of random numbers
_SIZE: Final = "buffer_size must be greater than zero."


class Words:
    """TensorFlow's random 32-bit numbers for a pair of seeds; none for the same pair (0, 0).

    Args:
        seed: the key.
        seed2: the upper half of the counter.
    """

    __slots__ = ("_block", "_buffer", "_seeds")

    def __init__(self, seed: int, seed2: int) -> None:
        self._seeds = seed & (2**64 - 1), seed2 & (2**64 - 1)
        self._block = 0
        self._buffer: Iterator[int] = iter(())

    def __call__(self) -> int:
        """The next number."""
        for word in self._buffer:
            return word
        n = min(4 << self._block.bit_length(), _WORDS_AHEAD)
        words = fill_blocks(*self._seeds, self._block, n)
        self._block += n
        self._buffer = iter(words.reshape(-1).tolist())
        return next(self._buffer)


def seeds_of(seed: Any, seed2: Any) -> tuple[int, int]:
    """The seeds of a data set; fresh ones for the pair (0, 0)."""
    found = int(seed), int(seed2)
    return found if found != (0, 0) else (secrets.randbits(64), secrets.randbits(64))


# --- Shuffle, Repeat ---
class _Shuffling(Iterator[Any]):
    """Takes things at random from a buffer that is refilled; epochs do not mix.

    At the end of each epoch the next one is begun, as in TensorFlow even behind the last: that
    counts where the input is shuffled itself.

    Args:
        begin: begins an epoch.
        epochs: how many there are; -1: without end.
        size: of the buffer.
        random: draws numbers.
    """

    __slots__ = ("_begin", "_buffer", "_count", "_input", "_left", "_random", "_size", "_slices")

    def __init__(
        self, begin: Callable[[], Iterator[Any]], epochs: int, size: int, random: Words
    ) -> None:
        self._begin, self._left, self._size, self._random = begin, epochs, size, random
        self._input: Iterator[Any] | None = None
        self._buffer: list[Any] = []
        self._slices: deque[list[int]] = deque([[0, 0]])  # first and end of each epoch's part
        self._count = 0

    def _fill(self) -> None:
        buffer, size = self._buffer, self._size
        if self._input is None:
            self._input = self._begin()
        while self._count < size and self._left:
            last = self._slices[-1]
            for x in self._input:
                if last[1] < size:
                    buffer.append(x)
                else:
                    buffer[last[1] % size] = x
                last[1] += 1
                self._count += 1
                if self._count >= size:
                    return
            if last[1] == 0 and self._left < 0:
                self._left = 0  # nothing again and again would never end
                return
            self._left -= self._left > 0
            self._slices.append([last[1], last[1]])
            self._input = self._begin()

    def __next__(self) -> Any:
        if self._count < self._size:
            self._fill()
            if not self._count:
                raise StopIteration
        slices, buffer = self._slices, self._buffer
        while slices[0][0] == slices[0][1]:
            slices.popleft()
        start, end = slices[0]
        i = (start + self._random() % (end - start)) % self._size
        front = start % self._size
        found = buffer[i]
        buffer[i] = buffer[front]
        buffer[front] = None
        slices[0][0] = start + 1
        self._count -= 1
        return found


def _check_size(size: Any) -> int:
    if size <= 0:
        raise KernelError(_SIZE)
    return int(size)


class Shuffle(Over):
    """The elements in random order."""

    __slots__ = ("reshuffles", "seeds", "size")

    def __init__(self, source: Any, size: Any, seed: Any, seed2: Any, reshuffles: bool) -> None:
        super().__init__(source)
        self.size = _check_size(size)
        self.seeds = seeds_of(seed, seed2)
        self.reshuffles = reshuffles

    def _chosen(self, place: Place) -> Iterator[Any]:
        seeds = self.seeds
        if self.reshuffles:
            draw = place.state.setdefault("seeds", Words(*seeds))
            seeds = draw(), draw()
        begin = functools.partial(super()._chosen, place)
        return _Shuffling(begin, 1, self.size, Words(*seeds))


class ShuffleAndRepeat(Over):
    """The elements in random order, again and again."""

    __slots__ = ("_count", "_seeds", "_size")

    def __init__(self, source: Any, size: Any, seed: Any, seed2: Any, count: Any) -> None:
        super().__init__(source)
        self._size = _check_size(size)
        if count == 0 or count < -1:
            raise KernelError("count must be greater than zero or equal to -1.")
        self._seeds = seeds_of(seed, seed2)
        self._count = int(count)

    def _chosen(self, place: Place) -> Iterator[Any]:
        begin = functools.partial(super()._chosen, place)
        return _Shuffling(begin, self._count, self._size, Words(*self._seeds))

    def cardinality(self) -> int:
        """As that of repeated elements."""
        return repeated(self.input.cardinality(), self._count)


def repeated(n: int, count: int) -> int:
    """The cardinality of `n` elements repeated."""
    if count < 0:
        return 0 if n == 0 else INFINITE
    if count == 0:
        return 0
    return n if n < 0 else n * count


class Repeat(Over):
    """The elements again and again."""

    __slots__ = ("_count",)

    def __init__(self, source: Any, count: Any) -> None:
        super().__init__(source)
        self._count = int(count)

    def _chosen(self, place: Place) -> Iterator[Any]:
        inner = self.input
        if (
            isinstance(inner, Shuffle)
            and inner.reshuffles
            and self._count
            and "shuffle_and_repeat_fusion" in place.root.optimizations
        ):
            fused = ShuffleAndRepeat(inner.input, inner.size, *inner.seeds, self._count)
            return fused._chosen(place)
        if self._count < 0:
            return _Forever(inner, place.child())
        return _Repeating(inner, place.child(), self._count)

    def cardinality(self) -> int:
        """The number of elements times the count."""
        return repeated(self.input.cardinality(), self._count)


class _Repeating(Iterator[Any]):
    """So many epochs; as in TensorFlow a further one is begun at the end of the last."""

    __slots__ = ("_input", "_left", "_now", "_place")

    def __init__(self, source: Dataset, place: Place, count: int) -> None:
        self._input, self._place, self._left = source, place, count
        self._now: Iterator[Any] = source.things(place)

    def __next__(self) -> Any:
        while self._left > 0:
            for found in self._now:
                return found
            self._left -= 1
            self._now = self._input.things(self._place)
        raise StopIteration


class _Forever(Iterator[Any]):
    """Epochs without end, but for one: an epoch without elements."""

    __slots__ = ("_input", "_now", "_place")

    def __init__(self, source: Dataset, place: Place) -> None:
        self._input, self._place = source, place
        self._now: Iterator[Any] = source.things(place)

    def __next__(self) -> Any:
        for found in self._now:
            return found
        self._now = self._input.things(self._place)
        return next(self._now)


# --- Take, Skip, Shard ---
class Take(Over):
    """The first elements; all of them for a negative count."""

    __slots__ = ("_count",)

    def __init__(self, source: Any, count: Any) -> None:
        super().__init__(source)
        self._count = int(count)

    def _chosen(self, place: Place) -> Iterator[Any]:
        if self._count == 0:
            return iter(())
        inner = super()._chosen(place)
        return inner if self._count < 0 else Counted(inner, self._count)

    def cardinality(self) -> int:
        """At most the count; -1, as in TensorFlow, for a negative one."""
        n = self.input.cardinality()
        if n == UNKNOWN:
            return n
        return self._count if n == INFINITE else min(n, self._count)


class Counted(Iterator[Any]):
    """The first things of an iterator; an error counts for none."""

    __slots__ = ("_input", "_left")

    def __init__(self, source: Iterator[Any], n: int) -> None:
        self._input, self._left = source, n

    def __next__(self) -> Any:
        if self._left <= 0:
            raise StopIteration
        found = next(self._input)
        self._left -= 1
        return found


class Skip(Over):
    """The elements but for the first; none for a negative count."""

    __slots__ = ("_count",)

    def __init__(self, source: Any, count: Any) -> None:
        super().__init__(source)
        self._count = int(count)

    def _chosen(self, place: Place) -> Iterator[Any]:
        if self._count < 0:
            return iter(())
        inner = super()._chosen(place)
        return _Skipping(inner, self._count) if self._count else inner

    def cardinality(self) -> int:
        """What is left."""
        n = self.input.cardinality()
        if self._count < 0:
            return 0
        return n if n < 0 else max(n - self._count, 0)


class _Skipping(Iterator[Any]):
    __slots__ = ("_input", "_left")

    def __init__(self, source: Iterator[Any], n: int) -> None:
        self._input, self._left = source, n

    def __next__(self) -> Any:
        while self._left > 0:
            next(self._input)
            self._left -= 1
        return next(self._input)


class Shard(Over):
    """Every n-th element."""

    __slots__ = ("_count", "_index", "_whole")

    def __init__(self, source: Any, count: Any, index: Any, require_non_empty: bool) -> None:
        super().__init__(source)
        if count <= 0:
            raise KernelError(
                f"Number of shards must be greater than zero (currently num_shards = {int(count)})."
            )
        if not 0 <= index < count:
            raise KernelError(
                f"Index must be between 0 and {int(count) - 1} (currently index = {int(index)})."
            )
        self._count, self._index, self._whole = int(count), int(index), require_non_empty

    def _chosen(self, place: Place) -> Iterator[Any]:
        inner = super()._chosen(place)
        return _Sharding(inner, self._index, self._count, self._whole)

    def cardinality(self) -> int:
        """One of so many."""
        n = self.input.cardinality()
        return n if n < 0 else n // self._count + (self._index < n % self._count)


class _Sharding(Iterator[Any]):
    __slots__ = ("_count", "_input", "_left", "_whole")

    def __init__(self, source: Iterator[Any], index: int, count: int, whole: bool) -> None:
        self._input, self._left, self._count = source, index, count
        self._whole = whole

    def __next__(self) -> Any:
        while self._left > 0:
            self._step()
            self._left -= 1
        found = self._step()
        self._left = self._count - 1
        self._whole = False
        return found

    def _step(self) -> Any:
        for x in self._input:
            return x
        if self._whole:
            raise KernelError(
                "There aren't enough elements in this dataset for each shard to have at least one "
                f"element (# elems = {self._count - self._left}, # shards = {self._count}). If you "
                "are using datasets with distribution strategy, considering setting the auto "
                "sharding policy to either DATA or OFF using the `experimental_distribute."
                "auto_shard_policy` option of `tf.data.Options()`.",
                InvalidArgumentError,
            )
        raise StopIteration


class DirectedInterleave(Dataset):
    """Elements of the inputs that the numbers of a selector choose."""

    __slots__ = ("_inputs", "_selector")

    def __init__(self, selector: Any, sources: Sequence[Any]) -> None:
        super().__init__()
        self._selector: Dataset = thing(selector)
        self._inputs: list[Dataset] = [thing(s) for s in sources]

    def iterate(self, place: Place) -> Iterator[Element]:
        """The elements, from the first on."""
        inputs = [d.iterate(place.child(i + 1)) for i, d in enumerate(self._inputs)]
        return _Directed(self._selector.iterate(place.child(0)), inputs)


class _Directed(Iterator[Any]):
    __slots__ = ("_inputs", "_selector")

    def __init__(self, selector: Iterator[Element], inputs: list[Iterator[Element]]) -> None:
        self._selector = selector
        self._inputs: list[Iterator[Element] | None] = list(inputs)

    def __next__(self) -> Element:
        while any(x is not None for x in self._inputs):
            i = int(next(self._selector)[0])
            if not 0 <= i < len(self._inputs):
                raise KernelError(
                    f"Selector index out of range: {i} >= {len(self._inputs)}", InvalidArgumentError
                )
            source = self._inputs[i]
            if source is not None:
                for found in source:
                    return found
                self._inputs[i] = None
        raise StopIteration


class Random(Dataset):
    """Random numbers without end."""

    __slots__ = ("_seeds",)

    def __init__(self, seed: Any, seed2: Any) -> None:
        super().__init__()
        self._seeds = seeds_of(seed, seed2)

    def iterate(self, place: Place) -> Iterator[Element]:
        """Integers of 32 bits as int64 scalars."""
        words = Words(*self._seeds)
        return ([np.array(words(), np.int64)] for _ in itertools.repeat(None))

    def cardinality(self) -> int:
        """There is no end."""
        return INFINITE
