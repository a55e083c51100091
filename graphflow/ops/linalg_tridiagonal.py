"""Matrices with three diagonals: products, and systems of equations."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import complex64, complex128, float32, float64
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import conj
from graphflow.ops._shapes import merged, need_rank_at_least, same_size
from graphflow.ops.diag import matrix_diag_part
from graphflow.ops.gather_nd import gather_nd
from graphflow.ops.pad import pad
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.reshape import expand_dims, squeeze
from graphflow.ops.stack import stack
from graphflow.ops.transpose import matrix_transpose, transpose

Array = np.ndarray[Any, Any]
_TYPES = (float64, float32, complex64, complex128)
_RANKS = "All input tensors must have the same rank."


def _shifted(x: Tensor, up: bool) -> Tensor:
    """Rows moved up or down by one, with zeros behind or before them."""
    rows = x[..., 1:, :] if up else x[..., :-1, :]
    front = apply("Rank", x) - 2
    zeros = apply("Fill", stack([front, 2]), np.int32(0))
    ends = np.array([[0, 1], [0, 0]] if up else [[1, 0], [0, 0]], np.int32)
    paddings: Any
    if x.dims is None:
        paddings = apply("ConcatV2", [zeros, ends], np.array(0, np.int32))
    else:
        paddings = np.concatenate([np.zeros((len(x.dims) - 2, 2), np.int32), ends])
    found: Tensor = apply("Pad", rows, paddings)
    return found


def _check_ranks(arrays: tuple[Array, ...]) -> None:
    for i, x in enumerate(arrays):
        if x.ndim < 2:
            raise KernelError(f"Input tensor {i} must have rank >= 2, got {x.ndim}")
        if x.ndim != arrays[0].ndim:
            raise KernelError(_RANKS)


# --- TridiagonalMatMul ---
TRIDIAGONAL_MAT_MUL = define(
    "TridiagonalMatMul(superdiag: T, maindiag: T, subdiag: T, rhs: T) -> output: T", T=_TYPES
)


@TRIDIAGONAL_MAT_MUL.shape
def _(op: Operation) -> list[Dims]:
    *lines, rhs = [t.dims for t in op.inputs]
    ranks = [None if d is None else len(d) for d in (*lines, rhs)]
    for i, d in enumerate((*lines, rhs)):
        rank = f"Input tensor {i} must have rank >= 2, got {ranks[i]}"
        need_rank_at_least(d, 2, rank)
    line: Dims = None
    names = ("superdiagonal", "maindiagonal", "subdiagonal")
    same_rank = len({*ranks} - {None}) < 2
    for own, what in zip(lines, names, strict=True):
        line = merged(line, own, f"Invalid {what} shape." if same_rank else _RANKS)
        if own is not None and own[-2] not in (None, 1):
            raise ShapeError(f"Dimension must be 1 but is {own[-2]}", f"Invalid {what} shape.")
    if rhs is None or line is None:
        return [rhs]
    front = merged(line[:-2], rhs[:-2], _RANKS) or ()
    rows = same_size(line[-1], rhs[-2], "Invalid superdiagonal shape.")
    return [(*front, rows, rhs[-1])]


@TRIDIAGONAL_MAT_MUL.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, ...]:
    above, main, below = (matrix_transpose(t, conjugate=True) for t in op.inputs[:3])
    x = conj(op.inputs[3])
    lines = [reduce_sum(v * dy, axis=-1) for v in (_shifted(x, True), x, _shifted(x, False))]
    dx = _shifted(above * dy, False) + main * dy + _shifted(below * dy, True)
    return (*[expand_dims(line, -2) for line in lines], dx)


@TRIDIAGONAL_MAT_MUL.numpy
def _(superdiag: Array, maindiag: Array, subdiag: Array, rhs: Array) -> Array:
    lines = (superdiag, maindiag, subdiag)
    _check_ranks((*lines, rhs))
    for line, what in zip(lines, ("superdiagonal", "maindiagonal", "subdiagonal"), strict=True):
        if line.shape != (*rhs.shape[:-2], 1, rhs.shape[-2]):
            raise KernelError(f"Invalid {what} shape.")
    above, main, below = (line[..., 0, :, None] for line in lines)
    found = main * rhs
    found[..., :-1, :] += above[..., :-1, :] * rhs[..., 1:, :]
    found[..., 1:, :] += below[..., 1:, :] * rhs[..., :-1, :]
    return found


# --- TridiagonalSolve ---
TRIDIAGONAL_SOLVE = define(
    "TridiagonalSolve(diagonals: T, rhs: T, *, partial_pivoting: bool = True) -> output: T",
    T=_TYPES,
)
_NOT_INVERTIBLE = "The matrix is not invertible."
_NEEDS_PIVOTS = (
    "The matrix is either not invertible, or requires pivoting. Try setting partial_pivoting = "
    "True."
)


@TRIDIAGONAL_SOLVE.shape
def _(op: Operation) -> list[Dims]:
    lines, rhs = (t.dims for t in op.inputs)
    for i, d in enumerate((lines, rhs)):
        rank = f"Input tensor {i} must have rank >= 2, got {len(d or ())}"
        need_rank_at_least(d, 2, rank)
    if lines is None or rhs is None:
        return [rhs]
    run = "All input tensors must have the same outer dimensions."
    front = merged(lines[:-2], rhs[:-2], run if len(lines) == len(rhs) else _RANKS) or ()
    if lines[-2] not in (None, 3):
        raise ShapeError(
            f"Dimension must be 3 but is {lines[-2]}",
            f"Expected diagonals to be provided as a matrix with 3 rows, got {lines[-2]} rows.",
        )
    rows = same_size(
        lines[-1],
        rhs[-2],
        "Expected the same number of left-hand sides and right-hand sides, got "
        f"{lines[-1]} and {rhs[-2]}.",
    )
    return [(*front, rows, rhs[-1])]


@TRIDIAGONAL_SOLVE.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    lines, x = op.inputs[0], op.outputs[0]
    pivots = op.attrs["partial_pivoting"]
    drhs = apply(TRIDIAGONAL_SOLVE, _adjoint(lines), dy, partial_pivoting=pivots)
    y = conj(x)
    products = [drhs * v for v in (_shifted(y, True), y, _shifted(y, False))]
    dlines = apply("Neg", stack([reduce_sum(p, axis=-1) for p in products], axis=-2))
    return dlines, drhs


def _adjoint(lines: Tensor) -> Tensor:
    """The diagonals of the conjugate transpose: outer ones change places, moved by one."""
    turned = matrix_transpose(conj(lines))
    above = _shifted(turned[..., 2:3], True)
    below = _shifted(turned[..., 0:1], False)
    joined = apply("ConcatV2", [above, turned[..., 1:2], below], np.array(-1, np.int32))
    return matrix_transpose(joined)


@TRIDIAGONAL_SOLVE.numpy
def _(diagonals: Array, rhs: Array, *, partial_pivoting: bool) -> Array:
    _check_ranks((diagonals, rhs))
    *front, rows, columns = rhs.shape
    if not rhs.size:
        return np.zeros(rhs.shape, rhs.dtype)
    # One system beside the other: a row of all of them is one array.
    lines = np.moveaxis(diagonals.reshape(-1, 3, rows), 0, -1)
    x = np.moveaxis(rhs.reshape(-1, rows, columns), 0, 1).copy()
    if rows == 1 and (lines[1] == 0).any():
        raise KernelError("The matrix is not invertible: it is a scalar with value zero.")
    solve = _with_pivots if partial_pivoting else _without_pivots
    solve(lines, x)
    return np.ascontiguousarray(np.moveaxis(x, 0, 1)).reshape(*front, rows, columns)


def _without_pivots(lines: Array, x: Array) -> None:
    """Thomas' algorithm, in place on `x`: [n, systems, k]."""
    above, main, below = lines
    pivots = main.copy()
    for i in range(len(x)):
        if i:
            factor = below[i] / pivots[i - 1]
            pivots[i] -= factor * above[i - 1]
            x[i] -= factor[:, None] * x[i - 1]
        if (pivots[i] == 0).any():
            raise KernelError(_NEEDS_PIVOTS)
    x[-1] /= pivots[-1][:, None]
    for i in range(len(x) - 2, -1, -1):
        x[i] = (x[i] - above[i][:, None] * x[i + 1]) / pivots[i][:, None]


def _with_pivots(lines: Array, x: Array) -> None:
    """Gauss' algorithm that takes the larger one of two rows, in place on `x`: [n, systems, k]."""
    above, main, below = lines
    n = len(x)
    first, second, third = main.copy(), above.copy(), np.zeros_like(main)
    for i in range(n - 1):
        swap = np.abs(first[i]) < np.abs(below[i + 1])
        top = np.where(swap, below[i + 1], first[i])
        if (top == 0).any():
            raise KernelError(_NOT_INVERTIBLE)
        factor = np.where(swap, first[i], below[i + 1]) / top
        upper = (np.where(swap, main[i + 1], second[i]), np.where(swap, above[i + 1], 0))
        lower = (np.where(swap, second[i], main[i + 1]), np.where(swap, 0, above[i + 1]))
        if i == n - 2:
            upper, lower = (upper[0], np.zeros_like(top)), (lower[0], np.zeros_like(top))
        column = swap[:, None]
        x[i], x[i + 1] = np.where(column, x[i + 1], x[i]), np.where(column, x[i], x[i + 1])
        x[i + 1] -= factor[:, None] * x[i]
        first[i], second[i], third[i] = top, *upper
        first[i + 1] = lower[0] - factor * upper[0]
        second[i + 1] = lower[1] - factor * upper[1]
    if (first[-1] == 0).any():
        raise KernelError(_NOT_INVERTIBLE)
    x[-1] /= first[-1][:, None]
    for i in range(n - 2, -1, -1):
        x[i] -= second[i][:, None] * x[i + 1]
        if i < n - 2:
            x[i] -= third[i][:, None] * x[i + 2]
        x[i] /= first[i][:, None]


# --- public functions ---
def _size(x: Any, axis: int) -> int | None:
    dims = x.get_shape().dims
    found: int | None = dims[axis].value
    return found


@export("linalg.tridiagonal_solve")
def tridiagonal_solve(
    diagonals: Any,
    rhs: Any,
    diagonals_format: str = "compact",
    transpose_rhs: bool = False,
    conjugate_rhs: bool = False,
    name: str | None = None,
    partial_pivoting: bool = True,
) -> Tensor:
    """Returns `x` with `a @ x == rhs`, for matrices with three diagonals.

    Args:
        diagonals: as the format says: [..., 3, n], the diagonal above the main one (whose last
            element has no effect), the main one, and that below (whose first has none); the three
            as a list, the outer ones of n or n - 1 elements; or whole matrices.
        rhs: tensor of [..., n] or [..., n, k].
        diagonals_format: "compact", "sequence" or "matrix".
        transpose_rhs: whether `rhs` and the result are [..., k, n].
        conjugate_rhs: whether the conjugate of `rhs` is meant.
        name: the node's name.
        partial_pivoting: whether rows are swapped where that keeps digits.

    Raises:
        ValueError: if shapes do not fit, or for another format.
        InvalidArgumentError: in the run: if a matrix is singular.
    """
    if diagonals_format == "sequence":
        diagonals = _from_sequence(diagonals)
    elif diagonals_format == "matrix":
        diagonals = _from_matrix(diagonals)
    elif diagonals_format != "compact":
        raise ValueError(f"Unrecognized diagonals_format: {diagonals_format}")
    return _solved(diagonals, rhs, (transpose_rhs, conjugate_rhs), name, partial_pivoting)


def _from_sequence(lines: Any) -> Tensor:
    if not isinstance(lines, tuple | list) or len(lines) != 3:
        raise ValueError("Expected diagonals to be a sequence of length 3.")
    above, main, below = lines
    shapes = [t.get_shape() for t in (below, main, above)]
    if not all(s[:-1].is_compatible_with(shapes[1][:-1]) for s in shapes):
        raise ValueError(
            "Tensors representing the three diagonals must have the same shape,except for the "
            "last dimension, got {}, {}, {}".format(*shapes)
        )
    n = _size(main, -1)
    below = _filled_line(below, n, "subdiagonal", [1, 0])
    above = _filled_line(above, n, "superdiagonal", [0, 1])
    return stack((above, main, below), axis=-2)


def _filled_line(line: Any, n: int | None, what: str, ends: list[int]) -> Any:
    own = _size(line, -1)
    if not own or own == n:
        return line
    if n is not None and own == n - 1:
        return pad(line, [[0, 0] for _ in range(len(line.get_shape()) - 1)] + [ends])
    less = None if n is None else n - 1
    raise ValueError(f"Expected {what} to be have length {n} or {less}, got {own}.")


def _from_matrix(a: Any) -> Tensor:
    m, n = _size(a, -1), _size(a, -2)
    if m and n and m != n:
        raise ValueError(f"Expected last two dimensions of diagonals to be same, got {m} and {n}")
    size = m or n
    if not size:
        raise ValueError('The size of the matrix needs to be known for diagonals_format="matrix"')
    places = [[[i + 1, i], [i, i], [i - 1, i]] for i in range(size)]
    places[0][2] = places[-1][0] = [0, 0]  # these have no effect
    return transpose(gather_nd(transpose(a), places))


def _solved(
    lines: Any, rhs: Any, options: tuple[bool, bool], name: str | None, pivots: bool
) -> Tensor:
    transposed, conjugated = options
    ranks = len(lines.get_shape()), len(rhs.get_shape())
    _check_compact(lines, rhs, ranks)
    if ranks[1] == ranks[0] - 1:
        rhs = expand_dims(conj(rhs) if conjugated else rhs, -1)
        _check_rows(lines, rhs)
        one = apply(TRIDIAGONAL_SOLVE, lines, rhs, partial_pivoting=pivots, name=name)
        vector: Tensor = squeeze(one, -1)
        return vector
    if transposed:
        rhs = matrix_transpose(rhs, conjugate=conjugated)
    elif conjugated:
        rhs = conj(rhs)
    _check_rows(lines, rhs)
    whole: Tensor = apply(TRIDIAGONAL_SOLVE, lines, rhs, partial_pivoting=pivots, name=name)
    return matrix_transpose(whole) if transposed else whole


def _check_compact(lines: Any, rhs: Any, ranks: tuple[int, int]) -> None:
    own, other = ranks
    if own < 2:
        raise ValueError(f"Expected diagonals to have rank at least 2, got {own}")
    if other not in (own, own - 1):
        raise ValueError(f"Expected the rank of rhs to be {own - 1} or {own}, got {other}")
    count = _size(lines, -2)
    if count and count != 3:
        raise ValueError(f"Expected 3 diagonals got {count}")
    left, right = lines.get_shape()[:-2], rhs.get_shape()[: own - 2]
    if not left.is_compatible_with(right):
        raise ValueError(f"Batch shapes {left} and {right} are incompatible")


def _check_rows(lines: Any, rhs: Any) -> None:
    own, other = _size(lines, -1), _size(rhs, -2)
    if own and other and own != other:
        raise ValueError(
            "Expected number of left-hand sided and right-hand sides to be equal, got "
            f"{own} and {other}"
        )


@export("linalg.tridiagonal_matmul")
def tridiagonal_matmul(
    diagonals: Any, rhs: Any, diagonals_format: str = "compact", name: str | None = None
) -> Tensor:
    """Returns products of matrices with three diagonals and other matrices.

    Args:
        diagonals: as `tf.linalg.tridiagonal_solve` takes them; the three of one size in a list.
        rhs: [..., n, k].
        diagonals_format: "compact", "sequence" or "matrix".
        name: the node's name.

    Raises:
        ValueError: for another format, or matrices of unknown size.
    """
    if diagonals_format == "compact":
        above, main, below = (diagonals[..., i, :] for i in range(3))
    elif diagonals_format == "sequence":
        above, main, below = diagonals
    elif diagonals_format == "matrix":
        above, main, below = _lines_of_matrix(diagonals)
    else:
        raise ValueError(f"Unrecognized diagonals_format: {diagonals_format}")
    lines = [expand_dims(line, -2) for line in (above, main, below)]
    found: Tensor = apply(TRIDIAGONAL_MAT_MUL, *lines, rhs, name=name)
    return found


def _lines_of_matrix(a: Any) -> tuple[Tensor, Tensor, Tensor]:
    m, n = _size(a, -1), _size(a, -2)
    if not m or not n:
        raise ValueError('The size of the matrix needs to be known for diagonals_format="matrix"')
    if m != n:
        raise ValueError(f"Expected last two dimensions of diagonals to be same, got {m} and {n}")
    main = matrix_diag_part(a)
    turned = transpose(a)
    above = [[i + 1, i] for i in range(m - 1)] + [[0, 0]]
    below = [[0, 0]] + [[i - 1, i] for i in range(1, m)]
    return transpose(gather_nd(turned, above)), main, transpose(gather_nd(turned, below))
