"""Regularizers: functions of a variable whose value is a loss that keeps the variable small."""

from __future__ import annotations

import logging
import numbers
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.arithmetic import add_n, multiply
from graphflow.ops.constant import constant
from graphflow.ops.norm import l2_loss
from graphflow.ops.reduce import reduce_sum

Regularizer = Callable[[Any], Any]
_log = logging.getLogger("graphflow")
_WEIGHTS: Final = GraphKeys.WEIGHTS


class L1L2:
    """The sums of `abs(x)` and of `x**2` over all elements, each with a factor.

    Args:
        l1: the factor of the absolute values.
        l2: the factor of the squares.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = l1
        self.l2 = l2

    def get_config(self) -> dict[str, float]:
        """Returns the arguments that make this regularizer again, rounded to float32."""
        return {"l1": float(np.float32(self.l1)), "l2": float(np.float32(self.l2))}

    def __call__(self, x: Any) -> Any:
        """Returns the loss of a variable."""
        if not self.l1 and not self.l2:
            return constant(0.0)
        total: Any = 0.0
        if self.l1:
            total += self.l1 * reduce_sum(apply("Abs", x))
        if self.l2:
            total += self.l2 * reduce_sum(apply("Square", x))
        return total


def _is_zero(scale: Any, name: str = "scale") -> bool:
    """Whether a scale turns its regularizer off; raises ValueError for what is no scale."""
    if isinstance(scale, numbers.Integral):
        raise ValueError(f"{name} cannot be an integer: {scale}")
    if not isinstance(scale, numbers.Real):
        return False  # a tensor
    if scale < 0.0:
        raise ValueError(f"Setting a scale less than 0 on a regularizer: {scale:g}")
    if scale == 0.0:
        _log.info("Scale of 0 disables regularizer.")
    return scale == 0.0


def _nothing(_: Any) -> None:
    return


@export("contrib.layers.l1_regularizer")
def l1_regularizer(scale: Any, scope: str | None = None) -> Regularizer:
    """Returns a regularizer: `scale` times the sum of the absolute values.

    Args:
        scale: a float or a scalar tensor; 0.0 turns it off.
        scope: the name of the scope.

    Raises:
        ValueError: if the scale is negative or an integer.
    """
    if _is_zero(scale):
        return _nothing

    def l1(weights: Any) -> Tensor:
        with scopes.name_scope(scope, "l1_regularizer", [weights]) as name:
            factor = convert(scale, weights.dtype.base_dtype, "scale")
            found: Tensor = multiply(factor, reduce_sum(apply("Abs", weights)), name=name)
        return found

    return l1


@export("contrib.layers.l2_regularizer")
def l2_regularizer(scale: Any, scope: str | None = None) -> Regularizer:
    """Returns a regularizer: `scale` times half the sum of the squares.

    Args:
        scale: a float or a scalar tensor; 0.0 turns it off.
        scope: the name of the scope.

    Raises:
        ValueError: if the scale is negative or an integer.
    """
    if _is_zero(scale):
        return _nothing

    def l2(weights: Any) -> Tensor:
        with scopes.name_scope(scope, "l2_regularizer", [weights]) as name:
            factor = convert(scale, weights.dtype.base_dtype, "scale")
            found: Tensor = multiply(factor, l2_loss(weights), name=name)
        return found

    return l2


@export("contrib.layers.l1_l2_regularizer")
def l1_l2_regularizer(
    scale_l1: Any = 1.0, scale_l2: Any = 1.0, scope: str | None = None
) -> Regularizer | None:
    """Returns a regularizer: the sum of `l1_regularizer` and `l2_regularizer`.

    Args:
        scale_l1: the scale of the first; 0.0 turns it off.
        scale_l2: the scale of the second; 0.0 turns it off.
        scope: the name of the scope.

    Raises:
        ValueError: if a scale is negative or an integer.
    """
    for name, scale in (("scale_l1", scale_l1), ("scale_l2", scale_l2)):
        if isinstance(scale, numbers.Integral):
            raise ValueError(f"{name} cannot be an integer: {scale}")
    scope = scope or "l1_l2_regularizer"
    if isinstance(scale_l1, numbers.Real) and scale_l1 == 0.0:
        return l2_regularizer(scale_l2, scope)
    if isinstance(scale_l2, numbers.Real) and scale_l2 == 0.0:
        return l1_regularizer(scale_l1, scope)
    return sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)], scope)


@export("contrib.layers.sum_regularizer")
def sum_regularizer(
    regularizer_list: Sequence[Regularizer | None], scope: str | None = None
) -> Regularizer | None:
    """Returns a regularizer: the sum of several; None if there are none.

    Args:
        regularizer_list: the regularizers; None counts as nothing.
        scope: the name of the scope.
    """
    held = [regularizer for regularizer in regularizer_list if regularizer is not None]
    if not held:
        return None

    def total(weights: Any) -> Any:
        with scopes.name_scope(scope, "sum_regularizer", [weights]) as name:
            made = [loss for r in held if (loss := r(weights)) is not None]
            return add_n(made, name=name) if made else None

    return total


@export("contrib.layers.apply_regularization")
def apply_regularization(regularizer: Regularizer, weights_list: Any = None) -> Tensor:
    """Returns the sum of a regularizer's losses, and notes it in REGULARIZATION_LOSSES.

    Args:
        regularizer: a function of a variable that returns a scalar or None.
        weights_list: the variables; None: the collection WEIGHTS.

    Raises:
        ValueError: if there are no variables, or a loss is not a scalar.
    """
    weights = weights_list or scopes.get_collection(_WEIGHTS)
    if not weights:
        raise ValueError("No weights to regularize.")
    with scopes.name_scope("get_regularization_penalty", values=weights) as scope:
        made = [regularizer(w) for w in weights]
        losses = [constant(0.0) if loss is None else loss for loss in made]
        for loss in losses:
            if loss.shape.ndims != 0:
                raise ValueError(
                    "regularizer must return a scalar Tensor instead of a Tensor with rank "
                    f"{loss.shape.ndims}."
                )
        total: Tensor = add_n(losses, name=scope)
        scopes.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, total)
    return total
