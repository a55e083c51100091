"""Tensors that must have a given shape: checked now where it is known, else at run time."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.ops.checks import Assert
from graphflow.ops.comparison import equal, logical_and, logical_or
from graphflow.ops.identity import identity
from graphflow.ops.reduce import reduce_all
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import rank, size
from graphflow.ops.shape_ops import shape as shape_of


@export("contrib.framework.with_same_shape")
def with_same_shape(expected_tensor: Any, tensor: Any) -> Tensor:
    """Returns a tensor, which must have the shape of another one.

    Args:
        expected_tensor: the tensor whose shape is wanted.
        tensor: the tensor.

    Returns:
        `tensor` itself where its shape is known; else a copy that is checked when it is run.

    Raises:
        ValueError: if the shapes are known and differ.
    """
    with scopes.name_scope(f"{tensor.op.name}/", values=[expected_tensor, tensor]):
        known = expected_tensor.shape
        wanted: Any = known.as_list() if known.is_fully_defined() else None
        if wanted is None:
            wanted = shape_of(expected_tensor, name="expected_shape")
        return with_shape(wanted, tensor)


@export("contrib.framework.with_shape")
def with_shape(expected_shape: Any, tensor: Any) -> Tensor:
    """Returns a tensor, which must have a given shape.

    Args:
        expected_shape: an int32 tensor, an array, a list or a TensorShape; sizes of a TensorShape
            may be unknown.
        tensor: the tensor. One with a single element, `[1]`, becomes a scalar where a scalar is
            wanted.

    Returns:
        `tensor` itself where its shape is known; else a copy that is checked when it is run.

    Raises:
        ValueError: if the shapes are known and differ, or `expected_shape` is no list of int32.
    """
    if isinstance(tensor, SparseTensor):
        raise ValueError("SparseTensor not supported.")
    wanted = _sizes(expected_shape, tensor)
    known = tensor.shape
    if isinstance(wanted, Tensor):
        return _checked(wanted, tensor)
    if not known.is_fully_defined():
        if len(wanted) < 1:
            return _as_scalar(tensor)
        made = _checked(wanted, tensor)
        made.set_shape(wanted)
        return made
    if not known.is_compatible_with(wanted):
        if len(wanted) < 1 and known.is_compatible_with([1]):
            return _as_scalar(tensor)
        raise ValueError(f"Invalid shape for tensor {tensor.name}, expected {wanted}, got {known}.")
    found: Tensor = tensor
    return found


def _sizes(shape: Any, tensor: Tensor) -> Any:
    """The wanted sizes as an array, a TensorShape or a tensor."""

    def invalid(what: str, value: Any) -> ValueError:
        return ValueError(
            f"Invalid {what} {value} for shape {shape} expected of tensor {tensor.name}."
        )

    if isinstance(shape, Tensor):
        if shape.dtype.base_dtype != int32:
            raise invalid("dtype", shape.dtype)
        return shape
    if isinstance(shape, list | tuple):
        listed = np.asarray(shape) if shape else np.zeros(0, np.int32)
        shape = listed.astype(np.int32) if listed.dtype == np.int64 else listed
    if isinstance(shape, np.ndarray):
        if shape.ndim > 1:
            raise invalid("rank", shape.ndim)
        if shape.dtype != np.int32:
            raise invalid("dtype", shape.dtype)
    return shape


def _as_scalar(tensor: Tensor) -> Tensor:
    with scopes.name_scope(f"{tensor.op.name}/", values=[tensor]):
        return reshape(tensor, [])


def _checked(wanted: Any, tensor: Tensor) -> Tensor:
    with scopes.name_scope(f"{tensor.op.name}/", values=[tensor]):
        with scopes.control_dependencies([_assert_shape(wanted, tensor)]):
            made: Tensor = identity(tensor)
        return made


def _assert_shape(wanted: Any, tensor: Tensor) -> Operation:
    with scopes.name_scope("assert_shape", values=[tensor]) as scope:
        found = shape_of(tensor, name="actual")
        if isinstance(wanted, TensorShape) and not wanted.is_fully_defined():
            wanted = [n or -1 for n in wanted.as_list()]
        text = f"Wrong shape for {tensor.name} [expected] [actual]."
        made: Operation = Assert(
            _has_shape(wanted, tensor, found), [text, wanted, found], name=scope
        )
        return made


def _has_shape(wanted: Any, tensor: Tensor, found: Tensor) -> Tensor:
    with scopes.name_scope("is_shape", values=[tensor]) as scope:
        number = size(wanted)
        with scopes.name_scope("is_rank", values=[tensor]) as inner:
            expected = convert(number, name="expected")
            same_rank = equal(expected, rank(tensor, name="actual"), name=inner)
        with scopes.name_scope("shape_tensor_equal", values=[wanted, found]) as inner:
            free = equal(wanted, -1)
            fits = logical_or(
                free, equal(wanted, found, name="equal"), name="exclude_partial_shape"
            )
            same_sizes = reduce_all(fits, name=inner)
        both: Tensor = logical_and(same_rank, same_sizes, name=scope)
        return both
