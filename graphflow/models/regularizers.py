"""Keras' regularizers: functions of a variable whose value is a loss, also by name."""

from __future__ import annotations

from typing import Any, Final, Self

from graphflow.core.export import export
from graphflow.models.utils_objects import deserialize_keras_object, serialize_keras_object
from graphflow.nets import keras_state, regularizers


@export("keras.regularizers.Regularizer")
class Regularizer:
    """What makes a loss of a variable; subclasses define `__call__` and `get_config`."""

    def __call__(self, x: Any) -> Any:
        """Returns the loss of a variable."""
        return 0.0

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Returns the regularizer of a configuration."""
        return cls(**config)


@export("keras.regularizers.L1L2")
class L1L2(regularizers.L1L2, Regularizer):
    """The sums of `abs(x)` and of `x**2` over all elements, each with a factor.

    Args:
        l1: the factor of the absolute values.
        l2: the factor of the squares.
    """

    def __init__(self, l1: Any = 0.0, l2: Any = 0.0) -> None:
        super().__init__(keras_state.cast_to_floatx(l1), keras_state.cast_to_floatx(l2))

    def get_config(self) -> dict[str, float]:
        """Returns the arguments that make this regularizer again, in the float type of Keras."""
        return {"l1": float(self.l1), "l2": float(self.l2)}


@export("keras.regularizers.l1")
def l1(l: Any = 0.01) -> L1L2:  # noqa: E741 (TensorFlow's name)
    """Returns a regularizer: the sum of `abs(x)`.

    Args:
        l: its factor.
    """
    return L1L2(l1=l)


@export("keras.regularizers.l2")
def l2(l: Any = 0.01) -> L1L2:  # noqa: E741 (TensorFlow's name)
    """Returns a regularizer: the sum of `x**2`.

    Args:
        l: its factor.
    """
    return L1L2(l2=l)


@export("keras.regularizers.l1_l2")
def l1_l2(l1: Any = 0.01, l2: Any = 0.01) -> L1L2:
    """Returns a regularizer: the sums of `abs(x)` and of `x**2`.

    Args:
        l1: the factor of the first.
        l2: the factor of the second.
    """
    return L1L2(l1=l1, l2=l2)


_SHORT: Final = {"l1": l1, "l2": l2, "l1_l2": l1_l2}
_KNOWN: Final[dict[str, Any]] = {"Regularizer": Regularizer, "L1L2": L1L2, **_SHORT}


@export("keras.regularizers.serialize")
def serialize(regularizer: Any) -> Any:
    """Returns a regularizer in plain data: its class name and configuration, or its name.

    Raises:
        ValueError: if it has neither.
    """
    return serialize_keras_object(regularizer)


@export("keras.regularizers.deserialize")
def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Returns the regularizer that plain data stands for.

    Args:
        config: a name, or a dict as `serialize` returns it.
        custom_objects: a dict of the program's own regularizers by name.

    Raises:
        ValueError: if the name is not known.
    """
    return deserialize_keras_object(config, _KNOWN, custom_objects, "regularizer")


@export("keras.regularizers.get")
def get(identifier: Any) -> Any:
    """Returns a regularizer: a function as it is, or one by its name or configuration.

    Args:
        identifier: a function, a name, a dict as `serialize` returns it, or None.

    Raises:
        ValueError: if it is none of these, or the name is not known.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        if identifier in _SHORT:
            return deserialize({"class_name": identifier, "config": {}})
        return deserialize(identifier)
    if callable(identifier):
        return identifier
    raise ValueError("Could not interpret regularizer identifier:", identifier)
