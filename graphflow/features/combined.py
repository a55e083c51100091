"""Categorical columns made of others: with weights, and crosses."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from graphflow.core.dtypes import DType, float32, string
from graphflow.core.export import export
from graphflow.core.sparse_tensor import SparseTensor, convert_to_tensor_or_sparse_tensor
from graphflow.features.bases import (
    CategoricalColumn,
    FeatureColumn,
    IdWeightPair,
    _CategoricalColumn,
    _FeatureColumn,
)
from graphflow.features.categorical import HashedCategoricalColumn, _HashedCategoricalColumn
from graphflow.features.reading import to_sparse
from graphflow.features.styles import NewCategorical, OldCategorical, count_of, spec_of
from graphflow.ops.cast import cast
from graphflow.ops.parsing_features import VarLenFeature
from graphflow.ops.sparse_cross import sparse_cross_hashed


# --- weights ---
class _Weighted(namedtuple("_Weighted", ("categorical_column", "weight_feature_key", "dtype"))):
    def _named(self) -> str:
        return f"{self.categorical_column.name}_weighted_by_{self.weight_feature_key}"

    def _spec(self, new: bool) -> dict[str, Any]:
        config = spec_of(self.categorical_column, new)
        key = self.weight_feature_key
        if key in config:
            raise ValueError(f"Parse config {config[key]} already exists for {key}.")
        return {**config, key: VarLenFeature(self.dtype)}

    def _transformed(self, inputs: Any) -> tuple[SparseTensor, SparseTensor]:
        weights = self._weights(inputs.get(self.weight_feature_key))
        return inputs.get(self.categorical_column), weights

    def _weights(self, weights: Any) -> SparseTensor:
        if weights is None:
            raise ValueError(f"Missing weights {self.weight_feature_key}.")
        weights = convert_to_tensor_or_sparse_tensor(weights)
        if self.dtype != weights.dtype.base_dtype:
            raise ValueError(f"Bad dtype, expected {self.dtype}, but got {weights.dtype}.")
        found = to_sparse(weights, ignore_value=0.0)
        if not found.dtype.is_floating:
            found = cast(found, float32)
        return found

    def _count(self, new: bool) -> int:
        return count_of(self.categorical_column, new)

    def _ids(self, inputs: Any) -> IdWeightPair:
        return IdWeightPair(*inputs.get(self))


class WeightedCategoricalColumn(NewCategorical, _Weighted):
    """A column whose ids have weights; see `weighted_categorical_column`."""

    def _parents(self) -> list[Any]:
        return [self.categorical_column, self.weight_feature_key]


class _WeightedCategoricalColumn(OldCategorical, _Weighted):
    """A column whose ids have weights, of the old family."""


def _check_weights(dtype: Any) -> None:
    if dtype is None or not (dtype.is_integer or dtype.is_floating):
        raise ValueError(f"dtype {dtype} is not convertible to float.")


@export("feature_column.weighted_categorical_column")
def weighted_categorical_column(
    categorical_column: Any, weight_feature_key: Any, dtype: DType = float32
) -> WeightedCategoricalColumn:
    """Returns a column with the ids of another one, each with a weight.

    Args:
        categorical_column: has the ids.
        weight_feature_key: the key of the weights, of the same places as the ids.
        dtype: the weights' element type when examples are parsed, of integers or floats.

    Raises:
        ValueError: if the type is not one of numbers.
    """
    _check_weights(dtype)
    return WeightedCategoricalColumn(categorical_column, weight_feature_key, dtype)


def _weighted_categorical_column(
    categorical_column: Any, weight_feature_key: Any, dtype: DType = float32
) -> _WeightedCategoricalColumn:
    _check_weights(dtype)
    return _WeightedCategoricalColumn(categorical_column, weight_feature_key, dtype)


# --- crosses ---
class _Crossed(namedtuple("_Crossed", ("keys", "hash_bucket_size", "hash_key"))):
    def _named(self) -> str:
        return "_X_".join(sorted(getattr(key, "name", key) for key in _leaves(self)))

    def _spec(self, new: bool) -> dict[str, Any]:
        config: dict[str, Any] = {}
        for key in self.keys:
            if isinstance(key, FeatureColumn | _FeatureColumn):
                config.update(spec_of(key, new and isinstance(key, FeatureColumn)))
            else:
                config[key] = VarLenFeature(string)
        return config

    def _transformed(self, inputs: Any) -> SparseTensor:
        columns = [_crossable(key, inputs) for key in _leaves(self)]
        return sparse_cross_hashed(columns, self.hash_bucket_size, self.hash_key)

    def _count(self, new: bool) -> int:
        count: int = self.hash_bucket_size
        return count

    def _ids(self, inputs: Any) -> IdWeightPair:
        return IdWeightPair(inputs.get(self), None)


def _leaves(column: Any) -> list[Any]:
    """The keys and columns of a cross, those of crosses in it in their place."""
    found = []
    for key in column.keys:
        found += _leaves(key) if isinstance(key, _Crossed) else [key]
    return found


def _crossable(key: Any, inputs: Any) -> Any:
    if isinstance(key, str):
        return inputs.get(key)
    if not isinstance(key, CategoricalColumn | _CategoricalColumn):
        raise ValueError(f"Unsupported column type. Given: {key}")
    ids, weights = inputs.ids(key)
    if weights is not None:
        raise ValueError(
            "crossed_column does not support weight_tensor, but the given column populates "
            f"weight_tensor. Given column: {key.name}"
        )
    return ids


class CrossedColumn(NewCategorical, _Crossed):
    """A column of combinations; see `crossed_column`."""

    def _parents(self) -> list[Any]:
        return list(self.keys)


class _CrossedColumn(OldCategorical, _Crossed):
    """A column of combinations, of the old family."""


def _check_crossed(keys: Any, hash_bucket_size: Any, kinds: Any, hashed: Any, name: str) -> None:
    if not hash_bucket_size or hash_bucket_size < 1:
        raise ValueError(f"hash_bucket_size must be > 1. hash_bucket_size: {hash_bucket_size}")
    if not keys or len(keys) < 2:
        raise ValueError(f"keys must be a list with length > 1. Given: {keys}")
    for key in keys:
        if not isinstance(key, str) and not isinstance(key, kinds):
            raise ValueError(
                "Unsupported key type. All keys must be either string, or categorical column "
                f"except {name}. Given: {key}"
            )
        if isinstance(key, hashed):
            raise ValueError(
                "categorical_column_with_hash_bucket is not supported for crossing. Hashing before "
                "crossing will increase probability of collision. Instead, use the feature name as "
                f"a string. Given: {key}"
            )


@export("feature_column.crossed_column")
def crossed_column(keys: Any, hash_bucket_size: Any, hash_key: Any = None) -> CrossedColumn:
    """Returns a column of hashes of all combinations of one id of each of some columns.

    Args:
        keys: the columns, or keys of features of words or integers; two at least.
        hash_bucket_size: ids are below it.
        hash_key: what the hashes start with; None: TensorFlow's number.

    Raises:
        ValueError: if the number is missing, there are fewer than two keys, or one is a column
            of hashes or not categorical.
    """
    _check_crossed(
        keys,
        hash_bucket_size,
        (CategoricalColumn, _CategoricalColumn),
        (HashedCategoricalColumn, _HashedCategoricalColumn),
        "HashedCategoricalColumn",
    )
    return CrossedColumn(tuple(keys), hash_bucket_size, hash_key)


def _crossed_column(keys: Any, hash_bucket_size: Any, hash_key: Any = None) -> _CrossedColumn:
    _check_crossed(
        keys,
        hash_bucket_size,
        _CategoricalColumn,
        _HashedCategoricalColumn,
        "_HashedCategoricalColumn",
    )
    return _CrossedColumn(tuple(keys), hash_bucket_size, hash_key)
