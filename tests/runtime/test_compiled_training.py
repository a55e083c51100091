"""Compiled updates of variables: each against NumPy, and against itself one number at a time."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.core.declare import apply
from graphflow.runtime import compiled
from tests.runtime.compiled_code import (
    NEEDED,
    everything_is_compiled,
    instruction_set,
    left_to_numpy,
)

__all__ = ["everything_is_compiled", "instruction_set"]  # fixtures

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
    "AddSign": (1, [0.25, 1.5, 0.5, 0.875, "g"], {}),
    "PowerSign": (1, [0.25, 1.5, 0.5, 0.875, "g"], {}),
}


def updated(op_type, kind, resource, size, flags):
    """The variable and its slots after two updates."""
    slots, inputs, own_flags = UPDATES[op_type]
    numbers = np.random.RandomState(3)
    with tf.Graph().as_default(), tf.Session() as session:
        starts = [numbers.uniform(-1, 1, size), *numbers.uniform(0.1, 1, (slots, size))]
        cells = [tf.Variable(s.astype(kind), use_resource=resource) for s in starts]
        gradient = tf.placeholder(kind, [size])
        values = [gradient if x == "g" else np.array(x, kind) for x in inputs]
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
