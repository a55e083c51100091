"""A constant that a file tells in a few bytes and that is large once it is an array.

Graph files hold zeros of any shape as one zero. Making arrays of them at import would let a few
bytes of a file take all memory; they are made when they are computed with, as TensorFlow does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.errors import ResourceExhaustedError

Array = np.ndarray[Any, Any]


class Repeated:
    """The first elements of a tensor, the last of which repeats up to its end.

    Args:
        head: these elements, one at least.
        shape: the tensor's shape, of more elements.

    Raises:
        ValueError: if no array can have that shape.
    """

    __slots__ = ("_array", "dtype", "head", "shape")

    def __init__(self, head: Array, shape: tuple[int, ...]) -> None:
        np.broadcast_to(np.empty((), head.dtype), shape)  # raises, and allocates nothing
        self.head = head
        self.shape = shape
        self.dtype = head.dtype
        self._array: Array | None = None

    def array(self) -> Array:
        """The whole tensor, made at the first call; not to be written to.

        Raises:
            ResourceExhaustedError: if the memory does not suffice.
        """
        if self._array is None:
            try:
                found = np.full(self.shape, self.head[-1], self.dtype)
            except MemoryError as e:
                shape = ",".join(map(str, self.shape))
                raise ResourceExhaustedError(
                    None, None, f"OOM when allocating tensor with shape[{shape}]"
                ) from e
            found.reshape(-1)[: len(self.head)] = self.head
            found.flags.writeable = False
            self._array = found
        return self._array


def whole(value: Array | Repeated) -> Array:
    """The array of a constant."""
    return value.array() if value.__class__ is Repeated else value  # type: ignore[return-value]
