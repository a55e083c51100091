"""Small models of many kinds, each trained for fifty steps with another optimizer.

These are feed-forward; tests/programs/sequences.py holds those that read sequences, and
tests/programs/ways.py those that show a way of writing programs.
Runs on Python 3.7 as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.programs.data import points
from tests.programs.mnist import Built
from tests.programs.small import finish

STEPS = 50


def fifty(built: Built, **more: Any) -> Built:
    """Returns a program that trains for fifty steps, and whose training is resumed half-way."""
    return built._replace(steps=STEPS, resumed=True, **more)


class Points:
    """Placeholders for the small batches of `points`: inputs, labels and one-hot labels."""

    def __init__(self, tf: Any) -> None:
        self.x = tf.placeholder(tf.float32, [None, 6], name="x")
        self.labels = tf.placeholder(tf.int32, [None], name="labels")
        self.one_hot = tf.placeholder(tf.float32, [None, 4], name="one_hot")

    def feeds(self, step: int) -> dict[Any, Any]:
        """Returns the feed_dict of step `step`."""
        inputs, labels, one_hot = points(step)
        return {self.x: inputs, self.labels: labels, self.one_hot: one_hot}


def pictures(step: int, size: int = 16) -> tuple[Any, Any]:
    """Returns `[n, 8, 8, 2]` pictures and the corner, of four, that is the brightest."""
    random = np.random.RandomState(2000 + step)
    images = random.rand(size, 8, 8, 2).astype(np.float32)
    labels = random.randint(0, 4, size).astype(np.int32)
    for image, corner in zip(images, labels):  # noqa: B905 - Python 3.7
        row, column = 4 * (corner // 2), 4 * (corner % 2)
        image[row : row + 4, column : column + 4] += np.float32(0.5)
    return images, labels


def waves(step: int, size: int = 16, width: int = 12) -> Any:
    """Returns `[n, width]` rows in [0, 1]: triangles of three lengths, shifted, with noise."""
    random = np.random.RandomState(3000 + step)
    period = random.randint(4, 7, (size, 1))
    places = (np.arange(width) + random.randint(0, 12, (size, 1))) % period
    rows = np.abs(2.0 * places / period - 1.0) * 0.75 + 0.25 * random.rand(size, width)
    return rows.astype(np.float32)


def mlp(tf: Any) -> Built:
    """Two dense layers with dropout between them, gradient descent."""
    tf.set_random_seed(11)
    data = Points(tf)
    hidden = tf.layers.dense(data.x, 16, activation=tf.nn.relu, name="hidden")
    hidden = tf.nn.dropout(hidden, keep_prob=0.8)
    logits = tf.layers.dense(hidden, 4, name="logits")
    losses = tf.nn.softmax_cross_entropy_with_logits_v2(labels=data.one_hot, logits=logits)
    loss = tf.reduce_mean(losses)
    step = tf.train.GradientDescentOptimizer(0.3).minimize(loss)
    return fifty(finish(tf, loss, step, data.feeds))


def cnn(tf: Any) -> Built:
    """Convolutions with batch normalization, whose updates run before the step; momentum."""
    tf.set_random_seed(12)
    images = tf.placeholder(tf.float32, [None, 8, 8, 2], name="images")
    labels = tf.placeholder(tf.int32, [None], name="labels")
    training = tf.placeholder_with_default(True, [], name="training")

    def block(x: Any, filters: int, strides: int) -> Any:
        x = tf.layers.conv2d(x, filters, 3, strides, padding="same", use_bias=False)
        return tf.nn.relu(tf.layers.batch_normalization(x, training=training, momentum=0.9))

    x = tf.layers.max_pooling2d(block(images, 6, 1), 2, 2)
    x = tf.layers.average_pooling2d(block(x, 8, 2), 2, 1, padding="same")
    logits = tf.layers.dense(tf.layers.flatten(x), 4)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    loss = tf.reduce_mean(losses)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        step = tf.train.MomentumOptimizer(0.02, 0.8).minimize(loss)

    def feeds(number: int) -> dict[Any, Any]:
        batch, corners = pictures(number)
        return {images: batch, labels: corners}

    right = tf.equal(tf.argmax(logits, 1, output_type=tf.int32), labels)
    accuracy = tf.reduce_mean(tf.cast(right, tf.float32), name="accuracy")
    tests = {**feeds(99), training: False}
    return fifty(finish(tf, loss, step, feeds), accuracy=accuracy, test_feeds=tests)


def autoencoder(tf: Any) -> Built:
    """An autoencoder whose decoder is its encoder transposed; adadelta."""
    tf.set_random_seed(13)
    x = tf.placeholder(tf.float32, [None, 12], name="x")
    with tf.variable_scope("encoder", initializer=tf.glorot_uniform_initializer()):
        w1, w2 = tf.get_variable("w1", [12, 8]), tf.get_variable("w2", [8, 3])
        code = tf.nn.tanh(tf.matmul(tf.nn.elu(tf.matmul(x, w1)), w2))
    with tf.variable_scope("decoder", initializer=tf.zeros_initializer()):
        b1, b2 = tf.get_variable("b1", [8]), tf.get_variable("b2", [12])
        hidden = tf.nn.elu(tf.nn.bias_add(tf.matmul(code, w2, transpose_b=True), b1))
        out = tf.nn.sigmoid(tf.matmul(hidden, w1, transpose_b=True) + b2)
    loss = tf.reduce_mean(tf.squared_difference(out, x)) + 1e-3 * tf.reduce_mean(tf.abs(code))
    step = tf.train.AdadeltaOptimizer(1.0, rho=0.9, epsilon=1e-4).minimize(loss)
    return fifty(finish(tf, loss, step, lambda number: {x: waves(number)}))


def vae(tf: Any) -> Built:
    """A variational autoencoder: noise in the middle, two losses; Adam."""
    tf.set_random_seed(14)
    x = tf.placeholder(tf.float32, [None, 12], name="x")
    hidden = tf.layers.dense(x, 10, tf.nn.softplus)
    mean, log_variance = tf.split(tf.layers.dense(hidden, 6), 2, axis=1)
    noise = tf.random_normal(tf.shape(mean))
    code = mean + tf.exp(0.5 * log_variance) * noise
    logits = tf.layers.dense(tf.layers.dense(code, 10, tf.nn.softplus), 12)
    rebuilt = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits), 1)
    terms = 1.0 + log_variance - tf.square(mean) - tf.exp(log_variance)
    divergence = -0.5 * tf.reduce_sum(terms, reduction_indices=1)
    loss = tf.reduce_mean(rebuilt + divergence)
    step = tf.train.AdamOptimizer(0.01).minimize(loss)
    return fifty(finish(tf, loss, step, lambda number: {x: waves(number)}))


def embedding_bag(tf: Any) -> Built:
    """Bags of words of any length, weighted and averaged; adagrad on the rows in use."""
    tf.set_random_seed(15)
    indices = tf.placeholder(tf.int64, [None, 2], name="indices")
    words = tf.placeholder(tf.int64, [None], name="words")
    weights = tf.placeholder(tf.float32, [None], name="weights")
    shape = tf.placeholder(tf.int64, [2], name="shape")
    labels = tf.placeholder(tf.float32, [None], name="labels")
    table = tf.get_variable("table", [40, 5], initializer=tf.random_uniform_initializer(-0.5, 0.5))
    ids = tf.SparseTensor(indices, words, shape)
    bag = tf.nn.embedding_lookup_sparse(
        table, ids, tf.SparseTensor(indices, weights, shape), combiner="mean"
    )
    total = tf.nn.embedding_lookup_sparse(table, ids, None, combiner="sqrtn")
    features = tf.concat([bag, total], axis=1)
    logits = tf.squeeze(tf.layers.dense(features, 1), axis=[1])
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
    loss = tf.reduce_mean(losses)
    step = tf.train.AdagradOptimizer(0.4).minimize(loss)

    def feeds(number: int) -> dict[Any, Any]:
        random = np.random.RandomState(4000 + number)
        lengths = random.randint(1, 6, 12)
        chosen = random.randint(0, 40, lengths.sum())
        rows = np.repeat(np.arange(12), lengths)
        columns = np.concatenate([np.arange(n) for n in lengths])
        first = chosen[np.concatenate([[0], np.cumsum(lengths)[:-1]])]
        return {
            indices: np.stack([rows, columns], 1),
            words: chosen,
            weights: (random.rand(len(chosen)) + 0.5).astype(np.float32),
            shape: np.array([12, lengths.max()]),
            labels: (first % 3 == 0).astype(np.float32),
        }

    return fifty(finish(tf, loss, step, feeds))


def partitioned(tf: Any) -> Built:
    """A table, weights and a saver over variables in parts; FTRL."""
    tf.set_random_seed(16)
    data = Points(tf)
    words = tf.placeholder(tf.int32, [None, 3], name="words")
    parts = tf.fixed_size_partitioner(3)
    with tf.variable_scope("wide", partitioner=parts):
        table = tf.get_variable("table", [20, 4], initializer=tf.truncated_normal_initializer())
        kernel = tf.get_variable("kernel", [10, 4])
        scale = tf.get_variable(
            "scale", [4], partitioner=None, initializer=tf.constant_initializer(0.5)
        )
    rows = tf.nn.embedding_lookup(table, words, partition_strategy="div")
    features = tf.concat([data.x, tf.reduce_sum(rows, 1)], 1)
    logits = tf.matmul(features, tf.convert_to_tensor(kernel)) * scale
    losses = tf.nn.softmax_cross_entropy_with_logits_v2(labels=data.one_hot, logits=logits)
    loss = tf.reduce_mean(losses)
    optimizer = tf.train.FtrlOptimizer(
        0.3, l1_regularization_strength=0.001, l2_regularization_strength=0.01
    )
    step = optimizer.minimize(loss)

    def feeds(number: int) -> dict[Any, Any]:
        chosen = np.random.RandomState(5000 + number).randint(0, 20, (16, 3))
        return {**data.feeds(number), words: chosen.astype(np.int32)}

    return fifty(finish(tf, loss, step, feeds))


def gan(tf: Any) -> Built:
    """A generator against a discriminator: two optimizers, each with its own variables."""
    tf.set_random_seed(17)
    real = tf.placeholder(tf.float32, [None, 12], name="real")
    noise = tf.random_uniform([16, 4], -1.0, 1.0)
    with tf.variable_scope("generator"):
        hidden = tf.layers.dense(noise, 10, tf.nn.leaky_relu)
        made = tf.layers.dense(hidden, 12, tf.nn.sigmoid)

    def judged(x: Any, reuse: bool) -> Any:
        with tf.variable_scope("discriminator", reuse=reuse):
            return tf.layers.dense(tf.layers.dense(x, 10, tf.nn.leaky_relu), 1)

    seen, forged = judged(real, False), judged(made, True)
    entropy = tf.nn.sigmoid_cross_entropy_with_logits
    d_loss = tf.reduce_mean(entropy(labels=tf.ones_like(seen) * 0.9, logits=seen))
    d_loss += tf.reduce_mean(entropy(labels=tf.zeros_like(forged), logits=forged))
    g_loss = tf.reduce_mean(entropy(labels=tf.ones_like(forged), logits=forged))
    d_list = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="discriminator")
    g_list = tf.trainable_variables("generator")
    d_step = tf.train.AdamOptimizer(0.01, beta1=0.5).minimize(d_loss, var_list=d_list)
    with tf.control_dependencies([d_step]):
        g_step = tf.train.AdamOptimizer(0.005, beta1=0.5).minimize(g_loss, var_list=g_list)
    step = tf.group(d_step, g_step)
    loss = tf.add(d_loss, 2.0 * g_loss, name="both")
    return fifty(finish(tf, loss, step, lambda number: {real: waves(number)}))


MODELS = {f.__name__: f for f in (mlp, cnn, autoencoder, vae, embedding_bag, partitioned, gan)}
