"""Late-bound functions: names that core calls and a higher layer provides.

`Tensor.__add__` needs an op, `Graph.as_graph_def` needs a file format; both live above core. The
layer that owns such a function provides it here under a name; core looks the name up when called.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Final, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])
_PROVIDED: Final[dict[str, Callable[..., Any]]] = {}
HOMES: Final[dict[str, str]] = {}
"""The module that provides each function, so that it is imported on first use."""


def provide(name: str) -> Callable[[_F], _F]:
    """Decorates the function that `call(name, ...)` runs."""

    def put(function: _F) -> _F:
        if name in _PROVIDED:
            raise RuntimeError(f"{name!r} is provided twice")
        _PROVIDED[name] = function
        return function

    return put


def call(name: str, /, *args: Any, **kwargs: Any) -> Any:
    """Calls the function that a higher layer provided as `name`."""
    return (_PROVIDED.get(name) or provided(name))(*args, **kwargs)


def provided(name: str) -> Callable[..., Any]:
    """Returns the function that a higher layer provided as `name`.

    Raises:
        KeyError: if none did.
    """
    if name not in _PROVIDED and name in HOMES:
        importlib.import_module(HOMES[name])
    return _PROVIDED[name]
