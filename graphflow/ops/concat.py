"""Tensors joined along an axis they have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import SUFFIXES, Call, Lowering, box, steps_of
from graphflow.core.opdef import INDEX, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import (
    MAX_RANK,
    merged,
    need_rank,
    need_rank_at_least,
    scalar_value,
    wrapped,
)
from graphflow.ops.indexed_slices import IndexedSlices

Array = np.ndarray[Any, Any]


def _run_phrase(shapes: list[Dims], axis: int | None) -> str:
    """What TensorFlow's kernel says of inputs that do not fit."""
    first = shapes[0] or ()
    n = len(first)
    if axis is not None and not -n <= axis < n:
        return (
            f"ConcatOp : Expected concatenating dimensions in the range [{-n}, {n}), but got {axis}"
        )
    for i, dims in enumerate(shapes):
        if len(dims or ()) != n:
            what = "Ranks of all input tensors should match"
        elif axis is not None and _others(dims, axis) != _others(first, axis):
            what = "Dimensions of inputs should match"
        else:
            continue
        return f"ConcatOp : {what}: shape[0] = {text(first)} vs. shape[{i}] = {text(dims)}"
    return "ConcatOp : the inputs do not fit"


def _others(dims: Dims, axis: int) -> Dims:
    sizes = list(dims or ())
    del sizes[axis]
    return tuple(sizes)


def joined(shapes: list[Dims], axis: int | None) -> Dims:
    """The shape of tensors joined along an axis (None: an unknown one).

    Raises:
        ShapeError: if their ranks or other sizes differ.
    """
    run = _run_phrase(shapes, axis)
    known = [dims for dims in shapes if dims is not None]
    for dims in known:
        if not dims:
            raise ShapeError("Can't concatenate scalars (use tf.stack instead)", run)
        need_rank(dims, len(known[0]), run)
    if axis is None:
        return (None,) * len(known[0]) if known else None
    lowest = axis + 1 if axis >= 0 else -axis
    for dims in known:
        need_rank_at_least(dims, lowest, run)
    if not known:
        return None
    at = wrapped(axis, len(known[0])) or 0
    before: Dims = None
    behind: Dims = None
    for dims in known:
        before, behind = merged(before, dims[:at], run), merged(behind, dims[at + 1 :], run)
    sizes = [None if dims is None else dims[at] for dims in shapes]
    total = None if None in sizes else sum([s for s in sizes if s is not None])
    return (*(before or ()), total, *(behind or ()))


def _parts(whole: Tensor, parts: list[Tensor], axis: Any, at: int | None) -> list[Tensor]:
    """Cuts a tensor into pieces as long along the axis as the given ones."""
    n = len(parts)
    sizes = [None if t.dims is None or at is None else t.dims[at] for t in parts]
    where: Any = axis if at is None else np.array(at, np.int32)
    if None not in sizes and at is not None:
        if len(set(sizes)) == 1:
            return apply("Split", where, whole, num_split=n)  # type: ignore[no-any-return]  # a list
        lengths = np.array(sizes, np.int32)
        return apply("SplitV", whole, lengths, where, num_split=n)  # type: ignore[no-any-return]  # a list
    shapes = apply("ShapeN", list(parts))
    if at is None:  # ConcatOffset does not count from the end
        where = apply("FloorMod", axis, apply("Rank", parts[0]))
    offsets = apply(CONCAT_OFFSET, where, shapes)
    return [apply("Slice", whole, begin, size) for begin, size in zip(offsets, shapes, strict=True)]


def _rows_of_parts(op: Operation, values: list[Tensor], axis_at: int, dy: Any) -> list[Any]:
    """The gradients of the parts where that of the whole is IndexedSlices.

    Raises:
        ValueError: if the axis, or the rank that a negative one counts from, is unknown.
    """
    axis, dims = scalar_value(op, axis_at), values[0].dims
    if axis is None:
        raise ValueError("Can only compute IndexedSlices gradient with statically-known concat_dim")
    if axis < 0 and dims is None:
        raise ValueError(
            "Can only compute IndexedSlices gradient with negative concat_dim when first value "
            "rank is statically-known."
        )
    at = wrapped(axis, len(dims)) if dims is not None else axis
    shapes = [apply("Shape", t) for t in values]
    if at:
        return _columns(dy, shapes, at)
    start: Any = np.zeros((), dy.indices.dtype.as_numpy_dtype)
    found = []
    for shape in shapes:
        end = start + apply("Cast", shape[0], DstT=dy.indices.dtype)
        inside = apply("Where", (dy.indices >= start) & (dy.indices < end))[:, 0]
        rows, indices = (
            apply("GatherV2", t, inside, np.zeros((), np.int32)) for t in (dy.values, dy.indices)
        )
        found.append(IndexedSlices(rows, indices - start, shape))
        start = end
    return found


def _columns(dy: Any, shapes: list[Tensor], at: int) -> list[Any]:
    """Cuts the rows of IndexedSlices: each part gets all of them, and its own columns."""
    start: Any = 0
    found = []
    for shape in shapes:
        end = start + shape[at]
        columns = (*[slice(None)] * at, slice(start, end))
        found.append(IndexedSlices(dy.values[columns], dy.indices, shape))
        start = end
    return found


def _gradient(op: Operation, values: list[Tensor], axis_at: int, dy: Any) -> list[Any]:
    if isinstance(dy, IndexedSlices):
        return _rows_of_parts(op, values, axis_at, dy)
    axis, rank = scalar_value(op, axis_at), dy.dims
    at = None if axis is None or rank is None else wrapped(axis, len(rank))
    at = axis if at is None and axis is not None and axis >= 0 else at
    where = op.inputs[axis_at]
    if at is None and where.dtype.base_dtype != int32:
        where = apply("Cast", where, DstT=int32)
    return _parts(dy, values, where, at)


def _join(values: list[Array], axis: Array, out: Array | None = None) -> Array:
    if axis.ndim:
        raise KernelError(f"Concat dim tensor should be a scalar, but got {text(axis.shape)}")
    return np.concatenate(values, axis.item(), out=out)


# --- ConcatV2 ---
CONCAT_V2 = define(
    "ConcatV2(values: N*T, axis: Tidx) -> output: T", N=2, Tidx=default_type(INDEX, int32)
)


def _check_axis(name: str, dims: Dims) -> None:
    need_rank(dims, 0, f"{name} tensor should be a scalar integer, but got shape {text(dims)}")


@CONCAT_V2.shape
def _(op: Operation) -> list[Dims]:
    _check_axis("axis", op.inputs[-1].dims)
    n = len(op.inputs) - 1
    return [joined([t.dims for t in op.inputs[:n]], scalar_value(op, n))]


@CONCAT_V2.partial
def _(op: Operation) -> list[int | None] | None:
    found: list[int | None] = []
    for i in range(len(op.inputs) - 1):
        part = op.partial(i)
        if not isinstance(part, list):
            dims = op.inputs[i].dims
            if dims is None or len(dims) != 1 or dims[0] is None or dims[0] > MAX_RANK:
                return None
            part = [None] * dims[0]
        found += part
    return found


CONCAT_V2.passes_rows = True


@CONCAT_V2.gradient
def _(op: Operation, dy: Tensor) -> tuple[Any, ...]:
    n = len(op.inputs) - 1
    return (*_gradient(op, list(op.inputs[:n]), n, dy), None)


def _joining(
    call: Call, parts: Sequence[tuple[int, ...]], axis: Any, first: int
) -> Lowering | None:
    """Copies of the parts to their places; `first` is the position of the first part."""
    if axis is None or call.dtypes[first].name not in SUFFIXES:
        return None
    item, whole = call.dtypes[first].size, call.out_shapes[0]
    steps, at = steps_of(whole, item), axis.item()
    offset = 0
    many = []
    for i, shape in enumerate(parts):
        sizes = box(shape, item, (0, steps_of(shape, item)), (offset, steps))
        if sizes is None:
            return None
        if 0 not in shape:
            many.append(("copy_box", (first + i, len(call.shapes)), sizes))
        offset += shape[at] * steps[at]
    return Lowering("many", many=tuple(many))


@CONCAT_V2.compiled
def _(call: Call) -> Lowering | None:
    n = len(call.shapes) - 1
    return _joining(call, call.shapes[:n], call.constants.get(n), 0)


@CONCAT_V2.numpy
def _(values: list[Array], axis: Array, *, out: Array | None = None) -> Array:
    return _join(values, axis, out)


# --- Concat ---
CONCAT = define("Concat(concat_dim: int32, values: N*T) -> output: T", N=2)


@CONCAT.shape
def _(op: Operation) -> list[Dims]:
    _check_axis("concat_dim", op.inputs[0].dims)
    return [joined([t.dims for t in op.inputs[1:]], scalar_value(op, 0))]


CONCAT.passes_rows = True


@CONCAT.gradient
def _(op: Operation, dy: Tensor) -> tuple[Any, ...]:
    return (None, *_gradient(op, list(op.inputs[1:]), 0, dy))


@CONCAT.numpy
def _(axis: Array, values: list[Array], *, out: Array | None = None) -> Array:
    return _join(values, axis, out)


@export("concat")
def concat(values: Any, axis: Any, name: str | None = "concat") -> Tensor:
    """Returns tensors joined along an axis.

    Args:
        values: a list of tensors of one type, equal in all sizes but that of the axis.
        axis: the axis, counted from the end where negative.
        name: the node's name.

    Raises:
        ValueError: if ranks or other sizes differ, or the axis does not exist.
    """
    found: Tensor
    if not isinstance(values, list | tuple):
        values = [values]
    if len(values) == 1:  # nothing to join, but the axis is looked at and the names are TF's
        with scopes.name_scope(name):
            where = convert_to_tensor(axis, dtype=int32, name="concat_dim")
            where.shape.assert_has_rank(0)
            found = apply("Identity", values[0], name=name)
            return found
    found = apply(CONCAT_V2, values, axis, name=name)
    return found


# --- ConcatOffset ---
CONCAT_OFFSET = define(
    "ConcatOffset(concat_dim: int32, shape: N*int32) -> offset: N*int32", N=2
).no_gradient("positions are integers")


@CONCAT_OFFSET.shape
def _(op: Operation) -> list[Dims]:
    return [t.dims for t in op.inputs[1:]]


@CONCAT_OFFSET.numpy
def _(concat_dim: Array, shapes: list[Array]) -> tuple[Array, ...]:
    axis, n = concat_dim.item(), shapes[0].size
    for i, shape in enumerate(shapes):
        if shape.ndim != 1:
            raise KernelError(f"input {i} should be a vector, but got shape {text(shape.shape)}")
        if shape.size != n:
            raise KernelError(f"input {i} should contain {n} elements, but got {shape.size}")
    at = wrapped(axis, n)
    if at is None:
        raise KernelError(f"Concat dim is out of range: {axis} vs. {n}")
    offsets, start = [], 0
    for i, shape in enumerate(shapes):
        if np.delete(shape, at).tolist() != np.delete(shapes[0], at).tolist():
            listed = [" ".join(map(str, s.tolist())) for s in (shape, shapes[0])]
            raise KernelError(
                f"All dimensions except {at} must match. Input {i} has shape [{listed[0]}] and "
                f"doesn't match input 0 with shape [{listed[1]}]."
            )
        offset = np.zeros(n, np.int32)
        offset[at] = start
        start += int(shape[at])
        offsets.append(offset)
    return tuple(offsets)
