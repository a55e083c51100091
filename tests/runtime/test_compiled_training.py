"""Compiled updates of variables: each against NumPy, and against itself one number at a time."""

from itertools import product

import numpy as np
import pytest

import graphflow as tf
from graphflow.core.declare import apply
from graphflow.runtime import compiled
from graphflow.runtime.numpy import segments
from tests.runtime.compiled_code import NEEDED, left_to_numpy

pytestmark = [NEEDED, pytest.mark.usefixtures("everything_is_compiled")]

# op type without "Apply": slots, other inputs ("g": the gradient), flags
UPDATES = {
    "AdagradV2": (1, [0.25, 0.01, "g"], {"update_slots": True}),
    "Adadelta": (2, [0.5, 0.875, 0.01, "g"], {}),
    "CenteredRMSProp": (3, [0.25, 0.875, 0.5, 2.0, "g"], {}),
    "AdaMax": (2, [0.5, 0.25, 0.875, 0.75, 0.01, "g"], {}),
    "ProximalGradientDescent": (0, [0.25, 0.5, 0.125, "g"], {}),
    "ProximalAdagrad": (1, [0.25, 0.5, 0.125, "g"], {}),
    "Ftrl": (2, ["g", 0.25, 0.5, 0.125, -0.5], {}),
    "FtrlV2": (2, ["g", 0.25, 0.5, 0.125, 0.0625, -0.75], {}),
    "AdagradDA": (2, ["g", 0.25, 0.5, 0.125, np.int64(3)], {}),
    "AddSign": (1, [0.25, 1.5, 0.5, 0.875, "g"], {}),
    "PowerSign": (1, [0.25, 1.5, 0.5, 0.875, "g"], {}),
}


SPARSE = {
    "Momentum": (1, [0.25, "g", 0.5], {"use_nesterov": True}),
    "Adagrad": (1, [0.25, "g"], {"update_slots": False}),
    "RMSProp": (2, [0.25, 0.875, 0.5, 0.125, "g"], {}),
    **{k: v for k, v in UPDATES.items() if k not in ("AdaMax", "AddSign", "PowerSign")},
}


KERAS = (1, [0.25, "g", 0.5], {"use_nesterov": True})


def number(x, kind):
    return x if isinstance(x, np.int64) else np.array(x, kind)


def updated(op_type, kind, resource, size, flags):
    """The variable and its slots after two updates."""
    slots, inputs, own_flags = UPDATES[op_type]
    numbers = np.random.RandomState(3)
    with tf.Graph().as_default(), tf.Session() as session:
        starts = [numbers.uniform(-1, 1, size), *numbers.uniform(0.1, 1, (slots, size))]
        cells = [tf.Variable(s.astype(kind), use_resource=resource) for s in starts]
        gradient = tf.placeholder(kind, [size])
        values = [gradient if x == "g" else number(x, kind) for x in inputs]
        handles = [c.handle if resource else c._ref() for c in cells]
        name = f"{'Resource' if resource else ''}Apply{op_type}"
        update = apply(name, *handles, *values, **own_flags, **flags)
        node = update if resource else update.op
        session.run(tf.global_variables_initializer())
        for _ in range(2):
            feeds = {gradient: np.where(numbers.rand(size) < 0.2, 0, numbers.normal(size=size))}
            session.run(node, feeds)
        if compiled.machine() is not None:
            assert left_to_numpy(session, node, feeds) == []
        return session.run(cells)


@pytest.mark.parametrize("resource", [True, False])
@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("op_type", UPDATES)
def test_updates_agree_with_numpy(instruction_set, op_type, kind, resource):
    for size in (1, 7, 200):
        ours = updated(op_type, kind, resource, size, {})
        with compiled.numpy_only():
            plain = updated(op_type, kind, resource, size, {})
        for x, y in zip(ours, plain, strict=True):
            np.testing.assert_allclose(x, y, 1e-5, 1e-6)


@pytest.mark.parametrize("nesterov", [True, False])
def test_the_momentum_of_keras_agrees_with_numpy(instruction_set, monkeypatch, nesterov):
    monkeypatch.setitem(UPDATES, "KerasMomentum", (1, [0.25, "g", 0.875], {}))
    flags = {"use_nesterov": nesterov}
    ours = updated("KerasMomentum", "float32", True, 50, flags)
    with compiled.numpy_only():
        plain = updated("KerasMomentum", "float32", True, 50, flags)
    for x, y in zip(ours, plain, strict=True):
        np.testing.assert_allclose(x, y, 1e-5, 1e-6)


def rows_updated(op_type, kind, index, resource, row):
    """The variable and its slots after an update of some rows, one of them twice."""
    slots, inputs, flags = {**SPARSE, "KerasMomentum": KERAS}[op_type]
    numbers = np.random.RandomState(4)
    at = np.array([5, 0, 8, 0, 2])
    with tf.Graph().as_default(), tf.Session() as session:
        starts = numbers.uniform(0.1, 1, (slots + 1, 9, *row))
        cells = [tf.Variable(s.astype(kind), use_resource=resource) for s in starts]
        gradient = tf.placeholder(kind, [at.size, *row])
        indices = tf.placeholder(index, at.shape)
        values = [[gradient, indices] if x == "g" else [number(x, kind)] for x in inputs]
        handles = [c.handle if resource else c._ref() for c in cells]
        name = f"{'Resource' if resource else ''}SparseApply{op_type}"
        update = apply(name, *handles, *[x for v in values for x in v], **flags)
        node = update if resource else update.op
        session.run(tf.global_variables_initializer())
        feeds = {gradient: numbers.normal(size=(at.size, *row)), indices: at}
        session.run(node, feeds)
        if compiled.machine() is not None:
            assert left_to_numpy(session, node, feeds) == []
        return session.run(cells)


@pytest.mark.parametrize("row", [(), (7,), (2, 16)], ids=str)
@pytest.mark.parametrize(
    ("op_type", "resource"), [*product(SPARSE, (True, False)), ("KerasMomentum", True)]
)
@pytest.mark.parametrize(("kind", "index"), [("float32", "int32"), ("float64", "int64")])
def test_updates_of_rows_agree_with_numpy(instruction_set, op_type, kind, index, resource, row):
    ours = rows_updated(op_type, kind, index, resource, row)
    with compiled.numpy_only():
        plain = rows_updated(op_type, kind, index, resource, row)
    limit = 2e-5 if kind == "float32" else 1e-13
    for x, y in zip(ours, plain, strict=True):
        np.testing.assert_allclose(x, y, rtol=limit, atol=limit)


@pytest.mark.parametrize("resource", [True, False])
@pytest.mark.parametrize("optimizer", [tf.train.AdamOptimizer, tf.train.AdagradOptimizer])
def test_nothing_of_a_step_on_rows_is_left_to_numpy(monkeypatch, optimizer, resource):
    with tf.Graph().as_default(), tf.Session() as session:
        table = tf.Variable(tf.random_normal([20, 4]), use_resource=resource)
        at = tf.placeholder(tf.int32, [6])
        step = optimizer(0.1).minimize(tf.reduce_sum(tf.square(tf.gather(table, at))))
        session.run(tf.global_variables_initializer())
        feeds = {at: [1, 2, 1, 7, 19, 7]}
        assert left_to_numpy(session, step, feeds) == []
        monkeypatch.setattr(segments._Binding, "_slow", fails)
        session.run(step, feeds)


def fails(*_):
    raise AssertionError("compiled code refused its inputs")


@pytest.mark.parametrize("index", ["int32", "int64"])
def test_rows_of_a_resource_variable_are_gathered(instruction_set, index):
    with tf.Graph().as_default():
        table = tf.Variable(np.arange(24.0).reshape(4, 3, 2), use_resource=True)
        at = tf.placeholder(index, [2, 2])
        rows = tf.nn.embedding_lookup(table, at)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            got = session.run(rows, {at: [[3, 0], [1, 3]]})
            assert left_to_numpy(session, rows, {at: [[3, 0], [1, 3]]}) == []
            np.testing.assert_array_equal(got, np.arange(24.0).reshape(4, 3, 2)[[[3, 0], [1, 3]]])
            with pytest.raises(
                tf.errors.InvalidArgumentError, match=r"indices\[1,0\] = 4 is not in"
            ):
                session.run(rows, {at: [[3, 0], [4, 3]]})
