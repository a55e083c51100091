"""Iterators in eager execution: Python iterators that give the elements as tensors with values."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import resource
from graphflow.core.eager_tensor import EagerTensor
from graphflow.core.errors import OutOfRangeError
from graphflow.core.export import export
from graphflow.input import structure
from graphflow.ops.iterator_ops import IteratorResource


class EagerIterator:
    """Goes through a data set once; see `Dataset.__iter__`.

    Args:
        dataset: a data set.
    """

    def __init__(self, dataset: Any) -> None:
        variant, self._element_spec = dataset._with_options_applied()
        self._attrs = structure.flat_attrs(self._element_spec)
        held = IteratorResource(
            "AnonymousIterator", self._attrs["output_types"], self._attrs["output_shapes"]
        )
        held.start(variant._value)
        self._iterator_resource = EagerTensor(held, resource)

    def __iter__(self) -> EagerIterator:
        return self

    def __next__(self) -> Any:
        return self.next()

    def _next_internal(self) -> Any:
        found = apply("IteratorGetNextSync", self._iterator_resource, **self._attrs)
        return structure.from_tensor_list(self._element_spec, found)

    def next(self) -> Any:
        """Returns the next element.

        Raises:
            StopIteration: if there is none.
        """
        try:
            return self._next_internal()
        except OutOfRangeError:
            raise StopIteration from None

    def get_next(self, name: str | None = None) -> Any:
        """Returns the next element.

        Args:
            name: has no effect.

        Raises:
            OutOfRangeError: if there is none.
        """
        return self._next_internal()

    @property
    def element_spec(self) -> Any:
        """The structure of TypeSpecs of the elements."""
        return self._element_spec

    @property
    def output_types(self) -> Any:
        """The types of an element's components, in its structure."""
        return structure.legacy_types(self._element_spec)

    @property
    def output_shapes(self) -> Any:
        """The shapes of an element's components, in its structure."""
        return structure.legacy_shapes(self._element_spec)

    @property
    def output_classes(self) -> Any:
        """The classes of an element's components, in its structure."""
        return structure.legacy_classes(self._element_spec)


@export("contrib.eager.Iterator")
class Iterator(EagerIterator):
    """A Python iterator over the elements of a data set.

    Args:
        dataset: a data set.

    Raises:
        RuntimeError: where operations do not run as they are called.
    """

    def __init__(self, dataset: Any) -> None:
        if not scopes.get_default_graph().executes:
            raise RuntimeError("Iterator is only supported when eager execution is enabled.")
        super().__init__(dataset)
