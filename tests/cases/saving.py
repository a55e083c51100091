"""Files and checkpoints as operations: what goes into a file comes out of it."""

import os
import tempfile

from _rows import case, f, i, s, tf

FOLDER = tempfile.mkdtemp()


def through_file(contents):
    """Writes a file, then reads it."""
    path = os.path.join(FOLDER, "deep", "file")
    with tf.control_dependencies([tf.write_file(path, contents)]):
        return tf.read_file(path)


def found_files(contents):
    """The number of files that match a pattern, after one was written."""
    path = os.path.join(FOLDER, "found", "one")
    with tf.control_dependencies([tf.write_file(path, contents)]):
        return tf.size(tf.matching_files(path[:-1] + "?e"))


def through_checkpoint(value, version=2):
    """Saves a variable, then restores it."""
    prefix = os.path.join(FOLDER, "m%d" % version)
    v = tf.Variable(value, validate_shape=False, name="v")
    with tf.control_dependencies([v.initializer]):
        saver = tf.train.Saver({"v": v}, filename=prefix, write_version=version)
    graph = tf.get_default_graph()
    saved = graph.as_graph_element(saver.saver_def.save_tensor_name)
    [restore] = [op for op in graph.get_operations() if op.type == "RestoreV2"]
    save = next(op for op in graph.get_operations() if op.type in ("SaveV2", "SaveSlices"))
    save._add_control_input(v.initializer)
    restore._add_control_input(saved.op)
    return restore.outputs[0]


case("WriteFile", through_file, s("words"))
case("ReadFile", through_file, s("\x00\xff"))
case("MatchingFiles", found_files, s(""))
case("SaveV2", through_checkpoint, f(2, 3))
case("RestoreV2", through_checkpoint, i([1, -2]))
case("SaveSlices", through_checkpoint, f(2, 2), version=1)
case("StringJoin", lambda x, y: tf.string_join([x, y, "!"], "-"), s(["a", "b"]), s(["", "c"]))
case("StringJoin", lambda x: tf.string_join([x, x]), s(""))
