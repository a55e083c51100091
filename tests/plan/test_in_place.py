"""Updates in the variable's own memory: the program, its numbers, and what has to stay."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.plan import build
from graphflow.runtime import compiled

SIZE = (3, 50)


@pytest.fixture(autouse=True)
def fresh_graph():
    with tf.Graph().as_default():
        yield


def variable(name, resource=False, kind="float32", size=SIZE):
    start = np.random.RandomState(len(name)).uniform(0.1, 1, size).astype(kind)
    return tf.get_variable(name, initializer=start, use_resource=resource)


def types(fetch):
    program = dict(tf.Session().passes(fetch))["sweep"]
    return [i.definition.name for i in program.instrs if "Read" not in i.definition.name]


def variables_after(fetch, times=2):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(times):
            session.run(fetch)
        return session.run(tf.global_variables())


def as_declared(monkeypatch, fetch):
    with monkeypatch.context() as patch, compiled.numpy_only():
        patch.setattr(build, "in_place", lambda program: program)
        return variables_after(fetch)


def agrees(monkeypatch, fetch):
    wanted = as_declared(monkeypatch, fetch)
    with compiled.numpy_only():
        for got, want in zip(variables_after(fetch), wanted, strict=True):
            np.testing.assert_array_equal(got, want)
    for got, want in zip(variables_after(fetch), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("size", [(1,), SIZE, (40_000,)], ids=str)
@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_a_variable_is_scaled(monkeypatch, kind, resource, size):
    v = variable("v", resource, kind, size)
    factor = tf.get_variable("factor", initializer=np.array(0.75, kind))
    for scaled in (v * factor, tf.multiply(factor, v)):
        update = v.assign(scaled).op
        assert types(update) == ["_Scale"]
        agrees(monkeypatch, update)


@pytest.mark.parametrize("size", [(1,), SIZE, (40_000,)], ids=str)
@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_a_variable_moves_as_in_adam(monkeypatch, kind, resource, size):
    v, m, s = (variable(name, resource, kind, size) for name in ("v", "mean", "square"))
    rate = tf.get_variable("rate", initializer=np.array(0.01, kind))
    for step in (rate * m / (tf.sqrt(s) + 1e-3), m * rate / (1e-3 + tf.sqrt(s))):
        update = v.assign_sub(step).op
        assert types(update) == ["_SubtractRatio"]
        agrees(monkeypatch, update)


@pytest.mark.parametrize("resource", [False, True])
def test_adam_on_rows_makes_nothing_of_the_size_of_a_variable(monkeypatch, resource):
    v, at = variable("v", resource, size=(30, 4)), tf.constant([3, 7, 3])
    update = tf.train.AdamOptimizer(0.1).minimize(tf.reduce_sum(tf.square(tf.gather(v, at))))
    found = types(update)
    assert found.count("_Scale") == 2
    assert found.count("_SubtractRatio") == 1
    agrees(monkeypatch, update)


def test_the_old_value_can_still_be_fetched():
    v = variable("v")
    old = tf.exp(v)
    update = v.assign(v * 0.5)
    with tf.Session() as session:
        session.run(v.initializer)
        before = session.run(v)
        got, _ = session.run([old, update])
        np.testing.assert_allclose(got, np.exp(before), 1e-6)
        np.testing.assert_allclose(session.run(v), before * 0.5)


def test_the_variable_has_to_have_a_value():
    v = variable("v")
    update = v.assign(v * 0.5)
    with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value v"):
        tf.Session().run(update)


# --- what has to stay as it is declared ---
def test_a_function_updates_the_variable_it_is_given(monkeypatch):
    v = variable("v", resource=True)

    @tf.function
    def halve():
        return v.assign(v * 0.5)

    agrees(monkeypatch, halve())


def the_product_is_read():
    v = variable("v")
    product = v * 0.5
    return [v.assign(product), tf.exp(product)]


def the_product_is_fetched():
    v = variable("v")
    product = v * 0.5
    return [v.assign(product), product]


def of_another_variable():
    return [variable("v").assign(variable("other") * 0.5)]


def by_a_row():
    v = variable("v")
    return [v.assign(v * tf.constant(np.ones(SIZE[-1], np.float32) * 2))]


def of_whole_numbers():
    v = tf.get_variable("v", initializer=np.arange(100))
    return [v.assign(v * 3)]


def after_another_update():
    v = variable("v")
    product = v * 0.5
    with tf.control_dependencies([v.assign_add(tf.ones(SIZE))]):
        return [v.assign(product)]


def beside_another_update():
    v = variable("v")
    return [v.assign_add(tf.ones(SIZE)), v.assign(v * 0.5)]


@pytest.mark.parametrize(
    "declare",
    [
        the_product_is_read, the_product_is_fetched, of_another_variable, by_a_row,
        of_whole_numbers, after_another_update, beside_another_update,
    ],
    ids=lambda f: f.__name__.replace("_", "-"),
)  # fmt: skip
def test_a_product_stays(monkeypatch, declare):
    fetches = declare()
    assert "_Scale" not in types(fetches)
    agrees(monkeypatch, fetches)


def step_of(v, m, s):
    return 0.01 * m / (tf.sqrt(s) + 1e-3)


def the_root_is_fetched():
    v, m, s = map(variable, ("v", "mean", "square"))
    root = tf.sqrt(s)
    return [v.assign_sub(0.01 * m / (root + 1e-3)), root]


def the_mean_changes_later():
    v, m, s = map(variable, ("v", "mean", "square"))
    step = step_of(v, m, s)
    return [v.assign_sub(step), m.assign_add(tf.ones(SIZE))]


def the_update_waits():
    v, m, s = map(variable, ("v", "mean", "square"))
    step = step_of(v, m, s)
    with tf.control_dependencies([m.assign_add(tf.ones(SIZE))]):
        return [v.assign_sub(step)]


def the_mean_is_no_variable():
    v, s = map(variable, ("v", "square"))
    return [v.assign_sub(step_of(v, tf.exp(s), s))]


@pytest.mark.parametrize(
    "declare",
    [the_root_is_fetched, the_mean_changes_later, the_update_waits, the_mean_is_no_variable],
    ids=lambda f: f.__name__.replace("_", "-"),
)
def test_a_step_stays(monkeypatch, declare):
    fetches = declare()
    assert "_SubtractRatio" not in types(fetches)
    agrees(monkeypatch, fetches)
