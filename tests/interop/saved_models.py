"""A SavedModel with all that one can have, built the same way under graphflow and TensorFlow.

Two graphs that share variables of both kinds, a table that is read from a file, a sparse input, a
loop, and an operation to run after loading. Runs on Python 3.7 as well.
"""

import json
import os

import numpy as np

WORDS = ["zero", "one", "two"]


def _graph(tf, vocabulary):
    """Adds the network; returns the inputs, the outputs and the asset."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.Variable(np.arange(6, dtype=np.float32).reshape(3, 2) / 7, name="w")
    b = tf.get_variable("b", initializer=np.array([0.5, -1], np.float32), use_resource=True)
    start = tf.matmul(x, w) + b
    _, y = tf.while_loop(lambda i, _: i < 3, lambda i, v: (i + 1, v * 1.5), [0, start])
    words = tf.placeholder(tf.string, [None], name="words")
    path = tf.constant(vocabulary, name="vocabulary")
    source = tf.lookup.TextFileInitializer(
        path, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER,
    )  # fmt: skip
    table = tf.lookup.StaticHashTable(source, -1)
    sparse = tf.sparse_placeholder(tf.float32, name="sparse")
    outputs = {
        "y": tf.identity(y, name="y"),
        "ids": tf.identity(table.lookup(words), name="ids"),
        "sum": tf.sparse_reduce_sum(sparse),
    }
    return {"x": x, "words": words, "sparse": sparse}, outputs, path


def _signatures(tf, inputs, outputs):
    made = tf.saved_model.build_signature_def(
        {key: tf.saved_model.build_tensor_info(inputs[key]) for key in inputs},
        {key: tf.saved_model.build_tensor_info(outputs[key]) for key in outputs},
        tf.saved_model.PREDICT_METHOD_NAME,
    )
    return {tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY: made}


def write(tf, folder, as_text=False):
    """Writes the SavedModel into a new folder; returns what `read` should."""
    vocabulary = folder + ".words.txt"
    with open(vocabulary, "w") as file:
        file.write("\n".join(WORDS) + "\n")
    builder = tf.saved_model.Builder(folder)
    with tf.Graph().as_default(), tf.Session() as sess:
        inputs, outputs, path = _graph(tf, vocabulary)
        sess.run([tf.global_variables_initializer(), tf.tables_initializer()])
        builder.add_meta_graph_and_variables(
            sess, [tf.saved_model.SERVING], _signatures(tf, inputs, outputs), [path],
            main_op=tf.group(tf.tables_initializer(), name="start"), strip_default_attrs=True,
        )  # fmt: skip
        want = _results(tf, sess, inputs, outputs)
    with tf.Graph().as_default():
        inputs, outputs, _ = _graph(tf, vocabulary)
        tf.add_to_collection("kept", 5)
        builder.add_meta_graph(
            [tf.saved_model.TRAINING, "second"], _signatures(tf, inputs, outputs)
        )
    builder.save(as_text)
    os.remove(vocabulary)
    with open(folder + ".json", "w") as file:
        json.dump(want, file)
    return want


def _results(tf, sess, inputs, outputs):
    places = np.array([[0, 1], [1, 2]], np.int64)
    fed = tf.SparseTensorValue(places, np.array([2, 3], np.float32), np.array([2, 3], np.int64))
    feeds = {
        inputs["x"]: np.arange(12, dtype=np.float32).reshape(4, 3) - 5,
        inputs["words"]: ["two", "none", "zero"],
        inputs["sparse"]: fed,
    }
    found = sess.run(outputs, feeds)
    return {key: found[key].tolist() for key in found}


def read(tf, folder, import_scope=None):
    """Loads the graph to serve; returns what it computes."""
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        message = tf.saved_model.load(sess, ["serve"], folder, import_scope=import_scope)
        [signature] = message.signature_def.values()

        def tensor(info):
            return tf.saved_model.get_tensor_from_tensor_info(info, graph, import_scope)

        inputs = {key: tensor(signature.inputs[key]) for key in signature.inputs}
        outputs = {key: tensor(signature.outputs[key]) for key in signature.outputs}
        return _results(tf, sess, inputs, outputs)


def differences(folder, tf):
    """Reads a SavedModel; returns one line for each result that is not the recorded one."""
    with open(folder + ".json") as file:
        want = json.load(file)
    found = []
    for scope in (None, "inner"):
        got = read(tf, folder, scope)
        far = [key for key in want if not np.allclose(want[key], got[key], rtol=1e-5, atol=1e-6)]
        found += [f"SavedModel, {key}: {want[key]} became {got[key]}" for key in far]
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.saved_model.load(sess, {"second", "train"}, folder)
        if tf.get_collection("kept") != [5]:
            found.append("SavedModel: the second graph lost its collection")
    return found
