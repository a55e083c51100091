"""TypeSpec: what is known of a value before it is there: its kind, and perhaps shape and dtype."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from graphflow.core import nest
from graphflow.core.convert import convert_to_tensor
from graphflow.core.dtypes import DType
from graphflow.core.export import export
from graphflow.core.shape import TensorShape

_converters: Final[list[tuple[type, Callable[[Any], TypeSpec], bool]]] = []


@export("TypeSpec")
class TypeSpec:
    """The base of `TensorSpec`, `SparseTensorSpec` and others.

    A subclass says with `_serialize` what it is made of; two specs are equal, compatible or merged
    part by part.
    """

    __slots__ = ()

    def _serialize(self) -> tuple[Any, ...]:
        """The arguments that make an equal spec."""
        raise NotImplementedError(f"{type(self).__name__}._serialize()")

    @property
    def value_type(self) -> Any:
        """The class of the values."""
        raise NotImplementedError(f"{type(self).__name__}.value_type")

    @property
    def _component_specs(self) -> Any:
        """The specs of the tensors that a value consists of."""
        raise NotImplementedError(f"{type(self).__name__}._component_specs()")

    def _to_components(self, value: Any) -> Any:
        """The tensors that a value consists of."""
        raise NotImplementedError(f"{type(self).__name__}._to_components()")

    def _from_components(self, components: Any) -> Any:
        """The value that consists of these tensors."""
        raise NotImplementedError(f"{type(self).__name__}._from_components()")

    # --- flat lists of tensors ---
    @property
    def _flat_tensor_specs(self) -> list[Any]:
        return nest.flatten(self._component_specs)

    def _to_tensor_list(self, value: Any) -> list[Any]:
        return nest.flatten(self._to_components(value))

    def _from_tensor_list(self, tensor_list: Any) -> Any:
        expected = self._flat_tensor_specs
        if len(tensor_list) != len(expected):
            raise ValueError("Incompatible input: wrong number of tensors")
        for i, (tensor, spec) in enumerate(zip(tensor_list, expected, strict=True)):
            if not type_spec_from_value(tensor).is_compatible_with(spec):
                raise ValueError(
                    f"Incompatible input: tensor {i} ({tensor}) is incompatible with {spec}"
                )
        return self._from_compatible_tensor_list(tensor_list)

    def _from_compatible_tensor_list(self, tensor_list: Any) -> Any:
        return self._from_components(nest.pack_sequence_as(self._component_specs, tensor_list))

    def _to_legacy_output_types(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._to_legacy_output_types()")

    def _to_legacy_output_shapes(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._to_legacy_output_shapes()")

    def _to_legacy_output_classes(self) -> Any:
        return self.value_type

    # --- comparing ---
    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Returns whether a spec, or the spec of a value, may describe the same thing."""
        other = spec_or_value
        if not isinstance(other, TypeSpec):
            other = type_spec_from_value(other)
        return type(self) is type(other) and _compatible(self._serialize(), other._serialize())

    def most_specific_compatible_type(self, other: Any) -> Any:
        """Returns the spec that covers both and no more than it must.

        Raises:
            ValueError: if none covers both.
        """
        if type(self) is not type(other):
            raise ValueError(f"No TypeSpec is compatible with both {self} and {other}")
        return type(self)(*_merged(self._serialize(), other._serialize()))

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and _key(self._serialize()) == _key(other._serialize())

    def __hash__(self) -> int:
        return hash((type(self), _key(self._serialize())))

    def __reduce__(self) -> Any:
        return type(self), self._serialize()

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self._serialize()!r}"


class BatchableTypeSpec(TypeSpec):
    """The base of specs whose values can be stacked: they say what a stack of them is."""

    __slots__ = ()

    def _batch(self, batch_size: int | None) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._batch")

    def _unbatch(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._unbatch")

    def _to_batched_tensor_list(self, value: Any) -> list[Any]:
        tensors = self._to_tensor_list(value)
        if any(t.shape.ndims == 0 for t in tensors):
            raise ValueError(f"Value {value} has insufficient rank for batching.")
        return tensors


# --- parts of specs ---
def _key(part: Any) -> Any:
    """A part in a form that compares and hashes."""
    if isinstance(part, tuple | list):
        return tuple([_key(x) for x in part])
    if isinstance(part, dict):
        return tuple([(k, _key(part[k])) for k in sorted(part)])
    if isinstance(part, TensorShape):
        return TensorShape, None if part.ndims is None else tuple(part.as_list())
    if isinstance(part, np.ndarray):
        return np.ndarray, part.shape, _key(part.tolist())
    return part


def _compatible(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, tuple):
        return len(a) == len(b) and all(_compatible(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_compatible(a[k], b[k]) for k in a)
    if isinstance(a, TypeSpec | TensorShape | DType):
        return bool(a.is_compatible_with(b))
    return bool(a == b)


def _merged(a: Any, b: Any) -> Any:
    same = type(a) is type(b)
    if same and isinstance(a, tuple) and len(a) == len(b):
        return tuple([_merged(x, y) for x, y in zip(a, b, strict=True)])
    if same and isinstance(a, dict) and a.keys() == b.keys():
        return {k: _merged(a[k], b[k]) for k in a}
    if same and isinstance(a, TensorShape):
        return a.most_specific_compatible_shape(b)
    if same and isinstance(a, TypeSpec):
        return a.most_specific_compatible_type(b)
    if not same or a != b:
        raise ValueError(f"Types are not compatible: {a!r} vs {b!r}")
    return a


# --- specs of values ---
def register_type_spec_from_value_converter(
    type_object: type, converter_fn: Callable[[Any], TypeSpec], allow_subclass: bool = False
) -> None:
    """Says how the spec of a value of some class is made; the last one that fits counts.

    Args:
        type_object: the class.
        converter_fn: takes a value and returns its spec.
        allow_subclass: whether subclasses count too.
    """
    _converters.append((type_object, converter_fn, allow_subclass))


def type_spec_from_value(value: Any) -> Any:
    """Returns the spec of a value.

    Raises:
        TypeError: if it has none.
    """
    found = _spec(value)
    if found is None:
        try:
            found = _spec(convert_to_tensor(value))
        except (ValueError, TypeError):
            found = None
    if found is None:
        raise TypeError(
            f"Could not build a TypeSpec for {value!r} with type {type(value).__name__}"
        )
    return found


def _spec(value: Any) -> Any:
    own = getattr(value, "_type_spec", None)
    if isinstance(own, TypeSpec):
        return own
    for cls, converter, subclasses in reversed(_converters):
        if value.__class__ is cls or (subclasses and isinstance(value, cls)):
            return converter(value)
    return _spec_of_list(value) if isinstance(value, list) and value else None


def _spec_of_list(value: list[Any]) -> TypeSpec | None:
    specs = [_spec(item) for item in value]
    merged: Any = specs[0]
    if not isinstance(merged, BatchableTypeSpec):
        return None
    try:
        for spec in specs[1:]:
            merged = merged.most_specific_compatible_type(spec)
    except (ValueError, TypeError):
        return None
    batched: TypeSpec = merged._batch(len(specs))
    return batched
