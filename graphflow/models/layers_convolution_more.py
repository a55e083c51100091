"""Keras' transposed and depthwise convolution layers."""

from __future__ import annotations

from typing import Any

from graphflow.core.convert import convert
from graphflow.core.export import export
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.tensor import Tensor
from graphflow.models import layers_arguments as arguments
from graphflow.nets import layer_arguments
from graphflow.nets.convolution3d import Conv3DTransposeLayer
from graphflow.nets.convolutional import Conv2DLayer, Conv2DTransposeLayer, TransposedConvolution
from graphflow.nets.input_spec import InputSpec
from graphflow.nets.layer import channels_of
from graphflow.ops.atrous import atrous_conv2d_transpose
from graphflow.ops.bias import bias_add
from graphflow.ops.reshape import reshape
from graphflow.ops.separable import depthwise_conv2d
from graphflow.ops.stack import stack
from graphflow.ops.transpose import transpose


class _Padded(TransposedConvolution):
    """A transposed convolution whose result may be longer than the shortest that fits."""

    output_padding: Any = None

    def _set_output_padding(self, given: Any) -> None:
        if given is not None:
            given = layer_arguments.sizes(given, self.spatial, "output_padding")
            if any(pad >= stride for pad, stride in zip(given, self.strides, strict=True)):
                raise ValueError(
                    f"Stride {self.strides} must be greater than output padding {given}"
                )
        self.output_padding = given

    def _larger(self, size: Any, axis: int) -> Any:
        stride = self.strides[axis]
        # A dilated window is as long as its outermost elements are apart.
        window = self.kernel_size[axis]
        window += (window - 1) * (self.dilation_rate[axis] - 1)
        if self.output_padding is None:
            grown = size * stride
            return grown + max(window - stride, 0) if self.padding == "valid" else grown
        cut = window // 2 if self.padding == "same" else 0
        return (size - 1) * stride + window - 2 * cut + self.output_padding[axis]


@export("keras.layers.Conv2DTranspose", "keras.layers.Convolution2DTranspose")
class Conv2DTranspose(_Padded, Conv2DTransposeLayer):
    """A transposed convolution of images: they become larger.

    Args:
        filters: the number of output channels.
        kernel_size: the size of the window, one or one for each spatial axis.
        strides: the step of the window, likewise.
        padding: "valid" or "same".
        output_padding: how much longer the result is than the shortest that fits; None: as
            TensorFlow chooses it.
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        dilation_rate: the step between the elements of the window.
        activation: a function of the result, or its name; None: none.
        use_bias: whether there is a bias.
        kernel_initializer: makes the first filters: an initializer or its name.
        bias_initializer: makes the first bias.
        kernel_regularizer: a function of the filters whose value is a loss, or its name.
        bias_regularizer: a function of the bias whose value is a loss.
        activity_regularizer: a function of the result whose value is a loss.
        kernel_constraint: applied to the filters after an optimizer's step, or its name.
        bias_constraint: applied to the bias after an optimizer's step.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if an argument is not of its kind.
    """

    CONFIG = (*Conv2DTransposeLayer.CONFIG, "output_padding")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=arguments.data_format(data_format),
            activation=arguments.ACTIVATION(activation),
            use_bias=use_bias,
            kernel_initializer=arguments.INITIALIZER(kernel_initializer),
            bias_initializer=arguments.INITIALIZER(bias_initializer),
            kernel_regularizer=arguments.REGULARIZER(kernel_regularizer),
            bias_regularizer=arguments.REGULARIZER(bias_regularizer),
            activity_regularizer=arguments.REGULARIZER(activity_regularizer),
            kernel_constraint=arguments.CONSTRAINT(kernel_constraint),
            bias_constraint=arguments.CONSTRAINT(bias_constraint),
            **kwargs,
        )
        self.dilation_rate = layer_arguments.sizes(dilation_rate, 2, "dilation_rate")
        self._set_output_padding(output_padding)

    def _convolved(self, inputs: Any) -> Tensor:
        if self.dilation_rate == (1, 1):
            return super()._convolved(inputs)
        shape = self._target(inputs)
        if self._first:
            inputs = transpose(inputs, (0, 2, 3, 1))
            shape = stack([shape[0], shape[2], shape[3], shape[1]])
        else:
            convert(shape[0])  # TensorFlow makes this node too, though nothing reads it
        outputs = atrous_conv2d_transpose(
            inputs, self.kernel, shape, rate=self.dilation_rate[0], padding=self.padding.upper()
        )
        if self._first:
            outputs = transpose(outputs, (0, 3, 1, 2))
        return outputs


@export("keras.layers.Conv3DTranspose", "keras.layers.Convolution3DTranspose")
class Conv3DTranspose(_Padded, Conv3DTransposeLayer):
    """A transposed convolution of volumes: they become larger.

    Args:
        filters: the number of output channels.
        kernel_size: the size of the window, one or one for each spatial axis.
        strides: the step of the window, likewise.
        padding: "valid" or "same".
        output_padding: how much longer the result is than the shortest that fits; None: as
            TensorFlow chooses it.
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        activation: a function of the result, or its name; None: none.
        use_bias: whether there is a bias.
        kernel_initializer: makes the first filters: an initializer or its name.
        bias_initializer: makes the first bias.
        kernel_regularizer: a function of the filters whose value is a loss, or its name.
        bias_regularizer: a function of the bias whose value is a loss.
        activity_regularizer: a function of the result whose value is a loss.
        kernel_constraint: applied to the filters after an optimizer's step, or its name.
        bias_constraint: applied to the bias after an optimizer's step.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if an argument is not of its kind.
    """

    CONFIG = (
        *(name for name in Conv3DTransposeLayer.CONFIG if name != "dilation_rate"),
        "output_padding",
    )

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1, 1),
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=arguments.data_format(data_format),
            activation=arguments.ACTIVATION(activation),
            use_bias=use_bias,
            kernel_initializer=arguments.INITIALIZER(kernel_initializer),
            bias_initializer=arguments.INITIALIZER(bias_initializer),
            kernel_regularizer=arguments.REGULARIZER(kernel_regularizer),
            bias_regularizer=arguments.REGULARIZER(bias_regularizer),
            activity_regularizer=arguments.REGULARIZER(activity_regularizer),
            kernel_constraint=arguments.CONSTRAINT(kernel_constraint),
            bias_constraint=arguments.CONSTRAINT(bias_constraint),
            **kwargs,
        )
        self._set_output_padding(output_padding)


@export("keras.layers.DepthwiseConv2D")
class DepthwiseConv2D(Conv2DLayer):
    """A layer that convolves each channel of images with filters of its own.

    Args:
        kernel_size: the size of the window, one or one for each spatial axis.
        strides: the step of the window, likewise.
        padding: "valid" or "same".
        depth_multiplier: how many filters each input channel has.
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        activation: a function of the result, or its name; None: none.
        use_bias: whether there is a bias.
        depthwise_initializer: makes the first filters of the channels: an initializer or its
            name.
        bias_initializer: makes the first bias.
        depthwise_regularizer: a function of the filters of the channels whose value is a loss.
        bias_regularizer: a function of the bias whose value is a loss.
        activity_regularizer: a function of the result whose value is a loss.
        depthwise_constraint: applied to the filters of the channels after an optimizer's step.
        bias_constraint: applied to the bias after an optimizer's step.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if an argument is not of its kind.
    """

    CONFIG = (
        *(n for n in Conv2DLayer.CONFIG if n != "filters" and not n.startswith("kernel_")),
        "kernel_size",
        "depth_multiplier",
        "depthwise_initializer",
        "depthwise_regularizer",
        "depthwise_constraint",
    )

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters=0,  # as many as there are channels, times the multiplier
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=arguments.data_format(data_format),
            activation=arguments.ACTIVATION(activation),
            use_bias=use_bias,
            bias_initializer=arguments.INITIALIZER(bias_initializer),
            bias_regularizer=arguments.REGULARIZER(bias_regularizer),
            activity_regularizer=arguments.REGULARIZER(activity_regularizer),
            bias_constraint=arguments.CONSTRAINT(bias_constraint),
            **kwargs,
        )
        self.depth_multiplier = depth_multiplier
        self.depthwise_initializer = arguments.INITIALIZER(depthwise_initializer)
        self.depthwise_regularizer = arguments.REGULARIZER(depthwise_regularizer)
        self.depthwise_constraint = arguments.CONSTRAINT(depthwise_constraint)

    def build(self, input_shape: Any) -> None:
        """Makes the filters, [*kernel_size, channels, depth_multiplier], and the bias.

        Args:
            input_shape: the shape of the input, whose number of channels must be known.

        Raises:
            ValueError: if it is not, or the rank is less than 4.
        """
        shape = as_shape(input_shape)
        if len(shape) < 4:
            raise ValueError(
                "Inputs to `DepthwiseConv2D` should have rank 4. Received input shape:", str(shape)
            )
        axis = 1 if self._first else 3
        channels = channels_of(
            shape,
            axis,
            "The channel dimension of the inputs to `DepthwiseConv2D` should be defined. "
            "Found `None`.",
        )
        self.depthwise_kernel = self.add_weight(
            "depthwise_kernel",
            (*self.kernel_size, channels, self.depth_multiplier),
            None,
            self.depthwise_initializer,
            self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
        )
        self.filters = channels * self.depth_multiplier
        self._make_bias()
        self.input_spec = InputSpec(ndim=4, axes={axis: channels})
        self.built = True

    def _convolved(self, inputs: Any) -> Tensor:
        if self._first:  # as TensorFlow on a CPU
            inputs = transpose(inputs, (0, 2, 3, 1))
        outputs = depthwise_conv2d(
            inputs,
            self.depthwise_kernel,
            (1, *self.strides, 1),
            self.padding.upper(),
            rate=self.dilation_rate,
            data_format="NHWC",
        )
        return transpose(outputs, (0, 3, 1, 2)) if self._first else outputs

    def _biased(self, outputs: Tensor) -> Tensor:
        if not self._first:
            return bias_add(outputs, self.bias, "NHWC")
        found: Tensor = outputs + reshape(self.bias, (1, self.filters, 1, 1))
        return found

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for a shape of the input."""
        sizes = as_shape(input_shape).as_list()
        axis = 1 if self._first else 3
        found = super().compute_output_shape(input_shape).as_list()
        channels = sizes[axis]
        found[axis] = None if channels is None else channels * self.depth_multiplier
        return TensorShape(found)
