"""Reflections as a linear operator."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.errors import InvalidArgumentError
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets._operator_batches import adjoint as adjoint_of
from graphflow.nets._operator_batches import parent
from graphflow.nets.linear_operator import LinearOperator
from graphflow.ops.cast import cast
from graphflow.ops.complex import conj
from graphflow.ops.concat import concat
from graphflow.ops.control_ops import no_op
from graphflow.ops.diag import matrix_diag_part, matrix_set_diag
from graphflow.ops.fill import ones, zeros
from graphflow.ops.matmul import matmul
from graphflow.ops.shape_ops import shape
from graphflow.ops.vector_norm import norm


@export("linalg.LinearOperatorHouseholder")
class LinearOperatorHouseholder(LinearOperator):
    """Reflections at the hyperplanes across given axes: `1 - 2 v v^H` for unit vectors v.

    Args:
        reflection_axis: the axes, of any length but 0: [..., n].
        is_non_singular: as LinearOperator takes the hints.
        is_self_adjoint: not False.
        is_positive_definite: not True.
        is_square: not False.
        name: the operator's name.

    Raises:
        ValueError: if there is no axis, or a hint is wrong.
    """

    def __init__(
        self,
        reflection_axis: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorHouseholder",
    ) -> None:
        with scopes.name_scope(name, values=[reflection_axis]):
            self._axis = parent(reflection_axis, "reflection_axis")
            if self._axis.shape.ndims is not None and self._axis.shape.ndims < 1:
                raise ValueError(
                    f"Argument reflection_axis must have at least 1 dimension.  Found: {self._axis}"
                )
            for is_wrong, what in (
                (is_self_adjoint is False, "self adjoint"),
                (is_positive_definite is True, "non-positive definite"),
                (is_square is False, "square"),
            ):
                if is_wrong:
                    raise ValueError(f"A Householder operator is always {what}.")
            super().__init__(
                dtype=self._axis.dtype,
                graph_parents=[self._axis],
                is_non_singular=is_non_singular,
                is_self_adjoint=True,
                is_positive_definite=False,
                is_square=True,
                name=name,
            )

    @property
    def reflection_axis(self) -> Any:
        """The axes."""
        return self._axis

    def _unit(self) -> Tensor:
        axis = convert_to_tensor(self._axis)
        found: Tensor = axis / norm(axis, axis=-1, keepdims=True)
        return found

    def _shape(self) -> TensorShape:
        known = self._axis.shape
        found: TensorShape = known.concatenate(known[-1:])
        return found

    def _shape_tensor(self) -> Tensor:
        sizes = shape(self._axis)
        return concat((sizes, [sizes[-1]]), 0)

    def _assert_non_singular(self) -> Operation:
        return no_op("assert_non_singular")

    def _assert_positive_definite(self) -> Operation:
        message = "Householder operators are always non-positive definite."
        raise InvalidArgumentError(None, None, message)

    def _assert_self_adjoint(self) -> Operation:
        return no_op("assert_self_adjoint")

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        x = adjoint_of(x) if adjoint_arg else x
        column = self._unit()[..., None]
        along = matmul(column, x, adjoint_a=True)
        found: Tensor = x - 2 * column * along
        return found

    def _trace(self) -> Tensor:
        total = cast(self.domain_dimension_tensor() - 2, self.dtype)
        found: Tensor = total * ones(shape=self.batch_shape_tensor(), dtype=self.dtype)
        return found

    def _determinant(self) -> Tensor:
        found: Tensor = -ones(shape=self.batch_shape_tensor(), dtype=self.dtype)
        return found

    def _log_abs_determinant(self) -> Tensor:
        return zeros(shape=self.batch_shape_tensor(), dtype=self.dtype)

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return self._matmul(rhs, adjoint, adjoint_arg)

    def _to_dense(self) -> Tensor:
        column = self._unit()[..., None]
        whole = -2 * matmul(column, column, adjoint_b=True)
        return matrix_set_diag(whole, 1.0 + matrix_diag_part(whole))

    def _diag_part(self) -> Tensor:
        unit = self._unit()
        found: Tensor = 1.0 - 2 * unit * conj(unit)
        return found

    def _adjoint_operator(self) -> LinearOperator:
        return self

    def _inverse_operator(self) -> LinearOperator:
        return self
