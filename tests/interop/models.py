"""Two small networks with Adam, built the same way under graphflow and both TensorFlows.

Runs on Python 3.7 as well. Nothing is random: weights and data are formulas.
"""

import numpy as np

STEPS = 4
MODELS = ["mlp", "cnn"]


def _weights(*shape):
    size = int(np.prod(shape))
    return ((np.arange(size) * 37 % 101 - 50) / 120.0).astype(np.float32).reshape(shape)


def data(name, step):
    """Returns the (inputs, one-hot labels) of a training step."""
    shape = (6, 7) if name == "mlp" else (3, 8, 8, 1)
    size = int(np.prod(shape))
    inputs = (np.arange(size) * (29 + step) % 97 / 48.0 - 1).astype(np.float32).reshape(shape)
    labels = np.eye(4, dtype=np.float32)[(np.arange(shape[0]) * 3 + step) % 4]
    return inputs, labels


def _mlp(tf):
    x = tf.placeholder(tf.float32, [None, 7], name="x")
    with tf.variable_scope("hidden"):
        w = tf.get_variable("w", initializer=_weights(7, 5))
        b = tf.get_variable("b", [5], initializer=tf.zeros_initializer(), use_resource=True)
        hidden = tf.nn.relu(tf.nn.bias_add(tf.matmul(x, w), b))
    w2 = tf.Variable(_weights(5, 4), name="w2")
    return x, tf.add(tf.matmul(tf.tanh(hidden), w2), tf.Variable(tf.zeros([4]), name="b2"))


def _cnn(tf):
    x = tf.placeholder(tf.float32, [None, 8, 8, 1], name="x")
    kernel = tf.Variable(_weights(3, 3, 1, 4), name="kernel")
    conv = tf.nn.conv2d(x, kernel, strides=[1, 1, 1, 1], padding="SAME")
    pooled = tf.nn.max_pool(tf.nn.relu(conv), [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    flat = tf.reshape(pooled, [-1, 4 * 4 * 4])
    return x, tf.matmul(flat, tf.Variable(_weights(64, 4), name="w"))


def build(tf, name):
    """Adds a network, its loss and its training to the default graph; returns the saver.

    The nodes that others look for are `x`, `labels`, `scores` and `loss`; the training step is in
    the collection "train_op". The collections of ints, floats and strings are there to be kept.
    """
    x, logits = {"mlp": _mlp, "cnn": _cnn}[name](tf)
    labels = tf.placeholder(tf.float32, [None, 4], name="labels")
    tf.nn.softmax(logits, name="scores")
    losses = tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits)
    loss = tf.reduce_mean(losses, name="loss")
    tf.summary.scalar("loss_summary", loss)
    step = tf.train.get_or_create_global_step()
    tf.train.AdamOptimizer(0.02).minimize(loss, global_step=step)
    tf.add_to_collection("tensors", x)
    tf.add_to_collection("sizes", 3)
    tf.add_to_collection("rates", 0.5)
    tf.add_to_collection("words", "abc")
    return tf.train.Saver()


def write(tf, name, prefix):
    """Trains a network and saves it; returns what it computes then, and when trained further."""
    with tf.Graph().as_default(), tf.Session() as sess:
        saver = build(tf, name)
        sess.run(tf.global_variables_initializer())
        for step in range(STEPS):
            _train(tf, sess, name, step)
        saver.save(sess, prefix)
        return _results(tf, sess, name)


def read(tf, name, prefix):
    """Loads a network from its files alone; returns what it computes, as `write`."""
    with tf.Graph().as_default(), tf.Session() as sess:
        saver = tf.train.import_meta_graph(prefix + ".meta")
        saver.restore(sess, prefix)
        _check_collections(tf)
        return _results(tf, sess, name)


def restore(tf, name, prefix):
    """Builds a network and restores its variables; returns what it computes, as `write`."""
    with tf.Graph().as_default(), tf.Session() as sess:
        saver = build(tf, name)
        saver.restore(sess, prefix)
        return _results(tf, sess, name)


def _feeds(name, step):
    inputs, labels = data(name, step)
    return {"x:0": inputs, "labels:0": labels}


def _train(tf, sess, name, step):
    [train] = tf.get_collection("train_op")
    return sess.run(["loss:0", train], _feeds(name, step))[0]


def _results(tf, sess, name):
    scores = sess.run("scores:0", _feeds(name, 0))
    losses = [float(_train(tf, sess, name, step)) for step in range(STEPS, 2 * STEPS)]
    values = {v.name: sess.run(v).tolist() for v in tf.global_variables()}
    return {"scores": scores.tolist(), "losses": losses, "values": values}


def _check_collections(tf):
    assert [t.name for t in tf.get_collection("tensors")] == ["x:0"]
    assert tf.get_collection("sizes") == [3]
    assert tf.get_collection("rates") == [0.5]
    assert tf.get_collection("words") in (["abc"], [b"abc"])
    trainable = [v.name for v in tf.trainable_variables()]
    assert trainable == [v.name for v in tf.global_variables() if v.name in trainable]
    assert trainable, "no trainable variable came back"


def differences(want, got, relative=2e-5):
    """Returns one line for each result that is further apart than `relative` of its size."""
    lines = []
    pairs = [(key, want[key], got[key]) for key in ("scores", "losses")]
    if sorted(want["values"]) != sorted(got["values"]):
        return [f"variables {sorted(want['values'])} became {sorted(got['values'])}"]
    pairs += [(key, want["values"][key], got["values"][key]) for key in want["values"]]
    for key, first, second in pairs:
        a, b = np.array(first, np.float64), np.array(second, np.float64)
        size = max(float(np.abs(a).max(initial=0)), 1e-3)
        worst = float(np.abs(a - b).max(initial=0)) if a.shape == b.shape else float("inf")
        if not worst <= relative * size:
            lines.append(f"{key}: {worst} apart, of {size}")
    return lines
