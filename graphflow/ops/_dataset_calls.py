"""Data sets made of others with functions: mapped, filtered, flattened, grouped, generated."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import starmap
from typing import Any

import numpy as np

from graphflow.core.errors import InvalidArgumentError, KernelError, OutOfRangeError
from graphflow.ops._dataset_stacks import Batches, batches
from graphflow.ops._datasets import (
    UNKNOWN,
    Call,
    Chain,
    Dataset,
    Element,
    Elements,
    Function,
    Over,
    Place,
    frozen,
    stacked,
    thing,
)


def _ending(call: Call, preserves: bool) -> Call:
    """A function whose OutOfRangeError is the end of the elements, or a mistake."""

    def once(*element: Any) -> list[Any]:
        try:
            return call(*element)
        except OutOfRangeError as e:
            if not preserves:
                raise StopIteration from None
            raise KernelError(
                f"Function invocation produced OutOfRangeError: {e}", InvalidArgumentError
            ) from e

    return once


class Calling(Over):
    """A data set with one function: the base of most here."""

    __slots__ = ("function",)

    def __init__(self, source: Any, function: Function) -> None:
        super().__init__(source, table=False)
        self.function = function

    def cardinality(self) -> int:
        """Not known before the function has run."""
        return UNKNOWN


class Map(Calling):
    """What a function makes of each element.

    Args:
        source: the elements.
        function: takes an element's components.
        preserves: whether the function may not end the elements.
    """

    __slots__ = ("_preserves",)

    def __init__(self, source: Any, function: Function, preserves: bool) -> None:
        super().__init__(source, function)
        self._preserves = preserves

    def _chosen(self, place: Place) -> Iterator[Any]:
        call = _ending(place.call(self.function), self._preserves)
        return starmap(call, self.input.iterate(place.child()))

    def cardinality(self) -> int:
        """That of the input, as in TensorFlow even where the function may end the elements."""
        return self.input.cardinality()


class MapAndBatch(Map):
    """What a function makes of each element, stacked."""

    __slots__ = ("_drop", "_size")

    def __init__(
        self, source: Any, function: Function, preserves: bool, size: Any, drop: Any
    ) -> None:
        super().__init__(source, function, preserves)
        if size <= 0:
            raise KernelError("batch_size must be greater than zero.")
        self._size, self._drop = int(size), bool(drop)

    def _chosen(self, place: Place) -> Iterator[Any]:
        return Batches(super()._chosen(place), self._size, self._drop, stacked)

    def cardinality(self) -> int:
        """The number of batches."""
        return batches(super().cardinality(), self._size, self._drop)


class Filter(Calling):
    """The elements of which a function says true."""

    __slots__ = ()

    def _chosen(self, place: Place) -> Iterator[Any]:
        call = place.call(self.function)

        def keeps(element: Element) -> bool:
            found = call(*element)[0]
            if np.ndim(found):
                raise KernelError("Filter predicate `f` must return a scalar bool.")
            return bool(found)

        return filter(keeps, self.input.iterate(place.child()))


class FilterByLast(Over):
    """The elements whose last component is true, without it."""

    __slots__ = ()

    def __init__(self, source: Any) -> None:
        super().__init__(source, table=False)

    def _chosen(self, place: Place) -> Iterator[Any]:
        found = filter(_last, self.input.iterate(place.child()))
        return map(_without_last, found)

    def cardinality(self) -> int:
        """Not known."""
        return UNKNOWN


def _last(element: Element) -> bool:
    return bool(element[-1])


def _without_last(element: Element) -> Element:
    return element[:-1]


class TakeWhile(Calling):
    """The elements before the first of which a function says false."""

    __slots__ = ()

    def _chosen(self, place: Place) -> Iterator[Any]:
        call = place.call(self.function)

        def checked(*element: Any) -> Element:
            if not call(*element)[0]:
                raise StopIteration
            return element

        return starmap(checked, self.input.iterate(place.child()))


class FlatMap(Calling):
    """The elements of the data sets that a function makes of the elements."""

    __slots__ = ()

    def _chosen(self, place: Place) -> Iterator[Any]:
        call = place.call(self.function)
        inner = self.input.iterate(place.child())

        def opened(element: Element) -> Callable[[], Iterator[Element]]:
            return _opener(call(*element)[0], place)

        return Chain(map(opened, inner))


def _opener(made: Any, place: Place) -> Callable[[], Iterator[Element]]:
    """Begins a data set that a function has made."""
    found: Dataset = thing(made)
    return lambda: found.iterate(place.inside())


# --- Interleave ---
class Interleave(Calling):
    """The elements of several such data sets in turn, in blocks.

    Args:
        source: the elements.
        function: makes a data set of an element.
        cycle: how many are open at a time.
        block: how many elements one gives in its turn.
    """

    __slots__ = ("_block", "_cycle")

    def __init__(self, source: Any, function: Function, cycle: Any, block: Any) -> None:
        super().__init__(source, function)
        if cycle == -1:
            cycle = os.cpu_count() or 1
        if cycle <= 0:
            raise KernelError("cycle_length must be greater than zero.")
        if block <= 0:
            raise KernelError("block_length must be greater than zero.")
        self._cycle, self._block = int(cycle), int(block)

    def _chosen(self, place: Place) -> Iterator[Any]:
        call = place.call(self.function)
        inner = self.input.iterate(place.child())

        def opened(element: Element) -> Iterator[Element]:
            return _opener(call(*element)[0], place)()

        return _Cycle(map(opened, inner), self._cycle, self._block)


class _Cycle(Iterator[Any]):
    __slots__ = ("_at", "_block", "_done", "_inputs", "_open", "_taken")

    def __init__(self, inputs: Iterator[Iterator[Element]], cycle: int, block: int) -> None:
        self._inputs: Iterator[Iterator[Element]] | None = inputs
        self._open: list[Iterator[Element] | None] = [None] * cycle
        self._block, self._at, self._taken = block, 0, 0
        self._done = 0

    def _advance(self) -> None:
        self._at = (self._at + 1) % len(self._open)
        self._taken = 0

    def __next__(self) -> Element:
        idle = 0
        while idle <= len(self._open):
            source = self._open[self._at]
            if source is None and self._inputs is not None:
                source = self._open[self._at] = next(self._inputs, None)
                if source is None:
                    self._inputs = None
            if source is None:
                self._advance()
                idle += 1
                continue
            idle = 0
            for found in source:
                self._taken += 1
                if self._taken == self._block:
                    self._advance()
                return found
            self._open[self._at] = None
            self._advance()
        raise StopIteration


# --- Scan ---
class Scan(Calling):
    """What a function makes of a state and each element; it makes the next state too."""

    __slots__ = ("_preserves", "_start")

    def __init__(
        self, source: Any, start: Sequence[Any], function: Function, preserves: bool
    ) -> None:
        super().__init__(source, function)
        self._start = [frozen(np.array(x)) if isinstance(x, np.ndarray) else x for x in start]
        self._preserves = preserves

    def _chosen(self, place: Place) -> Iterator[Any]:
        call = _ending(place.call(self.function), self._preserves)
        n = len(self._start)
        state = self._start

        def step(*element: Any) -> Element:
            nonlocal state
            found = call(*state, *element)
            state = found[:n]
            return found[n:]

        return starmap(step, self.input.iterate(place.child()))

    def cardinality(self) -> int:
        """That of the input, as in TensorFlow even where the function may end the elements."""
        return self.input.cardinality()


# --- groups ---
class GroupByWindow(Calling):
    """The elements of the data sets that a function makes of full groups, by key."""

    __slots__ = ("_reduce", "_size")

    def __init__(self, source: Any, key: Function, reduce: Function, size: Function) -> None:
        super().__init__(source, key)
        self._reduce, self._size = reduce, size

    def _chosen(self, place: Place) -> Iterator[Any]:
        calls = [place.call(f) for f in (self.function, self._reduce, self._size)]
        return Chain(_Groups(place, self.input.iterate(place.child()), *calls))


class _Groups(Iterator[Any]):
    __slots__ = ("_groups", "_input", "_key", "_place", "_reduce", "_size", "_sizes")

    def __init__(
        self, place: Place, source: Iterator[Element], key: Call, reduce: Call, size: Call
    ) -> None:
        self._place, self._input = place, source
        self._key, self._reduce, self._size = key, reduce, size
        self._groups: dict[int, list[Element]] = {}
        self._sizes: dict[int, int] = {}

    def __next__(self) -> Callable[[], Iterator[Element]]:
        for element in self._input:
            found = self._key(*element)[0]
            key = int(found)
            if key not in self._sizes:
                self._sizes[key] = self._window(key)
            group = self._groups.setdefault(key, [])
            group.append(element)
            if len(group) == self._sizes[key]:
                return self._flush(key)
        if not self._groups:
            raise StopIteration
        return self._flush(min(self._groups))

    def _window(self, key: int) -> int:
        size = int(self._size(np.array(key, np.int64))[0])
        if size <= 0:
            raise KernelError(f"Window size must be greater than zero, but got {size}.")
        return size

    def _flush(self, key: int) -> Callable[[], Iterator[Element]]:
        group = Elements(self._groups.pop(key))
        return _opener(self._reduce(np.array(key, np.int64), group)[0], self._place)


class GroupByReducer(Calling):
    """One element for each key: what functions make of all its elements."""

    __slots__ = ("_finalize", "_init", "_reduce")

    def __init__(
        self, source: Any, key: Function, init: Function, reduce: Function, finalize: Function
    ) -> None:
        super().__init__(source, key)
        self._init, self._reduce, self._finalize = init, reduce, finalize

    def _chosen(self, place: Place) -> Iterator[Any]:
        functions = self.function, self._init, self._reduce, self._finalize
        key, init, reduce, finalize = [place.call(f) for f in functions]
        source = self.input.iterate(place.child())

        def results() -> Iterator[Element]:
            states: dict[int, Any] = {}
            for element in source:
                at = int(key(*element)[0])
                if at not in states:
                    states[at] = init(np.array(at, np.int64))
                states[at] = reduce(*states[at], *element)
            return iter([finalize(*states[at]) for at in sorted(states)])

        return Chain(iter([results]))


# --- Generator ---
class Generator(Dataset):
    """Elements that a function makes of a state, until it raises OutOfRangeError.

    Args:
        init: makes the state.
        step: takes it and makes an element.
        finalize: takes it in the end.
    """

    __slots__ = ("_finalize", "_init", "_step")

    def __init__(self, init: Function, step: Function, finalize: Function) -> None:
        super().__init__()
        self._init, self._step, self._finalize = init, step, finalize

    def iterate(self, place: Place) -> Iterator[Element]:
        """The elements, from the first on."""
        return _Generated(*[place.call(f) for f in (self._init, self._step, self._finalize)])


class _Generated(Iterator[Any]):
    __slots__ = ("_ended", "_finalize", "_init", "_state", "_step")

    def __init__(self, init: Call, step: Call, finalize: Call) -> None:
        self._init, self._step, self._finalize = init, step, finalize
        self._state: list[Any] | None = None
        self._ended = False

    def __next__(self) -> Element:
        if self._ended:
            raise StopIteration
        if self._state is None:
            self._state = self._init()
        try:
            return self._step(*self._state)
        except OutOfRangeError:
            self._ended = True
            self._finalize(*self._state)
            raise StopIteration from None

    def __del__(self) -> None:
        if self._state is not None and not self._ended:
            self._ended = True
            with contextlib.suppress(Exception):  # nobody is left to tell
                self._finalize(*self._state)


# --- all at once ---
def reduced(
    dataset: Dataset, state: Sequence[Any], function: Function, place: Place
) -> Sequence[Any]:
    """What a function makes of a state and all elements, one after the other."""
    call = place.call(function)
    for element in dataset.iterate(place.child()):
        state = call(*state, *element)
    return state


def single(dataset: Dataset) -> Element:
    """The only element of a data set.

    Raises:
        KernelError: if there is none, or more than one.
    """
    found: deque[Element] = deque()
    for element in dataset.iterate(Place()):
        if found:
            raise KernelError("Dataset had more than one element.")
        found.append(element)
    if not found:
        raise KernelError("Dataset was empty.")
    return found[0]
