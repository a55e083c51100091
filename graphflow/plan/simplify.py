"""simplify: a table of rewrites on Programs, the only place of the plan that knows op names.

Each rewrite is exact in floating point: the value of every slot that is read stays bit for bit
what it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from graphflow.core.shape import Dims
from graphflow.plan.program import Instr, Program, inside

Rewrite = Callable[["Facts", Instr], int | None]
_TABLE: Final[dict[str, list[Rewrite]]] = {}


class Facts:
    """What a rewrite may ask about a Program."""

    __slots__ = ("constants", "dims", "maker")

    def __init__(self, program: Program) -> None:
        self.constants = program.constants
        self.dims = program.dims
        self.maker: dict[int, Instr] = {}

    def constant(self, slot: int) -> Any:
        """The array in a slot if it is known, else None."""
        return self.constants.get(slot)

    def shape(self, slot: int) -> Dims:
        """The shape of a slot."""
        return self.dims[slot]


def rewrite(*op_types: str) -> Callable[[Rewrite], Rewrite]:
    """Registers a rewrite: it returns the slot that can stand for the output, or None."""

    def put(function: Rewrite) -> Rewrite:
        for name in op_types:
            _TABLE.setdefault(name, []).append(function)
        return function

    return put


@rewrite("Identity", "StopGradient", "PreventGradient", "EnsureShape", "PlaceholderWithDefault")
def _hands_on(facts: Facts, instr: Instr) -> int | None:
    return instr.inputs[0]


@rewrite("Reshape", "Squeeze", "ExpandDims", "BroadcastTo")
def _same_shape(facts: Facts, instr: Instr) -> int | None:
    if len(instr.inputs) > 1 and facts.constant(instr.inputs[1]) is None:
        return None  # a shape that is fed may be wrong: the kernel has to look
    before, after = facts.shape(instr.inputs[0]), facts.shape(instr.outputs[0])
    return instr.inputs[0] if before == after and before and None not in before else None


@rewrite("Sum", "Prod", "Max", "Min", "Mean", "All", "Any")
def _over_no_axis(facts: Facts, instr: Instr) -> int | None:
    axes = facts.constant(instr.inputs[1])
    if axes is not None and axes.size == 0:
        return instr.inputs[0]
    return None


@rewrite("Transpose")
def _in_place_order(facts: Facts, instr: Instr) -> int | None:
    perm = facts.constant(instr.inputs[1])
    if perm is not None and perm.tolist() == list(range(perm.size)):
        return instr.inputs[0]
    return None


def simplify(program: Program) -> Program:
    """Runs the pass once over all instructions."""
    program = inside(program, simplify)
    facts = Facts(program)
    stands_for: dict[int, int] = {}
    waits_for: dict[int, tuple[int, ...]] = {}
    kept: list[Instr] = []
    for instr in program.instrs:
        if instr.after and not waits_for.keys().isdisjoint(instr.after):
            after = [w for s in instr.after for w in waits_for.get(s, (s,))]
            instr = replace(instr, after=tuple(after))
        if stands_for and not stands_for.keys().isdisjoint(instr.inputs):
            inputs = tuple([stands_for.get(s, s) for s in instr.inputs])
            instr = replace(instr, inputs=inputs)
        found = None
        rules = _TABLE.get(instr.definition.name)
        if rules and instr.is_pure and not instr.after:
            for function in rules:
                found = function(facts, instr)
                if found is not None:
                    break
        if found is None:
            kept.append(instr)
            for s in instr.outputs:
                facts.maker[s] = instr
        else:
            stands_for[instr.outputs[0]] = found
            maker = facts.maker.get(found)
            waits_for[instr.serial] = () if maker is None else (maker.serial,)
    fetches = tuple([stands_for.get(s, s) for s in program.fetches])
    return program.with_instrs(kept, fetches=fetches)
