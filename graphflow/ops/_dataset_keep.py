"""Data sets that remember elements: caches, and those that leave some of them out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from graphflow.core.errors import AlreadyExistsError, KernelError
from graphflow.formats.bundle import BundleReader, index_path
from graphflow.formats.bundle_writer import write_bundle
from graphflow.formats.durable import file_errors
from graphflow.ops._datasets import UNKNOWN, Element, Over, Place, frozen


# --- Cache ---
class Cache(Over):
    """The elements, computed once and kept: in memory, or in a file as TensorFlow writes it.

    Args:
        source: the elements.
        path: what the file's name begins with; "": memory.
    """

    __slots__ = ("_path",)

    def __init__(self, source: Any, path: str) -> None:
        self._path = path
        super().__init__(source, table=not path)

    def _chosen(self, place: Place) -> Iterator[Any]:
        if self._path:
            return self._from_file(place)
        if "kept" in place.state:
            return iter(place.state["kept"])
        return _Keeping(super()._chosen(place), lambda x: place.state.update(kept=x))

    def _from_file(self, place: Place) -> Iterator[Any]:
        path = self._path
        if os.path.exists(index_path(path)):
            return _read_back(path)
        lock = f"{path}_0.lockfile"
        if os.path.exists(lock):
            raise KernelError(
                "There appears to be a concurrent caching iterator running - cache lockfile "
                f"already exists ('{lock}'). If you are sure no other running TF computations are "
                "using this cache prefix, delete the lockfile and re-initialize the iterator.",
                AlreadyExistsError,
            )
        with file_errors(lock), open(lock, "w", encoding="utf-8"):
            pass

        def write(elements: list[Element]) -> None:
            write_bundle(path, _named(elements))
            os.unlink(lock)

        return _Keeping(self.input.iterate(place.child()), write)


def _named(elements: list[Element]) -> Iterator[tuple[str, Any, None]]:
    """The tensors of elements under TensorFlow's names: wide enough for a million elements."""
    width = len(str(max([len(e) for e in elements], default=1) - 1))
    for i, element in enumerate(elements):
        for k, x in enumerate(element):
            yield f"{i:>7}_{k:>{width}}", x, None


def _read_back(path: str) -> Iterator[Element]:
    """The elements of a cache file."""
    reader = BundleReader(path)
    names: dict[int, list[str]] = {}
    for name in sorted(reader.names()):
        names.setdefault(int(name.partition("_")[0]), []).append(name)
    return ([reader.read(name) for name in names[i]] for i in range(len(names)))


class _Keeping(Iterator[Any]):
    """Hands things on, and in the end all of them to `done`."""

    __slots__ = ("_done", "_input", "_kept")

    def __init__(self, source: Iterator[Any], done: Callable[[list[Any]], Any]) -> None:
        self._input = source
        self._done: Callable[[list[Any]], Any] | None = done
        self._kept: list[Any] = []

    def __next__(self) -> Any:
        try:
            found = next(self._input)
        except StopIteration:
            if self._done is not None:
                self._done(self._kept)
                self._done = None
            raise
        if not isinstance(found, int):
            found = [frozen(x) for x in found]
        self._kept.append(found)
        return found


class IgnoreErrors(Over):
    """The elements that can be made."""

    __slots__ = ()

    def __init__(self, source: Any) -> None:
        super().__init__(source, table=False)

    def _chosen(self, place: Place) -> Iterator[Any]:
        return _Ignoring(self.input.iterate(place.child()))

    def cardinality(self) -> int:
        """Not known."""
        return UNKNOWN


class _Ignoring(Iterator[Any]):
    __slots__ = ("_input",)

    def __init__(self, source: Iterator[Any]) -> None:
        self._input = source

    def __next__(self) -> Any:
        while True:
            try:
                return next(self._input)
            except StopIteration:
                raise
            except Exception:
                continue  # this is what the data set is for


class Unique(Over):
    """The elements that have not come before: integers or strings."""

    __slots__ = ()

    def __init__(self, source: Any) -> None:
        super().__init__(source, table=False)

    def _chosen(self, place: Place) -> Iterator[Any]:
        seen: set[Any] = set()

        def is_new(element: Element) -> bool:
            x = element[0]
            key = (x.shape, x.tobytes() if x.dtype != object else tuple(x.reshape(-1).tolist()))
            if key in seen:
                return False
            seen.add(key)
            return True

        return filter(is_new, self.input.iterate(place.child()))

    def cardinality(self) -> int:
        """Not known."""
        return UNKNOWN
