"""Decoder of Snappy's raw block format, which some old checkpoint indexes use.

TensorFlow 1.2 and later write their tables uncompressed, so speed does not matter here.
"""

from __future__ import annotations

from typing import Final

from graphflow.formats import varint

_MAX_RATIO: Final = 64  # a copy of three bytes yields at most 64: hostile sizes stop here


def decompress(data: bytes) -> bytes:
    """Returns the bytes that `data` encodes.

    Raises:
        ValueError: if `data` is not a whole Snappy block.
    """
    size, at = varint.get(data, 0, len(data))
    if size > _MAX_RATIO * len(data):
        raise ValueError(f"snappy: {len(data)} bytes cannot hold {size}")
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        at = _copy(data, at, tag, out) if tag & 3 else _literal(data, at, tag >> 2, out)
        if len(out) > size:
            break
    if len(out) != size:
        raise ValueError(f"snappy: {len(out)} bytes came out instead of {size}")
    return bytes(out)


def _literal(data: bytes, at: int, length: int, out: bytearray) -> int:
    """Appends the plain bytes at `at` to `out`; returns the position behind them."""
    if length >= 60:
        width = length - 59
        length = int.from_bytes(data[at : at + width], "little")
        at += width
    end = at + length + 1
    if end > len(data):
        raise ValueError("snappy: cut off within a literal")
    out += data[at:end]
    return end


def _copy(data: bytes, at: int, tag: int, out: bytearray) -> int:
    """Repeats bytes that were written before; returns the position behind the command."""
    if tag & 3 == 1:
        length, width, high = (tag >> 2 & 7) + 4, 1, tag >> 5 << 8
    else:
        length, width, high = (tag >> 2) + 1, 2 if tag & 3 == 2 else 4, 0
    end = at + width
    offset = int.from_bytes(data[at:end], "little") | high
    if end > len(data) or not 0 < offset <= len(out):
        raise ValueError("snappy: a copy from before the start")
    start = len(out) - offset
    piece = bytes(out[start : start + length])
    out += (piece * (length // len(piece) + 1))[:length]
    return end
