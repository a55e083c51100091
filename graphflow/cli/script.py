"""Runs a user's script or module as Python would, with graphflow in TensorFlow's place."""

from __future__ import annotations

import importlib
import importlib.util
import os
import runpy
import sys
import traceback
import unittest
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any, Final

from graphflow.cli import UsageError, numpy_names
from graphflow.cli.aliases import install
from graphflow.runtime.session import place_softly

_OURS: Final = os.path.dirname(os.path.abspath(__file__)) + os.sep
_INTERRUPTED: Final = 130
_BROUGHT_ALONG: Final = {
    "multiprocessing": ("pool",),
    "urllib": ("error", "parse", "request"),
    "xml": ("dom",),
}
"""What `import tensorflow` imports as well: programs say `urllib.request` after `import urllib`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a script ended: its exit status, and what made it end early ("" for nothing)."""

    status: int
    early: str = ""


def run_script(path: str, arguments: Sequence[str]) -> Outcome:
    """Runs a file, or a folder or zip file with a `__main__.py`, as `python path` does.

    Raises:
        UsageError: if there is no such file.
    """
    source = Path(path)
    if source.is_dir() or source.suffix in (".zip", ".pyz"):
        _prepare([path, *arguments], path)
        return _outcome(lambda: runpy.run_path(path, run_name="__main__"))
    try:
        text = source.read_bytes()
    except OSError as e:
        raise UsageError(f"cannot open {path!r}: {e.strerror}") from None
    full = os.path.abspath(path)
    _prepare([path, *arguments], os.path.dirname(os.path.realpath(path)))
    module = _main_module(full, None)
    return _outcome(lambda: _execute(compile(text, full, "exec"), module))


def run_module(name: str, arguments: Sequence[str]) -> Outcome:
    """Runs a module, or a package's `__main__`, as `python -m name` does.

    Raises:
        UsageError: if there is no such module.
    """
    _prepare([name, *arguments], os.getcwd())
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{name}.__main__")
    except ModuleNotFoundError as e:
        if e.name is None or not f"{name}.__main__".startswith(e.name):
            raise
        spec = None
    code = getattr(spec.loader, "get_code", lambda _: None)(spec.name) if spec else None
    if spec is None or code is None:
        raise UsageError(f"no module named {name!r} that can be run")
    sys.argv[0] = spec.origin or name
    module = _main_module(spec.origin, spec)
    return _outcome(lambda: _execute(code, module))


def run_tests(path: str, arguments: Sequence[str]) -> Outcome:
    """Runs a file of unit tests: by its own call of `test.main`, or all that it defines.

    Raises:
        UsageError: if there is no such file.
    """
    outcome = run_script(path, arguments)
    if outcome.early:
        return outcome
    return _outcome(lambda: unittest.main(module="__main__", argv=[path, *arguments]))


def _prepare(argv: list[str], folder: str) -> None:
    install()
    numpy_names.restore()
    for package, modules in _BROUGHT_ALONG.items():
        _load_on_use(package, modules)
    place_softly()
    sys.argv[:] = argv
    # Our own first entry is the folder of the `graphflow` command; python -P puts none there.
    sys.path[: 0 if sys.flags.safe_path else 1] = [folder]


def _load_on_use(package: str, modules: tuple[str, ...]) -> None:
    """Makes a package's modules its attributes, though nothing has imported them yet."""

    def find(name: str) -> ModuleType:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return importlib.import_module(f"{package}.{name}")

    vars(importlib.import_module(package))["__getattr__"] = find


def _main_module(file: str | None, spec: ModuleSpec | None) -> ModuleType:
    module = ModuleType("__main__")
    module.__file__ = file
    module.__spec__ = spec
    module.__package__ = spec.parent if spec is not None else None
    module.__loader__ = spec.loader if spec is not None else None
    vars(module)["__builtins__"] = sys.modules["builtins"]
    sys.modules["__main__"] = module  # pickles and `import __main__` look here
    return module


def _execute(code: CodeType, module: ModuleType) -> None:
    exec(code, vars(module))


def _outcome(run: Any) -> Outcome:
    try:
        run()
    except SystemExit as e:
        return Outcome(_status(e.code), "called sys.exit")
    except BaseException as e:  # whatever a script raises is shown, as Python does
        trimmed = _without_ours(e.__traceback__)
        if isinstance(e, SyntaxError) and trimmed is None:
            traceback.print_exception(type(e), e, None)
        else:
            sys.excepthook(type(e), e.with_traceback(trimmed), trimmed)
        status = _INTERRUPTED if isinstance(e, KeyboardInterrupt) else 1
        return Outcome(status, f"raised {type(e).__name__}")
    return Outcome(0)


def _status(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code
    print(code, file=sys.stderr)
    return 1


def _without_ours(start: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of this package and of the import system."""
    kept = []
    while start is not None:
        file = start.tb_frame.f_code.co_filename
        if not file.startswith((_OURS, "<frozen importlib", "<frozen runpy")):
            kept.append(start)
        start = start.tb_next
    result = None
    for item in reversed(kept):
        result = TracebackType(result, item.tb_frame, item.tb_lasti, item.tb_lineno)
    return result
