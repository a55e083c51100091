"""Where columns of the new family keep their variables and tables."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from graphflow.ops.variable_scope import get_variable


class StateManager:
    """Keeps the variables and tables of columns; for subclasses to make them."""

    def create_variable(
        self,
        feature_column: Any,
        name: str,
        shape: Any,
        dtype: Any = None,
        trainable: bool = True,
        use_resource: bool = True,
        initializer: Any = None,
    ) -> Any:
        """Makes a variable of a column."""
        raise NotImplementedError("StateManager.create_variable")

    def add_variable(self, feature_column: Any, var: Any) -> None:
        """Keeps a variable of a column."""
        raise NotImplementedError("StateManager.add_variable")

    def get_variable(self, feature_column: Any, name: str) -> Any:
        """Returns a variable of a column."""
        raise NotImplementedError("StateManager.get_var")

    def add_resource(self, feature_column: Any, name: str, resource: Any) -> None:
        """Keeps a table of a column."""
        raise NotImplementedError("StateManager.add_resource")

    def get_resource(self, feature_column: Any, name: str) -> Any:
        """Returns a table of a column."""
        raise NotImplementedError("StateManager.get_resource")


class _StateManagerImpl(StateManager):
    """Makes the variables as those of a layer, in the present variable scope.

    Args:
        layer: the layer that owns them; None: there are only tables.
        trainable: whether optimizers change them.
    """

    def __init__(self, layer: Any, trainable: bool) -> None:
        self._trainable = trainable
        self._layer = layer
        self._variables: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self._resources: defaultdict[Any, dict[str, Any]] = defaultdict(dict)

    def create_variable(
        self,
        feature_column: Any,
        name: str,
        shape: Any,
        dtype: Any = None,
        trainable: bool = True,
        use_resource: bool = True,
        initializer: Any = None,
    ) -> Any:
        """Makes a variable of a column.

        Raises:
            ValueError: if it has one of that name.
        """
        if name in self._variables[feature_column]:
            raise ValueError("Variable already exists.")
        made = self._layer.add_variable(
            name=name,
            shape=shape,
            dtype=dtype,
            initializer=initializer,
            trainable=self._trainable and trainable,
            use_resource=use_resource,
            getter=get_variable,
        )
        self._variables[feature_column][name] = made
        return made

    def get_variable(self, feature_column: Any, name: str) -> Any:
        """Returns a variable of a column.

        Raises:
            ValueError: if it has none of that name.
        """
        if name not in self._variables[feature_column]:
            raise ValueError("Variable does not exist.")
        return self._variables[feature_column][name]

    def add_resource(self, feature_column: Any, name: str, resource: Any) -> None:
        """Keeps a table of a column."""
        self._resources[feature_column][name] = resource

    def get_resource(self, feature_column: Any, name: str) -> Any:
        """Returns a table of a column.

        Raises:
            ValueError: if it has none of that name.
        """
        if name not in self._resources[feature_column]:
            raise ValueError("Resource does not exist.")
        return self._resources[feature_column][name]
