"""Lookup tables as operations: made, filled, asked, changed, exported.

Each comes twice: with a resource handle (HashTableV2 ...), which the classes declare, and the
older form with a reference (HashTable ...), which old graph files hold.
"""

from __future__ import annotations

import sys
from typing import Any, Final

import numpy as np

from graphflow.core.dtypes import DType, short_name
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, count, text
from graphflow.core.state import Store
from graphflow.ops._lookup_dense import DenseTable
from graphflow.ops._lookup_file import read_table
from graphflow.ops._lookup_tables import StaticTable, Table
from graphflow.ops._shapes import need_rank, need_rank_at_most
from graphflow.ops._strings import as_bytes, as_text

Array = np.ndarray[Any, Any]
_NO_GRADIENT: Final = "a table's answers do not depend on values continuously"
_SILENT: Final = frozenset(
    {
        "HashTable", "InitializeTable", "LookupTableFind", "LookupTableInsert", "LookupTableSize",
        "MutableDenseHashTable", "MutableHashTable", "MutableHashTableOfTensors",
    }
)  # fmt: skip
"""The types that TensorFlow says have no gradient; differentiating others raises."""
_KINDS: Final = "key_dtype: type, value_dtype: type"
_PLACE: Final = (
    "container: string = '', shared_name: string = '', use_node_name_sharing: bool = False"
)


def _both(name: str, signature: str, kernel: Any, shape: Any, **facets: Any) -> None:
    """Defines an operation on a handle in its two forms."""
    makes = "-> table_handle" in signature
    for suffix, handle in (("V2", "resource"), ("", "Ref(string)")):
        made = signature.replace("HANDLE", handle)
        if makes and not suffix:
            made += ","
        new = define(name + suffix + made, stateful=makes or bool(suffix), shape=shape, **facets)
        new.no_gradient(_NO_GRADIENT, raises=name not in _SILENT)
        new.numpy(kernel)
        new.host_only("tables are Python objects")
        new.module = sys._getframe(0).f_globals["__name__"]


# --- making tables ---
def _no_size(op: Operation) -> list[Dims]:
    return [()]


def _kept(store: Store, container: str, name: str, made: Any) -> Table:
    """The table of that name; made on first use.

    Raises:
        KernelError: if there is one with other types.
    """
    table: Table = store.cell(container, f"table {name}", made)
    return table


def _checked(table: Table, key_dtype: DType, value_dtype: DType, name: str) -> Table:
    have, want = (table.key_dtype, table.value_dtype), (key_dtype, value_dtype)
    if have != want:
        raise KernelError(
            f"Conflicting key/value dtypes {short_name(want[0])}->{short_name(want[1])} with "
            f"{short_name(have[0])}-{short_name(have[1])} for table {name}"
        )
    return table


def _static(
    *, store: Store, name: str, container: str, shared_name: str, key_dtype: DType,
    value_dtype: DType,
) -> Table:  # fmt: skip
    key = shared_name or name
    table = _kept(store, container, key, lambda: StaticTable(key_dtype, value_dtype))
    return _checked(table, key_dtype, value_dtype, key)


def _mutable(
    *, store: Store, name: str, container: str, shared_name: str, key_dtype: DType,
    value_dtype: DType,
) -> Table:  # fmt: skip
    key = shared_name or name
    table = _kept(store, container, key, lambda: Table(key_dtype, value_dtype))
    return _checked(table, key_dtype, value_dtype, key)


def _of_tensors(
    *, store: Store, name: str, container: str, shared_name: str, key_dtype: DType,
    value_dtype: DType, value_shape: Any,
) -> Table:  # fmt: skip
    if value_shape is None or len(value_shape) != 1:
        raise KernelError(f"Default value must be a vector, got shape {text(value_shape)}")
    key = shared_name or name
    table = _kept(store, container, key, lambda: Table(key_dtype, value_dtype, value_shape))
    return _checked(table, key_dtype, value_dtype, key)


_both("HashTable", f"(*, {_PLACE}, {_KINDS}) -> table_handle: HANDLE", _static, _no_size)
_both("MutableHashTable", f"(*, {_PLACE}, {_KINDS}) -> table_handle: HANDLE", _mutable, _no_size)
_both(
    "MutableHashTableOfTensors",
    f"(*, {_PLACE}, {_KINDS}, value_shape: shape = []) -> table_handle: HANDLE",
    _of_tensors,
    _no_size,
)

_DENSE: Final = (
    f", *, {_PLACE}, {_KINDS}, value_shape: shape = [], initial_num_buckets: int = 131072, "
    "max_load_factor: float = 0.800000011920929) -> table_handle: "
)
DENSE_V2 = define(
    f"MutableDenseHashTableV2(empty_key: key_dtype, deleted_key: key_dtype{_DENSE}resource",
    stateful=True,
    shape=_no_size,
).no_gradient(_NO_GRADIENT)
DENSE = define(
    f"MutableDenseHashTable(empty_key: key_dtype{_DENSE}Ref(string),",
    stateful=True,
    shape=_no_size,
).no_gradient(_NO_GRADIENT)


@DENSE_V2.numpy
def _(
    empty_key: Array, deleted_key: Array, *, store: Store, name: str, container: str,
    shared_name: str, key_dtype: DType, value_dtype: DType, value_shape: Any,
    initial_num_buckets: int, max_load_factor: float,
) -> Table:  # fmt: skip
    key = shared_name or name

    def make() -> Table:
        kinds = (key_dtype, value_dtype, value_shape)
        load = float(np.float32(max_load_factor))
        return DenseTable(empty_key, deleted_key, *kinds, initial_num_buckets, load)

    return _checked(_kept(store, container, key, make), key_dtype, value_dtype, key)


@DENSE.numpy
def _(
    empty_key: Array, *, store: Store, name: str, container: str, shared_name: str,
    key_dtype: DType, value_dtype: DType, value_shape: Any, initial_num_buckets: int,
    max_load_factor: float,
) -> Table:  # fmt: skip
    # The older form knows no removals; any key that is not the empty one marks nothing.
    other = np.array(b"\0removed", object) if empty_key.dtype == object else ~empty_key
    key = shared_name or name

    def make() -> Table:
        kinds = (key_dtype, value_dtype, value_shape)
        load = float(np.float32(max_load_factor))
        deleted = np.broadcast_to(other, empty_key.shape)
        return DenseTable(empty_key, deleted, *kinds, initial_num_buckets, load)

    return _checked(_kept(store, container, key, make), key_dtype, value_dtype, key)


# --- what the other operations share ---
def _table(handle: Any) -> Table:
    """The table behind a handle, also one that went through an array."""
    found: Table = handle.item() if isinstance(handle, np.ndarray) else handle
    return found


def _source(op: Operation) -> Any:
    """The operation that makes the handle; None where only the run knows."""
    return getattr(op.inputs[0], "op", None)


def _made_by(op: Operation) -> str:
    """What kind of table it is; as in TensorFlow, older forms of the operations do not ask."""
    source = _source(op)
    if source is None or not source.type.endswith("V2"):
        return ""
    return str(source.type.removesuffix("V2"))


def _sizes(op: Operation) -> tuple[Dims, Dims]:
    """The shapes of a key and of a value of the table at the first port, as far as known."""
    source = _source(op)
    match _made_by(op):
        case "MutableHashTable":
            return (), ()
        case "MutableHashTableOfTensors":
            return (), source.attrs["value_shape"]
        case "MutableDenseHashTable":
            return source.inputs[0].dims, source.attrs["value_shape"]
    return None, None


def _need_handle(op: Operation) -> None:
    dims = op.inputs[0].dims
    if dims is not None and len(dims) != 0 and not op.inputs[0].dtype.is_ref:
        raise ShapeError(f"Shape must be rank 0 but is rank {len(dims)}")


def _signature(table: Table, keys: DType, values: DType | None, default: DType | None) -> None:
    """Raises KernelError if an operation's types are not those of its table."""
    wanted = (table.key_dtype, table.value_dtype)
    if keys == wanted[0] and all(v is None or v == wanted[1] for v in (values, default)):
        return
    told = []
    for key, value in ((keys, values or default), wanted):
        named = short_name(value) if value is not None else ""
        end = f"->{named}" if default is not None else "->"
        told.append(f"resource, {short_name(key)}, {named}{end}")
    raise KernelError(f"Signature mismatch, have: {told[0]} expected: {told[1]}")


def _nothing(op: Operation) -> list[Dims]:
    _need_handle(op)
    return []


# --- LookupTableFind ---
def _found_shape(op: Operation) -> list[Dims]:
    _need_handle(op)
    need_rank_at_most(op.inputs[2].dims, 1)
    keys = op.inputs[1].dims
    key, value = _sizes(op)
    if key is None or value is None or keys is None:
        return [None]
    return [(*keys[: len(keys) - len(key)], *value)]


def _find(handle: Any, keys: Array, default: Array, *, Tin: DType, Tout: DType) -> Array:  # noqa: N803 (TensorFlow's attribute)
    table = _table(handle)
    _signature(table, Tin, Tout, Tout)
    return table.find(keys, default)


_both(
    "LookupTableFind",
    "(table_handle: HANDLE, keys: Tin, default_value: Tout) -> values: Tout",
    _find,
    _found_shape,
)


# --- LookupTableInsert, LookupTableRemoveV2, LookupTableImport ---
def _insert(handle: Any, keys: Array, values: Array, *, Tin: DType, Tout: DType) -> None:  # noqa: N803 (TensorFlow's attribute)
    table = _table(handle)
    _signature(table, Tin, Tout, None)
    table.insert(keys, values)


def _imported_shape(op: Operation) -> list[Dims]:
    _need_handle(op)
    if _made_by(op) == "HashTable" and op.inputs[1].dims is not None:
        _same_vectors(need_rank(op.inputs[1].dims, 1), op.inputs[2].dims)
    return []


def _same_vectors(keys: Dims, values: Dims) -> None:
    if keys is None or values is None or len(keys) != len(values):
        return
    for i, (a, b) in enumerate(zip(keys, values, strict=True)):
        if None not in (a, b) and a != b:
            raise ShapeError(
                f"Dimension {i} in both shapes must be equal, but are {a} and {b}. Shapes are "
                f"{text(keys)} and {text(values)}.",
                run=f"Expected shape {text(keys)} for value, got {text(values)}",
            )


def _import(handle: Any, keys: Array, values: Array, *, Tin: DType, Tout: DType) -> None:  # noqa: N803 (TensorFlow's attribute)
    table = _table(handle)
    _signature(table, Tin, Tout, None)
    table.take_over(keys, values)


_PAIR: Final = "(table_handle: HANDLE, keys: Tin, values: Tout)"
_both("LookupTableInsert", _PAIR, _insert, _nothing)
_both("LookupTableImport", _PAIR, _import, _imported_shape)

REMOVE = define(
    "LookupTableRemoveV2(table_handle: resource, keys: Tin)", stateful=True, shape=_nothing
).no_gradient(_NO_GRADIENT, raises=True)


@REMOVE.numpy
def _(handle: Any, keys: Array, *, Tin: DType) -> None:  # noqa: N803 (TensorFlow's attribute)
    table = _table(handle)
    _signature(table, Tin, None, None)
    table.remove(keys)


# --- LookupTableSize, LookupTableExport ---
def _size_shape(op: Operation) -> list[Dims]:
    _need_handle(op)
    return [()]


def _size(handle: Any) -> Array:
    return np.array(_table(handle).size, np.int64)


def _export_shape(op: Operation) -> list[Dims]:
    _need_handle(op)
    key, value = _sizes(op)
    if _made_by(op) == "MutableDenseHashTable":  # TensorFlow's rule forgets an axis here
        return [(None, 1 if key == () else count(key)), (None, count(value))]
    return [(None,), None if value is None else (None, *value)]


def _export(handle: Any, *, Tkeys: DType, Tvalues: DType) -> tuple[Array, Array]:  # noqa: N803 (TensorFlow's attribute)
    return _table(handle).export()


_both("LookupTableSize", "(table_handle: HANDLE) -> size: int64", _size, _size_shape)
_both(
    "LookupTableExport",
    "(table_handle: HANDLE, *, Tkeys: type, Tvalues: type) -> keys: Tkeys, values: Tvalues",
    _export,
    _export_shape,
)


# --- InitializeTable, InitializeTableFromTextFile ---
def _initialized_shape(op: Operation) -> list[Dims]:
    _need_handle(op)
    shown = text(op.inputs[1].dims)
    need_rank(op.inputs[1].dims, 1, f"Keys must be a vector, but received shape{shown}")
    keys, values = op.inputs[1].dims, op.inputs[2].dims
    if keys and values and None not in (keys[0], values[0]) and keys[0] != values[0]:
        raise ShapeError(
            f"Dimension 0 in both shapes must be equal, but are {keys[0]} and {values[0]}. "
            f"Shapes are {text(keys)} and {text(values)}.",
            run=f"Keys and values must have the same size {keys[0]} vs {values[0]}",
        )
    return []


def _initialize(handle: Any, keys: Array, values: Array, *, Tkey: DType, Tval: DType) -> None:  # noqa: N803 (TensorFlow's attribute)
    table = _table(handle)
    _signature(table, Tkey, Tval, None)
    table.initialize(keys, values)


_both(
    "InitializeTable",
    "(table_handle: HANDLE, keys: Tkey, values: Tval)",
    _initialize,
    _initialized_shape,
)


def _from_file_shape(op: Operation) -> list[Dims]:
    _need_handle(op)
    need_rank(op.inputs[1].dims, 0)
    return []


def _from_file(
    handle: Any, filename: Array, *, vocab_size: int, key_index: int, value_index: int,
    delimiter: str,
) -> None:  # fmt: skip
    table = _table(handle)
    if not isinstance(table, StaticTable):
        raise KernelError("Table does not support initialization from a file")
    path = as_text(filename.item())
    if not table.initialized:
        found = read_table(table, path, vocab_size, key_index, value_index, as_bytes(delimiter))
        table.initialize(*found)


_both(
    "InitializeTableFromTextFile",
    "(table_handle: HANDLE, filename: string, *, vocab_size: int = -1, key_index: int, "
    "value_index: int, delimiter: string = '\\t')",
    _from_file,
    _from_file_shape,
    vocab_size=-1,
    key_index=-2,
    value_index=-2,
)
