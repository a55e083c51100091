"""The layers and nodes of a model, found by going back from its outputs to its inputs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from graphflow.core import nest
from graphflow.nets.keras_nodes import Node, create_history


def node_key(layer_name: str, node_index: int) -> str:
    """Returns the name of a node: that of its layer and the number of its call."""
    return f"{layer_name}_ib-{node_index}"


@dataclass(frozen=True)
class Map:
    """What lies between inputs and outputs.

    Args:
        keys: the names of the nodes, see `node_key`.
        nodes_by_depth: the nodes by their distance from the outputs.
        layers: the layers, those next to the inputs first.
    """

    keys: set[str]
    nodes_by_depth: defaultdict[int, list[Node]]
    layers: list[Any]


class _Walk:
    """The nodes before some tensors, in an order in which each comes after those it needs."""

    def __init__(self) -> None:
        self.order: list[Node] = []
        self.keys: set[str] = set()
        self.layer_indices: dict[Any, int] = {}
        self._done: set[Node] = set()

    def visit(self, tensor: Any, layer: Any, node_index: int) -> None:
        """Adds the node of a tensor after all those before it; not recursive, for deep models."""
        stack = [(self._enter(tensor, layer, node_index), layer._inbound_nodes[node_index])]
        active = {stack[0][1]}
        while stack:
            pending, node = stack[-1]
            if not pending:
                stack.pop()
                active.discard(node)
                if node not in self._done:
                    self._done.add(node)
                    self.order.append(node)
                continue
            inner, i, _, x = pending.pop(0)
            before = inner._inbound_nodes[i]
            if before in active:
                raise ValueError(f'The tensor {x} at layer "{inner.name}" is part of a cycle.')
            if before not in self._done:
                stack.append((self._enter(x, inner, i), before))
                active.add(before)

    def _enter(self, tensor: Any, layer: Any, i: int) -> list[tuple[Any, int, int, Any]]:
        node: Node = layer._inbound_nodes[i]
        if node in self._done:
            return []
        self.keys.add(node_key(layer.name, i))
        self.layer_indices.setdefault(layer, len(self.layer_indices))
        return node.iterate_inbound(include_arguments=True)


def map_network(inputs: list[Any], outputs: list[Any]) -> Map:
    """Finds the layers and nodes between tensors.

    Args:
        inputs: the inputs of a model.
        outputs: its outputs.

    Raises:
        ValueError: if an output needs more than the inputs, or names of layers are not unique.
    """
    walk = _Walk()
    for x in outputs:
        layer, node_index, _ = x._keras_history
        walk.visit(x, layer, node_index)
    node_depths, layer_depths = _depths(walk.order)
    for x in inputs:
        layer = x._keras_history.layer
        if layer not in layer_depths:
            layer_depths[layer] = 0
            walk.layer_indices[layer] = -1
            node_depths[layer._inbound_nodes[0]] = 0
            walk.keys.add(node_key(layer.name, 0))
    by_depth: defaultdict[int, list[Node]] = defaultdict(list)
    for node, depth in node_depths.items():
        by_depth[depth].append(node)
    layers = sorted(layer_depths, key=lambda x: (-layer_depths[x], walk.layer_indices[x]))
    _check_connected(inputs, by_depth)
    _check_names(layers)
    return Map(walk.keys, by_depth, layers)


def _depths(order: list[Node]) -> tuple[dict[Node, int], dict[Any, int]]:
    """The greatest distance of each node, and of each layer, from the outputs."""
    nodes: dict[Node, int] = {}
    layers: dict[Any, int] = {}
    for node in reversed(order):
        depth = max(nodes.setdefault(node, 0), layers.get(node.outbound_layer, 0))
        layers[node.outbound_layer] = nodes[node] = depth
        for before in node._get_all_node_dependencies():
            nodes[before] = max(depth + 1, nodes.get(before, 0))
    return nodes, layers


def _check_connected(inputs: list[Any], by_depth: dict[int, list[Node]]) -> None:
    known = {id(x) for x in inputs}
    complete: list[str] = []
    for depth in sorted(by_depth, reverse=True):
        for node in by_depth[depth]:
            layer = node.outbound_layer
            for x in nest.flatten(node.input_tensors):
                if id(x) not in known:
                    raise ValueError(
                        f"Graph disconnected: cannot obtain value for tensor {x} at layer "
                        f'"{layer.name}". The following previous layers were accessed without '
                        f"issue: {complete}"
                    )
            known |= {id(x) for x in nest.flatten(node.output_tensors)}
            complete.append(layer.name)


def _check_names(layers: list[Any]) -> None:
    names = [layer.name for layer in layers]
    for name in names:
        if names.count(name) != 1:
            raise ValueError(
                f'The name "{name}" is used {names.count(name)} times in the model. All layer '
                "names should be unique."
            )


def check_no_legacy_layers(layers: list[Any]) -> None:
    """Checks that no layer is one of `tf.layers`.

    Raises:
        TypeError: if one is.
    """
    legacy = [layer for layer in layers if getattr(layer, "_is_legacy_layer", False)]
    if legacy:
        shown = "\n".join([f"  {layer}" for layer in legacy])
        raise TypeError(
            f"The following are legacy tf.layers.Layers:\n{shown}\nTo use keras as a framework "
            "(for instance using the Network, Model, or Sequential classes), please use the "
            "tf.keras.layers implementation instead. (Or, if writing custom layers, subclass from "
            "tf.keras.layers rather than tf.layers)"
        )


def map_more(inputs: list[Any], outputs: list[Any]) -> tuple[list[Node], list[Any]]:
    """Returns the nodes and layers between a model's inputs and tensors computed from it.

    Args:
        inputs: the inputs of the model.
        outputs: the tensors.
    """
    create_history(outputs)
    found = map_network(inputs, outputs)
    return [node for nodes in found.nodes_by_depth.values() for node in nodes], found.layers
