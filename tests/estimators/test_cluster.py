"""The tasks of a cluster in one process: what a chief trains, an evaluator finds."""

from __future__ import annotations

import json
from typing import Any

import pytest

import graphflow as tf

CLUSTER = {"chief": ["localhost:40871"], "ps": ["localhost:40872"]}


def model_fn(features: Any, mode: str) -> Any:
    """A model of one number."""
    w = tf.get_variable("w", [], initializer=tf.zeros_initializer())
    loss = tf.reduce_mean(tf.square(features - w))
    step = tf.train.get_or_create_global_step()
    train_op = tf.train.GradientDescentOptimizer(0.25).minimize(loss, step)
    return tf.estimator.EstimatorSpec(mode, w, loss, train_op)


def ones() -> Any:
    """Input without an end in training, of one batch in an evaluation."""
    return tf.data.Dataset.from_tensors([1.0, 1.0]).repeat(9)


def run(monkeypatch: pytest.MonkeyPatch, folder: Any, task: str) -> Any:
    """What train_and_evaluate returns in a process that has a task of the cluster."""
    said = {"cluster": CLUSTER, "task": {"type": task, "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(said))
    model = tf.estimator.Estimator(model_fn, str(folder))
    train = tf.estimator.TrainSpec(ones, max_steps=4)
    test = tf.estimator.EvalSpec(ones, start_delay_secs=0, throttle_secs=0)
    return tf.estimator.train_and_evaluate(model, train, test)


def test_chief_trains_with_a_parameter_server_and_the_evaluator_ends_after_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    server = tf.train.Server(CLUSTER, job_name="ps", task_index=0)
    assert run(monkeypatch, tmp_path, "chief") is None
    assert tf.train.load_variable(str(tmp_path), "w") == 1 - 0.5**4
    assert run(monkeypatch, tmp_path, "evaluator") is None
    assert list(tmp_path.glob("eval/*tfevents*"))
    assert server.target.startswith("grpc://")


def test_variables_are_placed_on_parameter_servers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    said = {"cluster": CLUSTER, "task": {"type": "chief", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(said))
    model = tf.estimator.Estimator(model_fn, str(tmp_path))
    with tf.Graph().as_default(), tf.device(model._device_fn):
        tf.train.create_global_step()
        model.model_fn(tf.ones([2]), None, "train", model.config)
        devices = {v.op.name: v.device for v in tf.global_variables()}
    assert devices == {"global_step": "/job:ps/task:0", "w": "/job:ps/task:0"}


def test_unknown_tasks_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    cluster = {**CLUSTER, "other": ["localhost:40873"]}
    said = {"cluster": cluster, "task": {"type": "other", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(said))
    model = tf.estimator.Estimator(model_fn, str(tmp_path))
    spec = tf.estimator.TrainSpec(ones), tf.estimator.EvalSpec(ones)
    with pytest.raises(ValueError, match="Task type other is not supported"):
        tf.estimator.train_and_evaluate(model, *spec)


def test_a_worker_stops_when_the_checkpoint_of_its_last_step_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.delenv("TF_CONFIG", raising=False)
    trained = tf.estimator.Estimator(model_fn, str(tmp_path)).train(ones, steps=3)
    cluster = {**CLUSTER, "worker": ["localhost:40874"]}
    said = {"cluster": cluster, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(said))
    worker = tf.estimator.Estimator(model_fn, str(tmp_path))
    hook = tf.estimator.experimental.make_stop_at_checkpoint_step_hook(worker, 2, 0)
    monkeypatch.delenv("TF_CONFIG")
    found = []

    class Count(tf.train.SessionRunHook):  # type: ignore[misc]  # found on first use
        def after_run(self, run_context: Any, run_values: Any) -> None:
            found.append(run_values)

    trained.train(ones, [hook, Count()])
    assert len(found) == 1
