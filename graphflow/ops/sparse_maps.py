"""Sparse tensors kept aside under numbers, so that queues can hold the numbers instead of them."""

from __future__ import annotations

import threading
from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.state import Store
from graphflow.core.tensor import Tensor

Array = np.ndarray[Any, Any]
Parts = tuple[Array, Array, Array]

_KEPT: Final = "what is kept aside is not differentiated through"
_PORTS: Final = "(sparse_indices: int64, sparse_values: T, sparse_shape: int64, *, "
_NAMES: Final = "container: string = '', shared_name: string = ''"


class SparseMap:
    """Sparse tensors by the numbers that they were given.

    Args:
        name: the map's name in messages.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._kept: dict[int, Parts] = {}
        self._next = 0

    def add(self, parts: Parts) -> int:
        """Keeps a sparse tensor and returns its number."""
        with self._lock:
            number, self._next = self._next, self._next + 1
            self._kept[number] = parts
        return number

    def take(self, numbers: list[int]) -> list[Parts]:
        """Returns sparse tensors and forgets them.

        Raises:
            KernelError: if a number is not known.
        """
        with self._lock:
            for number in numbers:
                if number not in self._kept:
                    raise KernelError(f"Unable to find SparseTensor: {number} in map: {self.name}")
            return [self._kept.pop(number) for number in numbers]


def _map(store: Store, container: str, key: str) -> SparseMap:
    return store.cell(container, f"sparse_map:{key}", lambda: SparseMap(key))


def _checked(indices: Array, values: Array, shape: Array) -> None:
    if indices.ndim != 2:
        raise KernelError(
            f"Input indices should be a matrix but received shape {text(indices.shape)}"
        )
    if values.ndim != 1:
        raise KernelError(
            f"Input values should be a vector but received shape {text(values.shape)}"
        )
    if shape.ndim != 1:
        raise KernelError(f"Input shape should be a vector but received shape {text(shape.shape)}")
    if len(values) != len(indices):
        raise KernelError(
            "Number of values must match first dimension of indices. "
            f"Got {len(values)} values, indices shape: {text(indices.shape)}"
        )
    if indices.shape[1] != len(shape):
        raise KernelError(
            "Number of dimensions must match second dimension of indices. "
            f"Got {len(shape)} dimensions, indices shape: {text(indices.shape)}"
        )


def _ranks(op: Operation, *ranks: int) -> None:
    for t, rank in zip(op.inputs, ranks, strict=True):
        if t.dims is not None and len(t.dims) != rank:
            raise ShapeError(f"Shape must be rank {rank} but is rank {len(t.dims)}")


# --- AddSparseToTensorsMap, AddManySparseToTensorsMap ---
ADD = define(f"AddSparseToTensorsMap{_PORTS}{_NAMES}) -> sparse_handle: int64", stateful=True)
ADD_MANY = define(
    f"AddManySparseToTensorsMap{_PORTS}{_NAMES}) -> sparse_handles: int64", stateful=True
)
ADD.no_gradient(_KEPT, raises=True).host_only("it keeps arrays in the session")
ADD_MANY.no_gradient(_KEPT, raises=True).host_only("it keeps arrays in the session")


@ADD.shape
def _(op: Operation) -> list[Dims]:
    _ranks(op, 2, 1, 1)
    return [()]


@ADD_MANY.shape
def _(op: Operation) -> list[Dims]:
    _ranks(op, 2, 1, 1)
    return [(None,)]


@ADD.numpy
def _(
    indices: Array,
    values: Array,
    shape: Array,
    *,
    store: Store,
    name: str,
    container: str,
    shared_name: str,
) -> Array:
    _checked(indices, values, shape)
    kept = _map(store, container, shared_name or name)
    return np.array(kept.add((indices.copy(), values.copy(), shape.copy())), np.int64)


@ADD_MANY.numpy
def _(
    indices: Array,
    values: Array,
    shape: Array,
    *,
    store: Store,
    name: str,
    container: str,
    shared_name: str,
) -> Array:
    _checked(indices, values, shape)
    if len(shape) <= 1:
        raise KernelError(f"Rank of input SparseTensor should be > 1, but saw rank: {len(shape)}")
    kept = _map(store, container, shared_name or name)
    rows, n = indices[:, 0], int(shape[0])
    wrong = rows[(rows < 0) | (rows >= n)]
    if wrong.size:
        raise KernelError(
            f"Received unexpected column 0 value in input SparseTensor: {wrong[0]} < 0 "
            f"or >= N (= {n})"
        )
    order = np.argsort(rows, kind="stable")
    ends = np.searchsorted(rows[order], np.arange(1, n))
    pieces = np.split(order, ends) if n else []
    found = [kept.add((indices[p, 1:], values[p], shape[1:].copy())) for p in pieces]
    return np.array(found, np.int64)


# --- TakeManySparseFromTensorsMap ---
TAKE = define(
    f"TakeManySparseFromTensorsMap(sparse_handles: int64, *, dtype: type, {_NAMES}) "
    "-> sparse_indices: int64, sparse_values: dtype, sparse_shape: int64",
    stateful=True,
)
TAKE.no_gradient(_KEPT, raises=True).host_only("it keeps arrays in the session")


@TAKE.shape
def _(op: Operation) -> list[Dims]:
    _ranks(op, 1)
    return [(None, None), (None,), (None,)]


@TAKE.numpy
def _(
    handles: Array, *, store: Store, name: str, container: str, shared_name: str, dtype: Any
) -> Parts:
    if not handles.size:
        raise KernelError(
            "Must have at least 1 serialized SparseTensor, but input matrix has 0 rows"
        )
    taken = _map(store, container, shared_name or name).take(handles.tolist())
    rank = len(taken[0][2])
    for i, (_, values, shape) in enumerate(taken):
        if values.dtype != np.dtype(dtype.as_numpy_dtype):
            raise KernelError(f"Requested SparseTensor of type {dtype.name} but got another type")
        if len(shape) != rank:
            raise KernelError(
                f"Inconsistent rank across SparseTensors: rank prior to SparseTensor[{i}] was: "
                f"{rank} but rank of SparseTensor[{i}] is: {len(shape)}"
            )
    rows = np.repeat(np.arange(len(taken)), [len(values) for _, values, _ in taken])
    indices = np.column_stack([rows, np.concatenate([places for places, _, _ in taken])])
    widest = np.max([shape for _, _, shape in taken], axis=0) if rank else []
    whole = np.array([len(taken), *widest], np.int64)
    return indices.astype(np.int64), np.concatenate([v for _, v, _ in taken]), whole


# --- functions of them ---
def add_sparse(sparse: SparseTensor, shared_name: str | None = None, many: bool = False) -> Tensor:
    """Returns the number under which a run keeps a sparse tensor, or one for each of its rows.

    Args:
        sparse: the sparse tensor.
        shared_name: the name of an operation that keeps others; None: none does.
        many: whether rows are kept one by one.
    """
    found: Tensor = apply(
        ADD_MANY if many else ADD, sparse.indices, sparse.values, sparse.dense_shape,
        shared_name=shared_name,
    )  # fmt: skip
    return found


def take_many_sparse(sparse_map_op: Operation, handles: Any, rank: int | None) -> SparseTensor:
    """Returns kept sparse tensors as one with a further dimension in front.

    Args:
        sparse_map_op: the operation that keeps them.
        handles: their numbers, int64 [n].
        rank: of the result, where it is known.
    """
    attrs = sparse_map_op.attrs
    with scopes.colocate_with(sparse_map_op):
        indices, values, shape = apply(
            TAKE, handles, dtype=attrs["T"], container=attrs["container"],
            shared_name=attrs["shared_name"] or sparse_map_op.name,
        )  # fmt: skip
    indices.set_shape([None, rank])
    shape.set_shape([rank])
    return SparseTensor(indices, values, shape)
