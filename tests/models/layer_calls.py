"""Small graphs with each of Keras' layers."""

from __future__ import annotations

import copy
from typing import Any, Callable  # noqa: UP035 - evaluated under Python 3.7

import numpy as np

from tests.models.observe import Made, data, fed, mistake

CALLS: dict[str, Callable[[Any], Made]] = {}
ONLY_NUMBERS: tuple[str, ...] = ()
"""Calls whose nodes differ from TensorFlow's on purpose: those with `tf.cond`."""

IMAGES = (2, 6, 6, 3)
VOLUMES = (2, 4, 4, 4, 2)
SIGNALS = (2, 7, 3)
FIRST = {"data_format": "channels_first"}
LAYERS: dict[str, Any] = {
    "dense": ("Dense", (4,), {"activation": "relu"}, [(None, 5)]),
    "dense_deep": ("Dense", (4,), {"use_bias": False}, [(2, None, 5)]),
    "dense_all": (
        "Dense",
        (4,),
        {
            "activation": "tanh", "kernel_regularizer": "l2", "bias_regularizer": "l1",
            "activity_regularizer": "l1_l2", "kernel_constraint": "max_norm",
            "bias_constraint": "non_neg", "kernel_initializer": "he_normal",
            "bias_initializer": "ones", "name": "top", "input_shape": (5,),
        },
        [(None, 5)],
    ),
    "activation": ("Activation", ("softplus",), {}, [(None, 5)]),
    "activity": ("ActivityRegularization", (0.1, 0.2), {}, [(None, 5)]),
    "masking": ("Masking", (0.5,), {}, [(2, 3, 4)]),
    "flatten": ("Flatten", (), {}, [(None, 5, 2)]),
    "flatten_unknown": ("Flatten", (), {}, [(2, None, 2)]),
    "flatten_first": ("Flatten", ("channels_first",), {}, [(2, 5, 2)]),
    "reshape": ("Reshape", ((5, -1),), {}, [(None, 2, 10)]),
    "reshape_unknown": ("Reshape", ((-1, 2),), {}, [(2, None, 2)]),
    "permute": ("Permute", ((2, 1),), {}, [(None, 2, 5)]),
    "repeat": ("RepeatVector", (3,), {}, [(None, 5)]),
    "conv1d": ("Conv1D", (4, 3), {"activation": "relu"}, [SIGNALS]),
    "conv1d_causal": ("Conv1D", (4, 3), {"padding": "causal", "dilation_rate": 2}, [SIGNALS]),
    "conv2d": ("Conv2D", (4, 3), {"activation": "relu", "padding": "same"}, [IMAGES]),
    "conv2d_strides": ("Conv2D", (4, (3, 2)), {"strides": 2, "use_bias": False}, [IMAGES]),
    "conv2d_dilated": ("Conv2D", (4, 2), {"dilation_rate": 2}, [(None, 6, 6, 3)]),
    "conv2d_all": (
        "Conv2D",
        (4, 2),
        {"kernel_regularizer": "l2", "kernel_constraint": "unit_norm", "bias_initializer": "ones"},
        [IMAGES],
    ),
    "conv3d": ("Conv3D", (3, 2), {"strides": (1, 2, 1)}, [VOLUMES]),
    "conv2d_transpose": ("Conv2DTranspose", (4, 3), {"strides": 2}, [IMAGES]),
    "conv2d_transpose_same": (
        "Conv2DTranspose", (4, 3), {"strides": 2, "padding": "same", "output_padding": 1},
        [IMAGES],
    ),
    "conv2d_transpose_dilated": (
        "Conv2DTranspose", (4, 3), {"dilation_rate": 2, "padding": "same"}, [IMAGES],
    ),
    "conv3d_transpose": ("Conv3DTranspose", (2, 3), {"strides": 2}, [VOLUMES]),
    "conv3d_transpose_padded": (
        "Conv3DTranspose", (2, 3), {"strides": 2, "output_padding": 1}, [VOLUMES],
    ),
    "separable1d": ("SeparableConv1D", (4, 3), {"padding": "causal"}, [SIGNALS]),
    "separable2d": ("SeparableConv2D", (4, 3), {"depth_multiplier": 2}, [IMAGES]),
    "separable2d_all": (
        "SeparableConv2D",
        (4, 3),
        {"depthwise_regularizer": "l1", "pointwise_constraint": "max_norm", "strides": 2},
        [IMAGES],
    ),
    "depthwise": ("DepthwiseConv2D", (3,), {"depth_multiplier": 2, "padding": "same"}, [IMAGES]),
    "depthwise_strides": (
        "DepthwiseConv2D", (2,), {"strides": 2, "activation": "relu", "use_bias": False},
        [(None, 6, 6, 3)],
    ),
    "max1d": ("MaxPooling1D", (), {}, [SIGNALS]),
    "max1d_first": ("MaxPooling1D", (2, 1), FIRST, [SIGNALS]),
    "average1d": ("AveragePooling1D", (3, 2, "same"), {}, [SIGNALS]),
    "max2d": ("MaxPooling2D", (), {}, [IMAGES]),
    "max2d_options": ("MaxPooling2D", ((2, 3),), {"strides": 1, "padding": "same"}, [IMAGES]),
    "average2d": ("AveragePooling2D", (2,), {}, [IMAGES]),
    "max3d": ("MaxPooling3D", (), {}, [VOLUMES]),
    "average3d": ("AveragePooling3D", (), FIRST, [(2, 2, 4, 4, 4)]),
    "global_max1d": ("GlobalMaxPooling1D", (), {}, [SIGNALS]),
    "global_average1d": ("GlobalAveragePooling1D", (), FIRST, [SIGNALS]),
    "global_max2d": ("GlobalMaxPooling2D", (), {}, [IMAGES]),
    "global_average2d": ("GlobalAveragePooling2D", (), {}, [IMAGES]),
    "global_average2d_first": ("GlobalAveragePooling2D", (), FIRST, [IMAGES]),
    "global_max3d": ("GlobalMaxPooling3D", (), {}, [VOLUMES]),
    "global_average3d": ("GlobalAveragePooling3D", (), {}, [VOLUMES]),
    "pad1d": ("ZeroPadding1D", (2,), {}, [SIGNALS]),
    "pad1d_ends": ("ZeroPadding1D", ((0, 3),), {}, [SIGNALS]),
    "pad2d": ("ZeroPadding2D", ((1, 2),), {}, [IMAGES]),
    "pad2d_first": ("ZeroPadding2D", (((1, 0), (2, 1)),), FIRST, [IMAGES]),
    "pad3d": ("ZeroPadding3D", ((1, 2, 0),), {}, [VOLUMES]),
    "crop1d": ("Cropping1D", ((1, 2),), {}, [SIGNALS]),
    "crop1d_start": ("Cropping1D", ((1, 0),), {}, [SIGNALS]),
    "crop2d": ("Cropping2D", (((1, 2), (0, 1)),), {}, [IMAGES]),
    "crop2d_ends": ("Cropping2D", (((1, 0), (1, 2)),), {}, [IMAGES]),
    "crop3d": ("Cropping3D", (1,), {}, [VOLUMES]),
    "up1d": ("UpSampling1D", (3,), {}, [SIGNALS]),
    "up1d_unknown": ("UpSampling1D", (2,), {}, [(2, None, 3)]),
    "up2d": ("UpSampling2D", (), {}, [IMAGES]),
    "up2d_bilinear": (
        "UpSampling2D", ((2, 3),), {"interpolation": "bilinear", "data_format": "channels_first"},
        [(2, 3, 6, 6)],
    ),
    "up3d": ("UpSampling3D", (2,), {}, [VOLUMES]),
    "layer_norm": ("LayerNormalization", (), {}, [(None, 5)]),
    "layer_norm_axes": (
        "LayerNormalization", ([1, 2],),
        {"gamma_initializer": "he_normal", "beta_regularizer": "l2"},
        [(2, 3, 4)],
    ),
    "layer_norm_one": ("LayerNormalization", (1,), {"center": False}, [(2, 3, 4)]),
    "leaky": ("LeakyReLU", (), {}, [(None, 5)]),
    "prelu": ("PReLU", (), {"alpha_initializer": "glorot_uniform"}, [(None, 3, 5)]),
    "prelu_shared": ("PReLU", (), {"shared_axes": 1, "alpha_constraint": "non_neg"}, [(2, 3, 5)]),
    "elu": ("ELU", (0.5,), {}, [(None, 5)]),
    "threshold": ("ThresholdedReLU", (0.7,), {}, [(None, 5)]),
    "softmax": ("Softmax", (1,), {}, [(2, 3, 5)]),
    "relu": ("ReLU", (1.0, 0.1, 0.2), {}, [(None, 5)]),
    "relu6": ("ReLU", (6,), {}, [(None, 5)]),
    "add": ("Add", (), {}, [(None, 5), (None, 5), (None, 5)]),
    "add_broadcast": ("Add", (), {}, [(None, 2, 5), (None, 5)]),
    "subtract": ("Subtract", (), {}, [(None, 5), (None, 5)]),
    "multiply": ("Multiply", (), {}, [(None, 5), (None, 1)]),
    "average": ("Average", (), {}, [(None, 5), (None, 5)]),
    "maximum": ("Maximum", (), {}, [(None, 5), (None, 5)]),
    "minimum": ("Minimum", (), {}, [(None, 5), (None, 5)]),
    "concatenate": ("Concatenate", (), {}, [(None, 5), (None, 3)]),
    "concatenate_axis": ("Concatenate", (1,), {}, [(None, 5, 2), (None, 3, 2)]),
    "dot": ("Dot", (1,), {}, [(None, 5), (None, 5)]),
    "dot_normalized": ("Dot", (-1, True), {}, [(None, 3, 5), (None, 2, 5)]),
    "dot_axes": ("Dot", ((2, 1),), {}, [(None, 3, 5), (None, 5)]),
    "dropout_rest": ("Dropout", (0.5,), {}, [(None, 5)]),
    "noise_rest": ("GaussianNoise", (0.5,), {}, [(None, 5)]),
    "gaussian_rest": ("GaussianDropout", (0.5,), {}, [(None, 5)]),
    "alpha_rest": ("AlphaDropout", (0.5,), {}, [(None, 5)]),
    "batch_norm_rest": ("BatchNormalization", (), {}, [(None, 5)]),
    "batch_norm_fused_rest": (
        "BatchNormalization", (), {"scale": False, "momentum": 0.9}, [IMAGES],
    ),
}  # fmt: skip
AT_REST = ("rest",)
BY_PHASE = ("Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout", "BatchNormalization")


def _inputs(tf: Any, shapes: Any) -> Any:
    made, feeds = [], {}
    for i, shape in enumerate(shapes):
        x, fed_to = fed(tf, *shape)
        made.append(x)
        feeds.update({x: fed_to[x] + i})
    return made, feeds


def facts_of(tf: Any, layer: Any, shapes: Any) -> Any:
    config = layer.get_config()
    given = shapes[0] if len(shapes) == 1 else [tuple(s) for s in shapes]
    try:
        found = layer.compute_output_shape(given)
        shape = [None if n is None else int(n) for n in tf.TensorShape(found).as_list()]
    except NotImplementedError:
        shape = None
    return {
        "config": config,
        "again": type(layer).from_config(copy.deepcopy(config)).get_config() == config,
        "shape": shape,
        "weights": [[w.name, w.shape.as_list(), w.dtype.name] for w in layer.weights],
        "trainable": [w.name for w in layer.trainable_weights],
        "losses": len(layer.losses),
        "params": layer.count_params(),
    }


def _layer_call(kind: str, args: Any, options: Any, shapes: Any) -> Callable[[Any], Made]:
    def call(tf: Any) -> Made:
        layer = getattr(tf.keras.layers, kind)(*args, **options)
        inputs, feeds = _inputs(tf, shapes)
        given = inputs[0] if len(inputs) == 1 else inputs
        asleep = {"training": False} if kind in BY_PHASE else {}
        outputs = layer(given, **asleep)
        results = [outputs, *layer.losses]
        if getattr(outputs, "_keras_mask", None) is not None:
            results.append(outputs._keras_mask)
        return Made(results, feeds, facts=facts_of(tf, layer, shapes))

    return call


for _name, _what in LAYERS.items():
    CALLS[_name] = _layer_call(*_what)


# --- in training ---
def _training_call(kind: str, args: Any, options: Any, shape: Any) -> Callable[[Any], Made]:
    def call(tf: Any) -> Made:
        layer = getattr(tf.keras.layers, kind)(*args, **options)
        np.random.seed(3)  # noqa: NPY002 (noise of Keras hangs on NumPy's seed)
        x, feeds = fed(tf, *shape)
        outputs = layer(x, training=True)
        return Made([outputs], feeds, [list(layer.updates)], facts_of(tf, layer, [shape]))

    return call


for _name, _what in {
    "dropout": ("Dropout", (0.5,), {}, (4, 5)),
    "dropout_shape": ("Dropout", (0.3, (None, 1)), {"seed": 3}, (4, 5)),
    "spatial1d": ("SpatialDropout1D", (0.5,), {}, SIGNALS),
    "spatial2d": ("SpatialDropout2D", (0.5,), {}, IMAGES),
    "spatial3d": ("SpatialDropout3D", (0.5,), FIRST, VOLUMES),
    "noise": ("GaussianNoise", (0.5,), {}, (4, 5)),
    "gaussian": ("GaussianDropout", (0.5,), {}, (4, 5)),
    "alpha": ("AlphaDropout", (0.5,), {}, (4, 5)),
    "batch_norm": ("BatchNormalization", (), {}, (4, 5)),
    "batch_norm_fused": ("BatchNormalization", (), {"center": False}, IMAGES),
    "batch_norm_renorm": ("BatchNormalization", (), {"renorm": True}, (4, 5)),
    "batch_norm_axis": ("BatchNormalization", (1,), {"gamma_regularizer": "l2"}, (2, 3, 4)),
}.items():
    CALLS["training_" + _name] = _training_call(*_what)


def phase(tf: Any) -> Made:
    layers = tf.keras.layers
    x, feeds = fed(tf, 4, 5)
    learning = tf.keras.backend.learning_phase()
    normed = layers.BatchNormalization()(x)
    dropped = layers.Dropout(0.5, seed=4)(x)
    kernel = layers.Dense(3)(dropped)
    images = tf.constant(data(*IMAGES))
    layer = layers.BatchNormalization()
    fused = layer(images)
    feeds[learning] = True
    facts = {"phase": [learning.name, learning.dtype.name, learning.shape.as_list()]}
    return Made([normed, dropped, fused, kernel], feeds, [list(layer.updates)], facts)


def phase_at_rest(tf: Any) -> Made:
    layers = tf.keras.layers
    x, feeds = fed(tf, 4, 5)
    results = [
        layers.BatchNormalization()(x), layers.Dropout(0.5)(x), layers.GaussianNoise(0.5)(x),
    ]  # fmt: skip
    return Made(results, feeds)


def embedding(tf: Any) -> Made:
    layers = tf.keras.layers
    layer = layers.Embedding(7, 3, mask_zero=True, embeddings_regularizer="l2")
    plain = layers.Embedding(7, 3, input_length=4, embeddings_initializer="normal")
    numbers = tf.constant([[1, 0, 6, 2], [3, 3, 0, 0]])
    floats = tf.constant([[1.0, 0.0, 6.0, 2.0]])
    y = layer(numbers)
    results = [y, y._keras_mask, plain(floats), *layer.losses]
    facts = [facts_of(tf, layer, [(2, 4)]), facts_of(tf, plain, [(2, 4)])]
    facts += [layer.get_config()["batch_input_shape"], str(plain.compute_output_shape((2, None)))]
    facts += [mistake(plain.compute_output_shape, (2, 3))]
    return Made(results, facts=facts)


def masks(tf: Any) -> Made:
    layers = tf.keras.layers
    x, feeds = fed(tf, 2, 4, 3)
    feeds[x][:, 2:] = 0.0
    masked = layers.Masking()(x)
    dense = layers.Dense(2)(masked)
    mean = layers.GlobalAveragePooling1D()(dense)
    total = layers.Add()([dense, layers.Dense(2)(masked)])
    joined = layers.concatenate([dense, x])
    results = [mean, total, total._keras_mask, joined, joined._keras_mask]
    facts = [
        mistake(layers.Flatten(), masked),
        mistake(layers.Conv1D(2, 2), masked),
        mistake(layers.Concatenate().compute_mask, [x, x], [None]),
        mistake(layers.Add().compute_mask, [x, x], x)[:2],
    ]
    return Made(results, feeds, facts=facts)


def functions(tf: Any) -> Made:
    layers = tf.keras.layers
    (x, y), feeds = _inputs(tf, [(None, 5), (None, 5)])
    results = [layers.add([x, y]), layers.subtract([x, y]), layers.multiply([x, y])]
    results += [layers.average([x, y]), layers.maximum([x, y]), layers.minimum([x, y])]
    results += [layers.concatenate([x, y], axis=0), layers.dot([x, y], axes=1, name="product")]
    return Made(results, feeds)


def merged_unknown(tf: Any) -> Made:
    y = tf.placeholder_with_default(data(2, 4), [None, 4])
    z = tf.placeholder_with_default(data(2, 3, 4), [None, None, 4])
    return Made([tf.keras.layers.Multiply()([y, z]), tf.keras.layers.concatenate([z, z], 1)])


def attention(tf: Any) -> Made:
    layers = tf.keras.layers
    query, value = tf.constant(data(2, 3, 4)), tf.constant(data(2, 5, 4) / 2)
    masks = [
        tf.constant([row] * 2) for row in ([True, True, False], [True, False, True, True, False])
    ]
    plain, scaled = layers.Attention(), layers.Attention(use_scale=True, causal=True)
    added = layers.AdditiveAttention()
    results = [
        plain([query, value]), plain([query, value, value * 2], mask=masks),
        scaled([query, value]), scaled([query, value], mask=[None, masks[1]]),
        added([query, value], mask=masks),
        layers.AdditiveAttention(use_scale=False, causal=True)([query, query]),
        plain.compute_mask([query, value], masks),
    ]  # fmt: skip
    facts = [
        [layer.get_config(), [w.name for w in layer.weights]] for layer in (plain, scaled, added)
    ]
    facts += [
        mistake(layers.Attention(), query),
        mistake(layers.Attention(), [query]),
        mistake(layers.Attention(), [query, value], mask=masks[:1]),
    ]
    return Made(results, facts=facts)


def serialized(tf: Any) -> Made:
    layers = tf.keras.layers
    made = [layers.Dense(3, activation="relu"), layers.Conv2D(2, 3), layers.ReLU()]
    again = [layers.deserialize(layers.serialize(layer)) for layer in made]
    facts = {
        "plain": [layers.serialize(layer) for layer in again],
        "error": mistake(layers.deserialize, {"class_name": "None", "config": {}}),
    }
    return Made(facts=facts)


def mistakes(tf: Any) -> Made:
    layers = tf.keras.layers
    x, y = tf.constant(data(2, 3)), tf.constant(data(2, 4))
    deep = tf.constant(data(2, 3, 4))
    unknown = tf.placeholder(tf.float32, [2, None])
    facts = [
        mistake(layers.Dense(2), unknown),
        mistake(layers.Dense(2), tf.constant([1.0])),
        mistake(layers.Dense, 2, activation="none"),
        mistake(layers.Dense, 2, kernel_initializer="none"),
        mistake(layers.Dense, 2, units_too=3),
        mistake(layers.Dense(2), tf.constant([[1, 2]])),
        mistake(layers.Dense(2).compute_output_shape, (2, None)),
        mistake(layers.Permute, (1, 3)),
        mistake(layers.Reshape((5,)).compute_output_shape, (2, 3)),
        mistake(layers.Reshape((-1, -1)).compute_output_shape, (2, 3)),
        mistake(layers.RepeatVector(2), deep),
        mistake(layers.Conv2D, 2, (1, 2, 3)),
        mistake(layers.Conv2D, 2, 1, padding="none"),
        mistake(layers.Conv2D, 2, 1, padding="causal"),
        mistake(layers.Conv2D, 2, 1, data_format="none"),
        mistake(layers.Conv2D(2, 1), x),
        mistake(layers.Conv1D(2, 1), tf.placeholder(tf.float32, [2, 3, None])),
        mistake(layers.Conv2DTranspose, 2, 1, strides=1, output_padding=1),
        mistake(layers.DepthwiseConv2D(1), tf.placeholder(tf.float32, [2, 3, 3, None])),
        mistake(layers.MaxPooling2D(), x),
        mistake(layers.ZeroPadding2D, (1, 2, 3)),
        mistake(layers.ZeroPadding2D, None),
        mistake(layers.ZeroPadding2D, ((1, 2, 3), 1)),
        mistake(layers.ZeroPadding3D, None),
        mistake(layers.ZeroPadding3D, (1, 2)),
        mistake(layers.Cropping2D, None),
        mistake(layers.Cropping3D, None),
        mistake(layers.UpSampling2D, interpolation="none"),
        mistake(layers.SpatialDropout2D, 0.5, data_format="none"),
        mistake(layers.ReLU, -1.0),
        mistake(layers.ReLU, negative_slope=-1.0),
        mistake(layers.BatchNormalization, axis="1"),
        mistake(layers.BatchNormalization(axis=3), x),
        mistake(layers.LayerNormalization, axis="1"),
        mistake(layers.LayerNormalization(axis=3), x),
        mistake(layers.LayerNormalization(axis=[1, -1]), x),
        mistake(layers.Add(), x),
        mistake(layers.Add(), [x]),
        mistake(layers.Add(), [x, y]),
        mistake(layers.Subtract(), [x, x, x]),
        mistake(layers.Concatenate(), [x]),
        mistake(layers.Concatenate(axis=0), [x, y]),
        mistake(layers.Dot, "1"),
        mistake(layers.Dot, (1, 2, 3)),
        mistake(layers.Dot, ("1", 2)),
        mistake(layers.Dot(1), [x]),
        mistake(layers.Dot(1), [x, y]),
    ]
    return Made(facts=facts)


for _function in (
    phase, phase_at_rest, embedding, masks, functions, merged_unknown, mistakes, attention,
    serialized,
):  # fmt: skip
    CALLS[_function.__name__] = _function
ONLY_NUMBERS += ("phase", "phase_at_rest", "training_batch_norm_renorm", "mistakes")
