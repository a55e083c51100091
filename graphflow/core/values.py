"""Python values as arrays: the element type TensorFlow gives them, and what it refuses."""

from __future__ import annotations

import numbers
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from graphflow.core import shape as shapes
from graphflow.core.dtypes import DType, as_dtype, float32, int32

Array = np.ndarray[Any, Any]
TOO_LARGE: Final = "Cannot create a tensor proto whose content is larger than 2GB."
_LIMIT: Final = 1 << 31


def leaves(value: Any) -> Iterator[Any]:
    """The items of nested lists and tuples, in order."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def _fits(item: Any, kind: str) -> bool:
    match kind:
        case "b":
            return isinstance(item, bool | np.bool_)
        case "i" | "u":
            return isinstance(item, numbers.Integral | shapes.Dimension | np.ndarray)
        case "f":
            return isinstance(item, numbers.Real | np.floating | np.ndarray) or hasattr(
                item, "dtype"
            )
        case "c":
            return isinstance(item, numbers.Complex | np.ndarray) or hasattr(item, "dtype")
        case "S":
            return isinstance(item, str | bytes | np.ndarray)
        case "q":
            return isinstance(item, numbers.Integral | tuple)
    return True


def check_compatible(value: Any, dtype: DType | None) -> None:
    """Raises TypeError if an item of `value` cannot be an element of type `dtype`."""
    if value.__class__ in (int, float) and (
        dtype is None or dtype.kind == "f" or (dtype.kind == "i" and value.__class__ is int)
    ):
        return
    for item in leaves(value):
        symbolic = hasattr(item, "value_index")
        if dtype is None:
            if symbolic:
                raise TypeError("List of Tensors when single Tensor expected")
        elif symbolic or not _fits(item, dtype.kind):
            if item is None:
                raise ValueError("None values not supported.")
            raise TypeError(
                f"Expected {dtype.name}, got {item!r} of type '{type(item).__name__}' instead."
            )


def _dense_shape(value: Any) -> list[int]:
    if not isinstance(value, list | tuple):
        return list(value.shape) if isinstance(value, np.ndarray) else []
    if not value:
        return [0]
    return [len(value), *_dense_shape(value[0])]


def _ragged(value: Any) -> ValueError:
    return ValueError(
        f"Argument must be a dense tensor: {value!r} - its rows differ in length: "
        f"wanted {_dense_shape(value)} (setting an array element with a sequence.)"
    )


def _to_bytes(item: Any) -> bytes:
    if isinstance(item, bytes):
        return item
    if isinstance(item, str):
        return item.encode()
    raise TypeError(f"Expected binary or unicode string, got {item!r}")


def string_array(value: Any) -> Array:
    """An object array of bytes from text or bytes, nested or not.

    Raises:
        TypeError: if an item is neither.
    """
    if isinstance(value, np.ndarray | np.generic):
        items = np.asarray(value)
        flat = [_to_bytes(x) for x in items.ravel().tolist()]
        dims: tuple[int, ...] = items.shape
    else:
        dims = tuple(_dense_shape(value))
        flat = [_to_bytes(x) for x in leaves(value)]
        if len(flat) != shapes.count(dims):
            raise _ragged(value)
    out = np.empty(len(flat), object)
    out[:] = flat
    return out.reshape(dims)


def as_array(value: Any, dtype: DType | None = None) -> Array:
    """Returns a value as an array of the type TensorFlow gives it.

    Python floats are float32, ints are int32 where they fit (else int64), text is UTF-8 bytes;
    NumPy arrays and scalars keep their type.

    Args:
        value: numbers, text, nested lists of them, or an array.
        dtype: the type asked for; None: the rule above.

    Raises:
        TypeError: if an item cannot have the type.
        ValueError: for None, and for lists whose rows differ in length.
        OverflowError: for Python ints of more than 64 bits; shorter ones wrap.
    """
    if value is None:
        raise ValueError("None values not supported.")
    base = None if dtype is None else dtype.base_dtype
    if isinstance(value, np.generic) or (
        not isinstance(value, list | tuple | int | float) and hasattr(value, "__array__")
    ):
        return _from_array(np.asarray(value), base)
    if base is not None and base.kind == "S":
        check_compatible(value, base)
        return string_array(value)
    check_compatible(value, base)
    if base is not None:
        value = _without_dimensions(value) if base.kind in "iu" else value
        return _typed(value, base)
    return _inferred(_without_dimensions(value))


def _without_dimensions(value: Any) -> Any:
    if isinstance(value, shapes.Dimension):
        return value.value
    if isinstance(value, list | tuple) and any(
        isinstance(x, shapes.Dimension | list | tuple) for x in value
    ):
        return [_without_dimensions(x) for x in value]
    return value


def _typed(value: Any, base: DType) -> Array:
    try:
        if base.kind in "iu":
            wide = np.array(value)
            if wide.size == 0 or wide.dtype.kind in "ib":
                return wide.astype(base.as_numpy_dtype)
            return _wrapped(np.array(value, object), base)
        return np.array(value, base.as_numpy_dtype)
    except ValueError as e:
        if "inhomogeneous" in str(e) or "sequence" in str(e):
            raise _ragged(value) from None
        raise


def _wrapped(items: Array, base: DType) -> Array:
    """Python ints as C converts them: they wrap, as far as 64 bits hold them."""
    high = 1 << (64 if base.name in ("uint32", "uint64") else 63)
    if any(not -(1 << 63) <= int(x) < high for x in items.flat):
        raise OverflowError("Python int too large to convert to C long")
    bits = np.array([int(x) % (1 << 64) for x in items.flat], np.uint64)
    return bits.reshape(items.shape).astype(base.as_numpy_dtype)


def _from_array(array: Array, base: DType | None) -> Array:
    if array.dtype.kind in "SU":
        array = string_array(array)
    if base is None:
        found = as_dtype(array.dtype)  # raises for types that no tensor has
        if found.kind == "S":
            return string_array(array)
        return array
    if base.kind == "S":
        return string_array(array)
    if array.dtype.kind == "O" and base.kind not in "SR":
        raise TypeError(f"Expected {base.name}, got an array of objects: {array!r}")
    return array.astype(base.as_numpy_dtype)


def _inferred(value: Any) -> Array:
    try:
        array = np.array(value)
    except ValueError:
        raise _ragged(value) from None
    if array.dtype.kind in "US":
        if not all(isinstance(x, str | bytes | np.ndarray) for x in leaves(value)):
            raise TypeError(
                f"Failed to convert object of type {type(value)} to Tensor. "
                f"Contents: {value}. Consider casting elements to a supported type."
            )
        return string_array(value)
    if array.dtype == np.float64:
        return array.astype(float32.as_numpy_dtype)
    if array.dtype == np.int64:
        narrow = array.astype(int32.as_numpy_dtype)
        return narrow if np.array_equal(narrow, array) else array
    if array.dtype.kind == "O":
        if all(isinstance(x, str | bytes) for x in leaves(value)):
            return string_array(value)
        raise TypeError(
            f"Failed to convert object of type {type(value)} to Tensor. "
            f"Contents: {value}. Consider casting elements to a supported type."
        )
    return array


def filled(array: Array, dims: tuple[int, ...], verify: bool) -> Array:
    """Gives a constant's value the shape that `tf.constant(value, shape=...)` asks for.

    A value that is too short is continued with its last element.

    Raises:
        TypeError: if `verify` and the shape is not the value's own.
        ValueError: if the value has more elements than the shape.
    """
    size = shapes.count(dims) or 0
    if size == 0 and not verify:  # TensorFlow makes an empty constant of any value
        return np.zeros(dims, array.dtype)
    if verify and array.shape != dims:
        raise TypeError(f"Expected Tensor's shape: {dims}, got {array.shape}.")
    if array.size > size:
        raise ValueError(
            f"Too many elements provided. Needed at most {size}, but received {array.size}"
        )
    flat = array.ravel()
    if array.size < size:
        tail = flat[-1:] if array.size else np.zeros(1, array.dtype)
        flat = np.concatenate([flat, np.broadcast_to(tail, (size - array.size,))])
    return flat.reshape(dims)


def check_size(array: Array) -> None:
    """Raises ValueError where a constant is too large for a GraphDef."""
    if array.nbytes >= _LIMIT:
        raise ValueError(TOO_LARGE)
