"""Hooks that watch a run: they log, stop, wait, feed, or run something at the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.errors import OutOfRangeError
from graphflow.core.export import export
from graphflow.platform import tf_logging
from graphflow.training.global_step import get_or_create_global_step_read
from graphflow.training.session_hooks import SessionRunArgs, SessionRunContext, SessionRunHook

_NAP = 0.5  # seconds
_LOG_EVERY = 1000  # steps


def global_step_read(who: str) -> Any:
    """The tensor of the global step before it is incremented.

    Raises:
        RuntimeError: if the graph has no global step.
    """
    found = get_or_create_global_step_read()
    if found is None:
        raise RuntimeError(f"Global step should be created to use {who}.")
    return found


@export("train.SecondOrStepTimer", "estimator.SecondOrStepTimer")
class SecondOrStepTimer:
    """Says when something is due again: every so many seconds, or every so many steps.

    Args:
        every_secs: seconds from one time to the next.
        every_steps: or steps.

    Raises:
        ValueError: unless exactly one is given.
    """

    def __init__(self, every_secs: float | None = None, every_steps: int | None = None) -> None:
        self.reset()
        if every_secs is None and every_steps is None:
            raise ValueError("Either every_secs or every_steps should be provided.")
        if every_secs is not None and every_steps is not None:
            raise ValueError("Can not provide both every_secs and every_steps.")
        self._every_secs = every_secs
        self._every_steps = every_steps

    def reset(self) -> None:
        """Forgets when it was done."""
        self._last_triggered_step: Any = None
        self._last_triggered_time: Any = None

    def should_trigger_for_step(self, step: Any) -> bool:
        """Whether it is due at a step: yes the first time, no twice for one step."""
        last = self._last_triggered_step
        if last is None:
            return True
        if last == step:
            return False
        if self._every_secs is not None:
            return bool(time.time() >= self._last_triggered_time + self._every_secs)
        return bool(step >= last + self._every_steps)

    def update_last_triggered_step(self, step: Any) -> tuple[Any, Any]:
        """Notes that it was done at a step; returns (seconds, steps) since the last time.

        Returns:
            (None, None) for the first time.
        """
        now = time.time()
        if self._last_triggered_time is None:
            since = None, None
        else:
            since = now - self._last_triggered_time, step - self._last_triggered_step
        self._last_triggered_time, self._last_triggered_step = now, step
        return since

    def last_triggered_step(self) -> Any:
        """The step at which it was done last, or None."""
        return self._last_triggered_step


class NeverTriggerTimer:
    """A timer for what is never due in between."""

    def reset(self) -> None:
        """Does nothing."""

    def should_trigger_for_step(self, step: Any) -> bool:
        """False."""
        return False

    def update_last_triggered_step(self, step: Any) -> tuple[Any, Any]:
        """(None, None)."""
        return None, None

    def last_triggered_step(self) -> Any:
        """None."""
        return None


# --- logging ---
def _element(obj: Any) -> Any:
    """The tensor or operation that a user names; "x" stands for "x:0".

    Raises:
        ValueError: if it belongs to another graph, or the name may mean several tensors.
    """
    graph = scopes.get_default_graph()
    if not isinstance(obj, str):
        if getattr(obj, "graph", None) is not graph:
            raise ValueError(
                f"Passed {obj} should have graph attribute that is equal to current graph {graph}."
            )
        return obj
    if ":" in obj:
        return graph.as_graph_element(obj)
    found = graph.as_graph_element(f"{obj}:0")
    if len(found.op.outputs) > 1:
        raise ValueError(
            f"Name {obj} is ambiguous, as this `Operation` has multiple outputs (at least 2)."
        )
    return found


@export("train.LoggingTensorHook", "estimator.LoggingTensorHook")
class LoggingTensorHook(SessionRunHook):
    """Logs the values of tensors now and then, and at the end.

    Args:
        tensors: by tag, or a list: tensors or their names.
        every_n_iter: so many runs from one time to the next.
        every_n_secs: or seconds.
        at_end: whether also at the end.
        formatter: makes the line of the values by tag; None: "tag = value, ...".

    Raises:
        ValueError: unless it is said exactly once when to log.
    """

    def __init__(
        self,
        tensors: Any,
        every_n_iter: int | None = None,
        every_n_secs: float | None = None,
        at_end: bool = False,
        formatter: Callable[[dict[Any, Any]], str] | None = None,
    ) -> None:
        only_at_end = at_end and every_n_iter is None and every_n_secs is None
        if not only_at_end and (every_n_iter is None) == (every_n_secs is None):
            raise ValueError(
                "either at_end and/or exactly one of every_n_iter and every_n_secs must be "
                "provided."
            )
        if every_n_iter is not None and every_n_iter <= 0:
            raise ValueError(f"invalid every_n_iter={every_n_iter}.")
        named = isinstance(tensors, dict)
        self._tag_order = sorted(tensors) if named else tensors
        self._tensors = tensors if named else {item: item for item in tensors}
        self._formatter = formatter
        self._timer: Any = (
            NeverTriggerTimer() if only_at_end else SecondOrStepTimer(every_n_secs, every_n_iter)
        )
        self._log_at_end = at_end

    def begin(self) -> None:
        """Looks up the tensors."""
        self._timer.reset()
        self._iter_count = 0
        self._current_tensors = {tag: _element(t) for tag, t in self._tensors.items()}

    def before_run(self, run_context: SessionRunContext) -> Any:
        """Asks for the tensors when it is time."""
        self._should_trigger = self._timer.should_trigger_for_step(self._iter_count)
        return SessionRunArgs(self._current_tensors) if self._should_trigger else None

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        """Logs them."""
        if self._should_trigger:
            self._log_tensors(run_values.results)
        self._iter_count += 1

    def end(self, session: Any) -> None:
        """Logs them once more."""
        if self._log_at_end:
            self._log_tensors(session.run(self._current_tensors))

    def _log_tensors(self, values: dict[Any, Any]) -> None:
        seconds, _ = self._timer.update_last_triggered_step(self._iter_count)
        with np.printoptions(suppress=True):
            if self._formatter:
                tf_logging.info(self._formatter(values))
                return
            line = ", ".join([f"{tag} = {values[tag]!s}" for tag in self._tag_order])
        if seconds is None:
            tf_logging.info("%s", line)
        else:
            tf_logging.info("%s (%.3f sec)", line, seconds)


# --- stopping and waiting ---
@export("train.StopAtStepHook", "estimator.StopAtStepHook")
class StopAtStepHook(SessionRunHook):
    """Asks for the end at a step.

    Args:
        num_steps: so many steps after the session was made.
        last_step: or this step.

    Raises:
        ValueError: unless exactly one is given.
    """

    def __init__(self, num_steps: int | None = None, last_step: int | None = None) -> None:
        if num_steps is None and last_step is None:
            raise ValueError("One of num_steps or last_step must be specified.")
        if num_steps is not None and last_step is not None:
            raise ValueError("Only one of num_steps or last_step can be specified.")
        self._num_steps = num_steps
        self._last_step: Any = last_step

    def begin(self) -> None:
        """Looks up the global step."""
        self._global_step_tensor = global_step_read("StopAtStepHook")

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Settles the last step."""
        if self._last_step is None:
            self._last_step = session.run(self._global_step_tensor) + self._num_steps

    def before_run(self, run_context: SessionRunContext) -> Any:
        """Asks for the global step."""
        return SessionRunArgs(self._global_step_tensor)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        """Asks for the end when it is there."""
        if run_values.results + 1 < self._last_step:
            return
        # The value is from before the run: whether the run took a step, only a look can tell.
        if run_context.session.run(self._global_step_tensor) >= self._last_step:
            run_context.request_stop()


@export("train.NanLossDuringTrainingError", "estimator.NanLossDuringTrainingError")
class NanLossDuringTrainingError(RuntimeError):
    """The loss is not a number."""

    def __str__(self) -> str:
        return "NaN loss during training."


@export("train.NanTensorHook", "estimator.NanTensorHook")
class NanTensorHook(SessionRunHook):
    """Ends the training when the loss is nan.

    Args:
        loss_tensor: the loss, a scalar.
        fail_on_nan_loss: whether it raises; else it asks for the end.
    """

    def __init__(self, loss_tensor: Any, fail_on_nan_loss: bool = True) -> None:
        self._loss_tensor = loss_tensor
        self._fail_on_nan_loss = fail_on_nan_loss

    def before_run(self, run_context: SessionRunContext) -> Any:
        """Asks for the loss."""
        return SessionRunArgs(self._loss_tensor)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        """Looks at it.

        Raises:
            NanLossDuringTrainingError: if it is nan and that is a failure.
        """
        if not np.isnan(run_values.results):
            return
        message = "Model diverged with loss = NaN."
        if self._fail_on_nan_loss:
            tf_logging.error(message)
            raise NanLossDuringTrainingError
        tf_logging.warning(message)
        run_context.request_stop()


@export("train.GlobalStepWaiterHook", "estimator.GlobalStepWaiterHook")
class GlobalStepWaiterHook(SessionRunHook):
    """Holds a worker back until others have reached a step.

    Args:
        wait_until_step: the step.
    """

    def __init__(self, wait_until_step: int) -> None:
        self._wait_until_step = wait_until_step

    def begin(self) -> None:
        """Looks up the global step."""
        self._worker_is_started = False
        self._global_step_tensor = global_step_read("_GlobalStepWaiterHook")

    def before_run(self, run_context: SessionRunContext) -> Any:
        """Waits, once."""
        if self._worker_is_started or self._wait_until_step <= 0:
            self._worker_is_started = True
            return
        text = "Waiting for global step %d before starting training."
        tf_logging.info(text, self._wait_until_step)
        logged = 0
        while (step := run_context.session.run(self._global_step_tensor)) < self._wait_until_step:
            if step - logged > _LOG_EVERY:
                tf_logging.info(f"{text} Current step is %d.", self._wait_until_step, step)
                logged = step
            time.sleep(_NAP)
        self._worker_is_started = True


# --- feeding and ending ---
@export("train.FinalOpsHook", "estimator.FinalOpsHook")
class FinalOpsHook(SessionRunHook):
    """Runs something at the end and keeps what comes of it.

    Args:
        final_ops: fetches of any structure; None: nothing.
        final_ops_feed_dict: feeds for them.
    """

    def __init__(self, final_ops: Any, final_ops_feed_dict: Any = None) -> None:
        self._final_ops = final_ops
        self._final_ops_feed_dict = final_ops_feed_dict
        self._final_ops_values: Any = None

    @property
    def final_ops_values(self) -> Any:
        """The values, once the session has ended."""
        return self._final_ops_values

    def end(self, session: Any) -> None:
        """Runs them."""
        if self._final_ops is None:
            return
        try:
            self._final_ops_values = session.run(
                self._final_ops, feed_dict=self._final_ops_feed_dict
            )
        except (OutOfRangeError, StopIteration):
            tf_logging.warning(
                "The final operations read from an input that has ended. They should depend on "
                "variables only: for metrics, on the value and not on the update."
            )
            raise


@export("train.FeedFnHook", "estimator.FeedFnHook")
class FeedFnHook(SessionRunHook):
    """Feeds each run what a function returns.

    Args:
        feed_fn: returns a feed_dict.
    """

    def __init__(self, feed_fn: Callable[[], Any]) -> None:
        self.feed_fn = feed_fn

    def before_run(self, run_context: SessionRunContext) -> Any:
        """Calls the function."""
        return SessionRunArgs(fetches=None, feed_dict=self.feed_fn())
