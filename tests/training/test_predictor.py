"""Predictors compute what the SavedModel's graph does, and say what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

import graphflow as tf


@pytest.fixture
def folder(tmp_path):
    path = str(tmp_path / "saved")
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None], name="x")
        y = tf.multiply(x, tf.Variable(3.0, name="w"), name="y")
        session.run(tf.global_variables_initializer())
        tf.saved_model.simple_save(session, path, {"in": x}, {"out": y})
    return path


def test_predictor_is_a_function_of_arrays(folder):
    predict = tf.contrib.predictor.from_saved_model(folder)
    assert predict({"in": [1.0, 2.0]})["out"].tolist() == [3.0, 6.0]
    assert predict.feed_tensors["in"].name == "x:0"
    assert predict.fetch_tensors["out"].name == "y:0"
    assert predict.session.graph is predict.graph
    assert "SavedModelPredictor with feed tensors" in repr(predict)


def test_names_and_signatures_may_be_given(folder):
    named = tf.contrib.predictor.from_saved_model(
        folder, input_names={"a": "x:0"}, output_names={"b": "y:0"}
    )
    np.testing.assert_array_equal(named({"a": [2.0]})["b"], [6.0])
    keyed = tf.contrib.predictor.from_saved_model(folder, "serving_default", tags="serve")
    np.testing.assert_array_equal(keyed({"in": [2.0]})["out"], [6.0])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"signature_def_key": "nope"}, 'Got signature_def_key "nope". Available signatures are'),
        ({"input_names": {"a": "x:0"}}, "must both be specified"),
        ({"signature_def_key": "a", "signature_def": 3}, "at most one of signature_def_key"),
    ],
)
def test_mistakes_are_told(folder, arguments, says):
    with pytest.raises(ValueError, match=says):
        tf.contrib.predictor.from_saved_model(folder, **arguments)


def test_input_that_is_not_there_is_refused(folder):
    with pytest.raises(ValueError, match="Got unexpected keys in input_dict"):
        tf.contrib.predictor.from_saved_model(folder)({"nope": 1})


def test_unknown_tags_are_refused(folder):
    with pytest.raises(RuntimeError, match="could not be found in SavedModel"):
        tf.contrib.predictor.from_saved_model(folder, tags="nope")
