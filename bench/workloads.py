"""The measured programs, on the public API only: the same source runs on graphflow and on TF.

`python bench/workloads.py NAME --tf MODULE` prints one JSON line: CPU and wall seconds a
repetition, as the median and the minimum over rounds, after a warm-up.
"""

import argparse
import importlib
import json
import statistics
import sys
import time

import numpy as np


def load(module):
    """Imports graphflow, or TensorFlow in its 1.x manner."""
    tf = importlib.import_module(module)
    if hasattr(tf, "disable_v2_behavior"):
        tf.disable_v2_behavior()
    return tf


def walkthrough(tf):
    """One training step of the softmax walkthrough, batch 100."""
    x = tf.placeholder(tf.float32, [None, 784])
    W = tf.Variable(tf.zeros([784, 10]))
    b = tf.Variable(tf.zeros([10]))
    y = tf.nn.softmax(tf.matmul(x, W) + b)
    y_ = tf.placeholder(tf.float32, [None, 10])
    loss = tf.reduce_mean(-tf.reduce_sum(y_ * tf.log(y), axis=[1]))
    step = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    rng = np.random.RandomState(0)
    images = rng.rand(100, 784).astype(np.float32)
    labels = np.eye(10, dtype=np.float32)[rng.randint(0, 10, 100)]
    return lambda: sess.run(step, feed_dict={x: images, y_: labels})


def convolution(tf):
    """One training step of the convolutional walkthrough, batch 50, Adam."""
    x = tf.placeholder(tf.float32, [None, 784])
    y_ = tf.placeholder(tf.float32, [None, 10])
    keep = tf.placeholder(tf.float32)

    def layer(t, shape):
        w = tf.Variable(tf.truncated_normal(shape, stddev=0.1))
        b = tf.Variable(tf.constant(0.1, shape=shape[-1:]))
        t = tf.nn.relu(tf.nn.conv2d(t, w, strides=[1, 1, 1, 1], padding="SAME") + b)
        return tf.nn.max_pool(t, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")

    h = layer(layer(tf.reshape(x, [-1, 28, 28, 1]), [5, 5, 1, 32]), [5, 5, 32, 64])
    w1 = tf.Variable(tf.truncated_normal([7 * 7 * 64, 1024], stddev=0.1))
    b1 = tf.Variable(tf.constant(0.1, shape=[1024]))
    h = tf.nn.relu(tf.matmul(tf.reshape(h, [-1, 7 * 7 * 64]), w1) + b1)
    h = tf.nn.dropout(h, keep_prob=keep)
    w2 = tf.Variable(tf.truncated_normal([1024, 10], stddev=0.1))
    y = tf.matmul(h, w2) + tf.Variable(tf.constant(0.1, shape=[10]))
    xent = tf.nn.softmax_cross_entropy_with_logits_v2(labels=y_, logits=y)
    step = tf.train.AdamOptimizer(1e-4).minimize(tf.reduce_mean(xent))
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    rng = np.random.RandomState(0)
    images = rng.rand(50, 784).astype(np.float32)
    labels = np.eye(10, dtype=np.float32)[rng.randint(0, 10, 50)]
    return lambda: sess.run(step, feed_dict={x: images, y_: labels, keep: 0.5})


def scalar(tf):
    """`sess.run(a + b)` on two fed scalars."""
    a = tf.placeholder(tf.float32, [])
    b = tf.placeholder(tf.float32, [])
    c = a + b
    sess = tf.Session()
    return lambda: sess.run(c, feed_dict={a: 1.0, b: 2.0})


def constants(tf):
    """`sess.run(a + b)` on two variables."""
    a = tf.Variable(1.0)
    b = tf.Variable(2.0)
    c = a + b
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    return lambda: sess.run(c)


def chain(tf):
    """Ten elementwise operations on a 1000x1000 array, summed."""
    x = tf.placeholder(tf.float32, [1000, 1000])
    y = x
    for _ in range(5):
        y = tf.sqrt(y * y + 1.0)
    total = tf.reduce_sum(y)
    sess = tf.Session()
    value = np.random.RandomState(0).rand(1000, 1000).astype(np.float32)
    return lambda: sess.run(total, feed_dict={x: value})


def graph_10000(tf):
    """Declares a chain of 10,000 operations and its gradient, and runs once."""

    def once():
        with tf.Graph().as_default():
            x = tf.placeholder(tf.float32, [])
            w = tf.Variable(1.0)
            z = x
            for _ in range(2500):
                z = tf.tanh(z * 1.0001 + w) - x
            (grad,) = tf.gradients(z, [w])
            with tf.Session() as sess:
                sess.run(tf.global_variables_initializer())
                sess.run([z, grad], feed_dict={x: 0.1})

    return once


#: name -> (function, repetitions a round, rounds)
WORKLOADS = {
    "walkthrough step": (walkthrough, 500, 7),
    "scalar run, fed": (scalar, 3000, 7),
    "scalar run, variables": (constants, 3000, 7),
    "elementwise chain": (chain, 20, 5),
    "convolution step": (convolution, 3, 3),
    "10,000 nodes": (graph_10000, 1, 1),
}


def measure(tf, name):
    """Returns the figures of one workload."""
    make, repetitions, rounds = WORKLOADS[name]
    run = make(tf)
    warm = 0 if repetitions == 1 else max(2, repetitions // 5)
    for _ in range(warm):
        run()
    cpu, wall = [], []
    for _ in range(rounds):
        c, w = time.process_time(), time.perf_counter()
        for _ in range(repetitions):
            run()
        cpu.append((time.process_time() - c) / repetitions)
        wall.append((time.perf_counter() - w) / repetitions)
    return {
        "name": name,
        "cpu": statistics.median(cpu),
        "cpu_min": min(cpu),
        "wall": statistics.median(wall),
        "wall_min": min(wall),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=WORKLOADS)
    parser.add_argument("--tf", default="graphflow")
    options = parser.parse_args()
    print(json.dumps(measure(load(options.tf), options.name)))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
