"""Strings in other forms: case, length, substrings, stripped ends."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.elementwise import broadcast, same_shape
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import INDEX, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank
from graphflow.ops._strings import as_text, items, mapped, strings

Array = np.ndarray[Any, Any]
_ABOUT_TEXT: Final = "is about text"
_UNITS: Final = ("BYTE", "UTF8_CHAR")

# --- StringLower, StringUpper ---
LOWER = define(
    "StringLower(input: string, *, encoding: string = '') -> output: string", shape=same_shape
).no_gradient(_ABOUT_TEXT, raises=True)
UPPER = define(
    "StringUpper(input: string, *, encoding: string = '') -> output: string", shape=same_shape
).no_gradient(_ABOUT_TEXT, raises=True)


def _check_encoding(encoding: str) -> None:
    if encoding not in ("", "utf-8"):
        raise KernelError(f"only utf-8 or '' (no encoding) is supported, received {encoding}")


@LOWER.numpy
def _(x: Array, *, encoding: str) -> Array:
    _check_encoding(encoding)
    if not encoding:
        return mapped(bytes.lower, x)
    return mapped(lambda s: s.decode(errors="replace").lower().encode(), x)


@UPPER.numpy
def _(x: Array, *, encoding: str) -> Array:
    _check_encoding(encoding)
    if not encoding:
        return mapped(bytes.upper, x)
    return mapped(lambda s: s.decode(errors="replace").upper().encode(), x)


@export("strings.lower")
def string_lower(input: Any, encoding: str = "", name: str | None = None) -> Tensor:
    """Returns strings in lower case.

    TensorFlow 1.15 loses what follows a zero byte in "utf-8"; here it stays.

    Args:
        input: strings.
        encoding: "" changes the letters a to z only; "utf-8" those of all scripts.
        name: the node's name.
    """
    found: Tensor = apply(LOWER, input, encoding=encoding, name=name)
    return found


@export("strings.upper")
def string_upper(input: Any, encoding: str = "", name: str | None = None) -> Tensor:
    """Returns strings in upper case.

    TensorFlow 1.15 loses what follows a zero byte in "utf-8"; here it stays.

    Args:
        input: strings.
        encoding: "" changes the letters a to z only; "utf-8" those of all scripts.
        name: the node's name.
    """
    found: Tensor = apply(UPPER, input, encoding=encoding, name=name)
    return found


# --- StringStrip ---
STRIP = define("StringStrip(input: string) -> output: string", shape=same_shape).no_gradient(
    _ABOUT_TEXT, raises=True
)


@STRIP.numpy
def _(x: Array) -> Array:
    return mapped(bytes.strip, x)


@export("string_strip", "strings.strip")
def string_strip(input: Any, name: str | None = None) -> Tensor:
    """Returns strings without the spaces, tabs and line ends at either end.

    Args:
        input: strings.
        name: the node's name.
    """
    found: Tensor = apply(STRIP, input, name=name)
    return found


# --- StringLength ---
LENGTH = define(
    "StringLength(input: string, *, unit: string = 'BYTE') -> output: int32",
    shape=same_shape,
    unit=_UNITS,
).no_gradient(_ABOUT_TEXT, raises=True)
_CONTINUATIONS: Final = bytes(range(0x80, 0xC0))


@LENGTH.numpy
def _(x: Array, *, unit: str) -> Array:
    found = items(x)
    if unit == "UTF8_CHAR":  # TensorFlow counts the bytes that start a character
        found = [s.translate(None, _CONTINUATIONS) for s in found]
    return np.array([len(s) for s in found], np.int32).reshape(x.shape)


@export("strings.length")
def string_length(input: Any, name: str | None = None, unit: str = "BYTE") -> Tensor:
    """Returns the length of each string.

    Args:
        input: strings.
        name: the node's name.
        unit: "BYTE" or "UTF8_CHAR".
    """
    found: Tensor = apply(LENGTH, input, unit=unit, name=name)
    return found


# --- Substr ---
SUBSTR = define(
    "Substr(input: string, pos: T, len: T, *, unit: string = 'BYTE') -> output: string",
    T=INDEX,
    unit=_UNITS,
).no_gradient(_ABOUT_TEXT, raises=True)


@SUBSTR.shape
def _(op: Operation) -> list[Dims]:
    data, pos, size = (x.dims for x in op.inputs)
    run = f"pos and len should have the same shape, got: {text(pos)} vs. {text(size)}"
    if size is not None:
        for a, b in zip(need_rank(pos, len(size), run), size, strict=True):
            if None not in (a, b) and a != b:
                both = f"{text(pos)} vs. {text(size)}"
                raise ShapeError(f"pos and len shapes must match: {both}", run)
    return [broadcast(data, pos)]


def _starts(s: bytes) -> list[int]:
    """Where the characters of UTF-8 text start, and its end."""
    return [i for i, byte in enumerate(s) if byte & 0xC0 != 0x80 or not i] + [len(s)]


def _part_of_bytes(s: bytes, pos: int, size: int, index: int) -> bytes:
    if not -len(s) <= pos <= len(s):
        raise KernelError(f"pos {pos} out of range for string b'{as_text(s)}' at index {index}")
    pos += len(s) if pos < 0 else 0
    return s[pos : pos + size] if size >= 0 else s[pos:]


def _part_of_text(s: bytes, pos: int, size: int, index: int) -> bytes:
    starts = _starts(s) if s else [0]
    count = len(starts) - 1
    if not -count <= pos <= count:
        raise KernelError(f"pos {pos} out of range for string at index {index}")
    pos += count if pos < 0 else 0
    return s[starts[pos] : starts[min(pos + max(size, 0), count)]]


@SUBSTR.numpy
def _(x: Array, pos: Array, len: Array, *, unit: str) -> Array:
    shape = np.broadcast_shapes(x.shape, pos.shape)
    columns = [np.broadcast_to(a, shape).reshape(-1).tolist() for a in (x, pos, len)]
    part = _part_of_bytes if unit == "BYTE" else _part_of_text
    return strings(
        [part(s, p, n, i) for i, (s, p, n) in enumerate(zip(*columns, strict=True))], shape
    )


@export("substr", "strings.substr")
def substr(input: Any, pos: Any, len: Any, name: str | None = None, unit: str = "BYTE") -> Tensor:
    """Returns a part of each string.

    TensorFlow 1.15 loses axes where more than two of them broadcast; here they stay.

    Args:
        input: strings.
        pos: where the parts start; counted from the end where negative. Of a shape that
            broadcasts against that of `input`.
        len: how long they are at most; of the shape of `pos`.
        name: the node's name.
        unit: what is counted: "BYTE" or "UTF8_CHAR".

    Raises:
        InvalidArgumentError: in the run, if a position is outside its string.
    """
    found: Tensor = apply(SUBSTR, input, pos, len, unit=unit, name=name)
    return found
