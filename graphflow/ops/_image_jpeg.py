"""JPEG files as arrays, and arrays as JPEG files, by means of Pillow.

Files are written byte for byte as TensorFlow 1.15 writes them. Read, they are those of its
`dct_method="INTEGER_ACCURATE"` to the bit. Its default, INTEGER_FAST, rounds more roughly: measured
against 1.15.5 on photographs and noise, its pixels differ by 0.9 on average, and by 5 at most, up
to quality 95; at 100 by 2 on photographs and 8 on noise. Without fancy upscaling, and at the edges
of crops, pixels whose colour is stored at half the size differ by up to 40.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from graphflow.core.errors import InternalError, KernelError, UnimplementedError

Array = np.ndarray[Any, Any]

SIGNATURE: Final = b"\xff\xd8\xff"
_END: Final = b"\xff\xd9"
_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_LONGEST: Final = 65533  # bytes of a segment
_PLAIN: Final = frozenset((0x01, *range(0xD0, 0xD8)))  # markers without a segment
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class JpegError(ValueError):
    """A file that is no whole, sound JPEG."""


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as e:
        raise KernelError(
            "JPEG files need Pillow: pip install 'graphflow-tf[image]'", UnimplementedError
        ) from e
    return Image


# --- the structure of a file ---
@dataclass(frozen=True, slots=True)
class Header:
    """What the header of a file says."""

    height: int
    width: int
    factors: tuple[tuple[int, int], ...]
    """How finely each component is sampled: (across, down)."""
    progressive: bool
    adobe: bool
    whole: bool
    """Whether the file has an end."""

    @property
    def components(self) -> int:
        """How many there are: 1 grey, 3 colour, 4 four inks."""
        return len(self.factors)

    @property
    def block(self) -> int:
        """How many rows are coded at once."""
        return 8 * max(down for _, down in self.factors)


def _markers(contents: bytes) -> Any:
    """Yields (marker, data of its segment); of what is coded between them nothing."""
    at = 2
    while True:
        at = contents.find(b"\xff", at)
        if at < 0 or at + 1 >= len(contents):
            return
        marker = contents[at + 1]
        if marker in (0x00, 0xFF) or marker in _PLAIN:  # coded bytes, or filling
            at += 1 if marker == 0xFF else 2
            continue
        if marker == 0xD9:
            yield marker, b""
            return
        (size,) = struct.unpack(">H", contents[at + 2 : at + 4].rjust(2, b"\0"))
        yield marker, contents[at + 4 : at + 2 + size]
        at += 2 + max(2, size)


def header(contents: bytes) -> Header:
    """Reads the header of a file.

    Raises:
        JpegError: if there is none.
    """
    if not contents.startswith(SIGNATURE):
        raise JpegError("another kind of file")
    frame, kind, adobe, whole = b"", 0, False, False
    for marker, data in _markers(contents):
        if marker in _FRAMES and not frame:
            frame, kind = data, marker
        adobe = adobe or (marker == 0xEE and data.startswith(b"Adobe"))
        whole = whole or marker == 0xD9
    if len(frame) < 6 or len(frame) < 6 + 3 * frame[5]:
        raise JpegError("the header is missing")
    _, height, width, count = struct.unpack_from(">BHHB", frame)
    factors = tuple((frame[7 + 3 * i] >> 4, frame[7 + 3 * i] & 15) for i in range(count))
    if not height or not width or not factors or not all(map(all, factors)):
        raise JpegError("the header makes no sense")
    return Header(height, width, factors, kind in (0xC2, 0xC6, 0xCA, 0xCE), adobe, whole)


# --- reading ---
@dataclass(frozen=True, slots=True)
class How:
    """How to read: the attributes of the operation."""

    ratio: int = 1
    fancy_upscaling: bool = True
    try_recover_truncated: bool = False
    acceptable_fraction: float = 1.0


AS_IT_IS: Final = How()


def decode(contents: bytes, channels: int, how: How) -> Array:
    """Returns the image of a file, uint8 [h, w, channels].

    Args:
        contents: the file.
        channels: 1 grey, 3 colour; 0: as many as the file has (3 for four inks).
        how: the attributes.

    Raises:
        JpegError: if the file is damaged.
    """
    found = header(contents)
    if channels == 1 and found.components == 4:
        raise JpegError("four inks make no grey")
    grey = channels == 1 or found.components == 1
    pixels = _pixels(contents if found.whole else contents + _END, found, grey, how)
    if not found.whole and not how.try_recover_truncated:
        pixels = _accepted(pixels, found, how)
    if grey and channels == 3:
        pixels = np.repeat(pixels, 3, -1)
    return pixels


def _pixels(contents: bytes, found: Header, grey: bool, how: How) -> Array:
    try:
        with _pillow().open(io.BytesIO(contents), formats=("JPEG",)) as image:
            blocky = not how.fancy_upscaling and not grey and _halved(found, how.ratio)
            mode = "L" if grey else "YCbCr" if blocky else image.mode
            wanted = [-(-side // how.ratio) for side in image.size]
            image.draft(mode, [max(1, side // how.ratio) for side in image.size])
            pixels = np.array(image.convert(mode))
    except (OSError, SyntaxError, ValueError) as e:
        raise JpegError(str(e)) from e
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    pixels = _shrunk(pixels, wanted[1], wanted[0])
    if blocky:
        return _colors(_without_smoothing(pixels, found))
    return _of_inks(pixels, found.adobe) if pixels.shape[-1] == 4 else pixels


def _shrunk(pixels: Array, height: int, width: int) -> Array:
    """Averages what is left to do of a ratio: for images with a side shorter than the ratio."""
    for axis, size in ((0, height), (1, width)):
        if pixels.shape[axis] != size:
            step = -(-pixels.shape[axis] // size)
            starts = np.arange(0, pixels.shape[axis], step)
            sums = np.add.reduceat(pixels.astype(np.float32), starts, axis)
            counts = np.diff(starts, append=pixels.shape[axis])
            shape = (-1, *[1] * (pixels.ndim - 1 - axis))
            pixels = np.rint(sums / counts.reshape(shape)).astype(np.uint8)
    return pixels


def _of_inks(inks: Array, adobe: bool) -> Array:
    """Four inks as colours. Pillow gives them as Adobe's: it has turned all of them round."""
    stored = 255 - inks.astype(np.uint32)
    if not adobe:
        stored = 255 - stored
    key = stored[..., 3:]
    return (stored[..., :3] * key // 255).astype(np.uint8)


def _accepted(pixels: Array, found: Header, how: How) -> Array:
    """The image of a file that ends early, black where it ends, if enough rows are there."""
    good = 0 if found.progressive else _good_rows(pixels, found, how)
    if how.acceptable_fraction >= 1 or good < how.acceptable_fraction * len(pixels) or not good:
        raise JpegError("the file ends early")
    pixels = pixels.copy()
    pixels[good:] = 0
    return pixels


def _good_rows(pixels: Array, found: Header, how: How) -> int:
    """How many rows were there before those that are coded with the first that is not.

    Rows behind have one colour. Two more are lost where colours are smoothed from row to row.
    """
    rows = pixels.reshape(len(pixels), -1)
    differ = np.flatnonzero((rows != rows[-1]).any(1))
    last = len(rows) - 1 if np.ptp(rows[-1]) or not differ.size else int(differ[-1]) - 1
    block = -(-found.block // how.ratio)
    return max(0, last // block * block - (2 if found.block > 8 else 0))


# --- colours without smoothing ---
def _halved(found: Header, ratio: int) -> bool:
    """Whether colours are stored at half the width, or at half of both, and are to be doubled."""
    coarse = {(2, 1, 1, 1, 1, 1), (2, 2, 1, 1, 1, 1)}
    return ratio == 1 and tuple(sum(found.factors, ())) in coarse


def _without_smoothing(pixels: Array, found: Header) -> Array:
    """Undoes the smooth doubling of colours, and doubles them in squares."""
    made = pixels.copy()
    axes = (1, 0) if found.factors[0][1] == 2 else (1,)
    for axis in axes:
        if made.shape[axis] > 2:
            made[..., 1:] = _squared(made[..., 1:], axis)
    return made


def _squared(smooth: Array, axis: int) -> Array:
    """Solves for the samples whose neighbours' mixture, 3 to 1, gave pairs of smooth ones."""
    size = smooth.shape[axis]
    moved = np.moveaxis(smooth, axis, 0).astype(np.float32)
    if size % 2:
        moved = np.concatenate([moved, moved[-1:]])
    sums = moved[0::2] + moved[1::2]
    n = len(sums)
    mixing = np.diag(np.full(n, 1.5)) + 0.25 * (np.eye(n, k=1) + np.eye(n, k=-1))
    mixing[0, 0] = mixing[-1, -1] = 1.75  # at the ends one of the neighbours is the sample itself
    flat = np.linalg.solve(mixing, sums.reshape(n, -1)).reshape(sums.shape)
    pairs = np.repeat(np.clip(np.rint(flat), 0, 255).astype(np.uint8), 2, 0)[:size]
    return np.moveaxis(pairs, 0, axis)


def _colors(ycc: Array) -> Array:
    """Brightness and two colours as red, green, blue."""
    y, blue, red = (ycc[..., i].astype(np.float32) for i in range(3))
    blue, red = blue - 128, red - 128
    found = y + 1.402 * red, y - 0.344136 * blue - 0.714136 * red, y + 1.772 * blue
    pixels: Array = np.clip(np.rint(np.stack(found, -1)), 0, 255).astype(np.uint8)
    return pixels


# --- writing ---
@dataclass(frozen=True, slots=True)
class Density:
    """How large an image is meant to be: pixels by inch (1) or centimetre (2)."""

    unit: int = 1
    across: int = 300
    down: int = 300


def encode(
    image: Array,
    quality: int,
    density: Density,
    xmp: bytes = b"",
    *,
    progressive: bool = False,
    optimize: bool = False,
    coarse_colors: bool = True,
) -> bytes:
    """Returns a JPEG file of an image.

    Args:
        image: uint8 [h, w, 1 or 3].
        quality: from 0 to 100; what is beyond counts as the end.
        density: of the pixels.
        xmp: a description in XML.
        progressive: whether the file shows all of the image soon.
        optimize: whether the codes are chosen for this image.
        coarse_colors: whether colours are stored at half the size.

    Raises:
        KernelError: if there are no pixels, or the description is too long.
    """
    height, width, channels = image.shape
    if not image.size or max(height, width) > 65500 or len(_XMP + xmp) > _LONGEST:
        raise KernelError("JPEG encoding failed", InternalError)
    options: dict[str, Any] = {}
    if channels == 3:
        options["subsampling"] = 2 if coarse_colors else 0
    if progressive:
        options["progressive"] = True
    if optimize:
        options["optimize"] = True
    picture = _pillow().fromarray(image if channels == 3 else image[..., 0])
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=min(max(quality, 0), 100), dpi=(300, 300), **options)
    made = file.getvalue()
    sizes = struct.pack(">BHH", density.unit, density.across & 0xFFFF, density.down & 0xFFFF)
    front = made[:13] + sizes + made[18:20]
    return front + _segment(_XMP + xmp if xmp else b"") + made[20:]


def _segment(data: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data if data else b""
