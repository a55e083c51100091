"""SparseTensors and CTC behave as in TensorFlow 1.15.5 beyond single operations.

TensorFlow's side is recorded in tests/golden/sparse (see record.py there).
"""

from __future__ import annotations

import gzip
import json
import pathlib
from typing import Any

import pytest

import graphflow as tf
from tests.core import sparse_calls

PATH = pathlib.Path(__file__).parents[1] / "golden" / "sparse" / "sparse_1_15_5.json.gz"
RECORDED: dict[str, Any] = json.loads(gzip.decompress(PATH.read_bytes()))["calls"]


def assert_alike(ours: Any, theirs: Any, where: str) -> None:
    """Numbers are compared with a tolerance, everything else exactly."""
    if isinstance(theirs, dict):
        assert ours.keys() == theirs.keys(), where
        for key in theirs:
            assert_alike(ours[key], theirs[key], f"{where}.{key}")
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs), where
        for i, (x, y) in enumerate(zip(ours, theirs, strict=True)):
            assert_alike(x, y, f"{where}[{i}]")
    elif isinstance(theirs, float):
        assert ours == pytest.approx(theirs, rel=2e-4, abs=1e-5), where
    else:
        assert ours == theirs, where


def test_every_call_is_recorded() -> None:
    assert RECORDED.keys() == sparse_calls.CALLS.keys()


@pytest.mark.parametrize("name", list(sparse_calls.CALLS))
def test_call_does_what_it_does_in_tensorflow(name: str) -> None:
    ours = json.loads(json.dumps(sparse_calls.CALLS[name](tf)))
    assert_alike(ours, RECORDED[name], name)
