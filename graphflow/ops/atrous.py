"""Windows with holes: an operation between SpaceToBatchND and BatchToSpaceND, as TensorFlow does.

Where the steps within a window are more than one, the images are split into as many sparser ones,
which stand in the batch; the operation sees no holes. `convolution`, `pool`, the depthwise
convolutions and the convolution layers share it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.export import export, renamed
from graphflow.core.shape import TensorShape, as_shape, dimension_at_index
from graphflow.core.tensor import Tensor
from graphflow.ops.concat import concat
from graphflow.ops.conv import conv2d, sequence
from graphflow.ops.conv_variants import conv1d, conv2d_transpose
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.space_batch import (
    batch_to_space,
    batch_to_space_nd,
    required_space_to_batch_paddings,
    space_to_batch,
    space_to_batch_nd,
    static_value,
)
from graphflow.ops.stack import stack

Operator = Callable[[Any, Any], Any]
"""A function of the input and the filters."""


def _is_first(data_format: str | None) -> bool:
    return data_format is not None and data_format.startswith("NC")


# --- with_space_to_batch ---
class Holed:
    """An operation on windows with holes, made once for inputs of one shape.

    Args:
        input_shape: the static shape of the input.
        dilation_rate: the steps within a window, one for each dimension of space.
        padding: "SAME" or "VALID".
        build: makes the operation without holes for a number of dimensions and a padding.
        filter_shape: the shape of the window, which SAME needs; a tensor, list or shape.
        spatial_dims: the dimensions of space; None: those after the batch (and the channels).
        data_format: says with "NC" that channels come first.

    Raises:
        ValueError: if the arguments do not fit.
    """

    def __init__(
        self,
        input_shape: TensorShape,
        dilation_rate: Any,
        padding: Any,
        build: Callable[[int, Any], Operator],
        filter_shape: Any = None,
        spatial_dims: Any = None,
        data_format: str | None = None,
    ) -> None:
        rate = convert(dilation_rate, int32, "dilation_rate")
        if rate.dims is not None and len(rate.dims) != 1:
            raise ValueError("rate must be rank 1")
        if rate.dims is None or rate.dims[0] is None:
            raise ValueError("rate must have known shape")
        n = rate.dims[0]
        self._first = _is_first(data_format)
        self._space = _checked_space(spatial_dims, n, self._first)
        _check_rank(input_shape, self._space[-1] + (not self._first))
        known = static_value(rate)
        if known is not None and (known < 1).any():
            raise ValueError("dilation_rate must be positive")
        self._holes = known is None or bool((known != 1).any())
        self._operator = build(n, "VALID" if self._holes else padding)
        if self._holes:
            self._shape, self._rate = input_shape, rate
            self._base = _base_paddings(padding, filter_shape, n, rate if known is None else known)

    def __call__(self, x: Any, filters: Any) -> Any:
        """Returns the operation's result for an input and its filters (or None)."""
        if not self._holes:
            return self._operator(x, filters)
        paddings, crops = required_space_to_batch_paddings(self._sizes(x), self._rate, self._base)
        rate = _adjusted(self._rate, 1, self._space)
        paddings = _adjusted(paddings, 0, self._space)
        crops = _adjusted(crops, 0, self._space)
        made = self._operator(space_to_batch_nd(x, rate, paddings), filters)
        found = batch_to_space_nd(made, rate, crops)
        if self._first and filters is not None and not found.shape.as_list()[1]:
            sizes = found.shape.as_list()
            found.set_shape([sizes[0], as_shape(filters.shape).as_list()[-1], *sizes[2:]])
        return found

    def _sizes(self, x: Any) -> Any:
        """The sizes of space: a list where they are known."""
        dims = self._shape.raw
        if dims is not None and all(dims[i] is not None for i in self._space):
            return [dims[i] for i in self._space]
        sizes = shape_of(x)
        return stack([sizes[i] for i in self._space])


def _checked_space(given: Any, n: int, first: bool) -> list[int]:
    start = 2 if first else 1
    wanted = list(range(start, n + start) if given is None else given)
    found = sorted({int(axis) for axis in wanted})
    if found != wanted or any(axis < 1 for axis in found):
        raise ValueError(
            "spatial_dims must be a montonically increasing sequence of positive integers"
        )
    return found


def _check_rank(shape: TensorShape, rank: int) -> None:
    if shape.raw is not None and len(shape.raw) < rank:
        raise ValueError(f"input tensor must have rank {rank} at least")


def _base_paddings(padding: Any, filter_shape: Any, n: int, rate: Any) -> Any:
    """The paddings that SAME asks for; zeros for VALID."""
    if padding == "VALID":
        return np.zeros((n, 2), np.int32)
    if padding != "SAME":
        raise ValueError(f"Invalid padding method {padding!r}")
    if filter_shape is None:
        raise ValueError("filter_shape must be specified for SAME padding")
    window: Any = convert(filter_shape, name="filter_shape")
    known = static_value(window)
    window = (window if known is None else known)[:n]
    more = window + (window - 1) * (rate - 1) - 1
    before = more // 2
    behind = more - before
    return stack([[before[i], behind[i]] for i in range(n)])


def _adjusted(given: Tensor, fill: int, space: Sequence[int]) -> Any:
    """Rows of `given` for the dimensions of space, rows of `fill` for those between.

    A value that is known becomes an array, else a tensor.
    """
    known = static_value(given)
    rows: Any = given if known is None else known
    parts: list[Any] = []
    done = at = 0
    while at < len(space):
        start = at
        if space[at] > 1:
            size = (space[at] - 1 - done, *(given.dims or ())[1:])
            parts.append(np.full(size, fill, given.dtype.as_numpy_dtype))
        while at + 1 < len(space) and space[at + 1] == space[at] + 1:
            at += 1
        parts.append(rows[start : at + 1])
        done = space[at]
        at += 1
    return concat(parts, 0) if known is None else np.concatenate(parts)


@export("nn.with_space_to_batch")
def with_space_to_batch(
    input: Any,
    dilation_rate: Any,
    padding: Any,
    op: Callable[[Any, int, Any], Any],
    filter_shape: Any = None,
    spatial_dims: Any = None,
    data_format: Any = None,
) -> Any:
    """Returns what an operation on windows makes if the windows have holes.

    Args:
        input: x: [n, *space, c], or [n, c, *space].
        dilation_rate: the steps within a window, one for each dimension of space.
        padding: "SAME" or "VALID".
        op: a function of the input, the number of dimensions of space and the padding.
        filter_shape: the shape of the window; needed for "SAME".
        spatial_dims: the dimensions of space, ascending; None: those after the batch.
        data_format: "NC..." if the channels come first.

    Raises:
        ValueError: if the arguments do not fit.
    """
    input = convert(input, name="input")

    def build(n: int, padding: Any) -> Operator:
        return lambda x, _: op(x, n, padding)

    holed = Holed(
        input.shape, dilation_rate, padding, build, filter_shape, spatial_dims, data_format
    )
    return holed(input, None)


# --- convolution ---
def _rank_of(x: Any) -> int | None:
    shape = getattr(x, "shape", None)
    if isinstance(shape, TensorShape):
        return shape.rank
    return None if shape is None else len(shape)


def _static_shape(x: Any) -> TensorShape:
    return as_shape(x.shape if hasattr(x, "shape") else np.shape(x))


def plain_convolution(
    n: int, padding: Any, strides: Sequence[int], data_format: str | None, name: str | None
) -> Operator:
    """The convolution over `n` dimensions without holes, as one node.

    Raises:
        ValueError: if the format is none of that rank.
    """
    formats = [("NWC", "NCW", "NHWC", "NCHW"), ("NHWC", "NCHW"), ("NDHWC", "NCDHW")][n - 1]
    if data_format is not None and data_format not in formats:
        raise ValueError(f'data_format must be "{formats[0]}" or "{formats[1]}".')
    layout = formats[0] if data_format is None else data_format
    steps = [int(s) for s in strides]
    if n == 1:
        return lambda x, w: conv1d(x, w, steps[0], padding, data_format=layout, name=name)
    steps = [1, 1, *steps] if _is_first(layout) else [1, *steps, 1]
    if n == 2:
        return lambda x, w: conv2d(x, w, steps, padding, data_format=layout, name=name)
    return lambda x, w: apply(
        "Conv3D", x, w, strides=steps, padding=padding, data_format=layout, name=name
    )


class Convolution:
    """A convolution of inputs of one shape, with steps or with holes.

    Args:
        input_shape: the static shape of the input, [n, *space, c].
        filter_shape: the static shape of the filters, [*window, c, channels].
        padding: "SAME" or "VALID".
        strides: the steps of the window; None: 1.
        dilation_rate: the steps within the window; None: 1.
        name: the name of the node.
        data_format: the order of the dimensions; None: channels last.

    Raises:
        ValueError: if the shapes or the steps do not fit.
    """

    def __init__(
        self,
        input_shape: TensorShape,
        filter_shape: TensorShape,
        padding: Any,
        strides: Any = None,
        dilation_rate: Any = None,
        name: str | None = None,
        data_format: str | None = None,
    ) -> None:
        rank = input_shape.rank if filter_shape.rank is None else filter_shape.rank
        if rank is None:
            raise ValueError("rank of input or filter must be known")
        for what, shape in (("input", input_shape), ("filter", filter_shape)):
            if shape.rank not in (None, rank):
                raise ValueError(f"{what} tensor must have rank {rank}")
        n, first = rank - 2, _is_first(data_format)
        depth = dimension_at_index(input_shape, 1 if first else n + 1)
        if not depth.is_compatible_with(filter_shape[n]):
            raise ValueError(
                "number of input channels does not match corresponding dimension of filter, "
                f"{depth} != {filter_shape[n]}"
            )
        steps, rates = steps_and_rates(n, strides, dilation_rate)
        self._call = Holed(
            input_shape,
            rates,
            padding,
            lambda n, padding: plain_convolution(n, padding, steps, data_format, name),
            filter_shape,
            range(2, n + 2) if first else range(1, n + 1),
            data_format,
        )

    def __call__(self, x: Any, filters: Any) -> Tensor:
        """Returns the convolution of an input with filters."""
        found: Tensor = self._call(x, filters)
        return found


def steps_and_rates(n: int, strides: Any, dilation_rate: Any) -> tuple[Any, Any]:
    """The steps of a window and within it as arrays of `n`; None: 1.

    Raises:
        ValueError: if there are not `n`, or one is not positive, or both are more than 1.
    """
    found = []
    for what, given in (("dilation_rate", dilation_rate), ("strides", strides)):
        if given is not None and len(given) != n:
            raise ValueError(f"len({what})={len(given)} but should be {n}")
        values = np.array([1] * n if given is None else given, np.int32)
        if (values < 1).any():
            raise ValueError(f"all values of {what} must be positive")
        found.append(values)
    rates, steps = found
    if (steps > 1).any() and (rates > 1).any():
        raise ValueError("strides > 1 not supported in conjunction with dilation_rate > 1")
    return steps, rates


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
    """Returns the convolution of signals, images or volumes, by the rank of the input.

    Args:
        input: x: [n, *space, c]; channels first for a format such as "NCHW".
        filter: the filters, [*window, c, channels].
        padding: "SAME" or "VALID".
        strides: the step of the window in each dimension of space.
        dilation_rate: the step between the taps in each dimension of space; other than 1 only
            without strides.
        name: the node's name.
        data_format: "NWC", "NCW", "NHWC", "NCHW", "NDHWC" or "NCDHW"; None: channels last.

    Raises:
        ValueError: if the rank is not known or is none of 3, 4 and 5, or shapes do not fit.
    """
    rank = _rank_of(input)
    rank = _rank_of(filter) if rank is None else rank
    if rank is None:
        raise ValueError("rank of input or filter must be known")
    n = rank - 2
    if not 1 <= n <= 3:
        raise ValueError(f"Input tensor must be of rank 3, 4 or 5 but was {n + 2}.")
    channel_index = 1 if _is_first(data_format) else n + 1
    steps = sequence(strides, n, channel_index, "strides")
    rates = sequence(dilation_rate, n, channel_index, "dilations")
    with scopes.name_scope(name, "convolution", [input, filter]) as scope:
        if all(rate == 1 for rate in rates):
            return _without_holes(n, input, filter, steps, padding, rates, data_format, scope)
        inner = slice(2, None) if channel_index == 1 else slice(1, -1)
        made = Convolution(
            _static_shape(input),
            _static_shape(filter),
            padding,
            steps[inner],
            rates[inner],
            scope,
            data_format,
        )
        return made(input, filter)


def _without_holes(
    n: int, x: Any, w: Any, steps: Any, padding: Any, rates: Any, data_format: Any, scope: str
) -> Tensor:
    if n == 1:
        return conv1d(x, w, steps, padding, None, data_format, scope, None, rates)
    found: Tensor = apply(
        f"Conv{n}D",
        x,
        w,
        strides=steps,
        padding=padding,
        data_format=data_format,
        dilations=rates,
        name=scope,
    )
    return found


# --- atrous convolution of images ---
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
    """
    rates = np.broadcast_to(rate, (2,))
    found: Tensor = convolution(value, filters, padding, dilation_rate=rates, name=name)
    return found


@export("nn.atrous_conv2d_transpose")
def atrous_conv2d_transpose(
    value: Any, filters: Any, output_shape: Any, rate: Any, padding: Any, name: str | None = None
) -> Tensor:
    """Returns the transpose of `atrous_conv2d`.

    Args:
        value: x: [n, h, w, channels].
        filters: w: [filter h, filter w, output channels, channels].
        output_shape: the four sizes of the result.
        rate: the step between the taps.
        padding: "SAME" or "VALID".
        name: the node's name.

    Raises:
        ValueError: if the channels do not fit, or an argument is none of these.
    """
    with scopes.name_scope(name, "atrous_conv2d_transpose", [value, filters, output_shape]):
        value = convert(value, name="value")
        filters = convert(filters, name="filters")
        if not value.shape.dims[3].is_compatible_with(filters.shape[3]):
            raise ValueError(
                "value's input channels does not match filters' input channels, "
                f"{value.shape[3]} != {filters.shape[3]}"
            )
        if rate < 1:
            raise ValueError(f"rate {rate} cannot be less than one")
        if rate == 1:
            return conv2d_transpose(value, filters, output_shape, [1, 1, 1, 1], padding)
        asked = _checked_output(output_shape, filters)
        pads = _transpose_pads(filters, rate, padding)
        return _holed_transpose(value, filters, asked, rate, pads)


def _checked_output(output_shape: Any, filters: Tensor) -> Any:
    """The four sizes as they came, after TensorFlow's checks; it makes a tensor of them too."""
    made = convert(output_shape, name="output_shape")
    if not made.shape.is_compatible_with([4]):
        raise ValueError(f"output_shape must have shape (4,), got {made.shape}")
    asked = list(output_shape) if isinstance(output_shape, tuple) else output_shape
    channels = dimension_at_index(filters.shape, 2)
    if isinstance(asked, list | np.ndarray) and not channels.is_compatible_with(asked[3]):
        raise ValueError(
            "output_shape does not match filter's output channels, "
            f"{asked[3]} != {filters.shape[2]}"
        )
    return asked


def _transpose_pads(filters: Tensor, rate: Any, padding: Any) -> list[Any]:
    """The margins (top, bottom, left, right) of the result before it is cut."""
    if padding == "VALID":
        return [0, 0, 0, 0]
    if padding != "SAME":
        raise ValueError(f"padding must be either VALID or SAME: {padding}")
    known = filters.shape.is_fully_defined()
    sizes: Any = filters.shape.as_list() if known else shape_of(filters)
    found: list[Any] = []
    windows = [sizes[0], sizes[1]]
    wide = [size + (size - 1) * (rate - 1) for size in windows]
    margins = [size - 1 for size in wide]
    for margin in margins:
        before = margin // 2
        found += [before, margin - before]
    return found


def _holed_transpose(value: Tensor, filters: Tensor, asked: Any, rate: Any, pads: Any) -> Tensor:
    top, bottom, left, right = pads
    height = asked[1] + top + bottom
    width = asked[2] + left + right
    more_rows = (rate - height % rate) % rate
    more_columns = (rate - width % rate) % rate
    sparse = space_to_batch(value, [[0, more_rows], [0, more_columns]], rate)
    sizes = [
        rate * rate * asked[0],
        (height + more_rows) // rate,
        (width + more_columns) // rate,
        asked[3],
    ]
    made = apply(
        "Conv2DBackpropInput", sizes, filters, sparse, strides=[1, 1, 1, 1], padding="VALID"
    )
    crops = [[top, bottom + more_rows], [left, right + more_columns]]
    found: Tensor = batch_to_space(made, crops, rate)
    return found
