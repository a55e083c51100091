"""Bands of diagonals: MatrixDiagV2, MatrixDiagPartV2 and MatrixSetDiagV2.

TensorFlow 1.15 has no public functions for them. Diagonals stand from the uppermost one down, each
from its own start; a diagonal's number is its column's minus its row's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import (
    merged,
    need_rank,
    need_rank_at_least,
    need_rank_at_most,
    scalar_value,
)

Array = np.ndarray[Any, Any]


# --- which diagonals ---
def _limits(k: Array) -> tuple[int, int]:
    """The lowest and the highest diagonal.

    Raises:
        ShapeError: if there are none.
    """
    if k.ndim > 1:
        raise ShapeError(
            f"Shape must be at most rank 1 but is rank {k.ndim}",
            f"diag_index must be a scalar or vector, received shape: {text(k.shape)}",
        )
    found = k.ravel().tolist()
    if k.ndim and len(found) not in (1, 2):
        raise ShapeError(
            f"diag_index must be a vector with one or two elements. It has {len(found)} elements.",
            f"diag_index must have only one or two elements, received {len(found)} elements.",
        )
    lower, upper = found[0], found[-1]
    if lower > upper:
        raise ShapeError(
            "lower_diag_index is greater than upper_diag_index",
            f"lower_diag_index must not be larger than upper_diag_index: {lower} > {upper}",
        )
    return lower, upper


def _known_limits(op: Operation, index: int) -> tuple[int, int] | None:
    dims = op.inputs[index].dims
    words = f"diag_index must be a scalar or vector, received shape: {text(dims)}"
    need_rank_at_most(dims, 1, words)
    k = op.constant(index)
    return None if k is None else _limits(k)


def _limits_in(k: Array) -> tuple[int, int]:
    try:
        return _limits(k)
    except ShapeError as e:
        raise KernelError(e.run) from None


def _check_within(lower: int, upper: int, rows: int, columns: int, stop: str = ".") -> None:
    for d, what in ((lower, "lower_diag_index"), (upper, "upper_diag_index")):
        if not -rows < d < columns and not (d == 0 and 0 in (rows, columns)):
            raise ShapeError(
                f"{what} is out of bound.",
                f"{what} is out of bound: {d}{stop} It must be between {-rows} and {columns}",
            )


def _longest(lower: int, upper: int, rows: int, columns: int) -> int:
    return min(rows + min(upper, 0), columns - max(lower, 0))


def _places(limits: tuple[int, int], rows: int, columns: int) -> tuple[Array, ...]:
    """For each element of a band: its diagonal's place, its own, and its row and column."""
    lower, upper = limits
    numbers = np.arange(upper, lower - 1, -1)[:, None]
    along = np.arange(max(_longest(lower, upper, rows, columns), 0))[None]
    i, j = along - np.minimum(numbers, 0), along + np.maximum(numbers, 0)
    line, at = np.nonzero((i < rows) & (j < columns))
    return line, at, i[line, at], j[line, at]


def _band(limits: tuple[int, int], diagonals: Array) -> Array:
    """Diagonals with an axis that counts them, also where there is one."""
    return diagonals[..., None, :] if limits[0] == limits[1] else diagonals


# --- MatrixDiagV2 ---
MATRIX_DIAG_V2 = define(
    "MatrixDiagV2(diagonal: T, k: int32, num_rows: int32, num_cols: int32, padding_value: T) "
    "-> output: T"
)


@MATRIX_DIAG_V2.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    run = f"diagonal must be at least 1-dim, received shape: {text(dims)}"
    need_rank_at_least(dims, 1, run)
    limits = _known_limits(op, 1)
    for t in op.inputs[2:]:
        need_rank(t.dims, 0)
    if dims is None or limits is None:
        return [None]
    several = limits[0] != limits[1]
    front = dims[:-2] if several else dims[:-1]
    if several:
        need_rank_at_least(dims, 2)
        _check_count(dims, limits)
    sizes = [scalar_value(op, i) for i in (2, 3)]
    if dims[-1] is None or None in sizes:
        return [(*front, *_guessed(sizes))]
    return [(*front, *_settled(dims[-1], limits, sizes))]


def _guessed(sizes: list[int | None]) -> list[int | None]:
    return [None if size == -1 else size for size in sizes]


def _check_count(dims: Dims, limits: tuple[int, int]) -> None:
    lower, upper = limits
    count = None if dims is None else dims[-2]
    if count not in (None, upper - lower + 1):
        raise ShapeError(
            "The number of rows of `diagonal` doesn't match the number of diagonals implied from "
            f"`d_lower` and `d_upper`. num_diags = {count}, d_lower = {lower}, d_upper = {upper}",
            "The number of diagonals provided in the input does not match the lower_diag_index "
            "and upper_diag_index range.",
        )


def _settled(length: int, limits: tuple[int, int], sizes: list[Any]) -> tuple[int, int]:
    """How many rows and columns the matrices have."""
    least = (length - min(limits[1], 0), length + max(limits[0], 0))
    rows, columns = sizes
    if rows == columns == -1:
        return max(least), max(least)
    found = tuple(n if size == -1 else size for n, size in zip(least, sizes, strict=True))
    for n, size, what in zip(least, found, ("rows", "columns"), strict=True):
        if size < n:
            name = "rows" if what == "rows" else "cols"
            raise ShapeError(f"num_{name} is too small", f"The number of {what} is too small.")
    if found[0] != least[0] and found[1] != least[1]:
        raise ShapeError(
            "num_rows and num_cols are not consistent with lower_diag_index, upper_diag_index, "
            "and the length of the given diagonals.",
            "The number of rows or columns is not consistent with the specified d_lower, d_upper, "
            "and diagonal.",
        )
    return found[0], found[1]


@MATRIX_DIAG_V2.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None, None, None, None]:
    return _part(dy, op.inputs[1]), None, None, None, None


def _part(x: Tensor, k: Tensor) -> Tensor:
    zero = np.zeros((), x.dtype.base_dtype.as_numpy_dtype)
    found: Tensor = apply(MATRIX_DIAG_PART_V2, x, k, zero)
    return found


@MATRIX_DIAG_V2.numpy
def _(diagonal: Array, k: Array, num_rows: Array, num_cols: Array, padding_value: Array) -> Array:
    limits = _limits_in(k)
    if not diagonal.ndim:
        raise KernelError("diagonal must be at least 1-dim, received shape: []")
    try:
        if limits[0] != limits[1]:
            need_rank_at_least(diagonal.shape, 2)
            _check_count(diagonal.shape, limits)
        sizes = [int(n.ravel()[0]) for n in (num_rows, num_cols)]
        rows, columns = _settled(diagonal.shape[-1], limits, sizes)
    except ShapeError as e:
        raise KernelError(e.run) from None
    band = _band(limits, diagonal)
    found = np.full((*band.shape[:-2], rows, columns), padding_value, diagonal.dtype)
    line, at, i, j = _places(limits, rows, columns)
    found[..., i, j] = band[..., line, at]
    return found


# --- MatrixDiagPartV2 ---
MATRIX_DIAG_PART_V2 = define(
    "MatrixDiagPartV2(input: T, k: int32, padding_value: T) -> diagonal: T"
)


@MATRIX_DIAG_PART_V2.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    need_rank_at_least(dims, 2, f"input must be at least 2-dim, received shape: {text(dims)}")
    limits = _known_limits(op, 1)
    need_rank(op.inputs[2].dims, 0)
    if dims is None or limits is None:
        return [None]
    rows, columns = dims[-2:]
    length = None
    if rows is not None and columns is not None:
        _check_within(*limits, rows, columns)
        length = _longest(*limits, rows, columns)
    count = () if limits[0] == limits[1] else (limits[1] - limits[0] + 1,)
    return [(*dims[:-2], *count, length)]


@MATRIX_DIAG_PART_V2.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None, None]:
    x, k = op.inputs[:2]
    zero = np.zeros((), x.dtype.base_dtype.as_numpy_dtype)
    sizes = None if x.dims is None else x.dims[-2:]
    if sizes is not None and None not in sizes:
        rows, columns = (np.array(n, np.int32) for n in sizes)
        return apply(MATRIX_DIAG_V2, dy, k, rows, columns, zero), None, None
    return apply(MATRIX_SET_DIAG_V2, apply("ZerosLike", x), dy, k), None, None


@MATRIX_DIAG_PART_V2.numpy
def _(x: Array, k: Array, padding_value: Array) -> Array:
    if x.ndim < 2:
        raise KernelError(f"input must be at least 2-dim, received shape: {text(x.shape)}")
    limits = _limits_in(k)
    rows, columns = x.shape[-2:]
    try:
        _check_within(*limits, rows, columns)
    except ShapeError as e:
        raise KernelError(e.run) from None
    sizes = (limits[1] - limits[0] + 1, max(_longest(*limits, rows, columns), 0))
    found = np.full((*x.shape[:-2], *sizes), padding_value, x.dtype)
    line, at, i, j = _places(limits, rows, columns)
    found[..., line, at] = x[..., i, j]
    return found[..., 0, :].copy() if limits[0] == limits[1] else found


# --- MatrixSetDiagV2 ---
MATRIX_SET_DIAG_V2 = define("MatrixSetDiagV2(input: T, diagonal: T, k: int32) -> output: T")


@MATRIX_SET_DIAG_V2.shape
def _(op: Operation) -> list[Dims]:
    dims, line = (t.dims for t in op.inputs[:2])
    need_rank_at_least(dims, 2, f"input must be at least 2-dim, received shape: {text(dims)}")
    need_rank_at_least(line, 1, f"diagonal must be at least 1-dim, received shape: {text(line)}")
    limits = _known_limits(op, 2)
    if limits is None:
        return [dims]
    own = 1 if limits[0] == limits[1] else 2
    if dims is None:
        return [None if line is None else (*line[:-own], None, None)]
    run = None
    if None not in dims[-2:] and None not in dims[:-2]:
        _check_within(*limits, dims[-2], dims[-1], "")  # type: ignore[arg-type]  # known
        run = _misfit(dims, line, limits)
    line = need_rank(line, len(dims) - 2 + own, run)
    return [(*(merged(dims[:-2], line[:-own], run) or ()), *dims[-2:])]


def _misfit(dims: Any, line: Dims, limits: tuple[int, int]) -> str:
    count = () if limits[0] == limits[1] else (limits[1] - limits[0] + 1,)
    expected = (*dims[:-2], *count, _longest(*limits, *dims[-2:]))
    return (
        "Either first dimensions of diagonal don't match input.shape[:-2], or diagonal.shape[:-1] "
        "is not equal to the longests diagonal in range [lower_diag_index:upper_diag_index].\n"
        f"Input shape: {text(dims)}\nDiagonal shape: {text(line)}\n"
        f"Expected diagonal shape: {text(expected)}"
    )


@MATRIX_SET_DIAG_V2.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor, None]:
    _, line, k = op.inputs
    rest = apply(MATRIX_SET_DIAG_V2, dy, apply("ZerosLike", line), k)
    return rest, _part(dy, k), None


@MATRIX_SET_DIAG_V2.numpy
def _(x: Array, diagonal: Array, k: Array) -> Array:
    limits = _limits_in(k)
    rows, columns = x.shape[-2:]
    try:
        _check_within(*limits, rows, columns, "")
    except ShapeError as e:
        raise KernelError(e.run) from None
    count = limits[1] - limits[0] + 1
    if count > 1 and diagonal.ndim > 1 and diagonal.shape[-2] != count:
        raise KernelError(
            "The number of diagonals provided in `diag` is not consistent with `lower_diag_index` "
            "and `upper_diag_index`"
        )
    several = () if count == 1 else (count,)
    if diagonal.shape != (*x.shape[:-2], *several, _longest(*limits, rows, columns)):
        raise KernelError(_misfit(x.shape, diagonal.shape, limits))
    found = x.copy()
    line, at, i, j = _places(limits, rows, columns)
    found[..., i, j] = _band(limits, diagonal)[..., line, at]
    return found
