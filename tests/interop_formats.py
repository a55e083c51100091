"""Checks by hand that a real TensorFlow reads the files that graphflow writes.

    GRAPHFLOW_TF_PYTHON=<a Python with TensorFlow 1.15 or 2.x> python tests/interop_formats.py

The outer run writes files with graphflow, then runs this file again under that Python, which reads
them with TensorFlow and compares. It is no pytest module: the tests need no TensorFlow.
"""

import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "golden", "formats"))

import values  # noqa: E402 (found by the line above, in both Pythons)

BUNDLES = ["once", "twice", "merged"]


# --- under graphflow ---


def write_all(directory):
    sys.path.insert(0, ROOT)
    from graphflow.formats.bundle_writer import merge_bundles, write_bundle
    from graphflow.formats.checkpoint_state import update_checkpoint_state
    from tests.formats.golden import bundle_rows

    def at(name):
        return os.path.join(directory, name)

    everything = bundle_rows("all_types") + bundle_rows("partitioned")
    write_bundle(at("once"), everything)
    for _ in range(2):
        write_bundle(at("twice"), everything)
    assert os.path.exists(at("twice.data-00001-of-00002"))
    for _ in range(2):
        # One slice of "part/rows" is in one part, the other in the other.
        parts = [at("tmp/part-0"), at("tmp/part-1")]
        write_bundle(parts[0], everything[::2])
        write_bundle(parts[1], everything[1::2])
        merge_bundles(parts, at("merged"))
    assert os.path.exists(at("merged.data-00002-of-00003"))
    update_checkpoint_state(directory, at("twice"), [at("once"), at("twice")])
    write_streams(at)


def write_streams(at):
    from graphflow.formats import proto
    from graphflow.formats.events import EventsWriter
    from graphflow.formats.histogram import encode_histogram
    from graphflow.formats.records import RecordWriter
    from graphflow.formats.tensor_proto import encode_tensor

    for kind in ("", "GZIP", "ZLIB"):
        with RecordWriter(at("records" + kind), kind) as records:
            for record in values.records():
                records.write(record)
    graph = proto.GraphDef()
    graph.versions.producer = 134
    for array, _, shape in values.tensors().values():
        node = graph.node.add(name=f"n{len(graph.node)}", op="Const")
        tensor = encode_tensor(array, shape=shape)
        node.attr["value"].tensor.CopyFrom(tensor)
        node.attr["dtype"].type = tensor.dtype
    with open(at("graph"), "wb") as file:
        file.write(graph.SerializeToString(deterministic=True))
    with EventsWriter(at("events")) as events:
        events.write(proto.Event(graph_def=graph.SerializeToString(deterministic=True)))
        for name, array in values.histograms().items():
            event = proto.Event(step=len(name))
            event.summary.value.add(tag=name, histo=encode_histogram(array))
            event.summary.value.add(tag=name + "/loss", simple_value=0.5)
            events.write(event)


# --- under TensorFlow ---


def check_all(directory):
    import tensorflow

    tf = getattr(tensorflow.compat, "v1", tensorflow)
    tf.disable_v2_behavior() if tensorflow.__version__[0] == "2" else None
    checks = [check_bundles, check_slices, check_state, check_records, check_events, check_graph]
    for check in checks:
        check(tf, lambda *names: os.path.join(directory, *names))
        print(tensorflow.__version__, check.__name__, "ok")


def equal(ours, theirs):
    import numpy as np

    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape, (ours.shape, theirs.shape)
    if theirs.dtype.names:
        theirs = theirs.view(theirs.dtype[0])
    assert ours.tolist() == theirs.astype(ours.dtype).tolist()


def check_bundles(tf, at):
    for bundle in BUNDLES:
        reader = tf.train.NewCheckpointReader(at(bundle))
        wanted = values.all_types()
        assert set(wanted) < set(reader.get_variable_to_shape_map())
        for name, array in wanted.items():
            if name.startswith("u\u00fc"):
                continue  # the reader of 1.15 takes ASCII names only
            equal(array, reader.get_tensor(name))


def check_slices(tf, at):
    w = values.ramp("float32", (13, 6))
    big = (values.np.arange(21000) % 251).astype("uint8").reshape(70, 300)
    wanted = [
        ("part/rows", "", w),
        ("part/cols", "13 6 2,7:1,3", w[2:9, 1:4]),
        ("part/whole", "13 6 0,5:0,6", w[:5]),
        ("part/big", "70 300 60,10:90,20", big[60:, 90:110]),
    ]
    with tf.Graph().as_default(), tf.Session() as sess:
        for bundle in BUNDLES:
            for name, spec, array in wanted:
                restore = tf.raw_ops.RestoreV2(
                    prefix=at(bundle),
                    tensor_names=[name],
                    shape_and_slices=[spec],
                    dtypes=[tf.as_dtype(array.dtype)],
                )
                equal(array, sess.run(restore)[0])


def check_state(tf, at):
    assert tf.train.latest_checkpoint(at()) == at("twice")
    state = tf.train.get_checkpoint_state(at())
    assert list(state.all_model_checkpoint_paths) == [at("once"), at("twice")]


def check_records(tf, at):
    for kind in ("", "GZIP", "ZLIB"):
        options = tf.io.TFRecordOptions(kind)
        read = list(tf.io.tf_record_iterator(at("records" + kind), options))
        assert read == values.records(), kind


def check_events(tf, at):
    (name,) = os.listdir(at("events"))
    version, graph, *rest = tf.train.summary_iterator(at("events", name))
    assert version.file_version == "brain.Event:2"
    with open(at("graph"), "rb") as file:
        assert graph.graph_def == file.read()
    arrays = values.histograms()
    assert [e.summary.value[0].tag for e in rest] == list(arrays)
    with tf.Graph().as_default(), tf.Session() as sess:
        for event, array in zip(rest, arrays.values()):  # noqa: B905 (Python 3.7)
            summary = sess.run(tf.summary.histogram("h", tf.constant(array)))
            theirs = tf.Summary.FromString(summary).value[0].histo
            assert event.summary.value[0].histo == theirs
            assert event.summary.value[1].simple_value == 0.5


def check_graph(tf, at):
    with open(at("graph"), "rb") as file:
        graph = tf.GraphDef.FromString(file.read())
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.import_graph_def(graph, name="")
        for node, (array, _, shape) in zip(graph.node, values.tensors().values()):  # noqa: B905
            if shape is None:
                equal(array, sess.run(node.name + ":0"))


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--inside":
        check_all(sys.argv[2])
    else:
        with tempfile.TemporaryDirectory() as made:
            write_all(made)
            oracle = os.environ["GRAPHFLOW_TF_PYTHON"]
            command = [oracle, "-W", "ignore", os.path.abspath(__file__), "--inside", made]
            environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3")
            sys.exit(subprocess.run(command, env=environment).returncode)
