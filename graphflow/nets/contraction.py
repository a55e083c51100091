"""`tensordot`: the product of two tensors, summed over some axes of each."""

from __future__ import annotations

import math
from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import int32
from graphflow.core.tensor import Tensor
from graphflow.ops.concat import concat
from graphflow.ops.gather import gather
from graphflow.ops.matmul import matmul
from graphflow.ops.reduce import reduce_prod
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.stack import stack
from graphflow.ops.transpose import transpose


def tensordot(a: Any, b: Any, axes: tuple[list[int], list[int]], name: str | None = None) -> Tensor:
    """Returns the sum over axes of the products of two tensors of known ranks.

    Args:
        a: a tensor of numbers.
        b: another, of the same type.
        axes: the axes of `a` and those of `b` that are summed over, in the same order.
        name: the name of the scope.

    Returns:
        A tensor whose axes are the others of `a`, then the others of `b`.
    """
    with scopes.name_scope(name, "Tensordot", [a, b, axes]) as scope:
        a, b = convert(a, name="a"), convert(b, name="b")
        left, a_free, a_static = _as_matrix(a, axes[0], False)
        right, b_free, b_static = _as_matrix(b, axes[1], True)
        product = matmul(left, right)
        found: Tensor
        if isinstance(a_free, list) and isinstance(b_free, list):
            found = reshape(product, a_free + b_free, name=scope)
        else:
            a_free, b_free = convert(a_free, int32), convert(b_free, int32)
            found = reshape(product, concat([a_free, b_free], 0), name=scope)
            found.set_shape(a_static + b_static)
    return found


def _as_matrix(x: Tensor, axes: list[int], flipped: bool) -> tuple[Tensor, Any, list[int | None]]:
    """A tensor as a matrix, and its other sizes: as ints or as a tensor, and as far as known.

    Args:
        x: the tensor.
        axes: the axes to sum over; they become the columns.
        flipped: makes them the rows instead.
    """
    sizes = x.shape.as_list()
    axes = [axis % len(sizes) for axis in axes]
    free = [axis for axis in range(len(sizes)) if axis not in axes]
    static = [sizes[axis] for axis in free]
    if x.shape.is_fully_defined():
        counts = [math.prod(static), math.prod(sizes[axis] for axis in axes)]
        order = axes + free if flipped else free + axes
        return reshape(transpose(x, order), counts[::-1] if flipped else counts), static, static
    axes_tensor = convert(axes, int32, "axes")
    free_tensor = convert(free, int32, "free")
    shape = shape_of(x)
    free_sizes = gather(shape, free_tensor)
    axes_sizes = gather(shape, axes_tensor)
    products = [reduce_prod(free_sizes), reduce_prod(axes_sizes)]
    both = [free_tensor, axes_tensor]
    order_tensor = concat(both[::-1] if flipped else both, 0)
    matrix_shape = stack(products[::-1] if flipped else products)
    return reshape(transpose(x, order_tensor), matrix_shape), free_sizes, static
