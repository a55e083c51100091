"""Keras' optimizers by name."""

from __future__ import annotations

from typing import Any, Final

from graphflow.core.export import export
from graphflow.models.optimizers_adam import Adam, Adamax, Nadam
from graphflow.models.optimizers_adaptive import Adadelta, Adagrad, RMSprop
from graphflow.models.optimizers_base import OptimizerV2
from graphflow.models.optimizers_plain import SGD, Ftrl
from graphflow.models.optimizers_wrapped import TFOptimizer
from graphflow.models.utils_objects import deserialize_keras_object, serialize_keras_object
from graphflow.training.optimizer import Optimizer

_KINDS: Final = {
    kind.__name__.lower(): kind
    for kind in (Adadelta, Adagrad, Adam, Adamax, Nadam, RMSprop, SGD, Ftrl)
}


@export("keras.optimizers.serialize")
def serialize(optimizer: Any) -> Any:
    """Returns an optimizer in plain data: its class name and configuration.

    Raises:
        ValueError: if it has neither a configuration nor a name.
    """
    return serialize_keras_object(optimizer)


@export("keras.optimizers.deserialize")
def deserialize(config: dict[str, Any], custom_objects: Any = None) -> Any:
    """Returns the optimizer that plain data stands for.

    Args:
        config: a dict as `serialize` returns it; the class name in any case.
        custom_objects: a dict of the program's own optimizers by name.

    Raises:
        ValueError: if the name is not known.
    """
    if config["class_name"].lower() in _KINDS:
        config["class_name"] = config["class_name"].lower()
    return deserialize_keras_object(config, _KINDS, custom_objects, "optimizer")


@export("keras.optimizers.get")
def get(identifier: Any) -> Any:
    """Returns an optimizer: one as it is, or one by its name or configuration.

    Args:
        identifier: an optimizer of Keras or of `tf.train` (which is wrapped), a name, or a dict
            as `serialize` returns it.

    Raises:
        ValueError: if it is none of these, or the name is not known.
    """
    if isinstance(identifier, OptimizerV2 | TFOptimizer):
        return identifier
    if isinstance(identifier, Optimizer):
        return TFOptimizer(identifier)
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier, "config": {}})
    raise ValueError("Could not interpret optimizer identifier:", identifier)
