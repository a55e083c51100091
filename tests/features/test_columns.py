"""Feature columns give TensorFlow 1.15.5's nodes, variables, values, members and errors."""

from __future__ import annotations

import functools
import gzip
import json
import pathlib
import tempfile
from typing import Any

import numpy as np
import pytest

import graphflow as tf
from graphflow.features import (
    categorical,
    combined,
    dense_features,
    embedding,
    indicator,
    numeric,
    serialization,
    shared_embedding,
)
from tests.features import columns

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "features" / "columns.json.gz"


@functools.cache
def recording() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(gzip.decompress(GOLDEN.read_bytes()))
    return loaded


@functools.cache
def vocabulary() -> str:
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "colors.txt").write_text(columns.VOCABULARY)
    return str(folder / "colors.txt")


def names_of(make: Any) -> list[str]:
    with tf.Graph().as_default():
        return list(make(tf, vocabulary()))


def check(found: Any, wanted: dict[str, Any]) -> None:
    """Compares all but numbers exactly, and numbers to the fifth place."""
    plain = json.loads(json.dumps(found))
    assert set(plain) == set(wanted)
    for key in plain:
        if key in ("value", "slopes"):
            _check_numbers(plain[key], wanted[key])
        else:
            assert plain[key] == wanted[key], key


def _check_numbers(found: Any, wanted: Any) -> None:
    if found and isinstance(found, list) and isinstance(found[0], list):
        assert len(found) == len(wanted)
        for a, b in zip(found, wanted, strict=True):
            _check_numbers(a, b)
    else:
        np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", names_of(columns.dense))
def test_input_layer_declares_and_gives_what_tensorflow_does(name: str) -> None:
    check(columns.input_layer(tf, name, vocabulary()), recording()["dense"][name])


@pytest.mark.filterwarnings("ignore:Converting sparse IndexedSlices to a dense Tensor")
@pytest.mark.parametrize("name", names_of(columns.linear))
def test_linear_model_declares_and_gives_what_tensorflow_does(name: str) -> None:
    check(columns.linear_model(tf, name, vocabulary()), recording()["linear"][name])


@pytest.mark.parametrize("name", names_of(columns.sequence))
def test_sequence_input_layer_declares_and_gives_what_tensorflow_does(name: str) -> None:
    check(columns.sequence_layer(tf, name, vocabulary()), recording()["sequence"][name])


class Inside:
    """Where TensorFlow has the layers of the new family, in one place."""

    DenseFeatures = dense_features.DenseFeatures
    SequenceFeatures = dense_features.SequenceFeatures
    LinearModel = dense_features.LinearModel
    shared_embedding_columns_v2 = staticmethod(shared_embedding.shared_embedding_columns_v2)


class Old:
    """Where TensorFlow has the columns of the old family, in one place."""

    _numeric_column = staticmethod(numeric._numeric_column)
    _bucketized_column = staticmethod(numeric._bucketized_column)
    _categorical_column_with_hash_bucket = staticmethod(
        categorical._categorical_column_with_hash_bucket
    )
    _categorical_column_with_identity = staticmethod(categorical._categorical_column_with_identity)
    _categorical_column_with_vocabulary_file = staticmethod(
        categorical._categorical_column_with_vocabulary_file
    )
    _categorical_column_with_vocabulary_list = staticmethod(
        categorical._categorical_column_with_vocabulary_list
    )
    _weighted_categorical_column = staticmethod(combined._weighted_categorical_column)
    _crossed_column = staticmethod(combined._crossed_column)
    _embedding_column = staticmethod(embedding._embedding_column)
    _indicator_column = staticmethod(indicator._indicator_column)


@pytest.mark.parametrize("model", ["input", "linear"])
def test_columns_of_the_old_family_are_those_of_tensorflow(model: str) -> None:
    found = columns.old_family(tf, Old, model, vocabulary())
    check(found, recording()["old_family"][model])


@pytest.mark.parametrize("name", ["dense", "shared", "linear", "sequence"])
def test_layer_of_the_new_family_declares_and_gives_what_tensorflow_does(name: str) -> None:
    check(columns.layer(tf, Inside, name, vocabulary()), recording()["layers"][name])


@pytest.mark.parametrize("name", names_of(columns.categorical))
def test_column_is_made_again_of_its_configuration(name: str) -> None:
    column = columns.categorical(tf, vocabulary())[name]
    both = [column, tf.feature_column.indicator_column(column)]
    configs = json.loads(json.dumps(serialization.serialize_feature_columns(both)))
    again = serialization.deserialize_feature_columns(configs)
    assert again == both
    assert again[1].categorical_column is again[0]


@pytest.mark.parametrize("name", names_of(columns.errors))
def test_error_has_the_class_and_the_words_of_tensorflow(name: str) -> None:
    assert columns.error(tf, name, vocabulary()) == recording()["errors"][name]


def test_columns_have_the_members_of_tensorflow() -> None:
    with tf.Graph().as_default():
        found = columns.members(tf, vocabulary())
    assert json.loads(json.dumps(found)) == recording()["members"]


def test_variables_in_parts_are_those_of_tensorflow() -> None:
    check(columns.partitioned(tf, vocabulary()), recording()["partitioned"])


def test_examples_are_parsed_as_columns_say() -> None:
    check(columns.parsed(tf, vocabulary()), recording()["parsed"])


def test_run_with_ids_outside_a_column_fails_as_in_tensorflow() -> None:
    assert columns.failed_runs(tf) == recording()["failed_runs"]


def test_context_is_concatenated_as_in_tensorflow() -> None:
    check(columns.context(tf), recording()["context"])


def test_scope_that_is_opened_twice_shares_the_variables() -> None:
    assert json.loads(json.dumps(columns.reused(tf))) == recording()["reused"]
