"""Rolled tensors: elements move along axes, and those that leave come in at the other end."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import INDEX, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import merged, need_rank_at_least, need_rank_at_most

Array = np.ndarray[Any, Any]

# --- Roll ---
ROLL = define("Roll(input: T, shift: Tshift, axis: Taxis) -> output: T", Tshift=INDEX, Taxis=INDEX)


@ROLL.shape
def _(op: Operation) -> list[Dims]:
    x, shift, axis = (t.dims for t in op.inputs)
    need_rank_at_least(x, 1, "input must be 1-D or higher")
    need_rank_at_most(shift, 1, f"shift must be a scalar or a 1-D vector. Found: {text(shift)}")
    need_rank_at_most(axis, 1, f"axis must be a scalar or a 1-D vector. Found: {text(axis)}")
    merged(shift, axis, "shift and axis must have the same size")
    return [x]


@ROLL.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None, None]:
    _, shift, axis = op.inputs
    return apply(ROLL, dy, apply("Neg", shift), axis), None, None


@ROLL.numpy
def _(x: Array, shift: Array, axis: Array) -> Array:
    total: dict[int, int] = {}
    for at, step in zip(axis.ravel().tolist(), shift.ravel().tolist(), strict=True):
        at += x.ndim if at < 0 else 0
        if not 0 <= at < x.ndim:
            raise KernelError(f"axis {at} is out of range")
        total[at] = total.get(at, 0) + step
    return np.roll(x, tuple(total.values()), tuple(total)) if total else x.copy()


@export("roll", "manip.roll")
def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Tensor:
    """Returns a tensor whose elements moved along axes, cyclically.

    Args:
        input: a tensor of at least one axis.
        shift: how far, towards larger positions; a scalar or a vector.
        axis: along which axes, as many as there are shifts; the steps along one axis add up.
        name: the node's name.

    Raises (in the run):
        InvalidArgumentError: if there is no such axis.
    """
    found: Tensor = apply(ROLL, input, shift, axis, name=name)
    return found


def _halves(x: Tensor, axes: Any, sign: int) -> tuple[Any, Any]:
    dims = x.get_shape()
    if axes is None:
        return [sign * int(d // 2) for d in dims], tuple(range(dims.ndims or 0))
    if isinstance(axes, int):
        return sign * int(dims[axes] // 2), axes
    return [sign * int(dims[at] // 2) for at in axes], axes


@export("signal.fftshift")
def fftshift(x: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """Returns a spectrum with frequency 0 in the middle.

    Args:
        x: a tensor whose sizes are known.
        axes: an axis or a list of them; None: all.
        name: the node's name.
    """
    with scopes.name_scope(name, "fftshift") as scope:
        tensor = convert_to_tensor(x)
        return roll(tensor, *_halves(tensor, axes, 1), scope)


@export("signal.ifftshift")
def ifftshift(x: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """Undoes `tf.signal.fftshift`, also for odd sizes.

    Args:
        x: a tensor whose sizes are known.
        axes: an axis or a list of them; None: all.
        name: the node's name.
    """
    with scopes.name_scope(name, "ifftshift") as scope:
        tensor = convert_to_tensor(x)
        return roll(tensor, *_halves(tensor, axes, -1), scope)
