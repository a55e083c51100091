"""segments: neighbouring steps of the machine become one step, which runs without Python.

In: `Steps` with buffers, and their `Layout`. Out: the same, with one step for each such run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from graphflow.core.lowering import SUFFIXES, Lowering
from graphflow.core.shape import count
from graphflow.plan.buffers import Layout
from graphflow.plan.fuse import sized
from graphflow.plan.record import Step, Steps

_FEW: Final = 2
"""Calls. So few on at most `_TINY` elements are as quick through NumPy."""
_TINY: Final = 512


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Steps that run as one piece of compiled code.

    `inputs` are slots that others fill, variables among them; `outputs` those that others read.
    """

    members: tuple[Step, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def segments(steps: Steps, layout: Layout) -> None:
    """Runs the pass in place."""
    if not any(s.native is not None or s.parts for s in steps.steps):
        return
    _copies(steps)
    used_after = _read_from(steps)
    found: list[Step] = []
    place: dict[int, int] = {}
    i = 0
    while i < len(steps.steps):
        end = i
        while end < len(steps.steps) and _is_compiled(steps.steps[end]):
            end += 1
        whole = i == 0 and end == len(steps.steps)  # then NumPy need not even be prepared
        if end > i and (
            _pays(steps, steps.steps[i:end]) or (whole and any(map(_works, steps.steps)))
        ):
            found.append(_joined(steps, steps.steps[i:end], used_after, end))
        else:
            end = max(end, i + 1)
            for k in range(i, end):
                found += _apart(steps.steps[k], layout)
                place[k] = max(0, len(found) - 1)
        for k in range(i, end):
            place.setdefault(k, len(found) - 1)
        i = end
    steps.steps = found
    visible = {s for step in found for s in step.outputs}
    gone: dict[int, list[int]] = {}
    for k, slots in layout.dies_after.items():
        here = [s for s in slots if s in visible]
        if here:
            gone.setdefault(place[k], []).extend(here)
    layout.dies_after = gone


def _pays(steps: Steps, members: list[Step]) -> bool:
    """Whether compiled code is quicker than NumPy: not for one or two calls on a few numbers."""
    calls = sum([len(m.parts) or 1 for m in members if _works(m)])
    if calls > _FEW or any(m.chain for m in members):
        return calls > 0
    slots = {s for m in members for s in (*m.reads, *m.outputs)}
    sizes = [count(steps.dims[s]) or 0 for s in slots if s not in steps.constants]
    return calls > 0 and max(sizes, default=0) > _TINY


def _apart(step: Step, layout: Layout) -> list[Step]:
    """A step as NumPy runs it: of a group its parts.

    A group writes its results when all operands are read; its parts, one after the other, get
    arrays of their own instead.
    """
    if not step.parts:
        idle = step.native is not None and step.native.kernel == "nothing"
        return [] if idle else [step]
    if len(step.parts) > 1:
        for s in step.outputs:
            layout.buffer_of.pop(s, None)
    return list(step.parts)


def _is_compiled(step: Step) -> bool:
    return step.native is not None or bool(step.parts)


def _works(step: Step) -> bool:
    return bool(step.parts) or step.native.kernel not in ("alias", "nothing")


def _copies(steps: Steps) -> None:
    """Copies of what is fetched join the code around them."""
    for step in steps.steps:
        if step.label == "copied" and step.args[0] not in steps.feeds:
            dtype, dims = steps.dtypes[step.outputs[0]], steps.dims[step.outputs[0]]
            known = dims is not None and None not in dims
            if known and dtype is not None and dtype.name in SUFFIXES:
                step.native = Lowering("copy_bytes", (sized(steps, step.outputs[0]),))


def _read_from(steps: Steps) -> dict[int, int]:
    """For each slot the last step that reads it; behind all steps if it is fetched."""
    last: dict[int, int] = {}
    for i, step in enumerate(steps.steps):
        for s in step.reads:
            last[s] = i
    for s in steps.fetches:
        last[s] = len(steps.steps)
    return last


def _joined(steps: Steps, members: list[Step], last: dict[int, int], end: int) -> Step:
    made = {s for m in members for s in m.outputs}
    inputs: dict[int, None] = {}
    for m in members:
        for s in m.reads:
            if s not in made and not _is_array(steps, s):
                inputs[s] = None
    outputs = tuple([s for m in members for s in m.outputs if last.get(s, -1) >= end])
    segment = Segment(tuple(members), tuple(inputs), outputs)
    first = next(m for m in members if _works(m))
    return Step(segment, "native", tuple(inputs), outputs, first.instr, segment=segment)  # type: ignore[arg-type]  # bound to a function by the runtime


def _is_array(steps: Steps, slot: int) -> bool:
    """True for a constant that is an array; variables are inputs."""
    value = steps.constants.get(slot)
    return value is not None and hasattr(value, "ctypes")
