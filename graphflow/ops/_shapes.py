"""What shape rules share: axes, ranks, merged sizes and sizes that come as values."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core.errors import ShapeError
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, clash, compatible

Array = np.ndarray[Any, Any]

MAX_RANK: Final = 254  # of TensorFlow's shapes


def need_rank(dims: Dims, rank: int, run: str | None = None) -> tuple[int | None, ...]:
    """Returns a shape of exactly that rank.

    Raises:
        ShapeError: if the rank is another one.
    """
    if dims is None:
        return (None,) * rank
    if len(dims) != rank:
        raise ShapeError(f"Shape must be rank {rank} but is rank {len(dims)}", run)
    return dims


def of_rank(rank: int | None) -> Dims:
    """A shape of a rank that a vector's length tells; unknown if no tensor can have that many axes.

    Files say lengths: a placeholder of a billion elements must not make a billion sizes.
    """
    return None if rank is None or rank > MAX_RANK else (None,) * rank


def need_rank_at_least(dims: Dims, rank: int, run: str | None = None) -> None:
    """Raises ShapeError if the rank is known and lower."""
    if dims is not None and len(dims) < rank:
        raise ShapeError(f"Shape must be at least rank {rank} but is rank {len(dims)}", run)


def need_rank_at_most(dims: Dims, rank: int, run: str | None = None) -> None:
    """Raises ShapeError if the rank is known and higher."""
    if dims is not None and len(dims) > rank:
        raise ShapeError(f"Shape must be at most rank {rank} but is rank {len(dims)}", run)


def same_size(a: int | None, b: int | None, run: str | None = None) -> int | None:
    """Returns the size that two axes share.

    Raises:
        ShapeError: if both are known and differ.
    """
    if a is not None and b is not None and a != b:
        raise ShapeError(f"Dimensions must be equal, but are {a} and {b}", run)
    return b if a is None else a


def merged(a: Dims, b: Dims, run: str | None = None) -> Dims:
    """Returns what two shapes, which must agree, know together.

    Raises:
        ShapeError: if they contradict each other.
    """
    if a is None or b is None:
        return b if a is None else a
    if not compatible(a, b):
        raise ShapeError(clash(a, b), run)
    return tuple([y if x is None else x for x, y in zip(a, b, strict=True)])


def scalar_value(op: Operation, index: int) -> int | None:
    """The value of a scalar integer input where it is known."""
    value = op.constant(index)
    return None if value is None or value.size != 1 else int(value.reshape(())[()])


def asked_sizes(op: Operation, index: int) -> list[int | None] | None:
    """An input that lists sizes, as far as it is known; None: not even how many.

    A size that is not known yet is None; one that says -1 is -1.

    Raises:
        ShapeError: if the input is no vector, or has a size below -1.
    """
    dims = op.inputs[index].dims
    need_rank_at_most(dims, 1)
    found = op.partial(index)
    if isinstance(found, list):
        for size in found:
            if size is not None and size < -1:
                raise ShapeError(f"Invalid value in tensor used for shape: {size}")
        return found
    if dims is None or len(dims) != 1 or dims[0] is None or dims[0] > MAX_RANK:
        return None
    return [None] * dims[0]


def as_dims(sizes: list[int | None] | None) -> Dims:
    """Sizes as a shape: -1 is unknown."""
    return None if sizes is None else tuple([None if s == -1 else s for s in sizes])


def wrapped(axis: int, rank: int) -> int | None:
    """An axis counted from the front, or None if there is no such axis."""
    if -rank <= axis < rank:
        return axis + rank if axis < 0 else axis
    return None
