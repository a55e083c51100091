"""What a variable starts with: checked, and made safe where it depends on other variables."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.variables import Variable


def check_initial_value(initial_value: Any, constraint: Any) -> None:
    """Raises ValueError if the two cannot be what a variable starts and goes on with."""
    if initial_value is None:
        raise ValueError("initial_value must be specified.")
    if constraint is not None and not callable(constraint):
        raise ValueError("The `constraint` argument must be a callable.")


class _Group:
    """Stands in for an operation that does not exist yet: new operations belong beside it."""

    _device = ""

    def __init__(self, name: str) -> None:
        self.name = name

    def colocation_groups(self) -> list[bytes]:
        return [b"loc:@" + self.name.encode()]


@contextlib.contextmanager
def beside(name: str) -> Iterator[None]:
    """A context whose operations are noted to belong beside the variable `name`.

    Args:
        name: the variable's node, which may not exist yet.
    """
    graph = scopes.get_default_graph()
    old = graph._colocation_stack
    if not old:  # what stands around takes precedence
        graph._colocation_stack = [_Group(name)]  # type: ignore[list-item]  # as good as an operation here
    try:
        yield
    finally:
        graph._colocation_stack = old


_STOPS: Final = ("IsVariableInitialized", "VarIsInitializedOp", "ReadVariableOp", "If")
_VARIABLES: Final = ("Variable", "VariableV2", "VarHandleOp")


def guard_initial_value(scope: str, initial_value: Tensor) -> Tensor:
    """Returns the initial value with other variables' `initialized_value` in place of a read.

    All initializers of a graph run in one run, in no order; a value computed from another
    variable must not find that one uninitialized.

    Args:
        scope: the new variable's name scope; new nodes are named after it.
        initial_value: the initial value as declared.
    """
    ancestors = _ancestors(initial_value.op)
    if not any(op.type in _VARIABLES for op in ancestors):
        return initial_value
    replaced: dict[Operation, Operation] = {}
    for op in sorted(ancestors, key=lambda op: op._id):
        if op.type in _VARIABLES:
            start = _initialized_value_of(op)
            if start is not None:
                replaced[op] = start.op
        elif any(t.op in replaced for t in op.inputs):
            replaced[op] = _copied(op, scope, replaced)
    source = replaced.get(initial_value.op, initial_value.op)
    return source.outputs[initial_value.value_index]


def _ancestors(op: Operation) -> set[Operation]:
    found: set[Operation] = set()
    pending = [op]
    while pending:
        current = pending.pop()
        if current in found or current.type in _STOPS:
            continue
        found.add(current)
        pending += [t.op for t in current.inputs]
    return found


def _initialized_value_of(variable_op: Operation) -> Tensor | None:
    for key in (GraphKeys.GLOBAL_VARIABLES, GraphKeys.LOCAL_VARIABLES):
        for var in variable_op.graph.get_collection(key):
            if isinstance(var, Variable) and var.op is variable_op:
                return var.initialized_value()
    return None


def _copied(op: Operation, scope: str, replaced: dict[Operation, Operation]) -> Operation:
    graph = op.graph
    inputs = [replaced.get(t.op, t.op).outputs[t.value_index] for t in op.inputs]
    name = graph.enter_name(f"{op.name}_{scope}".replace(":", "_"))
    made: Operation = graph.add(
        op.definition, inputs, dict(op.attrs), name, [t.dtype for t in op.outputs]
    )
    return made
