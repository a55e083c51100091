"""Keras' simple, GRU and LSTM layers."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from graphflow.core.export import export
from graphflow.models import layers_arguments as arguments
from graphflow.models.layers_rnn import RNN
from graphflow.models.layers_rnn_cells import GRUCell, LSTMCell, SimpleRNNCell
from graphflow.nets import layer_config
from graphflow.nets.input_spec import InputSpec
from graphflow.platform import tf_logging


class OfCell(RNN):
    """A layer around one kind of cell, whose arguments are also the layer's."""

    OF_CELL: ClassVar[tuple[str, ...]]

    def __getattr__(self, name: str) -> Any:
        """An argument of the cell."""
        if name in type(self).OF_CELL and "cell" in self.__dict__:
            return getattr(self.cell, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def call(  # type: ignore[override]  # without constants
        self, inputs: Any, mask: Any = None, training: Any = None, initial_state: Any = None
    ) -> Any:
        """Returns the result.

        Args:
            inputs: [batch, steps, features].
            mask: [batch, steps]: where a step counts.
            training: whether inputs and states are left out; None: the learning phase.
            initial_state: the first states.
        """
        self.cell.reset_dropout_mask()
        self.cell.reset_recurrent_dropout_mask()
        return super().call(inputs, mask=mask, training=training, initial_state=initial_state)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this layer again."""
        config = super().get_config()
        del config["cell"]
        config.update(layer_config.written(self.cell, self.OF_CELL))
        config.update(layer_config.written(self, ("activity_regularizer",)))
        return config


@export("keras.layers.SimpleRNN")
class SimpleRNN(OfCell):
    """A layer with `activation(input @ kernel + state @ recurrent_kernel + bias)`.

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
        activity_regularizer: a function of the result whose value is a loss.
        kernel_constraint: applied to the weights of the inputs after an optimizer's step.
        recurrent_constraint: applied to the weights of the state after an optimizer's step.
        bias_constraint: applied to the bias after an optimizer's step.
        dropout: how many of the inputs are left out in training, 0 to 1.
        recurrent_dropout: how many of the states are left out in training, 0 to 1.
        return_sequences: whether the outputs of all steps are returned, else the last one.
        return_state: whether the last states are returned too.
        go_backwards: whether the last step comes first.
        stateful: whether the next batch begins with the states after this one.
        unroll: whether the steps are made in the graph instead of a loop.
        **kwargs: as `RNN`.
    """

    OF_CELL = SimpleRNNCell.CONFIG

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: Any = 0.0,
        recurrent_dropout: Any = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ) -> None:
        if "implementation" in kwargs:
            kwargs.pop("implementation")
            tf_logging.warning(
                "The `implementation` argument in `SimpleRNN` has been deprecated. Please remove "
                "it from your layer call."
            )
        cell = SimpleRNNCell(
            units,
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
            dtype=kwargs.get("dtype"),
        )
        super().__init__(
            cell, return_sequences, return_state, go_backwards, stateful, unroll, **kwargs
        )
        self.activity_regularizer = arguments.REGULARIZER(activity_regularizer)
        self.input_spec = [InputSpec(ndim=3)]

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:  # type: ignore[override]  # no cells
        """Returns the layer of a configuration."""
        config = {k: v for k, v in config.items() if k != "implementation"}
        return cls(**config)


@export("keras.layers.GRU")
class GRU(OfCell):
    """A layer of gated recurrent units.

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
        activity_regularizer: a function of the result whose value is a loss.
        kernel_constraint: applied to the weights of the inputs after an optimizer's step.
        recurrent_constraint: applied to the weights of the state after an optimizer's step.
        bias_constraint: applied to the bias after an optimizer's step.
        dropout: how many of the inputs are left out in training, 0 to 1.
        recurrent_dropout: how many of the states are left out in training, 0 to 1.
        implementation: 1: a product for each gate; 2: one product for all.
        return_sequences: whether the outputs of all steps are returned, else the last one.
        return_state: whether the last states are returned too.
        go_backwards: whether the last step comes first.
        stateful: whether the next batch begins with the states after this one.
        unroll: whether the steps are made in the graph instead of a loop.
        reset_after: whether the reset gate comes after the product, not before.
        **kwargs: as `RNN`.

    Source:
        Cho et al. 2014, arXiv:1406.1078; `reset_after` as in cuDNN.
    """

    OF_CELL = GRUCell.CONFIG

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: Any = 0.0,
        recurrent_dropout: Any = 0.0,
        implementation: int = 1,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = False,
        **kwargs: Any,
    ) -> None:
        if implementation == 0:
            tf_logging.warning(
                "`implementation=0` has been deprecated, and now defaults to `implementation=1`."
                "Please update your layer call."
            )
        cell = GRUCell(
            units,
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
            dtype=kwargs.get("dtype"),
        )
        super().__init__(
            cell, return_sequences, return_state, go_backwards, stateful, unroll, **kwargs
        )
        self.activity_regularizer = arguments.REGULARIZER(activity_regularizer)
        self.input_spec = [InputSpec(ndim=3)]

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:  # type: ignore[override]  # no cells
        """Returns the layer of a configuration."""
        if config.get("implementation") == 0:
            config = {**config, "implementation": 1}
        return cls(**config)


@export("keras.layers.LSTM")
class LSTM(OfCell):
    """A layer of long short-term memory.

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
        activity_regularizer: a function of the result whose value is a loss.
        kernel_constraint: applied to the weights of the inputs after an optimizer's step.
        recurrent_constraint: applied to the weights of the state after an optimizer's step.
        bias_constraint: applied to the bias after an optimizer's step.
        dropout: how many of the inputs are left out in training, 0 to 1.
        recurrent_dropout: how many of the states are left out in training, 0 to 1.
        implementation: 1: a product for each gate; 2: one product for all.
        return_sequences: whether the outputs of all steps are returned, else the last one.
        return_state: whether the last states are returned too.
        go_backwards: whether the last step comes first.
        stateful: whether the next batch begins with the states after this one.
        unroll: whether the steps are made in the graph instead of a loop.
        **kwargs: as `RNN`.

    Source:
        Hochreiter and Schmidhuber 1997, "Long short-term memory".
    """

    OF_CELL = LSTMCell.CONFIG

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: Any = 0.0,
        recurrent_dropout: Any = 0.0,
        implementation: int = 1,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ) -> None:
        if implementation == 0:
            tf_logging.warning(
                "`implementation=0` has been deprecated, and now defaults to `implementation=1`."
                "Please update your layer call."
            )
        cell = LSTMCell(
            units,
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
            dtype=kwargs.get("dtype"),
        )
        super().__init__(
            cell, return_sequences, return_state, go_backwards, stateful, unroll, **kwargs
        )
        self.activity_regularizer = arguments.REGULARIZER(activity_regularizer)
        self.input_spec = [InputSpec(ndim=3)]

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:  # type: ignore[override]  # no cells
        """Returns the layer of a configuration."""
        if config.get("implementation") == 0:
            config = {**config, "implementation": 1}
        return cls(**config)
