"""Operations that change the shape and leave the elements where they are: views."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export, renamed
from graphflow.core.lowering import Call, Lowering
from graphflow.core.opdef import INDEX, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, count, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import as_dims, asked_sizes, need_rank, scalar_value, wrapped

Array = np.ndarray[Any, Any]


def back_to(dy: Tensor, x: Tensor) -> Tensor:
    """A tensor with the elements of `x` in the shape of `x`: one Reshape wherever possible."""
    dims = x.dims
    found: Tensor
    if dims is not None and dims.count(None) <= 1 and 0 not in dims:
        sizes = np.array([-1 if d is None else d for d in dims], np.int32)
        found = apply(RESHAPE, dy, sizes)
    else:
        found = apply(RESHAPE, dy, apply("Shape", x))
    return found


# --- Reshape ---
RESHAPE = define(
    "Reshape(tensor: T, shape: Tshape) -> output: T", view=True, Tshape=default_type(INDEX, int32)
)
RESHAPE.dense_quietly = True


@RESHAPE.shape
def _(op: Operation) -> list[Dims]:
    shape_dims = op.inputs[1].dims
    if shape_dims is not None and len(shape_dims) != 1:
        need_rank(shape_dims, 1, run=f"sizes input must be 1-D, not {text(shape_dims)}")
    sizes = asked_sizes(op, 1)
    total = count(op.inputs[0].dims)
    asked = as_dims(sizes)
    if asked is None or total is None:
        return [asked]
    if None not in asked:
        wanted = count(asked)
        if wanted != total:
            raise ShapeError(
                f"Cannot reshape a tensor with {total} elements to shape {text(asked)} "
                f"({wanted} elements)",
                run=f"Input to reshape is a tensor with {total} values, but the requested shape "
                f"has {wanted}",
            )
        return [asked]
    if asked.count(None) > 1:
        return [asked]
    rest = math.prod([d for d in asked if d is not None])
    if rest == 0:
        return [asked]
    if total % rest:
        raise ShapeError(
            f"Dimension size must be evenly divisible by {rest} but is {total}",
            run=f"Input to reshape is a tensor with {total} values, but the requested shape "
            f"requires a multiple of {rest}",
        )
    return [tuple([total // rest if d is None else d for d in asked])]


@RESHAPE.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    return back_to(dy, op.inputs[0]), None


def _seen_otherwise(call: Call) -> Lowering | None:
    """The same elements in another shape, where that is known to be one of theirs."""
    known = len(call.shapes) == 1 or 1 in call.constants
    fits = math.prod(call.shapes[0]) == math.prod(call.out_shapes[0])
    return Lowering("alias") if known and fits else None


@RESHAPE.compiled
def _(call: Call) -> Lowering | None:
    return _seen_otherwise(call)


@RESHAPE.numpy
def _(x: Array, shape: Array) -> Array:
    sizes = shape.tolist()
    if sizes and min(sizes) < -1:  # NumPy would take any negative size for -1
        _settled(x, sizes)
    try:
        return x.reshape(sizes)
    except ValueError:
        return x.reshape(_settled(x, sizes))


def _settled(x: Array, sizes: list[int]) -> list[int]:
    """The sizes NumPy did not take: says why not, or what -1 means for an empty array."""
    open_at = [i for i, s in enumerate(sizes) if s == -1]
    if len(open_at) > 1:
        raise KernelError(f"Only one input size may be -1, not both {open_at[0]} and {open_at[1]}")
    for i, s in enumerate(sizes):
        if s < -1:
            raise KernelError(f"Size {i} must be non-negative, not {s}")
    rest = math.prod([s for s in sizes if s != -1])
    if open_at and x.size == 0 and rest == 0:
        # TensorFlow's choice among all that fit: what the sizes other than 0 give.
        whole, part = (math.prod([s for s in given if s > 0]) for given in (x.shape, sizes))
        return [whole // part if s == -1 else s for s in sizes]
    need = f"requires a multiple of {rest}" if open_at else f"has {rest}"
    raise KernelError(
        f"Input to reshape is a tensor with {x.size} values, but the requested shape {need}"
    )


@export("reshape", "manip.reshape")
def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """Returns the elements of a tensor in another shape.

    Args:
        tensor: a value.
        shape: the sizes; one may be -1: as many as there are elements for.
        name: the node's name.

    Raises:
        ValueError: if the numbers of elements are known and differ.
    """
    found: Tensor = apply(RESHAPE, tensor, shape, name=name)
    return found


# --- Squeeze ---
SQUEEZE = define(
    "Squeeze(input: T, *, squeeze_dims: list(int) = []) -> output: T", view=True, squeeze_dims=0
)
SQUEEZE.dense_quietly = True


@SQUEEZE.shape
def _(op: Operation) -> list[Dims]:
    dims, asked = op.inputs[0].dims, op.attrs["squeeze_dims"]
    if dims is None:
        return [None]
    n = len(dims)
    gone = set()
    for i, axis in enumerate(asked):
        at = wrapped(axis, n)
        if at is None:
            raise ShapeError(
                f"squeeze_dims[{i}] not in [{-n},{n}).",
                run=f"Tried to squeeze dim index {axis} for tensor with {n} dimensions.",
            )
        if dims[at] not in (None, 1):
            raise ShapeError(
                f"Can not squeeze dim[{at}], expected a dimension of 1, got {dims[at]}"
            )
        gone.add(at)
    if asked:
        return [tuple([d for i, d in enumerate(dims) if i not in gone])]
    if None in dims:
        return [None]  # a size that turns out to be 1 goes, too
    return [tuple([d for d in dims if d != 1])]


@SQUEEZE.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    return back_to(dy, op.inputs[0])


@SQUEEZE.compiled
def _(call: Call) -> Lowering | None:
    return _seen_otherwise(call)


@SQUEEZE.numpy
def _(x: Array, *, squeeze_dims: list[int]) -> Array:
    if not squeeze_dims:
        return x.reshape([d for d in x.shape if d != 1])
    return np.squeeze(
        x, tuple({axis % x.ndim if -x.ndim <= axis else axis for axis in squeeze_dims})
    )


@export("squeeze")
@renamed(squeeze_dims="axis")
def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """Returns a tensor without its axes of size 1.

    Args:
        input: a value.
        axis: the axis or axes to leave out, counted from the end where negative; None: every
            one of size 1.
        name: the node's name.

    Raises:
        ValueError: if a size is known and not 1.
    """
    if np.isscalar(axis):
        axis = [axis]
    found: Tensor = apply(SQUEEZE, input, squeeze_dims=axis, name=name)
    return found


# --- ExpandDims ---
EXPAND_DIMS = define(
    "ExpandDims(input: T, dim: Tdim) -> output: T", view=True, Tdim=default_type(INDEX, int32)
)
EXPAND_DIMS.dense_quietly = True


@EXPAND_DIMS.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    if count(op.inputs[1].dims) not in (None, 1):
        raise ShapeError(
            "'dim' input must be a tensor with a single value",
            run="'dim' must be a tensor with a single value",
        )
    axis = scalar_value(op, 1)
    if dims is None or axis is None:
        return [None]
    at, n = wrapped(axis, len(dims) + 1), len(dims)
    if at is None:
        raise ShapeError(
            f"dim {axis} not in the interval [{-n - 1}, {n}].",
            run=f"Tried to expand dim index {axis} for tensor with {n} dimensions.",
        )
    return [(*dims[:at], 1, *dims[at:])]


@EXPAND_DIMS.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    return back_to(dy, op.inputs[0]), None


@EXPAND_DIMS.compiled
def _(call: Call) -> Lowering | None:
    return _seen_otherwise(call)


@EXPAND_DIMS.numpy
def _(x: Array, dim: Array) -> Array:
    return np.expand_dims(x, dim.item())


@export("expand_dims")
@renamed(dim="axis")
def expand_dims(input: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """Returns a tensor with one more axis, of size 1.

    Args:
        input: a value.
        axis: where the new axis stands in the result, counted from the end where negative.
        name: the node's name.

    Raises:
        ValueError: if no axis is given, or there is no such place.
    """
    if axis is None:
        raise ValueError("Must specify an axis argument to tf.expand_dims()")
    found: Tensor = apply(EXPAND_DIMS, input, axis, name=name)
    return found
