"""Tensors as serialized messages, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, as_dtype, short_name
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.formats import proto, varint
from graphflow.formats.tensor_proto import decode_tensor
from graphflow.ops._strings import as_text, items, strings

Array = np.ndarray[Any, Any]

# --- SerializeTensor ---
SERIALIZE_TENSOR = define("SerializeTensor(tensor: T) -> serialized: string").no_gradient(
    "makes bytes"
)


@SERIALIZE_TENSOR.shape
def _(op: Operation) -> list[Dims]:
    return [()]


def serialized(x: Array, dtype: DType) -> bytes:
    """A tensor as a TensorProto, with the numbers as raw bytes."""
    sizes = [varint.put_bytes(2, b"\x08" + varint.put(n) if n else b"") for n in x.shape]
    head = b"\x08" + varint.put(dtype.as_datatype_enum) + varint.put_bytes(2, b"".join(sizes))
    if dtype.kind == "S":
        return head + b"".join([varint.put_bytes(8, value) for value in items(x)])
    raw = np.ascontiguousarray(x, x.dtype.newbyteorder("<")).tobytes()
    return head + (varint.put_bytes(4, raw) if raw else b"")


@SERIALIZE_TENSOR.numpy
def _(x: Array, *, T: DType) -> Array:  # noqa: N803 (TensorFlow's attribute)
    return strings([serialized(x, T)], ())


@export("serialize_tensor", "io.serialize_tensor")
def serialize_tensor(tensor: Any, name: str | None = None) -> Tensor:
    """Returns a tensor's type, shape and values as one string.

    Args:
        tensor: a tensor of any type.
        name: the node's name.
    """
    found: Tensor = apply(SERIALIZE_TENSOR, tensor, name=name)
    return found


# --- ParseTensor ---
PARSE_TENSOR = define(
    "ParseTensor(serialized: string, *, out_type: type) -> output: out_type"
).no_gradient("reads bytes")


@PARSE_TENSOR.shape
def _(op: Operation) -> list[Dims]:
    return [None]


@PARSE_TENSOR.numpy
def _(x: Array, *, out_type: DType) -> Array:
    if x.ndim:
        raise KernelError(f"Expected `serialized` to be a scalar, got shape: {text(x.shape)}")
    message = proto.TensorProto()
    try:
        message.ParseFromString(x.item())
    except Exception:  # protobuf's class depends on its version
        raise KernelError(
            f"Could not parse `serialized` as TensorProto: '{as_text(x.item())}'"
        ) from None
    try:
        found = decode_tensor(message)
        stored = as_dtype(message.dtype)
    except (ValueError, TypeError):
        raise KernelError(f"Cannot parse tensor from proto: {message}") from None
    if stored.base_dtype != out_type:
        raise KernelError(
            f"Type mismatch between parsed tensor ({short_name(stored)}) "
            f"and dtype ({short_name(out_type)})"
        )
    return found


@export("parse_tensor", "io.parse_tensor")
def parse_tensor(serialized: Any, out_type: Any, name: str | None = None) -> Tensor:
    """Returns the tensor that a string holds, as `serialize_tensor` writes it.

    Args:
        serialized: a scalar: a serialized TensorProto.
        out_type: the tensor's type.
        name: the node's name.

    Raises:
        InvalidArgumentError: in the run, if it holds no tensor of the type.
    """
    found: Tensor = apply(PARSE_TENSOR, serialized, out_type=out_type, name=name)
    return found
