"""Sparse tensors as three strings (or variants) each, so that they can be batched, and back."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, as_dtype, string, variant
from graphflow.core.dtypes import string as string_type
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import OpDef, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.sparse_tensor import SparseTensor, as_sparse_tensor
from graphflow.core.tensor import Tensor
from graphflow.formats import proto, varint
from graphflow.formats.tensor_proto import decode_tensor
from graphflow.ops._shapes import need_rank
from graphflow.ops._sparse_kernels import check_parts, check_rows, check_valid, in_order
from graphflow.ops._sparse_shapes import SPARSE, need_ranks
from graphflow.ops.parsing_tensor import serialized

Array = np.ndarray[Any, Any]
_FORMS: Final = default((string, variant), string)
_BYTES: Final = "bytes have no slope"


# --- one part as a string or a variant ---
def _packed(x: Array, dtype: DType, form: DType) -> Any:
    """A tensor as an element of the result: bytes, or itself as a variant."""
    if form == variant:
        return x
    if dtype.kind != "S":
        return serialized(x, dtype)
    values = [v if isinstance(v, bytes) else str(v).encode() for v in x.reshape(-1).tolist()]
    content = b"".join([*[varint.put(len(v)) for v in values], *values])
    message = proto.TensorProto(dtype=dtype.as_datatype_enum)
    message.tensor_shape.SetInParent()
    for size in x.shape:
        message.tensor_shape.dim.add(size=size)
    message.tensor_content = content
    return message.SerializeToString()


def _unpacked(element: Any) -> tuple[Array, DType]:
    """The tensor that `_packed` made, and its type."""
    if isinstance(element, np.ndarray | np.generic):
        array = np.asarray(element)
        return array, as_dtype(array.dtype)
    message = proto.TensorProto()
    try:
        message.ParseFromString(element)
        dtype = as_dtype(message.dtype).base_dtype
        if dtype.kind == "S" and message.tensor_content:
            return _strings(message), dtype
        return decode_tensor(message), dtype
    except Exception:  # protobuf's class depends on its version
        raise KernelError("Could not parse serialized proto") from None


def _strings(message: Any) -> Array:
    shape = [dim.size for dim in message.tensor_shape.dim]
    data, at, lengths = message.tensor_content, 0, []
    for _ in range(math.prod(shape)):
        length, at = varint.get(data, at, len(data))
        lengths.append(length)
    found = np.empty(len(lengths), object)
    for i, length in enumerate(lengths):
        found[i] = data[at : at + length]
        at += length
    return found.reshape(shape)


# --- SerializeSparse ---
_INPUTS: Final = "(sparse_indices: int64, sparse_values: T, sparse_shape: int64, *, "


def _serializer(name: str) -> OpDef:
    made = define(f"{name}{_INPUTS}out_type: type) -> serialized_sparse: out_type", out_type=_FORMS)
    return made.no_gradient(_BYTES, raises=True)


SERIALIZE_SPARSE = _serializer("SerializeSparse")
SERIALIZE_MANY_SPARSE = _serializer("SerializeManySparse")


@SERIALIZE_SPARSE.shape
def _(op: Operation) -> list[Dims]:
    need_ranks(op, *SPARSE)
    return [(3,)]


@SERIALIZE_SPARSE.numpy
def _(indices: Array, values: Array, shape: Array, *, T: DType, out_type: DType) -> Array:  # noqa: N803 (TensorFlow's attribute)
    check_parts(indices, values, shape)
    found: Array = _table([(indices, values, shape)], T, out_type)[0]
    return found


def _table(parts: list[tuple[Array, Array, Array]], dtype: DType, form: DType) -> Array:
    """The parts of sparse tensors as elements: [n, 3]."""
    index = as_dtype("int64")
    out = np.empty((len(parts), 3), object)
    for row, (indices, values, shape) in zip(out, parts, strict=True):
        for k, (x, kind) in enumerate(((indices, index), (values, dtype), (shape, index))):
            row[k] = _packed(np.array(x), kind, form)
    return out


@SERIALIZE_MANY_SPARSE.shape
def _(op: Operation) -> list[Dims]:
    need_ranks(op, *SPARSE)
    return [(None, 3)]


@SERIALIZE_MANY_SPARSE.numpy
def _(indices: Array, values: Array, shape: Array, *, T: DType, out_type: DType) -> Array:  # noqa: N803 (TensorFlow's attribute)
    check_parts(indices, values, shape)
    if len(shape) < 2:
        raise KernelError(f"Rank of input SparseTensor should be > 1, but saw rank: {len(shape)}")
    check_rows(indices, values, shape)
    check_valid(indices, shape)
    bounds = np.searchsorted(indices[:, 0], np.arange(int(shape[0]) + 1))
    parts = [(indices[a:b, 1:], values[a:b], shape[1:]) for a, b in pairwise(bounds)]
    return _table(parts, T, out_type)


@export("io.serialize_sparse", "serialize_sparse")
def serialize_sparse(sp_input: Any, name: str | None = None, out_type: Any = string_type) -> Tensor:
    """Returns a sparse tensor as three strings: its places, values and shape.

    Args:
        sp_input: a SparseTensor.
        name: the node's name.
        out_type: string, or variant: the tensors themselves, for use in this process.

    Raises:
        TypeError: if it is not sparse.
    """
    x = as_sparse_tensor(sp_input)
    found: Tensor = apply(
        SERIALIZE_SPARSE, x.indices, x.values, x.dense_shape, out_type=out_type, name=name
    )
    return found


@export("io.serialize_many_sparse", "serialize_many_sparse")
def serialize_many_sparse(
    sp_input: Any, name: str | None = None, out_type: Any = string_type
) -> Tensor:
    """Returns each row of a sparse tensor as three strings: [rows, 3].

    Args:
        sp_input: a SparseTensor of rank 2 at least, in row-major order.
        name: the node's name.
        out_type: string, or variant: the tensors themselves, for use in this process.

    Raises:
        TypeError: if it is not sparse.
        InvalidArgumentError: in a run, if the rank is below 2 or the order wrong.
    """
    x = as_sparse_tensor(sp_input)
    found: Tensor = apply(
        SERIALIZE_MANY_SPARSE, x.indices, x.values, x.dense_shape, out_type=out_type, name=name
    )
    return found


# --- DeserializeSparse, DeserializeManySparse ---
_PARTS: Final = "sparse_indices: int64, sparse_values: dtype, sparse_shape: int64"
DESERIALIZE_SPARSE = define(
    f"DeserializeSparse(serialized_sparse: Tserialized, *, dtype: type) -> {_PARTS}",
    Tserialized=_FORMS,
).no_gradient(_BYTES, raises=True)
DESERIALIZE_MANY_SPARSE = define(
    f"DeserializeManySparse(serialized_sparse: string, *, dtype: type) -> {_PARTS}"
).no_gradient(_BYTES, raises=True)
_UNKNOWN: Final[list[Dims]] = [(None, None), (None,), (None,)]


def _need_three(dims: Dims) -> None:
    """Raises ShapeError unless the last size is, or may be, 3."""
    if dims is None or (dims and dims[-1] in (None, 3)):
        return
    if not dims:
        run = "Serialized sparse should have non-zero rank []"
        raise ShapeError("Shape must be at least rank 1 but is rank 0", run=run)
    raise ShapeError(
        f"Dimension must be 3 but is {dims[-1]}",
        run=f"Serialized sparse should have 3 as the last dimension {text(dims)}",
    )


@DESERIALIZE_SPARSE.shape
def _(op: Operation) -> list[Dims]:
    _need_three(op.inputs[0].dims)
    return list(_UNKNOWN)


@DESERIALIZE_MANY_SPARSE.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    _need_three(dims)
    need_rank(dims, 2)
    return list(_UNKNOWN)


def _read(table: Array, *, dtype: DType) -> tuple[Array, Array, Array]:
    """The sparse tensors of a table [..., 3] put together along as many new axes."""
    outer = table.shape[:-1]
    if 0 in outer:
        raise KernelError(
            "Serialized sparse should have at least 1 serialized tensor, but has a zero dimension "
            f"{text(table.shape)}"
        )
    items = [_sparse(i, row, dtype) for i, row in enumerate(table.reshape(-1, 3))]
    rank = len(items[0][2])
    for i, (_, _, shape) in enumerate(items):
        if len(shape) != rank:
            raise KernelError(
                f"Inconsistent shape across SparseTensors: rank prior to SparseTensor[{i}] was: "
                f"{rank} but rank of SparseTensor[{i}] is: {len(shape)}"
            )
    if not outer:
        return items[0]
    fronts = np.stack(np.unravel_index(np.arange(len(items)), outer), 1)
    lengths = [len(indices) for indices, _, _ in items]
    front = np.repeat(fronts, lengths, axis=0)
    places = np.concatenate([front, np.concatenate([x for x, _, _ in items])], 1)
    values = np.concatenate([v for _, v, _ in items])
    largest = np.max([shape for _, _, shape in items], axis=0)
    whole = np.concatenate([np.array(outer, np.int64), largest]).astype(np.int64)
    return *in_order(places.astype(np.int64), values), whole


def _sparse(i: int, row: Array, dtype: DType) -> tuple[Array, Array, Array]:
    (indices, _), (values, found), (shape, _) = (_unpacked(x) for x in row)
    what = f"SparseTensor[{i}]"
    for x, rank, part in ((indices, 2, "indices"), (values, 1, "values"), (shape, 1, "shape")):
        if x.ndim != rank:
            raise KernelError(f"Expected {what}.{part} to have rank {rank}, saw {text(x.shape)}")
    if found != dtype:
        names = {"float32": "float", "float64": "double", "float16": "half"}
        wanted, own = (names.get(t.name, t.name) for t in (dtype, found))
        raise KernelError(
            f"Requested SparseTensor of type {wanted} but {what}.values.dtype() == {own}"
        )
    if len(indices) != len(values) or indices.shape[1] != len(shape):
        raise KernelError(f"The parts of {what} do not fit together")
    return indices, values, shape


DESERIALIZE_SPARSE.numpy(_read)
DESERIALIZE_MANY_SPARSE.numpy(_read)


@export("io.deserialize_many_sparse", "deserialize_many_sparse")
def deserialize_many_sparse(
    serialized_sparse: Any, dtype: Any, rank: int | None = None, name: str | None = None
) -> SparseTensor:
    """Returns serialized sparse tensors as one, with an axis for their number in front.

    Args:
        serialized_sparse: strings [n, 3], as `serialize_sparse` makes each row.
        dtype: the type of the values.
        rank: the rank of the result, where it is known.
        name: the node's name.

    Returns:
        A SparseTensor as large as the largest of them.

    Raises:
        InvalidArgumentError: in a run, if a string is none, or their types or ranks differ.
    """
    indices, values, shape = apply(
        DESERIALIZE_MANY_SPARSE, serialized_sparse, dtype=dtype, name=name
    )
    indices.set_shape([None, rank])
    shape.set_shape([rank])
    return SparseTensor(indices, values, shape)
