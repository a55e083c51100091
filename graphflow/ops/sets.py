"""Sets along the last axis of tensors: unions, intersections, differences and sizes.

Every row of the axes before the last is a group; the values along the last axis are its set.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, int8, int16, int32, int64, string, uint8, uint16
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, clash, compatible, text
from graphflow.core.sparse_tensor import SparseTensor, convert_to_tensor_or_sparse_tensor
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank, need_rank_at_least
from graphflow.ops._sparse_kernels import check_rows, check_valid, flat_places

Array = np.ndarray[Any, Any]
_TYPES = (int8, int16, int32, int64, uint8, uint16, string)
_CLOSE: Final = 1 << 30
_DIFFERENCE = "a set is no smooth function of its elements"


# --- groups ---
class _Sets:
    """The elements of all groups: the number of the group of each, and its value."""

    __slots__ = ("groups", "shape", "values")

    def __init__(self, shape: tuple[int, ...], groups: Array, values: Array) -> None:
        self.shape = shape
        """The sizes of the axes before the last."""
        self.groups = groups
        self.values = values


def _dense_sets(x: Array) -> _Sets:
    if x.ndim < 2:
        raise KernelError(f"Shape {text(x.shape)} has rank {x.ndim} < 2")
    shape = x.shape[:-1]
    groups = np.repeat(np.arange(math.prod(shape)), x.shape[-1])
    return _Sets(shape, groups, x.reshape(-1))


def _sparse_sets(indices: Array, values: Array, shape: Array) -> _Sets:
    if indices.ndim != 2:
        raise KernelError(f"indices must be a matrix, but got: {text(indices.shape)}")
    check_rows(indices, values)
    if len(shape) != indices.shape[1]:
        raise KernelError(f"Invalid rank {len(shape)}.")
    # TensorFlow looks at the order with validate_indices=False, too: it reads group by group.
    check_valid(indices, shape)
    if len(shape) < 2:
        raise KernelError(f"Invalid rank {len(shape)}.")
    sizes = tuple(shape[:-1].tolist())
    return _Sets(sizes, flat_places(indices[:, :-1], sizes), values)


def _numbered(values: Array) -> tuple[Callable[[Array], Array], Array, int]:
    """What turns numbers back into values, the numbers of these values in order, how many."""
    if values.dtype.kind == "O":
        listed = values.tolist()
        ordered = sorted(set(listed))
        place = {value: i for i, value in enumerate(ordered)}
        different = np.empty(len(ordered), object)
        different[:] = ordered
        which = np.array([place[value] for value in listed], np.int64)
        return different.__getitem__, which, max(len(ordered), 1)
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    if high - low < _CLOSE:  # close enough to be their own numbers
        which = values.astype(np.int64) - low
        return lambda at: (at + low).astype(values.dtype), which, high - low + 1
    different, which = np.unique(values, return_inverse=True)
    return different.__getitem__, which.reshape(-1), len(different)


def _combined(a: _Sets, b: _Sets, operation: str) -> tuple[Array, Array, Array]:
    """The sets of two tensors combined group by group, as the parts of a sparse tensor."""
    if a.shape != b.shape:
        raise KernelError(f"Mismatched shapes {text(a.shape)} vs {text(b.shape)}")
    different, which, width = _numbered(np.concatenate([a.values, b.values]))
    first = np.unique(a.groups * width + which[: len(a.values)])
    second = np.unique(b.groups * width + which[len(a.values) :])
    match operation.lower():
        case "union":
            kept = np.union1d(first, second)
        case "intersection":
            kept = np.intersect1d(first, second, assume_unique=True)
        case "a-b":
            kept = np.setdiff1d(first, second, assume_unique=True)
        case "b-a":
            kept = np.setdiff1d(second, first, assume_unique=True)
        case _:
            raise KernelError(f"Invalid set_operation {operation}.")
    groups, at = np.divmod(kept, width)
    return _parts(groups, different(at) if len(kept) else a.values[:0], a.shape)


def _parts(groups: Array, values: Array, shape: tuple[int, ...]) -> tuple[Array, Array, Array]:
    starts = np.searchsorted(groups, groups)  # groups are in order: the first of each
    places = np.arange(len(groups)) - starts
    rows = np.unravel_index(groups, shape) if len(groups) else [groups] * len(shape)
    indices = np.stack([*rows, places], 1).astype(np.int64)
    longest = int(places.max()) + 1 if len(places) else 0
    return indices, values, np.array([*shape, longest], np.int64)


# --- SetSize ---
SET_SIZE = define(
    "SetSize(set_indices: int64, set_values: T, set_shape: int64, *, "
    "validate_indices: bool = True) -> size: int32",
    T=_TYPES,
).no_gradient(_DIFFERENCE)


@SET_SIZE.shape
def _(op: Operation) -> list[Dims]:
    return [None]


@SET_SIZE.numpy
def _(indices: Array, values: Array, shape: Array) -> Array:
    sets = _sparse_sets(indices, values, shape)
    _, which, width = _numbered(sets.values)
    groups = np.unique(sets.groups * width + which) // width
    counts = np.bincount(groups, minlength=math.prod(sets.shape))
    return counts.astype(np.int32).reshape(sets.shape)


# --- DenseToDenseSetOperation, DenseToSparseSetOperation, SparseToSparseSetOperation ---
_RESULT = "result_indices: int64, result_values: T, result_shape: int64"
_ATTRS = "*, set_operation: string, validate_indices: bool = True"


def _operation(name: str, inputs: str) -> OpDef:
    made = define(f"{name}({inputs}, {_ATTRS}) -> {_RESULT}", T=_TYPES)
    return made.no_gradient(_DIFFERENCE)


DENSE_TO_DENSE = _operation("DenseToDenseSetOperation", "set1: T, set2: T")
DENSE_TO_SPARSE = _operation(
    "DenseToSparseSetOperation",
    "set1: T, set2_indices: int64, set2_values: T, set2_shape: int64",
)
SPARSE_TO_SPARSE = _operation(
    "SparseToSparseSetOperation",
    "set1_indices: int64, set1_values: T, set1_shape: int64, "
    "set2_indices: int64, set2_values: T, set2_shape: int64",
)


def _of_rank(rank: int | None) -> list[Dims]:
    return [(None, rank), (None,), (rank,)]


@DENSE_TO_DENSE.shape
def _(op: Operation) -> list[Dims]:
    a, b = (t.dims for t in op.inputs)
    for dims in (a, b):
        run = f"Shape {text(dims)} has rank {0 if dims is None else len(dims)} < 2"
        need_rank_at_least(dims, 2, run)
    if a is None or b is None:
        known = a if b is None else b
        return _of_rank(None if known is None else len(known))
    run = f"Mismatched shapes {text(a[:-1])} vs {text(b[:-1])}"
    need_rank(b, len(a), run)
    if not compatible(a[:-1], b[:-1]):
        raise ShapeError(clash(a[:-1], b[:-1]), run)
    return _of_rank(len(a))


@DENSE_TO_DENSE.numpy
def _(a: Array, b: Array, *, set_operation: str) -> tuple[Array, Array, Array]:
    return _combined(_dense_sets(a), _dense_sets(b), set_operation)


def _check_places(indices: Dims, values: Dims, shape: Dims) -> int | None:
    """The rank that the static shapes of a sparse tensor's parts give away."""
    run = f"indices must be a matrix, but got: {text(indices)}"
    width = need_rank(indices, 2, run)[1]
    need_rank(values, 1)
    rank = need_rank(shape, 1)[0]
    return rank if width is None else width


@DENSE_TO_SPARSE.shape
def _(op: Operation) -> list[Dims]:
    dense = op.inputs[0].dims
    rank = _check_places(*[t.dims for t in op.inputs[1:]])
    need_rank_at_least(dense, 2)
    known = len(dense) if dense is not None else rank
    return _of_rank(known)


@DENSE_TO_SPARSE.numpy
def _(
    a: Array, indices: Array, values: Array, shape: Array, *, set_operation: str
) -> tuple[Array, Array, Array]:
    return _combined(_dense_sets(a), _sparse_sets(indices, values, shape), set_operation)


@SPARSE_TO_SPARSE.shape
def _(op: Operation) -> list[Dims]:
    dims = [t.dims for t in op.inputs]
    first, second = _check_places(*dims[:3]), _check_places(*dims[3:])
    return _of_rank(second if first is None else first)


@SPARSE_TO_SPARSE.numpy
def _(
    a_indices: Array,
    a_values: Array,
    a_shape: Array,
    b_indices: Array,
    b_values: Array,
    b_shape: Array,
    *,
    set_operation: str,
) -> tuple[Array, Array, Array]:
    a = _sparse_sets(a_indices, a_values, a_shape)
    b = _sparse_sets(b_indices, b_values, b_shape)
    return _combined(a, b, set_operation)


# --- public functions ---
@export("sets.size", "sets.set_size")
def set_size(a: Any, validate_indices: bool = True) -> Tensor:
    """Returns how many different values each set has.

    Args:
        a: a SparseTensor of integers or strings: sets along its last axis, in row-major order.
        validate_indices: kept on the node; the order is looked at in any case.

    Returns:
        int32, in the shape of `a` without its last axis.

    Raises:
        TypeError: if `a` is not sparse, or its type has no sets.
    """
    x = convert_to_tensor_or_sparse_tensor(a, name="a")
    if not isinstance(x, SparseTensor):
        raise TypeError(f"Expected `SparseTensor`, got {x}.")
    if x.dtype.base_dtype not in _TYPES:
        raise TypeError(f"Invalid dtype {x.dtype}.")
    found: Tensor = apply(
        SET_SIZE, x.indices, x.values, x.dense_shape, validate_indices=validate_indices
    )
    return found


def _two(a: Any, b: Any) -> tuple[Any, Any, bool]:
    """Both as tensors, the dense one first; and whether they changed places."""
    a = convert_to_tensor_or_sparse_tensor(a, name="a")
    dtype: DType = a.dtype.base_dtype
    if dtype not in _TYPES:
        raise TypeError(f"'a' invalid dtype {a.dtype}.")
    b = convert_to_tensor_or_sparse_tensor(b, name="b")
    if b.dtype.base_dtype != dtype:
        raise TypeError(f"Types don't match, {a.dtype} vs {b.dtype}.")
    if isinstance(a, SparseTensor) and not isinstance(b, SparseTensor):
        return b, a, True
    return a, b, False


def _apply(a: Any, b: Any, operation: str, validate: bool) -> SparseTensor:
    attrs: dict[str, Any] = {"set_operation": operation, "validate_indices": validate}
    parts: list[Any] = []
    for x in (a, b):
        parts += [x.indices, x.values, x.dense_shape] if isinstance(x, SparseTensor) else [x]
    which = {2: DENSE_TO_DENSE, 4: DENSE_TO_SPARSE, 6: SPARSE_TO_SPARSE}[len(parts)]
    return SparseTensor(*apply(which, *parts, **attrs))


@export("sets.intersection", "sets.set_intersection")
def set_intersection(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """Returns the values that the sets of `a` and `b` share, in order.

    Args:
        a: a dense or sparse tensor of integers or strings: sets along its last axis.
        b: another one, of the same type and the same other sizes.
        validate_indices: kept on the node; the order of places is looked at in any case.

    Raises:
        TypeError: if the types differ, or have no sets.
        InvalidArgumentError: in a run, if the groups of the two differ in shape.
    """
    a, b, _ = _two(a, b)
    return _apply(a, b, "intersection", validate_indices)


@export("sets.difference", "sets.set_difference")
def set_difference(
    a: Any, b: Any, aminusb: bool = True, validate_indices: bool = True
) -> SparseTensor:
    """Returns the values of the sets of `a` that those of `b` do not have, in order.

    Args:
        a: a dense or sparse tensor of integers or strings: sets along its last axis.
        b: another one, of the same type and the same other sizes.
        aminusb: False for the values of `b` that `a` does not have.
        validate_indices: kept on the node; the order of places is looked at in any case.

    Raises:
        TypeError: if the types differ, or have no sets.
        InvalidArgumentError: in a run, if the groups of the two differ in shape.
    """
    a, b, flipped = _two(a, b)
    return _apply(a, b, "a-b" if aminusb != flipped else "b-a", validate_indices)


@export("sets.union", "sets.set_union")
def set_union(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """Returns the values that the sets of `a` or `b` have, in order.

    Args:
        a: a dense or sparse tensor of integers or strings: sets along its last axis.
        b: another one, of the same type and the same other sizes.
        validate_indices: kept on the node; the order of places is looked at in any case.

    Raises:
        TypeError: if the types differ, or have no sets.
        InvalidArgumentError: in a run, if the groups of the two differ in shape.
    """
    a, b, _ = _two(a, b)
    return _apply(a, b, "union", validate_indices)
