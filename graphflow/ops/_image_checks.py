"""What the functions of tf.image demand of images: at once where shapes are known, else in the run.

The nodes are those that TensorFlow 1.15 makes for the same demands.
"""

from __future__ import annotations

from typing import Any

from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.ops.arithmetic import maximum, minimum
from graphflow.ops.asserts import assert_equal, assert_greater_equal, assert_positive
from graphflow.ops.checks import Assert
from graphflow.ops.comparison import equal
from graphflow.ops.control_ops import with_dependencies
from graphflow.ops.reshape import expand_dims
from graphflow.ops.shape_ops import rank as rank_of
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.stack import unstack

_POSITIVE = ["all dims of 'image.shape' must be > 0."]
_TWO_KINDS = "'image' must have either 3 or 4 dimensions."


def is_tensor(x: Any) -> bool:
    """True for a tensor or a variable: something without a value yet."""
    return isinstance(x, Tensor) or (hasattr(x, "graph") and hasattr(x, "dtype"))


def demand(holds: Any, message: str) -> list[Any]:
    """Returns an assertion to wait for where the condition is a tensor, else nothing.

    Raises:
        ValueError: if the condition is known, and False.
    """
    if is_tensor(holds):
        return [Assert(holds, [message])]
    if not holds:
        raise ValueError(message)
    return []


def _with_rank_at_least(image: Tensor, rank: int, message: str) -> TensorShape:
    """The shape; of an image of unknown rank that of exactly so many unknown sizes."""
    if image.dims is None:
        return TensorShape([None] * rank)
    if len(image.dims) < rank:
        raise ValueError(message)
    return image.shape


def check_image(image: Tensor) -> list[Any]:
    """Returns assertions that an image has three axes at least, none of them empty.

    Raises:
        ValueError: if that is known not to be so.
    """
    shape = _with_rank_at_least(image, 3, "'image' must be at least three-dimensional.")
    if any(size == 0 for size in shape):
        raise ValueError(f"all dims of 'image.shape' must be > 0: {shape}")
    if shape.is_fully_defined():
        return []
    return [
        assert_positive(shape_of(image), _POSITIVE),
        assert_greater_equal(
            rank_of(image), 3, message="'image' must be at least three-dimensional."
        ),
    ]


def checked_image(image: Tensor) -> Tensor:
    """Returns the image behind the assertions of `check_image`."""
    found: Tensor = with_dependencies(check_image(image), image)
    return found


def checked_grayscale(image: Tensor) -> Tensor:
    """Returns the image behind assertions that its last axis has one element.

    Raises:
        ValueError: if that is known not to be so.
    """
    few = "A grayscale image must be at least two-dimensional."
    many = "Last dimension of a grayscale image should be size 1."
    shape = _with_rank_at_least(image, 2, few)
    if shape.is_fully_defined():
        if shape[-1] != 1:
            raise ValueError(many)
        checks: list[Any] = []
    else:
        checks = [
            assert_equal(shape_of(image)[-1], 1, message=many),
            assert_greater_equal(rank_of(image), 3, message=few),
        ]
    found: Tensor = with_dependencies(checks, image)
    return found


def as_batch(image: Tensor) -> tuple[Tensor, bool]:
    """Returns the image as a batch, and whether it was one.

    Raises:
        ValueError: if it has neither three axes nor four.
    """
    if image.dims is not None and len(image.dims) not in (3, 4):
        raise ValueError(_TWO_KINDS)
    if image.dims is not None and len(image.dims) == 4:
        return image, True
    batch = expand_dims(image, 0)
    if image.dims is None:
        batch.set_shape([None] * 4)
    return batch, False


def by_rank(image: Tensor) -> int:
    """Returns 3 or 4: how many axes an image has (unknown: three).

    Raises:
        ValueError: if it has another number.
    """
    rank = 3 if image.dims is None else len(image.dims)
    if rank not in (3, 4):
        raise ValueError(_TWO_KINDS)
    return rank


def sizes(image: Tensor, rank: int) -> list[Any]:
    """Returns the sizes of an image: numbers where they are known, else tensors.

    Raises:
        ValueError: if it has another rank.
    """
    if image.dims is not None and None not in image.dims:
        return list(image.dims)
    known = image.shape.with_rank(rank).as_list()
    inside = unstack(shape_of(image), rank)
    return [d if s is None else s for s, d in zip(known, inside, strict=True)]


def known_size(size: Any) -> Any:
    """Returns the size, or None if it is a tensor."""
    return None if is_tensor(size) else size


def larger(x: Any, y: Any) -> Any:
    """The larger of two sizes, each a number or a tensor."""
    return maximum(x, y) if is_tensor(x) or is_tensor(y) else max(x, y)


def smaller(x: Any, y: Any) -> Any:
    """The smaller of two sizes, each a number or a tensor."""
    return minimum(x, y) if is_tensor(x) or is_tensor(y) else min(x, y)


def same(x: Any, y: Any) -> Any:
    """Whether two sizes, each a number or a tensor, are equal."""
    return equal(x, y) if is_tensor(x) or is_tensor(y) else x == y
