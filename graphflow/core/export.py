"""Public names and TensorFlow 1's aged argument names, as data beside each function."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Final, TypeVar

_T = TypeVar("_T")
EXPORTS: Final[dict[str, Any]] = {}
"""Every public object by its dotted name below `tf.`, such as "nn.softplus"."""


def export(*names: str) -> Callable[[_T], _T]:
    """Decorates a function or class that users reach as `tf.<name>` for each name."""

    def put(thing: _T) -> _T:
        publish(thing, *names)
        return thing

    return put


def publish(thing: Any, *names: str) -> None:
    """Gives an object public names.

    Raises:
        TypeError: if a name is taken.
    """
    for name in names:
        if EXPORTS.setdefault(name, thing) is not thing:
            raise TypeError(f"tf.{name} is exported twice")


def renamed(**old_to_new: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorates a function that TensorFlow 1 programs call with old argument names too.

    The body sees the new names only; the public signature shows the old ones at its end, as
    TensorFlow's does.

    Raises (from the decorated function):
        ValueError: if an argument comes under both names.
    """

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def with_old_names(*args: Any, **kwargs: Any) -> Any:
            for old in [k for k in kwargs if k in old_to_new]:
                value = kwargs.pop(old)
                new = old_to_new[old]
                if value is None:
                    continue
                if kwargs.get(new) is not None or _position(function, new) < len(args):
                    raise ValueError(f"Cannot specify both '{old}' and '{new}'")
                kwargs[new] = value
            return function(*args, **kwargs)

        with_old_names.old_names = old_to_new  # type: ignore[attr-defined]  # read by public_signature
        return with_old_names

    return wrap


@functools.cache
def _position(function: Callable[..., Any], argument: str) -> int:
    return list(inspect.signature(function).parameters).index(argument)
