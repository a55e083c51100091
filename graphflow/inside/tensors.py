"""tf.get_static_value and its neighbours: what is known of tensors before a run."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.constant import constant_value as _constant_value
from graphflow.core.constant import partial_array, partial_value
from graphflow.core.convert import convert_to_tensor
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.formats.make_tensor_proto import make_ndarray as MakeNdarray  # noqa: N812
from graphflow.formats.make_tensor_proto import make_tensor_proto as make_tensor_proto
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.ops.variables import Variable


@export("get_static_value", "contrib.util.constant_value")
def constant_value(tensor: Any, partial: bool = False) -> Any:
    """Returns the value of a tensor that no run can change, as an array, or None.

    Args:
        tensor: a tensor; anything else is returned as it is.
        partial: whether a stack of tensors some of which are unknown gives an array with None in
            their places.
    """
    if not isinstance(tensor, Tensor):
        return tensor
    if partial:
        return partial_array(tensor)
    found = _constant_value(tensor)
    return None if found is None else np.array(found)


@export("is_tensor", "contrib.framework.is_tensor")
def is_tensor(x: Any) -> bool:
    """Returns whether an object is a tensor, SparseTensor, IndexedSlices or a variable.

    Args:
        x: anything.
    """
    return isinstance(x, Tensor | SparseTensor | IndexedSlices | Variable)


def constant_value_as_shape(tensor: Any) -> TensorShape:
    """Returns the shape that a vector of sizes stands for, as far as it is known.

    Raises:
        ValueError: if the tensor is a scalar other than -1, or holds less than -1.
    """
    given = convert_to_tensor(tensor, int32) if not isinstance(tensor, Tensor) else tensor
    value = _constant_value(given)
    if value is not None and value.ndim == 0:
        if value == -1:
            return TensorShape(None)
        raise ValueError(
            f"Received a scalar with value '{value}' as shape; require a statically known scalar "
            "with value '-1' to describe an unknown shape."
        )
    if value is not None:
        sizes: list[Any] = value.tolist()
    else:
        length = given.get_shape().with_rank(1)[0].value
        partly = partial_value(given)
        sizes = list(partly) if partly is not None else [None] * length if length else []
        if partly is None and length is None:
            return TensorShape(None)
    return TensorShape([None if size is None or size < 0 else int(size) for size in sizes])


def ShapeEquals(tensor_proto: Any, shape: Any) -> bool:
    """Returns whether a TensorProto has a shape: a TensorShapeProto or a list of sizes.

    Raises:
        TypeError: if an argument is something else.
    """
    if not hasattr(tensor_proto, "tensor_shape"):
        raise TypeError("tensor_proto is not a tensor_pb2.TensorProto object")
    if hasattr(shape, "dim"):
        sizes = [d.size for d in shape.dim]
    elif isinstance(shape, list | tuple):
        sizes = list(shape)
    else:
        raise TypeError("shape is not a list or tuple")
    return [d.size for d in tensor_proto.tensor_shape.dim] == sizes


__all__ = [
    "MakeNdarray", "ShapeEquals", "constant_value", "constant_value_as_shape", "make_tensor_proto",
]  # fmt: skip
