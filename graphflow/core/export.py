"""Public names and TensorFlow 1's aged argument names, as data beside each function."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable
from typing import Any, Final, TypeVar

_T = TypeVar("_T")


class _Exports(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        """Imports what the name belongs to: `import graphflow` loads few modules."""
        space, _, last = name.rpartition(".")
        try:
            return getattr(importlib.import_module(f"graphflow.{space}".rstrip(".")), last)
        except (AttributeError, ModuleNotFoundError):
            raise KeyError(name) from None


EXPORTS: Final[dict[str, Any]] = _Exports()
"""Every public object by its dotted name below `tf.`, such as "nn.softplus".

Iteration shows those whose modules were imported.
"""
LAZY: Final[dict[str, tuple[str, str]]] = {}
"""Public objects that are made on first use, by their dotted names: (module, attribute)."""
PLACES: Final[dict[str, tuple[str, str]]] = {}
"""(module, attribute) of public values such as numbers, which cannot be told apart by identity."""


def export(*names: str) -> Callable[[_T], _T]:
    """Decorates a function or class that users reach as `tf.<name>` for each name."""

    def put(thing: _T) -> _T:
        publish(thing, *names)
        return thing

    return put


def export_in(*spaces: str) -> Callable[[_T], _T]:
    """Decorates a function that has its own name in each of several namespaces."""

    def put(thing: _T) -> _T:
        publish(thing, *(f"{space}.{thing.__name__}" for space in spaces))  # type: ignore[attr-defined]  # a function
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


def publish_from(module: str, space: str, *attributes: str, **other: str) -> None:
    """Gives module attributes public names.

    Args:
        module: the module that has them.
        space: the namespace below `tf.`, "" for `tf` itself.
        *attributes: attributes that keep their names.
        **other: public names of attributes that have other ones.
    """
    prefix = f"{space}." if space else ""
    for public, attribute in {**dict.fromkeys(attributes), **other}.items():
        PLACES[prefix + public] = (module, attribute or public)


def publish_lazy(name: str, module: str, attribute: str) -> None:
    """Gives a public name to `attribute` of `module`, which is looked up on first use.

    For what is dear to make, such as the message classes: protobuf is not imported before
    somebody asks for one.

    Raises:
        TypeError: if the name is taken.
    """
    if name in EXPORTS or LAZY.setdefault(name, (module, attribute)) != (module, attribute):
        raise TypeError(f"tf.{name} is exported twice")


_tables: Final[dict[str, dict[str, tuple[str, str]]]] = {}


def public_name(namespace: dict[str, Any], places: dict[str, str], spaces: str, name: str) -> Any:
    """Finds a public name of a generated namespace module, and keeps what it finds there.

    Args:
        namespace: the module's globals.
        places: by module: the names it has, `public=attribute` where they differ.
        spaces: the namespaces below this one.
        name: the name that is asked for.

    Raises:
        AttributeError: if the module has no such name.
    """
    own = namespace["__name__"]
    if name in spaces.split():
        found: Any = importlib.import_module(f"{own}.{name}")
    else:
        place = _table(own, places).get(name)
        if place is None:
            raise AttributeError(f"module {own!r} has no attribute {name!r}")
        found = getattr(importlib.import_module(place[0]), place[1])
    namespace[name] = found
    return found


def _table(own: str, places: dict[str, str]) -> dict[str, tuple[str, str]]:
    known = _tables.get(own)
    if known is None:
        known = _tables[own] = {}
        for module, words in places.items():
            for word in words.split():
                public, _, attribute = word.partition("=")
                known[public] = (module, attribute or public)
    return known


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

        shown = inspect.signature(function)
        aged = [
            inspect.Parameter(old, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
            for old in old_to_new
            if old not in shown.parameters
        ]
        with_old_names.__signature__ = shown.replace(  # type: ignore[attr-defined]  # for inspect
            parameters=[*shown.parameters.values(), *aged]
        )
        return with_old_names

    return wrap


@functools.cache
def _position(function: Callable[..., Any], argument: str) -> int:
    return list(inspect.signature(function).parameters).index(argument)
