"""Sums and largest values along axes of a sparse tensor, and its softmax."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, float32, float64, int32
from graphflow.core.errors import KernelError
from graphflow.core.export import export, renamed
from graphflow.core.opdef import NUMBERS, REALS, OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.ops._sparse_kernels import (
    check_rows,
    flat_places,
    in_order,
    ranks,
    sums_of_runs,
)
from graphflow.ops._sparse_shapes import need_ranks
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import rank
from graphflow.ops.sparse_cwise import sparse_dense_cwise_add

Array = np.ndarray[Any, Any]

# --- SparseReduceSum, SparseReduceMax, SparseReduceSumSparse, SparseReduceMaxSparse ---


def _reduction(name: str, types: tuple[DType, ...], how: Any, is_sparse: bool) -> OpDef:
    outputs = (
        "output_indices: int64, output_values: T, output_shape: int64" if is_sparse else "output: T"
    )
    made = define(
        f"{name}(input_indices: int64, input_values: T, input_shape: int64, "
        f"reduction_axes: int32, *, keep_dims: bool = False) -> {outputs}",
        T=types,
    )

    def dense(
        indices: Array, values: Array, shape: Array, axes: Array, *, keep_dims: bool
    ) -> Array:
        rows, found, sizes, squeezed = _reduced(indices, values, shape, axes, how)
        inside = ((rows >= 0) & (rows < sizes)).all(1)
        out = np.zeros(sizes, values.dtype)
        out.reshape(-1)[flat_places(rows[inside], sizes)] = found[inside]
        return out.reshape(shape_with_ones(shape, squeezed) if keep_dims else sizes)

    def sparse(
        indices: Array, values: Array, shape: Array, axes: Array, *, keep_dims: bool
    ) -> tuple[Array, Array, Array]:
        rows, found, sizes, squeezed = _reduced(indices, values, shape, axes, how)
        if keep_dims:
            whole = np.zeros((len(rows), len(shape)), np.int64)
            whole[:, [i for i in range(len(shape)) if i not in squeezed]] = rows
            rows, sizes = whole, shape_with_ones(shape, squeezed)
        return rows, found, np.array(sizes, np.int64)

    made.numpy(sparse if is_sparse else dense)
    made.shape(_unknown_parts if is_sparse else _reduced_shape)
    return made


def shape_with_ones(shape: Array, axes: set[int]) -> list[int]:
    """The sizes with 1 for some axes."""
    return [1 if i in axes else int(d) for i, d in enumerate(shape)]


def _axes(axes: Array, rank: int) -> set[int]:
    if axes.ndim > 1:
        raise KernelError(
            f"Expected reduction_axes to be a scalar or a vector; got shape: {text(axes.shape)}"
        )
    found = set()
    for axis in axes.reshape(-1).tolist():
        if not -rank <= axis < rank:
            raise KernelError(
                f"Invalid reduction dimension {axis}, for input with {rank} dimensions."
            )
        found.add(axis % rank)
    return found


def _reduced(
    indices: Array, values: Array, shape: Array, axes: Array, how: Any
) -> tuple[Array, Array, list[int], set[int]]:
    """The groups' places, their results, the sizes that are left, the axes that are gone."""
    if indices.ndim != 2 or len(indices) != len(values):
        check_rows(indices, values)
    squeezed = _axes(axes, len(shape))
    left = [i for i in range(len(shape)) if i not in squeezed]
    keys = ranks(indices[:, left])[0]
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)])
    found = sums_of_runs(values[order], starts, how)
    if how is np.fmax and values.dtype.kind not in "iu":
        # A group of nan alone: TensorFlow begins with -infinity and finds nothing larger.
        found = np.where(np.isnan(found), np.array(-np.inf, found.dtype), found)
    return indices[order[starts]][:, left], found, shape[left].tolist(), squeezed


def _unknown_parts(op: Operation) -> list[Dims]:
    return [None, None, None]


def _reduced_shape(op: Operation) -> list[Dims]:
    sizes, axes = op.constant(2), op.constant(3)
    if sizes is None or axes is None:
        return [None]
    try:
        squeezed = _axes(axes, len(sizes))
    except KernelError:  # as in TensorFlow, the run says so
        return [None]
    if op.attrs["keep_dims"]:
        return [tuple(shape_with_ones(sizes, squeezed))]
    return [tuple([int(d) for i, d in enumerate(sizes) if i not in squeezed])]


SPARSE_REDUCE_SUM = _reduction("SparseReduceSum", NUMBERS, np.add, False)
SPARSE_REDUCE_MAX = _reduction("SparseReduceMax", REALS, np.fmax, False).no_gradient(
    "TensorFlow has none", raises=True
)
SPARSE_REDUCE_SUM_SPARSE = _reduction("SparseReduceSumSparse", NUMBERS, np.add, True).no_gradient(
    "TensorFlow has none", raises=True
)
SPARSE_REDUCE_MAX_SPARSE = _reduction("SparseReduceMaxSparse", REALS, np.fmax, True).no_gradient(
    "TensorFlow has none", raises=True
)


@SPARSE_REDUCE_SUM.gradient
def _(op: Operation, dy: Tensor) -> tuple[Any, ...]:
    indices, _, shape, axes = op.inputs
    kept: Any = _kept_shape(op, shape, axes)
    whole = apply("Reshape", dy, kept)
    scale = apply("FloorDiv", shape, apply("Maximum", kept, np.array(1, np.int64)))
    places = apply("FloorDiv", indices, apply("Maximum", scale, np.array(1, np.int64)))
    return None, apply("GatherNd", whole, places), None, None


def _kept_shape(op: Operation, shape: Tensor, axes: Tensor) -> Any:
    """The input's shape with 1 for the axes that are gone."""
    sizes, known = op.constant(2), op.constant(3)
    if sizes is not None and known is not None:
        return np.array(shape_with_ones(sizes, _axes(known, len(sizes))), np.int64)
    number = apply("Size", shape)
    flat = apply("FloorMod", apply("AddV2", apply("Reshape", axes, [-1]), number), number)
    every = range_(number)
    ones = apply("Fill", apply("Shape", flat), np.array(1, np.int64))
    return apply("DynamicStitch", [every, flat], [shape, ones])


def axes_of(x: Any, axis: Any) -> Any:
    """The axes to reduce: those asked for, or all of them."""
    if axis is not None:
        return axis
    dims = x.shape.raw
    if dims is not None:
        return convert(np.arange(len(dims), dtype=np.int32), int32)
    return range_(0, rank(x))


def _apply(definition: OpDef, x: Any, axis: Any, keepdims: bool | None) -> Any:
    return apply(
        definition, x.indices, x.values, x.dense_shape, axes_of(x, axis), keep_dims=bool(keepdims)
    )


@export("sparse.reduce_sum", "sparse_reduce_sum")
@renamed(reduction_axes="axis", keep_dims="keepdims")
def sparse_reduce_sum(sp_input: Any, axis: Any = None, keepdims: bool | None = None) -> Tensor:
    """Returns sums of a sparse tensor's values along axes, as a dense tensor.

    Args:
        sp_input: a SparseTensor.
        axis: the axes to add up, an int or a list; None: all.
        keepdims: whether they stay, with size 1.
    """
    found: Tensor = _apply(SPARSE_REDUCE_SUM, sp_input, axis, keepdims)
    return found


@export("sparse.reduce_max", "sparse_reduce_max")
@renamed(reduction_axes="axis", keep_dims="keepdims")
def sparse_reduce_max(sp_input: Any, axis: Any = None, keepdims: bool | None = None) -> Tensor:
    """Returns the largest of a sparse tensor's values along axes, as a dense tensor.

    Args:
        sp_input: a SparseTensor.
        axis: the axes to reduce, an int or a list; None: all.
        keepdims: whether they stay, with size 1.

    Note:
        The zeros between the values do not count: the largest of [-1, (none)] is -1. Where there
        is no value at all it is 0.
    """
    found: Tensor = _apply(SPARSE_REDUCE_MAX, sp_input, axis, keepdims)
    return found


@export("sparse.reduce_sum_sparse", "sparse_reduce_sum_sparse")
@renamed(reduction_axes="axis", keep_dims="keepdims")
def sparse_reduce_sum_sparse(
    sp_input: Any, axis: Any = None, keepdims: bool | None = None
) -> SparseTensor:
    """Returns sums of a sparse tensor's values along axes, as a sparse tensor.

    Args:
        sp_input: a SparseTensor.
        axis: the axes to add up, an int or a list; None: all.
        keepdims: whether they stay, with size 1.
    """
    return SparseTensor(*_apply(SPARSE_REDUCE_SUM_SPARSE, sp_input, axis, keepdims))


@export("sparse.reduce_max_sparse", "sparse_reduce_max_sparse")
@renamed(reduction_axes="axis", keep_dims="keepdims")
def sparse_reduce_max_sparse(
    sp_input: Any, axis: Any = None, keepdims: bool | None = None
) -> SparseTensor:
    """Returns the largest of a sparse tensor's values along axes, as a sparse tensor.

    Args:
        sp_input: a SparseTensor.
        axis: the axes to reduce, an int or a list; None: all.
        keepdims: whether they stay, with size 1.
    """
    return SparseTensor(*_apply(SPARSE_REDUCE_MAX_SPARSE, sp_input, axis, keepdims))


# --- SparseSoftmax ---
SPARSE_SOFTMAX = define(
    "SparseSoftmax(sp_indices: int64, sp_values: T, sp_shape: int64) -> output: T",
    T=(float32, float64),
)


@SPARSE_SOFTMAX.shape
def _(op: Operation) -> list[Dims]:
    vectors = (
        "Inputs sp_values and sp_shape should be vectors but received shapes: "
        f"{text(op.inputs[1].dims)} and {text(op.inputs[2].dims)}"
    )
    _, values, _ = need_ranks(
        op,
        (2, "Input sp_indices should be a matrix but received shape: {}"),
        (1, vectors),
        (1, vectors),
    )
    return [values]


@SPARSE_SOFTMAX.numpy
def _(indices: Array, values: Array, shape: Array) -> Array:
    if len(shape) < 2:
        sizes = " ".join(map(str, shape.tolist()))
        raise KernelError(f"Input should have rank >= 2, but received shape: {sizes}")
    check_rows(indices, values)
    indices, values = in_order(indices, values)
    keys = ranks(indices[:, :-1])[0]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)])
    if not len(starts):
        return values.copy()
    lengths = np.diff(np.append(starts, len(keys)))
    powers = np.exp(values - np.repeat(np.maximum.reduceat(values, starts), lengths))
    found: Array = powers / np.repeat(np.add.reduceat(powers, starts), lengths)
    return found


@SPARSE_SOFTMAX.gradient
def _(op: Operation, dy: Tensor) -> tuple[Any, ...]:
    indices, _, shape = op.inputs
    y = op.outputs[0]
    sums = apply(
        SPARSE_REDUCE_SUM, indices, y * dy, shape, np.array([-1], np.int32), keep_dims=True
    )
    beside = sparse_dense_cwise_add(SparseTensor(indices, dy, shape), -sums)
    return None, beside.values * y, None


@export("sparse.softmax", "sparse_softmax")
def sparse_softmax(sp_input: Any, name: str | None = None) -> SparseTensor:
    """Returns the softmax along the last axis over the values that a sparse tensor has.

    Args:
        sp_input: a SparseTensor of rank 2 at least, float32 or float64, in row-major order.
        name: the node's name.

    Returns:
        A SparseTensor of the same places: places without a value have none.

    Raises:
        InvalidArgumentError: in a run, if the rank is below 2.
    """
    parts = [sp_input.indices, sp_input.values]
    with scopes.name_scope(name, "SparseSoftmax", parts):
        found = apply(SPARSE_SOFTMAX, *parts, sp_input.dense_shape)
        return SparseTensor(sp_input.indices, found, sp_input.dense_shape)
