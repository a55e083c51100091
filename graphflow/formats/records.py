"""TFRecord files: byte strings, each framed by its length and by checksums of both.

The framing is `uint64 length | uint32 checksum of these 8 bytes | data | uint32 checksum of data`;
the whole file may be one GZIP or ZLIB stream. Event files are such files too.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, Literal, Protocol, Self, cast

from graphflow.core.errors import DataLossError
from graphflow.formats import crc
from graphflow.formats.durable import file_errors

Compression = Literal["", "GZIP", "ZLIB"]

_HEADER: Final = struct.Struct("<QI")
_CHECKSUM: Final = struct.Struct("<I")
_LENGTH: Final = struct.Struct("<Q")
_BUFFER: Final = 1 << 18
_CHUNK: Final = 1 << 20  # a damaged length must not make us ask for all the memory there is
_WINDOW: Final = {"GZIP": 31, "ZLIB": 15}
_MAX_MEM_LEVEL: Final = 9  # what TensorFlow uses


class _Source(Protocol):
    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; less only at the end."""


class RecordWriter:
    """Writes records to a file; it is complete when closed.

    Args:
        path: the file, which is created or emptied.
        compression: "", "GZIP" or "ZLIB".
        **options: for `zlib.compressobj`, such as `level` or `wbits`.

    Raises:
        OpError: of the class that fits, if the file cannot be written.
        ValueError: if zlib does not know the options.
    """

    def __init__(
        self, path: str | os.PathLike[str], compression: Compression = "", **options: int
    ) -> None:
        self.path = os.fspath(path)
        given: dict[str, Any] = {"wbits": _WINDOW.get(compression), "memLevel": _MAX_MEM_LEVEL}
        self._deflate = zlib.compressobj(**{**given, **options}) if compression else None
        with file_errors(self.path):
            self._file: BinaryIO = open(self.path, "wb", buffering=_BUFFER)  # noqa: SIM115

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def write(self, record: bytes) -> None:
        """Appends a record."""
        frame = frame_record(record)
        with file_errors(self.path):
            self._file.write(self._deflate.compress(frame) if self._deflate else frame)

    def flush(self) -> None:
        """Hands what was written to the operating system, so that others can read it.

        A compressed file keeps back what is not yet compressed, until it is closed.
        """
        with file_errors(self.path):
            self._file.flush()

    def close(self) -> None:
        """Writes what is left and closes the file; closing again does nothing."""
        if self._file.closed:
            return
        with file_errors(self.path), self._file:
            if self._deflate:
                self._file.write(self._deflate.flush())


def frame_record(record: bytes) -> bytes:
    """Returns a record with its frame.

    >>> len(frame_record(b"abc"))
    19
    """
    length = _LENGTH.pack(len(record))
    return b"".join(
        (
            length,
            _CHECKSUM.pack(crc.masked_crc32c(length)),
            record,
            _CHECKSUM.pack(crc.masked_crc32c(record)),
        )
    )


def read_records(
    path: str | os.PathLike[str], compression: Compression = "", *, offset: int = 0
) -> Iterator[bytes]:
    """Yields the records of a file in order.

    Args:
        path: the file.
        compression: "", "GZIP" or "ZLIB".
        offset: where in the (uncompressed) stream to begin: behind a record.

    Raises:
        DataLossError: "corrupted record at N" if a checksum does not match, "truncated record at N"
            if the file ends within a record; what precedes has been yielded by then.
        OpError: of the class that fits, if the file cannot be read.
    """
    name = os.fspath(path)
    with file_errors(name), open(name, "rb", buffering=_BUFFER) as file:
        source = cast("_Source", _Inflated(file, compression, name) if compression else file)
        at = _skip(source, offset)
        while header := source.read(_HEADER.size):
            record = _read_record(source, header, at, name)
            at += _HEADER.size + len(record) + _CHECKSUM.size
            yield record


def _read_record(source: _Source, header: bytes, at: int, name: str) -> bytes:
    """Returns the record that begins with `header` at `at`."""
    if len(header) < _HEADER.size:
        raise DataLossError(None, None, f"{name}: truncated record at {at}")
    length, checksum = _HEADER.unpack(header)
    if checksum != crc.masked_crc32c(header[: _LENGTH.size]):
        raise DataLossError(None, None, f"{name}: corrupted record at {at}")
    data = _read_exactly(source, length + _CHECKSUM.size)
    if len(data) < length + _CHECKSUM.size:
        raise DataLossError(None, None, f"{name}: truncated record at {at}")
    record = data[:length]
    if _CHECKSUM.unpack_from(data, length)[0] != crc.masked_crc32c(record):
        raise DataLossError(None, None, f"{name}: corrupted record at {at + _HEADER.size}")
    return record


def _read_exactly(source: _Source, size: int) -> bytes:
    """Returns the next `size` bytes, or what is left of them."""
    if size <= _CHUNK:
        return source.read(size)
    pieces = []
    while size > 0 and (piece := source.read(min(size, _CHUNK))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _skip(source: _Source, offset: int) -> int:
    left = offset
    while left and (piece := source.read(min(left, _CHUNK))):
        left -= len(piece)
    return offset - left


class _Inflated:
    """The uncompressed bytes of a compressed file."""

    def __init__(self, file: BinaryIO, compression: Compression, name: str) -> None:
        self._file = file
        self._name = name
        self._window = _WINDOW[compression]
        self._inflate = zlib.decompressobj(self._window)
        self._ready = bytearray()
        self._at = 0
        self._started = False

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; less only at the end."""
        while len(self._ready) - self._at < size and self._more():
            pass
        end = self._at + size
        data = bytes(self._ready[self._at : end])
        self._at = min(end, len(self._ready))
        if self._at > _CHUNK:
            del self._ready[: self._at]
            self._at = 0
        return data

    def _more(self) -> bool:
        """Inflates the next piece; returns whether there may be another."""
        if self._inflate.eof:  # another stream may follow, as `cat a.gz b.gz` makes
            rest = self._inflate.unused_data or self._file.read(_BUFFER)
            if not rest:
                return False
            self._inflate = zlib.decompressobj(self._window)
        else:
            rest = self._inflate.unconsumed_tail or self._file.read(_BUFFER)
            if not rest:
                if self._started and self._at == len(self._ready):
                    raise DataLossError(None, None, f"{self._name}: truncated compressed stream")
                return False
        self._started = True
        try:
            self._ready += self._inflate.decompress(rest, _CHUNK)
        except zlib.error as e:
            what = str(e).replace("Error", "error", 1).replace(" while decompressing data", "")
            raise DataLossError(None, None, f"{self._name}: inflate() failed with {what}") from e
        return True
