"""Eigenvalues of symmetric matrices and singular values, with their vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank_at_least
from graphflow.ops.complex import real
from graphflow.ops.diag import matrix_band_part, matrix_diag, matrix_diag_part, matrix_set_diag
from graphflow.ops.fill import ones_like, zeros_like
from graphflow.ops.linalg import narrowed, square
from graphflow.ops.linalg_solve import TYPES, wide
from graphflow.ops.matmul import matmul
from graphflow.ops.reshape import expand_dims
from graphflow.ops.split import known_dys
from graphflow.ops.transpose import matrix_transpose

Array = np.ndarray[Any, Any]


def _adjoint(x: Tensor) -> Tensor:
    return matrix_transpose(x, conjugate=True)


def _gaps(x: Tensor) -> Tensor:
    """`1 / (x_j - x_i)` for each pair, and 0 on the diagonal, also in its own gradient."""
    differences = apply("Sub", expand_dims(x, -2), expand_dims(x, -1))
    safe = matrix_set_diag(differences, ones_like(x))
    return matrix_set_diag(apply("Reciprocal", safe), zeros_like(x))


def _plus_adjoint(x: Tensor) -> Tensor:
    found: Tensor = apply("AddV2", x, _adjoint(x))
    return found


# --- SelfAdjointEigV2 ---
SELF_ADJOINT_EIG = define(
    "SelfAdjointEigV2(input: T, *, compute_v: bool = True) -> e: T, v: T", T=TYPES
)


@SELF_ADJOINT_EIG.shape
def _(op: Operation) -> list[Dims]:
    dims = square(op.inputs[0].dims)
    return [None if dims is None else dims[:-1], dims if op.attrs["compute_v"] else (0,)]


@SELF_ADJOINT_EIG.gradient
def _(op: Operation, de: Tensor | None, dv: Tensor | None) -> Tensor:
    e, v = op.outputs
    if not op.attrs["compute_v"]:
        de, dv = known_dys(op, (de, None))[0], None
        v = apply(SELF_ADJOINT_EIG, op.inputs[0]).v
    inner = matrix_diag(zeros_like(e) if de is None else de)
    if dv is not None:
        turned = matmul(v, dv, adjoint_a=True)
        inner = apply("AddV2", inner, apply("Mul", _gaps(e), turned))
    found = matmul(v, matmul(inner, v, adjoint_b=True))
    # Only the lower triangle is read: the upper one's share goes there.
    low = matrix_band_part(_plus_adjoint(found), -1, 0)
    half = convert(0.5, low.dtype.base_dtype)
    return matrix_set_diag(low, apply("Mul", half, matrix_diag_part(low)))


@SELF_ADJOINT_EIG.numpy
def _(x: Array, *, compute_v: bool) -> tuple[Array, Array]:
    a = wide(x)
    try:
        if not np.isfinite(np.tril(a)).all():  # LAPACK returns some numbers
            raise np.linalg.LinAlgError
        if compute_v:
            e, v = np.linalg.eigh(a)
        else:
            e, v = np.linalg.eigvalsh(a), np.zeros(0, a.dtype)
    except np.linalg.LinAlgError as problem:
        raise KernelError(
            "Self-adjoint eigen decomposition was not successful. The input might not be valid."
        ) from problem
    return narrowed(e, x.dtype), narrowed(v, x.dtype)


@export("self_adjoint_eig", "linalg.eigh")
def self_adjoint_eig(tensor: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Returns eigenvalues in ascending order, and eigenvectors, of symmetric matrices.

    Args:
        tensor: a: [..., n, n], symmetric or Hermitian; only its lower triangle is read.
        name: the node's name.

    Returns:
        (e: [..., n], v: [..., n, n]); column `i` of `v` belongs to `e[i]`. The signs of the
        vectors are up to LAPACK, and may be other ones than in TensorFlow.

    Raises (in the run):
        InvalidArgumentError: if a matrix has a nan.

    Note:
        The gradient of the vectors is infinite where two eigenvalues are equal.
    """
    found = apply(SELF_ADJOINT_EIG, tensor, compute_v=True, name=name)
    return found.e, found.v


@export("self_adjoint_eigvals", "linalg.eigvalsh")
def self_adjoint_eigvals(tensor: Any, name: str | None = None) -> Tensor:
    """Returns the eigenvalues of symmetric matrices, in ascending order.

    Args:
        tensor: a: [..., n, n], symmetric or Hermitian; only its lower triangle is read.
        name: the node's name.
    """
    found: Tensor = apply(SELF_ADJOINT_EIG, tensor, compute_v=False, name=name).e
    return found


# --- Svd ---
SVD = define(
    "Svd(input: T, *, compute_uv: bool = True, full_matrices: bool = False) -> s: T, u: T, v: T",
    T=TYPES,
)


@SVD.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    need_rank_at_least(dims, 2, f"Input tensor 0 must have rank >= 2, got {len(dims or ())}")
    uv = op.attrs["compute_uv"]
    if dims is None:
        return [None, None if uv else (0,), None if uv else (0,)]
    *front, m, n = dims
    inner = None if m is None or n is None else min(m, n)
    if not uv:
        return [(*front, inner), (0,), (0,)]
    columns = (m, n) if op.attrs["full_matrices"] else (inner, inner)
    return [(*front, inner), (*front, m, columns[0]), (*front, n, columns[1])]


@SVD.gradient
def _(op: Operation, *dys: Tensor | None) -> Tensor:
    a = op.inputs[0]
    if not op.attrs["compute_uv"]:
        found = apply(SVD, a)
        ds = known_dys(op, dys)[0]
        inner = matmul(matrix_diag(ds), found.v, adjoint_b=True)
        return matmul(found.u, inner)
    m, n = _gradient_sizes(op)
    s, u, v = op.outputs
    ds, du, dv = known_dys(op, dys)
    if m <= n:
        return _broad_gradient(s, u, v, (ds, du, dv), (m, n))
    return matrix_transpose(_broad_gradient(s, v, u, (ds, dv, du), (n, m)))


def _gradient_sizes(op: Operation) -> tuple[int, int]:
    """The size of the matrices.

    Raises:
        NotImplementedError: if there is no gradient, as in TensorFlow.
    """
    a = op.inputs[0]
    if a.dtype.is_complex:
        raise NotImplementedError(
            "SVD gradient is not implemented for complex types and compute_uv=True."
        )
    m, n = (None, None) if a.dims is None else a.dims[-2:]
    if m is None or n is None:
        raise NotImplementedError(
            "SVD gradient has not been implemented for input with unknown inner matrix shape."
        )
    if op.attrs["full_matrices"] and abs(m - n) > 1:
        raise NotImplementedError(
            "svd gradient is not implemented for abs(m - n) > 1 when full_matrices is True"
        )
    return m, n


def _broad_gradient(
    s: Tensor, u: Tensor, v: Tensor, dys: tuple[Any, ...], sizes: tuple[int, int]
) -> Tensor:
    """The gradient for matrices [..., m, n] with m <= n.

    Args:
        s: the singular values, [..., m].
        u: [..., m, m].
        v: [..., n, m] or [..., n, n].
        dys: the gradients of the three.
        sizes: (m, n).
    """
    ds, du, dv = dys
    m, n = sizes
    first, dfirst = _columns(v, 0, m, n), _columns(dv, 0, m, n)
    gaps = _gaps(apply("Square", s))
    diagonal = matrix_diag(s)
    from_u = _plus_adjoint(apply("Mul", gaps, matmul(u, du, adjoint_a=True)))
    from_v = _plus_adjoint(apply("Mul", gaps, matmul(first, dfirst, adjoint_a=True)))
    inner = apply("AddV2", matmul(from_u, diagonal), matmul(diagonal, from_v))
    inner = apply("AddV2", matrix_diag(ds), inner)
    found = matmul(u, matmul(inner, first, adjoint_b=True))
    if m == n:
        return found
    turned = matrix_transpose(dfirst)
    outside = apply("Sub", turned, matmul(matmul(turned, first), first, adjoint_b=True))
    if v.dims is None or v.dims[-1] != m:
        rest, drest = _columns(v, m, n, n), _columns(dv, m, n, n)
        cross = matmul(matmul(first, drest, adjoint_a=True), rest, adjoint_b=True)
        outside = apply("Sub", outside, cross)
    scaled = matmul(u, matrix_diag(apply("Reciprocal", s)))
    total: Tensor = apply("AddV2", found, matmul(scaled, outside))
    return total


def _columns(x: Tensor, start: int, stop: int, whole: int) -> Tensor:
    """Columns of matrices, all of them as they are."""
    if (start == 0 and x.dims is not None and x.dims[-1] == stop) or (start, stop) == (0, whole):
        return x
    found: Tensor = x[..., start:stop]
    return found


@SVD.numpy
def _(x: Array, *, compute_uv: bool, full_matrices: bool) -> tuple[Array, Array, Array]:
    a = wide(x)
    if not x.size:
        return _of_nothing(x, compute_uv, full_matrices)
    try:
        if not compute_uv:
            none = np.zeros(0, x.dtype)
            return narrowed(np.linalg.svd(a, compute_uv=False), x.dtype), none, none.copy()
        u, s, vh = np.linalg.svd(a, full_matrices)
    except np.linalg.LinAlgError as problem:
        raise KernelError("Singular value decomposition was not successful.") from problem
    v = vh.swapaxes(-1, -2)
    v = v.conj() if x.dtype.kind == "c" else v
    return narrowed(s, x.dtype), narrowed(u, x.dtype), narrowed(v, x.dtype)


def _of_nothing(x: Array, uv: bool, full: bool) -> tuple[Array, Array, Array]:
    """The decomposition of matrices without elements: the vectors are unit vectors."""
    *front, m, n = x.shape
    inner = min(m, n)
    if not uv:
        return np.zeros((*front, inner), x.dtype), np.zeros(0, x.dtype), np.zeros(0, x.dtype)
    u, v = np.eye(m, m if full else inner), np.eye(n, n if full else inner)
    vectors = [np.broadcast_to(y, (*front, *y.shape)) for y in (u, v)]
    return np.zeros((*front, inner), x.dtype), *[narrowed(y, x.dtype) for y in vectors]  # type: ignore[return-value]  # two vectors


@export("svd", "linalg.svd")
def svd(
    tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None
) -> Any:
    """Returns the singular values of matrices, and their vectors.

    Args:
        tensor: a: [..., m, n].
        full_matrices: whether u and v are square; else they have min(m, n) columns.
        compute_uv: whether the vectors are wanted.
        name: the node's name.

    Returns:
        (s, u, v) with `a == u @ diag(s) @ v^H`, s: [..., min(m, n)] in descending order; or only
        s. The signs of the vectors are up to LAPACK, and may be other ones than in TensorFlow.

    Note:
        `v` is not transposed as in NumPy. The gradient of the vectors is infinite where two
        singular values are equal, and there is none for complex matrices.
    """
    found = apply(SVD, tensor, compute_uv=compute_uv, full_matrices=full_matrices, name=name)
    if compute_uv:
        return real(found.s), found.u, found.v
    return real(found.s)
