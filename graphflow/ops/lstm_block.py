"""One step of an LSTM as a single operation, and its gradient: `tf.contrib.rnn.LSTMBlockCell`.

The columns of the weights belong to the input gate, the new input, the forget gate and the output
gate, in this order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import float16, float32
from graphflow.core.errors import KernelError
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank
from graphflow.ops.concat import concat
from graphflow.ops.matmul import matmul
from graphflow.ops.slice import slice_
from graphflow.ops.split import known_dys

Array = np.ndarray[Any, Any]
_INPUTS = "x: T, cs_prev: T, h_prev: T, w: T, wci: T, wcf: T, wco: T, b: T"


def _sizes(op: Operation) -> tuple[Any, Any]:
    """The batch size and the number of units."""
    return need_rank(op.inputs[0].dims, 2)[0], need_rank(op.inputs[1].dims, 2)[1]


def _check(x: Array, c: Array, h: Array, w: Array, b: Array) -> None:
    (batch, depth), n = x.shape, c.shape[1]
    for what, found, wanted in (
        ("cs_prev.dims(0) != batch_size", c.shape[0], batch),
        ("h_prev.dims(0) != batch_size", h.shape[0], batch),
        ("h_prev.dims(1) != cell_size", h.shape[1], n),
        ("w.dim_size(0) != input_size + cell_size", w.shape[0], depth + n),
        ("w.dim_size(1) != cell_size * 4", w.shape[1], 4 * n),
        ("b.dim_size(0) != cell_size * 4", b.shape[0], 4 * n),
    ):
        if found != wanted:
            raise KernelError(f"{what}: {found} vs. {wanted}")


def _sigmoid(x: Array) -> Array:
    half = x.dtype.type(0.5)
    found: Array = np.tanh(x * half) * half + half  # no overflow for any x
    return found


# --- LSTMBlockCell ---
BLOCK = define(
    f"LSTMBlockCell({_INPUTS}, *, forget_bias: float = 1.0, cell_clip: float = 3.0, "
    "use_peephole: bool = False) -> i: T, cs: T, f: T, o: T, ci: T, co: T, h: T",
    T=(float16, float32),
)


@BLOCK.shape
def _(op: Operation) -> list[Dims]:
    return [_sizes(op)] * 7


@BLOCK.gradient
def _(op: Operation, *dys: Tensor | None) -> list[Any]:
    x, c_old, h_old, w = op.inputs[:4]
    slopes = known_dys(op, dys)
    made = apply(
        "LSTMBlockCellGrad", *op.inputs, *op.outputs[:6], slopes[1], slopes[6],
        use_peephole=op.attrs["use_peephole"],
    )  # fmt: skip
    dc, dgates, dwci, dwcf, dwco = made
    known = x.shape.with_rank(2).as_list()
    if known[1] is None:
        raise ValueError("input_size from `x` should not be None.")
    n = c_old.shape.with_rank(2).as_list()[1]
    if n is None:
        raise ValueError("cell_size from `cs_prev` should not be None.")
    rows = -1 if known[0] is None else known[0]
    dxh = matmul(dgates, w, transpose_b=True)
    dx = slice_(dxh, (0, 0), (rows, known[1]))
    dh = slice_(dxh, (0, known[1]), (rows, n))
    dw = matmul(concat([x, h_old], 1), dgates, transpose_a=True)
    return [dx, dc, dh, dw, dwci, dwcf, dwco, apply("BiasAddGrad", dgates)]


@BLOCK.numpy
def _(
    x: Array,
    cs_prev: Array,
    h_prev: Array,
    w: Array,
    wci: Array,
    wcf: Array,
    wco: Array,
    b: Array,
    *,
    forget_bias: float,
    cell_clip: float,
    use_peephole: bool,
) -> tuple[Array, ...]:
    _check(x, cs_prev, h_prev, w, b)
    gates = np.concatenate([x, h_prev], 1) @ w + b
    i, ci, f, o = np.split(gates, 4, 1)
    f = f + f.dtype.type(forget_bias)
    if use_peephole:
        i, f = i + cs_prev * wci, f + cs_prev * wcf
    i, ci, f = _sigmoid(i), np.tanh(ci), _sigmoid(f)
    cs = ci * i + f * cs_prev
    if cell_clip > 0:
        cs = np.clip(cs, -cs.dtype.type(cell_clip), cs.dtype.type(cell_clip))
    o = _sigmoid(o + cs * wco if use_peephole else o)
    co = np.tanh(cs)
    return i, cs, f, o, ci, co, o * co


# --- LSTMBlockCellGrad ---
BLOCK_GRAD = define(
    f"LSTMBlockCellGrad({_INPUTS}, i: T, cs: T, f: T, o: T, ci: T, co: T, cs_grad: T, h_grad: T, "
    "*, use_peephole: bool) -> cs_prev_grad: T, dicfo: T, wci_grad: T, wcf_grad: T, wco_grad: T",
    T=(float16, float32),
).no_gradient("TensorFlow has none")


@BLOCK_GRAD.shape
def _(op: Operation) -> list[Dims]:
    batch, n = _sizes(op)
    four = None if n is None else 4 * n
    return [(batch, n), (batch, four), (n,), (n,), (n,)]


@BLOCK_GRAD.numpy
def _(
    x: Array,
    cs_prev: Array,
    h_prev: Array,
    w: Array,
    wci: Array,
    wcf: Array,
    wco: Array,
    b: Array,
    i: Array,
    cs: Array,
    f: Array,
    o: Array,
    ci: Array,
    co: Array,
    cs_grad: Array,
    h_grad: Array,
    *,
    use_peephole: bool,
) -> tuple[Array, ...]:
    _check(x, cs_prev, h_prev, w, b)
    one = x.dtype.type(1)
    do = o * (one - o) * h_grad * co
    dcs = (one - co * co) * h_grad * o + cs_grad
    if use_peephole:
        dcs = dcs + do * wco
    dci = (one - ci * ci) * dcs * i
    df = f * (one - f) * dcs * cs_prev
    di = i * (one - i) * dcs * ci
    dicfo = np.concatenate([di, dci, df, do], 1)
    if not use_peephole:
        return dcs * f, dicfo, np.zeros_like(wci), np.zeros_like(wcf), np.zeros_like(wco)
    slopes = [(d * c).sum(0) for d, c in ((di, cs_prev), (df, cs_prev), (do, cs))]
    return dcs * f + di * wci + df * wcf, dicfo, *slopes
