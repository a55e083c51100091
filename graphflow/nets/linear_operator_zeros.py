"""Matrices of zeros as a linear operator."""

from __future__ import annotations

from typing import Any, NoReturn

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.dtypes import as_dtype, float32
from graphflow.core.errors import InvalidArgumentError
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.nets._operator_batches import fitting
from graphflow.nets.linear_operator_identity import Uniform
from graphflow.ops.concat import concat
from graphflow.ops.control_ops import no_op
from graphflow.ops.fill import zeros
from graphflow.ops.shape_ops import shape


@export("linalg.LinearOperatorZeros")
class LinearOperatorZeros(Uniform):
    """Matrices of zeros.

    Args:
        num_rows: the number of rows, an integer.
        num_columns: that of columns; None: as many.
        batch_shape: the shape of the batch; None: one matrix, which fits any batch.
        dtype: the element type; None: float32.
        is_non_singular: False.
        is_self_adjoint: True unless they are not square.
        is_positive_definite: False.
        is_square: whether they are square.
        assert_proper_shapes: whether the run checks shapes that are not known.
        name: the operator's name.

    Raises:
        TypeError: if the sizes are no integers.
        ValueError: if they are negative, or a hint is wrong.
    """

    def __init__(
        self,
        num_rows: Any,
        num_columns: Any = None,
        batch_shape: Any = None,
        dtype: Any = None,
        is_non_singular: bool | None = False,
        is_self_adjoint: bool | None = True,
        is_positive_definite: bool | None = False,
        is_square: bool | None = True,
        assert_proper_shapes: bool = False,
        name: str = "LinearOperatorZeros",
    ) -> None:
        with scopes.name_scope(name):
            for is_wrong, what in (
                (not is_self_adjoint and is_square, "self adjoint"),
                (is_non_singular, "singular"),
                (is_positive_definite, "not positive-definite"),
            ):
                if is_wrong:
                    raise ValueError(f"A zero operator is always {what}.")
            super().__init__(
                dtype=as_dtype(dtype or float32),
                is_non_singular=is_non_singular,
                is_self_adjoint=is_self_adjoint if is_square else False,
                is_positive_definite=is_positive_definite,
                is_square=is_square,
                name=name,
            )
            self._set_sizes(num_rows, num_columns, batch_shape, assert_proper_shapes)
            rows, columns = self._rows.value, self._columns.value
            if is_square and None not in (rows, columns) and rows != columns:
                raise ValueError(
                    "LinearOperatorZeros initialized as is_square=True, but got "
                    f"num_rows({rows}) != num_columns({columns})"
                )

    def _never(self, what: str) -> NoReturn:
        raise InvalidArgumentError(None, None, f"Zero operators are always {what}.")

    def _assert_non_singular(self) -> Operation:
        self._never("non-invertible")

    def _assert_positive_definite(self) -> Operation:
        self._never("non-positive definite")

    def _assert_self_adjoint(self) -> Operation:
        return no_op("assert_self_adjoint")

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        if self._checks:
            x, adjoint_arg = fitting(self, self._fitted(x, adjoint_arg)), False
        sizes = shape(x)
        columns = sizes[-2] if adjoint_arg else sizes[-1]
        rows = self._columns.tensor if adjoint else self._rows.tensor
        whole = concat([sizes[:-2], [rows, columns]], axis=0)
        return self._in_batch(zeros(shape=whole, dtype=x.dtype))

    def _determinant(self) -> Tensor:
        return zeros(shape=self._front(), dtype=self.dtype)

    def _trace(self) -> Tensor:
        return zeros(shape=self._front(), dtype=self.dtype)

    def _diag_part(self) -> Tensor:
        return zeros(shape=self._line_shape(), dtype=self.dtype)

    def add_to_tensor(self, mat: Any, name: str = "add_to_tensor") -> Tensor:
        """Returns matrices as they are, repeated for the operator's batch.

        Args:
            mat: [..., m, n].
            name: has no effect.
        """
        return self._in_batch(convert_to_tensor(mat))
