"""Repeated runs: the second and third run of the same fetches answer as the first one did."""

import gc
import threading
import weakref

import numpy as np
import pytest

import graphflow as tf
from graphflow.runtime import compiled

pytestmark = pytest.mark.skipif(compiled.machine() is None, reason="the extension is off")


@pytest.fixture
def sess():
    with tf.Graph().as_default(), tf.Session() as session:
        yield session


def repeated(sess):
    """Whether a run was answered without the session's own way, by fetches and feeds."""
    return lambda fetches, feed=None: sess._quick.run(fetches, feed) is not NotImplemented


def test_fetches_of_every_structure_keep_it(sess):
    x = tf.placeholder(tf.float32, [None])
    v = tf.Variable([1.0, 2.0])
    sess.run(v.initializer)
    total, update = tf.reduce_sum(x + v), v.assign_add([1.0, 1.0]).op
    feed = {x: np.float32([1, 2])}
    assert sess.run(total, feed) == sess.run(total, feed) == 6
    assert isinstance(sess.run(total, feed), np.float32)
    for _ in range(3):
        assert sess.run([total, x], feed)[0] == 6
        pair = sess.run((total, total, v), feed)
        assert pair[:2] == (6, 6)
        np.testing.assert_array_equal(pair[2], [1, 2])
        assert sess.run([], feed) == []
    assert repeated(sess)([total, x], feed)
    for step in range(3):
        assert sess.run(update) is None
        np.testing.assert_array_equal(sess.run(v), [2 + step, 3 + step])
    assert repeated(sess)(v)
    assert sess.run({"a": total}, feed) == {"a": 12}
    assert not repeated(sess)({"a": total}, feed)
    assert sess.run([[total], total], feed) == [[12], 12]


def test_other_types_shapes_and_orders_are_looked_at(sess):
    x, k = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [])
    y = tf.reduce_sum(x) * k
    ones = np.ones(3, np.float32)
    for _ in range(2):
        assert sess.run(y, {x: ones, k: 0.5}) == 1.5
        assert sess.run(y, {k: 0.5, x: ones}) == 1.5
        assert sess.run(y, {x: np.ones(5, np.float32), k: 2}) == 10
        assert sess.run(y, {x: np.ones(5), k: 2}) == 10
        assert sess.run(y, {x: [1, 2], k: np.float64(2)}) == 6
        assert sess.run(y, {x: ones[::2], k: True}) == 2
        assert sess.run(y, {x: np.ones(6, np.float32)[::2], k: 1.0}) == 3
        assert sess.run(y, {x: ones.astype(">f4"), k: 1.0}) == 3
        assert np.isnan(sess.run(y, {x: ones, k: float("nan")}))
    assert repeated(sess)(y, {x: ones, k: 0.25})
    assert not repeated(sess)(y, {x: ones.astype(np.float64), k: 0.25})
    for n in range(1, 40):
        assert sess.run(y, {x: np.ones(n, np.float32), k: 1.0}) == n


def test_signed_zeros_and_large_ints_are_told_apart(sess):
    k, n = tf.placeholder(tf.float32, []), tf.placeholder(tf.int32, [])
    inverse, successor = 1 / k, n + 1
    for _ in range(2):
        assert sess.run(inverse, {k: 0.0}) == np.inf
        assert sess.run(inverse, {k: -0.0}) == -np.inf
        assert sess.run(successor, {n: 1}) == 2
        assert sess.run(successor, {n: True}) == 2
        with pytest.raises(TypeError, match="not compatible with Tensor type"):
            sess.run(successor, {n: 1 << 40})


def test_wrong_feeds_are_refused_as_before(sess):
    x = tf.placeholder(tf.float32, [2])
    y = x * 2
    for _ in range(3):
        sess.run(y, {x: np.zeros(2, np.float32)})
        with pytest.raises(ValueError, match="Cannot feed value of shape"):
            sess.run(y, {x: np.zeros(3, np.float32)})
        with pytest.raises(tf.errors.InvalidArgumentError, match="You must feed a value"):
            sess.run(y, {})
        with pytest.raises(TypeError, match="feed_dict must be a dictionary"):
            sess.run(y, [x])
        with pytest.raises(TypeError, match=r"cannot be a tf\.Tensor"):
            sess.run(y, {x: y})
    tf.get_default_graph().prevent_feeding(x)
    with pytest.raises(ValueError, match="may not be fed"):
        sess.run(y, {x: np.zeros(2, np.float32)})


def test_an_operation_that_fails_names_itself_each_time(sess):
    table, at = tf.constant([1.0, 2.0, 3.0]), tf.placeholder(tf.int32, [1])
    found = tf.gather(table, at, name="looked_up")
    for i in (0, 1, 7, 2, 7):
        if i < 3:
            assert sess.run(found, {at: np.int32([i])}) == [i + 1]
            continue
        with pytest.raises(tf.errors.InvalidArgumentError, match="looked_up") as info:
            sess.run(found, {at: np.int32([i])})
        assert "not in [0, 3)" in str(info.value)
        assert info.value.op is found.op


def test_results_belong_to_the_caller(sess):
    x = tf.placeholder(tf.float32, [2])
    y = x + 1
    given = np.float32([1, 2])
    first = sess.run(y, {x: given})
    first[:] = 99
    np.testing.assert_array_equal(sess.run(y, {x: given}), [2, 3])
    second, third = sess.run(y, {x: given}), sess.run(y, {x: given * 2})
    np.testing.assert_array_equal(second, [2, 3])
    np.testing.assert_array_equal(third, [3, 5])


def test_a_changed_graph_is_seen(sess):
    x = tf.placeholder(tf.float32, [])
    y, one, two = x + 1.0, tf.constant(1.0), tf.constant(2.0)
    z = tf.multiply(one, x)
    for _ in range(3):
        assert sess.run([y, z], {x: 2.0}) == [3, 2]
    z.op._update_input(0, two)
    assert sess.run([y, z], {x: 2.0}) == [3, 4]
    w = z * 3
    assert sess.run([y, w], {x: 2.0}) == [3, 12]


def test_a_closed_session_runs_nothing():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [])
        y = x + 1
        session = tf.Session()
        for _ in range(3):
            session.run(y, {x: 1.0})
        session.close()
        with pytest.raises(RuntimeError, match="closed Session"):
            session.run(y, {x: 1.0})


def test_options_and_metadata_take_the_long_way(sess):
    x = tf.placeholder(tf.float32, [])
    y = x + 1
    sess.run(y, {x: 1.0})
    told = tf.RunMetadata()
    sess.run(
        y, {x: 1.0}, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), run_metadata=told
    )
    assert told.step_stats.dev_stats


def test_threads_share_a_session(sess):
    x = tf.placeholder(tf.float32, [100])
    y = tf.reduce_sum(tf.exp(x) * 2)
    wrong = []

    def work(k):
        value = np.full(100, k, np.float32)
        want = sess.run(y, {x: value})
        wrong.extend(k for _ in range(200) if sess.run(y, {x: value}) != want)

    threads = [threading.Thread(target=work, args=(k / 8,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_a_session_that_nobody_holds_goes_away():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [])
        y = x + 1
        session = tf.Session()
        for _ in range(3):
            session.run(y, {x: 1.0})
        gone = weakref.ref(session)
        plan = weakref.ref(next(iter(session._plans.values())))
        del session
        gc.collect()
        assert gone() is None
        assert plan() is None


@pytest.mark.parametrize("size", [10, 1 << 17])
def test_memory_of_a_result_is_used_again_only_when_nobody_holds_it(sess, size):
    x = tf.placeholder(tf.float32, [size])
    flat, square = x + 1, tf.reshape(x * 2, [2, size // 2])
    held = []
    for k in range(6):
        value = np.full(size, k, np.float32)
        a, b = sess.run([flat, square], {x: value})
        if k % 2:
            held.append((k, a[3:7], memoryview(b)))  # a part keeps the whole
        del a, b
    for k, part, view in held:
        assert (part == k + 1).all()
        assert (np.asarray(view) == 2 * k).all()


def test_a_result_kept_in_a_variable_is_its_own(sess):
    x = tf.placeholder(tf.float32, [1 << 17])
    v = tf.Variable(tf.zeros([1 << 17]))
    y = x + 1
    keep = v.assign(y)
    sess.run(v.initializer)
    for k in range(3):
        got = sess.run([y, keep], {x: np.full(1 << 17, k, np.float32)})[0]
        got[:] = -1
        del got
        assert (sess.run(y, {x: np.zeros(1 << 17, np.float32)}) == 1).all()
        assert (sess.run(v) == k + 1).all()
