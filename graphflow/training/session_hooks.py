"""SessionRunHook: what a monitored session calls around its life and around each run."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from graphflow.core.export import export, publish


@export("train.SessionRunHook", "estimator.SessionRunHook")
class SessionRunHook:
    """Adds to what a monitored session does; subclasses override what they need."""

    def begin(self) -> None:
        """Called before the session is made; may still add to the graph."""

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Called when a session was made; also again, when one was made after a failure.

        Args:
            session: the session.
            coord: the Coordinator of its threads.
        """

    def before_run(self, run_context: SessionRunContext) -> Any:
        """Called before each run; returns the SessionRunArgs to add to it, or None.

        Args:
            run_context: tells the caller's fetches and the session.
        """
        return None

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        """Called after each run that did not fail.

        Args:
            run_context: the same as for `before_run`.
            run_values: the SessionRunValues: what came of the fetches that `before_run` added.
        """

    def end(self, session: Any) -> None:
        """Called at the end, unless an exception ends the session (OutOfRangeError does not)."""


class SessionRunArgs(namedtuple("SessionRunArgs", ["fetches", "feed_dict", "options"])):
    """What a hook adds to a run.

    Args:
        fetches: as `Session.run` takes them.
        feed_dict: as `Session.run` takes it.
        options: a RunOptions message.
    """

    __slots__ = ()

    def __new__(cls, fetches: Any, feed_dict: Any = None, options: Any = None) -> SessionRunArgs:
        """Leaves out feeds and options by default."""
        return super().__new__(cls, fetches, feed_dict, options)


publish(SessionRunArgs, "train.SessionRunArgs", "estimator.SessionRunArgs")


@export("train.SessionRunContext", "estimator.SessionRunContext")
class SessionRunContext:
    """What a hook can learn of a run, and how it asks for the end of the loop.

    Args:
        original_args: the SessionRunArgs of the caller.
        session: the session that runs them.
    """

    def __init__(self, original_args: SessionRunArgs, session: Any) -> None:
        self._original_args = original_args
        self._session = session
        self._stop_requested = False

    @property
    def original_args(self) -> SessionRunArgs:
        """The SessionRunArgs of the caller."""
        return self._original_args

    @property
    def session(self) -> Any:
        """The session that runs them."""
        return self._session

    @property
    def stop_requested(self) -> bool:
        """Whether somebody asked for the end."""
        return self._stop_requested

    def request_stop(self) -> None:
        """Asks for the end: `should_stop()` of the monitored session is True from now on."""
        self._stop_requested = True


class SessionRunValues(namedtuple("SessionRunValues", ["results", "options", "run_metadata"])):
    """What came of a run.

    Args:
        results: the values of the fetches of this hook, in their structure.
        options: the RunOptions of the run.
        run_metadata: the RunMetadata of the run.
    """

    __slots__ = ()


publish(SessionRunValues, "train.SessionRunValues", "estimator.SessionRunValues")
