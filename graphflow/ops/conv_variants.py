"""Convolutions that end in Conv2D or its gradient: transposed, in one dimension, dilated."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.export import export, renamed
from graphflow.core.tensor import Tensor
from graphflow.ops._arguments import either
from graphflow.ops.conv import CONV2D, CONV2D_BACKPROP_INPUT, conv2d, sequence


@export("nn.conv2d_transpose")
def conv2d_transpose(
    value: Any = None,
    filter: Any = None,
    output_shape: Any = None,
    strides: Any = None,
    padding: Any = "SAME",
    data_format: Any = "NHWC",
    name: str | None = None,
    input: Any = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """Returns the transpose of `conv2d`: its gradient by the images, used to enlarge them.

    Args:
        value: x: [n, h, w, channels].
        filter: w: [filter h, filter w, output channels, channels].
        output_shape: the four sizes of the result.
        strides: how many times larger, as `conv2d` takes them.
        padding: "SAME" or "VALID".
        data_format: "NHWC" or "NCHW".
        name: the node's name.
        input: another name of `value`.
        filters: another name of `filter`.
        dilations: see `conv2d`.
    """
    value = either("value", value, "input", input)
    filter = either("filter", filter, "filters", filters)
    with scopes.name_scope(name, "conv2d_transpose", [value, filter, output_shape]) as scope:
        data_format = "NHWC" if data_format is None else data_format
        channel_index = 1 if data_format.startswith("NC") else 3
        found: Tensor = apply(
            CONV2D_BACKPROP_INPUT,
            output_shape,
            filter,
            value,
            strides=sequence(strides, 2, channel_index, "strides"),
            padding=padding,
            data_format=data_format,
            dilations=sequence(dilations, 2, channel_index, "dilations"),
            name=scope,
        )
    return found


@export("nn.conv1d")
def conv1d(
    value: Any = None,
    filters: Any = None,
    stride: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: Any = None,
    data_format: Any = None,
    name: str | None = None,
    input: Any = None,
    dilations: Any = None,
) -> Tensor:
    """Returns the one-dimensional convolution of signals with filters.

    Args:
        value: x: [n, w, c], or [n, c, w] for NCW.
        filters: w: [filter w, c, channels].
        stride: the step of the window.
        padding: "SAME" or "VALID".
        use_cudnn_on_gpu: kept in the graph; without effect here.
        data_format: "NWC" or "NCW".
        name: the name of the scope.
        input: another name of `value`.
        dilations: the step between the taps of the filter.

    Raises:
        ValueError: if the format is another, or the shapes do not fit.
    """
    value = either("value", value, "input", input)
    with scopes.name_scope(name, "conv1d", [value, filters]) as scope:
        if data_format not in (None, "NHWC", "NWC", "NCHW", "NCW"):
            raise ValueError('data_format must be "NWC" or "NCW".')
        first = data_format in ("NCHW", "NCW")
        axis, channel_index = (2, 1) if first else (1, 2)
        steps = [1, *sequence(stride, 1, channel_index, "stride")]
        taps = [1, *sequence(dilations, 1, channel_index, "dilations")]
        value = apply("ExpandDims", value, axis)
        filters = apply("ExpandDims", filters, 0)
        wide = apply(
            CONV2D,
            value,
            filters,
            strides=steps,
            padding=padding,
            use_cudnn_on_gpu=use_cudnn_on_gpu,
            data_format="NCHW" if first else "NHWC",
            dilations=taps,
            name=scope,
        )
        found: Tensor = apply("Squeeze", wide, squeeze_dims=[axis])
    return found


@export("nn.atrous_conv2d")
def atrous_conv2d(
    value: Any, filters: Any, rate: Any, padding: Any, name: str | None = None
) -> Tensor:
    """Returns a convolution whose filter taps stand `rate` pixels apart.

    Args:
        value: x: [n, h, w, c].
        filters: w: [filter h, filter w, c, channels].
        rate: the step between the taps.
        padding: "SAME" or "VALID".
        name: the node's name.

    Note:
        One Conv2D with dilations. TensorFlow 1.15 writes it as a convolution between
        SpaceToBatchND and BatchToSpaceND, with the same values.
    """
    with scopes.name_scope(name, "convolution", [value, filters]) as scope:
        rates = np.broadcast_to(rate, (2,)).tolist()
        found: Tensor = conv2d(
            convert(value, name="input"),
            convert(filters, name="filter"),
            1,
            padding,
            dilations=rates,
            name=scope,
        )
    return found


@export("nn.convolution")
@renamed(filters="filter", dilations="dilation_rate")
def convolution(
    input: Any,
    filter: Any,
    padding: Any,
    strides: Any = None,
    dilation_rate: Any = None,
    name: str | None = None,
    data_format: Any = None,
) -> Tensor:
    """Returns the convolution of signals or images, by the rank of the input.

    Args:
        input: x: [n, w, c] or [n, h, w, c]; channels first for a format such as "NCHW".
        filter: the filters, `[..., c, channels]`.
        padding: "SAME" or "VALID".
        strides: the step of the window in each spatial dimension.
        dilation_rate: the step between the taps in each spatial dimension.
        name: the node's name.
        data_format: "NWC", "NCW", "NHWC" or "NCHW"; None: channels last.

    Raises:
        ValueError: if the rank is not known or is neither 3 nor 4.

    Note:
        Dilations become those of one Conv2D; see `atrous_conv2d`.
    """
    with scopes.name_scope(name, "convolution", [input, filter]) as scope:
        input, filter = convert(input, name="input"), convert(filter, name="filter")
        dims = input.dims if input.dims is not None else filter.dims
        if dims is None:
            raise ValueError("rank of input or filter must be known")
        if len(dims) not in (3, 4):
            raise ValueError(f"Input tensor must be of rank 3 or 4 but was {len(dims)}.")
        if len(dims) == 3:
            narrow: Tensor = conv1d(
                input,
                filter,
                strides,
                padding,
                data_format=data_format,
                dilations=dilation_rate,
                name=scope,
            )
            return narrow
        found: Tensor = conv2d(
            input,
            filter,
            strides,
            padding,
            data_format=data_format,
            dilations=dilation_rate,
            name=scope,
        )
    return found
