"""Tensors put together along a new axis, and taken apart again; lists of tensors as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType
from graphflow.core.errors import ShapeError
from graphflow.core.export import export
from graphflow.core.late import provide
from graphflow.core.lowering import Call, Lowering, box, steps_of
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dimension, Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import merged, wrapped
from graphflow.ops.constant import constant
from graphflow.ops.split import known_dys

Array = np.ndarray[Any, Any]

# --- Pack ---
PACK = define("Pack(values: N*T, *, axis: int = 0) -> output: T", N=1)


@PACK.shape
def _(op: Operation) -> list[Dims]:
    dims: Dims = None
    first = op.inputs[0].dims
    for i, t in enumerate(op.inputs):
        run = (
            f"Shapes of all inputs must match: values[0].shape = {text(first)} != "
            f"values[{i}].shape = {text(t.dims)}"
        )
        dims = merged(dims, t.dims, run)
    if dims is None:
        return [None]
    axis, n = op.attrs["axis"], len(dims) + 1
    at = wrapped(axis, n)
    if at is None:
        raise ShapeError(
            f"Invalid axis {axis}, must be in [{-n},{n})", run=f"axis = {axis} not in [{-n}, {n})"
        )
    return [(*dims[:at], len(op.inputs), *dims[at:])]


@PACK.partial
def _(op: Operation) -> list[int | None] | None:
    known = [t.dims for t in op.inputs if t.dims is not None]
    if not known or any(known):  # one scalar among them says that all are
        return None
    # As TensorFlow: only sizes that are wholly known count.
    found = [op.constant(i) for i in range(len(op.inputs))]
    if any(v is not None and v.dtype.kind not in "iu" for v in found):
        return None
    return [None if v is None else int(v) for v in found]


@PACK.gradient
def _(op: Operation, dy: Tensor) -> list[Tensor]:
    found: list[Tensor] = apply(UNPACK, dy, num=op.attrs["N"], axis=op.attrs["axis"])
    return found


@PACK.compiled
def _(call: Call) -> Lowering | None:
    shape, whole = call.shapes[0], call.out_shapes[0]
    if call.suffix is None or any(s != shape for s in call.shapes):
        return None
    item, axis = call.dtypes[0].size, call.attrs["axis"] % len(whole)
    steps = steps_of(whole, item)
    target = [s for i, s in enumerate(steps) if i != axis]
    many = []
    for i in range(len(call.shapes)):
        sizes = box(shape, item, (0, steps_of(shape, item)), (i * steps[axis], target))
        if sizes is None:
            return None
        many.append(("copy_box", (i, len(call.shapes)), sizes))
    return Lowering("many", many=tuple(many))


@PACK.numpy
def _(values: list[Array], *, axis: int, out: Array | None = None) -> Array:
    return np.stack(values, axis, out=out)


def _has_dimension(values: Any) -> bool:
    return isinstance(values, list | tuple) and any(isinstance(v, Dimension) for v in values)


@export("stack")
def stack(values: Any, axis: int = 0, name: str | None = "stack") -> Tensor:
    """Returns tensors put together along a new axis.

    Args:
        values: a list of tensors of one type and shape.
        axis: where the new axis stands in the result, counted from the end where negative.
        name: the node's name.

    Raises:
        ValueError: if the shapes differ, or there is no such axis.
    """
    # TensorFlow cannot make a constant of a list of Dimensions, and packs them.
    if axis == 0 and not _has_dimension(values):
        try:
            return convert_to_tensor(values, name=name)
        except (TypeError, ValueError):
            pass  # Pack says what is wrong
    dims = convert_to_tensor(values[0], name=name).dims
    if dims is not None and wrapped(axis, len(dims) + 1) is None:
        n = len(dims) + 1
        raise ValueError(f"axis = {axis} not in [{-n}, {n})")
    found: Tensor = apply(PACK, values, axis=axis, name=name)
    return found


# --- Unpack ---
UNPACK = define("Unpack(value: T, *, num: int, axis: int = 0) -> output: num*T", num=0)


@UNPACK.shape
def _(op: Operation) -> list[Dims]:
    dims, num, axis = op.inputs[0].dims, op.attrs["num"], op.attrs["axis"]
    if dims is None:
        return [None] * num
    n = len(dims)
    at = wrapped(axis, n)
    if at is None:
        raise ShapeError(
            f"Invalid axis {axis}, must be in [{-n},{n})", run=f"axis = {axis} not in [{-n}, {n})"
        )
    if dims[at] not in (None, num):
        raise ShapeError(
            f"Dimension must be {num} but is {dims[at]}",
            run=f"Input shape axis {at} must equal {num}, got shape {text(dims)}",
        )
    return [dims[:at] + dims[at + 1 :]] * num


@UNPACK.gradient
def _(op: Operation, *dys: Tensor | None) -> Tensor:
    found: Tensor = apply(PACK, known_dys(op, dys), axis=op.attrs["axis"])
    return found


@UNPACK.compiled
def _(call: Call) -> Lowering | None:
    shape = call.shapes[0]
    if call.suffix is None:
        return None
    item, axis = call.dtypes[0].size, call.attrs["axis"] % len(shape)
    steps = steps_of(shape, item)
    source = [s for i, s in enumerate(steps) if i != axis]
    many = []
    for i, part in enumerate(call.out_shapes):
        sizes = box(part, item, (i * steps[axis], source), (0, steps_of(part, item)))
        if sizes is None:
            return None
        many.append(("copy_box", (0, 1 + i), sizes))
    return Lowering("many", many=tuple(many))


@UNPACK.numpy
def _(value: Array, *, num: int, axis: int) -> tuple[Array, ...]:
    rows = np.moveaxis(value, axis, 0)
    if len(rows) != num:
        raise ValueError("another number of rows")  # the shape rule says it in full
    # With "...", a row of one text is an array as well.
    return tuple([rows[i, ...].copy(order="C") for i in range(num)])


@export("unstack")
def unstack(
    value: Any, num: int | None = None, axis: int = 0, name: str | None = "unstack"
) -> list[Tensor]:
    """Returns the rows of a tensor along an axis, as a list.

    Args:
        value: a tensor.
        num: how many there are, where the static shape does not say.
        axis: the axis, counted from the end where negative.
        name: the node's name.

    Raises:
        ValueError: if the number is not known, or there is no such axis.
    """
    if num is None:
        value = convert_to_tensor(value)
        dims = value.dims
        if dims is not None:
            n = len(dims)
            if wrapped(axis, n) is None:
                raise ValueError(f"axis = {axis} not in [{-n}, {n})")
            num = dims[axis]
        if num is None:
            raise ValueError(f"Cannot infer num from shape {value.shape}")
    found: list[Tensor] = apply(UNPACK, value, num=num, axis=axis, name=name)
    return found


# --- lists with tensors in them ---
def _is_tensor(item: Any) -> bool:
    """True for a tensor, and for what stands for one, such as a variable."""
    return isinstance(item, Tensor) or (
        hasattr(item, "op") and hasattr(item, "dtype") and not hasattr(item, "indices")
    )


def _first_dtype(items: Sequence[Any]) -> DType | None:
    for item in items:
        found: DType | None = None
        if _is_tensor(item):
            found = item.dtype.base_dtype
        elif isinstance(item, list | tuple):
            found = _first_dtype(item)
        if found is not None:
            return found
    return None


def _cast(item: Any, dtype: DType) -> Any:
    if isinstance(item, list | tuple):
        return [_cast(x, dtype) for x in item]
    if _is_tensor(item) and item.dtype.base_dtype != dtype:
        return apply("Cast", item, DstT=dtype)
    return item


def _pack(items: Sequence[Any], dtype: DType, name: str) -> Any:
    """Packs a list that holds tensors; one without any stays a list."""
    with scopes.name_scope(name) as scope:
        parts = []
        for i, item in enumerate(items):
            if isinstance(item, list | tuple):
                item = _pack(item, dtype, str(i))
            elif _is_tensor(item) and item.dtype.base_dtype != dtype:
                raise TypeError(
                    f"Cannot convert a list containing a tensor of dtype {item.dtype.name} to "
                    f"{dtype.name} (Tensor is: {item!r})"
                )
            parts.append(item)
        if not any(_is_tensor(part) for part in parts):
            return parts
        tensors = [
            part if _is_tensor(part) else constant(part, dtype, name=str(i))
            for i, part in enumerate(parts)
        ]
        return apply(PACK, tensors, name=scope)


@provide("autopack")
def autopack(value: Any, dtype: Any = None, name: Any = None, as_ref: bool = False) -> Any:
    """Converts nested lists that contain tensors; leaves others to the next conversion."""
    if as_ref:
        return NotImplemented
    found = _first_dtype(value)
    if found is None:
        return NotImplemented
    wanted = found if dtype is None else dtype.base_dtype
    if wanted != found:
        value = _cast(value, wanted)
    return _pack(value, wanted, name or "packed")
