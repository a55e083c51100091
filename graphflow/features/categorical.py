"""Columns of ids: of hashes, of words of a vocabulary, and as they come."""

from __future__ import annotations

import logging
from collections import namedtuple
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.dtypes import DType, as_dtype, int64, string
from graphflow.core.export import export
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.features import checks
from graphflow.features.bases import IdWeightPair
from graphflow.features.reading import to_sparse
from graphflow.features.styles import NewCategorical, OldCategorical
from graphflow.ops.asserts import assert_greater_equal, assert_less
from graphflow.ops.cast import cast
from graphflow.ops.comparison import logical_or
from graphflow.ops.fill import fill
from graphflow.ops.identity import identity
from graphflow.ops.lookup_contrib import index_table_from_tensor
from graphflow.ops.lookup_index import index_table_from_file
from graphflow.ops.parsing_features import VarLenFeature
from graphflow.ops.select import where, where_v2
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.string_convert import as_string
from graphflow.ops.string_hash import string_to_hash_bucket_fast
from graphflow.platform.file_io import GFile
from graphflow.platform.gfile import exists

_log = logging.getLogger("tensorflow")


class _OfOneFeature:
    """What the categorical columns of one feature have in common."""

    def _named(self: Any) -> str:
        name: str = self.key
        return name

    def _spec(self: Any, new: bool) -> dict[str, Any]:
        return {self.key: VarLenFeature(self.dtype)}

    def _ids(self, inputs: Any) -> IdWeightPair:
        return IdWeightPair(inputs.get(self), None)

    def _checked(self: Any, x: SparseTensor) -> None:
        checks.check_string_or_int(x.dtype, f"column_name: {self.key} input_tensor")

    def _parents(self: Any) -> list[Any]:
        return [self.key]


# --- hashes ---
class _Hashed(_OfOneFeature, namedtuple("_Hashed", ("key", "hash_bucket_size", "dtype"))):
    def _transformed(self, inputs: Any) -> SparseTensor:
        x = to_sparse(inputs.get(self.key))
        self._checked(x)
        checks.check_same_kind(self, self.dtype, x.dtype)
        words = x.values if self.dtype == string else as_string(x.values)
        ids = string_to_hash_bucket_fast(words, self.hash_bucket_size, name="lookup")
        return SparseTensor(x.indices, ids, x.dense_shape)

    def _count(self, new: bool) -> int:
        count: int = self.hash_bucket_size
        return count


class HashedCategoricalColumn(NewCategorical, _Hashed):
    """A column of hashes; see `categorical_column_with_hash_bucket`."""


class _HashedCategoricalColumn(OldCategorical, _Hashed):
    """A column of hashes, of the old family."""


def _check_hashed(key: Any, hash_bucket_size: Any, dtype: DType) -> None:
    if hash_bucket_size is None:
        raise ValueError(f"hash_bucket_size must be set. key: {key}")
    if hash_bucket_size < 1:
        raise ValueError(
            f"hash_bucket_size must be at least 1. hash_bucket_size: {hash_bucket_size}, key: {key}"
        )
    checks.check_key(key)
    checks.check_string_or_int(dtype, f"column_name: {key}")


@export("feature_column.categorical_column_with_hash_bucket")
def categorical_column_with_hash_bucket(
    key: Any, hash_bucket_size: Any, dtype: DType = string
) -> HashedCategoricalColumn:
    """Returns a column whose ids are hashes of words or integers.

    Args:
        key: the feature's key. A dense feature is read without its "" or -1.
        hash_bucket_size: ids are below it.
        dtype: the feature's element type when examples are parsed: string or an integer type.

    Raises:
        ValueError: if the number is missing or below 1, the key is no string, or the type is
            another.
    """
    _check_hashed(key, hash_bucket_size, dtype)
    return HashedCategoricalColumn(key, hash_bucket_size, dtype)


def _categorical_column_with_hash_bucket(
    key: Any, hash_bucket_size: Any, dtype: DType = string
) -> _HashedCategoricalColumn:
    _check_hashed(key, hash_bucket_size, dtype)
    return _HashedCategoricalColumn(key, hash_bucket_size, dtype)


# --- words of a vocabulary ---
class _Vocabulary(_OfOneFeature):
    """Ids are the places of words in a vocabulary; behind them come buckets of other words."""

    def _transformed(self: Any, inputs: Any) -> SparseTensor:
        x = to_sparse(inputs.get(self.key))
        checks.check_same_kind(self, self.dtype, x.dtype)
        self._checked(x)
        key_dtype = self.dtype
        if x.dtype.is_integer:
            key_dtype, x = int64, cast(x, int64)
        name = f"{self.key}_lookup"
        table = self._table(key_dtype, name)
        if inputs.state_manager is not None:
            inputs.state_manager.add_resource(self, name, table)
        found: SparseTensor = table.lookup(x)
        return found

    def _table(self, key_dtype: DType, name: str) -> Any:
        raise NotImplementedError

    def _count(self, new: bool) -> int:
        raise NotImplementedError


class _VocabularyFile(
    _Vocabulary,
    namedtuple(
        "_VocabularyFile",
        ("key", "vocabulary_file", "vocabulary_size", "num_oov_buckets", "dtype", "default_value"),
    ),
):
    def _table(self, key_dtype: DType, name: str) -> Any:
        return index_table_from_file(
            vocabulary_file=self.vocabulary_file,
            num_oov_buckets=self.num_oov_buckets,
            vocab_size=self.vocabulary_size,
            default_value=self.default_value,
            key_dtype=key_dtype,
            name=name,
        )

    def _count(self, new: bool) -> int:
        count: int = self.vocabulary_size + self.num_oov_buckets
        return count


class VocabularyFileCategoricalColumn(NewCategorical, _VocabularyFile):
    """A column of words of a file; see `categorical_column_with_vocabulary_file`."""


class _VocabularyFileCategoricalColumn(OldCategorical, _VocabularyFile):
    """A column of words of a file, of the old family."""


def _file_arguments(
    key: Any,
    vocabulary_file: Any,
    vocabulary_size: Any,
    num_oov_buckets: Any,
    default_value: Any,
    dtype: DType,
) -> dict[str, Any]:
    if not vocabulary_file:
        raise ValueError(f"Missing vocabulary_file in {key}.")
    if vocabulary_size is None:
        vocabulary_size = _lines(key, vocabulary_file)
    if vocabulary_size < 1:
        raise ValueError(f"Invalid vocabulary_size in {key}.")
    checks.check_out_of_vocabulary(num_oov_buckets, default_value is not None, key)
    checks.check_string_or_int(dtype, f"column_name: {key}")
    checks.check_key(key)
    return {
        "key": key,
        "vocabulary_file": vocabulary_file,
        "vocabulary_size": vocabulary_size,
        "num_oov_buckets": 0 if num_oov_buckets is None else num_oov_buckets,
        "default_value": -1 if default_value is None else default_value,
        "dtype": dtype,
    }


def _lines(key: Any, vocabulary_file: Any) -> int:
    if not exists(vocabulary_file):
        raise ValueError(f"vocabulary_file in {key} does not exist.")
    with GFile(vocabulary_file) as file:
        count = sum(1 for _ in file)
    _log.info(
        "vocabulary_size = %d in %s is inferred from the number of elements in the "
        "vocabulary_file %s.", count, key, vocabulary_file,
    )  # fmt: skip
    return count


@export("feature_column.categorical_column_with_vocabulary_file")
def categorical_column_with_vocabulary_file(
    key: Any,
    vocabulary_file: Any,
    vocabulary_size: Any = None,
    num_oov_buckets: Any = 0,
    default_value: Any = None,
    dtype: DType = string,
) -> VocabularyFileCategoricalColumn:
    """Returns a column whose ids are the lines of a file that words or integers stand in.

    Args:
        key: the feature's key. A dense feature is read without its "" or -1.
        vocabulary_file: the file's name.
        vocabulary_size: how many of its lines count; None: all.
        num_oov_buckets: how many ids behind them other words share.
        default_value: the id of other words where there are no buckets; None: -1, for none.
        dtype: the feature's element type when examples are parsed: string or an integer type.

    Raises:
        ValueError: if there is no file or no line, if both buckets and a default are given, or
            if the key is no string or the type another.
    """
    arguments = _file_arguments(
        key, vocabulary_file, vocabulary_size, num_oov_buckets, default_value, dtype
    )
    return VocabularyFileCategoricalColumn(**arguments)


def categorical_column_with_vocabulary_file_v2(
    key: Any,
    vocabulary_file: Any,
    vocabulary_size: Any = None,
    dtype: DType = string,
    default_value: Any = None,
    num_oov_buckets: Any = 0,
) -> VocabularyFileCategoricalColumn:
    """As `categorical_column_with_vocabulary_file`, with TensorFlow 2's order of arguments."""
    return categorical_column_with_vocabulary_file(
        key, vocabulary_file, vocabulary_size, num_oov_buckets, default_value, dtype
    )


def _categorical_column_with_vocabulary_file(
    key: Any,
    vocabulary_file: Any,
    vocabulary_size: Any = None,
    num_oov_buckets: Any = 0,
    default_value: Any = None,
    dtype: DType = string,
) -> _VocabularyFileCategoricalColumn:
    arguments = _file_arguments(
        key, vocabulary_file, vocabulary_size, num_oov_buckets, default_value, dtype
    )
    return _VocabularyFileCategoricalColumn(**arguments)


class _VocabularyList(
    _Vocabulary,
    namedtuple(
        "_VocabularyList",
        ("key", "vocabulary_list", "dtype", "default_value", "num_oov_buckets"),
    ),
):
    def _table(self, key_dtype: DType, name: str) -> Any:
        return index_table_from_tensor(
            tuple(self.vocabulary_list),
            num_oov_buckets=self.num_oov_buckets,
            default_value=self.default_value,
            dtype=key_dtype,
            name=name,
        )

    def _count(self, new: bool) -> int:
        count: int = len(self.vocabulary_list) + self.num_oov_buckets
        return count


class VocabularyListCategoricalColumn(NewCategorical, _VocabularyList):
    """A column of words of a list; see `categorical_column_with_vocabulary_list`."""


class _VocabularyListCategoricalColumn(OldCategorical, _VocabularyList):
    """A column of words of a list, of the old family."""


def _list_arguments(
    key: Any, vocabulary_list: Any, dtype: Any, default_value: Any, num_oov_buckets: Any
) -> dict[str, Any]:
    if vocabulary_list is None or len(vocabulary_list) < 1:
        raise ValueError(f"vocabulary_list {vocabulary_list} must be non-empty, column_name: {key}")
    if len(set(vocabulary_list)) != len(vocabulary_list):
        raise ValueError(f"Duplicate keys in vocabulary_list {vocabulary_list}, column_name: {key}")
    own = as_dtype(np.array(vocabulary_list).dtype)
    checks.check_out_of_vocabulary(num_oov_buckets, default_value != -1, key)
    checks.check_string_or_int(own, f"column_name: {key} vocabulary")
    if dtype is None:
        dtype = own
    elif dtype.is_integer != own.is_integer:
        raise ValueError(
            f"dtype {dtype} and vocabulary dtype {own} do not match, column_name: {key}"
        )
    checks.check_string_or_int(dtype, f"column_name: {key}")
    checks.check_key(key)
    return {
        "key": key,
        "vocabulary_list": tuple(vocabulary_list),
        "dtype": dtype,
        "default_value": default_value,
        "num_oov_buckets": num_oov_buckets,
    }


@export("feature_column.categorical_column_with_vocabulary_list")
def categorical_column_with_vocabulary_list(
    key: Any,
    vocabulary_list: Any,
    dtype: Any = None,
    default_value: Any = -1,
    num_oov_buckets: Any = 0,
) -> VocabularyListCategoricalColumn:
    """Returns a column whose ids are the places of words or integers in a list.

    Args:
        key: the feature's key. A dense feature is read without its "" or -1.
        vocabulary_list: the words, each once.
        dtype: the feature's element type when examples are parsed; None: the list's.
        default_value: the id of other words where there are no buckets; -1: none.
        num_oov_buckets: how many ids behind the list other words share.

    Raises:
        ValueError: if there is no word or a word twice, if both buckets and a default are given,
            if the types do not fit, or if the key is no string.
    """
    arguments = _list_arguments(key, vocabulary_list, dtype, default_value, num_oov_buckets)
    return VocabularyListCategoricalColumn(**arguments)


def _categorical_column_with_vocabulary_list(
    key: Any,
    vocabulary_list: Any,
    dtype: Any = None,
    default_value: Any = -1,
    num_oov_buckets: Any = 0,
) -> _VocabularyListCategoricalColumn:
    arguments = _list_arguments(key, vocabulary_list, dtype, default_value, num_oov_buckets)
    return _VocabularyListCategoricalColumn(**arguments)


# --- ids as they come ---
class _Identity(_OfOneFeature):
    _choose = staticmethod(where_v2)

    def _spec(self: Any, new: bool) -> dict[str, Any]:
        return {self.key: VarLenFeature(int64)}

    def _transformed(self: Any, inputs: Any) -> SparseTensor:
        x = to_sparse(inputs.get(self.key))
        if not x.dtype.is_integer:
            raise ValueError(f"Invalid input, not integer. key: {self.key} dtype: {x.dtype}")
        ids = cast(x.values, int64, name="values")
        count = cast(self._count(True), int64, name="num_buckets")
        zero = cast(0, int64, name="zero")
        if self.default_value is None:
            ids = self._checked_range(ids, count, zero)
        else:
            outside = logical_or(ids < zero, ids >= count, name="out_of_range")
            others = fill(shape_of(ids), cast(self.default_value, int64), name="default_values")
            ids = self._choose(outside, others, ids)
        return SparseTensor(x.indices, ids, x.dense_shape)

    def _checked_range(self: Any, ids: Any, count: Any, zero: Any) -> Any:
        below = assert_less(
            ids,
            count,
            data=(ids, count),
            message=f'Bucket index for categorical column "{self.key}" exceeds number of buckets',
            name="assert_less_than_num_buckets",
        )
        above = assert_greater_equal(
            ids,
            zero,
            data=(ids,),
            message=f'Negative bucket index for categorical column "{self.key}"',
            name="assert_greater_or_equal_0",
        )
        with scopes.control_dependencies((below, above)):
            return identity(ids)

    def _count(self, new: bool) -> int:
        raise NotImplementedError


class IdentityCategoricalColumn(
    NewCategorical,
    _Identity,
    namedtuple("_IdentityFields", ("key", "number_buckets", "default_value")),
):
    """A column of ids as they come; see `categorical_column_with_identity`."""

    def _count(self, new: bool) -> int:
        count: int = self.number_buckets
        return count


class _IdentityCategoricalColumn(
    OldCategorical,
    _Identity,
    namedtuple("_OldIdentityFields", ("key", "num_buckets", "default_value")),
):
    """A column of ids as they come, of the old family."""

    _choose = staticmethod(where)

    def _count(self, new: bool) -> int:
        count: int = self.num_buckets
        return count


def _check_identity(key: Any, num_buckets: Any, default_value: Any) -> None:
    if num_buckets < 1:
        raise ValueError(f"num_buckets {num_buckets} < 1, column_name {key}")
    if default_value is not None and not 0 <= default_value < num_buckets:
        raise ValueError(
            f"default_value {default_value} not in range [0, {num_buckets}), column_name {key}"
        )
    checks.check_key(key)


@export("feature_column.categorical_column_with_identity")
def categorical_column_with_identity(
    key: Any, num_buckets: Any, default_value: Any = None
) -> IdentityCategoricalColumn:
    """Returns a column whose ids are the feature's integers.

    Args:
        key: the feature's key. A dense feature is read without its -1.
        num_buckets: ids are below it.
        default_value: stands for integers outside; None: a run with one of them fails.

    Raises:
        ValueError: if the number is below 1, the default is outside, or the key is no string.
    """
    _check_identity(key, num_buckets, default_value)
    return IdentityCategoricalColumn(key, num_buckets, default_value)


def _categorical_column_with_identity(
    key: Any, num_buckets: Any, default_value: Any = None
) -> _IdentityCategoricalColumn:
    _check_identity(key, num_buckets, default_value)
    return _IdentityCategoricalColumn(key, num_buckets, default_value)
