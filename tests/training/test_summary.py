"""Summaries: their bytes are those of TensorFlow 1.15.5, and event files hold them."""

from __future__ import annotations

import gzip
import json
import os
import pathlib
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest

import graphflow as tf
from tests.interop import summaries

RECORDED = json.loads(
    gzip.decompress(
        (pathlib.Path(__file__).parents[1] / "golden/interop/summaries.json.gz").read_bytes()
    )
)


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


def evaluated(*tensors):
    with tf.Session() as sess:
        return sess.run(list(tensors))


# --- messages ---
def pixels(png):
    """The pixels of a PNG file without filters, as our encoder writes it."""
    width, height, _, kind = struct.unpack(">IIBB", png[16:26])
    at = png.index(b"IDAT") + 4
    size = struct.unpack(">I", png[at - 8 : at - 4])[0]
    channels = {0: 1, 4: 2, 2: 3, 6: 4}[kind]
    rows = np.frombuffer(zlib.decompress(png[at : at + size]), np.uint8).reshape(height, -1)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, channels).tolist()


def test_messages_are_those_of_tensorflow():
    made = summaries.build(tf)
    values = evaluated(*made.values())
    assert summaries.nodes(tf) == [
        node for node in RECORDED["nodes"] if not node[0].startswith("Decode")
    ]
    for name, data in zip(made, values, strict=True):
        want = tf.Summary.FromString(bytes.fromhex(RECORDED[name]["bytes"]))
        got = tf.Summary.FromString(data)
        images = [v.image for v in got.value if v.HasField("image")]
        found = [pixels(image.encoded_image_string) for image in images]
        assert found == RECORDED[name]["images"], name
        for message in (want, got):
            for value in message.value:
                if value.HasField("image"):
                    value.image.ClearField("encoded_image_string")
        assert got == want, name
        if not images:
            assert data.hex() == RECORDED[name]["bytes"], name


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: tf.summary.scalar("a", tf.constant([1.0, 2.0])), "not the same shape: [] != [2]"),
        (lambda: tf.summary.histogram("a", [np.nan]), "Nan in summary histogram for: a"),
        (lambda: tf.summary.histogram("a", [np.inf]), "Infinity in summary histogram for: a"),
        (lambda: tf.summary.image("a", tf.zeros([2, 2])), "Tensor must be 4-D with last dim"),
        (lambda: tf.summary.audio("a", tf.zeros([2]), 8.0), "Tensor must be 3-D or 2-D"),
        (lambda: tf.summary.merge([tf.summary.scalar("a", 1.0)] * 2), "Duplicate tag a found"),
        (lambda: tf.summary.merge([tf.constant(b"\xff")]), "Could not parse one of the summary"),
    ],
)
def test_values_that_cannot_be_summarized_are_named(make, says):
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        evaluated(make())
    assert says in str(caught.value)


def test_merge_all_takes_the_collection():
    assert tf.summary.merge_all() is None
    a = tf.summary.scalar("a", 1.0)
    b = tf.summary.scalar("b", 2.0, collections=["mine"])
    assert tf.get_collection(tf.GraphKeys.SUMMARIES) == [a]
    merged = tf.summary.merge_all()
    assert (merged.op.name, list(merged.op.inputs)) == ("Merge/MergeSummary", [a])
    assert list(tf.summary.merge_all("mine").op.inputs) == [b]


def test_text_must_be_text():
    with pytest.raises(ValueError, match="to have dtype string"):
        tf.summary.text("t", tf.constant(1.0))


# --- event files ---
def events(folder):
    """The events of all files in a folder, in the order of the files' names."""
    names = sorted(os.listdir(folder))
    return [e for n in names for e in tf.train.summary_iterator(os.path.join(folder, n))]


def test_writer_puts_graph_and_summaries_into_one_file(tmp_path, graph):
    total = tf.summary.scalar("loss", tf.constant(0.5))
    with tf.summary.FileWriter(tmp_path, graph, filename_suffix=".x") as writer:
        assert writer.get_logdir() == str(tmp_path)
        writer.add_summary(evaluated(total)[0], global_step=3)
        writer.add_session_log(tf.SessionLog(status=tf.SessionLog.START), 4)
        writer.add_run_metadata(tf.RunMetadata(), "first run", 5)
        with pytest.raises(ValueError, match="tag was already used"):
            writer.add_run_metadata(tf.RunMetadata(), "first run")
    [name] = os.listdir(tmp_path)
    assert name.startswith("events.out.tfevents.")
    assert name.endswith(".x")
    version, nodes, meta, summary, log, run = events(tmp_path)
    assert version.file_version == "brain.Event:2"
    assert "_output_shapes" in tf.GraphDef.FromString(nodes.graph_def).node[0].attr
    assert tf.MetaGraphDef.FromString(meta.meta_graph_def).graph_def.node
    assert (summary.step, summary.summary.value[0].simple_value) == (3, 0.5)
    assert log.session_log.status == tf.SessionLog.START
    assert run.tagged_run_metadata.tag == "first run"


def test_what_was_flushed_can_be_read_while_the_writer_is_open(tmp_path):
    writer = tf.summary.FileWriter(str(tmp_path))
    for step in range(3):
        writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag="a", simple_value=step)]), step)
    writer.flush()
    assert [e.step for e in events(tmp_path)[1:]] == [0, 1, 2]
    writer.close()


def test_metadata_is_written_once_for_each_tag(tmp_path):
    value = tf.Summary.Value(tag="a", metadata=tf.SummaryMetadata(display_name="A"))
    with tf.summary.FileWriter(str(tmp_path)) as writer:
        for _ in range(2):
            writer.add_summary(tf.Summary(value=[value]))
    _, first, second = events(tmp_path)
    assert first.summary.value[0].metadata.display_name == "A"
    assert not second.summary.value[0].HasField("metadata")


def test_closed_writer_warns_and_can_be_reopened(tmp_path):
    writer = tf.summary.FileWriter(str(tmp_path))
    writer.close()
    writer.close()
    with pytest.warns(UserWarning, match="closed FileWriter"):
        writer.add_summary(b"")
    writer.reopen()
    writer.add_event(tf.Event(step=9))
    writer.close()
    assert len(os.listdir(tmp_path)) == 2
    assert events(tmp_path)[-1].step == 9


def test_wrong_things_are_refused(tmp_path, graph):
    with tf.summary.FileWriter(str(tmp_path)) as writer:
        with pytest.raises(AttributeError, match="'int' object has no attribute 'value'"):
            writer.add_summary(3)
        with pytest.raises(TypeError, match="must be an instance of `Graph`"):
            writer.add_graph(3)
        with pytest.raises(ValueError, match="not both"):
            writer.add_graph(graph, graph_def=graph.as_graph_def())
        with pytest.raises(TypeError, match="must be type MetaGraphDef"):
            writer.add_meta_graph(3)


def test_cache_has_one_writer_for_a_directory(tmp_path):
    tf.no_op()
    writer = tf.summary.FileWriterCache.get(str(tmp_path))
    assert tf.summary.FileWriterCache.get(str(tmp_path)) is writer
    tf.summary.FileWriterCache.clear()
    assert len(events(tmp_path)) == 3


def test_tensorboard_reads_scalars_and_the_graph(tmp_path):
    loss = tf.placeholder(tf.float32, [], name="loss")
    tf.summary.scalar("loss_curve", loss)
    merged = tf.summary.merge_all()
    with tf.Session() as sess, tf.summary.FileWriter(str(tmp_path), sess.graph) as writer:
        for step in range(3):
            writer.add_summary(sess.run(merged, {loss: 1.0 / (step + 1)}), step)
    code = (
        "import sys\n"
        "from tensorboard.backend.event_processing import event_accumulator as ea\n"
        "e = ea.EventAccumulator(sys.argv[1])\n"
        "e.Reload()\n"
        "print([(s.step, round(s.value, 3)) for s in e.Scalars('loss_curve')])\n"
        "print(sorted(n.name for n in e.Graph().node if n.op == 'Placeholder'))\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[(0, 1.0), (1, 0.5), (2, 0.333)]", "['loss']"]
