"""The identity, and multiples of it, as linear operators."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.constant import constant_value
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import as_dtype, float32
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets._operator_batches import (
    adjoint as adjoint_of,
)
from graphflow.nets._operator_batches import (
    fitting,
    log_abs,
    not_a_variable,
    parent,
    size_tensor,
)
from graphflow.nets.linear_operator import LinearOperator
from graphflow.ops.asserts import assert_equal, assert_non_negative, assert_positive, assert_rank
from graphflow.ops.broadcast import broadcast_static_shape
from graphflow.ops.cast import cast
from graphflow.ops.complex import abs as absolute
from graphflow.ops.complex import conj, imag, real
from graphflow.ops.concat import concat
from graphflow.ops.control_ops import no_op, with_dependencies
from graphflow.ops.diag import matrix_diag_part, matrix_set_diag
from graphflow.ops.fill import ones, zeros, zeros_like
from graphflow.ops.reduce import reduce_min
from graphflow.ops.reshape import expand_dims
from graphflow.ops.shape_ops import shape
from graphflow.ops.stack import stack


class Sized:
    """Numbers that say a size, or a batch's shape: the tensor, and the value where it is known.

    Args:
        sizes: the number or numbers.
        name: the argument's name.
        tensor_name: the name of the constant.
        rank: 0 for a number, 1 for a shape.
        check: whether the run checks what is not known.

    Raises:
        TypeError: if they are no integers.
        ValueError: if there are too many of them, or one is negative.
    """

    def __init__(self, sizes: Any, name: str, tensor_name: str, rank: int, check: bool) -> None:
        tensor = size_tensor(sizes, name=tensor_name)
        value = constant_value(tensor)
        self.value: Any = None if value is None else np.asarray(value)
        kind = f"Argument {name} must be a {rank}-D Tensor."
        negative = f"Argument {name} must be non-negative."
        if check:
            checks = [assert_rank(tensor, rank, message=kind)]
            checks.append(assert_non_negative(tensor, message=negative))
            tensor = with_dependencies(checks, tensor)
        if not tensor.dtype.is_integer:
            raise TypeError(f"Argument {name} must be integer type.  Found: {tensor}")
        if self.value is not None and self.value.ndim != rank:
            raise ValueError(f"{kind}  Found: {self.value}")
        if self.value is not None and (self.value < 0).any():
            raise ValueError(f"{negative}  Found: {self.value}")
        self.tensor = tensor


class Uniform(LinearOperator):
    """What the identity, its multiples and zeros share: they are given by numbers of rows."""

    _checks: bool
    _rows: Sized
    _columns: Sized
    _batch: Sized | None

    def _set_sizes(self, rows: Any, columns: Any, batch: Any, checks: bool) -> None:
        self._checks = checks
        for value, name in ((rows, "num_rows"), (columns, "num_columns"), (batch, "batch_shape")):
            not_a_variable(value, name)
        self._rows = self._columns = Sized(rows, "num_rows", "num_rows", 0, checks)
        if columns is not None:
            self._columns = Sized(columns, "num_columns", "num_columns", 0, checks)
        self._batch = None
        if batch is not None:
            self._batch = Sized(batch, "batch_shape", "batch_shape_arg", 1, checks)

    def _matrix_shape(self) -> TensorShape:
        sizes = (self._rows.value, self._columns.value)
        return TensorShape([None if n is None else int(n) for n in sizes])

    def _shape(self) -> TensorShape:
        matrix = self._matrix_shape()
        if self._batch is None:
            return matrix
        known = self._batch.value
        return TensorShape(None if known is None else known.tolist()).concatenate(matrix)

    def _shape_tensor(self) -> Tensor:
        matrix = stack((self._rows.tensor, self._columns.tensor), axis=0)
        return matrix if self._batch is None else concat((self._batch.tensor, matrix), 0)

    def _shorter(self) -> Any:
        sizes = (self.domain_dimension.value, self.range_dimension.value)
        return None if None in sizes else min(sizes)  # type: ignore[type-var]  # both known

    def _shorter_tensor(self) -> Tensor:
        found: Tensor = reduce_min(self.shape_tensor()[-2:])
        return found

    def _front(self) -> Any:
        known = self.batch_shape
        return known if known.is_fully_defined() else self.batch_shape_tensor()

    def _line_shape(self) -> Any:
        if self.shape.is_fully_defined():
            return self.batch_shape.concatenate([self._shorter()])
        return concat([self.batch_shape_tensor(), [self._shorter_tensor()]], axis=0)

    def _in_batch(self, x: Tensor) -> Tensor:
        """Matrices repeated for the operator's batch."""
        if self._batch is None:
            return x
        front = self.batch_shape.concatenate([1, 1])
        joint = broadcast_static_shape(x.get_shape(), front)
        if front.is_fully_defined() and joint.raw == x.get_shape().raw:
            return x
        whole: Any = front
        if not front.is_fully_defined():
            whole = concat((self.batch_shape_tensor(), [1, 1]), 0)
        found: Tensor = x + zeros(shape=whole, dtype=self.dtype)
        return found

    def _fitted(self, x: Tensor, adjoint_arg: bool) -> Tensor:
        x = adjoint_of(x) if adjoint_arg else x
        return fitting(self, x) if self._checks else x


@export("linalg.LinearOperatorIdentity")
class LinearOperatorIdentity(Uniform):
    """Identity matrices.

    Args:
        num_rows: the size of a matrix, an integer.
        batch_shape: the shape of the batch; None: one matrix, which fits any batch.
        dtype: the element type; None: float32.
        is_non_singular: True.
        is_self_adjoint: True.
        is_positive_definite: True.
        is_square: True.
        assert_proper_shapes: whether the run checks shapes that are not known.
        name: the operator's name.

    Raises:
        TypeError: if the sizes are no integers.
        ValueError: if they are negative, or a hint is wrong.
    """

    def __init__(
        self,
        num_rows: Any,
        batch_shape: Any = None,
        dtype: Any = None,
        is_non_singular: bool | None = True,
        is_self_adjoint: bool | None = True,
        is_positive_definite: bool | None = True,
        is_square: bool | None = True,
        assert_proper_shapes: bool = False,
        name: str = "LinearOperatorIdentity",
    ) -> None:
        with scopes.name_scope(name):
            for hint, what in (
                (is_self_adjoint, "self adjoint"),
                (is_non_singular, "non-singular"),
                (is_positive_definite, "positive-definite"),
                (is_square, "square"),
            ):
                if not hint:
                    raise ValueError(f"An identity operator is always {what}.")
            super().__init__(
                dtype=as_dtype(dtype or float32),
                is_non_singular=is_non_singular,
                is_self_adjoint=is_self_adjoint,
                is_positive_definite=is_positive_definite,
                is_square=is_square,
                name=name,
            )
            self._set_sizes(num_rows, None, batch_shape, assert_proper_shapes)

    def _assert_non_singular(self) -> Operation:
        return no_op("assert_non_singular")

    def _assert_positive_definite(self) -> Operation:
        return no_op("assert_positive_definite")

    def _assert_self_adjoint(self) -> Operation:
        return no_op("assert_self_adjoint")

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return self._in_batch(self._fitted(x, adjoint_arg))

    def _determinant(self) -> Tensor:
        return ones(shape=self.batch_shape_tensor(), dtype=self.dtype)

    def _log_abs_determinant(self) -> Tensor:
        return zeros(shape=self.batch_shape_tensor(), dtype=self.dtype)

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return self._matmul(rhs, adjoint_arg=adjoint_arg)

    def _trace(self) -> Tensor:
        many = ones(shape=self._front(), dtype=self.dtype)
        known = self._shorter()
        n = cast(self._shorter_tensor(), self.dtype) if known is None else known
        found: Tensor = n * many
        return found

    def _diag_part(self) -> Tensor:
        return ones(shape=self._line_shape(), dtype=self.dtype)

    def add_to_tensor(self, mat: Any, name: str = "add_to_tensor") -> Tensor:
        """Returns the sum of the identity and matrices.

        Args:
            mat: [..., n, n].
            name: the name of the scope.
        """
        with self._scope(name):
            x = convert_to_tensor(mat, name="mat")
            return matrix_set_diag(x, 1 + matrix_diag_part(x))

    def _adjoint_operator(self) -> LinearOperator:
        return self

    def _inverse_operator(self) -> LinearOperator:
        return self

    def _cholesky_operator(self) -> LinearOperator:
        batch = None if self._batch is None else self._batch.tensor
        return LinearOperatorIdentity(self._rows.tensor, batch, self.dtype)


@export("linalg.LinearOperatorScaledIdentity")
class LinearOperatorScaledIdentity(Uniform):
    """Multiples of identity matrices.

    Args:
        num_rows: the size of a matrix, an integer.
        multiplier: the multiples, in the shape of the batch.
        is_non_singular: as LinearOperator takes the hints.
        is_self_adjoint: a hint; real ones always are.
        is_positive_definite: a hint.
        is_square: True.
        assert_proper_shapes: whether the run checks shapes that are not known.
        name: the operator's name.

    Raises:
        TypeError: if the size is no integer.
        ValueError: if it is negative, or a hint is wrong.
    """

    def __init__(
        self,
        num_rows: Any,
        multiplier: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = True,
        assert_proper_shapes: bool = False,
        name: str = "LinearOperatorScaledIdentity",
    ) -> None:
        with scopes.name_scope(name, values=[multiplier, num_rows]):
            self._multiplier = parent(multiplier, "multiplier")
            if not self._multiplier.dtype.is_complex:
                if is_self_adjoint is False:
                    raise ValueError("A real diagonal operator is always self adjoint.")
                is_self_adjoint = True
            if not is_square:
                raise ValueError("A ScaledIdentity operator is always square.")
            super().__init__(
                dtype=self._multiplier.dtype.base_dtype,
                is_non_singular=is_non_singular,
                is_self_adjoint=is_self_adjoint,
                is_positive_definite=is_positive_definite,
                is_square=is_square,
                name=name,
            )
            self._set_sizes(num_rows, None, None, assert_proper_shapes)
            self._count = cast(self._rows.tensor, self.dtype)
            self._real_count = cast(self._rows.tensor, self.dtype.real_dtype)

    @property
    def multiplier(self) -> Any:
        """The multiples."""
        return self._multiplier

    def _shape(self) -> TensorShape:
        found: TensorShape = self._multiplier.shape.concatenate(self._matrix_shape())
        return found

    def _shape_tensor(self) -> Tensor:
        matrix = stack((self._rows.tensor, self._rows.tensor), axis=0)
        return concat((shape(self._multiplier), matrix), 0)

    def _assert_non_singular(self) -> Operation:
        found: Operation = assert_positive(
            absolute(self._multiplier), message="LinearOperator was singular"
        )
        return found

    def _assert_positive_definite(self) -> Operation:
        found: Operation = assert_positive(
            real(self._multiplier), message="LinearOperator was not positive definite."
        )
        return found

    def _assert_self_adjoint(self) -> Operation:
        part = imag(self._multiplier)
        found: Operation = assert_equal(
            zeros_like(part), part, message="LinearOperator was not self-adjoint"
        )
        return found

    def _factor(self, adjoint: bool) -> Tensor:
        found = expand_dims(expand_dims(self._multiplier, -1), -1)
        return conj(found) if adjoint else found

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        found: Tensor = self._fitted(x, adjoint_arg) * self._factor(adjoint)
        return found

    def _determinant(self) -> Tensor:
        found: Tensor = self._multiplier**self._count
        return found

    def _log_abs_determinant(self) -> Tensor:
        found: Tensor = self._real_count * log_abs(self._multiplier)
        return found

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        found: Tensor = self._fitted(rhs, adjoint_arg) / self._factor(adjoint)
        return found

    def _trace(self) -> Tensor:
        many = ones(shape=self._front(), dtype=self.dtype)
        known = self._shorter()
        n = cast(self._shorter_tensor(), self.dtype) if known is None else known
        found: Tensor = self._multiplier * n * many
        return found

    def _diag_part(self) -> Tensor:
        line = ones(shape=self._line_shape(), dtype=self.dtype)
        found: Tensor = line * self._multiplier[..., None]
        return found

    def add_to_tensor(self, mat: Any, name: str = "add_to_tensor") -> Tensor:
        """Returns the sum of the operator and matrices.

        Args:
            mat: [..., n, n].
            name: the name of the scope.
        """
        with self._scope(name):
            column = expand_dims(self._multiplier, -1)
            x = convert_to_tensor(mat, name="mat")
            return matrix_set_diag(x, column + matrix_diag_part(x))

    def _adjoint_operator(self) -> LinearOperator:
        factor = conj(self._multiplier)
        return LinearOperatorScaledIdentity(self._rows.tensor, factor, **self._hints(square=True))

    def _inverse_operator(self) -> LinearOperator:
        return LinearOperatorScaledIdentity(
            self._rows.tensor, 1.0 / self._multiplier, **self._hints(square=True)
        )

    def _cholesky_operator(self) -> LinearOperator:
        return LinearOperatorScaledIdentity(
            self._rows.tensor,
            apply("Sqrt", self._multiplier),
            is_non_singular=True,
            is_self_adjoint=True,
            is_positive_definite=True,
        )
