"""A lookup table with TensorFlow's own layout of buckets, which its export shows."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core.dtypes import DType
from graphflow.core.errors import KernelError
from graphflow.core.shape import text
from graphflow.ops._farmhash import hash64
from graphflow.ops._lookup_tables import Sizes, Table

Array = np.ndarray[Any, Any]
_FEWEST: Final = 4
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7800)


def _combined(a: Array, b: Array) -> Array:
    found: Array = a ^ (b + _GOLDEN + (a << np.uint64(10)) + (a >> np.uint64(4)))
    return found


class DenseTable(Table):
    """Open addressing with quadratic probing, in a power of 2 of buckets.

    Args:
        empty_key: the key that marks an empty bucket.
        deleted_key: the key that marks one whose key was removed.
        value_dtype: the type of the values.
        value_dims: the shape of one key's value.
        buckets: how many buckets there are at first.
        load: how full they may become before there are twice as many.

    Raises:
        KernelError: if the keys or the number of buckets do not fit.
    """

    def __init__(
        self,
        empty_key: Array,
        deleted_key: Array,
        key_dtype: DType,
        value_dtype: DType,
        value_dims: Sizes,
        buckets: int,
        load: float,
    ) -> None:
        if empty_key.shape != deleted_key.shape:
            raise KernelError(
                "Empty and deleted keys must have same shape, got shapes: "
                f"{text(empty_key.shape)} and {text(deleted_key.shape)}"
            )
        if buckets < _FEWEST or buckets & (buckets - 1):
            raise KernelError(
                f"Number of buckets must be at least 4 and a power of 2, got: {buckets}"
            )
        self.key_dims = empty_key.shape
        self.load = load
        self.empty_key, self.deleted_key = empty_key.copy(), deleted_key.copy()
        super().__init__(key_dtype, value_dtype, value_dims)
        self.empty, self.deleted = self.listed(empty_key)[0], self.listed(deleted_key)[0]
        if self.empty == self.deleted:
            raise KernelError("Empty and deleted keys cannot be equal")
        self._clear(buckets)

    def _clear(self, buckets: int) -> None:
        self.rows = {}
        self.values = self.no_values(buckets)
        self.keys: list[Any] = [self.empty] * buckets
        self.free = bytearray(b"\1") * buckets
        """1 for the buckets that hold no key."""

    # --- keys ---
    def listed(self, keys: Array) -> list[Any]:
        """The keys as things that a dict takes: tuples where a key has several parts."""
        if not self.key_dims:
            return super().listed(keys)
        return [
            tuple(row)
            for row in keys.reshape(-1, *self.key_dims).reshape(-1, keys.shape[-1]).tolist()
        ]

    def _asked(self, keys: Array) -> list[Any]:
        """The keys of a request.

        Raises:
            KernelError: if they have the wrong shape, or one of them marks buckets.
        """
        count = keys.shape[0] if keys.ndim else 1
        width = int(np.prod(self.key_dims, dtype=int))
        if keys.size != count * width:
            wanted = (count, *self.key_dims)
            raise KernelError(f"Expected key shape {text(wanted)} got {text(keys.shape)}")
        found = self.listed(keys)
        for mark, name in ((self.empty, "empty_key"), (self.deleted, "deleted_key")):
            if mark in found:
                raise KernelError(f"Using the {name} as a table key is not allowed")
        return found

    def _hashes(self, keys: list[Any]) -> list[int]:
        if self.key_dtype.kind == "S":
            parts = keys if not self.key_dims else [part for key in keys for part in key]
            flat = hash64(parts)
        else:
            flat = np.array(keys, np.int64).reshape(-1).astype(np.uint64)
        if self.key_dims:
            columns = flat.reshape(len(keys), -1)
            flat = np.zeros(len(keys), np.uint64)
            with np.errstate(over="ignore"):
                for i in range(columns.shape[1]):
                    flat = _combined(flat, columns[:, i])
        found: list[int] = flat.tolist()
        return found

    def _place(self, key: Any, mixed: int) -> int:
        """The bucket of a key: its own, or the first free one on its way."""
        known = self.rows.get(key)
        if known is not None:
            return known
        mask, bucket, step = len(self.keys) - 1, mixed & (len(self.keys) - 1), 0
        while not self.free[bucket]:
            step += 1
            bucket = (bucket + step) & mask
        self.free[bucket] = 0
        self.rows[key] = bucket
        self.keys[bucket] = key
        return bucket

    # --- what operations ask ---
    def find(self, keys: Array, default: Array) -> Array:
        """As `Table.find`."""
        self._asked(keys)
        return super().find(keys, default)

    def insert(self, keys: Array, values: Array) -> None:
        """As `Table.insert`; there are more buckets where they become too full."""
        count = keys.shape[0] if keys.ndim else 1
        wanted = (count, *self.value_dims) if keys.ndim else self.value_dims
        listed = self._asked(keys)
        if values.shape != wanted:
            raise KernelError(f"Expected shape {text(wanted)} for value, got {text(values.shape)}")
        with self.lock:
            pending = len(self.rows) + len(listed)
            buckets = len(self.keys)
            while pending > buckets * self.load:
                buckets *= 2
            if buckets != len(self.keys):
                self._spread(buckets)
            self._put(listed, values.reshape(len(listed), *self.value_dims))

    def _put(self, listed: list[Any], values: Array) -> None:
        pairs = zip(listed, self._hashes(listed), strict=True)
        self.values[[self._place(key, mixed) for key, mixed in pairs]] = values

    def _spread(self, buckets: int) -> None:
        order = sorted(self.rows.values())
        listed, values = [self.keys[i] for i in order], self.values[order]
        self._clear(buckets)
        if listed:
            self._put(listed, values)

    def remove(self, keys: Array) -> None:
        """As `Table.remove`."""
        with self.lock:
            for key in self._asked(keys):
                bucket = self.rows.pop(key, None)
                if bucket is not None:
                    self.keys[bucket] = self.deleted
                    self.free[bucket] = 1

    def export(self) -> tuple[Array, Array]:
        """Returns all buckets, also the empty ones: keys [buckets, parts] and values."""
        with self.lock:
            flat = self.keys if not self.key_dims else [p for key in self.keys for p in key]
            count = len(self.keys)
            return self.keys_array(flat).reshape(count, -1), self.values.reshape(count, -1).copy()

    def take_over(self, keys: Array, values: Array) -> None:
        """Takes buckets as `export` gave them."""
        width = int(np.prod(self.value_dims, dtype=int))
        wanted = (*keys.shape[:-1], width)
        if keys.ndim != 2 or values.shape != wanted:
            raise KernelError(f"Expected shape {text(wanted)} for value, got {text(values.shape)}")
        with self.lock:
            self._clear(keys.shape[0])
            listed = self.listed(keys)
            self.values = values.reshape(-1, *self.value_dims).copy()
            self.keys = listed
            for bucket, key in enumerate(listed):
                if key not in (self.empty, self.deleted):
                    self.rows[key] = bucket
                    self.free[bucket] = 0
