"""Nested structures taken apart down to the leaves of another, shallower one; and paths of leaves.

A path is the tuple of the keys, field names and numbers that lead to a leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from graphflow.core import nest
from graphflow.core.export import export

_HOME: Final = "contrib.framework.nest"
Path = tuple[Any, ...]


def _is_composite(x: Any) -> bool:
    return hasattr(x, "_fetch_parts")


def _is_structure(x: Any, expand: bool) -> bool:
    return nest.is_nested(x) or (expand and _is_composite(x))


def _items(structure: Any) -> Iterator[tuple[Any, Any]]:
    """The keys and the items one level down, in the order of `flatten`."""
    if _is_composite(structure):
        yield type(structure).__name__, tuple(structure._fetch_parts()[0])
        return
    parts = list(nest.parts(structure))
    keys: Sequence[Any] = range(len(parts))
    if isinstance(structure, Mapping):
        keys = sorted(structure)
    elif hasattr(type(structure), "__attrs_attrs__"):
        keys = [a.name for a in type(structure).__attrs_attrs__]
    elif isinstance(structure, tuple) and hasattr(structure, "_fields"):
        keys = structure._fields
    yield from zip(keys, parts, strict=True)


def _leaves(shallow: Any, deep: Any, expand: bool, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if not _is_structure(shallow, expand):
        yield path, deep
        return
    below = dict(_items(deep))
    for key, part in _items(shallow):
        yield from _leaves(part, below[key], expand, (*path, key))


@export(f"{_HOME}.assert_shallow_structure")
def assert_shallow_structure(
    shallow_tree: Any,
    input_tree: Any,
    check_types: bool = True,
    expand_composites: bool = False,
    check_subtrees_length: bool = True,
) -> None:
    """Checks that a structure has the form of another one as far down as that one goes.

    Args:
        shallow_tree: the form.
        input_tree: the structure; anything may stand where the form has a leaf.
        check_types: whether the types of sequences must be equal too.
        expand_composites: whether SparseTensors and IndexedSlices count as structures.
        check_subtrees_length: whether lengths must be equal; else the form may be the shorter one.

    Raises:
        TypeError: if a leaf stands for a structure, or the types of sequences differ.
        ValueError: if lengths or keys differ.
    """
    if not _is_structure(shallow_tree, expand_composites):
        return
    if not _is_structure(input_tree, expand_composites):
        raise TypeError(
            "If shallow structure is a sequence, input must also be a sequence. Input has type: "
            f"{type(input_tree)}."
        )
    if _is_composite(shallow_tree) or _is_composite(input_tree):
        _check_kind(shallow_tree, input_tree)
        return
    if check_types and not isinstance(input_tree, type(shallow_tree)):
        _check_kind(shallow_tree, input_tree)
    _check_length(shallow_tree, input_tree, check_subtrees_length)
    if isinstance(shallow_tree, Mapping):
        absent = set(shallow_tree) - set(input_tree)
        if absent:
            raise ValueError(
                "The shallow_tree's keys are not a subset of the input_tree's keys. The "
                "shallow_tree has the following keys that are not in the input_tree: "
                f"{sorted(absent)}."
            )
    for part, deep in zip(nest.parts(shallow_tree), nest.parts(input_tree), strict=False):
        assert_shallow_structure(part, deep, check_types, expand_composites, check_subtrees_length)


def _check_kind(shallow: Any, deep: Any) -> None:
    same = type(shallow) is type(deep) or _same_named_tuples(shallow, deep)
    if not same and not (isinstance(shallow, Mapping) and isinstance(deep, Mapping)):
        raise TypeError(
            "The two structures don't have the same sequence type. Input structure has type "
            f"{type(deep)}, while shallow structure has type {type(shallow)}."
        )


def _same_named_tuples(a: Any, b: Any) -> bool:
    fields = getattr(a, "_fields", None)
    same_name = type(a).__name__ == type(b).__name__
    return fields is not None and same_name and fields == getattr(b, "_fields", None)


def _check_length(shallow: Any, deep: Any, equal: bool) -> None:
    n, wanted = len(list(nest.parts(deep))), len(list(nest.parts(shallow)))
    if equal and n != wanted:
        raise ValueError(
            "The two structures don't have the same sequence length. Input structure has length "
            f"{n}, while shallow structure has length {wanted}."
        )
    if n < wanted:
        raise ValueError(
            "The input_tree has fewer elements than the shallow_tree. Input structure has length "
            f"{n}, while shallow structure has length {wanted}."
        )


@export(f"{_HOME}.flatten_up_to")
def flatten_up_to(
    shallow_tree: Any,
    input_tree: Any,
    check_types: bool = True,
    expand_composites: bool = False,
    check_subtrees_length: bool = True,
) -> list[Any]:
    """Returns what stands in a structure where another one has its leaves.

    Args:
        shallow_tree: the form.
        input_tree: as in `assert_shallow_structure`.
        check_types: as in `assert_shallow_structure`.
        expand_composites: as in `assert_shallow_structure`.
        check_subtrees_length: as in `assert_shallow_structure`.

    Raises:
        TypeError: as `assert_shallow_structure`.
        ValueError: as `assert_shallow_structure`.
    """
    found = flatten_with_tuple_paths_up_to(
        shallow_tree, input_tree, check_types, expand_composites, check_subtrees_length
    )
    return [leaf for _, leaf in found]


@export(f"{_HOME}.flatten_with_tuple_paths_up_to")
def flatten_with_tuple_paths_up_to(
    shallow_tree: Any,
    input_tree: Any,
    check_types: bool = True,
    expand_composites: bool = False,
    check_subtrees_length: bool = True,
) -> list[tuple[Path, Any]]:
    """As `flatten_up_to`, with the path before each leaf.

    Args:
        shallow_tree: the form.
        input_tree: as in `assert_shallow_structure`.
        check_types: as in `assert_shallow_structure`.
        expand_composites: as in `assert_shallow_structure`.
        check_subtrees_length: as in `assert_shallow_structure`.
    """
    assert_shallow_structure(
        shallow_tree, input_tree, check_types, expand_composites, check_subtrees_length
    )
    return list(_leaves(shallow_tree, input_tree, expand_composites))


@export(f"{_HOME}.map_structure_up_to")
def map_structure_up_to(
    shallow_tree: Any, func: Callable[..., Any], *inputs: Any, **kwargs: Any
) -> Any:
    """Applies a function to what stands in structures where another one has its leaves.

    Args:
        shallow_tree: the form; the results come in it.
        func: takes one part of each structure.
        *inputs: the structures.
        **kwargs: `check_types`, `expand_composites` and `check_subtrees_length` as in
            `assert_shallow_structure`; others go to `func`.

    Raises:
        TypeError: as `assert_shallow_structure`.
        ValueError: as `assert_shallow_structure`, or if there are no structures.
    """
    return map_structure_with_tuple_paths_up_to(
        shallow_tree, lambda _, *parts, **more: func(*parts, **more), *inputs, **kwargs
    )


@export(f"{_HOME}.map_structure_with_tuple_paths_up_to")
def map_structure_with_tuple_paths_up_to(
    shallow_tree: Any, func: Callable[..., Any], *inputs: Any, **kwargs: Any
) -> Any:
    """As `map_structure_up_to`; the function gets the path first.

    Args:
        shallow_tree: the form.
        func: takes the path, and one part of each structure.
        *inputs: the structures.
        **kwargs: as in `map_structure_up_to`.

    Raises:
        TypeError: as `map_structure_up_to`.
        ValueError: as `map_structure_up_to`.
    """
    if not inputs:
        raise ValueError("Cannot map over no sequences")
    check_types = kwargs.pop("check_types", True)
    expand = kwargs.pop("expand_composites", False)
    check_length = kwargs.pop("check_subtrees_length", True)
    columns = [flatten_up_to(shallow_tree, x, check_types, expand, check_length) for x in inputs]
    paths = [path for path, _ in _leaves(shallow_tree, inputs[0], expand)]
    results = [func(*row, **kwargs) for row in zip(paths, *columns, strict=True)]
    if not _is_structure(shallow_tree, expand):
        return results[0]
    return nest.pack_sequence_as(shallow_tree, results, expand_composites=expand)


@export(f"{_HOME}.map_structure_with_tuple_paths")
def map_structure_with_tuple_paths(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """As `map_structure`; the function gets the path first.

    Args:
        func: takes the path, and one leaf of each structure.
        *structure: structures of the same form.
        **kwargs: as in `map_structure_up_to`.
    """
    return map_structure_with_tuple_paths_up_to(structure[0], func, *structure, **kwargs)


@export(f"{_HOME}.map_structure_with_paths")
def map_structure_with_paths(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """As `map_structure`; the function gets the path first, as text with slashes.

    Args:
        func: takes the path, and one leaf of each structure.
        *structure: structures of the same form.
        **kwargs: as in `map_structure_up_to`.
    """

    def with_text(path: Path, *leaves: Any, **more: Any) -> Any:
        return func("/".join(map(str, path)), *leaves, **more)

    return map_structure_with_tuple_paths(with_text, *structure, **kwargs)


@export(f"{_HOME}.yield_flat_paths")
def yield_flat_paths(nest: Any, expand_composites: bool = False) -> Iterator[Path]:
    """Yields the path of each leaf of a structure, in the order of `flatten`.

    Args:
        nest: a structure.
        expand_composites: as in `flatten`.
    """
    for path, _ in _leaves(nest, nest, expand_composites):
        yield path


@export(f"{_HOME}.flatten_with_tuple_paths")
def flatten_with_tuple_paths(
    structure: Any, expand_composites: bool = False
) -> list[tuple[Path, Any]]:
    """Returns the leaves of a structure, each with its path before it.

    Args:
        structure: a structure.
        expand_composites: as in `flatten`.
    """
    return list(_leaves(structure, structure, expand_composites))


@export(f"{_HOME}.flatten_with_joined_string_paths")
def flatten_with_joined_string_paths(
    structure: Any, separator: str = "/", expand_composites: bool = False
) -> list[tuple[str, Any]]:
    """Returns the leaves of a structure, each with its path as text before it.

    Args:
        structure: a structure.
        separator: what stands between the parts of a path.
        expand_composites: as in `flatten`.
    """
    found = flatten_with_tuple_paths(structure, expand_composites)
    return [(separator.join(map(str, path)), leaf) for path, leaf in found]


@export(f"{_HOME}.get_traverse_shallow_structure")
def get_traverse_shallow_structure(
    traverse_fn: Callable[[Any], Any], structure: Any, expand_composites: bool = False
) -> Any:
    """Returns the form of the part of a structure that a function wants to be walked through.

    Args:
        traverse_fn: takes a part of the structure; returns whether to go further down, or that for
            each item of it, in the part's form.
        structure: the structure.
        expand_composites: as in `flatten`.

    Returns:
        A structure of bools: False stands for a part that is not walked through.

    Raises:
        TypeError: if the function returns something else.
        ValueError: if it returns bools in another form.
    """
    wanted = traverse_fn(structure)
    if not _is_structure(structure, expand_composites):
        if not isinstance(wanted, bool):
            raise TypeError(
                f"traverse_fn returned structure: {wanted} for non-structure: {structure}"
            )
        return wanted
    if wanted is False:
        return False
    parts = [part for _, part in _items(structure)]
    if not isinstance(wanted, bool):
        parts = _wanted_parts(wanted, structure, parts, expand_composites)
        below = [want and get_traverse_shallow_structure(traverse_fn, part) for want, part in parts]
    else:
        below = [
            get_traverse_shallow_structure(traverse_fn, part, expand_composites) for part in parts
        ]
    if _is_composite(structure):
        return structure._with_parts(below[0])
    return nest.rebuilt(structure, below)


def _wanted_parts(
    wanted: Any, structure: Any, parts: Sequence[Any], expand: bool
) -> list[tuple[bool, Any]]:
    if not _is_structure(wanted, expand):
        raise TypeError(f"traverse_fn returned a non-bool scalar: {wanted} for input: {structure}")
    assert_shallow_structure(wanted, structure, expand_composites=expand)
    wants = [want for _, want in _items(wanted)]
    if not all(isinstance(want, bool) for want in wants):
        raise TypeError(
            f"traverse_fn didn't return a depth=1 structure of bools.  saw: {wanted}  for "
            f"structure: {structure}"
        )
    return list(zip(wants, parts, strict=True))


@export(f"{_HOME}.flatten_dict_items")
def flatten_dict_items(dictionary: Any) -> dict[Any, Any]:
    """Returns a dict whose structured keys, and their values in the same form, are taken apart.

    Args:
        dictionary: keys are leaves, or structures that can be hashed.

    Raises:
        TypeError: if it is no dict.
        ValueError: if a key comes twice, or key and value have different numbers of leaves.
    """
    if not isinstance(dictionary, Mapping):
        raise TypeError("input must be a dictionary")
    flat: dict[Any, Any] = {}
    for key, value in dictionary.items():
        keys, values = [key], [value]
        if nest.is_nested(key):
            keys, values = nest.flatten(key), nest.flatten(value)
        if len(keys) != len(values):
            raise ValueError(
                f"Could not flatten dictionary. Key had {len(keys)} elements, but value had "
                f"{len(values)} elements. Key: {keys}, value: {values}."
            )
        for k, v in zip(keys, values, strict=True):
            if k in flat:
                raise ValueError(f"Could not flatten dictionary: key {k} is not unique.")
            flat[k] = v
    return flat
