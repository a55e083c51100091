"""CRC-32C checksums, plain and in the masked form that TensorFlow's files store.

Data that itself contains checksums would have weak checksums of its own; hence the mask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crc32c import crc32c as _crc32c

if TYPE_CHECKING:
    from typing_extensions import Buffer  # of collections.abc from Python 3.12 on

_MASK_DELTA: Final = 0xA282EAD8
_ALL: Final = 0xFFFFFFFF


def crc32c(data: Buffer, value: int = 0) -> int:
    """Returns the CRC-32C of `data`, continuing from `value`.

    Args:
        data: any C-contiguous buffer; it is not copied.
        value: the checksum of what comes before `data`.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    return _crc32c(data, value)


def mask(crc: int) -> int:
    """Returns the form of a checksum in which files store it.

    >>> hex(mask(0))
    '0xa282ead8'
    """
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & _ALL


def unmask(masked: int) -> int:
    """Returns the checksum whose masked form is `masked`.

    >>> hex(unmask(mask(0xe3069283)))
    '0xe3069283'
    """
    rotated = (masked - _MASK_DELTA) & _ALL
    return (rotated >> 17 | rotated << 15) & _ALL


def masked_crc32c(data: Buffer) -> int:
    """Returns the masked CRC-32C of `data`."""
    return mask(crc32c(data))
