"""Numbers as rows with one marked place."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import as_dtype, float32, int32, int64, uint8
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import SUFFIXES, Call, Lowering, split_at
from graphflow.core.opdef import default as default_type
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank, scalar_value

Array = np.ndarray[Any, Any]

# --- OneHot ---
ONE_HOT = define(
    "OneHot(indices: TI, depth: int32, on_value: T, off_value: T, *, axis: int = -1) -> output: T",
    TI=default_type((uint8, int32, int64), int64),
).no_gradient("the positions are integers")


@ONE_HOT.shape
def _(op: Operation) -> list[Dims]:
    dims, axis = op.inputs[0].dims, op.attrs["axis"]
    if axis < -1:
        raise ShapeError(f"axis must be >= -1 but is {axis}")
    for t in op.inputs[1:]:
        rank = None if t.dims is None else len(t.dims)
        if t is op.inputs[1] and rank:
            raise ShapeError(f"Input must be scalar but has rank {rank}")
        need_rank(t.dims, 0)
    depth = scalar_value(op, 1)
    if depth is not None and depth < 0:
        raise ShapeError(
            f"Dimension size, given by scalar input 1, must be non-negative but is {depth}",
            run=f"depth must be non-negative, got: {depth}",
        )
    if dims is None:
        return [None]
    at = len(dims) if axis == -1 else min(axis, len(dims))
    return [(*dims[:at], depth, *dims[at:])]


@ONE_HOT.compiled
def _(call: Call) -> Lowering | None:
    if call.suffix not in ("i32", "i64") or call.dtypes[2].name not in SUFFIXES:
        return None
    shape, axis = call.out_shapes[0], call.attrs["axis"]
    sizes = (*split_at(shape, axis), call.dtypes[2].size)
    return Lowering(f"one_hot_{call.suffix}", sizes, inputs=(0, 2, 3))


@ONE_HOT.numpy
def _(indices: Array, depth: Array, on_value: Array, off_value: Array, *, axis: int) -> Array:
    n, rank = depth.item(), indices.ndim + 1
    if n < 0:
        raise ValueError("a negative depth")  # the shape rule says it in full
    if not -1 <= axis < rank:
        raise KernelError(f"Expected axis to be -1 or between [0, {rank}).  But received: {axis}")
    flat = indices.ravel()
    rows = np.full((flat.size, n), off_value, off_value.dtype)
    marked = np.flatnonzero((flat >= 0) & (flat < n))
    rows[marked, flat[marked].astype(np.intp)] = on_value
    made = rows.reshape(*indices.shape, n)
    if axis in (-1, rank - 1):
        return made
    return np.ascontiguousarray(np.moveaxis(made, -1, axis))


@export("one_hot")
def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns each number as a row with a mark at its position.

    Args:
        indices: the numbers; one that is not in [0, depth) gives a row without a mark.
        depth: the length of a row.
        on_value: the mark; None: 1.
        off_value: all other elements; None: 0.
        axis: where in the result the rows lie; None: along the last axis.
        dtype: the element type; None: that of the values, else float32.
        name: the node's name.

    Raises:
        TypeError: if the types of mark, other elements and `dtype` differ.
    """
    with scopes.name_scope(name, "one_hot", [indices, depth, on_value, off_value]) as scope:
        given = {
            key: convert_to_tensor(value).dtype.base_dtype
            for key, value in (("on_value", on_value), ("off_value", off_value))
            if value is not None
        }
        wanted = None if dtype is None else as_dtype(dtype)
        for key, found in given.items():
            if wanted is not None and found != wanted:
                raise TypeError(f"dtype {found} of {key} does not match dtype parameter {dtype}")
        wanted = wanted or next(iter(given.values()), float32)
        if on_value is None:
            on_value = convert_to_tensor(1, wanted, name="on_value")
        if off_value is None:
            off_value = convert_to_tensor(0, wanted, name="off_value")
        if len(set(given.values())) == 2:
            raise TypeError(
                f"dtype {given['on_value']} of on_value does not match "
                f"dtype {given['off_value']} of off_value"
            )
        made: Tensor = apply(ONE_HOT, indices, depth, on_value, off_value, axis=axis, name=scope)
        return made
