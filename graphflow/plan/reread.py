"""reread: whoever uses a reference variable's value after an update reads it after the update.

In TensorFlow `variable.value()` is the variable's own memory, so an operation that runs after an
update in place sees the new value even through a read that was declared before it: the moving
averages of `with tf.control_dependencies([train_op])` rely on it. Here a read is a step with a
place of its own; an operation that an edge orders after an update, while its read is not, gets a
later read. Resource variables are read where their read operation stands, as in TensorFlow.

In: a simplified Program. Out: the same with more reads where they matter.
"""

from __future__ import annotations

from dataclasses import replace

from graphflow.core.dtypes import DType
from graphflow.core.shape import Dims
from graphflow.plan.order import cells, edges, effects, updates_behind, updates_nothing
from graphflow.plan.program import Instr, Program, inside
from graphflow.plan.reading import READ


def reread(program: Program) -> Program:
    """Runs the pass."""
    if updates_nothing(program):
        return program
    program = inside(program, reread)
    cell_of = cells(program)
    updates = [i for i, x in enumerate(program.instrs) if effects(x, cell_of)[1]]
    if not updates:
        return program
    return _Pass(program, cell_of, updates).run()


class _Pass:
    def __init__(self, program: Program, cell_of: dict[int, int], updates: list[int]) -> None:
        self.program = program
        self.cell_of = cell_of
        bit = {i: 1 << k for k, i in enumerate(updates)}
        self.behind = updates_behind(edges(program)[1], bit)
        self.updates_of: dict[int, int] = {}
        for i in updates:
            for cell in effects(program.instrs[i], self.cell_of)[1]:
                self.updates_of[cell] = self.updates_of.get(cell, 0) | bit[i]
        self.maker: dict[int, Instr] = {}
        self.mask: dict[int, int] = {}
        self.dtypes: list[DType] = list(program.dtypes)
        self.dims: list[Dims] = list(program.dims)
        self.serial = min([0, *[x.serial for x in program.instrs]])
        self.out: list[Instr] = []

    def run(self) -> Program:
        for i, instr in enumerate(self.program.instrs):
            mask = self.behind[i]
            if mask and instr.definition is not READ:
                instr = self._with_later_reads(instr, mask)
            self._put(instr, mask)
        return self.program.with_instrs(self.out, dtypes=tuple(self.dtypes), dims=tuple(self.dims))

    def _put(self, instr: Instr, mask: int) -> None:
        self.out.append(instr)
        self.mask[instr.serial] = mask
        for slot in instr.outputs:
            self.maker[slot] = instr

    def _with_later_reads(self, instr: Instr, mask: int) -> Instr:
        inputs = list(instr.inputs)
        for k, slot in enumerate(inputs):
            chain = self._chain(slot)
            if chain is None:
                continue
            cell = self.cell_of.get(chain[0].inputs[0], -1)
            missed = mask & ~self.mask[chain[0].serial] & self.updates_of.get(cell, 0)
            if missed:
                inputs[k] = self._repeated(chain, instr, slot, mask)
        return instr if tuple(inputs) == instr.inputs else replace(instr, inputs=tuple(inputs))

    def _chain(self, slot: int) -> list[Instr] | None:
        """The read behind a slot, and the views that lead from it to the slot."""
        found: list[Instr] = []
        maker = self.maker.get(slot)
        while maker is not None:
            found.append(maker)
            if maker.definition is READ:
                return found[::-1]
            maker = (
                self.maker.get(maker.inputs[0]) if maker.definition.view and maker.inputs else None
            )
        return None

    def _repeated(self, chain: list[Instr], user: Instr, slot: int, mask: int) -> int:
        """Reads again, after all that `user` waits for, and returns the slot of the value."""
        others = [self.maker[s].serial for s in user.inputs if s != slot and s in self.maker]
        after = tuple(dict.fromkeys([*user.after, *others]))
        source = chain[0].inputs[0]
        for instr in chain:
            old = instr.outputs[0]
            self.dtypes.append(self.dtypes[old])
            self.dims.append(self.dims[old])
            self.serial -= 1
            again = replace(
                instr,
                inputs=(source, *instr.inputs[1:]),
                outputs=(len(self.dtypes) - 1,),
                serial=self.serial,
                after=after if instr is chain[0] else instr.after,
            )
            self._put(again, mask)
            source = again.outputs[0]
        return source
