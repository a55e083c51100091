"""Keras' recurrent layer around any cell, and cells made of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from graphflow.core import nest
from graphflow.core.export import export
from graphflow.core.shape import TensorShape, as_shape
from graphflow.models.backend_values import is_keras_tensor
from graphflow.models.engine_config import deserialize_layer
from graphflow.models.layers_rnn_steps import rnn
from graphflow.models.utils_objects import has_arg
from graphflow.nets import keras_state
from graphflow.nets.input_spec import InputSpec
from graphflow.nets.keras_layer import Layer
from graphflow.nets.keras_nodes import int_shape
from graphflow.nets.layer_tracking import untracked
from graphflow.ops import state as state_ops
from graphflow.ops.fill import zeros
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.variables import Variable
from graphflow.platform import tf_logging


def is_multiple_state(state_size: Any) -> bool:
    """Whether a cell has several states."""
    return hasattr(state_size, "__len__") and not isinstance(state_size, TensorShape)


def _listed(x: Any) -> list[Any]:
    return list(x) if isinstance(x, list | tuple) else [x]


def zero_state(batch_size: Any, state_size: Any, dtype: Any) -> Any:
    """Returns zeros as the first states.

    Args:
        batch_size: the number of examples, a tensor.
        state_size: the size of each state, a structure of them.
        dtype: the element type.

    Raises:
        ValueError: if the batch size or the element type is None.
    """
    if batch_size is None or dtype is None:
        raise ValueError(
            "batch_size and dtype cannot be None while constructing initial state: "
            f"batch_size={batch_size}, dtype={dtype}"
        )

    def of_size(size: Any) -> Any:
        return zeros([batch_size, *as_shape(size).as_list()], dtype)

    if isinstance(state_size, list | tuple | dict):
        return nest.map_structure(of_size, state_size)
    return of_size(state_size)


def zero_state_of_cell(cell: Any, inputs: Any, batch_size: Any, dtype: Any) -> Any:
    """Returns zeros as the first states of a cell.

    Args:
        cell: the cell.
        inputs: what tells batch size and element type; None: the other arguments do.
        batch_size: the number of examples.
        dtype: the element type.
    """
    if inputs is not None:
        batch_size, dtype = shape_of(inputs)[0], inputs.dtype
    return zero_state(batch_size, cell.state_size, dtype)


@export("keras.layers.AbstractRNNCell")
class AbstractRNNCell(Layer):
    """The base of cells: layers that make one step of a recurrent layer.

    Subclasses define `call(inputs, states)`, which returns an output and new states, and the
    properties `state_size` and `output_size`.
    """

    def call(self, inputs: Any, states: Any) -> Any:
        """Returns an output and the new states; for subclasses to override.

        Args:
            inputs: [batch, features].
            states: the states before.
        """
        raise NotImplementedError("Abstract method")

    @property
    def state_size(self) -> Any:
        """The size of the state, or a structure of sizes."""
        raise NotImplementedError("Abstract method")

    @property
    def output_size(self) -> Any:
        """The size of the output."""
        raise NotImplementedError("Abstract method")

    def get_initial_state(
        self, inputs: Any = None, batch_size: Any = None, dtype: Any = None
    ) -> Any:
        """Returns the states before the first step: zeros.

        Args:
            inputs: what tells batch size and element type; None: the other arguments do.
            batch_size: the number of examples.
            dtype: the element type.
        """
        return zero_state_of_cell(self, inputs, batch_size, dtype)


@export("keras.layers.StackedRNNCells")
class StackedRNNCells(Layer):
    """Several cells, each of which takes the output of the one before.

    Args:
        cells: the cells.
        **kwargs: as `Layer`; `reverse_state_order` puts the last cell's states first.

    Raises:
        ValueError: if one of them is no cell.
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        for cell in cells:
            for attribute, what in (("call", "method"), ("state_size", "attribute")):
                if not hasattr(cell, attribute):
                    raise ValueError(
                        f"All cells must have a `{attribute}` {what}. received cells:", cells
                    )
        reverse = kwargs.pop("reverse_state_order", False)
        if reverse:
            tf_logging.warning(
                "reverse_state_order=True in StackedRNNCells will soon be deprecated. Please "
                "update the code to work with the natural order of states if you rely on the RNN "
                "states, eg RNN(return_state=True)."
            )
        super().__init__(**kwargs)
        self.cells = cells
        self.reverse_state_order = reverse

    def _in_order(self) -> Sequence[Any]:
        return self.cells[::-1] if self.reverse_state_order else self.cells

    @property
    def state_size(self) -> tuple[Any, ...]:
        """The sizes of the cells' states."""
        return tuple(cell.state_size for cell in self._in_order())

    @property
    def output_size(self) -> Any:
        """The size of the last cell's output."""
        return _output_size(self.cells[-1])

    def get_initial_state(
        self, inputs: Any = None, batch_size: Any = None, dtype: Any = None
    ) -> tuple[Any, ...]:
        """Returns the states of all cells before the first step.

        Args:
            inputs: what tells batch size and element type; None: the other arguments do.
            batch_size: the number of examples.
            dtype: the element type.
        """
        found = []
        for cell in self._in_order():
            make = getattr(cell, "get_initial_state", None)
            if make:
                found.append(make(inputs=inputs, batch_size=batch_size, dtype=dtype))
            else:
                found.append(zero_state_of_cell(cell, inputs, batch_size, dtype))
        return tuple(found)

    def call(self, inputs: Any, states: Any, constants: Any = None, **kwargs: Any) -> Any:
        """Returns the last cell's output and the new states.

        Args:
            inputs: [batch, features].
            states: the states before.
            constants: handed to the cells that take some.
            **kwargs: further arguments for the cells.
        """
        sizes = self.state_size[::-1] if self.reverse_state_order else self.state_size
        nested = nest.pack_sequence_as(sizes, nest.flatten(states))
        new = []
        for cell, own in zip(self.cells, nested, strict=True):
            before = _for_cell(cell, own if isinstance(own, list | tuple) else [own])
            options = {**kwargs, "constants": constants}
            takes = kwargs if not has_arg(cell.call, "constants") else options
            inputs, after = cell.call(inputs, before, **takes)
            new.append(after)
        return inputs, nest.pack_sequence_as(sizes, nest.flatten(new))

    def build(self, input_shape: Any) -> None:
        """Builds the cells, one after the other."""
        if isinstance(input_shape, list):
            input_shape = input_shape[0]
        shape = as_shape(input_shape)
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(shape)
            shape = TensorShape([shape.as_list()[0], *as_shape(_output_size(cell)).as_list()])
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make these cells again."""
        cells = [
            {"class_name": type(cell).__name__, "config": cell.get_config()} for cell in self.cells
        ]
        return {**super().get_config(), "cells": cells}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Returns the cells of a configuration.

        Args:
            config: as `get_config` returns it.
            custom_objects: a dict of the program's own cells by name.
        """
        config = dict(config)
        cells = [deserialize_layer(cell, custom_objects) for cell in config.pop("cells")]
        return cls(cells, **config)


def _output_size(cell: Any) -> Any:
    if getattr(cell, "output_size", None) is not None:
        return cell.output_size
    return cell.state_size[0] if is_multiple_state(cell.state_size) else cell.state_size


def _for_cell(cell: Any, states: Any) -> Any:
    """States as a cell takes them: cells of `tf.nn` take a single one without a list."""
    of_tf = getattr(cell, "_is_tf_rnn_cell", None) is not None
    return states[0] if len(states) == 1 and of_tf else states


@export("keras.layers.RNN")
class RNN(Layer):
    """A layer that applies a cell to each step of a sequence.

    Args:
        cell: the cell, with `call(input, states)`, `state_size` and perhaps `output_size` and
            `get_initial_state`; or a list of cells.
        return_sequences: whether the outputs of all steps are returned, else the last one.
        return_state: whether the last states are returned too.
        go_backwards: whether the last step comes first.
        stateful: whether the next batch begins with the states after this one.
        unroll: whether the steps are made in the graph instead of a loop.
        time_major: whether inputs and outputs are [steps, batch, ...].
        **kwargs: as `Layer`; `input_dim` and `input_length` for `input_shape`;
            `zero_output_for_mask`, whether outputs of masked steps are zero.

    Raises:
        ValueError: if the cell is none.
    """

    supports_masking = True
    counts_steps = False
    """Whether the loop is told how many steps there are at most."""

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        time_major: bool = False,
        **kwargs: Any,
    ) -> None:
        if isinstance(cell, list | tuple):
            cell = StackedRNNCells(cell)
        if not hasattr(cell, "call"):
            raise ValueError("`cell` should have a `call` method. The RNN was passed:", cell)
        if not hasattr(cell, "state_size"):
            raise ValueError(
                "The RNN cell should have an attribute `state_size` (tuple of integers, one "
                "integer per RNN state)."
            )
        self.zero_output_for_mask = kwargs.pop("zero_output_for_mask", False)
        if "input_shape" not in kwargs and ("input_dim" in kwargs or "input_length" in kwargs):
            length = kwargs.pop("input_length", None)
            kwargs["input_shape"] = (length, kwargs.pop("input_dim", None))
        super().__init__(**kwargs)
        self.cell = cell
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.time_major = time_major
        self.state_spec: Any = None
        self._states: Any = None
        self.constants_spec: Any = None
        self._num_constants = 0

    @property
    def states(self) -> Any:
        """The states that a stateful layer keeps: variables, or None before they are made."""
        if self._states is None:
            found = nest.map_structure(lambda _: None, self.cell.state_size)
            return found if isinstance(self.cell.state_size, list | tuple | dict) else [found]
        return self._states

    @states.setter
    def states(self, states: Any) -> None:
        with untracked(self):
            self._states = states

    # --- shapes ---
    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the result for a shape of the input, with those of the states."""
        if isinstance(input_shape, list):
            input_shape = input_shape[0]
        batch, steps = as_shape(nest.flatten(input_shape)[0] if _nested(input_shape)
                                else input_shape).as_list()[:2]  # fmt: skip
        if self.time_major:
            batch, steps = steps, batch
        multiple = is_multiple_state(self.cell.state_size)
        sizes = self.cell.state_size if multiple else [self.cell.state_size]

        def of_output(size: Any) -> TensorShape:
            rest = as_shape(size).as_list()
            if not self.return_sequences:
                return TensorShape([batch, *rest])
            first = [steps, batch] if self.time_major else [batch, steps]
            return TensorShape([*first, *rest])

        if getattr(self.cell, "output_size", None) is not None:
            found = [of_output(size) for size in nest.flatten(self.cell.output_size)]
            output: Any = found[0] if len(found) == 1 else found
        else:
            output = of_output(sizes[0])
        if not self.return_state:
            return output
        states = [TensorShape([batch, *as_shape(s).as_list()]) for s in nest.flatten(sizes)]
        return [*_listed(output), *states]

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the mask of the result: that of the input for sequences.

        Args:
            inputs: the inputs.
            mask: the mask of the first.
        """
        mask = nest.flatten(mask)[0]
        kept = mask if self.return_sequences else None
        return [kept, *(None for _ in self.states)] if self.return_state else kept

    def build(self, input_shape: Any) -> None:
        """Builds the cell, and makes the states of a stateful layer.

        Raises:
            ValueError: if given states do not fit the cell.
        """
        if isinstance(input_shape, list):
            input_shape = input_shape[0]
        nested = _nested(input_shape)
        shapes = input_shape if nested else as_shape(input_shape)
        spec = nest.map_structure(self._spec, shapes) if nested else self._spec(shapes)
        if self.input_spec is not None:
            self.input_spec[0] = spec
        else:
            self.input_spec = _listed(spec)
        step = nest.map_structure(self._of_step, shapes) if nested else self._of_step(shapes)
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build(step)
            self.cell.built = True
        sizes = _listed(self.cell.state_size)
        if self.state_spec is not None:
            _check_states(sizes, self.state_spec)
        else:
            self.state_spec = [
                InputSpec(shape=[None, *as_shape(size).as_list()])
                for size in sizes
                if not isinstance(size, list | tuple | dict)
            ] or [InputSpec(shape=[None, *as_shape(s).as_list()]) for s in nest.flatten(sizes)]
        if self.stateful:
            self.reset_states()
        self.built = True

    def _spec(self, shape: Any) -> InputSpec:
        sizes = as_shape(shape).as_list()
        batch, steps = (1, 0) if self.time_major else (0, 1)
        if not self.stateful:
            sizes[batch] = None
        sizes[steps] = None
        return InputSpec(shape=tuple(sizes))

    def _of_step(self, shape: Any) -> TensorShape:
        sizes = as_shape(shape).as_list()
        return TensorShape(sizes[1:] if self.time_major else [sizes[0], *sizes[2:]])

    # --- the result ---
    def get_initial_state(self, inputs: Any) -> list[Any]:
        """Returns the states before the first step.

        Args:
            inputs: what tells batch size and element type.
        """
        inputs = nest.flatten(inputs)[0]
        batch = shape_of(inputs)[1 if self.time_major else 0]
        make = getattr(self.cell, "get_initial_state", None)
        if make:
            found = make(inputs=None, batch_size=batch, dtype=inputs.dtype)
        else:
            found = zero_state(batch, self.cell.state_size, inputs.dtype)
        return _listed(found)

    def __call__(
        self, inputs: Any, initial_state: Any = None, constants: Any = None, **kwargs: Any
    ) -> Any:
        """Returns the result.

        Args:
            inputs: [batch, steps, ...]; or a list of it, the first states and the constants.
            initial_state: the first states; None: zeros, or those that a stateful layer kept.
            constants: further tensors for each step.
            **kwargs: as `call`.

        Raises:
            ValueError: if some of them are tensors of Keras and others are not.
        """
        inputs, initial_state, constants = split_inputs(
            inputs, initial_state, constants, self._num_constants
        )
        if initial_state is None and constants is None:
            return super().__call__(inputs, **kwargs)
        more, specs = [], []
        if initial_state is not None:
            more += initial_state
            self.state_spec = nest.map_structure(_spec_of, initial_state)
            specs += self.state_spec
        if constants is not None:
            more += constants
            self.constants_spec = [_spec_of(x) for x in constants]
            self._num_constants = len(constants)
            specs += self.constants_spec
        of_keras = {is_keras_tensor(x) for x in nest.flatten(more)}
        if len(of_keras) > 1:
            raise ValueError(
                "The initial state or constants of an RNN layer cannot be specified with a mix of "
                'Keras tensors and non-Keras tensors (a "Keras tensor" is a tensor that was '
                "returned by a Keras layer, or by `Input`)"
            )
        if True in of_keras:
            own = nest.map_structure(lambda _: None, inputs)
            self.input_spec = [*_listed(own), *specs]
            output = super().__call__([inputs, *more], **kwargs)
            self.input_spec = self.input_spec[: -len(specs)]
            return output
        if initial_state is not None:
            kwargs["initial_state"] = initial_state
        if constants is not None:
            kwargs["constants"] = constants
        return super().__call__(inputs, **kwargs)

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: Any = None,
        initial_state: Any = None,
        constants: Any = None,
    ) -> Any:
        """Returns the result.

        Args:
            inputs: [batch, steps, ...].
            mask: [batch, steps]: where a step counts.
            training: handed to the cell.
            initial_state: the first states.
            constants: further tensors for each step.

        Raises:
            ValueError: if the number of steps of an unrolled layer is not known, the cell takes
                no constants, or the number of states is another.
        """
        inputs, states, constants = self._process_inputs(inputs, initial_state, constants)
        if mask is not None:
            mask = nest.flatten(mask)[0]
        steps = nest.flatten(inputs)[0].shape.as_list()[0 if self.time_major else 1]
        if self.unroll and steps is None:
            raise ValueError(
                "Cannot unroll a RNN if the time dimension is undefined. \n- If using a "
                "Sequential model, specify the time dimension by passing an `input_shape` or "
                "`batch_input_shape` argument to your first layer. If your first layer is an "
                "Embedding, you can also use the `input_length` argument.\n- If using the "
                "functional API, specify the time dimension by passing a `shape` or `batch_shape` "
                "argument to your Input layer."
            )
        last, outputs, states = rnn(
            self._step_function(training, constants),
            inputs,
            states,
            constants=constants,
            go_backwards=self.go_backwards,
            mask=mask,
            unroll=self.unroll,
            input_length=steps if self.counts_steps else None,
            time_major=self.time_major,
            zero_output_for_mask=self.zero_output_for_mask,
        )
        if self.stateful:
            kept = zip(nest.flatten(self.states), nest.flatten(states), strict=True)
            self.add_update([state_ops.assign(variable, new) for variable, new in kept])
        output = outputs if self.return_sequences else last
        return [*_listed(output), *_listed(states)] if self.return_state else output

    def _step_function(self, training: Any, constants: Any) -> Any:
        options = {"training": training} if has_arg(self.cell.call, "training") else {}
        if constants and not has_arg(self.cell.call, "constants"):
            raise ValueError("RNN cell does not support constants")
        number = self._num_constants if constants else 0

        def step(inputs: Any, states: Any) -> tuple[Any, Any]:
            if number:
                options["constants"] = states[-number:]
                states = states[:-number]
            output, new = self.cell.call(inputs, _for_cell(self.cell, states), **options)
            return output, new if isinstance(new, list | tuple) else [new]

        return step

    def _process_inputs(
        self, inputs: Any, initial_state: Any, constants: Any
    ) -> tuple[Any, Any, Any]:
        if isinstance(inputs, list):
            if self._num_constants:
                initial_state = inputs[1 : -self._num_constants]
                constants = inputs[-self._num_constants :]
            else:
                initial_state = inputs[1:]
            initial_state = initial_state or None
            inputs = inputs[0]
        if initial_state is None:
            initial_state = self.states if self.stateful else self.get_initial_state(inputs)
        if len(initial_state) != len(self.states):
            raise ValueError(
                f"Layer has {len(self.states)} states but was passed {len(initial_state)} initial "
                "states."
            )
        return inputs, initial_state, constants

    # --- states that stay ---
    def reset_states(self, states: Any = None) -> None:
        """Sets the states of a stateful layer.

        Args:
            states: arrays; None: zeros.

        Raises:
            AttributeError: if the layer is not stateful.
            ValueError: if the batch size is not known, or number or shapes of the arrays differ.
        """
        if not self.stateful:
            raise AttributeError("Layer must be stateful.")
        spec = None if self.input_spec is None else self.input_spec[0].shape
        batch = None if spec is None else spec[1 if self.time_major else 0]
        if not batch:
            raise ValueError(
                "If a RNN is stateful, it needs to know its batch size. Specify the batch size of "
                "your input tensors: \n- If using a Sequential model, specify the batch size by "
                "passing a `batch_input_shape` argument to your first layer.\n- If using the "
                "functional API, specify the batch size by passing a `batch_shape` argument to "
                "your Input layer."
            )
        held = nest.flatten(self.states)
        if held[0] is None:
            made = self._kept_states(batch)
            self.states = made if isinstance(made, list | tuple | dict) else [made]
        elif states is None:
            keras_state.batch_set_value([(v, np.zeros(v.shape.as_list())) for v in held])
        else:
            given = nest.flatten(states)
            if len(given) != len(held):
                raise ValueError(
                    f"Layer {self.name} expects {len(held)} states, but it received {len(given)} "
                    f"state values. Input received: {states}"
                )
            for i, (value, variable) in enumerate(zip(given, held, strict=True)):
                if list(value.shape) != variable.shape.as_list():
                    raise ValueError(
                        f"State {i} is incompatible with layer {self.name}: expected "
                        f"shape={(batch, variable)}, found shape={value.shape}"
                    )
            keras_state.batch_set_value(list(zip(held, given, strict=True)))

    def _kept_states(self, batch: int) -> Any:
        """New variables for the states."""
        return nest.map_structure(
            lambda size: kept_state([batch, *as_shape(size).as_list()]), self.cell.state_size
        )

    # --- configuration ---
    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this layer again."""
        config = {
            **super().get_config(),
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
            "unroll": self.unroll,
            "time_major": self.time_major,
        }
        if self._num_constants:
            config["num_constants"] = self._num_constants
        if self.zero_output_for_mask:
            config["zero_output_for_mask"] = self.zero_output_for_mask
        config["cell"] = {
            "class_name": type(self.cell).__name__,
            "config": self.cell.get_config(),
        }
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Returns the layer of a configuration.

        Args:
            config: as `get_config` returns it.
            custom_objects: a dict of the program's own cells by name.
        """
        config = dict(config)
        cell = deserialize_layer(config.pop("cell"), custom_objects)
        number = config.pop("num_constants", 0)
        layer = cls(cell, **config)
        layer._num_constants = number
        return layer


def _nested(shape: Any) -> bool:
    """Whether it is a structure of shapes, not one of sizes."""
    if isinstance(shape, dict):
        return True
    return isinstance(shape, list | tuple) and any(
        isinstance(x, TensorShape | list | tuple) for x in shape
    )


def kept_state(shape: Any) -> Any:
    """Returns a new variable for a state that stays.

    Args:
        shape: its sizes.
    """
    made = Variable(np.zeros(shape, keras_state.floatx()), use_resource=True)
    keras_state.track_variable(made)
    return made


def _spec_of(x: Any) -> InputSpec:
    return InputSpec(shape=int_shape(x))


def _check_states(sizes: list[Any], specs: Any) -> None:
    flat_sizes, flat_specs = nest.flatten(sizes), nest.flatten(specs)
    fits = len(flat_sizes) == len(flat_specs) and all(
        TensorShape(spec.shape[1:]).is_compatible_with(as_shape(size))
        for spec, size in zip(flat_specs, flat_sizes, strict=True)
    )
    if not fits:
        raise ValueError(
            "An `initial_state` was passed that is not compatible with `cell.state_size`. Received "
            f"`state_spec`={specs}; however `cell.state_size` is {sizes}"
        )


def split_inputs(
    inputs: Any, initial_state: Any, constants: Any, num_constants: int
) -> tuple[Any, Any, Any]:
    """Returns inputs, first states and constants, which may have come in one list.

    Args:
        inputs: the inputs, or a list of all.
        initial_state: the first states, or None.
        constants: the constants, or None.
        num_constants: how many constants a list ends with.
    """
    if isinstance(inputs, list):
        if num_constants:
            constants = inputs[-num_constants:]
            inputs = inputs[:-num_constants]
        if len(inputs) > 1:
            initial_state = inputs[1:]
        inputs = inputs[0]

    def listed(x: Any) -> Any:
        return None if x is None else _listed(x)

    return inputs, listed(initial_state), listed(constants)
