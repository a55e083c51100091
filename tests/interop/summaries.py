"""Summaries of every kind, built the same way under graphflow and TensorFlow 1.15.5.

Runs on Python 3.7 as well.
"""

import numpy as np


def _waves(*shape):
    return np.sin(np.arange(int(np.prod(shape))) * 0.7).astype(np.float32).reshape(shape)


def build(tf):
    """Adds summaries to the default graph; returns them by names."""
    broken = _waves(1, 3, 4, 3)
    broken[0, 1, 2, 0] = np.nan
    numbers = np.arange(36, dtype="uint8").reshape(1, 3, 3, 4)
    with tf.name_scope("s"):
        made = {
            "scalar": tf.summary.scalar("loss", tf.constant(2.5)),
            "half": tf.summary.scalar("half", tf.constant(0.1, tf.float16), family="kind"),
            "integer": tf.summary.scalar("n", tf.constant(7, tf.int64)),
            "histogram": tf.summary.histogram("W x", tf.constant(_waves(5, 6))),
            "no_elements": tf.summary.histogram("none", tf.zeros([0])),
        }
    made.update(
        signed=tf.summary.image("signed", tf.constant(_waves(4, 3, 5, 3))),
        positive=tf.summary.image("positive", tf.constant(abs(_waves(2, 3, 3, 1))), max_outputs=1),
        broken=tf.summary.image("broken", tf.constant(broken)),
        zero=tf.summary.image("zero", tf.zeros([1, 2, 2, 4])),
        bytes=tf.summary.image("bytes", tf.constant(numbers)),
        sound=tf.summary.audio("sound", tf.constant(1.2 * _waves(2, 9, 2)), 8000.0),
        text=tf.summary.text("words", tf.constant(["a", "b"])),
        tensor=tf.summary.tensor_summary("t", tf.constant(3.0), "what", display_name="T"),
    )  # fmt: skip
    made["merged"] = tf.summary.merge([made["scalar"], made["histogram"]])
    made["all"] = tf.summary.merge_all(scope="s/")
    return made


def nodes(tf):
    """The names, types and inputs of all nodes, as lists."""
    found = tf.get_default_graph().as_graph_def().node
    return [[n.name, n.op, list(n.input)] for n in found if "decode" not in n.name.lower()]
