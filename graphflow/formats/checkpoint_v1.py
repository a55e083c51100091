"""Reading V1 checkpoints, the single-file format of TensorFlow before 0.12.

The whole checkpoint is one table (or several, sharded as `P-SSSSS-of-NNNNN`): a first entry that
lists the tensors, then one entry for each slice, whose values sit in a TensorProto's typed lists.
"""

from __future__ import annotations

import glob
import mmap
import os
from pathlib import Path
from typing import Any, Self

import numpy as np

from graphflow.core import dtypes
from graphflow.core.errors import (
    DataLossError,
    InvalidArgumentError,
    NotFoundError,
    UnimplementedError,
)
from graphflow.formats import proto
from graphflow.formats.bundle import Array, BundleReader, CheckpointReader, index_path
from graphflow.formats.durable import file_errors
from graphflow.formats.sstable import Table
from graphflow.formats.tensor_proto import decode_values
from graphflow.formats.tensor_slice import TensorSlice, assemble, parse_spec, slice_key


def open_checkpoint(prefix: str | os.PathLike[str]) -> CheckpointReader:
    """Opens a checkpoint of either format.

    Args:
        prefix: what was passed to or returned by a saver; for sharded V1 checkpoints a pattern.

    Raises:
        NotFoundError: if there is none.
        DataLossError: if it is damaged.
    """
    if not index_path(prefix).exists() and matching_files(prefix):
        return CheckpointV1Reader(prefix)
    return BundleReader(prefix)


def matching_files(prefix: str | os.PathLike[str]) -> list[str]:
    """Returns the files of the V1 checkpoint `prefix`, which may be a pattern; sorted."""
    text = os.fspath(prefix)
    if os.path.isfile(text):
        return [text]
    return sorted(
        glob.glob(text)
        if glob.has_magic(text)
        else glob.glob(glob.escape(text) + "-?????-of-?????")
    )


class CheckpointV1Reader:
    """Reads the tensors of a V1 checkpoint.

    Args:
        prefix: the file's name, or a pattern for the files of a sharded one.

    Raises:
        NotFoundError: if no file matches.
        DataLossError: if a file is damaged.
    """

    def __init__(self, prefix: str | os.PathLike[str]) -> None:
        self.prefix = os.fspath(prefix)
        self._tensors: dict[str, _Stored] = {}
        files = matching_files(prefix)
        if not files:
            raise NotFoundError(
                None,
                None,
                "Unsuccessful TensorSliceReader constructor: Failed to find any matching files "
                f"for {self.prefix}",
            )
        for file in files:
            self._read_meta(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Forgets the files; they close when nothing refers to them any more."""
        self._tensors.clear()

    def names(self) -> list[str]:
        """The names of all tensors, sorted."""
        return sorted(self._tensors)

    def has(self, name: str) -> bool:
        """Whether the checkpoint holds a tensor of that name."""
        return name in self._tensors

    def dtype_shape_map(self) -> dict[str, tuple[dtypes.DType, tuple[int, ...]]]:
        """Element type and full shape of every tensor."""
        return {name: (t.dtype, t.shape) for name, t in sorted(self._tensors.items())}

    def read(self, name: str, slice_spec: str = "") -> Array:
        """Returns the value of a tensor, as `BundleReader.read` does."""
        if name not in self._tensors:
            raise NotFoundError(None, None, f"Key {name} not found in checkpoint")
        stored = self._tensors[name]
        spec = parse_spec(slice_spec)
        if spec is not None and spec[0] != stored.shape:
            raise InvalidArgumentError(
                None,
                None,
                f"tensor_name = {name}; shape in shape_and_slice spec {list(spec[0])} does not "
                f"match the shape stored in checkpoint: {list(stored.shape)}",
            )
        wanted = spec[1] if spec else TensorSlice.full(len(stored.shape))
        return stored.read(wanted)

    def _read_meta(self, file: str) -> None:
        """Adds the tensors of one file."""
        table = Table(_mapped(file), file)
        first = table.get(b"")
        if first is None:
            raise DataLossError(None, None, f"{file}: the list of tensors is missing")
        for meta in _parsed(first, file).meta.tensor:
            shape = tuple(dim.size for dim in meta.shape.dim)
            try:
                dtype = dtypes.as_dtype(meta.type)
            except TypeError:
                dtype = dtypes.variant
            if any(size < 0 for size in shape):
                raise DataLossError(None, None, f"{file}: tensor {meta.name} has shape {shape}")
            stored = self._tensors.setdefault(meta.name, _Stored(meta.name, dtype, shape))
            if (stored.dtype, stored.shape) != (dtype, shape):
                raise DataLossError(
                    None, None, f"{file}: tensor {meta.name} differs from its other shards"
                )
            for piece in meta.slice:
                stored.pieces[TensorSlice.from_proto(piece)] = (file, table)


class _Stored:
    """One tensor, and in which file each of its slices is."""

    def __init__(self, name: str, dtype: dtypes.DType, shape: tuple[int, ...]) -> None:
        self.name, self.dtype, self.shape = name, dtype, shape
        self.pieces: dict[TensorSlice, tuple[str, Table]] = {}

    def read(self, wanted: TensorSlice) -> Array:
        if self.dtype.kind == "R":
            raise UnimplementedError(
                None, None, f"tensor {self.name} of type {self.dtype.name} cannot be read"
            )
        numpy_dtype = np.dtype(self.dtype.as_numpy_dtype)
        try:
            return assemble(self.name, self.shape, numpy_dtype, wanted, self.pieces, self._load)
        except ValueError as e:
            raise DataLossError(None, None, f"tensor {self.name}: {e}") from e

    def _load(self, piece: TensorSlice) -> Array:
        file, table = self.pieces[piece]
        value = table.get(slice_key(self.name.encode(), piece))
        if value is None:
            raise DataLossError(None, None, f"{file}: tensor {self.name}: {piece} is missing")
        shape = tuple(stop - start for start, stop in piece.within(self.shape))
        try:
            return decode_values(_parsed(value, file).data.data, self.dtype, shape, exact=True)
        except ValueError as e:
            raise DataLossError(None, None, f"{file}: tensor {self.name}: {e}") from e


def _mapped(file: str) -> Any:
    """The bytes of a file, mapped: only what is read is loaded."""
    with file_errors(file), Path(file).open("rb") as opened:
        if os.fstat(opened.fileno()).st_size == 0:  # nothing cannot be mapped
            return b""
        return mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)


def _parsed(value: bytes, file: str) -> Any:
    from google.protobuf.message import DecodeError

    try:
        return proto.SavedTensorSlices.FromString(value)
    except DecodeError as e:
        raise DataLossError(None, None, f"{file}: unreadable entry: {e}") from e
