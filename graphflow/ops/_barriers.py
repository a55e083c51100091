"""Barriers as objects: elements whose components come one by one, matched by a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphflow.core.dtypes import DType, int64, string
from graphflow.core.errors import CancelledError, KernelError, OutOfRangeError
from graphflow.core.shape import Dims
from graphflow.ops._queues import PriorityQueue

Array = np.ndarray[Any, Any]
_FIRST = -(2**63)


class _Element:
    """What is there of one key: when it came first, and its components."""

    __slots__ = ("index", "parts")

    def __init__(self, index: int, n: int) -> None:
        self.index = index
        self.parts: list[Array | None] = [None] * n


class Barrier:
    """Elements wait here until all their components are there.

    Complete ones come out in the order in which their keys came first.

    Args:
        name: the barrier's name in messages.
        container: the container it lives in.
        dtypes: the types of the components.
        shapes: their shapes; None for scalars.
    """

    def __init__(
        self, name: str, container: str, dtypes: Sequence[DType], shapes: Sequence[Dims]
    ) -> None:
        self.name = name
        self.container = container
        self.dtypes = list(dtypes)
        self._incomplete: dict[bytes, _Element] = {}
        self._index = _FIRST
        self._closed = False
        self._cancel_pending = False
        self._queue_closed = False
        # A shape that is not known stands for a scalar, as in TensorFlow.
        known = [s or () for s in shapes]
        self._ready = PriorityQueue(name, container, -1, [int64, string, *dtypes], [(), (), *known])
        self._lock = self._ready._lock

    def read(self) -> Array:
        """The handle as a value: the container and the name."""
        return self._ready.read()

    def ready_size(self) -> int:
        """The number of complete elements."""
        return self._ready.size()

    def incomplete_size(self) -> int:
        """The number of others."""
        return len(self._incomplete)

    # --- bringing ---
    def insert(self, component: int, keys: Sequence[bytes], values: Array) -> None:
        """Adds one component to the elements of several keys.

        Raises:
            KernelError: if a key has it already, or the barrier is closed for new keys.
        """
        if not 0 <= component < len(self.dtypes):
            raise KernelError(
                f"The component ID is out of range {component} >= num_components "
                f"(= {len(self.dtypes)})"
            )
        if values.ndim == 0 or len(values) != len(keys):
            raise KernelError(f"Expected {len(keys)} values, one for each key")
        with self._lock:
            self._check_open(keys)
            complete = self._added(component, keys, values)
        for key, element in complete:
            index, text = np.array(element.index, np.int64), np.empty((), object)
            text[()] = key
            self._ready.enqueue([index, text, *element.parts])  # type: ignore[list-item]  # complete
        self._close_when_done()

    def _check_open(self, keys: Sequence[bytes]) -> None:
        if not self._closed:
            return
        fresh = sum(key not in self._incomplete for key in keys)
        if self._cancel_pending or (fresh and not self._incomplete):
            raise KernelError(
                f"Barrier {self.name} is closed.  Pending enqueues cancelled: "
                f"{int(self._cancel_pending)}.  Number of new insertions: {fresh}.  Number of "
                f"incomplete keys: {len(self._incomplete)}.",
                CancelledError,
            )

    def _added(
        self, component: int, keys: Sequence[bytes], values: Array
    ) -> list[tuple[bytes, _Element]]:
        """Puts the values where they belong; returns what is complete now."""
        complete = []
        fresh = False
        for key, value in zip(keys, np.array(values), strict=True):
            element = self._incomplete.get(key)
            if element is None:
                self._check_key(key, component)
                element = self._incomplete[key] = _Element(self._index, len(self.dtypes))
                fresh = True
            if element.parts[component] is not None:
                raise KernelError(
                    f"Key {key.decode(errors='replace')} already has a value for component "
                    f"{component} in barrier {self.name}"
                )
            element.parts[component] = _array(value)
            if all(part is not None for part in element.parts):
                complete.append((key, self._incomplete.pop(key)))
        self._index += fresh
        return complete

    def _check_key(self, key: bytes, component: int) -> None:
        if self._closed:
            raise KernelError(
                f"Barrier {self.name} is closed, but attempted to insert a brand new key: "
                f"{key.decode(errors='replace')}.  Pending enqueues cancelled: "
                f"{int(self._cancel_pending)}.  Insertion index: {component}.  Number of "
                f"incomplete keys: {len(self._incomplete)}.",
                CancelledError,
            )

    # --- taking ---
    def take(self, n: int, small_batch: bool) -> list[Array]:
        """Returns (indices, keys, components ...) of `n` complete elements; waits for them.

        Raises:
            KernelError: if there will not be so many, or the run is cancelled.
        """
        if n < 0:  # TensorFlow stops the process
            raise KernelError(f"num_elements must be >= 0, not {n}")
        with self._lock:
            if self._closed:
                there = self._ready.size()
                wanted = min(n, there) if small_batch else n
                total = there if small_batch else there + len(self._incomplete)
                if total < max(wanted, 1):
                    raise KernelError(
                        f"Barrier '{self.name}' is closed and has insufficient elements "
                        f"(requested {wanted}, total size {total})",
                        OutOfRangeError,
                    )
                n = wanted
        return self._ready.dequeue_many(n, small_batch)

    # --- closing ---
    def close(self, cancel_pending_enqueues: bool) -> None:
        """Closes the barrier for new keys, or altogether.

        Raises:
            KernelError: if it is closed already.
        """
        with self._lock:
            if self._closed and (self._cancel_pending or not cancel_pending_enqueues):
                raise KernelError(f"Barrier '{self.name}' is already closed.", CancelledError)
            self._closed = True
            self._cancel_pending = cancel_pending_enqueues
            if cancel_pending_enqueues:
                self._incomplete.clear()
        self._close_when_done()

    def _close_when_done(self) -> None:
        with self._lock:
            if self._queue_closed or not self._closed or self._incomplete:
                return
            self._queue_closed = True
        self._ready.close(self._cancel_pending)


def _array(value: Any) -> Array:
    if isinstance(value, np.ndarray):
        return value
    found = np.empty((), np.asarray(value).dtype if not isinstance(value, bytes) else object)
    found[()] = value
    return found
