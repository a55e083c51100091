"""Diagonals: of tensors, and of the matrices in a tensor's last two axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import (
    bfloat16,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int32,
    int64,
)
from graphflow.core.elementwise import same_shape
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import INDEX, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._linear_operators import for_operators
from graphflow.ops._shapes import merged, need_rank_at_least, same_size
from graphflow.ops.concat import concat
from graphflow.ops.fill import ones, zeros

Array = np.ndarray[Any, Any]
_TYPES = (bfloat16, float16, float32, float64, int32, int64, complex64, complex128)

# --- Diag ---
DIAG = define("Diag(diagonal: T) -> output: T", T=_TYPES)


@DIAG.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    need_rank_at_least(dims, 1, "Input must be at least rank 1, got 0")
    return [None if dims is None else dims + dims]


@DIAG.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    found: Tensor = apply(DIAG_PART, dy)
    return found


@DIAG.numpy
def _(x: Array) -> Array:
    if not x.ndim:
        raise ValueError("a scalar")  # the shape rule says it in full
    out = np.zeros((x.size, x.size), x.dtype)
    np.fill_diagonal(out, x.ravel())
    return out.reshape(x.shape + x.shape)


@export("diag", "linalg.tensor_diag")
def diag(diagonal: Any, name: str | None = None) -> Tensor:
    """Returns a tensor of twice the rank with given elements where both halves are equal.

    Args:
        diagonal: the elements.
        name: the node's name.
    """
    found: Tensor = apply(DIAG, diagonal, name=name)
    return found


# --- DiagPart ---
DIAG_PART = define("DiagPart(input: T) -> diagonal: T", T=_TYPES)


@DIAG_PART.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    if dims is None:
        return [None]
    if not dims or len(dims) % 2:
        raise ShapeError(
            f"Input must have even and non-zero rank, input rank is {len(dims)}",
            run=f"The rank of the tensor should be even and positive, got shape {text(dims)}",
        )
    half = len(dims) // 2
    found = []
    for i, (a, b) in enumerate(zip(dims[:half], dims[half:], strict=True)):
        run = f"Invalid shape {text(dims)}: dimensions {i} and {half + i} do not match."
        found.append(same_size(a, b, run))
    return [tuple(found)]


@DIAG_PART.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    found: Tensor = apply(DIAG, dy)
    return found


@DIAG_PART.numpy
def _(x: Array) -> Array:
    half = x.ndim // 2
    if not half or x.shape[:half] != x.shape[half:]:
        raise ValueError("no diagonal")  # the shape rule says it in full
    front = x.shape[:half]
    n = int(np.prod(front))
    return x.reshape(n, n).diagonal().reshape(front).copy()


@export("diag_part", "linalg.tensor_diag_part")
def diag_part(input: Any, name: str | None = None) -> Tensor:
    """Returns the elements of a tensor where both halves of its position are equal.

    Args:
        input: a tensor whose shape is twice the same.
        name: the node's name.
    """
    found: Tensor = apply(DIAG_PART, input, name=name)
    return found


# --- MatrixDiag ---
MATRIX_DIAG = define("MatrixDiag(diagonal: T) -> output: T")


@MATRIX_DIAG.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    need_rank_at_least(dims, 1, f"diagonal must be at least 1-dim, received shape: {text(dims)}")
    return [None if dims is None else (*dims, dims[-1])]


@MATRIX_DIAG.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    found: Tensor = apply(MATRIX_DIAG_PART, dy)
    return found


@MATRIX_DIAG.numpy
def _(x: Array) -> Array:
    if not x.ndim:
        raise ValueError("a scalar")  # the shape rule says it in full
    n = x.shape[-1]
    out = np.zeros((*x.shape, n), x.dtype)
    every = np.arange(n)
    out[..., every, every] = x
    return out


@export("matrix_diag", "linalg.diag")
def matrix_diag(
    diagonal: Any,
    name: str | None = "diag",
    k: Any = 0,
    num_rows: Any = -1,
    num_cols: Any = -1,
    padding_value: Any = 0,
) -> Tensor:
    """Returns matrices with given diagonals and zeros elsewhere.

    Args:
        diagonal: [..., n].
        name: the node's name.
        k: has no effect, as in TensorFlow 1.15.5.
        num_rows: has no effect.
        num_cols: has no effect.
        padding_value: has no effect.
    """
    found: Tensor = apply(MATRIX_DIAG, diagonal, name=name)
    return found


# --- MatrixDiagPart ---
MATRIX_DIAG_PART = define("MatrixDiagPart(input: T) -> diagonal: T")


@MATRIX_DIAG_PART.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    need_rank_at_least(dims, 2, f"input must be at least 2-dim, received shape: {text(dims)}")
    return [None if dims is None else (*dims[:-2], _shorter(dims))]


def _shorter(dims: tuple[int | None, ...]) -> int | None:
    rows, columns = dims[-2:]
    return (
        0
        if 0 in (rows, columns)
        else (None if rows is None or columns is None else min(rows, columns))
    )


@MATRIX_DIAG_PART.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    x = op.inputs[0]
    found: Tensor
    if x.dims is not None and x.dims[-1] == x.dims[-2] is not None:
        found = apply(MATRIX_DIAG, dy)
    else:
        found = apply(MATRIX_SET_DIAG, apply("ZerosLike", x), dy)
    return found


@MATRIX_DIAG_PART.numpy
def _(x: Array) -> Array:
    return x.diagonal(0, -2, -1).copy()


@export("matrix_diag_part", "linalg.diag_part")
@for_operators(lambda input, name="diag_part", **unused: input.diag_part(name))
def matrix_diag_part(
    input: Any, name: str | None = "diag_part", k: Any = 0, padding_value: Any = 0
) -> Tensor:
    """Returns the diagonals of matrices.

    Args:
        input: [..., m, n].
        name: the node's name.
        k: has no effect, as in TensorFlow 1.15.5.
        padding_value: has no effect.
    """
    found: Tensor = apply(MATRIX_DIAG_PART, input, name=name)
    return found


# --- MatrixSetDiag ---
MATRIX_SET_DIAG = define("MatrixSetDiag(input: T, diagonal: T) -> output: T")


@MATRIX_SET_DIAG.shape
def _(op: Operation) -> list[Dims]:
    dims, line = (t.dims for t in op.inputs)
    need_rank_at_least(dims, 2, f"input must be at least 2-dim, received shape: {text(dims)}")
    need_rank_at_least(line, 1, f"diagonal must be at least 1-dim, received shape: {text(line)}")
    if dims is None or line is None:
        return [dims]
    run = (
        "Either first dimensions of diagonal don't match input.shape[:-2], or diagonal.shape[:-1] "
        "is not equal to the longests diagonal in range [lower_diag_index:upper_diag_index]."
    )
    same_size(_shorter(dims), line[-1], run)
    return [(*(merged(dims[:-2], line[:-1], run) or ()), *dims[-2:])]


@MATRIX_SET_DIAG.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    zero = apply("ZerosLike", op.inputs[1])
    return apply(MATRIX_SET_DIAG, dy, zero), apply(MATRIX_DIAG_PART, dy)


@MATRIX_SET_DIAG.numpy
def _(x: Array, diagonal: Array) -> Array:
    n = min(x.shape[-2:])
    if diagonal.shape != (*x.shape[:-2], n):
        raise ValueError("the diagonal does not fit")  # the shape rule says it in full
    out = x.copy()
    every = np.arange(n)
    out[..., every, every] = diagonal
    return out


@export("matrix_set_diag", "linalg.set_diag")
def matrix_set_diag(input: Any, diagonal: Any, name: str | None = "set_diag", k: Any = 0) -> Tensor:
    """Returns matrices with other diagonals.

    Args:
        input: [..., m, n].
        diagonal: [..., min(m, n)].
        name: the node's name.
        k: has no effect, as in TensorFlow 1.15.5.

    Raises:
        ValueError: if the diagonals do not fit the matrices.
    """
    found: Tensor = apply(MATRIX_SET_DIAG, input, diagonal, name=name)
    return found


# --- MatrixBandPart ---
MATRIX_BAND_PART = define(
    "MatrixBandPart(input: T, num_lower: Tindex, num_upper: Tindex) -> band: T",
    shape=same_shape,
    Tindex=default_type(INDEX, int64),
)


@MATRIX_BAND_PART.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None, None]:
    return apply(MATRIX_BAND_PART, dy, op.inputs[1], op.inputs[2]), None, None


@MATRIX_BAND_PART.numpy
def _(x: Array, num_lower: Array, num_upper: Array) -> Array:
    if x.ndim < 2:
        raise KernelError(f"input must be at least 2-dim, received shape: {text(x.shape)}")
    rows, columns = x.shape[-2:]
    lower, upper = num_lower.item(), num_upper.item()
    for what, n, most, kind in (
        ("num_lower", lower, rows, "rows"),
        ("num_upper", upper, columns, "columns"),
    ):
        if n > most:
            raise KernelError(
                f"{what} must be negative or less or equal to number of {kind} ({most}) got: {n}"
            )
    i, j = np.ogrid[:rows, :columns]
    band = ((i - j <= lower) | (lower < 0)) & ((j - i <= upper) | (upper < 0))
    return np.where(band, x, x.dtype.type(0)) if x.dtype.kind != "O" else np.where(band, x, b"")


@export("matrix_band_part", "linalg.band_part")
def matrix_band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Tensor:
    """Returns matrices with zeros outside a band around the diagonal.

    Args:
        input: [..., m, n].
        num_lower: how many lines below the diagonal are kept; negative: all.
        num_upper: how many above it; negative: all.
        name: the node's name.
    """
    found: Tensor = apply(MATRIX_BAND_PART, input, num_lower, num_upper, name=name)
    return found


@export("eye", "linalg.eye")
def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = float32,
    name: str | None = None,
) -> Tensor:
    """Returns identity matrices.

    Args:
        num_rows: the number of rows, an int or a scalar tensor.
        num_columns: the number of columns; None: that of the rows.
        batch_shape: the shape in front of the matrices; None: one matrix.
        dtype: the element type.
        name: the name of the scope.

    Raises:
        TypeError: if a number is neither an int nor a tensor.
    """
    with scopes.name_scope(name, "eye", [num_rows, num_columns, batch_shape]):
        is_square = num_columns is None
        batch = [] if batch_shape is None else batch_shape
        columns = num_rows if num_columns is None else num_columns
        sizes = (num_rows, columns)
        size: Any
        if any(isinstance(n, Tensor) for n in sizes):
            size = apply("Minimum", num_rows, columns)
        elif not all(isinstance(n, int | np.integer) for n in sizes):
            raise TypeError("num_rows and num_columns must be positive integer values.")
        else:
            is_square, size = num_rows == columns, min(int(num_rows), int(columns))
        line: Any
        shape: Any = None
        if isinstance(batch, Tensor) or isinstance(size, Tensor):
            batch = convert_to_tensor(batch, name="shape", dtype=int32)
            line = concat((batch, [size]), axis=0)
            if not is_square:
                shape = concat((batch, list(sizes)), axis=0)
        else:
            line, shape = [*batch, size], [*batch, *sizes]
        diagonal = ones(line, dtype=dtype)
        if is_square:
            return matrix_diag(diagonal)
        return matrix_set_diag(zeros(shape, dtype=dtype), diagonal)
