"""What a session keeps between runs: a cell for each variable, a memory for each stateful op."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from graphflow.core.dtypes import DType
from graphflow.core.errors import FailedPreconditionError, KernelError, NotFoundError
from graphflow.core.shape import Dims, compatible, text

Array = np.ndarray[Any, Any]
_T = TypeVar("_T")


class Cell:
    """The value of one variable in one session.

    Kernels of updates write into `value` in place; whoever plans the run has made sure before that
    nobody reads the old value from the same array any more.

    Args:
        name: the variable's name, for messages.
        dtype: the element type.
        dims: the shape as far as the variable's declaration says it.
        container: the container the variable lives in, "" for the default one.
        is_resource: whether it is a resource variable; a missing value is worded differently then.
    """

    __slots__ = ("container", "dims", "dtype", "is_resource", "lock", "name", "value")

    def __init__(
        self,
        name: str,
        dtype: DType,
        dims: Dims = None,
        container: str = "",
        is_resource: bool = False,
    ) -> None:
        self.name = name
        self.dtype = dtype
        self.dims = dims
        self.container = container
        self.is_resource = is_resource
        self.value: Array | None = None
        self.lock = threading.Lock()
        """Held by updates that read and write in two steps, such as a counter's."""

    @property
    def initialized(self) -> bool:
        """True if the variable has a value."""
        return self.value is not None

    def read(self) -> Array:
        """Returns the variable's own array: do not write to it, do not keep it.

        Raises:
            KernelError: if the variable has no value yet.
        """
        value = self.value
        if value is None:
            raise self._missing()
        return value

    def write(self) -> Array:
        """Returns the variable's own array, for an update in place.

        Raises:
            KernelError: if the variable has no value yet.
        """
        value = self.value
        if value is None:
            if self.is_resource:
                raise KernelError(self._not_found(), NotFoundError)
            raise self._missing()
        return value

    def assign(self, value: Array, *, fresh: bool = False) -> None:
        """Makes `value` the variable's value.

        Args:
            value: the new value; copied.
            fresh: the array belongs to nobody else, and may be kept as it is.
        """
        own = self.value
        if own is not None and own.shape == value.shape and own.dtype == value.dtype:
            np.copyto(own, value)
        elif fresh and value.flags.c_contiguous and value.flags.writeable:
            self.value = value
        else:
            self.value = np.array(value, self.dtype.as_numpy_dtype, order="C", copy=True)

    def accepts(self, shape: tuple[int, ...]) -> bool:
        """True if a value of that shape can take the place of the present one."""
        return compatible(self.dims, shape) if self.value is None else self.value.shape == shape

    def shape_text(self) -> str:
        """The present shape, or the declared one, as messages write it."""
        return text(self.dims if self.value is None else self.value.shape)

    def clear(self) -> None:
        """Makes the variable uninitialized."""
        self.value = None

    def _not_found(self) -> str:
        place = self.container or "localhost"
        return f"Resource {place}/{self.name} does not exist: the variable was not initialized."

    def _missing(self) -> KernelError:
        if self.is_resource:
            place = self.container or "localhost"
            return KernelError(
                f"Error while reading resource variable {self.name} from Container: {place}. This "
                "could mean that the variable was uninitialized. Not found: "
                f"Resource {place}/{self.name}/N10tensorflow3VarE does not exist.",
                FailedPreconditionError,
            )
        return KernelError(
            f"Attempting to use uninitialized value {self.name}", FailedPreconditionError
        )

    def __repr__(self) -> str:
        state = "uninitialized" if self.value is None else text(self.value.shape)
        return f"<Cell {self.name!r} {self.dtype.name} {state}>"


class Store:
    """All that one session keeps between runs.

    Safe to use from several threads at once.
    """

    __slots__ = ("_containers", "_lock", "_memories", "functions")

    def __init__(self) -> None:
        self.functions: Mapping[str, Any] = {}
        """The library of the session's graph, for kernels that call a function."""
        self._containers: dict[str, dict[str, Any]] = {}
        self._memories: dict[str, dict[str, Any]] = {}
        self._lock = threading.RLock()

    @property
    def private(self) -> Store:
        """Where things are kept that no other session may share by name."""
        return self

    def cell(self, container: str, shared_name: str, make: Callable[[], _T]) -> _T:
        """Returns what is kept under a name; makes it on first use.

        Args:
            container: the container, "" for the default one.
            shared_name: the name inside the container.
            make: makes the thing.
        """
        with self._lock:
            things = self._containers.setdefault(container, {})
            if shared_name not in things:
                things[shared_name] = make()
            found: _T = things[shared_name]
            return found

    def find(self, container: str, shared_name: str) -> Any:
        """Returns what is kept under a name, or None."""
        with self._lock:
            return self._containers.get(container, {}).get(shared_name)

    def memory(self, operation: str) -> dict[str, Any]:
        """Returns the dict that belongs to one operation for as long as the session lives."""
        with self._lock:
            return self._memories.setdefault(operation, {})

    def clear(self, containers: tuple[str, ...] = ()) -> None:
        """Forgets what the containers hold; none named: everything.

        Cells are emptied before they are forgotten, because plans hold on to them.
        """
        with self._lock:
            for name in containers or tuple(self._containers):
                for thing in self._containers.pop(name, {}).values():
                    if isinstance(thing, Cell):
                        thing.clear()
            if not containers:
                self._memories.clear()
