"""How alike two images are, and how much they change from pixel to pixel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from graphflow.core import convert, scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import float32, int32
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.activation import relu
from graphflow.ops.arithmetic import squared_difference, subtract
from graphflow.ops.cast import cast
from graphflow.ops.checks import Assert
from graphflow.ops.comparison import equal, greater_equal, not_equal
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.fill import zeros
from graphflow.ops.flow_cond import cond
from graphflow.ops.identity import identity
from graphflow.ops.image_color import convert_image_dtype
from graphflow.ops.pad import pad
from graphflow.ops.pool import avg_pool
from graphflow.ops.powers import pow as pow_
from graphflow.ops.powers import square
from graphflow.ops.reduce import reduce_all, reduce_any, reduce_mean, reduce_prod, reduce_sum
from graphflow.ops.reshape import expand_dims, reshape
from graphflow.ops.separable import depthwise_conv2d
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.shape_ops import shape_n
from graphflow.ops.shape_ops import size as size_of
from graphflow.ops.softmax import softmax
from graphflow.ops.stack import stack, unstack
from graphflow.ops.tile import tile

_WEIGHTS: Final = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""How much each scale counts for people. Source: Wang et al., Multiscale SSIM (2003)."""


# --- change from pixel to pixel ---
@export("image.total_variation")
def total_variation(images: Any, name: str | None = None) -> Tensor:
    """Returns the sum of the absolute differences of neighbouring pixels.

    Args:
        images: [h, w, c] or [b, h, w, c].
        name: the name of the scope.

    Returns:
        A scalar, or [b].

    Raises:
        ValueError: for another rank.
    """
    with scopes.name_scope(name, "total_variation"):
        rank = images.shape.ndims
        axes: list[int] | None
        if rank == 3:
            down = images[1:, :, :] - images[:-1, :, :]
            across = images[:, 1:, :] - images[:, :-1, :]
            axes = None
        elif rank == 4:
            down = images[:, 1:, :, :] - images[:, :-1, :, :]
            across = images[:, :, 1:, :] - images[:, :, :-1, :]
            axes = [1, 2, 3]
        else:
            raise ValueError("'images' must be either 3 or 4-dimensional.")
        total = [reduce_sum(apply("Abs", steps), axis=axes) for steps in (down, across)]
        found: Tensor = total[0] + total[1]
        return found


@export("image.image_gradients")
def image_gradients(image: Any) -> tuple[Tensor, Tensor]:
    """Returns the differences of neighbouring pixels, down and across.

    Args:
        image: [b, h, w, c].

    Returns:
        Two tensors of the same shape; the last row, or column, is 0.

    Raises:
        ValueError: for another rank.
    """
    if image.shape.ndims != 4:
        raise ValueError(
            f"image_gradients expects a 4D tensor [batch_size, h, w, d], not {image.shape}."
        )
    whole = shape_of(image)
    batch, height, width, depth = unstack(whole)
    down = image[:, 1:, :, :] - image[:, :-1, :, :]
    across = image[:, :, 1:, :] - image[:, :, :-1, :]
    row = stack([batch, 1, width, depth])
    down = reshape(concat([down, zeros(row, image.dtype)], 1), whole)
    column = stack([batch, height, 1, depth])
    across = reshape(concat([across, zeros(column, image.dtype)], 2), whole)
    return down, across


@export("image.sobel_edges")
def sobel_edges(image: Any) -> Tensor:
    """Returns how steep images are around each pixel, down and across.

    Args:
        image: [b, h, w, c], floats; h and w above 1.

    Returns:
        [b, h, w, c, 2].
    """
    known = image.shape
    whole = shape_of(image)
    down = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])
    filters = np.stack([down, down.T], -1)[:, :, None, :]
    kernels = constant(filters, dtype=image.dtype)
    kernels = tile(kernels, [1, 1, whole[-1], 1], name="sobel_filters")
    padded = pad(image, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")
    edges = depthwise_conv2d(padded, kernels, [1, 1, 1, 1], "VALID")
    found = reshape(edges, concat([whole, [2]], 0))
    found.set_shape(known.concatenate([2]))
    return found


# --- two images ---
def _compatible(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor, list[Any]]:
    """The shapes of two images, and assertions that they fit together.

    Raises:
        ValueError: if they are known not to.
    """
    shape1, shape2 = first.shape.with_rank_at_least(3), second.shape.with_rank_at_least(3)
    shape1[-3:].assert_is_compatible_with(shape2[-3:])
    if shape1.ndims is not None and shape2.ndims is not None:
        batches = zip(reversed(list(shape1)[:-3]), reversed(list(shape2)[:-3]), strict=False)
        for one, other in batches:
            if not (one == 1 or other == 1 or one.is_compatible_with(other)):
                raise ValueError(f"Two images are not compatible: {shape1} and {shape2}")
    one, other = shape_n([first, second])
    data = [one, other]
    checks = [
        Assert(greater_equal(size_of(one), 3), data, summarize=10),
        Assert(reduce_all(equal(one[-3:], other[-3:])), data, summarize=10),
    ]
    return one, other, checks


@export("image.psnr")
def psnr(a: Any, b: Any, max_val: Any, name: str | None = None) -> Tensor:
    """Returns the peak signal-to-noise ratio of images, in decibels.

    Args:
        a: [..., h, w, c], a tensor.
        b: the same shape.
        max_val: the range of the pixels, 255 for uint8 say.
        name: the name of the scope.

    Returns:
        float32 [...]; infinite for equal images.

    Raises:
        ValueError: if the shapes do not fit.
    """
    with scopes.name_scope(name, "PSNR", [a, b]):
        most = convert_image_dtype(cast(max_val, a.dtype), float32)
        a, b = convert_image_dtype(a, float32), convert_image_dtype(b, float32)
        error = reduce_mean(squared_difference(a, b), [-3, -2, -1])
        peak = 20 * apply("Log", most) / apply("Log", 10.0)
        noise = np.float32(10 / np.log(10)) * apply("Log", error)
        ratio = subtract(peak, noise, name="psnr")
        _, _, checks = _compatible(a, b)
        with scopes.control_dependencies(checks):
            found: Tensor = identity(ratio)
        return found


def _gauss(size: Tensor, sigma: Tensor) -> Tensor:
    """A Gaussian window of sum one, [size, size, 1, 1]."""
    coords = cast(apply("Range", 0, size, 1, name="range"), sigma.dtype)
    coords = coords - cast(size - 1, sigma.dtype) / 2.0
    bells = square(coords)
    bells = bells * (-0.5 / square(sigma))
    plane = reshape(bells, shape=[1, -1]) + reshape(bells, shape=[-1, 1])
    weights = softmax(reshape(plane, shape=[1, -1]))
    return reshape(weights, shape=[size, size, 1, 1])


def _alike(
    x: Tensor, y: Tensor, reducer: Callable[[Tensor], Tensor], max_val: Tensor, k1: Any, k2: Any
) -> tuple[Tensor, Tensor]:
    """How alike brightness, and contrast with structure, of windows are."""
    c1 = (k1 * max_val) ** 2
    c2 = (k2 * max_val) ** 2
    mean0, mean1 = reducer(x), reducer(y)
    num0 = mean0 * mean1 * 2.0
    den0 = square(mean0) + square(mean1)
    brightness = (num0 + c1) / (den0 + c1)
    num1 = reducer(x * y) * 2.0
    den1 = reducer(square(x) + square(y))
    c2 = c2 * 1.0  # TensorFlow's own node: a correction for the size of windows that is off
    return brightness, (num1 - num0 + c2) / (den1 - den0 + c2)


def _ssim_per_channel(
    img1: Tensor, img2: Tensor, max_val: Any, filter_size: Any, filter_sigma: Any, k1: Any, k2: Any
) -> tuple[Tensor, Tensor]:
    """SSIM and its contrast part, by channel: [..., c] each."""
    size = constant(filter_size, dtype=int32)
    sigma = constant(filter_sigma, dtype=img1.dtype)
    shapes = shape_n([img1, img2])
    checks = [
        Assert(reduce_all(greater_equal(whole[-3:-1], size)), [whole, size], summarize=8)
        for whole in shapes
    ]
    with scopes.control_dependencies(checks):
        img1 = identity(img1)
    kernel = _gauss(size, sigma)
    kernel = tile(kernel, [1, 1, shapes[0][-1], 1])

    def reducer(x: Tensor) -> Tensor:
        whole = shape_of(x)
        flat = reshape(x, shape=concat([[-1], whole[-3:]], 0))
        y = depthwise_conv2d(flat, kernel, strides=[1, 1, 1, 1], padding="VALID")
        return reshape(y, concat([whole[:-3], shape_of(y)[1:]], 0))

    brightness, contrast = _alike(img1, img2, reducer, max_val, k1, k2)
    axes = constant([-3, -2], dtype=int32)
    return reduce_mean(brightness * contrast, axes), reduce_mean(contrast, axes)


def _as_floats(img1: Tensor, img2: Any, max_val: Any) -> tuple[Tensor, Tensor, Tensor]:
    most = convert_image_dtype(cast(max_val, img1.dtype), float32)
    return convert_image_dtype(img1, float32), convert_image_dtype(img2, float32), most


@export("image.ssim")
def ssim(
    img1: Any,
    img2: Any,
    max_val: Any,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
) -> Tensor:
    """Returns the structural similarity of images, from -1 to 1.

    Args:
        img1: [..., h, w, c], a tensor.
        img2: the same shape.
        max_val: the range of the pixels, 255 for uint8 say.
        filter_size: of the Gaussian window, no larger than the images.
        filter_sigma: of the window.
        k1: keeps dark windows from mattering too much.
        k2: the same for windows of one colour.

    Returns:
        float32 [...].

    Raises:
        ValueError: if the shapes do not fit.

    Source: Wang et al., Image quality assessment: from error visibility to structural
        similarity, IEEE Transactions on Image Processing, 2004.
    """
    _, _, checks = _compatible(img1, img2)
    with scopes.control_dependencies(checks):
        img1 = identity(img1)
    img1, img2, most = _as_floats(img1, img2, max_val)
    found, _ = _ssim_per_channel(img1, img2, most, filter_size, filter_sigma, k1, k2)
    total: Tensor = reduce_mean(found, [-1])
    return total


@export("image.ssim_multiscale")
def ssim_multiscale(
    img1: Any,
    img2: Any,
    max_val: Any,
    power_factors: Any = _WEIGHTS,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
) -> Tensor:
    """Returns the structural similarity of images over several scales, from 0 to 1.

    Args:
        img1: [..., h, w, c].
        img2: the same shape.
        max_val: the range of the pixels, 255 for uint8 say.
        power_factors: the exponent of each scale; each has half the size of the one before.
        filter_size: of the Gaussian window, no larger than the images at the last scale.
        filter_sigma: of the window.
        k1: as of `ssim`.
        k2: as of `ssim`.

    Returns:
        float32 [...].

    Raises:
        ValueError: if the shapes do not fit.

    Source: Wang et al., Multiscale structural similarity for image quality assessment, 2003.
    """
    with scopes.name_scope(None, "MS-SSIM", [img1, img2]):
        img1 = convert.convert_to_tensor(img1, name="img1")
        img2 = convert.convert_to_tensor(img2, name="img2")
        shape1, shape2, checks = _compatible(img1, img2)
        with scopes.control_dependencies(checks):
            img1 = identity(img1)
        img1, img2, most = _as_floats(img1, img2, max_val)
        parts = _by_scale(
            [img1, img2], [shape1, shape2], len(power_factors),
            (most, filter_size, filter_sigma, k1, k2),
        )  # fmt: skip
        powers = pow_(stack(parts, axis=-1), power_factors)
        found: Tensor = reduce_mean(reduce_prod(powers, [-1]), [-1])
        return found


def _by_scale(
    imgs: list[Tensor], shapes: list[Tensor], scales: int, how: tuple[Any, ...]
) -> list[Tensor]:
    """The contrast part of each scale but the last, of which it is the whole SSIM."""
    heads, tails = [s[:-3] for s in shapes], [s[-3:] for s in shapes]
    halves = constant([2, 2, 1], dtype=int32)
    parts: list[Tensor] = []
    whole = None
    for k in range(scales):
        with scopes.name_scope(None, f"Scale{k}", imgs):
            if k:
                imgs, tails = _halved(imgs, heads, tails, halves)
            whole, contrast = _ssim_per_channel(imgs[0], imgs[1], *how)
            parts.append(relu(contrast))
    return [*parts[:-1], relu(whole)]


def _halved(
    imgs: list[Tensor], heads: list[Tensor], tails: list[Tensor], halves: Tensor
) -> tuple[list[Tensor], list[Tensor]]:
    """Images of half the size; those of odd sizes get a row or column more before."""
    flat = [reshape(x, concat([[-1], t], 0)) for x, t in zip(imgs, tails, strict=True)]
    rest = tails[0] % halves
    is_odd = reduce_any(not_equal(rest, 0))
    padded = cond(is_odd, lambda: _evened(flat, rest), lambda: flat)
    small = [avg_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID") for x in padded]
    tails = [whole[1:] for whole in shape_n(small)]
    sides = zip(small, heads, tails, strict=True)
    return [reshape(x, concat([h, t], 0)) for x, h, t in sides], tails


def _evened(images: list[Tensor], rest: Tensor) -> list[Tensor]:
    margins = pad(expand_dims(rest, -1), [[1, 0], [1, 0]])
    return [pad(x, margins, mode="SYMMETRIC") for x in images]
