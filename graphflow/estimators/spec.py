"""EstimatorSpec: what a model function returns, checked where it is made."""

from __future__ import annotations

from typing import Any, NamedTuple

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.export import publish
from graphflow.core.nest import flatten
from graphflow.core.shape import TensorShape
from graphflow.estimators.checks import (
    check_graph,
    checked_tensor,
    checked_tensor_or_operation,
    is_metric_object,
)
from graphflow.estimators.export_outputs import checked_export_outputs
from graphflow.estimators.mode_keys import ModeKeys
from graphflow.ops.reshape import reshape
from graphflow.ops.variables import Variable
from graphflow.training.scaffold import Scaffold
from graphflow.training.session_hooks import SessionRunHook


class _Fields(NamedTuple):
    mode: str
    predictions: Any
    loss: Any
    train_op: Any
    eval_metric_ops: Any
    export_outputs: Any
    training_chief_hooks: Any
    training_hooks: Any
    scaffold: Any
    evaluation_hooks: Any
    prediction_hooks: Any


class EstimatorSpec(_Fields):
    """What a model function returns: the operations of a mode, and what belongs to them.

    Args:
        mode: one of `ModeKeys`.
        predictions: a tensor, or tensors by name; needed to predict.
        loss: a scalar (or a tensor of one element); needed to train and to evaluate.
        train_op: an operation that makes a step and counts it; needed to train.
        eval_metric_ops: by name: (value, update) of a metric, or a metric object.
        export_outputs: by name: the ExportOutputs of a SavedModel. One is called
            "serving_default", a single one gets that name too; None: the predictions.
        training_chief_hooks: SessionRunHooks of training, for the chief only.
        training_hooks: SessionRunHooks of training.
        scaffold: a Scaffold; None: a new one.
        evaluation_hooks: SessionRunHooks of evaluation.
        prediction_hooks: SessionRunHooks of prediction.

    Raises:
        ValueError: if what the mode needs is missing, the loss has several elements, or something
            is of another graph than the default one.
        TypeError: if something is of another kind.
    """

    __slots__ = ()

    def __new__(
        cls,
        mode: str,
        predictions: Any = None,
        loss: Any = None,
        train_op: Any = None,
        eval_metric_ops: Any = None,
        export_outputs: Any = None,
        training_chief_hooks: Any = None,
        training_hooks: Any = None,
        scaffold: Any = None,
        evaluation_hooks: Any = None,
        prediction_hooks: Any = None,
    ) -> EstimatorSpec:
        """Returns a new one; see the class."""
        train_op = checked_train_op(train_op, mode)
        loss = checked_loss(loss, mode)
        predictions = checked_predictions(predictions, mode)
        export_outputs = checked_outputs(export_outputs, predictions, mode)
        training_hooks = checked_hooks(training_hooks)
        evaluation_hooks = checked_hooks(evaluation_hooks)
        prediction_hooks = checked_hooks(prediction_hooks)
        training_chief_hooks = checked_hooks(training_chief_hooks)
        eval_metric_ops = _metric_pairs(eval_metric_ops)
        return super().__new__(
            cls, mode, predictions, loss, train_op, eval_metric_ops, export_outputs,
            training_chief_hooks, training_hooks, _scaffold(scaffold), evaluation_hooks,
            prediction_hooks,
        )  # fmt: skip

    def _replace(self, /, **kwds: Any) -> EstimatorSpec:
        """Returns a copy with other fields, which are checked again.

        Raises:
            ValueError: if the mode is another one.
        """
        if kwds.get("mode", self.mode) != self.mode:
            raise ValueError("mode of EstimatorSpec cannot be changed.")
        return EstimatorSpec(*map(kwds.pop, self._fields, list(self)))


publish(EstimatorSpec, "estimator.EstimatorSpec")


# --- the checks of the fields ---
def checked_train_op(train_op: Any, mode: str) -> Any:
    """Returns a training step; raises ValueError or TypeError if it cannot be one."""
    if train_op is None:
        if mode == ModeKeys.TRAIN:
            raise ValueError("Missing train_op.")
        return None
    checked_tensor_or_operation(train_op, "train_op")
    if isinstance(train_op, Variable):
        train_op = train_op.op
    check_graph(train_op, "train_op", train_op.name)
    return train_op


def checked_loss(loss: Any, mode: str) -> Any:
    """Returns a scalar loss; raises ValueError or TypeError if it cannot be one."""
    if loss is None:
        if mode in (ModeKeys.TRAIN, ModeKeys.EVAL):
            raise ValueError("Missing loss.")
        return None
    shape = checked_tensor(loss, "loss").get_shape()
    if shape.num_elements() not in (None, 1):
        raise ValueError(f"Loss must be scalar, given: {loss}")
    if not shape.is_compatible_with(TensorShape([])):
        loss = reshape(loss, [])
    check_graph(loss, "loss", loss.name)
    return loss


def checked_predictions(predictions: Any, mode: str) -> Any:
    """Returns a tensor, or tensors by name; raises ValueError or TypeError if they are none."""
    if predictions is None:
        if mode == ModeKeys.PREDICT:
            raise ValueError("Missing predictions.")
        return {}
    if not isinstance(predictions, dict):
        checked_tensor(predictions, "predictions")
        check_graph(predictions, "prediction values", predictions.name)
        return predictions
    found = {k: checked_tensor(v, f"predictions[{k}]") for k, v in predictions.items()}
    for key, value in found.items():
        check_graph(value, "prediction values", f"{key}: {value.name}")
    return found


def checked_outputs(export_outputs: Any, predictions: Any, mode: str) -> Any:
    """Returns the ExportOutputs of a mode by name; only those of predictions are checked."""
    if mode != ModeKeys.PREDICT:
        return export_outputs
    return checked_export_outputs(export_outputs, predictions)


def checked_hooks(hooks: Any) -> tuple[Any, ...]:
    """Returns hooks as a tuple; raises TypeError if one is none."""
    found = tuple(hooks or ())
    for hook in found:
        if not isinstance(hook, SessionRunHook):
            raise TypeError(f"All hooks must be SessionRunHook instances, given: {hook}")
    return found


def _metric_pairs(metrics: Any) -> dict[str, Any]:
    """Checks metrics, and puts pairs of value and update in place of metric objects."""
    if metrics is None:
        return {}
    if not isinstance(metrics, dict):
        raise TypeError(f"eval_metric_ops must be a dict, given: {metrics}")
    for key, value in metrics.items():
        _check_metric(key, value)
    for key, value in metrics.items():
        parts = [*value.updates, value.result()] if is_metric_object(value) else flatten(value)
        for part in parts:
            check_graph(part, "eval_metric_ops", f"{key}: {part.name}")
    variables = []
    for key, value in metrics.items():
        if is_metric_object(value):
            variables += value.variables
            metrics[key] = (value.result(), value.updates[0])
    for collection in (GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES):
        known = scopes.get_collection(collection)
        for variable in variables:
            if not any(variable is other for other in known):
                scopes.add_to_collection(collection, variable)
    return metrics


def _check_metric(key: Any, value: Any) -> None:
    if is_metric_object(value):
        if not value.updates:
            raise ValueError(f'Please call update_state(...) on the "{value.name}" metric')
    elif not isinstance(value, tuple) or len(value) != 2:
        raise TypeError(
            "Values of eval_metric_ops must be (metric_value, update_op) tuples, "
            f"given: {value} for key: {key}"
        )


def _scaffold(scaffold: Any) -> Scaffold:
    scaffold = scaffold or Scaffold()
    if not isinstance(scaffold, Scaffold):
        raise TypeError(f"scaffold must be tf.train.Scaffold. Given: {scaffold}")
    return scaffold
