"""Control dependencies: the contexts that make new operations wait for others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphflow.core.graph import Graph
    from graphflow.core.operation import Operation


class ControlDependencies:
    """`with graph.control_dependencies([...])`: operations made inside wait for the listed ones.

    An operation that already takes an input made inside the same context waits through that
    input, and gets no control edge of its own (TensorFlow's rule; graphs stay readable).
    """

    __slots__ = ("_flow", "_graph", "_new_stack", "_old", "_seen", "inputs")

    def __init__(self, graph: Graph, inputs: list[Operation] | None) -> None:
        self._graph = graph
        self._new_stack = inputs is None
        self.inputs: list[Operation] = inputs or []
        self._seen: set[Operation] = set()
        self._old: list[ControlDependencies] = []
        self._flow: Any = None

    def __enter__(self) -> None:
        graph = self._graph
        if self._new_stack:
            # None clears what stands around: the innermost list starts afresh.
            self._old, graph._control_stack = graph._control_stack, []
            self._flow, graph._flow = graph._flow, None  # and leaves all branches and loops
        graph._control_stack.append(self)

    def __exit__(self, *exc: object) -> None:
        graph = self._graph
        if not graph._control_stack or graph._control_stack[-1] is not self:
            raise AssertionError("Control dependency contexts must be left in reverse order")
        graph._control_stack.pop()
        if self._new_stack:
            graph._control_stack = self._old
            graph._flow = self._flow


def as_operations(graph: Graph, control_inputs: Iterable[Any]) -> list[Operation]:
    """Returns the operations that control inputs stand for (operations, tensors, variables)."""
    found: dict[Operation, None] = {}
    for item in control_inputs:
        is_slices = hasattr(item, "indices") and hasattr(item, "dense_shape")
        if (is_slices or hasattr(item, "_handle")) and hasattr(item, "op"):
            item = item.op  # of a variable its handle, of an assignment to one the update
        element = graph.as_graph_element(item)
        found[getattr(element, "op", element)] = None
    return list(found)


def control_inputs_for(
    stack: list[ControlDependencies], input_ops: set[Operation]
) -> list[Operation]:
    """Returns the control inputs that a new operation with these input operations gets."""
    found: dict[Operation, None] = {}
    for context in stack:
        if context._seen.isdisjoint(input_ops):
            for op in context.inputs:
                if op not in input_ops:
                    found[op] = None
    return list(found)
