"""order: a deterministic order in which readers of a variable come before its updates.

Where TensorFlow leaves a race (a read and an update of one variable that no edge orders), a reader
here always sees the value from before the update. Updates of one variable that no edge orders run
in the order of the graph.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import Final

from graphflow.core.opdef import OpDef
from graphflow.plan.program import IF, WHILE, Instr, Program, inside


def cells(program: Program) -> dict[int, int]:
    """Which slot stands for which variable: slot -> the identity of the variable's cell."""
    found: dict[int, int] = {
        s: id(value)
        for s, value in program.constants.items()
        if program.dtypes[s].is_ref or program.dtypes[s].kind == "R"
    }
    for instr in program.instrs:
        if not instr.inputs:
            continue
        source = found.get(instr.inputs[0])
        if source is None:
            continue
        for slot in instr.outputs:
            dtype = program.dtypes[slot]
            if dtype.is_ref or (dtype.kind == "R" and instr.definition.view):
                found[slot] = source
    return found


def effect_of(instr: Instr) -> str | None:
    """What an instruction does to its variable: "read", "update" or None."""
    return _effect(instr.definition)


def _effect(definition: OpDef) -> str | None:
    return definition.effect or ("update" if definition.signature.has_ref else None)


def touched(instr: Instr, cell_of: dict[int, int]) -> set[int]:
    """The cells that an instruction with an effect reads or updates."""
    return {cell_of[s] for s in instr.inputs if s in cell_of}


_Cells = frozenset[int]
_NONE: Final[tuple[_Cells, _Cells]] = (frozenset(), frozenset())


def effects(instr: Instr, cell_of: dict[int, int]) -> tuple[_Cells, _Cells]:
    """The cells that an instruction reads, and those that it updates."""
    if instr.bodies:
        found = [effects(i, cells(body)) for body in instr.bodies for i in body.instrs]
        return (
            frozenset[int]().union(*[reads for reads, _ in found]),
            frozenset[int]().union(*[updates for _, updates in found]),
        )
    effect = effect_of(instr)
    if effect is None:
        return _NONE
    cells_touched = frozenset(touched(instr, cell_of))
    return (cells_touched, _NONE[1]) if effect == "read" else (_NONE[0], cells_touched)


def updates_nothing(program: Program) -> bool:
    """Whether surely no instruction updates a variable."""
    definitions = {x.definition for x in program.instrs}
    return not any(_effect(d) == "update" or d is IF or d is WHILE for d in definitions)


def order(program: Program) -> Program:
    """Sorts the instructions."""
    if updates_nothing(program):
        return program
    program = inside(program, order)
    cell_of = cells(program)
    instrs = program.instrs
    does = [effects(x, cell_of) for x in instrs]
    updates = [i for i, (_, updated) in enumerate(does) if updated]
    if not updates:
        return program
    missing, users = edges(program)
    bit = {i: 1 << k for k, i in enumerate(updates)}
    behind = updates_behind(users, bit)
    readers: dict[int, set[int]] = defaultdict(set)
    for i, (read, _) in enumerate(does):
        for cell in read:
            readers[cell].add(i)
    # An update waits for the readers of its cell that do not themselves wait for it.
    waits: dict[int, set[int]] = {}
    for u in updates:
        waits[u] = {
            r for cell in does[u][1] for r in readers[cell] if r != u and not behind[r] & bit[u]
        }
    return program.with_instrs(_scheduled(instrs, missing, users, waits))


def edges(program: Program) -> tuple[list[int], list[list[int]]]:
    """How many instructions each one waits for, and which ones wait for it."""
    maker: dict[int, int] = {}
    by_serial: dict[int, int] = {}
    instrs = program.instrs
    for i, x in enumerate(instrs):
        by_serial[x.serial] = i
        for s in x.outputs:
            maker[s] = i
    missing = [0] * len(instrs)
    users: list[list[int]] = [[] for _ in instrs]
    for i, x in enumerate(instrs):
        sources = {maker[s] for s in x.inputs if s in maker}
        sources.update(by_serial[s] for s in x.after if s in by_serial)
        missing[i] = len(sources)
        for j in sources:
            users[j].append(i)
    return missing, users


def updates_behind(users: list[list[int]], bit: dict[int, int]) -> list[int]:
    """For each instruction the updates it waits for, as bits (instructions are in edge order)."""
    behind = [0] * len(users)
    for i, targets in enumerate(users):
        mask = behind[i] | bit.get(i, 0)
        if mask:
            for j in targets:
                behind[j] |= mask
    return behind


def _scheduled(
    instrs: tuple[Instr, ...],
    missing: list[int],
    users: list[list[int]],
    waits: dict[int, set[int]],
) -> list[Instr]:
    left = list(missing)
    ready = [i for i, n in enumerate(left) if n == 0]  # ascending, so already a heap
    blocked = {u: len(found) for u, found in waits.items()}
    freed_by: dict[int, list[int]] = defaultdict(list)
    for u, found in waits.items():
        for r in found:
            freed_by[r].append(u)
    held: set[int] = set()  # updates that are ready but for readers of the old value
    out: list[Instr] = []
    while ready or held:
        if ready:
            i = heapq.heappop(ready)
            if blocked.get(i):
                held.add(i)
                continue
        else:
            # Only a circle of readers and updates is left: the graph's order decides.
            i = min(held)
            held.remove(i)
        out.append(instrs[i])
        for u in freed_by.get(i, ()):
            blocked[u] -= 1
            if not blocked[u] and u in held:
                held.remove(u)
                heapq.heappush(ready, u)
        for j in users[i]:
            left[j] -= 1
            if left[j] == 0:
                heapq.heappush(ready, j)
    return out
