"""Images in another size: ResizeBilinear, ResizeNearestNeighbor, ResizeBicubic, ResizeArea."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import (
    DType,
    bfloat16,
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
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import Call, Lowering, Sizes
from graphflow.core.opdef import OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, compatible, text
from graphflow.core.tensor import Tensor
from graphflow.ops import _image_resample
from graphflow.ops._rules import shape_of
from graphflow.ops._shapes import need_rank

Array = np.ndarray[Any, Any]

WHOLE = (int8, uint8, int16, uint16, int32, int64)
PIXELS = (*WHOLE, float16, float32, float64)
_HOW = "align_corners: bool = False, half_pixel_centers: bool = False"


def sizes_asked(op: Operation, index: int = 1) -> tuple[int | None, int | None]:
    """The height and width that an input of two integers asks for.

    Raises:
        ShapeError: if it has another shape, or asks for less than nothing.
    """
    dims = op.inputs[index].dims
    (n,) = need_rank(dims, 1, f"shape_t must be 1-dimensional{text(dims)}")
    if n not in (None, 2):
        run = f"shape_t must have two elements{text(dims)}"
        raise ShapeError(f"Dimension must be 2 but is {n}", run)
    asked = op.constant(index)
    if asked is None:
        return None, None
    height, width = asked.tolist()
    if min(height, width) < 0:
        problem = f"Dimension {min(height, width)} must be >= 0"
        raise ShapeError(problem, run="output dimensions must be positive")
    return height, width


def resized(op: Operation) -> list[Dims]:
    """The shape rule of images of another size."""
    dims = op.inputs[0].dims
    batch, _, _, depth = need_rank(dims, 4, f"input must be 4-dimensional{text(dims)}")
    return [(batch, *sizes_asked(op), depth)]


def like_original(op: Operation) -> list[Dims]:
    """The shape rule of a gradient: that of the second input, the images before."""
    grads, before = op.inputs[0].dims, op.inputs[1].dims
    need_rank(grads, 4, f"input_grad must be 4-dimensional{text(grads)}")
    need_rank(before, 4, f"original_image must be 4-dimensional{text(before)}")
    for axis in (0, 3):
        pair = [d and (d[axis],) for d in (grads, before)]
        if not compatible(*pair):
            raise ShapeError(
                f"grads {text(grads)} and original_image {text(before)} must have the same batch "
                "and channels"
            )
    return [before]


def target(x: Array, size: Array, align_corners: bool = False, half_pixel: bool = False) -> Any:
    """The new (height, width), after the checks that TensorFlow makes in a run."""
    if align_corners and half_pixel:
        raise KernelError("If half_pixel_centers is True, align_corners must be False.")
    height, width = size.tolist()
    if height <= 0 or width <= 0:
        raise KernelError("output dimensions must be positive")
    if not x.shape[3]:
        raise KernelError("image must have at least one channel")
    if not x.shape[1] or not x.shape[2]:
        raise KernelError("input image must be of non-zero size")
    return height, width


def _how(op: Operation) -> dict[str, Any]:
    return {key: op.attrs[key] for key in ("align_corners", "half_pixel_centers")}


def size_of(images: Tensor) -> Any:
    """Height and width of images: a list where known, else operations."""
    if images.dims is not None and None not in images.dims[1:3]:
        return np.array(images.dims[1:3], np.int32)
    return shape_of(images)[1:3]


def _resize(name: str, types: tuple[DType, ...], kernel: Any, result: str) -> OpDef:
    """Defines a resize and its kernel."""
    new = define(
        f"{name}(images: T, size: int32, *, {_HOW}) -> resized_images: {result}",
        shape=resized,
        T=types,
    )

    @new.numpy
    def _(x: Array, size: Array, *, align_corners: bool, half_pixel_centers: bool) -> Array:
        height, width = target(x, size, align_corners, half_pixel_centers)
        found: Array = kernel(
            x, height, width, align_corners=align_corners, half_pixel=half_pixel_centers
        )
        return found

    return new


def _resize_grad(name: str, types: tuple[DType, ...], kernel: Any) -> OpDef:
    """Defines the gradient of a resize by its images."""
    new = define(
        f"{name}(grads: float32, original_image: T, *, {_HOW}) -> output: T",
        shape=like_original,
        T=types,
    )

    @new.numpy
    def _(grads: Array, before: Array, *, align_corners: bool, half_pixel_centers: bool) -> Array:
        how = {"align_corners": align_corners, "half_pixel": half_pixel_centers}
        found: Array = kernel(grads, before.shape, before.dtype, **how)
        return found

    return new


def _kernel_how(call: Call) -> dict[str, bool]:
    """How a resize finds its places, as the kernels in NumPy call it."""
    attrs = call.attrs
    return {"align_corners": attrs["align_corners"], "half_pixel": attrs["half_pixel_centers"]}


# --- ResizeBilinear ---
RESIZE_BILINEAR = _resize(
    "ResizeBilinear",
    (*WHOLE, bfloat16, float16, float32, float64),
    _image_resample.bilinear,
    "float32",
)


@RESIZE_BILINEAR.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor | None, None]:
    if not op.inputs[0].dtype.is_floating:
        return None, None
    return apply(RESIZE_BILINEAR_GRAD, dy, op.inputs[0], **_how(op)), None


def _compiled_bilinear(kernel: str, old: Sizes, new: Sizes, call: Call) -> Lowering | None:
    """A compiled kernel, with the places that each new pixel lies between."""
    if call.attrs["align_corners"] and call.attrs["half_pixel_centers"]:
        return None
    how = _kernel_how(call)
    sides = [_image_resample.neighbours(old[axis], new[axis], **how) for axis in (1, 2)]
    places = [i for lower, upper, _ in sides for i in (*lower.tolist(), *upper.tolist())]
    far = [x for *_, one in sides for x in one.tolist()]
    return Lowering(kernel, (*old, *new[1:3], *places), tuple(far), inputs=(0,))


@RESIZE_BILINEAR.compiled
def _(call: Call) -> Lowering | None:
    old, new = call.shapes[0], call.out_shapes[0]
    suffix = "u8" if call.dtypes[0] == uint8 else call.suffix
    if old[1:3] == new[1:3]:
        whole = (4 * math.prod(old),)
        return Lowering("copy_bytes", whole, inputs=(0,)) if suffix == "f32" else None
    if suffix is None:
        return None
    return _compiled_bilinear(f"resize_bilinear.{suffix}", old, new, call)


RESIZE_BILINEAR_GRAD = _resize_grad(
    "ResizeBilinearGrad", (float32, bfloat16, float16, float64), _image_resample.bilinear_grad
)


@RESIZE_BILINEAR_GRAD.compiled
def _(call: Call) -> Lowering | None:
    new, old = call.shapes
    if call.dtypes[1] != float32 or (new[0], new[3]) != (old[0], old[3]):
        return None
    return _compiled_bilinear("resize_bilinear_grad.f32", old, new, call)


@RESIZE_BILINEAR_GRAD.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    return apply(RESIZE_BILINEAR, dy, size_of(op.inputs[0]), **_how(op)), None


# --- ResizeBicubic ---
RESIZE_BICUBIC = _resize("ResizeBicubic", PIXELS, _image_resample.bicubic, "float32")


@RESIZE_BICUBIC.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor | None, None]:
    if op.inputs[0].dtype not in (float32, float64):
        return None, None
    return apply(RESIZE_BICUBIC_GRAD, dy, op.inputs[0], **_how(op)), None


RESIZE_BICUBIC_GRAD = _resize_grad(
    "ResizeBicubicGrad", (float32, float64), _image_resample.bicubic_grad
)


@RESIZE_BICUBIC_GRAD.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    return apply(RESIZE_BICUBIC, dy, size_of(op.inputs[0]), **_how(op)), None


# --- ResizeNearestNeighbor ---
RESIZE_NEAREST = _resize("ResizeNearestNeighbor", PIXELS, _image_resample.nearest, "T")


def _shown(old: Sizes, new: Sizes, call: Call) -> Sizes:
    """The old row that each new one shows, and the columns."""
    how = _kernel_how(call)
    sides = [_image_resample.nearest_index(old[axis], new[axis], **how) for axis in (1, 2)]
    return tuple([i for side in sides for i in side.tolist()])


@RESIZE_NEAREST.compiled
def _(call: Call) -> Lowering | None:
    old, new = call.shapes[0], call.out_shapes[0]
    if call.attrs["align_corners"] and call.attrs["half_pixel_centers"]:
        return None
    sizes = (*old[:3], old[3] * call.dtypes[0].size, *new[1:3], *_shown(old, new, call))
    return Lowering("resize_nearest", sizes, inputs=(0,))


@RESIZE_NEAREST.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    return apply(RESIZE_NEAREST_GRAD, dy, size_of(op.inputs[0]), **_how(op)), None


RESIZE_NEAREST_GRAD = define(
    f"ResizeNearestNeighborGrad(grads: T, size: int32, *, {_HOW}) -> output: T",
    T=(uint8, int8, int32, float16, float32, float64),
)


@RESIZE_NEAREST_GRAD.shape
def _(op: Operation) -> list[Dims]:
    dims, given = op.inputs[0].dims, op.inputs[1].dims
    batch, _, _, depth = need_rank(dims, 4, f"input must be 4-dimensional{text(dims)}")
    (n,) = need_rank(given, 1, f"shape_t must be 1-dimensional{text(given)}")
    if n not in (None, 2):
        raise ShapeError(
            f"Dimension must be 2 but is {n}", run=f"shape_t must have two elements{text(given)}"
        )
    asked = op.constant(1)
    height, width = (None, None) if asked is None else asked.tolist()
    if height is not None and min(height, width) < -1:
        raise ShapeError(
            f"Dimension {min(height, width)} must be >= 0", "shape_t's elements must be positive"
        )
    return [(batch, None if height == -1 else height, None if width == -1 else width, depth)]


@RESIZE_NEAREST_GRAD.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    return apply(RESIZE_NEAREST, dy, size_of(op.inputs[0]), **_how(op)), None


@RESIZE_NEAREST_GRAD.compiled
def _(call: Call) -> Lowering | None:
    new, old = call.shapes[0], call.out_shapes[0]
    if call.real is None:
        return None
    sizes = (*old, *new[1:3], *_shown(old, new, call))
    return Lowering(f"resize_nearest_grad.{call.real}", sizes, inputs=(0,))


@RESIZE_NEAREST_GRAD.numpy
def _(grads: Array, size: Array, *, align_corners: bool, half_pixel_centers: bool) -> Array:
    height, width = size.tolist()
    if height <= 0 or width <= 0:
        raise KernelError("shape_t's elements must be positive")
    how = {"align_corners": align_corners, "half_pixel": half_pixel_centers}
    return _image_resample.nearest_grad(grads, height, width, **how)


# --- ResizeArea ---
RESIZE_AREA = define(
    "ResizeArea(images: T, size: int32, *, align_corners: bool = False) -> resized_images: float32",
    shape=resized,
    T=PIXELS,
).no_gradient("TensorFlow has none", raises=True)


@RESIZE_AREA.numpy
def _(x: Array, size: Array, *, align_corners: bool) -> Array:
    height, width = target(x, size)
    return _image_resample.area(x, height, width, align_corners)


# --- public functions ---
@export("image.resize_bilinear")
def resize_bilinear(
    images: Any,
    size: Any,
    align_corners: bool = False,
    name: str | None = None,
    half_pixel_centers: bool = False,
) -> Tensor:
    """Returns images of another size, each pixel a mixture of the four around it.

    Args:
        images: [b, h, w, c], numbers of any real type.
        size: the new height and width.
        align_corners: whether the outermost pixels stay in place.
        name: the node's name.
        half_pixel_centers: whether pixels are points in the middle of squares, not corners.

    Returns:
        float32 images.

    Raises:
        ValueError: if the shapes do not fit.
    """
    how = {"align_corners": align_corners, "half_pixel_centers": half_pixel_centers}
    found: Tensor = apply(RESIZE_BILINEAR, images, size, **how, name=name)
    return found


@export("image.resize_bicubic")
def resize_bicubic(
    images: Any,
    size: Any,
    align_corners: bool = False,
    name: str | None = None,
    half_pixel_centers: bool = False,
) -> Tensor:
    """Returns images of another size, each pixel a smooth mixture of sixteen.

    Args:
        images: [b, h, w, c], numbers of any real type.
        size: the new height and width.
        align_corners: whether the outermost pixels stay in place.
        name: the node's name.
        half_pixel_centers: whether pixels are points in the middle of squares, not corners.

    Returns:
        float32 images; values may leave the range of the old ones.

    Raises:
        ValueError: if the shapes do not fit.
    """
    how = {"align_corners": align_corners, "half_pixel_centers": half_pixel_centers}
    found: Tensor = apply(RESIZE_BICUBIC, images, size, **how, name=name)
    return found


@export("image.resize_nearest_neighbor")
def resize_nearest_neighbor(
    images: Any,
    size: Any,
    align_corners: bool = False,
    name: str | None = None,
    half_pixel_centers: bool = False,
) -> Tensor:
    """Returns images of another size, each pixel the nearest of the old ones.

    Args:
        images: [b, h, w, c], numbers of any real type, which they keep.
        size: the new height and width.
        align_corners: whether the outermost pixels stay in place.
        name: the node's name.
        half_pixel_centers: whether pixels are points in the middle of squares, not corners.

    Raises:
        ValueError: if the shapes do not fit.
    """
    how = {"align_corners": align_corners, "half_pixel_centers": half_pixel_centers}
    found: Tensor = apply(RESIZE_NEAREST, images, size, **how, name=name)
    return found


@export("image.resize_area")
def resize_area(
    images: Any, size: Any, align_corners: bool = False, name: str | None = None
) -> Tensor:
    """Returns images of another size, each pixel the average of the area that it covers.

    Args:
        images: [b, h, w, c], numbers of any real type.
        size: the new height and width.
        align_corners: whether the outermost pixels stay in place.
        name: the node's name.

    Returns:
        float32 images.

    Raises:
        ValueError: if the shapes do not fit.
    """
    found: Tensor = apply(RESIZE_AREA, images, size, align_corners=align_corners, name=name)
    return found
