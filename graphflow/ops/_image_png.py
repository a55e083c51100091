"""PNG files as arrays, and arrays as PNG files.

Source: the PNG specification (ISO/IEC 15948); greys and filters as libpng makes them for
TensorFlow 1.15.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

Array = np.ndarray[Any, Any]

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS: Final = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_KINDS: Final = {1: 0, 2: 4, 3: 2, 4: 6}
_PASSES: Final = (
    (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
    (1, 0, 2, 1),
)  # fmt: skip
"""First row, first column, and steps of each pass of an interlaced image."""
_RED, _GREEN, _BLUE = 9797, 19234, 3737
"""Weights of the grey of a colour, of 32768."""
_SRGB_GAMMA: Final = 45455
_GAMMA_MATTERS: Final = 5000
_AVERAGE, _PAETH = 3, 4


class PngError(ValueError):
    """A file that is no whole, sound PNG."""


class PngHeaderError(PngError):
    """A file whose header cannot be read."""


@dataclass(slots=True)
class _File:
    width: int
    height: int
    depth: int
    kind: int
    interlaced: bool
    gamma: int = 100000
    """The exponent that made the samples from light, times 100000."""
    palette: bytes = b""
    transparent: bytes | None = None
    data: list[bytes] = field(default_factory=list)

    @property
    def channels(self) -> int:
        return _CHANNELS[self.kind]


# --- reading ---
def _chunks(contents: bytes) -> Any:
    """Yields (name, data, whether the checksum is right)."""
    at = len(SIGNATURE)
    while at + 8 <= len(contents):
        size, name = struct.unpack_from(">I4s", contents, at)
        data, end = contents[at + 8 : at + 8 + size], at + 12 + size
        if end > len(contents):
            raise PngError("the file ends early")
        (checksum,) = struct.unpack_from(">I", contents, end - 4)
        yield name, data, checksum == zlib.crc32(name + data)
        if name == b"IEND":
            return
        at = end
    raise PngError("the file ends early")


def _header(data: bytes, sound: bool) -> _File:
    if not sound or len(data) != 13:
        raise PngHeaderError("the header is damaged")
    width, height, depth, kind, compression, filters, interlace = struct.unpack(">IIBBBBB", data)
    good = depth in _DEPTHS.get(kind, ()) and not compression and not filters and interlace < 2
    if not good or not 0 < width < 2**31 or not 0 < height < 2**31:
        raise PngHeaderError("the header makes no sense")
    return _File(width, height, depth, kind, bool(interlace))


def _read(contents: bytes) -> _File:
    chunks = _chunks(contents)
    name, data, sound = next(chunks, (b"", b"", False))
    if name != b"IHDR":
        raise PngHeaderError("there is no header")
    found = _header(data, sound)
    for name, data, sound in chunks:
        critical = not name[0] & 0x20
        if not sound:
            if critical:
                raise PngError("a checksum is wrong")
        elif name == b"PLTE":
            found.palette = data
        elif name == b"gAMA" and len(data) == 4:
            found.gamma = int.from_bytes(data, "big") or 100000
        elif name == b"sRGB":
            found.gamma = _SRGB_GAMMA
        elif name == b"tRNS" and not found.data:
            found.transparent = data
        elif name == b"IDAT":
            found.data.append(data)
    if found.kind == 3 and not found.palette:
        raise PngError("the palette is missing")
    return found


def _inflated(file: _File, size: int) -> Array:
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(b"".join(file.data), size)
    except zlib.error as e:
        raise PngError(str(e)) from e
    if len(raw) < size:
        raise PngError("there are too few pixels")
    return np.frombuffer(raw, np.uint8)


def _row_bytes(file: _File, width: int) -> int:
    return (width * file.channels * file.depth + 7) // 8


def _unfiltered(file: _File, raw: Array, height: int, width: int) -> Array:
    """Undoes the filters of one pass: its samples as bytes, [h, bytes of a row]."""
    rows = raw.reshape(height, -1)
    kinds = rows[:, 0]
    if kinds.max(initial=0) > _PAETH:
        raise PngError("a filter is unknown")
    step = max(1, file.channels * file.depth // 8)
    size = rows.shape[1] - 1
    pixels = -(-size // step)
    # One pixel and one row of zeros more at the front, which filters look at.
    made = np.zeros((height + 1, pixels + 1, step), np.uint8)
    made[1:, 1:].reshape(height, -1)[:, :size] = rows[:, 1:]
    if kinds.max(initial=0) < _AVERAGE:
        _add_up_rows(made, kinds)
    else:
        _add_up_diagonals(made, kinds)
    return np.ascontiguousarray(made[1:, 1:]).reshape(height, -1)[:, :size]


def _add_up_rows(made: Array, kinds: Array) -> None:
    """Filters none, left and above: row by row."""
    for y, kind in enumerate(kinds.tolist(), 1):
        if kind == 1:
            np.cumsum(made[y], 0, np.uint8, out=made[y])
        elif kind == 2:
            made[y] += made[y - 1]


def _add_up_diagonals(made: Array, kinds: Array) -> None:
    """All filters: a pixel needs those to the left, above, and both, so diagonals go at once."""
    height, width = made.shape[0] - 1, made.shape[1] - 1
    which = kinds.astype(np.intp)[:, None]
    for diagonal in range(height + width - 1):
        y = np.arange(max(0, diagonal - width + 1), min(height, diagonal + 1)) + 1
        x = diagonal + 2 - y
        left, above = made[y, x - 1].astype(np.int16), made[y - 1, x].astype(np.int16)
        both = made[y - 1, x - 1].astype(np.int16)
        guess = np.choose(
            which[y - 1], (np.int16(0), left, above, (left + above) >> 1, _paeth(left, above, both))
        )
        made[y, x] += guess.astype(np.uint8)


def _paeth(left: Any, above: Any, both: Any) -> Any:
    """Whichever of three is nearest to `left + above - both`."""
    by_left, by_above = np.abs(above - both), np.abs(left - both)
    by_both = np.abs(left + above - 2 * both)
    first = (by_left <= by_above) & (by_left <= by_both)
    return np.where(first, left, np.where(by_above <= by_both, above, both))


def _samples(file: _File, packed: Array, width: int) -> Array:
    """Bytes of rows as samples [h, w, channels]."""
    height = len(packed)
    if file.depth == 16:
        return packed.view(">u2").astype(np.uint16).reshape(height, width, file.channels)
    if file.depth == 8:
        return packed.reshape(height, width, file.channels)
    bits = np.unpackbits(packed, axis=1)
    groups = bits[:, : bits.shape[1] // file.depth * file.depth].reshape(height, -1, file.depth)
    weights = 1 << np.arange(file.depth - 1, -1, -1)
    found: Array = (groups * weights.astype(np.uint8)).sum(2, dtype=np.uint8)
    return found[:, :width, None]


def _pixels(file: _File) -> Array:
    passes = _PASSES if file.interlaced else ((0, 0, 1, 1),)
    places = []
    for top, left, down, across in passes:
        height, width = -(-(file.height - top) // down), -(-(file.width - left) // across)
        if height > 0 and width > 0:
            size = height * (_row_bytes(file, width) + 1)
            places.append((slice(top, None, down), slice(left, None, across), height, width, size))
    raw = _inflated(file, sum(place[4] for place in places))
    kind = np.uint16 if file.depth == 16 else np.uint8
    found = np.empty((file.height, file.width, file.channels), kind)
    at = 0
    for rows, columns, height, width, size in places:
        packed = _unfiltered(file, raw[at : at + size], height, width)
        found[rows, columns] = _samples(file, packed, width)
        at += size
    return found


# --- channels ---
def _with_palette(file: _File, index: Array) -> tuple[Array, Array | None]:
    colors = np.zeros((256, 3), np.uint8)
    given = np.frombuffer(file.palette[: len(file.palette) // 3 * 3], np.uint8).reshape(-1, 3)
    colors[: len(given)] = given
    if file.transparent is None:
        return colors[index[..., 0]], None
    alpha = np.full(256, 255, np.uint8)
    alpha[: len(file.transparent)] = np.frombuffer(file.transparent, np.uint8)[:256]
    return colors[index[..., 0]], alpha[index[..., 0]][..., None]


def _split(file: _File) -> tuple[Array, Array | None]:
    """Colours [h, w, 1 or 3] and their alpha, in 8 or 16 bits."""
    pixels = _pixels(file)
    if file.kind == 3:
        return _with_palette(file, pixels)
    alpha: Array | None = None
    if file.kind in (4, 6):
        pixels, alpha = pixels[..., :-1], pixels[..., -1:]
    largest = np.iinfo(pixels.dtype).max
    if file.transparent is not None and alpha is None:
        count = pixels.shape[-1]
        key = np.frombuffer(file.transparent[: 2 * count], ">u2")
        if key.size == count:
            clear = (pixels == (key & (2**file.depth - 1))).all(-1, keepdims=True)
            alpha = np.where(clear, 0, largest).astype(pixels.dtype)
    if file.depth < 8:
        pixels = pixels * np.uint8(255 // (2**file.depth - 1))
    return pixels, alpha


def _grey(pixels: Array, gamma: int) -> Array:
    """Colours as greys: sums of light, where the file tells how much light a sample is."""
    linear = abs(gamma - 100000) <= _GAMMA_MATTERS
    light = pixels if linear else _raised(pixels, (10**10 + gamma // 2) // gamma)
    r, g, b = (light[..., i].astype(np.uint32) for i in range(3))
    rounding = 0 if linear and pixels.dtype == np.uint8 else 16384
    grey = ((_RED * r + _GREEN * g + _BLUE * b + rounding) >> 15).astype(pixels.dtype)
    if not linear:
        grey = _raised(grey, gamma)
    same = (pixels == pixels[..., :1]).all(-1)
    return np.where(same, pixels[..., 0], grey)[..., None]


def _raised(samples: Array, exponent: int) -> Array:
    """Samples as parts of the largest, raised to an exponent of 100000ths."""
    largest = int(np.iinfo(samples.dtype).max)
    levels = np.arange(largest + 1) / largest
    table = np.floor(largest * levels ** (exponent * 0.00001) + 0.5).astype(samples.dtype)
    return table[samples]


def decode(contents: bytes, channels: int, dtype: Any) -> Array:
    """Returns the image of a PNG file, [h, w, channels].

    Args:
        contents: the file.
        channels: 1 grey, 2 grey and alpha, 3 colour, 4 colour and alpha; 0: those of the file.
        dtype: uint8 or uint16; 8 bits become 16 by doubling, 16 become 8 by leaving out.

    Raises:
        PngHeaderError: if the header cannot be read.
        PngError: if the file is damaged.
    """
    file = _read(contents)
    colors, alpha = _split(file)
    if not channels:
        channels = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}[file.kind]
        if file.transparent is not None and file.kind == 3:
            channels = 4
    if channels < 3 and colors.shape[-1] == 3:
        colors = _grey(colors, file.gamma)
    if channels > 2 and colors.shape[-1] == 1:
        colors = np.repeat(colors, 3, -1)
    if channels in (2, 4):
        if alpha is None:  # as libpng: the largest sample of the file, 1 where it has one bit
            alpha = np.full_like(colors[..., :1], 2**file.depth - 1)
        colors = np.concatenate([colors, alpha], -1)
    return _as_depth(colors, np.dtype(dtype))


def _as_depth(pixels: Array, dtype: np.dtype[Any]) -> Array:
    if pixels.dtype == dtype:
        return np.ascontiguousarray(pixels)
    if dtype == np.uint8:
        return (pixels >> 8).astype(np.uint8)
    return pixels.astype(np.uint16) * np.uint16(257)


# --- writing ---
def encode(image: Array, compression: int) -> bytes:
    """Returns a PNG file of an image.

    Args:
        image: [h, w, 1 to 4] of uint8 or uint16.
        compression: from 0 (none) to 9 (most); -1: zlib's default.

    Note: each row gets the filter that leaves the smallest sum of differences.
    """
    height, width, channels = image.shape
    depth = 8 * image.dtype.itemsize
    rows = np.ascontiguousarray(image.astype(image.dtype.newbyteorder(">"))).view(np.uint8)
    raw = _filtered(rows.reshape(height, width, -1))
    packer = zlib.compressobj(compression, zlib.DEFLATED, _window(len(raw)), 8, zlib.Z_FILTERED)
    data = _with_true_window(packer.compress(raw) + packer.flush(), len(raw))
    header = struct.pack(">IIBBBBB", width, height, depth, _KINDS[channels], 0, 0, 0)
    parts = [data[at : at + 8192] for at in range(0, len(data), 8192)]
    chunks = [(b"IHDR", header), *((b"IDAT", part) for part in parts), (b"IEND", b"")]
    return SIGNATURE + b"".join(_chunk(name, part) for name, part in chunks)


def _window(size: int) -> int:
    """The logarithm of the smallest window in which zlib packs so many bytes as well."""
    bits = 15
    while size <= 16384 and bits > 8 and size + 262 <= 1 << (bits - 1):
        bits -= 1
    return max(bits, 9)


def _with_true_window(data: bytes, size: int) -> bytes:
    """The stream, with a header that asks for no larger window than so many bytes fill."""
    if size > 16384:
        return data
    bits = (data[0] >> 4) + 8
    while bits > 8 and size <= 1 << (bits - 1):
        bits -= 1
    first, second = (bits - 8) << 4 | data[0] & 15, data[1] & 0xE0
    check = 31 - (first * 256 + second) % 31
    return bytes([first, second + check]) + data[2:]


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _filtered(pixels: Array) -> bytes:
    """Rows with the number of their filter in front; pixels are [h, w, bytes]."""
    framed = np.pad(pixels, ((1, 0), (1, 0), (0, 0))).astype(np.int16)
    here, left, above, both = framed[1:, 1:], framed[1:, :-1], framed[:-1, 1:], framed[:-1, :-1]
    tries = np.stack(
        [
            here, here - left, here - above, here - ((left + above) >> 1),
            here - _paeth(left, above, both),
        ]
    ).astype(np.uint8)  # fmt: skip
    sizes = np.abs(tries.view(np.int8).astype(np.int32)).sum((2, 3))
    best = sizes.argmin(0)
    rows = tries[best, np.arange(len(pixels))].reshape(len(pixels), -1)
    return np.concatenate([best[:, None].astype(np.uint8), rows], 1).tobytes()
