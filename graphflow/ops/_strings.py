"""What kernels and shape rules of string operations share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.ops._shapes import need_rank

Array = np.ndarray[Any, Any]


def items(x: Array) -> list[bytes]:
    """The elements of a string tensor in row-major order."""
    found: list[bytes] = x.reshape(-1).tolist()
    return found


def strings(values: Iterable[bytes], shape: tuple[int, ...] | None = None) -> Array:
    """Returns strings as a tensor.

    Args:
        values: the elements in row-major order.
        shape: their shape; None: a vector.
    """
    flat = list(values)
    found = np.empty(len(flat), object)
    found[:] = flat
    return found if shape is None else found.reshape(shape)


def mapped(function: Callable[[bytes], bytes], x: Array) -> Array:
    """Returns `function` of every element of a string tensor."""
    return strings(map(function, items(x)), x.shape)


def as_bytes(value: str | bytes) -> bytes:
    """The bytes of an attribute, which is text where it can be."""
    return value.encode() if isinstance(value, str) else value


def as_text(value: bytes) -> str:
    """A string as it stands in messages, whatever bytes it has."""
    return value.decode(errors="replace")


def scalar_inputs(*positions: int) -> Callable[[Operation], list[Dims]]:
    """The shape rule of an operation like its first input, with scalars at these positions."""

    def rule(op: Operation) -> list[Dims]:
        for i in positions:
            need_rank(op.inputs[i].dims, 0)
        return [op.inputs[0].dims]

    return rule


def lengths(values: Iterable[Any]) -> Array:
    """How long each value is."""
    return np.fromiter(map(len, values), np.int64)


def ragged_indices(counts: Array) -> Array:
    """The (row, column) of each element of rows that hold so many elements: [total, 2]."""
    total = int(counts.sum())
    found = np.empty((total, 2), np.int64)
    found[:, 0] = np.repeat(np.arange(len(counts)), counts)
    found[:, 1] = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    return found


def sparse_parts(counts: Array) -> tuple[Array, Array]:
    """The indices and the dense shape of a sparse matrix whose rows hold so many elements."""
    widest = int(counts.max()) if counts.size else 0
    return ragged_indices(counts), np.array([counts.size, widest], np.int64)
