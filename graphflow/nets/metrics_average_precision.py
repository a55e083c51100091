"""The mean over examples of the average precision of their k best classes."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.dtypes import float64, int64
from graphflow.core.export import export
from graphflow.core.sparse_tensor import (
    SparseTensor,
    SparseTensorValue,
    convert_to_tensor_or_sparse_tensor,
)
from graphflow.core.tensor import Tensor
from graphflow.nets.metrics_base import Metric, graph_only, metric_variable, noted, safe_ratio
from graphflow.nets.metrics_top_k import at_k_name, counted, with_last_axis
from graphflow.nets.weights_broadcast import broadcast_weights
from graphflow.ops.arithmetic import minimum, multiply
from graphflow.ops.cast import cast
from graphflow.ops.comparison import greater_equal
from graphflow.ops.concat import concat
from graphflow.ops.division import div
from graphflow.ops.fill import ones_like, zeros_like
from graphflow.ops.flow_cond import cond
from graphflow.ops.reduce import reduce_max, reduce_sum
from graphflow.ops.reshape import expand_dims, reshape
from graphflow.ops.scan import cumsum
from graphflow.ops.select import where_v2
from graphflow.ops.sets import set_size
from graphflow.ops.shape_ops import shape, size
from graphflow.ops.slice import slice_
from graphflow.ops.sort import top_k
from graphflow.ops.sparse_concat import sparse_concat
from graphflow.ops.sparse_reshape import sparse_reshape
from graphflow.ops.state import assign_add
from graphflow.ops.tile import tile


# --- labels ---
def _in_range(labels: Any, classes: Tensor) -> Any:
    """Labels with -1 in place of those that no class has."""
    sparse = isinstance(labels, SparseTensor | SparseTensorValue)

    def cleaned(values: Any) -> Any:
        return where_v2(greater_equal(values, classes), -1 * ones_like(values), values)

    def replaced() -> Any:
        if not sparse:
            return cleaned(labels)
        return type(labels)(labels.indices, cleaned(labels.values), labels.dense_shape)

    largest = reduce_max(labels.values if sparse else labels)
    return cond(greater_equal(largest, classes), replaced, lambda: labels)


def _repeated(labels: Any, k: int) -> Any:
    """Labels [..., n] as [..., k, n], k times the same."""
    with scopes.name_scope("labels_per_k", None, (labels, k, -1)) as scope:
        labels = convert_to_tensor_or_sparse_tensor(labels)
        if isinstance(labels, SparseTensor):
            return _sparse_repeated(labels, k, scope)
        wide = expand_dims(labels, -2, name="expand")
        if k == 1:
            return wide
        ones = ones_like(shape(labels))
        return tile(wide, concat((ones[:-1], (k,), ones[-1:]), 0, name="multiples"), name=scope)


def _sparse_repeated(labels: SparseTensor, k: int, scope: str) -> SparseTensor:
    sizes = labels.dense_shape
    before = reshape(size(sizes) + -1, [1])
    wide_sizes = concat(
        (slice_(sizes, [0], before), [1], slice_(sizes, before, [-1])), 0, name="expanded_shape"
    )
    wide = sparse_reshape(labels, shape=wide_sizes, name="expand")
    return wide if k == 1 else sparse_concat(-2, [wide] * k, name=scope)


def _num_relevant(labels: Any, k: int) -> Tensor:
    """How many labels an example has, at most k."""
    with scopes.name_scope(None, "num_relevant", (labels,)) as scope:
        labels = convert_to_tensor_or_sparse_tensor(labels)
        if isinstance(labels, SparseTensor):
            number = set_size(labels)
        else:
            real = greater_equal(labels, 0)
            number = reduce_sum(where_v2(real, ones_like(labels), zeros_like(labels)), axis=-1)
        found: Tensor = minimum(number, k, name=scope)
    return found


# --- average precision ---
def _average_precision(labels: Any, predictions: Any) -> Tensor:
    """Of each example: the mean of the precisions at the places where a true class stands."""
    with scopes.name_scope(None, "average_precision", (predictions, labels)) as scope:
        predictions = cast(predictions, int64, name="predictions_idx")
        if predictions.get_shape().ndims == 0:
            raise ValueError("The rank of predictions_idx must be at least 1.")
        k = predictions.get_shape().as_list()[-1]
        if k is None:
            raise ValueError("The last dimension of predictions_idx must be set.")
        labels = with_last_axis(labels, predictions)
        each = expand_dims(predictions, -1, name="predictions_idx_per_k")
        relevant = counted("true_positive", _repeated(labels, k), each, name="relevant_per_k")
        so_far = cumsum(relevant, axis=-1, name="tp_per_k")
        place = cumsum(ones_like(relevant), axis=-1, name="retrieved_per_k")
        precision = div(cast(so_far, float64), cast(place, float64), name="precision_per_k")
        counting = multiply(precision, cast(relevant, float64), name="relevant_precision_per_k")
        total = reduce_sum(counting, axis=(-1,), name="precision_sum")
        found: Tensor = div(total, cast(_num_relevant(labels, k), float64), name=scope)
    return found


def streamed(
    labels: Any,
    predictions: Any,
    weights: Any,
    collections: tuple[Any, Any],
    name: str | None,
) -> Metric:
    """Returns the mean over the examples of all batches.

    Args:
        labels: sets of true classes.
        predictions: the predicted classes, best first, [..., k].
        weights: what each example counts; None: 1.
        collections: for the value, and for the update.
        name: the scope of variables and nodes.
    """
    values = predictions, labels, weights
    with scopes.name_scope(name, "average_precision_at_top_k", values) as scope:
        each = _average_precision(labels, predictions)
        if weights is not None:
            weights = broadcast_weights(cast(weights, float64), each)
            each = multiply(each, weights)
        count, new_count = _number(each, weights)
        with scopes.name_scope(None, "total", (each,)) as inner:
            total = metric_variable([], float64, name=inner)
            batch = reduce_sum(each, name="batch_total")
            new_total = assign_add(total, batch, name="update")
        value = noted(collections[0], safe_ratio(total, count, name="mean"))
        return value, noted(collections[1], safe_ratio(new_total, new_count, name=scope))


def _number(each: Tensor, weights: Any) -> tuple[Any, Any]:
    """The sum of the weights of all examples: a variable and its update."""
    with scopes.name_scope(None, "max", (each,)) as inner:
        count = metric_variable([], float64, name=inner)
        if weights is None:
            batch = cast(size(each, name="batch_max"), float64)
        else:
            batch = reduce_sum(weights, name="batch_max")
        return count, assign_add(count, batch, name="update")


@export("metrics.average_precision_at_k")
@graph_only("tf.metrics.sparse_average_precision_at_k")  # TensorFlow's message has the old name
def average_precision_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns the mean over examples of the average precision of the k highest scores.

    Args:
        labels: int64 sets of true classes, [..., any] dense or sparse, or [...] one class each;
            those below 0 or too large count as never found.
        predictions: scores of classes, [..., classes].
        k: how many classes are taken.
        weights: what each example counts: a scalar, or [...] with sizes equal or 1; None: 1.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.

    Raises:
        ValueError: if k is below 1, or the static shapes do not fit.
    """
    if k < 1:
        raise ValueError(f"Invalid k={k}.")
    values = predictions, labels, weights
    with scopes.name_scope(name, at_k_name("average_precision", k), values) as scope:
        _, best = top_k(predictions, k)
        labels = _in_range(labels, cast(shape(predictions)[-1], int64))
        collections = metrics_collections, updates_collections
        return streamed(labels, best, weights, collections, scope)


@export("metrics.sparse_average_precision_at_k")
def sparse_average_precision_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns `tf.metrics.average_precision_at_k`, under its old name.

    Args:
        labels: see there, and so the others.
        predictions: scores of classes.
        k: how many classes are taken.
        weights: what each example counts.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.
    """
    collections = metrics_collections, updates_collections
    return average_precision_at_k(labels, predictions, k, weights, *collections, name=name)
