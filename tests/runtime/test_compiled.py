"""The compiled kernels: every instruction set, shapes of all kinds, what they leave to NumPy."""

import contextlib
import itertools
import os
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphflow as tf
from graphflow.runtime import compiled
from tests.runtime.compiled_code import MACHINE, NEEDED, SETS, agrees, both

pytestmark = [NEEDED, pytest.mark.usefixtures("everything_is_compiled")]


def units_in_the_last_place(found, exact):
    """The largest error, in units of the last place of the right answer; where that is finite."""
    with np.errstate(over="ignore"):
        right = exact.astype(np.float32)
    same = (found == right) | (np.isnan(found) & np.isnan(right))
    finite = np.isfinite(right)
    assert same[~finite].all()
    spacing = np.spacing(np.maximum(np.abs(right[finite]), np.float32(1e-45))).astype(np.float64)
    return float((np.abs(found[finite].astype(np.float64) - exact[finite]) / spacing).max())


NUMBERS = np.random.RandomState(0)
EVERYWHERE = np.concatenate(
    [
        np.array([0, -0.0, np.inf, -np.inf, np.nan, 1, -1, 1e-45, 3.4e38, 88.72, -103.9], "f"),
        NUMBERS.randint(0, 2**32, 200_000, np.uint64).astype(np.uint32).view(np.float32),
        NUMBERS.uniform(-110, 110, 200_000).astype(np.float32),
        NUMBERS.uniform(-1, 1, 200_000).astype(np.float32),
    ]
)


@pytest.mark.parametrize("name", ["exp", "log", "log1p", "expm1", "tanh"])
def test_functions_err_by_at_most_two_units_in_the_last_place(instruction_set, name):
    x = tf.placeholder(tf.float32, [None])
    with tf.Session() as session:
        found = session.run(getattr(tf, name)(x), {x: EVERYWHERE})
    with np.errstate(all="ignore"):
        exact = getattr(np, name)(EVERYWHERE.astype(np.float64))
    assert units_in_the_last_place(found, exact) <= 2


@settings(max_examples=60, deadline=None)
@given(
    m=st.integers(1, 70),
    n=st.integers(1, 90),
    k=st.sampled_from([1, 2, 3, 17, 64, 255, 256, 257, 600]),
    ta=st.booleans(),
    tb=st.booleans(),
    kind=st.sampled_from(["float32", "float64"]),
)
def test_products_agree_with_numpy(m, n, k, ta, tb, kind):
    with tf.Graph().as_default():
        a = tf.placeholder(kind, [k, m] if ta else [m, k])
        b = tf.placeholder(kind, [n, k] if tb else [k, n])
        feeds = {t: NUMBERS.normal(size=t.shape.as_list()) for t in (a, b)}
        for name in SETS:
            MACHINE.module.use(name)
            agrees(tf.matmul(a, b, transpose_a=ta, transpose_b=tb), feeds)
            c = tf.matmul(a, b, transpose_a=ta, transpose_b=tb)
            agrees(c + tf.matmul(a * 2, b, transpose_a=ta, transpose_b=tb), feeds)


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 3), st.integers(1, 18), st.integers(1, 18)),
    filter_size=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    channels=st.tuples(st.sampled_from([1, 3, 16, 17, 33]), st.sampled_from([1, 5, 16, 20, 64])),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    padding=st.sampled_from(["SAME", "VALID"]),
)
def test_convolutions_and_gradients_agree_with_numpy(
    size, filter_size, channels, stride, dilation, padding
):
    n, h, w = size
    if padding == "VALID":
        h += (filter_size[0] - 1) * dilation[0]
        w += (filter_size[1] - 1) * dilation[1]
    if max(dilation) > 1:
        stride = (1, 1)  # TensorFlow's gradients take one or the other
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [n, h, w, channels[0]])
        f = tf.placeholder(tf.float32, [*filter_size, *channels])
        y = tf.nn.conv2d(x, f, [1, *stride, 1], padding, dilations=[1, *dilation, 1])
        dy = tf.placeholder(tf.float32, y.shape)
        feeds = {t: NUMBERS.normal(size=t.shape.as_list()) for t in (x, f, dy)}
        # An image far larger than dy has a gradient that is computed from little: NumPy does that.
        large = h * w > 4 * y.shape[1] * y.shape[2] * stride[0] * stride[1]
        for name in SETS:
            MACHINE.module.use(name)
            dx, df = tf.gradients(y, [x, f], dy)
            for fetch in (y, df):
                agrees(fetch, feeds)
            agrees(dx, feeds, some=not large)


@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(st.integers(1, 2), st.integers(2, 12), st.integers(2, 12), st.integers(1, 35)),
    window=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
)
def test_poolings_agree_with_numpy(size, window, stride):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, size)
        y = tf.nn.max_pool(x, [1, *window, 1], [1, *stride, 1], "SAME")
        values = NUMBERS.randint(0, 4, size).astype(np.float32)  # with ties
        for name in SETS:
            MACHINE.module.use(name)
            agrees(y, {x: values})
            agrees(tf.gradients(y * y, x)[0], {x: values})


@settings(max_examples=60, deadline=None)
@given(
    shape=st.lists(st.integers(1, 40), min_size=1, max_size=3),
    axis=st.integers(0, 2),
    kind=st.sampled_from(["float32", "float64"]),
)
def test_groups_with_rows_columns_and_reductions_agree_with_numpy(shape, axis, kind):
    axis %= len(shape)
    with tf.Graph().as_default():
        x = tf.placeholder(kind, shape)
        row = tf.placeholder(kind, shape[-1:])
        column = tf.placeholder(kind, [*shape[:-1], 1])
        one = tf.placeholder(kind, [])
        z = tf.where(x > one, tf.exp(x * row) + column, tf.square(x) - 3.0 * one)
        feeds = {t: NUMBERS.normal(size=t.shape.as_list()) for t in (x, row, column, one)}
        for name in SETS:
            MACHINE.module.use(name)
            for reduce in (tf.reduce_sum, tf.reduce_mean, tf.reduce_max, tf.reduce_min):
                agrees(reduce(z), feeds)
                agrees(reduce(z, axis), feeds)
            agrees(z, feeds)


@pytest.mark.parametrize("nodes", ["bias", "relu", "pool"])
def test_a_convolution_takes_what_stands_behind_it_along(instruction_set, nodes):
    x = tf.placeholder(tf.float32, [3, 9, 8, 5])
    f, b = tf.placeholder(tf.float32, [3, 3, 5, 20]), tf.placeholder(tf.float32, [20])
    y = tf.nn.bias_add(tf.nn.conv2d(x, f, 1, "SAME"), b)
    if nodes != "bias":
        y = tf.nn.relu(y)
    if nodes == "pool":
        y = tf.nn.max_pool(y, [1, 3, 2, 1], [1, 2, 2, 1], "SAME")
    feeds = {t: NUMBERS.normal(size=t.shape.as_list()) for t in (x, f, b)}
    agrees(y, feeds)
    agrees(tf.gradients(y, [x, f, b], y)[1], feeds)
    with tf.Session() as session:
        _, first = session.run([y, tf.nn.conv2d(x, f, 1, "SAME")], feeds)  # fetched: made apart
        assert first.shape == (3, 9, 8, 20)


def test_tied_weights_train_as_with_numpy():
    x = tf.placeholder(tf.float32, [None, 60])
    w = tf.Variable(tf.random_uniform([60, 40], seed=1) - 0.5)
    y = tf.matmul(tf.nn.sigmoid(tf.matmul(x, w)), tf.transpose(w))
    loss = tf.reduce_sum(tf.pow(x - y, 2) + tf.pow(y, 3))
    feeds = {x: np.random.default_rng(7).normal(size=(30, 60))}
    step = tf.train.GradientDescentOptimizer(1e-4).minimize(loss)
    found = []
    for context in (contextlib.nullcontext, compiled.numpy_only):
        with context(), tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for _ in range(5):
                session.run(step, feeds)
            found.append(session.run([w, loss], feeds))
    for ours, plain in zip(*found, strict=True):
        np.testing.assert_allclose(ours, plain, 1e-4, 1e-6)  # a weight may be almost 0


def test_sums_of_products_are_written_once(instruction_set):
    a, b = (tf.placeholder(tf.float32, [20, 20]) for _ in range(2))
    parts = [tf.matmul(a + float(i), b, transpose_a=True) for i in range(5)]
    feeds = {a: NUMBERS.normal(size=(20, 20)), b: NUMBERS.normal(size=(20, 20))}
    agrees(tf.add_n(parts), feeds)
    agrees(parts[0] + parts[1] * 2.0 + parts[1], feeds)
    for fetch in both([tf.add_n(parts), parts[2]], feeds):
        np.testing.assert_allclose(fetch[1], (feeds[a] + 2.0).T @ feeds[b], 1e-4, 1e-4)


def test_a_result_may_take_over_the_memory_of_an_operand():
    x = tf.placeholder(tf.float32, [5000])
    y = tf.exp(x) * 2.0
    a, b = y + 1.0, y * y
    c, d = a * b - y, a / (b + 1.0)
    agrees(tf.reduce_sum(c * d) + tf.reduce_sum(tf.tanh(c) - d), {x: NUMBERS.normal(size=5000)})


def test_groups_may_have_any_number_of_operands_and_results():
    x = tf.placeholder(tf.float32, [700, 5])
    rows = tf.unstack(x)
    kept = [tf.where(a > b, a * (1.5 + i), b) for i, (a, b) in enumerate(itertools.pairwise(rows))]
    feeds = {x: NUMBERS.normal(size=(700, 5))}
    agrees(tf.add_n(rows), feeds)
    agrees(tf.stack(kept), feeds)
    agrees(tf.reduce_sum(tf.stack([tf.reduce_sum(k) for k in kept])), feeds, 1e-4)


def test_groups_of_one_form_keep_their_own_numbers():
    x = tf.placeholder(tf.float32, [6])
    z, kept = tf.abs(x), []
    for i in range(300):  # more than one group holds
        z = tf.abs(z * (1 + i / 300) - x)
        kept.append(z)
    for ours, plain in zip(*both(kept, {x: NUMBERS.normal(size=6)}), strict=True):
        np.testing.assert_array_equal(ours, plain)


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64, tf.int32])
def test_groups_of_one_form_tell_zeros_literals_and_shapes_apart(dtype):
    x, rows = tf.placeholder(dtype, [2, 3]), tf.placeholder(dtype, [3])
    columns, one = tf.placeholder(dtype, [2, 1]), tf.placeholder(dtype, [1])
    total, kept = tf.zeros([], dtype), []
    factors = [0, 0.0, -0.0, 1, 2] if dtype.is_floating else [0, 1, 2, 3]
    for other in (*[tf.constant(f, dtype) for f in factors], rows, columns, one, x):
        kept.append((x + total) * other)
        total = tf.reduce_max(kept[-1])  # the next group waits for it
    for slope in (0.25, 0.5, 0.75) if dtype.is_floating else ():
        kept.append(tf.nn.leaky_relu(x - total, slope))
        total = tf.reduce_max(kept[-1])
    feeds = {x: [[1, -2, 3], [-4, 5, 6]], rows: [7, 8, 9], columns: [[10], [11]], one: [12]}
    for ours, plain in zip(*both([*kept, total], feeds), strict=True):
        np.testing.assert_array_equal(ours, plain)
        np.testing.assert_array_equal(np.signbit(ours), np.signbit(plain))


# --- what compiled code leaves to NumPy ---
def test_a_feed_may_be_a_view():
    x = tf.placeholder(tf.float32, [30, 20])
    whole = NUMBERS.normal(size=(20, 60)).astype(np.float32)
    agrees(tf.exp(x) + tf.tanh(x), {x: whole.T[::2]})


def test_a_variable_without_a_value_is_told_with_its_name():
    v = tf.Variable(tf.ones([3, 3]), name="weights")
    with tf.Session() as session, pytest.raises(tf.errors.FailedPreconditionError, match="weights"):
        session.run(tf.matmul(v, v) + 1.0)


def test_an_index_out_of_range_is_told_in_tensorflows_words():
    table, at = tf.placeholder(tf.float32, [4, 2]), tf.placeholder(tf.int32, [3])
    rows = tf.gather(table, at) * 2.0
    with tf.Session() as session:
        assert session.run(rows, {table: np.ones((4, 2)), at: [0, 3, 1]}).shape == (3, 2)
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"indices\[1\] = 4 is not in"):
            session.run(rows, {table: np.ones((4, 2)), at: [0, 4, 1]})


def test_a_label_out_of_range_leaves_the_variable_as_it_was():
    labels = tf.placeholder(tf.int64, [2])
    w = tf.Variable(tf.ones([3]))
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=tf.stack([w, w]))
    step = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match="label value of 3"):
            session.run(step, {labels: [0, 3]})
        assert session.run(w).tolist() == [1, 1, 1]


def test_a_variable_may_change_its_shape():
    v = tf.Variable([1.0, 2.0], validate_shape=False, shape=tf.TensorShape(None))
    new = tf.placeholder(tf.float32, None)
    change = tf.assign(v, new, validate_shape=False)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        twice = tf.exp(v) + v
        assert session.run(twice).shape == (2,)
        session.run(change, {new: np.ones((3, 2))})
        assert session.run(twice).shape == (3, 2)


# --- runs ---
def _training():
    x = tf.placeholder(tf.float32, [40, 30])
    h = tf.layers.dense(x, 50, tf.nn.relu)
    loss = tf.reduce_mean(tf.square(tf.layers.dense(h, 3)))
    return x, tf.train.AdamOptimizer(0.01).minimize(loss)


def test_a_step_in_steady_state_allocates_nothing_but_what_is_fetched():
    x, step = _training()
    value = NUMBERS.normal(size=(40, 30)).astype(np.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(3):
            session.run(step, {x: value})
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            session.run(step, {x: value})
            after, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert after - before < 1024
    assert peak - before < 8192  # Python's own small objects; the smallest array has 6,000 bytes


def test_threads_give_the_same_numbers():
    a, b = (tf.placeholder(tf.float32, [700, 600]) for _ in range(2))
    x = tf.placeholder(tf.float32, [8, 20, 20, 32])
    fetches = [
        tf.matmul(a, b, transpose_b=True),
        tf.tanh(a) * b,
        tf.reduce_sum(tf.exp(a) + b),
        tf.nn.conv2d(x, tf.ones([3, 3, 32, 32]), 1, "SAME"),
    ]
    feeds = {t: NUMBERS.normal(size=t.shape.as_list()) for t in (a, b, x)}
    found = []
    for n in (1, 2):
        with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=n)) as session:
            found.append(session.run(fetches, feeds))
    for one, two in zip(*found, strict=True):
        np.testing.assert_allclose(one, two, 1e-5, 1e-5 * np.abs(one).max())


def test_pieces_too_small_to_wake_a_thread_give_the_same_numbers():
    a = tf.placeholder(tf.float32, [200, 200])
    y = a
    for _ in range(20):
        y = tf.tanh(tf.matmul(tf.tanh(y + a) * 0.5, a) + a)
    value = NUMBERS.normal(size=(200, 200)).astype(np.float32)
    with tf.Session() as session:
        found = [session.run(y, {a: value}) for _ in range(50)]
    with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1)) as session:
        alone = session.run(y, {a: value})
    for one in found:
        np.testing.assert_array_equal(one, alone)


def test_one_plan_may_run_in_several_threads_at_once():
    a = tf.placeholder(tf.float32, [64, 64])
    y = tf.reduce_sum(tf.matmul(tf.tanh(a), a) + a, 1)
    values = [NUMBERS.normal(size=(64, 64)).astype(np.float32) for _ in range(4)]
    with tf.Session() as session:
        wanted = [session.run(y, {a: v}) for v in values]
        wrong = []

        def work(k):
            found = [session.run(y, {a: values[k]}) for _ in range(200)]
            wrong.extend(k for f in found if not np.array_equal(f, wanted[k]))

        workers = [threading.Thread(target=work, args=(k,)) for k in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert not wrong


@pytest.mark.parametrize("shape", [(), (3, 5)])
@pytest.mark.parametrize("length", [89, 90, 91, 181, 400])
def test_long_chains_and_sums_compute_what_numpy_computes(shape, length):
    """Runs that fill groups, and sums whose operands lie far apart in them."""
    x = tf.placeholder(tf.float32, shape)
    y, parts = x, []
    for k in range(length):
        y = y * 0.9 - tf.square(x) if k % 3 else tf.sin(y) + x
        parts.append(y)
    total = tf.add_n(parts)
    fetches = [y, total, tf.reduce_sum(total), total * parts[7], *tf.gradients(total, [x])]
    feed = np.linspace(-0.7, 0.8, int(np.prod(shape)), dtype=np.float32).reshape(shape)
    for fetch in fetches:
        agrees(fetch, {x: feed}, limit=1e-4)


def test_a_long_sum_adds_what_was_made_on_the_way():
    x = tf.placeholder(tf.float32, [])
    parts = [x]
    for _ in range(300):
        parts.append(parts[-1] + x)
    total = tf.add_n(parts)
    with tf.Session() as session:
        (step,) = session.plan(total, {x: 1.0}).steps
        assert session.run(total, {x: 1.0}) == 301 * 302 / 2
    groups = [member for member in step.segment.members if member.parts]
    assert len(groups) == 7
    assert max(len(group.args) for group in groups) <= 3


def test_source_names_what_compiled_code_does():
    x, step = _training()
    with tf.Session() as session:
        source = session.plan(step, {x: np.ones((40, 30), "f")}).source
    assert "#   " in source
    assert "ApplyAdam" in source
    assert "/MatMul" in source


def test_switch_turns_compiled_code_off():
    code = "from graphflow.runtime import compiled; print(compiled.machine(), compiled.why())"
    env = {**os.environ, "GRAPHFLOW_NATIVE": "0"}
    made = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=True)
    assert made.stdout.decode().strip() == "None switched off by GRAPHFLOW_NATIVE=0"


@pytest.mark.parametrize("start", [0, 5, 2**32 - 2, 2**64 - 3])
def test_random_words_are_those_that_numpy_makes(start):
    from graphflow.ops import _philox

    for key, counter in ((0, 0), (87654321, 42), (2**64 - 1, 2**64 - 1)):
        ours = _philox.fill_blocks(key, counter, start, 20_000)
        parts = [w.copy() for _, w in _philox.tiles(key, counter, start, 20_000)]
        with compiled.numpy_only():
            plain = _philox.fill_blocks(key, counter, start, 20_000)
        assert np.array_equal(ours, plain)
        assert np.array_equal(np.concatenate(parts), plain)


@pytest.mark.parametrize("name", SETS)
def test_the_environment_picks_the_instruction_set(monkeypatch, name):
    before = MACHINE.module.instruction_set()
    monkeypatch.setenv("GRAPHFLOW_NATIVE", name)
    monkeypatch.setattr(compiled, "_reason", [""])
    try:
        assert compiled._load() is not None
        assert MACHINE.module.instruction_set() == name
        assert compiled.why() == f"for {name}, as GRAPHFLOW_NATIVE={name} says"
    finally:
        MACHINE.module.use(before)


def test_an_unknown_instruction_set_is_named(monkeypatch):
    monkeypatch.setenv("GRAPHFLOW_NATIVE", "mmx")
    monkeypatch.setattr(compiled, "_reason", [""])
    assert compiled._load() is not None
    assert f"GRAPHFLOW_NATIVE=mmx is none of {', '.join(SETS)}" in compiled.why()
