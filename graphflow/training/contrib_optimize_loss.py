"""tf.contrib.layers.optimize_loss: a whole training step with decay, clipping and summaries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.convert import convert
from graphflow.core.dtypes import float32
from graphflow.core.export import export, publish_from
from graphflow.core.tensor import Tensor
from graphflow.ops import summary
from graphflow.ops.arithmetic import maximum, minimum
from graphflow.ops.asserts import assert_scalar
from graphflow.ops.cast import cast
from graphflow.ops.clip import clip_by_global_norm, global_norm
from graphflow.ops.constant import constant
from graphflow.ops.control_ops import with_dependencies
from graphflow.ops.fill import ones_like
from graphflow.ops.functions import exp, log
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.ops.powers import sqrt, square
from graphflow.ops.random import truncated_normal
from graphflow.ops.select import where
from graphflow.ops.variable_lists import trainable_variables
from graphflow.ops.variable_scope import get_variable, variable_scope
from graphflow.ops.variable_store import zeros_initializer
from graphflow.training.adagrad import AdagradOptimizer
from graphflow.training.adam import AdamOptimizer
from graphflow.training.ftrl import FtrlOptimizer
from graphflow.training.global_step import assert_global_step, get_global_step
from graphflow.training.gradient_descent import GradientDescentOptimizer
from graphflow.training.momentum import MomentumOptimizer
from graphflow.training.moving_average import assign_moving_average
from graphflow.training.optimizer import Optimizer
from graphflow.training.rmsprop import RMSPropOptimizer

OPTIMIZER_CLS_NAMES: Final[dict[str, Callable[..., Optimizer]]] = {
    "Adagrad": AdagradOptimizer,
    "Adam": AdamOptimizer,
    "Ftrl": FtrlOptimizer,
    "Momentum": lambda learning_rate: MomentumOptimizer(learning_rate, momentum=0.9),
    "RMSProp": RMSPropOptimizer,
    "SGD": GradientDescentOptimizer,
}
"""The optimizers that have names."""
OPTIMIZER_SUMMARIES: Final = [
    "learning_rate", "loss", "gradients", "gradient_norm", "global_gradient_norm",
]  # fmt: skip
"""What `optimize_loss` can summarize."""
for _space in ("contrib.layers", "contrib.slim"):
    publish_from(__name__, _space, "OPTIMIZER_CLS_NAMES", "OPTIMIZER_SUMMARIES")

Pairs = list[tuple[Any, Any]]
"""Gradients and their variables."""


@export("contrib.layers.optimize_loss", "contrib.slim.optimize_loss")
def optimize_loss(
    loss: Any,
    global_step: Any,
    learning_rate: Any,
    optimizer: Any,
    gradient_noise_scale: float | None = None,
    gradient_multipliers: dict[Any, Any] | None = None,
    clip_gradients: Any = None,
    learning_rate_decay_fn: Callable[[Any, Any], Any] | None = None,
    update_ops: Any = None,
    variables: Any = None,
    name: str | None = None,
    summaries: Any = None,
    colocate_gradients_with_ops: bool = False,
    increment_global_step: bool = True,
) -> Tensor:
    """Returns the loss, after a step that makes it smaller.

    Args:
        loss: a scalar.
        global_step: counts the steps; None: the graph's.
        learning_rate: a float or a scalar tensor; None: the optimizer has its own.
        optimizer: "SGD", "Adam", ...; or an optimizer's class, the optimizer itself, or a
            function that makes it of the learning rate.
        gradient_noise_scale: how much noise is added to the gradients; None: none.
        gradient_multipliers: factors of gradients, by variables or their names.
        clip_gradients: the largest global norm, a float; or a function of the pairs of gradients
            and variables. None: no clipping.
        learning_rate_decay_fn: a function of learning rate and step that returns the rate.
        update_ops: what runs before; None: the collection UPDATE_OPS.
        variables: the variables to change; None: those that can be trained.
        name: the variable scope.
        summaries: a list of OPTIMIZER_SUMMARIES; None: loss, learning rate and global norm.
        colocate_gradients_with_ops: place gradients beside their operations.
        increment_global_step: whether the step is counted.

    Raises:
        ValueError: if an argument is none of the above.
    """
    loss = convert(loss)
    assert_scalar(loss)
    if global_step is None:
        global_step = get_global_step()
    else:
        assert_global_step(global_step)
    with variable_scope(name, "OptimizeLoss", [loss, global_step]):
        if update_ops is None:
            update_ops = dict.fromkeys(scopes.get_collection(GraphKeys.UPDATE_OPS))
        if update_ops:
            loss = with_dependencies(list(update_ops), loss)
        rate = None if learning_rate is None else _rate(learning_rate)
        wanted = _wanted(summaries)
        if learning_rate is not None and learning_rate_decay_fn is not None:
            if global_step is None:
                raise ValueError("global_step is required for learning_rate_decay_fn.")
            rate = learning_rate_decay_fn(rate, global_step)
            if "learning_rate" in wanted:
                summary.scalar("learning_rate", rate)
        chosen = _optimizer(optimizer, rate)
        gradients = chosen.compute_gradients(
            loss,
            trainable_variables() if variables is None else variables,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
        )
        if gradient_noise_scale is not None:
            gradients = _with_noise(gradients, gradient_noise_scale)
        if gradient_multipliers is not None:
            gradients = _multiplied(gradients, gradient_multipliers)
        gradients = _clipped(gradients, clip_gradients, wanted)
        _summarize(loss, gradients, clip_gradients is not None, wanted)
        step = global_step if increment_global_step else None
        update = chosen.apply_gradients(gradients, global_step=step, name="train")
        found: Tensor = with_dependencies([update], loss)
    return found


def _rate(learning_rate: Any) -> Any:
    if isinstance(learning_rate, Tensor) and learning_rate.shape.ndims == 0:
        return learning_rate
    if not isinstance(learning_rate, float):
        raise ValueError(
            "Learning rate should be 0d Tensor or float. "
            f"Got {learning_rate} of type {type(learning_rate)}"
        )
    if learning_rate < 0.0:
        raise ValueError("Invalid learning_rate %s.", learning_rate)

    def first(shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        return constant(learning_rate, dtype=dtype, shape=shape)

    return get_variable("learning_rate", [], trainable=False, initializer=first)


def _wanted(summaries: Any) -> Any:
    if summaries is None:
        return ["loss", "learning_rate", "global_gradient_norm"]
    for one in summaries:
        if one not in OPTIMIZER_SUMMARIES:
            raise ValueError(
                f"Summaries should be one of [{', '.join(OPTIMIZER_SUMMARIES)}], "
                f"you provided {one}."
            )
    return summaries


def _optimizer(given: Any, rate: Any) -> Optimizer:
    """The optimizer that an argument means."""
    if isinstance(given, Optimizer):
        return given
    if isinstance(given, str) or (isinstance(given, type) and issubclass(given, Optimizer)):
        kind = "string" if isinstance(given, str) else "class"
        if rate is None:
            raise ValueError(
                f"Learning rate is None, but should be specified if optimizer is {kind} ({given})."
            )
        if isinstance(given, str) and given not in OPTIMIZER_CLS_NAMES:
            raise ValueError(
                f"Optimizer name should be one of [{', '.join(OPTIMIZER_CLS_NAMES)}], "
                f"you provided {given}."
            )
        make: Any = OPTIMIZER_CLS_NAMES[given] if isinstance(given, str) else given
        made: Optimizer = make(learning_rate=rate)
        return made
    prefix = "Unrecognized optimizer: "
    if not callable(given):
        raise ValueError(
            f"{prefix}should be string, subclass of Optimizer, instance of subclass of Optimizer "
            f"or function with one argument. Got {given}."
        )
    found = given() if rate is None else given(rate)
    if not isinstance(found, Optimizer):
        raise ValueError(f"{prefix}function should return subclass of Optimizer. Got {found}.")
    return found


# --- what becomes of the gradients ---
def _changed(gradient: Any, values: Any) -> Any:
    """A gradient with other values."""
    if isinstance(gradient, IndexedSlices):
        return IndexedSlices(values, gradient.indices, gradient.dense_shape)
    return values


def _values(gradient: Any) -> Any:
    return gradient.values if isinstance(gradient, IndexedSlices) else gradient


def _with_noise(pairs: Pairs, scale: float) -> Pairs:
    found = []
    for gradient, variable in pairs:
        if gradient is not None:
            is_sparse = isinstance(gradient, IndexedSlices)
            shape = gradient.dense_shape if is_sparse else gradient.shape
            gradient = gradient + truncated_normal(shape) * scale
        found.append((gradient, variable))
    return found


def _multiplied(pairs: Pairs, multipliers: dict[Any, Any]) -> Pairs:
    if not pairs:
        raise ValueError(
            "Empty list of (gradient, var) pairs encountered. This is most likely to be caused by "
            "an improper value of gradient_multipliers."
        )
    found = []
    for gradient, variable in pairs:
        key = variable if variable in multipliers else variable.name
        if gradient is not None and key in multipliers:
            factor = multipliers[key]
            if isinstance(gradient, IndexedSlices):
                gradient = _changed(gradient, gradient.values * factor)
            else:
                gradient = gradient * cast(factor, gradient.dtype)
        found.append((gradient, variable))
    return found


def _has_norm(wanted: Any) -> bool:
    return "global_gradient_norm" in wanted or "gradient_norm" in wanted


def _clipped(pairs: Pairs, clip: Any, wanted: Any) -> Pairs:
    if _has_norm(wanted):
        summary.scalar("global_norm/gradient_norm", global_norm([g for g, _ in pairs]))
    if isinstance(clip, float):
        clipped, _ = clip_by_global_norm([g for g, _ in pairs], clip)
        return list(zip(clipped, [v for _, v in pairs], strict=True))
    if callable(clip):
        found: Pairs = clip(pairs)
        return found
    if clip is not None:
        raise ValueError(f"Unknown type {type(clip)} for clip_gradients")
    return pairs


def _summarize(loss: Any, pairs: Pairs, was_clipped: bool, wanted: Any) -> None:
    if "loss" in wanted:
        summary.scalar("loss", loss)
    for gradient, variable in pairs:
        if gradient is None:
            continue
        values, name = _values(gradient), variable.name.replace(":", "_")
        if "gradients" in wanted:
            summary.histogram(f"gradients/{name}", values)
        if "gradient_norm" in wanted:
            summary.scalar(f"gradient_norm/{name}", global_norm([values]))
    if was_clipped and _has_norm(wanted):
        norm = global_norm([g for g, _ in pairs])
        summary.scalar("global_norm/clipped_gradient_norm", norm)


# --- clipping by what is usual ---
@export("contrib.slim.adaptive_clipping_fn", "contrib.layers.python.layers.adaptive_clipping_fn")
def adaptive_clipping_fn(
    std_factor: float = 2.0,
    decay: Any = 0.95,
    static_max_norm: float | None = None,
    global_step: Any = None,
    report_summary: bool = False,
    epsilon: float = 1e-8,
    name: str | None = None,
) -> Callable[[Pairs], Pairs]:
    """Returns a function that clips gradients whose norm is far above the usual.

    Args:
        std_factor: how many standard deviations of the norm's logarithm are still usual.
        decay: how much of the old averages stays at each step.
        static_max_norm: a bound besides; None: none.
        global_step: counts the steps: the averages follow sooner at the start.
        report_summary: whether to summarize the bound.
        epsilon: keeps logarithm and square root away from 0.
        name: the variable scope.
    """

    def gradient_clipping(grads_and_vars: Pairs) -> Pairs:
        gradients = [gradient for gradient, _ in grads_and_vars]
        norm = global_norm(gradients)
        bound, log_mean = _usual(norm, std_factor, decay, global_step, epsilon, name)
        if report_summary:
            summary.scalar("global_norm/adaptive_max_gradient_norm", bound)
        factor = where(norm < bound, ones_like(norm), exp(log_mean) / norm)
        if static_max_norm is not None:
            factor = minimum(static_max_norm / norm, factor)
        return [
            (None if g is None else _changed(g, _values(g) * factor), v) for g, v in grads_and_vars
        ]

    return gradient_clipping


def _usual(
    norm: Any, factor: float, decay: Any, global_step: Any, epsilon: float, name: str | None
) -> tuple[Any, Any]:
    """The bound of what is usual, and the mean of the norm's logarithm."""
    with variable_scope(name, "AdaptiveMaxNorm", [norm]):
        log_norm = log(norm + epsilon)
        if global_step is not None:
            steps = cast(global_step, float32)
            decay = minimum(decay, steps / (steps + 1.0))

        def average(name: str, value: Any) -> Any:
            held = get_variable(
                name, shape=value.shape, dtype=value.dtype, initializer=zeros_initializer,
                trainable=False,
            )  # fmt: skip
            return assign_moving_average(held, value, decay, zero_debias=False)

        mean = average("mean", log_norm)
        variance = average("sq_mean", square(log_norm)) - square(mean)
        deviation = sqrt(maximum(epsilon, variance))
        return exp(mean + factor * deviation), mean
