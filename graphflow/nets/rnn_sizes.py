"""Sizes of the states and outputs of recurrent cells: ints, TensorShapes, tensors, or nests."""

from __future__ import annotations

from typing import Any

from graphflow.core import nest
from graphflow.core.constant import constant_value
from graphflow.core.dtypes import int32
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.tensor import Tensor
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.fill import zeros
from graphflow.ops.reshape import expand_dims


def joined_sizes(prefix: Any, suffix: Any) -> Tensor:
    """Returns the shape `prefix` and then `suffix` as a tensor.

    Args:
        prefix: sizes in front: an int, a TensorShape, or a tensor.
        suffix: sizes behind it, likewise.

    Raises:
        ValueError: if a size is not known, or a tensor is neither scalar nor vector.
    """
    first, second = _vector(prefix, "prefix"), _vector(suffix, "suffix")
    if first is None or second is None:
        raise ValueError(f"Provided a prefix or suffix of None: {prefix} and {suffix}")
    return concat((first, second), 0)


def static_sizes(prefix: Any, suffix: Any) -> TensorShape:
    """Returns what is known now of the shape `prefix` and then `suffix`.

    Args:
        prefix: as in `joined_sizes`.
        suffix: as in `joined_sizes`.

    Raises:
        ValueError: if a tensor is neither scalar nor vector.
    """
    # TensorFlow makes the tensors here too, and operation seeds count them.
    _vector(prefix, "prefix")
    _vector(suffix, "suffix")
    return as_shape(known_sizes(prefix)).concatenate(known_sizes(suffix))


def _vector(size: Any, what: str) -> Tensor | None:
    if isinstance(size, Tensor):
        if size.shape.ndims == 0:
            widened: Tensor = expand_dims(size, 0)
            return widened
        if size.shape.ndims != 1:
            raise ValueError(
                f"{what} tensor must be either a scalar or vector, but saw tensor: {size}"
            )
        return size
    shape = as_shape(size)
    if not shape.is_fully_defined():
        return None
    found: Tensor = constant(shape.as_list(), int32)
    return found


def known_sizes(size: Any) -> Any:
    """Returns a size as it is, or the TensorShape that a tensor is known to hold."""
    if not isinstance(size, Tensor):
        return as_shape(size)
    value = constant_value(size)
    return TensorShape(None if value is None else value.tolist())


def zero_state_tensors(state_size: Any, batch_size: Any, dtype: Any) -> Any:
    """Returns zeros `[batch_size, size]` for each size of a state.

    Args:
        state_size: a size, or a nest of sizes.
        batch_size: an int or a scalar tensor.
        dtype: the element type.
    """

    def one(size: Any) -> Tensor:
        made = zeros(joined_sizes(batch_size, size), dtype)
        made.set_shape(static_sizes(batch_size, size))
        return made

    return nest.map_structure(one, state_size)


def inferred_dtype(explicit: Any, state: Any) -> Any:
    """The element type of outputs: the explicit one, else that of all parts of the state.

    Raises:
        ValueError: if there is none, or the parts differ.
    """
    if explicit is not None:
        return explicit
    if not nest.is_nested(state):
        return state.dtype
    found = [x.dtype for x in nest.flatten(state)]
    if not found:
        raise ValueError("Unable to infer dtype from empty state.")
    if any(d != found[0] for d in found):
        raise ValueError(
            "State has tensors of different inferred_dtypes. Unable to infer a single "
            "representative dtype."
        )
    return found[0]
