"""tf.train.Example from JSON text, in the bytes that TensorFlow 1.15.5 makes of it.

The message keeps the order of the text, and its lists of numbers are not packed.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any, Final

from graphflow.formats import proto, varint

_LISTS: Final = {"bytes_list": 1, "float_list": 2, "int64_list": 3}
_MASK: Final = (1 << 64) - 1


def _values(kind: str, values: Any) -> Iterator[bytes]:
    for value in values:
        if kind == "bytes_list":
            yield varint.put_bytes(1, value)
        elif kind == "float_list":
            yield b"\x0d" + struct.pack("<f", value)
        else:
            yield b"\x08" + varint.put(value & _MASK)


def _entry(key: str, feature: Any) -> bytes:
    kind = feature.WhichOneof("kind")
    body = b""
    if kind is not None:
        body = varint.put_bytes(_LISTS[kind], b"".join(_values(kind, getattr(feature, kind).value)))
    return varint.put_bytes(1, varint.put_bytes(1, key.encode()) + varint.put_bytes(2, body))


def example_from_json(text: bytes) -> bytes:
    """Returns the serialized Example that JSON text describes.

    Raises:
        ValueError: if it describes none.
    """
    from google.protobuf import json_format

    try:
        message = json_format.Parse(text, proto.Example())
        tree = json.loads(text)
    except (json_format.ParseError, UnicodeDecodeError, json.JSONDecodeError) as e:
        raise ValueError(str(e)) from None
    if not isinstance(tree, dict):
        raise ValueError(": Root element must be a message.")
    if tree.get("features") is None:
        return b""
    features = message.features.feature
    names = tree["features"].get("feature") or {}
    return varint.put_bytes(1, b"".join([_entry(key, features[key]) for key in names]))
