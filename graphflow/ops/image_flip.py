"""Images turned over, turned round, and with rows and columns exchanged."""

from __future__ import annotations

from typing import Any

from graphflow.core import convert, scopes
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops._image_checks import by_rank, checked_image
from graphflow.ops.cast import cast
from graphflow.ops.comparison import equal
from graphflow.ops.division import floormod
from graphflow.ops.flow_cond import case, cond
from graphflow.ops.random import random_uniform
from graphflow.ops.reshape import reshape
from graphflow.ops.reverse import reverse
from graphflow.ops.rounding import round as round_
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.transpose import transpose


def _keep_shape(image: Tensor, result: Tensor) -> Tensor:
    """The result, with the shape of the image; where nothing is known, of three axes."""
    result.set_shape([None] * 3 if image.dims is None else image.shape)
    return result


def _flip(image: Any, axis: int, scope: str) -> Tensor:
    """An image, or each of a batch, turned over along an axis."""
    with scopes.name_scope(None, scope, [image]):
        image = checked_image(convert.convert_to_tensor(image, name="image"))
        if by_rank(image) == 3:
            return _keep_shape(image, reverse(image, [axis]))
        return reverse(image, [axis + 1])


@export("image.flip_left_right")
def flip_left_right(image: Any) -> Tensor:
    """Returns images mirrored: left and right change places.

    Args:
        image: [h, w, c] or [b, h, w, c].

    Raises:
        ValueError: if it has another rank, or no pixels.
    """
    return _flip(image, 1, "flip_left_right")


@export("image.flip_up_down")
def flip_up_down(image: Any) -> Tensor:
    """Returns images upside down.

    Args:
        image: [h, w, c] or [b, h, w, c].

    Raises:
        ValueError: if it has another rank, or no pixels.
    """
    return _flip(image, 0, "flip_up_down")


def _random_flip(image: Any, axis: int, seed: int | None, name: str) -> Tensor:
    with scopes.name_scope(None, name, [image]) as scope:
        image = checked_image(convert.convert_to_tensor(image, name="image"))
        if by_rank(image) == 3:
            drawn = random_uniform([], 0, 1.0, seed=seed)
            result: Tensor = cond(
                drawn < 0.5, lambda: reverse(image, [axis]), lambda: image, name=scope
            )
            return _keep_shape(image, result)
        return _flip_some(image, axis + 1, seed)


def _flip_some(images: Tensor, axis: int, seed: int | None) -> Tensor:
    """Each image of a batch, turned over or not."""
    batch = shape_of(images)[0]
    drawn = random_uniform([batch], 0, 1.0, seed=seed)
    chosen = cast(round_(reshape(drawn, [batch, 1, 1, 1])), images.dtype)
    flipped = reverse(images, [axis])
    found: Tensor = chosen * flipped + (1 - chosen) * images
    return found


@export("image.random_flip_left_right")
def random_flip_left_right(image: Any, seed: int | None = None) -> Tensor:
    """Returns images mirrored, each with a chance of one half.

    Args:
        image: [h, w, c] or [b, h, w, c].
        seed: with the graph's seed it settles the numbers; see `random_uniform`.

    Raises:
        ValueError: if it has another rank, or no pixels.
    """
    return _random_flip(image, 1, seed, "random_flip_left_right")


@export("image.random_flip_up_down")
def random_flip_up_down(image: Any, seed: int | None = None) -> Tensor:
    """Returns images upside down, each with a chance of one half.

    Args:
        image: [h, w, c] or [b, h, w, c].
        seed: with the graph's seed it settles the numbers; see `random_uniform`.

    Raises:
        ValueError: if it has another rank, or no pixels.
    """
    return _random_flip(image, 0, seed, "random_flip_up_down")


@export("image.rot90")
def rot90(image: Any, k: Any = 1, name: str | None = None) -> Tensor:
    """Returns images turned to the left by quarters of a turn.

    Args:
        image: [h, w, c] or [b, h, w, c].
        k: how many quarters, an integer scalar; negative: to the right.
        name: the name of the scope.

    Raises:
        ValueError: if the image has another rank, or no pixels.
    """
    with scopes.name_scope(name, "rot90", [image, k]) as scope:
        image = checked_image(convert.convert_to_tensor(image, name="image"))
        quarters = convert.convert(k, int32, "k")
        quarters.shape.assert_has_rank(0)
        quarters = floormod(quarters, 4)
        first = by_rank(image) - 3  # the axis of the rows
        order = [1, 0, 2] if first == 0 else [0, 2, 1, 3]
        rows, columns = first, first + 1
        turns = [
            (equal(quarters, 1), lambda: transpose(reverse(image, [columns]), order)),
            (equal(quarters, 2), lambda: reverse(image, [rows, columns])),
            (equal(quarters, 3), lambda: reverse(transpose(image, order), [columns])),
        ]
        result: Tensor = case(turns, default=lambda: image, exclusive=True, name=scope)
        if first:
            whole = result.shape
            result.set_shape([whole[0], None, None, whole[3]])
        else:
            result.set_shape([None, None, image.shape[2]])
        return result


@export("image.transpose", "image.transpose_image")
def transpose_image(image: Any, name: str | None = None) -> Tensor:
    """Returns images with rows and columns exchanged.

    Args:
        image: [h, w, c] or [b, h, w, c].
        name: the name of the scope.

    Raises:
        ValueError: if it has another rank, or no pixels.
    """
    with scopes.name_scope(name, "transpose", [image]):
        image = checked_image(convert.convert_to_tensor(image, name="image"))
        order = [1, 0, 2] if by_rank(image) == 3 else [0, 2, 1, 3]
        return transpose(image, order, name=name)
