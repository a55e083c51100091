"""The feed-forward network of the tutorial "TensorFlow mechanics 101", as functions."""

from __future__ import annotations

import math
from typing import Any, Final

import graphflow as tf

NUM_CLASSES: Final = 10
IMAGE_SIZE: Final = 28
IMAGE_PIXELS: Final = IMAGE_SIZE * IMAGE_SIZE


def _layer(x: Any, size: int, width: int) -> Any:
    stddev = 1.0 / math.sqrt(float(size))
    weights = tf.Variable(tf.truncated_normal([size, width], stddev=stddev), name="weights")
    biases = tf.Variable(tf.zeros([width]), name="biases")
    return tf.matmul(x, weights) + biases


def inference(images: Any, hidden1_units: int, hidden2_units: int) -> Any:
    """Returns the logits of two hidden layers and a linear readout.

    Args:
        images: x: [batch, 784].
        hidden1_units: width of the first hidden layer.
        hidden2_units: width of the second hidden layer.
    """
    with tf.name_scope("hidden1"):
        hidden1 = tf.nn.relu(_layer(images, IMAGE_PIXELS, hidden1_units))
    with tf.name_scope("hidden2"):
        hidden2 = tf.nn.relu(_layer(hidden1, hidden1_units, hidden2_units))
    with tf.name_scope("softmax_linear"):
        return _layer(hidden2, hidden2_units, NUM_CLASSES)


def loss(logits: Any, labels: Any) -> Any:
    """Returns the mean cross entropy.

    Args:
        logits: y: [batch, 10].
        labels: the class of each image: [batch], integers.
    """
    labels = tf.cast(labels, tf.int64)
    return tf.losses.sparse_softmax_cross_entropy(labels=labels, logits=logits)


def training(loss: Any, learning_rate: Any) -> Any:
    """Returns the operation that trains; notes the loss as a summary, counts steps.

    Args:
        loss: the loss to make smaller.
        learning_rate: the step size of gradient descent.
    """
    tf.summary.scalar("loss", loss)
    optimizer = tf.train.GradientDescentOptimizer(learning_rate)
    global_step = tf.Variable(0, name="global_step", trainable=False)
    return optimizer.minimize(loss, global_step=global_step)


def evaluation(logits: Any, labels: Any) -> Any:
    """Returns how many images have their class on top, an int32 scalar.

    Args:
        logits: y: [batch, 10].
        labels: the class of each image: [batch], integers.
    """
    correct = tf.nn.in_top_k(logits, labels, 1)
    return tf.reduce_sum(tf.cast(correct, tf.int32))
