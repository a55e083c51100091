"""in_place: variables that are scaled, or moved as Adam moves them, in their own memory.

`v.assign(v * beta)` makes the product and then copies it; `v.assign_sub(rate * m / (sqrt(s) + e))`
makes the step and then subtracts it. Of large variables the time goes into memory: half of it is
for values that nobody else reads. Exact: the same operations on the same numbers.

In: a simplified Program. Out: the same, in which such an update takes what the steps before it
took (`ops/in_place.py`); these are left for `sweep`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from graphflow.core.dtypes import float32, float64
from graphflow.core.opdef import OpDef
from graphflow.ops.in_place import LESS_RATIO, SCALE
from graphflow.plan.order import cells, edges, effects, updates_behind
from graphflow.plan.program import Instr, Program, inside

_ASSIGN: Final = ("Assign", "AssignVariableOp")
_SUBTRACT: Final = ("AssignSub", "AssignSubVariableOp")
_READS: Final = ("_Read", "ReadVariableOp")
_TYPES: Final = (float32, float64)


def in_place(program: Program) -> Program:
    """Runs the pass."""
    program = inside(program, in_place)
    wanted = (*_ASSIGN, *_SUBTRACT)
    if not any(i.definition.name in wanted for i in program.instrs):
        return program
    look = _Look(program)
    instead = {}
    for instr in program.instrs:
        found = None
        if instr.definition.name in _ASSIGN:
            found = look.scaled(instr)
        elif instr.definition.name in _SUBTRACT:
            found = look.moved(instr)
        if found is not None:
            instead[instr.serial] = found
    if not instead:
        return program
    return program.with_instrs([instead.get(i.serial, i) for i in program.instrs])


class _Look:
    """Looks for updates whose value is computed for them alone."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.cell_of = cells(program)
        self.maker = {s: i for i in program.instrs for s in i.outputs}
        self.readers: dict[int, int] = defaultdict(int)
        for slot in (*program.fetches, *[s for i in program.instrs for s in i.inputs]):
            self.readers[slot] += 1
        self._order: tuple[dict[int, int], dict[int, int], dict[int, int]] | None = None

    # --- what is looked for ---
    def scaled(self, instr: Instr) -> Instr | None:
        """The update that stands for `v.assign(v * factor)`."""
        product = self._own(instr.inputs[1], "Mul")
        if product is None:
            return None
        for value, factor in self._beside_a_scalar(product):
            own = self._cell(instr)
            if own is not None and self._cell_read(value) == own and self._is_first(instr, own):
                return self._made(instr, SCALE, (factor,))
        return None

    def moved(self, instr: Instr) -> Instr | None:
        """The update that stands for `v.assign_sub(rate * x / (sqrt(square) + epsilon))`."""
        ratio = self._own(instr.inputs[1], "RealDiv")
        if ratio is None or instr.after:
            return None
        above, below = [
            self._own(s, *types)
            for s, types in zip(ratio.inputs, (("Mul",), ("Add", "AddV2")), strict=True)
        ]
        if above is None or below is None:
            return None
        for x, rate in self._beside_a_scalar(above):
            for root, epsilon in self._beside_a_scalar(below):
                made = self._own(root, "Sqrt")
                if made is None:
                    continue
                square = made.inputs[0]
                if self._is_settled(x) and self._is_settled(square):
                    return self._made(instr, LESS_RATIO, (x, square, rate, epsilon))
        return None

    def _made(self, instr: Instr, twins: tuple[OpDef, OpDef], inputs: tuple[int, ...]) -> Instr:
        definition = twins[0] if instr.outputs else twins[1]
        dtype = self.program.dtypes[inputs[0]].base_dtype
        return replace(
            instr, definition=definition, inputs=(instr.inputs[0], *inputs), attrs={"T": dtype}
        )

    # --- what it consists of ---
    def _own(self, slot: int, *types: str) -> Instr | None:
        """The instruction that makes a slot that one reader has, if it is one of these."""
        found = self.maker.get(slot)
        if found is None or found.definition.name not in types or found.after:
            return None
        known = self.program.dtypes[slot].base_dtype in _TYPES
        return found if known and self.readers[slot] == 1 else None

    def _beside_a_scalar(self, instr: Instr) -> Iterator[tuple[int, int]]:
        """(operand, scalar) of two operands, where the result has the shape of the first."""
        dims = self.program.dims
        for value, number in (instr.inputs, instr.inputs[::-1]):
            if dims[number] == () and dims[value] and dims[value] == dims[instr.outputs[0]]:
                yield value, number

    def _cell(self, instr: Instr) -> int | None:
        """The identity of the cell at the first port; None if it is not known in this Program."""
        return self.cell_of.get(instr.inputs[0])

    def _cell_read(self, slot: int) -> int | None:
        found = self.maker.get(slot)
        return None if found is None or found.definition.name not in _READS else self._cell(found)

    # --- who comes after whom ---
    def _updates(self) -> tuple[dict[int, int], dict[int, int], dict[int, int]]:
        """By serial the updates an instruction waits for, and its own bit; by cell all of them."""
        if self._order is None:
            instrs = self.program.instrs
            changed = [effects(i, self.cell_of)[1] for i in instrs]
            bit = {k: 1 << n for n, k in enumerate([k for k, c in enumerate(changed) if c])}
            behind = updates_behind(edges(self.program)[1], bit)
            of_cell: dict[int, int] = defaultdict(int)
            for k, mask in bit.items():
                for cell in changed[k]:
                    of_cell[cell] |= mask
            serials = [i.serial for i in instrs]
            waits = dict(zip(serials, behind, strict=True))
            self._order = waits, {serials[k]: mask for k, mask in bit.items()}, of_cell
        return self._order

    def _is_first(self, update: Instr, cell: int) -> bool:
        """Whether all other updates of a variable wait for this one."""
        waits, bits, of_cell = self._updates()
        own = bits[update.serial]
        others = of_cell[cell] & ~own
        return all(waits[s] & own for s, bit in bits.items() if bit & others)

    def _is_settled(self, slot: int) -> bool:
        """Whether a slot is a variable's value after all of its updates."""
        cell = self._cell_read(slot)
        if cell is None:
            return False
        waits, _, of_cell = self._updates()
        return not of_cell[cell] & ~waits[self.maker[slot].serial]
