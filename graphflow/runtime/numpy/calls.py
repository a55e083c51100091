"""Steps as calls with flat inputs, for those who run a plan step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphflow.plan.record import Literal, Step


def bound_call(
    step: Step, arena: Mapping[int, Any], start: list[Any], function: Any = None
) -> tuple[Callable[..., Any], list[int], dict[str, Any], Any]:
    """Returns how a step is run: (function, slots of its inputs, options, slots of its outputs).

    Args:
        step: the step.
        arena: buffers by slot.
        start: the values of all slots before a run; literals are appended.
        function: what to call; None: the step's own function.

    Returns:
        The outputs are an int where the function returns the one value itself.
    """
    options = dict(step.options) if step.options else {}
    if step.takes_out:
        out = arena.get(step.outputs[0])
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
    function = function or step.function
    if list in [a.__class__ for a in step.args]:
        function = _regrouped(function, groups)
    outputs = step.outputs
    if len(outputs) != 1:
        return function, sources, options, outputs
    return function, sources, options, outputs if step.returns_list else outputs[0]


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
