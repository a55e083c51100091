"""Matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import convert, scopes
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
from graphflow.core.errors import ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import Call, Lowering
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._linear_operators import for_operators, operator_product
from graphflow.ops._rules import conj

Array = np.ndarray[Any, Any]


def product(a: Array, b: Array, out: Array | None) -> Array:
    """`a @ b`; half and bfloat16 add up in float32 and are rounded once, as TensorFlow does."""
    if a.dtype.itemsize == 2:
        wide = np.matmul(a.astype(np.float32), b.astype(np.float32))
        if out is None:
            rounded: Array = wide.astype(a.dtype)
            return rounded
        out[...] = wide
        return out
    found: Array = np.matmul(a, b, out=out)
    return found


# --- MatMul ---
MATMUL = define(
    "MatMul(a: T, b: T, *, transpose_a: bool = False, transpose_b: bool = False) -> product: T",
    blas=True,
    T=(bfloat16, float16, float32, float64, int32, int64, complex64, complex128),
)


@MATMUL.shape
def _(op: Operation) -> list[Dims]:
    for t in op.inputs:
        if t.dims is not None and len(t.dims) != 2:
            raise ShapeError(
                f"Shape must be rank 2 but is rank {len(t.dims)}",
                run="In[0] is not a matrix" if t is op.inputs[0] else "In[1] is not a matrix",
            )
    a, b = (t.dims or (None, None) for t in op.inputs)
    rows, inner = a[::-1] if op.attrs["transpose_a"] else a
    inner_b, columns = b[::-1] if op.attrs["transpose_b"] else b
    if inner is not None and inner_b is not None and inner != inner_b:
        raise ShapeError(
            f"the inner dimensions of 'a' and 'b' differ: Dimensions must be equal, but are "
            f"{inner} and {inner_b}",
            run=f"Matrix size-incompatible: In[0]: {text(a)}, In[1]: {text(b)}",
        )
    return [(rows, columns)]


@MATMUL.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    a, b = conj(op.inputs[0]), conj(op.inputs[1])
    match op.attrs["transpose_a"], op.attrs["transpose_b"]:
        case False, False:
            return apply(MATMUL, dy, b, transpose_b=True), apply(MATMUL, a, dy, transpose_a=True)
        case False, True:
            return apply(MATMUL, dy, b), apply(MATMUL, dy, a, transpose_a=True)
        case True, False:
            return apply(MATMUL, b, dy, transpose_b=True), apply(MATMUL, a, dy)
    return (
        apply(MATMUL, b, dy, transpose_a=True, transpose_b=True),
        apply(MATMUL, dy, a, transpose_a=True, transpose_b=True),
    )


@MATMUL.compiled
def _(call: Call) -> Lowering | None:
    (m, k), (inner, n) = call.shapes
    ta, tb = call.attrs["transpose_a"], call.attrs["transpose_b"]
    if ta:
        m, k = k, m
    if tb:
        inner, n = n, inner
    if inner != k:
        return None
    if call.suffix == "i32":
        return Lowering("product.i32", (m, n, k, int(ta), int(tb)))
    if call.real is None:
        return None
    sizes = (m, n, k, int(ta), int(tb), 1, 0, 0, 0, call.shapes[0][1], call.shapes[1][1], 0)
    return Lowering(f"gemm.{call.real}", sizes)


@MATMUL.numpy
def _(a: Array, b: Array, *, transpose_a: bool, transpose_b: bool, out: Array | None) -> Array:
    return product(a.T if transpose_a else a, b.T if transpose_b else b, out)


@export("matmul", "linalg.matmul")
@for_operators(operator_product)
def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns the matrix product `a @ b`; of more than two axes, the products of the last two.

    Args:
        a: [..., n, k]; the axes before the last two broadcast against those of `b`.
        b: [..., k, m], of the same type.
        transpose_a: `a` is given as [..., k, n].
        transpose_b: `b` is given as [..., m, k].
        adjoint_a: as `transpose_a`, and conjugated.
        adjoint_b: as `transpose_b`, and conjugated.
        a_is_sparse: `a` is a matrix with many zeros: noted on the node, the product is the same.
        b_is_sparse: the same of `b`.
        name: the node's name.

    Raises:
        ValueError: if a matrix is to be both transposed and adjoint, or the shapes do not fit.
        TypeError: if the types differ, or have no product.
    """
    with scopes.name_scope(name, "MatMul", [a, b]) as scope:
        for which, transposed, adjoint in (
            ("a", transpose_a, adjoint_a),
            ("b", transpose_b, adjoint_b),
        ):
            if transposed and adjoint:
                raise ValueError(f"Only one of transpose_{which} and adjoint_{which} can be True.")
        a, b = convert.convert(a, name="a"), convert.convert(b, name="b")
        sparse = a_is_sparse or b_is_sparse
        if not sparse and (_may_be_stack(a) or _may_be_stack(b)):
            # A stack's product knows adjoints only, one matrix' transposes only.
            a, b = (conj(a) if transpose_a else a), (conj(b) if transpose_b else b)
            flags = {"adj_x": transpose_a or adjoint_a, "adj_y": transpose_b or adjoint_b}
            return apply("BatchMatMulV2", a, b, **flags, name=scope)  # type: ignore[no-any-return]  # a Tensor
        a, b = (conj(a) if adjoint_a else a), (conj(b) if adjoint_b else b)
        flags = {
            "transpose_a": transpose_a or adjoint_a,
            "transpose_b": transpose_b or adjoint_b,
        }
        if _needs_sparse(a, b, sparse):
            flags |= {"a_is_sparse": a_is_sparse, "b_is_sparse": b_is_sparse}
            return _narrow(apply("SparseMatMul", a, b, **flags, name=scope), a, b)
        found: Tensor = apply(MATMUL, a, b, **flags, name=scope)
    return found


def _may_be_stack(x: Tensor) -> bool:
    return x.dims is None or len(x.dims) > 2


def _needs_sparse(a: Tensor, b: Tensor, asked: bool) -> bool:
    """True where SparseMatMul is due: when asked for, and for bfloat16 beside another type."""
    types = [a.dtype.base_dtype, b.dtype.base_dtype]
    if asked and all(t in (bfloat16, float32) for t in types):
        return True
    return bfloat16 in types and types[0] != types[1]


def _narrow(product_: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """SparseMatMul gives float32; bfloat16 stays bfloat16."""
    if a.dtype.base_dtype == b.dtype.base_dtype == bfloat16:
        with scopes.name_scope(None, "Cast", [product_]) as scope:
            return apply("Cast", product_, DstT=bfloat16, name=scope)  # type: ignore[no-any-return]  # a Tensor
    return product_
