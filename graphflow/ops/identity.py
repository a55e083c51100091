"""Operations that hand their input on: as it is, without its gradient, or under another type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, as_dtype
from graphflow.core.elementwise import same_shape
from graphflow.core.errors import ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, as_shape, compatible, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import merged, need_rank

Array = np.ndarray[Any, Any]

# --- Identity ---
IDENTITY = define("Identity(input: T) -> output: T", view=True, shape=same_shape)


IDENTITY.passes_rows = True


@IDENTITY.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    return dy


@IDENTITY.numpy
def _(x: Array) -> Array:
    return x


@export("identity")
def identity(input: Any, name: str | None = None) -> Tensor:
    """Returns a tensor with the contents of `input`.

    Args:
        input: a value of any type and shape; a variable gives its value.
        name: the node's name.
    """
    found: Tensor = apply(IDENTITY, input, name=name)
    return found


# --- IdentityN ---
IDENTITY_N = define("IdentityN(input: T...) -> output: T...", T=1)


@IDENTITY_N.shape
def _(op: Operation) -> list[Dims]:
    return [t.dims for t in op.inputs]


IDENTITY_N.passes_rows = True


@IDENTITY_N.gradient
def _(op: Operation, *dys: Tensor) -> tuple[Tensor, ...]:
    return dys


@IDENTITY_N.numpy
def _(values: list[Array]) -> tuple[Array, ...]:
    return tuple([x.copy() for x in values])


@export("identity_n")
def identity_n(input: Sequence[Any], name: str | None = None) -> list[Tensor]:
    """Returns a list of tensors with the contents of the inputs.

    Args:
        input: a list of values, each of any type and shape.
        name: the node's name.
    """
    found: list[Tensor] = apply(IDENTITY_N, input, name=name)
    return found


# --- StopGradient ---
STOP_GRADIENT = define("StopGradient(input: T) -> output: T", view=True, shape=same_shape)
STOP_GRADIENT.no_gradient("its purpose is that no gradient passes")


@STOP_GRADIENT.numpy
def _(x: Array) -> Array:
    return x


@export("stop_gradient")
def stop_gradient(input: Any, name: str | None = None) -> Tensor:
    """Returns `input`, which gradients take for a constant.

    Args:
        input: a value of any type and shape.
        name: the node's name.
    """
    found: Tensor = apply(STOP_GRADIENT, input, name=name)
    return found


# --- PreventGradient ---
PREVENT_GRADIENT = define(
    'PreventGradient(input: T, *, message: string = "") -> output: T', view=True, shape=same_shape
)


@PREVENT_GRADIENT.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    raise LookupError(f"Gradient explicitly disabled. Reason: {op.attrs['message']}")


@PREVENT_GRADIENT.numpy
def _(x: Array) -> Array:
    return x


# --- EnsureShape ---
ENSURE_SHAPE = define("EnsureShape(input: T, *, shape: shape) -> output: T", view=True)


@ENSURE_SHAPE.shape
def _(op: Operation) -> list[Dims]:
    asked, given = op.attrs["shape"], op.inputs[0].dims
    if compatible(asked, given):
        return [merged(asked, given)]
    run = f"Shape of tensor {text(given)} is not compatible with expected shape {text(asked)}."
    if asked is not None:
        need_rank(given, len(asked), run)
    return [merged(asked, given, run)]


@ENSURE_SHAPE.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    return dy


@ENSURE_SHAPE.numpy
def _(x: Array, *, shape: Dims) -> Array:
    if not compatible(shape, x.shape):
        raise ValueError("another shape")  # the shape rule says it in full
    return x


@export("ensure_shape")
def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Tensor:
    """Returns `x`; the run fails if `x` does not have that shape.

    Args:
        x: a value.
        shape: what must hold; an unknown size fits any.
        name: the node's name.

    Raises:
        ValueError: if the static shape contradicts `shape` already.
    """
    found: Tensor = apply(ENSURE_SHAPE, x, shape=as_shape(shape).raw, name=name)
    return found


# --- Bitcast ---
_BITS = (
    "bfloat16 half float double int64 int32 uint8 uint16 uint32 uint64 int8 int16 complex64 "
    "complex128 qint8 quint8 qint16 quint16 qint32"
)
_BIT_TYPES = tuple([as_dtype(name) for name in _BITS.split()])

BITCAST = define(
    "Bitcast(input: T, *, type: type) -> output: type",
    view=True,
    T=_BIT_TYPES,
    type=_BIT_TYPES,
).no_gradient("bits have no derivative", raises=True)


@BITCAST.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    old, new = (np.dtype(d.as_numpy_dtype).itemsize for d in (op.inputs[0].dtype, op.attrs["type"]))
    if dims is None or old == new:
        return [dims]
    if old > new:
        return [(*dims, old // new)]
    if not dims or dims[-1] not in (None, new // old):
        last = dims[-1] if dims else 1
        raise ShapeError(
            f"Cannot bitcast due to shape. {last} does not match {new // old}",
            run=f"Cannot bitcast from {op.inputs[0].dtype.name} to {op.attrs['type'].name}: "
            f"the last of the sizes {text(dims)} is not {new // old}",
        )
    return [dims[:-1]]


@BITCAST.numpy
def _(x: Array, *, type: DType) -> Array:
    new = np.dtype(type.as_numpy_dtype)
    old = x.itemsize
    flat: Any = np.ascontiguousarray(x).reshape(x.shape)
    if old > new.itemsize:
        flat = flat.reshape(*x.shape, 1)
    found: Array = flat.view(new)
    return found.reshape(x.shape[:-1]) if old < new.itemsize else found


@export("bitcast")
def bitcast(input: Any, type: Any, name: str | None = None) -> Tensor:
    """Returns the bits of `input` as elements of another type.

    Args:
        input: a tensor; a type of other width adds or takes a last axis.
        type: the new element type.
        name: the node's name.

    Raises:
        ValueError: if the last axis is not as long as one new element.
    """
    found: Tensor = apply(BITCAST, input, type=type, name=name)
    return found
