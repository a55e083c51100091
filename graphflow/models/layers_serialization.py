"""Keras' layers in plain data."""

from __future__ import annotations

from typing import Any

from graphflow.core.export import export
from graphflow.models.engine_config import deserialize_layer


@export("keras.layers.serialize")
def serialize(layer: Any) -> dict[str, Any]:
    """Returns a layer's class name and configuration.

    Args:
        layer: the layer, or a model.
    """
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


@export("keras.layers.deserialize")
def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Returns the layer or model that plain data stands for.

    Args:
        config: a dict as `serialize` returns it.
        custom_objects: a dict of the program's own layers by name.

    Raises:
        ValueError: if it is no such dict, or the name is not known.
    """
    return deserialize_layer(config, custom_objects)
