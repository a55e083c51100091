"""Convolution of each channel with filters of its own, and its two gradients."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import float32
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import Call, Lowering, Sizes
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops import _depthwise_kernels
from graphflow.ops._conv_kernels import padding_amounts
from graphflow.ops._rules import shape_of
from graphflow.ops.activation import NET_FLOATS
from graphflow.ops.conv import check_rank, sizes_shape, spatial_axes, window_size

Array = np.ndarray[Any, Any]

_ATTRS: Final = (
    "strides: list(int), padding: string, data_format: string = 'NHWC', "
    "dilations: list(int) = [1, 1, 1, 1]"
)
_ALLOWED: Final[dict[str, Any]] = {
    "T": NET_FLOATS,
    "padding": ("SAME", "VALID"),
    "data_format": ("NHWC", "NCHW"),
}
_ATTR_NAMES: Final = ("strides", "padding", "data_format", "dilations")


def _shared_attrs(op: Operation) -> dict[str, Any]:
    return {key: op.attrs[key] for key in _ATTR_NAMES}


def _stride(strides: list[int], data_format: str) -> int:
    """The one step of the window.

    Raises:
        KernelError: if rows and columns differ, or batch or channels have steps, as in TensorFlow.
    """
    rows, cols = (strides[axis] for axis in spatial_axes(data_format))
    if rows != cols:
        raise KernelError(
            "Current implementation only supports equal length strides in the row and column "
            "dimensions."
        )
    if strides[0] != 1 or strides[1 if data_format == "NCHW" else 3] != 1:
        raise KernelError(
            "Current implementation does not yet support strides in the batch and depth dimensions."
        )
    return rows


def _last(array: Array, data_format: str) -> Array:
    """The same images seen with their channels last."""
    return array if data_format == "NHWC" else array.transpose(0, 2, 3, 1)


# --- DepthwiseConv2dNative ---
DEPTHWISE = define(
    f"DepthwiseConv2dNative(input: T, filter: T, *, {_ATTRS}) -> output: T", **_ALLOWED
)


@DEPTHWISE.shape
def _(op: Operation) -> list[Dims]:
    x, w = op.inputs[0].dims, op.inputs[1].dims
    check_rank(x, 4, f"input must be 4-dimensional{text(x)}")
    check_rank(w, 4, f"filter must be 4-dimensional: {text(w)}")
    strides, layout, padding = (op.attrs[k] for k in ("strides", "data_format", "padding"))
    if len(strides) != 4:
        raise ShapeError(
            "DepthwiseConv2D requires the stride attribute to contain 4 values, but got: "
            f"{len(strides)}",
            run="Sliding window strides field must specify 4 dimensions",
        )
    x, w = x or (None,) * 4, w or (None,) * 4
    depth = x[1 if layout == "NCHW" else 3]
    if None not in (depth, w[2]) and depth != w[2]:
        raise ShapeError(
            f"Dimensions must be equal, but are {depth} and {w[2]}",
            run=f"input and filter must have the same depth: {depth} vs {w[2]}",
        )
    known = depth if w[2] is None else w[2]
    channels = None if known is None or w[3] is None else known * w[3]
    height, width = (
        window_size(x[axis], w[i], strides[axis], 1, padding)
        for i, axis in enumerate(spatial_axes(layout))
    )
    return [
        (x[0], channels, height, width) if layout == "NCHW" else (x[0], height, width, channels)
    ]


@DEPTHWISE.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    x, w = op.inputs
    attrs = _shared_attrs(op)
    return (
        apply(DEPTHWISE_BACKPROP_INPUT, shape_of(x), w, dy, **attrs),
        apply(DEPTHWISE_BACKPROP_FILTER, x, shape_of(w), dy, **attrs),
    )


def _sizes(call: Call, x: Sizes, w: Sizes, y: Sizes) -> Sizes | None:
    """What the compiled kernels take; None where they cannot.

    Args:
        call: the instruction.
        x: sizes of the images.
        w: sizes of the filters.
        y: sizes of the result.
    """
    attrs = call.attrs
    kinds = {t for t in call.dtypes if t.is_floating}
    if attrs["data_format"] != "NHWC" or kinds != {float32} or [*map(len, (x, w, y))] != [4] * 3:
        return None
    try:
        stride = _stride(attrs["strides"], "NHWC")
        axes = [padding_amounts(x[a], w[a - 1], stride, 1, attrs["padding"]) for a in (1, 2)]
    except (KernelError, ValueError):
        return None
    if (x[0], *[a[0] for a in axes], w[2] * w[3]) != tuple(y) or x[3] != w[2] or not math.prod(y):
        return None
    return (*x, *w[:2], w[3], *y[1:3], stride, stride, *[a[1] for a in axes])


@DEPTHWISE.compiled
def _(call: Call) -> Lowering | None:
    sizes = _sizes(call, call.shapes[0], call.shapes[1], call.out_shapes[0])
    return None if sizes is None else Lowering("depthwise.f32", sizes)


@DEPTHWISE.numpy
def _(x: Array, w: Array, *, strides: list[int], padding: str, data_format: str) -> Array:
    stride = _stride(strides, data_format)
    found = _depthwise_kernels.depthwise(_last(x, data_format), w, stride, padding)
    return _in_layout(found, data_format)


def _in_layout(images: Array, data_format: str) -> Array:
    return images if data_format == "NHWC" else np.ascontiguousarray(images.transpose(0, 3, 1, 2))


# --- its gradients ---
def _check_backprop(port: str, x: Any, w: Any, dy: Any, attrs: dict[str, Any]) -> int:
    """Refuses sizes that no convolution has, in TensorFlow's words; returns the stride.

    Args:
        port: "Input" or "Filter".
        x: the four sizes of the images.
        w: the four sizes of the filters.
        dy: the shape of the output's gradient.
        attrs: the attributes of the operation.
    """
    label, layout = f"DepthwiseConv2DBackprop{port}", attrs["data_format"]
    stride = _stride(attrs["strides"], layout)
    channels = 1 if layout == "NCHW" else 3
    if len(dy) != 4:
        raise KernelError(f"{label}: out_backprop must be 4-dimensional")
    if x[0] != dy[0]:
        raise KernelError(f"{label}: input and out_backprop must have the same batch size")
    if x[channels] != w[2]:
        raise KernelError(f"{label}: input and filter must have the same in_depth")
    if w[2] * w[3] != dy[channels]:
        raise KernelError(f"{label}: depth_multiplier * in_depth not equal to out_depth")
    for i, (axis, what) in enumerate(zip(spatial_axes(layout), ("rows", "cols"), strict=True)):
        try:
            wanted = window_size(int(x[axis]), int(w[i]), stride, 1, attrs["padding"])
        except ShapeError as e:
            raise KernelError(f"{label}: {e.run}") from None
        if wanted != dy[axis]:
            raise KernelError(
                f"{label}: Number of {what} of out_backprop doesn't match computed: "
                f"actual = {dy[axis]}, computed = {wanted}"
            )
    return stride


DEPTHWISE_BACKPROP_INPUT = define(
    "DepthwiseConv2dNativeBackpropInput(input_sizes: int32, filter: T, out_backprop: T, *, "
    f"{_ATTRS}) -> output: T",
    **_ALLOWED,
)


@DEPTHWISE_BACKPROP_INPUT.shape
def _(op: Operation) -> list[Dims]:
    return sizes_shape(op, 0)


@DEPTHWISE_BACKPROP_INPUT.gradient
def _(op: Operation, dy: Tensor) -> tuple[None, Tensor, Tensor]:
    _, w, out_backprop = op.inputs
    attrs = _shared_attrs(op)
    return (
        None,
        apply(DEPTHWISE_BACKPROP_FILTER, dy, shape_of(w), out_backprop, **attrs),
        apply(DEPTHWISE, dy, w, **attrs),
    )


@DEPTHWISE_BACKPROP_INPUT.compiled
def _(call: Call) -> Lowering | None:
    given, x = call.constants.get(0), call.out_shapes[0]
    if given is None or given.tolist() != list(x):
        return None
    sizes = _sizes(call, x, call.shapes[1], call.shapes[2])
    return None if sizes is None else Lowering("depthwise_input.f32", sizes, inputs=(1, 2))


@DEPTHWISE_BACKPROP_INPUT.numpy
def _(
    input_sizes: Array,
    w: Array,
    dy: Array,
    *,
    strides: list[int],
    padding: str,
    data_format: str,
) -> Array:
    attrs = {"strides": strides, "padding": padding, "data_format": data_format}
    sizes = input_sizes.tolist()
    stride = _check_backprop("Input", sizes, w.shape, dy.shape, attrs)
    if data_format == "NCHW":
        sizes = [sizes[0], *sizes[2:], sizes[1]]
    found = _depthwise_kernels.depthwise_backprop_input(
        sizes, w, _last(dy, data_format), stride, padding
    )
    return _in_layout(found, data_format)


DEPTHWISE_BACKPROP_FILTER = define(
    "DepthwiseConv2dNativeBackpropFilter(input: T, filter_sizes: int32, out_backprop: T, *, "
    f"{_ATTRS}) -> output: T",
    blas=True,
    **_ALLOWED,
)


@DEPTHWISE_BACKPROP_FILTER.shape
def _(op: Operation) -> list[Dims]:
    return sizes_shape(op, 1)


@DEPTHWISE_BACKPROP_FILTER.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None, Tensor]:
    x, _, out_backprop = op.inputs
    attrs = _shared_attrs(op)
    return (
        apply(DEPTHWISE_BACKPROP_INPUT, shape_of(x), dy, out_backprop, **attrs),
        None,
        apply(DEPTHWISE, x, dy, **attrs),
    )


@DEPTHWISE_BACKPROP_FILTER.compiled
def _(call: Call) -> Lowering | None:
    given, w = call.constants.get(1), call.out_shapes[0]
    if given is None or given.tolist() != list(w):
        return None
    sizes = _sizes(call, call.shapes[0], w, call.shapes[2])
    return None if sizes is None else Lowering("depthwise_filter.f32", sizes, inputs=(0, 2))


@DEPTHWISE_BACKPROP_FILTER.numpy
def _(
    x: Array,
    filter_sizes: Array,
    dy: Array,
    *,
    strides: list[int],
    padding: str,
    data_format: str,
) -> Array:
    attrs = {"strides": strides, "padding": padding, "data_format": data_format}
    sizes = filter_sizes.tolist()
    stride = _check_backprop("Filter", x.shape, sizes, dy.shape, attrs)
    return _depthwise_kernels.depthwise_backprop_filter(
        _last(x, data_format), sizes, _last(dy, data_format), stride, padding
    )


# --- public functions ---
@export("nn.depthwise_conv2d_native")
def depthwise_conv2d_native(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """Returns the convolution of each channel with filters of its own, as one node.

    Args:
        input: x: [n, h, w, c], or [n, c, h, w] for NCHW.
        filter: w: [filter h, filter w, c, m].
        strides: the four steps of the window; those of rows and columns are equal.
        padding: "SAME" or "VALID".
        data_format: "NHWC" or "NCHW".
        dilations: kept in the graph; without effect, as in TensorFlow on a CPU: see
            `depthwise_conv2d` and its `rate`.
        name: the node's name.

    Returns:
        [n, h, w, c * m]: the m results of the first channel come first.

    Raises:
        ValueError: if the shapes do not fit.

    Note:
        NCHW works; TensorFlow 1.15 refuses it on a CPU.
    """
    found: Tensor = apply(
        DEPTHWISE,
        input,
        filter,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )
    return found


@export("nn.depthwise_conv2d_backprop_input", "nn.depthwise_conv2d_native_backprop_input")
def depthwise_conv2d_native_backprop_input(
    input_sizes: Any,
    filter: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """Returns the gradient of `depthwise_conv2d_native` by its images.

    Args:
        input_sizes: the four sizes of the images.
        filter: the filters.
        out_backprop: the gradient of the result.
        strides: see `depthwise_conv2d_native`.
        padding: "SAME" or "VALID".
        data_format: "NHWC" or "NCHW".
        dilations: without effect.
        name: the node's name.
    """
    found: Tensor = apply(
        DEPTHWISE_BACKPROP_INPUT,
        input_sizes,
        filter,
        out_backprop,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )
    return found


@export("nn.depthwise_conv2d_backprop_filter", "nn.depthwise_conv2d_native_backprop_filter")
def depthwise_conv2d_native_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """Returns the gradient of `depthwise_conv2d_native` by its filters.

    Args:
        input: the images.
        filter_sizes: the four sizes of the filters.
        out_backprop: the gradient of the result.
        strides: see `depthwise_conv2d_native`.
        padding: "SAME" or "VALID".
        data_format: "NHWC" or "NCHW".
        dilations: without effect.
        name: the node's name.
    """
    found: Tensor = apply(
        DEPTHWISE_BACKPROP_FILTER,
        input,
        filter_sizes,
        out_backprop,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )
    return found
