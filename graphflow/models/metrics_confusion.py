"""Counts of right and wrong predictions at thresholds, which many of Keras' metrics are made of."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.dtypes import bool_, float32
from graphflow.core.operation import Operation
from graphflow.models.losses_weighted import squeeze_or_expand_dimensions
from graphflow.nets.weights_broadcast import broadcast_weights
from graphflow.ops.asserts import assert_greater_equal, assert_less_equal
from graphflow.ops.cast import cast
from graphflow.ops.comparison import greater, logical_and, logical_not
from graphflow.ops.constant import constant
from graphflow.ops.control_ops import group
from graphflow.ops.one_hot import one_hot
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.reshape import expand_dims, reshape
from graphflow.ops.shape_ops import size
from graphflow.ops.sort import top_k as top_k_of
from graphflow.ops.stack import stack
from graphflow.ops.tile import tile

NEG_INF: Final = -1e10


class ConfusionMatrix(Enum):
    """What a count is of."""

    TRUE_POSITIVES = "tp"
    FALSE_POSITIVES = "fp"
    TRUE_NEGATIVES = "tn"
    FALSE_NEGATIVES = "fn"


def parsed_thresholds(given: Any, default: float = 0.5) -> list[Any]:
    """Returns thresholds as a list.

    Args:
        given: a number, a list of them, or None.
        default: what None stands for.

    Raises:
        ValueError: if one is not in [0, 1].
    """
    listed = given if isinstance(given, list) else [given]
    if given is None:
        return [default]
    invalid = [t for t in listed if t is None or t < 0 or t > 1]
    if invalid:
        raise ValueError(f"Threshold values must be in [0, 1]. Invalid values: {invalid}")
    return listed


def update_counts(
    counts: Mapping[ConfusionMatrix, Any],
    y_true: Any,
    y_pred: Any,
    thresholds: list[Any],
    top_k: int | None = None,
    class_id: int | None = None,
    sample_weight: Any = None,
) -> Operation:
    """Returns an operation that adds to counts of right and wrong predictions.

    Args:
        counts: variables [thresholds].
        y_true: labels 0 and 1.
        y_pred: probabilities of the same shape.
        thresholds: from where on a probability means 1.
        top_k: only this many classes, the most likely ones, count as predicted.
        class_id: only this class counts.
        sample_weight: weights of the examples; None: 1.

    Raises:
        ValueError: if the shapes of labels and predictions differ.
    """
    y_true, y_pred = cast(y_true, float32), cast(y_pred, float32)
    y_pred.shape.assert_is_compatible_with(y_true.shape)
    with scopes.control_dependencies(
        [
            assert_greater_equal(
                y_pred, cast(0.0, y_pred.dtype), message="predictions must be >= 0"
            ),
            assert_less_equal(y_pred, cast(1.0, y_pred.dtype), message="predictions must be <= 1"),
        ]
    ):
        if sample_weight is None:
            y_pred, y_true = squeeze_or_expand_dimensions(y_pred, y_true)
        else:
            y_pred, y_true, sample_weight = squeeze_or_expand_dimensions(
                y_pred, y_true, sample_weight
            )
    if top_k is not None:
        y_pred = _only_top(y_pred, top_k)
    if class_id is not None:
        y_true, y_pred = y_true[..., class_id], y_pred[..., class_id]
    return _added(counts, y_true, y_pred, thresholds, sample_weight)


def _added(
    counts: Mapping[ConfusionMatrix, Any], y_true: Any, y_pred: Any, thresholds: Any, weights: Any
) -> Operation:
    n = len(thresholds)
    number = size(y_pred)
    row = reshape(y_pred, [1, -1])
    labels = reshape(cast(y_true, bool_), [1, -1])
    limits = tile(expand_dims(constant(thresholds), 1), stack([1, number]))
    positive = greater(tile(row, [n, 1]), limits)
    right = tile(labels, [n, 1])
    if weights is not None:
        weights = broadcast_weights(cast(weights, float32), y_pred)
        weights = tile(reshape(weights, [1, -1]), [n, 1])
    kinds = ConfusionMatrix
    pairs = {kinds.TRUE_POSITIVES: (right, positive)}
    if kinds.FALSE_NEGATIVES in counts or kinds.TRUE_NEGATIVES in counts:
        negative = logical_not(positive)
        pairs[kinds.FALSE_NEGATIVES] = right, negative
    if kinds.FALSE_POSITIVES in counts or kinds.TRUE_NEGATIVES in counts:
        wrong = logical_not(right)
        pairs[kinds.FALSE_POSITIVES] = wrong, positive
        if kinds.TRUE_NEGATIVES in counts:
            pairs[kinds.TRUE_NEGATIVES] = wrong, negative
    updates = []
    for kind, (label, predicted) in pairs.items():
        if kind in counts:
            both = cast(logical_and(label, predicted), float32)
            if weights is not None:
                both *= weights
            updates.append(counts[kind].assign_add(reduce_sum(both, 1)))
    done: Operation = group(updates)
    return done


def _only_top(x: Any, k: int) -> Any:
    """Predictions, with the lowest number for all but the `k` largest of each row."""
    _, at = top_k_of(x, k, sorted=False)
    kept = reduce_sum(one_hot(at, x.shape.as_list()[-1], axis=-1), axis=-2)
    return x * kept + NEG_INF * (1 - kept)
