"""QueueRunner: threads that keep a queue filled, and end cleanly when the input does."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.errors import (
    OpError,
    OutOfRangeError,
    error_code_from_exception_type,
    exception_type_from_error_code,
)
from graphflow.core.export import export
from graphflow.core.late import provide
from graphflow.formats import proto
from graphflow.formats.meta_graph_collections import Registration, prepend_scope, strip_scope
from graphflow.platform import tf_logging
from graphflow.runtime.session import BaseSession

__all__ = ["QueueRunner", "add_queue_runner", "start_queue_runners"]


@export("train.QueueRunner", "train.queue_runner.QueueRunner")
class QueueRunner:
    """Keeps a queue filled: one thread for each of its operations runs it again and again.

    When an operation says that the input has ended, its thread ends; the last one closes the
    queue. Other errors stop the coordinator.

    Args:
        queue: the queue.
        enqueue_ops: the operations that fill it.
        close_op: closes it; None: `queue.close()`.
        cancel_op: closes it and lets nobody wait; None: `queue.close(True)`.
        queue_closed_exception_types: errors that say that the input has ended, a tuple; None:
            OutOfRangeError.
        queue_runner_def: a QueueRunnerDef message, instead of all of these.
        import_scope: put in front of the names in the message.

    Raises:
        ValueError: if queue or operations are missing, or given beside a message.
        TypeError: if `queue_closed_exception_types` are no error classes.
    """

    def __init__(
        self,
        queue: Any = None,
        enqueue_ops: Any = None,
        close_op: Any = None,
        cancel_op: Any = None,
        queue_closed_exception_types: Any = None,
        queue_runner_def: Any = None,
        import_scope: str | None = None,
    ) -> None:
        if queue_runner_def:
            if queue or enqueue_ops:
                raise ValueError("queue_runner_def and queue are mutually exclusive.")
            self._from_message(queue_runner_def, import_scope)
        else:
            if not queue or not enqueue_ops:
                raise ValueError("Must provide queue and enqueue_ops.")
            _check_kinds(queue_closed_exception_types)
            self._queue = queue
            self._enqueue_ops = enqueue_ops
            self._close_op = queue.close() if close_op is None else close_op
            cancels = cancel_op is None
            self._cancel_op = queue.close(cancel_pending_enqueues=True) if cancels else cancel_op
            self._queue_closed_exception_types = queue_closed_exception_types or (OutOfRangeError,)
        self._lock = threading.Lock()
        self._runs_per_session: Any = weakref.WeakKeyDictionary()
        self._exceptions_raised: list[Exception] = []

    def _from_message(self, message: Any, scope: str | None) -> None:
        graph = scopes.get_default_graph()

        def element(name: str) -> Any:
            return graph.as_graph_element(prepend_scope(name, scope))

        self._queue = element(message.queue_name)
        self._enqueue_ops = [element(name) for name in message.enqueue_op_name]
        self._close_op = element(message.close_op_name)
        self._cancel_op = element(message.cancel_op_name)
        kinds = [exception_type_from_error_code(c) for c in message.queue_closed_exception_types]
        self._queue_closed_exception_types = tuple(kinds) or (OutOfRangeError,)

    # --- what it is ---
    @property
    def queue(self) -> Any:
        """The queue; its operation where the runner came from a file."""
        return self._queue

    @property
    def enqueue_ops(self) -> Any:
        """The operations that fill the queue."""
        return self._enqueue_ops

    @property
    def close_op(self) -> Any:
        """The operation that closes the queue."""
        return self._close_op

    @property
    def cancel_op(self) -> Any:
        """The operation that closes the queue and lets nobody wait."""
        return self._cancel_op

    @property
    def queue_closed_exception_types(self) -> tuple[Any, ...]:
        """The errors that say that the input has ended."""
        return self._queue_closed_exception_types

    @property
    def exceptions_raised(self) -> list[Exception]:
        """What the threads raised where no coordinator was told; emptied by `create_threads`."""
        return self._exceptions_raised

    @property
    def name(self) -> str:
        """The name of the queue's operation."""
        return str(self._queue.name)

    # --- running ---
    def create_threads(
        self, sess: Any, coord: Any = None, daemon: bool = False, start: bool = False
    ) -> list[threading.Thread]:
        """Makes the threads that run the operations in a session.

        Args:
            sess: the session.
            coord: a Coordinator: stops the threads, and is stopped by their errors.
            daemon: whether the program may end while they run.
            start: whether they are started; else the caller does it.

        Returns:
            The threads, with one more that closes the queue on stop; none where threads of an
            earlier call still run in this session.
        """
        with self._lock:
            if self._runs_per_session.get(sess, 0) > 0:
                return []
            self._runs_per_session[sess] = len(self._enqueue_ops)
            self._exceptions_raised = []
        made = [self._thread(op.name, self._run, (sess, op, coord)) for op in self._enqueue_ops]
        if coord:
            made.append(self._thread("close_on_stop", self._close_on_stop, (sess, coord)))
        for thread in made:
            if coord:
                coord.register_thread(thread)
            thread.daemon = daemon or thread.daemon
            if start:
                thread.start()
        return made

    def _thread(self, what: str, target: Any, args: Iterable[Any]) -> threading.Thread:
        name = f"QueueRunnerThread-{self.name}-{what}"
        return threading.Thread(target=target, args=tuple(args), name=name)

    def _run(self, sess: Any, enqueue_op: Any, coord: Any = None) -> None:
        """What a thread does: runs its operation until the input ends or the coordinator stops."""
        try:
            enqueue = self._enqueuing(sess, enqueue_op)
            while not (coord and coord.should_stop()):
                enqueue()
        except self._queue_closed_exception_types:
            self._one_less(sess, close=True)
            return
        except Exception as e:
            self._one_less(sess)
            if coord:
                coord.request_stop(e)
                return
            tf_logging.error("Exception in QueueRunner: %s", e)
            with self._lock:
                self._exceptions_raised.append(e)
            raise
        self._one_less(sess)

    def _enqueuing(self, sess: Any, enqueue_op: Any) -> Callable[[], Any]:
        """A function that runs an operation once; subclasses feed it."""
        found: Callable[[], Any] = sess.make_callable(enqueue_op)
        return found

    def _one_less(self, sess: Any, close: bool = False) -> None:
        with self._lock:
            self._runs_per_session[sess] -= 1
            if close and self._runs_per_session[sess] == 0:
                self._quietly(sess, self._close_op)

    def _close_on_stop(self, sess: Any, coord: Any) -> None:
        coord.wait_for_stop()
        self._quietly(sess, self._cancel_op)

    @staticmethod
    def _quietly(sess: Any, op: Any) -> None:
        try:
            sess.run(op)
        except Exception as e:  # somebody else closed the queue, or the session
            tf_logging.vlog(1, "Ignored exception: %s", e)

    # --- files ---
    def to_proto(self, export_scope: str | None = None) -> Any:
        """Returns the runner as a QueueRunnerDef message; None if it lies outside a scope.

        Args:
            export_scope: the scope, whose name is taken off; None: everything.
        """
        if export_scope is not None and not self.name.startswith(export_scope):
            return None
        kinds = self._queue_closed_exception_types
        return proto.QueueRunnerDef(
            queue_name=strip_scope(self.name, export_scope),
            enqueue_op_name=[strip_scope(op.name, export_scope) for op in self._enqueue_ops],
            close_op_name=strip_scope(self._close_op.name, export_scope),
            cancel_op_name=strip_scope(self._cancel_op.name, export_scope),
            queue_closed_exception_types=[error_code_from_exception_type(k) for k in kinds],
        )

    @staticmethod
    def from_proto(queue_runner_def: Any, import_scope: str | None = None) -> QueueRunner:
        """Returns the runner of a QueueRunnerDef message, for the default graph."""
        return QueueRunner(queue_runner_def=queue_runner_def, import_scope=import_scope)


def _check_kinds(kinds: Any) -> None:
    if kinds is None:
        return
    if not (isinstance(kinds, tuple) and kinds and all(issubclass(k, OpError) for k in kinds)):
        raise TypeError(
            "queue_closed_exception_types, when provided, must be a tuple of tf.error types, but "
            f"saw: {kinds}"
        )


@export("train.add_queue_runner", "train.queue_runner.add_queue_runner")
def add_queue_runner(qr: QueueRunner, collection: str = GraphKeys.QUEUE_RUNNERS) -> None:
    """Adds a runner to those that `start_queue_runners` starts.

    Args:
        qr: the runner.
        collection: where it goes.
    """
    scopes.add_to_collection(collection, qr)


@export("train.start_queue_runners", "train.queue_runner.start_queue_runners")
def start_queue_runners(
    sess: Any = None,
    coord: Any = None,
    daemon: bool = True,
    start: bool = True,
    collection: str = GraphKeys.QUEUE_RUNNERS,
) -> list[threading.Thread]:
    """Starts the threads of all runners of the default graph.

    Args:
        sess: the session; None: the default one. A MonitoredSession has started them already.
        coord: a Coordinator for the threads.
        daemon: as in `QueueRunner.create_threads`.
        start: as in `QueueRunner.create_threads`.
        collection: where the runners are.

    Returns:
        The threads.

    Raises:
        ValueError: if there is no session.
        TypeError: if `sess` is none.
    """
    if sess is None:
        sess = scopes.get_default_session()
        if not sess:
            raise ValueError(
                "Cannot start queue runners: No default session is registered. Use `with "
                "sess.as_default()` or pass an explicit session to "
                "tf.start_queue_runners(sess=sess)"
            )
    if not isinstance(sess, BaseSession):
        if type(sess).__name__ in ("MonitoredSession", "SingularMonitoredSession"):
            return []
        raise TypeError(f"sess must be a `tf.Session` object. Given class: {type(sess)}")
    runners = scopes.get_collection(collection)
    if not runners:
        tf_logging.warning(
            "`tf.train.start_queue_runners()` was called when no queue runners were defined. "
            "You can safely remove the call to this deprecated function."
        )
    found: list[threading.Thread] = []
    with sess.graph.as_default():
        for runner in runners:
            found += runner.create_threads(sess, coord=coord, daemon=daemon, start=start)
    return found


@provide("collection/queue_runners")
def _queue_runners() -> Registration:
    return Registration("QueueRunnerDef", QueueRunner.to_proto, QueueRunner.from_proto)
