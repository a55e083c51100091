"""Barrier: elements whose components come one by one, matched by a key, and leave together."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.constant import constant_value
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType
from graphflow.core.errors import KernelError
from graphflow.core.opdef import OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dimension, Dims, TensorShape
from graphflow.core.state import Store
from graphflow.core.tensor import Tensor
from graphflow.ops import _barriers
from graphflow.ops._queues import type_names
from graphflow.ops.queue_ops import (
    NO_GRADIENT,
    handle_shape,
    resource,
    scalar_outputs,
    thing,
    unknown_outputs,
)
from graphflow.ops.queues import shape_list, type_list

Array = np.ndarray[Any, Any]


def _define(text: str, **facets: Any) -> OpDef:
    new = define(text, **facets).no_gradient(NO_GRADIENT, raises=True)
    return new.host_only("it waits for other threads")


# --- Barrier ---
BARRIER = _define(
    "Barrier(*, component_types: list(type), shapes: list(shape) = [], capacity: int = -1, "
    "container: string = '', shared_name: string = '') -> handle: Ref(string),",
    stateful=True,
    shape=handle_shape,
    component_types=1,
    shapes=0,
)


@BARRIER.numpy
def _(
    *,
    store: Store,
    name: str,
    container: str,
    shared_name: str,
    component_types: list[DType],
    shapes: list[Dims],
    capacity: int,
) -> Any:
    if capacity != -1:
        raise KernelError("Barrier only accepts capacity=-1.  Feed the inputs to your Barrier "
                          "through a queue to enforce a limited capacity.")  # fmt: skip

    if len(shapes) != len(component_types):
        raise KernelError("All of the component shapes must be specified")

    def make(shown: str) -> Any:
        return _barriers.Barrier(shown, container, component_types, shapes)

    return resource(store, "barrier", container, shared_name, name, make)


# --- BarrierInsertMany, BarrierTakeMany ---
INSERT = _define(
    "BarrierInsertMany(handle: Ref(string), keys: string, values: T, *, component_index: int)",
    waits="give",
)
TAKE = _define(
    "BarrierTakeMany(handle: Ref(string), num_elements: int32, *, component_types: list(type), "
    "allow_small_batch: bool = False, wait_for_incomplete: bool = False, timeout_ms: int = -1) "
    "-> indices: int64, keys: string, values: component_types...",
    shape=unknown_outputs,
    component_types=1,
    waits="take",
)


@INSERT.numpy
def _(handle: Any, keys: Array, values: Array, *, component_index: int, T: DType) -> None:  # noqa: N803 (TensorFlow's name)
    barrier = thing(handle)
    if component_index < len(barrier.dtypes) and barrier.dtypes[component_index] != T:
        raise KernelError(
            f"Signature mismatch, component {component_index} has "
            f"{type_names([barrier.dtypes[component_index]])}, not {type_names([T])}"
        )
    barrier.insert(component_index, keys.reshape(-1).tolist(), values)


@TAKE.numpy
def _(handle: Any, num_elements: Array, *, allow_small_batch: bool, timeout_ms: int) -> Any:
    if timeout_ms != -1:
        raise KernelError("Timeout not supported yet.")
    return thing(handle).take(int(num_elements.flat[0]), allow_small_batch)


# --- BarrierClose, BarrierReadySize, BarrierIncompleteSize ---
CLOSE = _define(
    "BarrierClose(handle: Ref(string), *, cancel_pending_enqueues: bool = False)", waits="give"
)
READY_SIZE = _define("BarrierReadySize(handle: Ref(string)) -> size: int32", shape=scalar_outputs)
INCOMPLETE_SIZE = _define(
    "BarrierIncompleteSize(handle: Ref(string)) -> size: int32", shape=scalar_outputs
)


@CLOSE.numpy
def _(handle: Any, *, cancel_pending_enqueues: bool) -> None:
    thing(handle).close(cancel_pending_enqueues)


@READY_SIZE.numpy
def _(handle: Any) -> Array:
    return np.array(thing(handle).ready_size(), np.int32)


@INCOMPLETE_SIZE.numpy
def _(handle: Any) -> Array:
    return np.array(thing(handle).incomplete_size(), np.int32)


def _asked_for(found: Tensor) -> Any:
    """How many elements an operation was asked for, where that is known."""
    if found.__class__ is Tensor:
        return constant_value(found.op.inputs[1])
    return found.dims[0] if found.dims else None


class Barrier:
    """Elements whose components come one by one, matched by a key, and leave together.

    Args:
        types: the types of the components.
        shapes: their shapes; None: unknown.
        shared_name: the name under which barriers of one session are the same.
        name: the node's name.

    Raises:
        ValueError: if a shape has no elements.
    """

    def __init__(
        self,
        types: Any,
        shapes: Any = None,
        shared_name: str | None = None,
        name: str = "barrier",
    ) -> None:
        self._types = type_list(types)
        known = shape_list(shapes)
        for i, shape in enumerate(known or ()):
            if shape.num_elements() == 0:
                raise ValueError(
                    f"Empty tensors are not supported, but received shape '{shape}' at index {i}"
                )
        self._shapes = [TensorShape(None)] * len(self._types) if known is None else known
        self._barrier_ref: Tensor = apply(
            BARRIER, component_types=self._types, shapes=self._shapes, shared_name=shared_name,
            name=name,
        )  # fmt: skip
        self._name = self._barrier_ref._node.split("/")[-1]

    @property
    def barrier_ref(self) -> Tensor:
        """The handle."""
        return self._barrier_ref

    @property
    def name(self) -> str:
        """The name of the operation that makes the barrier."""
        return self._barrier_ref._node

    def insert_many(
        self, component_index: int, keys: Any, values: Any, name: str | None = None
    ) -> Operation:
        """Returns an operation that adds one component to several elements.

        Args:
            component_index: which one.
            keys: of the elements, string [n].
            values: the components, [n, ...].
            name: the node's name.
        """
        name = f"{self._name}_BarrierInsertMany" if name is None else name
        made: Operation = apply(
            INSERT, self._barrier_ref, keys, values, component_index=component_index, name=name
        )
        return made

    def take_many(
        self,
        num_elements: Any,
        allow_small_batch: bool = False,
        timeout: int | None = None,
        name: str | None = None,
    ) -> Any:
        """Returns (indices, keys, list of components) of complete elements; the run waits for them.

        Args:
            num_elements: how many, an int32 scalar.
            allow_small_batch: whether fewer will do once the barrier is closed.
            timeout: must be None.
            name: the node's name.
        """
        name = f"{self._name}_BarrierTakeMany" if name is None else name
        found = apply(
            TAKE, self._barrier_ref, num_elements, component_types=self._types,
            allow_small_batch=allow_small_batch, timeout_ms=timeout, name=name,
        )  # fmt: skip
        size = None if allow_small_batch else _asked_for(found[0])
        rows = Dimension(None if size is None else int(size))
        found.indices.set_shape([rows])
        found.keys.set_shape([rows])
        for output, shape in zip(found.values, self._shapes, strict=True):
            output.set_shape(TensorShape([rows]).concatenate(shape))
        return found

    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> Operation:
        """Returns an operation that closes the barrier for new keys, or altogether.

        Args:
            cancel_pending_enqueues: whether incomplete elements are dropped.
            name: the node's name.
        """
        name = f"{self._name}_BarrierClose" if name is None else name
        made: Operation = apply(
            CLOSE, self._barrier_ref, cancel_pending_enqueues=cancel_pending_enqueues, name=name
        )
        return made

    def ready_size(self, name: str | None = None) -> Tensor:
        """An int32 scalar: the number of complete elements."""
        name = f"{self._name}_BarrierReadySize" if name is None else name
        found: Tensor = apply(READY_SIZE, self._barrier_ref, name=name)
        return found

    def incomplete_size(self, name: str | None = None) -> Tensor:
        """An int32 scalar: the number of others."""
        name = f"{self._name}_BarrierIncompleteSize" if name is None else name
        found: Tensor = apply(INCOMPLETE_SIZE, self._barrier_ref, name=name)
        return found
