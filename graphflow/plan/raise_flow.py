"""raise_flow: loops and branches, spelled out as Switch, Merge, Enter and Exit, as instructions.

In: the operations that a run needs, some of them of these kinds. Out: a Program in which each loop
is one `_While` instruction and each group of operations under a condition one `_If`, with programs
of their own inside. What such a program uses from outside is an input of the instruction.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from graphflow.core.dtypes import DType, as_dtype
from graphflow.core.errors import InvalidArgumentError, KernelError
from graphflow.core.evaluate import kernel_keywords
from graphflow.core.opdef import OpDef
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.plan.branches import Conditions, Frame
from graphflow.plan.program import IF, WHILE, Instr, Program
from graphflow.plan.reading import READ, ref_marks

_FIRST = OpDef("_First(inputs: N*T) -> output: T", stateful=True, constraints={})
"""The first of several values that is there."""


@_FIRST.numpy
def _(inputs):  # type: ignore[no-untyped-def]  # arrays and None, of any kind
    return next(x for x in inputs if x is not None)


_SCALAR = OpDef("_Scalar(data: T, *, T: type) -> output: T", constraints={})
"""A condition, which has to be a scalar."""


@_SCALAR.numpy
def _(data):  # type: ignore[no-untyped-def]  # an array of bools
    if data.ndim:
        raise KernelError(
            f"The second input must be a scalar, but it has shape {text(data.shape)}",
            InvalidArgumentError,
        )
    return data.copy()


Path = tuple[Any, ...]


class Raiser:
    """What all regions of one run share."""

    def __init__(
        self, ops: Sequence[Operation], fetches: Sequence[Tensor], fed: set[Tensor]
    ) -> None:
        self.fed = fed
        self.conditions = Conditions(ops, fed)
        self.paths: dict[Operation, Path] = {}
        self.users: dict[Tensor, list[Operation]] = defaultdict(list)
        for op in ops:
            path = self.conditions.path(op)
            if path is None:
                continue
            self.paths[op] = path
            for t in op.inputs:
                self.users[t].append(op)
        self.fetched = set(fetches)
        self._serial = 0

    def serial(self) -> int:
        """A new serial for an instruction that is no operation's own."""
        self._serial -= 1
        return self._serial

    def handed_on(self, tensor: Tensor) -> Tensor:
        """The tensor whose value a tensor is, behind operations that only steer."""
        while tensor not in self.fed:
            op = tensor.op
            role = op.definition.flow
            if role == "switch" or (role == "enter" and op.attrs["is_constant"]):
                tensor = op.inputs[0]
            elif role == "merge" and (only := self._only_case(op)) is not None:
                tensor = only
            else:
                break
        return tensor

    def _only_case(self, op: Operation) -> Tensor | None:
        if any(t.op.definition.flow == "next" for t in op.inputs):
            return None
        cases = [t for t in op.inputs if self.conditions.guard(t) is not None]
        return cases[0] if len(cases) == 1 else None


class Region:
    """One program in the making: the top level, a branch, or a part of a loop.

    Args:
        raiser: what is shared.
        depth: how many loops and literals stand around it.
        given: the tensors that its first feeds are.
    """

    def __init__(self, raiser: Raiser, depth: int, given: Sequence[Tensor] = ()) -> None:
        self.raiser = raiser
        self.depth = depth
        self.dtypes: list[DType] = []
        self.dims: list[Dims] = []
        self.instrs: list[Instr] = []
        self.slots: dict[Tensor, int] = {}
        self.constants: dict[int, Any] = {}
        self.serials_of: dict[Operation, tuple[int, ...]] = {}
        """For each operation that is done what to wait for, to wait for it; nothing where its
        result does not change in a run of this program."""
        self.moving: set[int] = set()
        """Slots whose values are made by, or after, something with an effect."""
        self.feeds: list[int] = []
        self.captured: list[Tensor] = []
        for t in given:
            self.feeds.append(self._put(t))

    # --- slots ---
    def new_slot(self, dtype: DType, dims: Dims) -> int:
        """Adds a slot and returns its number."""
        self.dtypes.append(dtype)
        self.dims.append(dims)
        return len(self.dtypes) - 1

    def _put(self, tensor: Tensor) -> int:
        slot = self.new_slot(tensor.dtype, tensor.dims)
        self.slots[tensor] = slot
        return slot

    def slot(self, tensor: Tensor) -> int:
        """The slot of a tensor's value; one from outside becomes a feed."""
        tensor = tensor if tensor in self.slots else self.raiser.handed_on(tensor)
        found = self.slots.get(tensor)
        if found is not None:
            return found
        if tensor not in self.raiser.fed and self.depth and _made_anew(tensor.op):
            self._instruction(tensor.op)
            return self.slots[tensor]
        return self.capture(tensor) if self.depth else self.dead(tensor.dtype)

    def capture(self, tensor: Tensor) -> int:
        """Makes a tensor from outside a feed."""
        slot = self._put(tensor)
        self.feeds.append(slot)
        self.captured.append(tensor)
        return slot

    def dead(self, dtype: DType) -> int:
        """A slot for a value that this program does not make."""
        slot = self.new_slot(dtype, None)
        self.constants[slot] = None
        return slot

    def program(self, fetches: Iterable[int]) -> Program:
        """What the region has become."""
        return Program(
            tuple(self.instrs), tuple(self.feeds), tuple(fetches), tuple(self.dtypes),
            tuple(self.dims), dict(self.constants),
        )  # fmt: skip

    # --- one operation ---
    def _after(self, ops: Iterable[Operation]) -> tuple[int, ...]:
        found = [s for op in ops for c in op.control_inputs for s in self.serials_of.get(c, ())]
        return tuple(dict.fromkeys(found))

    def _done(self, op: Operation, instr: Instr) -> None:
        self.instrs.append(instr)
        if not instr.is_pure or instr.after or not self.moving.isdisjoint(instr.inputs):
            self.moving.update(instr.outputs)
            self.serials_of[op] = (instr.serial,)
        else:
            self.serials_of[op] = ()

    def read(self, tensor: Tensor, name: str, site: Any, after: tuple[int, ...]) -> int:
        """Reads a variable."""
        out = self.new_slot(tensor.dtype.base_dtype, tensor.dims)
        attrs = {"T": tensor.dtype.base_dtype}
        serial = self.raiser.serial()
        source = self.slot(tensor)
        self.instrs.append(Instr(READ, (source,), (out,), attrs, name, site, serial, after))
        self.moving.add(out)
        return out

    def _instruction(self, op: Operation) -> None:
        after = self._after([op])
        inputs = [self.slot(t) for t in op.inputs]
        if any(t.dtype.is_ref for t in op.inputs):
            for i, (t, mark) in enumerate(zip(op.inputs, ref_marks(op), strict=True)):
                if t.dtype.is_ref and not mark and t not in self.raiser.fed:
                    inputs[i] = self.read(t, op.name, op.site, after)
        outputs = tuple([self._put(t) for t in op.outputs])
        self._done(
            op,
            Instr(op.definition, tuple(inputs), outputs, op.attrs, op.name, op.site, op._id, after),
        )

    # --- all operations ---
    def build(self, ops: Sequence[Operation]) -> None:
        """Adds the operations: those of this level, and units of those further in."""
        for unit in _scheduled(self, ops):
            if isinstance(unit, Operation):
                self._direct(unit)
            elif isinstance(unit[0], Frame):
                self._loop(unit[0], unit[1])
            else:
                self._branch(unit[0], unit[1])

    def _direct(self, op: Operation) -> None:
        role = op.definition.flow
        if role is None or role == "trigger":
            self._instruction(op)
        elif role == "merge" and op.outputs[0] not in self.slots:
            cases = [t for t in op.inputs if self.raiser.conditions.guard(t) is not None]
            if len(cases) > 1:
                self._first(op, cases)
            else:
                self._merge_index(op, op.inputs.index(cases[0]))
        if op not in self.serials_of:
            # Whoever waits for an operation that only steers waits for what that waits for.
            sources = [*op.control_inputs, *[t.op for t in op.inputs]]
            found = [x for c in sources for x in self.serials_of.get(c, ())]
            self.serials_of[op] = tuple(dict.fromkeys(found))

    def _merge_index(self, op: Operation, index: int) -> None:
        slot = self._put(op.outputs[1])
        self.constants[slot] = np.array(index, np.int32)

    def _first(self, op: Operation, cases: Sequence[Tensor]) -> None:
        slot = self._put(op.outputs[0])
        inputs = tuple([self.slot(t) for t in cases])
        attrs = {"N": len(cases), "T": op.outputs[0].dtype}
        after = self._after([op])
        self._done(op, Instr(_FIRST, inputs, (slot,), attrs, op.name, op.site, op._id, after))

    # --- branches ---
    def _branch(self, pred: Tensor, ops: Sequence[Operation]) -> None:
        raiser = self.raiser
        depth = self.depth + 1
        inside = set(ops)
        merges = [op for op in ops if len(raiser.paths[op]) == self.depth]
        sides: list[Region] = []
        for value in (0, 1):
            side = Region(raiser, depth)
            side.build([op for op in ops if raiser.paths[op][self.depth :][:1] == ((pred, value),)])
            sides.append(side)
        made: list[Tensor] = []
        fetches: tuple[list[int], list[int]] = ([], [])
        for op in merges:
            made += op.outputs
            for value, side in enumerate(sides):
                chosen, index = self._case(op, (pred, value))
                number = side.new_slot(as_dtype("int32"), ())
                side.constants[number] = np.array(index, np.int32)
                fetches[value].extend(
                    (
                        side.dead(op.outputs[0].dtype) if chosen is None else side.slot(chosen),
                        number,
                    )
                )
        for value, side in enumerate(sides):
            for t in self._escaping(side, inside):
                made.append(t)
                fetches[value].append(side.slots[t])
                fetches[1 - value].append(sides[1 - value].dead(t.dtype))
        first = merges[0] if merges else ops[0]
        bodies, captured = _alike(sides, fetches)
        self._unit(IF, [pred, *captured], made, bodies, first, ops, {})

    def _case(self, op: Operation, literal: Any) -> tuple[Tensor | None, int]:
        """The input of a Merge that is there under a literal."""
        contrary = (literal[0], 1 - literal[1])
        for i, t in enumerate(op.inputs):
            guard = self.raiser.conditions.guard(t)
            if guard is not None and contrary not in guard:
                return t, i
        return None, 0

    def _escaping(self, side: Region, inside: set[Operation]) -> list[Tensor]:
        """What a branch makes that is used outside of this unit."""
        raiser = self.raiser
        return [
            t
            for t in side.slots
            if t.op in inside
            and t.op in side.serials_of
            and (t in raiser.fetched or any(u not in inside for u in self._uses(t)))
        ]

    def _uses(self, tensor: Tensor) -> Iterable[Operation]:
        """The operations that use a tensor, also through those that only hand it on."""
        pending = list(self.raiser.users.get(tensor, ()))
        while pending:
            op = pending.pop()
            yield op
            # A view may be a predicate's: what is behind it steers (`Conditions.predicate`).
            hands_on = op.definition.view and op.outputs[0].dtype.kind == "b"
            if (
                hands_on
                or op.definition.flow in ("switch", "enter")
                or (op.definition.flow == "merge" and self.raiser._only_case(op) is not None)
            ):
                for t in op.outputs:
                    pending += self.raiser.users.get(t, ())

    def _unit(
        self,
        definition: OpDef,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        bodies: tuple[Program, ...],
        first: Operation,
        ops: Sequence[Operation],
        attrs: dict[str, Any],
    ) -> None:
        slots = tuple([self.slot(t) for t in inputs])
        if any(t.dtype.is_ref for t in inputs[:1]):
            slots = (self.read(inputs[0], first.name, first.site, ()), *slots[1:])
        if definition is IF:
            slots = (self._scalar(inputs[0], slots[0]), *slots[1:])
        after = self._after(ops)
        made = tuple([self._put(t) for t in outputs])
        serial = self.raiser.serial()
        attrs["Tin"] = [self.dtypes[s] for s in slots]
        attrs["Tout"] = [self.dtypes[s] for s in made]
        unit = Instr(definition, slots, made, attrs, first.name, first.site, serial, after, bodies)
        self._done(first, unit)
        for op in ops:
            self.serials_of[op] = self.serials_of[first]

    def _scalar(self, pred: Tensor, slot: int) -> int:
        """A condition's slot, behind a check where it is not known to be a scalar."""
        if pred.dims == ():
            return slot
        first = min(_steered(pred), key=lambda op: op._id, default=pred.op)
        out = self.new_slot(pred.dtype.base_dtype, ())
        serial = self.raiser.serial()
        attrs = {"T": pred.dtype.base_dtype}
        self.instrs.append(Instr(_SCALAR, (slot,), (out,), attrs, first.name, first.site, serial))
        if slot in self.moving:
            self.moving.add(out)
        return out

    # --- loops ---
    def _loop(self, frame: Frame, ops: Sequence[Operation]) -> None:
        raiser = self.raiser
        here = self.depth + 1
        direct = [op for op in ops if raiser.conditions.frame[op] is frame]
        merges = [op for op in direct if op.definition.flow == "merge" and _next_of(op) is not None]
        condition = next(op for op in direct if op.definition.flow == "condition")
        literal = (condition.outputs[0], 1)
        variables = [op.outputs[0] for op in merges]
        steering = {*merges, condition}
        body_ops = [op for op in ops if raiser.paths[op][here : here + 1] == (literal,)]
        cond_ops = [
            op
            for op in ops
            if op not in steering
            and op.definition.flow not in ("enter", "exit")
            and raiser.paths[op][here : here + 1] not in ((literal,), ((literal[0], 0),))
        ]
        test = Region(raiser, here, variables)
        test.build(cond_ops)
        tested = test._scalar(condition.inputs[0], test.slot(condition.inputs[0]))
        body = Region(raiser, here + 1, variables)
        body.constants_of_condition(cond_ops, body_ops)
        body.build(body_ops)
        again = [body.slot(_next_of(op).inputs[0]) for op in merges]  # type: ignore[union-attr]  # chosen so above
        bodies, captured = _alike([test, body], ([tested], again))
        starts = [_enter_of(op).inputs[0] for op in merges]
        made = self._exits(direct, merges)
        self._unit(WHILE, [*starts, *captured], made, bodies, condition, ops, {"N": len(merges)})
        for op in direct:
            if op.definition.flow == "exit" and op.outputs[0] not in self.slots:
                variable = op.inputs[0].op.inputs[0]
                self.slots[op.outputs[0]] = self.slots[made[variables.index(variable)]]

    def _exits(self, direct: Sequence[Operation], merges: Sequence[Operation]) -> list[Tensor]:
        """For each loop variable the tensor that its last value is: an Exit, or the Merge."""
        found = {op.outputs[0]: op.outputs[0] for op in merges}
        for op in direct:
            if op.definition.flow == "exit":
                source = op.inputs[0].op
                variable = source.inputs[0] if source.definition.flow == "switch" else op.inputs[0]
                if found.get(variable) is variable:
                    found[variable] = op.outputs[0]
        return list(found.values())

    def constants_of_condition(
        self, cond_ops: Sequence[Operation], body_ops: Sequence[Operation]
    ) -> None:
        """Repeats in the body what it uses of the condition's own operations."""
        available = set(cond_ops)
        wanted: set[Operation] = set()
        pending = [t.op for op in body_ops for t in op.inputs]
        while pending:
            op = pending.pop()
            if op.definition.flow in ("switch", "enter"):
                pending += [t.op for t in op.inputs[:1]]
            elif op in available and op not in wanted:
                wanted.add(op)
                pending += [t.op for t in op.inputs]
        for op in cond_ops:
            if op in wanted and op.definition.flow is None:
                self._instruction(op)


def _next_of(op: Operation) -> Operation | None:
    for t in op.inputs:
        if t.op.definition.flow == "next":
            return t.op
    return None


def _enter_of(op: Operation) -> Operation:
    return next(t.op for t in op.inputs if t.op.definition.flow != "next")


def _steered(pred: Tensor) -> list[Operation]:
    """The Switch operations that a condition steers, also through those that hand it on."""
    found: list[Operation] = []
    pending = [pred]
    while pending:
        tensor = pending.pop()
        for op in tensor.consumers():
            role = op.definition.flow
            if role == "switch" and op.inputs[1] is tensor:
                found.append(op)
            elif role in ("switch", "enter", "condition") or op.definition.view:
                pending += op.outputs
    return found


def _made_anew(op: Operation) -> bool:
    """Whether an inner program makes a value itself: constants, and the handles of state."""
    if op.inputs or op.control_inputs or not op.outputs:
        return False
    if op.definition.name == "Const":
        return True
    kernel, dtype = op.definition.kernel, op.outputs[0].dtype
    is_handle = dtype.is_ref or dtype.kind == "R"
    return is_handle and kernel is not None and "store" in kernel_keywords(kernel)


def _alike(
    sides: Sequence[Region], fetches: Sequence[Sequence[int]]
) -> tuple[tuple[Program, ...], list[Tensor]]:
    """The programs of two regions with the same feeds: the captures of both."""
    captured = list(dict.fromkeys(t for side in sides for t in side.captured))
    for side in sides:
        given = len(side.feeds) - len(side.captured)
        for t in captured:
            if t not in side.slots:
                side._put(t)
        side.feeds[given:] = [side.slots[t] for t in captured]
    programs = [side.program(f) for side, f in zip(sides, fetches, strict=True)]
    return tuple(programs), captured


# --- order ---
def _scheduled(region: Region, ops: Sequence[Operation]) -> list[Any]:
    """Orders a region's operations; puts those of a loop, and of a condition, together.

    Returns:
        Operations, (frame, its operations), and (predicate, the operations under it).
    """
    return _Schedule(region, ops).run()


class _Schedule:
    def __init__(self, region: Region, ops: Sequence[Operation]) -> None:
        self.depth = region.depth
        self.raiser = region.raiser
        self.item_of: dict[Operation, int] = {}
        self.items: list[list[Operation]] = []
        self.kind: list[Any] = []  # None, a Frame, or the predicate of a branch
        frames: dict[Frame, int] = {}
        for op in ops:
            if op not in self.raiser.paths:
                continue
            kind = self._kind(op)
            if isinstance(kind, Frame):
                if kind not in frames:
                    frames[kind] = self._new(kind)
                self._join(op, frames[kind])
            else:
                self._join(op, self._new(kind))
        self._edges()

    def _new(self, kind: Any) -> int:
        self.items.append([])
        self.kind.append(kind)
        return len(self.items) - 1

    def _join(self, op: Operation, item: int) -> None:
        self.items[item].append(op)
        self.item_of[op] = item

    def _kind(self, op: Operation) -> Any:
        path = self.raiser.paths[op]
        if len(path) > self.depth:
            element = path[self.depth]
            return element if isinstance(element, Frame) else element[0]
        return self.raiser.conditions.merged_on.get(op)

    def _edges(self) -> None:
        n = len(self.items)
        self.missing = [0] * n
        self.users: list[list[int]] = [[] for _ in range(n)]
        for i, ops in enumerate(self.items):
            sources = {
                self.item_of.get(t.op, -1)
                for op in ops
                for t in op.inputs
                if t.op.definition.flow != "next"  # the way back of a loop
            }
            sources.update(self.item_of.get(c, -1) for op in ops for c in op.control_inputs)
            sources -= {i, -1}
            self.missing[i] = len(sources)
            for j in sources:
                self.users[j].append(i)

    def run(self) -> list[Any]:
        self.direct: list[int] = []
        self.under: dict[Tensor, list[int]] = {}
        self.done: list[Any] = []
        for i, count in enumerate(self.missing):
            if not count:
                self._ready(i)
        while self.direct or self.under:
            if self.direct:
                i = heapq.heappop(self.direct)
                self._emit(i)
                continue
            pred = min(self.under, key=lambda p: self.under[p][0])
            self._together(pred)
        return self.done

    def _ready(self, i: int) -> None:
        kind = self.kind[i]
        if kind is None or isinstance(kind, Frame):
            heapq.heappush(self.direct, i)
        else:
            heapq.heappush(self.under.setdefault(kind, []), i)

    def _release(self, i: int) -> None:
        for j in self.users[i]:
            self.missing[j] -= 1
            if not self.missing[j]:
                self._ready(j)

    def _emit(self, i: int) -> None:
        kind = self.kind[i]
        self.done.append(self.items[i][0] if kind is None else (kind, self.items[i]))
        self._release(i)

    def _together(self, pred: Tensor) -> None:
        found: list[Operation] = []
        while self.under.get(pred):
            i = heapq.heappop(self.under[pred])
            found += self.items[i]
            self._release(i)
        self.under.pop(pred, None)
        self.done.append((pred, found))
