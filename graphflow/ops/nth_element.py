"""The n-th smallest element of rows, and comparisons packed into bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import (
    bool_,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
)
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.opdef import REALS, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank, need_rank_at_least
from graphflow.ops.reshape import expand_dims

Array = np.ndarray[Any, Any]

# --- NthElement ---
NTH_ELEMENT = define(
    "NthElement(input: T, n: int32, *, reverse: bool = False) -> values: T", T=REALS
)


@NTH_ELEMENT.shape
def _(op: Operation) -> list[Dims]:
    dims, index = (t.dims for t in op.inputs)
    need_rank_at_least(dims, 1, f"Input must be >= 1-D, got shape {text(dims)}")
    if index:
        raise ShapeError(
            f"Input must be scalar but has rank {len(index)}",
            f"N must be scalar, got shape {text(index)}",
        )
    n = op.constant(1)
    if n is not None and n < 0:
        raise ShapeError(
            f"Dimension size, given by scalar input 1, must be non-negative but is {n}",
            f"Need n >= 0, got {n}",
        )
    if dims is None:
        return [None]
    if n is not None and dims[-1] is not None and dims[-1] <= n:
        raise ShapeError(
            f"Input must have last dimension > n = {n} but is {dims[-1]}",
            "Input must have at least n+1 columns",
        )
    return [dims[:-1]]


@NTH_ELEMENT.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    # Equal elements share it.
    x, y = op.inputs[0], op.outputs[0]
    found = apply("Equal", expand_dims(y, -1), x)
    weights = apply("Cast", found, DstT=dy.dtype.base_dtype)
    count = apply("Sum", weights, np.array([-1], np.int32), keep_dims=True)
    return weights / count * expand_dims(dy, -1), None


@NTH_ELEMENT.numpy
def _(x: Array, n: Array, *, reverse: bool) -> Array:
    at = int(n)
    if at < 0:
        raise KernelError(f"Need n >= 0, got {at}")
    if x.shape[-1] <= at:
        raise KernelError("Input must have at least n+1 columns")
    at = x.shape[-1] - 1 - at if reverse else at
    return np.array(np.partition(x, at, -1)[..., at], order="C")


# --- CompareAndBitpack ---
COMPARE_AND_BITPACK = define(
    "CompareAndBitpack(input: T, threshold: T) -> output: uint8",
    T=(bool_, float16, float32, float64, int8, int16, int32, int64),
).no_gradient("a comparison does not change smoothly", raises=True)


@COMPARE_AND_BITPACK.shape
def _(op: Operation) -> list[Dims]:
    dims, threshold = (t.dims for t in op.inputs)
    need_rank_at_least(
        dims, 1, f"Input should be at least a vector, but saw a scalar: {text(dims)}"
    )
    need_rank(threshold, 0, f"Compare must be a scalar, but saw shape: {text(threshold)}")
    if dims is None:
        return [None]
    if dims[-1] is not None and dims[-1] % 8:
        raise ShapeError(
            f"Dimension size must be evenly divisible by 8 but is {dims[-1]}",
            f"Inner dimension of input should be divisible by 8, but saw shape: {text(dims)}",
        )
    return [(*dims[:-1], None if dims[-1] is None else dims[-1] // 8)]


@COMPARE_AND_BITPACK.numpy
def _(x: Array, threshold: Array) -> Array:
    if not x.ndim or x.shape[-1] % 8:
        raise ValueError("no whole bytes")  # the shape rule says it in full
    # The threshold of truth values has no effect, as in TensorFlow.
    return np.packbits(x if x.dtype.kind == "b" else x > threshold, axis=-1)
