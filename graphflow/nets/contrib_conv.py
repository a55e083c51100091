"""tf.contrib.layers' convolutions, over `tf.layers`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from graphflow.nets.contrib_collect import (
    check_format,
    last_dimension,
    scoped,
    two_element_tuple,
)
from graphflow.nets.contrib_initializers import xavier_initializer
from graphflow.nets.contrib_layer_scope import (
    ZEROS,
    finished,
    layer_scope,
    note_variables,
    own_variable,
    tensor,
)
from graphflow.nets.convolution3d import Conv3D, Conv3DTranspose
from graphflow.nets.convolutional import Conv1D, Conv2D, Conv2DTranspose
from graphflow.ops.activation import relu
from graphflow.ops.bias import bias_add
from graphflow.ops.separable import depthwise_conv2d
from graphflow.ops.tile import tile
from graphflow.ops.variable_scope import variable_scope

_XAVIER = xavier_initializer()
_FORMATS = (None, "NWC", "NCW", "NHWC", "NCHW", "NDHWC", "NCDHW")
_BY_RANK: dict[int | None, Any] = {3: Conv1D, 4: Conv2D, 5: Conv3D}


@scoped("convolution")
def convolution(
    inputs: Any,
    num_outputs: int,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: str | None = None,
    rate: Any = 1,
    activation_fn: Any = relu,
    normalizer_fn: Any = None,
    normalizer_params: dict[str, Any] | None = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Any = None,
    biases_initializer: Any = ZEROS,
    biases_regularizer: Any = None,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
    conv_dims: int | None = None,
) -> Any:
    """Returns a convolution with biases (or a normalizer) and an activation.

    Args:
        inputs: a tensor [batch, *sizes, channels].
        num_outputs: the number of filters.
        kernel_size: the window, a number or one for each axis.
        stride: its steps, likewise.
        padding: "SAME" or "VALID".
        data_format: such as "NHWC" or "NCHW"; None: channels last.
        rate: the distance between elements that a window takes.
        activation_fn: a function of the result; None: none.
        normalizer_fn: a function of the result before that, such as `batch_norm`, in place of
            biases.
        normalizer_params: further arguments of that.
        weights_initializer: makes the first weights.
        weights_regularizer: a function of the weights that is noted as a loss.
        biases_initializer: makes the first biases; None: no biases.
        biases_regularizer: as that of the weights.
        reuse: whether the variables must exist; needs `scope`.
        variables_collections: collections for all variables, or lists by "weights" and "biases".
        outputs_collections: collections for the result.
        trainable: whether optimizers change the variables.
        scope: the variable scope, or its name.
        conv_dims: how many sizes in space the input must have; None: any.

    Raises:
        ValueError: if the format is not known, or the rank does not fit.
    """
    if data_format not in _FORMATS:
        raise ValueError(f"Invalid data_format: {data_format!r}")
    names = {"bias": "biases", "kernel": "weights"}
    with layer_scope(scope, "Conv", inputs, reuse, **names) as sc:
        inputs = tensor(inputs)
        layer = _layer_for(inputs.shape.ndims, conv_dims)(
            filters=num_outputs,
            kernel_size=kernel_size,
            strides=stride,
            padding=padding,
            data_format=_keras_format(data_format),
            dilation_rate=rate,
            activation=None,
            use_bias=bool(not normalizer_fn and biases_initializer),
            kernel_initializer=weights_initializer,
            bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer,
            bias_regularizer=biases_regularizer,
            activity_regularizer=None,
            trainable=trainable,
            name=sc.name,
            dtype=inputs.dtype.base_dtype,
            _scope=sc,
            _reuse=reuse,
        )
        outputs = layer.apply(inputs)
        note_variables(layer, variables_collections, kernel="weights", bias="biases")
        return finished(
            outputs, sc.name, outputs_collections, activation_fn, normalizer_fn, normalizer_params
        )


def _keras_format(data_format: str | None) -> str:
    return "channels_first" if data_format and data_format.startswith("NC") else "channels_last"


def _layer_for(rank: int | None, conv_dims: int | None) -> Any:
    if conv_dims is not None and conv_dims + 2 != rank:
        raise ValueError(f"Convolution expects input with rank {conv_dims + 2}, got {rank}")
    if rank not in _BY_RANK:
        raise ValueError("Convolution not supported for input with rank", rank)
    return _BY_RANK[rank]


def _of_dims(name: str, conv_dims: int) -> Callable[..., Any]:
    """`convolution` for inputs of one rank; argument scopes tell the functions apart."""
    general = inspect.unwrap(convolution)
    shown = inspect.signature(general)
    without = [p for p in shown.parameters.values() if p.name != "conv_dims"]

    @functools.wraps(general)
    def function(*args: Any, **kwargs: Any) -> Any:
        return general(*args, **kwargs, conv_dims=conv_dims)

    del function.__wrapped__
    function.__name__ = function.__qualname__ = name
    function.__signature__ = shown.replace(parameters=without)  # type: ignore[attr-defined]
    return scoped(name, name.replace("convolution", "conv"))(function)


conv1d = convolution1d = _of_dims("convolution1d", 1)
conv2d = convolution2d = _of_dims("convolution2d", 2)
conv3d = convolution3d = _of_dims("convolution3d", 3)


# --- transposed ---
def _transposed(default: str, layer_class: Any, spatial: str, given: dict[str, Any]) -> Any:
    """The transposed convolution that a call of that layer's function means."""
    reuse, inputs = given["reuse"], given["inputs"]
    names = {"bias": "biases", "kernel": "weights"}
    with layer_scope(given["scope"], default, inputs, reuse, **names) as sc:
        data_format = check_format(given["data_format"], spatial)
        inputs = tensor(inputs)
        layer = layer_class(
            filters=given["num_outputs"],
            kernel_size=given["kernel_size"],
            strides=given["stride"],
            padding=given["padding"],
            data_format=data_format,
            activation=None,
            use_bias=bool(not given["normalizer_fn"] and given["biases_initializer"]),
            kernel_initializer=given["weights_initializer"],
            bias_initializer=given["biases_initializer"],
            kernel_regularizer=given["weights_regularizer"],
            bias_regularizer=given["biases_regularizer"],
            activity_regularizer=None,
            trainable=given["trainable"],
            name=sc.name,
            dtype=inputs.dtype.base_dtype,
            _scope=sc,
            _reuse=reuse,
        )
        outputs = layer.apply(inputs)
        note_variables(layer, given["variables_collections"], kernel="weights", bias="biases")
        return finished(
            outputs,
            sc.name,
            given["outputs_collections"],
            given["activation_fn"],
            given["normalizer_fn"],
            given["normalizer_params"],
        )


@scoped("conv2d_transpose", "convolution2d_transpose")
def convolution2d_transpose(
    inputs: Any,
    num_outputs: int,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: str = "NHWC",
    activation_fn: Any = relu,
    normalizer_fn: Any = None,
    normalizer_params: dict[str, Any] | None = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Any = None,
    biases_initializer: Any = ZEROS,
    biases_regularizer: Any = None,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Any:
    """Returns a transposed convolution of images, with biases and an activation.

    Args:
        inputs: a tensor [batch, height, width, channels].
        num_outputs: the number of filters.
        kernel_size: the window, a number or two.
        stride: its steps, likewise: by so much the images grow.
        padding: "SAME" or "VALID".
        data_format: "NHWC" or "NCHW".
        activation_fn: as in `convolution`; so are all that follow.
        normalizer_fn: in place of biases.
        normalizer_params: further arguments of that.
        weights_initializer: makes the first weights.
        weights_regularizer: a function of the weights that is noted as a loss.
        biases_initializer: makes the first biases; None: no biases.
        biases_regularizer: as that of the weights.
        reuse: whether the variables must exist.
        variables_collections: collections for the variables.
        outputs_collections: collections for the result.
        trainable: whether optimizers change the variables.
        scope: the variable scope, or its name.

    Raises:
        ValueError: if the format is another one.
    """
    return _transposed("Conv2d_transpose", Conv2DTranspose, "HW", dict(locals()))


@scoped("conv3d_transpose", "convolution3d_transpose")
def convolution3d_transpose(
    inputs: Any,
    num_outputs: int,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: str = "NDHWC",
    activation_fn: Any = relu,
    normalizer_fn: Any = None,
    normalizer_params: dict[str, Any] | None = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Any = None,
    biases_initializer: Any = ZEROS,
    biases_regularizer: Any = None,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Any:
    """Returns a transposed convolution of volumes, with biases and an activation.

    Args:
        inputs: a tensor [batch, depth, height, width, channels].
        num_outputs: the number of filters.
        kernel_size: the window, a number or three.
        stride: its steps, likewise: by so much the volumes grow.
        padding: "SAME" or "VALID".
        data_format: "NDHWC" or "NCDHW".
        activation_fn: as in `convolution`; so are all that follow.
        normalizer_fn: in place of biases.
        normalizer_params: further arguments of that.
        weights_initializer: makes the first weights.
        weights_regularizer: a function of the weights that is noted as a loss.
        biases_initializer: makes the first biases; None: no biases.
        biases_regularizer: as that of the weights.
        reuse: whether the variables must exist.
        variables_collections: collections for the variables.
        outputs_collections: collections for the result.
        trainable: whether optimizers change the variables.
        scope: the variable scope, or its name.

    Raises:
        ValueError: if the format is another one.
    """
    return _transposed("Conv3d_transpose", Conv3DTranspose, "DHW", dict(locals()))


# --- each channel alone, one filter for all ---
@scoped("conv2d_in_plane", "convolution2d_in_plane")
def convolution2d_in_plane(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    activation_fn: Any = relu,
    normalizer_fn: Any = None,
    normalizer_params: dict[str, Any] | None = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Any = None,
    biases_initializer: Any = ZEROS,
    biases_regularizer: Any = None,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Any:
    """Returns every channel of images convolved with one and the same window.

    Args:
        inputs: a tensor [batch, height, width, channels].
        kernel_size: the window, a number or two.
        stride: its steps, likewise.
        padding: "SAME" or "VALID".
        activation_fn: as in `convolution`; so are all that follow.
        normalizer_fn: in place of biases.
        normalizer_params: further arguments of that.
        weights_initializer: makes the first weights.
        weights_regularizer: a function of the weights that is noted as a loss.
        biases_initializer: makes the first biases; None: no biases.
        biases_regularizer: as that of the weights.
        reuse: whether the variables must exist.
        variables_collections: collections for the variables.
        outputs_collections: collections for the result.
        trainable: whether optimizers change the variables.
        scope: the variable scope, or its name.

    Raises:
        ValueError: if the number of channels is not known.
    """
    with variable_scope(scope, "ConvInPlane", [inputs], reuse=reuse) as sc:
        dtype = inputs.dtype.base_dtype
        window, steps = two_element_tuple(kernel_size), two_element_tuple(stride)
        channels = last_dimension(inputs.shape, min_rank=4)
        weights = own_variable(
            "weights", [*window, 1, 1], variables_collections, weights_initializer, dtype,
            regularizer=weights_regularizer, trainable=trainable,
        )  # fmt: skip
        filters = tile(weights, [1, 1, channels, 1])
        outputs = depthwise_conv2d(inputs, filters, [1, *steps, 1], padding)
        if normalizer_fn is None and biases_initializer is not None:
            biases = own_variable(
                "biases", [channels], variables_collections, biases_initializer, dtype,
                regularizer=biases_regularizer, trainable=trainable,
            )  # fmt: skip
            outputs = bias_add(outputs, biases)
        return finished(
            outputs, sc.name, outputs_collections, activation_fn, normalizer_fn, normalizer_params
        )


conv2d_transpose = convolution2d_transpose
conv3d_transpose = convolution3d_transpose
conv2d_in_plane = convolution2d_in_plane
