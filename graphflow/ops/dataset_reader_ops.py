"""Data sets read from files, and one written to a file, as operations."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np

from graphflow.core.dtypes import DType, float32, float64, int32, int64, string
from graphflow.core.errors import KernelError
from graphflow.core.opdef import define
from graphflow.core.signature import TypeSet
from graphflow.formats.records import Compression, RecordWriter
from graphflow.ops import _dataset_files as made
from graphflow.ops import _datasets as base
from graphflow.ops.dataset_ops import dataset
from graphflow.ops.decode_csv import DECODE_CSV

Array = np.ndarray[Any, Any]
_FILES = "filenames: string, compression_type: string, buffer_size: int64"

TF_RECORD = dataset(f"TFRecordDataset({_FILES})", stateful=True)


@TF_RECORD.numpy
def _(paths: Array, compression: Array, buffer: Array) -> Any:
    return made.Records(paths, compression, buffer)


TEXT_LINE = dataset(f"TextLineDataset({_FILES})", stateful=True)


@TEXT_LINE.numpy
def _(paths: Array, compression: Array, buffer: Array) -> Any:
    return made.Lines(paths, compression, buffer)


_PIECES = (
    "filenames: string, header_bytes: int64, record_bytes: int64, footer_bytes: int64, "
    "buffer_size: int64"
)
FIXED_LENGTH = dataset(f"FixedLengthRecordDataset({_PIECES})", stateful=True)
FIXED_LENGTH_V2 = dataset(
    f"FixedLengthRecordDatasetV2({_PIECES}, compression_type: string)", stateful=True
)


@FIXED_LENGTH.numpy
def _(paths: Array, header: Array, record: Array, footer: Array, buffer: Array) -> Any:
    return made.Pieces(paths, header, record, footer, buffer, "")


@FIXED_LENGTH_V2.numpy
def _(
    paths: Array, header: Array, record: Array, footer: Array, buffer: Array, compression: Array
) -> Any:
    return made.Pieces(paths, header, record, footer, buffer, compression)


# --- CSVDataset ---
CSV = dataset(
    f"CSVDataset({_FILES}, header: bool, field_delim: string, use_quote_delim: bool, "
    "na_value: string, select_cols: int64, record_defaults: output_types..., *, "
    "output_shapes: list(shape))",
    stateful=True,
    output_types=TypeSet((float32, float64, int32, int64, string), minimum=1),
)


@CSV.numpy
def _(
    paths: Array,
    compression: Array,
    buffer: Array,
    header: Array,
    delimiter: Array,
    quotes: Array,
    na_value: Array,
    select: Array,
    defaults: Sequence[Array],
    *,
    output_types: list[DType],
) -> Any:
    sign = made.string_of(delimiter)
    if len(sign.encode()) != 1:
        raise KernelError("field_delim should be only 1 char")
    columns = select.tolist()
    if any(a >= b for a, b in pairwise(columns)):
        raise KernelError("select_cols should be strictly increasing indices")
    if columns and columns[0] < 0:
        raise KernelError("select_cols should be non-negative indices")
    if columns and len(columns) != len(output_types):
        raise KernelError("select_cols should match output size")
    given = [base.kept(x) for x in defaults]
    options = {
        "OUT_TYPE": output_types, "field_delim": sign, "use_quote_delim": bool(quotes),
        "na_value": made.string_of(na_value), "select_cols": columns,
    }  # fmt: skip

    def values(row: Array) -> Sequence[Array]:
        found: Sequence[Array] = DECODE_CSV.kernel(row, given, **options)  # type: ignore[misc]  # it has one
        return found

    return made.Csv(paths, compression, buffer, header, values, quotes)


# --- DatasetToTFRecord ---
TO_TF_RECORD = define(
    "DatasetToTFRecord(input_dataset: variant, filename: string, compression_type: string)",
    stateful=True,
)
TO_TF_RECORD.host_only("it writes a file")


@TO_TF_RECORD.numpy
def _(source: Any, path: Array, compression: Array) -> None:
    kind = made.string_of(compression)
    if kind not in ("", "GZIP", "ZLIB"):
        kind = ""
    with RecordWriter(made.string_of(path), cast("Compression", kind)) as writer:
        for element in base.thing(source).iterate(base.Place()):
            writer.write(element[0].item())
