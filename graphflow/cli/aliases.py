"""`import tensorflow` gives graphflow: an import hook that maps module names.

`tensorflow`, `tensorflow.compat.v1` and what lies below them become the modules of graphflow
themselves, so that each exists once. `tensorflow.python...` and `tensorflow.core..._pb2`, which
programs import now and then, become modules that look their names up in graphflow.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

_INNER: Final = frozenset(
    {"autodiff", "cli", "core", "formats", "input", "nets", "ops", "plan", "runtime", "training"}
)
"""Packages of graphflow that are no public namespaces."""

_FOLDERS: Final = {
    "client": ["", "profiler"],
    "framework": ["", "errors", "dtypes", "graph_util", "random", "nest", "io"],
    "layers": ["layers", ""],
    "lib": ["io", "gfile", "python_io"],
    "ops": ["", "nn", "math", "image", "losses", "metrics", "initializers", "random", "strings"],
    "platform": ["", "app", "gfile", "logging", "test", "flags"],
    "saved_model": ["saved_model", "saved_model.builder", "saved_model.loader"],
    "summary": ["summary", "summary.writer"],
    "training": ["train", ""],
    "util": ["nest", "", "compat"],
}
"""Where names of `tensorflow.python.<folder>.<module>` are looked up, in this order."""

_MODULES: Final = {
    "ops.image_ops": ["image"],
    "ops.losses.losses": ["losses"],
    "ops.math_ops": ["math", ""],
    "ops.metrics": ["metrics"],
    "ops.nn": ["nn", ""],
    "ops.nn_ops": ["nn", ""],
    "ops.rnn_cell": ["nn.rnn_cell"],
    "platform.app": ["app"],
    "platform.flags": ["flags", "app.flags"],
    "platform.gfile": ["gfile"],
    "platform.tf_logging": ["logging"],
    "util.compat": ["compat"],
    "util.nest": ["nest"],
}
"""Modules of `tensorflow.python` that a namespace matches more closely than their folder's."""


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
    """Finds `tensorflow` and everything below it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Returns where a module comes from; None for modules that are not TensorFlow's.

        Raises:
            ModuleNotFoundError: if graphflow has no such module.
        """
        root, _, rest = fullname.partition(".")
        if root != "tensorflow":
            return None
        while rest == "compat.v1" or rest.startswith("compat.v1."):
            rest = rest.removeprefix("compat.v1").removeprefix(".")
        if rest.partition(".")[0] in ("python", "core"):
            return ModuleSpec(fullname, _VirtualLoader(rest), is_package=True)
        place = f"graphflow.{rest}" if rest else "graphflow"
        if rest.partition(".")[0] in _INNER or not _exists(place):
            # A later finder would load the file a second time: the search ends here.
            raise ModuleNotFoundError(
                f"No module named {fullname!r}: graphflow has no {rest}", name=fullname
            )
        return ModuleSpec(fullname, _Loader(place))


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
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec  # importing it under another name has changed it


class _VirtualLoader(importlib.abc.Loader):
    def __init__(self, rest: str) -> None:
        self._spaces = _spaces(rest)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Virtual(spec.name, self._spaces)

    def exec_module(self, module: ModuleType) -> None:
        pass  # its names are looked up when somebody asks


class _Virtual(ModuleType):
    """A module of TensorFlow's inside: its names are those of some namespaces of graphflow."""

    def __init__(self, name: str, spaces: list[str]) -> None:
        super().__init__(name)
        self._spaces = spaces
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):
            for space in self._spaces:
                module = _namespace(space)
                if module is not None and hasattr(module, name):
                    return getattr(module, name)
        raise AttributeError(f"graphflow has no {self.__name__}.{name}")


def _spaces(rest: str) -> list[str]:
    """Where the names of `tensorflow.<rest>` are looked up; nowhere for packages of modules."""
    inside, _, path = rest.partition(".")
    if inside == "core":
        return ["formats.proto"] if rest.endswith("_pb2") else []
    if path in _MODULES:
        return _MODULES[path]
    folder, _, module = path.partition(".")
    return _FOLDERS.get(folder, [""]) if module else []


def _namespace(space: str) -> Any:
    place = f"graphflow.{space}" if space else "graphflow"
    if _exists(place):
        return importlib.import_module(place)
    outer, _, last = space.rpartition(".")  # such as tf.app.flags, an object of tf.app
    return getattr(_namespace(outer), last, None) if outer else None
