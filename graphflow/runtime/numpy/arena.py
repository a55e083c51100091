"""Arenas: the reused buffers of one plan, one set for each run under way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from graphflow.plan.buffers import Layout
from graphflow.plan.record import Steps

Array = np.ndarray[Any, Any]
_ALIGN = 64  # bytes: a cache line, and what vector loads like
_TOGETHER = 4096  # bytes: buffers up to this size are cut from one piece of memory


def _aligned(size: int) -> Array:
    raw = np.empty(size + _ALIGN, np.uint8)
    start = -raw.ctypes.data % _ALIGN
    return raw[start : start + size]


class Arena(Mapping[int, Array]):
    """The buffers of one run: an array for each slot that has one, made when it is asked for.

    Compiled code wants addresses alone, of which a long graph has thousands.

    Args:
        steps: the plan.
        layout: where its values live.
    """

    def __init__(self, steps: Steps, layout: Layout) -> None:
        self._steps = steps
        self._buffer_of = layout.buffer_of
        self._sizes = layout.sizes  # multiples of the alignment
        self._arrays: dict[int, Array] = {}
        small = [size if size <= _TOGETHER else 0 for size in layout.sizes]
        self._shared = _aligned(sum(small))
        self._own = {i: _aligned(size) for i, size in enumerate(layout.sizes) if not small[i]}
        self._starts: list[int] = []
        at = 0
        for size in small:
            self._starts.append(at)
            at += size
        first = self._shared.ctypes.data
        self._addresses = [first + start for start in self._starts]
        for i, memory in self._own.items():
            self._addresses[i] = memory.ctypes.data

    def address(self, slot: int) -> int | None:
        """Where the buffer of a slot begins; None if it has none."""
        number = self._buffer_of.get(slot)
        return None if number is None else self._addresses[number]

    def __getitem__(self, slot: int) -> Array:
        found = self._arrays.get(slot)
        if found is None:
            found = self._arrays[slot] = self._array(slot, self._buffer_of[slot])
        return found

    def __iter__(self) -> Iterator[int]:
        return iter(self._buffer_of)

    def __len__(self) -> int:
        return len(self._buffer_of)

    def _array(self, slot: int, number: int) -> Array:
        dtype, dims = self._steps.dtypes[slot], self._steps.dims[slot]
        if dtype is None or dims is None:
            raise AssertionError(f"slot {slot} has a buffer but no size")
        memory = self._own.get(number)
        if memory is None:
            start = self._starts[number]
            memory = self._shared[start : start + self._sizes[number]]
        sizes = tuple([int(d or 0) for d in dims])
        return np.ndarray(sizes, np.dtype(dtype.as_numpy_dtype), memory)
