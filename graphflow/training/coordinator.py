"""Coordinator: lets several threads stop together, and tells the first thing that went wrong."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from graphflow.core.errors import OutOfRangeError
from graphflow.core.export import export
from graphflow.platform import tf_logging

ExcInfo = tuple[Any, ...]
_FIRST_NAP, _STEP = 0.001, 1.0  # seconds


@export("train.Coordinator")
class Coordinator:
    """Lets several threads stop together.

    Each thread asks `should_stop()` now and then; whoever is done, or has failed, calls
    `request_stop()`; `join()` waits for all and raises what the first failure was.

    Args:
        clean_stop_exception_types: exceptions that are an ordinary end; None: OutOfRangeError,
            the end of the input.
    """

    def __init__(self, clean_stop_exception_types: Iterable[Any] | None = None) -> None:
        kinds = (OutOfRangeError,) if clean_stop_exception_types is None else None
        self._clean_stop_exception_types = kinds or tuple(clean_stop_exception_types or ())
        self._lock = threading.Lock()
        self._stop_event = threading.Event()
        self._exc_info_to_raise: ExcInfo | None = None
        self._joined = False
        self._registered_threads: set[threading.Thread] = set()

    def _filter_exception(self, ex: Any) -> Any:
        value = ex[1] if isinstance(ex, tuple) else ex
        return None if isinstance(value, self._clean_stop_exception_types) else ex

    # --- stopping ---
    def request_stop(self, ex: Any = None) -> None:
        """Asks all threads to stop.

        Args:
            ex: why: an exception, or what `sys.exc_info()` returns; `join` raises the first one.

        Raises:
            Exception: `ex` itself, where `join` is over and could not raise it.
        """
        with self._lock:
            ex = self._filter_exception(ex)
            if self._joined and ex is not None:
                _raise(ex if isinstance(ex, tuple) else sys.exc_info())
            if self._stop_event.is_set():
                return
            if ex and self._exc_info_to_raise is None:
                self._exc_info_to_raise = _complete(ex)
            self._stop_event.set()

    def clear_stop(self) -> None:
        """Forgets that a stop was requested; afterwards `should_stop()` is False."""
        with self._lock:
            self._joined = False
            self._exc_info_to_raise = None
            self._stop_event.clear()

    def should_stop(self) -> bool:
        """Whether a stop was requested."""
        return self._stop_event.is_set()

    @contextlib.contextmanager
    def stop_on_exception(self) -> Iterator[None]:
        """A context that turns an exception into a request to stop, and swallows it."""
        try:
            yield
        except BaseException:
            self.request_stop(ex=sys.exc_info())

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        """Waits until a stop is requested; returns whether it is.

        Args:
            timeout: the most seconds; None: any time.
        """
        return self._stop_event.wait(timeout)

    # --- threads ---
    def register_thread(self, thread: threading.Thread) -> None:
        """Adds a thread to those that `join` waits for."""
        with self._lock:
            self._registered_threads.add(thread)

    def join(
        self,
        threads: Iterable[threading.Thread] | None = None,
        stop_grace_period_secs: float = 120,
        ignore_live_threads: bool = False,
    ) -> None:
        """Waits until all threads are done.

        Args:
            threads: those to wait for, besides the registered ones.
            stop_grace_period_secs: how long they may go on once a stop is requested.
            ignore_live_threads: whether those that still live then are only logged.

        Raises:
            Exception: what `request_stop` was told first.
            RuntimeError: if threads still live at the end.
        """
        with self._lock:
            waiting = list(self._registered_threads.union(threads or ()))
        while any(t.is_alive() for t in waiting) and not self.wait_for_stop(_STEP):
            pass
        _wait(waiting, stop_grace_period_secs)
        stragglers = " ".join([t.name for t in waiting if t.is_alive()])
        with self._lock:
            self._joined = True
            self._registered_threads = set()
            if self._exc_info_to_raise:
                _raise(self._exc_info_to_raise)
            if stragglers and not ignore_live_threads:
                raise RuntimeError(f"Coordinator stopped with threads still running: {stragglers}")
            if stragglers:
                tf_logging.info("Coordinator stopped with threads still running: %s", stragglers)

    @property
    def joined(self) -> bool:
        """Whether `join` is over."""
        return self._joined

    def raise_requested_exception(self) -> None:
        """Raises what `request_stop` was told first, if anything."""
        with self._lock:
            if self._exc_info_to_raise:
                _raise(self._exc_info_to_raise)


def _raise(exc_info: ExcInfo) -> None:
    _, value, trace = exc_info
    raise value.with_traceback(trace)


def _complete(ex: Any) -> ExcInfo:
    """What `sys.exc_info()` returns, for an exception or for that itself."""
    found: ExcInfo
    if isinstance(ex, tuple):
        tf_logging.info("Error reported to Coordinator: %s", ex[1], exc_info=ex)
        found = ex
    else:
        tf_logging.info("Error reported to Coordinator: %s, %s", type(ex), ex)
        found = sys.exc_info()
    if len(found) == 3 and found[0] and found[1]:
        return found
    try:
        raise ValueError(
            f"ex must be a tuple or sys.exc_info must return the current exception: {found}"
        )
    except ValueError:
        return sys.exc_info()


def _wait(threads: list[threading.Thread], left: float) -> None:
    """Waits up to `left` seconds, in naps that grow, for the threads to end."""
    nap = _FIRST_NAP
    while any(t.is_alive() for t in threads) and left >= 0.0:
        time.sleep(nap)
        left -= nap
        nap = max(min(2 * nap, left), _FIRST_NAP)


@export("train.LooperThread")
class LooperThread(threading.Thread):
    """A thread that does one thing again and again until its coordinator says stop.

    Args:
        coord: the coordinator; the thread registers with it.
        timer_interval_secs: from one start to the next, in seconds; None: at once.
        target: what it does; None: its own `run_loop`.
        args: for `target`.
        kwargs: for `target`.

    Raises:
        ValueError: if `coord` is no coordinator, or arguments are for no target.
    """

    def __init__(
        self,
        coord: Coordinator,
        timer_interval_secs: float | None,
        target: Callable[..., Any] | None = None,
        args: Any = None,
        kwargs: Any = None,
    ) -> None:
        if not isinstance(coord, Coordinator):
            raise ValueError(f"'coord' argument must be a Coordinator: {coord}")
        super().__init__(daemon=True)
        self._coord = coord
        self._timer_interval_secs = timer_interval_secs
        self._loop_target = target
        if target is None and (args or kwargs):
            raise ValueError("'args' and 'kwargs' argument require that you also pass 'target'")
        self._loop_args = args or ()
        self._loop_kwargs = kwargs or {}
        self._coord.register_thread(self)

    @staticmethod
    def loop(
        coord: Coordinator,
        timer_interval_secs: float | None,
        target: Callable[..., Any],
        args: Any = None,
        kwargs: Any = None,
    ) -> LooperThread:
        """Makes and starts a LooperThread; the arguments are those of the class."""
        looper = LooperThread(coord, timer_interval_secs, target=target, args=args, kwargs=kwargs)
        looper.start()
        return looper

    def run(self) -> None:
        """What the thread does; called by `start`."""
        with self._coord.stop_on_exception():
            self.start_loop()
            interval = self._timer_interval_secs
            if interval is None:
                while not self._coord.should_stop():
                    self.run_loop()
            else:
                following = time.time()
                while not self._coord.wait_for_stop(following - time.time()):
                    following += interval
                    self.run_loop()
            self.stop_loop()

    def start_loop(self) -> None:
        """Called once before the first `run_loop`; for subclasses."""

    def stop_loop(self) -> None:
        """Called once after the last `run_loop`; for subclasses."""

    def run_loop(self) -> None:
        """Called again and again; calls the target."""
        if self._loop_target is not None:
            self._loop_target(*self._loop_args, **self._loop_kwargs)
