"""The structures of data sets' elements: tuples, named tuples and dicts of leaves.

Unlike `graphflow.core.nest`, lists are leaves here (they become tensors), and so are sparse values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphflow.core import nest
from graphflow.core.sparse_tensor import SparseTensorValue


def is_nested(x: Any) -> bool:
    """Whether something is a structure rather than a leaf."""
    if isinstance(x, SparseTensorValue):
        return False
    return isinstance(x, tuple | Mapping) or hasattr(type(x), "__attrs_attrs__")


def flatten(structure: Any) -> list[Any]:
    """The leaves of a structure."""
    if not is_nested(structure):
        return [structure]
    return [leaf for part in nest.parts(structure) for leaf in flatten(part)]


def pack_sequence_as(structure: Any, leaves: Sequence[Any]) -> Any:
    """The leaves in the form of a structure.

    Raises:
        TypeError: if the leaves are no sequence.
        ValueError: if there are too many or too few.
    """
    if not isinstance(leaves, list | tuple):
        raise TypeError("flat_sequence must be a sequence")
    wanted = len(flatten(structure))
    if not is_nested(structure) and len(leaves) != 1:
        raise ValueError(f"Structure is a scalar but len(flat_sequence) == {len(leaves)} > 1")
    if len(leaves) != wanted:
        raise ValueError(
            f"Could not pack sequence. Structure had {wanted} elements, but flat_sequence had "
            f"{len(leaves)} elements.  Structure: {structure}, flat_sequence: {leaves}."
        )
    return _packed(structure, iter(leaves))


def _packed(structure: Any, leaves: Any) -> Any:
    if not is_nested(structure):
        return next(leaves)
    return nest.rebuilt(structure, [_packed(part, leaves) for part in nest.parts(structure)])


def assert_same_structure(a: Any, b: Any, check_types: bool = True) -> None:
    """Checks that two structures have the same form.

    Raises:
        ValueError: if the forms differ.
        TypeError: if only the types of sequences differ.
    """
    try:
        _same(a, b, check_types)
    except (ValueError, TypeError) as e:
        raise type(e)(
            "The two structures don't have the same nested structure.\n\n"
            f"First structure: type={type(a).__name__} str={a}\n\n"
            f"Second structure: type={type(b).__name__} str={b}\n\n"
            f"More specifically: {e}"
        ) from None


def _same(a: Any, b: Any, check_types: bool) -> None:
    if is_nested(a) != is_nested(b):
        one, other = (a, b) if is_nested(a) else (b, a)
        raise ValueError(
            f'Substructure "type={type(one).__name__} str={one}" is a sequence, while '
            f'substructure "type={type(other).__name__} str={other}" is not'
        )
    if not is_nested(a):
        return
    if check_types and type(a) is not type(b) and not (_is_dict(a) and _is_dict(b)):
        raise TypeError(
            "The two structures don't have the same sequence type. First structure has type "
            f"{type(a)}, while second structure has type {type(b)}."
        )
    if isinstance(a, Mapping) and set(a) != set(b):
        raise ValueError(
            "The two dictionaries don't have the same set of keys. First structure has keys "
            f"{list(a)}, while second structure has keys {list(b)}."
        )
    left, right = list(nest.parts(a)), list(nest.parts(b))
    if len(left) != len(right):
        raise ValueError(
            "The two structures don't have the same number of elements. First structure: "
            f"{a}. Second structure: {b}"
        )
    for x, y in zip(left, right, strict=True):
        _same(x, y, check_types)


def _is_dict(x: Any) -> bool:
    return isinstance(x, Mapping)


def map_structure(function: Callable[..., Any], *structures: Any, check_types: bool = True) -> Any:
    """A function of the leaves of structures of one form, in that form."""
    for other in structures[1:]:
        assert_same_structure(structures[0], other, check_types)
    rows = zip(*[flatten(s) for s in structures], strict=True)
    return pack_sequence_as(structures[0], [function(*row) for row in rows])


def flatten_up_to(shallow: Any, deep: Any) -> list[Any]:
    """The parts of a structure that stand where a shallower one has leaves.

    Raises:
        TypeError: if the types of sequences differ.
        ValueError: if the deeper one does not begin with the form of the shallow one.
    """
    if not is_nested(shallow):
        return [deep]
    if not is_nested(deep):
        if not isinstance(deep, list):
            raise TypeError(
                "If shallow structure is a sequence, input must also be a sequence. Input has "
                f"type: {type(deep)}."
            )
        if not isinstance(shallow, tuple):
            raise TypeError(f"the structure {shallow} is no sequence, but {deep} is a list")
    elif not isinstance(deep, type(shallow)) and not (_is_dict(shallow) and _is_dict(deep)):
        raise TypeError(
            "The two structures don't have the same sequence type. Input structure has type "
            f"{type(deep)}, while shallow structure has type {type(shallow)}."
        )
    if len(deep) != len(shallow):
        raise ValueError(
            "The two structures don't have the same sequence length. Input structure has length "
            f"{len(deep)}, while shallow structure has length {len(shallow)}."
        )
    if _is_dict(shallow) and set(deep) != set(shallow):
        raise ValueError(
            "The two structures don't have the same keys. Input structure has keys "
            f"{list(deep)}, while shallow structure has keys {list(shallow)}."
        )
    inner = deep if isinstance(deep, list) else list(nest.parts(deep))
    parts = zip(nest.parts(shallow), inner, strict=True)
    return [leaf for s, d in parts for leaf in flatten_up_to(s, d)]


def map_structure_up_to(shallow: Any, function: Callable[..., Any], *deep: Any) -> Any:
    """A function of the parts of structures, in the form of a shallower one."""
    rows = zip(*[flatten_up_to(shallow, d) for d in deep], strict=True)
    return pack_sequence_as(shallow, [function(*row) for row in rows])
