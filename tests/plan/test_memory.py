"""What a plan tells of its values: sizes, buffers, shared memory."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.runtime import compiled


@pytest.fixture(autouse=True)
def fresh_graph():
    with tf.Graph().as_default():
        yield


def test_values_name_their_operations_sizes_and_buffers():
    x = tf.placeholder(tf.float32, [None, 32], name="x")
    y = tf.reduce_sum(tf.nn.softplus(x, name="soft"), axis=1, name="y")
    with compiled.numpy_only(), tf.Session() as sess:
        plan = sess.plan(y, {x: np.ones([8, 32])})
    assert [v.label for v in plan.values] == [s.label for s in plan.steps]
    assert [v.name for v in plan.values] == ["soft"] * 6 + ["y"]
    assert [v.nbytes for v in plan.values] == [4 * 8 * 32] * 6 + [4 * 8]
    *inner, last = plan.values
    assert last.buffer is None  # it leaves the run
    assert {v.buffer for v in inner} == {0, 1}
    assert plan.arena_bytes == 2 * 4 * 8 * 32


def test_sizes_that_only_the_run_tells_are_none():
    x = tf.placeholder(tf.float32, [None], name="x")
    y = tf.boolean_mask(x, x > 0.0) * 2.0
    plan = tf.Session().plan(y, {x: [1.0, -1.0]})
    assert plan.values[-1].nbytes is None
    assert plan.values[-1].buffer is None


def test_updates_and_strings_have_no_size():
    v = tf.Variable(1.0, name="v")
    up = v.assign_add(2.0)
    text = tf.as_string(v.read_value(), name="text")
    values = {x.name: x for x in tf.Session().plan([up.op, text]).values}
    assert up.op.name not in values
    assert values["text"].nbytes is None


def test_reading_a_variable_takes_no_buffer():
    x = tf.placeholder(tf.float32, [4, 300])
    w = tf.Variable(tf.zeros([300, 50]), name="w")
    r = tf.get_variable("r", [50, 50], use_resource=True)
    y = tf.tanh(tf.matmul(tf.tanh(tf.matmul(x, w)), r))
    plan = tf.Session().plan(y, {x: np.zeros([4, 300])})
    reads = [v for v in plan.values if v.shares]
    assert [v.nbytes for v in reads] == [300 * 50 * 4, 50 * 50 * 4]
    assert [v.buffer for v in reads] == [None, None]
    assert plan.arena_bytes < 300 * 50


def test_a_group_shows_the_values_that_never_reach_memory():
    x = tf.placeholder(tf.float32, [64, 64], name="x")
    y = tf.reduce_sum(tf.exp(x) * 2.0 + 1.0, name="y")
    plan = tf.Session().plan(y, {x: np.zeros([64, 64])})
    assert [v.nbytes for v in plan.values] == [64 * 64 * 4] * 3 + [4]
    if compiled.machine() is not None:
        assert plan.arena_bytes == 0
    assert plan.stepwise().arena_bytes == 64 * 64 * 4
