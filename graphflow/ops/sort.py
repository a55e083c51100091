"""The largest elements, and elements in order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.constant import constant_value
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import SUFFIXES, Call, Lowering
from graphflow.core.opdef import INDEX, REALS, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, count
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import shape_of
from graphflow.ops._shapes import need_rank, need_rank_at_least, same_size, scalar_value
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.reshape import back_to
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import rank as rank_of
from graphflow.ops.shape_ops import shape as shape_tensor
from graphflow.ops.transpose import transpose

Array = np.ndarray[Any, Any]


def _top_shape(op: Operation, k: int | None) -> list[Dims]:
    dims = op.inputs[0].dims
    need_rank_at_least(dims, 1, run="input must be >= 1-D, got shape []")
    if k is not None and k < 0:
        raise ShapeError(
            f"Dimension size, given by scalar input 1, must be non-negative but is {k}",
            run=f"Need k >= 0, got {k}",
        )
    if dims is None:
        return [None, None]
    last = dims[-1]
    if k is not None and last is not None and last < k:
        raise ShapeError(
            f"input must have last dimension >= k = {k} but is {last}",
            run=f"input must have at least k columns. Had {last}, needed {k}",
        )
    return [(*dims[:-1], k)] * 2


def _top(x: Array, k: int) -> tuple[Array, Array]:
    """The k largest of each row, from the largest on; of equal ones the first come first."""
    if not 0 <= k <= x.shape[-1]:
        raise ValueError("no such number of columns")  # the shape rule says it in full
    worst_first = x
    if x.dtype.kind not in "iu":
        worst_first = np.where(np.isnan(x), x.dtype.type(-np.inf), x)
    if k == 1:
        at = worst_first.argmax(-1)[..., None]
    elif 0 < 2 * k < x.shape[-1]:
        chosen = _best_places(worst_first, k)
        order = _from_largest(np.take_along_axis(worst_first, chosen, -1))
        at = np.take_along_axis(chosen, order, -1)
    else:
        at = _from_largest(worst_first)[..., :k]
    return np.take_along_axis(x, at, -1), np.ascontiguousarray(at, np.int32)


def _from_largest(x: Array) -> Array:
    """The places of each row's elements, from the largest on."""
    # Sorted from behind, stable: equal elements then keep their order from the front.
    turned = np.argsort(x[..., ::-1], axis=-1, kind="stable")
    order: Array = x.shape[-1] - 1 - turned[..., ::-1]
    return order


def _best_places(x: Array, k: int) -> Array:
    """The places of each row's k largest, in the order of the row; of equal ones the first."""
    n = x.shape[-1]
    least = np.partition(x, n - k, axis=-1)[..., n - k, None]
    chosen = x >= least
    if np.count_nonzero(chosen) > chosen.size // n * k:  # more of the least ones than wanted
        above, equal = x > least, x == least
        chosen = above | (equal & (np.cumsum(equal, -1) <= k - above.sum(-1, keepdims=True)))
    places: Array = np.nonzero(chosen)[-1]
    return places.reshape(*x.shape[:-1], k)


def _compiled_top(call: Call, k: Any) -> Lowering | None:
    if call.suffix not in ("f32", "f64", "i32", "i64") or k is None:
        return None
    *rows, columns = call.shapes[0]
    if not 0 <= k <= columns < 2**31:
        return None
    sizes = math.prod(rows), columns, int(k)
    return Lowering(f"top_k.{call.suffix}", sizes, inputs=(0,))


def _top_gradient(op: Operation, dy: Tensor) -> Tensor:
    """Puts what comes for a chosen element where it was chosen."""
    x, chosen = op.inputs[0], op.outputs[1]
    shape = shape_of(x)
    flat = np.array([-1], np.int32)
    one_row = x.dims is not None and len(x.dims) == 1
    at = chosen
    size: Any = apply("Size", x)
    number = count(x.dims)
    if number is not None:
        size = np.array(number, np.int32)
    if not one_row:
        length: Any
        if isinstance(shape, Tensor):
            length = apply("StridedSlice", shape, [-1], [0], [1], shrink_axis_mask=1)
        else:
            length = np.array(shape[-1], np.int32)
        starts = apply("Range", np.array(0, np.int32), size, length)
        dims = chosen.dims
        columns: Any
        if dims is not None and dims[-1] is not None:
            columns = np.array([-1, dims[-1]], np.int32)
        else:
            last = apply("StridedSlice", apply("Shape", chosen), [-1], [0], [1], end_mask=1)
            columns = apply("ConcatV2", [flat, last], np.array(0, np.int32))
        table = apply("Reshape", chosen, columns)
        at = apply("Add", table, apply("ExpandDims", starts, np.array(1, np.int32)))
    rows = apply("Reshape", at, np.array([-1, 1], np.int32))
    if isinstance(size, Tensor):
        sizes: Any = apply("Reshape", size, np.array([1], np.int32))
    else:
        sizes = size.reshape(1)
    spread = apply("ScatterNd", rows, apply("Reshape", dy, flat), sizes)
    return spread if one_row else back_to(spread, x)


# --- TopKV2 ---
TOP_K_V2 = define(
    "TopKV2(input: T, k: int32, *, sorted: bool = True) -> values: T, indices: int32", T=REALS
)


@TOP_K_V2.shape
def _(op: Operation) -> list[Dims]:
    need_rank(op.inputs[1].dims, 0)
    return _top_shape(op, scalar_value(op, 1))


@TOP_K_V2.gradient
def _(op: Operation, dy: Tensor | None, _: Any) -> tuple[Tensor | None, None]:
    return None if dy is None else _top_gradient(op, dy), None


@TOP_K_V2.compiled
def _(call: Call) -> Lowering | None:
    return _compiled_top(call, call.constants.get(1))


@TOP_K_V2.numpy
def _(x: Array, k: Array) -> tuple[Array, Array]:
    return _top(x, k.item())


@export("nn.top_k", "math.top_k")
def top_k(input: Any, k: Any = 1, sorted: bool = True, name: str | None = None) -> Any:
    """Returns the k largest elements of each row, from the largest on.

    Args:
        input: [..., n].
        k: how many, at most n.
        sorted: has no effect: they always come in order.
        name: the node's name.

    Returns:
        `(values, indices)`; of equal elements the first comes first.

    Raises:
        ValueError: if a row has fewer than k elements.
    """
    return apply(TOP_K_V2, input, k, sorted=sorted, name=name)


# --- TopK ---
TOP_K = define(
    "TopK(input: T, *, k: int, sorted: bool = True) -> values: T, indices: int32", T=REALS, k=0
)


@TOP_K.shape
def _(op: Operation) -> list[Dims]:
    return _top_shape(op, op.attrs["k"])


@TOP_K.gradient
def _(op: Operation, dy: Tensor | None, _: Any) -> Tensor | None:
    return None if dy is None else _top_gradient(op, dy)


@TOP_K.compiled
def _(call: Call) -> Lowering | None:
    return _compiled_top(call, call.attrs["k"])


@TOP_K.numpy
def _(x: Array, *, k: int) -> tuple[Array, Array]:
    return _top(x, k)


# --- InTopK ---


def _in_top_shape(op: Operation) -> list[Dims]:
    predictions = need_rank(op.inputs[0].dims, 2, "predictions must be 2-dimensional")
    targets = need_rank(op.inputs[1].dims, 1, "targets must be 1-dimensional")
    run = f"First dimension of predictions {predictions[0]} must match length of targets "
    return [(same_size(predictions[0], targets[0], f"{run}{targets[0]}"),)]


def _in_top(predictions: Array, targets: Array, k: int) -> Array:
    if predictions.ndim != 2 or targets.shape != predictions.shape[:1]:
        raise KernelError("predictions and targets do not fit")
    rows, classes = predictions.shape
    known = (targets >= 0) & (targets < classes)
    own = predictions[np.arange(rows), np.where(known, targets, 0)] if classes else np.zeros(rows)
    better = (predictions > own[:, None]).sum(1)
    finite = np.isfinite(predictions).all(1)
    found: Array = known & finite & (better < k)
    return found


IN_TOP_K = define(
    "InTopK(predictions: float32, targets: T, *, k: int) -> precision: bool",
    shape=_in_top_shape,
    T=default_type(INDEX, int32),
).no_gradient("truth values have no derivative", raises=True)


@IN_TOP_K.numpy
def _(predictions: Array, targets: Array, *, k: int) -> Array:
    return _in_top(predictions, targets, k)


IN_TOP_K_V2 = define(
    "InTopKV2(predictions: float32, targets: T, k: T) -> precision: bool",
    shape=_in_top_shape,
    T=default_type(INDEX, int32),
).no_gradient("truth values have no derivative", raises=True)


@IN_TOP_K_V2.compiled
def _(call: Call) -> Lowering | None:
    predictions, targets, k = call.shapes
    if targets != predictions[:1] or k != ():
        return None
    return Lowering(f"in_top_k_{SUFFIXES.get(call.dtypes[1].name)}", predictions)


@IN_TOP_K_V2.numpy
def _(predictions: Array, targets: Array, k: Array) -> Array:
    return _in_top(predictions, targets, k.item())


@export("nn.in_top_k", "math.in_top_k")
def in_top_k(predictions: Any, targets: Any, k: Any, name: str | None = None) -> Tensor:
    """Returns whether the score of each row's class is among the k best.

    Args:
        predictions: float32 scores, [rows, classes].
        targets: the class of each row, [rows].
        k: how many count as best; scores equal to the k-th best all do.
        name: the name of the scope.

    Note:
        False where the class does not exist or a score of the row is not finite.
    """
    with scopes.name_scope(name, "in_top_k"):
        found: Tensor = apply(IN_TOP_K_V2, predictions, targets, k, name=name)
    return found


# --- sort, argsort ---


def _last_axis(axis: int, values: Tensor, rank: Any) -> Any:
    """The permutation that exchanges an axis with the last; None: it is the last."""
    n = None if values.dims is None else len(values.dims)
    if axis == -1 or axis + 1 == n:
        return None
    if n is not None:
        at = axis + n if axis < 0 else axis
        order = [*range(at), n - 1, *range(at + 1, n - 1), at]
        return constant(np.array(order), name="transposition")
    where = axis + rank if axis < 0 else axis
    parts = [range_(where), [rank - 1], range_(where + 1, rank - 1), [where]]
    return concat(parts, axis=0)


def _descending(values: Tensor, axis: int, wanted: str) -> Tensor:
    k = shape_tensor(values)[axis]
    rank = rank_of(values)
    order = _last_axis(axis, values, rank)
    if order is not None:
        values = transpose(values, order)
    found: Tensor = getattr(top_k(values, k), wanted)
    return found if order is None else transpose(found, order)


def _ordered(values: Any, axis: Any, direction: str, wanted: str) -> Tensor:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError(f"{direction} should be one of ASCENDING, DESCENDING")
    axis = convert_to_tensor(axis, name="axis")
    at = constant_value(axis)
    if axis.dims != () or at is None:
        raise ValueError("axis must be a constant scalar")
    values = convert_to_tensor(values, name="values")
    if direction == "DESCENDING":
        return _descending(values, at.item(), wanted)
    found = _descending(-values, at.item(), wanted)
    return -found if wanted == "values" else found


@export("sort")
def sort(
    values: Any, axis: Any = -1, direction: str = "ASCENDING", name: str | None = None
) -> Tensor:
    """Returns the elements in order along an axis.

    Args:
        values: numbers.
        axis: the axis, a constant.
        direction: "ASCENDING" or "DESCENDING".
        name: the name of the scope.

    Raises:
        ValueError: for another direction, or an axis that is no constant.

    Note:
        Ascending order sorts the negated numbers, as TensorFlow does: unsigned numbers and the
        lowest integer come out wrong.
    """
    with scopes.name_scope(name, "sort"):
        return _ordered(values, axis, direction, "values")


@export("argsort")
def argsort(
    values: Any,
    axis: Any = -1,
    direction: str = "ASCENDING",
    stable: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns the positions that put the elements in order along an axis.

    Args:
        values: numbers.
        axis: the axis, a constant.
        direction: "ASCENDING" or "DESCENDING".
        stable: has no effect: equal elements always keep their order.
        name: the name of the scope.

    Raises:
        ValueError: for another direction, or an axis that is no constant.
    """
    with scopes.name_scope(name, "argsort"):
        return _ordered(values, axis, direction, "indices")
