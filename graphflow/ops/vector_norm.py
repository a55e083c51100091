"""Lengths of vectors and matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.export import export, renamed
from graphflow.core.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.ops.complex import abs as absolute
from graphflow.ops.complex import conj
from graphflow.ops.powers import pow as power_of
from graphflow.ops.reduce import reduce_max, reduce_sum
from graphflow.ops.reshape import expand_dims, squeeze
from graphflow.ops.shape_ops import rank
from graphflow.ops.transpose import transpose

_AXES = "'axis' must be None, an integer, or a tuple of 2 unique integers"


@export("norm", "linalg.norm")
@renamed(keep_dims="keepdims")
def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
) -> Tensor:
    """Returns norms of vectors, of matrices, or of all elements together.

    Args:
        tensor: numbers.
        ord: "euclidean" (for matrices also "fro"), 1, 2, np.inf; of vectors any number above 0.
            Of matrices 2 is the largest singular value, 1 the largest sum of a column and np.inf
            that of a row.
        axis: None: all elements as one vector; an int: the axis of vectors; a pair of ints: the
            axes of matrices.
        keepdims: whether the axes stay, with size 1.
        name: the name of the scope.

    Raises:
        ValueError: if there is no such norm, or the axes are something else.
    """
    of_matrix = isinstance(axis, tuple | list) and len(axis) == 2
    axes = _checked(ord, axis, of_matrix)
    with scopes.name_scope(name, "norm", [tensor]):
        x = convert(tensor)
        if ord in ("fro", "euclidean") or ord == 2:
            if of_matrix and ord == 2:
                found = _largest_singular_value(x, axes)
            else:
                found = apply("Sqrt", reduce_sum(x * conj(x), axes, keepdims=True))
        else:
            found = _by_order(absolute(x), ord, axes, of_matrix)
        return found if keepdims else squeeze(found, axes)


def _checked(order: Any, axis: Any, of_matrix: bool) -> Any:
    """The axes as a tuple, or None."""
    if of_matrix:
        axes = tuple(axis)
        if not all(isinstance(a, int) for a in axes) or axes[0] == axes[1]:
            raise ValueError(_AXES)
        known = ["euclidean", "fro", 1, 2, np.inf]
        if order not in known:
            raise ValueError(f"'ord' must be a supported matrix norm in {known}, got {order}")
        return axes
    if not (isinstance(axis, int) or axis is None):
        raise ValueError(_AXES)
    is_number = isinstance(order, int | float | np.number)
    if order != "euclidean" and (not is_number or order <= 0):
        raise ValueError(f"'ord' must be a supported vector norm, got {order}")
    return None if axis is None else (axis,)


def _by_order(x: Tensor, order: Any, axes: Any, of_matrix: bool) -> Any:
    if order == 1:
        found = reduce_sum(x, None if axes is None else axes[0], keepdims=True)
        return reduce_max(found, axes[-1], keepdims=True) if of_matrix else found
    if order == np.inf:
        if of_matrix:
            x = reduce_sum(x, axes[1], keepdims=True)
        return reduce_max(x, None if axes is None else axes[0], keepdims=True)
    powers = reduce_sum(power_of(x, order), axes, keepdims=True)
    return power_of(powers, 1.0 / order)


def _largest_singular_value(x: Tensor, axes: tuple[int, int]) -> Tensor:
    """The matrices come last, are measured, and the axes go back where they were."""
    order: Any
    back: Any
    if x.dims is None:
        n = rank(x)
        positions = apply("FloorMod", np.array(axes, np.int32), n)
        every = apply("Range", np.array(0, np.int32), n, np.array(1, np.int32))
        others = apply("ListDiff", every, positions)[0]
        order = apply("ConcatV2", [others, positions], np.array(0, np.int32))
        back = apply("InvertPermutation", order)
    else:
        places = [a % len(x.dims) for a in axes]
        listed = [a for a in range(len(x.dims)) if a not in places] + places
        order, back = np.array(listed, np.int32), np.argsort(listed).astype(np.int32)
    values = absolute(apply("Svd", transpose(x, order), compute_uv=False).s)
    largest = expand_dims(reduce_max(values, axis=-1, keepdims=True), -1)
    return transpose(largest, back)


@export("linalg.normalize")
def normalize(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Returns a tensor divided by its norms, and the norms.

    Args:
        tensor: numbers.
        ord: which norm, as `tf.norm` takes it.
        axis: which axes, as `tf.norm` takes them.
        name: the name of the scope.
    """
    with scopes.name_scope(name, "normalize", [tensor]):
        x = convert(tensor)
        length = cast(norm(x, ord, axis, keepdims=True), x.dtype)
        return x / length, length
