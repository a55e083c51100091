"""One SequenceExample as tensors, for ParseSingleSequenceExample."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.dtypes import DType
from graphflow.core.errors import KernelError
from graphflow.core.shape import text
from graphflow.formats import example_wire as wire
from graphflow.formats import proto
from graphflow.formats.example_wire import Values
from graphflow.ops import _example_kernels as kernels
from graphflow.ops._example_kernels import NAMES, kind_of
from graphflow.ops._strings import as_text, sparse_parts

Array = np.ndarray[Any, Any]
Triple = tuple[Array, Array, Array]


class SingleExample:
    """One serialized SequenceExample.

    Args:
        data: the message.
        name: what messages call it.
    """

    __slots__ = ("context", "lists", "name")

    def __init__(self, data: bytes, name: bytes) -> None:
        self.name = as_text(name)
        try:
            self.context, self.lists = wire.read_sequence_example(data)
        except wire.WireError:
            raise KernelError(f"Could not parse example input, value: '{as_text(data)}'") from None

    def _error(self, problem: str) -> KernelError:
        return KernelError(f"Name: {self.name}, {problem}")

    def _read(self, feature: bytes, wanted: int, where: str) -> Values | None:
        try:
            found = wire.read_feature(feature)
        except wire.WireError:
            raise self._error(f"{where}.  Can't parse the feature.") from None
        if found is not None and found.kind != wanted:
            shown = proto.Feature.FromString(feature)
            raise self._error(
                f"{where}.  Data types don't match. Expected type: {NAMES[wanted]}  "
                f"Feature is: {shown}"
            )
        return found

    def _size_error(self, key: bytes, i: int, found: Values, dims: Any) -> KernelError:
        kind = {"string": "bytes"}.get(NAMES[found.kind], NAMES[found.kind])
        return self._error(
            f"Key: {as_text(key)}, Index: {i}.  Number of {kind} values != expected.  "
            f"values size: {found.count} but output shape: {text(dims)}"
        )

    def context_sparse(self, key: bytes, dtype: DType) -> Triple:
        """A feature of any number of values: indices [n, 1], values [n], shape [1]."""
        kind = kind_of(dtype)
        found = self._read(self.context.get(key, b""), kind, f"Context feature: {as_text(key)}")
        values = kernels.all_values([found], kind)
        return np.arange(len(values))[:, None], values, np.array([len(values)])

    def context_dense(self, key: bytes, dtype: DType, dims: Any, default: Array, i: int) -> Array:
        """A feature of a fixed shape."""
        kind = kind_of(dtype)
        if default.size and default.shape != tuple(dims):
            raise KernelError(
                f"def_value[{i}].shape() == {text(default.shape)} != context_dense_shapes_[{i}] "
                f"== {text(dims)}"
            )
        found = self._read(self.context.get(key, b""), kind, f"Context feature: {as_text(key)}")
        if found is None:
            if not default.size:
                raise self._error(
                    f"Context feature '{as_text(key)}' is required but could not be found."
                )
            return default.copy()
        if found.count != int(np.prod(dims, dtype=int)):
            raise self._size_error(key, 0, found, dims)
        return kernels.joined([found.data], kind).reshape(dims)

    def _list(self, key: bytes, kind: int, word: str) -> list[Values | None]:
        where = f"{word}: {as_text(key)}, Index: "
        try:
            features = wire.read_feature_list(self.lists.get(key, b""))
        except wire.WireError:
            raise self._error(f"{word}: {as_text(key)}.  Can't parse the list.") from None
        return [self._read(feature, kind, f"{where}{i}") for i, feature in enumerate(features)]

    def list_sparse(self, key: bytes, dtype: DType) -> Triple:
        """A list of features of any number of values: indices [n, 2], values [n], shape [2]."""
        kind = kind_of(dtype)
        column = self._list(key, kind, "Feature List")
        indices, shape = sparse_parts(kernels.counts_of(column))
        return indices, kernels.all_values(column, kind), shape

    def list_dense(self, key: bytes, dtype: DType, dims: Any, may_miss: bool) -> Array:
        """A list of features of a fixed shape: [rows, *dims]."""
        kind, size = kind_of(dtype), int(np.prod(dims, dtype=int))
        if key not in self.lists and not may_miss:
            raise self._error(
                f"Feature list '{as_text(key)}' is required but could not be found.  Did you mean "
                "to include it in feature_list_dense_missing_assumed_empty or "
                "feature_list_dense_defaults?"
            )
        column = self._list(key, kind, "Feature list")
        for i, found in enumerate(column):
            values = Values(kind, b"", 0) if found is None else found
            if values.count != size:
                raise self._size_error(key, i, values, dims)
        return kernels.all_values(column, kind).reshape(len(column), *dims)
