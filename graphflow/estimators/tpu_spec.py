"""TPUEstimatorSpec: what a TPUEstimator's model function returns, and its calls on the host."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

from graphflow.core.export import publish
from graphflow.core.function_arguments import fn_args
from graphflow.estimators import spec
from graphflow.platform import tf_logging
from graphflow.training.session_hooks import SessionRunArgs, SessionRunHook


class HostCallHook(SessionRunHook):
    """Runs what a host call returned in each step.

    Args:
        tensors: tensors and operations, in any structure.
    """

    def __init__(self, tensors: Any) -> None:
        self._tensors = tensors

    def before_run(self, run_context: Any) -> SessionRunArgs:
        """Asks for the tensors."""
        return SessionRunArgs(self._tensors)


class _Fields(NamedTuple):
    mode: str
    predictions: Any
    loss: Any
    train_op: Any
    eval_metrics: Any
    export_outputs: Any
    scaffold_fn: Any
    host_call: Any
    training_hooks: Any
    evaluation_hooks: Any
    prediction_hooks: Any


class TPUEstimatorSpec(_Fields):
    """What a model function of a TPUEstimator returns.

    Args:
        mode: one of `ModeKeys`.
        predictions: a tensor, or tensors by name; needed to predict.
        loss: a scalar (or a tensor of one element); needed to train and to evaluate.
        train_op: an operation that makes a step and counts it; needed to train.
        eval_metrics: (function, tensors): the function takes the tensors, a list by position or a
            dict by name, and returns metrics by name, as EstimatorSpec's `eval_metric_ops`.
        export_outputs: by name: the ExportOutputs of a SavedModel; None: the predictions.
        scaffold_fn: returns a Scaffold; None: a new one.
        host_call: (function, tensors): what the function returns is run in each step.
        training_hooks: SessionRunHooks of training.
        evaluation_hooks: SessionRunHooks of evaluation.
        prediction_hooks: SessionRunHooks of prediction.

    Raises:
        ValueError: as EstimatorSpec; or if `eval_metrics` or `host_call` is no such pair.
        TypeError: as EstimatorSpec; or if the first of such a pair is no function.
        RuntimeError: if such a function takes another number of tensors.
    """

    __slots__ = ()

    def __new__(
        cls,
        mode: str,
        predictions: Any = None,
        loss: Any = None,
        train_op: Any = None,
        eval_metrics: Any = None,
        export_outputs: Any = None,
        scaffold_fn: Any = None,
        host_call: Any = None,
        training_hooks: Any = None,
        evaluation_hooks: Any = None,
        prediction_hooks: Any = None,
    ) -> TPUEstimatorSpec:
        """Returns a new one; see the class."""
        _check_host_call("eval_metrics", eval_metrics)
        _check_host_call("host_call", host_call)
        training_hooks = spec.checked_hooks(training_hooks)
        evaluation_hooks = spec.checked_hooks(evaluation_hooks)
        prediction_hooks = spec.checked_hooks(prediction_hooks)
        train_op = spec.checked_train_op(train_op, mode)
        loss = spec.checked_loss(loss, mode)
        predictions = spec.checked_predictions(predictions, mode)
        export_outputs = spec.checked_outputs(export_outputs, predictions, mode)
        return super().__new__(
            cls, mode, predictions, loss, train_op, eval_metrics, export_outputs, scaffold_fn,
            host_call, training_hooks, evaluation_hooks, prediction_hooks,
        )  # fmt: skip

    def as_estimator_spec(self) -> spec.EstimatorSpec:
        """Returns the EstimatorSpec that does the same on a CPU; calls all functions.

        Raises:
            TypeError: if a function does not take tensors of such names, or as EstimatorSpec.
            ValueError: as EstimatorSpec.
        """
        metrics = _host_call("eval_metrics", self.eval_metrics)
        hooks: tuple[Any, ...] = ()
        if self.host_call is not None:
            hooks = (HostCallHook(_host_call("host_call", self.host_call)),)
        return spec.EstimatorSpec(
            mode=self.mode,
            predictions=self.predictions,
            loss=self.loss,
            train_op=self.train_op,
            eval_metric_ops=metrics,
            export_outputs=self.export_outputs,
            scaffold=self.scaffold_fn() if self.scaffold_fn else None,
            training_hooks=self.training_hooks + hooks,
            evaluation_hooks=self.evaluation_hooks + hooks,
            prediction_hooks=self.prediction_hooks + hooks,
        )


publish(TPUEstimatorSpec, "contrib.tpu.TPUEstimatorSpec", "estimator.tpu.TPUEstimatorSpec")


# --- functions that run on the host ---
def _check_host_call(name: str, call: Any) -> None:
    if call is None:
        return
    if not isinstance(call, tuple | list):
        raise ValueError(f"{name} should be tuple or list")
    if len(call) != 2:
        raise ValueError(f"{name} should have two elements.")
    function, tensors = call
    if not callable(function):
        raise TypeError(f"{name}[0] should be callable.")
    if not isinstance(tensors, tuple | list | dict):
        raise ValueError(f"{name}[1] should be tuple or list, or dict.")
    if isinstance(tensors, dict) or inspect.getfullargspec(function).varargs is not None:
        return
    if len(tensors) != len(fn_args(function)):
        raise RuntimeError(
            f"In TPUEstimatorSpec.{name}, length of tensors {len(tensors)} does not match method "
            f"args of the function, which takes {len(fn_args(function))}."
        )


def _host_call(name: str, call: Any) -> Any:
    """What the function of a pair makes of its tensors; None if there is no pair."""
    if call is None:
        return None
    _check_host_call(name, call)
    function, tensors = call
    if not isinstance(tensors, dict):
        return function(*tensors)
    try:
        return function(**tensors)
    except TypeError as e:
        tf_logging.warning(
            "Exception while calling %s: %s. It is likely the tensors (%s[1]) do not match the "
            "function's arguments",
            name,
            e,
            name,
        )
        raise
