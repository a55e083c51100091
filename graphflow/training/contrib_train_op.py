"""tf.contrib.training and slim.learning: a training step as one operation, and its gradients."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.convert import convert
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops import summary
from graphflow.ops.checks import check_numerics as checked_numerics
from graphflow.ops.clip import clip_by_norm, global_norm
from graphflow.ops.constant import constant
from graphflow.ops.control_ops import no_op, with_dependencies
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.ops.variable_lists import trainable_variables
from graphflow.training.global_step import get_or_create_global_step
from graphflow.training.optimizer import Optimizer

_log = logging.getLogger("graphflow")
_USE_GLOBAL_STEP: Final = 0
Pairs = list[tuple[Any, Any]]
"""Gradients and their variables."""


def _changed(gradient: Any, change: Callable[[Any], Any]) -> Any:
    """A gradient with its values changed."""
    if isinstance(gradient, IndexedSlices):
        values = change(gradient.values)
        return IndexedSlices(values, gradient.indices, gradient.dense_shape)
    return change(gradient)


# --- clipping ---
@export("contrib.training.clip_gradient_norms", "contrib.slim.learning.clip_gradient_norms")
def clip_gradient_norms(gradients_to_variables: Pairs, max_norm: Any) -> Pairs:
    """Returns gradients with their variables; each is scaled down to a largest norm.

    Args:
        gradients_to_variables: pairs of gradients and variables.
        max_norm: the norm.
    """
    return [
        (None if g is None else _changed(g, lambda values: clip_by_norm(values, max_norm)), v)
        for g, v in gradients_to_variables
    ]


@export("contrib.training.clip_gradient_norms_fn")
def clip_gradient_norms_fn(max_norm: Any) -> Callable[[Pairs], Pairs]:
    """Returns `clip_gradient_norms` for one norm, for the argument `transform_grads_fn`.

    Args:
        max_norm: the norm.
    """

    def clip_norms(gradients_to_variables: Pairs) -> Pairs:
        return clip_gradient_norms(gradients_to_variables, max_norm)

    return clip_norms


# --- factors ---
def _multiplied(pairs: Any, multipliers: Any, as_tensor: Callable[[Any, Any], Any]) -> Pairs:
    if not isinstance(pairs, list):
        raise ValueError("`grads_and_vars` must be a list.")
    if not multipliers:
        raise ValueError("`gradient_multipliers` is empty.")
    if not isinstance(multipliers, dict):
        raise ValueError("`gradient_multipliers` must be a dict.")
    found = []
    for gradient, variable in pairs:
        key = variable if variable in multipliers else variable.op.name
        if key in multipliers:
            if gradient is None:
                raise ValueError("Requested multiple of `None` gradient.")
            factor = as_tensor(multipliers[key], gradient.dtype)
            gradient = _changed(gradient, factor.__rmul__)
        found.append((gradient, variable))
    return found


@export("contrib.training.multiply_gradients")
def multiply_gradients(grads_and_vars: Pairs, gradient_multipliers: dict[Any, Any]) -> Pairs:
    """Returns gradients with their variables; some are multiplied by factors.

    Args:
        grads_and_vars: pairs of gradients and variables.
        gradient_multipliers: factors by variables, or by their operations' names.

    Raises:
        ValueError: if an argument is of another kind or empty, or a gradient is None.
    """
    return _multiplied(
        grads_and_vars, gradient_multipliers, lambda factor, dtype: convert(factor, dtype)
    )


@export("contrib.slim.learning.multiply_gradients")
def slim_multiply_gradients(grads_and_vars: Pairs, gradient_multipliers: dict[Any, Any]) -> Pairs:
    """Returns gradients with their variables; some are multiplied by factors.

    Args:
        grads_and_vars: pairs of gradients and variables.
        gradient_multipliers: factors by variables, or by their operations' names.

    Raises:
        ValueError: if an argument is of another kind or empty, or a gradient is None.
    """

    def as_tensor(factor: Any, dtype: Any) -> Any:
        return factor if isinstance(factor, Tensor) else constant(factor, dtype=dtype)

    return _multiplied(grads_and_vars, gradient_multipliers, as_tensor)


# --- summaries ---
def _summaries(pairs: Pairs, sign: str) -> list[Any]:
    made = []
    for gradient, variable in pairs:
        if gradient is None:
            _log.info("Var %s has no gradient", variable.op.name)
            continue
        values = gradient.values if isinstance(gradient, IndexedSlices) else gradient
        name = f"{variable.op.name}{sign}gradient"
        made.append(summary.histogram(name, values))
        made.append(summary.scalar(f"{name}_norm", global_norm([values])))
    return made


@export("contrib.training.add_gradients_summaries")
def add_gradients_summaries(grads_and_vars: Pairs) -> list[Any]:
    """Returns a histogram and the norm of each gradient, as summaries.

    Args:
        grads_and_vars: pairs of gradients and variables.
    """
    return _summaries(grads_and_vars, "_")


@export("contrib.slim.learning.add_gradients_summaries")
def slim_add_gradients_summaries(grads_and_vars: Pairs) -> list[Any]:
    """Returns a histogram and the norm of each gradient, as summaries.

    Args:
        grads_and_vars: pairs of gradients and variables.
    """
    return _summaries(grads_and_vars, "/")


# --- the step ---
@export("contrib.training.create_train_op")
def create_train_op(
    total_loss: Tensor,
    optimizer: Optimizer,
    global_step: Any = _USE_GLOBAL_STEP,
    update_ops: Any = None,
    variables_to_train: Any = None,
    transform_grads_fn: Callable[[Pairs], Pairs] | None = None,
    summarize_gradients: bool = False,
    gate_gradients: int = Optimizer.GATE_OP,
    aggregation_method: int | None = None,
    colocate_gradients_with_ops: bool = False,
    check_numerics: bool = True,
) -> Tensor:
    """Returns the loss, after a step that makes it smaller.

    Args:
        total_loss: the loss, a scalar.
        optimizer: the optimizer.
        global_step: counts the steps; 0: the graph's, which is made if need be. None: no count.
        update_ops: what runs before; None: the collection UPDATE_OPS.
        variables_to_train: the variables to change; None: those that can be trained.
        transform_grads_fn: a function of the pairs of gradients and variables.
        summarize_gradients: whether to summarize them.
        gate_gradients: see `Optimizer.compute_gradients`.
        aggregation_method: see `Optimizer.compute_gradients`.
        colocate_gradients_with_ops: place gradients beside their operations.
        check_numerics: fail where the loss is inf or nan.
    """
    if global_step is _USE_GLOBAL_STEP:
        global_step = get_or_create_global_step()
    total_loss = _after_updates(total_loss, update_ops)
    gradients = optimizer.compute_gradients(
        total_loss,
        _trained(variables_to_train),
        gate_gradients=gate_gradients,
        aggregation_method=aggregation_method,
        colocate_gradients_with_ops=colocate_gradients_with_ops,
    )
    if transform_grads_fn:
        gradients = transform_grads_fn(gradients)
    if summarize_gradients:
        with scopes.name_scope("summarize_grads"):
            add_gradients_summaries(gradients)
    updates = optimizer.apply_gradients(gradients, global_step=global_step)
    with scopes.name_scope("train_op"):
        if check_numerics:
            total_loss = checked_numerics(total_loss, "LossTensor is inf or nan")
        train_op: Tensor = with_dependencies([updates], total_loss)
    held = scopes.get_collection_ref(GraphKeys.TRAIN_OP)
    if not any(train_op is one for one in held):
        held.append(train_op)
    return train_op


def _after_updates(total_loss: Tensor, update_ops: Any) -> Tensor:
    noted = scopes.get_collection(GraphKeys.UPDATE_OPS)
    chosen = list(dict.fromkeys(noted if update_ops is None else update_ops))
    if not set(noted) <= set(chosen):
        _log.warning(
            "update_ops in create_train_op does not contain all the update_ops in "
            "GraphKeys.UPDATE_OPS"
        )
    if not chosen:
        return total_loss
    with scopes.control_dependencies(chosen):
        barrier = no_op(name="update_barrier")
    found: Tensor = with_dependencies([barrier], total_loss)
    return found


def _trained(variables: Any) -> Any:
    trainable = trainable_variables()
    if variables is None:
        variables = trainable
    for variable in variables:
        assert variable.trainable or any(variable is v for v in trainable)
    assert variables
    return variables


@export("contrib.slim.learning.create_train_op")
def slim_create_train_op(
    total_loss: Tensor,
    optimizer: Optimizer,
    global_step: Any = _USE_GLOBAL_STEP,
    update_ops: Any = None,
    variables_to_train: Any = None,
    clip_gradient_norm: Any = 0,
    summarize_gradients: bool = False,
    gate_gradients: int = Optimizer.GATE_OP,
    aggregation_method: int | None = None,
    colocate_gradients_with_ops: bool = False,
    gradient_multipliers: dict[Any, Any] | None = None,
    check_numerics: bool = True,
) -> Tensor:
    """Returns the loss, after a step that makes it smaller.

    Args:
        total_loss: the loss, a scalar.
        optimizer: the optimizer.
        global_step: counts the steps; 0: the graph's, which is made if need be. None: no count.
        update_ops: what runs before; None: the collection UPDATE_OPS.
        variables_to_train: the variables to change; None: those that can be trained.
        clip_gradient_norm: the largest norm of each gradient; 0: no clipping.
        summarize_gradients: whether to summarize them.
        gate_gradients: see `Optimizer.compute_gradients`.
        aggregation_method: see `Optimizer.compute_gradients`.
        colocate_gradients_with_ops: place gradients beside their operations.
        gradient_multipliers: factors by variables, or by their operations' names.
        check_numerics: fail where the loss is inf or nan.
    """

    def transform_grads_fn(grads: Pairs) -> Pairs:
        if gradient_multipliers:
            with scopes.name_scope("multiply_grads"):
                grads = slim_multiply_gradients(grads, gradient_multipliers)
        if clip_gradient_norm > 0:
            with scopes.name_scope("clip_grads"):
                grads = clip_gradient_norms(grads, clip_gradient_norm)
        return grads

    return create_train_op(
        total_loss,
        optimizer,
        global_step=global_step,
        update_ops=update_ops,
        variables_to_train=variables_to_train,
        transform_grads_fn=transform_grads_fn,
        summarize_gradients=summarize_gradients,
        gate_gradients=gate_gradients,
        aggregation_method=aggregation_method,
        colocate_gradients_with_ops=colocate_gradients_with_ops,
        check_numerics=check_numerics,
    )
