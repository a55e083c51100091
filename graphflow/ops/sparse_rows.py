"""Values of sparse tensors kept, dropped and made: by a mask, by row, from ids, from a diagonal."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import float32, int64
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.sparse_tensor import SparseTensor, as_sparse_tensor, is_sparse
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank, same_size
from graphflow.ops._sparse_shapes import need_ranks, sizes_given_by
from graphflow.ops.arithmetic import minimum
from graphflow.ops.cast import cast
from graphflow.ops.comparison import not_equal
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.fill import fill, ones
from graphflow.ops.gather import gather
from graphflow.ops.gather_nd import gather_nd
from graphflow.ops.identity import identity
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.ops.reshape import expand_dims, reshape
from graphflow.ops.select import where_v2
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import shape as shape_tensor
from graphflow.ops.sparse_reshape import sparse_reorder
from graphflow.ops.sparse_to_dense import sparse_tensor_to_dense
from graphflow.ops.stack import stack

Array = np.ndarray[Any, Any]

# --- SparseFillEmptyRows ---
SPARSE_FILL_EMPTY_ROWS = define(
    "SparseFillEmptyRows(indices: int64, values: T, dense_shape: int64, default_value: T)"
    " -> output_indices: int64, output_values: T, empty_row_indicator: bool, "
    "reverse_index_map: int64"
)


@SPARSE_FILL_EMPTY_ROWS.shape
def _(op: Operation) -> list[Dims]:
    indices, values, _ = need_ranks(
        op,
        (2, "indices must be a matrix, saw: {}"),
        (1, "values must be a vector, saw: {}"),
        (1, "dense_shape must be a vector, saw: {}"),
    )
    default = op.inputs[3].dims
    need_rank(default, 0, f"default_value must be a scalar, saw: {text(default)}")
    rows = same_size(indices[0], values[0])
    sizes = sizes_given_by(op, 2)
    whole = sizes[0] if sizes else None
    return [(None, indices[1]), (None,), (whole,), (rows,)]


@SPARSE_FILL_EMPTY_ROWS.gradient
def _(op: Operation, _: Any, dy: Tensor, __: Any, ___: Any) -> tuple[Any, ...]:
    values, default = apply(SPARSE_FILL_EMPTY_ROWS_GRAD, op.outputs[3], dy)
    return None, values, None, default


@SPARSE_FILL_EMPTY_ROWS.numpy
def _(indices: Array, values: Array, shape: Array, default: Array) -> tuple[Array, ...]:
    if not len(shape):
        raise KernelError("Dense shape cannot be empty.")
    n = int(shape[0])
    rows = indices[:, 0]
    if n == 0:
        if len(indices):
            raise KernelError(
                "Received SparseTensor with dense_shape[0] = 0 but indices.shape[0] = "
                f"{len(indices)}"
            )
        return indices.copy(), values.copy(), np.zeros(0, bool), np.zeros(0, np.int64)
    outside = (rows < 0) | (rows >= n)
    if outside.any():
        i = int(np.argmax(outside))
        raise KernelError(f"indices({i}, 0) is invalid: {rows[i]} >= {n}")
    empty = np.bincount(rows, minlength=n) == 0
    new = np.zeros((int(empty.sum()), indices.shape[1]), np.int64)
    new[:, 0] = np.flatnonzero(empty)
    order = np.argsort(np.concatenate([rows, new[:, 0]]), kind="stable")
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    filled = np.full(len(new), default[()], values.dtype)
    return (
        np.concatenate([indices, new])[order],
        np.concatenate([values, filled])[order],
        empty,
        places[: len(rows)],
    )


SPARSE_FILL_EMPTY_ROWS_GRAD = define(
    "SparseFillEmptyRowsGrad(reverse_index_map: int64, grad_values: T)"
    " -> d_values: T, d_default_value: T"
)


@SPARSE_FILL_EMPTY_ROWS_GRAD.gradient
def _(op: Operation, of_values: Tensor, of_default: Tensor) -> tuple[None, Tensor]:
    """What the values' gradients get, at their places; everywhere else that of the default."""
    places, dy = op.inputs
    every = apply("Fill", apply("Shape", dy), of_default)
    column = apply("ExpandDims", places, np.array(1, np.int32))
    found: Tensor = apply("TensorScatterUpdate", every, column, of_values)
    return None, found


@SPARSE_FILL_EMPTY_ROWS_GRAD.shape
def _(op: Operation) -> list[Dims]:
    places, _ = need_ranks(
        op,
        (1, "reverse_index_map must be a vector, saw: {}"),
        (1, "grad_values must be a vector, saw: {}"),
    )
    return [places, ()]


@SPARSE_FILL_EMPTY_ROWS_GRAD.numpy
def _(places: Array, dy: Array) -> tuple[Array, Array]:
    outside = (places < 0) | (places >= len(dy))
    if outside.any():
        wrong = places[np.argmax(outside)]
        raise KernelError(f"Elements in reverse index must be in [0, {len(dy)}) but got {wrong}")
    of_default = np.ones(len(dy), bool)
    of_default[places] = False
    return dy[places], np.asarray(dy[of_default].sum(dtype=dy.dtype))


@export("sparse.fill_empty_rows", "sparse_fill_empty_rows")
def sparse_fill_empty_rows(
    sp_input: Any, default_value: Any, name: str | None = None
) -> tuple[SparseTensor, Tensor]:
    """Gives each row of a sparse tensor that has no value one in its first column.

    Args:
        sp_input: a SparseTensor.
        default_value: the value that empty rows get.
        name: the name of the scope.

    Returns:
        (the SparseTensor, ordered by row; which rows were empty, bool [rows]).

    Raises:
        TypeError: if `sp_input` is not sparse.
    """
    x = as_sparse_tensor(sp_input)
    with scopes.name_scope(name, "SparseFillEmptyRows", [x]):
        default_value = convert(default_value, x.dtype)
        indices, values, empty, _ = apply(
            SPARSE_FILL_EMPTY_ROWS, x.indices, x.values, x.dense_shape, default_value
        )
        return SparseTensor(indices, values, x.dense_shape), empty


# --- some of the values ---
@export("sparse.retain", "sparse_retain")
def sparse_retain(sp_input: Any, to_retain: Any) -> SparseTensor:
    """Returns a sparse tensor with some of its values only.

    Args:
        sp_input: a SparseTensor.
        to_retain: for each value whether it stays, bool.

    Raises:
        TypeError: if `sp_input` is not sparse.
        ValueError: if there are more or fewer flags than values.
    """
    x = as_sparse_tensor(sp_input)
    flags = convert(to_retain)
    flags.shape.assert_has_rank(1)
    if x.values.dims is not None:
        x.values.shape[0].merge_with(flags.shape[0])
    chosen = reshape(where_v2(flags), [-1])
    indices, values = gather(x.indices, chosen), gather(x.values, chosen)
    return SparseTensor(indices, values, identity(x.dense_shape))


@export("sparse.mask", "sparse_mask")
def sparse_mask(a: IndexedSlices, mask_indices: Any, name: str | None = None) -> IndexedSlices:
    """Returns IndexedSlices without some rows.

    Args:
        a: IndexedSlices.
        mask_indices: which rows go, by their number in the whole tensor.
        name: the name of the scope.
    """
    with scopes.name_scope(name, "sparse_mask", [a, mask_indices]) as scope:
        indices, kept = apply("ListDiff", a.indices, mask_indices)
        return IndexedSlices(gather(a.values, kept, name=scope), indices, a.dense_shape)


# --- made of other things ---
@export("sparse.from_dense")
def from_dense(tensor: Any, name: str | None = None) -> SparseTensor:
    """Returns a dense tensor as a sparse one: its elements that are not 0, in row-major order.

    Args:
        tensor: a tensor of numbers.
        name: the name of the scope.
    """
    with scopes.name_scope(name, "dense_to_sparse"):
        x = convert(tensor)
        indices = where_v2(not_equal(x, constant(0, x.dtype)))
        values = gather_nd(x, indices)
        return SparseTensor(indices, values, shape_tensor(x, out_type=int64))


@export("sparse.eye")
def sparse_eye(
    num_rows: Any, num_columns: Any = None, dtype: Any = float32, name: str | None = None
) -> SparseTensor:
    """Returns a sparse matrix with ones on its diagonal.

    Args:
        num_rows: the number of rows, an integer or a tensor.
        num_columns: the number of columns; None: as many.
        dtype: the type of the ones.
        name: the name of the scope.

    Raises:
        TypeError: if a number is neither an integer nor a tensor.
    """
    with scopes.name_scope(name, "eye", [num_rows, num_columns]):
        rows = _int64(num_rows, "num_rows")
        columns = rows if num_columns is None else _int64(num_columns, "num_columns")
        number = minimum(rows, columns)
        along = range_(number, dtype=int64)
        return SparseTensor(
            indices=stack([along, along], axis=1),
            values=ones(number, dtype=dtype),
            dense_shape=[rows, columns],
        )


def _int64(value: Any, name: str) -> Tensor:
    if isinstance(value, numbers.Integral):
        return convert(value, int64, name)  # type: ignore[no-any-return]  # a Tensor
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be an integer value")
    return cast(value, int64)  # type: ignore[no-any-return]  # a Tensor


@export("sparse.merge", "sparse_merge")
def sparse_merge(
    sp_ids: Any,
    sp_values: Any,
    vocab_size: Any,
    name: str | None = None,
    already_sorted: bool = False,
) -> SparseTensor:
    """Returns features given by ids and values as one sparse tensor with an axis of all ids.

    Args:
        sp_ids: a SparseTensor of integers [..., k]: the numbers of features; or a list of them,
            each giving one more axis.
        sp_values: a SparseTensor of the same places: the features' values.
        vocab_size: how many ids there are; a list for a list.
        name: the name of the scope.
        already_sorted: whether the ids are in row-major order, so that nothing is sorted.

    Returns:
        A SparseTensor with the values at [..., id].

    Raises:
        TypeError: if `sp_ids` or `vocab_size` is something else.
        ValueError: if two lists have different lengths.
    """
    ids, sizes = _ids_and_sizes(sp_ids, vocab_size)
    with scopes.name_scope(name, "SparseMerge", [ids, sp_values]):
        each = [as_sparse_tensor(x) for x in ids]
        values = as_sparse_tensor(sp_values)
        columns = [expand_dims(cast(x.values, int64), axis=1) for x in each]
        sizes = [cast(size, int64) for size in sizes]
        indices = concat([each[0].indices[:, :-1], *columns], 1)
        whole = concat([each[0].dense_shape[:-1], sizes], 0)
        found = SparseTensor(indices, values.values, whole)
        if already_sorted:
            return found
        ordered = sparse_reorder(found)
        return SparseTensor(ordered.indices, ordered.values, whole)


def _ids_and_sizes(sp_ids: Any, vocab_size: Any) -> tuple[list[Any], list[Any]]:
    if is_sparse(sp_ids):
        if not isinstance(vocab_size, Tensor | numbers.Integral):
            raise TypeError(
                f"vocab_size has to be a Tensor or Python int. Found {type(vocab_size)}"
            )
        return [sp_ids], [vocab_size]
    if not isinstance(sp_ids, Iterable):
        raise TypeError(f"sp_ids has to be a SparseTensor or list thereof. Found {type(sp_ids)}")
    what = "vocab_size has to be a list of Tensors or Python ints. Found "
    if isinstance(vocab_size, Tensor) or not isinstance(vocab_size, Iterable):
        raise TypeError(f"{what}{type(vocab_size)}")
    ids, sizes = list(sp_ids), list(vocab_size)
    for size in sizes:
        if not isinstance(size, Tensor | numbers.Integral):
            raise TypeError(f"{what}{type(size)}")
    if len(ids) != len(sizes):
        raise ValueError("sp_ids and vocab_size have to have equal lengths.")
    return ids, sizes


@export("sparse.to_indicator", "sparse_to_indicator")
def sparse_to_indicator(sp_input: Any, vocab_size: Any, name: str | None = None) -> Tensor:
    """Returns which ids a sparse tensor of ids has, as a dense tensor of bools [..., vocab_size].

    Args:
        sp_input: a SparseTensor of integers [..., k].
        vocab_size: how many ids there are.
        name: the name of the scope.

    Raises:
        TypeError: if `sp_input` is not sparse.
        InvalidArgumentError: in a run, if an id is `vocab_size` or more.
    """
    x = as_sparse_tensor(sp_input)
    with scopes.name_scope(name, "SparseToIndicator", [x]) as scope:
        number = shape_tensor(x.indices)[0]
        flags = fill(expand_dims(number, 0), True)
        marked = SparseTensor(x.indices, flags, x.dense_shape)
        merged = sparse_merge(x, marked, vocab_size, scope)
        return sparse_tensor_to_dense(
            merged, default_value=False, validate_indices=False, name=scope
        )
