"""Images brought to a size: cropped, padded, or resized in any of four ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphflow.core import convert, scopes
from graphflow.core.constant import partial_value, plain
from graphflow.core.declare import apply
from graphflow.core.dtypes import float32, float64, int32
from graphflow.core.export import export
from graphflow.core.shape import compatible
from graphflow.core.tensor import Tensor
from graphflow.ops._image_checks import (
    as_batch,
    check_image,
    checked_image,
    demand,
    is_tensor,
    known_size,
    larger,
    same,
    sizes,
    smaller,
)
from graphflow.ops.arithmetic import minimum
from graphflow.ops.cast import cast
from graphflow.ops.control_ops import with_dependencies
from graphflow.ops.image_resize import (
    RESIZE_AREA,
    RESIZE_BICUBIC,
    RESIZE_BILINEAR,
    RESIZE_NEAREST,
)
from graphflow.ops.pad import pad
from graphflow.ops.reshape import expand_dims, reshape, squeeze
from graphflow.ops.rounding import floor
from graphflow.ops.rounding import round as round_
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.slice import slice_
from graphflow.ops.stack import stack


@export("image.ResizeMethod")
class ResizeMethod:
    """The ways to resize that `resize_images` takes."""

    BILINEAR = 0
    NEAREST_NEIGHBOR = 1
    BICUBIC = 2
    AREA = 3


_METHODS = {
    0: RESIZE_BILINEAR, "bilinear": RESIZE_BILINEAR,
    1: RESIZE_NEAREST, "nearest": RESIZE_NEAREST,
    2: RESIZE_BICUBIC, "bicubic": RESIZE_BICUBIC,
    3: RESIZE_AREA, "area": RESIZE_AREA,
}  # fmt: skip


_TOLD = frozenset(("Const", "Shape", "Size", "Rank", "Range", "Fill", "StridedSlice", "ConcatV2"))


# --- crop ---
@export("image.central_crop")
def central_crop(image: Any, central_fraction: float) -> Tensor:
    """Returns the middle of images.

    Args:
        image: [h, w, c] or [b, h, w, c].
        central_fraction: how much of each side stays, above 0 and up to 1.

    Raises:
        ValueError: if the rank or the fraction is another one.
    """
    with scopes.name_scope(None, "central_crop", [image]):
        image = convert.convert_to_tensor(image, name="image")
        if central_fraction <= 0.0 or central_fraction > 1.0:
            raise ValueError("central_fraction must be within (0, 1]")
        if central_fraction == 1.0:
            return image  # type: ignore[no-any-return]  # a tensor by now
        checked_image(image)
        rank = None if image.dims is None else len(image.dims)
        if rank not in (3, 4):
            raise ValueError(
                f"`image` should either be a Tensor with rank = 3 or rank = 4. Had rank = {rank}."
            )
        return _middle(image, rank, central_fraction)


def _middle(image: Tensor, rank: int, fraction: float) -> Tensor:
    dims = image.dims or ()
    rows = rank - 3
    sides = [dims[axis] or shape_of(image)[axis] for axis in (rows, rows + 1)]
    starts = [_margin(side, fraction) for side in sides]
    parts = [side - start * 2 for side, start in zip(sides, starts, strict=True)]
    front = [0] * rows, [-1] * rows
    found = slice_(image, stack([*front[0], *starts, 0]), stack([*front[1], *parts, -1]))
    found.set_shape([*dims[:rows], *map(known_size, parts), dims[-1]])
    return found


def _margin(side: Any, fraction: float) -> Any:
    """How much is cut off at either end of a side."""
    if is_tensor(side):
        whole = cast(side, float64)
        return cast((whole - whole * fraction) / 2, int32)
    return int((float(side) - float(side) * fraction) / 2)


@export("image.crop_to_bounding_box")
def crop_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """Returns a part of images.

    Args:
        image: [h, w, c] or [b, h, w, c].
        offset_height: the first row.
        offset_width: the first column.
        target_height: how many rows.
        target_width: how many columns.

    Raises:
        ValueError: if the part is known not to lie in the image.

    Note:
        What is only known in the run is checked there, an InvalidArgumentError.
    """
    with scopes.name_scope(None, "crop_to_bounding_box", [image]):
        image, is_batch = as_batch(convert.convert_to_tensor(image, name="image"))
        checks = check_image(image)
        batch, height, width, depth = sizes(image, 4)
        checks += demand(offset_width >= 0, "offset_width must be >= 0.")
        checks += demand(offset_height >= 0, "offset_height must be >= 0.")
        checks += _positive(target_height, target_width)
        checks += demand(width >= target_width + offset_width, "width must be >= target + offset.")
        checks += demand(
            height >= target_height + offset_height, "height must be >= target + offset."
        )
        image = with_dependencies(checks, image)
        begin = stack([0, offset_height, offset_width, 0])
        found = slice_(image, begin, stack([-1, target_height, target_width, -1]))
        found.set_shape([known_size(s) for s in (batch, target_height, target_width, depth)])
        return found if is_batch else squeeze(found, axis=[0])


def _positive(target_height: Any, target_width: Any) -> list[Any]:
    return demand(target_width > 0, "target_width must be > 0.") + demand(
        target_height > 0, "target_height must be > 0."
    )


# --- pad ---
@export("image.pad_to_bounding_box")
def pad_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """Returns images with zeros around them.

    Args:
        image: [h, w, c] or [b, h, w, c].
        offset_height: rows of zeros above.
        offset_width: columns of zeros to the left.
        target_height: rows of the result.
        target_width: columns of the result.

    Raises:
        ValueError: if the image is known not to fit in.

    Note:
        What is only known in the run is checked there, an InvalidArgumentError.
    """
    with scopes.name_scope(None, "pad_to_bounding_box", [image]):
        image, is_batch = as_batch(convert.convert_to_tensor(image, name="image"))
        checks = check_image(image)
        batch, height, width, depth = sizes(image, 4)
        right = target_width - offset_width - width
        below = target_height - offset_height - height
        checks += demand(offset_height >= 0, "offset_height must be >= 0")
        checks += demand(offset_width >= 0, "offset_width must be >= 0")
        checks += demand(right >= 0, "width must be <= target - offset")
        checks += demand(below >= 0, "height must be <= target - offset")
        image = with_dependencies(checks, image)
        margins = stack([0, 0, offset_height, below, offset_width, right, 0, 0])
        found = pad(image, reshape(margins, [4, 2]))
        found.set_shape([known_size(s) for s in (batch, target_height, target_width, depth)])
        return found if is_batch else squeeze(found, axis=[0])


@export("image.resize_with_crop_or_pad", "image.resize_image_with_crop_or_pad")
def resize_image_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Tensor:
    """Returns images of a size, cropped evenly or with zeros evenly around them.

    Args:
        image: [h, w, c] or [b, h, w, c].
        target_height: rows of the result.
        target_width: columns of the result.

    Raises:
        ValueError: if the rank is another one, or a size not positive.
    """
    with scopes.name_scope(None, "resize_image_with_crop_or_pad", [image]):
        image, is_batch = as_batch(convert.convert_to_tensor(image, name="image"))
        checks = check_image(image)
        checks += _positive(target_height, target_width)
        image = with_dependencies(checks, image)
        if is_tensor(target_height):
            target_height = with_dependencies(checks, target_height)
        if is_tensor(target_width):
            target_width = with_dependencies(checks, target_width)
        found = _cropped_and_padded(image, target_height, target_width)
        return found if is_batch else squeeze(found, axis=[0])


def _cropped_and_padded(image: Tensor, target_height: Any, target_width: Any) -> Tensor:
    _, height, width, _ = sizes(image, 4)
    more = target_width - width
    crop_left, pad_left = larger(-more // 2, 0), larger(more // 2, 0)
    more = target_height - height
    crop_top, pad_top = larger(-more // 2, 0), larger(more // 2, 0)
    part = smaller(target_height, height), smaller(target_width, width)
    cropped = crop_to_bounding_box(image, crop_top, crop_left, *part)
    found = pad_to_bounding_box(cropped, pad_top, pad_left, target_height, target_width)
    _, height, width, _ = sizes(found, 4)
    checks = demand(same(height, target_height), "resized height is not correct.")
    checks += demand(same(width, target_width), "resized width is not correct.")
    checked: Tensor = with_dependencies(checks, found)
    return checked


# --- resize ---
@export("image.resize_images", "image.resize")
def resize_images(
    images: Any,
    size: Any,
    method: Any = ResizeMethod.BILINEAR,
    align_corners: bool = False,
    preserve_aspect_ratio: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns images of another size.

    Args:
        images: [h, w, c] or [b, h, w, c].
        size: the new height and width, two int32.
        method: one of `ResizeMethod`, or "bilinear", "nearest", "bicubic", "area".
        align_corners: whether the outermost pixels stay in place.
        preserve_aspect_ratio: whether the result is made to fit into `size` instead.
        name: the name of the scope.

    Returns:
        float32 images; of the type of `images` for the method NEAREST_NEIGHBOR. Images that are
        known to have that size already are returned as they are, whatever their type.

    Raises:
        ValueError: if a shape does not fit, or the method is none of these.
    """

    def resized(images: Tensor, size: Tensor) -> Tensor:
        definition = _METHODS.get(method)
        if definition is None:
            raise ValueError("Resize method is not implemented.")
        found: Tensor = apply(definition, images, size, align_corners=align_corners)
        return found

    with scopes.name_scope(name, "resize", [images, size]):
        images = convert.convert_to_tensor(images, name="images")
        if images.dims is None:
            raise ValueError("'images' contains no shape.")
        if len(images.dims) not in (3, 4):
            raise ValueError("'images' must have either 3 or 4 dimensions.")
        batch = images if len(images.dims) == 4 else expand_dims(images, 0)
        found = _to_size(batch, _two_sizes(size), resized, preserve_aspect_ratio)
        return found if batch is images else squeeze(found, axis=[0])


def _two_sizes(size: Any) -> Tensor:
    try:
        found: Tensor = convert.convert(size, int32, "size")
    except (TypeError, ValueError):
        raise ValueError("'size' must be a 1-D int32 Tensor") from None
    if not compatible(found.dims, (2,)):
        raise ValueError("'size' must be a 1-D Tensor of 2 elements: new_height, new_width")
    return found


def _told(size: Tensor) -> Any:
    """What TensorFlow's Python knows of a size, which decides about the nodes: no arithmetic."""
    if size._made_by == "Const":
        return partial_value(size)
    op = size.op
    if op.type == "Pack":
        return [_told(number) for number in op.inputs]
    if op.type == "Cast":
        known = _told(op.inputs[0])
        return None if known is None else plain(np.array(known).astype(np.int64))
    return partial_value(size) if op.type in _TOLD else None


def _known(size: Tensor) -> list[int | None]:
    """The two numbers as far as they are known; -1 says that one is not."""
    known = _told(size) or [None, None]
    for number in known:
        if number is not None and number < -1:
            raise ValueError(f"Dimension {number} must be >= 0")
    return [None if number == -1 else number for number in known]


def _to_size(
    images: Tensor, size: Tensor, resized: Callable[[Tensor, Tensor], Tensor], keep_ratio: bool
) -> Tensor:
    known = _known(size)
    if keep_ratio:
        size = _fitting(images, known)
        known = _known(size)
    if None not in known and images.shape.as_list()[1:3] == known:
        return images
    found = resized(images, size)
    found.set_shape([None, *known, None])
    return found


def _fitting(images: Tensor, known: list[Any]) -> Tensor:
    """The largest size with the proportions of the images that fits into a known one."""
    _, height, width, _ = sizes(images, 4)
    by_height = cast(known[0], float32) / cast(height, float32)
    by_width = cast(known[1], float32) / cast(width, float32)
    scale = minimum(by_height, by_width)
    fitting = [cast(round_(scale * cast(side, float32)), int32) for side in (height, width)]
    found: Tensor = convert.convert(fitting, int32, "size")
    return found


@export("image.resize_image_with_pad")
def resize_image_with_pad(
    image: Any,
    target_height: Any,
    target_width: Any,
    method: Any = ResizeMethod.BILINEAR,
    align_corners: bool = False,
) -> Tensor:
    """Returns images resized to fit into a size, with zeros evenly around them.

    Args:
        image: [h, w, c] or [b, h, w, c].
        target_height: rows of the result.
        target_width: columns of the result.
        method: as `resize_images` takes it.
        align_corners: whether the outermost pixels stay in place.

    Raises:
        ValueError: if the rank is another one, or a size not positive.
    """
    with scopes.name_scope(None, "resize_image_with_pad", [image]):
        image, is_batch = as_batch(convert.convert_to_tensor(image, name="image"))
        checks = check_image(image)
        checks += _positive(target_height, target_width)
        image = with_dependencies(checks, image)
        size, margins = _fit_and_margins(image, target_height, target_width)
        resized = resize_images(image, size, method, align_corners=align_corners)
        place = *margins, target_height, target_width
        found = pad_to_bounding_box(resized, *place)
        sizes(found, 4)  # TensorFlow's own unused nodes, for equal graphs
        return found if is_batch else squeeze(found, axis=[0])


def _fit_and_margins(
    image: Tensor, target_height: Any, target_width: Any
) -> tuple[list[Tensor], tuple[Any, Any]]:
    """The size that an image gets, and the zeros above and to the left of it."""
    height, width = (cast(side, float64) for side in sizes(image, 4)[1:3])
    wanted = [cast(target, float64) for target in (target_height, target_width)]
    ratio = larger(width / wanted[1], height / wanted[0])
    exact = [height / ratio, width / ratio]
    size = [cast(floor(side), int32) for side in exact]
    margins = [(target - side) / 2 for target, side in zip(wanted, exact, strict=True)]
    whole = [floor(margin) for margin in margins]
    return size, (larger(0, cast(whole[0], int32)), larger(0, cast(whole[1], int32)))
