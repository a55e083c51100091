"""Shapes as values: shape, size and rank of a tensor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, int32
from graphflow.core.export import export
from graphflow.core.lowering import Call, Lowering, Sizes
from graphflow.core.opdef import INDEX, OpDef, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, count
from graphflow.core.tensor import Tensor
from graphflow.ops.constant import constant

Array = np.ndarray[Any, Any]

# --- Shape ---
SHAPE = define(
    "Shape(input: T, *, out_type: type) -> output: out_type", out_type=default_type(INDEX, int32)
).no_gradient("sizes are integers")


@SHAPE.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    return [(None if dims is None else len(dims),)]


@SHAPE.partial
def _(op: Operation) -> list[int | None] | None:
    dims = op.inputs[0].dims
    return None if dims is None else list(dims)


@SHAPE.compiled
def _(call: Call) -> Lowering:
    return _integers(call, call.shapes[0])


def _integers(call: Call, found: Sizes) -> Lowering:
    """What the plan knows, for a run that asks nevertheless."""
    sizes = (call.attrs["out_type"].size, len(found), *found)
    return Lowering("integers", sizes, inputs=())


@SHAPE.numpy
def _(x: Array, *, out_type: DType) -> Array:
    return np.array(x.shape, out_type.as_numpy_dtype)


def _known(input: Any, name: str | None, default: str, definition: OpDef, out_type: Any) -> Any:
    """A constant where the static shape says the answer, else the operation."""
    with scopes.name_scope(name, default, [input]) as scope:
        if hasattr(input, "dense_shape") and not hasattr(input, "value_index"):
            return _of_sparse(input, scope, default, out_type)
        tensor = convert_to_tensor(input)
        dims = tensor.dims
        if dims is not None:
            if default == "Rank":
                return constant(len(dims), int32, name=scope)
            if None not in dims:
                value = list(dims) if default == "Shape" else count(dims)
                return constant(value, out_type, name=scope)
            if default == "Size" and 0 in dims:
                return constant(0, out_type, name=scope)
        attrs = {} if default == "Rank" else {"out_type": out_type}
        return apply(definition, tensor, name=scope, **attrs)


def _of_sparse(input: Any, scope: str, default: str, out_type: Any) -> Any:
    if default == "Rank":
        return apply(SIZE, input.dense_shape, name=scope)
    own = input.dense_shape
    same = getattr(own, "dtype", None) == out_type
    if default == "Shape":
        return apply("Cast", own, DstT=out_type)
    cast = own if same else apply("Cast", own, DstT=out_type)
    return apply("Prod", cast, 0, name=scope)


@export("shape")
def shape(input: Any, name: str | None = None, out_type: Any = int32) -> Tensor:
    """Returns the shape of a tensor as a vector: a constant where it is known.

    Args:
        input: a dense or sparse tensor.
        name: the node's name.
        out_type: int32 or int64.
    """
    found: Tensor = _known(input, name, "Shape", SHAPE, out_type)
    return found


# --- ShapeN ---
SHAPE_N = define(
    "ShapeN(input: N*T, *, out_type: type) -> output: N*out_type",
    N=1,
    out_type=default_type(INDEX, int32),
).no_gradient("sizes are integers")


@SHAPE_N.shape
def _(op: Operation) -> list[Dims]:
    return [(None if t.dims is None else len(t.dims),) for t in op.inputs]


@SHAPE_N.partials
def _(op: Operation) -> list[list[int | None] | None]:
    return [None if t.dims is None else list(t.dims) for t in op.inputs]


@SHAPE_N.numpy
def _(values: list[Array], *, out_type: DType) -> tuple[Array, ...]:
    return tuple([np.array(x.shape, out_type.as_numpy_dtype) for x in values])


@export("shape_n")
def shape_n(input: Sequence[Any], out_type: Any = int32, name: str | None = None) -> list[Tensor]:
    """Returns the shapes of several tensors of one type.

    Args:
        input: a list of values.
        out_type: int32 or int64.
        name: the node's name.
    """
    found: list[Tensor] = apply(SHAPE_N, input, out_type=out_type, name=name)
    return found


# --- Size ---
SIZE = define(
    "Size(input: T, *, out_type: type) -> output: out_type", out_type=default_type(INDEX, int32)
).no_gradient("sizes are integers")


@SIZE.shape
def _(op: Operation) -> list[Dims]:
    return [()]


@SIZE.partial
def _(op: Operation) -> int | None:
    return count(op.inputs[0].dims)


@SIZE.compiled
def _(call: Call) -> Lowering:
    return _integers(call, (math.prod(call.shapes[0]),))


@SIZE.numpy
def _(x: Array, *, out_type: DType) -> Array:
    return np.array(x.size, out_type.as_numpy_dtype)


@export("size")
def size(input: Any, name: str | None = None, out_type: Any = int32) -> Tensor:
    """Returns the number of elements of a tensor: a constant where it is known.

    Args:
        input: a dense or sparse tensor.
        name: the node's name.
        out_type: int32 or int64.
    """
    found: Tensor = _known(input, name, "Size", SIZE, out_type)
    return found


# --- Rank ---
RANK = define("Rank(input: T) -> output: int32").no_gradient("a rank is an integer")


@RANK.shape
def _(op: Operation) -> list[Dims]:
    return [()]


@RANK.partial
def _(op: Operation) -> int | None:
    dims = op.inputs[0].dims
    return None if dims is None else len(dims)


@RANK.numpy
def _(x: Array) -> Array:
    return np.array(x.ndim, np.int32)


@export("rank")
def rank(input: Any, name: str | None = None) -> Tensor:
    """Returns the number of axes of a tensor: a constant where it is known.

    Args:
        input: a dense or sparse tensor.
        name: the node's name.
    """
    found: Tensor = _known(input, name, "Rank", RANK, int32)
    return found
