"""Sessions, loops, savers, summaries and graph files do what TensorFlow 1.15.5 was recorded doing.

Errors must be of the same class; what they say is compared in tests/errors.
"""

from __future__ import annotations

import gzip
import importlib
import json
import logging
import pathlib
import sys
from typing import Any

import pytest

import graphflow as tf

HERE = pathlib.Path(__file__).parent
PATH = HERE.parent / "golden" / "sessions" / "sessions.json.gz"
RECORDED = json.loads(gzip.decompress(PATH.read_bytes()))["scenarios"]
DIFFERENT = {
    ("options", "callable, nothing"): "too few values for a callable are counted at once",
    ("options", "callable, bad feed"): "what cannot be fed is refused at once",
    ("partial", "wrong feed"): "TensorFlow's message stumbles over Python 3",
    ("partial", "handle None"): "TensorFlow says that the run was cancelled",
    ("saving", "restore missing folder"): "one error for all checkpoints that are not there",
    ("reading", "debug"): "TensorFlow shows its keys for the parts of a tensor",
    ("reading", "newer state"): "a field that is not known is passed over",
}
"""Rows that are different on purpose, and why."""


def load(name: str) -> Any:
    """A module that imports its neighbours by their plain names, as Python 3.7 has it do."""
    sys.path.insert(0, str(HERE))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(HERE))


SHOWN = load("shown")
SCENARIOS = {name: scenario for m in SHOWN.MODULES for name, scenario in load(m).SCENARIOS.items()}


def error(text: str) -> str:
    """The class of an error, or nothing."""
    return text.partition(":")[0] if text.startswith("!") else ""


@pytest.fixture(autouse=True)
def logged() -> Any:
    """tf.logging as a program finds it."""
    logger = logging.getLogger("tensorflow")
    before = logger.level
    tf.logging.set_verbosity(tf.logging.ERROR)
    yield
    logger.setLevel(before)


@pytest.mark.filterwarnings("ignore")  # programs that use what is closed get told so
@pytest.mark.parametrize("name", list(SCENARIOS))
def test_rows_come_out_as_in_tensorflow(name: str) -> None:
    found = SHOWN.outcomes(tf, SCENARIOS[name])
    want = RECORDED[name]
    assert [label for label, _ in found] == [label for label, _ in want]
    wrong = [
        (label, text, expected)
        for (label, text), (_, expected) in zip(found, want, strict=True)
        if (name, label) not in DIFFERENT
        and (text != expected if not error(expected) else error(text) != error(expected))
    ]
    assert not wrong, "\n".join(f"{label}\n  ours   {a}\n  theirs {b}" for label, a, b in wrong)


def test_every_difference_is_a_row_that_is_still_different() -> None:
    rows = {(name, label) for name, found in RECORDED.items() for label, _ in found}
    assert set(DIFFERENT) <= rows
