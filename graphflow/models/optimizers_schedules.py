"""Learning rates that change with the steps, as objects that are called with the step."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, ClassVar, Final, Self

from graphflow.core import scopes
from graphflow.core.convert import convert, convert_n_to_tensor
from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.models.utils_objects import deserialize_keras_object, serialize_keras_object
from graphflow.ops.arithmetic import add, multiply
from graphflow.ops.cast import cast
from graphflow.ops.comparison import equal
from graphflow.ops.constant import constant
from graphflow.ops.division import divide
from graphflow.ops.flow_cond import case, cond
from graphflow.ops.powers import pow, sqrt
from graphflow.ops.random import random_normal


@export("keras.optimizers.schedules.LearningRateSchedule")
class LearningRateSchedule:
    """A learning rate that depends on the step; subclasses define `__call__`."""

    fields: ClassVar[tuple[str, ...]] = ()
    """The arguments, which are also the configuration."""

    def __call__(self, step: Any) -> Any:
        """Returns the learning rate of a step.

        Args:
            step: a scalar tensor.
        """
        raise NotImplementedError("Learning rate schedule must override __call__")

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this schedule again."""
        if not self.fields:
            raise NotImplementedError("Learning rate schedule must override get_config")
        return {field: getattr(self, field) for field in self.fields}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Returns the schedule of a configuration."""
        return cls(**config)


@export("keras.optimizers.schedules.ExponentialDecay")
class ExponentialDecay(LearningRateSchedule):
    """`initial_learning_rate * decay_rate ** (step / decay_steps)`.

    Args:
        initial_learning_rate: the learning rate at step 0.
        decay_steps: after how many steps it is multiplied with `decay_rate`.
        decay_rate: the factor.
        staircase: whether it changes at multiples of `decay_steps` only.
        name: the name of the operations.
    """

    fields = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self,
        initial_learning_rate: Any,
        decay_steps: Any,
        decay_rate: Any,
        staircase: bool = False,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        """Returns the learning rate of a step."""
        with scopes.name_scope(self.name or "ExponentialDecay") as name:
            rate = convert(self.initial_learning_rate, name="initial_learning_rate")
            steps, factor = cast(self.decay_steps, rate.dtype), cast(self.decay_rate, rate.dtype)
            passed = _passed(step, steps, self.staircase)
            found: Tensor = multiply(rate, pow(factor, passed), name=name)
        return found


@export("keras.optimizers.schedules.InverseTimeDecay")
class InverseTimeDecay(LearningRateSchedule):
    """`initial_learning_rate / (1 + decay_rate * step / decay_steps)`.

    Args:
        initial_learning_rate: the learning rate at step 0.
        decay_steps: how often it changes.
        decay_rate: how fast.
        staircase: whether it changes at multiples of `decay_steps` only.
        name: the name of the operations.
    """

    fields = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self,
        initial_learning_rate: Any,
        decay_steps: Any,
        decay_rate: Any,
        staircase: bool = False,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        """Returns the learning rate of a step."""
        with scopes.name_scope(self.name or "InverseTimeDecay") as name:
            rate = convert(self.initial_learning_rate, name="initial_learning_rate")
            steps, factor = cast(self.decay_steps, rate.dtype), cast(self.decay_rate, rate.dtype)
            passed = _passed(step, steps, self.staircase)
            divisor = add(cast(constant(1), rate.dtype), multiply(factor, passed))
            found: Tensor = divide(rate, divisor, name=name)
        return found


def _passed(step: Any, steps: Tensor, staircase: bool) -> Tensor:
    """How many times `steps` have passed."""
    passed: Tensor = cast(step, steps.dtype) / steps
    return apply("Floor", passed) if staircase else passed


@export("keras.optimizers.schedules.PiecewiseConstantDecay")
class PiecewiseConstantDecay(LearningRateSchedule):
    """A constant up to each boundary.

    Args:
        boundaries: the last steps of all pieces but one, increasing.
        values: the learning rate of each piece.
        name: the name of the operations.

    Raises:
        ValueError: if there is not one value more than there are boundaries.
    """

    fields = ("boundaries", "values", "name")

    def __init__(self, boundaries: Any, values: Any, name: str | None = None) -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError("The length of boundaries should be 1 less than the length of values")
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def __call__(self, step: Any) -> Any:
        """Returns the learning rate of a step."""
        with scopes.name_scope(self.name or "PiecewiseConstant"):
            ends = convert_n_to_tensor(self.boundaries)
            values = convert_n_to_tensor(self.values)
            x = convert(step)
            ends = [
                b if b.dtype.base_dtype == x.dtype.base_dtype else cast(b, x.dtype.base_dtype)
                for b in ends
            ]
            pieces: list[tuple[Any, Callable[[], Any]]] = [
                (x <= ends[0], lambda: values[0]),
                (x > ends[-1], lambda: values[-1]),
            ]
            for low, high, value in zip(ends[:-1], ends[1:], values[1:-1], strict=True):
                inside = (x > low) & (x <= high)
                pieces.append((inside, functools.partial(_itself, value)))
            return case(pieces, lambda: values[0], exclusive=True)


def _itself(x: Any) -> Any:
    return x


@export("keras.optimizers.schedules.PolynomialDecay")
class PolynomialDecay(LearningRateSchedule):
    """`(initial - end) * (1 - step / decay_steps) ** power + end`.

    Args:
        initial_learning_rate: the learning rate at step 0.
        decay_steps: the step at which it reaches its end.
        end_learning_rate: the learning rate from then on.
        power: the power.
        cycle: whether it starts anew then, with as many more steps as are needed.
        name: the name of the operations.
    """

    fields = (
        "initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle", "name",
    )  # fmt: skip

    def __init__(
        self,
        initial_learning_rate: Any,
        decay_steps: Any,
        end_learning_rate: Any = 0.0001,
        power: Any = 1.0,
        cycle: bool = False,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        """Returns the learning rate of a step."""
        with scopes.name_scope(self.name or "PolynomialDecay") as name:
            rate = convert(self.initial_learning_rate, name="initial_learning_rate")
            end, power = cast(self.end_learning_rate, rate.dtype), cast(self.power, rate.dtype)
            at, steps = cast(step, rate.dtype), cast(self.decay_steps, rate.dtype)
            if self.cycle:
                turns = cond(
                    equal(at, 0), lambda: 1.0, lambda: apply("Ceil", at / self.decay_steps)
                )
                steps = multiply(steps, turns)
            else:
                at = apply("Minimum", at, self.decay_steps)
            done = divide(at, steps)
            found: Tensor = add(multiply(rate - end, pow(1 - done, power)), end, name=name)
        return found


def _half_cosine(fraction: Any) -> Any:
    """From 1 to 0 while the fraction goes from 0 to 1."""
    return 0.5 * (1.0 + apply("Cos", constant(math.pi) * fraction))


@export("keras.experimental.CosineDecay")
class CosineDecay(LearningRateSchedule):
    """A learning rate that falls as a cosine does.

    Args:
        initial_learning_rate: the learning rate at step 0.
        decay_steps: the step at which it reaches its end.
        alpha: the part of the learning rate that stays.
        name: the name of the operations.
    """

    fields = ("initial_learning_rate", "decay_steps", "alpha", "name")

    def __init__(
        self,
        initial_learning_rate: Any,
        decay_steps: Any,
        alpha: Any = 0.0,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.alpha = alpha
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        """Returns the learning rate of a step."""
        with scopes.name_scope(self.name or "CosineDecay"):
            rate = convert(self.initial_learning_rate, name="initial_learning_rate")
            steps = cast(self.decay_steps, rate.dtype)
            at = apply("Minimum", cast(step, rate.dtype), steps)
            decayed = (1 - self.alpha) * _half_cosine(at / steps) + self.alpha
            found: Tensor = multiply(rate, decayed)
        return found


@export("keras.experimental.CosineDecayRestarts")
class CosineDecayRestarts(LearningRateSchedule):
    """A learning rate that falls as a cosine does, again and again.

    Args:
        initial_learning_rate: the learning rate at step 0.
        first_decay_steps: the number of steps of the first fall.
        t_mul: how much longer each fall is than the one before.
        m_mul: how much higher each fall starts than the one before.
        alpha: the part of the learning rate that stays.
        name: the name of the operations.

    Source:
        Loshchilov and Hutter 2016, arXiv:1608.03983.
    """

    def __init__(
        self,
        initial_learning_rate: Any,
        first_decay_steps: Any,
        t_mul: Any = 2.0,
        m_mul: Any = 1.0,
        alpha: Any = 0.0,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self._t_mul = t_mul
        self._m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        """Returns the learning rate of a step."""
        with scopes.name_scope(self.name or "SGDRDecay") as name:
            rate = convert(self.initial_learning_rate, name="initial_learning_rate")
            steps, alpha, longer, higher = (
                cast(x, rate.dtype)
                for x in (self.first_decay_steps, self.alpha, self._t_mul, self._m_mul)
            )
            done = cast(step, rate.dtype) / steps
            restarts, fraction = cond(
                equal(longer, 1.0), lambda: _equal_falls(done), lambda: _falls(done, longer)
            )
            start = higher**restarts
            # The product of 0.5 and the start comes first, as in TensorFlow.
            fall = 0.5 * start * (1.0 + apply("Cos", constant(math.pi) * fraction))
            found: Tensor = multiply(rate, (1 - alpha) * fall + alpha, name=name)
        return found

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this schedule again."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self._t_mul,
            "m_mul": self._m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }


def _falls(done: Any, longer: Any) -> tuple[Any, Any]:
    """The number of restarts, and how much of the fall since the last is done."""
    log = functools.partial(apply, "Log")
    restarts = apply("Floor", log(1.0 - done * (1.0 - longer)) / log(longer))
    before = (1.0 - longer**restarts) / (1.0 - longer)
    return restarts, (done - before) / longer**restarts


def _equal_falls(done: Any) -> tuple[Any, Any]:
    restarts = apply("Floor", done)
    return restarts, done - restarts


@export("keras.experimental.LinearCosineDecay")
class LinearCosineDecay(LearningRateSchedule):
    """A learning rate that falls as a line times a cosine.

    Args:
        initial_learning_rate: the learning rate at step 0.
        decay_steps: the step at which it reaches its end.
        num_periods: how many waves the cosine has.
        alpha: added to the line.
        beta: added to the product.
        name: the name of the operations.

    Source:
        Bello et al. 2017, arXiv:1709.07417.
    """

    fields = ("initial_learning_rate", "decay_steps", "num_periods", "alpha", "beta", "name")

    def __init__(
        self,
        initial_learning_rate: Any,
        decay_steps: Any,
        num_periods: Any = 0.5,
        alpha: Any = 0.0,
        beta: Any = 0.001,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.num_periods = num_periods
        self.alpha = alpha
        self.beta = beta
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        """Returns the learning rate of a step."""
        with scopes.name_scope(self.name or "LinearCosineDecay") as name:
            rate = convert(self.initial_learning_rate, name="initial_learning_rate")
            steps, periods, alpha, beta = (
                cast(x, rate.dtype)
                for x in (self.decay_steps, self.num_periods, self.alpha, self.beta)
            )
            at = apply("Minimum", cast(step, rate.dtype), steps)
            line = (steps - at) / steps
            wave = _half_cosine(2.0 * periods * (at / steps))
            found: Tensor = multiply(rate, (alpha + line) * wave + beta, name=name)
        return found


@export("keras.experimental.NoisyLinearCosineDecay")
class NoisyLinearCosineDecay(LearningRateSchedule):
    """As `LinearCosineDecay`, with noise on the line that gets less.

    Args:
        initial_learning_rate: the learning rate at step 0.
        decay_steps: the step at which it reaches its end.
        initial_variance: the variance of the noise at step 0.
        variance_decay: the variance is divided by `(1 + step) ** variance_decay`.
        num_periods: how many waves the cosine has.
        alpha: added to the line.
        beta: added to the product.
        name: the name of the operations.

    Source:
        Bello et al. 2017, arXiv:1709.07417.
    """

    fields = (
        "initial_learning_rate", "decay_steps", "initial_variance", "variance_decay",
        "num_periods", "alpha", "beta", "name",
    )  # fmt: skip

    def __init__(
        self,
        initial_learning_rate: Any,
        decay_steps: Any,
        initial_variance: Any = 1.0,
        variance_decay: Any = 0.55,
        num_periods: Any = 0.5,
        alpha: Any = 0.0,
        beta: Any = 0.001,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.initial_variance = initial_variance
        self.variance_decay = variance_decay
        self.num_periods = num_periods
        self.alpha = alpha
        self.beta = beta
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        """Returns the learning rate of a step."""
        with scopes.name_scope(self.name or "NoisyLinearCosineDecay") as name:
            rate = convert(self.initial_learning_rate, name="initial_learning_rate")
            steps, variance, decay, periods, alpha, beta = (
                cast(getattr(self, field), rate.dtype) for field in self.fields[1:-1]
            )
            at = apply("Minimum", cast(step, rate.dtype), steps)
            line = (steps - at) / steps
            deviation = sqrt(variance / pow(1.0 + at, decay))
            noisy = line + random_normal(line.shape, stddev=deviation)
            wave = _half_cosine(2.0 * periods * (at / steps))
            found: Tensor = multiply(rate, (alpha + noisy) * wave + beta, name=name)
        return found


_SCHEDULES: Final = {
    kind.__name__: kind
    for kind in (
        LearningRateSchedule,
        ExponentialDecay,
        PiecewiseConstantDecay,
        PolynomialDecay,
        InverseTimeDecay,
        CosineDecay,
        CosineDecayRestarts,
        LinearCosineDecay,
        NoisyLinearCosineDecay,
    )
}


@export("keras.optimizers.schedules.serialize")
def serialize(learning_rate_schedule: Any) -> Any:
    """Returns a schedule in plain data: its class name and configuration.

    Raises:
        ValueError: if it has neither a configuration nor a name.
    """
    return serialize_keras_object(learning_rate_schedule)


@export("keras.optimizers.schedules.deserialize")
def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Returns the schedule that plain data stands for.

    Args:
        config: a name, or a dict as `serialize` returns it.
        custom_objects: a dict of the program's own schedules by name.

    Raises:
        ValueError: if the name is not known.
    """
    return deserialize_keras_object(config, _SCHEDULES, custom_objects, "decay")
