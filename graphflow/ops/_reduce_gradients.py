"""The gradients of the reductions.

What flows back has the shape of the result; it is spread over the reduced axes again. Where the
reduced axes come first, broadcasting alone does that.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import conj, shape_of

Array = np.ndarray[Any, Any]


def known_axes(op: Operation) -> list[int] | None:
    """The reduced axes in order, counted from the front; None: only the run knows."""
    axes, dims = op.constant(1), op.inputs[0].dims
    if axes is None or dims is None:
        return None
    return sorted({axis % len(dims) for axis in axes.ravel().tolist()})


def _run_time_kept(op: Operation) -> Tensor:
    """The shape of the result with the reduced axes as 1, computed in the run."""
    x, axes = op.inputs
    axes = apply("Cast", axes, DstT="int32") if axes.dtype.name != "int32" else axes
    axes = apply("Reshape", axes, np.array([-1], np.int32))
    n = apply("Rank", x)
    first, step = np.array(0, np.int32), np.array(1, np.int32)
    every = apply("Range", first, n, step)
    ones = apply("Fill", apply("Shape", axes), step)
    where = apply("FloorMod", axes, n)
    found: Tensor = apply("DynamicStitch", [every, where], [apply("Shape", x), ones])
    return found


def kept(op: Operation, t: Tensor) -> Tensor:
    """A tensor of the result's shape with the reduced axes put back as axes of size 1."""
    if op.attrs["keep_dims"]:
        return t
    axes = known_axes(op)
    found: Any
    if axes is None:
        return apply("Reshape", t, _run_time_kept(op))  # type: ignore[no-any-return]  # one output
    if not axes:
        return t
    dims = op.inputs[0].dims or ()
    sizes = [1 if i in axes else d for i, d in enumerate(dims)]
    if sizes.count(None) <= 1 and 0 not in sizes:
        shape = np.array([-1 if d is None else d for d in sizes], np.int32)
        found = apply("Reshape", t, shape)
        return found  # type: ignore[no-any-return]  # one output
    found = t
    for axis in axes:
        found = apply("ExpandDims", found, np.array(axis, np.int32))
    return found  # type: ignore[no-any-return]  # one output


def spread(op: Operation, dy: Tensor) -> Tensor:
    """A tensor of the result's shape, repeated over the reduced axes."""
    axes = known_axes(op)
    if axes is None or axes != list(range(len(axes))):
        dy = kept(op, dy)
    found: Tensor = apply("BroadcastTo", dy, shape_of(op.inputs[0]))
    return found


def of_sum(op: Operation, dy: Tensor) -> Tensor:
    """Each element counts once."""
    return spread(op, dy)


def of_mean(op: Operation, dy: Tensor) -> Tensor:
    """Each element counts as one of those that were averaged."""
    x, axes = op.inputs[0], known_axes(op)
    sizes = None if axes is None else [(x.dims or ())[i] for i in axes]
    number: Any
    if sizes is not None and None not in sizes:
        # The mean of nothing has no elements to give a gradient to.
        number = np.array(max(1, math.prod(sizes)), x.dtype.as_numpy_dtype)  # type: ignore[arg-type]  # all known
    else:
        number = apply("Size", x)
        if op.outputs[0].dims != ():
            results = apply("Maximum", apply("Size", op.outputs[0]), np.array(1, np.int32))
            number = apply("FloorDiv", number, results)
        number = apply("Cast", number, DstT=x.dtype)
    divide = "RealDiv" if x.dtype.is_floating or x.dtype.is_complex else "FloorDiv"
    return spread(op, apply(divide, dy, number))


def of_extreme(op: Operation, dy: Tensor) -> Tensor:
    """The elements equal to the extreme one share the gradient."""
    x = op.inputs[0]
    chosen = apply("Cast", apply("Equal", x, kept(op, op.outputs[0])), DstT=x.dtype)
    number = apply("Sum", chosen, op.inputs[1], keep_dims=True)
    divide = "RealDiv" if x.dtype.is_floating else "FloorDiv"
    found: Tensor = apply("Mul", chosen, apply(divide, kept(op, dy), number))
    return found


def of_norm(op: Operation, dy: Tensor) -> Tensor:
    """Elements over the norm; nan where the norm is 0, as in TensorFlow."""
    share = apply("RealDiv", dy, op.outputs[0])
    found: Tensor = apply("Mul", op.inputs[0], kept(op, share))
    return found


def of_prod(op: Operation, dy: Tensor) -> Tensor:
    """The product of all other elements: those before times those behind, so zeros do no harm."""
    axes = known_axes(op)
    if axes is None:
        return _run_time_prod(op, dy)
    x = op.inputs[0]
    if not axes:
        return dy
    grad = kept(op, dy)
    steps = [x]
    for axis in axes[:-1]:
        steps.append(apply("Prod", steps[-1], np.array(axis, np.int32), keep_dims=True))
    for t, axis in zip(reversed(steps), reversed(axes), strict=True):
        grad = apply("Mul", grad, _others(t, axis))
    return grad


def _others(x: Tensor, axis: int) -> Any:
    at = np.array(axis, np.int32)
    before = apply("Cumprod", x, at, exclusive=True)
    behind = apply("Cumprod", x, at, exclusive=True, reverse=True)
    return conj(apply("Mul", before, behind))


def _run_time_prod(op: Operation, dy: Tensor) -> Tensor:
    """As above with axes that only the run knows: they are brought to the front as one axis."""
    x, axes = op.inputs
    zero, one = np.array(0, np.int32), np.array(1, np.int32)
    axes = apply("Cast", axes, DstT="int32") if axes.dtype.name != "int32" else axes
    n, flat = apply("Rank", x), np.array([-1], np.int32)
    gone = apply("FloorMod", apply("Reshape", axes, flat), n)
    gone = apply("Unique", gone).y
    left = apply("ListDiff", apply("Range", zero, n, one), gone).out
    order = apply("ConcatV2", [gone, left], zero)
    turned = apply("Transpose", x, order)
    turned_shape = apply("Shape", turned)
    rows = apply("Prod", apply("GatherV2", apply("Shape", x), gone, zero), zero)
    flat_shape = apply("Pack", [rows, np.array(-1, np.int32)])
    others = apply("Reshape", _others(apply("Reshape", turned, flat_shape), 0), turned_shape)
    back = apply("Transpose", others, apply("InvertPermutation", order))
    spread_dy = apply("BroadcastTo", kept(op, dy), apply("Shape", x))
    found: Tensor = apply("Mul", spread_dy, back)
    return found
