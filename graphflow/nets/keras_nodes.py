"""The nodes of Keras models: which layer made which tensors of which others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from graphflow.core import late, nest
from graphflow.core.tensor import Tensor


class KerasHistory(NamedTuple):
    """Where a tensor of a Keras model comes from.

    Args:
        layer: the layer that made it.
        node_index: which of the layer's calls.
        tensor_index: which of the call's results.
    """

    layer: Any
    node_index: int
    tensor_index: int


def int_shape(x: Any) -> Any:
    """Returns the shape of a tensor as a tuple; None if the rank is not known.

    Args:
        x: a tensor or variable, or anything with a shape.
    """
    try:
        shape = x.shape
        return shape if isinstance(shape, tuple) else tuple(shape.as_list())
    except ValueError:
        return None


class Node:
    """One call of a layer: it connects the layers before with this one.

    Args:
        outbound_layer: the layer that was called.
        inbound_layers: the layers that made the inputs, in the inputs' structure.
        node_indices: which calls of those made them.
        tensor_indices: which results of those calls they are.
        input_tensors: the inputs.
        output_tensors: the results.
        arguments: further arguments of the call, by name.

    Raises:
        ValueError: if the layer is a structure.
    """

    def __init__(
        self,
        outbound_layer: Any,
        inbound_layers: Any,
        node_indices: Any,
        tensor_indices: Any,
        input_tensors: Any,
        output_tensors: Any,
        arguments: Any = None,
    ) -> None:
        if isinstance(outbound_layer, list | tuple | dict):
            raise ValueError(
                "`outbound_layer` should be a layer instance, not a list, tuple, or, dict."
            )
        self.outbound_layer = outbound_layer
        self.inbound_layers = inbound_layers
        self.node_indices = node_indices
        self.tensor_indices = tensor_indices
        self.input_tensors = input_tensors
        self.output_tensors = output_tensors
        self.input_shapes = nest.map_structure(int_shape, input_tensors)
        self.output_shapes = nest.map_structure(int_shape, output_tensors)
        self.arguments = arguments
        for argument in nest.flatten(arguments):
            if isinstance(argument, Tensor) and needs_history(argument):
                create_history(argument)
        for layer in nest.flatten(inbound_layers):
            if layer is not None:
                layer._outbound_nodes.append(self)
        outbound_layer._inbound_nodes.append(self)

    def iterate_inbound(self, include_arguments: bool = False) -> list[tuple[Any, int, int, Any]]:
        """Returns (layer, node index, tensor index, tensor) of each input.

        Args:
            include_arguments: whether tensors of layers among the further arguments count too.
        """
        found = list(
            zip(
                nest.flatten(self.inbound_layers),
                nest.flatten(self.node_indices),
                nest.flatten(self.tensor_indices),
                nest.flatten(self.input_tensors),
                strict=False,  # an input has a tensor, and no layer before
            )
        )
        if include_arguments:
            found += [(*x._keras_history, x) for x in self._tensor_arguments()]
        return found

    def _tensor_arguments(self) -> Iterator[Any]:
        return (x for x in nest.flatten(self.arguments) if hasattr(x, "_keras_history"))

    def _get_all_node_dependencies(self) -> list[Node]:
        """The nodes that made what this one took."""
        return [layer._inbound_nodes[n] for layer, n, _, _ in self.iterate_inbound(True)]

    def get_config(self) -> dict[str, Any]:
        """Returns the names of the layers and the indices."""
        names = nest.map_structure(lambda x: x.name if x else None, self.inbound_layers)
        return {
            "outbound_layer": self.outbound_layer.name,
            "inbound_layers": names,
            "node_indices": self.node_indices,
            "tensor_indices": self.tensor_indices,
        }


# --- tensors that no layer made ---
def has_history(tensors: Any) -> bool:
    """Whether all of some tensors were made by layers of Keras."""
    return all(hasattr(x, "_keras_history") for x in nest.flatten(tensors))


def needs_history(tensors: Any) -> bool:
    """Whether tensors were computed from those of layers by operations outside of layers."""
    flat = nest.flatten(tensors)
    if all(getattr(x, "_keras_history", None) is not None for x in flat):
        return False
    return uses_history(flat)


def uses_history(tensors: list[Any]) -> bool:
    """Whether a tensor that a layer made is among what tensors were computed from."""
    seen: set[int] = set()
    pending = list(tensors)
    while pending:
        x = pending.pop()
        if id(x) in seen or getattr(x, "_keras_history_checked", None) is not None:
            continue
        seen.add(id(x))
        if getattr(x, "_keras_history", None) is not None:
            return True
        pending += list(getattr(getattr(x, "op", None), "inputs", ()))
    mark_checked(tensors)
    return False


def mark_checked(tensors: Any) -> None:
    """Notes of tensors that no layer is among what they were computed from."""
    for x in nest.flatten(tensors):
        x._keras_history_checked = True


def create_history(tensors: Any) -> list[Any]:
    """Makes layers of the operations outside of layers that tensors were computed by.

    Args:
        tensors: a tensor or a structure of tensors.

    Returns:
        The new layers.
    """
    made: list[Any] = []
    _create(nest.flatten(tensors), set(), made)
    return made


def _create(tensors: list[Any], done: set[Any], made: list[Any]) -> None:
    make: Callable[..., Any] = late.provided("keras_op_layer")
    for tensor in tensors:
        if getattr(tensor, "_keras_history", None) is not None or tensor.op in done:
            continue
        inputs = list(tensor.op.inputs)
        held = {i: x for i, x in enumerate(inputs) if not uses_history([x])}
        layer_inputs = [x for i, x in enumerate(inputs) if i not in held]
        _create(layer_inputs, done, made)
        layer = make(tensor.op, held)
        made.append(layer)
        layer._add_inbound_node(layer_inputs, list(tensor.op.outputs))
        done.add(tensor.op)
