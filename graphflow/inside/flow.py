"""Names of control_flow_ops and control_flow_util that are not public."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.operation import Operation
from graphflow.ops.identity import identity

ENABLE_CONTROL_FLOW_V2: Final = False


def with_dependencies(
    dependencies: Iterable[Any], output_tensor: Any, name: str | None = None
) -> Any:
    """Returns a tensor that is computed after `dependencies`.

    Args:
        dependencies: operations or tensors.
        output_tensor: the tensor.
        name: the node's name.
    """
    needed = list(dependencies)
    with (
        scopes.name_scope(name, "control_dependency", [*needed, output_tensor]) as scope,
        scopes.colocate_with(output_tensor),
        scopes.control_dependencies(needed),
    ):
        return identity(output_tensor, name=scope)


def EnableControlFlowV2(graph: Any) -> bool:
    """Returns False."""
    return False


def IsInWhileContext(op: Operation) -> bool:
    """Returns whether an operation is in the body of a loop."""
    context = getattr(op, "_control_flow_context", None)
    return context is not None and bool(getattr(context, "IsWhileContext", lambda: False)())


def _type_is(*kinds: str) -> Any:
    def check(op: Operation) -> bool:
        return op.type in kinds

    return check


IsSwitch: Final = _type_is("Switch", "RefSwitch")
IsMerge: Final = _type_is("Merge", "RefMerge")
IsLoopEnter: Final = _type_is("Enter", "RefEnter")
IsLoopExit: Final = _type_is("Exit", "RefExit")
IsCondSwitch: Final = IsSwitch
