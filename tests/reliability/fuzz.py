"""Damaged and hostile files: reading them ends with values or with a clear error, always."""

from __future__ import annotations

import pathlib
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

import graphflow as tf
from graphflow.core.errors import OpError
from graphflow.formats import events, proto
from graphflow.formats.bundle import BundleReader
from graphflow.formats.bundle_writer import write_bundle
from graphflow.formats.checkpoint_v1 import CheckpointV1Reader
from graphflow.formats.records import RecordWriter, read_records

ALLOWED = (OpError, DecodeError, ValueError, TypeError, KeyError)
"""What reading may raise: TensorFlow's errors, and what its import raises for a wrong graph."""

Read = Callable[[pathlib.Path], None]


def mutated(data: bytes, draw: random.Random) -> bytes:
    """A damaged copy: bits turned over, pieces cut out, repeated, or made extreme numbers."""
    found = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        at = draw.randrange(len(found) + 1)
        match draw.randrange(6):
            case 0 if at < len(found):
                found[at] ^= 1 << draw.randrange(8)
            case 1 if at < len(found):
                found[at] = draw.randrange(256)
            case 2:
                del found[at : at + draw.choice((1, 3, 8, 50))]
            case 3:
                found[at:at] = found[at : at + draw.choice((1, 4, 20))]
            case 4:
                found[at : at + 8] = draw.choice((b"\xff" * 8, b"\x7f" * 8, b"\x00" * 8))
            case _:
                del found[at:]
    return bytes(found)


def samples(folder: pathlib.Path) -> dict[str, tuple[pathlib.Path, Read]]:
    """A file of each kind, and how it is read: name -> (file, reader)."""
    folder.mkdir(exist_ok=True)
    write_bundle(folder / "m", [("a", np.arange(6.0), None), ("s", np.array([b"xy"]), None)])
    with RecordWriter(folder / "records") as writer:
        for text in (b"one", b"", b"three" * 20):
            writer.write(text)
    with events.EventsWriter(folder / "events") as log:
        log.write(proto.Event(step=3, summary={"value": [{"tag": "a", "simple_value": 2.0}]}))
    (folder / "graph").write_bytes(_graph())
    _version_1(folder / "v1")
    return {
        "index": (folder / "m.index", lambda _: _bundle(folder / "m")),
        "data": (folder / "m.data-00000-of-00001", lambda _: _bundle(folder / "m")),
        "version 1": (folder / "v1", lambda path: _read_all(CheckpointV1Reader(str(path)))),
        "graph": (folder / "graph", _import),
        "events": (next((folder / "events").iterdir()), lambda p: _exhaust(events.read_events(p))),
        "records": (folder / "records", lambda path: _exhaust(read_records(path))),
    }


def _graph() -> bytes:
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        w = tf.Variable(tf.ones([3, 2]), name="w")
        tf.cond(tf.reduce_sum(x) > 0, lambda: tf.matmul(x, w), lambda: tf.zeros([1, 2]))
        return graph.as_graph_def().SerializeToString()


def _version_1(path: pathlib.Path) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable("v", initializer=[1.0, 2.0])
        session.run(tf.global_variables_initializer())
        saver = tf.train.Saver(write_version=tf.train.SaverDef.V1)
        saver.save(session, str(path), write_meta_graph=False, write_state=False)


def _read_all(reader: Any) -> None:
    for name in reader.names():
        reader.read(name)
    reader.close()


def _bundle(prefix: pathlib.Path) -> None:
    with BundleReader(prefix) as reader:
        for name in reader.names():
            reader.read(name)


def _import(path: pathlib.Path) -> None:
    message = tf.GraphDef.FromString(path.read_bytes())
    with tf.Graph().as_default():
        tf.import_graph_def(message, name="")


def _exhaust(items: Any) -> None:
    for _ in items:
        pass


def outcomes(path: pathlib.Path, read: Read, trials: int, seed: int) -> Counter[str]:
    """Reads damaged copies of a file; returns how often what came of it."""
    draw = random.Random(seed)
    whole = path.read_bytes()
    seen: Counter[str] = Counter()
    try:
        for _ in range(trials):
            path.write_bytes(mutated(whole, draw))
            try:
                read(path)
                seen["read"] += 1
            except ALLOWED as e:
                seen[type(e).__name__] += 1
    finally:
        path.write_bytes(whole)
    return seen
