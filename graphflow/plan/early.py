"""early: what comes out of stacks and TensorArrays is taken as soon as it can be.

Taking is Python's work. Where it stands before the arithmetic of a loop's body instead of between,
the arithmetic is one piece of compiled code.

In: an ordered Program. Out: the same instructions in another order.
"""

from __future__ import annotations

from graphflow.plan.program import Instr, Program, inside


def early(program: Program) -> Program:
    """Runs the pass."""
    program = inside(program, early)
    if not any(i.definition.takes for i in program.instrs):
        return program
    made_at: dict[int, int] = {}
    done_at: dict[int, int] = {}
    places: list[tuple[int, int, Instr]] = []
    used = -1  # where a container was used last: the order of its users stays
    for place, instr in enumerate(program.instrs):
        at = place
        if instr.definition.takes:
            needs = [made_at.get(s, -1) for s in instr.inputs]
            waits = [done_at.get(s, -1) for s in instr.after]
            at = max([used, *needs, *waits])
        if instr.definition.contents_rule is not None:
            used = at
        for s in instr.outputs:
            made_at[s] = at
        done_at[instr.serial] = at
        places.append((at, place, instr))
    places.sort(key=lambda found: found[:2])
    return program.with_instrs([instr for _, _, instr in places])
