"""Convolutions with what follows them, some images at a time: the same bits as all at once."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.plan import blocks
from graphflow.runtime import compiled


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "_LARGE", 64)
    monkeypatch.setattr(blocks, "_MOST", 4)
    monkeypatch.setattr("graphflow.ops._conv_kernels.BLOCK_BYTES", 1 << 13)
    with tf.Graph().as_default(), compiled.numpy_only():
        yield


def f(*shape, seed=3):
    return np.random.RandomState(seed).standard_normal(shape).astype(np.float32)


def convolution(x, out, stride=1, padding="SAME", **options):
    w = tf.constant(f(3, 3, x.shape[3].value, out, seed=out))
    return tf.nn.conv2d(x, w, strides=[1, stride, stride, 1], padding=padding, **options)


def pool(x, size=2, padding="SAME"):
    window = [1, size, size, 1]
    return tf.nn.max_pool(x, ksize=window, strides=window, padding=padding)


def bias(n):
    return tf.constant(f(n, seed=n + 1))


def layer(x, out):
    return pool(tf.nn.relu(convolution(x, out) + bias(out)))


CHAINS = {
    "bias, relu, pool": (
        lambda x: layer(x, 8), ["Conv2D", "add", "maximum", "MaxPool"],
    ),
    "bias_add": (
        lambda x: tf.nn.relu(tf.nn.bias_add(convolution(x, 8), bias(8))),
        ["Conv2D", "BiasAdd", "maximum"],
    ),
    "two layers": (
        lambda x: layer(layer(x, 8), 4), ["Conv2D", "add", "maximum", "MaxPool"] * 2,
    ),
    "pool first": (
        lambda x: tf.tanh(pool(convolution(x, 8), padding="VALID") * 2.0),
        ["Conv2D", "MaxPool", "multiply", "tanh"],
    ),
    "strides": (
        lambda x: convolution(x, 8, 2, "VALID") * bias(8) - 1.0,
        ["Conv2D", "multiply", "subtract"],
    ),
    "a number of its own": (
        lambda x: 1.0 - tf.square(convolution(x, 8)), ["Conv2D", "square", "subtract"],
    ),
}  # fmt: skip


def chains(plan):
    return [[p.label for p in s.parts] for s in plan.steps if s.label == "blocks"]


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("n", [9, 37])
def test_some_images_at_a_time_give_the_same_bits(name, n):
    make, labels = CHAINS[name]
    x = tf.placeholder(tf.float32, [None, 11, 10, 3])
    y = make(x)
    value = f(n, 11, 10, 3)
    plan = tf.Session().plan(y, {x: value})
    assert chains(plan) == [labels]
    for _ in range(2):
        found = plan.run([value])[0]
        assert found.tobytes() == plan.stepwise().run([value])[0].tobytes()


def test_few_images_are_not_divided():
    x = tf.placeholder(tf.float32, [None, 11, 10, 3])
    assert chains(tf.Session().plan(layer(x, 8), {x: f(1, 11, 10, 3)})) == []


def test_a_value_that_others_read_ends_a_chain():
    x = tf.placeholder(tf.float32, [None, 11, 10, 3])
    a = convolution(x, 8) + bias(8)
    b = tf.nn.relu(a)
    value = f(20, 11, 10, 3)
    sess = tf.Session()
    plan = sess.plan([a, pool(b)], {x: value})
    assert chains(plan) == [["Conv2D", "add"]]
    for one, two in zip(plan.run([value]), plan.stepwise().run([value]), strict=True):
        assert one.tobytes() == two.tobytes()


def test_what_differs_from_image_to_image_ends_a_chain():
    x = tf.placeholder(tf.float32, [None, 11, 10, 3])
    scale = tf.placeholder(tf.float32, [None, 1, 1, 1])
    y = convolution(x, 8) * 2.0 * scale
    feed = {x: f(20, 11, 10, 3), scale: f(20, 1, 1, 1)}
    plan = tf.Session().plan(y, feed)
    assert chains(plan) == [["Conv2D", "multiply"]]
    found = plan.run(list(feed.values()))[0]
    assert found.tobytes() == plan.stepwise().run(list(feed.values()))[0].tobytes()


def test_a_training_step_gives_the_same_numbers():
    x = tf.placeholder(tf.float32, [None, 11, 10, 3])
    w = tf.Variable(f(3, 3, 3, 8))
    y = pool(tf.nn.relu(tf.nn.conv2d(x, w, [1, 1, 1, 1], "SAME") + bias(8)))
    grad = tf.gradients(tf.reduce_sum(y * y), w)[0]
    value = f(20, 11, 10, 3)
    with tf.Session() as sess:
        sess.run(w.initializer)
        plan = sess.plan([y, grad], {x: value})
        for one, two in zip(plan.run([value]), plan.stepwise().run([value]), strict=True):
            assert one.tobytes() == two.tobytes()


def test_no_buffer_holds_what_a_chain_computes_inside():
    x = tf.placeholder(tf.float32, [None, 11, 10, 3])
    plan = tf.Session().plan(layer(x, 8), {x: f(37, 11, 10, 3)})
    assert plan.arena_bytes == 0
    assert plan.stepwise().arena_bytes >= 37 * 11 * 10 * 8 * 4
    assert "[Conv2D add maximum MaxPool]" in plan.source
