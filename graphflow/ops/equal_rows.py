"""Rows of equal indices, added up without a change of size.

`plan/rows.py` puts these in the place of `Unique` and `UnsortedSegmentSum` before sparse updates.
None of these is an operation of TensorFlow, or of a graph: they live in plans only. "First" rows
are those whose index comes for the first time; the sum of all rows of an index stands in its first
row, and updates leave out the others.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from graphflow.core.lowering import SUFFIXES, Call, Lowering
from graphflow.core.opdef import OpDef

Array = np.ndarray[Any, Any]

OF_FIRST: Final[dict[OpDef, OpDef]] = {}
"""Updates of rows -> the same with one more input, `first`: only first rows count.

They keep the names of their twins, for these stand in the messages of errors.
"""


# --- _FirstEqual ---
FIRST_EQUAL: Final = OpDef("_FirstEqual(x: T) -> first: int32", constraints={})
"""For each element of a vector the position of the first one that equals it."""


@FIRST_EQUAL.numpy
def _(x: Array) -> Array:
    first = np.arange(x.size, dtype=np.int32)
    order = np.argsort(x, kind="stable")
    ascending = x[order]
    differs = ascending[1:] != ascending[:-1]
    if not differs.all():
        starts = np.flatnonzero(np.concatenate(([True], differs)))
        first[order] = np.repeat(order[starts], np.diff(starts, append=x.size))
    return first


@FIRST_EQUAL.compiled
def _(call: Call) -> Lowering | None:
    if call.suffix not in ("i32", "i64"):
        return None
    return Lowering(f"first_equal.{call.suffix}", (math.prod(call.shapes[0]),))


# --- _SumIntoFirst ---
SUM_INTO_FIRST: Final = OpDef("_SumIntoFirst(data: T, first: int32) -> sums: T", constraints={})
"""Adds each row to the first one of its index, in their order; what the others hold is left open.
"""
SUM_INTO_FIRST.in_place = (0,)


@SUM_INTO_FIRST.numpy
def _(data: Array, first: Array, *, out: Array | None) -> Array:
    sums = np.empty_like(data) if out is None else out
    np.copyto(sums, data)
    rows = np.flatnonzero(np.bincount(first, minlength=first.size)[first] > 1)
    if rows.size:
        rows = rows[np.argsort(first[rows], kind="stable")]
        own = first[rows]
        starts = np.flatnonzero(np.concatenate(([True], own[1:] != own[:-1])))
        sums[own[starts]] = np.add.reduceat(sums[rows], starts, 0)
    return sums


@SUM_INTO_FIRST.compiled
def _(call: Call) -> Lowering | None:
    if call.real is None:
        return None
    n, *row = call.shapes[0]
    return Lowering(f"sum_into_first.{call.real}", (n, math.prod(row)))


# --- updates ---
def only_first(rows: Array, indices: Array, first: Array) -> tuple[Array, Array]:
    """Returns the first rows and their indices."""
    is_first = first == np.arange(first.size)
    return (rows, indices) if is_first.all() else (rows[is_first], indices[is_first])


def with_first(definition: OpDef) -> OpDef:
    """Returns the twin of an update of rows, still without kernels, and enters it in OF_FIRST."""
    text = definition._text.replace(", *,", ", first: int32, *,", 1)
    if text == definition._text:  # no attributes
        text = text.replace(")", ", first: int32)", 1)
    twin = OpDef(
        text,
        stateful=definition.is_stateful,
        effect=definition.effect,
        constraints=definition.constraints,
    )
    OF_FIRST[definition] = twin
    return twin


def index_suffix(call: Call, position: int) -> str | None:
    """What kernels call the type of an input of indices; None for a type they do not know."""
    return SUFFIXES.get(call.dtypes[position].name)
