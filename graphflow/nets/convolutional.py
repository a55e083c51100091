"""Convolution layers for signals and images, and the transposed one for images."""

from __future__ import annotations

from typing import Any, ClassVar

from graphflow.core.convert import convert
from graphflow.core.export import export
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.tensor import Tensor
from graphflow.nets import keras_layer
from graphflow.nets import layer_arguments as arguments
from graphflow.nets.initializers import Zeros
from graphflow.nets.input_spec import InputSpec
from graphflow.nets.layer import Layer, channels_of
from graphflow.ops.atrous import Convolution as ConvolutionOp
from graphflow.ops.bias import bias_add
from graphflow.ops.conv_variants import conv2d_transpose as conv2d_transpose_op
from graphflow.ops.pad import pad
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.stack import stack
from graphflow.ops.transpose import transpose

_ZEROS = Zeros()
_NO_CHANNELS = "The channel dimension of the inputs should be defined. Found `None`."


class Convolution(keras_layer.Layer):
    """The base of the convolution layers; subclasses say the spatial rank.

    Args:
        filters: the number of output channels.
        kernel_size: the size of the window, one or one for each spatial axis.
        strides: the step of the window, likewise.
        padding: "valid" or "same"; "causal" for `Conv1D`: no output sees what comes later.
        data_format: "channels_last" or "channels_first".
        dilation_rate: the step between the elements of the window.
        activation: a function of the result, or its name; None: none.
        use_bias: whether there is a bias.
        kernel_initializer: makes the first filters; None: the scope's, else glorot_uniform.
        bias_initializer: makes the first bias.
        kernel_regularizer: a function of the filters whose value is a loss.
        bias_regularizer: a function of the bias whose value is a loss.
        activity_regularizer: a function of the result whose value is a loss.
        kernel_constraint: applied to the filters after an optimizer's step.
        bias_constraint: applied to the bias after an optimizer's step.
        trainable: whether optimizers change the variables.
        name: the layer's name.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if an argument is not of its kind.
    """

    CONFIG: ClassVar[tuple[str, ...]] = (
        "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate",
        "activation", "use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer",
        "bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint",
    )  # fmt: skip
    spatial: ClassVar[int]

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = "channels_last",
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = _ZEROS,
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs["activity_regularizer"] = arguments.regularizer(activity_regularizer)
        super().__init__(trainable=trainable, name=name, **kwargs)
        self.rank = self.spatial
        self.filters = filters
        self.kernel_size = arguments.sizes(kernel_size, self.spatial, "kernel_size")
        self.strides = arguments.sizes(strides, self.spatial, "strides")
        self.padding = arguments.padding(padding)
        if self.padding == "causal" and self.spatial != 1:
            raise ValueError("Causal padding is only supported for `Conv1D`and ``SeparableConv1D`.")
        self._first = arguments.channels_first(data_format)
        self.data_format = "channels_first" if self._first else "channels_last"
        self.dilation_rate = arguments.sizes(dilation_rate, self.spatial, "dilation_rate")
        self.activation = arguments.activation(activation)
        self.use_bias = use_bias
        self.kernel_initializer = arguments.initializer(kernel_initializer)
        self.bias_initializer = arguments.initializer(bias_initializer)
        self.kernel_regularizer = arguments.regularizer(kernel_regularizer)
        self.bias_regularizer = arguments.regularizer(bias_regularizer)
        self.kernel_constraint = arguments.constraint(kernel_constraint)
        self.bias_constraint = arguments.constraint(bias_constraint)
        self.input_spec = InputSpec(ndim=self.spatial + 2)
        self.kernel: Any = None
        self.bias: Any = None
        self._convolution: Any = None

    def build(self, input_shape: Any) -> None:
        """Makes the filters, [*kernel_size, channels, filters], and the bias.

        Args:
            input_shape: the shape of the input, whose number of channels must be known.

        Raises:
            ValueError: if it is not.
        """
        channels = self._channels(input_shape)
        self._make_variables((*self.kernel_size, channels, self.filters))
        self._convolution = ConvolutionOp(
            as_shape(input_shape),
            as_shape(self.kernel.shape),
            arguments.op_padding(self.padding),
            self.strides,
            self.dilation_rate,
            data_format=arguments.layout(self.spatial, self._first),
        )
        self.built = True

    def _channels(self, input_shape: Any) -> int:
        axis = 1 if self._first else -1
        channels = channels_of(as_shape(input_shape), axis, _NO_CHANNELS)
        self.input_spec = InputSpec(ndim=self.spatial + 2, axes={axis: channels})
        return channels

    def _make_variables(self, kernel_shape: tuple[int, ...]) -> None:
        self.kernel = self.add_weight(
            "kernel",
            kernel_shape,
            self.dtype,
            self.kernel_initializer,
            self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self._make_bias()

    def _make_bias(self) -> None:
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                (self.filters,),
                self.dtype,
                self.bias_initializer,
                self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def call(self, inputs: Any) -> Any:
        """Returns the result.

        Args:
            inputs: signals or images, as `data_format` says.
        """
        outputs = self._convolved(inputs)
        if self.use_bias:
            outputs = self._biased(outputs)
        return outputs if self.activation is None else self.activation(outputs)

    def _convolved(self, inputs: Any) -> Tensor:
        found: Tensor = self._convolution(inputs, self.kernel)
        return found

    def _led(self, inputs: Any) -> Any:
        """Signals, behind as many zeros as causal windows need."""
        if self.padding != "causal":
            return inputs
        before = [self.dilation_rate[0] * (self.kernel_size[0] - 1), 0]
        return pad(inputs, [[0, 0], [0, 0], before] if self._first else [[0, 0], before, [0, 0]])

    def _biased(self, outputs: Tensor) -> Tensor:
        return bias_add(outputs, self.bias, "NCHW" if self._first else "NHWC")

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for a shape of the input."""
        sizes = as_shape(input_shape).as_list()
        for i in range(self.spatial):
            axis = i + 1 + self._first
            sizes[axis] = arguments.window_count(
                sizes[axis],
                self.kernel_size[i],
                self.padding,
                self.strides[i],
                self.dilation_rate[i],
            )
        sizes[1 if self._first else -1] = self.filters
        return TensorShape(sizes)


class Conv1DLayer(Convolution):
    """A layer that convolves signals with filters; its arguments are those of `Convolution`."""

    spatial = 1

    def _convolved(self, inputs: Any) -> Tensor:
        return super()._convolved(self._led(inputs))

    def _biased(self, outputs: Tensor) -> Tensor:
        if self._first:
            beside = reshape(self.bias, (1, self.filters, 1))
            found: Tensor = outputs + beside
            return found
        return super()._biased(outputs)


@export("layers.Conv1D")
class Conv1D(Conv1DLayer, Layer):
    """A layer that convolves signals with filters; its arguments are those of `Convolution`.

    Its arguments are those of `Conv1DLayer`.
    """


class Conv2DLayer(Convolution):
    """A layer that convolves images with filters; its arguments are those of `Convolution`."""

    spatial = 2

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: Any = "valid",
        data_format: str | None = "channels_last",
        dilation_rate: Any = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = _ZEROS,
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            trainable,
            name,
            **kwargs,
        )


@export("layers.Conv2D")
class Conv2D(Conv2DLayer, Layer):
    """A layer that convolves images with filters; its arguments are those of `Convolution`.

    Its arguments are those of `Conv2DLayer`.
    """


class TransposedConvolution(Convolution):
    """The base of the layers that undo the sizes of a convolution: their results are larger.

    Its arguments are those of `Convolution`, without a dilation rate.
    """

    def build(self, input_shape: Any) -> None:
        """Makes the filters, [*kernel_size, filters, channels], and the bias.

        Args:
            input_shape: the shape of the input, whose number of channels must be known.

        Raises:
            ValueError: if it is not, or the rank is another.
        """
        shape, rank = as_shape(input_shape), self.spatial + 2
        if len(shape) != rank:
            raise ValueError(f"Inputs should have rank {rank}. Received input shape: {shape}")
        self._make_variables((*self.kernel_size, self.filters, self._channels(shape)))
        self.built = True

    def _target(self, inputs: Any) -> Tensor:
        """The sizes of the result, in the order of the input's."""
        sizes = shape_of(inputs)
        n = sizes[0]
        start = 2 if self._first else 1
        space = [sizes[start + i] for i in range(self.spatial)]
        out = [self._larger(size, i) for i, size in enumerate(space)]
        return stack([n, self.filters, *out] if self._first else [n, *out, self.filters])

    def _larger(self, size: Any, axis: int) -> Any:
        """The size of the result along an axis."""
        stride = self.strides[axis]
        grown = size * stride
        if self.padding == "valid":
            grown += max(self.kernel_size[axis] - stride, 0)
        return grown

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for a shape of the input."""
        sizes = as_shape(input_shape).as_list()
        for i in range(self.spatial):
            axis = i + 1 + self._first
            sizes[axis] = None if sizes[axis] is None else self._larger(sizes[axis], i)
        sizes[1 if self._first else -1] = self.filters
        return TensorShape(sizes)


class Conv2DTransposeLayer(TransposedConvolution):
    """A layer that undoes the sizes of a convolution: its images become larger.

    Its arguments are those of `Convolution`, without a dilation rate.
    """

    spatial = 2

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        data_format: str | None = "channels_last",
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = _ZEROS,
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            (1, 1),
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            trainable,
            name,
            **kwargs,
        )

    def _convolved(self, inputs: Any) -> Tensor:
        shape = self._target(inputs)
        if self._first:  # as TensorFlow on a CPU: the filters are for channels that come last
            images = transpose(inputs, (0, 2, 3, 1))
            shape = stack([shape[0], shape[2], shape[3], shape[1]])
        else:
            images = inputs
            convert(shape[0])  # TensorFlow makes this node too, though nothing reads it
        outputs = conv2d_transpose_op(
            images, self.kernel, shape, (1, *self.strides, 1), self.padding.upper()
        )
        if self._first:
            outputs = transpose(outputs, (0, 3, 1, 2))
        outputs.set_shape(self.compute_output_shape(inputs.shape))
        return outputs


@export("layers.Conv2DTranspose")
class Conv2DTranspose(Conv2DTransposeLayer, Layer):
    """A layer that undoes the sizes of a convolution: its images become larger.

    Its arguments are those of `Conv2DTransposeLayer`.
    """


@export("layers.conv1d")
def conv1d(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = "channels_last",
    dilation_rate: Any = 1,
    activation: Any = None,
    use_bias: bool = True,
    kernel_initializer: Any = None,
    bias_initializer: Any = _ZEROS,
    kernel_regularizer: Any = None,
    bias_regularizer: Any = None,
    activity_regularizer: Any = None,
    kernel_constraint: Any = None,
    bias_constraint: Any = None,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
) -> Tensor:
    """Returns the convolution of signals with filters of its own; arguments as `Convolution`.

    Args:
        inputs: x: [n, w, c], or [n, c, w] for channels_first.
        filters: the number of output channels.
        kernel_size: the size of the window.
        strides: the step of the window.
        padding: "valid", "same" or "causal".
        data_format: "channels_last" or "channels_first".
        dilation_rate: the step between the elements of the window.
        activation: a function of the result, or its name; None: none.
        use_bias: whether there is a bias.
        kernel_initializer: makes the first filters; None: the scope's, else glorot_uniform.
        bias_initializer: makes the first bias.
        kernel_regularizer: a function of the filters whose value is a loss.
        bias_regularizer: a function of the bias whose value is a loss.
        activity_regularizer: a function of the result whose value is a loss.
        kernel_constraint: applied to the filters after an optimizer's step.
        bias_constraint: applied to the bias after an optimizer's step.
        trainable: whether optimizers change the variables.
        name: the layer's name and variable scope; None: "conv1d", made unique.
        reuse: whether the variables of an earlier layer of that name are shared.
    """
    layer = Conv1D(
        filters,
        kernel_size,
        strides,
        padding,
        data_format,
        dilation_rate,
        activation,
        use_bias,
        kernel_initializer,
        bias_initializer,
        kernel_regularizer,
        bias_regularizer,
        activity_regularizer,
        kernel_constraint,
        bias_constraint,
        trainable,
        name,
        _reuse=reuse,
        _scope=name,
    )
    found: Tensor = layer.apply(inputs)
    return found


@export("layers.conv2d")
def conv2d(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = (1, 1),
    padding: Any = "valid",
    data_format: str | None = "channels_last",
    dilation_rate: Any = (1, 1),
    activation: Any = None,
    use_bias: bool = True,
    kernel_initializer: Any = None,
    bias_initializer: Any = _ZEROS,
    kernel_regularizer: Any = None,
    bias_regularizer: Any = None,
    activity_regularizer: Any = None,
    kernel_constraint: Any = None,
    bias_constraint: Any = None,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
) -> Tensor:
    """Returns the convolution of images with filters of its own; arguments as `Convolution`.

    Args:
        inputs: x: [n, h, w, c], or [n, c, h, w] for channels_first.
        filters: the number of output channels.
        kernel_size: the size of the window, one or one for each axis.
        strides: the step of the window, likewise.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
        dilation_rate: the step between the elements of the window.
        activation: a function of the result, or its name; None: none.
        use_bias: whether there is a bias.
        kernel_initializer: makes the first filters; None: the scope's, else glorot_uniform.
        bias_initializer: makes the first bias.
        kernel_regularizer: a function of the filters whose value is a loss.
        bias_regularizer: a function of the bias whose value is a loss.
        activity_regularizer: a function of the result whose value is a loss.
        kernel_constraint: applied to the filters after an optimizer's step.
        bias_constraint: applied to the bias after an optimizer's step.
        trainable: whether optimizers change the variables.
        name: the layer's name and variable scope; None: "conv2d", made unique.
        reuse: whether the variables of an earlier layer of that name are shared.
    """
    layer = Conv2D(
        filters,
        kernel_size,
        strides,
        padding,
        data_format,
        dilation_rate,
        activation,
        use_bias,
        kernel_initializer,
        bias_initializer,
        kernel_regularizer,
        bias_regularizer,
        activity_regularizer,
        kernel_constraint,
        bias_constraint,
        trainable,
        name,
        _reuse=reuse,
        _scope=name,
    )
    found: Tensor = layer.apply(inputs)
    return found


@export("layers.conv2d_transpose")
def conv2d_transpose(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = "channels_last",
    activation: Any = None,
    use_bias: bool = True,
    kernel_initializer: Any = None,
    bias_initializer: Any = _ZEROS,
    kernel_regularizer: Any = None,
    bias_regularizer: Any = None,
    activity_regularizer: Any = None,
    kernel_constraint: Any = None,
    bias_constraint: Any = None,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
) -> Tensor:
    """Returns the transposed convolution of images with filters of its own.

    Args:
        inputs: x: [n, h, w, c], or [n, c, h, w] for channels_first.
        filters: the number of output channels.
        kernel_size: the size of the window, one or one for each axis.
        strides: how many times larger the images become.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
        activation: a function of the result, or its name; None: none.
        use_bias: whether there is a bias.
        kernel_initializer: makes the first filters; None: the scope's, else glorot_uniform.
        bias_initializer: makes the first bias.
        kernel_regularizer: a function of the filters whose value is a loss.
        bias_regularizer: a function of the bias whose value is a loss.
        activity_regularizer: a function of the result whose value is a loss.
        kernel_constraint: applied to the filters after an optimizer's step.
        bias_constraint: applied to the bias after an optimizer's step.
        trainable: whether optimizers change the variables.
        name: the layer's name and variable scope; None: "conv2d_transpose", made unique.
        reuse: whether the variables of an earlier layer of that name are shared.
    """
    layer = Conv2DTranspose(
        filters,
        kernel_size,
        strides,
        padding,
        data_format,
        activation,
        use_bias,
        kernel_initializer,
        bias_initializer,
        kernel_regularizer,
        bias_regularizer,
        activity_regularizer,
        kernel_constraint,
        bias_constraint,
        trainable,
        name,
        _reuse=reuse,
        _scope=name,
    )
    found: Tensor = layer.apply(inputs)
    return found
