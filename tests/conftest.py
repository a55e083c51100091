"""Makes the rows of tests/cases importable: `from _rows import case` in a row file just works."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import sys

from hypothesis import settings

CASES = pathlib.Path(__file__).parent / "cases"


def _load(name: str) -> None:
    # Not by sys.path: a row file called random.py would hide the standard library's.
    spec = importlib.util.spec_from_file_location(name, CASES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


os.environ.setdefault("GRAPHFLOW_CHECK", "1")  # every plan is verified after every pass
settings.register_profile(
    "quick", max_examples=60, deadline=None, derandomize=True, database=None, print_blob=False
)
settings.load_profile("quick")
_load("_rows")
_load("_run")
