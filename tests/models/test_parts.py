"""The parts of `tf.keras` make the graphs, the numbers, names and errors of TensorFlow 1.15.5.

TensorFlow's side is recorded in tests/golden/models (see record_parts.py there).
"""

from __future__ import annotations

import functools
import gzip
import importlib
import json
import pathlib
from typing import Any

import numpy as np
import pytest

import graphflow as tf
from tests.models.observe import observed as observe
from tests.programs import compare

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "models"
FAMILIES = ("training", "layer", "metric", "recurrent", "host")
MODULES = {family: importlib.import_module(f"tests.models.{family}_calls") for family in FAMILIES}
CALLS = [(family, name) for family, module in MODULES.items() for name in module.CALLS]
every_call = pytest.mark.parametrize(("family", "name"), CALLS)
every_same_graph = pytest.mark.parametrize(
    ("family", "name"), [(f, n) for f, n in CALLS if n not in MODULES[f].ONLY_NUMBERS]
)


@functools.cache
def recorded(family: str) -> dict[str, Any]:
    path = GOLDEN / f"{family}_1_15_5.json.gz"
    found: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))["calls"]
    return found


@functools.cache
def observed(family: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(observe(tf, MODULES[family].CALLS[name])))
    return found


def close(got: Any, want: Any) -> None:
    assert [row[0] for row in got] == [row[0] for row in want]
    for g, w in zip(got, want, strict=True):
        np.testing.assert_allclose(g[1:], w[1:], rtol=1e-4, atol=1e-4 * max(1.0, w[2]))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_call_is_recorded(family: str) -> None:
    assert recorded(family).keys() == MODULES[family].CALLS.keys()


@every_same_graph
def test_nodes_are_those_of_tensorflow(family: str, name: str) -> None:
    want, got = recorded(family)[name], observed(family, name)
    differences = compare.node_differences(want["nodes"], got["nodes"])
    assert not differences, "\n".join(differences)


@every_call
def test_static_shapes_are_those_of_tensorflow(family: str, name: str) -> None:
    assert observed(family, name)["shapes"] == recorded(family)[name]["shapes"]


@every_call
def test_numbers_are_those_of_tensorflow(family: str, name: str) -> None:
    want, got = recorded(family)[name], observed(family, name)
    close(got["results"], want["results"])
    close(got["gradients"], want["gradients"])
    assert got["variables"].keys() == want["variables"].keys()
    close([got["variables"][n] for n in want["variables"]], list(want["variables"].values()))


@every_call
def test_names_and_errors_are_those_of_tensorflow(family: str, name: str) -> None:
    same_facts(observed(family, name)["facts"], recorded(family)[name]["facts"])


def same_facts(got: Any, want: Any) -> None:
    """Compares plain data; floats up to the last digits of float32."""
    assert type(got) is type(want), (got, want)
    if isinstance(want, dict):
        assert got.keys() == want.keys()
        for key in want:
            same_facts(got[key], want[key])
    elif isinstance(want, list):
        assert len(got) == len(want), (got, want)
        for g, w in zip(got, want, strict=True):
            same_facts(g, w)
    elif isinstance(want, float):
        assert got == pytest.approx(want, rel=1e-6)
    else:
        assert got == want
