"""Candidate samplers: mistakes for which TensorFlow ends the process are errors of the run."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

import graphflow as tf


def run(range_max: int, **options: Any) -> Any:
    with tf.Graph().as_default(), tf.Session() as session:
        classes = tf.constant([[1, 2]], tf.int64)
        found = tf.random.fixed_unigram_candidate_sampler(classes, 2, 1, True, range_max, **options)
        return session.run(found)


def test_missing_vocabulary_is_not_found() -> None:
    with pytest.raises(tf.errors.NotFoundError, match="No such file"):
        run(5, vocab_file="there.is.none")


def test_vocabulary_line_without_number_is_named(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text("a,1\nb,c\n")
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="Wrong vocabulary format at line: b,c"
    ):
        run(2, vocab_file=str(path))


def test_weights_for_another_range_are_counted() -> None:
    message = "range_max is 5, but there are 2 weights"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        run(5, unigrams=[1.0, 2.0])
