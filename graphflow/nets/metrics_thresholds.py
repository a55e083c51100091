"""Metrics of scores from 0 to 1 that count as True above each of several thresholds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import bool_, float32, int32, int64
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets.metrics_base import Metric, fitted, graph_only, metric_variable, noted
from graphflow.nets.weights_broadcast import broadcast_weights
from graphflow.ops.argmax import argmax, argmin
from graphflow.ops.asserts import assert_greater_equal, assert_less_equal
from graphflow.ops.cast import cast
from graphflow.ops.comparison import equal, greater, logical_and, logical_not
from graphflow.ops.constant import constant
from graphflow.ops.division import div
from graphflow.ops.identity import identity
from graphflow.ops.reduce import reduce_min, reduce_sum
from graphflow.ops.reshape import expand_dims, reshape
from graphflow.ops.scan import cumsum
from graphflow.ops.shape_ops import shape
from graphflow.ops.stack import stack
from graphflow.ops.state import assign_add
from graphflow.ops.tile import tile
from graphflow.ops.transpose import transpose
from graphflow.ops.variable_scope import variable_scope

EPSILON: Final = 1e-7
"""What the outermost thresholds lie beside 0 and 1, and what keeps denominators from 0."""
_KINDS: Final = {
    "tp": "true_positives",
    "fn": "false_negatives",
    "tn": "true_negatives",
    "fp": "false_positives",
}
Counts = dict[str, Any]
_ARGUMENTS: Final = """Args:
        labels: the true values, cast to bool.
        predictions: scores from 0 to 1, of the same shape.
        thresholds: numbers; a score counts as True above one.
        weights: what each score counts: a scalar, or a tensor of their rank, each size equal or
            1; None: 1.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.

    Returns:
        The values so far, [thresholds], and an operation that adds a batch and returns the values
        after it.

    Raises:
        ValueError: if the static shapes do not fit.
        InvalidArgumentError: in a run, if a score is not in [0, 1]."""


# --- counts ---
def _in_unit_interval(predictions: Any) -> list[Any]:
    """Checks, for others to wait for, that scores lie in [0, 1]."""
    message = "predictions must be in [0, 1]"
    dtype = predictions.dtype
    return [
        assert_greater_equal(predictions, cast(0.0, dtype=dtype), message=message),
        assert_less_equal(predictions, cast(1.0, dtype=dtype), message=message),
    ]


def counts_at_thresholds(
    labels: Any,
    predictions: Any,
    thresholds: Sequence[float],
    weights: Any = None,
    kinds: Sequence[str] = tuple(_KINDS),
) -> tuple[Counts, Counts]:
    """Counts how scores turn out at each threshold.

    Args:
        labels: the true values, cast to bool.
        predictions: scores, of the same shape.
        thresholds: numbers.
        weights: what each score counts; None: 1.
        kinds: which of "tp", "fn", "tn", "fp" are wanted.

    Returns:
        By kind: the variables, [thresholds], and their updates.
    """
    with scopes.control_dependencies(_in_unit_interval(predictions)):
        predictions, labels, weights = fitted(
            cast(predictions, float32), cast(labels, dtype=bool_), weights
        )
    n = len(thresholds)
    column = reshape(predictions, [-1, 1])
    row = reshape(cast(labels, dtype=bool_), [1, -1])
    number: Any = column.get_shape().as_list()[0]
    if number is None:
        number = shape(column)[0]
    limits = tile(expand_dims(constant(thresholds), [1]), stack([1, number]))
    above = greater(tile(transpose(column), [n, 1]), limits)
    guessed = {"p": above}
    if {"fn", "tn"} & set(kinds):
        guessed["n"] = logical_not(above)
    positive = tile(row, [n, 1])
    negative = logical_not(positive) if {"fp", "tn"} & set(kinds) else positive
    tiled = None if weights is None else _tiled_weights(weights, predictions, n, limits)
    values, updates = {}, {}
    for kind in (k for k in _KINDS if k in kinds):
        values[kind] = metric_variable([n], float32, name=_KINDS[kind])
        actual = positive if kind in ("tp", "fn") else negative
        matches = cast(logical_and(actual, guessed[kind[1]]), float32)
        if tiled is not None:
            matches = matches * tiled
        updates[kind] = assign_add(values[kind], reduce_sum(matches, 1))
    return values, updates


def _tiled_weights(weights: Any, predictions: Tensor, n: int, limits: Tensor) -> Tensor:
    weights = broadcast_weights(cast(weights, float32), predictions)
    found = tile(reshape(weights, [1, -1]), [n, 1])
    limits.get_shape().assert_is_compatible_with(found.get_shape())
    return found


def _count(kind: str, what: str) -> Callable[..., Metric]:
    """Makes the metric that counts one kind of outcome at thresholds."""
    default_name, full_name = _KINDS[kind], f"{_KINDS[kind]}_at_thresholds"

    def metric(
        labels: Any,
        predictions: Any,
        thresholds: Any,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> Metric:
        with variable_scope(name, default_name, (predictions, labels, weights)):
            values, updates = counts_at_thresholds(
                labels, predictions, thresholds, weights, (kind,)
            )
            value = noted(metrics_collections, identity(values[kind]))
            return value, noted(updates_collections, updates[kind])

    metric.__name__ = metric.__qualname__ = full_name
    metric.__doc__ = (
        f"Counts, for each threshold, the {default_name.replace('_', ' ')}: {what}.\n\n"
        f"    {_ARGUMENTS}\n    "
    )
    checked: Callable[..., Metric] = graph_only(f"tf.metrics.{full_name}")(metric)
    return export(f"metrics.{full_name}")(checked)


true_positives_at_thresholds = _count("tp", "labels True with a score above it")
false_positives_at_thresholds = _count("fp", "labels False with a score above it")
true_negatives_at_thresholds = _count("tn", "labels False with no score above it")
false_negatives_at_thresholds = _count("fn", "labels True with no score above it")


# --- ratios ---
def _ratio(default_name: str, short: str, other: str, what: str) -> Callable[..., Metric]:
    """Makes the metric `tp / (tp + other)` at thresholds."""

    def share(counts: Counts, name: str) -> Tensor:
        denominator = EPSILON + counts["tp"] + counts[other]
        return div(counts["tp"], denominator, name=f"{short}_{name}")

    def metric(
        labels: Any,
        predictions: Any,
        thresholds: Any,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> Metric:
        with variable_scope(name, default_name, (predictions, labels, weights)):
            values, updates = counts_at_thresholds(
                labels, predictions, thresholds, weights, ("tp", other)
            )
            value = noted(metrics_collections, share(values, "value"))
            return value, noted(updates_collections, share(updates, "update_op"))

    metric.__name__ = metric.__qualname__ = default_name
    metric.__doc__ = f"Returns, for each threshold, how many of {what}.\n\n    {_ARGUMENTS}\n    "
    checked: Callable[..., Metric] = graph_only(f"tf.metrics.{default_name}")(metric)
    return export(f"metrics.{default_name}")(checked)


precision_at_thresholds = _ratio(
    "precision_at_thresholds", "precision", "fp", "the scores above it have the label True"
)
recall_at_thresholds = _ratio(
    "recall_at_thresholds", "recall", "fn", "the labels True have a score above it"
)


# --- one ratio where another is given ---
def evenly(n: int) -> list[float]:
    """The `n - 2` thresholds that lie between 0 and 1 at equal distances."""
    return [(i + 1) * 1.0 / (n - 1) for i in range(n - 2)]


def _at(
    compute: Callable[[Counts, str], Tensor],
    operands: tuple[Any, Any, Any],
    thresholds: list[float],
    default_name: str,
    name: str | None,
    collections: tuple[Any, Any],
) -> Metric:
    """A metric that `compute(counts, name)` makes of all four counts."""
    labels, predictions, weights = operands
    with variable_scope(name, default_name, (predictions, labels, weights)):
        values, updates = counts_at_thresholds(labels, predictions, thresholds, weights)
        value = noted(collections[0], compute(values, "value"))
        return value, noted(collections[1], compute(updates, "update_op"))


@export("metrics.sensitivity_at_specificity")
@graph_only("tf.metrics.sensitivity_at_specificity")
def sensitivity_at_specificity(
    labels: Any,
    predictions: Any,
    specificity: float,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns which part of the True is found at the threshold of a given specificity.

    Args:
        labels: the true values, cast to bool.
        predictions: scores from 0 to 1, of the same shape.
        specificity: the part of the False that is to be found, from 0 to 1.
        weights: what each score counts; None: 1.
        num_thresholds: how many thresholds are looked at.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.

    Raises:
        ValueError: if `specificity` is not in [0, 1].
        InvalidArgumentError: in a run, if a score is not in [0, 1].
    """
    if not 0 <= specificity <= 1:
        raise ValueError("`specificity` must be in the range [0, 1].")

    def compute(counts: Counts, name: str) -> Tensor:
        tp, tn, fp, fn = (counts[kind] for kind in ("tp", "tn", "fp", "fn"))
        each = div(tn, tn + fp + EPSILON)
        best = cast(argmin(apply("Abs", each - specificity), 0), int32)
        return div(tp[best], tp[best] + fn[best] + EPSILON, name)

    thresholds = [0.0 - EPSILON, *evenly(num_thresholds), 1.0 + EPSILON]
    operands, collections = (
        (labels, predictions, weights),
        (metrics_collections, updates_collections),
    )
    return _at(compute, operands, thresholds, "sensitivity_at_specificity", name, collections)


@export("metrics.specificity_at_sensitivity")
@graph_only("tf.metrics.specificity_at_sensitivity")
def specificity_at_sensitivity(
    labels: Any,
    predictions: Any,
    sensitivity: float,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns which part of the False is found at the threshold of a given sensitivity.

    Args:
        labels: the true values, cast to bool.
        predictions: scores from 0 to 1, of the same shape.
        sensitivity: the part of the True that is to be found, from 0 to 1.
        weights: what each score counts; None: 1.
        num_thresholds: how many thresholds are looked at.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.

    Raises:
        ValueError: if `sensitivity` is not in [0, 1].
        InvalidArgumentError: in a run, if a score is not in [0, 1].

    Note:
        Of several thresholds that come equally near, the highest is taken. The last threshold
        lies below 1, not above it, as in TensorFlow.
    """
    if not 0 <= sensitivity <= 1:
        raise ValueError("`sensitivity` must be in the range [0, 1].")

    def compute(counts: Counts, name: str) -> Tensor:
        tp, tn, fp, fn = (counts[kind] for kind in ("tp", "tn", "fp", "fn"))
        each = div(tp, tp + fn + EPSILON)
        least = reduce_min(apply("Abs", each - sensitivity))
        nearest = cast(equal(apply("Abs", each - sensitivity), least), int64)
        last = cast(argmax(cumsum(nearest), 0), int32)  # where the sum first has its full size
        return div(tn[last], tn[last] + fp[last] + EPSILON, name)

    thresholds = [0.0 - EPSILON, *evenly(num_thresholds), 1.0 - EPSILON]
    operands, collections = (
        (labels, predictions, weights),
        (metrics_collections, updates_collections),
    )
    return _at(compute, operands, thresholds, "specificity_at_sensitivity", name, collections)
