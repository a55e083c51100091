"""tensorflow.python.util.tf_inspect and function_utils: the standard library's, and a little more.

The names that are not here are those of the module `inspect`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from graphflow.core.function_arguments import fn_args as fn_args
from graphflow.inside.decorators import unwrap

FullArgSpec = inspect.FullArgSpec


class ArgSpec(NamedTuple):
    """The arguments of a function as Python 2 described them."""

    args: list[str]
    varargs: str | None
    keywords: str | None
    defaults: tuple[Any, ...] | None


def getfullargspec(obj: Any) -> inspect.FullArgSpec:
    """Returns the arguments of a function, a partial one, or a callable object."""
    return inspect.getfullargspec(obj)


def getargspec(obj: Any) -> ArgSpec:
    """Returns the arguments of a function without those that are keywords only."""
    spec = getfullargspec(obj)
    return ArgSpec(spec.args, spec.varargs, spec.varkw, spec.defaults)


def getcallargs(*func_and_positional: Any, **named: Any) -> dict[str, Any]:
    """Returns the arguments by name that a call would have."""
    func, *positional = func_and_positional
    return dict(inspect.getcallargs(func, *positional, **named))


def getmodule(obj: Any) -> Any:
    """Returns the module of a function or class, below its decorators."""
    return inspect.getmodule(unwrap(obj)[1])


def has_kwargs(fn: Any) -> bool:
    """Returns whether a function takes any keyword argument.

    Raises:
        TypeError: if it is no function.
    """
    if not callable(fn):
        raise TypeError(f"fn should be a function-like object, but is of type {type(fn)}.")
    inner = fn.func if isinstance(fn, functools.partial) else fn
    return getfullargspec(inner).varkw is not None


def get_func_name(func: Any) -> str:
    """Returns the name of a function, or of the class of a callable object."""
    _, func = unwrap(func)
    if isinstance(func, functools.partial):
        return get_func_name(func.func)
    if callable(func):
        return str(getattr(func, "__name__", type(func)))
    raise ValueError("Argument must be callable")


def keyword_args_only(func: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a function that refuses positional arguments."""

    @functools.wraps(func)
    def new_func(*args: Any, **kwargs: Any) -> Any:
        if args:
            raise ValueError(f"Must use keyword args to call {func.__name__}.")
        return func(**kwargs)

    return new_func
