"""TensorProto: the form of a constant in a graph, and of a value in a V1 checkpoint.

Encoding makes the choices of TensorFlow 1.15.5's Python, so that equal graphs have equal bytes;
decoding takes everything that TensorFlow's C++ takes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from graphflow.core import dtypes
from graphflow.core.repeated import Repeated
from graphflow.formats import proto

Array = np.ndarray[Any, Any]

_LIMIT: Final = 1 << 31
_LAZY: Final = 1 << 12  # bytes of a repeated element that are made at once

# Types whose arrays of two elements or more are stored as raw bytes; the others as lists.
_RAW: Final = frozenset(
    {
        dtypes.float32, dtypes.float64, dtypes.int32, dtypes.uint8, dtypes.int16, dtypes.int8,
        dtypes.int64, dtypes.qint8, dtypes.quint8, dtypes.qint16, dtypes.quint16, dtypes.qint32,
        dtypes.uint32, dtypes.uint64,
    }
)  # fmt: skip

# The typed list of each type, and the NumPy type that its numbers are a view of.
_LISTS: Final[dict[dtypes.DType, tuple[str, Any]]] = {
    dtypes.float32: ("float_val", np.float32),
    dtypes.float64: ("double_val", np.float64),
    dtypes.int32: ("int_val", np.int32),
    dtypes.uint8: ("int_val", np.uint8),
    dtypes.int16: ("int_val", np.int16),
    dtypes.int8: ("int_val", np.int8),
    dtypes.uint16: ("int_val", np.uint16),
    dtypes.qint8: ("int_val", np.int8),
    dtypes.quint8: ("int_val", np.uint8),
    dtypes.qint16: ("int_val", np.int16),
    dtypes.quint16: ("int_val", np.uint16),
    dtypes.qint32: ("int_val", np.int32),
    dtypes.int64: ("int64_val", np.int64),
    dtypes.bool_: ("bool_val", np.bool_),
    dtypes.float16: ("half_val", np.uint16),
    dtypes.bfloat16: ("half_val", np.uint16),
    dtypes.complex64: ("scomplex_val", np.float32),
    dtypes.complex128: ("dcomplex_val", np.float64),
    dtypes.uint32: ("uint32_val", np.uint32),
    dtypes.uint64: ("uint64_val", np.uint64),
}


def encode_tensor(
    array: Array, dtype: dtypes.DType | None = None, shape: Sequence[int] | None = None
) -> Any:
    """Returns the TensorProto of an array.

    Args:
        array: numbers, or for strings an object array of bytes or str.
        dtype: the element type; of the array if None.
        shape: the tensor's shape; the array's if None. It may have more elements than the array:
            the last is then repeated by whoever decodes.

    Raises:
        ValueError: if the array is too large, or has more elements than `shape`.
        TypeError: if the element type has no place in a TensorProto.
    """
    if dtype is None:
        dtype = dtypes.string if array.dtype.kind in "OSU" else dtypes.as_dtype(array.dtype)
    dtype = dtype.base_dtype
    sizes = array.shape if shape is None else tuple(int(size) for size in shape)
    count = math.prod(sizes)
    if array.size > count:
        raise ValueError(
            f"Too many elements provided. Needed at most {count}, but received {array.size}"
        )
    message = proto.TensorProto(dtype=dtype.as_datatype_enum)
    message.tensor_shape.SetInParent()
    for size in sizes:
        message.tensor_shape.dim.add(size=size)
    if array.size == count and count > 1 and dtype in _RAW:
        if array.nbytes >= _LIMIT:
            raise ValueError("Cannot create a tensor proto whose content is larger than 2GB.")
        message.tensor_content = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    else:
        fill_list(message, array, dtype)
    return message


def fill_list(message: Any, array: Array, dtype: dtypes.DType) -> None:
    """Stores an array in the typed list of its type."""
    if dtype == dtypes.string:
        values = array.reshape(-1).tolist()
        message.string_val.extend(v.encode() if isinstance(v, str) else v for v in values)
        return
    if dtype not in _LISTS:
        raise TypeError(f"Element type not supported in TensorProto: {dtype.name}")
    field, view = _LISTS[dtype]
    flat = np.ascontiguousarray(array).reshape(-1)
    native = flat.astype(flat.dtype.newbyteorder("="), copy=False)
    getattr(message, field).extend(native.view(view).tolist())


def decode_tensor(message: Any) -> Array:
    """Returns the array of a TensorProto, fresh and writable; strings as an object array of bytes.

    A list that is too short stands for a tensor whose last element repeats; one that is too long
    is cut off, as TensorFlow's kernels do.

    Raises:
        ValueError: if its shape is not fully known, or its raw bytes do not fit the shape.
        TypeError: if its element type has no array.
    """
    return decode_values(message, dtypes.as_dtype(message.dtype).base_dtype, _shape(message))


def _shape(message: Any) -> tuple[int, ...]:
    shape = tuple(dim.size for dim in message.tensor_shape.dim)
    if message.tensor_shape.unknown_rank or any(size < 0 for size in shape):
        raise ValueError(f"a TensorProto needs a known shape, not {list(shape)}")
    return shape


def decode_constant(message: Any) -> Array | Repeated:
    """As `decode_tensor`, but what would take much more memory than the message is not made yet.

    The array cannot be written to.
    """
    dtype, shape = dtypes.as_dtype(message.dtype).base_dtype, _shape(message)
    if not message.tensor_content:
        head = _listed(message, dtype)
        size = math.prod(shape)
        if size > len(head) and size * head.dtype.itemsize > _LAZY:
            if not len(head):
                head = np.array([_default(head.dtype)], head.dtype)
            return Repeated(head, shape)
    found = decode_values(message, dtype, shape)
    found.flags.writeable = False
    return found


def decode_values(
    message: Any, dtype: dtypes.DType, shape: tuple[int, ...], *, exact: bool = False
) -> Array:
    """Returns the values in a TensorProto whose type and shape are known from elsewhere.

    Args:
        message: the TensorProto.
        dtype: the element type.
        shape: the shape.
        exact: refuse a list that is too short or too long.

    Raises:
        ValueError: if the number of values does not fit.
        TypeError: if the element type has no array.
    """
    if message.tensor_content:
        return _decode_raw(message.tensor_content, dtype, shape)
    return _repeated(_listed(message, dtype), shape, exact)


def _listed(message: Any, dtype: dtypes.DType) -> Array:
    """The elements in the typed list of a TensorProto."""
    if dtype == dtypes.string:
        strings = np.empty(len(message.string_val), np.object_)
        strings[:] = list(message.string_val)
        return strings
    if dtype not in _LISTS:
        raise TypeError(f"Unsupported tensor type: {dtype.name}")
    field, view = _LISTS[dtype]
    listed = getattr(message, field)
    wide = np.int64 if field in ("int_val", "half_val") else view
    # Small types are stored as int32; what does not fit wraps around, as in TensorFlow.
    numbers = np.fromiter(listed, wide, len(listed)).astype(view, copy=False)
    if dtype.kind == "c":
        numbers = numbers[: len(numbers) // 2 * 2]
    return numbers.view(dtype.as_numpy_dtype)


def _decode_raw(content: bytes, dtype: dtypes.DType, shape: tuple[int, ...]) -> Array:
    if dtype.kind in "SR":
        raise ValueError(f"a {dtype.name} tensor has no raw content")
    stored = np.dtype(dtype.as_numpy_dtype).newbyteorder("<")
    if len(content) != math.prod(shape) * stored.itemsize:
        raise ValueError(f"{len(content)} bytes for {dtype.name} {list(shape)}")
    flat = np.frombuffer(content, stored)
    return flat.astype(stored.newbyteorder("=")).reshape(shape)


def _default(dtype: np.dtype[Any]) -> Any:
    return b"" if dtype.kind == "O" else np.zeros((), dtype)[()]


def _repeated(values: Array, shape: tuple[int, ...], exact: bool) -> Array:
    """The values in that shape, the last repeated; a default where there is none."""
    count = math.prod(shape)
    if len(values) == count:
        return values.reshape(shape)
    if exact:
        raise ValueError(f"{len(values)} values for shape {list(shape)}")
    out = np.empty(count, values.dtype)
    out[: len(values)] = values[:count]
    out[len(values) :] = values[-1] if len(values) else _default(values.dtype)
    return out.reshape(shape)
