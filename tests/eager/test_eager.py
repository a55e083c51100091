"""Eager execution beside graphs: turning it on, what is kept and what is freed, shared values."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest

import graphflow as tf
from graphflow.core.eager import eager_graph, eager_mode
from graphflow.core.eager_switch import graph_mode
from graphflow.testing import decorators


def run(program: str) -> subprocess.CompletedProcess[str]:
    """Runs a program of its own: turning eager execution on is for a whole process."""
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )


# --- turning it on ---
def test_it_is_off_until_it_is_turned_on() -> None:
    done = run(
        "import graphflow as tf; print(tf.executing_eagerly()); tf.enable_eager_execution();"
        "tf.enable_eager_execution(); print(tf.executing_eagerly(), tf.add(1, 2).numpy());"
        "tf.reset_default_graph(); print(tf.executing_eagerly());"
        "tf.disable_eager_execution(); print(tf.executing_eagerly())"
    )
    assert done.stdout.split() == ["False", "True", "3", "True", "False"], done.stderr


def test_it_must_come_before_the_first_operation() -> None:
    done = run("import graphflow as tf; tf.constant(1); tf.enable_eager_execution()")
    assert done.stderr.endswith(
        "ValueError: tf.enable_eager_execution must be called at program startup.\n"
    )


def test_its_options_are_checked_and_stay() -> None:
    with pytest.raises(TypeError, match=r"config must be a tf\.ConfigProto, but got"):
        tf.enable_eager_execution(config={})
    with pytest.raises(ValueError, match="device_policy must be one of None"):
        tf.enable_eager_execution(device_policy=7)
    with pytest.raises(ValueError, match="execution_mode must be one of None"):
        tf.enable_eager_execution(execution_mode="fast")
    done = run(
        "import graphflow as tf; tfe = tf.contrib.eager\n"
        "tf.enable_eager_execution(execution_mode=tfe.SYNC)\n"
        "tf.enable_eager_execution(execution_mode=tfe.ASYNC)"
    )
    assert "Trying to change the options of an active eager execution." in done.stderr


def test_all_threads_execute_eagerly() -> None:
    done = run(
        "import threading, graphflow as tf; tf.enable_eager_execution()\n"
        "t = threading.Thread(target=lambda: print(tf.add(1, 2).numpy())); t.start(); t.join()"
    )
    assert done.stdout == "3\n", done.stderr


def test_a_context_concerns_its_own_thread_alone() -> None:
    found = []
    with eager_mode():
        thread = threading.Thread(target=lambda: found.append(tf.executing_eagerly()))
        thread.start()
        thread.join()
        assert tf.executing_eagerly()
    assert found == [False]
    assert not tf.executing_eagerly()


# --- beside graphs ---
def test_graphs_are_as_before_inside() -> None:
    with eager_mode(), graph_mode():
        x = tf.placeholder(tf.float32)
        y = x * 2
        with tf.Session() as session:
            assert session.run(y, {x: 3}) == 6
    assert y.op.type == "Mul"


def test_a_graph_takes_no_tensor_with_a_value() -> None:
    with eager_mode():
        x = tf.constant(1.0)
    with pytest.raises(RuntimeError, match="Attempting to capture an EagerTensor without"):
        x + tf.placeholder(tf.float32)


def test_eager_execution_takes_no_tensor_of_a_graph_beside_one_with_a_value() -> None:
    with tf.Graph().as_default():
        y = tf.placeholder(tf.float32)
    with eager_mode(), pytest.raises(RuntimeError, match="Attempting to capture an EagerTensor"):
        tf.constant(1.0) + y


def test_decorated_tests_run_both_ways() -> None:
    seen = []

    class Case(tf.test.TestCase):
        @decorators.run_in_graph_and_eager_modes
        def test_it(self) -> None:
            seen.append(tf.executing_eagerly())
            self.assertAllEqual(self.evaluate(tf.constant([1, 2]) + 1), [2, 3])
            v = tf.get_variable("v", initializer=2.0, use_resource=True)
            self.evaluate(tf.global_variables_initializer())
            assert self.evaluate({"v": v})["v"] == 2.0

    Case("test_it").debug()
    assert seen == [False, True]


# --- what is kept ---
def test_nothing_is_kept_of_what_no_tape_watches() -> None:
    with eager_mode():
        x = tf.ones([2, 2])
        first = tf.matmul(x, x)
        gone = weakref.ref(first)
        second = first + 1
        del first
        assert gone() is None  # at once: no cycle waits for the collector
        assert not eager_graph().operations
        assert second.numpy().sum() == 12


def test_many_operations_leave_as_many_objects_as_few() -> None:
    def objects(n: int) -> int:
        y = tf.ones([2])
        for _ in range(n):
            y = tf.tanh(y * 0.5 + 1.0)
        gc.collect()
        return len(gc.get_objects())

    with eager_mode():
        objects(10)
        before = objects(10)
        assert objects(3000) <= before + 20


def test_a_tape_lets_go_of_what_it_saw_with_its_gradient() -> None:
    with eager_mode():
        x = tf.constant([1.0, 2.0])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            gone = weakref.ref(y)
            z = tf.reduce_sum(y)
        del y
        assert gone() is not None
        assert tape.gradient(z, x).numpy().tolist() == [2.0, 4.0]
        assert gone() is None


def test_a_variable_goes_with_its_last_user() -> None:
    with eager_mode():
        v = tf.Variable([1.0])
        v.assign_add([1.0])
        gone = weakref.ref(v)
        del v
        assert gone() is None


def test_values_do_not_change_with_their_variable() -> None:
    with eager_mode():
        v = tf.Variable([1.0, 2.0])
        before = v.read_value()
        copied = v.numpy()
        v.assign_add([1.0, 1.0])
        v.scatter_sub(tf.IndexedSlices(tf.constant([5.0]), tf.constant([0])))
        tf.train.GradientDescentOptimizer(1.0).apply_gradients([(tf.ones([2]), v)])
        assert before.numpy().tolist() == copied.tolist() == [1.0, 2.0]
        assert v.numpy().tolist() == [-4.0, 2.0]


def test_arrays_handed_out_are_the_callers_own() -> None:
    with eager_mode():
        given = np.ones(2)
        x = tf.constant(given)
        given[0] = 5
        x.numpy()[1] = 7
        np.array(x)[1] = 7
        assert x.numpy().tolist() == [1.0, 1.0]


def test_shapes_are_checked_for_each_kind_of_call() -> None:
    with eager_mode():
        for _ in range(2):
            assert tf.reshape(tf.ones([4]), [2, 2]).shape == (2, 2)
            assert tf.reshape(tf.ones([4]), [4, 1]).shape == (4, 1)
            with pytest.raises(tf.errors.InvalidArgumentError, match="with 4 values"):
                tf.reshape(tf.ones([4]), [3])
            with pytest.raises(tf.errors.InvalidArgumentError, match="Matrix size-incompatible"):
                tf.matmul(tf.ones([2, 2]), tf.ones([3, 2]))


def test_random_operations_go_on_where_they_were() -> None:
    with eager_mode():
        tf.set_random_seed(5)
        first = [tf.random_uniform([], seed=1).numpy() for _ in range(3)]
        assert len(set(first)) == 3
        tf.set_random_seed(5)
        assert [tf.random_uniform([], seed=1).numpy() for _ in range(3)] == first


def test_an_error_says_where_the_call_is() -> None:
    with eager_mode(), pytest.raises(tf.errors.InvalidArgumentError) as caught:
        tf.ones([2]) + tf.ones([3])
    assert "test_eager.py" in caught.value.__notes__[0]
    assert caught.value.op is None


def test_a_tensor_of_another_thread_is_as_good() -> None:
    made = []

    def make() -> None:
        with eager_mode():
            made.append(tf.constant([1.0]))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    with eager_mode():
        assert (made[0] + 1).numpy().tolist() == [2.0]
