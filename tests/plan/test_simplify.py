"""Each rewrite of plan/simplify.py: what is left of the program, and the same numbers as before."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.plan import build
from graphflow.runtime import compiled

EXTREMES = [0.0, -0.0, 1.0, -1.5, 1e-42, -1e-42, 3e38, -3e38, np.inf, -np.inf, np.nan, 0.3]
WHOLE = [0, 1, -1, 7, -(2**31), 2**31 - 1]


def f(*shape):
    return np.random.RandomState(7).standard_normal(shape).astype(np.float32)


def row(name, make, left, *values):
    """A rewrite: `make(*placeholders)` declares it, of which the types `left` are left."""
    return pytest.param(make, left.split(), values, id=name.replace(" ", "-"))


X = np.array(EXTREMES, np.float32)
N = np.array(WHOLE, np.int32)
TWO = X.reshape(3, 4)

EXACT = [
    row("identity", lambda x: tf.identity(x) * 2.0, "Mul", X),
    row("stop gradient", lambda x: tf.stop_gradient(x) * 2.0, "Mul", X),
    row("cast to the same type", lambda x: tf.exp(tf.cast(x, tf.float32)), "Exp", X),
    row("sum over no axis", lambda x: tf.exp(tf.reduce_sum(x, axis=[])), "Exp", TWO),
    row("sum of one", lambda x: tf.exp(tf.raw_ops.AddN(inputs=[x])), "Exp", X),
    row("tile once", lambda x: tf.exp(tf.tile(x, [1, 1])), "Exp", TWO),
    row("pad by nothing", lambda x: tf.exp(tf.pad(x, [[0, 0], [0, 0]])), "Exp", TWO),
    row("slice of all", lambda x: tf.exp(tf.slice(x, [0, 0], [3, -1])), "Exp", TWO),
    row("broadcast to its shape", lambda x: tf.exp(tf.broadcast_to(x, [3, 4])), "Exp", TWO),
    row("reshape to its shape", lambda x: tf.exp(tf.reshape(x, [3, 4])), "Exp", TWO),
    row("reshape back", lambda x: tf.exp(tf.reshape(tf.reshape(x, [12]), [3, -1])), "Exp", TWO),
    row("view of a view", lambda x: tf.exp(tf.reshape(tf.expand_dims(x, 0), [6, 2])),
        "Reshape Exp", TWO),
    row("squeeze of a view", lambda x: tf.exp(tf.squeeze(tf.reshape(x, [1, 12]))),
        "Reshape Squeeze Exp", TWO),
    row("transpose in order", lambda x: tf.exp(tf.transpose(x, [0, 1])), "Exp", TWO),
    row("transpose back", lambda x: tf.exp(tf.transpose(tf.transpose(x))), "Exp", TWO),
    row("transpose of a transpose",
        lambda x: tf.exp(tf.transpose(tf.transpose(x, [1, 2, 0]), [1, 0, 2])),
        "Transpose Exp", f(2, 3, 4)),
    row("times one", lambda x: tf.exp(x * 1.0), "Exp", X),
    row("one times", lambda x: tf.exp(tf.constant(1.0) * x), "Exp", X),
    row("times ones", lambda x: tf.exp(x * tf.ones([12])), "Exp", X),
    row("times ones of a greater shape", lambda x: tf.exp(x * tf.ones([2, 12])), "Mul Exp", X),
    row("divided by one", lambda x: tf.exp(x / 1.0), "Exp", X),
    row("whole numbers divided by one", lambda x: tf.negative(tf.raw_ops.Div(x=x, y=1)), "Neg", N),
    row("to the power of one", lambda x: tf.exp(x**1.0), "Exp", X),
    row("minus zero", lambda x: tf.exp(x - 0.0), "Exp", X),
    row("minus negative zero", lambda x: 1.0 / (x - (-0.0)), "Sub RealDiv", X),
    row("plus zero", lambda x: 1.0 / (x + 0.0), "AddV2|Add RealDiv", X),
    row("plus negative zero", lambda x: 1.0 / (x + (-0.0)), "RealDiv", X),
    row("whole numbers plus zero", lambda x: tf.negative(x + 0), "Neg", N),
    row("minus twice", lambda x: tf.exp(tf.negative(-x)), "Exp", X),
    row("plus a negative", lambda x, y: x + (-y), "Sub", X, X[::-1].copy()),
    row("a negative plus", lambda x, y: (-x) + y, "Sub", X, X[::-1].copy()),
    row("minus a negative", lambda x, y: x - (-y), "AddV2", X, X[::-1].copy()),
    row("minus a negative whole number", lambda x, y: x - (-y), "AddV2", N, N[::-1].copy()),
    row("product of negatives", lambda x, y: (-x) * (-y), "Mul", X, X[::-1].copy()),
    row("quotient of negatives", lambda x, y: (-x) / (-y), "RealDiv", X, X[::-1].copy()),
]  # fmt: skip

CLOSE = [
    row("square", lambda x: x**2.0, "Square", X),
    row("whole square", lambda x: x**2, "Square", N),
    row("reciprocal", lambda x: x**-1.0, "Reciprocal", X),
    row("gradient of a square", lambda x: tf.gradients(x**2.0, x)[0], "Mul", X),
    row("transposed factor", lambda x, y: tf.matmul(tf.transpose(x), y),
        "MatMul", f(5, 3), f(5, 4)),
    row("factor transposed twice", lambda x, y: tf.matmul(tf.transpose(x), y, transpose_a=True),
        "MatMul", f(3, 5), f(5, 4)),
    row("both factors transposed", lambda x, y: tf.matmul(tf.transpose(x), tf.transpose(y)),
        "MatMul", f(5, 3), f(4, 5)),
    row("transposed stack", lambda x, y: tf.matmul(x, tf.transpose(y, [0, 2, 1])),
        "BatchMatMulV2", f(2, 3, 5), f(2, 4, 5)),
    row("axes moved otherwise", lambda x, y: tf.matmul(x, tf.transpose(y, [1, 2, 0])),
        "Transpose BatchMatMulV2", f(2, 3, 5), f(4, 2, 5)),
    row("logarithm of a softmax", lambda x: tf.log(tf.nn.softmax(x)), "LogSoftmax", f(3, 4)),
]  # fmt: skip


def placeholders(values):
    return [tf.placeholder(v.dtype, v.shape) for v in values]


def left_over(fetch, feed):
    program = dict(tf.Session().passes(fetch, feed))["sweep"]
    return [i.definition.name for i in program.instrs if i.definition.name != "_Read"]


def values_of(fetch, feed):
    with compiled.numpy_only(), tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(fetch, feed)


def unsimplified(monkeypatch, fetch, feed):
    with monkeypatch.context() as patch:
        patch.setattr(build, "simplify", lambda program: program)
        return values_of(fetch, feed)


@pytest.fixture(autouse=True)
def fresh_graph():
    with tf.Graph().as_default():
        yield


def is_left(found, wanted):
    return len(found) == len(wanted) and all(
        name in names.split("|") for name, names in zip(found, wanted, strict=True)
    )


@pytest.mark.parametrize(("make", "left", "values"), EXACT)
def test_exact_rewrites_leave_every_bit(make, left, values, monkeypatch):
    given = placeholders(values)
    y = make(*given)
    feed = dict(zip(given, values, strict=True))
    assert is_left(left_over(y, feed), left)
    found, wanted = values_of(y, feed), unsimplified(monkeypatch, y, feed)
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)
    number = ~np.isnan(wanted)
    np.testing.assert_array_equal(np.signbit(found)[number], np.signbit(wanted)[number])


@pytest.mark.parametrize(("make", "left", "values"), CLOSE)
def test_close_rewrites_differ_by_rounding(make, left, values, monkeypatch):
    given = placeholders(values)
    y = make(*given)
    feed = dict(zip(given, values, strict=True))
    assert is_left(left_over(y, feed), left)
    np.testing.assert_allclose(
        values_of(y, feed), unsimplified(monkeypatch, y, feed), rtol=1e-5, atol=1e-6
    )


# --- the walkthrough's loss ---
LOSSES = {
    "sum": lambda y, p: -tf.reduce_sum(y * tf.log(p)),
    "sum of negatives": lambda y, p: tf.reduce_sum(-y * tf.log(p)),
    "mean of sums": lambda y, p: tf.reduce_mean(-tf.reduce_sum(y * tf.log(p), axis=[1])),
    "negative mean of sums": lambda y, p: -tf.reduce_mean(tf.reduce_sum(y * tf.log(p), 1)),
    "mean": lambda y, p: -tf.reduce_mean(tf.log(p) * y),
}


def walkthrough(loss):
    x = tf.placeholder(tf.float32, [None, 6])
    y = tf.placeholder(tf.float32, [None, 4])
    w = tf.Variable(f(6, 4))
    b = tf.Variable(f(4))
    value = LOSSES[loss](y, tf.nn.softmax(tf.matmul(x, w) + b))
    return x, y, value, tf.gradients(value, [w, b])


def labels(n):
    return np.eye(4, dtype=np.float32)[np.arange(n) % 4]


@pytest.mark.parametrize("loss", LOSSES)
def test_the_walkthroughs_loss_needs_no_logarithm_of_a_softmax(loss):
    x, y, value, grads = walkthrough(loss)
    left = left_over([value, *grads], {x: f(5, 6), y: labels(5)})
    assert left.count("LogSoftmax") == 1
    assert left.count("Softmax") == 1
    assert not {"Log", "RealDiv"} & set(left) - ({"RealDiv"} if "mean" in loss else set())


@pytest.mark.parametrize("loss", LOSSES)
def test_the_walkthroughs_loss_and_gradients_are_those_of_its_steps(loss, monkeypatch):
    x, y, value, grads = walkthrough(loss)
    soft = f(5, 6) + 5.0, np.abs(f(5, 4))  # labels that do not add up to one
    for given in ((f(5, 6), labels(5)), soft):
        feed = dict(zip((x, y), given, strict=True))
        wanted = unsimplified(monkeypatch, [value, *grads], feed)
        for a, b in zip(values_of([value, *grads], feed), wanted, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5)


def test_a_saturated_softmax_keeps_its_logarithm_and_its_gradient():
    logits = tf.placeholder(tf.float32, [2, 3])
    y = tf.constant([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    loss = -tf.reduce_sum(y * tf.log(tf.nn.softmax(logits)))
    given = np.array([[200.0, 0.0, -200.0], [500.0, 0.0, 0.0]], np.float32)
    with tf.Session() as sess:
        value, grad = sess.run([loss, tf.gradients(loss, logits)[0]], {logits: given})
    assert value == 200.0
    np.testing.assert_array_equal(grad, [[1.0, -1.0, 0.0], [0.0, 0.0, 0.0]])


def test_the_softmax_itself_may_be_fetched_beside_the_loss():
    x = tf.placeholder(tf.float32, [3, 4])
    p = tf.nn.softmax(x)
    log_p = tf.log(p)
    with tf.Session() as sess:
        one, two = sess.run([p, log_p], {x: f(3, 4)})
    np.testing.assert_allclose(np.log(one), two, rtol=1e-5)


# --- where a rewrite must not look through ---
def test_sizes_that_are_fed_keep_their_checks():
    x = tf.placeholder(tf.float32, [None])
    y = tf.reshape(tf.reshape(x, [2, 2]), [-1])
    with tf.Session() as sess:
        with pytest.raises(tf.errors.InvalidArgumentError, match="reshape"):
            sess.run(y, {x: [1.0, 2.0, 3.0]})
        assert sess.run(y, {x: [1.0, 2.0, 3.0, 4.0]}).tolist() == [1.0, 2.0, 3.0, 4.0]


def test_an_operation_with_a_control_edge_keeps_its_place():
    v = tf.Variable(2.0)
    with tf.control_dependencies([v.assign(3.0)]):
        y = tf.negative(-v.read_value())
    with tf.Session() as sess:
        sess.run(v.initializer)
        assert sess.run(y) == 3.0


def test_a_complex_adjoint_is_more_than_a_transpose():
    x = tf.placeholder(tf.complex64, [2, 2, 3])
    y = tf.matmul(x, tf.transpose(x, [0, 2, 1]))
    value = (f(2, 2, 3) + 1j * f(2, 2, 3)).astype(np.complex64)
    np.testing.assert_allclose(
        tf.Session().run(y, {x: value}), value @ value.transpose(0, 2, 1), rtol=1e-5
    )


# --- what fold and merge leave to do ---
def test_sums_of_broadcast_gradients_go_where_the_fed_sizes_show_that_nothing_was_broadcast():
    x = tf.placeholder(tf.float32, [None, None])
    y = tf.placeholder(tf.float32, [None, None])
    grads = tf.gradients(tf.tanh(x + y), [x, y])
    same = left_over(grads, {x: f(3, 4), y: f(3, 4)})
    assert not {"Sum", "Reshape", "BroadcastGradientArgs", "Shape"} & set(same)
    assert "Sum" in left_over(grads, {x: f(3, 4), y: f(1, 4)})


def test_constants_are_folded_once_for_a_session():
    x = tf.placeholder(tf.float32, [None, 3])
    table = tf.cumsum(tf.ones([3, 3])) * 2.0
    y = tf.matmul(x, table)
    with tf.Session() as sess:
        for n in (1, 2):
            assert [s.label for s in sess.plan(y, {x: f(n, 3)}).stepwise().steps] == ["MatMul"]
