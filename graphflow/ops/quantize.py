"""Quantization: floats as small integers and back, QuantizeV2, Dequantize and both in one.

Values of quantized types are arrays of the plain integers, as TensorFlow's runs return them.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import DType
from graphflow.core.elementwise import same_shape
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import FLOATS, OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops import _quantize_kernels as kernels
from graphflow.ops._quantize_kernels import TYPES, integers, plain
from graphflow.ops._shapes import need_rank

Array = np.ndarray[Any, Any]

_MODES: Final = ("MIN_COMBINED", "MIN_FIRST", "SCALED")
_JUMPS: Final = "integers have no derivative"


def first(x: Array) -> Any:
    """The first number of an array that should hold one.

    Raises:
        KernelError: if it is empty.
    """
    if not x.size:
        raise KernelError("a range must hold a number")
    return x.reshape(-1)[0]


def with_range(op: Operation, ranges: tuple[int, ...]) -> list[Dims]:
    """The shape of the first input, and scalars for the range; the ranges given are scalars."""
    for i in ranges:
        need_rank(op.inputs[i].dims, 0)
    return [op.inputs[0].dims, *[()] * (len(op.outputs) - 1)]


# --- QuantizeV2 ---
QUANTIZE = define(
    "QuantizeV2(input: float32, min_range: float32, max_range: float32, *, T: type, "
    'mode: string = "MIN_COMBINED", round_mode: string = "HALF_AWAY_FROM_ZERO") '
    "-> output: T, output_min: float32, output_max: float32",
    shape=lambda op: with_range(op, (1, 2)),
    T=TYPES,
    mode=_MODES,
    round_mode=("HALF_AWAY_FROM_ZERO", "HALF_TO_EVEN"),
).no_gradient(_JUMPS, raises=True)


@QUANTIZE.numpy
def _(
    x: Array,
    low: Array,
    high: Array,
    *,
    T: DType,  # noqa: N803  the attribute's name
    mode: str,
    round_mode: str,
) -> tuple[Array, Any, Any]:
    if round_mode == "HALF_TO_EVEN" and mode != "SCALED":
        raise KernelError(
            f"Round mode 'HALF_TO_EVEN' only supported for mode 'SCALED', but mode is '{mode}'."
        )
    start, end = first(low), first(high)
    if not end >= start:
        raise KernelError("input_max_range must be larger than input_min_range.")
    start, end = kernels.usable_range(start, end)
    to_even = round_mode == "HALF_TO_EVEN"
    return kernels.quantized(x, start, end, integers(T), mode, to_even)


# --- Dequantize ---
DEQUANTIZE = define(
    "Dequantize(input: T, min_range: float32, max_range: float32, *, "
    'mode: string = "MIN_COMBINED") -> output: float32',
    shape=lambda op: with_range(op, (1, 2)),
    T=TYPES,
    mode=_MODES,
).no_gradient(_JUMPS, raises=True)


@DEQUANTIZE.numpy
def _(x: Array, low: Array, high: Array, *, mode: str) -> Array:
    return kernels.dequantized(plain(x), first(low), first(high), mode)


# --- QuantizeAndDequantize, V2, V3 ---
def _both(signature: str, *ranges: int, **constraints: Any) -> OpDef:
    new = define(
        signature,
        shape=lambda op: with_range(op, ranges) if ranges else same_shape(op),
        T=FLOATS,
        **constraints,
    )

    def gradient(op: Operation, dy: Tensor) -> tuple[Any, ...]:
        return (dy, *[None] * (len(op.inputs) - 1))

    new.gradient(gradient)
    return new


_V1 = _both(
    "QuantizeAndDequantize(input: T, *, signed_input: bool = True, num_bits: int = 8, "
    "range_given: bool = False, input_min: float = 0.0, input_max: float = 0.0) -> output: T"
)
_V2 = _both(
    "QuantizeAndDequantizeV2(input: T, input_min: T, input_max: T, *, signed_input: bool = True, "
    "num_bits: int = 8, range_given: bool = False, round_mode: string = 'HALF_TO_EVEN', "
    "narrow_range: bool = False) -> output: T",
    1,
    2,
    round_mode=("HALF_TO_EVEN", "HALF_UP"),
)
_V3 = _both(
    "QuantizeAndDequantizeV3(input: T, input_min: T, input_max: T, num_bits: int32, *, "
    "signed_input: bool = True, range_given: bool = True, narrow_range: bool = False) "
    "-> output: T",
    1,
    2,
    3,
)


def _rounded(
    x: Array, low: Any, high: Any, bits: int, signed: bool, given: bool, narrow: bool, even: bool
) -> Array:
    if not 0 < bits < (62 if signed else 63):
        raise KernelError(f"num_bits is out of range: {bits} with signed_input_ {int(signed)}")
    if given and not low <= high:
        raise KernelError(f"Invalid range: input_min {low} > input_max {high}")
    if not x.size:
        return x.copy()
    limits = (low, high) if given else None
    return kernels.rounded_to_steps(x, limits, bits, signed, narrow, even)


@_V1.numpy
def _(
    x: Array,
    *,
    signed_input: bool,
    num_bits: int,
    range_given: bool,
    input_min: float,
    input_max: float,
) -> Array:
    low, high = (x.dtype.type(v) for v in (input_min, input_max))
    return _rounded(x, low, high, num_bits, signed_input, range_given, False, True)


@_V2.numpy
def _(
    x: Array,
    low: Array,
    high: Array,
    *,
    signed_input: bool,
    num_bits: int,
    range_given: bool,
    round_mode: str,
    narrow_range: bool,
) -> Array:
    even = round_mode == "HALF_TO_EVEN"
    return _rounded(
        x, first(low), first(high), num_bits, signed_input, range_given, narrow_range, even
    )


@_V3.numpy
def _(
    x: Array,
    low: Array,
    high: Array,
    bits: Array,
    *,
    signed_input: bool,
    range_given: bool,
    narrow_range: bool,
) -> Array:
    n = int(first(bits))
    return _rounded(x, first(low), first(high), n, signed_input, range_given, narrow_range, True)


# --- public functions ---
@export("quantization.quantize", "quantize")
def quantize(
    input: Any,
    min_range: Any,
    max_range: Any,
    T: Any,  # noqa: N803  TensorFlow's name
    mode: str = "MIN_COMBINED",
    round_mode: str = "HALF_AWAY_FROM_ZERO",
    name: str | None = None,
) -> Any:
    """Returns floats as integers of a quantized type.

    Args:
        input: float32 values.
        min_range: what the lowest integer means.
        max_range: what the highest means; the range is widened where it is a point or leaves
            zero out.
        T: qint8, quint8, qint16, quint16 or qint32.
        mode: "MIN_COMBINED": ends on ends; "MIN_FIRST": zero is an integer exactly; "SCALED": zero
            is 0.
        round_mode: "HALF_AWAY_FROM_ZERO", or for "SCALED" also "HALF_TO_EVEN".
        name: the node's name.

    Returns:
        A named tuple: `output`, and the range that it has, `output_min` and `output_max`.
    """
    return apply(
        QUANTIZE, input, min_range, max_range, T=T, mode=mode, round_mode=round_mode, name=name
    )


@export("quantize_v2")
def quantize_v2(
    input: Any,
    min_range: Any,
    max_range: Any,
    T: Any,  # noqa: N803  TensorFlow's name
    mode: str = "MIN_COMBINED",
    name: str | None = None,
    round_mode: str = "HALF_AWAY_FROM_ZERO",
) -> Any:
    """Returns floats as integers of a quantized type; see `tf.quantization.quantize`.

    Args:
        input: float32 values.
        min_range: what the lowest integer means.
        max_range: what the highest means.
        T: the quantized type.
        mode: how numbers are laid on integers.
        name: the node's name.
        round_mode: how halves are rounded.
    """
    return quantize(input, min_range, max_range, T, mode, round_mode, name)


@export("quantization.dequantize", "dequantize")
def dequantize(
    input: Any, min_range: Any, max_range: Any, mode: str = "MIN_COMBINED", name: str | None = None
) -> Tensor:
    """Returns the floats that integers of a quantized type stand for.

    Args:
        input: a tensor of a quantized type.
        min_range: what its lowest integer means.
        max_range: what its highest means.
        mode: as in `tf.quantization.quantize`.
        name: the node's name.
    """
    found: Tensor = apply(DEQUANTIZE, input, min_range, max_range, mode=mode, name=name)
    return found


@export("quantization.quantize_and_dequantize")
def quantize_and_dequantize(
    input: Any,
    input_min: Any,
    input_max: Any,
    signed_input: bool = True,
    num_bits: int = 8,
    range_given: bool = False,
    round_mode: str = "HALF_TO_EVEN",
    name: str | None = None,
    narrow_range: bool = False,
) -> Tensor:
    """Returns floats as they come back from integers; gradients pass as if nothing happened.

    Args:
        input: float values.
        input_min: the range's lower end, where it is given.
        input_max: its upper end.
        signed_input: whether the integers have a sign.
        num_bits: how many bits they have.
        range_given: False: the range is that of the values.
        round_mode: "HALF_TO_EVEN" or "HALF_UP".
        name: the node's name.
        narrow_range: whether the lowest signed integer is left out.
    """
    found: Tensor = apply(
        _V2, input, input_min, input_max, signed_input=signed_input, num_bits=num_bits,
        range_given=range_given, round_mode=round_mode, narrow_range=narrow_range, name=name,
    )  # fmt: skip
    return found
