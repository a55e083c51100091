"""Groups of elementwise steps that NumPy runs piece by piece: the same bits as step by step."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.plan import tiles
from graphflow.runtime import compiled
from graphflow.runtime.numpy import tiles as runtime


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(tiles, "_LARGE", 256)
    monkeypatch.setattr(runtime, "_SHORTEST", 128)
    monkeypatch.setattr(runtime, "_LONGEST", 256)
    with tf.Graph().as_default(), compiled.numpy_only():
        yield


def f(*shape, seed=3):
    return np.random.RandomState(seed).standard_normal(shape).astype(np.float32)


def fed(*values):
    given = [tf.placeholder(v.dtype, v.shape) for v in values]
    return given, dict(zip(given, values, strict=True))


def groups(plan):
    return [[p.label for p in step.parts] for step in plan.steps if step.parts]


def both_ways(fetches, feed):
    """The results of pieces and of single steps, twice, since buffers are used again."""
    sess = tf.Session()
    plan = sess.plan(fetches, feed)
    arrays = list(feed.values())
    before = [a.copy() for a in arrays]
    pieces = [plan.run(arrays) for _ in range(2)]
    single = [plan.stepwise().run(arrays) for _ in range(2)]
    for a, b in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(a, b)
    for found in (*pieces, single[1]):
        for one, two in zip(found, single[0], strict=True):
            assert np.asarray(one).dtype == np.asarray(two).dtype
            assert np.asarray(one).tobytes() == np.asarray(two).tobytes()
    return groups(plan)


CHAINS = {
    "one shape": (lambda x, y: tf.tanh(x * y + 1.0) - x, [(37, 41), (37, 41)]),
    "a row": (lambda x, b: tf.exp(x + b) * 2.0, [(37, 41), (41,)]),
    "a column": (lambda x, c: tf.exp(x * c) - x, [(37, 41), (37, 1)]),
    "rows and columns": (lambda x, b, c: (x + b) * c, [(37, 41), (41,), (37, 1)]),
    "a square of rows": (lambda x, b: (x + b) * b, [(40, 40), (1, 40)]),
    "a square of columns": (lambda x, c: (x + c) * c, [(40, 40), (40, 1)]),
    "three axes": (lambda x, b: tf.sigmoid(x * b), [(5, 7, 41), (7, 41)]),
    "one number": (lambda x, s: tf.exp(x * s) + s, [(37, 41), (1, 1)]),
    "a row wider than a piece": (lambda x, b: tf.exp(x + b) * x, [(3, 900), (900,)]),
    "a bias": (lambda x, b: tf.nn.relu(tf.nn.bias_add(x, b)), [(37, 41), (41,)]),
    "a choice": (lambda x, y: tf.where(x > y, x * 2.0, y) + 1.0, [(37, 41), (37, 41)]),
    "comparisons": (lambda x, y: tf.logical_and(x > y, tf.is_finite(x)), [(37, 41), (37, 41)]),
    "all added": (lambda x, y: tf.reduce_sum(tf.exp(x * y)), [(37, 41), (37, 41)]),
    "all added, axes kept": (lambda x: tf.reduce_sum(x * x, keepdims=True), [(1031, 13)]),
    "mean of all": (lambda x: tf.reduce_mean(tf.square(x) + x), [(1031, 13)]),
    "rows added": (lambda x: tf.reduce_sum(x * x + x, 1), [(37, 41)]),
    "rows added, axes kept": (lambda x: tf.reduce_mean(x * x, -1, keepdims=True), [(5, 7, 41)]),
    "largest of rows": (lambda x, b: tf.reduce_max(tf.tanh(x) + b, 1), [(37, 41), (41,)]),
    "columns added": (lambda x: tf.reduce_sum(x * x + x, 0), [(37, 41)]),
    "a view between": (lambda x, b: tf.reshape(tf.exp(x * 2.0), [37, 41]) + b,
                       [(41 * 37,), (41,)]),
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_pieces_give_the_same_bits(name):
    make, shapes = CHAINS[name]
    given, feed = fed(*[f(*shape, seed=i) for i, shape in enumerate(shapes)])
    assert both_ways([make(*given)], feed)


@pytest.mark.parametrize("name", CHAINS)
def test_gradients_in_pieces_give_the_same_bits(name):
    make, shapes = CHAINS[name]
    given, feed = fed(*[f(*shape, seed=i) for i, shape in enumerate(shapes)])
    y = make(*given)
    if y.dtype.is_floating:
        both_ways([y, *tf.gradients(y, given)], feed)


@pytest.mark.parametrize("dtype", ["float16", "float64", "int32"])
def test_other_types_in_pieces_give_the_same_bits(dtype):
    x, y = (5 * f(37, 41, seed=5)).astype(dtype), (9 * f(37, 41)).astype(dtype)
    given, feed = fed(x, y)
    z = given[0] * given[1] + given[0]
    assert both_ways([z - given[1], tf.reduce_sum(z)], feed)


@pytest.mark.parametrize("n", [257, 1000, 4096, 100_003])
def test_sums_of_pieces_are_added_in_numpys_order(n, monkeypatch):
    for longest in (128, 256, 4096):
        monkeypatch.setattr(runtime, "_LONGEST", longest)
        with tf.Graph().as_default():
            given, feed = fed(f(n))
            y = tf.reduce_sum(given[0] * 2.0 - 1.0)
            assert both_ways([y], feed) == [["multiply", "subtract", "Sum"]]


def test_pieces_end_where_somebody_reads_the_whole():
    given, feed = fed(f(40, 40), f(40, 40))
    x, y = given
    z = tf.matmul(tf.exp(x * 2.0), y) + 1.0
    assert both_ways([tf.tanh(z * z)], feed) == [
        ["multiply", "exp"],
        ["add", "multiply", "tanh"],
    ]


def test_small_steps_between_do_not_end_a_group():
    given, feed = fed(f(40, 40), f(3))
    x, s = given
    y = tf.exp(x * 2.0)
    assert both_ways([y * tf.reduce_sum(s * s)], feed) == [["multiply", "exp", "multiply"]]


def test_a_value_that_is_read_again_keeps_its_buffer():
    given, feed = fed(f(40, 40), f(40, 40))
    x, y = given
    a = tf.matmul(x, y)  # its buffer may be taken over, but only behind its last reader
    b = tf.exp(a) * 0.5
    c = tf.tanh(a - b)
    both_ways([tf.matmul(b, y) + tf.matmul(c, y)], feed)


def test_a_choice_does_not_write_over_its_condition_or_its_other_side():
    given, feed = fed(f(40, 40), f(40, 40))
    x, y = given
    a, b = tf.matmul(x, y), tf.matmul(y, x)
    chosen = tf.where(a > b, a, b)
    both_ways([tf.matmul(chosen, y), tf.matmul(tf.where(a < b, b, chosen), x)], feed)


def test_an_array_with_its_axes_in_another_order_is_read_as_it_is():
    x = tf.placeholder(tf.float32, [40, 30])
    y = tf.exp(x * 2.0) + x
    value = f(30, 40).T
    plan = tf.Session().plan(y, {x: value})
    np.testing.assert_array_equal(plan.run([value])[0], plan.stepwise().run([value])[0])


def test_a_fetched_result_is_the_users_own():
    x = tf.placeholder(tf.float32, [40, 40])
    y = tf.exp(x * 2.0)
    with tf.Session() as sess:
        first = sess.run(y, {x: f(40, 40)})
        kept = first.copy()
        sess.run(y, {x: f(40, 40, seed=9)})
        np.testing.assert_array_equal(first, kept)


def test_a_variable_is_read_before_its_update():
    v = tf.Variable(f(40, 40))
    y = tf.exp(v * 2.0) + 1.0
    update = v.assign_sub(y * 0.1)
    with tf.Session() as sess:
        sess.run(v.initializer)
        before = sess.run(v)
        sess.run(update)
        step = np.exp(before * np.float32(2)) + np.float32(1)
        np.testing.assert_array_equal(sess.run(v), before - step * np.float32(0.1))


def test_the_inner_values_of_a_group_take_no_buffers():
    given, feed = fed(f(64, 64))
    y = tf.reduce_sum(tf.exp(given[0] * 2.0) + 1.0)
    plan = tf.Session().plan(y, feed)
    assert plan.arena_bytes == 0
    assert plan.stepwise().arena_bytes == 64 * 64 * 4
    assert [v.label for v in plan.values] == ["multiply", "exp", "add", "Sum"]


def test_the_source_shows_what_a_group_does():
    given, feed = fed(f(64, 64))
    y = tf.exp(given[0] * 2.0, name="grow")
    source = tf.Session().plan(y, feed).source
    assert "[multiply exp]" in source
    assert source.count("grow") >= 2


def test_powers_of_whole_numbers_may_fail_and_stay_alone():
    given, feed = fed(np.full((40, 40), 2, np.int32), np.full((40, 40), -1, np.int32))
    x, y = given
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="negative"):
        sess.run(tf.pow(x + 1, y) + 1, feed)


def test_groups_run_in_loops_and_branches():
    x = tf.placeholder(tf.float32, [40, 40])
    _, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.tanh(y * 2.0) + x), [0, x])
    z = tf.cond(y[0, 0] > 0, lambda: tf.exp(y - 1.0), lambda: y * 2.0 - 1.0)
    value = f(40, 40)
    wanted = value
    for _ in range(3):
        wanted = np.tanh(wanted * np.float32(2)) + value
    one, two = np.exp(wanted - np.float32(1)), wanted * np.float32(2) - np.float32(1)
    with tf.Session() as sess:
        np.testing.assert_array_equal(sess.run(z, {x: value}), one if wanted[0, 0] > 0 else two)
