"""The functions of tf.keras.backend give the numbers of TensorFlow 1.15.5.

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
from tests.models import backend_calls as backend

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "models" / "engine_1_15_5.json.gz"


@functools.cache
def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(GOLDEN.read_bytes()))
    return found


@pytest.fixture(autouse=True)
def _fresh() -> None:
    tf.keras.backend.clear_session()
    tf.set_random_seed(7)
    np.random.seed(7)  # noqa: NPY002  (the backend draws seeds from NumPy's global numbers)


@pytest.mark.parametrize("name", backend.ROWS)
def test_function_gives_tensorflow_s_numbers(name: str) -> None:
    dtype, want = recorded()["backend"][name]
    got_dtype, got = backend.observed(tf, name)
    assert got_dtype == dtype
    np.testing.assert_allclose(got, want, rtol=2e-5, atol=1e-6)


def test_every_row_is_recorded() -> None:
    assert recorded()["backend"].keys() == backend.ROWS.keys()


def test_function_runs_outputs_and_then_updates() -> None:
    got = backend.function(tf, tf.keras.backend)
    for value, want in zip(got, recorded()["function"], strict=True):
        np.testing.assert_allclose(value, want)


def test_backend_says_of_tensors_what_it_says_in_tensorflow() -> None:
    assert backend.known(tf, tf.keras.backend) == recorded()["known"]


def test_session_of_keras_is_the_default_one_if_there_is_one() -> None:
    k = tf.keras.backend
    with tf.Session() as session:
        assert k.get_session() is session
    own = k.get_session()
    assert own is k.get_session()
    k.clear_session()
    assert k.get_session() is not own


def test_settings_are_kept_until_they_are_set_again() -> None:
    k = tf.keras.backend
    k.set_floatx("float64")
    k.set_epsilon(1e-3)
    try:
        assert k.dtype(k.constant(1.0)) == "float64"
        assert k.epsilon() == 1e-3
        assert k.cast_to_floatx([1]).dtype == np.float64
    finally:
        k.set_floatx("float32")
        k.set_epsilon(1e-7)
