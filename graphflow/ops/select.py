"""Choices: elements of one tensor or another, and the places where a tensor is not zero."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from graphflow.core import convert, scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import bool_
from graphflow.core.elementwise import broadcast, elementwise
from graphflow.core.errors import ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import SUFFIXES, Call, Lowering
from graphflow.core.opdef import NUMBERS, OpDef, default, define
from graphflow.core.operation import Operation
from graphflow.core.scratch import scratch
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import sum_to
from graphflow.ops._shapes import merged

Array = np.ndarray[Any, Any]

_BITS: Final[dict[int, Any]] = {4: np.uint32, 8: np.uint64}
"""Whole numbers as wide as the elements that `_by_bits` chooses among."""

# --- Select ---
SELECT = define("Select(condition: bool, t: T, e: T) -> output: T", in_place=(1, 2))


@SELECT.shape
def _(op: Operation) -> list[Dims]:
    condition, t, e = (x.dims for x in op.inputs)
    words = f"Inputs to operation {op.name} of type Select must have the same size and shape.  "
    data = merged(
        t, e, f"{words}Input {0 if t == condition else 1}: {text(t)} != input 2: {text(e)}"
    )
    if condition is None or data is None or condition == ():
        return [data]
    if len(condition) == 1 and len(data) > 0:
        misfit = f"{words}Input 0: {text(condition)} != input 1: {text(data)}"
        if len(data) > 1:
            misfit = (
                f"Number of batches of 'then' must match size of 'cond', but saw: "
                f"{data[0]} vs. {condition[0]}"
            )
        merged(condition, data[:1], misfit)
        return [data]
    if not data:
        misfit = "'then' must be at least a vector, but saw shape: []"
    else:
        misfit = f"{words}Input 0: {text(condition)} != input 1: {text(data)}"
    return [merged(data, condition, misfit)]


@SELECT.gradient
def _(op: Operation, dy: Tensor) -> tuple[None, Tensor, Tensor]:
    condition = op.inputs[0]
    zeros = apply("ZerosLike", dy)
    return None, apply(SELECT, condition, dy, zeros), apply(SELECT, condition, zeros, dy)


@SELECT.compiled
def _(call: Call) -> Lowering | None:
    condition, data = call.shapes[:2]
    if condition == data or condition == ():
        return Lowering(tile="where", inputs=(0, 1, 2))
    if SUFFIXES.get(call.dtypes[1].name) is None or condition != data[:1]:
        return None
    return Lowering("select_rows", (data[0], math.prod(data[1:]) * call.dtypes[1].size))


@SELECT.numpy
def _(condition: Array, t: Array, e: Array, *, out: Array | None = None) -> Array:
    if condition.ndim < t.ndim:  # a vector chooses rows
        condition = condition.reshape(condition.shape + (1,) * (t.ndim - condition.ndim))
    if out is None:
        return np.where(condition, t, e)
    numbers = out.dtype.kind in "fiuc" and out.itemsize in _BITS
    if numbers and condition.shape == t.shape == e.shape and not np.may_share_memory(t, e):
        return _by_bits(condition, t, e, out)
    if np.may_share_memory(out, t):
        np.copyto(out, e, where=np.logical_not(condition))
    else:
        np.copyto(out, e)
        np.copyto(out, t, where=condition)
    return out


def _by_bits(condition: Array, t: Array, e: Array, out: Array) -> Array:
    """`out` where a mask of all ones or none lets the difference of the two sides through.

    A choice that no processor foresees costs it five times as much as these four passes.
    """
    bits = _BITS[out.itemsize]
    mask = scratch(out.shape, bits)
    np.negative(condition.view(np.uint8), out=mask, dtype=bits)
    x, y, found = t.view(bits), e.view(bits), out.view(bits)
    if np.may_share_memory(out, y):
        x, y = y, x
        np.invert(mask, out=mask)
    np.bitwise_xor(x, y, out=found)  # `out` may be x
    np.bitwise_and(found, mask, out=found)
    np.bitwise_xor(found, y, out=found)
    return out


# --- SelectV2 ---
def _select_v2_shape(op: Operation) -> list[Dims]:
    condition, t, e = (x.dims for x in op.inputs)
    try:
        return [broadcast(condition, broadcast(t, e))]
    except ShapeError as problem:
        problem.run = (
            f"condition {text(condition)}, then {text(t)}, and else {text(e)} must be broadcastable"
        )
        raise


@elementwise("SelectV2(condition: bool, t: T, e: T) -> output: T", shape=_select_v2_shape)
def select_v2(xp: Any, condition: Any, t: Any, e: Any) -> Any:
    """`t` where the condition is True, else `e`; all three broadcast."""
    return xp.where(condition, t, e)


SELECT_V2: OpDef = select_v2.definition


@SELECT_V2.gradient
def _(op: Operation, dy: Tensor) -> tuple[None, Tensor | None, Tensor | None]:
    condition, t, e = op.inputs
    zero = convert.convert(0, dy.dtype.base_dtype)
    dt, de = select_v2(condition, dy, zero), select_v2(condition, zero, dy)
    return None, sum_to(dt, t, op.outputs[0]), sum_to(de, e, op.outputs[0])


# --- Where ---
WHERE = define("Where(input: T) -> index: int64", T=default((*NUMBERS, bool_), bool_))
WHERE.no_gradient("gives positions")


@WHERE.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    return [(None, None if dims is None else len(dims))]


@WHERE.numpy
def _(x: Array) -> Array:
    flat = np.flatnonzero(x if x.dtype == bool else x != 0)
    found = np.empty((len(flat), x.ndim), np.int64)
    if x.ndim > 1 and x.size < 2**32:  # half the memory, a quarter of the division's time
        flat = flat.astype(np.uint32)
    for axis in range(x.ndim - 1, 0, -1):
        size = flat.dtype.type(x.shape[axis])
        rest = flat // size
        found[:, axis] = flat - rest * size
        flat = rest
    if x.ndim:
        found[:, 0] = flat
    return found


@export("where")
def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """Returns `x` where the condition is True, else `y`; alone: the places where it is True.

    Args:
        condition: bools of the shape of `x`, or one for all, or a vector that chooses rows.
            Alone: a tensor of any shape; numbers count as True unless they are 0.
        x: a tensor; None, together with `y`: the places are wanted.
        y: a tensor of the same shape and type.
        name: the node's name.

    Returns:
        A tensor like `x`; or the places as rows `[n, rank]` of int64, in order.

    Raises:
        ValueError: if one of `x` and `y` is None, or the shapes differ.
    """
    return _where("Select", condition, x, y, name)


@export("where_v2")
def where_v2(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """As `tf.where`, but the condition, `x` and `y` broadcast.

    Args:
        condition: bools; alone: a tensor of any shape, where numbers count as True unless 0.
        x: a tensor; None, together with `y`: the places where the condition is True are wanted.
        y: a tensor of the same type.
        name: the node's name.

    Raises:
        ValueError: if one of `x` and `y` is None, or the shapes do not broadcast.
    """
    return _where("SelectV2", condition, x, y, name)


def _where(op_type: str, condition: Any, x: Any, y: Any, name: str | None) -> Tensor:
    found: Tensor
    if x is not None and y is not None:
        found = apply(op_type, condition, x, y, name=name)
        return found
    if x is not None or y is not None:
        raise ValueError("x and y must both be non-None or both be None.")
    with scopes.name_scope(name, "Where", [condition]) as scope:
        condition = convert.convert(condition, name="condition", preferred=bool_)
        found = apply(WHERE, condition, name=scope)
    return found
