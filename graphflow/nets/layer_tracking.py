"""How a layer finds the layers and variables in its attributes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, TypeVar

from graphflow.core import nest
from graphflow.nets.keras_state import track_variable
from graphflow.ops.variables import Variable
from graphflow.platform.module import Module

_F = TypeVar("_F", bound=Callable[..., Any])


@contextlib.contextmanager
def untracked(owner: Any) -> Iterator[None]:
    """A context in which attributes of an object are set without being looked into.

    Args:
        owner: a layer.
    """
    before = vars(owner).get("_self_setattr_tracking", True)
    object.__setattr__(owner, "_self_setattr_tracking", False)
    try:
        yield
    finally:
        object.__setattr__(owner, "_self_setattr_tracking", before)


def layers_in(held: Iterable[Any]) -> Iterator[Any]:
    """Yields each layer of a list whose items are layers, or lists and dicts of some (no tuples).

    Args:
        held: the list.
    """
    seen: set[int] = set()
    pending = list(held)[::-1]
    while pending:
        item = pending.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, LayerTracking):
            yield item
        elif isinstance(item, list):
            pending += item[::-1]
        elif isinstance(item, Mapping):
            pending += list(item.values())[::-1]


class LayerTracking(Module):
    """The part of a layer that notes what its attributes hold; see `Layer`."""

    _trainable_weights: list[Any]
    _non_trainable_weights: list[Any]
    _layers: list[Any]
    TRACKS_LAYERS: ClassVar[bool] = True
    """Whether layers in attributes belong to the object."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets an attribute and notes the layers and variables in it."""
        held = vars(self)
        if (
            isinstance(value, str | int | float | None)
            or name == "_self_setattr_tracking"
            or not held.get("_self_setattr_tracking", True)
            or held.get("_is_graph_network", False)
            or hasattr(type(self), name)
        ):
            if name in held.get("_tracked_objects", ()):
                self._forget_attribute(name)
            self._set_plainly(name, value)
            return
        if name in held:
            self._forget_attribute(name)
        self._note_attribute(name, value)
        object.__setattr__(self, name, value)

    def _set_plainly(self, name: str, value: Any) -> None:
        try:
            object.__setattr__(self, name, value)
        except AttributeError:
            raise AttributeError(
                f'Can\'t set the attribute "{name}", likely because it conflicts with an existing '
                "read-only @property of the object. Please choose a different name."
            ) from None

    def _note_attribute(self, name: str, value: Any) -> None:
        if isinstance(value, LayerTracking | list | dict) and self.TRACKS_LAYERS:
            self._track_layer(value)
        if isinstance(value, LayerTracking | Variable | list | dict):
            self._track_object(name, value)
        for item in nest.flatten(value) if isinstance(value, list | dict | tuple) else [value]:
            if isinstance(item, Variable):
                self._track_weight(item)

    def _track_object(self, name: str, value: Any) -> None:
        """Notes an object under the name that checkpoints have for it."""
        vars(self).setdefault("_tracked_objects", {})[name] = value

    def _track_layer(self, value: Any) -> None:
        held = vars(self).setdefault("_layers", [])
        if not any(layer is value for layer in held):
            held.append(value)
        if hasattr(value, "_use_resource_variables"):
            value._use_resource_variables = True

    def _track_weight(self, variable: Any) -> None:
        kind = "_trainable_weights" if variable.trainable else "_non_trainable_weights"
        held = vars(self).setdefault(kind, [])
        if not any(variable is w for w in held):
            held.append(variable)
            track_variable(variable)

    def __delattr__(self, name: str) -> None:
        """Removes an attribute, and what it holds from the layer."""
        if name in vars(self):
            self._forget_attribute(name)
        object.__delattr__(self, name)

    def _forget_attribute(self, name: str) -> None:
        """Forgets what an attribute holds, unless another one holds it too."""
        held = vars(self)
        value = held.get("_tracked_objects", {}).pop(name, None)
        if value is None or any(v is value for n, v in held.items() if n != name):
            return
        if isinstance(value, Variable):
            for kind in ("_trainable_weights", "_non_trainable_weights"):
                held[kind] = [w for w in held.get(kind, ()) if w is not value]
        else:
            held["_layers"] = [x for x in held.get("_layers", ()) if x is not value]

    def _child_layers(self) -> Iterator[Any]:
        """The layers that belong to this one directly, in the order in which they came."""
        return layers_in(vars(self).get("_layers", ()))

    def _gathered_from_children(self, attribute: str) -> list[Any]:
        """An attribute, a list, of all layers that belong to this one, in one list."""
        return [x for layer in self._child_layers() for x in getattr(layer, attribute)]
