"""Comparisons and logic, element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import (
    bfloat16,
    bool_,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    qint8,
    qint32,
    quint8,
    string,
    uint8,
)
from graphflow.core.elementwise import binary, broadcast, elementwise
from graphflow.core.errors import ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import Call, Lowering
from graphflow.core.opdef import NUMBERS, REALS, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops.arithmetic import merged_shape

Array = np.ndarray[Any, Any]
_TRUTH = "gives truth values"
_EQUATABLE = (
    bfloat16, float16, float32, float64, uint8, int8, int16, int32, int64, complex64, quint8, qint8,
    qint32, string, bool_, complex128,
)  # fmt: skip
_SIGNATURE = "(x: T, y: T, *, incompatible_shape_error: bool = True) -> z: bool"


def _equality_shape(op: Operation) -> list[Dims]:
    x, y = op.inputs[0].dims, op.inputs[1].dims
    if op.attrs["incompatible_shape_error"]:
        return [broadcast(x, y)]
    try:
        return [broadcast(x, y) if None not in (x, y) and None not in (*x, *y) else None]  # type: ignore[misc]  # both are tuples
    except ShapeError:
        return [()]


def _equality(ufunc: Any, when_shapes_differ: bool) -> Any:
    def kernel(x: Array, y: Array, *, incompatible_shape_error: bool, out: Array | None) -> Array:
        if not incompatible_shape_error and _apart(x.shape, y.shape):
            return np.asarray(when_shapes_differ)
        if x.dtype.names is not None:  # a quantized type: one integer field
            x, y = x[x.dtype.names[0]], y[y.dtype.names[0]]
        if x.dtype.kind == "O":
            return np.asarray(ufunc(x, y), np.bool_)
        found: Array = ufunc(x, y, out=out)
        return found

    return kernel


def _compared(name: str) -> Callable[[Call], Lowering | None]:
    """The rule for the elementwise operation of that name."""

    def rule(call: Call) -> Lowering | None:
        broadcasts = call.attrs["incompatible_shape_error"] or not _apart(*call.shapes)
        return Lowering(tile=name, inputs=(0, 1)) if broadcasts else None

    return rule


def _apart(x: tuple[int, ...], y: tuple[int, ...]) -> bool:
    try:
        broadcast(x, y)
    except ShapeError:
        return True
    return False


# --- Equal ---
EQUAL = define(f"Equal{_SIGNATURE}", T=_EQUATABLE, commutative=True, shape=_equality_shape)
EQUAL.no_gradient(_TRUTH)
EQUAL.numpy(_equality(np.equal, False))
EQUAL.compiled(_compared("equal"))


@export("equal", "math.equal")
def equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Returns `x == y`, element by element.

    Args:
        x: a tensor of numbers, bools or strings.
        y: a tensor of the same type; the two broadcast.
        name: the node's name.
    """
    found: Tensor = apply(EQUAL, x, y, name=name)
    return found


# --- NotEqual ---
NOT_EQUAL = define(f"NotEqual{_SIGNATURE}", T=_EQUATABLE, commutative=True, shape=_equality_shape)
NOT_EQUAL.no_gradient(_TRUTH)
NOT_EQUAL.numpy(_equality(np.not_equal, True))
NOT_EQUAL.compiled(_compared("not_equal"))


@export("not_equal", "math.not_equal")
def not_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Returns `x != y`, element by element.

    Args:
        x: a tensor of numbers, bools or strings.
        y: a tensor of the same type; the two broadcast.
        name: the node's name.
    """
    found: Tensor = apply(NOT_EQUAL, x, y, name=name)
    return found


# --- Less, LessEqual, Greater, GreaterEqual ---
def _order(name: str, ufunc: str, sign: str) -> Any:
    doc = f"""Returns `x {sign} y`, element by element; False beside nan.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the same type; the two broadcast.
        name: the node's name.
    """
    return binary(name, REALS, ufunc, _TRUTH, f"{ufunc} math.{ufunc}", doc, result="bool")


less = _order("Less", "less", "<")
less_equal = _order("LessEqual", "less_equal", "<=")
greater = _order("Greater", "greater", ">")
greater_equal = _order("GreaterEqual", "greater_equal", ">=")


# --- ApproximateEqual ---
@elementwise(
    "ApproximateEqual(x: T, y: T, *, tolerance: float = 9.999999747378752e-06) -> z: bool",
    T=NUMBERS,
    commutative=True,
    shape=merged_shape,
)
def approximate_equal(xp: Any, x: Any, y: Any, *, tolerance: float) -> Any:
    """Returns `|x - y| < tolerance`, element by element; integers cut the tolerance down."""
    if x.dtype.kind in "iu":
        larger = xp.maximum(x, y) - xp.minimum(x, y)
        return larger < int(tolerance)
    return xp.absolute(x - y) < tolerance


approximate_equal.no_gradient(_TRUTH)


# --- logic ---
def _logic(name: str, ufunc: str, what: str) -> Any:
    def body(xp: Any, x: Any, y: Any) -> Any:
        return getattr(xp, ufunc)(x, y)

    body.__name__ = ufunc
    body.__doc__ = f"""Returns True where {what}.

    Args:
        x: a tensor of bools.
        y: a tensor of bools; the two broadcast.
        name: the node's name.
    """
    names = f"{ufunc} math.{ufunc}"
    function = elementwise(f"{name}(x: bool, y: bool) -> z: bool", tf=names, commutative=True)(body)
    function.no_gradient(_TRUTH)
    return function


logical_and = _logic("LogicalAnd", "logical_and", "`x` and `y` are True")
logical_or = _logic("LogicalOr", "logical_or", "`x` or `y` is True")


@elementwise("LogicalNot(x: bool) -> y: bool", tf="logical_not math.logical_not")
def logical_not(xp: Any, x: Any) -> Any:
    """Returns True where `x` is False."""
    return xp.logical_not(x)


logical_not.no_gradient(_TRUTH)


@export("logical_xor", "math.logical_xor")
def logical_xor(x: Any, y: Any, name: str = "LogicalXor") -> Tensor:
    """Returns True where one of `x` and `y` is True, not both.

    Args:
        x: a tensor of bools.
        y: a tensor of bools; the two broadcast.
        name: the node's name.
    """
    either = logical_or(x, y)
    found: Tensor = logical_and(either, logical_not(logical_and(x, y)), name=name)
    return found
