"""Products of two linear operators, and systems with an operator on the right.

Where both are of a simple kind the result is of a simple kind too.
"""

from __future__ import annotations

from typing import Any

from graphflow.nets.linear_operator import LinearOperator
from graphflow.nets.linear_operator_adjoint import LinearOperatorInversion
from graphflow.nets.linear_operator_algebra import MATMUL, SOLVE
from graphflow.nets.linear_operator_circulant import LinearOperatorCirculant
from graphflow.nets.linear_operator_composition import LinearOperatorComposition
from graphflow.nets.linear_operator_diag import LinearOperatorDiag
from graphflow.nets.linear_operator_identity import (
    LinearOperatorIdentity,
    LinearOperatorScaledIdentity,
)
from graphflow.nets.linear_operator_matrix import LinearOperatorLowerTriangular
from graphflow.nets.linear_operator_zeros import LinearOperatorZeros


# --- hints of a result ---
def _is_square(a: LinearOperator, b: LinearOperator) -> bool | None:
    if a.is_square and b.is_square:
        return True
    if a.is_square is False and b.is_square is False:
        known: bool | None = a.range_dimension == b.domain_dimension
        return known
    return None if None in (a.is_square, b.is_square) else False


def _non_singular(a: LinearOperator, b: LinearOperator) -> bool | None:
    if a.is_non_singular is False or b.is_non_singular is False:
        return False
    return a.is_non_singular and b.is_non_singular


def _commuting(a: LinearOperator, b: LinearOperator) -> dict[str, Any]:
    """The hints of a product of two that commute."""
    self_adjoint = None
    if None not in (a.is_self_adjoint, b.is_self_adjoint):
        self_adjoint = True if a.is_self_adjoint and b.is_self_adjoint else None
        if a.is_self_adjoint != b.is_self_adjoint:
            self_adjoint = False
    both = a._can_use_cholesky() and b._can_use_cholesky()
    return {
        "is_non_singular": _non_singular(a, b),
        "is_self_adjoint": self_adjoint,
        "is_positive_definite": True if both else None,
        "is_square": True,
    }


def _triangular(a: LinearOperator, b: LinearOperator) -> dict[str, Any]:
    """The hints of a product of a diagonal and a triangular one, which need not commute."""
    return {"is_non_singular": _non_singular(a, b), "is_square": True}


def _composed(first: LinearOperator, a: LinearOperator, b: LinearOperator) -> LinearOperator:
    is_square = _is_square(a, b)
    denied = False if is_square is False else None
    return LinearOperatorComposition(
        [first, b],
        is_non_singular=_non_singular(a, b) if is_square else denied,
        is_self_adjoint=denied,
        is_positive_definite=denied,
        is_square=is_square,
    )


# --- products ---
@MATMUL.register(LinearOperator, LinearOperator)
def _(a: LinearOperator, b: LinearOperator) -> LinearOperator:
    return _composed(a, a, b)


@MATMUL.register(LinearOperatorIdentity, LinearOperator)
@SOLVE.register(LinearOperatorIdentity, LinearOperator)
def _(a: LinearOperator, b: LinearOperator) -> LinearOperator:
    return b


@MATMUL.register(LinearOperator, LinearOperatorIdentity)
@MATMUL.register(LinearOperatorZeros, LinearOperatorIdentity)
def _(a: LinearOperator, b: LinearOperator) -> LinearOperator:
    return a


def _need_square(a: LinearOperator, b: LinearOperator) -> None:
    if not a.is_square or not b.is_square:
        raise ValueError(
            "Matmul with non-square `LinearOperator`s or non-square `LinearOperatorZeros` not "
            "supported at this time."
        )


@MATMUL.register(LinearOperator, LinearOperatorZeros)
def _(a: LinearOperator, b: LinearOperator) -> LinearOperator:
    _need_square(a, b)
    return b


@MATMUL.register(LinearOperatorZeros, LinearOperator)
def _(a: LinearOperator, b: LinearOperator) -> LinearOperator:
    _need_square(a, b)
    return a


@MATMUL.register(LinearOperatorDiag, LinearOperatorDiag)
def _(a: Any, b: Any) -> LinearOperator:
    return LinearOperatorDiag(a.diag * b.diag, **_commuting(a, b))


@MATMUL.register(LinearOperatorDiag, LinearOperatorScaledIdentity)
def _(a: Any, b: Any) -> LinearOperator:
    return LinearOperatorDiag(a.diag * b.multiplier[..., None], **_commuting(a, b))


@MATMUL.register(LinearOperatorScaledIdentity, LinearOperatorDiag)
def _(a: Any, b: Any) -> LinearOperator:
    return LinearOperatorDiag(b.diag * a.multiplier[..., None], **_commuting(a, b))


@MATMUL.register(LinearOperatorDiag, LinearOperatorLowerTriangular)
def _(a: Any, b: Any) -> LinearOperator:
    return LinearOperatorLowerTriangular(a.diag[..., None] * b.to_dense(), **_triangular(a, b))


@MATMUL.register(LinearOperatorLowerTriangular, LinearOperatorDiag)
def _(a: Any, b: Any) -> LinearOperator:
    return LinearOperatorLowerTriangular(a.to_dense() * b.diag[..., None, :], **_triangular(a, b))


@MATMUL.register(LinearOperatorCirculant, LinearOperatorCirculant)
def _(a: Any, b: Any) -> LinearOperator:
    return LinearOperatorCirculant(a.spectrum * b.spectrum, a.dtype, **_commuting(a, b))


# --- systems ---
@SOLVE.register(LinearOperator, LinearOperator)
def _(a: LinearOperator, b: LinearOperator) -> LinearOperator:
    return _composed(LinearOperatorInversion(a), a, b)


@SOLVE.register(LinearOperatorInversion, LinearOperator)
def _(a: Any, b: LinearOperator) -> Any:
    return a.operator.matmul(b)


@SOLVE.register(LinearOperatorDiag, LinearOperatorDiag)
def _(a: Any, b: Any) -> LinearOperator:
    return LinearOperatorDiag(b.diag / a.diag, **_commuting(a, b))


@SOLVE.register(LinearOperatorDiag, LinearOperatorScaledIdentity)
def _(a: Any, b: Any) -> LinearOperator:
    return LinearOperatorDiag(b.multiplier[..., None] / a.diag, **_commuting(a, b))


@SOLVE.register(LinearOperatorScaledIdentity, LinearOperatorDiag)
def _(a: Any, b: Any) -> LinearOperator:
    return LinearOperatorDiag(b.diag / a.multiplier[..., None], **_commuting(a, b))


@SOLVE.register(LinearOperatorDiag, LinearOperatorLowerTriangular)
def _(a: Any, b: Any) -> LinearOperator:
    return LinearOperatorLowerTriangular(b.to_dense() / a.diag[..., None], **_triangular(a, b))


@SOLVE.register(LinearOperatorCirculant, LinearOperatorCirculant)
def _(a: Any, b: Any) -> LinearOperator:
    return LinearOperatorCirculant(b.spectrum / a.spectrum, a.dtype, **_commuting(a, b))
