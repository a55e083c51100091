"""`import tensorflow` gives graphflow: an import hook that maps module names.

`tensorflow`, `tensorflow.compat.v1` and what lies below them become the modules of graphflow
themselves, so that each exists once. `tensorflow.python...`, `tensorflow.core..._pb2` and
`tensorflow.contrib...python...`, which programs import now and then, become modules that look
their names up in graphflow: see `graphflow.inside`.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, Final

from graphflow.inside import virtual
from graphflow.inside.homes import CONTRIB_HOMES
from graphflow.inside.names import is_package

_INNER: Final = frozenset(
    {
        "autodiff", "cli", "core", "estimators", "features", "formats", "input", "inside", "models",
        "nets", "ops", "plan", "platform", "runtime", "testing", "training", "viz",
    }
)  # fmt: skip
"""Packages of graphflow that are no public namespaces."""

_WITH_INSIDES: Final = ("graphflow.contrib.", "graphflow.keras.")
"""Public modules below which programs import private ones."""


def install() -> None:
    """Puts the hook before all others; a second call changes nothing."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())
        compat = importlib.import_module("tensorflow.compat")
        # Set by hand: programs say `tf.compat.v1` without importing it, and graphflow.compat may
        # be a plain module, below which the import system would not look.
        tensorflow = sys.modules["tensorflow"]
        sys.modules["tensorflow.compat.v1"] = vars(compat)["v1"] = tensorflow


class Finder(importlib.abc.MetaPathFinder):
    """Finds `tensorflow` and everything below it; also `keras`, where that is not installed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Returns where a module comes from; None for modules that are not TensorFlow's.

        Raises:
            ModuleNotFoundError: if graphflow has no such module.
        """
        root, _, rest = fullname.partition(".")
        if root == "tensorflow_estimator":
            return _find_estimator(fullname, rest)
        if root == "keras":
            return _find_keras(fullname, rest)
        if root not in ("tensorflow", "tensorflow_core"):
            return None
        while rest == "compat.v1" or rest.startswith("compat.v1."):
            rest = rest.removeprefix("compat.v1").removeprefix(".")
        if rest.partition(".")[0] in ("python", "core"):
            return virtual.find(fullname, rest)
        place = f"graphflow.{rest}" if rest else "graphflow"
        if rest.partition(".")[0] not in _INNER and _exists(place):
            return ModuleSpec(fullname, _Loader(place))
        if rest.startswith("contrib."):
            return _find_contrib(fullname, rest)
        # A later finder would load the file a second time: the search ends here.
        raise _missing(fullname, rest)


def _missing(fullname: str, rest: str) -> ModuleNotFoundError:
    return ModuleNotFoundError(
        f"No module named {fullname!r}: graphflow has no {rest}", name=fullname
    )


def _exists(place: str) -> bool:
    try:
        return place in sys.modules or importlib.util.find_spec(place) is not None
    except ModuleNotFoundError:
        return False


class _Loader(importlib.abc.Loader):
    """Loads a module of graphflow under another name: the module itself, not a copy."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self._place)
        if self._place.startswith(_WITH_INSIDES) and not hasattr(module, "__path__"):
            module.__path__ = []  # modules of its inside lie below it
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec  # importing it under another name has changed it


# --- keras ---
def _find_keras(fullname: str, rest: str) -> ModuleSpec | None:
    """`keras` of old programs, a package of its own then, is tf.keras; None if it is installed."""
    if PathFinder.find_spec("keras") is not None:
        return None
    if not rest:
        print("graphflow: keras is not installed, tf.keras stands in for it", file=sys.stderr)
    place = f"graphflow.{fullname}"
    # `from keras.utils import np_utils`: a package has its private modules beside its public names.
    if _exists(place) and (not rest or not is_package(fullname)):
        return ModuleSpec(fullname, _Loader(place), is_package=True)
    return virtual.find(fullname, f"python.{fullname}")


# --- tensorflow_estimator ---
def _find_estimator(fullname: str, rest: str) -> ModuleSpec:
    """`tensorflow_estimator.python.estimator.x` is what `tensorflow.python.estimator.x` is."""
    if not rest:
        return ModuleSpec(fullname, _Loader("graphflow"))
    if rest.partition(".")[0] == "python":
        return virtual.find(fullname, rest)
    raise _missing(fullname, rest)


# --- the inside of tf.contrib ---
def _find_contrib(fullname: str, rest: str) -> ModuleSpec:
    """`tensorflow.contrib.layers.python.layers.layers`: its names are those of contrib.layers."""
    outer, mark, _ = f"{rest}.".partition(".python.")
    place = f"graphflow.{outer}"
    if not mark or not _exists(place):
        raise _missing(fullname, rest)
    homes = CONTRIB_HOMES.get(rest.removeprefix("contrib."), "").split()
    return ModuleSpec(fullname, _ContribLoader(place, homes), is_package=True)


class _ContribLoader(importlib.abc.Loader):
    def __init__(self, place: str, homes: list[str]) -> None:
        self._place = place
        self._homes = homes

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Contrib(spec.name, self._place, self._homes)

    def exec_module(self, module: ModuleType) -> None:
        pass  # its names are looked up when somebody asks


class _Contrib(ModuleType):
    """A module inside a part of tf.contrib: its names are those of the part, its homes', or tf's.

    What is private there may be known in its homes without the underscore.
    """

    def __init__(self, name: str, place: str, homes: list[str]) -> None:
        super().__init__(name)
        self._places = [place, *homes, "graphflow"]
        self._homes = homes
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):
            asked = [(place, name) for place in self._places]
            asked += [(home, name.removeprefix("_")) for home in self._homes]
            for place, known in asked:
                module = importlib.import_module(place)
                if hasattr(module, known):
                    return getattr(module, known)
        raise AttributeError(f"graphflow has no {self.__name__}.{name}")
