"""Division in all its roundings, remainders, and division without nan."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import convert, scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import (
    DType,
    bfloat16,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
)
from graphflow.core.elementwise import broadcast_shape, elementwise
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import conj, unbroadcast
from graphflow.ops.arithmetic import NO_NAN, PRODUCTS, same_type, two_of_a_type
from graphflow.ops.cast import cast

Array = np.ndarray[Any, Any]
REMAINDERS = (int32, int64, bfloat16, float16, float32, float64)
NOT_SMOOTH = "constant almost everywhere"


# --- RealDiv ---
def _quotient_gradient(op: Operation, dz: Tensor) -> Any:
    y = conj(op.inputs[1])
    dx = real_div(dz, y)
    return unbroadcast(op, dx, -dx * conj(op.outputs[0]))


@elementwise("RealDiv(x: T, y: T) -> z: T", T=PRODUCTS, tf="realdiv")
def real_div(xp: Any, x: Any, y: Any) -> Any:
    """Returns `x / y`, element by element; integers are rounded toward zero."""
    if x.dtype.kind in "iu":
        quotient = x // y
        inexact = (quotient * y != x) & ((x < 0) != (y < 0))
        return quotient + inexact
    return x / y


real_div.gradient(_quotient_gradient)


# --- Div ---
def _truncated(x: Array, y: Array, out: Array | None) -> Array:
    """Integer division rounded toward zero, in every integer type."""
    quotient: Array = np.floor_divide(x, y, out=out)
    if x.dtype.kind == "u":
        return quotient
    inexact = (quotient * y != x) & ((x < 0) != (y < 0))
    return np.add(quotient, inexact, out=out)  # type: ignore[no-any-return]  # an array


def _check_divisor(y: Array) -> None:
    if not np.all(y):
        raise KernelError("Integer division by zero")


def _divide(x: Array, y: Array, *, out: Array | None) -> Array:
    if x.dtype.kind not in "iu":
        return np.true_divide(x, y, out=out)
    if x.size:
        _check_divisor(y)
    return _truncated(x, y, out)


DIV = define("Div(x: T, y: T) -> z: T", T=PRODUCTS, shape=broadcast_shape)
DIV.gradient(_quotient_gradient)
DIV.numpy(_divide)

# --- TruncateDiv ---
# TensorFlow 1.15 does not round floats here either.
TRUNCATE_DIV = define("TruncateDiv(x: T, y: T) -> z: T", T=PRODUCTS, shape=broadcast_shape)
TRUNCATE_DIV.no_gradient(NOT_SMOOTH)
TRUNCATE_DIV.numpy(_divide)


@export("truncatediv")
def truncatediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Returns `x / y` rounded toward zero for integers; floats are not rounded.

    Args:
        x: a tensor of numbers.
        y: a tensor of the same type; the two broadcast.
        name: the node's name.
    """
    found: Tensor = apply(TRUNCATE_DIV, x, y, name=name)
    return found


# --- FloorDiv ---
FLOOR_DIV = define("FloorDiv(x: T, y: T) -> z: T", T=PRODUCTS, shape=broadcast_shape)
FLOOR_DIV.no_gradient(NOT_SMOOTH)


@FLOOR_DIV.numpy
def _(x: Array, y: Array, *, out: Array | None) -> Array:
    if x.dtype.kind in "iu":
        if x.size:
            _check_divisor(y)
        return np.floor_divide(x, y, out=out)
    # Not NumPy's floor_divide: that rounds the exact quotient, so 1 // 0.1 is 9, not 10.
    return np.floor(np.true_divide(x, y, out=out), out=out)


@export("floor_div")
def floor_div(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Returns `floor(x / y)`, element by element.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the same type; the two broadcast.
        name: the node's name.
    """
    found: Tensor = apply(FLOOR_DIV, x, y, name=name)
    return found


@export("floordiv", "math.floordiv")
def floordiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Returns `floor(x / y)`, element by element: what `x // y` makes.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the same type; the two broadcast.
        name: the node's name.
    """
    with scopes.name_scope(name, "floordiv", [x, y]) as scope:
        return floor_div(x, y, name=scope)


# --- FloorMod ---
def _remainder_gradient(quotient: Any) -> Any:
    def gradient(op: Operation, dz: Tensor) -> Any:
        x, y = op.inputs
        return unbroadcast(op, dz, -dz * quotient(x, y))

    return gradient


FLOOR_MOD = define("FloorMod(x: T, y: T) -> z: T", T=REMAINDERS, shape=broadcast_shape)
FLOOR_MOD.gradient(_remainder_gradient(floor_div))


@FLOOR_MOD.numpy
def _(x: Array, y: Array, *, out: Array | None) -> Array:
    if x.dtype.kind == "i" and x.size:
        _check_divisor(y)
    return np.remainder(x, y, out=out)


@export("floormod", "mod", "math.floormod", "math.mod")
def floormod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Returns `x - floor(x / y) * y`, which has the sign of `y`: what `x % y` makes.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the same type; the two broadcast.
        name: the node's name.
    """
    found: Tensor = apply(FLOOR_MOD, x, y, name=name)
    return found


# --- TruncateMod ---
def _toward_zero(x: Tensor, y: Tensor) -> Tensor:
    quotient = real_div(x, y)
    rounded: Tensor = apply("Sign", quotient) * apply("Floor", apply("Abs", quotient))
    return rounded


def _fmod(x: Array, y: Array, *, out: Array | None) -> Array:
    if x.dtype.kind == "i" and x.size:
        _check_divisor(y)
    return np.fmod(x, y, out=out)


TRUNCATE_MOD = define("TruncateMod(x: T, y: T) -> z: T", T=REMAINDERS, shape=broadcast_shape)
TRUNCATE_MOD.gradient(_remainder_gradient(_toward_zero))
TRUNCATE_MOD.numpy(_fmod)


@export("truncatemod")
def truncatemod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Returns the remainder of `x / y` that has the sign of `x`, as C computes it.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the same type; the two broadcast.
        name: the node's name.
    """
    found: Tensor = apply(TRUNCATE_MOD, x, y, name=name)
    return found


# --- Mod ---
MOD = define(
    "Mod(x: T, y: T) -> z: T",
    T=(int32, int64, float16, float16, bfloat16, float32, float64),
    shape=broadcast_shape,
)
MOD.gradient(_remainder_gradient(_toward_zero))
MOD.numpy(_fmod)


# --- DivNoNan ---
@elementwise("DivNoNan(x: T, y: T) -> z: T", T=NO_NAN)
def _div_no_nan(xp: Any, x: Any, y: Any) -> Any:
    return xp.where(y == 0, 0, x / y)


DIV_NO_NAN: OpDef = _div_no_nan.definition


@DIV_NO_NAN.gradient
def _(op: Operation, dz: Tensor) -> Any:
    y = conj(op.inputs[1])
    dx = _div_no_nan(dz, y)
    return unbroadcast(op, dx, -dx * conj(op.outputs[0]))


@export("div_no_nan", "math.divide_no_nan")
def div_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Returns `x / y`, and 0 where `y` is 0.

    Args:
        x: a tensor of floats.
        y: a tensor of the same type; the two broadcast.
        name: the node's name.

    Raises:
        TypeError: if the types differ.
    """
    return two_of_a_type(_div_no_nan, "div_no_nan", x, y, name)


@export("math.reciprocal_no_nan")
def reciprocal_no_nan(x: Any, name: str | None = None) -> Tensor:
    """Returns `1 / x`, and 0 where `x` is 0.

    Args:
        x: a tensor of floats.
        name: the node's name.
    """
    with scopes.name_scope(name, "reciprocal_no_nan", [x]) as scope:
        x = convert.convert(x, name="x")
        one = convert.convert(1, x.dtype.base_dtype, "one")
        found: Tensor = _div_no_nan(one, x, name=scope)
    return found


# --- Xdivy ---
@elementwise("Xdivy(x: T, y: T) -> z: T", T=NO_NAN, tf="math.xdivy")
def xdivy(xp: Any, x: Any, y: Any) -> Any:
    """Returns `x / y`, and 0 where `x` is 0 even if `y` is 0 or nan."""
    return xp.where(x == 0, 0, x / y)


XDIVY: OpDef = xdivy.definition


@XDIVY.gradient
def _(op: Operation, dz: Tensor) -> Any:
    x, y = op.inputs
    dx = xdivy(_is_not_zero(x), y)
    return unbroadcast(op, dz * dx, dz * xdivy(-x, y * y))


def _is_not_zero(x: Tensor) -> Tensor:
    found: Tensor = cast(apply("NotEqual", x, 0), x.dtype)
    return found


# --- Xlogy ---
@elementwise("Xlogy(x: T, y: T) -> z: T", T=NO_NAN, tf="math.xlogy")
def xlogy(xp: Any, x: Any, y: Any) -> Any:
    """Returns `x * log(y)`, and 0 where `x` is 0 even if `log(y)` is infinite or nan."""
    return xp.where(x == 0, 0, x * xp.log(y))


XLOGY: OpDef = xlogy.definition


@XLOGY.gradient
def _(op: Operation, dz: Tensor) -> Any:
    x, y = op.inputs
    return unbroadcast(op, dz * xlogy(_is_not_zero(x), y), dz * xdivy(x, y))


# --- the public divisions ---
REAL_TYPE: dict[DType, DType | None] = {
    uint8: float32, int8: float32, uint16: float32, int16: float32, int32: float64, int64: float64,
    bfloat16: None, float16: None, float32: None, float64: None, complex64: None, complex128: None,
}  # fmt: skip


@export("truediv", "math.truediv")
def truediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Returns `x / y`; integers are cast to floats first.

    Args:
        x: a tensor of numbers; int32 and int64 give float64, smaller integers float32.
        y: a tensor of the same type; the two broadcast.
        name: the node's name.

    Raises:
        TypeError: if the types differ, or cannot be divided.
    """
    with scopes.name_scope(name, "truediv", [x, y]) as scope:
        x = convert.convert(x, name="x")
        y = convert.convert(y, name="y")
        same_type(x, y)
        if x.dtype.base_dtype not in REAL_TYPE:
            raise TypeError(f"Invalid dtype {x.dtype.base_dtype!r} in __truediv__")
        wanted = REAL_TYPE[x.dtype.base_dtype]
        if wanted is not None:
            x, y = cast(x, wanted), cast(y, wanted)
        found: Tensor = real_div(x, y, name=scope)
    return found


@export("div")
def div(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Returns `x / y` as Python 2 did: integers are rounded down.

    Args:
        x: a tensor of numbers.
        y: a tensor of the same type; the two broadcast.
        name: the node's name.
    """

    def division(x: Tensor, y: Tensor, name: str) -> Any:
        exact = x.dtype.is_floating or x.dtype.is_complex
        return real_div(x, y, name=name) if exact else floor_div(x, y, name=name)

    return two_of_a_type(division, "div", x, y, name)


@export("divide", "math.divide")
def divide(x: Any, y: Any, name: str | None = None) -> Any:
    """Returns `x / y`, as Python's operator does.

    Args:
        x: a tensor or a number.
        y: a tensor or a number; the two broadcast.
        name: the node's name.
    """
    return x / y if name is None else truediv(x, y, name)
