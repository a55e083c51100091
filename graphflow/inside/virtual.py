"""Modules that exist by name only: what is in them is looked up when somebody asks."""

from __future__ import annotations

import functools
import importlib
import importlib.abc
import importlib.util
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

from graphflow.core.generated import generated
from graphflow.inside import test_support
from graphflow.inside.homes import HOMES, RENAMED, SPACES
from graphflow.inside.names import is_package, public_names, table

_MISSING: Final = object()


class Virtual(ModuleType):
    """A module of TensorFlow's inside.

    Args:
        name: its name, as it is imported.
        inside: its path below `tensorflow.python`.
    """

    def __init__(self, name: str, inside: str) -> None:
        super().__init__(name)
        self._inside = inside
        if is_package(inside):
            self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return [n for n in public_names(self._inside) if self._found(n) is not _MISSING]
        asked = name == "__version__" or not name.startswith("__")
        found = self._found(name) if asked else _MISSING
        if found is _MISSING:
            raise AttributeError(f"graphflow has no {self.__name__}.{name}")
        setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        return sorted({*vars(self), *public_names(self._inside)})

    def _found(self, name: str) -> Any:
        if f"{self._inside}.{name}".removeprefix(".") in table():
            if self._inside.partition(".")[0] == "keras":  # it imports all modules inside
                return importlib.import_module(f"{self.__name__}.{name}")
            return _MISSING  # the import system will come for the module
        return next(_places(self._inside, name), _MISSING)


def _places(inside: str, name: str) -> Iterator[Any]:
    """What the name may stand for, the most certain first."""
    last = inside.rpartition(".")[2]
    if name.startswith("gen_") and f"ops.{name}" in table():  # modules import these
        yield importlib.import_module(f"graphflow.python.ops.{name}")
    if last.startswith("gen_") or last == "training_ops":
        yield from _generated(name)
        return
    renamed = RENAMED.get(f"{inside}.{name}")
    if renamed is not None:
        yield from _attribute(*renamed.split(":"))
    public = public_names(inside).get(name)
    if public is not None:
        space, _, attribute = public.rpartition(".")
        yield from _attribute(_namespace(space), attribute)
    for place in HOMES.get(inside, "").split():
        yield from _attribute(place, name)
    for space in SPACES.get(inside.partition(".")[0], ()):
        yield from _attribute(_namespace(space), name)
    if inside.startswith("ops."):
        yield from _generated(name)


def _namespace(space: str) -> str:
    return f"graphflow.{space}" if space else "graphflow"


def _attribute(place: str, name: str) -> Iterator[Any]:
    module = _module(place)
    found = getattr(module, name, _MISSING) if module is not None else _MISSING
    if found is not _MISSING:
        yield found


def _module(place: str) -> Any:
    """A module, or a class or object in one, by its dotted name; None if there is none."""
    try:
        if importlib.util.find_spec(place) is not None:
            return importlib.import_module(place)
    except ModuleNotFoundError:
        pass
    outer, _, last = place.rpartition(".")
    return getattr(_module(outer), last, None) if outer else None


def _generated(name: str) -> Iterator[Any]:
    try:
        yield generated(name)
    except KeyError:
        return


class Messages(ModuleType):
    """A module of protocol buffer messages: `tensorflow.core.framework.graph_pb2` and others."""

    def __getattr__(self, name: str) -> Any:
        found = _MISSING if name.startswith("__") else _message(name)
        if found is _MISSING:
            raise AttributeError(f"graphflow has no {self.__name__}.{name}")
        return found


def _message(name: str) -> Any:
    from graphflow.formats import proto

    found = getattr(proto, name, _MISSING)
    return _enum_values().get(name, _MISSING) if found is _MISSING else found


@functools.cache
def _enum_values() -> dict[str, int]:
    """The values of enums by name, which such modules have beside the enums themselves."""
    from graphflow.formats import proto

    kinds = [getattr(proto, name) for name in dir(proto)]
    return {k: v for kind in kinds if hasattr(kind, "items") for k, v in kind.items()}


# --- loading ---
_made: Final[dict[str, ModuleType]] = {}


class Loader(importlib.abc.Loader):
    """Makes a virtual module, one for each path however it is imported.

    Args:
        rest: the path below `tensorflow`: it begins with "python" or "core".
    """

    def __init__(self, rest: str) -> None:
        self._rest = rest

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Returns the module."""
        if self._rest not in _made:
            root, _, inside = self._rest.partition(".")
            if root == "core":
                _made[self._rest] = Messages(spec.name)
                _made[self._rest].__path__ = []
            else:
                _made[self._rest] = Virtual(spec.name, inside)
        return _made[self._rest]

    def exec_module(self, module: ModuleType) -> None:
        """Does nothing: names are looked up when somebody asks."""


def find(fullname: str, rest: str) -> ModuleSpec:
    """Returns the spec of a module of TensorFlow's inside.

    Args:
        fullname: the name it is imported by.
        rest: its path below `tensorflow`.

    Raises:
        ModuleNotFoundError: if TensorFlow 1.15.5, or graphflow, has no such module.
    """
    root, _, inside = rest.partition(".")
    if root == "python" and inside not in table():
        beside = test_support.find(fullname, inside)
        if beside is not None:
            return beside
        raise ModuleNotFoundError(
            f"No module named {fullname!r}: graphflow has no {rest}", name=fullname
        )
    package = root == "core" or is_package(inside)
    return ModuleSpec(fullname, Loader(rest), is_package=package)
