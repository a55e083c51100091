"""tf.contrib.layers' embeddings: a row of a table for each id of a sequence."""

from __future__ import annotations

import logging
from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.export import export
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.nets.contrib_collect import collect_named_outputs, layers_and_slim, scoped
from graphflow.nets.contrib_variables import model_variable
from graphflow.ops import embedding_sparse
from graphflow.ops.cast import cast
from graphflow.ops.comparison import not_equal
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.embedding import embedding_lookup
from graphflow.ops.gather import gather
from graphflow.ops.gather_nd import gather_nd
from graphflow.ops.partitioned_variables import PartitionedVariable
from graphflow.ops.reduce import reduce_mean, reduce_prod
from graphflow.ops.reshape import reshape
from graphflow.ops.select import where
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.unique import unique
from graphflow.ops.variable_scope import variable_scope

_log = logging.getLogger("graphflow")


@export(*layers_and_slim("embed_sequence"))
def embed_sequence(
    ids: Any,
    vocab_size: int | None = None,
    embed_dim: int | None = None,
    unique: bool = False,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    scope: Any = None,
    reuse: bool | None = None,
) -> Tensor:
    """Returns the rows of a table that is learnt, for sequences of ids.

    Args:
        ids: integers, [batch, length].
        vocab_size: the number of rows; may be left out with `reuse`.
        embed_dim: the length of a row; likewise.
        unique: look every id up once, however often it comes.
        initializer: makes the first table.
        regularizer: a function of the table that is noted as a loss.
        trainable: whether optimizers change it.
        scope: the variable scope, or its name.
        reuse: whether the table must exist.

    Raises:
        ValueError: if a size is missing.
    """
    if not (reuse or (vocab_size and embed_dim)):
        raise ValueError(
            "Must specify vocab size and embedding dimension when not reusing. "
            f"Got vocab_size={vocab_size} and embed_dim={embed_dim}"
        )
    with variable_scope(scope, "EmbedSequence", [ids], reuse=reuse):
        shape: Any = [vocab_size, embed_dim]
        if (reuse and vocab_size is None) or embed_dim is None:
            shape = None
        table = model_variable(
            "embeddings", shape=shape, initializer=initializer, regularizer=regularizer,
            trainable=trainable,
        )  # fmt: skip
        if unique:
            return embedding_lookup_unique(table, ids)
        found: Tensor = embedding_lookup(table, ids)
    return found


@export(*layers_and_slim("embedding_lookup_unique"))
def embedding_lookup_unique(
    params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None
) -> Tensor:
    """As `tf.nn.embedding_lookup`, but every id is looked up once, however often it comes.

    Args:
        params: the table, or its parts.
        ids: integers.
        partition_strategy: see `tf.nn.embedding_lookup`.
        name: the name of the scope.
    """
    with scopes.name_scope(name, "EmbeddingLookupUnique", [params, ids]):
        ids = convert(ids)
        sizes = shape_of(ids)
        flat = reshape(ids, reduce_prod(sizes, keepdims=True))
        different, places = unique(flat)
        rows = embedding_lookup(params, different, partition_strategy)
        found = gather(rows, places)
        found = reshape(found, concat([sizes, shape_of(rows)[1:]], 0))
        found.set_shape(ids.shape.concatenate(rows.shape[1:]))
    return found


@export(*layers_and_slim("bow_encoder"))
def bow_encoder(
    ids: Any,
    vocab_size: int,
    embed_dim: int,
    sparse_lookup: bool = True,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    scope: Any = None,
    reuse: bool | None = None,
) -> Tensor:
    """Returns the mean of the rows of a table that is learnt, for each sequence of ids.

    Args:
        ids: integers, [batch, length], or a SparseTensor of them.
        vocab_size: the number of rows.
        embed_dim: the length of a row.
        sparse_lookup: leave the id 0 of a dense tensor out of the mean.
        initializer: makes the first table.
        regularizer: a function of the table that is noted as a loss.
        trainable: whether optimizers change it.
        scope: the variable scope, or its name.
        reuse: whether the table must exist.

    Raises:
        ValueError: if a size is missing.
        TypeError: if the ids are sparse, but the lookup is not.
    """
    if not vocab_size or not embed_dim:
        raise ValueError("Must specify vocab size and embedding dimension")
    with variable_scope(scope, "bow_encoder", [ids], reuse=reuse):
        table = model_variable(
            "embeddings", shape=[vocab_size, embed_dim], initializer=initializer,
            regularizer=regularizer, trainable=trainable,
        )  # fmt: skip
        if sparse_lookup:
            sparse = ids if isinstance(ids, SparseTensor) else dense_to_sparse_tensor(ids)
            return safe_embedding_lookup_sparse([table], sparse, combiner="mean", default_id=0)
        if isinstance(ids, SparseTensor):
            raise TypeError(f"ids are expected to be dense Tensor, got: {ids}")
        mean: Tensor = reduce_mean(embedding_lookup(table, ids), axis=1)
    return mean


@export(*layers_and_slim("safe_embedding_lookup_sparse"))
def safe_embedding_lookup_sparse(
    embedding_weights: Any,
    sparse_ids: Any,
    sparse_weights: Any = None,
    combiner: str | None = None,
    default_id: Any = None,
    name: str | None = None,
    partition_strategy: str = "div",
    max_norm: Any = None,
) -> Tensor:
    """As `tf.nn.safe_embedding_lookup_sparse`; all parts of the table are read whole.

    Args:
        embedding_weights: the table, or its parts.
        sparse_ids: a SparseTensor of ids.
        sparse_weights: their weights.
        combiner: "sum", "mean" or "sqrtn"; None: "mean".
        default_id: what stands in rows without ids; None: they give zeros.
        name: the name of the scope.
        partition_strategy: "mod" or "div".
        max_norm: rows whose norm is larger are scaled down to it.

    Raises:
        ValueError: if there is no table.
    """
    if combiner is None:
        _log.warning('The default value of combiner will change from "mean" to "sqrtn".')
        combiner = "mean"
    parts = embedding_weights
    if isinstance(parts, PartitionedVariable):
        parts = list(parts)
    if parts is not None:
        dtype = None if sparse_weights is None else sparse_weights.dtype
        parts = [convert(w, dtype) for w in (parts if isinstance(parts, list) else [parts])]
    return embedding_sparse.safe_embedding_lookup_sparse(
        parts, sparse_ids, sparse_weights, combiner, default_id, name, partition_strategy, max_norm
    )


# --- dense to sparse ---
def dense_to_sparse_tensor(dense_tensor: Any, ignore_value: Any = None) -> SparseTensor:
    """Returns the elements of a tensor that are not one value.

    Args:
        dense_tensor: the tensor.
        ignore_value: the value to leave out; None: 0, or "" for strings.
    """
    with scopes.name_scope("DenseToSparseTensor"):
        dense = convert(dense_tensor)
        if ignore_value is None:
            is_text = dense.dtype.base_dtype.name == "string"
            ignore_value = "" if is_text else dense.dtype.as_numpy_dtype()
        ignored = cast(ignore_value, dense.dtype, name="ignore_value")
        places = where(not_equal(dense, ignored), name="indices")
        return SparseTensor(
            places,
            gather_nd(dense, places, name="values"),
            shape_of(dense, out_type="int64", name="dense_shape"),
        )


@scoped("dense_to_sparse")
def dense_to_sparse(
    tensor: Any, eos_token: Any = 0, outputs_collections: Any = None, scope: Any = None
) -> SparseTensor:
    """Returns the elements of a tensor that are not one value.

    Args:
        tensor: the tensor.
        eos_token: the value to leave out.
        outputs_collections: collections for the result.
        scope: the variable scope, or its name.
    """
    with variable_scope(scope, "dense_to_sparse", [tensor]) as sc:
        dense = convert(tensor)
        places = where(not_equal(dense, constant(eos_token, dense.dtype)))
        values = gather_nd(dense, places)
        outputs = SparseTensor(places, values, shape_of(dense, out_type="int64"))
        found: SparseTensor = collect_named_outputs(outputs_collections, sc.name, outputs)
    return found
