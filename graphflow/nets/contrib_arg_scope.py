"""tf.contrib's argument scopes: default arguments for functions, for all calls in a `with` block.

with arg_scope([conv2d, fully_connected], weights_regularizer=l2_regularizer(0.01)):
    y = conv2d(x, 32, 3)
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

from graphflow.core.export import export

_F = TypeVar("_F", bound=Callable[..., Any])
Scope = dict[str, dict[str, Any]]
"""Default arguments by the keys of functions."""


class _Stack(threading.local):
    def __init__(self) -> None:
        self.scopes: list[Scope] = [{}]


_stack: Final = _Stack()
_names: Final[dict[str, tuple[str, ...]]] = {}
"""The arguments that a scope can give, by the keys of the functions that take part."""
_SPACES: Final = ("contrib.framework", "contrib.slim", "contrib.framework.python.ops")


def _spaces(name: str) -> list[str]:
    return [f"{space}.{name}" for space in _SPACES]


@export(*_spaces("current_arg_scope"))
def current_arg_scope() -> Scope:
    """Returns the default arguments that hold now, by the keys of functions."""
    return _stack.scopes[-1]


@export(*_spaces("arg_scope_func_key"))
def arg_scope_func_key(op: Any) -> str:
    """Returns the key that stands for a function in a scope.

    Args:
        op: the function.
    """
    key: str = getattr(op, "_key_op", str(op))
    return key


@export(*_spaces("has_arg_scope"))
def has_arg_scope(func: Any) -> bool:
    """Whether a function takes part in argument scopes: was decorated with `add_arg_scope`.

    Args:
        func: the function.
    """
    return arg_scope_func_key(func) in _names


@export(*_spaces("arg_scoped_arguments"))
def arg_scoped_arguments(func: Any) -> tuple[str, ...]:
    """Returns the names of the arguments that a scope can give to a function.

    Args:
        func: a function that was decorated with `add_arg_scope`.
    """
    assert has_arg_scope(func)
    return _names[arg_scope_func_key(func)]


def _with_defaults(func: Any) -> tuple[str, ...]:
    parameters = inspect.signature(func).parameters.values()
    plain = [p for p in parameters if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    optional = [p for p in plain if p.default is not inspect.Parameter.empty]
    return tuple(p.name for p in optional or plain)


@export(*_spaces("add_arg_scope"))
def add_arg_scope(func: _F) -> _F:
    """Decorates a function that takes part in argument scopes.

    Args:
        func: the function.
    """
    key = arg_scope_func_key(func)

    @functools.wraps(func)
    def func_with_args(*args: Any, **kwargs: Any) -> Any:
        defaults = current_arg_scope().get(key)
        return func(*args, **({**defaults, **kwargs} if defaults else kwargs))

    _names[key] = _with_defaults(func)
    func_with_args._key_op = key  # type: ignore[attr-defined]  # how the function is told
    return func_with_args  # type: ignore[return-value]  # it takes the same arguments


@export(*_spaces("arg_scope"))
@contextlib.contextmanager
def arg_scope(list_ops_or_scope: Any, **kwargs: Any) -> Iterator[Scope]:
    """Gives functions default arguments, for the calls inside of a `with` block.

    Args:
        list_ops_or_scope: functions that were decorated with `add_arg_scope`; or what another
            `with arg_scope(...) as scope` gave, to open it again.
        **kwargs: the arguments; those of the call itself go first.

    Raises:
        TypeError: if it is neither a list nor a scope.
        ValueError: if a function was not decorated, or a scope comes with arguments.
    """
    scope = _reopened(list_ops_or_scope, kwargs)
    if scope is None:
        scope = dict(current_arg_scope())
        for op in list_ops_or_scope:
            if not has_arg_scope(op):
                name = (op.__module__, op.__name__)
                raise ValueError(f"{name} is not decorated with @add_arg_scope")
            key = arg_scope_func_key(op)
            scope[key] = {**scope.get(key, {}), **kwargs}
    _stack.scopes.append(scope)
    try:
        yield scope
    finally:
        _stack.scopes.pop()


def _reopened(given: Any, kwargs: dict[str, Any]) -> Scope | None:
    if isinstance(given, dict):
        if kwargs:
            raise ValueError(
                "When attempting to re-use a scope by suppling a dictionary, kwargs must be empty."
            )
        return dict(given)
    if not isinstance(given, list | tuple):
        raise TypeError("list_ops_or_scope must either be a list/tuple or reused scope (i.e. dict)")
    return None
