"""Sums, differences and products, element by element, and the sums of lists of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphflow.core import convert, scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import (
    bfloat16,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    string,
    uint8,
    uint16,
    variant,
)
from graphflow.core.elementwise import binary, elementwise, unary
from graphflow.core.export import export
from graphflow.core.opdef import NUMBERS, OpDef
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, as_shape, text
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import conj, leaves_out, unbroadcast
from graphflow.ops._shapes import merged
from graphflow.ops.indexed_slices import IndexedSlices

ADDABLE = (
    bfloat16, float16, float32, float64, uint8, int8, int16, int32, int64, complex64, complex128,
)  # fmt: skip
PRODUCTS = (
    bfloat16, float16, float32, float64, uint8, int8, uint16, int16, int32, int64, complex64,
    complex128,
)  # fmt: skip
SIGNED = (bfloat16, float16, float32, float64, int32, int64, complex64, complex128)
ORDERED = (bfloat16, float16, float32, float64, int32, int64)


def merged_shape(op: Operation) -> list[Dims]:
    """The shape rule of an operation whose inputs all have the shape of its output."""
    dims = op.inputs[0].dims
    for i, other in enumerate(op.inputs[1:], 1):
        run = (
            f"Inputs to operation {op.name} of type {op.type} must have the same size and shape.  "
            f"Input 0: {text(dims)} != input {i}: {text(other.dims)}"
        )
        dims = merged(dims, other.dims, run)
    return [dims]


# --- Add ---
def _add_gradient(op: Operation, dz: Tensor) -> Any:
    return unbroadcast(op, dz, dz)


add = binary(
    "Add",
    (*ADDABLE, string),
    "add",
    _add_gradient,
    "add math.add",
    """Returns `x + y`, element by element; texts are joined.

    Args:
        x: a tensor of numbers or strings.
        y: a tensor of the same type; the two broadcast.
        name: the node's name.
    """,
)

add_v2 = binary("AddV2", ADDABLE, "add", _add_gradient, commutative=True, aggregate=True)


# --- Sub ---
def _sub_gradient(op: Operation, dz: Tensor) -> Any:
    return unbroadcast(op, dz, None if leaves_out(op, 1, dz, "Neg") else -dz)


subtract = binary(
    "Sub",
    PRODUCTS,
    "subtract",
    _sub_gradient,
    "subtract math.subtract",
    """Returns `x - y`, element by element; integers wrap around.

    Args:
        x: a tensor of numbers.
        y: a tensor of the same type; the two broadcast.
        name: the node's name.
    """,
)


# --- Mul ---
def _mul_gradient(op: Operation, dz: Tensor) -> Any:
    x, y = op.inputs
    dx = None if leaves_out(op, 0, dz, "mul") else dz * conj(y)
    dy = None if leaves_out(op, 1, dz, "mul") else dz * conj(x)
    return unbroadcast(op, dx, dy)


multiply = binary(
    "Mul",
    PRODUCTS,
    "multiply",
    _mul_gradient,
    "multiply math.multiply",
    """Returns `x * y`, element by element; integers wrap around.

    Args:
        x: a tensor of numbers.
        y: a tensor of the same type; the two broadcast.
        name: the node's name.
    """,
    commutative=True,
)


@export("scalar_mul", "math.scalar_mul")
def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """Returns `scalar * x`.

    Args:
        scalar: a number or a tensor without axes.
        x: a tensor, or indexed slices, whose values are multiplied.
        name: the node's name.

    Raises:
        ValueError: if `scalar` has axes.
    """
    factor = convert.convert(scalar, x.dtype.base_dtype, "scalar")
    if factor.dims != ():
        raise ValueError(f"Only scalar multiply works, got shape {factor.shape}")
    if isinstance(x, IndexedSlices):
        return IndexedSlices(multiply(factor, x.values, name=name), x.indices, x.dense_shape)
    return multiply(factor, x, name=name)


# --- MulNoNan ---
NO_NAN = (float16, float32, float64, complex64, complex128)


@elementwise("MulNoNan(x: T, y: T) -> z: T", T=NO_NAN)
def mul_no_nan(xp: Any, x: Any, y: Any) -> Any:
    """`x * y`, and 0 where `y` is 0."""
    return xp.where(y == 0, 0, x * y)


MUL_NO_NAN: OpDef = mul_no_nan.definition


@MUL_NO_NAN.gradient
def _(op: Operation, dz: Tensor) -> Any:
    x, y = op.inputs
    return unbroadcast(op, mul_no_nan(dz, y), mul_no_nan(x, dz))


@export("math.multiply_no_nan")
def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Returns `x * y`, and 0 where `y` is 0 even if `x` is infinite or nan.

    Args:
        x: a tensor of floats.
        y: a tensor of the same type; the two broadcast.
        name: the node's name.

    Raises:
        TypeError: if the types differ.
    """
    return two_of_a_type(mul_no_nan, "multiply_no_nan", x, y, name)


def two_of_a_type(function: Any, default_name: str, x: Any, y: Any, name: str | None) -> Tensor:
    """Calls `function(x, y)` under a scope, with `y` as a tensor of the type of `x`."""
    with scopes.name_scope(name, default_name, [x, y]) as scope:
        x = convert.convert(x, name="x")
        y = convert.convert(y, x.dtype.base_dtype, "y")
        same_type(x, y)
        found: Tensor = function(x, y, name=scope)
    return found


def same_type(x: Tensor, y: Tensor) -> None:
    """Raises TypeError if two tensors differ in type."""
    a, b = x.dtype.base_dtype, y.dtype.base_dtype
    if a != b:
        raise TypeError(f"x and y must have the same dtype, got {a!r} != {b!r}")


# --- SquaredDifference ---
@elementwise(
    "SquaredDifference(x: T, y: T) -> z: T",
    T=SIGNED,
    tf="squared_difference math.squared_difference",
    commutative=True,
)
def squared_difference(xp: Any, x: Any, y: Any) -> Any:
    """Returns `(x - y)(x - y)`, element by element; for complex numbers the squared distance."""
    difference = x - y
    if x.dtype.kind == "c":
        return difference * xp.conjugate(difference)
    return xp.square(difference)


SQUARED_DIFFERENCE: OpDef = squared_difference.definition


@SQUARED_DIFFERENCE.gradient
def _(op: Operation, dz: Tensor) -> Any:
    x, y = op.inputs
    dx = 2 * dz * (x - y)
    dx, dy = unbroadcast(op, dx, dx)
    return dx, -dy


# --- Maximum ---
def _larger_gradient(comparison: str) -> Any:
    def gradient(op: Operation, dz: Tensor) -> Any:
        x, y = op.inputs
        chosen = apply(comparison, x, y)
        zeros = apply("ZerosLike", dz)
        return unbroadcast(
            op, apply("Select", chosen, dz, zeros), apply("Select", chosen, zeros, dz)
        )

    return gradient


@elementwise("Maximum(x: T, y: T) -> z: T", T=ORDERED, tf="maximum math.maximum")
def maximum(xp: Any, x: Any, y: Any) -> Any:
    """Returns the larger of `x` and `y`, element by element.

    Note:
        A nan in `x` stays, one in `y` gives `x`. Where both are equal the gradient goes to `x`.
    """
    if x.dtype.kind in "iu":
        return xp.maximum(x, y)
    return xp.maximum(x, xp.fmax(x, y))  # two ufuncs give TensorFlow's one-sided nan


maximum.gradient(_larger_gradient("GreaterEqual"))


# --- Minimum ---
@elementwise("Minimum(x: T, y: T) -> z: T", T=ORDERED, tf="minimum math.minimum")
def minimum(xp: Any, x: Any, y: Any) -> Any:
    """Returns the smaller of `x` and `y`, element by element.

    Note:
        A nan in `x` stays, one in `y` gives `x`. Where both are equal the gradient goes to `x`.
    """
    if x.dtype.kind in "iu":
        return xp.minimum(x, y)
    return xp.minimum(x, xp.fmin(x, y))


minimum.gradient(_larger_gradient("LessEqual"))

# --- Neg ---
negative = unary(
    "Neg",
    SIGNED,
    "negative",
    lambda op, dy: -dy,
    "negative math.negative",
    """Returns `-x`, element by element.

    Args:
        x: a tensor of numbers.
        name: the node's name.
    """,
    sparse=True,
)


# --- AddN ---
def _sum_shape(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    first = dims
    for i, t in enumerate(op.inputs):
        if t.dims != dims:
            run = (
                f"Inputs to operation {op.name} of type AddN must have the same size and shape.  "
                f"Input 0: {text(first)} != input {i}: {text(t.dims)}"
            )
            dims = merged(dims, t.dims, run)
    return [dims]


@elementwise(
    "AddN(inputs: N*T) -> sum: T",
    N=1,
    T=(*NUMBERS, variant),
    shape=_sum_shape,
    commutative=True,
    aggregate=True,
)
def _add_n(xp: Any, inputs: Sequence[Any]) -> Any:
    total = inputs[0]
    for x in inputs[1:]:
        total = total + x
    return total


ADD_N: OpDef = _add_n.definition


ADD_N.passes_rows = True


@ADD_N.gradient
def _(op: Operation, dy: Tensor) -> list[Tensor]:
    return [dy] * len(op.inputs)


@export("add_n", "math.add_n")
def add_n(inputs: Any, name: str | None = None) -> Tensor:
    """Returns the sum of a list of tensors of one shape and type.

    Args:
        inputs: a list of tensors or indexed slices; a single one is handed on as it is.
        name: the node's name.

    Raises:
        ValueError: if `inputs` is no list, or is empty, or the shapes differ.
    """
    if not inputs or not isinstance(inputs, list | tuple):
        raise ValueError(
            "inputs must be a list of at least one Tensor/IndexedSlices with the same dtype "
            "and shape"
        )
    # Indexed slices become dense inside the operation's name scope, as in TensorFlow.
    terms = [x if isinstance(x, IndexedSlices) else convert.convert(x) for x in inputs]
    found: Tensor
    if len(terms) == 1:
        found = convert.convert(terms[0])
        return apply("Identity", found, name=name) if name else found
    found = apply("AddN", terms, name=name)
    return found


# --- AccumulateNV2 ---
def _accumulated_shape(op: Operation) -> list[Dims]:
    dims = op.attrs["shape"]
    for other in op.inputs:
        dims = merged(dims, other.dims, "Parameters and update must be the same size")
    return [dims]


@elementwise(
    "AccumulateNV2(inputs: N*T, *, shape: shape) -> sum: T",
    N=1,
    T=NUMBERS,
    shape=_accumulated_shape,
    commutative=True,
    aggregate=True,
)
def _accumulate_n(xp: Any, inputs: Sequence[Any]) -> Any:
    return sum(inputs[1:], inputs[0])


ACCUMULATE_N: OpDef = _accumulate_n.definition


@ACCUMULATE_N.gradient
def _(op: Operation, dy: Tensor) -> list[Tensor]:
    return [dy] * len(op.inputs)


@export("accumulate_n", "math.accumulate_n")
def accumulate_n(
    inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None
) -> Tensor:
    """Returns the sum of a list of tensors of one shape and type, as `tf.add_n` does.

    Args:
        inputs: a list of tensors.
        shape: what is known of their shape.
        tensor_dtype: the type they must have.
        name: the node's name.

    Raises:
        ValueError: if `inputs` is no list of tensors of one type and shape, or is empty.
        TypeError: if they are not of type `tensor_dtype`.
    """
    problem = "inputs must be a list of at least one Tensor with the same dtype and shape"
    if not inputs or not isinstance(inputs, list | tuple):
        raise ValueError(problem)
    tensors = [convert.convert(x) for x in inputs]
    if any(t.dtype.base_dtype != tensors[0].dtype.base_dtype for t in tensors):
        raise ValueError(problem)
    known = as_shape(shape)
    for t in tensors:
        known = known.merge_with(t.shape)
    if tensor_dtype is not None and tensor_dtype != tensors[0].dtype:
        raise TypeError(f"tensor_dtype is {tensor_dtype}, but input is of type {tensors[0].dtype}")
    if len(tensors) == 1:
        return tensors[0] if name is None else apply("Identity", tensors[0], name=name)  # type: ignore[no-any-return]  # a Tensor
    found: Tensor = apply("AccumulateNV2", tensors, shape=known.raw, name=name)
    return found
