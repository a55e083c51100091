"""Tensors turned round along axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import (
    bfloat16,
    bool_,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    string,
    uint8,
    uint16,
)
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export, renamed
from graphflow.core.lowering import Call, Lowering, copied_part
from graphflow.core.opdef import INDEX, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank, of_rank, same_size, wrapped

Array = np.ndarray[Any, Any]
_WHOLE = (uint8, int8, uint16, int16, int32, int64, bool_)
_OTHER = (float16, float32, float64, complex64, complex128, string)


def _turned(x: Array, axes: set[int]) -> Array:
    index = tuple([slice(None, None, -1 if i in axes else 1) for i in range(x.ndim)])
    return np.array(x[index], order="C")


# --- Reverse ---
REVERSE = define("Reverse(tensor: T, dims: bool) -> output: T", T=(*_WHOLE, *_OTHER))


@REVERSE.shape
def _(op: Operation) -> list[Dims]:
    dims, (n,) = op.inputs[0].dims, need_rank(op.inputs[1].dims, 1)
    if dims is None:
        return [of_rank(n)]
    if n not in (None, len(dims)):
        raise ShapeError(f"Shape must be rank {n} but is rank {len(dims)}")
    return [dims]


@REVERSE.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    return apply(REVERSE, dy, op.inputs[1]), None


@REVERSE.numpy
def _(x: Array, dims: Array) -> Array:
    if dims.size != x.ndim:
        raise ValueError("another rank")  # the shape rule says it in full
    return _turned(x, set(np.flatnonzero(dims).tolist()))


# --- ReverseV2 ---
REVERSE_V2 = define(
    "ReverseV2(tensor: T, axis: Tidx) -> output: T",
    T=(*_WHOLE, bfloat16, *_OTHER),
    Tidx=default_type(INDEX, int32),
)


@REVERSE_V2.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    need_rank(op.inputs[1].dims, 1)
    axes = op.constant(1)
    if dims is not None and axes is not None:
        seen = set()
        for i, axis in enumerate(axes.tolist()):
            at = wrapped(axis, len(dims))
            if at is None:
                raise ShapeError(f"'axis'[{i}] = {axis} is out of valid range [0, {len(dims) - 1}")
            if at in seen:
                raise ShapeError(f"axis {at} specified more than once.")
            seen.add(at)
    return [dims]


@REVERSE_V2.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    return apply(REVERSE_V2, dy, op.inputs[1]), None


@REVERSE_V2.compiled
def _(call: Call) -> Lowering | None:
    shape, axes = call.shapes[0], call.constants.get(1)
    if axes is None or call.suffix is None:
        return None
    turned = {a % len(shape) for a in axes.tolist()}
    index = [slice(None, None, -1 if a in turned else 1) for a in range(len(shape))]
    sizes = copied_part(shape, call.dtypes[0].size, (*index, ...))
    return None if sizes is None else Lowering("copy_box", sizes, inputs=(0,))


@REVERSE_V2.numpy
def _(x: Array, axis: Array) -> Array:
    listed = axis.tolist()
    axes = {a % x.ndim for a in listed if -x.ndim <= a < x.ndim}
    if len(axes) != len(listed):
        raise ValueError("axes that are missing or twice")  # the shape rule says it in full
    return _turned(x, axes)


@export("reverse", "manip.reverse", "reverse_v2")
def reverse(tensor: Any, axis: Any, name: str | None = None) -> Tensor:
    """Returns a tensor turned round along axes.

    Args:
        tensor: a value.
        axis: a list of axes, counted from the end where negative.
        name: the node's name.

    Raises:
        ValueError: if an axis does not exist or comes twice.
    """
    found: Tensor = apply(REVERSE_V2, tensor, axis, name=name)
    return found


# --- ReverseSequence ---
REVERSE_SEQUENCE = define(
    "ReverseSequence(input: T, seq_lengths: Tlen, *, seq_dim: int, batch_dim: int = 0) "
    "-> output: T",
    Tlen=default_type(INDEX, int64),
)


@REVERSE_SEQUENCE.shape
def _(op: Operation) -> list[Dims]:
    dims, (n,) = op.inputs[0].dims, need_rank(op.inputs[1].dims, 1, "seq_lens input must be 1-dim")
    if dims is None:
        return [None]
    for key in ("batch_dim", "seq_dim"):
        if op.attrs[key] >= len(dims):
            raise ShapeError(f"{key} must be < input rank: {op.attrs[key]} vs. {len(dims)}")
    batch = op.attrs["batch_dim"]
    size = same_size(dims[batch], n, f"Length of seq_lens != input.dims({batch})")
    return [(*dims[:batch], size, *dims[batch + 1 :])]


@REVERSE_SEQUENCE.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    dims = {"seq_dim": op.attrs["seq_dim"], "batch_dim": op.attrs["batch_dim"]}
    return apply(REVERSE_SEQUENCE, dy, op.inputs[1], **dims), None


@REVERSE_SEQUENCE.numpy
def _(x: Array, seq_lengths: Array, *, seq_dim: int, batch_dim: int) -> Array:
    if batch_dim == seq_dim:
        raise KernelError("batch_dim == seq_dim == " + str(seq_dim))
    if max(batch_dim, seq_dim) >= x.ndim or seq_lengths.size != x.shape[batch_dim]:
        raise ValueError("the lengths do not fit")  # the shape rule says it in full
    made = x.copy()
    rows, source = (
        np.moveaxis(made, (batch_dim, seq_dim), (0, 1)),
        np.moveaxis(x, (batch_dim, seq_dim), (0, 1)),
    )
    for i, n in enumerate(seq_lengths.tolist()):
        if n < 0:
            raise KernelError(f"seq_lens({i}) < 0")
        if n > x.shape[seq_dim]:
            raise KernelError(f"seq_lens({i}) > input.dims({seq_dim})")
        rows[i, :n] = source[i, :n][::-1]
    return made


@export("reverse_sequence")
@renamed(seq_dim="seq_axis", batch_dim="batch_axis")
def reverse_sequence(
    input: Any,
    seq_lengths: Any,
    seq_axis: int | None = None,
    batch_axis: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Returns a batch of sequences, each turned round over its own length.

    Args:
        input: the batch; what lies behind a sequence's length stays where it is.
        seq_lengths: the length of each sequence.
        seq_axis: the axis along which a sequence runs.
        batch_axis: the axis of the batch; None: the first.
        name: the node's name.

    Raises:
        ValueError: if there are not as many lengths as sequences.
    """
    found: Tensor = apply(
        REVERSE_SEQUENCE,
        input,
        seq_lengths,
        seq_dim=seq_axis,
        batch_dim=batch_axis,
        name=name,
    )
    return found
