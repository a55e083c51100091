"""Compiled products of sparse matrices and of integers: each against NumPy."""

import numpy as np
import pytest

import graphflow as tf
from tests.runtime.compiled_code import NEEDED, agrees, both

pytestmark = [NEEDED, pytest.mark.usefixtures("everything_is_compiled")]

NUMBERS = np.random.RandomState(0)


def sparse_operands(dtype, index, adjoint_a, adjoint_b, *, wrong=None):
    """A fed sparse [7, 9] matrix of 30 values in any order, a dense [9, 20] one, and the feeds."""
    places = np.stack([NUMBERS.randint(0, 7, 30), NUMBERS.randint(0, 9, 30)], 1)
    if wrong is not None:
        places[4] = wrong
    shape, other = ((9, 7) if adjoint_a else (7, 9)), ((20, 9) if adjoint_b else (9, 20))
    at, values = tf.placeholder(index, [30, 2]), tf.placeholder(dtype, [30])
    b = tf.placeholder(dtype, other)
    feeds = {
        at: places[:, ::-1] if adjoint_a else places,
        values: NUMBERS.normal(size=30),
        b: NUMBERS.normal(size=other),
    }
    y = tf.raw_ops.SparseTensorDenseMatMul(
        a_indices=at,
        a_values=values,
        a_shape=np.array(shape, np.int64),
        b=b,
        adjoint_a=adjoint_a,
        adjoint_b=adjoint_b,
    )
    return y, feeds


@pytest.mark.parametrize("adjoint_b", [False, True])
@pytest.mark.parametrize("adjoint_a", [False, True])
@pytest.mark.parametrize("index", [tf.int32, tf.int64])
@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_a_sparse_matrix_times_a_dense_one(instruction_set, dtype, index, adjoint_a, adjoint_b):
    y, feeds = sparse_operands(dtype, index, adjoint_a, adjoint_b)
    agrees(y, feeds, whole=True)


@pytest.mark.parametrize("adjoint_a", [False, True])
@pytest.mark.parametrize("wrong", [(7, 0), (0, 9), (-1, 0), (0, -1)])
def test_a_place_outside_of_the_matrix_is_named(wrong, adjoint_a):
    y, feeds = sparse_operands(tf.float32, tf.int64, adjoint_a, False, wrong=wrong)
    with (
        tf.Session() as session,
        pytest.raises(tf.errors.InvalidArgumentError, match="out of bounds"),
    ):
        session.run(y, feeds)


@pytest.mark.parametrize("index", [tf.int32, tf.int64])
@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
@pytest.mark.parametrize("combine", ["sum", "mean", "sqrt_n"])
def test_chosen_rows_by_segment(instruction_set, combine, dtype, index):
    data = tf.placeholder(dtype, [6, 4, 3])
    indices, ids = tf.placeholder(index, [12]), tf.placeholder(tf.int32, [12])
    y = getattr(tf, f"sparse_segment_{combine}")(data, indices, ids, num_segments=8)
    feeds = {
        data: NUMBERS.normal(size=(6, 4, 3)),
        indices: NUMBERS.randint(0, 6, 12),
        ids: [0, 0, 0, 2, 3, 3, 4, 4, 4, 4, 4, 6],
    }
    agrees(y, feeds, whole=True)
    for wrong, says in (({ids: [*range(10), 0, 0]}, "segment ids"), ({indices: [6] * 12}, "range")):
        with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match=says):
            session.run(y, feeds | wrong)


@pytest.mark.parametrize("transpose_b", [False, True])
@pytest.mark.parametrize("transpose_a", [False, True])
def test_products_of_integers_wrap_around(instruction_set, transpose_a, transpose_b):
    for m, n, k in ((1, 1, 1), (3, 40, 7), (33, 70, 300), (64, 17, 31)):
        a = tf.placeholder(tf.int32, (k, m) if transpose_a else (m, k))
        b = tf.placeholder(tf.int32, (n, k) if transpose_b else (k, n))
        feeds = {
            x: NUMBERS.randint(-(2**31), 2**31, x.shape.as_list(), np.int64).astype(np.int32)
            for x in (a, b)
        }
        y = tf.matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)
        ours, plain = both(y, feeds, whole=True)
        np.testing.assert_array_equal(ours, plain)
