"""What went wrong in a run, told with the operation's name and the user's line."""

from __future__ import annotations

from typing import Any

from graphflow.core import errors
from graphflow.core.errors import KernelError, OpError, ShapeError, run_message
from graphflow.plan.program import Instr


class StepError(Exception):
    """A step raised: the instruction, the cause, and the shape rule's opinion."""

    def __init__(self, instr: Instr, cause: Exception, reason: ShapeError | None) -> None:
        super().__init__(instr.name)
        self.instr = instr
        self.cause = cause
        self.reason = reason


def translated(failure: StepError, graph: Any) -> OpError:
    """Returns the error that the user sees: TensorFlow's class and words, node and line."""
    instr, cause = failure.instr, failure.cause
    kind: type[OpError]
    if isinstance(cause, OpError):
        kind, problem = type(cause), cause.message
    elif isinstance(cause, KernelError):
        kind, problem = cause.error, str(cause)
    elif failure.reason is not None:
        kind, problem = failure.reason.error, failure.reason.run
    elif isinstance(cause, MemoryError):
        kind, problem = errors.ResourceExhaustedError, f"OOM in {instr.name}: {cause}"
    elif isinstance(cause, ValueError | TypeError | IndexError | ZeroDivisionError):
        kind, problem = errors.InvalidArgumentError, f"{type(cause).__name__}: {cause}"
    else:
        kind, problem = errors.UnknownError, f"{type(cause).__name__}: {cause}"
    op = graph._by_name.get(instr.name)
    message = run_message(instr.definition.name, instr.name, problem, instr.site)
    return kind(None, op, message)
