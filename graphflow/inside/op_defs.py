"""tensorflow.python.framework.op_def_registry: the operation types as OpDef messages."""

from __future__ import annotations

from typing import Any

from graphflow.core.generated import op_types
from graphflow.core.opdef import REGISTRY
from graphflow.formats.graph_def import op_def


def get(name: str) -> Any:
    """Returns the OpDef message of an operation type, or None."""
    return op_def(REGISTRY[name]) if name in REGISTRY else None


def get_registered_ops() -> dict[str, Any]:
    """Returns the OpDef messages of all operation types by name."""
    return {name: op_def(REGISTRY[name]) for name in op_types()}


def register_op_list(op_list: Any) -> None:
    """Does nothing: every operation type there is, is known."""
