"""Toeplitz matrices: constant along each diagonal."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets._operator_batches import adjoint as adjoint_of
from graphflow.nets.linear_operator import LinearOperator
from graphflow.nets.linear_operator_circulant import LinearOperatorCirculant, as_complex
from graphflow.ops.asserts import assert_equal
from graphflow.ops.broadcast import broadcast_dynamic_shape, broadcast_static_shape
from graphflow.ops.cast import cast
from graphflow.ops.concat import concat
from graphflow.ops.fft import fft
from graphflow.ops.fill import ones, zeros_like
from graphflow.ops.reverse import reverse
from graphflow.ops.shape_ops import shape


@export("linalg.LinearOperatorToeplitz")
class LinearOperatorToeplitz(LinearOperator):
    """Square matrices that are constant along each diagonal.

    Args:
        col: the first columns: [..., n].
        row: the first rows: [..., n]; their first elements have no effect.
        is_non_singular: as LinearOperator takes the hints.
        is_self_adjoint: a hint.
        is_positive_definite: a hint.
        is_square: not False.
        name: the operator's name.

    Raises:
        ValueError: if the sizes differ, or a hint is wrong.
    """

    def __init__(
        self,
        col: Any,
        row: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorToeplitz",
    ) -> None:
        with scopes.name_scope(name, values=[row, col]):
            self._row = convert_to_tensor(row, name="row")
            self._col = convert_to_tensor(col, name="col")
            self._check()
            # Part of a circulant matrix of twice the size.
            ends = reverse(self._row[..., 1:], axis=[-1])
            whole = concat([self._col, zeros_like(self._col[..., 0:1]), ends], axis=-1)
            spectrum = fft(as_complex(whole))
            self._circulant = LinearOperatorCirculant(spectrum, input_output_dtype=self._row.dtype)
            if is_square is False:
                raise ValueError("Only square Toeplitz operators currently supported.")
            super().__init__(
                dtype=self._row.dtype,
                graph_parents=[self._row, self._col],
                is_non_singular=is_non_singular,
                is_self_adjoint=is_self_adjoint,
                is_positive_definite=is_positive_definite,
                is_square=True,
                name=name,
            )

    def _check(self) -> None:
        for name, tensor in (("row", self._row), ("col", self._col)):
            if tensor.dims == ():
                raise ValueError(
                    f"Argument {name} must have at least 1 dimension.  Found: {tensor}"
                )
        sizes = [t.dims[-1] for t in (self._row, self._col) if t.dims]
        if len({*sizes} - {None}) > 1:
            raise ValueError("Expected square matrix, got row and col with mismatched dimensions.")

    @property
    def col(self) -> Tensor:
        """The first columns."""
        return self._col

    @property
    def row(self) -> Tensor:
        """The first rows."""
        return self._row

    def _shape(self) -> TensorShape:
        known = broadcast_static_shape(self._row.get_shape(), self._col.get_shape())
        found: TensorShape = known.concatenate(known[-1:])
        return found

    def _shape_tensor(self) -> Tensor:
        sizes = broadcast_dynamic_shape(shape(self._row), shape(self._col))
        return concat((sizes, [sizes[-1]]), 0)

    def _assert_self_adjoint(self) -> Operation:
        message = "row and col are not the same, and so this operator is not self-adjoint."
        found: Operation = assert_equal(self._row, self._col, message=message)
        return found

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        x = adjoint_of(x) if adjoint_arg else x
        longer = concat([x, zeros_like(x)], axis=-2)
        made = self._circulant.matmul(longer, adjoint=adjoint)
        found: Tensor = cast(made[..., : self.domain_dimension_tensor(), :], self.dtype)
        return found

    def _trace(self) -> Tensor:
        found: Tensor = cast(self.domain_dimension_tensor(), self.dtype) * self._col[..., 0]
        return found

    def _diag_part(self) -> Tensor:
        line = ones([self.domain_dimension_tensor()], self.dtype)
        found: Tensor = self._col[..., 0:1] * line
        return found
