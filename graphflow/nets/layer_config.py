"""Layers' arguments as plain data, as `get_config` returns them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def written(layer: Any, names: Iterable[str]) -> dict[str, Any]:
    """Returns some of a layer's attributes, functions and objects among them in plain data.

    Args:
        layer: the layer; an attribute `x` may be called `_x` there.
        names: the names of the arguments.
    """
    return {name: _plain(name, _held(layer, name)) for name in names}


def _held(layer: Any, name: str) -> Any:
    return getattr(layer, name) if hasattr(layer, name) else getattr(layer, f"_{name}")


def _plain(name: str, value: Any) -> Any:
    if hasattr(value, "get_config"):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    if name == "activation":
        return "linear" if value is None else _name(value)
    return _name(value) if callable(value) else value


def _name(function: Any) -> str:
    """A function's own name.

    Raises:
        ValueError: if it has none.
    """
    if not hasattr(function, "__name__"):
        raise ValueError(f"Cannot serialize {function}")
    return str(function.__name__)
