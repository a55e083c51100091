"""Gradients that are IndexedSlices go through every operation, as in TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphflow as tf

THROUGH: dict[str, Callable[[Any], Any]] = {
    "identity": tf.identity,
    "concat by rows": lambda x: tf.concat([x, 2 * x], 0),
    "concat by columns": lambda x: tf.concat([x, 2 * x], -1),
    "gather": lambda x: tf.gather(x, [1, 0, 1]),
    "gather_nd": lambda x: tf.gather_nd(x, [[0], [1]]),
    "broadcast_to": lambda x: tf.broadcast_to(x, [4, 3]),
    "squared_difference": lambda x: tf.squared_difference(x, 1.0),
    "transpose": tf.transpose,
    "reduce_max": lambda x: tf.reduce_max(x, 1, keepdims=True),
    "matmul": lambda x: tf.matmul(x, x, transpose_b=True),
    "cast": lambda x: tf.cast(x, tf.float64),
    "add_n": lambda x: tf.add_n([x, x]),
}


@pytest.mark.parametrize("name", THROUGH)
def test_rows_of_a_gradient_go_through(name: str) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.Variable(np.random.RandomState(0).rand(4, 3).astype(np.float32))
        z = THROUGH[name](x)
        (by_rows,) = tf.gradients(tf.gather(z, [0, 0]), x)
        picked = tf.one_hot([0, 0], tf.shape(z)[0], dtype=z.dtype)
        (dense,) = tf.gradients(tf.matmul(picked, z), x)
        session.run(tf.global_variables_initializer())
        got, wanted = session.run([tf.convert_to_tensor(by_rows), tf.convert_to_tensor(dense)])
        np.testing.assert_allclose(got, wanted, rtol=1e-6)


def test_concat_hands_on_the_rows_that_are_each_part_s() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        a, b = tf.Variable(tf.ones([2, 3])), tf.Variable(tf.ones([3, 3]))
        da, db = tf.gradients(tf.gather(tf.concat([a, b], 0), [4, 0, 2, 4]), [a, b])
        assert isinstance(da, tf.IndexedSlices)
        session.run(tf.global_variables_initializer())
        rows = session.run([da.indices, db.indices, db.values])
        np.testing.assert_array_equal(rows[0], [0])
        np.testing.assert_array_equal(rows[1], [2, 0, 2])
        np.testing.assert_array_equal(rows[2], np.ones([3, 3]))
