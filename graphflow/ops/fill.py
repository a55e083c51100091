"""Tensors of one repeated value."""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import constant as convert_constant
from graphflow.core.convert import convert, convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import (
    DType,
    as_dtype,
    bfloat16,
    bool_,
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
from graphflow.core.elementwise import same_shape
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import SUFFIXES, Call, Lowering
from graphflow.core.opdef import INDEX, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, TensorShape, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank, of_rank
from graphflow.ops.constant import constant
from graphflow.ops.shape_ops import SHAPE
from graphflow.ops.shape_ops import shape as shape_of

Array = np.ndarray[Any, Any]

# --- Fill ---
FILL = define(
    "Fill(dims: index_type, value: T, *, index_type: type) -> output: T",
    index_type=default_type(INDEX, int32),
)


@FILL.shape
def _(op: Operation) -> list[Dims]:
    dims, value = op.inputs[0].dims, op.inputs[1].dims
    (n,) = need_rank(dims, 1, run=f"dims must be a vector, got shape {text(dims)}")
    need_rank(value, 0, run=f"value must be a scalar, got shape {text(value)}")
    sizes = op.partial(0)
    if not isinstance(sizes, list):
        return [of_rank(n)]
    for size in sizes:
        if size is not None and size < 0:
            raise ShapeError("Fill dimensions must be >= 0", run=f"Dimension {size} must be >= 0")
    return [tuple(sizes)]


@FILL.gradient
def _(op: Operation, dy: Tensor) -> tuple[None, Tensor]:
    rank = None if dy.dims is None else len(dy.dims)
    zero, one = np.array(0, np.int32), np.array(1, np.int32)
    axes: Any = apply("Range", zero, apply("Rank", dy), one)
    if rank is not None:
        axes = np.arange(rank, dtype=np.int32)
    return None, apply("Sum", dy, axes)


@FILL.compiled
def _(call: Call) -> Lowering | None:
    kind = call.dtypes[1]
    if kind.name not in SUFFIXES or call.shapes[1] != ():
        return None
    return Lowering("fill", (math.prod(call.out_shapes[0]), kind.size), inputs=(1,))


@FILL.numpy
def _(dims: Array, value: Array, *, out: Array | None = None) -> Array:
    if out is None:
        sizes = dims.tolist()
        if dims.ndim != 1 or value.ndim:
            raise ValueError("no vector of sizes and one value")  # the shape rule says it in full
        for size in sizes:
            if size < 0:
                raise KernelError(f"Dimension {size} must be >= 0")
        return np.full(sizes, value, value.dtype)
    out[...] = value
    return out


@export("fill")
def fill(dims: Any, value: Any, name: str | None = None) -> Tensor:
    """Returns a tensor of a shape, filled with one value.

    Args:
        dims: the sizes, a vector of integers.
        value: a scalar.
        name: the node's name.

    Raises:
        ValueError: if a size is negative, or the value is no scalar.
    """
    found: Tensor = apply(FILL, dims, value, name=name)
    return found


_SMALL = 1000  # TensorFlow writes smaller tensors down as constants


def _as_small_constant(value: Any, shape: Any, dtype: DType, name: str) -> Tensor | None:
    """The tensor as a constant, if it has few elements (and more axes than a bare number says).

    A list of sizes with tensors in it is multiplied and compared with operations, whose result is
    not used: TensorFlow adds these nodes, and operation seeds count nodes.
    """
    try:
        if isinstance(shape, list | tuple):
            number = functools.reduce(operator.mul, shape) if shape else 1
        elif isinstance(shape, TensorShape):
            number = shape.num_elements()
        else:
            number = np.prod(shape)
        if number < _SMALL and np.ndim(shape):
            sizes: Any = TensorShape(shape).as_list()
            array = np.full(sizes, value, dtype.as_numpy_dtype)
            return convert_constant(array, dtype, name)
    except TypeError:
        pass
    return None


def _filled(value: Any, shape: Any, dtype: DType, name: str) -> Tensor:
    if not isinstance(shape, Tensor):
        try:
            found = _as_small_constant(value, shape, dtype, name)
            if found is not None:
                return found
            shape = convert(TensorShape(shape), name="shape_as_tensor")
        except (TypeError, ValueError):
            shape = convert_to_tensor(shape, dtype=int32)
    if not shape.dims:
        shape = apply("Reshape", shape, [-1])  # a vector in any case
    return fill(shape, constant(value, dtype), name=name)


def _zero(dtype: DType) -> Any:
    if dtype == bool_:
        return False
    return b"" if dtype == string else 0


@export("zeros")
def zeros(shape: Any, dtype: Any = float32, name: str | None = None) -> Tensor:
    """Returns a tensor of zeros (of False, of empty strings).

    Args:
        shape: the sizes: a list, which may hold scalar tensors, a TensorShape, or a tensor.
        dtype: the element type.
        name: the node's name.
    """
    base = as_dtype(dtype).base_dtype
    with scopes.name_scope(name, "zeros", [shape]) as scope:
        return _filled(_zero(base), shape, base, scope)


@export("ones")
def ones(shape: Any, dtype: Any = float32, name: str | None = None) -> Tensor:
    """Returns a tensor of ones (of True).

    Args:
        shape: the sizes: a list, which may hold scalar tensors, a TensorShape, or a tensor.
        dtype: the element type.
        name: the node's name.
    """
    base = as_dtype(dtype).base_dtype
    with scopes.name_scope(name, "ones", [shape]) as scope:
        return _filled(True if base == bool_ else 1, shape, base, scope)


# --- ZerosLike ---
ZEROS_LIKE = define("ZerosLike(x: T) -> y: T", shape=same_shape).no_gradient("it is constant")


@ZEROS_LIKE.compiled
def _(call: Call) -> Lowering | None:
    if call.suffix is None:
        return None
    return Lowering("fill_zero", (math.prod(call.shapes[0]) * call.dtypes[0].size,), inputs=())


@ZEROS_LIKE.numpy
def _(x: Array, *, out: Array | None = None) -> Array:
    if x.dtype.kind == "O":
        return np.full(x.shape, b"", object)
    if out is None:
        return np.zeros(x.shape, x.dtype)
    out.fill(0)
    return out


@export("zeros_like")
def zeros_like(
    tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True
) -> Tensor:
    """Returns a tensor of zeros in the shape of another.

    Args:
        tensor: the tensor whose shape counts.
        dtype: the element type; None: that of `tensor`.
        name: the node's name.
        optimize: whether a known shape gives a constant.
    """
    with scopes.name_scope(name, "zeros_like", [tensor]) as scope:
        tensor = convert_to_tensor(tensor, name="tensor")
        own = tensor.dtype.base_dtype
        wanted = own if dtype is None else as_dtype(dtype)
        if optimize and tensor.shape.is_fully_defined() and own != variant:
            return zeros(tensor.shape, dtype=wanted, name=scope)
        if wanted not in (own, variant):
            return zeros(_shape(tensor, optimize), dtype=wanted, name=scope)
        found: Tensor = apply(ZEROS_LIKE, tensor, name=scope)
        return found


def _shape(tensor: Tensor, optimize: bool) -> Tensor:
    if optimize:
        return shape_of(tensor)
    with scopes.name_scope(None, "Shape", [tensor]) as scope:
        found: Tensor = apply(SHAPE, tensor, name=scope)
    return found


# --- OnesLike ---
ONES_LIKE = define(
    "OnesLike(x: T) -> y: T",
    shape=same_shape,
    T=(
        bfloat16, float16, float32, float64, int8, uint8, int16, uint16, int32, int64, complex64,
        complex128, bool_,
    ),
).no_gradient("it is constant")  # fmt: skip


@ONES_LIKE.compiled
def _(call: Call) -> Lowering | None:
    size = (math.prod(call.shapes[0]),)
    return Lowering(f"fill_one.{call.suffix}", size, inputs=())


@ONES_LIKE.numpy
def _(x: Array, *, out: Array | None = None) -> Array:
    if out is None:
        return np.ones(x.shape, x.dtype)
    out.fill(1)
    return out


@export("ones_like")
def ones_like(
    tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True
) -> Tensor:
    """Returns a tensor of ones in the shape of another.

    Args:
        tensor: the tensor whose shape counts.
        dtype: the element type; None: that of `tensor`.
        name: the node's name.
        optimize: whether a known shape is written down as a constant.
    """
    with scopes.name_scope(name, "ones_like", [tensor]) as scope:
        tensor = convert_to_tensor(tensor, name="tensor")
        sizes = _shape(tensor, optimize)
        wanted = tensor.dtype.base_dtype if dtype is None else dtype
        found = ones(sizes, dtype=wanted, name=scope)
        found.set_shape(tensor.shape)
        return found
