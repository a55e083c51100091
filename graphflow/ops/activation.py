"""Activation functions of neural networks, each beside its gradient operation."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import bfloat16, float16, float32, float64, qint8
from graphflow.core.elementwise import elementwise
from graphflow.core.export import export
from graphflow.core.opdef import REALS, OpDef
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor

NET_FLOATS = (float16, bfloat16, float32, float64)
"""The types of most operations of neural networks, in the registry's order."""

_LEAK = 0.20000000298023224  # attributes are float32: this is its nearest to 0.2
_SELU_SCALE = 1.0507009873554805
_SELU_SCALE_ALPHA = 1.7580993408473766


# --- Relu ---
@elementwise("Relu(features: T) -> activations: T", T=(*REALS, qint8), tf="nn.relu")
def relu(xp: Any, features: Any) -> Any:
    """`max(features, 0)`, element by element; nan stays nan."""
    return xp.maximum(0, features)  # in this order -0.0 stays what it is, as in TensorFlow


RELU: OpDef = relu.definition


@RELU.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    found: Tensor = relu_grad(dy, op.outputs[0])
    return found


@elementwise("ReluGrad(gradients: T, features: T) -> backprops: T", T=REALS)
def relu_grad(xp: Any, gradients: Any, features: Any) -> Any:
    """The gradient of `relu`, from its input or its output."""
    return gradients * (features > 0)  # an infinite gradient times False is nan, as in TensorFlow


RELU_GRAD: OpDef = relu_grad.definition


@RELU_GRAD.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    features = op.inputs[1]
    return relu_grad(dy, features), apply("ZerosLike", features)


# --- Relu6 ---
@elementwise("Relu6(features: T) -> activations: T", T=REALS)
def _relu6(xp: Any, features: Any) -> Any:
    return xp.minimum(xp.maximum(0, features), 6)


RELU6: OpDef = _relu6.definition


@RELU6.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    found: Tensor = relu6_grad(dy, op.outputs[0])
    return found


@elementwise("Relu6Grad(gradients: T, features: T) -> backprops: T", T=REALS)
def relu6_grad(xp: Any, gradients: Any, features: Any) -> Any:
    """The gradient of `relu6`, from its input or its output."""
    return gradients * ((features > 0) & (features < 6))


RELU6_GRAD: OpDef = relu6_grad.definition


@RELU6_GRAD.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    features = op.inputs[1]
    return relu6_grad(dy, features), apply("ZerosLike", features)


@export("nn.relu6")
def relu6(features: Any, name: str | None = None) -> Tensor:
    """Returns `min(max(features, 0), 6)`, element by element; nan stays nan.

    Args:
        features: a tensor of real numbers.
        name: the node's name.
    """
    with scopes.name_scope(name, "Relu6", [features]) as scope:
        found: Tensor = _relu6(convert(features, name="features"), name=scope)
    return found


# --- Elu ---
@elementwise("Elu(features: T) -> activations: T", T=NET_FLOATS, tf="nn.elu")
def elu(xp: Any, features: Any) -> Any:
    """`exp(features) - 1` below zero, `features` from zero on."""
    return xp.where(features < 0, xp.expm1(features), features)


ELU: OpDef = elu.definition


@ELU.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    found: Tensor = elu_grad(dy, op.outputs[0])
    return found


@elementwise("EluGrad(gradients: T, outputs: T) -> backprops: T", T=NET_FLOATS)
def elu_grad(xp: Any, gradients: Any, outputs: Any) -> Any:
    """The gradient of `elu`, from its output."""
    return xp.where(outputs < 0, (outputs + 1) * gradients, gradients)


ELU_GRAD: OpDef = elu_grad.definition


@ELU_GRAD.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    gradients, outputs = op.inputs
    return elu_grad(dy, outputs), _below_zero(outputs, dy * gradients)


def _below_zero(x: Tensor, value: Tensor) -> Tensor:
    """`value` where x < 0, else zero."""
    zeros = apply("ZerosLike", x)
    found: Tensor = apply("Select", apply("Less", x, zeros), value, zeros)
    return found


# --- Selu ---
@elementwise("Selu(features: T) -> activations: T", T=NET_FLOATS, tf="nn.selu")
def selu(xp: Any, features: Any) -> Any:
    """The scaled exponential unit, which keeps mean 0 and variance 1 from layer to layer.

    Source:
        Klambauer et al. 2017, arXiv:1706.02515; initialize weights with
        `variance_scaling_initializer(distribution="untruncated_normal")`.
    """
    return xp.where(features < 0, xp.expm1(features) * _SELU_SCALE_ALPHA, features * _SELU_SCALE)


SELU: OpDef = selu.definition


@SELU.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    found: Tensor = selu_grad(dy, op.outputs[0])
    return found


@elementwise("SeluGrad(gradients: T, outputs: T) -> backprops: T", T=NET_FLOATS)
def selu_grad(xp: Any, gradients: Any, outputs: Any) -> Any:
    """The gradient of `selu`, from its output."""
    return xp.where(outputs < 0, gradients * (outputs + _SELU_SCALE_ALPHA), gradients * _SELU_SCALE)


SELU_GRAD: OpDef = selu_grad.definition


@SELU_GRAD.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    gradients, outputs = op.inputs
    return selu_grad(dy, outputs), _below_zero(outputs, dy * gradients)


# --- LeakyRelu ---
@elementwise(
    f"LeakyRelu(features: T, *, alpha: float = {_LEAK}, T: type = float32) -> activations: T",
    T=NET_FLOATS,
)
def _leaky_relu(xp: Any, features: Any, *, alpha: float) -> Any:
    return xp.where(features > 0, features, features * alpha)


LEAKY_RELU: OpDef = _leaky_relu.definition


@LEAKY_RELU.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    found: Tensor = apply("LeakyReluGrad", dy, op.inputs[0], alpha=op.attrs["alpha"])
    return found


@elementwise(
    f"LeakyReluGrad(gradients: T, features: T, *, alpha: float = {_LEAK}, T: type = float32)"
    " -> backprops: T",
    T=NET_FLOATS,
)
def leaky_relu_grad(xp: Any, gradients: Any, features: Any, *, alpha: float) -> Any:
    """The gradient of `leaky_relu`, from its input."""
    return xp.where(features > 0, gradients, gradients * alpha)


LEAKY_RELU_GRAD: OpDef = leaky_relu_grad.definition


@LEAKY_RELU_GRAD.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    features = op.inputs[1]
    return leaky_relu_grad(dy, features, alpha=op.attrs["alpha"]), apply("ZerosLike", features)


@export("nn.leaky_relu")
def leaky_relu(features: Any, alpha: Any = 0.2, name: str | None = None) -> Tensor:
    """Returns `features` where it is positive and `alpha * features` elsewhere.

    Args:
        features: a tensor of floats; integers become float32.
        alpha: the slope below zero.
        name: the node's name.
    """
    with scopes.name_scope(name, "LeakyRelu", [features, alpha]) as scope:
        features = convert(features, name="features")
        if features.dtype.is_integer:
            features = apply("Cast", features, DstT=float32)
        alpha = float(np.float32(alpha.item() if isinstance(alpha, np.ndarray) else alpha))
        found: Tensor = _leaky_relu(features, alpha=alpha, name=scope)
    return found


# --- Softplus ---
@elementwise(
    "Softplus(features: T) -> activations: T", T=NET_FLOATS, tf="nn.softplus math.softplus"
)
def softplus(xp: Any, features: Any) -> Any:
    """`log(1 + exp(features))`, exact for large and small numbers."""
    return xp.maximum(features, 0) + xp.log1p(xp.exp(-xp.abs(features)))


SOFTPLUS: OpDef = softplus.definition


@SOFTPLUS.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    found: Tensor = softplus_grad(dy, op.inputs[0])
    return found


@elementwise("SoftplusGrad(gradients: T, features: T) -> backprops: T", T=NET_FLOATS)
def softplus_grad(xp: Any, gradients: Any, features: Any) -> Any:
    """The gradient of `softplus`: the logistic function of its input."""
    return gradients / (xp.exp(-features) + 1)


SOFTPLUS_GRAD: OpDef = softplus_grad.definition


@SOFTPLUS_GRAD.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    # The derivative of the logistic function s(x) is s(x) s(-x).
    gradients, features = op.inputs
    first = softplus_grad(dy, features)
    return first, softplus_grad(first * gradients, -features)


# --- Softsign ---
@elementwise(
    "Softsign(features: T) -> activations: T", T=NET_FLOATS, tf="nn.softsign math.softsign"
)
def softsign(xp: Any, features: Any) -> Any:
    """`features / (1 + abs(features))`; nan for infinite features, as in TensorFlow."""
    return features / (xp.abs(features) + 1)


SOFTSIGN: OpDef = softsign.definition


@SOFTSIGN.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    found: Tensor = softsign_grad(dy, op.inputs[0])
    return found


@elementwise("SoftsignGrad(gradients: T, features: T) -> backprops: T", T=NET_FLOATS)
def softsign_grad(xp: Any, gradients: Any, features: Any) -> Any:
    """The gradient of `softsign`, from its input."""
    return gradients / xp.square(xp.abs(features) + 1)


SOFTSIGN_GRAD: OpDef = softsign_grad.definition


@SOFTSIGN_GRAD.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    gradients, features = op.inputs
    curve = gradients * apply("Sign", features) * -2.0 / (apply("Abs", features) + 1.0)
    first = softsign_grad(dy, features)
    return first, first * curve


# --- combinations ---
@export("nn.crelu")
def crelu(features: Any, name: str | None = None, axis: Any = -1) -> Tensor:
    """Returns `relu(features)` and `relu(-features)`, joined along an axis.

    Args:
        features: a tensor of real numbers.
        name: the name of the scope.
        axis: where to join.
    """
    with scopes.name_scope(name, "CRelu", [features]) as scope:
        features = convert(features, name="features")
        joined = apply("ConcatV2", [features, -features], axis, name=scope)
        found: Tensor = relu(joined)
    return found


@export("nn.swish")
def swish(features: Any) -> Tensor:
    """Returns `features * sigmoid(features)`.

    Args:
        features: a tensor of floats.

    Source:
        Ramachandran et al. 2017, arXiv:1710.05941.
    """
    features = convert(features, name="features")
    product = features * apply("Sigmoid", features)
    apply("Identity", product)  # TensorFlow makes it too, and automatic seeds count nodes
    found: Tensor = apply("IdentityN", [product, features])[0]
    return found
