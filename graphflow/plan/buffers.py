"""buffers: which step writes into which reused buffer, and which values have to be copied.

Every buffer belongs to an arena, a set of arrays that one run uses at a time. A value gets a place
in the arena if its size is known and it does not leave the run. The rules: never write into a
feed, a constant, or an array already handed to the user; what the user gets is his own.

In: `Steps`. Out: the same steps with copies where needed, and a `Layout`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from graphflow.core.shape import count
from graphflow.plan.order import effect_of, effects
from graphflow.plan.program import Array, Instr
from graphflow.plan.reading import READ
from graphflow.plan.record import Step, Steps

_SMALL: Final = 64
"""Bytes. A buffer below one cache line saves nothing that its bookkeeping does not cost."""


@dataclass(slots=True)
class Layout:
    """Where values live: slot -> buffer number, and the size of each buffer in bytes."""

    buffer_of: dict[int, int] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    dies_after: dict[int, list[int]] = field(default_factory=dict)
    """Step -> slots that nobody reads any more after it (so that their arrays can go)."""


def copied(x: Array) -> Array:
    """A copy in C order, the user's own."""
    return np.array(x, order="C", copy=True)


def unshared(cell: Any) -> None:
    """Gives a variable an array of its own, because its present one is still being read."""
    if cell.value is not None:
        cell.value = cell.value.copy()


def roots(steps: Steps) -> dict[int, int]:
    """For each slot the slot whose array it shares."""
    root: dict[int, int] = {}
    for step in steps.steps:
        if step.is_view and step.args:
            source = step.args[0] if step.args[0].__class__ is int else None
            if source is not None:
                for out in step.outputs:
                    root[out] = root.get(source, source)
    return root


def plan_buffers(steps: Steps) -> Layout:
    """Inserts the copies that the rules ask for and lays out the arena."""
    _own_fetches(steps)
    root = roots(steps)
    last = _last_use(steps, root)
    _unshare(steps, root, last)
    return _colour(steps, root, _last_use(steps, root))


def _foreign(steps: Steps) -> set[int]:
    """Slots whose arrays belong to somebody else: feeds, constants, variables."""
    found = set(steps.feeds) | set(steps.constants)
    for step in steps.steps:
        if effect_of(step.instr) is not None or (step.is_view and not step.args):
            found.update(step.outputs)
    return found


def _own_fetches(steps: Steps) -> None:
    """Makes every fetched array the user's own, at the moment it has the value asked for."""
    root, foreign = roots(steps), _foreign(steps)
    taken: set[int] = set()
    copies: dict[int, list[tuple[int, int]]] = defaultdict(list)
    maker = {out: i for i, step in enumerate(steps.steps) for out in step.outputs}
    fetches = list(steps.fetches)
    for k, slot in enumerate(fetches):
        base = root.get(slot, slot)
        dtype = steps.dtypes[slot]
        if dtype is not None and (dtype.kind == "R" or dtype.is_ref):
            continue
        if slot in steps.constants and steps.constants[slot] is None:
            continue  # what a branch does not make
        if base in foreign or base in taken:
            new = steps.new_slot(dtype, steps.dims[slot])
            copies[maker.get(slot, -1)].append((slot, new))
            fetches[k] = new
        else:
            taken.add(base)
    if not copies:
        return
    steps.fetches = tuple(fetches)
    out: list[Step] = []
    for i in range(-1, len(steps.steps)):
        if i >= 0:
            out.append(steps.steps[i])
        for source, new in copies.get(i, ()):
            instr = steps.steps[i].instr if i >= 0 else _nowhere()
            out.append(Step(copied, "copied", (source,), (new,), instr))
    steps.steps = out


def _nowhere() -> Instr:
    return Instr(READ, (), (), {}, "fetch", None, 0)


def _last_use(steps: Steps, root: dict[int, int]) -> dict[int, int]:
    last: dict[int, int] = {}
    for i, step in enumerate(steps.steps):
        for slot in (*step.reads, *step.outputs):
            last[root.get(slot, slot)] = i
    end = len(steps.steps)
    for slot in steps.fetches:
        last[root.get(slot, slot)] = end
    return last


def _unshare(steps: Steps, root: dict[int, int], last: dict[int, int]) -> None:
    """Puts an `unshared` before each update whose variable's old array is read later on."""
    cell_of = {s: s for s, value in steps.constants.items() if not isinstance(value, np.ndarray)}
    slot_of = {id(steps.constants[s]): s for s in cell_of}
    reads: dict[int, list[int]] = defaultdict(list)
    out: list[Step] = []
    for i, step in enumerate(steps.steps):
        if step.instr.bodies:
            for c in {slot_of[u] for u in effects(step.instr, {})[1] if u in slot_of}:
                if any(last.get(root.get(r, r), -1) > i for r in reads[c]):
                    out.append(Step(unshared, "unshared", (c,), (), _nowhere()))
                    reads[c].clear()
            out.append(step)
            continue
        source = step.args[0] if step.args and step.args[0].__class__ is int else None
        cell = None if source is None else cell_of.get(source)
        if cell is not None:
            effect = effect_of(step.instr)
            if effect == "read" and step.outputs and not step.takes_out:
                reads[cell].append(step.outputs[0])
            elif effect == "update":
                cells = {cell_of[s] for s in step.reads if s in cell_of}
                for c in cells:
                    if any(last.get(root.get(r, r), -1) > i for r in reads[c]):
                        out.append(Step(unshared, "unshared", (c,), (), step.instr))
                        reads[c].clear()
            for slot in step.outputs:
                dtype = steps.dtypes[slot]
                if dtype is not None and (dtype.is_ref or dtype.kind == "R"):
                    cell_of[slot] = cell
        out.append(step)
    steps.steps = out


def _colour(steps: Steps, root: dict[int, int], last: dict[int, int]) -> Layout:
    layout = Layout()
    fetched = {root.get(s, s) for s in steps.fetches}
    foreign = _foreign(steps)
    free: dict[int, list[int]] = defaultdict(list)
    ends: dict[int, list[int]] = defaultdict(list)
    for slot, i in last.items():
        ends[i].append(slot)
    for i, step in enumerate(steps.steps):
        dead = [s for s in ends.get(i, ()) if s in layout.buffer_of]
        taken: set[int] = set()
        for out in step.outputs:
            size = _buffer_size(steps, step, out)
            if not size or out in fetched or root.get(out, out) != out:
                continue
            reused = _take_over(steps, step, dead, out, layout, taken)
            if reused is None:
                reused = free[size].pop() if free[size] else _new_buffer(layout, size)
            layout.buffer_of[out] = reused
            taken.add(reused)
        unread = [s for s in step.outputs if s in layout.buffer_of and last[root.get(s, s)] == i]
        for slot in {*dead, *unread}:
            number = layout.buffer_of[slot]
            if slot in unread or number not in taken:
                free[layout.sizes[number]].append(number)
        going = [s for s in ends.get(i, ()) if s not in foreign and s not in layout.buffer_of]
        if going:
            layout.dies_after[i] = going
    return layout


def _new_buffer(layout: Layout, size: int) -> int:
    layout.sizes.append(size)
    return len(layout.sizes) - 1


def _buffer_size(steps: Steps, step: Step, out: int) -> int:
    compiled = bool(step.parts) or (step.native is not None and step.native.kernel != "alias")
    if step.is_view or not (compiled or (step.takes_out and len(step.outputs) == 1)):
        return 0
    dtype = steps.dtypes[out]
    n = count(steps.dims[out])
    if n is None or dtype is None or dtype.kind in "SR":
        return 0
    size = n * dtype.size
    if compiled:
        size = max(size, _SMALL)  # compiled code writes nowhere else
    return 0 if size < _SMALL else -(-size // 64) * 64


def _take_over(
    steps: Steps, step: Step, dead: list[int], out: int, layout: Layout, taken: set[int]
) -> int | None:
    """The buffer of an input that dies here and has the output's shape and type."""
    for slot in step.in_place:
        if (
            slot in dead
            and layout.buffer_of[slot] not in taken
            and steps.dims[slot] == steps.dims[out]
            and steps.dtypes[slot] == steps.dtypes[out]
        ):
            return layout.buffer_of[slot]
    return None
