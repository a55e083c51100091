"""tf.contrib.eager.EagerVariableStore: lets get_variable share variables in eager execution."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from graphflow.core import scopes
from graphflow.core.export import export
from graphflow.ops.resource_variables import ResourceVariable
from graphflow.ops.variable_store import VariableStore


@export("contrib.eager.EagerVariableStore")
class EagerVariableStore:
    """The variables that `tf.get_variable` makes and finds while the store is the default one.

    So functions such as `tf.layers.dense` have the same variables each time they are called.

    Args:
        store: a VariableStore of another EagerVariableStore, to share; None: a new one.

    Raises:
        ValueError: if `store` is one of graphs.
    """

    def __init__(self, store: VariableStore | None = None) -> None:
        if store is not None and not store.keeps_eagerly:
            raise ValueError(
                "Cannot construct EagerVariableStore from a VariableStore object that does not "
                "hold eager variables."
            )
        self._store = VariableStore() if store is None else store
        self._store.keeps_eagerly = True

    @contextlib.contextmanager
    def as_default(self) -> Iterator[None]:
        """A context in which `tf.get_variable` shares the store's variables."""
        held: list[Any] = scopes.get_default_graph().get_collection_ref(("__variable_store",))  # type: ignore[arg-type]  # see graph_object
        before = list(held)
        held[:] = [self._store]
        try:
            yield
        finally:
            held[:] = before

    def variables(self) -> list[Any]:
        """Returns the variables, by name."""
        return sorted(self._store._vars.values(), key=lambda v: v.name)

    def trainable_variables(self) -> list[Any]:
        """Returns those that optimizers change, by name."""
        return [v for v in self.variables() if v.trainable]

    def non_trainable_variables(self) -> list[Any]:
        """Returns the others, by name."""
        return [v for v in self.variables() if not v.trainable]

    def copy(self) -> EagerVariableStore:
        """Returns a store of new variables with the same names and values."""
        made = EagerVariableStore()
        for key, v in self._store._vars.items():
            made._store._vars[key] = ResourceVariable(
                v.read_value(), name=v.name.partition(":")[0], trainable=v.trainable
            )
        return made
