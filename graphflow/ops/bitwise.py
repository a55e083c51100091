"""Operations on the bits of integers, element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import int8, int16, int32, int64, uint8, uint16, uint32, uint64
from graphflow.core.elementwise import binary, broadcast_shape, same_shape, unary
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.tensor import Tensor

Array = np.ndarray[Any, Any]
BITS = (int8, int16, int32, int64, uint8, uint16, uint32, uint64)
_WHOLE = "takes integers"
_ARGS = """

    Args:
        x: a tensor of integers.
        y: a tensor of the same type; the two broadcast.
        name: the node's name.
    """

bitwise_and = binary(
    "BitwiseAnd", BITS, "bitwise_and", _WHOLE, "bitwise.bitwise_and",
    f"Returns the bits that are 1 in both `x` and `y`.{_ARGS}", commutative=True,
)  # fmt: skip
bitwise_or = binary(
    "BitwiseOr", BITS, "bitwise_or", _WHOLE, "bitwise.bitwise_or",
    f"Returns the bits that are 1 in `x` or `y`.{_ARGS}", commutative=True,
)  # fmt: skip
bitwise_xor = binary(
    "BitwiseXor", BITS, "bitwise_xor", _WHOLE, "bitwise.bitwise_xor",
    f"Returns the bits in which `x` and `y` differ.{_ARGS}", commutative=True,
)  # fmt: skip
invert = unary(
    "Invert", BITS, "invert", _WHOLE, "bitwise.invert",
    """Returns `x` with every bit flipped.

    Args:
        x: a tensor of integers.
        name: the node's name.
    """,
)  # fmt: skip


# --- LeftShift, RightShift ---
def _within(x: Array, y: Array) -> Array:
    """The number of places, from 0 to one less than there are bits."""
    return np.clip(y, 0, 8 * x.dtype.itemsize - 1)


LEFT_SHIFT = define("LeftShift(x: T, y: T) -> z: T", T=BITS, shape=broadcast_shape)
LEFT_SHIFT.no_gradient(_WHOLE)


@LEFT_SHIFT.numpy
def _(x: Array, y: Array, *, out: Array | None) -> Array:
    found: Array = np.left_shift(x, _within(x, y), out=out)
    return found


@export("bitwise.left_shift")
def left_shift(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Returns `x` with its bits moved `y` places up.

    Args:
        x: a tensor of integers.
        y: a tensor of the same type, from 0 to one less than `x` has bits; the two broadcast.
        name: the node's name.
    """
    found: Tensor = apply(LEFT_SHIFT, x, y, name=name)
    return found


RIGHT_SHIFT = define("RightShift(x: T, y: T) -> z: T", T=BITS, shape=broadcast_shape)
RIGHT_SHIFT.no_gradient(_WHOLE)


@RIGHT_SHIFT.numpy
def _(x: Array, y: Array, *, out: Array | None) -> Array:
    found: Array = np.right_shift(x, _within(x, y), out=out)
    return found


@export("bitwise.right_shift")
def right_shift(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Returns `x` with its bits moved `y` places down; negative numbers stay negative.

    Args:
        x: a tensor of integers.
        y: a tensor of the same type, from 0 to one less than `x` has bits; the two broadcast.
        name: the node's name.
    """
    found: Tensor = apply(RIGHT_SHIFT, x, y, name=name)
    return found


# --- PopulationCount ---
POPULATION_COUNT = define("PopulationCount(x: T) -> y: uint8", T=BITS, shape=same_shape)
POPULATION_COUNT.no_gradient(_WHOLE)


@POPULATION_COUNT.numpy
def _(x: Array) -> Array:
    unsigned: Array = x.view(f"u{x.dtype.itemsize}")
    return np.asarray(np.bitwise_count(unsigned), np.uint8)
