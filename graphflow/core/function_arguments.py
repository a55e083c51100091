"""The names of a function's arguments, for callers that pass only those that it takes."""

from __future__ import annotations

import functools
import inspect
from typing import Any


def fn_args(fn: Any) -> tuple[str, ...]:
    """Returns the names of a function's arguments; without `self`, and those a partial has set.

    Raises:
        TypeError: if it is no function, or has a signature that nobody can ask for.
    """
    if isinstance(fn, functools.partial):
        inner = fn_args(fn.func)[len(fn.args) :]
        return tuple([name for name in inner if name not in (fn.keywords or {})])
    if callable(fn) and not inspect.isroutine(fn) and not isinstance(fn, type):
        fn = fn.__call__
    names = inspect.getfullargspec(fn).args
    return tuple(names[1:] if inspect.ismethod(fn) else names)
