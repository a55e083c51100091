"""What a TPUEstimator says where TensorFlow would use a TPU or write a graph for one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphflow as tf


def _model_fn(features: Any, labels: Any, mode: str, params: Any) -> Any:
    logits = tf.layers.dense(features["x"], 2)
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tf.contrib.tpu.TPUEstimatorSpec(mode, predictions={"logits": logits})
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    step = tf.train.GradientDescentOptimizer(0.1).minimize(loss, tf.train.get_global_step())
    return tf.contrib.tpu.TPUEstimatorSpec(mode, loss=loss, train_op=step)


def _input_fn(params: Any) -> Any:
    rows = ({"x": np.ones([8, 3], np.float32)}, np.zeros([8], np.int64))
    return tf.data.Dataset.from_tensor_slices(rows).batch(params["batch_size"])


def _receiver() -> Any:
    x = tf.placeholder(tf.float32, [None, 3])
    return tf.estimator.export.ServingInputReceiver({"x": x}, {"x": x})


def _estimator(folder: Any, cores: int | None = None, **other: Any) -> Any:
    tpu = tf.contrib.tpu
    told = tpu.TPUConfig(num_cores_per_replica=cores)
    config = tpu.RunConfig(model_dir=str(folder), tpu_config=told)
    return tpu.TPUEstimator(_model_fn, config=config, params={}, train_batch_size=4, **other)


def test_default_export_has_the_graph_for_cpus_alone_and_says_so(
    tmp_path: Any, caplog: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(tf.get_logger(), "propagate", True)
    model = _estimator(tmp_path / "model", use_tpu=False)
    model.train(_input_fn, steps=1)
    with caplog.at_level("WARNING", logger="tensorflow"):
        path = model.export_saved_model(str(tmp_path / "out"), _receiver)
    assert "The graph for CPUs alone is exported, none for TPUs." in caplog.text
    with tf.Graph().as_default(), tf.Session() as session:
        tf.saved_model.loader.load(session, ["serve"], path.decode())
        with pytest.raises(RuntimeError, match="could not be found in SavedModel"):
            tf.saved_model.loader.load(session, ["serve", "tpu"], path.decode())


def test_export_for_tpus_alone_is_refused(tmp_path: Any) -> None:
    model = _estimator(tmp_path / "model", use_tpu=False, export_to_cpu=False)
    model.train(_input_fn, steps=1)
    with pytest.raises(RuntimeError, match="A graph for TPUs cannot be written"):
        model.export_saved_model(str(tmp_path / "out"), _receiver)
    assert not (tmp_path / "out").exists()


def test_model_parallelism_without_a_tpu_is_refused(tmp_path: Any) -> None:
    model = _estimator(tmp_path, cores=2)
    words = r"Cannot find any TPU cores in the system \(master address \)\. This usually means"
    with pytest.raises(RuntimeError, match=words):
        model.train(_input_fn, steps=1)
