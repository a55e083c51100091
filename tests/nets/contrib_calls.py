"""Small graphs made with `tf.contrib`, run alike by graphflow and by TensorFlow 1.15.5.

Each function gets the module `tf`, builds a graph and returns (results, feeds). Runs on Python 3.7.
"""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np

from tests.nets import calls
from tests.nets.calls import Made, _fed, data
from tests.programs import record

ONLY_NUMBERS = (
    "batch_norm_fed_true",
    "batch_norm_fed_false",
    "batch_norm_plain_fed",
)
"""Calls whose nodes differ from TensorFlow's on purpose: those with `tf.cond`."""


def _inside(tf: Any) -> Any:
    """The module that the layers are defined in."""
    return importlib.import_module(f"{tf.__name__}.contrib.layers.python.layers.layers")


def _images(tf: Any, *sizes: int) -> Any:
    return _fed(tf, [None, *sizes[1:]], data(*sizes))


def conv2d_plain(tf: Any) -> Made:
    x, feeds = _images(tf, 2, 6, 7, 3)
    layers = tf.contrib.layers
    y = layers.conv2d(x, 4, 3)
    y = layers.conv2d(y, 5, [3, 2], stride=2, padding="VALID", activation_fn=tf.nn.tanh)
    return [y, layers.convolution2d(y, 2, 1, activation_fn=None, biases_initializer=None)], feeds


def conv2d_options(tf: Any) -> Made:
    x, feeds = _images(tf, 2, 6, 7, 3)
    layers = tf.contrib.layers
    y = layers.conv2d(
        x,
        4,
        3,
        rate=2,
        weights_initializer=layers.variance_scaling_initializer(),
        weights_regularizer=layers.l2_regularizer(0.1),
        biases_initializer=tf.constant_initializer(0.2),
        biases_regularizer=layers.l1_regularizer(0.3),
        variables_collections={"weights": ["w"], "biases": ["b", "c"]},
        outputs_collections="ends",
        scope="first",
    )
    z = layers.conv2d(y, 4, 1, trainable=False, variables_collections=["all"], scope="second")
    with tf.variable_scope("outer"):
        z = layers.conv2d(z, 4, 1, scope="inner")
        again = layers.conv2d(z, 4, 1, scope="inner", reuse=True)
    return [y, z, again], feeds


def conv2d_normalized(tf: Any) -> Made:
    x, feeds = _images(tf, 3, 5, 5, 2)
    layers = tf.contrib.layers
    params = {"decay": 0.9, "scale": True}
    y = layers.conv2d(x, 4, 3, normalizer_fn=layers.batch_norm, normalizer_params=params)
    return [layers.conv2d(y, 3, 3, normalizer_fn=layers.layer_norm)], feeds


def convolutions_of_other_ranks(tf: Any) -> Made:
    layers = tf.contrib.layers
    x, feeds = _images(tf, 2, 9, 3)
    results = [layers.conv1d(x, 4, 3), layers.convolution(x, 4, 3, stride=2)]
    y, more = _images(tf, 2, 4, 4, 4, 2)
    feeds.update(more)
    results.append(layers.conv3d(y, 3, 2))
    results.append(layers.conv3d_transpose(y, 3, 2, stride=2))
    return results, feeds


def conv2d_transpose_some(tf: Any) -> Made:
    x, feeds = _images(tf, 2, 4, 5, 3)
    layers = tf.contrib.layers
    y = layers.conv2d_transpose(x, 4, 3, stride=2)
    z = layers.conv2d_transpose(
        y, 2, [2, 3], padding="VALID", activation_fn=None, normalizer_fn=layers.batch_norm
    )
    return [y, z], feeds


def conv2d_in_plane_some(tf: Any) -> Made:
    x, feeds = _images(tf, 2, 6, 7, 3)
    layers = tf.contrib.layers
    y = layers.conv2d_in_plane(x, 3)
    z = layers.conv2d_in_plane(
        y, [1, 2], stride=2, activation_fn=None, normalizer_fn=layers.batch_norm, scope="plane"
    )
    return [y, z], feeds


def separable_some(tf: Any) -> Made:
    x, feeds = _images(tf, 2, 6, 7, 3)
    layers = tf.contrib.layers
    y = layers.separable_conv2d(x, 5, 3, 2, weights_regularizer=layers.l2_regularizer(0.1))
    z = layers.separable_conv2d(y, None, [3, 2], depth_multiplier=2, stride=2)
    w = layers.separable_conv2d(
        z, None, 3, 1, activation_fn=None, normalizer_fn=layers.batch_norm, rate=2, scope="top"
    )
    v = layers.separable_convolution2d(
        w, 4, 3, normalizer_fn=layers.batch_norm, variables_collections={"weights": ["kept"]}
    )
    return [y, z, w, v], feeds


def fully_connected_some(tf: Any) -> Made:
    x, feeds = _images(tf, 4, 5)
    layers = tf.contrib.layers
    y = layers.fully_connected(x, 6)
    z = layers.fully_connected(
        y,
        3,
        activation_fn=tf.sigmoid,
        normalizer_fn=layers.batch_norm,
        weights_initializer=tf.truncated_normal_initializer(stddev=0.3),
        weights_regularizer=layers.l1_l2_regularizer(0.1, 0.2),
        variables_collections=["kept"],
        outputs_collections=["ends"],
        scope="top",
    )
    made = [layers.linear(z, 2), layers.relu(z, 2), layers.relu6(z, 2), layers.elu(z, 2)]
    return [y, z, *made], feeds


def fully_connected_of_more_axes(tf: Any) -> Made:
    x, feeds = _images(tf, 4, 2, 5)
    layers = tf.contrib.layers
    y = layers.fully_connected(x, 6, biases_initializer=None)
    return [y, layers.legacy_relu(y, 3), layers.legacy_linear(y[:, 0], 2, name="old")], feeds


def stacks(tf: Any) -> Made:
    x, feeds = _images(tf, 2, 6, 6, 3)
    layers = tf.contrib.layers
    y = layers.repeat(x, 2, layers.conv2d, 4, [3, 3], scope="conv1")
    y = layers.repeat(y, 2, layers.conv2d, 3, 1)
    y = layers.stack(y, layers.conv2d, [(3, [1, 1]), (2, [3, 3])], scope="conv2")
    flat = layers.flatten(y)
    z = layers.stack(flat, layers.fully_connected, [7, 5])
    return [y, layers.stack(z, layers.relu, [4], scope="last")], feeds


def scopes_of_arguments(tf: Any) -> Made:
    x, feeds = _images(tf, 2, 6, 6, 3)
    slim = tf.contrib.slim
    regularizer = slim.l2_regularizer(0.05)
    with slim.arg_scope([slim.conv2d, slim.fully_connected], weights_regularizer=regularizer):
        with slim.arg_scope([slim.conv2d], padding="VALID", activation_fn=tf.nn.elu) as scope:
            y = slim.conv2d(x, 4, 3)
            y = slim.conv2d(y, 4, 3, padding="SAME")
        z = slim.conv2d(y, 2, 3)
        top = slim.fully_connected(slim.flatten(z), 3)
    with slim.arg_scope(scope):
        z = slim.conv2d(z, 2, 2)
    return [z, top], feeds


def pooling_some(tf: Any) -> Made:
    x, feeds = _images(tf, 2, 6, 7, 3)
    layers = tf.contrib.layers
    results = [
        layers.max_pool2d(x, 2),
        layers.max_pool2d(x, [3, 2], stride=1, padding="SAME", outputs_collections="ends"),
        layers.avg_pool2d(x, 2, scope="means"),
        tf.contrib.slim.pool(x, 2, "AVG", stride=2),
        tf.contrib.slim.pool(x, [2, 3], "MAX", padding="SAME", scope="mine"),
    ]
    y, more = _images(tf, 2, 4, 4, 4, 2)
    feeds.update(more)
    return [*results, layers.max_pool3d(y, 2), layers.avg_pool3d(y, 2, 1)], feeds


def batch_norm_layer(tf: Any) -> Made:
    x, feeds = _images(tf, 3, 4, 5, 2)
    layers = tf.contrib.layers
    y = layers.batch_norm(x)
    y = layers.batch_norm(
        y,
        decay=0.7,
        center=False,
        scale=True,
        epsilon=0.1,
        activation_fn=tf.nn.relu,
        param_initializers={"gamma": tf.constant_initializer(0.5)},
        param_regularizers={"gamma": layers.l2_regularizer(0.1)},
        variables_collections={"gamma": ["g"], "moving_mean": ["m"]},
        outputs_collections="ends",
        fused=False,
        scope="mine",
    )
    z = layers.batch_norm(y, is_training=False, trainable=False)
    with tf.variable_scope("outer"):
        a = layers.batch_norm(z, scope="bn")
        b = layers.batch_norm(a, scope="bn", reuse=True)
    return [y, z, b], feeds


def batch_norm_fused(tf: Any) -> Made:
    x, feeds = _images(tf, 6, 3)
    layers = tf.contrib.layers
    y = layers.batch_norm(x, scale=True)
    y = layers.batch_norm(y, updates_collections=None, decay=0.6, center=False)
    image, more = _images(tf, 3, 4, 5, 2)
    feeds.update(more)
    z = layers.batch_norm(image, updates_collections=None, scale=True, activation_fn=tf.tanh)
    z = layers.batch_norm(z, updates_collections="mine")
    z = layers.batch_norm(z, updates_collections=None, is_training=False)
    w = layers.batch_norm(
        z, zero_debias_moving_mean=True, param_regularizers={"beta": layers.l1_regularizer(0.2)}
    )
    return [y, z, w], feeds


def batch_norm_plain(tf: Any) -> Made:
    x, feeds = _images(tf, 6, 5, 3)
    layers = tf.contrib.layers
    y = layers.batch_norm(x, updates_collections=None, scale=True)
    y = layers.batch_norm(y, updates_collections=["mine"], center=False)
    y = layers.batch_norm(y, zero_debias_moving_mean=True)
    y = layers.batch_norm(y, updates_collections=None, is_training=False)
    weights = tf.constant([1.0, 2, 0, 1, 3, 1])
    z = layers.batch_norm(y, batch_weights=weights, scale=True, scope="weighted")
    z = layers.batch_norm(z, renorm=True, renorm_decay=0.8, renorm_clipping={"rmax": 1.5})
    image, more = _images(tf, 3, 2, 4, 5)
    feeds.update(more)
    w = layers.batch_norm(
        image, fused=False, data_format="NCHW", updates_collections=None, scale=True
    )
    v = layers.batch_norm(x, fused=False, param_initializers={"beta": tf.ones_initializer()})
    return [z, w, v], feeds


def _batch_norm_fed(tf: Any, training: bool) -> Made:
    x, feeds = _images(tf, 3, 4, 5, 2)
    is_training = tf.placeholder(tf.bool, [])
    feeds[is_training] = training
    layers = tf.contrib.layers
    y = layers.batch_norm(x, is_training=is_training)
    y = layers.batch_norm(y, is_training=is_training, updates_collections=None)
    y = layers.batch_norm(y, is_training=is_training, updates_collections="update_ops_too")
    return [layers.dropout(y, 1.0, is_training=is_training)], feeds


def batch_norm_fed_true(tf: Any) -> Made:
    return _batch_norm_fed(tf, True)


def batch_norm_fed_false(tf: Any) -> Made:
    return _batch_norm_fed(tf, False)


def batch_norm_plain_fed(tf: Any) -> Made:
    x, feeds = _images(tf, 6, 5, 3)
    is_training = tf.placeholder(tf.bool, [])
    feeds[is_training] = True
    layers = tf.contrib.layers
    y = layers.batch_norm(x, is_training=is_training, updates_collections=None)
    return [layers.batch_norm(y, is_training=is_training, updates_collections="mine")], feeds


def norms(tf: Any) -> Made:
    x, feeds = _images(tf, 3, 4, 5, 8)
    layers = tf.contrib.layers
    results = [
        layers.layer_norm(x),
        layers.layer_norm(x, center=False, begin_norm_axis=-1, activation_fn=tf.nn.relu),
        layers.layer_norm(x, scale=False, begin_norm_axis=2, begin_params_axis=2, scope="ln"),
        layers.instance_norm(x),
        layers.instance_norm(
            x, epsilon=0.1, param_initializers={"gamma": tf.constant_initializer(2.0)}, scope="in"
        ),
        layers.group_norm(x, 4),
        layers.group_norm(x, 2, center=False, mean_close_to_zero=True, scope="gn"),
        layers.unit_norm(x, 1),
        layers.unit_norm(x, 3, scope="unit"),
    ]
    return results, feeds


def norms_of_channels_first(tf: Any) -> Made:
    x, feeds = _images(tf, 3, 8, 4, 5)
    layers = tf.contrib.layers
    return [
        layers.instance_norm(x, data_format="NCHW"),
        layers.group_norm(x, 4, channels_axis=1, reduction_axes=[2, 3]),
    ], feeds


def small_functions(tf: Any) -> Made:
    x, feeds = _images(tf, 3, 4, 6)
    layers = tf.contrib.layers
    labels = tf.constant([0, 3, 1])
    results = [
        layers.flatten(x, outputs_collections="ends"),
        layers.bias_add(x, tf.nn.relu, tf.constant_initializer(0.3), layers.l2_regularizer(0.1)),
        layers.one_hot_encoding(labels, 4),
        layers.one_hot_encoding(tf.constant([2], tf.int64), 3, 5.0, -1.0, scope="hot"),
        layers.softmax(x),
        layers.dropout(x, 0.7, seed=3),
        layers.dropout(x, is_training=False),
        layers.dropout(x, 0.5, noise_shape=[3, 1, None], scope="drop"),
        layers.maxout(x, 3),
        layers.maxout(x, 2, axis=1),
        _inside(tf).poincare_normalize(x * 0.3),
    ]
    return results, feeds


def images_some(tf: Any) -> Made:
    x, feeds = _images(tf, 2, 4, 6, 3)
    layers = tf.contrib.layers
    sequence = layers.images_to_sequence(x)
    inner = _inside(tf)._inner_flatten
    return [
        sequence,
        layers.sequence_to_images(sequence, 4),
        layers.sequence_to_images(sequence, 4, "channels_first"),
        layers.spatial_softmax(x),
        layers.spatial_softmax(x, 0.5, name="fixed", trainable=False),
        inner(x, 2),
        inner(x, 3),
    ], feeds


def embeddings(tf: Any) -> Made:
    layers = tf.contrib.layers
    ids = tf.placeholder(tf.int64, [None, 3])
    sizes = tf.placeholder(tf.int64, [2])
    feeds = {ids: np.array([[1, 2, 2], [0, 4, 0]]), sizes: np.array([3, 2])}
    sparse = tf.SparseTensor([[0, 0], [2, 1]], tf.constant([1, 3], tf.int64), sizes)
    y = layers.embed_sequence(ids, 5, 4)
    with tf.variable_scope("table"):
        first = layers.embed_sequence(ids, 5, 4, scope="e", initializer=tf.ones_initializer())
        second = layers.embed_sequence(ids, scope="e", reuse=True)
    z = layers.embed_sequence(ids, 5, 4, unique=True, regularizer=layers.l2_regularizer(0.1))
    table = tf.get_variable("rows", initializer=data(5, 2))
    return [
        y,
        first,
        second,
        z,
        layers.bow_encoder(ids, 5, 3),
        layers.bow_encoder(ids, 5, 3, sparse_lookup=False, scope="dense"),
        layers.safe_embedding_lookup_sparse(table, sparse, combiner="sum"),
        layers.safe_embedding_lookup_sparse([table], sparse, combiner="sqrtn", default_id=2),
        tf.sparse_tensor_to_dense(layers.dense_to_sparse(ids)),
    ], feeds


def losses(tf: Any) -> Made:
    losses = tf.contrib.losses
    x, feeds = _images(tf, 4, 3)
    labels = tf.constant([[0.0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]])
    each = tf.constant([1.0, 0, 2, 0.5])
    places = tf.constant([1, 0, 2, 1])
    fifth = tf.sigmoid(x)
    results = [
        losses.absolute_difference(x, labels),
        losses.mean_squared_error(x, labels, weights=each),
        losses.sigmoid_cross_entropy(x, labels, label_smoothing=0.2),
        losses.softmax_cross_entropy(x, labels, weights=each, label_smoothing=0.1),
        losses.sparse_softmax_cross_entropy(x, places, weights=0.5, scope="mine"),
        losses.log_loss(fifth, labels, weights=labels),
        losses.hinge_loss(x, labels),
        losses.mean_pairwise_squared_error(x, labels),
        losses.mean_pairwise_squared_error(x, labels, weights=each),
        losses.cosine_distance(fifth, labels, dim=1),
        losses.compute_weighted_loss(x, 0.0),
        losses.compute_weighted_loss(x, tf.reshape(each, [4, 1])),
        losses.get_total_loss(),
    ]
    assert len(losses.get_losses()) == 11, losses.get_losses()
    return results, feeds


def summaries(tf: Any) -> Made:
    x, feeds = _images(tf, 4, 5)
    layers = tf.contrib.layers
    y = layers.fully_connected(x, 3, tf.nn.relu6, variables_collections={"weights": ["weights"]})
    old = layers.legacy_relu(x, 2)
    layers.summarize_activation(y)
    layers.summarize_activations()
    layers.summarize_collection("weights", name_filter="fully_connected")
    layers.summarize_tensor(tf.reduce_sum(y), "total")
    layers.summarize_tensors([y, tf.constant(True), old])
    layers.summaries.summarize_variables("fully_connected_1")
    return [y, old], feeds


def initializers(tf: Any) -> Made:
    layers = tf.contrib.layers
    made = [
        layers.variance_scaling_initializer(1.5, mode, uniform, seed=4)
        for mode in ("FAN_IN", "FAN_OUT", "FAN_AVG")
        for uniform in (False, True)
    ]
    made += [layers.xavier_initializer(), layers.xavier_initializer_conv2d(uniform=False, seed=1)]
    results = []
    for i, initializer in enumerate(made):
        results += [
            tf.get_variable("v%d_%d" % (i, n), shape=shape, initializer=initializer)  # noqa: UP031
            for n, shape in enumerate([[3, 2, 4, 5], [4, 6], [7]])
        ]
    return [tf.identity(v) for v in results], {}


def variables_of_the_framework(tf: Any) -> Made:
    framework = tf.contrib.framework
    x, feeds = _images(tf, 2, 3)
    with tf.variable_scope("a"):
        v = framework.variable("v", [3], initializer=tf.ones_initializer(), device="/cpu:0")
        framework.model_variable("m", [2], regularizer=tf.contrib.layers.l2_regularizer(0.1))
        framework.local_variable(1.5, name="local")
        framework.global_variable([1.0], name="global")
    with framework.arg_scope([framework.variable], collections=["kept"], trainable=False):
        framework.variable("w", [3], initializer=tf.zeros_initializer())
    assign, more = framework.assign_from_values({"a/v": np.arange(3.0)})
    feeds.update(more)
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, assign)
    return [x * v], feeds


def network(tf: Any) -> Made:
    x, feeds = _images(tf, 2, 8, 8, 1)
    slim = tf.contrib.slim
    batch_norm = {"decay": 0.95, "updates_collections": None, "scale": True}
    with tf.variable_scope("net", values=[x]) as scope:
        ends = scope.original_name_scope + "_end_points"
        all_three = [slim.conv2d, slim.fully_connected, slim.max_pool2d]
        outer = slim.arg_scope(all_three, outputs_collections=ends)
        options = {
            "normalizer_fn": slim.batch_norm,
            "normalizer_params": batch_norm,
            "weights_regularizer": slim.l2_regularizer(5e-4),
        }
        with outer, slim.arg_scope([slim.conv2d], **options):
            y = slim.repeat(x, 2, slim.conv2d, 4, [3, 3], scope="conv1")
            y = slim.max_pool2d(y, [2, 2], scope="pool1")
            y = slim.flatten(y)
            y = slim.dropout(y, 0.9, scope="dropout", seed=1)
            y = slim.fully_connected(y, 3, activation_fn=None, scope="logits")
            named = slim.utils.convert_collection_to_dict(ends)
    assert list(named)[:2] == ["net/conv1/conv1_1", "net/conv1/conv1_2"], list(named)
    return [y, named["net/pool1"], slim.softmax(y)], feeds


CALLS = {
    function.__name__: function
    for function in (
        conv2d_plain, conv2d_options, conv2d_normalized, convolutions_of_other_ranks,
        conv2d_transpose_some, conv2d_in_plane_some, separable_some, fully_connected_some,
        fully_connected_of_more_axes, stacks, scopes_of_arguments, pooling_some, batch_norm_layer,
        batch_norm_fused, batch_norm_plain, batch_norm_fed_true, batch_norm_fed_false,
        batch_norm_plain_fed, norms, norms_of_channels_first, small_functions, images_some,
        embeddings, losses, summaries, initializers, variables_of_the_framework, network,
    )
}  # fmt: skip


def observed(tf: Any, name: str) -> Any:
    """Builds and runs a call; returns nodes, names in collections and numbers."""
    graph = tf.Graph()
    with graph.as_default(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tf.set_random_seed(calls.SEED)
        results, feeds = CALLS[name](tf)
        found = record.structure(graph)
        found["shapes"] = [str(r.shape.as_list()) for r in results]
        variables, weights = tf.global_variables(), tf.trainable_variables()
        losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
        total = tf.add_n([tf.reduce_sum(tf.cast(r * r, tf.float32)) for r in results])
        slopes = [g for g in tf.gradients(total, weights) if g is not None] if weights else []
        slopes = [tf.convert_to_tensor(g) for g in slopes]
        start = [tf.global_variables_initializer(), tf.local_variables_initializer()]
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.Session(graph=graph) as session:
        session.run(start)
        found["results"] = calls._lists(session.run([*results, *losses], feeds))
        found["gradients"] = calls._lists(session.run(slopes, feeds))
        session.run(updates, feeds)
        found["variables"] = dict(
            zip([v.name for v in variables], calls._lists(session.run(variables)))  # noqa: B905
        )
    return found
