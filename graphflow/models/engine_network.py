"""Networks: layers that are made of layers."""

from __future__ import annotations

import importlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from graphflow.core import nest, scopes
from graphflow.core.errors import InvalidArgumentError
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.tensor import Tensor
from graphflow.models import engine_config, engine_summary
from graphflow.models.engine_map import check_no_legacy_layers, map_more, map_network, node_key
from graphflow.models.engine_op_layer import AddLoss, AddMetric
from graphflow.nets import keras_state
from graphflow.nets.keras_call import call_context
from graphflow.nets.keras_layer import Layer
from graphflow.nets.keras_nodes import Node, create_history
from graphflow.nets.layer_nodes import default
from graphflow.nets.layer_tracking import layers_in, untracked
from graphflow.ops.constant import placeholder
from graphflow.platform import tf_logging

_KEYWORDS = ("trainable", "dtype", "dynamic", "autocast")


@engine_config.layer_class("Network")
class Network(Layer):
    """A layer made of layers: either what lies between some tensors, or a class with a `call`.

    Args:
        inputs: tensors of `tf.keras.Input`: one, or a list or dict of them.
        outputs: tensors computed from them by layers.
        name: the name; None: that of the class, made unique.
        **kwargs: `trainable`; without `inputs` and `outputs` also `dtype` and `dynamic`.

    Raises:
        TypeError: if a keyword is not known.
        ValueError: if the outputs need more than the inputs.
    """

    _nested_inputs: Any
    _nested_outputs: Any
    _nodes_by_depth: defaultdict[int, list[Node]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if len(args) == 2 or (len(args) == 1 and "outputs" in kwargs) or "inputs" in kwargs:
            self._init_graph_network(*args, **kwargs)
        else:
            self._init_subclassed_network(*args, **kwargs)

    # --- making ---
    def _start_network(self, name: Any, **kwargs: Any) -> None:
        for keyword in kwargs:
            if keyword not in _KEYWORDS:
                raise TypeError("Keyword argument not understood:", keyword)
        self._init_name(name)
        self._activity_regularizer = None
        self._trainable = kwargs.get("trainable", True)
        self._dynamic = kwargs.get("dynamic", False)
        self._is_compiled = False
        vars(self)["_layers"] = []
        self._compute_output_and_mask_jointly = False
        self.supports_masking = False
        if not hasattr(self, "optimizer"):
            self.optimizer: Any = None
        self._start_layer_lists()
        self._graph = scopes.get_default_graph()
        self._dtype = kwargs.get("dtype")
        self._autocast = kwargs.get("autocast", False)
        self._initial_weights = None

    def _init_subclassed_network(self, name: Any = None, **kwargs: Any) -> None:
        with untracked(self):
            self._is_graph_network = False
            self._start_network(name, **kwargs)
            self.outputs: Any = []
            self.inputs: Any = []
            self.built = False

    def _init_graph_network(
        self, inputs: Any, outputs: Any, name: Any = None, **kwargs: Any
    ) -> None:
        for keyword in kwargs:
            if keyword != "trainable":
                raise TypeError(
                    "Functional models may only specify `name` and `trainable` keyword arguments "
                    "during initialization. Got an unexpected argument:",
                    keyword,
                )
        with untracked(self):
            self._is_graph_network = True
            self._set_ends(inputs, outputs)
            self._start_network(name, **kwargs)
            self._check_ends()
            self.built = True
            self._compute_output_and_mask_jointly = True
            self._output_shapes_by_input: dict[str, Any] = {}
            self._map_layers()
            Node(self, [], [], [], self._nested_inputs, self._nested_outputs)
            self._name_ends()

    def _set_ends(self, inputs: Any, outputs: Any) -> None:
        self._nested_inputs = _alone(inputs)
        self._nested_outputs = _alone(outputs)
        self.inputs = nest.flatten(inputs)
        self.outputs = nest.flatten(outputs)
        if any(not hasattr(x, "_keras_history") for x in self.outputs):
            create_history(self._nested_outputs)

    def _check_ends(self) -> None:
        if len({id(x) for x in self.inputs}) != len(self.inputs):
            raise ValueError(
                "The list of inputs passed to the model is redundant. All inputs should only "
                f"appear once. Found: {self.inputs}"
            )
        for x in self.inputs:
            self._check_input(x)
        sizes = [_batch_size(x._keras_history.layer) for x in self.inputs]
        if len({n for n in sizes if n is not None}) > 1:
            raise ValueError(
                "The specified batch sizes of the Input Layers are incompatible. "
                f"Found batch sizes: {sizes}"
            )
        for x in self.outputs:
            if not hasattr(x, "_keras_history"):
                raise ValueError(
                    f"Output tensors to a {type(self).__name__} must be the output of a "
                    f"TensorFlow `Layer` (thus holding past layer metadata). Found: {x}"
                )

    def _check_input(self, x: Any) -> None:
        kind = type(self).__name__
        if not hasattr(x, "_keras_history"):
            raise ValueError(
                f"Input tensors to a {kind} must come from `tf.keras.Input`. Received: {x} "
                "(missing previous layer metadata)."
            )
        layer = x._keras_history.layer
        calls = layer._inbound_nodes
        if len(calls) > 1 or (calls and calls[0].inbound_layers):
            tf_logging.warning(
                f"{kind} inputs must come from `tf.keras.Input` (thus holding past layer "
                "metadata), they cannot be the output of a previous non-Input layer. Here, a "
                f'tensor specified as input to "{self.name}" was not an Input tensor, it was '
                f"generated by layer {layer.name}.\nNote that input tensors are instantiated via "
                "`tensor = tf.keras.Input(shape)`.\nThe tensor that caused the issue was: "
                f"{x.name}"
            )

    def _map_layers(self) -> None:
        self._output_layers = [x._keras_history.layer for x in self.outputs]
        self._output_coordinates = [tuple(x._keras_history) for x in self.outputs]
        self._input_layers = [x._keras_history.layer for x in self.inputs]
        self._input_coordinates = [tuple(x._keras_history) for x in self.inputs]
        found = map_network(self.inputs, self.outputs)
        self._network_nodes = found.keys
        self._nodes_by_depth = found.nodes_by_depth
        check_no_legacy_layers(found.layers)
        self._layers = found.layers
        self._track_layers(found.layers)

    def _track_layers(self, layers: Iterable[Any]) -> None:
        """Notes the layers under the names that checkpoints have for them."""
        with_weights = 0
        for i, layer in enumerate(layers):
            if isinstance(layer, Layer) and _has_weights(layer):
                self._track_object(f"layer_with_weights-{with_weights}", layer)
                with_weights += 1
            self._track_object(f"layer-{i}", layer)

    def _name_ends(self) -> None:
        self.output_names = _unique([layer.name for layer in self._output_layers])
        self.input_names = [layer.name for layer in self._input_layers]
        fed = [layer for layer in self._input_layers if layer.is_placeholder]
        self._feed_input_names = [layer.name for layer in fed]
        self._feed_input_shapes = [layer._batch_input_shape for layer in fed]
        self._feed_inputs = [layer.input for layer in fed]

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets an attribute and notes the layers, variables and measures in it."""
        held = isinstance(value, Layer | list) and any(True for _ in layers_in([value]))
        if held and "_is_graph_network" not in vars(self):
            raise RuntimeError(
                "It looks like you are subclassing `Model` and you forgot to call "
                "`super(YourClass, self).__init__()`. Always start with this line."
            )
        super().__setattr__(name, value)
        if vars(self).get("_self_setattr_tracking", True) and is_metric(value):
            self._metrics.append(value)

    # --- its layers and variables ---
    @property
    def layers(self) -> list[Any]:
        """The layers, those of the inputs first."""
        return list(self._child_layers())

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """Returns one of the layers.

        Args:
            name: its name.
            index: its place in `layers`; goes before the name.

        Raises:
            ValueError: if there is no such layer.
        """
        if index is not None:
            if len(self.layers) <= index:
                raise ValueError(
                    f"Was asked to retrieve layer at index {index} but model only has "
                    f"{len(self.layers)} layers."
                )
            return self.layers[index]
        if not name:
            raise ValueError("Provide either a layer name or layer index.")
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(f"No such layer: {name}")

    @property
    def dynamic(self) -> bool:
        """Whether `call` of a layer is no part of the graph."""
        own = not self._is_graph_network and self._dynamic
        return own or any(layer.dynamic for layer in self.layers)

    @property
    def stateful(self) -> bool:
        """Whether a layer keeps a state from one batch to the next."""
        return any(getattr(layer, "stateful", False) for layer in self.layers)

    @stateful.setter
    def stateful(self, value: bool) -> None:
        raise AttributeError("can't set attribute")

    def reset_states(self) -> None:
        """Sets the states of the layers that keep them to their first values."""
        for layer in self.layers:
            if hasattr(layer, "reset_states") and getattr(layer, "stateful", False):
                layer.reset_states()

    @property
    def state_updates(self) -> list[Any]:
        """The updates of the layers that keep a state."""
        held = [layer for layer in self.layers if getattr(layer, "stateful", False)]
        return [update for layer in held for update in getattr(layer, "updates", ())]

    @property
    def weights(self) -> list[Any]:
        """All variables, layer by layer."""
        self._assert_weights_created()
        found = []
        for part in ([*layers_in([held])] for held in self._layers):  # one, or those of a list
            if len(part) == 1:
                found += part[0].weights
            else:
                found += [w for layer in part for w in layer.trainable_weights]
                found += [w for layer in part for w in layer.non_trainable_weights]
        return found + self._trainable_weights + self._non_trainable_weights

    @property
    def trainable_weights(self) -> list[Any]:
        """The variables that optimizers change; none if the network is not trainable."""
        self._assert_weights_created()
        if not self.trainable:
            return []
        own = [w for w in self._trainable_weights if w.trainable]
        return self._gathered_from_children("trainable_weights") + own

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The other variables."""
        self._assert_weights_created()
        own = self._non_trainable_weights + self._trainable_weights
        still = self._gathered_from_children("non_trainable_weights")
        still += [w for w in own if not w.trainable]
        if self.trainable:
            return still
        moving = self._gathered_from_children("trainable_weights")
        return moving + [w for w in own if w.trainable] + still

    def _assert_weights_created(self) -> None:
        if self._is_graph_network or self.built or self.dynamic:
            return
        if "build" in type(self).__dict__:
            raise ValueError(
                f"Weights for model {self.name} have not yet been created. Weights are created "
                "when the Model is first called on inputs or `build()` is called with an "
                "`input_shape`."
            )

    def count_params(self) -> int:
        """Returns the number of elements of all variables.

        Raises:
            ValueError: if the network is not built.
        """
        if not self.built and self._is_graph_network:
            self._build_once(self.inputs)
        return super().count_params()

    @property
    def input_spec(self) -> Any:
        """What the layers of the inputs demand; None for a class with a `call`."""
        if not self._is_graph_network:
            return None
        specs = [layer.input_spec for layer in self._input_layers]
        return specs[0] if len(specs) == 1 else specs

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        raise AttributeError("can't set attribute")

    # --- building and calling ---
    @default
    def build(self, input_shape: Any) -> None:
        """Makes the variables, by a call on placeholders of floats.

        Args:
            input_shape: the shape of the input, with the number of examples; or a list of them.

        Raises:
            ValueError: if there is no shape, or `call` needs more than the input.
        """
        if self._is_graph_network:
            self.built = True
            return
        if input_shape is None:
            raise ValueError(
                "Input shape must be defined when calling build on a model subclass network."
            )
        if not isinstance(input_shape, tuple | list | TensorShape):
            raise ValueError(
                "Specified input shape is not one of the valid types. Please specify a batch "
                "input shape of type tuple or list of input shapes. User provided input type: "
                f"{type(input_shape)}"
            )
        if input_shape and not self.inputs:
            self._call_on_placeholders(input_shape)
        if self._layers:
            self._track_layers(self._layers)
        self.built = True
        self._continue_restoring()

    def _continue_restoring(self) -> None:
        """Gives variables that came after `load_weights` their values."""
        for restoration in vars(self).get("_restorations", ()):
            restoration.advance()

    def _call_on_placeholders(self, input_shape: Any) -> None:
        dtype = keras_state.floatx()
        if isinstance(input_shape, list):
            x: Any = [placeholder(dtype, shape) for shape in input_shape]
        else:
            x = placeholder(dtype, input_shape)
        kwargs = engine_config.needed_arguments(self.call)
        try:
            self.call(x, **kwargs)
        except (InvalidArgumentError, TypeError):
            raise ValueError(
                "You cannot build your model by calling `build` if your layers do not support "
                "float type inputs. Instead, in order to instantiate and build your model, "
                "`call` your model on real tensor data (of the correct dtype)."
            ) from None

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Returns the outputs for other inputs; for subclasses to override.

        Args:
            inputs: tensors in the structure of the inputs.
            training: whether the layers learn.
            mask: masks of the inputs.

        Raises:
            NotImplementedError: if a subclass has no `call`.
        """
        if not self._is_graph_network:
            raise NotImplementedError(
                "When subclassing the `Model` class, you should implement a `call` method."
            )
        return self._run_internal_graph(inputs, training=training, mask=mask)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the masks of the outputs; None for a class with a `call`."""
        if not self._is_graph_network:
            return None
        outputs = self._run_internal_graph(inputs, mask=mask)
        return nest.map_structure(lambda x: x._keras_mask, outputs)

    def _input_masks(
        self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any], by_us: list[str]
    ) -> Any:
        if not self._is_graph_network and "mask" not in self._call_fn_args:
            return kwargs.get("mask")
        return super()._input_masks(inputs, args, kwargs, by_us)

    def _run_internal_graph(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Calls the layers on other inputs."""
        flat = nest.flatten(inputs)
        masks = [None] * len(flat) if mask is None else nest.flatten(mask)
        for x, one in zip(flat, masks, strict=False):
            x._keras_mask = one
        known = {id(x): y for x, y in zip(self.inputs, flat, strict=False)}
        for depth in sorted(self._nodes_by_depth, reverse=True)[1:]:
            for node in self._nodes_by_depth[depth]:
                if all(id(x) in known for x in nest.flatten(node.input_tensors)):
                    _call_again(node, known, training)
        for x in self.outputs:
            if id(x) not in known:
                raise AssertionError(f"Could not compute output {x}")
        shapes = nest.pack_sequence_as(self._nested_outputs, [x.shape for x in self.outputs])
        self._output_shapes_by_input[str([x.shape for x in flat])] = shapes
        return nest.pack_sequence_as(self._nested_outputs, [known[id(x)] for x in self.outputs])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shapes of the outputs for shapes of the inputs.

        Args:
            input_shape: a shape, or a structure of shapes.

        Raises:
            ValueError: if their number differs from that of the inputs.
            NotImplementedError: if a layer does not say the shape of its result.
        """
        if not self._is_graph_network:
            return super().compute_output_shape(input_shape)
        shapes = flat_shapes(input_shape)
        if len(shapes) != len(self._input_layers):
            raise ValueError(
                f"Invalid input_shape argument {input_shape}: model has "
                f"{len(self._input_layers)} tensor inputs."
            )
        key = str(shapes)
        if key not in self._output_shapes_by_input:
            self._output_shapes_by_input[key] = self._shapes_through_layers(shapes)
        return self._output_shapes_by_input[key]

    def _shapes_through_layers(self, shapes: list[TensorShape]) -> Any:
        known = {(layer, 0, 0): s for layer, s in zip(self._input_layers, shapes, strict=True)}
        for depth in sorted(self._nodes_by_depth, reverse=True):
            for node in self._nodes_by_depth[depth]:
                layer = node.outbound_layer
                if layer in self._input_layers:
                    continue
                shapes = [known[inner, i, j] for inner, i, j, _ in node.iterate_inbound()]
                taken = [tuple(shape.as_list()) for shape in shapes]
                packed = nest.pack_sequence_as(node.inbound_layers, taken)
                made = flat_shapes(layer.compute_output_shape(packed))
                index = layer._inbound_nodes.index(node)
                known |= {(layer, index, j): shape for j, shape in enumerate(made)}
        found = [known[key] for key in self._output_coordinates]
        return nest.pack_sequence_as(self._nested_outputs, found)

    # --- losses and measures of tensors between the layers ---
    def _add_tensor_loss(self, loss: Any) -> None:
        if not self._is_graph_network or _in_call():
            super()._add_tensor_loss(loss)
            return
        nodes, layers = map_more(self.inputs, [loss])
        layer = AddLoss(unconditional=False)
        layer(loss)
        self._insert_layers([*layers, layer], [*nodes, *layer.inbound_nodes])

    def _add_measure(self, value: Any, aggregation: str | None, name: str) -> None:
        if not self._is_graph_network or _in_call():
            super()._add_measure(value, aggregation, name)
            return
        if hasattr(value, "_metric_obj"):
            raise ValueError(
                "Using the result of calling a `Metric` object when calling `add_metric` on a "
                "Functional Model is not supported. Please pass the Tensor to monitor directly."
            )
        nodes, layers = map_more(self.inputs, [value])
        layer = AddMetric(aggregation, name)
        layer(value)
        self._insert_layers([*layers, layer], [*nodes, *layer.inbound_nodes])

    def _insert_layers(self, layers: Iterable[Any], nodes: Iterable[Node] | None = None) -> None:
        """Adds layers that hang on tensors of the model, below its outputs."""
        layers = list(layers)
        check_no_legacy_layers(layers)
        depths = {n: depth for depth, held in self._nodes_by_depth.items() for n in held}
        pending = list(nodes or (n for layer in layers for n in layer._inbound_nodes))
        relevant = {*pending, *depths}
        tries = 0
        while pending:
            tries += 1
            if tries > 10000:
                raise ValueError("Layers could not be added due to missing dependencies.")
            node = pending.pop(0)
            depth = _depth_below(node, depths, relevant)
            if depth is None:
                pending.append(node)
                continue
            layer = node.outbound_layer
            key = node_key(layer.name, layer._inbound_nodes.index(node))
            if key not in self._network_nodes:
                depths[node] = depth
                self._network_nodes.add(key)
                self._nodes_by_depth[depth].append(node)
        self._layers += [x for x in dict.fromkeys(layers) if x not in self._layers]

    # --- config ---
    def get_config(self) -> dict[str, Any]:
        """Returns the layers and how they hang together, without values of variables.

        Raises:
            NotImplementedError: for a class with a `call`.
        """
        if not self._is_graph_network:
            raise NotImplementedError
        return engine_config.network_config(self)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Returns a new network as `get_config` describes it.

        Args:
            config: the description.
            custom_objects: classes and functions by the names they have in it.

        Raises:
            ValueError: if it is no such description.
        """
        return engine_config.network_of(cls, config, custom_objects)

    def _updated_config(self) -> dict[str, Any]:
        return {
            "class_name": type(self).__name__,
            "config": self.get_config(),
            "keras_version": engine_config.KERAS_VERSION,
            "backend": "tensorflow",
        }

    def to_json(self, **kwargs: Any) -> str:
        """Returns the description of the network as JSON; see `tf.keras.models.model_from_json`.

        Args:
            **kwargs: as `json.dumps`.
        """
        return json.dumps(self._updated_config(), default=engine_config.json_of, **kwargs)

    def to_yaml(self, **kwargs: Any) -> str:
        """Returns the description of the network as YAML; see `tf.keras.models.model_from_yaml`.

        Args:
            **kwargs: as `yaml.dump`.

        Raises:
            ImportError: if there is no package yaml.
        """
        return str(yaml_module().dump(self._updated_config(), **kwargs))

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Callable[[str], Any] | None = None,
    ) -> None:
        """Prints the layers, the shapes of their results and the numbers of their variables.

        Args:
            line_length: the width in characters; None: 65, or 98 if there are connections.
            positions: where the columns end, as parts of the width or in characters.
            print_fn: takes each line; None: print.

        Raises:
            ValueError: if the network is not built.
        """
        if not self.built:
            raise ValueError(
                "This model has not yet been built. Build the model first by calling `build()` "
                "or calling `fit()` with some data, or specify an `input_shape` argument in the "
                "first layer(s) for automatic build."
            )
        engine_summary.print_summary(self, line_length, positions, print_fn)


def yaml_module() -> Any:
    """Returns the package yaml.

    Raises:
        ImportError: if there is none.
    """
    try:
        return importlib.import_module("yaml")
    except ImportError:
        raise ImportError("Requires yaml module installed (`pip install pyyaml`).") from None


def is_metric(x: Any) -> bool:
    """Whether an object is a measure of `tf.keras.metrics`."""
    return isinstance(x, Layer) and hasattr(x, "update_state") and hasattr(x, "result")


def flat_shapes(shapes: Any) -> list[TensorShape]:
    """Returns the shapes of a structure in a list.

    Args:
        shapes: TensorShapes, tuples or lists of sizes, or a structure of such.
    """
    if isinstance(shapes, Mapping):
        return [s for key in sorted(shapes) for s in flat_shapes(shapes[key])]
    if isinstance(shapes, list | tuple):
        if all(n is None or isinstance(n, int | np.integer) or hasattr(n, "value") for n in shapes):
            return [as_shape(tuple(shapes))]
        return [s for item in shapes for s in flat_shapes(item)]
    return [as_shape(shapes)]


def _alone(tensors: Any) -> Any:
    """A tensor out of a list of one."""
    flat = nest.flatten(tensors)
    if isinstance(tensors, list) and len(flat) == 1:
        return tensors[0]
    return tensors


def _unique(names: list[str]) -> list[str]:
    """Names with a number after those that are there already."""
    found: list[str] = []
    counts: dict[str, int] = {}
    for name in names:
        proposal = name
        while proposal in found:
            counts[name] = counts.get(name, 0) + 1
            proposal = f"{name}_{counts[name]}"
        found.append(proposal)
    return found


def input_shape_and_dtype(layer: Any) -> tuple[Any, Any]:
    """Returns the input that a layer was told of when it was made: (batch shape, element type).

    Args:
        layer: the layer; of a model its first layer counts.

    Raises:
        ValueError: if it is a model without layers.
    """
    while getattr(layer, "_is_graph_network", False) or type(layer).__name__ == "Sequential":
        if not layer.layers:
            raise ValueError("An empty Model cannot be used as a Layer.")
        layer = layer.layers[0]
    if hasattr(layer, "_batch_input_shape"):
        return layer._batch_input_shape, layer.dtype
    return None, None


def _batch_size(layer: Any) -> int | None:
    shape, _ = input_shape_and_dtype(layer)
    return None if shape is None else as_shape(shape).as_list()[0]


def _has_weights(layer: Any) -> bool:
    try:
        return bool(layer.weights)
    except ValueError:
        return False


def _in_call() -> bool:
    return call_context.in_call


def _call_again(node: Node, known: dict[int, Any], training: Any) -> None:
    layer = node.outbound_layer
    inputs = nest.map_structure(lambda x: known[id(x)], node.input_tensors)
    kwargs = dict(node.arguments or {})
    if "training" in layer._call_fn_args:
        given = kwargs.setdefault("training", training)
        if isinstance(given, Tensor) and given is keras_state.phase_of_graph().get("phase"):
            kwargs["training"] = training

    def fitting(x: Any) -> Any:
        return known[id(x)] if isinstance(x, Tensor) and hasattr(x, "_keras_history") else x

    outputs = layer(inputs, **nest.map_structure(fitting, kwargs))
    for old, new in zip(nest.flatten(node.output_tensors), nest.flatten(outputs), strict=False):
        known[id(old)] = new


def _depth_below(node: Node, depths: dict[Node, int], relevant: set[Node]) -> int | None:
    """A depth below all nodes that a new one needs; None if one of them has none yet."""
    least = 0
    for layer, i, _, _ in node.iterate_inbound(include_arguments=True):
        before = layer._inbound_nodes[i]
        if before in depths:
            least = min(least, depths[before])
        elif before in relevant:
            return None
    return least - 1
