"""Keras' cells: one step of a simple, a GRU and an LSTM layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from graphflow.core.export import export
from graphflow.core.shape import as_shape
from graphflow.models import layers_arguments as arguments
from graphflow.models.backend_arrays import concatenate
from graphflow.models.layers_noise import numpy_seed
from graphflow.models.layers_rnn import zero_state_of_cell
from graphflow.nets.choose import choose
from graphflow.nets.initializers import Ones
from graphflow.nets.keras_layer import Layer
from graphflow.ops.bias import bias_add
from graphflow.ops.dropout import dropout
from graphflow.ops.fill import ones_like
from graphflow.ops.matmul import matmul
from graphflow.ops.split import split
from graphflow.ops.stack import unstack


class DropoutRNNCellMixin:
    """What leaves out inputs and states of a cell, the same ones in all steps."""

    dropout: float
    recurrent_dropout: float
    _dropout_mask: Any = None
    _recurrent_dropout_mask: Any = None

    def reset_dropout_mask(self) -> None:
        """Forgets which inputs are left out."""
        self._dropout_mask = None

    def reset_recurrent_dropout_mask(self) -> None:
        """Forgets which states are left out."""
        self._recurrent_dropout_mask = None

    def get_dropout_mask_for_cell(self, inputs: Any, training: Any, count: int = 1) -> Any:
        """Returns what inputs are multiplied with; None if none is left out.

        Args:
            inputs: the inputs of a step.
            training: whether inputs are left out; None: the learning phase.
            count: how many such tensors; more than one make a list.
        """
        if self.dropout == 0:
            return None
        if self._dropout_mask is None:
            self._dropout_mask = _masks(ones_like(inputs), self.dropout, training, count)
        return self._dropout_mask

    def get_recurrent_dropout_mask_for_cell(
        self, inputs: Any, training: Any, count: int = 1
    ) -> Any:
        """Returns what states are multiplied with; None if none is left out.

        Args:
            inputs: the state before a step.
            training: whether states are left out; None: the learning phase.
            count: how many such tensors; more than one make a list.
        """
        if self.recurrent_dropout == 0:
            return None
        if self._recurrent_dropout_mask is None:
            mask = _masks(ones_like(inputs), self.recurrent_dropout, training, count)
            self._recurrent_dropout_mask = mask
        return self._recurrent_dropout_mask


def _masks(ones: Any, rate: float, training: Any, count: int) -> Any:
    def one() -> Any:
        return choose(
            arguments.training(training),
            lambda: dropout(ones, rate=rate, seed=numpy_seed(None)),
            lambda: ones,
        )

    return one() if count == 1 else [one() for _ in range(count)]


class _Cell(DropoutRNNCellMixin, Layer):
    """What the cells have in common: their arguments, weights and first states."""

    gates: int
    units: int
    activation: Any
    recurrent_activation: Any
    use_bias: bool
    implementation: int
    reset_after: bool
    unit_forget_bias: bool
    kernel_initializer: Any
    bias_initializer: Any

    def _settle(self, **given: Any) -> None:
        """Notes the arguments, functions among them in the place of their names."""
        for name, value in given.items():
            what: Callable[[Any], Any]
            if name.endswith("activation"):
                what = arguments.ACTIVATION
            elif name.endswith("_initializer"):
                what = arguments.INITIALIZER
            elif name.endswith("_regularizer"):
                what = arguments.REGULARIZER
            elif name.endswith("_constraint"):
                what = arguments.CONSTRAINT
            elif name.endswith("dropout"):
                what = _rate
            else:
                what = _itself
            setattr(self, name, what(value))
        self.state_size: Any = self.units
        self.output_size = self.units

    def _make(self, name: str, kind: str, shape: Any, initializer: Any = None) -> Any:
        return self.add_weight(
            name,
            shape,
            None,
            initializer or getattr(self, f"{kind}_initializer"),
            getattr(self, f"{kind}_regularizer"),
            constraint=getattr(self, f"{kind}_constraint"),
        )

    def build(self, input_shape: Any) -> None:
        """Makes the weights of the inputs and of the state, and the bias."""
        features = as_shape(input_shape).as_list()[-1]
        width = self.units * self.gates
        self.kernel = self._make("kernel", "kernel", (features, width))
        self.recurrent_kernel = self._make("recurrent_kernel", "recurrent", (self.units, width))
        self.bias = self._make_bias() if self.use_bias else None
        self.built = True

    def _make_bias(self) -> Any:
        return self._make("bias", "bias", (self.units * self.gates,))

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


def _rate(given: Any) -> Any:
    return min(1.0, max(0.0, given))


def _itself(given: Any) -> Any:
    return given


def each(x: Any, masks: Any, rate: Any, n: int) -> list[Any]:
    """Returns a tensor for each gate, with other elements left out for each.

    Args:
        x: the tensor.
        masks: what it is multiplied with for each gate.
        rate: how much is left out; 0: nothing.
        n: the number of gates.
    """
    return [x * masks[i] for i in range(n)] if 0 < rate < 1 else [x] * n


@export("keras.layers.SimpleRNNCell")
class SimpleRNNCell(_Cell):
    """One step of a layer with `activation(input @ kernel + state @ recurrent_kernel + bias)`.

    Args:
        units: the size of the state and of the output.
        activation: a function of the new state, or its name.
        use_bias: whether there is a bias.
        kernel_initializer: makes the first weights of the inputs: an initializer or its name.
        recurrent_initializer: makes the first weights of the state.
        bias_initializer: makes the first bias.
        kernel_regularizer: a function of the weights of the inputs whose value is a loss.
        recurrent_regularizer: a function of the weights of the state whose value is a loss.
        bias_regularizer: a function of the bias whose value is a loss.
        kernel_constraint: applied to the weights of the inputs after an optimizer's step.
        recurrent_constraint: applied to the weights of the state after an optimizer's step.
        bias_constraint: applied to the bias after an optimizer's step.
        dropout: how many of the inputs are left out in training, 0 to 1.
        recurrent_dropout: how many of the states are left out in training, 0 to 1.
        **kwargs: as `Layer`.
    """

    CONFIG = (
        "units",
        "activation",
        "use_bias",
        "kernel_initializer",
        "recurrent_initializer",
        "bias_initializer",
        "kernel_regularizer",
        "recurrent_regularizer",
        "bias_regularizer",
        "kernel_constraint",
        "recurrent_constraint",
        "bias_constraint",
        "dropout",
        "recurrent_dropout",
    )
    gates = 1

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: Any = 0.0,
        recurrent_dropout: Any = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._settle(
            units=units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
        )

    def call(self, inputs: Any, states: Any, training: Any = None) -> tuple[Any, list[Any]]:
        """Returns the output and a list of the new state.

        Args:
            inputs: [batch, features].
            states: a list of the state before.
            training: whether inputs and states are left out; None: the learning phase.
        """
        state = states[0]
        mask = self.get_dropout_mask_for_cell(inputs, training)
        state_mask = self.get_recurrent_dropout_mask_for_cell(state, training)
        h = matmul(inputs if mask is None else inputs * mask, self.kernel)
        if self.bias is not None:
            h = bias_add(h, self.bias)
        if state_mask is not None:
            state = state * state_mask
        output = self.activation(h + matmul(state, self.recurrent_kernel))
        return output, [output]


@export("keras.layers.GRUCell")
class GRUCell(_Cell):
    """One step of a layer of gated recurrent units.

    Args:
        units: the size of the state and of the output.
        activation: a function of the new state, or its name.
        recurrent_activation: a function of the gates, or its name.
        use_bias: whether there is a bias.
        kernel_initializer: makes the first weights of the inputs: an initializer or its name.
        recurrent_initializer: makes the first weights of the state.
        bias_initializer: makes the first bias.
        kernel_regularizer: a function of the weights of the inputs whose value is a loss.
        recurrent_regularizer: a function of the weights of the state whose value is a loss.
        bias_regularizer: a function of the bias whose value is a loss.
        kernel_constraint: applied to the weights of the inputs after an optimizer's step.
        recurrent_constraint: applied to the weights of the state after an optimizer's step.
        bias_constraint: applied to the bias after an optimizer's step.
        dropout: how many of the inputs are left out in training, 0 to 1.
        recurrent_dropout: how many of the states are left out in training, 0 to 1.
        implementation: 1: a product for each gate; 2: one product for all.
        reset_after: whether the reset gate comes after the product, not before.
        **kwargs: as `Layer`.

    Source:
        Cho et al. 2014, arXiv:1406.1078; `reset_after` as in cuDNN.
    """

    CONFIG = (
        "units",
        "activation",
        "recurrent_activation",
        "use_bias",
        "kernel_initializer",
        "recurrent_initializer",
        "bias_initializer",
        "kernel_regularizer",
        "recurrent_regularizer",
        "bias_regularizer",
        "kernel_constraint",
        "recurrent_constraint",
        "bias_constraint",
        "dropout",
        "recurrent_dropout",
        "implementation",
        "reset_after",
    )
    gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "hard_sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: Any = 0.0,
        recurrent_dropout: Any = 0.0,
        implementation: int = 1,
        reset_after: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._settle(
            units=units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            implementation=implementation,
            reset_after=reset_after,
        )

    def _make_bias(self) -> Any:
        width = 3 * self.units
        return self._make("bias", "bias", (2, width) if self.reset_after else (width,))

    def call(self, inputs: Any, states: Any, training: Any = None) -> tuple[Any, list[Any]]:
        """Returns the output and a list of the new state.

        Args:
            inputs: [batch, features].
            states: a list of the state before.
            training: whether inputs and states are left out; None: the learning phase.
        """
        state = states[0]
        masks = self.get_dropout_mask_for_cell(inputs, training, count=3)
        state_masks = self.get_recurrent_dropout_mask_for_cell(state, training, count=3)
        own: Any = None
        other: Any = None
        if self.use_bias:
            own, other = unstack(self.bias) if self.reset_after else (self.bias, None)
        step = self._by_gates if self.implementation == 1 else self._at_once
        z, new = step(inputs, state, masks, state_masks, own, other)
        h = z * state + (1 - z) * new
        return h, [h]

    def _part(self, x: Any, i: int, columns: bool = True) -> Any:
        """What of weights or products belongs to a gate."""
        n = self.units
        part = slice(i * n or None, (i + 1) * n if i < 2 else None)
        return x[:, part] if columns else x[part]

    def _by_gates(
        self, inputs: Any, state: Any, masks: Any, state_masks: Any, own: Any, other: Any
    ) -> tuple[Any, Any]:
        """The update gate and the new state, with a product for each gate."""
        given = each(inputs, masks, self.dropout, 3)
        x = [matmul(given[i], self._part(self.kernel, i)) for i in range(3)]
        if self.use_bias:
            x = [bias_add(x[i], self._part(own, i, columns=False)) for i in range(3)]
        held = each(state, state_masks, self.recurrent_dropout, 3)
        weights = self.recurrent_kernel
        y = [matmul(held[i], self._part(weights, i)) for i in range(2)]
        if self.reset_after and self.use_bias:
            y = [bias_add(y[i], self._part(other, i, columns=False)) for i in range(2)]
        z = self.recurrent_activation(x[0] + y[0])
        r = self.recurrent_activation(x[1] + y[1])
        if self.reset_after:
            last = matmul(held[2], self._part(weights, 2))
            if self.use_bias:
                last = bias_add(last, self._part(other, 2, columns=False))
            last = r * last
        else:
            last = matmul(r * held[2], self._part(weights, 2))
        return z, self.activation(x[2] + last)

    def _at_once(
        self, inputs: Any, state: Any, masks: Any, state_masks: Any, own: Any, other: Any
    ) -> tuple[Any, Any]:
        """As `_by_gates`, with one product of the inputs."""
        n = self.units
        x: Any = matmul(inputs * masks[0] if 0 < self.dropout < 1 else inputs, self.kernel)
        if self.use_bias:
            x = bias_add(x, own)
        x = [self._part(x, i) for i in range(3)]
        held = state * state_masks[0] if 0 < self.recurrent_dropout < 1 else state
        if self.reset_after:
            inner = matmul(held, self.recurrent_kernel)
            if self.use_bias:
                inner = bias_add(inner, other)
        else:
            inner = matmul(held, self.recurrent_kernel[:, : 2 * n])
        y = [inner[:, :n], inner[:, n : 2 * n]]
        z = self.recurrent_activation(x[0] + y[0])
        r = self.recurrent_activation(x[1] + y[1])
        if self.reset_after:
            last = r * inner[:, 2 * n :]
        else:
            last = matmul(r * held, self.recurrent_kernel[:, 2 * n :])
        return z, self.activation(x[2] + last)


@export("keras.layers.LSTMCell")
class LSTMCell(_Cell):
    """One step of a layer of long short-term memory.

    Args:
        units: the size of the state and of the output.
        activation: a function of the new state, or its name.
        recurrent_activation: a function of the gates, or its name.
        use_bias: whether there is a bias.
        kernel_initializer: makes the first weights of the inputs: an initializer or its name.
        recurrent_initializer: makes the first weights of the state.
        bias_initializer: makes the first bias.
        unit_forget_bias: whether the bias of the forget gate starts with 1.
        kernel_regularizer: a function of the weights of the inputs whose value is a loss.
        recurrent_regularizer: a function of the weights of the state whose value is a loss.
        bias_regularizer: a function of the bias whose value is a loss.
        kernel_constraint: applied to the weights of the inputs after an optimizer's step.
        recurrent_constraint: applied to the weights of the state after an optimizer's step.
        bias_constraint: applied to the bias after an optimizer's step.
        dropout: how many of the inputs are left out in training, 0 to 1.
        recurrent_dropout: how many of the states are left out in training, 0 to 1.
        implementation: 1: a product for each gate; 2: one product for all.
        **kwargs: as `Layer`.

    Source:
        Hochreiter and Schmidhuber 1997, "Long short-term memory".
    """

    CONFIG: ClassVar[tuple[str, ...]] = (
        "units",
        "activation",
        "recurrent_activation",
        "use_bias",
        "kernel_initializer",
        "recurrent_initializer",
        "bias_initializer",
        "unit_forget_bias",
        "kernel_regularizer",
        "recurrent_regularizer",
        "bias_regularizer",
        "kernel_constraint",
        "recurrent_constraint",
        "bias_constraint",
        "dropout",
        "recurrent_dropout",
        "implementation",
    )
    gates = 4

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "hard_sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: Any = 0.0,
        recurrent_dropout: Any = 0.0,
        implementation: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._settle(
            units=units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            implementation=implementation,
        )
        self.state_size = [self.units, self.units]

    def _make_bias(self) -> Any:
        if not self.unit_forget_bias:
            return super()._make_bias()

        def first(_: Any, *args: Any, **kwargs: Any) -> Any:
            n, make = self.units, self.bias_initializer
            parts = [make((n,), *args, **kwargs), Ones()((n,), *args, **kwargs)]
            return concatenate([*parts, make((n * 2,), *args, **kwargs)])

        return self._make("bias", "bias", (self.units * 4,), first)

    def call(self, inputs: Any, states: Any, training: Any = None) -> tuple[Any, list[Any]]:
        """Returns the output and a list of the new states.

        Args:
            inputs: [batch, features].
            states: a list of the states before.
            training: whether inputs and states are left out; None: the learning phase.
        """
        state, carry = states[0], states[1]
        masks = self.get_dropout_mask_for_cell(inputs, training, count=4)
        state_masks = self.get_recurrent_dropout_mask_for_cell(state, training, count=4)
        if self.implementation == 1:
            c, o = self._by_gates(inputs, state, carry, masks, state_masks)
        else:
            x = inputs * masks[0] if 0 < self.dropout < 1 else inputs
            z = matmul(x, self.kernel)
            held = state * state_masks[0] if 0 < self.recurrent_dropout < 1 else state
            z += matmul(held, self.recurrent_kernel)
            if self.use_bias:
                z = bias_add(z, self.bias)
            c, o = self._compute_carry_and_output_fused(split(z, 4, axis=1), carry)
        h = o * self.activation(c)
        return h, [h, c]

    def _by_gates(
        self, inputs: Any, state: Any, carry: Any, masks: Any, state_masks: Any
    ) -> tuple[Any, Any]:
        """The new carry and the output gate, with a product for each gate."""
        given = each(inputs, masks, self.dropout, 4)
        kernels = split(self.kernel, 4, axis=1)
        x = [matmul(given[i], kernels[i]) for i in range(4)]
        if self.use_bias:
            biases = split(self.bias, 4, axis=0)
            x = [bias_add(x[i], biases[i]) for i in range(4)]
        held = each(state, state_masks, self.recurrent_dropout, 4)
        return self._compute_carry_and_output(x, held, carry)

    def _recurrent(self, x: Any, state: Any, i: int) -> Any:
        n = self.units
        part = slice(i * n or None, (i + 1) * n if i < 3 else None)
        return x + matmul(state, self.recurrent_kernel[:, part])

    def _compute_carry_and_output(self, x: Any, h_tm1: Any, c_tm1: Any) -> tuple[Any, Any]:
        i = self.recurrent_activation(self._recurrent(x[0], h_tm1[0], 0))
        f = self.recurrent_activation(self._recurrent(x[1], h_tm1[1], 1))
        c = f * c_tm1 + i * self.activation(self._recurrent(x[2], h_tm1[2], 2))
        o = self.recurrent_activation(self._recurrent(x[3], h_tm1[3], 3))
        return c, o

    def _compute_carry_and_output_fused(self, z: Any, c_tm1: Any) -> tuple[Any, Any]:
        i = self.recurrent_activation(z[0])
        f = self.recurrent_activation(z[1])
        c = f * c_tm1 + i * self.activation(z[2])
        o = self.recurrent_activation(z[3])
        return c, o

    def get_initial_state(
        self, inputs: Any = None, batch_size: Any = None, dtype: Any = None
    ) -> list[Any]:
        """Returns the states before the first step: zeros.

        Args:
            inputs: what tells batch size and element type; None: the other arguments do.
            batch_size: the number of examples.
            dtype: the element type.
        """
        return list(super().get_initial_state(inputs, batch_size, dtype))


@export("keras.experimental.PeepholeLSTMCell")
class PeepholeLSTMCell(LSTMCell):
    """An LSTM cell whose gates also see the carry, each through weights of its own.

    Its arguments are those of `LSTMCell`.

    Source:
        Gers et al. 2002, "Learning precise timing with LSTM recurrent networks".
    """

    input_gate_peephole_weights: Any
    forget_gate_peephole_weights: Any
    output_gate_peephole_weights: Any

    def build(self, input_shape: Any) -> None:
        """Makes the weights of the inputs, of the state and of the carry, and the bias."""
        super().build(input_shape)
        for gate in ("input", "forget", "output"):
            name = f"{gate}_gate_peephole_weights"
            made = self.add_weight(name, (self.units,), None, self.kernel_initializer)
            setattr(self, name, made)

    def _compute_carry_and_output(self, x: Any, h_tm1: Any, c_tm1: Any) -> tuple[Any, Any]:
        seen = self.input_gate_peephole_weights * c_tm1
        i = self.recurrent_activation(self._recurrent(x[0], h_tm1[0], 0) + seen)
        seen = self.forget_gate_peephole_weights * c_tm1
        f = self.recurrent_activation(self._recurrent(x[1], h_tm1[1], 1) + seen)
        c = f * c_tm1 + i * self.activation(self._recurrent(x[2], h_tm1[2], 2))
        seen = self.output_gate_peephole_weights * c
        o = self.recurrent_activation(self._recurrent(x[3], h_tm1[3], 3) + seen)
        return c, o

    def _compute_carry_and_output_fused(self, z: Any, c_tm1: Any) -> tuple[Any, Any]:
        i = self.recurrent_activation(z[0] + self.input_gate_peephole_weights * c_tm1)
        f = self.recurrent_activation(z[1] + self.forget_gate_peephole_weights * c_tm1)
        c = f * c_tm1 + i * self.activation(z[2])
        o = self.recurrent_activation(z[3] + self.output_gate_peephole_weights * c)
        return c, o
