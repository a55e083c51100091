"""Branches and loops in a NumPy plan: the functions that run the programs inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from graphflow.core.errors import CancelledError, KernelError
from graphflow.core.waiting import Run, current_run
from graphflow.plan.program import IF
from graphflow.plan.record import Step


class Inner(Protocol):
    """A plan inside a plan."""

    def take(self) -> Callable[..., list[Any]]:
        """Returns a function with buffers of its own."""

    def give(self, function: Callable[..., list[Any]]) -> None:
        """Takes the function back once it has returned."""

    def failed(self, e: Exception) -> Exception:
        """What to raise for an error in the function."""


def bound(step: Step, plans: Sequence[Inner]) -> Callable[..., Any]:
    """Returns the function of an `_If` or `_While` step.

    Args:
        step: the step.
        plans: the plans of its bodies.
    """
    if step.instr.definition is IF:
        return _branches(plans[0], plans[1])
    return _loop(plans[0], plans[1], len(step.instr.outputs))


def _branches(if_false: Inner, if_true: Inner) -> Callable[..., Any]:
    def run(pred: Any, *values: Any) -> list[Any]:
        plan = if_true if pred else if_false
        function = plan.take()
        try:
            found = function(*values)
        except Exception as e:
            raise plan.failed(e) from e
        plan.give(function)
        return found

    return run


def _check_time(run: Run) -> None:
    """Ends a loop whose run is cancelled or out of time."""
    if run.left == 0.0:
        run.expire()
    if run.cancelled:
        raise KernelError("Loop execution was cancelled.", CancelledError)


def _loop(test: Inner, body: Inner, n: int) -> Callable[..., Any]:
    def run(*values: Any) -> list[Any]:
        variables, same = list(values[:n]), values[n:]
        goes_on, again = test.take(), body.take()
        at = test
        count = 0
        watched = current_run()
        try:
            while goes_on(*variables, *same)[0]:
                if watched is not None:
                    _check_time(watched)
                at = body
                variables = again(*variables, *same)
                at = test
                count += 1
        except Exception as e:
            raise at.failed(e) from e
        test.give(goes_on)
        body.give(again)
        if count:
            return variables
        # The first values belong to others.
        return [v.copy() if isinstance(v, np.ndarray) else v for v in variables]

    return run
