"""Work arrays that kernels use again and again, so that a step of a plan allocates nothing."""

from __future__ import annotations

import math
import threading
from typing import Any, Final

import numpy as np

Array = np.ndarray[Any, Any]
_LARGEST: Final = 1 << 20
"""Bytes. Larger ones are made anew: they are not kept for every thread."""


class _Held(threading.local):
    """The memory of each thread, by number."""

    def __init__(self) -> None:
        self.memory: dict[int, Array] = {}


_held: Final = _Held()


def scratch(shape: tuple[int, ...], dtype: Any, number: int = 0) -> Array:
    """Returns an array to work in until the calling kernel returns; it holds anything.

    Args:
        shape: its shape.
        dtype: its NumPy dtype.
        number: tells apart the arrays that a kernel uses at the same time.

    Note:
        Kernels do not call each other, so nobody else on this thread uses it meanwhile.
    """
    kind = np.dtype(dtype)
    size = math.prod(shape) * kind.itemsize
    if size > _LARGEST:
        return np.empty(shape, kind)
    memory = _held.memory.get(number)
    if memory is None or memory.size < size:
        memory = _held.memory[number] = np.empty(size, np.uint8)
    found: Array = memory[:size].view(kind).reshape(shape)
    return found
