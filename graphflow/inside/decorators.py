"""tensorflow.python.util.tf_decorator, tf_export and tf_should_use."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

Function = Callable[..., Any]


def make_decorator(
    target: Function,
    decorator_func: Function,
    decorator_name: str | None = None,
    decorator_doc: str = "",
    decorator_argspec: Any = None,
) -> Function:
    """Gives a wrapper the name, documentation and attributes of what it wraps.

    Args:
        target: what is wrapped.
        decorator_func: the wrapper.
        decorator_name: accepted; unused.
        decorator_doc: accepted; unused.
        decorator_argspec: accepted; unused.
    """
    return functools.update_wrapper(decorator_func, target)


def tf_decorator(*args: Any) -> Function:
    """Decorates a decorator: `@tf_decorator(decorate)` gives `make_decorator`'s result."""
    (decorate,) = args
    return lambda target: make_decorator(target, decorate(target))


def unwrap(maybe_tf_decorator: Any) -> tuple[list[Any], Any]:
    """Returns the wrappers around a function, outermost first, and the function."""
    wrappers = []
    current = maybe_tf_decorator
    while hasattr(current, "__wrapped__"):
        wrappers.append(current)
        current = current.__wrapped__
    return wrappers, current


class tf_export:  # noqa: N801 (TensorFlow's name)
    """A decorator that names public symbols; here it leaves them as they are.

    Args:
        *args: names.
        **kwargs: more about them.
    """

    def __init__(self, *args: str, **kwargs: Any) -> None:
        self._names = args

    def __call__(self, func: Any) -> Any:
        """Returns what is decorated."""
        return func

    def export_constant(self, module_name: str, name: str) -> None:
        """Does nothing."""


keras_export = estimator_export = tf_export


def should_use_result(fn: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Returns a function as it is: nobody is warned of results that are not used."""
    return fn if callable(fn) else lambda f: f
