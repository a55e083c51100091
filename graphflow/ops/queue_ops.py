"""Queues as operations: made, filled, emptied, measured and closed.

Each comes twice: the form with a resource handle (FIFOQueueV2 ...), which `tf.FIFOQueue` and its
kin declare, and the older one with a reference (FIFOQueue ...), which old graph files hold. Both
run the same kernels over the same objects (`_queues`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from graphflow.core.dtypes import DType, int64
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.opdef import OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.state import Store
from graphflow.ops._queues import (
    PaddingQueue,
    PriorityQueue,
    Queue,
    ShuffleQueue,
    private_name,
    type_names,
)

Array = np.ndarray[Any, Any]

NO_GRADIENT: Final = "elements come and go in time; nothing depends on them continuously"
_RESOURCE: Final = "resource"
_REFERENCE: Final = "Ref(string)"


# --- what the operations of all resources share ---
def thing(handle: Any) -> Any:
    """What stands behind a handle, also one that went through an array of handles."""
    return handle.item() if isinstance(handle, np.ndarray) else handle


def handle_shape(op: Operation) -> list[Dims]:
    """The shape rule of an operation that makes a handle: a reference holds two names."""
    return [(2,) if op.outputs[0].dtype.is_ref else ()]


def unknown_outputs(op: Operation) -> list[Dims]:
    """The shape rule of an operation that says nothing of its outputs' shapes."""
    return [None] * len(op.outputs)


def scalar_outputs(op: Operation) -> list[Dims]:
    """The shape rule of an operation whose outputs are scalars."""
    return [()] * len(op.outputs)


def both(name: str, signature: str, kernel: Any, *, raises: bool = False, **facets: Any) -> None:
    """Defines an operation on a handle in its two forms, "XV2" (a resource) and "X" (a reference).

    Args:
        name: the older type's name.
        signature: its ports and attributes; HANDLE stands for the type of a handle.
        kernel: of both.
        raises: whether TensorFlow has no word on the gradient of the older form either.
        **facets: as `define` takes them.
    """
    makes = "-> handle: HANDLE" in signature or "-> reader_handle: HANDLE" in signature
    for suffix, handle in (("V2", _RESOURCE), ("", _REFERENCE)):
        text = name + suffix + signature.replace("HANDLE", handle)
        new = define(text, stateful=makes or bool(suffix), **facets)
        new.no_gradient(NO_GRADIENT, raises=raises or makes or bool(suffix))
        new.numpy(kernel(new.name) if makes else kernel)
        new.host_only("it waits for other threads")
        new.module = sys._getframe(1).f_globals["__name__"]


def resource(
    store: Store, kind: str, container: str, shared_name: str, name: str, make: Any
) -> Any:
    """Returns the resource of a node: its own, or the one that it shares by name.

    Args:
        store: the session's.
        kind: what names are shared among, such as "queue".
        container: where it lives.
        shared_name: "" for a resource of the node's own.
        name: the node's.
        make: `make(name in messages)` makes it.
    """
    if shared_name:
        return store.cell(container, f"{kind}:{shared_name}", lambda: make(shared_name))
    return store.private.cell(container, f"{kind}@{name}", lambda: make(private_name(name)))


# --- FIFOQueue, PaddingFIFOQueue, PriorityQueue, RandomShuffleQueue ---
def _checked(queue: Queue, problem: str) -> Queue:
    if problem:
        raise KernelError(problem)
    return queue


def _check_components(name: str, dtypes: Sequence[DType], shapes: Sequence[Dims]) -> None:
    if not dtypes:
        raise KernelError(f"Empty component types for queue {name}")
    if shapes and len(shapes) != len(dtypes):
        raise KernelError(
            f"Different number of component types.  Types: {type_names(dtypes)}, "
            f"Shapes: {list(shapes)}"
        )


def _plain(kind: type[Queue], lead: tuple[DType, ...] = ()) -> Callable[[str], Any]:
    """The kernels of queues without options of their own; `lead` are components put in front."""

    def kernel(op_type: str) -> Any:
        def run(
            *,
            store: Store,
            name: str,
            container: str,
            shared_name: str,
            capacity: int,
            component_types: list[DType],
            shapes: list[Dims],
        ) -> Queue:
            dtypes = [*lead, *component_types]
            dims = [*[() for _ in lead], *shapes] if shapes or lead else []
            _check_components(name, dtypes, dims)

            def make(shown: str) -> Queue:
                return kind(shown, container, capacity, dtypes, dims)

            queue = resource(store, "queue", container, shared_name, name, make)
            return _checked(queue, queue.mismatch(op_type, capacity, dtypes, dims))

        return run

    return kernel


def _shuffling(op_type: str) -> Any:
    def run(
        *,
        store: Store,
        name: str,
        container: str,
        shared_name: str,
        capacity: int,
        component_types: list[DType],
        shapes: list[Dims],
        min_after_dequeue: int,
        seed: int,
        seed2: int,
    ) -> Queue:
        _check_components(name, component_types, shapes)
        if min_after_dequeue < 0:
            raise KernelError(f"min_after_dequeue {min_after_dequeue} must be >= 0")
        if 0 <= capacity <= min_after_dequeue:
            raise KernelError(
                f"min_after_dequeue {min_after_dequeue} must be < capacity {capacity}"
            )
        options = min_after_dequeue, (seed, seed2)

        def make(shown: str) -> Queue:
            return ShuffleQueue(shown, container, capacity, component_types, shapes, *options)

        queue = resource(store, "queue", container, shared_name, name, make)
        problem = queue.mismatch(op_type, capacity, component_types, shapes)
        return _checked(queue, problem or queue.shuffle_mismatch(*options))

    return run


_NAMES: Final = "container: string = '', shared_name: string = '') -> handle: HANDLE"
_COMPONENTS: Final = "(*, component_types: list(type), shapes: list(shape) = [], capacity: int = -1"
for _name, _kind in (("FIFOQueue", Queue), ("PaddingFIFOQueue", PaddingQueue)):
    both(
        _name, f"{_COMPONENTS}, {_NAMES}", _plain(_kind), shape=handle_shape, component_types=1,
        shapes=0,
    )  # fmt: skip
both(
    "RandomShuffleQueue",
    f"{_COMPONENTS}, min_after_dequeue: int = 0, seed: int = 0, seed2: int = 0, {_NAMES}",
    _shuffling,
    shape=handle_shape,
    component_types=1,
    shapes=0,
)
both(
    "PriorityQueue",
    "(*, component_types: list(type) = [], shapes: list(shape), capacity: int = -1, " + _NAMES,
    _plain(PriorityQueue, (int64,)),
    shape=handle_shape,
    component_types=0,
    shapes=0,
)


# --- QueueEnqueue, QueueEnqueueMany ---
def _check_enqueue(queue: Queue, given: list[DType], timeout_ms: int) -> None:
    _check_timeout(timeout_ms)
    if given != queue.dtypes:
        raise KernelError(
            f"Signature mismatch, have: resource, {type_names(given)}-> "
            f"expected: resource, {type_names(queue.dtypes)}->"
        )


def _enqueue(
    handle: Any,
    components: list[Array],
    *,
    Tcomponents: list[DType],  # noqa: N803 (TensorFlow's name)
    timeout_ms: int,
) -> None:
    queue: Queue = thing(handle)
    _check_enqueue(queue, Tcomponents, timeout_ms)
    queue.enqueue(components)


def _enqueue_many(
    handle: Any,
    components: list[Array],
    *,
    Tcomponents: list[DType],  # noqa: N803 (TensorFlow's name)
    timeout_ms: int,
) -> None:
    queue: Queue = thing(handle)
    _check_enqueue(queue, Tcomponents, timeout_ms)
    queue.enqueue_many(components)


_GIVES: Final = "(handle: HANDLE, components: Tcomponents..., *, timeout_ms: int = -1)"
both("QueueEnqueue", _GIVES, _enqueue, Tcomponents=1, waits="give")
both("QueueEnqueueMany", _GIVES, _enqueue_many, Tcomponents=1, waits="give")


# --- QueueDequeue, QueueDequeueMany, QueueDequeueUpTo ---
def _check_timeout(timeout_ms: int) -> None:
    if timeout_ms != -1:
        raise KernelError("Timeout not supported yet.")


def _check_dequeue(queue: Queue, wanted: list[DType], timeout_ms: int) -> None:
    _check_timeout(timeout_ms)
    if wanted != queue.dtypes:
        raise KernelError(
            f"Signature mismatch, have: resource->{type_names(wanted)} "
            f"expected: resource->{type_names(queue.dtypes)}"
        )


def _dequeue(handle: Any, *, component_types: list[DType], timeout_ms: int) -> list[Array]:
    queue: Queue = thing(handle)
    _check_dequeue(queue, component_types, timeout_ms)
    return queue.dequeue()


def _dequeue_many(
    handle: Any, n: Array, *, component_types: list[DType], timeout_ms: int
) -> list[Array]:
    queue: Queue = thing(handle)
    _check_dequeue(queue, component_types, timeout_ms)
    return queue.dequeue_many(int(n.flat[0]))


def _dequeue_up_to(
    handle: Any, n: Array, *, component_types: list[DType], timeout_ms: int
) -> list[Array]:
    queue: Queue = thing(handle)
    _check_dequeue(queue, component_types, timeout_ms)
    return queue.dequeue_many(int(n.flat[0]), small_batch=True)


def _many_shape(op: Operation) -> list[Dims]:
    n = op.constant(1)
    if n is not None and n.size == 1 and n.flat[0] < 0 and op.type.endswith("V2"):
        raise ShapeError(
            f"Input 'n' must be >= 0, but is {n.flat[0]}",
            run=f"DequeueManyOp requested {n.flat[0]} < 0 elements",
        )
    return unknown_outputs(op)


_TAKES: Final = (
    "*, component_types: list(type), timeout_ms: int = -1) -> components: component_types..."
)
_taking: Final[dict[str, Any]] = {"component_types": 1, "waits": "take"}
both("QueueDequeue", f"(handle: HANDLE, {_TAKES}", _dequeue, shape=unknown_outputs, **_taking)
both(
    "QueueDequeueMany", f"(handle: HANDLE, n: int32, {_TAKES}", _dequeue_many, shape=_many_shape,
    **_taking,
)  # fmt: skip
both(
    "QueueDequeueUpTo", f"(handle: HANDLE, n: int32, {_TAKES}", _dequeue_up_to,
    shape=unknown_outputs, **_taking,
)  # fmt: skip


# --- QueueClose, QueueIsClosed, QueueSize, FakeQueue ---
def _close(handle: Any, *, cancel_pending_enqueues: bool) -> None:
    thing(handle).close(cancel_pending_enqueues)


def _is_closed(handle: Any) -> Array:
    return np.array(thing(handle).closed)


def _size(handle: Any) -> Array:
    return np.array(thing(handle).size(), np.int32)


both(
    "QueueClose", "(handle: HANDLE, *, cancel_pending_enqueues: bool = False)", _close, waits="give"
)
both(
    "QueueIsClosed", "(handle: HANDLE) -> is_closed: bool", _is_closed, shape=scalar_outputs,
    raises=True,
)  # fmt: skip
both("QueueSize", "(handle: HANDLE) -> size: int32", _size, shape=scalar_outputs)

FAKE_QUEUE: OpDef = define("FakeQueue(resource: resource) -> handle: Ref(string),", stateful=True)
FAKE_QUEUE.shape(handle_shape)
FAKE_QUEUE.no_gradient(NO_GRADIENT, raises=True)


@FAKE_QUEUE.numpy
def _(handle: Any) -> Any:
    return handle
