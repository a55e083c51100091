"""Boxes on images: drawn, and chosen at random around objects."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import float16, float32, float64, int8, int16, int32, int64, uint8
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import OpDef, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops import _image_sample_box
from graphflow.ops._shapes import need_rank
from graphflow.ops.random import drawn

Array = np.ndarray[Any, Any]
_TYPES: Final = default((float32, float16), float32)

# --- DrawBoundingBoxes, DrawBoundingBoxesV2 ---
_COLORS: Final = np.array(
    [
        [1, 1, 0, 1], [0, 0, 1, 1], [1, 0, 0, 1], [0, 1, 0, 1], [0.5, 0, 0.5, 1], [0.5, 0.5, 0, 1],
        [0.5, 0, 0, 1], [0, 0, 0.5, 1], [0, 1, 1, 1], [1, 0, 1, 1],
    ],
    np.float32,
)  # fmt: skip
"""Yellow, blue, red, lime, purple, olive, maroon, navy, aqua, fuchsia."""


def _drawn_on(op: Operation) -> list[Dims]:
    images, boxes = op.inputs[0].dims, op.inputs[1].dims
    depth = need_rank(images, 4, "The rank of the images should be 4")[3]
    columns = need_rank(boxes, 3, "The rank of the boxes tensor should be 3")[2]
    if depth not in (None, 1, 3, 4):
        raise ShapeError("Channel depth should be either 1 (GRY), 3 (RGB), or 4 (RGBA)")
    if columns not in (None, 4):
        raise ShapeError(f"Dimension must be 4 but is {columns}")
    return [images]


def _visible(box: Array, height: int, width: int) -> list[int] | None:
    """The first and last row and column of a box that lies on the image in part."""
    with np.errstate(invalid="ignore"):
        scaled = box * np.array([height - 1, width - 1] * 2, np.float32)
        top, left, bottom, right = np.trunc(scaled).astype(np.int64).tolist()
    inside = top < height and left < width and bottom >= 0 and right >= 0
    return [top, left, bottom, right] if inside and top <= bottom and left <= right else None


def _draw(image: Array, place: list[int], color: Array) -> None:
    top, left, bottom, right = place
    height, width = image.shape[:2]
    rows = slice(max(top, 0), min(bottom, height - 1) + 1)
    columns = slice(max(left, 0), min(right, width - 1) + 1)
    for row in (top, bottom):
        if 0 <= row < height:
            image[row, columns] = color
    for column in (left, right):
        if 0 <= column < width:
            image[rows, column] = color


def _with_boxes(images: Array, boxes: Array, colors: Array) -> Array:
    if len(boxes) != len(images):
        raise KernelError(f"The batch sizes should be the same: {len(images)} and {len(boxes)}")
    made = images.copy()
    for image, some in zip(made, boxes, strict=True):
        for i, box in enumerate(some):
            place = _visible(box[:4], *image.shape[:2])
            if place is not None:
                _draw(image, place, colors[i % len(colors), : image.shape[2]])
    return made


def _default_colors(images: Array) -> Array:
    return np.ones_like(_COLORS) if images.shape[3] == 1 else _COLORS


DRAW_BOXES = define(
    "DrawBoundingBoxes(images: T, boxes: float32, *, T: type = float32) -> output: T",
    shape=_drawn_on,
    T=_TYPES,
).no_gradient("TensorFlow has none")


@DRAW_BOXES.numpy
def _(images: Array, boxes: Array) -> Array:
    return _with_boxes(images, boxes, _default_colors(images))


DRAW_BOXES_V2 = define(
    "DrawBoundingBoxesV2(images: T, boxes: float32, colors: float32, *, T: type = float32)"
    " -> output: T",
    shape=_drawn_on,
    T=_TYPES,
).no_gradient("TensorFlow has none", raises=True)


@DRAW_BOXES_V2.numpy
def _(images: Array, boxes: Array, colors: Array) -> Array:
    if colors.ndim != 2:
        raise KernelError(f"colors must be a 2-D matrix{text(colors.shape)}")
    if colors.shape[1] < images.shape[3]:
        raise KernelError(
            f"colors must have equal or more channels than the image provided: {text(colors.shape)}"
        )
    return _with_boxes(images, boxes, colors if len(colors) else _default_colors(images))


@export("image.draw_bounding_boxes")
def draw_bounding_boxes(
    images: Any, boxes: Any, name: str | None = None, colors: Any = None
) -> Tensor:
    """Returns images with boxes drawn on them.

    Args:
        images: [b, h, w, c] with 1, 3 or 4 channels.
        boxes: [b, n, 4], corners (y, x, y, x) from 0 to 1; what lies outside is not drawn.
        name: the node's name.
        colors: [k, c], taken in turn; None: ten of old, from yellow on.

    Raises:
        ValueError: if the shapes do not fit.
    """
    found: Tensor
    if colors is None:
        found = apply(DRAW_BOXES, images, boxes, name=name)
    else:
        found = apply(DRAW_BOXES_V2, images, boxes, colors, name=name)
    return found


# --- SampleDistortedBoundingBox, SampleDistortedBoundingBoxV2 ---
_SIZES: Final = (uint8, int8, int16, int32, int64)
_ATTRS: Final = (
    "seed: int = 0, seed2: int = 0, {}aspect_ratio_range: list(float) = [0.75, 1.33], "
    "area_range: list(float) = [0.05, 1.0], max_attempts: int = 100, "
    "use_image_if_no_bounding_boxes: bool = False"
)


def _sampled(op: Operation) -> list[Dims]:
    size, boxes = op.inputs[0].dims, op.inputs[1].dims
    (n,) = need_rank(size, 1, f"image_size must be 1-dimensional{text(size)}")
    if n not in (None, 3):
        run = f"image_size must contain 3 elements{text(size)}"
        raise ShapeError(f"Dimension must be 3 but is {n}", run)
    wanted = f"input boxes must be 3-dimensional [batch, num_boxes, coords]: {text(boxes)}"
    columns = need_rank(boxes, 3, wanted)[2]
    if columns not in (None, 4):
        run = f"bounding boxes must have shape [4]: {text(boxes)}"
        raise ShapeError(f"Dimension must be 4 but is {columns}", run)
    if len(op.inputs) > 2:
        share = op.inputs[2].dims
        need_rank(share, 0, f"min_object_covered must be 0-D, got shape {text(share)}")
    return [(3,), (3,), (1, 1, 4)]


def _short(value: float) -> str:
    return f"{np.float32(value):.6g}"


def _check_bounds(name: str, bounds: list[float]) -> None:
    shown = ", ".join(map(_short, bounds))
    if len(bounds) != 2:
        raise KernelError(f"{name} range field must specify 2 dimensions")
    if min(bounds) <= 0:
        raise KernelError(f"{name} range must be non-negative: [{shown}]")
    if name == "Area" and max(bounds) > 1:
        raise KernelError(f"Area range must be less then or equal to 1.0: [{shown}]")


def _check(size: Array, boxes: Array, share: Any, attempts: int, no_boxes: bool) -> None:
    if attempts <= 0:
        raise KernelError(f"Max attempts must be non-negative: {attempts}")
    if share < 0:
        raise KernelError(f"Min object covered must be non-negative: {_short(share)}")
    for side, length in zip(("height", "width"), size.tolist(), strict=False):
        if not 0 <= length < 2**31 - 1:
            raise KernelError(f"image {side} cannot be >= int32 max")
    if not boxes.size and not no_boxes:
        raise KernelError(
            "No bounding boxes provided as input. One must enable use_image_if_no_bounding_boxes "
            "if you wish to not provide any bounding boxes."
        )
    outside = boxes[~((boxes >= 0) & (boxes <= 1))]
    if outside.size:
        raise KernelError(
            f"All bounding box coordinates must be in [0.0, 1.0]: {_short(outside[0])}"
        )


def _sample(
    image_size: Array, boxes: Array, share: Any, memory: dict[str, Any], attrs: dict[str, Any]
) -> tuple[Array, ...]:
    aspect, area = attrs["aspect_ratio_range"], attrs["area_range"]
    _check_bounds("Aspect ratio", aspect)
    _check_bounds("Area", area)
    attempts = attrs["max_attempts"]
    _check(image_size, boxes, share, attempts, attrs["use_image_if_no_bounding_boxes"])
    height, width = image_size[:2].tolist()

    def draw(seed: int, seed2: int, block: int) -> tuple[Array, int]:
        words = _image_sample_box.Words(seed, seed2, block)
        some = boxes.reshape(-1, 4)
        limits = share, aspect, area, attempts
        return np.array(_image_sample_box.sample(words, (width, height), some, *limits)), attempts

    x, y, w, h = drawn(memory, attrs["seed"], attrs["seed2"], draw, attempts).tolist()
    kind = image_size.dtype
    begin = np.array([y, x, 0]).astype(kind)
    size = np.array([h, w, -1]).astype(kind)
    with np.errstate(all="ignore"):
        whole = np.array([height, width] * 2, np.float32)
        corners = np.array([y, x, y + h, x + w], np.float32) / whole
    return begin, size, corners.reshape(1, 1, 4)


def _sampler(name: str, port: str, attr: str) -> OpDef:
    return define(
        f"{name}(image_size: T, bounding_boxes: float32{port}, *, {_ATTRS.format(attr)})"
        " -> begin: T, size: T, bboxes: float32",
        stateful=True,
        shape=_sampled,
        T=_SIZES,
    ).no_gradient("the part is drawn")


SAMPLE_BOX = _sampler(
    "SampleDistortedBoundingBox", "", "min_object_covered: float = 0.1, "
)  # fmt: skip


@SAMPLE_BOX.numpy
def _(
    image_size: Array,
    boxes: Array,
    *,
    seed: int,
    seed2: int,
    min_object_covered: float,
    aspect_ratio_range: list[float],
    area_range: list[float],
    max_attempts: int,
    use_image_if_no_bounding_boxes: bool,
    memory: dict[str, Any],
) -> tuple[Array, ...]:
    attrs = {
        "seed": seed, "seed2": seed2, "aspect_ratio_range": aspect_ratio_range,
        "area_range": area_range, "max_attempts": max_attempts,
        "use_image_if_no_bounding_boxes": use_image_if_no_bounding_boxes,
    }  # fmt: skip
    return _sample(image_size, boxes, np.float32(min_object_covered), memory, attrs)


SAMPLE_BOX_V2 = _sampler("SampleDistortedBoundingBoxV2", ", min_object_covered: float32", "")


@SAMPLE_BOX_V2.numpy
def _(
    image_size: Array,
    boxes: Array,
    min_object_covered: Array,
    *,
    seed: int,
    seed2: int,
    aspect_ratio_range: list[float],
    area_range: list[float],
    max_attempts: int,
    use_image_if_no_bounding_boxes: bool,
    memory: dict[str, Any],
) -> tuple[Array, ...]:
    attrs = {
        "seed": seed, "seed2": seed2, "aspect_ratio_range": aspect_ratio_range,
        "area_range": area_range, "max_attempts": max_attempts,
        "use_image_if_no_bounding_boxes": use_image_if_no_bounding_boxes,
    }  # fmt: skip
    return _sample(image_size, boxes, min_object_covered, memory, attrs)


# --- RandomCrop ---
RANDOM_CROP = define(
    "RandomCrop(image: T, size: int64, *, seed: int = 0, seed2: int = 0) -> output: T",
    stateful=True,
    T=(uint8, int8, int16, int32, int64, float32, float64),
).no_gradient("the place is drawn")


@RANDOM_CROP.shape
def _(op: Operation) -> list[Dims]:
    dims, size = op.inputs[0].dims, op.inputs[1].dims
    depth = need_rank(dims, 3)[2]
    (n,) = need_rank(size, 1)
    if n not in (None, 2):
        raise ShapeError(f"Dimension 0 in both shapes must be equal, but are {n} and 2")
    height, width = op.partial(1) or (None, None)
    least = min(height or 0, width or 0)
    if least < 0:
        raise ShapeError(f"Dimension {least} must be >= 0")
    return [(height, width, depth)]


@RANDOM_CROP.numpy
def _(image: Array, size: Array, *, seed: int, seed2: int, memory: dict[str, Any]) -> Array:
    height, width = size.tolist()
    for name, side, wanted in zip(("height", "width"), image.shape, (height, width), strict=False):
        if side < wanted:
            raise KernelError(
                f"{name} must be >= target_{name}: {name} = {side}, target_{name} = {wanted}"
            )

    def draw(first: int, second: int, block: int) -> tuple[Array, int]:
        words = _image_sample_box.Words(first, second, block)
        x = words.below(image.shape[1] - width + 1) if width < image.shape[1] else 0
        y = words.below(image.shape[0] - height + 1) if height < image.shape[0] else 0
        return np.array([y, x]), 1

    y, x = drawn(memory, seed, seed2, draw, 1).tolist()
    return np.ascontiguousarray(image[y : y + height, x : x + width])


@export("image.sample_distorted_bounding_box")
def sample_distorted_bounding_box(
    image_size: Any,
    bounding_boxes: Any,
    seed: int | None = None,
    seed2: int | None = None,
    min_object_covered: Any = 0.1,
    aspect_ratio_range: Any = None,
    area_range: Any = None,
    max_attempts: int | None = None,
    use_image_if_no_bounding_boxes: bool | None = None,
    name: str | None = None,
) -> Any:
    """Returns a random part of an image that shows enough of an object.

    Args:
        image_size: height, width and channels: integers [3].
        bounding_boxes: [1, n, 4], corners (y, x, y, x) of the objects, from 0 to 1.
        seed: the two seeds settle the part; the graph's has no say. None and 0: a fresh one.
        seed2: the second.
        min_object_covered: how much of an object must be seen, from 0 to 1.
        aspect_ratio_range: bounds of width by height; None: 0.75 and 1.33.
        area_range: bounds of the part's area, as parts of the image's; None: 0.05 and 1.
        max_attempts: how many to make before the whole image is taken; None: 100.
        use_image_if_no_bounding_boxes: whether the image is the object where there is no box.
        name: the name of the scope, and of the node.

    Returns:
        (begin [3], size [3], bboxes [1, 1, 4]): the first two for `tf.slice`, the last for
        `draw_bounding_boxes`.

    Raises:
        ValueError: if the shapes do not fit.
    """
    with scopes.name_scope(name, "sample_distorted_bounding_box"):
        return apply(
            SAMPLE_BOX_V2, image_size, bounding_boxes, min_object_covered, name=name,
            seed=seed, seed2=seed2, aspect_ratio_range=aspect_ratio_range, area_range=area_range,
            max_attempts=max_attempts,
            use_image_if_no_bounding_boxes=use_image_if_no_bounding_boxes,
        )  # fmt: skip
