"""Keras' layers around another layer: over all steps, or forwards and backwards."""

from __future__ import annotations

import inspect
from typing import Any, Final, Self

from graphflow.core import nest, scopes
from graphflow.core.export import export
from graphflow.core.shape import TensorShape, as_shape
from graphflow.models.backend_arrays import concatenate
from graphflow.models.backend_values import is_keras_tensor
from graphflow.models.engine_config import deserialize_layer
from graphflow.models.layers_rnn import split_inputs
from graphflow.models.layers_rnn_steps import rnn
from graphflow.models.utils_objects import has_arg
from graphflow.nets import layer as tf_layers
from graphflow.nets.input_spec import InputSpec
from graphflow.nets.keras_layer import Layer
from graphflow.nets.keras_nodes import int_shape
from graphflow.nets.layer_tracking import untracked
from graphflow.ops.reduce import reduce_any
from graphflow.ops.reshape import reshape
from graphflow.ops.reverse import reverse
from graphflow.ops.shape_ops import shape as shape_of

_MERGES: Final = ("sum", "mul", "ave", "concat", None)


def _described(layer: Any) -> dict[str, Any]:
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


@export("keras.layers.Wrapper")
class Wrapper(Layer):
    """The base of layers around another layer.

    Args:
        layer: the other layer.
        **kwargs: as `Layer`.
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise AssertionError
        self.layer = layer
        super().__init__(**kwargs)

    def build(self, input_shape: Any = None) -> None:
        """Builds the other layer.

        Args:
            input_shape: the shape of its input.
        """
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True
        self.built = True

    @property
    def activity_regularizer(self) -> Any:
        """That of the other layer."""
        return getattr(self.layer, "activity_regularizer", None)

    @activity_regularizer.setter
    def activity_regularizer(self, regularizer: Any) -> None:
        self.layer.activity_regularizer = regularizer

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this layer again."""
        return {**super().get_config(), "layer": _described(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Returns the layer of a configuration.

        Args:
            config: as `get_config` returns it.
            custom_objects: a dict of the program's own layers by name.
        """
        config = dict(config)
        return cls(deserialize_layer(config.pop("layer"), custom_objects), **config)


_STEPWISE: Final = ("LSTM", "GRU", "LSTMCell", "GRUCell", "BatchNormalization")
"""Kinds that TensorFlow 1.15.5 does not count among its own: there are two versions of them."""


def _is_own(layer: Any) -> bool:
    """Whether a layer is one of graphflow's kinds, or derived from one but the base."""
    nearest = next(kind for kind in type(layer).__mro__ if kind.__module__.startswith("graphflow."))
    return nearest not in (Layer, tf_layers.Layer) and nearest.__name__ not in _STEPWISE


def _sizes(first: tuple[Any, ...], x: Any, start: int, known: Any = None) -> tuple[Any, ...]:
    """The sizes of a tensor from an axis on, behind some others; those not known as tensors."""
    known = list(x.shape.as_list()[start:] if known is None else known)
    if not all(known):
        sizes = shape_of(x)
        known = [n or sizes[start + i] for i, n in enumerate(known)]
    return (*first, *known)


@export("keras.layers.TimeDistributed")
class TimeDistributed(Wrapper):
    """A layer that applies another one to each step of a sequence.

    Args:
        layer: the other layer.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if it is no layer.
    """

    supports_masking = True

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(
                "Please initialize `TimeDistributed` layer with a `Layer` instance. You passed: "
                f"{layer}"
            )
        super().__init__(layer, **kwargs)
        # All steps go through the layer as one batch, unless it may know how large batches are.
        self._always_use_reshape = _is_own(layer) and not getattr(layer, "stateful", False)
        self._flattened: dict[int, Any] = {}

    def build(self, input_shape: Any = None) -> None:
        """Builds the other layer for one step.

        Args:
            input_shape: [batch, steps, ...].

        Raises:
            ValueError: if the rank is less than 3.
        """
        sizes = as_shape(input_shape).as_list()
        if len(sizes) < 3:
            raise ValueError(
                "`TimeDistributed` Layer should be passed an `input_shape ` with at least 3 "
                f"dimensions, received: {sizes}"
            )
        self.input_spec = InputSpec(shape=[None, None, *sizes[2:]])
        super().build(TensorShape([sizes[0], *sizes[2:]]))

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for a shape of the input."""
        batch, steps, *rest = as_shape(input_shape).as_list()
        inner = self.layer.compute_output_shape(TensorShape([batch, *rest]))
        first, *others = as_shape(inner).as_list()
        return TensorShape([first, steps, *others])

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Returns the results of all steps.

        Args:
            inputs: [batch, steps, ...].
            training: handed to the other layer.
            mask: [batch, steps, ...], handed to the other layer.
        """
        options: dict[str, Any] = {}
        if has_arg(self.layer.call, "training"):
            options["training"] = training
        sizes = inputs.shape.as_list()
        if sizes[0] and not self._always_use_reshape:
            _, outputs, _ = rnn(
                lambda x, _: (self.layer(x, **options), []), inputs, [], input_length=sizes[1]
            )
            return outputs
        steps = sizes[1] or shape_of(inputs)[1]
        flat = reshape(inputs, _sizes((-1,), inputs, 2))
        self._flattened[id(inputs)] = flat
        if has_arg(self.layer.call, "mask") and mask is not None:
            options["mask"] = reshape(mask, _sizes((-1,), mask, 2))
        y = self.layer(flat, **options)
        known = self.compute_output_shape(sizes).as_list()[2:]
        return reshape(y, _sizes((-1, steps), y, 1, known))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the mask of the result: that of the other layer, step by step.

        Args:
            inputs: [batch, steps, ...].
            mask: [batch, steps, ...], or None.
        """
        sizes = inputs.shape.as_list()
        if sizes[0]:
            return mask
        inner = None if mask is None else reshape(mask, _sizes((-1,), mask, 2))
        found = self.layer.compute_mask(self._flattened.get(id(inputs), inputs), inner)
        if found is not None:
            steps = sizes[1] or shape_of(inputs)[1]
            return reshape(found, _sizes((-1, steps), found, 1, found.shape.as_list()[1:]))
        if mask is None:
            return None
        for _ in range(2, mask.shape.ndims):
            mask = reduce_any(mask, -1)
        return mask


@export("keras.layers.Bidirectional")
class Bidirectional(Wrapper):
    """A layer that applies a recurrent layer forwards and backwards.

    Args:
        layer: the recurrent layer, of which two new ones are made.
        merge_mode: how the two results become one: "sum", "mul", "ave", "concat", or None: they
            are returned as a list.
        weights: arrays, the first values of the variables of both.
        backward_layer: the layer for backwards; None: as the other one, in the other direction.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if an argument is not of its kind, or the layers do not fit together.
    """

    supports_masking = True

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        _check_kinds(layer, backward_layer, merge_mode)
        self.forward_layer = _made_again(layer)
        if backward_layer is None:
            self.backward_layer = _made_again(layer, go_backwards=True)
        else:
            self.backward_layer = backward_layer
            self._backward_layer_config = backward_layer.get_config()
        self.forward_layer._name = f"forward_{self.forward_layer.name}"
        self.backward_layer._name = f"backward_{self.backward_layer.name}"
        _check_pair(self.forward_layer, self.backward_layer)
        for one in (self.forward_layer, self.backward_layer):
            if getattr(one, "zero_output_for_mask", None) is not None:
                one.zero_output_for_mask = one.return_sequences
        self.merge_mode = merge_mode
        if weights:
            half = len(weights) // 2
            self.forward_layer._initial_weights = weights[:half]
            self.backward_layer._initial_weights = weights[half:]
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self._num_constants = 0
        with untracked(self):  # the given layer is not one of the two
            super().__init__(layer, **kwargs)
        self.input_spec = layer.input_spec

    def build(self, input_shape: Any = None) -> None:
        """Builds both layers.

        Args:
            input_shape: [batch, steps, ...].
        """
        for layer in (self.forward_layer, self.backward_layer):
            with scopes.name_scope(layer.name):
                layer.build(input_shape)
                layer.built = True
        self.built = True

    def __call__(
        self, inputs: Any, initial_state: Any = None, constants: Any = None, **kwargs: Any
    ) -> Any:
        """Returns the result.

        Args:
            inputs: [batch, steps, ...]; or a list of it and the first states.
            initial_state: the first states, those of the forward layer first.
            constants: further tensors for each step.
            **kwargs: as `call`.

        Raises:
            ValueError: if the number of states is odd, or some of them are tensors of Keras and
                others are not.
        """
        inputs, initial_state, constants = split_inputs(
            inputs, initial_state, constants, self._num_constants
        )
        if initial_state is None and constants is None:
            return super().__call__(inputs, **kwargs)
        more: list[Any] = []
        if initial_state is not None:
            self._note_states(initial_state)
            kwargs["initial_state"] = initial_state
            more += initial_state
        if constants is not None:
            self._note_constants(constants)
            kwargs["constants"] = constants
            more += constants
        of_keras = {is_keras_tensor(x) for x in more}
        if len(of_keras) > 1:
            raise ValueError(
                "The initial state of a Bidirectional layer cannot be specified with a mix of "
                'Keras tensors and non-Keras tensors (a "Keras tensor" is a tensor that was '
                "returned by a Keras layer, or by `Input`)"
            )
        if True not in of_keras:
            return super().__call__(inputs, **kwargs)
        before = self.input_spec
        self.input_spec = [None for _ in nest.flatten(inputs)] + [_spec_of(x) for x in more]
        kwargs.update(initial_state=None, constants=None)
        output = super().__call__([inputs, *more], **kwargs)
        self.input_spec = before
        return output

    def _note_states(self, states: list[Any]) -> None:
        if len(states) % 2:
            raise ValueError(
                "When passing `initial_state` to a Bidirectional RNN, the state should be a list "
                f"containing the states of the underlying RNNs. Found: {states}"
            )
        specs, half = [_spec_of(x) for x in states], len(states) // 2
        self.forward_layer.state_spec = specs[:half]
        self.backward_layer.state_spec = specs[half:]

    def _note_constants(self, constants: list[Any]) -> None:
        self._num_constants = len(constants)
        for layer in (self.forward_layer, self.backward_layer):
            layer.constants_spec = [_spec_of(x) for x in constants]
            layer._num_constants = self._num_constants

    def call(
        self,
        inputs: Any,
        training: Any = None,
        mask: Any = None,
        initial_state: Any = None,
        constants: Any = None,
    ) -> Any:
        """Returns the result.

        Args:
            inputs: [batch, steps, ...].
            training: handed to the layers.
            mask: [batch, steps]: where a step counts.
            initial_state: the first states, those of the forward layer first.
            constants: further tensors for each step.
        """
        given = {"training": training, "mask": mask, "constants": constants}
        options = {k: v for k, v in given.items() if has_arg(self.layer.call, k)}
        forward, backward = dict(options), dict(options)
        if has_arg(self.layer.call, "initial_state"):
            if isinstance(inputs, list) and len(inputs) > 1:
                ahead, back = self._halves(inputs)
                forward["constants"] = backward["constants"] = None
            else:
                ahead = back = inputs
                if initial_state is not None:
                    half = len(initial_state) // 2
                    forward["initial_state"] = initial_state[:half]
                    backward["initial_state"] = initial_state[half:]
        else:
            ahead = back = inputs
        return self._merged(
            self.forward_layer(ahead, **forward), self.backward_layer(back, **backward)
        )

    def _halves(self, inputs: list[Any]) -> tuple[list[Any], list[Any]]:
        """The inputs, states and constants of each layer."""
        end = len(inputs) - self._num_constants
        middle = (end - 1) // 2 + 1
        constants = inputs[end:]
        first = inputs[:1]
        return (
            first + inputs[1:middle] + constants,
            first + inputs[middle:end] + constants,
        )

    def _merged(self, y: Any, z: Any) -> Any:
        states = []
        if self.return_state:
            states = y[1:] + z[1:]
            y, z = y[0], z[0]
        if self.return_sequences:
            z = reverse(z, [1])
        if self.merge_mode is None:
            return [y, z, *states]
        if self.merge_mode == "concat":
            output = concatenate([y, z])
        elif self.merge_mode == "sum":
            output = y + z
        elif self.merge_mode == "ave":
            output = (y + z) / 2
        else:
            output = y * z
        return [output, *states] if self.return_state else output

    def reset_states(self) -> None:
        """Sets the states of both layers to zero."""
        self.forward_layer.reset_states()
        self.backward_layer.reset_states()

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the result for a shape of the input, with those of the states."""
        found = self.forward_layer.compute_output_shape(input_shape)
        output, *states = found if self.return_state else [found]
        sizes = as_shape(output).as_list()
        if self.merge_mode == "concat":
            sizes[-1] = None if sizes[-1] is None else sizes[-1] * 2
        outputs = [TensorShape(sizes)] * (2 if self.merge_mode is None else 1)
        both = [*outputs, *states, *states]
        return both if len(both) > 1 else both[0]

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the mask of the result: that of the input for sequences.

        Args:
            inputs: the inputs.
            mask: the mask of the first.
        """
        mask = mask[0] if isinstance(mask, list) else mask
        kept = mask if self.return_sequences else None
        found = kept if self.merge_mode else [kept, kept]
        if not self.return_state:
            return found
        nothing = [None for _ in self.forward_layer.states] * 2
        return [*(found if isinstance(found, list) else [found]), *nothing]

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this layer again."""
        config = {**super().get_config(), "merge_mode": self.merge_mode}
        if self._num_constants:
            config["num_constants"] = self._num_constants
        if hasattr(self, "_backward_layer_config"):
            config["backward_layer"] = {
                "class_name": type(self.backward_layer).__name__,
                "config": self._backward_layer_config,
            }
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Returns the layer of a configuration.

        Args:
            config: as `get_config` returns it.
            custom_objects: a dict of the program's own layers by name.
        """
        config = dict(config)
        number = config.pop("num_constants", 0)
        if config.get("backward_layer") is not None:
            config["backward_layer"] = deserialize_layer(config["backward_layer"], custom_objects)
        layer = super().from_config(config, custom_objects)
        layer._num_constants = number
        return layer


def _spec_of(x: Any) -> InputSpec:
    return InputSpec(shape=int_shape(x))


def _check_kinds(layer: Any, backward_layer: Any, merge_mode: Any) -> None:
    if not isinstance(layer, Layer):
        raise ValueError(
            f"Please initialize `Bidirectional` layer with a `Layer` instance. You passed: {layer}"
        )
    if backward_layer is not None and not isinstance(backward_layer, Layer):
        raise ValueError(
            f"`backward_layer` need to be a `Layer` instance. You passed: {backward_layer}"
        )
    if merge_mode not in _MERGES:
        raise ValueError(
            'Invalid merge mode. Merge mode should be one of {"sum", "mul", "ave", "concat", None}'
        )


def _check_pair(forward: Any, backward: Any) -> None:
    if forward.go_backwards == backward.go_backwards:
        raise ValueError(
            "Forward layer and backward layer should have different `go_backwards` value."
        )
    for name in ("stateful", "return_sequences", "return_state"):
        ahead, back = getattr(forward, name), getattr(backward, name)
        if ahead != back:
            raise ValueError(
                "Forward layer and backward layer are expected to have the same value for "
                f"attribute {name}, got {ahead} and {back}"
            )


def _made_again(layer: Any, go_backwards: bool = False) -> Any:
    config = layer.get_config()
    if go_backwards:
        config["go_backwards"] = not config["go_backwards"]
    make = type(layer).from_config
    if "custom_objects" not in inspect.getfullargspec(make).args:
        return make(config)
    cell = getattr(layer, "cell", None)
    cells = [] if cell is None else [cell, *getattr(cell, "cells", [])]
    return make(config, custom_objects={type(c).__name__: type(c) for c in cells})
