"""Writing V2 checkpoints: tensors in, `P.index` and a data file out, in one atomic step.

The data file that the living index refers to is never touched. Where that is the single shard
`00000-of-00001`, the new data become shard 1 of 2 (and the other way round the next time; readers
open shards only as entries need them, TensorFlow's too). Then the index is replaced, which is the
moment the new checkpoint counts, and then the old data goes. A writer that is killed at any time
leaves the old checkpoint or the new one.
"""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

from graphflow.core import dtypes
from graphflow.core.errors import (
    DataLossError,
    InvalidArgumentError,
    OpError,
    UnimplementedError,
)
from graphflow.formats import crc, durable, proto
from graphflow.formats.bundle import HEADER_KEY, VERSION, BundleReader, index_path, shard_path
from graphflow.formats.sstable import Table, TableWriter
from graphflow.formats.tensor_bytes import encode_numbers, encode_strings
from graphflow.formats.tensor_slice import TensorSlice, parse_spec, slice_key

# Checked and written at once, while it is in the core's cache. From half a megabyte on, Linux 6.18
# looks for a block of memory as large as the write, and takes twice the time.
_CHUNK: Final = 1 << 18

Array = np.ndarray[Any, Any]


def write_bundle(
    prefix: str | os.PathLike[str], tensors: Iterable[tuple[str, Array, str | None]]
) -> None:
    """Writes a V2 checkpoint; it replaces one of the same prefix in one step.

    Args:
        prefix: what the file names begin with; its directory is made if need be.
        tensors: (name, array, slice) of each tensor, written as they come, in their order.
            Strings are object arrays of bytes. The slice is a saver's text such as "13 6 0,5:0,6"
            for a part of a larger tensor, "" or None for a whole one.

    Raises:
        InvalidArgumentError: if a name comes twice, or a slice does not fit its array.
        OpError: of the class that fits, if the system refuses; the old checkpoint is untouched.
    """
    prefix = Path(prefix)
    with durable.file_errors(prefix):
        prefix.parent.mkdir(parents=True, exist_ok=True)
        with durable.directory_lock(prefix.parent):
            file = durable.create_temporary(prefix)
        try:
            with file:
                entries = _Entries(file)
                for name, array, spec in tensors:
                    entries.add(name, np.asarray(array), spec or "")
                durable.sync(file)
                _commit(prefix, entries.by_key, [file.name], file)
        finally:
            Path(file.name).unlink(missing_ok=True)  # still there only after a failure


def merge_bundles(parts: Sequence[str | os.PathLike[str]], prefix: str | os.PathLike[str]) -> None:
    """Makes one V2 checkpoint of several, whose data files move into it.

    Args:
        parts: the prefixes of the checkpoints to merge; they are gone afterwards.
        prefix: of the result.

    Raises:
        InvalidArgumentError: if two parts hold the same whole tensor.
        DataLossError: if a part is damaged.
    """
    entries: dict[bytes, Any] = {}
    files: list[str] = []
    for part in parts:
        with BundleReader(part) as reader:
            _merge_part(reader, entries, files)
    prefix = Path(prefix)
    with durable.file_errors(prefix):
        prefix.parent.mkdir(parents=True, exist_ok=True)
        _commit(prefix, entries, files, None)
        for part in parts:
            index_path(part).unlink(missing_ok=True)


def _merge_part(reader: BundleReader, entries: dict[bytes, Any], files: list[str]) -> None:
    """Adds a part's entries and data files to those of the whole."""
    shards: dict[int, int] = {}
    for key, value in reader.entries.items():
        if key == HEADER_KEY:
            continue
        entry = proto.BundleEntryProto.FromString(value)
        if entry.slices:
            whole = entries.setdefault(key, entry)
            if (whole.dtype, whole.shape) != (entry.dtype, entry.shape) or not whole.slices:
                raise InvalidArgumentError(None, None, f"unequal parts of the tensor {key!r}")
            if whole is not entry:
                whole.slices.extend(entry.slices)
            continue
        if key in entries:
            raise InvalidArgumentError(None, None, f"two checkpoint parts hold the key {key!r}")
        if entry.shard_id not in shards:
            shards[entry.shard_id] = len(files)
            shard = shard_path(reader.prefix, entry.shard_id, reader.header.num_shards)
            files.append(str(shard))
        entry.shard_id = shards[entry.shard_id]
        entries[key] = entry


class _Entries:
    """Writes tensors to a data file and keeps their index entries."""

    def __init__(self, file: BinaryIO) -> None:
        self.by_key: dict[bytes, Any] = {}
        self._file = durable.WrittenBehind(file)
        self._offset = 0

    def add(self, name: str, array: Array, spec: str) -> None:
        parsed = parse_spec(spec)
        key = name.encode(errors="surrogateescape")
        if not key or key[0] == 0:
            raise InvalidArgumentError(None, None, f"{name!r} cannot be a tensor's name")
        if parsed is not None and not _covers(*parsed):
            key = self._add_slice(key, array, *parsed)
        self._insert(key, self._write(array, name))

    def _add_slice(
        self, key: bytes, array: Array, shape: tuple[int, ...], piece: TensorSlice
    ) -> bytes:
        """Notes a slice in the entry of the whole tensor; returns the key of the slice."""
        sizes = tuple(stop - start for start, stop in piece.within(shape))
        if sizes != array.shape:
            raise InvalidArgumentError(
                None,
                None,
                f"slice {sizes} of tensor {key!r} does not match its array {array.shape}",
            )
        whole = self.by_key.get(key)
        if whole is None:
            whole = self.by_key[key] = _new_entry(array.dtype, shape)
        elif not whole.slices or [d.size for d in whole.shape.dim] != list(shape):
            raise InvalidArgumentError(None, None, f"tensor {key!r} is saved in unequal ways")
        whole.slices.append(piece.to_proto())
        return slice_key(key, piece)

    def _insert(self, key: bytes, entry: Any) -> None:
        if key in self.by_key:
            raise InvalidArgumentError(None, None, f"Adding duplicate key: {key!r}")
        self.by_key[key] = entry

    def _write(self, array: Array, name: str) -> Any:
        """Appends an array to the data file; returns its entry."""
        entry = _new_entry(array.dtype, array.shape)
        entry.offset = self._offset
        if entry.dtype == dtypes.string.as_datatype_enum:
            strings = self._strings(array, name)
            self._file.write(strings.header)
            self._file.write(strings.payload)
            entry.size = len(strings.header) + len(strings.payload)
            checksum = strings.checksum
        else:
            data = encode_numbers(array)
            checksum = 0
            for at in range(0, len(data), _CHUNK):
                piece = data[at : at + _CHUNK]
                checksum = crc.crc32c(piece, checksum)
                self._file.write(piece)
            entry.size = len(data)
        entry.crc32c = crc.mask(checksum)
        self._offset += entry.size
        return entry

    @staticmethod
    def _strings(array: Array, name: str) -> Any:
        values = array.reshape(-1).tolist()
        if not all(isinstance(value, bytes | str) for value in values):
            raise UnimplementedError(
                None, None, f"tensor {name} holds Python objects other than bytes and str"
            )
        return encode_strings(values)


def _new_entry(dtype: np.dtype[Any], shape: Sequence[int]) -> Any:
    number = dtypes.string if dtype.kind == "O" else dtypes.as_dtype(dtype)
    entry = proto.BundleEntryProto(dtype=number.as_datatype_enum)
    entry.shape.SetInParent()  # an empty message says "scalar"
    for size in shape:
        entry.shape.dim.add(size=size)
    return entry


def _covers(shape: tuple[int, ...], piece: TensorSlice) -> bool:
    return piece.within(shape) == tuple((0, size) for size in shape)


# --- the commit ---


def _commit(
    prefix: Path, entries: dict[bytes, Any], files: Sequence[str], open_file: BinaryIO | None
) -> None:
    """Makes written data files the checkpoint of a prefix.

    Args:
        prefix: of the checkpoint.
        entries: a BundleEntryProto by key; their `shard_id` counts `files`.
        files: the data files' present names.
        open_file: the one that is open, if any; its lock keeps it from being taken for an orphan.
    """
    with durable.directory_lock(prefix.parent) as locked:
        first, total = _free_layout(prefix, len(files))
        names = [shard_path(prefix, first + i, total) for i in range(len(files))]
        index = durable.create_temporary(index_path(prefix))
        try:
            with index:
                _write_index(index, entries, first, total)
                durable.sync(index)
            if open_file is not None:
                open_file.close()  # Windows renames closed files only
            for old, new in zip(files, names, strict=True):
                os.replace(old, new)
            durable.sync_directory(prefix.parent)
            os.replace(index.name, index_path(prefix))  # from here on, the new one counts
        finally:
            Path(index.name).unlink(missing_ok=True)
        durable.sync_directory(prefix.parent)
        _remove_data(prefix, set(_data_files(prefix)) - set(names))
        if locked:
            _remove_orphans(prefix.parent)


def _write_index(file: BinaryIO, entries: dict[bytes, Any], first: int, total: int) -> None:
    """Writes the index; the shards of `entries` become number `first` and on, of `total`."""
    header = proto.BundleHeaderProto(num_shards=total)
    header.version.producer = VERSION
    table = TableWriter(file)
    table.add(HEADER_KEY, header.SerializeToString())
    for key in sorted(entries):
        entry = entries[key]
        if not entry.slices:
            entry.shard_id += first
        table.add(key, entry.SerializeToString())
    table.finish()


def _free_layout(prefix: Path, count: int) -> tuple[int, int]:
    """(number of the first shard, number of shards) whose files the living index does not use."""
    try:
        taken = _num_shards(index_path(prefix)) == count
    except FileNotFoundError:
        taken = False
    except DataLossError:  # perhaps somebody can still repair it, with its data
        taken = any(shard_path(prefix, i, count).exists() for i in range(count))
    return (1, count + 1) if taken else (0, count)


def _data_files(prefix: Path) -> list[Path]:
    pattern = glob.escape(prefix.name) + ".data-?????-of-?????"
    return list(prefix.parent.glob(pattern))


def _remove_data(prefix: Path, paths: set[Path]) -> None:
    for path in paths:
        with contextlib.suppress(OSError):  # a leftover costs space, not truth
            path.unlink()


def _remove_orphans(directory: Path) -> None:
    """Removes what writers left that were killed; the caller holds the directory's lock.

    An index file that never got its name was complete before its data files got theirs.
    """
    for path in directory.glob(f"*.index.*{durable.TEMPORARY_SUFFIX}"):
        prefix = directory / path.name.rpartition(".index.")[0]
        with contextlib.suppress(OpError, OSError):
            shards = _num_shards(path)
            if not index_path(prefix).exists() or _num_shards(index_path(prefix)) != shards:
                total = f"-of-{shards:05d}"
                _remove_data(prefix, {p for p in _data_files(prefix) if p.name.endswith(total)})
    durable.remove_orphans(directory)


def _num_shards(index: Path) -> int:
    """What an index file says.

    Raises:
        DataLossError: if it is damaged.
    """
    from google.protobuf.message import DecodeError

    header = Table(index.read_bytes(), str(index)).get(HEADER_KEY)
    try:
        return int(proto.BundleHeaderProto.FromString(header or b"").num_shards)
    except DecodeError as e:
        raise DataLossError(None, None, f"{index}: unreadable header: {e}") from e
