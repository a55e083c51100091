"""A queue that is fed rows of arrays from Python, as the input functions of arrays make it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from graphflow.core import scopes
from graphflow.core.dtypes import as_dtype, float32
from graphflow.core.errors import CancelledError, OutOfRangeError
from graphflow.ops import summary
from graphflow.ops.arithmetic import maximum
from graphflow.ops.cast import cast
from graphflow.ops.constant import placeholder
from graphflow.ops.queues import FIFOQueue, RandomShuffleQueue
from graphflow.platform import tf_logging
from graphflow.training.queue_runner import QueueRunner, add_queue_runner

Rows = Callable[[list[int]], list[Any]]
"""Returns arrays of some rows: their numbers, then one array for each column."""


class _FeedingQueueRunner(QueueRunner):
    """Fills a queue with what functions return.

    Args:
        queue: the queue.
        enqueue_ops: the operations that fill it.
        feed_fns: for each of them a function that returns a feed_dict; it raises OutOfRangeError
            at the end.
    """

    def __init__(self, queue: Any, enqueue_ops: list[Any], feed_fns: list[Any]) -> None:
        ends = (OutOfRangeError, CancelledError)
        super().__init__(queue, enqueue_ops, queue_closed_exception_types=ends)
        self._feed_fns = dict(zip(enqueue_ops, feed_fns, strict=True))

    def _enqueuing(self, sess: Any, enqueue_op: Any) -> Callable[[], Any]:
        feed_fn = self._feed_fns[enqueue_op]
        return lambda: sess.run(enqueue_op, feed_dict=feed_fn())


class _RowFeeder:
    """Feeds the next rows in order, round and round; raises OutOfRangeError after the last epoch.

    Args:
        placeholders: what is fed.
        rows: returns the values of some rows, in the order of the placeholders.
        length: the number of rows.
        batch_size: how many are fed at once.
        random_start: whether it begins anywhere.
        seed: where that is.
        num_epochs: how often each row is fed; None: there is no end.
    """

    def __init__(
        self,
        placeholders: list[Any],
        rows: Rows,
        length: int,
        batch_size: int,
        random_start: bool,
        seed: int | None,
        num_epochs: int | None,
    ) -> None:
        self._placeholders = placeholders
        self._rows = rows
        self._length = length
        self._batch_size = batch_size
        self._left = None if num_epochs is None else num_epochs * length
        self._num_epochs = num_epochs
        self._next = random.Random(seed).randrange(length) if random_start else 0

    def __call__(self) -> dict[Any, Any]:
        """Returns the feeds of the next rows."""
        count = self._batch_size
        if self._left is not None:
            if self._left <= 0:
                raise OutOfRangeError(None, None, f"Already emitted {self._num_epochs} epochs.")
            count = min(count, self._left)
            self._left -= count
        chosen = [(self._next + i) % self._length for i in range(count)]
        self._next = (self._next + count) % self._length
        return dict(zip(self._placeholders, self._rows(chosen), strict=True))


def enqueue_rows(
    rows: Rows,
    length: int,
    dtypes: Sequence[Any],
    shapes: Sequence[Any],
    capacity: int,
    shuffle: bool = False,
    min_after_dequeue: float | None = None,
    num_threads: int = 1,
    seed: int | None = None,
    enqueue_size: int = 1,
    num_epochs: int | None = None,
) -> Any:
    """Returns a queue of rows, and declares what fills it in threads.

    Args:
        rows: returns arrays of some rows.
        length: the number of rows.
        dtypes: of the numbers, and of the columns.
        shapes: of the same, without the axis of rows.
        capacity: how many rows the queue holds.
        shuffle: whether they come out in random order.
        min_after_dequeue: how many stay in it then; None: a quarter.
        num_threads: how many threads fill it, each with all epochs.
        seed: of the order.
        enqueue_size: how many rows go in at once.
        num_epochs: how often each row goes in, for each thread; None: there is no end.
    """
    with scopes.name_scope("enqueue_input"):
        types = [as_dtype(dtype) for dtype in dtypes]
        _warn(shuffle, num_threads, num_epochs)
        least = 0
        queue: Any
        if shuffle:
            least = int(capacity / 4 if min_after_dequeue is None else min_after_dequeue)
            queue = RandomShuffleQueue(capacity, least, dtypes=types, shapes=shapes, seed=seed)
        else:
            queue = FIFOQueue(capacity, dtypes=types, shapes=shapes)
        enqueue_ops, feed_fns = [], []
        for i in range(num_threads):
            placeholders = [placeholder(t) for t in types]
            enqueue_ops.append(queue.enqueue_many(placeholders))
            own_seed = None if seed is None else (i + 1) * seed
            feed_fns.append(
                _RowFeeder(placeholders, rows, length, enqueue_size, shuffle, own_seed, num_epochs)
            )
        add_queue_runner(_FeedingQueueRunner(queue, enqueue_ops, feed_fns))
        room = capacity - least
        fraction = cast(maximum(0, queue.size() - least), float32) * (1.0 / room)
        summary.scalar(f"queue/{queue.name}fraction_over_{least}_of_{room}_full", fraction)
        return queue


def dequeued(queue: Any, batch_size: int, num_epochs: int | None) -> list[Any]:
    """Returns the columns of the next rows, without their numbers; of the last ones fewer."""
    take = queue.dequeue_many if num_epochs is None else queue.dequeue_up_to
    return list(take(batch_size))[1:]


def _warn(shuffle: bool, num_threads: int, num_epochs: int | None) -> None:
    if num_threads == 1:
        return
    if num_epochs is not None:
        tf_logging.warning(
            "enqueue_data was called with num_epochs and num_threads > 1. num_epochs is applied "
            "per thread, so this will produce more epochs than you probably intend. If you want "
            "to limit epochs, use one thread."
        )
    if shuffle and num_epochs is not None:
        tf_logging.warning(
            "enqueue_data was called with shuffle=True, num_threads > 1, and num_epochs. This "
            "will create multiple threads, all reading the array/dataframe in order adding to the "
            "same shuffling queue; the results will likely not be sufficiently shuffled."
        )
    if not shuffle:
        tf_logging.warning(
            "enqueue_data was called with shuffle=False and num_threads > 1. This will create "
            "multiple threads, all reading the array/dataframe in order. If you want examples "
            "read in order, use one thread; if you want multiple threads, enable shuffling."
        )
