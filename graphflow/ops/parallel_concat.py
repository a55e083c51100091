"""Stacks of tensors whose shapes are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.errors import ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, TensorShape
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import merged
from graphflow.ops.reshape import expand_dims

Array = np.ndarray[Any, Any]

# --- ParallelConcat ---
PARALLEL_CONCAT = define(
    "ParallelConcat(values: N*T, *, shape: shape, N: int) -> output: T", N=1
).no_gradient("TensorFlow registers none", raises=True)


@PARALLEL_CONCAT.shape
def _(op: Operation) -> list[Dims]:
    wanted: Dims = op.attrs["shape"]
    if wanted is None or None in wanted:
        raise ShapeError("shape attr must be fully defined.")
    one: Dims = (1, *wanted[1:])
    for n, t in enumerate(op.inputs):
        if t.dims is None or None in t.dims:
            raise ShapeError("All input shapes must be fully defined.")
        if t.dims[:1] != (1,):
            raise ShapeError("Size of first dimension must be 1.")
        try:
            one = merged(one, t.dims)
        except ShapeError as e:
            raise ShapeError(f"{e} From merging shape {n} with other shapes.") from None
    return [wanted]


@PARALLEL_CONCAT.numpy
def _(values: list[Array]) -> Array:
    return np.concatenate(values)


@export("parallel_stack")
def parallel_stack(values: Sequence[Any], name: str = "parallel_stack") -> Tensor:
    """Returns tensors stacked along a new first axis.

    Args:
        values: tensors of one shape, which is known.
        name: the name of the scope.

    Raises:
        ValueError: if a shape is not known, or they differ.

    Note:
        In TensorFlow the parts are copied as they come; here as by `tf.stack`.
    """
    with scopes.name_scope(name):
        first = convert_to_tensor(values[0])
        shape = TensorShape([len(values)]).concatenate(first.get_shape())
        parts = [expand_dims(value, 0) for value in values]
        found: Tensor = apply(PARALLEL_CONCAT, parts, shape=shape)
    return found
