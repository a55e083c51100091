"""Many SequenceExamples as tensors, for ParseSequenceExample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphflow.core.dtypes import DType
from graphflow.core.errors import KernelError
from graphflow.core.shape import text
from graphflow.formats import example_wire as wire
from graphflow.formats.example_wire import Values
from graphflow.ops import _example_kernels as kernels
from graphflow.ops._example_kernels import kind_of
from graphflow.ops._strings import as_text, lengths, ragged_indices, sparse_parts

Array = np.ndarray[Any, Any]
Triple = tuple[Array, Array, Array]


def check_defaults(defaults: Sequence[Array], shapes: Sequence[Any]) -> None:
    """Raises KernelError if a default has another shape than its feature."""
    for i, (default, dims) in enumerate(zip(defaults, shapes, strict=True)):
        if default.size and default.shape != tuple(dims):
            raise KernelError(
                f"default_value[{i}].shape() == {text(default.shape)} != "
                f"context_dense_shapes[{i}] == {text(dims)}"
            )


class ExampleBatch:
    """Serialized SequenceExamples.

    Args:
        serialized: the messages.
        names: what messages call them; none: they have no names.
    """

    __slots__ = ("contexts", "lists", "names")

    def __init__(self, serialized: Sequence[bytes], names: Sequence[bytes]) -> None:
        if names and len(names) != len(serialized):
            raise KernelError("example_names must be empty or have the correct number of elements")
        self.names = [as_text(name) for name in names] or ["<unknown>"] * len(serialized)
        self.contexts: list[dict[bytes, bytes]] = []
        self.lists: list[dict[bytes, bytes]] = []
        for data, name in zip(serialized, self.names, strict=True):
            try:
                context, lists = wire.read_sequence_example(data)
            except wire.WireError:
                raise KernelError(f"Invalid protocol message input, example id: {name}") from None
            self.contexts.append(context)
            self.lists.append(lists)

    # --- context features ---
    def _context(self, key: bytes, kind: int) -> list[Values | None]:
        found = []
        for context, name in zip(self.contexts, self.names, strict=True):
            values = _values(context.get(key, b""), kind)
            if values is False:
                raise KernelError(f"Error in context feature {as_text(key)} in example {name}")
            found.append(values)
        return found  # type: ignore[return-value]  # False was handled

    def context_sparse(self, key: bytes, dtype: DType) -> Triple:
        """Features of any number of values: indices [n, 2], values [n], shape [2]."""
        kind = kind_of(dtype)
        return kernels.sparse(self._context(key, kind), kind)

    def context_dense(self, key: bytes, dtype: DType, dims: Any, default: Array) -> Array:
        """Features of a fixed shape: [examples, *dims]."""
        kind, size = kind_of(dtype), int(np.prod(dims, dtype=int))
        column = self._context(key, kind)
        most = max(int(kernels.counts_of(column).max(initial=0)), default.size)
        if most != size:
            # TensorFlow shows 1 here, whatever the size is.
            raise KernelError(
                f"Inconsistent number of elements for feature {as_text(key)}: {most} vs 1"
            )
        chunks = []
        for values, name in zip(column, self.names, strict=True):
            if values is None and not default.size:
                raise KernelError(kernels.missing_problem(as_text(key), kind))
            if values is not None and values.count != size:
                raise KernelError(f"Unexpected number of elements in example {name}")
            spare = values is None
            chunks.append(kernels.default_values(default, kind) if spare else values.data)  # type: ignore[union-attr]  # not None
        return kernels.joined(chunks, kind).reshape(len(column), *dims)

    # --- feature lists ---
    def _rows(self, key: bytes, kind: int, may_miss: bool) -> list[list[Values]]:
        """For each example the features of one list."""
        found = []
        for lists, name in zip(self.lists, self.names, strict=True):
            if key not in lists and not may_miss:
                raise KernelError(f"Missing feature {as_text(key)} in example {name}")
            rows = _list_values(lists.get(key, b""), kind)
            if rows is None:
                raise KernelError(f"Error in sequence feature {as_text(key)} in example {name}")
            found.append(rows)
        return found

    def list_sparse(self, key: bytes, dtype: DType) -> Triple:
        """Lists of features of any number of values: indices [n, 3], values [n], shape [3]."""
        kind = kind_of(dtype)
        examples = self._rows(key, kind, True)
        rows = lengths(examples)
        flat = [values for example in examples for values in example]
        within, widest = sparse_parts(kernels.counts_of(flat))
        places = ragged_indices(rows)  # (example, row) of each feature
        indices = np.concatenate([places[within[:, 0]], within[:, 1:]], 1)
        shape = np.array([len(examples), rows.max(initial=0), widest[1]], np.int64)
        return indices, kernels.all_values(flat, kind), shape

    def list_dense(
        self, key: bytes, dtype: DType, dims: Any, may_miss: bool
    ) -> tuple[Array, Array]:
        """Lists of features of a fixed shape, filled up with 0, and how long each is."""
        kind, size = kind_of(dtype), int(np.prod(dims, dtype=int))
        examples = self._rows(key, kind, may_miss)
        most = max((sum(v.count for v in rows) for rows in examples), default=0)
        if (most % size) if size else most:
            raise KernelError(f"Unexpected shape error in feature {as_text(key)}")
        for rows, name in zip(examples, self.names, strict=True):
            if any(values.count != size for values in rows):
                raise KernelError(
                    f"Unexpected number of elements in feature {as_text(key)}, example {name}"
                )
        sizes = lengths(examples)
        flat = [values for rows in examples for values in rows]
        found = np.zeros((len(examples), int(sizes.max(initial=0)), *dims), dtype.as_numpy_dtype)
        if kind == wire.BYTES:
            found.fill(b"")
        places = ragged_indices(sizes)
        found[places[:, 0], places[:, 1]] = kernels.all_values(flat, kind).reshape(-1, *dims)
        return found, sizes


def _values(feature: bytes, kind: int) -> Values | bool | None:
    """The values of a feature; None if it has none, False if they are of another kind."""
    try:
        found = wire.read_feature(feature)
    except wire.WireError:
        return False
    return found if found is None or found.kind == kind else False


def _list_values(data: bytes, kind: int) -> list[Values] | None:
    """The values of each feature of a list; None if one is damaged or of another kind."""
    try:
        found = [_values(feature, kind) for feature in wire.read_feature_list(data)]
    except wire.WireError:
        return None
    empty = Values(kind, [] if kind == wire.BYTES else b"", 0)
    rows = [empty if values is None else values for values in found]
    return None if False in rows else rows  # type: ignore[return-value]  # no False is left
