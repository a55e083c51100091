"""Training steps made with `tf.contrib`, run alike by graphflow and by TensorFlow 1.15.5.

Each function gets the module `tf` and an empty folder, and returns plain data. Runs on Python 3.7.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np


def _nodes(tf: Any) -> Any:
    """The names, types and inputs of all nodes outside of gradients."""
    nodes = tf.get_default_graph().as_graph_def().node
    return sorted([n.name, n.op] for n in nodes if "gradients" not in n.name)


def _regression(tf: Any) -> Any:
    slim = tf.contrib.slim
    x = tf.constant(np.arange(12).reshape(4, 3) / 10.0, tf.float32)
    y = slim.fully_connected(x, 5, normalizer_fn=slim.batch_norm, scope="first")
    y = slim.fully_connected(y, 1, activation_fn=None, scope="second")
    return tf.reduce_mean(tf.square(y - [[1.0], [2], [3], [4]]))


def slim_training(tf: Any, folder: str) -> Any:
    learning = tf.contrib.slim.learning
    loss = _regression(tf)
    tf.summary.scalar("loss", loss)
    step = learning.create_train_op(
        loss,
        tf.train.MomentumOptimizer(0.05, 0.9),
        clip_gradient_norm=1.0,
        summarize_gradients=True,
        gradient_multipliers={"first/weights": 2.0},
    )
    last = learning.train(step, folder, number_of_steps=7, log_every_n_steps=3)
    return {"loss": float(last), "nodes": _nodes(tf), "saved": "model.ckpt-7.index" in _in(folder)}


def _in(folder: str) -> Any:
    return sorted(os.listdir(folder))


def training_without_folder(tf: Any, folder: str) -> Any:
    training = tf.contrib.training
    step = training.create_train_op(
        _regression(tf),
        tf.train.GradientDescentOptimizer(0.1),
        update_ops=[],
        transform_grads_fn=training.clip_gradient_norms_fn(0.5),
        summarize_gradients=True,
        check_numerics=False,
    )
    last = tf.contrib.slim.learning.train(step, None, number_of_steps=3)
    return {"loss": float(last), "nodes": _nodes(tf), "files": _in(folder)}


def optimized_loss(tf: Any, folder: str) -> Any:
    layers = tf.contrib.layers
    a = tf.get_variable("a", initializer=[1.0, 2.0], use_resource=True)
    count = tf.train.create_global_step()
    loss = tf.reduce_sum(a * a)
    first = layers.optimize_loss(
        loss,
        count,
        0.1,
        "Momentum",
        gradient_multipliers={"a:0": 2.0},
        clip_gradients=1.0,
        learning_rate_decay_fn=lambda rate, n: tf.train.exponential_decay(rate, n, 2, 0.5),
        summaries=["learning_rate", "loss", "gradients", "gradient_norm"],
    )
    clip = tf.contrib.slim.adaptive_clipping_fn(
        global_step=count, report_summary=True, static_max_norm=2.0
    )
    second = layers.optimize_loss(
        loss, None, 0.2, tf.train.AdamOptimizer, clip_gradients=clip, name="two"
    )
    third = layers.optimize_loss(
        loss, count, None, tf.train.GradientDescentOptimizer(0.1), increment_global_step=False
    )
    # Random numbers depend on the number of nodes before, and gradients have fewer here: not run.
    layers.optimize_loss(loss, count, 0.1, "SGD", gradient_noise_scale=0.1, name="noisy")
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        losses = [float(sess.run(op)) for op in (first, second, third) * 3]
        return {"losses": losses, "nodes": _nodes(tf), "steps": int(sess.run(count))}


def optimized_loss_refusals(tf: Any, folder: str) -> Any:
    a = tf.Variable(1.0, name="a")
    loss = a * a
    tf.train.create_global_step()
    calls = [
        (0.1, "None", {}),
        (None, "SGD", {}),
        (1, "SGD", {}),
        (-1.0, "SGD", {}),
        (None, tf.train.AdamOptimizer, {}),
        (0.1, 5, {}),
        (0.1, lambda rate: 3, {}),
        (0.1, "SGD", {"clip_gradients": 1}),
        (0.1, "SGD", {"summaries": ["some"]}),
    ]
    found = []
    for rate, optimizer, more in calls:
        try:
            tf.contrib.layers.optimize_loss(loss, None, rate, optimizer, **more)
        except ValueError as e:
            found.append(str(e.args[0]).split(" of type")[0].split(" at 0x")[0].split("<class")[0])
    return found


def restored_values(tf: Any, folder: str) -> Any:
    slim = tf.contrib.slim
    found = []
    with tf.Session() as sess:
        v = tf.get_variable("w", initializer=np.arange(3.0))
        a = tf.get_variable("a", [2])
        part = tf.get_variable(
            "p", [4], partitioner=tf.fixed_size_partitioner(2), initializer=tf.ones_initializer()
        )
        sess.run(tf.global_variables_initializer())
        path = tf.train.Saver([v, part]).save(sess, os.path.join(folder, "x"))
        clear = [v.assign(v * 0.0)] + [p.assign(p * 0.0) for p in part]
        sess.run(clear)
        op, feeds = slim.assign_from_checkpoint(path, [v, *part])
        sess.run(op, feeds)
        found.append([sess.run(v).tolist(), sess.run(tf.convert_to_tensor(part)).tolist()])
        sess.run(clear)
        restore = slim.assign_from_checkpoint_fn(path, {"w": v, "q": a}, ignore_missing_vars=True)
        restore(sess)
        found.append(sess.run(v).tolist())
        slim.assign_from_values_fn({"w": np.array([7.0, 8, 9])})(sess)
        found.append(sess.run(v).tolist())
        for call in (
            lambda: slim.assign_from_checkpoint(path, [a]),
            lambda: slim.assign_from_checkpoint(path, {"w": a}),
            lambda: slim.assign_from_checkpoint_fn(path, []),
            lambda: slim.assign_from_values({"zz": np.ones(2)}),
        ):
            try:
                call()
            except ValueError as e:
                found.append(str(e))
        found.append(slim.assign_from_checkpoint_fn(path, [a], ignore_missing_vars=True))
    return found


def found_variables(tf: Any, folder: str) -> Any:
    framework = tf.contrib.framework
    for name in ("a/w", "a/b", "ab/w", "c/a/w"):
        framework.model_variable(name, [1], initializer=tf.zeros_initializer())
    tf.Variable(1, name="other", trainable=False)
    names = [
        framework.get_variables(),
        framework.get_variables("a/"),
        framework.get_variables(suffix="w"),
        framework.get_variables("c", "w"),
        framework.get_model_variables("a"),
        framework.get_trainable_variables(),
        framework.get_local_variables(),
        framework.get_variables_by_name("w"),
        framework.get_variables_by_name("w", "a"),
        framework.get_variables_by_suffix("b"),
        framework.get_variables_to_restore(exclude=["a/"]),
        framework.get_variables_to_restore(include=["a/", "c"], exclude=["a/b"]),
        framework.filter_variables(tf.global_variables(), ["a/"], ["b"]),
        framework.filter_variables(tf.global_variables(), ["a/"], reg_search=False),
        [framework.get_unique_variable("a/w")],
    ]
    errors = []
    for call in (
        lambda: framework.get_unique_variable("zz"),
        lambda: framework.get_unique_variable("a"),
        lambda: framework.get_variables_to_restore(include="a"),
        lambda: framework.get_variables_to_restore(exclude="a"),
    ):
        try:
            call()
        except (TypeError, ValueError) as e:
            errors.append([type(e).__name__, str(e)])
    chooser = framework.VariableDeviceChooser(num_tasks=2)
    devices = [chooser(None), chooser(None), chooser(None)]
    devices.append(framework.VariableDeviceChooser(device_type="GPU", replica=1)(None))
    return {"names": [[v.name for v in vs] for vs in names], "errors": errors, "devices": devices}


SCENARIOS = {
    f.__name__: f
    for f in (
        slim_training, training_without_folder, optimized_loss, optimized_loss_refusals,
        restored_values, found_variables,
    )
}  # fmt: skip


def observed(tf: Any, name: str, folder: str) -> Any:
    """Runs a scenario in a new graph."""
    with tf.Graph().as_default():
        tf.set_random_seed(5)
        return SCENARIOS[name](tf, folder)
