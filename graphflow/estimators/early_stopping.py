"""Hooks that end a training early: by a function, or by the metrics of evaluations so far."""

from __future__ import annotations

import operator
import os
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

from graphflow.core.collections import GraphKeys
from graphflow.core.dtypes import bool_
from graphflow.core.export import export
from graphflow.estimators.estimator import Estimator
from graphflow.estimators.exporters import written_metrics
from graphflow.formats.events import read_events
from graphflow.nets.initializers import Constant
from graphflow.ops import state
from graphflow.ops.variable_scope import AUTO_REUSE, get_variable, variable_scope
from graphflow.platform import gfile, tf_logging
from graphflow.training.global_step import get_global_step, step_after_run
from graphflow.training.hooks import SecondOrStepTimer
from graphflow.training.session_hooks import SessionRunArgs, SessionRunContext, SessionRunHook

_EVENTS: Final = "events.out.tfevents.*"
Metrics = dict[int, dict[str, float]]


# --- hooks ---
def _stop_variable() -> Any:
    """The variable by which the chief tells the workers."""
    with variable_scope("signal_early_stopping", values=[], reuse=AUTO_REUSE):
        return get_variable(
            "STOP",
            shape=[],
            dtype=bool_,
            initializer=Constant(False),
            collections=[GraphKeys.GLOBAL_VARIABLES],
            trainable=False,
        )


class _StopOnPredicateHook(SessionRunHook):
    """Asks a function now and then, and tells the workers."""

    def __init__(
        self, should_stop_fn: Any, run_every_secs: float | None, run_every_steps: int | None
    ) -> None:
        if not callable(should_stop_fn):
            raise TypeError("`should_stop_fn` must be callable.")
        self._should_stop_fn = should_stop_fn
        self._timer = SecondOrStepTimer(every_secs=run_every_secs, every_steps=run_every_steps)

    def begin(self) -> None:
        self._global_step_tensor = get_global_step()
        self._stop_op = state.assign(_stop_variable(), True)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(self._global_step_tensor)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        tensor = self._global_step_tensor
        step = step_after_run(run_context.session, tensor, run_values.results)
        if not self._timer.should_trigger_for_step(step):
            return
        self._timer.update_last_triggered_step(step)
        if self._should_stop_fn():
            tf_logging.info("Requesting early stopping at global step %d", step)
            run_context.session.run(self._stop_op)
            run_context.request_stop()


class _CheckForStoppingHook(SessionRunHook):
    """Ends a worker's training when the chief says so."""

    def begin(self) -> None:
        self._stop_var = _stop_variable()

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(self._stop_var)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        if run_values.results:
            tf_logging.info("Early stopping requested, suspending run.")
            run_context.request_stop()


@export("estimator.experimental.make_early_stopping_hook")
def make_early_stopping_hook(
    estimator: Any,
    should_stop_fn: Callable[[], bool],
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> SessionRunHook:
    """Returns a hook that ends a training when a function says so.

    Args:
        estimator: the Estimator.
        should_stop_fn: returns whether to end.
        run_every_secs: seconds from one call to the next; None: see the next one.
        run_every_steps: or steps.

    Raises:
        TypeError: if the estimator is none, or the function cannot be called.
        ValueError: if both intervals are given, or none.
    """
    if not isinstance(estimator, Estimator):
        raise TypeError(
            f"`estimator` must have type `tf.estimator.Estimator`. Got: {type(estimator)}"
        )
    if run_every_secs is not None and run_every_steps is not None:
        raise ValueError("Only one of `run_every_secs` and `run_every_steps` must be set.")
    if estimator.config.is_chief:
        return _StopOnPredicateHook(should_stop_fn, run_every_secs, run_every_steps)
    return _CheckForStoppingHook()


# --- by metrics ---
def read_eval_metrics(eval_dir: Any) -> Metrics:
    """Returns the metrics that evaluations wrote, by step, in the order of the steps.

    Args:
        eval_dir: the folder of their event files.
    """
    found: defaultdict[int, dict[str, float]] = defaultdict(dict)
    for path in gfile.glob(os.path.join(eval_dir, _EVENTS)) if gfile.exists(eval_dir) else ():
        for event in read_events(path):
            metrics = written_metrics(event)
            if metrics:
                found[event.step].update(metrics)
    return dict(sorted(found.items()))


def _values(eval_dir: Any, metric_name: str, min_steps: int) -> list[tuple[int, float]]:
    metrics = read_eval_metrics(eval_dir)
    return [(step, found[metric_name]) for step, found in metrics.items() if step >= min_steps]


def _threshold_hook(
    estimator: Any,
    metric_name: str,
    threshold: float,
    higher: bool,
    eval_dir: Any,
    min_steps: int,
    every: tuple[Any, Any],
) -> SessionRunHook:
    folder = estimator.eval_dir() if eval_dir is None else eval_dir
    is_better = operator.gt if higher else operator.lt

    def crossed() -> bool:
        for step, value in _values(folder, metric_name, min_steps):
            if is_better(value, threshold):
                tf_logging.info(
                    'At step %s, metric "%s" has value %s which is %s the configured threshold '
                    "(%s) for early stopping.",
                    step,
                    metric_name,
                    value,
                    "greater than" if higher else "less than",
                    threshold,
                )
                return True
        return False

    return make_early_stopping_hook(estimator, crossed, *every)


def _improvement_hook(
    estimator: Any,
    metric_name: str,
    max_steps: int,
    higher: bool,
    eval_dir: Any,
    min_steps: int,
    every: tuple[Any, Any],
) -> SessionRunHook:
    folder = estimator.eval_dir() if eval_dir is None else eval_dir
    is_better = operator.gt if higher else operator.lt

    def stalled() -> bool:
        best_step, best = 0, None
        for step, value in _values(folder, metric_name, min_steps):
            if best is None or is_better(value, best):
                best_step, best = step, value
            if step - best_step >= max_steps:
                tf_logging.info(
                    'No %s in metric "%s" for %s steps, which is greater than or equal to max '
                    "steps (%s) configured for early stopping.",
                    "increase" if higher else "decrease",
                    metric_name,
                    step - best_step,
                    max_steps,
                )
                return True
        return False

    return make_early_stopping_hook(estimator, stalled, *every)


@export("estimator.experimental.stop_if_higher_hook")
def stop_if_higher_hook(
    estimator: Any,
    metric_name: str,
    threshold: float,
    eval_dir: Any = None,
    min_steps: int = 0,
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> SessionRunHook:
    """Returns a hook that ends a training when a metric was higher than a threshold.

    Args:
        estimator: the Estimator.
        metric_name: the name of the metric.
        threshold: the threshold.
        eval_dir: where evaluations write; None: `estimator.eval_dir()`.
        min_steps: evaluations before this step do not count.
        run_every_secs: seconds from one look to the next; None: see the next one.
        run_every_steps: or steps.

    Raises:
        TypeError: if the estimator is none.
        ValueError: if both intervals are given, or none.
    """
    every = run_every_secs, run_every_steps
    return _threshold_hook(estimator, metric_name, threshold, True, eval_dir, min_steps, every)


@export("estimator.experimental.stop_if_lower_hook")
def stop_if_lower_hook(
    estimator: Any,
    metric_name: str,
    threshold: float,
    eval_dir: Any = None,
    min_steps: int = 0,
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> SessionRunHook:
    """Returns a hook that ends a training when a metric was lower than a threshold.

    Args:
        estimator: see `stop_if_higher_hook`, and so the others.
        metric_name: as above.
        threshold: as above.
        eval_dir: as above.
        min_steps: as above.
        run_every_secs: as above.
        run_every_steps: as above.

    Raises:
        TypeError: see there.
        ValueError: see there.
    """
    every = run_every_secs, run_every_steps
    return _threshold_hook(estimator, metric_name, threshold, False, eval_dir, min_steps, every)


@export("estimator.experimental.stop_if_no_increase_hook")
def stop_if_no_increase_hook(
    estimator: Any,
    metric_name: str,
    max_steps_without_increase: int,
    eval_dir: Any = None,
    min_steps: int = 0,
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> SessionRunHook:
    """Returns a hook that ends a training when a metric has not become higher for many steps.

    Args:
        estimator: see `stop_if_higher_hook`, and so the others.
        metric_name: as above.
        max_steps_without_increase: how many steps.
        eval_dir: as above.
        min_steps: as above.
        run_every_secs: as above.
        run_every_steps: as above.

    Raises:
        TypeError: see there.
        ValueError: see there.
    """
    every = run_every_secs, run_every_steps
    limit = max_steps_without_increase
    return _improvement_hook(estimator, metric_name, limit, True, eval_dir, min_steps, every)


@export("estimator.experimental.stop_if_no_decrease_hook")
def stop_if_no_decrease_hook(
    estimator: Any,
    metric_name: str,
    max_steps_without_decrease: int,
    eval_dir: Any = None,
    min_steps: int = 0,
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> SessionRunHook:
    """Returns a hook that ends a training when a metric has not become lower for many steps.

    Args:
        estimator: see `stop_if_higher_hook`, and so the others.
        metric_name: as above.
        max_steps_without_decrease: how many steps.
        eval_dir: as above.
        min_steps: as above.
        run_every_secs: as above.
        run_every_steps: as above.

    Raises:
        TypeError: see there.
        ValueError: see there.
    """
    every = run_every_secs, run_every_steps
    limit = max_steps_without_decrease
    return _improvement_hook(estimator, metric_name, limit, False, eval_dir, min_steps, every)
