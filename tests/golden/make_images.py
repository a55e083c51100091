"""Makes the small picture files that rows of tests/cases/image_codecs.py decode.

    python tests/golden/make_images.py

Needs Pillow and NumPy. Writes tests/golden/images; the files are committed, so that TensorFlow's
recordings and our tests read the same bytes.
"""

from __future__ import annotations

import io
import pathlib
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

FOLDER = pathlib.Path(__file__).parent / "images"
PASSES = (
    (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
    (1, 0, 2, 1),
)  # fmt: skip
draw = np.random.RandomState(3)


def photo(height: int, width: int) -> Any:
    y, x = np.mgrid[0:height, 0:width]
    red = 128 + 60 * np.sin(y / 9) + 50 * np.cos(x / 7)
    green = 120 + 50 * np.sin(x / 5) + 40 * np.cos(y / 3)
    blue = 100 + 2 * ((x * y) % 60)
    noise = draw.randn(height, width, 3) * 6
    return (np.stack([red, green, blue], -1) + noise).clip(0, 255).astype(np.uint8)


def saved(image: Any, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


# --- PNG, with filters and kinds that Pillow does not write ---
def chunk(name: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + checksum


def filtered(rows: Any, step: int) -> bytes:
    """Rows with a random filter each."""
    made, above = [], np.zeros(rows.shape[1], int)
    for row in rows.astype(int):
        left = np.concatenate([np.zeros(step, int), row])[: len(row)]
        both = np.concatenate([np.zeros(step, int), above])[: len(row)]
        guess = left + above - both
        away = np.abs(guess - [left, above, both])
        paeth = np.choose(away.argmin(0), [left, above, both])
        kind = draw.randint(5)
        base = (0 * row, left, above, (left + above) // 2, paeth)[kind]
        made.append(bytes([kind]) + ((row - base) % 256).astype(np.uint8).tobytes())
        above = row
    return b"".join(made)


def packed(samples: Any, depth: int) -> Any:
    height = len(samples)
    if depth == 16:
        return np.ascontiguousarray(samples.astype(">u2")).view(np.uint8).reshape(height, -1)
    if depth == 8:
        return samples.astype(np.uint8).reshape(height, -1)
    bits = np.unpackbits(samples.astype(np.uint8).reshape(height, -1, 1), axis=2)[..., 8 - depth :]
    return np.packbits(bits.reshape(height, -1), axis=1)


def png(samples: Any, kind: int, depth: int, *extra: Any, interlaced: bool = False) -> bytes:
    height, width, channels = samples.shape
    step = max(1, channels * depth // 8)
    passes = PASSES if interlaced else ((0, 0, 1, 1),)
    parts = [samples[y::dy, x::dx] for y, x, dy, dx in passes]
    data = b"".join(filtered(packed(part, depth), step) for part in parts if part.size)
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*c) for c in chunks)


def write_png() -> None:
    def write(name: str, *what: Any, **options: Any) -> None:
        (FOLDER / f"{name}.png").write_bytes(png(*what, **options))

    def noise(depth: int, channels: int) -> Any:
        return draw.randint(0, 2**depth, (7, 9, channels))

    palette = (b"PLTE", draw.randint(0, 256, 48).astype(np.uint8).tobytes())
    alpha = (b"tRNS", draw.randint(0, 256, 9).astype(np.uint8).tobytes())
    for kind, channels, depths in (
        (0, 1, (1, 2, 4, 8, 16)), (2, 3, (8, 16)), (4, 2, (8, 16)), (6, 4, (8, 16)),
    ):  # fmt: skip
        for depth in depths:
            write(f"kind{kind}-{depth}", noise(depth, channels), kind, depth)
    write("palette", noise(4, 1), 3, 4, palette)
    write("palette-alpha", noise(4, 1), 3, 4, palette, alpha)
    write("interlaced", noise(8, 3), 2, 8, interlaced=True)
    write("interlaced-bits", noise(2, 1), 0, 2, interlaced=True)
    write("gamma", noise(8, 3), 2, 8, (b"gAMA", struct.pack(">I", 45455)))
    write("clear-color", noise(2, 3) * 85, 2, 8, (b"tRNS", struct.pack(">HHH", 0, 85, 170)))


# --- the others ---
def write_jpeg() -> None:
    picture = Image.fromarray(photo(21, 26))
    for name, image, options in (
        ("photo", picture, {"quality": 85}),
        ("full-color", picture, {"quality": 85, "subsampling": 0}),
        ("progressive", picture, {"quality": 85, "progressive": True}),
        ("wide-color", picture, {"quality": 85, "subsampling": 1}),
        ("grey", picture.convert("L"), {"quality": 85}),
        ("inks", picture.convert("CMYK"), {"quality": 85}),
    ):
        (FOLDER / f"{name}.jpg").write_bytes(saved(image, "JPEG", **options))


def with_palette(height: int, width: int) -> Any:
    image = Image.frombytes("P", (width, height), draw.bytes(height * width))
    image.putpalette(draw.bytes(768))
    return image


def write_others() -> None:
    frames = [with_palette(7, 9) for _ in range(3)]
    (FOLDER / "frame.gif").write_bytes(saved(frames[0], "GIF", interlace=0))
    more = {"save_all": True, "append_images": frames[1:], "interlace": 1}
    (FOLDER / "frames.gif").write_bytes(saved(frames[0], "GIF", **more))
    colors = Image.fromarray(photo(7, 9))
    (FOLDER / "color.bmp").write_bytes(saved(colors, "BMP"))
    (FOLDER / "grey.bmp").write_bytes(saved(colors.convert("L"), "BMP"))
    (FOLDER / "alpha.bmp").write_bytes(saved(colors.convert("RGBA"), "BMP"))


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    write_png()
    write_jpeg()
    write_others()
