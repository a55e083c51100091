"""Every optimizer: the same nodes and the same numbers as TensorFlow 1.15.5."""

from __future__ import annotations

import functools
import gzip
import json
import pathlib
from typing import Any

import numpy as np
import pytest

import graphflow as tf
from tests.training import optimizers

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "training" / "optimizers.json.gz"
TOLERANCE = {"float32": 5e-6, "float64": 1e-13}


@functools.cache
def recording() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(gzip.decompress(GOLDEN.read_bytes()))
    return loaded["cases"]


@pytest.fixture(scope="module")
def made() -> Any:
    return functools.cache(functools.partial(optimizers.run, tf))


every_case = pytest.mark.parametrize("case", optimizers.cases())


@every_case
def test_nodes_are_those_of_tensorflow(made: Any, case: str) -> None:
    assert made(case)["nodes"] == recording()[case]["nodes"]


@every_case
def test_variables_and_slots_end_with_the_same_values(made: Any, case: str) -> None:
    want, got = recording()[case]["values"], made(case)["values"]
    assert want.keys() == got.keys()
    tolerance = TOLERANCE[case.rpartition("-")[2]]
    for name in want:
        np.testing.assert_allclose(got[name], want[name], tolerance, tolerance, err_msg=name)


def sgd() -> Any:
    return tf.train.GradientDescentOptimizer(0.5)


def test_slots_are_found_by_variable_and_name() -> None:
    with tf.Graph().as_default():
        v = tf.Variable([1.0], name="v")
        adam = tf.train.AdamOptimizer()
        adam.minimize(tf.reduce_sum(v * v))
        assert adam.get_slot_names() == ["m", "v"]
        assert adam.get_slot(v, "m").op.name == "v/Adam"
        assert adam.get_slot(v, "v").op.name == "v/Adam_1"
        assert adam.get_slot(v, "nothing") is None
        names = [x.op.name for x in adam.variables()]
        assert names == ["beta1_power", "beta2_power", "v/Adam", "v/Adam_1"]


def test_a_rate_may_be_a_function_or_a_tensor() -> None:
    for rate in (0.5, lambda: 0.5):
        with tf.Graph().as_default(), tf.Session() as s:
            v = tf.Variable([4.0])
            step = tf.train.GradientDescentOptimizer(rate).minimize(v)
            s.run(v.initializer)
            s.run(step)
            assert s.run(v).tolist() == [3.5]


@pytest.mark.parametrize("gate", [0, 1, 2])
def test_gates_do_not_change_the_numbers(gate: int) -> None:
    with tf.Graph().as_default(), tf.Session() as s:
        v, w = tf.Variable(2.0), tf.Variable(3.0)
        step = sgd().minimize(v * w, gate_gradients=gate)
        s.run(tf.global_variables_initializer())
        s.run(step)
        assert s.run([v, w]) == [0.5, 2.0]


def test_grad_loss_scales_the_gradient() -> None:
    with tf.Graph().as_default(), tf.Session() as s:
        v = tf.Variable(2.0)
        [(g, _)] = sgd().compute_gradients(v * 3.0, grad_loss=tf.constant(2.0))
        s.run(v.initializer)
        assert s.run(g) == 6.0


def test_constraint_is_applied_after_the_step() -> None:
    for use_resource in (False, True):
        with tf.Graph().as_default(), tf.Session() as s:
            v = tf.Variable([1.0, -1.0], constraint=tf.nn.relu, use_resource=use_resource)
            step = sgd().minimize(tf.reduce_sum(v))
            s.run(v.initializer)
            s.run(step)
            assert s.run(v).tolist() == [0.5, 0.0]


def test_step_is_counted_after_all_updates_and_listed_once() -> None:
    with tf.Graph().as_default() as g, tf.Session() as s:
        v = tf.Variable(1.0)
        steps = tf.train.get_or_create_global_step()
        step = sgd().minimize(v, global_step=steps)
        assert g.get_collection(tf.GraphKeys.TRAIN_OP) == [step]
        s.run(tf.global_variables_initializer())
        s.run(step)
        s.run(step)
        assert tf.train.global_step(s, steps) == 2


class Halving(tf.train.Optimizer):
    """A user's own optimizer: each step halves the variable."""

    def __init__(self) -> None:
        super().__init__(use_locking=False, name="Halving")
        self.sparse: list[Any] = []

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        return var.assign(var * 0.5).op

    def _resource_apply_dense(self, grad: Any, handle: Any) -> Any:
        return handle.assign(handle * 0.5, read_value=False)

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        self.sparse.append(grad)
        return tf.scatter_update(var, grad.indices, grad.values)

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        return tf.scatter_update(handle, indices, grad).op


@pytest.mark.parametrize("use_resource", [False, True])
def test_users_can_write_optimizers(use_resource: bool) -> None:
    with tf.Graph().as_default(), tf.Session() as s:
        v = tf.Variable([8.0], use_resource=use_resource)
        step = Halving().minimize(tf.reduce_sum(v * v))
        s.run(v.initializer)
        s.run(step)
        s.run(step)
        assert s.run(v).tolist() == [2.0]


@pytest.mark.parametrize("use_resource", [False, True])
def test_sparse_extension_points_get_each_row_once(use_resource: bool) -> None:
    with tf.Graph().as_default(), tf.Session() as s:
        v = tf.Variable([[1.0], [2.0], [3.0]], use_resource=use_resource)
        rows = tf.IndexedSlices(tf.constant([[10.0], [20.0], [1.0]]), tf.constant([2, 0, 2]))
        step = Halving().apply_gradients([(rows, v)])
        s.run(v.initializer)
        s.run(step)
        assert s.run(v).tolist() == [[20.0], [2.0], [11.0]]


def test_mistakes_are_named() -> None:
    with tf.Graph().as_default():
        v = tf.Variable(1.0)
        with pytest.raises(ValueError, match="Must specify the optimizer name"):
            tf.train.GradientDescentOptimizer(0.1, name="")
        with pytest.raises(ValueError, match="gate_gradients must be one of"):
            sgd().compute_gradients(v, gate_gradients=3)
        with pytest.raises(NotImplementedError, match="Trying to optimize unsupported type"):
            sgd().compute_gradients(v, [7])
        with pytest.raises(TypeError, match="Gradient must be convertible to a Tensor"):
            sgd().apply_gradients([(object(), v)])
        with pytest.raises(ValueError, match="must be positive"):
            tf.train.AdagradOptimizer(0.1, initial_accumulator_value=0.0)
        with pytest.raises(ValueError, match="needs to be negative or zero"):
            tf.train.FtrlOptimizer(0.1, learning_rate_power=0.5)


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("name", list(optimizers.OPTIMIZERS))
def test_scalar_variable_steps_as_a_vector_of_one_does(name: str, use_resource: bool) -> None:
    found = []
    for start in (0.7, [0.7]):
        with tf.Graph().as_default(), tf.Session() as s:
            v: Any = tf.Variable(start, use_resource=use_resource)
            count: Any = tf.Variable(0, dtype=tf.int64, trainable=False)
            optimizer = optimizers.OPTIMIZERS[name](tf.train, count)
            step = optimizer.minimize(tf.reduce_sum(tf.square(v) + 0.3 * v), count)
            s.run(tf.global_variables_initializer())
            for _ in range(3):
                s.run(step)
            found.append(np.ravel(s.run(v))[0])
    assert found[0] == found[1]


def test_loss_that_is_a_function_trains_the_resources_that_it_reads() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        read = tf.Variable([1.0, 2.0], use_resource=True, name="read")
        tf.Variable([1.0], use_resource=True, name="not_read")
        reference = tf.Variable([1.0], name="reference")
        optimizer = tf.train.GradientDescentOptimizer(0.5)
        ((gradient, variable),) = optimizer.compute_gradients(lambda: tf.reduce_sum(read * read))
        assert variable is read
        step = optimizer.minimize(lambda: tf.reduce_sum(read * read), var_list=[read])
        session.run(tf.global_variables_initializer())
        assert session.run(gradient).tolist() == [2.0, 4.0]
        session.run(step)
        assert session.run(read).tolist() == [0.0, 0.0]
        with pytest.raises(ValueError, match="No gradients provided for any variable"):
            optimizer.minimize(lambda: tf.reduce_sum(reference * reference))
