"""tf.data.Iterator: hands the elements of data sets to a graph, one in each run."""

from __future__ import annotations

import contextlib
import warnings
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import as_dtype, string
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.input import data_nest, structure

GLOBAL_ITERATORS: Final = "iterators"
_MANY_CALLS: Final = 32
_WARNING: Final = (
    "An unusually high number of `Iterator.get_next()` calls was detected. This often indicates "
    "that `Iterator.get_next()` is being called inside a training loop, which will cause gradual "
    "slowdown and eventual resource exhaustion. If this is the case, restructure your code to call "
    "`next_element = iterator.get_next()` once outside the loop, and use `next_element` as the "
    "input to some computation that is invoked inside the loop."
)


def _on_cpu() -> contextlib.AbstractContextManager[Any]:
    """As in TensorFlow: on the CPU, unless the user has said where."""
    if scopes.get_default_graph()._device_stack:
        return contextlib.nullcontext()
    return scopes.device("/cpu:0")


def _described(types: Any, shapes: Any, classes: Any) -> tuple[Any, Any]:
    """The types, and the structure of TypeSpecs that a user's description means."""
    types = data_nest.map_structure(as_dtype, types)
    shapes = structure.shapes_of(types, shapes)
    if classes is None:
        classes = data_nest.map_structure(lambda _: Tensor, types)
    data_nest.assert_same_structure(types, shapes)
    return types, structure.convert_legacy_structure(types, shapes, classes)


@export("data.Iterator", "contrib.data.Iterator")
class Iterator:
    """Where a session is in a data set.

    Args:
        iterator_resource: the handle.
        initializer: the operation that begins anew; None: there is none.
        output_types: the types of an element's components, in its structure.
        output_shapes: their shapes.
        output_classes: their classes.

    Raises:
        ValueError: if one of the last three is None.
    """

    def __init__(
        self,
        iterator_resource: Tensor,
        initializer: Operation | None,
        output_types: Any,
        output_shapes: Any,
        output_classes: Any,
    ) -> None:
        if output_types is None or output_shapes is None or output_classes is None:
            raise ValueError(
                "If `structure` is not specified, all of `output_types`, `output_shapes`, and "
                "`output_classes` must be specified."
            )
        spec = structure.convert_legacy_structure(output_types, output_shapes, output_classes)
        self._iterator_resource = iterator_resource
        self._initializer = initializer
        self._element_spec = spec
        self._string_handle: Tensor = apply("IteratorToStringHandle", iterator_resource)
        self._get_next_call_count = 0
        scopes.add_to_collection(GLOBAL_ITERATORS, iterator_resource)

    @classmethod
    def of(cls, handle: Tensor, initializer: Operation | None, spec: Any) -> Iterator:
        """Makes an iterator of what is known as a structure of TypeSpecs.

        Args:
            handle: the handle.
            initializer: the operation that begins anew, or None.
            spec: of the elements.
        """
        parts = structure.legacy_types(spec), structure.legacy_shapes(spec)
        return cls(handle, initializer, *parts, structure.legacy_classes(spec))

    # --- other ways to make one ---
    @staticmethod
    def from_structure(
        output_types: Any,
        output_shapes: Any = None,
        shared_name: str | None = None,
        output_classes: Any = None,
    ) -> Iterator:
        """Makes an iterator of no data set yet; see `make_initializer`.

        Args:
            output_types: a structure of types.
            output_shapes: of shapes; None: any.
            shared_name: iterators of the same name are one; None: this one is alone.
            output_classes: of classes; None: tensors.

        Raises:
            ValueError: if the structures differ.
        """
        _, spec = _described(output_types, output_shapes, output_classes)
        with _on_cpu():
            handle = apply(
                "IteratorV2", container="", shared_name=shared_name or "",
                **structure.flat_attrs(spec),
            )  # fmt: skip
        return Iterator.of(handle, None, spec)

    @staticmethod
    def from_string_handle(
        string_handle: Any,
        output_types: Any,
        output_shapes: Any = None,
        output_classes: Any = None,
    ) -> Iterator:
        """Makes an iterator that stands for the one a string names in each run.

        Args:
            string_handle: what `string_handle` of that iterator gave in the same session.
            output_types: as in `from_structure`.
            output_shapes: as in `from_structure`.
            output_classes: as in `from_structure`.

        Raises:
            InvalidArgumentError: in the run: if it is no such string, or the types differ.
        """
        _, spec = _described(output_types, output_shapes, output_classes)
        name = convert(string_handle, string)
        with _on_cpu():
            handle = apply("IteratorFromStringHandleV2", name, **structure.flat_attrs(spec))
        return Iterator.of(handle, None, spec)

    # --- beginning ---
    @property
    def initializer(self) -> Operation:
        """The operation that begins anew.

        Raises:
            ValueError: if there is none.
        """
        if self._initializer is None:
            raise ValueError("Iterator does not have an initializer.")
        return self._initializer

    def make_initializer(self, dataset: Any, name: str | None = None) -> Operation:
        """Returns an operation that begins with the first element of a data set.

        Args:
            dataset: elements of the iterator's structure.
            name: the node's name.

        Raises:
            TypeError: if types, shapes or classes differ.
            ValueError: if the structures differ.
        """
        with scopes.name_scope(name, "make_initializer") as scope:
            self._check(dataset.element_spec)
        with scopes.colocate_with(self._iterator_resource):
            made: Operation = apply(
                "MakeIterator", dataset._variant_tensor, self._iterator_resource, name=scope
            )
        return made

    def _check(self, spec: Any) -> None:
        types, shapes = structure.legacy_types(spec), structure.legacy_shapes(spec)
        classes = structure.legacy_classes(spec)
        data_nest.assert_same_structure(self.output_types, types)
        data_nest.assert_same_structure(self.output_shapes, shapes)
        flat = data_nest.flatten
        if any(a is not b for a, b in zip(flat(self.output_classes), flat(classes), strict=True)):
            raise TypeError(
                f"Expected output classes {self.output_classes!r} but got dataset with output "
                f"class {classes!r}."
            )
        if flat(self.output_types) != flat(types):
            raise TypeError(
                f"Expected output types {self.output_types!r} but got dataset with output types "
                f"{types!r}."
            )
        pairs = zip(flat(self.output_shapes), flat(shapes), strict=True)
        if not all(a.is_compatible_with(b) for a, b in pairs):
            raise TypeError(
                f"Expected output shapes compatible with {self.output_shapes!r} but got dataset "
                f"with output shapes {shapes!r}."
            )

    # --- going on ---
    def get_next(self, name: str | None = None) -> Any:
        """Returns the tensors of the next element: each run takes one.

        Args:
            name: the node's name.

        Raises:
            OutOfRangeError: in the run: if there is no further element.
            FailedPreconditionError: in the run: if the iterator is not initialized.
        """
        self._get_next_call_count += 1
        if self._get_next_call_count > _MANY_CALLS:
            warnings.warn(_WARNING, stacklevel=2)
        attrs = structure.flat_attrs(self._element_spec)
        found = apply("IteratorGetNext", self._iterator_resource, name=name, **attrs)
        return structure.from_tensor_list(self._element_spec, found)

    def string_handle(self, name: str | None = None) -> Tensor:
        """Returns a string that names the iterator in a session; see `from_string_handle`.

        Args:
            name: the node's name; None: a node that is there already.
        """
        if name is None:
            return self._string_handle
        found: Tensor = apply("IteratorToStringHandle", self._iterator_resource, name=name)
        return found

    # --- what it is ---
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
