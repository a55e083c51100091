"""Rows for activations, softmax, losses, biases, norms and dropout."""

import importlib
import os

import numpy as np
from _rows import case, d, error, f, h, i, l, tf, unary_rows

NAN, INF = float("nan"), float("inf")
KINK = "the function has a jump in its second derivative"
TWICE = "the operation has no second derivative, as in TensorFlow"
FEWER = "TensorFlow writes this with Switch and Merge"
SEED = "random numbers have no derivative"


def _named(ports, inputs):
    return {port: inputs[n] for n, port in enumerate(ports.split())}


def raw(op_type, ports, **attrs):
    """A function for an operation that has no public one."""

    def made(*inputs):
        if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
            return getattr(tf.raw_ops, op_type)(**_named(ports, inputs), **attrs)
        return importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **attrs)

    return made


# --- activations ---
unary_rows("Relu", tf.nn.relu, "f d bf i l i8 u8")
case("Relu", tf.nn.relu, h(2, 3))
case("Relu", tf.nn.relu, h.extremes, grad="at the limits; NumPy's half loses the sign of -0.0")
unary_rows("Relu6", tf.nn.relu6, "f d i l i8 u8", low=-3, high=9)
case("Relu6", tf.nn.relu6, h(2, 3, low=-3, high=9))
unary_rows("Elu", tf.nn.elu, "f d h")
unary_rows("Selu", tf.nn.selu, "f d h")
unary_rows("LeakyRelu", tf.nn.leaky_relu, "f d h")
case("LeakyRelu", tf.nn.leaky_relu, f(2, 3), alpha=0.5)
case("LeakyRelu", tf.nn.leaky_relu, d(2, 3), alpha=0.1, name="leaky")
case("LeakyRelu", tf.nn.leaky_relu, f(2, 3), 3.0)
case("LeakyRelu", tf.nn.leaky_relu, i([-10, 0, 7]))
unary_rows("Softplus", tf.nn.softplus, "f d h")
case("Softplus", tf.math.softplus, f([-700, -30, -1, -0.0, 1, 30, 700]), name="plus")
unary_rows("Softsign", tf.nn.softsign, "f d h")
case("Relu", tf.nn.crelu, f(2, 3))
case("Relu", tf.nn.crelu, f(2, 3), name="both", axis=0)
case("Sigmoid", tf.nn.swish, f(2, 3), nodes="TensorFlow numbers its custom gradients")
case("Relu", tf.nn.relu_layer, f(2, 3), f(3, 4), f(4))
error(
    "Elu", tf.nn.elu, i(2), error="TypeError",
    says="has DataType int32 not in list of allowed values: float16, bfloat16, float32, float64",
)  # fmt: skip


def gradient_of(function, x, y, **kwargs):
    """The gradient operation of a function, at any x and incoming gradient."""
    return tf.gradients(function(x, **kwargs), x, grad_ys=[y])


for op_type, function in (
    ("ReluGrad", tf.nn.relu),
    ("Relu6Grad", tf.nn.relu6),
    ("EluGrad", tf.nn.elu),
    ("SeluGrad", tf.nn.selu),
    ("LeakyReluGrad", tf.nn.leaky_relu),
    ("SoftplusGrad", tf.nn.softplus),
    ("SoftsignGrad", tf.nn.softsign),
):
    once = lambda x, y, function=function: gradient_of(function, x, y)
    golden = "TensorFlow's gradient is a Sigmoid" if op_type == "SoftplusGrad" else True
    rest = {"grad": "see the rows of the function", "golden": golden}
    case(op_type, once, f(2, 3), f(2, 3), id=op_type, **rest)
    case(op_type, once, d(2, 3), d(2, 3), id=op_type + "-d", **rest)
    case(
        op_type,
        once,
        f([-INF, -3.0, -0.0, 0.0, 3.0, 7.0, INF, NAN]),
        f([1.0, INF, 2.0, 3.0, NAN, 1.0, 1.0, 1.0]),
        id=op_type + "-limits",
        **rest,
    )

# --- softmax ---
case("Softmax", tf.nn.softmax, f(2, 3))
case("Softmax", tf.nn.softmax, d(4))
case("Softmax", tf.nn.softmax, h(2, 3))
case("Softmax", tf.nn.softmax, f(2, 3, 4), name="soft")
case("Softmax", tf.nn.softmax, f(2, 3, 4), axis=1)
case("Softmax", tf.nn.softmax, f(2, 3, 4), dim=0)
case("Softmax", tf.nn.softmax, f(2, 3, 4), axis=-2, name="soft")
case("Softmax", tf.nn.softmax, f(2, 3, 4), axis=2)
case("Softmax", tf.nn.softmax, f([[1000.0, 1001.0], [-1000.0, 0.0], [88.0, -88.0]]))
case("Softmax", tf.nn.softmax, f([[NAN, 1.0], [INF, 1.0], [-INF, -INF], [-INF, 0.0]]), grad="nan")
case("Softmax", tf.nn.softmax, f(0, 3))
case("Softmax", tf.nn.softmax, f(3, 0))
case("LogSoftmax", tf.nn.log_softmax, f(2, 3))
case("LogSoftmax", tf.nn.log_softmax, d(2, 3, 4), axis=0)
case("LogSoftmax", tf.nn.log_softmax, h(2, 3))
case("LogSoftmax", tf.math.log_softmax, f([[1000.0, 0.0], [-INF, 0.0]]), grad="infinite")
case("LogSoftmax", tf.nn.log_softmax, f(3, 0))
error("Softmax", tf.nn.softmax, f(), says="Shape must be at least rank 1 but is rank 0")
error("Softmax", lambda x: tf.nn.softmax(tf.reshape(x, tf.shape(x)[:0])), f(1), at="run",
      says="logits must have >= 1 dimens", golden="only the rank at run time is known")  # fmt: skip
error("Softmax", tf.nn.softmax, f(2, 3), axis=4, error="InvalidArgumentError",
      says="Dimension (4) must be in the range [-2, 2)")  # fmt: skip

# --- cross entropies ---
dense = tf.nn.softmax_cross_entropy_with_logits_v2
fixed = tf.nn.softmax_cross_entropy_with_logits
probabilities = np.array([[0.0, 0.0, 1.0], [0.2, 0.3, 0.5]])
one_hot = f(probabilities)
DENSE = "SoftmaxCrossEntropyWithLogits"
SUM = "the gradient takes labels to add up to one, as TensorFlow's does"
case(DENSE, lambda x: dense(probabilities, x), d(2, 3), id="dense-fixed-labels")
case(DENSE, lambda x: fixed(labels=probabilities, logits=x), d(2, 3), id="fixed-labels")
case(DENSE, dense, labels=one_hot, logits=f(2, 3))
case(DENSE, dense, labels=one_hot, logits=f(2, 3), name="loss")
case(DENSE, dense, labels=f(2, 3, 4), logits=f(2, 3, 4), numeric=SUM)
case(DENSE, dense, labels=f(2, 3, 4), logits=f(2, 3, 4), axis=1, numeric=SUM)
case(DENSE, dense, labels=f(2, 3, 4), logits=f(2, 3, 4), dim=0, numeric=SUM)
case(DENSE, dense, labels=d(4, 3), logits=d(4, 3), numeric=SUM)
case(DENSE, dense, labels=f(4, 3), logits=h(4, 3), tol=1e-3, numeric=SUM)
case(DENSE, dense, labels=f([[0, 1.0], [1, 0]]), logits=f([[1000, 0.0], [-1000, 0]]))
case(DENSE, dense, labels=f([[0, 1.0], [1, 0]]), logits=f([[-INF, 0.0], [-INF, 0]]), grad="nan")
case(DENSE, dense, labels=f(0, 3), logits=f(0, 3))
case(DENSE, fixed, labels=one_hot, logits=f(2, 3), numeric="no gradient flows into labels")
case(DENSE, fixed, labels=one_hot, logits=f(2, 3), name="x", numeric="as above")
case(DENSE, fixed, labels=f(2, 3), logits=f(2, 3), dim=0, numeric="as above")
error(
    DENSE, fixed, f(1, 3), f(1, 3),
    says="Only call `softmax_cross_entropy_with_logits` with named arguments",
)  # fmt: skip
error(
    DENSE, dense, labels=f(2, 3), logits=f(2, 4), says="Dimensions must be equal, but are 4 and 3"
)
error(
    DENSE, dense, labels=f(2, 3), logits=f(2, 4), at="run",
    says="logits and labels must be broadcastable: logits_size=[2,4] labels_size=[2,3]",
)  # fmt: skip

sparse = tf.nn.sparse_softmax_cross_entropy_with_logits
SPARSE = "SparseSoftmaxCrossEntropyWithLogits"
SECOND = "TensorFlow refuses the second derivative"
case(SPARSE, sparse, labels=i([2, 0]), logits=f(2, 3))
case(SPARSE, sparse, labels=l([2, 0]), logits=d(2, 3), name="loss")
case(SPARSE, sparse, labels=i([2, 0]), logits=h(2, 3), tol=2e-3)
case(SPARSE, sparse, labels=i([[2, 0, 3], [1, 1, 0]]), logits=f(2, 3, 4))
case(SPARSE, sparse, labels=i(value=1), logits=f(3))
case(SPARSE, sparse, labels=i([0, 1]), logits=f([[1000.0, 0.0], [-1000.0, 0.0]]))
case(SPARSE, sparse, labels=i(0), logits=f(0, 3))
error(SPARSE, sparse, labels=i([5]), logits=f(1, 3), at="run",
      says="Received a label value of 5 which is outside the valid range of [0, 3)")  # fmt: skip
error(SPARSE, sparse, labels=i([-1]), logits=f(1, 3), at="run",
      says="Received a label value of -1 which is outside the valid range of [0, 3)")  # fmt: skip
error(SPARSE, sparse, labels=i([[1]]), logits=f(1, 3),
      says="Rank mismatch: Rank of labels (received 2) should equal rank of logits mi")  # fmt: skip
error(SPARSE, sparse, labels=i([1, 1]), logits=f(1, 3),
      says="Shape mismatch: The shape of labels (received (2,)) should equal")  # fmt: skip
error(SPARSE, sparse, labels=i([1, 1]), logits=f(1, 3), at="run",
      says="logits and labels must have the same first dimension, got logits shape [1")  # fmt: skip
error(SPARSE, sparse, labels=i([1, 1]), logits=f(2, 0), at="run",
      says="Must have at least one class, but got logits shape [2,0]")  # fmt: skip

sigmoid = tf.nn.sigmoid_cross_entropy_with_logits
case("Log1p", sigmoid, labels=f(2, 3), logits=f(2, 3))
case("Log1p", sigmoid, labels=f([0, 1.0, 0, 1]), logits=f([800, 800, -800.0, -800]), name="x")
case("Log1p", tf.nn.weighted_cross_entropy_with_logits, f(2, 3), f(2, 3), 2.5)
case("Log1p", tf.nn.weighted_cross_entropy_with_logits, targets=f(3), logits=f(3), pos_weight=f(3))
case("Exp", tf.nn.log_poisson_loss, f(2, 3, positive=True), f(2, 3))
case("Log", tf.nn.log_poisson_loss, f([0, 0.5, 1, 3]), f(4), compute_full_loss=True,
     numeric="the approximation sets in with a jump")  # fmt: skip
error("Log1p", sigmoid, labels=f(2, 3), logits=f(2, 4),
      says="logits and labels must have the same shape ((2, 4) vs (2, 3))")  # fmt: skip
error("Exp", tf.nn.log_poisson_loss, f(2), f(3),
      says="log_input and targets must have the same shape")  # fmt: skip

# --- biases ---
case("BiasAdd", tf.nn.bias_add, f(2, 3), f(3))
case("BiasAdd", tf.nn.bias_add, d(2, 3, 4), d(4), name="biased")
case("BiasAdd", tf.nn.bias_add, h(2, 3, 4, 5), h(5))
case("BiasAdd", tf.nn.bias_add, i(2, 3), [1, 2, 3])
case("BiasAdd", tf.nn.bias_add, f(2, 3, 4), f(3), data_format="NCHW")
case("BiasAdd", tf.nn.bias_add, f(2, 3, 4, 5), f(3), "NC...")
case("BiasAdd", tf.nn.bias_add, f(2, 4, 3), f(3), "NWC")
case("BiasAdd", tf.nn.bias_add, f(0, 3), f(3))
case("BiasAdd", tf.nn.xw_plus_b, f(2, 3), f(3, 4), f(4))
case("BiasAddGrad", lambda x, y: tf.gradients(tf.nn.bias_add(x, y), y, grad_ys=[x]), f(5, 3), f(3),
     grad="see BiasAdd")  # fmt: skip
case("BiasAddGrad", lambda x, y: tf.gradients(tf.nn.bias_add(x, y, "NCHW"), y, grad_ys=[x]),
     d(2, 3, 4, 2), d(3), grad="see BiasAdd")  # fmt: skip
error("BiasAdd", tf.nn.bias_add, f(2, 3), f(4), says="Dimensions must be equal, but are 3 and 4")
error("BiasAdd", tf.nn.bias_add, f(2, 3), f(4), at="run",
      says="Must provide as many biases as the last dimension of the input tensor: [4")  # fmt: skip
error("BiasAdd", tf.nn.bias_add, f(3), f(3), says="Shape must be at least rank 2 but is rank 1")
error("BiasAdd", tf.nn.bias_add, f(2, 3), f(3, 1), says="Shape must be rank 1 but is rank 2")
error("BiasAdd", tf.nn.bias_add, f(2, 3), f(3), data_format="NCHW",
      says="Shape must be at least rank 3 but is rank 2")  # fmt: skip
error("BiasAdd", tf.nn.bias_add, f(2, 3), f(3), data_format="CHWN",
      says="data_format must be of the form `N...C` or `NC...`")  # fmt: skip

case("BiasAddV1", raw("BiasAddV1", "value bias"), f(2, 3), f(3), id="BiasAddV1")

# --- norms ---
case("L2Loss", tf.nn.l2_loss, f(2, 3))
case("L2Loss", tf.nn.l2_loss, d(), name="half")
case("L2Loss", tf.nn.l2_loss, h(5))
case("L2Loss", tf.nn.l2_loss, f(0, 3))
case("Rsqrt", tf.nn.l2_normalize, f(2, 3))
case("Rsqrt", tf.nn.l2_normalize, f(2, 3, 4), dim=[0, 1], name="unit")
case("Rsqrt", tf.nn.l2_normalize, f([[0.0, 0.0], [3.0, 4.0]]), 1, epsilon=0.5, numeric="at zero")
MOMENTS = "TensorFlow holds the mean fixed, whose derivative is zero"
case("Mean", tf.nn.moments, f(2, 3), [0], numeric=MOMENTS)
case("Mean", tf.nn.moments, f(2, 3, 4), [0, 2], keep_dims=True, name="m", numeric=MOMENTS)
case("Mean", tf.nn.moments, h(4, 3), [0], tol=2e-3, numeric=MOMENTS)
case("Sum", lambda x: list(tf.nn.sufficient_statistics(x, [0]))[:3], f(4, 3))
case("Sum", lambda x: list(tf.nn.sufficient_statistics(x, [0], shift=1.0))[:3], f(4, 3))
case("Reciprocal", tf.nn.normalize_moments, f(value=3.0), f(4), f(4), f(value=1.0))
case("Reciprocal", tf.nn.normalize_moments, f(value=3.0), f(4), f(4), None)
case("NotEqual", tf.nn.zero_fraction, f([0.0, 1.0, -0.0, 2.0]), golden=FEWER)
case("LRN", tf.nn.lrn, f(2, 3, 3, 7), numeric=TWICE)
case("LRN", tf.nn.lrn, f(1, 2, 3, 7), 2, 1.5, 0.5, 0.75, name="lrn", numeric=TWICE)
case("LRN", tf.nn.local_response_normalization, h(1, 2, 3, 4), depth_radius=9, numeric=TWICE,
     tol=4e-3)  # fmt: skip
case("LRNGrad", lambda x: tf.gradients(tf.nn.lrn(x, 1), x), f(1, 2, 2, 5), grad=TWICE)
error("LRN", tf.nn.lrn, f(2, 3, 3), says="Shape must be rank 4 but is rank 3")

batch_norm = tf.nn.batch_normalization
case("Rsqrt", batch_norm, f(2, 3), f(3), f(3, positive=True), f(3), f(3), 1e-3)
case("Rsqrt", batch_norm, f(2, 3), f(3), f(3, positive=True), None, None, 1e-3, name="bn")
fused = tf.nn.fused_batch_norm
case("FusedBatchNormV3", fused, f(2, 3, 4, 2), f(2), f(2), numeric=TWICE)
case("FusedBatchNormV3", fused, f(2, 3, 4, 2), f(2), f(2), epsilon=0.1, name="bn", numeric=TWICE)
case("FusedBatchNormV3", fused, f(2, 2, 3, 4), f(2), f(2), data_format="NCHW", numeric=TWICE,
     golden="TensorFlow 1.15's CPU kernel has no gradient in this format")  # fmt: skip
case("FusedBatchNormV3", lambda *a: fused(*a, is_training=False)[0], f(2, 3, 4, 2), f(2), f(2),
     f(2), f(2, positive=True), id="FusedBatchNormV3-inference", numeric=TWICE)  # fmt: skip
case("FusedBatchNormGradV3", lambda x, s, b: tf.gradients(fused(x, s, b)[0] * x, [x, s, b]),
     f(2, 3, 4, 2), f(2), f(2), grad=TWICE)  # fmt: skip
error("FusedBatchNormV3", fused, f(2, 3, 4), f(2), f(2),
      says="Shape must be rank 4 but is rank 3")  # fmt: skip
error("FusedBatchNormV3", fused, f(2, 3, 4, 2), f(3), f(2),
      says="Dimensions must be equal, but are 2 and 3")  # fmt: skip
error("FusedBatchNormV3", fused, f(2, 3, 4, 2), f(2), f(2), mean=f(2), variance=f(2),
      says="Both 'mean' and 'variance' must be None if is_training is True.")  # fmt: skip

NORM = "x scale offset mean variance"
for version in ("", "V2"):
    norm = raw("FusedBatchNorm" + version, NORM, is_training=False)
    train = raw("FusedBatchNorm" + version, NORM)
    first = lambda *a, norm=norm: norm(*a)[0]
    case("FusedBatchNorm" + version, first, f(1, 3, 4, 2), f(2), f(2), f(2), f(2, positive=True),
         id="FusedBatchNorm%s-inference" % version, numeric=TWICE)  # fmt: skip
    whole = lambda x, s, b, train=train: list(train(x, s, b, [], []))[:3]
    case("FusedBatchNorm" + version, whole, f(1, 3, 4, 2), f(2), f(2), numeric=TWICE,
         id="FusedBatchNorm" + version)  # fmt: skip
    back = lambda x, s, b, whole=whole: tf.gradients(whole(x, s, b)[0] * x, [x, s, b])
    case("FusedBatchNormGrad" + version, back, f(1, 3, 4, 2), f(2), f(2), grad=TWICE,
         id="FusedBatchNormGrad" + version)  # fmt: skip

# --- dropout ---
case("RandomUniform", tf.nn.dropout, f(4, 5), 0.5, seed=3)
case("RandomUniform", tf.nn.dropout, f(4, 5), f(value=0.7), name="drop", seed=3)
case("RandomUniform", lambda x: tf.nn.dropout(x, rate=0.3, noise_shape=[4, 1], seed=4), d(4, 5),
     id="dropout-noise_shape", seed=3)  # fmt: skip
case("RandomUniform", tf.nn.dropout, h(4, 5), 0.5, seed=3)
case("Identity", lambda x: tf.identity(tf.nn.dropout(x, keep_prob=1.0)), f(4, 5), seed=3)
error("RandomUniform", tf.nn.dropout, f(2), keep_prob=0.0,
      says="rate must be a scalar tensor or a float in the range [0, 1), got 1")  # fmt: skip
error("RandomUniform", tf.nn.dropout, f(2), rate=-0.5,
      says="rate must be a scalar tensor or a float in the range [0, 1), got -0.5")  # fmt: skip
error("RandomUniform", tf.nn.dropout, f(2), says="You must provide a rate to dropout.")
error("RandomUniform", tf.nn.dropout, f(2), "a", says="keep_prob must be a floating point number")
error("RandomUniform", tf.nn.dropout, f(2), rate=f(1), says="Shape (1,) must have rank 0")
error("RandomUniform", tf.nn.dropout, i(2), 0.5, says="x has to be a floating point tensor")

# --- tf.losses ---
LOSS = "Sum"
SINGLE = "it is computed in float32 whatever the inputs are"
for name in ("absolute_difference", "hinge_loss", "huber_loss", "mean_squared_error",
             "mean_pairwise_squared_error", "sigmoid_cross_entropy",
             "softmax_cross_entropy"):  # fmt: skip
    case(LOSS, getattr(tf.losses, name), f(3, 4), f(3, 4), id=name, numeric=SINGLE)
    weighted = lambda x, y, name=name: getattr(tf.losses, name)(x, y, weights=2.0, scope="here")
    case(LOSS, weighted, f(3, 4), f(3, 4), id=name + "-weighted", numeric=SINGLE)
case(LOSS, tf.losses.log_loss, f(3, 4), f(3, 4, low=0.1, high=0.9), numeric=SINGLE)
case(LOSS, tf.losses.cosine_distance, f(3, 4), f(3, 4), axis=1, numeric=SINGLE)
case(LOSS, tf.losses.cosine_distance, f(3, 4), f(3, 4), dim=0, numeric=SINGLE)
case(LOSS, tf.losses.huber_loss, f(3, 4), f(3, 4), delta=0.5, numeric=SINGLE)
mse = tf.losses.mean_squared_error
for reduction in ("none", "weighted_sum", "weighted_mean", "weighted_sum_over_batch_size",
                  "weighted_sum_by_nonzero_weights"):  # fmt: skip
    case(
        "Mul",
        mse,
        f(3, 4),
        f(3, 4),
        weights=f([[1.0], [0.0], [2.0]]),
        reduction=reduction,
        numeric=SINGLE,
    )
case(LOSS, mse, i(3, 4), f(3, 4), weights=0.0, numeric=SINGLE)
case(LOSS, mse, f(3, 4), f(3, 4), weights=f(3, 4), numeric=SINGLE)
case(
    LOSS,
    tf.losses.compute_weighted_loss,
    d(3, 4),
    weights=i([[1], [0], [2]]),
    tol=1e-6,
    numeric=SINGLE,
)
case(
    LOSS,
    tf.losses.sigmoid_cross_entropy,
    i([[1, 0], [0, 1]]),
    f(2, 2),
    label_smoothing=0.1,
    numeric=SINGLE,
)
case(
    LOSS,
    tf.losses.softmax_cross_entropy,
    f(2, 3),
    f(2, 3),
    weights=f(2),
    label_smoothing=0.1,
    numeric=SINGLE,
)
case(LOSS, tf.losses.sparse_softmax_cross_entropy, i([2, 0]), f(2, 3), numeric=SINGLE)
case(
    LOSS,
    tf.losses.sparse_softmax_cross_entropy,
    i([[2], [0]]),
    f(2, 3),
    weights=f(2, 1),
    numeric=SINGLE,
)


def total(x, y):
    """The sum of two losses that were noted."""
    tf.losses.mean_squared_error(x, y)
    tf.losses.absolute_difference(x, y)
    return tf.losses.get_total_loss()


case("AddN", total, f(3, 4), f(3, 4), numeric=SINGLE)
case("Const", tf.losses.get_regularization_loss)
error(LOSS, mse, None, f(2), says="labels must not be None.")
error(LOSS, mse, f(2, 3), f(2, 4), says="are incompatible")
error(LOSS, mse, f(2, 3), f(2, 3), weights=f(2), says="weights can not be broadcast to values")
error(LOSS, mse, f(2, 3), f(2, 3), weights=f(3, 1), says="weights can not be broadcast to values")
error(LOSS, mse, f(2, 3), f(2, 3), reduction="sum", says="Invalid Reduction Key sum.")
error(LOSS, tf.losses.cosine_distance, f(2, 3), f(2, 3), says="You must specify 'axis'.")
