"""Operations that TensorFlow does in place, and others that only say how memory is used.

Here a tensor's value never changes: InplaceUpdate, InplaceAdd and InplaceSub give a new one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import DType
from graphflow.core.elementwise import same_shape
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import INDEX, OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import as_dims, asked_sizes
from graphflow.ops._strided import MASKS
from graphflow.ops.slice import _index as strided_index

Array = np.ndarray[Any, Any]
_NONE = "TensorFlow registers none"


# --- InplaceUpdate, InplaceAdd and InplaceSub ---
def _check(x: Array, i: Array, v: Array) -> None:
    if i.ndim != 1:
        raise KernelError(f"i must be a vector. {text(i.shape)}")
    if x.ndim != v.ndim or not x.ndim:
        raise KernelError(
            f"x and v shape doesn't match (ranks differ): {text(x.shape)} vs. {text(v.shape)}"
        )
    for axis in range(1, x.ndim):
        if x.shape[axis] != v.shape[axis]:
            raise KernelError(
                f"x and v shape doesn't match at index {axis} : {text(x.shape)} vs. {text(v.shape)}"
            )
    if len(i) != len(v):
        raise KernelError(
            f"i and x shape doesn't match at index 0: {text(i.shape)} vs. {text(v.shape)}"
        )


def _inplace(name: str, ufunc: Any) -> OpDef:
    made = define(f"{name}(x: T, i: int32, v: T) -> y: T", shape=same_shape)
    made.no_gradient(_NONE, raises=True)

    @made.numpy
    def _(x: Array, i: Array, v: Array) -> Array:
        _check(x, i, v)
        found = x.copy()
        rows = i % len(x) if len(x) else i  # as in TensorFlow, also beyond the ends
        if ufunc is None:
            found[rows] = v
        else:
            ufunc.at(found, rows, v)
        return found

    return made


INPLACE_UPDATE = _inplace("InplaceUpdate", None)
INPLACE_ADD = _inplace("InplaceAdd", np.add)
INPLACE_SUB = _inplace("InplaceSub", np.subtract)


# --- DeepCopy, Snapshot and GuaranteeConst ---
def _copy(name: str, port: str, output: str, stateful: bool) -> OpDef:
    made = define(f"{name}({port}: T) -> {output}: T", stateful=stateful, shape=same_shape)
    made.no_gradient(_NONE, raises=True)
    made.numpy(np.ndarray.copy)
    return made


DEEP_COPY = _copy("DeepCopy", "x", "y", True)
SNAPSHOT = _copy("Snapshot", "input", "output", False)
GUARANTEE_CONST = _copy("GuaranteeConst", "input", "output", True)


@export("guarantee_const")
def guarantee_const(input: Any, name: str | None = None) -> Tensor:
    """Returns a tensor of which the user says that no run changes it.

    Args:
        input: a tensor.
        name: the node's name.
    """
    found: Tensor = apply(GUARANTEE_CONST, input, name=name)
    return found


# --- Empty ---
EMPTY = define(
    "Empty(shape: int32, *, dtype: type, init: bool = False) -> output: dtype", stateful=True
).no_gradient(_NONE, raises=True)


@EMPTY.shape
def _(op: Operation) -> list[Dims]:
    return [as_dims(asked_sizes(op, 0))]


@EMPTY.numpy
def _(shape: Array, *, dtype: DType) -> Array:
    kind = np.dtype(dtype.as_numpy_dtype)
    if kind.kind == "O":
        return np.full(tuple(shape.tolist()), b"", object)
    return np.zeros(tuple(shape.tolist()), kind)


# --- TensorStridedSliceUpdate ---
TENSOR_STRIDED_SLICE_UPDATE = define(
    "TensorStridedSliceUpdate(input: T, begin: Index, end: Index, strides: Index, value: T, *, "
    + ", ".join(f"{mask}: int = 0" for mask in MASKS)
    + ") -> output: T",
    shape=same_shape,
    Index=INDEX,
).no_gradient(_NONE, raises=True)


@TENSOR_STRIDED_SLICE_UPDATE.numpy
def _(
    x: Array,
    begin: Array,
    end: Array,
    strides: Array,
    value: Array,
    *,
    begin_mask: int,
    end_mask: int,
    ellipsis_mask: int,
    new_axis_mask: int,
    shrink_axis_mask: int,
) -> Array:
    masks = (begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    index = strided_index(x.shape, begin, end, strides, dict(zip(MASKS, masks, strict=True)))
    found = x.copy()
    part = found[(*index, ...)]
    if part.shape != value.shape:
        raise KernelError(
            f"a value of shape {text(value.shape)} for a slice of shape {text(part.shape)}: "
            "shapes must be equal"
        )
    part[...] = value
    return found
