"""Fractional pooling: cells of varying size, whose borders are drawn at random."""

from __future__ import annotations

import math
import os
from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import float32, float64, int32, int64
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops import _fractional_kernels
from graphflow.ops._fractional_kernels import Cells
from graphflow.ops.conv import check_rank

Array = np.ndarray[Any, Any]

_TYPES: Final = (float32, float64, int32, int64)
_ATTRS: Final = (
    "pooling_ratio: list(float), pseudo_random: bool = False, overlapping: bool = False, "
    "deterministic: bool = False, seed: int = 0, seed2: int = 0"
)
_OUTPUTS: Final = "output: T, row_pooling_sequence: int64, col_pooling_sequence: int64"


def _pooled_size(size: int, ratio: float) -> int:
    return math.floor(np.float32(size) / np.float32(ratio))


def _shape(op: Operation) -> list[Dims]:
    """The shape rule of both poolings.

    Note:
        The sequences have one element more than there are cells; TensorFlow's rule forgets it.
    """
    x, ratio = op.inputs[0].dims, op.attrs["pooling_ratio"]
    check_rank(x, 4, "tensor_in must be 4-dimensional")
    if len(ratio) != 4:
        raise ShapeError("pooling_ratio field must specify 4 dimensions")
    x = x or (None,) * 4
    outs = [
        None if size is None or not r > 0 else _pooled_size(size, r)
        for size, r in zip(x, ratio, strict=True)
    ]
    edges: list[Dims] = [(None if outs[axis] is None else outs[axis] + 1,) for axis in (1, 2)]  # type: ignore[operator]  # as tested
    return [tuple(outs), *edges]


def _cells(edges: Array, size: int, overlapping: bool) -> Cells:
    try:
        return Cells.of(edges, size, overlapping)
    except ValueError as e:
        raise KernelError(str(e)) from None


def _drawn(
    x: Array,
    pooling_ratio: list[float],
    pseudo_random: bool,
    deterministic: bool,
    seeds: tuple[int, int],
) -> tuple[Array, Array]:
    """The borders of rows and columns.

    Raises:
        KernelError: if the ratios or the seeds do not fit.
    """
    if pooling_ratio[0] != 1 or pooling_ratio[3] != 1:
        raise KernelError(
            "Fractional pooling is not yet supported on the batch nor channel dimension."
        )
    if any(not ratio >= 1 for ratio in pooling_ratio):
        raise KernelError(f"pooling_ratio cannot be smaller than 1, got: {pooling_ratio}")
    if not deterministic and seeds != (0, 0):
        raise KernelError("Both seed and seed2 should be 0 if deterministic is false.")
    sizes = (x.shape[1], x.shape[2])
    outs = (_pooled_size(sizes[0], pooling_ratio[1]), _pooled_size(sizes[1], pooling_ratio[2]))
    if min(outs) < 1:
        raise KernelError(f"pooling_ratio {pooling_ratio} leaves nothing of {text(x.shape)}")
    if seeds == (0, 0):  # TensorFlow draws them itself then
        drawn = np.frombuffer(os.urandom(16), np.int64)
        seeds = (int(drawn[0]), int(drawn[1]))
    return _fractional_kernels.borders(sizes, outs, pseudo_random, seeds)


# --- FractionalMaxPool ---
FRACTIONAL_MAX_POOL = define(
    f"FractionalMaxPool(value: T, *, {_ATTRS}) -> {_OUTPUTS}",
    shape=_shape,
    T=_TYPES,
    pooling_ratio=4,
)


@FRACTIONAL_MAX_POOL.gradient
def _(op: Operation, dy: Tensor, *_: Any) -> Tensor:
    output, rows, cols = op.outputs
    overlapping = op.attrs["overlapping"]
    found: Tensor = apply(
        FRACTIONAL_MAX_POOL_GRAD, op.inputs[0], output, dy, rows, cols, overlapping=overlapping
    )
    return found


@FRACTIONAL_MAX_POOL.numpy
def _(
    x: Array,
    *,
    pooling_ratio: list[float],
    pseudo_random: bool,
    overlapping: bool,
    deterministic: bool,
    seed: int,
    seed2: int,
) -> tuple[Array, Array, Array]:
    rows, cols = _drawn(x, pooling_ratio, pseudo_random, deterministic, (seed, seed2))
    cells = _cells(rows, x.shape[1], overlapping), _cells(cols, x.shape[2], overlapping)
    return _fractional_kernels.max_pool(x, *cells), rows, cols


FRACTIONAL_MAX_POOL_GRAD = define(
    "FractionalMaxPoolGrad(orig_input: T, orig_output: T, out_backprop: T, "
    "row_pooling_sequence: int64, col_pooling_sequence: int64, *, overlapping: bool = False)"
    " -> output: T",
    T=_TYPES,
).no_gradient("TensorFlow defines none", raises=True)


@FRACTIONAL_MAX_POOL_GRAD.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    check_rank(dims, 4, "orig_input must be 4-dimensional")
    return [dims or (None,) * 4]


@FRACTIONAL_MAX_POOL_GRAD.numpy
def _(x: Array, y: Array, dy: Array, rows: Array, cols: Array, *, overlapping: bool) -> Array:
    cells = _cells(rows, x.shape[1], overlapping), _cells(cols, x.shape[2], overlapping)
    _check_grad(dy, x.shape, cells)
    if y.shape != dy.shape:
        raise KernelError(f"orig_output has the shape {text(y.shape)}, not {text(dy.shape)}")
    return _fractional_kernels.max_pool_grad(x, dy, *cells)


def _check_grad(dy: Array, shape: tuple[int, ...], cells: tuple[Cells, Cells]) -> None:
    wanted = (shape[0], len(cells[0].starts), len(cells[1].starts), shape[3])
    if dy.shape != wanted:
        raise KernelError(f"out_backprop has the shape {text(dy.shape)}, not {text(wanted)}")


# --- FractionalAvgPool ---
FRACTIONAL_AVG_POOL = define(
    f"FractionalAvgPool(value: T, *, {_ATTRS}) -> {_OUTPUTS}",
    shape=_shape,
    T=_TYPES,
    pooling_ratio=4,
)


@FRACTIONAL_AVG_POOL.gradient
def _(op: Operation, dy: Tensor, *_: Any) -> Tensor:
    x, overlapping = op.inputs[0], op.attrs["overlapping"]
    known = x.dims is not None and None not in x.dims
    sizes = np.array(x.dims, np.int64) if known else apply("Shape", x, out_type=int64)
    found: Tensor = apply(
        FRACTIONAL_AVG_POOL_GRAD, sizes, dy, *op.outputs[1:], overlapping=overlapping
    )
    return found


@FRACTIONAL_AVG_POOL.numpy
def _(
    x: Array,
    *,
    pooling_ratio: list[float],
    pseudo_random: bool,
    overlapping: bool,
    deterministic: bool,
    seed: int,
    seed2: int,
) -> tuple[Array, Array, Array]:
    rows, cols = _drawn(x, pooling_ratio, pseudo_random, deterministic, (seed, seed2))
    cells = _cells(rows, x.shape[1], overlapping), _cells(cols, x.shape[2], overlapping)
    return _fractional_kernels.avg_pool(x, *cells), rows, cols


FRACTIONAL_AVG_POOL_GRAD = define(
    "FractionalAvgPoolGrad(orig_input_tensor_shape: int64, out_backprop: T, "
    "row_pooling_sequence: int64, col_pooling_sequence: int64, *, overlapping: bool = False)"
    " -> output: T",
    T=_TYPES,
).no_gradient("TensorFlow defines none", raises=True)


@FRACTIONAL_AVG_POOL_GRAD.shape
def _(op: Operation) -> list[Dims]:
    sizes = op.partial(0)
    if isinstance(sizes, list) and len(sizes) == 4:
        return [tuple(sizes)]
    return [(None,) * 4]


@FRACTIONAL_AVG_POOL_GRAD.numpy
def _(sizes: Array, dy: Array, rows: Array, cols: Array, *, overlapping: bool) -> Array:
    if sizes.shape != (4,):
        raise KernelError("original input tensor shape must be1-dimensional and 4 elements")
    shape = tuple(sizes.tolist())
    cells = _cells(rows, shape[1], overlapping), _cells(cols, shape[2], overlapping)
    _check_grad(dy, shape, cells)
    return _fractional_kernels.avg_pool_grad(shape, dy, *cells)


# --- public functions ---
@export("nn.fractional_max_pool")
def fractional_max_pool(
    value: Any,
    pooling_ratio: Any,
    pseudo_random: Any = False,
    overlapping: Any = False,
    deterministic: Any = False,
    seed: Any = 0,
    seed2: Any = 0,
    name: str | None = None,
) -> Any:
    """Returns the largest value of each cell; the sizes of the cells are random.

    Args:
        value: x: [n, h, w, c].
        pooling_ratio: by what each dimension shrinks, 1 or more: [1, rows, columns, 1].
        pseudo_random: whether the sizes of cells follow the paper's smoother sequence.
        overlapping: whether a cell has the first element of the next one too.
        deterministic: whether the seeds decide; with both 0 they are drawn in each run.
        seed: the first seed; other than 0 only if deterministic.
        seed2: the second seed, likewise.
        name: the node's name.

    Returns:
        A named tuple (output, row_pooling_sequence, col_pooling_sequence); the sequences are the
        borders of the cells.

    Source:
        Graham 2014, Fractional max-pooling.
    """
    return apply(
        FRACTIONAL_MAX_POOL,
        value,
        pooling_ratio=pooling_ratio,
        pseudo_random=pseudo_random,
        overlapping=overlapping,
        deterministic=deterministic,
        seed=seed,
        seed2=seed2,
        name=name,
    )


@export("nn.fractional_avg_pool")
def fractional_avg_pool(
    value: Any,
    pooling_ratio: Any,
    pseudo_random: Any = False,
    overlapping: Any = False,
    deterministic: Any = False,
    seed: Any = 0,
    seed2: Any = 0,
    name: str | None = None,
) -> Any:
    """Returns the average of each cell; the sizes of the cells are random.

    Args:
        value: x: [n, h, w, c].
        pooling_ratio: by what each dimension shrinks, 1 or more: [1, rows, columns, 1].
        pseudo_random: see `fractional_max_pool`.
        overlapping: see `fractional_max_pool`.
        deterministic: see `fractional_max_pool`.
        seed: see `fractional_max_pool`.
        seed2: see `fractional_max_pool`.
        name: the node's name.

    Returns:
        A named tuple (output, row_pooling_sequence, col_pooling_sequence).
    """
    return apply(
        FRACTIONAL_AVG_POOL,
        value,
        pooling_ratio=pooling_ratio,
        pseudo_random=pseudo_random,
        overlapping=overlapping,
        deterministic=deterministic,
        seed=seed,
        seed2=seed2,
        name=name,
    )
