"""Data sets as values of a run: each says how its elements are made and holds no place of its own.

An element is a sequence of arrays. Whoever iterates brings a `Place`: what one iterator keeps for
one node of the tree of data sets (the state of random operations, cached elements). An array that
is read-only is shared, with a tensor of the graph or a cache; one that can be written to belongs
to whoever gets it.

Where the elements are rows of arrays (slices of tensors, ranges, shuffled or repeated ones), a data
set has a `table`, and its order is an iterator of row numbers: batches are then gathered by NumPy.
Iterators are objects, not Python generators: an error of one element must not end the iteration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, Protocol

import numpy as np

from graphflow.core import late
from graphflow.core.errors import KernelError
from graphflow.core.shape import text

Array = np.ndarray[Any, Any]
Element = Sequence[Any]
Call = Callable[..., list[Any]]
INFINITE: Final = -1
UNKNOWN: Final = -2


def thing(handle: Any) -> Any:
    """A data set, also one that went through an array."""
    return handle.item() if isinstance(handle, np.ndarray) else handle


def kept(value: Any) -> Any:
    """An input of a data set so that it outlives the run: shared where it never changes."""
    if not isinstance(value, np.ndarray) or not value.flags.writeable:
        return value
    return frozen(value.copy())


def captured(value: Any) -> Any:
    """What a function takes from outside, so that it outlives the run.

    The memory of a variable is shared, as in TensorFlow: the function sees later values.
    """
    if not isinstance(value, np.ndarray) or value.base is None:
        return value
    return kept(value)


def frozen(value: Any) -> Any:
    """Marks an array as shared."""
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
    return value


def owned(value: Any) -> Any:
    """An array that nobody else has."""
    if isinstance(value, np.ndarray) and not value.flags.writeable:
        return value.copy()
    return value


class Function:
    """A function of the graph's library and what it takes from outside.

    Args:
        store: the session's store, which knows the library.
        name: of the function, or a NameAttrList message.
        others: the values of its last arguments.
    """

    __slots__ = ("captured", "name", "store")

    def __init__(self, store: Any, name: Any, others: Sequence[Any] = ()) -> None:
        self.store = store
        self.name: str = name if isinstance(name, str) else name.name
        self.captured = [captured(x) for x in others]

    def instance(self) -> Callable[[list[Any]], Call]:
        """The function with fresh states of its random operations; takes the last arguments."""
        found: Callable[[list[Any]], Call] = late.call(
            "function_instance", self.store, self.name, self.captured
        )
        return found

    def call(self) -> Call:
        """A fresh instance that knows its last arguments."""
        return self.instance()(self.captured)


class Root:
    """What all places of one iterator share.

    Args:
        functions: those of nested data sets that came before, by name: the random operations of a
            data set that a function makes go on where they were with the one before.
    """

    __slots__ = ("_functions", "nested", "optimizations", "optimized")

    def __init__(self, functions: dict[Any, Any] | None = None) -> None:
        self.optimizations: frozenset[str] = frozenset()
        self.optimized = False
        self.nested = functions is not None
        self._functions: dict[Any, Any] = {} if functions is None else functions

    def functions(self, own: dict[Any, Any]) -> dict[Any, Any]:
        """Where a place finds its functions.

        TensorFlow's optimizer copies the tree of data sets, so then each place has its own.
        """
        return own if self.optimized else self._functions

    def key(self, function: Function) -> Any:
        """By what a function is known there."""
        return function.name if self.nested else function


class Place:
    """What one iterator keeps for one node of the tree of data sets.

    Args:
        root: what it shares with others; None: it is the root.
    """

    __slots__ = ("_children", "_own", "root", "state")

    def __init__(self, root: Root | None = None) -> None:
        self.root = Root() if root is None else root
        self._children: dict[int, Place] = {}
        self._own: dict[Any, Any] = {}
        self.state: dict[str, Any] = {}

    def child(self, i: int = 0) -> Place:
        """The place of an input."""
        found = self._children.get(i)
        if found is None:
            found = self._children[i] = Place(self.root)
        return found

    def call(self, function: Function) -> Call:
        """The function as a callable; its random operations go on where they were."""
        functions, key = self.root.functions(self._own), self.root.key(function)
        found = functions.get(key)
        if found is None:
            found = functions[key] = function.instance()
        made: Call = found(function.captured)
        return made

    def inside(self) -> Place:
        """The root of a data set that a function makes here."""
        if self.root.nested:
            return Place(self.root)
        return Place(Root(self.state.setdefault("functions", {})))


# --- tables ---
class Table(Protocol):
    """Rows of arrays."""

    def row(self, i: int) -> Element:
        """One row."""

    def rows(self, indices: Array) -> Element:
        """Several rows [n], stacked."""

    def slice(self, start: int, stop: int) -> Element:
        """Consecutive rows, stacked; may be a view of shared arrays."""

    def __len__(self) -> int:
        """How many rows there are."""


class ArrayTable:
    """The rows of arrays of equal length."""

    __slots__ = ("arrays",)

    def __init__(self, arrays: Sequence[Array]) -> None:
        self.arrays = [frozen(a.view()) for a in arrays]

    def __len__(self) -> int:
        return len(self.arrays[0])

    def row(self, i: int) -> Element:
        """One row."""
        return [a[i, ...] for a in self.arrays]

    def rows(self, indices: Array) -> Element:
        """Several rows, stacked."""
        return [a.take(indices, 0) for a in self.arrays]

    def slice(self, start: int, stop: int) -> Element:
        """Consecutive rows, as views."""
        return [a[start:stop] for a in self.arrays]


class RangeTable:
    """The numbers of a range, one column."""

    __slots__ = ("numbers",)

    def __init__(self, numbers: range) -> None:
        self.numbers = numbers

    def __len__(self) -> int:
        try:
            return len(self.numbers)
        except OverflowError:  # pragma: no cover (no machine counts that far)
            return 2**63 - 1

    def row(self, i: int) -> Element:
        """One number."""
        return [np.array(self.numbers[i], np.int64)]

    def rows(self, indices: Array) -> Element:
        """Several numbers."""
        return [indices.astype(np.int64) * self.numbers.step + self.numbers.start]

    def slice(self, start: int, stop: int) -> Element:
        """Consecutive numbers."""
        part = self.numbers[start:stop]
        return [np.arange(part.start, part.stop, part.step, dtype=np.int64)]


class ZipTable:
    """Tables side by side."""

    __slots__ = ("tables",)

    def __init__(self, tables: Sequence[Table]) -> None:
        self.tables = tables

    def __len__(self) -> int:
        return min([len(t) for t in self.tables])

    def row(self, i: int) -> Element:
        """One row of each."""
        return [x for t in self.tables for x in t.row(i)]

    def rows(self, indices: Array) -> Element:
        """Several rows of each."""
        return [x for t in self.tables for x in t.rows(indices)]

    def slice(self, start: int, stop: int) -> Element:
        """Consecutive rows of each."""
        return [x for t in self.tables for x in t.slice(start, stop)]


# --- the base ---
class Dataset:
    """A data set.

    Attributes:
        table: the table whose rows the elements are; None where they are no rows.
        natural: whether the elements are all rows of the table in their order.
    """

    __slots__ = ("natural", "table")

    def __init__(self, table: Table | None = None, natural: bool = False) -> None:
        self.table = table
        self.natural = natural

    def order(self, place: Place) -> Iterator[int]:
        """The numbers of the rows that the elements are; for those with a table."""
        assert self.table is not None
        return iter(range(len(self.table)))

    def iterate(self, place: Place) -> Iterator[Element]:
        """The elements, from the first on."""
        assert self.table is not None
        return map(self.table.row, self.order(place))

    def things(self, place: Place) -> Iterator[Any]:
        """Row numbers where there is a table, else elements."""
        return self.iterate(place) if self.table is None else self.order(place)

    def cardinality(self) -> int:
        """The number of elements; INFINITE or UNKNOWN."""
        return len(self.table) if self.natural and self.table is not None else UNKNOWN


class Over(Dataset):
    """A data set made of another one, whose elements it hands on: the base of those."""

    __slots__ = ("input",)

    def __init__(self, source: Any, table: bool = True, natural: bool = False) -> None:
        self.input: Dataset = thing(source)
        super().__init__(self.input.table if table else None, natural and self.input.natural)

    def iterate(self, place: Place) -> Iterator[Element]:
        """The elements, from the first on."""
        found: Iterator[Element] = self._chosen(place)
        return found if self.table is None else map(self.table.row, found)  # type: ignore[arg-type]  # numbers then

    def order(self, place: Place) -> Iterator[int]:
        """The numbers of the rows."""
        return self._chosen(place)

    def _chosen(self, place: Place) -> Iterator[Any]:
        """Row numbers or elements, as `things`: what the kinds of data sets differ in."""
        return self.input.things(place.child())

    def cardinality(self) -> int:
        """That of the input."""
        return self.input.cardinality()


class Same(Over):
    """A data set with the elements of another one."""

    __slots__ = ()

    def __init__(self, source: Any) -> None:
        super().__init__(source, natural=True)


class Optimized(Same):
    """As `Same`, and lets whoever iterates know which rewritings TensorFlow would do."""

    __slots__ = ("_optimizations",)

    def __init__(self, source: Any, optimizations: Sequence[Any]) -> None:
        super().__init__(source)
        self.natural = False
        self._optimizations = frozenset(
            [x.decode() if isinstance(x, bytes) else x for x in optimizations]
        )

    def _chosen(self, place: Place) -> Iterator[Any]:
        place.root.optimized = True
        place.root.optimizations |= self._optimizations
        return super()._chosen(place)


# --- sources ---
class Single(Dataset):
    """One element."""

    __slots__ = ("element",)

    def __init__(self, element: Sequence[Any]) -> None:
        super().__init__()
        self.element = [kept(x) for x in element]

    def iterate(self, place: Place) -> Iterator[Element]:
        """The element."""
        return iter([self.element])

    def cardinality(self) -> int:
        """One."""
        return 1


class Elements(Dataset):
    """Elements that are there already, such as those of a window."""

    __slots__ = ("elements",)

    def __init__(self, elements: Sequence[Element]) -> None:
        super().__init__()
        for element in elements:
            for x in element:
                frozen(x)
        self.elements = elements

    def iterate(self, place: Place) -> Iterator[Element]:
        """The elements."""
        return iter(self.elements)

    def cardinality(self) -> int:
        """How many they are."""
        return len(self.elements)


class Zip(Dataset):
    """The elements of several data sets side by side, as long as all have one."""

    __slots__ = ("inputs",)

    def __init__(self, sources: Sequence[Any]) -> None:
        self.inputs: list[Dataset] = [thing(s) for s in sources]
        natural = all(d.natural for d in self.inputs)
        table = ZipTable([d.table for d in self.inputs if d.table]) if natural else None
        super().__init__(table, natural)

    def iterate(self, place: Place) -> Iterator[Element]:
        """The elements, from the first on."""
        if self.table is not None:
            return super().iterate(place)
        parts = [d.iterate(place.child(i)) for i, d in enumerate(self.inputs)]
        return map(_joined, zip(*parts, strict=False))

    def cardinality(self) -> int:
        """The least of the inputs'."""
        found = [d.cardinality() for d in self.inputs]
        if UNKNOWN in found:
            return UNKNOWN
        return min([n for n in found if n != INFINITE], default=INFINITE)


def _joined(parts: Sequence[Element]) -> Element:
    return [x for part in parts for x in part]


class Concatenated(Dataset):
    """The elements of one data set, then those of another."""

    __slots__ = ("inputs",)

    def __init__(self, first: Any, second: Any) -> None:
        super().__init__()
        self.inputs: list[Dataset] = [thing(first), thing(second)]

    def iterate(self, place: Place) -> Iterator[Element]:
        """The elements, from the first on."""
        return Chain(iter(self._parts(place)))

    def _parts(self, place: Place) -> list[Callable[[], Iterator[Element]]]:
        def part(i: int) -> Callable[[], Iterator[Element]]:
            return lambda: self.inputs[i].iterate(place.child(i))

        return [part(0), part(1)]

    def cardinality(self) -> int:
        """The sum."""
        found = [d.cardinality() for d in self.inputs]
        if INFINITE in found:
            return INFINITE
        return UNKNOWN if UNKNOWN in found else sum(found)


class Chain(Iterator[Any]):
    """Iterators one after the other, each made when its turn comes.

    Args:
        makers: functions that make an iterator.
    """

    __slots__ = ("_makers", "_now")

    def __init__(self, makers: Iterator[Callable[[], Iterator[Any]]]) -> None:
        self._makers = makers
        self._now: Iterator[Any] = iter(())

    def __next__(self) -> Any:
        while True:
            for found in self._now:
                return found
            self._now = iter(())
            self._now = next(self._makers)()


# --- stacking ---
def stacked(elements: Sequence[Element]) -> list[Any]:
    """Stacks elements component by component: arrays [n, ...].

    Raises:
        KernelError: if the shapes of a component differ.
    """
    return [_stack(i, [e[i] for e in elements]) for i in range(len(elements[0]))]


def _stack(component: int, items: list[Any]) -> Array:
    first = items[0]
    shape, dtype = getattr(first, "shape", ()), getattr(first, "dtype", object)
    out = np.empty((len(items), *shape), dtype)
    for i, item in enumerate(items):
        if getattr(item, "shape", ()) != shape:
            raise KernelError(
                f"Cannot batch tensors with different shapes in component {component}. First "
                f"element had shape {text(shape)} and element {i} had shape {text(item.shape)}."
            )
        out[i, ...] = item
    return out


def taken(source: Iterator[Any], n: int) -> list[Any]:
    """The next `n` things, or as many as there are."""
    return list(islice(source, n))
