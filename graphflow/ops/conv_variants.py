"""Convolutions that end in Conv2D or its gradient: transposed, and in one dimension."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops._arguments import either
from graphflow.ops.concat import concat
from graphflow.ops.conv import CONV2D, CONV2D_BACKPROP_INPUT, sequence
from graphflow.ops.conv3d import conv3d_transpose


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


@export("nn.conv1d_transpose")
def conv1d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: Any = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns the transpose of `conv1d`: its gradient by the signals, used to enlarge them.

    Args:
        input: x: [n, w, channels], or [n, channels, w] for NCW.
        filters: w: [filter w, output channels, channels].
        output_shape: the three sizes of the result.
        strides: how many times longer.
        padding: "SAME" or "VALID".
        data_format: "NWC" or "NCW".
        dilations: the step between the taps of the filter.
        name: the name of the scope.

    Raises:
        ValueError: if the format is another.
    """
    with scopes.name_scope(name, "conv1d_transpose", [input, filters, output_shape]) as scope:
        if data_format not in (None, "NWC", "NCW"):
            raise ValueError('data_format must be "NWC" or "NCW".')
        first = data_format == "NCW"
        axis, channel_index = (2, 1) if first else (1, 2)
        steps = [1, *sequence(strides, 1, channel_index, "stride")]
        taps = [1, *sequence(dilations, 1, channel_index, "dilations")]
        value = apply("ExpandDims", input, axis)
        wide_filters = apply("ExpandDims", filters, 0)
        sizes = output_shape if isinstance(output_shape, Tensor) else list(output_shape)
        wide = apply(
            CONV2D_BACKPROP_INPUT,
            concat([sizes[:axis], [1], sizes[axis:]], 0),
            wide_filters,
            value,
            strides=steps,
            padding=padding,
            data_format="NCHW" if first else "NHWC",
            dilations=taps,
            name=scope,
        )
        found: Tensor = apply("Squeeze", wide, squeeze_dims=[axis])
    return found


@export("nn.conv_transpose")
def conv_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: Any = None,
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns the transposed convolution of signals, images or volumes, by `output_shape`.

    Args:
        input: x: [n, *space, channels].
        filters: w: [*window, output channels, channels].
        output_shape: the sizes of the result.
        strides: how many times larger.
        padding: "SAME" or "VALID".
        data_format: the order of the dimensions; None: channels last.
        dilations: the step between the taps of the filter.
        name: the node's name.

    Raises:
        ValueError: if there are other than 3, 4 or 5 sizes.
    """
    with scopes.name_scope(name, "conv_transpose", [input, output_shape]) as scope:
        n = _length(output_shape) - 2
        if not 1 <= n <= 3:
            raise ValueError(f"output_shape must be of length 3, 4 or 5 but was {n + 2}.")
        transpose = (conv1d_transpose, conv2d_transpose, conv3d_transpose)[n - 1]
        found: Tensor = transpose(
            input,
            filters,
            output_shape,
            strides,
            padding=padding,
            data_format=data_format,
            dilations=dilations,
            name=scope,
        )
    return found


def _length(sizes: Any) -> int:
    if isinstance(sizes, Tensor):
        return int(sizes.shape[0])
    if isinstance(sizes, Sized):
        return len(sizes)
    raise ValueError("output_shape must be a tensor or sized collection.")
