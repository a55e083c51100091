"""`graphflow.python...`: TensorFlow's inside under its own module names, as its tests import it.

`from graphflow.python.framework import ops` finds what `from tensorflow.python.framework import
ops` finds under `graphflow run`: see `graphflow.inside`.
"""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

_PREFIX = f"{__name__}."


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(_PREFIX):
            return None
        from graphflow.inside import virtual

        return virtual.find(fullname, fullname.removeprefix("graphflow."))


sys.meta_path.insert(0, _Finder())
