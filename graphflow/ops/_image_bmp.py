"""BMP files as arrays: those without compression and palette.

Source: the BITMAPINFOHEADER of Windows; which files are taken is TensorFlow 1.15's choice.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import numpy as np

Array = np.ndarray[Any, Any]
_NEEDED: Final = 32  # bytes up to the last field that is looked at
_MOST: Final = 2**30


class BmpError(ValueError):
    """A file that cannot be read."""


def decode(contents: bytes, channels: int) -> Array:
    """Returns the image of a BMP file, uint8 [h, w, channels].

    Args:
        contents: the file.
        channels: 1, 3 or 4, as in the file; 0: whatever the file has.

    Raises:
        BmpError: if the file has another number, or is not whole.
    """
    if len(contents) < _NEEDED:
        raise BmpError(
            f"Incomplete bmp content, requires at least {_NEEDED} bytes to find the header size, "
            f"width, height, and bpp, got {len(contents)} bytes"
        )
    start, _, width, height = struct.unpack_from("<iiii", contents, 10)
    found = struct.unpack_from("<H", contents, 28)[0] // 8
    _check(start, width, height, found, channels)
    rows, row_size = abs(height), (found * width + 3) // 4 * 4
    needed = start + row_size * (rows - 1) + found * width
    if len(contents) < needed:
        raise BmpError(
            f"Incomplete bmp content, requires at least {needed} bytes, got {len(contents)} bytes"
        )
    data = contents[start : start + row_size * rows].ljust(row_size * rows, b"\0")
    table = np.frombuffer(data, np.uint8).reshape(rows, row_size)[:, : found * width]
    pixels = table.reshape(rows, width, found)
    if height > 0:
        pixels = pixels[::-1]
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[found]
    return np.ascontiguousarray(pixels[..., order])


def _check(start: int, width: int, height: int, found: int, channels: int) -> None:
    if channels and channels != found:
        raise BmpError(
            f"channels attribute {channels} does not match bits per pixel from file {found}"
        )
    if found not in (1, 3, 4):
        raise BmpError(f"Number of channels must be 1, 3 or 4, was {found}")
    if width <= 0:
        raise BmpError("Width must be positive")
    if not height:
        raise BmpError("Height must be nonzero")
    if start < 0:
        raise BmpError("header size must be nonnegative")
    if width * abs(height) * found >= _MOST:
        raise BmpError("Total possible pixel bytes must be less than 2^30")
