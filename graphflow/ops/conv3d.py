"""Three-dimensional convolution, its two gradients, and the transposed one."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export, renamed
from graphflow.core.opdef import INDEX, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops import _conv3d_kernels
from graphflow.ops._arguments import either
from graphflow.ops._rules import shape_of
from graphflow.ops.activation import NET_FLOATS
from graphflow.ops.conv import check_depth, check_rank, sequence, sizes_shape, window_size

Array = np.ndarray[Any, Any]

_ATTRS: Final = (
    "strides: list(int), padding: string, data_format: string = 'NDHWC', "
    "dilations: list(int) = [1, 1, 1, 1, 1]"
)
_ALLOWED: Final[dict[str, Any]] = {
    "T": NET_FLOATS,
    "strides": 5,
    "padding": ("SAME", "VALID"),
    "data_format": ("NDHWC", "NCDHW"),
}
_ATTR_NAMES: Final = ("strides", "padding", "data_format", "dilations")


def _shared_attrs(op: Operation) -> dict[str, Any]:
    return {key: op.attrs[key] for key in _ATTR_NAMES}


def _spatial(data_format: str) -> tuple[int, int, int]:
    """The positions of planes, rows and columns among the five dimensions."""
    return (1, 2, 3) if data_format == "NDHWC" else (2, 3, 4)


def _check_steps(attrs: dict[str, Any]) -> None:
    """Refuses steps that no kernel takes, in the words and at the time of TensorFlow."""
    outer = (0, 4) if attrs["data_format"] == "NDHWC" else (0, 1)
    for key, what in (("strides", "strides"), ("dilations", "dilation rates")):
        if any(attrs[key][axis] != 1 for axis in outer):
            raise KernelError(
                f"Current implementation does not yet support {what} in the batch and depth "
                "dimensions."
            )


# --- Conv3D ---
CONV3D = define(f"Conv3D(input: T, filter: T, *, {_ATTRS}) -> output: T", blas=True, **_ALLOWED)


@CONV3D.shape
def _(op: Operation) -> list[Dims]:
    x, w = op.inputs[0].dims, op.inputs[1].dims
    check_rank(x, 5, "input must be 5-dimensional")
    check_rank(w, 5, "filter must be 5-dimensional")
    attrs = op.attrs
    for what, steps in (("stride", attrs["strides"]), ("dilation", attrs["dilations"])):
        if len(steps) != 5:
            raise ShapeError(
                f"Conv3D requires the {what} attribute to contain 5 values, but got: {len(steps)}"
            )
    x, w = x or (None,) * 5, w or (None,) * 5
    layout = attrs["data_format"]
    check_depth(x[4 if layout == "NDHWC" else 1], w)
    space = tuple(
        window_size(
            x[axis], w[i], attrs["strides"][axis], attrs["dilations"][axis], attrs["padding"]
        )
        for i, axis in enumerate(_spatial(layout))
    )
    return [(x[0], *space, w[4]) if layout == "NDHWC" else (x[0], w[4], *space)]


@CONV3D.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    x, w = op.inputs
    attrs = _shared_attrs(op)
    return (
        apply(CONV3D_BACKPROP_INPUT, shape_of(x), w, dy, **attrs),
        apply(CONV3D_BACKPROP_FILTER, x, shape_of(w), dy, **attrs),
    )


@CONV3D.numpy
def _(
    x: Array,
    w: Array,
    *,
    strides: list[int],
    padding: str,
    data_format: str,
    dilations: list[int],
    out: Array | None,
) -> Array:
    attrs: dict[str, Any] = {
        "strides": strides,
        "padding": padding,
        "data_format": data_format,
        "dilations": dilations,
    }
    _check_steps(attrs)
    return _conv3d_kernels.conv3d(x, w, out, **attrs)


# --- its gradients ---
def _check_backprop(label: str, x: Any, w: Any, dy: Any, attrs: dict[str, Any]) -> None:
    """Refuses sizes that no convolution has, in TensorFlow's words.

    Args:
        label: the name of TensorFlow's kernel.
        x: the five sizes of the volumes.
        w: the five sizes of the filters.
        dy: the shape of the output's gradient.
        attrs: the attributes of the operation.
    """
    _check_steps(attrs)
    for port, sizes in (("input", x), ("filter", w), ("out_backprop", dy)):
        if len(sizes) != 5:
            raise KernelError(f"{label}: {port} must be 5-dimensional")
    channels = 4 if attrs["data_format"] == "NDHWC" else 1
    if x[0] != dy[0]:
        raise KernelError(
            f"{label}: input and out_backprop must have the same batch size"
            f"input batch: {x[0]}outbackprop batch: {dy[0]} batch_dim: 0"
        )
    if not w[3] or x[channels] % w[3]:
        raise KernelError(f"{label}: input depth must be evenly divisible by filter depth")
    if w[4] != dy[channels]:
        raise KernelError(f"{label}: filter and out_backprop must have the same out_depth")
    for i, axis in enumerate(_spatial(attrs["data_format"])):
        stride, dilation = attrs["strides"][axis], attrs["dilations"][axis]
        try:
            wanted = window_size(int(x[axis]), int(w[i]), stride, dilation, attrs["padding"])
        except ShapeError as e:
            raise KernelError(f"{label}: {e.run}") from None
        if wanted != dy[axis]:
            raise KernelError(
                f"{label}: Size of out_backprop doesn't match computed: actual = {dy[axis]}, "
                f"computed = {wanted} spatial_dim: {axis} input: {x[axis]} filter: {w[i]} "
                f"output: {dy[axis]} stride: {stride} dilation: {dilation}"
            )


CONV3D_BACKPROP_INPUT = define(
    f"Conv3DBackpropInputV2(input_sizes: Tshape, filter: T, out_backprop: T, *, {_ATTRS})"
    " -> output: T",
    blas=True,
    Tshape=default(INDEX, int32),
    **_ALLOWED,
)


@CONV3D_BACKPROP_INPUT.shape
def _(op: Operation) -> list[Dims]:
    return sizes_shape(op, 0, 5)


@CONV3D_BACKPROP_INPUT.gradient
def _(op: Operation, dy: Tensor) -> tuple[None, Tensor, Tensor]:
    _, w, out_backprop = op.inputs
    attrs = _shared_attrs(op)
    return (
        None,
        apply(CONV3D_BACKPROP_FILTER, dy, shape_of(w), out_backprop, **attrs),
        apply(CONV3D, dy, w, **attrs),
    )


@CONV3D_BACKPROP_INPUT.numpy
def _(
    input_sizes: Array,
    w: Array,
    dy: Array,
    *,
    strides: list[int],
    padding: str,
    data_format: str,
    dilations: list[int],
    out: Array | None,
) -> Array:
    attrs: dict[str, Any] = {
        "strides": strides,
        "padding": padding,
        "data_format": data_format,
        "dilations": dilations,
    }
    sizes = input_sizes.tolist()
    _check_backprop("Conv3DBackpropInputOp", sizes, w.shape, dy.shape, attrs)
    return _conv3d_kernels.conv3d_backprop_input(sizes, w, dy, out, **attrs)


CONV3D_BACKPROP_FILTER = define(
    f"Conv3DBackpropFilterV2(input: T, filter_sizes: int32, out_backprop: T, *, {_ATTRS})"
    " -> output: T",
    blas=True,
    **_ALLOWED,
)


@CONV3D_BACKPROP_FILTER.shape
def _(op: Operation) -> list[Dims]:
    return sizes_shape(op, 1, 5)


@CONV3D_BACKPROP_FILTER.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None, Tensor]:
    x, _, out_backprop = op.inputs
    attrs = _shared_attrs(op)
    return (
        apply(CONV3D_BACKPROP_INPUT, shape_of(x), dy, out_backprop, **attrs),
        None,
        apply(CONV3D, x, dy, **attrs),
    )


@CONV3D_BACKPROP_FILTER.numpy
def _(
    x: Array,
    filter_sizes: Array,
    dy: Array,
    *,
    strides: list[int],
    padding: str,
    data_format: str,
    dilations: list[int],
    out: Array | None,
) -> Array:
    attrs: dict[str, Any] = {
        "strides": strides,
        "padding": padding,
        "data_format": data_format,
        "dilations": dilations,
    }
    sizes = filter_sizes.tolist()
    _check_backprop("Conv3DBackpropFilterOp", x.shape, sizes, dy.shape, attrs)
    return _conv3d_kernels.conv3d_backprop_filter(x, sizes, dy, out, **attrs)


# --- public functions ---
@export("nn.conv3d")
@renamed(filters="filter")
def conv3d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    padding: Any = None,
    data_format: Any = "NDHWC",
    dilations: Any = (1, 1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """Returns the three-dimensional convolution of volumes with filters (a cross-correlation).

    Args:
        input: x: [n, d, h, w, c], or [n, c, d, h, w] for NCDHW.
        filter: w: [filter d, filter h, filter w, c, channels].
        strides: the five steps of the window, in the order of `data_format`.
        padding: "SAME" or "VALID".
        data_format: "NDHWC" or "NCDHW".
        dilations: the steps between the taps of the filter, as `strides`.
        name: the node's name.

    Raises:
        ValueError: if the shapes or attributes do not fit.

    Note:
        NCDHW and dilations work; TensorFlow 1.15 refuses both on a CPU.
    """
    found: Tensor = apply(
        CONV3D,
        input,
        filter,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )
    return found


@export("nn.conv3d_backprop_filter", "nn.conv3d_backprop_filter_v2")
def conv3d_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NDHWC",
    dilations: Any = (1, 1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """Returns the gradient of `conv3d` by its filters.

    Args:
        input: the volumes.
        filter_sizes: the five sizes of the filters.
        out_backprop: the gradient of the result.
        strides: see `conv3d`.
        padding: see `conv3d`.
        data_format: see `conv3d`.
        dilations: see `conv3d`.
        name: the node's name.
    """
    found: Tensor = apply(
        CONV3D_BACKPROP_FILTER,
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


@export("nn.conv3d_transpose")
def conv3d_transpose(
    value: Any,
    filter: Any = None,
    output_shape: Any = None,
    strides: Any = None,
    padding: Any = "SAME",
    data_format: Any = "NDHWC",
    name: str | None = None,
    input: Any = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """Returns the transpose of `conv3d`: its gradient by the volumes, used to enlarge them.

    Args:
        value: x: [n, d, h, w, channels].
        filter: w: [filter d, filter h, filter w, output channels, channels].
        output_shape: the five sizes of the result.
        strides: how many times larger: one number, three, or five in the order of `data_format`.
        padding: "SAME" or "VALID".
        data_format: "NDHWC" or "NCDHW".
        name: the node's name.
        input: another name of `value`.
        filters: another name of `filter`.
        dilations: the steps between the taps of the filter, as `strides`.
    """
    filter = either("filters", filters, "filter", filter)
    value = either("input", input, "value", value)
    with scopes.name_scope(name, "conv3d_transpose", [value, output_shape]) as scope:
        layout = "NDHWC" if data_format is None else data_format
        channel_index = 1 if layout.startswith("NC") else 4
        found: Tensor = apply(
            CONV3D_BACKPROP_INPUT,
            output_shape,
            filter,
            value,
            strides=sequence(strides, 3, channel_index, "strides"),
            padding=padding,
            data_format=layout,
            dilations=sequence(dilations, 3, channel_index, "dilations"),
            name=scope,
        )
    return found
