"""Scaled losses: the same steps, scales and errors as in TensorFlow 1.15.5.

The values were looked up with TensorFlow 1.15.5.
"""

from __future__ import annotations

import collections.abc
import re
from typing import Any

import numpy as np
import pytest

import graphflow as tf

experimental = tf.train.experimental
both_kinds = pytest.mark.parametrize("use_resource", [False, True], ids=["reference", "resource"])


@pytest.fixture(autouse=True)
def session() -> collections.abc.Iterator[Any]:
    with tf.Graph().as_default(), tf.Session() as s:
        yield s


@both_kinds
def test_steps_with_gradients_out_of_range_are_left_out(session: Any, use_resource: bool) -> None:
    w = tf.get_variable("w", initializer=[1.0, 1.0], use_resource=use_resource)
    table = tf.get_variable("table", initializer=[[1.0], [1.0]], use_resource=use_resource)
    factor = tf.placeholder(tf.float32, [])
    loss = tf.reduce_sum(tf.gather(table, [1]) * w * factor)
    scale = experimental.DynamicLossScale(4.0, increment_period=2)
    optimizer = experimental.enable_mixed_precision_graph_rewrite(
        tf.train.GradientDescentOptimizer(0.25), scale
    )
    steps = tf.train.get_or_create_global_step()
    step = optimizer.minimize(loss, global_step=steps)
    assert step.name == "GradientDescent"
    assert [v.name for v in tf.global_variables()] == [
        "w:0", "table:0", "current_loss_scale:0", "good_steps:0", "global_step:0"
    ]  # fmt: skip
    session.run(tf.global_variables_initializer())
    scales, counts = [], []
    for fed in (1.0, 0.0, np.inf, 0.0, np.nan, np.inf, np.inf):
        session.run(step, {factor: fed})
        scales.append(float(session.run(scale())))
        counts.append(int(session.run(steps)))
    assert scales == [4.0, 8.0, 4.0, 4.0, 2.0, 1.0, 1.0]
    assert counts == [1, 2, 2, 3, 3, 3, 3]
    assert session.run(w).tolist() == [0.75, 0.75]
    assert session.run(table).tolist() == [[1.0], [0.5]]


def test_fixed_scale_changes_no_step(session: Any) -> None:
    w = tf.Variable([1.0, 2.0])
    inside = tf.train.MomentumOptimizer(0.25, 0.5)
    optimizer = experimental.MixedPrecisionLossScaleOptimizer(inside, 8)
    ((gradient, variable),) = optimizer.compute_gradients(tf.reduce_sum(w * w))
    assert variable is w
    step = optimizer.apply_gradients([(gradient, w), (None, tf.Variable(1.0))], name="named")
    assert step.name == "named"
    assert inside.get_slot(w, "momentum").name == "Variable/Momentum:0"
    session.run(tf.global_variables_initializer())
    assert session.run(gradient).tolist() == [2.0, 4.0]
    session.run(step)
    assert session.run(w).tolist() == [0.5, 1.0]


def test_scales_are_written_down_and_read_back() -> None:
    assert repr(experimental.FixedLossScale(3)) == "FixedLossScale(3.0)"
    dynamic = experimental.DynamicLossScale()
    assert repr(dynamic) == (
        "DynamicLossScale(initial_loss_scale=32768.0, increment_period=2000, multiplier=2.0)"
    )
    for scale in (experimental.FixedLossScale(3), dynamic):
        assert type(scale).from_config(scale.get_config()).get_config() == scale.get_config()


def test_mistakes_are_refused() -> None:
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    scaled = experimental.MixedPrecisionLossScaleOptimizer(optimizer, 2.0)
    for says, call in {
        "must be at least 1": lambda: experimental.FixedLossScale(0.5),
        "must be a Python int or float": lambda: experimental.FixedLossScale("a"),
        "\"opt\" must be an instance of Optimizer, but got: <class 'int'>": lambda: (
            experimental.MixedPrecisionLossScaleOptimizer(3, 2)
        ),
        "Could not interpret loss scale identifier: x": lambda: (
            experimental.MixedPrecisionLossScaleOptimizer(optimizer, "x")
        ),
        '"opt" must not already be an instance': lambda: (
            experimental.enable_mixed_precision_graph_rewrite(scaled)
        ),
        '"opt" must be an instance of a tf.train.Optimizer': lambda: (
            experimental.enable_mixed_precision_graph_rewrite(3)
        ),
    }.items():
        with pytest.raises(ValueError, match=re.escape(says)):
            call()
    with pytest.raises(TypeError, match="abstract class LossScale"):
        experimental.LossScale()
    experimental.disable_mixed_precision_graph_rewrite()
