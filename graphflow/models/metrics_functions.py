"""Keras' accuracies of each example, as functions of labels and predictions."""

from __future__ import annotations

from typing import Any

from graphflow.core.convert import convert
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets import keras_state
from graphflow.ops.argmax import argmax
from graphflow.ops.cast import cast
from graphflow.ops.comparison import equal
from graphflow.ops.reduce import reduce_mean
from graphflow.ops.reshape import squeeze
from graphflow.ops.sort import in_top_k


def accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Returns 1 where predictions are equal to labels, else 0.

    Args:
        y_true: labels.
        y_pred: predictions of the same shape.

    Raises:
        ValueError: if the shapes differ.
    """
    y_pred.shape.assert_is_compatible_with(y_true.shape)
    if y_true.dtype != y_pred.dtype:
        y_pred = cast(y_pred, y_true.dtype)
    found: Tensor = cast(equal(y_true, y_pred), keras_state.floatx())
    return found


@export("keras.metrics.binary_accuracy")
def binary_accuracy(y_true: Any, y_pred: Any, threshold: Any = 0.5) -> Tensor:
    """Returns how many of the predictions are right, along the last axis.

    Args:
        y_true: labels 0 and 1, [batch, d0, ..., dn].
        y_pred: probabilities of the same shape.
        threshold: from where on a probability means 1.

    Returns:
        [batch, d0, ..., dn-1].
    """
    limit = cast(threshold, y_pred.dtype)
    decided = cast(y_pred > limit, y_pred.dtype)
    right = cast(equal(y_true, decided), keras_state.floatx())
    found: Tensor = reduce_mean(right, -1)
    return found


@export("keras.metrics.categorical_accuracy")
def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Returns 1 where the most likely class is the right one, else 0.

    Args:
        y_true: labels, 1 for the right class and 0 for others, [batch, d0, ..., classes].
        y_pred: predictions of the same shape.

    Returns:
        [batch, d0, ...].
    """
    right = equal(argmax(y_true, axis=-1), argmax(y_pred, axis=-1))
    found: Tensor = cast(right, keras_state.floatx())
    return found


def _numbers(y_true: Any, y_pred: Any) -> Any:
    """Class numbers without a last axis of size 1."""
    pred_rank, true_rank = convert(y_pred).shape.ndims, convert(y_true).shape.ndims
    if true_rank is not None and true_rank == pred_rank:
        return squeeze(y_true, [-1])
    return y_true


@export("keras.metrics.sparse_categorical_accuracy")
def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Returns 1 where the most likely class is the right one, else 0.

    Args:
        y_true: the numbers of the right classes, [batch, d0, ...], also with a last axis of 1.
        y_pred: predictions, [batch, d0, ..., classes].

    Returns:
        [batch, d0, ...].
    """
    y_true = _numbers(y_true, y_pred)
    best = argmax(y_pred, axis=-1)
    if best.dtype.base_dtype != y_true.dtype.base_dtype:
        best = cast(best, y_true.dtype.base_dtype)
    found: Tensor = cast(equal(y_true, best), keras_state.floatx())
    return found


@export("keras.metrics.top_k_categorical_accuracy")
def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """Returns 1 where the right class is among the `k` most likely ones, else 0.

    Args:
        y_true: labels, 1 for the right class and 0 for others, [batch, classes].
        y_pred: predictions of the same shape.
        k: how many classes count.

    Returns:
        [batch].
    """
    found: Tensor = cast(in_top_k(y_pred, argmax(y_true, axis=-1), k), keras_state.floatx())
    return found


@export("keras.metrics.sparse_top_k_categorical_accuracy")
def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """Returns 1 where the right class is among the `k` most likely ones, else 0.

    Args:
        y_true: the numbers of the right classes, [batch], also with a last axis of 1.
        y_pred: predictions, [batch, classes].
        k: how many classes count.

    Returns:
        [batch].
    """
    numbers = cast(_numbers(y_true, y_pred), int32)
    found: Tensor = cast(in_top_k(y_pred, numbers, k), keras_state.floatx())
    return found
