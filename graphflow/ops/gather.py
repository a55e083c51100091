"""Rows picked by index: Gather, with the gradient that names only the rows it touches."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphflow.core.constant import constant_value
from graphflow.core.convert import convert, convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import SUFFIXES, Call, Lowering
from graphflow.core.opdef import INDEX, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._gather_gradient import dense_gradient
from graphflow.ops._rules import shape_of
from graphflow.ops._shapes import need_rank, need_rank_at_least, scalar_value, wrapped
from graphflow.ops.indexed_slices import IndexedSlices

Array = np.ndarray[Any, Any]


def check_indices(indices: Array, n: int) -> None:
    """Raises KernelError if an index is not in [0, n)."""
    if not indices.size:
        return
    # Negative indices are huge as unsigned numbers: one pass finds both kinds of mistake.
    unsigned = indices.view(f"u{indices.itemsize}") if indices.flags.c_contiguous else indices
    if int(unsigned.max()) < n and (unsigned is not indices or int(indices.min()) >= 0):
        return
    wrong = np.argwhere((indices < 0) | (indices >= n))[0]
    where = f"[{','.join(map(str, wrong))}]" if indices.ndim else ""
    raise KernelError(f"indices{where} = {indices[tuple(wrong)]} is not in [0, {n})")


# --- Gather ---
GATHER = define(
    "Gather(params: Tparams, indices: Tindices, *, validate_indices: bool = True) "
    "-> output: Tparams",
    Tindices=INDEX,
)
GATHER.dense_quietly = True


@GATHER.shape
def _(op: Operation) -> list[Dims]:
    params, indices = (t.dims for t in op.inputs)
    need_rank_at_least(params, 1, run="params must be at least 1 dimensional")
    return [None if params is None or indices is None else indices + params[1:]]


@GATHER.gradient
def _(op: Operation, dy: Tensor) -> tuple[IndexedSlices, None]:
    return _rows(op.inputs[0], op.inputs[1], dy), None


def _gathered(call: Call, axis: int) -> Lowering | None:
    params, indices = call.shapes[:2]
    index = SUFFIXES.get(call.dtypes[1].name)
    if call.suffix is None or index is None:
        return None
    axis %= len(params)
    row = math.prod(params[axis + 1 :]) * call.dtypes[0].size
    sizes = math.prod(params[:axis]), params[axis], row, math.prod(indices)
    return Lowering(f"gather_{index}", sizes, inputs=(0, 1))


@GATHER.compiled
def _(call: Call) -> Lowering | None:
    return _gathered(call, 0)


@GATHER.numpy
def _(params: Array, indices: Array, *, out: Array | None = None) -> Array:
    return _take(params, indices, 0, out)


# --- GatherV2 ---
GATHER_V2 = define(
    "GatherV2(params: Tparams, indices: Tindices, axis: Taxis, *, batch_dims: int = 0) "
    "-> output: Tparams",
    Tindices=INDEX,
    Taxis=INDEX,
)
GATHER_V2.dense_quietly = True


@GATHER_V2.shape
def _(op: Operation) -> list[Dims]:
    params, indices = op.inputs[0].dims, op.inputs[1].dims
    need_rank_at_least(params, 1, run="params must be at least 1 dimensional")
    need_rank(op.inputs[2].dims, 0)
    axis, batch = scalar_value(op, 2), op.attrs["batch_dims"]
    if params is None:
        return [None]
    n = len(params)
    if axis is None:
        return [None if indices is None else (None,) * (n - 1 + len(indices) - max(0, batch))]
    run = f"Expected axis in the range [{-n}, {n}), but got {axis}"
    need_rank_at_least(params, axis + 1 if axis >= 0 else -axis, run)
    at = wrapped(axis, n)
    if indices is None or at is None:
        return [None]
    if batch < 0:
        batch += len(indices)
    if not 0 <= batch <= min(len(indices), at):
        raise ShapeError(f"batch_dims = {batch} must be at most rank(indices) and axis = {at}")
    return [params[:at] + indices[batch:] + params[at + 1 :]]


def _rows(params: Tensor, indices: Tensor, dy: Tensor) -> IndexedSlices:
    """The gradient of whole rows: the rows of `dy`, and which rows of `params` they belong to."""
    shape = convert(shape_of(params), int32)
    one = np.array([-1], np.int32)
    # Also where they are flat: sparse updates take their indices from here in TensorFlow's graphs.
    flat = apply("Reshape", indices, one)
    if indices.dims is None or len(indices.dims) != 1:
        sizes: Any
        if params.dims is None or None in params.dims[1:]:
            tail = apply("StridedSlice", shape, [1], [0], [1], end_mask=1)
            sizes = apply("ConcatV2", [apply("Shape", flat), tail], 0)
        else:
            sizes = np.array([-1, *params.dims[1:]], np.int32)
            if 0 in params.dims[1:]:
                sizes = apply("ConcatV2", [apply("Shape", flat), sizes[1:]], 0)
        dy = apply("Reshape", dy, sizes)
    return IndexedSlices(dy, flat, shape)


@GATHER_V2.gradient
def _(op: Operation, dy: Tensor) -> tuple[Any, None, None]:
    params, indices, axis = op.inputs
    at = scalar_value(op, 2)
    rank = None if params.dims is None else len(params.dims)
    if at is not None and at < 0 and rank is not None:
        at += rank
    if op.attrs["batch_dims"] == 0 and at == 0:
        return _rows(params, indices, dy), None, None
    return dense_gradient(params, indices, at, axis, op.attrs["batch_dims"], dy), None, None


def _take(params: Array, indices: Array, axis: int, out: Array | None = None) -> Array:
    check_indices(indices, params.shape[axis])
    if not params.shape[axis]:
        return np.take(params, indices, axis)
    # The indices are right: "clip" spares NumPy a second look, and a buffer.
    found = np.take(params, indices, axis, out=out, mode="clip")
    return found if params.dtype != object else np.asarray(found, object)  # not a bare text


@GATHER_V2.compiled
def _(call: Call) -> Lowering | None:
    axis = call.constants.get(2)
    if axis is None or call.attrs["batch_dims"]:
        return None
    return _gathered(call, axis.item())


@GATHER_V2.numpy
def _(
    params: Array, indices: Array, axis: Array, *, batch_dims: int, out: Array | None = None
) -> Array:
    at = axis.item()
    if not -params.ndim <= at < params.ndim:
        raise ValueError("no such axis")  # the shape rule says it in full
    if not batch_dims:
        return _take(params, indices, at, out)
    batch = batch_dims % indices.ndim if batch_dims < 0 else batch_dims
    at %= params.ndim
    if params.shape[:batch] != indices.shape[:batch]:
        raise KernelError(
            f"params.shape[:batch_dims] = {text(params.shape[:batch])} and "
            f"indices.shape[:batch_dims] = {text(indices.shape[:batch])} differ"
        )
    check_indices(indices, params.shape[at])
    front, inner = params.shape[:batch], params.shape[at + 1 :]
    outer = params.shape[batch:at]
    picks = math.prod(indices.shape[batch:])
    lifted = indices.reshape(*front, *(1,) * len(outer), picks, 1)
    flat = params.reshape(*front, *outer, params.shape[at], math.prod(inner))
    picked = np.take_along_axis(flat, lifted, batch + len(outer))
    return picked.reshape(*front, *outer, *indices.shape[batch:], *inner)


@export("gather")
def gather(
    params: Any,
    indices: Any,
    validate_indices: bool | None = None,
    name: str | None = None,
    axis: Any = None,
    batch_dims: int = 0,
) -> Tensor:
    """Returns slices of a tensor along an axis, picked by index.

    Args:
        params: the tensor to pick from.
        indices: int32 or int64, from 0 up to the size of the axis.
        validate_indices: has no effect.
        name: the node's name.
        axis: the axis, counted from the end where negative; None: the first after the batch.
        batch_dims: how many leading axes both have in common.

    Note:
        The gradient along the first axis is an `IndexedSlices`: it costs no more than the rows
        that were picked.
    """
    found: Tensor
    if axis is None:
        axis = batch_dims
    known = constant_value(axis) if isinstance(axis, Tensor) else axis
    if known is None or known != 0:
        found = apply(GATHER_V2, params, indices, axis, batch_dims=batch_dims, name=name)
    elif hasattr(params, "sparse_read") and getattr(params, "_is_resource", True):
        found = params.sparse_read(indices, name=name)
    else:
        found = apply(GATHER_V2, params, indices, axis, name=name)
    return found


@export("batch_gather")
def batch_gather(params: Any, indices: Any, name: str | None = None) -> Tensor:
    """Returns, for each row of a batch, the elements that its indices pick.

    Args:
        params: [..., n, ...].
        indices: [..., m], with the leading axes of `params`.
        name: the node's name.

    Raises:
        ValueError: if the rank of `indices` is not known.

    Note:
        One GatherV2; TensorFlow 1.15 computes flat indices with some twenty nodes.
    """
    indices = convert_to_tensor(indices, name="indices")
    if indices.dims is None:
        raise ValueError("batch_gather does not allow indices with unknown shape.")
    batch = len(indices.dims) - 1
    found: Tensor = apply(
        GATHER_V2, params, indices, batch, batch_dims=batch, name=name or "BatchGather"
    )
    return found
