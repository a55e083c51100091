"""`tf.metrics` makes the graphs and the numbers of TensorFlow 1.15.5.

TensorFlow's side is recorded in tests/golden/metrics (see record.py there).
"""

from __future__ import annotations

import functools
import gzip
import json
import pathlib
from typing import Any

import numpy as np
import pytest

import graphflow as tf
from tests.nets import metric_calls as calls
from tests.programs import compare

PATH = pathlib.Path(__file__).parents[1] / "golden" / "metrics" / "metrics_1_15_5.json.gz"
RECORDED: dict[str, Any] = json.loads(gzip.decompress(PATH.read_bytes()))["calls"]
every_call = pytest.mark.parametrize("name", list(calls.CALLS))


@functools.cache
def observed(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(calls.observed(tf, name)))
    return found


def close(got: Any, want: Any) -> None:
    assert got[0] == want[0]
    g, w = np.array(got[1], np.float64), np.array(want[1], np.float64)
    np.testing.assert_allclose(g, w, rtol=2e-6, atol=1e-7)


def test_every_call_is_recorded() -> None:
    assert RECORDED.keys() == calls.CALLS.keys()


@every_call
def test_nodes_are_those_of_tensorflow(name: str) -> None:
    differences = compare.node_differences(RECORDED[name]["nodes"], observed(name)["nodes"])
    assert not differences, "\n".join(differences)


@every_call
def test_collections_hold_the_same_names(name: str) -> None:
    want, got = RECORDED[name]["collections"], observed(name)["collections"]
    differences = compare.collection_differences(want, got)
    assert not differences, "\n".join(differences)


@every_call
def test_static_shapes_and_types_are_those_of_tensorflow(name: str) -> None:
    for what in ("shapes", "kinds"):
        assert observed(name)[what] == RECORDED[name][what]


@every_call
def test_values_after_each_batch_are_those_of_tensorflow(name: str) -> None:
    got, want = observed(name)["rows"], RECORDED[name]["rows"]
    for g, w in zip(got, want, strict=True):
        close(g, w)


@every_call
def test_variables_at_the_end_are_those_of_tensorflow(name: str) -> None:
    got, want = observed(name)["variables"], RECORDED[name]["variables"]
    assert [row[0] for row in got] == [row[0] for row in want]
    for g, w in zip(got, want, strict=True):
        close(g[1], w[1])
