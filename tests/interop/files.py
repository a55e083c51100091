"""Files of every kind, written and read the same way under graphflow and both TensorFlows.

Checkpoints of all element types, in parts, in shards and of version 1; a frozen graph, a graph as
text, event files, records. Runs on Python 3.7 as well. Nothing is random.
"""

import glob
import os

import numpy as np

TYPES = (
    "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16",
    "bool", "complex64", "complex128", "string",
)  # fmt: skip


def values():
    """An array of each element type."""
    numbers = np.arange(6).reshape(2, 3) * 7 - 5
    found = {t: (numbers % 11).astype(t) for t in TYPES if t != "string"}
    found["complex64"] = found["complex64"] * (1 - 2j)
    found["string"] = np.array([[b"", b"a\0b", b"\xff\xfe"], [b"x" * 300, b"\n", b"z"]], object)
    found["scalar"] = np.array(2.5, "float32")
    found["empty"] = np.zeros([0, 3], "float32")
    return found


def _variables(tf, zero=False):
    made = {}
    for i, (name, array) in enumerate(sorted(values().items())):
        start = np.full_like(array, b"") if array.dtype == object else array
        start = np.zeros_like(array) if zero and array.dtype != object else start
        resource = i % 2 == 1 and name != "string"
        made[name] = tf.get_variable(name, initializer=tf.constant(start), use_resource=resource)
        if array.dtype == object and not zero:
            made[name].full = tf.assign(made[name], tf.constant(array))
    parts = tf.fixed_size_partitioner(3)
    made["parts"] = tf.get_variable("parts", [7, 2], partitioner=parts, initializer=_counted(tf))
    return made


def _counted(tf):
    def initial(shape, dtype=None, partition_info=None):
        first = partition_info.var_offset[0] if partition_info else 0
        rows = np.arange(int(shape[0]))[:, None] + first
        return tf.constant((rows * 10 + np.arange(int(shape[1]))).astype("float32"))

    return initial


WHOLE = (np.arange(7)[:, None] * 10 + np.arange(2)).astype("float32")


def _checkpoint(tf, prefix, saver_arguments):
    with tf.Graph().as_default(), tf.Session(config=_soft(tf)) as sess:
        with tf.device("/cpu:0"):
            made = _variables(tf)
        with tf.device("/gpu:0"):
            tf.get_variable("elsewhere", initializer=tf.constant([8.0, 9.0]))
        saver = tf.train.Saver(**saver_arguments)
        sess.run(tf.global_variables_initializer())
        sess.run(made["string"].full)
        saver.save(sess, prefix, write_meta_graph=False, write_state=False)


def _soft(tf):
    return tf.ConfigProto(allow_soft_placement=True)


def kinds(tf):
    """The arguments of the savers, by the names of their checkpoints."""
    version_1 = {"write_version": tf.train.SaverDef.V1}
    return {"plain": {}, "sharded": {"sharded": True}, "version_1": version_1}


def write(tf, folder):
    """Writes one file of each kind into a new folder."""
    os.mkdir(folder)
    for name, arguments in kinds(tf).items():
        _checkpoint(tf, os.path.join(folder, name), arguments)
    _graphs(tf, folder)
    _events(tf, os.path.join(folder, "events"))
    with tf.python_io.TFRecordWriter(os.path.join(folder, "records")) as writer:
        for i in range(3):
            numbers = tf.train.Feature(float_list=tf.train.FloatList(value=[i, i / 2]))
            words = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"w%d" % i]))
            features = tf.train.Features(feature={"numbers": numbers, "words": words})
            writer.write(tf.train.Example(features=features).SerializeToString())


def _graphs(tf, folder):
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        w = tf.get_variable("w", initializer=tf.constant([[1.0, 2.0], [3.0, 4.0]]))
        r = tf.get_variable("r", initializer=tf.constant([0.5, -1.5]), use_resource=True)
        hidden = tf.nn.relu(tf.matmul(x, w) + r)
        found = tf.cond(tf.reduce_sum(x) > 0, lambda: hidden * 2.0, lambda: hidden - 1.0)
        tf.identity(found, name="y")
        sess.run(tf.global_variables_initializer())
        tf.train.write_graph(graph, folder, "graph.pbtxt")
        frozen = tf.graph_util.convert_variables_to_constants(sess, graph.as_graph_def(), ["y"])
        tf.train.write_graph(frozen, folder, "frozen.pb", as_text=False)


INPUTS = np.array([[1.0, -2.0], [0.5, 3.0]], "float32")
OUTPUTS = {1: [[0.0, 0.0], [20.0, 23.0]], -1: [[4.5, 3.5], [-1.0, -1.0]]}


def _events(tf, folder):
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        tf.summary.scalar("loss", tf.constant(2.5))
        tf.summary.histogram("weights", tf.constant([1.0, -2.0, 3.0, 3.0]))
        tf.summary.image("picture", tf.ones([1, 2, 3, 3]))
        tf.summary.audio("sound", tf.ones([1, 5]), 100)
        tf.summary.text("words", tf.constant(["a", "b"]))
        merged = tf.summary.merge_all()
        x = tf.placeholder(tf.float32, [], name="x")
        doubled = tf.add(x, x, name="doubled")
        with tf.summary.FileWriter(folder, graph) as writer:
            for step in range(3):
                writer.add_summary(sess.run(merged), step)
            own = tf.Summary.Value(tag="own", simple_value=1.25)
            writer.add_summary(tf.Summary(value=[own]), 7)
            metadata = tf.RunMetadata()
            options = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
            sess.run(doubled, {x: 2.0}, options=options, run_metadata=metadata)
            writer.add_run_metadata(metadata, "run 1", 8)
            writer.add_session_log(tf.SessionLog(status=tf.SessionLog.STOP), 9)


def read(tf, folder):
    """Reads one file of each kind; returns one line for each difference."""
    found = []
    for name in sorted(kinds(tf)):
        prefix = os.path.join(folder, name)
        found += [f"{name}: {line}" for line in _restored(tf, prefix)]
        if name != "version_1":  # which TensorFlow lists, but reads no parts of
            found += [f"{name}: {line}" for line in _listed(tf, prefix)]
    found += _computed(tf, folder) + _logged(tf, os.path.join(folder, "events"))
    examples = [
        tf.train.Example.FromString(record)
        for record in tf.python_io.tf_record_iterator(os.path.join(folder, "records"))
    ]
    got = [list(e.features.feature["numbers"].float_list.value) for e in examples]
    got += [list(e.features.feature["words"].bytes_list.value) for e in examples]
    want = [[0.0, 0.0], [1.0, 0.5], [2.0, 1.0], [b"w0"], [b"w1"], [b"w2"]]
    return found + ([] if got == want else [f"records: {got!r}"])


def _same(got, want):
    return np.asarray(got).shape == want.shape and np.array_equal(np.asarray(got), want)


def _restored(tf, prefix):
    """Differences after restoring, with the parted variable in other parts and as a whole."""
    want = dict(values(), elsewhere=np.array([8.0, 9.0], "float32"))
    found = []
    for parts in (None, 2, 7):
        with tf.Graph().as_default(), tf.Session() as sess:
            made = {k: v for k, v in _variables(tf, zero=True).items() if k != "parts"}
            made["elsewhere"] = tf.get_variable("elsewhere", [2])
            names = dict(made)
            names["parts"] = tf.get_variable(
                "again", [7, 2], partitioner=parts and tf.fixed_size_partitioner(parts)
            )
            tf.train.Saver(names).restore(sess, prefix)
            got = sess.run(made)
            whole = sess.run(tf.convert_to_tensor(names["parts"]))
        found += [f"{k} was restored as {got[k]!r}" for k in want if not _same(got[k], want[k])]
        if not _same(whole, WHOLE):
            found.append(f"the parted variable, in {parts} parts: {whole!r}")
    return found


def _listed(tf, prefix):
    want = {name: list(array.shape) for name, array in values().items()}
    want.update(elsewhere=[2], parts=[7, 2])
    got = dict(tf.train.list_variables(prefix))
    found = [] if got == want else [f"list_variables says {got!r}"]
    value = tf.train.load_variable(prefix, "parts")
    return found + ([] if _same(value, WHOLE) else [f"load_variable: {value!r}"])


def _computed(tf, folder):
    from google.protobuf import text_format

    found = []
    with open(os.path.join(folder, "frozen.pb"), "rb") as file:
        frozen = tf.GraphDef.FromString(file.read())
    with open(os.path.join(folder, "graph.pbtxt")) as file:
        graph = text_format.Parse(file.read(), tf.GraphDef())
    for name, message in (("frozen", frozen), ("text", graph)):
        with tf.Graph().as_default(), tf.Session() as sess:
            x, y = tf.import_graph_def(message, return_elements=["x:0", "y:0"])
            if name == "text":
                sess.run(["import/w/Assign", "import/r/Assign"])
            for sign in (1, -1):
                got = sess.run(y, {x: sign * INPUTS})
                if not np.allclose(got, OUTPUTS[sign]):
                    found.append(f"{name} graph computes {got.tolist()!r}")
    return found


def _logged(tf, folder):
    [path] = glob.glob(os.path.join(folder, "*tfevents*"))
    events = list(tf.train.summary_iterator(path))
    got = [(e.step, e.WhichOneof("what")) for e in events]
    want = [(0, w) for w in ("file_version", "graph_def", "meta_graph_def")]
    want += [(s, "summary") for s in (0, 1, 2, 7)]
    want += [(8, "tagged_run_metadata"), (9, "session_log")]
    found = [] if sorted(got) == sorted(want) else [f"events: {got!r}"]
    first = next(e for e in events if e.WhichOneof("what") == "summary").summary.value
    shown = {v.tag: v for v in first}
    histogram, text = shown["weights"].histo, shown["words"]
    got = [
        shown["loss"].simple_value, histogram.min, histogram.max, histogram.num, histogram.sum,
        sum(histogram.bucket), shown["picture/image/0"].image.width, text.tensor.string_val[:],
        shown["sound/audio/0"].audio.length_frames, text.metadata.plugin_data.plugin_name,
    ]  # fmt: skip
    want = [2.5, -2.0, 3.0, 4.0, 5.0, 4.0, 3, [b"a", b"b"], 5, "text"]
    metadata = tf.RunMetadata()
    for e in events:
        if e.WhichOneof("what") == "tagged_run_metadata":
            metadata.MergeFromString(e.tagged_run_metadata.run_metadata)
    names = {n.node_name for d in metadata.step_stats.dev_stats for n in d.node_stats}
    if "doubled" not in names:
        found.append(f"the trace names no node: {sorted(names)!r}")
    return found + ([] if got == want else [f"summaries: {got!r}"])
