"""Small programs, one for each way of writing a loss, a variable or an optimizer.

Each builds a network of 6 inputs, 5 hidden units and 4 classes (or so) into the default graph.
They exist for the names and attributes of their nodes, and for six steps of training.
Runs on Python 3.7 as well.
"""

from __future__ import annotations

from typing import Any, Callable  # noqa: UP035 - evaluated under Python 3.7

import numpy as np

from tests.programs.data import points
from tests.programs.mnist import Built

W1 = (np.arange(30, dtype=np.float32).reshape(6, 5) % 7 - 3) / np.float32(8)
W2 = (np.arange(20, dtype=np.float32).reshape(5, 4) % 5 - 2) / np.float32(4)


class Net:
    """Placeholders, two dense layers written by hand, and the feeds of a training step."""

    def __init__(self, tf: Any, **variable: Any) -> None:
        self.tf = tf
        self.x = tf.placeholder(tf.float32, [None, 6], name="x")
        self.labels = tf.placeholder(tf.int32, [None], name="labels")
        self.one_hot = tf.placeholder(tf.float32, [None, 4], name="one_hot")
        w1 = tf.Variable(W1, name="w1", **variable)
        b1 = tf.Variable(tf.zeros([5]), name="b1", **variable)
        w2 = tf.Variable(W2, name="w2", **variable)
        self.hidden = tf.tanh(tf.matmul(self.x, w1) + b1)
        self.logits = tf.matmul(self.hidden, w2, name="logits")

    def feeds(self, step: int) -> dict[Any, Any]:
        """Returns the feed_dict of step `step`."""
        inputs, labels, one_hot = points(step)
        return {self.x: inputs, self.labels: labels, self.one_hot: one_hot}

    def mean_loss(self) -> Any:
        """Returns the mean cross entropy, the loss of the programs that are not about losses."""
        tf = self.tf
        losses = tf.nn.softmax_cross_entropy_with_logits_v2(labels=self.one_hot, logits=self.logits)
        return tf.reduce_mean(losses)

    def built(self, loss: Any, train_step: Any) -> Built:
        """Adds initializer, saver and summary, as every small program does."""
        return finish(self.tf, loss, train_step, self.feeds)


def finish(tf: Any, loss: Any, train_step: Any, feeds: Callable[[int], dict[Any, Any]]) -> Built:
    """Adds initializer, saver and summary nodes and returns the finished program."""
    tf.summary.scalar("loss", loss)
    return Built(
        loss=loss,
        train_step=train_step,
        init=tf.global_variables_initializer(),
        saver=tf.train.Saver(),
        merged=tf.summary.merge_all(),
        feeds=feeds,
    )


def momentum(tf: Any) -> Built:
    """Plain momentum."""
    net = Net(tf)
    loss = net.mean_loss()
    return net.built(loss, tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss))


def momentum_nesterov(tf: Any) -> Built:
    """Nesterov's momentum."""
    net = Net(tf)
    loss = net.mean_loss()
    optimizer = tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True)
    return net.built(loss, optimizer.minimize(loss))


def adam_global_step(tf: Any) -> Built:
    """Adam that counts its steps."""
    net = Net(tf)
    loss = net.mean_loss()
    global_step = tf.train.get_or_create_global_step()
    return net.built(loss, tf.train.AdamOptimizer(0.01).minimize(loss, global_step=global_step))


def decayed_rate(tf: Any) -> Built:
    """A learning rate that decays with a global step made by hand."""
    net = Net(tf)
    loss = net.mean_loss()
    step = tf.Variable(0, name="global_step", trainable=False)
    rate = tf.train.exponential_decay(0.5, step, 2, 0.5, staircase=True)
    return net.built(loss, tf.train.GradientDescentOptimizer(rate).minimize(loss, step))


def clipped_gradients(tf: Any) -> Built:
    """Gradients computed, clipped by their global norm, then applied."""
    net = Net(tf)
    loss = net.mean_loss()
    optimizer = tf.train.GradientDescentOptimizer(0.5)
    gradients, variables = zip(*optimizer.compute_gradients(loss))  # noqa: B905 - Python 3.7
    clipped, _ = tf.clip_by_global_norm(gradients, 0.25)
    step = optimizer.apply_gradients(zip(clipped, variables))  # noqa: B905 - Python 3.7
    return net.built(loss, step)


def losses_softmax(tf: Any) -> Built:
    """`tf.losses.softmax_cross_entropy` and the total loss."""
    net = Net(tf)
    tf.losses.softmax_cross_entropy(onehot_labels=net.one_hot, logits=net.logits)
    loss = tf.losses.get_total_loss()
    return net.built(loss, tf.train.GradientDescentOptimizer(0.5).minimize(loss))


def losses_sparse_softmax(tf: Any) -> Built:
    """`tf.losses.sparse_softmax_cross_entropy`."""
    net = Net(tf)
    loss = tf.losses.sparse_softmax_cross_entropy(labels=net.labels, logits=net.logits)
    return net.built(loss, tf.train.GradientDescentOptimizer(0.5).minimize(loss))


def losses_mean_squared(tf: Any) -> Built:
    """`tf.losses.mean_squared_error`."""
    net = Net(tf)
    loss = tf.losses.mean_squared_error(labels=net.one_hot, predictions=net.logits)
    return net.built(loss, tf.train.GradientDescentOptimizer(0.5).minimize(loss))


def nn_softmax_v1(tf: Any) -> Built:
    """The older `softmax_cross_entropy_with_logits`, which stops the labels' gradient."""
    net = Net(tf)
    losses = tf.nn.softmax_cross_entropy_with_logits(labels=net.one_hot, logits=net.logits)
    loss = tf.reduce_mean(losses)
    return net.built(loss, tf.train.GradientDescentOptimizer(0.5).minimize(loss))


def nn_sparse_softmax(tf: Any) -> Built:
    """`sparse_softmax_cross_entropy_with_logits`."""
    net = Net(tf)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=net.labels, logits=net.logits)
    loss = tf.reduce_mean(losses, name="loss")
    return net.built(loss, tf.train.GradientDescentOptimizer(0.5).minimize(loss))


def name_scopes(tf: Any) -> Built:
    """Every part in a name scope, the optimizer too, and one scope entered twice."""
    with tf.name_scope("net"):
        net = Net(tf)
    with tf.name_scope("loss"):
        loss = net.mean_loss()
    with tf.name_scope("net"), tf.name_scope("penalty"):
        penalty = 0.01 * tf.nn.l2_loss(net.hidden)
    with tf.name_scope("train"):
        total = tf.add(loss, penalty, name="total")
        step = tf.train.AdamOptimizer(0.01).minimize(total)
    return net.built(total, step)


def resource_descent(tf: Any) -> Built:
    """Gradient descent on resource variables."""
    net = Net(tf, use_resource=True)
    loss = net.mean_loss()
    return net.built(loss, tf.train.GradientDescentOptimizer(0.5).minimize(loss))


def resource_momentum(tf: Any) -> Built:
    """Momentum on resource variables."""
    net = Net(tf, use_resource=True)
    loss = net.mean_loss()
    return net.built(loss, tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss))


def resource_adam(tf: Any) -> Built:
    """Adam on resource variables."""
    net = Net(tf, use_resource=True)
    loss = net.mean_loss()
    return net.built(loss, tf.train.AdamOptimizer(0.01).minimize(loss))


def both_kinds(tf: Any) -> Built:
    """Gradient descent on a reference variable and a resource variable together."""
    net = Net(tf)
    scale = tf.Variable([1.0, 1.0, 1.0, 1.0], name="scale", use_resource=True)
    net.logits = net.logits * scale
    loss = net.mean_loss()
    return net.built(loss, tf.train.GradientDescentOptimizer(0.5).minimize(loss))


def variable_scopes(tf: Any) -> Built:
    """`get_variable` in scopes, its default initializer seeded, and a scope used again."""
    tf.set_random_seed(7)
    x = tf.placeholder(tf.float32, [None, 6], name="x")
    labels = tf.placeholder(tf.int32, [None], name="labels")

    def layer(inputs: Any, size: int, **scope: Any) -> Any:
        with tf.variable_scope("layer", **scope):
            kernel = tf.get_variable("kernel", [inputs.shape[1], size])
            bias = tf.get_variable("bias", [size], initializer=tf.zeros_initializer())
            return tf.nn.bias_add(tf.matmul(inputs, kernel), bias)

    with tf.variable_scope("model"):
        once = tf.nn.relu(layer(x, 6))
        twice = layer(once, 6, reuse=True)
    logits = tf.slice(twice, [0, 0], [-1, 4])
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    loss = tf.reduce_mean(losses)
    step = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)

    def feeds(number: int) -> dict[Any, Any]:
        inputs, classes, _ = points(number)
        return {x: inputs, labels: classes}

    return finish(tf, loss, step, feeds)


def _embedding(tf: Any, optimizer: Any) -> Built:
    ids = tf.placeholder(tf.int32, [None], name="ids")
    table = tf.Variable(W1, name="table")
    rows = tf.nn.embedding_lookup(table, ids)
    loss = tf.reduce_mean(tf.square(rows - 1.0))
    step = optimizer.minimize(loss)
    return finish(tf, loss, step, lambda number: {ids: points(number)[1]})


def embedding_descent(tf: Any) -> Built:
    """Sparse updates by gradient descent, with rows looked up more than once."""
    return _embedding(tf, tf.train.GradientDescentOptimizer(0.5))


def embedding_adam(tf: Any) -> Built:
    """Sparse updates by Adam."""
    return _embedding(tf, tf.train.AdamOptimizer(0.01))
