"""`tf.distributions` makes the graphs and the numbers of TensorFlow 1.15.5.

TensorFlow's side is recorded in tests/golden/distributions (see record.py there).
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
from tests.nets import distribution_calls as calls
from tests.programs import compare

HERE = pathlib.Path(__file__).parents[1] / "golden" / "distributions"
PATH = HERE / "distributions_1_15_5.json.gz"
RECORDED: dict[str, Any] = json.loads(gzip.decompress(PATH.read_bytes()))["calls"]
every_call = pytest.mark.parametrize("name", list(calls.CALLS))


@functools.cache
def observed(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(calls.observed(tf, name)))
    return found


def test_every_call_is_recorded() -> None:
    assert RECORDED.keys() == calls.CALLS.keys()


@every_call
def test_nodes_are_those_of_tensorflow(name: str) -> None:
    differences = compare.node_differences(RECORDED[name]["nodes"], observed(name)["nodes"])
    assert not differences, "\n".join(differences)


@every_call
def test_texts_are_those_of_tensorflow(name: str) -> None:
    assert observed(name)["texts"] == RECORDED[name]["texts"]


@every_call
def test_static_shapes_and_types_are_those_of_tensorflow(name: str) -> None:
    assert observed(name)["shapes"] == RECORDED[name]["shapes"]


@every_call
def test_values_and_samples_are_those_of_tensorflow(name: str) -> None:
    got, want = observed(name)["values"], RECORDED[name]["values"]
    assert got.keys() == want.keys()
    for key, (shape, numbers) in want.items():
        assert got[key][0] == shape, key
        g, w = np.array(got[key][1], np.float64), np.array(numbers, np.float64)
        np.testing.assert_allclose(g, w, rtol=2e-5, atol=2e-6, err_msg=key)
