"""Separable convolution layers: each channel on its own, then across the channels."""

from __future__ import annotations

from typing import Any, ClassVar

from graphflow.core.export import export
from graphflow.core.shape import as_shape
from graphflow.core.tensor import Tensor
from graphflow.nets import layer_arguments as arguments
from graphflow.nets.convolutional import Convolution
from graphflow.nets.initializers import Zeros
from graphflow.nets.layer import Layer
from graphflow.ops.bias import bias_add
from graphflow.ops.reshape import expand_dims, squeeze
from graphflow.ops.separable import separable_conv2d as separable_conv2d_op

_ZEROS = Zeros()


class SeparableConvolution(Convolution):
    """The base of the separable convolution layers; subclasses say the spatial rank.

    Args:
        filters: the number of output channels.
        kernel_size: the size of the window, one or one for each spatial axis.
        strides: the step of the window, likewise.
        padding: "valid" or "same"; "causal" for `SeparableConv1D`: no output sees what comes later.
        data_format: "channels_last" or "channels_first".
        dilation_rate: the step between the elements of the window.
        depth_multiplier: how many filters each input channel has.
        activation: a function of the result, or its name; None: none.
        use_bias: whether there is a bias.
        depthwise_initializer: makes the first filters of the channels; None: the scope's, else
            glorot_uniform.
        pointwise_initializer: makes the first filters across the channels, likewise.
        bias_initializer: makes the first bias.
        depthwise_regularizer: a function of the filters of the channels whose value is a loss.
        pointwise_regularizer: a function of those across the channels whose value is a loss.
        bias_regularizer: a function of the bias whose value is a loss.
        activity_regularizer: a function of the result whose value is a loss.
        depthwise_constraint: applied to the filters of the channels after an optimizer's step.
        pointwise_constraint: applied to those across the channels after an optimizer's step.
        bias_constraint: applied to the bias after an optimizer's step.
        trainable: whether optimizers change the variables.
        name: the layer's name.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if an argument is not of its kind.
    """

    CONFIG: ClassVar[tuple[str, ...]] = (
        "filters", "kernel_size", "strides", "padding", "data_format", "depth_multiplier",
        "dilation_rate", "activation", "use_bias", "depthwise_initializer",
        "pointwise_initializer", "bias_initializer", "depthwise_regularizer",
        "pointwise_regularizer", "bias_regularizer", "activity_regularizer",
        "depthwise_constraint", "pointwise_constraint", "bias_constraint",
    )  # fmt: skip

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = "channels_last",
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = None,
        pointwise_initializer: Any = None,
        bias_initializer: Any = _ZEROS,
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
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
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            bias_constraint=bias_constraint,
            trainable=trainable,
            name=name,
            **kwargs,
        )
        self.depth_multiplier = depth_multiplier
        self.depthwise_initializer = arguments.initializer(depthwise_initializer)
        self.pointwise_initializer = arguments.initializer(pointwise_initializer)
        self.depthwise_regularizer = arguments.regularizer(depthwise_regularizer)
        self.pointwise_regularizer = arguments.regularizer(pointwise_regularizer)
        self.depthwise_constraint = arguments.constraint(depthwise_constraint)
        self.pointwise_constraint = arguments.constraint(pointwise_constraint)
        self.depthwise_kernel: Any = None
        self.pointwise_kernel: Any = None

    def build(self, input_shape: Any) -> None:
        """Makes both kinds of filters and the bias.

        Those of the channels are [*kernel_size, channels, depth_multiplier]; those across them are
        as large as one pixel: [1, ..., channels * depth_multiplier, filters].

        Args:
            input_shape: the shape of the input, whose number of channels must be known.

        Raises:
            ValueError: if it is not.
        """
        channels = self._channels(as_shape(input_shape))
        for kind, shape in (
            ("depthwise", (*self.kernel_size, channels, self.depth_multiplier)),
            (
                "pointwise",
                (*(1,) * self.spatial, self.depth_multiplier * channels, self.filters),
            ),
        ):
            made = self.add_weight(
                f"{kind}_kernel",
                shape,
                self.dtype,
                getattr(self, f"{kind}_initializer"),
                getattr(self, f"{kind}_regularizer"),
                constraint=getattr(self, f"{kind}_constraint"),
            )
            setattr(self, f"{kind}_kernel", made)
        self._make_bias()
        self.built = True

    def _separated(self, x: Any, depthwise: Any, pointwise: Any, strides: Any, rate: Any) -> Tensor:
        """The convolution of images, with the bias."""
        outputs = separable_conv2d_op(
            x,
            depthwise,
            pointwise,
            (1, 1, *strides) if self._first else (1, *strides, 1),
            arguments.op_padding(self.padding),
            rate,
            data_format=arguments.layout(2, self._first),
        )
        if self.use_bias:
            outputs = bias_add(outputs, self.bias, arguments.layout(2, self._first))
        return outputs


class SeparableConv1DLayer(SeparableConvolution):
    """A layer that convolves each channel of signals, then across the channels.

    Its arguments are those of `SeparableConvolution`.
    """

    spatial = 1

    def call(self, inputs: Any) -> Any:
        """Returns the result.

        Args:
            inputs: signals, as `data_format` says.
        """
        axis = 2 if self._first else 1
        x = expand_dims(self._led(inputs), axis)
        filters = expand_dims(self.depthwise_kernel, 0), expand_dims(self.pointwise_kernel, 0)
        wide = self._separated(x, *filters, self.strides * 2, (1, *self.dilation_rate))
        outputs = squeeze(wide, [axis])
        return outputs if self.activation is None else self.activation(outputs)


@export("layers.SeparableConv1D")
class SeparableConv1D(SeparableConv1DLayer, Layer):
    """A layer that convolves each channel of signals, then across the channels.

    Its arguments are those of `SeparableConv1DLayer`.
    """


class SeparableConv2DLayer(SeparableConvolution):
    """A layer that convolves each channel of images, then across the channels.

    Its arguments are those of `SeparableConvolution`.
    """

    spatial = 2

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        data_format: str | None = "channels_last",
        dilation_rate: Any = (1, 1),
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = None,
        pointwise_initializer: Any = None,
        bias_initializer: Any = _ZEROS,
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
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
            depth_multiplier,
            activation,
            use_bias,
            depthwise_initializer,
            pointwise_initializer,
            bias_initializer,
            depthwise_regularizer,
            pointwise_regularizer,
            bias_regularizer,
            activity_regularizer,
            depthwise_constraint,
            pointwise_constraint,
            bias_constraint,
            trainable,
            name,
            **kwargs,
        )

    def call(self, inputs: Any) -> Any:
        """Returns the result.

        Args:
            inputs: images, as `data_format` says.
        """
        filters = self.depthwise_kernel, self.pointwise_kernel
        outputs = self._separated(inputs, *filters, self.strides, self.dilation_rate)
        return outputs if self.activation is None else self.activation(outputs)


@export("layers.SeparableConv2D")
class SeparableConv2D(SeparableConv2DLayer, Layer):
    """A layer that convolves each channel of images, then across the channels.

    Its arguments are those of `SeparableConv2DLayer`.
    """


@export("layers.separable_conv1d")
def separable_conv1d(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = "channels_last",
    dilation_rate: Any = 1,
    depth_multiplier: int = 1,
    activation: Any = None,
    use_bias: bool = True,
    depthwise_initializer: Any = None,
    pointwise_initializer: Any = None,
    bias_initializer: Any = _ZEROS,
    depthwise_regularizer: Any = None,
    pointwise_regularizer: Any = None,
    bias_regularizer: Any = None,
    activity_regularizer: Any = None,
    depthwise_constraint: Any = None,
    pointwise_constraint: Any = None,
    bias_constraint: Any = None,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
) -> Tensor:
    """Returns the separable convolution of signals with filters of its own.

    Args:
        inputs: x: [n, w, c], or [n, c, w] for channels_first.
        filters: the number of output channels.
        kernel_size: the size of the window.
        strides: the step of the window.
        padding: "valid", "same" or "causal".
        data_format: "channels_last" or "channels_first".
        dilation_rate: the step between the elements of the window.
        depth_multiplier: how many filters each input channel has.
        activation: a function of the result, or its name; None: none.
        use_bias: whether there is a bias.
        depthwise_initializer: makes the first filters of the channels; None: the scope's, else
            glorot_uniform.
        pointwise_initializer: makes the first filters across the channels, likewise.
        bias_initializer: makes the first bias.
        depthwise_regularizer: a function of the filters of the channels whose value is a loss.
        pointwise_regularizer: a function of those across the channels whose value is a loss.
        bias_regularizer: a function of the bias whose value is a loss.
        activity_regularizer: a function of the result whose value is a loss.
        depthwise_constraint: applied to the filters of the channels after an optimizer's step.
        pointwise_constraint: applied to those across the channels after an optimizer's step.
        bias_constraint: applied to the bias after an optimizer's step.
        trainable: whether optimizers change the variables.
        name: the layer's name and variable scope; None: "separable_conv1d", made unique.
        reuse: whether the variables of an earlier layer of that name are shared.
    """
    layer = SeparableConv1D(
        filters,
        kernel_size,
        strides,
        padding,
        data_format,
        dilation_rate,
        depth_multiplier,
        activation,
        use_bias,
        depthwise_initializer,
        pointwise_initializer,
        bias_initializer,
        depthwise_regularizer,
        pointwise_regularizer,
        bias_regularizer,
        activity_regularizer,
        depthwise_constraint,
        pointwise_constraint,
        bias_constraint,
        trainable,
        name,
        _reuse=reuse,
        _scope=name,
    )
    found: Tensor = layer.apply(inputs)
    return found


@export("layers.separable_conv2d")
def separable_conv2d(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = "channels_last",
    dilation_rate: Any = (1, 1),
    depth_multiplier: int = 1,
    activation: Any = None,
    use_bias: bool = True,
    depthwise_initializer: Any = None,
    pointwise_initializer: Any = None,
    bias_initializer: Any = _ZEROS,
    depthwise_regularizer: Any = None,
    pointwise_regularizer: Any = None,
    bias_regularizer: Any = None,
    activity_regularizer: Any = None,
    depthwise_constraint: Any = None,
    pointwise_constraint: Any = None,
    bias_constraint: Any = None,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
) -> Tensor:
    """Returns the separable convolution of images with filters of its own.

    Args:
        inputs: x: [n, h, w, c], or [n, c, h, w] for channels_first.
        filters: the number of output channels.
        kernel_size: the size of the window, one or one for each axis.
        strides: the step of the window, likewise.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
        dilation_rate: the step between the elements of the window.
        depth_multiplier: how many filters each input channel has.
        activation: a function of the result, or its name; None: none.
        use_bias: whether there is a bias.
        depthwise_initializer: makes the first filters of the channels; None: the scope's, else
            glorot_uniform.
        pointwise_initializer: makes the first filters across the channels, likewise.
        bias_initializer: makes the first bias.
        depthwise_regularizer: a function of the filters of the channels whose value is a loss.
        pointwise_regularizer: a function of those across the channels whose value is a loss.
        bias_regularizer: a function of the bias whose value is a loss.
        activity_regularizer: a function of the result whose value is a loss.
        depthwise_constraint: applied to the filters of the channels after an optimizer's step.
        pointwise_constraint: applied to those across the channels after an optimizer's step.
        bias_constraint: applied to the bias after an optimizer's step.
        trainable: whether optimizers change the variables.
        name: the layer's name and variable scope; None: "separable_conv2d", made unique.
        reuse: whether the variables of an earlier layer of that name are shared.
    """
    layer = SeparableConv2D(
        filters,
        kernel_size,
        strides,
        padding,
        data_format,
        dilation_rate,
        depth_multiplier,
        activation,
        use_bias,
        depthwise_initializer,
        pointwise_initializer,
        bias_initializer,
        depthwise_regularizer,
        pointwise_regularizer,
        bias_regularizer,
        activity_regularizer,
        depthwise_constraint,
        pointwise_constraint,
        bias_constraint,
        trainable,
        name,
        _reuse=reuse,
        _scope=name,
    )
    found: Tensor = layer.apply(inputs)
    return found
