"""Event files: what TensorFlow wrote reads, and what we write has its form."""

import socket

import numpy as np
import pytest

from graphflow.core.errors import DataLossError
from graphflow.formats import proto
from graphflow.formats.events import EventsWriter, read_events
from graphflow.formats.records import RecordWriter, read_records
from tests.formats.golden import DIRECTORY, FACTS


def test_recorded_events_read():
    first, graph, meta, *rest = read_events(DIRECTORY / "events.tfevents")
    assert first.file_version == "brain.Event:2"
    assert [n.name for n in proto.GraphDef.FromString(graph.graph_def).node] == ["a", "b/y", "b"]
    assert proto.MetaGraphDef.FromString(meta.meta_graph_def).meta_info_def.tensorflow_version
    losses = [e.summary.value[0].simple_value for e in rest[:3]]
    assert losses == [0, 0.25, 0.5]
    assert rest[-1].session_log.status == proto.SessionLog.START
    histograms = [e.summary.value[0].histo for e in rest[3:-1]]
    assert {h.SerializeToString().hex() for h in histograms} == set(FACTS["histograms"].values())


def test_recorded_events_are_written_byte_for_byte(tmp_path):
    with RecordWriter(tmp_path / "again") as writer:
        for event in read_events(DIRECTORY / "events.tfevents"):
            writer.write(event.SerializeToString(deterministic=True))
    recorded = (DIRECTORY / "events.tfevents").read_bytes()
    assert (tmp_path / "again").read_bytes() == recorded


def test_a_writer_names_its_file_and_its_version(tmp_path):
    with EventsWriter(tmp_path / "deep" / "down", ".v") as writer:
        (version,) = read_events(writer.path)
        assert version.file_version == "brain.Event:2"
        assert version.wall_time > 1e9
        assert writer.path.name.startswith("events.out.tfevents.")
        assert writer.path.name.endswith(f".{socket.gethostname()}.v")
        event = proto.Event(step=3)
        event.summary.value.add(tag="x", simple_value=np.float32(0.5))
        writer.write(event)
        writer.flush()
        assert list(read_events(writer.path)) == [version, event]


def test_two_writers_of_one_second_have_a_file_each(tmp_path):
    with EventsWriter(tmp_path) as a, EventsWriter(tmp_path) as b:
        assert a.path != b.path
    assert len(list(tmp_path.iterdir())) == 2


def test_a_cut_file_yields_what_is_whole(tmp_path):
    data = (DIRECTORY / "events.tfevents").read_bytes()
    (tmp_path / "cut").write_bytes(data[:-3])
    count = len(list(read_records(DIRECTORY / "events.tfevents")))
    events = read_events(tmp_path / "cut")
    assert len([next(events) for _ in range(count - 1)]) == count - 1
    with pytest.raises(DataLossError, match="truncated record"):
        next(events)


def test_a_record_that_is_no_event_is_data_loss(tmp_path):
    with RecordWriter(tmp_path / "r") as writer:
        writer.write(b"\xff\xff")
    with pytest.raises(DataLossError, match="not an Event"):
        list(read_events(tmp_path / "r"))
