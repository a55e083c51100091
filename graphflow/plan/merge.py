"""merge: equal pure instructions become one; what nobody needs any more goes away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from graphflow.core.dtypes import DType
from graphflow.plan.program import IF, Instr, Program, inside


def _frozen(value: Any) -> Any:
    cls = value.__class__
    if cls is DType:
        return value.as_datatype_enum
    if cls is float:
        return repr(value)  # 0.0 and -0.0 are equal, and not the same
    if cls is list or cls is tuple:
        return tuple([_frozen(v) for v in value])
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    return value


class _Keys:
    """What is equal of equal instructions."""

    def __init__(self) -> None:
        self.frozen: dict[int, tuple[Any, ...]] = {}
        """By the identity of attributes, which many instructions share."""

    def of(self, instr: Instr) -> Any:
        frozen = self.frozen.get(id(instr.attrs))
        if frozen is None:
            # The attributes of one operation type always come in the same order.
            frozen = tuple([_frozen(v) for k, v in instr.attrs.items() if k[0] != "_"])
            self.frozen[id(instr.attrs)] = frozen
        return instr.definition.name, instr.inputs, frozen, instr.after


def merge(program: Program) -> Program:
    """Lets the first of several equal pure instructions stand for all of them."""
    program = inside(program, merge)
    first: dict[Any, Instr] = {}
    keys = _Keys()
    slot_of: dict[int, int] = {}
    serial_of: dict[int, int] = {}
    kept: list[Instr] = []
    for instr in program.instrs:
        if (slot_of and not slot_of.keys().isdisjoint(instr.inputs)) or (
            instr.after and not serial_of.keys().isdisjoint(instr.after)
        ):
            inputs = tuple([slot_of.get(s, s) for s in instr.inputs])
            after = tuple([serial_of.get(s, s) for s in instr.after])
            instr = replace(instr, inputs=inputs, after=after)
        if instr.is_pure and instr.outputs and not instr.bodies:
            key = keys.of(instr)
            other = first.setdefault(key, instr)
            if other is not instr:
                slot_of.update(zip(instr.outputs, other.outputs, strict=True))
                serial_of[instr.serial] = other.serial
                continue
        kept.append(instr)
    fetches = tuple([slot_of.get(s, s) for s in program.fetches])
    return program.with_instrs(kept, fetches=fetches)


def sweep(program: Program, targets: frozenset[int]) -> Program:
    """Drops pure instructions whose results nobody uses.

    Args:
        program: any Program.
        targets: serials of instructions that were asked for by name.
    """
    live = set(program.fetches)
    wanted: set[int] = set(targets)
    kept: list[Instr] = []
    for instr in reversed(program.instrs):
        used = instr.serial in wanted or not live.isdisjoint(instr.outputs)
        if used or not instr.is_pure or not instr.outputs:
            if instr.bodies:
                instr = _swept_inside(instr, live)
            live.update(instr.inputs)
            wanted.update(instr.after)
            kept.append(instr)
    return program.with_instrs(reversed(kept))


def _swept_inside(instr: Instr, live: set[int]) -> Instr:
    """An instruction with programs inside, without what nobody uses of them."""
    bodies = instr.bodies
    outputs = instr.outputs
    variables = 0
    if instr.definition is IF:
        kept = [k for k, slot in enumerate(outputs) if slot in live]
        outputs = tuple([outputs[k] for k in kept])
        bodies = tuple([replace(b, fetches=tuple([b.fetches[k] for k in kept])) for b in bodies])
    else:
        variables = len(outputs)
    bodies = tuple([sweep(body, frozenset()) for body in bodies])
    reads = [_slots_read(body) for body in bodies]
    first = 1 if instr.definition is IF else 0
    keep = [
        k
        for k in range(len(bodies[0].feeds))
        if k < variables
        or any(body.feeds[k] in read for body, read in zip(bodies, reads, strict=True))
    ]
    bodies = tuple([replace(b, feeds=tuple([b.feeds[k] for k in keep])) for b in bodies])
    inputs = (*instr.inputs[:first], *[instr.inputs[first + k] for k in keep])
    return replace(instr, bodies=bodies, outputs=outputs, inputs=inputs)


def _slots_read(program: Program) -> set[int]:
    found = set(program.fetches)
    for instr in program.instrs:
        found.update(instr.inputs)
    return found
