"""Powers, roots, reciprocals, absolute values and signs, element by element."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import (
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
)
from graphflow.core.elementwise import elementwise, unary
from graphflow.core.export import export
from graphflow.core.opdef import FLOATS_COMPLEX, OpDef
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import conj, unbroadcast
from graphflow.ops._shapes import merged
from graphflow.ops.arithmetic import SIGNED

_UNARY_DOC = """Returns {what}, element by element.

    Args:
        x: a tensor of numbers.
        name: the node's name.{note}
    """


def doc(what: str, note: str = "") -> str:
    """The docstring of a function of one tensor."""
    return _UNARY_DOC.format(what=what, note=f"\n\n    Note:\n        {note}" if note else "")


def output_gradient_shape(op: Operation) -> list[Dims]:
    """The shape rule of a gradient operation that takes the output and the incoming gradient."""
    return [merged(op.inputs[0].dims, op.inputs[1].dims)]


# --- Pow ---
@elementwise(
    "Pow(x: T, y: T) -> z: T",
    T=(bfloat16, float32, float16, float64, int32, int64, complex64, complex128),
)
def _pow(xp: Any, x: Any, y: Any) -> Any:
    return xp.power(x, y)


POW: OpDef = _pow.definition


@POW.gradient
def _(op: Operation, dz: Tensor) -> Any:
    x, y = conj(op.inputs[0]), conj(op.inputs[1])
    dx = dz * y * apply("Pow", x, y - 1)
    return unbroadcast(op, dx, dz * conj(op.outputs[0]) * _safe_log(x))


def _safe_log(x: Tensor) -> Tensor:
    """`log(x)`, and 0 where there is no real one: at 0 and below."""
    usable = apply("NotEqual", x, 0) if x.dtype.is_complex else apply("Greater", x, 0)
    inside = apply("Select", usable, x, apply("OnesLike", x))
    found: Tensor = apply("Log", inside)  # log(1) is 0
    return found


@export("pow", "math.pow")
def pow(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Returns `x` to the power of `y`, element by element.

    Args:
        x: a tensor of numbers.
        y: a tensor of the same type; the two broadcast.
        name: the node's name.

    Raises:
        InvalidArgumentError: in a run, if integers have a negative exponent.

    Note:
        Where `x` is 0 or below, the gradient for `y` is 0.
    """
    with scopes.name_scope(name, "Pow", [x]) as scope:
        found: Tensor = _pow(x, y, name=scope)
    return found


# --- Square ---
square = unary(
    "Square",
    SIGNED,
    "square",
    lambda op, dy: dy * (2 * conj(op.inputs[0])),
    "square math.square",
    doc("`x * x`", "Integers wrap around."),
    sparse=True,
)


# --- Sqrt ---
@elementwise("SqrtGrad(y: T, dy: T) -> z: T", T=FLOATS_COMPLEX, shape=output_gradient_shape)
def sqrt_grad(xp: Any, y: Any, dy: Any) -> Any:
    """The gradient of `sqrt` from its output: `dy / (2 conj(y))`, and 0 where `dy` is 0."""
    if y.dtype.kind == "c":
        y = xp.conjugate(y)
    return xp.where(dy == 0, dy, dy / 2 / y)


SQRT_GRAD: OpDef = sqrt_grad.definition


@SQRT_GRAD.gradient
def _(op: Operation, dz: Tensor) -> tuple[Tensor, Tensor]:
    y = op.inputs[0]
    half = dz / y
    return -conj(half) * op.outputs[0], half / 2


sqrt = unary(
    "Sqrt",
    FLOATS_COMPLEX,
    "sqrt",
    lambda op, dy: sqrt_grad(op.outputs[0], dy),
    "sqrt math.sqrt",
    doc("the square root", "Below 0 it is nan; at 0 its gradient is infinite."),
    sparse=True,
)


# --- Rsqrt ---
@elementwise("Rsqrt(x: T) -> y: T", T=FLOATS_COMPLEX, tf="rsqrt math.rsqrt")
def rsqrt(xp: Any, x: Any) -> Any:
    """Returns `1 / sqrt(x)`, element by element."""
    return 1 / xp.sqrt(x)


RSQRT: OpDef = rsqrt.definition


@RSQRT.gradient
def _(op: Operation, dy: Tensor) -> Any:
    return rsqrt_grad(op.outputs[0], dy)


@elementwise("RsqrtGrad(y: T, dy: T) -> z: T", T=FLOATS_COMPLEX, shape=output_gradient_shape)
def rsqrt_grad(xp: Any, y: Any, dy: Any) -> Any:
    """The gradient of `rsqrt` from its output: `-dy conj(y)^3 / 2`."""
    if y.dtype.kind == "c":
        y = xp.conjugate(y)
    return dy / -2 * (y * y * y)


RSQRT_GRAD: OpDef = rsqrt_grad.definition


@RSQRT_GRAD.gradient
def _(op: Operation, dz: Tensor) -> tuple[Tensor, Tensor]:
    y, dy = conj(op.inputs[0]), op.inputs[1]
    return -1.5 * conj(dz) * dy * square(y), rsqrt_grad(y, dz)


# --- Reciprocal, and Inv, its old name ---
@elementwise("ReciprocalGrad(y: T, dy: T) -> z: T", T=FLOATS_COMPLEX, shape=output_gradient_shape)
def reciprocal_grad(xp: Any, y: Any, dy: Any) -> Any:
    """The gradient of `reciprocal` from its output: `-dy conj(y)^2`."""
    if y.dtype.kind == "c":
        y = xp.conjugate(y)
    return -dy * (y * y)


@elementwise("InvGrad(y: T, dy: T) -> z: T", T=FLOATS_COMPLEX, shape=output_gradient_shape)
def inv_grad(xp: Any, y: Any, dy: Any) -> Any:
    """As `reciprocal_grad`."""
    if y.dtype.kind == "c":
        y = xp.conjugate(y)
    return -dy * (y * y)


def _reciprocal_grad_gradient(op: Operation, dz: Tensor) -> tuple[Tensor, Tensor]:
    y, dy = conj(op.inputs[0]), op.inputs[1]
    return conj(dz) * -2 * dy * y, reciprocal_grad(y, dz)


reciprocal_grad.gradient(_reciprocal_grad_gradient)
inv_grad.gradient(_reciprocal_grad_gradient)

reciprocal = unary(
    "Reciprocal",
    SIGNED,
    "reciprocal",
    lambda op, dy: reciprocal_grad(op.outputs[0], dy),
    "reciprocal math.reciprocal",
    doc("`1 / x`", "Integers are rounded toward zero."),
)
inv = unary("Inv", SIGNED, "reciprocal", lambda op, dy: reciprocal_grad(op.outputs[0], dy))


# --- Sign ---
@elementwise("Sign(x: T) -> y: T", T=SIGNED, tf="sign math.sign", sparse=True)
def sign(xp: Any, x: Any) -> Any:
    """Returns -1, 0 or 1, element by element; `x / |x|` for complex numbers.

    Note:
        The sign of nan is 0.
    """
    if x.dtype.kind in "iuc":
        return xp.sign(x)
    return xp.where(x == x, xp.sign(x), 0)


SIGN: OpDef = sign.definition


@SIGN.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    zeros: Tensor = apply("ZerosLike", op.inputs[0])
    return zeros


# --- Abs, and ComplexAbs in complex.py ---
unary(
    "Abs",
    (bfloat16, float16, float32, float64, int8, int16, int32, int64),
    "absolute",
    lambda op, dy: dy * sign(op.inputs[0]),
)
