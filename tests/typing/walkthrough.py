"""A user's program that only has to type-check: mypy reads it, nobody runs it."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphflow as tf


def train(images: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> Any:
    """Trains one step and returns the loss."""
    x: tf.Tensor = tf.placeholder(tf.float32, [None, 784])
    weights = tf.Variable(tf.zeros([784, 10]))
    y: tf.Tensor = tf.nn.softmax(tf.matmul(x, weights) + tf.zeros([10]))
    y_ = tf.placeholder(tf.float32, [None, 10])
    loss: tf.Tensor = tf.reduce_mean(-tf.reduce_sum(y_ * tf.log(y), axis=[1]))
    step = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    shape: list[int | None] = x.shape.as_list()
    first: tf.Tensor = x[0, : shape[1]]
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as sess, tf.name_scope("s"):
        return sess.run([step, loss, first], feed_dict={x: images, y_: labels})
