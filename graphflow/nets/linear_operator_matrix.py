"""Linear operators that are given as matrices, whole or lower triangular."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.dtypes import complex64, complex128, float16, float32, float64
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets._operator_batches import (
    adjoint as adjoint_of,
)
from graphflow.nets._operator_batches import (
    assert_no_zeros,
    log_abs,
    parent,
    triangular_solve_batches,
)
from graphflow.nets.linear_operator import LinearOperator
from graphflow.ops.diag import matrix_band_part, matrix_diag_part
from graphflow.ops.matmul import matmul
from graphflow.ops.reduce import reduce_prod, reduce_sum
from graphflow.ops.shape_ops import shape

_TYPES = [float16, float32, float64, complex64, complex128]


def _need_matrix(x: Any, name: str) -> None:
    if x.shape.ndims is not None and x.shape.ndims < 2:
        raise ValueError(f"Argument {name} must have at least 2 dimensions.  Found: {x}")


@export("linalg.LinearOperatorFullMatrix")
class LinearOperatorFullMatrix(LinearOperator):
    """Matrices as they are.

    Args:
        matrix: [..., m, n], floats or complex numbers.
        is_non_singular: as LinearOperator takes the hints.
        is_self_adjoint: a hint.
        is_positive_definite: a hint.
        is_square: a hint.
        name: the operator's name.

    Raises:
        TypeError: for another type.
        ValueError: if it is no matrix.
    """

    def __init__(
        self,
        matrix: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorFullMatrix",
    ) -> None:
        with scopes.name_scope(name, values=[matrix]):
            self._matrix = parent(matrix, "matrix")
            dtype = self._matrix.dtype.base_dtype
            if dtype not in _TYPES:
                raise TypeError(f"Argument matrix must have dtype in {_TYPES}.  Found: {dtype}")
            _need_matrix(self._matrix, "matrix")
            super().__init__(
                dtype=dtype,
                graph_parents=[self._matrix],
                is_non_singular=is_non_singular,
                is_self_adjoint=is_self_adjoint,
                is_positive_definite=is_positive_definite,
                is_square=is_square,
                name=name,
            )

    def _shape(self) -> TensorShape:
        found: TensorShape = self._matrix.shape
        return found

    def _shape_tensor(self) -> Tensor:
        return shape(self._matrix)

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return matmul(self._matrix, x, adjoint_a=adjoint, adjoint_b=adjoint_arg)

    def _to_dense(self) -> Any:
        return self._matrix


@export("linalg.LinearOperatorLowerTriangular")
class LinearOperatorLowerTriangular(LinearOperator):
    """Lower triangular matrices.

    Args:
        tril: [..., n, n], of which only the lower triangle is read.
        is_non_singular: as LinearOperator takes the hints.
        is_self_adjoint: a hint.
        is_positive_definite: a hint.
        is_square: not False.
        name: the operator's name.

    Raises:
        ValueError: if it is no square matrix.
    """

    def __init__(
        self,
        tril: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorLowerTriangular",
    ) -> None:
        if is_square is False:
            raise ValueError("Only square lower triangular operators supported at this time.")
        with scopes.name_scope(name, values=[tril]):
            self._tril = parent(tril, "tril")
            _need_matrix(self._tril, "tril")
            super().__init__(
                dtype=self._tril.dtype,
                graph_parents=[self._tril],
                is_non_singular=is_non_singular,
                is_self_adjoint=is_self_adjoint,
                is_positive_definite=is_positive_definite,
                is_square=True,
                name=name,
            )

    def _triangle(self) -> Tensor:
        return matrix_band_part(self._tril, -1, 0)

    def _line(self) -> Tensor:
        return matrix_diag_part(self._tril)

    def _shape(self) -> TensorShape:
        found: TensorShape = self._tril.shape
        return found

    def _shape_tensor(self) -> Tensor:
        return shape(self._tril)

    def _assert_non_singular(self) -> Operation:
        message = "Singular operator:  Diagonal contained zero values."
        return assert_no_zeros(self._line(), message)

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return matmul(self._triangle(), x, adjoint_a=adjoint, adjoint_b=adjoint_arg)

    def _determinant(self) -> Tensor:
        found: Tensor = reduce_prod(self._line(), axis=[-1])
        return found

    def _log_abs_determinant(self) -> Tensor:
        found: Tensor = reduce_sum(log_abs(self._line()), axis=[-1])
        return found

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        rhs = adjoint_of(rhs) if adjoint_arg else rhs
        return triangular_solve_batches(self._triangle(), rhs, adjoint)

    def _to_dense(self) -> Tensor:
        return self._triangle()
