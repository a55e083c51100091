"""Arithmetic on quantized types: integers go in with their ranges, and come out with new ones."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, qint32, quint8
from graphflow.core.elementwise import broadcast
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import INDEX, OpDef, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.ops import _quantize_kernels as kernels
from graphflow.ops._quantize_kernels import TYPES, integers, plain
from graphflow.ops._shapes import need_rank, same_size, scalar_value
from graphflow.ops.concat import joined
from graphflow.ops.quantize import first, with_range
from graphflow.ops.reshape import RESHAPE

Array = np.ndarray[Any, Any]

_JUMPS: Final = "integers have no derivative"
_TWO_RANGES: Final = "min_{0}: float32, max_{0}: float32, min_{1}: float32, max_{1}: float32"


def _scalars(op: Operation, *positions: int) -> None:
    for i in positions:
        need_rank(op.inputs[i].dims, 0)


def _level(x: Array, low: Array, high: Array) -> Array:
    """Integers as int64, so that zero is 0."""
    x = plain(x)
    zero = kernels.unclamped(0.0, first(low), first(high), x.dtype)
    return x.astype(np.int64) - zero


def _product_range(a: Array, b: Array, ranges: tuple[Array, ...], kind: Any) -> tuple[Any, Any]:
    low_a, high_a, low_b, high_b = map(first, ranges)
    x, y = (low_a, high_a, plain(a).dtype), (low_b, high_b, plain(b).dtype)
    return kernels.product_range(x, y, kind)


# --- QuantizedConcat ---
CONCAT = define(
    "QuantizedConcat(concat_dim: int32, values: N*T, input_mins: N*float32, "
    "input_maxes: N*float32) -> output: T, output_min: float32, output_max: float32",
    N=2,
).no_gradient(_JUMPS, raises=True)


@CONCAT.shape
def _(op: Operation) -> list[Dims]:
    n = op.attrs["N"]
    _scalars(op, *range(n + 1, 3 * n + 1))
    need_rank(op.inputs[0].dims, 0)
    axis = scalar_value(op, 0)
    whole = joined([t.dims for t in op.inputs[1 : n + 1]], axis)
    return [whole, (), ()]


@CONCAT.numpy
def _(
    axis: Array, values: list[Array], lows: list[Array], highs: list[Array]
) -> tuple[Array, Any, Any]:
    arrays = [plain(x) for x in values]
    at, rank = axis.item(), arrays[0].ndim
    if not 0 <= at < rank:
        raise KernelError(
            f"ConcatOp : Expected concatenating dimensions in the range [0, {rank}), but got {at}"
        )
    for i, x in enumerate(arrays):
        if np.delete(x.shape, at).tolist() != np.delete(arrays[0].shape, at).tolist():
            raise KernelError(
                "ConcatOp : Dimensions of inputs should match: "
                f"shape[0] = {text(arrays[0].shape)} vs. shape[{i}] = {text(x.shape)}"
            )
    starts, ends = [first(x) for x in lows], [first(x) for x in highs]
    low, high = min(np.float32(0), *starts), max(ends)
    kind = arrays[0].dtype
    if kernels.limits(kind)[0] < 0:  # a range with zero in the middle
        high = max(abs(low), abs(high))
        low = -high
    parts = [
        x if (s, e) == (low, high) else kernels.requantized(x, s, e, low, high, kind)
        for x, s, e in zip(arrays, starts, ends, strict=True)
    ]
    return np.concatenate(parts, at), low, high


@export("quantization.quantized_concat", "quantized_concat")
def quantized_concat(
    concat_dim: Any,
    values: Any,
    input_mins: Any,
    input_maxes: Any,
    name: str | None = None,
) -> Any:
    """Returns quantized tensors joined along an axis, in one range that holds all of theirs.

    Args:
        concat_dim: the axis, from 0 on.
        values: two tensors or more, of one quantized type.
        input_mins: the lower end of each one's range.
        input_maxes: the upper ends.
        name: the node's name.

    Returns:
        A named tuple: `output`, `output_min` and `output_max`.
    """
    return apply(CONCAT, concat_dim, values, input_mins, input_maxes, name=name)


# --- QuantizedReshape ---
RESHAPED = define(
    "QuantizedReshape(tensor: T, shape: Tshape, input_min: float32, input_max: float32) "
    "-> output: T, output_min: float32, output_max: float32",
    Tshape=default(INDEX, RESHAPE.attrs["Tshape"].default),
).no_gradient(_JUMPS, raises=True)


@RESHAPED.shape
def _(op: Operation) -> list[Dims]:
    rule = RESHAPE.shape_rule
    assert rule is not None
    _scalars(op, 2, 3)
    return [*rule(op), (), ()]


@RESHAPED.numpy
def _(x: Array, shape: Array, low: Array, high: Array) -> tuple[Array, Array, Array]:
    return plain(x).reshape(shape.tolist()).copy(), low.copy(), high.copy()


# --- QuantizedRelu, QuantizedRelu6 ---
def _relu(op_type: str) -> OpDef:
    new = define(
        f"{op_type}(features: Tinput, min_features: float32, max_features: float32, *, "
        "out_type: type) -> activations: out_type, min_activations: float32, "
        "max_activations: float32",
        shape=lambda op: with_range(op, (1, 2)),
        Tinput=TYPES,
        out_type=default(TYPES, quint8),
    )
    return new.no_gradient(_JUMPS, raises=True)


def _clipped(
    x: Array, low: Array, high: Array, out_type: DType, top: float | None
) -> tuple[Array, Array, Array]:
    x, start, end = plain(x), first(low), first(high)
    found = np.maximum(x, kernels.clamped(0.0, start, end, x.dtype))
    if top is not None:
        found = np.minimum(found, kernels.clamped(top, start, end, x.dtype))
    return found.astype(integers(out_type), copy=False), low.copy(), high.copy()


RELU = _relu("QuantizedRelu")
RELU6 = _relu("QuantizedRelu6")


@RELU.numpy
def _(x: Array, low: Array, high: Array, *, out_type: DType) -> Any:
    return _clipped(x, low, high, out_type, None)


@RELU6.numpy
def _(x: Array, low: Array, high: Array, *, out_type: DType) -> Any:
    return _clipped(x, low, high, out_type, 6.0)


# --- QuantizedMatMul ---
MATMUL = define(
    f"QuantizedMatMul(a: T1, b: T2, {_TWO_RANGES.format('a', 'b')}, *, Toutput: type, "
    "transpose_a: bool = False, transpose_b: bool = False, Tactivation: type) "
    "-> out: Toutput, min_out: float32, max_out: float32",
    T1=TYPES,
    T2=TYPES,
    Toutput=default(TYPES, qint32),
    Tactivation=default(TYPES, quint8),
).no_gradient(_JUMPS, raises=True)


@MATMUL.shape
def _(op: Operation) -> list[Dims]:
    a, b = (need_rank(t.dims, 2) for t in op.inputs[:2])
    rows, inner = a[::-1] if op.attrs["transpose_a"] else a
    depth, columns = b[::-1] if op.attrs["transpose_b"] else b
    same_size(inner, depth, f"Matrix size-incompatible: In[0]: {text(a)}, In[1]: {text(b)}")
    _scalars(op, 2, 3, 4, 5)
    return [(rows, columns), (), ()]


@MATMUL.numpy
def _(
    a: Array,
    b: Array,
    low_a: Array,
    high_a: Array,
    low_b: Array,
    high_b: Array,
    *,
    transpose_a: bool,
    transpose_b: bool,
    Toutput: DType,  # noqa: N803  the attribute's name
) -> tuple[Array, Any, Any]:
    kind = integers(Toutput)
    x, y = _level(a, low_a, high_a), _level(b, low_b, high_b)
    product = (x.T if transpose_a else x) @ (y.T if transpose_b else y)
    ends = _product_range(a, b, (low_a, high_a, low_b, high_b), kind)
    return product.astype(kind), *ends


# --- QuantizedMul ---
MUL = define(
    f"QuantizedMul(x: T1, y: T2, {_TWO_RANGES.format('x', 'y')}, *, Toutput: type) "
    "-> z: Toutput, min_z: float32, max_z: float32",
    T1=TYPES,
    T2=TYPES,
    Toutput=default(TYPES, qint32),
).no_gradient(_JUMPS, raises=True)


@MUL.shape
def _(op: Operation) -> list[Dims]:
    _scalars(op, 2, 3, 4, 5)
    return [broadcast(op.inputs[0].dims, op.inputs[1].dims), (), ()]


@MUL.numpy
def _(
    x: Array,
    y: Array,
    low_x: Array,
    high_x: Array,
    low_y: Array,
    high_y: Array,
    *,
    Toutput: DType,  # noqa: N803  the attribute's name
) -> tuple[Array, Any, Any]:
    kind = integers(Toutput)
    product = _level(x, low_x, high_x) * _level(y, low_y, high_y)
    return product.astype(kind), *_product_range(x, y, (low_x, high_x, low_y, high_y), kind)


# --- QuantizedBiasAdd ---
BIAS_ADD = define(
    f"QuantizedBiasAdd(input: T1, bias: T2, {_TWO_RANGES.format('input', 'bias')}, *, "
    "out_type: type) -> output: out_type, min_out: float32, max_out: float32",
    T1=TYPES,
    T2=TYPES,
    out_type=TYPES,
).no_gradient(_JUMPS, raises=True)
_HEADROOM: Final = np.float32(1 << 17)


@BIAS_ADD.shape
def _(op: Operation) -> list[Dims]:
    x, (length,) = op.inputs[0].dims, need_rank(op.inputs[1].dims, 1)
    if x is not None and not x:
        raise ShapeError("Shape must be at least rank 1 but is rank 0")
    if x is not None:
        run = "Must provide as many biases as the last dimension of the input tensor: "
        same_size(x[-1], length, f"{run}[{length}] vs. {text(x)}")
    _scalars(op, 2, 3, 4, 5)
    return [x, (), ()]


@BIAS_ADD.numpy
def _(
    x: Array,
    bias: Array,
    low: Array,
    high: Array,
    low_bias: Array,
    high_bias: Array,
    *,
    out_type: DType,
) -> tuple[Array, Any, Any]:
    x, bias, kind = plain(x), plain(bias), integers(out_type)
    if not x.ndim or bias.shape != x.shape[-1:]:
        raise ValueError("as many biases as channels")  # the shape rule says it in full
    ranges = [first(v) for v in (low, high, low_bias, high_bias)]
    top = max(*[ranges[i] for i in (1, 3)], *[-ranges[i] for i in (0, 2)]) * _HEADROOM
    terms = [
        kernels.requantized(v, start, end, -top, top, kind).astype(np.int64)
        for v, start, end in ((x, ranges[0], ranges[1]), (bias, ranges[2], ranges[3]))
    ]
    zero = kernels.clamped(0.0, -top, top, kind)
    return (terms[0] + terms[1] + zero).astype(kind), -top, top


# --- RequantizationRange, Requantize, QuantizeDownAndShrinkRange ---
def _used_range(x: Array, low: Any, high: Any) -> tuple[Any, Any]:
    """The floats that the lowest and the highest integer that occur stand for; at most 0 below."""
    lowest, highest = kernels.limits(x.dtype)
    least, most = int(x.min(initial=highest)), int(x.max(initial=lowest))
    start = kernels.as_float(least, low, high, x.dtype)
    return min(np.float32(0), start), kernels.as_float(most, low, high, x.dtype)


RANGE = define(
    "RequantizationRange(input: Tinput, input_min: float32, input_max: float32) "
    "-> output_min: float32, output_max: float32",
    Tinput=TYPES,
).no_gradient(_JUMPS, raises=True)
REQUANTIZE = define(
    "Requantize(input: Tinput, input_min: float32, input_max: float32, "
    "requested_output_min: float32, requested_output_max: float32, *, out_type: type) "
    "-> output: out_type, output_min: float32, output_max: float32",
    shape=lambda op: with_range(op, (1, 2, 3, 4)),
    Tinput=TYPES,
    out_type=TYPES,
).no_gradient(_JUMPS, raises=True)
SHRINK = define(
    "QuantizeDownAndShrinkRange(input: Tinput, input_min: float32, input_max: float32, *, "
    "out_type: type) -> output: out_type, output_min: float32, output_max: float32",
    shape=lambda op: with_range(op, (1, 2)),
    Tinput=TYPES,
    out_type=TYPES,
).no_gradient(_JUMPS, raises=True)


@RANGE.shape
def _(op: Operation) -> list[Dims]:
    _scalars(op, 1, 2)
    return [(), ()]


@RANGE.numpy
def _(x: Array, low: Array, high: Array) -> tuple[Any, Any]:
    return _used_range(plain(x), first(low), first(high))


@REQUANTIZE.numpy
def _(
    x: Array, low: Array, high: Array, new_low: Array, new_high: Array, *, out_type: DType
) -> tuple[Array, Any, Any]:
    start, end = first(new_low), first(new_high)
    if not start <= np.float32(0):
        raise KernelError(f"requested_output_min must be <= 0, but got {start:g}")
    if not end >= start:
        raise KernelError(
            f"requested_output_max must be >= requested_output_min, but got {end:g} and {start:g}"
        )
    kind = integers(out_type)
    return kernels.requantized(plain(x), first(low), first(high), start, end, kind), start, end


@SHRINK.numpy
def _(x: Array, low: Array, high: Array, *, out_type: DType) -> tuple[Array, Any, Any]:
    x, start, end = plain(x), first(low), first(high)
    low_end, high_end = _used_range(x, start, end)
    found = kernels.requantized(x, start, end, low_end, high_end, integers(out_type))
    return found, low_end, high_end
