"""What each pass of the plan promises."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.plan.program import ProgramError, verify
from graphflow.runtime import compiled


def programs(fetches, feed_dict=None, session=None):
    sess = session or tf.Session()
    return dict(sess.passes(fetches, feed_dict))


def types(program):
    return [i.definition.name for i in program.instrs]


@pytest.fixture(autouse=True)
def fresh_graph():
    with tf.Graph().as_default():
        yield


def test_capture_takes_only_what_the_fetch_needs():
    x = tf.placeholder(tf.float32, [2])
    y = x * 2.0
    tf.exp(y)
    assert types(programs(y, {x: [1.0, 2.0]})["capture"]) == ["Const", "Mul"]


def test_capture_stops_at_a_fed_tensor():
    x = tf.placeholder(tf.float32, [2])
    y = tf.exp(x)
    z = y + 1.0
    assert "Exp" not in types(programs(z, {y: [1.0, 2.0]})["capture"])


def test_constants_of_one_number_are_captured_once():
    x = tf.placeholder(tf.float32, [2])
    y = tf.stack([x * 0.0, x / 0.0, x + 0.0, x * -0.0, x * 2.0, x - 2.0])
    counts = tf.constant(2) + tf.constant(2)
    fed = tf.constant(2.0)
    feed = {x: [1.0, -1.0], fed: 5.0}
    assert types(programs([y, counts], {x: [1.0, -1.0]})["capture"]).count("Const") == 4
    with tf.Session() as sess:
        found, four, other, twos = sess.run([y, counts, fed * x, [fed, fed + 2.0]], feed)
    two = np.array(feed[x], np.float32)
    zero = np.float32(0)
    with np.errstate(divide="ignore"):
        wanted = [two * zero, two / zero, two + zero, two * -zero, two * 2, two - 2]
    assert found.tobytes() == np.array(wanted).tobytes()
    assert four == 4
    assert other.tolist() == [5.0, -5.0]
    assert twos == [5.0, 7.0]


def test_an_operation_may_wait_for_a_constant_that_another_stands_for():
    first, second = tf.constant(3.0), tf.constant(3.0)
    with tf.control_dependencies([second.op]):
        y = tf.identity(first)
    with tf.Session() as sess:
        found = sess.run([y, second, first, second.op])
    assert found == [3.0, 3.0, 3.0, None]


def test_constants_are_computed_once_while_planning():
    y = tf.constant(2.0) * tf.constant(3.0) + 1.0
    after = programs(y)["fold"]
    assert types(after) == []
    assert after.constants[after.fetches[0]] == 7.0


def test_the_shape_of_a_fed_array_is_a_constant():
    x = tf.placeholder(tf.float32, [None, 3])
    y = tf.reshape(x, [tf.shape(x)[0] * 3])
    assert types(programs(y, {x: np.ones((4, 3))})["fold"]) == ["Reshape"]


def test_random_operations_are_never_folded_or_merged():
    a = tf.random_uniform([3])
    b = tf.random_uniform([3])
    after = programs([a, b])["sweep"]
    assert types(after).count("RandomUniform") == 2
    with tf.Session() as sess:
        one, two = sess.run([a, b])
    assert not np.array_equal(one, two)


def test_equal_pure_operations_become_one():
    x = tf.placeholder(tf.float32, [2])
    y = tf.exp(x) + tf.exp(x)
    assert types(programs(y, {x: [0.0, 1.0]})["merge"]).count("Exp") == 1


def test_operations_with_different_attributes_stay_two():
    x = tf.placeholder(tf.float32, [2, 2])
    y = tf.matmul(x, x) + tf.matmul(x, x, transpose_b=True)
    assert types(programs(y, {x: np.eye(2)})["merge"]).count("MatMul") == 2


def test_identities_cost_nothing():
    x = tf.placeholder(tf.float32, [2])
    y = tf.identity(tf.identity(x)) * 2.0
    assert types(programs(y, {x: [1.0, 2.0]})["sweep"]) == ["Mul"]


def test_a_control_edge_through_an_identity_still_holds():
    v = tf.Variable(1.0)
    update = tf.assign(v, 5.0)
    with tf.control_dependencies([tf.identity(update)]):
        late = v.read_value()
    with tf.Session() as sess:
        sess.run(v.initializer)
        assert sess.run(late) == 5.0


def test_a_reader_that_no_edge_orders_sees_the_value_before_the_update():
    v = tf.Variable([1.0, 2.0])
    double = v * 2.0
    update = tf.assign_add(v, [10.0, 10.0])
    after = update * 1.0
    with tf.Session() as sess:
        sess.run(v.initializer)
        before, _, later = sess.run([double, update, after])
        np.testing.assert_array_equal(before, [2.0, 4.0])
        np.testing.assert_array_equal(later, [11.0, 12.0])


def test_a_fetched_variable_keeps_the_value_it_had_when_it_was_read():
    v = tf.Variable(np.zeros(1000, np.float32))
    update = tf.assign_add(v, tf.ones([1000]))
    with tf.Session() as sess:
        sess.run(v.initializer)
        old, _ = sess.run([v, update.op])
        assert old.sum() == 0.0
        assert sess.run(v).sum() == 1000.0
        assert old.sum() == 0.0


def _after_assign(v):
    read = v.read_value()
    with tf.control_dependencies([read]):
        update = v.assign([7.0, 7.0])
    with tf.control_dependencies([update]):
        return read + 0.0


def _after_add(v):
    update = v.assign_add([1.0, 1.0])
    with tf.control_dependencies([update]):
        return v * 1.0


def _beside_its_own_update(v):
    return v.assign_add([1.0, 1.0]) * 0.0 + v.value()


def _through_a_reshape(v):
    shaped = tf.reshape(v, [2, 1])
    with tf.control_dependencies([v.assign_add([1.0, 1.0])]):
        return shaped * 1.0


@pytest.mark.parametrize(
    ("build", "reference", "resource"),
    [
        # What TensorFlow 1.15.5 gave in each of 20 sessions; where it raced, the old value.
        (_after_assign, [7.0, 7.0], [1.0, 2.0]),
        (_after_add, [2.0, 3.0], [2.0, 3.0]),
        (_beside_its_own_update, [2.0, 3.0], [1.0, 2.0]),
        (_through_a_reshape, [[2.0], [3.0]], [[1.0], [2.0]]),
    ],
)
def test_a_reference_is_read_where_it_is_used_and_a_resource_where_its_read_stands(
    build, reference, resource
):
    for use_resource, want in ((False, reference), (True, resource)):
        with tf.Graph().as_default():
            v = tf.Variable([1.0, 2.0], use_resource=use_resource)
            found = build(v)
            with tf.Session() as sess:
                sess.run(v.initializer)
                assert sess.run(found).tolist() == want


def test_an_array_that_is_still_read_survives_an_update_in_place():
    v = tf.Variable(np.arange(100, dtype=np.float32), use_resource=True)
    read = v.read_value()
    with tf.control_dependencies([read]):
        update = v.assign(tf.zeros([100]))
    with tf.control_dependencies([update]):
        later = read + 0.0
    with tf.Session() as sess:
        sess.run(v.initializer)
        np.testing.assert_array_equal(sess.run(later), np.arange(100))
        assert sess.run(v).sum() == 0


def test_circles_of_readers_and_updates_run_in_the_order_of_the_graph():
    a, b = tf.Variable(1.0), tf.Variable(10.0)
    set_a = tf.assign(a, 2.0)
    with tf.control_dependencies([set_a]):
        read_b = b.read_value()
    set_b = tf.assign(b, 20.0)
    with tf.control_dependencies([set_b]):
        read_a = a.read_value()
    with tf.Session() as sess:
        found = []
        for _ in range(3):
            sess.run([a.initializer, b.initializer])
            found.append(sess.run([read_a, read_b]))
    assert found[0] == found[1] == found[2]


def test_every_pass_leaves_a_valid_program():
    x = tf.placeholder(tf.float32, [None, 4])
    w = tf.Variable(tf.ones([4, 2]))
    loss = tf.reduce_mean(tf.nn.softmax(tf.matmul(x, w)) ** 2)
    step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    for program in programs([loss, step], {x: np.ones((3, 4))}).values():
        verify(program)


def test_verify_notices_a_slot_that_is_read_before_it_is_written():
    x = tf.placeholder(tf.float32, [2])
    program = programs(tf.exp(tf.exp(x)), {x: [1.0, 2.0]})["capture"]
    broken = program.with_instrs(reversed(program.instrs))
    with pytest.raises(ProgramError, match="before it is written"):
        verify(broken)


def test_a_cycle_is_reported_with_its_operations():
    a = tf.identity(tf.constant(1.0), name="a")
    b = tf.identity(a, name="b")
    a.op._update_input(0, b)
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="cycle"):
        sess.run(b)


def test_the_source_names_each_operation_at_the_end_of_its_line():
    x = tf.placeholder(tf.float32, [2], name="x")
    y = tf.exp(x, name="grow")
    source = tf.Session().plan(y, {x: [1.0, 2.0]}).source
    assert "# grow" in source
    assert source.startswith("def run(")


def test_a_chain_of_ten_thousand_operations_runs_as_a_list():
    x = tf.placeholder(tf.float32, [])
    y = x
    for _ in range(10_000):
        y = y + 1.0
    with compiled.numpy_only(), tf.Session() as sess:
        assert sess.run(y, {x: 0.0}) == 10_000.0
        assert not sess.plan(y, {x: 0.0}).compiled
    with tf.Session() as sess:
        assert sess.run(y, {x: 0.0}) == 10_000.0


def test_list_and_function_give_the_same_bits(monkeypatch):
    from graphflow.runtime.numpy import executor

    x = tf.placeholder(tf.float32, [None, 5])
    w = tf.Variable(tf.random_normal([5, 3], seed=3))
    loss = tf.reduce_sum(tf.tanh(tf.matmul(x, w)) ** 2.0)
    grad = tf.gradients(loss, [w])[0]
    parts = tf.split(grad, 3, axis=1)
    value = np.random.RandomState(0).rand(20, 5).astype(np.float32)
    results = []
    for limit in (0, 10_000):
        monkeypatch.setattr(executor, "COMPILE_BELOW", limit)
        with tf.Session() as sess:
            sess.run(w.initializer)
            results.append(sess.run([loss, grad, *parts], {x: value}))
    for one, two in zip(*results, strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_body_is_recorded_apart_for_each_type_shape_and_attribute():
    x = tf.placeholder(tf.float32, [2])
    positive, negative = tf.nn.leaky_relu(x, 0.0), tf.nn.leaky_relu(x, -0.0)
    wide = tf.nn.leaky_relu(tf.cast(x, tf.float64), 0.5)
    row = tf.exp(tf.reduce_sum(x)) + tf.exp(x)
    with tf.Session() as session:
        a, b, c, d = session.run([positive, negative, wide, row], {x: [-1.0, 2.0]})
    assert [np.signbit(a[0]), np.signbit(b[0])] == [True, False]
    assert c.dtype == np.float64
    np.testing.assert_allclose(c, [-0.5, 2.0])
    np.testing.assert_allclose(d, np.exp(1.0) + np.exp([-1.0, 2.0]), 1e-6)


def test_attributes_are_compared_by_value_where_operations_do_not_share_them():
    x = tf.placeholder(tf.float32, [2])
    y = [tf.cast(x, tf.int32), tf.cast(x, tf.int64), tf.cast(x, tf.int32)]
    merged = programs(y, {x: [1.0, 2.0]})["merge"]
    assert types(merged) == ["Cast", "Cast"]
