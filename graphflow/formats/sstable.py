"""Sorted tables of byte strings: the index of a V2 checkpoint, and the whole of a V1 checkpoint.

The layout is LevelDB's: data blocks, an (always empty) metaindex block, an index block, a footer of
48 bytes. Every block ends with a byte for its compression and a masked checksum. Writing is
byte-identical with TensorFlow's; reading takes any bytes whatever and answers with the entries or
a DataLossError, in time and memory proportional to the file.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterator
from typing import BinaryIO, Final

from graphflow.core.errors import DataLossError
from graphflow.formats import crc, snappy, varint

_MAGIC: Final = 0xDB4775248B80FB57
_FOOTER_SIZE: Final = 48
_BLOCK_SIZE: Final = 262144
_RESTART_INTERVAL: Final = 16
_TRAILER: Final = struct.Struct("<BI")  # compression, masked checksum of contents and that byte
_PLAIN, _SNAPPY = 0, 1
# Keys share prefixes with at most 15 predecessors, so real blocks expand less than 16 times.
_MAX_KEY_EXPANSION: Final = 64


class TableWriter:
    """Writes a table to a binary file.

    Args:
        file: where the table goes; the caller closes it.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._offset = 0
        self._block = _BlockBuilder(_RESTART_INTERVAL)
        self._index = _BlockBuilder(1)
        self._last_key: bytes | None = None
        self._pending: bytes | None = None  # a written block's handle, until its separator is known

    def add(self, key: bytes, value: bytes) -> None:
        """Appends an entry; keys must come in strictly ascending order of their bytes."""
        if self._last_key is not None and key <= self._last_key:
            raise ValueError(f"the keys of a table must ascend: {self._last_key!r}, then {key!r}")
        if len(key) + len(value) >= 2 * _BLOCK_SIZE:
            self._flush()
        if self._pending is not None:
            self._index.add(_separator(self._last_key or b"", key), self._pending)
            self._pending = None
        self._block.add(key, value)
        self._last_key = key
        if self._block.size >= _BLOCK_SIZE:
            self._flush()

    def finish(self) -> None:
        """Writes what follows the last entry."""
        self._flush()
        metaindex = self._write(_BlockBuilder(1).finish())
        if self._pending is not None:
            self._index.add(_successor(self._last_key or b""), self._pending)
        footer = metaindex + self._write(self._index.finish())
        self._file.write(footer.ljust(_FOOTER_SIZE - 8, b"\0") + struct.pack("<Q", _MAGIC))

    def _flush(self) -> None:
        if not self._block.empty:
            self._pending = self._write(self._block.finish())
            self._block = _BlockBuilder(_RESTART_INTERVAL)

    def _write(self, contents: bytes) -> bytes:
        """Writes a block and returns its handle."""
        checksum = crc.mask(crc.crc32c(bytes([_PLAIN]), crc.crc32c(contents)))
        self._file.write(contents + _TRAILER.pack(_PLAIN, checksum))
        handle = varint.put(self._offset) + varint.put(len(contents))
        self._offset += len(contents) + _TRAILER.size
        return handle


class _BlockBuilder:
    """The entries of one block; each shares its key's prefix with the entry before it."""

    def __init__(self, restart_interval: int) -> None:
        self._interval = restart_interval
        self._data = bytearray()
        self._restarts = [0]
        self._since_restart = 0
        self._last_key = b""

    @property
    def empty(self) -> bool:
        return not self._data

    @property
    def size(self) -> int:
        """The size of the finished block."""
        return len(self._data) + 4 * len(self._restarts) + 4

    def add(self, key: bytes, value: bytes) -> None:
        shared = 0
        if self._since_restart < self._interval:
            shared = _shared_prefix(self._last_key, key)
        else:
            self._restarts.append(len(self._data))
            self._since_restart = 0
        sizes = (shared, len(key) - shared, len(value))
        self._data += b"".join(map(varint.put, sizes)) + key[shared:] + value
        self._since_restart += 1
        self._last_key = key

    def finish(self) -> bytes:
        count = len(self._restarts)
        return bytes(self._data) + struct.pack(f"<{count + 1}I", *self._restarts, count)


def _shared_prefix(a: bytes, b: bytes) -> int:
    limit = min(len(a), len(b))
    if a[:limit] == b[:limit]:
        return limit
    return next(i for i in range(limit) if a[i] != b[i])


def _separator(low: bytes, high: bytes) -> bytes:
    """A short key k with low <= k < high."""
    shared = _shared_prefix(low, high)
    if shared < min(len(low), len(high)) and low[shared] + 1 < high[shared]:
        return low[:shared] + bytes([low[shared] + 1])
    return low


def _successor(key: bytes) -> bytes:
    """A short key that is not below `key`."""
    for i, byte in enumerate(key):
        if byte != 0xFF:
            return key[:i] + bytes([byte + 1])
    return key


class Table:
    """Reads a table; iterating gives its (key, value) pairs in order.

    Args:
        data: the whole file: bytes, or a memory map (only touched where needed).
        name: the file's name, for messages.

    Raises:
        DataLossError: here or while reading, if the file is damaged.
    """

    def __init__(self, data: bytes | memoryview, name: str) -> None:
        self._data = memoryview(data)
        self._name = name
        self._keys: list[bytes] = []
        self._handles: list[tuple[int, int]] = []
        for key, handle in self._entries(*self._index_handle()):
            self._keys.append(key)
            self._handles.append(self._handle(handle))

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        last = None
        for handle in self._handles:
            for key, value in self._entries(*handle):
                # This also ends a hostile file that names one block again and again.
                if last is not None and key <= last:
                    raise self._damage("its keys are out of order")
                last = key
                yield key, value

    def get(self, key: bytes) -> bytes | None:
        """Returns the value of a key, or None; reads one block only."""
        at = bisect_left(self._keys, key)
        if at == len(self._keys):
            return None
        return next((v for k, v in self._entries(*self._handles[at]) if k == key), None)

    def _damage(self, what: str) -> Exception:
        return DataLossError(None, None, f"{self._name}: {what}")

    def _index_handle(self) -> tuple[int, int]:
        size = len(self._data)
        if size < _FOOTER_SIZE:
            raise self._damage(f"file is too short to be an sstable ({size} bytes)")
        footer = bytes(self._data[size - _FOOTER_SIZE :])
        if struct.unpack("<Q", footer[-8:])[0] != _MAGIC:
            raise self._damage("not an sstable (bad magic number)")
        try:
            at = 0
            for _ in range(2):  # the metaindex block's handle holds nothing of interest
                _, at = varint.get(footer, at, _FOOTER_SIZE - 8)
        except ValueError as e:
            raise self._damage(f"bad footer: {e}") from None
        return self._handle(footer[at : _FOOTER_SIZE - 8])

    def _handle(self, data: bytes) -> tuple[int, int]:
        """Decodes and checks a block's (offset, size)."""
        try:
            offset, at = varint.get(data, 0, len(data))
            size, _ = varint.get(data, at, len(data))
        except ValueError as e:
            raise self._damage(f"bad block handle: {e}") from None
        if offset + size + _TRAILER.size > len(self._data):
            raise self._damage(f"truncated block read: {size} bytes at {offset}")
        return offset, size

    def _block(self, offset: int, size: int) -> bytes:
        """Returns the checked contents of a block."""
        contents = bytes(self._data[offset : offset + size])
        kind, checksum = _TRAILER.unpack_from(self._data, offset + size)
        if checksum != crc.mask(crc.crc32c(bytes([kind]), crc.crc32c(contents))):
            raise self._damage(f"block checksum mismatch (at {offset}, {size} bytes)")
        if kind == _PLAIN:
            return contents
        if kind == _SNAPPY:
            try:
                return snappy.decompress(contents)
            except ValueError as e:
                raise self._damage(f"corrupted compressed block contents: {e}") from None
        raise self._damage(f"bad block type {kind}")

    def _entries(self, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
        """The (key, value) pairs of a block."""
        block = self._block(offset, size)
        try:
            yield from _parse_block(block)
        except ValueError as e:
            raise self._damage(f"bad entry in block at {offset}: {e}") from None


def _parse_block(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Decodes the entries of a block.

    Raises:
        ValueError: if they do not fit the block or each other.
    """
    if len(block) < 4:
        raise ValueError("no restart array")
    end = len(block) - 4 - 4 * int(struct.unpack("<I", block[-4:])[0])
    if end < 0:
        raise ValueError("the restart array is larger than the block")
    budget = _MAX_KEY_EXPANSION * len(block)
    key, at = b"", 0
    while at < end:
        shared, at = varint.get(block, at, end)
        non_shared, at = varint.get(block, at, end)
        value_size, at = varint.get(block, at, end)
        if shared > len(key) or at + non_shared + value_size > end:
            raise ValueError("an entry is larger than the block")
        key = key[:shared] + block[at : at + non_shared]
        budget -= len(key)
        if budget < 0:
            raise ValueError("the keys expand beyond all measure")
        at += non_shared
        yield key, block[at : at + value_size]
        at += value_size
