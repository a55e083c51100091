"""Exponentials, logarithms, trigonometric and hyperbolic functions, element by element."""

from __future__ import annotations

from typing import Any

from graphflow.core import convert, scopes
from graphflow.core.declare import apply
from graphflow.core.elementwise import elementwise, unary
from graphflow.core.export import export
from graphflow.core.opdef import FLOATS, FLOATS_COMPLEX, OpDef
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import conj, unbroadcast
from graphflow.ops.arithmetic import SIGNED
from graphflow.ops.powers import doc, output_gradient_shape, sqrt, square

# --- exponentials and logarithms ---
exp = unary(
    "Exp", FLOATS_COMPLEX, "exp", lambda op, dy: dy * conj(op.outputs[0]),
    "exp math.exp", doc("e to the power of `x`"),
)  # fmt: skip
expm1 = unary(
    "Expm1", FLOATS_COMPLEX, "expm1", lambda op, dy: dy * exp(conj(op.inputs[0])),
    "expm1 math.expm1", doc("`exp(x) - 1`, exact near 0 too"),
)  # fmt: skip
log = unary(
    "Log", FLOATS_COMPLEX, "log", lambda op, dy: dy / conj(op.inputs[0]),
    "log math.log", doc("the natural logarithm", "Below 0 it is nan, at 0 minus infinity."),
)  # fmt: skip
log1p = unary(
    "Log1p", FLOATS_COMPLEX, "log1p", lambda op, dy: dy / (1 + conj(op.inputs[0])),
    "log1p math.log1p", doc("`log(1 + x)`, exact near 0 too"),
)  # fmt: skip

# --- trigonometric functions ---
sin = unary(
    "Sin", FLOATS_COMPLEX, "sin", lambda op, dy: dy * cos(conj(op.inputs[0])),
    "sin math.sin", doc("the sine of radians"),
)  # fmt: skip
cos: Any = unary(
    "Cos", FLOATS_COMPLEX, "cos", lambda op, dy: -dy * sin(conj(op.inputs[0])),
    "cos math.cos", doc("the cosine of radians"),
)  # fmt: skip
tan = unary(
    "Tan", SIGNED, "tan", lambda op, dy: dy * (1 + square(conj(op.outputs[0]))),
    "tan math.tan", doc("the tangent of radians"),
)  # fmt: skip
asin = unary(
    "Asin", SIGNED, "arcsin", lambda op, dy: dy / sqrt(1 - square(conj(op.inputs[0]))),
    "asin math.asin", doc("the arc sine in radians", "Beyond -1 and 1 it is nan."),
)  # fmt: skip
acos = unary(
    "Acos", SIGNED, "arccos", lambda op, dy: -dy / sqrt(1 - square(conj(op.inputs[0]))),
    "acos math.acos", doc("the arc cosine in radians", "Beyond -1 and 1 it is nan."),
)  # fmt: skip
atan = unary(
    "Atan", SIGNED, "arctan", lambda op, dy: dy / (1 + square(conj(op.inputs[0]))),
    "atan math.atan", doc("the arc tangent in radians"),
)  # fmt: skip


@elementwise("Atan2(y: T, x: T) -> z: T", T=FLOATS, tf="atan2 math.atan2")
def atan2(xp: Any, y: Any, x: Any) -> Any:
    """Returns the angle of the point (`x`, `y`) in radians, from -pi to pi."""
    return xp.arctan2(y, x)


ATAN2: OpDef = atan2.definition


@ATAN2.gradient
def _(op: Operation, dz: Tensor) -> Any:
    y, x = op.inputs
    scaled = dz / (square(x) + square(y))
    return unbroadcast(op, x * scaled, -y * scaled)


# --- hyperbolic functions ---
@elementwise("TanhGrad(y: T, dy: T) -> z: T", T=FLOATS_COMPLEX, shape=output_gradient_shape)
def tanh_grad(xp: Any, y: Any, dy: Any) -> Any:
    """The gradient of `tanh` from its output: `dy (1 - y y)`."""
    return dy * (1 - y * y)


TANH_GRAD: OpDef = tanh_grad.definition


@TANH_GRAD.gradient
def _(op: Operation, dz: Tensor) -> tuple[Tensor, Tensor]:
    y, dy = conj(op.inputs[0]), conj(op.inputs[1])
    return dz * -2 * dy * y, tanh_grad(y, dz)


sinh = unary(
    "Sinh", FLOATS_COMPLEX, "sinh", lambda op, dy: dy * cosh(conj(op.inputs[0])),
    "sinh math.sinh", doc("the hyperbolic sine"),
)  # fmt: skip
cosh: Any = unary(
    "Cosh", FLOATS_COMPLEX, "cosh", lambda op, dy: dy * sinh(conj(op.inputs[0])),
    "cosh math.cosh", doc("the hyperbolic cosine"),
)  # fmt: skip
tanh = unary(
    "Tanh", FLOATS_COMPLEX, "tanh", lambda op, dy: tanh_grad(conj(op.outputs[0]), dy),
    "tanh math.tanh nn.tanh", doc("the hyperbolic tangent"), sparse=True,
)  # fmt: skip
asinh = unary(
    "Asinh", FLOATS_COMPLEX, "arcsinh", lambda op, dy: dy / cosh(conj(op.outputs[0])),
    "asinh math.asinh", doc("the inverse of the hyperbolic sine"),
)  # fmt: skip
acosh = unary(
    "Acosh", FLOATS_COMPLEX, "arccosh", lambda op, dy: dy / sinh(conj(op.outputs[0])),
    "acosh math.acosh", doc("the inverse of the hyperbolic cosine", "Below 1 it is nan."),
)  # fmt: skip
atanh = unary(
    "Atanh", FLOATS_COMPLEX, "arctanh", lambda op, dy: dy / (1 - square(conj(op.inputs[0]))),
    "atanh math.atanh", doc("the inverse of the hyperbolic tangent", "Beyond -1 and 1 it is nan."),
)  # fmt: skip


# --- Sigmoid ---
@elementwise("Sigmoid(x: T) -> y: T", T=FLOATS_COMPLEX)
def _sigmoid(xp: Any, x: Any) -> Any:
    return 1 / (1 + xp.exp(-x))


SIGMOID: OpDef = _sigmoid.definition


@SIGMOID.gradient
def _(op: Operation, dy: Tensor) -> Any:
    return sigmoid_grad(conj(op.outputs[0]), dy)


@elementwise("SigmoidGrad(y: T, dy: T) -> z: T", T=FLOATS_COMPLEX, shape=output_gradient_shape)
def sigmoid_grad(xp: Any, y: Any, dy: Any) -> Any:
    """The gradient of `sigmoid` from its output: `dy y (1 - y)`."""
    return dy * y * (1 - y)


SIGMOID_GRAD: OpDef = sigmoid_grad.definition


@SIGMOID_GRAD.gradient
def _(op: Operation, dz: Tensor) -> tuple[Tensor, Tensor]:
    y, dy = conj(op.inputs[0]), conj(op.inputs[1])
    return dz * dy * (1 - 2 * y), sigmoid_grad(y, dz)


@export("sigmoid", "math.sigmoid", "nn.sigmoid")
def sigmoid(x: Any, name: str | None = None) -> Tensor:
    """Returns `1 / (1 + exp(-x))`, element by element.

    Args:
        x: a tensor of floats.
        name: the node's name.
    """
    with scopes.name_scope(name, "Sigmoid", [x]) as scope:
        found: Tensor = _sigmoid(convert.convert(x, name="x"), name=scope)
    return found


@export("log_sigmoid", "math.log_sigmoid")
def log_sigmoid(x: Any, name: str | None = None) -> Tensor:
    """Returns `log(sigmoid(x))`, element by element, without overflow.

    Args:
        x: a tensor of floats.
        name: the node's name.
    """
    with scopes.name_scope(name, "LogSigmoid", [x]) as scope:
        x = convert.convert(x, name="x")
        found: Tensor = apply("Neg", apply("Softplus", -x), name=scope)
    return found
