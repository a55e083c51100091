"""Weights that fit values: a scalar, or of the same rank and each size equal or 1.

`tf.metrics` and `tf.losses` take weights by this rule, which is narrower than broadcasting. The
nodes are TensorFlow's, name for name.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.ops.arithmetic import multiply
from graphflow.ops.checks import Assert
from graphflow.ops.comparison import equal
from graphflow.ops.concat import concat
from graphflow.ops.control_ops import no_op
from graphflow.ops.fill import ones_like
from graphflow.ops.flow_cond import cond
from graphflow.ops.reshape import expand_dims
from graphflow.ops.sets import set_difference
from graphflow.ops.shape_ops import rank, shape, size

_REFUSED: Final = "weights can not be broadcast to values."


def _measured(x: Any, name: str) -> tuple[Tensor, Tensor, Tensor]:
    """A tensor, its shape and its rank."""
    with scopes.name_scope(None, name, (x,)) as scope:
        tensor = convert_to_tensor(x, name=scope)
        return tensor, shape(tensor, name="shape"), rank(tensor, name="rank")


def assert_broadcastable(weights: Any, values: Any) -> Operation:
    """Returns an operation that fails when it runs unless the weights fit the values.

    Args:
        weights: a scalar, or a tensor of the rank of `values`, each size equal or 1.
        values: a tensor.

    Raises:
        ValueError: at once, if the static shapes say that they do not fit.
        InvalidArgumentError: in a run, if they do not.
    """
    with scopes.name_scope(None, "assert_broadcastable", (weights, values)) as scope:
        weights, own, own_rank = _measured(weights, "weights")
        values, wanted, wanted_rank = _measured(values, "values")
        if weights.dims is not None and values.dims is not None:
            if not weights.dims:
                return no_op(name="static_scalar_check_success")
            if _fit_statically(weights.shape, values.shape):
                return no_op(name="static_dims_check_success")
        is_scalar = equal(0, own_rank, name="is_scalar")
        data = [
            _REFUSED, "weights.shape=", weights.name, own, "values.shape=", values.name, wanted,
            "is_scalar=", is_scalar,
        ]  # fmt: skip
        valid = cond(
            is_scalar,
            lambda: is_scalar,
            lambda: _fit_in_run(own_rank, own, wanted_rank, wanted),
            name="is_valid_shape",
        )
        return Assert(valid, data, name=scope)


def _fit_statically(own: TensorShape, wanted: TensorShape) -> bool:
    """Whether both shapes are known; raises ValueError if they do not fit."""
    if own.ndims != wanted.ndims:
        raise ValueError(
            f"{_REFUSED} values.rank={wanted.ndims}. weights.rank={own.ndims}. "
            f"values.shape={wanted}. weights.shape={own}."
        )
    if not (own.is_fully_defined() and wanted.is_fully_defined()):
        return False
    weights, values = np.array(own.as_list()), np.array(wanted.as_list())
    wrong = np.flatnonzero((weights != 1) & (weights != values))
    if wrong.size:
        raise ValueError(
            f"{_REFUSED} Mismatch at dim {wrong[0]}. values.shape={values} weights.shape={weights}."
        )
    return True


def _fit_in_run(own_rank: Tensor, own: Tensor, wanted_rank: Tensor, wanted: Tensor) -> Any:
    values = own_rank, own, wanted_rank, wanted
    with scopes.name_scope(None, "has_valid_nonscalar_shape", values) as scope:
        same = equal(wanted_rank, own_rank, name="is_same_rank")
        return cond(same, lambda: _sizes_fit(own, wanted), lambda: same, name=scope)


def _sizes_fit(own: Tensor, wanted: Tensor) -> Tensor:
    """As sets: no size of the weights differs from both the size of the values and 1."""
    with scopes.name_scope(None, "has_invalid_dims", (own, wanted)) as scope:
        column = expand_dims(wanted, -1)
        allowed = concat((column, ones_like(column)), axis=1)
        wrong = set_difference(expand_dims(own, -1), allowed)
        found: Tensor = equal(0, size(wrong.values, name="num_invalid_dims"), name=scope)
    return found


def broadcast_weights(weights: Any, values: Any) -> Tensor:
    """Returns the weights in the shape of the values.

    Args:
        weights: a scalar, or a tensor of the rank of `values`, each size equal or 1.
        values: a tensor.

    Raises:
        ValueError: at once, if the static shapes say that they do not fit.
        InvalidArgumentError: in a run, if they do not.
    """
    with scopes.name_scope(None, "broadcast_weights", (weights, values)) as scope:
        values = convert_to_tensor(values, name="values")
        weights = convert_to_tensor(weights, values.dtype.base_dtype, "weights")
        own, wanted = weights.shape, values.shape
        if own.is_fully_defined() and wanted.is_fully_defined() and own == wanted:
            return weights  # type: ignore[no-any-return]  # converted above
        with scopes.control_dependencies((assert_broadcastable(weights, values),)):
            found: Tensor = multiply(weights, ones_like(values), name=scope)
    return found
