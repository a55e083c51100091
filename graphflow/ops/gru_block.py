"""One step of a gated recurrent unit as a single operation: `tf.contrib.rnn.GRUBlockCell`.

The columns of the gates' weights belong to the reset gate, and then to the update gate.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import float32
from graphflow.core.errors import KernelError
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank
from graphflow.ops.concat import concat
from graphflow.ops.matmul import matmul
from graphflow.ops.split import known_dys

Array = np.ndarray[Any, Any]
_INPUTS = "x: T, h_prev: T, w_ru: T, w_c: T, b_ru: T, b_c: T"


def _sizes(op: Operation) -> tuple[Any, Any, Any]:
    """The batch size, the depth of the inputs and the number of units."""
    batch, depth = need_rank(op.inputs[0].dims, 2)
    return batch, depth, need_rank(op.inputs[1].dims, 2)[1]


def _check(x: Array, h: Array, w_ru: Array, w_c: Array, b_ru: Array, b_c: Array) -> None:
    for name, array, rank in (
        ("x", x, 2), ("h_prev", h, 2), ("w_ru", w_ru, 2), ("w_c", w_c, 2), ("b_ru", b_ru, 1),
        ("b_c", b_c, 1),
    ):  # fmt: skip
        if array.ndim != rank:
            raise KernelError(f"Rank of {name} must be {rank} vs. {array.ndim}")
    (batch, depth), n = x.shape, h.shape[1]
    _need(
        ("h_prev.dims(0) != batch_size", h.shape[0], batch),
        ("w_ru.dim_size(0) != input_size + cell_size", w_ru.shape[0], depth + n),
        ("w_ru.dim_size(1) != cell_size * 2", w_ru.shape[1], 2 * n),
        ("w_c.dim_size(0) != input_size + cell_size", w_c.shape[0], depth + n),
        ("w_c.dim_size(1) != cell_size", w_c.shape[1], n),
        ("b_ru.dim_size(0) != cell_size * 2", b_ru.shape[0], 2 * n),
        ("b_c.dim_size(0) != cell_size", b_c.shape[0], n),
    )


def _need(*checks: tuple[str, int, int]) -> None:
    for what, found, wanted in checks:
        if found != wanted:
            raise KernelError(f"{what}: {found} vs. {wanted}")


def _sigmoid(x: Array) -> Array:
    half = x.dtype.type(0.5)
    found: Array = np.tanh(x * half) * half + half  # no overflow for any x
    return found


# --- GRUBlockCell ---
BLOCK = define(f"GRUBlockCell({_INPUTS}) -> r: T, u: T, c: T, h: T", T=(float32,), blas=True)


@BLOCK.shape
def _(op: Operation) -> list[Dims]:
    batch, _, n = _sizes(op)
    return [(batch, n)] * 4


@BLOCK.gradient
def _(op: Operation, *dys: Tensor | None) -> list[Any]:
    x, h = op.inputs[:2]
    r, u, c, _ = op.outputs
    dh = known_dys(op, dys)[3]
    dx, dh_prev, dc, dgates = apply("GRUBlockCellGrad", *op.inputs, r, u, c, dh)
    dw_ru = matmul(concat([x, h], 1), dgates, transpose_a=True)
    dw_c = matmul(concat([x, h * r], 1), dc, transpose_a=True)
    return [dx, dh_prev, dw_ru, dw_c, apply("BiasAddGrad", dgates), apply("BiasAddGrad", dc)]


@BLOCK.numpy
def _(
    x: Array, h_prev: Array, w_ru: Array, w_c: Array, b_ru: Array, b_c: Array
) -> tuple[Array, ...]:
    _check(x, h_prev, w_ru, w_c, b_ru, b_c)
    gates = _sigmoid(np.concatenate([x, h_prev], 1) @ w_ru + b_ru)
    r, u = np.split(gates, 2, 1)
    c = np.tanh(np.concatenate([x, h_prev * r], 1) @ w_c + b_c)
    return np.ascontiguousarray(r), np.ascontiguousarray(u), c, u * (h_prev - c) + c


# --- GRUBlockCellGrad ---
BLOCK_GRAD = define(
    f"GRUBlockCellGrad({_INPUTS}, r: T, u: T, c: T, d_h: T) "
    "-> d_x: T, d_h_prev: T, d_c_bar: T, d_r_bar_u_bar: T",
    T=(float32,),
    blas=True,
).no_gradient("TensorFlow has none", raises=True)


@BLOCK_GRAD.shape
def _(op: Operation) -> list[Dims]:
    batch, depth, n = _sizes(op)
    return [(batch, depth), (batch, n), (batch, n), (batch, None if n is None else 2 * n)]


@BLOCK_GRAD.numpy
def _(
    x: Array,
    h_prev: Array,
    w_ru: Array,
    w_c: Array,
    b_ru: Array,
    b_c: Array,
    r: Array,
    u: Array,
    c: Array,
    d_h: Array,
) -> tuple[Array, ...]:
    _check(x, h_prev, w_ru, w_c, b_ru, b_c)
    (batch, n), depth = h_prev.shape, x.shape[1]
    for name, array in (("r", r), ("u", u), ("c", c), ("d_h", d_h)):
        _need(
            (f"{name}.dims(0) != batch_size", array.shape[0], batch),
            (f"{name}.dims(1) != cell_size", array.shape[1], n),
        )
    one = x.dtype.type(1)
    dc = d_h * (one - u) * (one - c * c)
    du = d_h * (h_prev - c) * (u * (one - u))
    dx, dhr = np.split(dc @ w_c.T, [depth], 1)
    dr = dhr * h_prev * (r * (one - r))
    dgates = np.concatenate([dr, du], 1)
    dx_gates, dh_gates = np.split(dgates @ w_ru.T, [depth], 1)
    return dx + dx_gates, dh_gates + dhr * r + d_h * u, dc, dgates
