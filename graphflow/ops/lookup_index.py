"""Vocabularies as tables: words to numbers and back, with buckets for words that are not known."""

from __future__ import annotations

import numbers
from collections import namedtuple
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, int64, string
from graphflow.core.export import export, publish
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.ops.control_ops import no_op
from graphflow.ops.lookup_base import (
    HashTable,
    Keys,
    KeyValueTensorInitializer,
    LookupInterface,
    StaticHashTableV1,
    TextFileIdTableInitializer,
    TextFileIndex,
    TextFileStringTableInitializer,
    like,
    need_dtype,
    values_of,
)
from graphflow.ops.select import where_v2
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import size
from graphflow.ops.string_convert import as_string
from graphflow.ops.string_hash import (
    string_to_hash_bucket,
    string_to_hash_bucket_fast,
    string_to_hash_bucket_strong,
)


# --- hash functions ---
@export("contrib.lookup.HasherSpec")
class HasherSpec(namedtuple("HasherSpec", ["hasher", "key"])):
    """Which hash function chooses buckets: "fasthash", "legacy" or "stronghash", and its key."""

    __slots__ = ()


FastHashSpec: Final = HasherSpec("fasthash", None)
publish(FastHashSpec, "contrib.lookup.FastHashSpec")


@export("contrib.lookup.StrongHashSpec")
class StrongHashSpec(HasherSpec):
    """The hash function with a key, which nobody who does not know it can foresee.

    Args:
        key: two integers.

    Raises:
        ValueError: if there are not two.
        TypeError: if they are no integers.
    """

    __slots__ = ()

    def __new__(cls, key: Any) -> StrongHashSpec:
        """Makes the description."""
        if len(key) != 2:
            raise ValueError(f"key must have size 2, got {len(key)}.")
        if not all(isinstance(part, numbers.Integral) for part in key):
            raise TypeError(f"Invalid key {key}. Must be unsigned integer values.")
        return super().__new__(cls, "stronghash", key)


def _buckets(spec: HasherSpec, words: Tensor, count: int) -> Tensor:
    match spec.hasher:
        case "fasthash":
            return string_to_hash_bucket_fast(words, count, name="hash_bucket")
        case "legacy":
            return string_to_hash_bucket(words, count, name="hash_bucket")
        case "stronghash":
            return string_to_hash_bucket_strong(words, count, spec.key, name="hash_bucket")
    raise ValueError(f"Unknown hasher {spec.hasher}")


# --- tables with buckets ---
def _check_key_dtype(table: Any, key_dtype: DType) -> None:
    supported = (int64, string)
    if table.key_dtype not in supported:
        raise TypeError(f"Invalid key dtype, expected one of {supported}, but got {key_dtype}.")
    if table.key_dtype.is_integer != key_dtype.is_integer:
        wanted = "integer" if key_dtype.is_integer else "non-integer"
        raise TypeError(f"Invalid key dtype, expected {wanted} but got {table.key_dtype}.")
    if table.value_dtype != int64:
        raise TypeError(f"Invalid value dtype, expected {int64} but got {table.value_dtype}.")


class _WithBuckets(LookupInterface):
    """A table whose unknown keys get numbers behind those of the known ones."""

    _table: Any
    _table_name: str | None
    _num_oov_buckets: int
    _hasher_spec: HasherSpec

    def _create_resource(self) -> Any:
        return None if self._table is None else self._table._create_resource()

    def _initialize(self) -> Operation:
        if self._table is not None:
            found: Operation = self._table._initialize()
            return found
        return _nothing_to_do()

    @property
    def initializer(self) -> Operation:
        """The operation that fills the table."""
        if self._table is not None:
            found: Operation = self._table._init_op
            return found
        return _nothing_to_do()

    @property
    def resource_handle(self) -> Any:
        """The tensor that stands for the table in the graph; None without a vocabulary."""
        return None if self._table is None else self._table.resource_handle

    @property
    def name(self) -> Any:
        """The name of the table."""
        return self._table_name

    def size(self, name: str | None = None) -> Tensor:
        """Returns the number of keys and buckets.

        Args:
            name: the scope of the nodes.
        """
        with scopes.name_scope(name, f"{self.name}_Size"):
            known = convert(0, int64) if self._table is None else self._table.size()
            found: Tensor = known + self._num_oov_buckets
        return found

    def lookup(self, keys: Keys, name: str | None = None) -> Any:
        """Returns the numbers of keys, in the form of the keys.

        Args:
            keys: a tensor or SparseTensor.
            name: the scope of the nodes.

        Raises:
            TypeError: if the keys have another type.
        """
        need_dtype(self._key_dtype, keys)
        values = values_of(keys)
        if self._table is not None and self._table.key_dtype.base_dtype == int64:
            values = cast(values, int64)
        if self._num_oov_buckets == 0:
            return like(keys, self._table.lookup(values, name=name))
        with scopes.name_scope(name, f"{self.name}_Lookup"):
            words = values if values.dtype.base_dtype == string else as_string(values)
            ids = _buckets(self._hasher_spec, words, self._num_oov_buckets)
            if self._table is not None:
                known = self._table.lookup(values)
                ids = apply("Add", ids, self._table.size())
                is_known = apply("NotEqual", known, self._table.default_value)
                ids = where_v2(is_known, known, ids)
        return like(keys, ids)


def _nothing_to_do() -> Operation:
    with scopes.name_scope(None, "init"):
        return no_op()


def _last_part(name: str | None) -> str | None:
    return name.split("/")[-1] if name else None


@export("contrib.lookup.IdTableWithHashBuckets")
class IdTableWithHashBuckets(_WithBuckets):
    """A table from keys to numbers, in which keys that are not there get a bucket's number.

    Args:
        table: a table from strings or int64 to int64; None: buckets only.
        num_oov_buckets: how many buckets.
        hasher_spec: the hash function.
        name: the scope of the nodes.
        key_dtype: the type of the keys; None: that of the table.

    Raises:
        ValueError: without table and buckets.
        TypeError: if types do not fit.
    """

    def __init__(
        self,
        table: Any,
        num_oov_buckets: int,
        hasher_spec: HasherSpec = FastHashSpec,
        name: str | None = None,
        key_dtype: Any = None,
    ) -> None:
        name = name.rstrip("/") if name else name
        if table:
            key_dtype = table.key_dtype if key_dtype is None else key_dtype
            _check_key_dtype(table, key_dtype)
            name = name or table.name
        else:
            if num_oov_buckets <= 0:
                raise ValueError("oov_buckets must be > 0 if no table is supplied.")
            key_dtype = string if key_dtype is None else key_dtype
            name = name or "hash_bucket"
        if not key_dtype.is_integer and key_dtype != string:
            raise TypeError(f"Invalid key_dtype, expected integer or string, got {key_dtype}.")
        if not isinstance(hasher_spec, HasherSpec):
            raise TypeError(f"hasher_spec must be of type HasherSpec, got {hasher_spec}")
        self._table = table or None
        self._num_oov_buckets = num_oov_buckets
        self._hasher_spec = hasher_spec
        self._table_name = _last_part(name)
        super().__init__(key_dtype, int64)

    @property
    def init(self) -> Operation:
        """The operation that fills the table."""
        return self.initializer


@export("lookup.StaticVocabularyTable")
class StaticVocabularyTable(_WithBuckets):
    """A table from keys to numbers, in which keys that are not there get a bucket's number.

    Args:
        initializer: fills a table from strings or int64 to int64; None: buckets only.
        num_oov_buckets: how many buckets, at least one.
        lookup_key_dtype: the type of the keys that are looked up; None: the initializer's.
        name: the scope of the nodes.

    Raises:
        ValueError: if there is no bucket.
        TypeError: if types do not fit.
    """

    def __init__(
        self,
        initializer: Any,
        num_oov_buckets: int,
        lookup_key_dtype: Any = None,
        name: str | None = None,
    ) -> None:
        if num_oov_buckets <= 0:
            raise ValueError("oov_buckets must be > 0.")
        name = name.rstrip("/") if name else name
        self._table = None
        if initializer:
            key_dtype = initializer.key_dtype if lookup_key_dtype is None else lookup_key_dtype
            _check_key_dtype(initializer, key_dtype)
            self._table = HashTable(initializer, default_value=-1)
            name = name or self._table.name
        else:
            key_dtype = string
            name = name or "hash_bucket"
        if not key_dtype.is_integer and key_dtype != string:
            raise TypeError(f"Invalid key_dtype, expected integer or string, got {key_dtype}.")
        self._num_oov_buckets = num_oov_buckets
        self._hasher_spec = FastHashSpec
        self._table_name = _last_part(name)
        super().__init__(key_dtype, int64)


# --- vocabularies ---
def _need_file(vocabulary_file: Any) -> None:
    if vocabulary_file is None or (isinstance(vocabulary_file, str) and not vocabulary_file):
        raise ValueError("vocabulary_file must be specified and must not be empty.")


def _need_buckets(count: int, dtype: DType) -> None:
    if count < 0:
        raise ValueError(f"num_oov_buckets must be greater or equal than 0, got {count}.")
    if not dtype.is_integer and dtype.base_dtype != string:
        raise TypeError("Only integer and string keys are supported.")


@export("contrib.lookup.index_table_from_file")
def index_table_from_file(
    vocabulary_file: Any = None,
    num_oov_buckets: int = 0,
    vocab_size: int | None = None,
    default_value: int = -1,
    hasher_spec: HasherSpec = FastHashSpec,
    key_dtype: DType = string,
    name: str | None = None,
    key_column_index: int = TextFileIndex.WHOLE_LINE,
    value_column_index: int = TextFileIndex.LINE_NUMBER,
    delimiter: str = "\t",
) -> Any:
    r"""Returns a table from the words of a file to their line numbers.

    Args:
        vocabulary_file: the file, one word a line.
        num_oov_buckets: how many numbers behind them unknown words share.
        vocab_size: how many lines count; None: all.
        default_value: the number of unknown words where there are no buckets.
        hasher_spec: the hash function that chooses buckets.
        key_dtype: the type of the words: string, or an integer.
        name: the scope of the nodes.
        key_column_index: the column of the words, or one of TextFileIndex.
        value_column_index: the column of the numbers, or one of TextFileIndex.
        delimiter: what separates columns.

    Raises:
        ValueError: if there is no file, or a number is too small.
        TypeError: if the type is another one.
    """
    _need_file(vocabulary_file)
    if num_oov_buckets < 0:
        _need_buckets(num_oov_buckets, key_dtype)
    if vocab_size is not None and vocab_size < 1:
        shown = "?" if isinstance(vocabulary_file, Tensor) else vocabulary_file
        raise ValueError(
            f"vocab_size must be greater than 0, got {vocab_size}. vocabulary_file: {shown}"
        )
    _need_buckets(num_oov_buckets, key_dtype)
    with scopes.name_scope(name, "string_to_index"):
        with scopes.name_scope(None, "hash_table"):
            filled = TextFileIdTableInitializer(
                vocabulary_file,
                vocab_size=vocab_size,
                key_dtype=int64 if key_dtype.is_integer else key_dtype,
                name="table_init",
                key_column_index=key_column_index,
                value_column_index=value_column_index,
                delimiter=delimiter,
            )
            table: Any = StaticHashTableV1(filled, default_value)
        if num_oov_buckets:
            table = IdTableWithHashBuckets(
                table, num_oov_buckets, hasher_spec=hasher_spec, key_dtype=key_dtype
            )
        return table


def index_table(
    vocabulary_list: Any,
    num_oov_buckets: int = 0,
    default_value: int = -1,
    hasher_spec: HasherSpec = FastHashSpec,
    dtype: DType = string,
    name: str | None = None,
) -> Any:
    """Returns a table from the words of a vector to their positions.

    Args:
        vocabulary_list: the words, [n].
        num_oov_buckets: how many numbers behind them unknown words share.
        default_value: the number of unknown words where there are no buckets.
        hasher_spec: the hash function that chooses buckets.
        dtype: the type of the words: string, or an integer.
        name: the scope of the nodes.
    """
    if vocabulary_list is None:
        raise ValueError("vocabulary_list must be specified.")
    _need_buckets(num_oov_buckets, dtype)
    with scopes.name_scope(name, "string_to_index"):
        keys = convert(vocabulary_list)
        if keys.dtype.is_integer != dtype.is_integer:
            wanted = "integer" if dtype.is_integer else "non-integer"
            raise ValueError(f"Expected {wanted}, got {keys.dtype}.")
        if not dtype.is_integer and keys.dtype.base_dtype != dtype:
            raise ValueError(f"Expected {dtype}, got {keys.dtype}.")
        values = cast(range_(size(keys)), int64)
        with scopes.name_scope(None, "hash_table"):
            words = cast(keys, int64) if keys.dtype.is_integer else keys
            types = (words.dtype.base_dtype, int64)
            filled = KeyValueTensorInitializer(words, values, *types, name="table_init")
            table: Any = StaticHashTableV1(filled, default_value)
        if num_oov_buckets:
            table = IdTableWithHashBuckets(
                table, num_oov_buckets, hasher_spec=hasher_spec, key_dtype=dtype
            )
        return table


@export("contrib.lookup.index_to_string_table_from_file")
def index_to_string_table_from_file(
    vocabulary_file: Any,
    vocab_size: int | None = None,
    default_value: str = "UNK",
    name: str | None = None,
    key_column_index: int = TextFileIndex.LINE_NUMBER,
    value_column_index: int = TextFileIndex.WHOLE_LINE,
    delimiter: str = "\t",
) -> Any:
    r"""Returns a table from line numbers to the words of a file.

    Args:
        vocabulary_file: the file, one word a line.
        vocab_size: how many lines count; None: all.
        default_value: the word of other numbers.
        name: the scope of the nodes.
        key_column_index: the column of the numbers, or one of TextFileIndex.
        value_column_index: the column of the words, or one of TextFileIndex.
        delimiter: what separates columns.

    Raises:
        ValueError: if there is no file, or no line counts.
    """
    _need_file(vocabulary_file)
    if vocab_size is not None and vocab_size < 1:
        raise ValueError(f"vocab_size must be greater than 0, got {vocab_size}.")
    with scopes.name_scope(name, "index_to_string"):
        filled = TextFileStringTableInitializer(
            vocabulary_file,
            vocab_size=vocab_size,
            name="table_init",
            key_column_index=key_column_index,
            value_column_index=value_column_index,
            delimiter=delimiter,
        )
        return StaticHashTableV1(filled, default_value)


def index_to_string_table(
    vocabulary_list: Any, default_value: str = "UNK", name: str | None = None
) -> Any:
    """Returns a table from positions to the words of a vector.

    Args:
        vocabulary_list: the words, [n].
        default_value: the word of other numbers.
        name: the scope of the nodes.
    """
    if vocabulary_list is None:
        raise ValueError("vocabulary_list must be specified.")
    with scopes.name_scope(name, "index_to_string"):
        words = convert(vocabulary_list, string)
        keys = cast(range_(size(words)), int64)
        filled = KeyValueTensorInitializer(keys, words, int64, string, name="table_init")
        return StaticHashTableV1(filled, default_value)
