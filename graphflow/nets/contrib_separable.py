"""tf.contrib.layers' separable convolution: each channel alone, then all channels at each point."""

from __future__ import annotations

from typing import Any

from graphflow.nets.contrib_collect import (
    channel_dimension,
    check_format,
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
from graphflow.nets.separable import SeparableConv2D
from graphflow.ops.activation import relu
from graphflow.ops.bias import bias_add
from graphflow.ops.separable import depthwise_conv2d

_NAMES = {
    "bias": "biases",
    "depthwise_kernel": "depthwise_weights",
    "pointwise_kernel": "pointwise_weights",
}


@scoped("separable_conv2d", "separable_convolution2d")
def separable_convolution2d(
    inputs: Any,
    num_outputs: int | None,
    kernel_size: Any,
    depth_multiplier: int = 1,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: str = "NHWC",
    rate: Any = 1,
    activation_fn: Any = relu,
    normalizer_fn: Any = None,
    normalizer_params: dict[str, Any] | None = None,
    weights_initializer: Any = xavier_initializer(),  # noqa: B008 (one for all, as TensorFlow's)
    pointwise_initializer: Any = None,
    weights_regularizer: Any = None,
    biases_initializer: Any = ZEROS,
    biases_regularizer: Any = None,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Any:
    """Returns a convolution of each channel, then one of all channels with a window of one point.

    Args:
        inputs: a tensor [batch, height, width, channels].
        num_outputs: the number of filters of the second step; None: leave it out.
        kernel_size: the window, a number or two.
        depth_multiplier: how many results each channel has in the first step.
        stride: its steps, a number or two.
        padding: "SAME" or "VALID".
        data_format: "NHWC" or "NCHW".
        rate: the distance between elements that a window takes.
        activation_fn: as in `convolution`; so are all that follow.
        normalizer_fn: in place of biases.
        normalizer_params: further arguments of that.
        weights_initializer: makes the first weights.
        pointwise_initializer: makes those of the second step; None: likewise.
        weights_regularizer: a function of the weights that is noted as a loss.
        biases_initializer: makes the first biases; None: no biases.
        biases_regularizer: as that of the weights.
        reuse: whether the variables must exist.
        variables_collections: collections for the variables.
        outputs_collections: collections for the result.
        trainable: whether optimizers change the variables.
        scope: the variable scope, or its name.

    Raises:
        ValueError: if the format is another one, or the number of channels is not known.
    """
    given = dict(locals())
    given["keras_format"] = check_format(data_format)
    given["has_bias"] = not normalizer_fn and biases_initializer is not None
    with layer_scope(scope, "SeparableConv2d", inputs, reuse, **_NAMES) as sc:
        given["inputs"] = tensor(inputs)
        outputs = _depthwise(given) if num_outputs is None else _both(given, sc)
        return finished(
            outputs, sc.name, outputs_collections, activation_fn, normalizer_fn, normalizer_params
        )


def _both(given: dict[str, Any], sc: Any) -> Any:
    weights, regularizer = given["weights_initializer"], given["weights_regularizer"]
    pointwise = given["pointwise_initializer"]
    layer = SeparableConv2D(
        filters=given["num_outputs"],
        kernel_size=given["kernel_size"],
        strides=given["stride"],
        padding=given["padding"],
        data_format=given["keras_format"],
        dilation_rate=two_element_tuple(given["rate"]),
        activation=None,
        depth_multiplier=given["depth_multiplier"],
        use_bias=bool(not given["normalizer_fn"] and given["biases_initializer"]),
        depthwise_initializer=weights,
        pointwise_initializer=weights if pointwise is None else pointwise,
        bias_initializer=given["biases_initializer"],
        depthwise_regularizer=regularizer,
        pointwise_regularizer=regularizer,
        bias_regularizer=given["biases_regularizer"],
        activity_regularizer=None,
        trainable=given["trainable"],
        name=sc.name,
        dtype=given["inputs"].dtype.base_dtype,
        _scope=sc,
        _reuse=given["reuse"],
    )
    outputs = layer.apply(given["inputs"])
    kinds = {"depthwise_kernel": "weights", "pointwise_kernel": "weights", "bias": "biases"}
    note_variables(layer, given["variables_collections"], **kinds)
    return outputs


def _depthwise(given: dict[str, Any]) -> Any:
    inputs, data_format = given["inputs"], given["data_format"]
    dtype, collections = inputs.dtype.base_dtype, given["variables_collections"]
    channels = channel_dimension(inputs.shape, given["keras_format"], min_rank=4)
    window, steps = two_element_tuple(given["kernel_size"]), two_element_tuple(given["stride"])
    weights = own_variable(
        "depthwise_weights",
        [*window, channels, given["depth_multiplier"]],
        collections,
        given["weights_initializer"],
        dtype,
        regularizer=given["weights_regularizer"],
        trainable=given["trainable"],
    )
    strides = [1, 1, *steps] if data_format == "NCHW" else [1, *steps, 1]
    rate = two_element_tuple(given["rate"])
    outputs = depthwise_conv2d(
        inputs, weights, strides, given["padding"], rate=rate, data_format=data_format
    )
    if not given["has_bias"]:
        return outputs
    biases = own_variable(
        "biases",
        [channels * given["depth_multiplier"]],
        collections,
        given["biases_initializer"],
        dtype,
        regularizer=given["biases_regularizer"],
        trainable=given["trainable"],
    )
    return bias_add(outputs, biases, data_format=data_format)


separable_conv2d = separable_convolution2d
