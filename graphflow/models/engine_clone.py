"""tf.keras.models.clone_model: a model again, with variables of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphflow.core import nest
from graphflow.core.export import export
from graphflow.models.backend_values import is_keras_tensor
from graphflow.models.engine_input import Input, InputLayer
from graphflow.models.engine_op_layer import AddMetric
from graphflow.models.engine_sequential import Sequential
from graphflow.models.engine_training import Model
from graphflow.nets.keras_nodes import Node

_Copy = Callable[[Any], Any]


def _copied(layer: Any) -> Any:
    return type(layer).from_config(layer.get_config())


@export("keras.models.clone_model")
def clone_model(model: Any, input_tensors: Any = None, clone_function: Any = None) -> Any:
    """Returns a model with new layers of the same kinds, whose variables start anew.

    Args:
        model: a model made of tensors, or a Sequential.
        input_tensors: the new inputs; None: placeholders.
        clone_function: a function of a layer that returns the new one; it is not called for
            inputs. None: one from its `get_config`.

    Raises:
        ValueError: for a model that is defined by its `call`, or if the inputs do not fit.
    """
    copy: _Copy = clone_function or _copied
    if not callable(copy):
        raise ValueError("Expected `layer_fn` argument to be a callable.")
    if isinstance(model, Sequential):
        return _clone_sequential(model, input_tensors, copy)
    return _clone_functional(model, input_tensors, copy)


def _new_nodes(
    nodes_by_depth: Any, copy: _Copy, layers: dict[Any, Any], tensors: dict[int, Any]
) -> list[Node]:
    """Calls copies of layers as the layers were called."""
    found: dict[Node, None] = {}
    for depth in sorted(nodes_by_depth, reverse=True):
        for node in nodes_by_depth[depth]:
            layer = layers.get(node.outbound_layer)
            if layer is None:
                layer = layers[node.outbound_layer] = copy(node.outbound_layer)
            elif isinstance(layer, InputLayer):
                continue
            if not all(id(x) in tensors for x in nest.flatten(node.input_tensors)):
                continue
            inputs = nest.map_structure(lambda x: tensors[id(x)], node.input_tensors)
            outputs = layer(inputs, **(node.arguments or {}))
            first = nest.flatten(outputs)[0]
            found[layer._inbound_nodes[first._keras_history.node_index]] = None
            for x, y in zip(nest.flatten(node.output_tensors), nest.flatten(outputs), strict=True):
                tensors[id(x)] = y
    return list(found)


def _insert(model: Any, layers: list[Any], names: list[str], nodes: list[Node]) -> None:
    measures = [layer for layer in layers if isinstance(layer, AddMetric)]
    measures.sort(key=lambda layer: names.index(layer.metric_name or ""))
    others = [layer for layer in layers if not isinstance(layer, AddMetric)]
    model._insert_layers(others + measures, nodes)


def _clone_functional(model: Any, input_tensors: Any, copy: _Copy) -> Any:
    if not isinstance(model, Model):
        raise ValueError("Expected `model` argument to be a `Model` instance, got ", model)
    if not model._is_graph_network:
        raise ValueError(
            "Expected `model` argument to be a functional `Model` instance, but got a subclass "
            "model instead."
        )
    layers: dict[Any, Any] = {}
    inputs = []
    given = [None] * len(model.inputs) if input_tensors is None else nest.flatten(input_tensors)
    for layer, tensor in zip(model._input_layers, given, strict=False):
        if tensor is None:
            tensor = Input(**layer.get_config())
            layers[layer] = tensor._keras_history.layer
        elif not is_keras_tensor(tensor):
            tensor = Input(tensor=tensor, name=f"input_wrapper_for_{layer.name}")
            layers[layer] = tensor._keras_history.layer
        inputs.append(tensor)
    tensors = {id(x): y for x, y in zip(model.inputs, inputs, strict=False)}
    nodes = _new_nodes(model._nodes_by_depth, copy, layers, tensors)
    outputs = [tensors[id(x)] for x in model.outputs]
    made = Model(
        nest.pack_sequence_as(model._nested_inputs, inputs),
        nest.pack_sequence_as(model._nested_outputs, outputs),
        name=model.name,
    )
    more = [layer for layer in layers.values() if layer not in made.layers]
    if more:
        _insert(made, more, model.metrics_names, nodes)
    return made


def _clone_sequential(model: Any, input_tensors: Any, copy: _Copy) -> Any:
    layers: dict[Any, Any] = {}
    for layer in model._layers:
        if isinstance(layer, InputLayer):
            if input_tensors is None:
                layers[layer] = _copied(layer)
        else:
            layers[layer] = copy(layer)
    more = []
    if model._is_graph_network:
        depths = sorted((d for d in model._nodes_by_depth if d < 0), reverse=True)
        more = [layers[n.outbound_layer] for d in depths for n in model._nodes_by_depth[d]]
    own = [layer for layer in layers.values() if layer not in more]
    made = Sequential(layers=_input_of(input_tensors) + own, name=model.name)
    if more:
        tensors: dict[int, Any] = {}
        for depth, nodes in made._nodes_by_depth.items():
            for new, old in zip(nodes, model._nodes_by_depth[depth], strict=False):
                old_outputs = nest.flatten(old.output_tensors)
                new_outputs = nest.flatten(new.output_tensors)
                tensors |= {id(x): y for x, y in zip(old_outputs, new_outputs, strict=True)}
        below = {d: nodes for d, nodes in model._nodes_by_depth.items() if d < 0}
        _insert(made, more, model.metrics_names, _new_nodes(below, copy, layers, tensors))
    return made


def _input_of(input_tensors: Any) -> list[Any]:
    """The layer of the only input, in a list; an empty one where there is no tensor."""
    if input_tensors is None:
        return []
    given = list(input_tensors) if isinstance(input_tensors, list | tuple) else [input_tensors]
    if len(given) != 1:
        raise ValueError(
            "To clone a `Sequential` model, we expect  at most one tensor as part of "
            "`input_tensors`."
        )
    x = given[0]
    if not is_keras_tensor(x):
        name = f"input_wrapper_for_{x.op.name.replace('/', '_')}"
        return [Input(tensor=x, name=name)._keras_history.layer]
    layer = x._keras_history.layer
    if not isinstance(layer, InputLayer):
        raise ValueError(
            "Cannot clone a `Sequential` model on top of a tensor that comes from a Keras layer "
            "other than an `InputLayer`. Use the functional API instead."
        )
    return [layer]
