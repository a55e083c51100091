"""Partitioners: into how many parts `tf.get_variable` cuts a variable, along which axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from graphflow.core import scopes
from graphflow.core.dtypes import DType, float32
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.ops.variable_scope import get_variable_scope, store_of_graph, variable_scope
from graphflow.ops.variables import VariableAggregation, VariableSynchronization

Partitioner = Callable[..., list[int]]


def _element_size(dtype: DType, of_string: int) -> int:
    return of_string if dtype.base_dtype.name == "string" else dtype.size


@export("fixed_size_partitioner")
def fixed_size_partitioner(num_shards: int, axis: int = 0) -> Partitioner:
    """Returns a partitioner that always makes the same number of parts.

    Args:
        num_shards: how many; no more than the size of the axis.
        axis: the axis that is cut.
    """

    def partitioner(shape: TensorShape, **_: Any) -> list[int]:
        sizes: list[Any] = shape.as_list()
        found = [1] * len(sizes)
        found[axis] = min(num_shards, sizes[axis])
        return found

    return partitioner


@export("variable_axis_size_partitioner")
def variable_axis_size_partitioner(
    max_shard_bytes: int,
    axis: int = 0,
    bytes_per_string_element: int = 16,
    max_shards: int | None = None,
) -> Partitioner:
    """Returns a partitioner that makes parts of at most so many bytes.

    Args:
        max_shard_bytes: how large a part may be; at least one slice is in each.
        axis: the axis that is cut.
        bytes_per_string_element: what a string counts.
        max_shards: how many parts there may be.

    Raises:
        ValueError: if a limit is not positive.
    """
    if max_shard_bytes < 1 or bytes_per_string_element < 1:
        raise ValueError("Both max_shard_bytes and bytes_per_string_element must be positive.")
    if max_shards and max_shards < 1:
        raise ValueError("max_shards must be positive.")

    def partitioner(shape: Any, dtype: Any) -> list[int]:
        if not isinstance(shape, TensorShape):
            raise ValueError(f"shape is not a TensorShape: {shape}")
        if not shape.is_fully_defined():
            raise ValueError(f"shape is not fully defined: {shape}")
        if not isinstance(dtype, DType):
            raise ValueError(f"dtype is not a DType: {dtype}")
        sizes: list[Any] = shape.as_list()
        size = _element_size(dtype, bytes_per_string_element)
        slice_bytes = math.prod(sizes) / sizes[axis] * size
        slices = max(1, math.floor(max_shard_bytes / slice_bytes))
        parts = math.ceil(sizes[axis] / slices)
        found = [1] * len(sizes)
        found[axis] = min(max_shards, parts) if max_shards else parts
        return found

    return partitioner


@export("min_max_variable_partitioner")
def min_max_variable_partitioner(
    max_partitions: int = 1,
    axis: int = 0,
    min_slice_size: int = 256 << 10,
    bytes_per_string_element: int = 16,
) -> Partitioner:
    """Returns a partitioner that makes parts of at least so many bytes.

    Args:
        max_partitions: how many parts there may be.
        axis: the axis that is cut.
        min_slice_size: how many bytes a part has at least.
        bytes_per_string_element: what a string counts.
    """

    def partitioner(shape: TensorShape, dtype: DType) -> list[int]:
        sizes: list[Any] = shape.as_list()
        if axis >= len(sizes):
            raise ValueError(
                f"Can not partition variable along axis {axis} when shape is only {shape}"
            )
        total = math.prod(sizes) * _element_size(dtype, bytes_per_string_element)
        found = [1] * len(sizes)
        found[axis] = max(1, min(sizes[axis], max_partitions, math.ceil(total / min_slice_size)))
        return found

    return partitioner


@export("create_partitioned_variables")
def create_partitioned_variables(
    shape: Sequence[int],
    slicing: Sequence[int],
    initializer: Any,
    dtype: Any = float32,
    trainable: bool = True,
    collections: Any = None,
    name: str | None = None,
    reuse: Any = None,
) -> list[Any]:
    """Returns the parts of a new partitioned variable.

    Args:
        shape: the shape of the whole.
        slicing: how many parts along each axis.
        initializer: a function of a shape and a dtype, or a tensor of the whole.
        dtype: the element type.
        trainable: whether optimizers change the parts.
        collections: the collections that the parts go into.
        name: the variable scope; None: "PartitionedVariable", made unique.
        reuse: as in `variable_scope`.

    Raises:
        ValueError: if the lengths differ, or there is no axis.
    """
    if len(shape) != len(slicing):
        raise ValueError(
            "The 'shape' and 'slicing' of a partitioned Variable must have the length: "
            f"shape: {shape}, slicing: {slicing}"
        )
    if len(shape) < 1:
        raise ValueError(f"A partitioned Variable must have rank at least 1: shape: {shape}")
    with variable_scope(name, "PartitionedVariable", reuse=reuse):
        scope = get_variable_scope()
        with scopes.name_scope(None):
            made = store_of_graph().get_variable(
                scope.name,
                shape=list(shape),
                dtype=dtype,
                initializer=initializer,
                regularizer=None,
                reuse=scope.reuse,
                trainable=trainable,
                collections=collections,
                caching_device=scope.caching_device,
                partitioner=lambda **_: list(slicing),
                validate_shape=True,
                use_resource=scope.use_resource,
                constraint=None,
                synchronization=VariableSynchronization.AUTO,
                aggregation=VariableAggregation.NONE,
            )
    return list(made)
