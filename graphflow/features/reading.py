"""What a column reads from: a dictionary of features, each of them converted once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from graphflow.core import scopes
from graphflow.core.dtypes import DType, int64, string
from graphflow.core.sparse_tensor import SparseTensor, convert_to_tensor_or_sparse_tensor
from graphflow.features.bases import FeatureColumn, IdWeightPair, _FeatureColumn
from graphflow.ops.asserts import assert_positive
from graphflow.ops.cast import cast
from graphflow.ops.comparison import equal, not_equal
from graphflow.ops.flow_cond import cond
from graphflow.ops.gather_nd import gather_nd
from graphflow.ops.reshape import expand_dims
from graphflow.ops.select import where_v2
from graphflow.ops.shape_ops import rank
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.sparse_reshape import sparse_reshape

_log = logging.getLogger("tensorflow")


class _Features:
    """The features of a dictionary and what columns made of them, each made once."""

    def __init__(self, features: Any) -> None:
        self._features = features.copy()
        self._feature_tensors: dict[Any, Any] = {}

    def _found(self, key: Any, kind: type, kind_name: str) -> tuple[bool, Any]:
        """Whether there is a tensor for a key already, and that tensor."""
        if key in self._feature_tensors:
            return True, self._feature_tensors[key]
        if key in self._features:
            found = self._feature_tensors[key] = _as_feature(key, self._features[key])
            return True, found
        if isinstance(key, str):
            raise ValueError(f"Feature {key} is not in features dictionary.")
        if not isinstance(key, kind):
            raise TypeError(f'"key" must be either a "str" or "{kind_name}". Provided: {key}')
        _log.debug("Transforming feature_column %s.", key)
        return False, None

    def _kept(self, column: Any, transformed: Any) -> Any:
        if transformed is None:
            raise ValueError(f"Column {column.name} is not supported.")
        self._feature_tensors[column] = transformed
        return transformed


class FeatureTransformationCache(_Features):
    """The features, and what columns of the new family made of them.

    Args:
        features: by key: a tensor, a SparseTensor or what becomes a tensor.
    """

    def get(self, key: Any, state_manager: Any) -> Any:
        """Returns a feature, with a last axis of 1 if it has rank 1, or what a column makes.

        Args:
            key: the key of a feature, or a column.
            state_manager: has the column's variables.

        Raises:
            ValueError: if there is no such feature, if it has rank 0, or if the column makes
                nothing.
            TypeError: if the key is neither.
        """
        known, found = self._found(key, FeatureColumn, "FeatureColumn")
        return found if known else self._kept(key, key.transform_feature(self, state_manager))


class _LazyBuilder(_Features):
    """The features, and what columns of the old family made of them.

    Args:
        features: by key: a tensor, a SparseTensor or what becomes a tensor.
    """

    def get(self, key: Any) -> Any:
        """Returns a feature, with a last axis of 1 if it has rank 1, or what a column makes.

        Args:
            key: the key of a feature, or a column.

        Raises:
            ValueError: if there is no such feature, if it has rank 0, or if the column makes
                nothing.
            TypeError: if the key is neither.
        """
        known, found = self._found(key, _FeatureColumn, "_FeatureColumn")
        return found if known else self._kept(key, key._transform_feature(self))


def _as_feature(key: Any, value: Any) -> Any:
    tensor = convert_to_tensor_or_sparse_tensor(value)
    message = f"Feature (key: {key}) cannot have rank 0. Given: {tensor}"
    known = tensor.get_shape().ndims
    if known is not None:
        if known == 0:
            raise ValueError(message)
        return tensor if known != 1 else _with_axis(tensor)
    with scopes.control_dependencies([assert_positive(_rank(tensor), message=message)]):
        return cond(equal(1, _rank(tensor)), lambda: _with_axis(tensor), lambda: tensor)


def _rank(tensor: Any) -> Any:
    return rank(tensor)


def _with_axis(tensor: Any) -> Any:
    if isinstance(tensor, SparseTensor):
        return sparse_reshape(tensor, [shape_of(tensor)[0], 1])
    return expand_dims(tensor, -1)


# --- the two ways to ask a column for something ---
class OldReader:
    """Asks columns as the old family does.

    Args:
        builder: gives features and what columns make.
        weight_collections: the collections of new variables.
        trainable: whether optimizers change new variables.
    """

    new = False
    state_manager = None

    def __init__(self, builder: Any, weight_collections: Any = None, trainable: Any = None) -> None:
        self.builder = builder
        self.weight_collections = weight_collections
        self.trainable = trainable

    def get(self, key: Any) -> Any:
        """Returns a feature, or what a column makes."""
        return self.builder.get(key)

    def ids(self, column: Any) -> IdWeightPair:
        """Returns the ids of a categorical column."""
        found: IdWeightPair = column._get_sparse_tensors(
            self.builder, weight_collections=self.weight_collections, trainable=self.trainable
        )
        return found

    def transformed(self, column: Any) -> Any:
        """Returns what a column makes, made anew."""
        return column._transform_feature(self.builder)


class NewReader:
    """Asks columns as the new family does.

    Args:
        cache: gives features and what columns make.
        state_manager: has variables and tables.
    """

    new = True
    weight_collections = None
    trainable = None

    def __init__(self, cache: Any, state_manager: Any) -> None:
        self.cache = cache
        self.state_manager = state_manager

    def get(self, key: Any) -> Any:
        """Returns a feature, or what a column makes."""
        return self.cache.get(key, self.state_manager)

    def ids(self, column: Any) -> IdWeightPair:
        """Returns the ids of a categorical column."""
        found: IdWeightPair = column.get_sparse_tensors(self.cache, self.state_manager)
        return found

    def transformed(self, column: Any) -> Any:
        """Returns what a column makes, made anew."""
        return column.transform_feature(self.cache, self.state_manager)


def to_sparse(x: Any, ignore_value: Any = None) -> SparseTensor:
    """Returns a dense tensor without its elements of one value; a sparse one as it is.

    Args:
        x: a tensor, or a SparseTensor.
        ignore_value: the value; None: "" of strings, -1 of integers, 0 of floats.
    """
    x = convert_to_tensor_or_sparse_tensor(x)
    if isinstance(x, SparseTensor):
        return x
    with scopes.name_scope(None, "to_sparse_input", (x, ignore_value)):
        if ignore_value is None:
            ignore_value = _missing(x.dtype)
        ignored = cast(ignore_value, x.dtype, name="ignore_value")
        indices = where_v2(not_equal(x, ignored), name="indices")
        return SparseTensor(
            indices=indices,
            values=gather_nd(x, indices, name="values"),
            dense_shape=shape_of(x, out_type=int64, name="dense_shape"),
        )


def _missing(dtype: DType) -> Any:
    if dtype == string:
        return ""
    return -1 if dtype.is_integer else dtype.as_numpy_dtype()


# --- checks of a list of columns ---
def checked_columns(feature_columns: Any, kind: type, kind_name: str) -> list[Any]:
    """Returns columns as a list.

    Args:
        feature_columns: one column, or columns.
        kind: the class they must have.
        kind_name: its name, for errors.

    Raises:
        ValueError: if there is none, if one is something else, or if two have the same name.
    """
    if isinstance(feature_columns, kind):
        feature_columns = [feature_columns]
    if isinstance(feature_columns, Iterator):
        feature_columns = list(feature_columns)
    if isinstance(feature_columns, dict):
        raise ValueError("Expected feature_columns to be iterable, found dict.")
    for column in feature_columns:
        if not isinstance(column, kind):
            raise ValueError(
                f"Items of feature_columns must be a {kind_name}. "
                f"Given (type {type(column)}): {column}."
            )
    if not feature_columns:
        raise ValueError("feature_columns must not be empty.")
    by_name: dict[str, Any] = {}
    for column in feature_columns:
        if column.name in by_name:
            raise ValueError(
                f"Duplicate feature column name found for columns: {column} and "
                f"{by_name[column.name]}. This usually means that these columns refer to same "
                "base feature. Either one must be discarded or a duplicated but renamed item must "
                "be inserted in features dict."
            )
        by_name[column.name] = column
    return list(feature_columns)


def new_columns(feature_columns: Any) -> list[Any]:
    """Returns columns of the new family, sorted by name; see `checked_columns`."""
    columns = checked_columns(feature_columns, FeatureColumn, "FeatureColumn")
    return sorted(columns, key=lambda column: str(column.name))


def old_columns(feature_columns: Any) -> list[Any]:
    """Returns columns that the old family's models take; see `checked_columns`."""
    return checked_columns(feature_columns, _FeatureColumn, "_FeatureColumn")


def check_batch_sizes(tensors: list[Any], columns: list[Any]) -> None:
    """Checks that tensors have the same first size, where that is known.

    Raises:
        ValueError: if two differ.
    """
    first: tuple[int, Any] | None = None
    for i, tensor in enumerate(tensors):
        size = tensor.shape[0]
        if size.value is None:
            continue
        if first is None:
            first = i, size
        elif first[1] != size:
            raise ValueError(
                "Batch size (first dimension) of each feature must be same. Batch size of columns "
                f"({columns[first[0]].name}, {columns[i].name}): ({first[1]}, {size})"
            )
