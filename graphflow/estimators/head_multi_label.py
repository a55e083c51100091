"""The head of several classes, of which each example may have any number."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.dtypes import int32, int64, string
from graphflow.core.export import export
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.estimators import head_metrics, keys
from graphflow.estimators.head_base import LossSpec, SingleHead, classification_output
from graphflow.estimators.head_checks import (
    NO_LABELS,
    called_loss_fn,
    check_loss_fn,
    check_reduction,
    checked_labels,
    checked_range,
    checked_thresholds,
    checked_weights,
)
from graphflow.estimators.head_classes import threshold_metrics, word_ids
from graphflow.estimators.keys import MetricKeys, PredictionKeys
from graphflow.nets import losses
from graphflow.nets.losses import Reduction
from graphflow.nets.metrics_auc import auc
from graphflow.nets.metrics_mean import mean
from graphflow.ops.asserts import assert_integer, assert_less, assert_non_negative
from graphflow.ops.cast import cast
from graphflow.ops.concat import concat
from graphflow.ops.fill import ones, zeros
from graphflow.ops.functions import sigmoid
from graphflow.ops.reduce import reduce_mean
from graphflow.ops.shape_ops import rank
from graphflow.ops.slice import slice_
from graphflow.ops.sparse_rows import sparse_to_indicator


class MultiLabelHead(SingleHead):
    """A head of several classes, of which each example may have any number.

    See `multi_label_head`.
    """

    def __init__(
        self,
        n_classes: int,
        weight_column: Any,
        thresholds: tuple[float, ...],
        label_vocabulary: Any,
        loss_reduction: str,
        loss_fn: Any,
        classes_for_class_based_metrics: tuple[int, ...],
        name: str | None,
    ) -> None:
        super().__init__(weight_column, loss_reduction, loss_fn, name)
        self._n_classes = n_classes
        self._thresholds = thresholds
        self._label_vocabulary = label_vocabulary
        self._classes_for_class_based_metrics = classes_for_class_based_metrics

    @property
    def logits_dimension(self) -> int:
        """The number of classes."""
        return self._n_classes

    def _processed_labels(self, labels: Any) -> Tensor:
        """Labels as 0 and 1 for each class."""
        if labels is None:
            raise ValueError(NO_LABELS)
        if not isinstance(labels, SparseTensor):
            message = "labels must be an integer indicator Tensor with values in [0, 1]"
            return checked_range(labels, 2, message)
        n, values = self._n_classes, labels.values
        if labels.dtype == string:
            ids = SparseTensor(
                labels.indices, word_ids(self._label_vocabulary, values), labels.dense_shape
            )
            return _indicator(ids, n)
        message = f"labels must be an integer SparseTensor with values in [0, {n})"
        whole = assert_integer(values, message=message)
        below = assert_less(values, convert_to_tensor(n, dtype=labels.dtype), message=message)
        above = assert_non_negative(values, message=message)
        with scopes.control_dependencies([whole, below, above]):
            return _indicator(labels, n)

    def create_loss(self, features: Any, mode: str, logits: Any, labels: Any) -> LossSpec:
        """Returns the mean of the cross entropies of the classes.

        Args:
            features: tensors by name.
            mode: one of `ModeKeys`.
            logits: `[D0, ..., DN, classes]`.
            labels: 0 and 1, of that shape; or a SparseTensor of classes, as numbers or names.

        Raises:
            ValueError: if there are no labels, or they are of another shape.
        """
        logits = convert_to_tensor(logits)
        labels = checked_labels(self._processed_labels(labels), logits, self._n_classes)
        if self._loss_fn:
            unweighted = called_loss_fn(self._loss_fn, labels, logits, features)
        else:
            unweighted = losses.sigmoid_cross_entropy(labels, logits, reduction=Reduction.NONE)
            unweighted = reduce_mean(unweighted, axis=-1, keepdims=True)
        weights = checked_weights(features, self._weight_column, logits)
        total = losses.compute_weighted_loss(unweighted, weights, reduction=self._loss_reduction)
        return LossSpec(total, unweighted, weights, labels)

    def _predicted(self, logits: Tensor) -> dict[str, Any]:
        with scopes.name_scope(None, "predictions", (logits,)):
            probabilities = sigmoid(logits, name=PredictionKeys.PROBABILITIES)
        return {PredictionKeys.LOGITS: logits, PredictionKeys.PROBABILITIES: probabilities}

    def _exports(self, predictions: dict[str, Any]) -> dict[str, Any]:
        scores = predictions[PredictionKeys.PROBABILITIES]
        output = classification_output(scores, self._n_classes, self._label_vocabulary)
        return {keys.DEFAULT_SERVING: output, keys.CLASSIFY_SERVING: output}

    def _metrics(
        self, predictions: dict[str, Any], labels: Any, loss: LossSpec, regularization: Any
    ) -> dict[str, Any]:
        labels, weights = loss.processed_labels, loss.weights
        probabilities = predictions[PredictionKeys.PROBABILITIES]
        used = [labels, probabilities, weights, loss.unreduced_loss, regularization]
        key = MetricKeys
        with scopes.name_scope(None, "metrics", used):
            found = {
                key.LOSS_MEAN: mean(loss.unreduced_loss, weights, name=key.LOSS_MEAN),
                key.AUC: auc(labels, probabilities, weights, name=key.AUC),
                key.AUC_PR: auc(labels, probabilities, weights, curve="PR", name=key.AUC_PR),
            }
            found = {self._summary_key(name): metric for name, metric in found.items()}
            self._with_regularization(found, regularization)
            found |= threshold_metrics(self, self._thresholds, labels, probabilities, weights)
            for class_id in self._classes_for_class_based_metrics:
                found |= self._class_metrics(class_id, labels, probabilities, weights)
        return found

    def _class_metrics(
        self, class_id: int, labels: Tensor, probabilities: Tensor, weights: Any
    ) -> dict[str, Any]:
        """The metrics of one class by name."""
        others = rank(probabilities) - 1
        begin = concat([zeros([others], dtype=int32), [class_id]], axis=0)
        size = concat([-1 * ones([others], dtype=int32), [1]], axis=0)
        predicted = slice_(probabilities, begin, size)
        labels = slice_(labels, begin, size)
        key = MetricKeys
        names: tuple[str, ...] = (
            key.PROBABILITY_MEAN_AT_CLASS, key.AUC_AT_CLASS, key.AUC_PR_AT_CLASS
        )  # fmt: skip
        which: Any = class_id
        if self._label_vocabulary is not None:
            names = (key.PROBABILITY_MEAN_AT_NAME, key.AUC_AT_NAME, key.AUC_PR_AT_NAME)
            which = self._label_vocabulary[class_id]
        average, area, area_pr = (name % which for name in names)
        curve = head_metrics.curve_area
        found = {
            average: head_metrics.predictions_mean(predicted, weights, average),
            area: curve(labels, predicted, weights, area),
            area_pr: curve(labels, predicted, weights, area_pr, curve="PR"),
        }
        return {self._summary_key(name): metric for name, metric in found.items()}


def _indicator(ids: SparseTensor, n_classes: int) -> Tensor:
    found: Tensor = cast(sparse_to_indicator(ids, n_classes), int64, name="ToInt64")
    return found


@export("contrib.estimator.multi_label_head")
def multi_label_head(
    n_classes: Any,
    weight_column: Any = None,
    thresholds: Any = None,
    label_vocabulary: Any = None,
    loss_reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
    loss_fn: Any = None,
    classes_for_class_based_metrics: Any = None,
    name: str | None = None,
) -> MultiLabelHead:
    """Returns a head of several classes, of which each example may have any number.

    Args:
        n_classes: how many; more than 1.
        weight_column: the name of the feature of weights, or a numeric column; or None.
        thresholds: probabilities at which accuracy, precision and recall are measured too.
        label_vocabulary: the names of the classes; None: labels are numbers.
        loss_reduction: one of `tf.losses.Reduction`, not NONE.
        loss_fn: takes `labels`, `logits` and perhaps `features`, and returns the loss of each
            example, `[D0, ..., DN, 1]`; None: the mean of the cross entropies of the classes.
        classes_for_class_based_metrics: classes, as numbers or names, with metrics of their own.
        name: put behind the names of summaries and metrics.

    Raises:
        ValueError: if an argument is of another kind, or out of its range.
    """
    if n_classes is None or n_classes < 2:
        raise ValueError(
            f"n_classes must be > 1 for multi-class classification. Given: {n_classes}"
        )
    thresholds = checked_thresholds(thresholds, "thresholds must be in (0, 1) range. Given: {0}")
    _check_vocabulary(label_vocabulary, n_classes)
    check_loss_fn(loss_fn)
    check_reduction(loss_reduction)
    classes = _class_numbers(classes_for_class_based_metrics or (), label_vocabulary, n_classes)
    return MultiLabelHead(
        n_classes,
        weight_column,
        thresholds,
        label_vocabulary,
        loss_reduction,
        loss_fn,
        classes,
        name,
    )


def _check_vocabulary(vocabulary: Any, n_classes: int) -> None:
    if vocabulary is None:
        return
    if not isinstance(vocabulary, list | tuple):
        raise ValueError(
            f"label_vocabulary must be a list or tuple. Given type: {type(vocabulary)}"
        )
    if len(vocabulary) != n_classes:
        raise ValueError(
            f"Length of label_vocabulary must be n_classes ({n_classes}). Given: {len(vocabulary)}"
        )


def _class_numbers(classes: Any, vocabulary: Any, n_classes: int) -> tuple[int, ...]:
    found = tuple(classes)
    if found and isinstance(found[0], str):
        if not vocabulary:
            raise ValueError(
                "label_vocabulary must be provided when classes_for_class_based_metrics are sting."
            )
        return tuple([vocabulary.index(word) for word in found])
    for number in found:
        if number < 0 or number >= n_classes:
            raise ValueError(
                f"All classes_for_class_based_metrics must be in range [0, {n_classes - 1}]. "
                f"Given: {number}"
            )
    return found
