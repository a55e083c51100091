"""Long short-term memory: the basic cell, and the one with peepholes, clipping and projection."""

from __future__ import annotations

import logging
from collections import namedtuple
from typing import Any

from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets import layer_arguments as arguments
from graphflow.nets.initializers import Zeros
from graphflow.nets.input_spec import InputSpec
from graphflow.nets.rnn_cells import (
    LayerRNNCell,
    activation_of,
    check_dtype,
    check_inputs,
    depth_of,
)
from graphflow.ops.arithmetic import add, multiply
from graphflow.ops.bias import bias_add
from graphflow.ops.clip import clip_by_value
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.functions import sigmoid
from graphflow.ops.matmul import matmul
from graphflow.ops.partitioners import fixed_size_partitioner
from graphflow.ops.slice import slice_
from graphflow.ops.split import split

_log = logging.getLogger("tensorflow")


@export("nn.rnn_cell.LSTMStateTuple", "contrib.rnn.LSTMStateTuple")
class LSTMStateTuple(namedtuple("LSTMStateTuple", ("c", "h"))):
    """The state of an LSTM cell: `c`, what it remembers, and `h`, what it last gave out."""

    __slots__ = ()

    @property
    def dtype(self) -> Any:
        """The element type of both.

        Raises:
            TypeError: if they differ.
        """
        c, h = self
        if c.dtype != h.dtype:
            raise TypeError(f"Inconsistent internal state: {c.dtype} vs {h.dtype}")
        return c.dtype


def _warn_of_one_tensor(cell: Any, state_is_tuple: bool) -> None:
    if not state_is_tuple:
        _log.warning(
            "%s: Using a concatenated state is slower and will soon be deprecated.  "
            "Use state_is_tuple=True.",
            cell,
        )


@export("nn.rnn_cell.BasicLSTMCell", "contrib.rnn.BasicLSTMCell")
class BasicLSTMCell(LayerRNNCell):
    """The LSTM cell without peepholes, clipping and projection.

    Args:
        num_units: the size of `c` and `h`.
        forget_bias: added to the forget gate, so that it starts out open.
        state_is_tuple: whether the state is an LSTMStateTuple; else `c` and `h` in one tensor.
        activation: a function; None: tanh.
        reuse: whether the variables of an earlier cell of that name are shared.
        name: the name, also of the variable scope.
        dtype: the element type of the variables.
        **kwargs: as in `tf.layers.Layer`.

    Source:
        Zaremba et al. 2014.
    """

    CONFIG = ("num_units", "forget_bias", "state_is_tuple", "activation", "reuse")

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: Any = None,
        name: Any = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_dtype(self.dtype)
        _warn_of_one_tensor(self, state_is_tuple)
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple
        self._activation = activation_of(activation)

    @property
    def state_size(self) -> Any:
        """The sizes of `c` and `h`, or their sum."""
        n = self._num_units
        return LSTMStateTuple(n, n) if self._state_is_tuple else 2 * n

    @property
    def output_size(self) -> int:
        """The number of units."""
        return self._num_units

    def build(self, inputs_shape: Any) -> None:
        """Makes the variables `kernel` and `bias` of all four gates."""
        depth = depth_of(inputs_shape)
        check_dtype(self.dtype)
        n = self._num_units
        self._kernel = self.add_variable("kernel", shape=[depth + n, 4 * n])
        self._bias = self.add_variable("bias", shape=[4 * n], initializer=Zeros(dtype=self.dtype))
        self.built = True

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        """Returns `h` and the next state."""
        check_inputs(inputs, state)
        one = constant(1, int32)
        if self._state_is_tuple:
            c, h = state
        else:
            c, h = split(value=state, num_or_size_splits=2, axis=one)
        gates = bias_add(matmul(concat([inputs, h], 1), self._kernel), self._bias)
        # Input gate, new input, forget gate, output gate.
        i, j, f, o = split(value=gates, num_or_size_splits=4, axis=one)
        bias = constant(self._forget_bias, f.dtype)
        new_c = add(multiply(c, sigmoid(add(f, bias))), multiply(sigmoid(i), self._activation(j)))
        new_h = multiply(self._activation(new_c), sigmoid(o))
        if self._state_is_tuple:
            return new_h, LSTMStateTuple(new_c, new_h)
        return new_h, concat([new_c, new_h], 1)


@export("nn.rnn_cell.LSTMCell", "contrib.rnn.LSTMCell")
class LSTMCell(LayerRNNCell):
    """The LSTM cell with peepholes, clipping and projection, as asked for.

    Args:
        num_units: the size of `c`.
        use_peepholes: whether the gates see `c` too.
        cell_clip: a bound of `c`; None: none.
        initializer: makes the first weights.
        num_proj: the size that the output is projected to; None: it is not.
        proj_clip: a bound of the projected output; None: none.
        num_unit_shards: into how many parts the weights are cut; aged.
        num_proj_shards: into how many parts those of the projection are cut; aged.
        forget_bias: added to the forget gate, so that it starts out open.
        state_is_tuple: whether the state is an LSTMStateTuple; else `c` and `h` in one tensor.
        activation: a function; None: tanh.
        reuse: whether the variables of an earlier cell of that name are shared.
        name: the name, also of the variable scope.
        dtype: the element type of the variables.
        **kwargs: as in `tf.layers.Layer`.

    Source:
        Hochreiter and Schmidhuber 1997; Sak et al. 2014.
    """

    CONFIG = (
        "num_units", "use_peepholes", "cell_clip", "initializer", "num_proj", "proj_clip",
        "num_unit_shards", "num_proj_shards", "forget_bias", "state_is_tuple", "activation",
        "reuse",
    )  # fmt: skip

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        num_unit_shards: int | None = None,
        num_proj_shards: int | None = None,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: Any = None,
        name: Any = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_dtype(self.dtype)
        _warn_of_one_tensor(self, state_is_tuple)
        if num_unit_shards is not None or num_proj_shards is not None:
            _log.warning(
                "%s: The num_unit_shards and proj_unit_shards parameters are deprecated.  "
                "Use a variable scope with a partitioner instead.",
                self,
            )
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._cell_clip = cell_clip
        self._initializer = arguments.initializer(initializer)
        self._num_proj = num_proj
        self._proj_clip = proj_clip
        self._num_unit_shards = num_unit_shards
        self._num_proj_shards = num_proj_shards
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple
        self._activation = activation_of(activation)
        self._output_size = num_proj or num_units

    @property
    def state_size(self) -> Any:
        """The sizes of `c` and `h`, or their sum."""
        n, out = self._num_units, self._output_size
        return LSTMStateTuple(n, out) if self._state_is_tuple else n + out

    @property
    def output_size(self) -> int:
        """The number of units, or the size that the output is projected to."""
        return self._output_size

    def build(self, inputs_shape: Any) -> None:
        """Makes the weights of the gates, of the peepholes and of the projection."""
        depth = depth_of(inputs_shape)
        check_dtype(self.dtype)
        n = self._num_units
        h_depth = n if self._num_proj is None else self._num_proj
        self._kernel = self._weights("kernel", [depth + h_depth, 4 * n], self._num_unit_shards)
        start = Zeros if self.dtype is None else Zeros(dtype=self.dtype)
        self._bias = self.add_variable("bias", shape=[4 * n], initializer=start)
        if self._use_peepholes:
            self._w_f_diag, self._w_i_diag, self._w_o_diag = (
                self.add_variable(f"w_{gate}_diag", shape=[n], initializer=self._initializer)
                for gate in "fio"
            )
        if self._num_proj is not None:
            self._proj_kernel = self._weights(
                "projection/kernel", [n, self._num_proj], self._num_proj_shards
            )
        self.built = True

    def _weights(self, name: str, shape: list[int], shards: int | None) -> Any:
        cut = None if shards is None else fixed_size_partitioner(shards)
        return self.add_variable(name, shape=shape, initializer=self._initializer, partitioner=cut)

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        """Returns the output and the next state."""
        check_inputs(inputs, state)
        n = self._num_units
        if self._state_is_tuple:
            c_old, h_old = state
        else:
            width = n if self._num_proj is None else self._num_proj
            c_old = slice_(state, [0, 0], [-1, n])
            h_old = slice_(state, [0, n], [-1, width])
        if inputs.shape.with_rank(2).as_list()[1] is None:
            raise ValueError("Could not infer input size from inputs.get_shape()[-1]")
        gates = bias_add(matmul(concat([inputs, h_old], 1), self._kernel), self._bias)
        i, j, f, o = split(value=gates, num_or_size_splits=4, axis=1)
        c = self._remembered(i, j, f, c_old)
        h = self._given_out(o, c)
        if self._state_is_tuple:
            return h, LSTMStateTuple(c, h)
        return h, concat([c, h], 1)

    def _remembered(self, i: Tensor, j: Tensor, f: Tensor, c_old: Any) -> Any:
        if self._use_peepholes:
            kept = sigmoid(f + self._forget_bias + self._w_f_diag * c_old) * c_old
            c = kept + sigmoid(i + self._w_i_diag * c_old) * self._activation(j)
        else:
            c = sigmoid(f + self._forget_bias) * c_old + sigmoid(i) * self._activation(j)
        if self._cell_clip is not None:
            c = clip_by_value(c, -self._cell_clip, self._cell_clip)
        return c

    def _given_out(self, o: Tensor, c: Any) -> Any:
        gate = o + self._w_o_diag * c if self._use_peepholes else o
        h = sigmoid(gate) * self._activation(c)
        if self._num_proj is not None:
            h = matmul(h, self._proj_kernel)
            if self._proj_clip is not None:
                h = clip_by_value(h, -self._proj_clip, self._proj_clip)
        return h
