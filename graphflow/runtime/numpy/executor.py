"""Runs an emitted plan: small ones as one Python function, large ones step by step.

Both forms do the same calls in the same order and are equally fast per step; compiling source
costs about 25 us a line, which a plan of 100,000 lines does not earn back.
"""

from __future__ import annotations

import linecache
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any, Final

import numpy as np

from graphflow.core.evaluate import kernel_keywords
from graphflow.core.shape import count
from graphflow.plan.blocks import Blocked
from graphflow.plan.build import Built, emitted, finished, plain
from graphflow.plan.emit import Emitted
from graphflow.plan.fold import rerun_shape_rule
from graphflow.plan.memory import Value, values
from graphflow.plan.program import Instr, Program
from graphflow.plan.record import Step
from graphflow.plan.segments import Segment
from graphflow.plan.tiles import Tiled
from graphflow.runtime.compiled import machine
from graphflow.runtime.failures import StepError
from graphflow.runtime.numpy.arena import Arena
from graphflow.runtime.numpy.blocks import bound_blocks
from graphflow.runtime.numpy.calls import bound_call
from graphflow.runtime.numpy.dataflow import Dataflow, needs_threads
from graphflow.runtime.numpy.flow import bound
from graphflow.runtime.numpy.segments import bound_segment, is_kept
from graphflow.runtime.numpy.threads import one_thread
from graphflow.runtime.numpy.tiles import bound_tiles

Array = np.ndarray[Any, Any]
_PARTS: Final = {"If": ("false", "true"), "While": ("condition", "body")}
COMPILE_BELOW: Final = 3000
"""Steps. Larger plans run as a list."""


class NumpyPlan:
    """A plan bound to NumPy; callable from several threads at once.

    Args:
        built: what the passes made.
        label: what tracebacks call the plan.
        store: the session's store, which kernels with `store` or `memory` get.
        threads: at most so many work on one compiled kernel; 0: one a core.
    """

    def __init__(self, built: Built, label: str, store: Any, threads: int = 0) -> None:
        given = built
        parts: list[Any] = [instr.definition for instr in _all(built.program)]
        self.blas: bool = any(x.blas for x in parts)
        """Whether something in it calls BLAS."""
        self.waits: bool = any(x.waits for x in parts)
        """Whether something in it may have to wait for another thread."""
        self._flow: Dataflow | None = None
        if self.waits:
            single = plain(built.program)
            if needs_threads(single):
                built = single
        self.built = built
        self.label = f"<graphflow plan: {label}>"
        self._store = store
        self._threads = threads
        self._stepwise: NumpyPlan | None = None
        self._inner: dict[int, list[NumpyPlan]] = {}
        self._bind_inner(store)
        _give_state(built, store)
        if self.waits and built is not given:
            self._flow = Dataflow(built)
        self._emitted: Emitted | None = None
        self._code: types.CodeType | None = None
        self.arenas: list[Callable[..., list[Any]]] = []
        self.context: Any = one_thread if self.blas else nullcontext()
        """What every run of it happens in: BLAS keeps to one thread."""
        # Compiled code raises no warnings of NumPy's, and only products may call BLAS.
        steps = built.steps.steps
        self.quiet = not self.blas and all(step.segment is not None for step in steps)
        self.compiled = len(built.steps.steps) < COMPILE_BELOW

    def stepwise(self) -> NumpyPlan:
        """The same plan without compiled code and groups: each step of it can be seen."""
        if not any(step.segment is not None or step.parts for step in self.built.steps.steps):
            return self
        if self._stepwise is None:
            label = f"{self.label}, step by step"
            self._stepwise = NumpyPlan(plain(self.built.program), label, self._store, self._threads)
        return self._stepwise

    def _bind_inner(self, store: Any) -> None:
        """Makes plans of the programs inside steps."""
        for i, step in enumerate(self.built.steps.steps):
            if step.instr.bodies:
                plans = [
                    NumpyPlan(
                        finished(body, machine()), f"{step.instr.name}/{part}", store, self._threads
                    )
                    for part, body in zip(_PARTS[step.label], step.instr.bodies, strict=True)
                ]
                self._inner[i] = plans
                step.function = bound(step, plans)

    @property
    def idle_bytes(self) -> int:
        """The size of the buffers that wait for the next run."""
        return len(self.arenas) * (self.arena_bytes + self._result_bytes)

    @property
    def _result_bytes(self) -> int:
        """The size of the results whose memory is kept for the next run."""
        steps = self.built.steps
        if not any(step.segment is not None for step in steps.steps):
            return 0
        sizes = [(count(steps.dims[s]), steps.dtypes[s]) for s in set(steps.fetches)]
        whole = [n * dtype.size for n, dtype in sizes if n is not None and dtype is not None]
        return sum([n for n in whole if is_kept(n)])

    def free_arenas(self) -> None:
        """Lets the waiting buffers go; the next run makes new ones."""
        self.arenas.clear()

    @property
    def arena_bytes(self) -> int:
        """The size of the buffers of one run."""
        return sum(self.built.layout.sizes)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The calls of a run, in order.

        What runs as one piece of compiled code is one step; its `segment.members` are what it does,
        and the `parts` of such a member what a group of elementwise operations does.
        """
        return tuple(self.built.steps.steps)

    @property
    def values(self) -> list[Value]:
        """The values that a run computes, and where each lives; without branches and loops."""
        return values(self.built.steps, self.built.layout)

    @property
    def source(self) -> str:
        """The plan as the source of one Python function, one line a step.

        The functions of branches and loops follow, each under its name.
        """
        parts = [emitted(self.built).source]
        for plans in self._inner.values():
            parts += [f"\n# {plan.label}\n{plan.source}" for plan in plans]
        return "".join(parts)

    def _text(self) -> Emitted:
        if self._emitted is None:
            self._emitted = emitted(self.built, members=False)
        return self._emitted

    def run(self, values: Sequence[Any]) -> list[Any]:
        """Runs the plan on the fed arrays and returns the fetched ones.

        Raises:
            StepError: if a step raises; it holds the instruction and the cause.
        """
        function = self.take()
        try:
            if self.quiet:
                found = function(*values)
            else:
                with self.context, np.errstate(all="ignore"):
                    found = function(*values)
        except Exception as e:
            raise self.failed(e) from e
        self.arenas.append(function)
        return found

    # --- as a part of another plan ---
    def take(self) -> Callable[..., list[Any]]:
        """Returns a function that runs the plan with buffers of its own; see `give`."""
        try:
            return self.arenas.pop()
        except IndexError:
            return self._function()

    def give(self, function: Callable[..., list[Any]]) -> None:
        """Takes back what `take` returned, once it has run without an error."""
        self.arenas.append(function)

    def failed(self, e: Exception) -> Exception:
        """What to raise for an error in a function that `take` returned."""
        return e if isinstance(e, StepError) else self._failure(e)

    def _function(self) -> Callable[..., list[Any]]:
        if self._flow is not None:
            return self._flow.run
        return self._bind() if self.compiled else self._bind_list()

    # --- as one function ---
    def _bind(self) -> Callable[..., list[Any]]:
        text = self._text()
        if self._code is None:
            module = compile(text.source, self.label, "exec")
            code = next(c for c in module.co_consts if isinstance(c, types.CodeType))
            lines = text.source.splitlines(keepends=True)
            linecache.cache[self.label] = (len(text.source), None, lines, self.label)
            self._code = code
        arena = Arena(self.built.steps, self.built.layout)
        buffers = {name: arena[slot] for name, slot in text.buffers}
        groups = {
            name: self._group(value, arena)
            for name, value in text.names.items()
            if value.__class__ in (Segment, Tiled, Blocked)
        }
        return types.FunctionType(self._code, {**text.names, **buffers, **groups})

    def _group(self, function: Any, arena: Arena) -> Callable[..., Any]:
        """The function of a step that runs others, on one set of buffers."""
        if function.__class__ is Tiled:
            return bound_tiles(function.step, self.built.steps, arena)
        if function.__class__ is Blocked:
            return bound_blocks(function, self.built.steps, arena)
        return self._segment(function, arena)

    def _segment(self, segment: Segment, arena: Arena) -> Callable[..., Any]:
        found = machine()
        if found is None:
            raise AssertionError("a plan has compiled code, and nothing runs it")
        return bound_segment(segment, self.built.steps, arena, found, self._threads)

    def _failure(self, e: Exception) -> StepError:
        trace = e.__traceback__
        line, frame = 0, None
        while trace is not None:
            if trace.tb_frame.f_code is self._code:
                line, frame = trace.tb_lineno, trace.tb_frame
            trace = trace.tb_next
        step = self._text().step_at.get(line)
        if step is None or frame is None:
            raise e
        values = {**frame.f_globals, **frame.f_locals}
        arrays = []
        for slot in step.instr.inputs:
            for prefix in "txc":
                if f"{prefix}{slot}" in values:
                    arrays.append(values[f"{prefix}{slot}"])
                    break
        return StepError(step.instr, e, rerun_shape_rule(step.instr, arrays))

    # --- step by step ---
    def _bind_list(self) -> Callable[..., list[Any]]:
        steps, layout = self.built.steps, self.built.layout
        arena = Arena(steps, layout)
        start: list[Any] = [None] * len(steps.dtypes)
        for slot, value in steps.constants.items():
            start[slot] = value
        calls = [
            bound_call(step, arena, start)
            if step.segment is None and not step.parts
            else bound_call(step, arena, start, self._group(step.function, arena))
            for step in steps.steps
        ]
        gone = [layout.dies_after.get(i, ()) for i in range(len(calls))]
        feeds, fetches, keep = steps.feeds, steps.fetches, set(steps.constants)

        def run(*given: Any) -> list[Any]:
            values = start.copy()
            for slot, array in zip(feeds, given, strict=True):
                values[slot] = array
            i = -1
            try:
                for i, (function, sources, options, out) in enumerate(calls):
                    made = function(*[values[s] for s in sources], **options)
                    if out.__class__ is int:
                        values[out] = made
                    elif out:  # updates and NoOp make nothing
                        for slot, array in zip(out, made, strict=False):
                            values[slot] = array
                    for slot in gone[i]:
                        if slot not in keep:
                            values[slot] = None
            except Exception as e:
                step = steps.steps[i]
                arrays = [values[s] for s in step.instr.inputs]
                raise StepError(step.instr, e, rerun_shape_rule(step.instr, arrays)) from e
            return [values[s] for s in fetches]

        return run


def _all(program: Program) -> Iterator[Instr]:
    """The instructions of a program and of those inside it."""
    for instr in program.instrs:
        yield instr
        for body in instr.bodies:
            yield from _all(body)


def _give_state(built: Built, store: Any) -> None:
    steps = built.steps.steps
    members = [m for step in steps if step.segment is not None for m in step.segment.members]
    for step in (*steps, *members):
        kernel = step.instr.definition.kernel
        if kernel is None or step.function is not kernel:
            continue
        wanted = kernel_keywords(kernel)
        extra: dict[str, Any] = {}
        if "store" in wanted:
            extra["store"] = store
        if "memory" in wanted:
            extra["memory"] = store.memory(step.instr.name)
        if extra:
            step.options = {**step.options, **extra}
