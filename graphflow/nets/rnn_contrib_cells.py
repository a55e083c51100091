"""Further recurrent cells of `tf.contrib.rnn`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from graphflow.core.dtypes import float16
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets.initializers import Constant, Zeros
from graphflow.nets.rnn_cells import LayerRNNCell, RNNCell
from graphflow.nets.rnn_linear import Linear
from graphflow.nets.rnn_lstm import LSTMStateTuple
from graphflow.ops.activation import relu
from graphflow.ops.batch_norm import batch_normalization
from graphflow.ops.bias import bias_add
from graphflow.ops.concat import concat
from graphflow.ops.dropout import dropout
from graphflow.ops.functions import sigmoid, tanh
from graphflow.ops.matmul import matmul
from graphflow.ops.norm import moments
from graphflow.ops.split import split
from graphflow.ops.variable_scope import get_variable, get_variable_scope, variable_scope

_log = logging.getLogger("tensorflow")


@export("contrib.rnn.LayerNormBasicLSTMCell")
class LayerNormBasicLSTMCell(RNNCell):
    """The LSTM cell with normalized gates, and with dropout of what it newly remembers.

    Args:
        num_units: the size of `c` and `h`.
        forget_bias: added to the forget gate, so that it starts out open.
        input_size: not used.
        activation: a function.
        layer_norm: whether gates and `c` are normalized, example by example.
        norm_gain: the first factor of normalized values.
        norm_shift: the first term of normalized values.
        dropout_keep_prob: the share of new memory that stays: a number or a scalar tensor.
        dropout_prob_seed: the random seed of that.
        reuse: whether the variables of an earlier cell of that name are shared.

    Source:
        Ba et al. 2016; Semeniuta et al. 2016.
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        input_size: Any = None,
        activation: Callable[[Any], Any] = tanh,
        layer_norm: bool = True,
        norm_gain: float = 1.0,
        norm_shift: float = 0.0,
        dropout_keep_prob: Any = 1.0,
        dropout_prob_seed: int | None = None,
        reuse: Any = None,
    ) -> None:
        super().__init__(_reuse=reuse)
        if input_size is not None:
            _log.warning("%s: The input_size parameter is deprecated.", self)
        self._num_units = num_units
        self._activation = activation
        self._forget_bias = forget_bias
        self._keep_prob = dropout_keep_prob
        self._seed = dropout_prob_seed
        self._layer_norm = layer_norm
        self._norm_start = norm_gain, norm_shift

    @property
    def state_size(self) -> Any:
        """The sizes of `c` and `h`."""
        return LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self) -> int:
        """The number of units."""
        return self._num_units

    def _normal(self, x: Tensor, name: str, dtype: Any) -> Tensor:
        if not self._layer_norm:
            return x
        size = x.shape.as_list()[-1:]
        gain, shift = self._norm_start
        with variable_scope(name):
            get_variable("gamma", shape=size, initializer=Constant(gain), dtype=dtype)
            get_variable("beta", shape=size, initializer=Constant(shift), dtype=dtype)
        with variable_scope(name, reuse=True):
            beta = get_variable("beta", shape=size, dtype=x.dtype.base_dtype)
            gamma = get_variable("gamma", shape=size, dtype=x.dtype.base_dtype)
            mean, variance = moments(x, [1], keep_dims=True)
            # TensorFlow's numbers: below the smallest difference from 1 that the type can hold.
            epsilon = 1e-3 if x.dtype.base_dtype == float16 else 1e-12
            found: Tensor = batch_normalization(
                x, mean, variance, offset=beta, scale=gamma, variance_epsilon=epsilon
            )
            found.set_shape(x.shape)
            return found

    def _linear(self, args: Tensor) -> Tensor:
        width = 4 * self._num_units
        weights = get_variable("kernel", [args.shape.as_list()[-1], width], dtype=args.dtype)
        found = matmul(args, weights)
        if not self._layer_norm:
            found = bias_add(found, get_variable("bias", [width], dtype=args.dtype))
        return found

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        """Returns `h` and the next state."""
        c, h = state
        args = concat([inputs, h], 1)
        parts = split(value=self._linear(args), num_or_size_splits=4, axis=1)
        names = ("input", "transform", "forget", "output")
        i, j, f, o = (self._normal(x, n, args.dtype) for x, n in zip(parts, names, strict=True))
        g = self._activation(j)
        if not isinstance(self._keep_prob, float) or self._keep_prob < 1:
            g = dropout(g, self._keep_prob, seed=self._seed)
        new_c = c * sigmoid(f + self._forget_bias) + sigmoid(i) * g
        new_c = self._normal(new_c, "state", args.dtype)
        new_h = self._activation(new_c) * sigmoid(o)
        return new_h, LSTMStateTuple(new_c, new_h)


@export("contrib.rnn.NASCell")
class NASCell(LayerRNNCell):
    """The cell that a search over cells found.

    Args:
        num_units: the size of `c`.
        num_proj: the size that the output is projected to; None: it is not.
        use_bias: whether there is a bias.
        reuse: whether the variables of an earlier cell of that name are shared.
        **kwargs: as in `tf.layers.Layer`.

    Source:
        Zoph and Le 2017.
    """

    def __init__(
        self,
        num_units: int,
        num_proj: int | None = None,
        use_bias: bool = False,
        reuse: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, **kwargs)
        self._num_units = num_units
        self._num_proj = num_proj
        self._use_bias = use_bias
        self._output_size = num_units if num_proj is None else num_proj

    @property
    def state_size(self) -> Any:
        """The sizes of the memory and the output."""
        return LSTMStateTuple(self._num_units, self._output_size)

    @property
    def output_size(self) -> int:
        """The number of units, or the size that the output is projected to."""
        return self._output_size

    def build(self, inputs_shape: Any) -> None:
        """Makes the weights of state, inputs and projection, and the bias."""
        depth = inputs_shape.with_rank(2).as_list()[1]
        if depth is None:
            raise ValueError("Could not infer input size from inputs.get_shape()[-1]")
        n = self._num_units
        self.recurrent_kernel = self.add_variable("recurrent_kernel", [self._output_size, 8 * n])
        self.kernel = self.add_variable("kernel", [depth, 8 * n])
        if self._use_bias:
            self.bias = self.add_variable("bias", shape=[8 * n], initializer=Zeros)
        if self._num_proj is not None:
            self.projection_weights = self.add_variable("projection_weights", [n, self._num_proj])
        self.built = True

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        """Returns the output and the next state."""
        c_old, m_old = state
        from_state = matmul(m_old, self.recurrent_kernel)
        from_inputs = matmul(inputs, self.kernel)
        if self._use_bias:
            from_state = bias_add(from_state, self.bias)
        m = split(axis=1, num_or_size_splits=8, value=from_state)
        x = split(axis=1, num_or_size_splits=8, value=from_inputs)
        first = [
            sigmoid(x[0] + m[0]), relu(x[1] + m[1]), sigmoid(x[2] + m[2]), relu(x[3] * m[3]),
            tanh(x[4] + m[4]), sigmoid(x[5] + m[5]), tanh(x[6] + m[6]), sigmoid(x[7] + m[7]),
        ]  # fmt: skip
        a = tanh(first[0] * first[1])
        b = tanh(first[2] + first[3])
        c = tanh(first[4] * first[5])
        d = sigmoid(first[6] + first[7])
        new_c = tanh(a + c_old) * b
        new_m = tanh(new_c * tanh(c + d))
        if self._num_proj is not None:
            new_m = matmul(new_m, self.projection_weights)
        return new_m, LSTMStateTuple(new_c, new_m)


@export("contrib.rnn.UGRNNCell")
class UGRNNCell(RNNCell):
    """The update gate cell: one gate between the old state and a new one.

    Args:
        num_units: the size of state and output.
        initializer: makes the first weights.
        forget_bias: added to the gate, so that it starts out keeping the state.
        activation: a function.
        reuse: whether the variables of an earlier cell of that name are shared.

    Source:
        Collins et al. 2017.
    """

    def __init__(
        self,
        num_units: int,
        initializer: Any = None,
        forget_bias: float = 1.0,
        activation: Callable[[Any], Any] = tanh,
        reuse: Any = None,
    ) -> None:
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._initializer = initializer
        self._forget_bias = forget_bias
        self._activation = activation
        self._linear: Linear | None = None

    @property
    def state_size(self) -> int:
        """The number of units."""
        return self._num_units

    @property
    def output_size(self) -> int:
        """The number of units."""
        return self._num_units

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Tensor]:
        """Returns the output, which is the next state too."""
        if inputs.shape.with_rank(2).as_list()[1] is None:
            raise ValueError("Could not infer input size from inputs.get_shape()[-1]")
        with variable_scope(get_variable_scope(), initializer=self._initializer):
            args = concat([inputs, state], 1)
            self._linear = self._linear or Linear(args, 2 * self._num_units, True)
            g, c = split(axis=1, num_or_size_splits=2, value=self._linear(args))
            c = self._activation(c)
            g = sigmoid(g + self._forget_bias)
            new = g * state + (1.0 - g) * c
        return new, new
