"""Lookup tables as objects: what a session keeps behind a table's handle."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from itertools import repeat
from typing import Any

import numpy as np

from graphflow.core.dtypes import DType
from graphflow.core.errors import (
    AbortedError,
    FailedPreconditionError,
    KernelError,
    UnimplementedError,
)
from graphflow.core.shape import text
from graphflow.ops._strings import as_text, strings

Array = np.ndarray[Any, Any]
Sizes = tuple[int, ...]


class Table:
    """Keys with a row of values each.

    Args:
        key_dtype: the type of the keys.
        value_dtype: the type of the values.
        value_dims: the shape of one key's value.
    """

    key_dims: Sizes = ()
    """The shape of one key."""

    def __init__(self, key_dtype: DType, value_dtype: DType, value_dims: Sizes = ()) -> None:
        self.key_dtype = key_dtype
        self.value_dtype = value_dtype
        self.value_dims = value_dims
        self.lock = threading.RLock()
        self.rows: dict[Any, int] = {}
        """Where each key's value stands."""
        self.values: Array = self.no_values(16)

    def no_values(self, count: int) -> Array:
        """Room for the values of so many keys."""
        found = np.zeros((count, *self.value_dims), self.value_dtype.as_numpy_dtype)
        if found.dtype == object:
            found.fill(b"")
        return found

    @property
    def size(self) -> int:
        """The number of keys."""
        return len(self.rows)

    # --- what operations ask ---
    def find(self, keys: Array, default: Array) -> Array:
        """Returns the value of each key, and `default` for those that are not there."""
        if default.shape != self.value_dims:
            raise KernelError(
                f"Expected shape {text(self.value_dims)} for default value, got "
                f"{text(default.shape)}"
            )
        with self.lock:
            listed = self.listed(keys)
            rows = np.fromiter(map(self.rows.get, listed, repeat(-1)), np.int64, len(listed))
            found = self.values[rows]
        found[rows < 0] = default
        lead = keys.shape[: keys.ndim - len(self.key_dims)]
        return found.reshape((*lead, *self.value_dims))

    def listed(self, keys: Array) -> list[Any]:
        """The keys as things that a dict takes."""
        found: list[Any] = keys.reshape(-1).tolist()
        return found

    def insert(self, keys: Array, values: Array) -> None:
        """Gives keys values; a key that is there already gets the new one."""
        self._check_values(keys, values)
        with self.lock:
            listed = self.listed(keys)
            self._grow(len(self.rows) + len(listed))
            rows = [self.rows.setdefault(key, len(self.rows)) for key in listed]
            self.values[rows] = values.reshape(len(listed), *self.value_dims)

    def _check_values(self, keys: Array, values: Array) -> None:
        wanted = (*keys.shape[: keys.ndim - len(self.key_dims)], *self.value_dims)
        if values.shape != wanted:
            raise KernelError(f"Expected shape {text(wanted)} for value, got {text(values.shape)}")

    def _grow(self, needed: int) -> None:
        if needed > len(self.values):
            wider = self.no_values(max(needed, 2 * len(self.values)))
            wider[: len(self.values)] = self.values
            self.values = wider

    def remove(self, keys: Array) -> None:
        """Forgets keys; those that are not there do not matter."""
        with self.lock:
            kept, rows = self.values, self.rows
            for key in self.listed(keys):
                rows.pop(key, None)
            order = list(rows.values())
            self.rows = {key: i for i, key in enumerate(rows)}
            self.values = self.no_values(max(16, len(order)))
            self.values[: len(order)] = kept[order]

    def export(self) -> tuple[Array, Array]:
        """Returns all keys and their values."""
        with self.lock:
            order = list(self.rows.values())
            return self.keys_array(self.rows), self.values[order]

    def keys_array(self, keys: Iterable[Any]) -> Array:
        """Keys as a tensor."""
        if self.key_dtype.kind == "S":
            return strings(keys)
        return np.array(list(keys), self.key_dtype.as_numpy_dtype)

    def take_over(self, keys: Array, values: Array) -> None:
        """Forgets all keys, and takes these."""
        self._check_values(keys, values)
        with self.lock:
            self.rows, self.values = {}, self.no_values(16)
            self.insert(keys, values)

    def initialize(self, keys: Array, values: Array) -> None:
        """Fills a table that is filled once; others cannot be."""
        raise KernelError("Table does not support initialization", UnimplementedError)


class StaticTable(Table):
    """A table that is filled once and then only read."""

    def __init__(self, key_dtype: DType, value_dtype: DType) -> None:
        super().__init__(key_dtype, value_dtype)
        self.initialized = False

    @property
    def size(self) -> int:
        """The number of keys; 0 before it is filled."""
        return len(self.rows) if self.initialized else 0

    def find(self, keys: Array, default: Array) -> Array:
        """As `Table.find`; KernelError before the table is filled."""
        if not self.initialized:
            raise KernelError("Table not initialized.", FailedPreconditionError)
        return super().find(keys, default)

    def insert(self, keys: Array, values: Array) -> None:
        """Raises KernelError."""
        raise KernelError(
            "Insert not supported by InitializableLookupTable implementations", UnimplementedError
        )

    def remove(self, keys: Array) -> None:
        """Raises KernelError."""
        raise KernelError(
            "Remove not supported by InitializableLookupTable implementations", UnimplementedError
        )

    def export(self) -> tuple[Array, Array]:
        """As `Table.export`; KernelError before the table is filled."""
        if not self.initialized:
            raise KernelError("HashTable is not initialized.", AbortedError)
        return super().export()

    def take_over(self, keys: Array, values: Array) -> None:
        """As `initialize`."""
        self._check_values(keys, values)
        self.initialize(keys, values)

    def initialize(self, keys: Array, values: Array) -> None:
        """Fills the table; nothing happens if it is filled with as many keys.

        Raises:
            KernelError: if a key comes with two values; the keys before it stay.
        """
        with self.lock:
            listed = self.listed(keys)
            if self.initialized:
                if len(listed) != len(self.rows):
                    raise KernelError(
                        "Table was already initialized with different data.",
                        FailedPreconditionError,
                    )
                return
            self._grow(len(self.rows) + len(listed))
            before = len(self.rows)
            rows = [self.rows.setdefault(key, len(self.rows)) for key in listed]
            if before == 0 and len(self.rows) == len(listed):
                self.values[rows] = values.reshape(-1)
            else:
                self._fill_one_by_one(listed, rows, before, values.reshape(-1))
            self.initialized = True

    def _fill_one_by_one(
        self, listed: list[Any], rows: list[int], filled: int, values: Array
    ) -> None:
        for key, row, value in zip(listed, rows, values, strict=True):
            if row < filled and self.values[row] != value:
                for other in listed:
                    if self.rows.get(other, -1) >= filled:
                        del self.rows[other]
                shown = [as_text(x) if isinstance(x, bytes) else x for x in (key, value)]
                has = self.values[row]
                raise KernelError(
                    f"HashTable has different value for same key. Key {shown[0]} has "
                    f"{as_text(has) if isinstance(has, bytes) else has} and trying to add value "
                    f"{shown[1]}",
                    FailedPreconditionError,
                )
            self.values[row] = value
            filled = max(filled, row + 1)
