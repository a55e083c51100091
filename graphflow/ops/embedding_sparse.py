"""Embeddings of sparse ids: each row of ids gives one combination of rows of a table."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import bfloat16, bool_, float16, float32, int32
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.ops.comparison import greater, greater_equal, logical_and
from graphflow.ops.concat import concat
from graphflow.ops.division import div
from graphflow.ops.embedding import embedding_lookup
from graphflow.ops.fill import fill, ones_like, zeros_like
from graphflow.ops.gather import gather
from graphflow.ops.partitioned_variables import PartitionedVariable
from graphflow.ops.powers import pow, sqrt
from graphflow.ops.reduce import reduce_prod
from graphflow.ops.reshape import expand_dims, reshape
from graphflow.ops.resource_variables import is_resource_variable
from graphflow.ops.segment import segment_sum
from graphflow.ops.select import where
from graphflow.ops.shape_ops import rank, size
from graphflow.ops.shape_ops import shape as shape_tensor
from graphflow.ops.slice import slice_
from graphflow.ops.sparse_reshape import sparse_reshape
from graphflow.ops.sparse_rows import sparse_fill_empty_rows, sparse_retain
from graphflow.ops.sparse_segment import (
    sparse_segment_mean,
    sparse_segment_sqrt_n,
    sparse_segment_sum,
)
from graphflow.ops.stack import stack
from graphflow.ops.tile import tile
from graphflow.ops.unique import unique


@export("nn.embedding_lookup_sparse")
def embedding_lookup_sparse(
    params: Any,
    sp_ids: Any,
    sp_weights: Any,
    partition_strategy: str = "mod",
    name: str | None = None,
    combiner: str | None = None,
    max_norm: Any = None,
) -> Tensor:
    """Returns for each row of ids the sum or mean of the rows of a table that they name.

    Args:
        params: the table, [n, ...]; a list of its parts, or a PartitionedVariable.
        sp_ids: a SparseTensor [rows, longest] of ids, in row-major order; every row has one.
        sp_weights: a SparseTensor of the same places: the weight of each id; None: all 1.
        partition_strategy: "mod" or "div", as in `tf.nn.embedding_lookup`.
        name: the name of the scope.
        combiner: "sum", "mean" (over the sum of the weights), or "sqrtn" (over the square root
            of the sum of their squares); None: "mean".
        max_norm: rows whose Euclidean norm is larger are scaled down to it; None: none are.

    Raises:
        TypeError: if `sp_ids` or `sp_weights` is not sparse.
        ValueError: if the combiner is unknown, or ids and weights do not fit.
    """
    combiner = "mean" if combiner is None else combiner
    if combiner not in ("mean", "sqrtn", "sum"):
        raise ValueError("combiner must be one of 'mean', 'sqrtn' or 'sum'")
    parts = list(params) if isinstance(params, list | PartitionedVariable) else [params]
    _check(sp_ids, sp_weights)
    with scopes.name_scope(name, "embedding_lookup_sparse", [*parts, sp_ids]) as scope:
        segments = cast(sp_ids.indices[:, 0], int32)
        ids, places = unique(sp_ids.values)
        rows = embedding_lookup(parts, ids, partition_strategy, max_norm=max_norm)
        if rows.dtype.base_dtype in (float16, bfloat16):
            rows = cast(rows, float32)
        if sp_weights is None:
            return _combined(combiner, rows, places, segments, scope)
        return _weighted(combiner, rows, places, segments, sp_weights.values, scope)


def _check(sp_ids: Any, sp_weights: Any) -> None:
    if not isinstance(sp_ids, SparseTensor):
        raise TypeError("sp_ids must be SparseTensor")
    if sp_weights is None:
        return
    if not isinstance(sp_weights, SparseTensor):
        raise TypeError("sp_weights must be either None or SparseTensor")
    for part in ("values", "indices", "dense_shape"):
        own, other = getattr(sp_ids, part), getattr(sp_weights, part)
        own.shape.assert_is_compatible_with(other.shape)


def _combined(combiner: str, rows: Tensor, places: Tensor, segments: Tensor, name: str) -> Tensor:
    how = {
        "sum": sparse_segment_sum,
        "mean": sparse_segment_mean,
        "sqrtn": sparse_segment_sqrt_n,
    }[combiner]
    return how(rows, places, segments, name=name)


def _weighted(
    combiner: str, rows: Tensor, places: Tensor, segments: Tensor, weights: Tensor, name: str
) -> Tensor:
    weights = cast(weights, rows.dtype.base_dtype)
    rows = gather(rows, places)
    behind = fill(expand_dims(rank(rows) - 1, 0), 1)
    sizes = concat([shape_tensor(weights), behind], 0)
    own = weights.shape
    weights = reshape(weights, sizes)
    if rows.dims is not None:
        weights.set_shape(own.concatenate([1] * (len(rows.dims) - 1)))
    rows = rows * weights
    if combiner == "sum":
        return segment_sum(rows, segments, name=name)
    total = segment_sum(rows, segments)
    if combiner == "mean":
        return div(total, segment_sum(weights, segments), name=name)
    squares = segment_sum(pow(weights, 2), segments)
    return div(total, sqrt(squares), name=name)


@export("nn.safe_embedding_lookup_sparse")
def safe_embedding_lookup_sparse(
    embedding_weights: Any,
    sparse_ids: Any,
    sparse_weights: Any = None,
    combiner: str = "mean",
    default_id: Any = None,
    name: str | None = None,
    partition_strategy: str = "div",
    max_norm: Any = None,
) -> Tensor:
    """As `embedding_lookup_sparse`; rows may be empty, ids negative, weights not positive.

    Args:
        embedding_weights: the table, [n, ...]; a list of its parts, or a PartitionedVariable.
        sparse_ids: a SparseTensor [..., longest] of ids; negative ones are left out.
        sparse_weights: their weights; unless the combiner is "sum", ids whose weight is not above
            0 are left out.
        combiner: "sum", "mean" or "sqrtn".
        default_id: what stands in rows without ids; None: they give zeros.
        name: the name of the scope.
        partition_strategy: "mod" or "div", as in `tf.nn.embedding_lookup`.
        max_norm: rows whose Euclidean norm is larger are scaled down to it; None: none are.

    Raises:
        ValueError: if there is no table.
    """
    table = _tables(embedding_weights, sparse_weights)
    values = [*table, sparse_ids, sparse_weights]
    with scopes.name_scope(name, "embedding_lookup", values) as scope:
        original = sparse_ids.dense_shape
        known = original.shape[0].value
        last = (size(original) if known is None else known) - 1
        ids, weights = _as_matrix(sparse_ids, sparse_weights, original, last)
        ids, weights = _without_invalid_ids(ids, weights)
        if combiner != "sum" and weights is not None:
            positive = greater(weights.values, 0)
            ids, weights = sparse_retain(ids, positive), sparse_retain(weights, positive)
        ids, empty = sparse_fill_empty_rows(ids, default_id or 0)
        if weights is not None:
            weights, _ = sparse_fill_empty_rows(weights, 1.0)
        inner = None if default_id is None else scope
        found = embedding_lookup_sparse(
            table, ids, weights, partition_strategy, inner, combiner, max_norm
        )
        if default_id is None:
            empty = reshape(empty, [-1, 1])
            empty = tile(empty, stack([1, shape_tensor(found)[1]]))
            found = where(empty, zeros_like(found), found, name=scope)
        whole = _in_original_shape(found, original, last)
        front = TensorShape(None if known is None else [None] * (known - 1))
        whole.set_shape(front.concatenate(found.shape[1:]))
        return whole


def _tables(params: Any, weights: Any) -> list[Any]:
    if isinstance(params, PartitionedVariable):
        params = list(params)
    if params is not None and not isinstance(params, list):
        params = [params]
    if not params:
        raise ValueError(f"Missing embedding_weights {params}.")
    dtype = None if weights is None else weights.dtype
    return [
        w if is_resource_variable(w) and dtype in (None, w.dtype) else convert(w, dtype)
        for w in params
    ]


def _as_matrix(ids: SparseTensor, weights: Any, original: Tensor, last: Any) -> tuple[Any, Any]:
    """All axes but the last as one."""
    rows = reduce_prod(slice_(original, [0], [last]))
    ids = sparse_reshape(ids, [rows, gather(original, last)])
    if weights is not None:
        weights = SparseTensor(ids.indices, weights.values, ids.dense_shape)
    return ids, weights


def _without_invalid_ids(ids: SparseTensor, weights: Any) -> tuple[Any, Any]:
    valid = greater_equal(ids.values, 0)
    if weights is None:
        return sparse_retain(ids, valid), None
    valid = logical_and(valid, ones_like(weights.values, dtype=bool_))
    return sparse_retain(ids, valid), sparse_retain(weights, valid)


def _in_original_shape(found: Tensor, original: Tensor, last: Any) -> Tensor:
    front = slice_(cast(original, int32), [0], [last])
    behind = slice_(shape_tensor(found), [1], [-1])
    return reshape(found, concat([front, behind], 0))
