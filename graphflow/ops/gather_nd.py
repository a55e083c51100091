"""Slices picked by position vectors, and put there: GatherNd and ScatterNd, adjoint twins."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.constant import constant_value
from graphflow.core.convert import convert, convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import SUFFIXES, Call, Lowering
from graphflow.core.opdef import INDEX, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, count, text
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import shape_of
from graphflow.ops._segment_kernels import by_segment
from graphflow.ops._shapes import as_dims, asked_sizes, merged, need_rank, need_rank_at_least
from graphflow.ops.broadcast import meshgrid
from graphflow.ops.concat import concat
from graphflow.ops.fill import ones
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import rank
from graphflow.ops.shape_ops import shape as shape_tensor
from graphflow.ops.stack import stack, unstack
from graphflow.ops.transpose import transpose

Array = np.ndarray[Any, Any]


def flat_positions(indices: Array, shape: tuple[int, ...], what: str) -> Array:
    """The position vectors [..., k] as positions in the first k axes laid flat: [n].

    Raises:
        KernelError: if a vector points outside.
    """
    k = indices.shape[-1]
    vectors = indices.reshape(math.prod(indices.shape[:-1]), k)
    wrong = (vectors < 0) | (vectors >= np.array(shape[:k], vectors.dtype))
    if wrong.any():
        at = int(np.argwhere(wrong.any(1))[0][0])
        where = ",".join(map(str, np.unravel_index(at, indices.shape[:-1])))
        listed = ", ".join(map(str, vectors[at].tolist()))
        raise KernelError(f"indices[{where}] = [{listed}] does not index into {what} {text(shape)}")
    found = np.zeros(len(vectors), np.int64)
    for axis in range(k):
        found = found * shape[axis] + vectors[:, axis]
    return found


# --- GatherNd ---
GATHER_ND = define(
    "GatherNd(params: Tparams, indices: Tindices) -> output: Tparams", Tindices=INDEX
)


@GATHER_ND.shape
def _(op: Operation) -> list[Dims]:
    params, indices = (t.dims for t in op.inputs)
    need_rank_at_least(indices, 1, run="indices must be at least a vector")
    if params is None or indices is None or indices[-1] is None:
        return [None]
    depth = indices[-1]
    if depth > len(params):
        raise ShapeError(
            f"indices.shape[-1] must be <= params.rank, but saw indices shape: {text(indices)} "
            f"and params shape: {text(params)}",
            run="index innermost dimension length must be <= params rank; "
            f"saw: {depth} vs. {len(params)}",
        )
    return [indices[:-1] + params[depth:]]


@GATHER_ND.gradient
def _(op: Operation, dy: Tensor) -> tuple[Any, None]:
    params, indices = op.inputs
    shape = shape_of(params)
    dims = indices.dims
    if dims is not None and len(dims) == 2 and dims[1] == 1:
        rows = apply("Squeeze", indices, squeeze_dims=[-1])
        return IndexedSlices(dy, rows, convert(shape, int32)), None
    index = indices.dtype.base_dtype
    if isinstance(shape, Tensor):
        shape = apply("Shape", params, out_type=index)
    else:
        shape = shape.astype(index.as_numpy_dtype)
    return apply(SCATTER_ND, indices, dy, shape), None


@GATHER_ND.compiled
def _(call: Call) -> Lowering | None:
    params, indices = call.shapes
    index, depth = SUFFIXES.get(call.dtypes[1].name), indices[-1]
    if call.suffix is None or index is None:
        return None
    slice_bytes = math.prod(params[depth:]) * call.dtypes[0].size
    sizes = (math.prod(indices[:-1]), slice_bytes, depth, *params[:depth])
    return Lowering(f"gather_nd_{index}", sizes)


@GATHER_ND.numpy
def _(params: Array, indices: Array) -> Array:
    if not indices.ndim or indices.shape[-1] > params.ndim:
        raise ValueError("no position vectors")  # the shape rule says it in full
    depth = indices.shape[-1]
    if not params.size and math.prod(indices.shape[:-1]):
        raise KernelError(
            "Requested more than 0 entries, but params is empty.  Params shape: "
            f"{text(params.shape)}"
        )
    rest = params.shape[depth:]
    flat = params.reshape(math.prod(params.shape[:depth]), *rest)
    rows = flat[flat_positions(indices, params.shape, "param shape")]
    return rows.reshape(indices.shape[:-1] + rest)


@export("gather_nd", "manip.gather_nd")
def gather_nd(params: Any, indices: Any, name: str | None = None, batch_dims: Any = 0) -> Tensor:
    """Returns the slices of a tensor at positions.

    Args:
        params: the tensor to pick from.
        indices: [..., k]: each vector along the last axis is a position in the first k axes.
        name: the node's name.
        batch_dims: how many leading axes both have in common.

    Raises:
        ValueError: if the vectors are longer than `params` has axes.
    """
    found: Tensor
    known: Any = constant_value(batch_dims) if isinstance(batch_dims, Tensor) else batch_dims
    batch: Any = batch_dims if known is None else known
    if isinstance(batch, np.ndarray) and batch.size == 1:
        batch = batch.item()
    if not isinstance(batch, int) or batch:
        return _batch_gather_nd(params, indices, batch, name)
    if hasattr(params, "gather_nd") and getattr(params, "_is_resource", True):
        found = params.gather_nd(indices, name=name)
    else:
        found = apply(GATHER_ND, params, indices, name=name)
    return found


def _check_batch(params: Tensor, indices: Tensor, batch: Any) -> None:
    if not isinstance(batch, int):
        raise TypeError(f"batch_dims must be an int; got {batch!r}")
    if batch < 0:
        raise ValueError("tf.gather_nd does not allow negative batch_dims.")
    for what, t in (("indices", indices), ("params", params)):
        if t.dims is not None and batch >= len(t.dims):
            raise ValueError(f"batch_dims = {batch} must be less than rank({what}) = {len(t.dims)}")


def _batch_gather_nd(params: Any, indices: Any, batch: int, name: str | None) -> Tensor:
    """Puts the position in the batch before each position vector, node for node as TensorFlow."""
    with scopes.name_scope(name, "BatchGatherND", [params, indices]):
        indices = convert_to_tensor(indices, name="indices")
        params = convert_to_tensor(params, name="params")
        _check_batch(params, indices, batch)
        params_shape, indices_shape = shape_tensor(params), shape_tensor(indices)
        batch_shape = params_shape[:batch]
        batch_size = apply("Prod", batch_shape, [0])
        inner_rank = rank(indices) - batch - 1
        inner_shape = indices_shape[batch:-1]
        ranges = [_range_as(x, indices.dtype.base_dtype) for x in unstack(batch_shape, axis=0)]
        grids = [reshape(x, shape=(-1,)) for x in meshgrid(*ranges, indexing="ij")]
        grid = transpose(stack(grids, axis=0))
        grid_shape = shape_tensor(grid)
        front, between = grid_shape[:1], ones(inner_rank, dtype=int32)  # in TensorFlow's order
        grid = reshape(grid, concat([front, between, grid_shape[1:]], axis=0))
        grid = apply("Tile", grid, concat(((1,), inner_shape, (1,)), axis=0))
        flat_shape = concat(([batch_size], indices_shape[batch:]), axis=0)
        flat = reshape(indices, shape=flat_shape)
        rows = apply(GATHER_ND, params, concat((grid, flat), axis=-1))
        rows_shape = shape_tensor(rows)
        return reshape(rows, shape=concat((batch_shape, rows_shape[1:]), axis=0))


def _range_as(limit: Tensor, dtype: Any) -> Tensor:
    found: Tensor = apply("Cast", apply("Range", 0, limit, 1), DstT=dtype)
    return found


# --- ScatterNd ---
SCATTER_ND = define(
    "ScatterNd(indices: Tindices, updates: T, shape: Tindices) -> output: T", Tindices=INDEX
)


@SCATTER_ND.shape
def _(op: Operation) -> list[Dims]:
    indices, updates = (t.dims for t in op.inputs[:2])
    need_rank(op.inputs[2].dims, 1, "Shape must be a vector")
    sizes = as_dims(asked_sizes(op, 2))
    need_rank_at_least(
        indices, 1, f"Indices shape must have rank at least one. Found:{text(indices)}"
    )
    check_scattered("output", sizes, indices, updates)
    return [sizes]


def check_scattered(
    port: str, whole: Dims, indices: Dims, updates: Dims, runs: tuple[str, str, str] | None = None
) -> None:
    """Raises ShapeError where updates at positions do not fit the tensor they go to.

    Args:
        port: what messages call the tensor.
        whole: its shape.
        indices: of the positions.
        updates: of the updates.
        runs: TensorFlow's words at run time for an empty tensor, outer sizes and inner sizes.
    """
    words = runs or (
        f"Indices and updates specified for empty output.  indices shape: {text(indices)}",
        "Outer dimensions of indices and update must match. Indices shape: "
        f"{text(indices)}, updates shape:{text(updates)}",
        "Inner dimensions of output shape must match inner dimensions of updates shape. Output: "
        f"{text(whole)} updates: {text(updates)}",
    )
    if count(whole) == 0 and (count(indices) or count(updates)):
        raise ShapeError("Indices and updates specified for empty output shape", words[0])
    if not indices or updates is None or indices[-1] is None:
        return
    outer = len(indices) - 1
    about = (
        f"The outer {outer} dimensions of indices.shape={text(indices)} must match the outer "
        f"{outer} dimensions of updates.shape={text(updates)}"
    )
    _fit(indices[:outer], updates[:outer], words[1], about)
    if whole is None:
        return
    inner, rest = whole[indices[-1] :], updates[outer:]
    about = (
        f"The inner {len(inner)} dimensions of {port}.shape={text(whole)} must match the inner "
        f"{len(rest)} dimensions of updates.shape={text(updates)}"
    )
    _fit(inner, rest, words[2], about)


def _fit(a: Dims, b: Dims, run: str, words: str) -> None:
    try:
        merged(a, b)
    except ShapeError as e:
        raise ShapeError(f"{words}: {e}", run) from None


@SCATTER_ND.gradient
def _(op: Operation, dy: Tensor) -> tuple[None, Tensor, None]:
    return None, apply(GATHER_ND, dy, op.inputs[0]), None


def _check_fits(sizes: tuple[int, ...], indices: Dims, updates: Dims) -> None:
    if not indices:
        raise KernelError(f"Indices shape must have rank at least one. Found:{text(indices)}")
    if not sizes and indices[-1]:  # without positions all updates go to the one element
        raise KernelError("Indices and updates specified for empty output shape")
    depth = (indices or (0,))[-1]
    if depth is not None and depth > len(sizes):
        raise KernelError(
            "Inner dimensions of output shape must match inner dimensions of updates shape. "
            f"Output: {text(sizes)} updates: {text(updates)}"
        )
    check_scattered("output", sizes, indices, updates)


@SCATTER_ND.compiled
def _(call: Call) -> Lowering | None:
    indices, updates, _ = call.shapes
    index, kind = call.suffix, SUFFIXES.get(call.dtypes[1].name)
    whole, depth = call.out_shapes[0], indices[-1]
    if kind is None or updates != (*indices[:-1], *whole[depth:]):
        return None
    counts = (math.prod(indices[:-1]), math.prod(whole[depth:]), depth, math.prod(whole))
    return Lowering(f"scatter_nd_{index}.{kind}", (*counts, *whole[:depth]), inputs=(0, 1))


@SCATTER_ND.numpy
def _(indices: Array, updates: Array, shape: Array) -> Array:
    sizes = tuple(shape.tolist())
    _check_fits(sizes, indices.shape, updates.shape)
    depth = indices.shape[-1]
    at = flat_positions(indices, sizes, "shape")
    rows = math.prod(sizes[:depth])
    flat = updates.reshape(len(at), math.prod(sizes[depth:]))
    if updates.dtype.kind == "b":
        found = np.zeros((rows, flat.shape[1]), bool)
        np.logical_or.at(found, at, flat)
        return found.reshape(sizes)
    nothing = b"" if updates.dtype.kind == "O" else 0
    return by_segment(np.add, flat, at, rows, nothing).reshape(sizes)


@export("scatter_nd", "manip.scatter_nd")
def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None) -> Tensor:
    """Returns a tensor of zeros to which updates are added at positions.

    Args:
        indices: [..., k]: each vector along the last axis is a position in the first k axes.
        updates: what is added there: [..., and the axes after the first k].
        shape: the shape of the result.
        name: the node's name.

    Raises:
        ValueError: if the shapes do not fit.
    """
    found: Tensor = apply(SCATTER_ND, indices, updates, shape, name=name)
    return found
