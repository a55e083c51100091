"""Colours of images: other types of numbers, grey, HSV, YIQ and YUV."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core import convert, scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import as_dtype, bfloat16, float16, float32, float64, int32
from graphflow.core.errors import FailedPreconditionError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops import _image_hsv
from graphflow.ops._image_checks import checked_grayscale
from graphflow.ops._image_hsv_gradient import hsv_gradient
from graphflow.ops._shapes import need_rank_at_least
from graphflow.ops.arithmetic import multiply
from graphflow.ops.cast import cast, saturate_cast
from graphflow.ops.concat import concat
from graphflow.ops.contraction import tensordot
from graphflow.ops.division import div
from graphflow.ops.fill import ones
from graphflow.ops.identity import identity
from graphflow.ops.reshape import expand_dims
from graphflow.ops.shape_ops import rank as rank_of
from graphflow.ops.tile import tile

Array = np.ndarray[Any, Any]
_COLOR_TYPES: Final = default((float16, bfloat16, float32, float64), float32)


# --- types of numbers ---
@export("image.convert_image_dtype")
def convert_image_dtype(
    image: Any, dtype: Any, saturate: bool = False, name: str | None = None
) -> Tensor:
    """Returns images as numbers of another type, scaled to its range.

    Floats range from 0 to 1, integers from 0 to the largest one.

    Args:
        image: images of any shape.
        dtype: the new type, of floats or integers.
        saturate: whether values out of the new range become its ends.
        name: the name of the scope.

    Raises:
        AttributeError: if the type is another one.
    """
    image = convert.convert_to_tensor(image, name="image")
    dtype = as_dtype(dtype)
    if not dtype.is_floating and not dtype.is_integer:
        raise AttributeError("dtype must be either floating point or integer")
    if dtype == image.dtype:
        found: Tensor = identity(image, name=name)
        return found
    with scopes.name_scope(name, "convert_image", [image]) as scope:
        to = saturate_cast if saturate else cast
        if image.dtype.is_integer and dtype.is_integer:
            return _between_integers(image, dtype, to, scope)
        if image.dtype.is_floating and dtype.is_floating:
            found = cast(image, dtype, name=scope)
        elif image.dtype.is_integer:
            found = multiply(cast(image, dtype), 1.0 / image.dtype.max, name=scope)
        else:  # the half keeps the largest value below the next integer's
            with np.errstate(over="ignore"):  # float16 has no room for the range of int32
                largest = np.array(dtype.max + 0.5, image.dtype.as_numpy_dtype)
            found = to(multiply(image, largest), dtype, name=scope)
        return found


def _between_integers(image: Tensor, dtype: Any, to: Any, scope: str) -> Tensor:
    before, after = int(image.dtype.max) + 1, int(dtype.max) + 1
    found: Tensor
    if before > after:
        found = to(div(image, before // after), dtype, name=scope)
    else:
        found = multiply(to(image, dtype), after // before, name=scope)
    return found


# --- grey ---
@export("image.rgb_to_grayscale")
def rgb_to_grayscale(images: Any, name: str | None = None) -> Tensor:
    """Returns the brightness of coloured images.

    Args:
        images: [..., 3], red, green and blue.
        name: the name of the scope.

    Returns:
        Images [..., 1] of the same type.
    """
    with scopes.name_scope(name, "rgb_to_grayscale", [images]) as scope:
        images = convert.convert_to_tensor(images, name="images")
        dtype = images.dtype
        floats = convert_image_dtype(images, float32)
        grey = tensordot(floats, [0.2989, 0.5870, 0.1140], [-1, -1])
        return convert_image_dtype(expand_dims(grey, -1), dtype, name=scope)


@export("image.grayscale_to_rgb")
def grayscale_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """Returns grey images as coloured ones, with three equal channels.

    Args:
        images: [..., 1].
        name: the name of the scope.

    Raises:
        ValueError: if the last axis has another size.
    """
    with scopes.name_scope(name, "grayscale_to_rgb", [images]) as scope:
        images = checked_grayscale(convert.convert_to_tensor(images, name="images"))
        front = expand_dims(rank_of(images) - 1, 0)
        once = ones(front, dtype=int32)
        found = tile(images, concat([once, expand_dims(3, 0)], 0), name=scope)
        found.set_shape(images.shape[:-1].concatenate([3]))
        return found


# --- RGBToHSV, HSVToRGB ---
def _three_channels(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    need_rank_at_least(dims, 1, "input must be at least 1D[]")
    if dims and dims[-1] not in (None, 3):
        raise ShapeError(
            f"Dimension must be 3 but is {dims[-1]}",
            f"input must have 3 channels but input only has {dims[-1]} channels.",
            FailedPreconditionError,
        )
    return [dims and (*dims[:-1], 3)]


RGB_TO_HSV = define(
    "RGBToHSV(images: T, *, T: type = float32) -> output: T",
    shape=_three_channels,
    T=_COLOR_TYPES,
)
RGB_TO_HSV.gradient(lambda op, dy: hsv_gradient(op.inputs[0], dy))


@RGB_TO_HSV.numpy
def _(x: Array) -> Array:
    return _image_hsv.rgb_to_hsv(x)


HSV_TO_RGB = define(
    "HSVToRGB(images: T, *, T: type = float32) -> output: T",
    shape=_three_channels,
    T=_COLOR_TYPES,
).no_gradient("TensorFlow has none")


@HSV_TO_RGB.numpy
def _(x: Array) -> Array:
    return _image_hsv.hsv_to_rgb(x)


@export("image.rgb_to_hsv")
def rgb_to_hsv(images: Any, name: str | None = None) -> Tensor:
    """Returns hue, saturation and value of coloured images.

    Args:
        images: [..., 3], red, green and blue from 0 to 1.
        name: the node's name.

    Raises:
        ValueError: if the last axis has another size.

    Note:
        The hue runs from 0 to 1: red, green, blue, red. Of grey pixels it is 0.
    """
    found: Tensor = apply(RGB_TO_HSV, images, name=name)
    return found


@export("image.hsv_to_rgb")
def hsv_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """Returns red, green and blue of images in hue, saturation and value.

    Args:
        images: [..., 3], from 0 to 1.
        name: the node's name.

    Raises:
        ValueError: if the last axis has another size.
    """
    found: Tensor = apply(HSV_TO_RGB, images, name=name)
    return found


# --- YIQ, YUV ---
_RGB_TO_YIQ: Final = [
    [0.299, 0.59590059, 0.2115],
    [0.587, -0.27455667, -0.52273617],
    [0.114, -0.32134392, 0.31119955],
]
_YIQ_TO_RGB: Final = [
    [1, 1, 1],
    [0.95598634, -0.27201283, -1.10674021],
    [0.6208248, -0.64720424, 1.70423049],
]
_RGB_TO_YUV: Final = [
    [0.299, -0.14714119, 0.61497538],
    [0.587, -0.28886916, -0.51496512],
    [0.114, 0.43601035, -0.10001026],
]
_YUV_TO_RGB: Final = [
    [1, 1, 1],
    [0, -0.394642334, 2.03206185],
    [1.13988303, -0.58062185, 0],
]


def _mixed(images: Any, kernel: Any) -> Tensor:
    """Images whose channels are sums of the old ones: [..., 3] times [3, 3]."""
    images = convert.convert_to_tensor(images, name="images")
    weights = convert.convert(kernel, images.dtype, "kernel")
    return tensordot(images, weights, axes=[[len(images.dims) - 1], [0]])


@export("image.rgb_to_yiq")
def rgb_to_yiq(images: Any) -> Tensor:
    """Returns coloured images in YIQ, the colours of NTSC television.

    Args:
        images: [..., 3], red, green and blue, floats of a known rank.
    """
    return _mixed(images, _RGB_TO_YIQ)


@export("image.yiq_to_rgb")
def yiq_to_rgb(images: Any) -> Tensor:
    """Returns red, green and blue of images in YIQ.

    Args:
        images: [..., 3], floats of a known rank.
    """
    return _mixed(images, _YIQ_TO_RGB)


@export("image.rgb_to_yuv")
def rgb_to_yuv(images: Any) -> Tensor:
    """Returns coloured images in YUV, the colours of PAL television.

    Args:
        images: [..., 3], red, green and blue, floats of a known rank.
    """
    return _mixed(images, _RGB_TO_YUV)


@export("image.yuv_to_rgb")
def yuv_to_rgb(images: Any) -> Tensor:
    """Returns red, green and blue of images in YUV.

    Args:
        images: [..., 3], floats of a known rank.
    """
    return _mixed(images, _YUV_TO_RGB)
