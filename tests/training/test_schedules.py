"""Learning rates that change with the step, and moving averages.

The schedules' numbers and nodes are compared with TensorFlow's in tests/cases/schedules.py.
"""

from __future__ import annotations

import collections.abc
from typing import Any

import numpy as np
import pytest

import graphflow as tf
from graphflow.core import late
from graphflow.training.moving_average import assign_moving_average

both_kinds = pytest.mark.parametrize("use_resource", [False, True], ids=["reference", "resource"])


def has_cond() -> bool:
    try:
        late.provided("cond")
    except KeyError:
        return False
    return True


@pytest.fixture(autouse=True)
def graph() -> collections.abc.Iterator[Any]:
    with tf.Graph().as_default() as g:
        yield g


def initialized(session: Any) -> Any:
    session.run(tf.global_variables_initializer())
    return session


# --- schedules ---
def test_optimizer_follows_the_schedule() -> None:
    step = tf.train.get_or_create_global_step()
    v: Any = tf.Variable(0.0)
    rate = tf.train.piecewise_constant(step, [1, 3], [1.0, 0.5, 0.25])
    train = tf.train.GradientDescentOptimizer(rate).minimize(-v, global_step=step)
    seen = []
    with initialized(tf.Session()) as s:
        for _ in range(6):
            s.run(train)
            seen.append(float(s.run(v)))
    assert seen == [1.0, 2.0, 2.5, 3.0, 3.25, 3.5]


def test_schedule_has_the_type_of_its_rate() -> None:
    step = tf.placeholder(tf.int64, [])
    rate = tf.train.exponential_decay(np.float64(0.1), step, 10, 0.5)
    assert rate.dtype == tf.float64
    with tf.Session() as s:
        assert s.run(rate, {step: 20}) == pytest.approx(0.025, rel=1e-15)


# --- assign_moving_average ---
@both_kinds
def test_average_moves_toward_the_value(use_resource: bool) -> None:
    v = tf.Variable([1.0, 2.0], use_resource=use_resource, trainable=False)
    move = assign_moving_average(v, tf.constant([5.0, 6.0]), 0.75, zero_debias=False)
    with initialized(tf.Session()) as s:
        s.run(move)
        assert s.run(v).tolist() == [2.0, 3.0]


@both_kinds
def test_debiased_average_of_equal_values_is_the_value(use_resource: bool) -> None:
    v = tf.Variable(0.0, use_resource=use_resource, trainable=False, name="mean")
    move = assign_moving_average(v, tf.constant(5.0), 0.9)
    assert [x.op.name for x in tf.global_variables()] == [
        "mean", "mean/biased", "mean/local_step",
    ]  # fmt: skip
    with initialized(tf.Session()) as s:
        for _ in range(3):
            s.run(move)
            assert s.run(v) == pytest.approx(5.0, rel=1e-6)


# --- ExponentialMovingAverage ---
def test_average_of_a_tensor_starts_at_zero() -> None:
    x = tf.placeholder(tf.float32, [2], name="x")
    average = tf.train.ExponentialMovingAverage(0.5)
    assert average.average_name(x) == "x/ExponentialMovingAverage"
    update = average.apply([x])
    kept = average.average(x)
    assert kept.op.name == "x/ExponentialMovingAverage" == average.average_name(x)
    with initialized(tf.Session()) as s:
        s.run(update, {x: [4.0, 8.0]})
        s.run(update, {x: [4.0, 0.0]})
        assert s.run(kept).tolist() == [3.0, 2.0]


def test_debiased_average_of_a_tensor_is_a_weighted_mean() -> None:
    x = tf.placeholder(tf.float32, [], name="x")
    average = tf.train.ExponentialMovingAverage(0.5, zero_debias=True)
    update = average.apply([x])
    with initialized(tf.Session()) as s:
        s.run(update, {x: 4.0})
        s.run(update, {x: 1.0})
        assert s.run(average.average(x)) == pytest.approx((4 + 2 * 1) / 3, rel=1e-6)


def test_number_of_updates_bounds_the_decay() -> None:
    x = tf.placeholder(tf.float32, [], name="x")
    updates = tf.placeholder(tf.int32, [])
    average = tf.train.ExponentialMovingAverage(0.9, num_updates=updates)
    update = average.apply([x])
    with initialized(tf.Session()) as s:
        s.run(update, {x: 1.0, updates: 0})
        assert s.run(average.average(x)) == pytest.approx(0.9)
        s.run(tf.global_variables_initializer())
        s.run(update, {x: 1.0, updates: 1000})
        assert s.run(average.average(x)) == pytest.approx(0.1)


def test_whole_numbers_have_no_average() -> None:
    with pytest.raises(TypeError, match="must be half, float, or double"):
        tf.train.ExponentialMovingAverage(0.9).apply([tf.constant(1)])


def test_what_is_not_averaged_has_no_average() -> None:
    average = tf.train.ExponentialMovingAverage(0.9, name="mean")
    assert average.name == "mean"
    assert average.average(tf.constant(1.0)) is None


@both_kinds
def test_average_of_a_variable_starts_with_its_value(use_resource: bool) -> None:
    v: Any = tf.Variable(2.0, use_resource=use_resource, name="v")
    average = tf.train.ExponentialMovingAverage(0.5)
    update = average.apply([v])
    assert tf.moving_average_variables() == [v]
    with initialized(tf.Session()) as s:
        assert s.run(average.average(v)) == 2.0
        s.run(v.assign(4.0, read_value=False))
        s.run(update)
        assert s.run(average.average(v)) == 3.0


def test_variables_to_restore_takes_averages_where_there_are_some() -> None:
    v, w = tf.Variable(2.0, name="v"), tf.Variable(3.0, name="w", trainable=False)
    average = tf.train.ExponentialMovingAverage(0.5)
    average.apply()
    assert average.variables_to_restore() == {
        "v/ExponentialMovingAverage": v,
        "w": w,
    }


def test_names_to_restore_need_no_averages() -> None:
    v, w = tf.Variable(2.0, name="v"), tf.Variable(3.0, name="w", trainable=False)
    found = tf.train.ExponentialMovingAverage(0.5, name="mean").variables_to_restore()
    assert found == {"v/mean": v, "w": w}


def test_piecewise_constant_reads_its_step_inside_of_its_scope() -> None:
    with tf.Graph().as_default() as graph:
        step = tf.Variable(0, use_resource=True, name="step")
        tf.train.piecewise_constant(step, [5, 12], [1.0, 0.5, 0.1])
        compared = graph.get_operation_by_name("PiecewiseConstant/LessEqual")
        assert compared.inputs[0].name == "PiecewiseConstant/ReadVariableOp:0"
        with pytest.raises(ValueError, match=r"Boundaries \(<dtype: 'int32'>\) must have the same"):
            tf.train.piecewise_constant(3.0, [5, 12], [1.0, 0.5, 0.1])
