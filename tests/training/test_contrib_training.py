"""Training with `tf.contrib` gives the graphs, losses and errors of TensorFlow 1.15.5."""

from __future__ import annotations

import gzip
import json
import pathlib

import numpy as np
import pytest

import graphflow as tf
from tests.training import contrib_scenarios

PATH = pathlib.Path(__file__).parents[1] / "golden" / "training" / "contrib.json.gz"
RECORDED = json.loads(gzip.decompress(PATH.read_bytes()))["scenarios"]


def close(got, want, where=""):
    if isinstance(want, dict):
        assert got.keys() == want.keys()
        for key in want:
            close(got[key], want[key], f"{where}.{key}")
    elif where.endswith(".nodes"):
        got, want = (set(map(tuple, nodes)) for nodes in (got, want))
        assert (sorted(got - want), sorted(want - got)) == ([], [])
    elif isinstance(want[0] if isinstance(want, list) and want else want, float):
        np.testing.assert_allclose(got, want, rtol=2e-5, err_msg=where)
    else:
        assert got == want, where


# TensorFlow's Supervisor closes its writer twice as well, and says so.
@pytest.mark.filterwarnings("ignore:Attempting to use a closed FileWriter:UserWarning")
@pytest.mark.parametrize("name", list(contrib_scenarios.SCENARIOS))
def test_scenario_is_as_in_tensorflow(name, tmp_path):
    found = contrib_scenarios.observed(tf, name, str(tmp_path))
    close(json.loads(json.dumps(found)), RECORDED[name])
