"""Every optimizer once: a tower of variables for each, trained together for fifty steps.

Runs on Python 3.7 as well.
"""

from __future__ import annotations

from typing import Any

from tests.programs.mnist import Built
from tests.programs.models import Points, fifty
from tests.programs.small import finish


def _all(train: Any, counter: Any) -> dict[str, Any]:
    return {
        "descent": train.GradientDescentOptimizer(0.2),
        "momentum": train.MomentumOptimizer(0.05, 0.8),
        "nesterov": train.MomentumOptimizer(0.05, 0.8, use_nesterov=True),
        "adam": train.AdamOptimizer(0.01, beta1=0.8),
        "adagrad": train.AdagradOptimizer(0.2),
        "averaging": train.AdagradDAOptimizer(0.2, counter, l2_regularization_strength=0.01),
        "adadelta": train.AdadeltaOptimizer(1.0, epsilon=1e-4),
        "rms": train.RMSPropOptimizer(0.01, momentum=0.3),
        "centered": train.RMSPropOptimizer(0.01, decay=0.8, centered=True),
        "ftrl": train.FtrlOptimizer(0.2, l1_regularization_strength=0.001),
        "shrinking": train.FtrlOptimizer(0.2, l2_shrinkage_regularization_strength=0.01),
        "proximal": train.ProximalGradientDescentOptimizer(0.1, 0.001, 0.01),
        "proximal_adagrad": train.ProximalAdagradOptimizer(0.2, 0.1, 0.001, 0.01),
    }


def _towers(tf: Any, use_resource: bool) -> Built:
    tf.set_random_seed(41)
    data = Points(tf)
    counter = tf.train.get_or_create_global_step()
    optimizers = _all(tf.train, counter)
    losses = []
    for name in optimizers:
        with tf.variable_scope(name, use_resource=use_resource):
            table = tf.get_variable(
                "table", [4, 5], initializer=tf.random_normal_initializer(stddev=0.3)
            )
            rows = tf.nn.embedding_lookup(table, data.labels % 3)
            hidden = tf.concat([data.x, rows], axis=1)
            logits = tf.layers.dense(tf.layers.dense(hidden, 5, tf.nn.tanh), 4)
            entropy = tf.nn.softmax_cross_entropy_with_logits_v2(labels=data.one_hot, logits=logits)
            loss = tf.reduce_mean(entropy, name="loss")
        losses.append(loss)
    # Only now: nodes of gradients are counted by the seeds of what is declared after them.
    steps = [
        optimizer.minimize(loss, var_list=tf.trainable_variables(name + "/"))
        for loss, (name, optimizer) in zip(losses, optimizers.items())  # noqa: B905 - Python 3.7
    ]
    with tf.control_dependencies(steps):
        step = tf.assign_add(counter, 1)
    return fifty(finish(tf, tf.add_n(losses, name="total"), step, data.feeds))


def every_optimizer(tf: Any) -> Built:
    """Reference variables: dense layers and a table of which some rows are used."""
    return _towers(tf, use_resource=False)


def every_optimizer_resource(tf: Any) -> Built:
    """The same with resource variables."""
    return _towers(tf, use_resource=True)


MODELS = {f.__name__: f for f in (every_optimizer, every_optimizer_resource)}
