"""Hooks that belong to Estimators: an evaluation inside a training, and a worker's last step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.export import export
from graphflow.core.graph import Graph
from graphflow.estimators.estimator import checked_hooks
from graphflow.estimators.settings import saved_global_step
from graphflow.ops import state
from graphflow.ops.constant import placeholder
from graphflow.ops.control_ops import group
from graphflow.training.hooks import SecondOrStepTimer, StopAtStepHook, global_step_read
from graphflow.training.scaffold import Scaffold
from graphflow.training.session_hooks import SessionRunArgs, SessionRunContext, SessionRunHook


@export("estimator.experimental.InMemoryEvaluatorHook")
class InMemoryEvaluatorHook(SessionRunHook):
    """Evaluates while a model trains, with the variables as they are: no checkpoint is read.

    Args:
        estimator: the Estimator that trains.
        input_fn: as that of `Estimator.evaluate`.
        steps: how many batches; None: until the input ends.
        hooks: SessionRunHooks of the evaluation.
        name: the name of the evaluation.
        every_n_iter: steps from one evaluation to the next; there is one before the first step
            and one after the last.

    Raises:
        ValueError: if that is not positive, several machines train, or the model has a saver or
            an `init_fn` of its own.
    """

    def __init__(
        self,
        estimator: Any,
        input_fn: Callable[..., Any],
        steps: int | None = None,
        hooks: Iterable[SessionRunHook] | None = None,
        name: str | None = None,
        every_n_iter: int = 100,
    ) -> None:
        if every_n_iter is None or every_n_iter <= 0:
            raise ValueError(f"invalid every_n_iter={every_n_iter}.")
        if estimator.config.num_ps_replicas > 0 or estimator.config.num_worker_replicas > 1:
            raise ValueError("InMemoryEvaluator supports only single machine (aka Local) setting.")
        self._estimator = estimator
        self._input_fn = input_fn
        self._steps = steps
        self._name = name
        self._every_n_iter = every_n_iter
        self._eval_dir = estimator.eval_dir(name)
        self._hooks = checked_hooks(hooks) + estimator._convert_eval_steps_to_hooks(steps)
        self._timer = SecondOrStepTimer(every_steps=every_n_iter)

    def begin(self) -> None:
        """Declares the evaluation, in a graph of its own."""
        self._timer.reset()
        self._iter_count = 0
        self._graph = Graph()
        with self._graph.as_default():
            self._scaffold, self._update_op, self._eval_dict, self._all_hooks = (
                self._estimator._evaluate_build_graph(self._input_fn, self._hooks)
            )
            if self._scaffold.saver is not None:
                raise ValueError("InMemoryEvaluator does not support custom saver")
            if self._scaffold.init_fn is not None:
                raise ValueError("InMemoryEvaluator does not support custom init_fn")
            variables = scopes.get_collection(GraphKeys.GLOBAL_VARIABLES)
            self._eval_variables = {v.name: v for v in variables}
            self._placeholders = {v.name: placeholder(v.dtype) for v in variables}

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Evaluates before the first step."""
        if scopes.get_collection(GraphKeys.SAVEABLE_OBJECTS):
            raise ValueError(
                "InMemoryEvaluator does not support saveables other than global variables."
            )
        trained = {v.name: v for v in scopes.get_collection(GraphKeys.GLOBAL_VARIABLES)}
        self._trained = {name: v for name, v in trained.items() if name in self._placeholders}
        with self._graph.as_default():
            pairs = [
                (self._eval_variables[name], self._placeholders[name]) for name in self._trained
            ]
            self._feed_op = group(*[state.assign(v, value) for v, value in pairs])
        self._evaluate(session)

    def _evaluate(self, train_session: Any) -> None:
        values = train_session.run(self._trained)
        feeds = {self._placeholders[name]: value for name, value in values.items()}

        def take_over(scaffold: Any, session: Any) -> None:
            session.run(self._feed_op, feed_dict=feeds)

        scaffold = Scaffold(init_fn=take_over, copy_from_scaffold=self._scaffold)
        with self._graph.as_default():
            self._estimator._evaluate_run(
                checkpoint_path=None,
                scaffold=scaffold,
                update_op=self._update_op,
                eval_dict=self._eval_dict,
                all_hooks=self._all_hooks,
                output_dir=self._eval_dir,
            )
        self._timer.update_last_triggered_step(self._iter_count)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        """Evaluates when it is time."""
        self._iter_count += 1
        if self._timer.should_trigger_for_step(self._iter_count):
            self._evaluate(run_context.session)

    def end(self, session: Any) -> None:
        """Evaluates after the last step."""
        self._evaluate(session)


class _StopAtCheckpointStepHook(SessionRunHook):
    """Ends a worker's training once a checkpoint of the last step is there."""

    def __init__(self, model_dir: Any, last_step: int, wait_after_file_check_secs: float) -> None:
        if last_step is None:
            raise ValueError("last_step must be specified.")
        if model_dir is None:
            raise ValueError("model_dir must be specified.")
        self._model_dir = model_dir
        self._last_step = last_step
        self._wait_after_file_check_secs = wait_after_file_check_secs

    def begin(self) -> None:
        self._global_step_tensor = global_step_read("StopAtCheckpointStepHook")

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(self._global_step_tensor)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        if run_values.results + 1 < self._last_step:
            return
        if saved_global_step(self._model_dir) >= self._last_step:
            run_context.request_stop()
        else:
            time.sleep(self._wait_after_file_check_secs)


@export("estimator.experimental.make_stop_at_checkpoint_step_hook")
def make_stop_at_checkpoint_step_hook(
    estimator: Any, last_step: int, wait_after_file_check_secs: float = 30
) -> SessionRunHook:
    """Returns a hook that ends a training at a step; a worker's once its checkpoint is there.

    Args:
        estimator: the Estimator.
        last_step: the step.
        wait_after_file_check_secs: how long a worker waits from one look to the next.

    Raises:
        ValueError: if there is no step.
    """
    if estimator.config.is_chief:
        return StopAtStepHook(last_step=last_step)
    return _StopAtCheckpointStepHook(estimator.model_dir, last_step, wait_after_file_check_secs)
