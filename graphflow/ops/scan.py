"""Running sums, products and logarithms of sums along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, float16, float32, float64, int32
from graphflow.core.elementwise import same_shape
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.lowering import Call, Lowering, split_at
from graphflow.core.opdef import INDEX, NUMBERS, OpDef, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import text
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import conj

Array = np.ndarray[Any, Any]


def _scan(name: str, types: tuple[DType, ...] = NUMBERS) -> OpDef:
    return define(
        f"{name}(x: T, axis: Tidx, *, exclusive: bool = False, reverse: bool = False, "
        "Tidx: type) -> out: T",
        shape=same_shape,
        T=types,
        Tidx=default_type(INDEX, int32),
    )


def _axis(x: Array, axis: Array) -> int:
    if axis.ndim:
        raise KernelError(f"ScanOp: axis must be a scalar, not {text(axis.shape)}")
    at: int = axis.item()
    n = x.ndim
    if not -n <= at < n:
        raise KernelError(f"ScanOp: Expected scan axis in the range [{-n}, {n}), but got {at}")
    return at % n


def _accumulate(
    ufunc: Any, first: Any, x: Array, axis: Array, exclusive: bool, reverse: bool
) -> Array:
    at = _axis(x, axis)
    short = x.dtype.itemsize == 2 and x.dtype.kind not in "iu"
    work = np.dtype(np.float32) if short else x.dtype
    turned = np.moveaxis(x, at, -1)
    if reverse:
        turned = turned[..., ::-1]
    made = np.empty(turned.shape, work)
    if exclusive:
        made[..., :1] = first
        ufunc.accumulate(turned[..., :-1], -1, dtype=work, out=made[..., 1:])
    else:
        ufunc.accumulate(turned, -1, dtype=work, out=made)
    if reverse:
        made = made[..., ::-1]
    return np.ascontiguousarray(np.moveaxis(made, -1, at), x.dtype)


# --- Cumsum ---
CUMSUM = _scan("Cumsum")


@CUMSUM.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    back = not op.attrs["reverse"]
    found = apply(CUMSUM, dy, op.inputs[1], exclusive=op.attrs["exclusive"], reverse=back)
    return found, None


@CUMSUM.compiled
def _(call: Call) -> Lowering | None:
    axis = call.constants.get(1)
    if axis is None or axis.ndim:
        return None
    flags = (int(call.attrs["exclusive"]), int(call.attrs["reverse"]))
    sizes = (*split_at(call.shapes[0], axis.item()), *flags)
    return Lowering(f"running_sum.{call.suffix}", sizes, inputs=(0,))


@CUMSUM.numpy
def _(x: Array, axis: Array, *, exclusive: bool, reverse: bool) -> Array:
    return _accumulate(np.add, 0, x, axis, exclusive, reverse)


@export("cumsum", "math.cumsum")
def cumsum(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Tensor:
    """Returns the running sums along an axis.

    Args:
        x: numbers.
        axis: the axis, counted from the end where negative.
        exclusive: whether each sum leaves out the element at its own place.
        reverse: whether the sums run from the end.
        name: the node's name.
    """
    with scopes.name_scope(name, "Cumsum", [x]) as scope:
        tensor = convert_to_tensor(x, name="x")
        found: Tensor = apply(
            CUMSUM, tensor, axis, exclusive=exclusive, reverse=reverse, name=scope
        )
    return found


# --- Cumprod ---
CUMPROD = _scan("Cumprod")


@CUMPROD.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    # As TensorFlow: nan where x is 0.
    x, axis = op.inputs
    weighted = apply("Mul", dy, conj(op.outputs[0]))
    back = not op.attrs["reverse"]
    summed = apply(CUMSUM, weighted, axis, exclusive=op.attrs["exclusive"], reverse=back)
    return apply("RealDiv", summed, conj(x)), None


@CUMPROD.numpy
def _(x: Array, axis: Array, *, exclusive: bool, reverse: bool) -> Array:
    return _accumulate(np.multiply, 1, x, axis, exclusive, reverse)


@export("cumprod", "math.cumprod")
def cumprod(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Tensor:
    """Returns the running products along an axis.

    Args:
        x: numbers.
        axis: the axis, counted from the end where negative.
        exclusive: whether each product leaves out the element at its own place.
        reverse: whether the products run from the end.
        name: the node's name.

    Note:
        The gradient divides by `x`: it is nan where an element is 0, as in TensorFlow.
    """
    with scopes.name_scope(name, "Cumprod", [x]) as scope:
        tensor = convert_to_tensor(x, name="x")
        found: Tensor = apply(
            CUMPROD, tensor, axis, exclusive=exclusive, reverse=reverse, name=scope
        )
    return found


# --- CumulativeLogsumexp ---
CUMULATIVE_LOGSUMEXP = _scan("CumulativeLogsumexp", (float16, float32, float64))


@CUMULATIVE_LOGSUMEXP.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    # The sum of dy exp(x - y) over the places behind, in logarithms, positive and negative apart.
    positive = _weighted_by_log(op, dy)
    negative = _weighted_by_log(op, apply("Neg", dy))
    return apply("Sub", positive, negative), None


def _weighted_by_log(op: Operation, dy: Tensor) -> Tensor:
    x, axis = op.inputs
    lowest = np.asarray(dy.dtype.min, dy.dtype.base_dtype.as_numpy_dtype)
    is_positive = apply("Greater", dy, np.asarray(0, lowest.dtype))
    # Only the logarithms of positive numbers are asked for: the others' slopes are infinite.
    logs = apply("Log", apply("SelectV2", is_positive, dy, np.asarray(1, lowest.dtype)))
    logs = apply("SelectV2", is_positive, logs, lowest)
    exclusive, reverse = op.attrs["exclusive"], not op.attrs["reverse"]
    total = apply(
        CUMULATIVE_LOGSUMEXP,
        apply("Sub", logs, op.outputs[0]),
        axis,
        exclusive=exclusive,
        reverse=reverse,
    )
    found: Tensor = apply("Exp", apply("AddV2", total, x))
    return found


@CUMULATIVE_LOGSUMEXP.numpy
def _(x: Array, axis: Array, *, exclusive: bool, reverse: bool) -> Array:
    lowest = np.finfo(x.dtype).min  # of no numbers, in place of -inf
    found = _accumulate(np.logaddexp, lowest, x, axis, exclusive, reverse)
    kept: Array = np.maximum(found, lowest)
    return kept


@export("math.cumulative_logsumexp")
def cumulative_logsumexp(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Tensor:
    """Returns the logarithms of running sums of exponentials along an axis.

    Args:
        x: floats.
        axis: the axis, counted from the end where negative.
        exclusive: whether each sum leaves out the element at its own place.
        reverse: whether the sums run from the end.
        name: the node's name.

    Note:
        The lowest number stands for the logarithm of 0, as in TensorFlow. A nan makes what
        follows nan; TensorFlow 1.15 passes over it.
    """
    with scopes.name_scope(name, "CumulativeLogsumexp", [x]) as scope:
        tensor = convert_to_tensor(x, name="x")
        found: Tensor = apply(
            CUMULATIVE_LOGSUMEXP, tensor, axis, exclusive=exclusive, reverse=reverse, name=scope
        )
    return found
