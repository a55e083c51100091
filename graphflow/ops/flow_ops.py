"""The operations that steer what runs: Switch, Merge, Enter, Exit, NextIteration, LoopCond.

No kernel runs them. When a run is planned, the loops and branches that they spell out become `If`
and `While` instructions with programs of their own (plan/branches and plan/loops).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import constant, convert
from graphflow.core.declare import apply
from graphflow.core.elementwise import same_shape
from graphflow.core.errors import AbortedError, KernelError, ShapeError
from graphflow.core.nest import flatten, pack_sequence_as
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, compatible
from graphflow.core.tensor import Tensor
from graphflow.ops.indexed_slices import IndexedSlices

_RAISED = "is differentiated as part of its loop or branch"


# --- Switch ---
def _two_of_data(op: Operation) -> list[Dims]:
    pred = op.inputs[1].dims
    if pred is not None and len(pred) != 0:
        raise ShapeError(f"Shape must be rank 0 but is rank {len(pred)} for pred")
    return [op.inputs[0].dims] * 2


SWITCH = define(
    "Switch(data: T, pred: bool) -> output_false: T, output_true: T",
    flow="switch",
    shape=_two_of_data,
)
REF_SWITCH = define(
    "RefSwitch(data: Ref(T), pred: bool) -> output_false: Ref(T), output_true: Ref(T)",
    flow="switch",
    shape=_two_of_data,
)


@SWITCH.gradient
def _(op: Operation, *dys: Any) -> Any:
    return _joined(op, dys), None


@REF_SWITCH.gradient
def _(op: Operation, *dys: Any) -> Any:
    return _joined(op, dys), None


def _joined(op: Operation, dys: Sequence[Any]) -> Any:
    """The gradient of whichever branch ran; zeros for one that has none."""
    if all(dy is None for dy in dys):
        return None
    data, pred = op.inputs
    parts = list(dys)
    for branch in (0, 1):
        if parts[branch] is None:
            parts[branch] = _zeros(data, pred, branch, parts[1 - branch])
    return merge(parts, name="cond_grad")[0]


def switch(data: Any, pred: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Returns `(output_false, output_true)`: `data` comes out of the one that `pred` names.

    Args:
        data: a tensor, IndexedSlices or SparseTensor.
        pred: a bool scalar.
        dtype: the element type `data` is converted to.
        name: the node's name.

    Raises:
        TypeError: if `data` cannot be converted.
    """
    with scopes.name_scope(name, "Switch", [data, pred]) as scope:
        if not _is_composite(data):
            tensor = convert(data, dtype, "data", as_ref=True)
            return tuple(apply(SWITCH, tensor, convert(pred, name="pred"), name=scope))
        made = [apply(SWITCH, t, pred) for t in flatten(data, expand_composites=True)]
        return tuple(
            pack_sequence_as(data, [m[branch] for m in made], expand_composites=True)
            for branch in (0, 1)
        )


def switch_ref_or_tensor(data: Any, pred: Tensor, name: str = "Switch") -> Any:
    """As `switch`, beside `data`; a reference stays one."""
    if not _is_composite(data):
        data = convert(data, name="data", as_ref=True)
    with scopes.colocate_with(data, ignore_existing=True):
        if isinstance(data, Tensor) and data.dtype.is_ref:
            return tuple(apply(REF_SWITCH, data, pred, name=name))
        return switch(data, pred, name=name)


def _zeros(data: Tensor, pred: Tensor, branch: int, other: Any) -> Any:
    """Zeros in the shape of `data`, there if `pred` has the value of `branch`.

    Args:
        data: a tensor, or the handle of a variable.
        pred: the predicate.
        branch: 0 or 1.
        other: the gradient of the other branch.
    """
    dims, dtype = data.dims, data.dtype.base_dtype
    if dtype.kind == "R":
        dims, dtype = other.shape.raw, other.dtype.base_dtype
    if dims is None or None in dims:
        there = switch_ref_or_tensor(data, pred)[branch]
        if data.dtype.kind == "R":
            there = apply("ReadVariableOp", there, dtype=dtype)
        return apply("ZerosLike", there)
    zeros = constant(np.zeros(dims, dtype.as_numpy_dtype), dtype, "zeros")
    return switch(zeros, pred)[branch]


# --- Merge ---
def _merged(op: Operation) -> list[Dims]:
    shapes = [t.dims for t in op.inputs]
    first = shapes[0]
    if first is None or any(s is None or len(s) != len(first) for s in shapes):
        return [None, ()]
    sizes = zip(*[s for s in shapes if s is not None], strict=True)
    return [tuple([d[0] if len(set(d)) == 1 else None for d in sizes]), ()]


MERGE = define(
    "Merge(inputs: N*T) -> output: T, value_index: int32", N=1, flow="merge", shape=_merged
)
REF_MERGE = define(
    "RefMerge(inputs: Ref(N*T)) -> output: Ref(T), value_index: int32",
    N=1,
    flow="merge",
    shape=_merged,
)


@MERGE.gradient
def _(op: Operation, dy: Any, _index: Any) -> Any:
    return _split(op, dy)


@REF_MERGE.gradient
def _(op: Operation, dy: Any, _index: Any) -> Any:
    return _split(op, dy)


def _split(op: Operation, dy: Any) -> Any:
    """Sends the gradient to the input that was there."""
    context = next((c for c in map(_place, op.inputs) if c is not None), None)
    if context is not None and context.is_cond:
        found = list(switch(dy, context.pred, name="cond_grad"))
        for there, x in zip(found, op.inputs, strict=True):
            if isinstance(there, Tensor) and not compatible(there.dims, x.dims):
                there.dims = None  # not the branch that this gradient belongs to
        return found
    index = op.outputs[1]
    found = []
    for i in range(len(op.inputs)):
        here = apply("Equal", index, np.int32(i))
        found.append(switch(dy, here)[1])
    return found


def _place(x: Tensor) -> Any:
    """The branch or loop in which a tensor may be used."""
    context = x.op._flow
    return (
        context.outer_context
        if context is not None and x.op.definition.flow == "exit"
        else (context)
    )


def merge(inputs: Sequence[Any], name: str | None = None) -> Any:
    """Returns `(output, value_index)`: the input that is there, and which one it is.

    Args:
        inputs: tensors of one type, or IndexedSlices; exactly one is there when it runs.
        name: the node's name.

    Raises:
        ValueError: if an input is None.
    """
    if any(x is None for x in inputs):
        raise ValueError(f"At least one of the merge inputs is None: {inputs}")
    with scopes.name_scope(name, "Merge", inputs) as scope:
        items = [x if _is_composite(x) else convert(x, as_ref=True) for x in inputs]
        if not any(_is_composite(x) for x in items):
            definition = REF_MERGE if all(t.dtype.is_ref for t in items) else MERGE
            return apply(definition, items, name=scope)
        if any(isinstance(x, IndexedSlices) for x in items):
            items = _alike([_as_slices(x) for x in items])
        flat = [flatten(x, expand_composites=True) for x in items]
        made = [apply(MERGE, list(parts)) for parts in zip(*flat, strict=True)]
        whole = pack_sequence_as(items[0], [m[0] for m in made], expand_composites=True)
        return whole, made[0][1]


def _as_slices(x: Any) -> Any:
    if isinstance(x, IndexedSlices):
        return x
    shape = apply("Shape", x)
    rows = apply("Range", np.int32(0), shape[0], np.int32(1))
    return IndexedSlices(x, rows, shape)


def _alike(items: list[Any]) -> list[Any]:
    """IndexedSlices with one type of indices, and all or none with a dense shape."""
    types = {x.indices.dtype for x in items}
    has_shape = {x.dense_shape is not None for x in items}
    if len(has_shape) > 1:
        raise ValueError("Some of the merged IndexedSlices have no dense_shape")
    if len(types) == 1:
        return items
    return [
        IndexedSlices(x.values, apply("Cast", x.indices, DstT=np.dtype(np.int64)), x.dense_shape)
        for x in items
    ]


def _is_composite(x: Any) -> bool:
    return hasattr(x, "_with_parts")


# --- Enter, Exit, NextIteration, LoopCond ---
def _entered(op: Operation) -> list[Dims]:
    # What changes from iteration to iteration may change its shape: the loop says what stays.
    return [op.inputs[0].dims if op.attrs["is_constant"] else None]


ENTER = define(
    "Enter(data: T, *, frame_name: string, is_constant: bool = False, "
    "parallel_iterations: int = 10) -> output: T",
    flow="enter",
    shape=_entered,
).no_gradient(_RAISED)
REF_ENTER = define(
    "RefEnter(data: Ref(T), *, frame_name: string, is_constant: bool = False, "
    "parallel_iterations: int = 10) -> output: Ref(T)",
    flow="enter",
    shape=_entered,
).no_gradient(_RAISED)
EXIT = define("Exit(data: T) -> output: T", flow="exit", shape=same_shape).no_gradient(_RAISED)
REF_EXIT = define(
    "RefExit(data: Ref(T)) -> output: Ref(T)", flow="exit", shape=same_shape
).no_gradient(_RAISED)
NEXT_ITERATION = define(
    "NextIteration(data: T) -> output: T", flow="next", shape=same_shape
).no_gradient(_RAISED)
REF_NEXT_ITERATION = define(
    "RefNextIteration(data: Ref(T)) -> output: Ref(T)", flow="next", shape=same_shape
).no_gradient(_RAISED)


def _one_bool(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    if dims is not None and len(dims) != 0:
        raise ShapeError(f"Shape must be rank 0 but is rank {len(dims)} for input")
    return [()]


LOOP_COND = define(
    "LoopCond(input: bool) -> output: bool", flow="condition", shape=_one_bool
).no_gradient("is a bool")


def enter(
    data: Any,
    frame_name: str,
    is_constant: bool = False,
    parallel_iterations: int = 10,
    use_ref: bool = True,
    use_input_shape: bool = True,
    name: str | None = None,
) -> Any:
    """Hands a value into a loop.

    Args:
        data: a tensor.
        frame_name: the name of the loop's frame, one for each loop.
        is_constant: whether it is the same in every iteration.
        parallel_iterations: noted on the node; iterations run one after the other.
        use_ref: whether a reference stays one.
        use_input_shape: whether the shape is that of `data`.
        name: the node's name.
    """
    tensor = convert(data, as_ref=True)
    definition = REF_ENTER if tensor.dtype.is_ref and use_ref else ENTER
    made: Tensor = apply(
        definition, tensor, frame_name=frame_name, is_constant=is_constant,
        parallel_iterations=parallel_iterations, name=name,
    )  # fmt: skip
    if use_input_shape:
        made.set_shape(tensor.shape)
    return made


def exit_(data: Any, name: str | None = None) -> Any:
    """Hands a value of the last iteration out of a loop."""
    return apply(REF_EXIT if data.dtype.is_ref else EXIT, data, name=name)


def next_iteration(data: Any, name: str | None = None) -> Any:
    """Hands a value to the loop's next iteration."""
    return apply(REF_NEXT_ITERATION if data.dtype.is_ref else NEXT_ITERATION, data, name=name)


def identity(data: Any, name: str | None = None) -> Any:
    """`Identity`, or `RefIdentity` for a reference."""
    return apply("RefIdentity" if data.dtype.is_ref else "Identity", data, name=name)


# --- Abort ---
ABORT = define(
    "Abort(*, error_msg: string = '', exit_without_error: bool = False)", shape=lambda op: []
).no_gradient("has no input")


@ABORT.numpy
def _(*, error_msg: str, exit_without_error: bool) -> None:
    if not exit_without_error:
        raise KernelError(f"Abort: {error_msg}", AbortedError)
