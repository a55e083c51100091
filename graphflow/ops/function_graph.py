"""The body of a function while it is declared: a graph that takes in what it uses from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType
from graphflow.core.graph import Graph
from graphflow.core.opdef import OpDef
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.variable_scope import variable_scope


class FunctionGraph(Graph):
    """A function's body.

    A tensor from outside becomes one more argument when an operation inside takes it; variables
    belong to the graph outside.

    Args:
        outer: the graph in which the function is declared.
        in_order: whether operations with state run in the order of their declaration, as in
            `tf.function`.
    """

    def __init__(self, outer: Graph, in_order: bool = False) -> None:
        super().__init__()
        self.outer_graph = outer
        self.building_function = True
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []
        self.captured: dict[Tensor, Tensor] = {}
        """What stands inside for a tensor from outside, in the order of the arguments."""
        self._collections = outer._collections
        self._in_order = in_order
        self._last: Operation | None = None

    def add(
        self,
        definition: OpDef,
        inputs: Sequence[Tensor],
        attrs: Mapping[str, Any],
        name: str,
        dtypes: Iterable[DType],
    ) -> Operation:
        """Appends an operation; takes in those of its inputs that come from outside."""
        own = [
            t if t.__class__ is Tensor and t.op.graph is self else self.capture(t, name)
            for t in inputs
        ]
        op = super().add(definition, own, attrs, name, dtypes)
        if self._in_order and definition.is_stateful and definition.name != "VarHandleOp":
            if self._last is not None and self._flow is None:
                op._add_control_inputs([self._last])
            self._last = op
        return op

    def capture(self, tensor: Tensor, scope: str = "") -> Tensor:
        """Returns what stands for a tensor from outside.

        Args:
            tensor: from the graph around, or the graphs around that.
            scope: the name scope of a new argument.
        """
        found = self.captured.get(tensor)
        if found is None:
            found = self._argument(tensor.dtype.base_dtype, tensor.dims, scope, None)
            self.captured[tensor] = found
        return found

    def argument(self, dtype: DType, dims: Any, name: str) -> Tensor:
        """Adds an argument of the function."""
        return self._argument(dtype, dims, "", name)

    def _argument(self, dtype: DType, dims: Any, scope: str, name: str | None) -> Tensor:
        outer, self._name_stack = self._name_stack, scope
        flow, self._flow = self._flow, None  # an argument stands outside of loops and branches
        try:
            with self.as_default(), self.control_dependencies(None):
                found: Tensor = apply("Placeholder", dtype=dtype, shape=dims, name=name)
        finally:
            self._name_stack, self._flow = outer, flow
        found.dims = dims
        self.inputs.append(found)
        return found

    def declare(self, function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
        """Calls a Python function inside this graph, and returns what it returns."""
        with self.as_default(), variable_scope("", custom_getter=self._variable):
            return function(*arguments)

    def result(self, value: Any) -> Tensor:
        """Returns a result of the function as a tensor of this graph."""
        with self.as_default():
            tensor: Tensor = convert(value)
        inside = tensor.__class__ is Tensor and tensor.op.graph is self
        return tensor if inside else self.capture(tensor)

    def _variable(self, getter: Callable[..., Any], name: str, *args: Any, **kwargs: Any) -> Any:
        """Makes or finds a variable in the graph outside."""
        with self.outer_graph.as_default():
            return getter(name, *args, **kwargs)
