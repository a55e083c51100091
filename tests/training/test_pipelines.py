"""Input pipelines and monitored sessions: nodes, values, files and calls of TensorFlow 1.15.5."""

from __future__ import annotations

import functools
import gzip
import json
import pathlib
from typing import Any

import pytest

import graphflow as tf
from tests.training import monitoring, pipelines

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "training" / "pipelines.json.gz"


@functools.cache
def recording() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(gzip.decompress(GOLDEN.read_bytes()))
    return loaded


def plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("name", pipelines.declared(tf))
def test_pipeline_declares_the_nodes_of_tensorflow(name: str) -> None:
    assert plain(pipelines.declare(tf, name)) == recording()["declared"][name]


@pytest.mark.parametrize("name", pipelines.running(tf, ""))
def test_pipeline_gives_what_tensorflow_gives(name: str, tmp_path: pathlib.Path) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("header\none\ntwo\nthree\nfour\n")
    assert plain(pipelines.run(tf, name, str(lines))) == recording()["running"][name]


@pytest.mark.parametrize("name", monitoring.CASES)
def test_monitored_training_goes_as_in_tensorflow(name: str, tmp_path: pathlib.Path) -> None:
    found = plain(monitoring.run(tf, name, str(tmp_path)))
    assert found == recording()["monitoring"][name]
