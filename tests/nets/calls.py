"""Small graphs made with `tf.layers`, run alike by graphflow and by TensorFlow 1.15.5.

Each function gets the module `tf`, builds a graph and returns (results, feeds). Runs on Python 3.7.
"""

from __future__ import annotations

import warnings
from typing import Any, Callable  # noqa: UP035 - evaluated under Python 3.7

import numpy as np

from tests.programs import record

SEED = 7
Made = Any  # (list of tensors, feeds)
ONLY_NUMBERS = (
    "training_fed_true",
    "training_fed_false",
)
"""Calls whose nodes differ from TensorFlow's on purpose: those with `tf.cond`."""


def data(*sizes: int) -> Any:
    """Returns numbers that are the same in every run."""
    return np.random.RandomState(sum(sizes)).normal(1.0, 2.0, sizes).astype(np.float32)


def _fed(tf: Any, sizes: Any, value: Any) -> Any:
    x = tf.placeholder(tf.float32, sizes)
    return x, {x: value}


def _square(w: Any) -> Any:
    return 0.5 * (w * w)


def dense_two(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 5], data(4, 5))
    y = tf.layers.dense(x, 6, activation=tf.nn.relu)
    return [tf.layers.dense(y, 3)], feeds


def dense_options(tf: Any) -> Made:
    x, feeds = _fed(tf, [4, 5], data(4, 5))
    y = tf.layers.dense(
        x,
        3,
        activation="tanh",
        kernel_initializer=tf.truncated_normal_initializer(stddev=0.1),
        bias_initializer=tf.constant_initializer(0.3),
        kernel_regularizer=lambda w: tf.reduce_sum(_square(w)),
        bias_regularizer=lambda w: tf.reduce_sum(w),
        activity_regularizer=lambda y: tf.reduce_sum(y),
        kernel_constraint=lambda w: w,
        name="top",
    )
    z = tf.layers.dense(y, 2, use_bias=False, trainable=False, name="fixed")
    return [y, z], feeds


def dense_tensordot(tf: Any) -> Made:
    x, feeds = _fed(tf, [2, 3, 4], data(2, 3, 4))
    z, more = _fed(tf, [None, 3, None, 4], data(2, 3, 1, 4))
    feeds.update(more)
    return [tf.layers.dense(x, 5), tf.layers.dense(z, 5, name="wide")], feeds


def dense_reuse(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 5], data(4, 5))
    with tf.variable_scope("net", initializer=tf.ones_initializer(), regularizer=tf.nn.l2_loss):
        a = tf.layers.dense(x, 3)
        b = tf.layers.dense(x, 3, name="named")
        c = tf.layers.dense(x, 3, name="named", reuse=True)
    with tf.variable_scope("net", reuse=True):
        d = tf.layers.dense(x, 3, name="named")
        e = tf.layers.dense(x, 3, name="dense")
    with tf.variable_scope("auto", reuse=tf.AUTO_REUSE):
        f = tf.layers.dense(x, 3, name="twice") + tf.layers.dense(x, 3, name="twice")
    return [a, b, c, d, e, f], feeds


def dense_object(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 5], data(4, 5))
    layer = tf.layers.Dense(3, kernel_regularizer=lambda w: tf.reduce_sum(_square(w)), name="own")
    other = tf.layers.Dense(2)
    with tf.name_scope("around"):
        a = layer(x)
        b = layer.apply(x * 2)
        c = other(a)
    assert len(layer.weights) == len(layer.variables) == layer.count_params() // 9 == 2
    assert layer.scope_name == "own"
    assert other.name == "dense_1"
    return [a, b, c, *layer.losses], feeds


def dense_double(tf: Any) -> Made:
    x = tf.constant(data(3, 4).astype(np.float64))
    return [tf.layers.dense(x, 2), tf.layers.Dense(2, dtype=tf.float32)(x)], {}


def dense_array(tf: Any) -> Made:
    return [tf.layers.dense(data(3, 4), 2, tf.nn.softmax)], {}


def conv2d_some(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 7, 6, 3], data(2, 7, 6, 3))
    y = tf.layers.conv2d(x, 4, 3, padding="same", activation=tf.nn.relu)
    z = tf.layers.conv2d(
        y,
        2,
        [2, 3],
        strides=(2, 1),
        use_bias=False,
        kernel_regularizer=tf.nn.l2_loss,
        name="second",
    )
    return [y, z], feeds


def conv2d_dilated(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 9, 8, 3], data(2, 9, 8, 3))
    first = tf.glorot_uniform_initializer(seed=3)  # automatic seeds count nodes
    y = tf.layers.conv2d(x, 4, 3, padding="same", dilation_rate=2, kernel_initializer=first)
    z = tf.layers.conv1d(x[:, 0], 3, 2, dilation_rate=3, kernel_initializer=first)
    return [y, z], feeds


def conv1d_dilated(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, None, 3], data(2, 9, 3))
    fixed, more = _fed(tf, [2, 9, 3], data(2, 9, 3))
    feeds.update(more)
    y = tf.layers.conv1d(x, 4, 3, padding="same", dilation_rate=2)
    z = tf.layers.conv1d(fixed, 2, 3, padding="causal", dilation_rate=2, name="causal")
    return [y, z], feeds


def conv3d_some(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 5, 6, 4, 3], data(2, 5, 6, 4, 3))
    y = tf.layers.conv3d(x, 4, 3, padding="same", activation=tf.nn.relu)
    z = tf.layers.conv3d(y, 2, [2, 3, 1], strides=(2, 1, 1), use_bias=False, name="second")
    w = tf.layers.Conv3D(2, 2, dilation_rate=(2, 1, 2), kernel_regularizer=tf.nn.l2_loss)(x)
    return [y, z, w], feeds


def conv3d_transpose_some(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 3, None, 2, 3], data(2, 3, 4, 2, 3))
    y = tf.layers.conv3d_transpose(x, 4, 3, strides=2)
    z = tf.layers.conv3d_transpose(x, 2, [2, 1, 2], (2, 1, 1), padding="same", activation=tf.nn.elu)
    w = tf.layers.Conv3DTranspose(2, 2, use_bias=False)(tf.constant(data(1, 2, 3, 2, 2)))
    return [y, z, w], feeds


def separable_some(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 9, 8, 3], data(2, 9, 8, 3))
    s, more = _fed(tf, [None, 9, 3], data(2, 9, 3))
    feeds.update(more)
    y = tf.layers.separable_conv2d(x, 4, 3, padding="same", activation=tf.nn.relu)
    z = tf.layers.separable_conv2d(
        y,
        2,
        [2, 3],
        strides=2,
        depth_multiplier=2,
        use_bias=False,
        depthwise_regularizer=tf.nn.l2_loss,
        pointwise_regularizer=lambda w: tf.reduce_sum(w),
        depthwise_constraint=lambda w: w,
        name="second",
    )
    w = tf.layers.SeparableConv2D(2, 3, dilation_rate=(2, 1))(x)
    u = tf.layers.separable_conv1d(s, 4, 3, activation=tf.tanh)
    v = tf.layers.SeparableConv1D(2, 2, padding="causal", dilation_rate=2, name="causal")(s)
    return [y, z, w, u, v, tf.layers.separable_conv1d(s, 2, 3, strides=2, padding="same")], feeds


def conv1d_some(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 9, 3], data(2, 9, 3))
    y = tf.layers.conv1d(x, 4, 3, activation=tf.nn.relu)
    z = tf.layers.Conv1D(2, 3, padding="causal", name="causal")(y)
    return [y, z, tf.layers.conv1d(z, 2, [2], strides=[2], padding="SAME")], feeds


def conv2d_transpose_some(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 4, None, 3], data(2, 4, 5, 3))
    y = tf.layers.conv2d_transpose(x, 4, 3, strides=2)
    z = tf.layers.conv2d_transpose(y, 2, [4, 2], (2, 1), padding="same", activation=tf.nn.relu)
    w = tf.layers.Conv2DTranspose(2, 2, 3, use_bias=False)(tf.constant(data(1, 3, 3, 2)))
    return [y, z, w], feeds


def pooling_some(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 7, 6, 3], data(2, 7, 6, 3))
    s, more = _fed(tf, [None, 9, 3], data(2, 9, 3))
    feeds.update(more)
    results = [
        tf.layers.max_pooling2d(x, 2, 2),
        tf.layers.max_pooling2d(x, [3, 2], [2, 1], padding="same", name="other"),
        tf.layers.average_pooling2d(x, 2, 2),
        tf.layers.MaxPooling2D(2, 1)(x),
        tf.layers.max_pooling1d(s, 3, 2),
        tf.layers.average_pooling1d(s, 2, 2, padding="same"),
    ]
    return results, feeds


def pooling_volumes(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 5, 6, 4, 3], data(2, 5, 6, 4, 3))
    results = [
        tf.layers.max_pooling3d(x, 2, 2),
        tf.layers.average_pooling3d(x, [3, 2, 1], [2, 1, 1], padding="same", name="other"),
        tf.layers.MaxPooling3D(2, 1, data_format="channels_first")(x),
        tf.layers.AveragePooling3D(2, 2)(x),
    ]
    return results, feeds


def normalization_fused(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 5, 4, 3], data(6, 5, 4, 3))
    a = tf.layers.batch_normalization(x, training=True)
    b = tf.layers.batch_normalization(x, momentum=0.9, scale=False, center=False, training=True)
    c = tf.layers.batch_normalization(x, name="at_rest", gamma_initializer=tf.ones_initializer())
    d = tf.layers.batch_normalization(x, training=True, trainable=False, name="frozen")
    e = tf.layers.batch_normalization(a, training=tf.constant(False), name="constant")
    # The slope of the squares of `a` itself is 0 where it is centred: nothing but rounding.
    return [a + 0.5, b, c, d, e], feeds


def normalization_plain(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 5], data(6, 5))
    z, more = _fed(tf, [None, 3, 4], data(6, 3, 4))
    feeds.update(more)
    a = tf.layers.batch_normalization(x, training=True, gamma_regularizer=tf.nn.l2_loss)
    b = tf.layers.batch_normalization(x, training=False)
    c = tf.layers.batch_normalization(z, axis=1, training=True, momentum=0.7, epsilon=0.01)
    d = tf.layers.batch_normalization(z, axis=1, scale=False)
    e = tf.layers.batch_normalization(z, axis=[1, 2], training=True, center=False)
    return [a, b, c, d, e], feeds


def normalization_special(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 5], data(6, 5))
    a = tf.layers.batch_normalization(x, training=True, virtual_batch_size=2)
    b = tf.layers.batch_normalization(
        x, training=True, renorm=True, renorm_clipping={"rmax": 1.5, "rmin": 0.5, "dmax": 0.5}
    )
    c = tf.layers.batch_normalization(
        x, training=True, adjustment=lambda s: (tf.fill(s[-1:], 1.1), tf.fill(s[-1:], 0.2))
    )
    d = tf.layers.batch_normalization(x, renorm=True, name="at_rest")
    return [a, b, c, d], feeds


def _fed_training(tf: Any, value: bool) -> Made:
    x, feeds = _fed(tf, [None, 5], data(6, 5))
    z, more = _fed(tf, [None, 5, 4, 3], data(6, 5, 4, 3))
    training = tf.placeholder_with_default(False, [])
    feeds.update(more)
    feeds[training] = value
    results = [
        tf.layers.batch_normalization(x, training=training),
        tf.layers.batch_normalization(z, training=training),
        tf.layers.dropout(x, 0.0, training=training),
    ]
    return results, feeds


def training_fed_true(tf: Any) -> Made:
    return _fed_training(tf, True)


def training_fed_false(tf: Any) -> Made:
    return _fed_training(tf, False)


def dropout_flatten(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 4, 3], data(6, 4, 3))
    results = [
        tf.layers.dropout(x, training=True),
        tf.layers.dropout(x, 0.3, noise_shape=[None, 1, 3], seed=3, training=True, name="noise"),
        tf.layers.dropout(x, 0.3),
        tf.layers.flatten(x),
        tf.layers.flatten(x, data_format="channels_first"),
        tf.layers.Flatten()(tf.constant(data(2, 3, 2))),
        tf.layers.flatten(x[:, 0, 0]),
    ]
    return results, feeds


def network(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 10, 10, 1], data(3, 10, 10, 1))
    y = tf.layers.conv2d(x, 4, 3, activation=tf.nn.relu)
    y = tf.layers.max_pooling2d(y, 2, 2)
    y = tf.layers.batch_normalization(y, training=True)
    y = tf.layers.flatten(y)
    y = tf.layers.dropout(tf.layers.dense(y, 8, tf.nn.relu), 0.4, training=True)
    return [tf.layers.dense(y, 3)], feeds


def user_layer(tf: Any) -> Made:
    class ScaledSum(tf.layers.Layer):  # type: ignore[misc]  # of either library
        def __init__(self, units: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units
            self.inner = tf.layers.Dense(units)

        def build(self, input_shape: Any) -> None:
            self.factor = self.add_variable("factor", [int(input_shape[-1])])
            self.calls = self.add_weight(
                "calls",
                [],
                tf.int32,
                initializer=tf.zeros_initializer(),
                trainable=False,
            )
            super().build(input_shape)

        def call(self, inputs: Any, scope: Any = None, training: bool = False) -> Any:
            self.add_loss(tf.reduce_sum(inputs), inputs=inputs)
            self.add_update(tf.assign_add(self.calls, 1))
            return self.inner(inputs * self.factor) + (1.0 if training else 0.0)

    x, feeds = _fed(tf, [None, 5], data(4, 5))
    layer = ScaledSum(2)
    with tf.variable_scope("outer"):
        a = layer(x)
        b = layer(x, training=True)
    assert len(layer.trainable_weights) == len(layer.non_trainable_weights) == 1
    assert len(layer.losses) == len(layer.updates) == 2
    assert len(layer.get_losses_for(x)) == 2
    assert not layer.get_updates_for(x)
    return [a, b, ScaledSum(3, name="third", _scope="elsewhere")(a), *layer.losses], feeds


def regularizers(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 5], data(4, 5))
    of = tf.contrib.layers
    kinds = {
        "l1": of.l1_regularizer(0.1),
        "l2": of.l2_regularizer(0.2, scope="own"),
        "both": of.l1_l2_regularizer(0.1, 0.3),
        "one": of.l1_l2_regularizer(0.0, 0.3),
        "none": of.l2_regularizer(0.0),
        "named": "l1_l2",
    }
    results = [tf.layers.dense(x, 3, kernel_regularizer=r, name=n) for n, r in kinds.items()]
    results.append(tf.losses.get_regularization_loss())
    results.append(of.apply_regularization(kinds["both"], tf.trainable_variables()[:2]))
    return results, feeds


CALLS: dict[str, Callable[[Any], Made]] = {
    f.__name__: f
    for f in (
        dense_two,
        dense_options,
        dense_tensordot,
        dense_reuse,
        dense_object,
        dense_double,
        dense_array,
        conv2d_some,
        conv2d_dilated,
        conv1d_dilated,
        conv3d_some,
        conv3d_transpose_some,
        separable_some,
        conv1d_some,
        conv2d_transpose_some,
        pooling_some,
        pooling_volumes,
        normalization_fused,
        normalization_plain,
        normalization_special,
        training_fed_true,
        training_fed_false,
        dropout_flatten,
        network,
        regularizers,
        user_layer,
    )
}


def observed(tf: Any, name: str) -> dict[str, Any]:
    """Builds and runs a call; returns nodes, names in collections and numbers."""
    graph = tf.Graph()
    with graph.as_default(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tf.set_random_seed(SEED)
        results, feeds = CALLS[name](tf)
        found = record.structure(graph)
        found["shapes"] = [str(r.shape.as_list()) for r in results]
        variables, weights = tf.global_variables(), tf.trainable_variables()
        total = tf.add_n([tf.reduce_sum(tf.cast(r * r, tf.float32)) for r in results])
        slopes = [g for g in tf.gradients(total, weights) if g is not None] if weights else []
        start = tf.global_variables_initializer()
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.Session(graph=graph) as session:
        session.run(start)
        found["results"] = _lists(session.run(results, feeds))
        found["gradients"] = _lists(session.run(slopes, feeds))
        session.run(updates, feeds)
        found["variables"] = dict(
            zip([v.name for v in variables], _lists(session.run(variables)))  # noqa: B905 - 3.7
        )
    return found


def _lists(arrays: Any) -> Any:
    """Arrays as short rows: shape, sum, sum of absolute values, sine-weighted sum."""
    rows = []
    for array in arrays:
        flat = np.asarray(array, np.float64).ravel()
        weights = np.sin(np.arange(flat.size) + 1.0)
        rows.append(
            [
                list(np.shape(array)),
                float(flat.sum()),
                float(np.abs(flat).sum()),
                float((flat * weights).sum()),
            ]
        )
    return rows
