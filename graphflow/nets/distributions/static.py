"""Shapes, ranks and choices that are settled when the graph is built, where they can be."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.constant import constant_value
from graphflow.core.convert import convert_to_tensor
from graphflow.core.dtypes import bool_, int32
from graphflow.core.shape import TensorShape
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.ops.broadcast import broadcast_dynamic_shape, broadcast_static_shape
from graphflow.ops.comparison import equal
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.flow_cond import cond as cond_of
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.ops.reduce import reduce_all
from graphflow.ops.select import where, where_v2
from graphflow.ops.shape_ops import rank, shape
from graphflow.ops.slice import slice_
from graphflow.ops.variables import Variable

_LOOKED_AT: Final = ("Const", "Equal", "NotEqual")
"""The conditions whose value TensorFlow looks for when the graph is built."""


def is_symbolic(x: Any) -> bool:
    """Whether `x` is a tensor of any kind, or a variable."""
    return isinstance(x, Tensor | SparseTensor | IndexedSlices | Variable)


def gen_new_seed(seed: Any, salt: str) -> int | None:
    """Returns another seed that follows from a seed and a text; None from None."""
    if seed is None:
        return None
    digest = hashlib.md5((str(seed) + salt).encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) & 0x7FFFFFFF


def maybe_get_static_value(x: Any, dtype: Any = None) -> Any:
    """Returns what is known of a value.

    Args:
        x: a tensor, whose value may be known; or anything else, which is known.
        dtype: the NumPy type of the result.

    Returns:
        An array; None if it is not known.
    """
    known = constant_value(x) if isinstance(x, Tensor) else x
    return known if known is None or dtype is None else np.array(known, dtype)


def prefer_static_value(x: Tensor) -> Any:
    """Returns the value of a tensor if it is known, else the tensor."""
    known = constant_value(x)
    return x if known is None else known


def prefer_static_rank(x: Any) -> Any:
    """Returns the rank of a tensor: an array if it is known, else a tensor."""
    return prefer_static_value(rank(x))


def prefer_static_shape(x: Any) -> Any:
    """Returns the shape of a tensor: an array if it is known, else a tensor."""
    return prefer_static_value(shape(x))


def dimension_size(x: Any, axis: int) -> Any:
    """Returns the size of an axis: an integer if it is known, else a tensor."""
    known = x.shape.with_rank_at_least(np.abs(axis)).as_list()[axis] if x.shape.dims else None
    return shape(x)[axis] if known is None else known


def same_dynamic_shape(a: Any, b: Any) -> Tensor:
    """Returns whether two tensors have the same shape, in the run."""
    a, b = convert_to_tensor(a, name="a"), convert_to_tensor(b, name="b")

    def sizes_are_equal() -> Tensor:
        one, other = concat([shape(a), shape(b)], 0), concat([shape(b), shape(a)], 0)
        found: Tensor = reduce_all(equal(one, other))
        return found

    found: Tensor = cond_of(equal(rank(a), rank(b)), sizes_are_equal, lambda: constant(False))
    return found


def pick_vector(cond: Any, true_vector: Any, false_vector: Any, name: str = "pick_vector") -> Any:
    """Returns one of two vectors, whose lengths may differ.

    Args:
        cond: a bool scalar.
        true_vector: what is returned if it is true.
        false_vector: what is returned otherwise.
        name: the name of the scope.

    Raises:
        TypeError: if `cond` is not bool, or the types of the vectors differ.
    """
    with scopes.name_scope(name, values=(cond, true_vector, false_vector)):
        cond = convert_to_tensor(cond, name="cond")
        if cond.dtype != bool_:
            raise TypeError(f"{cond}.dtype={cond.dtype} which is not {bool_}")
        known = constant_value(cond) if cond._made_by in _LOOKED_AT else None
        if known is not None:
            return true_vector if known else false_vector
        yes = convert_to_tensor(true_vector, name="true_vector")
        no = convert_to_tensor(false_vector, name="false_vector")
        if yes.dtype != no.dtype:
            raise TypeError(f"{yes}.dtype={yes.dtype} does not match {no}.dtype={no.dtype}")
        n = shape(yes)[0]
        return slice_(concat([yes, no], 0), [where_v2(cond, 0, n)], [where(cond, n, -1)])


def prefer_static_broadcast_shape(
    shape1: Any, shape2: Any, name: str = "prefer_static_broadcast_shape"
) -> Any:
    """Returns the shape that two shapes broadcast to.

    Args:
        shape1: a TensorShape, or integers.
        shape2: another one.
        name: the name of the scope.

    Returns:
        A TensorShape if both are known, else a tensor.

    Raises:
        ValueError: if only part of a TensorShape is known while the other one is a tensor.
    """
    with scopes.name_scope(name, values=[shape1, shape2]):
        static = [_static_shape(s) for s in (shape1, shape2)]
        if static[0] is not None and static[1] is not None:
            return broadcast_static_shape(*static)
        return broadcast_dynamic_shape(_shape_tensor(shape1), _shape_tensor(shape2))


def _static_shape(given: Any) -> TensorShape | None:
    if isinstance(given, TensorShape):
        return given
    known = constant_value(convert_to_tensor(given, name="shape", dtype=int32))
    return None if known is None else TensorShape(known)


def _shape_tensor(given: Any) -> Tensor:
    if isinstance(given, TensorShape):
        if not given.is_fully_defined():
            raise ValueError("Cannot broadcast from partially defined `TensorShape`.")
        given = given.as_list()
    return convert_to_tensor(given, name="shape", dtype=int32)
