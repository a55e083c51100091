"""Diagonal matrices as a linear operator."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets._operator_batches import (
    adjoint as adjoint_of,
)
from graphflow.nets._operator_batches import (
    assert_no_zeros,
    assert_real,
    log_abs,
    parent,
)
from graphflow.nets.linear_operator import LinearOperator
from graphflow.ops.asserts import assert_positive
from graphflow.ops.cast import cast
from graphflow.ops.complex import conj, real
from graphflow.ops.concat import concat
from graphflow.ops.diag import matrix_diag, matrix_diag_part, matrix_set_diag
from graphflow.ops.reduce import reduce_prod, reduce_sum
from graphflow.ops.reshape import expand_dims
from graphflow.ops.shape_ops import shape


@export("linalg.LinearOperatorDiag")
class LinearOperatorDiag(LinearOperator):
    """Diagonal matrices.

    Args:
        diag: the diagonals: [..., n].
        is_non_singular: as LinearOperator takes the hints.
        is_self_adjoint: a hint; real ones always are.
        is_positive_definite: a hint.
        is_square: not False.
        name: the operator's name.

    Raises:
        ValueError: if there are no diagonals, or a hint is wrong.
    """

    def __init__(
        self,
        diag: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorDiag",
    ) -> None:
        with scopes.name_scope(name, values=[diag]):
            self._diag = parent(diag, "diag")
            if self._diag.shape.ndims is not None and self._diag.shape.ndims < 1:
                raise ValueError(
                    f"Argument diag must have at least 1 dimension.  Found: {self._diag}"
                )
            if not self._diag.dtype.is_complex:
                if is_self_adjoint is False:
                    raise ValueError("A real diagonal operator is always self adjoint.")
                is_self_adjoint = True
            if is_square is False:
                raise ValueError("Only square diagonal operators currently supported.")
            super().__init__(
                dtype=self._diag.dtype,
                graph_parents=[self._diag],
                is_non_singular=is_non_singular,
                is_self_adjoint=is_self_adjoint,
                is_positive_definite=is_positive_definite,
                is_square=True,
                name=name,
            )

    @property
    def diag(self) -> Any:
        """The diagonals."""
        return self._diag

    def _shape(self) -> TensorShape:
        known = self._diag.shape
        found: TensorShape = known.concatenate(known[-1:])
        return found

    def _shape_tensor(self) -> Tensor:
        sizes = shape(self._diag)
        return concat((sizes, [sizes[-1]]), 0)

    def _assert_non_singular(self) -> Operation:
        message = "Singular operator:  Diagonal contained zero values."
        return assert_no_zeros(self._diag, message)

    def _assert_positive_definite(self) -> Operation:
        what = "diagonal entries with non-positive real part"
        if not self.dtype.is_complex:
            what = "non-positive diagonal entries"
        kind = "Diagonal" if self.dtype.is_complex else "Real diagonal"
        message = f"{kind} operator had {what}, thus was not positive definite."
        found: Operation = assert_positive(real(self._diag), message=message)
        return found

    def _assert_self_adjoint(self) -> Operation:
        message = (
            "This diagonal operator contained non-zero imaginary values.   Thus it was not "
            "self-adjoint."
        )
        return assert_real(self._diag, message)

    def _line(self, adjoint: bool) -> Any:
        return conj(self._diag) if adjoint else self._diag

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        line = self._line(adjoint)
        x = adjoint_of(x) if adjoint_arg else x
        found: Tensor = expand_dims(line, -1) * x
        return found

    def _matvec(self, x: Tensor, adjoint: bool = False) -> Tensor:
        found: Tensor = self._line(adjoint) * x
        return found

    def _determinant(self) -> Tensor:
        found: Tensor = reduce_prod(self._diag, axis=[-1])
        return found

    def _log_abs_determinant(self) -> Tensor:
        found: Tensor = cast(reduce_sum(log_abs(self._diag), axis=[-1]), self.dtype)
        return found

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        line = self._line(adjoint)
        rhs = adjoint_of(rhs) if adjoint_arg else rhs
        found: Tensor = rhs * expand_dims(1.0 / line, -1)
        return found

    def _to_dense(self) -> Tensor:
        return matrix_diag(self._diag)

    def _diag_part(self) -> Any:
        return self.diag

    def _add_to_tensor(self, x: Tensor) -> Tensor:
        return matrix_set_diag(x, self._diag + matrix_diag_part(x))

    def _adjoint_operator(self) -> LinearOperator:
        return LinearOperatorDiag(conj(self._diag), **self._hints(square=True))

    def _inverse_operator(self) -> LinearOperator:
        return LinearOperatorDiag(1.0 / self._diag, **self._hints(square=True))

    def _cholesky_operator(self) -> LinearOperator:
        return LinearOperatorDiag(
            apply("Sqrt", self._diag),
            is_non_singular=True,
            is_self_adjoint=True,
            is_positive_definite=True,
            is_square=True,
        )
