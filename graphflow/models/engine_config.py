"""The description of a network in plain data, and networks made from it."""

from __future__ import annotations

import copy
import inspect
import json
from collections.abc import Callable
from typing import Any, Final, TypeVar

import numpy as np

from graphflow.core import nest
from graphflow.core.dtypes import DType
from graphflow.core.export import EXPORTS
from graphflow.core.shape import Dimension, TensorShape
from graphflow.core.tensor import Tensor
from graphflow.models.engine_map import node_key
from graphflow.models.utils_objects import deserialize_keras_object
from graphflow.nets import keras_state
from graphflow.platform import tf_logging

_C = TypeVar("_C", bound=type)
KERAS_VERSION: Final = "2.2.4-tf"
"""What TensorFlow 1.15.5 writes as the version of Keras."""


class _Place:
    """A tensor in a description: names and numbers that stay together as one leaf."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items


class _Layers(dict[str, Any]):
    """The classes of layers, by name; those of the public namespace are found when asked for."""

    def __missing__(self, name: str) -> Any:
        space = "keras.models" if name in ("Model", "Sequential") else "keras.layers"
        return EXPORTS[f"{space}.{name}"]

    def __bool__(self) -> bool:
        return True

    def get(self, name: str, default: Any = None) -> Any:
        """Returns a class, or the default if there is none of that name."""
        try:
            return self[name]
        except KeyError:
            return default


_own_layers: Final = _Layers()


def layer_class(name: str) -> Callable[[_C], _C]:
    """Decorates a class of layers that descriptions name but no public namespace has.

    Args:
        name: its name in descriptions.
    """

    def put(cls: _C) -> _C:
        _own_layers[name] = cls
        return cls

    return put


def deserialize_layer(config: Any, custom_objects: Any = None) -> Any:
    """Returns the layer or model that plain data describes.

    Args:
        config: {"class_name": ..., "config": ...}.
        custom_objects: classes and functions by the names they have in it.

    Raises:
        ValueError: if it is no such dict, or a name is not known.
    """
    return deserialize_keras_object(
        config,
        module_objects=_own_layers,
        custom_objects=custom_objects,
        printable_module_name="layer",
    )


def json_of(x: Any) -> Any:
    """Returns plain data in place of an object that JSON does not know.

    Args:
        x: an object with `get_config`, a function, a number or array of NumPy, a shape or an
            element type.

    Raises:
        TypeError: if it is none of these.
    """
    if hasattr(x, "get_config"):
        return {"class_name": type(x).__name__, "config": x.get_config()}
    if isinstance(x, np.ndarray | np.generic):
        return x.tolist() if isinstance(x, np.ndarray) else x.item()
    if callable(x) and hasattr(x, "__name__") and not isinstance(x, type):
        return x.__name__
    if isinstance(x, type):
        return x.__name__
    if isinstance(x, Dimension):
        return x.value
    if isinstance(x, TensorShape):
        return x.as_list()
    if isinstance(x, DType):
        return x.name
    raise TypeError("Not JSON Serializable:", x)


def needed_arguments(call: Any) -> dict[str, Any]:
    """Returns arguments for a `call` that is to run without the caller knowing any.

    Args:
        call: the method.

    Raises:
        ValueError: if it needs others than `inputs` and `training`, or takes no inputs.
    """
    spec = inspect.getfullargspec(call)
    names = spec.args
    if len(names) < 2 and spec.varargs is None:
        raise ValueError(
            "You can only call `build` on a model if its `call` method accepts an `inputs` "
            "argument."
        )
    needed = names[2 : len(names) - len(spec.defaults or ())]
    if any(name != "training" for name in needed):
        raise ValueError(
            "Currently, you cannot build your model if it has positional or keyword arguments "
            "that are not inputs to the model, but are required for its `call` method. Instead, "
            "in order to instantiate and build your model, `call` your model on real tensor data "
            "with all expected call arguments."
        )
    return dict.fromkeys(needed, False)


# --- a network as plain data ---
def network_config(network: Any) -> dict[str, Any]:
    """Returns the layers of a network and how they hang together.

    Args:
        network: one that was made from inputs and outputs.
    """
    indices = _kept_nodes(network)
    layers = [
        {
            "name": layer.name,
            "class_name": type(layer).__name__,
            "config": layer.get_config(),
            "inbound_nodes": _calls(network, layer, indices),
        }
        for layer in network.layers
    ]
    config = {
        "name": network.name,
        "layers": layers,
        "input_layers": _ends(network._input_coordinates, network._nested_inputs, indices),
        "output_layers": _ends(network._output_coordinates, network._nested_outputs, indices),
    }
    return copy.deepcopy(config)


def _is_made_of_tensors(layer: Any) -> bool:
    """Whether it is a network, whose first node is that of its own inputs."""
    return getattr(layer, "_is_graph_network", False) is True


def _kept_nodes(network: Any) -> dict[str, int]:
    """The new numbers of the nodes, counting for each layer those in the network only."""
    found = {}
    for layer in network.layers:
        kept = int(_is_made_of_tensors(layer))
        for i in range(len(layer._inbound_nodes)):
            key = node_key(layer.name, i)
            if key in network._network_nodes:
                found[key] = kept
                kept += 1
    return found


def _calls(network: Any, layer: Any, indices: dict[str, int]) -> list[Any]:
    calls = []
    for i, node in enumerate(layer._inbound_nodes):
        if node_key(layer.name, i) not in network._network_nodes or not node.inbound_layers:
            continue
        arguments = _arguments(layer, node)
        places = [
            _Place([before.name, indices.get(node_key(before.name, n), 0), tensor, arguments])
            for before, n, tensor, _ in node.iterate_inbound()
        ]
        calls.append(_listed(nest.pack_sequence_as(node.input_tensors, places)))
    return calls


def _arguments(layer: Any, node: Any) -> dict[str, Any]:
    if not node.arguments:
        return {}
    found: dict[str, Any] = nest.map_structure(_plain_argument, node.arguments)
    try:
        json.dumps(found)
    except TypeError:
        tf_logging.warning(
            f"Layer {layer.name} was passed non-serializable keyword arguments: {node.arguments}. "
            "They will not be included in the serialized model (and thus will be missing at "
            "deserialization time)."
        )
        return {}
    return found


def _plain_argument(x: Any) -> Any:
    if hasattr(x, "_keras_history"):
        return [x._keras_history.layer.name, *x._keras_history[1:]]
    if isinstance(x, np.ndarray):
        return x.tolist()
    return keras_state.get_value(x).tolist() if isinstance(x, Tensor) else x


def _ends(coordinates: list[Any], structure: Any, indices: dict[str, int]) -> Any:
    places = [
        _Place([layer.name, indices[node_key(layer.name, n)], tensor])
        for layer, n, tensor in coordinates
        if node_key(layer.name, n) in indices
    ]
    return _listed(nest.pack_sequence_as(structure, places))


def _listed(structure: Any) -> Any:
    """A structure of places with their items; a list of one where there is no structure."""
    if isinstance(structure, _Place):
        return [structure.items]
    return nest.map_structure(lambda place: place.items, structure)


# --- a network from plain data ---
def _placed(data: Any) -> Any:
    """The inverse of `_listed`: lists that begin with a layer's name are leaves again."""
    if isinstance(data, list | tuple):
        if len(data) in (3, 4) and isinstance(data[0], str):
            return _Place(list(data))
        return type(data)(_placed(item) for item in data)
    if isinstance(data, dict):
        return {key: _placed(item) for key, item in data.items()}
    return data


class _Builder:
    """Makes the layers of a description, and calls them as soon as their inputs are there."""

    def __init__(self, custom_objects: Any) -> None:
        self.custom_objects = custom_objects
        self.layers: dict[str, Any] = {}
        self.pending: dict[str, list[Any]] = {}

    def make(self, data: dict[str, Any]) -> None:
        name = data["name"]
        self.layers[name] = deserialize_layer(data, self.custom_objects)
        calls = [_placed(call) for call in data["inbound_nodes"]]
        if calls:
            self.pending[name] = calls

    def call_all(self, order: list[str]) -> None:
        while self.pending:
            before = sum(map(len, self.pending.values()))
            for name in order:
                for call in self.pending.pop(name, []):
                    if not self._call(name, call):
                        self.pending.setdefault(name, []).append(call)
            if sum(map(len, self.pending.values())) == before:
                raise ValueError("Improperly formatted model config.")

    def _call(self, name: str, call: Any) -> bool:
        kwargs: dict[str, Any] = {}
        tensors = []
        for place in nest.flatten(call):
            if len(place.items) not in (3, 4):
                raise ValueError("Improperly formatted model config.")
            tensor = self.tensor(place)
            if tensor is None:
                return False
            tensors.append(tensor)
            kwargs = place.items[3] if len(place.items) == 4 else {}
        arguments = self._of_arguments(kwargs)
        if arguments is None:
            return False
        inputs = nest.pack_sequence_as(call, tensors)
        alone = len(tensors) == 1 and not isinstance(inputs, dict)
        self.layers[name](tensors[0] if alone else inputs, **arguments)
        return True

    def _of_arguments(self, kwargs: dict[str, Any]) -> dict[str, Any] | None:
        """Further arguments with their tensors; None if one is not there yet."""
        placed = _placed(kwargs)
        held = [x for x in nest.flatten(placed) if isinstance(x, _Place)]
        if any(self.tensor(place) is None for place in held):
            return None
        found: dict[str, Any] = nest.map_structure(
            lambda x: self.tensor(x) if isinstance(x, _Place) else x, placed
        )
        return found

    def tensor(self, place: _Place) -> Any:
        """The tensor at a place; None if it is not there yet."""
        name, node_index, tensor_index = place.items[:3]
        calls = self.layers[name]._inbound_nodes
        if len(calls) <= node_index:
            return None
        return nest.flatten(calls[node_index].output_tensors)[tensor_index]

    def ends(self, data: Any) -> Any:
        """The tensors that a description names as inputs or outputs."""
        return nest.map_structure(self.tensor, _placed(data))


def network_of(cls: Any, config: dict[str, Any], custom_objects: Any) -> Any:
    """Returns the network that plain data describes.

    Args:
        cls: its class.
        config: see `network_config`.
        custom_objects: classes and functions by the names they have in it.

    Raises:
        ValueError: if it is no such description.
    """
    builder = _Builder(custom_objects)
    for data in config["layers"]:
        builder.make(data)
    builder.call_all([data["name"] for data in config["layers"]])
    inputs = builder.ends(config["input_layers"])
    outputs = builder.ends(config["output_layers"])
    model = cls(inputs=inputs, outputs=outputs, name=config.get("name"))
    made = list(builder.layers.values())
    more = [layer for layer in made if layer not in model.layers]
    if more:
        nodes = [n for x in made for n in x._inbound_nodes[int(_is_made_of_tensors(x)) :]]
        model._insert_layers(more, nodes)
    return model
