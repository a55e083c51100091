"""Monitored sessions: they initialize or restore, run hooks, start threads, and recover.

A run goes through four layers, each of which does one thing: the recoverable one makes a new
session after a failure of another machine, the coordinated one raises what a thread raised, the
hooked one calls the hooks, and the plain Session runs.
"""

from __future__ import annotations

import abc
import inspect
from collections.abc import Callable, Iterable
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.errors import AbortedError, OutOfRangeError, UnavailableError
from graphflow.core.export import export
from graphflow.formats import proto
from graphflow.platform import tf_logging
from graphflow.training.coordinator import Coordinator
from graphflow.training.queue_runner import start_queue_runners
from graphflow.training.saving_hooks import CheckpointSaverHook, StepCounterHook, SummarySaverHook
from graphflow.training.scaffold import Scaffold
from graphflow.training.session_hooks import (
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
)
from graphflow.training.session_manager import SessionManager

_PREEMPTED: Final = (AbortedError, UnavailableError)
USE_DEFAULT: Final = object()
_AGAIN: Final = "%s A new session will be made. Error: %s"


# --- making sessions ---
@export("train.SessionCreator")
class SessionCreator(abc.ABC):
    """Makes the session of a monitored session."""

    @abc.abstractmethod
    def create_session(self) -> Any:
        """Returns a new session."""


class _ByManager(SessionCreator):
    """What both kinds of creators share: the scaffold and the manager."""

    def __init__(self, scaffold: Any, master: Any, config: Any) -> None:
        self._scaffold = scaffold or Scaffold()
        self._session_manager: SessionManager | None = None
        self._master = master
        self._config = config

    def _get_session_manager(self) -> SessionManager:
        if self._session_manager is None:
            self._session_manager = SessionManager(
                local_init_op=self._scaffold.local_init_op,
                ready_op=self._scaffold.ready_op,
                ready_for_local_init_op=self._scaffold.ready_for_local_init_op,
                graph=scopes.get_default_graph(),
            )
        return self._session_manager


@export("train.ChiefSessionCreator")
class ChiefSessionCreator(_ByManager):
    """Makes a session and restores or initializes the model in it.

    Args:
        scaffold: a Scaffold; None: a new one.
        master: the target of the session.
        config: a ConfigProto.
        checkpoint_dir: where to restore from, if something is there.
        checkpoint_filename_with_path: or one checkpoint.
    """

    def __init__(
        self,
        scaffold: Any = None,
        master: Any = "",
        config: Any = None,
        checkpoint_dir: str | None = None,
        checkpoint_filename_with_path: str | None = None,
    ) -> None:
        super().__init__(scaffold, master, config)
        self._checkpoint_dir = checkpoint_dir
        self._checkpoint_filename_with_path = checkpoint_filename_with_path

    def create_session(self) -> Any:
        """Returns a new session; makes the graph read-only."""
        scaffold = self._scaffold.finalize()
        return self._get_session_manager().prepare_session(
            self._master,
            saver=scaffold.saver,
            checkpoint_dir=self._checkpoint_dir,
            checkpoint_filename_with_path=self._checkpoint_filename_with_path,
            config=self._config,
            init_op=scaffold.init_op,
            init_feed_dict=scaffold.init_feed_dict,
            init_fn=scaffold.init_fn,
        )


@export("train.WorkerSessionCreator")
class WorkerSessionCreator(_ByManager):
    """Makes a session once the chief has made the model ready.

    Args:
        scaffold: a Scaffold; None: a new one.
        master: the target of the session.
        config: a ConfigProto.
        max_wait_secs: the most seconds to wait.
    """

    def __init__(
        self,
        scaffold: Any = None,
        master: Any = "",
        config: Any = None,
        max_wait_secs: float = 30 * 60,
    ) -> None:
        super().__init__(scaffold, master, config)
        self._max_wait_secs = max_wait_secs

    def create_session(self) -> Any:
        """Returns a new session; makes the graph read-only."""
        self._scaffold.finalize()
        return self._get_session_manager().wait_for_session(
            self._master, config=self._config, max_wait_secs=self._max_wait_secs
        )


class _CoordinatedSessionCreator(SessionCreator):
    """Makes a session, starts its threads, and tells the hooks."""

    def __init__(
        self, session_creator: Any, hooks: list[SessionRunHook], stop_grace_period_secs: float
    ) -> None:
        self._session_creator = session_creator
        self._hooks = hooks
        self._stop_grace_period_secs = stop_grace_period_secs
        self.coord: Coordinator | None = None
        self.tf_sess: Any = None

    def create_session(self) -> _CoordinatedSession:
        self.tf_sess = self._session_creator.create_session()
        self.coord = Coordinator(clean_stop_exception_types=[])
        if scopes.get_collection(GraphKeys.QUEUE_RUNNERS):
            start_queue_runners(sess=self.tf_sess, coord=self.coord)
        for hook in self._hooks:
            hook.after_create_session(self.tf_sess, self.coord)
        hooked = _HookedSession(self.tf_sess, self._hooks)
        return _CoordinatedSession(hooked, self.coord, self._stop_grace_period_secs)


# --- monitored sessions ---
class StepContext:
    """What the function of `run_step_fn` gets.

    Args:
        session: the session itself, without hooks.
        run_with_hooks_fn: runs with them.
    """

    def __init__(self, session: Any, run_with_hooks_fn: Callable[..., Any]) -> None:
        self._session = session
        self._run_with_hooks_fn = run_with_hooks_fn

    @property
    def session(self) -> Any:
        """The session itself: its runs call no hooks."""
        return self._session

    def run_with_hooks(self, *args: Any, **kwargs: Any) -> Any:
        """Runs as the monitored session does; may be called once."""
        return self._run_with_hooks_fn(*args, **kwargs)

    def request_stop(self) -> None:
        """Ends the loop.

        Raises:
            StopIteration: always.
        """
        raise StopIteration("step_fn has requested the iterations to stop.")


class _MonitoredSession:
    """What both kinds of monitored sessions share."""

    StepContext = StepContext

    def __init__(
        self,
        session_creator: Any,
        hooks: Iterable[SessionRunHook] | None,
        should_recover: bool,
        stop_grace_period_secs: float = 120,
    ) -> None:
        self._graph_was_finalized = scopes.get_default_graph().finalized
        self._hooks = list(hooks or ())
        for hook in self._hooks:
            hook.begin()
        creator = session_creator or ChiefSessionCreator()
        self._coordinated_creator = _CoordinatedSessionCreator(
            creator, self._hooks, stop_grace_period_secs
        )
        self._sess: Any = (
            _RecoverableSession(self._coordinated_creator)
            if should_recover
            else self._coordinated_creator.create_session()
        )

    @property
    def graph(self) -> Any:
        """The graph; None once the session is closed."""
        sess = self._tf_sess()
        return None if sess is None else sess.graph

    def run(
        self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None
    ) -> Any:
        """As `Session.run`, with the hooks around it.

        Args:
            fetches: as in `Session.run`.
            feed_dict: as in `Session.run`.
            options: as in `Session.run`.
            run_metadata: as in `Session.run`.

        Raises:
            RuntimeError: if the loop has ended, or a hook feeds what somebody else feeds.
        """
        return self._sess.run(
            fetches, feed_dict=feed_dict, options=options, run_metadata=run_metadata
        )

    def run_step_fn(self, step_fn: Callable[..., Any]) -> Any:
        """Calls a function that runs parts of a step without hooks and the rest with them.

        Args:
            step_fn: takes `step_context`, a StepContext.

        Returns:
            What the function returns.

        Raises:
            ValueError: if the function takes other arguments.
        """
        found = inspect.signature(step_fn).parameters.values()
        names = tuple(p.name for p in found if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD))
        if names not in (("step_context",), ("self", "step_context")):
            raise ValueError(
                "`step_fn` may either have one `step_context` argument, or `self` and "
                f"`step_context` arguments if it's an instance method. Got {names} instead."
            )
        return self._sess.run_step_fn(step_fn, self._tf_sess(), run_with_hooks=None)

    def should_stop(self) -> bool:
        """Whether the loop should end."""
        return self._sess is None or bool(self._sess.should_stop())

    def close(self) -> None:
        """Ends the session: calls the hooks, stops the threads."""
        self._close_internal()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, exception_type: Any, exception_value: Any, traceback: Any) -> bool:
        if exception_type in (OutOfRangeError, StopIteration):
            exception_type = None
        self._close_internal(exception_type)
        return exception_type is None

    def _close_internal(self, exception_type: Any = None) -> None:
        try:
            if not exception_type:
                for hook in self._hooks:
                    hook.end(self._coordinated_creator.tf_sess)
        finally:
            try:
                if self._sess is None:
                    raise RuntimeError("Session is already closed.")
                self._sess.close()
            finally:
                self._sess = None
                self._coordinated_creator.tf_sess = None
                self._coordinated_creator.coord = None
                if not self._graph_was_finalized:
                    scopes.get_default_graph()._unsafe_unfinalize()

    def _is_closed(self) -> bool:
        return self._coordinated_creator.tf_sess is None

    def _tf_sess(self) -> Any:
        return self._coordinated_creator.tf_sess


@export("train.MonitoredSession")
class MonitoredSession(_MonitoredSession):
    """A session that initializes or restores the model, runs hooks, and recovers.

    Args:
        session_creator: makes the session; None: a ChiefSessionCreator.
        hooks: SessionRunHooks.
        stop_grace_period_secs: how long threads may go on once they should stop.
    """

    def __init__(
        self,
        session_creator: Any = None,
        hooks: Iterable[SessionRunHook] | None = None,
        stop_grace_period_secs: float = 120,
    ) -> None:
        super().__init__(session_creator, hooks, True, stop_grace_period_secs)


@export("train.SingularMonitoredSession")
class SingularMonitoredSession(_MonitoredSession):
    """A monitored session in one process, which does not recover; its session can be used.

    Args:
        hooks: SessionRunHooks.
        scaffold: a Scaffold.
        master: the target of the session.
        config: a ConfigProto.
        checkpoint_dir: where to restore from.
        stop_grace_period_secs: how long threads may go on once they should stop.
        checkpoint_filename_with_path: or one checkpoint.
    """

    def __init__(
        self,
        hooks: Iterable[SessionRunHook] | None = None,
        scaffold: Any = None,
        master: Any = "",
        config: Any = None,
        checkpoint_dir: str | None = None,
        stop_grace_period_secs: float = 120,
        checkpoint_filename_with_path: str | None = None,
    ) -> None:
        creator = ChiefSessionCreator(
            scaffold, master, config, checkpoint_dir, checkpoint_filename_with_path
        )
        super().__init__(creator, hooks, False, stop_grace_period_secs)

    def raw_session(self) -> Any:
        """The Session itself."""
        return self._tf_sess()


@export("train.MonitoredTrainingSession")
def MonitoredTrainingSession(
    master: Any = "",
    is_chief: bool = True,
    checkpoint_dir: str | None = None,
    scaffold: Any = None,
    hooks: Iterable[SessionRunHook] | None = None,
    chief_only_hooks: Iterable[SessionRunHook] | None = None,
    save_checkpoint_secs: Any = USE_DEFAULT,
    save_summaries_steps: Any = USE_DEFAULT,
    save_summaries_secs: Any = USE_DEFAULT,
    config: Any = None,
    stop_grace_period_secs: float = 120,
    log_step_count_steps: Any = 100,
    max_wait_secs: float = 7200,
    save_checkpoint_steps: Any = USE_DEFAULT,
    summary_dir: str | None = None,
) -> MonitoredSession:
    """Returns a MonitoredSession for training: it saves checkpoints and summaries.

    Args:
        master: the target of the session.
        is_chief: whether this process initializes and saves; others wait for it.
        checkpoint_dir: where checkpoints go and come from; None: there are none.
        scaffold: a Scaffold.
        hooks: SessionRunHooks.
        chief_only_hooks: further ones, for the chief.
        save_checkpoint_secs: seconds from one checkpoint to the next; by default 600.
        save_summaries_steps: steps from one summary to the next; by default 100.
        save_summaries_secs: or seconds.
        config: a ConfigProto.
        stop_grace_period_secs: how long threads may go on once they should stop.
        log_step_count_steps: steps from one note of the speed to the next; None or 0: none.
        max_wait_secs: how long a worker waits for the chief.
        save_checkpoint_steps: or steps from one checkpoint to the next.
        summary_dir: where summaries go; None: `checkpoint_dir`.
    """
    scaffold = scaffold or Scaffold()
    if not is_chief:
        worker = WorkerSessionCreator(scaffold, master, config, max_wait_secs)
        return MonitoredSession(worker, hooks, stop_grace_period_secs)
    summaries = _interval(save_summaries_steps, save_summaries_secs, (100, None))
    checkpoints = _interval(save_checkpoint_steps, save_checkpoint_secs, (None, 600))
    summary_dir = summary_dir or checkpoint_dir
    all_hooks = list(chief_only_hooks or ())
    creator = ChiefSessionCreator(scaffold, master, config, checkpoint_dir)
    if summary_dir:
        if log_step_count_steps and log_step_count_steps > 0:
            all_hooks.append(StepCounterHook(log_step_count_steps, output_dir=summary_dir))
        if _on(summaries):
            all_hooks.append(SummarySaverHook(*summaries, summary_dir, scaffold=scaffold))
    if checkpoint_dir and _on(checkpoints):
        steps, seconds = checkpoints
        all_hooks.append(CheckpointSaverHook(checkpoint_dir, seconds, steps, scaffold=scaffold))
    all_hooks += hooks or ()
    return MonitoredSession(creator, all_hooks, stop_grace_period_secs)


def _interval(steps: Any, seconds: Any, default: tuple[Any, Any]) -> tuple[Any, Any]:
    """(steps, seconds), where one that is given takes away the default of the other."""
    if steps is USE_DEFAULT and seconds is USE_DEFAULT:
        return default
    return None if steps is USE_DEFAULT else steps, None if seconds is USE_DEFAULT else seconds


def _on(interval: tuple[Any, Any]) -> bool:
    return any(x and x > 0 for x in interval)


# --- the layers of a run ---
class _WrappedSession:
    """A session around another one."""

    def __init__(self, sess: Any) -> None:
        self._sess = sess
        self._wrapped_is_stoppable = isinstance(sess, _WrappedSession)

    @property
    def graph(self) -> Any:
        return self._sess.graph

    @property
    def sess_str(self) -> Any:
        return self._sess.sess_str

    def should_stop(self) -> bool:
        if self._check_stop() or not self._sess:
            return True
        return self._wrapped_is_stoppable and self._sess.should_stop()

    def _check_stop(self) -> bool:
        return False

    def close(self) -> None:
        if not self._sess:
            return
        try:
            self._sess.close()
        except _PREEMPTED as e:
            tf_logging.warning("The session could not be closed. Error: %s", e)
        finally:
            self._sess = None

    def run(self, *args: Any, **kwargs: Any) -> Any:
        return self._sess.run(*args, **kwargs)

    def run_step_fn(
        self, step_fn: Callable[..., Any], raw_session: Any, run_with_hooks: Any
    ) -> Any:
        return step_fn(StepContext(raw_session, run_with_hooks or self.run))


class _RecoverableSession(_WrappedSession):
    """Makes a new session where one was lost."""

    def __init__(self, sess_creator: Any) -> None:
        self._sess_creator = sess_creator
        super().__init__(self._create_session())

    def _create_session(self) -> Any:
        while True:
            try:
                return self._sess_creator.create_session()
            except _PREEMPTED as e:
                tf_logging.info(_AGAIN, "The session was lost while it was made.", e)

    def _check_stop(self) -> bool:
        try:
            return bool(self._sess._check_stop()) if self._sess else True
        except _PREEMPTED as e:
            tf_logging.info(_AGAIN, "The session was lost.", e)
            self.close()
            self._sess = self._create_session()
            return False
        except Exception:  # `run` raises it
            return True

    def run(self, *args: Any, **kwargs: Any) -> Any:
        return self._again(lambda: self._sess.run(*args, **kwargs))

    def run_step_fn(
        self, step_fn: Callable[..., Any], raw_session: Any, run_with_hooks: Any
    ) -> Any:
        return self._again(lambda: self._sess.run_step_fn(step_fn, raw_session, self._sess.run))

    def _again(self, function: Callable[[], Any]) -> Any:
        """Calls a function, in a new session again where one is lost."""
        while True:
            try:
                if not self._sess:
                    self._sess = self._create_session()
                return function()
            except _PREEMPTED as e:
                tf_logging.info(_AGAIN, "The session was lost in a run.", e)
                self.close()
                self._sess = None


class _CoordinatedSession(_WrappedSession):
    """Raises what a thread raised, and stops the threads at the end."""

    def __init__(self, sess: Any, coord: Coordinator, stop_grace_period_secs: float = 120) -> None:
        super().__init__(sess)
        self._coord = coord
        self._stop_grace_period_secs = stop_grace_period_secs

    def _check_stop(self) -> bool:
        self._coord.raise_requested_exception()
        return self._coord.should_stop()

    def close(self) -> None:
        self._coord.request_stop()
        try:
            self._coord.join(
                stop_grace_period_secs=self._stop_grace_period_secs, ignore_live_threads=True
            )
        finally:
            try:
                super().close()
            except Exception as e:  # what a thread raised matters more
                tf_logging.vlog(1, "Ignored exception: %s", e)

    def run(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._sess.run(*args, **kwargs)
        except _PREEMPTED:
            raise
        except Exception as original:
            # A thread may have lost the session first; any other news is no better than this.
            try:
                self._coord.raise_requested_exception()
            except _PREEMPTED:
                raise
            except Exception:
                raise original from None
            raise


class _HookedSession(_WrappedSession):
    """Calls the hooks around each run."""

    def __init__(self, sess: Any, hooks: list[SessionRunHook]) -> None:
        super().__init__(sess)
        self._hooks = hooks
        self._should_stop = False

    def _check_stop(self) -> bool:
        return self._should_stop

    def run(
        self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None
    ) -> Any:
        if self.should_stop():
            raise RuntimeError("Run called even after should_stop requested.")
        wanted: dict[Any, Any] = {"caller": fetches}
        context = SessionRunContext(SessionRunArgs(fetches, feed_dict), self._sess)
        options = options or proto.RunOptions()
        feeds = self._call_hook_before_run(context, wanted, feed_dict, options)
        run_metadata = run_metadata or proto.RunMetadata()
        found = super().run(
            fetches=wanted, feed_dict=feeds, options=options, run_metadata=run_metadata
        )
        for hook in self._hooks:
            hook.after_run(context, SessionRunValues(found.get(hook), options, run_metadata))
        self._should_stop = self._should_stop or context.stop_requested
        return found["caller"]

    def _call_hook_before_run(
        self, context: SessionRunContext, wanted: dict[Any, Any], user_feeds: Any, options: Any
    ) -> Any:
        hook_feeds: dict[Any, Any] = {}
        for hook in self._hooks:
            request = hook.before_run(context)
            if request is None:
                continue
            if request.fetches is not None:
                wanted[hook] = request.fetches
            if request.feed_dict:
                _check_apart(hook_feeds, request.feed_dict, "Same tensor is fed by two hooks.")
                hook_feeds.update(request.feed_dict)
            if request.options:
                _merge_run_options(options, request.options)
        if not hook_feeds or not user_feeds:
            return hook_feeds or user_feeds
        _check_apart(user_feeds, hook_feeds, "Same tensor is fed by a SessionRunHook and user.")
        return {**hook_feeds, **user_feeds}


def _check_apart(feeds: Any, others: Any, message: str) -> None:
    both = set(feeds) & set(others)
    if both:
        raise RuntimeError(f"{message} Conflict(s): {list(both)}")


def _merge_run_options(options: Any, incoming: Any) -> None:
    """Adds what a hook asks for to the RunOptions of a run."""
    for name in ("trace_level", "timeout_in_ms", "inter_op_thread_pool"):
        setattr(options, name, max(getattr(options, name), getattr(incoming, name)))
    for name in ("output_partition_graphs", "report_tensor_allocations_upon_oom"):
        setattr(options, name, getattr(options, name) or getattr(incoming, name))
    mine, theirs = options.debug_options, incoming.debug_options
    mine.debug_tensor_watch_opts.extend(theirs.debug_tensor_watch_opts)
    mine.reset_disk_byte_usage = mine.reset_disk_byte_usage or theirs.reset_disk_byte_usage
