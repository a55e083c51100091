"""Different elements, and those that another list does not have."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, int32, int64
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import INDEX, OpDef, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.ops._shapes import need_rank

Array = np.ndarray[Any, Any]


def _first_seen(x: Array) -> tuple[Array, Array, Array]:
    """The different elements in the order in which they come, where each went, how many."""
    if x.dtype.kind == "O":
        keys: dict[Any, int] = {}
        where = np.array([keys.setdefault(v, len(keys)) for v in x.tolist()], np.int64)
        values = np.empty(len(keys), object)
        values[:] = list(keys)
        return values, where, np.bincount(where, minlength=len(keys))
    _, first, inverse, number = np.unique(
        x, return_index=True, return_inverse=True, return_counts=True, equal_nan=False
    )
    order = np.argsort(first, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return x[first[order]], place[inverse.reshape(-1)], number[order]


def _vector(x: Array) -> Array:
    if x.ndim != 1:
        raise KernelError("unique expects a 1D vector.")
    return x


def _unique(name: str, has_counts: bool, has_axis: bool) -> OpDef:
    axis, axis_attr = (", axis: Taxis", ", Taxis: type") if has_axis else ("", "")
    counts = ", count: out_idx" if has_counts else ""
    types: dict[str, Any] = {"Taxis": default_type(INDEX, int64)} if has_axis else {}
    made = define(
        f"{name}(x: T{axis}, *, out_idx: type{axis_attr}) -> y: T, idx: out_idx{counts}",
        out_idx=default_type(INDEX, int32),
        **types,
    )
    made.no_gradient("a choice does not change smoothly", raises=True)
    made.shape(_rows_shape if has_axis else _vector_shape)
    made.numpy(_along_axis(has_counts) if has_axis else _of_vector(has_counts))
    return made


def _vector_shape(op: Operation) -> list[Dims]:
    dims = need_rank(op.inputs[0].dims, 1, run="unique expects a 1D vector.")
    found: list[Dims] = [(None,), dims, (None,)]
    return found[: len(op.outputs)]


def _rows_shape(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    rows: Dims = None if dims is None else (None,) * len(dims)
    places: Dims = dims if dims is not None and len(dims) == 1 else (None,)
    found: list[Dims] = [rows, places, (None,)]
    return found[: len(op.outputs)]


def _of_vector(has_counts: bool) -> Any:
    def kernel(x: Array, *, out_idx: DType) -> tuple[Array, ...]:
        values, where, number = _first_seen(_vector(x))
        kind = out_idx.as_numpy_dtype
        found = (values, where.astype(kind), number.astype(kind))
        return found if has_counts else found[:2]

    return kernel


def _along_axis(has_counts: bool) -> Any:
    def kernel(x: Array, axis: Array, *, out_idx: DType) -> tuple[Array, ...]:
        if axis.size == 0:
            at, rows = 0, _vector(x)
        else:
            at = int(axis.ravel()[0])
            rows = np.moveaxis(x, at, 0)
        keys = np.empty(len(rows), object)
        keys[:] = [row.tobytes() if row.dtype.kind != "O" else tuple(row.ravel()) for row in rows]
        _, where, number = _first_seen(keys)
        first = [int(np.flatnonzero(where == i)[0]) for i in range(len(number))]
        kind = out_idx.as_numpy_dtype
        found = (np.take(x, first, at), where.astype(kind), number.astype(kind))
        return found if has_counts else found[:2]

    return kernel


UNIQUE = _unique("Unique", False, False)
UNIQUE_V2 = _unique("UniqueV2", False, True)
UNIQUE_WITH_COUNTS = _unique("UniqueWithCounts", True, False)
UNIQUE_WITH_COUNTS_V2 = _unique("UniqueWithCountsV2", True, True)


@export("unique")
def unique(x: Any, out_idx: Any = int32, name: str | None = None) -> Any:
    """Returns the different elements of a vector, in the order in which they come.

    Args:
        x: a vector.
        out_idx: int32 or int64, the type of `idx`.
        name: the node's name.

    Returns:
        `(y, idx)`: the elements, and for each of `x` where in `y` it is.
    """
    return apply(UNIQUE, x, out_idx=out_idx, name=name)


@export("unique_with_counts")
def unique_with_counts(x: Any, out_idx: Any = int32, name: str | None = None) -> Any:
    """Returns the different elements of a vector, and how often each comes.

    Args:
        x: a vector.
        out_idx: int32 or int64, the type of `idx` and `count`.
        name: the node's name.

    Returns:
        `(y, idx, count)`: the elements, for each of `x` where in `y` it is, and the numbers.
    """
    return apply(UNIQUE_WITH_COUNTS, x, out_idx=out_idx, name=name)


# --- ListDiff ---
LIST_DIFF = define(
    "ListDiff(x: T, y: T, *, out_idx: type) -> out: T, idx: out_idx",
    out_idx=default_type(INDEX, int32),
).no_gradient("a choice does not change smoothly", raises=True)


@LIST_DIFF.shape
def _(op: Operation) -> list[Dims]:
    for what, t in zip("xy", op.inputs, strict=True):
        need_rank(t.dims, 1, run=f"{what} should be a 1D vector, not {text(t.dims)}")
    return [(None,), (None,)]


@LIST_DIFF.numpy
def _(x: Array, y: Array, *, out_idx: DType) -> tuple[Array, Array]:
    if x.ndim != 1 or y.ndim != 1:
        raise ValueError("no vectors")  # the shape rule says it in full
    known = set(y.tolist())
    kept = np.array([i for i, v in enumerate(x.tolist()) if v not in known], np.int64)
    return x[kept], kept.astype(out_idx.as_numpy_dtype)


@export("setdiff1d")
def setdiff1d(x: Any, y: Any, index_dtype: Any = int32, name: str | None = None) -> Any:
    """Returns the elements of one vector that another does not have.

    Args:
        x: a vector.
        y: the elements to leave out.
        index_dtype: int32 or int64, the type of `idx`.
        name: the node's name.

    Returns:
        `(out, idx)`: the elements that are left, and where in `x` they are.
    """
    return apply(LIST_DIFF, x, y, out_idx=index_dtype, name=name)
