"""Random numbers from compiled code: those that NumPy draws, run after run."""

import threading

import numpy as np
import pytest

import graphflow as tf
from graphflow.runtime import compiled
from tests.runtime.compiled_code import MACHINE, NEEDED, left_to_numpy

pytestmark = [NEEDED, pytest.mark.usefixtures("everything_is_compiled")]

FILLS = {
    "uniform": lambda n: tf.random_uniform([n], seed=1),
    "uniform of float64": lambda n: tf.random_uniform([n], -1, 1, tf.float64, seed=2),
    "normal": lambda n: tf.random_normal([n], seed=3),
    "normal of float64": lambda n: tf.random_normal([n], dtype=tf.float64, seed=4),
    "truncated normal": lambda n: tf.truncated_normal([n], seed=8),
    "truncated normal of float64": lambda n: tf.truncated_normal([n], dtype=tf.float64, seed=9),
    "int32": lambda n: tf.random_uniform([n], -(2**31), 2**31 - 1, tf.int32, seed=5),
    "int64": lambda n: tf.random_uniform([n], -5, 2**62, tf.int64, seed=6),
}


def runs(make, n=3):
    """Three runs in one session; nothing of them is left to NumPy if there is compiled code."""
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(7)
        fetch = make()
        found = [session.run(fetch) for _ in range(n)]
        assert compiled.machine() is None or left_to_numpy(session, fetch) == []
    return found


@pytest.mark.parametrize("size", [1, 2, 5, 512, 70_001])
@pytest.mark.parametrize("name", FILLS)
def test_fills_draw_what_numpy_draws(instruction_set, name, size):
    ours = runs(lambda: FILLS[name](size))
    with compiled.numpy_only():
        plain = runs(lambda: FILLS[name](size))
    for x, y in zip(ours, plain, strict=True):
        assert x.dtype == y.dtype
        if "normal" in name:  # logarithm, sine and cosine may differ in the last place
            np.testing.assert_allclose(x, y, 3 * np.finfo(x.dtype).eps)
        else:
            assert np.array_equal(x, y)


@pytest.mark.parametrize("shape", [(1,), (2,), (7,), (5000,), (600, 3), (600, 2)])
@pytest.mark.parametrize("kind", ["float32", "float64", "int32", "int64", "bool"])
def test_shuffles_are_those_of_numpy(instruction_set, kind, shape):
    value = np.random.RandomState(0).randint(0, 2 if kind == "bool" else 10**6, shape).astype(kind)

    def make():
        return tf.random_shuffle(tf.constant(value), seed=3)

    ours = runs(make)
    with compiled.numpy_only():
        plain = runs(make)
    assert np.array_equal(ours, plain)
    assert np.array_equal(np.sort(ours[0], 0), np.sort(value, 0)) or value.ndim > 1


@pytest.mark.parametrize("samples", [1, 2, 7])
@pytest.mark.parametrize("classes", [1, 6, 300])
@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_draws_of_classes_are_those_of_numpy(instruction_set, kind, dtype, classes, samples):
    logits = np.random.RandomState(0).normal(size=(31, classes)).astype(kind) * 3
    logits[3] = -np.inf  # no class has a weight
    logits[4, ::2] = np.nan
    logits[5, -1] = np.inf

    def make():
        return tf.multinomial(tf.constant(logits), samples, seed=5, output_dtype=dtype)

    ours = runs(make)
    with compiled.numpy_only():
        plain = runs(make)
    assert ours[0].dtype == dtype
    assert np.array_equal(ours, plain)


@pytest.mark.parametrize("unique", [True, False])
@pytest.mark.parametrize(
    ("range_max", "samples"), [(50_000, 64), (64, 64), (70, 64), (2**40 + 12345, 300), (1, 1)]
)
@pytest.mark.parametrize("law", ["log_uniform", "uniform"])
def test_candidate_samplers_draw_what_numpy_draws(instruction_set, law, range_max, samples, unique):
    sampler = getattr(tf.nn, f"{law}_candidate_sampler")
    classes = np.arange(-3, 61).reshape(32, 2)  # also some that are none

    def make():
        return list(sampler(tf.constant(classes), 2, samples, unique, range_max, seed=3))

    ours = runs(make)
    with compiled.numpy_only():
        plain = runs(make)
    for x, y in zip(ours, plain, strict=True):
        for a, b in zip(x, y, strict=True):
            assert np.array_equal(a, b, equal_nan=True)


def test_compiled_code_and_numpy_share_one_stream():
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)
        x = tf.random_normal([10])
        y = tf.random_uniform([10])
    found = {}
    for turns in ("c" * 6, "n" * 6, "cncncn"):
        with tf.Session(graph=graph) as session:
            found[turns] = []
            for turn in turns:
                level = tf.RunOptions.FULL_TRACE if turn == "n" else tf.RunOptions.NO_TRACE
                options, data = tf.RunOptions(trace_level=level), tf.RunMetadata()
                found[turns].append(session.run([x, y], options=options, run_metadata=data))
    first, *others = found.values()
    for other in others:
        np.testing.assert_allclose(first, other, 1e-6)


def test_no_two_threads_draw_the_same_numbers():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.random_uniform([64], maxval=2**62, dtype=tf.int64, seed=3)
        session.run(x)
        found = []

        def work():
            mine = [session.run(x) for _ in range(300)]
            found.extend(mine)

        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    drawn = np.concatenate(found)
    assert len(np.unique(drawn)) == len(drawn)


def test_an_operation_without_seeds_draws_afresh_in_each_session():
    with tf.Graph().as_default():
        x = tf.random_uniform([100])
        first, second = [], []
        for found in (first, second):
            with tf.Session() as session:
                found += [session.run(x), session.run(x)]
    assert len({a.tobytes() for a in (*first, *second)}) == 4


def test_an_empty_range_of_integers_is_told_in_tensorflows_words():
    high = tf.placeholder(tf.int32, [])
    x = tf.random_uniform([5], 3, high, tf.int32)
    with tf.Session() as session:
        assert left_to_numpy(session, x, {high: 4}) == []
        assert session.run(x, {high: 4}).tolist() == [3] * 5
        with pytest.raises(tf.errors.InvalidArgumentError, match="Need minval < maxval, got 3 >="):
            session.run(x, {high: 3})


def test_dropout_runs_as_compiled_code(instruction_set):
    x = tf.placeholder(tf.float32, [300, 70])
    with tf.Session() as session:
        y = tf.nn.dropout(x, rate=0.25, seed=4)
        feeds = {x: np.ones((300, 70))}
        assert left_to_numpy(session, y, feeds) == []
        kept = session.run(y, feeds)
    assert set(np.unique(kept)) == {np.float32(0), np.float32(1 / 0.75)}
    assert 0.73 < (kept > 0).mean() < 0.77


def test_a_stream_is_three_words():
    with pytest.raises(ValueError, match="three words"):
        MACHINE.module.advance(np.zeros(2, np.uint64), 1)
