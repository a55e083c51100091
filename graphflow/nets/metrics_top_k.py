"""Metrics of the k best classes of each example, against sets of true classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphflow.core import scopes
from graphflow.core.dtypes import float64, int32, int64
from graphflow.core.export import export
from graphflow.core.sparse_tensor import SparseTensor, convert_to_tensor_or_sparse_tensor
from graphflow.core.tensor import Tensor
from graphflow.nets.metrics_base import Metric, graph_only, metric_variable, noted
from graphflow.nets.weights_broadcast import assert_broadcastable
from graphflow.ops.arithmetic import add, multiply
from graphflow.ops.cast import cast
from graphflow.ops.comparison import equal
from graphflow.ops.concat import concat
from graphflow.ops.division import div
from graphflow.ops.dynamic import dynamic_stitch
from graphflow.ops.fill import fill
from graphflow.ops.flow_cond import cond
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.reshape import expand_dims, reshape
from graphflow.ops.sequence import range_
from graphflow.ops.sets import set_difference, set_intersection, set_size
from graphflow.ops.shape_ops import rank, shape, size
from graphflow.ops.sort import top_k
from graphflow.ops.sparse_reshape import sparse_reshape
from graphflow.ops.sparse_rows import sparse_retain
from graphflow.ops.state import assign_add


def at_k_name(name: str, k: Any = None, class_id: Any = None) -> str:
    """The default scope of a metric, such as `recall_at_3_class1`."""
    name = f"{name}_at_k" if k is None else f"{name}_at_{k:d}"
    return name if class_id is None else f"{name}_class{class_id:d}"


# --- operands ---
def with_last_axis(labels: Any, predictions: Any) -> Any:
    """Returns labels of the rank of the predictions: with an axis of size 1, if one is missing.

    Raises:
        ValueError: if the ranks are known and labels have neither as many axes nor one less.
    """
    with scopes.name_scope(None, "expand_labels", (labels, predictions)) as scope:
        labels = convert_to_tensor_or_sparse_tensor(labels)
        if isinstance(labels, SparseTensor):
            return _sparse_with_last_axis(labels, predictions, scope)
        if labels.dims is not None and predictions.get_shape().ndims is not None:
            missing = predictions.get_shape().ndims - len(labels.dims)
            if missing == 0:
                return labels
            if missing == 1:
                return expand_dims(labels, -1, name=scope)
            raise ValueError(
                f"Unexpected labels shape {labels.get_shape()} for predictions shape "
                f"{predictions.get_shape()}."
            )
        return cond(
            equal(rank(predictions), rank(labels) + 1),
            lambda: expand_dims(labels, -1, name=scope),
            lambda: labels,
        )


def _sparse_with_last_axis(labels: SparseTensor, predictions: Any, scope: str) -> Any:
    def widened() -> SparseTensor:
        sizes = concat((labels.dense_shape, (1,)), 0)
        return sparse_reshape(labels, shape=sizes, name=scope)

    missing = equal(rank(predictions), size(labels.dense_shape) + 1)
    return cond(missing, widened, lambda: labels)


def _only_class(ids: Any, class_id: Any) -> SparseTensor:
    """The sets `ids`, less all but one class."""
    ids = convert_to_tensor_or_sparse_tensor(ids)
    if isinstance(ids, SparseTensor):
        return sparse_retain(ids, equal(ids.values, class_id))
    sizes = shape(ids, out_type=int64)
    last = size(sizes) - 1
    wanted = fill(_with_size_one(sizes, reshape(last, [1])), cast(class_id, int64))
    found = set_intersection(wanted, ids)
    return SparseTensor(found.indices, found.values, sizes)


def _with_size_one(sizes: Tensor, axes: Tensor) -> Tensor:
    """A shape in which some axes have size 1."""
    sizes, axes = cast(sizes, int32), cast(axes, int32)
    n = size(sizes)
    axes = (axes + n) % n
    ones = fill(shape(axes), 1)
    return dynamic_stitch([range_(n), axes], [sizes, ones])


# --- counts of one batch ---
Combine = Callable[[Any, Any], SparseTensor]
_COMBINATIONS: dict[str, Combine] = {
    "true_positive": set_intersection,
    "false_positive": lambda a, b: set_difference(a, b, aminusb=True),
    "false_negative": lambda a, b: set_difference(a, b, aminusb=False),
}


def counted(
    kind: str,
    labels: Any,
    predictions: Any,
    class_id: Any = None,
    weights: Any = None,
    name: str | None = None,
) -> Tensor:
    """Counts in each set of the last axis.

    Args:
        kind: "true_positive", "false_positive" or "false_negative".
        labels: sets of true classes, dense or sparse.
        predictions: sets of predicted classes.
        class_id: the only class to look at; None: all.
        weights: what each set counts.
        name: the name of the scope.
    """
    with scopes.name_scope(name, f"{kind}s", (predictions, labels, weights)):
        if class_id is not None:
            labels, predictions = _only_class(labels, class_id), _only_class(predictions, class_id)
        found = cast(set_size(_COMBINATIONS[kind](predictions, labels)), float64)
        if weights is not None:
            with scopes.control_dependencies((assert_broadcastable(weights, found),)):
                found = multiply(found, cast(weights, float64))
        return found  # type: ignore[no-any-return]  # a tensor


def _summed(
    kind: str, labels: Any, predictions: Any, k: Any, class_id: Any, weights: Any
) -> tuple[Any, Any]:
    """The count of all batches: a variable and its update."""
    values = predictions, labels, weights
    with scopes.name_scope(None, at_k_name(kind, k, class_id), values) as scope:
        each = counted(kind, labels, predictions, class_id, weights)
        batch = cast(reduce_sum(each), float64)
        total = metric_variable([], float64, name=scope)
        return total, assign_add(total, batch, name="update")


# --- precision and recall ---
def _ratio(
    other: str,
    operands: tuple[Any, Any, Any],
    k: Any,
    class_id: Any,
    collections: tuple[Any, Any],
    scope: str,
) -> Metric:
    """True positives over true positives plus others."""
    labels, predictions, weights = operands
    labels = with_last_axis(labels, predictions)
    best = cast(predictions, int64)
    true, new_true = _summed("true_positive", labels, best, k, class_id, weights)
    rest, new_rest = _summed(other, labels, best, k, class_id, weights)
    value = noted(collections[0], div(true, add(true, rest), name=scope))
    update = div(new_true, add(new_true, new_rest), name="update")
    return value, noted(collections[1], update)


@export("metrics.precision_at_top_k")
@graph_only("tf.metrics.precision_at_top_k")
def precision_at_top_k(
    labels: Any,
    predictions_idx: Any,
    k: int | None = None,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns how many of the predicted classes are true, of 1; nan while there are none.

    Args:
        labels: int64 sets of true classes, [..., any] dense or sparse, or [...] one class each.
        predictions_idx: the predicted classes, [..., k].
        k: how many there are, for the name.
        class_id: the only class to look at; None: all.
        weights: what each example counts: a scalar, or [...] with sizes equal or 1; None: 1.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.

    Raises:
        ValueError: if the static shapes do not fit.
    """
    values = predictions_idx, labels, weights
    with scopes.name_scope(name, at_k_name("precision", k, class_id), values) as scope:
        collections = metrics_collections, updates_collections
        operands = labels, predictions_idx, weights
        return _ratio("false_positive", operands, k, class_id, collections, scope)


@export("metrics.precision_at_k")
@graph_only("tf.metrics.sparse_precision_at_k")  # TensorFlow's message has the old name
def precision_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns how many of the k classes with the highest scores are true, of 1.

    Args:
        labels: int64 sets of true classes, [..., any] dense or sparse, or [...] one class each.
        predictions: scores of classes, [..., classes].
        k: how many classes are taken.
        class_id: the only class to look at; None: all.
        weights: what each example counts: a scalar, or [...] with sizes equal or 1; None: 1.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.

    Raises:
        ValueError: if the static shapes do not fit.
    """
    values = predictions, labels, weights
    with scopes.name_scope(name, at_k_name("precision", k, class_id), values) as scope:
        _, best = top_k(predictions, k)
        collections = metrics_collections, updates_collections
        return precision_at_top_k(labels, best, k, class_id, weights, *collections, name=scope)


@export("metrics.sparse_precision_at_k")
def sparse_precision_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns `tf.metrics.precision_at_k`, under its old name.

    Args:
        labels: see there, and so the others.
        predictions: scores of classes.
        k: how many classes are taken.
        class_id: the only class to look at.
        weights: what each example counts.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.
    """
    collections = metrics_collections, updates_collections
    return precision_at_k(labels, predictions, k, class_id, weights, *collections, name=name)


@export("metrics.recall_at_top_k")
def recall_at_top_k(
    labels: Any,
    predictions_idx: Any,
    k: int | None = None,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns how many of the true classes are predicted, of 1; nan while there are none.

    Args:
        labels: int64 sets of true classes, [..., any] dense or sparse, or [...] one class each.
        predictions_idx: the predicted classes, [..., k].
        k: how many there are, for the name.
        class_id: the only class to look at; None: all.
        weights: what each example counts: a scalar, or [...] with sizes equal or 1; None: 1.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.

    Raises:
        ValueError: if the static shapes do not fit.
    """
    values = predictions_idx, labels, weights
    with scopes.name_scope(name, at_k_name("recall", k, class_id), values) as scope:
        collections = metrics_collections, updates_collections
        operands = labels, predictions_idx, weights
        return _ratio("false_negative", operands, k, class_id, collections, scope)


@export("metrics.recall_at_k")
@graph_only("tf.metrics.recall_at_k")
def recall_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> Metric:
    """Returns how many of the true classes are among the k with the highest scores, of 1.

    Args:
        labels: int64 sets of true classes, [..., any] dense or sparse, or [...] one class each.
        predictions: scores of classes, [..., classes].
        k: how many classes are taken.
        class_id: the only class to look at; None: all.
        weights: what each example counts: a scalar, or [...] with sizes equal or 1; None: 1.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.

    Raises:
        ValueError: if the static shapes do not fit.
    """
    values = predictions, labels, weights
    with scopes.name_scope(name, at_k_name("recall", k, class_id), values) as scope:
        _, best = top_k(predictions, k)
        collections = metrics_collections, updates_collections
        return recall_at_top_k(labels, best, k, class_id, weights, *collections, name=scope)
