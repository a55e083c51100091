"""Tables that are filled once: tf.lookup.StaticHashTable and what fills it."""

from __future__ import annotations

import contextlib
import uuid
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, as_dtype, int64, string
from graphflow.core.export import export, publish
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.ops.control_ops import group, no_op

Keys = Any


# --- initializing all tables ---
@export("tables_initializer", "initializers.tables_initializer")
def tables_initializer(name: str = "init_all_tables") -> Operation:
    """Returns an operation that fills all tables of the graph; nothing where there are none.

    Args:
        name: the node's name.
    """
    initializers = scopes.get_collection(GraphKeys.TABLE_INITIALIZERS)
    return group(*initializers, name=name) if initializers else no_op(name=name)


@export("initialize_all_tables")
def initialize_all_tables(name: str = "init_all_tables") -> Operation:
    """The old name of `tables_initializer`."""
    return tables_initializer(name)


def check_table_dtypes(table: Any, key_dtype: DType, value_dtype: DType) -> None:
    """Raises TypeError unless these are the types of a table."""
    for what, wanted, found in (
        ("key", table.key_dtype, key_dtype),
        ("value", table.value_dtype, value_dtype),
    ):
        if found.base_dtype != wanted:
            raise TypeError(f"Invalid {what} dtype, expected {wanted} but got {found}.")


def need_dtype(wanted: DType, keys: Any) -> None:
    """Raises TypeError unless keys have this type."""
    if keys.dtype.base_dtype != wanted:
        raise TypeError(f"Signature mismatch. Keys must be dtype {wanted}, got {keys.dtype}.")


def values_of(keys: Any) -> Any:
    """The keys themselves: the values of a SparseTensor, or the tensor."""
    return keys.values if isinstance(keys, SparseTensor) else keys


def like(keys: Any, values: Any) -> Any:
    """Values in the form of keys: a SparseTensor of the same places, or the tensor."""
    if isinstance(keys, SparseTensor):
        return SparseTensor(keys.indices, values, keys.dense_shape)
    return values


def outside_loops() -> contextlib.AbstractContextManager[None]:
    """A context for what must not become a part of a loop or branch: what a table holds."""
    if scopes.get_default_graph()._get_control_flow_context() is None:
        return contextlib.nullcontext()
    return scopes.init_scope()


# --- tables ---
@export("contrib.lookup.LookupInterface")
class LookupInterface:
    """What all lookup tables have in common.

    Args:
        key_dtype: the type of the keys.
        value_dtype: the type of the values.
    """

    _resource_handle: Any = None

    def __init__(self, key_dtype: Any, value_dtype: Any) -> None:
        self._key_dtype = as_dtype(key_dtype)
        self._value_dtype = as_dtype(value_dtype)

    @property
    def key_dtype(self) -> DType:
        """The type of the keys."""
        return self._key_dtype

    @property
    def value_dtype(self) -> DType:
        """The type of the values."""
        return self._value_dtype

    @property
    def resource_handle(self) -> Any:
        """The tensor that stands for the table in the graph."""
        return self._resource_handle

    @property
    def name(self) -> Any:
        """The name of the table."""
        return NotImplementedError

    def size(self, name: str | None = None) -> Tensor:
        """Returns the number of keys."""
        raise NotImplementedError

    def lookup(self, keys: Keys, name: str | None = None) -> Any:
        """Returns the values of keys."""
        raise NotImplementedError


@export("contrib.lookup.InitializableLookupTableBase")
class InitializableLookupTableBase(LookupInterface):
    """A table that an initializer fills.

    Args:
        default_value: what stands for a key that is not there, a scalar.
        initializer: what fills it.
    """

    _initializer: Any
    _table_name: str | None

    def __init__(self, default_value: Any, initializer: Any) -> None:
        super().__init__(initializer.key_dtype, initializer.value_dtype)
        self._default_value: Tensor = convert(default_value, self._value_dtype)
        self._default_value.get_shape().merge_with(TensorShape([]))
        self._initializer = initializer
        with scopes.init_scope():
            self._resource_handle = self._create_resource()
        with outside_loops():
            self._init_op = self._initialize()

    def _create_resource(self) -> Any:
        raise NotImplementedError

    def _initialize(self) -> Operation:
        found: Operation = self._initializer.initialize(self)
        return found

    @property
    def default_value(self) -> Tensor:
        """What stands for a key that is not there."""
        return self._default_value

    @property
    def name(self) -> Any:
        """The name of the table's node, without its scope."""
        return self._table_name

    def size(self, name: str | None = None) -> Tensor:
        """Returns the number of keys.

        Args:
            name: the scope of the nodes.
        """
        with scopes.name_scope(name, f"{self.name}_Size", [self.resource_handle]):
            found: Tensor = apply("LookupTableSizeV2", self.resource_handle)
        return found

    def lookup(self, keys: Keys, name: str | None = None) -> Any:
        """Returns the values of keys, in the form of the keys.

        Args:
            keys: a tensor or SparseTensor.
            name: the scope of the nodes.

        Raises:
            TypeError: if the keys have another type.
            FailedPreconditionError: in the run, if the table was not initialized.
        """
        need_dtype(self._key_dtype, keys)
        asked = values_of(keys)
        inputs = [self.resource_handle, asked, self._default_value]
        with scopes.name_scope(name, f"{self.name}_Lookup", inputs):
            values: Tensor = apply("LookupTableFindV2", *inputs)
        values.set_shape(asked.get_shape())
        return like(keys, values)

    def _hash_table(self, shared_name: str | None, name: str) -> Tensor:
        """Declares the table's node."""
        handle: Tensor = apply(
            "HashTableV2",
            shared_name=shared_name,
            key_dtype=self._initializer.key_dtype,
            value_dtype=self._initializer.value_dtype,
            name=name,
        )
        self._table_name = handle._node.split("/")[-1]
        return handle

    def _exported(self, scope: str) -> tuple[Tensor, Tensor]:
        name = scope or None
        keys, values = apply(
            "LookupTableExportV2",
            self.resource_handle,
            Tkeys=self._key_dtype,
            Tvalues=self._value_dtype,
            name=name,
        )
        values.set_shape(keys.get_shape().concatenate(self._default_value.get_shape()))
        return keys, values


class InitializableLookupTableBaseV1(InitializableLookupTableBase):
    """A table that an initializer fills, with that initializer's operation."""

    @property
    def initializer(self) -> Operation:
        """The operation that fills the table."""
        return self._init_op


class StaticHashTable(InitializableLookupTableBase):
    """As `tf.lookup.StaticHashTable`."""

    def __init__(self, initializer: Any, default_value: Any, name: str | None = None) -> None:
        self._shared_name = initializer._shared_name or f"hash_table_{uuid.uuid4()}"
        self._name = name or "hash_table"
        self._table_name = None
        self._initializer = initializer
        super().__init__(default_value, initializer)

    def _create_resource(self) -> Tensor:
        return self._hash_table(self._shared_name, self._name)

    def export(self, name: str | None = None) -> tuple[Tensor, Tensor]:
        """Returns all keys and their values, in any order.

        Args:
            name: the scope of the nodes.
        """
        with scopes.name_scope(name, f"{self.name}_Export", [self.resource_handle]):
            return self._exported("")


@export("lookup.StaticHashTable")
class StaticHashTableV1(StaticHashTable):
    """A table that is filled once and then only read.

    Args:
        initializer: what fills it: a KeyValueTensorInitializer or TextFileInitializer.
        default_value: what stands for a key that is not there, a scalar.
        name: the node's name.
    """

    @property
    def initializer(self) -> Operation:
        """The operation that fills the table."""
        return self._init_op


class HashTable(StaticHashTableV1):
    """A table that is filled once, with the older name of its initializer."""

    @property
    def init(self) -> Operation:
        """The operation that fills the table."""
        return self.initializer


# --- initializers ---
@export("contrib.lookup.TableInitializerBase")
class TableInitializerBase:
    """What fills a table.

    Args:
        key_dtype: the type of the keys.
        value_dtype: the type of the values.
    """

    def __init__(self, key_dtype: Any, value_dtype: Any) -> None:
        self._key_dtype = as_dtype(key_dtype)
        self._value_dtype = as_dtype(value_dtype)

    @property
    def key_dtype(self) -> DType:
        """The type of the keys."""
        return self._key_dtype

    @property
    def value_dtype(self) -> DType:
        """The type of the values."""
        return self._value_dtype

    @property
    def _shared_name(self) -> str:
        return ""

    def initialize(self, table: Any) -> Operation:
        """Returns the operation that fills a table."""
        raise NotImplementedError


@export("lookup.KeyValueTensorInitializer", "contrib.lookup.KeyValueTensorInitializer")
class KeyValueTensorInitializer(TableInitializerBase):
    """Fills a table from tensors.

    Args:
        keys: the keys, [n].
        values: their values, [n].
        key_dtype: the type of the keys; None: that of the tensor.
        value_dtype: the type of the values; None: that of the tensor.
        name: the scope of the nodes.
    """

    def __init__(
        self,
        keys: Any,
        values: Any,
        key_dtype: Any = None,
        value_dtype: Any = None,
        name: str | None = None,
    ) -> None:
        with outside_loops():
            self._keys: Tensor = convert(keys, key_dtype and as_dtype(key_dtype), "keys")
            self._values: Tensor = convert(values, value_dtype and as_dtype(value_dtype), "values")
        self._name = "key_value_init" if name is None else name
        super().__init__(self._keys.dtype, self._values.dtype)

    def initialize(self, table: Any) -> Operation:
        """Returns the operation that fills a table, which is also added to the collection.

        Args:
            table: the table.

        Raises:
            TypeError: if its types are others.
        """
        check_table_dtypes(table, self._keys.dtype, self._values.dtype)
        inputs = [table.resource_handle, self._keys, self._values]
        with scopes.name_scope(self._name, self._name, inputs):
            found: Operation = apply("LookupTableImportV2", *inputs)
        scopes.add_to_collection(GraphKeys.TABLE_INITIALIZERS, found)
        return found


@export("lookup.TextFileIndex", "contrib.lookup.TextFileIndex")
class TextFileIndex:
    """Which part of a line a key or value is, beside the numbers of columns."""

    WHOLE_LINE: Final = -2
    LINE_NUMBER: Final = -1


def _check_line(index: int, key_dtype: DType, what: str) -> None:
    plural = "Keys" if what == "key" else "Values"
    if index < TextFileIndex.WHOLE_LINE:
        raise ValueError(f"Invalid {what} index {index}.")
    if index == TextFileIndex.LINE_NUMBER and key_dtype != int64:
        raise ValueError(f"Signature mismatch. {plural} must be dtype {int64}, got {key_dtype}.")
    if index == TextFileIndex.WHOLE_LINE and key_dtype != string:
        if what == "value":
            raise ValueError(f"Signature mismatch. Values must be dtype {string}, got {key_dtype}.")
        if not key_dtype.is_integer:
            raise ValueError(
                f"Signature mismatch. Keys must be integer or string, got {key_dtype}."
            )


@export("lookup.TextFileInitializer", "contrib.lookup.TextFileInitializer")
class TextFileInitializer(TableInitializerBase):
    r"""Fills a table from the lines of a text file.

    Args:
        filename: the file, as text or a scalar tensor.
        key_dtype: the type of the keys.
        key_index: the column of the keys, or one of TextFileIndex.
        value_dtype: the type of the values.
        value_index: the column of the values, or one of TextFileIndex.
        vocab_size: how many lines count; None: all.
        delimiter: what separates columns.
        name: the scope of the nodes.

    Raises:
        ValueError: if the columns do not fit the types.
    """

    def __init__(
        self,
        filename: Any,
        key_dtype: Any,
        key_index: int,
        value_dtype: Any,
        value_index: int,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str | None = None,
    ) -> None:
        if not isinstance(filename, Tensor) and not filename:
            raise ValueError(f"Filename required for {name}.")
        _check_line(key_index, as_dtype(key_dtype), "key")
        _check_line(value_index, as_dtype(value_dtype), "value")
        if vocab_size is not None and vocab_size <= 0:
            raise ValueError(f"Invalid vocab_size {vocab_size}.")
        self._filename_arg = filename
        self._key_index = key_index
        self._value_index = value_index
        self._vocab_size = vocab_size
        self._delimiter = delimiter
        self._name = name
        with scopes.init_scope(), scopes.device("CPU"):
            self._filename: Tensor = convert(filename, string, "asset_path")
        super().__init__(key_dtype, value_dtype)

    def initialize(self, table: Any) -> Operation:
        """Returns the operation that fills a table, which is also added to the collection.

        Args:
            table: the table.

        Raises:
            TypeError: if its types are others.
        """
        check_table_dtypes(table, self.key_dtype, self.value_dtype)
        with scopes.name_scope(self._name, "text_file_init", [table.resource_handle]):
            found: Operation = apply(
                "InitializeTableFromTextFileV2",
                table.resource_handle,
                self._filename,
                key_index=self._key_index,
                value_index=self._value_index,
                vocab_size=-1 if self._vocab_size is None else self._vocab_size,
                delimiter=self._delimiter,
            )
        scopes.add_to_collection(GraphKeys.TABLE_INITIALIZERS, found)
        if self._filename._made_by == "Const":
            scopes.add_to_collection(GraphKeys.ASSET_FILEPATHS, self._filename)
        return found

    @property
    def _shared_name(self) -> str:
        parts = ["hash_table", self._filename_arg, self._key_index, self._value_index]
        if self._vocab_size:
            parts.insert(2, self._vocab_size)
        return "_".join(map(str, parts))


@export("contrib.lookup.TextFileStringTableInitializer")
class TextFileStringTableInitializer(TextFileInitializer):
    r"""Fills a table from numbers to strings, by default from line numbers to lines.

    Args:
        filename: the file.
        key_column_index: the column of the keys, or one of TextFileIndex.
        value_column_index: the column of the values, or one of TextFileIndex.
        vocab_size: how many lines count; None: all.
        delimiter: what separates columns.
        name: the scope of the nodes.
    """

    def __init__(
        self,
        filename: Any,
        key_column_index: int = TextFileIndex.LINE_NUMBER,
        value_column_index: int = TextFileIndex.WHOLE_LINE,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str | None = "text_file_string_table_init",
    ) -> None:
        columns = (int64, key_column_index, string, value_column_index)
        super().__init__(filename, *columns, vocab_size, delimiter, name)


@export("contrib.lookup.TextFileIdTableInitializer")
class TextFileIdTableInitializer(TextFileInitializer):
    r"""Fills a table from strings to numbers, by default from lines to line numbers.

    Args:
        filename: the file.
        key_column_index: the column of the keys, or one of TextFileIndex.
        value_column_index: the column of the values, or one of TextFileIndex.
        vocab_size: how many lines count; None: all.
        delimiter: what separates columns.
        name: the scope of the nodes.
        key_dtype: the type of the keys.
    """

    def __init__(
        self,
        filename: Any,
        key_column_index: int = TextFileIndex.WHOLE_LINE,
        value_column_index: int = TextFileIndex.LINE_NUMBER,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str | None = "text_file_id_table_init",
        key_dtype: Any = string,
    ) -> None:
        columns = (key_dtype, key_column_index, int64, value_column_index)
        super().__init__(filename, *columns, vocab_size, delimiter, name)


publish(InitializableLookupTableBaseV1, "contrib.lookup.InitializableLookupTableBaseV1")
