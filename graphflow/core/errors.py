"""What can go wrong: TensorFlow's error classes, and the one place where messages are laid out.

```
OpError                      any failure of a run; carries .node_def .op .message .error_code
 +- CancelledError 1         the session was closed, or the step was cancelled
 +- UnknownError 2           a Python function inside the graph raised something unusual
 +- InvalidArgumentError 3   a value, shape or dtype an operation cannot work with
 +- DeadlineExceededError 4  RunOptions.timeout_in_ms went by
 +- NotFoundError 5          a file, a checkpoint key, a resource is not there
 +- AlreadyExistsError 6     a thing of that name exists
 +- PermissionDeniedError 7  the file system says no
 +- ResourceExhaustedError 8 no memory or disk left
 +- FailedPreconditionError 9 most often: a variable was read before it was initialized
 +- AbortedError 10          another actor got in the way
 +- OutOfRangeError 11       the end of a queue, file or data set
 +- UnimplementedError 12    a combination that TensorFlow's CPU kernels do not offer either
 +- InternalError 13         a bug in graphflow: please report it
 +- UnavailableError 14      a service is not there now
 +- DataLossError 15         a checksum or a record is wrong: the file is damaged
 +- UnauthenticatedError 16
```
While a graph is being declared, mistakes are ValueError and TypeError, as in TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

if TYPE_CHECKING:
    from graphflow.core.site import Site

OK: Final = 0
CANCELLED: Final = 1
UNKNOWN: Final = 2
INVALID_ARGUMENT: Final = 3
DEADLINE_EXCEEDED: Final = 4
NOT_FOUND: Final = 5
ALREADY_EXISTS: Final = 6
PERMISSION_DENIED: Final = 7
RESOURCE_EXHAUSTED: Final = 8
FAILED_PRECONDITION: Final = 9
ABORTED: Final = 10
OUT_OF_RANGE: Final = 11
UNIMPLEMENTED: Final = 12
INTERNAL: Final = 13
UNAVAILABLE: Final = 14
DATA_LOSS: Final = 15
UNAUTHENTICATED: Final = 16


class OpError(Exception):
    """A run failed. `str(e)` is the message, the node and the user's line.

    Args:
        node_def: the NodeDef of the operation that failed, or None.
        op: the Operation that failed, or None.
        message: what happened.
        error_code: one of the numbers above.
    """

    code: ClassVar[int] = UNKNOWN

    def __init__(self, node_def: Any, op: Any, message: str, error_code: int | None = None) -> None:
        super().__init__(message)
        self._node_def = node_def
        self._op = op
        self._message = message
        self._error_code = self.code if error_code is None else error_code

    @property
    def node_def(self) -> Any:
        """The NodeDef of the operation that failed, or None."""
        if self._node_def is None and self._op is not None:
            return self._op.node_def
        return self._node_def

    @property
    def op(self) -> Any:
        """The Operation that failed, or None."""
        return self._op

    @property
    def message(self) -> str:
        """What happened."""
        return self._message

    @property
    def error_code(self) -> int:
        """The number of the error class."""
        return self._error_code

    def __str__(self) -> str:
        return self._message


def _subclass(name: str, code: int, doc: str) -> type[OpError]:
    if code == UNKNOWN:

        def init(
            self: OpError, node_def: Any, op: Any, message: str, error_code: int = UNKNOWN
        ) -> None:
            OpError.__init__(self, node_def, op, message, error_code)
    else:

        def init(self: OpError, node_def: Any, op: Any, message: str) -> None:  # type: ignore[misc]  # one of two
            OpError.__init__(self, node_def, op, message, code)

    body = {"__init__": init, "__doc__": doc, "code": code, "__module__": __name__}
    return type(name, (OpError,), body)


CancelledError = _subclass("CancelledError", CANCELLED, "The operation or step was cancelled.")
UnknownError = _subclass("UnknownError", UNKNOWN, "An error without a better class.")
InvalidArgumentError = _subclass(
    "InvalidArgumentError", INVALID_ARGUMENT, "An operation got a value it cannot work with."
)
DeadlineExceededError = _subclass("DeadlineExceededError", DEADLINE_EXCEEDED, "Time ran out.")
NotFoundError = _subclass("NotFoundError", NOT_FOUND, "A file, key or resource is not there.")
AlreadyExistsError = _subclass("AlreadyExistsError", ALREADY_EXISTS, "The thing exists already.")
PermissionDeniedError = _subclass(
    "PermissionDeniedError", PERMISSION_DENIED, "The caller may not do that."
)
ResourceExhaustedError = _subclass(
    "ResourceExhaustedError", RESOURCE_EXHAUSTED, "Memory or disk is used up."
)
FailedPreconditionError = _subclass(
    "FailedPreconditionError",
    FAILED_PRECONDITION,
    "The system is not in a state for this: most often a variable is uninitialized.",
)
AbortedError = _subclass("AbortedError", ABORTED, "Another actor got in the way.")
OutOfRangeError = _subclass("OutOfRangeError", OUT_OF_RANGE, "The end of the input is reached.")
UnimplementedError = _subclass("UnimplementedError", UNIMPLEMENTED, "Not offered by the kernel.")
InternalError = _subclass("InternalError", INTERNAL, "Something inside is broken.")
UnavailableError = _subclass("UnavailableError", UNAVAILABLE, "Not there at the moment.")
DataLossError = _subclass("DataLossError", DATA_LOSS, "Stored data is damaged.")
UnauthenticatedError = _subclass("UnauthenticatedError", UNAUTHENTICATED, "No valid credentials.")

BY_CODE: Final[dict[int, type[OpError]]] = {
    c.code: c
    for c in (
        CancelledError, UnknownError, InvalidArgumentError, DeadlineExceededError, NotFoundError,
        AlreadyExistsError, PermissionDeniedError, ResourceExhaustedError,
        FailedPreconditionError, AbortedError, OutOfRangeError, UnimplementedError, InternalError,
        UnavailableError, DataLossError, UnauthenticatedError,
    )
}  # fmt: skip


def exception_type_from_error_code(error_code: int) -> type[OpError]:
    """Returns the error class of a code.

    Raises:
        KeyError: if no class has it.
    """
    return BY_CODE[error_code]


def error_code_from_exception_type(cls: type[OpError]) -> int:
    """Returns the code of an error class."""
    return cls.code


class raise_exception_on_not_ok_status:  # noqa: N801 (TensorFlow's name)
    """A context in which nothing needs to be translated: kept for programs that enter it."""

    def __enter__(self) -> raise_exception_on_not_ok_status:
        return self

    def __exit__(self, *exc: object) -> None:
        return None


class OperatorNotAllowedInGraphError(TypeError):
    """A symbolic tensor was used where Python needs a value."""


class InaccessibleTensorError(ValueError):
    """A tensor was used outside the function or loop it belongs to."""


class ShapeError(ValueError):
    """Raised by a shape rule; whoever infers adds the operation, its ports and the user's line.

    Args:
        message: what is wrong, with TensorFlow's key phrase for graph construction.
        run: TensorFlow's words for the same mistake at run time, where they differ.
        error: the run-time error class.
    """

    def __init__(
        self, message: str, run: str | None = None, error: type[OpError] = InvalidArgumentError
    ) -> None:
        super().__init__(message)
        self.run = message if run is None else run
        self.error = error


class KernelError(Exception):
    """Raised by a kernel; the executor adds the operation and the user's line.

    Args:
        message: what is wrong, with TensorFlow's key phrase.
        error: the run-time error class.
    """

    def __init__(self, message: str, error: type[OpError] = InvalidArgumentError) -> None:
        super().__init__(message)
        self.error = error


def declaration_message(
    op_type: str, name: str, problem: str, ports: list[tuple[str, str, str]], site: Site | None
) -> str:
    """Lays out the message of a mistake made while declaring an operation.

    Args:
        op_type: the operation type, such as "MatMul".
        name: the node's name.
        problem: what is wrong.
        ports: (port name, tensor name, "dtype [shape]") of each input.
        site: where the user declared the operation.
    """
    lines = [f"{op_type} '{name}': {problem}"]
    if ports:
        wide = max(len(port) for port, _, _ in ports)
        tensor_wide = max(len(tensor) for _, tensor, _ in ports)
        lines += [
            f"  {port:<{wide}} = '{tensor}'{'':<{tensor_wide - len(tensor)}} {what}"
            for port, tensor, what in ports
        ]
    if site is not None:
        lines.append(f"  made at {site}")
    return "\n".join(lines)


def run_message(
    op_type: str, name: str, problem: str, attrs: dict[str, Any], site: Site | None
) -> str:
    """Lays out the message of a failure in a run: TensorFlow's two parts, then the user's line.

    Args:
        op_type: the operation type.
        name: the node's name.
        problem: what is wrong.
        attrs: the attributes worth showing.
        site: where the user declared the operation.
    """
    where = "" if site is None else f" (defined at {site.short})"
    message = f"{problem}\n\t [[node {name}{where} ]]"
    line = "" if site is None else f"\n  made at {site}"
    shown = ", ".join([f"{key}={value!r}" for key, value in attrs.items()])
    return f"{message}\n  {op_type} '{name}'{f' ({shown})' if shown else ''}{line}"
