"""Which function differentiates which operation type: the op's own rule, or the user's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from graphflow.core.export import export
from graphflow.core.opdef import REGISTRY, OpDef
from graphflow.core.operation import Operation

Rule = Callable[..., Any]
_F = TypeVar("_F", bound=Rule)
_registered: Final[dict[str, Rule | None]] = {}


@export("RegisterGradient")
class RegisterGradient:
    """Decorates a gradient function for an operation type, or for a name of the user's own.

    The function gets the operation and one gradient for each output, and returns one tensor (or
    None) for each input. Names that are no operation type are reached with
    `Graph.gradient_override_map`.

    Args:
        op_type: the operation type, or the name.
    """

    def __init__(self, op_type: str) -> None:
        if not isinstance(op_type, str):
            raise TypeError("op_type must be a string")
        self._op_type = op_type

    def __call__(self, f: _F) -> _F:
        """Registers the function `f` as gradient function for the op type.

        Raises:
            KeyError: if there is one already.
        """
        _register(self._op_type, f)
        return f


def _register(op_type: str, rule: Rule | None) -> None:
    definition = REGISTRY.get(op_type)
    taken = definition is not None and definition.differentiable is not None
    if op_type in _registered or taken:
        raise KeyError(f"Registering two gradient with name {op_type!r}!")
    _registered[op_type] = rule


@export("NotDifferentiable", "NoGradient", "no_gradient")
def not_differentiable(op_type: str) -> None:
    """Says that an operation type passes no gradient on.

    Args:
        op_type: the operation type.
    """
    if not isinstance(op_type, str):
        raise TypeError("op_type must be a string")
    _register(op_type, None)


def is_users(op: Operation) -> bool:
    """True if a function that a user registered differentiates the operation."""
    return bool(_registered) and _name_of(op) in _registered


def _name_of(op: Operation) -> str:
    override = op.attrs.get("_gradient_op_type")
    return op.definition.name if override is None else override.decode()


def get_gradient_function(op: Operation) -> Rule | None:
    """Returns the function that differentiates an operation; None where no gradient passes.

    Raises:
        LookupError: if there is none.
    """
    name = _name_of(op)
    if name in _registered:
        return _registered[name]
    definition: OpDef | None = op.definition
    if name != op.definition.name:
        definition = REGISTRY.get(name)
    if definition is not None:
        if definition.differentiable is not None:
            return definition.differentiable
        if definition.no_gradient_reason is not None and not definition.gradient_raises:
            return None
    raise LookupError(
        f"No gradient defined for operation '{op.name}' (op type: {op.type})"
        f"{_why(op, name, definition)}"
    )


def _why(op: Operation, name: str, definition: OpDef | None) -> str:
    reason = "" if name == op.type else f"; nothing is registered under {name!r}"
    if definition is not None and definition.no_gradient_reason is not None:
        reason = f": {definition.no_gradient_reason}"
    return reason if op.site is None else f"{reason}\n  made at {op.site}"
