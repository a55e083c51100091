"""Depthwise convolution with holes, and the separable one: depthwise, then across channels."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops._arguments import either
from graphflow.ops.atrous import with_space_to_batch
from graphflow.ops.conv import conv2d
from graphflow.ops.depthwise import depthwise_conv2d_native
from graphflow.ops.shape_ops import shape as shape_of


def _depthwise(
    x: Tensor,
    w: Tensor,
    strides: Any,
    padding: Any,
    rate: Any,
    data_format: Any,
    name: str,
) -> Tensor:
    def op(x: Any, _: int, padding: Any) -> Tensor:
        layout = "NHWC" if data_format is None else data_format
        return depthwise_conv2d_native(x, w, strides, padding, layout, name=name)

    found: Tensor = with_space_to_batch(
        x,
        [1, 1] if rate is None else rate,
        padding,
        op,
        filter_shape=shape_of(w),
        data_format=data_format,
    )
    return found


@export("nn.depthwise_conv2d")
def depthwise_conv2d(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    rate: Any = None,
    name: str | None = None,
    data_format: Any = None,
    dilations: Any = None,
) -> Tensor:
    """Returns the convolution of each channel with filters of its own.

    Args:
        input: x: [n, h, w, c], or [n, c, h, w] for NCHW.
        filter: w: [filter h, filter w, c, m].
        strides: the four steps of the window; those of rows and columns are equal.
        padding: "SAME" or "VALID".
        rate: the steps between the taps in rows and columns; None: 1.
        name: the node's name.
        data_format: "NHWC" or "NCHW"; None: "NHWC".
        dilations: another name of `rate`.

    Returns:
        [n, h, w, c * m].

    Raises:
        ValueError: if the shapes or steps do not fit.
    """
    rate = either("dilations", dilations, "rate", rate)
    with scopes.name_scope(name, "depthwise", [input, filter]) as scope:
        x = convert(input, name="tensor_in")
        w = convert(filter, name="filter_in")
        return _depthwise(x, w, strides, padding, rate, data_format, scope)


@export("nn.separable_conv2d")
def separable_conv2d(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Any,
    padding: Any,
    rate: Any = None,
    name: str | None = None,
    data_format: Any = None,
    dilations: Any = None,
) -> Tensor:
    """Returns a depthwise convolution followed by one across the channels of each pixel.

    Args:
        input: x: [n, h, w, c], or [n, c, h, w] for NCHW.
        depthwise_filter: [filter h, filter w, c, m].
        pointwise_filter: [1, 1, c * m, channels].
        strides: the four steps of the depthwise window; those of rows and columns are equal.
        padding: "SAME" or "VALID".
        rate: the steps between the taps in rows and columns; None: 1.
        name: the node's name.
        data_format: "NHWC" or "NCHW"; None: "NHWC".
        dilations: another name of `rate`.

    Raises:
        ValueError: if the shapes or steps do not fit.
    """
    rate = either("dilations", dilations, "rate", rate)
    with scopes.name_scope(
        name, "separable_conv2d", [input, depthwise_filter, pointwise_filter]
    ) as scope:
        x = convert(input, name="tensor_in")
        deep = convert(depthwise_filter, name="depthwise_filter")
        across = convert(pointwise_filter, name="pointwise_filter")
        sizes = across.shape.with_rank(4)
        sizes.dims[0].assert_is_compatible_with(1)
        sizes.dims[1].assert_is_compatible_with(1)
        made = _depthwise(x, deep, strides, padding, rate, data_format, "depthwise")
        found: Tensor = conv2d(
            made, across, [1, 1, 1, 1], "VALID", data_format=data_format, name=scope
        )
        return found
