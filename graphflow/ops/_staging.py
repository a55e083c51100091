"""Staging areas as objects: bounded buffers of tuples, in order or by key."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphflow.core.errors import CancelledError, KernelError, ResourceExhaustedError
from graphflow.core.waiting import wait_until

Array = np.ndarray[Any, Any]


class _Bounded:
    """What both kinds share: how much fits, and waiting.

    Args:
        capacity: the most tuples; 0: any number.
        memory_limit: the most bytes; 0: any number.
    """

    def __init__(self, capacity: int, memory_limit: int) -> None:
        self._capacity = capacity
        self._limit = memory_limit
        self._bytes = 0
        self._condition = threading.Condition()

    def _count(self) -> int:
        raise NotImplementedError

    def _wait(self, ready: Callable[[], bool]) -> None:
        if not wait_until(self._condition, ready):
            raise KernelError("Staging operation was cancelled", CancelledError)

    def _make_room(self, size: int) -> None:
        if self._limit and size > self._limit:
            raise KernelError(
                f"Attempted to insert tensors with combined size of '{size}' bytes into Staging "
                f"Area with a memory limit of '{self._limit}'.",
                ResourceExhaustedError,
            )

        def room() -> bool:
            full = self._capacity and self._count() >= self._capacity
            return not full and not (self._limit and self._bytes + size > self._limit)

        self._wait(room)


def _size(parts: Sequence[Any]) -> int:
    return sum(p.nbytes for p in parts if isinstance(p, np.ndarray))


def _copied(parts: Sequence[Any]) -> list[Any]:
    return [np.array(p) if isinstance(p, np.ndarray) else p for p in parts]


class Stage(_Bounded):
    """A buffer of tuples that come out in the order they went in."""

    def __init__(self, capacity: int, memory_limit: int) -> None:
        super().__init__(capacity, memory_limit)
        self._items: deque[list[Any]] = deque()

    def _count(self) -> int:
        return len(self._items)

    def put(self, parts: Sequence[Any]) -> None:
        """Adds a tuple; waits for room."""
        item = _copied(parts)
        with self._condition:
            self._make_room(_size(item))
            self._items.append(item)
            self._bytes += _size(item)
            self._condition.notify_all()

    def get(self) -> list[Any]:
        """Returns the first tuple and forgets it; waits for one."""
        with self._condition:
            self._wait(lambda: bool(self._items))
            item = self._items.popleft()
            self._bytes -= _size(item)
            self._condition.notify_all()
        return item

    def peek(self, index: int) -> list[Any]:
        """Returns a copy of a tuple by its place; waits until there are so many."""
        with self._condition:
            self._wait(lambda: len(self._items) > index)
            return _copied(self._items[index])

    def size(self) -> int:
        """The number of tuples."""
        return len(self._items)

    def clear(self) -> None:
        """Forgets all."""
        with self._condition:
            self._items.clear()
            self._bytes = 0
            self._condition.notify_all()


class MapStage(_Bounded):
    """A buffer of tuples by key; their parts may come one by one.

    Args:
        capacity: as in `_Bounded`.
        memory_limit: as in `_Bounded`.
        n: the number of parts of a tuple.
        ordered: whether `pop` takes the smallest key; else the one that came first.
    """

    def __init__(self, capacity: int, memory_limit: int, n: int, ordered: bool) -> None:
        super().__init__(capacity, memory_limit)
        self._n = n
        self._ordered = ordered
        self._complete: dict[int, list[Any]] = {}
        self._incomplete: dict[int, list[Any]] = {}

    def _count(self) -> int:
        return len(self._complete)

    def resize(self, n: int) -> None:
        """Says how many parts a tuple has: who takes some may have come first."""
        self._n = n

    def put(self, key: int, indices: Sequence[int], parts: Sequence[Any]) -> None:
        """Adds parts of the tuple of a key; waits for room.

        Raises:
            KernelError: if an index is wrong, or its part is there already.
        """
        if len(indices) != len(parts):
            raise KernelError(
                f"Number of indices '{len(indices)}' doesn't match number of values '{len(parts)}'"
            )
        self._check(key, indices)
        fresh = _copied(parts)
        with self._condition:
            item = self._incomplete.get(key, [None] * self._n)
            for i in indices:
                if item[i] is not None:
                    raise KernelError(
                        f"The tensor for index '{i}' for key '{key}' was already initialized "
                        f"'{self._n}'."
                    )
            self._make_room(_size(fresh))
            for i, part in zip(indices, fresh, strict=True):
                item[i] = part
            self._bytes += _size(fresh)
            done = all(part is not None for part in item)
            self._incomplete.pop(key, None)
            (self._complete if done else self._incomplete)[key] = item
            self._condition.notify_all()

    def _check(self, key: int, indices: Sequence[int]) -> None:
        if any(a >= b for a, b in itertools.pairwise(indices)):
            raise KernelError("Indices are not strictly ordered")
        for i in indices:
            if not 0 <= i < self._n:
                raise KernelError(f"Index '{i}' for key '{key}' was out of bounds '{self._n}'.")

    def get(self, key: int, indices: Sequence[int]) -> list[Any]:
        """Returns parts of the tuple of a key and forgets them; waits for the key.

        Raises:
            KernelError: if an index is wrong, or its part was taken already.
        """
        self._check(key, indices)
        with self._condition:
            self._wait(lambda: key in self._complete)
            return self._taken(key, indices)

    def pop(self, indices: Sequence[int]) -> tuple[int, list[Any]]:
        """Returns a key and parts of its tuple, and forgets them; waits for any key."""
        with self._condition:
            self._wait(lambda: bool(self._complete))
            key = min(self._complete) if self._ordered else next(iter(self._complete))
            self._check(key, indices)
            return key, self._taken(key, indices)

    def _taken(self, key: int, indices: Sequence[int]) -> list[Any]:
        item = self._complete[key]
        found = self._parts(key, item, indices)
        for i in indices:
            item[i] = None
        if all(part is None for part in item):
            del self._complete[key]
        self._bytes -= _size(found)
        self._condition.notify_all()
        return found

    @staticmethod
    def _parts(key: int, item: list[Any], indices: Sequence[int]) -> list[Any]:
        for i in indices:
            if item[i] is None:
                raise KernelError(
                    f"Tensor at index '{i}' for key '{key}' has already been removed."
                )
        return [item[i] for i in indices]

    def peek(self, key: int, indices: Sequence[int]) -> list[Any]:
        """Returns copies of parts of the tuple of a key; waits for the key."""
        self._check(key, indices)
        with self._condition:
            self._wait(lambda: key in self._complete)
            return _copied(self._parts(key, self._complete[key], indices))

    def size(self) -> int:
        """The number of complete tuples."""
        return len(self._complete)

    def incomplete_size(self) -> int:
        """The number of others."""
        return len(self._incomplete)

    def clear(self) -> None:
        """Forgets all."""
        with self._condition:
            self._complete.clear()
            self._incomplete.clear()
            self._bytes = 0
            self._condition.notify_all()
