"""The softmax function and its logarithm."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from graphflow.core.constant import constant_value
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.errors import InvalidArgumentError, ShapeError
from graphflow.core.export import export, renamed
from graphflow.core.lowering import Call, Lowering
from graphflow.core.opdef import OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops.activation import NET_FLOATS
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import rank

Array = np.ndarray[Any, Any]


_NARROW: Final = range(1, 33)
"""Rows of so few classes are faster in columns: 9 against 14 us for 100 rows of 10."""


def widened(x: Array) -> Array:
    """An array in the type its kernel computes with: float32 for the two half types."""
    return x.astype(np.float32) if x.dtype.itemsize == 2 else x


def shifted(logits: Array, out: Array | None = None) -> Array:
    """Logits less the largest of their row, so that no exponential overflows."""
    largest = logits.max(axis=-1, keepdims=True, initial=-np.inf)
    found: Array = np.subtract(logits, largest, out=out)
    return found


def _vectors(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    if dims == ():
        raise ShapeError(
            "Shape must be at least rank 1 but is rank 0",
            run="logits must have >= 1 dimension, got []",
        )
    return [dims]


def _total(x: Tensor) -> Tensor:
    found: Tensor = apply("Sum", x, -1, keep_dims=True)
    return found


# --- Softmax ---
SOFTMAX = define("Softmax(logits: T) -> softmax: T", T=NET_FLOATS, shape=_vectors, in_place=(0,))


@SOFTMAX.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    y = op.outputs[0]
    return (dy - _total(dy * y)) * y


def _by_rows(call: Call, kernel: str) -> Lowering | None:
    shape = call.shapes[0]
    if call.real is None or not shape[-1]:
        return None
    return Lowering(f"{kernel}.{call.real}", (math.prod(shape[:-1]), shape[-1]))


@SOFTMAX.compiled
def _(call: Call) -> Lowering | None:
    return _by_rows(call, "softmax")


@SOFTMAX.numpy
def _(logits: Array, *, out: Array | None) -> Array:
    wide = widened(logits)
    if wide.shape[-1] in _NARROW and wide.ndim == 2:
        y = _softmax_of_columns(wide.T.copy()).T
        return _rounded(y, logits.dtype, out)
    direct = out if wide is logits else None
    y = shifted(wide, direct)
    np.exp(y, out=y)
    np.divide(y, np.add.reduce(y, axis=-1, keepdims=True), out=y)
    return y if wide is logits else _rounded(y, logits.dtype, out)


def _softmax_of_columns(y: Array) -> Array:
    """Softmax along the first axis, in place: one vector loop a class instead of one a row."""
    np.subtract(y, np.maximum.reduce(y, axis=0), out=y)
    np.exp(y, out=y)
    return np.divide(y, np.add.reduce(y, axis=0), out=y)


def _rounded(x: Array, dtype: Any, out: Array | None) -> Array:
    if out is None:
        return x.astype(dtype, order="C")
    out[...] = x
    return out


# --- LogSoftmax ---
LOG_SOFTMAX = define(
    "LogSoftmax(logits: T) -> logsoftmax: T", T=NET_FLOATS, shape=_vectors, in_place=(0,)
)


@LOG_SOFTMAX.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    found: Tensor = dy - _total(dy) * apply("Exp", op.outputs[0])
    return found


@LOG_SOFTMAX.compiled
def _(call: Call) -> Lowering | None:
    return _by_rows(call, "log_softmax")


@LOG_SOFTMAX.numpy
def _(logits: Array, *, out: Array | None) -> Array:
    wide = widened(logits)
    direct = out if wide is logits else None
    y = shifted(wide, direct)
    np.subtract(y, np.log(np.exp(y).sum(axis=-1, keepdims=True)), out=y)
    return y if wide is logits else _rounded(y, logits.dtype, out)


# --- public functions ---
def _swapped(x: Tensor, axis: Any, last: Tensor, name: str | None = None) -> Tensor:
    """A tensor with one axis and its last exchanged."""
    order = [range_(axis), [last], range_(axis + 1, last), [axis]]
    found: Tensor = apply(
        "Transpose", x, apply("ConcatV2", order, 0, name="concat"), name=name or "transpose"
    )
    return found


def _along(definition: OpDef, logits: Any, axis: Any, name: str | None) -> Tensor:
    """Applies an operation of the last axis to another one, between two transpositions."""
    logits = convert(logits)
    dims = logits.dims
    n = None if dims is None else len(dims)
    if not isinstance(axis, Tensor) and (axis == -1 or (n is not None and axis == n - 1)):
        found: Tensor = apply(definition, logits, name=name)
        return found
    if n is None:
        raise ValueError("The rank of the logits must be known for an axis that is not the last.")
    known = constant_value(axis) if isinstance(axis, Tensor) else axis
    if known is not None and not -n <= known < n:
        raise InvalidArgumentError(
            None,
            None,
            f"Dimension ({int(known)}) must be in the range [{-n}, {n}) where {n} is the number "
            "of dimensions in the input.",
        )
    ndims = rank(logits)
    if isinstance(axis, Tensor):
        axis = apply("Select", apply("Less", axis, 0), axis + ndims, axis)
    elif axis < 0:
        axis = axis + ndims
    last_of = rank(logits)
    axis = axis % n
    moved = _swapped(logits, axis, apply("Sub", last_of, 1))
    result = apply(definition, moved)
    result = _swapped(result, axis, apply("Sub", last_of, 1), name)
    result.set_shape(dims)
    return result


@export("nn.softmax", "math.softmax")
@renamed(dim="axis")
def softmax(logits: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """Returns `exp(logits) / sum(exp(logits))` along an axis.

    Args:
        logits: a tensor of floats with at least one axis.
        axis: the axis whose values add up to one; None: the last.
        name: the node's name.

    Raises:
        ValueError: if the logits are a scalar.
        InvalidArgumentError: if there is no such axis.

    Note:
        The largest logit of a row is taken off first, so large logits do not overflow. A row
        with nan or +inf, or of -inf alone, gives nan.
    """
    return _along(SOFTMAX, logits, -1 if axis is None else axis, name)


@export("nn.log_softmax", "math.log_softmax")
@renamed(dim="axis")
def log_softmax(logits: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """Returns `logits - log(sum(exp(logits)))` along an axis: the logarithm of `softmax`.

    Args:
        logits: a tensor of floats with at least one axis.
        axis: the axis; None: the last.
        name: the node's name.

    Raises:
        ValueError: if the logits are a scalar.
        InvalidArgumentError: if there is no such axis.
    """
    return _along(LOG_SOFTMAX, logits, -1 if axis is None else axis, name)
