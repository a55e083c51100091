"""Rows for the higher gradients of batch normalization, and for weighted moments."""

import importlib
import os

from _rows import case, error, f, h, tf

NCHW = "TensorFlow 1.15 has no NCHW kernel on a CPU"
SINGLE = "there is no float64 kernel, and float32 is too coarse for a difference"
THIRD = "TensorFlow's third gradient holds the mean inside the variance fixed: a term is lost"
NORM = "x scale offset mean variance"


def raw(op_type, ports, **attrs):
    """A function for an operation that has no public one."""

    def made(*inputs):
        if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
            named = dict(zip(ports.split(), inputs))  # noqa: B905 (Python 3.7)
            return getattr(tf.raw_ops, op_type)(**named, **attrs)
        return importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **attrs)

    return made


def first(norm):
    """The gradients by images, scale and offset."""

    def made(x, scale, offset, y, *statistics):
        normal = norm(x, scale, offset, *statistics)[0]
        return tf.gradients(tf.nn.relu(normal) * y, [x, scale, offset])

    return made


def second(norm):
    """The gradients of the gradients by images and scale."""

    def made(x, scale, offset, y, a, b, c, *statistics):
        normal = norm(x, scale, offset, *statistics)[0]
        slopes = tf.gradients(normal, [x, scale, offset], grad_ys=[y])
        return tf.gradients(slopes, [x, scale, y], grad_ys=[a, b, c])

    return made


IMAGES, VECTOR = (2, 3, 4, 2), (2,)
fused = tf.nn.fused_batch_norm
for version in ("", "V2", "V3"):
    train = raw("FusedBatchNorm" + version, NORM, epsilon=0.01)
    rest = raw("FusedBatchNorm" + version, NORM, epsilon=0.01, is_training=False)
    alone = lambda x, s, o, train=train: train(x, s, o, [], [])  # the batch's own statistics
    case("FusedBatchNormGrad" + version, first(alone), f(*IMAGES), f(2), f(2), f(*IMAGES),
         id="FusedBatchNormGrad%s-training" % version, numeric=SINGLE)  # fmt: skip
    case("FusedBatchNormGrad" + version, first(rest), f(*IMAGES), f(2), f(2), f(*IMAGES), f(2),
         f(2, positive=True), id="FusedBatchNormGrad%s-inference" % version, numeric=SINGLE,
         grad="TensorFlow gives the statistics a gradient of none")  # fmt: skip
    case("FusedBatchNormGrad" + version, second(alone), f(*IMAGES), f(2), f(2), f(*IMAGES),
         f(*IMAGES), f(2), f(2), id="FusedBatchNormGrad%s-second" % version, numeric=SINGLE,
         tol=2e-4, grad=THIRD)  # fmt: skip
    case("FusedBatchNormGrad" + version, second(rest), f(*IMAGES), f(2), f(2), f(*IMAGES),
         f(*IMAGES), f(2), f(2), f(2), f(2, positive=True), numeric=SINGLE, tol=2e-4,
         id="FusedBatchNormGrad%s-second-inference" % version,
         grad="TensorFlow gives the statistics a gradient of none")  # fmt: skip
case("FusedBatchNormGradV3", second(fused), h(*IMAGES), f(2), f(2), h(*IMAGES), h(*IMAGES), f(2),
     f(2), id="FusedBatchNormGradV3-half", numeric=SINGLE, tol=2e-2,
     grad="float16 is too coarse for a third one")  # fmt: skip
case("FusedBatchNormGradV3", lambda *a: second(
         lambda x, s, o: fused(x, s, o, data_format="NCHW"))(*a),
     f(2, 2, 3, 4), f(2), f(2), f(2, 2, 3, 4), f(2, 2, 3, 4), f(2), f(2),
     id="FusedBatchNormGradV3-second-NCHW", numeric=SINGLE, golden=NCHW)  # fmt: skip
case("FusedBatchNormV3", lambda x: list(fused(x, [1.0, 2.0], [0.0, 1.0])), f(0, 3, 4, 2),
     id="FusedBatchNormV3-empty", grad="of no images, TensorFlow's is nan")  # fmt: skip
case("FusedBatchNormV3", lambda x: list(fused(x, [1.0, 2.0], [0.0, 1.0])), f(1, 1, 1, 2),
     id="FusedBatchNormV3-one", numeric=SINGLE)  # fmt: skip
error("FusedBatchNormV3", fused, f(2, 3, 4, 2), f(2), f(2), data_format="NCWH",
      says="Op passed string 'NCWH' not in: \"NHWC\", \"NCHW\".")  # fmt: skip
error("FusedBatchNormV3", fused, f(2, 3, 4, 2), f(2, 1), f(2),
      says="Shape must be rank 1 but is rank 2")  # fmt: skip
error("FusedBatchNormV3", fused, f(2, 3, 4, 2), f(2), f(2), f(3), f(3), is_training=False,
      says="Dimensions must be equal, but are 2 and 3")  # fmt: skip

# --- weighted moments ---
weighted = lambda *args, **kwargs: list(tf.nn.weighted_moments(*args, **kwargs))
case("Reciprocal", weighted, f(2, 3), [0], f(2, 1, positive=True), id="weighted")
case("Reciprocal", weighted, f(2, 3, 4), [0, 2], f(3, 1, positive=True), keep_dims=True,
     name="w", id="weighted-keep")  # fmt: skip
case("Reciprocal", weighted, h(4, 3), [0], f(4, 3, positive=True), tol=2e-3, id="weighted-half")
case("Reciprocal", weighted, f(4, 3), [1], 2, keepdims=True, id="weighted-scalar",
     numeric="there is none by a weight that cancels")  # fmt: skip
