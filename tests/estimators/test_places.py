"""Estimators are found where programs import them from, inside TensorFlow and beside it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

PROGRAM = """
import tensorflow as tf
import tensorflow_estimator
from tensorflow.python.estimator import estimator_lib, training
from tensorflow.python.estimator.canned import metric_keys, optimizers
from tensorflow.python.estimator.estimator import Estimator
from tensorflow.python.estimator.export import export, export_output
from tensorflow.python.estimator.inputs import numpy_io
from tensorflow.python.estimator.model_fn import EstimatorSpec, ModeKeys, call_logit_fn
from tensorflow.python.estimator.run_config import RunConfig, TaskType
from tensorflow.python.training import evaluation
from tensorflow_estimator.python.estimator import early_stopping, estimator, exporter, util
from tensorflow_estimator.python.estimator.canned.head import LossSpec
from tensorflow.contrib.tpu.python.tpu.tpu_config import TPUConfig
from tensorflow.python.tpu import bfloat16, tpu_config, tpu_estimator, tpu_function, tpu_optimizer
from tensorflow_estimator.python.estimator.tpu.tpu_estimator import (
    ExamplesPerSecondHook, ExportSavedModelApiVersion, TPUEstimator
)

e = tf.estimator
assert Estimator is e.Estimator is estimator.Estimator is estimator_lib.Estimator
assert tensorflow_estimator.estimator is e is tf.compat.v1.estimator
assert (EstimatorSpec, ModeKeys, RunConfig) == (e.EstimatorSpec, e.ModeKeys, e.RunConfig)
assert numpy_io.numpy_input_fn is e.inputs.numpy_input_fn is estimator_lib.inputs.numpy_input_fn
assert training.TrainSpec is e.TrainSpec and exporter.BestExporter is e.BestExporter
assert export.ServingInputReceiver is e.export.ServingInputReceiver
assert export_output.PredictOutput is e.export.PredictOutput
assert call_logit_fn is e.experimental.call_logit_fn and TaskType.PS == "ps"
assert metric_keys.MetricKeys.AUC == "auc" and early_stopping.read_eval_metrics("no") == {}
assert isinstance(optimizers.get_optimizer_instance("Adam", 0.1), tf.train.AdamOptimizer)
assert util.fn_args(call_logit_fn)[0] == "logit_fn" and LossSpec._fields[0] == "training_loss"
assert TPUEstimator is e.tpu.TPUEstimator is tf.contrib.tpu.TPUEstimator
assert TPUEstimator is tpu_estimator.TPUEstimator and tpu_config.TPUConfig is TPUConfig
assert bfloat16.bfloat16_scope is tf.tpu.bfloat16_scope is tf.contrib.tpu.bfloat16_scope
assert tpu_optimizer.CrossShardOptimizer is tf.tpu.CrossShardOptimizer
assert tpu_function.get_tpu_context().number_of_shards is None
assert issubclass(ExamplesPerSecondHook, tf.train.StepCounterHook)
assert ExportSavedModelApiVersion.V2.value == 2
assert evaluation._evaluate_once is tf.contrib.training.evaluate_once
print("found")
"""


def test_programs_find_estimators_inside(tmp_path: Any) -> None:
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    command = [sys.executable, "-m", "graphflow", "run", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("found", 0), done.stderr
