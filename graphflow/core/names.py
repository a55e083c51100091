"""Names: which are valid, and how they stay unique in a graph."""

from __future__ import annotations

import contextlib
import re
from typing import Any, Final

_VALID_NAME: Final = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\-/]*\Z")
_VALID_SCOPE: Final = re.compile(r"[A-Za-z0-9_.\-/]*\Z")


def name_from_scope_name(name: str) -> str:
    """A scope's name without its closing slash."""
    return name[:-1] if name.endswith("/") else name


def _is_plain(name: str) -> bool:
    """Whether a name surely fits both patterns: most do, and a match makes an object."""
    return name.isidentifier() and name.isascii() and name[0] != "_"


def check_name(name: str) -> None:
    """Raises ValueError unless a node may have the name."""
    if not _is_plain(name.replace("/", "_")) and not _VALID_NAME.match(name):
        raise ValueError(f"'{name}' is not a valid node name: it must match {_VALID_NAME.pattern}")


def check_scope(name: str, inside: str) -> None:
    """Raises ValueError unless a scope may have the name inside the scope `inside`."""
    pattern = _VALID_SCOPE if inside else _VALID_NAME
    if not _is_plain(name) and not pattern.match(name):
        raise ValueError(f"'{name}' is not a valid scope name: it must match {pattern.pattern}")


class Names:
    """The names in use in one graph; upper and lower case count as the same, as in TensorFlow."""

    __slots__ = ("used",)

    def __init__(self) -> None:
        self.used: dict[str, int] = {}

    def unique(self, name: str, mark: bool = True) -> str:
        """Returns `name`, or the first free of name_1, name_2, ...

        Args:
            name: the full name that is asked for.
            mark: whether the name counts as used from now on.
        """
        used = self.used
        key = name.lower()
        i = used.get(key, 0)
        if mark:
            used[key] = i + 1
        if i == 0:
            return name
        base = key
        while key in used:
            key = f"{base}_{i}"
            i += 1
        if mark:
            used[key] = 1
        return f"{name}_{i - 1}"


class NameScope(contextlib.ContextDecorator):
    """A context that puts a scope before the names of a graph's new operations.

    Args:
        graph: the graph.
        name: as `Graph.name_scope` takes it.
    """

    __slots__ = ("_graph", "_name", "_outer")

    def __init__(self, graph: Any, name: str | None) -> None:
        self._graph = graph
        self._name = name
        self._outer = ""

    def __enter__(self) -> str:
        graph, name = self._graph, self._name
        if name is not None and not isinstance(name, str):
            raise TypeError(f"name for name_scope must be a string, not {name!r}.")
        scope: str = graph.enter_name(name) if name else ""
        names = graph._open_names
        self._outer, names.stack = names.stack, scope
        return f"{scope}/" if scope else ""

    def __exit__(self, *exc: object) -> None:
        self._graph._open_names.stack = self._outer

    def _recreate_cm(self) -> NameScope:  # a decorated function may call itself
        return NameScope(self._graph, self._name)
