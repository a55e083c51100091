"""GIF files as arrays.

Source: the GIF89a specification; frames are put together as TensorFlow 1.15 does: each starts from
the one before, whatever the file says of disposal and transparency.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

Array = np.ndarray[Any, Any]

_SHORT: Final = "failed to slurp gif file: Failed to read from given file"
_DEFECT: Final = "failed to slurp gif file: Image is defective, decoding aborted"
_EARLY: Final = "failed to slurp gif file: Image EOF detected before image complete"
_EMPTY: Final = "failed to slurp gif file: No Image Descriptor detected"
_LARGEST: Final = 4096  # codes that a table can hold


class GifError(ValueError):
    """A file that is no whole, sound GIF."""


@dataclass(frozen=True, slots=True)
class _Frame:
    left: int
    top: int
    pixels: Array
    """Indices of colours, [h, w]."""
    palette: Array | None


class _Reader:
    def __init__(self, contents: bytes) -> None:
        self.contents = contents
        self.at = 0

    def take(self, size: int) -> bytes:
        found = self.contents[self.at : self.at + size]
        if len(found) < size:
            raise GifError(_SHORT)
        self.at += size
        return found

    def palette(self, flags: int) -> Array | None:
        """The palette behind a descriptor, if its flags say there is one."""
        if not flags & 0x80:
            return None
        return np.frombuffer(self.take(3 << (flags & 7) + 1), np.uint8).reshape(-1, 3)

    def blocks(self) -> bytes:
        """The data of blocks up to the empty one."""
        parts = []
        while size := self.take(1)[0]:
            parts.append(self.take(size))
        return b"".join(parts)


def _indices(data: bytes, code_size: int, count: int) -> Array:
    """Undoes the compression (LZW) of so many pixels."""
    if not 0 < code_size <= 8:
        raise GifError(_DEFECT)
    clear, end = 1 << code_size, (1 << code_size) + 1
    first = [bytes([i]) for i in range(clear)] + [b"", b""]
    table, width, before = list(first), code_size + 1, b""
    made = bytearray()
    bits = held = 0
    for byte in data:
        bits |= byte << held
        held += 8
        while held >= width:
            code = bits & ((1 << width) - 1)
            bits >>= width
            held -= width
            if code == clear:
                table, width, before = list(first), code_size + 1, b""
                continue
            if code == end:
                raise GifError(_EARLY)
            word = table[code] if code < len(table) else before + before[:1]
            if not word or code > len(table):
                raise GifError(_DEFECT)
            made += word
            if len(made) >= count:
                return np.frombuffer(bytes(made[:count]), np.uint8)
            if before and len(table) < _LARGEST:
                table.append(before + word[:1])
                width += len(table) == 1 << width and width < 12
            before = word
    raise GifError(_SHORT)


def _in_order(rows: Array) -> Array:
    """Undoes the order of the rows of an interlaced image."""
    n = len(rows)
    order = [*range(0, n, 8), *range(4, n, 8), *range(2, n, 4), *range(1, n, 2)]
    found = np.empty_like(rows)
    found[order] = rows
    return found


def _frame(reader: _Reader, shared: Array | None) -> _Frame:
    left, top, width, height, flags = struct.unpack("<HHHHB", reader.take(9))
    palette = reader.palette(flags)
    code_size = reader.take(1)[0]
    pixels = _indices(reader.blocks(), code_size, width * height).reshape(height, width)
    pixels = _in_order(pixels) if flags & 0x40 else pixels
    return _Frame(left, top, pixels, shared if palette is None else palette)


def _frames(contents: bytes) -> list[_Frame]:
    reader = _Reader(contents)
    reader.take(6)
    shared = reader.palette(struct.unpack("<HHBBB", reader.take(7))[2])
    frames = []
    while (kind := reader.take(1)) != b";":
        if kind == b",":
            frames.append(_frame(reader, shared))
        elif kind == b"!":
            reader.take(1)
            reader.blocks()
        else:
            raise GifError("failed to slurp gif file: Wrong record type detected")
    if not frames:
        raise GifError(_EMPTY)
    return frames


def decode(contents: bytes) -> Array:
    """Returns the frames of a GIF file, uint8 [n, h, w, 3].

    Raises:
        GifError: if the file is damaged, or the first frame does not fill the others' space.
    """
    frames = _frames(contents)
    height, width = (max(f.pixels.shape[axis] for f in frames) for axis in (0, 1))
    found = np.empty((len(frames), height, width, 3), np.uint8)
    for k, frame in enumerate(frames):
        whole = (frame.left, frame.top, *frame.pixels.shape) == (0, 0, height, width)
        if not whole and not k:
            raise GifError("the first frame does not fill the canvas")
        if not whole:
            found[k] = found[k - 1]
        if frame.palette is None:
            raise GifError(f"missing color map for frame {k}")
        rows, columns = max(0, height - frame.top), max(0, width - frame.left)
        part = frame.pixels[:rows, :columns]
        if part.size and part.max() >= len(frame.palette):
            raise GifError(
                f"found color index {part.max()} outside of color map range {len(frame.palette)}"
            )
        at = found[k, frame.top : frame.top + len(part), frame.left : frame.left + part.shape[1]]
        at[...] = frame.palette[part]
    return found
