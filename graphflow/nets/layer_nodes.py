"""What a layer says about itself: its nodes in a Keras model (none), its masks and its config.

A layer of `tf.layers` is never a node of a Keras model, so in TensorFlow 1.15.5 too everything
that is asked of such nodes fails with an error that names the layer.
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, NoReturn

from graphflow.core import nest
from graphflow.core.dtypes import as_dtype
from graphflow.core.tensor_spec import TensorSpec
from graphflow.nets import layer_config
from graphflow.platform.module import Module


class LayerNodes(Module):
    """The part of `tf.layers.Layer` that does not make anything; see there."""

    CONFIG: ClassVar[tuple[str, ...]] = ()
    """The attributes that a class adds to its `get_config`, by the names of its arguments."""

    supports_masking = False
    dynamic = False
    """False: a layer's `call` is always part of the graph."""
    graph = None
    """None, as in TensorFlow: a layer of `tf.layers` does not say its graph."""
    _dtype: str | None
    _reuse: Any

    @property
    def inbound_nodes(self) -> list[Any]:
        """The layer's nodes in Keras models: none."""
        return []

    @property
    def outbound_nodes(self) -> list[Any]:
        """The nodes of Keras models that use its results: none."""
        return []

    @property
    def metrics(self) -> list[Any]:
        """The layer's measures: none, see `add_metric`."""
        return []

    def add_metric(self, value: Any, aggregation: str | None = None, name: Any = None) -> NoReturn:
        """Refuses: the measures of layers belong to Keras; `tf.metrics` has those of graphflow.

        Args:
            value: the measured tensor.
            aggregation: "mean" or None.
            name: the measure's name.

        Raises:
            ValueError: if the arguments are not what TensorFlow takes either.
            NotImplementedError: else.
        """
        if aggregation is not None and aggregation != "mean":
            raise ValueError(
                "We currently support only `mean` sample-wise metric aggregation. "
                f"You provided aggregation=`{aggregation}`"
            )
        if name is None:
            raise ValueError(
                "Please provide a name for your metric like "
                "`self.add_metric(tf.reduce_sum(inputs), name='mean_activation', "
                "aggregation='mean')`"
            )
        raise NotImplementedError(
            f"Layer {self.name}: the measures of layers belong to Keras; use tf.metrics.mean."
        )

    # --- nodes ---
    @property
    def input(self) -> Any:
        """The input of the layer's only node.

        Raises:
            AttributeError: always, for there is none.
        """
        raise AttributeError(f"Layer {self.name} is not connected, no input to return.")

    @property
    def output(self) -> Any:
        """The result of the layer's only node.

        Raises:
            AttributeError: always, for there is none.
        """
        raise AttributeError(f"Layer {self.name} has no inbound nodes.")

    input_mask = input
    output_mask = output

    @property
    def input_shape(self) -> Any:
        """The shape of the input of the layer's only node.

        Raises:
            AttributeError: always, for there is none.
        """
        raise AttributeError("The layer has never been called and thus has no defined input shape.")

    @property
    def output_shape(self) -> Any:
        """The shape of the result of the layer's only node.

        Raises:
            AttributeError: always, for there is none.
        """
        raise AttributeError(
            "The layer has never been called and thus has no defined output shape."
        )

    def get_input_at(self, node_index: int) -> NoReturn:
        """Refuses: there is no node of which to return the input.

        Raises:
            RuntimeError: always.
        """
        self._no_node("input")

    def get_output_at(self, node_index: int) -> NoReturn:
        """Refuses: there is no node of which to return the result.

        Raises:
            RuntimeError: always.
        """
        self._no_node("output")

    def get_input_shape_at(self, node_index: int) -> NoReturn:
        """Refuses: there is no node of which to return the shape of the input.

        Raises:
            RuntimeError: always.
        """
        self._no_node("input shape")

    def get_output_shape_at(self, node_index: int) -> NoReturn:
        """Refuses: there is no node of which to return the shape of the result.

        Raises:
            RuntimeError: always.
        """
        self._no_node("output shape")

    get_input_mask_at = get_input_at
    get_output_mask_at = get_output_at

    def _no_node(self, what: str) -> NoReturn:
        raise RuntimeError(f"The layer has never been called and thus has no defined {what}.")

    # --- masks and signatures ---
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
    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make such a layer again, without its variables' values.

        Raises:
            NotImplementedError: if a subclass has arguments of its own but no `get_config`.
        """
        config = {"name": self.name, "trainable": self.trainable, "dtype": self._dtype}
        if self.CONFIG:
            config.update(layer_config.written(self, self.CONFIG))
        elif type(self).get_config is LayerNodes.get_config:
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

    @property
    def trainable(self) -> bool:
        """Whether optimizers change its variables."""
        raise NotImplementedError
