"""memory: the values that a plan computes, and where each of them lives.

In: `Steps` with buffers, and their `Layout`. Out: a list of `Value`, for people who look inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphflow.core.shape import Dims, count
from graphflow.plan.buffers import Layout
from graphflow.plan.order import effect_of
from graphflow.plan.record import Step, Steps


@dataclass(frozen=True, slots=True)
class Value:
    """One value that a run computes.

    `nbytes` is its size, None if that is not known before the run. A value that neither shares
    memory nor has a buffer is very small, leaves the run, has a size that only the run tells, or
    lives inside a group of steps and never reaches memory as a whole.
    """

    slot: int
    name: str
    """The operation that it belongs to."""
    label: str
    """The function that computes it."""
    dims: Dims
    nbytes: int | None
    shares: bool
    """Whether it is the memory of a variable or of another value, seen once more."""
    buffer: int | None
    """The number of its buffer in the arena."""


def values(steps: Steps, layout: Layout) -> list[Value]:
    """Returns the values of a plan in the order in which they are computed."""
    found: list[Value] = []
    for step in leaves(steps.steps):
        for slot in step.outputs:
            dtype, n = steps.dtypes[slot], count(steps.dims[slot])
            if dtype is None or not dtype.is_ref:  # updates hand on the variable, not a value
                fixed = dtype is not None and dtype.kind not in "SR"
                nbytes = n * dtype.size if fixed and dtype and n is not None else None
                found.append(
                    Value(
                        slot, step.instr.name, step.label, steps.dims[slot], nbytes,
                        _shares(step), layout.buffer_of.get(slot),
                    )
                )  # fmt: skip
    return found


def leaves(steps: list[Step]) -> Iterator[Step]:
    """The steps themselves, and in the place of segments and groups what these consist of."""
    for step in steps:
        for member in (step,) if step.segment is None else step.segment.members:
            yield from member.parts or (member,)


def _shares(step: Step) -> bool:
    return step.is_view or (effect_of(step.instr) == "read" and not step.takes_out)
