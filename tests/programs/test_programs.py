"""The same program under graphflow and under TensorFlow 1.15.5: same graph, same numbers.

TensorFlow's side is recorded in tests/golden/programs (see tests/golden/record_programs.py).
"""

from __future__ import annotations

import functools
import gzip
import json
import pathlib
from typing import Any, NamedTuple

import pytest

import graphflow as tf
from tests.programs import compare, record

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "programs"
CURVE = 1e-5  # relative; float32 sums in another order
LONG_CURVE = {
    "convolutional": 1e-3,  # twenty steps of Adam let roundings grow
    **dict.fromkeys(record.FIFTY_STEPS, 1e-4),
}


class Pair(NamedTuple):
    """What TensorFlow recorded and what graphflow did."""

    want: dict[str, Any]
    got: dict[str, Any]


@functools.cache
def recording(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(gzip.decompress((GOLDEN / f"{name}.json.gz").read_bytes()))
    return loaded


@functools.cache
def declared(name: str) -> Pair:
    graph, _ = record.build(tf, name)
    return Pair(recording(name), json.loads(json.dumps(record.structure(graph))))


@functools.cache
def trained(name: str) -> Pair:
    return Pair(recording(name), record.training(tf, *record.build(tf, name)))


def curve_limit(name: str) -> float:
    """Returns how far two losses of a program may be apart, relative to their size."""
    return LONG_CURVE.get(name, CURVE)


every_program = pytest.mark.parametrize("name", list(record.PROGRAMS))


@every_program
def test_forward_nodes_are_those_of_tensorflow(name: str) -> None:
    want, got = declared(name)
    differences = compare.node_differences(want["nodes"], got["nodes"])
    assert not differences, "\n".join(differences)


@every_program
def test_collections_hold_the_same_names(name: str) -> None:
    want, got = declared(name)
    differences = compare.collection_differences(want["collections"], got["collections"])
    assert not differences, "\n".join(differences)


@every_program
def test_variables_start_with_the_same_values(name: str) -> None:
    want, got = trained(name)
    before = want["variables_before"], got["variables_before"]
    differences = compare.value_differences(*before, relative=2e-6)
    assert not differences, "\n".join(differences)


@every_program
def test_loss_curve_is_that_of_tensorflow(name: str) -> None:
    want, got = trained(name)
    assert want["last_feeds"] == got["last_feeds"], "the two runs were fed different data"
    differences = compare.curve_differences(want["losses"], got["losses"], curve_limit(name))
    assert not differences, "\n".join(differences)


@every_program
def test_variables_end_with_the_same_values(name: str) -> None:
    want, got = trained(name)
    relative = 10 * curve_limit(name)
    after = want["variables_after"], got["variables_after"]
    differences = compare.value_differences(*after, relative=relative)
    assert not differences, "\n".join(differences)


@every_program
def test_merged_summary_has_the_same_tags(name: str) -> None:
    want, got = trained(name)
    assert got["summary_tags"] == want["summary_tags"]


@pytest.mark.parametrize("name", record.FIFTY_STEPS)
def test_restored_model_goes_on_as_under_tensorflow(name: str, tmp_path: pathlib.Path) -> None:
    graph, program = record.build(tf, name)
    got = record.resumed(tf, graph, program, str(tmp_path / "saved"))
    differences = compare.curve_differences(recording(name)["resumed"], got, curve_limit(name))
    assert not differences, "\n".join(differences)


@pytest.mark.parametrize("name", record.FIFTY_STEPS)
def test_measures_are_those_of_tensorflow(name: str) -> None:
    want, got = trained(name)
    assert got["metrics"].keys() == want["metrics"].keys()
    for measure, value in want["metrics"].items():
        assert got["metrics"][measure] == pytest.approx(value, rel=curve_limit(name)), measure
    if want["accuracy"] is not None:
        assert got["accuracy"] == pytest.approx(want["accuracy"], rel=curve_limit(name))


@pytest.mark.parametrize("name", ["softmax_walkthrough", "convolutional"])
def test_accuracy_is_that_of_tensorflow(name: str) -> None:
    want, got = trained(name)
    images = 1000 if name == "softmax_walkthrough" else 200
    assert got["accuracy"] == pytest.approx(want["accuracy"], abs=1.01 / images)
