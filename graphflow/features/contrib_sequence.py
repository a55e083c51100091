"""`tf.contrib.feature_column`: columns of sequences of the old family, and the layer of them."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.dtypes import DType, float32, string
from graphflow.core.export import export_in
from graphflow.core.tensor import Tensor
from graphflow.features import categorical, sequence
from graphflow.features.bases import _SequenceDenseColumn
from graphflow.features.reading import _LazyBuilder, check_batch_sizes, old_columns
from graphflow.features.steps import _SequenceCategoricalColumn
from graphflow.ops.asserts import assert_equal, assert_rank, assert_type
from graphflow.ops.concat import concat
from graphflow.ops.identity import identity
from graphflow.ops.reshape import expand_dims, reshape
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.tile import tile
from graphflow.ops.variable_scope import variable_scope

_SPACES = (
    "contrib.feature_column",
    "contrib.feature_column.python.feature_column.sequence_feature_column",
)


@export_in(*_SPACES)
def sequence_input_layer(
    features: Any, feature_columns: Any, weight_collections: Any = None, trainable: bool = True
) -> tuple[Tensor, Tensor]:
    """Returns the columns of sequences side by side, and how long each sequence is.

    Args:
        features: by key: a SparseTensor [batch, steps, ...].
        feature_columns: numeric columns of sequences, and embedding or indicator columns of
            their ids.
        weight_collections: the collections that new variables go into; None: of all variables.
        trainable: whether optimizers change new variables.

    Returns:
        float32, [batch, the largest number of steps, the sum of the columns' sizes], and int64,
        [batch].

    Raises:
        ValueError: if a column is no sequence column.
    """
    columns = old_columns(feature_columns)
    for column in columns:
        if not isinstance(column, _SequenceDenseColumn):
            raise ValueError(
                "All feature_columns must be of type _SequenceDenseColumn. You can wrap a "
                "sequence_categorical_column with an embedding_column or indicator_column. "
                f"Given (type {type(column)}): {column}"
            )
    ordered = sorted(columns, key=lambda column: str(column.name))
    tensors, lengths = [], []
    with variable_scope(None, default_name="sequence_input_layer", values=list(features.values())):
        builder = _LazyBuilder(features)
        for column in ordered:
            with variable_scope(None, default_name=column._var_scope_name):
                dense, length = column._get_sequence_dense_tensor(
                    builder, weight_collections=weight_collections, trainable=trainable
                )
                sizes = shape_of(dense)
                elements = column._variable_shape.num_elements()
                tensors.append(reshape(dense, [sizes[0], sizes[1], elements]))
                lengths.append(length)
        check_batch_sizes(tensors, ordered)
        check_batch_sizes(lengths, ordered)
        length = same_lengths(lengths)
        return concat(tensors, -1), length


def same_lengths(lengths: list[Any]) -> Any:
    """Returns the lengths of sequences; a run fails where columns have others."""
    with scopes.name_scope(None, "assert_all_equal", lengths):
        if len(lengths) == 1:
            return lengths[0]
        checks = [assert_equal(lengths[0], other) for other in lengths[1:]]
        with scopes.control_dependencies(checks):
            return identity(lengths[0])


@export_in(_SPACES[1])
def concatenate_context_input(context_input: Any, sequence_input: Any) -> Tensor:
    """Returns a sequence with the same further elements in each of its steps.

    Args:
        context_input: what is in each step, [batch, d]; float32.
        sequence_input: the sequence, [batch, steps, e]; float32.

    Returns:
        [batch, steps, e + d].

    Raises:
        ValueError: if a rank differs.
        TypeError: if a type differs.
    """
    checks = []
    for what, x, rank in (
        ("sequence_input", sequence_input, 3),
        ("context_input", context_input, 2),
    ):
        checks.append(
            assert_rank(x, rank, message=f"{what} must have rank {rank}", data=[shape_of(x)])
        )
        message = f"{what} must have dtype float32; got {x.dtype}."
        checks.append(assert_type(x, float32, message=message))
    with scopes.control_dependencies(checks):
        steps = shape_of(sequence_input)[1]
        context = tile(expand_dims(context_input, 1), concat([[1], [steps], [1]], 0))
    return concat([sequence_input, context], 2)


@export_in(*_SPACES)
def sequence_categorical_column_with_identity(
    key: Any, num_buckets: Any, default_value: Any = None
) -> _SequenceCategoricalColumn:
    """Returns a column of ids for each step, which are the feature's integers.

    Args:
        key: the feature's key.
        num_buckets: ids are below it.
        default_value: stands for integers outside; None: a run with one of them fails.

    Raises:
        ValueError: as `tf.feature_column.categorical_column_with_identity`.
    """
    return _SequenceCategoricalColumn(
        categorical._categorical_column_with_identity(key, num_buckets, default_value)
    )


@export_in(*_SPACES)
def sequence_categorical_column_with_hash_bucket(
    key: Any, hash_bucket_size: Any, dtype: DType = string
) -> _SequenceCategoricalColumn:
    """Returns a column of ids for each step, which are hashes of words or integers.

    Args:
        key: the feature's key.
        hash_bucket_size: ids are below it.
        dtype: the feature's element type when examples are parsed: string or an integer type.

    Raises:
        ValueError: as `tf.feature_column.categorical_column_with_hash_bucket`.
    """
    return _SequenceCategoricalColumn(
        categorical._categorical_column_with_hash_bucket(key, hash_bucket_size, dtype)
    )


@export_in(*_SPACES)
def sequence_categorical_column_with_vocabulary_file(
    key: Any,
    vocabulary_file: Any,
    vocabulary_size: Any = None,
    num_oov_buckets: Any = 0,
    default_value: Any = None,
    dtype: DType = string,
) -> _SequenceCategoricalColumn:
    """Returns a column of ids for each step, which are lines of a file.

    Args:
        key: the feature's key.
        vocabulary_file: the file's name.
        vocabulary_size: how many of its lines count; None: all.
        num_oov_buckets: how many ids behind them other words share.
        default_value: the id of other words where there are no buckets; None: -1, for none.
        dtype: the feature's element type when examples are parsed: string or an integer type.

    Raises:
        ValueError: as `tf.feature_column.categorical_column_with_vocabulary_file`.
    """
    return _SequenceCategoricalColumn(
        categorical._categorical_column_with_vocabulary_file(
            key, vocabulary_file, vocabulary_size, num_oov_buckets, default_value, dtype
        )
    )


@export_in(*_SPACES)
def sequence_categorical_column_with_vocabulary_list(
    key: Any,
    vocabulary_list: Any,
    dtype: Any = None,
    default_value: Any = -1,
    num_oov_buckets: Any = 0,
) -> _SequenceCategoricalColumn:
    """Returns a column of ids for each step, which are places in a list.

    Args:
        key: the feature's key.
        vocabulary_list: the words, each once.
        dtype: the feature's element type when examples are parsed; None: the list's.
        default_value: the id of other words where there are no buckets; -1: none.
        num_oov_buckets: how many ids behind the list other words share.

    Raises:
        ValueError: as `tf.feature_column.categorical_column_with_vocabulary_list`.
    """
    return _SequenceCategoricalColumn(
        categorical._categorical_column_with_vocabulary_list(
            key, vocabulary_list, dtype, default_value, num_oov_buckets
        )
    )


@export_in(*_SPACES)
def sequence_numeric_column(
    key: Any,
    shape: Any = (1,),
    default_value: float = 0.0,
    dtype: DType = float32,
    normalizer_fn: Any = None,
) -> Any:
    """Returns a column of numbers for each step of a sequence.

    Args:
        key: the feature's key; it is sparse, [batch, steps * elements of a step].
        shape: the sizes of one step.
        default_value: stands behind the end of shorter sequences.
        dtype: the feature's element type when examples are parsed, of integers or floats.
        normalizer_fn: is applied to the SparseTensor; None: nothing is.

    Raises:
        TypeError: if a size is no integer, or the normalizer is no function.
        ValueError: if a size is below 1, or the type is not one of numbers.
    """
    return sequence._sequence_numeric_column(key, shape, default_value, dtype, normalizer_fn)
