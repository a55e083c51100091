"""Sessions: fetches, feeds, defaults, threads."""

import collections
import threading

import numpy as np
import pytest

import graphflow as tf


@pytest.fixture(autouse=True)
def fresh_graph():
    with tf.Graph().as_default():
        yield


def test_results_come_in_the_structure_of_the_fetches():
    a, b = tf.constant(1.0), tf.constant([2, 3])
    point = collections.namedtuple("point", "x y")
    with tf.Session() as sess:
        got = sess.run({"p": point(a, [b, (a,)]), "q": "Const_1:0", "r": a.op})
    assert isinstance(got["p"], point)
    assert got["p"].x == 1.0
    np.testing.assert_array_equal(got["p"].y[0], [2, 3])
    assert got["p"].y[1] == (1.0,)
    assert got["r"] is None


def test_a_scalar_is_a_numpy_scalar_and_a_string_is_bytes():
    with tf.Session() as sess:
        number, text, texts = sess.run([tf.constant(2.5), tf.constant("a"), tf.constant(["b"])])
    assert type(number) is np.float32
    assert text == b"a"
    assert texts.tolist() == [b"b"]


def test_fed_array_is_never_written():
    x = tf.placeholder(tf.float32, [100])
    y = tf.nn.relu(x * 2.0 - 1.0)
    value = np.linspace(-1, 1, 100).astype(np.float32)
    kept = value.copy()
    with tf.Session() as sess:
        for _ in range(3):
            sess.run(y, {x: value})
    np.testing.assert_array_equal(value, kept)


def test_fetched_arrays_belong_to_the_caller():
    v = tf.Variable(np.zeros(50, np.float32))
    x = tf.placeholder(tf.float32, [50])
    same = tf.identity(x)
    const = tf.constant(np.ones(50, np.float32))
    double = x + x
    view = tf.reshape(double, [5, 10])
    with tf.Session() as sess:
        sess.run(v.initializer)
        fed = np.ones(50, np.float32)
        found = sess.run([v, same, const, double, view, x], {x: fed})
        for i, array in enumerate(found):
            for other in [*found[:i], fed]:
                assert not np.shares_memory(array, other)
            array[...] = 7.0
        again = sess.run([v, same, const, double], {x: fed})
    assert [float(a.flat[0]) for a in again] == [0.0, 1.0, 1.0, 2.0]


def test_results_of_earlier_runs_stay_as_they_were():
    x = tf.placeholder(tf.float32, [64])
    y = (x + 1.0) * 2.0
    with tf.Session() as sess:
        first = sess.run(y, {x: np.zeros(64)})
        sess.run(y, {x: np.ones(64)})
    assert np.all(first == 2.0)


def test_any_tensor_may_be_fed():
    a = tf.constant(1.0)
    b = a + 1.0
    with tf.Session() as sess:
        assert sess.run(b * 10.0, {b: 5.0}) == 50.0


def test_new_batch_sizes_keep_working_past_the_plan_cache():
    x = tf.placeholder(tf.float32, [None, 2])
    y = tf.reduce_sum(x * 2.0, axis=1)
    with tf.Session() as sess:
        for n in range(40):
            assert sess.run(y, {x: np.ones((n, 2))}).tolist() == [4.0] * n


def test_idle_buffers_of_many_plans_stay_bounded():
    x = tf.placeholder(tf.float32, [None])
    y = tf.reduce_sum(tf.exp(x * 2.0))
    with tf.Session() as sess:
        for n in range(12):
            sess.run(y, {x: np.zeros((1 << 23) + n, np.float32)})
        held = sum(plan.idle_bytes for plan in sess._plans.values())
    assert held <= 3 << 27


def test_fed_text_may_be_str_bytes_or_an_array_of_either():
    x = tf.placeholder(tf.string)
    y = tf.identity(x)
    with tf.Session() as sess:
        for value in (["a", b"b"], np.array(["a", "b"]), np.array(["a", b"b"], object)):
            assert sess.run(y, {x: value}).tolist() == [b"a", b"b"]


def test_the_graph_may_grow_between_runs():
    x = tf.constant(1.0)
    with tf.Session() as sess:
        assert sess.run(x) == 1.0
        y = x + 1.0
        assert sess.run(y) == 2.0


def test_two_sessions_have_their_own_values():
    v = tf.Variable(1.0)
    one, two = tf.Session(), tf.Session()
    for sess in (one, two):
        sess.run(v.initializer)
    one.run(tf.assign(v, 5.0))
    assert (one.run(v), two.run(v)) == (5.0, 1.0)


def test_many_threads_may_run_one_session():
    x = tf.placeholder(tf.float32, [200])
    y = tf.reduce_sum((x + 1.0) * (x + 2.0))
    with tf.Session() as sess:
        wrong = []

        def work(k):
            value = np.full(200, k, np.float32)
            right = 200 * (k + 1) * (k + 2)
            wrong.extend(k for _ in range(100) if sess.run(y, {x: value}) != right)

        threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    assert wrong == []


def test_a_failed_run_leaves_the_session_usable():
    x = tf.placeholder(tf.float32)
    y = tf.matmul(x, [[1.0, 2.0]])
    with tf.Session() as sess:
        with pytest.raises(tf.errors.InvalidArgumentError):
            sess.run(y, {x: np.ones((2, 2))})
        np.testing.assert_array_equal(sess.run(y, {x: [[3.0]]}), [[3.0, 6.0]])


def test_run_time_error_names_node_and_one_user_line():
    a = tf.placeholder(tf.float32)
    b = tf.placeholder(tf.float32)
    bad = tf.add(a, b, name="bad")
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError) as info:
        sess.run(bad, {a: np.ones((2, 3)), b: np.ones(4)})
    text = str(info.value)
    assert "Incompatible shapes: [2,3] vs. [4]" in text
    assert "[[node bad " in text
    assert text.count("made at test_session.py:") == 1
    assert 'bad = tf.add(a, b, name="bad")' in text
    assert info.value.op is bad.op


def test_make_callable_feeds_its_arguments_in_order():
    a, b = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    with tf.Session() as sess:
        call = sess.make_callable(a - b, [a, b])
        assert call(5.0, 2.0) == 3.0
        with pytest.raises(TypeError):
            call(1.0)


def test_interactive_session_is_the_default_until_closed():
    sess = tf.InteractiveSession()
    assert tf.get_default_session() is sess
    assert tf.constant(3.0).eval() == 3.0
    sess.close()
    assert tf.get_default_session() is None


def test_with_session_makes_its_graph_the_default():
    graph = tf.Graph()
    with tf.Session(graph=graph) as sess:
        assert tf.get_default_graph() is graph
        assert tf.get_default_session() is sess
    with pytest.raises(RuntimeError, match="closed"):
        sess.run(tf.constant(1.0))


def test_list_devices_shows_one_cpu():
    (device,) = tf.Session().list_devices()
    assert device.device_type == "CPU"


def test_eval_takes_a_session_in_either_place():
    x = tf.placeholder(tf.float32, [])
    y = x * 2.0
    sess = tf.Session()
    assert y.eval({x: 1.0}, sess) == 2.0
    assert y.eval(feed_dict={x: 1.0}, session=sess) == 2.0
    assert y.eval(sess, feed_dict={x: 1.0}) == 2.0
    with pytest.raises(TypeError):
        y.eval(sess, nonsense=1)


def test_large_plans_run_operations_without_results():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [])
        y = x
        for _ in range(5000):  # so many steps are run one by one, not compiled
            y = tf.sin(y)
        with tf.control_dependencies([tf.group(tf.no_op(), y.op)]):
            z = tf.identity(y)
        counter = tf.Variable(0.0, use_resource=True)
        session.run(counter.initializer)
        assert 0 < session.run([z, counter.assign(z)], {x: 1.0})[0] < 1
        assert session.run(tf.group(counter.assign_add(y), tf.no_op()), {x: 1.0}) is None


@pytest.mark.parametrize("by", ["options", "config"])
def test_a_loop_without_end_runs_out_of_time(by):
    with tf.Graph().as_default():
        endless = tf.while_loop(lambda x: True, lambda x: x + 1, [0])
        short = tf.while_loop(lambda x: x < 100, lambda x: x + 1, [0])
        config = tf.ConfigProto(operation_timeout_in_ms=100 if by == "config" else 0)
        options = tf.RunOptions(timeout_in_ms=100) if by == "options" else None
        with tf.Session(config=config) as session:
            with pytest.raises(tf.errors.DeadlineExceededError, match="Timed out"):
                session.run(endless, options=options)
            assert session.run(short, options=tf.RunOptions(timeout_in_ms=60_000)) == 100


@pytest.mark.parametrize("taken", [True, False])
def test_a_value_read_before_a_branch_updates_the_variable_stays(taken):
    with tf.Graph().as_default():
        v = tf.get_variable("v", initializer=np.arange(9.0), use_resource=True)
        flag = tf.placeholder(tf.bool, [])
        old = v.read_value()
        with tf.control_dependencies([old]):
            new = tf.cond(flag, lambda: v.assign(v * 2.0).read_value(), v.read_value)
        with tf.control_dependencies([new]):
            both = tf.stack([old + 1.0, new])
        with tf.Session() as session:
            session.run(v.initializer)
            found = session.run(both, {flag: taken})
    np.testing.assert_array_equal(found[0], np.arange(9.0) + 1)
    np.testing.assert_array_equal(found[1], np.arange(9.0) * (2 if taken else 1))


def test_a_branch_may_update_the_variable_that_it_depends_on():
    with tf.Graph().as_default():
        v = tf.get_variable("v", initializer=True, use_resource=True)

        def change():
            with tf.control_dependencies([v.assign(False)]):
                return tf.constant(1.0)

        y = tf.cond(v, change, lambda: tf.constant(2.0))
        with tf.Session() as session:
            session.run(v.initializer)
            assert [session.run(y) for _ in range(3)] == [1, 2, 2]


def _parsed():
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"ab"]))
    example = tf.train.Example(features=tf.train.Features(feature={"x": feature}))
    fixed = {"x": tf.FixedLenFeature([], tf.string)}
    return tf.parse_single_example(example.SerializeToString(), fixed)["x"]


@pytest.mark.parametrize(
    "make",
    [
        _parsed,
        lambda: tf.placeholder_with_default("a", []) + "b",
        lambda: tf.gather(tf.placeholder_with_default(["x", "ab"], [2]), 1),
        lambda: tf.unstack(tf.placeholder_with_default(["x", "ab"], [2]))[1],
    ],
    ids=["parsed", "joined", "gathered", "unstacked"],
)
def test_one_text_goes_from_operation_to_operation(make):
    """NumPy takes a single object out of its array; what comes next needs an array."""
    with tf.Graph().as_default():
        text = make()
        array = tf.TensorArray(tf.string, 1).write(0, text).stack()
        rows = tf.unstack(tf.stack([text, text]))
        with tf.Session() as session:
            found = session.run([tf.decode_raw(text, tf.uint8), array, rows[1]])
    assert [found[0].tolist(), found[1].tolist(), found[2]] == [[97, 98], [b"ab"], b"ab"]
