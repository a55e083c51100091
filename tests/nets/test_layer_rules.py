"""What `tf.layers` refuses, and what TensorFlow cannot show on a CPU: channels first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphflow as tf
from tests.nets.calls import data


@pytest.fixture(autouse=True)
def _fresh_graph() -> Any:
    with tf.Graph().as_default():
        yield


def evaluated(*results: Any) -> list[Any]:
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found: list[Any] = session.run(list(results))
    return found


MISTAKES: list[tuple[type[Exception], str, Callable[[], Any]]] = [
    (TypeError, "Keyword argument not understood", lambda: tf.layers.Dense(2, foo=3)),
    (ValueError, "Unknown activation function:nope", lambda: tf.layers.Dense(2, "nope")),
    (
        ValueError,
        "Input 0 of layer conv2d_1 is incompatible with the layer: expected ndim=4, found ndim=2. "
        "Full shape received: [2, 3]",
        lambda: tf.layers.conv2d(tf.ones([2, 3]), 3, 3),
    ),
    (ValueError, "has not been used yet", lambda: tf.layers.Dense(2).scope_name),
    (ValueError, "the layer isn't built", lambda: tf.layers.Dense(2).count_params()),
    (
        ValueError,
        "expected min_ndim=2, found ndim=1",
        lambda: tf.layers.dense(tf.ones([2]), 3),
    ),
    (
        TypeError,
        "Unable to build `Dense` layer with non-floating point dtype",
        lambda: tf.layers.dense(tf.ones([2, 2], tf.int32), 3),
    ),
    (
        ValueError,
        "Input has undefined rank:",
        lambda: tf.layers.batch_normalization(tf.placeholder(tf.float32)),
    ),
    (
        ValueError,
        "Argument `strides` must not be None.",
        lambda: tf.layers.max_pooling2d(tf.ones([1, 2, 2, 1]), 2, None),
    ),
    (
        ValueError,
        "The `padding` argument must be a list/tuple or one of",
        lambda: tf.layers.conv2d(tf.ones([1, 2, 2, 1]), 2, 2, padding="foo"),
    ),
    (
        ValueError,
        "The `kernel_size` argument must be a tuple of 2 integers. Received: (1, 2, 3)",
        lambda: tf.layers.Conv2D(2, (1, 2, 3)),
    ),
    (
        ValueError,
        "its rank is undefined, but the layer requires a defined rank.",
        lambda: tf.layers.flatten(tf.placeholder(tf.float32)),
    ),
    (
        ValueError,
        "The channel dimension of the inputs should be defined. Found `None`.",
        lambda: tf.layers.conv2d(tf.placeholder(tf.float32, [1, 2, 2, None]), 2, 2),
    ),
    (
        ValueError,
        "scale cannot be an integer: 1",
        lambda: tf.contrib.layers.l2_regularizer(1),
    ),
]


@pytest.mark.parametrize(
    ("kind", "says", "mistake"), MISTAKES, ids=[says for _, says, _ in MISTAKES]
)
def test_mistake_is_refused_in_the_words_of_tensorflow(
    kind: type[Exception], says: str, mistake: Callable[[], Any]
) -> None:
    with pytest.raises(kind) as raised:
        mistake()
    assert says in " ".join(str(raised.value).split())


def test_second_input_of_another_size_is_refused() -> None:
    layer = tf.layers.Dense(2)
    layer(tf.ones([2, 3]))
    with pytest.raises(ValueError, match="expected axis -1 of input shape to have value 3"):
        layer(tf.ones([2, 7]))


def test_layer_that_returns_nothing_is_refused() -> None:
    class Nothing(tf.layers.Layer):
        def call(self, inputs: Any) -> None:
            return

    with pytest.raises(ValueError, match="should return a Tensor or a list of Tensors, not None"):
        Nothing()(tf.ones([2]))


def test_input_spec_shows_what_is_set() -> None:
    assert repr(tf.layers.InputSpec(ndim=3, axes={-1: 2})) == "InputSpec(ndim=3, axes={-1: 2})"


@pytest.mark.parametrize(
    ("make", "sizes"),
    [
        (lambda f: tf.layers.Conv2D(4, 3, padding="same", data_format=f), (2, 3, 6, 5)),
        (lambda f: tf.layers.Conv1D(4, 3, padding="causal", data_format=f), (2, 3, 6)),
        (lambda f: tf.layers.Conv2DTranspose(4, 3, 2, data_format=f), (2, 3, 6, 5)),
        (lambda f: tf.layers.MaxPooling2D(2, 2, data_format=f), (2, 3, 6, 5)),
        (lambda f: tf.layers.AveragePooling1D(2, 2, data_format=f), (2, 3, 6)),
    ],
)
def test_channels_first_is_channels_last_with_axes_exchanged(
    make: Callable[[str], Any], sizes: tuple[int, ...]
) -> None:
    x = data(*sizes)
    ones = tf.constant_initializer(np.linspace(-1, 1, 9).tolist())
    with tf.variable_scope("net", initializer=ones, reuse=tf.AUTO_REUSE):
        first = make("channels_first")
        a = first(tf.constant(x))
        b = make("channels_last")(tf.constant(np.moveaxis(x, 1, -1)))
    assert a.shape.as_list() == first.compute_output_shape(x.shape).as_list()
    got, want = evaluated(a, b)
    np.testing.assert_allclose(got, np.moveaxis(want, -1, 1), rtol=1e-5, atol=1e-5)


def test_custom_getter_that_freezes_is_seen_by_the_layer() -> None:
    def frozen(getter: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs["trainable"] = False
        return getter(*args, **kwargs)

    layer = tf.layers.Dense(2)
    with tf.variable_scope("net", custom_getter=frozen):
        layer(tf.ones([2, 3]))
    assert not layer.trainable_weights
    assert len(layer.non_trainable_weights) == 2


def test_training_of_the_outer_layer_reaches_the_inner_one() -> None:
    class Outer(tf.layers.Layer):
        def call(self, inputs: Any, training: Any = None) -> Any:
            return tf.layers.Dropout(0.5)(inputs)

    x = tf.ones([100])
    kept, dropped = evaluated(Outer()(x), Outer()(x, training=True))
    assert kept.tolist() == [1.0] * 100
    assert set(dropped.tolist()) == {0.0, 2.0}


def test_weights_are_read_and_written_in_the_default_session() -> None:
    layer = tf.layers.Dense(2)
    y = layer(tf.ones([1, 3]))
    with tf.Session():
        tf.global_variables_initializer().run()
        kernel, bias = layer.get_weights()
        layer.set_weights([0 * kernel, bias + 3])
        assert y.eval().tolist() == [[3.0, 3.0]]
        with pytest.raises(ValueError, match=r"length 1, but the layer was expecting 2 weights"):
            layer.set_weights([kernel])
    with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value"):
        layer.get_weights()  # in the session of Keras, which has no values of them


def test_moving_averages_bring_a_network_at_rest_to_the_batch_s_statistics() -> None:
    x = data(64, 3)
    layer = tf.layers.BatchNormalization(momentum=0.5)
    training, resting = layer(tf.constant(x), training=True), layer(tf.constant(x))
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    assert len(updates) == len(layer.updates) == 2
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(30):
            session.run(updates)
        a, b = session.run([training, resting])
    np.testing.assert_allclose(a, b, atol=1e-4)
