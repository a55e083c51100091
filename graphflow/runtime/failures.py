"""What went wrong in a run, told with the operation's name and the user's line."""

from __future__ import annotations

from typing import Any

from graphflow.core import errors
from graphflow.core.errors import KernelError, OpError, ShapeError, run_message
from graphflow.core.operation import Operation
from graphflow.plan.program import Instr


class StepError(Exception):
    """A step raised: the instruction, the cause, and the shape rule's opinion."""

    def __init__(self, instr: Instr, cause: Exception, reason: ShapeError | None) -> None:
        super().__init__(instr.name)
        self.instr = instr
        self.cause = cause
        self.reason = reason


def _attributes(op: Operation) -> dict[str, Any]:
    """The attributes that say what an operation does: no types, no places, no long values."""
    declared = op.definition.attrs
    return {
        key: value
        for key, value in op.attrs.items()
        if key in declared
        and declared[key].kind not in ("type", "list(type)", "tensor", "shape")
        and value not in ("", [])
        and len(repr(value)) < 60
    }


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
    shown = {} if op is None else _attributes(op)
    message = run_message(instr.definition.name, instr.name, problem, shown, instr.site)
    return kind(None, op, message)
