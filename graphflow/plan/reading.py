"""Reading variables: where a reference flows into a port that wants a value."""

from __future__ import annotations

from graphflow.core.lowering import Call, Lowering
from graphflow.core.opdef import OpDef
from graphflow.core.operation import Operation

READ = OpDef("_Read(ref: Ref(T)) -> value: T", effect="read", constraints={})
"""Reads a variable's value where a reference flows into a port that wants a value."""


@READ.numpy
def _(cell):  # type: ignore[no-untyped-def]  # a Cell, which lives above this layer's knowledge
    return cell.read()


@READ.compiled
def _(call: Call) -> Lowering:
    return Lowering("alias")


def ref_marks(op: Operation) -> list[bool]:
    """For each input of an operation whether its port takes the reference itself."""
    marks: list[bool] = []
    for port in op.definition.inputs:
        if port.is_list:
            n = op.attrs[port.number] if port.number else len(op.attrs[port.types or ""])
            marks += [port.is_ref] * n
        else:
            marks.append(port.is_ref)
    return marks
