"""Values as tensors: the registry of conversions, and constants made on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np

from graphflow.core import late, scopes, values
from graphflow.core.dtypes import DType, as_dtype, int32, int64
from graphflow.core.eager_tensor import EagerTensor
from graphflow.core.opdef import REGISTRY
from graphflow.core.operation import Operation
from graphflow.core.shape import Dimension, TensorShape
from graphflow.core.tensor import Tensor

Conversion = Callable[..., Any]
_registry: Final[list[tuple[int, int, tuple[type, ...], Conversion]]] = []
_by_type: Final[dict[type, list[Conversion]]] = {}


def register_tensor_conversion_function(
    base_type: Any, conversion_func: Conversion, priority: int = 100
) -> None:
    """Registers how objects of a type become tensors.

    Args:
        base_type: a type or a tuple of types.
        conversion_func: `f(value, dtype=None, name=None, as_ref=False)` returns a tensor, or
            NotImplemented.
        priority: functions with lower numbers are asked first.

    Raises:
        TypeError: if the arguments are not a type and a function.
    """
    types = base_type if isinstance(base_type, tuple) else (base_type,)
    if not types or not all(isinstance(t, type) for t in types):
        raise TypeError("base_type must be a type or a tuple of types.")
    if not callable(conversion_func):
        raise TypeError("conversion_func must be callable.")
    _registry.append((priority, len(_registry), types, conversion_func))
    _registry.sort(key=lambda entry: entry[:2])
    _by_type.clear()


def _conversions(cls: type) -> list[Conversion]:
    found = _by_type.get(cls)
    if found is None:
        found = [f for _, _, types, f in _registry if issubclass(cls, types)]
        _by_type[cls] = found
    return found


def convert_to_tensor(
    value: Any,
    dtype: Any = None,
    name: str | None = None,
    preferred_dtype: Any = None,
    dtype_hint: Any = None,
) -> Tensor:
    """Returns a value as a tensor: itself, or a constant of the default graph.

    Args:
        value: a tensor, variable, array, number, text, or nested lists of them.
        dtype: the type the tensor must have; None: the value's own.
        name: the name of a constant that has to be made.
        preferred_dtype: a type to try first.
        dtype_hint: the same under its newer name.

    Raises:
        TypeError: if no conversion is registered for the value's type.
        ValueError: if a tensor has another type than `dtype`.
    """
    hint = dtype_hint if preferred_dtype is None else preferred_dtype
    result: Tensor = convert(
        value,
        None if dtype is None else as_dtype(dtype),
        name,
        preferred=None if hint is None else as_dtype(hint),
    )
    return result


def convert(
    value: Any,
    dtype: DType | None = None,
    name: str | None = None,
    *,
    preferred: DType | None = None,
    as_ref: bool = False,
) -> Any:
    """As `convert_to_tensor`, for the package itself.

    Args:
        value: what becomes a tensor.
        dtype: the type it must have.
        name: the name of a new constant.
        preferred: a type to try first, where `dtype` is None.
        as_ref: whether a variable is wanted itself, not its value.
    """
    if isinstance(value, Tensor):
        if dtype is not None and not dtype.is_compatible_with(value.dtype.base_dtype):
            raise ValueError(
                f"Tensor conversion requested dtype {dtype.name} for Tensor with dtype "
                f"{value.dtype.name}: {str(value)!r}"
            )
        return value
    prefix = "" if name is None else f"{name}: "
    for function in _conversions(type(value)):
        if dtype is None and preferred is not None:
            try:
                found = function(value, dtype=preferred, name=name, as_ref=as_ref)
            except (TypeError, ValueError):
                found = NotImplemented
            if found is not NotImplemented:
                return found
        found = function(value, dtype=dtype, name=name, as_ref=as_ref)
        if found is NotImplemented:
            continue
        if not isinstance(found, Tensor):
            raise RuntimeError(
                f"{prefix}Conversion function {function!r} for type {type(value)} "
                f"returned non-Tensor: {found!r}"
            )
        if dtype is not None and not dtype.is_compatible_with(found.dtype):
            raise RuntimeError(
                f"{prefix}Conversion function {function!r} for type {type(value)} returned "
                f"incompatible dtype: requested = {dtype.name}, actual = {found.dtype.name}"
            )
        return found
    raise TypeError(
        f"{prefix}Cannot convert {value!r} with type {type(value)} to Tensor: "
        "no conversion function registered."
    )


def convert_n_to_tensor(
    items: Iterable[Any],
    dtype: Any = None,
    name: str | None = None,
    preferred_dtype: Any = None,
) -> list[Tensor]:
    """Returns each item as a tensor; constants are named `name_0`, `name_1`, ..."""
    return [
        convert_to_tensor(item, dtype, None if name is None else f"{name}_{i}", preferred_dtype)
        for i, item in enumerate(items)
    ]


def constant(array: np.ndarray[Any, Any], dtype: DType, name: str | None = None) -> Tensor:
    """Adds a Const operation that holds an array to the default graph.

    The array is not copied: the caller hands it over.
    """
    values.check_size(array)
    graph = scopes.get_default_graph()
    if graph.executes:
        return EagerTensor(array, dtype)
    asked = "Const" if name is None else name
    node = graph.enter_name(asked) if asked.endswith("/") else graph.unique_name(asked)
    array.flags.writeable = False
    op = graph.add(REGISTRY["Const"], (), {"dtype": dtype, "value": array}, node, (dtype,))
    return op.outputs[0]


@late.provide("tensor_from_array")
def tensor_from_array(value: Any, dtype: Any = None) -> Tensor:
    """Returns a value as a tensor: what a stored EagerTensor becomes when it is loaded."""
    found: Tensor = convert(value, None if dtype is None else as_dtype(dtype))
    return found


def _from_python(value: Any, dtype: Any = None, name: Any = None, as_ref: bool = False) -> Any:
    array = values.as_array(value, dtype)
    if isinstance(value, np.ndarray):
        array = np.array(array, order="C")  # the graph keeps its own copy
    elif not array.flags.owndata:
        array = array.copy()
    return constant(array, as_dtype(array.dtype) if dtype is None else dtype.base_dtype, name)


def _from_shape(value: Any, dtype: Any = None, name: Any = None, as_ref: bool = False) -> Any:
    dims: tuple[Any, ...] | None = value.raw if isinstance(value, TensorShape) else (value.value,)
    if dims is None or None in dims:
        what = "Dimension" if isinstance(value, Dimension) else "partially known TensorShape"
        raise ValueError(f"Cannot convert a {what} to a Tensor: {value}")
    if dtype is None:
        dtype = int64 if any(d >= 2**31 for d in dims) else int32
    elif dtype not in (int32, int64):
        raise TypeError(f"Cannot convert a TensorShape to dtype: {dtype.name}")
    array = np.array(dims[0] if isinstance(value, Dimension) else dims, dtype.as_numpy_dtype)
    return constant(array, dtype, "shape_as_tensor" if name is None else name)


def _from_operation(value: Operation, dtype: Any = None, name: Any = None, as_ref: Any = 0) -> Any:
    raise TypeError(
        f"Can't convert Operation '{value.name}' to Tensor "
        f"(target dtype={None if dtype is None else dtype.name!r}, name={name!r})"
    )


_PLAIN: Final = (
    int, float, complex, str, bytes, bool, np.generic, np.ndarray, Dimension, type(None),
)  # fmt: skip


def _from_sequence(value: Any, dtype: Any = None, name: Any = None, as_ref: bool = False) -> Any:
    """Packs nested lists that hold tensors; leaves others to the next conversion."""
    if all(isinstance(x, _PLAIN) for x in values.leaves(value)):
        return NotImplemented
    return late.call("autopack", value, dtype=dtype, name=name, as_ref=as_ref)


register_tensor_conversion_function((list, tuple), _from_sequence, 99)
register_tensor_conversion_function((TensorShape, Dimension), _from_shape, 100)
register_tensor_conversion_function(Operation, _from_operation, 100)
register_tensor_conversion_function(
    (list, tuple, str, bytes, int, float, complex, np.ndarray, np.generic), _from_python, 100
)
register_tensor_conversion_function(object, _from_python, 200)
