"""What is known of a tensor before any run: constants, and sizes that shapes give away."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core import late
from graphflow.core.repeated import Repeated, whole
from graphflow.core.tensor import Tensor

_UNKNOWN: Final = object()
_MAX_ELEMENTS: Final = 4096  # larger values are not worth computing twice
_MAX_DEPTH: Final = 64


def constant_value(tensor: Tensor, depth: int = 0) -> np.ndarray[Any, Any] | None:
    """Returns the value of a tensor that no run can change, or None.

    Looks through operations without state whose inputs are constants, as long as the values are
    small. The array is shared: do not write to it.
    """
    if tensor.__class__ is not Tensor:
        return tensor._known()
    op = tensor.op
    if op.definition.name == "Const":
        return whole(op.attrs["value"])
    if op._constant is _UNKNOWN:
        return None
    if op._constant is None:
        found = None if depth > _MAX_DEPTH else _evaluate(tensor, depth)
        op._constant = _UNKNOWN if found is None else found
        if found is None:
            return None
    result: np.ndarray[Any, Any] = op._constant[tensor.value_index]
    return result


def settled_value(tensor: Tensor, depth: int = 0) -> np.ndarray[Any, Any] | None:
    """As `constant_value`, but None for a large constant that no array has been made of yet."""
    if tensor.__class__ is not Tensor:
        return constant_value(tensor)
    op = tensor.op
    if op.definition.name == "Const" and op.attrs["value"].__class__ is Repeated:
        return None
    return constant_value(tensor, depth)


def _evaluate(tensor: Tensor, depth: int) -> list[np.ndarray[Any, Any]] | None:
    op = tensor.op
    definition = op.definition
    if definition.partial_rule is not None:
        known = definition.partial_rule(op)
        if known is not None and (known.__class__ is int or None not in known):
            return [np.array(known, op.outputs[0].dtype.as_numpy_dtype)]
        if known is not None:
            return None
    if definition.is_stateful or not op.inputs or definition.effect is not None:
        return None
    if definition.name == "PlaceholderWithDefault":  # a run may feed it
        return None
    arrays = []
    for t in op.inputs:
        if t.dtype.is_ref or t.dtype.kind == "R":
            return None
        value = settled_value(t, depth + 1)
        if value is None or value.size > _MAX_ELEMENTS:
            return None
        arrays.append(value)
    for t in op.outputs:
        size = t.shape.num_elements()
        if size is not None and size > _MAX_ELEMENTS:
            return None
    return late.call("evaluate", definition, op.attrs, arrays)  # type: ignore[no-any-return]  # late-bound


def partial_value(tensor: Tensor) -> Any:
    """Returns what is known of a small integer tensor.

    Returns:
        For a vector a list of int or None, for a scalar an int; None where nothing is known.
    """
    value = settled_value(tensor)
    if value is not None:
        return plain(value)
    if tensor.__class__ is not Tensor:
        return None
    rule = tensor.op.definition.partial_rule
    return None if rule is None else rule(tensor.op)


def partial_array(tensor: Tensor) -> np.ndarray[Any, Any] | None:
    """As `constant_value`, but a stack of rows some of which are unknown has None in their places.

    The array is a new one.
    """
    found = constant_value(tensor)
    if found is not None:
        return np.array(found)
    if tensor.__class__ is not Tensor:
        return None
    op = tensor.op
    if op.type != "Pack" or not op.inputs or op.attrs["axis"]:  # as TensorFlow: rows only
        return None
    parts = [partial_array(x) for x in op.inputs]
    return None if all(x is None for x in parts) else np.array(parts, object)


def plain(value: np.ndarray[Any, Any]) -> Any:
    """A scalar or vector of integers as Python numbers; None for anything else."""
    if value.ndim > 1 or value.dtype.kind not in "iu":
        return None
    return value.tolist()
