"""Values that stay in the session between runs, under handles: tf.get_session_handle."""

from __future__ import annotations

import itertools
from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.device import DeviceSpec
from graphflow.core.dtypes import DType, as_dtype, string
from graphflow.core.errors import InternalError, KernelError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.state import Store
from graphflow.core.tensor import Tensor
from graphflow.ops._queues import type_names
from graphflow.ops.constant import placeholder
from graphflow.ops.queue_ops import scalar_outputs, unknown_outputs

Array = np.ndarray[Any, Any]

_WHY: Final = "what stays in a session is not differentiated through"
_DEVICE: Final = "/job:localhost/replica:0/task:0/device:CPU:0"


class _Kept:
    """The values that one session keeps, by handle."""

    def __init__(self) -> None:
        self.values: dict[str, Array] = {}
        self.numbers = itertools.count()


def _kept(store: Store) -> _Kept:
    return store.private.cell("", "session tensors", _Kept)


def _text(handle: Array) -> str:
    found: str = handle.item().decode()
    return found


# --- GetSessionHandle, GetSessionTensor, DeleteSessionTensor ---
GET_HANDLE = define("GetSessionHandle(value: T) -> handle: string", stateful=True)
GET_HANDLE_V2 = define("GetSessionHandleV2(value: T) -> handle: resource", stateful=True)
GET_TENSOR = define(
    "GetSessionTensor(handle: string, *, dtype: type) -> value: dtype", stateful=True
)
DELETE = define("DeleteSessionTensor(handle: string)", stateful=True)


def _keep(value: Array, *, store: Store, name: str) -> Array:
    kept = _kept(store)
    text = f"{name};{next(kept.numbers)};{_DEVICE}"
    kept.values[text] = np.array(value)
    found = np.empty((), object)
    found[()] = text.encode()
    return found


for _definition in (GET_HANDLE, GET_HANDLE_V2):
    _definition.shape(scalar_outputs)
    _definition.no_gradient(_WHY).numpy(_keep)
    _definition.host_only("it keeps arrays in the session")
GET_TENSOR.shape(unknown_outputs)
GET_TENSOR.no_gradient(_WHY).host_only("it keeps arrays in the session")
DELETE.no_gradient(_WHY).host_only("it keeps arrays in the session")


@GET_TENSOR.numpy
def _(handle: Array, *, store: Store, dtype: DType) -> Array:
    value = _kept(store).values.get(_text(handle))
    if value is None:
        raise KernelError(f"The tensor with handle '{_text(handle)}' is not in the session store.")
    found = as_dtype(value.dtype)
    if found != dtype:
        raise KernelError(
            f"Output 0 of type {type_names([found])} does not match declared output type "
            f"{type_names([dtype])}",
            InternalError,
        )
    return value.copy()


@DELETE.shape
def _(op: Operation) -> list[Dims]:
    return []


@DELETE.numpy
def _(handle: Array, *, store: Store) -> None:
    if _kept(store).values.pop(_text(handle), None) is None:
        raise KernelError(
            f"Failed to delete a tensor with handle '{_text(handle)}' in the session store."
        )


class TensorHandle:
    """What a run returns for a handle: a value that stays in the session.

    The value goes when this object does, unless `get_raw_handle` was called.

    Args:
        handle: the handle's text.
        dtype: the type of the value.
        session: where it stays.
    """

    def __init__(self, handle: Any, dtype: DType, session: Any) -> None:
        self._handle = handle.decode() if isinstance(handle, bytes) else str(handle)
        self._dtype = dtype
        self._session = session
        self._auto_gc_enabled = True

    def __del__(self) -> None:
        if self._auto_gc_enabled:
            _kept(self._session._store).values.pop(self._handle, None)

    def __str__(self) -> str:
        return self._handle

    @property
    def handle(self) -> str:
        """The handle's text: feeds the placeholder of `tf.get_session_tensor`."""
        return self._handle

    def _check(self) -> None:
        if not self._auto_gc_enabled:
            raise TypeError(f"Persistent tensor {self._handle} may have already been deleted.")

    def eval(self) -> Any:
        """Returns the value.

        Raises:
            TypeError: if it may have gone.
        """
        self._check()
        place, _, device = self._handle.partition(";")
        key = f"{place};{device.rpartition(';')[2]}"
        holder, reader = _cached(self._session.graph, ("reader", key), self._reader)
        return self._session.run(reader, {holder: self._handle})

    def _reader(self) -> tuple[Tensor, Tensor]:
        return get_session_tensor(self._handle, self._dtype)

    def delete(self) -> None:
        """Lets the value go.

        Raises:
            TypeError: if it may have gone already.
        """
        self._check()
        self._auto_gc_enabled = False
        holder, deleter = _cached(
            self._session.graph, "deleter", lambda: delete_session_tensor(self._handle)
        )
        self._session.run(deleter, {holder: self._handle})

    def get_raw_handle(self) -> str:
        """Returns the handle's text; from now on the value stays until it is deleted."""
        self._auto_gc_enabled = False
        return self._handle

    def _as_fed(self) -> Array:
        """The value, for whoever feeds the handle in its place."""
        value = _kept(self._session._store).values.get(self._handle)
        if value is None:
            raise TypeError(f"Persistent tensor {self._handle} may have already been deleted.")
        return value

    @staticmethod
    def _get_device_name(handle: Any) -> str:
        text = handle.decode() if isinstance(handle, bytes) else str(handle)
        return DeviceSpec.from_string(text.split(";")[-1]).to_string()


def _wrapped(value: Any, tensor: Tensor, session: Any) -> TensorHandle:
    return TensorHandle(value, tensor.op.inputs[0].dtype.base_dtype, session)


GET_HANDLE.fetched = GET_HANDLE_V2.fetched = _wrapped


def _cached(graph: Any, key: Any, make: Any) -> Any:
    """What was made for a graph under a key: reading twice declares its operations once."""
    known = graph.__dict__.setdefault("_handle_ops", {})
    if key not in known:
        with graph.as_default():
            known[key] = make()
    return known[key]


@export("get_session_handle")
def get_session_handle(data: Tensor, name: str | None = None) -> Tensor:
    """Returns a handle; whoever fetches it gets a TensorHandle, and the value stays in the session.

    Args:
        data: the value.
        name: the node's name.

    Raises:
        TypeError: if `data` is no tensor.
    """
    if not isinstance(data, Tensor):
        raise TypeError("`data` must be of type Tensor.")
    with scopes.colocate_with(data):
        found: Tensor = apply(GET_HANDLE, data, name=name)
    return found


@export("get_session_tensor")
def get_session_tensor(handle: Any, dtype: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Returns a placeholder for handles, and the value that a fed handle stands for.

    Args:
        handle: the text of some handle: where its value stays, the value is read.
        dtype: the type of the value.
        name: the node's name.
    """
    with scopes.device(TensorHandle._get_device_name(handle)):
        holder = placeholder(string)
        return holder, apply(GET_TENSOR, holder, dtype=dtype, name=name)


@export("delete_session_tensor")
def delete_session_tensor(handle: Any, name: str | None = None) -> tuple[Tensor, Operation]:
    """Returns a placeholder for handles, and an operation that lets a fed handle's value go.

    Args:
        handle: the text of some handle, as in `get_session_tensor`.
        name: the node's name.
    """
    with scopes.device(TensorHandle._get_device_name(handle)):
        holder = placeholder(string)
        return holder, apply(DELETE, holder, name=name)
