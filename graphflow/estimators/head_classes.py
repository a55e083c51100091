"""Heads of classes: of two, by one logit, and of several, by softmax."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.dtypes import string
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.estimators import head_metrics, keys
from graphflow.estimators.export_outputs import RegressionOutput
from graphflow.estimators.head_base import (
    LossSpec,
    SingleHead,
    all_class_ids,
    all_classes,
    classification_output,
)
from graphflow.estimators.head_checks import (
    called_loss_fn,
    check_loss_fn,
    check_reduction,
    checked_labels,
    checked_logits,
    checked_n_classes,
    checked_range,
    checked_thresholds,
    checked_weights,
    to_float,
)
from graphflow.estimators.keys import MetricKeys, PredictionKeys
from graphflow.nets import losses
from graphflow.nets.losses import Reduction
from graphflow.nets.metrics_counts import precision, recall
from graphflow.nets.metrics_mean import accuracy, mean
from graphflow.ops.argmax import argmax
from graphflow.ops.concat import concat
from graphflow.ops.cross_entropy import sigmoid_cross_entropy_with_logits
from graphflow.ops.fill import zeros_like
from graphflow.ops.functions import sigmoid
from graphflow.ops.lookup_contrib import (
    index_table_from_tensor,
    index_to_string_table_from_tensor,
)
from graphflow.ops.reshape import expand_dims
from graphflow.ops.softmax import softmax
from graphflow.ops.string_convert import as_string

_KINDS = ("accuracy", "precision", "recall")
_AT = {
    "accuracy": MetricKeys.ACCURACY_AT_THRESHOLD,
    "precision": MetricKeys.PRECISION_AT_THRESHOLD,
    "recall": MetricKeys.RECALL_AT_THRESHOLD,
}


def word_ids(vocabulary: Any, words: Any) -> Tensor:
    """Returns the numbers of words in a vocabulary; -1 for others."""
    table = index_table_from_tensor(tuple(vocabulary), name="class_id_lookup")
    found: Tensor = table.lookup(words)
    return found


def threshold_metrics(
    head: SingleHead, thresholds: Any, labels: Any, probabilities: Any, weights: Any
) -> dict[str, Any]:
    """Returns accuracy, precision and recall at each threshold, by name."""
    found = {}
    for threshold in thresholds:
        for kind in _KINDS:
            key = _AT[kind] % threshold
            found[head._summary_key(key)] = head_metrics.at_threshold(
                kind, labels, probabilities, weights, threshold, key
            )
    return found


class _ClassHead(SingleHead):
    """What heads of classes share: how predictions name classes."""

    _label_vocabulary: Any

    def _class_names(self, class_ids: Tensor) -> Tensor:
        if not self._label_vocabulary:
            return as_string(class_ids, name="str_classes")
        table = index_to_string_table_from_tensor(
            self._label_vocabulary, name="class_string_lookup"
        )
        found: Tensor = table.lookup(class_ids)
        return found


class MultiClassHead(_ClassHead):
    """A head of several classes, of which each example has one; see `multi_class_head`."""

    def __init__(
        self,
        n_classes: Any,
        weight_column: Any,
        label_vocabulary: Any,
        loss_reduction: str,
        loss_fn: Any,
        name: str | None,
    ) -> None:
        super().__init__(weight_column, loss_reduction, loss_fn, name)
        self._n_classes = checked_n_classes(n_classes)
        self._label_vocabulary = label_vocabulary

    @property
    def logits_dimension(self) -> Any:
        """The number of classes."""
        return self._n_classes

    def _label_ids(self, labels: Tensor) -> Tensor:
        if self._label_vocabulary is None:
            if not labels.dtype.is_integer:
                raise ValueError(f"Labels dtype should be integer. Instead got {labels.dtype}.")
            return checked_range(labels, self._n_classes)
        if labels.dtype != string:
            raise ValueError(
                "Labels dtype should be string if there is a vocabulary. "
                f"Instead got {labels.dtype}"
            )
        return checked_range(word_ids(self._label_vocabulary, labels), self._n_classes)

    def create_loss(self, features: Any, mode: str, logits: Any, labels: Any) -> LossSpec:
        """Returns the cross entropy of logits.

        Args:
            features: tensors by name.
            mode: one of `ModeKeys`.
            logits: `[D0, ..., DN, classes]`.
            labels: numbers of classes, or their names, `[D0, ..., DN, 1]` or without the last axis.

        Raises:
            ValueError: if there are no labels, or they are of another shape or dtype.
        """
        logits = convert_to_tensor(logits)
        label_ids = self._label_ids(checked_labels(labels, logits, 1))
        if self._loss_fn:
            unweighted = called_loss_fn(self._loss_fn, label_ids, logits, features)
        else:
            unweighted = losses.sparse_softmax_cross_entropy(
                label_ids, logits, reduction=Reduction.NONE
            )
            unweighted = expand_dims(unweighted, axis=-1)
        weights = checked_weights(features, self._weight_column, logits)
        total = losses.compute_weighted_loss(unweighted, weights, reduction=self._loss_reduction)
        return LossSpec(total, unweighted, weights, label_ids)

    def _predicted(self, logits: Tensor) -> dict[str, Any]:
        with scopes.name_scope(None, "predictions", (logits,)):
            ids = all_class_ids(logits, self._n_classes)
            names = all_classes(logits, self._n_classes, self._label_vocabulary)
            class_ids = argmax(logits, axis=-1, name=PredictionKeys.CLASS_IDS)
            class_ids = expand_dims(class_ids, axis=-1)
            classes = self._class_names(class_ids)
            probabilities = softmax(logits, name=PredictionKeys.PROBABILITIES)
        return {
            PredictionKeys.LOGITS: logits,
            PredictionKeys.PROBABILITIES: probabilities,
            PredictionKeys.CLASS_IDS: class_ids,
            PredictionKeys.CLASSES: classes,
            PredictionKeys.ALL_CLASS_IDS: ids,
            PredictionKeys.ALL_CLASSES: names,
        }

    def _exports(self, predictions: dict[str, Any]) -> dict[str, Any]:
        scores = predictions[PredictionKeys.PROBABILITIES]
        output = classification_output(scores, self._n_classes, self._label_vocabulary)
        return {keys.DEFAULT_SERVING: output, keys.CLASSIFY_SERVING: output}

    def _metrics(
        self, predictions: dict[str, Any], labels: Any, loss: LossSpec, regularization: Any
    ) -> dict[str, Any]:
        class_ids, weights = predictions[PredictionKeys.CLASS_IDS], loss.weights
        used = (loss.processed_labels, class_ids, weights, loss.unreduced_loss, regularization)
        with scopes.name_scope(None, "metrics", used):
            name = MetricKeys.ACCURACY
            found = {
                self._summary_key(MetricKeys.LOSS_MEAN): mean(
                    loss.unreduced_loss, weights, name=MetricKeys.LOSS_MEAN
                ),
                self._summary_key(name): accuracy(
                    loss.processed_labels, class_ids, weights, name=name
                ),
            }
            self._with_regularization(found, regularization)
        return found


class BinaryHead(_ClassHead):
    """A head of two classes, by one logit; see `binary_classification_head`."""

    def __init__(
        self,
        weight_column: Any,
        thresholds: tuple[float, ...],
        label_vocabulary: Any,
        loss_reduction: str,
        loss_fn: Any,
        name: str | None,
    ) -> None:
        super().__init__(weight_column, loss_reduction, loss_fn, name)
        self._thresholds = thresholds
        self._label_vocabulary = label_vocabulary

    @property
    def logits_dimension(self) -> int:
        """1."""
        return 1

    def create_loss(self, features: Any, mode: str, logits: Any, labels: Any) -> LossSpec:
        """Returns the cross entropy of logits.

        Args:
            features: tensors by name.
            mode: one of `ModeKeys`.
            logits: `[D0, ..., DN, 1]`.
            labels: 0 and 1 (or between), or names, of that shape or without the last axis.

        Raises:
            ValueError: if there are no labels, or they are of another shape.
        """
        logits = convert_to_tensor(logits)
        labels = checked_labels(labels, logits, 1)
        if self._label_vocabulary is not None:
            labels = word_ids(self._label_vocabulary, labels)
        labels = checked_range(to_float(labels), 2)
        if self._loss_fn:
            unweighted = called_loss_fn(self._loss_fn, labels, logits, features)
        else:
            unweighted = sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
        weights = checked_weights(features, self._weight_column, logits)
        total = losses.compute_weighted_loss(unweighted, weights, reduction=self._loss_reduction)
        return LossSpec(total, unweighted, weights, labels)

    def _checked_predictions(self, logits: Any) -> tuple[Tensor, dict[str, Any]]:
        with scopes.name_scope(None, "predictions", (logits,)):
            logits = checked_logits(logits, self.logits_dimension)
            return logits, self._predicted(logits)

    def _predicted(self, logits: Tensor) -> dict[str, Any]:
        logistic = sigmoid(logits, name=PredictionKeys.LOGISTIC)
        both = concat((zeros_like(logits), logits), axis=-1, name="two_class_logits")
        probabilities = softmax(both, name=PredictionKeys.PROBABILITIES)
        class_ids = argmax(both, axis=-1, name=PredictionKeys.CLASS_IDS)
        class_ids = expand_dims(class_ids, axis=-1)
        ids = all_class_ids(logits, 2)
        names = all_classes(logits, 2, self._label_vocabulary)
        return {
            PredictionKeys.LOGITS: logits,
            PredictionKeys.LOGISTIC: logistic,
            PredictionKeys.PROBABILITIES: probabilities,
            PredictionKeys.CLASS_IDS: class_ids,
            PredictionKeys.CLASSES: self._class_names(class_ids),
            PredictionKeys.ALL_CLASS_IDS: ids,
            PredictionKeys.ALL_CLASSES: names,
        }

    def _exports(self, predictions: dict[str, Any]) -> dict[str, Any]:
        scores = predictions[PredictionKeys.PROBABILITIES]
        output = classification_output(scores, 2, self._label_vocabulary)
        return {
            keys.DEFAULT_SERVING: output,
            keys.CLASSIFY_SERVING: output,
            keys.REGRESS_SERVING: RegressionOutput(predictions[PredictionKeys.LOGISTIC]),
        }

    def _metrics(
        self, predictions: dict[str, Any], labels: Any, loss: LossSpec, regularization: Any
    ) -> dict[str, Any]:
        logits, logistic = predictions[PredictionKeys.LOGITS], predictions[PredictionKeys.LOGISTIC]
        ids, weights, labels = predictions[PredictionKeys.CLASS_IDS], loss.weights, loss[3]
        used = (labels, logits, logistic, ids, weights, loss.unreduced_loss, regularization)
        key = MetricKeys
        with scopes.name_scope(None, "metrics", used):
            label_mean = head_metrics.labels_mean(labels, weights, key.LABEL_MEAN)
            area = head_metrics.curve_area
            found = {
                key.LOSS_MEAN: mean(loss.unreduced_loss, weights, name=key.LOSS_MEAN),
                key.ACCURACY: accuracy(labels, ids, weights, name=key.ACCURACY),
                key.PRECISION: precision(labels, ids, weights, name=key.PRECISION),
                key.RECALL: recall(labels, ids, weights, name=key.RECALL),
                key.PREDICTION_MEAN: head_metrics.predictions_mean(
                    logistic, weights, key.PREDICTION_MEAN
                ),
                key.LABEL_MEAN: label_mean,
                key.ACCURACY_BASELINE: head_metrics.accuracy_baseline(label_mean),
                key.AUC: area(labels, logistic, weights, key.AUC),
                key.AUC_PR: area(labels, logistic, weights, key.AUC_PR, curve="PR"),
            }
            found = {self._summary_key(name): metric for name, metric in found.items()}
            self._with_regularization(found, regularization)
            return found | threshold_metrics(self, self._thresholds, labels, logistic, weights)


# --- public functions ---
def _check_vocabulary(vocabulary: Any, error: type[Exception], kinds: str) -> None:
    if vocabulary is not None and not isinstance(vocabulary, list | tuple):
        raise error(f"label_vocabulary should be {kinds}. Given type: {type(vocabulary)}")


@export("contrib.estimator.multi_class_head")
def multi_class_head(
    n_classes: Any,
    weight_column: Any = None,
    label_vocabulary: Any = None,
    loss_reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
    loss_fn: Any = None,
    name: str | None = None,
) -> MultiClassHead:
    """Returns a head of several classes, of which each example has one: softmax, cross entropy.

    Args:
        n_classes: how many; more than 2.
        weight_column: the name of the feature of weights, or a numeric column; or None.
        label_vocabulary: the names of the classes; None: labels are numbers.
        loss_reduction: one of `tf.losses.Reduction`, not NONE.
        loss_fn: takes `labels`, `logits` and perhaps `features`, and returns the loss of each
            example, `[D0, ..., DN, 1]`; None: the cross entropy.
        name: put behind the names of summaries and metrics.

    Raises:
        ValueError: if an argument is of another kind.
    """
    _check_vocabulary(label_vocabulary, ValueError, "a list or a tuple")
    check_reduction(loss_reduction)
    check_loss_fn(loss_fn)
    return MultiClassHead(n_classes, weight_column, label_vocabulary, loss_reduction, loss_fn, name)


@export("contrib.estimator.binary_classification_head")
def binary_classification_head(
    weight_column: Any = None,
    thresholds: Any = None,
    label_vocabulary: Any = None,
    loss_reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
    loss_fn: Any = None,
    name: str | None = None,
) -> BinaryHead:
    """Returns a head of two classes, by one logit: sigmoid, cross entropy.

    Args:
        weight_column: the name of the feature of weights, or a numeric column; or None.
        thresholds: probabilities at which accuracy, precision and recall are measured too.
        label_vocabulary: the names of the classes; None: labels are 0 and 1.
        loss_reduction: one of `tf.losses.Reduction`, not NONE.
        loss_fn: takes `labels`, `logits` and perhaps `features`, and returns the loss of each
            example, `[D0, ..., DN, 1]`; None: the cross entropy.
        name: put behind the names of summaries and metrics.

    Raises:
        ValueError: if a threshold is not between 0 and 1, or an argument is of another kind.
        TypeError: if the vocabulary is no list.
    """
    thresholds = tuple(thresholds or ())
    _check_vocabulary(label_vocabulary, TypeError, "a list or tuple")
    checked_thresholds(thresholds, "thresholds not in (0, 1): {1}.")
    check_reduction(loss_reduction)
    check_loss_fn(loss_fn)
    return BinaryHead(weight_column, thresholds, label_vocabulary, loss_reduction, loss_fn, name)


def class_head(
    n_classes: int, weight_column: Any, label_vocabulary: Any, loss_reduction: str
) -> BinaryHead | MultiClassHead:
    """Returns the head of a classifier: of two classes, or of more.

    Args:
        n_classes: how many.
        weight_column: see `multi_class_head`, and so the others.
        label_vocabulary: as above.
        loss_reduction: as above.
    """
    if n_classes == 2:
        return binary_classification_head(weight_column, None, label_vocabulary, loss_reduction)
    return multi_class_head(n_classes, weight_column, label_vocabulary, loss_reduction)
