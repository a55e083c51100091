"""Calls of tf.keras.backend: each returns tensors, values or names of both."""

import numpy as np

X = np.arange(24, dtype="float32").reshape(2, 3, 4) / 7 - 1
M = X[0]


def row(function, *arrays):
    """Returns a call of a function of the backend with constants."""
    return lambda tf, k: function(k, *[k.constant(a) for a in arrays])


ROWS = {
    "max": row(lambda k, x: k.max(x, 1), X),
    "min": row(lambda k, x: k.min(x, -1, keepdims=True), X),
    "sum": row(lambda k, x: k.sum(x), X),
    "prod": row(lambda k, x: k.prod(x, [0, 1]), X),
    "mean": row(lambda k, x: k.mean(x, axis=-1), X),
    "mean of bools": row(lambda k, x: k.mean(k.greater(x, 0.0)), X),
    "var": row(lambda k, x: k.var(x, 1), X),
    "std": row(lambda k, x: k.std(x), X),
    "any": row(lambda k, x: k.any(x, 0), X),
    "all": row(lambda k, x: k.all(x, 0), X),
    "argmax": row(lambda k, x: k.argmax(x), X),
    "argmin": row(lambda k, x: k.argmin(x, 1), X),
    "cumsum": row(lambda k, x: k.cumsum(x), M),
    "cumprod": row(lambda k, x: k.cumprod(x, 1), M),
    "square": row(lambda k, x: k.square(x), M),
    "abs": row(lambda k, x: k.abs(x), M),
    "sqrt": row(lambda k, x: k.sqrt(x), M),
    "exp": row(lambda k, x: k.exp(x), M),
    "log": row(lambda k, x: k.log(k.abs(x) + 1.0), M),
    "round": row(lambda k, x: k.round(x * 4.0), M),
    "sign": row(lambda k, x: k.sign(x), M),
    "pow": row(lambda k, x: k.pow(x, 2), M),
    "clip": row(lambda k, x: k.clip(x, -0.5, 0.2), M),
    "clip backwards": row(lambda k, x: k.clip(x, 0.5, 0.2), M),
    "sin": row(lambda k, x: k.sin(x), M),
    "cos": row(lambda k, x: k.cos(x), M),
    "compare": row(
        lambda k, x, y: k.stack(
            [
                k.cast(f(x, y), "float32")
                for f in (k.equal, k.not_equal, k.greater, k.greater_equal, k.less, k.less_equal)
            ]
        ),
        M,
        M[:, ::-1].copy(),
    ),
    "maximum": row(lambda k, x: k.maximum(x, -x), M),
    "minimum": row(lambda k, x: k.minimum(x, -x), M),
    "cast": row(lambda k, x: k.cast(x, "int32"), M),
    "shape": row(lambda k, x: k.shape(x), X),
    "reshape": row(lambda k, x: k.reshape(x, (4, 6)), X),
    "flatten": row(lambda k, x: k.flatten(x), X),
    "batch_flatten": row(lambda k, x: k.batch_flatten(x), X),
    "expand_dims": row(lambda k, x: k.expand_dims(x), M),
    "squeeze": row(lambda k, x: k.squeeze(k.expand_dims(x, 0), 0), M),
    "permute_dimensions": row(lambda k, x: k.permute_dimensions(x, (2, 0, 1)), X),
    "transpose": row(lambda k, x: k.transpose(x), M),
    "reverse": row(lambda k, x: k.reverse(x, 1), M),
    "gather": row(lambda k, x: k.gather(x, [1, 0, 1]), M),
    "one_hot": row(lambda k: k.one_hot([1, 0, 2], 3)),
    "concatenate": row(lambda k, x: k.concatenate([x, -x]), M),
    "repeat_elements": row(lambda k, x: k.repeat_elements(x, 2, 1), X),
    "repeat": row(lambda k, x: k.repeat(x, 3), M),
    "tile": row(lambda k, x: k.tile(x, [1, 2]), M),
    "arange": row(lambda k: k.arange(1, 9, 2)),
    "arange of floats": row(lambda k: k.arange(4, dtype="float32")),
    "temporal_padding": row(lambda k, x: k.temporal_padding(x, (1, 2)), X),
    "spatial_2d_padding": row(lambda k, x: k.spatial_2d_padding(k.expand_dims(x)), X),
    "dot": row(lambda k, x, y: k.dot(x, y), M, M.T.copy()),
    "dot of three axes": row(lambda k, x, y: k.dot(x, y), X, M.T.copy()),
    "batch_dot": row(lambda k, x: k.batch_dot(x, x, axes=[2, 2]), X),
    "batch_dot of vectors": row(lambda k, x: k.batch_dot(x, x, axes=1), M),
    "zeros_like": row(lambda k, x: k.zeros_like(x), M),
    "ones_like": row(lambda k, x: k.ones_like(x, dtype="int32"), M),
    "relu": row(lambda k, x: k.relu(x, alpha=0.1, max_value=1.0), M),
    "elu": row(lambda k, x: k.elu(x, 0.5), M),
    "softmax": row(lambda k, x: k.softmax(x), X),
    "softplus": row(lambda k, x: k.softplus(x), M),
    "softsign": row(lambda k, x: k.softsign(x), M),
    "sigmoid": row(lambda k, x: k.sigmoid(x), M),
    "hard_sigmoid": row(lambda k, x: k.hard_sigmoid(x * 4.0), M),
    "tanh": row(lambda k, x: k.tanh(x), M),
    "l2_normalize": row(lambda k, x: k.l2_normalize(x, 1), M),
    "dropout": row(lambda k, x: k.dropout(x, 0.5, seed=3), X),
    "in_top_k": row(lambda k, x: k.in_top_k(x, [3, 0, 3], 2), M),
    "categorical_crossentropy": row(
        lambda k, x, y: k.categorical_crossentropy(y, x, from_logits=True), M, np.eye(4)[:3]
    ),
    "binary_crossentropy": row(
        lambda k, x, y: k.binary_crossentropy(y, k.sigmoid(x)), M, np.eye(4)[:3]
    ),
    "switch": row(lambda k, x: k.switch(k.greater(k.sum(x), 0.0), lambda: x, lambda: -x), M),
    "switch of rows": row(lambda k, x: k.switch(k.greater(x[:, 0], -0.5), x, -x), M),
    "in_train_phase": row(lambda k, x: k.in_train_phase(x, -x), M),
    "in_test_phase": row(lambda k, x: k.in_test_phase(x, -x, training=True), M),
    "conv1d": row(
        lambda k, x, y: k.conv1d(x, y, padding="causal"), X, X[:, :, :4].reshape(2, 4, 3).copy()
    ),
    "conv2d": row(
        lambda k, x, y: k.conv2d(x, y, padding="same"), X.reshape(1, 3, 4, 2), X.reshape(2, 2, 2, 3)
    ),
    "conv2d with channels first": row(
        lambda k, x, y: k.conv2d(x, y, data_format="channels_first"),
        X.reshape(1, 2, 3, 4),
        X.reshape(2, 2, 2, 3),
    ),
    "pool2d": row(lambda k, x: k.pool2d(x, (2, 2)), X.reshape(1, 3, 4, 2)),
    "pool2d of means": row(
        lambda k, x: k.pool2d(x, (2, 2), (2, 2), "same", pool_mode="avg"), X.reshape(1, 3, 4, 2)
    ),
    "bias_add": row(lambda k, x, b: k.bias_add(x, b), X, M[0]),
    "bias_add with channels first": row(
        lambda k, x, b: k.bias_add(x, b, "channels_first"), X, M[:, 0].copy()
    ),
    "random_normal": row(lambda k: k.random_normal((2, 3), 1.0, 2.0, seed=4)),
    "random_uniform": row(lambda k: k.random_uniform((2, 3), -1.0, 2.0, seed=4)),
    "truncated_normal": row(lambda k: k.truncated_normal((2, 3), seed=4)),
    "random_binomial": row(lambda k: k.random_binomial((2, 5), 0.5, seed=4)),
    "map_fn": row(lambda k, x: k.map_fn(lambda y: y * 2.0, x), M),
    "foldl": row(lambda k, x: k.foldl(lambda a, y: a * 0.5 + y, x), M),
    "foldr": row(lambda k, x: k.foldr(lambda a, y: a * 0.5 + y, x), M),
    "ctc_batch_cost": row(
        lambda k, x: k.ctc_batch_cost([[0, 1], [2, 0]], k.softmax(x), [[3], [3]], [[2], [1]]), X
    ),
    "ctc_decode": row(lambda k, x: k.ctc_decode(k.softmax(x), [3, 2])[0][0], X),
    "zeros": row(lambda k: k.zeros((2, 2))),
    "ones": row(lambda k: k.ones((2,), "int32")),
    "eye": row(lambda k: k.eye(3)),
    "random_uniform_variable": row(lambda k: k.random_uniform_variable((2,), 0.0, 1.0, seed=2)),
    "random_normal_variable": row(lambda k: k.random_normal_variable((2,), 0.0, 1.0, seed=2)),
    "gradients": row(lambda k, x: k.gradients(k.sum(k.square(x)), [x])[0], M),
    "stop_gradient": row(lambda k, x: k.gradients(k.sum(x * k.stop_gradient(x)), [x])[0], M),
}


def function(tf, k):
    """Returns what a function with updates returns, and a variable before and after."""
    v = k.variable([1.0, 2.0], name="v")
    x = k.placeholder((None, 2))
    call = k.function([x], [k.sum(x, axis=-1) + v], updates=[(v, v + 1.0)])
    first = call([np.ones((2, 2))])
    k.set_value(v, np.array([5.0, 6.0]))
    second = call([np.zeros((2, 2))])
    return [first[0], second[0], k.get_value(v), k.eval(k.update_add(v, [1.0, 1.0]))]


def known(tf, k):
    """Returns what the backend says about tensors."""
    x = k.placeholder((None, 3), name="x")
    v = k.zeros((2, 3))
    return [
        list(k.int_shape(x)), k.ndim(x), k.dtype(x), k.is_sparse(x), k.count_params(v).tolist(),
        k.backend(), k.epsilon(), k.floatx(),
        k.image_data_format(), k.get_uid("a"), k.get_uid("a"), k.learning_phase().name,
    ]  # fmt: skip


def observed(tf, name):
    """Returns a call's result as lists."""
    found = ROWS[name](tf, tf.keras.backend)
    value = tf.keras.backend.get_value(found)
    return [str(np.asarray(value).dtype), np.asarray(value, float).tolist()]
