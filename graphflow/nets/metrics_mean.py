"""Metrics that are means: of values, of matches, and of errors."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import float32
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets.metrics_base import Metric, fitted, graph_only, metric_variable, noted
from graphflow.nets.weights_broadcast import broadcast_weights
from graphflow.ops.arithmetic import maximum, multiply, squared_difference, subtract
from graphflow.ops.cast import cast
from graphflow.ops.comparison import equal, less
from graphflow.ops.confusion import remove_squeezable_dimensions
from graphflow.ops.division import div, div_no_nan
from graphflow.ops.fill import ones_like, zeros_like
from graphflow.ops.powers import sqrt
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.select import where
from graphflow.ops.shape_ops import size
from graphflow.ops.state import assign_add
from graphflow.ops.variable_scope import variable_scope


@export("metrics.mean")
@graph_only("tf.metrics.mean")
def mean(
    values: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns the mean of all values of all batches, weighted.

    Args:
        values: numbers, of any shape.
        weights: what each value counts: a scalar, or a tensor of the rank of `values`, each size
            equal or 1; None: 1.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.

    Returns:
        The value so far, and an operation that adds a batch and returns the value after it; 0
        while all weights are 0.

    Raises:
        ValueError: if the static shapes say that the weights do not fit.
        RuntimeError: if run eagerly. So all metrics do.
    """
    with variable_scope(name, "mean", (values, weights)):
        values = cast(values, float32)
        total = metric_variable([], float32, name="total")
        count = metric_variable([], float32, name="count")
        if weights is None:
            number = cast(size(values), float32)
        else:
            values, weights = _weighted(values, weights)
            number = reduce_sum(weights)
        return _added(
            total, count, reduce_sum(values), number, values,
            (metrics_collections, updates_collections),
        )  # fmt: skip


@export("metrics.mean_tensor")
@graph_only("tf.metrics.mean_tensor")
def mean_tensor(
    values: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns the mean over the batches, element by element, weighted.

    Args:
        values: numbers, of one shape in all batches.
        weights: see `mean`, and so the others.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.
    """
    with variable_scope(name, "mean", (values, weights)):
        values = cast(values, float32)
        total = metric_variable(values.get_shape(), float32, name="total_tensor")
        count = metric_variable(values.get_shape(), float32, name="count_tensor")
        number = ones_like(values)
        if weights is not None:
            values, weights = _weighted(values, weights)
            number = multiply(number, weights)
        return _added(
            total, count, values, number, values, (metrics_collections, updates_collections)
        )


def _weighted(values: Any, weights: Any) -> tuple[Tensor, Tensor]:
    """Values times weights, and the weights in their shape."""
    values, _, weights = fitted(values, None, weights)
    weights = broadcast_weights(cast(weights, float32), values)
    return multiply(values, weights), weights


def _added(
    total: Any, count: Any, amount: Any, number: Any, values: Any, collections: tuple[Any, Any]
) -> Metric:
    """Adds to both variables, and returns their ratio before and after."""
    new_total = assign_add(total, amount)
    with scopes.control_dependencies([values]):
        new_count = assign_add(count, number)
    value = div_no_nan(total, maximum(count, 0), name="value")
    noted(collections[0], value)
    update = div_no_nan(new_total, maximum(new_count, 0), name="update_op")
    return value, noted(collections[1], update)


@export("metrics.accuracy")
@graph_only("tf.metrics.accuracy")
def accuracy(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns how many predictions equal their label, of 1.

    Args:
        labels: the true values.
        predictions: of the same shape; cast to the type of the labels.
        weights: see `mean`, and so the others.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.

    Raises:
        ValueError: if the static shapes differ.
    """
    predictions, labels, weights = fitted(predictions, labels, weights)
    if labels.dtype != predictions.dtype:
        predictions = cast(predictions, labels.dtype)
    right = cast(equal(predictions, labels), float32)
    return mean(right, weights, metrics_collections, updates_collections, name or "accuracy")


@export("metrics.percentage_below")
@graph_only("tf.metrics.percentage_below")
def percentage_below(
    values: Any,
    threshold: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns how many values are below a threshold, of 1.

    Args:
        values: numbers.
        threshold: a number of their type.
        weights: see `mean`.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.
    """
    below = cast(less(values, threshold), float32)
    name = name or "percentage_below_threshold"
    return mean(below, weights, metrics_collections, updates_collections, name)


# --- errors ---
@export("metrics.mean_absolute_error")
@graph_only("tf.metrics.mean_absolute_error")
def mean_absolute_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns the mean of `abs(predictions - labels)`.

    Args:
        labels: the true values.
        predictions: of the same shape and type.
        weights: see `mean`.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.
    """
    predictions, labels, weights = fitted(predictions, labels, weights)
    errors = apply("Abs", predictions - labels)
    name = name or "mean_absolute_error"
    return mean(errors, weights, metrics_collections, updates_collections, name)


@export("metrics.mean_squared_error")
@graph_only("tf.metrics.mean_squared_error")
def mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns the mean of `(predictions - labels) ** 2`.

    Args:
        labels: the true values.
        predictions: of the same shape and type.
        weights: see `mean`.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.
    """
    predictions, labels, weights = fitted(predictions, labels, weights)
    errors = squared_difference(labels, predictions)
    name = name or "mean_squared_error"
    return mean(errors, weights, metrics_collections, updates_collections, name)


@export("metrics.root_mean_squared_error")
@graph_only("tf.metrics.root_mean_squared_error")
def root_mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns the square root of the mean of `(predictions - labels) ** 2`.

    Args:
        labels: the true values.
        predictions: of the same shape and type.
        weights: see `mean`.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and of the mean's nodes.
    """
    predictions, labels, weights = fitted(predictions, labels, weights)
    name = name or "root_mean_squared_error"
    square, new_square = mean_squared_error(labels, predictions, weights, None, None, name)
    value = noted(metrics_collections, sqrt(square))
    return value, noted(updates_collections, sqrt(new_square))


@export("metrics.mean_relative_error")
@graph_only("tf.metrics.mean_relative_error")
def mean_relative_error(
    labels: Any,
    predictions: Any,
    normalizer: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns the mean of `abs(labels - predictions) / normalizer`; of 0 where that is 0.

    Args:
        labels: the true values.
        predictions: of the same shape and type.
        normalizer: of the same shape and type.
        weights: see `mean`.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.
    """
    predictions, labels, weights = fitted(predictions, labels, weights)
    predictions, normalizer = remove_squeezable_dimensions(predictions, normalizer)
    predictions.get_shape().assert_is_compatible_with(normalizer.get_shape())
    errors = where(
        equal(normalizer, 0.0),
        zeros_like(labels),
        div(apply("Abs", labels - predictions), normalizer),
    )
    name = name or "mean_relative_error"
    return mean(errors, weights, metrics_collections, updates_collections, name)


@export("metrics.mean_cosine_distance")
@graph_only("tf.metrics.mean_cosine_distance")
def mean_cosine_distance(
    labels: Any,
    predictions: Any,
    dim: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns the mean of `1 - sum(predictions * labels)` along an axis.

    Args:
        labels: vectors of length 1.
        predictions: vectors of length 1, of the same shape and type.
        dim: the axis of the vectors.
        weights: see `mean`; the size of `dim` must be 1.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and of the mean's nodes.
    """
    predictions, labels, weights = fitted(predictions, labels, weights)
    products = reduce_sum(multiply(predictions, labels), axis=[dim], keepdims=True)
    similarity, update = mean(products, weights, None, None, name or "mean_cosine_distance")
    distance, new_distance = subtract(1.0, similarity), subtract(1.0, update)
    return noted(metrics_collections, distance), noted(updates_collections, new_distance)
