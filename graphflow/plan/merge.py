"""merge: equal pure instructions become one; what nobody needs any more goes away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from graphflow.core.dtypes import DType
from graphflow.plan.program import Instr, Program


def _frozen(value: Any) -> Any:
    cls = value.__class__
    if cls is DType:
        return value.as_datatype_enum
    if cls is list or cls is tuple:
        return tuple([_frozen(v) for v in value])
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    return value


def _key(instr: Instr, inputs: tuple[int, ...]) -> Any:
    # The attributes of one operation type always come in the same order.
    frozen = [_frozen(v) for k, v in instr.attrs.items() if k[0] != "_"]
    return instr.definition.name, inputs, tuple(frozen), instr.after


def merge(program: Program) -> Program:
    """Lets the first of several equal pure instructions stand for all of them."""
    first: dict[Any, Instr] = {}
    slot_of: dict[int, int] = {}
    serial_of: dict[int, int] = {}
    kept: list[Instr] = []
    for instr in program.instrs:
        inputs = tuple([slot_of.get(s, s) for s in instr.inputs])
        after = tuple([serial_of.get(s, s) for s in instr.after])
        if inputs != instr.inputs or after != instr.after:
            instr = replace(instr, inputs=inputs, after=after)
        if instr.is_pure and instr.outputs:
            key = _key(instr, inputs)
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
            live.update(instr.inputs)
            wanted.update(instr.after)
            kept.append(instr)
    return program.with_instrs(reversed(kept))
