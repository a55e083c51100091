"""Square roots and logarithms of matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import complex64, complex128
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import conj
from graphflow.ops._schur import logarithm, square_root
from graphflow.ops.diag import eye
from graphflow.ops.linalg import square
from graphflow.ops.linalg_solve import TYPES, wide
from graphflow.ops.shape_ops import shape
from graphflow.ops.transpose import matrix_transpose

Array = np.ndarray[Any, Any]


def _square_shape(op: Operation) -> list[Dims]:
    return [square(op.inputs[0].dims)]


def _each(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """Makes a function of one matrix one of many."""

    def kernel(x: Array) -> Array:
        a = wide(x)
        found = np.empty_like(a, order="C")
        if a.size:
            for at in np.ndindex(*a.shape[:-2]):
                found[at] = function(a[at])
        return found.astype(x.dtype, copy=False)

    return kernel


# --- MatrixSquareRoot ---
MATRIX_SQUARE_ROOT = define("MatrixSquareRoot(input: T) -> output: T", shape=_square_shape, T=TYPES)
MATRIX_SQUARE_ROOT.numpy(_each(square_root))


@MATRIX_SQUARE_ROOT.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    # The x with r^H x + x r^H = dy, as one system of n^2 equations.
    root = op.outputs[0]
    n = None if root.dims is None else root.dims[-1]
    sizes = shape(root)
    rows = sizes[-1] if n is None else n
    one = eye(rows, dtype=root.dtype.base_dtype)
    adjoint = matrix_transpose(root, conjugate=True)
    left = adjoint[..., :, None, :, None] * one[None, :, None, :]
    right = one[:, None, :, None] * conj(root)[..., None, :, None, :]
    front = sizes[:-2]
    count = convert(rows) * rows if n is None else convert(np.array(n * n, np.int32))
    flat = apply("Reshape", left + right, _joined(front, [count, count]))
    column = apply("Reshape", dy, _joined(front, [count, convert(np.array(1, np.int32))]))
    found: Tensor = apply("Reshape", apply("MatrixSolve", flat, column), sizes)
    return found


def _joined(front: Tensor, sizes: list[Tensor]) -> Tensor:
    found: Tensor = apply("ConcatV2", [front, apply("Pack", sizes)], np.array(0, np.int32))
    return found


@export("matrix_square_root", "linalg.sqrtm")
def matrix_square_root(input: Any, name: str | None = None) -> Tensor:
    """Returns the principal square roots of matrices: `result @ result == input`.

    Args:
        input: a: [..., n, n].
        name: the node's name.

    Note:
        A real matrix with negative eigenvalues has none: the result is nan, as where it is
        singular and not diagonal.
    """
    found: Tensor = apply(MATRIX_SQUARE_ROOT, input, name=name)
    return found


# --- MatrixLogarithm ---
MATRIX_LOGARITHM = define(
    "MatrixLogarithm(input: T) -> output: T", shape=_square_shape, T=(complex64, complex128)
).no_gradient("TensorFlow registers none", raises=True)
MATRIX_LOGARITHM.numpy(_each(logarithm))


@export("linalg.logm")
def logm(input: Any, name: str | None = None) -> Tensor:
    """Returns the principal logarithms of matrices, whose exponentials they are.

    Args:
        input: a: [..., n, n], complex.
        name: the node's name.

    Note:
        Of a singular matrix it is nan.
    """
    found: Tensor = apply(MATRIX_LOGARITHM, input, name=name)
    return found
