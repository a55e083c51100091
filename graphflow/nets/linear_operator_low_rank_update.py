"""A linear operator plus a matrix of low rank."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.shape import TensorShape, dimension_at_index
from graphflow.core.tensor import Tensor
from graphflow.nets._operator_batches import (
    cholesky_solve_batches,
    log_abs,
    parent,
    solve_batches,
)
from graphflow.nets.linear_operator import LinearOperator
from graphflow.nets.linear_operator_diag import LinearOperatorDiag
from graphflow.nets.linear_operator_identity import LinearOperatorIdentity
from graphflow.ops.broadcast import broadcast_dynamic_shape, broadcast_static_shape
from graphflow.ops.cast import cast
from graphflow.ops.concat import concat
from graphflow.ops.diag import matrix_diag_part
from graphflow.ops.linalg import cholesky, matrix_determinant
from graphflow.ops.matmul import matmul
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.shape_ops import shape


@export("linalg.LinearOperatorLowRankUpdate")
class LinearOperatorLowRankUpdate(LinearOperator):
    """`base + u diag(d) v^H`, with systems solved by way of r times r matrices.

    Args:
        base_operator: [..., m, n].
        u: [..., m, r], with r small.
        diag_update: d: [..., r]; None: ones.
        v: [..., n, r]; None: `u`.
        is_diag_update_positive: whether d is real and positive.
        is_non_singular: as LinearOperator takes the hints.
        is_self_adjoint: a hint.
        is_positive_definite: a hint.
        is_square: a hint.
        name: the operator's name.

    Raises:
        ValueError: if shapes do not fit, or hints contradict each other.
    """

    def __init__(
        self,
        base_operator: LinearOperator,
        u: Any,
        diag_update: Any = None,
        v: Any = None,
        is_diag_update_positive: bool | None = None,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorLowRankUpdate",
    ) -> None:
        if diag_update is None:
            if is_diag_update_positive is False:
                raise ValueError(
                    "Default diagonal is the identity, which is positive.  However, user set "
                    "'is_diag_update_positive' to False."
                )
            is_diag_update_positive = True
        self._is_diag_update_positive = is_diag_update_positive
        self._use_cholesky = bool(
            base_operator._can_use_cholesky() and is_diag_update_positive and v is None
        )
        hints = self._implied_hints(
            base_operator, v, (is_non_singular, is_self_adjoint, is_positive_definite)
        )
        values = [*base_operator.graph_parents, u, diag_update, v]
        with scopes.name_scope(name, values=values):
            self._u = parent(u, "u")
            self._v = self._u if v is None else parent(v, "v")
            self._diag_update = parent(diag_update, "diag_update")
            self._base_operator = base_operator
            parts = (self._u, self._diag_update, self._v)
            super().__init__(
                dtype=base_operator.dtype,
                graph_parents=[*base_operator.graph_parents, *(p for p in parts if p is not None)],
                is_square=is_square,
                name=name,
                **hints,
            )
            self._diag_operator = self._make_diag_operator()
            self._check_shapes()

    def _implied_hints(
        self, base: LinearOperator, v: Any, hints: tuple[bool | None, bool | None, bool | None]
    ) -> dict[str, bool | None]:
        non_singular, self_adjoint, positive = hints
        if base.is_self_adjoint and v is None and not base.dtype.is_complex:
            if self_adjoint is False:
                raise ValueError(
                    "A = L + UDU^H, with L self-adjoint and D real diagonal.  Since UDU^H is "
                    "self-adjoint, this must be a self-adjoint operator."
                )
            self_adjoint = True
        if self._use_cholesky:
            if False in (positive, self_adjoint, non_singular):
                raise ValueError("Arguments imply this is self-adjoint positive-definite operator.")
            positive = self_adjoint = True
        return {
            "is_non_singular": non_singular,
            "is_self_adjoint": self_adjoint,
            "is_positive_definite": positive,
        }

    def _make_diag_operator(self) -> LinearOperator:
        if self._diag_update is not None:
            return LinearOperatorDiag(
                self._diag_update, is_positive_definite=self._is_diag_update_positive
            )
        r: Any = dimension_at_index(self._u.shape, -1).value
        return LinearOperatorIdentity(shape(self._u)[-1] if r is None else r, dtype=self.dtype)

    def _check_shapes(self) -> None:
        both = broadcast_static_shape(self._u.shape, self._v.shape)
        front = broadcast_static_shape(self._base_operator.batch_shape, both[:-2])
        domain = self._base_operator.domain_dimension
        domain.assert_is_compatible_with(dimension_at_index(both, -2))
        if self._diag_update is not None:
            known = self._diag_update.shape
            rank = dimension_at_index(both, -1)
            rank.assert_is_compatible_with(dimension_at_index(known, -1))
            broadcast_static_shape(front, known[:-1])

    @property
    def u(self) -> Any:
        """The left factor."""
        return self._u

    @property
    def v(self) -> Any:
        """The right factor."""
        return self._v

    @property
    def is_diag_update_positive(self) -> bool | None:
        """The hint whether the diagonal between them is positive."""
        return self._is_diag_update_positive

    @property
    def diag_update(self) -> Any:
        """The diagonal between them, or None."""
        return self._diag_update

    @property
    def diag_operator(self) -> LinearOperator:
        """The diagonal as an operator."""
        return self._diag_operator

    @property
    def base_operator(self) -> LinearOperator:
        """The operator that is updated."""
        return self._base_operator

    def _shape(self) -> TensorShape:
        front = broadcast_static_shape(self._base_operator.batch_shape, self._u.shape[:-2])
        return front.concatenate(self._base_operator.shape[-2:])

    def _shape_tensor(self) -> Tensor:
        base = self._base_operator
        front = broadcast_dynamic_shape(base.batch_shape_tensor(), shape(self._u)[:-2])
        return concat([front, base.shape_tensor()[-2:]], axis=0)

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        u, v = (self._v, self._u) if adjoint else (self._u, self._v)
        first = self._base_operator.matmul(x, adjoint=adjoint, adjoint_arg=adjoint_arg)
        small = matmul(v, x, adjoint_a=True, adjoint_b=adjoint_arg)
        found: Tensor = first + matmul(u, self._diag_operator.matmul(small, adjoint=adjoint))
        return found

    def _capacitance(self) -> Tensor:
        """`d^-1 + v^H base^-1 u`."""
        inner = matmul(self._v, self._base_operator.solve(self._u), adjoint_a=True)
        return self._diag_operator.inverse().add_to_tensor(inner)

    def _determinant(self) -> Tensor:
        found: Tensor
        if self.is_positive_definite:
            found = apply("Exp", self.log_abs_determinant())
            return found
        own = matrix_determinant(self._capacitance())
        found = own * self._diag_operator.determinant() * self._base_operator.determinant()
        return found

    def _log_abs_determinant(self) -> Tensor:
        line = self._diag_operator.log_abs_determinant()
        base = self._base_operator.log_abs_determinant()
        if self._use_cholesky:
            diagonal = matrix_diag_part(cholesky(self._capacitance()))
            own = 2 * reduce_sum(apply("Log", diagonal), axis=[-1])
        else:
            own = cast(log_abs(matrix_determinant(self._capacitance())), self.dtype)
        found: Tensor = own + line + base
        return found

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        base = self._base_operator
        if base.is_non_singular is False:
            raise ValueError(
                "Solve not implemented unless this is a perturbation of a non-singular "
                "LinearOperator."
            )
        u, v = (self._v, self._u) if adjoint else (self._u, self._v)
        first = base.solve(rhs, adjoint=adjoint, adjoint_arg=adjoint_arg)
        small = matmul(v, first, adjoint_a=True)
        if self._use_cholesky:
            small = cholesky_solve_batches(cholesky(self._capacitance()), small)
        else:
            small = solve_batches(self._capacitance(), small, adjoint)
        found: Tensor = first - base.solve(matmul(u, small), adjoint=adjoint)
        return found
