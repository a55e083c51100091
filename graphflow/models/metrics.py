"""Keras' metrics by name."""

from __future__ import annotations

from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.export import export
from graphflow.models import losses, metrics_functions, metrics_mean, metrics_thresholds
from graphflow.models.metrics_auc import AUC
from graphflow.models.metrics_base import Metric
from graphflow.models.metrics_mean import Mean, MeanMetricWrapper, Reduce, Sum, SumOverBatchSize
from graphflow.models.metrics_tensors import MeanIoU, MeanTensor
from graphflow.models.utils_objects import deserialize_keras_object, serialize_keras_object

__all__ = [
    "Mean",
    "MeanMetricWrapper",
    "Metric",
    "Reduce",
    "Sum",
    "SumOverBatchSize",
    "clone_metric",
    "clone_metrics",
    "deserialize",
    "get",
    "serialize",
]

_FUNCTIONS: Final[dict[str, Any]] = {
    function.__name__: function
    for function in (
        metrics_functions.accuracy,
        metrics_functions.binary_accuracy,
        metrics_functions.categorical_accuracy,
        metrics_functions.sparse_categorical_accuracy,
        metrics_functions.top_k_categorical_accuracy,
        metrics_functions.sparse_top_k_categorical_accuracy,
    )
}
_KNOWN: Final[dict[str, Any]] = {
    **losses.FUNCTIONS,
    **_FUNCTIONS,
    **{
        name: kind
        for module in (metrics_mean, metrics_thresholds)
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, Metric) and not name.startswith("_")
    },
    "AUC": AUC,
    "MeanIoU": MeanIoU,
    "MeanTensor": MeanTensor,
}


def clone_metric(metric: Any) -> Any:
    """Returns a new metric like another one; anything else as it is."""
    if not isinstance(metric, Metric):
        return metric
    with scopes.init_scope():
        return type(metric).from_config(metric.get_config())


def clone_metrics(metrics: Any) -> Any:
    """Returns new metrics like those of a list or dict; None for None."""
    if metrics is None:
        return None
    if isinstance(metrics, dict):
        return {key: clone_metric(metric) for key, metric in metrics.items()}
    return [clone_metric(metric) for metric in metrics]


@export("keras.metrics.serialize")
def serialize(metric: Any) -> Any:
    """Returns a metric in plain data: a function's name, or a class's name and configuration.

    Raises:
        ValueError: if it has neither.
    """
    return serialize_keras_object(metric)


@export("keras.metrics.deserialize")
def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Returns the metric that plain data stands for.

    Args:
        config: a name, or a dict as `serialize` returns it.
        custom_objects: a dict of the program's own metrics by name.

    Raises:
        ValueError: if the name is not known.
    """
    return deserialize_keras_object(config, _KNOWN, custom_objects, "metric function")


@export("keras.metrics.get")
def get(identifier: Any) -> Any:
    """Returns a metric: a function or object as it is, or one by its name or configuration.

    Args:
        identifier: a function, a name, or a dict as `serialize` returns it.

    Raises:
        ValueError: if it is none of these, or the name is not known.
    """
    if isinstance(identifier, dict | str):
        return deserialize(identifier)
    if callable(identifier):
        return identifier
    raise ValueError(f"Could not interpret metric function identifier: {identifier}")
