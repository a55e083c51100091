"""The product of a sparse matrix and a dense one."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import int64
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.lowering import SUFFIXES, Call, Lowering
from graphflow.core.opdef import INDEX, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.sparse_tensor import as_sparse_tensor
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank, same_size
from graphflow.ops._sparse_kernels import weighted_rows
from graphflow.ops._sparse_shapes import sizes_given_by

Array = np.ndarray[Any, Any]

# --- SparseTensorDenseMatMul ---
SPARSE_TENSOR_DENSE_MAT_MUL = define(
    "SparseTensorDenseMatMul(a_indices: Tindices, a_values: T, a_shape: int64, b: T, *, "
    "adjoint_a: bool = False, adjoint_b: bool = False) -> product: T",
    blas=True,
    Tindices=default_type(INDEX, int64),
)


@SPARSE_TENSOR_DENSE_MAT_MUL.shape
def _(op: Operation) -> list[Dims]:
    need_rank(op.inputs[0].dims, 2, run="Tensor 'a_indices' is not a matrix")
    need_rank(op.inputs[1].dims, 1, run="Tensor 'a_values' is not a vector")
    a_shape = op.inputs[2].dims
    if a_shape is not None and len(a_shape) != 1:
        need_rank(a_shape, 1, run="Tensor 'a_shape' is not a vector")
    a = need_rank(sizes_given_by(op, 2), 2, run="Tensor 'a_shape' must have 2 elements")
    b = need_rank(op.inputs[3].dims, 2, run="Tensor 'b' is not a matrix")
    left, inner = a[::-1] if op.attrs["adjoint_a"] else a
    other, right = b[::-1] if op.attrs["adjoint_b"] else b
    same_size(inner, other, _inner(a, b, inner, other))
    return [(left, right)]


def _inner(a: Any, b: Any, inner: Any, other: Any) -> str:
    return (
        f"Cannot multiply A and B because inner dimension does not match: {inner} vs. {other}.  "
        f"Did you forget a transpose?  Dimensions of A: [{a[0]}, {a[1]}).  "
        f"Dimensions of B: {text(tuple(b))}"
    )


@SPARSE_TENSOR_DENSE_MAT_MUL.gradient
def _(op: Operation, dy: Tensor) -> tuple[Any, ...]:
    indices, values, shape, b = op.inputs
    adjoint_a, adjoint_b = op.attrs["adjoint_a"], op.attrs["adjoint_b"]
    if values.dtype.is_complex:
        raise NotImplementedError("SparseTensorDenseMatMul op does not support complex gradients.")
    db = apply(op.definition, indices, values, shape, dy, adjoint_a=not adjoint_a)
    if adjoint_b:
        db = apply("Transpose", db, np.array([1, 0], np.int32))
    rows, columns = apply("Unpack", indices, num=2, axis=1)
    if adjoint_a:
        rows, columns = columns, rows
    zero, one = np.array(0, np.int32), np.array(1, np.int32)
    beside = apply("GatherV2", b, columns, one if adjoint_b else zero)
    if adjoint_b:
        beside = apply("Transpose", beside, np.array([1, 0], np.int32))
    both = apply("Mul", apply("GatherV2", dy, rows, zero), beside)
    return None, apply("Sum", both, np.array([1], np.int32)), None, db


@SPARSE_TENSOR_DENSE_MAT_MUL.compiled
def _(call: Call) -> Lowering | None:
    index, kind = SUFFIXES[call.dtypes[0].name], SUFFIXES.get(call.dtypes[1].name)
    if kind not in ("f32", "f64") or 2 not in call.constants or call.shapes[0][1] != 2:
        return None
    adjoint_a, adjoint_b = call.attrs["adjoint_a"], call.attrs["adjoint_b"]
    number, (other, width) = call.shapes[1][0], call.shapes[3]
    rows, inner = call.constants[2].tolist()
    rows, inner = (inner, rows) if adjoint_a else (rows, inner)
    other, width = (width, other) if adjoint_b else (other, width)
    if call.shapes[0][0] != number or inner != other:
        return None  # NumPy's kernel says what is wrong
    sizes = (rows, width, number, inner, int(adjoint_a), int(adjoint_b))
    return Lowering(f"sparse_product_{index}.{kind}", sizes, inputs=(0, 1, 3))


@SPARSE_TENSOR_DENSE_MAT_MUL.numpy
def _(
    indices: Array, values: Array, shape: Array, b: Array, *, adjoint_a: bool, adjoint_b: bool
) -> Array:
    _check(indices, values)
    left, right = (1, 0) if adjoint_a else (0, 1)
    inner, other = int(shape[right]), b.shape[1 if adjoint_b else 0]
    if inner != other:
        raise KernelError(_inner(tuple(shape.tolist()), b.shape, inner, other))
    if adjoint_b:
        b = b.conj().T if b.dtype.kind == "c" else b.T
    rows, columns = indices[:, left], indices[:, right]
    out_rows = int(shape[left])
    _check_inside(indices, columns, len(b), "k", right, rows, out_rows, left)
    if not len(rows) or not b.shape[1]:
        return np.zeros((out_rows, b.shape[1]), b.dtype)
    return _product(rows, columns, values, b, out_rows)


def _product(rows: Array, columns: Array, values: Array, b: Array, out_rows: int) -> Array:
    if (rows[1:] < rows[:-1]).any():
        order = np.argsort(rows, kind="stable")
        rows, columns, values = rows[order], columns[order], values[order]
    return weighted_rows(np.ascontiguousarray(b), columns, values, rows, out_rows)


def _check(indices: Array, values: Array) -> None:
    if len(indices) != len(values):
        raise KernelError(
            "Number of rows of a_indices does not match number of entries in a_values"
        )
    if indices.shape[1] != 2:
        raise KernelError(
            "Number of columns of a_indices does not match number of entries in a_shape"
        )


def _check_inside(
    indices: Array, inner: Array, size: int, letter: str, at: int, outer: Array, rows: int, to: int
) -> None:
    """Raises KernelError for the first place that lies outside."""
    bad_inner = (inner < 0) | (inner >= size)
    bad_outer = (outer < 0) | (outer >= rows)
    bad = bad_inner | bad_outer
    if not bad.any():
        return
    i = int(np.argmax(bad))
    if bad_inner[i]:
        raise KernelError(f"k ({inner[i]}) from index[{i},{at}] out of bounds (>={size})")
    raise KernelError(f"m ({outer[i]}) from index[{i},{to}] out of bounds (>={rows})")


@export("sparse.sparse_dense_matmul", "sparse.matmul", "sparse_tensor_dense_matmul")
def sparse_tensor_dense_matmul(
    sp_a: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False, name: str | None = None
) -> Tensor:
    """Returns the product of a sparse matrix and a dense one.

    Args:
        sp_a: a SparseTensor of rank 2.
        b: a dense matrix of the same type.
        adjoint_a: whether `sp_a` is transposed first; it is not conjugated, as in TensorFlow.
        adjoint_b: whether `b` is transposed and conjugated first.
        name: the node's name.

    Raises:
        TypeError: if `sp_a` is not sparse.
        InvalidArgumentError: in a run, if a place lies outside the matrix.
    """
    a = as_sparse_tensor(sp_a)
    with scopes.name_scope(name, "SparseTensorDenseMatMul", [a.indices, a.values, b]):
        b = convert(b, name="b")
        found: Tensor = apply(
            SPARSE_TENSOR_DENSE_MAT_MUL,
            a.indices,
            a.values,
            a.dense_shape,
            b,
            adjoint_a=adjoint_a,
            adjoint_b=adjoint_b,
        )
    return found
