"""What is known of the values in a container of a run, a stack or a TensorArray, before the run.

In: the shapes and values that operations put in, as the plan meets them. Out: what the operations
that take them out again can count on. Whatever is put in later only takes knowledge away.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from graphflow.core.shape import Dims, merge

Array = np.ndarray[Any, Any]


class Port(Protocol):
    """A value of a plan in the making."""

    dims: Dims
    value: Array | None
    contents: Contents | None
    """Of a container's handle: the container."""


def joint(first: Dims, second: Dims) -> Dims:
    """What two shapes have in common."""
    if first is None or second is None or len(first) != len(second):
        return None
    return tuple([a if a == b else None for a, b in zip(first, second, strict=True)])


class Contents:
    """One container.

    Args:
        like: for gradients: the container whose elements have the shapes of those never put in.
    """

    __slots__ = ("_like", "changes", "dims", "empty", "gradients", "inner", "value")

    def __init__(self, like: Contents | None = None) -> None:
        self._like = like
        self.empty = True
        self.dims: Dims = None
        self.value: Array | None = None
        """The one constant that all elements are."""
        self.inner: Contents | None = None
        """Of a container of handles: the container that all of them stand for."""
        self.gradients: dict[str, Contents] = {}
        self.changes = 0
        """How often less became known; it stops changing some time."""

    def put(self, port: Port) -> None:
        """One more element."""
        self._put(port.dims, port.value, port.contents)

    def put_rows(self, port: Port) -> None:
        """The rows of a value, each an element."""
        self._put(None if port.dims is None else port.dims[1:])

    def put_pieces(self, port: Port) -> None:
        """Pieces of a value along its first axis, of any length."""
        self._put(None if not port.dims else (None, *port.dims[1:]))

    def lose(self) -> None:
        """Somebody has the handle of whom nothing is known."""
        self._put(None)
        for gradient in self.gradients.values():
            gradient.lose()

    def _put(self, dims: Dims, value: Array | None = None, inner: Contents | None = None) -> None:
        if self.empty:
            self.empty, self.dims, self.value, self.inner = False, dims, value, inner
            self.changes += 1
            return
        before = self.dims, self.value is None, self.inner is None
        self.dims = joint(self.dims, dims)
        if value is None or self.value is None or not equal(self.value, value):
            self.value = None
        if self.inner is not inner:
            self.inner = None
        self.changes += (self.dims, self.value is None, self.inner is None) != before

    def gradient(self, source: str) -> Contents:
        """The container of gradients of one call of `tf.gradients`."""
        return self.gradients.setdefault(source, Contents(like=self))

    @property
    def element(self) -> Dims:
        """The shape that all elements have, as far as it is known."""
        if self._like is None:
            return self.dims
        if self.empty:
            return self._like.element
        return joint(self.dims, self._like.element)

    @property
    def all_changes(self) -> int:
        """With those of the gradients."""
        return self.changes + sum([g.all_changes for g in self.gradients.values()])

    def take(self, port: Port) -> None:
        """An element comes out as `port`."""
        _sharpen(port, self.element)
        port.contents = self.inner
        if self._like is None and self.value is not None:
            port.value = self.value

    def take_rows(self, port: Port, count: int | None) -> None:
        """Elements, `count` of them, come out as the rows of `port`."""
        element = self.element
        _sharpen(port, None if element is None else (count, *element))

    def take_pieces(self, port: Port) -> None:
        """All elements come out one behind the other along their first axes."""
        element = self.element
        _sharpen(port, (None, *element[1:]) if element else None)


def equal(a: Array, b: Array) -> bool:
    """Whether two arrays are the same bit for bit."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def _sharpen(port: Port, dims: Dims) -> None:
    """Adds what is known of a shape to what a port knows, where they agree."""
    found = merge(port.dims, dims)
    if found is not False:
        port.dims = found  # type: ignore[assignment]  # False was handled
