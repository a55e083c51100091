"""Ways of writing programs: schedules, averages, penalties, measures, summaries, workers.

Runs on Python 3.7 as well.
"""

from __future__ import annotations

from typing import Any

from tests.programs.mnist import Built
from tests.programs.models import Points, fifty
from tests.programs.small import finish


def _entropy(tf: Any, data: Points, logits: Any) -> Any:
    losses = tf.nn.softmax_cross_entropy_with_logits_v2(labels=data.one_hot, logits=logits)
    return tf.reduce_mean(losses)


def averages(tf: Any) -> Built:
    """Evaluates with moving averages of the variables, and saves them under their names."""
    tf.set_random_seed(31)
    data = Points(tf)
    counter = tf.train.create_global_step()

    def model(getter: Any = None) -> Any:
        with tf.variable_scope("model", reuse=tf.AUTO_REUSE, custom_getter=getter):
            hidden = tf.layers.dense(data.x, 9, tf.sigmoid, name="hidden")
            return tf.layers.dense(hidden, 4, name="logits")

    loss = _entropy(tf, data, model())
    step = tf.train.RMSPropOptimizer(0.02).minimize(loss, global_step=counter)
    ema = tf.train.ExponentialMovingAverage(0.9, num_updates=counter)
    with tf.control_dependencies([step]):
        followed = ema.apply(tf.trainable_variables())

    def averaged(getter: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        variable = getter(name, *args, **kwargs)
        return ema.average(variable)

    late = _entropy(tf, data, model(averaged))
    built = finish(tf, loss, followed, data.feeds)
    saver = tf.train.Saver(ema.variables_to_restore(), name="averaged")
    assert saver is not None
    return fifty(built, accuracy=late, test_feeds=data.feeds(99))


def schedules(tf: Any) -> Built:
    """Three rates for three groups of variables, all of them following one global step."""
    tf.set_random_seed(32)
    data = Points(tf)
    counter = tf.train.get_or_create_global_step()
    with tf.variable_scope("low", initializer=tf.variance_scaling_initializer(2.0)):
        hidden = tf.layers.dense(data.x, 8, tf.nn.relu6)
    with tf.variable_scope("high"):
        logits = tf.layers.dense(hidden, 4)
    scale = tf.get_variable("scale", initializer=[1.0, 1.0, 1.0, 1.0])
    loss = _entropy(tf, data, logits * scale)
    train = tf.train
    rates = {
        "low": train.piecewise_constant(counter, [10, 30], [0.4, 0.2, 0.1]),
        "high": train.polynomial_decay(0.5, counter, 40, 0.05, power=2.0),
        "scale": train.cosine_decay_restarts(0.2, counter, 15),
    }
    later = train.inverse_time_decay(0.5, counter, 10, 0.5) * train.natural_exp_decay(
        1.0, counter, 20, 0.5, staircase=True
    )
    optimizers, pairs = [], []
    for scope, rate in rates.items():
        optimizer = train.MomentumOptimizer(rate, 0.5 * later, use_nesterov=True, name=scope)
        optimizers.append(optimizer)
        pairs.append(optimizer.compute_gradients(loss, tf.trainable_variables(scope)))
        tf.summary.scalar("rate/" + scope, rate)
    with tf.control_dependencies([gradient for group in pairs for gradient, _ in group]):
        steps = [o.apply_gradients(group) for o, group in zip(optimizers, pairs)]  # noqa: B905
    with tf.control_dependencies(steps):
        step = tf.assign_add(counter, 1)
    return fifty(finish(tf, loss, step, data.feeds))


def penalties(tf: Any) -> Built:
    """`tf.losses` with weights, regularizers in scopes and layers; proximal gradient descent."""
    tf.set_random_seed(33)
    data = Points(tf)
    decay = tf.contrib.layers.l2_regularizer(0.01)
    with tf.variable_scope("net", regularizer=decay):
        w = tf.get_variable("w", [6, 7])
        b = tf.get_variable("b", [7], regularizer=None, initializer=tf.ones_initializer())
        hidden = tf.nn.tanh(tf.nn.xw_plus_b(data.x, w, b))
        again = tf.layers.dense(hidden, 7, tf.nn.selu, activity_regularizer=tf.nn.l2_loss)
    logits = tf.layers.dense(
        hidden + 0.5 * again,
        4,
        kernel_regularizer=tf.contrib.layers.l1_regularizer(0.005),
        bias_constraint=lambda bias: tf.clip_by_value(bias, -0.5, 0.5),
    )
    with tf.variable_scope("parts", partitioner=tf.fixed_size_partitioner(2), regularizer=decay):
        shift = tf.get_variable("shift", [4, 4])
    weights = 1.0 + tf.to_float(data.labels) / 4.0
    tf.losses.softmax_cross_entropy(
        data.one_hot, logits, weights=weights, label_smoothing=0.1, scope="entropy"
    )
    rebuilt = tf.matmul(tf.nn.softmax(logits), tf.convert_to_tensor(shift))
    tf.losses.absolute_difference(data.one_hot, rebuilt, weights=0.3)
    tf.losses.hinge_loss(data.one_hot, logits, reduction=tf.losses.Reduction.MEAN)
    tf.losses.add_loss(1e-3 * tf.reduce_sum(tf.square(b)))
    loss = tf.losses.get_total_loss()
    only = tf.add_n(tf.losses.get_regularization_losses(), name="only_penalties")
    optimizer = tf.train.ProximalGradientDescentOptimizer(0.1, 0.001, 0.01)
    step = optimizer.minimize(loss)
    built = finish(tf, loss, step, data.feeds)
    return fifty(built, accuracy=only, test_feeds=data.feeds(99))


def measured(tf: Any) -> Built:
    """Streaming measures over the batches beside the training."""
    tf.set_random_seed(34)
    data = Points(tf)
    logits = tf.layers.dense(tf.layers.dense(data.x, 6, tf.nn.softsign), 4)
    loss = tf.losses.sparse_softmax_cross_entropy(data.labels, logits)
    counter = tf.train.get_or_create_global_step()
    step = tf.train.AdagradOptimizer(0.3).minimize(loss, counter)
    classes = tf.argmax(logits, 1)
    first, chance = tf.equal(data.labels, 0), tf.nn.softmax(logits)[:, 0]
    m = tf.metrics
    metrics = {
        "accuracy": m.accuracy(data.labels, classes),
        "mean": m.mean(tf.reduce_max(logits, 1)),
        "precision": m.precision(first, chance > 0.3),
        "recall": m.recall(first, chance > 0.3),
        "auc": m.auc(first, chance, num_thresholds=20),
        "per_class": m.mean_per_class_accuracy(data.labels, classes, 4),
        "iou": m.mean_iou(data.labels, classes, 4),
        "rms": m.root_mean_squared_error(data.one_hot, tf.nn.softmax(logits)),
        "recall_at_2": m.recall_at_k(tf.to_int64(data.labels), logits, 2),
        "at_recall": m.specificity_at_sensitivity(first, chance, 0.7, num_thresholds=20),
    }
    built = finish(tf, loss, step, data.feeds)
    init = tf.group(built.init, tf.local_variables_initializer())
    return fifty(built, init=init, metrics=metrics)


def summarized(tf: Any) -> Built:
    """Every kind of summary in scopes, on resource variables under `tf.get_variable`."""
    tf.set_random_seed(35)
    data = Points(tf)
    with tf.variable_scope("net", use_resource=True, initializer=tf.orthogonal_initializer()):
        for i, size in enumerate([8, 4]):
            with tf.variable_scope("layer%d" % i):  # noqa: UP031 - Python 3.7
                x = data.x if i == 0 else tf.nn.crelu(x)  # noqa: F821 - of the loop before
                w = tf.get_variable("w", [x.shape[1], size])
                b = tf.get_variable("b", size, initializer=tf.zeros_initializer())
                x = tf.matmul(x, w) + b
                tf.summary.histogram("w", w)
                tf.summary.image("w", w[tf.newaxis, :, :, tf.newaxis], max_outputs=1)
    loss = _entropy(tf, data, x)
    with tf.name_scope("monitor"):
        tf.summary.scalar("loss", loss, family="losses")
        tf.summary.scalar("loss", 2.0 * loss, family="losses")
        tf.summary.text("labels", tf.as_string(data.labels))
        tf.summary.audio("x", data.x, 100.0, max_outputs=2)
    step = tf.train.AdamOptimizer(0.02).minimize(loss)
    return fifty(finish(tf, loss, step, data.feeds))


def one_worker(tf: Any) -> Built:
    """The optimizer for many workers, with one: gradients and tokens go through queues."""
    tf.set_random_seed(36)
    data = Points(tf)
    logits = tf.layers.dense(tf.layers.dense(data.x, 6, tf.nn.softplus), 4)
    loss = _entropy(tf, data, logits)
    counter = tf.train.get_or_create_global_step()
    optimizer = tf.train.SyncReplicasOptimizer(
        tf.train.MomentumOptimizer(0.2, 0.5), replicas_to_aggregate=1, total_num_replicas=1
    )
    step = optimizer.minimize(loss, global_step=counter)
    runner = optimizer.get_chief_queue_runner()
    tokens = optimizer.get_init_tokens_op(0)  # none: each step waits for the chief's token
    built = finish(tf, loss, step, data.feeds)

    def start(session: Any, coordinator: Any) -> list[Any]:
        session.run([optimizer.chief_init_op, tokens])
        threads: list[Any] = runner.create_threads(session, coord=coordinator, start=True)
        return threads

    return fifty(built, start=start)


_ALL = (averages, schedules, penalties, measured, summarized, one_worker)
MODELS = {f.__name__: f for f in _ALL}
