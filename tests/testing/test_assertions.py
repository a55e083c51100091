"""tf.test.TestCase accepts and refuses what TensorFlow 1.15.5's does."""

import importlib.util
import json
import re
from pathlib import Path

import graphflow as tf

HERE = Path(__file__).parent
RECORDED = json.loads((HERE.parent / "golden/platform/platform_1_15_5.json").read_text())
BETTER = ("assertAllInRange (5, 0, 3) []",)
"""Where TensorFlow's assertion itself fails."""
_spec = importlib.util.spec_from_file_location("assertions", HERE / "assertions.py")
assertions = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(assertions)


def normal(text):
    """A result without what depends on the version of NumPy, or on the package's name."""
    if text.startswith("TypeError"):
        return "TypeError"
    text = re.sub(r"np\.float32\((.*?)\)", r"\1", text)
    return re.sub(r"<class '[\w.]+\.(\w+)'>", r"<class '\1'>", text)


def test_assertions_are_tensorflows():
    found = [assertions.shown(call) for _, call in assertions.assertions(tf)]
    wrong = [
        (label, got, wanted)
        for got, (label, wanted) in zip(found, RECORDED["assertions"], strict=True)
        if label not in BETTER and normal(got) != normal(wanted)
    ]
    assert not wrong
