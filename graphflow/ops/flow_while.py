"""`while_loop`: operations that run again and again, until a condition is false."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphflow.core import nest, scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.control import control_inputs_for
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, TensorShape
from graphflow.core.tensor import Tensor
from graphflow.formats import proto
from graphflow.formats.meta_graph_collections import strip_scope
from graphflow.ops.flow_arrays import flows_to_arrays, to_flow
from graphflow.ops.flow_context import FlowContext, output_context
from graphflow.ops.flow_ops import (
    enter,
    exit_,
    identity,
    merge,
    next_iteration,
    switch_ref_or_tensor,
)
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.ops.tensor_array import TensorArray


class WhileContext(FlowContext):
    """The body and the condition of one loop.

    Args:
        maximum_iterations: an integer tensor, or None.
        parallel_iterations: noted on the nodes.
        back_prop: whether the loop may be differentiated.
        swap_memory: noted for files.
        name: its name in the graph, which names the loop's frame.
        grad_state: the gradient that this loop belongs to, or None.
    """

    is_while = True

    def __init__(
        self,
        maximum_iterations: Any = None,
        parallel_iterations: int = 10,
        back_prop: bool = True,
        swap_memory: bool = False,
        name: str = "while_context",
        grad_state: Any = None,
    ) -> None:
        if not isinstance(parallel_iterations, int) or parallel_iterations <= 0:
            raise ValueError(
                f"`parallel_iterations` must be a positive integer: {parallel_iterations}"
            )
        super().__init__(scopes.get_default_graph().unique_name(name))
        self.maximum_iterations = maximum_iterations
        self.parallel_iterations = parallel_iterations
        self.back_prop = back_prop
        self.swap_memory = swap_memory
        self._grad_state = grad_state
        self.pivot_for_pred: Any = None
        """What operations of the condition wait for, where they have no inputs."""
        self.pivot_for_body: Any = None
        """What operations of the body wait for, where they have no inputs."""
        self.pivot: Any = None
        """The condition: the output of LoopCond."""
        self.loop_exits: list[Tensor] = []
        self.loop_enters: list[Tensor] = []

    def while_context(self) -> WhileContext:
        """This loop."""
        return self

    @property
    def grad_state(self) -> Any:
        """The gradient that this loop belongs to, or None."""
        return self._grad_state

    def control_pivot(self) -> Tensor:
        """The pivot of the part that is being declared."""
        found: Tensor = (
            self.pivot_for_body if self.pivot_for_body is not None else (self.pivot_for_pred)
        )
        return found

    GetWhileContext = while_context
    GetControlPivot = control_pivot

    # --- operations inside ---
    def add_value(self, value: Tensor) -> Tensor:
        """Returns what stands in the loop for a tensor: an Enter of a constant."""
        if value in self.values or value.op._flow is self:
            return self.external.get(value, value)
        state = self._grad_state
        if state is not None and state.is_forward(value):
            return value  # the gradient brings it here when it knows that it is needed
        self.values.add(value)
        result = value
        if self.outer_context is not None:
            result = self.outer_context.add_value(value)
        with scopes.control_dependencies(None):
            entered = enter(
                result, self.name, is_constant=True, parallel_iterations=self.parallel_iterations
            )
            self.graph.prevent_feeding(entered)
            if self.outer_context is not None:
                self.outer_context.add_inner_op(entered.op)
        self.fix_enters([entered])
        self.values.add(entered)
        self.external[value] = entered
        return entered  # type: ignore[no-any-return]  # a Tensor

    def add_op(self, op: Operation) -> None:
        """Takes in a new operation: its inputs from outside go through an Enter."""
        if op.inputs:
            for i, x in enumerate(op.inputs):
                inside = self.add_value(x)
                if inside is not x:
                    op._update_input(i, inside)
            _, outside = self.drop_outer_controls(op)
            if not op.control_inputs and all(
                x.op.type in ("Enter", "RefEnter") and x.op.attrs["is_constant"] for x in op.inputs
            ):
                # Nothing else would keep it from running after the last iteration.
                op._add_control_input(self.control_pivot().op)
        else:
            inside_controls, outside = self.drop_outer_controls(op)
            if not inside_controls:
                op._add_control_input(self.control_pivot().op)
        self.values.update(op.outputs)
        if outside:
            with scopes.control_dependencies(None), self:
                waits = [identity(x.outputs[0]).op for x in outside if x.outputs]
            op._add_control_inputs(waits)
        self.hide(op)
        if self.outer_context is not None:
            self.outer_context.add_inner_op(op)

    AddOp = add_op
    AddValue = add_value

    def fix_enters(self, entered: Sequence[Tensor]) -> None:
        """Says that Enter operations belong here, and gives them the control inputs around."""
        graph = self.graph
        outer = self.outer_context
        outer_loop = None if outer is None else outer.while_context()
        for x in entered:
            kept = []
            for op in control_inputs_for(graph._control_stack, {x.op.inputs[0].op}):
                context, around = output_context(op), outer
                while around is not context and around is not None and around is not outer_loop:
                    around = around.outer_context
                if around is context:
                    kept.append(op)
            x.op._flow = self
            x.op._add_control_inputs(kept)
            for controls in graph._control_stack:
                controls._seen.add(x.op)

    # --- building ---
    def build(
        self,
        pred: Callable[..., Any],
        body: Callable[..., Any],
        loop_vars: Any,
        invariants: Any,
        same_structure: bool,
    ) -> Any:
        """Declares condition and body once, and closes the loop."""
        flows = [to_flow(x) for x in nest.flatten(loop_vars)]
        tensors = [x if hasattr(x, "_with_parts") else convert(x, as_ref=False) for x in flows]
        if invariants is None:
            invariants = [_invariant(x) for x in tensors]
        flat = [t for x in tensors for t in nest.flatten(x, expand_composites=True)]
        with self:
            original, exits = self._build(pred, body, loop_vars, flat, invariants)
        results = flows_to_arrays(nest.flatten(original, expand_composites=True), exits)
        packed = nest.pack_sequence_as(original, results, expand_composites=True)
        if same_structure:
            return packed
        return packed[0] if len(exits) == 1 else packed

    def _build(
        self, pred: Any, body: Any, loop_vars: Any, flat: list[Tensor], invariants: Any
    ) -> tuple[Any, list[Tensor]]:
        entered = self._entered(flat, invariants)
        originals = nest.flatten(loop_vars, expand_composites=True)
        merged = [merge([x, x])[0] for x in entered]
        self.pivot_for_pred = merged[0]

        def packed(values: Sequence[Tensor]) -> Any:
            whole = flows_to_arrays(originals, values)
            return nest.pack_sequence_as(loop_vars, whole, expand_composites=True)

        condition = convert(pred(*packed(merged)))
        self.pivot = apply("LoopCond", condition, name="LoopCond")
        switched = [switch_ref_or_tensor(x, self.pivot) for x in merged]
        inside = [identity(x[1]) for x in switched]
        self.pivot_for_body = inside[0]
        given = packed(inside)
        result = body(*given)
        if not (nest.is_nested(result) or hasattr(result, "_with_parts")):
            result = [result]
        result_list = result if hasattr(result, "_with_parts") else list(result)
        if hasattr(result, "_with_parts"):
            result, result_list = [result], [result]
        nest.assert_same_structure(list(given), result_list, expand_composites=True)
        values = self._values_of(result, given)
        for m, v in zip(merged, values, strict=True):
            self._close(m, v)
        self.loop_exits = [exit_(x[0]) for x in switched]
        self.exit_result(self.loop_exits)
        return result, self.loop_exits

    def _values_of(self, result: Any, given: Any) -> list[Tensor]:
        found: list[Tensor] = []
        for new, old in zip(nest.flatten(result), nest.flatten(given), strict=True):
            value = to_flow(new)
            if isinstance(old, IndexedSlices) and not isinstance(value, IndexedSlices):
                value = _rows_of(convert(value))
            if hasattr(value, "_with_parts"):
                found += [convert(t) for t in nest.flatten(value, expand_composites=True)]
            else:
                found.append(convert(value))
        return found

    def _entered(self, flat: list[Tensor], invariants: Any) -> list[Tensor]:
        """Hands the loop variables in."""
        self.values = set(flat)
        outer = self.outer_context
        real = [outer.add_value(x) for x in flat] if outer is not None else flat
        with scopes.control_dependencies(None):
            entered = [
                enter(
                    x, self.name, parallel_iterations=self.parallel_iterations,
                    use_input_shape=False,
                )
                for x in real
            ]  # fmt: skip
            for x in entered:
                self.graph.prevent_feeding(x)
                if outer is not None:
                    outer.add_inner_op(x.op)
        self._bind_constants(entered)
        _set_invariants(real, entered, nest.flatten(invariants))
        self.fix_enters(entered)
        self.values = set(entered)
        self.loop_enters = entered
        return entered

    def _bind_constants(self, entered: Sequence[Tensor]) -> None:
        """A variable that starts as a constant of the loop around waits for that loop's pivot."""
        outer, pivot = self.outer_context, None
        while outer is not None and pivot is None:
            pivot = outer.control_pivot()
            outer = outer.outer_context
        if pivot is None:
            return
        for x in entered:
            source = x.op.inputs[0].op
            if source.type in ("Enter", "RefEnter") and source.attrs["is_constant"]:
                x.op._add_control_input(pivot.op)

    def _close(self, merged: Tensor, value: Tensor) -> None:
        """Adds the edge from the end of the body back to the Merge."""
        again = next_iteration(value)
        start = merged.op.inputs[0].op.inputs[0]
        if not _fits(again.dims, merged.dims):
            raise ValueError(
                f"Input tensor '{start.name}' enters the loop with shape {start.shape}, but has "
                f"shape {again.shape} after one iteration. To allow the shape to vary across "
                "iterations, use the `shape_invariants` argument of tf.while_loop to specify a "
                "less-specific shape."
            )
        merged.op._update_input(1, again)

    # --- files ---
    def to_proto(self, export_scope: str | None = None) -> Any:
        """Returns the WhileContextDef message; None where it stands outside `export_scope`.

        Args:
            export_scope: a name scope to take off the names.
        """
        if export_scope is not None and not self.name.startswith(export_scope):
            return None

        def named(x: Any) -> str:
            return strip_scope(x.name, export_scope)

        made = proto.WhileContextDef(
            context_name=strip_scope(self.name, export_scope),
            parallel_iterations=self.parallel_iterations,
            back_prop=self.back_prop,
            swap_memory=self.swap_memory,
            pivot_for_pred_name=named(self.pivot_for_pred),
            pivot_for_body_name=named(self.pivot_for_body),
            pivot_name=named(self.pivot),
            loop_exit_names=[named(x) for x in self.loop_exits],
            loop_enter_names=[named(x) for x in self.loop_enters],
        )
        if self.maximum_iterations is not None:
            made.maximum_iterations_name = named(self.maximum_iterations)
        self.values_to_proto(made.values_def, export_scope)
        self.nested_to_proto(made, export_scope)
        return made


def _rows_of(x: Tensor) -> IndexedSlices:
    shape = apply("Shape", x)
    zero, one = convert(0), convert(1)
    return IndexedSlices(x, apply("Range", zero, shape[0], one), shape)


# --- shapes that stay ---
def _fits(found: Dims, wanted: Dims) -> bool:
    """Whether a shape says at least what `wanted` says."""
    if wanted is None:
        return True
    if found is None or len(found) != len(wanted):
        return False
    return all(w is None or f == w for f, w in zip(found, wanted, strict=True))


def _invariant(var: Any, shape: Any = None) -> Any:
    """The shape, or the shapes of the parts, that a loop variable keeps."""
    if hasattr(var, "_with_parts"):
        if shape is None:
            parts = nest.flatten(var, expand_composites=True)
            return [t.shape for t in parts]
        return var._invariants(TensorShape(shape))
    if shape is None:
        return convert(var).shape
    spec = getattr(shape, "shape", None)
    if hasattr(shape, "dtype") and spec is not None:  # a TensorSpec
        if var.dtype != shape.dtype:
            raise TypeError(f"TensorSpec {shape!r} is not compatible with {var!r}")
        return spec
    return shape


def _set_invariants(
    real: Sequence[Tensor], entered: Sequence[Tensor], shapes: Sequence[Any]
) -> None:
    if not all(isinstance(s, TensorShape) for s in shapes):
        raise ValueError("`shapes` must be a (possibly nested) list of shapes.")
    for start, inside, shape in zip(real, entered, shapes, strict=True):
        if not _fits(start.dims, shape.raw):
            raise ValueError(
                f"The shape invariant specified for {start.name} is not compatible with the "
                "initial shape of the loop variable. It enters the loop with shape "
                f"{start.shape}, but the specified shape invariant is {shape}."
            )
        inside.set_shape(shape)


# --- while_loop ---
@export("while_loop")
def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
    maximum_iterations: Any = None,
    return_same_structure: bool = False,
) -> Any:
    """Returns the loop variables as they are when `cond` becomes false.

    Both functions are called once, now, to declare their operations.

    Args:
        cond: takes the loop variables; returns a bool scalar tensor.
        body: takes the loop variables; returns their next values, in the same structure, with the
            same types, and with shapes no less known.
        loop_vars: the first values: tensors, TensorArrays, SparseTensors, IndexedSlices, or nested
            structures of them.
        shape_invariants: in the structure of `loop_vars`, a TensorShape of what stays the same of
            each shape; None: the first value's shape.
        parallel_iterations: noted on the nodes; iterations run one after the other here.
        back_prop: whether gradients may be asked for.
        swap_memory: noted for files.
        name: a scope for the operations.
        maximum_iterations: an integer scalar: the loop ends after so many iterations.
        return_same_structure: whether a structure of one variable stays one.

    Raises:
        TypeError: if a function cannot be called. A variable that changes its type is an error of
            the first run, as in TensorFlow.
        ValueError: if there are no loop variables, or the structures or shapes differ.
    """
    if not callable(cond):
        raise TypeError("cond must be callable.")
    if not callable(body):
        raise TypeError("body must be callable.")
    if parallel_iterations < 1:
        raise TypeError("parallel_iterations must be a positive integer.")
    with scopes.name_scope(name, "while", loop_vars):
        if not loop_vars:
            raise ValueError("No loop variables provided")
        counted = maximum_iterations is not None
        if counted:
            maximum_iterations = convert(maximum_iterations, name="maximum_iterations")
            if maximum_iterations.shape.ndims != 0:
                raise ValueError(
                    f"maximum_iterations must be a scalar, saw shape: {maximum_iterations.shape}"
                )
            single = len(loop_vars) == 1 and not return_same_structure
            cond, body, loop_vars = _counted(cond, body, loop_vars, maximum_iterations, single)
        if scopes.get_default_graph().executes:
            result = _run(cond, body, loop_vars, return_same_structure)
            return result[1] if counted else result
        if shape_invariants is not None:
            if counted:
                shape_invariants = (TensorShape([]), shape_invariants)
            shape_invariants = _given_invariants(loop_vars, shape_invariants)
        context = WhileContext(maximum_iterations, parallel_iterations, back_prop, swap_memory)
        if context.outer_context is None:
            scopes.add_to_collection(GraphKeys.WHILE_CONTEXT, context)
        result = context.build(cond, body, loop_vars, shape_invariants, return_same_structure)
        return result[1] if counted else result


def _run(cond: Any, body: Any, loop_vars: Any, return_same_structure: bool) -> Any:
    """Runs a loop in Python, where operations run as they are called."""
    single = len(loop_vars) == 1 and not return_same_structure
    packed = False
    before = list(loop_vars)
    while cond(*loop_vars):
        loop_vars = body(*loop_vars)
        if single and not isinstance(loop_vars, list | tuple):
            packed, loop_vars = True, (loop_vars,)
        nest.assert_same_structure(before, list(loop_vars))
    found = nest.map_structure(
        lambda x: x if isinstance(x, TensorArray) else convert(x),
        loop_vars,
        expand_composites=True,
    )
    return found[0] if packed else found


def _counted(
    cond: Any, body: Any, loop_vars: Any, most: Tensor, single: bool
) -> tuple[Any, Any, Any]:
    """Adds a counter to a loop, which ends it after `most` iterations."""
    counter = convert(0, most.dtype, name="iteration_counter")

    def less(i: Tensor) -> Any:
        return apply("Less", i, most)

    if single:
        return (
            lambda i, x: apply("LogicalAnd", less(i), cond(x)),
            lambda i, x: (i + 1, body(x)),
            (counter, loop_vars[0]),
        )
    return (
        lambda i, x: apply("LogicalAnd", less(i), cond(*x)),
        lambda i, x: (i + 1, body(*x)),
        (counter, loop_vars),
    )


def _given_invariants(loop_vars: Any, shapes: Any) -> list[Any]:
    variables = nest.flatten(loop_vars)
    given = nest.flatten(shapes)
    if len(given) != len(variables):
        nest.assert_same_structure(loop_vars, shapes)
    return [_invariant(v, s) for v, s in zip(variables, given, strict=True)]
