"""Reading V2 checkpoints: `P.index` (a table of entries) with `P.data-SSSSS-of-NNNNN` (the bytes).

Every byte that becomes a value has passed a checksum. Files are untrusted: whatever they hold, the
answer is a value or an error, and no more memory is asked for than the files have bytes.
"""

from __future__ import annotations

import math
import os
import threading
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, Self

import numpy as np

from graphflow.core import dtypes
from graphflow.core.errors import (
    DataLossError,
    InvalidArgumentError,
    NotFoundError,
    UnimplementedError,
)
from graphflow.formats import crc, proto
from graphflow.formats.durable import file_errors
from graphflow.formats.sstable import Table
from graphflow.formats.tensor_bytes import decode_strings, object_array
from graphflow.formats.tensor_slice import TensorSlice, assemble, parse_spec, slice_key

VERSION: Final = 1  # of the format: the newest that TensorFlow 1.15.5 knows
HEADER_KEY: Final = b""
_CHUNK: Final = 1 << 20  # read and checked at once, while it is in the cache
_BIG_ENDIAN: Final = 1

Array = np.ndarray[Any, Any]


class CheckpointReader(Protocol):
    """What the readers of both checkpoint formats offer."""

    def names(self) -> list[str]:
        """The names of all tensors, sorted."""

    def has(self, name: str) -> bool:
        """Whether the checkpoint holds a tensor of that name."""

    def dtype_shape_map(self) -> dict[str, tuple[dtypes.DType, tuple[int, ...]]]:
        """Element type and full shape of every tensor."""

    def read(self, name: str, slice_spec: str = "") -> Array:
        """The value of a tensor, or of the slice of it that a saver's text names."""

    def close(self) -> None:
        """Closes the files."""


def index_path(prefix: str | os.PathLike[str]) -> Path:
    """The name of a checkpoint's index file."""
    return Path(f"{os.fspath(prefix)}.index")


def shard_path(prefix: str | os.PathLike[str], shard: int, shards: int) -> Path:
    """The name of a checkpoint's data file number `shard` of `shards`."""
    return Path(f"{os.fspath(prefix)}.data-{shard:05d}-of-{shards:05d}")


class BundleReader:
    """Reads the tensors of a V2 checkpoint, from any number of threads.

    Args:
        prefix: what its file names begin with.

    Raises:
        NotFoundError: if there is no index file.
        DataLossError: if the index is damaged.
    """

    def __init__(self, prefix: str | os.PathLike[str]) -> None:
        self._shards: dict[int, BinaryIO] = {}
        self._lock = threading.Lock()
        self.prefix = os.fspath(prefix)
        self._index = index_path(prefix)
        try:
            with file_errors(self._index):
                data = self._index.read_bytes()
        except NotFoundError:
            raise NotFoundError(
                None,
                None,
                "Unsuccessful TensorSliceReader constructor: Failed to find any matching files "
                f"for {self.prefix}",
            ) from None
        self.entries = dict(Table(data, str(self._index)))
        self.header = self._parse(proto.BundleHeaderProto, HEADER_KEY, "")
        version = self.header.version
        if version.min_consumer > VERSION or VERSION in version.bad_consumers:
            raise InvalidArgumentError(
                None,
                None,
                f"{self._index}: the checkpoint needs a reader of version {version.min_consumer}; "
                f"this is version {VERSION}",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:  # TensorFlow's checkpoint readers have nothing to close either
        self.close()

    def close(self) -> None:
        """Closes the data files; reading opens them again."""
        with self._lock:
            for file in self._shards.values():
                file.close()
            self._shards.clear()

    def names(self) -> list[str]:
        """The names of all tensors, sorted; a partitioned one counts once."""
        # The keys of slices begin with a zero byte; the header's key is empty.
        return sorted(_text(key) for key in self.entries if key and key[0])

    def has(self, name: str) -> bool:
        """Whether the checkpoint holds a tensor of that name."""
        return bool(name) and name.encode(errors="surrogateescape") in self.entries

    def dtype_shape_map(self) -> dict[str, tuple[dtypes.DType, tuple[int, ...]]]:
        """Element type and full shape of every tensor."""
        return {name: self._type(self._entry(name), name) for name in self.names()}

    def read(self, name: str, slice_spec: str = "") -> Array:
        """Returns the value of a tensor, as a fresh array.

        Args:
            name: the tensor's name.
            slice_spec: which part of it, such as "13 6 0,5:0,6"; "" for all of it.

        Raises:
            NotFoundError: if there is no such tensor, or not all of that part.
            DataLossError: if a file is damaged or cut off.
            InvalidArgumentError: if `slice_spec` does not fit the tensor.
        """
        entry = self._entry(name)
        _, shape = self._type(entry, name)
        spec = parse_spec(slice_spec)
        if spec is not None and spec[0] != shape:
            raise InvalidArgumentError(
                None,
                None,
                f"tensor_name = {name}; shape in shape_and_slice spec {_listed(spec[0])} does not "
                f"match the shape stored in checkpoint: {_listed(shape)}",
            )
        if not entry.slices:
            value = self._load(entry, name)
            if spec is None:
                return value
            box = spec[1].within(shape)
            return value[tuple(slice(*pair) for pair in box)].copy()
        return self._read_slices(name, entry, spec[1] if spec else TensorSlice.full(len(shape)))

    def _read_slices(self, name: str, entry: Any, wanted: TensorSlice) -> Array:
        dtype, shape = self._type(entry, name)

        def load(piece: TensorSlice) -> Array:
            key = slice_key(name.encode(errors="surrogateescape"), piece)
            stored = self._parse(proto.BundleEntryProto, key, f"{name} {piece}")
            value = self._load(stored, name)
            expected = tuple(stop - start for start, stop in piece.within(shape))
            if value.shape != expected or stored.dtype != entry.dtype:
                raise self._damage(name, f"the slice {piece} has shape {list(value.shape)}")
            return value

        pieces = [TensorSlice.from_proto(message) for message in entry.slices]
        try:
            return assemble(name, shape, np.dtype(dtype.as_numpy_dtype), wanted, pieces, load)
        except ValueError as e:
            raise self._damage(name, str(e)) from e

    def _entry(self, name: str) -> Any:
        return self._parse(
            proto.BundleEntryProto, name.encode(errors="surrogateescape") if name else None, name
        )

    def _parse(self, kind: Any, key: bytes | None, name: str) -> Any:
        """Returns the message stored under a key."""
        from google.protobuf.message import DecodeError

        if key is None or key not in self.entries:
            if key == HEADER_KEY:
                raise DataLossError(None, None, f"{self._index}: the header entry is missing")
            raise NotFoundError(None, None, f"Key {name} not found in checkpoint")
        try:
            return kind.FromString(self.entries[key])
        except DecodeError as e:
            raise self._damage(name or "header", f"unreadable entry: {e}") from e

    def _damage(self, name: str, what: str, file: Path | None = None) -> Exception:
        return DataLossError(None, None, f"{file or self._index}: tensor {name}: {what}")

    def _type(self, entry: Any, name: str) -> tuple[dtypes.DType, tuple[int, ...]]:
        """Element type and shape of an entry."""
        shape = tuple(dim.size for dim in entry.shape.dim)
        if entry.shape.unknown_rank or any(size < 0 for size in shape):
            raise self._damage(name, f"invalid shape {list(shape)}")
        try:
            return dtypes.as_dtype(entry.dtype), shape
        except TypeError:
            raise self._damage(name, f"unknown element type {entry.dtype}") from None

    def _load(self, entry: Any, name: str) -> Array:
        """Returns the array of an entry that has data of its own."""
        dtype, shape = self._type(entry, name)
        big = self.header.endianness == _BIG_ENDIAN
        count = math.prod(shape)
        if dtype == dtypes.string and not big:
            data = bytearray(self._room(entry, name))
            self._fill(entry, name, memoryview(data))
            try:
                strings, checksum = decode_strings(bytes(data), count)
            except ValueError as e:
                raise self._damage(name, str(e), self._path(entry)) from e
            if entry.size:  # TensorFlow never reads an empty string tensor, so neither do we
                self._check(entry, name, checksum)
            return object_array(strings, shape)
        if dtype.kind in "SR":
            raise UnimplementedError(
                None, None, f"{self._index}: tensor {name} of type {dtype.name} cannot be read"
            )
        numpy_dtype = np.dtype(dtype.as_numpy_dtype)
        if entry.size != count * numpy_dtype.itemsize:
            raise self._damage(name, f"{entry.size} bytes for {dtype.name} {list(shape)}")
        self._room(entry, name)
        try:
            array = np.empty(shape, numpy_dtype)
        except ValueError as e:  # a zero among sizes that overflow
            raise self._damage(name, f"invalid shape {list(shape)}") from e
        self._check(entry, name, self._fill(entry, name, _flat_bytes(array).data))
        return _swapped(array) if big else array

    # --- data files ---

    def _path(self, entry: Any) -> Path:
        return shard_path(self.prefix, entry.shard_id, self.header.num_shards)

    def _shard(self, entry: Any) -> BinaryIO:
        """The open data file of an entry; the caller holds the lock."""
        shard = entry.shard_id
        if shard not in self._shards:
            with file_errors(self._path(entry)):
                self._shards[shard] = open(self._path(entry), "rb", buffering=0)  # noqa: SIM115
        return self._shards[shard]

    def _room(self, entry: Any, name: str) -> int:
        """The size of an entry's data, after a look whether the file has so many bytes."""
        if entry.size == 0:
            return 0
        with self._lock:
            available = os.fstat(self._shard(entry).fileno()).st_size
        if min(entry.offset, entry.size) < 0 or entry.offset + entry.size > available:
            raise self._damage(
                name,
                f"truncated: bytes {entry.offset} to {entry.offset + entry.size} of {available}",
                self._path(entry),
            )
        return int(entry.size)

    def _fill(self, entry: Any, name: str, target: memoryview) -> int:
        """Reads an entry's data into `target`; returns its checksum (not masked)."""
        checksum, at = 0, 0
        with self._lock, file_errors(self._path(entry)):
            if len(target):
                self._shard(entry).seek(entry.offset)
            while at < len(target):
                piece = target[at : at + _CHUNK]
                got = self._shard(entry).readinto(piece)  # type: ignore[attr-defined]
                if not got:
                    raise self._damage(name, "truncated while reading", self._path(entry))
                checksum = crc.crc32c(piece[:got], checksum)
                at += got
        return checksum

    def _check(self, entry: Any, name: str, checksum: int) -> None:
        if crc.mask(checksum) != entry.crc32c:
            raise self._damage(
                name,
                f"checksum does not match: stored {crc.unmask(entry.crc32c):#010x}, "
                f"of the bytes {checksum:#010x}",
                self._path(entry),
            )


def _text(key: bytes) -> str:
    return key.decode(errors="surrogateescape")


def _listed(shape: tuple[int, ...]) -> str:
    return "[" + ",".join(map(str, shape)) + "]"


def _flat_bytes(array: Array) -> Array:
    return array.reshape(-1).view(np.uint8)


def _swapped(array: Array) -> Array:
    """The array with the bytes of each number reversed (of each part of a complex number)."""
    width = array.dtype.itemsize // (2 if array.dtype.kind == "c" else 1)
    pieces = _flat_bytes(array).reshape(-1, width)
    return np.ascontiguousarray(pieces[:, ::-1]).reshape(-1).view(array.dtype).reshape(array.shape)
