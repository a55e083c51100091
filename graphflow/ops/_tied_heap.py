"""A priority queue that takes equal items in the order of C++'s `std::priority_queue`.

The order decides which of two equal scores comes first, and so which boxes TensorFlow chooses.

Source: the two loops that C++ libraries call push_heap and adjust_heap, Floyd's variant: a hole
sinks to a leaf, and the item that replaces the top rises from there.
"""

from __future__ import annotations

from typing import Any


class TiedHeap:
    """Items `(score, ...)`, the highest score first; other parts are not compared."""

    def __init__(self) -> None:
        self._items: list[tuple[Any, ...]] = []

    def __len__(self) -> int:
        return len(self._items)

    def push(self, item: tuple[Any, ...]) -> None:
        """Adds an item."""
        self._items.append(item)
        self._rise(len(self._items) - 1, item)

    def _rise(self, hole: int, item: tuple[Any, ...]) -> None:
        items = self._items
        while hole > 0:
            parent = (hole - 1) // 2
            if not items[parent][0] < item[0]:
                break
            items[hole] = items[parent]
            hole = parent
        items[hole] = item

    def pop(self) -> tuple[Any, ...]:
        """Takes the first item away and returns it."""
        items = self._items
        last = items.pop()
        n = len(items)
        if not n:
            return last
        top, hole = items[0], 0
        while (child := 2 * hole + 2) < n:
            if items[child][0] < items[child - 1][0]:
                child -= 1
            items[hole] = items[child]
            hole = child
        if child == n:  # a left child only
            items[hole] = items[child - 1]
            hole = child - 1
        self._rise(hole, last)
        return top
