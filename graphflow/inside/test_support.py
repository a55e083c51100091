"""Modules that only TensorFlow's tests use: they come from the source tree that the tests are in.

A checkout of TensorFlow that is on `sys.path` (or that the script is in) gives modules such as
`tensorflow.python.kernel_tests.signal.test_util`; nothing of TensorFlow itself is taken from it.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path


def find(fullname: str, inside: str) -> ModuleSpec | None:
    """Returns the spec of a module of tests from a source tree, or None.

    Args:
        fullname: the name it is imported by.
        inside: its path below `tensorflow.python`.
    """
    if not _is_of_tests(inside):
        return None
    for root in _roots():
        found = root.joinpath("tensorflow", "python", *inside.split("."))
        package = found / "__init__.py"
        if package.is_file():
            return importlib.util.spec_from_file_location(
                fullname, package, submodule_search_locations=[str(found)]
            )
        if found.with_suffix(".py").is_file():
            return importlib.util.spec_from_file_location(fullname, found.with_suffix(".py"))
    return None


def _is_of_tests(inside: str) -> bool:
    outer, _, last = inside.rpartition(".")
    if inside in ("keras.keras_parameterized", "keras.testing_utils"):
        return True
    return "kernel_tests" in outer.split(".") or last.endswith(("test_util", "test_base", "_test"))


def _roots() -> Iterator[Path]:
    """The folders that may hold a folder `tensorflow`: those on the path, those above them."""
    for entry in sys.path:
        place = Path(entry or ".").resolve()
        yield place
        yield from place.parents
