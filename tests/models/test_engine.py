"""Models of `tf.keras` train, print and describe themselves as with TensorFlow 1.15.5.

TensorFlow's side is recorded in tests/golden/models (see record_engine.py there).
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
from tests.models import engine_programs as programs

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "models" / "engine_1_15_5.json.gz"
ORDER_IS_CHANCE = ("VarIsInitializedOp",)
"""Operations that TensorFlow makes in the order of a weak set."""


@functools.cache
def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(GOLDEN.read_bytes()))
    return found


@pytest.fixture(autouse=True)
def _fresh() -> None:
    tf.keras.backend.clear_session()
    tf.set_random_seed(7)
    np.random.seed(7)  # noqa: NPY002  (Keras shuffles with NumPy's global numbers)


def close(got: Any, want: Any, where: str) -> None:
    """Fails unless two structures are equal, with floats nearly so."""
    if isinstance(want, dict):
        assert got.keys() == want.keys(), where
        for key in want:
            close(got[key], want[key], f"{where}/{key}")
    elif isinstance(want, list) and want and isinstance(want[0], float):
        np.testing.assert_allclose(got, want, rtol=2e-3, atol=2e-4, err_msg=where)
    elif isinstance(want, list):
        assert len(got) == len(want), where
        for i, (g, w) in enumerate(zip(got, want, strict=True)):
            close(g, w, f"{where}[{i}]")
    elif isinstance(want, float):
        np.testing.assert_allclose(got, want, rtol=2e-3, atol=2e-4, err_msg=where)
    elif isinstance(want, str) and want.startswith("{"):
        close(json.loads(got), json.loads(want), where)
    else:
        assert got == want, where


def kept(nodes: Any) -> Any:
    return sorted(node for node in nodes if node[0] not in ORDER_IS_CHANCE)


@pytest.mark.parametrize("name", programs.PROGRAMS)
def test_program_sees_what_it_sees_with_tensorflow(name: str) -> None:
    got = json.loads(json.dumps(programs.PROGRAMS[name](tf)))
    want = dict(recorded()["programs"][name])
    assert got.keys() == want.keys()
    if "nodes" in want:
        assert kept(got.pop("nodes")) == kept(want.pop("nodes"))
    close(got, want, name)


@pytest.mark.parametrize("name", programs.MISTAKES)
def test_mistake_raises_tensorflow_s_error(name: str) -> None:
    assert programs.mistake(tf, name) == recorded()["mistakes"][name]


def test_every_program_is_recorded() -> None:
    assert recorded()["programs"].keys() == programs.PROGRAMS.keys()
    assert recorded()["mistakes"].keys() == programs.MISTAKES.keys()
