"""`tf.contrib.metrics`: most are metrics of `tf.metrics` under older names.

There `predictions` comes before `labels`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from graphflow.core import scopes
from graphflow.core.dtypes import bool_, float32, string
from graphflow.core.export import export, publish
from graphflow.core.tensor import Tensor
from graphflow.nets import (
    metrics_auc,
    metrics_average_precision,
    metrics_classes,
    metrics_counts,
    metrics_mean,
    metrics_thresholds,
    metrics_top_k,
)
from graphflow.nets.metrics_base import Metric, fitted, noted
from graphflow.nets.metrics_thresholds import EPSILON, Counts, counts_at_thresholds, evenly
from graphflow.ops.arithmetic import multiply
from graphflow.ops.cast import cast
from graphflow.ops.comparison import equal
from graphflow.ops.confusion import confusion_matrix
from graphflow.ops.division import div
from graphflow.ops.fill import ones_like
from graphflow.ops.reduce import reduce_max, reduce_mean, reduce_sum
from graphflow.ops.sets import set_difference, set_intersection, set_size, set_union
from graphflow.ops.sort import in_top_k
from graphflow.ops.variable_scope import variable_scope

for _function in (confusion_matrix, set_difference, set_intersection, set_size, set_union):
    _name = f"metrics.{_function.__name__}"
    publish(_function, f"contrib.{_name}", f"contrib.slim.{_name}")


# --- older names ---
def _same(name: str, metric: Callable[..., Any], *left_out: str) -> Callable[..., Any]:
    """A metric under an older name, with `predictions` before `labels` where it has both."""
    own = inspect.signature(metric).parameters
    order = [p for p in own if p not in left_out]
    if order[:2] == ["labels", "predictions"]:
        order[:2] = ["predictions", "labels"]
    shown = inspect.Signature([own[p] for p in order])

    def older(*args: Any, **kwargs: Any) -> Any:
        return metric(**shown.bind(*args, **kwargs).arguments)

    older.__name__ = older.__qualname__ = name
    older.__doc__ = metric.__doc__
    older.__signature__ = shown  # type: ignore[attr-defined]  # for inspect and help
    return export(f"contrib.metrics.{name}", f"contrib.slim.metrics.{name}")(older)


streaming_mean = _same("streaming_mean", metrics_mean.mean)
streaming_mean_tensor = _same("streaming_mean_tensor", metrics_mean.mean_tensor)
streaming_accuracy = _same("streaming_accuracy", metrics_mean.accuracy)
streaming_percentage_less = _same("streaming_percentage_less", metrics_mean.percentage_below)
streaming_mean_absolute_error = _same(
    "streaming_mean_absolute_error", metrics_mean.mean_absolute_error
)
streaming_mean_squared_error = _same(
    "streaming_mean_squared_error", metrics_mean.mean_squared_error
)
streaming_root_mean_squared_error = _same(
    "streaming_root_mean_squared_error", metrics_mean.root_mean_squared_error
)
streaming_mean_relative_error = _same(
    "streaming_mean_relative_error", metrics_mean.mean_relative_error
)
streaming_mean_cosine_distance = _same(
    "streaming_mean_cosine_distance", metrics_mean.mean_cosine_distance
)
streaming_mean_iou = _same("streaming_mean_iou", metrics_classes.mean_iou)
streaming_precision = _same("streaming_precision", metrics_counts.precision)
streaming_recall = _same("streaming_recall", metrics_counts.recall)
streaming_true_positives = _same("streaming_true_positives", metrics_counts.true_positives)
streaming_true_negatives = _same("streaming_true_negatives", metrics_counts.true_negatives)
streaming_false_positives = _same("streaming_false_positives", metrics_counts.false_positives)
streaming_false_negatives = _same("streaming_false_negatives", metrics_counts.false_negatives)
streaming_auc = _same("streaming_auc", metrics_auc.auc, "summation_method", "thresholds")
streaming_precision_at_thresholds = _same(
    "streaming_precision_at_thresholds", metrics_thresholds.precision_at_thresholds
)
streaming_recall_at_thresholds = _same(
    "streaming_recall_at_thresholds", metrics_thresholds.recall_at_thresholds
)
streaming_sensitivity_at_specificity = _same(
    "streaming_sensitivity_at_specificity", metrics_thresholds.sensitivity_at_specificity
)
streaming_specificity_at_sensitivity = _same(
    "streaming_specificity_at_sensitivity", metrics_thresholds.specificity_at_sensitivity
)
streaming_sparse_precision_at_k = _same(
    "streaming_sparse_precision_at_k", metrics_top_k.precision_at_k
)
streaming_sparse_recall_at_k = _same("streaming_sparse_recall_at_k", metrics_top_k.recall_at_k)
streaming_sparse_average_precision_at_k = _same(
    "streaming_sparse_average_precision_at_k", metrics_average_precision.average_precision_at_k
)


# --- those that differ ---
@export("contrib.metrics.streaming_recall_at_k", "contrib.slim.metrics.streaming_recall_at_k")
def streaming_recall_at_k(
    predictions: Any,
    labels: Any,
    k: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns how many true classes are among the k with the highest scores, of 1.

    Args:
        predictions: scores, float32 [n, classes].
        labels: class numbers, [n].
        k: how many classes are taken.
        weights: what each example counts; None: 1.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.
    """
    found = cast(in_top_k(predictions, labels, k), float32)
    name = name or metrics_top_k.at_k_name("recall", k)
    result: Metric = metrics_mean.mean(
        found, weights, metrics_collections, updates_collections, name
    )
    return result


@export("contrib.metrics.accuracy", "contrib.slim.metrics.accuracy")
def accuracy(predictions: Any, labels: Any, weights: Any = None, name: str | None = None) -> Tensor:
    """Returns how many predictions equal their label, of 1, in one batch.

    Args:
        predictions: a tensor of the type of `labels`.
        labels: integers, bools or strings.
        weights: what each counts; None: 1.
        name: the name of the scope.

    Raises:
        ValueError: if the types do not fit.
    """
    if not (labels.dtype.is_integer or labels.dtype in (bool_, string)):
        raise ValueError(f"Labels should have bool, integer, or string dtype, not {labels.dtype!r}")
    if not labels.dtype.is_compatible_with(predictions.dtype):
        raise ValueError(
            "Dtypes of predictions and labels should match. Given: predictions "
            f"({predictions.dtype!r}) and labels ({labels.dtype!r})"
        )
    with scopes.name_scope(name, "accuracy", values=[predictions, labels]):
        right = cast(equal(predictions, labels), float32)
        if weights is None:
            found: Tensor = reduce_mean(right)
            return found
        right = multiply(right, weights)
        number = multiply(weights, ones_like(right))
        return div(reduce_sum(right), reduce_sum(number))


@export("contrib.metrics.f1_score", "contrib.slim.metrics.f1_score")
def f1_score(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns the best harmonic mean of precision and recall that a threshold gives.

    Args:
        labels: the true values, cast to bool.
        predictions: scores from 0 to 1, of the same shape.
        weights: what each score counts; None: 1.
        num_thresholds: how many thresholds are looked at.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.
    """

    def best(counts: Counts, name: str) -> Tensor:
        tp, fp, fn = counts["tp"], counts["fp"], counts["fn"]
        precision = div(tp, EPSILON + tp + fp, name=f"precision_{name}")
        recall = div(tp, EPSILON + tp + fn, name=f"recall_{name}")
        found: Tensor = reduce_max(2.0 * precision * recall / (precision + recall + EPSILON))
        return found

    with variable_scope(name, "f1", (labels, predictions, weights)):
        predictions, labels, weights = fitted(predictions, labels, weights)
        thresholds = [0.0 - EPSILON, *evenly(num_thresholds), 1.0 + EPSILON]
        kinds = ("tp", "fp", "fn")
        values, updates = counts_at_thresholds(labels, predictions, thresholds, weights, kinds)
        value = noted(metrics_collections, best(values, "value"))
        return value, noted(updates_collections, best(updates, "update"))


@export("contrib.metrics.aggregate_metrics", "contrib.slim.metrics.aggregate_metrics")
def aggregate_metrics(*value_update_tuples: Any) -> tuple[list[Any], list[Any]]:
    """Returns the values and the updates of several metrics, as two lists.

    Args:
        *value_update_tuples: metrics.

    Raises:
        ValueError: if there are none.
    """
    if not value_update_tuples:
        raise ValueError("Expected at least one value_tensor/update_op pair")
    return [m[0] for m in value_update_tuples], [m[1] for m in value_update_tuples]


@export("contrib.metrics.aggregate_metric_map", "contrib.slim.metrics.aggregate_metric_map")
def aggregate_metric_map(names_to_tuples: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the values and the updates of named metrics, as two dicts.

    Args:
        names_to_tuples: metrics by names of your own.
    """
    values = {name: metric[0] for name, metric in names_to_tuples.items()}
    return values, {name: metric[1] for name, metric in names_to_tuples.items()}


@export(
    "contrib.metrics.streaming_sparse_average_precision_at_top_k",
    "contrib.slim.metrics.streaming_sparse_average_precision_at_top_k",
)
def streaming_sparse_average_precision_at_top_k(
    top_k_predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns the mean over examples of the average precision of predicted classes.

    Args:
        top_k_predictions: the predicted classes, best first, [..., k].
        labels: see `tf.metrics.average_precision_at_k`, and so the others.
        weights: what each example counts; None: 1.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.
    """
    collections = metrics_collections, updates_collections
    return metrics_average_precision.streamed(labels, top_k_predictions, weights, collections, name)
