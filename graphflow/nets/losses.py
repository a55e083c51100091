"""`tf.losses`: losses with weights, each a scalar that is noted in the collection of losses.

The nodes are TensorFlow's, name for name, wherever the shapes are known well enough when the graph
is built. Where they are not, the check of the weights' shape is written with fewer nodes.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import float32
from graphflow.core.export import export, renamed
from graphflow.core.tensor import Tensor
from graphflow.nets.weights_broadcast import assert_broadcastable, broadcast_weights
from graphflow.ops.activation import relu
from graphflow.ops.arithmetic import (
    add_n,
    maximum,
    minimum,
    multiply,
    squared_difference,
    subtract,
)
from graphflow.ops.cast import cast
from graphflow.ops.comparison import equal
from graphflow.ops.constant import constant
from graphflow.ops.cross_entropy import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2,
    sparse_softmax_cross_entropy_with_logits,
)
from graphflow.ops.division import div_no_nan
from graphflow.ops.fill import ones_like, zeros_like
from graphflow.ops.flow_cond import cond
from graphflow.ops.identity import stop_gradient
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.reshape import squeeze
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import rank, shape, size

_LOSSES: Final = GraphKeys.LOSSES


@export("losses.Reduction")
class Reduction:
    """How a loss of many elements becomes one number."""

    NONE: Final = "none"
    """It stays as it is, times the weights."""
    SUM: Final = "weighted_sum"
    SUM_OVER_BATCH_SIZE: Final = "weighted_sum_over_batch_size"
    """The sum, divided by the number of elements."""
    MEAN: Final = "weighted_mean"
    """The sum, divided by the sum of the weights."""
    SUM_BY_NONZERO_WEIGHTS: Final = "weighted_sum_by_nonzero_weights"
    """The sum, divided by the number of weights that are not zero."""
    SUM_OVER_NONZERO_WEIGHTS: Final = SUM_BY_NONZERO_WEIGHTS

    _all: ClassVar[tuple[str, ...]] = (
        NONE, SUM, MEAN, SUM_OVER_BATCH_SIZE, SUM_OVER_NONZERO_WEIGHTS, SUM_BY_NONZERO_WEIGHTS,
    )  # fmt: skip

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """Returns every kind; one has two names and stands there twice, as in TensorFlow."""
        return cls._all

    @classmethod
    def validate(cls, key: str) -> None:
        """Raises ValueError unless `key` is a kind."""
        if key not in cls._all:
            raise ValueError(f"Invalid Reduction Key {key}.")


_DEFAULT: Final = Reduction.SUM_BY_NONZERO_WEIGHTS


# --- the collection ---
@export("losses.add_loss")
def add_loss(loss: Any, loss_collection: str | None = _LOSSES) -> None:
    """Notes a loss in a collection.

    Args:
        loss: a tensor.
        loss_collection: the collection; None: nothing is done.
    """
    if loss_collection:
        scopes.add_to_collection(loss_collection, loss)


@export("losses.get_losses")
def get_losses(scope: str | None = None, loss_collection: str = _LOSSES) -> list[Any]:
    """Returns the losses that are noted.

    Args:
        scope: only those whose name starts with this.
        loss_collection: the collection.
    """
    return scopes.get_collection(loss_collection, scope)


@export("losses.get_regularization_losses")
def get_regularization_losses(scope: str | None = None) -> list[Any]:
    """Returns the losses of regularizers.

    Args:
        scope: only those whose name starts with this.
    """
    return scopes.get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


@export("losses.get_regularization_loss")
def get_regularization_loss(
    scope: str | None = None, name: str = "total_regularization_loss"
) -> Tensor:
    """Returns the sum of the losses of regularizers; 0 where there are none.

    Args:
        scope: only those whose name starts with this.
        name: the node's name.
    """
    found = get_regularization_losses(scope)
    return add_n(found, name=name) if found else constant(0.0)


@export("losses.get_total_loss")
def get_total_loss(
    add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None
) -> Tensor:
    """Returns the sum of all losses that are noted.

    Args:
        add_regularization_losses: whether those of regularizers count too.
        name: the node's name.
        scope: only those whose name starts with this.

    Raises:
        ValueError: if there are none.
    """
    found = get_losses(scope)
    if add_regularization_losses:
        found += get_regularization_losses(scope)
    return add_n(found, name=name)


# --- weights ---
def _num_elements(losses: Tensor) -> Tensor:
    with scopes.name_scope(None, "num_elements", [losses]) as scope:
        found: Tensor = cast(size(losses, name=scope), losses.dtype)
    return found


def _num_present(losses: Tensor, weights: Any, per_batch: bool = False) -> Tensor:
    """How many elements have a weight that is not zero."""
    if isinstance(weights, float) and weights != 0:
        return _num_elements(losses)
    with scopes.name_scope(None, "num_present", (losses, weights)) as scope:
        weights = cast(weights, float32)
        none = equal(weights, 0.0)
        present = apply("Select", none, zeros_like(weights), ones_like(weights))
        present = broadcast_weights(present, losses)
        if per_batch:
            axes = range_(1, rank(present))
            found: Tensor = reduce_sum(present, axes, keepdims=True, name=scope)
        else:
            found = reduce_sum(present, name=scope)
    return found


def _safe_mean(losses: Tensor, count: Tensor) -> Tensor:
    return div_no_nan(reduce_sum(losses), count, name="value")


@export("losses.compute_weighted_loss")
def compute_weighted_loss(
    losses: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = _LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """Returns losses times weights as one number, and notes it.

    Args:
        losses: a tensor of losses.
        weights: a number, or a tensor of the rank of the losses, each size equal or 1.
        scope: the name of the scope.
        loss_collection: where the result is noted.
        reduction: one of `Reduction`.

    Raises:
        ValueError: if the weights do not fit.
    """
    Reduction.validate(reduction)
    with (
        scopes.name_scope(scope, "weighted_loss", (losses, weights)),
        scopes.control_dependencies((assert_broadcastable(weights, losses),)),
    ):
        losses = convert(losses)
        dtype = losses.dtype.base_dtype
        losses, weights = cast(losses, float32), cast(weights, float32)
        loss = multiply(losses, weights)
        if reduction != Reduction.NONE:
            loss = _reduced(reduce_sum(loss), losses, weights, reduction)
        loss = cast(loss, dtype)
        add_loss(loss, loss_collection)
    return loss  # type: ignore[no-any-return]  # a tensor


def _reduced(total: Tensor, losses: Tensor, weights: Tensor, reduction: str) -> Tensor:
    if reduction == Reduction.MEAN:
        return _safe_mean(total, reduce_sum(ones_like(losses) * weights))
    if reduction == Reduction.SUM_BY_NONZERO_WEIGHTS:
        return _safe_mean(total, _num_present(losses, weights))
    if reduction == Reduction.SUM_OVER_BATCH_SIZE:
        return _safe_mean(total, _num_elements(losses))
    return total


# --- losses ---
def _need(**arguments: Any) -> None:
    for name, value in arguments.items():
        if value is None:
            raise ValueError(f"{name} must not be None.")


def _pair(predictions: Any, labels: Any) -> tuple[Any, Any]:
    """Both as float32, after a check that the shapes are compatible."""
    predictions, labels = cast(predictions, float32), cast(labels, float32)
    predictions.shape.assert_is_compatible_with(labels.shape)
    return predictions, labels


@export("losses.absolute_difference")
def absolute_difference(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = _LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """Returns the mean of `abs(predictions - labels)`, weighted.

    Args:
        labels: the true values.
        predictions: the predicted ones, of the same shape.
        weights: see `compute_weighted_loss`, and so the others.
        scope: the name of the scope.
        loss_collection: where the loss is noted.
        reduction: one of `Reduction`.
    """
    _need(labels=labels, predictions=predictions)
    values = (predictions, labels, weights)
    with scopes.name_scope(scope, "absolute_difference", values) as inner:
        predictions, labels = _pair(predictions, labels)
        losses = apply("Abs", subtract(predictions, labels))
        return compute_weighted_loss(losses, weights, inner, loss_collection, reduction)


@export("losses.cosine_distance")
@renamed(dim="axis")
def cosine_distance(
    labels: Any,
    predictions: Any,
    axis: Any = None,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = _LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """Returns the mean of `1 - sum(predictions * labels)` along an axis, weighted.

    Args:
        labels: vectors of length 1.
        predictions: vectors of length 1, of the same shape.
        axis: the axis of the vectors.
        weights: see `compute_weighted_loss`, and so the others.
        scope: the name of the scope.
        loss_collection: where the loss is noted.
        reduction: one of `Reduction`.

    Raises:
        ValueError: if no axis is given.
    """
    if axis is None:
        raise ValueError("You must specify 'axis'.")
    _need(labels=labels, predictions=predictions)
    values = (predictions, labels, weights)
    with scopes.name_scope(scope, "cosine_distance_loss", values) as inner:
        predictions, labels = _pair(predictions, labels)
        losses = 1 - reduce_sum(multiply(predictions, labels), (axis,), keepdims=True)
        return compute_weighted_loss(losses, weights, inner, loss_collection, reduction)


@export("losses.hinge_loss")
def hinge_loss(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = _LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """Returns the mean of `max(0, 1 - logits * (2 * labels - 1))`, weighted.

    Args:
        labels: 0 or 1 for each logit.
        logits: floats of the same shape.
        weights: see `compute_weighted_loss`, and so the others.
        scope: the name of the scope.
        loss_collection: where the loss is noted.
        reduction: one of `Reduction`.
    """
    _need(labels=labels, logits=logits)
    with scopes.name_scope(scope, "hinge_loss", (logits, labels, weights)) as inner:
        logits, labels = _pair(logits, labels)
        ones = ones_like(labels)
        signs = subtract(2 * labels, ones)
        losses = relu(subtract(ones, multiply(signs, logits)))
        return compute_weighted_loss(losses, weights, inner, loss_collection, reduction)


@export("losses.huber_loss")
def huber_loss(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    delta: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = _LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """Returns the mean of half the squared error, which goes on linearly from `delta`, weighted.

    Args:
        labels: the true values.
        predictions: the predicted ones, of the same shape.
        weights: see `compute_weighted_loss`, and so the others.
        delta: where the square ends.
        scope: the name of the scope.
        loss_collection: where the loss is noted.
        reduction: one of `Reduction`.
    """
    _need(labels=labels, predictions=predictions)
    with scopes.name_scope(scope, "huber_loss", (predictions, labels, weights)) as inner:
        predictions, labels = _pair(predictions, labels)
        distance = apply("Abs", subtract(predictions, labels))
        quadratic = minimum(distance, delta)
        linear = subtract(distance, quadratic)
        half = convert(0.5, quadratic.dtype)
        square = multiply(half, multiply(quadratic, quadratic))
        losses = apply("Add", square, multiply(delta, linear))
        return compute_weighted_loss(losses, weights, inner, loss_collection, reduction)


@export("losses.log_loss")
def log_loss(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    epsilon: Any = 1e-7,
    scope: str | None = None,
    loss_collection: str | None = _LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """Returns the mean cross entropy of probabilities, weighted.

    Args:
        labels: 0 or 1 for each prediction.
        predictions: probabilities of 1, of the same shape.
        weights: see `compute_weighted_loss`, and so the others.
        epsilon: added before the logarithm, so that it stays finite.
        scope: the name of the scope.
        loss_collection: where the loss is noted.
        reduction: one of `Reduction`.
    """
    _need(labels=labels, predictions=predictions)
    with scopes.name_scope(scope, "log_loss", (predictions, labels, weights)) as inner:
        predictions, labels = _pair(predictions, labels)
        positive = -multiply(labels, apply("Log", predictions + epsilon))
        negative = multiply(1 - labels, apply("Log", 1 - predictions + epsilon))
        return compute_weighted_loss(
            positive - negative, weights, inner, loss_collection, reduction
        )


@export("losses.mean_squared_error")
def mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = _LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """Returns the mean of `(predictions - labels) ** 2`, weighted.

    Args:
        labels: the true values.
        predictions: the predicted ones, of the same shape.
        weights: see `compute_weighted_loss`, and so the others.
        scope: the name of the scope.
        loss_collection: where the loss is noted.
        reduction: one of `Reduction`.
    """
    _need(labels=labels, predictions=predictions)
    values = (predictions, labels, weights)
    with scopes.name_scope(scope, "mean_squared_error", values) as inner:
        predictions, labels = _pair(predictions, labels)
        losses = squared_difference(predictions, labels)
        return compute_weighted_loss(losses, weights, inner, loss_collection, reduction)


@export("losses.mean_pairwise_squared_error")
def mean_pairwise_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = _LOSSES,
) -> Tensor:
    """Returns the mean squared difference between pairs of errors of one example, weighted.

    Args:
        labels: the true values, [n, ...].
        predictions: the predicted ones, of the same shape.
        weights: a number, or one for each example.
        scope: the name of the scope.
        loss_collection: where the loss is noted.
    """
    _need(labels=labels, predictions=predictions)
    values = (predictions, labels, weights)
    with scopes.name_scope(scope, "mean_pairwise_squared_error", values):
        weights, labels = cast(weights, float32), cast(labels, float32)
        with scopes.control_dependencies((assert_broadcastable(weights, labels),)):
            predictions = cast(predictions, float32)
            predictions.shape.assert_is_compatible_with(labels.shape)
            errors = subtract(predictions, labels)
            loss = _pairwise(errors, weights)
            add_loss(loss, loss_collection)
    return loss


def _pairwise(errors: Tensor, weights: Tensor) -> Tensor:
    """From sums over each example: of the squares, and of the errors."""
    axes = range_(1, rank(errors))
    squares = reduce_sum(apply("Square", errors), axes, keepdims=True)
    count = _num_present(errors, weights, per_batch=True)
    first = 2.0 * div_no_nan(squares, maximum(count - 1, 0), name="value")
    total = reduce_sum(errors, axes, keepdims=True)
    square = apply("Square", total)
    pairs = maximum(multiply(count, count - 1), 0)
    second = 2.0 * div_no_nan(square, pairs, name="value")
    loss = reduce_sum(multiply(first - second, weights))
    some = reduce_sum(count) > 0
    found: Tensor = apply("Select", some, loss, zeros_like(loss), name="value")
    return found


@export("losses.sigmoid_cross_entropy")
def sigmoid_cross_entropy(
    multi_class_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: Any = 0,
    scope: str | None = None,
    loss_collection: str | None = _LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """Returns the mean cross entropy of independent classes, weighted.

    Args:
        multi_class_labels: 0 or 1 for each logit.
        logits: floats of the same shape.
        weights: see `compute_weighted_loss`, and so the others.
        label_smoothing: how far labels move towards 1/2; from 0 to 1.
        scope: the name of the scope.
        loss_collection: where the loss is noted.
        reduction: one of `Reduction`.
    """
    _need(multi_class_labels=multi_class_labels, logits=logits)
    values = (logits, multi_class_labels, weights)
    with scopes.name_scope(scope, "sigmoid_cross_entropy_loss", values) as inner:
        logits = convert(logits)
        labels = cast(multi_class_labels, logits.dtype.base_dtype)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, inner, loss_collection, reduction)


@export("losses.softmax_cross_entropy")
def softmax_cross_entropy(
    onehot_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: Any = 0,
    scope: str | None = None,
    loss_collection: str | None = _LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """Returns the mean cross entropy of classes of which one is true, weighted.

    Args:
        onehot_labels: one-hot rows; no gradient flows into them.
        logits: floats of the same shape, [n, classes].
        weights: see `compute_weighted_loss`, and so the others.
        label_smoothing: how far labels move towards 1 / classes; from 0 to 1.
        scope: the name of the scope.
        loss_collection: where the loss is noted.
        reduction: one of `Reduction`.
    """
    _need(onehot_labels=onehot_labels, logits=logits)
    values = (logits, onehot_labels, weights)
    with scopes.name_scope(scope, "softmax_cross_entropy_loss", values) as inner:
        logits = convert(logits)
        dtype = logits.dtype.base_dtype
        labels = cast(onehot_labels, dtype)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            classes = cast(shape(labels)[-1], dtype)
            others = label_smoothing / classes
            labels = labels * (1.0 - label_smoothing) + others
        labels = stop_gradient(labels, name="labels_stop_gradient")
        losses = softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, inner, loss_collection, reduction)


@export("losses.sparse_softmax_cross_entropy")
def sparse_softmax_cross_entropy(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = _LOSSES,
    reduction: str = _DEFAULT,
) -> Tensor:
    """Returns the mean cross entropy of class numbers, weighted.

    Args:
        labels: class numbers, [n] or [n, 1].
        logits: floats, [n, classes].
        weights: see `compute_weighted_loss`, and so the others; [n] or [n, 1].
        scope: the name of the scope.
        loss_collection: where the loss is noted.
        reduction: one of `Reduction`.
    """
    _need(labels=labels, logits=logits)
    values = (logits, labels, weights)
    with scopes.name_scope(scope, "sparse_softmax_cross_entropy_loss", values) as inner:
        labels, logits = _without_ones(labels, logits)
        weights = _like_labels(convert(weights), labels)
        losses = sparse_softmax_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, inner, loss_collection, reduction)


def _without_ones(labels: Any, logits: Any) -> tuple[Tensor, Tensor]:
    """Class numbers and logits, less a last axis of size 1 that is too much."""
    with scopes.name_scope(None, "remove_squeezable_dimensions", [labels, logits]):
        logits, labels = convert(logits), convert(labels)
        if logits.dims is not None and labels.dims is not None:
            surplus = len(logits.dims) - len(labels.dims)
            if surplus == 2:
                logits = squeeze(logits, [-1])
            elif surplus == 0:
                labels = squeeze(labels, [-1])
            return labels, logits
        unknown = rank(logits) - rank(labels)
        logits = _squeezed_if(logits, 2, unknown)
        return _squeezed_if(labels, 0, unknown), logits


def _squeezed_if(x: Tensor, wanted: int, found: Tensor) -> Tensor:
    """A tensor less its last axis, if a number turns out as wanted and the axis may be 1."""
    if x.dims is not None and (not x.dims or x.dims[-1] not in (None, 1)):
        return x
    chosen: Tensor = cond(equal(wanted, found), lambda: squeeze(x, [-1]), lambda: x)
    return chosen


def _like_labels(weights: Tensor, labels: Tensor) -> Tensor:
    """Weights less a last axis of size 1, if they have one more than the labels."""
    own, wanted = weights.dims, labels.dims
    if own is not None and wanted is not None:
        return squeeze(weights, [-1]) if len(own) == len(wanted) + 1 else weights
    if own == ():
        return weights
    return _squeezed_if(weights, 1, rank(weights) - rank(labels))
