"""Encoded text as code points, with the byte each starts at and a mark for each mistake."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any

import numpy as np

from graphflow.core.errors import KernelError

Array = np.ndarray[Any, Any]


def codec(name: str) -> str:
    """Python's name of an encoding.

    Raises:
        KernelError: if there is none of that name.
    """
    try:
        found = codecs.lookup(name).name
        # Without a word on the order of bytes TensorFlow's library takes the high one first.
        return f"{found}-be" if found in ("utf-16", "utf-32") else found
    except LookupError:
        raise KernelError(f"Could not create converter for input encoding: {name}") from None


def _points(text: str) -> Array:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<i4").astype(np.int32)


def _widths(points: Array, text: str, name: str) -> Array:
    """How many bytes each character of a text takes."""
    if name == "utf-8":
        return 1 + (points > 0x7F) + (points > 0x7FF) + (points > 0xFFFF).astype(np.int64)
    if name.startswith("utf-16"):
        return 2 + 2 * (points > 0xFFFF).astype(np.int64)
    if name.startswith("utf-32"):
        return np.full(points.shape, 4, np.int64)
    return np.fromiter((len(char.encode(name)) for char in text), np.int64, len(text))


def _pieces(s: bytes, name: str) -> Iterator[tuple[str | None, int]]:
    """Yields (text, where it starts); None for bytes that are no text."""
    at = 0
    while at < len(s):
        try:
            yield s[at:].decode(name), at
            return
        except UnicodeDecodeError as e:
            if e.start:
                yield s[at : at + e.start].decode(name), at
            yield None, at + e.start
            at += max(e.end, 1)


def decoded(s: bytes, name: str) -> tuple[Array, Array]:
    """Returns a text's code points, int32, and the byte at which each starts, int64.

    Args:
        s: the text.
        name: Python's name of its encoding.

    Returns:
        Both of one length; a point is -1 for each longest run of bytes that starts no character.
    """
    points, offsets = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
    for text, start in _pieces(s, name):
        if text is None:
            points.append(np.array([-1], np.int32))
            offsets.append(np.array([start], np.int64))
            continue
        found = _points(text)
        widths = _widths(found, text, name)
        points.append(found)
        offsets.append(np.cumsum(widths) - widths + start)
    return np.concatenate(points), np.concatenate(offsets)
