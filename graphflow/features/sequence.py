"""Columns of sequences: numbers and ids for each step."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from graphflow.core.dtypes import DType, float32, string
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.features import categorical, checks
from graphflow.features.bases import TensorSequenceLengthPair
from graphflow.features.steps import SequenceCategoricalColumn, sequence_length
from graphflow.features.styles import NewSequenceOnly, OldSequence
from graphflow.ops.concat import concat
from graphflow.ops.parsing_features import VarLenFeature
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.sparse_to_dense import sparse_tensor_to_dense


# --- numbers ---
class _SequenceNumeric(
    namedtuple("_SequenceNumeric", ("key", "shape", "default_value", "dtype", "normalizer_fn"))
):
    def _named(self) -> str:
        name: str = self.key
        return name

    def _spec(self, new: bool) -> dict[str, Any]:
        return {self.key: VarLenFeature(self.dtype)}

    def _transformed(self, inputs: Any) -> Any:
        x = inputs.get(self.key)
        return x if self.normalizer_fn is None else self.normalizer_fn(x)

    def _sequence(self, inputs: Any) -> TensorSequenceLengthPair:
        x = inputs.get(self)
        dense = sparse_tensor_to_dense(x, default_value=self.default_value)
        sizes = concat([shape_of(dense)[:1], [-1], list(self.shape)], axis=0)
        dense = reshape(dense, sizes)
        flat = x.shape.ndims == 2
        elements = TensorShape(self.shape).num_elements() if flat else 1
        return TensorSequenceLengthPair(dense, sequence_length(x, elements or 1))


class SequenceNumericColumn(NewSequenceOnly, _SequenceNumeric):
    """A column of numbers of each step; see `sequence_numeric_column`."""

    def _parents(self) -> list[Any]:
        return [self.key]

    @property
    def variable_shape(self) -> TensorShape:
        """The shape of one step."""
        return TensorShape(self.shape)


class _SequenceNumericColumn(OldSequence, _SequenceNumeric):
    """A column of numbers of each step, of the old family."""

    @property
    def _variable_shape(self) -> TensorShape:
        return TensorShape(self.shape)


def _checked_shape(key: Any, shape: Any, dtype: DType, normalizer_fn: Any) -> tuple[int, ...]:
    sizes = checks.checked_shape(shape, key)
    checks.check_number(dtype, key)
    checks.check_normalizer(normalizer_fn)
    return sizes


@export("feature_column.sequence_numeric_column")
def sequence_numeric_column(
    key: Any,
    shape: Any = (1,),
    default_value: float = 0.0,
    dtype: DType = float32,
    normalizer_fn: Any = None,
) -> SequenceNumericColumn:
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
    sizes = _checked_shape(key, shape, dtype, normalizer_fn)
    return SequenceNumericColumn(key, sizes, default_value, dtype, normalizer_fn)


def _sequence_numeric_column(
    key: Any,
    shape: Any = (1,),
    default_value: float = 0.0,
    dtype: DType = float32,
    normalizer_fn: Any = None,
) -> _SequenceNumericColumn:
    sizes = _checked_shape(key, shape, dtype, normalizer_fn)
    return _SequenceNumericColumn(key, sizes, default_value, dtype, normalizer_fn)


# --- ids ---
@export("feature_column.sequence_categorical_column_with_identity")
def sequence_categorical_column_with_identity(
    key: Any, num_buckets: Any, default_value: Any = None
) -> SequenceCategoricalColumn:
    """Returns a column of ids for each step, which are the feature's integers.

    Args:
        key: the feature's key.
        num_buckets: ids are below it.
        default_value: stands for integers outside; None: a run with one of them fails.

    Raises:
        ValueError: as `categorical_column_with_identity`.
    """
    return SequenceCategoricalColumn(
        categorical.categorical_column_with_identity(key, num_buckets, default_value)
    )


@export("feature_column.sequence_categorical_column_with_hash_bucket")
def sequence_categorical_column_with_hash_bucket(
    key: Any, hash_bucket_size: Any, dtype: DType = string
) -> SequenceCategoricalColumn:
    """Returns a column of ids for each step, which are hashes of words or integers.

    Args:
        key: the feature's key.
        hash_bucket_size: ids are below it.
        dtype: the feature's element type when examples are parsed: string or an integer type.

    Raises:
        ValueError: as `categorical_column_with_hash_bucket`.
    """
    return SequenceCategoricalColumn(
        categorical.categorical_column_with_hash_bucket(key, hash_bucket_size, dtype)
    )


@export("feature_column.sequence_categorical_column_with_vocabulary_file")
def sequence_categorical_column_with_vocabulary_file(
    key: Any,
    vocabulary_file: Any,
    vocabulary_size: Any = None,
    num_oov_buckets: Any = 0,
    default_value: Any = None,
    dtype: DType = string,
) -> SequenceCategoricalColumn:
    """Returns a column of ids for each step, which are lines of a file.

    Args:
        key: the feature's key.
        vocabulary_file: the file's name.
        vocabulary_size: how many of its lines count; None: all.
        num_oov_buckets: how many ids behind them other words share.
        default_value: the id of other words where there are no buckets; None: -1, for none.
        dtype: the feature's element type when examples are parsed: string or an integer type.

    Raises:
        ValueError: as `categorical_column_with_vocabulary_file`.
    """
    return SequenceCategoricalColumn(
        categorical.categorical_column_with_vocabulary_file(
            key, vocabulary_file, vocabulary_size, num_oov_buckets, default_value, dtype
        )
    )


@export("feature_column.sequence_categorical_column_with_vocabulary_list")
def sequence_categorical_column_with_vocabulary_list(
    key: Any,
    vocabulary_list: Any,
    dtype: Any = None,
    default_value: Any = -1,
    num_oov_buckets: Any = 0,
) -> SequenceCategoricalColumn:
    """Returns a column of ids for each step, which are places in a list.

    Args:
        key: the feature's key.
        vocabulary_list: the words, each once.
        dtype: the feature's element type when examples are parsed; None: the list's.
        default_value: the id of other words where there are no buckets; -1: none.
        num_oov_buckets: how many ids behind the list other words share.

    Raises:
        ValueError: as `categorical_column_with_vocabulary_list`.
    """
    return SequenceCategoricalColumn(
        categorical.categorical_column_with_vocabulary_list(
            key, vocabulary_list, dtype, default_value, num_oov_buckets
        )
    )
