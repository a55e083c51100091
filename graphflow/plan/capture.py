"""capture: the part of a graph that one run needs, as a Program.

In: operations and tensors of a graph. Out: a Program in the order of the graph, which is an order
that respects all edges unless inputs were changed after the fact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

import numpy as np

from graphflow.core.dtypes import DType, short_name
from graphflow.core.errors import InvalidArgumentError
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.plan.program import Instr, Program
from graphflow.plan.raise_flow import Raiser, Region
from graphflow.plan.reading import READ, ref_marks


def needed(
    fetches: Sequence[Tensor], targets: Sequence[Operation], fed: set[Tensor]
) -> list[Operation]:
    """Returns the operations that the fetches and targets need, in the order of the graph."""
    found: set[Operation] = set()
    stack = [t.op for t in fetches if t not in fed]
    stack += targets
    if stack and stack[0].graph._mistyped:
        _mistyped(stack[0].graph._mistyped)
    in_order = True
    while stack:
        op = stack.pop()
        if op in found:
            continue
        found.add(op)
        own = op._id
        for t in op.inputs:
            if t not in fed:
                source = t.op
                if source._id >= own:
                    in_order = False
                if source not in found:
                    stack.append(source)
        for other in op._waits_for or ():
            if other._id >= own:
                in_order = False
            if other not in found and not _is_given(other, fed):
                stack.append(other)
    order = sorted(found, key=_declared)
    return order if in_order else _sorted_again(order, fed)


_declared: Final = attrgetter("_id")


def _mistyped(inputs: Mapping[tuple[Operation, int], Tensor]) -> None:
    """Raises InvalidArgumentError: as in TensorFlow, no part of such a graph can run."""
    (op, index), wanted = next(iter(inputs.items()))
    got = op.inputs[index]
    raise InvalidArgumentError(
        None,
        op,
        f"Input {index} of node {op.name} was passed {short_name(got.dtype.base_dtype)} "
        f"from {got.name} "
        f"incompatible with expected {short_name(wanted.dtype.base_dtype)}.",
    )


def _is_given(op: Operation, fed: set[Tensor]) -> bool:
    """Whether there is nothing to wait for: a placeholder that is fed, which must not run."""
    if op.inputs or not op.outputs or op.definition.is_stateful:
        return False
    return all(t in fed for t in op.outputs)


def _sorted_again(order: list[Operation], fed: set[Tensor]) -> list[Operation]:
    """Sorts a graph whose inputs or control inputs were changed after their declaration."""
    state: dict[Operation, int] = {}
    done: list[Operation] = []
    known = set(order)
    for root in order:
        stack = [root]
        while stack:
            op = stack[-1]
            if state.get(op, 0) == 0:
                state[op] = 1
                before = [t.op for t in op.inputs if t not in fed]
                before += [c for c in op.control_inputs if c in known]
                if op.definition.flow == "merge":  # the way back of a loop
                    before = [x for x in before if x.definition.flow != "next"]
                for other in reversed(before):
                    if state.get(other, 0) == 1:
                        names = [x.name for x in stack[stack.index(other) :] if state[x] == 1]
                        raise InvalidArgumentError(
                            None,
                            op,
                            f"Graph is invalid, contains a cycle with {len(names)} nodes, "
                            f"including: {', '.join(sorted(names))}",
                        )
                    if state.get(other, 0) == 0:
                        stack.append(other)
            else:
                stack.pop()
                if state[op] == 1:
                    state[op] = 2
                    done.append(op)
    return done


class _Reads:
    """Puts a read between a reference and a port that wants a value, at the end of `instrs`."""

    def __init__(
        self,
        slots: dict[Tensor, int],
        dtypes: list[DType],
        dims: list[Dims],
        instrs: list[Instr],
    ) -> None:
        self.slots = slots
        self.dtypes = dtypes
        self.dims = dims
        self.instrs = instrs
        self.serial = 0

    def add(self, tensor: Tensor, op: Operation, after: tuple[int, ...]) -> int:
        """Reads what `op` takes, and returns the slot of the value."""
        self.serial -= 1  # reads belong to no operation of their own: negative serials
        out = len(self.dtypes)
        dtype = tensor.dtype.base_dtype
        self.dtypes.append(dtype)
        self.dims.append(tensor.dims)
        source, attrs = self.slots[tensor], {"T": dtype}
        self.instrs.append(
            Instr(READ, (source,), (out,), attrs, op.name, op.site, self.serial, after)
        )
        return out


def capture(
    fetches: Sequence[Tensor],
    targets: Sequence[Operation],
    feeds: Sequence[Tensor],
    feed_dims: Sequence[Dims],
) -> Program:
    """Returns the Program of a run.

    Args:
        fetches: the tensors whose values are wanted.
        targets: operations to run for their effects.
        feeds: the tensors that are given from outside.
        feed_dims: the shape of each fed value, None for unknown sizes.
    """
    fed = set(feeds)
    ops = needed(fetches, targets, fed)
    if any(op.definition.flow is not None for op in ops):
        return _raised(ops, fetches, feeds, feed_dims)
    slots: dict[Tensor, int] = {t: i for i, t in enumerate(feeds)}
    dtypes = [t.dtype.base_dtype for t in feeds]
    dims: list[Dims] = list(feed_dims)
    references: set[int] = set()
    instrs: list[Instr] = []
    read = _Reads(slots, dtypes, dims, instrs).add
    numbers: dict[Any, int] = {}
    left_out: set[int] = set()
    for op in ops:
        number = None if op.inputs or op._waits_for else _number(op, fed)
        if number is not None:
            made_before = numbers.setdefault(number, len(dtypes))
            if made_before != len(dtypes):
                slots[op.outputs[0]] = made_before
                left_out.add(op._id)
                continue
        after = tuple([c._id for c in op._waits_for]) if op._waits_for else ()
        if after and not left_out.isdisjoint(after):
            after = tuple([serial for serial in after if serial not in left_out])
        inputs = tuple([slots[t] for t in op.inputs])
        if references and not references.isdisjoint(inputs):
            marks = ref_marks(op)
            inputs = tuple([
                read(t, op, after) if t._dtype.is_ref and not mark and t not in fed else slot
                for t, slot, mark in zip(op.inputs, inputs, marks, strict=True)
            ])  # fmt: skip
        first = len(dtypes)
        outputs = op.outputs
        for slot, t in enumerate(outputs, first):
            dtype = t._dtype
            dtypes.append(dtype)
            dims.append(t.dims)
            if t not in fed:
                slots[t] = slot
                if dtype.is_ref:
                    references.add(slot)
        made = (first,) if len(outputs) == 1 else tuple(range(first, len(dtypes)))
        instrs.append(
            Instr(op.definition, inputs, made, op.attrs, op.name, op.site, op._id, after, ())
        )
    fetched = []
    for t in fetches:
        is_ref = t.dtype.is_ref and t not in fed
        fetched.append(read(t, t.op, ()) if is_ref else slots[t])
    return Program(
        tuple(instrs), tuple(range(len(feeds))), tuple(fetched), tuple(dtypes), tuple(dims)
    )


def _number(op: Operation, fed: set[Tensor]) -> tuple[int, bytes] | None:
    """What a constant of one number is; None for another operation.

    Each `x * 2.0` declares one: those of the same number are one in a Program.
    """
    if op.definition.name != "Const" or op.outputs[0] in fed:
        return None
    value = op.attrs["value"]
    if value.__class__ is not np.ndarray or value.ndim or value.dtype.kind not in "biufc":
        return None
    return op.outputs[0]._dtype._enum, value.tobytes()


def _raised(
    ops: Sequence[Operation],
    fetches: Sequence[Tensor],
    feeds: Sequence[Tensor],
    feed_dims: Sequence[Dims],
) -> Program:
    """The Program of a run in which there are loops or branches."""
    fed = set(feeds)
    region = Region(Raiser(ops, fetches, fed), 0, feeds)
    for i, dims in enumerate(feed_dims):
        region.dtypes[i] = feeds[i].dtype.base_dtype
        region.dims[i] = dims
    region.build(ops)
    fetched = []
    for t in fetches:
        if t.dtype.is_ref and t not in fed:
            fetched.append(region.read(t, t.op.name, t.op.site, ()))
        else:
            fetched.append(region.slot(t))
    return region.program(fetched)
