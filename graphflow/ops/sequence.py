"""Sequences of numbers: ranges and evenly spaced points."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import bfloat16, float32, float64, int32, int64
from graphflow.core.errors import ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import INDEX, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank

Array = np.ndarray[Any, Any]

# --- Range ---
RANGE = define(
    "Range(start: Tidx, limit: Tidx, delta: Tidx) -> output: Tidx",
    Tidx=default_type((bfloat16, float32, float64, int32, int64), int32),
).no_gradient("the number of elements depends on the inputs in steps")


def _steps(*bounds: Array) -> int:
    """How many numbers a range has, given start, limit and step.

    Raises:
        ShapeError: if the step is 0 or leads away from the limit.
    """
    start, limit, delta = (float(b) if b.dtype.kind != "i" else int(b) for b in bounds)
    if delta == 0:
        raise ShapeError("Requires delta != 0", run="Requires delta != 0: 0")
    if delta > 0 and start > limit:
        raise ShapeError(f"Requires start <= limit when delta > 0: {start:g}/{limit:g}")
    if delta < 0 and start < limit:
        raise ShapeError(f"Requires start >= limit when delta < 0: {start:g}/{limit:g}")
    if isinstance(start, int):
        return int((abs(limit - start) + abs(delta) - 1) // abs(delta))
    # In the type of the elements, whose rounding decides whether the last number is in.
    found = (bounds[1] - bounds[0]) / bounds[2]
    return math.ceil(abs(float(found)))


@RANGE.shape
def _(op: Operation) -> list[Dims]:
    for name, t in zip(("start", "limit", "delta"), op.inputs, strict=True):
        need_rank(t.dims, 0, f"{name} must be a scalar, not shape {text(t.dims)}")
    values = [op.constant(i) for i in range(3)]
    if any(v is None for v in values):
        return [(None,)]
    return [(_steps(*[v for v in values if v is not None]),)]


@RANGE.numpy
def _(start: Array, limit: Array, delta: Array) -> Array:
    try:
        n = _steps(start, limit, delta)
    except ShapeError as e:
        raise ValueError(e.run) from None  # the shape rule says it again, with the node
    if start.dtype.kind == "i":
        first, step = start.item(), delta.item()
        whole: Array = np.arange(first, first + n * step, step, dtype=start.dtype)
        return whole
    # TensorFlow adds the step again and again, in the type of the elements; so do we.
    steps = np.full(n, delta, start.dtype)
    steps[:1] = start
    found: Array = np.add.accumulate(steps, dtype=start.dtype)
    return found


_WIDER = (int32, int64, float32, float64)


@export("range")
def range_(
    start: Any,
    limit: Any = None,
    delta: Any = 1,
    dtype: Any = None,
    name: str | None = "range",
) -> Tensor:
    """Returns the numbers from `start` up to, not including, `limit`.

    Args:
        start: the first number; the limit, if no other is given, and the first is 0 then.
        limit: where the numbers end.
        delta: the step, which may be negative.
        dtype: the element type; None: the widest of the inputs' types.
        name: the node's name.

    Raises:
        ValueError: if the step is 0 or leads away from the limit.
    """
    if limit is None:
        start, limit = 0, start
    with scopes.name_scope(name, "Range", [start, limit, delta]) as scope:
        parts = [
            convert_to_tensor(value, dtype=dtype, name=port)
            for value, port in ((start, "start"), (limit, "limit"), (delta, "delta"))
        ]
        if dtype is None:
            widest = max((t.dtype.base_dtype for t in parts), key=_WIDER.index)
            parts = [
                t if t.dtype.base_dtype == widest else apply("Cast", t, DstT=widest) for t in parts
            ]
        found: Tensor = apply(RANGE, *parts, name=scope)
    return found


# --- LinSpace ---
LIN_SPACE = define(
    "LinSpace(start: T, stop: T, num: Tidx) -> output: T",
    T=(bfloat16, float32, float64),
    Tidx=default_type(INDEX, int32),
).no_gradient("TensorFlow has none either")


@LIN_SPACE.shape
def _(op: Operation) -> list[Dims]:
    for t in op.inputs:
        need_rank(t.dims, 0)
    num = op.constant(2)
    if num is None:
        return [(None,)]
    if num.item() <= 0:
        raise ShapeError(f"Requires num > 0: {num.item()}")
    return [(num.item(),)]


@LIN_SPACE.numpy
def _(start: Array, stop: Array, num: Array) -> Array:
    n = num.item()
    if n <= 0:
        raise ValueError("no points")  # the shape rule says it in full
    if n == 1:
        return np.array([start], start.dtype)
    step = (stop - start) / start.dtype.type(n - 1)
    points = np.arange(n).astype(start.dtype)
    found: Array = start + step * points
    return found


@export("linspace", "lin_space")
def linspace(start: Any, stop: Any, num: Any, name: str | None = None) -> Tensor:
    """Returns `num` evenly spaced numbers from `start` to `stop`, both included.

    Args:
        start: the first number, a float.
        stop: the last number.
        num: how many, at least 1.
        name: the node's name.

    Raises:
        ValueError: if `num` is below 1.
    """
    found: Tensor = apply(LIN_SPACE, start, stop, num, name=name)
    return found
