"""Structures taken apart along a shallower one, and paths; facts of TensorFlow 1.15.5's nest."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import pytest

import graphflow as tf

nest = tf.contrib.framework.nest
AB = namedtuple("AB", ("a", "b"))


def test_parts_stand_where_the_form_has_leaves() -> None:
    assert nest.flatten_up_to([0, [0, 0]], [[1, 2], [3, {"x": 4}]]) == [[1, 2], 3, {"x": 4}]
    assert nest.flatten_up_to(0, [1, 2]) == [[1, 2]]
    assert nest.flatten_up_to({"b": 0, "a": 0}, {"a": (1,), "b": 2}) == [(1,), 2]
    assert nest.flatten_up_to([0], [1, 2], check_subtrees_length=False) == [1]


def test_results_come_in_the_form() -> None:
    found = nest.map_structure_up_to(AB(0, [0]), lambda x, y: (x, y), AB([1], [2]), AB(3, [(4,)]))
    assert found == AB(([1], 3), [(2, (4,))])
    assert nest.map_structure_up_to(0, len, [1, 2, 3]) == 3
    with_path = nest.map_structure_with_tuple_paths_up_to(
        [0, AB(0, 0)], lambda p, x: p, [1, AB(2, 3)]
    )
    assert with_path == [(0,), AB((1, "a"), (1, "b"))]


@pytest.mark.parametrize(
    ("shallow", "deep", "kind", "says"),
    [
        ([0], 1, TypeError, "If shallow structure is a sequence, input must also be a sequence."),
        ([0], (1,), TypeError, "The two structures don't have the same sequence type. Input"),
        ([0], [1, 2], ValueError, "don't have the same sequence length. Input structure has len"),
        ({"a": 0}, {"b": 1}, ValueError, "not in the input_tree: .'a'."),
        ([0, [0]], [1, [2, 3]], ValueError, "the same sequence length"),
    ],
)
def test_other_forms_are_refused(shallow: Any, deep: Any, kind: Any, says: str) -> None:
    with pytest.raises(kind, match=says):
        nest.assert_shallow_structure(shallow, deep)


def test_a_shorter_structure_is_refused_in_any_case() -> None:
    with pytest.raises(ValueError, match="The input_tree has fewer elements than the shallow_tree"):
        nest.assert_shallow_structure([0, 0], [1], check_subtrees_length=False)
    nest.assert_shallow_structure([0, 0], (1, 2), check_types=False)


def test_paths_lead_to_leaves() -> None:
    tree = {"b": [1, AB(2, 3)], "a": 4}
    want = [("a",), ("b", 0), ("b", 1, "a"), ("b", 1, "b")]
    assert list(nest.yield_flat_paths(tree)) == want
    assert nest.flatten_with_tuple_paths(tree) == list(zip(want, [4, 1, 2, 3], strict=True))
    assert nest.flatten_with_joined_string_paths([[7]], separator=".") == [("0.0", 7)]
    assert nest.map_structure_with_paths(lambda p, x: f"{p}={x}", {"a": [5]}) == {"a": ["a/0=5"]}


def test_composites_are_taken_apart_on_demand() -> None:
    with tf.Graph().as_default():
        sparse = tf.SparseTensor([[0]], [1.0], [2])
        paths = list(nest.yield_flat_paths([sparse], expand_composites=True))
        assert paths == [(0, "SparseTensor", i) for i in range(3)]
        assert nest.flatten_up_to([0], [sparse]) == [sparse]
        same = nest.map_structure_up_to([sparse], lambda x: x, [sparse], expand_composites=True)
        assert same[0].values is sparse.values


def test_walks_go_as_far_as_the_function_says() -> None:
    tree = [AB(1, [2]), (3, 4)]
    walk = nest.get_traverse_shallow_structure
    assert walk(lambda x: not isinstance(x, tuple), tree) == [False, False]
    assert walk(lambda x: AB(True, False) if isinstance(x, AB) else True, tree) == [
        AB(True, False),
        (True, True),
    ]
    assert walk(lambda x: True, 3) is True
    with pytest.raises(TypeError, match=r"traverse_fn returned structure: .* for non-structure: 1"):
        walk(lambda x: [True] if x == 1 else True, tree)
    with pytest.raises(TypeError, match="returned a non-bool scalar: 5 for input"):
        walk(lambda x: 5, tree)
    with pytest.raises(TypeError, match="didn't return a depth=1 structure of bools"):
        walk(lambda x: [1, True], tree)


def test_keys_that_are_structures_are_taken_apart() -> None:
    assert nest.flatten_dict_items({(1, (2,)): [3, [4]], 5: 6}) == {1: 3, 2: 4, 5: 6}
    with pytest.raises(ValueError, match="key 1 is not unique"):
        nest.flatten_dict_items({1: 2, (1, 3): (4, 5)})
    with pytest.raises(ValueError, match="Key had 2 elements, but value had 1 elements"):
        nest.flatten_dict_items({(1, 3): (4,)})
    with pytest.raises(TypeError, match="input must be a dictionary"):
        nest.flatten_dict_items([1])
