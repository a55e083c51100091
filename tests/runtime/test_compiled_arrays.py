"""Compiled kernels that fill, pick, count, reduce and move: each against NumPy."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.core.declare import apply
from tests.runtime.compiled_code import NEEDED, agrees, both, left_to_numpy

pytestmark = [NEEDED, pytest.mark.usefixtures("everything_is_compiled", "instruction_set")]

NUMBERS = np.random.RandomState(0)
KINDS = ["float32", "float64", "int32", "int64"]


def array(kind, *shape):
    """Numbers with ties; of float types also infinite ones and nan."""
    made = NUMBERS.randint(-3, 4, shape).astype(kind)
    if made.dtype.kind == "f" and made.size > 3:
        made.reshape(-1)[:: max(made.size // 3, 2)] = [np.nan, np.inf, -np.inf, np.nan][:1]
    return made


def same(fetch, feeds=None):
    """Asserts that nothing is left to NumPy, and that every bit is as with NumPy."""
    ours, plain = both(fetch, feeds, whole=True)
    assert ours.dtype == plain.dtype
    assert np.array_equal(ours, plain, equal_nan=ours.dtype.kind == "f")


def fed(*values):
    tensors = [tf.placeholder(v.dtype, v.shape) for v in values]
    return *tensors, dict(zip(tensors, values, strict=True))


# --- reductions ---
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("axes", [[0], [1], [0, 2], [1, 3], [0, 2, 3], [0, 1, 2, 3], []])
def test_reductions_along_any_axes(kind, axes):
    x, feeds = fed(NUMBERS.randint(-3, 4, (5, 3, 4, 17)).astype(kind))
    for reduce in (tf.reduce_sum, tf.reduce_prod, tf.reduce_max, tf.reduce_min, tf.reduce_mean):
        if reduce is tf.reduce_mean and kind.startswith("int"):
            continue
        for keep in (True, False):
            agrees(reduce(x + x, axes, keep), feeds, whole=True)


@pytest.mark.parametrize("axes", [[0], [1], [0, 2], [1, 2], [0, 1, 2]])
def test_extremes_pass_over_nan(axes):
    x, feeds = fed(array("float32", 6, 5, 7))
    same(tf.reduce_max(x, axes), feeds)
    same(tf.reduce_min(x, axes), feeds)


@pytest.mark.parametrize("axes", [[0], [1], [0, 2], [0, 1, 2]])
def test_truth_along_any_axes(axes):
    for share in (0, 1, 2, 20):
        x, feeds = fed(NUMBERS.randint(0, 22, (4, 5, 9)) < share)
        same(tf.reduce_all(x, axes), feeds)
        same(tf.reduce_any(x, axes), feeds)


def test_a_large_reduction_is_shared_out_to_threads():
    x, feeds = fed(NUMBERS.normal(size=(20, 33, 40, 41)).astype(np.float32))
    for axes in ([0, 2, 3], [1], [1, 3], [0, 2]):
        agrees(tf.reduce_mean(x, axes), feeds, whole=True)


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_half_the_sum_of_the_squares(kind):
    x, feeds = fed(NUMBERS.normal(size=(70, 70)).astype(kind))
    agrees(tf.nn.l2_loss(x), feeds, whole=True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("index", ["int32", "int64"])
def test_positions_of_extremes(kind, index):
    x, feeds = fed(array(kind, 4, 9, 5))
    for axis in (0, 1, 2, -1):
        same(tf.argmax(x, axis, output_type=index), feeds)
        same(tf.argmin(x, axis, output_type=index), feeds)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("reverse", [True, False])
def test_running_sums(kind, exclusive, reverse):
    x, feeds = fed(array(kind, 3, 4, 5))
    for axis in (0, 1, -1):
        same(tf.cumsum(x, axis, exclusive, reverse), feeds)


def test_an_accuracy_runs_as_compiled_code():
    logits, feeds = fed(NUMBERS.normal(size=(100, 10)).astype(np.float32))
    labels = tf.placeholder(tf.float32, [100, 10])
    right = tf.equal(tf.argmax(logits, 1), tf.argmax(labels, 1))
    feeds[labels] = np.eye(10)[NUMBERS.randint(0, 10, 100)]
    same(tf.reduce_mean(tf.cast(right, tf.float32)), feeds)
    known, more = fed(NUMBERS.randint(-1, 11, 100))
    for k in (1, 3):
        same(tf.nn.in_top_k(logits, tf.cast(known, tf.int32), k), {**feeds, **more})
        same(tf.nn.in_top_k(logits, known, k), {**feeds, **more})
    feeds[logits][7, 3] = np.nan
    same(tf.nn.in_top_k(logits, known, 5), {**feeds, **more})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(9,), (3, 1), (2, 3, 60), (3, 700)])
def test_the_largest_of_each_row(kind, shape):
    x, feeds = fed(array(kind, *shape))
    for k in sorted({1, -(-shape[-1] // 20), -(-shape[-1] // 3), shape[-1]}):
        for found in (tf.nn.top_k(x, k), apply("TopK", x, k=k, sorted=False)):
            ours, plain = both(list(found), feeds, whole=True)
            for a, b in zip(ours, plain, strict=True):
                assert a.dtype == b.dtype
                assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def test_as_many_of_the_largest_as_a_feed_says():
    k = tf.placeholder(tf.int32, [])
    x, feeds = fed(array("float32", 5, 60))
    with tf.Session() as session:
        for n in (3, 0, 60, 30):
            values, places = session.run(tf.nn.top_k(x, k), {**feeds, k: n})
            assert np.array_equal(values, np.take_along_axis(feeds[x], places, 1), equal_nan=True)
        with pytest.raises(tf.errors.InvalidArgumentError, match="Had 60, needed 61"):
            session.run(tf.nn.top_k(x, k), {**feeds, k: 61})


# --- comparisons, casts, integers ---
@pytest.mark.parametrize("kind", [*KINDS, "bool"])
def test_equality(kind):
    x, y, feeds = fed(array(kind, 20, 7), array(kind, 20, 7))
    same(tf.equal(x, y), feeds)
    same(tf.not_equal(x, y), feeds)
    one, more = fed(array(kind, 7))
    same(tf.equal(x, one), {**feeds, **more})


@pytest.mark.parametrize("after", [*KINDS, "bool"])
@pytest.mark.parametrize("before", [*KINDS, "bool"])
def test_casts(before, after):
    if before == after:
        return
    values = array(before, 300)
    if before.startswith("float"):
        values[:8] = [2.9, -2.9, 2.0**31, -(2.0**31), 2.0**63, 1e30, -1e30, np.nan]
        values[8:10] = [np.inf, -np.inf]
    elif before == "int64":
        values[:4] = [2**40 + 5, -(2**40) - 5, 2**63 - 1, -(2**63)]
    x, feeds = fed(values)
    same(tf.cast(x, after), feeds)


@pytest.mark.parametrize("kind", ["int32", "int64"])
def test_arithmetic_of_integers(kind):
    low = np.iinfo(kind).min
    x, y, feeds = fed(np.array([low, -low - 1, 0, 3, -7], kind), np.array([1, 2, low, 0, 5], kind))
    for made in (tf.maximum(x, y), tf.minimum(x, y), -x, tf.abs(x), tf.sign(x)):
        same(made, feeds)


def test_choices():
    condition, t, e, feeds = fed(
        NUMBERS.randint(0, 2, 6) > 0, array("float32", 6, 4, 3), array("float32", 6, 4, 3)
    )
    same(tf.where(condition, t, e), feeds)
    one, more = fed(np.array(False))
    same(tf.where(one, t, e), {**feeds, **more})
    a, b, more = fed(NUMBERS.randint(0, 2, (6, 4, 3)) > 0, NUMBERS.randint(0, 2, (6, 4, 3)) > 0)
    same(tf.where(a, b, tf.logical_not(b)), more)


# --- picking and placing ---
@pytest.mark.parametrize("axis", [-1, 0, 1])
@pytest.mark.parametrize("kind", [*KINDS, "bool"])
def test_one_hot(axis, kind):
    for index in ("int32", "int64"):
        at, feeds = fed(NUMBERS.randint(-2, 7, (4, 3)).astype(index))
        on, off = (np.array(x).astype(kind) for x in (3, 0))
        same(tf.one_hot(at, 5, on, off, axis, kind), feeds)


def test_moves():
    x, feeds = fed(array("float32", 3, 4, 5))
    same(tf.tile(x, [2, 1, 3]), feeds)
    same(tf.tile(x, [1, 2, 1]), feeds)
    same(tf.reverse(x, [0, -1]), feeds)
    same(tf.reverse(x, [1]), feeds)
    same(tf.pad(x, [[1, 0], [2, 3], [0, 1]], constant_values=7.5), feeds)
    same(tf.gradients(tf.square(x[1:, ::-2, 3]), x)[0], feeds)
    same(apply("OnesLike", x) * x, feeds)
    same(apply("Fill", [3, 4], x[0, 0, 0]), feeds)
    y, feeds = fed(array("bool", 3, 4))
    same(tf.tile(y, [2, 2]), feeds)


def test_a_part_may_be_empty():
    x, feeds = fed(array("float32", 5, 6))
    ours, plain = both([*tf.split(x * 2.0, [5, 0, 1], 1)], feeds)
    for found, wanted in zip(ours, plain, strict=True):
        assert found.shape == wanted.shape
        assert np.array_equal(found, wanted, equal_nan=True)


@pytest.mark.parametrize("index", ["int32", "int64"])
def test_slices_by_index_vectors(index):
    x, at, feeds = fed(
        NUMBERS.normal(size=(4, 5, 6)), np.stack([NUMBERS.randint(0, 4, 9)] * 2, 1).astype(index)
    )
    same(tf.gather_nd(x, at), feeds)
    same(tf.gather_nd(x, at[:, :1]), feeds)
    agrees(tf.gradients(tf.square(tf.gather_nd(x, at)), x)[0], feeds, whole=True)
    wrong = {**feeds, at: np.array([[0, 0]] * 8 + [[0, 5]])}
    says = pytest.raises(tf.errors.InvalidArgumentError, match=r"indices\[8\] = \[0, 5\] does")
    with tf.Session() as session, says:
        session.run(tf.gather_nd(x, at), wrong)


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_sums_by_segment(kind):
    x, ids, feeds = fed(NUMBERS.normal(size=(30, 7)).astype(kind), NUMBERS.randint(-1, 5, 30))
    agrees(tf.unsorted_segment_sum(x, ids, 5), feeds, whole=True)
    each, more = fed(NUMBERS.randint(-1, 9, (30, 7)).astype(np.int32))
    agrees(tf.unsorted_segment_sum(x, each, 9), {**feeds, **more}, whole=True)


# --- variables ---
@pytest.mark.parametrize("resource", [True, False])
@pytest.mark.parametrize("index", ["int32", "int64"])
@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_variables_are_added_and_subtracted(kind, index, resource):
    start = NUMBERS.randint(0, 9, (6, 40)).astype(kind)
    v = tf.Variable(start, use_resource=resource)
    rows, feeds = fed(NUMBERS.randint(0, 9, (3, 40)).astype(kind))
    at, more = fed(np.array([4, 1, 4], index))
    wanted = start.copy()
    with tf.Session() as session:
        session.run(v.initializer)
        for update, sign in ((tf.scatter_add, 1), (tf.scatter_sub, -2)):
            changed = update(v, at, rows * abs(sign))
            session.run(changed.op, {**feeds, **more})
            assert left_to_numpy(session, changed.op, {**feeds, **more}) == []
            np.add.at(wanted, more[at], feeds[rows] * sign)
        np.testing.assert_array_equal(session.run(v), wanted)


@pytest.mark.parametrize("resource", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_variables_count_and_take_rows(kind, resource):
    start = NUMBERS.randint(0, 9, (6, 4)).astype(kind)
    v = tf.Variable(start, use_resource=resource)
    rows, feeds = fed(NUMBERS.randint(0, 9, (3, 4)).astype(kind))
    at, more = fed(np.array([4, 1, 4], np.int32))
    updates = [tf.assign_add(v, start + 1), tf.assign_sub(v, start[::-1].copy())]
    updates.append(tf.scatter_update(v, at, rows))
    with tf.Session() as session:
        session.run(v.initializer)
        for update in updates:
            node = update.op if hasattr(update, "op") else update
            session.run(node, {**feeds, **more})
            assert left_to_numpy(session, node, {**feeds, **more}) == []
        found = session.run(v)
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"indices\[2\] = 6 is not in"):
            session.run(updates[-1], {**feeds, at: [0, 0, 6]})
    wanted = start * 2 + 1 - start[::-1]
    wanted[1], wanted[4] = feeds[rows][1], feeds[rows][2]
    assert np.array_equal(found, wanted)
