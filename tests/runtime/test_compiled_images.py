"""Compiled kernels on images beside convolution: each against NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphflow as tf
from tests.runtime.compiled_code import MACHINE, NEEDED, SETS, agrees, both, left_to_numpy

pytestmark = [NEEDED, pytest.mark.usefixtures("everything_is_compiled")]

NUMBERS = np.random.RandomState(0)


def fed(*shapes):
    tensors = [tf.placeholder(tf.float32, s) for s in shapes]
    return *tensors, {t: NUMBERS.normal(size=t.shape.as_list()).astype("f") for t in tensors}


@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(st.integers(1, 3), st.integers(2, 12), st.integers(2, 12), st.integers(1, 35)),
    window=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.sampled_from(["SAME", "VALID"]),
)
def test_means_of_windows_and_their_gradients(size, window, stride, padding):
    if padding == "VALID":
        size = (size[0], max(size[1], window[0]), max(size[2], window[1]), size[3])
    with tf.Graph().as_default():
        x, feeds = fed(size)
        y = tf.nn.avg_pool(x, [1, *window, 1], [1, *stride, 1], padding)
        for name in SETS:
            MACHINE.module.use(name)
            agrees(y, feeds, whole=True)
            agrees(tf.gradients(y * y, x)[0], feeds, whole=True)


@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(st.integers(1, 3), st.integers(3, 11), st.integers(3, 11)),
    channels=st.tuples(st.sampled_from([1, 3, 8, 17, 40]), st.integers(1, 3)),
    window=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.integers(1, 3),
    padding=st.sampled_from(["SAME", "VALID"]),
)
def test_depthwise_convolutions_and_their_gradients(size, channels, window, stride, padding):
    with tf.Graph().as_default():
        x, f, feeds = fed((*size, channels[0]), (*window, *channels))
        y = tf.nn.depthwise_conv2d(x, f, [1, stride, stride, 1], padding)
        for name in SETS:
            MACHINE.module.use(name)
            for fetch in (y, *tf.gradients(y * y, [x, f])):
                agrees(fetch, feeds, whole=True)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "shape", [(1, 1, 1, 3), (2, 1, 1, 1), (3, 5, 7, 1), (3, 5, 7, 20), (2, 4, 4, 64), (5, 9, 9, 65)]
)
def test_batch_norm_and_its_gradient(instruction_set, shape, training):
    x, scale, offset, mean, variance, feeds = fed(shape, *[shape[3:]] * 4)
    feeds[variance] = np.abs(feeds[variance]) + 0.1
    feeds[x] = feeds[x] * 3 + 10
    given = {} if training else {"mean": mean, "variance": variance}
    found = tf.nn.fused_batch_norm(x, scale, offset, is_training=training, **given)
    weights = tf.constant(NUMBERS.normal(size=shape).astype("f"))
    for fetch in (*found, *tf.gradients(found[0] * weights, [x, scale, offset])):
        # Of one or two rows what passes the mean and the variance is all rounding.
        agrees(fetch, feeds, 2e-4 if np.prod(shape[:3]) > 2 else 1e-2, whole=True)


def test_a_large_batch_norm_is_shared_out_to_threads():
    x, scale, offset, dy, feeds = fed((16, 40, 40, 24), (24,), (24,), (16, 40, 40, 24))
    found = tf.nn.fused_batch_norm(x, scale, offset)
    for fetch in (*found, *tf.gradients(found[0], [x, scale, offset], dy)):
        agrees(fetch, feeds, 2e-4, whole=True)


def test_a_layer_of_batch_norm_trains_as_compiled_code():
    x, feeds = fed((8, 6, 6, 5))
    y = tf.layers.batch_normalization(tf.layers.conv2d(x, 7, 3), training=True)
    step = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(tf.square(y - 1.0)))
    train = tf.group(step, *tf.get_collection(tf.GraphKeys.UPDATE_OPS))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train, feeds)
        assert left_to_numpy(session, train, feeds) == []


@pytest.mark.parametrize("radius", [0, 1, 2, 5, 30])
@pytest.mark.parametrize("channels", [1, 3, 16, 33])
def test_norm_over_neighbouring_channels(instruction_set, channels, radius):
    x, feeds = fed((2, 3, 4, channels))
    y = tf.nn.lrn(x, radius, bias=1.5, alpha=0.3, beta=0.75)
    agrees(y, feeds, whole=True)
    agrees(tf.gradients(tf.square(y), x)[0], feeds, whole=True)


RESIZES = [
    {},
    {"align_corners": True},
    {"half_pixel_centers": True},
]


@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(
        st.integers(1, 3), st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 2, 3, 8, 17])
    ),
    new=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    how=st.sampled_from(RESIZES),
    resize=st.sampled_from([tf.image.resize_bilinear, tf.image.resize_nearest_neighbor]),
)
def test_images_of_another_size_and_their_gradients(size, new, how, resize):
    with tf.Graph().as_default():
        x, feeds = fed(size)
        y = resize(x, new, **how)
        for name in SETS:
            MACHINE.module.use(name)
            agrees(y, feeds, whole=True)
            agrees(tf.gradients(y * y, x)[0], feeds, whole=True)


@pytest.mark.parametrize("how", RESIZES)
@pytest.mark.parametrize("dtype", [tf.uint8, tf.int32, tf.float64])
def test_images_of_other_types_are_mixed_in_float32(instruction_set, dtype, how):
    x = tf.placeholder(dtype, [2, 5, 7, 3])
    feeds = {x: NUMBERS.randint(0, 256, [2, 5, 7, 3])}
    agrees(tf.image.resize_bilinear(x, [11, 4], **how), feeds, whole=True)


@pytest.mark.parametrize("dtype", [tf.int32, tf.int64, tf.float64])
def test_the_nearest_pixels_of_other_types(instruction_set, dtype):
    x = tf.placeholder(dtype, [2, 5, 7, 3])
    feeds = {x: NUMBERS.randint(0, 256, [2, 5, 7, 3])}
    agrees(tf.image.resize_nearest_neighbor(x, [11, 4]), feeds, whole=True)


@pytest.mark.parametrize("how", RESIZES)
def test_images_of_the_size_asked_for_stay_as_they_are(how):
    x, feeds = fed((2, 5, 7, 3))
    feeds[x][0, 1, 2] = [np.inf, -np.inf, np.nan]
    for resize in (tf.image.resize_bilinear, tf.image.resize_nearest_neighbor):
        ours, plain = both(resize(x, [5, 7], **how), feeds, whole=True)
        np.testing.assert_array_equal(ours, feeds[x])
        np.testing.assert_array_equal(plain, feeds[x])


def test_large_images_of_another_size_are_shared_out_to_threads():
    x, feeds = fed((8, 60, 60, 24))
    for resize in (tf.image.resize_bilinear, tf.image.resize_nearest_neighbor):
        y = resize(x, [130, 90])
        agrees(y, feeds, whole=True)
        agrees(tf.gradients(y * y, x)[0], feeds, whole=True)
