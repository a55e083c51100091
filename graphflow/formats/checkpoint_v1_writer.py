"""Writing V1 checkpoints, for programs that ask for the old format: tensors in, one table out."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import numpy as np

from graphflow.core import dtypes
from graphflow.core.errors import InvalidArgumentError
from graphflow.formats import proto
from graphflow.formats.durable import replace_file
from graphflow.formats.sstable import TableWriter
from graphflow.formats.tensor_proto import fill_list
from graphflow.formats.tensor_slice import TensorSlice, parse_spec, slice_key

_VERSION = 1


def write_v1(path: str, tensors: Iterable[tuple[str, np.ndarray[Any, Any], str]]) -> None:
    """Writes a V1 checkpoint in one step.

    Args:
        path: the file.
        tensors: (name, array, slice) of each tensor; the slice is a saver's text such as
            "13 6 0,5:0,6" for a part of a larger tensor, "" for a whole one.

    Raises:
        InvalidArgumentError: if a tensor comes twice.
        OpError: of the class that fits, if the file cannot be written.
    """
    first = proto.SavedTensorSlices()
    first.meta.versions.producer = _VERSION
    entries: dict[bytes, bytes] = {}
    listed: dict[str, Any] = {}
    for name, array, spec in tensors:
        parsed = parse_spec(spec)
        shape, piece = parsed or (array.shape, TensorSlice.full(array.ndim))
        string = array.dtype.kind == "O"
        dtype = dtypes.string if string else dtypes.as_dtype(array.dtype)
        if name not in listed:
            meta = listed[name] = first.meta.tensor.add(name=name, type=dtype.as_datatype_enum)
            meta.shape.SetInParent()
            for size in shape:
                meta.shape.dim.add(size=size)
        listed[name].slice.append(piece.to_proto())
        value = proto.SavedTensorSlices()
        value.data.name = name
        value.data.slice.CopyFrom(piece.to_proto())
        fill_list(value.data.data, array, dtype)
        key = slice_key(name.encode(errors="surrogateescape"), piece)
        if key in entries:
            raise InvalidArgumentError(None, None, f"Tensor {name} is saved twice")
        entries[key] = value.SerializeToString()
    file = io.BytesIO()
    table = TableWriter(file)
    table.add(b"", first.SerializeToString())
    for key in sorted(entries):
        table.add(key, entries[key])
    table.finish()
    replace_file(path, file.getvalue())
