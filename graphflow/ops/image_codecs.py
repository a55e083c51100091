"""Picture files as images: PNG, JPEG, GIF and BMP; and images as PNG files.

The operations of PNG, JPEG and GIF read each other's files, as in TensorFlow.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, uint8, uint16
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops import _image_bmp, _image_gif, _image_jpeg, _image_png
from graphflow.ops._shapes import need_rank

Array = np.ndarray[Any, Any]
_FILE: Final = "a file has no derivative"
_DCT: Final = ("", "INTEGER_FAST", "INTEGER_ACCURATE")


def need_one_file(op: Operation) -> None:
    """Raises ShapeError unless the first input is one string."""
    dims = op.inputs[0].dims
    need_rank(dims, 0, f"contents must be scalar, got shape {text(dims)}")


def one_file(contents: Array) -> bytes:
    """The bytes of a file."""
    found: Any = contents[()]
    return bytes(found)


def _channels(op: Operation) -> int | None:
    channels: int = op.attrs["channels"]
    if channels < 0:
        raise ShapeError(f"channels must be non-negative, got {channels}")
    return channels or None


def _one_image(op: Operation) -> list[Dims]:
    need_one_file(op)
    return [(None, None, _channels(op))]


# --- any kind of file ---
def _escaped(data: bytes) -> str:
    """Bytes as C writes them in a string."""
    marks = {9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 39: "\\'", 92: "\\\\"}
    return "".join(marks.get(b) or (chr(b) if 32 <= b < 127 else f"\\{b:03o}") for b in data)


def _kind(contents: bytes) -> str:
    if contents.startswith(_image_jpeg.SIGNATURE):
        return "JPEG"
    if contents.startswith(_image_png.SIGNATURE):
        return "PNG"
    if contents.startswith(b"GIF8"):
        return "GIF"
    seen = "empty file"
    if contents:
        seen = f"unknown format starting with '{_escaped(contents[:16])}'"
    raise KernelError(f"Expected image (JPEG, PNG, or GIF), got {seen}")


def _decoded_png(contents: bytes, channels: int, dtype: Any) -> Array:
    try:
        return _image_png.decode(contents, channels, dtype)
    except _image_png.PngHeaderError as e:
        raise KernelError(f"Invalid PNG header, data size {len(contents)}") from e
    except _image_png.PngError as e:
        raise KernelError(f"Invalid PNG data, size {len(contents)}") from e


def _decoded_gif(contents: bytes, channels: int) -> Array:
    if channels not in (0, 3):
        raise KernelError(f"channels must be 0 or 3 for GIF, got {channels}")
    try:
        return _image_gif.decode(contents)
    except _image_gif.GifError as e:
        raise KernelError(f"Invalid GIF data (size {len(contents)}), {e}") from e


def _decoded_jpeg(
    contents: bytes, channels: int, how: _image_jpeg.How, window: list[int] | None
) -> Array:
    if channels not in (0, 1, 3):
        raise KernelError(f"channels must be 0, 1, or 3 for JPEG, got {channels}")
    problem = f"Invalid JPEG data or crop window, data size {len(contents)}"
    try:
        image = _image_jpeg.decode(contents, channels, how)
    except _image_jpeg.JpegError as e:
        raise KernelError(problem) from e
    if window is None:
        return image
    y, x, height, width = window
    inside = y + height <= image.shape[0] and x + width <= image.shape[1]
    if min(y, x) < 0 or min(height, width) <= 0 or not inside:
        raise KernelError(problem)
    return np.ascontiguousarray(image[y : y + height, x : x + width])


def _decoded(
    contents: Array,
    channels: int,
    how: _image_jpeg.How = _image_jpeg.AS_IT_IS,
    dtype: Any = np.uint8,
    window: list[int] | None = None,
) -> Array:
    """The image of a file: [h, w, channels], or [n, h, w, 3] of a GIF."""
    if channels not in (0, 1, 3, 4):
        raise KernelError(f"channels must be 0, 1, 3, or 4, got {channels}")
    data = one_file(contents)
    kind = _kind(data)
    if kind == "PNG":
        return _decoded_png(data, channels, dtype)
    if dtype != np.uint8:
        raise KernelError(f"{kind} does not support uint16 output")
    if kind == "GIF":
        return _decoded_gif(data, channels)
    return _decoded_jpeg(data, channels, how, window)


def _single(image: Array) -> Array:
    """The only frame of a GIF; other images as they are."""
    if image.ndim == 4:
        if len(image) != 1:
            raise KernelError(
                f"Got {len(image)} frames, but animated gifs can only be decoded by "
                "tf.image.decode_gif or tf.image.decode_image"
            )
        first: Array = image[0].copy()
        return first
    return image


# --- DecodePng, EncodePng ---
DECODE_PNG = define(
    "DecodePng(contents: string, *, channels: int = 0, dtype: type = uint8) -> image: dtype",
    shape=_one_image,
    dtype=default((uint8, uint16), uint8),
).no_gradient(_FILE)


@DECODE_PNG.numpy
def _(contents: Array, *, channels: int, dtype: DType) -> Array:
    return _single(_decoded(contents, channels, dtype=dtype.as_numpy_dtype))


@export("image.decode_png", "io.decode_png")
def decode_png(
    contents: Any, channels: int = 0, dtype: Any = uint8, name: str | None = None
) -> Tensor:
    """Returns the image of a PNG file.

    Args:
        contents: the file, a string scalar.
        channels: 1 grey, 3 colour, 4 colour and alpha; 0: those of the file.
        dtype: uint8 or uint16.
        name: the node's name.

    Returns:
        [h, w, channels].

    Raises:
        ValueError: if `contents` is no scalar.

    Note:
        Palettes, interlaced files and those of 1 to 16 bits are read. A damaged file is an
        InvalidArgumentError in the run.
    """
    found: Tensor = apply(DECODE_PNG, contents, channels=channels, dtype=dtype, name=name)
    return found


ENCODE_PNG = define(
    "EncodePng(image: T, *, compression: int = -1, T: type = uint8) -> contents: string",
    T=default((uint8, uint16), uint8),
).no_gradient(_FILE)


def file_of_image(op: Operation) -> list[Dims]:
    """The shape rule of what writes one image as a file."""
    dims = op.inputs[0].dims
    need_rank(dims, 3, f"image must be 3-dimensional{text(dims)}")
    return [()]


ENCODE_PNG.shape(file_of_image)


@ENCODE_PNG.numpy
def _(image: Array, *, compression: int) -> Array:
    if not -1 <= compression <= 9:
        raise KernelError(f"compression should be in [-1,9], got {compression}")
    if not image.size or image.shape[2] > 4:
        found = image.shape[2]
        problem = f"image must have 1, 2, 3, or 4 channels, got {found}"
        raise KernelError(problem if found not in (1, 2, 3, 4) else "PNG encoding failed")
    return np.array(_image_png.encode(image, compression), object)


@export("image.encode_png")
def encode_png(image: Any, compression: int = -1, name: str | None = None) -> Tensor:
    """Returns a PNG file of an image.

    Args:
        image: uint8 or uint16 [h, w, channels]: 1 grey, 2 grey and alpha, 3 colour, 4 colour and
            alpha.
        compression: from 0 (none) to 9 (most); -1: zlib's default.
        name: the node's name.

    Raises:
        ValueError: if the rank is another.
    """
    found: Tensor = apply(ENCODE_PNG, image, compression=compression, name=name)
    return found


# --- DecodeJpeg, DecodeAndCropJpeg ---
_HOW: Final = (
    "channels: int = 0, ratio: int = 1, fancy_upscaling: bool = True, "
    "try_recover_truncated: bool = False, acceptable_fraction: float = 1.0, "
    "dct_method: string = ''"
)


def _how(ratio: int, fancy: bool, recover: bool, fraction: float, dct: str) -> _image_jpeg.How:
    if ratio not in (1, 2, 4, 8):
        raise KernelError(f"ratio must be 1, 2, 4, or 8, got {ratio}")
    if dct not in _DCT:
        raise KernelError("dct_method must be one of {'', 'INTEGER_FAST', 'INTEGER_ACCURATE'}")
    return _image_jpeg.How(ratio, fancy, recover, fraction)


DECODE_JPEG = define(
    f"DecodeJpeg(contents: string, *, {_HOW}) -> image: uint8", shape=_one_image
).no_gradient(_FILE)


@DECODE_JPEG.numpy
def _(
    contents: Array,
    *,
    channels: int,
    ratio: int,
    fancy_upscaling: bool,
    try_recover_truncated: bool,
    acceptable_fraction: float,
    dct_method: str,
) -> Array:
    attrs = ratio, fancy_upscaling, try_recover_truncated, acceptable_fraction, dct_method
    return _single(_decoded(contents, channels, _how(*attrs)))


@export("image.decode_jpeg", "io.decode_jpeg")
def decode_jpeg(
    contents: Any,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1,
    dct_method: str = "",
    name: str | None = None,
) -> Tensor:
    """Returns the image of a JPEG file.

    Args:
        contents: the file, a string scalar.
        channels: 1 grey, 3 colour; 0: those of the file.
        ratio: 1, 2, 4 or 8: how many times smaller the image gets.
        fancy_upscaling: whether colours that are stored at half the size are smoothed.
        try_recover_truncated: whether a file that ends early gives what there is of its image.
        acceptable_fraction: how much of the image of such a file must be there.
        dct_method: "", "INTEGER_FAST" or "INTEGER_ACCURATE".
        name: the node's name.

    Returns:
        uint8 [h, w, channels].

    Raises:
        ValueError: if `contents` is no scalar.

    Note:
        Needs Pillow: `pip install 'graphflow-tf[image]'`. All methods are the accurate one:
        TensorFlow's default differs from it by about 1, and by 5 at most up to quality 95.
    """
    found: Tensor = apply(
        DECODE_JPEG, contents, channels=channels, ratio=ratio, fancy_upscaling=fancy_upscaling,
        try_recover_truncated=try_recover_truncated, acceptable_fraction=acceptable_fraction,
        dct_method=dct_method, name=name,
    )  # fmt: skip
    return found


DECODE_AND_CROP_JPEG = define(
    f"DecodeAndCropJpeg(contents: string, crop_window: int32, *, {_HOW}) -> image: uint8"
).no_gradient(_FILE)


@DECODE_AND_CROP_JPEG.shape
def _(op: Operation) -> list[Dims]:
    need_one_file(op)
    channels, dims = _channels(op), op.inputs[1].dims
    (n,) = need_rank(dims, 1, f"crop_window must be 1-D, got shape {text(dims)}")
    if n not in (None, 4):
        run = f"crop_size must have four elements {text(dims)}"
        raise ShapeError(f"Dimension must be 4 but is {n}", run)
    window = op.partial(1) or [None] * 4
    height, width = (None if s is None or s < 0 else s for s in window[2:])
    return [(height, width, channels)]


@DECODE_AND_CROP_JPEG.numpy
def _(
    contents: Array,
    crop_window: Array,
    *,
    channels: int,
    ratio: int,
    fancy_upscaling: bool,
    try_recover_truncated: bool,
    acceptable_fraction: float,
    dct_method: str,
) -> Array:
    attrs = ratio, fancy_upscaling, try_recover_truncated, acceptable_fraction, dct_method
    window: list[int] = crop_window.tolist()
    return _single(_decoded(contents, channels, _how(*attrs), window=window))


@export("image.decode_and_crop_jpeg", "io.decode_and_crop_jpeg")
def decode_and_crop_jpeg(
    contents: Any,
    crop_window: Any,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1,
    dct_method: str = "",
    name: str | None = None,
) -> Tensor:
    """Returns a part of the image of a JPEG file.

    Args:
        contents: the file, a string scalar.
        crop_window: int32 [4]: first row, first column, rows, columns, after `ratio`.
        channels: as of `decode_jpeg`, and so are the others.
        ratio: how many times smaller the image gets.
        fancy_upscaling: whether colours that are stored at half the size are smoothed.
        try_recover_truncated: whether a file that ends early gives what there is of its image.
        acceptable_fraction: how much of the image of such a file must be there.
        dct_method: "", "INTEGER_FAST" or "INTEGER_ACCURATE".
        name: the node's name.

    Returns:
        uint8 [rows, columns, channels].

    Raises:
        ValueError: if the shapes do not fit.

    Note:
        Needs Pillow. The part is cut from the whole image; TensorFlow smooths colours at its
        edges as if there were nothing around it.
    """
    found: Tensor = apply(
        DECODE_AND_CROP_JPEG, contents, crop_window, channels=channels, ratio=ratio,
        fancy_upscaling=fancy_upscaling, try_recover_truncated=try_recover_truncated,
        acceptable_fraction=acceptable_fraction, dct_method=dct_method, name=name,
    )  # fmt: skip
    return found


# --- DecodeGif, DecodeBmp ---
DECODE_GIF = define("DecodeGif(contents: string) -> image: uint8").no_gradient(_FILE)


@DECODE_GIF.shape
def _(op: Operation) -> list[Dims]:
    need_one_file(op)
    return [(None, None, None, 3)]


@DECODE_GIF.numpy
def _(contents: Array) -> Array:
    found = _decoded(contents, 3)
    return found if found.ndim == 4 else found[None].copy()


@export("image.decode_gif", "io.decode_gif")
def decode_gif(contents: Any, name: str | None = None) -> Tensor:
    """Returns the frames of a GIF file.

    Args:
        contents: the file, a string scalar.
        name: the node's name.

    Returns:
        uint8 [n, h, w, 3].

    Raises:
        ValueError: if `contents` is no scalar.

    Note:
        As in TensorFlow 1.15 each frame is drawn over the one before; transparent colours count
        as colours.
    """
    found: Tensor = apply(DECODE_GIF, contents, name=name)
    return found


DECODE_BMP = define(
    "DecodeBmp(contents: string, *, channels: int = 0) -> image: uint8", shape=_one_image
).no_gradient(_FILE)


@DECODE_BMP.numpy
def _(contents: Array, *, channels: int) -> Array:
    if channels not in (0, 1, 3, 4):
        raise KernelError(f"channels must be 0, 1, 3 or 4, got {channels}")
    try:
        return _image_bmp.decode(one_file(contents), channels)
    except _image_bmp.BmpError as e:
        raise KernelError(str(e)) from e


@export("image.decode_bmp", "io.decode_bmp")
def decode_bmp(contents: Any, channels: int = 0, name: str | None = None) -> Tensor:
    """Returns the image of a BMP file of 8, 24 or 32 bits without a palette.

    Args:
        contents: the file, a string scalar.
        channels: 1, 3 or 4, as in the file; 0: whatever it has.
        name: the node's name.

    Returns:
        uint8 [h, w, channels].

    Raises:
        ValueError: if `contents` is no scalar.
    """
    found: Tensor = apply(DECODE_BMP, contents, channels=channels, name=name)
    return found
