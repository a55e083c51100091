"""Rules that several families share: gradients of broadcasting, shapes at run time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from graphflow.core import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, count
from graphflow.core.tensor import Tensor


def conj(x: Tensor) -> Tensor:
    """The complex conjugate: the tensor itself where it is real."""
    found: Tensor = apply("Conj", x) if x.dtype.is_complex else x
    return found


def shape_of(x: Tensor) -> Any:
    """The shape of a tensor: a list where it is known, else a Shape operation."""
    if x.dims is not None and None not in x.dims:
        return np.array(x.dims, np.int32)
    return apply("Shape", x)


def _axes(own: Dims, other: Dims) -> tuple[list[int], list[int]] | None:
    """The axes of the result to sum over for one input: (missing ones, those of size 1)."""
    if own is None or other is None:
        return None
    rank = max(len(own), len(other))
    skip = rank - len(own)
    kept = []
    for i, size in enumerate(own):
        j = skip + i - (rank - len(other))
        beside = other[j] if j >= 0 else 1
        if size == 1:
            if beside != 1:
                kept.append(skip + i)
        elif size is None and beside not in (1,):
            return None  # 1 or the other's size: only the run knows
    return list(range(skip)), kept


def sum_to(grad: Tensor | None, own: Tensor, other: Tensor) -> Tensor | None:
    """Undoes broadcasting: sums a gradient down to the shape of the input it belongs to.

    Args:
        grad: the gradient in the shape of the result, or None.
        own: the input it belongs to.
        other: the input that `own` was broadcast against.
    """
    if grad is None or own is other:
        return grad
    if own.dims == other.dims and own.dims is not None and None not in own.dims:
        return grad
    axes = _axes(own.dims, other.dims)
    if axes is None:
        if own.dims is not None and own.dims == () and count(grad.dims) == 1:
            return grad
        return _sum_at_run_time(grad, own, other)
    missing, kept = axes
    if missing:
        grad = apply("Sum", grad, np.array(missing, np.int32))
    if kept:
        at = [axis - len(missing) for axis in kept]
        grad = apply("Sum", grad, np.array(at, np.int32), keep_dims=True)
    return grad


def _sum_at_run_time(grad: Tensor, own: Tensor, other: Tensor) -> Tensor:
    own_shape, other_shape = shape_of(own), shape_of(other)
    own_shape = convert.convert(own_shape, int32)
    other_shape = convert.convert(other_shape, int32)
    axes = apply("BroadcastGradientArgs", own_shape, other_shape)[0]
    found: Tensor = apply("Reshape", apply("Sum", grad, axes), own_shape)
    return found


def unbroadcast(op: Operation, dx: Tensor | None, dy: Tensor | None) -> tuple[Any, Any]:
    """Sums the gradients of a binary operation down to the shapes of its inputs."""
    x, y = op.inputs
    return sum_to(dx, x, y), sum_to(dy, y, x)


class _Asked(threading.local):
    """The operation that is being differentiated, and which of its inputs want a gradient."""

    op: Operation | None = None
    wanted: Sequence[bool] = ()


asked: Final = _Asked()


def leaves_out(op: Operation, index: int, grad: Tensor, name: str) -> bool:
    """Whether a gradient rule need not declare the one operation that an input's gradient is.

    Its name is then taken all the same: those of later operations count on it.

    Args:
        op: a binary operation.
        index: the input.
        grad: the gradient of its output.
        name: the name that the operation asks for.
    """
    if asked.op is not op or asked.wanted[index] or grad.dtype.is_complex:
        return False
    x, y = op.inputs
    if x.dims != y.dims or x.dims is None or None in x.dims:
        return False  # more than one operation
    graph = op.graph
    if graph.executes:
        return True
    if graph._flow is not None or grad.op.graph is not graph:
        return False
    graph.unique_name(name)
    return True
