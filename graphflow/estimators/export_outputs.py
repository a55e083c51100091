"""ExportOutputs: which predictions a SavedModel gives to those who serve it, and as what."""

from __future__ import annotations

import abc
from typing import Any, ClassVar

from graphflow.core import scopes
from graphflow.core.dtypes import as_dtype, string
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.estimators.checks import is_metric_object
from graphflow.formats.signature_def import (
    DEFAULT_SERVING_SIGNATURE_DEF_KEY,
    classification_signature_def,
    predict_signature_def,
    regression_signature_def,
    supervised_eval_signature_def,
    supervised_train_signature_def,
)
from graphflow.ops.constant import constant


@export("estimator.export.ExportOutput")
class ExportOutput:
    """An output of a model in a SavedModel; subclasses say what kind it is."""

    @abc.abstractmethod
    def as_signature_def(self, receiver_tensors: Any) -> Any:
        """Returns the SignatureDef of this output.

        Args:
            receiver_tensors: the tensors that are fed, by name.
        """


def _checked_key(key: Any, kind: str) -> str:
    if isinstance(key, tuple):
        key = "/".join(key)
    if not isinstance(key, str):
        raise ValueError(f"{kind} output key must be a string; got {key}.")
    return key


def _checked_tensors(outputs: Any, name: str, kind: str) -> dict[str, Tensor]:
    """Tensors by name; a single one gets a name.

    Args:
        outputs: a tensor, or tensors by name, where a name may be a tuple.
        name: the name of a single one.
        kind: what messages call them.
    """
    if not isinstance(outputs, dict):
        outputs = {name: outputs}
    found = {}
    for key, value in outputs.items():
        key = _checked_key(key, kind)
        if not isinstance(value, Tensor):
            raise ValueError(f"{kind} output value must be a Tensor; got {value}.")
        found[key] = value
    return found


def _only_examples(receiver_tensors: Any, kind: str) -> Any:
    """The one tensor that is fed, which must be of strings."""
    found = list(receiver_tensors.values())
    if len(found) != 1 or as_dtype(found[0].dtype) != string:
        raise ValueError(f"{kind} input must be a single string Tensor; got {receiver_tensors}")
    return found[0]


@export("estimator.export.ClassificationOutput")
class ClassificationOutput(ExportOutput):
    """Classes and their scores; fed are serialized Examples.

    Args:
        scores: floating point numbers: `[batch, classes]`.
        classes: the names of the classes, strings: `[batch, classes]`, or those of the best.

    Raises:
        ValueError: if one is of another dtype, or both are missing.
    """

    def __init__(self, scores: Any = None, classes: Any = None) -> None:
        if scores is not None and not (isinstance(scores, Tensor) and scores.dtype.is_floating):
            raise ValueError(f"Classification scores must be a float32 Tensor; got {scores}")
        if classes is not None and not (
            isinstance(classes, Tensor) and as_dtype(classes.dtype) == string
        ):
            raise ValueError(f"Classification classes must be a string Tensor; got {classes}")
        if scores is None and classes is None:
            raise ValueError("At least one of scores and classes must be set.")
        self._scores = scores
        self._classes = classes

    @property
    def scores(self) -> Any:
        """The scores, or None."""
        return self._scores

    @property
    def classes(self) -> Any:
        """The names of the classes, or None."""
        return self._classes

    def as_signature_def(self, receiver_tensors: Any) -> Any:
        """Returns the SignatureDef of a classification.

        Args:
            receiver_tensors: a single tensor of strings by its name; else ValueError.
        """
        examples = _only_examples(receiver_tensors, "Classification")
        return classification_signature_def(examples, self.classes, self.scores)


@export("estimator.export.RegressionOutput")
class RegressionOutput(ExportOutput):
    """The value of a regression; fed are serialized Examples.

    Args:
        value: floating point numbers: `[batch]` or `[batch, dimensions]`.

    Raises:
        ValueError: if it is of another dtype.
    """

    def __init__(self, value: Any) -> None:
        if not (isinstance(value, Tensor) and value.dtype.is_floating):
            raise ValueError(f"Regression output value must be a float32 Tensor; got {value}")
        self._value = value

    @property
    def value(self) -> Any:
        """The value."""
        return self._value

    def as_signature_def(self, receiver_tensors: Any) -> Any:
        """Returns the SignatureDef of a regression.

        Args:
            receiver_tensors: a single tensor of strings by its name; else ValueError.
        """
        return regression_signature_def(_only_examples(receiver_tensors, "Regression"), self.value)


@export("estimator.export.PredictOutput")
class PredictOutput(ExportOutput):
    """Tensors of any kind.

    Args:
        outputs: a tensor, which is called "output", or tensors by name.

    Raises:
        ValueError: if a name is no string, or a value no tensor.
    """

    def __init__(self, outputs: Any) -> None:
        self._outputs = _checked_tensors(outputs, "output", "Prediction")

    @property
    def outputs(self) -> dict[str, Any]:
        """The tensors by name."""
        return self._outputs

    def as_signature_def(self, receiver_tensors: Any) -> Any:
        """Returns the SignatureDef of a prediction.

        Args:
            receiver_tensors: the tensors that are fed, by name.
        """
        return predict_signature_def(receiver_tensors, self.outputs)


# --- the graphs of training and evaluation ---
class _SupervisedOutput(ExportOutput):
    """The loss, predictions and metrics of a graph that is fed labels too.

    Args:
        loss: a tensor, or tensors by name; None: none.
        predictions: the same.
        metrics: by name: (value, update), or a metric object; None: none.

    Raises:
        ValueError: if a name is no string, or a value no tensor.
    """

    LOSS_NAME: ClassVar[str] = "loss"
    PREDICTIONS_NAME: ClassVar[str] = "predictions"
    METRICS_NAME: ClassVar[str] = "metrics"
    METRIC_VALUE_SUFFIX: ClassVar[str] = "value"
    METRIC_UPDATE_SUFFIX: ClassVar[str] = "update_op"
    _make: ClassVar[Any]

    def __init__(self, loss: Any = None, predictions: Any = None, metrics: Any = None) -> None:
        self._loss = self._prefixed(loss, self.LOSS_NAME)
        self._predictions = self._prefixed(predictions, self.PREDICTIONS_NAME)
        self._metrics = None if metrics is None else self._metric_tensors(metrics)

    @staticmethod
    def _prefixed(outputs: Any, name: str) -> Any:
        if outputs is None:
            return None
        found = _checked_tensors(outputs, name, name)
        return {k if k.startswith(name) else f"{name}/{k}": v for k, v in found.items()}

    def _metric_tensors(self, metrics: Any) -> dict[str, Any]:
        name = self.METRICS_NAME
        if not isinstance(metrics, dict):
            metrics = {name: metrics}
        found = {}
        for key, metric in metrics.items():
            value, update = _parts(metric)
            key = _checked_key(key, name)
            key = key if key.startswith(name) else f"{name}/{key}"
            if not isinstance(value, Tensor):
                raise ValueError(f"{key} output value must be a Tensor; got {value}.")
            if not isinstance(update, Tensor | Operation):
                raise ValueError(f"{key} update_op must be a Tensor or Operation; got {update}.")
            found[f"{key}/{self.METRIC_VALUE_SUFFIX}"] = value
            found[f"{key}/{self.METRIC_UPDATE_SUFFIX}"] = _as_tensor(update)
        return found

    @property
    def loss(self) -> Any:
        """The loss by name, or None."""
        return self._loss

    @property
    def predictions(self) -> Any:
        """The predictions by name, or None."""
        return self._predictions

    @property
    def metrics(self) -> Any:
        """The values and updates of the metrics by name, or None."""
        return self._metrics

    def as_signature_def(self, receiver_tensors: Any) -> Any:
        """Returns the SignatureDef of the graph.

        Args:
            receiver_tensors: the tensors that are fed, by name.
        """
        return type(self)._make(receiver_tensors, self.loss, self.predictions, self.metrics)


def _parts(metric: Any) -> tuple[Any, Any]:
    if is_metric_object(metric):
        return metric.result(), metric.updates[0]
    value, update = metric
    return value, update


def _as_tensor(update: Any) -> Any:
    """A tensor that makes an update run: signatures name tensors only."""
    if isinstance(update, Tensor):
        return update
    with scopes.control_dependencies([update]):
        return constant([], name="metric_op_wrapper")


class TrainOutput(_SupervisedOutput):
    """The outputs of a training graph; see the arguments of the class above."""

    _make = staticmethod(supervised_train_signature_def)


class EvalOutput(_SupervisedOutput):
    """The outputs of an evaluation graph; see the arguments of the class above."""

    _make = staticmethod(supervised_eval_signature_def)


# --- what EstimatorSpec checks ---
def checked_export_outputs(export_outputs: Any, predictions: Any) -> dict[str, ExportOutput]:
    """Returns the outputs of prediction by name, one of them called "serving_default".

    Args:
        export_outputs: ExportOutputs by name; None: the predictions.
        predictions: a tensor, or tensors by name.

    Raises:
        TypeError: if they are no dictionary of ExportOutputs.
        ValueError: if there are several, and none is the default.
    """
    default = DEFAULT_SERVING_SIGNATURE_DEF_KEY
    if export_outputs is None:
        return {default: PredictOutput(predictions)}
    if not isinstance(export_outputs, dict):
        raise TypeError(f"export_outputs must be dict, given: {export_outputs}")
    if not all(isinstance(v, ExportOutput) for v in export_outputs.values()):
        raise TypeError(
            f"Values in export_outputs must be ExportOutput objects. Given: {export_outputs}"
        )
    if len(export_outputs) == 1:
        export_outputs.setdefault(default, *export_outputs.values())
    if len(export_outputs) > 1 and default not in export_outputs:
        raise ValueError(
            "Multiple export_outputs were provided, but none of them is specified as the default."
            "  Do this by naming one of them with "
            "signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY."
        )
    return export_outputs
