"""Control-flow contexts: where a new operation stands, and how it reaches values from outside.

While a branch of `cond` or a body of `while_loop` is declared, its context is the graph's current
one. It sees every new operation and replaces inputs from outside by what the branch or loop may
use: the output of a Switch, or of an Enter. Contexts nest; each asks the one around it first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphflow.core import scopes
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.formats import proto
from graphflow.formats.meta_graph_collections import prepend_scope, strip_scope
from graphflow.ops.flow_ops import switch_ref_or_tensor


class FlowContext:
    """What branches and loops share.

    Args:
        name: its name, unique in the graph.
    """

    is_cond = False
    is_while = False

    def __init__(self, name: str) -> None:
        graph = scopes.get_default_graph()
        self.graph = graph
        self.name = name
        self.outer_context: Any = graph._flow
        self.nested: list[FlowContext] = []
        if self.outer_context is not None:
            self.outer_context.nested.append(self)
        self.values: set[Tensor] = set()
        """The tensors that operations inside may use as they are."""
        self.external: dict[Tensor, Tensor] = {}
        """What stands inside for a tensor from outside."""
        self._before: list[Any] = []

    # --- being the current one ---
    def enter(self) -> None:
        """Makes this the current context."""
        self._before.append(self.graph._flow)
        self.graph._flow = self

    def exit(self) -> None:
        """Makes the context from before the current one."""
        self.graph._flow = self._before.pop()

    def __enter__(self) -> FlowContext:
        self.enter()
        return self

    def __exit__(self, *exc: object) -> None:
        self.exit()

    # --- facts ---
    def while_context(self) -> Any:
        """The innermost loop around, or None."""
        return self.outer_context.while_context() if self.outer_context is not None else None

    @property
    def grad_state(self) -> Any:
        """The gradient that the loop around belongs to, or None."""
        loop = self.while_context()
        return None if loop is None else loop.grad_state

    def control_pivot(self) -> Any:
        """The tensor that operations without inputs wait for, or None."""
        return None

    def contains(self, other: Any) -> bool:
        """True for this context and all inside it."""
        while other is not None:
            if other is self:
                return True
            other = other.outer_context
        return False

    def check_use(self, source: Operation, user: Operation) -> None:
        """Checks that an operation may take what one in this context makes.

        Raises:
            ValueError: if it stands outside of the loop that this context is in.
        """
        here = output_context(source)
        loop = None if here is None else here.while_context()
        if loop is None or loop.grad_state is not None or user.definition.flow in _CROSSES:
            return
        around = None if user._flow is None else user._flow.while_context()
        if _is_inside(around, loop):
            return
        why = f"'{source.name}' is in a while loop"
        if around is not None:
            why = "they are in different while loops"
        raise ValueError(
            f"Cannot use '{source.name}' as input to '{user.name}' because {why}. See info log for "
            f"more details.\n  {source.name} stands in {source.site}\n  {user.name} "
            f"was made at {user.site}"
        )

    # --- new operations ---
    def add_op(self, op: Operation) -> None:
        """Takes in a new operation."""
        raise NotImplementedError

    def add_value(self, value: Tensor) -> Tensor:
        """Returns what stands inside for a tensor."""
        raise NotImplementedError

    def add_inner_op(self, op: Operation) -> None:
        """Hears of an operation in a context inside."""
        if self.outer_context is not None:
            self.outer_context.add_inner_op(op)

    def exit_result(self, results: Iterable[Tensor]) -> None:
        """Makes results known to the context around."""
        if self.outer_context is not None:
            self.outer_context.values.update(results)

    def seen_by_all(self, tensors: Iterable[Tensor]) -> None:
        """Makes tensors known here and in all contexts around."""
        found = list(tensors)
        context: Any = self
        while context is not None:
            context.values.update(found)
            context = context.outer_context

    def drop_outer_controls(self, op: Operation) -> tuple[list[Operation], list[Operation]]:
        """Removes the control inputs that stand outside the loop around.

        Returns:
            The control inputs that stay, and the others.
        """
        loop = self.while_context()
        if loop is None:
            return list(op.control_inputs), []
        inside: list[Operation] = []
        outside: list[Operation] = []
        for x in op.control_inputs:
            context = output_context(x)
            same = context is not None and context.while_context() is loop
            (inside if same else outside).append(x)
        if outside:
            op._remove_all_control_inputs()
            op._add_control_inputs(inside)
        return inside, outside

    def hide(self, op: Operation) -> None:
        """Says that no run may fetch or feed what the operation makes."""
        if self.outer_context is not None or op.type not in ("Exit", "RefExit"):
            op.graph.prevent_fetching(op)
            for t in op.outputs:
                op.graph.prevent_feeding(t)

    # --- files ---
    def values_to_proto(self, message: Any, export_scope: str | None) -> None:
        """Fills a ValuesDef message."""
        names = sorted(strip_scope(t.name, export_scope) for t in self.values)
        message.values.extend(names)
        for outside, inside in self.external.items():
            key = strip_scope(outside.name, export_scope)
            message.external_values[key] = strip_scope(inside.name, export_scope)

    def values_from_proto(self, message: Any, import_scope: str | None) -> None:
        """Reads a ValuesDef message."""
        graph = self.graph

        def tensor(name: str) -> Tensor:
            found: Tensor = graph.as_graph_element(prepend_scope(name, import_scope))
            return found

        for key, value in message.external_values.items():
            try:
                self.external[tensor(key)] = tensor(value)
            except KeyError:  # the outside was replaced by the import's input_map
                continue
        for name in message.values:
            try:
                self.values.add(tensor(name))
            except KeyError:
                continue
        for t in self.values - set(self.external):
            t.op._flow = self

    def nested_to_proto(self, message: Any, export_scope: str | None) -> None:
        """Adds the contexts inside to a message's nested_contexts."""
        for inner in self.nested:
            made = message.nested_contexts.add()
            part = made.cond_ctxt if inner.is_cond else made.while_ctxt
            part.CopyFrom(inner.to_proto(export_scope))  # type: ignore[attr-defined]  # both have it

    # TensorFlow's names, which programs call.
    Enter = enter
    Exit = exit
    AddOp = add_op
    AddValue = add_value
    GetWhileContext = while_context
    GetControlPivot = control_pivot
    ExitResult = exit_result
    AddInnerOp = add_inner_op

    def IsCondContext(self) -> bool:
        """True for a branch of `cond`."""
        return self.is_cond

    def IsWhileContext(self) -> bool:
        """True for a loop."""
        return self.is_while

    def IsXLAContext(self) -> bool:
        """Always False."""
        return False

    def __str__(self) -> str:
        return self.name


def output_context(op: Operation) -> Any:
    """The context in which an operation's results may be used, or None."""
    context = op._flow
    if context is not None and op.type in ("Exit", "RefExit"):
        return context.outer_context
    return context


_CROSSES = ("enter", "switch")


def _is_inside(context: Any, loop: Any) -> bool:
    """Whether a context stands in a loop, or in the gradient of one."""
    while context is not None:
        if context is loop or context.grad_state is not None:
            return True
        context = context.outer_context
    return False


class CondContext(FlowContext):
    """One branch of `cond`.

    Args:
        pred: the bool that chooses.
        pivot: what operations without inputs wait for: it is there when the branch runs.
        branch: 1 for the branch of a true `pred`, 0 for the other.
        name: its name in the graph.
    """

    is_cond = True

    def __init__(self, pred: Tensor, pivot: Tensor, branch: int, name: str = "cond_text") -> None:
        super().__init__(scopes.get_default_graph().unique_name(name))
        self.pred = pred
        self.pivot = pivot
        self.branch = branch
        self.values.update((pred, pivot))
        self.external[pred] = pred
        pivot.op._flow = self

    def control_pivot(self) -> Tensor:
        """The pivot."""
        return self.pivot

    def add_value(self, value: Tensor) -> Tensor:
        """Returns what stands in the branch for a tensor: the output of a Switch."""
        if value in self.values:
            return self.external.get(value, value)
        self.values.add(value)
        result = value
        outer = self.outer_context
        if outer is not None:
            result = outer.add_value(value)
            self.values.add(result)
            self.external[result] = result
        with scopes.control_dependencies(None):
            result = self._through_switch(result)
            if outer is not None:
                outer.add_inner_op(result.op)
        self.graph.prevent_fetching(result.op)
        result.op._flow = self
        self.seen_by_all([result])
        self.external[value] = result
        return result

    def add_op(self, op: Operation) -> None:
        """Takes in a new operation: its inputs from outside go through a Switch."""
        if op.inputs:
            for i, x in enumerate(op.inputs):
                back_edge = op.type == "Merge" and x.op.type == "NextIteration"
                inside = x if back_edge else self.add_value(x)
                if inside is not x:
                    op._update_input(i, inside)
            self.drop_outer_controls(op)
            if op.type in self.graph._functions or op.type == "SymbolicGradient":
                op._add_control_input(self.pivot.op)
        else:
            self.drop_outer_controls(op)
            if not any(self.contains(x._flow) for x in op.control_inputs):
                op._add_control_input(self.pivot.op)
        self.seen_by_all(op.outputs)
        self.hide(op)
        if self.outer_context is not None:
            self.outer_context.add_inner_op(op)

    def output(self, value: Tensor) -> Tensor:
        """Returns what the branch hands out for a result; one from outside goes through Switch."""
        if value in self.values:
            return self.external.get(value, value)
        self.values.add(value)
        result = value
        if self.outer_context is not None:
            result = self.outer_context.add_value(value)
            self.values.add(result)
            self.external[result] = result
        result = self._through_switch(result)
        self.external[value] = result
        return result

    def _through_switch(self, value: Tensor) -> Tensor:
        found: Tensor = switch_ref_or_tensor(value, self.pred)[self.branch]
        return found

    def to_proto(self, export_scope: str | None = None) -> Any:
        """Returns the CondContextDef message; None where it stands outside `export_scope`.

        Args:
            export_scope: a name scope to take off the names.
        """
        if export_scope is not None and not self.name.startswith(export_scope):
            return None
        made = proto.CondContextDef(
            context_name=strip_scope(self.name, export_scope),
            pred_name=strip_scope(self.pred.name, export_scope),
            pivot_name=strip_scope(self.pivot.name, export_scope),
            branch=self.branch,
        )
        self.values_to_proto(made.values_def, export_scope)
        self.nested_to_proto(made, export_scope)
        return made
