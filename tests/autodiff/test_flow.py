"""Branches and loops in runs and gradients: the facts that rows of single calls cannot show."""

from __future__ import annotations

import collections.abc
import threading
from typing import Any

import numpy as np
import pytest

import graphflow as tf


@pytest.fixture(autouse=True)
def graph() -> collections.abc.Iterator[Any]:
    with tf.Graph().as_default() as g:
        yield g


def started() -> Any:
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return session


def powers(x: Any, n: int) -> Any:
    return tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * x), [0, x])[1]


def instructions(session: Any, fetches: Any, feeds: Any = None) -> list[str]:
    found: list[str] = []

    def collect(program: Any) -> None:
        for instr in program.instrs:
            found.append(instr.definition.name)
            for body in instr.bodies:
                collect(body)

    collect(dict(session.passes(fetches, feeds))["order"])
    return found


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("flag", [False, True])
def test_variable_used_in_both_branches_gets_the_gradient_of_the_one_that_ran(
    use_resource: bool, flag: bool
) -> None:
    v: Any = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=use_resource)
    y = tf.cond(tf.constant(flag), lambda: tf.reduce_sum(v * v), lambda: tf.reduce_sum(v))
    with started() as s:
        assert s.run(tf.gradients(y, v)[0]).tolist() == ([2.0, 4.0] if flag else [1.0, 1.0])


@pytest.mark.parametrize("flag", [False, True])
def test_only_the_branch_that_is_chosen_has_effects(flag: bool) -> None:
    v: Any = tf.Variable(3.0)
    loss = tf.square(v)
    optimizer = tf.train.AdamOptimizer(0.1)
    step = tf.cond(tf.constant(flag), lambda: optimizer.minimize(loss), tf.no_op)
    with started() as s:
        s.run(step)
        assert (s.run(v) == 3.0) is not flag


def test_two_gradients_of_one_loop_do_not_disturb_each_other() -> None:
    x: Any = tf.placeholder(tf.float32, [])
    y = powers(x, 3)
    first, second = tf.gradients(y, x)[0], tf.gradients(2 * y, x)[0]
    with tf.Session() as s:
        for _ in range(2):
            assert s.run([first, second], {x: 2.0}) == [32.0, 64.0]
        assert s.run(first, {x: 3.0}) == 108.0


def test_a_run_without_gradients_keeps_nothing_of_the_iterations() -> None:
    x: Any = tf.placeholder(tf.float32, [])
    y = powers(x, 3)
    dx = tf.gradients(y, x)[0]
    with tf.Session() as s:
        assert "StackPushV2" not in instructions(s, y, {x: 2.0})
        assert "StackPushV2" in instructions(s, dx, {x: 2.0})


def test_only_what_the_gradient_needs_is_kept() -> None:
    x: Any = tf.placeholder(tf.float32, [3])
    loop = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.exp(y + x) - x), [0, x])
    dx = tf.gradients(loop[1], x)[0]
    with tf.Session() as s:
        kept = instructions(s, dx, {x: np.ones(3)}).count("StackPushV2")
    assert kept == 1  # the exponential; its input is not needed


def test_both_branches_of_a_condition_are_one_instruction() -> None:
    x: Any = tf.placeholder(tf.float32, [])
    y = tf.cond(x > 0, lambda: tf.exp(x) * 2, lambda: tf.sin(x) * 3)
    with tf.Session() as s:
        assert instructions(s, y, {x: 2.0}).count("_If") == 1


def test_a_branch_that_fails_is_harmless_while_the_other_runs() -> None:
    x: Any = tf.placeholder(tf.float32, [2])
    y = tf.cond(x[0] > 0, lambda: tf.gather(x, 5), lambda: x[1])
    with tf.Session() as s:
        assert s.run(y, {x: [-1.0, 7.0]}) == 7.0
        with pytest.raises(tf.errors.InvalidArgumentError, match="is not in"):
            s.run(y, {x: [1.0, 7.0]})


def test_an_error_in_a_loop_names_the_operation_and_the_line() -> None:
    x: Any = tf.placeholder(tf.float32, [3])
    y = tf.while_loop(lambda i, a: i < 5, lambda i, a: (i + 1, a + x[i]), [0, 0.0])
    with tf.Session() as s, pytest.raises(tf.errors.InvalidArgumentError) as raised:
        s.run(y, {x: [1.0, 2.0, 3.0]})
    assert "while/strided_slice" in str(raised.value)
    assert "test_flow.py" in str(raised.value)


def test_a_tensor_of_a_loop_cannot_be_used_outside() -> None:
    inside: list[Any] = []

    def body(i: Any) -> Any:
        inside.append(i + 1)
        return inside[-1]

    tf.while_loop(lambda i: i < 3, body, [0])
    with pytest.raises(ValueError, match="is in a while loop"):
        _ = inside[0] * 2


def test_loops_run_in_several_threads_at_once() -> None:
    x: Any = tf.placeholder(tf.float32, [50, 50])
    y = tf.while_loop(lambda i, a: i < 20, lambda i, a: (i + 1, tf.tanh(tf.matmul(a, x))), [0, x])
    dx = tf.gradients(y[1], x)[0]
    feeds = [np.random.RandomState(k).rand(50, 50).astype("f") / 50 for k in range(4)]
    with tf.Session() as s:
        alone = [s.run(dx, {x: f}) for f in feeds]
        found: list[Any] = [None] * 4

        def work(k: int) -> None:
            for _ in range(5):
                found[k] = s.run(dx, {x: feeds[k]})

        threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    for got, want in zip(found, alone, strict=True):
        np.testing.assert_array_equal(got, want)


def test_fed_arrays_and_results_of_a_loop_are_not_shared() -> None:
    x: Any = tf.placeholder(tf.float32, [3])
    n: Any = tf.placeholder(tf.int32, [])
    y = tf.while_loop(lambda i, a: i < n, lambda i, a: (i + 1, a * 2), [0, x])[1]
    given = np.ones(3, np.float32)
    with tf.Session() as s:
        for rounds in (0, 1, 3):
            found = s.run(y, {x: given, n: rounds})
            assert found.tolist() == [2.0**rounds] * 3
            found[:] = 7
            assert given.tolist() == [1, 1, 1]


def test_loop_and_branch_survive_a_meta_graph(tmp_path: Any) -> None:
    x: Any = tf.placeholder(tf.float32, [2], name="x")
    v: Any = tf.get_variable("v", initializer=[0.5, 0.25])

    def body(i: Any, a: Any) -> Any:
        return i + 1, tf.cond(tf.equal(i % 2, 0), lambda: tf.sin(a * v), lambda: a + x)

    y = tf.while_loop(lambda i, a: i < 4, body, [0, x])[1]
    dv = tf.gradients(y, v)[0]
    with started() as s:
        want = s.run([y, dv], {x: [1.0, 2.0]})
        path = tf.train.Saver().save(s, str(tmp_path / "model"))
    with tf.Graph().as_default(), tf.Session() as s:
        tf.train.import_meta_graph(path + ".meta", import_scope="again").restore(s, path)
        graph = tf.get_default_graph()
        here = [graph.get_tensor_by_name(f"again/{t.name}") for t in (x, y, dv)]
        again = tf.gradients(here[1], graph.get_tensor_by_name("again/v/read:0"))[0]
        found = s.run([*here[1:], again], {here[0]: [1.0, 2.0]})
    for got, wanted in zip(found, [*want, want[1]], strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-6)


def test_gradient_knows_which_branch_a_branch_inside_has_taken() -> None:
    w = tf.Variable([0.5, 0.25])
    first, second = tf.placeholder(tf.int32, []), tf.placeholder(tf.int32, [])

    def inner() -> Any:
        # The inner condition is worked out in the branch; the gradient branches on it again.
        return tf.cond(second > 0, lambda: tf.tanh(w) * w, lambda: tf.sin(tf.exp(w)))

    y = tf.cond(first > 0, lambda: tf.zeros([2]), inner)
    loss = tf.reduce_sum(tf.tanh(tf.stack([y, y])))
    (dw,) = tf.gradients(loss, w)
    session = started()
    for a, b, value in ((1, 0, 0), (0, 1, None), (0, 0, None)):
        got = session.run(dw, {first: a, second: b})
        if value is not None:
            np.testing.assert_array_equal(got, [value, value])
            continue
        at, step = np.array([0.5, 0.25], np.float32), 1e-2
        for i in range(2):
            sides = [
                session.run(loss, {first: a, second: b, w: at + sign * step * np.eye(2)[i]})
                for sign in (1, -1)
            ]
            np.testing.assert_allclose(got[i], (sides[0] - sides[1]) / (2 * step), rtol=1e-2)


def test_pushes_of_iterations_cannot_change_places_in_tensorflow() -> None:
    """TensorFlow runs iterations side by side: a push is ordered by the count of its iteration."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [])
        y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.sin(y)), [0, x])[1]
        tf.gradients(y, x)
        pushes = [op for op in graph.get_operations() if op.type == "StackPushV2"]
        assert pushes
        for push in pushes:
            (count,) = push.control_inputs
            (following,) = (op for op in count.outputs[0].consumers() if op.type == "NextIteration")
            (sync,) = following.control_inputs
            assert push in sync.control_inputs
