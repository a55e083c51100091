"""The QR decomposition of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import complex64, complex128, float16, float32, float64
from graphflow.core.errors import ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops.diag import matrix_band_part
from graphflow.ops.matmul import matmul
from graphflow.ops.split import known_dys
from graphflow.ops.transpose import matrix_transpose

Array = np.ndarray[Any, Any]

# --- Qr ---
QR = define(
    "Qr(input: T, *, full_matrices: bool = False) -> q: T, r: T",
    T=(float64, float32, float16, complex64, complex128),
)


@QR.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    if dims is None:
        return [None, None]
    if len(dims) < 2:
        raise ShapeError(
            f"Shape must be at least rank 2 but is rank {len(dims)}",
            run=f"Input matrix must have rank >= 2, got {len(dims)}",
        )
    *outer, rows, columns = dims
    if op.attrs["full_matrices"]:
        return [(*outer, rows, rows), (*outer, rows, columns)]
    inner = None if rows is None or columns is None else min(rows, columns)
    return [(*outer, rows, inner), (*outer, inner, columns)]


@QR.gradient
def _(op: Operation, *dys: Tensor | None) -> Tensor:
    """Of tall or square real matrices only, as in TensorFlow (Walter and Lehmann, 2012)."""
    q, r = op.outputs
    if q.dtype.is_complex:
        raise NotImplementedError(f"QrGrad not implemented for dtype: {q.dtype}")
    if r.dims is None or None in r.dims[-2:]:
        raise NotImplementedError("QrGrad not implemented with dynamic shapes.")
    if r.dims[-2] != r.dims[-1]:
        raise NotImplementedError(
            "QrGrad not implemented when ncols > nrows or full_matrices is true and ncols != nrows."
        )
    dq, dr = known_dys(op, dys)
    spread = matmul(q, dq, adjoint_a=True)
    turned = matmul(r, dr, adjoint_b=True)
    lower = matrix_band_part(_asymmetry(spread) + _asymmetry(turned), -1, 0)
    inside = matmul(q, dr + _divided(lower, r))
    outside: Tensor = inside + _divided(dq - matmul(q, spread), r)
    return outside


def _asymmetry(x: Tensor) -> Tensor:
    found: Tensor = x - matrix_transpose(x)
    return found


def _divided(x: Tensor, r: Tensor) -> Tensor:
    """`x` times the transposed inverse of an upper triangular matrix."""
    solved = apply("MatrixTriangularSolve", r, matrix_transpose(x), lower=False, adjoint=False)
    return matrix_transpose(solved)


@QR.numpy
def _(matrix: Array, *, full_matrices: bool) -> tuple[Array, Array]:
    if matrix.dtype == np.float16:
        wide = np.linalg.qr(matrix.astype(np.float32), "complete" if full_matrices else "reduced")
        return wide[0].astype(np.float16), wide[1].astype(np.float16)
    if matrix.size:
        found = np.linalg.qr(matrix, "complete" if full_matrices else "reduced")
        return np.ascontiguousarray(found[0]), np.ascontiguousarray(found[1])
    *outer, rows, columns = matrix.shape
    inner = rows if full_matrices else min(rows, columns)
    q = np.zeros((*outer, rows, inner), matrix.dtype)
    q[..., np.arange(inner), np.arange(inner)] = 1
    return q, np.zeros((*outer, inner, columns), matrix.dtype)


@export("qr", "linalg.qr")
def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> Any:
    """Returns matrices q with orthonormal columns and r, upper triangular, with `q @ r == input`.

    Args:
        input: x: [..., m, n].
        full_matrices: whether q is square, [..., m, m]; else it is [..., m, min(m, n)].
        name: the node's name.

    Returns:
        A named tuple (q, r). Where a diagonal element of r is negative is up to LAPACK.

    Note:
        It has no gradient: asking for one is a LookupError.
    """
    return apply(QR, input, full_matrices=full_matrices, name=name)
