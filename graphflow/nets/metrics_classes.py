"""Metrics of class numbers: accuracy and overlap of each class, and their means."""

from __future__ import annotations

from typing import Any

from graphflow.core.dtypes import float32, float64, int64
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets.metrics_base import Metric, graph_only, metric_variable, noted
from graphflow.ops.arithmetic import maximum
from graphflow.ops.cast import cast
from graphflow.ops.comparison import equal, greater, not_equal
from graphflow.ops.confusion import confusion_matrix
from graphflow.ops.diag import diag_part
from graphflow.ops.division import div, div_no_nan
from graphflow.ops.fill import ones, ones_like
from graphflow.ops.reduce import reduce_mean, reduce_sum
from graphflow.ops.reshape import reshape
from graphflow.ops.select import where
from graphflow.ops.shape_ops import size
from graphflow.ops.state import assign_add
from graphflow.ops.state_scatter import scatter_add
from graphflow.ops.variable_scope import variable_scope


def _flat(x: Any) -> Any:
    """A tensor as a vector, if it has two axes or more."""
    return reshape(x, [-1]) if x.get_shape().ndims > 1 else x


@export("metrics.mean_per_class_accuracy")
@graph_only("tf.metrics.mean_per_class_accuracy")
def mean_per_class_accuracy(
    labels: Any,
    predictions: Any,
    num_classes: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns the mean over the classes of the part of each that was found.

    Args:
        labels: the true classes.
        predictions: the predicted ones, of the same shape.
        num_classes: how many classes there are.
        weights: what each label counts, of the same shape; None: 1.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.

    Returns:
        The mean so far, and an operation that adds a batch and returns the accuracy of each class
        after it, [num_classes].
    """
    with variable_scope(name, "mean_accuracy", (predictions, labels, weights)):
        labels, predictions = _flat(cast(labels, int64)), _flat(predictions)
        predictions.get_shape().assert_is_compatible_with(labels.get_shape())
        total = metric_variable([num_classes], float32, name="total")
        count = metric_variable([num_classes], float32, name="count")
        each = ones([size(labels)], float32)
        if labels.dtype != predictions.dtype:
            predictions = cast(predictions, labels.dtype)
        right = cast(equal(predictions, labels), float32)
        if weights is not None:
            weights = cast(_flat(weights), float32)
            right, each = right * weights, each * weights
        new_total = scatter_add(total, labels, each)
        new_count = scatter_add(count, labels, right)
        value = reduce_mean(div_no_nan(count, maximum(total, 0)), name="mean_accuracy")
        noted(metrics_collections, value)
        update = div_no_nan(new_count, maximum(new_total, 0), name="update_op")
        return value, noted(updates_collections, update)


@export("metrics.mean_iou")
@graph_only("tf.metrics.mean_iou")
def mean_iou(
    labels: Any,
    predictions: Any,
    num_classes: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns the mean over the classes of intersection over union of truth and prediction.

    Args:
        labels: the true classes.
        predictions: the predicted ones, of the same shape.
        num_classes: how many classes there are.
        weights: what each label counts, of the same shape; None: 1.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.

    Returns:
        The mean so far of the classes that appeared, and an operation that adds a batch and
        returns how often each class was taken for each, [num_classes, num_classes].

    Raises:
        ValueError: if the static shapes differ.
        InvalidArgumentError: in a run, if a class is negative or not below `num_classes`.
    """
    with variable_scope(name, "mean_iou", (predictions, labels, weights)):
        predictions.get_shape().assert_is_compatible_with(labels.get_shape())
        matrix, update = _summed_confusion(labels, predictions, num_classes, weights)
        value = noted(metrics_collections, _mean_overlap(matrix))
        return value, noted(updates_collections, update)


def _summed_confusion(labels: Any, predictions: Any, num_classes: Any, weights: Any) -> Any:
    """How often each class was taken for each in all batches: the variable and its update."""
    matrix = metric_variable([num_classes, num_classes], float64, name="total_confusion_matrix")
    predictions, labels = cast(predictions, int64), cast(labels, int64)
    classes = cast(num_classes, int64)
    predictions, labels = _flat(predictions), _flat(labels)
    if weights is not None:
        weights = _flat(weights)
    found = confusion_matrix(labels, predictions, classes, dtype=float64, weights=weights)
    return matrix, assign_add(matrix, found)


def _mean_overlap(matrix: Any) -> Tensor:
    of_row = cast(reduce_sum(matrix, 0), float32)
    of_column = cast(reduce_sum(matrix, 1), float32)
    both = cast(diag_part(matrix), float32)
    union = of_row + of_column - both
    appeared = reduce_sum(cast(not_equal(union, 0), dtype=float32))
    overlap = div(both, where(greater(union, 0), union, ones_like(union)))
    mean = reduce_sum(overlap, name="mean_iou") / appeared
    return where(greater(appeared, 0), mean, 0)
