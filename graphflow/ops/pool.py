"""Pooling: the largest or the average value of each window of an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import (
    bfloat16,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    qint8,
    uint8,
    uint16,
)
from graphflow.core.errors import KernelError, ShapeError, UnimplementedError
from graphflow.core.export import export, renamed
from graphflow.core.lowering import Call, Lowering
from graphflow.core.opdef import REALS, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops import _pool_kernels
from graphflow.ops._conv_kernels import padding_amounts
from graphflow.ops._rules import shape_of
from graphflow.ops.activation import NET_FLOATS
from graphflow.ops.conv import check_rank, sequence, spatial_axes, window_size

Array = np.ndarray[Any, Any]

WINDOW: Final = "ksize: list(int), strides: list(int), padding: string"
_ATTRS: Final = f"{WINDOW}, data_format: string = 'NHWC'"
FIXED: Final[dict[str, Any]] = {"ksize": 4, "strides": 4, "padding": ("SAME", "VALID")}
LAYOUT: Final[dict[str, Any]] = {"data_format": ("NHWC", "NCHW")}
MAX_LAYOUT: Final[dict[str, Any]] = {"data_format": ("NHWC", "NCHW", "NCHW_VECT_C")}
MAX_TYPES: Final = (
    float16, bfloat16, float32, float64, int32, int64, uint8, int16, int8, uint16, qint8,
)  # fmt: skip


def pooled_shape(x: Dims, ksize: Any, strides: Any, padding: str, data_format: str) -> Dims:
    """The shape of the result; `ksize` and `strides` may be None: not known."""
    check_rank(x, 4, f"tensor_in must be 4-dimensional, got {text(x)}")
    if ksize is None or strides is None:
        return (None,) * 4 if x is None else (x[0], None, None, None)
    if len(ksize) != 4 or len(strides) != 4:
        raise ShapeError("Sliding window ksize and strides fields must specify 4 dimensions")
    x = x or (None,) * 4
    height, width = spatial_axes(data_format)
    depth = 1 if height == 2 else 3
    found = list(x)
    for axis in (height, width, depth):
        if ksize[axis] is None or strides[axis] is None:
            found[axis] = None
            continue
        found[axis] = window_size(x[axis], ksize[axis], strides[axis], 1, padding)
    return tuple(found)


def pool_shape(op: Operation) -> list[Dims]:
    """The shape rule of an operation whose first input is pooled."""
    a = op.attrs
    layout = a.get("data_format", "NHWC")
    dims = pooled_shape(op.inputs[0].dims, a["ksize"], a["strides"], a["padding"], layout)
    return [dims] * len(op.outputs)


def first_input_shape(op: Operation) -> list[Dims]:
    """The shape rule of a gradient by the images, which are the first input."""
    dims = op.inputs[0].dims
    check_rank(dims, 4, f"tensor_in must be 4-dimensional, got {text(dims)}")
    return [dims or (None,) * 4]


def window_attrs(op: Operation) -> dict[str, Any]:
    """The attributes that an operation shares with its gradients."""
    return {
        key: op.attrs[key]
        for key in ("ksize", "strides", "padding", "data_format", "include_batch_in_index")
        if key in op.attrs
    }


def check_window(
    ksize: Any, strides: Any, data_format: str, kind: str, depth: int | None = None
) -> None:
    """Refuses windows that no kernel has, in the words and at the time of TensorFlow.

    Args:
        ksize: the window.
        strides: its steps.
        data_format: the order of the dimensions.
        kind: "max", "avg" or "argmax".
        depth: the number of channels, where a window over them is possible.
    """
    channels = 1 if data_format.startswith("NC") else 3
    window = f"\n  ksize = {list(ksize)}, strides = {list(strides)}, data_format = {data_format!r}"

    def refuse(problem: str) -> None:
        raise KernelError(problem + window, UnimplementedError)

    if ksize[0] != 1 or strides[0] != 1:
        refuse("Pooling is not yet supported on the batch dimension.")
    deep = ksize[channels]
    if deep == 1 and strides[channels] == 1:
        return
    if kind != "max" or depth is None:
        refuse("Non-spatial pooling is not yet supported.")
    if any(ksize[axis] != 1 for axis in spatial_axes(data_format)):
        refuse(
            "MaxPooling supports exactly one of pooling across depth or pooling across "
            "width/height."
        )
    if not deep or depth is None or depth % deep:
        refuse("Depthwise max pooling requires the depth window to evenly divide the input depth")
    if strides[channels] != deep:
        refuse("Depthwise max pooling requires the depth window to equal the depth stride")


def channels_of(x: Array, data_format: str) -> int:
    """The number of channels."""
    channels: int = x.shape[1 if data_format.startswith("NC") else 3]
    return channels


# --- MaxPool ---
MAX_POOL = define(
    f"MaxPool(input: T, *, {_ATTRS}, T: type = float32) -> output: T",
    shape=pool_shape,
    T=default(MAX_TYPES, float32),
    **FIXED,
    **MAX_LAYOUT,
)


@MAX_POOL.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    found: Tensor = apply(MAX_POOL_GRAD, op.inputs[0], op.outputs[0], dy, **window_attrs(op))
    return found


def _pool_sizes(call: Call, x: Sequence[int], y: Sequence[int]) -> tuple[int, ...] | None:
    """What the compiled poolings take; None where they cannot.

    Args:
        call: the instruction.
        x: sizes of the images.
        y: sizes of the result.
    """
    attrs = call.attrs
    ksize, strides = attrs["ksize"], attrs["strides"]
    if attrs["data_format"] != "NHWC" or call.real != "f32" or len(x) != 4 or len(y) != 4:
        return None
    if [ksize[0], ksize[3], strides[0], strides[3]] != [1] * 4 or 0 in (*x, *y):
        return None
    before = []
    for axis in (1, 2):
        try:
            size, start, _ = padding_amounts(
                x[axis], ksize[axis], strides[axis], 1, attrs["padding"]
            )
        except ValueError:
            return None
        if size != y[axis]:
            return None
        before.append(start)
    return (*x, *ksize[1:3], *y[1:3], *strides[1:3], *before)


@MAX_POOL.compiled
def _(call: Call) -> Lowering | None:
    sizes = _pool_sizes(call, call.shapes[0], call.out_shapes[0])
    return None if sizes is None else Lowering("max_pool.f32", sizes, block=1)


@MAX_POOL.numpy
def _(
    x: Array,
    *,
    ksize: list[int],
    strides: list[int],
    padding: str,
    data_format: str,
    out: Array | None,
) -> Array:
    check_window(ksize, strides, data_format, "max", channels_of(x, data_format))
    return _pool_kernels.max_pool(
        x, ksize=ksize, strides=strides, padding=padding, data_format=data_format, out=out
    )


# --- MaxPoolGrad ---
MAX_POOL_GRAD = define(
    f"MaxPoolGrad(orig_input: T, orig_output: T, grad: T, *, {_ATTRS}, T: type = float32)"
    " -> output: T",
    shape=first_input_shape,
    T=default(REALS, float32),
    **FIXED,
    **LAYOUT,
)


@MAX_POOL_GRAD.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None, Tensor]:
    x, y, _ = op.inputs
    # Where a maximum stands does not change with small changes of the input.
    return apply("ZerosLike", x), None, apply(MAX_POOL_GRAD_GRAD, x, y, dy, **window_attrs(op))


@MAX_POOL_GRAD.compiled
def _(call: Call) -> Lowering | None:
    x, y, dy = call.shapes
    sizes = _pool_sizes(call, x, y) if y == dy else None
    return None if sizes is None else Lowering("max_pool_grad.f32", sizes)


@MAX_POOL_GRAD.numpy
def _(
    x: Array,
    y: Array,
    grad: Array,
    *,
    ksize: list[int],
    strides: list[int],
    padding: str,
    data_format: str,
    out: Array | None,
) -> Array:
    check_window(ksize, strides, data_format, "max", channels_of(x, data_format))
    window = {"ksize": ksize, "strides": strides, "padding": padding, "data_format": data_format}
    check_shape("orig_output", y, x, window)
    check_shape("grad", grad, x, window)
    return _pool_kernels.max_pool_grad(x, y, grad, **window, out=out)  # type: ignore[arg-type]  # by name


def check_shape(port: str, given: Array, x: Array, window: dict[str, Any]) -> None:
    """Raises KernelError unless an array has the shape of `x` after pooling."""
    try:
        wanted = pooled_shape(x.shape, **window)
    except ShapeError as e:
        raise KernelError(e.run) from None
    if given.shape != wanted:
        raise KernelError(
            f"Expected {port} shape to be {text(wanted)}, but got {text(given.shape)}"
        )


# --- MaxPoolGradGrad ---
MAX_POOL_GRAD_GRAD = define(
    f"MaxPoolGradGrad(orig_input: T, orig_output: T, grad: T, *, {_ATTRS}) -> output: T",
    T=REALS,
    **FIXED,
    **LAYOUT,
)


@MAX_POOL_GRAD_GRAD.shape
def _(op: Operation) -> list[Dims]:
    return pool_shape(op)


@MAX_POOL_GRAD_GRAD.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None, Tensor]:
    x, y, _ = op.inputs
    # Where a maximum stands does not change with small changes of the input.
    return apply("ZerosLike", x), None, apply(MAX_POOL_GRAD, x, y, dy, **window_attrs(op))


@MAX_POOL_GRAD_GRAD.numpy
def _(
    x: Array,
    y: Array,
    grad: Array,
    *,
    ksize: list[int],
    strides: list[int],
    padding: str,
    data_format: str,
    out: Array | None,
) -> Array:
    check_window(ksize, strides, data_format, "max", channels_of(x, data_format))
    window = {"ksize": ksize, "strides": strides, "padding": padding, "data_format": data_format}
    check_shape("orig_output", y, x, window)
    if grad.shape != x.shape:
        raise KernelError(f"Expected grad shape to be {text(x.shape)}, but got {text(grad.shape)}")
    return _pool_kernels.max_pool_grad_grad(x, y, grad, **window, out=out)  # type: ignore[arg-type]  # by name


# --- AvgPool ---
AVG_POOL = define(
    f"AvgPool(value: T, *, {_ATTRS}) -> output: T",
    shape=pool_shape,
    T=NET_FLOATS,
    **FIXED,
    **LAYOUT,
)


@AVG_POOL.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    found: Tensor = apply(AVG_POOL_GRAD, shape_of(op.inputs[0]), dy, **window_attrs(op))
    return found


@AVG_POOL.compiled
def _(call: Call) -> Lowering | None:
    sizes = _pool_sizes(call, call.shapes[0], call.out_shapes[0])
    return None if sizes is None else Lowering("avg_pool.f32", sizes)


@AVG_POOL.numpy
def _(
    x: Array,
    *,
    ksize: list[int],
    strides: list[int],
    padding: str,
    data_format: str,
    out: Array | None,
) -> Array:
    check_window(ksize, strides, data_format, "avg")
    return _pool_kernels.avg_pool(
        x, ksize=ksize, strides=strides, padding=padding, data_format=data_format, out=out
    )


# --- AvgPoolGrad ---
AVG_POOL_GRAD = define(
    f"AvgPoolGrad(orig_input_shape: int32, grad: T, *, {_ATTRS}) -> output: T",
    T=NET_FLOATS,
    **FIXED,
    **LAYOUT,
)


@AVG_POOL_GRAD.shape
def _(op: Operation) -> list[Dims]:
    given, sizes = op.inputs[0].dims, op.partial(0)
    n = len(sizes) if sizes is not None else None if given is None or len(given) != 1 else given[0]
    if n not in (None, 4):
        raise ShapeError(
            f"Shape must be rank 4 but is rank {n}",
            run="out_backprop must be 1-dimensional and 4 elements",
        )
    return [(None,) * 4 if sizes is None else tuple(sizes)]


@AVG_POOL_GRAD.gradient
def _(op: Operation, dy: Tensor) -> tuple[None, Tensor]:
    return None, apply(AVG_POOL, dy, **window_attrs(op))


@AVG_POOL_GRAD.compiled
def _(call: Call) -> Lowering | None:
    given, x = call.constants.get(0), call.out_shapes[0]
    if given is None or given.tolist() != list(x):
        return None
    sizes = _pool_sizes(replace(call, dtypes=call.dtypes[1:]), x, call.shapes[1])
    return None if sizes is None else Lowering("avg_pool_grad.f32", sizes, inputs=(1,))


@AVG_POOL_GRAD.numpy
def _(
    sizes: Array,
    grad: Array,
    *,
    ksize: list[int],
    strides: list[int],
    padding: str,
    data_format: str,
    out: Array | None,
) -> Array:
    check_window(ksize, strides, data_format, "avg")
    window = {"ksize": ksize, "strides": strides, "padding": padding, "data_format": data_format}
    shape = sizes.tolist()
    check_shape("grad", grad, np.broadcast_to(grad.dtype.type(0), shape), window)
    return _pool_kernels.avg_pool_grad(shape, grad, **window, out=out)  # type: ignore[arg-type]  # by name


# --- public functions ---
def spatial_pool(
    op_type: str, x: Any, ksize: Any, strides: Any, padding: Any, data_format: Any, name: str | None
) -> Tensor:
    """One pooling of images, with window and steps in any of the forms users write."""
    layout = "NHWC" if data_format is None else data_format
    channel_index = 1 if layout.startswith("NC") else 3
    found: Tensor = apply(
        op_type,
        x,
        ksize=sequence(ksize, 2, channel_index, "ksize"),
        strides=sequence(strides, 2, channel_index, "strides"),
        padding=padding,
        data_format=layout,
        name=name,
    )
    return found


@export("nn.max_pool")
@renamed(input="value")
def max_pool(
    value: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NHWC",
    name: str | None = None,
) -> Tensor:
    """Returns the largest value of each window.

    Args:
        value: x: [n, h, w, c], or [n, c, h, w] for NCHW.
        ksize: the sizes of the window: one number, [h, w], or four in the order of `data_format`.
        strides: the steps of the window, likewise.
        padding: "SAME" or "VALID"; padded places are never the largest.
        data_format: "NHWC" or "NCHW".
        name: the node's name.

    Raises:
        ValueError: if the window does not fit.

    Note:
        NCHW works; TensorFlow 1.15 refuses it on a CPU. nan loses against any number. A window
        over the batch, or one that mixes channels and space, is an UnimplementedError when the
        node runs.
    """
    with scopes.name_scope(name, "MaxPool", [value]) as scope:
        sizes = sequence(ksize, 2, 1 if (data_format or "").startswith("NC") else 3, "ksize")
        if any(size == 0 for size in sizes):
            raise ValueError("ksize cannot be zero.")
        return spatial_pool("MaxPool", value, ksize, strides, padding, data_format, scope)


@export("nn.avg_pool", "nn.avg_pool2d")
@renamed(input="value")
def avg_pool(
    value: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NHWC",
    name: str | None = None,
) -> Tensor:
    """Returns the average of each window.

    Args:
        value: x: [n, h, w, c], or [n, c, h, w] for NCHW.
        ksize: the sizes of the window, as `max_pool` takes them.
        strides: the steps of the window, likewise.
        padding: "SAME" or "VALID"; padded places do not count.
        data_format: "NHWC" or "NCHW".
        name: the node's name.

    Raises:
        ValueError: if the window does not fit.

    Note:
        NCHW works; TensorFlow 1.15 refuses it on a CPU.
    """
    with scopes.name_scope(name, "AvgPool", [value]) as scope:
        return spatial_pool("AvgPool", value, ksize, strides, padding, data_format, scope)
