"""DatasetSpec: what is known of a data set that is an element or a part of one."""

from __future__ import annotations

from typing import Any

from graphflow.core import late
from graphflow.core.convert import convert
from graphflow.core.dtypes import variant
from graphflow.core.export import export
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.tensor_spec import TensorSpec
from graphflow.core.type_spec import BatchableTypeSpec


class NestedVariant:
    """Several data sets in one tensor.

    Args:
        variant_tensor: of data sets.
        element_spec: of their elements.
        dataset_shape: of the tensor.
    """

    def __init__(self, variant_tensor: Any, element_spec: Any, dataset_shape: TensorShape) -> None:
        self._variant_tensor = variant_tensor
        self._element_spec = element_spec
        self._dataset_shape = dataset_shape

    @property
    def _type_spec(self) -> DatasetSpec:
        return DatasetSpec(self._element_spec, self._dataset_shape)


@export("data.DatasetSpec", "data.experimental.DatasetStructure")
class DatasetSpec(BatchableTypeSpec):
    """The specs of a data set's elements; for several data sets, the shape in which they stand.

    Args:
        element_spec: a structure of TypeSpecs.
        dataset_shape: () for one data set.
    """

    __slots__ = ("_dataset_shape", "_element_spec")

    def __init__(self, element_spec: Any, dataset_shape: Any = ()) -> None:
        self._element_spec = element_spec
        self._dataset_shape = as_shape(dataset_shape)

    @staticmethod
    def from_value(value: Any) -> DatasetSpec:
        """Returns the spec of a data set.

        Args:
            value: the data set.
        """
        return DatasetSpec(value.element_spec)

    @property
    def value_type(self) -> Any:
        """The class of data sets."""
        return late.call("dataset_class")

    def _serialize(self) -> tuple[Any, ...]:
        return self._element_spec, self._dataset_shape

    @property
    def _component_specs(self) -> Any:
        return TensorSpec(self._dataset_shape, variant)

    def _to_components(self, value: Any) -> Any:
        return value._variant_tensor

    def _from_components(self, components: Any) -> Any:
        if self._dataset_shape.ndims == 0:
            return late.call("dataset_of_variant", components, self._element_spec)
        return NestedVariant(components, self._element_spec, self._dataset_shape)

    def _to_tensor_list(self, value: Any) -> list[Any]:
        return [convert(value._variant_tensor)]

    def _to_batched_tensor_list(self, value: Any) -> list[Any]:
        if self._dataset_shape.ndims == 0:
            raise ValueError("Unbatching a dataset is only supported for rank >= 1")
        return self._to_tensor_list(value)

    def _batch(self, batch_size: int | None) -> DatasetSpec:
        shape = TensorShape([batch_size]).concatenate(self._dataset_shape)
        return DatasetSpec(self._element_spec, shape)

    def _unbatch(self) -> DatasetSpec:
        if self._dataset_shape.ndims == 0:
            raise ValueError("Unbatching a dataset is only supported for rank >= 1")
        return DatasetSpec(self._element_spec, self._dataset_shape[1:])

    def _to_legacy_output_types(self) -> Any:
        return self

    def _to_legacy_output_shapes(self) -> Any:
        return self

    def _to_legacy_output_classes(self) -> Any:
        return self
