"""The tutorial from end to end: a softmax layer learns handwritten digits.

`python -m graphflow.examples.tutorials.mnist.walkthrough --out out` trains on the MNIST files in
`--data` (or what `read_data_sets` finds instead), prints the accuracy on held-out images, and
writes into the output folder: graph.svg (the picture of the training step), model.ckpt.* (the
checkpoint) and an event file for TensorBoard.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from tqdm import tqdm

import graphflow as tf
from graphflow.examples.tutorials.mnist import input_data


def build() -> dict[str, Any]:
    """Declares the layer, its loss, the training step and the accuracy; returns them by name."""
    x = tf.placeholder(tf.float32, [None, 784], name="x")
    y_ = tf.placeholder(tf.float32, [None, 10], name="y_")
    W = tf.Variable(tf.zeros([784, 10]), name="W")
    b = tf.Variable(tf.zeros([10]), name="b")
    y = tf.nn.softmax(tf.matmul(x, W) + b, name="y")
    with tf.name_scope("loss"):
        cross_entropy = tf.reduce_mean(-tf.reduce_sum(y_ * tf.log(y), reduction_indices=[1]))
    train_step = tf.train.GradientDescentOptimizer(0.5).minimize(cross_entropy)
    with tf.name_scope("accuracy"):
        correct = tf.equal(tf.argmax(y, 1), tf.argmax(y_, 1))
        accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))
    tf.summary.scalar("cross_entropy", cross_entropy)
    return {"x": x, "y_": y_, "step": train_step, "loss": cross_entropy, "accuracy": accuracy}


def train(data: Any, out: Path, steps: int) -> float:
    """Trains, saves and draws; returns the accuracy on the test images."""
    nodes = build()
    summaries = tf.summary.merge_all()
    saver = tf.train.Saver()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        writer = tf.summary.FileWriter(str(out / "events"), sess.graph)
        for i in tqdm(range(steps), desc="training", unit="step"):
            images, labels = data.train.next_batch(100)
            feed = {nodes["x"]: images, nodes["y_"]: labels}
            if i % 50 == 0:
                _, text = sess.run([nodes["step"], summaries], feed_dict=feed)
                writer.add_summary(text, i)
            else:
                sess.run(nodes["step"], feed_dict=feed)
        writer.close()
        feed = {nodes["x"]: data.test.images, nodes["y_"]: data.test.labels}
        accuracy = float(nodes["accuracy"].eval(feed_dict=feed))
        saver.save(sess, str(out / "model.ckpt"))
        tf.draw(sess.graph, str(out / "graph.svg"), level="training", fetches=[nodes["step"]])
    return accuracy


def main() -> None:
    """Reads the command line and runs the tutorial."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--data", default="MNIST_data", help="folder with MNIST's IDX files")
    parser.add_argument("--out", default="out", type=Path, help="folder for the results")
    parser.add_argument("--steps", default=1000, type=int, help="training steps of 100 images")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    data = input_data.read_data_sets(options.data, one_hot=True)
    start = time.perf_counter()
    accuracy = train(data, options.out, options.steps)
    seconds = time.perf_counter() - start
    print(f"accuracy on {data.test.num_examples} held-out images: {accuracy:.1%}")
    print(f"trained, saved and drew in {seconds:.1f} s; results in {options.out.resolve()}:")
    for path in sorted(p for p in options.out.rglob("*") if p.is_file()):
        print(f"  {path.relative_to(options.out)}  ({path.stat().st_size:,} bytes)")


if __name__ == "__main__":
    main()
