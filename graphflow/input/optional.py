"""Optional: an element of a data set, or the fact that there is none."""

from __future__ import annotations

from typing import Any

from graphflow.core.declare import apply
from graphflow.core.dtypes import variant
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.core.tensor_spec import TensorSpec
from graphflow.core.type_spec import TypeSpec
from graphflow.input import structure


@export("data.experimental.Optional")
class Optional:
    """An element of a data set, or none.

    Args:
        variant_tensor: what stands for it in the graph.
        value_structure: the structure of TypeSpecs of the element.
    """

    def __init__(self, variant_tensor: Tensor, value_structure: Any) -> None:
        self._variant_tensor = variant_tensor
        self._value_structure = value_structure

    def has_value(self, name: str | None = None) -> Tensor:
        """Returns whether there is an element, a bool scalar.

        Args:
            name: the node's name.
        """
        found: Tensor = apply("OptionalHasValue", self._variant_tensor, name=name)
        return found

    def get_value(self, name: str | None = None) -> Any:
        """Returns the element.

        Args:
            name: the node's name.

        Raises:
            InvalidArgumentError: in the run: if there is none.
        """
        attrs = structure.flat_attrs(self._value_structure)
        found = apply(
            "OptionalGetValue", self._variant_tensor, name=name or "OptionalGetValue", **attrs
        )
        return structure.from_tensor_list(self._value_structure, found)

    @property
    def value_structure(self) -> Any:
        """The structure of TypeSpecs of the element."""
        return self._value_structure

    @property
    def _type_spec(self) -> OptionalStructure:
        return OptionalStructure(self._value_structure)

    @staticmethod
    def from_value(value: Any) -> Optional:
        """Returns an Optional that has an element.

        Args:
            value: the element.
        """
        spec = structure.type_spec_from_value(value)
        return Optional(apply("OptionalFromValue", structure.to_tensor_list(spec, value)), spec)

    @staticmethod
    def none_from_structure(value_structure: Any) -> Optional:
        """Returns an Optional that has none.

        Args:
            value_structure: of the element that it does not have.
        """
        return Optional(apply("OptionalNone"), value_structure)


@export("data.experimental.OptionalStructure")
class OptionalStructure(TypeSpec):
    """What is known of an Optional.

    Args:
        value_structure: the structure of TypeSpecs of its element.
    """

    __slots__ = ("_value_structure",)

    def __init__(self, value_structure: Any) -> None:
        self._value_structure = value_structure

    @property
    def value_type(self) -> Any:
        """Optional."""
        return Optional

    def _serialize(self) -> tuple[Any, ...]:
        return (self._value_structure,)

    @property
    def _component_specs(self) -> list[TensorSpec]:
        return [TensorSpec((), variant)]

    def _to_components(self, value: Any) -> list[Tensor]:
        return [value._variant_tensor]

    def _from_components(self, components: Any) -> Optional:
        return Optional(components[0], self._value_structure)

    @staticmethod
    def from_value(value: Any) -> OptionalStructure:
        """Returns what is known of an Optional.

        Args:
            value: the Optional.
        """
        return OptionalStructure(value.value_structure)

    def _to_legacy_output_types(self) -> Any:
        return self

    def _to_legacy_output_shapes(self) -> Any:
        return self

    def _to_legacy_output_classes(self) -> Any:
        return self


@export("data.experimental.get_next_as_optional")
def get_next_as_optional(iterator: Any) -> Optional:
    """Returns the next element of an iterator, or the fact that there is none, as an Optional.

    Args:
        iterator: a `tf.data.Iterator`.
    """
    spec = iterator.element_spec
    handle = iterator._iterator_resource
    return Optional(apply("IteratorGetNextAsOptional", handle, **structure.flat_attrs(spec)), spec)
