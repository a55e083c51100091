"""Estimators do what TensorFlow 1.15.5 was recorded doing: numbers, names, files, log lines."""

from __future__ import annotations

import gzip
import importlib
import json
import pathlib
import sys
from typing import Any

import numpy as np
import pytest

import graphflow as tf

HERE = pathlib.Path(__file__).parent
GOLDEN = HERE.parent / "golden" / "estimators"
MODULES = (
    "estimator_runs",
    "estimator_heads",
    "estimator_loops",
    "estimator_mistakes",
    "estimator_frames",
    "canned_runs",
    "tpu_runs",
)
DIFFERENT = {"head_mistakes/23": "the message names the class of a head, which has another name"}
"""Parts of scenarios that are different on purpose, and why."""


def load(name: str) -> Any:
    """A module that imports its neighbours by their plain names, as Python 3.7 has it do."""
    sys.path.insert(0, str(HERE))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(HERE))


def recorded(name: str) -> dict[str, Any]:
    """What TensorFlow did in the scenarios of a module."""
    path = GOLDEN / f"{name}.json.gz"
    found: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))["scenarios"]
    return found


SCENARIOS = [(m, name) for m in MODULES for name in load(m).SCENARIOS]


def differences(ours: Any, theirs: Any, where: str = "") -> list[str]:
    """Each place where two findings differ; numbers may differ by a rounding."""
    if where in DIFFERENT:
        return []
    if isinstance(theirs, dict) and isinstance(ours, dict):
        found = [f"{where}: {k!r} is in one only" for k in ours.keys() ^ theirs.keys()]
        for key in ours.keys() & theirs.keys():
            found += differences(ours[key], theirs[key], f"{where}/{key}")
        return found
    if isinstance(theirs, list) and isinstance(ours, list):
        if len(ours) != len(theirs):
            mine, other = map(json.dumps, (ours, theirs))
            only = [x for x in ours if x not in theirs], [x for x in theirs if x not in ours]
            return [f"{where}: {len(mine)} {len(other)}\n  ours   {only[0]}\n  theirs {only[1]}"]
        return [
            text
            for i, (a, b) in enumerate(zip(ours, theirs, strict=True))
            for text in differences(a, b, f"{where}/{i}")
        ]
    if isinstance(theirs, str) and isinstance(ours, str):
        return [] if same_text(ours, theirs) else [f"{where}\n  ours   {ours}\n  theirs {theirs}"]
    if isinstance(theirs, float) and isinstance(ours, float | int):
        same = np.isclose(ours, theirs, rtol=2e-5, atol=1e-6, equal_nan=True)
        return [] if same else [f"{where}: {ours} and {theirs}"]
    return [] if ours == theirs else [f"{where}: {ours!r} and {theirs!r}"]


def same_text(ours: str, theirs: str) -> bool:
    """Whether two texts are the same, but for the last digits of numbers in them."""
    mine, other = ours.split(), theirs.split()
    if len(mine) != len(other):
        return False
    return all(a == b or _same_number(a, b) for a, b in zip(mine, other, strict=True))


def _same_number(a: str, b: str) -> bool:
    try:
        return bool(np.isclose(float(a.rstrip(".,])}")), float(b.rstrip(".,])}")), rtol=2e-5))
    except ValueError:
        return False


@pytest.mark.parametrize(("module", "name"), SCENARIOS)
def test_scenario_comes_out_as_in_tensorflow(module: str, name: str, tmp_path: Any) -> None:
    if module == "estimator_frames":
        pytest.importorskip("pandas")
    with tf.Graph().as_default():
        found = load(module).SCENARIOS[name](tf, str(tmp_path))
    found = json.loads(json.dumps(found))
    wrong = differences(found, recorded(module)[name], name)
    assert not wrong, "\n".join(wrong)
