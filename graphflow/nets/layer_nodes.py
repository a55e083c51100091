"""What a layer says about itself: its nodes in Keras models, its masks and its config."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from graphflow.core import nest
from graphflow.core.dtypes import as_dtype
from graphflow.core.tensor_spec import TensorSpec
from graphflow.nets import layer_config
from graphflow.nets.keras_nodes import KerasHistory, Node
from graphflow.nets.layer_tracking import LayerTracking

_F = TypeVar("_F", bound=Callable[..., Any])


def default(method: _F) -> _F:
    """Decorates a method of the base class that does nothing for layers of their own."""
    method._is_default = True  # type: ignore[attr-defined]  # a mark
    return method


def _masks(tensors: Any) -> Any:
    if isinstance(tensors, list):
        return [getattr(x, "_keras_mask", None) for x in tensors]
    return getattr(tensors, "_keras_mask", None)


class LayerNodes(LayerTracking):
    """The part of `Layer` that does not make anything; see there."""

    CONFIG: ClassVar[tuple[str, ...]] = ()
    """The attributes that a class adds to its `get_config`, by the names of its arguments."""

    supports_masking: bool
    _dtype: str | None
    _trainable: bool
    _dynamic: bool
    _inbound_nodes: list[Node]
    _outbound_nodes: list[Node]

    # --- nodes ---
    @property
    def inbound_nodes(self) -> list[Node]:
        """The layer's calls with tensors of Keras."""
        return self._inbound_nodes

    @property
    def outbound_nodes(self) -> list[Node]:
        """The calls of other layers with the results of this one."""
        return self._outbound_nodes

    def _add_inbound_node(self, inputs: Any, outputs: Any, arguments: Any = None) -> None:
        """Notes a call and where its results come from."""
        Node(
            self,
            nest.map_structure(lambda x: x._keras_history.layer, inputs),
            nest.map_structure(lambda x: x._keras_history.node_index, inputs),
            nest.map_structure(lambda x: x._keras_history.tensor_index, inputs),
            inputs,
            outputs,
            arguments,
        )
        for i, tensor in enumerate(nest.flatten(outputs)):
            tensor._keras_history = KerasHistory(self, len(self._inbound_nodes) - 1, i)

    def _of_node_at(self, node_index: int, attribute: str, what: str) -> Any:
        if not self._inbound_nodes:
            raise RuntimeError(f"The layer has never been called and thus has no defined {what}.")
        if not len(self._inbound_nodes) > node_index:
            raise ValueError(
                f"Asked to get {what} at node {node_index}, but the layer has only "
                f"{len(self._inbound_nodes)} inbound nodes."
            )
        values = getattr(self._inbound_nodes[node_index], attribute)
        return values[0] if isinstance(values, list) and len(values) == 1 else values

    @property
    def input(self) -> Any:
        """The input of the layer's first node.

        Raises:
            AttributeError: if there is none.
        """
        if not self._inbound_nodes:
            raise AttributeError(f"Layer {self.name} is not connected, no input to return.")
        return self._of_node_at(0, "input_tensors", "input")

    @property
    def output(self) -> Any:
        """The result of the layer's first node.

        Raises:
            AttributeError: if there is none.
        """
        if not self._inbound_nodes:
            raise AttributeError(f"Layer {self.name} has no inbound nodes.")
        return self._of_node_at(0, "output_tensors", "output")

    @property
    def input_mask(self) -> Any:
        """The mask of the input of the layer's first node.

        Raises:
            AttributeError: if there is no node.
        """
        return _masks(self.input)

    @property
    def output_mask(self) -> Any:
        """The mask of the result of the layer's first node.

        Raises:
            AttributeError: if there is no node.
        """
        return _masks(self.output)

    @property
    def input_shape(self) -> Any:
        """The shape of the input, as a tuple, the same for all nodes.

        Raises:
            AttributeError: if there is no node, or they differ.
        """
        return self._shape_of_all_nodes("input")

    @property
    def output_shape(self) -> Any:
        """The shape of the result, as a tuple, the same for all nodes.

        Raises:
            AttributeError: if there is no node, or they differ.
        """
        return self._shape_of_all_nodes("output")

    def _shape_of_all_nodes(self, what: str) -> Any:
        if not self._inbound_nodes:
            raise AttributeError(
                f"The layer has never been called and thus has no defined {what} shape."
            )
        shapes = [getattr(node, f"{what}_shapes") for node in self._inbound_nodes]
        if len({str(shape) for shape in shapes}) == 1:
            return shapes[0]
        raise AttributeError(
            f'The layer "{self.name}" has multiple inbound nodes, with different {what} shapes. '
            f'Hence the notion of "{what} shape" is ill-defined for the layer. '
            f"Use `get_{what}_shape_at(node_index)` instead."
        )

    def get_input_at(self, node_index: int) -> Any:
        """Returns the input of a node.

        Args:
            node_index: which call of the layer.

        Raises:
            RuntimeError: if there is no node.
            ValueError: if there is none with that index.
        """
        return self._of_node_at(node_index, "input_tensors", "input")

    def get_output_at(self, node_index: int) -> Any:
        """Returns the result of a node; see `get_input_at`."""
        return self._of_node_at(node_index, "output_tensors", "output")

    def get_input_shape_at(self, node_index: int) -> Any:
        """Returns the shape of the input of a node, as a tuple; see `get_input_at`."""
        return self._of_node_at(node_index, "input_shapes", "input shape")

    def get_output_shape_at(self, node_index: int) -> Any:
        """Returns the shape of the result of a node, as a tuple; see `get_input_at`."""
        return self._of_node_at(node_index, "output_shapes", "output shape")

    def get_input_mask_at(self, node_index: int) -> Any:
        """Returns the mask of the input of a node; see `get_input_at`."""
        return _masks(self.get_input_at(node_index))

    def get_output_mask_at(self, node_index: int) -> Any:
        """Returns the mask of the result of a node; see `get_input_at`."""
        return _masks(self.get_output_at(node_index))

    # --- masks and signatures ---
    @default
    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the mask of the result: that of the inputs, if the layer supports masks.

        Args:
            inputs: the inputs.
            mask: a mask of the inputs, or a list of masks.

        Raises:
            TypeError: if there is a mask and the layer does not support them.
        """
        if self.supports_masking:
            return mask
        if any(m is not None for m in nest.flatten(mask)):
            raise TypeError(
                f"Layer {self.name} does not support masking, but was passed an input_mask: {mask}"
            )
        return None

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the result for a shape of the input.

        Raises:
            NotImplementedError: if the layer does not say it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say the shape of its result.")

    def compute_output_signature(self, input_signature: Any) -> Any:
        """Returns the shape and element type of the result.

        Args:
            input_signature: a `tf.TensorSpec` of the input, or a structure of them.

        Raises:
            TypeError: if something in it is no `tf.TensorSpec`.
            NotImplementedError: if the layer does not say the shape of its result.
        """
        for spec in nest.flatten(input_signature):
            if not isinstance(spec, TensorSpec):
                raise TypeError(
                    "Only TensorSpec signature types are supported, but saw signature signature "
                    f"entry: {spec}."
                )
        shape = self.compute_output_shape(nest.map_structure(lambda s: s.shape, input_signature))
        dtype = as_dtype(self._dtype or nest.flatten(input_signature)[0].dtype)
        return nest.map_structure(lambda s: TensorSpec(s, dtype), shape)

    # --- config ---
    @default
    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make such a layer again, without its variables' values.

        Raises:
            NotImplementedError: if a subclass has arguments of its own but no `get_config`.
        """
        config: dict[str, Any] = {"name": self.name, "trainable": self._trainable}
        if hasattr(self, "_batch_input_shape"):
            config["batch_input_shape"] = self._batch_input_shape
        config["dtype"] = self._dtype
        if self._dynamic:
            config["dynamic"] = True
        if self.CONFIG:
            config.update(layer_config.written(self, self.CONFIG))
        elif getattr(self.get_config, "_is_default", False):
            arguments = inspect.getfullargspec(self.__init__).args  # type: ignore[misc]  # of a made object
            if set(arguments) - {"self", "dynamic", *config}:
                raise NotImplementedError(
                    "Layers with arguments in `__init__` must override `get_config`."
                )
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Returns a new layer as `get_config` describes it.

        Args:
            config: the arguments of the constructor.
        """
        return cls(**config)
