"""Recurrent networks have the graphs and the numbers of TensorFlow 1.15.5.

TensorFlow's side is recorded in tests/golden/rnn (see record.py and record_seq2seq.py there).
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
from tests.nets import seq2seq_calls as seq2seq
from tests.programs import compare

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "rnn"
RECORDINGS: dict[str, dict[str, Any]] = {
    name: json.loads(gzip.decompress((GOLDEN / f"{name}_1_15_5.json.gz").read_bytes()))
    for name in ("rnn", "seq2seq")
}
RECORDED: dict[str, Any] = {**RECORDINGS["rnn"]["calls"], **RECORDINGS["seq2seq"]["calls"]}
CALLS = {**calls.CALLS, **contrib.CALLS, **seq2seq.CALLS}
CURVES = {"rnn": calls.curve, "seq2seq": seq2seq.curve}
every_call = pytest.mark.parametrize("name", list(CALLS))
every_curve = pytest.mark.parametrize("name", list(CURVES))


@functools.cache
def observed(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(calls.observed(tf, CALLS[name])))
    return found


@functools.cache
def curve(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(CURVES[name](tf)))
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


@every_curve
def test_a_trained_network_has_the_nodes_of_tensorflow(name: str) -> None:
    want = RECORDINGS[name]["curve"]["nodes"]
    differences = compare.node_differences(want, curve(name)["nodes"])
    assert not differences, "\n".join(differences)


@every_curve
def test_a_network_learns_as_in_tensorflow(name: str) -> None:
    want = RECORDINGS[name]["curve"]["losses"]
    assert not compare.curve_differences(want, curve(name)["losses"], 1e-4)
