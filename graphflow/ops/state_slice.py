"""Assignments to a part of a variable: `v[1:3, 0].assign(x)`."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.opdef import INDEX, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.state import Cell
from graphflow.ops._strided import as_index, pieces
from graphflow.ops.state import NOT_CONTINUOUS

Array = np.ndarray[Any, Any]
_MASKS: Final = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
_OPTIONS: Final = ", ".join(f"{mask}: int = 0" for mask in _MASKS)
_PORTS: Final = "begin: Index, end: Index, strides: Index, value: T"


def _assign(
    cell: Cell, begin: Array, end: Array, strides: Array, value: Array, masks: dict[str, int]
) -> Cell:
    own = cell.write()
    try:
        bounds = (begin.tolist(), end.tolist(), strides.tolist())
        index = as_index(own.shape, pieces(own.ndim, *bounds, masks))
    except ShapeError as e:
        raise KernelError(e.run) from None
    part = own[(*index, ...)]
    if not part.size:
        return cell  # TensorFlow looks at no value that has no place to go to
    if part.shape != value.shape and not (value.size == 1 and part.size == 1):
        raise KernelError(
            f"Assign with a value of shape {text(value.shape)} to a slice of shape "
            f"{text(part.shape)}: shapes must be equal"
        )
    part[...] = value.reshape(part.shape)
    return cell


# --- StridedSliceAssign, ResourceStridedSliceAssign ---
STRIDED_SLICE_ASSIGN = define(
    f"StridedSliceAssign(ref: Ref(T), {_PORTS}, *, {_OPTIONS}) -> output_ref: Ref(T),",
    effect="update",
    Index=INDEX,
).no_gradient(NOT_CONTINUOUS)
RESOURCE_STRIDED_SLICE_ASSIGN = define(
    f"ResourceStridedSliceAssign(ref: resource, {_PORTS}, *, {_OPTIONS})",
    stateful=True,
    effect="update",
    Index=INDEX,
).no_gradient(NOT_CONTINUOUS)


@STRIDED_SLICE_ASSIGN.shape
def _(op: Operation) -> list[Dims]:
    return [op.inputs[0].dims]


@RESOURCE_STRIDED_SLICE_ASSIGN.shape
def _(op: Operation) -> list[Dims]:
    return []


@STRIDED_SLICE_ASSIGN.numpy
def _(
    cell: Cell,
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
) -> Cell:
    masks = (begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    return _assign(cell, begin, end, strides, value, dict(zip(_MASKS, masks, strict=True)))


@RESOURCE_STRIDED_SLICE_ASSIGN.numpy
def _(
    cell: Cell,
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
) -> None:
    masks = (begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    _assign(cell, begin, end, strides, value, dict(zip(_MASKS, masks, strict=True)))
