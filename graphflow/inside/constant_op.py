"""Names of tensorflow.python.framework.constant_op: its `constant` is that of TensorFlow 2."""

from __future__ import annotations

import math
from typing import Any

from graphflow.core import values
from graphflow.core.dtypes import as_dtype
from graphflow.core.shape import as_shape
from graphflow.core.tensor import Tensor
from graphflow.ops.constant import constant as constant_v1


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> Tensor:
    """Returns a tensor that is the same in every run.

    Args:
        value: a number, text, nested lists of them, or an array.
        dtype: the element type; None: as the value has it.
        shape: the shape; a value of one element fills it, another one must have as many elements.
        name: the node's name.

    Raises:
        TypeError: if the value has another number of elements.
    """
    if shape is None:
        return constant_v1(value, dtype, name=name)
    array = values.as_array(value, None if dtype is None else as_dtype(dtype))
    dims = tuple(d or 0 for d in as_shape(shape).as_list())
    wanted = math.prod(dims)
    if array.size not in (1, wanted):
        raise TypeError(f"Expected Tensor's shape: {dims}, got {array.shape}.")
    kind = as_dtype(array.dtype) if dtype is None else dtype
    return constant_v1(array, kind, shape=dims, name=name)
