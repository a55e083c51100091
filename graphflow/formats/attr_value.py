"""AttrValue messages: how a graph file holds an operation's attributes.

In goes an attribute as the package keeps it (DType, shape tuple, str, array, number, or a list),
out comes the message; and back. An attribute of the operation's signature is read by its declared
kind; one that is not in the signature (its name begins with "_") by its Python type.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from graphflow.core.dtypes import DType, as_dtype
from graphflow.core.late import provide
from graphflow.core.operation import Operation
from graphflow.core.repeated import Repeated
from graphflow.core.shape import Dims, TensorShape
from graphflow.formats import proto
from graphflow.formats.tensor_proto import decode_constant, encode_tensor

_FIELDS: Final = {
    "int": "i", "float": "f", "bool": "b", "string": "s", "type": "type", "shape": "shape",
    "tensor": "tensor", "func": "func",
}  # fmt: skip
_KINDS: Final = {field: kind for kind, field in _FIELDS.items()}
_UNIFORM: Final = 16
"""A tensor of more equal elements than this is stored as one, as `tf.zeros` does it."""


class AttrError(ValueError):
    """An AttrValue does not hold what the attribute's kind asks for."""


# --- shapes ---
@provide("shape_proto")
def encode_shape(dims: Dims) -> Any:
    """Returns the TensorShapeProto of a raw shape."""
    message = proto.TensorShapeProto()
    if dims is None:
        message.unknown_rank = True
    else:
        for size in dims:
            message.dim.add(size=-1 if size is None else size)
    return message


def decode_shape(message: Any) -> Dims:
    """Returns the raw shape that a TensorShapeProto describes."""
    return TensorShape(message).raw


# --- by kind ---
def encode_attr(kind: str, value: Any) -> Any:
    """Returns the AttrValue of an attribute.

    Args:
        kind: the declared kind, such as "int" or "list(type)".
        value: the value as the package keeps it, or an AttrValue already.
    """
    message = proto.AttrValue()
    if isinstance(value, proto.AttrValue):
        message.CopyFrom(value)
    elif kind.startswith("list("):
        message.list.SetInParent()  # an empty list is not an absent one
        field = _FIELDS[kind[5:-1]]
        getattr(message.list, field).extend([_encoded(kind[5:-1], item) for item in value])
    elif kind in ("shape", "tensor", "func"):
        getattr(message, _FIELDS[kind]).CopyFrom(_encoded(kind, value))
    else:
        setattr(message, _FIELDS[kind], _encoded(kind, value))
    return message


def _encoded(kind: str, value: Any) -> Any:
    match kind:
        case "string":
            return value.encode() if isinstance(value, str) else value
        case "type":
            return value.as_datatype_enum
        case "shape":
            return encode_shape(value)
        case "tensor":
            return _encoded_tensor(value)
        case "func":
            return proto.NameAttrList(name=value) if isinstance(value, str) else value
    return value


def _encoded_tensor(value: np.ndarray[Any, Any] | Repeated) -> Any:
    if isinstance(value, Repeated):
        return encode_tensor(value.head, shape=value.shape)
    if value.size > _UNIFORM and value.dtype.kind != "O":
        # Compared as bytes: nan equals itself, -0.0 is not 0.0.
        rows = np.ascontiguousarray(value).reshape(-1).view(np.uint8).reshape(value.size, -1)
        if (rows == rows[0]).all():
            return encode_tensor(value.reshape(-1)[:1], shape=value.shape)
    return encode_tensor(value)


def decode_attr(kind: str, message: Any) -> Any:
    """Returns an attribute as the package keeps it.

    Args:
        kind: the declared kind.
        message: the AttrValue.

    Raises:
        AttrError: if the message holds another kind.
    """
    given = message.WhichOneof("value")
    if kind.startswith("list("):
        if given != "list":
            raise _wrong_kind(given, kind)
        inner = kind[5:-1]
        others = [f for f, v in message.list.ListFields() if f.name != _FIELDS[inner] and len(v)]
        if others:
            raise _wrong_kind(f"list({_KINDS[others[0].name]})", kind)
        return [_decoded(inner, item) for item in getattr(message.list, _FIELDS[inner])]
    if given != _FIELDS[kind]:
        raise _wrong_kind(given, kind)
    return _decoded(kind, getattr(message, given))


def _wrong_kind(given: str | None, kind: str) -> AttrError:
    if given is None:
        return AttrError(f"AttrValue missing value with expected type '{kind}'")
    return AttrError(
        f"AttrValue had value with type '{_KINDS.get(given, given)}' when '{kind}' expected"
    )


def _decoded(kind: str, value: Any) -> Any:
    match kind:
        case "string":
            return text_or_bytes(value)
        case "type":
            return _decoded_type(value)
        case "shape":
            return decode_shape(value)
        case "tensor":
            return decode_constant(value)
        case "func":
            kept = proto.NameAttrList()
            kept.CopyFrom(value)
            return kept.name if not kept.attr else kept
    return value


def _decoded_type(number: int) -> DType:
    try:
        return as_dtype(number)
    except TypeError as e:
        raise AttrError(f"unknown element type {number}") from e


def text_or_bytes(value: bytes) -> str | bytes:
    """A string attribute as text; as bytes where it is no UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


# --- by Python type, for attributes outside of the signature ---
def encode_untyped(value: Any) -> Any:
    """Returns the AttrValue of an attribute whose kind only its Python type tells.

    Raises:
        TypeError: if it tells none.
    """
    if isinstance(value, list):
        kinds = {_kind_of(item) for item in value} or {"string"}
        if len(kinds) > 1:
            raise TypeError(f"an attribute holds a list of unlike things: {value!r}")
        return encode_attr(f"list({kinds.pop()})", value)
    return encode_attr(_kind_of(value), value)


def _kind_of(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case str() | bytes():
            return "string"
        case DType():
            return "type"
        case tuple() | None:
            return "shape"
        case np.ndarray() | Repeated():
            return "tensor"
    if isinstance(value, proto.AttrValue | proto.NameAttrList):
        return "func"
    raise TypeError(f"{value!r} cannot be an attribute")


@provide("attr_from_proto")
def decode_untyped(message: Any) -> Any:
    """Returns an attribute as the package keeps it; strings stay bytes.

    Lists of anything but strings, numbers and types stay AttrValue messages.
    """
    field = message.WhichOneof("value")
    if field == "s":
        return message.s
    if field == "list":
        filled = [f.name for f, v in message.list.ListFields() if len(v)]
        if filled == ["s"] or not filled:
            return list(message.list.s)
        if len(filled) == 1 and filled[0] in ("i", "f", "b", "type"):
            return decode_attr(f"list({_KINDS[filled[0]]})", message)
    elif field in _KINDS and field != "func":
        return decode_attr(_KINDS[field], message)
    kept = proto.AttrValue()
    kept.CopyFrom(message)
    return kept


# --- what users see ---
def attr_message(op: Operation, name: str) -> Any:
    """Returns one attribute of an operation as an AttrValue."""
    declared = op.definition.attrs.get(name)
    value = op.attrs[name]
    return encode_untyped(value) if declared is None else encode_attr(declared.kind, value)


@provide("public_attr")
def public_attr(op: Operation, name: str) -> Any:
    """Returns one attribute of an operation as `Operation.get_attr` does.

    Types are DTypes, strings bytes; shapes, tensors and functions are messages.
    """
    message = attr_message(op, name)
    field = message.WhichOneof("value")
    if field == "list":
        for f, values in message.list.ListFields():
            return _public_list(f.name, values)
        return []
    value = getattr(message, field)
    return as_dtype(value) if field == "type" else value


def _public_list(field: str, values: Sequence[Any]) -> list[Any]:
    return [as_dtype(v) for v in values] if field == "type" else list(values)
