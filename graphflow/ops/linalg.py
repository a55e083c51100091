"""Square matrices: Cholesky factors, inverses, determinants, traces."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import complex64, complex128, float16, float32, float64
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops._linear_operators import for_operators, operator_inverse, operator_logdet
from graphflow.ops._rules import conj, shape_of
from graphflow.ops._shapes import need_rank_at_least, same_size
from graphflow.ops.complex import real
from graphflow.ops.diag import matrix_band_part, matrix_diag_part, matrix_set_diag
from graphflow.ops.linalg_solve import (
    TYPES,
    adjoint_of,
    matrix_triangular_solve,
    substituted,
    wide,
)
from graphflow.ops.matmul import matmul
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.transpose import matrix_transpose

Array = np.ndarray[Any, Any]
_BY_VALUE = (float16, float32, float64, complex64, complex128)
NOT_SQUARE = "Input matrix must be square."


def square(dims: Dims) -> Dims:
    """The shape of square matrices.

    Raises:
        ShapeError: if they are none.
    """
    need_rank_at_least(dims, 2, f"Input tensor 0 must have rank >= 2, got {len(dims or ())}")
    if dims is None:
        return None
    n = same_size(dims[-2], dims[-1], NOT_SQUARE)
    return (*dims[:-2], n, n)


def _square_shape(op: Operation) -> list[Dims]:
    return [square(op.inputs[0].dims)]


def _per_matrix(op: Operation) -> list[Dims]:
    dims = square(op.inputs[0].dims)
    return [None if dims is None else dims[:-2]] * len(op.outputs)


def narrowed(x: Array, dtype: Any) -> Array:
    """A result in the type of the input, in C order."""
    return np.ascontiguousarray(x, dtype=dtype)


# --- Cholesky ---
CHOLESKY = define("Cholesky(input: T) -> output: T", shape=_square_shape, T=TYPES)


@CHOLESKY.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    factor = op.outputs[0]
    middle = matmul(factor, dy, adjoint_a=True)
    half = convert(0.5, middle.dtype.base_dtype)
    middle = matrix_set_diag(middle, apply("Mul", half, matrix_diag_part(middle)))
    middle = matrix_band_part(middle, -1, 0)
    # The wanted inverse(L)^H middle inverse(L) is symmetrized: its adjoint does as well.
    left = matrix_triangular_solve(factor, middle, adjoint=True)
    both = matrix_triangular_solve(factor, _adjoint(left), adjoint=True)
    found: Tensor = apply("Mul", half, apply("AddV2", both, _adjoint(both)))
    return found


def _adjoint(x: Tensor) -> Tensor:
    return matrix_transpose(x, conjugate=True)


@CHOLESKY.numpy
def _(x: Array) -> Array:
    a = wide(x)
    try:
        found = np.linalg.cholesky(a)
    except np.linalg.LinAlgError:
        found = _column_by_column(a)
    return narrowed(found, x.dtype)


def _column_by_column(x: Array) -> Array:
    """Where LAPACK gives up: it may be for a nan, which TensorFlow passes on.

    Raises:
        KernelError: if the matrix is not positive definite.
    """
    out = np.zeros_like(x)
    for k in range(x.shape[-1]):
        row = out[..., k, :k]
        square_ = x[..., k, k].real - (np.abs(row) ** 2).sum(-1)
        if (square_ <= 0).any():
            raise KernelError(
                "Cholesky decomposition was not successful. The input might not be valid."
            )
        diagonal = np.sqrt(square_)
        out[..., k, k] = diagonal
        below = x[..., k + 1 :, k] - (out[..., k + 1 :, :k] @ row[..., None].conj())[..., 0]
        out[..., k + 1 :, k] = below / diagonal[..., None]
    return out


@export("cholesky", "linalg.cholesky")
@for_operators(lambda input, name=None: input.cholesky(name))
def cholesky(input: Any, name: str | None = None) -> Tensor:
    """Returns the lower triangular `l` with `l @ l^H == input`.

    Args:
        input: a: [..., n, n], symmetric (or Hermitian) and positive definite; only its lower
            triangle is read.
        name: the node's name.

    Raises (in the run):
        InvalidArgumentError: if a matrix is not positive definite.
    """
    found: Tensor = apply(CHOLESKY, input, name=name)
    return found


# --- CholeskyGrad ---
CHOLESKY_GRAD = define(
    "CholeskyGrad(l: T, grad: T) -> output: T", shape=_square_shape, T=(float16, float32, float64)
).no_gradient("TensorFlow registers none", raises=True)


@CHOLESKY_GRAD.numpy
def _(factor: Array, grad: Array) -> Array:
    low, dy = np.tril(wide(factor)), np.tril(wide(grad))
    middle = np.tril(low.swapaxes(-1, -2) @ dy)
    every = np.arange(low.shape[-1])
    middle[..., every, every] /= 2
    up = adjoint_of(low)
    left = substituted(up, middle, lower=False)
    both = substituted(up, adjoint_of(left), lower=False)
    return narrowed((both + adjoint_of(both)) / 2, factor.dtype)


# --- MatrixInverse ---
MATRIX_INVERSE = define(
    "MatrixInverse(input: T, *, adjoint: bool = False) -> output: T", shape=_square_shape, T=TYPES
)


@MATRIX_INVERSE.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    y = op.outputs[0]
    if op.attrs["adjoint"]:  # TensorFlow 1.15 forgets to turn the gradient, too
        inner = matmul(y, dy, adjoint_b=True)
        found = matmul(inner, y)
    else:
        found = matmul(y, matmul(dy, y, adjoint_b=True), adjoint_a=True)
    negative: Tensor = apply("Neg", found)
    return negative


@MATRIX_INVERSE.numpy
def _(x: Array, *, adjoint: bool) -> Array:
    a = wide(x)
    try:
        found = np.linalg.inv(adjoint_of(a) if adjoint else a)
    except np.linalg.LinAlgError as problem:
        raise KernelError("Input is not invertible.") from problem
    return narrowed(found, x.dtype)


@export("matrix_inverse", "linalg.inv")
@for_operators(operator_inverse)
def matrix_inverse(input: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """Returns the inverses of square matrices.

    Args:
        input: a: [..., n, n], not singular.
        adjoint: whether the inverse of the conjugate transpose is meant.
        name: the node's name.

    Raises (in the run):
        InvalidArgumentError: if a matrix is singular.

    Note:
        With `adjoint` the gradient is right, too; TensorFlow 1.15 computes that of the inverse.
    """
    found: Tensor = apply(MATRIX_INVERSE, input, adjoint=adjoint, name=name)
    return found


# --- MatrixDeterminant ---
MATRIX_DETERMINANT = define(
    "MatrixDeterminant(input: T) -> output: T", shape=_per_matrix, T=_BY_VALUE
)


@MATRIX_DETERMINANT.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    return _times_inverse(op.inputs[0], apply("Mul", dy, conj(op.outputs[0])))


def _times_inverse(a: Tensor, factor: Tensor) -> Tensor:
    """A number for each matrix, times the adjoint inverse of the matrix."""
    sizes: Any = shape_of(factor)
    if isinstance(sizes, Tensor):
        sizes = apply("ConcatV2", [sizes, np.array([1, 1], np.int32)], 0)
    else:
        sizes = np.array([*sizes, 1, 1], np.int32)
    found: Tensor = apply("Mul", apply("Reshape", factor, sizes), matrix_inverse(a, adjoint=True))
    return found


@MATRIX_DETERMINANT.numpy
def _(x: Array) -> Array:
    return np.asarray(np.linalg.det(wide(x)), dtype=x.dtype)


@export("matrix_determinant", "linalg.det")
@for_operators(lambda input, name=None: input.determinant(name))
def matrix_determinant(input: Any, name: str | None = None) -> Tensor:
    """Returns the determinants of square matrices.

    Args:
        input: a: [..., n, n].
        name: the node's name.

    Note:
        The determinant of a matrix without elements is 1. The gradient wants an inverse. A nan
        gives nan, where TensorFlow 1.15 gives 0.
    """
    found: Tensor = apply(MATRIX_DETERMINANT, input, name=name)
    return found


# --- LogMatrixDeterminant ---
LOG_MATRIX_DETERMINANT = define(
    "LogMatrixDeterminant(input: T) -> sign: T, log_abs_determinant: T",
    shape=_per_matrix,
    T=_BY_VALUE,
)


@LOG_MATRIX_DETERMINANT.gradient
def _(op: Operation, _: Tensor | None, dy: Tensor | None) -> Tensor | None:
    return None if dy is None else _times_inverse(op.inputs[0], dy)


@LOG_MATRIX_DETERMINANT.numpy
def _(x: Array) -> tuple[Array, Array]:
    sign, log = np.linalg.slogdet(wide(x))
    return np.asarray(sign, dtype=x.dtype), np.asarray(log, dtype=x.dtype)


@export("linalg.slogdet")
def slogdet(input: Any, name: str | None = None) -> Any:
    """Returns the signs of determinants, and the logarithms of their absolute values.

    Args:
        input: a: [..., n, n].
        name: the node's name.

    Returns:
        A named tuple (sign, log_abs_determinant); of a singular matrix: 0 and -inf. Of complex
        matrices the sign has absolute value 1.
    """
    return apply(LOG_MATRIX_DETERMINANT, input, name=name)


# --- of several operations ---
@export("linalg.logdet")
@for_operators(operator_logdet)
def logdet(matrix: Any, name: str | None = None) -> Tensor:
    """Returns the logarithms of the determinants of positive definite matrices.

    Args:
        matrix: a: [..., n, n], as `tf.cholesky` takes it.
        name: the name of the scope.
    """
    with scopes.name_scope(name, "logdet", [matrix]):
        factor = cholesky(matrix)
        line = apply("Log", real(matrix_diag_part(factor)))
        found: Tensor = 2.0 * reduce_sum(line, axis=[-1])
        return found


@export("trace", "linalg.trace")
@for_operators(lambda x, name=None: x.trace(name))
def trace(x: Any, name: str | None = None) -> Tensor:
    """Returns the sums of the main diagonals.

    Args:
        x: [..., m, n].
        name: the node's name.
    """
    with scopes.name_scope(name, "Trace", [x]) as scope:
        x = convert(x, name="x")
        found: Tensor = reduce_sum(matrix_diag_part(x), [-1], name=scope)
        return found


@export("linalg.adjoint")
@for_operators(lambda matrix, name=None: matrix.adjoint(name))
def adjoint(matrix: Any, name: str | None = None) -> Tensor:
    """Returns the conjugate transposes of matrices.

    Args:
        matrix: [..., m, n].
        name: the name of the scope.
    """
    with scopes.name_scope(name, "adjoint", [matrix]):
        return _adjoint(convert(matrix, name="matrix"))
