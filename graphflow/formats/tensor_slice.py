"""Boxes within tensors: how checkpoints name, store and reassemble the parts of a variable.

A partitioned variable is saved as several slices, each under a key that orders as slices do; a
saver names them in text as "13 6 0,5:0,6": the full shape, then start and length of each dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from graphflow.core.errors import InvalidArgumentError, NotFoundError
from graphflow.formats import proto

FULL: Final = -1  # the length of a dimension that is not sliced


@dataclass(frozen=True, slots=True)
class TensorSlice:
    """A box: where it starts and how far it reaches in each dimension (FULL: all of it)."""

    starts: tuple[int, ...]
    lengths: tuple[int, ...]

    @classmethod
    def full(cls, rank: int) -> TensorSlice:
        """The whole of a tensor of that rank."""
        return cls((0,) * rank, (FULL,) * rank)

    @classmethod
    def from_proto(cls, message: Any) -> TensorSlice:
        """The box that a TensorSliceProto describes."""
        return cls(
            tuple(e.start for e in message.extent),
            tuple(e.length if e.HasField("length") else FULL for e in message.extent),
        )

    def to_proto(self) -> Any:
        """The TensorSliceProto of this box; a full dimension is an empty message in it."""
        message = proto.TensorSliceProto()
        for start, length in zip(self.starts, self.lengths, strict=True):
            extent = message.extent.add()
            if length != FULL:
                extent.start, extent.length = start, length
        return message

    def within(self, shape: tuple[int, ...]) -> Box:
        """The box in a tensor of that shape, as (start, stop) of each dimension.

        Raises:
            ValueError: if it reaches outside, or is of another rank.
        """
        if len(shape) != len(self.starts):
            raise ValueError(f"a slice of rank {len(self.starts)} in a tensor of {list(shape)}")
        box = []
        for start, length, size in zip(self.starts, self.lengths, shape, strict=True):
            stop = size if length == FULL else start + length
            if start < 0 or stop > size or stop < start:
                raise ValueError(f"the slice {self} reaches outside of {list(shape)}")
            box.append((start, stop))
        return tuple(box)


Box = tuple[tuple[int, int], ...]


def parse_spec(text: str) -> tuple[tuple[int, ...], TensorSlice] | None:
    """Returns the full shape and the slice that a saver's text names; None for "", the whole.

    Raises:
        InvalidArgumentError: if the text is not such a specification.

    >>> parse_spec("13 6 0,5:-")
    ((13, 6), TensorSlice(starts=(0, 0), lengths=(5, -1)))
    """
    if not text:
        return None
    *sizes, extents = text.split(" ")
    try:
        shape = tuple(int(size) for size in sizes)
        pairs = [
            (0, FULL) if e == "-" else tuple(map(int, e.split(","))) for e in extents.split(":")
        ]
        starts, lengths = zip(*pairs, strict=True)
        wanted = TensorSlice(starts, lengths)
        wanted.within(shape)
    except ValueError as e:
        raise InvalidArgumentError(
            None, None, f"Need to have dimensions + slice spec: {text!r} ({e})"
        ) from e
    return shape, wanted


# --- keys ---

_ESCAPES: Final = {0x00: b"\x00\xff", 0xFF: b"\xff\x00"}


def slice_key(name: bytes, piece: TensorSlice) -> bytes:
    """Returns the key under which a checkpoint stores a slice of a tensor.

    >>> slice_key(b"part/w", TensorSlice((0, 0), (5, 6))).hex(" ")
    '00 70 61 72 74 2f 77 00 01 01 02 80 85 80 86'
    """
    escaped = b"".join(_ESCAPES.get(byte, bytes([byte])) for byte in name)
    rank = len(piece.starts)
    numbers = [n for pair in zip(piece.starts, piece.lengths, strict=True) for n in pair]
    return b"".join(
        [b"\x00", escaped, b"\x00\x01", _unsigned_code(rank), *map(_signed_code, numbers)]
    )


def _unsigned_code(value: int) -> bytes:
    """The number's byte count, then its bytes, high ones first."""
    size = (value.bit_length() + 7) // 8
    return bytes([size]) + value.to_bytes(size, "big")


def _signed_code(value: int) -> bytes:
    """Two's complement, high bytes first, the length in leading one bits (like UTF-8)."""
    magnitude = value if value >= 0 else ~value
    if magnitude < 64:
        return bytes([0x80 ^ value & 0xFF])
    size = magnitude.bit_length() // 7 + 1
    header = ((1 << size) - 1) << (16 - size)
    code = bytearray(value.to_bytes(size, "big", signed=True))
    code[0] ^= header >> 8
    code[1] ^= header & 0xFF
    return bytes(code)


# --- reassembly ---


def _overlap(a: Box, b: Box) -> Box | None:
    box = tuple((max(x0, y0), min(x1, y1)) for (x0, x1), (y0, y1) in zip(a, b, strict=True))
    return None if any(start >= stop for start, stop in box) else box


def _index(box: Box, origin: Box) -> tuple[slice, ...]:
    """The box as an index into an array whose first element lies at the start of `origin`."""
    return tuple(
        slice(start - base, stop - base)
        for (start, stop), (base, _) in zip(box, origin, strict=True)
    )


def assemble(
    name: str,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    wanted: TensorSlice,
    pieces: Iterable[TensorSlice],
    load: Callable[[TensorSlice], np.ndarray[Any, Any]],
) -> np.ndarray[Any, Any]:
    """Returns the box `wanted` of a tensor that is stored in pieces.

    Args:
        name: the tensor's name, for messages.
        shape: its full shape.
        dtype: of its elements.
        wanted: the box to return.
        pieces: what is stored; in any order and of any cut.
        load: gives the array of a piece; called for those that are needed.

    Raises:
        NotFoundError: if the pieces do not cover the box.
        ValueError: if a box reaches outside the shape.
    """
    target = wanted.within(shape)
    out: np.ndarray[Any, Any] | None = None
    covered = np.zeros(0, np.bool_)
    for piece in pieces:
        source = piece.within(shape)
        if source == target:
            return load(piece)
        if (box := _overlap(source, target)) is None:
            continue
        if out is None:
            sizes = [stop - start for start, stop in target]
            try:  # neither takes memory before it is written to
                out, covered = np.empty(sizes, dtype), np.zeros(sizes, np.bool_)
            except MemoryError as e:
                raise ValueError(f"no memory for {sizes}") from e
        out[_index(box, target)] = load(piece)[_index(box, source)]
        covered[_index(box, target)] = True
    if out is None or not covered.all():
        raise NotFoundError(
            None,
            None,
            f"Does not have sufficient slices for partitioned tensor {name} to restore in "
            f"slice_spec: {wanted}",
        )
    return out
