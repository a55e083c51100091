"""rows: sparse updates whose rows of equal indices are added up in place.

An optimizer adds up the rows of a sparse gradient that have equal indices: `Unique` of the indices,
`UnsortedSegmentSum` of the rows. How many are left is known only in the run, so no step behind it
would have a size. Where nobody but updates of rows can see that number, all rows stay: the sum goes
to the first row of its index, elementwise steps compute all of them, and the update leaves the
others out (`ops/equal_rows.py`). Exact: rows are added in the same order, and an index that is out
of range is reported as it would be among the different ones.

In: a swept Program. Out: the same, or one in which these steps have sizes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any, Final

from graphflow.core.dtypes import DType, float32, float64, int32
from graphflow.core.shape import Dims
from graphflow.ops.equal_rows import FIRST_EQUAL, OF_FIRST, SUM_INTO_FIRST
from graphflow.plan.program import Instr, Program, inside

_SUMMED: Final = (float32, float64)
_ROWS: Final = ("grad", "updates")
"""The ports of updates that take rows; the port behind or before them takes the indices."""


def rows(program: Program) -> Program:
    """Runs the pass."""
    program = inside(program, rows)
    found = [i for i in program.instrs if i.definition.name == "Unique" and not i.after]
    if not found:
        return program
    readers = _Readers(program)
    change = _Change(program)
    for unique in found:
        family = _Family(readers, unique)
        if family.fits():
            change.put(family)
    return change.made() if change.instead else program


class _Readers:
    """Who reads which slot of a Program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.of: dict[int, list[Instr]] = defaultdict(list)
        self.waited_for: set[int] = set()
        for instr in program.instrs:
            self.waited_for.update(instr.after)
            for slot in dict.fromkeys(instr.inputs):
                self.of[slot].append(instr)
        self.fetched = frozenset(program.fetches)


class _Family:
    """What depends on one `Unique`: sizes, sums, elementwise steps on these, updates."""

    def __init__(self, readers: _Readers, unique: Instr) -> None:
        self.readers = readers
        self.program = readers.program
        self.unique = unique
        self.indices = unique.inputs[0]
        self.different, self.place = unique.outputs
        self.sizes: list[Instr] = []
        """What tells how many different indices there are: nobody needs it any more."""
        self.numbers: set[int] = set()
        """The slots of that number."""
        self.sums: list[Instr] = []
        self.dims: dict[int, Dims] = {}
        """The shapes of sums, and of what elementwise steps make of them."""
        self.updates: dict[int, Instr] = {}

    def fits(self) -> bool:
        """Whether all of it is known, and nobody else sees any of it."""
        length = self.program.dims[self.indices]
        if length is None or len(length) != 1 or not length[0]:
            return False
        self._find_sizes()
        pending: list[int] = []
        for instr in self.readers.of[self.place]:
            if not self._is_sum(instr, length):
                return False
            self.sums.append(instr)
            pending.append(instr.outputs[0])
            self.dims[instr.outputs[0]] = self.program.dims[instr.inputs[0]]
        while pending:
            made = self._followed(pending.pop())
            if made is None:
                return False
            pending += made
        return bool(self.updates) and self._is_closed()

    def _find_sizes(self) -> None:
        for shape in self.readers.of[self.different]:
            if shape.definition.name == "Shape":
                self.sizes.append(shape)
                first = [i for i in self.readers.of[shape.outputs[0]] if self._is_first_size(i)]
                self.sizes += first
                self.numbers.update(i.outputs[0] for i in first)

    def _is_first_size(self, instr: Instr) -> bool:
        if instr.definition.name != "StridedSlice" or instr.attrs["shrink_axis_mask"] != 1:
            return False
        begin = self.program.constants.get(instr.inputs[1])
        return begin is not None and begin.tolist() in ([0], [-1])

    def _is_sum(self, instr: Instr, length: Dims) -> bool:
        """Whether an instruction adds up rows of known sizes by the places of their indices."""
        if instr.definition.name != "UnsortedSegmentSum":
            return False
        data, place, number = instr.inputs
        dims, dtype = self.program.dims[data], self.program.dtypes[data].base_dtype
        if dims is None or None in dims or 0 in dims or dims[:1] != length:
            return False
        return place == self.place and number in self.numbers and dtype in _SUMMED

    def _is_closed(self) -> bool:
        """Whether nobody outside reads, fetches or waits for what will be gone or longer."""
        gone = [self.unique, *self.sizes]
        known = {i.serial for i in (*self.sizes, *self.sums)} | self.updates.keys()
        slots = [s for i in gone for s in i.outputs]
        return (
            all(i.serial in known for s in slots for i in self.readers.of[s])
            and self.readers.fetched.isdisjoint((*slots, *self.dims))
            and self.readers.waited_for.isdisjoint([i.serial for i in gone])
        )

    def _followed(self, slot: int) -> list[int] | None:
        """What is made of rows; None if somebody reads them who cannot have them all."""
        made: list[int] = []
        for instr in self.readers.of[slot]:
            if instr.definition in OF_FIRST:
                if not self._is_update(instr, slot):
                    return None
                self.updates[instr.serial] = instr
            elif instr.definition.body is not None and instr.is_pure and not instr.after:
                dims = self.dims[slot]
                if not all(self._fits_beside(s, dims) for s in instr.inputs):
                    return None
                if instr.outputs[0] not in self.dims:
                    self.dims[instr.outputs[0]] = dims
                    made.append(instr.outputs[0])
            else:
                return None
        return made

    def _fits_beside(self, slot: int, dims: Dims) -> bool:
        return self.dims.get(slot) == dims or self.program.dims[slot] == ()

    def _is_update(self, instr: Instr, slot: int) -> bool:
        """Whether an update takes the rows in a slot, and the different indices, as it should."""
        ports = [p.name for p in instr.definition.inputs]
        given = dict(zip(ports, instr.inputs, strict=True))
        own = next(given[p] for p in _ROWS if p in given)
        taken = [s for s in instr.inputs if s in self.dims or s == self.different]
        return own == slot and given["indices"] == self.different and len(taken) == 2


class _Change:
    """A Program in the making, with other instructions in the place of some."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.dims = list(program.dims)
        self.dtypes: list[DType] = list(program.dtypes)
        self.first: dict[int, int] = {}
        """The slot of the first positions of each slot of indices."""
        self.instead: dict[int, Instr | None] = {}

    def put(self, family: _Family) -> None:
        """Rewrites what depends on one `Unique`."""
        first = self._first(family)
        for slot, dims in family.dims.items():
            self.dims[slot] = dims
        for instr in family.sizes:
            self.instead[instr.serial] = None
        for instr in family.sums:
            self.instead[instr.serial] = replace(
                instr,
                definition=SUM_INTO_FIRST,
                inputs=(instr.inputs[0], first),
                attrs={"T": instr.attrs["T"]},
            )
        for instr in family.updates.values():
            inputs = [family.indices if s == family.different else s for s in instr.inputs]
            self.instead[instr.serial] = replace(
                instr, definition=OF_FIRST[instr.definition], inputs=(*inputs, first)
            )

    def _first(self, family: _Family) -> int:
        unique, indices = family.unique, family.indices
        self.instead[unique.serial] = None
        if indices not in self.first:
            self.first[indices] = len(self.dims)
            self.dims.append(self.program.dims[indices])
            self.dtypes.append(int32)
            attrs: dict[str, Any] = {"T": unique.attrs["T"]}
            self.instead[unique.serial] = replace(
                unique, definition=FIRST_EQUAL, outputs=(self.first[indices],), attrs=attrs
            )
        return self.first[indices]

    def made(self) -> Program:
        """The Program that came of it."""
        instead = self.instead
        instrs = [instead.get(i.serial, i) for i in self.program.instrs]
        return self.program.with_instrs(
            [i for i in instrs if i is not None], dims=tuple(self.dims), dtypes=tuple(self.dtypes)
        )
