"""Program: what one kind of run needs, as instructions over numbered slots."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar, dataclass_transform

import numpy as np

from graphflow.core.dtypes import DType
from graphflow.core.opdef import OpDef
from graphflow.core.shape import Dims
from graphflow.core.site import Site

Array = np.ndarray[Any, Any]

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def _immutable(cls: type[_T]) -> type[_T]:
    """A slotted dataclass that type checkers hold to be frozen.

    With the check at run time an object takes five times as long to make, and plans make many.
    """
    return dataclass(slots=True)(cls)


IF: Final = OpDef(
    "_If(pred: bool, inputs: Tin..., *, Tout: list(type)) -> outputs: Tout...", constraints={}
)
"""Runs one of two programs on `inputs`. An output that its program does not make is None."""
WHILE: Final = OpDef(
    "_While(inputs: Tin..., *, Tout: list(type)) -> outputs: Tout...", constraints={}
)
"""Runs a program again and again while another one says so. The first inputs are the loop
variables, as many as there are outputs; the others are the same in every iteration."""


@_immutable
class Instr:
    """One operation over slots.

    `serial` is its place in the graph, and its identity: control edges (`after`) name serials.
    """

    definition: OpDef
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    attrs: Mapping[str, Any]
    name: str
    site: Site | None
    serial: int
    after: tuple[int, ...] = ()
    bodies: tuple[Program, ...] = ()
    """The programs inside: of `_If` one for false and one for true, of `_While` condition, body."""

    @property
    def is_pure(self) -> bool:
        """True if equal inputs always give equal outputs and nothing else happens."""
        if self.bodies:
            return all(i.is_pure for body in self.bodies for i in body.instrs)
        return self.definition.is_pure


@dataclass(frozen=True, slots=True)
class Program:
    """An immutable plan in the making.

    Slots are numbers; `dtypes` and `dims` say what each holds, `constants` what some hold from
    the start: arrays, and the cells of variables.
    """

    instrs: tuple[Instr, ...]
    feeds: tuple[int, ...]
    fetches: tuple[int, ...]
    dtypes: tuple[DType, ...]
    dims: tuple[Dims, ...]
    constants: Mapping[int, Any] = field(default_factory=dict)

    def with_instrs(self, instrs: Iterable[Instr], **changes: Any) -> Program:
        """Returns the program with other instructions."""
        return replace(self, instrs=tuple(instrs), **changes)

    def __str__(self) -> str:
        lines = [f"feeds {list(self.feeds)} -> fetches {list(self.fetches)}"]
        for i in self.instrs:
            out = ", ".join(f"%{o}" for o in i.outputs) or "-"
            args = ", ".join(f"%{x}" for x in i.inputs)
            wait = f"  after {list(i.after)}" if i.after else ""
            lines.append(f"  {out} = {i.definition.name}({args})  # {i.name}{wait}")
            for body in i.bodies:
                lines += [f"    {line}" for line in str(body).splitlines()]
        return "\n".join(lines)


def inside(program: Program, change: Callable[[Program], Program]) -> Program:
    """Returns the program with a pass run on the programs inside its instructions."""
    if not any(i.bodies for i in program.instrs):
        return program
    return program.with_instrs(
        replace(i, bodies=tuple([change(body) for body in i.bodies])) if i.bodies else i
        for i in program.instrs
    )


class ProgramError(AssertionError):
    """A pass broke a rule of Programs: a bug in graphflow."""


def verify(program: Program) -> None:
    """Checks what every pass must leave true; for tests and GRAPHFLOW_CHECK=1.

    Raises:
        ProgramError: if a slot is read before it is written, written twice or out of range, or a
            control edge names an instruction that does not come earlier.
    """
    written = set(program.feeds) | set(program.constants)
    done: set[int] = set()
    serials = {i.serial for i in program.instrs}
    n = len(program.dtypes)
    if len(program.dims) != n:
        raise ProgramError("dtypes and dims differ in length")
    for instr in program.instrs:
        for slot in instr.inputs:
            if slot not in written:
                raise ProgramError(f"{instr.name} reads slot {slot} before it is written")
        for slot in instr.outputs:
            if slot in written:
                raise ProgramError(f"{instr.name} writes slot {slot} again")
            if not 0 <= slot < n:
                raise ProgramError(f"{instr.name} writes slot {slot} of {n}")
            written.add(slot)
        for serial in instr.after:
            if serial in serials and serial not in done:
                raise ProgramError(f"{instr.name} waits for {serial}, which comes later")
        done.add(instr.serial)
        for body in instr.bodies:
            verify(body)
    if missing := [s for s in program.fetches if s not in written]:
        raise ProgramError(f"fetched slots {missing} are never written")
