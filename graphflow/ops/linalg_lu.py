"""Triangular factors of square matrices, with rows swapped."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, int32
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import INDEX, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.ops.linalg import square
from graphflow.ops.linalg_solve import TYPES, wide

Array = np.ndarray[Any, Any]
_BLOCK: Final = 32  # columns factored one by one; matrix products do the rest

# --- Lu ---
LU = define(
    "Lu(input: T, *, output_idx_type: type) -> lu: T, p: output_idx_type",
    T=TYPES,
    output_idx_type=default(INDEX, int32),
).no_gradient("TensorFlow registers none", raises=True)


@LU.shape
def _(op: Operation) -> list[Dims]:
    dims = square(op.inputs[0].dims)
    return [dims, None if dims is None else dims[:-1]]


@LU.numpy
def _(x: Array, *, output_idx_type: DType) -> tuple[Array, Array]:
    n = x.shape[-1]
    count = math.prod(x.shape[:-2])
    factors = np.array(wide(x).reshape(count, n, n), order="C")
    order = np.tile(np.arange(n), (len(factors), 1))
    for start in range(0, n, _BLOCK):
        _factor_panel(factors, order, start, min(n, start + _BLOCK))
    diagonal = factors.diagonal(0, -2, -1)
    if not (np.abs(diagonal) > 0).all():
        raise KernelError("Input is not invertible.")
    lu = factors.reshape(x.shape).astype(x.dtype, copy=False)
    return lu, order.reshape(x.shape[:-1]).astype(output_idx_type.as_numpy_dtype)


def _factor_panel(a: Array, order: Array, start: int, stop: int) -> None:
    """Factors some columns of each matrix in place, and brings the columns behind up to date."""
    every = np.arange(len(a))
    for k in range(start, stop):
        best = k + np.argmax(np.abs(a[:, k:, k]), 1)
        for x in (a, order):
            x[every, best], x[every, k] = x[every, k], x[every, best]
        a[:, k + 1 :, k] /= a[:, k, k, None]
        a[:, k + 1 :, k + 1 : stop] -= a[:, k + 1 :, k, None] * a[:, k, None, k + 1 : stop]
    if stop == a.shape[-1]:
        return
    corner = np.tril(a[:, start:stop, start:stop], -1) + np.eye(stop - start, dtype=a.dtype)
    a[:, start:stop, stop:] = np.linalg.solve(corner, a[:, start:stop, stop:])
    a[:, stop:, stop:] -= a[:, stop:, start:stop] @ a[:, start:stop, stop:]


@export("linalg.lu")
def lu(input: Any, output_idx_type: Any = int32, name: str | None = None) -> Any:
    """Returns triangular factors of matrices whose rows were swapped.

    Args:
        input: a: [..., n, n], not singular.
        output_idx_type: int32 or int64, the type of `p`.
        name: the node's name.

    Returns:
        `(lu, p)`: the strictly lower triangle of `lu`, with ones on the diagonal, times the upper
        one is `a` with the rows `p`.

    Raises (in the run):
        InvalidArgumentError: if a matrix is singular.
    """
    return apply(LU, input, output_idx_type=output_idx_type, name=name)
