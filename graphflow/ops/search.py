"""Places in sorted rows, and positions in a tensor from places in its flat form."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, int32
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import INDEX, OpDef, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape

Array = np.ndarray[Any, Any]


# --- LowerBound and UpperBound ---
def _halved(rows: Array, values: Array, is_left: bool) -> Array:
    """Finds the place of each value by halving what is left of its row, all at once.

    The order of the comparisons is that of C++'s standard library: it shows where there are nans,
    which are neither before nor behind anything.
    """
    first = np.zeros(values.shape, np.int64)
    left = np.full(values.shape, rows.shape[1], np.int64)
    while (left > 0).any():
        step = left // 2
        at = np.minimum(first + step, rows.shape[1] - 1)
        probe = np.take_along_axis(rows, at, 1)
        go = (probe < values) if is_left else ~(values < probe)
        go &= left > 0
        first = np.where(go, first + step + 1, first)
        left = np.where(go, left - step - 1, step)
    return first


def _bound(name: str, side: Any) -> OpDef:
    made = define(
        f"{name}(sorted_inputs: T, values: T, *, out_type: type) -> output: out_type",
        out_type=default(INDEX, int32),
    ).no_gradient("a place does not change smoothly", raises=True)

    @made.shape
    def _(op: Operation) -> list[Dims]:
        run = "Leading dim_size of both tensors must match."
        need_rank(op.inputs[0].dims, 2, run)
        return [need_rank(op.inputs[1].dims, 2, run)]

    @made.numpy
    def _(rows: Array, values: Array, *, out_type: DType) -> Any:
        if rows.ndim != 2 or values.ndim != 2 or len(rows) != len(values):
            raise KernelError("Leading dim_size of both tensors must match.")
        has_nan = rows.dtype.kind == "f" and (np.isnan(rows).any() or np.isnan(values).any())
        if len(rows) == 1 and not has_nan:
            found: Array = np.searchsorted(rows[0], values[0], side)[None]
        else:
            found = _halved(rows, values, side == "left")
        return found.astype(out_type.as_numpy_dtype)

    return made


LOWER_BOUND = _bound("LowerBound", "left")
UPPER_BOUND = _bound("UpperBound", "right")


@export("searchsorted")
def searchsorted(
    sorted_sequence: Any,
    values: Any,
    side: str = "left",
    out_type: Any = int32,
    name: str | None = None,
) -> Tensor:
    """Returns where values would go in sorted rows.

    Args:
        sorted_sequence: [..., n], each row in ascending order.
        values: [..., k], as many rows.
        side: "left": before equal elements; "right": behind them.
        out_type: int32 or int64.
        name: the node's name.

    Raises:
        ValueError: for another side.
    """
    sequence_size = _last_size(sorted_sequence)
    values_size = _last_size(values)
    rows = reshape(sorted_sequence, [-1, sequence_size])
    wanted = reshape(values, [-1, values_size])
    if side not in ("left", "right"):
        raise ValueError(f"side must be either 'right' or 'left'.  Saw: {side}.")
    definition = UPPER_BOUND if side == "right" else LOWER_BOUND
    found = apply(definition, rows, wanted, out_type=out_type, name=name)
    return reshape(found, shape(values))


def _last_size(x: Any) -> Any:
    return shape(x)[-1]


# --- UnravelIndex ---
UNRAVEL_INDEX = define(
    "UnravelIndex(indices: Tidx, dims: Tidx) -> output: Tidx", Tidx=default(INDEX, int32)
).no_gradient("whole numbers have none", raises=True)


@UNRAVEL_INDEX.shape
def _(op: Operation) -> list[Dims]:
    indices, dims = (t.dims for t in op.inputs)
    count = need_rank(dims, 1, f'The indices can only be 1-D, got "{text(dims)}"')
    if indices is None:
        return [None]
    return [count if not indices else (*count, *_flat(indices))]


def _flat(dims: tuple[int | None, ...]) -> tuple[int | None]:
    total: int | None = 1
    for size in dims:
        total = None if total is None or size is None else total * size
    return (total,)


@UNRAVEL_INDEX.numpy
def _(indices: Array, dims: Array) -> Array:
    if indices.ndim > 1:
        raise KernelError(f'The indices can only be scalar or vector, got "{text(indices.shape)}"')
    if (dims == 0).any():
        raise KernelError("dims cannot contain a dim of zero")
    wide = dims.astype(np.int64)
    steps = np.cumprod(wide[::-1])[::-1]  # how many elements an axis and those behind it hold
    column = (-1,) + (1,) * indices.ndim
    rest = np.fmod(indices.astype(np.int64), steps.reshape(column))
    behind = np.append(steps[1:], 1).reshape(column) if len(steps) else steps.reshape(column)
    return np.fix(rest / behind).astype(dims.dtype)


@export("unravel_index")
def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Tensor:
    """Returns the positions in a tensor that places in its flat form stand for.

    Args:
        indices: a place or a vector of them.
        dims: the shape of the tensor.
        name: the node's name.

    Returns:
        [axes] or [axes, places].
    """
    found: Tensor = apply(UNRAVEL_INDEX, indices, dims, name=name)
    return found
