"""Positions of the largest and smallest elements along an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, int32, int64
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export, renamed
from graphflow.core.lowering import SUFFIXES, Call, Lowering, split_at
from graphflow.core.opdef import INDEX, NUMBERS, OpDef, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank, scalar_value, wrapped

Array = np.ndarray[Any, Any]


def _without_axis(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    need_rank(op.inputs[1].dims, 0)
    if dims is None:
        return [None]
    axis = scalar_value(op, 1)
    if len(dims) <= 1 and axis in (None, 0, -1):
        return [()]
    if axis is None:
        return [(None,) * (len(dims) - 1)]
    at = wrapped(axis, len(dims))
    n = len(dims)
    if at is None:
        raise ShapeError(
            f"Dimension ({axis}) must be in the range [{-n}, {n}), where {n} is the number of "
            "dimensions in the input.",
            run=f"Expected dimension in the range [{-n}, {n}), but got {axis}",
        )
    return [dims[:at] + dims[at + 1 :]]


def _arg(name: str) -> OpDef:
    made = define(
        f"{name}(input: T, dimension: Tidx, *, Tidx: type, output_type: type) "
        "-> output: output_type",
        shape=_without_axis,
        T=NUMBERS,
        Tidx=default_type(INDEX, int32),
        output_type=default_type(INDEX, int64),
    )
    return made.no_gradient("a position does not change smoothly")


def _found(name: str) -> Callable[[Call], Lowering | None]:
    """The rule for the compiled kernel of that name."""

    def rule(call: Call) -> Lowering | None:
        if 1 not in call.constants or call.suffix in (None, "u8"):
            return None
        sizes = split_at(call.shapes[0], call.constants[1].item())
        index = SUFFIXES[call.attrs["output_type"].name]
        return Lowering(f"{name}_{index}.{call.suffix}", sizes, inputs=(0,))

    return rule


def _position(function: Any, worst: float, x: Array, axis: int) -> Array:
    """The first position of the extreme element; nan is passed over, as in TensorFlow."""
    if x.shape[axis] == 0:
        where = f"Reduction axis {axis % x.ndim} is empty in shape {text(x.shape)}"
        raise KernelError(where)
    found: Array = function(x, axis=axis)
    if x.dtype.kind not in "iu":
        # NumPy stops at the first nan: one is picked if and only if there is one.
        picked = np.take_along_axis(x, np.expand_dims(found, axis), axis)
        if np.isnan(picked).any():
            return function(np.where(np.isnan(x), x.dtype.type(worst), x), axis=axis)  # type: ignore[no-any-return]  # an array
    return found


# --- ArgMax ---
ARG_MAX = _arg("ArgMax")
ARG_MAX.compiled(_found("arg_max"))


@ARG_MAX.numpy
def _(x: Array, dimension: Array, *, output_type: DType) -> Array:
    found = _position(np.argmax, -np.inf, x, dimension.item())
    return np.asarray(found, output_type.as_numpy_dtype)


@export("argmax", "math.argmax")
@renamed(dimension="axis")
def argmax(
    input: Any, axis: Any = None, name: str | None = None, output_type: Any = int64
) -> Tensor:
    """Returns the position of the largest element along an axis.

    Args:
        input: real numbers.
        axis: the axis, counted from the end where negative; None: the first.
        name: the node's name.
        output_type: int32 or int64.

    Note:
        Of equal elements the first counts. nan is passed over.
    """
    at = 0 if axis is None else axis
    found: Tensor = apply(ARG_MAX, input, at, output_type=output_type, name=name)
    return found


# --- ArgMin ---
ARG_MIN = _arg("ArgMin")
ARG_MIN.compiled(_found("arg_min"))


@ARG_MIN.numpy
def _(x: Array, dimension: Array, *, output_type: DType) -> Array:
    found = _position(np.argmin, np.inf, x, dimension.item())
    return np.asarray(found, output_type.as_numpy_dtype)


@export("argmin", "math.argmin")
@renamed(dimension="axis")
def argmin(
    input: Any, axis: Any = None, name: str | None = None, output_type: Any = int64
) -> Tensor:
    """Returns the position of the smallest element along an axis.

    Args:
        input: real numbers.
        axis: the axis, counted from the end where negative; None: the first.
        name: the node's name.
        output_type: int32 or int64.

    Note:
        Of equal elements the first counts. nan is passed over.
    """
    at = 0 if axis is None else axis
    found: Tensor = apply(ARG_MIN, input, at, output_type=output_type, name=name)
    return found


@export("arg_max")
def arg_max(
    input: Any, dimension: Any, output_type: Any = int64, name: str | None = None
) -> Tensor:
    """As `tf.argmax`, under its first name.

    Args:
        input: real numbers.
        dimension: the axis.
        output_type: int32 or int64.
        name: the node's name.
    """
    found: Tensor = apply(ARG_MAX, input, dimension, output_type=output_type, name=name)
    return found


@export("arg_min")
def arg_min(
    input: Any, dimension: Any, output_type: Any = int64, name: str | None = None
) -> Tensor:
    """As `tf.argmin`, under its first name.

    Args:
        input: real numbers.
        dimension: the axis.
        output_type: int32 or int64.
        name: the node's name.
    """
    found: Tensor = apply(ARG_MIN, input, dimension, output_type=output_type, name=name)
    return found
