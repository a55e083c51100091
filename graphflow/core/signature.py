"""Reads an operation's signature: `"MatMul(a: T, b: T, *, transpose_a: bool = False) -> c: T"`.

Before the `*` stand input ports, after it attributes; a parameter with a default is an attribute
anywhere. A port's type is a dtype (`int32`), a type attribute (`T`), `N*T` (a list of N tensors of
one type), `T...` (a list of tensors of the types in the list attribute T), or `Ref(...)` of a
dtype or type attribute: a variable itself, not its value. Type attributes that only appear in
ports need no mention after the `*`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphflow.core import dtypes
from graphflow.core.dtypes import DType


class OpDefError(TypeError):
    """A definition that contradicts itself; never the user's fault."""


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of an operation type.

    Exactly one of `dtype`, `var` and `types` says what the elements are: a fixed dtype, the name
    of a type attribute, or the name of a list(type) attribute. `number` names the attribute that
    counts the tensors of a list port.
    """

    name: str
    dtype: DType | None = None
    var: str | None = None
    types: str | None = None
    number: str | None = None
    is_ref: bool = False

    @property
    def is_list(self) -> bool:
        """True if the port holds a list of tensors."""
        return self.number is not None or self.types is not None


NO_DEFAULT: Final = object()


@dataclass(frozen=True, slots=True)
class Attr:
    """One attribute: its kind ("int", "list(type)", ...), default and constraint.

    `allowed` lists DTypes for a type and strings for a string; `minimum` bounds an int, or the
    length of a list.
    """

    name: str
    kind: str
    default: Any = NO_DEFAULT
    allowed: tuple[Any, ...] | None = None
    minimum: int | None = None

    @property
    def has_default(self) -> bool:
        """True if the attribute may be left out."""
        return self.default is not NO_DEFAULT


@dataclass(frozen=True, slots=True)
class TypeSet:
    """The dtypes that a type attribute may be, its default, and the least length of a list."""

    allowed: tuple[DType, ...] | None = None
    default: DType | None = None
    minimum: int | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """Ports and attributes of an operation type."""

    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    attrs: dict[str, Attr]
    has_ref: bool
    makes_one: bool
    """Whether there is one output, and it is no list."""


_WHOLE: Final = re.compile(r"\s*([^\s(]+)\((.*?)\)\s*(?:->\s*(.*?))?\s*", re.DOTALL)
_KINDS: Final = frozenset(
    kind
    for base in ("int", "float", "bool", "string", "type", "shape", "tensor", "func")
    for kind in (base, f"list({base})")
)


_PIECE: Final = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|.""", re.DOTALL)


def _split(text: str) -> list[str]:
    parts, depth = [""], 0
    for piece in _PIECE.findall(text):  # a quoted string is one piece
        depth += (piece in "([") - (piece in ")]")
        if piece == "," and not depth:
            parts.append("")
        else:
            parts[-1] += piece
    return [part.strip() for part in parts if part.strip()]


def _port(text: str) -> Port:
    name, _, kind = (part.strip() for part in text.partition(":"))
    is_ref = kind.startswith("Ref(")
    if is_ref:
        kind = kind[4:-1]
    if kind.endswith("..."):
        return Port(name, types=kind[:-3], is_ref=is_ref)
    number, star, base = kind.rpartition("*")
    fixed = dtypes._BY_KEY.get(base)
    return Port(
        name,
        dtype=fixed,
        var=None if fixed else base,
        number=number if star else None,
        is_ref=is_ref,
    )


def _default(kind: str, text: str) -> Any:
    if kind == "type":
        return dtypes.as_dtype(text)
    if kind == "shape":
        value = ast.literal_eval(text)
        return None if value is None else tuple(value)
    return ast.literal_eval(text)


def _attr(name: str, kind: str, default: Any, constraint: Any) -> Attr:
    allowed = minimum = None
    if isinstance(constraint, TypeSet):
        allowed, minimum = constraint.allowed, constraint.minimum
        if constraint.default is not None:
            default = constraint.default
    elif isinstance(constraint, int):
        minimum = constraint
    elif constraint is not None:
        allowed = tuple(constraint)
    return Attr(name, kind, default, allowed, minimum)


def parse(text: str, constraints: Mapping[str, Any]) -> Signature:
    """Reads a signature.

    Args:
        text: the signature, as the module docstring describes.
        constraints: by attribute name: a tuple of DTypes or of strings (the allowed ones), a
            TypeSet, or an int (the minimum).

    Raises:
        OpDefError: if it cannot be read, or a constraint names no attribute.
    """
    found = _WHOLE.fullmatch(text)
    if found is None:
        raise OpDefError(f"cannot read the signature {text!r}")
    inputs: list[Port] = []
    attrs: dict[str, Attr] = {}
    behind_star = False
    for part in _split(found[2]):
        if part == "*":
            behind_star = True
            continue
        declared, _, default = (piece.strip() for piece in part.partition("="))
        if not behind_star and not default:
            inputs.append(_port(part))
            continue
        name, _, kind = (piece.strip() for piece in declared.partition(":"))
        if kind not in _KINDS:
            raise OpDefError(f"{found[1]}: attribute {name!r} has the unknown kind {kind!r}")
        value = _default(kind, default) if default else NO_DEFAULT
        attrs[name] = _attr(name, kind, value, constraints.get(name))
    outputs = tuple(_port(part) for part in _split(found[3] or ""))
    for port in (*inputs, *outputs):
        for key, kind in ((port.var, "type"), (port.types, "list(type)"), (port.number, "int")):
            if key is not None and key not in attrs:
                if port in outputs and port not in inputs:
                    raise OpDefError(f"{found[1]}: output {port.name!r} uses unknown {key!r}")
                attrs[key] = _attr(key, kind, NO_DEFAULT, constraints.get(key))
    if unknown := set(constraints) - set(attrs):
        raise OpDefError(f"{found[1]}: no attribute {', '.join(sorted(unknown))}")
    has_ref = any(port.is_ref for port in inputs)
    makes_one = len(outputs) == 1 and not outputs[0].is_list
    return Signature(found[1], tuple(inputs), outputs, attrs, has_ref, makes_one)
