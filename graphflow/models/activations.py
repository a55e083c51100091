"""Keras' activations: functions of a layer's result, also by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.models.utils_objects import deserialize_keras_object, serialize_keras_object
from graphflow.nets import keras_state
from graphflow.nets.layer_arguments import exponential, hard_sigmoid, linear
from graphflow.ops import activation, functions
from graphflow.ops import softmax as softmaxes
from graphflow.ops.cast import cast
from graphflow.ops.clip import clip_by_value
from graphflow.ops.comparison import greater
from graphflow.ops.constant import constant
from graphflow.ops.reduce import reduce_max, reduce_sum
from graphflow.ops.select import where

_SELU_ALPHA: Final = 1.6732632423543772848170429916717
_SELU_SCALE: Final = 1.0507009873554804934193349852946


@export("keras.activations.softmax")
def softmax(x: Any, axis: int = -1) -> Tensor:
    """Returns `exp(x)` over its sum along an axis.

    Args:
        x: a tensor of rank 2 or more.
        axis: the axis; the last one for tensors of rank 2, as in TensorFlow.

    Raises:
        ValueError: if the rank is 1.
    """
    rank = x.shape.ndims
    if rank == 2:
        found: Tensor = softmaxes.softmax(x)
        return found
    if rank < 2:
        raise ValueError(f"Cannot apply softmax to a tensor that is 1D. Received input: {x}")
    e = apply("Exp", x - reduce_max(x, axis=axis, keepdims=True))
    found = e / reduce_sum(e, axis=axis, keepdims=True)
    return found


@export("keras.activations.elu")
def elu(x: Any, alpha: Any = 1.0) -> Tensor:
    """Returns `x` where it is positive, `alpha * (exp(x) - 1)` elsewhere.

    Args:
        x: a tensor.
        alpha: the factor.
    """
    found: Tensor = activation.elu(x)
    if alpha == 1:
        return found
    return where(x > 0, found, alpha * found)


@export("keras.activations.selu")
def selu(x: Any) -> Tensor:
    """Returns `elu` with the scale and alpha that keep mean and variance from layer to layer.

    Args:
        x: a tensor.

    Source:
        Klambauer et al. 2017, arXiv:1706.02515.
    """
    found: Tensor = _SELU_SCALE * elu(x, _SELU_ALPHA)
    return found


@export("keras.activations.softplus")
def softplus(x: Any) -> Tensor:
    """Returns `log(exp(x) + 1)`."""
    found: Tensor = activation.softplus(x)
    return found


@export("keras.activations.softsign")
def softsign(x: Any) -> Tensor:
    """Returns `x / (abs(x) + 1)`."""
    found: Tensor = activation.softsign(x)
    return found


@export("keras.activations.relu")
def relu(x: Any, alpha: Any = 0.0, max_value: Any = None, threshold: Any = 0) -> Tensor:
    """Returns `x` from a threshold on, and `alpha * (x - threshold)` below it.

    Args:
        x: a tensor.
        alpha: the slope below the threshold.
        max_value: the largest result; None: any.
        threshold: below it, values are cut.
    """
    if alpha != 0.0 and max_value is None and threshold == 0:
        found: Tensor = activation.leaky_relu(x, alpha=alpha)
        return found
    below: Any = None
    if alpha != 0.0:
        below = activation.relu(-x + threshold if threshold != 0 else -x)
    found = _cut(x, max_value, threshold)
    if alpha != 0.0:
        found -= convert(alpha, found.dtype.base_dtype) * below
    return found


def _cut(x: Any, max_value: Any, threshold: Any) -> Tensor:
    if threshold != 0:
        found = x * cast(greater(x, threshold), keras_state.floatx())
    elif max_value == 6:
        return activation.relu6(x)
    else:
        found = activation.relu(x)
    if max_value is not None:
        dtype = found.dtype.base_dtype
        largest, zero = constant(max_value, dtype), constant(0.0, dtype)
        found = clip_by_value(found, zero, largest)
    return found  # type: ignore[no-any-return]  # a tensor


@export("keras.activations.tanh")
def tanh(x: Any) -> Tensor:
    """Returns the hyperbolic tangent."""
    found: Tensor = functions.tanh(x)
    return found


@export("keras.activations.sigmoid")
def sigmoid(x: Any) -> Tensor:
    """Returns `1 / (1 + exp(-x))`."""
    found: Tensor = functions.sigmoid(x)
    return found


_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    function.__name__: function
    for function in (
        softmax,
        elu,
        selu,
        softplus,
        softsign,
        relu,
        tanh,
        sigmoid,
        exponential,
        hard_sigmoid,
        linear,
    )
}


@export("keras.activations.serialize")
def serialize(activation: Any) -> Any:
    """Returns an activation's name, or its class name and configuration.

    Raises:
        ValueError: if it has neither.
    """
    found = serialize_keras_object(activation)
    return "softmax" if found == "softmax_v2" else found


@export("keras.activations.deserialize")
def deserialize(name: Any, custom_objects: Any = None) -> Any:
    """Returns the activation of a name.

    Args:
        name: the name.
        custom_objects: a dict of the program's own functions by name.

    Raises:
        ValueError: if the name is not known.
    """
    return deserialize_keras_object(name, _FUNCTIONS, custom_objects, "activation function")


@export("keras.activations.get")
def get(identifier: Any) -> Any:
    """Returns an activation: a function as it is, or one by its name; None: `linear`.

    Args:
        identifier: a function, a name, the configuration of an object, or None.

    Raises:
        TypeError: if it is none of these.
        ValueError: if the name is not known.
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        return deserialize(identifier)
    if callable(identifier):
        return identifier
    if isinstance(identifier, dict):
        return deserialize_keras_object(identifier, printable_module_name="activation")
    raise TypeError(f"Could not interpret activation function identifier: {identifier!r}")
