"""What a variable starts with: checked, and made safe where it depends on other variables."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.opdef import REGISTRY
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.variables import Variable


def check_initial_value(initial_value: Any, constraint: Any) -> None:
    """Raises ValueError if the two cannot be what a variable starts and goes on with."""
    if initial_value is None:
        raise ValueError("initial_value must be specified.")
    if constraint is not None and not callable(constraint):
        raise ValueError("The `constraint` argument must be a callable.")


def check_outside_of_flow(start: Tensor, scope: str) -> None:
    """Raises ValueError if a variable's initial value is made inside a loop or a branch."""
    if start.op._get_control_flow_context() is not None:
        raise ValueError(
            f"Initializer for variable {scope} is from inside a control-flow construct, such as a "
            "loop or conditional. When creating a variable inside a loop or conditional, use a "
            "lambda as the initializer."
        )


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
    order = _inputs_first(initial_value.op)
    if order is None or not any(op.type in _VARIABLES for op in order):
        return initial_value
    replaced: dict[Operation, Operation] = {}
    for op in order:
        if op.type in _VARIABLES:
            start = _initialized_value_of(op)
            if start is not None:
                replaced[op] = start.op
        elif any(t.op in replaced for t in op.inputs):
            replaced[op] = _copied(op, scope, replaced)
    source = replaced.get(initial_value.op, initial_value.op)
    return source.outputs[initial_value.value_index]


def _inputs_first(op: Operation) -> list[Operation] | None:
    """What an operation is computed from, each after its inputs; None if there is a loop."""
    order: list[Operation] = []
    done: dict[Operation, bool] = {}  # False while the inputs are on their way
    pending = [op]
    while pending:
        current = pending[-1]
        if current not in done:
            done[current] = False
            sources = [] if current.type in _STOPS else [t.op for t in current.inputs]
            if any(done.get(source) is False for source in sources):
                return None
            pending += [source for source in reversed(sources) if source not in done]
            continue
        pending.pop()
        if not done[current]:
            done[current] = True
            if current.type not in _STOPS:
                order.append(current)
    return order


def _initialized_value_of(variable_op: Operation) -> Tensor | None:
    for key in (GraphKeys.GLOBAL_VARIABLES, GraphKeys.LOCAL_VARIABLES):
        for var in variable_op.graph.get_collection(key):
            if isinstance(var, Variable) and var.op is variable_op:
                return var.initialized_value()
    return None


def _copied(op: Operation, scope: str, replaced: dict[Operation, Operation]) -> Operation:
    graph = op.graph
    definition = REGISTRY["Switch"] if op.type == "RefSwitch" else op.definition
    inputs = [replaced.get(t.op, t.op).outputs[t.value_index] for t in op.inputs]
    name = graph.enter_name(f"{op.name}_{scope}".replace(":", "_"))
    made: Operation = graph.add(
        definition, inputs, dict(op.attrs), name, [t.dtype.base_dtype for t in op.outputs]
    )
    return made
