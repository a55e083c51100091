"""Broadcasting: tensors repeated to a shape, and shapes computed from shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.elementwise import broadcast
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import Call, Lowering
from graphflow.core.opdef import INDEX, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, TensorShape, as_shape, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import as_dims, asked_sizes, need_rank, need_rank_at_most, same_size
from graphflow.ops.fill import ones
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import size
from graphflow.ops.stack import stack

Array = np.ndarray[Any, Any]

# --- BroadcastTo ---
BROADCAST_TO = define(
    "BroadcastTo(input: T, shape: Tidx) -> output: T", Tidx=default_type(INDEX, int32)
)


@BROADCAST_TO.shape
def _(op: Operation) -> list[Dims]:
    dims, wanted = op.inputs[0].dims, as_dims(asked_sizes(op, 1))
    if wanted is None or dims is None:
        return [wanted]
    need_rank_at_most(
        dims,
        len(wanted),
        f"Rank of input ({len(dims)}) must be no greater than rank of output shape "
        f"({len(wanted)}).",
    )
    run = f"Incompatible shapes: {text(dims)} vs. {text(wanted)}"
    sizes = list(wanted)
    skip = len(wanted) - len(dims)
    for i, have in enumerate(dims):
        if have not in (None, 1):
            sizes[skip + i] = same_size(have, wanted[skip + i], run)
    return [tuple(sizes)]


@BROADCAST_TO.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    x = op.inputs[0]
    dims, wanted = x.dims, dy.dims
    if dims is not None and wanted is not None and None not in dims:
        skip = len(wanted) - len(dims)
        inner = [i + skip for i, d in enumerate(dims) if d == 1 and wanted[i + skip] != 1]
        if skip:
            dy = apply("Sum", dy, np.arange(skip, dtype=np.int32))
        if inner:
            axes = np.array(inner, np.int32) - np.int32(skip)
            dy = apply("Sum", dy, axes, keep_dims=True)
        return dy, None
    shapes = [apply("Shape", t) for t in (x, dy)]
    axes = apply(BROADCAST_GRADIENT_ARGS, *shapes).r0
    return apply("Reshape", apply("Sum", dy, axes), shapes[0]), None


@BROADCAST_TO.compiled
def _(call: Call) -> Lowering | None:
    return Lowering(tile="copy") if 1 in call.constants else None


@BROADCAST_TO.numpy
def _(x: Array, shape: Array, *, out: Array | None = None) -> Array:
    if out is None:
        for n in shape.tolist():
            if n < 0:
                raise KernelError(f"Dimension {n} must be >= 0")
        return np.array(np.broadcast_to(x, shape.tolist()), order="C")
    out[...] = x
    return out


@export("broadcast_to")
def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """Returns a tensor repeated along axes of size 1, and new ones in front, to a shape.

    Args:
        input: a tensor.
        shape: the sizes of the result.
        name: the node's name.

    Raises:
        ValueError: if `input` does not broadcast to the shape.
    """
    found: Tensor = apply(BROADCAST_TO, input, shape, name=name)
    return found


# --- BroadcastArgs ---
BROADCAST_ARGS = define(
    "BroadcastArgs(s0: T, s1: T) -> r0: T", T=default_type(INDEX, int32)
).no_gradient("sizes are integers", raises=True)


@BROADCAST_ARGS.shape
def _(op: Operation) -> list[Dims]:
    a, b = (need_rank(t.dims, 1)[0] for t in op.inputs)
    return [(None if a is None or b is None else max(a, b),)]


def _joint(a: Array, b: Array) -> Dims:
    try:
        return broadcast(tuple(a.tolist()), tuple(b.tolist()))
    except ShapeError as e:
        raise KernelError(e.run) from None


@BROADCAST_ARGS.numpy
def _(a: Array, b: Array) -> Array:
    return np.array(_joint(a, b), a.dtype)


@export("broadcast_dynamic_shape")
def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Tensor:
    """Returns the shape that two shapes, given as tensors, broadcast to.

    Args:
        shape_x: a vector of sizes.
        shape_y: another.
    """
    found: Tensor = apply(BROADCAST_ARGS, shape_x, shape_y)
    return found


@export("broadcast_static_shape")
def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """Returns the TensorShape that two TensorShapes broadcast to.

    Args:
        shape_x: a shape.
        shape_y: another.

    Raises:
        ValueError: if they do not broadcast.
    """
    a, b = as_shape(shape_x), as_shape(shape_y)
    try:
        return TensorShape.of(broadcast(a.raw, b.raw))
    except ShapeError:
        raise ValueError(f"Incompatible shapes for broadcasting: {a} and {b}") from None


# --- BroadcastGradientArgs ---
BROADCAST_GRADIENT_ARGS = define(
    "BroadcastGradientArgs(s0: T, s1: T) -> r0: T, r1: T", T=default_type(INDEX, int32)
).no_gradient("axes are integers")


@BROADCAST_GRADIENT_ARGS.shape
def _(op: Operation) -> list[Dims]:
    for t in op.inputs:
        need_rank(t.dims, 1)
    return [(None,), (None,)]


@BROADCAST_GRADIENT_ARGS.numpy
def _(s0: Array, s1: Array) -> tuple[Array, Array]:
    _joint(s0, s1)
    a, b = s0.tolist(), s1.tolist()
    rank = max(len(a), len(b))
    if a == b:
        rank = 0  # nothing was repeated
    a, b = [1] * (rank - len(a)) + a, [1] * (rank - len(b)) + b
    return tuple(  # type: ignore[return-value]  # two
        [np.array([i for i in range(rank) if sizes[i] == 1], s0.dtype) for sizes in (a, b)]
    )


@export("meshgrid")
def meshgrid(*args: Any, **kwargs: Any) -> list[Tensor]:
    """Returns the coordinates of the points of a grid, one tensor for each axis.

    Args:
        *args: the coordinates along each axis, vectors.
        **kwargs: `indexing`: "xy" (the first two axes change places, as pictures have them) or
            "ij"; `name`.

    Raises:
        ValueError: if `indexing` is neither.
        TypeError: for another keyword.
    """
    indexing, name = kwargs.pop("indexing", "xy"), kwargs.pop("name", "meshgrid")
    for key in kwargs:
        raise TypeError(f"'{key}' is an invalid keyword argument for this function")
    if indexing not in ("xy", "ij"):
        raise ValueError("indexing parameter must be either 'xy' or 'ij'")
    with scopes.name_scope(name, "meshgrid", args):
        n = len(args)
        ones_around = (1,) * n
        grids = [
            reshape(stack(x), (*ones_around[:i], -1, *ones_around[i + 1 :]))
            for i, x in enumerate(args)
        ]
        sizes = [size(x) for x in args]
        dtype = convert_to_tensor(args[0]).dtype.base_dtype
        if indexing == "xy" and n > 1:
            behind = (1,) * (n - 2)
            grids[0] = reshape(grids[0], (1, -1, *behind))
            grids[1] = reshape(grids[1], (-1, 1, *behind))
            sizes[0], sizes[1] = sizes[1], sizes[0]
        factor = ones(sizes, dtype)
        return [grid * factor for grid in grids]
