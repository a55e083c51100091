"""Waiting: how a kernel waits for another thread, and how such a wait ends from outside.

A run that may have to wait is a `Run`: it can be cancelled (its session closes, another of its
steps fails) and it can run out of time. Kernels find the run that they belong to in a
thread-local place; runs of plans that never wait set nothing there and pay nothing.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final


class Run:
    """One run that may wait.

    Args:
        timeout: seconds until the run gives up; None: never.
        parent: the run that this one is a part of; it is cancelled with it.
    """

    __slots__ = ("_callbacks", "_lock", "_parent", "cancelled", "deadline", "timed_out")

    def __init__(self, timeout: float | None = None, parent: Run | None = None) -> None:
        self.deadline = None if timeout is None else time.monotonic() + timeout
        self.cancelled = False
        self.timed_out = False
        self._callbacks: set[Callable[[], None]] = set()
        self._lock = threading.Lock()
        self._parent = parent
        if parent is not None:
            self.deadline = parent.deadline
            parent.watch(self.cancel)

    def cancel(self) -> None:
        """Ends the waits of the run; later ones end at once."""
        with self._lock:
            self.cancelled = True
            callbacks, self._callbacks = self._callbacks, set()
        for callback in callbacks:
            callback()

    def expire(self) -> None:
        """Cancels the run, and those it is a part of, because the time is over."""
        run: Run | None = self
        while run is not None:
            run.timed_out = True
            top, run = run, run._parent
        top.cancel()

    def watch(self, callback: Callable[[], None]) -> None:
        """Lets `callback` be called when the run is cancelled; at once if it is."""
        with self._lock:
            if not self.cancelled:
                self._callbacks.add(callback)
                return
        callback()

    def unwatch(self, callback: Callable[[], None]) -> None:
        """Forgets a callback."""
        with self._lock:
            self._callbacks.discard(callback)

    def close(self) -> None:
        """Says that the run is over, so that its parent forgets it."""
        if self._parent is not None:
            self._parent.unwatch(self.cancel)

    @property
    def left(self) -> float | None:
        """The seconds that are left, not below 0; None where time does not matter."""
        return None if self.deadline is None else max(self.deadline - time.monotonic(), 0.0)


class _Place(threading.local):
    run: Run | None = None


_place: Final = _Place()


def current_run() -> Run | None:
    """Returns the run that this thread works for; None where nobody can cancel it."""
    return _place.run


@contextlib.contextmanager
def running(run: Run) -> Iterator[Run]:
    """A context in which this thread works for `run`."""
    before, _place.run = _place.run, run
    try:
        yield run
    finally:
        _place.run = before


def wait_until(condition: threading.Condition, ready: Callable[[], bool]) -> bool:
    """Waits until `ready()`; returns False if the run is cancelled or out of time before that.

    Args:
        condition: held by the caller; notified whenever `ready()` may have changed.
        ready: what is waited for; called with the condition held.
    """
    run = _place.run
    if run is None:
        while not ready():
            condition.wait()
        return True

    def wake() -> None:
        with condition:
            condition.notify_all()

    # The caller holds the condition, and a cancelled run must not call back under it.
    with run._lock:
        run._callbacks.add(wake)
    try:
        while not ready():
            if run.cancelled:
                return False
            if not condition.wait(run.left) and run.left == 0.0:
                condition.release()
                try:
                    run.expire()
                finally:
                    condition.acquire()
        return True
    finally:
        run.unwatch(wake)
