"""Metrics that count how predictions of True and False turn out, and ratios of such counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.dtypes import bool_, float32
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets.metrics_base import Metric, fitted, graph_only, metric_variable, noted
from graphflow.ops.arithmetic import multiply
from graphflow.ops.asserts import assert_rank_in, assert_type
from graphflow.ops.cast import cast
from graphflow.ops.comparison import equal, greater, logical_and
from graphflow.ops.division import div
from graphflow.ops.identity import identity
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.select import where
from graphflow.ops.shape_ops import rank
from graphflow.ops.state import assign_add
from graphflow.ops.variable_scope import variable_scope

_ARGUMENTS: Final = """Args:
        labels: the true values, cast to bool.
        predictions: of the same shape, cast to bool.
        weights: what each counts: a scalar, or a tensor of their rank; None: 1.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        name: the scope of variables and nodes.

    Raises:
        ValueError: if the static shapes do not fit."""


def _as_bools(predictions: Any, labels: Any, weights: Any) -> tuple[Any, Any, Any]:
    return fitted(cast(predictions, dtype=bool_), cast(labels, dtype=bool_), weights)


def _counted(values: Any, weights: Any, collections: tuple[Any, Any]) -> Metric:
    """Counts the elements that are True, in a variable."""
    assert_type(values, bool_)
    count = metric_variable([], float32, name="count")
    values = cast(values, float32)
    if weights is not None:
        with scopes.control_dependencies((assert_rank_in(weights, (0, rank(values))),)):
            values = multiply(values, cast(weights, float32))
    value = noted(collections[0], identity(count))
    update = assign_add(count, reduce_sum(values))
    return value, noted(collections[1], update)


def _count(name: str, label: bool, prediction: bool) -> Callable[..., Metric]:
    """Makes the metric that counts where label and prediction have these values."""
    default_name = name

    def metric(
        labels: Any,
        predictions: Any,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> Metric:
        with variable_scope(name, default_name, (predictions, labels, weights)):
            predictions, labels, weights = _as_bools(predictions, labels, weights)
            found = logical_and(equal(labels, label), equal(predictions, prediction))
            return _counted(found, weights, (metrics_collections, updates_collections))

    metric.__name__ = metric.__qualname__ = name
    metric.__doc__ = (
        f"Counts the {name.replace('_', ' ')}: labels {label} that were predicted {prediction}.\n\n"
        f"    {_ARGUMENTS}\n    "
    )
    checked: Callable[..., Metric] = graph_only(f"tf.metrics.{name}")(metric)
    return export(f"metrics.{name}")(checked)


true_positives = _count("true_positives", label=True, prediction=True)
false_positives = _count("false_positives", label=False, prediction=True)
true_negatives = _count("true_negatives", label=False, prediction=False)
false_negatives = _count("false_negatives", label=True, prediction=False)


def _ratio(
    name: str, other: Callable[..., Metric], eager_name: str, what: str
) -> Callable[..., Metric]:
    """Makes the metric `true positives / (true positives + other)`; 0 where nothing is counted."""
    default_name = name

    def share(true: Any, rest: Any, name: str) -> Tensor:
        return where(greater(true + rest, 0), div(true, true + rest), 0, name)

    def metric(
        labels: Any,
        predictions: Any,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> Metric:
        with variable_scope(name, default_name, (predictions, labels, weights)):
            predictions, labels, weights = _as_bools(predictions, labels, weights)
            true, new_true = true_positives(labels, predictions, weights)
            rest, new_rest = other(labels, predictions, weights)
            value = noted(metrics_collections, share(true, rest, "value"))
            update = noted(updates_collections, share(new_true, new_rest, "update_op"))
        return value, update

    metric.__name__ = metric.__qualname__ = name
    metric.__doc__ = f"Returns how many of {what}, of 1.\n\n    {_ARGUMENTS}\n    "
    checked: Callable[..., Metric] = graph_only(eager_name)(metric)
    return export(f"metrics.{name}")(checked)


precision = _ratio(
    "precision", false_positives, "tf.metrics.precision", "those predicted True are True"
)
recall = _ratio(
    "recall",
    false_negatives,
    "tf.metrics.recall is not supported",  # TensorFlow says it twice
    "those that are True were predicted True",
)
