"""Queues as users make them: tf.FIFOQueue, tf.RandomShuffleQueue and their kin."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from graphflow.core import scopes
from graphflow.core.constant import constant_value
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, as_dtype, int64
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.seeds import get_seed
from graphflow.core.shape import Dimension, TensorShape, as_shape
from graphflow.core.tensor import Tensor
from graphflow.ops.gather import gather
from graphflow.ops.stack import stack

__all__ = ["FIFOQueue", "PaddingFIFOQueue", "PriorityQueue", "QueueBase", "RandomShuffleQueue"]


def type_list(dtypes: Any) -> list[DType]:
    """A type or several as a list of types."""
    return [as_dtype(d) for d in (dtypes if isinstance(dtypes, list | tuple) else [dtypes])]


def shape_list(shapes: Any, partial: bool = False) -> list[TensorShape] | None:
    """The shapes that a user gives a queue, one or several, as a list; None for none.

    Args:
        shapes: a shape, or a list of shapes.
        partial: whether sizes may be unknown; then it must be a list.

    Raises:
        ValueError: if a shape is not known well enough.
        TypeError: if it is something else.
    """
    alone = isinstance(shapes, Sequence) and all(x is None or isinstance(x, int) for x in shapes)
    if partial and (
        not isinstance(shapes, Sequence)
        or not shapes
        or any(x is None or isinstance(x, int) for x in shapes)
    ):
        raise ValueError("When providing partial shapes, a list of shapes must be provided.")
    if shapes is None:
        return None
    if isinstance(shapes, TensorShape):
        shapes, alone = [shapes], False
    if not isinstance(shapes, list | tuple):
        raise TypeError("shapes must be a TensorShape or a list or tuple of TensorShapes.")
    found = [as_shape(s) for s in ([shapes] if alone else shapes)]
    if not partial and not all(s.is_fully_defined() for s in found):
        raise ValueError(f"All shapes must be fully defined: {found}")
    if any(s.rank is None for s in found):
        raise ValueError(f"All shapes must have a defined rank: {found}")
    return found


def name_list(names: Any, dtypes: Sequence[DType]) -> list[str] | None:
    """The names of an element's components; None for none.

    Raises:
        ValueError: if there are more or fewer than types.
    """
    if names is None:
        return None
    found = list(names) if isinstance(names, list | tuple) else [names]
    if len(found) != len(dtypes):
        raise ValueError("List of names must have the same length as the list of dtypes")
    return found


def _asked_for(found: Tensor) -> Any:
    """How many elements an operation was asked for, where that is known."""
    if found.__class__ is Tensor:
        return constant_value(found.op.inputs[1])
    return found.dims[0] if found.dims else None


@export("QueueBase", "queue.QueueBase", "io.QueueBase")
class QueueBase:
    """What all queues share: elements are tuples of tensors that threads hand to each other.

    Args:
        dtypes: the types of an element's components.
        shapes: their shapes; None: each element may have its own.
        names: their names: elements are dictionaries then; None: lists.
        queue_ref: the handle, what the operation that makes a queue returns.

    Raises:
        ValueError: if the lengths of the lists differ.
    """

    def __init__(self, dtypes: Any, shapes: Any, names: Any, queue_ref: Tensor) -> None:
        if shapes is not None and len(shapes) != len(dtypes):
            raise ValueError("Queue shapes must have the same length as dtypes")
        if names is not None and len(names) != len(dtypes):
            raise ValueError("Queue names must have the same length as dtypes")
        self._dtypes = dtypes
        self._shapes = [
            TensorShape(s) for s in ([None] * len(dtypes) if shapes is None else shapes)
        ]
        self._names = names
        self._queue_ref = queue_ref
        self._name = queue_ref._node.split("/")[-1]

    @staticmethod
    def from_list(index: Any, queues: list[QueueBase]) -> QueueBase:
        """Returns the queue that a number picks from several in each run.

        Args:
            index: an integer scalar.
            queues: queues of the same types and names.

        Raises:
            TypeError: if they are no queues, or differ.
        """
        if not (isinstance(queues, list) and queues) or not all(
            isinstance(q, QueueBase) for q in queues
        ):
            raise TypeError("A list of queues expected")
        first = queues[0]
        if any(q.dtypes != first.dtypes for q in queues):
            raise TypeError("Queues do not have matching component dtypes.")
        if any(q.names != first.names for q in queues):
            raise TypeError("Queues do not have matching component names.")
        shapes = [
            functools.reduce(TensorShape.most_specific_compatible_shape, each)
            for each in zip(*[q.shapes for q in queues], strict=True)
        ]
        chosen = gather(stack([q.queue_ref for q in queues]), index)
        return QueueBase(first.dtypes, shapes, first.names, chosen)

    # --- what it is ---
    @property
    def queue_ref(self) -> Tensor:
        """The handle."""
        return self._queue_ref

    @property
    def name(self) -> str:
        """The name of the operation that makes the queue."""
        return self._queue_ref._node

    @property
    def dtypes(self) -> list[DType]:
        """The types of an element's components."""
        return self._dtypes  # type: ignore[no-any-return]  # what the maker gave

    @property
    def shapes(self) -> list[TensorShape]:
        """The shapes of an element's components."""
        return self._shapes

    @property
    def names(self) -> list[str] | None:
        """The names of an element's components, or None."""
        return self._names  # type: ignore[no-any-return]  # what the maker gave

    # --- bringing ---
    def _as_list(self, vals: Any) -> list[Any]:
        if not isinstance(vals, dict):
            if self._names:
                raise ValueError("You must enqueue a dictionary in a Queue with names")
            return list(vals) if isinstance(vals, list | tuple) else [vals]
        if not self._names:
            raise ValueError("Queue must have names to enqueue a dictionary")
        if sorted(self._names, key=str) != sorted(vals, key=str):
            raise ValueError(
                "Keys in dictionary to enqueue do not match names of Queue.  Dictionary: "
                f"({sorted(vals)}), Queue: ({sorted(self._names)})"
            )
        return [vals[k] for k in self._names]

    def _components(self, vals: Any) -> list[Tensor]:
        return [
            convert(v, dtype, f"component_{i}")
            for i, (v, dtype) in enumerate(zip(self._as_list(vals), self._dtypes, strict=False))
        ]

    def _apply(self, op_type: str, *inputs: Any, name: str, **attrs: Any) -> Any:
        """Declares an operation on the queue, in the form that its handle has."""
        suffix = "" if self._queue_ref.dtype.is_ref else "V2"
        return apply(op_type + suffix, self._queue_ref, *inputs, name=name, **attrs)

    def enqueue(self, vals: Any, name: str | None = None) -> Operation:
        """Returns an operation that adds one element; it waits while the queue is full.

        Args:
            vals: the element: a tensor, a list or tuple of tensors, or a dictionary by the names.
            name: the node's name.

        Raises:
            ValueError: if the element does not have the queue's form.
            CancelledError: in the run: if the queue is closed, or the session is meanwhile.
        """
        with scopes.name_scope(name, f"{self._name}_enqueue", _values(vals)) as scope:
            tensors = self._components(vals)
            for tensor, shape in zip(tensors, self._shapes, strict=False):
                tensor.shape.assert_is_compatible_with(shape)
            made: Operation = self._apply("QueueEnqueue", tensors, name=scope)
        return made

    def enqueue_many(self, vals: Any, name: str | None = None) -> Operation:
        """Returns an operation that adds an element for each row; it waits for room.

        Args:
            vals: as `enqueue`, with one more dimension in front, the same size in each.
            name: the node's name.

        Raises:
            ValueError: as `enqueue`, or if the numbers of rows differ.
        """
        with scopes.name_scope(name, f"{self._name}_EnqueueMany", _values(vals)) as scope:
            tensors = self._components(vals)
            rows = tensors[0].shape.with_rank_at_least(1)[0]
            for tensor, shape in zip(tensors, self._shapes, strict=False):
                rows = rows.merge_with(tensor.shape.with_rank_at_least(1)[0])
                tensor.shape[1:].assert_is_compatible_with(shape)
            made: Operation = self._apply("QueueEnqueueMany", tensors, name=scope)
        return made

    # --- taking ---
    def _result(self, tensors: list[Tensor], lead: list[Any] | None) -> Any:
        for tensor, shape in zip(tensors, self._shapes, strict=False):
            tensor.set_shape(shape if lead is None else TensorShape(lead).concatenate(shape))
        if self._names:
            return {n: tensors[i] for i, n in enumerate(self._names)}
        return tensors[0] if len(tensors) == 1 else tensors

    def dequeue(self, name: str | None = None) -> Any:
        """Returns the components of one element; the run waits until there is one.

        Args:
            name: the node's name.

        Returns:
            A tensor, a list of tensors, or a dictionary by the names.

        Raises:
            OutOfRangeError: in the run: if the queue is closed and empty.
        """
        name = f"{self._name}_Dequeue" if name is None else name
        return self._result(
            self._apply("QueueDequeue", component_types=self._dtypes, name=name), None
        )

    def dequeue_many(self, n: Any, name: str | None = None) -> Any:
        """Returns the components of `n` elements as rows; the run waits until there are so many.

        Args:
            n: an int32 scalar.
            name: the node's name.

        Raises:
            OutOfRangeError: in the run: if the queue is closed and has fewer.
        """
        name = f"{self._name}_DequeueMany" if name is None else name
        found = self._apply("QueueDequeueMany", n, component_types=self._dtypes, name=name)
        size = _asked_for(found[0])
        return self._result(found, [None if size is None else Dimension(int(size))])

    def dequeue_up_to(self, n: Any, name: str | None = None) -> Any:
        """As `dequeue_many`; the last elements of a closed queue come as a smaller batch.

        Args:
            n: an int32 scalar.
            name: the node's name.

        Raises:
            OutOfRangeError: in the run: if the queue is closed and empty.
        """
        name = f"{self._name}_DequeueUpTo" if name is None else name
        found = self._apply("QueueDequeueUpTo", n, component_types=self._dtypes, name=name)
        return self._result(found, [None])

    # --- its state ---
    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> Operation:
        """Returns an operation that closes the queue: elements go out, none come in any more.

        Args:
            cancel_pending_enqueues: whether those who wait for room fail, instead of coming first.
            name: the node's name.
        """
        name = f"{self._name}_Close" if name is None else name
        made: Operation = self._apply(
            "QueueClose", cancel_pending_enqueues=cancel_pending_enqueues, name=name
        )
        return made

    def is_closed(self, name: str | None = None) -> Tensor:
        """A bool scalar: whether the queue is closed."""
        name = f"{self._name}_Is_Closed" if name is None else name
        found: Tensor = self._apply("QueueIsClosed", name=name)
        return found

    def size(self, name: str | None = None) -> Tensor:
        """An int32 scalar: the number of elements."""
        name = f"{self._name}_Size" if name is None else name
        found: Tensor = self._apply("QueueSize", name=name)
        return found


def _values(vals: Any) -> Iterable[Any]:
    if isinstance(vals, dict):
        return list(vals.values())
    return vals if isinstance(vals, list | tuple) else [vals]


@export("FIFOQueue", "queue.FIFOQueue")
class FIFOQueue(QueueBase):
    """A queue whose elements come out in the order they went in.

    Args:
        capacity: the most elements it holds.
        dtypes: the types of an element's components, a type or a list.
        shapes: their shapes, fully known; None: each element may have its own, and elements come
            out one at a time only.
        names: their names: elements are dictionaries then; None: lists.
        shared_name: the name under which queues of one session are the same; None: none are.
        name: the node's name.
    """

    def __init__(
        self,
        capacity: int,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        shared_name: str | None = None,
        name: str = "fifo_queue",
    ) -> None:
        types = type_list(dtypes)
        dims = shape_list(shapes)
        labels = name_list(names, types)
        made = apply(
            "FIFOQueueV2", component_types=types, shapes=dims, capacity=capacity,
            shared_name=shared_name, name=name,
        )  # fmt: skip
        super().__init__(types, dims, labels, made)


@export("RandomShuffleQueue", "queue.RandomShuffleQueue", "io.RandomShuffleQueue")
class RandomShuffleQueue(QueueBase):
    """A queue whose elements come out in random order: the same for the same seed.

    Args:
        capacity: as in `FIFOQueue`.
        min_after_dequeue: so many elements stay, to mix with what comes, until it is closed.
        dtypes: as in `FIFOQueue`.
        shapes: as in `FIFOQueue`.
        names: as in `FIFOQueue`.
        seed: the operation's random seed; see `tf.set_random_seed`.
        shared_name: as in `FIFOQueue`.
        name: as in `FIFOQueue`.
    """

    def __init__(
        self,
        capacity: int,
        min_after_dequeue: int,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        seed: int | None = None,
        shared_name: str | None = None,
        name: str = "random_shuffle_queue",
    ) -> None:
        types = type_list(dtypes)
        dims = shape_list(shapes)
        labels = name_list(names, types)
        first, second = get_seed(seed)
        if first is not None and seed is None and shared_name is not None:
            # The second seed must not depend on the graph's size: others share the queue.
            digest = hashlib.md5(f"{first}{shared_name}".encode()).hexdigest()
            second = int(digest[:8], 16) & 0x7FFFFFFF
        made = apply(
            "RandomShuffleQueueV2", component_types=types, shapes=dims, capacity=capacity,
            min_after_dequeue=min_after_dequeue, seed=first or 0, seed2=second or 0,
            shared_name=shared_name, name=name,
        )  # fmt: skip
        super().__init__(types, dims, labels, made)


@export("PaddingFIFOQueue", "queue.PaddingFIFOQueue", "io.PaddingFIFOQueue")
class PaddingFIFOQueue(QueueBase):
    """A queue of elements of several sizes: in a batch they are padded with zeros behind.

    Args:
        capacity: as in `FIFOQueue`.
        dtypes: as in `FIFOQueue`.
        shapes: a list of shapes; sizes that are None differ from element to element.
        names: as in `FIFOQueue`.
        shared_name: as in `FIFOQueue`.
        name: as in `FIFOQueue`.

    Raises:
        ValueError: if there are not as many shapes as types.
    """

    def __init__(
        self,
        capacity: int,
        dtypes: Any,
        shapes: Any,
        names: Any = None,
        shared_name: str | None = None,
        name: str = "padding_fifo_queue",
    ) -> None:
        types = type_list(dtypes)
        dims = shape_list(shapes, partial=True) or []
        labels = name_list(names, types)
        if len(types) != len(dims):
            raise ValueError(
                "Shapes must be provided for all components, but received "
                f"{len(types)} dtypes and {len(dims)} shapes."
            )
        made = apply(
            "PaddingFIFOQueueV2", component_types=types, shapes=dims, capacity=capacity,
            shared_name=shared_name, name=name,
        )  # fmt: skip
        super().__init__(types, dims, labels, made)


@export("PriorityQueue", "queue.PriorityQueue", "io.PriorityQueue")
class PriorityQueue(QueueBase):
    """A queue whose elements come out by priority, the smallest number first.

    The priority is a component of its own, an int64 scalar in front of the others.

    Args:
        capacity: as in `FIFOQueue`.
        types: the types of the other components.
        shapes: their shapes, a list (TensorFlow 1.15 takes no None here either).
        names: the names of all components, the priority's too.
        shared_name: as in `FIFOQueue`.
        name: as in `FIFOQueue`.

    Note:
        `dequeue_up_to` on a closed queue returns what is left; TensorFlow loses it.
    """

    def __init__(
        self,
        capacity: int,
        types: Any,
        shapes: Any = None,
        names: Any = None,
        shared_name: str | None = None,
        name: str = "priority_queue",
    ) -> None:
        others = type_list(types)
        dims = shape_list(shapes)
        if dims is None:
            raise TypeError(
                "Expected list for 'shapes' argument to 'priority_queue_v2' Op, not None."
            )
        made = apply(
            "PriorityQueueV2", component_types=others, shapes=dims, capacity=capacity,
            shared_name=shared_name, name=name,
        )  # fmt: skip
        whole = [TensorShape([]), *dims] if dims else dims
        super().__init__([int64, *others], whole, names, made)
