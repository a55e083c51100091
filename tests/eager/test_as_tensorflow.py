"""What programs in eager execution show is what TensorFlow 1.15.5 was recorded showing."""

from __future__ import annotations

import gzip
import importlib
import json
import pathlib
import sys
import warnings

import pytest

import graphflow as tf
from graphflow.core.eager import eager_graph, eager_mode

HERE = pathlib.Path(__file__).parent
PATH = HERE.parent / "golden" / "eager" / "programs.json.gz"
RECORDED = json.loads(gzip.decompress(PATH.read_bytes()))["programs"]
DIFFERENT: dict[tuple[str, int], str] = {}
"""By (program, place): why what is shown is not the same."""

sys.path.insert(0, str(HERE))
try:
    programs = importlib.import_module("programs")
    noting = importlib.import_module("noting")
finally:
    sys.path.remove(str(HERE))


@pytest.mark.parametrize("program", programs.PROGRAMS, ids=lambda p: p.__name__)
def test_what_is_shown_is_as_in_tensorflow(program) -> None:
    eager_graph().forget()
    notes = noting.Notes()
    with eager_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program(tf, notes)
    recorded = RECORDED[program.__name__]
    assert len(notes.lines) == len(recorded)
    for i, (ours, theirs) in enumerate(zip(notes.lines, recorded, strict=True)):
        same = noting.agree(ours, theirs)
        known = (program.__name__, i) in DIFFERENT
        assert same is not known, f"{i}: {ours}\nTensorFlow: {theirs}"
