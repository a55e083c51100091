"""Tables that change while a graph runs, and that a saver saves: they belong to checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import as_dtype
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.lookup_base import LookupInterface
from graphflow.training.saveables import SaveableObject, SaveSpec


class _Saved(SaveableObject):
    """A table as a saver sees it: its keys and its values."""

    def __init__(self, table: _ChangingTable, name: str) -> None:
        keys, values = table.export()
        specs = [SaveSpec(keys, "", f"{name}-keys"), SaveSpec(values, "", f"{name}-values")]
        super().__init__(table, specs, name)

    def restore(self, restored_tensors: Sequence[Tensor], restored_shapes: Any) -> Any:
        """Returns an operation that replaces what the table holds by what a checkpoint holds."""
        handle = self.op.resource_handle
        with (
            scopes.name_scope(None, f"{self.name}_table_restore"),
            scopes.colocate_with(handle),
        ):
            return apply("LookupTableImportV2", handle, restored_tensors[0], restored_tensors[1])


class _ChangingTable(LookupInterface):
    """What both kinds of changing tables have in common."""

    _default_value: Tensor

    def __init__(self, key_dtype: Any, value_dtype: Any, name: str, checkpoint: bool) -> None:
        super().__init__(key_dtype, value_dtype)
        self._checkpoint = checkpoint
        self._name = name
        self._resource_handle = self._create_resource()
        self._table_name = self._resource_handle._node.split("/")[-1]
        if checkpoint:
            scopes.add_to_collection(GraphKeys.SAVEABLE_OBJECTS, _Saved(self, name))

    def _create_resource(self) -> Tensor:
        raise NotImplementedError

    def _gather_saveables_for_checkpoint(self) -> dict[str, Callable[..., SaveableObject]]:
        """What a saver asks for that is given the table itself: functions of a name."""
        return {"table": lambda name=self._name: _Saved(self, name)}

    @property
    def name(self) -> Any:
        """The name of the table's node, without its scope."""
        return self._table_name

    def size(self, name: str | None = None) -> Tensor:
        """Returns the number of keys.

        Args:
            name: the scope of the nodes.
        """
        handle = self.resource_handle
        with scopes.name_scope(name, f"{self.name}_Size", [handle]), scopes.colocate_with(handle):
            found: Tensor = apply("LookupTableSizeV2", handle)
        return found

    def lookup(self, keys: Any, name: str | None = None) -> Tensor:
        """Returns the values of keys; the default value for those that are not there.

        Args:
            keys: a tensor.
            name: the scope of the nodes.
        """
        handle = self.resource_handle
        with scopes.name_scope(name, f"{self.name}_lookup_table_find", self._asked(keys)):
            keys = convert(keys, self._key_dtype, "keys")
            with scopes.colocate_with(handle):
                found: Tensor = apply("LookupTableFindV2", handle, keys, self._default_value)
        return found

    def _asked(self, keys: Any) -> list[Any]:
        return [self.resource_handle, keys]

    def insert(self, keys: Any, values: Any, name: str | None = None) -> Operation:
        """Returns the operation that gives keys values.

        Args:
            keys: a tensor.
            values: a value for each of them.
            name: the scope of the nodes.
        """
        handle = self.resource_handle
        inputs = [handle, keys, values]
        with scopes.name_scope(name, f"{self.name}_lookup_table_insert", inputs):
            keys = convert(keys, self._key_dtype, "keys")
            values = convert(values, self._value_dtype, "values")
            with scopes.colocate_with(handle):
                found: Operation = apply("LookupTableInsertV2", handle, keys, values)
        return found

    def remove(self, keys: Any, name: str | None = None) -> Operation:
        """Returns the operation that forgets keys; those that are not there do not matter.

        Args:
            keys: a tensor.
            name: the scope of the nodes.

        Raises:
            TypeError: if the keys have another type.
        """
        if keys.dtype != self._key_dtype:
            raise TypeError(
                f"Signature mismatch. Keys must be dtype {self._key_dtype}, got {keys.dtype}."
            )
        inputs = [self.resource_handle, keys, self._default_value]
        with scopes.name_scope(name, f"{self.name}_lookup_table_remove", inputs):
            found: Operation = apply("LookupTableRemoveV2", self.resource_handle, keys)
        return found

    def export(self, name: str | None = None) -> tuple[Tensor, Tensor]:
        """Returns all keys and their values.

        Args:
            name: the scope of the nodes.
        """
        handle = self.resource_handle
        with (
            scopes.name_scope(name, f"{self.name}_lookup_table_export_values", [handle]),
            scopes.colocate_with(handle),
        ):
            keys, values = apply(
                "LookupTableExportV2", handle, Tkeys=self._key_dtype, Tvalues=self._value_dtype
            )
        return keys, values


@export("contrib.lookup.MutableHashTable")
class MutableHashTable(_ChangingTable):
    """A table that changes while the graph runs.

    Args:
        key_dtype: the type of the keys.
        value_dtype: the type of the values.
        default_value: what stands for a key that is not there: a scalar, or a vector; values have
            its shape.
        name: the node's name.
        checkpoint: whether savers save the table.
    """

    def __init__(
        self,
        key_dtype: Any,
        value_dtype: Any,
        default_value: Any,
        name: str = "MutableHashTable",
        checkpoint: bool = True,
    ) -> None:
        self._default_value = convert(default_value, as_dtype(value_dtype))
        super().__init__(key_dtype, value_dtype, name, checkpoint)

    def _create_resource(self) -> Tensor:
        shape = self._default_value.get_shape()
        options: dict[str, Any] = {"use_node_name_sharing": self._checkpoint, "name": self._name}
        kinds: dict[str, Any] = {"key_dtype": self._key_dtype, "value_dtype": self._value_dtype}
        if shape.ndims == 0:
            found: Tensor = apply("MutableHashTableV2", **kinds, **options)
        else:
            found = apply("MutableHashTableOfTensorsV2", value_shape=shape, **kinds, **options)
        return found

    def _asked(self, keys: Any) -> list[Any]:
        return [self.resource_handle, keys, self._default_value]


@export("lookup.experimental.DenseHashTable", "contrib.lookup.MutableDenseHashTable")
class DenseHashTable(_ChangingTable):
    """A table that changes while the graph runs, in a plain row of buckets.

    Args:
        key_dtype: the type of the keys.
        value_dtype: the type of the values.
        default_value: what stands for a key that is not there; values have its shape.
        empty_key: a key that is never used: it marks empty buckets. Keys have its shape.
        deleted_key: another one: it marks buckets whose key was removed.
        initial_num_buckets: how many buckets there are at first, a power of 2.
        name: the node's name.
        checkpoint: whether savers save the table.
    """

    def __init__(
        self,
        key_dtype: Any,
        value_dtype: Any,
        default_value: Any,
        empty_key: Any,
        deleted_key: Any,
        initial_num_buckets: int | None = None,
        name: str = "MutableDenseHashTable",
        checkpoint: bool = True,
    ) -> None:
        key = as_dtype(key_dtype)
        self._default_value = convert(default_value, as_dtype(value_dtype), "default_value")
        self._initial_num_buckets = initial_num_buckets
        self._empty_key: Tensor = convert(empty_key, key, "empty_key")
        self._deleted_key: Tensor = convert(deleted_key, key, "deleted_key")
        super().__init__(key_dtype, value_dtype, name, checkpoint)

    def _create_resource(self) -> Tensor:
        found: Tensor = apply(
            "MutableDenseHashTableV2",
            self._empty_key,
            self._deleted_key,
            use_node_name_sharing=self._checkpoint,
            value_dtype=self._value_dtype,
            value_shape=self._default_value.get_shape(),
            initial_num_buckets=self._initial_num_buckets,
            name=self._name,
        )
        return found

    def insert_or_assign(self, keys: Any, values: Any, name: str | None = None) -> Operation:
        """As `insert`."""
        return self.insert(keys, values, name)

    def erase(self, keys: Any, name: str | None = None) -> Operation:
        """As `remove`."""
        return self.remove(keys, name)
