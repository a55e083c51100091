"""Nested structures: lists, tuples, named tuples and dicts of anything, taken apart and rebuilt.

The order is TensorFlow's: sequences as they stand, dicts by sorted keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from graphflow.core.export import export


def _is_attrs(x: Any) -> bool:
    return hasattr(type(x), "__attrs_attrs__")


@export("nest.is_nested", "contrib.framework.nest.is_nested")
def is_nested(seq: Any) -> bool:
    """Returns whether something is a structure rather than a leaf.

    Args:
        seq: anything; strings and arrays are leaves.
    """
    if isinstance(seq, str | bytes | type):
        return False
    return (
        isinstance(seq, list | tuple | Mapping)
        or _is_attrs(seq)
        or (isinstance(seq, Sequence) and not hasattr(seq, "dtype"))
    )


@export("contrib.framework.nest.is_sequence")
def is_sequence(o: Any) -> bool:
    """As `is_nested`, under its older name.

    Args:
        o: anything.
    """
    return is_nested(o)


def parts(structure: Any) -> Iterator[Any]:
    """The items one level down, in the order of `flatten`."""
    if isinstance(structure, Mapping):
        try:
            keys = sorted(structure)
        except TypeError:
            raise TypeError("nest only supports dicts with sortable keys.") from None
        for key in keys:
            yield structure[key]
    elif _is_attrs(structure):
        for a in type(structure).__attrs_attrs__:
            yield getattr(structure, a.name)
    else:
        yield from structure


def rebuilt(structure: Any, items: Sequence[Any]) -> Any:
    """A structure of the same type with other items one level down."""
    cls: Any = type(structure)
    if isinstance(structure, Mapping):
        by_key = dict(zip(sorted(structure), items, strict=True))
        made = [(key, by_key[key]) for key in structure]
        factory = getattr(structure, "default_factory", cls)
        return cls(made) if factory is cls else cls(factory, made)
    if (isinstance(structure, tuple) and hasattr(structure, "_fields")) or _is_attrs(structure):
        return cls(*items)
    return cls(items)


@export("nest.flatten", "contrib.framework.nest.flatten")
def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """Returns the leaves of a structure as a list.

    Args:
        structure: any structure; a leaf gives a list of one.
        expand_composites: whether SparseTensors and IndexedSlices count as structures.
    """
    if expand_composites and hasattr(structure, "_fetch_parts"):
        return list(structure._fetch_parts()[0])
    if not is_nested(structure):
        return [structure]
    return [leaf for part in parts(structure) for leaf in flatten(part, expand_composites)]


def _kind(structure: Any) -> type:
    if isinstance(structure, Mapping):
        return dict
    return type(structure)


@export("nest.assert_same_structure", "contrib.framework.nest.assert_same_structure")
def assert_same_structure(
    nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False
) -> None:
    """Checks that two structures have the same form.

    Args:
        nest1: a structure.
        nest2: another one.
        check_types: whether the types of sequences must be equal too.
        expand_composites: as in `flatten`.

    Raises:
        ValueError: if the forms differ.
        TypeError: if only the types of sequences differ.
    """
    try:
        _same(nest1, nest2, check_types, expand_composites)
    except (ValueError, TypeError) as e:
        raise type(e)(
            "The two structures don't have the same nested structure.\n\n"
            f"First structure: type={type(nest1).__name__} str={nest1}\n\n"
            f"Second structure: type={type(nest2).__name__} str={nest2}\n\n"
            f"More specifically: {e}"
        ) from None


def _same(a: Any, b: Any, check_types: bool, expand: bool) -> None:
    if expand and (hasattr(a, "_with_parts") or hasattr(b, "_with_parts")):
        _same_composites(a, b)
        return
    if is_nested(a) != is_nested(b):
        one, other = (a, b) if is_nested(a) else (b, a)
        raise ValueError(
            f'Substructure "type={type(one).__name__} str={one}" is a sequence, while '
            f'substructure "type={type(other).__name__} str={other}" is not'
        )
    if not is_nested(a):
        return
    if check_types and _kind(a) is not _kind(b):
        raise TypeError(
            "The two structures don't have the same sequence type. First has type "
            f"{type(a).__name__}, while second has type {type(b).__name__}"
        )
    if isinstance(a, Mapping) and set(a) != set(b):
        raise ValueError(f"The two dictionaries have different keys: {sorted(a)} and {sorted(b)}")
    left, right = list(parts(a)), list(parts(b))
    if len(left) != len(right):
        raise ValueError(
            "The two structures don't have the same number of elements: "
            f"{len(left)} and {len(right)}. First structure: type={type(a).__name__} str={a}. "
            f"Second structure: type={type(b).__name__} str={b}"
        )
    for x, y in zip(left, right, strict=True):
        _same(x, y, check_types, expand)


def _same_composites(a: Any, b: Any) -> None:
    if type(a) is not type(b):
        raise TypeError(f"One is a {type(a).__name__}, the other a {type(b).__name__}: {a}, {b}")
    if len(a._fetch_parts()[0]) != len(b._fetch_parts()[0]):
        raise ValueError(f"They do not have the same parts: {a} and {b}")


@export("nest.pack_sequence_as", "contrib.framework.nest.pack_sequence_as")
def pack_sequence_as(
    structure: Any, flat_sequence: Sequence[Any], expand_composites: bool = False
) -> Any:
    """Returns leaves in the form of a structure.

    Args:
        structure: the form.
        flat_sequence: as many leaves as `flatten(structure)` gives.
        expand_composites: as in `flatten`.

    Raises:
        TypeError: if `flat_sequence` is no sequence.
        ValueError: if its length is wrong.
    """
    if not is_nested(flat_sequence):
        raise TypeError("flat_sequence must be a sequence")
    flat = list(flat_sequence)
    wanted = len(flatten(structure, expand_composites))
    if len(flat) != wanted:
        raise ValueError(
            f"Could not pack sequence. Structure had {wanted} elements, but flat_sequence had "
            f"{len(flat)} elements. Structure: {structure}, flat_sequence: {flat_sequence}."
        )
    return _packed(structure, iter(flat), expand_composites)


def _packed(structure: Any, leaves: Iterator[Any], expand: bool) -> Any:
    if expand and hasattr(structure, "_fetch_parts"):
        return structure._with_parts([next(leaves) for _ in structure._fetch_parts()[0]])
    if not is_nested(structure):
        return next(leaves)
    return rebuilt(structure, [_packed(part, leaves, expand) for part in parts(structure)])


@export("nest.map_structure", "contrib.framework.nest.map_structure")
def map_structure(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """Applies a function to the leaves of structures of one form and returns that form.

    Args:
        func: takes one leaf of each structure.
        *structure: structures of the same form.
        **kwargs: `check_types` and `expand_composites`, as in `assert_same_structure`.

    Raises:
        TypeError: if `func` cannot be called, or an unknown keyword is given.
        ValueError: if there is no structure, or the forms differ.
    """
    if not callable(func):
        raise TypeError(f"func must be callable, got: {func}")
    if not structure:
        raise ValueError("Must provide at least one structure")
    check_types = kwargs.pop("check_types", True)
    expand = kwargs.pop("expand_composites", False)
    if kwargs:
        raise ValueError("Only valid keyword arguments are `check_types` and `expand_composites`")
    for other in structure[1:]:
        assert_same_structure(structure[0], other, check_types, expand)
    rows = zip(*[flatten(s, expand) for s in structure], strict=True)
    return pack_sequence_as(structure[0], [func(*row) for row in rows], expand)
