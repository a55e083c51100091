"""Lines of comma-separated values as columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, float32, float64, int32, int64, short_name, string
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.signature import TypeSet
from graphflow.ops._numbers import NotANumber, parse_numbers
from graphflow.ops._shapes import need_rank_at_most
from graphflow.ops._strings import as_bytes, items, strings

Array = np.ndarray[Any, Any]
_NOT_SCALAR: Final = "Shape of a default must be a length-0 or length-1 vector, or a scalar."
_UNQUOTED: Final = "Unquoted fields cannot have quotes/CRLFs inside"

# --- DecodeCSV ---
DECODE_CSV = define(
    "DecodeCSV(records: string, record_defaults: OUT_TYPE..., *, field_delim: string = ',', "
    "use_quote_delim: bool = True, na_value: string = '', select_cols: list(int) = []) "
    "-> output: OUT_TYPE...",
    OUT_TYPE=TypeSet((float32, float64, int32, int64, string), minimum=1),
).no_gradient("reads text", raises=True)


@DECODE_CSV.shape
def _(op: Operation) -> list[Dims]:
    for tensor in op.inputs[1:]:
        need_rank_at_most(tensor.dims, 1)
        if tensor.dims and tensor.dims[0] is not None and tensor.dims[0] > 1:
            i = op.inputs.index(tensor) - 1
            raise ShapeError(
                _NOT_SCALAR,
                run=f"There should only be 1 default per field but field {i} has {tensor.dims[0]}",
            )
    return [op.inputs[0].dims] * len(op.outputs)


def _quoted(line: bytes, at: int, delimiter: bytes) -> tuple[bytes, int]:
    """Reads a quoted field that starts behind its quote; returns it and where the next starts."""
    pieces = []
    while True:
        end = line.find(b'"', at)
        if end < 0:
            raise KernelError("Quoted field has to end with quote followed by delim or end")
        pieces.append(line[at:end])
        follows = line[end + 1 : end + 2]
        if follows in (b"", delimiter):
            return b"".join(pieces), end + 2
        if follows != b'"':
            raise KernelError("Quote inside a string has to be escaped by another quote")
        pieces.append(b'"')
        at = end + 2


def _fields(line: bytes, delimiter: bytes, quotes: bool, last: int) -> list[bytes]:
    """The fields of a line, up to the last one that is wanted."""
    found: list[bytes] = []
    at = 0
    while at < len(line) and len(found) <= last:
        if quotes and line[at : at + 1] == b'"':
            field, at = _quoted(line, at + 1, delimiter)
        else:
            end = line.find(delimiter, at)
            end = len(line) if end < 0 else end
            field, at = line[at:end], end + 1
            if (quotes and b'"' in field) or b"\n" in field or b"\r" in field:
                raise KernelError(_UNQUOTED)
        found.append(field)
    if line.endswith(delimiter) and at == len(line) and len(found) <= last:
        found.append(b"")
    return found


def _rows(
    lines: list[bytes], delimiter: bytes, quotes: bool, select: list[int], width: int
) -> list[list[bytes]]:
    last = select[-1] if select else 1 << 62
    rows = []
    for i, line in enumerate(lines):
        if (quotes and b'"' in line) or b"\n" in line or b"\r" in line or not line:
            fields = _fields(line, delimiter, quotes, last)
        else:
            fields = line.split(delimiter)
        if select:
            fields = [fields[k] for k in select if k < len(fields)]
        if len(fields) != width:
            raise KernelError(f"Expect {width} fields but have {len(fields)} in record {i}")
        rows.append(fields)
    return rows


def _column(
    values: Sequence[bytes], dtype: DType, default: Array, missing: tuple[bytes, ...], field: int
) -> Array:
    """One column's values; missing ones are the default, if there is one."""
    gaps = [i for i, value in enumerate(values) if value in missing]
    if gaps and not default.size:
        raise KernelError(f"Field {field} is required but missing in record {gaps[0]}!")
    filled = list(values)
    if dtype.base_dtype == string:
        for i in gaps:
            filled[i] = default.item()
        return strings(filled)
    for i in gaps:
        filled[i] = b"0"
    try:
        found = parse_numbers(filled, dtype.as_numpy_dtype)
    except NotANumber as e:
        kind = short_name(dtype)
        raise KernelError(
            f"Field {field} in record {e.index} is not a valid {kind}: {e.text}"
        ) from None
    if gaps:
        found[gaps] = default.item()
    return found


@DECODE_CSV.numpy
def _(
    records: Array,
    defaults: Sequence[Array],
    *,
    OUT_TYPE: list[DType],  # noqa: N803 (TensorFlow's attribute)
    field_delim: str,
    use_quote_delim: bool,
    na_value: str,
    select_cols: list[int],
) -> tuple[Array, ...]:
    delimiter = as_bytes(field_delim)
    if len(delimiter) != 1:
        raise KernelError("field_delim should be only 1 char")
    rows = _rows(items(records), delimiter, use_quote_delim, select_cols, len(defaults))
    columns: Any = zip(*rows, strict=True) if rows else [[] for _ in defaults]
    missing = (b"", as_bytes(na_value))
    return tuple(
        _column(values, dtype, default, missing, i).reshape(records.shape)
        for i, (values, dtype, default) in enumerate(zip(columns, OUT_TYPE, defaults, strict=True))
    )


@export("decode_csv", "io.decode_csv")
def decode_csv(
    records: Any,
    record_defaults: Sequence[Any],
    field_delim: str = ",",
    use_quote_delim: bool = True,
    name: str | None = None,
    na_value: str = "",
    select_cols: Sequence[int] | None = None,
) -> Any:
    """Returns the columns of lines of comma-separated values (RFC 4180, without line ends).

    Args:
        records: the lines, of any shape.
        record_defaults: for each column its type and what stands for a missing value: a vector of
            one element, or of none where a value must not be missing.
        field_delim: what separates fields, one character.
        use_quote_delim: whether quotes around a field may hold separators.
        name: the node's name.
        na_value: a further spelling of "missing".
        select_cols: the columns to return, in increasing order; None: all.

    Returns:
        A tensor for each column, in the shape of `records`.

    Raises:
        ValueError: if `select_cols` does not fit.
        InvalidArgumentError: in the run, if a line does not have the columns, or a field is no
            value of its type.
    """
    if select_cols is not None:
        if any(a >= b for a, b in pairwise(select_cols)):
            raise ValueError("select_cols is not strictly increasing.")
        if select_cols[0] < 0:
            raise ValueError("select_cols contains negative values.")
        if len(select_cols) != len(record_defaults):
            raise ValueError("Length of select_cols and record_defaults do not match.")
    return apply(
        DECODE_CSV,
        records,
        record_defaults,
        field_delim=field_delim,
        use_quote_delim=use_quote_delim,
        na_value=na_value,
        select_cols=select_cols,
        name=name,
    )
