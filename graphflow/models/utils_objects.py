"""Objects as names or as a class with its configuration, and back."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self

from graphflow.core.export import export

_custom: Final[dict[str, Any]] = {}
"""The program's own classes and functions, by the names that configurations give them."""


@export("keras.utils.CustomObjectScope")
class CustomObjectScope:
    """A context in which configurations may name the program's own classes and functions.

    When it is left, `get_custom_objects` is what it was before.

    Args:
        *args: dicts from names to classes or functions.
    """

    def __init__(self, *args: Mapping[str, Any]) -> None:
        self.custom_objects = args
        self.backup: dict[str, Any] | None = None

    def __enter__(self) -> Self:
        """Adds the names."""
        self.backup = _custom.copy()
        for objects in self.custom_objects:
            _custom.update(objects)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Takes the names away."""
        _custom.clear()
        _custom.update(self.backup or {})


@export("keras.utils.custom_object_scope")
def custom_object_scope(*args: Mapping[str, Any]) -> CustomObjectScope:
    """Returns a context in which configurations may name the program's own objects.

    Args:
        *args: dicts from names to classes or functions.
    """
    return CustomObjectScope(*args)


@export("keras.utils.get_custom_objects")
def get_custom_objects() -> dict[str, Any]:
    """Returns the dict, itself, of the program's own classes and functions by name."""
    return _custom


@export("keras.utils.serialize_keras_object")
def serialize_keras_object(instance: Any) -> Any:
    """Returns an object in plain data: a function's name, or a class's name and configuration.

    Args:
        instance: an object that has `get_config`, a function, or None.

    Raises:
        ValueError: if it is none of these.
    """
    instance = inspect.unwrap(instance) if callable(instance) else instance
    if instance is None:
        return None
    if hasattr(instance, "get_config"):
        return {"class_name": type(instance).__name__, "config": instance.get_config()}
    if hasattr(instance, "__name__"):
        return instance.__name__
    raise ValueError("Cannot serialize", instance)


def class_and_config(
    config: Any,
    module_objects: Mapping[str, Any] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    printable_module_name: str = "object",
) -> tuple[Any, Any]:
    """Returns the class that a configuration names, and the class's own configuration.

    Args:
        config: {"class_name": ..., "config": ...}.
        module_objects: the classes that are known by name.
        custom_objects: the program's own ones, which come first.
        printable_module_name: what is looked for, for errors.

    Raises:
        ValueError: if it is no such dict, or the name is not known.
    """
    if not isinstance(config, dict) or "class_name" not in config or "config" not in config:
        raise ValueError(f"Improper config format: {config}")
    name = config["class_name"]
    found = _looked_up(name, module_objects, custom_objects)
    if found is None:
        raise ValueError(f"Unknown {printable_module_name}: {name}")
    return found, config["config"]


def _looked_up(name: str, known: Mapping[str, Any] | None, custom: Mapping[str, Any] | None) -> Any:
    for table in (custom, _custom):
        if table and name in table:
            return table[name]
    return None if known is None else known.get(name)


@export("keras.utils.deserialize_keras_object")
def deserialize_keras_object(
    identifier: Any,
    module_objects: Mapping[str, Any] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:
    """Returns the object that plain data stands for; see `serialize_keras_object`.

    Args:
        identifier: a name, a dict with "class_name" and "config", or None. The name of a class
            stands for one made without arguments.
        module_objects: the classes and functions that are known by name.
        custom_objects: the program's own ones, which come first.
        printable_module_name: what is looked for, for errors.

    Raises:
        ValueError: if it is something else, or the name is not known.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        cls, config = class_and_config(
            identifier, module_objects, custom_objects, printable_module_name
        )
        return _made(cls, config, custom_objects or {})
    if isinstance(identifier, str):
        found = _looked_up(identifier, module_objects, custom_objects)
        if found is None:
            raise ValueError(f"Unknown {printable_module_name}:{identifier}")
        return found() if inspect.isclass(found) else found
    raise ValueError(f"Could not interpret serialized {printable_module_name}: {identifier}")


def _made(cls: Any, config: Any, custom: Mapping[str, Any]) -> Any:
    if not hasattr(cls, "from_config"):
        with CustomObjectScope(custom):
            return cls(**config)
    if has_arg(cls.from_config, "custom_objects"):
        return cls.from_config(config, custom_objects={**_custom, **custom})
    with CustomObjectScope(custom):
        return cls.from_config(config)


def has_arg(fn: Callable[..., Any], name: str, accept_all: bool = False) -> bool:
    """Whether a function takes an argument of a name.

    Args:
        fn: the function.
        name: the argument's name.
        accept_all: whether `**kwargs` counts as taking it.
    """
    spec = inspect.getfullargspec(fn)
    return (accept_all and spec.varkw is not None) or name in spec.args


def validate_kwargs(
    kwargs: Mapping[str, Any],
    allowed_kwargs: Any,
    error_message: str = "Keyword argument not understood:",
) -> None:
    """Checks that all keywords are among those allowed.

    Raises:
        TypeError: if one is not.
    """
    for keyword in kwargs:
        if keyword not in allowed_kwargs:
            raise TypeError(error_message, keyword)
