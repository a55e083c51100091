"""Products of linear operators."""

from __future__ import annotations

import functools
import operator as python
from collections.abc import Sequence
from typing import Any

from graphflow.core import scopes
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets._operator_batches import (
    implied,
    joint_batch_shape,
    joint_batch_shape_tensor,
    same_dtype,
)
from graphflow.nets.linear_operator import LinearOperator
from graphflow.ops.asserts import assert_proper_iterable
from graphflow.ops.concat import concat
from graphflow.ops.stack import stack


class Combined(LinearOperator):
    """What products, direct sums and Kronecker products share: they are made of operators."""

    _operators: list[LinearOperator]

    def _set_operators(self, operators: Any) -> Any:
        """Takes the parts.

        Returns:
            Their type.

        Raises:
            ValueError: if there are none.
            TypeError: if they have several types.
        """
        assert_proper_iterable(operators)
        self._operators = list(operators)
        if not self._operators:
            raise ValueError(f"Expected a non-empty list of operators. Found: {self._operators}")
        return same_dtype(self._operators)

    def _parents(self) -> list[Any]:
        return [t for part in self._operators for t in part.graph_parents]

    @property
    def operators(self) -> list[LinearOperator]:
        """The parts."""
        return self._operators

    def _product(self, values: Sequence[Any]) -> Any:
        return functools.reduce(python.mul, values)

    def _sum(self, values: Sequence[Any]) -> Any:
        return functools.reduce(python.add, values)


@export("linalg.LinearOperatorComposition")
class LinearOperatorComposition(Combined):
    """Products of operators: the last one is applied first.

    Args:
        operators: at least one operator; their sizes fit, their batches broadcast.
        is_non_singular: as LinearOperator takes the hints.
        is_self_adjoint: a hint.
        is_positive_definite: a hint.
        is_square: a hint.
        name: the operator's name; None: those of the parts, with "_o_" between them.

    Raises:
        TypeError: if they have several types.
        ValueError: if there are none, or a hint is wrong.
    """

    def __init__(
        self,
        operators: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        dtype = self._set_operators(operators)
        is_non_singular = implied(
            self._operators,
            "is_non_singular",
            is_non_singular,
            "The composition of non-singular operators is always non-singular.",
        )
        name = name or "_o_".join(part.name for part in self._operators)
        parents = self._parents()
        with scopes.name_scope(name, values=parents):
            super().__init__(
                dtype=dtype,
                graph_parents=parents,
                is_non_singular=is_non_singular,
                is_self_adjoint=is_self_adjoint,
                is_positive_definite=is_positive_definite,
                is_square=is_square,
                name=name,
            )

    def _shape(self) -> TensorShape:
        for left, right in zip(self._operators, self._operators[1:], strict=False):
            left.domain_dimension.assert_is_compatible_with(right.range_dimension)
        first, last = self._operators[0], self._operators[-1]
        matrix = TensorShape([first.range_dimension, last.domain_dimension])
        return joint_batch_shape(self._operators).concatenate(matrix)

    def _shape_tensor(self) -> Tensor:
        first, last = self._operators[0], self._operators[-1]
        matrix = stack([first.range_dimension_tensor(), last.domain_dimension_tensor()])
        return concat((joint_batch_shape_tensor(self._operators), matrix), 0)

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        first, *others = self._operators if adjoint else self._operators[::-1]
        found: Tensor = first.matmul(x, adjoint=adjoint, adjoint_arg=adjoint_arg)
        for part in others:
            found = part.matmul(found, adjoint=adjoint)
        return found

    def _determinant(self) -> Any:
        return self._product([part.determinant() for part in self._operators])

    def _log_abs_determinant(self) -> Any:
        return self._sum([part.log_abs_determinant() for part in self._operators])

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        first, *others = self._operators[::-1] if adjoint else self._operators
        found: Tensor = first.solve(rhs, adjoint=adjoint, adjoint_arg=adjoint_arg)
        for part in others:
            found = part.solve(found, adjoint=adjoint)
        return found
