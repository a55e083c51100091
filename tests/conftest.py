"""Makes the rows of tests/cases importable: `from _rows import case` in a row file just works."""

from __future__ import annotations

import importlib.util
import pathlib
import sys

CASES = pathlib.Path(__file__).parent / "cases"


def _load(name: str) -> None:
    # Not by sys.path: a row file called random.py would hide the standard library's.
    spec = importlib.util.spec_from_file_location(name, CASES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


_load("_rows")
_load("_run")
