"""Data sets of elements put together: batches, padded and sparse ones, windows; and their rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from graphflow.core.errors import DataLossError, KernelError
from graphflow.core.shape import text
from graphflow.ops._datasets import (
    UNKNOWN,
    Array,
    Chain,
    Dataset,
    Element,
    Elements,
    Over,
    Place,
    stacked,
    taken,
)


# --- Batch, PaddedBatch, Unbatch ---
def batches(n: int, size: int, drop: bool) -> int:
    """The cardinality of `n` elements in batches."""
    return n if n < 0 else n // size + (0 if drop else int(n % size > 0))


class Batch(Over):
    """Elements stacked, so many at a time."""

    __slots__ = ("_drop", "_size", "_source_table")

    def __init__(self, source: Any, size: Any, drop: Any) -> None:
        if size <= 0:
            raise KernelError("Batch size must be greater than zero.")
        super().__init__(source, table=False)
        self._source_table = self.input.table
        self._size, self._drop = int(size), bool(drop)

    def _chosen(self, place: Place) -> Iterator[Any]:
        table, inner = self._source_table, self.input
        if table is None:
            return Batches(inner.iterate(place.child()), self._size, self._drop)
        if inner.natural:
            n = len(table)
            whole = n - n % self._size if self._drop else n
            starts = range(0, whole, self._size)
            return (table.slice(i, min(i + self._size, n)) for i in starts)
        return _Gathering(table.rows, inner.order(place.child()), self._size, self._drop)

    def cardinality(self) -> int:
        """The number of batches."""
        return batches(self.input.cardinality(), self._size, self._drop)


class _Gathering(Iterator[Any]):
    """Rows of a table in batches."""

    __slots__ = ("_drop", "_order", "_rows", "_size")

    def __init__(
        self, rows: Callable[[Array], Element], order: Iterator[int], size: int, drop: bool
    ) -> None:
        self._rows, self._order, self._size, self._drop = rows, order, size, drop

    def __next__(self) -> Element:
        indices = taken(self._order, self._size)
        if not indices or (self._drop and len(indices) < self._size):
            raise StopIteration
        return self._rows(np.array(indices, np.intp))


class Batches(Iterator[Any]):
    """Elements stacked, so many at a time."""

    __slots__ = ("_drop", "_input", "_size", "_stack")

    def __init__(
        self,
        source: Iterator[Element],
        size: int,
        drop: bool,
        stack: Callable[[Sequence[Element]], Any] = stacked,
    ) -> None:
        self._input, self._size, self._drop, self._stack = source, size, drop, stack

    def __next__(self) -> Any:
        found = taken(self._input, self._size)
        if not found or (self._drop and len(found) < self._size):
            raise StopIteration
        return self._stack(found)


class PaddedBatch(Over):
    """Elements stacked, each first made as large as the largest."""

    __slots__ = ("_drop", "_shapes", "_size", "_values")

    def __init__(
        self, source: Any, size: Any, shapes: Sequence[Array], values: Sequence[Any], drop: Any
    ) -> None:
        if size <= 0:
            raise KernelError("Batch size must be greater than zero.")
        super().__init__(source, table=False)
        for value in values:
            if np.ndim(value):
                raise KernelError("All padding values must be scalars")
        for shape in shapes:
            if any(d < -1 for d in shape.tolist()):
                raise KernelError("Padded shapes must be -1 or at least 0")
        self._size, self._drop = int(size), bool(drop)
        self._shapes = [s.tolist() for s in shapes]
        self._values = [v[()] if isinstance(v, np.ndarray) else v for v in values]

    def _chosen(self, place: Place) -> Iterator[Any]:
        inner = self.input.iterate(place.child())
        return Batches(inner, self._size, self._drop, self._padded)

    def _padded(self, elements: Sequence[Element]) -> list[Array]:
        return [
            _pad(i, [e[i] for e in elements], shape, value)
            for i, (shape, value) in enumerate(zip(self._shapes, self._values, strict=True))
        ]

    def cardinality(self) -> int:
        """The number of batches."""
        return batches(self.input.cardinality(), self._size, self._drop)


def _pad(component: int, items: list[Array], wanted: list[int], value: Any) -> Array:
    rank = len(wanted)
    for x in items:
        if x.ndim != rank:
            raise KernelError(
                "All elements in a batch must have the same rank as the padded shape for component"
                f"{component}: expected rank {rank} but got element with rank {x.ndim}"
            )
    shape = [max([x.shape[k] for x in items]) if d < 0 else d for k, d in enumerate(wanted)]
    if any(n > m for x in items for n, m in zip(x.shape, shape, strict=True)):
        raise KernelError(
            "Attempted to pad to a smaller size than the input element.", DataLossError
        )
    out = np.empty((len(items), *shape), items[0].dtype)
    if any(list(x.shape) != shape for x in items):
        out[...] = value
    for i, x in enumerate(items):
        place: tuple[Any, ...] = (i, *[slice(n) for n in x.shape], ...)
        out[place] = x
    return out


class Unbatch(Over):
    """The rows of the elements."""

    __slots__ = ()

    def __init__(self, source: Any) -> None:
        super().__init__(source, table=False)

    def _chosen(self, place: Place) -> Iterator[Any]:
        def rows(element: Element) -> Callable[[], Iterator[Element]]:
            sizes = [len(x) if x.ndim else -1 for x in element]
            if -1 in sizes:
                raise KernelError("Input element must have a non-scalar value in each component.")
            for i, n in enumerate(sizes):
                if n != sizes[0]:
                    raise KernelError(
                        "Input element must have the same batch size in each component. Component "
                        f"0 had size {sizes[0]} but component {i} had size, {n}."
                    )
            return lambda: iter([[x[i, ...].copy() for x in element] for i in range(sizes[0])])

        return Chain(map(rows, self.input.iterate(place.child())))

    def cardinality(self) -> int:
        """Not known: the elements may differ in size."""
        n = self.input.cardinality()
        return n if n == 0 else UNKNOWN


class DenseToSparse(Over):
    """Elements as the rows of a sparse tensor, so many at a time."""

    __slots__ = ("_shape", "_size")

    def __init__(self, source: Any, size: Any, shape: Array) -> None:
        super().__init__(source, table=False)
        if size <= 0:
            raise KernelError("Batch size must be greater than zero.")
        self._size, self._shape = int(size), shape.tolist()

    def _chosen(self, place: Place) -> Iterator[Any]:
        return Batches(self.input.iterate(place.child()), self._size, False, self._sparse)

    def _sparse(self, elements: Sequence[Element]) -> list[Array]:
        rows = [e[0] for e in elements]
        rank = len(self._shape)
        for x in rows:
            if x.ndim != rank:
                raise KernelError(
                    f"Input element had shape ({text(x.shape)}) that is incompatible with the row "
                    f"shape ({text(tuple(None if d < 0 else d for d in self._shape))})."
                )
        shape = list(self._shape)
        for k, d in enumerate(self._shape):
            largest = max([x.shape[k] for x in rows])
            if d < 0:
                shape[k] = largest
            elif largest > d:
                raise KernelError(
                    f"Input element had shape ({text(rows[0].shape)}) that is incompatible with "
                    f"the row shape ({text(tuple(self._shape))})."
                )
        places = [np.indices(x.shape).reshape(rank, -1).T for x in rows]
        numbers = np.repeat(np.arange(len(rows)), [len(p) for p in places])[:, None]
        indices = np.concatenate([numbers, np.concatenate(places)], 1).astype(np.int64)
        values = np.concatenate([x.reshape(-1) for x in rows])
        dense = np.array([len(rows), *shape], np.int64)
        packed = np.empty(3, object)
        packed[:] = [indices, values, dense]
        return [packed]

    def cardinality(self) -> int:
        """The number of batches."""
        return batches(self.input.cardinality(), self._size, False)


# --- Window ---
class Window(Over):
    """Data sets of neighbouring elements, one for each component."""

    __slots__ = ("_drop", "_shift", "_size", "_stride")

    def __init__(self, source: Any, size: Any, shift: Any, stride: Any, drop: Any) -> None:
        super().__init__(source, table=False)
        for what, value in (("size", size), ("shift", shift), ("stride", stride)):
            if value <= 0:
                raise KernelError(f"Window {what} must be greater than zero.")
        self._size, self._shift, self._stride = int(size), int(shift), int(stride)
        self._drop = bool(drop)

    def _chosen(self, place: Place) -> Iterator[Any]:
        inner = self.input.iterate(place.child())
        return _Windows(inner, self._size, self._shift, self._stride, self._drop)

    def cardinality(self) -> int:
        """The number of windows."""
        n = self.input.cardinality()
        if n < 0:
            return n
        if self._drop:
            n -= (self._size - 1) * self._stride
        return max(-(-n // self._shift), 0)


class _Windows(Iterator[Any]):
    __slots__ = ("_buffer", "_drop", "_input", "_shift", "_size", "_skip", "_stride")

    def __init__(
        self, source: Iterator[Element], size: int, shift: int, stride: int, drop: bool
    ) -> None:
        self._input = source
        self._size, self._shift, self._stride, self._drop = size, shift, stride, drop
        self._buffer: deque[Element] = deque()
        self._skip = 0

    def __next__(self) -> list[Dataset]:
        for _ in range(self._skip):
            next(self._input)
        self._skip = 0
        reach = (self._size - 1) * self._stride + 1
        self._buffer.extend(taken(self._input, reach - len(self._buffer)))
        found = list(self._buffer)[:: self._stride]
        if not found or (self._drop and len(found) < self._size):
            self._buffer.clear()
            raise StopIteration
        gone = min(self._shift, len(self._buffer))
        for _ in range(gone):
            self._buffer.popleft()
        self._skip = self._shift - gone
        return [Elements([[e[i]] for e in found]) for i in range(len(found[0]))]
