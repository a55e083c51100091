"""TensorSpec and SparseTensorSpec: shape and dtype of tensors that are not there yet."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, as_dtype, float32, int64, variant
from graphflow.core.eager_tensor import EagerTensor
from graphflow.core.export import export
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.sparse_tensor import SparseTensor, SparseTensorValue
from graphflow.core.tensor import Tensor
from graphflow.core.type_spec import BatchableTypeSpec, register_type_spec_from_value_converter


@export("TensorSpec", "contrib.eager.TensorSpec")
class TensorSpec(BatchableTypeSpec):
    """Shape and dtype of a tensor, and a name if it has one.

    Args:
        shape: what makes a TensorShape.
        dtype: what makes a DType.
        name: of the tensor.

    Raises:
        TypeError: if shape or dtype make none.
    """

    __slots__ = ("_dtype", "_name", "_shape")

    def __init__(self, shape: Any, dtype: Any = float32, name: str | None = None) -> None:
        self._shape = TensorShape(shape)
        self._dtype = as_dtype(dtype)
        self._name = name

    @classmethod
    def from_spec(cls, spec: Any, name: str | None = None) -> Any:
        """Returns the spec of another one, perhaps with another name."""
        return cls(spec.shape, spec.dtype, name or spec.name)

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """Returns the spec of a tensor, with its operation's name.

        Raises:
            ValueError: if it is no tensor.
        """
        if not isinstance(tensor, Tensor):
            raise ValueError("`tensor` should be a tf.Tensor")
        return TensorSpec(tensor.shape, tensor.dtype, name or tensor.op.name)

    @property
    def shape(self) -> TensorShape:
        """The shape."""
        return self._shape

    @property
    def dtype(self) -> DType:
        """The dtype."""
        return self._dtype

    @property
    def name(self) -> str | None:
        """The name, or None."""
        return self._name

    def is_compatible_with(self, spec_or_tensor: Any) -> bool:
        """Returns whether a spec or tensor has the same dtype and a compatible shape."""
        return bool(
            isinstance(spec_or_tensor, TensorSpec | Tensor)
            and self._dtype.is_compatible_with(spec_or_tensor.dtype)
            and self._shape.is_compatible_with(spec_or_tensor.shape)
        )

    def most_specific_compatible_type(self, other: Any) -> TensorSpec:
        """Returns the spec that covers both and no more than it must.

        Raises:
            ValueError: if the dtypes differ.
        """
        if type(self) is not type(other) or self._dtype != other.dtype:
            raise ValueError(f"Types are not compatible: {self!r} vs {other!r}")
        shape = self._shape.most_specific_compatible_shape(other.shape)
        return TensorSpec(shape, self._dtype, self._name if self._name == other.name else None)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(shape={self.shape}, dtype={self.dtype!r}, name={self.name!r})"
        )

    @property
    def value_type(self) -> Any:
        """Tensor."""
        return Tensor

    def _serialize(self) -> tuple[Any, ...]:
        return self._shape, self._dtype, self._name

    @property
    def _component_specs(self) -> Any:
        return self

    def _to_components(self, value: Any) -> Tensor:
        problem = (
            f"Value {value!r} is not convertible to a tensor with dtype {self._dtype} and shape "
            f"{self._shape}."
        )
        try:
            tensor = convert_to_tensor(value, self._dtype)
        except (TypeError, ValueError):
            raise ValueError(problem) from None
        if not tensor.shape.is_compatible_with(self._shape):
            raise ValueError(problem)
        return tensor

    def _from_components(self, components: Any) -> Any:
        return components

    def _from_compatible_tensor_list(self, tensor_list: Any) -> Any:
        (tensor,) = tensor_list
        tensor.set_shape(self._shape)
        return tensor

    def _batch(self, batch_size: int | None) -> TensorSpec:
        return TensorSpec(TensorShape([batch_size]).concatenate(self._shape), self._dtype)

    def _unbatch(self) -> TensorSpec:
        if self._shape.ndims == 0:
            raise ValueError("Unbatching a tensor is only supported for rank >= 1")
        return TensorSpec(self._shape[1:], self._dtype)

    def _to_legacy_output_types(self) -> DType:
        return self._dtype

    def _to_legacy_output_shapes(self) -> TensorShape:
        return self._shape


class BoundedTensorSpec(TensorSpec):
    """A TensorSpec with the least and the greatest value that elements may have.

    Args:
        shape: what makes a TensorShape.
        dtype: what makes a DType.
        minimum: the least value, a number or an array.
        maximum: the greatest value, a number or an array.
        name: of the tensor.

    Raises:
        ValueError: if a bound is None, or cannot be broadcast to the shape.
    """

    __slots__ = ("_maximum", "_minimum")

    def __init__(
        self, shape: Any, dtype: Any, minimum: Any, maximum: Any, name: str | None = None
    ) -> None:
        super().__init__(shape, dtype, name)
        if minimum is None or maximum is None:
            raise ValueError(
                f"minimum and maximum must be provided; but saw '{minimum}' and '{maximum}'"
            )
        self._minimum = self._bound("minimum", minimum)
        self._maximum = self._bound("maximum", maximum)

    def _bound(self, which: str, value: Any) -> np.ndarray[Any, Any]:
        made = np.array(value, self.dtype.as_numpy_dtype)
        sizes = [size for size in self.shape.as_list() if size is not None]
        if self.shape.is_fully_defined():
            try:
                np.broadcast_shapes(made.shape, tuple(sizes))
            except ValueError as e:
                raise ValueError(f"{which} is not compatible with shape. Message: {e!r}.") from None
        made.setflags(write=False)
        return made

    @classmethod
    def from_spec(cls, spec: Any, name: str | None = None) -> BoundedTensorSpec:
        """Returns the spec of another one; without bounds of its own it gets its dtype's."""
        dtype = as_dtype(spec.dtype)
        low, high = getattr(spec, "minimum", dtype.min), getattr(spec, "maximum", dtype.max)
        return BoundedTensorSpec(spec.shape, dtype, low, high, name or spec.name)

    @property
    def minimum(self) -> np.ndarray[Any, Any]:
        """The least value."""
        return self._minimum

    @property
    def maximum(self) -> np.ndarray[Any, Any]:
        """The greatest value."""
        return self._maximum

    def _serialize(self) -> tuple[Any, ...]:
        return self._shape, self._dtype, self._minimum, self._maximum, self._name

    def __repr__(self) -> str:
        bounds = f"minimum={self.minimum!r}, maximum={self.maximum!r}"
        return f"{super().__repr__()[:-1]}, {bounds})"


@export("SparseTensorSpec")
class SparseTensorSpec(BatchableTypeSpec):
    """Shape and dtype of a SparseTensor.

    Args:
        shape: the shape of the whole; None: any.
        dtype: the dtype of the values.
    """

    __slots__ = ("_dtype", "_shape")

    def __init__(self, shape: Any = None, dtype: Any = float32) -> None:
        self._shape = as_shape(shape)
        self._dtype = as_dtype(dtype)

    @classmethod
    def from_value(cls, value: Any) -> SparseTensorSpec:
        """Returns the spec of a SparseTensor or SparseTensorValue.

        Raises:
            TypeError: if it is neither.
        """
        if isinstance(value, SparseTensor):
            return cls(value.shape, value.dtype)
        if isinstance(value, SparseTensorValue):
            return cls(list(value.dense_shape), np.asarray(value.values).dtype)
        raise TypeError("Expected SparseTensor or SparseTensorValue")

    @property
    def dtype(self) -> DType:
        """The dtype of the values."""
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        """The shape of the whole."""
        return self._shape

    @property
    def value_type(self) -> Any:
        """SparseTensor."""
        return SparseTensor

    def _serialize(self) -> tuple[Any, ...]:
        return self._shape, self._dtype

    @property
    def _component_specs(self) -> Any:
        rank = self._shape.ndims
        values = TensorSpec([None], self._dtype)
        return [TensorSpec([None, rank], int64), values, TensorSpec([rank], int64)]

    def _to_components(self, value: Any) -> list[Any]:
        sparse = SparseTensor.from_value(value)
        return [sparse.indices, sparse.values, sparse.dense_shape]

    def _from_components(self, components: Any) -> Any:
        if all(isinstance(part, np.ndarray) for part in components):
            return SparseTensorValue(*components)
        return SparseTensor(*components)

    # --- one tensor that holds it, so that it can be stacked ---
    @property
    def _flat_tensor_specs(self) -> list[Any]:
        return [TensorSpec(None, variant)]

    def _to_tensor_list(self, value: Any) -> list[Any]:
        return [apply("SerializeSparse", *self._to_components(value), out_type=variant)]

    def _to_batched_tensor_list(self, value: Any) -> list[Any]:
        parts = self._to_components(value)
        return [apply("SerializeManySparse", *parts, out_type=variant)]

    def _from_compatible_tensor_list(self, tensor_list: Any) -> SparseTensor:
        parts = apply("DeserializeSparse", tensor_list[0], dtype=self._dtype)
        made = SparseTensor(*parts)
        rank = self._shape.ndims
        made.indices.set_shape([None, rank])
        made.dense_shape.set_shape([rank])
        return made

    def _batch(self, batch_size: int | None) -> SparseTensorSpec:
        return SparseTensorSpec(TensorShape([batch_size]).concatenate(self._shape), self._dtype)

    def _unbatch(self) -> SparseTensorSpec:
        if self._shape.ndims == 0:
            raise ValueError("Unbatching a tensor is only supported for rank >= 1")
        return SparseTensorSpec(self._shape[1:], self._dtype)

    def _to_legacy_output_types(self) -> DType:
        return self._dtype

    def _to_legacy_output_shapes(self) -> TensorShape:
        return self._shape


def _of_tensor(value: Any) -> TensorSpec:
    return TensorSpec(value.shape, value.dtype)


register_type_spec_from_value_converter(Tensor, _of_tensor)
register_type_spec_from_value_converter(EagerTensor, _of_tensor)
register_type_spec_from_value_converter(np.ndarray, _of_tensor)
register_type_spec_from_value_converter(SparseTensor, SparseTensorSpec.from_value)
register_type_spec_from_value_converter(SparseTensorValue, SparseTensorSpec.from_value)
