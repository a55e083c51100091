"""Queues as objects: elements that threads hand to each other, in TensorFlow's order.

Whoever cannot be served at once becomes an `Attempt` in line: one line for those who bring
elements, one for those who take some. Whoever changes the queue serves both lines from the front
for as long as something moves, so nobody overtakes, and a request for many elements is served
piece by piece, as in TensorFlow. An attempt that is cancelled gives back what it has.
"""

from __future__ import annotations

import itertools
import secrets
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

import numpy as np

from graphflow.core.dtypes import DType, short_name
from graphflow.core.errors import CancelledError, KernelError, OutOfRangeError
from graphflow.core.shape import Dims, compatible, text
from graphflow.core.waiting import wait_until
from graphflow.ops._philox import fill_blocks

Array = np.ndarray[Any, Any]
Element = tuple[Array, ...]

_counter: Final = itertools.count()
_NUMBERS_AHEAD: Final = 64  # blocks of random numbers


def type_names(dtypes: Sequence[DType]) -> str:
    """Types as TensorFlow's run-time messages write them: "float, int32"."""
    return ", ".join([short_name(d) for d in dtypes])


def reference_handle(container: str, name: str) -> Array:
    """The handle of a resource with a reference, as a value: its container and its name."""
    found = np.empty(2, object)
    found[:] = [(container or "localhost").encode(), name.encode()]
    return found


def private_name(name: str) -> str:
    """The name that the resource of a node without a shared name gets: "_3_node"."""
    return f"_{next(_counter)}_{name}"


class Attempt:
    """One request that stands in line.

    Args:
        step: serves as much of it as can be served now; says whether anything moved. It sets
            `done`, and may set `error`.
        give_back: returns what the request holds to where it came from.
    """

    __slots__ = ("condition", "done", "error", "give_back", "step")

    def __init__(
        self,
        step: Callable[[Attempt], bool],
        give_back: Callable[[], None] = lambda: None,
    ) -> None:
        self.step = step
        self.give_back = give_back
        self.done = False
        self.error: KernelError | None = None
        self.condition: threading.Condition | None = None

    def fail(self, message: str, error: Any) -> bool:
        """Ends the request with an error."""
        self.error = KernelError(message, error)
        self.done = True
        return True


class Lines:
    """The two lines of requests before a resource, and the lock that guards it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._givers: deque[Attempt] = deque()
        self._takers: deque[Attempt] = deque()

    def _serve(self) -> None:
        moved = True
        while moved:
            moved = self._advance(self._givers)
            moved = self._advance(self._takers) or moved

    def _advance(self, line: deque[Attempt]) -> bool:
        moved = False
        while line:
            first = line[0]
            moved = first.step(first) or moved
            if not first.done:
                break
            line.popleft()
            if first.condition is not None:
                first.condition.notify_all()
        return moved

    def _request(self, line: deque[Attempt], attempt: Attempt, cancelled: str) -> None:
        with self._lock:
            line.append(attempt)
            self._serve()
            if not attempt.done:
                self._wait(line, attempt, cancelled)
        if attempt.error is not None:
            raise attempt.error

    def _wait(self, line: deque[Attempt], attempt: Attempt, cancelled: str) -> None:
        attempt.condition = threading.Condition(self._lock)
        try:
            served = wait_until(attempt.condition, lambda: attempt.done)
        except BaseException:  # the user's own interrupt
            self._leave(line, attempt)
            raise
        if not served:
            self._leave(line, attempt)
            attempt.fail(cancelled, CancelledError)

    def _leave(self, line: deque[Attempt], attempt: Attempt) -> None:
        if not attempt.done:
            line.remove(attempt)
            attempt.give_back()
            self._serve()


class Queue(Lines):
    """A queue of elements that come out in the order they went in.

    Args:
        name: the queue's name in messages.
        container: the container it lives in.
        capacity: the most elements it holds; negative: any number.
        dtypes: the types of an element's components.
        shapes: their shapes; empty: each element may have its own.
    """

    kind: ClassVar[str] = "FIFOQueue"

    def __init__(
        self,
        name: str,
        container: str,
        capacity: int,
        dtypes: Sequence[DType],
        shapes: Sequence[Dims],
    ) -> None:
        super().__init__()
        self.name = name
        self.container = container
        self.capacity = capacity if capacity >= 0 else 2**31 - 1
        self.dtypes = list(dtypes)
        self.shapes = list(shapes)
        self.closed = False
        self._elements: Any = self._storage()

    # --- what kinds of queues differ in ---
    def _storage(self) -> Any:
        return deque()

    def _push(self, element: Element) -> None:
        self._elements.append(element)

    def _pop(self) -> Element:
        found: Element = self._elements.popleft()
        return found

    def _restore(self, elements: list[Element]) -> None:
        self._elements.extendleft(reversed(elements))

    def _spare(self) -> int:
        """How many elements may be taken now."""
        return len(self._elements)

    def _stacked(self, elements: list[Element]) -> list[Array]:
        found = []
        for i, (dtype, dims) in enumerate(zip(self.dtypes, self.shapes, strict=True)):
            sizes = [d or 0 for d in dims or ()]  # all are known here
            whole = np.empty((len(elements), *sizes), dtype.as_numpy_dtype)
            for n, element in enumerate(elements):
                whole[n, ...] = element[i]  # the dots: a 0-d array of strings is no string
            found.append(whole)
        return found

    # --- what is shared ---
    def mismatch(
        self, op_type: str, capacity: int, dtypes: Sequence[DType], shapes: Sequence[Dims]
    ) -> str:
        """Says what another node that shares this queue wants otherwise; "" for nothing."""
        if op_type.removesuffix("V2") != self.kind:
            return f"Expected {self.kind}, found {op_type}"
        wanted = capacity if capacity >= 0 else 2**31 - 1
        if wanted != self.capacity:
            return (
                f"Shared queue '{self.name}' has capacity {self.capacity} but requested "
                f"capacity was {wanted}"
            )
        if list(dtypes) != self.dtypes:
            return (
                f"Shared queue '{self.name}' has component types {type_names(self.dtypes)} but "
                f"requested component types were {type_names(dtypes)}"
            )
        if list(shapes) != self.shapes:
            return (
                f"Shared queue '{self.name}' has component shapes {_shapes_text(self.shapes)} but "
                f"requested component shapes were {_shapes_text(shapes)}"
            )
        return ""

    def read(self) -> Array:
        """The handle of an old reference queue as a value: its container and name."""
        return reference_handle(self.container, self.name)

    def size(self) -> int:
        """The number of elements."""
        return len(self._elements)

    # --- bringing ---
    def enqueue(self, parts: Sequence[Array]) -> None:
        """Adds one element; waits for room.

        Args:
            parts: its components; copied.

        Raises:
            KernelError: if a shape is wrong, the queue is closed or the run is cancelled.
        """
        if self.shapes:
            for i, (part, dims) in enumerate(zip(parts, self.shapes, strict=True)):
                if not compatible(dims, part.shape):
                    raise _shape_mismatch(i, dims, part.shape)
        element = tuple([np.array(part) for part in parts])

        def step(attempt: Attempt) -> bool:
            if self.closed:
                return attempt.fail(f"{self.kind} '{self.name}' is closed.", CancelledError)
            if len(self._elements) >= self.capacity:
                return False
            self._push(element)
            attempt.done = True
            return True

        self._request(self._givers, Attempt(step), "Enqueue operation was cancelled")

    def enqueue_many(self, parts: Sequence[Array]) -> None:
        """Adds an element for each row; waits for room.

        Args:
            parts: its components [n, ...]; copied.

        Raises:
            KernelError: as `enqueue`.
        """
        n = self._rows(parts)
        if n == 0:
            return
        rows = [np.array(part) for part in parts]
        at = 0

        def step(attempt: Attempt) -> bool:
            nonlocal at
            if self.closed:
                return attempt.fail(f"{self.kind} '{self.name}' is closed.", CancelledError)
            before = at
            while at < n and len(self._elements) < self.capacity:
                self._push(tuple([part[at, ...] for part in rows]))
                at += 1
            attempt.done = at == n
            return at > before

        self._request(self._givers, Attempt(step), "Enqueue operation was cancelled")

    def _rows(self, parts: Sequence[Array]) -> int:
        n = parts[0].shape[0] if parts[0].ndim else 0
        for i, part in enumerate(parts):
            if self.shapes:
                dims = self.shapes[i]
                wanted = None if dims is None else (n, *dims)
                if not part.ndim or not compatible(wanted, part.shape):
                    raise _shape_mismatch(i, wanted, part.shape)
            elif not part.ndim or part.shape[0] != n:
                raise KernelError(
                    "All input tensors must have the same size in the 0th dimension. Component "
                    f"{i} has {part.shape[0] if part.ndim else 0}, and should have {n}"
                )
        return n

    # --- taking ---
    def dequeue(self) -> list[Array]:
        """Returns one element; waits for it.

        Raises:
            KernelError: if the queue is closed and empty, or the run is cancelled.
        """
        found: Element = ()

        def step(attempt: Attempt) -> bool:
            nonlocal found
            if self._spare() > 0:
                found = self._pop()
                attempt.done = True
                return True
            if self.closed:
                return self._ended(attempt, 1, len(self._elements))
            return False

        self._request(self._takers, Attempt(step), "Dequeue operation was cancelled")
        # A row must not keep the batch it came in alive, nor share memory with other rows.
        return [part if part.base is None else part.copy() for part in found]

    def dequeue_many(self, n: int, small_batch: bool = False) -> list[Array]:
        """Returns `n` elements as rows; waits for them.

        Args:
            n: how many.
            small_batch: whether fewer will do, once the queue is closed.

        Raises:
            KernelError: if too few are left in a closed queue, or the run is cancelled.
        """
        if n < 0:
            op = "DequeueUpToOp" if small_batch else "DequeueManyOp"
            raise KernelError(f"{op} requested {n} < 0 elements")
        if not self.shapes:
            raise KernelError(
                f"{self.kind}'s DequeueMany and DequeueUpTo require the components to have "
                "specified shapes."
            )
        taken: list[Element] = []
        if n:
            self._take_many(taken, n, small_batch)
        return self._stacked(taken)

    def _take_many(self, taken: list[Element], n: int, small_batch: bool) -> None:
        def give_back() -> None:
            self._restore(taken)
            taken.clear()

        def step(attempt: Attempt) -> bool:
            left, size = n - len(taken), len(self._elements)
            if self.closed and size < left:
                give_back()
                if not small_batch or not self._elements:
                    return self._ended(attempt, left, size)
                left = len(self._elements)
            count = min(self._spare(), left)
            taken.extend([self._pop() for _ in range(count)])
            attempt.done = count == left
            return count > 0

        attempt = Attempt(step, give_back)
        self._request(self._takers, attempt, "Dequeue operation was cancelled")

    def _ended(self, attempt: Attempt, wanted: int, size: int) -> bool:
        return attempt.fail(
            f"{self.kind} '{self.name}' is closed and has insufficient elements "
            f"(requested {wanted}, current size {size})",
            OutOfRangeError,
        )

    # --- closing ---
    def close(self, cancel_pending_enqueues: bool) -> None:
        """Closes the queue: nothing comes in any more.

        Args:
            cancel_pending_enqueues: False lets those in line come in before; True fails them.

        Raises:
            KernelError: if it is closed already, where nothing is to be cancelled.
        """
        if cancel_pending_enqueues:
            with self._lock:
                self.closed = True
                while self._givers:
                    attempt = self._givers.popleft()
                    attempt.fail("Enqueue operation was cancelled", CancelledError)
                    if attempt.condition is not None:
                        attempt.condition.notify_all()
                self._serve()
            return

        def step(attempt: Attempt) -> bool:
            if self.closed:
                return attempt.fail(f"Queue '{self.name}' is already closed.", CancelledError)
            self.closed = attempt.done = True
            return True

        self._request(self._givers, Attempt(step), "Close operation was cancelled")

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name!r} of {len(self._elements)}>"


def _shapes_text(shapes: Sequence[Dims]) -> str:
    return "[" + ", ".join([text(s) for s in shapes]) + "]"


def _shape_mismatch(i: int, wanted: Dims, got: tuple[int, ...]) -> KernelError:
    return KernelError(
        f"Shape mismatch in tuple component {i}. Expected {text(wanted)}, got {text(got)}"
    )


class PaddingQueue(Queue):
    """A queue whose elements may differ in size: taken together they are padded with zeros."""

    kind: ClassVar[str] = "PaddingFIFOQueue"

    def _stacked(self, elements: list[Element]) -> list[Array]:
        found = []
        for i, (dtype, dims) in enumerate(zip(self.dtypes, self.shapes, strict=True)):
            parts = [element[i] for element in elements]
            sizes = [d or 0 for d in dims or ()]
            for axis, d in enumerate(dims or ()):
                if d is None:
                    sizes[axis] = max([part.shape[axis] for part in parts], default=0)
            kind = dtype.as_numpy_dtype
            blank: Any = b"" if dtype.kind == "S" else np.zeros((), kind)
            whole = np.full((len(parts), *sizes), blank, kind)
            for n, part in enumerate(parts):
                place: Any = (n, *[slice(size) for size in part.shape], ...)
                whole[place] = part
            found.append(whole)
        return found


class ShuffleQueue(Queue):
    """A queue whose elements come out in random order.

    Args:
        name: as in `Queue`.
        container: as in `Queue`.
        capacity: as in `Queue`.
        dtypes: as in `Queue`.
        shapes: as in `Queue`.
        min_after_dequeue: so many stay, to be mixed with what comes, while the queue is open.
        seeds: the key of the numbers; both 0: fresh ones.
    """

    kind: ClassVar[str] = "RandomShuffleQueue"

    def __init__(
        self,
        name: str,
        container: str,
        capacity: int,
        dtypes: Sequence[DType],
        shapes: Sequence[Dims],
        min_after_dequeue: int,
        seeds: tuple[int, int],
    ) -> None:
        super().__init__(name, container, capacity, dtypes, shapes)
        self.min_after_dequeue = min_after_dequeue
        self.seeds = seeds
        fresh = seeds == (0, 0)
        self._key = (secrets.randbits(64), secrets.randbits(64)) if fresh else seeds
        self._block = 0
        self._numbers: list[int] = []

    def _storage(self) -> Any:
        return []

    def _pop(self) -> Element:
        elements = self._elements
        if not self._numbers:
            words = fill_blocks(*self._key, self._block, _NUMBERS_AHEAD)
            self._block += _NUMBERS_AHEAD
            self._numbers = words.reshape(-1)[::-1].tolist()
        at = self._numbers.pop() % len(elements)
        found: Element = elements[at]
        elements[at] = elements[-1]
        elements.pop()
        return found

    def _restore(self, elements: list[Element]) -> None:
        self._elements += reversed(elements)

    def _spare(self) -> int:
        return len(self._elements) - (0 if self.closed else self.min_after_dequeue)

    def shuffle_mismatch(self, min_after_dequeue: int, seeds: tuple[int, int]) -> str:
        """Says what another node wants otherwise of the shuffling; "" for nothing."""
        if min_after_dequeue != self.min_after_dequeue:
            return (
                f"Shared queue '{self.name}' has min_after_dequeue {self.min_after_dequeue} but "
                f"requested min_after_dequeue was {min_after_dequeue}."
            )
        if seeds != self.seeds:
            return (
                f"Shared queue '{self.name}' has random seeds {self.seeds} but requested seeds "
                f"are {seeds}."
            )
        return ""


class PriorityQueue(Queue):
    """A queue whose elements come out by their first component, an int64: the smallest first.

    Equal ones come out in the order of TensorFlow's binary heap (that of GNU's C++ library).
    """

    kind: ClassVar[str] = "PriorityQueue"

    def _storage(self) -> Any:
        return []

    def _push(self, element: Element) -> None:
        heap = self._elements
        item = (int(element[0]), element)
        heap.append(item)
        self._rise(len(heap) - 1, 0, item)

    def _rise(self, hole: int, top: int, item: Any) -> None:
        heap = self._elements
        while hole > top and heap[(hole - 1) // 2][0] > item[0]:
            heap[hole] = heap[(hole - 1) // 2]
            hole = (hole - 1) // 2
        heap[hole] = item

    def _pop(self) -> Element:
        heap = self._elements
        found: Element = heap[0][1]
        item = heap.pop()
        n = len(heap)
        if not n:
            return found
        # The hole sinks to a leaf along the smaller children, and the last item rises from there.
        hole = 0
        while 2 * hole + 2 < n:
            child = 2 * hole + 2
            if heap[child][0] > heap[child - 1][0]:
                child -= 1
            heap[hole] = heap[child]
            hole = child
        if 2 * hole + 2 == n:
            heap[hole] = heap[n - 1]
            hole = n - 1
        self._rise(hole, 0, item)
        return found

    def _restore(self, elements: list[Element]) -> None:
        for element in elements:
            self._push(element)
