"""The functions of tf.contrib.lookup that differ from those of tf.lookup, and its HashTable."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import DType, string
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.lookup_base import InitializableLookupTableBaseV1
from graphflow.ops.lookup_index import (
    FastHashSpec,
    HasherSpec,
    index_table,
    index_table_from_file,
    index_to_string_table,
)


@export("contrib.lookup.HashTable")
class HashTable(InitializableLookupTableBaseV1):
    """A table that is filled once and then only read.

    Args:
        initializer: what fills it.
        default_value: what stands for a key that is not there, a scalar.
        shared_name: the name under which other nodes find the table; None: the node's.
        name: the node's name.
    """

    def __init__(
        self,
        initializer: Any,
        default_value: Any,
        shared_name: str | None = None,
        name: str | None = None,
    ) -> None:
        self._shared_name = shared_name
        self._name = name or "hash_table"
        self._table_name = None
        self._initializer = initializer
        super().__init__(default_value, initializer)

    def _create_resource(self) -> Tensor:
        return self._hash_table(self._shared_name, self._name)

    @property
    def init(self) -> Operation:
        """The operation that fills the table."""
        return self.initializer

    def export(self, name: str | None = None) -> tuple[Tensor, Tensor]:
        """Returns all keys and their values, in any order.

        Args:
            name: the node's name.
        """
        with scopes.name_scope(name, f"{self.name}_Export", [self.resource_handle]) as scope:
            return self._exported(scope)


@export("contrib.lookup.index_table_from_tensor")
def index_table_from_tensor(
    mapping: Any,
    num_oov_buckets: int = 0,
    default_value: int = -1,
    hasher_spec: HasherSpec = FastHashSpec,
    dtype: DType = string,
    name: str | None = None,
) -> Any:
    """Returns a table from the words of a vector to their positions.

    Args:
        mapping: the words, [n].
        num_oov_buckets: how many numbers behind them unknown words share.
        default_value: the number of unknown words where there are no buckets.
        hasher_spec: the hash function that chooses buckets.
        dtype: the type of the words: string, or an integer.
        name: the scope of the nodes.

    Raises:
        ValueError: without words, with words of another type, or a negative number of buckets.
        TypeError: if the type is another one.
    """
    if mapping is None:
        raise ValueError("mapping must be specified.")
    return index_table(mapping, num_oov_buckets, default_value, hasher_spec, dtype, name)


@export("contrib.lookup.index_to_string_table_from_tensor")
def index_to_string_table_from_tensor(
    mapping: Any, default_value: str = "UNK", name: str | None = None
) -> Any:
    """Returns a table from positions to the words of a vector.

    Args:
        mapping: the words, [n].
        default_value: the word of other numbers.
        name: the scope of the nodes.

    Raises:
        ValueError: without words.
    """
    if mapping is None:
        raise ValueError("mapping must be specified.")
    return index_to_string_table(mapping, default_value, name)


@export("contrib.lookup.string_to_index_table_from_file")
def string_to_index_table_from_file(
    vocabulary_file: Any = None,
    num_oov_buckets: int = 0,
    vocab_size: int | None = None,
    default_value: int = -1,
    hasher_spec: HasherSpec = FastHashSpec,
    name: str | None = None,
) -> Any:
    """The old name of `index_table_from_file`.

    Args:
        vocabulary_file: the file, one word a line.
        num_oov_buckets: how many numbers behind them unknown words share.
        vocab_size: how many lines count; None: all.
        default_value: the number of unknown words where there are no buckets.
        hasher_spec: the hash function that chooses buckets.
        name: the scope of the nodes.
    """
    return index_table_from_file(
        vocabulary_file, num_oov_buckets, vocab_size, default_value, hasher_spec, string, name
    )


@export("contrib.lookup.string_to_index_table_from_tensor")
def string_to_index_table_from_tensor(
    mapping: Any,
    num_oov_buckets: int = 0,
    default_value: int = -1,
    hasher_spec: HasherSpec = FastHashSpec,
    name: str | None = None,
) -> Any:
    """The old name of `index_table_from_tensor`, for strings.

    Args:
        mapping: the words, [n].
        num_oov_buckets: how many numbers behind them unknown words share.
        default_value: the number of unknown words where there are no buckets.
        hasher_spec: the hash function that chooses buckets.
        name: the scope of the nodes.

    Raises:
        ValueError: if the words are no strings.
    """
    with scopes.name_scope(name, "string_to_index") as scope:
        mapping = convert(mapping)
    if mapping.dtype.base_dtype != string:
        raise ValueError("string_to_index_table_from_tensor requires string.")
    options = (num_oov_buckets, default_value, hasher_spec)
    return index_table_from_tensor(mapping, *options, name=scope)


@export("contrib.lookup.string_to_index")
def string_to_index(
    tensor: Any, mapping: Any, default_value: int = -1, name: str | None = None
) -> Any:
    """Returns the positions of words in a vector.

    Args:
        tensor: the words to look up.
        mapping: the words that are known, [n].
        default_value: the number of others.
        name: the scope of the nodes.
    """
    table = index_table_from_tensor(mapping, default_value=default_value, name=name)
    return table.lookup(tensor)


@export("contrib.lookup.index_to_string")
def index_to_string(
    tensor: Any, mapping: Any, default_value: str = "UNK", name: str | None = None
) -> Any:
    """Returns the words at positions of a vector.

    Args:
        tensor: the positions, int64.
        mapping: the words, [n].
        default_value: the word of other numbers.
        name: the scope of the nodes.
    """
    table = index_to_string_table_from_tensor(mapping, default_value=default_value, name=name)
    return table.lookup(tensor)
