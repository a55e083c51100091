"""Learning rates that change with the step: functions from a global step to a rate."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from graphflow.core import scopes
from graphflow.core.convert import convert, convert_n_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, int32, int64
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.ops.constant import constant
from graphflow.ops.division import divide
from graphflow.ops.flow_cond import case, cond
from graphflow.ops.powers import pow as power_of
from graphflow.ops.random import random_normal

_F = TypeVar("_F", bound=Callable[..., Any])


def late_in_eager(schedule: _F) -> _F:
    """Decorates a schedule: in eager execution it returns a function of the rate as it is then."""

    @functools.wraps(schedule)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        step = args[1] if len(args) > 1 else kwargs.get("global_step", args)
        if step is None or not scopes.get_default_graph().executes:
            return schedule(*args, **kwargs)
        return functools.partial(schedule, *args, **kwargs)

    return decorated  # type: ignore[return-value]  # with the same arguments


def _start(learning_rate: Any) -> tuple[Tensor, DType]:
    """The initial rate as a tensor, and the type in which the schedule computes."""
    rate = convert(learning_rate, name="initial_learning_rate")
    return rate, rate.dtype


def _named(op_type: str, *inputs: Any, name: str) -> Tensor:
    """The last node of a schedule: it has the name of the scope."""
    found: Tensor = apply(op_type, *inputs, name=name)
    return found


def _periods(step: Any, decay_steps: Any, dtype: DType, staircase: bool) -> Any:
    p = cast(step, dtype) / decay_steps
    return apply("Floor", p) if staircase else p


def _exponential(
    learning_rate: Any, step: Any, decay_steps: Any, decay_rate: Any, staircase: bool, name: Any
) -> Tensor:
    with scopes.name_scope(name or "ExponentialDecay") as scope:
        rate, dtype = _start(learning_rate)
        decay_steps = cast(decay_steps, dtype)
        base = cast(decay_rate, dtype)
        p = _periods(step, decay_steps, dtype, staircase)
        return _named("Mul", rate, power_of(base, p), name=scope)


@export("train.exponential_decay")
@late_in_eager
def exponential_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns `learning_rate * decay_rate ** (global_step / decay_steps)`.

    Args:
        learning_rate: the rate at step 0.
        global_step: the step, a scalar; usually the variable that an optimizer counts up.
        decay_steps: after how many steps the rate is multiplied by `decay_rate`.
        decay_rate: the factor.
        staircase: whether the exponent is rounded down, so that the rate falls in steps.
        name: the name of the scope.
    """
    return _exponential(learning_rate, global_step, decay_steps, decay_rate, staircase, name)


@export("train.natural_exp_decay")
@late_in_eager
def natural_exp_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns `learning_rate * exp(-decay_rate * global_step / decay_steps)`.

    Args:
        learning_rate: the rate at step 0.
        global_step: the step, a scalar.
        decay_steps: after how many steps the rate is multiplied by `exp(-decay_rate)`.
        decay_rate: how fast it falls.
        staircase: whether `global_step / decay_steps` is rounded down.
        name: the name of the scope.
    """
    base = apply("Exp", apply("Neg", decay_rate))
    return _exponential(learning_rate, global_step, decay_steps, base, staircase, name)


@export("train.inverse_time_decay")
@late_in_eager
def inverse_time_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns `learning_rate / (1 + decay_rate * global_step / decay_steps)`.

    Args:
        learning_rate: the rate at step 0.
        global_step: the step, a scalar.
        decay_steps: how often the decay is applied.
        decay_rate: how fast the rate falls.
        staircase: whether `global_step / decay_steps` is rounded down.
        name: the name of the scope.
    """
    with scopes.name_scope(name or "InverseTimeDecay") as scope:
        rate, dtype = _start(learning_rate)
        decay_steps = cast(decay_steps, dtype)
        factor = cast(decay_rate, dtype)
        p = _periods(global_step, decay_steps, dtype, staircase)
        one = cast(constant(1), dtype)
        denominator = apply("Add", one, apply("Mul", factor, p))
        return divide(rate, denominator, name=scope)  # type: ignore[no-any-return]  # a Tensor


@export("train.piecewise_constant", "train.piecewise_constant_decay")
@late_in_eager
def piecewise_constant(
    x: Any, boundaries: Sequence[Any], values: Sequence[Any], name: str | None = None
) -> Tensor:
    """Returns the value of the interval in which `x` lies.

    Args:
        x: a scalar, usually the global step.
        boundaries: ascending, n - 1 of them, of the type of `x`; each belongs to the interval
            below it.
        values: n values of one type.
        name: the name of the scope.

    Raises:
        ValueError: if the types do not fit, or the numbers of boundaries and values.
    """
    limits, choices = convert_n_to_tensor(boundaries), convert_n_to_tensor(values)
    at = convert(x)
    limits = [_like(limit, at.dtype.base_dtype) for limit in limits]
    for choice in choices[1:]:
        if choice.dtype.base_dtype != choices[0].dtype.base_dtype:
            raise ValueError(
                "Values must have elements all with the same dtype "
                f"({choices[0].dtype.base_dtype} vs {choice.dtype.base_dtype})."
            )
    if len(limits) != len(choices) - 1:
        raise ValueError("The length of boundaries should be 1 less than the length of values")
    with scopes.name_scope(name or "PiecewiseConstant"):
        at = convert(x)  # once more, as in TensorFlow: names, and when a resource is read
        pairs: list[tuple[Any, Callable[[], Tensor]]] = [
            (at <= limits[0], lambda: choices[0]),
            (at > limits[-1], lambda: choices[-1]),
        ]
        for low, high, choice in zip(limits[:-1], limits[1:], choices[1:-1], strict=True):
            between = (at > low) & (at <= high)
            pairs.append((between, functools.partial(_itself, choice)))
        # The default is for a nan, which is in no interval.
        found: Tensor = case(pairs, default=lambda: choices[0], exclusive=True)
        return found


def _itself(choice: Tensor) -> Tensor:
    return choice


def _like(limit: Tensor, dtype: DType) -> Any:
    own = limit.dtype.base_dtype
    if own == dtype:
        return limit
    if own == int32 and dtype == int64:
        return cast(limit, dtype)
    raise ValueError(f"Boundaries ({own}) must have the same dtype as x ({dtype}).")


@export("train.polynomial_decay")
@late_in_eager
def polynomial_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    end_learning_rate: Any = 0.0001,
    power: Any = 1.0,
    cycle: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns a rate that falls from `learning_rate` to `end_learning_rate` as a power of the rest.

    Args:
        learning_rate: the rate at step 0.
        global_step: the step, a scalar.
        decay_steps: after how many steps the end is reached.
        end_learning_rate: the rate at the end.
        power: the exponent; 1: along a line.
        cycle: whether it goes on behind the end, with the next multiple of `decay_steps` as the
            end; else it stays there.
        name: the name of the scope.
    """
    with scopes.name_scope(name or "PolynomialDecay") as scope:
        rate, dtype = _start(learning_rate)
        end = cast(end_learning_rate, dtype)
        exponent = cast(power, dtype)
        step = cast(global_step, dtype)
        steps = cast(decay_steps, dtype)
        if cycle:
            turns = cond(
                apply("Equal", step, 0), lambda: 1.0, lambda: apply("Ceil", step / decay_steps)
            )
            steps = apply("Mul", steps, turns)
        else:
            step = apply("Minimum", step, decay_steps)
        p = divide(step, steps)
        rest = apply("Mul", rate - end, power_of(1 - p, exponent))
        return _named("Add", rest, end, name=scope)


# --- along a cosine ---
def _cosine(fraction: Any, height: Any = 0.5) -> Any:
    """Falls from 2 * height to 0 as the fraction goes from 0 to 1."""
    return height * (1.0 + apply("Cos", constant(math.pi) * fraction))


@export("train.cosine_decay")
@late_in_eager
def cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    alpha: Any = 0.0,
    name: str | None = None,
) -> Tensor:
    """Returns a rate that falls along half a cosine wave.

    Args:
        learning_rate: the rate at step 0.
        global_step: the step, a scalar.
        decay_steps: after how many steps the end is reached.
        alpha: the rate at the end, as a part of `learning_rate`.
        name: the name of the scope.

    Source: Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts.
    """
    with scopes.name_scope(name or "CosineDecay"):
        rate, dtype = _start(learning_rate)
        steps = cast(decay_steps, dtype)
        step = apply("Minimum", cast(global_step, dtype), steps)
        decayed = (1 - alpha) * _cosine(step / steps) + alpha
        found: Tensor = apply("Mul", rate, decayed)
        return found


@export("train.cosine_decay_restarts")
@late_in_eager
def cosine_decay_restarts(
    learning_rate: Any,
    global_step: Any,
    first_decay_steps: Any,
    t_mul: Any = 2.0,
    m_mul: Any = 1.0,
    alpha: Any = 0.0,
    name: str | None = None,
) -> Tensor:
    """Returns a rate that falls along half a cosine wave, and starts anew at each end.

    Args:
        learning_rate: the rate at step 0.
        global_step: the step, a scalar.
        first_decay_steps: the length of the first period.
        t_mul: how much longer each period is than the one before.
        m_mul: how much higher each period starts than the one before.
        alpha: the lowest rate, as a part of `learning_rate`.
        name: the name of the scope.

    Source: Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts.
    """
    with scopes.name_scope(name or "SGDRDecay") as scope:
        rate, dtype = _start(learning_rate)
        steps = cast(first_decay_steps, dtype)
        low = cast(alpha, dtype)
        longer = cast(t_mul, dtype)
        higher = cast(m_mul, dtype)
        number, fraction = _period(cast(global_step, dtype) / steps, longer)
        wave = _cosine(fraction, 0.5 * higher**number)
        return _named("Mul", rate, (1 - low) * wave + low, name=scope)


def _period(fraction: Tensor, longer: Tensor) -> tuple[Any, Any]:
    """The number of the period, and how much of it has passed.

    Args:
        fraction: the step in first periods.
        longer: by how much each period is longer.
    """
    found: tuple[Any, Any] = cond(
        apply("Equal", longer, 1.0),
        lambda: _equal_periods(fraction),
        lambda: _growing_periods(fraction, longer),
    )
    return found


def _equal_periods(fraction: Tensor) -> tuple[Any, Any]:
    number = apply("Floor", fraction)
    return number, fraction - number


def _growing_periods(fraction: Tensor, longer: Tensor) -> tuple[Any, Any]:
    logs = apply("Log", 1.0 - fraction * (1.0 - longer)) / apply("Log", longer)
    number = apply("Floor", logs)
    before = (1.0 - longer**number) / (1.0 - longer)
    return number, (fraction - before) / longer**number


@export("train.linear_cosine_decay")
@late_in_eager
def linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    name: str | None = None,
) -> Tensor:
    """Returns `learning_rate * ((alpha + linear) * cosine + beta)`.

    Args:
        learning_rate: the rate at step 0.
        global_step: the step, a scalar.
        decay_steps: after how many steps the end is reached.
        num_periods: how many cosine waves there are until the end.
        alpha: is added to the line that falls from 1 to 0.
        beta: is added to the product.
        name: the name of the scope.

    Source: Bello et al., Neural optimizer search with reinforcement learning.
    """
    with scopes.name_scope(name or "LinearCosineDecay") as scope:
        rate, dtype = _start(learning_rate)
        steps = cast(decay_steps, dtype)
        periods, a, b = (cast(x, dtype) for x in (num_periods, alpha, beta))
        step = apply("Minimum", cast(global_step, dtype), steps)
        line = (steps - step) / steps
        passed = step / steps
        wave = _cosine(2.0 * periods * passed)
        return _named("Mul", rate, (a + line) * wave + b, name=scope)


@export("train.noisy_linear_cosine_decay")
@late_in_eager
def noisy_linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    initial_variance: Any = 1.0,
    variance_decay: Any = 0.55,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    name: str | None = None,
) -> Tensor:
    """Returns `learning_rate * ((alpha + linear + noise) * cosine + beta)`.

    Args:
        learning_rate: the rate at step 0.
        global_step: the step, a scalar.
        decay_steps: after how many steps the end is reached.
        initial_variance: the variance of the noise at step 0.
        variance_decay: it is divided by `(1 + global_step) ** variance_decay`.
        num_periods: how many cosine waves there are until the end.
        alpha: is added to the line that falls from 1 to 0.
        beta: is added to the product.
        name: the name of the scope.

    Source: Bello et al., Neural optimizer search with reinforcement learning.
    """
    with scopes.name_scope(name or "NoisyLinearCosineDecay") as scope:
        rate, dtype = _start(learning_rate)
        steps = cast(decay_steps, dtype)
        given = (initial_variance, variance_decay, num_periods, alpha, beta)
        first_variance, decay, periods, a, b = [cast(x, dtype) for x in given]
        step = apply("Minimum", cast(global_step, dtype), steps)
        line = (steps - step) / steps
        variance = first_variance / power_of(1.0 + step, decay)
        noisy = line + random_normal(line.shape, stddev=apply("Sqrt", variance))
        passed = step / steps
        wave = _cosine(2.0 * periods * passed)
        return _named("Mul", rate, (a + noisy) * wave + b, name=scope)
