"""Sparse tensors and lists of places as dense tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import INDEX, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.sparse_tensor import as_sparse_tensor
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank
from graphflow.ops._sparse_kernels import check_valid, flat_places
from graphflow.ops._sparse_shapes import sizes_given_by
from graphflow.ops.fill import zeros

Array = np.ndarray[Any, Any]

# --- SparseToDense ---
SPARSE_TO_DENSE = define(
    "SparseToDense(sparse_indices: Tindices, output_shape: Tindices, sparse_values: T, "
    "default_value: T, *, validate_indices: bool = True) -> dense: T",
    Tindices=INDEX,
)


@SPARSE_TO_DENSE.shape
def _(op: Operation) -> list[Dims]:
    sizes = op.inputs[1].dims
    need_rank(sizes, 1, f"output_shape should be a vector, got shape {text(sizes)}")
    return [sizes_given_by(op, 1)]


@SPARSE_TO_DENSE.gradient
def _(op: Operation, dy: Tensor) -> tuple[Any, ...]:
    indices, _, values, _ = op.inputs
    if indices.dims is not None and len(indices.dims) < 2:
        indices = apply("Reshape", indices, np.array([-1, 1], np.int32))
    own = apply("GatherNd", dy, indices)
    listed = _total(own)
    default = apply("Sub", _total(dy), listed)
    return None, None, listed if values.dims == () else own, default


def _total(x: Tensor) -> Any:
    """The sum of all elements."""
    flat = apply("Reshape", x, np.array([-1], np.int32))
    return apply("Sum", flat, np.array([0], np.int32))


@SPARSE_TO_DENSE.numpy
def _(
    indices: Array, shape: Array, values: Array, default: Array, *, validate_indices: bool
) -> Array:
    rows = _rows(indices)
    _check(indices, rows, shape, values, default)
    if validate_indices:
        check_valid(rows, shape)
    elif ((rows < 0) | (rows >= shape)).any():
        raise KernelError(f"Indices are not valid (out of bounds).  Shape: {text(tuple(shape))}")
    out = np.full(shape.tolist(), default[()], values.dtype)
    if len(rows):
        out.reshape(-1)[flat_places(rows, shape)] = values
    return out


def _rows(indices: Array) -> Array:
    """The places as a matrix: a scalar is one place of a vector, a vector lists some."""
    if indices.ndim > 2:
        raise KernelError(
            f"sparse_indices should be a scalar, vector, or matrix, got shape {text(indices.shape)}"
        )
    return indices if indices.ndim == 2 else indices.reshape(-1, 1)


def _check(indices: Array, rows: Array, shape: Array, values: Array, default: Array) -> None:
    if shape.ndim != 1:
        raise KernelError(f"output_shape should be a vector, got shape {text(shape.shape)}")
    n, rank = rows.shape
    if len(shape) != rank:
        raise KernelError(
            f"output_shape has incorrect number of elements: {len(shape)} should be: {rank}"
        )
    if values.ndim and values.shape != (n,):
        raise KernelError(
            f"sparse_values has incorrect shape {text(values.shape)}, should be [] or [{n}]"
        )
    if default.ndim:
        raise KernelError("default_value should be a scalar.")
    for size in shape.tolist():
        if size < 0:
            raise KernelError(f"Dimension {size} must be >= 0")


@export("sparse_to_dense")
def sparse_to_dense(
    sparse_indices: Any,
    output_shape: Any,
    sparse_values: Any,
    default_value: Any = 0,
    validate_indices: bool = True,
    name: str | None = None,
) -> Tensor:
    """Returns a tensor that has some values at some places and another one everywhere else.

    Args:
        sparse_indices: the places: a matrix [n, rank], for a vector also [n], or one number.
        output_shape: the shape of the result, of the same type.
        sparse_values: their values, [n], or one for all.
        default_value: the value everywhere else.
        validate_indices: whether the places must be in row-major order, none twice.
        name: the node's name.

    Raises:
        InvalidArgumentError: in a run, if a place lies outside, or breaks that rule.
    """
    found: Tensor = apply(
        SPARSE_TO_DENSE,
        sparse_indices,
        output_shape,
        sparse_values,
        default_value,
        validate_indices=validate_indices,
        name=name,
    )
    return found


@export("sparse.to_dense", "sparse_tensor_to_dense")
def sparse_tensor_to_dense(
    sp_input: Any,
    default_value: Any = None,
    validate_indices: bool = True,
    name: str | None = None,
) -> Tensor:
    """Returns a sparse tensor as a dense one.

    Args:
        sp_input: a SparseTensor.
        default_value: the value where it has none; None: 0, or the empty string.
        validate_indices: whether the places must be in row-major order, none twice.
        name: the node's name.

    Raises:
        TypeError: if `sp_input` is not sparse.
        InvalidArgumentError: in a run, if a place lies outside, or breaks that rule.
    """
    x = as_sparse_tensor(sp_input)
    if default_value is None:
        default_value = zeros([], dtype=x.dtype)
    return sparse_to_dense(
        x.indices, x.dense_shape, x.values, default_value, validate_indices, name
    )
