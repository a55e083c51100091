"""`tf.contrib` makes the graphs and the numbers of TensorFlow 1.15.5.

TensorFlow's side is recorded in tests/golden/layers (see record_contrib.py there).
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
from tests.nets import contrib_calls as calls
from tests.programs import compare

PATH = pathlib.Path(__file__).parents[1] / "golden" / "layers" / "contrib_1_15_5.json.gz"
RECORDED: dict[str, Any] = json.loads(gzip.decompress(PATH.read_bytes()))["calls"]
every_call = pytest.mark.parametrize("name", list(calls.CALLS))
every_same_graph = pytest.mark.parametrize(
    "name", [name for name in calls.CALLS if name not in calls.ONLY_NUMBERS]
)


@functools.cache
def observed(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(calls.observed(tf, name)))
    return found


def close(got: Any, want: Any) -> None:
    assert [row[0] for row in got] == [row[0] for row in want]
    for g, w in zip(got, want, strict=True):
        np.testing.assert_allclose(g[1:], w[1:], rtol=1e-4, atol=1e-4 * max(1.0, w[2]))


def test_every_call_is_recorded() -> None:
    assert RECORDED.keys() == calls.CALLS.keys()


@every_same_graph
def test_nodes_are_those_of_tensorflow(name: str) -> None:
    differences = compare.node_differences(RECORDED[name]["nodes"], observed(name)["nodes"])
    assert not differences, "\n".join(differences)


@every_same_graph
def test_collections_hold_the_same_names(name: str) -> None:
    want, got = RECORDED[name]["collections"], observed(name)["collections"]
    differences = compare.collection_differences(want, got)
    assert not differences, "\n".join(differences)


@every_call
def test_static_shapes_are_those_of_tensorflow(name: str) -> None:
    assert observed(name)["shapes"] == RECORDED[name]["shapes"]


@every_call
def test_results_are_those_of_tensorflow(name: str) -> None:
    close(observed(name)["results"], RECORDED[name]["results"])


@every_call
def test_gradients_are_those_of_tensorflow(name: str) -> None:
    close(observed(name)["gradients"], RECORDED[name]["gradients"])


@every_call
def test_variables_after_the_updates_are_those_of_tensorflow(name: str) -> None:
    got, want = observed(name)["variables"], RECORDED[name]["variables"]
    assert got.keys() == want.keys()
    close([got[key] for key in want], list(want.values()))
