"""Keras' layer of long short-term memory whose products are convolutions of images."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from graphflow.core.export import export
from graphflow.core.shape import TensorShape, as_shape
from graphflow.models import layers_arguments as arguments
from graphflow.models.layers_rnn import kept_state
from graphflow.models.layers_rnn_cells import LSTMCell, each
from graphflow.models.layers_rnn_kinds import OfCell
from graphflow.nets import layer_arguments
from graphflow.nets.input_spec import InputSpec
from graphflow.nets.layer import channels_of
from graphflow.ops.atrous import convolution
from graphflow.ops.bias import bias_add
from graphflow.ops.fill import zeros, zeros_like
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.reshape import reshape
from graphflow.ops.split import split
from graphflow.ops.transpose import transpose


class ConvLSTM2DCell(LSTMCell):
    """One step of `ConvLSTM2D`, whose arguments it has."""

    CONFIG: ClassVar[tuple[str, ...]] = (
        "filters",
        "kernel_size",
        "strides",
        "padding",
        "data_format",
        "dilation_rate",
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
    )
    filters: int
    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]
    dilation_rate: tuple[int, ...]
    padding: str

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any,
        padding: str,
        data_format: str | None,
        dilation_rate: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(filters, **kwargs)
        self.filters = filters
        self.kernel_size = layer_arguments.sizes(kernel_size, 2, "kernel_size")
        self.strides = layer_arguments.sizes(strides, 2, "strides")
        self.padding = layer_arguments.padding(padding)
        self._first = layer_arguments.channels_first(arguments.data_format(data_format))
        self.data_format = "channels_first" if self._first else "channels_last"
        self.dilation_rate = layer_arguments.sizes(dilation_rate, 2, "dilation_rate")
        self.state_size = (filters, filters)
        self.output_size: Any = None

    def build(self, input_shape: Any) -> None:
        """Makes the filters of the inputs and of the state, and the bias.

        Raises:
            ValueError: if the number of channels is not known.
        """
        channels = channels_of(
            as_shape(input_shape),
            1 if self._first else -1,
            "The channel dimension of the inputs should be defined. Found `None`.",
        )
        width = self.filters * 4
        self.kernel_shape = (*self.kernel_size, channels, width)
        self.kernel = self._make("kernel", "kernel", self.kernel_shape)
        own = (*self.kernel_size, self.filters, width)
        self.recurrent_kernel = self._make("recurrent_kernel", "recurrent", own)
        self.bias = self._make_bias() if self.use_bias else None
        self.built = True

    def call(self, inputs: Any, states: Any, training: Any = None) -> tuple[Any, list[Any]]:
        """Returns the output and a list of the new states.

        Args:
            inputs: images, as `data_format` says.
            states: a list of the states before.
            training: whether inputs and states are left out; None: the learning phase.
        """
        state, carry = states[0], states[1]
        masks = self.get_dropout_mask_for_cell(inputs, training, count=4)
        state_masks = self.get_recurrent_dropout_mask_for_cell(state, training, count=4)
        given = each(inputs, masks, self.dropout, 4)
        held = each(state, state_masks, self.recurrent_dropout, 4)
        kernels = split(self.kernel, 4, axis=3)
        own = split(self.recurrent_kernel, 4, axis=3)
        biases = split(self.bias, 4) if self.use_bias else [None] * 4
        x = [
            self.input_conv(given[i], kernels[i], biases[i], padding=self.padding) for i in range(4)
        ]
        h = [self.recurrent_conv(held[i], own[i]) for i in range(4)]
        i = self.recurrent_activation(x[0] + h[0])
        f = self.recurrent_activation(x[1] + h[1])
        c = f * carry + i * self.activation(x[2] + h[2])
        o = self.recurrent_activation(x[3] + h[3])
        output = o * self.activation(c)
        return output, [output, c]

    def input_conv(self, x: Any, w: Any, b: Any = None, padding: str = "valid") -> Any:
        """Returns inputs convolved with filters.

        Args:
            x: the inputs.
            w: the filters.
            b: the bias, or None.
            padding: "valid" or "same".
        """
        found = self._convolved(x, w, padding, self.strides, self.dilation_rate)
        if b is None:
            return found
        if self._first:
            return found + reshape(b, (1, self.filters, 1, 1))
        return bias_add(found, b, "NHWC")

    def recurrent_conv(self, x: Any, w: Any) -> Any:
        """Returns a state convolved with filters.

        Args:
            x: the state.
            w: the filters.
        """
        return self._convolved(x, w, "same", (1, 1), (1, 1))

    def _convolved(self, x: Any, w: Any, padding: str, strides: Any, rate: Any) -> Any:
        if self._first:  # as TensorFlow on a CPU
            x = transpose(x, (0, 2, 3, 1))
        found = convolution(x, w, padding.upper(), strides, rate, data_format="NHWC")
        return transpose(found, (0, 3, 1, 2)) if self._first else found


@export("keras.layers.ConvLSTM2D")
class ConvLSTM2D(OfCell):
    """A layer of long short-term memory whose products are convolutions of images.

    Args:
        filters: the number of channels of the state and of the output.
        kernel_size: the size of the window, one or one for each spatial axis.
        strides: the step of the window over the inputs, likewise.
        padding: "valid" or "same", for the inputs.
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        dilation_rate: the step between the elements of the window.
        activation: a function of the new state, or its name.
        recurrent_activation: a function of the gates, or its name.
        use_bias: whether there is a bias.
        kernel_initializer: makes the first filters of the inputs: an initializer or its name.
        recurrent_initializer: makes the first filters of the state.
        bias_initializer: makes the first bias.
        unit_forget_bias: whether the bias of the forget gate starts with 1.
        kernel_regularizer: a function of the weights of the inputs whose value is a loss.
        recurrent_regularizer: a function of the weights of the state whose value is a loss.
        bias_regularizer: a function of the bias whose value is a loss.
        activity_regularizer: a function of the result whose value is a loss.
        kernel_constraint: applied to the weights of the inputs after an optimizer's step.
        recurrent_constraint: applied to the weights of the state after an optimizer's step.
        bias_constraint: applied to the bias after an optimizer's step.
        return_sequences: whether the outputs of all steps are returned, else the last one.
        go_backwards: whether the last step comes first.
        stateful: whether the next batch begins with the states after this one.
        dropout: how many of the inputs are left out in training, 0 to 1.
        recurrent_dropout: how many of the states are left out in training, 0 to 1.
        **kwargs: as `Layer`.

    Raises:
        TypeError: if it is to be unrolled.
        ValueError: if an argument is not of its kind.

    Source:
        Shi et al. 2015, arXiv:1506.04214.
    """

    OF_CELL = ConvLSTM2DCell.CONFIG
    counts_steps = True

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = (1, 1),
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
        return_sequences: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        dropout: Any = 0.0,
        recurrent_dropout: Any = 0.0,
        **kwargs: Any,
    ) -> None:
        if kwargs.get("unroll"):
            raise TypeError("Unrolling isn't possible with convolutional RNNs.")
        cell = ConvLSTM2DCell(
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
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
            dtype=kwargs.get("dtype"),
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            go_backwards=go_backwards,
            stateful=stateful,
            **kwargs,
        )
        self.activity_regularizer = arguments.REGULARIZER(activity_regularizer)
        self.input_spec = [InputSpec(ndim=5)]

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Returns the layer of a configuration.

        Args:
            config: as `get_config` returns it.
            custom_objects: not used: the cell is always the layer's own kind.
        """
        return cls(**config)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the result for a shape of the input, with those of the states."""
        if isinstance(input_shape, list):
            input_shape = input_shape[0]
        state = self._state_sizes(input_shape)
        steps = as_shape(input_shape).as_list()[1]
        output = [state[0], steps, *state[1:]] if self.return_sequences else state
        if not self.return_state:
            return TensorShape(output)
        return [TensorShape(output), TensorShape(state), TensorShape(state)]

    def _state_sizes(self, input_shape: Any) -> list[int | None]:
        batch, _, *image = as_shape(input_shape).as_list()
        start = 1 if self.cell._first else 0
        sizes = [
            layer_arguments.window_count(
                image[start + i],
                self.cell.kernel_size[i],
                self.cell.padding,
                self.cell.strides[i],
                self.cell.dilation_rate[i],
            )
            for i in range(2)
        ]
        n = self.cell.filters
        return [batch, n, *sizes] if self.cell._first else [batch, *sizes, n]

    def build(self, input_shape: Any) -> None:
        """Builds the cell, and makes the states of a stateful layer."""
        if isinstance(input_shape, list):
            input_shape = input_shape[0]
        sizes = as_shape(input_shape).as_list()
        self.input_spec[0] = InputSpec(
            shape=(sizes[0] if self.stateful else None, None, *sizes[2:])
        )
        if not self.cell.built:
            self.cell.build(TensorShape([sizes[0], *sizes[2:]]))
        n = self.cell.filters
        shape = (None, n, None, None) if self.cell._first else (None, None, None, n)
        if self.state_spec is None:
            self.state_spec = [InputSpec(shape=shape), InputSpec(shape=shape)]
        if self.stateful:
            self.reset_states()
        self.built = True

    def _kept_states(self, batch: int) -> Any:
        shape = self._state_sizes(self.input_spec[0].shape)
        if None in shape:
            raise ValueError(
                "If a RNN is stateful, it needs to know its batch size. Specify the batch size of "
                "your input tensors: \n- If using a Sequential model, specify the batch size by "
                "passing a `batch_input_shape` argument to your first layer.\n- If using the "
                "functional API, specify the time dimension by passing a `batch_shape` argument "
                "to your Input layer.\nThe same thing goes for the number of rows and columns."
            )
        return [kept_state(shape), kept_state(shape)]

    def get_initial_state(self, inputs: Any) -> list[Any]:
        """Returns the states before the first step: zeros of the size of an output.

        Args:
            inputs: the inputs.
        """
        image = reduce_sum(zeros_like(inputs), 1)
        filters = zeros((*self.cell.kernel_shape[:-1], self.cell.filters))
        state = self.cell.input_conv(image, filters, padding=self.cell.padding)
        return [state, state]
