"""tf.make_tensor_proto and tf.make_ndarray: values as TensorProto messages, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.dtypes import as_dtype
from graphflow.core.export import export
from graphflow.core.shape import as_shape
from graphflow.core.values import as_array
from graphflow.formats import proto
from graphflow.formats.tensor_proto import decode_tensor, encode_tensor


@export("make_tensor_proto", "contrib.util.make_tensor_proto")
def make_tensor_proto(
    values: Any,
    dtype: Any = None,
    shape: Any = None,
    verify_shape: bool = False,
    allow_broadcast: bool = False,
) -> Any:
    """Returns a value as a TensorProto.

    Args:
        values: numbers, text, nested lists of them, or an array.
        dtype: the element type; None: as `tf.constant` chooses it.
        shape: the shape; the message of a value that is too short says that its last element
            repeats.
        verify_shape: raise instead.
        allow_broadcast: let a single element repeat in spite of `verify_shape`.

    Raises:
        TypeError: if the value has no such type, or another shape than `verify_shape` asks for.
        ValueError: if it has more elements than the shape.
    """
    if isinstance(values, proto.TensorProto):
        return values
    wanted = None if dtype is None else as_dtype(dtype)
    array = as_array(values, wanted)
    dims = None if shape is None else tuple(as_shape(shape).as_list())
    may_repeat = not verify_shape or (allow_broadcast and array.size == 1)
    if dims is not None and array.shape != dims and not may_repeat:
        raise TypeError(f"Expected Tensor's shape: {dims}, got {array.shape}.")
    return encode_tensor(array, wanted, dims)  # type: ignore[arg-type]  # a full shape, else int() raises


@export("make_ndarray", "contrib.util.make_ndarray")
def make_ndarray(tensor: Any) -> np.ndarray[Any, Any]:
    """Returns the array in a TensorProto; strings as an object array of bytes.

    Args:
        tensor: the TensorProto.

    Raises:
        TypeError: if its element type has no array.
    """
    return decode_tensor(tensor)
