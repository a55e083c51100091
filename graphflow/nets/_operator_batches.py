"""What linear operators share: batches of matrices that broadcast, hints, and checks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.ops.asserts import assert_equal, assert_less
from graphflow.ops.broadcast import broadcast_dynamic_shape, broadcast_static_shape, broadcast_to
from graphflow.ops.complex import abs as absolute
from graphflow.ops.complex import imag
from graphflow.ops.concat import concat
from graphflow.ops.control_ops import no_op, with_dependencies
from graphflow.ops.linalg_solve import cholesky_solve, matrix_solve, matrix_triangular_solve
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape
from graphflow.ops.transpose import matrix_transpose, transpose
from graphflow.ops.variables import Variable

if TYPE_CHECKING:
    from graphflow.nets.linear_operator import LinearOperator


# --- arguments ---
def parent(value: Any, name: str) -> Any:
    """A variable as it is, so that its value is read when it is used; else a tensor."""
    if value is None or isinstance(value, Variable):
        return value
    return convert_to_tensor(value, name=name)


def size_tensor(sizes: Any, name: str | None = None) -> Tensor:
    """Sizes as a tensor; no sizes are int32."""
    is_empty = isinstance(sizes, list | tuple) and not sizes
    return convert_to_tensor(sizes, dtype=int32 if is_empty else None, name=name)


def adjoint(x: Tensor) -> Tensor:
    """The conjugate transposes of matrices."""
    return matrix_transpose(x, conjugate=True)


def not_a_variable(value: Any, name: str) -> None:
    """Raises TypeError if a number of rows or a shape is a variable."""
    if isinstance(value, Variable):
        raise TypeError(f"Argument {name} cannot be reference type. Found: {type(value)}")


def combined_hint(operator: Any, hint: str, given: bool | None, message: str) -> bool | None:
    """What an operator and the user say together.

    Raises:
        ValueError: if they contradict each other.
    """
    own: bool | None = getattr(operator, hint)
    if None not in (own, given) and own != given:
        raise ValueError(message)
    return given if own is None else own


def same_dtype(operators: Sequence[LinearOperator]) -> Any:
    """The type that operators share.

    Raises:
        TypeError: if there are several.
    """
    if len({op.dtype for op in operators}) > 1:
        listed = "   ".join(str((op.name, op.dtype)) for op in operators)
        raise TypeError(f"Expected all operators to have the same dtype.  Found {listed}")
    return operators[0].dtype


def implied(
    operators: Sequence[LinearOperator], hint: str, given: bool | None, message: str
) -> bool | None:
    """The hint of a whole whose parts all have it.

    Raises:
        ValueError: if the user denies it.
    """
    if not all(getattr(op, hint) for op in operators):
        return given
    if given is False:
        raise ValueError(message)
    return True


# --- shapes ---
def joint_batch_shape(operators: Sequence[LinearOperator]) -> TensorShape:
    """The shape that the batches of operators broadcast to, as far as it is known."""
    found = operators[0].batch_shape
    for operator in operators[1:]:
        found = broadcast_static_shape(found, operator.batch_shape)
    return found


def joint_batch_shape_tensor(operators: Sequence[LinearOperator]) -> Tensor:
    """The same in the run."""
    found = operators[0].batch_shape_tensor()
    for operator in operators[1:]:
        found = broadcast_dynamic_shape(found, operator.batch_shape_tensor())
    return found


def broadcast_batches(matrices: Sequence[Any]) -> list[Tensor]:
    """Matrices with one batch shape.

    Raises:
        ValueError: if one is no matrix.
    """
    found = [convert_to_tensor(m) for m in matrices]
    for matrix in found:
        if matrix.dims is not None and len(matrix.dims) < 2:
            raise ValueError(
                f"Expected [batch] matrix to have at least two dimensions.  Found: {matrix}"
            )
    if len(found) < 2:
        return found
    known = found[0].get_shape()[:-2]
    for matrix in found[1:]:
        known = broadcast_static_shape(known, matrix.get_shape()[:-2])
    if known.is_fully_defined():
        return [
            m if m.get_shape()[:-2].raw == known.raw else _spread(m, known.as_list()) for m in found
        ]
    front = shape(found[0])[:-2]
    for matrix in found[1:]:
        front = broadcast_dynamic_shape(front, shape(matrix)[:-2])
    return [_spread(m, front) for m in found]


def _spread(matrix: Tensor, front: Any) -> Tensor:
    return broadcast_to(matrix, concat([front, shape(matrix)[-2:]], axis=0))


# --- systems ---
def cholesky_solve_batches(factor: Tensor, rhs: Tensor) -> Tensor:
    """`tf.cholesky_solve` whose batches broadcast."""
    with scopes.name_scope(None, "CholeskySolveWithBroadcast", [factor, rhs]):
        factor, rhs = broadcast_batches([factor, rhs])
        return cholesky_solve(factor, rhs)


def solve_batches(matrix: Any, rhs: Any, adjoint_a: bool = False) -> Tensor:
    """`tf.matrix_solve` whose batches broadcast."""
    with scopes.name_scope(None, "MatrixSolveWithBroadcast", [matrix, rhs]):
        a, b, back, turned = _beside(*_pair(matrix, rhs), adjoint_a)
        a, b = broadcast_batches([a, b])
        return back(matrix_solve(a, b, adjoint=adjoint_a and not turned))


def triangular_solve_batches(matrix: Any, rhs: Any, adjoint_a: bool = False) -> Tensor:
    """`tf.matrix_triangular_solve` of lower triangles whose batches broadcast."""
    with scopes.name_scope(None, "MatrixTriangularSolve", [matrix, rhs]):
        a, b, back, turned = _beside(*_pair(matrix, rhs), adjoint_a)
        lower = not (turned and adjoint_a)
        a, b = broadcast_batches([a, b])
        return back(matrix_triangular_solve(a, b, lower, adjoint=adjoint_a and not turned))


def _pair(matrix: Any, rhs: Any) -> tuple[Tensor, Tensor]:
    a = convert_to_tensor(matrix, name="matrix")
    return a, convert_to_tensor(rhs, name="rhs", dtype=a.dtype)


def _beside(
    a: Tensor, b: Tensor, adjoint_a: bool
) -> tuple[Tensor, Tensor, Callable[[Tensor], Tensor], bool]:
    """Right-hand sides of one matrix beside each other, which saves copies of the matrix.

    Returns:
        The matrix, the right-hand sides, what brings the solution into their shape, and whether
        the matrix was turned.
    """
    if a.dims is None or b.dims is None or len(a.dims) >= len(b.dims):
        return a, b, lambda y: y, False
    extra = len(b.dims) - len(a.dims)
    columns, rows, several = a.dims[-2 if adjoint_a else -1], b.dims[-2], b.dims[:extra]
    if columns is not None and rows is not None and None not in several:
        known = [d for d in several if d is not None]
        if math.prod(known) < 2 or columns <= rows:
            return a, b, lambda y: y, False
    order = np.roll(np.arange(len(b.dims)), -extra)
    sizes = shape(b)
    outer, inner = sizes[:extra], sizes[extra:]
    flat = reshape(transpose(b, perm=order), concat((inner[:-1], [-1]), 0))

    def back(y: Tensor) -> Tensor:
        whole: Any = (shape(y)[:-1], [inner[-1]], outer)
        return transpose(reshape(y, concat(whole, 0)), perm=np.argsort(order))

    return (adjoint(a) if adjoint_a else a), flat, back, True


# --- checks ---
def assert_no_zeros(x: Any, message: str) -> Operation:
    """An operation that fails if a number is 0."""
    with scopes.name_scope("assert_no_entries_with_modulus_zero", values=[x]):
        tensor = convert_to_tensor(x, name="x")
        zero = convert_to_tensor(0, dtype=tensor.dtype.base_dtype.real_dtype)
        found: Operation = assert_less(zero, absolute(tensor), message=message)
        return found


def assert_real(x: Any, message: str) -> Operation:
    """An operation that fails if a number has an imaginary part."""
    with scopes.name_scope("assert_zero_imag_part", values=[x]):
        tensor = convert_to_tensor(x, name="x")
        if tensor.dtype.is_floating:
            return no_op()
        zero = convert_to_tensor(0, dtype=tensor.dtype.base_dtype.real_dtype)
        found: Operation = assert_equal(zero, imag(tensor), message=message)
        return found


def fitting(operator: LinearOperator, x: Tensor) -> Tensor:
    """The argument of an operator, which waits for a check of its size."""
    check = assert_equal(
        shape(x)[-2],
        operator.domain_dimension_tensor(),
        message="Dimensions are not compatible.  shape[-2] of argument to be the same as this "
        "operator",
    )
    found: Tensor = with_dependencies([check], x)
    return found


def log_abs(x: Tensor) -> Tensor:
    """The logarithm of absolute values."""
    found: Tensor = apply("Log", absolute(x))
    return found
