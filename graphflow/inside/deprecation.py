"""tensorflow.python.util.deprecation: marks of aged things, which say nothing here."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

from graphflow.ops._arguments import either as deprecated_argument_lookup  # noqa: F401

_PRINT_DEPRECATION_WARNINGS = True
Function = Callable[..., Any]


def _kept(*_: Any, **__: Any) -> Function:
    """Returns a decorator that leaves a function as it is."""
    return lambda func: func


deprecated = deprecated_args = deprecated_arg_values = deprecated_endpoints = _kept


def deprecated_alias(
    deprecated_name: str, name: str, func_or_class: Any, warn_once: bool = True
) -> Any:
    """Returns the function or class that an aged name stands for."""
    return func_or_class


def rewrite_argument_docstring(old_doc: str, old_argument: str, new_argument: str) -> str:
    """Returns a documentation with another name for an argument."""
    return old_doc.replace(f"`{old_argument}`", f"`{new_argument}`").replace(
        f"{old_argument}:", f"{new_argument}:"
    )


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """A context in which nobody is warned, as everywhere."""
    yield


def partially_deprecated(func: Function) -> Function:
    """Returns a function as it is."""
    return functools.wraps(func)(func)
