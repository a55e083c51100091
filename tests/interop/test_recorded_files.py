"""Checkpoints and graphs that TensorFlow 1.15.5 and 2.21 wrote load, compute and train on."""

from __future__ import annotations

import gzip
import json
import pathlib
import shutil

import pytest

import graphflow as tf
from tests.interop import files, models

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "interop"
RECORDED = sorted(
    (folder.name, name) for folder in GOLDEN.glob("tensorflow-*") for name in models.MODELS
)
every_file = pytest.mark.parametrize(("version", "name"), RECORDED)


@pytest.fixture
def prefix(tmp_path, version, name):
    """The files of one recording, as TensorFlow wrote them."""
    for path in (GOLDEN / version).glob(f"{name}.*"):
        if path.suffix == ".gz":
            (tmp_path / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
        else:
            shutil.copy(path, tmp_path)
    return str(tmp_path / name)


def results(prefix):
    return json.loads(pathlib.Path(prefix + ".json").read_text())


def test_both_versions_are_recorded():
    assert {version for version, _ in RECORDED} == {"tensorflow-1.15.5", "tensorflow-2.21.0"}


@every_file
def test_variables_are_restored_into_our_graph(prefix, name):
    assert models.differences(results(prefix), models.restore(tf, name, prefix)) == []


@every_file
def test_imported_graph_computes_and_trains_as_in_tensorflow(prefix, name):
    assert models.differences(results(prefix), models.read(tf, name, prefix)) == []


@every_file
def test_imported_nodes_are_exported_as_they_were(prefix, version, name):
    with tf.Graph().as_default() as graph:
        message = tf.MetaGraphDef.FromString(pathlib.Path(prefix + ".meta").read_bytes())
        tf.import_graph_def(message.graph_def, name="")
        ours = {node.name: node for node in graph.as_graph_def().node}
    theirs = {node.name: node for node in message.graph_def.node}
    assert ours.keys() == theirs.keys()
    for node_name, node in theirs.items():
        node.attr.pop("_output_shapes", None)
        if version == "tensorflow-1.15.5":
            assert ours[node_name].op == node.op
            assert sorted(ours[node_name].input) == sorted(node.input)
            assert set(ours[node_name].attr) == set(node.attr)


@pytest.mark.parametrize("version", sorted({version for version, _ in RECORDED}))
def test_files_of_every_kind_are_read_as_tensorflow_wrote_them(version):
    assert files.read(tf, str(GOLDEN / version / "files")) == []


def test_files_of_every_kind_that_we_write_we_read(tmp_path):
    files.write(tf, str(tmp_path / "files"))
    assert files.read(tf, str(tmp_path / "files")) == []


def test_what_we_write_we_read(tmp_path):
    for name in models.MODELS:
        prefix = str(tmp_path / name)
        want = models.write(tf, name, prefix)
        assert models.differences(want, models.restore(tf, name, prefix)) == []
        assert models.differences(want, models.read(tf, name, prefix)) == []
