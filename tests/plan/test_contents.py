"""What plans know of stacks, TensorArrays and branches: shapes, constants, and when to take."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.core.contents import Contents, joint
from graphflow.plan.early import early
from graphflow.plan.program import verify
from tests.runtime.compiled_code import NEEDED


@pytest.fixture(autouse=True)
def fresh_graph():
    with tf.Graph().as_default():
        yield


class _Port:
    def __init__(self, dims=None, value=None, contents=None):
        self.dims, self.value, self.contents = dims, value, contents


def _taken(contents):
    port = _Port()
    contents.take(port)
    return port


def _inner(session, fetches, feeds, stage="order"):
    """The programs inside the branches and loops of a run, after a pass."""
    program = dict(session.passes(fetches, feeds))[stage]
    return [body for i in program.instrs for body in i.bodies]


def _unknown(bodies):
    """The instructions with a result of unknown size; flows and handles apart."""
    return [
        i.name
        for body in bodies
        for i in body.instrs
        for s in i.outputs
        if body.dtypes[s].kind == "f" and (body.dims[s] is None or None in body.dims[s])
    ]


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ((2, 3), (2, 3), (2, 3)),
        ((2, 3), (4, 3), (None, 3)),
        ((2,), (2, 3), None),
        (None, (2,), None),
        ((), (), ()),
    ],
)
def test_shapes_have_in_common(first, second, both):
    assert joint(first, second) == both
    assert joint(second, first) == both


def test_contents_know_what_all_elements_share():
    found = Contents()
    assert _taken(found).dims is None
    found.put(_Port((2, 3), np.arange(3)))
    changes = found.changes
    found.put(_Port((2, 3), np.arange(3)))
    assert found.changes == changes
    assert _taken(found).dims == (2, 3)
    np.testing.assert_array_equal(_taken(found).value, np.arange(3))
    found.put(_Port((5, 3), np.arange(4)))
    assert found.changes == changes + 1
    assert _taken(found).dims == (None, 3)
    assert _taken(found).value is None
    found.lose()
    assert _taken(found).dims is None


def test_gradients_that_were_never_written_have_the_shape_of_the_element():
    found = Contents()
    found.put_rows(_Port((7, 2, 3)))
    gradient = found.gradient("gradients")
    assert found.gradient("gradients") is gradient
    assert _taken(gradient).dims == (2, 3)
    gradient.put(_Port((2, 9)))
    assert _taken(gradient).dims == (2, None)
    found.lose()
    assert _taken(gradient).dims is None


@pytest.mark.parametrize("cell", ["BasicRNNCell", "GRUCell", "LSTMCell"])
def test_loops_over_time_know_all_sizes_of_the_run(cell):
    x = tf.placeholder(tf.float32, [None, None, 3])
    lengths = tf.placeholder(tf.int32, [None])
    made = getattr(tf.nn.rnn_cell, cell)(4)
    outputs, _ = tf.nn.dynamic_rnn(made, x, dtype=tf.float32, sequence_length=lengths)
    gradients = tf.gradients(tf.reduce_sum(outputs**2), tf.trainable_variables())
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        feeds = {x: np.ones((5, 6, 3)), lengths: [6, 2, 3, 1, 0]}
        bodies = _inner(session, gradients, feeds)
        assert len(bodies) == 4  # condition and body, forward and back
        flows = [n for n in _unknown(bodies) if "TensorArray" not in n]
        assert flows == []


@NEEDED
def test_a_loop_takes_from_stacks_before_it_computes():
    x = tf.placeholder(tf.float32, [None, 7, 3])
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(64), x, dtype=tf.float32)
    gradients = tf.gradients(tf.reduce_sum(outputs**2), tf.trainable_variables())
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        feeds = {x: np.ones((50, 7, 3))}
        for body in _inner(session, gradients, feeds):
            verify(body)
        plan = session.plan(gradients, feeds)
        bodies = [inner for plans in plan._inner.values() for inner in plans]
        for body in bodies:
            labels = [s.label for s in body.steps]
            taken = [i for i, label in enumerate(labels) if label == "StackPopV2"]
            products = [i for i, s in enumerate(body.steps) if "MatMul" in str(s.segment)]
            assert not taken or max(taken) < min(products)
            assert len(products) <= 1


def test_branches_know_the_sizes_that_other_branches_found():
    x = tf.placeholder(tf.float32, [None, 4])
    flag = tf.placeholder(tf.bool, [])
    w = tf.ones([4])
    y = tf.cond(flag, lambda: tf.tanh(x * w) * w, lambda: x)
    (gradient,) = tf.gradients(tf.reduce_sum(y), x)
    with tf.Session() as session:
        value = np.linspace(-1, 1, 12).reshape(3, 4)
        feeds = {x: value, flag: True}
        assert _unknown(_inner(session, gradient, feeds)) == []
        np.testing.assert_allclose(
            session.run(gradient, feeds), 1 - np.tanh(value) ** 2, 1e-6, 1e-6
        )
        np.testing.assert_array_equal(session.run(gradient, {x: value, flag: False}), 1)


def test_elements_of_several_shapes_stay_unknown():
    sizes = tf.placeholder(tf.int32, [3])
    array = tf.TensorArray(tf.float32, 3, infer_shape=False, clear_after_read=False)

    def write(i, a):
        return i + 1, a.write(i, tf.fill([sizes[i]], tf.cast(i, tf.float32)))

    _, array = tf.while_loop(lambda i, a: i < 3, write, [0, array])
    _, total = tf.while_loop(
        lambda i, s: i < 3, lambda i, s: (i + 1, s + tf.reduce_sum(array.read(i))), [0, 0.0]
    )
    whole = array.concat()
    with tf.Session() as session:
        found = session.run([total, whole], {sizes: [2, 3, 4]})
    assert found[0] == 11
    np.testing.assert_array_equal(found[1], [0, 0, 1, 1, 1, 2, 2, 2, 2])


def test_an_element_read_in_the_loop_that_writes_it_may_grow():
    array = tf.TensorArray(tf.float32, 4, infer_shape=False, clear_after_read=False)
    array = array.write(0, tf.ones([1]))

    def longer(i, a):
        before = a.read(i - 1)
        return i + 1, a.write(i, tf.concat([before, before * 2.0], 0))

    _, array = tf.while_loop(lambda i, a: i < 4, longer, [1, array])
    with tf.Session() as session:
        found = session.run(array.read(3))
    np.testing.assert_array_equal(found, [1, 2, 2, 4, 2, 4, 4, 8])


def test_values_leave_a_stack_in_the_order_of_the_graph():
    stack = tf.raw_ops.StackV2(max_size=-1, elem_type=tf.float32)
    first = tf.raw_ops.StackPushV2(handle=stack, elem=tf.constant([1.0]))
    with tf.control_dependencies([first]):
        second = tf.raw_ops.StackPushV2(handle=stack, elem=tf.constant([2.0, 3.0]))
    with tf.control_dependencies([second]):
        last = tf.raw_ops.StackPopV2(handle=stack, elem_type=tf.float32)
    with tf.control_dependencies([last]):
        third = tf.raw_ops.StackPushV2(handle=stack, elem=tf.constant([4.0]))
    with tf.control_dependencies([third]):
        after = tf.raw_ops.StackPopV2(handle=stack, elem_type=tf.float32)
    with tf.Session() as session:
        program = dict(session.passes([last, after]))["order"]
        verify(early(program))
        found = session.run([last, after])
    np.testing.assert_array_equal(found[0], [2, 3])
    np.testing.assert_array_equal(found[1], [4])


def test_constants_come_out_of_loops_as_constants():
    x = tf.placeholder(tf.float32, [None, 4])

    def step(i, y):
        return i + 1, tf.tanh(y * tf.reduce_mean(y, 1, keepdims=True))

    _, y = tf.while_loop(lambda i, y: i < 3, step, [0, x])
    (gradient,) = tf.gradients(y, x)
    with tf.Session() as session:
        feeds = {x: np.full((2, 4), 0.5)}
        bodies = _inner(session, gradient, feeds)
        assert _unknown(bodies) == []
        left = {i.definition.name for body in bodies for i in body.instrs}
        assert not left & {"BroadcastGradientArgs", "Shape", "FloorMod", "DynamicStitch"}


def test_the_gradient_of_a_concatenation_knows_its_pieces():
    a = tf.placeholder(tf.float32, [None, 3])
    b = tf.placeholder(tf.float32, [None, 3])
    gradients = tf.gradients(tf.concat([a, b], 0) ** 2, [a, b])
    with tf.Session() as session:
        feeds = {a: np.ones((2, 3)), b: np.full((4, 3), 2.0)}
        program = dict(session.passes(gradients, feeds))["order"]
        assert _unknown([program]) == []
        assert not {i.definition.name for i in program.instrs} & {"ShapeN", "ConcatOffset"}
        found = session.run(gradients, feeds)
    np.testing.assert_array_equal(found[0], np.full((2, 3), 2))
    np.testing.assert_array_equal(found[1], np.full((4, 3), 4))
