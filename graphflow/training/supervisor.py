"""Supervisor: the older way to train: it restores, saves, summarizes and stops threads."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.dtypes import int32, int64
from graphflow.core.errors import AbortedError
from graphflow.core.export import export
from graphflow.formats import proto
from graphflow.formats.meta_graph import export_scoped_meta_graph, write_graph
from graphflow.ops.control_ops import group
from graphflow.ops.lookup_base import tables_initializer
from graphflow.ops.summary import merge_all
from graphflow.ops.variable_lists import (
    global_variables,
    global_variables_initializer,
    local_variables_initializer,
    report_uninitialized_variables,
)
from graphflow.platform import tf_logging
from graphflow.training.coordinator import Coordinator, LooperThread
from graphflow.training.global_step import global_step as value_of_step
from graphflow.training.saver import Saver
from graphflow.training.session_manager import SessionManager
from graphflow.training.summary_writer import FileWriter
from graphflow.training.supervisor_threads import (
    SVStepCounterThread,
    SVSummaryThread,
    SVTimerCheckpointThread,
)

_DEFAULT = 0


@export("train.Supervisor")
class Supervisor:
    """Trains in the older way: `with sv.managed_session() as sess: while not sv.should_stop():`.

    It restores or initializes the model, saves it and its summaries from threads, and stops them.
    Arguments that are USE_DEFAULT are taken from the graph's collections, or made. The graph is
    read-only afterwards.

    Args:
        graph: the graph; None: the default one.
        ready_op: the names of the variables that are not initialized; None: there is no check.
        ready_for_local_init_op: the same, before the local variables are initialized.
        is_chief: whether this process initializes and saves.
        init_op: initializes the variables.
        init_feed_dict: feeds for it.
        local_init_op: initializes the local variables and the tables.
        logdir: where checkpoints and event files go; None: there are none.
        summary_op: all summaries as one; None: none are written.
        saver: a Saver; None: nothing is saved.
        global_step: counts the steps.
        save_summaries_secs: seconds from one summary to the next; 0: none.
        save_model_secs: seconds from one checkpoint to the next; 0: none.
        recovery_wait_secs: seconds from one look for the chief to the next.
        stop_grace_secs: how long threads may go on once they should stop.
        checkpoint_basename: what the checkpoints' names begin with.
        session_manager: makes the sessions; None: a SessionManager.
        summary_writer: a FileWriter; None: none.
        init_fn: a function of the session, called after `init_op`.
        local_init_run_options: RunOptions for `local_init_op`.

    Raises:
        ValueError: if a worker's variables have no device.
    """

    USE_DEFAULT = _DEFAULT

    def __init__(
        self,
        graph: Any = None,
        ready_op: Any = _DEFAULT,
        ready_for_local_init_op: Any = _DEFAULT,
        is_chief: bool = True,
        init_op: Any = _DEFAULT,
        init_feed_dict: Any = None,
        local_init_op: Any = _DEFAULT,
        logdir: str | None = None,
        summary_op: Any = _DEFAULT,
        saver: Any = _DEFAULT,
        global_step: Any = _DEFAULT,
        save_summaries_secs: float = 120,
        save_model_secs: float = 600,
        recovery_wait_secs: float = 30,
        stop_grace_secs: float = 120,
        checkpoint_basename: str = "model.ckpt",
        session_manager: Any = None,
        summary_writer: Any = _DEFAULT,
        init_fn: Callable[[Any], Any] | None = None,
        local_init_run_options: Any = None,
    ) -> None:
        self._graph = scopes.get_default_graph() if graph is None else graph
        with self._graph.as_default():
            self._ready_op = _given(ready_op, GraphKeys.READY_OP, report_uninitialized_variables)
            self._ready_for_local_init_op = _given(
                ready_for_local_init_op, GraphKeys.READY_FOR_LOCAL_INIT_OP
            )
            self._init_op = _given(init_op, GraphKeys.INIT_OP, global_variables_initializer)
            self._local_init_op = _given(local_init_op, GraphKeys.LOCAL_INIT_OP, _local_init_op)
            self._saver = _given(saver, GraphKeys.SAVERS, _saver)
            self._summary_op = _given(summary_op, GraphKeys.SUMMARY_OP, merge_all)
            self._global_step = _given(global_step, GraphKeys.GLOBAL_STEP, _global_step)
        self._init_feed_dict = init_feed_dict
        self._meta_graph_def = export_scoped_meta_graph(
            graph_def=self._graph.as_graph_def(add_shapes=True),
            graph=self._graph,
            saver_def=self._saver.saver_def if self._saver else None,
        )[0]
        self._is_chief = is_chief
        self._coord = Coordinator()
        self._stop_grace_secs = stop_grace_secs
        self._init_fn = init_fn
        self._logdir = logdir if is_chief else None
        self._save_summaries_secs = save_summaries_secs if is_chief else None
        self._save_model_secs = save_model_secs if is_chief else None
        self._save_path = os.path.join(self._logdir, checkpoint_basename) if self._logdir else None
        self._summary_writer: Any = None
        if is_chief:
            by_default = summary_writer is Supervisor.USE_DEFAULT
            own = FileWriter(self._logdir) if by_default and self._logdir else None
            self._summary_writer = own if by_default else summary_writer
        self._graph_added_to_summary = False
        self._session_manager = session_manager or SessionManager(
            local_init_op=self._local_init_op,
            ready_op=self._ready_op,
            ready_for_local_init_op=self._ready_for_local_init_op,
            graph=self._graph,
            recovery_wait_secs=recovery_wait_secs,
            local_init_run_options=local_init_run_options,
        )
        self._verify_setup()
        self._graph.finalize()

    def _verify_setup(self) -> None:
        for op in () if self._is_chief else self._graph.get_operations():
            if op.type in ("Variable", "VariableV2") and not op.device:
                raise ValueError(
                    f"When using replicas, all Variables must have their device set: {op}"
                )

    # --- what it has ---
    @property
    def is_chief(self) -> bool:
        """Whether this process initializes and saves."""
        return self._is_chief

    @property
    def session_manager(self) -> Any:
        """Makes the sessions."""
        return self._session_manager

    @property
    def coord(self) -> Coordinator:
        """The Coordinator of the threads."""
        return self._coord

    @property
    def init_op(self) -> Any:
        """Initializes the variables."""
        return self._init_op

    @property
    def init_feed_dict(self) -> Any:
        """Feeds for `init_op`."""
        return self._init_feed_dict

    @property
    def ready_op(self) -> Any:
        """The names of the variables that are not initialized."""
        return self._ready_op

    @property
    def ready_for_local_init_op(self) -> Any:
        """The same, before the local variables are initialized."""
        return self._ready_for_local_init_op

    @property
    def summary_writer(self) -> Any:
        """The FileWriter, or None."""
        return self._summary_writer

    @property
    def summary_op(self) -> Any:
        """All summaries as one, or None."""
        return self._summary_op

    @property
    def save_summaries_secs(self) -> Any:
        """Seconds from one summary to the next."""
        return self._save_summaries_secs

    @property
    def global_step(self) -> Any:
        """Counts the steps; None if nothing does."""
        return self._global_step

    @property
    def saver(self) -> Any:
        """The Saver, or None."""
        return self._saver

    @property
    def save_model_secs(self) -> Any:
        """Seconds from one checkpoint to the next."""
        return self._save_model_secs

    @property
    def save_path(self) -> Any:
        """What the checkpoints' names begin with, directory and all."""
        return self._save_path

    # --- starting ---
    def _write_graph(self) -> None:
        if self._logdir:
            write_graph(self._graph.as_graph_def(add_shapes=True), self._logdir, "graph.pbtxt")
        if self._summary_writer and not self._graph_added_to_summary:
            self._summary_writer.add_graph(self._graph)
            self._summary_writer.add_meta_graph(self._meta_graph_def)
            self._graph_added_to_summary = True

    def start_standard_services(self, sess: Any) -> Any:
        """Starts the threads that save the model, summaries and the speed; returns them.

        Args:
            sess: the session.

        Raises:
            RuntimeError: if this process is not the chief.
        """
        if not self._is_chief:
            raise RuntimeError(
                "Only chief supervisor can start standard services. Because only chief supervisors "
                "can write events."
            )
        if not self._logdir:
            tf_logging.warning("Standard services need a 'logdir' passed to the SessionManager")
            return None
        writer, step = self._summary_writer, self._global_step
        if step is not None and writer:
            start = proto.SessionLog(status=proto.SessionLog.START)
            writer.add_session_log(start, value_of_step(sess, step))
        threads: list[LooperThread] = []
        if self._save_summaries_secs and writer:
            if self._summary_op is not None:
                threads.append(SVSummaryThread(self, sess))
            if step is not None:
                threads.append(SVStepCounterThread(self, sess))
        if self._saver and self._save_model_secs:
            threads.append(SVTimerCheckpointThread(self, sess))
        for thread in threads:
            thread.start()
        return threads

    def prepare_or_wait_for_session(
        self,
        master: Any = "",
        config: Any = None,
        wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200,
        start_standard_services: bool = True,
    ) -> Any:
        """Returns a session in which the model is ready; starts the threads.

        Args:
            master: the target of the session.
            config: a ConfigProto.
            wait_for_checkpoint: whether to wait until there is one.
            max_wait_secs: the most seconds to wait.
            start_standard_services: whether threads are started.
        """
        self._coord.clear_stop()
        if self._summary_writer:
            self._summary_writer.reopen()
        if self._is_chief:
            sess = self._session_manager.prepare_session(
                master,
                init_op=self._init_op,
                saver=self._saver,
                checkpoint_dir=self._logdir,
                wait_for_checkpoint=wait_for_checkpoint,
                max_wait_secs=max_wait_secs,
                config=config,
                init_feed_dict=self._init_feed_dict,
                init_fn=self._init_fn,
            )
            self._write_graph()
            if start_standard_services:
                tf_logging.info("Starting standard services.")
                self.start_standard_services(sess)
        else:
            sess = self._session_manager.wait_for_session(
                master, config=config, max_wait_secs=max_wait_secs
            )
        if start_standard_services:
            tf_logging.info("Starting queue runners.")
            self.start_queue_runners(sess)
        return sess

    def start_queue_runners(self, sess: Any, queue_runners: Any = None) -> list[Any]:
        """Starts the threads of QueueRunners; returns them.

        Args:
            sess: the session.
            queue_runners: the runners; None: those of the graph.
        """
        if queue_runners is None:
            queue_runners = self._graph.get_collection(GraphKeys.QUEUE_RUNNERS)
        found: list[Any] = []
        for runner in queue_runners:
            found += runner.create_threads(sess, coord=self._coord, daemon=True, start=True)
        return found

    def loop(
        self,
        timer_interval_secs: float | None,
        target: Callable[..., Any],
        args: Any = None,
        kwargs: Any = None,
    ) -> LooperThread:
        """Starts a LooperThread; the arguments are those of the class."""
        return LooperThread.loop(self._coord, timer_interval_secs, target, args, kwargs)

    @contextlib.contextmanager
    def managed_session(
        self,
        master: Any = "",
        config: Any = None,
        start_standard_services: bool = True,
        close_summary_writer: bool = True,
    ) -> Iterator[Any]:
        """A context with a session; at its end the threads stop, and their exceptions are raised.

        Args:
            master: as in `prepare_or_wait_for_session`.
            config: as in `prepare_or_wait_for_session`.
            start_standard_services: as in `prepare_or_wait_for_session`.
            close_summary_writer: whether the event file is closed at the end.
        """
        sess: Any = None
        try:
            sess = self.prepare_or_wait_for_session(
                master=master, config=config, start_standard_services=start_standard_services
            )
            yield sess
        except Exception as e:
            self.request_stop(e)
        finally:
            try:
                # An exception that ends the input ends nothing else.
                self.stop(close_summary_writer=close_summary_writer)
            finally:
                with contextlib.suppress(Exception):
                    sess.close()

    # --- stopping ---
    def stop(
        self,
        threads: Iterable[Any] | None = None,
        close_summary_writer: bool = True,
        ignore_live_threads: bool = False,
    ) -> None:
        """Stops the threads and waits for them.

        Args:
            threads: further ones to wait for.
            close_summary_writer: whether the event file is closed.
            ignore_live_threads: as in `Coordinator.join`.
        """
        self._coord.request_stop()
        try:
            self._coord.join(
                threads,
                stop_grace_period_secs=self._stop_grace_secs,
                ignore_live_threads=ignore_live_threads,
            )
        finally:
            if close_summary_writer and self._summary_writer:
                stop = proto.SessionLog(status=proto.SessionLog.STOP)
                self._summary_writer.add_session_log(stop)
                self._summary_writer.close()
                self._graph_added_to_summary = False

    def request_stop(self, ex: Any = None) -> None:
        """Asks the threads to stop; see `Coordinator.request_stop`."""
        self._coord.request_stop(ex=ex)

    def should_stop(self) -> bool:
        """Whether a stop was requested."""
        return self._coord.should_stop()

    def stop_on_exception(self) -> contextlib.AbstractContextManager[None]:
        """A context that turns an exception into a request to stop."""
        return self._coord.stop_on_exception()

    def wait_for_stop(self) -> None:
        """Waits until a stop is requested."""
        self._coord.wait_for_stop()

    def summary_computed(self, sess: Any, summary: Any, global_step: Any = None) -> None:
        """Writes a summary.

        Args:
            sess: the session.
            summary: a Summary message, or its bytes.
            global_step: the step; None: what the session says.

        Raises:
            RuntimeError: if there is no writer.
        """
        if not self._summary_writer:
            raise RuntimeError("Writing a summary requires a summary writer.")
        if global_step is None and self._global_step is not None:
            global_step = value_of_step(sess, self._global_step)
        self._summary_writer.add_summary(summary, global_step)

    # The names before TensorFlow 1.0.
    PrepareSession = prepare_or_wait_for_session
    StartQueueRunners = start_queue_runners
    StartStandardServices = start_standard_services
    Stop = stop
    RequestStop = request_stop
    Loop = loop
    ShouldStop = should_stop
    StopOnException = stop_on_exception
    WaitForStop = wait_for_stop
    SummaryComputed = summary_computed


# --- what is not given ---
def _given(value: Any, key: str, make: Callable[[], Any] = lambda: None) -> Any:
    """A value; for the default the first item of a collection, or a new one that joins it."""
    if value is not Supervisor.USE_DEFAULT:
        return value
    found = scopes.get_collection(key)
    if len(found) > 1:
        tf_logging.info("Found %d %s operations. Returning the first one.", len(found), key)
    if found:
        return found[0]
    made = make()
    if made is not None:
        scopes.add_to_collection(key, made)
    return made


def _local_init_op() -> Any:
    return group(local_variables_initializer(), tables_initializer())


def _saver() -> Any:
    return Saver() if global_variables() else None


def _global_step() -> Any:
    try:
        found = scopes.get_default_graph().get_tensor_by_name("global_step:0")
    except KeyError:
        return None
    if found.dtype.base_dtype in (int32, int64):
        return found
    tf_logging.warning("Found 'global_step' is not an int type: %s", found.dtype)
    return None


@export("train.basic_train_loop")
def basic_train_loop(
    supervisor: Supervisor,
    train_step_fn: Callable[..., Any],
    args: Any = None,
    kwargs: Any = None,
    master: Any = "",
) -> None:
    """Calls a function again and again in a session of a supervisor, until it stops.

    Args:
        supervisor: the Supervisor.
        train_step_fn: takes the session, and `args` and `kwargs`.
        args: for the function.
        kwargs: for the function.
        master: the target of the session.
    """
    again = True
    while again:
        try:
            again = False
            with supervisor.managed_session(master) as sess:
                while not supervisor.should_stop():
                    train_step_fn(sess, *(args or ()), **(kwargs or {}))
        except AbortedError:
            # Another machine restarted: what it held comes from the checkpoint.
            again = True
