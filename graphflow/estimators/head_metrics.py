"""The metrics of heads: means, curves, and what holds at a threshold; each in its own scope."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.estimators.head_checks import to_float
from graphflow.nets import metrics_thresholds
from graphflow.nets.metrics_auc import auc
from graphflow.nets.metrics_base import Metric
from graphflow.nets.metrics_mean import accuracy, mean
from graphflow.nets.weights_broadcast import broadcast_weights
from graphflow.ops.arithmetic import maximum
from graphflow.ops.comparison import greater_equal
from graphflow.ops.reshape import squeeze


def _broadcast(weights: Any, values: Any) -> Any:
    return None if weights is None else broadcast_weights(weights, values)


def labels_mean(labels: Any, weights: Any, name: str) -> Metric:
    """Returns the mean of labels."""
    with scopes.name_scope(name, "labels_mean", (labels, weights)) as scope:
        labels = to_float(labels, name="labels")
        return mean(labels, _broadcast(weights, labels), name=scope)


def predictions_mean(predictions: Any, weights: Any, name: str) -> Metric:
    """Returns the mean of predictions."""
    with scopes.name_scope(name, "predictions_mean", (predictions, weights)) as scope:
        predictions = to_float(predictions, name="predictions")
        return mean(predictions, _broadcast(weights, predictions), name=scope)


def curve_area(
    labels: Any, predictions: Any, weights: Any, name: str, curve: str = "ROC"
) -> Metric:
    """Returns the area under a curve."""
    with scopes.name_scope(name, "auc", (predictions, labels, weights)) as scope:
        predictions = to_float(predictions, name="predictions")
        weights = _broadcast(weights, predictions)
        return auc(labels, predictions, weights, curve=curve, name=scope)


def accuracy_baseline(mean_of_labels: Metric) -> Metric:
    """Returns the accuracy of always predicting what is more frequent."""
    with scopes.name_scope(None, "accuracy_baseline", mean_of_labels):
        value, update = mean_of_labels
        return (
            maximum(value, 1.0 - value, name="value"),
            maximum(update, 1 - update, name="update_op"),
        )


def at_threshold(
    kind: str, labels: Any, predictions: Any, weights: Any, threshold: float, name: str
) -> Metric:
    """Returns the accuracy, precision or recall where predictions from a threshold on count as 1.

    Args:
        kind: "accuracy", "precision" or "recall".
        labels: 0 and 1.
        predictions: probabilities.
        weights: what each counts.
        threshold: between 0 and 1.
        name: the scope.
    """
    values = (predictions, labels, weights, threshold)
    with scopes.name_scope(name, f"{kind}_at_{threshold}", values) as scope:
        if kind == "accuracy":
            ones = to_float(greater_equal(predictions, threshold))
            return accuracy(labels, ones, weights, name=scope)
        make = getattr(metrics_thresholds, f"{kind}_at_thresholds")
        value, update = make(
            labels=labels,
            predictions=predictions,
            thresholds=(threshold,),
            weights=weights,
            name=scope,
        )
        return squeeze(value), squeeze(update)
