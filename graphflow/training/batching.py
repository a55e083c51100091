"""Batches made by threads: tf.train.batch, shuffle_batch and their kin, over queues.

Each function puts a queue between those who make examples, a runner's threads, and those who take
batches of them. The forms with `_join` have several makers, those with `maybe_` drop examples.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import DType, float32, int32
from graphflow.core.export import export
from graphflow.core.shape import as_shape
from graphflow.core.tensor import Tensor
from graphflow.ops.arithmetic import maximum
from graphflow.ops.cast import cast
from graphflow.ops.control_ops import no_op
from graphflow.ops.dynamic import dynamic_partition
from graphflow.ops.flow_cond import smart_cond
from graphflow.ops.queues import FIFOQueue, PaddingFIFOQueue, QueueBase, RandomShuffleQueue
from graphflow.ops.summary import scalar
from graphflow.training.input_producers import as_tensors
from graphflow.training.queue_runner import QueueRunner, add_queue_runner
from graphflow.training.sparse_handles import restored, stored_join

Makers = list[list[Any]]
"""The tensors of an example, for each maker of examples."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the functions share: how examples go in and how batches come out."""

    batch_size: Any
    keep_input: Any
    capacity: int
    enqueue_many: bool
    shapes: Any
    allow_smaller_final_batch: bool
    shared_name: str | None
    name: str | None
    threads: int | None = None
    """How many threads run the one maker; None: one for each of several makers."""
    dynamic_pad: bool = False
    min_after_dequeue: int | None = None
    """For shuffling; None: in order."""
    seed: int | None = None

    # --- the queue ---
    def queue(self, types: list[DType], shapes: Any) -> QueueBase:
        if self.min_after_dequeue is not None:
            return RandomShuffleQueue(
                self.capacity, self.min_after_dequeue, types, shapes, seed=self.seed,
                shared_name=self.shared_name,
            )  # fmt: skip
        kind: Any = PaddingFIFOQueue if self.dynamic_pad else FIFOQueue
        made: QueueBase = kind(self.capacity, types, shapes, shared_name=self.shared_name)
        return made

    def summarize(self, queue: QueueBase) -> None:
        """Adds a summary that tells how full the queue is."""
        least = self.min_after_dequeue
        if least is None:
            full = cast(queue.size(), float32) * (1.0 / self.capacity)
            scalar(f"fraction_of_{self.capacity}_full", full)
            return
        room = self.capacity - least
        full = cast(maximum(0, queue.size() - least), float32) * (1.0 / room)
        scalar(f"fraction_over_{least}_of_{room}_full", full)

    # --- in and out ---
    def enqueue_ops(self, queue: QueueBase, makers: Makers, keep: Tensor) -> list[Any]:
        put: Callable[[Any], Any] = queue.enqueue_many if self.enqueue_many else queue.enqueue
        if keep.shape.rank == 1:
            made = [put(_kept(tensors, keep)) for tensors in makers]
        else:
            made = [smart_cond(keep, functools.partial(put, t), no_op) for t in makers]
        return made * (1 if self.threads is None else self.threads)

    def dequeued(self, queue: QueueBase, scope: str) -> Any:
        if self.allow_smaller_final_batch:
            return queue.dequeue_up_to(self.batch_size, name=scope)
        return queue.dequeue_many(self.batch_size, name=scope)


def _batches(plan: _Plan, default_name: str, makers: list[Any]) -> Any:
    """Declares it all; `makers` holds a list or dictionary of tensors for each maker."""
    if scopes.get_default_graph().executes:
        raise ValueError(
            "Input pipelines based on Queues are not supported when eager execution is enabled. "
            "Please use tf.data to ingest data into your model instead."
        )
    lists = [_as_list(tensors) for tensors in makers]
    flat = [t for tensors in lists for t in tensors]
    with scopes.name_scope(plan.name, default_name, [*flat, plan.keep_input]) as scope:
        least = plan.min_after_dequeue
        if plan.threads is not None and least is not None and plan.capacity <= least:
            raise ValueError(
                f"capacity {plan.capacity} must be bigger than min_after_dequeue {least}."
            )
        tensors = [as_tensors(each) for each in lists]
        if plan.threads is not None and not tensors[0]:
            raise ValueError("Expected at least one tensor in batch().")
        keep = _checked_keep(plan.keep_input, plan.enqueue_many)
        tensors, infos = stored_join(tensors, plan.enqueue_many, keep)
        types = _types(tensors)
        queue = plan.queue(types, _shapes(tensors, plan.shapes, plan.enqueue_many))
        add_queue_runner(QueueRunner(queue, plan.enqueue_ops(queue, tensors, keep)))
        plan.summarize(queue)
        found = restored(plan.dequeued(queue, scope), infos)
    return _as_given(makers[0], found)


# --- what goes in ---
def _as_list(tensors: Any) -> Any:
    return [tensors[k] for k in sorted(tensors, key=str)] if isinstance(tensors, dict) else tensors


def _as_given(given: Any, found: Any) -> Any:
    if not isinstance(given, dict):
        return found
    values = [found] if len(given) == 1 else found
    return dict(zip(sorted(given, key=str), values, strict=True))


def _joined(tensors_list: Any) -> list[Any]:
    if not tensors_list:
        raise ValueError("Expected at least one set of tensors")
    makers = list(tensors_list)
    if isinstance(makers[0], dict) and any(set(m) != set(makers[0]) for m in makers):
        raise ValueError("All dictionaries in tensors_list must have the same keys")
    return makers


def _checked_keep(keep_input: Any, enqueue_many: bool) -> Tensor:
    keep: Tensor = convert(keep_input)
    rank = keep.shape.rank
    if rank is None:
        raise ValueError("`keep_input` dimensions must be known at graph construction.")
    if not enqueue_many and rank == 1:
        raise ValueError("`keep_input` cannot be a vector when `enqueue_many=False`.")
    if rank > 1:
        raise ValueError("`keep_input` must be 0 or 1 dimensions.")
    return keep


def _kept(tensors: list[Any], keep: Tensor) -> list[Tensor]:
    which = cast(keep, int32)
    return [dynamic_partition(t, which, num_partitions=2)[1] for t in tensors]


def _types(makers: Makers) -> list[DType]:
    found = [[t.dtype for t in tensors] for tensors in makers]
    for other in found[1:]:
        if other != found[0]:
            raise TypeError(
                f"Expected types to be consistent: {', '.join(t.name for t in found[0])} vs. "
                f"{', '.join(t.name for t in other)}."
            )
    return found[0]


def _shapes(makers: Makers, shapes: Any, enqueue_many: bool) -> Any:
    if shapes is not None:
        return shapes
    for t in [t for tensors in makers for t in tensors]:
        if t.shape.rank is None:
            raise ValueError(f"Cannot infer Tensor's rank: {t}")
    return [_merged([each[i] for each in makers], enqueue_many) for i in range(len(makers[0]))]


def _merged(tensors: list[Any], enqueue_many: bool) -> list[int | None]:
    shapes = [as_shape(t.shape) for t in tensors]
    if enqueue_many:
        shapes = [s.with_rank_at_least(1)[1:] for s in shapes]
    for other in shapes[1:]:
        shapes[0].merge_with(other)  # only to see that they fit: the first one counts
    found: list[int | None] = shapes[0].as_list()
    return found


# --- in order ---
@export("train.batch")
def batch(
    tensors: Any,
    batch_size: Any,
    num_threads: int = 1,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """Returns batches of examples that threads make by running `tensors`.

    Args:
        tensors: an example: a list of tensors, or a dictionary.
        batch_size: the number of examples, an int or an int32 scalar.
        num_threads: how many threads make examples; with more than one their order is open.
        capacity: of the queue.
        enqueue_many: whether each tensor holds several examples as rows.
        shapes: the shapes of an example; None: those of the tensors.
        dynamic_pad: whether sizes may differ between examples; batches are padded with zeros.
        allow_smaller_final_batch: whether the last examples come as a smaller batch.
        shared_name: of the queue.
        name: of the scope.

    Returns:
        The batches in the form of `tensors`; a single tensor where it is a list of one.

    Raises:
        ValueError: if a shape is not known, or there are no tensors.
    """
    return maybe_batch(
        tensors, True, batch_size, num_threads, capacity, enqueue_many, shapes, dynamic_pad,
        allow_smaller_final_batch, shared_name, name,
    )  # fmt: skip


@export("train.maybe_batch")
def maybe_batch(
    tensors: Any,
    keep_input: Any,
    batch_size: Any,
    num_threads: int = 1,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """As `batch`, and drops examples.

    Args:
        tensors: as in `batch`.
        keep_input: a bool scalar: whether the example is kept; with `enqueue_many` also a vector.
        batch_size: as in `batch`.
        num_threads: as in `batch`.
        capacity: as in `batch`.
        enqueue_many: as in `batch`.
        shapes: as in `batch`.
        dynamic_pad: as in `batch`.
        allow_smaller_final_batch: as in `batch`.
        shared_name: as in `batch`.
        name: as in `batch`.
    """
    plan = _Plan(
        batch_size, keep_input, capacity, enqueue_many, shapes, allow_smaller_final_batch,
        shared_name, name, threads=num_threads, dynamic_pad=dynamic_pad,
    )  # fmt: skip
    return _batches(plan, "batch", [tensors])


@export("train.batch_join")
def batch_join(
    tensors_list: Any,
    batch_size: Any,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """As `batch`, with several makers of examples, one thread for each.

    Args:
        tensors_list: an example of each maker, all of one form.
        batch_size: as in `batch`.
        capacity: as in `batch`.
        enqueue_many: as in `batch`.
        shapes: as in `batch`.
        dynamic_pad: as in `batch`.
        allow_smaller_final_batch: as in `batch`.
        shared_name: as in `batch`.
        name: as in `batch`.
    """
    return maybe_batch_join(
        tensors_list, True, batch_size, capacity, enqueue_many, shapes, dynamic_pad,
        allow_smaller_final_batch, shared_name, name,
    )  # fmt: skip


@export("train.maybe_batch_join")
def maybe_batch_join(
    tensors_list: Any,
    keep_input: Any,
    batch_size: Any,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """As `batch_join`, and drops examples.

    Args:
        tensors_list: as in `batch_join`.
        keep_input: as in `maybe_batch`.
        batch_size: as in `batch`.
        capacity: as in `batch`.
        enqueue_many: as in `batch`.
        shapes: as in `batch`.
        dynamic_pad: as in `batch`.
        allow_smaller_final_batch: as in `batch`.
        shared_name: as in `batch`.
        name: as in `batch`.
    """
    plan = _Plan(
        batch_size, keep_input, capacity, enqueue_many, shapes, allow_smaller_final_batch,
        shared_name, name, dynamic_pad=dynamic_pad,
    )  # fmt: skip
    return _batches(plan, "batch_join", _joined(tensors_list))


# --- shuffled ---
@export("train.shuffle_batch")
def shuffle_batch(
    tensors: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    num_threads: int = 1,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """As `batch`, in random order.

    Args:
        tensors: as in `batch`.
        batch_size: as in `batch`.
        capacity: as in `batch`.
        min_after_dequeue: so many examples stay in the queue, to mix with what comes.
        num_threads: as in `batch`.
        seed: of the shuffling.
        enqueue_many: as in `batch`.
        shapes: as in `batch`.
        allow_smaller_final_batch: as in `batch`.
        shared_name: as in `batch`.
        name: as in `batch`.

    Raises:
        ValueError: as in `batch`, or if `capacity` is not above `min_after_dequeue`.
    """
    return maybe_shuffle_batch(
        tensors, batch_size, capacity, min_after_dequeue, True, num_threads, seed, enqueue_many,
        shapes, allow_smaller_final_batch, shared_name, name,
    )  # fmt: skip


@export("train.maybe_shuffle_batch")
def maybe_shuffle_batch(
    tensors: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    keep_input: Any,
    num_threads: int = 1,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """As `shuffle_batch`, and drops examples.

    Args:
        tensors: as in `batch`.
        batch_size: as in `batch`.
        capacity: as in `batch`.
        min_after_dequeue: as in `shuffle_batch`.
        keep_input: as in `maybe_batch`.
        num_threads: as in `batch`.
        seed: as in `shuffle_batch`.
        enqueue_many: as in `batch`.
        shapes: as in `batch`.
        allow_smaller_final_batch: as in `batch`.
        shared_name: as in `batch`.
        name: as in `batch`.
    """
    plan = _Plan(
        batch_size, keep_input, capacity, enqueue_many, shapes, allow_smaller_final_batch,
        shared_name, name, threads=num_threads, min_after_dequeue=min_after_dequeue, seed=seed,
    )  # fmt: skip
    return _batches(plan, "shuffle_batch", [tensors])


@export("train.shuffle_batch_join")
def shuffle_batch_join(
    tensors_list: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """As `shuffle_batch`, with several makers of examples, one thread for each.

    Args:
        tensors_list: as in `batch_join`.
        batch_size: as in `batch`.
        capacity: as in `batch`.
        min_after_dequeue: as in `shuffle_batch`.
        seed: as in `shuffle_batch`.
        enqueue_many: as in `batch`.
        shapes: as in `batch`.
        allow_smaller_final_batch: as in `batch`.
        shared_name: as in `batch`.
        name: as in `batch`.
    """
    return maybe_shuffle_batch_join(
        tensors_list, batch_size, capacity, min_after_dequeue, True, seed, enqueue_many, shapes,
        allow_smaller_final_batch, shared_name, name,
    )  # fmt: skip


@export("train.maybe_shuffle_batch_join")
def maybe_shuffle_batch_join(
    tensors_list: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    keep_input: Any,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """As `shuffle_batch_join`, and drops examples.

    Args:
        tensors_list: as in `batch_join`.
        batch_size: as in `batch`.
        capacity: as in `batch`.
        min_after_dequeue: as in `shuffle_batch`.
        keep_input: as in `maybe_batch`.
        seed: as in `shuffle_batch`.
        enqueue_many: as in `batch`.
        shapes: as in `batch`.
        allow_smaller_final_batch: as in `batch`.
        shared_name: as in `batch`.
        name: as in `batch`.
    """
    plan = _Plan(
        batch_size, keep_input, capacity, enqueue_many, shapes, allow_smaller_final_batch,
        shared_name, name, min_after_dequeue=min_after_dequeue, seed=seed,
    )  # fmt: skip
    return _batches(plan, "shuffle_batch_join", _joined(tensors_list))
