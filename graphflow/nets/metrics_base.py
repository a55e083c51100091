"""What the metrics share: their variables, operands of fitting ranks, and where results are noted.

A metric is a pair: the value so far, and an operation that adds a batch and returns the value
after it. What it adds up lies in local variables, which `tf.local_variables_initializer` resets.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.convert import convert_to_tensor
from graphflow.core.eager_switch import executing_eagerly
from graphflow.core.tensor import Tensor
from graphflow.ops.comparison import equal
from graphflow.ops.confusion import remove_squeezable_dimensions
from graphflow.ops.division import div_no_nan
from graphflow.ops.fill import zeros
from graphflow.ops.flow_cond import cond
from graphflow.ops.reshape import expand_dims, squeeze
from graphflow.ops.shape_ops import rank
from graphflow.ops.variable_scope import make_variable
from graphflow.ops.variables import VariableAggregation, VariableSynchronization

_F = TypeVar("_F", bound=Callable[..., Any])
Metric = tuple[Tensor, Tensor]
"""The value so far, and the value after an update."""


def graph_only(name: str) -> Callable[[_F], _F]:
    """Decorates a function that cannot run eagerly, inside `tf.py_function`.

    Args:
        name: what the error calls it.

    Raises (from the decorated function):
        RuntimeError: if operations run as they are declared.
    """

    def wrap(function: _F) -> _F:
        @functools.wraps(function)
        def checked(*args: Any, **kwargs: Any) -> Any:
            if executing_eagerly():
                raise RuntimeError(f"{name} is not supported when eager execution is enabled.")
            return function(*args, **kwargs)

        return checked  # type: ignore[return-value]  # called alike

    return wrap


def metric_variable(
    shape: Any, dtype: Any, validate_shape: bool = True, name: str | None = None
) -> Any:
    """Returns a local variable that starts with zeros, noted among the metrics' variables.

    Args:
        shape: its shape.
        dtype: its type.
        validate_shape: whether the shape stays.
        name: its name.
    """
    return make_variable(
        initial_value=lambda: zeros(shape, dtype),
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES],
        validate_shape=validate_shape,
        synchronization=VariableSynchronization.ON_READ,
        aggregation=VariableAggregation.SUM,
        name=name,
    )


def noted(collections: Any, result: Any) -> Any:
    """Returns a result, after it was added to the collections, if there are any."""
    if collections:
        scopes.add_to_collections(collections, result)
    return result


def safe_ratio(numerator: Any, denominator: Any, name: str) -> Tensor:
    """Returns `numerator / denominator` of scalars or vectors; 0 where the denominator is."""
    numerator.get_shape().with_rank_at_most(1)
    denominator.get_shape().with_rank_at_most(1)
    found: Tensor = div_no_nan(numerator, denominator, name=name)
    return found


# --- ranks ---
def fitted(predictions: Any, labels: Any, weights: Any) -> tuple[Tensor, Any, Any]:
    """Returns predictions, labels and weights, less a last axis of size 1 that is too much.

    Args:
        predictions: a tensor.
        labels: a tensor of the same shape, or with an axis of size 1 more or less; or None.
        weights: as `labels`, or a scalar; or None.

    Raises:
        ValueError: if the static shapes of predictions and labels differ.
    """
    predictions = convert_to_tensor(predictions)
    if labels is not None:
        labels, predictions = remove_squeezable_dimensions(labels, predictions)
        predictions.get_shape().assert_is_compatible_with(labels.get_shape())
    if weights is None:
        return predictions, labels, None
    return predictions, labels, _weights_like(convert_to_tensor(weights), predictions)


def _weights_like(weights: Tensor, predictions: Tensor) -> Any:
    own, wanted = weights.dims, predictions.dims
    if own == ():
        return weights
    if own is None or wanted is None:
        return _weights_like_in_run(weights, predictions)
    if len(own) == len(wanted) + 1:
        return squeeze(weights, [-1])
    return expand_dims(weights, [-1]) if len(wanted) == len(own) + 1 else weights


def _weights_like_in_run(weights: Tensor, predictions: Tensor) -> Any:
    own_rank = rank(weights)
    surplus = own_rank - rank(predictions)
    last_may_be_one = weights.dims is None or weights.dims[-1] in (None, 1)

    def widened() -> Any:
        return cond(equal(surplus, -1), lambda: expand_dims(weights, [-1]), lambda: weights)

    def narrowed() -> Any:
        return squeeze(weights, [-1]) if last_may_be_one else weights

    return cond(
        equal(own_rank, 0), lambda: weights, lambda: cond(equal(surplus, 1), narrowed, widened)
    )
