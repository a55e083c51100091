"""Keras' losses of each example, as functions of labels and predictions."""

from __future__ import annotations

import math
from typing import Any

from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import as_dtype, int64
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets import keras_state
from graphflow.ops.activation import softplus
from graphflow.ops.arithmetic import add, maximum, minimum, multiply, squared_difference, subtract
from graphflow.ops.cast import cast
from graphflow.ops.clip import clip_by_value
from graphflow.ops.comparison import equal, logical_or
from graphflow.ops.complex import abs as abs_
from graphflow.ops.constant import constant
from graphflow.ops.cross_entropy import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2,
    sparse_softmax_cross_entropy_with_logits,
)
from graphflow.ops.flow_cond import smart_cond
from graphflow.ops.norm import l2_normalize
from graphflow.ops.powers import square
from graphflow.ops.reduce import reduce_all, reduce_max, reduce_mean, reduce_sum
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.transpose import transpose


def _both(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Labels and predictions as tensors of the predictions' type."""
    y_pred = convert(y_pred)
    return cast(y_true, y_pred.dtype), y_pred


def _from_epsilon(x: Any, high: float = math.inf) -> Tensor:
    dtype = x.dtype.base_dtype
    low, high_ = constant(keras_state.epsilon(), dtype), constant(high, dtype)
    found: Tensor = clip_by_value(x, low, high_)
    return found


# --- distances ---
@export(
    "keras.metrics.mean_squared_error", "keras.metrics.mse", "keras.metrics.MSE",
    "keras.losses.mean_squared_error", "keras.losses.mse", "keras.losses.MSE",
)  # fmt: skip
def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """Returns the mean of `(y_pred - y_true)**2` along the last axis.

    Args:
        y_true: labels, [batch, d0, ..., dn].
        y_pred: predictions of the same shape.

    Returns:
        [batch, d0, ..., dn-1].
    """
    y_true, y_pred = _both(y_true, y_pred)
    found: Tensor = reduce_mean(squared_difference(y_pred, y_true), -1)
    return found


@export(
    "keras.metrics.mean_absolute_error", "keras.metrics.mae", "keras.metrics.MAE",
    "keras.losses.mean_absolute_error", "keras.losses.mae", "keras.losses.MAE",
)  # fmt: skip
def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """Returns the mean of `abs(y_pred - y_true)` along the last axis.

    Args:
        y_true: labels, [batch, d0, ..., dn].
        y_pred: predictions of the same shape.

    Returns:
        [batch, d0, ..., dn-1].
    """
    y_true, y_pred = _both(y_true, y_pred)
    found: Tensor = reduce_mean(abs_(y_pred - y_true), -1)
    return found


@export(
    "keras.metrics.mean_absolute_percentage_error", "keras.metrics.mape", "keras.metrics.MAPE",
    "keras.losses.mean_absolute_percentage_error", "keras.losses.mape", "keras.losses.MAPE",
)  # fmt: skip
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """Returns the mean of `100 * abs(y_pred - y_true) / abs(y_true)` along the last axis.

    Args:
        y_true: labels, [batch, d0, ..., dn].
        y_pred: predictions of the same shape.

    Returns:
        [batch, d0, ..., dn-1].
    """
    y_true, y_pred = _both(y_true, y_pred)
    difference = abs_((y_true - y_pred) / _from_epsilon(abs_(y_true)))
    found: Tensor = 100.0 * reduce_mean(difference, -1)
    return found


@export(
    "keras.metrics.mean_squared_logarithmic_error", "keras.metrics.msle", "keras.metrics.MSLE",
    "keras.losses.mean_squared_logarithmic_error", "keras.losses.msle", "keras.losses.MSLE",
)  # fmt: skip
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """Returns the mean of `(log(y_pred + 1) - log(y_true + 1))**2` along the last axis.

    Args:
        y_true: labels, [batch, d0, ..., dn].
        y_pred: predictions of the same shape.

    Returns:
        [batch, d0, ..., dn-1].
    """
    y_true, y_pred = _both(y_true, y_pred)
    first = apply("Log", _from_epsilon(y_pred) + 1.0)
    second = apply("Log", _from_epsilon(y_true) + 1.0)
    found: Tensor = reduce_mean(squared_difference(first, second), -1)
    return found


def huber_loss(y_true: Any, y_pred: Any, delta: Any = 1.0) -> Tensor:
    """Returns half the square of each error up to `delta`, and beyond it a line.

    Args:
        y_true: labels.
        y_pred: predictions of the same shape.
        delta: where the line begins.
    """
    y_pred = cast(y_pred, keras_state.floatx())
    y_true = cast(y_true, keras_state.floatx())
    error = abs_(subtract(y_pred, y_true))
    near = minimum(error, delta)
    rest = subtract(error, near)
    half = convert(0.5, near.dtype)
    found: Tensor = add(multiply(half, multiply(near, near)), multiply(delta, rest))
    return found


@export("keras.losses.logcosh")
def logcosh(y_true: Any, y_pred: Any) -> Tensor:
    """Returns the mean of `log(cosh(y_pred - y_true))` along the last axis.

    Args:
        y_true: labels, [batch, d0, ..., dn].
        y_pred: predictions of the same shape.

    Returns:
        [batch, d0, ..., dn-1].
    """
    y_true, y_pred = _both(y_true, y_pred)
    x = y_pred - y_true
    found: Tensor = reduce_mean(x + softplus(-2.0 * x) - apply("Log", 2.0), -1)
    return found


# --- margins ---
def _signed(y_true: Tensor) -> Any:
    """Labels 0 and 1 as -1 and 1; others as they are."""
    binary = reduce_all(logical_or(equal(y_true, 0), equal(y_true, 1)))
    return smart_cond(binary, lambda: 2.0 * y_true - 1.0, lambda: y_true)


@export("keras.metrics.hinge", "keras.losses.hinge")
def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Returns the mean of `max(1 - y_true * y_pred, 0)` along the last axis.

    Args:
        y_true: labels -1 and 1, or 0 and 1, [batch, d0, ..., dn].
        y_pred: predictions of the same shape.

    Returns:
        [batch, d0, ..., dn-1].
    """
    y_true, y_pred = _both(y_true, y_pred)
    signs = _signed(y_true)
    found: Tensor = reduce_mean(maximum(1.0 - signs * y_pred, 0.0), -1)
    return found


@export("keras.metrics.squared_hinge", "keras.losses.squared_hinge")
def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Returns the mean of `max(1 - y_true * y_pred, 0)**2` along the last axis.

    Args:
        y_true: labels -1 and 1, or 0 and 1, [batch, d0, ..., dn].
        y_pred: predictions of the same shape.

    Returns:
        [batch, d0, ..., dn-1].
    """
    y_true, y_pred = _both(y_true, y_pred)
    signs = _signed(y_true)
    found: Tensor = reduce_mean(square(maximum(1.0 - signs * y_pred, 0.0)), -1)
    return found


@export("keras.losses.categorical_hinge")
def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Returns by how much a wrong class comes within 1 of the right one.

    Args:
        y_true: labels, 1 for the right class and 0 for others, [batch, d0, ..., classes].
        y_pred: predictions of the same shape.

    Returns:
        [batch, d0, ...].
    """
    y_true, y_pred = _both(y_true, y_pred)
    right = reduce_sum(y_true * y_pred, axis=-1)
    wrong = reduce_max((1.0 - y_true) * y_pred, axis=-1)
    found: Tensor = maximum(0.0, wrong - right + 1.0)
    return found


# --- probabilities ---
def _logits(output: Any, kind: str) -> Any:
    """What an operation `kind` made probabilities of; None if it was not one of that kind."""
    if type(output) is not Tensor or output.op.type != kind:  # an eager one has no operation
        return None
    return output.op.inputs[0]


def categorical_from(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """Returns the cross-entropy of tensors; as `categorical_crossentropy`.

    Args:
        target: labels.
        output: probabilities, or what their logarithms are up to a constant.
        from_logits: whether they are the latter.
        axis: that of the classes.
    """
    if not from_logits:
        logits = _logits(output, "Softmax")
        if logits is None:
            output = output / reduce_sum(output, axis, True)
            low = constant(keras_state.epsilon(), output.dtype.base_dtype)
            output = clip_by_value(output, low, 1.0 - low)
            found: Tensor = -reduce_sum(target * apply("Log", output), axis)
            return found
        output = logits
    found = softmax_cross_entropy_with_logits_v2(labels=target, logits=output, axis=axis)
    return found


@export("keras.metrics.categorical_crossentropy", "keras.losses.categorical_crossentropy")
def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: Any = 0
) -> Tensor:
    """Returns the cross-entropy of labels and the probabilities of classes.

    Args:
        y_true: labels, 1 for the right class and 0 for others, [batch, d0, ..., classes].
        y_pred: predictions of the same shape.
        from_logits: whether the predictions are logits; else they are probabilities.
        label_smoothing: how much of each label is spread over all classes, in [0, 1].

    Returns:
        [batch, d0, ...].
    """
    y_true, y_pred = _both(y_true, y_pred)
    smoothing = convert(label_smoothing, as_dtype(keras_state.floatx()))

    def smoothed() -> Any:
        classes = cast(shape_of(y_true)[1], y_pred.dtype)
        return y_true * (1.0 - smoothing) + smoothing / classes

    labels = smart_cond(smoothing, smoothed, lambda: y_true)
    return categorical_from(labels, y_pred, from_logits)


@export(
    "keras.metrics.sparse_categorical_crossentropy", "keras.losses.sparse_categorical_crossentropy"
)
def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """Returns the cross-entropy of class numbers and the probabilities of classes.

    Args:
        y_true: the numbers of the right classes, [batch, d0, ...], also with a last axis of 1.
        y_pred: predictions, [batch, d0, ..., classes].
        from_logits: whether the predictions are logits; else they are probabilities.
        axis: the axis of the classes.

    Returns:
        [batch, d0, ...].

    Raises:
        ValueError: if the rank of the predictions is not known and the axis is not the last.
    """
    if not from_logits:
        logits = _logits(y_pred, "Softmax")
        if logits is None:
            low = constant(keras_state.epsilon(), y_pred.dtype.base_dtype)
            logits = apply("Log", clip_by_value(y_pred, low, 1 - low))
        y_pred = logits
    rank = y_pred.shape.ndims
    y_pred = _classes_last(y_pred, rank, axis)
    labels = cast(y_true, int64)
    sizes = shape_of(y_pred)
    known = labels.shape.ndims is not None and rank is not None
    flat = known and labels.shape.ndims != rank - 1
    if flat:
        labels = reshape(labels, [-1])
        y_pred = reshape(y_pred, [-1, sizes[-1]])
    found: Tensor = sparse_softmax_cross_entropy_with_logits(labels=labels, logits=y_pred)
    return reshape(found, sizes[:-1]) if flat and rank >= 3 else found


def _classes_last(y_pred: Any, rank: int | None, axis: int) -> Any:
    if rank is None:
        if axis != -1:
            raise ValueError(
                f"Cannot compute sparse categorical crossentropy with `axis={axis}` on an output "
                "tensor with unknown rank"
            )
        return y_pred
    axis %= rank
    if axis == rank - 1:
        return y_pred
    return transpose(y_pred, perm=[i for i in range(rank) if i != axis] + [axis])


def binary_from(target: Any, output: Any, from_logits: bool = False) -> Tensor:
    """Returns the cross-entropy of each element; as `binary_crossentropy`.

    Args:
        target: labels.
        output: probabilities, or logits.
        from_logits: whether they are the latter.
    """
    if not from_logits:
        logits = _logits(output, "Sigmoid")
        if logits is None:
            epsilon = keras_state.epsilon()
            low = constant(epsilon, output.dtype.base_dtype)
            output = clip_by_value(output, low, 1.0 - low)
            gain = target * apply("Log", output + epsilon)
            gain += (1 - target) * apply("Log", 1 - output + epsilon)
            found: Tensor = -gain
            return found
        output = logits
    found = sigmoid_cross_entropy_with_logits(labels=target, logits=output)
    return found


@export("keras.metrics.binary_crossentropy", "keras.losses.binary_crossentropy")
def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: Any = 0
) -> Tensor:
    """Returns the cross-entropy of labels 0 and 1 and probabilities, its mean along the last axis.

    Args:
        y_true: labels, [batch, d0, ..., dn].
        y_pred: predictions of the same shape.
        from_logits: whether the predictions are logits; else they are probabilities.
        label_smoothing: how much the labels are moved to 0.5, in [0, 1].

    Returns:
        [batch, d0, ..., dn-1].
    """
    y_true, y_pred = _both(y_true, y_pred)
    smoothing = convert(label_smoothing, as_dtype(keras_state.floatx()))

    def smoothed() -> Any:
        return y_true * (1.0 - smoothing) + 0.5 * smoothing

    labels = smart_cond(smoothing, smoothed, lambda: y_true)
    found: Tensor = reduce_mean(binary_from(labels, y_pred, from_logits), -1)
    return found


@export(
    "keras.metrics.kullback_leibler_divergence", "keras.metrics.kld", "keras.metrics.KLD",
    "keras.losses.kullback_leibler_divergence", "keras.losses.kld", "keras.losses.KLD",
)  # fmt: skip
def kullback_leibler_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """Returns the sum of `y_true * log(y_true / y_pred)` along the last axis.

    Args:
        y_true: probabilities, [batch, d0, ..., dn].
        y_pred: predictions of the same shape.

    Returns:
        [batch, d0, ..., dn-1].
    """
    y_true, y_pred = _both(y_true, y_pred)
    y_true = _from_epsilon(y_true, 1)
    y_pred = _from_epsilon(y_pred, 1)
    found: Tensor = reduce_sum(y_true * apply("Log", y_true / y_pred), axis=-1)
    return found


@export("keras.metrics.poisson", "keras.losses.poisson")
def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """Returns the mean of `y_pred - y_true * log(y_pred)` along the last axis.

    Args:
        y_true: labels, [batch, d0, ..., dn].
        y_pred: predictions of the same shape.

    Returns:
        [batch, d0, ..., dn-1].
    """
    y_true, y_pred = _both(y_true, y_pred)
    expected = apply("Log", y_pred + keras_state.epsilon())
    found: Tensor = reduce_mean(y_pred - y_true * expected, -1)
    return found


@export(
    "keras.metrics.cosine_proximity", "keras.metrics.cosine", "keras.losses.cosine_proximity",
    "keras.losses.cosine", "keras.losses.cosine_similarity",
)  # fmt: skip
def cosine_proximity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Returns the cosine of the angle between labels and predictions.

    Args:
        y_true: labels.
        y_pred: predictions of the same shape.
        axis: the axis of the vectors.
    """
    y_true = l2_normalize(y_true, axis=axis)
    y_pred = l2_normalize(y_pred, axis=axis)
    found: Tensor = reduce_sum(y_true * y_pred, axis=axis)
    return found
