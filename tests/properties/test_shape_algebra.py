"""Laws of TensorShape: merging, compatibility, concatenation, broadcasting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from graphflow.core.elementwise import broadcast
from graphflow.core.errors import ShapeError
from graphflow.core.shape import TensorShape, count

sizes = st.one_of(st.none(), st.integers(0, 4))
dims = st.one_of(st.none(), st.lists(sizes, max_size=4).map(tuple))
shapes = dims.map(TensorShape)
concrete = st.lists(st.integers(0, 4), max_size=4).map(tuple)


@st.composite
def knowledge(draw: st.DrawFn) -> tuple[tuple[int, ...], TensorShape, TensorShape]:
    """A real shape, and two shapes that each know a part of it."""
    real = draw(concrete)

    def part() -> TensorShape:
        if draw(st.booleans()):
            return TensorShape(None)
        return TensorShape([n if draw(st.booleans()) else None for n in real])

    return real, part(), part()


@given(shapes, shapes)
def test_compatibility_is_symmetric(a: TensorShape, b: TensorShape) -> None:
    assert a.is_compatible_with(b) == b.is_compatible_with(a)


@given(shapes)
def test_shape_is_compatible_with_itself_and_the_unknown(a: TensorShape) -> None:
    assert a.is_compatible_with(a)
    assert a.is_compatible_with(TensorShape(None))


@given(shapes, shapes)
def test_shapes_merge_exactly_when_compatible(a: TensorShape, b: TensorShape) -> None:
    if not a.is_compatible_with(b):
        with pytest.raises(ValueError, match="not compatible"):
            a.merge_with(b)
        return
    merged = a.merge_with(b)
    assert merged.raw == b.merge_with(a).raw
    assert merged.raw == merged.merge_with(a).raw == merged.merge_with(b).raw


@given(knowledge())
def test_merged_knowledge_stays_true(
    case: tuple[tuple[int, ...], TensorShape, TensorShape],
) -> None:
    real, a, b = case
    merged = a.merge_with(b)
    assert merged.is_compatible_with(real)
    if a.ndims is not None and b.ndims is not None:
        for x, y, z in zip(a.as_list(), b.as_list(), merged.as_list(), strict=True):
            assert z == (y if x is None else x)


@given(shapes, shapes)
def test_most_specific_shape_covers_both(a: TensorShape, b: TensorShape) -> None:
    common = a.most_specific_compatible_shape(b)
    assert common.is_compatible_with(a)
    assert common.is_compatible_with(b)


@given(shapes, shapes, shapes)
def test_concatenation_is_associative(a: TensorShape, b: TensorShape, c: TensorShape) -> None:
    left = a.concatenate(b).concatenate(c)
    right = a.concatenate(b.concatenate(c))
    assert left.raw == right.raw


@given(concrete)
def test_known_shape_counts_its_elements(real: tuple[int, ...]) -> None:
    shape = TensorShape(real)
    assert shape.is_fully_defined()
    assert shape.num_elements() == count(real) == np.empty(real).size
    assert shape.as_list() == list(real)
    assert list(shape[1:]) == list(shape)[1:]


@given(concrete, concrete)
def test_broadcasting_is_that_of_numpy(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    try:
        wanted = np.broadcast_shapes(a, b)
    except ValueError:
        with pytest.raises(ShapeError):
            broadcast(a, b)
        return
    assert broadcast(a, b) == wanted


@given(knowledge(), concrete)
def test_broadcasting_of_part_knowledge_is_true(
    case: tuple[tuple[int, ...], TensorShape, TensorShape], other: tuple[int, ...]
) -> None:
    real, known, _ = case
    try:
        wanted = np.broadcast_shapes(real, other)
    except ValueError:
        assume(False)
    assert TensorShape(broadcast(known.raw, other)).is_compatible_with(wanted)
    assert TensorShape(broadcast(other, known.raw)).is_compatible_with(wanted)
