"""Hooks that write files: checkpoints, summaries, how fast it goes, and where the time goes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.export import export
from graphflow.formats import proto
from graphflow.formats.meta_graph import export_scoped_meta_graph, write_graph
from graphflow.formats.timeline import Timeline
from graphflow.platform import tf_logging
from graphflow.training.global_step import get_global_step
from graphflow.training.hooks import SecondOrStepTimer, global_step_read
from graphflow.training.session_hooks import SessionRunArgs, SessionRunContext, SessionRunHook
from graphflow.training.summary_writer import FileWriterCache


# --- checkpoints ---
@export("train.CheckpointSaverListener", "estimator.CheckpointSaverListener")
class CheckpointSaverListener:
    """Is told when a CheckpointSaverHook saves; subclasses override what they need."""

    def begin(self) -> None:
        """Called before the session is made."""

    def before_save(self, session: Any, global_step_value: Any) -> None:
        """Called before a checkpoint is written."""

    def after_save(self, session: Any, global_step_value: Any) -> Any:
        """Called when a checkpoint was written; returns True to ask for the end."""

    def end(self, session: Any, global_step_value: Any) -> None:
        """Called at the end."""


@export("train.CheckpointSaverHook", "estimator.CheckpointSaverHook")
class CheckpointSaverHook(SessionRunHook):
    """Saves checkpoints at the start, now and then, and at the end.

    Args:
        checkpoint_dir: the directory.
        save_secs: seconds from one to the next.
        save_steps: or steps.
        saver: saves them; None: that of the scaffold, or the one in the collection SAVERS.
        checkpoint_basename: what the files' names begin with.
        scaffold: has the saver.
        listeners: CheckpointSaverListeners.

    Raises:
        ValueError: if both a saver and a scaffold are given, or not exactly one interval.
    """

    def __init__(
        self,
        checkpoint_dir: str,
        save_secs: float | None = None,
        save_steps: int | None = None,
        saver: Any = None,
        checkpoint_basename: str = "model.ckpt",
        scaffold: Any = None,
        listeners: Iterable[CheckpointSaverListener] | None = None,
    ) -> None:
        tf_logging.info("Create CheckpointSaverHook.")
        if saver is not None and scaffold is not None:
            raise ValueError("You cannot provide both saver and scaffold.")
        self._saver = saver
        self._checkpoint_dir = checkpoint_dir
        self._save_path = os.path.join(checkpoint_dir, checkpoint_basename)
        self._scaffold = scaffold
        self._timer = SecondOrStepTimer(every_secs=save_secs, every_steps=save_steps)
        self._listeners = list(listeners or ())
        self._steps_per_run = 1

    def _set_steps_per_run(self, steps_per_run: int) -> None:
        self._steps_per_run = steps_per_run

    def begin(self) -> None:
        """Opens the event file and looks up the global step."""
        self._summary_writer = FileWriterCache.get(self._checkpoint_dir)
        self._global_step_tensor = global_step_read("CheckpointSaverHook")
        for listener in self._listeners:
            listener.begin()

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Writes the graph and the first checkpoint."""
        step = session.run(self._global_step_tensor)
        graph = scopes.get_default_graph()
        nodes = graph.as_graph_def(add_shapes=True)
        write_graph(nodes, self._checkpoint_dir, "graph.pbtxt")
        saver = self._get_saver()
        message = export_scoped_meta_graph(
            graph_def=nodes, graph=graph, saver_def=saver.saver_def if saver else None
        )[0]
        self._summary_writer.add_graph(graph)
        self._summary_writer.add_meta_graph(message)
        self._save(session, step)
        self._timer.update_last_triggered_step(step)

    def before_run(self, run_context: SessionRunContext) -> Any:
        """Asks for the global step."""
        return SessionRunArgs(self._global_step_tensor)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        """Saves when it is time."""
        if not self._timer.should_trigger_for_step(run_values.results + self._steps_per_run):
            return
        step = run_context.session.run(self._global_step_tensor)
        if self._timer.should_trigger_for_step(step):
            self._timer.update_last_triggered_step(step)
            if self._save(run_context.session, step):
                run_context.request_stop()

    def end(self, session: Any) -> None:
        """Saves the last step, if it is not saved yet."""
        step = session.run(self._global_step_tensor)
        if step != self._timer.last_triggered_step():
            self._save(session, step)
        for listener in self._listeners:
            listener.end(session, step)

    def _save(self, session: Any, step: Any) -> bool:
        """Writes a checkpoint; returns whether a listener asks for the end."""
        tf_logging.info("Saving checkpoints for %d into %s.", step, self._save_path)
        for listener in self._listeners:
            listener.before_save(session, step)
        self._get_saver().save(session, self._save_path, global_step=step)
        log = proto.SessionLog(status=proto.SessionLog.CHECKPOINT, checkpoint_path=self._save_path)
        self._summary_writer.add_session_log(log, step)
        stop = False
        for listener in self._listeners:
            if listener.after_save(session, step):
                text = "A CheckpointSaverListener requested that training be stopped. listener: %s"
                tf_logging.info(text, listener)
                stop = True
        return stop

    def _get_saver(self) -> Any:
        if self._saver is not None:
            return self._saver
        if self._scaffold is not None:
            return self._scaffold.saver
        found = scopes.get_collection(GraphKeys.SAVERS)
        if not found:
            raise RuntimeError(
                f"No items in collection {GraphKeys.SAVERS}. Please add a saver to the collection "
                "or provide a saver or scaffold."
            )
        if len(found) > 1:
            raise RuntimeError(
                f"More than one item in collection {GraphKeys.SAVERS}. Please indicate which one "
                "to use by passing it to the constructor."
            )
        self._saver = found[0]
        return self._saver


# --- speed ---
@export("train.StepCounterHook", "estimator.StepCounterHook")
class StepCounterHook(SessionRunHook):
    """Writes and logs how many steps a second the training takes.

    Args:
        every_n_steps: steps from one time to the next.
        every_n_secs: or seconds.
        output_dir: where the summaries go; None: they are only logged.
        summary_writer: or the writer itself.

    Raises:
        ValueError: unless exactly one interval is given.
    """

    def __init__(
        self,
        every_n_steps: int | None = 100,
        every_n_secs: float | None = None,
        output_dir: str | None = None,
        summary_writer: Any = None,
    ) -> None:
        if (every_n_steps is None) == (every_n_secs is None):
            raise ValueError("exactly one of every_n_steps and every_n_secs should be provided.")
        self._timer = SecondOrStepTimer(every_steps=every_n_steps, every_secs=every_n_secs)
        self._summary_writer = summary_writer
        self._output_dir = output_dir
        self._last_global_step: Any = None
        self._steps_per_run = 1

    def _set_steps_per_run(self, steps_per_run: int) -> None:
        self._steps_per_run = steps_per_run

    def begin(self) -> None:
        """Opens the event file and looks up the global step."""
        if self._summary_writer is None and self._output_dir:
            self._summary_writer = FileWriterCache.get(self._output_dir)
        self._global_step_tensor = global_step_read("StepCounterHook")
        self._summary_tag = get_global_step().op.name + "/sec"

    def before_run(self, run_context: SessionRunContext) -> Any:
        """Asks for the global step."""
        return SessionRunArgs(self._global_step_tensor)

    def _log_and_record(self, elapsed_steps: Any, elapsed_time: Any, global_step: Any) -> None:
        speed = elapsed_steps / elapsed_time
        if self._summary_writer is not None:
            value = proto.Summary.Value(tag=self._summary_tag, simple_value=speed)
            self._summary_writer.add_summary(proto.Summary(value=[value]), global_step)
        tf_logging.info("%s: %g", self._summary_tag, speed)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        """Writes the speed when it is time; warns where the step does not change."""
        stale = run_values.results
        if self._timer.should_trigger_for_step(stale + self._steps_per_run):
            step = run_context.session.run(self._global_step_tensor)
            if self._timer.should_trigger_for_step(step):
                seconds, steps = self._timer.update_last_triggered_step(step)
                if seconds is not None:
                    self._log_and_record(steps, seconds, step)
        if stale == self._last_global_step:
            tf_logging.log_first_n(
                tf_logging.WARN,
                "It seems that global step (tf.train.get_global_step) has not been increased. "
                "Current value (could be stable): %s vs previous value: %s. You could increase the "
                "global step by passing tf.train.get_global_step() to Optimizer.apply_gradients or "
                "Optimizer.minimize.",
                5,
                stale,
                self._last_global_step,
            )
        self._last_global_step = stale


# --- summaries ---
@export("train.SummarySaverHook", "estimator.SummarySaverHook")
class SummarySaverHook(SessionRunHook):
    """Writes summaries in the first run and now and then.

    Args:
        save_steps: steps from one time to the next.
        save_secs: or seconds.
        output_dir: where they go.
        summary_writer: or the writer itself.
        scaffold: has the summaries' tensor.
        summary_op: or that tensor itself, or a list of such.

    Raises:
        ValueError: unless exactly one of `scaffold` and `summary_op` is given.
    """

    def __init__(
        self,
        save_steps: int | None = None,
        save_secs: float | None = None,
        output_dir: str | None = None,
        summary_writer: Any = None,
        scaffold: Any = None,
        summary_op: Any = None,
    ) -> None:
        if (scaffold is None) == (summary_op is None):
            raise ValueError("Exactly one of scaffold or summary_op must be provided.")
        self._summary_op = summary_op
        self._summary_writer = summary_writer
        self._output_dir = output_dir
        self._scaffold = scaffold
        self._timer = SecondOrStepTimer(every_secs=save_secs, every_steps=save_steps)

    def begin(self) -> None:
        """Opens the event file and looks up the global step."""
        if self._summary_writer is None and self._output_dir:
            self._summary_writer = FileWriterCache.get(self._output_dir)
        self._next_step: Any = None
        self._global_step_tensor = global_step_read("SummarySaverHook")

    def before_run(self, run_context: SessionRunContext) -> Any:
        """Asks for the global step, and for the summaries when it is time."""
        first = self._next_step is None
        self._request_summary = first or self._timer.should_trigger_for_step(self._next_step)
        requests = {"global_step": self._global_step_tensor}
        if self._request_summary and (op := self._get_summary_op()) is not None:
            requests["summary"] = op
        return SessionRunArgs(requests)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        """Writes them."""
        if not self._summary_writer:
            return
        results = run_values.results
        step = results["global_step"] + 1
        if self._next_step is None or self._request_summary:
            step = run_context.session.run(self._global_step_tensor)
        if self._next_step is None:
            start = proto.SessionLog(status=proto.SessionLog.START)
            self._summary_writer.add_session_log(start, step)
        if self._request_summary:
            self._timer.update_last_triggered_step(step)
            for summary in results.get("summary", ()):
                self._summary_writer.add_summary(summary, step)
        self._next_step = step + 1

    def end(self, session: Any = None) -> None:
        """Makes what was written visible."""
        if self._summary_writer:
            self._summary_writer.flush()

    def _get_summary_op(self) -> Any:
        own = self._summary_op is not None
        op = self._summary_op if own else self._scaffold.summary_op
        return op if op is None or isinstance(op, list) else [op]


# --- profiles ---
@export("train.ProfilerHook", "estimator.ProfilerHook")
class ProfilerHook(SessionRunHook):
    """Writes where the time of a run goes, now and then, as a timeline for chrome://tracing.

    Args:
        save_steps: steps from one time to the next.
        save_secs: or seconds.
        output_dir: where the files `timeline-<step>.json` go.
        show_dataflow: whether arrows show who uses whose values.
        show_memory: kept for TensorFlow's sake.
    """

    def __init__(
        self,
        save_steps: int | None = None,
        save_secs: float | None = None,
        output_dir: str = "",
        show_dataflow: bool = True,
        show_memory: bool = False,
    ) -> None:
        self._output_file = os.path.join(output_dir, "timeline-{}.json")
        self._file_writer = FileWriterCache.get(output_dir)
        self._show_dataflow = show_dataflow
        self._show_memory = show_memory
        self._timer = SecondOrStepTimer(every_secs=save_secs, every_steps=save_steps)

    def begin(self) -> None:
        """Looks up the global step."""
        self._next_step: Any = None
        self._global_step_tensor = global_step_read("ProfilerHook")

    def before_run(self, run_context: SessionRunContext) -> Any:
        """Asks for the global step, and for a trace when it is time."""
        started = self._next_step is not None
        self._request_summary = started and self._timer.should_trigger_for_step(self._next_step)
        trace = proto.RunOptions(trace_level=proto.RunOptions.FULL_TRACE)
        return SessionRunArgs(
            {"global_step": self._global_step_tensor},
            options=trace if self._request_summary else None,
        )

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        """Writes the timeline."""
        step = run_values.results["global_step"]
        if self._next_step is None:
            self._timer.update_last_triggered_step(step)
        step += 1
        if self._request_summary:
            step = run_context.session.run(self._global_step_tensor)
            self._timer.update_last_triggered_step(step)
            path = self._output_file.format(step)
            tf_logging.info("Saving timeline for %d into '%s'.", step, path)
            with open(path, "w", encoding="utf-8") as file:
                file.write(self._timeline(run_values.run_metadata.step_stats))
            self._file_writer.add_run_metadata(run_values.run_metadata, f"step_{step:d}")
        self._next_step = step + 1

    def _timeline(self, step_stats: Any) -> str:
        return Timeline(step_stats).generate_chrome_trace_format(
            show_dataflow=self._show_dataflow, show_memory=self._show_memory
        )
