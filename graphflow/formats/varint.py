"""Variable-length integers: seven bits a byte, lowest first, the top bit says "more follows"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_MAX_BYTES: Final = 10  # of a 64 bit number


def put(value: int) -> bytes:
    """Returns `value` (0 to 2**64 - 1) as a varint.

    >>> put(300).hex()
    'ac02'
    """
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def put_bytes(field: int, data: bytes) -> bytes:
    """Returns a field of a message whose value has a length: bytes, or another message.

    >>> put_bytes(1, b"ab").hex()
    '0a026162'
    """
    return bytes([field << 3 | 2]) + put(len(data)) + data


def get(data: Sequence[int], at: int, end: int) -> tuple[int, int]:
    """Returns the number at `data[at:end]` and the position behind it.

    Raises:
        ValueError: if it is cut off or longer than 64 bits.
    """
    value = shift = 0
    for position in range(at, min(end, at + _MAX_BYTES)):
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64:
                break
            return value, position + 1
        shift += 7
    raise ValueError(f"bad varint at byte {at}")
