"""emit: steps as readable Python source, and the names that the source uses.

In: `Steps` and a `Layout`. Out: `Emitted`: one line a step, the operation's name at its end.
"""

from __future__ import annotations

import keyword
from dataclasses import dataclass
from typing import Any, Final

from graphflow.core.shape import count
from graphflow.plan.buffers import Layout
from graphflow.plan.record import Literal, Step, Steps

_KEEP_BELOW: Final = 1 << 16
"""Bytes. Arrays below this size are not worth a `del`."""


@dataclass(frozen=True, slots=True)
class Emitted:
    """Source of one plan.

    `names` holds what the source finds in its globals, but for the buffers that its calls fill:
    `buffers` lists (name, slot) of those. `step_at` tells which step a line runs.
    """

    source: str
    names: dict[str, Any]
    buffers: tuple[tuple[str, int], ...]
    step_at: dict[int, Step]


class _Writer:
    def __init__(self, steps: Steps, layout: Layout, shows_members: bool) -> None:
        self.shows_members = shows_members
        self.steps = steps
        self.layout = layout
        self.names: dict[str, Any] = {}
        self.lines: list[str] = []
        self.step_at: dict[int, Step] = {}
        self.feeds = set(steps.feeds)
        self.functions: dict[int, str] = {}
        self.buffers: list[tuple[str, int]] = []

    def value(self, slot: int) -> str:
        if slot in self.feeds:
            return f"x{slot}"
        if slot in self.steps.constants:
            self.names[f"c{slot}"] = self.steps.constants[slot]
            return f"c{slot}"
        return f"t{slot}"

    def argument(self, a: Any) -> str:
        if a.__class__ is int:
            return self.value(a)
        if a.__class__ is Literal:
            return self.literal(a.value)
        return f"[{', '.join([self.value(s) for s in a])}]"

    def literal(self, value: Any) -> str:
        if value.__class__ in (bool, int, str, type(None)) or (
            value.__class__ is float and value == value and abs(value) != float("inf")
        ):
            return repr(value)
        name = f"k{len(self.names)}"
        self.names[name] = value
        return name

    def function(self, step: Step) -> str:
        known = self.functions.get(id(step.function))
        if known is not None:
            return known
        base = step.label if step.label.isidentifier() else "kernel"
        name, i = base, 1
        while name in self.names or keyword.iskeyword(name):
            i += 1
            name = f"{base}_{i}"
        self.names[name] = step.function
        self.functions[id(step.function)] = name
        return name

    def members(self, step: Step) -> None:
        """The steps of a segment or group, as comments: one function runs them."""
        for m in (step,) if step.segment is None else step.segment.members:
            names = ", ".join(dict.fromkeys([p.instr.name for p in m.parts or (m,)]))
            labels = " ".join([p.label for p in m.parts]) if m.parts else m.label
            reads = ", ".join([self.shown(s) for s in m.reads])
            made = ", ".join([f"t{s}" for s in m.outputs])
            left = f"{made} = " if made else ""
            right = f"[{labels}]({reads})" if m.parts else f"{labels}({reads})"
            self.lines.append(f"    #   {left}{right}  # {names}")

    def shown(self, slot: int) -> str:
        """The name of a slot, for a reader."""
        letter = "x" if slot in self.feeds else "c" if slot in self.steps.constants else "t"
        return f"{letter}{slot}"

    def step(self, index: int, step: Step) -> None:
        if self.shows_members and (step.segment is not None or step.parts):
            self.members(step)
        parts = [self.argument(a) for a in step.args]
        parts += [f"{k}={self.literal(v)}" for k, v in step.options.items()]
        if step.takes_out:
            out = step.outputs[0]
            if out in self.layout.buffer_of:
                parts.append(f"out=b{out}")
                self.buffers.append((f"b{out}", out))
            elif step.label == step.instr.definition.name or step.label == "where":
                parts.append("out=None")
        call = f"{self.function(step)}({', '.join(parts)})"
        targets = ", ".join([f"t{s}" for s in step.outputs])
        if len(step.outputs) == 1 and step.returns_list:
            targets += ","
        left = f"{targets} = " if targets else ""
        self.line(f"{left}{call}", step)
        gone = [s for s in self.layout.dies_after.get(index, ()) if self._large(s)]
        if gone:
            self.line("del " + ", ".join([f"t{s}" for s in gone]), step)

    def _large(self, slot: int) -> bool:
        dtype = self.steps.dtypes[slot]
        n = count(self.steps.dims[slot])
        if slot in self.feeds or dtype is None or dtype.is_ref:
            return False
        return n is None or n * dtype.size >= _KEEP_BELOW

    def line(self, text: str, step: Step) -> None:
        self.lines.append(f"    {text}  # {step.instr.name}")
        self.step_at[len(self.lines) + 1] = step


def emit(steps: Steps, layout: Layout, members: bool = True) -> Emitted:
    """Writes the source of a plan.

    Args:
        steps: the plan.
        layout: where its values live.
        members: whether comments say what runs as one; they take long to write, and no code.
    """
    w = _Writer(steps, layout, members)
    for i, step in enumerate(steps.steps):
        w.step(i, step)
    parameters = ", ".join([f"x{s}" for s in steps.feeds])
    returned = ", ".join([w.value(s) for s in steps.fetches])
    lines = [f"def run({parameters}):", *w.lines, f"    return [{returned}]"]
    return Emitted("\n".join(lines) + "\n", w.names, tuple(w.buffers), w.step_at)
