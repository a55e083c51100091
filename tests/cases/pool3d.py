"""Rows for pooling of volumes, of cells of varying size, and of windows with holes."""

import importlib
import os

from _rows import case, d, error, f, h, i, l, t, tf

NCDHW = "TensorFlow 1.15 has no NCDHW kernel on a CPU"
FIXED = "where a maximum stands is held fixed, and ties are broken"
NAN, INF = float("nan"), float("inf")


def raw(op_type, ports, **attrs):
    """A function for an operation that has no public one."""

    def made(*inputs):
        if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
            named = dict(zip(ports.split(), inputs))  # noqa: B905 (Python 3.7)
            return getattr(tf.raw_ops, op_type)(**named, **attrs)
        return importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **attrs)

    return made


# --- MaxPool3D and AvgPool3D ---
largest, average = tf.nn.max_pool3d, tf.nn.avg_pool3d
for op_type, pool in (("MaxPool3D", largest), ("AvgPool3D", average)):
    case(op_type, pool, f(2, 4, 5, 6, 3, distinct=True), 2, 2, "SAME")
    case(op_type, pool, f(2, 4, 5, 6, 3, distinct=True), [1, 2, 3, 2, 1], [1, 2, 1, 2, 1], "VALID")
    case(op_type, pool, f(1, 5, 4, 5, 2, distinct=True), [3, 2, 2], [2, 1, 3], "SAME", name="p")
    case(op_type, pool, h(1, 3, 4, 4, 2, distinct=True), 2, 2, "SAME", tol=4e-3,
         numeric="there is no float64, and float16 is too coarse for it")  # fmt: skip
    case(op_type, pool, f(0, 4, 5, 6, 3), 2, 2, "SAME")
    case(op_type, pool, f(1, 3, 4, 5, 6, distinct=True), 2, 2, "SAME", data_format="NCDHW",
         golden=NCDHW)  # fmt: skip
    error(op_type, pool, f(1, 4, 5, 6, 3), 7, 1, "VALID",
          says="Negative dimension size caused by subtracting 7 from 4")  # fmt: skip
    error(op_type, pool, f(1, 4, 5, 6, 3), 2, 0, "VALID", says="Stride must be > 0, but got 0")
    error(op_type, pool, f(1, 4, 5, 6, 3), [1, 2], 1, "VALID",
          says="ksize should be of length 1, 3 or 5 but was 2")  # fmt: skip
    error(op_type, pool, f(4, 5, 6, 3), 2, 2, "SAME", says="Shape must be rank 5 but is rank 4")
    error(op_type, pool, f(1, 4, 5, 6, 3), [2, 2, 2, 2, 1], 1, "VALID", at="run",
          error="UnimplementedError",
          says="Pooling is not yet supported on the batch dimension.")  # fmt: skip
    error(op_type, pool, f(1, 4, 5, 6, 3), [1, 2, 2, 2, 2], 1, "VALID", at="run",
          error="UnimplementedError",
          says="Pooling is not yet supported on the depth dimension.")  # fmt: skip
    error(op_type, pool, i(1, 4, 5, 6, 3), 2, 2, "SAME", error="TypeError",
          says="has DataType int32 not in list of allowed values: float16, bfloat16")  # fmt: skip
case("AvgPool3D", average, d(1, 4, 5, 3, 2), 2, 2, "SAME")
case("MaxPool3D", largest, f([[[[[NAN], [1.0], [2.0], [3.0], [-INF], [-INF], [NAN], [NAN]]]]]),
     [1, 1, 2], [1, 1, 2], "SAME", grad="nan")  # fmt: skip
case("MaxPool3D", largest,
     f([[[[[5.0], [5.0]], [[5.0], [5.0]]], [[[1.0], [2.0]], [[2.0], [2.0]]]]]), 2, 1, "SAME",
     numeric=FIXED)  # fmt: skip
case("MaxPool3D", tf.nn.max_pool_v2, f(1, 4, 5, 6, 3, distinct=True), 2, 2, "SAME", name="v")
case("AvgPool3D", tf.nn.avg_pool_v2, f(1, 4, 5, 6, 3), [2, 1, 2], 2, "VALID")

# --- their gradients ---
GRAD = {"ksize": [1, 2, 2, 2, 1], "strides": [1, 2, 2, 2, 1], "padding": "SAME"}
slope = lambda function: (
    lambda x, y, **kwargs: tf.gradients(function(x, 2, 2, "SAME", **kwargs), x, grad_ys=[y])
)
case("MaxPool3DGrad", slope(largest), f(1, 4, 3, 4, 2, distinct=True), f(1, 2, 2, 2, 2),
     id="MaxPool3DGrad", numeric=FIXED)  # fmt: skip
case("AvgPool3DGrad", slope(average), f(1, 4, 3, 4, 2), f(1, 2, 2, 2, 2), id="AvgPool3DGrad")
grad_grad = raw("MaxPool3DGradGrad", "orig_input orig_output grad", **GRAD)
case("MaxPool3DGradGrad", lambda x, z: grad_grad(x, largest(x, 2, 2, "SAME"), z),
     f(1, 4, 3, 4, 2, distinct=True), f(1, 4, 3, 4, 2), id="MaxPool3DGradGrad",
     numeric=FIXED)  # fmt: skip
for what, best in (("ties", 5.0), ("none", 4.0)):
    case("MaxPool3DGradGrad", grad_grad, f([[[[[5.0], [5.0]], [[5.0], [5.0]]]]]),
         f([[[[[best]]]]]).value, f([[[[[1.0], [2.0]], [[3.0], [4.0]]]]]),
         id="MaxPool3DGradGrad-" + what, numeric=FIXED)  # fmt: skip
error("MaxPool3DGradGrad", grad_grad, f(1, 2, 2, 2, 1), f(1, 1, 1, 1, 1), f(1, 1, 1, 1, 1),
      says="Dimension 1 in both shapes must be equal, but are 2 and 1")  # fmt: skip
error("AvgPool3DGrad", raw("AvgPool3DGrad", "orig_input_shape grad", **GRAD), [1, 4, 4, 4],
      f(1, 2, 2, 2, 1), says="Shape must be rank 5 but is rank 4")  # fmt: skip

# --- by rank, with holes ---
pool = tf.nn.pool
case("MaxPool3D", pool, f(1, 4, 5, 6, 2, distinct=True), [2, 2, 3], "MAX", "SAME",
     strides=[1, 2, 2])  # fmt: skip
case("AvgPool3D", pool, f(1, 4, 5, 6, 2), [2, 2, 3], "AVG", "VALID", name="a")
case("SpaceToBatchND", pool, f(1, 7, 6, 2, distinct=True), [2, 3], "MAX", "VALID",
     dilation_rate=[2, 1])  # fmt: skip
case("SpaceToBatchND", pool, f(2, 9, 2), [3], "AVG", "VALID", dilations=[2], name="h")
case("SpaceToBatchND", pool, f(1, 5, 4, 4, 2), [2, 2, 1], "AVG", "VALID", dilation_rate=[2, 2, 1])
error("SpaceToBatchND", pool, f(1, 7, 6, 2), [2, 3], "MAX", "SAME", dilation_rate=[2, 1],
      says="pooling with SAME padding is not implemented for dilation_rate > 1")  # fmt: skip
error("MaxPool", pool, f(1, 7, 6, 2), [2, 3], "MAX", "SAME", strides=[3, 1],
      says="strides > window_shape not supported due to inconsistency between CPU an")  # fmt: skip
error("MaxPool", pool, f(1, 7, 6, 2), [2, 3], "MAX", "SAME", strides=[1],
      says="len(strides)=1 but should be 2")  # fmt: skip
error("MaxPool", pool, f(1, 7, 6, 2), [2, 3], "MED", "SAME",
      says="2-D MED pooling is not supported.")  # fmt: skip
error("MaxPool", pool, f(1, 7, 6, 2), [], "MAX", "SAME",
      says="It is required that 1 <= num_spatial_dims <= 3.")  # fmt: skip
error("MaxPool", tf.nn.max_pool_v2, f(7, 6), 2, 2, "SAME",
      says="Input tensor must be of rank 3, 4 or 5 but was 2.")  # fmt: skip

# --- fractional pooling ---
ONE_SHORT = "TensorFlow's shape of the sequences is one element short"
RATIO = [1.0, 1.44, 1.73, 1.0]


def fractional(function):
    """All three results, from fixed seeds."""

    def made(x, ratio=RATIO, **kwargs):
        return list(function(x, ratio, deterministic=True, seed=1, seed2=2, **kwargs))

    return made


for op_type, function in (
    ("FractionalMaxPool", fractional(tf.nn.fractional_max_pool)),
    ("FractionalAvgPool", fractional(tf.nn.fractional_avg_pool)),
):
    for n, options in enumerate(
        ({}, {"pseudo_random": True}, {"overlapping": True},
         {"pseudo_random": True, "overlapping": True, "name": "p"})
    ):  # fmt: skip
        case(op_type, function, t(2, 20, 11, 3, distinct=True), dtypes="f d i l", static=ONE_SHORT,
             numeric=FIXED, id="%s-%d" % (op_type, n), **options)  # fmt: skip
    case(op_type, function, i(1, 6, 5, 2, low=-20), [1.0, 1.4, 1.4, 1.0], static=ONE_SHORT)
    case(op_type, function, f(0, 9, 8, 2), static=ONE_SHORT, numeric=FIXED, id=op_type + "-empty")
    case(op_type, function, f(1, 6, 8, 2), [1.0, 1.0, 2.9, 1.0], static=ONE_SHORT, numeric=FIXED)
    public = tf.nn.fractional_max_pool if "Max" in op_type else tf.nn.fractional_avg_pool
    error(op_type, lambda x, public=public: public(x, RATIO, seed=5), f(1, 9, 8, 2), at="run",
          says="Both seed and seed2 should be 0 if deterministic is false.")  # fmt: skip
    error(op_type, public, f(1, 9, 8, 2), [1.0, 1.5, 1.5],
          says="Op passed list of length 3 less than minimum 4.")  # fmt: skip
    error(op_type, public, f(1, 9, 8, 2), [1.0, 1.5, 1.5, 1.0, 1.0],
          says="pooling_ratio field must specify 4 dimensions")  # fmt: skip
    error(op_type, public, f(9, 8, 2), RATIO, says="Shape must be rank 4 but is rank 3")
case("FractionalMaxPool", fractional(tf.nn.fractional_max_pool), f(
         [[[[NAN], [1.0], [2.0]], [[-INF], [-INF], [NAN]], [[3.0], [4.0], [5.0]]]]),
     [1.0, 1.5, 1.5, 1.0], static=ONE_SHORT, grad="nan", id="FractionalMaxPool-nan")  # fmt: skip
SEQUENCES = ([0, 2, 3, 5], [0, 1, 3, 4])
case("FractionalAvgPoolGrad",
     raw("FractionalAvgPoolGrad", "orig_input_tensor_shape out_backprop row_pooling_sequence "
         "col_pooling_sequence", overlapping=True),
     [2, 5, 4, 3], d(2, 3, 3, 3), l(SEQUENCES[0]), l(SEQUENCES[1]), id="FractionalAvgPoolGrad",
     grad="TensorFlow has none")  # fmt: skip
case("FractionalMaxPoolGrad",
     lambda x, dy: tf.gradients(
         tf.nn.fractional_max_pool(x, [1.0, 1.5, 1.5, 1.0], False, True, True, 3, 4)[0], x, dy)[0],
     f(2, 5, 4, 3, distinct=True), f(2, 3, 2, 3), id="FractionalMaxPoolGrad",
     grad="TensorFlow has none")  # fmt: skip
