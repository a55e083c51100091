"""What is known of the elements of a data set: a structure of TypeSpecs, and what follows from it.

An element in the user's form (tensors, sparse tensors, data sets in tuples and dicts) and the flat
list of tensors that the operations know are turned into each other here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import DType
from graphflow.core.export import export, publish
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.core.tensor_spec import SparseTensorSpec, TensorSpec
from graphflow.core.type_spec import TypeSpec, _spec
from graphflow.input import data_nest

# --- specs of values ---


def type_spec_from_value(element: Any, use_fallback: bool = True) -> Any:
    """The structure of specs of an element.

    Raises:
        TypeError: if a part has none.
    """
    found = _spec(element)
    if found is not None:
        return found
    if isinstance(element, Mapping):
        cls: Any = type(element)
        return cls([(k, type_spec_from_value(v)) for k, v in element.items()])
    if isinstance(element, tuple):
        parts = [type_spec_from_value(v) for v in element]
        named: Any = type(element)
        return named(*parts) if hasattr(element, "_fields") else tuple(parts)
    if hasattr(type(element), "__attrs_attrs__"):
        return data_nest.map_structure(type_spec_from_value, element)
    if use_fallback:
        try:
            return type_spec_from_value(convert(element), False)
        except (ValueError, TypeError):
            pass
    raise TypeError(
        f"Could not build a TypeSpec for {element!r} with type {type(element).__name__}"
    )


def normalize_element(element: Any) -> Any:
    """An element whose leaves are tensors, sparse tensors or data sets."""
    leaves = []
    with scopes.name_scope("normalize_element"):
        for i, leaf in enumerate(data_nest.flatten(element)):
            spec = None if isinstance(leaf, list) else _spec(leaf)
            if isinstance(spec, SparseTensorSpec):
                leaves.append(SparseTensor.from_value(leaf))
            elif spec is None or isinstance(spec, TensorSpec):
                leaves.append(convert(leaf, name=f"component_{i}"))
            else:
                leaves.append(leaf)
    return data_nest.pack_sequence_as(element, leaves)


def convert_legacy_structure(types: Any, shapes: Any, classes: Any) -> Any:
    """The structure of specs that output_types, output_shapes and output_classes describe.

    Raises:
        TypeError: if a class is none that data sets hold.
    """
    rows = zip(*[data_nest.flatten(s) for s in (types, shapes, classes)], strict=True)
    return data_nest.pack_sequence_as(classes, [_legacy(*row) for row in rows])


def _legacy(dtype: Any, shape: Any, cls: Any) -> Any:
    if isinstance(cls, TypeSpec):
        return cls
    if isinstance(cls, type) and issubclass(cls, SparseTensor):
        return SparseTensorSpec(shape, dtype)
    if isinstance(cls, type) and issubclass(cls, Tensor):
        return TensorSpec(shape, dtype)
    raise TypeError(f"Could not build a structure for output class {cls!r}")


def legacy_types(spec: Any) -> Any:
    """The types of a structure of specs."""
    return data_nest.map_structure(lambda s: s._to_legacy_output_types(), spec)


def legacy_shapes(spec: Any) -> Any:
    """The shapes of a structure of specs."""
    return data_nest.map_structure(lambda s: s._to_legacy_output_shapes(), spec)


def legacy_classes(spec: Any) -> Any:
    """The classes of a structure of specs."""
    return data_nest.map_structure(lambda s: s._to_legacy_output_classes(), spec)


def are_compatible(a: Any, b: Any) -> bool:
    """Whether two structures of specs may describe the same elements."""
    try:
        data_nest.assert_same_structure(a, b)
    except (TypeError, ValueError):
        return False
    pairs = zip(data_nest.flatten(a), data_nest.flatten(b), strict=True)
    return all(x.is_compatible_with(y) and y.is_compatible_with(x) for x, y in pairs)


# --- flat lists ---


def flat_specs(spec: Any) -> list[Any]:
    """The specs of the tensors of an element."""
    return [x for s in data_nest.flatten(spec) for x in s._flat_tensor_specs]


def flat_types(spec: Any) -> list[DType]:
    """The types of the tensors of an element."""
    return [s.dtype for s in flat_specs(spec)]


def flat_shapes(spec: Any) -> list[TensorShape]:
    """The shapes of the tensors of an element."""
    return [s.shape for s in flat_specs(spec)]


def flat_attrs(spec: Any) -> dict[str, Any]:
    """The attributes of most operations on data sets."""
    return {"output_shapes": flat_shapes(spec), "output_types": flat_types(spec)}


def to_tensor_list(spec: Any, element: Any) -> list[Any]:
    """The tensors of an element."""
    data_nest.assert_same_structure(spec, element)
    pairs = zip(data_nest.flatten(spec), data_nest.flatten(element), strict=True)
    return [t for s, value in pairs for t in s._to_tensor_list(value)]


def to_batched_tensor_list(spec: Any, element: Any) -> list[Any]:
    """The tensors of an element whose rows are elements themselves."""
    data_nest.assert_same_structure(spec, element)
    pairs = zip(data_nest.flatten(spec), data_nest.flatten(element), strict=True)
    return [t for s, value in pairs for t in s._to_batched_tensor_list(value)]


def _from(spec: Any, tensors: Sequence[Any], decode: Callable[[Any, Any], Any]) -> Any:
    leaves, at = [], 0
    flat = data_nest.flatten(spec)
    total = sum([len(s._flat_tensor_specs) for s in flat])
    if total != len(tensors):
        raise ValueError(f"Expected {total} tensors but got {len(tensors)}.")
    for s in flat:
        n = len(s._flat_tensor_specs)
        leaves.append(decode(s, list(tensors[at : at + n])))
        at += n
    return data_nest.pack_sequence_as(spec, leaves)


def from_compatible_tensor_list(spec: Any, tensors: Sequence[Any]) -> Any:
    """The element that consists of tensors known to fit."""
    return _from(spec, tensors, lambda s, x: s._from_compatible_tensor_list(x))


def from_tensor_list(spec: Any, tensors: Sequence[Any]) -> Any:
    """The element that consists of tensors.

    Raises:
        ValueError: if they do not fit.
    """
    return _from(spec, tensors, lambda s, x: s._from_tensor_list(x))


# --- what the experimental names of 1.15 make ---
publish(TypeSpec, "data.experimental.Structure")


@export("data.experimental.TensorStructure")
def tensor_structure(dtype: Any, shape: Any) -> TensorSpec:
    """Returns the TensorSpec of a type and a shape."""
    return TensorSpec(shape, dtype)


@export("data.experimental.SparseTensorStructure")
def sparse_tensor_structure(dtype: Any, shape: Any) -> SparseTensorSpec:
    """Returns the SparseTensorSpec of a type and a shape."""
    return SparseTensorSpec(shape, dtype)


def shapes_of(types: Any, shapes: Any) -> Any:
    """The shapes that a user gives for a structure of types; None: unknown ones."""
    if shapes is None:
        return data_nest.map_structure(lambda _: TensorShape(None), types)
    return data_nest.map_structure_up_to(types, as_shape, shapes)
