"""Files, directories and records behave as TensorFlow 1.15.5's, recorded outcome by outcome."""

import contextlib
import importlib.util
import json
from pathlib import Path

import pytest

import graphflow as tf

HERE = Path(__file__).parent
RECORDED = json.loads((HERE.parent / "golden/platform/platform_1_15_5.json").read_text())
_spec = importlib.util.spec_from_file_location("scenarios", HERE / "scenarios.py")
scenarios = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scenarios)

NAMED = "DataLossError: r: "
"""Our messages about damaged records name the file."""


@pytest.mark.parametrize("name", scenarios.SCENARIOS)
def test_outcomes_are_tensorflows(name, tmp_path):
    with contextlib.chdir(tmp_path):
        found = scenarios.outcomes(tf, name)
    found = [[label, text.replace(NAMED, "DataLossError: ")] for label, text in found]
    wrong = [(f, e) for f, e in zip(found, RECORDED[name], strict=True) if f != e]
    assert not wrong
