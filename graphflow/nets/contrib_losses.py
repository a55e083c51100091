"""tf.contrib.losses: the first form of tf.losses, with predictions before labels.

Their weights stand for leading axes and are multiplied in after the others are summed up.
"""

from __future__ import annotations

from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import float32
from graphflow.core.export import export_in
from graphflow.core.tensor import Tensor
from graphflow.nets.contrib_arg_scope import add_arg_scope
from graphflow.ops.activation import relu
from graphflow.ops.arithmetic import add_n, multiply, squared_difference, subtract
from graphflow.ops.cast import cast
from graphflow.ops.comparison import equal, not_equal
from graphflow.ops.cross_entropy import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits,
    sparse_softmax_cross_entropy_with_logits,
)
from graphflow.ops.division import div, div_no_nan
from graphflow.ops.fill import ones, ones_like, zeros_like
from graphflow.ops.functions import log
from graphflow.ops.powers import square
from graphflow.ops.reduce import reduce_prod, reduce_sum
from graphflow.ops.reshape import reshape, squeeze
from graphflow.ops.select import where
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.shape_ops import size
from graphflow.ops.slice import slice_

_LOSSES: Final = GraphKeys.LOSSES


_public = export_in("contrib.losses", "contrib.slim.losses")


# --- the collection ---
@_public
@add_arg_scope
def add_loss(loss: Any, loss_collection: str | None = _LOSSES) -> None:
    """Notes a loss in a collection.

    Args:
        loss: the loss.
        loss_collection: the collection; None: nothing is done.
    """
    if loss_collection:
        scopes.add_to_collection(loss_collection, loss)


@_public
def get_losses(scope: str | None = None, loss_collection: str = _LOSSES) -> list[Any]:
    """Returns the losses of a collection.

    Args:
        scope: a regular expression that the beginnings of names must match.
        loss_collection: the collection.
    """
    return scopes.get_collection(loss_collection, scope)


@_public
def get_regularization_losses(scope: str | None = None) -> list[Any]:
    """Returns the losses of the regularizers.

    Args:
        scope: a regular expression that the beginnings of names must match.
    """
    return scopes.get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


@_public
def get_total_loss(add_regularization_losses: bool = True, name: str = "total_loss") -> Tensor:
    """Returns the sum of all losses.

    Args:
        add_regularization_losses: whether those of the regularizers count.
        name: the node's name.

    Raises:
        ValueError: if there are none.
    """
    held = get_losses()
    if add_regularization_losses:
        held += get_regularization_losses()
    return add_n(held, name=name)


# --- weights ---
def _rank(name: str, x: Tensor) -> int:
    if x.shape.ndims is None:
        raise ValueError(f"{name}.get_shape().ndims cannot be None")
    return x.shape.ndims


def _scaled(losses: Tensor, weights: Tensor) -> Tensor:
    axes = list(range(_rank("weights", weights), _rank("losses", losses)))
    found: Tensor = reduce_sum(multiply(reduce_sum(losses, axis=axes), weights))
    return found


def _present(losses: Tensor, weights: Tensor, per_batch: bool = False) -> Tensor:
    """How many elements have a weight other than 0: of all, or of each example."""
    rank = _rank("weights", weights)
    if rank == 0:
        batch = reshape(slice_(shape_of(losses), [0], [1]), [])
        each = div(cast(size(losses), float32), cast(batch, float32))
        each = where(equal(weights, 0), 0.0, each)
        found: Tensor = multiply(ones(reshape(batch, [1])), each)
    else:
        nonzero = reduce_sum(cast(not_equal(weights, 0), float32), axis=list(range(1, rank)))
        others = slice_(shape_of(losses), [rank], [-1])
        found = multiply(nonzero, cast(reduce_prod(others), float32))
    if not per_batch:
        found = reduce_sum(found)
    return found


@_public
def compute_weighted_loss(losses: Any, weights: Any = 1.0, scope: str | None = None) -> Tensor:
    """Returns the mean of losses whose weight is not 0, and notes it in LOSSES.

    Args:
        losses: a tensor [batch, ...].
        weights: a number for all, or one for each leading index.
        scope: the name scope.

    Raises:
        ValueError: if a rank is not known.
    """
    with scopes.name_scope(scope, "weighted_loss", [losses, weights]):
        losses = convert(losses)
        dtype = losses.dtype
        losses = cast(losses, float32)
        weights = cast(convert(weights), float32)
        _rank("losses", losses)
        if _rank("weights", weights) > 1 and weights.shape.dims[-1].is_compatible_with(1):
            weights = squeeze(weights, [-1])
        total = _scaled(losses, weights)
        count = _present(losses, weights)
        mean: Tensor = cast(div_no_nan(reduce_sum(total), count, name="value"), dtype)
        add_loss(mean)
    return mean


def _pair(predictions: Any, labels: Any) -> tuple[Tensor, Tensor]:
    predictions.shape.assert_is_compatible_with(labels.shape)
    return cast(predictions, float32), cast(labels, float32)


# --- losses ---
@_public
def absolute_difference(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None
) -> Tensor:
    """Returns the mean distance of predictions and labels.

    Args:
        predictions: a tensor.
        labels: a tensor of that shape.
        weights: a number for all, or one for each leading index.
        scope: the name scope.

    Raises:
        ValueError: if the shapes differ.
    """
    values = [predictions, labels, weights]
    with scopes.name_scope(scope, "absolute_difference", values) as name:
        predictions, labels = _pair(predictions, labels)
        losses = apply("Abs", subtract(predictions, labels))
        return compute_weighted_loss(losses, weights, scope=name)


@_public
def sigmoid_cross_entropy(
    logits: Any,
    multi_class_labels: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
) -> Tensor:
    """Returns the mean cross entropy of independent classes.

    Args:
        logits: a tensor [batch, classes].
        multi_class_labels: the probabilities, of that shape.
        weights: a number for all, or one for each leading index.
        label_smoothing: how far the labels are moved toward 1/2.
        scope: the name scope.

    Raises:
        ValueError: if the shapes differ.
    """
    values = [logits, multi_class_labels, weights]
    with scopes.name_scope(scope, "sigmoid_cross_entropy_loss", values) as name:
        logits.shape.assert_is_compatible_with(multi_class_labels.shape)
        labels = cast(multi_class_labels, logits.dtype)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope=name)


@_public
def softmax_cross_entropy(
    logits: Any,
    onehot_labels: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
) -> Tensor:
    """Returns the mean cross entropy of classes of which one holds.

    Args:
        logits: a tensor [batch, classes].
        onehot_labels: the probabilities, of that shape.
        weights: a number for all, or one for each example.
        label_smoothing: how far the labels are moved toward equal probabilities.
        scope: the name scope.

    Raises:
        ValueError: if the shapes differ.
    """
    values = [logits, onehot_labels, weights]
    with scopes.name_scope(scope, "softmax_cross_entropy_loss", values) as name:
        logits.shape.assert_is_compatible_with(onehot_labels.shape)
        labels = cast(onehot_labels, logits.dtype)
        if label_smoothing > 0:
            classes = cast(shape_of(labels)[1], logits.dtype)
            labels = labels * (1.0 - label_smoothing) + label_smoothing / classes
        losses = softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope=name)


@_public
def sparse_softmax_cross_entropy(
    logits: Any, labels: Any, weights: Any = 1.0, scope: str | None = None
) -> Tensor:
    """Returns the mean cross entropy of classes, of which one holds that a number names.

    Args:
        logits: a tensor [batch, classes].
        labels: integers, [batch] or [batch, 1].
        weights: a number for all, or one for each example.
        scope: the name scope.
    """
    values = [logits, labels, weights]
    with scopes.name_scope(scope, "sparse_softmax_cross_entropy_loss", values) as name:
        labels = reshape(labels, shape=[shape_of(labels)[0]])
        losses = sparse_softmax_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, scope=name)


@_public
def log_loss(
    predictions: Any,
    labels: Any = None,
    weights: Any = 1.0,
    epsilon: float = 1e-7,
    scope: str | None = None,
) -> Tensor:
    """Returns the mean cross entropy of probabilities.

    Args:
        predictions: the probabilities.
        labels: a tensor of that shape.
        weights: a number for all, or one for each leading index.
        epsilon: keeps the logarithms away from 0.
        scope: the name scope.

    Raises:
        ValueError: if the shapes differ.
    """
    with scopes.name_scope(scope, "log_loss", [predictions, labels, weights]) as name:
        predictions, labels = _pair(predictions, labels)
        hit = -multiply(labels, log(predictions + epsilon))
        losses = hit - multiply(1 - labels, log(1 - predictions + epsilon))
        return compute_weighted_loss(losses, weights, scope=name)


@_public
def hinge_loss(logits: Any, labels: Any = None, scope: str | None = None) -> Tensor:
    """Returns how far each logit is from the right side of a margin; no mean is taken.

    Args:
        logits: a tensor.
        labels: 0 or 1, of that shape.
        scope: the name scope.

    Raises:
        ValueError: if the shapes differ.
    """
    with scopes.name_scope(scope, "hinge_loss", [logits, labels]):
        logits.shape.assert_is_compatible_with(labels.shape)
        labels = cast(labels, float32)
        one = ones_like(labels)
        side = subtract(2 * labels, one)
        found: Tensor = relu(subtract(one, multiply(side, logits)))
    return found


@_public
def mean_squared_error(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None
) -> Tensor:
    """Returns the mean square of the differences.

    Args:
        predictions: a tensor.
        labels: a tensor of that shape.
        weights: a number for all, or one for each leading index.
        scope: the name scope.

    Raises:
        ValueError: if the shapes differ.
    """
    values = [predictions, labels, weights]
    with scopes.name_scope(scope, "mean_squared_error", values) as name:
        losses = squared_difference(*_pair(predictions, labels))
        return compute_weighted_loss(losses, weights, scope=name)


@_public
def mean_pairwise_squared_error(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None
) -> Tensor:
    """Returns the mean square by which differences within predictions and within labels differ.

    Args:
        predictions: a tensor [batch, ...].
        labels: a tensor of that shape.
        weights: a number for all, or one for each example.
        scope: the name scope.

    Raises:
        ValueError: if the shapes differ, or a rank is not known.
    """
    values = [predictions, labels, weights]
    with scopes.name_scope(scope, "mean_pairwise_squared_error", values):
        predictions, labels = _pair(predictions, labels)
        weights = cast(convert(weights), float32)
        errors = subtract(predictions, labels)
        axes = list(range(1, _rank("diffs", errors)))
        _rank("weights", weights)
        squares = reduce_sum(square(errors), axis=axes)
        count = _present(errors, weights, per_batch=True)
        first = 2.0 * div_no_nan(squares, count, name="value")
        total = reduce_sum(errors, axis=axes)
        second = 2.0 * div_no_nan(square(total), square(count), name="value")
        loss = _scaled(first - second, weights)
        found = where(reduce_sum(count) > 0, loss, zeros_like(loss), name="value")
        add_loss(found)
    return found


@_public
def cosine_distance(
    predictions: Any,
    labels: Any = None,
    axis: int | None = None,
    weights: Any = 1.0,
    scope: str | None = None,
    dim: int | None = None,
) -> Tensor:
    """Returns the mean of one minus the cosine of the angle between vectors of length 1.

    Args:
        predictions: the vectors.
        labels: the others.
        axis: the axis along which each lies.
        weights: a number for all, or one for each leading index.
        scope: the name scope.
        dim: the old name of `axis`.

    Raises:
        ValueError: if there is no axis, or two, or the shapes differ.
    """
    if dim is not None:
        if axis is not None:
            raise ValueError("Cannot specify both 'axis' and 'dim'")
        axis = dim
    if axis is None:
        raise ValueError("You must specify 'axis'.")
    values = [predictions, labels, weights]
    with scopes.name_scope(scope, "cosine_distance_loss", values) as name:
        losses = 1 - reduce_sum(multiply(*_pair(predictions, labels)), axis=[axis])
        return compute_weighted_loss(losses, weights, scope=name)
