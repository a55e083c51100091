"""Images made brighter, stronger, of other colours: by a number, or by a random one."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core import convert, scopes
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
)
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import OpDef, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops import _image_hsv
from graphflow.ops._image_checks import checked_image, demand
from graphflow.ops._shapes import need_rank, need_rank_at_least
from graphflow.ops.cast import cast
from graphflow.ops.control_ops import with_dependencies
from graphflow.ops.division import div
from graphflow.ops.image_color import convert_image_dtype
from graphflow.ops.random import random_uniform
from graphflow.ops.reduce import reduce_mean, reduce_prod, reduce_std
from graphflow.ops.shape_ops import shape as shape_of

Array = np.ndarray[Any, Any]
_TYPES: Final = default((float16, float32), float32)
_NONE: Final = "TensorFlow has none"


# --- AdjustContrastv2, AdjustHue, AdjustSaturation ---
def _adjustment(text_: str, port: str, scalar_at_once: bool = False) -> OpDef:
    """Defines an operation on images and a number."""

    def shape(op: Operation) -> list[Dims]:
        dims, factor = op.inputs[0].dims, op.inputs[1].dims
        need_rank_at_least(dims, 3, f"input must be at least 3-D, got shape{text(dims)}")
        if scalar_at_once:
            need_rank(factor, 0, f"{port} must be scalar: {text(factor)}")
        return [dims]

    return define(text_, shape=shape, T=_TYPES).no_gradient(_NONE, raises=True)


ADJUST_CONTRAST = _adjustment(
    "AdjustContrastv2(images: T, contrast_factor: float32, *, T: type = float32) -> output: T",
    "contrast_factor",
    scalar_at_once=True,
)
ADJUST_HUE = _adjustment(
    "AdjustHue(images: T, delta: float32, *, T: type = float32) -> output: T", "delta"
)
ADJUST_SATURATION = _adjustment(
    "AdjustSaturation(images: T, scale: float32, *, T: type = float32) -> output: T", "scale"
)


def _number(value: Array, port: str) -> Any:
    if value.ndim:
        raise KernelError(f"{port} must be scalar: {text(value.shape)}")
    return value[()]


def _need_colors(x: Array) -> None:
    if x.shape[-1] != 3:
        raise KernelError(f"input must have 3 channels but instead has {x.shape[-1]} channels.")


def _stretched(x: Array, factor: Any) -> Array:
    """Pixels further from the mean of their channel, in float32."""
    wide = x.astype(np.float32)
    if x.size:
        mean = wide.mean(axis=(-3, -2), keepdims=True, dtype=np.float64).astype(np.float32)
        wide -= mean
        wide *= factor
        wide += mean
    return wide


@ADJUST_CONTRAST.numpy
def _(x: Array, factor: Array) -> Array:
    return _stretched(x, _number(factor, "contrast_factor")).astype(x.dtype)


@ADJUST_HUE.numpy
def _(x: Array, delta: Array) -> Array:
    amount = _number(delta, "delta")
    _need_colors(x)
    return _image_hsv.adjust_hue(x, amount)


@ADJUST_SATURATION.numpy
def _(x: Array, scale: Array) -> Array:
    amount = _number(scale, "scale")
    _need_colors(x)
    return _image_hsv.adjust_saturation(x, amount)


# --- AdjustContrast ---
ADJUST_CONTRAST_V1 = define(
    "AdjustContrast(images: T, contrast_factor: float32, min_value: float32, max_value: float32)"
    " -> output: float32",
    T=(uint8, int8, int16, int32, int64, float32, float64),
).no_gradient(_NONE, raises=True)


@ADJUST_CONTRAST_V1.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    need_rank_at_least(dims, 3, f"input must be at least 3-D, got shape{text(dims)}")
    for port, t in zip(op.definition.inputs[1:], op.inputs[1:], strict=True):
        need_rank(t.dims, 0, f"{port.name} must be scalar: {text(t.dims)}")
    return [dims]


@ADJUST_CONTRAST_V1.numpy
def _(x: Array, factor: Array, least: Array, most: Array) -> Array:
    return np.maximum(np.minimum(_stretched(x, factor[()]), most), least)


# --- by a number ---
def _as_floats(image: Tensor) -> Tensor:
    if image.dtype in (float16, float32):
        return image
    return convert_image_dtype(image, float32)


@export("image.adjust_brightness")
def adjust_brightness(image: Any, delta: Any) -> Tensor:
    """Returns images with a number added to every pixel.

    Args:
        image: images of any shape; integers are taken as 0 to 1.
        delta: the number.

    Returns:
        Images of the same type; integers stay within their range.
    """
    with scopes.name_scope(None, "adjust_brightness", [image, delta]) as scope:
        image = convert.convert_to_tensor(image, name="image")
        floats = _as_floats(image)
        adjusted = apply("Add", floats, cast(delta, floats.dtype), name=scope)
        return convert_image_dtype(adjusted, image.dtype, saturate=True)


@export("image.adjust_contrast")
def adjust_contrast(images: Any, contrast_factor: Any) -> Tensor:
    """Returns images whose pixels lie further from the mean of their channel.

    Args:
        images: [..., h, w, c]; integers are taken as 0 to 1.
        contrast_factor: how much further, a number.

    Returns:
        Images of the same type; integers stay within their range.

    Raises:
        ValueError: if the rank is lower.
    """
    with scopes.name_scope(None, "adjust_contrast", [images, contrast_factor]) as scope:
        images = convert.convert_to_tensor(images, name="images")
        adjusted = apply(ADJUST_CONTRAST, _as_floats(images), contrast_factor, name=scope)
        return convert_image_dtype(adjusted, images.dtype, saturate=True)


@export("image.adjust_gamma")
def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Tensor:
    """Returns images with each pixel `gain * pixel ** gamma`.

    Args:
        image: images of any shape; integers are taken as 0 to 1.
        gamma: the exponent, not negative.
        gain: the factor.

    Returns:
        Images of the same type; integers stay within their range.

    Raises:
        ValueError: if `gamma` is a negative number.
    """
    with scopes.name_scope(None, "adjust_gamma", [image, gamma, gain]):
        image = convert.convert_to_tensor(image, name="image")
        floats = _as_floats(image)
        checks = demand(gamma >= 0, "Gamma should be a non-negative real number.")
        if checks:
            gamma = with_dependencies(checks, gamma)
        return convert_image_dtype(gain * floats**gamma, image.dtype, saturate=True)


@export("image.adjust_hue")
def adjust_hue(image: Any, delta: Any, name: str | None = None) -> Tensor:
    """Returns images whose colours are moved along the colour circle.

    Args:
        image: [..., h, w, 3]; integers are taken as 0 to 1.
        delta: how far, a number; 1 is a whole turn.
        name: the name of the scope.

    Raises:
        ValueError: if the rank is lower.
    """
    with scopes.name_scope(name, "adjust_hue", [image]):
        image = convert.convert_to_tensor(image, name="image")
        adjusted = apply(ADJUST_HUE, _as_floats(image), delta)
        return convert_image_dtype(adjusted, image.dtype)


@export("image.adjust_saturation")
def adjust_saturation(image: Any, saturation_factor: Any, name: str | None = None) -> Tensor:
    """Returns images with more, or less, colour.

    Args:
        image: [..., h, w, 3]; integers are taken as 0 to 1.
        saturation_factor: what the saturation is multiplied with; it stays within 0 and 1.
        name: the name of the scope.

    Raises:
        ValueError: if the rank is lower.
    """
    with scopes.name_scope(name, "adjust_saturation", [image]):
        image = convert.convert_to_tensor(image, name="image")
        adjusted = apply(ADJUST_SATURATION, _as_floats(image), saturation_factor)
        return convert_image_dtype(adjusted, image.dtype)


@export("image.per_image_standardization")
def per_image_standardization(image: Any) -> Tensor:
    """Returns images each with mean 0 and variance 1.

    Args:
        image: [..., h, w, c]; integers are taken as 0 to 1.

    Returns:
        Images of the same type.

    Raises:
        ValueError: if the rank is lower, or there are no pixels.

    Note:
        The deviation of n values counts as 1 / sqrt(n) at least, so that an image of one colour
        becomes 0.
    """
    with scopes.name_scope(None, "per_image_standardization", [image]) as scope:
        image = checked_image(convert.convert_to_tensor(image, name="image"))
        dtype: DType = image.dtype
        floats = _as_floats(image)
        count = reduce_prod(shape_of(floats)[-3:])
        axes = [-1, -2, -3]
        mean = reduce_mean(floats, axis=axes, keepdims=True)
        deviation = reduce_std(floats, axis=axes, keepdims=True)
        least = apply("Rsqrt", cast(count, floats.dtype))
        deviation = apply("Maximum", deviation, least)
        floats = div(floats - mean, deviation, name=scope)
        return convert_image_dtype(floats, dtype, saturate=True)


# --- by a random number ---
def _check_range(lower: float, upper: float) -> None:
    if upper <= lower:
        raise ValueError("upper must be > lower.")
    if lower < 0:
        raise ValueError("lower must be non-negative.")


@export("image.random_brightness")
def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """Returns images with one random number added to every pixel; see `adjust_brightness`.

    Args:
        image: images of any shape.
        max_delta: the number lies between `-max_delta` and `max_delta`.
        seed: with the graph's seed it settles the number; see `random_uniform`.

    Raises:
        ValueError: if `max_delta` is negative.
    """
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return adjust_brightness(image, random_uniform([], -max_delta, max_delta, seed=seed))


@export("image.random_contrast")
def random_contrast(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """Returns images of more or less contrast; see `adjust_contrast`.

    Args:
        image: [..., h, w, c].
        lower: the least factor, not negative.
        upper: the largest, which is above it.
        seed: with the graph's seed it settles the factor; see `random_uniform`.

    Raises:
        ValueError: if the bounds are others.
    """
    _check_range(lower, upper)
    return adjust_contrast(image, random_uniform([], lower, upper, seed=seed))


@export("image.random_hue")
def random_hue(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """Returns images whose colours are moved along the circle by chance; see `adjust_hue`.

    Args:
        image: [..., h, w, 3].
        max_delta: the largest step either way, from 0 to 0.5.
        seed: with the graph's seed it settles the step; see `random_uniform`.

    Raises:
        ValueError: if `max_delta` is another.
    """
    if max_delta > 0.5:
        raise ValueError("max_delta must be <= 0.5.")
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return adjust_hue(image, random_uniform([], -max_delta, max_delta, seed=seed))


@export("image.random_saturation")
def random_saturation(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """Returns images of more or less colour; see `adjust_saturation`.

    Args:
        image: [..., h, w, 3].
        lower: the least factor, not negative.
        upper: the largest, which is above it.
        seed: with the graph's seed it settles the factor; see `random_uniform`.

    Raises:
        ValueError: if the bounds are others.
    """
    _check_range(lower, upper)
    return adjust_saturation(image, random_uniform([], lower, upper, seed=seed))
