"""The adjoint and the inverse of another linear operator."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets._operator_batches import adjoint as adjoint_of
from graphflow.nets._operator_batches import combined_hint
from graphflow.nets.linear_operator import LinearOperator
from graphflow.ops.complex import conj
from graphflow.ops.concat import concat

_WORDS = {
    "is_square": "square",
    "is_non_singular": "non-singular",
    "is_self_adjoint": "self-adjoint",
    "is_positive_definite": "positive-definite",
}


class _Derived(LinearOperator):
    """What the two share: their hints are those of the operator."""

    def __init__(
        self, operator: LinearOperator, hints: dict[str, Any], what: str, name: str
    ) -> None:
        self._operator = operator
        combined = {}
        for hint, word in _WORDS.items():
            message = f"An operator is {word} if and only if its {what} is {word}."
            combined[hint] = combined_hint(operator, hint, hints[hint], message)
        with scopes.name_scope(name, values=operator.graph_parents):
            super().__init__(
                dtype=operator.dtype, graph_parents=operator.graph_parents, name=name, **combined
            )

    @property
    def operator(self) -> LinearOperator:
        """The operator before."""
        return self._operator

    def _assert_non_singular(self) -> Operation:
        return self._operator.assert_non_singular()

    def _assert_positive_definite(self) -> Operation:
        return self._operator.assert_positive_definite()

    def _assert_self_adjoint(self) -> Operation:
        return self._operator.assert_self_adjoint()


@export("linalg.LinearOperatorAdjoint")
class LinearOperatorAdjoint(_Derived):
    """The conjugate transposes of another operator's matrices.

    Args:
        operator: the operator.
        is_non_singular: as LinearOperator takes the hints; None: those of the operator.
        is_self_adjoint: a hint.
        is_positive_definite: a hint.
        is_square: a hint.
        name: the operator's name; None: that of the other one and "_adjoint".

    Raises:
        ValueError: if a hint contradicts that of the operator.
    """

    def __init__(
        self,
        operator: LinearOperator,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        hints = {
            "is_non_singular": is_non_singular,
            "is_self_adjoint": is_self_adjoint,
            "is_positive_definite": is_positive_definite,
            "is_square": is_square,
        }
        super().__init__(operator, hints, "adjoint", name or f"{operator.name}_adjoint")

    def _shape(self) -> TensorShape:
        known = self._operator.shape
        found: TensorShape = known[:-2].concatenate([known[-1], known[-2]])
        return found

    def _shape_tensor(self) -> Tensor:
        sizes = self._operator.shape_tensor()
        return concat([sizes[:-2], [sizes[-1], sizes[-2]]], axis=-1)

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._operator.matmul(x, adjoint=not adjoint, adjoint_arg=adjoint_arg)

    def _matvec(self, x: Tensor, adjoint: bool = False) -> Tensor:
        return self._operator.matvec(x, adjoint=not adjoint)

    def _determinant(self) -> Tensor:
        found = self._operator.determinant()
        return found if self.is_self_adjoint else conj(found)

    def _log_abs_determinant(self) -> Tensor:
        return self._operator.log_abs_determinant()

    def _trace(self) -> Tensor:
        found = self._operator.trace()
        return found if self.is_self_adjoint else conj(found)

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._operator.solve(rhs, adjoint=not adjoint, adjoint_arg=adjoint_arg)

    def _solvevec(self, rhs: Tensor, adjoint: bool = False) -> Tensor:
        return self._operator.solvevec(rhs, adjoint=not adjoint)

    def _to_dense(self) -> Tensor:
        found = self._operator.to_dense()
        return found if self.is_self_adjoint else adjoint_of(found)

    def _adjoint_operator(self) -> LinearOperator:
        return self._operator


@export("linalg.LinearOperatorInversion")
class LinearOperatorInversion(_Derived):
    """The inverses of another operator's matrices.

    Args:
        operator: the operator.
        is_non_singular: as LinearOperator takes the hints; None: those of the operator.
        is_self_adjoint: a hint.
        is_positive_definite: a hint.
        is_square: a hint.
        name: the operator's name; None: that of the other one and "_inv".

    Raises:
        ValueError: if the operator is singular or not square, or a hint contradicts its own.
    """

    def __init__(
        self,
        operator: LinearOperator,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        for hint, own, given in (
            ("is_non_singular", operator.is_non_singular, is_non_singular),
            ("is_square", operator.is_square, is_square),
        ):
            if own is False or given is False:
                raise ValueError(
                    f"operator and supplied hints must have `{hint}` equal to `True` or `None`.  "
                    f"Found {own}, {given}"
                )
        hints = {
            "is_non_singular": is_non_singular,
            "is_self_adjoint": is_self_adjoint,
            "is_positive_definite": is_positive_definite,
            "is_square": is_square,
        }
        super().__init__(operator, hints, "inverse", name or f"{operator.name}_inv")

    def _shape(self) -> TensorShape:
        return self._operator.shape

    def _shape_tensor(self) -> Tensor:
        return self._operator.shape_tensor()

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._operator.solve(x, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def _determinant(self) -> Tensor:
        found: Tensor = 1.0 / self._operator.determinant()
        return found

    def _log_abs_determinant(self) -> Tensor:
        found: Tensor = -1.0 * self._operator.log_abs_determinant()
        return found

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._operator.matmul(rhs, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def _inverse_operator(self) -> LinearOperator:
        return self._operator
