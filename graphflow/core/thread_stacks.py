"""Scopes that are open in one thread only: those of names always, the others on demand."""

from __future__ import annotations

import threading
from typing import Any, Final

_OWN: Final = ("_control_stack", "_device_stack", "_colocation_stack")


class Names(threading.local):
    """The scope of names that is open in each thread: at first none."""

    stack = ""


class _Stacks(threading.local):
    """The open scopes; in each thread at first those that were open at the switch."""

    def __init__(self, open_ones: dict[str, list[Any]]) -> None:
        for name, stack in open_ones.items():
            setattr(self, name, list(stack))


class _PerThread:
    """A graph whose stacks each thread has for itself."""

    _stacks: _Stacks


def _stack(name: str) -> property:
    def found(self: _PerThread) -> Any:
        return getattr(self._stacks, name)

    def put(self: _PerThread, value: Any) -> None:
        setattr(self._stacks, name, value)

    return property(found, put)


for _name in _OWN:
    setattr(_PerThread, _name, _stack(_name))


def separate(graph: Any) -> None:
    """Gives each thread its own stacks of devices, colocation and control dependencies.

    The graph's class changes, so that graphs whose threads share them pay nothing for it.
    """
    if isinstance(graph, _PerThread):
        return
    kind = type(graph)
    vars(graph)["_stacks"] = _Stacks({name: vars(graph).pop(name) for name in _OWN})
    graph.__class__ = type(kind.__name__, (_PerThread, kind), {"__module__": kind.__module__})
