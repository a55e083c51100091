"""Pooling of volumes: the largest or the average value of each window, and the gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import bfloat16, float16, float32
from graphflow.core.errors import KernelError, ShapeError, UnimplementedError
from graphflow.core.export import export
from graphflow.core.opdef import REALS, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops import _pool3d_kernels
from graphflow.ops._rules import shape_of
from graphflow.ops._shapes import merged
from graphflow.ops._taps import TapAxis, tap_axes
from graphflow.ops.activation import NET_FLOATS
from graphflow.ops.conv import check_rank, sequence, sizes_shape, window_size

Array = np.ndarray[Any, Any]

_ATTRS: Final = (
    "ksize: list(int), strides: list(int), padding: string, data_format: string = 'NDHWC'"
)
_ALLOWED: Final[dict[str, Any]] = {
    "ksize": 5,
    "strides": 5,
    "padding": ("SAME", "VALID"),
    "data_format": ("NDHWC", "NCDHW"),
}
_ATTR_NAMES: Final = ("ksize", "strides", "padding", "data_format")
_MAX_TYPES: Final = (float16, bfloat16, float32)


def _window_attrs(op: Operation) -> dict[str, Any]:
    return {key: op.attrs[key] for key in _ATTR_NAMES}


def _pooled(x: Dims, attrs: Mapping[str, Any]) -> tuple[int | None, ...]:
    """The shape of volumes after pooling."""
    check_rank(x, 5, "tensor_in must be 5-dimensional")
    for key in ("ksize", "strides"):
        if len(attrs[key]) != 5:
            raise ShapeError(
                f"Pool3D ops require the {key} attribute to contain 5 values, but got: "
                f"{len(attrs[key])}",
                run=f"Sliding window {key} field must specify 5 dimensions",
            )
    x = x or (None,) * 5
    found = list(x)
    first = 1 if attrs["data_format"] == "NDHWC" else 2
    for axis in range(first, first + 3):
        window = attrs["ksize"][axis]
        if window < 1:
            raise ShapeError(f"Sliding window ksize must be positive, but got {window}")
        found[axis] = window_size(x[axis], window, attrs["strides"][axis], 1, attrs["padding"])
    return tuple(found)


def _pool_shape(op: Operation) -> list[Dims]:
    return [_pooled(op.inputs[0].dims, op.attrs)]


def _first_input_shape(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    check_rank(dims, 5, "tensor_in must be 5-dimensional")
    return [dims or (None,) * 5]


# --- what kernels share ---
def _last(array: Array, data_format: str) -> Array:
    """The same volumes seen with their channels last."""
    return array if data_format == "NDHWC" else array.transpose(0, 2, 3, 4, 1)


def _in_layout(volumes: Array, data_format: str) -> Array:
    if data_format == "NDHWC":
        return volumes
    return np.ascontiguousarray(volumes.transpose(0, 4, 1, 2, 3))


def _axes(shape: Sequence[int], attrs: dict[str, Any]) -> list[TapAxis]:
    """The geometry of the three dimensions of space.

    Raises:
        KernelError: if the window covers the batch or the channels, as in TensorFlow.
    """
    last = attrs["data_format"] == "NDHWC"
    for axis, what in ((0, "batch"), (4 if last else 1, "depth")):
        if attrs["ksize"][axis] != 1 or attrs["strides"][axis] != 1:
            raise KernelError(
                f"Pooling is not yet supported on the {what} dimension.", UnimplementedError
            )
    space = slice(1, 4) if last else slice(2, 5)
    return tap_axes(shape[space], attrs["ksize"][space], attrs["strides"][space], attrs["padding"])


def _check_shape(port: str, given: Array, shape: Sequence[int], attrs: dict[str, Any]) -> None:
    """Raises KernelError unless an array has the shape of volumes after pooling."""
    try:
        wanted = _pooled(tuple(shape), attrs)
    except ShapeError as e:
        raise KernelError(e.run) from None
    if given.shape != wanted:
        raise KernelError(
            f"Expected {port} shape to be {text(wanted)}, but got {text(given.shape)}"
        )


def _attrs(ksize: Any, strides: Any, padding: str, data_format: str) -> dict[str, Any]:
    return {"ksize": ksize, "strides": strides, "padding": padding, "data_format": data_format}


# --- MaxPool3D ---
MAX_POOL_3D = define(
    f"MaxPool3D(input: T, *, {_ATTRS}) -> output: T", shape=_pool_shape, T=_MAX_TYPES, **_ALLOWED
)


@MAX_POOL_3D.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    found: Tensor = apply(MAX_POOL_3D_GRAD, op.inputs[0], op.outputs[0], dy, **_window_attrs(op))
    return found


@MAX_POOL_3D.numpy
def _(x: Array, *, ksize: list[int], strides: list[int], padding: str, data_format: str) -> Array:
    axes = _axes(x.shape, _attrs(ksize, strides, padding, data_format))
    return _in_layout(_pool3d_kernels.max_pool(_last(x, data_format), axes), data_format)


# --- MaxPool3DGrad ---
MAX_POOL_3D_GRAD = define(
    "MaxPool3DGrad(orig_input: TInput, orig_output: TInput, grad: T, *, "
    f"{_ATTRS}, T: type = float32, TInput: type = float32) -> output: T",
    shape=_first_input_shape,
    T=default(_MAX_TYPES, float32),
    TInput=default(_MAX_TYPES, float32),
    **_ALLOWED,
)


@MAX_POOL_3D_GRAD.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None, Tensor]:
    x, y, _ = op.inputs
    # Where a maximum stands does not change with small changes of the input.
    again = apply(MAX_POOL_3D_GRAD_GRAD, x, y, dy, **_window_attrs(op))
    return apply("ZerosLike", x), None, again


@MAX_POOL_3D_GRAD.numpy
def _(
    x: Array,
    y: Array,
    grad: Array,
    *,
    ksize: list[int],
    strides: list[int],
    padding: str,
    data_format: str,
) -> Array:
    attrs = _attrs(ksize, strides, padding, data_format)
    axes = _axes(x.shape, attrs)
    _check_shape("orig_output", y, x.shape, attrs)
    _check_shape("grad", grad, x.shape, attrs)
    x, y, grad = (_last(a, data_format) for a in (x, y, grad))
    return _in_layout(_pool3d_kernels.max_pool_grad(x, y, grad, axes), data_format)


# --- MaxPool3DGradGrad ---
MAX_POOL_3D_GRAD_GRAD = define(
    f"MaxPool3DGradGrad(orig_input: T, orig_output: T, grad: T, *, {_ATTRS}) -> output: T",
    T=REALS,
    **_ALLOWED,
)


@MAX_POOL_3D_GRAD_GRAD.shape
def _(op: Operation) -> list[Dims]:
    x, y, grad = (t.dims for t in op.inputs)
    merged(x, grad)
    wanted = _pooled(x, op.attrs)
    merged(y, wanted)
    return [wanted]


@MAX_POOL_3D_GRAD_GRAD.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None, Tensor]:
    x, y, _ = op.inputs
    # Where a maximum stands does not change with small changes of the input.
    return apply("ZerosLike", x), None, apply(MAX_POOL_3D_GRAD, x, y, dy, **_window_attrs(op))


@MAX_POOL_3D_GRAD_GRAD.numpy
def _(
    x: Array,
    y: Array,
    grad: Array,
    *,
    ksize: list[int],
    strides: list[int],
    padding: str,
    data_format: str,
) -> Array:
    axes = _axes(x.shape, _attrs(ksize, strides, padding, data_format))
    x, y, grad = (_last(a, data_format) for a in (x, y, grad))
    return _in_layout(_pool3d_kernels.max_pool_grad_grad(x, y, grad, axes), data_format)


# --- AvgPool3D ---
AVG_POOL_3D = define(
    f"AvgPool3D(input: T, *, {_ATTRS}) -> output: T", shape=_pool_shape, T=NET_FLOATS, **_ALLOWED
)


@AVG_POOL_3D.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    found: Tensor = apply(AVG_POOL_3D_GRAD, shape_of(op.inputs[0]), dy, **_window_attrs(op))
    return found


@AVG_POOL_3D.numpy
def _(x: Array, *, ksize: list[int], strides: list[int], padding: str, data_format: str) -> Array:
    axes = _axes(x.shape, _attrs(ksize, strides, padding, data_format))
    return _in_layout(_pool3d_kernels.avg_pool(_last(x, data_format), axes), data_format)


# --- AvgPool3DGrad ---
AVG_POOL_3D_GRAD = define(
    f"AvgPool3DGrad(orig_input_shape: int32, grad: T, *, {_ATTRS}) -> output: T",
    T=NET_FLOATS,
    **_ALLOWED,
)


@AVG_POOL_3D_GRAD.shape
def _(op: Operation) -> list[Dims]:
    return sizes_shape(op, 0, 5)


@AVG_POOL_3D_GRAD.gradient
def _(op: Operation, dy: Tensor) -> tuple[None, Tensor]:
    return None, apply(AVG_POOL_3D, dy, **_window_attrs(op))


@AVG_POOL_3D_GRAD.numpy
def _(
    sizes: Array,
    grad: Array,
    *,
    ksize: list[int],
    strides: list[int],
    padding: str,
    data_format: str,
) -> Array:
    shape, attrs = sizes.tolist(), _attrs(ksize, strides, padding, data_format)
    _check_shape("grad", grad, shape, attrs)
    axes = _axes(shape, attrs)
    if data_format == "NCDHW":
        shape = [shape[0], *shape[2:], shape[1]]
    found = _pool3d_kernels.avg_pool_grad(shape, _last(grad, data_format), axes)
    return _in_layout(found, data_format)


# --- public functions ---
def volume_pool(
    op_type: str, x: Any, ksize: Any, strides: Any, padding: Any, data_format: Any, name: str | None
) -> Tensor:
    """One pooling of volumes, with window and steps in any of the forms users write."""
    layout = "NDHWC" if data_format is None else data_format
    channel_index = 1 if layout.startswith("NC") else 4
    found: Tensor = apply(
        op_type,
        x,
        ksize=sequence(ksize, 3, channel_index, "ksize"),
        strides=sequence(strides, 3, channel_index, "strides"),
        padding=padding,
        data_format=layout,
        name=name,
    )
    return found


@export("nn.max_pool3d")
def max_pool3d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NDHWC",
    name: str | None = None,
) -> Tensor:
    """Returns the largest value of each window of volumes.

    Args:
        input: x: [n, d, h, w, c], or [n, c, d, h, w] for NCDHW.
        ksize: the sizes of the window: one number, three, or five in the order of `data_format`.
        strides: the steps of the window, likewise.
        padding: "SAME" or "VALID"; padded places are never the largest.
        data_format: "NDHWC" or "NCDHW".
        name: the node's name.

    Raises:
        ValueError: if the window does not fit.

    Note:
        NCDHW works; TensorFlow 1.15 refuses it on a CPU. Of equal maxima each gets the whole
        gradient, as in TensorFlow.
    """
    with scopes.name_scope(name, "MaxPool3D", [input]) as scope:
        return volume_pool("MaxPool3D", input, ksize, strides, padding, data_format, scope)


@export("nn.avg_pool3d")
def avg_pool3d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NDHWC",
    name: str | None = None,
) -> Tensor:
    """Returns the average of each window of volumes.

    Args:
        input: x: [n, d, h, w, c], or [n, c, d, h, w] for NCDHW.
        ksize: the sizes of the window: one number, three, or five in the order of `data_format`.
        strides: the steps of the window, likewise.
        padding: "SAME" or "VALID"; padded places do not count.
        data_format: "NDHWC" or "NCDHW".
        name: the node's name.

    Raises:
        ValueError: if the window does not fit.

    Note:
        NCDHW works; TensorFlow 1.15 refuses it on a CPU.
    """
    with scopes.name_scope(name, "AvgPool3D", [input]) as scope:
        return volume_pool("AvgPool3D", input, ksize, strides, padding, data_format, scope)
