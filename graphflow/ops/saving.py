"""Files and checkpoints as operations: SaveV2, RestoreV2, ReadFile and their kin."""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from graphflow.core.collections import GraphKeys
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, short_name
from graphflow.core.errors import KernelError, NotFoundError, ShapeError
from graphflow.core.export import export
from graphflow.core.late import provide
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.formats.bundle_writer import merge_bundles, write_bundle
from graphflow.formats.checkpoint_v1 import open_checkpoint
from graphflow.formats.checkpoint_v1_writer import write_v1
from graphflow.formats.durable import file_errors
from graphflow.formats.meta_graph_collections import Registration
from graphflow.formats.tensor_slice import parse_spec
from graphflow.ops.variables import Variable

Array = np.ndarray[Any, Any]
_ABOUT_FILES: Final = "is about files"


# --- what the kernels share ---
def _text(array: Array) -> str:
    """The text in a scalar of strings."""
    value = array.item() if array.size == 1 else array[()]
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else str(value)


def _texts(array: Array) -> list[str]:
    return [v.decode(errors="surrogateescape") for v in array.reshape(-1).tolist()]


def _string(value: str) -> Array:
    found = np.empty((), object)
    found[()] = value.encode(errors="surrogateescape")
    return found


def _vectors(op: Operation, *indices: int) -> None:
    """Raises ShapeError unless these inputs are vectors, and all others scalars."""
    for i in indices:
        dims = op.inputs[i].dims
        if dims is not None and len(dims) != 1:
            raise ShapeError(f"Shape must be rank 1 but is rank {len(dims)}: {text(dims)}")


def _scalars(op: Operation) -> list[Dims]:
    for tensor in op.inputs:
        if tensor.dims:
            raise ShapeError(f"Shape must be rank 0 but is rank {len(tensor.dims)}")
    return [()] * len(op.outputs)


# --- SaveV2 ---
SAVE_V2 = define(
    "SaveV2(prefix: string, tensor_names: string, shape_and_slices: string, tensors: dtypes...)",
    stateful=True,
    dtypes=1,
).no_gradient(_ABOUT_FILES)
SAVE_SLICES = define(
    "SaveSlices(filename: string, tensor_names: string, shapes_and_slices: string, data: T...)",
    stateful=True,
    T=1,
).no_gradient(_ABOUT_FILES)
SAVE = define(
    "Save(filename: string, tensor_names: string, data: T...)", stateful=True, T=1
).no_gradient(_ABOUT_FILES)


def _saved_shape(op: Operation) -> list[Dims]:
    names = 3 if op.type == "SaveV2" or op.type == "SaveSlices" else 2
    _vectors(op, *range(1, names))
    count = len(op.inputs) - names
    for i in range(1, names):
        dims = op.inputs[i].dims
        if dims is not None and dims[0] not in (None, count):
            raise ShapeError(f"Dimension must be {count} but is {dims[0]}")
    return []


SAVE_V2.shape(_saved_shape)
SAVE_SLICES.shape(_saved_shape)
SAVE.shape(_saved_shape)


def _make_directory(prefix: str) -> None:
    """Makes the directory of a checkpoint, as TensorFlow does only if its parent is there."""
    parent = os.path.dirname(prefix)
    if parent and not os.path.isdir(parent):
        with file_errors(prefix):
            os.mkdir(parent)


@SAVE_V2.numpy
def _(prefix: Array, names: Array, specs: Array, tensors: Sequence[Array]) -> None:
    path = _text(prefix)
    _make_directory(path)
    write_bundle(path, zip(_texts(names), tensors, _texts(specs), strict=True))


@SAVE_SLICES.numpy
def _(filename: Array, names: Array, specs: Array, data: Sequence[Array]) -> None:
    write_v1(_text(filename), zip(_texts(names), data, _texts(specs), strict=True))


@SAVE.numpy
def _(filename: Array, names: Array, data: Sequence[Array]) -> None:
    write_v1(_text(filename), [(n, x, "") for n, x in zip(_texts(names), data, strict=True)])


# --- RestoreV2, Restore, RestoreSlice ---
RESTORE_V2 = define(
    "RestoreV2(prefix: string, tensor_names: string, shape_and_slices: string, *, "
    "dtypes: list(type)) -> tensors: dtypes...",
    stateful=True,
    dtypes=1,
).no_gradient(_ABOUT_FILES)
RESTORE = define(
    "Restore(file_pattern: string, tensor_name: string, *, dt: type, preferred_shard: int = -1) "
    "-> tensor: dt",
    stateful=True,
).no_gradient(_ABOUT_FILES)
RESTORE_SLICE = define(
    "RestoreSlice(file_pattern: string, tensor_name: string, shape_and_slice: string, *, "
    "dt: type, preferred_shard: int = -1) -> tensor: dt",
    stateful=True,
).no_gradient(_ABOUT_FILES)


def _slice_dims(spec: str) -> Dims:
    """The shape of what a specification names; nothing is known where it names the whole."""
    parsed = parse_spec(spec)
    return None if parsed is None else tuple(b - a for a, b in parsed[1].within(parsed[0]))


@RESTORE_V2.shape
def _(op: Operation) -> list[Dims]:
    _vectors(op, 1, 2)
    specs = op.constant(2)
    if specs is None or specs.size != len(op.outputs):
        return [None] * len(op.outputs)
    return [_slice_dims(spec) for spec in _texts(specs)]


@RESTORE.shape
def _(op: Operation) -> list[Dims]:
    _scalars(op)
    return [None]


@RESTORE_SLICE.shape
def _(op: Operation) -> list[Dims]:
    _scalars(op)
    spec = op.constant(2)
    return [None if spec is None else _slice_dims(_text(spec))]


def _restored(prefix: str, wanted: Sequence[tuple[str, str, DType]]) -> list[Array]:
    """Reads (name, slice, type) of a checkpoint of either format."""
    reader = open_checkpoint(prefix)
    try:
        stored = reader.dtype_shape_map()
        found = []
        for name, spec, dtype in wanted:
            if name in stored and stored[name][0] != dtype:
                raise KernelError(
                    f"tensor_name = {name}; expected dtype {short_name(dtype)} "
                    f"does not equal original dtype {short_name(stored[name][0])}"
                )
            found.append(reader.read(name, spec))
        return found
    finally:
        reader.close()


@RESTORE_V2.numpy
def _(prefix: Array, names: Array, specs: Array, *, dtypes: list[DType]) -> tuple[Array, ...]:
    wanted = list(zip(_texts(names), _texts(specs), dtypes, strict=True))
    return tuple(_restored(_text(prefix), wanted))


@RESTORE.numpy
def _(pattern: Array, tensor_name: Array, *, dt: DType) -> Array:
    return _restored(_text(pattern), [(_text(tensor_name), "", dt)])[0]


@RESTORE_SLICE.numpy
def _(pattern: Array, tensor_name: Array, spec: Array, *, dt: DType) -> Array:
    return _restored(_text(pattern), [(_text(tensor_name), _text(spec), dt)])[0]


# --- MergeV2Checkpoints ---
MERGE_V2 = define(
    "MergeV2Checkpoints(checkpoint_prefixes: string, destination_prefix: string, *, "
    "delete_old_dirs: bool = True)",
    stateful=True,
).no_gradient(_ABOUT_FILES)


@MERGE_V2.shape
def _(op: Operation) -> list[Dims]:
    _vectors(op, 0)
    return []


@MERGE_V2.numpy
def _(prefixes: Array, destination: Array, *, delete_old_dirs: bool) -> None:
    parts = _texts(prefixes)
    merge_bundles(parts, _text(destination))
    if delete_old_dirs:
        kept = os.path.dirname(_text(destination))
        for directory in {os.path.dirname(part) for part in parts} - {kept}:
            with contextlib.suppress(OSError):  # somebody else's file is in it
                os.rmdir(directory)


# --- ShardedFilename, ShardedFilespec ---
SHARDED_FILENAME = define(
    "ShardedFilename(basename: string, shard: int32, num_shards: int32) -> filename: string",
    shape=_scalars,
).no_gradient(_ABOUT_FILES)
SHARDED_FILESPEC = define(
    "ShardedFilespec(basename: string, num_shards: int32) -> filename: string", shape=_scalars
).no_gradient(_ABOUT_FILES)


@SHARDED_FILENAME.numpy
def _(basename: Array, shard: Array, num_shards: Array) -> Array:
    return _string(f"{_text(basename)}-{int(shard):05d}-of-{int(num_shards):05d}")


@SHARDED_FILESPEC.numpy
def _(basename: Array, num_shards: Array) -> Array:
    return _string(f"{_text(basename)}-?????-of-{int(num_shards):05d}")


# --- ReadFile, WriteFile, MatchingFiles ---
READ_FILE = define("ReadFile(filename: string) -> contents: string", shape=_scalars).no_gradient(
    _ABOUT_FILES
)
WRITE_FILE = define(
    "WriteFile(filename: string, contents: string)", stateful=True, shape=_scalars
).no_gradient(_ABOUT_FILES)
MATCHING_FILES = define("MatchingFiles(pattern: string) -> filenames: string").no_gradient(
    _ABOUT_FILES
)


@READ_FILE.numpy
def _(filename: Array, *, name: str) -> Array:  # with a name, no plan takes it for a constant
    path = _text(filename)
    try:
        with file_errors(path):
            contents = Path(path).read_bytes()
    except NotFoundError:
        raise KernelError(f"{path}; No such file or directory", NotFoundError) from None
    found = np.empty((), object)
    found[()] = contents
    return found


@WRITE_FILE.numpy
def _(filename: Array, contents: Array) -> None:
    path = Path(_text(filename))
    with file_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents.item())


@MATCHING_FILES.shape
def _(op: Operation) -> list[Dims]:
    return [(None,)]


@MATCHING_FILES.numpy
def _(pattern: Array, *, name: str) -> Array:
    files = sorted({f for p in _texts(pattern) for f in glob.glob(p)})
    found = np.empty(len(files), object)
    found[:] = [f.encode(errors="surrogateescape") for f in files]
    return found


for _definition in (READ_FILE, MATCHING_FILES, RESTORE_V2, SAVE_V2):
    _definition.host_only(_ABOUT_FILES)


@export("read_file", "io.read_file")
def read_file(filename: Any, name: str | None = None) -> Tensor:
    """Returns the contents of a file, a string scalar.

    Args:
        filename: a string scalar.
        name: the node's name.
    """
    found: Tensor = apply(READ_FILE, filename, name=name)
    return found


@export("write_file", "io.write_file")
def write_file(filename: Any, contents: Any, name: str | None = None) -> Operation:
    """Returns an operation that gives a file new contents; directories are made if need be.

    Args:
        filename: a string scalar.
        contents: a string scalar.
        name: the node's name.
    """
    made: Operation = apply(WRITE_FILE, filename, contents, name=name)
    return made


@export("matching_files", "io.matching_files")
def matching_files(pattern: Any, name: str | None = None) -> Tensor:
    """Returns the names of the files that match shell patterns, sorted, each once.

    Args:
        pattern: a string scalar or vector; wildcards only in the file's name, not in directories.
        name: the node's name.
    """
    found: Tensor = apply(MATCHING_FILES, pattern, name=name)
    return found


def save_v2(
    prefix: Tensor, names: Sequence[str], specs: Sequence[str], tensors: Sequence[Any]
) -> Operation:
    """Returns an operation that writes tensors into a checkpoint.

    Args:
        prefix: of the checkpoint's file names.
        names: of the tensors in the checkpoint.
        specs: which part of a larger tensor each is, "" for a whole one.
        tensors: the tensors.
    """
    made: Operation = apply(SAVE_V2, prefix, list(names), list(specs), list(tensors))
    return made


def restore_v2(
    prefix: Any,
    names: Sequence[str],
    specs: Sequence[str],
    dtypes: Sequence[DType],
    name: str | None = None,
) -> list[Tensor]:
    """Returns tensors whose values are those in a checkpoint.

    Args:
        prefix: of the checkpoint's file names.
        names: of the tensors in the checkpoint.
        specs: which part of each, "" for all of it.
        dtypes: their types.
        name: the node's name.
    """
    found: list[Tensor] = apply(
        RESTORE_V2, prefix, list(names), list(specs), dtypes=list(dtypes), name=name
    )
    return found


# --- variables in meta graphs ---
def _variable_def(variable: Any, export_scope: str | None = None) -> Any:
    return variable.to_proto(export_scope=export_scope)


def _variables() -> Registration:
    return Registration("VariableDef", _variable_def, Variable.from_proto)


for _key in (*GraphKeys._VARIABLE_COLLECTIONS, GraphKeys.GLOBAL_STEP):
    provide(f"collection/{_key}")(_variables)
