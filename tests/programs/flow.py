"""Small programs whose steps branch and loop, and whose variables are shared or cut in parts.

Runs on Python 3.7 as well.
"""

from __future__ import annotations

from typing import Any

from tests.programs.mnist import Built
from tests.programs.small import Net, finish


def _trained(tf: Any, net: Net, logits: Any, rate: float = 0.3) -> Built:
    losses = tf.nn.softmax_cross_entropy_with_logits_v2(labels=net.one_hot, logits=logits)
    loss = tf.reduce_mean(losses)
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.control_dependencies(updates):
        step = tf.train.GradientDescentOptimizer(rate).minimize(loss)
    return finish(tf, loss, step, net.feeds)


def looped(tf: Any) -> Built:
    """A recurrent net by hand: a loop with a TensorArray, over the features one by one."""
    tf.set_random_seed(5)
    net = Net(tf)
    rows = tf.transpose(net.x)
    given = tf.TensorArray(tf.float32, 6).unstack(tf.expand_dims(rows, 2))
    states = tf.TensorArray(tf.float32, 6)
    w = tf.get_variable("w", [6, 5])

    def body(i: Any, state: Any, seen: Any) -> Any:
        state = tf.tanh(tf.matmul(tf.concat([given.read(i), state], 1), w))
        return i + 1, state, seen.write(i, state)

    start = tf.zeros([tf.shape(net.x)[0], 5])
    shapes = [tf.TensorShape([]), tf.TensorShape([None, 5]), tf.TensorShape(None)]
    _, last, states = tf.while_loop(
        lambda i, *_: i < 6, body, [0, start, states], shape_invariants=shapes
    )
    mean = tf.reduce_mean(states.stack(), 0)
    logits = net.logits + tf.layers.dense(tf.concat([last, mean], 1), 4)
    return _trained(tf, net, logits)


def branched(tf: Any) -> Built:
    """Dropout and batch normalization that a fed flag turns on, and a branch by a tensor."""
    tf.set_random_seed(6)
    net = Net(tf)
    training = tf.placeholder_with_default(True, [], name="training")
    hidden = tf.layers.batch_normalization(net.hidden, training=training)
    hidden = tf.layers.dropout(hidden, 0.2, training=training)
    size = tf.reduce_mean(tf.square(hidden))
    hidden = tf.cond(size > 0.8, lambda: hidden / tf.sqrt(size), lambda: hidden * 1.5)
    scale = tf.case(
        [(size < 0.5, lambda: tf.constant(1.0)), (size < 1.5, lambda: 1.0 + 0.1 * size)],
        default=lambda: tf.constant(2.0),
    )
    logits = net.logits + tf.layers.dense(hidden, 4) * scale
    return _trained(tf, net, logits)


def mapped(tf: Any) -> Built:
    """`map_fn`, `scan` and `foldl` over the rows of the batch."""
    net = Net(tf)
    w = tf.get_variable("w", initializer=[0.1, -0.2, 0.3, 0.2])
    rows = tf.map_fn(lambda row: row * tf.reduce_max(row) * w, net.logits)
    running = tf.scan(lambda a, row: 0.9 * a + 0.1 * row, rows, initializer=tf.zeros([4]))
    total = tf.foldl(lambda a, row: a + row, rows, initializer=tf.zeros([4]))
    return _trained(tf, net, net.logits + running + 0.01 * total)


def nested(tf: Any) -> Built:
    """A loop in a branch in a loop, with variables used inside, and a bound on its iterations."""
    net = Net(tf)
    w = tf.get_variable("w", initializer=[0.5, 0.4, 0.3, 0.2])

    def inner(x: Any) -> Any:
        return tf.while_loop(lambda j, y: j < 2, lambda j, y: (j + 1, tf.sin(y * w)), [0, x])[1]

    def body(i: Any, x: Any) -> Any:
        return i + 1, tf.cond(tf.equal(i % 2, 0), lambda: inner(x), lambda: x + 0.5 * w)

    _, logits = tf.while_loop(lambda i, x: i < 10, body, (0, net.logits), maximum_iterations=4)
    return _trained(tf, net, net.logits + logits)


def shared_parts(tf: Any) -> Built:
    """A template called twice, and variables in parts."""
    tf.set_random_seed(7)
    net = Net(tf)

    def layer(x: Any, scale: float) -> Any:
        w = tf.get_variable("w", [5, 5], partitioner=tf.fixed_size_partitioner(2))
        b = tf.get_variable("b", [5], initializer=tf.zeros_initializer())
        return tf.tanh(tf.matmul(x, w) + b) * scale

    shared = tf.make_template("shared", layer, scale=0.9)
    hidden = shared(shared(net.hidden))
    size = tf.variable_axis_size_partitioner(24)
    with tf.variable_scope("out", partitioner=size):
        w = tf.get_variable("w", [5, 4])
    return _trained(tf, net, tf.matmul(hidden, w))
