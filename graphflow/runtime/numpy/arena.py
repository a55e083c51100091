"""Arenas: the reused buffers of one plan, one set for each run under way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def _memory(sizes: Sequence[int]) -> list[Array]:
    """The bytes of each buffer; sizes are multiples of the alignment."""
    shared = _aligned(sum([size for size in sizes if size <= _TOGETHER]))
    memory: list[Array] = []
    at = 0
    for size in sizes:
        if size <= _TOGETHER:
            memory.append(shared[at : at + size])
            at += size
        else:
            memory.append(_aligned(size))
    return memory


def make_arena(steps: Steps, layout: Layout, buffers: Iterable[tuple[str, int]]) -> dict[str, Any]:
    """Allocates the buffers of a plan and returns an array for each slot that has one, by name."""
    memory = _memory(layout.sizes)
    found: dict[str, Any] = {}
    for name, slot in buffers:
        dtype, dims = steps.dtypes[slot], steps.dims[slot]
        if dtype is None or dims is None:
            raise AssertionError(f"slot {slot} has a buffer but no size")
        sizes = tuple([int(d or 0) for d in dims])
        kind = np.dtype(dtype.as_numpy_dtype)
        found[name] = np.ndarray(sizes, kind, memory[layout.buffer_of[slot]])
    return found
