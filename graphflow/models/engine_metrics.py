"""The measures that `compile` asks for, output by output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphflow.core import late
from graphflow.models import metrics as measures
from graphflow.models.engine_endpoints import check_for_unexpected_keys, is_loss
from graphflow.models.losses_weighted import squeeze_or_expand_dimensions
from graphflow.ops.cast import cast

_ACCURACY = ("accuracy", "acc")
_CROSSENTROPY = ("crossentropy", "ce")


@late.provide("keras_mean_metric")
def mean_metric(name: str) -> Any:
    """Returns a new measure: a mean.

    Args:
        name: its name.
    """
    return measures.Mean(name=name)


def collect_per_output(
    given: Any,
    output_names: list[str],
    output_shapes: list[Any],
    loss_fns: list[Any],
    weighted: bool = False,
) -> list[dict[str, Any]]:
    """Returns the measures of each output, by name.

    Args:
        given: a list for all outputs, a list of lists, or a dict by outputs.
        output_names: the outputs.
        output_shapes: their shapes, lists of sizes.
        loss_fns: their losses.
        weighted: whether the names say that examples are weighted.

    Raises:
        ValueError: if a list of lists has not one for each, or a key is no output.
        TypeError: if it is something else.
    """
    if not given:
        return [{} for _ in output_names]
    found = []
    for i, asked in enumerate(_nested(given, output_names)):
        held = {}
        for metric in asked:
            name = _name_of(metric, weighted)
            made = _function_of(metric, output_shapes[i], loss_fns[i])
            if not isinstance(made, measures.Metric):
                made = measures.MeanMetricWrapper(made, name=name)
            held[name] = made
        found.append(held)
    return found


def _listed(x: Any) -> list[Any]:
    return x if isinstance(x, list) else [x]


def _nested(given: Any, output_names: list[str]) -> list[list[Any]]:
    if isinstance(given, Mapping):
        check_for_unexpected_keys("metrics", given, output_names)
        return [_listed(given.get(name, [])) for name in output_names]
    if not isinstance(given, list):
        raise TypeError(
            "Type of `metrics` argument not understood. Expected a list or dictionary, found: "
            f"{given}"
        )
    if any(isinstance(m, list) for m in given):
        if len(given) != len(output_names):
            raise ValueError(
                "When passing a list of lists as `metrics`, it should have one entry per model "
                f"output. The model has {len(output_names)} outputs, but you passed "
                f"metrics={given}"
            )
        return [_listed(m) for m in given]
    if len(output_names) > 1:
        return [[measures.clone_metric(m) for m in given] for _ in output_names]
    return [given]


def _name_of(metric: Any, weighted: bool) -> str:
    prefix = "weighted_" if weighted else ""
    if isinstance(metric, str) and metric in _ACCURACY:
        return f"{prefix}acc"
    if isinstance(metric, str) and metric in _CROSSENTROPY:
        return f"{prefix}ce"
    found = measures.get(metric)
    return prefix + str(found.name if hasattr(found, "name") else found.__name__)


def _function_of(metric: Any, shape: Any, loss: Any) -> Any:
    if not isinstance(metric, str) or metric not in _ACCURACY + _CROSSENTROPY:
        return measures.get(metric)
    what = "accuracy" if metric in _ACCURACY else "crossentropy"
    if shape[-1] == 1 or is_loss(loss, "BinaryCrossentropy"):
        return measures.get(f"binary_{what}")
    if is_loss(loss, "SparseCategoricalCrossentropy"):
        return measures.get(f"sparse_categorical_{what}")
    return measures.get(f"categorical_{what}")


def call_metric(metric: Any, y_true: Any, y_pred: Any, weights: Any, mask: Any) -> Any:
    """Returns the result of a measure with weights and a mask in one.

    Args:
        metric: the measure.
        y_true: the target.
        y_pred: the output.
        weights: weights of the examples, or None.
        mask: the output's mask, or None.
    """
    if mask is not None:
        weights = masked_weights(mask, weights, y_pred.dtype)
    return metric(y_true, y_pred, sample_weight=weights)


def masked_weights(mask: Any, weights: Any, dtype: Any) -> Any:
    """Returns weights that are zero where a mask is False.

    Args:
        mask: the mask.
        weights: weights of the examples, or None.
        dtype: the element type.
    """
    mask = cast(mask, dtype)
    if weights is None:
        return mask
    mask, _, weights = squeeze_or_expand_dimensions(mask, sample_weight=weights)
    return weights * mask
