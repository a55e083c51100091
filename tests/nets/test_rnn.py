"""Recurrent networks have the graphs and the numbers of TensorFlow 1.15.5.

TensorFlow's side is recorded in tests/golden/rnn (see record.py there).
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
from tests.nets import rnn_calls as calls
from tests.nets import rnn_contrib_calls as contrib
from tests.programs import compare

PATH = pathlib.Path(__file__).parents[1] / "golden" / "rnn" / "rnn_1_15_5.json.gz"
RECORDING: dict[str, Any] = json.loads(gzip.decompress(PATH.read_bytes()))
RECORDED: dict[str, Any] = RECORDING["calls"]
CALLS = {**calls.CALLS, **contrib.CALLS}
every_call = pytest.mark.parametrize("name", list(CALLS))


@functools.cache
def observed(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(calls.observed(tf, CALLS[name])))
    return found


@functools.cache
def curve() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(calls.curve(tf)))
    return found


def close(got: Any, want: Any) -> None:
    assert [row[0] for row in got] == [row[0] for row in want]
    for g, w in zip(got, want, strict=True):
        np.testing.assert_allclose(g[1:], w[1:], rtol=1e-4, atol=1e-4 * max(1.0, w[2]))


def test_every_call_is_recorded() -> None:
    assert RECORDED.keys() == CALLS.keys()


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
def test_static_shapes_are_those_of_tensorflow(name: str) -> None:
    assert observed(name)["shapes"] == RECORDED[name]["shapes"]


@every_call
def test_results_are_those_of_tensorflow(name: str) -> None:
    close(observed(name)["results"], RECORDED[name]["results"])


@every_call
def test_gradients_are_those_of_tensorflow(name: str) -> None:
    close(observed(name)["gradients"], RECORDED[name]["gradients"])


@every_call
def test_first_values_of_variables_are_those_of_tensorflow(name: str) -> None:
    got, want = observed(name)["variables"], RECORDED[name]["variables"]
    assert got.keys() == want.keys()
    close([got[key] for key in want], list(want.values()))


def test_a_classifier_has_the_nodes_of_tensorflow() -> None:
    differences = compare.node_differences(RECORDING["curve"]["nodes"], curve()["nodes"])
    assert not differences, "\n".join(differences)


def test_a_classifier_learns_as_in_tensorflow() -> None:
    want = RECORDING["curve"]["losses"]
    assert not compare.curve_differences(want, curve()["losses"], 1e-4)
