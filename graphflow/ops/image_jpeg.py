"""Images as JPEG files, what JPEG does to an image, and the size of a file's image."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core import convert, scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, int32, int64, uint8
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops import _image_jpeg
from graphflow.ops._image_checks import is_tensor
from graphflow.ops.image_codecs import DECODE_JPEG, file_of_image, need_one_file, one_file
from graphflow.ops.image_color import convert_image_dtype
from graphflow.ops.random import random_uniform

Array = np.ndarray[Any, Any]
_FILE: Final = "a file has no derivative"
_FORMATS: Final = {"grayscale": 1, "rgb": 3}


def _check_channels(image: Array, wanted: str) -> None:
    channels = image.shape[2]
    if wanted and channels != _FORMATS[wanted]:
        raise KernelError(
            f"format {wanted} expects {_FORMATS[wanted]} channels, got {text(image.shape)}"
        )
    if channels not in (1, 3):
        raise KernelError(f"image must have 1 or 3 channels, got {text(image.shape)}")


# --- EncodeJpeg ---
ENCODE_JPEG = define(
    "EncodeJpeg(image: uint8, *, format: string = '', quality: int = 95, "
    "progressive: bool = False, optimize_size: bool = False, chroma_downsampling: bool = True, "
    "density_unit: string = 'in', x_density: int = 300, y_density: int = 300, "
    "xmp_metadata: string = '') -> contents: string",
    shape=file_of_image,
    format=("", "grayscale", "rgb"),
    density_unit=("in", "cm"),
).no_gradient(_FILE)


@ENCODE_JPEG.numpy
def _(
    image: Array,
    *,
    format: str,
    quality: int,
    progressive: bool,
    optimize_size: bool,
    chroma_downsampling: bool,
    density_unit: str,
    x_density: int,
    y_density: int,
    xmp_metadata: Any,
) -> Array:
    if not 0 <= quality <= 100:
        raise KernelError(f"quality must be in [0,100], got {quality}")
    _check_channels(image, format)
    xmp = xmp_metadata.encode() if isinstance(xmp_metadata, str) else xmp_metadata
    density = _image_jpeg.Density(1 if density_unit == "in" else 2, x_density, y_density)
    made = _image_jpeg.encode(
        image, quality, density, xmp, progressive=progressive, optimize=optimize_size,
        coarse_colors=chroma_downsampling,
    )  # fmt: skip
    return np.array(made, object)


@export("image.encode_jpeg", "io.encode_jpeg")
def encode_jpeg(
    image: Any,
    format: str = "",
    quality: int = 95,
    progressive: bool = False,
    optimize_size: bool = False,
    chroma_downsampling: bool = True,
    density_unit: str = "in",
    x_density: int = 300,
    y_density: int = 300,
    xmp_metadata: str = "",
    name: str | None = None,
) -> Tensor:
    """Returns a JPEG file of an image.

    Args:
        image: uint8 [h, w, 1 or 3].
        format: "grayscale" or "rgb", which the channels must fit; "": whichever they fit.
        quality: from 0 to 100.
        progressive: whether the file shows all of the image soon.
        optimize_size: whether the codes are chosen for this image.
        chroma_downsampling: whether colours are stored at half the size.
        density_unit: "in" or "cm": what the next two count pixels by.
        x_density: pixels across.
        y_density: pixels down.
        xmp_metadata: a description in XML.
        name: the node's name.

    Raises:
        ValueError: if the rank or an attribute is another.

    Note:
        Needs Pillow: `pip install 'graphflow-tf[image]'`.
    """
    found: Tensor = apply(
        ENCODE_JPEG, image, format=format, quality=quality, progressive=progressive,
        optimize_size=optimize_size, chroma_downsampling=chroma_downsampling,
        density_unit=density_unit, x_density=x_density, y_density=y_density,
        xmp_metadata=xmp_metadata, name=name,
    )  # fmt: skip
    return found


# --- EncodeJpegVariableQuality ---
ENCODE_VARIABLE = define(
    "EncodeJpegVariableQuality(images: uint8, quality: int32) -> contents: string",
    shape=file_of_image,
).no_gradient(_FILE)


@ENCODE_VARIABLE.numpy
def _(image: Array, quality: Array) -> Array:
    if quality.ndim:
        raise KernelError(f"quality must be scalar: {text(quality.shape)}")
    _check_channels(image, "")
    made = _image_jpeg.encode(image, int(quality), _image_jpeg.Density())
    return np.array(made, object)


@export("image.adjust_jpeg_quality")
def adjust_jpeg_quality(image: Any, jpeg_quality: Any, name: str | None = None) -> Tensor:
    """Returns what is left of an image after it was a JPEG file.

    Args:
        image: [h, w, 1 or 3].
        jpeg_quality: from 0 to 100, an int32 scalar.
        name: the name of the scope.

    Returns:
        An image of the same type.

    Raises:
        ValueError: if the rank is another.

    Note:
        Needs Pillow: `pip install 'graphflow-tf[image]'`.
    """
    with scopes.name_scope(name, "adjust_jpeg_quality", [image]):
        image = convert.convert_to_tensor(image, name="image")
        dtype = image.dtype
        pixels = convert_image_dtype(image, uint8)
        if not is_tensor(jpeg_quality):
            jpeg_quality = convert.convert_to_tensor(jpeg_quality, dtype=int32)
        file = apply(ENCODE_VARIABLE, pixels, jpeg_quality)
        return convert_image_dtype(apply(DECODE_JPEG, file), dtype)


@export("image.random_jpeg_quality")
def random_jpeg_quality(
    image: Any, min_jpeg_quality: int, max_jpeg_quality: int, seed: int | None = None
) -> Tensor:
    """Returns what is left of an image after it was a JPEG file of random quality.

    Args:
        image: [h, w, 1 or 3].
        min_jpeg_quality: the lowest, from 0.
        max_jpeg_quality: above the highest, up to 100.
        seed: with the graph's seed it settles the quality; see `random_uniform`.

    Raises:
        ValueError: if the bounds are others.
    """
    bounds = min_jpeg_quality, max_jpeg_quality
    if min(bounds) < 0 or max(bounds) > 100:
        raise ValueError("jpeg encoding range must be between 0 and 100.")
    if min_jpeg_quality >= max_jpeg_quality:
        raise ValueError("`min_jpeg_quality` must be less than `max_jpeg_quality`.")
    quality = random_uniform([], *bounds, seed=seed, dtype=int32)
    return adjust_jpeg_quality(image, quality)


# --- ExtractJpegShape ---
EXTRACT_JPEG_SHAPE = define(
    "ExtractJpegShape(contents: string, *, output_type: type = int32) -> image_shape: output_type",
    output_type=default((int32, int64), int32),
).no_gradient(_FILE)


@EXTRACT_JPEG_SHAPE.shape
def _(op: Operation) -> list[Dims]:
    need_one_file(op)
    return [(3,)]


@EXTRACT_JPEG_SHAPE.numpy
def _(contents: Array, *, output_type: DType) -> Array:
    data = one_file(contents)
    try:
        found = _image_jpeg.header(data)
    except _image_jpeg.JpegError as e:
        raise KernelError(f"Invalid JPEG data, size {len(data)}") from e
    return np.array([found.height, found.width, found.components], output_type.as_numpy_dtype)


@export("image.extract_jpeg_shape", "io.extract_jpeg_shape")
def extract_jpeg_shape(contents: Any, output_type: Any = int32, name: str | None = None) -> Tensor:
    """Returns height, width and channels of the image of a JPEG file, which is not decoded.

    Args:
        contents: the file, a string scalar.
        output_type: int32 or int64.
        name: the node's name.

    Raises:
        ValueError: if `contents` is no scalar.
    """
    found: Tensor = apply(EXTRACT_JPEG_SHAPE, contents, output_type=output_type, name=name)
    return found
