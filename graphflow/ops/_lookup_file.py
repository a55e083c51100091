"""Keys and values of a lookup table from the lines of a text file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from graphflow.core.dtypes import DType, int32, int64, short_name
from graphflow.core.errors import KernelError, NotFoundError, OutOfRangeError
from graphflow.formats.durable import file_errors
from graphflow.ops._lookup_tables import StaticTable
from graphflow.ops._numbers import NotANumber, parse_numbers
from graphflow.ops._strings import as_text, strings

Array = np.ndarray[Any, Any]
WHOLE_LINE: Final = -2
LINE_NUMBER: Final = -1


def read_lines(path: str) -> list[bytes]:
    """The lines of a file, without carriage returns.

    Raises:
        KernelError: if there is no such file, if it is empty, or has an empty line.
    """
    try:
        with file_errors(path):
            data = Path(path).read_bytes()
    except NotFoundError:
        raise KernelError(f"{path}; No such file or directory", NotFoundError) from None
    if not data:
        raise KernelError("Read less bytes than requested", OutOfRangeError)
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    lines = [line.replace(b"\r", b"") for line in lines] if b"\r" in data else lines
    if b"" in lines:
        ends = np.cumsum([len(line) + 1 for line in data.split(b"\n")])
        raise KernelError(
            f"Invalid content in {path}: empty line found at position {ends[lines.index(b'')]}."
        )
    return lines


def _check_index(index: int, dtype: DType, what: str) -> None:
    name = f"{what} index"
    if index == LINE_NUMBER and dtype != int64:
        raise KernelError(
            f"{name} for line number requires table {what.lower()} dtype of int64, got "
            f"{short_name(dtype)}"
        )
    if index == WHOLE_LINE and dtype.kind != "S" and (what == "Value" or not dtype.is_integer):
        wanted = "string" if what == "Value" else "string or integer"
        raise KernelError(
            f"{name} for whole line requires table {what.lower()} dtype of {wanted}, got "
            f"{short_name(dtype)}"
        )


def _column(fields: list[bytes], dtype: DType) -> Array:
    if dtype.kind == "S":
        return strings(fields)
    kind = np.dtype(dtype.as_numpy_dtype)
    if kind not in (np.int32, np.int64, np.float32, np.float64):
        raise KernelError(f"Data type {short_name(dtype)} not supported.")
    try:
        return parse_numbers(fields, kind)
    except NotANumber as e:
        raise KernelError(
            f"Field {e.text} in line {e.index} is not a valid {short_name(dtype)}."
        ) from None


def _columns(
    path: str, lines: list[bytes], delimiter: bytes, indices: tuple[int, int]
) -> dict[int, list[bytes]]:
    """The columns that are asked for by their numbers."""
    most = max(indices)
    if most < 0:
        return {}
    rows = [line.split(delimiter) for line in lines]
    for i, row in enumerate(rows):
        if most >= len(row):
            raise KernelError(
                f"Invalid number of columns in {path} line {i} ({as_text(lines[i])}) : expected "
                f"{most} got {len(row)}"
            )
    return {index: [row[index] for row in rows] for index in set(indices) if index >= 0}


def read_table(
    table: StaticTable,
    path: str,
    vocab_size: int,
    key_index: int,
    value_index: int,
    delimiter: bytes,
) -> tuple[Array, Array]:
    """Returns keys and values from a file.

    Args:
        table: says what types they have.
        path: the file.
        vocab_size: how many lines count; -1: all.
        key_index: the column of the keys, WHOLE_LINE or LINE_NUMBER.
        value_index: that of the values.
        delimiter: what separates columns, one character.

    Raises:
        KernelError: if the types or the file do not fit.
    """
    if len(delimiter) != 1:
        raise KernelError("delimiter should be only 1 char")
    types = (table.key_dtype, table.value_dtype)
    _check_index(key_index, types[0], "Key")
    _check_index(value_index, types[1], "Value")
    lines = read_lines(path)
    if vocab_size == 0:
        raise KernelError(f"Finished reading 0 of lines from {path}", OutOfRangeError)
    if vocab_size > len(lines):
        raise KernelError(
            f"Invalid vocab_size in {path}: expected {vocab_size} but got {len(lines)}"
        )
    lines = lines if vocab_size < 0 else lines[:vocab_size]
    columns = _columns(path, lines, delimiter, (key_index, value_index))
    found = []
    for index, dtype in zip((key_index, value_index), types, strict=True):
        if index == LINE_NUMBER:
            found.append(np.arange(len(lines), dtype=np.int64))
        else:
            kind = int32 if dtype == int32 else dtype
            found.append(_column(lines if index == WHOLE_LINE else columns[index], kind))
    return found[0], found[1]
