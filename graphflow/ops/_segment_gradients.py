"""The gradients of the segment reductions: each row takes the gradient of its segment."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor

_ZERO = np.array(0, np.int32)


def _rows(source: Any, ids: Tensor) -> Tensor:
    """The row of `source` that belongs to each id."""
    found: Tensor = apply("GatherV2", source, ids, _ZERO)
    return found


# --- sorted segments ---


def of_sum(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    """Each row counts once."""
    return _rows(dy, op.inputs[1]), None


def of_mean(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    """Each row counts as one of its segment."""
    x, ids = op.inputs
    one_each = apply("Fill", apply("Shape", ids), np.array(1, x.dtype.as_numpy_dtype))
    number = _rows(apply("SegmentSum", one_each, ids), ids)
    return apply("RealDiv", _rows(dy, ids), _column(number, x)), None


def _column(vector: Tensor, x: Tensor) -> Any:
    """A vector in a shape that broadcasts against the rows of `x`."""
    if x.dims is not None:
        return apply("Reshape", vector, np.array([-1] + [1] * (len(x.dims) - 1), np.int32))
    behind = apply("Sub", apply("Rank", x), np.array([1], np.int32))
    ones = apply("Fill", behind, np.array(1, np.int32))
    sizes = apply("ConcatV2", [np.array([-1], np.int32), ones], _ZERO)
    return apply("Reshape", vector, sizes)


def _prod(x: Tensor, dy: Tensor, total: Any, product: Any, rows: Any) -> Any:
    """The product of the other rows of the segment; a single 0 in it is treated apart."""
    dtype = x.dtype.as_numpy_dtype
    zero, one = np.array(0, dtype), np.array(1, dtype)
    zero_rows = apply("Cast", apply("Equal", x, zero), DstT=x.dtype)
    zeros = total(zero_rows)
    # Two zeros or more: every product of the others is 0. One: only the zero itself gets any.
    at_most_one = apply("Cast", apply("LessEqual", zeros, one), DstT=x.dtype)
    filled = apply("Add", x, zero_rows)
    weighted = apply("Mul", apply("Mul", dy, at_most_one), product(filled))
    no_zero = apply("Cast", apply("Equal", zeros, zero), DstT=x.dtype)
    others = apply("RealDiv", rows(apply("Mul", weighted, no_zero)), filled)
    return apply("Add", others, apply("Mul", zero_rows, rows(weighted)))


def of_prod(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    """The product of the other rows (TensorFlow 1.15 has no gradient here)."""
    x, ids = op.inputs
    found = _prod(
        x,
        dy,
        lambda t: apply("SegmentSum", t, ids),
        lambda t: apply("SegmentProd", t, ids),
        lambda t: _rows(t, ids),
    )
    return found, None


def of_extreme(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    """The rows equal to the extreme one share the gradient."""
    x, ids = op.inputs
    chosen = apply("Cast", apply("Equal", x, _rows(op.outputs[0], ids)), DstT=x.dtype)
    number = apply("SegmentSum", chosen, ids)
    share = apply("RealDiv" if x.dtype.is_floating else "FloorDiv", dy, number)
    return apply("Mul", chosen, _rows(share, ids)), None


# --- segments in any order ---


def _known_rows(source: Tensor, ids: Tensor) -> tuple[Tensor, Any]:
    """As `_rows` with 0 for negative ids, and which ids are not negative."""
    zero = np.array(0, ids.dtype.as_numpy_dtype)
    rows = _rows(source, apply("Maximum", ids, zero))
    return rows, apply("GreaterEqual", ids, zero)


def _masked(rows: Tensor, is_known: Tensor) -> Any:
    """0 in the place of rows that belong to no segment."""
    mask = apply("Cast", is_known, DstT=rows.dtype)
    shape = apply("Shape", mask)
    if rows.dims is not None and is_known.dims is not None:
        behind: Any = np.ones(len(rows.dims) - len(is_known.dims), np.int32)
    else:
        more = apply("Sub", apply("Rank", rows), apply("Rank", mask))
        behind = apply("Fill", apply("Pack", [more]), np.array(1, np.int32))
    sizes = apply("ConcatV2", [shape, behind], _ZERO)
    return apply("Mul", rows, apply("Reshape", mask, sizes))


def of_unsorted_sum(op: Operation, dy: Tensor) -> tuple[Tensor, None, None]:
    """Each row that belongs to a segment counts once."""
    rows, is_known = _known_rows(dy, op.inputs[1])
    return _masked(rows, is_known), None, None


def of_unsorted_extreme(op: Operation, dy: Tensor) -> tuple[Tensor, None, None]:
    """The rows equal to the extreme one share the gradient."""
    x, ids, number = op.inputs
    rows, is_known = _known_rows(op.outputs[0], ids)
    chosen = _masked(apply("Cast", apply("Equal", x, rows), DstT=x.dtype), is_known)
    shared = apply("UnsortedSegmentSum", chosen, ids, number)
    one = np.array(1, x.dtype.as_numpy_dtype)
    divide = "RealDiv" if x.dtype.is_floating else "FloorDiv"
    share = apply(divide, dy, apply("Maximum", shared, one))
    return apply("Mul", chosen, _known_rows(share, ids)[0]), None, None


def of_unsorted_prod(op: Operation, dy: Tensor) -> tuple[Tensor, None, None]:
    """The product of the other rows."""
    x, ids, number = op.inputs
    found = _prod(
        x,
        dy,
        lambda t: apply("UnsortedSegmentSum", t, ids, number),
        lambda t: apply("UnsortedSegmentProd", t, ids, number),
        lambda t: _known_rows(t, ids)[0],
    )
    zero = np.array(0, ids.dtype.as_numpy_dtype)
    return _masked(found, apply("GreaterEqual", ids, zero)), None, None
