"""tf.train.Example and SequenceExample read straight from their bytes.

Message classes would make an object of every number. Here a feature stays bytes until all features
of one name are decoded together. What TensorFlow's own reader refuses is refused: unknown fields
inside features, and entries whose name does not come first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from graphflow.formats import varint

Array = np.ndarray[Any, Any]
BYTES, FLOATS, INTS = 1, 2, 3
"""The kinds of a feature, by the numbers of their fields."""
_HIGH: Final = bytes(range(128, 256))
_FIXED: Final = {0: None, 1: 8, 5: 4}


class WireError(ValueError):
    """The bytes are no such message."""


class UnknownKindError(WireError):
    """A feature starts with a field that is no list of values."""


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a feature: a list of bytes, or numbers as packed bytes (floats, varints)."""

    kind: int
    data: Any
    count: int


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    try:
        return varint.get(data, at, end)
    except ValueError:
        raise WireError("bad number") from None


def _length(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Reads a length; returns where the block starts and ends."""
    if at >= end:
        raise WireError("cut off")
    size = data[at]
    at += 1
    if size > 0x7F:
        if at < end and data[at] < 0x80:  # two bytes: most lists are no longer than that
            size = size & 0x7F | data[at] << 7
            at += 1
        else:
            size, at = _varint(data, at - 1, end)
    if at + size > end:
        raise WireError("cut off")
    return at, at + size


def _skip(data: bytes, at: int, end: int) -> int:
    """Returns the position behind a field that is not known.

    A block that reaches beyond the end is passed over, as TensorFlow does.
    """
    tag, at = _varint(data, at, end)
    wire = tag & 7
    if tag >> 3 and wire == 2:
        size, at = _varint(data, at, end)
        return min(at + size, end)
    if tag >> 3 and wire == 0:
        return _varint(data, at, end)[1]
    size = _FIXED.get(wire) or 0
    if not tag >> 3 or not size or at + size > end:
        raise WireError("bad field")
    return at + size


def _entries(data: bytes, at: int, end: int, found: dict[bytes, bytes]) -> None:
    """Reads a map of names to messages; later entries replace earlier ones."""
    while at < end:
        if data[at] != 0x0A:
            raise WireError("not an entry")
        at, stop = _length(data, at + 1, end)
        if at >= stop or data[at] != 0x0A:
            raise WireError("an entry without a name")
        at, behind = _length(data, at + 1, stop)
        name = data[at:behind]
        if behind >= stop or data[behind] != 0x12:
            raise WireError("an entry without a value")
        at, behind = _length(data, behind + 1, stop)
        if behind != stop:
            raise WireError("an entry with more than a name and a value")
        found[name] = data[at:behind]
        at = stop


def _maps(data: bytes, fields: int) -> list[dict[bytes, bytes]]:
    """Reads a message whose first fields are maps; others are passed over."""
    found: list[dict[bytes, bytes]] = [{} for _ in range(fields)]
    at, end = 0, len(data)
    while at < end:
        field = data[at] >> 3
        if data[at] & 0x87 == 2 and 1 <= field <= fields:
            at, stop = _length(data, at + 1, end)
            _entries(data, at, stop, found[field - 1])
            at = stop
        else:
            at = _skip(data, at, end)
    return found


def read_example(data: bytes) -> dict[bytes, bytes]:
    """Returns the features of a serialized Example, each still serialized, by name.

    Raises:
        WireError: if it is no Example.
    """
    return _maps(data, 1)[0]


def read_sequence_example(data: bytes) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
    """Returns the context features and the feature lists of a serialized SequenceExample.

    Raises:
        WireError: if it is no SequenceExample.
    """
    context, lists = _maps(data, 2)
    return context, lists


def read_feature_list(data: bytes) -> list[bytes]:
    """Returns the features of a serialized FeatureList, each still serialized.

    Raises:
        WireError: if it is no FeatureList.
    """
    found = []
    at, end = 0, len(data)
    while at < end:
        if data[at] != 0x0A:
            raise WireError("not a feature")
        at, stop = _length(data, at + 1, end)
        found.append(data[at:stop])
        at = stop
    return found


def kind_of(feature: bytes) -> int | None:
    """The kind of a serialized feature; None if it has no value.

    Raises:
        UnknownKindError: if it has another field.
    """
    if not feature:
        return None
    kind = (feature[0] - 2) >> 3
    if feature[0] & 7 != 2 or not BYTES <= kind <= INTS:
        raise UnknownKindError("Unsupported datatype.")
    return kind


def read_feature(feature: bytes) -> Values | None:
    """Returns the values of a serialized feature; None if it has no list of values.

    Of several lists, or several packed blocks, the first one counts.

    Raises:
        UnknownKindError: if it starts with another field.
        WireError: if the list is damaged.
    """
    kind = kind_of(feature)
    if kind is None:
        return None
    at, end = _length(feature, 1, len(feature))
    if kind == BYTES:
        values = []
        while at < end:
            if feature[at] != 0x0A:
                raise WireError("not a string")
            at, stop = _length(feature, at + 1, end)
            values.append(feature[at:stop])
            at = stop
        return Values(kind, values, len(values))
    if at == end:
        return Values(kind, b"", 0)
    if feature[at] == 0x0A:
        at, end = _length(feature, at + 1, end)
        packed = feature[at:end]
    else:
        packed = _repacked(feature[at:end], kind)
    return _floats(packed) if kind == FLOATS else _ints(packed)


def _floats(packed: bytes) -> Values:
    count = len(packed) // 4
    return Values(FLOATS, packed[: 4 * count], count)


def _ints(packed: bytes) -> Values:
    if packed and packed[-1] > 0x7F:
        raise WireError("the last number is cut off")
    count = len(packed) if packed.isascii() else len(packed.translate(None, _HIGH))
    return Values(INTS, packed, count)


def _repacked(data: bytes, kind: int) -> bytes:
    """A list whose numbers have a tag each, without the tags."""
    if kind == FLOATS:
        if len(data) % 5 or data[::5] != b"\x0d" * (len(data) // 5):
            raise WireError("not a float")
        return np.frombuffer(data, np.uint8).reshape(-1, 5)[:, 1:].tobytes()
    found = []
    at, end = 0, len(data)
    while at < end:
        if data[at] != 0x08:
            raise WireError("not an integer")
        behind = _varint(data, at + 1, end)[1]
        found.append(data[at + 1 : behind])
        at = behind
    return b"".join(found)


def decode_varints(packed: bytes) -> Array:
    """Returns the numbers of packed varints: [n], int64.

    Raises:
        WireError: if one is longer than 64 bits.
    """
    raw = np.frombuffer(packed, np.uint8)
    if packed.isascii():
        return raw.astype(np.int64)
    ends = np.flatnonzero(raw < 0x80)
    starts = np.concatenate([[0], ends[:-1] + 1])
    sizes = ends - starts + 1
    if sizes.max() > 10:
        raise WireError("a number is too long")
    found = np.zeros(len(ends), np.uint64)
    for k in range(int(sizes.max())):
        some = sizes > k
        part = (raw[starts[some] + k] & 0x7F).astype(np.uint64)
        found[some] |= part << np.uint64(7 * k)
    return found.view(np.int64)


def encode_varints(values: Array) -> bytes:
    """The packed varints of integers."""
    return b"".join([varint.put(v & 0xFFFFFFFFFFFFFFFF) for v in values.reshape(-1).tolist()])
