"""Matrix products."""

from __future__ import annotations

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
from graphflow.core.errors import ShapeError
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
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


@MATMUL.numpy
def _(a: Array, b: Array, *, transpose_a: bool, transpose_b: bool, out: Array | None) -> Array:
    return product(a.T if transpose_a else a, b.T if transpose_b else b, out)
