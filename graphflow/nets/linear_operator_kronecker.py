"""Kronecker products of linear operators."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.errors import InvalidArgumentError
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets._operator_batches import adjoint as adjoint_of
from graphflow.nets._operator_batches import (
    implied,
    joint_batch_shape,
    joint_batch_shape_tensor,
)
from graphflow.nets.linear_operator import LinearOperator
from graphflow.nets.linear_operator_composition import Combined
from graphflow.ops.broadcast import broadcast_dynamic_shape, broadcast_static_shape, broadcast_to
from graphflow.ops.cast import cast
from graphflow.ops.concat import concat
from graphflow.ops.control_ops import group
from graphflow.ops.reshape import reshape
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import rank, shape
from graphflow.ops.transpose import transpose


@export("linalg.LinearOperatorKronecker")
class LinearOperatorKronecker(Combined):
    """Kronecker products: blocks of the last operator, each times an element of those before.

    Args:
        operators: at least one operator; their batches broadcast.
        is_non_singular: as LinearOperator takes the hints.
        is_self_adjoint: a hint.
        is_positive_definite: a hint.
        is_square: a hint.
        name: the operator's name; None: those of the factors, with "_x_" between them.

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
        given = {
            "is_non_singular": (is_non_singular, "non-singular"),
            "is_self_adjoint": (is_self_adjoint, "self-adjoint"),
            "is_positive_definite": (is_positive_definite, "positive-definite"),
        }
        words = "The Kronecker product of {0} operators is always {0}."
        hints = {
            hint: implied(self._operators, hint, value, words.format(word))
            for hint, (value, word) in given.items()
        }
        name = name or "_x_".join(part.name for part in self._operators)
        parents = self._parents()
        with scopes.name_scope(name, values=parents):
            super().__init__(
                dtype=dtype, graph_parents=parents, is_square=is_square, name=name, **hints
            )

    def _shape(self) -> TensorShape:
        rows = self._product([part.range_dimension for part in self._operators])
        columns = self._product([part.domain_dimension for part in self._operators])
        return joint_batch_shape(self._operators).concatenate([rows, columns])

    def _shape_tensor(self) -> Tensor:
        rows = self._product([part.range_dimension_tensor() for part in self._operators])
        columns = self._product([part.domain_dimension_tensor() for part in self._operators])
        return concat((joint_batch_shape_tensor(self._operators), [rows, columns]), 0)

    def _each(self, method: str, x: Tensor, adjoint: bool) -> Tensor:
        """Applies each factor to its own part of the rows.

        `x` [..., n1 n2 n3, k] is taken as [..., n1, n2 n3 k], so that a factor is one product of
        matrices. Behind it, its rows belong to the columns of the next one.
        """
        columns = shape(x)[-1]
        known = self._known_result(method, x, adjoint)
        front = broadcast_dynamic_shape(shape(x)[:-2], self.batch_shape_tensor())
        x = broadcast_to(x, concat([front, shape(x)[-2:]], 0))
        done: Any = 1
        for part in self._operators:
            takes_rows = adjoint == (method == "matmul")
            n = part.range_dimension_tensor() if takes_rows else part.domain_dimension_tensor()
            x = self._applied(part, method, x, (front, done, n), adjoint)
            made = part.domain_dimension_tensor() if takes_rows else part.range_dimension_tensor()
            done = done * made
        found = reshape(x, concat([front, [-1, columns]], 0))
        found.set_shape(known)
        return found

    def _applied(
        self, part: LinearOperator, method: str, x: Tensor, sizes: tuple[Any, Any, Any], adj: bool
    ) -> Tensor:
        front, done, n = sizes
        cut = reshape(x, concat([front, [done, n, -1]], 0))
        axis = part.batch_shape.rank
        if axis == 0:
            return getattr(part, method)(cut, adjoint=adj)  # type: ignore[no-any-return]  # a tensor
        # The axis of what is done stands behind the batch: into the columns with it, and back.
        turned = _swapped(cut)
        inner = shape(turned)
        flat = reshape(turned, concat([inner[:-2], [inner[-2] * inner[-1]]], 0))
        made = getattr(part, method)(flat, adjoint=adj)
        back = reshape(made, concat([shape(made)[:-1], inner[-2:]], 0))
        return _swapped(back)

    def _known_result(self, method: str, x: Tensor, adjoint: bool) -> TensorShape:
        takes_rows = adjoint == (method == "matmul")
        rows = self.domain_dimension if takes_rows else self.range_dimension
        given = x.get_shape()
        if given.rank is None or self.shape.rank is None:
            return TensorShape(None)
        front = broadcast_static_shape(given[:-2], self.batch_shape)
        return front.concatenate([rows, given[-1]])

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return self._each("matmul", adjoint_of(x) if adjoint_arg else x, adjoint)

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return self._each("solve", adjoint_of(rhs) if adjoint_arg else rhs, adjoint)

    def _powers(self) -> list[Any]:
        """How often each factor's determinant counts."""
        total = self.domain_dimension_tensor()
        return [
            cast(total / part.domain_dimension_tensor(), dtype=part.dtype)
            for part in self._operators
        ]

    def _determinant(self) -> Any:
        pairs = zip(self._operators, self._powers(), strict=True)
        return self._product([part.determinant() ** power for part, power in pairs])

    def _log_abs_determinant(self) -> Any:
        pairs = zip(self._operators, self._powers(), strict=True)
        return self._sum([part.log_abs_determinant() * power for part, power in pairs])

    def _trace(self) -> Any:
        return self._product([part.trace() for part in self._operators])

    def _diag_part(self) -> Tensor:
        found = self._operators[0].diag_part()
        for part in self._operators[1:]:
            found = found[..., :, None] * part.diag_part()[..., None, :]
            found = reshape(found, concat([shape(found)[:-2], [-1]], axis=0))
        sizes = (self.range_dimension.value, self.domain_dimension.value)
        shorter = None if None in sizes else min(sizes)  # type: ignore[type-var]  # both known
        found.set_shape(self.batch_shape.concatenate([shorter]))
        return found

    def _to_dense(self) -> Tensor:
        found = self._operators[0].to_dense()
        for part in self._operators[1:]:
            found = found[..., :, None, :, None] * part.to_dense()[..., None, :, None, :]
            sizes = shape(found)
            matrix: Any = [sizes[-4] * sizes[-3], sizes[-2] * sizes[-1]]
            found = reshape(found, concat([sizes[:-4], matrix], axis=0))
        found.set_shape(self.shape)
        return found

    def _all_square(self, what: str) -> None:
        if not all(part.is_square for part in self._operators):
            message = f"All Kronecker factors must be square for the product to be {what}."
            raise InvalidArgumentError(None, None, message)

    def _assert_non_singular(self) -> Operation:
        self._all_square("invertible")
        return group([part.assert_non_singular() for part in self._operators])

    def _assert_self_adjoint(self) -> Operation:
        self._all_square("self adjoint")
        return group([part.assert_self_adjoint() for part in self._operators])

    def _adjoint_operator(self) -> LinearOperator:
        parts = [part.adjoint() for part in self._operators]
        return LinearOperatorKronecker(parts, **self._hints())

    def _inverse_operator(self) -> LinearOperator:
        parts = [part.inverse() for part in self._operators]
        return LinearOperatorKronecker(parts, **self._hints(square=True))

    def _cholesky_operator(self) -> LinearOperator:
        parts = [part.cholesky() for part in self._operators]
        all_diagonal = all(part.is_self_adjoint for part in parts)
        return LinearOperatorKronecker(
            parts, is_non_singular=True, is_self_adjoint=all_diagonal, is_square=True
        )


def _swapped(x: Tensor) -> Tensor:
    """A tensor whose third axis from the end changed places with the second one."""
    n = x.get_shape().rank
    order: Any
    if n is None:
        count = rank(x)
        order = concat([range_(count - 3), [count - 2, count - 3, count - 1]], 0)
    else:
        order = [*range(n - 3), n - 2, n - 3, n - 1]
    return transpose(x, order)
