"""Convolution layers for volumes: the plain one and the transposed one."""

from __future__ import annotations

from typing import Any

from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets import layer_arguments as arguments
from graphflow.nets.convolutional import Convolution, TransposedConvolution
from graphflow.nets.initializers import Zeros
from graphflow.nets.layer import Layer
from graphflow.ops.conv3d import conv3d_transpose as conv3d_transpose_op

_ZEROS = Zeros()


class Conv3DLayer(Convolution):
    """A layer that convolves volumes with filters; its arguments are those of `Convolution`."""

    spatial = 3

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1, 1),
        padding: Any = "valid",
        data_format: str | None = "channels_last",
        dilation_rate: Any = (1, 1, 1),
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


@export("layers.Conv3D")
class Conv3D(Conv3DLayer, Layer):
    """A layer that convolves volumes with filters; its arguments are those of `Convolution`.

    Its arguments are those of `Conv3DLayer`.
    """


class Conv3DTransposeLayer(TransposedConvolution):
    """A layer that undoes the sizes of a convolution of volumes.

    Its arguments are those of `Convolution`, without a dilation rate.
    """

    spatial = 3

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1, 1),
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
            (1, 1, 1),
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
        outputs = conv3d_transpose_op(
            inputs,
            self.kernel,
            self._target(inputs),
            (1, 1, *self.strides) if self._first else (1, *self.strides, 1),
            self.padding.upper(),
            arguments.layout(3, self._first),
        )
        outputs.set_shape(self.compute_output_shape(inputs.shape))
        return outputs


@export("layers.Conv3DTranspose")
class Conv3DTranspose(Conv3DTransposeLayer, Layer):
    """A layer that undoes the sizes of a convolution of volumes.

    Its arguments are those of `Conv3DTransposeLayer`.
    """


@export("layers.conv3d")
def conv3d(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = (1, 1, 1),
    padding: Any = "valid",
    data_format: str | None = "channels_last",
    dilation_rate: Any = (1, 1, 1),
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
    """Returns the convolution of volumes with filters of its own; arguments as `Convolution`.

    Args:
        inputs: x: [n, d, h, w, c], or [n, c, d, h, w] for channels_first.
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
        name: the layer's name and variable scope; None: "conv3d", made unique.
        reuse: whether the variables of an earlier layer of that name are shared.
    """
    layer = Conv3D(
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


@export("layers.conv3d_transpose")
def conv3d_transpose(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = (1, 1, 1),
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
    """Returns the transposed convolution of volumes with filters of its own.

    Args:
        inputs: x: [n, d, h, w, c], or [n, c, d, h, w] for channels_first.
        filters: the number of output channels.
        kernel_size: the size of the window, one or one for each axis.
        strides: how many times larger the volumes become.
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
        name: the layer's name and variable scope; None: "conv3d_transpose", made unique.
        reuse: whether the variables of an earlier layer of that name are shared.
    """
    layer = Conv3DTranspose(
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
