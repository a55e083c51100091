"""tensorflow.python.util.deprecation: marks of aged things, which say nothing here."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

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


def deprecated_argument_lookup(new_name: str, new_value: Any, old_name: str, old_value: Any) -> Any:
    """Returns the argument from whichever name it came under.

    Raises:
        ValueError: if it came under both.
    """
    if old_value is None:
        return new_value
    if new_value is not None:
        raise ValueError(f"Cannot specify both '{old_name}' and '{new_name}'")
    return old_value


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
