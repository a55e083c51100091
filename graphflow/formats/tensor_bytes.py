"""A tensor's bytes in a V2 checkpoint: arrays in, buffers with their checksum out, and back.

Numbers are stored as they lie in memory. Strings are stored as their lengths, a checksum of the
lengths, then their bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from graphflow.formats import crc, varint

_UINT32_MAX: Final = 2**32 - 1


def encode_numbers(array: np.ndarray[Any, Any]) -> memoryview:
    """Returns the elements of an array in row-major order, little-endian; no copy if they are so.

    Args:
        array: of any type but object.
    """
    little = array.dtype.newbyteorder("<")
    flat = np.ascontiguousarray(array, little).reshape(-1)
    return flat.view(np.uint8).data


@dataclass(frozen=True, slots=True)
class StringBytes:
    """The stored form of a string tensor.

    Attributes:
        header: the lengths and their checksum.
        payload: the strings, one after the other.
        checksum: of the tensor, not masked.
    """

    header: bytes
    payload: bytes
    checksum: int


def encode_strings(values: Iterable[bytes | str]) -> StringBytes:
    """Returns the stored form of strings (text becomes UTF-8)."""
    strings = [v.encode() if isinstance(v, str) else bytes(v) for v in values]
    lengths = [len(s) for s in strings]
    checksum = _lengths_checksum(lengths)
    stored = struct.pack("<I", crc.mask(checksum))
    payload = b"".join(strings)
    return StringBytes(
        b"".join(map(varint.put, lengths)) + stored,
        payload,
        crc.crc32c(payload, crc.crc32c(stored, checksum)),
    )


def decode_strings(data: bytes, count: int) -> tuple[list[bytes], int]:
    """Returns the strings and the checksum (not masked) of their tensor.

    Args:
        data: the stored bytes, of an untrusted file.
        count: how many strings there are.

    Raises:
        ValueError: if `data` does not hold exactly so many.
    """
    if not data and not count:
        return [], 0
    if count > len(data):
        raise ValueError(f"{len(data)} bytes cannot hold {count} strings")
    lengths, at = [], 0
    for _ in range(count):
        length, at = varint.get(data, at, len(data))
        lengths.append(length)
    checksum = _lengths_checksum(lengths)
    stored = data[at : at + 4]
    if stored != struct.pack("<I", crc.mask(checksum)):
        raise ValueError("the checksum of the string lengths does not match")
    at += 4
    if at + sum(lengths) != len(data):
        raise ValueError(f"{len(data) - at} bytes where {sum(lengths)} are expected")
    total = crc.crc32c(memoryview(data)[at:], crc.crc32c(stored, checksum))
    strings = []
    for length in lengths:
        strings.append(data[at : at + length])
        at += length
    return strings, total


def _lengths_checksum(lengths: list[int]) -> int:
    """The checksum of lengths as fixed 32 bit numbers (64 bit for those that need it)."""
    if max(lengths, default=0) <= _UINT32_MAX:
        return crc.crc32c(np.array(lengths, "<u4").tobytes())
    return crc.crc32c(b"".join(struct.pack("<I" if n <= _UINT32_MAX else "<Q", n) for n in lengths))


def object_array(strings: list[bytes], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Returns strings as an object array of a shape."""
    array = np.empty(len(strings), np.object_)
    array[:] = strings
    return array.reshape(shape)
