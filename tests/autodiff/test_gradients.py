"""tf.gradients: the walk, its arguments, its errors."""

import numpy as np
import pytest

import graphflow as tf


@pytest.fixture(autouse=True)
def fresh_graph():
    with tf.Graph().as_default():
        yield


def value(*tensors, feed=None):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(list(tensors), feed)


def test_a_diamond_adds_up_both_ways():
    x = tf.constant(3.0)
    y = x * x + x * 2.0
    assert value(tf.gradients(y, x)[0]) == [8.0]


def test_an_x_that_does_not_matter_gets_none_or_zeros():
    x, z = tf.constant([1.0, 2.0]), tf.constant(5.0)
    assert tf.gradients(z * 2.0, x) == [None]
    (zeros,) = tf.gradients(z * 2.0, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    np.testing.assert_array_equal(value(zeros)[0], [0.0, 0.0])


def test_several_ys_are_summed_and_grad_ys_weigh_them():
    x = tf.constant(2.0)
    ys = [x * x, x * 3.0]
    assert value(tf.gradients(ys, x)[0]) == [7.0]
    assert value(tf.gradients(ys, x, grad_ys=[tf.constant(10.0), tf.constant(1.0)])[0]) == [43.0]


def test_stop_gradients_count_as_constants():
    x = tf.constant(2.0)
    y = x * x
    z = y + x
    assert value(*tf.gradients(z, [x, y], stop_gradients=[y])) == [1.0, 1.0]


def test_stop_gradient_op_passes_nothing_back():
    x = tf.constant(2.0)
    assert value(tf.gradients(tf.stop_gradient(x) * x, x)[0]) == [2.0]


def test_second_order():
    x = tf.constant(2.0)
    (first,) = tf.gradients(x * x * x, x)
    (second,) = tf.gradients(first, x)
    (third,) = tf.gradients(second, x)
    assert value(first, second, third) == [12.0, 12.0, 6.0]


def test_gather_gives_indexed_slices_and_their_sum_is_dense():
    table = tf.Variable(np.arange(8, dtype=np.float32).reshape(4, 2))
    rows = tf.gather(table, [1, 1, 3])
    (grad,) = tf.gradients(rows * rows, table)
    assert isinstance(grad, tf.IndexedSlices)
    dense = value(tf.convert_to_tensor(grad))[0]
    np.testing.assert_array_equal(dense, [[0, 0], [8, 12], [0, 0], [12, 14]])


def test_sparse_and_dense_gradients_of_one_table_add_up():
    table = tf.Variable(np.ones((3, 2), np.float32))
    loss = tf.reduce_sum(tf.gather(table, [0])) + tf.reduce_sum(table * 2.0)
    (grad,) = tf.gradients(loss, table)
    np.testing.assert_array_equal(value(grad)[0], [[3, 3], [2, 2], [2, 2]])


def test_resource_variables_get_gradients():
    v = tf.Variable(3.0, use_resource=True)
    assert value(tf.gradients(v * v, v)[0]) == [6.0]


def test_a_registered_gradient_serves_where_it_is_mapped():
    @tf.RegisterGradient("TimesTen")
    def _(op, dy):
        return dy * 10.0

    x = tf.constant(1.0)
    with tf.get_default_graph().gradient_override_map({"Identity": "TimesTen"}):
        y = tf.identity(x)
    assert value(tf.gradients(y, x)[0]) == [10.0]


def test_registering_twice_is_refused():
    with pytest.raises(KeyError, match="MatMul"):
        tf.RegisterGradient("MatMul")(lambda op, dy: dy)


def test_lookup_error_names_the_operation_and_the_line():
    x = tf.constant([1.0])
    with tf.get_default_graph().gradient_override_map({"Exp": "NobodyRegisteredThis"}):
        y = tf.exp(x, name="grow")
    with pytest.raises(LookupError) as info:
        tf.gradients(y, x)
    assert "No gradient defined for operation 'grow'" in str(info.value)
    assert "made at test_gradients.py:" in str(info.value)


def test_a_chain_of_ten_thousand_has_a_gradient():
    x = tf.constant(1.0)
    y = x
    for _ in range(10_000):
        y = y * 1.0
    assert value(tf.gradients(y, x)[0]) == [1.0]


def test_gradient_nodes_lie_in_the_scope_of_their_operation():
    x = tf.constant(1.0)
    with tf.name_scope("layer"):
        y = tf.exp(x)
    tf.gradients(y, x)
    names = [op.name for op in tf.get_default_graph().get_operations()]
    assert any(n.startswith("gradients/layer/Exp_grad/") for n in names)


def test_an_intermediate_x_is_not_differentiated_through():
    x = tf.constant([1.0, 2.0])
    (index,) = tf.gradients(tf.gather(x, [0]) * 2.0, [x])
    assert index is not None
    ints = tf.cast(tf.constant([1, 2]), tf.float32)
    with tf.get_default_graph().gradient_override_map({"Exp": "NobodyRegisteredThisEither"}):
        mid = tf.exp(ints)
    assert value(tf.gradients(mid * 3.0, mid)[0])[0].tolist() == [3.0, 3.0]


def test_broadcast_sizes_known_only_at_run_time():
    a, b = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [None])
    da, db = tf.gradients(a * b, [a, b])
    got = value(da, db, feed={a: [2.0], b: [1.0, 2.0, 3.0]})
    np.testing.assert_array_equal(got[0], [6.0])
    np.testing.assert_array_equal(got[1], [2.0, 2.0, 2.0])


def test_what_leads_to_no_x_is_not_declared_and_its_name_counts_as_taken():
    with tf.Graph().as_default() as graph:
        x, c = tf.Variable([1.0, 2.0]), tf.placeholder(tf.float32, [2])
        tf.gradients((c * x - c) * x - c, [x])
        made = [op.name for op in graph.get_operations() if "_grad/" in op.name]
    assert made == [
        "gradients/mul_1_grad/mul",
        "gradients/mul_1_grad/mul_1",
        "gradients/mul_grad/mul_1",  # without a "mul"; nor is there a "Neg" for either minus
        "gradients/Variable/read_grad/AddN",
    ]
