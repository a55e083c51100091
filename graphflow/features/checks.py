"""Checks of the arguments of feature columns."""

from __future__ import annotations

from typing import Any

from graphflow.core import nest
from graphflow.core.dtypes import DType, string


def check_key(key: Any) -> None:
    """Checks that the key of a feature is a string.

    Raises:
        ValueError: if it is not.
    """
    if not isinstance(key, str):
        raise ValueError(f"key must be a string. Got: type {type(key)}. Given key: {key}.")


def check_string_or_int(dtype: DType, prefix: str) -> None:
    """Checks that ids can be made of an element type.

    Raises:
        ValueError: if it is neither string nor an integer type; the message begins with `prefix`.
    """
    if dtype != string and not dtype.is_integer:
        raise ValueError(f"{prefix} dtype must be string or integer. dtype: {dtype}.")


def check_number(dtype: DType, key: Any) -> None:
    """Checks that floats can be made of an element type.

    Raises:
        ValueError: if they cannot.
    """
    if not (dtype.is_integer or dtype.is_floating):
        raise ValueError(f"dtype must be convertible to float. dtype: {dtype}, key: {key}")


def check_normalizer(normalizer_fn: Any) -> None:
    """Checks that a normalizer is a function or None.

    Raises:
        TypeError: if it is something else.
    """
    if normalizer_fn is not None and not callable(normalizer_fn):
        raise TypeError(f"normalizer_fn must be a callable. Given: {normalizer_fn}")


def checked_shape(shape: Any, key: Any) -> tuple[int, ...]:
    """Returns a size or sizes as a tuple.

    Raises:
        TypeError: if one is no integer.
        ValueError: if one is below 1.
    """
    assert shape is not None
    sizes = tuple(shape) if nest.is_nested(shape) else (shape,)
    for size in sizes:
        if not isinstance(size, int):
            raise TypeError(f"shape dimensions must be integer. shape: {sizes}, key: {key}")
        if size < 1:
            raise ValueError(f"shape dimensions must be greater than 0. shape: {sizes}, key: {key}")
    return sizes


def checked_default(shape: tuple[int, ...], default_value: Any, dtype: DType, key: Any) -> Any:
    """Returns what stands for a missing numeric feature, as nested tuples of its shape.

    Args:
        shape: the feature's shape.
        default_value: None, one number for all elements, or an array or list of the shape.
        dtype: the feature's element type.
        key: its key.

    Raises:
        ValueError: if the shape differs.
        TypeError: if the numbers do not fit the element type.
    """
    if default_value is None:
        return None
    if isinstance(default_value, int) or (isinstance(default_value, float) and dtype.is_floating):
        return _filled(shape, default_value)
    if callable(getattr(default_value, "tolist", None)):
        default_value = default_value.tolist()
    if nest.is_nested(default_value):
        if not _has_shape(default_value, shape):
            raise ValueError(
                "The shape of default_value must be equal to given shape. "
                f"default_value: {default_value}, shape: {shape}, key: {key}"
            )
        numbers = nest.flatten(default_value)
        whole = all(isinstance(v, int) for v in numbers)
        if whole or (any(isinstance(v, float) for v in numbers) and dtype.is_floating):
            return _as_tuple(default_value)
    raise TypeError(
        f"default_value must be compatible with dtype. default_value: {default_value}, "
        f"dtype: {dtype}, key: {key}"
    )


def _filled(shape: tuple[int, ...], value: Any) -> Any:
    return (_filled(shape[1:], value),) * shape[0] if shape else value


def _as_tuple(value: Any) -> Any:
    return tuple(_as_tuple(v) for v in value) if nest.is_nested(value) else value


def _has_shape(value: Any, shape: tuple[int, ...]) -> bool:
    if nest.is_nested(value) != bool(shape):
        return False
    if not shape:
        return True
    return len(value) == shape[0] and all(_has_shape(v, shape[1:]) for v in value)


def check_dimension(dimension: Any) -> None:
    """Checks the width of an embedding.

    Raises:
        ValueError: if it is None or below 1.
    """
    if dimension is None or dimension < 1:
        raise ValueError(f"Invalid dimension {dimension}.")


def check_checkpoint(ckpt_to_load_from: Any, tensor_name_in_ckpt: Any) -> None:
    """Checks that a checkpoint and a name in it are given together.

    Raises:
        ValueError: if only one of them is.
    """
    if (ckpt_to_load_from is None) != (tensor_name_in_ckpt is None):
        raise ValueError(
            "Must specify both `ckpt_to_load_from` and `tensor_name_in_ckpt` or none of them."
        )


def check_out_of_vocabulary(num_oov_buckets: Any, has_default: bool, key: Any) -> None:
    """Checks what a vocabulary does with other words.

    Raises:
        ValueError: if there are both buckets and a default id, or a negative number of buckets.
    """
    if not num_oov_buckets:
        return
    if has_default:
        raise ValueError(f"Can't specify both num_oov_buckets and default_value in {key}.")
    if num_oov_buckets < 0:
        raise ValueError(f"Invalid num_oov_buckets {num_oov_buckets} in {key}.")


def check_same_kind(column: Any, dtype: DType, tensor_dtype: DType) -> None:
    """Checks that ids come as a column says: as strings or as integers.

    Raises:
        ValueError: if they do not.
    """
    if dtype.is_integer != tensor_dtype.is_integer:
        raise ValueError(
            "Column dtype and SparseTensors dtype must be compatible. "
            f"key: {column.key}, column dtype: {dtype}, tensor dtype: {tensor_dtype}"
        )
