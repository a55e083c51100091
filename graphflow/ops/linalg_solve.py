"""Systems of linear equations, many at once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import complex64, complex128, float16, float32, float64
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops._linear_operators import for_operators, operator_solution
from graphflow.ops._shapes import merged, need_rank_at_least, same_size
from graphflow.ops.cast import cast
from graphflow.ops.diag import eye
from graphflow.ops.matmul import matmul
from graphflow.ops.shape_ops import shape
from graphflow.ops.transpose import matrix_transpose

Array = np.ndarray[Any, Any]
TYPES = (float64, float32, float16, complex64, complex128)
SINGULAR = "Input matrix is not invertible."
_BLOCK = 64  # rows that one dense solution takes; above it matrix products do the work


def wide(x: Array) -> Array:
    """Half in float32, which LAPACK knows; other arrays as they are."""
    return x.astype(np.float32) if x.dtype == np.float16 else x


def adjoint_of(x: Array) -> Array:
    """The conjugate transposes of matrices."""
    turned = x.swapaxes(-1, -2)
    return turned.conj() if x.dtype.kind == "c" else turned


def _sizes(op: Operation, square: bool) -> list[Dims]:
    """The shape of the solution, [..., n, k], from those of matrix and right-hand side."""
    left, right = op.inputs[0].dims, op.inputs[1].dims
    need_rank_at_least(left, 2, "In[0] is not a matrix")
    need_rank_at_least(right, 2, "In[1] is not a matrix")
    rows, columns = (None, None) if left is None else left[-2:]
    if square:
        rows = columns = same_size(rows, columns, "First input (lhs) must be a square matrix.")
    outer, outer_right = (None if dims is None else dims[:-2] for dims in (left, right))
    run = "All input tensors must have the same outer dimensions."
    if left is not None and right is not None and len(left) != len(right):
        run = "All input tensors must have the same rank."
    front = merged(outer, outer_right, run)
    if right is not None:
        same_size(rows, right[-2], "Input matrix and rhs are incompatible.")
    if front is None:
        return [None]
    return [(*front, columns, None if right is None else right[-1])]


# --- MatrixSolve ---
MATRIX_SOLVE = define(
    "MatrixSolve(matrix: T, rhs: T, *, adjoint: bool = False) -> output: T", T=TYPES
)


@MATRIX_SOLVE.shape
def _(op: Operation) -> list[Dims]:
    return _sizes(op, square=True)


@MATRIX_SOLVE.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    adjoint = op.attrs["adjoint"]
    rhs = apply(MATRIX_SOLVE, op.inputs[0], dy, adjoint=not adjoint)
    return _matrix_gradient(op.outputs[0], rhs, adjoint), rhs


def _matrix_gradient(x: Tensor, rhs: Tensor, adjoint: bool) -> Tensor:
    """The gradient of the matrix, from the solution and the right-hand side's gradient."""
    found = matmul(x, rhs, adjoint_b=True) if adjoint else matmul(rhs, x, adjoint_b=True)
    negative: Tensor = apply("Neg", found)
    return negative


@MATRIX_SOLVE.numpy
def _(matrix: Array, rhs: Array, *, adjoint: bool) -> Array:
    a = wide(matrix)
    found = _solved(adjoint_of(a) if adjoint else a, wide(rhs))
    return np.ascontiguousarray(found.astype(matrix.dtype, copy=False))


def _solved(a: Array, b: Array) -> Array:
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError as problem:
        raise KernelError(SINGULAR) from problem


@export("matrix_solve", "linalg.solve")
@for_operators(operator_solution)
def matrix_solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """Returns `x` with `matrix @ x == rhs`.

    Args:
        matrix: a: [..., n, n], not singular.
        rhs: b: [..., n, k].
        adjoint: whether the conjugate transpose of `matrix` is meant.
        name: the node's name.

    Raises (in the run):
        InvalidArgumentError: if a matrix is singular.
    """
    found: Tensor = apply(MATRIX_SOLVE, matrix, rhs, adjoint=adjoint, name=name)
    return found


# --- MatrixTriangularSolve ---
MATRIX_TRIANGULAR_SOLVE = define(
    "MatrixTriangularSolve(matrix: T, rhs: T, *, lower: bool = True, adjoint: bool = False) "
    "-> output: T",
    T=TYPES,
)


@MATRIX_TRIANGULAR_SOLVE.shape
def _(op: Operation) -> list[Dims]:
    return _sizes(op, square=True)


@MATRIX_TRIANGULAR_SOLVE.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    lower, adjoint = op.attrs["lower"], op.attrs["adjoint"]
    flags = {"lower": lower, "adjoint": not adjoint}
    rhs = apply(MATRIX_TRIANGULAR_SOLVE, op.inputs[0], dy, **flags)
    whole = _matrix_gradient(op.outputs[0], rhs, adjoint)
    band = (-1, 0) if lower else (0, -1)
    limits = [np.array(n, np.int64) for n in band]
    return apply("MatrixBandPart", whole, *limits), rhs


@MATRIX_TRIANGULAR_SOLVE.numpy
def _(matrix: Array, rhs: Array, *, lower: bool, adjoint: bool) -> Array:
    if (matrix.diagonal(0, -2, -1) == 0).any():
        raise KernelError(SINGULAR)
    a = np.tril(wide(matrix)) if lower else np.triu(wide(matrix))
    if adjoint:
        a, lower = adjoint_of(a), not lower
    return substituted(a, wide(rhs), lower).astype(matrix.dtype, copy=False)


def substituted(a: Array, b: Array, lower: bool) -> Array:
    """The solution for triangular matrices: a block of rows, then its share in the others.

    Args:
        a: [..., n, n], with zeros in the other triangle.
        b: [..., n, k].
        lower: which triangle it is.
    """
    x = np.array(b, order="C")
    n = a.shape[-1]
    starts = range(0, n, _BLOCK)
    for start in starts if lower else reversed(starts):
        here = slice(start, min(n, start + _BLOCK))
        done = slice(0, start) if lower else slice(here.stop, n)
        if done.stop > done.start:
            x[..., here, :] -= a[..., here, done] @ x[..., done, :]
        x[..., here, :] = _solved(a[..., here, here], x[..., here, :])
    return x


@export("matrix_triangular_solve", "linalg.triangular_solve")
def matrix_triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """Returns `x` with `triangle(matrix) @ x == rhs`.

    Args:
        matrix: a: [..., n, n], of which only one triangle is read; no zeros on the diagonal.
        rhs: b: [..., n, k].
        lower: whether it is the lower triangle.
        adjoint: whether the conjugate transpose of the triangle is meant.
        name: the node's name.

    Raises (in the run):
        InvalidArgumentError: if there is a zero on a diagonal.
    """
    found: Tensor = apply(
        MATRIX_TRIANGULAR_SOLVE, matrix, rhs, lower=lower, adjoint=adjoint, name=name
    )
    return found


@export("cholesky_solve", "linalg.cholesky_solve")
def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Tensor:
    """Returns `x` with `a @ x == rhs`, given the Cholesky factor of `a`.

    Args:
        chol: [..., n, n], what `tf.cholesky(a)` returns.
        rhs: b: [..., n, k].
        name: the name of the scope.
    """
    with scopes.name_scope(name, "cholesky_solve", [chol, rhs]):
        y = matrix_triangular_solve(chol, rhs)
        return matrix_triangular_solve(chol, y, adjoint=True)


# --- MatrixSolveLs ---
MATRIX_SOLVE_LS = define(
    "MatrixSolveLs(matrix: T, rhs: T, l2_regularizer: float64, *, fast: bool = True) -> output: T",
    T=TYPES,
)
_DEFICIENT = (
    "Input matrix was rank deficient or ill-conditioned. Try setting fast=False or provide a "
    "larger l2_regularizer > 0."
)


@MATRIX_SOLVE_LS.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[2].dims
    if dims:
        raise ShapeError(f"Shape must be rank 0 but is rank {len(dims)}")
    return _sizes(op, square=False)


@MATRIX_SOLVE_LS.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor, None]:
    if not op.attrs["fast"]:
        raise ValueError("Gradient not defined for fast=False")
    a, b = op.inputs[:2]
    weight = cast(op.inputs[2], a.dtype.base_dtype)
    rows, columns = (None, None) if a.dims is None else a.dims[-2:]
    if rows is None or columns is None:
        raise ValueError(
            "the gradient of MatrixSolveLs needs to know the size of the matrices, not "
            f"{a.get_shape()}"
        )
    if rows >= columns:
        return (*_tall_gradients(op.outputs[0], a, b, weight, dy), None)
    return (*_broad_gradients(a, b, weight, dy), None)


def _tall_gradients(
    x: Tensor, a: Tensor, b: Tensor, weight: Tensor, dy: Tensor
) -> tuple[Tensor, Tensor]:
    z = cholesky_solve(gramian_factor(a, weight, tall=True), dy)
    outer = matmul(x, z, adjoint_b=True)
    both = apply("AddV2", outer, matrix_transpose(outer, conjugate=True))
    da = apply("Sub", matmul(b, z, adjoint_b=True), matmul(a, both))
    return da, matmul(a, z)


def _broad_gradients(a: Tensor, b: Tensor, weight: Tensor, dy: Tensor) -> tuple[Tensor, Tensor]:
    factor = gramian_factor(a, weight, tall=False)
    db = cholesky_solve(factor, matmul(a, dy))
    z = cholesky_solve(factor, b)
    rest = apply("Sub", dy, matmul(a, db, adjoint_a=True))
    first = matmul(db, matmul(z, a, adjoint_a=True))
    return apply("Sub", matmul(z, rest, adjoint_b=True), first), db


@MATRIX_SOLVE_LS.numpy
def _(matrix: Array, rhs: Array, l2_regularizer: Array, *, fast: bool) -> Array:
    a, b = wide(matrix), wide(rhs)
    if 0 in (*a.shape, *b.shape):
        return np.zeros((*a.shape[:-2], a.shape[-1], b.shape[-1]), matrix.dtype)
    if fast:
        found = _by_normal_equations(a, b, float(l2_regularizer))
    else:
        found = np.empty((*a.shape[:-2], a.shape[-1], b.shape[-1]), a.dtype)
        for at in np.ndindex(*a.shape[:-2]):  # NumPy's takes one matrix
            found[at] = np.linalg.lstsq(a[at], b[at], rcond=None)[0]
    return np.ascontiguousarray(found.astype(matrix.dtype, copy=False))


def _by_normal_equations(a: Array, b: Array, l2: float) -> Array:
    tall = a.shape[-2] >= a.shape[-1]
    turned = adjoint_of(a)
    gramian = turned @ a if tall else a @ turned
    gramian += l2 * np.eye(gramian.shape[-1], dtype=gramian.dtype)
    try:
        factor = np.linalg.cholesky(gramian)
    except np.linalg.LinAlgError as problem:
        raise KernelError(_DEFICIENT) from problem
    right = turned @ b if tall else b
    y = substituted(factor, right, lower=True)
    y = substituted(adjoint_of(factor), y, lower=False)
    found: Array = y if tall else turned @ y
    return found


def gramian_factor(matrix: Tensor, l2_regularizer: Any, tall: bool) -> Tensor:
    """The Cholesky factor of `a^H @ a` (tall) or `a @ a^H`, plus a multiple of the identity.

    Args:
        matrix: a: [..., m, n].
        l2_regularizer: the multiple; no node is made for the number 0.
        tall: which product.
    """
    gramian = matmul(matrix, matrix, adjoint_a=tall, adjoint_b=not tall)
    if isinstance(l2_regularizer, Tensor) or l2_regularizer != 0:
        sizes = shape(matrix)
        front = sizes[:-2]
        small = sizes[-1] if tall else sizes[-2]
        identity = eye(small, batch_shape=front, dtype=matrix.dtype.base_dtype)
        known = matrix.get_shape()
        side = known[-1 if tall else -2]
        identity.set_shape(known[:-2].concatenate([side, side]))
        gramian += l2_regularizer * identity
    found: Tensor = apply("Cholesky", gramian)
    return found


@export("matrix_solve_ls", "linalg.lstsq")
def matrix_solve_ls(
    matrix: Any, rhs: Any, l2_regularizer: Any = 0.0, fast: bool = True, name: str | None = None
) -> Tensor:
    """Returns the `x` with the smallest `|matrix @ x - rhs|^2 + l2_regularizer * |x|^2`.

    Args:
        matrix: a: [..., m, n].
        rhs: b: [..., m, k].
        l2_regularizer: how much large solutions cost.
        fast: by the Cholesky factor of the normal equations, which wants matrices of full rank
            and doubles the digits lost; else by an orthogonal decomposition, where the
            regularizer has no effect.
        name: the node's name, or that of the scope.

    Raises:
        NotImplementedError: for complex128 with a regularizer, as TensorFlow does.

    Note:
        Where the size of the matrices is not known, one MatrixSolveLs decides in the run;
        TensorFlow 1.15 builds a `cond`. The gradient needs to know it.
    """
    matrix = convert(matrix, name="matrix")
    if matrix.dtype.base_dtype == complex128 and l2_regularizer != 0:
        raise NotImplementedError(
            "matrix_solve_ls is currently disabled for complex128 and l2_regularizer != 0 due to "
            "poor accuracy."
        )
    if not _in_parts(matrix, fast):
        return apply(MATRIX_SOLVE_LS, matrix, rhs, l2_regularizer, fast=fast, name=name)  # type: ignore[no-any-return]  # one output
    with scopes.name_scope(name, "matrix_solve_ls", [matrix, rhs, l2_regularizer]):
        rows, columns = (None, None) if matrix.dims is None else matrix.dims[-2:]
        if rows is None or columns is None:
            return apply(MATRIX_SOLVE_LS, matrix, rhs, l2_regularizer, fast=fast)  # type: ignore[no-any-return]  # one output
        tall = rows >= columns
        factor = gramian_factor(matrix, l2_regularizer, tall)
        if tall:
            return cholesky_solve(factor, matmul(matrix, rhs, adjoint_a=True))
        return matmul(matrix, cholesky_solve(factor, rhs), adjoint_a=True)


def _in_parts(matrix: Tensor, fast: bool) -> bool:
    """Whether TensorFlow builds the solution of several nodes: not for many small matrices."""
    sizes = [] if matrix.dims is None else [d for d in matrix.dims if d is not None]
    if not fast or matrix.dims is None or len(sizes) < len(matrix.dims):
        return fast
    *front, rows, columns = sizes
    is_large = math.prod(sizes) * matrix.dtype.size > 256000  # half of a usual L2 cache
    return not (is_large and math.prod(front) > min(rows, columns))
