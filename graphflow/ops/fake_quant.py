"""Fake quantization: floats rounded to the steps of a range, as if they had been integers.

Gradients pass inside the range, and outside they belong to its ends.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.elementwise import same_shape
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._quantize_kernels import fake_quantized, nudged
from graphflow.ops._shapes import need_rank, need_rank_at_least, need_rank_at_most, same_size
from graphflow.ops.quantize import first

Array = np.ndarray[Any, Any]

_OPTIONS = "num_bits: int = 8, narrow_range: bool = False"
_ONCE = "TensorFlow has none: fake quantization has no second derivative"


def _check_bits(num_bits: int) -> None:
    if not 2 <= num_bits <= 16:
        raise KernelError("num_bits must be between 2 and 16, inclusive")


def _bounds(low: float, high: float) -> tuple[Any, Any]:
    if not low < high:
        raise KernelError(f"min has to be smaller than max, was: {low:g} >= {high:g}")
    return np.float32(low), np.float32(high)


# --- FakeQuantWithMinMaxArgs and its gradient ---
_ARGS = f"min: float = -6.0, max: float = 6.0, {_OPTIONS}"
FAKE_QUANT_ARGS = define(
    f"FakeQuantWithMinMaxArgs(inputs: float32, *, {_ARGS}) -> outputs: float32", shape=same_shape
)
FAKE_QUANT_ARGS_GRAD = define(
    f"FakeQuantWithMinMaxArgsGradient(gradients: float32, inputs: float32, *, {_ARGS}) "
    "-> backprops: float32",
    shape=same_shape,
).no_gradient(_ONCE, raises=True)


@FAKE_QUANT_ARGS.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    found: Tensor = apply(FAKE_QUANT_ARGS_GRAD, dy, op.inputs[0], **_own(op, "min max"))
    return found


def _own(op: Operation, more: str = "") -> dict[str, Any]:
    return {key: op.attrs[key] for key in f"{more} num_bits narrow_range".split()}


@FAKE_QUANT_ARGS.numpy
def _(x: Array, *, min: float, max: float, num_bits: int, narrow_range: bool) -> Array:
    _check_bits(num_bits)
    limits = nudged(*_bounds(min, max), num_bits, narrow_range)
    return fake_quantized(x, *limits, multiply=True)


@FAKE_QUANT_ARGS_GRAD.numpy
def _(dy: Array, x: Array, *, min: float, max: float, num_bits: int, narrow_range: bool) -> Array:
    _check_bits(num_bits)
    if dy.shape != x.shape:
        kind = "FakeQuantWithMinMaxArgsGradient"
        raise KernelError(
            f"Inputs to operation {kind} of type {kind} must have the same size and shape.  "
            f"Input 0: {text(dy.shape)} != input 1: {text(x.shape)}"
        )
    low, high, _ = nudged(*_bounds(min, max), num_bits, narrow_range)
    return dy * ((x >= low) & (x <= high))


# --- FakeQuantWithMinMaxVars, ...VarsPerChannel and their gradients ---
def _scalars(op: Operation, first_range: int) -> None:
    for t in op.inputs[first_range:]:
        need_rank(t.dims, 0)


def _vectors(op: Operation, first_range: int) -> int | None:
    """How many channels there are: the last axis, and the length of both vectors."""
    channels = None
    x = op.inputs[first_range - 1].dims
    if x is not None:
        channels = x[-1]
    for name, t in zip(("min", "max"), op.inputs[first_range:], strict=True):
        (length,) = need_rank(t.dims, 1)
        run = f"{name} has incorrect size, expected {channels} was {length}"
        channels = same_size(channels, length, run)
    return channels


def _vars(op_type: str, per_channel: bool) -> OpDef:
    new = define(
        f"{op_type}(inputs: float32, min: float32, max: float32, *, {_OPTIONS}) -> outputs: float32"
    )

    def shape(op: Operation) -> list[Dims]:
        x = op.inputs[0].dims
        if not per_channel:
            _scalars(op, 1)
            return [x]
        need_rank_at_least(x, 1)
        channels = _vectors(op, 1)
        return [None if x is None else (*x[:-1], channels)]

    def run(x: Array, low: Array, high: Array, *, num_bits: int, narrow_range: bool) -> Array:
        _check_bits(num_bits)
        low, high = _ranges(x, low, high, per_channel)
        with np.errstate(all="ignore"):
            found = fake_quantized(x, *nudged(low, high, num_bits, narrow_range), multiply=False)
        # A range of nothing at all stands for variables that have not learned theirs.
        zero = (low == 0) & (high == 0) & (not per_channel)
        return np.where(zero, np.float32(0), found)

    new.shape(shape)
    new.numpy(run)
    return new


def _ranges(x: Array, low: Array, high: Array, per_channel: bool) -> tuple[Any, Any]:
    if not per_channel:
        return first(low), first(high)
    for name, v in (("min", low), ("max", high)):
        if v.ndim != 1 or len(v) != x.shape[-1]:
            raise KernelError(f"{name} has incorrect size, expected {x.shape[-1]} was {v.size}")
    return low, high


def _vars_gradient(op_type: str, per_channel: bool) -> OpDef:
    new = define(
        f"{op_type}(gradients: float32, inputs: float32, min: float32, max: float32, *, "
        f"{_OPTIONS}) -> backprops_wrt_input: float32, backprop_wrt_min: float32, "
        "backprop_wrt_max: float32"
    ).no_gradient(_ONCE, raises=True)

    def shape(op: Operation) -> list[Dims]:
        dy, x = op.inputs[0].dims, op.inputs[1].dims
        if per_channel:
            need_rank_at_least(x, 1)
            need_rank_at_most(x, 4)
        whole = _merged(dy, x)
        if not per_channel:
            _scalars(op, 2)
            return [whole, (), ()]
        channels = _vectors(op, 2)
        return [None if whole is None else (*whole[:-1], channels), (channels,), (channels,)]

    def run(
        dy: Array, x: Array, low: Array, high: Array, *, num_bits: int, narrow_range: bool
    ) -> Any:
        _check_bits(num_bits)
        if dy.shape != x.shape:
            raise KernelError("gradient and input must be the same size")
        low, high = _ranges(x, low, high, per_channel)
        zero = (low == 0) & (high == 0) & (not per_channel)
        with np.errstate(all="ignore"):
            start, end, _ = nudged(low, high, num_bits, narrow_range)
            below, above = (x < start) & ~zero, (x > end) & ~zero
            inside = ((x >= start) & (x <= end)) | zero
        axes = tuple(range(x.ndim - 1)) if per_channel else None
        ends = [np.asarray((dy * m).sum(axes, dtype=np.float32)) for m in (below, above)]
        return dy * inside, *ends

    new.shape(shape)
    new.numpy(run)
    return new


def _merged(a: Dims, b: Dims) -> Dims:
    run = "gradient and input must be the same size"
    if a is None or b is None:
        return b if a is None else a
    if len(a) != len(b):
        raise ShapeError(f"Shapes must be equal rank, but are {len(a)} and {len(b)}", run)
    found = []
    for i, (x, y) in enumerate(zip(a, b, strict=True)):
        if None not in (x, y) and x != y:
            raise ShapeError(
                f"Dimension {i} in both shapes must be equal, but are {x} and {y}. Shapes are "
                f"{text(a)} and {text(b)}.",
                run,
            )
        found.append(y if x is None else x)
    return tuple(found)


FAKE_QUANT_VARS = _vars("FakeQuantWithMinMaxVars", False)
FAKE_QUANT_VARS_GRAD = _vars_gradient("FakeQuantWithMinMaxVarsGradient", False)
FAKE_QUANT_CHANNELS = _vars("FakeQuantWithMinMaxVarsPerChannel", True)
FAKE_QUANT_CHANNELS_GRAD = _vars_gradient("FakeQuantWithMinMaxVarsPerChannelGradient", True)


@FAKE_QUANT_VARS.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, ...]:
    return tuple(apply(FAKE_QUANT_VARS_GRAD, dy, *op.inputs, **_own(op)))


@FAKE_QUANT_CHANNELS.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, ...]:
    return tuple(apply(FAKE_QUANT_CHANNELS_GRAD, dy, *op.inputs, **_own(op)))


# --- public functions ---
def _spaces(name: str) -> tuple[str, str]:
    return name, f"quantization.{name}"


@export(*_spaces("fake_quant_with_min_max_args"))
def fake_quant_with_min_max_args(
    inputs: Any,
    min: float = -6,
    max: float = 6,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns floats rounded to the steps of a fixed range.

    Args:
        inputs: float32 values.
        min: the range's lower end.
        max: its upper end; both move a little, so that zero is a step.
        num_bits: 2 to 16: there are `2 ** num_bits` steps.
        narrow_range: whether there is one step less.
        name: the node's name.
    """
    found: Tensor = apply(
        FAKE_QUANT_ARGS, inputs, min=min, max=max, num_bits=num_bits, narrow_range=narrow_range,
        name=name,
    )  # fmt: skip
    return found


@export(*_spaces("fake_quant_with_min_max_args_gradient"))
def fake_quant_with_min_max_args_gradient(
    gradients: Any,
    inputs: Any,
    min: float = -6,
    max: float = 6,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns what passes of a gradient through `tf.fake_quant_with_min_max_args`.

    Args:
        gradients: the gradient that arrives.
        inputs: the function's inputs.
        min: its lower end.
        max: its upper end.
        num_bits: its bits.
        narrow_range: whether it has one step less.
        name: the node's name.
    """
    found: Tensor = apply(
        FAKE_QUANT_ARGS_GRAD, gradients, inputs, min=min, max=max, num_bits=num_bits,
        narrow_range=narrow_range, name=name,
    )  # fmt: skip
    return found


@export(*_spaces("fake_quant_with_min_max_vars"))
def fake_quant_with_min_max_vars(
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns floats rounded to the steps of a range that is learned.

    Args:
        inputs: float32 values.
        min: the range's lower end, a scalar.
        max: its upper end, a scalar; if both are 0 the result is 0.
        num_bits: 2 to 16.
        narrow_range: whether there is one step less.
        name: the node's name.
    """
    found: Tensor = apply(
        FAKE_QUANT_VARS, inputs, min, max, num_bits=num_bits, narrow_range=narrow_range, name=name
    )
    return found


@export(*_spaces("fake_quant_with_min_max_vars_gradient"))
def fake_quant_with_min_max_vars_gradient(
    gradients: Any,
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> Any:
    """Returns the gradients of `tf.fake_quant_with_min_max_vars`.

    Args:
        gradients: the gradient that arrives.
        inputs: the function's inputs.
        min: its lower end.
        max: its upper end.
        num_bits: its bits.
        narrow_range: whether it has one step less.
        name: the node's name.

    Returns:
        A named tuple: `backprops_wrt_input`, `backprop_wrt_min`, `backprop_wrt_max`.
    """
    return apply(
        FAKE_QUANT_VARS_GRAD, gradients, inputs, min, max, num_bits=num_bits,
        narrow_range=narrow_range, name=name,
    )  # fmt: skip


@export(*_spaces("fake_quant_with_min_max_vars_per_channel"))
def fake_quant_with_min_max_vars_per_channel(
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns floats rounded to the steps of a range for each channel.

    Args:
        inputs: float32, [..., channels].
        min: the lower ends, [channels].
        max: the upper ends, [channels].
        num_bits: 2 to 16.
        narrow_range: whether there is one step less.
        name: the node's name.
    """
    found: Tensor = apply(
        FAKE_QUANT_CHANNELS, inputs, min, max, num_bits=num_bits, narrow_range=narrow_range,
        name=name,
    )  # fmt: skip
    return found


@export(*_spaces("fake_quant_with_min_max_vars_per_channel_gradient"))
def fake_quant_with_min_max_vars_per_channel_gradient(
    gradients: Any,
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> Any:
    """Returns the gradients of `tf.fake_quant_with_min_max_vars_per_channel`.

    Args:
        gradients: the gradient that arrives.
        inputs: the function's inputs, of rank 1 to 4.
        min: its lower ends.
        max: its upper ends.
        num_bits: its bits.
        narrow_range: whether it has one step less.
        name: the node's name.

    Returns:
        A named tuple: `backprops_wrt_input`, `backprop_wrt_min`, `backprop_wrt_max`.
    """
    return apply(
        FAKE_QUANT_CHANNELS_GRAD, gradients, inputs, min, max, num_bits=num_bits,
        narrow_range=narrow_range, name=name,
    )  # fmt: skip
