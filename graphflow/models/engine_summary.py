"""The table of a model's layers, as Keras prints it, and where tensors come from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from graphflow.core import nest
from graphflow.core.export import export


def count_params(weights: Iterable[Any]) -> int:
    """Returns the number of elements of variables, each counted once."""
    held = {id(w): w for w in weights}
    return sum(math.prod(w.shape.as_list()) for w in held.values())


@export("keras.utils.get_source_inputs")
def get_source_inputs(tensor: Any, layer: Any = None, node_index: int | None = None) -> Any:
    """Returns the inputs that a tensor of a model is computed from.

    Args:
        tensor: the tensor.
        layer: the layer that made it; None: as the tensor says.
        node_index: which call of the layer made it.
    """
    if not hasattr(tensor, "_keras_history"):
        return tensor
    if layer is None or node_index:
        layer, node_index, _ = tensor._keras_history
    if not layer._inbound_nodes:
        return [tensor]
    node = layer._inbound_nodes[node_index]
    if not node.inbound_layers:
        return nest.flatten(node.input_tensors)
    found: list[Any] = []
    for before, i, _, x in node.iterate_inbound():
        for source in get_source_inputs(x, before, i):
            if not any(source is known for known in found):
                found.append(source)
    return found


def _is_one_after_another(model: Any) -> bool:
    """Whether each layer takes what the one before made and nothing else."""
    if type(model).__name__ == "Sequential" or not model._is_graph_network:
        return True
    nodes = []
    for held in model._nodes_by_depth.values():
        if len(held) > 1 or (len(held) == 1 and len(nest.flatten(held[0].inbound_layers)) > 1):
            return False
        nodes += held
    return all(sum(n in nodes for n in layer._inbound_nodes) <= 1 for layer in model.layers)


class _Table:
    """Prints rows of fields in columns."""

    def __init__(self, width: int, positions: list[Any], write: Callable[[str], Any]) -> None:
        self.width = width
        whole = positions[-1] <= 1
        self.positions = [int(width * p) for p in positions] if whole else positions
        self.write = write

    def row(self, fields: list[Any]) -> None:
        line = ""
        for i, field in enumerate(fields):
            if i > 0:
                line = f"{line[:-1]} "
            end = self.positions[i]
            line = f"{line}{field}"[:end].ljust(end)
        self.write(line)

    def rule(self, character: str) -> None:
        self.write(character * self.width)


def print_summary(
    model: Any, line_length: int | None, positions: Any, print_fn: Callable[[str], Any] | None
) -> None:
    """Prints the layers of a model; see `Model.summary`."""
    plain = _is_one_after_another(model)
    width = line_length or (65 if plain else 98)
    columns = positions or ([0.45, 0.85, 1.0] if plain else [0.33, 0.55, 0.67, 1.0])
    table = _Table(width, columns, print_fn or print)
    titles = ["Layer (type)", "Output Shape", "Param #", "Connected to"]
    table.write(f'Model: "{model.name}"')
    table.rule("_")
    table.row(titles[:3] if plain else titles)
    table.rule("=")
    layers = model.layers
    for i, layer in enumerate(layers):
        connections = [] if plain else _connections(model, layer)
        name = f"{layer.name} ({type(layer).__name__})"
        fields = [name, _output_shape(layer), layer.count_params()]
        table.row(fields if plain else [*fields, connections[0] if connections else ""])
        for connection in connections[1:]:
            table.row(["", "", "", connection])
        table.rule("=" if i == len(layers) - 1 else "_")
    _print_counts(model, table)


def _output_shape(layer: Any) -> Any:
    try:
        return layer.output_shape
    except AttributeError:
        return "multiple"
    except RuntimeError:
        return "?"


def _connections(model: Any, layer: Any) -> list[str]:
    relevant = {node for held in model._nodes_by_depth.values() for node in held}
    return [
        f"{before.name}[{i}][{j}]"
        for node in layer._inbound_nodes
        if node in relevant
        for before, i, j, _ in node.iterate_inbound()
    ]


def _print_counts(model: Any, table: _Table) -> None:
    model._check_trainable_weights_consistency()
    collected = getattr(model, "_collected_trainable_weights", None)
    trainable = count_params(model.trainable_weights if collected is None else collected)
    fixed = count_params(model.non_trainable_weights)
    table.write(f"Total params: {trainable + fixed:,}")
    table.write(f"Trainable params: {trainable:,}")
    table.write(f"Non-trainable params: {fixed:,}")
    table.rule("_")
