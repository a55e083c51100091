"""Pictures and sounds as summaries store them: PNG and WAV files of arrays."""

from __future__ import annotations

import struct
import zlib
from typing import Any, Final

import numpy as np

Array = np.ndarray[Any, Any]
_PNG_KINDS: Final = {1: 0, 2: 4, 3: 2, 4: 6}
"""PNG's numbers for grey, grey with alpha, colour, colour with alpha, by channels."""
_NEARLY_ZERO: Final = 1e-6


def encode_png(image: Array) -> bytes:
    """Returns a PNG file.

    Args:
        image: [h, w, channels] of uint8 or uint16; 1 to 4 channels.
    """
    height, width, channels = image.shape
    depth = 8 * image.dtype.itemsize
    rows = np.ascontiguousarray(image.astype(image.dtype.newbyteorder(">")))
    raw = rows.view(np.uint8).reshape(height, -1)
    filtered = np.concatenate([np.zeros((height, 1), np.uint8), raw], axis=1)  # filter 0: none
    header = struct.pack(">IIBBBBB", width, height, depth, _PNG_KINDS[channels], 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(filtered.tobytes())),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(data, zlib.crc32(kind))
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def as_pixels(image: Array, bad_color: Array) -> Array:
    """Returns an image of floats as one of uint8 that uses the whole range.

    Without negative values 0 stays 0 and the largest becomes 255; with negative ones 0 becomes
    128, and the largest magnitude 127 away from it.

    Args:
        image: [h, w, channels].
        bad_color: [channels], the colour of pixels with a nan or an infinity.
    """
    wide = image.astype(np.float32)
    good = np.isfinite(wide)
    values = wide[good]
    low, high = values.min(initial=np.inf), values.max(initial=-np.inf)
    one = np.float32(1)
    if low < 0:
        most = max(abs(low), abs(high))
        scale, offset = (np.float32(127) / most if most >= _NEARLY_ZERO else 0 * one), 128
    else:
        scale, offset = (np.float32(255) / high if high >= _NEARLY_ZERO else 0 * one), 0
    scaled = np.where(good, wide, 0) * np.float32(scale) + np.float32(offset)
    pixels = scaled.astype(np.uint8)
    pixels[~good.all(axis=-1)] = bad_color
    return pixels


def encode_wav(samples: Array, sample_rate: int) -> bytes:
    """Returns a WAV file of 16 bits a sample.

    Args:
        samples: [frames, channels] of floats from -1 to 1.
        sample_rate: frames a second.
    """
    frames, channels = samples.shape
    scaled = samples * np.float32(32768)
    rounded = np.trunc(scaled + np.copysign(np.float32(0.5), scaled))  # halves away from zero
    data = np.clip(rounded, -32768, 32767).astype("<i2").tobytes()
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, channels, sample_rate,
        sample_rate * channels * 2, channels * 2, 16, b"data", frames * channels * 2,
    )  # fmt: skip
    return header + data
