"""IndexedSlicesSpec: shapes and dtypes of IndexedSlices that are not there yet."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.dtypes import as_dtype, float32, int64
from graphflow.core.export import export
from graphflow.core.shape import as_shape
from graphflow.core.tensor_spec import TensorSpec
from graphflow.core.type_spec import TypeSpec, register_type_spec_from_value_converter
from graphflow.ops.indexed_slices import IndexedSlices, IndexedSlicesValue


@export("IndexedSlicesSpec")
class IndexedSlicesSpec(TypeSpec):
    """Shapes and dtypes of IndexedSlices.

    Args:
        shape: the shape of the whole; None: any.
        dtype: the dtype of the values.
        indices_dtype: the dtype of the indices.
        dense_shape_dtype: the dtype of the shape; None: there is no such tensor.
        indices_shape: the shape of the indices, a vector; None: any length.
    """

    __slots__ = (
        "_dense_shape_dtype",
        "_indices_dtype",
        "_indices_shape",
        "_shape",
        "_values_dtype",
    )

    def __init__(
        self,
        shape: Any = None,
        dtype: Any = float32,
        indices_dtype: Any = int64,
        dense_shape_dtype: Any = None,
        indices_shape: Any = None,
    ) -> None:
        self._shape = as_shape(shape)
        self._values_dtype = as_dtype(dtype)
        self._indices_dtype = as_dtype(indices_dtype)
        self._dense_shape_dtype = None if dense_shape_dtype is None else as_dtype(dense_shape_dtype)
        self._indices_shape = as_shape(indices_shape).with_rank(1)

    @property
    def value_type(self) -> Any:
        """IndexedSlices."""
        return IndexedSlices

    def _serialize(self) -> tuple[Any, ...]:
        return (
            self._shape,
            self._values_dtype,
            self._indices_dtype,
            self._dense_shape_dtype,
            self._indices_shape,
        )

    @property
    def _component_specs(self) -> Any:
        rows = self._indices_shape.concatenate(self._shape[1:])
        specs = [
            TensorSpec(rows, self._values_dtype),
            TensorSpec(self._indices_shape, self._indices_dtype),
        ]
        if self._dense_shape_dtype is not None:
            specs.append(TensorSpec([self._shape.ndims], self._dense_shape_dtype))
        return tuple(specs)

    def _to_components(self, value: Any) -> tuple[Any, ...]:
        parts = (value.values, value.indices)
        return parts if value.dense_shape is None else (*parts, value.dense_shape)

    def _from_components(self, components: Any) -> Any:
        if all(isinstance(part, np.ndarray) for part in components):
            return IndexedSlicesValue(*components)
        return IndexedSlices(*components)


def _of_slices(value: IndexedSlices) -> IndexedSlicesSpec:
    whole = value.dense_shape
    return IndexedSlicesSpec(
        value.shape if hasattr(value, "shape") else None,
        value.values.dtype,
        value.indices.dtype,
        None if whole is None else whole.dtype,
        value.indices.shape,
    )


register_type_spec_from_value_converter(IndexedSlices, _of_slices)
