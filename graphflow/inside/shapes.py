"""Functions of shapes that TensorFlow's inside has: tensor_shape and common_shapes."""

from __future__ import annotations

from typing import Any

from graphflow.core.shape import Dimension, TensorShape


def as_dimension(value: Any) -> Dimension:
    """Returns a size as a Dimension."""
    return value if isinstance(value, Dimension) else Dimension(value)


def has_fully_defined_shape(tensor: Any) -> bool:
    """Returns whether every size of a tensor is known."""
    return bool(tensor.get_shape().is_fully_defined())


def rank(tensor: Any) -> int | None:
    """Returns the number of dimensions of a tensor, or None."""
    found = tensor.get_shape().ndims
    return None if found is None else int(found)


def is_broadcast_compatible(shape_x: TensorShape, shape_y: TensorShape) -> bool:
    """Returns whether two known shapes can be broadcast; False where one is unknown."""
    if shape_x.ndims is None or shape_y.ndims is None:
        return False
    return _broadcast(shape_x, shape_y) is not None


def broadcast_shape(shape_x: TensorShape, shape_y: TensorShape) -> TensorShape:
    """Returns the shape that two shapes are broadcast to.

    Raises:
        ValueError: if they cannot be.
    """
    if shape_x.ndims is None or shape_y.ndims is None:
        return TensorShape(None)
    found = _broadcast(shape_x, shape_y)
    if found is None:
        raise ValueError(f"Incompatible shapes for broadcasting: {shape_x} and {shape_y}")
    return TensorShape(found)


def _broadcast(a: TensorShape, b: TensorShape) -> list[int | None] | None:
    first, second = a.as_list(), b.as_list()
    width = max(len(first), len(second))
    pairs = zip(
        [1] * (width - len(first)) + first, [1] * (width - len(second)) + second, strict=True
    )
    found: list[int | None] = []
    for x, y in pairs:
        if x == 1 or y == 1:
            found.append(y if x == 1 else x)
        elif x is None or y is None:
            known = y if x is None else x
            found.append(known if known is not None and known > 1 else None)
        elif x == y:
            found.append(x)
        else:
            return None
    return found
