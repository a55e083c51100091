"""Keras' convolution layers: the computation is that of `tf.layers`."""

from __future__ import annotations

from typing import Any

from graphflow.core.export import export
from graphflow.models import layers_arguments as arguments
from graphflow.nets.convolution3d import Conv3DLayer
from graphflow.nets.convolutional import Conv1DLayer, Conv2DLayer
from graphflow.nets.separable import (
    SeparableConv1DLayer,
    SeparableConv2DLayer,
    SeparableConvolution,
)

_KERNEL = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")
"""What the configuration of separable convolutions has too, as in TensorFlow; not used."""


@export("keras.layers.Conv1D", "keras.layers.Convolution1D")
class Conv1D(Conv1DLayer):
    """A layer that convolves signals with filters.

    Args:
        filters: the number of output channels.
        kernel_size: the size of the window, one or one for each spatial axis.
        strides: the step of the window, likewise.
        padding: "valid" or "same"; "causal": no output sees what comes later.
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
            dilation_rate=dilation_rate,
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


@export("keras.layers.Conv2D", "keras.layers.Convolution2D")
class Conv2D(Conv2DLayer):
    """A layer that convolves images with filters.

    Args:
        filters: the number of output channels.
        kernel_size: the size of the window, one or one for each spatial axis.
        strides: the step of the window, likewise.
        padding: "valid" or "same".
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

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
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
            dilation_rate=dilation_rate,
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


@export("keras.layers.Conv3D", "keras.layers.Convolution3D")
class Conv3D(Conv3DLayer):
    """A layer that convolves volumes with filters.

    Args:
        filters: the number of output channels.
        kernel_size: the size of the window, one or one for each spatial axis.
        strides: the step of the window, likewise.
        padding: "valid" or "same".
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

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = (1, 1, 1),
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
            dilation_rate=dilation_rate,
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


@export("keras.layers.SeparableConv1D", "keras.layers.SeparableConvolution1D")
class SeparableConv1D(SeparableConv1DLayer):
    """A layer that convolves each channel of signals, then across the channels.

    Args:
        filters: the number of output channels.
        kernel_size: the size of the window, one or one for each spatial axis.
        strides: the step of the window, likewise.
        padding: "valid" or "same"; "causal": no output sees what comes later.
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        dilation_rate: the step between the elements of the window.
        depth_multiplier: how many filters each input channel has.
        activation: a function of the result, or its name; None: none.
        use_bias: whether there is a bias.
        depthwise_initializer: makes the first filters of the channels: an initializer or its
            name.
        pointwise_initializer: makes the first filters across the channels.
        bias_initializer: makes the first bias.
        depthwise_regularizer: a function of the filters of the channels whose value is a loss.
        pointwise_regularizer: a function of those across them whose value is a loss.
        bias_regularizer: a function of the bias whose value is a loss.
        activity_regularizer: a function of the result whose value is a loss.
        depthwise_constraint: applied to the filters of the channels after an optimizer's step.
        pointwise_constraint: applied to those across them after an optimizer's step.
        bias_constraint: applied to the bias after an optimizer's step.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if an argument is not of its kind.
    """

    CONFIG = (*SeparableConvolution.CONFIG, *_KERNEL)

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=arguments.data_format(data_format),
            dilation_rate=dilation_rate,
            depth_multiplier=depth_multiplier,
            activation=arguments.ACTIVATION(activation),
            use_bias=use_bias,
            depthwise_initializer=arguments.INITIALIZER(depthwise_initializer),
            pointwise_initializer=arguments.INITIALIZER(pointwise_initializer),
            bias_initializer=arguments.INITIALIZER(bias_initializer),
            depthwise_regularizer=arguments.REGULARIZER(depthwise_regularizer),
            pointwise_regularizer=arguments.REGULARIZER(pointwise_regularizer),
            bias_regularizer=arguments.REGULARIZER(bias_regularizer),
            activity_regularizer=arguments.REGULARIZER(activity_regularizer),
            depthwise_constraint=arguments.CONSTRAINT(depthwise_constraint),
            pointwise_constraint=arguments.CONSTRAINT(pointwise_constraint),
            bias_constraint=arguments.CONSTRAINT(bias_constraint),
            **kwargs,
        )
        self.kernel_initializer = arguments.INITIALIZER("glorot_uniform")


@export("keras.layers.SeparableConv2D", "keras.layers.SeparableConvolution2D")
class SeparableConv2D(SeparableConv2DLayer):
    """A layer that convolves each channel of images, then across the channels.

    Args:
        filters: the number of output channels.
        kernel_size: the size of the window, one or one for each spatial axis.
        strides: the step of the window, likewise.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        dilation_rate: the step between the elements of the window.
        depth_multiplier: how many filters each input channel has.
        activation: a function of the result, or its name; None: none.
        use_bias: whether there is a bias.
        depthwise_initializer: makes the first filters of the channels: an initializer or its
            name.
        pointwise_initializer: makes the first filters across the channels.
        bias_initializer: makes the first bias.
        depthwise_regularizer: a function of the filters of the channels whose value is a loss.
        pointwise_regularizer: a function of those across them whose value is a loss.
        bias_regularizer: a function of the bias whose value is a loss.
        activity_regularizer: a function of the result whose value is a loss.
        depthwise_constraint: applied to the filters of the channels after an optimizer's step.
        pointwise_constraint: applied to those across them after an optimizer's step.
        bias_constraint: applied to the bias after an optimizer's step.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if an argument is not of its kind.
    """

    CONFIG = (*SeparableConvolution.CONFIG, *_KERNEL)

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = (1, 1),
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=arguments.data_format(data_format),
            dilation_rate=dilation_rate,
            depth_multiplier=depth_multiplier,
            activation=arguments.ACTIVATION(activation),
            use_bias=use_bias,
            depthwise_initializer=arguments.INITIALIZER(depthwise_initializer),
            pointwise_initializer=arguments.INITIALIZER(pointwise_initializer),
            bias_initializer=arguments.INITIALIZER(bias_initializer),
            depthwise_regularizer=arguments.REGULARIZER(depthwise_regularizer),
            pointwise_regularizer=arguments.REGULARIZER(pointwise_regularizer),
            bias_regularizer=arguments.REGULARIZER(bias_regularizer),
            activity_regularizer=arguments.REGULARIZER(activity_regularizer),
            depthwise_constraint=arguments.CONSTRAINT(depthwise_constraint),
            pointwise_constraint=arguments.CONSTRAINT(pointwise_constraint),
            bias_constraint=arguments.CONSTRAINT(bias_constraint),
            **kwargs,
        )
        self.kernel_initializer = arguments.INITIALIZER("glorot_uniform")
