"""Runs a plan by its data flow: whatever is ready runs, and who waits for others stands aside.

The plans that need it: one run puts something into a queue and takes something out, and no edge
says what comes first, so that one after the other might wait for ever; and partial runs, whose
feeds come one after the other. Steps that may wait run on threads of their own then. There are no
shared buffers, because the order of the steps is not known in advance.
"""

from __future__ import annotations

import heapq
import queue
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from graphflow.core.waiting import Run, current_run, running
from graphflow.plan.build import Built
from graphflow.plan.fold import rerun_shape_rule
from graphflow.plan.order import cells, effects
from graphflow.plan.program import Instr
from graphflow.plan.record import Step
from graphflow.runtime.failures import StepError
from graphflow.runtime.numpy.calls import bound_call

Timed = tuple[Instr, int, int, int]
"""When a step ran: (its instruction, start and end in nanoseconds, its thread)."""


def kinds(instr: Instr) -> set[str]:
    """How an instruction, or one inside it, may wait: "give", "take", both or not at all."""
    waits = instr.definition.waits
    found = set() if waits is None else {waits}
    for body in instr.bodies:
        for inner in body.instrs:
            found |= kinds(inner)
    return found


def needs_threads(built: Built) -> bool:
    """Whether a plan has a step that gives and one that takes, and no edge between the two."""
    waits = [kinds(s.instr) for s in built.steps.steps]
    behind: list[set[int]] = []  # the waiting steps that each step comes after
    for before in _edges(built):
        mine = {i for i in before if waits[i]}
        behind.append(mine.union(*[behind[i] for i in before]))
    waiting = [i for i, found in enumerate(waits) if found]
    return any(
        i not in behind[j] and len(waits[i] | waits[j]) > 1
        for n, j in enumerate(waiting)
        for i in waiting[:n]
    )


def _edges(built: Built) -> list[set[int]]:
    """For each step those before it that it needs: for data, for order, for its variables."""
    maker: dict[int, int] = {}
    last: dict[int, int] = {}  # the last step of each instruction
    touches = _Touches(built)
    found: list[set[int]] = []
    for i, step in enumerate(built.steps.steps):
        before = {maker[s] for s in step.reads if s in maker}
        before |= {last[s] for s in step.instr.after if s in last}
        before |= touches.before(i, step)
        before.discard(i)
        found.append(before)
        for slot in step.outputs:
            maker[slot] = i
        last[step.instr.serial] = i
    return found


class _Touches:
    """The order of the steps that touch one variable: reads between updates may mix.

    Whoever uses an array that is the variable's own memory touches the variable as well.
    """

    def __init__(self, built: Built) -> None:
        self._cell_of = cells(built.program)
        self._updates: dict[int, int] = {}
        self._reads: dict[int, set[int]] = {}
        self._memory: dict[int, frozenset[int]] = {}

    def before(self, i: int, step: Step) -> set[int]:
        if kinds(step.instr):
            return set()  # what it touches is a queue: there is no order to keep
        read, updated = effects(step.instr, self._cell_of)
        aliases = [self._memory[s] for s in step.reads if s in self._memory]
        shown = read | updated
        if shown or step.is_view:
            for slot in step.outputs:
                self._memory[slot] = shown.union(*aliases)
        read = read.union(*aliases)
        found = {self._updates[cell] for cell in read | updated if cell in self._updates}
        for cell in read - updated:
            self._reads.setdefault(cell, set()).add(i)
        for cell in updated:
            found |= self._reads.pop(cell, set())
            self._updates[cell] = i
        return found


class Dataflow:
    """A plan made ready for runs by data flow; one object serves many runs at once."""

    def __init__(self, built: Built) -> None:
        steps = built.steps
        self.steps = steps.steps
        self.feeds = steps.feeds
        self.fetches = steps.fetches
        self.start: list[Any] = [None] * len(steps.dtypes)
        for slot, value in steps.constants.items():
            self.start[slot] = value
        self.calls = [bound_call(step, {}, self.start) for step in steps.steps]
        self.waits = [bool(kinds(step.instr)) for step in steps.steps]
        before = _edges(built)
        fed = set(steps.feeds)
        self.missing = [
            len(b) + len(fed.intersection(s.reads)) for b, s in zip(before, self.steps, strict=True)
        ]
        self.users: list[list[int]] = [[] for _ in before]
        for i, sources in enumerate(before):
            for j in sources:
                self.users[j].append(i)
        self.readers: dict[int, list[int]] = {slot: [] for slot in fed}
        for i, step in enumerate(self.steps):
            for slot in fed.intersection(step.reads):
                self.readers[slot].append(i)

    def run(self, *given: Any) -> list[Any]:
        """Runs the plan on the fed arrays and returns the fetched ones.

        Raises:
            StepError: if a step raises.
        """
        return self.timed(given, None)

    def timed(self, given: Sequence[Any], times: list[Timed] | None) -> list[Any]:
        """As `run`, and notes when each step ran.

        Args:
            given: the fed arrays.
            times: what is noted is appended here.
        """
        flow = Flow(self, times)
        flow.feed(dict(zip(self.feeds, given, strict=True)))
        return [flow.values[s] for s in self.fetches]


class Flow:
    """One run by data flow, which may be fed little by little.

    Args:
        plan: the plan.
        times: when each step ran is appended here; None: nowhere.
    """

    def __init__(self, plan: Dataflow, times: list[Timed] | None = None) -> None:
        self.plan = plan
        self._times = times
        self.values = plan.start.copy()
        self.fed: set[int] = set()
        self._left = plan.missing.copy()
        self._ready = [i for i, n in enumerate(self._left) if n == 0]
        self._finished: queue.SimpleQueue[tuple[int, Any, Exception | None]] = queue.SimpleQueue()
        self._outside = 0
        self.done: set[int] = set()

    def feed(self, given: Mapping[int, Any]) -> None:
        """Takes the values of some fed slots and runs what can run.

        Raises:
            StepError: if a step raises; the others that wait are cancelled.
        """
        for slot, value in given.items():
            self.values[slot] = value
            self.fed.add(slot)
            self._lower(self.plan.readers[slot])
        part = Run(parent=current_run())
        failed: StepError | None = None
        try:
            while self._outside or (self._ready and failed is None):
                try:
                    self._advance(part)
                except StepError as e:
                    failed = failed or e
                    part.cancel()
        finally:
            part.cancel()  # the user's own interrupt: let nobody wait on
            part.close()
        if failed is not None:
            raise failed

    def known(self, slots: Iterable[int]) -> bool:
        """Whether all these slots have their values."""
        made = {s for i in self.done for s in self.plan.steps[i].outputs} | self.fed
        return all(s in made or self.plan.start[s] is not None for s in slots)

    def _lower(self, users: Sequence[int]) -> None:
        for i in users:
            self._left[i] -= 1
            if not self._left[i]:
                heapq.heappush(self._ready, i)

    def _advance(self, part: Run) -> None:
        if self._ready and not part.cancelled:
            i = heapq.heappop(self._ready)
            if self.plan.waits[i]:
                self._outside += 1
                threading.Thread(target=self._apart, args=(i, part), daemon=True).start()
                return
            try:
                made = self._call(i)
            except Exception as e:
                raise self._failure(i, e) from e
        else:
            i, made, error = self._finished.get()
            self._outside -= 1
            if error is not None:
                raise self._failure(i, error) from error
        self._put(i, made)

    def _call(self, i: int) -> Any:
        function, sources, options, _ = self.plan.calls[i]
        if self._times is None:
            return function(*[self.values[s] for s in sources], **options)
        start = time.time_ns()
        made = function(*[self.values[s] for s in sources], **options)
        step = self.plan.steps[i]
        self._times.append((step.instr, start, time.time_ns(), threading.get_ident()))
        return made

    def _apart(self, i: int, part: Run) -> None:
        """Runs a step that may wait, on a thread of its own."""
        try:
            with running(part), np.errstate(all="ignore"):
                self._finished.put((i, self._call(i), None))
        except Exception as e:
            self._finished.put((i, None, e))

    def _put(self, i: int, made: Any) -> None:
        out = self.plan.calls[i][3]
        if out.__class__ is int:
            self.values[out] = made
        else:
            for slot, array in zip(out, made, strict=False) if out else ():
                self.values[slot] = array
        self.done.add(i)
        self._lower(self.plan.users[i])

    def _failure(self, i: int, e: Exception) -> StepError:
        instr = self.plan.steps[i].instr
        arrays = [self.values[s] for s in instr.inputs]
        return StepError(instr, e, rerun_shape_rule(instr, arrays))
