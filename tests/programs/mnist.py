"""The two MNIST tutorials of TensorFlow 1.x, typed as a reader of them types them.

Each function takes the module `tf` (TensorFlow 1.15 or graphflow), builds its graph into the
default graph and returns what a run needs. Runs on Python 3.7 as well.
"""

from __future__ import annotations

from typing import Any, Callable, NamedTuple  # noqa: UP035 - evaluated under Python 3.7

from tests.programs.data import Digits


class Built(NamedTuple):
    """A program whose graph stands in the default graph, ready to run."""

    loss: Any
    train_step: Any
    init: Any
    saver: Any
    merged: Any
    feeds: Callable[[int], dict[Any, Any]]  # the feed_dict of training step i
    accuracy: Any = None
    test_feeds: dict[Any, Any] | None = None
    steps: int = 6
    resumed: bool = False  # whether the run is also recorded as one that is resumed half-way
    metrics: dict[str, tuple[Any, Any]] | None = None  # values and updates of streaming measures
    start: Callable[[Any, Any], list[Any]] | None = None  # starts threads of a session


def softmax_walkthrough(tf: Any) -> Built:
    """Softmax regression: "MNIST for ML beginners"."""
    mnist = Digits(seed=1)
    x = tf.placeholder(tf.float32, [None, 784])
    W = tf.Variable(tf.zeros([784, 10]))
    b = tf.Variable(tf.zeros([10]))
    y = tf.nn.softmax(tf.matmul(x, W) + b)
    y_ = tf.placeholder(tf.float32, [None, 10])
    cross_entropy = tf.reduce_mean(-tf.reduce_sum(y_ * tf.log(y), reduction_indices=[1]))
    train_step = tf.train.GradientDescentOptimizer(0.5).minimize(cross_entropy)
    init = tf.global_variables_initializer()

    correct_prediction = tf.equal(tf.argmax(y, 1), tf.argmax(y_, 1))
    accuracy = tf.reduce_mean(tf.cast(correct_prediction, tf.float32))

    saver = tf.train.Saver()
    tf.summary.scalar("cross_entropy", cross_entropy)
    tf.summary.scalar("accuracy", accuracy)
    merged = tf.summary.merge_all()

    def feeds(step: int) -> dict[Any, Any]:
        batch_xs, batch_ys = mnist.next_batch(100)
        return {x: batch_xs, y_: batch_ys}

    images, labels = Digits(seed=2).next_batch(1000)
    return Built(
        loss=cross_entropy,
        train_step=train_step,
        init=init,
        saver=saver,
        merged=merged,
        feeds=feeds,
        accuracy=accuracy,
        test_feeds={x: images, y_: labels},
        steps=100,
    )


def convolutional(tf: Any) -> Built:
    """The convolutional network: "Deep MNIST for experts", seeded."""
    mnist = Digits(seed=3)
    tf.set_random_seed(1234)

    def weight_variable(shape: list[int]) -> Any:
        initial = tf.truncated_normal(shape, stddev=0.1)
        return tf.Variable(initial)

    def bias_variable(shape: list[int]) -> Any:
        initial = tf.constant(0.1, shape=shape)
        return tf.Variable(initial)

    def conv2d(x: Any, W: Any) -> Any:
        return tf.nn.conv2d(x, W, strides=[1, 1, 1, 1], padding="SAME")

    def max_pool_2x2(x: Any) -> Any:
        return tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")

    x = tf.placeholder(tf.float32, shape=[None, 784])
    y_ = tf.placeholder(tf.float32, shape=[None, 10])
    x_image = tf.reshape(x, [-1, 28, 28, 1])

    W_conv1 = weight_variable([5, 5, 1, 32])
    b_conv1 = bias_variable([32])
    h_conv1 = tf.nn.relu(conv2d(x_image, W_conv1) + b_conv1)
    h_pool1 = max_pool_2x2(h_conv1)

    W_conv2 = weight_variable([5, 5, 32, 64])
    b_conv2 = bias_variable([64])
    h_conv2 = tf.nn.relu(conv2d(h_pool1, W_conv2) + b_conv2)
    h_pool2 = max_pool_2x2(h_conv2)

    W_fc1 = weight_variable([7 * 7 * 64, 1024])
    b_fc1 = bias_variable([1024])
    h_pool2_flat = tf.reshape(h_pool2, [-1, 7 * 7 * 64])
    h_fc1 = tf.nn.relu(tf.matmul(h_pool2_flat, W_fc1) + b_fc1)

    keep_prob = tf.placeholder(tf.float32)
    h_fc1_drop = tf.nn.dropout(h_fc1, keep_prob)

    W_fc2 = weight_variable([1024, 10])
    b_fc2 = bias_variable([10])
    y_conv = tf.matmul(h_fc1_drop, W_fc2) + b_fc2

    cross_entropy = tf.reduce_mean(
        tf.nn.softmax_cross_entropy_with_logits_v2(labels=y_, logits=y_conv)
    )
    train_step = tf.train.AdamOptimizer(1e-4).minimize(cross_entropy)
    correct_prediction = tf.equal(tf.argmax(y_conv, 1), tf.argmax(y_, 1))
    accuracy = tf.reduce_mean(tf.cast(correct_prediction, tf.float32))

    saver = tf.train.Saver()
    tf.summary.scalar("cross_entropy", cross_entropy)
    merged = tf.summary.merge_all()

    def feeds(step: int) -> dict[Any, Any]:
        images, labels = mnist.next_batch(50)
        return {x: images, y_: labels, keep_prob: 0.5}

    images, labels = Digits(seed=4).next_batch(200)
    return Built(
        loss=cross_entropy,
        train_step=train_step,
        init=tf.global_variables_initializer(),
        saver=saver,
        merged=merged,
        feeds=feeds,
        accuracy=accuracy,
        test_feeds={x: images, y_: labels, keep_prob: 1.0},
        steps=20,
    )
