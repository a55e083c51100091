"""How functions of matrices take linear operators too."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])


def is_operator(x: Any) -> bool:
    """Whether something is a `tf.linalg.LinearOperator`, which a higher layer defines."""
    return getattr(x, "is_linear_operator", False) is True


def for_operators(instead: Callable[..., Any]) -> Callable[[_F], _F]:
    """Decorates a function of matrices.

    Args:
        instead: what is called, with the same arguments, where one of the first two of them is a
            linear operator.
    """

    def wrap(function: _F) -> _F:
        @functools.wraps(function)
        def either(*args: Any, **kwargs: Any) -> Any:
            if any(map(is_operator, args[:2])) or any(map(is_operator, kwargs.values())):
                return instead(*args, **kwargs)
            return function(*args, **kwargs)

        return either  # type: ignore[return-value]  # the same signature

    return wrap


def operator_product(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Any:
    """`tf.matmul` where one of the two is an operator.

    Raises:
        ValueError: if a transpose or a sparse product is asked for.
    """
    if transpose_a or transpose_b:
        raise ValueError("Transposing not supported at this time.")
    if a_is_sparse or b_is_sparse:
        raise ValueError("Sparse methods not supported at this time.")
    if is_operator(a):
        return a.matmul(b, adjoint=adjoint_a, adjoint_arg=adjoint_b, name=name)
    from graphflow.ops.linalg import adjoint

    turned = b.matmul(a, adjoint=not adjoint_b, adjoint_arg=not adjoint_a, name=name)
    return adjoint(turned)


def operator_solution(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """`tf.linalg.solve` where one of the two is an operator.

    Raises:
        ValueError: if it is only the right-hand side.
    """
    if not is_operator(matrix):
        raise ValueError(
            "Passing in `matrix` as a Tensor and `rhs` as a LinearOperator is not supported."
        )
    return matrix.solve(rhs, adjoint=adjoint, name=name)


def operator_inverse(input: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """`tf.linalg.inv` of an operator."""
    found = input.inverse(name)
    return found.adjoint() if adjoint else found


def operator_logdet(matrix: Any, name: str | None = None) -> Any:
    """`tf.linalg.logdet` of an operator.

    Raises:
        ValueError: if nothing says that it is self-adjoint and positive definite.
    """
    from graphflow.ops.complex import real

    if matrix.is_positive_definite and matrix.is_self_adjoint:
        return real(matrix.log_abs_determinant(name))
    raise ValueError("Expected matrix to be self-adjoint positive definite.")
