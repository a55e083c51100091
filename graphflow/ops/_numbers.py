"""Numbers spelled in strings, as TensorFlow reads them: many at once, and what it refuses."""

from __future__ import annotations

import contextlib
import re
from fractions import Fraction
from typing import Any, Final

import numpy as np

from graphflow.ops._strings import as_text

Array = np.ndarray[Any, Any]
_LONGEST: Final = 31
"""TensorFlow refuses to read a float from more characters."""
_SPACES: Final = rb"[ \t\n\v\f\r]*"
_FLOAT: Final = re.compile(
    _SPACES
    + rb"([+-]?)(?:(inf)|(nan)|0x([0-9a-f]+)|((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?))"
    + _SPACES,
    re.IGNORECASE,
)
_INT: Final = re.compile(_SPACES + rb"-?\d+" + _SPACES)


class NotANumber(ValueError):  # noqa: N818 (a fact about text, caught where it is put in words)
    """A string does not spell a number of the type.

    Args:
        index: the string's position.
        text: the string.
    """

    def __init__(self, index: int, value: bytes) -> None:
        super().__init__(value)
        self.index = index
        self.text = as_text(value)


def parse_numbers(values: list[bytes], dtype: Any) -> Array:
    """Returns the numbers that strings spell: [n].

    Args:
        values: the strings.
        dtype: float32, float64, int32 or int64.

    Raises:
        NotANumber: for the first string that is none.
    """
    kind = np.dtype(dtype)
    if kind.kind == "i":
        return _integers(values, kind)
    plain = max(map(len, values), default=0) <= _LONGEST and not b"".join(values).translate(
        None, b"0123456789.eE+-"
    )
    if plain:
        with contextlib.suppress(ValueError):  # which one, the careful way says
            return _narrowed(np.array([float(v) for v in values], np.float64), values, kind)
    numbers = [_float(i, v) for i, v in enumerate(values)]
    return _narrowed(np.array(numbers, np.float64), values, kind)


def _integers(values: list[bytes], kind: Any) -> Array:
    limits = np.iinfo(kind)
    if not b"".join(values).translate(None, b"0123456789-"):
        with contextlib.suppress(ValueError, OverflowError):  # which one, the careful way says
            wide = np.array([int(v) for v in values], np.int64)
            if not wide.size or (wide.min() >= limits.min and wide.max() <= limits.max):
                return wide.astype(kind)
    found = np.empty(len(values), kind)
    for i, value in enumerate(values):
        if not _INT.fullmatch(value) or not limits.min <= (number := int(value)) <= limits.max:
            raise NotANumber(i, value)
        found[i] = number
    return found


def _float(index: int, value: bytes) -> float:
    if value and len(value) <= _LONGEST:
        found = _FLOAT.fullmatch(value)
        if found is not None:
            sign, inf, nan, hexadecimal, decimal = found.groups()
            if nan:
                return float("nan")
            size = float("inf") if inf else float(int(hexadecimal, 16)) if hexadecimal else None
            size = float(decimal) if size is None else size
            return -size if sign == b"-" else size
        if not value.strip():
            return 0.0  # as TensorFlow reads a string of spaces
    raise NotANumber(index, value)


def _narrowed(wide: Array, values: list[bytes], kind: Any) -> Array:
    """Rounds to float32 once: a float64 halfway between two of them was rounded before."""
    if kind == np.float64:
        return wide
    with np.errstate(over="ignore"):
        found = wide.astype(np.float32)
    halfway = (wide.view(np.int64) & 0x1FFFFFFF) == 0x10000000
    for i in np.flatnonzero(halfway & np.isfinite(found) & (found != 0)):
        match = _FLOAT.fullmatch(values[i])
        if match is None or match[5] is None:
            continue
        exact = Fraction((match[1] + match[5]).decode())
        other = np.nextafter(found[i], np.float32(np.inf if wide[i] > found[i] else -np.inf))
        if exact != Fraction(float(wide[i])):
            up = exact > Fraction(float(wide[i]))
            found[i] = max(found[i], other) if up else min(found[i], other)
    return found
