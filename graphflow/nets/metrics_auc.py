"""The area under the curve of true and false positives, or of precision and recall."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets.metrics_base import Metric, graph_only, noted
from graphflow.nets.metrics_thresholds import EPSILON, Counts, counts_at_thresholds, evenly
from graphflow.ops.arithmetic import maximum, minimum, multiply
from graphflow.ops.comparison import logical_and
from graphflow.ops.division import div, div_no_nan
from graphflow.ops.fill import ones_like
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.select import where
from graphflow.ops.variable_scope import variable_scope
from graphflow.platform import tf_logging

_SMALL: Final = 1.0e-6
"""Keeps the rates from a division by 0."""
_HEIGHTS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "trapezoidal": lambda left, right: (left + right) / 2.0,
    "careful_interpolation": lambda left, right: (left + right) / 2.0,
    "minoring": minimum,
    "majoring": maximum,
}
"""How high the curve is between two points, by summation method."""


@export("metrics.auc")
@graph_only("tf.metrics.auc")
def auc(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    curve: str = "ROC",
    name: str | None = None,
    summation_method: str = "trapezoidal",
    thresholds: Sequence[float] | None = None,
) -> Metric:
    """Returns the area under a curve that runs through points at thresholds.

    Args:
        labels: the true values, cast to bool.
        predictions: scores from 0 to 1, of the same shape.
        weights: what each score counts: a scalar, or a tensor of their rank, each size equal or
            1; None: 1.
        num_thresholds: how many thresholds are taken, at equal distances.
        metrics_collections: collections for the value.
        updates_collections: collections for the update.
        curve: "ROC": true positives over false positives; "PR": precision over recall.
        name: the scope of variables and nodes.
        summation_method: "trapezoidal"; "careful_interpolation", which is right for "PR";
            "minoring" and "majoring" for the areas below and above the curve.
        thresholds: numbers from 0 to 1, in place of `num_thresholds`.

    Returns:
        The area so far, and an operation that adds a batch and returns the area after it.

    Raises:
        ValueError: if `curve` or `summation_method` is unknown, or shapes do not fit.
        InvalidArgumentError: in a run, if a score is not in [0, 1].

    Source:
        Davis and Goadrich, The Relationship Between Precision-Recall and ROC Curves, 2006.
    """
    with variable_scope(name, "auc", (labels, predictions, weights)):
        if curve not in ("ROC", "PR"):
            raise ValueError(f"curve must be either ROC or PR, {curve} unknown")
        inner = evenly(num_thresholds) if thresholds is None else sorted(thresholds)
        limits = [0.0 - EPSILON, *inner, 1.0 + EPSILON]
        values, updates = counts_at_thresholds(labels, predictions, limits, weights)
        value = noted(metrics_collections, _area(values, curve, summation_method, "value"))
        update = _area(updates, curve, summation_method, "update_op")
        return value, noted(updates_collections, update)


def _area(counts: Counts, curve: str, method: str, name: str) -> Tensor:
    if curve == "PR" and method == "trapezoidal":
        tf_logging.warning(
            "The trapezoidal rule is known to produce incorrect PR-AUCs; please switch to "
            '"careful_interpolation" instead.'
        )
    if curve == "PR" and method == "careful_interpolation":
        return _interpolated(counts["tp"], counts["fp"], counts["fn"])
    x, y = _curve(counts, curve)
    if method not in _HEIGHTS:
        raise ValueError(f"Invalid summation_method: {method}")
    last = _size(x) - 1
    width = x[:last] - x[1:]
    found: Tensor = reduce_sum(multiply(width, _HEIGHTS[method](y[:last], y[1:])), name=name)
    return found


def _size(x: Any) -> int:
    found: int = x.get_shape().as_list()[0]
    return found


def _curve(counts: Counts, curve: str) -> tuple[Tensor, Tensor]:
    """The points of the curve, from the lowest threshold to the highest."""
    tp, fn, tn, fp = (counts[kind] for kind in ("tp", "fn", "tn", "fp"))
    found = div(tp + _SMALL, tp + fn + _SMALL)
    if curve == "ROC":
        return div(fp, fp + tn + _SMALL), found
    return found, div(tp + _SMALL, tp + fp + _SMALL)


def _interpolated(tp: Any, fp: Any, fn: Any) -> Tensor:
    """The area under precision over recall, with true positives linear in all positives.

    Between two thresholds `tp = intercept + slope * p`, so precision `tp / p` is no straight line
    over recall; its integral is `slope * (dtp + intercept * log(p1 / p0)) / (tp + fn)`.
    """
    last = _size(tp) - 1
    dtp = tp[:last] - tp[1:]
    p = tp + fp
    slope = div_no_nan(dtp, maximum(p[:last] - p[1:], 0), name="prec_slope")
    intercept = tp[1:] - multiply(slope, p[1:])
    ratio = where(
        logical_and(p[:last] > 0, p[1:] > 0),
        div_no_nan(p[:last], maximum(p[1:], 0), name="recall_relative_ratio"),
        ones_like(p[1:]),
    )
    steps = div_no_nan(
        slope * (dtp + intercept * apply("Log", ratio)),
        maximum(tp[1:] + fn[1:], 0),
        name="pr_auc_increment",
    )
    found: Tensor = reduce_sum(steps, name="interpolate_pr_auc")
    return found
