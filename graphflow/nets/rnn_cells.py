"""Recurrent cells: the base class, the plain cell and the gated one, and stacks of cells."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from graphflow.core import nest, scopes
from graphflow.core.constant import partial_value
from graphflow.core.convert import convert
from graphflow.core.dtypes import as_dtype
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets import layer_arguments as arguments
from graphflow.nets.initializers import Constant, Zeros
from graphflow.nets.input_spec import InputSpec
from graphflow.nets.layer import Layer
from graphflow.nets.rnn_sizes import zero_state_tensors
from graphflow.ops.bias import bias_add
from graphflow.ops.concat import concat
from graphflow.ops.functions import sigmoid, tanh
from graphflow.ops.matmul import matmul
from graphflow.ops.partitioned_variables import PartitionedVariable
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.slice import slice_
from graphflow.ops.split import split
from graphflow.ops.variable_lists import trainable_variables
from graphflow.ops.variable_scope import get_variable_scope, variable_scope

_log = logging.getLogger("tensorflow")

KERNEL: Final = "kernel"
"""The name of a cell's weights."""
BIAS: Final = "bias"
"""The name of a cell's bias."""
ASSERT_LIKE_RNNCELL_ERROR_REGEXP: Final = "is not an RNNCell"
"""What the message of `assert_like_rnncell` contains."""


def assert_like_rnncell(cell_name: str, cell: Any) -> None:
    """Checks that something can be used as a recurrent cell.

    Args:
        cell_name: what the message calls it.
        cell: the thing.

    Raises:
        TypeError: if it lacks something; the message says what.
    """
    conditions = {
        "'output_size' property is missing": hasattr(cell, "output_size"),
        "'state_size' property is missing": hasattr(cell, "state_size"),
        "either 'zero_state' or 'get_initial_state' method is required": hasattr(cell, "zero_state")
        or hasattr(cell, "get_initial_state"),
        "is not callable": callable(cell),
    }
    wrong = [text for text, holds in conditions.items() if not holds]
    if wrong:
        raise TypeError(
            f"The argument {cell_name!r} ({cell}) is not an RNNCell: {', '.join(wrong)}."
        )


def check_dtype(dtype: Any) -> None:
    """Checks that a cell can compute with an element type.

    Raises:
        ValueError: if it is neither real nor complex.
    """
    if dtype is None:
        return
    kind = as_dtype(dtype)
    if not (kind.is_floating or kind.is_complex):
        raise ValueError(f"RNN cell only supports floating point inputs, but saw dtype: {kind}")


def check_inputs(*inputs: Any) -> None:
    """Checks the element types of the inputs and states of a cell.

    Raises:
        ValueError: if one is neither real nor complex.
    """
    for x in nest.flatten(inputs):
        check_dtype(x.dtype)


def depth_of(inputs_shape: Any) -> int:
    """The last size of a shape.

    Raises:
        ValueError: if it is not known.
    """
    sizes = inputs_shape.as_list() if hasattr(inputs_shape, "as_list") else list(inputs_shape)
    if sizes[-1] is None:
        shown = tuple(sizes)
        raise ValueError(f"Expected inputs.shape[-1] to be known, saw shape: {shown}")
    return int(sizes[-1])


def activation_of(given: Any) -> Callable[[Any], Any]:
    """Returns an activation function: a function, one by its name, or tanh where none is given.

    Raises:
        ValueError: if the name is not known.
        TypeError: if it is neither a function nor a name.
    """
    return (given and arguments.activation(given)) or tanh


@export("nn.rnn_cell.RNNCell", "contrib.rnn.RNNCell")
class RNNCell(Layer):
    """Something that takes an input and a state, and returns an output and the next state.

    Subclasses have the properties `state_size` and `output_size`, and a method
    `call(inputs, state)`; variables that `call` makes with `get_variable` belong to the cell.

    Args:
        trainable: whether optimizers change its variables by default.
        name: the name, also of its variable scope.
        dtype: the element type of its variables.
        **kwargs: as in `tf.layers.Layer`.
    """

    def __init__(
        self, trainable: bool = True, name: Any = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(trainable=trainable, name=name, dtype=dtype, **kwargs)
        self._is_tf_rnn_cell = True
        self._cell_scope: Any = None

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """Runs one step.

        Args:
            inputs: `[batch, depth]`, or a nest of such tensors.
            state: in the structure of `state_size`, `[batch, size]` each.
            scope: the variable scope; None: the class name.

        Returns:
            `(output, next state)`.
        """
        if scope is not None:
            with variable_scope(scope, custom_getter=self._getter) as opened:
                return super().__call__(inputs, state, scope=opened)
        if self._cell_scope is None:
            self._cell_scope = variable_scope(get_variable_scope(), custom_getter=self._getter)
        with self._cell_scope:
            return super().__call__(inputs, state)

    def _getter(self, getter: Any, *args: Any, **kwargs: Any) -> Any:
        """Notes the variables that `call` makes."""
        made = getter(*args, **kwargs)
        first = next(iter(made)) if isinstance(made, PartitionedVariable) else made
        trains = any(first is v for v in trainable_variables())
        held = self._trainable_weights if trains else self._non_trainable_weights
        if all(made is not v for v in held):
            held.append(made)
        return made

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make such a cell again, as far as its class says them."""
        return super().get_config()

    @property
    def state_size(self) -> Any:
        """The size of the state: an int, a TensorShape, or a nest of them."""
        raise NotImplementedError("Abstract method")

    @property
    def output_size(self) -> Any:
        """The size of the output: an int or a TensorShape."""
        raise NotImplementedError("Abstract method")

    def build(self, _: Any) -> None:
        """Makes no variables: `call` does."""

    def get_initial_state(
        self, inputs: Any = None, batch_size: Any = None, dtype: Any = None
    ) -> Any:
        """Returns a state of zeros.

        Args:
            inputs: a tensor that says batch size and type; None: they are given.
            batch_size: the batch size.
            dtype: the element type.

        Raises:
            ValueError: if they contradict each other, or are not known.
        """
        if inputs is not None:
            inputs = convert(inputs, name="inputs")
            self._check_batch(inputs, batch_size, dtype)
            known = inputs.shape.as_list()[0]
            batch_size = known or shape_of(inputs)[0]
            dtype = inputs.dtype
        if batch_size is None or dtype is None:
            raise ValueError(
                "batch_size and dtype cannot be None while constructing initial state: "
                f"batch_size={batch_size}, dtype={dtype}"
            )
        return self.zero_state(batch_size, dtype)

    @staticmethod
    def _check_batch(inputs: Tensor, batch_size: Any, dtype: Any) -> None:
        if batch_size is not None:
            given = partial_value(batch_size) if isinstance(batch_size, Tensor) else batch_size
            found = inputs.shape.as_list()[0]
            if found != given:
                raise ValueError(
                    "batch size from input tensor is different from the input param. Input tensor "
                    f"batch: {found}, batch_size: {batch_size}"
                )
        if dtype is not None and inputs.dtype != dtype:
            raise ValueError(
                "dtype from input tensor is different from the input param. Input tensor dtype: "
                f"{inputs.dtype}, dtype: {dtype}"
            )

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Returns a state of zeros.

        Args:
            batch_size: an int or a scalar tensor.
            dtype: the element type.
        """
        with scopes.name_scope(f"{type(self).__name__}ZeroState", values=[batch_size]):
            return zero_state_tensors(self.state_size, batch_size, dtype)


class LayerRNNCell(RNNCell):
    """A cell that makes its variables in `build`, as layers do."""

    def __call__(
        self, inputs: Any, state: Any, scope: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        """Runs one step; see `RNNCell`."""
        return Layer.__call__(self, inputs, state, *args, scope=scope, **kwargs)


@export("nn.rnn_cell.BasicRNNCell", "contrib.rnn.BasicRNNCell")
class BasicRNNCell(LayerRNNCell):
    """The plain cell: `output = state = activation(W [inputs, state] + b)`.

    Args:
        num_units: the size of state and output.
        activation: a function; None: tanh.
        reuse: whether the variables of an earlier cell of that name are shared.
        name: the name, also of the variable scope.
        dtype: the element type of the variables.
        **kwargs: as in `tf.layers.Layer`.
    """

    CONFIG = ("num_units", "activation", "reuse")

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: Any = None,
        name: Any = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_dtype(self.dtype)
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._activation = activation_of(activation)

    @property
    def state_size(self) -> int:
        """The number of units."""
        return self._num_units

    @property
    def output_size(self) -> int:
        """The number of units."""
        return self._num_units

    def build(self, inputs_shape: Any) -> None:
        """Makes the variables `kernel` and `bias`."""
        depth = depth_of(inputs_shape)
        check_dtype(self.dtype)
        self._kernel = self.add_variable(KERNEL, shape=[depth + self._num_units, self._num_units])
        self._bias = self.add_variable(
            BIAS, shape=[self._num_units], initializer=Zeros(dtype=self.dtype)
        )
        self.built = True

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Tensor]:
        """Returns the output, which is the next state too."""
        check_inputs(inputs, state)
        gates = matmul(concat([inputs, state], 1), self._kernel)
        output = self._activation(bias_add(gates, self._bias))
        return output, output


@export("nn.rnn_cell.GRUCell", "contrib.rnn.GRUCell")
class GRUCell(LayerRNNCell):
    """The gated recurrent unit.

    Args:
        num_units: the size of state and output.
        activation: a function; None: tanh.
        reuse: whether the variables of an earlier cell of that name are shared.
        kernel_initializer: makes the first weights.
        bias_initializer: makes the first biases; None: ones for the gates, zeros for the others.
        name: the name, also of the variable scope.
        dtype: the element type of the variables.
        **kwargs: as in `tf.layers.Layer`.

    Source:
        Cho et al. 2014.
    """

    CONFIG = ("num_units", "kernel_initializer", "bias_initializer", "activation", "reuse")

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: Any = None,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        name: Any = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_dtype(self.dtype)
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._activation = activation_of(activation)
        self._kernel_initializer = arguments.initializer(kernel_initializer)
        self._bias_initializer = arguments.initializer(bias_initializer)

    @property
    def state_size(self) -> int:
        """The number of units."""
        return self._num_units

    @property
    def output_size(self) -> int:
        """The number of units."""
        return self._num_units

    def build(self, inputs_shape: Any) -> None:
        """Makes kernels and biases of the gates and of the candidate."""
        depth = depth_of(inputs_shape) + self._num_units
        check_dtype(self.dtype)
        n = self._num_units
        open_gates, zeros = Constant(1.0, dtype=self.dtype), Zeros(dtype=self.dtype)
        self._gate_kernel, self._gate_bias = self._weights("gates", depth, 2 * n, open_gates)
        self._candidate_kernel, self._candidate_bias = self._weights("candidate", depth, n, zeros)
        self.built = True

    def _weights(self, name: str, depth: int, width: int, bias: Any) -> tuple[Any, Any]:
        given = self._bias_initializer
        kernel = self.add_variable(
            f"{name}/{KERNEL}", shape=[depth, width], initializer=self._kernel_initializer
        )
        start = bias if given is None else given
        return kernel, self.add_variable(f"{name}/{BIAS}", shape=[width], initializer=start)

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Tensor]:
        """Returns the output, which is the next state too."""
        check_inputs(inputs, state)
        gates = bias_add(matmul(concat([inputs, state], 1), self._gate_kernel), self._gate_bias)
        r, u = split(value=sigmoid(gates), num_or_size_splits=2, axis=1)
        r_state = r * state
        candidate = matmul(concat([inputs, r_state], 1), self._candidate_kernel)
        c = self._activation(bias_add(candidate, self._candidate_bias))
        new = u * state + (1 - u) * c
        return new, new


@export("nn.rnn_cell.MultiRNNCell", "contrib.rnn.MultiRNNCell")
class MultiRNNCell(RNNCell):
    """Cells on top of each other: the output of each is the input of the next.

    Args:
        cells: the cells, the lowest first.
        state_is_tuple: whether the state is a tuple of the cells' states; else it is one tensor.

    Raises:
        ValueError: if there are none, or one has a tuple for a state while `state_is_tuple` is
            False.
        TypeError: if `cells` is no list or tuple.
    """

    def __init__(self, cells: Sequence[Any], state_is_tuple: bool = True) -> None:
        super().__init__()
        if not cells:
            raise ValueError("Must specify at least one cell for MultiRNNCell.")
        if not nest.is_nested(cells):
            raise TypeError(f"cells must be a list or tuple, but saw: {cells}.")
        if len({id(cell) for cell in cells}) < len(cells):
            _log.warning(
                "At least two cells provided to MultiRNNCell are the same object and will share "
                "weights."
            )
        self._cells = cells
        self._state_is_tuple = state_is_tuple
        sizes = [c.state_size for c in cells] if not state_is_tuple else []
        if any(nest.is_nested(s) for s in sizes):
            raise ValueError(
                "Some cells return tuples of states, but the flag state_is_tuple is not set.  "
                f"State sizes are: {sizes}"
            )

    @property
    def state_size(self) -> Any:
        """The sizes of the cells' states, or their sum."""
        sizes = [cell.state_size for cell in self._cells]
        return tuple(sizes) if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> Any:
        """The output size of the last cell."""
        return self._cells[-1].output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Returns a state of zeros for each cell."""
        with scopes.name_scope(f"{type(self).__name__}ZeroState", values=[batch_size]):
            if self._state_is_tuple:
                return tuple([cell.zero_state(batch_size, dtype) for cell in self._cells])
            return super().zero_state(batch_size, dtype)

    @property
    def trainable_weights(self) -> list[Any]:
        """The variables of all cells that optimizers change."""
        if not self.trainable:
            return []
        return [w for c in self._cells if isinstance(c, Layer) for w in c.trainable_weights]

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The other variables of all cells."""
        layers = [c for c in self._cells if isinstance(c, Layer)]
        found = [w for c in layers for w in c.non_trainable_weights]
        if not self.trainable:
            return [w for c in layers for w in c.trainable_weights] + found
        return found

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """Returns the output of the last cell, and all next states."""
        at = 0
        current = inputs
        states = []
        for i, cell in enumerate(self._cells):
            with variable_scope(f"cell_{i}"):
                if self._state_is_tuple:
                    if not nest.is_nested(state):
                        raise ValueError(
                            f"Expected state to be a tuple of length {len(self.state_size)}, but "
                            f"received: {state}"
                        )
                    own = state[i]
                else:
                    own = slice_(state, [0, at], [-1, cell.state_size])
                    at += cell.state_size
                current, new = cell(current, own)
                states.append(new)
        return current, tuple(states) if self._state_is_tuple else concat(states, 1)
