"""blocks: a convolution and what follows it run some images at a time, where NumPy runs alone.

What a convolution gives is large, and often only the next step reads it: the bias, the ReLU, the
pool. Some images at a time it stays in the cache, and no buffer holds it as a whole. Each step
gets as many images as its kernel takes together anyway, so no bit of a result changes.

In: `Steps`. Out: the same, with one step for each such chain; its `parts` are what it does.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from graphflow.core.shape import count
from graphflow.plan.groups import known_shape, lowering
from graphflow.plan.record import Step, Steps

_LARGE: Final = 1 << 19
"""Elements of the largest value inside a chain. Smaller ones stay in a cache as a whole."""
_MOST: Final = 64
"""Images at a time: measured, more gain nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Blocked:
    """The function of a chain's step, until the runtime binds it to buffers.

    `images`: how many at a time.
    """

    step: Step
    images: int


def block(steps: Steps) -> None:
    """Runs the pass in place."""
    chains = _Chains(steps)
    for i in range(len(steps.steps)):
        chains.follow(i)
    steps.steps = [step for step in chains.found if step is not None]


class _Chains:
    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.found: list[Step | None] = list(steps.steps)
        self.readers: dict[int, list[int]] = defaultdict(list)
        for i, step in enumerate(steps.steps):
            for s in step.reads:
                self.readers[s].append(i)
        for s in steps.fetches:
            self.readers[s] += [-1, -1]  # what the user gets has to be made

    def follow(self, i: int) -> None:
        """Joins the chain that starts with a step, if one does."""
        first = self.found[i]
        images = 0 if first is None else self._images(first)
        if first is None or not images:
            return
        chain = [i]
        while (after := self._next(chain[-1], images)) is not None:
            step, images = after
            chain.append(step)
        members = [self.steps.steps[k] for k in chain]
        largest = max([count(self.steps.dims[m.outputs[0]]) or 0 for m in members[:-1]], default=0)
        dims = self.steps.dims[first.outputs[0]]
        if largest >= _LARGE and dims is not None and (dims[0] or 0) > images:
            for k in chain[:-1]:
                self.found[k] = None
            self.found[chain[-1]] = self._joined(members, images * max(1, _MOST // images))

    def _images(self, step: Step) -> int:
        """How many images a step's kernel takes together; 0 for one that takes no images."""
        if len(step.outputs) != 1 or not step.takes_out:
            return 0
        low = lowering(self.steps, step)
        return 0 if low is None else low.block

    def _next(self, i: int, images: int) -> tuple[int, int] | None:
        """The step that alone reads the result of step i, and how many images suit it too."""
        slot = self.steps.steps[i].outputs[0]
        readers = self.readers[slot]
        step = None if len(readers) != 1 else self.found[readers[0]]
        if step is None or len(step.outputs) != 1 or not step.takes_out:
            return None
        if self._is_elementwise(step, slot):
            return readers[0], images
        other = self._images(step) if step.args[0] == slot else 0
        together = math.lcm(images, other)
        return (readers[0], together) if 0 < together <= _MOST else None

    def _is_elementwise(self, step: Step, slot: int) -> bool:
        """Whether each image of a result depends on that image alone, and on what all share."""
        out = step.outputs[0]
        whole = known_shape(self.steps, out)
        low = None if step.instr.definition.body is not None else lowering(self.steps, step)
        if whole is None or (step.instr.definition.body is None and (low is None or not low.tile)):
            return False
        if whole != known_shape(self.steps, slot):
            return False
        if self.steps.dtypes[slot] != self.steps.dtypes[out]:
            return False
        shared = [known_shape(self.steps, s) for s in step.reads if s != slot]
        return all(shape is not None and len(shape) < len(whole) for shape in shared)

    def _joined(self, members: list[Step], images: int) -> Step:
        inner = {m.outputs[0] for m in members}
        reads = dict.fromkeys(s for m in members for s in m.reads if s not in inner)
        last = members[-1]
        step = Step(
            _unbound, "blocks", tuple(reads), last.outputs, last.instr, parts=tuple(members)
        )
        step.function = Blocked(step, images)  # type: ignore[assignment]  # the runtime binds it
        return step


def _unbound(*_: Any) -> Any:
    raise AssertionError("a chain was not bound to buffers")
