"""Readers as operations, each with a resource handle and, for old graph files, with a reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.state import Store
from graphflow.ops._readers import (
    FixedLengthRecordReader,
    IdentityReader,
    LMDBReader,
    Reader,
    Record,
    TextLineReader,
    TFRecordReader,
    WholeFileReader,
)
from graphflow.ops.queue_ops import NO_GRADIENT, both, handle_shape, resource, scalar_outputs, thing

Array = np.ndarray[Any, Any]

_NAMES: Final = "container: string = '', shared_name: string = '') -> reader_handle: HANDLE"


def _made(store: Store, kind: str, container: str, shared_name: str, name: str, make: Any) -> Any:
    found = resource(store, "reader", container, shared_name, name, make)
    if found.kind != kind:
        raise KernelError(f"Shared reader '{shared_name}' is a {found.kind}, not a {kind}")
    return found


# --- IdentityReader, WholeFileReader, LMDBReader ---
def _plain(cls: type[Reader]) -> Callable[[str], Any]:
    def kernel(op_type: str) -> Any:
        def run(*, store: Store, name: str, container: str, shared_name: str) -> Reader:
            found: Reader = _made(
                store,
                cls.kind,
                container,
                shared_name,
                name,
                lambda shown: cls(name, container, shown),
            )
            return found

        return run

    return kernel


both("IdentityReader", f"(*, {_NAMES}", _plain(IdentityReader), shape=handle_shape)
both("WholeFileReader", f"(*, {_NAMES}", _plain(WholeFileReader), shape=handle_shape)
LMDB_READER = define(
    "LMDBReader(*, " + _NAMES.replace("HANDLE", "Ref(string)") + ",", stateful=True,
    shape=handle_shape,
)  # fmt: skip
LMDB_READER.no_gradient(NO_GRADIENT).numpy(_plain(LMDBReader)("LMDBReader"))


# --- TextLineReader, TFRecordReader, FixedLengthRecordReader ---
def _text_lines(op_type: str) -> Any:
    def run(
        *, store: Store, name: str, container: str, shared_name: str, skip_header_lines: int
    ) -> Any:
        if skip_header_lines < 0:
            raise KernelError(f"skip_header_lines must be >= 0 not {skip_header_lines}")

        def make(shown: str) -> Reader:
            return TextLineReader(name, container, shown, skip_header_lines)

        return _made(store, TextLineReader.kind, container, shared_name, name, make)

    return run


def _records(op_type: str) -> Any:
    def run(
        *, store: Store, name: str, container: str, shared_name: str, compression_type: str
    ) -> Any:
        def make(shown: str) -> Reader:
            return TFRecordReader(name, container, shown, compression_type)

        return _made(store, TFRecordReader.kind, container, shared_name, name, make)

    return run


def _pieces(
    store: Store, container: str, shared_name: str, name: str, sizes: dict[str, int], encoding: str
) -> Any:
    for key, size in sizes.items():
        if size < 0:
            raise KernelError(f"{key} must be >= 0 not {size}")

    def make(shown: str) -> Reader:
        return FixedLengthRecordReader(name, container, shown, encoding=encoding, **sizes)

    return _made(store, FixedLengthRecordReader.kind, container, shared_name, name, make)


_SIZES: Final = (
    "header_bytes: int = 0, record_bytes: int, footer_bytes: int = 0, hop_bytes: int = 0"
)
both("TextLineReader", f"(*, skip_header_lines: int = 0, {_NAMES}", _text_lines, shape=handle_shape)
both(
    "TFRecordReader", f"(*, {_NAMES}".replace(") ->", ", compression_type: string = '') ->"),
    _records, shape=handle_shape,
)  # fmt: skip
_FIXED_V2 = define(
    f"FixedLengthRecordReaderV2(*, {_SIZES}, "
    + _NAMES.replace(") ->", ", encoding: string = '') ->").replace("HANDLE", "resource"),
    stateful=True,
    shape=handle_shape,
).no_gradient(NO_GRADIENT, raises=True)
_FIXED = define(
    f"FixedLengthRecordReader(*, {_SIZES}, {_NAMES.replace('HANDLE', 'Ref(string)')},",
    stateful=True,
    shape=handle_shape,
).no_gradient(NO_GRADIENT)


@_FIXED_V2.numpy
def _(
    *,
    store: Store,
    name: str,
    container: str,
    shared_name: str,
    header_bytes: int,
    record_bytes: int,
    footer_bytes: int,
    hop_bytes: int,
    encoding: str,
) -> Any:
    sizes = {
        "header_bytes": header_bytes, "record_bytes": record_bytes, "footer_bytes": footer_bytes,
        "hop_bytes": hop_bytes,
    }  # fmt: skip
    return _pieces(store, container, shared_name, name, sizes, encoding)


@_FIXED.numpy
def _(
    *,
    store: Store,
    name: str,
    container: str,
    shared_name: str,
    header_bytes: int,
    record_bytes: int,
    footer_bytes: int,
    hop_bytes: int,
) -> Any:
    sizes = {
        "header_bytes": header_bytes, "record_bytes": record_bytes, "footer_bytes": footer_bytes,
        "hop_bytes": hop_bytes,
    }  # fmt: skip
    return _pieces(store, container, shared_name, name, sizes, "")


# --- ReaderRead, ReaderReadUpTo ---
def _strings(values: list[bytes]) -> Array:
    found = np.empty(len(values), object)
    found[:] = values
    return found


def _scalar(value: bytes) -> Array:
    found = np.empty((), object)
    found[()] = value
    return found


def _read(reader_handle: Any, queue_handle: Any) -> tuple[Array, Array]:
    key, value = thing(reader_handle).next_record(thing(queue_handle))
    return _scalar(key), _scalar(value)


def _read_up_to(reader_handle: Any, queue_handle: Any, num_records: Array) -> tuple[Array, Array]:
    n = int(num_records.flat[0])
    if n < 0:  # TensorFlow stops the process
        raise KernelError(f"num_records must be >= 0, not {n}")
    found: list[Record] = thing(reader_handle).next_records(thing(queue_handle), n)
    return _strings([key for key, _ in found]), _strings([value for _, value in found])


def _scalars_in(*indices: int) -> Callable[[Operation], list[Dims]]:
    """A shape rule: these inputs are scalars; the outputs are vectors of unknown length."""

    def rule(op: Operation) -> list[Dims]:
        for i in indices:
            dims = op.inputs[i].dims
            if dims is not None and dims != ():
                raise ShapeError(f"Shape must be rank 0 but is rank {len(dims)}")
        return [(None,)] * len(op.outputs)

    return rule


both(
    "ReaderRead", "(reader_handle: HANDLE, queue_handle: HANDLE) -> key: string, value: string",
    _read, shape=scalar_outputs, waits="take",
)  # fmt: skip
both(
    "ReaderReadUpTo",
    "(reader_handle: HANDLE, queue_handle: HANDLE, num_records: int64) "
    "-> keys: string, values: string",
    _read_up_to,
    shape=_scalars_in(2),
    waits="take",
)


# --- the state of a reader ---
def _num_records(reader_handle: Any) -> Array:
    return np.array(thing(reader_handle).produced, np.int64)


def _num_work_units(reader_handle: Any) -> Array:
    return np.array(thing(reader_handle).finished, np.int64)


def _serialize(reader_handle: Any) -> Array:
    return _scalar(thing(reader_handle).state())


def _restore(reader_handle: Any, state: Array) -> None:
    thing(reader_handle).restore(state.item())


def _reset(reader_handle: Any) -> None:
    thing(reader_handle).reset()


both(
    "ReaderNumRecordsProduced", "(reader_handle: HANDLE) -> records_produced: int64", _num_records,
    shape=scalar_outputs,
)  # fmt: skip
both(
    "ReaderNumWorkUnitsCompleted", "(reader_handle: HANDLE) -> units_completed: int64",
    _num_work_units, shape=scalar_outputs,
)  # fmt: skip
both(
    "ReaderSerializeState", "(reader_handle: HANDLE) -> state: string", _serialize,
    shape=scalar_outputs,
)  # fmt: skip
both("ReaderRestoreState", "(reader_handle: HANDLE, state: string)", _restore, shape=_scalars_in(1))
both("ReaderReset", "(reader_handle: HANDLE)", _reset)
