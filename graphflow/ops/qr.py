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
def _(op: Operation, *_: Any) -> None:
    raise LookupError(f"No gradient defined for operation '{op.name}' (op type: Qr)")


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
