"""tiles: elementwise steps on large arrays run together, piece by piece, where NumPy runs alone.

Ten operations on 64 MB each are ten ways through memory; on pieces that stay in the cache they are
one. Steps of one shape that follow each other become a group, with the sums of its rows, or of
all, that follow from it. Every piece is computed by the same calls, so no bit of a result changes.

In: `Steps`. Out: the same, with one step for each group; its `parts` are what it does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from graphflow.core.lowering import Lowering
from graphflow.core.shape import count
from graphflow.plan.buffers import roots
from graphflow.plan.chains import Sizes, Tile
from graphflow.plan.fuse import trim
from graphflow.plan.groups import Group, add, agree, known_shape, leading, lowering
from graphflow.plan.order import effect_of
from graphflow.plan.record import Step, Steps

_LARGE: Final = 1 << 20
"""Elements. Measured: from here on pieces are quicker; smaller arrays stay in the last cache."""
_SUMS: Final = ("sum", "mean")
_MAY_FAIL: Final = ("power",)
"""Operations that may raise: integers have no negative powers."""


@dataclass(frozen=True, slots=True, eq=False)
class Tiled:
    """The function of a group's step, until the runtime binds it to buffers."""

    step: Step


def tile(steps: Steps) -> None:
    """Runs the pass in place."""
    if not any(_is_large(steps, s) for step in steps.steps for s in step.outputs):
        return
    grouping = _Grouping(steps)
    for step in steps.steps:
        grouping.put(step)
    grouping.close()
    steps.steps = grouping.found
    trim(steps)


def _is_large(steps: Steps, slot: int) -> bool:
    return (count(steps.dims[slot]) or 0) >= _LARGE


class _Grouping:
    """Steps in their order, of which those that fit gather in one group at a time."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.root = roots(steps)
        self.found: list[Step] = []
        self.group: Group | None = None

    def put(self, step: Step) -> None:
        """Adds the next step: to the group, before it, or behind it."""
        operation = self._operation(step)
        if self.group is not None:
            if operation is not None:
                if self._joins(step, operation):
                    return
            elif self._ends(step):
                return
            if operation is not None or not self._passes(step):
                self.close()
        if operation is not None:
            self.group = Group(self._shape(step.outputs[0]) or ())
            if self._joins(step, operation):
                return
            self.group = None
        self.found.append(step)

    def close(self) -> None:
        """Ends the group. One operation alone gains nothing."""
        group, self.group = self.group, None
        if group is not None:
            self.found += [self._grouped(group)] if len(group.steps) > 1 else group.steps

    # --- steps ---
    def _shape(self, slot: int) -> Sizes | None:
        return known_shape(self.steps, slot)

    def _operation(self, step: Step) -> Tile | None:
        """The elementwise operation of a step with a large result; None for another step."""
        if len(step.outputs) != 1 or not step.takes_out:
            return None
        if not _is_large(self.steps, step.outputs[0]):
            return None
        if step.instr.definition.body is not None:
            name, args = step.label, step.args
        else:
            low = lowering(self.steps, step)
            if low is None or not isinstance(getattr(np, low.tile, None), np.ufunc):
                return None
            name, args = low.tile, tuple([step.args[i] for i in low.inputs or (0,)])
        dtype = self.steps.dtypes[step.outputs[0]]
        if name in _MAY_FAIL and (dtype is None or dtype.kind not in "fc"):
            return None
        return Tile(name, args, step.outputs[0])

    # --- the group in hand ---
    def _joins(self, step: Step, operation: Tile) -> bool:
        group = self.group
        if group is None or self._shape(step.outputs[0]) != group.shape:
            return False
        if any(sizes[0] == 1 for _, sizes, _, _ in group.reduces):
            sizes = [math.prod(self._shape(a) or ()) for a in operation.args if a.__class__ is int]
            if any(n not in (1, math.prod(group.shape)) for n in sizes):
                return False  # a sum of all is taken of pieces that are no whole rows
        return add(group, step, [operation], self._shape)

    def _passes(self, step: Step) -> bool:
        """Whether a step may run before the group: cheap ones that do not depend on it."""
        group = self.group
        if group is None or effect_of(step.instr) == "update" or step.instr.bodies:
            return False
        made = {s for member in group.steps for s in member.outputs}
        if not made.isdisjoint(step.reads):
            return False
        return step.is_view or effect_of(step.instr) == "read" or self._is_small(step)

    def _is_small(self, step: Step) -> bool:
        slots = (*step.reads, *step.outputs)
        known = all(count(self.steps.dims[s]) is not None for s in slots)
        return known and not any(_is_large(self.steps, s) for s in slots)

    def _ends(self, step: Step) -> bool:
        """Adds a sum of all that the group computes, or a reduction of its rows."""
        group = self.group
        if group is None or "keep_dims" not in step.options or step.args[0] not in group.made:
            return False
        low = lowering(self.steps, step)
        if low is None or not low.reduce or self._shape(step.args[0]) is None:
            return False
        rows, _, columns = low.sizes
        if columns != 1 or not (self._of_all(low) if rows == 1 else self._of_rows(low)):
            return False
        group.reduces.append((low.reduce, low.sizes, step.args[0], step.outputs[0]))
        group.steps.append(step)
        return True

    def _of_all(self, low: Lowering) -> bool:
        return self.group is not None and self.group.split is None and low.reduce in _SUMS

    def _of_rows(self, low: Lowering) -> bool:
        group = self.group
        if group is None or low.sizes[1] != group.shape[-1]:
            return False
        k = leading(group.shape, low.sizes[0])
        if k is None or (group.split is not None and not agree(group.split, k, group.shape)):
            return False
        if any(sizes[0] == 1 for _, sizes, _, _ in group.reduces):
            return False
        group.split = k
        return True

    def _grouped(self, group: Group) -> Step:
        made = tuple([s for member in group.steps for s in member.outputs])
        inner = set(made)
        args = [a for t in group.tiles for a in t.args if a.__class__ is int and a not in inner]
        reads = tuple(dict.fromkeys(args))
        sources = [self.root.get(s, s) for s in reads]
        # Where two operands share memory, one may be read where the other was written over.
        own = [s for s, r in zip(reads, sources, strict=True) if sources.count(r) == 1]
        whole = tuple([s for s in own if self._shape(s) == group.shape])
        step = Step(
            _unbound, "tiles", reads, made, group.steps[-1].instr, in_place=whole,
            parts=tuple(group.steps), group=group,
        )  # fmt: skip
        step.function = Tiled(step)  # type: ignore[assignment]  # the runtime binds it
        return step


def _unbound(*_: Any) -> Any:
    raise AssertionError("a group was not bound to buffers")
