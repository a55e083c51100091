"""Names of tensorflow.python.ops.variable_scope that are not public."""

from __future__ import annotations

from typing import Any

from graphflow.ops.variable_scope import resource_variables_enabled, store_of_graph
from graphflow.ops.variable_store import VariableStore


def _get_default_variable_store() -> VariableStore:
    """Returns the variables that `get_variable` has made in the default graph."""
    return store_of_graph()


def __getattr__(name: str) -> Any:
    if name == "_DEFAULT_USE_RESOURCE":
        return resource_variables_enabled()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
