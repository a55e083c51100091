"""Sequential: a model whose layers stand one after another."""

from __future__ import annotations

import copy
from typing import Any

from graphflow.core import nest
from graphflow.core.export import export
from graphflow.models.engine_config import deserialize_layer
from graphflow.models.engine_input import Input, InputLayer
from graphflow.models.engine_map import check_no_legacy_layers
from graphflow.models.engine_network import input_shape_and_dtype
from graphflow.models.engine_summary import get_source_inputs
from graphflow.models.engine_training import Model
from graphflow.nets.keras_layer import Layer
from graphflow.nets.layer_nodes import default
from graphflow.nets.layer_tracking import untracked
from graphflow.platform import tf_logging

_ONE_OUTPUT = (
    "All layers in a Sequential model should have a single output tensor. For multi-output layers, "
    "use the functional API."
)


@export("keras.Sequential", "keras.models.Sequential")
class Sequential(Model):
    """A model whose layers each take what the one before made.

    The variables are there at once if the first layer was told the shape of its input; else when
    the model is first called, or with `build`.

    Args:
        layers: the layers; more can follow with `add`.
        name: the name; None: "sequential", made unique.
    """

    TRACKS_LAYERS = False

    def __init__(self, layers: Any = None, name: Any = None) -> None:
        super().__init__(name=name)
        with untracked(self):
            self.supports_masking = True
            self._build_input_shape: Any = None
            self._compute_output_and_mask_jointly = True
        if layers:
            for layer in layers if isinstance(layers, list | tuple) else [layers]:
                self.add(layer)

    @property
    def layers(self) -> list[Any]:
        """The layers, without that of the input."""
        layers = super().layers
        return layers[1:] if layers and isinstance(layers[0], InputLayer) else layers

    @property
    def dynamic(self) -> bool:
        """Whether `call` of a layer is no part of the graph."""
        return any(layer.dynamic for layer in self.layers)

    def add(self, layer: Any) -> None:
        """Adds a layer after the last.

        Args:
            layer: the layer, or the result of `tf.keras.Input` as the first.

        Raises:
            TypeError: if it is no layer, or has several results.
            ValueError: if it is the first one and has several results.
        """
        origin = getattr(layer, "_keras_history", [None])[0]
        if isinstance(origin, InputLayer):
            layer = origin
        if not isinstance(layer, Layer):
            raise TypeError(f"The added layer must be an instance of class Layer. Found: {layer}")
        check_no_legacy_layers([layer])
        with untracked(self):
            self.built = False
            begins = not self._layers and self._begin_with(layer)
            if self.outputs and not begins:
                self._continue_with(layer)
            if self.outputs:
                self.built = True
            if begins or self._is_graph_network:
                self._init_graph_network(self.inputs, self.outputs, name=self.name)
            else:
                self._layers.append(layer)
            if self._layers:
                self._track_layers(self._layers)

    def _begin_with(self, layer: Layer) -> bool:
        """Calls the first layer, if it was told the shape of its input."""
        if not isinstance(layer, InputLayer):
            shape, dtype = input_shape_and_dtype(layer)
            if not shape:
                return False
            layer(Input(batch_shape=shape, dtype=dtype, name=f"{layer.name}_input"))
        made = nest.flatten(layer._inbound_nodes[-1].output_tensors)
        if len(made) != 1:
            raise ValueError(_ONE_OUTPUT)
        self.outputs = made
        self.inputs = get_source_inputs(made[0])
        return True

    def _continue_with(self, layer: Layer) -> None:
        output = layer(self.outputs[0])
        if len(nest.flatten(output)) != 1:
            raise TypeError(_ONE_OUTPUT)
        self.outputs = [output]

    def pop(self) -> None:
        """Removes the last layer.

        Raises:
            TypeError: if there is none.
        """
        if not self.layers:
            raise TypeError("There are no layers in the model.")
        with untracked(self):
            self._layers.pop()
            if not self.layers:
                self.outputs = None
                self.inputs = None
                self.built = False
            elif self._is_graph_network:
                self.layers[-1]._outbound_nodes = []
                self.outputs = [self.layers[-1].output]
                self._init_graph_network(self.inputs, self.outputs, name=self.name)
                self.built = True

    @default
    def build(self, input_shape: Any = None) -> None:
        """Makes the variables.

        Args:
            input_shape: the shape of the input, with the number of examples.

        Raises:
            ValueError: if there is no shape and the first layer was not told one.
        """
        if self._is_graph_network:
            self._init_graph_network(self.inputs, self.outputs, name=self.name)
        else:
            if input_shape is None:
                raise ValueError("You must provide an `input_shape` argument.")
            input_shape = tuple(input_shape)
            with untracked(self):
                self._build_input_shape = input_shape
            super().build(input_shape)
        self.built = True

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Returns the result of the last layer.

        Args:
            inputs: the input of the first.
            training: whether the layers learn.
            mask: a mask of the input.
        """
        if self._is_graph_network:
            if not self.built:
                self._init_graph_network(self.inputs, self.outputs, name=self.name)
            return super().call(inputs, training=training, mask=mask)
        outputs = inputs
        for layer in self.layers:
            names = layer._call_fn_args
            kwargs = {"mask": mask} if "mask" in names else {}
            if "training" in names:
                kwargs["training"] = training
            outputs = layer(outputs, **kwargs)
            mask = outputs._keras_mask
        return outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the result for a shape of the input."""
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the mask of the result."""
        return self.call(inputs, mask=mask)._keras_mask

    def predict_proba(self, x: Any, batch_size: int = 32, verbose: int = 0) -> Any:
        """Returns the results for inputs, and warns if they are no probabilities.

        Args:
            x: the inputs, as `predict` takes them.
            batch_size: the number of examples in one run.
            verbose: whether progress is shown.
        """
        found = self.predict(x, batch_size, verbose)
        if found.min() < 0.0 or found.max() > 1.0:
            tf_logging.warning(
                "Network returning invalid probability values. The last layer might not normalize "
                "predictions into probabilities (like softmax or sigmoid would)."
            )
        return found

    def predict_classes(self, x: Any, batch_size: int = 32, verbose: int = 0) -> Any:
        """Returns the most probable class for each input, or whether 0.5 is exceeded.

        Args:
            x: the inputs, as `predict` takes them.
            batch_size: the number of examples in one run.
            verbose: whether progress is shown.
        """
        found = self.predict(x, batch_size=batch_size, verbose=verbose)
        return found.argmax(axis=-1) if found.shape[-1] > 1 else (found > 0.5).astype("int32")

    def get_config(self) -> dict[str, Any]:
        """Returns the layers in plain data."""
        layers = [
            {"class_name": type(layer).__name__, "config": layer.get_config()}
            for layer in self.layers
        ]
        begins = self._is_graph_network and isinstance(self._layers[0], InputLayer)
        if begins and layers and "batch_input_shape" not in layers[0]["config"]:
            layers[0]["config"]["batch_input_shape"] = self._layers[0]._batch_input_shape
        config = {"name": self.name, "layers": copy.deepcopy(layers)}
        if self._build_input_shape:
            config["build_input_shape"] = self._build_input_shape
        return config

    @classmethod
    def from_config(cls, config: Any, custom_objects: Any = None) -> Any:
        """Returns a new model as `get_config` describes it.

        Args:
            config: the description, or the list of its layers.
            custom_objects: classes and functions by the names they have in it.
        """
        named = "name" in config
        model = cls(name=config["name"] if named else None)
        for layer in config["layers"] if named else config:
            model.add(deserialize_layer(layer, custom_objects))
        shape = config.get("build_input_shape") if named else None
        if not model.inputs and shape:
            model.build(shape)
        return model

    @property
    def input_spec(self) -> Any:
        """What the first layer demands of the input."""
        return self.layers[0].input_spec if self.layers else None

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        raise AttributeError("can't set attribute")
