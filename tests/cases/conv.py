"""Rows for convolution and pooling."""

import importlib
import os

from _rows import case, d, error, f, h, i, l, tf

NCHW = "TensorFlow 1.15 has no NCHW kernel on a CPU"
GROUPS = "TensorFlow 1.15 has no grouped convolution on a CPU"
DILATED = "TensorFlow 1.15 has no gradient of a dilated convolution on a CPU"
FIXED = "where a maximum stands is held fixed, and ties are broken"
NAN = float("nan")


def _named(ports, inputs):
    return {port: inputs[n] for n, port in enumerate(ports.split())}


def raw(op_type, ports, **attrs):
    """A function for an operation that has no public one."""

    def made(*inputs):
        if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
            return getattr(tf.raw_ops, op_type)(**_named(ports, inputs), **attrs)
        return importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **attrs)

    return made


# --- Conv2D ---
conv = tf.nn.conv2d
case("Conv2D", conv, f(2, 7, 8, 4), f(3, 2, 4, 5), [1, 1, 1, 1], "SAME")
case("Conv2D", conv, f(2, 7, 8, 4), f(3, 2, 4, 5), [1, 2, 2, 1], "SAME")
case("Conv2D", conv, f(2, 7, 8, 4), f(3, 2, 4, 5), [1, 2, 1, 1], "VALID", name="c")
case("Conv2D", conv, f(2, 7, 8, 1), filters=f(5, 5, 1, 3), strides=3, padding="VALID")
case("Conv2D", conv, f(2, 7, 8, 4), f(1, 1, 4, 5), [2], "SAME", use_cudnn_on_gpu=False)
case("Conv2D", conv, f(1, 7, 8, 2), f(3, 3, 2, 3), [1, 2], [[0, 0], [1, 2], [0, 3], [0, 0]])
case("Conv2D", conv, f(1, 7, 8, 2), f(3, 3, 2, 3), 1, "SAME", dilations=[2, 1], grad=DILATED)
case("Conv2D", conv, f(1, 7, 8, 2), f(3, 3, 2, 3), 1, "VALID", dilations=2, grad=DILATED)
case("Conv2D", conv, f(1, 7, 8, 2), f(3, 3, 2, 3), 1, "SAME", dilations=2, golden=DILATED,
     id="dilated")  # fmt: skip
case("Conv2D", conv, d(2, 5, 6, 3), d(2, 3, 3, 2), 1, "SAME")
case("Conv2D", conv, h(2, 5, 6, 3), h(2, 3, 3, 2), 1, "SAME", tol=4e-3)
case("Conv2D", conv, f(0, 5, 6, 3), f(2, 3, 3, 2), 1, "SAME")
case("Conv2D", conv, f(2, 3, 7, 8), f(3, 2, 3, 5), [1, 1, 2, 1], "SAME", data_format="NCHW",
     golden=NCHW)  # fmt: skip
case("Conv2D", conv, f(1, 2, 7, 8), f(3, 3, 2, 3), 1, [[0, 0], [0, 0], [1, 2], [0, 3]],
     data_format="NCHW", golden=NCHW)  # fmt: skip
case("Conv2D", conv, f(2, 5, 5, 6), f(3, 3, 2, 9), 1, "SAME", golden=GROUPS)
case("Conv2D", tf.nn.conv1d, f(2, 9, 3), f(4, 3, 5), 1, "SAME")
case("Conv2D", tf.nn.conv1d, f(2, 9, 3), f(4, 3, 5), stride=2, padding="VALID", name="one")
case("Conv2D", tf.nn.conv1d, f(2, 3, 9), f(4, 3, 5), 2, "SAME", data_format="NCW", golden=NCHW)
case("Conv2D", tf.nn.convolution, f(2, 7, 8, 4), f(3, 2, 4, 5), "SAME", strides=[2, 1])
case("Conv2D", tf.nn.convolution, f(2, 7, 4), f(3, 4, 5), "VALID")
case("Conv2D", tf.nn.atrous_conv2d, f(2, 7, 8, 3), f(3, 3, 3, 2), 2, "SAME")

error("Conv2D", conv, f(1, 8, 8, 3), f(3, 3, 4, 8), 1, "SAME",
      says="Depth of input (3) is not a multiple of input depth of filter (4)")  # fmt: skip
error("Conv2D", conv, f(1, 8, 8, 3), f(3, 3, 4, 8), 1, "SAME", at="run",
      says="input depth must be evenly divisible by filter depth: 3 vs 4")  # fmt: skip
error("Conv2D", conv, f(1, 8, 8, 4), f(3, 3, 2, 5), 1, "SAME",
      says="Depth of output (5) is not a multiple of the number of groups (2)")  # fmt: skip
error("Conv2D", conv, f(8, 8, 3), f(3, 3, 3, 8), 1, "SAME",
      says="Shape must be rank 4 but is rank 3")  # fmt: skip
error("Conv2D", conv, f(1, 8, 8, 3), f(3, 3, 8), 1, "SAME",
      says="Shape must be rank 4 but is rank 3")  # fmt: skip
error("Conv2D", conv, f(1, 2, 2, 3), f(5, 5, 3, 8), 1, "VALID",
      says="Negative dimension size caused by subtracting 5 from 2")  # fmt: skip
error("Conv2D", conv, f(1, 2, 2, 3), f(5, 5, 3, 8), 1, "VALID", at="run",
      says="Computed output size would be negative: -2")  # fmt: skip
error("Conv2D", conv, f(1, 8, 8, 3), f(3, 3, 3, 8), 1, "FULL",
      says="Attr 'padding' of 'Conv2D' Op passed string 'FULL' not in: ")  # fmt: skip
error("Conv2D", conv, f(1, 8, 8, 3), f(3, 3, 3, 8), 1, "EXPLICIT",
      says='"EXPLICIT" is not a valid value for the padding parameter')  # fmt: skip
error("Conv2D", conv, f(1, 8, 8, 3), f(3, 3, 3, 8), 1, [[0, 0], [1, 1], [1, 1]],
      says="When padding is a list, it must be of size 4. Got padding of size: 3")  # fmt: skip
error("Conv2D", conv, f(1, 8, 8, 3), f(3, 3, 3, 8), 1, [[0, 0], [1, 1], [1, 1], [1, 0]],
      says="Nonzero explicit padding in the batch or depth dimensions is not supporte")  # fmt: skip
error("Conv2D", conv, f(1, 8, 8, 3), f(3, 3, 3, 8), 1, [[0, 0], [-1, 1], [1, 1], [0, 0]],
      says="All elements of explicit_paddings must be nonnegative")  # fmt: skip
error("Conv2D", conv, f(1, 8, 8, 3), f(3, 3, 3, 8), [1, 1, 1], "SAME",
      says="strides should be of length 1, 2 or 4 but was 3")  # fmt: skip
error("Conv2D", conv, f(1, 8, 8, 3), f(3, 3, 3, 8), 0, "SAME",
      says="Stride must be > 0, but got 0")  # fmt: skip
error("Conv2D", conv, f(1, 8, 8, 3), f(3, 3, 3, 8), 1, "SAME", dilations=[1, 0],
      says="Dilation rate must be >= 1, but got 0")  # fmt: skip
error("Conv2D", conv, f(1, 8, 8, 3), f(3, 3, 3, 8), [2, 1, 1, 1], "SAME", at="run",
      says="Current implementation does not yet support strides in the batch and dept")  # fmt: skip
error("Conv2D", conv, f(1, 8, 8, 3), f(3, 3, 3, 8), 1, "SAME", dilations=[1, 1, 1, 2], at="run",
      says="Current implementation does not yet support dilations in the batch and de")  # fmt: skip

# --- its gradients ---
by_input, by_filter = tf.nn.conv2d_backprop_input, tf.nn.conv2d_backprop_filter
ONES = [1, 1, 1, 1]
case("Conv2DBackpropInput", by_input, [2, 7, 8, 4], f(3, 2, 4, 5), f(2, 7, 8, 5), ONES, "SAME")
case("Conv2DBackpropInput", by_input, i([2, 7, 8, 4]), f(3, 2, 4, 5), f(2, 4, 4, 5),
     [1, 2, 2, 1], "SAME", name="dx")  # fmt: skip
# Filters nearly as wide as the images: dx is far larger than dy.
case("Conv2DBackpropInput", by_input, [2, 7, 9, 2], f(3, 9, 2, 5), f(2, 5, 1, 5), ONES, "VALID")
case("Conv2DBackpropInput", by_input, [2, 8, 9, 1], f(7, 8, 1, 3), f(2, 2, 2, 3), ONES, "VALID")
case("Conv2DBackpropInput", by_input, [2, 7, 9, 2], f(2, 5, 2, 3), f(2, 3, 3, 3),
     [1, 2, 2, 1], "VALID")  # fmt: skip
case("Conv2DBackpropInput", by_input, [1, 7, 8, 2], d(3, 3, 2, 3), d(1, 5, 6, 3), ONES, "VALID")
case("Conv2DBackpropInput", by_input, [1, 2, 7, 8], f(3, 3, 2, 3), f(1, 3, 7, 8), ONES, "SAME",
     data_format="NCHW", golden=NCHW)  # fmt: skip
case("Conv2DBackpropInput", tf.nn.conv2d_transpose, f(2, 4, 4, 5), f(3, 2, 4, 5), [2, 7, 8, 4], 2)
case("Conv2DBackpropInput", tf.nn.conv2d_transpose, f(1, 4, 4, 5), f(3, 3, 4, 5), [1, 9, 9, 4],
     [1, 2, 2, 1], "VALID", name="up")  # fmt: skip
case("Conv2DBackpropFilter", by_filter, f(2, 7, 8, 4), [3, 2, 4, 5], f(2, 7, 8, 5), ONES, "SAME")
case("Conv2DBackpropFilter", by_filter, d(2, 7, 8, 4), i([3, 2, 4, 5]), d(2, 3, 7, 5),
     [1, 2, 1, 1], "VALID", name="dw")  # fmt: skip
error("Conv2DBackpropInput", by_input, [1, 8, 8, 4], f(3, 3, 4, 5), f(1, 8, 7, 5), ONES, "SAME",
      at="run", says="Size of out_backprop doesn't match computed: actual = 7, comput")  # fmt: skip
error("Conv2DBackpropInput", by_input, [2, 8, 8, 4], f(3, 3, 4, 5), f(1, 8, 8, 5), ONES, "SAME",
      at="run", says="input and out_backprop must have the same batch size")  # fmt: skip
error("Conv2DBackpropInput", by_input, [1, 8, 8, 4], f(3, 3, 4, 5), f(1, 8, 8, 6), ONES, "SAME",
      at="run", says="filter and out_backprop must have the same out_depth")  # fmt: skip
error("Conv2DBackpropInput", by_input, [1, 8, 8], f(3, 3, 4, 5), f(1, 8, 8, 5), ONES, "SAME",
      says="Shape must be rank 4 but is rank 3")  # fmt: skip
error("Conv2DBackpropFilter", by_filter, f(1, 8, 8, 4), [3, 3, 4, 6], f(1, 8, 8, 5), ONES, "SAME",
      at="run", says="filter and out_backprop must have the same out_depth")  # fmt: skip

# --- pooling ---
largest, average = tf.nn.max_pool, tf.nn.avg_pool
for op_type, pool in (("MaxPool", largest), ("AvgPool", average)):
    case(op_type, pool, f(2, 7, 8, 3, distinct=True), 2, 2, "SAME")
    case(op_type, pool, f(2, 7, 8, 3, distinct=True), [1, 3, 2, 1], [1, 2, 1, 1], "VALID")
    case(op_type, pool, f(2, 7, 8, 3, distinct=True), [3, 3], [1, 2], "SAME", name="p")
    case(op_type, pool, d(1, 5, 5, 2, distinct=True), 3, 2, "SAME")
    case(op_type, pool, h(1, 4, 4, 2, distinct=True), 2, 2, "VALID", tol=4e-3)
    case(op_type, pool, f(0, 4, 4, 2), 2, 2, "SAME")
    case(op_type, pool, f(2, 3, 7, 8, distinct=True), 2, 2, "SAME", data_format="NCHW",
         golden=NCHW)  # fmt: skip
    error(op_type, pool, f(1, 2, 2, 1), 3, 1, "VALID",
          says="Negative dimension size caused by subtracting 3 from 2")  # fmt: skip
    error(op_type, pool, f(8, 8, 4), 2, 2, "SAME", says="Shape must be rank 4 but is rank 3")
    error(op_type, pool, f(1, 8, 8, 4), 2, 0, "SAME", says="Stride must be > 0, but got 0")
    error(op_type, pool, f(1, 8, 8, 4), [1, 2, 2], 2, "SAME",
          says="ksize should be of length 1, 2 or 4 but was 3")  # fmt: skip
    error(op_type, pool, f(1, 8, 8, 4), 2, 2, "EXPLICIT",
          says="Op passed string 'EXPLICIT' not in: ")  # fmt: skip
    error(op_type, pool, f(1, 8, 8, 4), [2, 2, 2, 1], 1, "SAME", at="run",
          error="UnimplementedError", says="Pooling is not yet supported on the batch")  # fmt: skip
case("MaxPool", largest, i(1, 4, 4, 2), 2, 2, "SAME")
case("MaxPool", largest, l(1, 4, 4, 2), 2, 2, "SAME")
case("MaxPool", largest, f(1, 3, 3, 4, distinct=True), [1, 1, 1, 2], [1, 1, 1, 2], "SAME",
     grad="TensorFlow has no gradient of pooling over channels")  # fmt: skip
case("MaxPool", largest, f([[[[NAN], [1.0]], [[2.0], [3.0]]]]), 2, 1, "SAME", grad="nan")
case("MaxPool", largest, f([[[[5.0], [5.0]], [[5.0], [5.0]]]]), 2, 2, "SAME", numeric=FIXED)
case("MaxPool", tf.nn.max_pool2d, f(1, 4, 4, 2, distinct=True), 2, 1, "SAME")
case("MaxPool", tf.nn.max_pool_v2, f(1, 4, 4, 2, distinct=True), 2, 1, "SAME")
case("MaxPool", tf.nn.max_pool_v2, f(1, 6, 2, distinct=True), 2, 2, "SAME")
case("MaxPool", tf.nn.max_pool1d, f(1, 6, 2, distinct=True), 2, 1, "VALID", name="one")
case("MaxPool", tf.nn.pool, f(1, 4, 4, 2, distinct=True), [2, 2], "MAX", "SAME")
case("AvgPool", tf.nn.avg_pool2d, f(1, 4, 4, 2), 2, 1, "SAME")
case("AvgPool", tf.nn.avg_pool_v2, f(1, 4, 4, 2), 2, 1, "SAME", name="a")
case("AvgPool", tf.nn.avg_pool1d, f(1, 6, 2), 2, 2, "VALID")
case("AvgPool", tf.nn.pool, f(1, 6, 2), [2], "AVG", "VALID", strides=[2])
error("MaxPool", largest, f(1, 8, 8, 4), [1, 2, 2, 2], 1, "SAME", at="run",
      error="UnimplementedError", says="MaxPooling supports exactly one of pooling ac")  # fmt: skip
error("MaxPool", largest, f(1, 8, 8, 4), [1, 0, 2, 1], 1, "SAME", says="ksize cannot be zero.")
error("AvgPool", average, i(1, 4, 4, 1), 2, 2, "SAME", error="TypeError",
      says="not in list of allowed values: float16, bfloat16, float32, float64")  # fmt: skip

both = lambda x, **kwargs: list(
    tf.nn.max_pool_with_argmax(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME", **kwargs)
)
case("MaxPoolWithArgmax", both, f(2, 5, 4, 3, distinct=True), id="MaxPoolWithArgmax")
case("MaxPoolWithArgmax", both, d(2, 5, 4, 3, distinct=True), include_batch_in_index=True)
case("MaxPoolWithArgmax", both, i(2, 4, 4, 1, distinct=True), id="MaxPoolWithArgmax-int")
case("MaxPoolWithArgmax", both, f(2, 4, 4, 1, distinct=True), output_dtype=tf.int32,
     golden="TensorFlow 1.15 has no such kernel on a CPU")  # fmt: skip

# --- gradients of pooling ---
slope = lambda function: (
    lambda x, y, **kwargs: tf.gradients(function(x, 2, 2, "SAME", **kwargs), x, grad_ys=[y])
)
case("MaxPoolGrad", slope(largest), f(2, 5, 4, 3, distinct=True), f(2, 3, 2, 3), id="MaxPoolGrad",
     numeric=FIXED)  # fmt: skip
case("AvgPoolGrad", slope(average), f(2, 5, 4, 3), f(2, 3, 2, 3), id="AvgPoolGrad")
case("MaxPoolGradWithArgmax",
     lambda x, y: tf.gradients(both(x)[0], x, grad_ys=[y]),
     f(2, 5, 4, 3, distinct=True), f(2, 3, 2, 3), id="MaxPoolGradWithArgmax",
     grad="TensorFlow has no second derivative")  # fmt: skip


def twice(function):
    """The gradient of a gradient, by what came in."""

    def made(x, y, z):
        first = tf.gradients(function(x), x, grad_ys=[y])
        return tf.gradients(first, y, grad_ys=[z])

    return made


case("MaxPoolGradGrad", twice(lambda x: largest(x, 2, 2, "SAME")), f(2, 5, 4, 3, distinct=True),
     f(2, 3, 2, 3), f(2, 5, 4, 3), id="MaxPoolGradGrad", numeric=FIXED)  # fmt: skip
case("MaxPoolGradGradWithArgmax", twice(lambda x: both(x)[0]), f(2, 5, 4, 3, distinct=True),
     f(2, 3, 2, 3), f(2, 5, 4, 3), id="MaxPoolGradGradWithArgmax", numeric=FIXED,
     golden="TensorFlow has no second derivative")  # fmt: skip


# --- windows that are tensors ---
GRAD_PORTS = "orig_input orig_output grad ksize strides"
SAME = {"padding": "SAME"}
case("MaxPoolV2", raw("MaxPoolV2", "input ksize strides", **SAME), f(1, 5, 4, 3, distinct=True),
     [1, 2, 2, 1], [1, 2, 2, 1], id="MaxPoolV2")  # fmt: skip
case("MaxPoolV2", raw("MaxPoolV2", "input ksize strides", padding="VALID"),
     f(1, 5, 4, 3, distinct=True), i([1, 3, 2, 1]), i([1, 1, 2, 1]),
     id="MaxPoolV2-inputs",
     static="TensorFlow does not even say the rank here")  # fmt: skip


def of_window(op_type):
    """An operation between a max pooling and the gradient that arrives."""

    def made(x, y):
        best = tf.nn.max_pool(x, 2, 2, "SAME")
        return raw(op_type, GRAD_PORTS, **SAME)(x, best, y, [1, 2, 2, 1], [1, 2, 2, 1])

    return made


case("MaxPoolGradV2", of_window("MaxPoolGradV2"), f(1, 5, 4, 3, distinct=True), f(1, 3, 2, 3),
     id="MaxPoolGradV2", numeric=FIXED)  # fmt: skip
case("MaxPoolGradGradV2", of_window("MaxPoolGradGradV2"), f(1, 5, 4, 3, distinct=True),
     f(1, 5, 4, 3), id="MaxPoolGradGradV2", numeric=FIXED)  # fmt: skip
error("MaxPoolV2", raw("MaxPoolV2", "input ksize strides", padding="VALID"), f(1, 2, 2, 1),
      [1, 3, 3, 1], [1, 1, 1, 1],
      says="Negative dimension size caused by subtracting 3 from 2")  # fmt: skip
