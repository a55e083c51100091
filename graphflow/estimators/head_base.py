"""Heads: what comes behind the logits of a model: predictions, loss, metrics, training, exports."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any, NamedTuple

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.tensor import Tensor
from graphflow.estimators import keys
from graphflow.estimators.export_outputs import ClassificationOutput, PredictOutput
from graphflow.estimators.head_checks import checked_logits
from graphflow.estimators.keys import MetricKeys
from graphflow.estimators.mode_keys import ModeKeys
from graphflow.estimators.spec import EstimatorSpec
from graphflow.nets.losses import Reduction
from graphflow.nets.metrics_mean import mean
from graphflow.ops import summary
from graphflow.ops.arithmetic import add_n
from graphflow.ops.control_ops import group
from graphflow.ops.fill import ones_like
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.reshape import expand_dims
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.string_convert import as_string
from graphflow.ops.tile import tile
from graphflow.training.global_step import get_global_step

TrainOpFn = Callable[[Any], Any]


class LossSpec(NamedTuple):
    """What a head makes of logits and labels.

    Args:
        training_loss: one number.
        unreduced_loss: of each example, `[D0, ..., DN, 1]`.
        weights: of each example.
        processed_labels: the labels as numbers.
    """

    training_loss: Any
    unreduced_loss: Any
    weights: Any
    processed_labels: Any


class Head(abc.ABC):
    """What comes behind the logits of a model.

    Args:
        name: put behind the names of summaries and metrics, and before those of nodes; or None.
    """

    def __init__(self, name: str | None) -> None:
        self._name = name

    @property
    def name(self) -> Any:
        """The name, or None."""
        return self._name

    @property
    @abc.abstractmethod
    def logits_dimension(self) -> Any:
        """The last size of the logits."""

    @abc.abstractmethod
    def create_loss(self, features: Any, mode: str, logits: Any, labels: Any) -> LossSpec:
        """Returns the loss of logits.

        Args:
            features: tensors by name.
            mode: one of `ModeKeys`.
            logits: `[D0, ..., DN, logits_dimension]`.
            labels: what the head has to predict.
        """

    @abc.abstractmethod
    def create_estimator_spec(
        self,
        features: Any,
        mode: str,
        logits: Any,
        labels: Any = None,
        optimizer: Any = None,
        train_op_fn: TrainOpFn | None = None,
        regularization_losses: Any = None,
    ) -> EstimatorSpec:
        """Returns what a model function returns.

        Args:
            features: tensors by name.
            mode: one of `ModeKeys`.
            logits: `[D0, ..., DN, logits_dimension]`.
            labels: what the head has to predict; not needed to predict it.
            optimizer: minimizes the loss.
            train_op_fn: or a function of the loss, which returns a training step.
            regularization_losses: losses that are added to it.

        Raises:
            ValueError: if there is neither an optimizer nor a function, or both.
        """

    def _summary_key(self, key: str) -> str:
        return f"{key}/{self.name}" if self.name else key


class SingleHead(Head):
    """A head of one kind of labels.

    Args:
        weight_column: the name of the feature of weights, or a numeric column; or None.
        loss_reduction: one of `tf.losses.Reduction`.
        loss_fn: a function of the loss; None: the head's own.
        name: see `Head`.
    """

    def __init__(
        self, weight_column: Any, loss_reduction: str, loss_fn: Any, name: str | None
    ) -> None:
        super().__init__(name)
        self._weight_column = weight_column
        self._loss_reduction = loss_reduction
        self._loss_fn = loss_fn

    # --- what the kinds of heads say ---
    @abc.abstractmethod
    def _predicted(self, logits: Tensor) -> dict[str, Any]:
        """The predictions by name."""

    @abc.abstractmethod
    def _exports(self, predictions: dict[str, Any]) -> dict[str, Any]:
        """The ExportOutputs by name, without that of all predictions."""

    @abc.abstractmethod
    def _metrics(
        self, predictions: dict[str, Any], labels: Any, loss: LossSpec, regularization: Any
    ) -> dict[str, Any]:
        """The metrics by name, those of a regularization among them."""

    # --- what they share ---
    def create_estimator_spec(
        self,
        features: Any,
        mode: str,
        logits: Any,
        labels: Any = None,
        optimizer: Any = None,
        train_op_fn: TrainOpFn | None = None,
        regularization_losses: Any = None,
    ) -> EstimatorSpec:
        """Returns what a model function returns; see `Head`."""
        with scopes.name_scope(self._name, "head"):
            logits, predictions = self._checked_predictions(logits)
            if mode == ModeKeys.PREDICT:
                outputs = self._exports(predictions)
                outputs[keys.PREDICT_SERVING] = PredictOutput(predictions)
                return EstimatorSpec(mode, predictions, export_outputs=outputs)
            loss = self.create_loss(features, mode, logits, labels)
            regularization, total = None, loss.training_loss
            if regularization_losses:
                regularization = add_n(regularization_losses)
                total = add_n([loss.training_loss, regularization])
            train_op = mean_loss = None
            if mode != ModeKeys.EVAL:
                train_op = with_updates(training_step(total, optimizer, train_op_fn))
                if self._loss_reduction == Reduction.SUM:
                    weights = reduce_sum(loss.weights * ones_like(loss.unreduced_loss))
                    mean_loss = loss.training_loss / weights
        if mode == ModeKeys.EVAL:
            metrics = self._metrics(predictions, labels, loss, regularization)
            return EstimatorSpec(mode, predictions, total, eval_metric_ops=metrics)
        with scopes.name_scope(""):
            found = (total, mean_loss, regularization)
            names = (MetricKeys.LOSS, MetricKeys.LOSS_MEAN, MetricKeys.LOSS_REGULARIZATION)
            for key, value in zip(names, found, strict=True):
                if value is not None:
                    summary.scalar(self._summary_key(key), value)
        return EstimatorSpec(ModeKeys.TRAIN, predictions, total, train_op)

    def _checked_predictions(self, logits: Any) -> tuple[Tensor, dict[str, Any]]:
        logits = checked_logits(logits, self.logits_dimension)
        return logits, self._predicted(logits)

    def _with_regularization(self, metrics: dict[str, Any], regularization: Any) -> None:
        """Adds the metric of a regularization, if there is one."""
        if regularization is not None:
            key = MetricKeys.LOSS_REGULARIZATION
            metrics[self._summary_key(key)] = mean(regularization, name=key)


# --- training ---
def training_step(loss: Any, optimizer: Any, train_op_fn: TrainOpFn | None) -> Any:
    """Returns an operation that trains, made by an optimizer or by a function of the loss.

    Raises:
        ValueError: if neither is given, or both.
    """
    if optimizer is not None:
        if train_op_fn is not None:
            raise ValueError("train_op_fn and optimizer cannot both be set.")
        return optimizer.minimize(loss, global_step=get_global_step())
    if train_op_fn is None:
        raise ValueError("train_op_fn and optimizer cannot both be None.")
    return train_op_fn(loss)


def with_updates(train_op: Any) -> Any:
    """Returns a training step that runs the updates noted in the graph too, if there are any."""
    updates = scopes.get_collection(GraphKeys.UPDATE_OPS)
    return group(train_op, *updates) if updates else train_op


# --- classes ---
def all_class_ids(logits: Tensor, n_classes: Any) -> Tensor:
    """Returns the numbers of all classes for each example, `[batch, n_classes]`."""
    batch_size = shape_of(logits)[0]
    return tile(expand_dims(range_(n_classes), axis=0), [batch_size, 1])


def all_classes(logits: Tensor, n_classes: Any, vocabulary: Any) -> Tensor:
    """Returns the names of all classes for each example, `[batch, n_classes]`."""
    batch_size = shape_of(logits)[0]
    names = vocabulary if vocabulary else as_string(range_(n_classes))
    return tile(expand_dims(names, axis=0), [batch_size, 1])


def classification_output(scores: Tensor, n_classes: Any, vocabulary: Any) -> ClassificationOutput:
    """Returns the ExportOutput of scores and of the names of all classes."""
    return ClassificationOutput(scores, all_classes(scores, n_classes, vocabulary))
