"""Numbers from strings, and strings from numbers."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import (
    DType,
    bool_,
    complex64,
    complex128,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
)
from graphflow.core.elementwise import same_shape
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import default, define
from graphflow.core.tensor import Tensor
from graphflow.ops._arguments import either
from graphflow.ops._numbers import NotANumber, parse_numbers
from graphflow.ops._strings import items, strings

Array = np.ndarray[Any, Any]

# --- StringToNumber ---
STRING_TO_NUMBER = define(
    "StringToNumber(string_tensor: string, *, out_type: type) -> output: out_type",
    shape=same_shape,
    out_type=default((float32, float64, int32, int64), float32),
).no_gradient("is about text")


@STRING_TO_NUMBER.numpy
def _(x: Array, *, out_type: DType) -> Array:
    try:
        found = parse_numbers(items(x), out_type.as_numpy_dtype)
    except NotANumber as e:
        raise KernelError(
            f"StringToNumberOp could not correctly convert string: {e.text}"
        ) from None
    return found.reshape(x.shape)


@export("string_to_number", "strings.to_number")
def string_to_number(
    string_tensor: Any = None,
    out_type: Any = float32,
    name: str | None = None,
    input: Any = None,
) -> Tensor:
    """Returns the numbers that strings spell.

    Spaces around a number do not matter. Floats too large for the type are infinite; integers too
    large are mistakes.

    Args:
        string_tensor: strings.
        out_type: float32, float64, int32 or int64.
        name: the node's name.
        input: another name of `string_tensor`.

    Raises:
        InvalidArgumentError: in the run, if a string is not a number of the type.
    """
    x = either("input", string_tensor, "string_tensor", input)
    found: Tensor = apply(STRING_TO_NUMBER, x, out_type=out_type, name=name)
    return found


# --- AsString ---
_PRINTED: Final = (
    int8, int16, int32, int64, complex64, complex128, float32, float64, bool_,
)  # fmt: skip
AS_STRING = define(
    "AsString(input: T, *, precision: int = -1, scientific: bool = False, "
    "shortest: bool = False, width: int = -1, fill: string = '') -> output: string",
    shape=same_shape,
    T=_PRINTED,
).no_gradient("makes text")


def _check_format(kind: DType, precision: int, scientific: bool, shortest: bool, fill: str) -> None:
    if kind.is_integer or kind.is_bool:
        if scientific or shortest:
            raise KernelError(
                f"scientific and shortest format not supported for datatype {kind.name}"
            )
        if precision >= 0:
            raise KernelError(f"precision not supported for datatype {kind.name}")
    if len(fill) > 1:
        raise KernelError("Fill string must be one or fewer characters")
    if scientific and shortest:
        raise KernelError("Cannot select both scientific and shortest notation")
    if fill and fill not in " +-0#":
        raise KernelError(f'Fill argument not supported: "{fill}"')


def _floats(x: Array, flags: str, width: str, form: str) -> list[str]:
    """Floats as C's printf writes them: zeros never fill up nan, which has a sign."""
    pattern = f"%{flags}{width}{form}"
    found = [pattern % value for value in x.tolist()]
    if not np.isfinite(x).all():
        plain = f"%{flags.replace('0', '')}{width}s"
        plus = flags if flags in ("+", " ") else ""
        for i in np.flatnonzero(~np.isfinite(x)):
            word = "nan" if np.isnan(x[i]) else "inf"
            found[i] = plain % (("-" if np.signbit(x[i]) else plus) + word)
    return found


@AS_STRING.numpy
def _(
    x: Array,
    *,
    T: DType,  # noqa: N803 (TensorFlow's attribute)
    precision: int,
    scientific: bool,
    shortest: bool,
    width: int,
    fill: str,
) -> Array:
    _check_format(T, precision, scientific, shortest, fill)
    room = f"{width}" if width > -1 else ""
    flat = x.reshape(-1)
    if T.is_bool:
        words = ["true" if value else "false" for value in flat.tolist()]
    elif T.is_integer:
        pattern = f"%{fill}{room}d"
        words = [pattern % value for value in flat.tolist()]
    else:
        digits = f".{precision}" if precision > -1 else ""
        form = digits + ("g" if shortest else "e" if scientific else "f")
        if T.is_complex:
            parts = [_floats(part, fill, room, form) for part in (flat.real, flat.imag)]
            words = [f"({re},{im})" for re, im in zip(*parts, strict=True)]
        else:
            words = _floats(flat, fill, room, form)
    return strings((word.encode() for word in words), x.shape)


@export("as_string", "strings.as_string", "dtypes.as_string")
def as_string(
    input: Any,
    precision: int = -1,
    scientific: bool = False,
    shortest: bool = False,
    width: int = -1,
    fill: str = "",
    name: str | None = None,
) -> Tensor:
    """Returns each element as text.

    Args:
        input: numbers or truth values.
        precision: digits behind the point of floats; -1: 6.
        scientific: whether floats are written with an exponent.
        shortest: whether floats are written in the shorter of the two ways.
        width: the least number of characters.
        fill: what fills them up: "" or " " or "0" on the left, "-" spaces on the right; "+" shows
            the sign of positive numbers.
        name: the node's name.
    """
    options = {"scientific": scientific, "shortest": shortest, "width": width, "fill": fill}
    found: Tensor = apply(AS_STRING, input, precision=precision, name=name, **options)
    return found
