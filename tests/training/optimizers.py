"""Four steps of every optimizer on small variables: dense and sparse gradients, both kinds.

Runs on Python 3.7 as well, under TensorFlow 1.15.5 (tests/golden/record_optimizers.py).
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List  # noqa: UP035 - evaluated under Python 3.7

import numpy as np

STEPS = 4
_DRAW = np.random.RandomState(0)
START = _DRAW.randn(6, 3).astype(np.float32)
SLOPE = _DRAW.randn(6, 3).astype(np.float32)

Maker = Callable[[Any, Any], Any]
OPTIMIZERS: Dict[str, Maker] = {  # noqa: UP006 - as above
    "descent": lambda t, s: t.GradientDescentOptimizer(0.1),
    "momentum": lambda t, s: t.MomentumOptimizer(0.1, 0.9),
    "nesterov": lambda t, s: t.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
    "adam": lambda t, s: t.AdamOptimizer(0.05),
    "adagrad": lambda t, s: t.AdagradOptimizer(0.3),
    "adadelta": lambda t, s: t.AdadeltaOptimizer(1.0),
    "rmsprop": lambda t, s: t.RMSPropOptimizer(0.05, momentum=0.3),
    "centered": lambda t, s: t.RMSPropOptimizer(0.05, momentum=0.3, centered=True),
    "ftrl": lambda t, s: t.FtrlOptimizer(
        0.3, l1_regularization_strength=0.01, l2_regularization_strength=0.02
    ),
    "ftrl_power": lambda t, s: t.FtrlOptimizer(
        0.3, learning_rate_power=-0.3, l1_regularization_strength=0.01
    ),
    "ftrl_shrinkage": lambda t, s: t.FtrlOptimizer(0.3, l2_shrinkage_regularization_strength=0.1),
    "proximal": lambda t, s: t.ProximalGradientDescentOptimizer(0.1, 0.05, 0.1),
    "proximal_l2": lambda t, s: t.ProximalGradientDescentOptimizer(0.1, 0.0, 0.1),
    "proximal_adagrad": lambda t, s: t.ProximalAdagradOptimizer(0.1, 0.1, 0.05, 0.1),
    "dual_averaging": lambda t, s: t.AdagradDAOptimizer(0.1, s, 0.1, 0.01, 0.1),
}
FLOAT32_ONLY = ("proximal", "proximal_l2", "proximal_adagrad")  # TensorFlow refuses others


def cases() -> List[str]:  # noqa: UP006 - as above
    """Returns the names of all cases: optimizer, kind of variable, kind of gradient, type."""
    return [
        "-".join((name, kind, mode, dtype))
        for name in OPTIMIZERS
        for kind in ("reference", "resource")
        for mode in ("dense", "sparse")
        for dtype in ("float32", "float64")
        if dtype == "float32" or name not in FLOAT32_ONLY
    ]


def run(tf: Any, case: str) -> dict[str, Any]:
    """Returns the nodes that a case declares and the values of all variables after the steps."""
    name, kind, mode, dtype = case.split("-")
    graph = tf.Graph()
    with graph.as_default():
        steps = tf.Variable(0, dtype=tf.int64, trainable=False, name="steps")
        options = {"use_resource": kind == "resource"}
        table = tf.Variable(START.astype(dtype), name="table", **options)
        scale = tf.Variable(np.array([1, 2, 3], dtype), name="scale", **options)
        slope = tf.constant(SLOPE.astype(dtype))
        if mode == "sparse":  # row 2 comes twice
            rows = tf.constant(SLOPE[:4].astype(dtype))
            slope = tf.IndexedSlices(rows, tf.constant([0, 2, 5, 2]), tf.constant([6, 3]))
        pairs = [(slope, table), (tf.constant(np.array([0.5, -0.1, 0], dtype)), scale)]
        step = OPTIMIZERS[name](tf.train, steps).apply_gradients(pairs, global_step=steps)
        variables = tf.global_variables()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for _ in range(STEPS):
                session.run(step)
            arrays = session.run(variables)
    return {
        "nodes": sorted("%s %s" % (op.name, op.type) for op in graph.get_operations()),  # noqa: UP031 - Python 3.7 as well
        "values": {v.name: np.asarray(a).tolist() for v, a in zip(variables, arrays)},  # noqa: B905 - Python 3.7
    }
