"""tf.Module: an object that knows the variables in its attributes."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Final, TypeVar

from graphflow.core import nest, scopes
from graphflow.core.export import export

_F = TypeVar("_F", bound=Callable[..., Any])
_WORD: Final = re.compile(r"((?<=[a-z0-9])[A-Z]|(?!^)[A-Z](?=[a-z]))")
_IDENTIFIER: Final = re.compile(r"[a-zA-Z_]\w*", re.ASCII)


@export("Module")
class Module:
    """The base of objects that own variables: it finds them in its attributes and theirs.

    Args:
        name: an identifier; None: the class's name in snake case.

    Raises:
        ValueError: if the name is no identifier.
    """

    _TF_MODULE_IGNORED_PROPERTIES: ClassVar[frozenset[str]] = frozenset(
        ("_self_unconditional_checkpoint_dependencies", "_self_unconditional_dependency_names")
    )

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = _WORD.sub(r"_\1", type(self).__name__).lower()
        elif not _IDENTIFIER.fullmatch(name):
            raise ValueError(
                f"{name!r} is not a valid module name. Module names must be valid Python "
                "identifiers (e.g. a valid class name)."
            )
        self._name = name
        with scopes.name_scope(name) as scope_name:
            self._scope_name = scope_name

    @property
    def name(self) -> str:
        """The name, without the scopes around it."""
        return self._name

    @property
    def name_scope(self) -> Any:
        """A context in which operations are named below the module."""
        return scopes.name_scope(self._scope_name)

    @property
    def variables(self) -> tuple[Any, ...]:
        """The module's variables by attribute name, then those of its submodules."""
        return tuple(self._flatten(predicate=_is_variable))

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """Those of `variables` that are trainable."""
        return tuple(self._flatten(predicate=lambda x: _is_variable(x) and x.trainable))

    @property
    def submodules(self) -> tuple[Any, ...]:
        """The modules in attributes, and in theirs."""
        return tuple(self._flatten(predicate=lambda x: isinstance(x, Module)))

    def _flatten(
        self,
        recursive: bool = True,
        predicate: Callable[[Any], Any] | None = None,
        attribute_traversal_key: Callable[[str], Any] | None = None,
        with_path: bool = False,
    ) -> Iterator[Any]:
        """Yields what is in the attributes, each thing once.

        Args:
            recursive: whether attributes of submodules count too.
            predicate: what is yielded; None: everything.
            attribute_traversal_key: the order of attributes; None: by name.
            with_path: whether (path, thing) is yielded, for each path to a thing.
        """
        wanted = predicate or (lambda _: True)
        seen: set[int] | None = None if with_path else {id(self)}
        for path, leaf in _leaves(self, recursive, attribute_traversal_key, (), seen):
            if wanted(leaf):
                yield (path, leaf) if with_path else leaf

    @classmethod
    def with_name_scope(cls, method: _F) -> _F:
        """Decorates a method whose operations are named below the module."""

        @functools.wraps(method)
        def method_with_name_scope(self: Any, *args: Any, **kwargs: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **kwargs)

        return method_with_name_scope  # type: ignore[return-value]  # the same signature


def _is_variable(x: Any) -> bool:
    return hasattr(x, "initializer") and hasattr(x, "trainable") and hasattr(x, "assign")


def _leaves(
    module: Module, recursive: bool, key: Any, outer: tuple[Any, ...], seen: set[int] | None
) -> Iterator[tuple[tuple[Any, ...], Any]]:
    inner = []
    attributes = vars(module)
    for name in sorted(attributes, key=key):
        if name in module._TF_MODULE_IGNORED_PROPERTIES:
            continue
        for path, leaf in _paths(attributes[name], (*outer, name)):
            if seen is not None:
                if id(leaf) in seen:
                    continue
                seen.add(id(leaf))
            yield path, leaf
            if recursive and isinstance(leaf, Module):
                inner.append((path, leaf))
    for path, submodule in inner:
        yield from _leaves(submodule, recursive, key, path, seen)


def _paths(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if not nest.is_nested(value):
        yield path, value
        return
    keys: Any = range(len(value))
    if isinstance(value, Mapping):
        keys = sorted(value)
    elif hasattr(value, "_fields"):
        keys = value._fields
    for key, item in zip(keys, nest.parts(value), strict=True):
        yield from _paths(item, (*path, key))
