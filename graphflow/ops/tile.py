"""Tensors repeated along their axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import Call, Lowering, box, steps_of
from graphflow.core.opdef import INDEX, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import asked_sizes, need_rank, of_rank
from graphflow.ops.concat import concat
from graphflow.ops.mask import boolean_mask, every_axis, sequence_mask
from graphflow.ops.reshape import expand_dims, reshape
from graphflow.ops.shape_ops import rank, shape

Array = np.ndarray[Any, Any]

# --- Tile ---
TILE = define(
    "Tile(input: T, multiples: Tmultiples) -> output: T", Tmultiples=default_type(INDEX, int32)
)


@TILE.shape
def _(op: Operation) -> list[Dims]:
    dims, (n,) = op.inputs[0].dims, need_rank(op.inputs[1].dims, 1)
    if dims is None:
        return [of_rank(n)]
    if n not in (None, len(dims)):
        raise ShapeError(
            f"Shape must be rank {len(dims)} but is rank {n}",
            run=f"Expected multiples argument to be a vector of length {len(dims)} but got "
            f"length {n}",
        )
    times = asked_sizes(op, 1)
    if times is None:
        return [(None,) * len(dims)]
    return [tuple([_product(d, m) for d, m in zip(dims, times, strict=True)])]


def _product(size: int | None, times: int | None) -> int | None:
    if 0 in (size, times):
        return 0
    return None if size is None or times is None or times < 0 else size * times


@TILE.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    x, multiples = op.inputs
    times, dims = op.constant(1), x.dims
    sizes: Any
    axes: Any
    if times is not None and dims is not None and None not in dims:
        # Each axis as [copies, elements]: the copies are added up.
        sizes = np.stack([times, np.array(dims)], 1).ravel().astype(np.int32)
        axes = np.arange(0, 2 * len(dims), 2, dtype=np.int32)
    else:
        shape = apply("Shape", x, out_type=multiples.dtype.base_dtype)
        pairs = apply("Pack", [multiples, shape], axis=1)
        sizes = apply("Reshape", pairs, np.array([-1], np.int32))
        end = apply("Size", sizes)
        axes = apply("Range", np.array(0, np.int32), end, np.array(2, np.int32))
    found: Tensor = apply("Sum", apply("Reshape", dy, sizes), axes)
    if dims is not None:
        found.set_shape(dims)
    return found, None


@TILE.compiled
def _(call: Call) -> Lowering | None:
    shape, times = call.shapes[0], call.constants.get(1)
    if times is None or call.suffix is None:
        return None
    item, whole = call.dtypes[0].size, call.out_shapes[0]
    # Each axis as [copies, elements]: the copies all come from the same place.
    pairs = [n for pair in zip(times.tolist(), shape, strict=True) for n in pair]
    source = [s for step in steps_of(shape, item) for s in (0, step)]
    steps = zip(steps_of(whole, item), shape, strict=True)
    target = [s for step, n in steps for s in (n * step, step)]
    sizes = box(pairs, item, (0, source), (0, target))
    return None if sizes is None else Lowering("copy_box", sizes, inputs=(0,))


@TILE.numpy
def _(x: Array, multiples: Array) -> Array:
    times = multiples.tolist()
    if len(times) != x.ndim:
        raise ValueError("another rank")  # the shape rule says it in full
    for i, m in enumerate(times):
        if m < 0:
            raise KernelError(f"Expected multiples[{i}] >= 0, but got {m}")
    return np.tile(x, times) if times else x.copy()


@export("tile", "manip.tile")
def tile(input: Any, multiples: Any, name: str | None = None) -> Tensor:
    """Returns a tensor repeated along its axes.

    Args:
        input: a tensor.
        multiples: how often, for each axis.
        name: the node's name.

    Raises:
        ValueError: if `multiples` has another length than `input` has axes.
    """
    found: Tensor = apply(TILE, input, multiples, name=name)
    return found


# --- repeat ---


def _as_index(repeats: Any) -> Tensor:
    counts = convert_to_tensor(repeats, name="repeats", preferred_dtype=int32)
    if not counts.dtype.is_integer:
        raise TypeError(f"repeats must be an integer tensor; dtype={counts.dtype}")
    found: Tensor = apply("Cast", counts, DstT=int32)
    return found


def _tile_axis(data: Tensor, axis: int, multiple: Any) -> Tensor:
    found: Tensor
    if data.dims is not None:
        times: list[Any] = [1] * len(data.dims)
        times[axis] = multiple
        found = tile(data, times)
        return found
    each = apply("Fill", apply("Reshape", rank(data), [-1]), 1)
    found = tile(data, concat([each[:axis], [multiple], each[axis + 1 :]], axis=0))
    return found


@export("repeat")
def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Tensor:
    """Returns a tensor whose elements along an axis are each repeated.

    Args:
        input: a tensor of known rank.
        repeats: how often each element along the axis, or every one (a scalar).
        axis: the axis, counted from the end where negative; None: the elements are laid flat.
        name: the name of the scope.

    Raises:
        ValueError: if there are not as many repeats as elements along the axis.
    """
    if axis is None:
        input = reshape(input, [-1])
        axis = 0
    if not isinstance(axis, int):
        raise TypeError(f"axis must be an int; got {type(axis).__name__}")
    with scopes.name_scope(name, "Repeat", [input, repeats]):
        data = convert_to_tensor(input, name="data")
        counts = _as_index(repeats)
        counts.shape.with_rank_at_most(1)
        if data.dims == ():
            data = reshape(data, [-1])
        known = data.shape.as_list()
        at = axis + len(known) if axis < 0 else axis
        sizes = shape(data)
        if counts.dims == ():
            tiled = _tile_axis(expand_dims(data, at + 1), at + 1, counts)
            return reshape(tiled, _with_open_axis(sizes, at))
        data.shape[at : at + 1].assert_is_compatible_with(counts.shape)
        return _repeat_each(data, counts, at, sizes)


def _with_open_axis(sizes: Tensor, at: int) -> Tensor:
    return concat([sizes[:at], [-1], sizes[at + 1 :]], axis=0)


def _repeat_each(data: Tensor, counts: Tensor, at: int, sizes: Tensor) -> Tensor:
    """Repeats as often as the most frequent element and masks what is too much."""
    if at:
        own = shape(counts)
        front = sizes[: at + 1 - rank(counts)]
        counts = apply("BroadcastTo", counts, concat([front, own], axis=0))
        counts.set_shape([None] * (at + 1))
    most = apply("Maximum", 0, apply("Max", counts, every_axis(counts)))
    mask = sequence_mask(counts, most)
    masked = boolean_mask(_tile_axis(expand_dims(data, at + 1), at + 1, most), mask)
    found = reshape(masked, _with_open_axis(sizes, at)) if at else masked
    known = data.shape.as_list()
    found.set_shape([*known[:at], None, *known[at + 1 :]])
    return found
