"""Sparse updates that add up the rows of equal indices in place: the program, and its numbers."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.core.declare import apply
from graphflow.plan import build
from graphflow.runtime import compiled

ROWS, WIDTH = 30, 5
MANY = np.array([3, 7, 3, 0, 29, 7, 3, 1, 2, 4, 5, 3])
ONCE = np.array([4, 0, 29, 3])
OPTIMIZERS = {
    "momentum": lambda: tf.train.MomentumOptimizer(0.1, 0.9),
    "nesterov": lambda: tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
    "adagrad": lambda: tf.train.AdagradOptimizer(0.1),
    "adagrad da": lambda: tf.train.AdagradDAOptimizer(
        0.1, tf.get_variable("step", (), tf.int64, tf.zeros_initializer(), trainable=False)
    ),
    "adadelta": lambda: tf.train.AdadeltaOptimizer(0.5),
    "adam": lambda: tf.train.AdamOptimizer(0.1),
    "rms prop": lambda: tf.train.RMSPropOptimizer(0.1, momentum=0.5),
    "centered rms prop": lambda: tf.train.RMSPropOptimizer(0.1, centered=True),
    "ftrl": lambda: tf.train.FtrlOptimizer(0.1, l1_regularization_strength=0.01),
    "ftrl with shrinkage": lambda: tf.train.FtrlOptimizer(
        0.1, l2_shrinkage_regularization_strength=0.1
    ),
    "proximal adagrad": lambda: tf.train.ProximalAdagradOptimizer(
        0.1, l1_regularization_strength=0.01
    ),
    "proximal gradient descent": lambda: tf.train.ProximalGradientDescentOptimizer(
        0.1, l2_regularization_strength=0.01
    ),
}
GONE = {"Unique", "UnsortedSegmentSum"}


@pytest.fixture(autouse=True)
def fresh_graph():
    with tf.Graph().as_default():
        yield


def table(kind="float32", resource=False, row=(WIDTH,)):
    start = np.random.RandomState(1).uniform(-1, 1, (ROWS, *row)).astype(kind)
    return tf.get_variable("table", initializer=start, use_resource=resource)


def loss_of(*lookups):
    return sum(
        tf.reduce_sum(tf.square(x) * tf.range(1, n + 1, dtype=x.dtype))
        for x in lookups
        for n in [x.shape.as_list()[-1]]
    )


def types(fetch, feeds=None):
    program = dict(tf.get_default_session().passes(fetch, feeds))["rows"]
    return [i.definition.name for i in program.instrs]


def variables_after(step, feeds, times=3):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(times):
            session.run(step, feeds)
        return session.run(tf.global_variables())


def by_hand(monkeypatch, step, feeds):
    """As TensorFlow declares it: with `Unique` and sums of an unknown number of rows."""
    with monkeypatch.context() as patch, compiled.numpy_only():
        patch.setattr(build, "rows", lambda program: program)
        return variables_after(step, feeds)


@pytest.mark.parametrize("row", [(WIDTH,), (), (2, 3)], ids=str)
@pytest.mark.parametrize("indices", [MANY, ONCE], ids=["many", "once"])
@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_give_the_same_numbers(monkeypatch, name, kind, resource, indices, row):
    at = tf.placeholder(tf.int64 if resource else tf.int32, indices.shape)
    step = OPTIMIZERS[name]().minimize(loss_of(tf.gather(table(kind, resource, row), at)))
    with tf.Session():
        assert GONE.isdisjoint(types(step, {at: indices}))
    wanted = by_hand(monkeypatch, step, {at: indices})
    with compiled.numpy_only():
        for got, want in zip(variables_after(step, {at: indices}), wanted, strict=True):
            np.testing.assert_array_equal(got, want)
    limit = 2e-5 if kind == "float32" else 1e-12
    for got, want in zip(variables_after(step, {at: indices}), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=limit, atol=limit)


def test_several_lookups_of_one_variable_are_one_update(monkeypatch):
    variable, first, second = table(), tf.placeholder(tf.int32, [2, 2]), tf.placeholder(tf.int32, 3)
    step = tf.train.MomentumOptimizer(0.1, 0.9).minimize(
        loss_of(tf.gather(variable, first), tf.gather(variable, second))
    )
    feeds = {first: [[1, 2], [3, 1]], second: [3, 1, 29]}
    with tf.Session():
        assert GONE.isdisjoint(types(step, feeds))
    wanted = by_hand(monkeypatch, step, feeds)
    with compiled.numpy_only():
        for got, want in zip(variables_after(step, feeds), wanted, strict=True):
            np.testing.assert_array_equal(got, want)


def test_variables_with_the_same_indices_share_the_search():
    at = tf.placeholder(tf.int32, [4])
    other = tf.get_variable("other", [ROWS], initializer=tf.ones_initializer())
    both = tf.gather(table(), at) * tf.gather(other, at)[:, None]
    step = tf.train.AdagradOptimizer(0.1).minimize(loss_of(both))
    with tf.Session():
        found = types(step, {at: ONCE})
    assert found.count("_FirstEqual") == 1
    assert found.count("_SumIntoFirst") == found.count("SparseApplyAdagrad") == 2


def test_an_optimizer_of_the_users_own_may_scale_the_sums():
    class Scaled(tf.train.GradientDescentOptimizer):
        def _apply_sparse_duplicate_indices(self, grad, var):
            return tf.train.Optimizer._apply_sparse_duplicate_indices(self, grad, var)

        def _apply_sparse(self, grad, var):
            rows = tf.sqrt(tf.abs(grad.values)) * 0.5
            return tf.scatter_sub(var, grad.indices, rows).op

    variable, at = table(), tf.placeholder(tf.int32, MANY.size)
    step = Scaled(1.0).minimize(tf.reduce_sum(tf.gather(variable, at)))
    with tf.Session() as session:
        assert GONE.isdisjoint(types(step, {at: MANY}))
        session.run(tf.global_variables_initializer())
        before = session.run(variable)
        session.run(step, {at: MANY})
        counts = np.bincount(MANY, minlength=ROWS)[:, None]
        np.testing.assert_allclose(session.run(variable), before - 0.5 * np.sqrt(counts), 1e-6)


# --- what has to stay as it is declared ---
def unique_sums(rows, indices):
    different, place = tf.unique(indices)
    return tf.unsorted_segment_sum(rows, place, tf.shape(different)[0]), different


def updated(variable, rows, indices):
    return apply("SparseApplyAdagrad", variable, variable, 0.1, rows, indices)


def fetches_the_sums(variable, rows, at):
    sums, different = unique_sums(rows, at)
    return [sums, updated(variable, sums, different)]


def fetches_the_indices(variable, rows, at):
    sums, different = unique_sums(rows, at)
    return [different, updated(variable, sums, different)]


def counts_the_indices(variable, rows, at):
    sums, different = unique_sums(rows, at)
    return [updated(variable, sums, different), tf.size(different) + 1]


def uses_the_number(variable, rows, at):
    different, place = tf.unique(at)
    number = tf.shape(different)[0]
    sums = tf.unsorted_segment_sum(rows, place, number)
    return [updated(variable, sums, different), number * 2]


def uses_the_shape(variable, rows, at):
    different, place = tf.unique(at)
    shape = tf.shape(different)
    sums = tf.unsorted_segment_sum(rows, place, shape[0])
    return [updated(variable, sums, different), tf.stack([shape, shape])]


def uses_the_places(variable, rows, at):
    different, place = tf.unique(at)
    sums = tf.unsorted_segment_sum(rows, place, tf.shape(different)[0])
    return [updated(variable, sums, different), place * 2]


def adds_up_the_sums(variable, rows, at):
    sums, different = unique_sums(rows, at)
    return [updated(variable, sums / tf.reduce_sum(sums), different)]


def writes_elsewhere(variable, rows, at):
    sums, different = unique_sums(rows, at)
    return [updated(variable, sums, different // 2)]


def updates_by_the_raw_indices(variable, rows, at):
    different, place = tf.unique(at)
    sums = tf.unsorted_segment_sum(rows, place, tf.shape(different)[0])
    return [updated(variable, sums, different), tf.scatter_add(variable, place, rows)]


def waits_for_the_search(variable, rows, at):
    different, place = tf.unique(at)
    sums = tf.unsorted_segment_sum(rows, place, tf.shape(different)[0])
    with tf.control_dependencies([place]):
        other = tf.assign_add(tf.get_variable("n", initializer=0.0), 1.0)
    return [updated(variable, sums, different), other]


def adds_up_whole_numbers(variable, rows, at):
    whole = tf.get_variable("whole", initializer=np.zeros((ROWS, WIDTH), np.int32))
    sums, different = unique_sums(tf.cast(rows, tf.int32), at)
    return [tf.scatter_add(whole, different, sums)]


STAY = [
    fetches_the_sums, fetches_the_indices, counts_the_indices, uses_the_number, uses_the_shape,
    uses_the_places, adds_up_the_sums, writes_elsewhere, updates_by_the_raw_indices,
    waits_for_the_search, adds_up_whole_numbers,
]  # fmt: skip


@pytest.mark.parametrize("declare", STAY, ids=lambda f: f.__name__.replace("_", "-"))
def test_sums_that_others_see_stay(declare):
    rows, at = tf.placeholder(tf.float32, [MANY.size, WIDTH]), tf.placeholder(tf.int32, MANY.size)
    fetches = declare(table(), rows, at)
    feeds = {rows: np.ones((MANY.size, WIDTH)), at: MANY}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found = types(fetches, feeds)
        assert "UnsortedSegmentSum" in found
        assert "_FirstEqual" not in found
        session.run(fetches, feeds)


def test_indices_of_an_unknown_number_stay():
    at = tf.placeholder(tf.int32, [None])
    step = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss_of(tf.gather(table(), at)))
    with tf.Session() as session:
        assert "_FirstEqual" in types(step, {at: MANY})
        session.run(tf.global_variables_initializer())
        for n in range(MANY.size):  # so many signatures that a plan for unknown sizes serves
            session.run(step, {at: MANY[:n]})


# --- mistakes ---
@pytest.mark.parametrize("bad", [[5, 7, 5, -1, 3], [5, 5, ROWS, 5, ROWS]], ids=["below", "above"])
@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize("name", ["momentum", "adam"])
def test_an_index_out_of_range_is_told_as_before(monkeypatch, name, resource, bad):
    variable, at = table(resource=resource), tf.placeholder(tf.int32, [5])
    values = tf.ones([5, WIDTH])
    gradient = tf.IndexedSlices(values, at, tf.constant([ROWS, WIDTH]))
    step = OPTIMIZERS[name]().apply_gradients([(gradient, variable)])

    def message():
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            before = session.run(variable)
            with pytest.raises(tf.errors.InvalidArgumentError) as caught:
                session.run(step, {at: bad})
            np.testing.assert_array_equal(session.run(variable), before)
            return str(caught.value)

    ours = message()
    with compiled.numpy_only():
        assert message() == ours
        monkeypatch.setattr(build, "rows", lambda program: program)
        assert message() == ours


def test_rows_of_another_width_are_told_as_before(monkeypatch):
    at, values = tf.placeholder(tf.int32, [2]), tf.placeholder(tf.float32, None)
    gradient = tf.IndexedSlices(values, at, tf.constant([ROWS, WIDTH]))
    step = OPTIMIZERS["momentum"]().apply_gradients([(gradient, table())])

    def message():
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            with pytest.raises(tf.errors.InvalidArgumentError) as caught:
                session.run(step, {at: [1, 1], values: np.ones((2, 3))})
            return str(caught.value)

    ours = message()
    monkeypatch.setattr(build, "rows", lambda program: program)
    assert message() == ours
