"""The gradient of a loop: another loop, which runs as often, over the iterations in reverse.

Each iteration of the new loop walks back through the body once. What it needs of the body's own
values is pushed on stacks while the loop runs and popped here. The walk first uses those values as
if they stood beside it; only what is still needed at its end gets a stack.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np

from graphflow.core import convert
from graphflow.core.constant import constant_value
from graphflow.core.declare import apply
from graphflow.core.dtypes import as_dtype
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import shape_of
from graphflow.ops.flow_context import output_context
from graphflow.ops.flow_ops import enter, exit_, merge, next_iteration, switch
from graphflow.ops.flow_stack import new_stack
from graphflow.ops.flow_while import WhileContext
from graphflow.ops.indexed_slices import IndexedSlices

Walk = Callable[[Sequence[Tensor], Sequence[Tensor], Sequence[Any], WhileContext], list[Any]]
"""Walks back inside a body: `walk(ys, xs, dys, loop)` returns the gradient of each x."""

_SHAPES: Final = frozenset({"Shape", "Size", "Rank"})


def loops_open_in(context: Any) -> frozenset[Any]:
    """The loops that a context stands in."""
    found = []
    loop = None if context is None else context.while_context()
    while loop is not None:
        found.append(loop)
        outer = loop.outer_context
        loop = None if outer is None else outer.while_context()
    return frozenset(found)


def loop_around(op: Operation, open_loops: frozenset[Any]) -> Any:
    """The outermost loop around an operation, but for those that the gradient stands in too."""
    found = None
    loop = None if op._flow is None else op._flow.while_context()
    while loop is not None and loop not in open_loops:
        found = loop
        outer = loop.outer_context
        loop = None if outer is None else outer.while_context()
    return found


@contextlib.contextmanager
def inside(graph: Any, context: Any) -> Iterator[None]:
    """A context in which operations are declared in a branch or loop, or outside of all (None)."""
    with graph.control_dependencies(None):
        graph._flow = context
        yield


class LoopGradient:
    """The gradient of one loop in one call of `tf.gradients`.

    Args:
        loop: the loop.
        ops: those of its operations that lie between the xs and the ys.
        walk: walks back inside the body.
    """

    def __init__(self, loop: WhileContext, ops: Sequence[Operation], walk: Walk) -> None:
        if loop.grad_state is not None:
            raise TypeError("Second-order gradient for while loops not supported.")
        self.loop = loop
        self.graph = loop.graph
        self.walk = walk
        between = set(ops)
        self.variables = [v for v in _variables(loop) if v.merge in between]
        self.invariants = [
            op
            for op in ops
            if op.definition.flow == "enter" and op.attrs["is_constant"] and op._flow is loop
        ]
        self.popped: dict[Tensor, Tensor] = {}
        self.shapes: dict[Operation, Tensor] = {}

    def is_forward(self, tensor: Tensor) -> bool:
        """Whether a tensor is one of the loop's own, of which there is one each iteration."""
        context = output_context(tensor.op)
        return context is not None and context.while_context() is self.loop

    # --- the new loop ---
    def build(self, dys: Sequence[Any]) -> list[tuple[Tensor, Any]]:
        """Declares the new loop.

        Args:
            dys: for each of `variables` the gradient that arrives at its Exit, or None.

        Returns:
            (a tensor that goes into the loop, its gradient) pairs.
        """
        total = self._count()
        made = self.made = WhileContext(
            self.loop.maximum_iterations,
            self.loop.parallel_iterations,
            self.loop.back_prop,
            self.loop.swap_memory,
            name=self.loop.name,
            grad_state=self,
        )
        one = convert.constant(np.array(1, np.int32), total.dtype, "b_count")
        starts = [
            zeros_like(v.exit) if dy is None else dy
            for v, dy in zip(self.variables, map(_dense, dys), strict=True)
        ]
        counter = self._variable(total, "b_count", None)
        with made:
            made.pivot_for_pred = counter.merge
            made.pivot = apply(
                "LoopCond", apply("GreaterEqual", counter.merge, one), name="b_count"
            )
            index = apply("Sub", self._switched(counter), one)
        made.pivot_for_body = index
        carried = [
            self._variable(s, "b_var", v.exit.dims)
            for s, v in zip(starts, self.variables, strict=True)
        ]
        before = self.graph.version
        with made:
            arrived = [self._switched(v) for v in carried]
            found = self._back(arrived)
        self._close(counter, index)
        ends: list[Tensor] = [index]
        for c, dy in zip(carried, found[: len(carried)], strict=True):
            self._close(c, dy)
            ends.append(dy)
        sums = [
            None if dx is None else self._accumulated(op, dx, ends)
            for op, dx in zip(self.invariants, found[len(carried) :], strict=True)
        ]
        self._finish(before, ends)
        self._bring(before, counter.merge.op.inputs[1].op)
        result: list[tuple[Tensor, Any]] = []
        for v, c in zip(self.variables, carried, strict=True):
            result.append((v.enter.inputs[0], self._exit(c)))
        for op, sum_ in zip(self.invariants, sums, strict=True):
            if sum_ is not None:
                result.append((op.inputs[0], sum_()))
        return result

    def _back(self, dys: Sequence[Tensor]) -> list[Any]:
        xs = [v.inside for v in self.variables] + [op.outputs[0] for op in self.invariants]
        found = self.walk([v.last for v in self.variables], xs, dys, self.loop)
        n = len(self.variables)
        return [
            zeros_like(x) if dx is None else _dense(dx)
            for x, dx in zip(xs[:n], found[:n], strict=True)
        ] + found[n:]

    # --- parts of a loop ---
    def _variable(self, start: Tensor, name: str, dims: Any) -> _Carried:
        made = self.made
        outer = made.outer_context
        if outer is not None:
            start = outer.add_value(start)
        made.values.add(start)
        with inside(self.graph, made):
            entered = enter(
                start, made.name, parallel_iterations=made.parallel_iterations,
                use_input_shape=False, name=name,
            )  # fmt: skip
            entered.set_shape(start.shape if dims is None else dims)
            merged = merge([entered, entered], name=name)[0]
        made.loop_enters.append(entered)
        return _Carried(merged, name)

    def _switched(self, carried: _Carried) -> Tensor:
        carried.switched = switch(carried.merge, self.made.pivot)
        found: Tensor = carried.switched[1]
        return found

    def _close(self, carried: _Carried, value: Tensor) -> None:
        with inside(self.graph, self.made):
            carried.merge.op._update_input(1, next_iteration(value))

    def _exit(self, carried: _Carried) -> Tensor:
        with self.made:
            found: Tensor = exit_(carried.switched[0], name=carried.name)
        self.made.loop_exits.append(found)
        self.made.exit_result([found])
        return found

    def _count(self) -> Tensor:
        """Counts the iterations of the loop; returns how many there were."""
        loop = self.loop
        with inside(self.graph, loop.outer_context):
            zero = convert.constant(np.array(0, np.int32), as_dtype("int32"), "f_count")
        loop.values.add(zero)
        with inside(self.graph, loop):
            entered = enter(
                zero, loop.name, parallel_iterations=loop.parallel_iterations, name="f_count"
            )
            merged = merge([entered, entered])[0]
            switched = switch(merged, loop.pivot)
            self.forward_index = apply("Add", switched[1], np.array(1, np.int32))
            self.forward_next = next_iteration(self.forward_index)
            merged.op._update_input(1, self.forward_next)
            total: Tensor = exit_(switched[0], name="f_count")
        loop.loop_enters.append(entered)
        loop.loop_exits.append(total)
        loop.exit_result([total])
        self.forward_sync: Operation | None = None
        self.sync: Operation | None = None
        return total

    # --- what is the same in every iteration ---
    def _accumulated(self, op: Operation, dx: Any, ends: list[Tensor]) -> Callable[[], Any]:
        """Adds up the gradient of an invariant over the iterations."""
        if isinstance(dx, IndexedSlices):
            return self._gathered(op, dx, ends)
        start = self._outside(lambda: _zeros_of(dx, op.inputs[0]))
        carried = self._variable(start, "b_acc", dx.dims)
        with self.made:
            total = apply("Add", self._switched(carried), dx)
        self._close(carried, total)
        ends.append(total)
        return lambda: self._exit(carried)

    def _gathered(self, op: Operation, dx: IndexedSlices, ends: list[Tensor]) -> Callable[[], Any]:
        """Collects the rows of sparse gradients over the iterations."""
        dims = dx.values.dims
        if dims is None or None in dims[1:]:
            width = self._outside(lambda: apply("Shape", _value_of(op.inputs[0])))
            empty = self._outside(
                lambda: apply(
                    "Fill",
                    apply("ConcatV2", [[0], width[1:]], np.array(0, np.int32)),
                    np.zeros((), dx.values.dtype.as_numpy_dtype),
                )
            )
        else:
            zeros: Any = np.zeros((0, *map(int, dims[1:])), dx.values.dtype.as_numpy_dtype)  # type: ignore[arg-type]  # none is None
            empty = self._outside(lambda: convert.constant(zeros, dx.values.dtype, "b_acc"))
        none = np.zeros(0, dx.indices.dtype.as_numpy_dtype)
        rows = self._outside(lambda: convert.constant(none, dx.indices.dtype, "b_acc"))
        inner = None if dims is None else (None, *dims[1:])
        parts = []
        for start, new, shape in ((empty, dx.values, inner), (rows, dx.indices, (None,))):
            carried = self._variable(start, "b_acc", shape)
            if shape is None:
                carried.merge.dims = None
            with self.made:
                total = apply("ConcatV2", [self._switched(carried), new], np.array(0, np.int32))
            self._close(carried, total)
            ends.append(total)
            parts.append(carried)

        def result() -> IndexedSlices:
            values, indices = (self._exit(p) for p in parts)
            shape = self._outside(lambda: convert.convert(shape_of(_value_of(op.inputs[0]))))
            return IndexedSlices(values, indices, shape)

        return result

    def _outside(self, make: Callable[[], Any]) -> Any:
        with inside(self.graph, self.made.outer_context):
            return make()

    # --- what is needed of the loop's own values ---
    def _finish(self, before: int, ends: Sequence[Tensor]) -> None:
        """Takes back what the walk declared and nobody uses."""
        graph = self.graph
        used: set[Operation] = set()
        fresh = graph._operations[before:]
        stack = [t.op for t in ends]
        stack += [op for op in fresh if op.definition.is_stateful]
        stack += [op for op in fresh if op.definition.flow in ("next", "exit", "condition")]
        stack += [op for op in fresh if not self.made.contains(op._flow)]
        while stack:
            op = stack.pop()
            if op._id > before and op not in used:
                used.add(op)
                stack += [t.op for t in op.inputs]
                stack += op.control_inputs
        graph.remove(before, used)
        context: Any = self.made
        while context is not None:
            gone = [k for k, t in context.external.items() if graph._by_name.get(t.op.name) is None]
            for k in gone:
                del context.external[k]
                context.values.discard(k)
            context = context.outer_context

    def _bring(self, before: int, counted: Operation) -> None:
        """Puts what a stack gives in the place of the loop's own values."""
        for op in self.graph._operations[before:]:
            if not self.made.contains(op._flow):
                continue
            for i, t in enumerate(op.inputs):
                if self.is_forward(t):
                    op._update_input(i, self._history(t))
                elif t.op.type in _SHAPES and self.is_forward(t.op.inputs[0]):
                    op._update_input(i, self._shape_history(t.op))
        if self.sync is not None:
            counted._add_control_input(self.sync)

    def _shape_history(self, op: Operation) -> Tensor:
        """The shape of a value of the loop: not the value is kept, but its shape."""
        if op not in self.shapes:
            source = op.inputs[0]
            with inside(self.graph, output_context(source.op)):
                attrs = {"out_type": op.attrs["out_type"]} if "out_type" in op.attrs else {}
                self.shapes[op] = apply(op.type, source, **attrs)
        return self._history(self.shapes[op])

    def _history(self, tensor: Tensor) -> Tensor:
        """What stands in the new loop for a value of the loop."""
        found = self.popped.get(tensor)
        if found is None:
            found = self.popped[tensor] = self._brought(tensor)
        return found

    def _brought(self, tensor: Tensor) -> Tensor:
        op = tensor.op
        if op.type in ("Enter", "RefEnter") and op.attrs["is_constant"]:
            with inside(self.graph, self.made):
                return self.made.add_value(op.inputs[0])
        value = constant_value(tensor)
        if value is not None:
            with inside(self.graph, self.made):
                return convert.constant(value, tensor.dtype.base_dtype)
        return self._popped(tensor, self._pushed(tensor))

    def _pushed(self, tensor: Tensor) -> Tensor:
        """Pushes a value in each iteration of the loop; returns the stack."""
        dtype = tensor.dtype.base_dtype
        with inside(self.graph, self.loop.outer_context):
            handle = new_stack(dtype, "f_acc")
        with inside(self.graph, output_context(tensor.op)):
            pushed = apply("StackPushV2", handle, tensor, swap_memory=self.loop.swap_memory)
        if self.forward_sync is None:
            with inside(self.graph, self.loop):
                self.forward_sync = apply("ControlTrigger", name="f_sync")
            self.forward_sync._remove_all_control_inputs()
            self.forward_next.op._add_control_input(self.forward_sync)
        # TensorFlow runs iterations side by side. A push has to come after its own iteration has
        # been counted, and before the next one is: else two pushes can change places.
        pushed.op._add_control_input(self.forward_index.op)
        self.forward_sync._add_control_input(pushed.op)
        return handle

    def _popped(self, tensor: Tensor, handle: Tensor) -> Tensor:
        branch = self._branch_of(tensor)
        with inside(self.graph, self.made):
            source = self.made.add_value(handle)
            if branch is not None:
                source = switch(source, self._history(branch.pred))[branch.branch]
            value: Tensor = apply("StackPopV2", source, elem_type=tensor.dtype.base_dtype)
            value.set_shape(tensor.shape)
            if self.sync is None:
                self.sync = apply("ControlTrigger", name="b_sync")
                self.sync._remove_all_control_inputs()
        self.sync._add_control_input(value.op)
        return value

    def _branch_of(self, tensor: Tensor) -> Any:
        """The innermost branch of `cond` inside the loop that makes a tensor, or None."""
        context = output_context(tensor.op)
        while context is not None and context is not self.loop:
            if context.is_cond:
                return context
            context = context.outer_context
        return None


class _Carried:
    """A variable of the new loop in the making."""

    __slots__ = ("merge", "name", "switched")

    def __init__(self, merged: Tensor, name: str) -> None:
        self.merge = merged
        self.name = name
        self.switched: Any = None


class _Variable:
    """A variable of the loop: where it enters, starts an iteration, ends it, and leaves."""

    __slots__ = ("enter", "exit", "inside", "last", "merge")

    def __init__(self, entered: Operation, merged: Operation, exited: Tensor) -> None:
        self.enter = entered
        self.merge = merged
        self.exit = exited
        self.inside: Tensor = exited.op.inputs[0].op.outputs[1]
        self.last: Tensor = merged.inputs[1].op.inputs[0]


def _variables(loop: WhileContext) -> list[_Variable]:
    found = []
    for exited in loop.loop_exits:
        merged = exited.op.inputs[0].op.inputs[0].op
        found.append(_Variable(merged.inputs[0].op, merged, exited))
    return found


def _dense(dy: Any) -> Any:
    return convert.convert(dy) if isinstance(dy, IndexedSlices) else dy


def _value_of(x: Tensor) -> Tensor:
    found: Tensor = apply("ReadVariableOp", x, dtype=_dtype_of(x)) if x.dtype.kind == "R" else x
    return found


def _dtype_of(handle: Tensor) -> Any:
    return handle.op.attrs["dtype"]


def _zeros_of(dx: Tensor, x: Tensor) -> Tensor:
    """Zeros in the shape of a gradient."""
    if dx.dims is not None and None not in dx.dims:
        zeros: Any = np.zeros(dx.shape.as_list(), dx.dtype.as_numpy_dtype)
        return convert.constant(zeros, dx.dtype.base_dtype, "b_acc")
    found: Tensor = apply("ZerosLike", _value_of(x), name="b_acc")
    return found


def zeros_like(x: Tensor) -> Tensor:
    """Zeros in the shape of a tensor; where the shape is known, without using the tensor."""
    if x.dims is not None and None not in x.dims:
        kind = x.dtype.base_dtype
        zeros: Any = np.zeros(x.shape.as_list(), kind.as_numpy_dtype)
        return convert.constant(zeros, kind, "zeros")
    found: Tensor = apply("ZerosLike", x)
    return found
