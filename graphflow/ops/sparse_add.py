"""Sums of sparse tensors, and of a sparse and a dense one."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.elementwise import broadcast
from graphflow.core.errors import KernelError
from graphflow.core.export import export, renamed
from graphflow.core.opdef import INDEX, NUMBERS, REALS, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.sparse_tensor import SparseTensor, as_sparse_tensor, is_sparse
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank
from graphflow.ops._sparse_kernels import (
    check_same_shape,
    flat_places,
    merged_pairs,
    merged_rows,
    merged_values,
    ranks,
)
from graphflow.ops._sparse_shapes import need_ranks

Array = np.ndarray[Any, Any]

# --- SparseAdd ---
SPARSE_ADD = define(
    "SparseAdd(a_indices: int64, a_values: T, a_shape: int64, b_indices: int64, b_values: T, "
    "b_shape: int64, thresh: Treal) -> sum_indices: int64, sum_values: T, sum_shape: int64",
    T=NUMBERS,
    Treal=REALS,
)


@SPARSE_ADD.shape
def _(op: Operation) -> list[Dims]:
    a, b = op.inputs[2].dims, op.inputs[5].dims
    run = f"Input shapes should be a vector but received shapes {text(a)} and {text(b)}"
    [rank] = need_rank(a, 1, run)
    return [(None, rank), (None,), (rank,)]


@SPARSE_ADD.gradient
def _(op: Operation, _: Any, dy: Tensor, __: Any) -> tuple[Any, ...]:
    a_indices, _values, _shape, b_indices = op.inputs[:4]
    da, db = apply(SPARSE_ADD_GRAD, dy, a_indices, b_indices, op.outputs[0])
    return None, da, None, None, db, None, None


@SPARSE_ADD.numpy
def _(
    a_indices: Array,
    a_values: Array,
    a_shape: Array,
    b_indices: Array,
    b_values: Array,
    b_shape: Array,
    thresh: Array,
) -> tuple[Array, Array, Array]:
    _check_operands(a_indices, a_values, a_shape, b_indices, b_values, b_shape)
    if thresh.ndim:
        raise KernelError(
            f"The magnitude threshold must be a scalar: got shape {text(thresh.shape)}"
        )
    in_a, in_b = merged_pairs(a_indices, b_indices)
    rows = merged_rows(a_indices, b_indices, in_a, in_b)
    values = merged_values(a_values, in_a) + merged_values(b_values, in_b)
    alone = (in_a < 0) | (in_b < 0)  # the threshold is for sums
    kept = alone | (np.abs(values) >= thresh)
    return rows[kept], values[kept], a_shape.copy()


def _check_operands(
    a_indices: Array, a_values: Array, a_shape: Array, b_indices: Array, b_values: Array,
    b_shape: Array,
) -> None:  # fmt: skip
    for what, rank, a, b in (
        ("indices should be matrices", 2, a_indices, b_indices),
        ("values should be vectors", 1, a_values, b_values),
    ):
        if a.ndim != rank or b.ndim != rank:
            raise KernelError(
                f"Input {what} but received shapes: {text(a.shape)} and {text(b.shape)}"
            )
    if (len(a_indices), len(b_indices)) != (len(a_values), len(b_values)):
        raise KernelError(
            f"Expected {len(a_indices)} and {len(b_indices)} non-empty input values, "
            f"got {len(a_values)} and {len(b_values)}"
        )
    if a_shape.ndim != 1 or b_shape.ndim != 1:
        raise KernelError(
            "Input shapes should be a vector but received shapes "
            f"{text(a_shape.shape)} and {text(b_shape.shape)}"
        )
    check_same_shape(a_shape, b_shape)


# --- SparseAddGrad ---
SPARSE_ADD_GRAD = define(
    "SparseAddGrad(backprop_val_grad: T, a_indices: int64, b_indices: int64, sum_indices: int64)"
    " -> a_val_grad: T, b_val_grad: T",
    T=NUMBERS,
).no_gradient("TensorFlow has none of second order")


@SPARSE_ADD_GRAD.shape
def _(op: Operation) -> list[Dims]:
    indices = "Input {} should be a matrix but received shape: "
    _, a, b = need_ranks(
        op,
        (1, "Input backprop_val_grad should be a vector but received shape: {}"),
        (2, indices.format("a_indices") + "{}"),
        (2, indices.format("b_indices") + "{}"),
    )
    return [(a[0],), (b[0],)]


@SPARSE_ADD_GRAD.numpy
def _(dy: Array, a_indices: Array, b_indices: Array, sum_indices: Array) -> tuple[Array, Array]:
    if len(dy) != len(sum_indices):
        raise KernelError(
            "# elements of backprop_val_grad and # rows of sum_indices should match "
            f"(#nnz of sum): got {len(dy)} and {len(sum_indices)}"
        )
    widths = [x.shape[1] for x in (a_indices, b_indices, sum_indices)]
    if len(set(widths)) > 1:
        raise KernelError(
            "The densified operands should have the same ndims; for A, B, sum got: "
            + "".join(map(str, widths))
        )
    a, b, whole = ranks(a_indices, b_indices, sum_indices)
    if all((keys[1:] > keys[:-1]).all() for keys in (a, b, whole)):
        return _looked_up(dy, whole, a), _looked_up(dy, whole, b)
    return _one_by_one(dy, whole.tolist(), a.tolist(), b.tolist())


def _looked_up(dy: Array, whole: Array, keys: Array) -> Array:
    """The gradient of each row; 0 for one that the threshold took away."""
    found = np.zeros(len(keys), dy.dtype)
    if len(whole):
        at = np.minimum(np.searchsorted(whole, keys), len(whole) - 1)
        there = whole[at] == keys
        found[there] = dy[at[there]]
    return found


def _one_by_one(dy: Array, whole: list[int], a: list[int], b: list[int]) -> tuple[Array, Array]:
    """As TensorFlow goes through lists that are not sorted, or have rows twice."""
    lists = (a, b)
    found = [np.zeros(len(keys), dy.dtype) for keys in lists]
    at = [0, 0]
    for k, key in enumerate(whole):
        behind = False
        while not behind and any(i < len(keys) for i, keys in zip(at, lists, strict=True)):
            behind = True
            for n, keys in enumerate(lists):
                if at[n] == len(keys) or keys[at[n]] > key:
                    continue
                if keys[at[n]] == key:
                    found[n][at[n]] = dy[k]
                else:
                    behind = False
                at[n] += 1
    return found[0], found[1]


# --- SparseTensorDenseAdd ---
SPARSE_TENSOR_DENSE_ADD = define(
    "SparseTensorDenseAdd(a_indices: Tindices, a_values: T, a_shape: Tindices, b: T) -> output: T",
    T=NUMBERS,
    Tindices=INDEX,
)


@SPARSE_TENSOR_DENSE_ADD.shape
def _(op: Operation) -> list[Dims]:
    return [op.inputs[3].dims]


@SPARSE_TENSOR_DENSE_ADD.gradient
def _(op: Operation, dy: Tensor) -> tuple[Any, ...]:
    return None, apply("GatherNd", dy, op.inputs[0]), None, dy


@SPARSE_TENSOR_DENSE_ADD.numpy
def _(indices: Array, values: Array, shape: Array, b: Array) -> Array:
    _check_dense(indices, values, shape, b)
    sizes = np.array(b.shape)
    outside = (indices < 0) | (indices >= sizes)
    if outside.any():
        axis = int(np.argmax(outside[np.argmax(outside.any(1))]))
        raise KernelError(
            f"Sparse tensor has some invalid index on dimension {axis}; "
            f"dense tensor shape: {text(b.shape)}"
        )
    out = b.copy(order="C")
    np.add.at(out.reshape(-1), flat_places(indices, b.shape), values)
    return out


def _check_dense(indices: Array, values: Array, shape: Array, b: Array) -> None:
    if indices.ndim != 2:
        raise KernelError(
            f"Input a_indices should be a matrix but received shape: {text(indices.shape)}"
        )
    if values.ndim != 1 or shape.ndim != 1:
        raise KernelError(
            "Inputs a_values and a_shape should be vectors but received shapes: "
            f"{text(values.shape)} and {text(shape.shape)}"
        )
    if len(shape) != b.ndim:
        raise KernelError(f"Two operands have different ranks; received: {len(shape)} and {b.ndim}")
    for i, (x, y) in enumerate(zip(shape.tolist(), b.shape, strict=True)):
        if x != y:
            raise KernelError(
                f"Dimension {i} does not equal (no broadcasting is supported): "
                f"sparse side {x} vs dense side {y}"
            )
    if len(indices) != len(values):
        raise KernelError(
            f"Number of rows of a_indices is {len(indices)}, of a_values {len(values)}"
        )


@export("sparse.add", "sparse_add")
@renamed(thresh="threshold")
def sparse_add(a: Any, b: Any, threshold: Any = None) -> SparseTensor | Tensor:
    """Returns the sum of two sparse tensors, sparse, or of a sparse and a dense one, dense.

    Args:
        a: a SparseTensor, or a dense tensor.
        b: the same; one of the two is sparse.
        threshold: where both have a value and the sum is smaller than this, it is left out;
            None: 0, which keeps zeros. A nan there is always left out.

    Raises:
        TypeError: if neither is sparse.
        ValueError: if the shapes differ.

    Note:
        Two sparse tensors have to have the same shape: nothing broadcasts.
    """
    if not is_sparse(a) and not is_sparse(b):
        raise TypeError("At least one input should be SparseTensor; do you mean to use tf.add()?")
    if is_sparse(a) and is_sparse(b):
        return _sparse_sum(as_sparse_tensor(a), as_sparse_tensor(b), threshold)
    if is_sparse(b):
        a, b = b, a
    found: Tensor = apply(SPARSE_TENSOR_DENSE_ADD, a.indices, a.values, a.dense_shape, b)
    return found


def _sparse_sum(a: SparseTensor, b: SparseTensor, threshold: Any) -> SparseTensor:
    limit = convert(
        0 if threshold is None else threshold, a.dtype.real_dtype.base_dtype, "threshold"
    )
    indices, values, shape = apply(
        SPARSE_ADD, a.indices, a.values, a.dense_shape, b.indices, b.values, b.dense_shape, limit
    )
    a.shape.assert_is_compatible_with(b.shape)
    known = broadcast(a.shape.raw, b.shape.raw)
    if known is not None and None not in known:
        shape = list(known)
    return SparseTensor(indices, values, shape)
