"""SavedModels that TensorFlow 1.15.5 and 2.21 wrote load and compute; ours have the same parts."""

from __future__ import annotations

import gzip
import pathlib
import shutil

import pytest

import graphflow as tf
from graphflow.formats import saved_model as files
from tests.interop import saved_models

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "interop"
NAMES = ("saved_model_binary", "saved_model_text")
RECORDED = sorted((f.name, n) for f in GOLDEN.glob("tensorflow-*") for n in NAMES)
every_file = pytest.mark.parametrize(("version", "name"), RECORDED)


@pytest.fixture
def folder(tmp_path, version, name):
    """A SavedModel as TensorFlow wrote it, and beside it what it should compute."""
    recorded = GOLDEN / version / name
    shutil.copytree(recorded, tmp_path / name)
    want = gzip.decompress(recorded.with_suffix(".json.gz").read_bytes())
    (tmp_path / f"{name}.json").write_bytes(want)
    return str(tmp_path / name)


def test_both_versions_are_recorded():
    assert {version for version, _ in RECORDED} == {"tensorflow-1.15.5", "tensorflow-2.21.0"}


@every_file
def test_saved_model_of_tensorflow_computes_here_what_it_computed_there(folder):
    assert saved_models.differences(folder, tf) == []


@pytest.mark.parametrize("as_text", [False, True])
def test_what_we_write_has_the_parts_that_tensorflow_writes(tmp_path, as_text):
    name = NAMES[as_text]
    saved_models.write(tf, str(tmp_path / name), as_text)
    recorded = GOLDEN / "tensorflow-1.15.5" / name

    def contents(folder):
        paths = [p.relative_to(folder) for p in folder.rglob("*") if p.is_file()]
        return sorted(str(p) for p in paths if p.parent.name != "assets")

    assert contents(tmp_path / name) == contents(recorded)
    ours, theirs = map(files.parse_saved_model, (tmp_path / name, recorded))
    for our, their in zip(ours.meta_graphs, theirs.meta_graphs, strict=True):
        assert our.meta_info_def.tags == their.meta_info_def.tags
        assert our.signature_def == their.signature_def
        assert our.saver_def == their.saver_def
        ops = [[op.name for op in m.meta_info_def.stripped_op_list.op] for m in (our, their)]
        assert ops[0] == ops[1]
        assert _without_paths(our.graph_def) == _without_paths(their.graph_def)
        assert set(our.collection_def) == set(their.collection_def)
        for key in set(our.collection_def) - {files.ASSETS_KEY}:
            assert our.collection_def[key] == their.collection_def[key]


def _without_paths(graph_def):
    """The nodes by their names; two constants hold the paths of the writers."""
    paths = ("vocabulary", "save/StringJoin/inputs_1")
    return {n.name: n for n in graph_def.node if n.name not in paths}


@pytest.mark.parametrize("as_text", [False, True])
def test_what_we_write_we_read(tmp_path, as_text):
    folder = str(tmp_path / "m")
    saved_models.write(tf, folder, as_text)
    assert saved_models.differences(folder, tf) == []
