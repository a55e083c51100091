"""Text in Unicode's encodings: decoded to code points, encoded again, and its scripts."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, int64
from graphflow.core.elementwise import same_shape
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import INDEX, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, count
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank
from graphflow.ops._strings import items, mapped, strings
from graphflow.ops._unicode_decode import codec, decoded
from graphflow.ops._unicode_scripts import scripts_of

Array = np.ndarray[Any, Any]
_ERRORS: Final = ("strict", "replace", "ignore")
_OUTPUTS: Final = ("UTF-8", "UTF-16-BE", "UTF-32-BE")
_HOW: Final = (
    "input_encoding: string, {}errors: string = 'replace', replacement_char: int = 65533, "
    "replace_control_characters: bool = False"
)
_BAD: Final = "Invalid formatting on input string"


def _check_replacement(point: int) -> None:
    if not 0 <= point <= 0x10FFFF:
        raise KernelError("replacement_char out of unicode codepoint range")


def _readable(points: Array, errors: str, replacement: int, control: bool) -> tuple[Array, Array]:
    """Deals with mistakes (-1) and control characters; returns the points and which were kept.

    Raises:
        KernelError: for any of them, where `errors` is "strict".
    """
    wrong = points < 0
    if control:
        wrong |= points <= 0x1F
    if not wrong.any():
        return points, ~wrong
    if errors == "strict":
        raise KernelError(_BAD)
    if errors == "ignore":
        return points[~wrong], ~wrong
    return np.where(wrong, np.int32(replacement), points), np.ones(wrong.shape, bool)


def _encoded(points: Array, name: str) -> bytes:
    if name == "utf-8":  # has no place for halves of pairs
        points = np.where((points >= 0xD800) & (points <= 0xDFFF), np.int32(0xFFFD), points)
    text = points.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    return text.encode(name, "surrogatepass")


# --- UnicodeTranscode ---
TRANSCODE = define(
    f"UnicodeTranscode(input: string, *, {_HOW.format('output_encoding: string, ')}) "
    "-> output: string",
    shape=same_shape,
    output_encoding=_OUTPUTS,
    errors=_ERRORS,
).no_gradient("is about text", raises=True)


@TRANSCODE.numpy
def _(
    x: Array,
    *,
    input_encoding: str,
    output_encoding: str,
    errors: str,
    replacement_char: int,
    replace_control_characters: bool,
) -> Array:
    _check_replacement(replacement_char)
    source, target = codec(input_encoding), codec(output_encoding)

    def transcoded(s: bytes) -> bytes:
        points, _ = _readable(
            decoded(s, source)[0], errors, replacement_char, replace_control_characters
        )
        return _encoded(points, target)

    return mapped(transcoded, x)


@export("strings.unicode_transcode")
def unicode_transcode(
    input: Any,
    input_encoding: str,
    output_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns text in another encoding.

    Args:
        input: strings.
        input_encoding: their encoding, such as "UTF-8", "UTF-16-BE", "US-ASCII", "latin1".
        output_encoding: "UTF-8", "UTF-16-BE" or "UTF-32-BE".
        errors: what becomes of bytes that are no text: "replace", "ignore", or "strict": they are
            a mistake.
        replacement_char: the code point that replaces them.
        replace_control_characters: whether code points below 32 count as such.
        name: the node's name.
    """
    found: Tensor = apply(
        TRANSCODE,
        input,
        input_encoding=input_encoding,
        output_encoding=output_encoding,
        errors=errors,
        replacement_char=replacement_char,
        replace_control_characters=replace_control_characters,
        name=name,
    )
    return found


# --- UnicodeDecode, UnicodeDecodeWithOffsets ---
_DECODED: Final = "row_splits: Tsplits, char_values: int32"
DECODE = define(
    f"UnicodeDecode(input: string, *, {_HOW.format('')}, Tsplits: type) -> {_DECODED}",
    errors=_ERRORS,
    Tsplits=default(INDEX, int64),
).no_gradient("is about text", raises=True)
DECODE_WITH_OFFSETS = define(
    f"UnicodeDecodeWithOffsets(input: string, *, {_HOW.format('')}, Tsplits: type) "
    f"-> {_DECODED}, char_to_byte_starts: int64",
    errors=_ERRORS,
    Tsplits=default(INDEX, int64),
).no_gradient("is about text", raises=True)


def _decode_shape(op: Operation) -> list[Dims]:
    rows = count(op.inputs[0].dims)
    rest: list[Dims] = [(None,)] * (len(op.outputs) - 1)
    return [(None if rows is None else rows + 1,), *rest]


DECODE.shape(_decode_shape)
DECODE_WITH_OFFSETS.shape(_decode_shape)


def _decode_rows(
    x: Array, name: str, errors: str, replacement: int, control: bool, splits: DType
) -> tuple[Array, Array, Array]:
    _check_replacement(replacement)
    source = codec(name)
    points, offsets = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
    for s in items(x):
        row, starts = decoded(s, source)
        row, kept = _readable(row, errors, replacement, control)
        points.append(row)
        offsets.append(starts[kept])
    ends = np.cumsum([len(row) for row in points], dtype=splits.as_numpy_dtype)
    return ends, np.concatenate(points), np.concatenate(offsets)


@DECODE.numpy
def _(
    x: Array,
    *,
    input_encoding: str,
    errors: str,
    replacement_char: int,
    replace_control_characters: bool,
    Tsplits: DType,  # noqa: N803 (TensorFlow's attribute)
) -> tuple[Array, Array]:
    how = (input_encoding, errors, replacement_char, replace_control_characters)
    return _decode_rows(x, *how, Tsplits)[:2]


@DECODE_WITH_OFFSETS.numpy
def _(
    x: Array,
    *,
    input_encoding: str,
    errors: str,
    replacement_char: int,
    replace_control_characters: bool,
    Tsplits: DType,  # noqa: N803 (TensorFlow's attribute)
) -> tuple[Array, Array, Array]:
    how = (input_encoding, errors, replacement_char, replace_control_characters)
    return _decode_rows(x, *how, Tsplits)


# --- UnicodeEncode ---
ENCODE = define(
    "UnicodeEncode(input_values: int32, input_splits: Tsplits, *, errors: string = 'replace', "
    "output_encoding: string, replacement_char: int = 65533, Tsplits: type) -> output: string",
    errors=("ignore", "replace", "strict"),
    output_encoding=_OUTPUTS,
    Tsplits=default(INDEX, int64),
).no_gradient("is about text", raises=True)


@ENCODE.shape
def _(op: Operation) -> list[Dims]:
    need_rank(op.inputs[0].dims, 1)
    (rows,) = need_rank(op.inputs[1].dims, 1)
    if rows == 0:
        raise ShapeError("Negative dimension size caused by subtracting 1 from 0")
    return [(None if rows is None else rows - 1,)]


@ENCODE.numpy
def _(
    values: Array, splits: Array, *, errors: str, output_encoding: str, replacement_char: int
) -> Array:
    _check_replacement(replacement_char)
    fine = (values >= 0) & (values <= 0x10FFFF)
    if errors == "strict" and not fine.all():
        raise KernelError("Code point value out of valid Unicode range.")
    if splits.size and splits.max() > values.size:
        raise KernelError("Values in input_splits must not be larger than the number of values.")
    target, points = codec(output_encoding), np.where(fine, values, replacement_char)
    rows, low = [], 0
    for high in splits[1:].tolist():  # as in TensorFlow, what one row left the next one takes
        row = points[low:high]
        rows.append(_encoded(row[fine[low:high]] if errors == "ignore" else row, target))
        low = max(low, high)
    return strings(rows)


# --- UnicodeScript ---
SCRIPT = define("UnicodeScript(input: int32) -> output: int32", shape=same_shape).no_gradient(
    "is about text", raises=True
)


@SCRIPT.numpy
def _(points: Array) -> Array:
    return scripts_of(points)


@export("strings.unicode_script")
def unicode_script(input: Any, name: str | None = None) -> Tensor:
    """Returns the script that each code point belongs to, by its number in ICU.

    Args:
        input: code points, int32.
        name: the node's name.

    Returns:
        The numbers, such as 25 for Latin; -1 for what is no code point.
    """
    found: Tensor = apply(SCRIPT, input, name=name)
    return found
