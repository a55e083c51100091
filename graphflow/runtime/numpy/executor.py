"""Runs an emitted plan: small ones as one Python function, large ones step by step.

Both forms do the same calls in the same order and are equally fast per step; compiling source
costs about 25 us a line, which a plan of 100,000 lines does not earn back.
"""

from __future__ import annotations

import linecache
import types
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Final

import numpy as np

from graphflow.core.evaluate import kernel_keywords
from graphflow.plan.build import Built, emitted
from graphflow.plan.emit import Emitted
from graphflow.plan.fold import rerun_shape_rule
from graphflow.plan.record import Literal, Step
from graphflow.runtime.failures import StepError
from graphflow.runtime.numpy.arena import make_arena
from graphflow.runtime.numpy.threads import one_thread

Array = np.ndarray[Any, Any]
COMPILE_BELOW: Final = 3000
"""Steps. Larger plans run as a list."""


class NumpyPlan:
    """A plan bound to NumPy; callable from several threads at once.

    Args:
        built: what the passes made.
        label: what tracebacks call the plan.
        store: the session's store, which kernels with `store` or `memory` get.
    """

    def __init__(self, built: Built, label: str, store: Any) -> None:
        self.built = built
        self.label = f"<graphflow plan: {label}>"
        _give_state(built, store)
        self._emitted: Emitted | None = None
        self._code: types.CodeType | None = None
        self._arenas: list[Callable[..., list[Any]]] = []
        blas = any(step.instr.definition.blas for step in built.steps.steps)
        self._context: Any = one_thread if blas else nullcontext()
        self.compiled = len(built.steps.steps) < COMPILE_BELOW

    @property
    def idle_bytes(self) -> int:
        """The size of the buffers that wait for the next run."""
        return len(self._arenas) * sum(self.built.layout.sizes)

    def free_arenas(self) -> None:
        """Lets the waiting buffers go; the next run makes new ones."""
        self._arenas.clear()

    @property
    def source(self) -> str:
        """The plan as the source of one Python function, one line a step."""
        return self._text().source

    def _text(self) -> Emitted:
        if self._emitted is None:
            self._emitted = emitted(self.built)
        return self._emitted

    def run(self, values: Sequence[Any]) -> list[Any]:
        """Runs the plan on the fed arrays and returns the fetched ones.

        Raises:
            StepError: if a step raises; it holds the instruction and the cause.
        """
        try:
            function = self._arenas.pop()
        except IndexError:
            function = self._bind() if self.compiled else self._bind_list()
        try:
            with self._context, np.errstate(all="ignore"):
                found = function(*values)
        except StepError:
            raise
        except Exception as e:
            raise self._failure(e) from e
        self._arenas.append(function)
        return found

    # --- as one function ---
    def _bind(self) -> Callable[..., list[Any]]:
        text = self._text()
        if self._code is None:
            module = compile(text.source, self.label, "exec")
            code = next(c for c in module.co_consts if isinstance(c, types.CodeType))
            lines = text.source.splitlines(keepends=True)
            linecache.cache[self.label] = (len(text.source), None, lines, self.label)
            self._code = code
        arena = make_arena(self.built.steps, self.built.layout, text.buffers)
        return types.FunctionType(self._code, {**text.names, **arena})

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
        names = [(str(slot), slot) for slot in layout.buffer_of]
        arena = make_arena(steps, layout, names)
        start: list[Any] = [None] * len(steps.dtypes)
        for slot, value in steps.constants.items():
            start[slot] = value
        calls = [_call(step, arena, start) for step in steps.steps]
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
                    else:
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


def _call(
    step: Step, arena: dict[str, Any], start: list[Any]
) -> tuple[Callable[..., Any], list[int], dict[str, Any], Any]:
    options = dict(step.options) if step.options else {}
    if step.takes_out:
        out = arena.get(str(step.outputs[0])) if arena else None
        if out is not None or step.label == step.instr.definition.name or step.label == "where":
            options["out"] = out
    sources: list[int] = []
    groups: list[int | None] = []  # the length of each list port
    for a in step.args:
        cls = a.__class__
        if cls is int:
            sources.append(a)
        elif cls is Literal:
            start.append(a.value)
            sources.append(len(start) - 1)
        else:
            sources += a
        groups.append(len(a) if cls is list else None)
    function = step.function
    if list in [a.__class__ for a in step.args]:
        function = _regrouped(function, groups)
    outputs = step.outputs
    if len(outputs) != 1:
        return function, sources, options, outputs
    only = not step.instr.definition.outputs[0].is_list
    return function, sources, options, outputs[0] if only else outputs


def _regrouped(function: Callable[..., Any], groups: list[int | None]) -> Callable[..., Any]:
    def call(*flat: Any, **options: Any) -> Any:
        args: list[Any] = []
        at = 0
        for n in groups:
            if n is None:
                args.append(flat[at])
                at += 1
            else:
                args.append(list(flat[at : at + n]))
                at += n
        return function(*args, **options)

    return call


def _give_state(built: Built, store: Any) -> None:
    for step in built.steps.steps:
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
