"""Files and checkpoints as operations: what goes into a file comes out of it."""

import os

from _rows import case, f, i, s, tf

FOLDER = "/tmp/graphflow-rows"  # the same everywhere: the names are constants in recorded graphs
os.makedirs(FOLDER, exist_ok=True)


def through_file(contents, name):
    """Writes a file, then reads it."""
    path = os.path.join(FOLDER, "deep", name)
    with tf.control_dependencies([tf.write_file(path, contents)]):
        return tf.read_file(path)


def found_files(contents):
    """The number of files that match a pattern, after one was written."""
    path = os.path.join(FOLDER, "found", "one")
    with tf.control_dependencies([tf.write_file(path, contents)]):
        return tf.size(tf.matching_files(path[:-1] + "?"))


def through_checkpoint(value, name, version=2):
    """Saves a variable, then restores it."""
    v = tf.Variable(value, validate_shape=False, name="v")
    path = os.path.join(FOLDER, name)
    with tf.control_dependencies([v.initializer]):
        saver = tf.train.Saver({"v": v}, filename=path, write_version=version)
    graph = tf.get_default_graph()
    saved = graph.as_graph_element(saver.saver_def.save_tensor_name)
    [restore] = [op for op in graph.get_operations() if op.type == "RestoreV2"]
    restore._add_control_input(saved.op)
    return restore.outputs[0]


case("WriteFile", through_file, s("words"), "first")
case("ReadFile", through_file, s("\x00\xff"), "second")
case("MatchingFiles", found_files, s(""))
case("SaveV2", through_checkpoint, f(2, 3), "first")
case("RestoreV2", through_checkpoint, i([1, -2]), "second")
case("SaveSlices", through_checkpoint, f(2, 2), "third", version=1)
case("StringJoin", lambda x, y: tf.string_join([x, y, "!"], "-"), s(["a", "b"]), s(["", "c"]))
case("StringJoin", lambda x: tf.string_join([x, x]), s(""))


# Operations that no public function makes: graphs of older programs have them.
def made(op_type, inputs, outputs=(), after=(), **attrs):
    """Adds an operation of any type."""
    with tf.control_dependencies(list(after)):
        tensors = [tf.convert_to_tensor(x) for x in inputs]
        given = {key: tf.AttrValue(**value) for key, value in attrs.items()}
        return tf.get_default_graph().create_op(op_type, tensors, list(outputs), attrs=given)


def types(*dtypes):
    """A list of types as an attribute."""
    return {"list": tf.AttrValue.ListValue(type=[x.as_datatype_enum for x in dtypes])}


def through_old_checkpoint(value):
    """Saves a tensor in the old format, then restores it."""
    path = os.path.join(FOLDER, "old")
    saved = made("Save", [path, ["v"], value], T=types(value.dtype))
    dt = {"type": value.dtype.as_datatype_enum}
    return made("Restore", [path, "v"], [value.dtype], [saved], dt=dt).outputs[0]


def part_of_old_checkpoint(value):
    """Saves a tensor in the old format, then restores a part of it."""
    path = os.path.join(FOLDER, "part")
    saved = made("Save", [path, ["v"], value], T=types(value.dtype))
    dt = {"type": value.dtype.as_datatype_enum}
    inputs = [path, "v", "4 3 1,2:-"]
    return made("RestoreSlice", inputs, [value.dtype], [saved], dt=dt).outputs[0]


def through_two_checkpoints(x, y):
    """Saves two checkpoints, merges them, and restores from the result."""
    parts = [os.path.join(FOLDER, "parts", part) for part in ("a", "b")]
    saved = [
        made("SaveV2", [path, [name], [""], value], dtypes=types(value.dtype))
        for path, name, value in ((parts[0], "x", x), (parts[1], "y", y))
    ]
    whole = os.path.join(FOLDER, "whole")
    merged = made("MergeV2Checkpoints", [parts, whole], after=saved)
    dtypes = [x.dtype, y.dtype]
    restored = made(
        "RestoreV2", [whole, ["x", "y"], ["", ""]], dtypes, [merged], dtypes=types(*dtypes)
    )
    return list(restored.outputs)


def first(op_type, dtype):
    """A function that adds an operation and returns its output."""
    return lambda *inputs: made(op_type, inputs, [dtype]).outputs[0]


case("Save", through_old_checkpoint, f(3, 2))
case("Restore", through_old_checkpoint, i([7]))
case("RestoreSlice", part_of_old_checkpoint, f(4, 3))
case("MergeV2Checkpoints", through_two_checkpoints, f(2), i(3))
case("ShardedFilename", first("ShardedFilename", tf.string), s("a"), i(value=1), i(value=12))
case("ShardedFilespec", first("ShardedFilespec", tf.string), s("a"), i(value=12))
