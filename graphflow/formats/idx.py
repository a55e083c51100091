"""Reads and writes IDX files, the array format of the MNIST database, plain or gzipped.

In comes a path or an open binary file; out goes a NumPy array, and the other way round. A file
is four bytes `00 00 <type> <rank>`, then one unsigned 32-bit size per dimension, then the values
in C order; all of it big-endian.
"""

import gzip
import math
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["read_idx", "write_idx"]

_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: "i2", 0x0C: "i4", 0x0D: "f4", 0x0E: "f8"}
_CODES = {np.dtype(text): code for code, text in _DTYPES.items()}
_GZIP_MAGIC = b"\x1f\x8b"
_MAX_RANK = 64  # NumPy's own limit
_CHUNK = 1 << 20


class _Readable(Protocol):
    """All that is asked of an open file."""

    def read(self, size: int, /) -> bytes: ...


class _Rejoined:
    """A stream whose first bytes were read already and are put back in front."""

    def __init__(self, head: bytes, rest: _Readable) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size` of them; none at the end."""
        if not self._head:
            return self._rest.read(size)
        taken, self._head = self._head[:size], self._head[size:]
        return taken


def read_idx(
    source: str | os.PathLike[str] | IO[bytes], *, magic: int | None = None, what: str = "IDX"
) -> NDArray[Any]:
    """The array in an IDX file, in native byte order and writable.

    Args:
        source: a path, or a file open for reading bytes, which stays open. Gzip is recognised by
            its content, whatever the name.
        magic: the first four bytes as a number, when only one type and rank will do; MNIST's
            images have 2051, its labels 2049.
        what: the kind of file, for error messages.

    Raises:
        ValueError: for a wrong magic number, a truncated or damaged file, bytes after the end,
            or sizes no array can have. The message names the file.

    Note:
        Memory grows with the bytes that are there, never with the sizes the header claims.
    """
    with _opened(source) as (stream, name):
        try:
            return _read(stream, magic, f"{what} file: {name}")
        except EOFError as error:
            raise ValueError(f"Truncated {what} file: {name}: its gzip data break off.") from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"Damaged gzip data in {what} file: {name}: {error}.") from error


def write_idx(target: str | os.PathLike[str] | IO[bytes], array: NDArray[Any]) -> None:
    """Writes `array` as an IDX file; gzipped if `target` is a path that ends in `.gz`.

    The same array always gives the same bytes: no name and no time goes into the gzip header.

    Raises:
        TypeError: if the array's dtype is none of IDX's six (uint8, int8, int16, int32, float32,
            float64).
        ValueError: if a dimension does not fit 32 bits.
    """
    header = idx_header(array)
    if not isinstance(target, str | os.PathLike):
        _write(target, header, array)
        return
    with open(target, "wb") as file:
        if not os.fspath(target).endswith(".gz"):
            _write(file, header, array)
            return
        with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
            packed.write(header)
            packed.write(_big_endian(array))


def idx_header(array: NDArray[Any]) -> bytes:
    """The header an IDX file of `array` starts with.

    Raises:
        TypeError: if IDX has no such dtype.
        ValueError: if a dimension does not fit 32 bits.
    """
    code = _CODES.get(array.dtype.newbyteorder("="))
    if code is None:
        kinds = ", ".join(str(dtype) for dtype in _CODES)
        raise TypeError(f"IDX files hold {kinds}; not {array.dtype}.")
    if any(size > 0xFFFFFFFF for size in array.shape):
        raise ValueError(f"A dimension of {array.shape} does not fit the 32 bits IDX has for it.")
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)


@contextmanager
def _opened(
    source: str | os.PathLike[str] | IO[bytes],
) -> Iterator[tuple[_Readable, str]]:
    """The unpacked bytes of `source`, and its name."""
    if isinstance(source, str | os.PathLike):
        with open(source, "rb") as file, _unpacked(file) as stream:
            yield stream, os.fspath(source)
    else:
        with _unpacked(source) as stream:
            yield stream, str(getattr(source, "name", "<stream>"))


@contextmanager
def _unpacked(file: IO[bytes]) -> Iterator[_Readable]:
    head = file.read(2)
    stream = _Rejoined(head, file)
    if head != _GZIP_MAGIC:
        yield stream
        return
    # GzipFile asks only for read(); closing it leaves `file` open.
    with gzip.GzipFile(fileobj=stream, mode="rb") as packed:  # type: ignore[call-overload]
        yield packed


def _read(stream: _Readable, magic: int | None, where: str) -> NDArray[Any]:
    found = int.from_bytes(_take(stream, 4, where), "big")
    if magic is not None and found != magic:
        raise ValueError(f"Invalid magic number {found} in {where} (wanted {magic}).")
    zeros, code, rank = found >> 16, found >> 8 & 0xFF, found & 0xFF
    if zeros or code not in _DTYPES:
        raise ValueError(f"Invalid magic number {found} in {where}.")
    if rank > _MAX_RANK:
        raise ValueError(f"{rank} dimensions, more than {_MAX_RANK}, in {where}.")
    shape = struct.unpack(f">{rank}I", _take(stream, 4 * rank, where))
    dtype = np.dtype(f">{_DTYPES[code]}")
    # NumPy multiplies the sizes of an empty array too, leaving out those that are 0.
    if math.prod(size or 1 for size in shape) * dtype.itemsize >= 1 << 63:
        raise ValueError(f"Shape {list(shape)} is too large for memory, in {where}.")
    data = _take(stream, math.prod(shape) * dtype.itemsize, where)
    if stream.read(1):  # at its end gzip checks its sum
        raise ValueError(f"More bytes than shape {list(shape)} has, in {where}.")
    array = np.frombuffer(data, dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _take(stream: _Readable, count: int, where: str) -> bytearray:
    """Exactly `count` bytes, gathered chunk by chunk, for `count` may be a lie."""
    data = bytearray()
    while len(data) < count:
        chunk = stream.read(min(_CHUNK, count - len(data)))
        if not chunk:
            raise ValueError(
                f"Truncated {where}: {count} bytes were to come and only {len(data)} came."
            )
        data += chunk
    return data


def _write(file: IO[bytes], header: bytes, array: NDArray[Any]) -> None:
    file.write(header)
    file.write(_big_endian(array))


def _big_endian(array: NDArray[Any]) -> bytes:
    return array.astype(array.dtype.newbyteorder(">"), copy=False).tobytes()
