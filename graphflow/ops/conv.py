"""Two-dimensional convolution and its two gradients."""

from __future__ import annotations

import math
from collections.abc import Sequence, Sized
from dataclasses import replace
from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import float32
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export, renamed
from graphflow.core.lowering import Call, Lowering
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops import _conv_kernels
from graphflow.ops._rules import shape_of
from graphflow.ops.activation import NET_FLOATS

Array = np.ndarray[Any, Any]

_ATTRS: Final = (
    "strides: list(int), padding: string, use_cudnn_on_gpu: bool = True, "
    "explicit_paddings: list(int) = [], data_format: string = 'NHWC', "
    "dilations: list(int) = [1, 1, 1, 1]"
)
_ALLOWED: Final[dict[str, Any]] = {
    "T": NET_FLOATS,
    "padding": ("SAME", "VALID", "EXPLICIT"),
    "data_format": ("NHWC", "NCHW"),
}
_ATTR_NAMES: Final = (
    "strides", "padding", "use_cudnn_on_gpu", "explicit_paddings", "data_format", "dilations",
)  # fmt: skip


# --- geometry that pooling shares ---
def spatial_axes(data_format: str) -> tuple[int, int]:
    """The positions of height and width among the four dimensions."""
    return (2, 3) if data_format.startswith("NC") else (1, 2)


def window_size(
    size: int | None,
    window: int | None,
    stride: int,
    dilation: int,
    padding: str,
    explicit: tuple[int, int] = (0, 0),
) -> int | None:
    """The number of positions of a sliding window along one dimension; None: not known.

    Raises:
        ShapeError: if the stride or dilation is not positive, or the window does not fit.
    """
    if stride < 1:
        raise ShapeError(f"Stride must be > 0, but got {stride}")
    if dilation < 1:
        raise ShapeError(f"Dilation rate must be >= 1, but got {dilation}")
    if size is None or (window is None and padding != "SAME"):
        return None
    reach = ((window or 1) - 1) * dilation + 1
    room = size + sum(explicit)
    if padding != "SAME" and room < reach:
        raise ShapeError(
            f"Negative dimension size caused by subtracting {reach} from {room}: "
            "the window is larger than the input",
            run=f"Computed output size would be negative: {(room - reach) // stride + 1} "
            f"[input_size: {size}, effective_filter_size: {reach}, stride: {stride}]",
        )
    return _conv_kernels.conv_output_size(size, window, stride, dilation, padding, explicit)


def check_rank(dims: Dims, rank: int, run: str) -> None:
    """Raises ShapeError if the rank is known and is another; `run` is TensorFlow's run phrase."""
    if dims is not None and len(dims) != rank:
        raise ShapeError(f"Shape must be rank {rank} but is rank {len(dims)}", run=run)


def sequence(value: Any, n: int, channel_index: int, name: str) -> list[int]:
    """One, `n` or `n + 2` numbers as the `n + 2` that the operations take.

    Raises:
        ValueError: if there are as many as none of these.
    """
    if value is None:
        value = [1]
    elif not isinstance(value, Sized):
        value = [value]
    values = list(value)
    if len(values) == n + 2:
        return values
    if len(values) not in (1, n):
        raise ValueError(f"{name} should be of length 1, {n} or {n + 2} but was {len(values)}")
    values = values * n if len(values) == 1 else values
    return [1, 1, *values] if channel_index == 1 else [1, *values, 1]


def _explicit(op: Operation) -> list[int]:
    """The eight amounts of explicit padding; zeros for SAME and VALID."""
    given = op.attrs["explicit_paddings"]
    if op.attrs["padding"] != "EXPLICIT":
        if given:
            raise ShapeError(
                "explicit_paddings attribute must be empty if the padding attribute is not EXPLICIT"
            )
        return [0] * 8
    if len(given) != 8:
        raise ShapeError(
            f"explicit_paddings attribute must contain 8 values, but got: {len(given)}"
        )
    if any(amount < 0 for amount in given):
        raise ShapeError("All elements of explicit_paddings must be nonnegative")
    inner = {2 * axis + side for axis in spatial_axes(op.attrs["data_format"]) for side in (0, 1)}
    if any(amount for at, amount in enumerate(given) if at not in inner):
        raise ShapeError(
            "Nonzero explicit padding in the batch or depth dimensions is not supported"
        )
    return list(given)


def _shared_attrs(op: Operation) -> dict[str, Any]:
    return {key: op.attrs[key] for key in _ATTR_NAMES}


def _check_outer(strides: list[int], dilations: list[int], data_format: str) -> None:
    """Refuses steps along the batch and the channels, in the words and at the time of TF."""
    outer = (0, 1) if data_format == "NCHW" else (0, 3)
    for what, steps in (("strides", strides), ("dilations", dilations)):
        if any(steps[axis] != 1 for axis in outer):
            raise KernelError(
                f"Current implementation does not yet support {what} in the batch and depth "
                "dimensions."
            )


# --- Conv2D ---
CONV2D = define(f"Conv2D(input: T, filter: T, *, {_ATTRS}) -> output: T", blas=True, **_ALLOWED)


@CONV2D.shape
def _(op: Operation) -> list[Dims]:
    x, w = op.inputs[0].dims, op.inputs[1].dims
    check_rank(x, 4, f"input must be 4-dimensional{text(x)}")
    check_rank(w, 4, f"filter must be 4-dimensional: {text(w)}")
    strides, dilations, layout = (op.attrs[k] for k in ("strides", "dilations", "data_format"))
    for what, steps in (("stride", strides), ("dilation", dilations)):
        if len(steps) != 4:
            raise ShapeError(
                f"Conv2D on data format {layout} requires the {what} attribute to contain 4 "
                f"values, but got: {len(steps)}",
                run="Sliding window strides field must specify 4 dimensions",
            )
    pads = _explicit(op)
    x, w = x or (None,) * 4, w or (None,) * 4
    check_depth(x[1 if layout == "NCHW" else 3], w)
    height, width = (
        window_size(
            x[axis],
            w[i],
            strides[axis],
            dilations[axis],
            op.attrs["padding"],
            (pads[2 * axis], pads[2 * axis + 1]),
        )
        for i, axis in enumerate(spatial_axes(layout))
    )
    return [(x[0], w[3], height, width) if layout == "NCHW" else (x[0], height, width, w[3])]


def check_depth(depth: int | None, w: tuple[int | None, ...]) -> None:
    """Checks the channels of an input against filters `[*taps, channels / groups, outputs]`.

    Raises:
        ShapeError: if they do not divide, or the filter has no taps.
    """
    if 0 in w[:-2]:
        raise ShapeError(f"The filter has no taps: its shape is {text(w)}")
    filter_depth, channels = w[-2:]
    if depth is None or filter_depth is None:
        return
    if depth != filter_depth and (not filter_depth or depth % filter_depth):
        raise ShapeError(
            f"Depth of input ({depth}) is not a multiple of input depth of filter ({filter_depth})",
            run=f"{'input' if len(w) == 4 else 'Input'} depth must be evenly divisible by filter "
            f"depth: {depth} vs {filter_depth}",
        )
    groups = depth // filter_depth if filter_depth else 1
    if channels is not None and groups > 1 and channels % groups:
        raise ShapeError(
            f"Depth of output ({channels}) is not a multiple of the number of groups ({groups})"
        )


@CONV2D.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    x, w = op.inputs
    attrs = _shared_attrs(op)
    return (
        apply(CONV2D_BACKPROP_INPUT, shape_of(x), w, dy, **attrs),
        apply(CONV2D_BACKPROP_FILTER, x, shape_of(w), dy, **attrs),
    )


def conv_sizes(
    call: Call, x: Sequence[int], w: Sequence[int], y: Sequence[int]
) -> tuple[int, ...] | None:
    """What the compiled convolutions take: all sizes and the steps; None if they cannot.

    Args:
        call: the instruction.
        x: sizes of the images.
        w: sizes of the filters.
        y: sizes of the result.
    """
    attrs = call.attrs
    if attrs["data_format"] != "NHWC" or call.real != "f32" or len(w) != 4 or len(x) != 4:
        return None
    if w[2] != x[3] or not math.prod(w):
        return None
    pads = attrs["explicit_paddings"] or [0] * 8
    before = []
    for i in (0, 1):
        axis = i + 1
        stride, dilation = attrs["strides"][axis], attrs["dilations"][axis]
        explicit = (pads[2 * axis], pads[2 * axis + 1])
        args = (x[axis], w[i], stride, dilation, attrs["padding"], explicit)
        try:
            size, start, _ = _conv_kernels.padding_amounts(*args)
        except ValueError:
            return None
        if size != y[axis]:
            return None
        before.append(start)
    outer = [attrs[k][axis] for k in ("strides", "dilations") for axis in (0, 3)]
    if x[0] != y[0] or w[3] != y[3] or outer != [1] * 4:
        return None
    return (*x, *w[:2], *y[3:], *y[1:3], *attrs["strides"][1:3], *before, *attrs["dilations"][1:3])


@CONV2D.compiled
def _(call: Call) -> Lowering | None:
    (_, height, width, _), w = call.out_shapes[0], call.shapes[1]
    sizes = conv_sizes(call, call.shapes[0], w, call.out_shapes[0])
    if sizes is None:
        return None
    row = width * math.prod(w[:3]) * call.dtypes[0].size
    block = _conv_kernels.images_together(call.shapes[0][0], height, row)
    return Lowering("conv2d.f32", (*sizes, 0, 0), block=block)


@CONV2D.numpy
def _(
    x: Array,
    w: Array,
    *,
    strides: list[int],
    padding: str,
    explicit_paddings: list[int],
    data_format: str,
    dilations: list[int],
    out: Array | None,
) -> Array:
    _check_outer(strides, dilations, data_format)
    return _conv_kernels.conv2d(
        x,
        w,
        strides=strides,
        padding=padding,
        explicit_paddings=explicit_paddings,
        data_format=data_format,
        dilations=dilations,
        out=out,
    )


# --- its gradients ---
def sizes_shape(op: Operation, port: int, rank: int = 4) -> list[Dims]:
    """The shape that a vector of `rank` sizes asks for."""
    given = op.inputs[port].dims
    sizes = op.partial(port)
    n = len(sizes) if sizes is not None else None if given is None or len(given) != 1 else given[0]
    if n is not None and n != rank:
        raise ShapeError(
            f"Shape must be rank {rank} but is rank {n}",
            run=f"{op.inputs[port].name} must hold {rank} sizes, not {n}",
        )
    if sizes is None:
        return [(None,) * rank]
    return [tuple([None if s is None or s < 0 else s for s in sizes])]


def _check_backprop(
    op_type: str, x: Any, w: Any, dy: tuple[int, ...], attrs: dict[str, Any]
) -> None:
    """Refuses sizes that no convolution has, in TensorFlow's words.

    Args:
        op_type: "Input" or "Filter".
        x: the four sizes of the images.
        w: the four sizes of the filters.
        dy: the shape of the output's gradient.
        attrs: the attributes of the operation.
    """
    label, layout = f"Conv2DCustomBackprop{op_type}", attrs["data_format"]
    _check_outer(attrs["strides"], attrs["dilations"], layout)
    for port, sizes in (("input", x), ("filter", w), ("out_backprop", dy)):
        if len(sizes) != 4:
            raise KernelError(f"{label}: {port} must be 4-dimensional")
    channels = 1 if layout == "NCHW" else 3
    if x[0] != dy[0]:
        raise KernelError(
            f"{label}: input and out_backprop must have the same batch size"
            f"input batch: {x[0]}outbackprop batch: {dy[0]} batch_dim: 0"
        )
    if not w[2] or x[channels] % w[2]:
        raise KernelError(f"{label}: input depth must be evenly divisible by filter depth")
    if w[3] != dy[channels]:
        raise KernelError(f"{label}: filter and out_backprop must have the same out_depth")
    pads = attrs["explicit_paddings"] or [0] * 8
    for i, axis in enumerate(spatial_axes(layout)):
        stride, dilation = attrs["strides"][axis], attrs["dilations"][axis]
        explicit = (pads[2 * axis], pads[2 * axis + 1])
        try:
            wanted = window_size(
                int(x[axis]), int(w[i]), stride, dilation, attrs["padding"], explicit
            )
        except ShapeError as e:
            raise KernelError(f"{label}: {e.run}") from None
        if wanted != dy[axis]:
            raise KernelError(
                f"{label}: Size of out_backprop doesn't match computed: actual = {dy[axis]}, "
                f"computed = {wanted} spatial_dim: {axis} input: {x[axis]} filter: {w[i]} "
                f"output: {dy[axis]} stride: {stride} dilation: {dilation}"
            )


CONV2D_BACKPROP_INPUT = define(
    f"Conv2DBackpropInput(input_sizes: int32, filter: T, out_backprop: T, *, {_ATTRS})"
    " -> output: T",
    blas=True,
    **_ALLOWED,
)


@CONV2D_BACKPROP_INPUT.shape
def _(op: Operation) -> list[Dims]:
    return sizes_shape(op, 0)


@CONV2D_BACKPROP_INPUT.gradient
def _(op: Operation, dy: Tensor) -> tuple[None, Tensor, Tensor]:
    _, w, out_backprop = op.inputs
    attrs = _shared_attrs(op)
    return (
        None,
        apply(CONV2D_BACKPROP_FILTER, dy, shape_of(w), out_backprop, **attrs),
        apply(CONV2D, dy, w, **attrs),
    )


@CONV2D_BACKPROP_INPUT.compiled
def _(call: Call) -> Lowering | None:
    given = call.constants.get(0)
    if given is None or given.tolist() != list(call.out_shapes[0]) or call.dtypes[1] != float32:
        return None
    call = replace(call, dtypes=call.dtypes[1:])
    sizes = conv_sizes(call, call.out_shapes[0], *call.shapes[1:])
    if sizes is None or _mostly_padding(call):
        return None
    return Lowering("conv2d_input.f32", sizes, inputs=(1, 2))


def _mostly_padding(call: Call) -> bool:
    """Whether the result is far larger than `dy`, as under a filter as wide as the image.

    The compiled kernel computes each place of the result from `dy` with zeros around it: with a
    filter of 3 x 128 over 56 x 128 numbers, 99 of 100 are zeros.
    """
    height, width = call.attrs["strides"][1:3]
    covered = math.prod(call.shapes[2][1:3]) * height * width
    return bool(math.prod(call.out_shapes[0][1:3]) > 4 * covered)


@CONV2D_BACKPROP_INPUT.numpy
def _(
    input_sizes: Array,
    w: Array,
    dy: Array,
    *,
    strides: list[int],
    padding: str,
    explicit_paddings: list[int],
    data_format: str,
    dilations: list[int],
    out: Array | None,
) -> Array:
    attrs: dict[str, Any] = {
        "strides": strides,
        "padding": padding,
        "explicit_paddings": explicit_paddings,
        "data_format": data_format,
        "dilations": dilations,
    }
    sizes = input_sizes.tolist()
    _check_backprop("Input", sizes, w.shape, dy.shape, attrs)
    return _conv_kernels.conv2d_backprop_input(sizes, w, dy, **attrs, out=out)


CONV2D_BACKPROP_FILTER = define(
    f"Conv2DBackpropFilter(input: T, filter_sizes: int32, out_backprop: T, *, {_ATTRS})"
    " -> output: T",
    blas=True,
    **_ALLOWED,
)


@CONV2D_BACKPROP_FILTER.shape
def _(op: Operation) -> list[Dims]:
    return sizes_shape(op, 1)


@CONV2D_BACKPROP_FILTER.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None, Tensor]:
    x, _, out_backprop = op.inputs
    attrs = _shared_attrs(op)
    return (
        apply(CONV2D_BACKPROP_INPUT, shape_of(x), dy, out_backprop, **attrs),
        None,
        apply(CONV2D, x, dy, **attrs),
    )


@CONV2D_BACKPROP_FILTER.compiled
def _(call: Call) -> Lowering | None:
    given = call.constants.get(1)
    if given is None or given.tolist() != list(call.out_shapes[0]):
        return None
    sizes = conv_sizes(call, call.shapes[0], call.out_shapes[0], call.shapes[2])
    return None if sizes is None else Lowering("conv2d_filter.f32", sizes, inputs=(0, 2))


@CONV2D_BACKPROP_FILTER.numpy
def _(
    x: Array,
    filter_sizes: Array,
    dy: Array,
    *,
    strides: list[int],
    padding: str,
    explicit_paddings: list[int],
    data_format: str,
    dilations: list[int],
    out: Array | None,
) -> Array:
    attrs: dict[str, Any] = {
        "strides": strides,
        "padding": padding,
        "explicit_paddings": explicit_paddings,
        "data_format": data_format,
        "dilations": dilations,
    }
    sizes = filter_sizes.tolist()
    _check_backprop("Filter", x.shape, sizes, dy.shape, attrs)
    return _conv_kernels.conv2d_backprop_filter(x, sizes, dy, **attrs, out=out)


# --- public functions ---
def _padding(padding: Any) -> tuple[Any, list[int]]:
    """Splits the argument into the attributes `padding` and `explicit_paddings`."""
    if isinstance(padding, str) and padding == "EXPLICIT":
        raise ValueError(
            '"EXPLICIT" is not a valid value for the padding parameter. To use explicit padding, '
            "the padding parameter must be a list."
        )
    if not isinstance(padding, list | tuple):
        return padding, []
    for i, pair in enumerate(padding):
        problem = "When padding is a list, each element of padding must be a list/tuple of size 2."
        if not isinstance(pair, list | tuple):
            raise ValueError(f"{problem} Element with index {i} of padding is not a list/tuple")
        if len(pair) != 2:
            raise ValueError(f"{problem} Element with index {i} of padding has size {len(pair)}")
    if len(padding) != 4:
        raise ValueError(
            f"When padding is a list, it must be of size 4. Got padding of size: {len(padding)}"
        )
    return "EXPLICIT", [amount for pair in padding for amount in pair]


@export("nn.conv2d")
@renamed(filters="filter")
def conv2d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: Any = True,
    data_format: Any = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """Returns the two-dimensional convolution of images with filters (a cross-correlation).

    Args:
        input: x: [n, h, w, c], or [n, c, h, w] for NCHW.
        filter: w: [filter h, filter w, c, channels]; an input with k times as many channels is
            convolved in k groups.
        strides: the steps of the window: one number, [h, w], or four in the order of
            `data_format`.
        padding: "SAME" (the output has ceil(size / stride) positions), "VALID" (only whole
            windows), or the amounts before and after each of the four dimensions.
        use_cudnn_on_gpu: kept in the graph; without effect here.
        data_format: "NHWC" or "NCHW".
        dilations: the steps between the taps of the filter, as `strides`.
        name: the node's name.

    Raises:
        ValueError: if the shapes or attributes do not fit.

    Note:
        NCHW and groups work; TensorFlow 1.15 refuses both on a CPU. Strides along the batch or
        the channels are an InvalidArgumentError when the node runs, as in TensorFlow.
    """
    padding, explicit_paddings = _padding(padding)
    data_format = "NHWC" if data_format is None else data_format
    channel_index = 1 if data_format.startswith("NC") else 3
    found: Tensor = apply(
        CONV2D,
        input,
        filter,
        strides=sequence(strides, 2, channel_index, "strides"),
        padding=padding,
        use_cudnn_on_gpu=use_cudnn_on_gpu,
        explicit_paddings=explicit_paddings,
        data_format=data_format,
        dilations=sequence(dilations, 2, channel_index, "dilations"),
        name=name,
    )
    return found


@export("nn.conv2d_backprop_input")
@renamed(filters="filter")
def conv2d_backprop_input(
    input_sizes: Any,
    filter: Any = None,
    out_backprop: Any = None,
    strides: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: Any = True,
    data_format: Any = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """Returns the gradient of `conv2d` by its images.

    Args:
        input_sizes: the four sizes of the images.
        filter: the filters.
        out_backprop: the gradient of the result.
        strides: four numbers, as `conv2d` takes them, and so are the others.
        padding: see `conv2d`.
        use_cudnn_on_gpu: see `conv2d`.
        data_format: see `conv2d`.
        dilations: see `conv2d`; TensorFlow 1.15 refuses other than ones here on a CPU.
        name: the node's name.
    """
    padding, explicit_paddings = _padding(padding)
    found: Tensor = apply(
        CONV2D_BACKPROP_INPUT,
        input_sizes,
        filter,
        out_backprop,
        strides=strides,
        padding=padding,
        use_cudnn_on_gpu=use_cudnn_on_gpu,
        explicit_paddings=explicit_paddings,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )
    return found


@export("nn.conv2d_backprop_filter")
def conv2d_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    use_cudnn_on_gpu: Any = True,
    data_format: Any = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """Returns the gradient of `conv2d` by its filters.

    Args:
        input: the images.
        filter_sizes: the four sizes of the filters.
        out_backprop: the gradient of the result.
        strides: four numbers, as `conv2d` takes them, and so are the others.
        padding: see `conv2d`.
        use_cudnn_on_gpu: see `conv2d`.
        data_format: see `conv2d`.
        dilations: see `conv2d`; TensorFlow 1.15 refuses other than ones here on a CPU.
        name: the node's name.
    """
    padding, explicit_paddings = _padding(padding)
    found: Tensor = apply(
        CONV2D_BACKPROP_FILTER,
        input,
        filter_sizes,
        out_backprop,
        strides=strides,
        padding=padding,
        use_cudnn_on_gpu=use_cudnn_on_gpu,
        explicit_paddings=explicit_paddings,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )
    return found
