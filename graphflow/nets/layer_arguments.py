"""What users may write for the arguments of layers, brought to one form."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

from graphflow.core import late
from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets import initializers, regularizers
from graphflow.ops.activation import elu, relu, selu, softplus, softsign
from graphflow.ops.arithmetic import add, multiply
from graphflow.ops.clip import clip_by_value
from graphflow.ops.constant import constant
from graphflow.ops.functions import sigmoid, tanh
from graphflow.ops.softmax import softmax


@export("keras.activations.linear")
def linear(x: Any) -> Any:
    """Returns `x` itself."""
    return x


@export("keras.activations.exponential")
def exponential(x: Any) -> Any:
    """Returns `e**x`."""
    return apply("Exp", x)


@export("keras.activations.hard_sigmoid")
def hard_sigmoid(x: Any) -> Any:
    """Returns `0.2 * x + 0.5`, but at least 0 and at most 1."""
    dtype = x.dtype.base_dtype
    slope, middle = constant(0.2, dtype), constant(0.5, dtype)
    return clip_by_value(add(multiply(x, slope), middle), 0.0, 1.0)


_ACTIVATIONS: Final[dict[str, Callable[[Any], Any]]] = {
    "relu": relu,
    "elu": elu,
    "selu": selu,
    "softplus": softplus,
    "softsign": softsign,
    "sigmoid": sigmoid,
    "softmax": softmax,
    "tanh": tanh,
    "hard_sigmoid": hard_sigmoid,
    "exponential": exponential,
    "linear": linear,
}
_INITIALIZERS: Final[dict[str, Callable[[], Any]]] = {
    "zeros": initializers.Zeros,
    "ones": initializers.Ones,
    "constant": initializers.Constant,
    "identity": initializers.Identity,
    "orthogonal": initializers.Orthogonal,
    "glorot_uniform": initializers.GlorotUniform,
    "glorot_normal": initializers.GlorotNormal,
    "he_normal": initializers.he_normal,
    "he_uniform": initializers.he_uniform,
    "lecun_normal": initializers.lecun_normal,
    "lecun_uniform": initializers.lecun_uniform,
}


def activation(given: Any) -> Callable[[Tensor], Tensor] | None:
    """Returns an activation function: a function as it is, or one by its name.

    Raises:
        ValueError: if the name is not known.
        TypeError: if it is neither a function nor a name.
    """
    if given is None or callable(given):
        return given  # type: ignore[no-any-return]  # a function of a tensor
    if not isinstance(given, str):
        raise TypeError(f"Could not interpret activation function identifier: {given!r}")
    if given not in _ACTIVATIONS:
        raise ValueError(f"Unknown activation function:{given}")
    return _ACTIVATIONS[given]


@late.provide("keras_initializer")
def initializer(given: Any) -> Any:
    """Returns an initializer: an object or function as it is, a class called, one by its name.

    A dict is read as the config of a layer holds it: a name and the arguments.

    Raises:
        ValueError: if it is none of these.
    """
    if isinstance(given, str):
        if given not in _INITIALIZERS:
            raise ValueError(f"Unknown initializer:{given}")
        return _INITIALIZERS[given]()
    if isinstance(given, dict):
        return _of_config(given)
    if inspect.isclass(given):
        return given()
    if given is None or callable(given):
        return given
    raise ValueError(f"Could not interpret initializer identifier: {given}")


def _of_config(config: dict[str, Any]) -> Any:
    name = config.get("class_name", "")
    kind = getattr(initializers, name, None)
    if not (inspect.isclass(kind) and issubclass(kind, initializers.Initializer)):
        raise ValueError(f"Unknown initializer:{name or config}")
    return kind.from_config(config["config"])


@late.provide("keras_regularizer")
def regularizer(given: Any) -> Any:
    """Returns a regularizer: a function as it is, or "l1", "l2" or "l1_l2" with rates of 0.01.

    A dict is read as the config of a layer holds it: a name and the arguments.

    Raises:
        ValueError: if it is neither.
    """
    if given is None or callable(given):
        return given
    if isinstance(given, str) and given in ("l1", "l2", "l1_l2"):
        return regularizers.L1L2(l1=0.01 * ("l1" in given), l2=0.01 * ("l2" in given))
    if isinstance(given, dict) and given.get("class_name") == "L1L2":
        return regularizers.L1L2(**given["config"])
    raise ValueError(f"Could not interpret regularizer identifier: {given}")


@late.provide("keras_constraint")
def constraint(given: Any) -> Any:
    """Returns a constraint: a function, or None.

    Raises:
        ValueError: if it is neither.
    """
    if given is None or callable(given):
        return given
    raise ValueError(f"Could not interpret constraint identifier: {given}")


def sizes(given: Any, n: int, name: str) -> tuple[int, ...]:
    """Returns `n` integers from one or `n` of them.

    Raises:
        ValueError: if it is neither.
    """
    if isinstance(given, int):
        return (given,) * n
    problem = f"The `{name}` argument must be a tuple of {n} integers. Received: {given}"
    try:
        found = tuple(given)
    except TypeError:
        raise ValueError(problem) from None
    if len(found) != n:
        raise ValueError(problem)
    for item in found:
        try:
            int(item)
        except (ValueError, TypeError):
            raise ValueError(f"{problem} including element {item} of type {type(item)}") from None
    return found


def channels_first(data_format: str | None) -> bool:
    """Whether the channels are the first axis after the examples.

    Raises:
        ValueError: if the format is neither "channels_first" nor "channels_last".
    """
    found = "channels_last" if data_format is None else data_format.lower()
    if found not in ("channels_first", "channels_last"):
        raise ValueError(
            'The `data_format` argument must be one of "channels_first", "channels_last". '
            f"Received: {data_format}"
        )
    return found == "channels_first"


def padding(given: Any) -> Any:
    """Returns "valid", "same" or "causal", or a list of amounts as it is.

    Raises:
        ValueError: if it is none of these.
    """
    if isinstance(given, list | tuple):
        return given
    found = given.lower()
    if found not in ("valid", "same", "causal"):
        raise ValueError(
            'The `padding` argument must be a list/tuple or one of "valid", "same" (or "causal", '
            f"only for `Conv1D). Received: {found}"
        )
    return found


def op_padding(given: Any) -> Any:
    """Returns what an operation takes for a layer's padding; "causal" was put in front already."""
    if isinstance(given, list | tuple):
        return given
    return "VALID" if given == "causal" else given.upper()


def layout(n: int, first: bool) -> str:
    """Returns the order of the dimensions as operations on `n` dimensions of space say it."""
    space = "DHW"[-n:]
    return f"NC{space}" if first else f"N{space}C"


def window_count(
    size: int | None, window: int, pad: str, stride: int, dilation: int = 1
) -> int | None:
    """Returns the number of positions of a window along an axis; None: not known.

    Args:
        size: the size of the axis.
        window: the size of the window.
        pad: "valid", "same" or "causal".
        stride: the step of the window.
        dilation: the step between the elements of the window.
    """
    if size is None:
        return None
    room = size - (window - 1) * dilation if pad == "valid" else size
    return (room + stride - 1) // stride
