"""Block diagonal matrices, whose blocks are linear operators."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets._operator_batches import (
    broadcast_batches,
    implied,
    joint_batch_shape,
    joint_batch_shape_tensor,
)
from graphflow.nets.linear_operator import LinearOperator
from graphflow.nets.linear_operator_composition import Combined
from graphflow.ops.concat import concat
from graphflow.ops.control_ops import group
from graphflow.ops.fill import zeros
from graphflow.ops.reshape import squeeze
from graphflow.ops.shape_ops import shape
from graphflow.ops.split import split
from graphflow.ops.stack import stack


@export("linalg.LinearOperatorBlockDiag")
class LinearOperatorBlockDiag(Combined):
    """Square operators along the diagonal, zeros elsewhere.

    Args:
        operators: at least one square operator; their batches broadcast.
        is_non_singular: as LinearOperator takes the hints.
        is_self_adjoint: a hint.
        is_positive_definite: a hint.
        is_square: True.
        name: the operator's name; None: those of the blocks, with "_ds_" between them.

    Raises:
        TypeError: if they have several types.
        ValueError: if there are none, one is not square, or a hint is wrong.
    """

    def __init__(
        self,
        operators: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = True,
        name: str | None = None,
    ) -> None:
        dtype = self._set_operators(operators)
        given = {
            "is_non_singular": (is_non_singular, "non-singular"),
            "is_self_adjoint": (is_self_adjoint, "self-adjoint"),
            "is_positive_definite": (is_positive_definite, "positive definite"),
        }
        hints = {
            hint: implied(
                self._operators, hint, value, f"The direct sum of {w} operators is always {w}."
            )
            for hint, (value, w) in given.items()
        }
        if not (is_square and all(part.is_square for part in self._operators)):
            raise ValueError("Can only represent a block diagonal of square matrices.")
        name = name or "_ds_".join(part.name for part in self._operators)
        parents = self._parents()
        with scopes.name_scope(name, values=parents):
            super().__init__(dtype=dtype, graph_parents=parents, is_square=True, name=name, **hints)

    def _shape(self) -> TensorShape:
        n = self._sum([part.domain_dimension for part in self._operators])
        return joint_batch_shape(self._operators).concatenate([n, n])

    def _shape_tensor(self) -> Tensor:
        n = self._sum([part.domain_dimension_tensor() for part in self._operators])
        return concat((joint_batch_shape_tensor(self._operators), stack([n, n])), 0)

    def _blocks(self, x: Tensor, axis: int) -> list[Tensor]:
        sizes: list[Any] = [part.domain_dimension.value for part in self._operators]
        if None in sizes:
            sizes = [part.domain_dimension_tensor() for part in self._operators]
        return split(x, sizes, axis=axis)

    def _below(self, parts: list[Tensor]) -> Tensor:
        return concat(broadcast_batches(parts), axis=-2)

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        rows = self._blocks(x, -1 if adjoint_arg else -2)
        pairs = zip(self._operators, rows, strict=True)
        return self._below([part.matmul(row, adjoint, adjoint_arg) for part, row in pairs])

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        rows = self._blocks(rhs, -1 if adjoint_arg else -2)
        pairs = zip(self._operators, rows, strict=True)
        return self._below([part.solve(row, adjoint, adjoint_arg) for part, row in pairs])

    def _determinant(self) -> Any:
        return self._product([part.determinant() for part in self._operators])

    def _log_abs_determinant(self) -> Any:
        return self._sum([part.log_abs_determinant() for part in self._operators])

    def _diag_part(self) -> Tensor:
        columns = [part.diag_part()[..., None] for part in self._operators]
        found: Tensor = squeeze(self._below(columns), axis=-1)
        return found

    def _trace(self) -> Any:
        return self._sum([part.trace() for part in self._operators])

    def _to_dense(self) -> Tensor:
        blocks = broadcast_batches([part.to_dense() for part in self._operators])
        total, rows = self.domain_dimension_tensor(), []
        before: Any = 0
        for block in blocks:
            sizes = shape(block)
            behind = apply("Sub", total, before + sizes[-1])
            margins = [
                zeros(concat([sizes[:-1], [n]], axis=-1), dtype=block.dtype)
                for n in (before, behind)
            ]
            rows.append(concat([margins[0], block, margins[1]], axis=-1))
            before = before + sizes[-1]
        found = concat(rows, axis=-2)
        found.set_shape(self.shape)
        return found

    def _assert_non_singular(self) -> Operation:
        return group([part.assert_non_singular() for part in self._operators])

    def _assert_self_adjoint(self) -> Operation:
        return group([part.assert_self_adjoint() for part in self._operators])

    def _assert_positive_definite(self) -> Operation:
        return group([part.assert_positive_definite() for part in self._operators])

    def _adjoint_operator(self) -> LinearOperator:
        parts = [part.adjoint() for part in self._operators]
        return LinearOperatorBlockDiag(parts, **self._hints(square=True))

    def _inverse_operator(self) -> LinearOperator:
        parts = [part.inverse() for part in self._operators]
        return LinearOperatorBlockDiag(parts, **self._hints(square=True))

    def _cholesky_operator(self) -> LinearOperator:
        parts = [part.cholesky() for part in self._operators]
        all_diagonal = all(part.is_self_adjoint for part in parts)
        return LinearOperatorBlockDiag(
            parts, is_non_singular=True, is_self_adjoint=all_diagonal, is_square=True
        )
