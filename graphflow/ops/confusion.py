"""Confusion matrices: how often each class is taken for each."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32, int64
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.asserts import assert_less, assert_non_negative
from graphflow.ops.cast import cast
from graphflow.ops.control_ops import with_dependencies
from graphflow.ops.fill import ones_like, zeros
from graphflow.ops.flow_cond import cond
from graphflow.ops.reduce import reduce_max
from graphflow.ops.reshape import squeeze
from graphflow.ops.shape_ops import rank
from graphflow.ops.stack import stack


def remove_squeezable_dimensions(
    labels: Any, predictions: Any, expected_rank_diff: int = 0, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Returns two tensors, one of them without its last axis where it has one too many.

    Args:
        labels: a tensor.
        predictions: a tensor; the last axis of one of them may have size 1.
        expected_rank_diff: how many axes `predictions` has more than `labels`.
        name: the name of the scope.
    """
    with scopes.name_scope(name, "remove_squeezable_dimensions", [labels, predictions]):
        x, y = convert_to_tensor(predictions), convert_to_tensor(labels)
        if y.dims is not None and x.dims is not None:
            difference = len(x.dims) - len(y.dims)
            if difference == expected_rank_diff + 1:
                x = squeeze(x, [-1])
            elif difference == expected_rank_diff - 1:
                y = squeeze(y, [-1])
            return y, x
        more = rank(x) - rank(y)
        if _may_end_with_one(x):
            x = _squeezed_if(apply("Equal", expected_rank_diff + 1, more), x)
        if _may_end_with_one(y):
            y = _squeezed_if(apply("Equal", expected_rank_diff - 1, more), y)
        return y, x


def _may_end_with_one(x: Tensor) -> bool:
    return x.dims is None or x.dims[-1] in (None, 1)


def _squeezed_if(condition: Tensor, x: Tensor) -> Tensor:
    found: Tensor = cond(condition, lambda: squeeze(x, [-1]), lambda: x)
    return found


@export("confusion_matrix", "math.confusion_matrix")
def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: Any = None,
    dtype: Any = int32,
    name: str | None = None,
    weights: Any = None,
) -> Tensor:
    """Returns how often each class was taken for each.

    Args:
        labels: the true classes, [n], not negative.
        predictions: the classes that they were taken for, [n].
        num_classes: how many classes there are; None: as many as the largest number says.
        dtype: the type of the counts.
        name: the name of the scope.
        weights: what each pair counts, [n]; None: 1.

    Returns:
        [classes, classes]: the row is the true class, the column the predicted one.

    Raises:
        ValueError: if shapes do not fit.
        InvalidArgumentError: in the run: if a class is negative, or not below `num_classes`.
    """
    values = (predictions, labels, num_classes, weights)
    with scopes.name_scope(name, "confusion_matrix", values):
        true, guessed = remove_squeezable_dimensions(
            convert_to_tensor(labels, name="labels"),
            convert_to_tensor(predictions, name="predictions"),
        )
        guessed, true = cast(guessed, int64), cast(true, int64)
        true = _checked(true, "labels")
        guessed = _checked(guessed, "predictions")
        if num_classes is None:
            num_classes = apply("Maximum", reduce_max(guessed), reduce_max(true)) + 1
        else:
            limit = cast(num_classes, int64)
            true = _below(true, limit, "labels")
            guessed = _below(guessed, limit, "predictions")
        if weights is not None:
            weights = convert_to_tensor(weights, name="weights")
            guessed.get_shape().assert_is_compatible_with(weights.get_shape())
            weights = cast(weights, dtype)
        return _counted(true, guessed, num_classes, weights, dtype)


def _checked(x: Tensor, what: str) -> Tensor:
    check = assert_non_negative(x, message=f"`{what}` contains negative values")
    found: Tensor = with_dependencies([check], x)
    return found


def _below(x: Tensor, limit: Tensor, what: str) -> Tensor:
    check = assert_less(x, limit, message=f"`{what}` out of bound")
    found: Tensor = with_dependencies([check], x)
    return found


def _counted(true: Tensor, guessed: Tensor, classes: Any, weights: Any, dtype: Any) -> Tensor:
    shape = stack([classes, classes])
    where = stack([true, guessed], axis=1)
    values = ones_like(guessed, dtype) if weights is None else weights
    sizes = cast(shape, int64)
    empty = zeros(cast(shape, int32), dtype)
    found: Tensor = apply("SparseTensorDenseAdd", where, values, sizes, empty)
    return found
