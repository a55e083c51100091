"""Heads of numbers: squared errors, and losses of other distributions with their links."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphflow.core.convert import convert_to_tensor
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.estimators import head_metrics, keys
from graphflow.estimators.export_outputs import RegressionOutput
from graphflow.estimators.head_base import LossSpec, SingleHead
from graphflow.estimators.head_checks import (
    called_loss_fn,
    check_loss_fn,
    check_reduction,
    checked_labels,
    checked_range,
    checked_weights,
    to_float,
)
from graphflow.estimators.keys import MetricKeys, PredictionKeys
from graphflow.nets import losses
from graphflow.nets.losses import Reduction
from graphflow.nets.metrics_mean import mean
from graphflow.ops.cross_entropy import log_poisson_loss, sigmoid_cross_entropy_with_logits
from graphflow.ops.functions import exp, sigmoid


class RegressionHead(SingleHead):
    """A head of numbers; see `regression_head`."""

    def __init__(
        self,
        label_dimension: int,
        weight_column: Any,
        loss_reduction: str,
        loss_fn: Any,
        inverse_link_fn: Callable[[Any], Any] | None,
        name: str | None,
    ) -> None:
        if label_dimension < 1:
            raise ValueError(f"Invalid label_dimension {label_dimension}.")
        super().__init__(weight_column, loss_reduction, loss_fn, name)
        self._logits_dimension = label_dimension
        self._inverse_link_fn = inverse_link_fn

    @property
    def logits_dimension(self) -> int:
        """How many numbers each example has."""
        return self._logits_dimension

    def create_loss(self, features: Any, mode: str, logits: Any, labels: Any) -> LossSpec:
        """Returns the squared error of logits.

        Args:
            features: tensors by name.
            mode: one of `ModeKeys`.
            logits: `[D0, ..., DN, label_dimension]`.
            labels: of that shape, or without the last axis.

        Raises:
            ValueError: if there are no labels, or they are of another shape.
        """
        logits = convert_to_tensor(logits)
        labels = to_float(checked_labels(labels, logits, self._logits_dimension))
        if self._loss_fn:
            unweighted = called_loss_fn(
                self._loss_fn, labels, logits, features, self._logits_dimension
            )
        else:
            unweighted = losses.mean_squared_error(labels, logits, reduction=Reduction.NONE)
        weights = checked_weights(features, self._weight_column, logits, for_each_logit=True)
        total = losses.compute_weighted_loss(unweighted, weights, reduction=self._loss_reduction)
        return LossSpec(total, unweighted, weights, labels)

    def _predicted(self, logits: Tensor) -> dict[str, Any]:
        if not self._inverse_link_fn:
            return {PredictionKeys.PREDICTIONS: logits}
        value = self._inverse_link_fn(logits)
        return {PredictionKeys.PREDICTIONS: value, PredictionKeys.LOGITS: logits}

    def _exports(self, predictions: dict[str, Any]) -> dict[str, Any]:
        output = RegressionOutput(predictions[PredictionKeys.PREDICTIONS])
        return {keys.DEFAULT_SERVING: output, keys.REGRESS_SERVING: output}

    def _metrics(
        self, predictions: dict[str, Any], labels: Any, loss: LossSpec, regularization: Any
    ) -> dict[str, Any]:
        weights = loss.weights
        key = MetricKeys
        found = {
            self._summary_key(key.LOSS_MEAN): mean(loss.unreduced_loss, weights),
            self._summary_key(key.PREDICTION_MEAN): head_metrics.predictions_mean(
                predictions[PredictionKeys.PREDICTIONS], weights, key.PREDICTION_MEAN
            ),
            self._summary_key(key.LABEL_MEAN): mean(labels, weights),
        }
        self._with_regularization(found, regularization)
        return found


@export("contrib.estimator.regression_head")
def regression_head(
    weight_column: Any = None,
    label_dimension: int = 1,
    loss_reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
    loss_fn: Any = None,
    inverse_link_fn: Callable[[Any], Any] | None = None,
    name: str | None = None,
) -> RegressionHead:
    """Returns a head of numbers: predictions are the logits, the loss is the squared error.

    Args:
        weight_column: the name of the feature of weights, or a numeric column; or None.
        label_dimension: how many numbers each example has.
        loss_reduction: one of `tf.losses.Reduction`, not NONE.
        loss_fn: takes `labels`, `logits` and perhaps `features`, and returns the loss of each
            number; None: the squared error.
        inverse_link_fn: makes predictions of logits; None: they are the logits.
        name: put behind the names of summaries and metrics.

    Raises:
        ValueError: if an argument is of another kind.
    """
    check_reduction(loss_reduction)
    check_loss_fn(loss_fn)
    return RegressionHead(
        label_dimension, weight_column, loss_reduction, loss_fn, inverse_link_fn, name
    )


@export("contrib.estimator.poisson_regression_head")
def poisson_regression_head(
    weight_column: Any = None,
    label_dimension: int = 1,
    loss_reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
    compute_full_loss: bool = True,
    name: str | None = None,
) -> RegressionHead:
    """Returns a head of counts: logits are the logarithms of the means of Poisson distributions.

    Args:
        weight_column: see `regression_head`, and so the others.
        label_dimension: as above.
        loss_reduction: as above.
        compute_full_loss: whether the loss has the approximation of `log(labels!)` too.
        name: as above.

    Raises:
        ValueError: see there.
    """

    def loss(labels: Any, logits: Any) -> Any:
        return log_poisson_loss(labels, logits, compute_full_loss=compute_full_loss)

    return regression_head(weight_column, label_dimension, loss_reduction, loss, exp, name)


@export("contrib.estimator.logistic_regression_head")
def logistic_regression_head(
    weight_column: Any = None,
    loss_reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
    name: str | None = None,
) -> RegressionHead:
    """Returns a head of probabilities: labels lie between 0 and 1, the loss is a cross entropy.

    Args:
        weight_column: see `regression_head`, and so the others.
        loss_reduction: as above.
        name: as above.

    Raises:
        ValueError: see there.
    """

    def loss(labels: Any, logits: Any) -> Any:
        labels = checked_range(labels, 2, "Labels must be in range [0, 1]")
        return sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)

    return regression_head(weight_column, 1, loss_reduction, loss, sigmoid, name)
