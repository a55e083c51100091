"""Products of many matrices at once, and of matrices that hold many zeros."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import (
    bfloat16,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int32,
    int64,
)
from graphflow.core.elementwise import broadcast
from graphflow.core.errors import ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import Call, Lowering
from graphflow.core.opdef import OpDef, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import sum_to
from graphflow.ops._shapes import merged, need_rank, need_rank_at_least
from graphflow.ops.cast import cast
from graphflow.ops.matmul import MATMUL, product

Array = np.ndarray[Any, Any]
_TYPES = (bfloat16, float16, float32, float64, int32, int64, complex64, complex128)


def _matrix_sizes(op: Operation) -> tuple[int | None, int | None]:
    """Rows and columns of each product.

    Raises:
        ShapeError: if the inner sizes differ.
    """
    x, y = ((None, None) if t.dims is None else t.dims[-2:] for t in op.inputs)
    rows, inner = x[::-1] if op.attrs["adj_x"] else x
    inner_y, columns = y[::-1] if op.attrs["adj_y"] else y
    if inner is not None and inner_y is not None and inner != inner_y:
        flags = f"{int(op.attrs['adj_x'])} {int(op.attrs['adj_y'])}"
        raise ShapeError(
            f"the inner dimensions of 'x' and 'y' differ: Dimensions must be equal, but are "
            f"{inner} and {inner_y}",
            run=f"In[0] mismatch In[1] shape: {inner} vs. {inner_y}: "
            f"{text(op.inputs[0].dims)} {text(op.inputs[1].dims)} {flags}",
        )
    return rows, columns


def _batch_product(x: Array, y: Array, *, adj_x: bool, adj_y: bool, out: Array | None) -> Array:
    return product(_adjoint(x) if adj_x else x, _adjoint(y) if adj_y else y, out)


def _adjoint(x: Array) -> Array:
    return (x.conj() if x.dtype.kind == "c" else x).swapaxes(-1, -2)


def _gradients(definition: OpDef, op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    x, y = op.inputs

    def times(a: Tensor, b: Tensor, adj_x: bool, adj_y: bool) -> Tensor:
        found: Tensor = apply(definition, a, b, adj_x=adj_x, adj_y=adj_y)
        return found

    match op.attrs["adj_x"], op.attrs["adj_y"]:
        case False, False:
            return times(dy, y, False, True), times(x, dy, True, False)
        case False, True:
            return times(dy, y, False, False), times(dy, x, True, False)
        case True, False:
            return times(y, dy, False, True), times(x, dy, False, False)
    return times(y, dy, True, True), times(dy, x, True, True)


def _products(call: Call) -> Lowering | None:
    """One compiled product for each pair of matrices; stacks are not repeated."""
    x, y = call.shapes
    if call.real is None or x[:-2] != y[:-2] or len(x) > 16:
        return None
    ta, tb = call.attrs["adj_x"], call.attrs["adj_y"]
    m, k = x[-2:][::-1] if ta else x[-2:]
    inner, n = y[-2:][::-1] if tb else y[-2:]
    if inner != k:
        return None
    count = math.prod(x[:-2])
    sizes = (m, n, k, int(ta), int(tb), count, m * k, k * n, m * n, x[-1], y[-1], 0)
    return Lowering(f"gemm.{call.real}", sizes)


# --- BatchMatMul ---
BATCH_MATMUL = define(
    "BatchMatMul(x: T, y: T, *, adj_x: bool = False, adj_y: bool = False) -> output: T",
    blas=True,
    T=_TYPES,
)


@BATCH_MATMUL.shape
def _(op: Operation) -> list[Dims]:
    x, y = op.inputs[0].dims, op.inputs[1].dims
    for dims in (x, y):
        rank = "" if dims is None else str(len(dims))
        need_rank_at_least(dims, 2, f"In[0] and In[1] ndims must be >= 2: {rank}")
    rows, columns = _matrix_sizes(op)
    run = None
    if x is not None and y is not None:
        run = f"In[0] and In[1] has different ndims: {text(x)} vs. {text(y)}"
        if len(x) == len(y):
            axis = next((i for i, (a, b) in enumerate(zip(x, y, strict=True)) if a != b), 0)
            run = (
                f"In[0].dim({axis}) and In[1].dim({axis}) must be the same: {text(x)} vs {text(y)}"
            )
    batch = merged(None if x is None else x[:-2], None if y is None else y[:-2], run)
    return [None if batch is None else (*batch, rows, columns)]


@BATCH_MATMUL.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    return _gradients(BATCH_MATMUL, op, dy)


BATCH_MATMUL.compiled(_products)
BATCH_MATMUL.numpy(_batch_product)

# --- BatchMatMulV2 ---
BATCH_MATMUL_V2 = define(
    "BatchMatMulV2(x: T, y: T, *, adj_x: bool = False, adj_y: bool = False) -> output: T",
    blas=True,
    T=_TYPES,
)


@BATCH_MATMUL_V2.shape
def _(op: Operation) -> list[Dims]:
    x, y = op.inputs[0].dims, op.inputs[1].dims
    for i, dims in enumerate((x, y)):
        rank = "" if dims is None else str(len(dims))
        need_rank_at_least(dims, 2, f"In[{i}] ndims must be >= 2: {rank}")
    rows, columns = _matrix_sizes(op)
    if x is None or y is None:
        return [None]
    try:
        batch = broadcast(x[:-2], y[:-2])
    except ShapeError as problem:
        problem.run = (
            f"In[0] and In[1] must have compatible batch dimensions: {text(x)} vs. {text(y)}"
        )
        raise
    return [(*(batch or ()), rows, columns)]


@BATCH_MATMUL_V2.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor | None, Tensor | None]:
    x, y = op.inputs
    dx, dy = _gradients(BATCH_MATMUL_V2, op, dy)
    return _over_batches(dx, x, y), _over_batches(dy, y, x)


def _over_batches(grad: Tensor, own: Tensor, other: Tensor) -> Tensor | None:
    """Sums a gradient over the axes along which the stack `own` was repeated."""
    if other.dims is not None and len(other.dims) == 2:
        return grad
    return sum_to(grad, own, grad)


BATCH_MATMUL_V2.compiled(_products)
BATCH_MATMUL_V2.numpy(_batch_product)

# --- SparseMatMul ---
SPARSE_MATMUL = define(
    "SparseMatMul(a: Ta, b: Tb, *, transpose_a: bool = False, transpose_b: bool = False, "
    "a_is_sparse: bool = False, b_is_sparse: bool = False) -> product: float32",
    blas=True,
    Ta=default((float32, bfloat16), float32),
    Tb=default((float32, bfloat16), float32),
)


@SPARSE_MATMUL.shape
def _(op: Operation) -> list[Dims]:
    a = need_rank(op.inputs[0].dims, 2, "a is not a matrix")
    b = need_rank(op.inputs[1].dims, 2, "b is not a matrix")
    rows, inner = a[::-1] if op.attrs["transpose_a"] else a
    inner_b, columns = b[::-1] if op.attrs["transpose_b"] else b
    if inner is not None and inner_b is not None and inner != inner_b:
        raise ShapeError(
            f"the inner dimensions of 'a' and 'b' differ: Dimensions must be equal, but are "
            f"{inner} and {inner_b}",
            run=f"Matrix size incompatible: a: {text(a)}, b: {text(b)}",
        )
    return [(rows, columns)]


@SPARSE_MATMUL.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    a, b = (cast(t, float32) for t in op.inputs)
    flags = {k: op.attrs[k] for k in ("transpose_a", "transpose_b")}
    da, db = _matmul_gradients(a, b, dy, **flags)
    return cast(da, op.attrs["Ta"]), cast(db, op.attrs["Tb"])


def _matmul_gradients(
    a: Tensor, b: Tensor, dy: Tensor, transpose_a: bool, transpose_b: bool
) -> tuple[Tensor, Tensor]:
    """The gradients of a product of real matrices."""
    if transpose_a:
        da = apply(MATMUL, b, dy, transpose_a=transpose_b, transpose_b=True)
    else:
        da = apply(MATMUL, dy, b, transpose_b=not transpose_b)
    if transpose_b:
        db = apply(MATMUL, dy, a, transpose_a=True, transpose_b=transpose_a)
    else:
        db = apply(MATMUL, a, dy, transpose_a=not transpose_a)
    return da, db


@SPARSE_MATMUL.numpy
def _(a: Array, b: Array, *, transpose_a: bool, transpose_b: bool, out: Array | None) -> Array:
    a, b = a.astype(np.float32, copy=False), b.astype(np.float32, copy=False)
    return product(a.T if transpose_a else a, b.T if transpose_b else b, out)


@export("sparse_matmul")
def sparse_matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns `a @ b` in float32, of matrices of float32 or bfloat16.

    Args:
        a: [n, k].
        b: [k, m].
        transpose_a: `a` is given as [k, n].
        transpose_b: `b` is given as [m, k].
        a_is_sparse: `a` holds many zeros: noted on the node, the product is the same.
        b_is_sparse: the same of `b`.
        name: the node's name.
    """
    found: Tensor = apply(
        SPARSE_MATMUL,
        a,
        b,
        transpose_a=transpose_a,
        transpose_b=transpose_b,
        a_is_sparse=a_is_sparse,
        b_is_sparse=b_is_sparse,
        name=name,
    )
    return found
