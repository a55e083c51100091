"""Gradients of arbitrary graphs: broadcasting undone, random DAGs against a difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from _rows import tf
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.ops._rules import sum_to

ONE: list[Callable[[Any], Any]] = [
    lambda x: tf.tanh(x),
    lambda x: tf.sigmoid(x),
    lambda x: tf.exp(tf.tanh(x)),
    lambda x: tf.square(tf.tanh(x)),
    lambda x: -x,
    lambda x: tf.sin(x) * 0.5,
    lambda x: tf.reduce_sum(x, axis=0, keepdims=True) if x.shape.ndims else x,
    lambda x: tf.reduce_mean(x),
    lambda x: tf.identity(x),
    lambda x: tf.nn.softplus(x),
]
TWO: list[Callable[[Any, Any], Any]] = [
    lambda x, y: x + y,
    lambda x, y: x - y,
    lambda x, y: tf.tanh(x) * y,
    lambda x, y: x / (1.5 + tf.sigmoid(y)),
    lambda x, y: tf.squared_difference(tf.tanh(x), y),
]


@st.composite
def broadcastable(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that broadcast against each other."""
    result = draw(st.lists(st.integers(0, 3), max_size=3))

    def part() -> tuple[int, ...]:
        kept = [1 if draw(st.integers(0, 2)) == 0 else n for n in result]
        return tuple(kept[draw(st.integers(0, len(result))) :])

    return part(), part()


@given(broadcastable(), st.sampled_from(["sizes", "ranks", "nothing"]))
def test_sum_to_is_the_adjoint_of_broadcasting(
    pair: tuple[tuple[int, ...], tuple[int, ...]], known: str
) -> None:
    own, other = pair
    result = np.broadcast_shapes(own, other)
    draw = np.random.default_rng(5)
    x, g = draw.integers(-5, 6, own) + 0.0, draw.integers(-5, 6, result) + 0.0

    def placeholder(shape: tuple[int, ...]) -> Any:
        said = {"sizes": shape, "ranks": [None] * len(shape), "nothing": None}[known]
        return tf.placeholder(tf.float64, said)

    with tf.Graph().as_default(), tf.Session() as session:
        a, b, dy = placeholder(own), placeholder(other), placeholder(result)
        summed = session.run(sum_to(dy, a, b), {a: x, b: np.zeros(other), dy: g})
    assert summed.shape == own
    assert np.sum(summed * x) == np.sum(g * np.broadcast_to(x, result))


steps = st.lists(
    st.tuples(st.integers(0, len(ONE) + len(TWO) - 1), st.integers(0, 9), st.integers(0, 9)),
    min_size=1,
    max_size=14,
)


def grow(inputs: list[Any], program: list[tuple[int, int, int]]) -> Any:
    """Builds the graph of a program: each step takes earlier results, the sum of all comes out."""
    made = list(inputs)
    for op, i, j in program:
        x, y = made[-1 - i % len(made)], made[-1 - j % len(made)]
        made.append(ONE[op](x) if op < len(ONE) else TWO[op - len(ONE)](x, y))
    return tf.reduce_sum(made[-1]) + 0.1 * tf.reduce_sum(made[len(made) // 2])


@settings(max_examples=40)
@given(steps)
def test_gradient_of_a_random_graph_is_the_difference(program: list[tuple[int, int, int]]) -> None:
    draw = np.random.default_rng(11)
    values = [draw.uniform(-1, 1, shape) for shape in ((2, 3), (3,), ())]
    along = [draw.uniform(-1, 1, value.shape) for value in values]
    with tf.Graph().as_default(), tf.Session() as session:
        inputs = [tf.placeholder(tf.float64, value.shape) for value in values]
        y = grow(inputs, program)
        found = tf.gradients(y, inputs)
        pairs = [(g, v) for g, v in zip(found, along, strict=True) if g is not None]

        def feeds(shift: float) -> dict[Any, Any]:
            return {x: a + shift * v for x, a, v in zip(inputs, values, along, strict=True)}

        slopes = session.run([g for g, _ in pairs], feeds(0))
        ahead, behind = session.run(y, feeds(1e-5)), session.run(y, feeds(-1e-5))
    slope = sum(float(np.sum(g * v)) for g, (_, v) in zip(slopes, pairs, strict=True))
    size = 1 + abs(slope) + abs(float(ahead))
    assert slope == pytest.approx((ahead - behind) / 2e-5, abs=1e-7 * size)
