"""Parts of images: CropAndResize with its gradients, ExtractGlimpse."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import (
    DType,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
)
from graphflow.core.errors import KernelError, OutOfRangeError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops import _image_crops
from graphflow.ops._arguments import either
from graphflow.ops._rules import shape_of
from graphflow.ops._shapes import need_rank, same_size

Array = np.ndarray[Any, Any]
_PIXELS: Final = (uint8, uint16, int8, int16, int32, int64, float16, float32, float64)
_METHODS: Final = ("bilinear", "nearest")


# --- CropAndResize ---
def _boxes(op: Operation, first: int) -> int | None:
    """The number of boxes, after checks of boxes [n, 4] and their images [n]."""
    boxes, which = op.inputs[first].dims, op.inputs[first + 1].dims
    n, columns = need_rank(boxes, 2, f"boxes must be 2-D{text(boxes)}")
    (m,) = need_rank(which, 1, f"box_index must be 1-D{text(which)}")
    n = same_size(n, m, "box_index has incompatible shape")
    if columns not in (None, 4):
        raise ShapeError(f"Dimension must be 4 but is {columns}", "boxes must have 4 columns")
    return n


def _two(op: Operation, index: int, run: str) -> tuple[int | None, int | None]:
    """Two sizes that come as a value; -1 is unknown."""
    dims = op.inputs[index].dims
    (n,) = need_rank(dims, 1, f"{run}{text(dims)}")
    if n not in (None, 2):
        raise ShapeError(f"Dimension must be 2 but is {n}", f"{run}{text(dims)}")
    asked = op.constant(index)
    if asked is None:
        return None, None
    height, width = asked.tolist()
    if min(height, width) < -1:
        raise ShapeError(
            f"Dimension {min(height, width)} must be >= 0", "crop dimensions must be positive"
        )
    return None if height == -1 else height, None if width == -1 else width


CROP_AND_RESIZE = define(
    "CropAndResize(image: T, boxes: float32, box_ind: int32, crop_size: int32, *, "
    "method: string = 'bilinear', extrapolation_value: float = 0.0) -> crops: float32",
    T=_PIXELS,
    method=_METHODS,
)


@CROP_AND_RESIZE.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    depth = need_rank(dims, 4, f"input image must be 4-D{text(dims)}")[3]
    n = _boxes(op, 1)
    return [(n, *_two(op, 3, "crop_size must have two elements"), depth)]


@CROP_AND_RESIZE.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor | None, Tensor, None, None]:
    image, boxes, which, _ = op.inputs
    by_image = None
    if image.dtype.is_floating:
        by_image = apply(
            CROP_GRAD_IMAGE, dy, boxes, which, shape_of(image), T=image.dtype.base_dtype,
            method=op.attrs["method"],
        )  # fmt: skip
    return by_image, apply(CROP_GRAD_BOXES, dy, image, boxes, which), None, None


def _where(
    boxes: Array, which: Array, image: tuple[int, ...], crop: tuple[int, int]
) -> _image_crops.Crops:
    """The points of crops, after the checks that TensorFlow makes in a run."""
    if image[1] <= 0 or image[2] <= 0:
        raise KernelError("image dimensions must be positive")
    if which.size and not 0 <= which.min() <= which.max() < image[0]:
        raise KernelError("box_index has values outside [0, batch_size)", OutOfRangeError)
    return _image_crops.Crops(boxes, which, (image[1], image[2]), crop)


@CROP_AND_RESIZE.numpy
def _(
    image: Array,
    boxes: Array,
    which: Array,
    crop_size: Array,
    *,
    method: str,
    extrapolation_value: float,
) -> Array:
    height, width = crop_size.tolist()
    if image.shape[1] and image.shape[2] and (height <= 0 or width <= 0):
        raise KernelError("crop dimensions must be positive")
    where = _where(boxes, which, image.shape, (height, width))
    return _image_crops.crop(image, where, method, extrapolation_value)


# --- CropAndResizeGradImage ---
CROP_GRAD_IMAGE = define(
    "CropAndResizeGradImage(grads: float32, boxes: float32, box_ind: int32, image_size: int32, *, "
    "T: type, method: string = 'bilinear') -> output: T",
    T=(float32, float16, float64),
    method=_METHODS,
)


@CROP_GRAD_IMAGE.shape
def _(op: Operation) -> list[Dims]:
    size = op.inputs[3].dims
    (n,) = need_rank(size, 1, f"image_size must be 1-D{text(size)}")
    if n not in (None, 4):
        run = f"image_size must have 4 elements{text(size)}"
        raise ShapeError(f"Shape must be rank 4 but is rank {n}", run)
    asked = op.partial(3) or [None] * 4
    return [tuple([None if s == -1 else s for s in asked])]


@CROP_GRAD_IMAGE.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor, None, None]:
    grads, boxes, which, _ = op.inputs
    size = shape_of(grads)[1:3]
    by_grads = apply(CROP_AND_RESIZE, dy, boxes, which, size, method=op.attrs["method"])
    return by_grads, apply(CROP_GRAD_BOXES, grads, dy, boxes, which), None, None


def _check_pairs(grads: Array, boxes: Array, which: Array) -> None:
    if grads.ndim != 4:
        raise KernelError(f"grads image must be 4-D{text(grads.shape)}")
    if boxes.ndim != 2 or len(boxes) != len(grads) or which.shape != (len(boxes),):
        raise KernelError("boxes and grads have incompatible shape")
    if grads.shape[1] <= 0 or grads.shape[2] <= 0:
        raise KernelError("grads dimensions must be positive")


@CROP_GRAD_IMAGE.numpy
def _(
    grads: Array,
    boxes: Array,
    which: Array,
    image_size: Array,
    *,
    T: DType,  # noqa: N803 (TensorFlow's name)
    method: str,
) -> Array:
    _check_pairs(grads, boxes, which)
    shape = tuple(image_size.tolist())
    if shape[3] != grads.shape[3]:
        raise KernelError("image_size and grads are incompatible")
    where = _where(boxes, which, shape, grads.shape[1:3])
    return _image_crops.image_gradient(grads, where, method, shape, T.as_numpy_dtype)


# --- CropAndResizeGradBoxes ---
CROP_GRAD_BOXES = define(
    "CropAndResizeGradBoxes(grads: float32, image: T, boxes: float32, box_ind: int32, *, "
    "method: string = 'bilinear') -> output: float32",
    T=_PIXELS,
    method=("bilinear",),
    shape=lambda op: [op.inputs[2].dims],
).no_gradient("no operation of TensorFlow has it", raises=True)


@CROP_GRAD_BOXES.numpy
def _(grads: Array, image: Array, boxes: Array, which: Array) -> Array:
    _check_pairs(grads, boxes, which)
    if image.ndim != 4:
        raise KernelError(f"input image must be 4-D{text(image.shape)}")
    if image.shape[3] != grads.shape[3]:
        raise KernelError("image, grads depth differ")
    where = _where(boxes, which, image.shape, grads.shape[1:3])
    return _image_crops.boxes_gradient(grads, image, where)


@export("image.crop_and_resize")
def crop_and_resize(
    image: Any,
    boxes: Any,
    box_ind: Any = None,
    crop_size: Any = None,
    method: str = "bilinear",
    extrapolation_value: float = 0,
    name: str | None = None,
    box_indices: Any = None,
) -> Tensor:
    """Returns parts of images, all resized to one size.

    Args:
        image: [b, h, w, c], numbers of any real type.
        boxes: [n, 4], corners (y, x, y, x); 0 is the first pixel and 1 the last. A part whose
            corners are in the other order is mirrored.
        box_ind: int32 [n], the image of each part.
        crop_size: the new height and width.
        method: "bilinear" or "nearest".
        extrapolation_value: what pixels outside of the image are.
        name: the node's name.
        box_indices: the newer name of `box_ind`.

    Returns:
        float32 [n, new height, new width, c].

    Raises:
        ValueError: if the shapes do not fit, or the images come under both names.
    """
    which = either("box_indices", box_indices, "box_ind", box_ind)
    found: Tensor = apply(
        CROP_AND_RESIZE, image, boxes, which, crop_size, method=method,
        extrapolation_value=extrapolation_value, name=name,
    )  # fmt: skip
    return found


# --- ExtractGlimpse ---
EXTRACT_GLIMPSE = define(
    "ExtractGlimpse(input: float32, size: int32, offsets: float32, *, centered: bool = True, "
    "normalized: bool = True, uniform_noise: bool = True, noise: string = 'uniform')"
    " -> glimpse: float32"
).no_gradient("TensorFlow has none")


@EXTRACT_GLIMPSE.shape
def _(op: Operation) -> list[Dims]:
    if op.attrs["uniform_noise"] and op.attrs["noise"] != "uniform":
        raise ShapeError("The uniform_noise and noise should not be specified at the same time")
    dims, offsets = op.inputs[0].dims, op.inputs[2].dims
    wanted = "input must be 4-dimensional (batch_size, height, width, depth)"
    batch, _, _, depth = need_rank(dims, 4, f"{wanted}{text(dims)}")
    n, columns = need_rank(offsets, 2, "input must be a matrix")
    batch = same_size(batch, n, f"first dimension should be batch{text(offsets)}")
    if columns not in (None, 2):
        run = f"second dimension should be of size 2 (y,x){text(offsets)}"
        raise ShapeError(f"Dimension must be 2 but is {columns}", run)
    return [(batch, *_two(op, 1, "input must be a vector of size 2 (height, width)"), depth)]


def _noise(kind: str, image: Array, shape: tuple[int, ...]) -> Array:
    """Random pixels like those of an image; of no seed, as in TensorFlow."""
    draw = np.random.default_rng()
    if kind == "zero":
        return np.zeros(shape, np.float32)
    if kind == "uniform":
        scale, start = image.max() - image.min(), image.min()
        noise = draw.random(shape, np.float32)
    else:
        scale, start = image.std((0, 1)), image.mean((0, 1))
        noise = draw.standard_normal(shape, np.float32)
    found: Array = noise * scale + start
    return found


def _overlap(start: int, size: int, whole: int) -> tuple[slice, slice, bool]:
    """The part of a window that lies on an axis, in window and axis, and whether it is all."""
    first, behind = max(start, 0), min(start + size, whole)
    behind = max(first, behind)
    inside = slice(first - start, behind - start)
    return inside, slice(first, behind), behind - first == size


@EXTRACT_GLIMPSE.numpy
def _(
    image: Array, size: Array, offsets: Array, *, centered: bool, normalized: bool, noise: str
) -> Array:
    if noise not in ("uniform", "gaussian", "zero"):
        raise KernelError(f"The noise could only be uniform, gaussian, or zero, got{noise}")
    window = np.array(size.tolist(), np.float32)
    sides = np.array(image.shape[1:3], np.float32)
    at = offsets * sides if normalized else offsets
    if centered:
        at = at / np.float32(2) + sides / np.float32(2)
    starts = np.trunc(at - window / np.float32(2)).astype(np.int64).tolist()
    found = np.empty((len(image), *size.tolist(), image.shape[3]), np.float32)
    for glimpse, whole, (y, x) in zip(found, image, starts, strict=True):
        in_y, of_y, all_y = _overlap(y, glimpse.shape[0], whole.shape[0])
        in_x, of_x, all_x = _overlap(x, glimpse.shape[1], whole.shape[1])
        if glimpse.size and not (all_y and all_x):
            glimpse[...] = _noise(noise, whole, glimpse.shape)
        glimpse[in_y, in_x] = whole[of_y, of_x]
    return found


@export("image.extract_glimpse")
def extract_glimpse(
    input: Any,
    size: Any,
    offsets: Any,
    centered: bool = True,
    normalized: bool = True,
    uniform_noise: bool = True,
    name: str | None = None,
) -> Tensor:
    """Returns a window of each image.

    Args:
        input: float32 [b, h, w, c].
        size: height and width of the windows.
        offsets: [b, 2], (y, x) of the middle of each window.
        centered: whether (0, 0) is the middle of the image, or else its first corner.
        normalized: whether offsets count images, or else pixels (half pixels, where centered).
        uniform_noise: as in TensorFlow 1.15 without effect: what lies outside of the image is
            uniform noise in any case, within the image's values.
        name: the node's name.

    Raises:
        ValueError: if the shapes do not fit.
    """
    found: Tensor = apply(
        EXTRACT_GLIMPSE, input, size, offsets, centered=centered, normalized=normalized,
        uniform_noise=uniform_noise, name=name,
    )  # fmt: skip
    return found
