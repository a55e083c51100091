"""Losses of the examples, weighted and reduced, as Keras does it."""

from __future__ import annotations

from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import float32
from graphflow.core.tensor import Tensor
from graphflow.nets.weights_broadcast import broadcast_weights
from graphflow.ops.arithmetic import multiply
from graphflow.ops.cast import cast
from graphflow.ops.comparison import equal
from graphflow.ops.confusion import remove_squeezable_dimensions
from graphflow.ops.division import div_no_nan
from graphflow.ops.flow_cond import cond
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.reshape import expand_dims, squeeze
from graphflow.ops.shape_ops import rank, size
from graphflow.ops.shape_ops import shape as shape_of


class ReductionV2:
    """How the losses of the examples become one."""

    AUTO: Final = "auto"
    NONE: Final = "none"
    SUM: Final = "sum"
    SUM_OVER_BATCH_SIZE: Final = "sum_over_batch_size"

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """Returns all ways."""
        return cls.AUTO, cls.NONE, cls.SUM, cls.SUM_OVER_BATCH_SIZE

    @classmethod
    def validate(cls, key: Any) -> None:
        """Checks that something is one of the ways.

        Raises:
            ValueError: if it is not.
        """
        if key not in cls.all():
            raise ValueError(f"Invalid Reduction Key {key}.")


# --- ranks ---
def squeeze_or_expand_dimensions(y_pred: Any, y_true: Any = None, sample_weight: Any = None) -> Any:
    """Returns predictions, labels and weights of ranks that fit, where one of size 1 is too much.

    Args:
        y_pred: predictions.
        y_true: labels; None: none.
        sample_weight: weights; None: none. Scalars stay scalars.

    Returns:
        (predictions, labels), and the weights if there are any.
    """
    rank_before = y_pred.shape.ndims
    if y_true is not None:
        y_pred, y_true = _fitted(y_pred, y_true)
    if sample_weight is None:
        return y_pred, y_true
    weights = convert(sample_weight)
    return y_pred, y_true, _weights_fitted(weights, y_pred, rank_before)


def _fitted(y_pred: Any, y_true: Any) -> tuple[Any, Any]:
    pred_rank, true_rank = y_pred.shape.ndims, y_true.shape.ndims
    if true_rank is not None and pred_rank is not None:
        # Labels that are class numbers have one axis less than predictions of several classes.
        if pred_rank - true_rank != 1 or y_pred.shape[-1] == 1:
            y_true, y_pred = remove_squeezable_dimensions(y_true, y_pred)
        return y_pred, y_true
    surplus = rank(y_pred) - rank(y_true)
    last_is_one = equal(1, shape_of(y_pred)[-1])

    def squeezed() -> Any:
        return remove_squeezable_dimensions(y_true, y_pred)

    def maybe_squeezed() -> Any:
        return cond(last_is_one, squeezed, lambda: (y_true, y_pred))

    y_true, y_pred = cond(equal(1, surplus), maybe_squeezed, squeezed)
    return y_pred, y_true


def _weights_fitted(weights: Any, y_pred: Any, pred_rank: int | None) -> Any:
    own_rank = weights.shape.ndims
    if own_rank == 0:
        return weights
    if pred_rank is not None and own_rank is not None:
        if own_rank - pred_rank == 1:
            return squeeze(weights, [-1])
        return expand_dims(weights, [-1]) if pred_rank - own_rank == 1 else weights
    own = rank(weights)
    surplus = own - rank(y_pred)

    def widened() -> Any:
        return cond(equal(surplus, -1), lambda: expand_dims(weights, [-1]), lambda: weights)

    def adjusted() -> Any:
        return cond(equal(surplus, 1), lambda: squeeze(weights, [-1]), widened)

    return cond(equal(own, 0), lambda: weights, adjusted)


def scale_losses_by_sample_weight(losses: Any, sample_weight: Any) -> Tensor:
    """Returns losses times weights, as float32.

    Args:
        losses: the losses.
        sample_weight: the weights; they broadcast to the losses.
    """
    losses, weights = cast(losses, float32), cast(sample_weight, float32)
    losses, _, weights = squeeze_or_expand_dimensions(losses, None, weights)
    found: Tensor = multiply(losses, broadcast_weights(weights, losses))
    return found


# --- reduction ---
def reduce_weighted_loss(
    weighted_losses: Any, reduction: str = ReductionV2.SUM_OVER_BATCH_SIZE
) -> Tensor:
    """Returns one loss for all, or all of them for `ReductionV2.NONE`.

    Args:
        weighted_losses: the losses.
        reduction: one of `ReductionV2`.
    """
    if reduction == ReductionV2.NONE:
        found: Tensor = weighted_losses
        return found
    total: Tensor = reduce_sum(weighted_losses)
    if reduction == ReductionV2.SUM_OVER_BATCH_SIZE:
        number = _number(weighted_losses)
        # TensorFlow sums the sum once more; the node is kept for the names that come after.
        found = div_no_nan(reduce_sum(total), number, name="value")
        return found
    return total


def _number(losses: Any) -> Tensor:
    with scopes.name_scope("num_elements") as scope:
        found: Tensor = cast(size(losses, name=scope), losses.dtype)
    return found


def compute_weighted_loss(
    losses: Any,
    sample_weight: Any = None,
    reduction: str = ReductionV2.SUM_OVER_BATCH_SIZE,
    name: str | None = None,
) -> Tensor:
    """Returns the loss of some examples.

    Args:
        losses: their losses, [batch, d1, ...].
        sample_weight: their weights: a scalar, or of the losses' rank, or one less or more with
            size 1; None: 1.
        reduction: one of `ReductionV2`; AUTO is SUM_OVER_BATCH_SIZE.
        name: the name of the scope.

    Raises:
        ValueError: if the reduction is not known, or the weights do not fit.
    """
    ReductionV2.validate(reduction)
    if reduction == ReductionV2.AUTO:
        reduction = ReductionV2.SUM_OVER_BATCH_SIZE
    weights = 1.0 if sample_weight is None else sample_weight
    with scopes.name_scope(name or "weighted_loss"):
        losses = convert(losses)
        weighted = scale_losses_by_sample_weight(losses, weights)
        found: Tensor = cast(reduce_weighted_loss(weighted, reduction), losses.dtype)
    return found
