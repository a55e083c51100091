"""Loss scales: a factor of the loss that keeps gradients of few bits away from zero.

A loss scale is called for its value, and updated by the gradients that came of it.
"""

from __future__ import annotations

import abc
from typing import Any, ClassVar

from graphflow.core import nest, scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import float32, int64
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.arithmetic import maximum
from graphflow.ops.control_ops import group, no_op
from graphflow.ops.flow_cond import cond
from graphflow.ops.reduce import reduce_all
from graphflow.ops.variable_scope import make_variable
from graphflow.ops.variables import Variable


@export("train.experimental.LossScale")
class LossScale(abc.ABC):
    """The base of loss scales; subclasses have `__call__`, `update` and `get_config`."""

    def __init__(self) -> None:
        self._weights: dict[Any, Any] = {}

    @abc.abstractmethod
    def __call__(self) -> Tensor:
        """Returns the factor, a float32 scalar."""

    @abc.abstractmethod
    def update(self, grads: Any) -> tuple[Operation, Any]:
        """Returns the operation that adapts the factor, and whether the gradients are of use.

        Args:
            grads: a nest of gradients, already divided by the factor; None in it does not count.

        Returns:
            (operation, a bool or a scalar tensor of one).
        """

    @abc.abstractmethod
    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make such a loss scale again."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Returns the loss scale of a configuration."""
        return cls(**config)

    def _add_weight(self, name: str, initial_value: Any, dtype: Any = None) -> Any:
        """Returns a new resource variable that no optimizer trains.

        Raises:
            RuntimeError: if there is one of that name in the graph.
        """
        made: Variable = make_variable(
            initial_value=initial_value,
            name=name,
            dtype=dtype,
            trainable=False,
            use_resource=True,
            validate_shape=True,
        )
        key = name, scopes.get_default_graph()
        if key in self._weights:
            raise RuntimeError(f"Duplicate variables detected. {key}")
        self._weights[key] = made
        return made


@export("train.experimental.FixedLossScale")
class FixedLossScale(LossScale):
    """A factor that stays as it is.

    Args:
        loss_scale_value: the factor, 1 or more.

    Raises:
        ValueError: if it is no number, or less than 1.
    """

    def __init__(self, loss_scale_value: float) -> None:
        super().__init__()
        if not isinstance(loss_scale_value, int | float):
            raise ValueError("loss_scale_value must be a Python int or float.")
        if loss_scale_value < 1:
            raise ValueError("loss_scale_value must be at least 1.")
        self._loss_scale_value = float(loss_scale_value)

    def __call__(self) -> Tensor:
        """Returns the factor, a float32 scalar."""
        found: Tensor = convert(self._loss_scale_value)
        return found

    def update(self, grads: Any) -> tuple[Operation, bool]:
        """Returns an operation that does nothing, and True."""
        return no_op(), True

    def __repr__(self) -> str:
        return f"FixedLossScale({self._loss_scale_value})"

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make such a loss scale again."""
        return {"loss_scale_value": self._loss_scale_value}


@export("train.experimental.DynamicLossScale")
class DynamicLossScale(LossScale):
    """A factor that grows while all gradients are finite, and shrinks when one is not.

    Args:
        initial_loss_scale: the factor at first.
        increment_period: after how many steps in a row with finite gradients it grows.
        multiplier: by how much it grows and shrinks; it does not fall below 1.
    """

    CONFIG: ClassVar = ("initial_loss_scale", "increment_period", "multiplier")

    def __init__(
        self,
        initial_loss_scale: float = 2**15,
        increment_period: int = 2000,
        multiplier: float = 2.0,
    ) -> None:
        super().__init__()
        self._initial_loss_scale = float(initial_loss_scale)
        self._increment_period = int(increment_period)
        self._multiplier = float(multiplier)
        self._scale = self._add_weight("current_loss_scale", self.initial_loss_scale, float32)
        self._good_steps = self._add_weight("good_steps", 0, int64)

    @property
    def initial_loss_scale(self) -> float:
        """The factor at first."""
        return self._initial_loss_scale

    @property
    def increment_period(self) -> int:
        """After how many steps in a row with finite gradients it grows."""
        return self._increment_period

    @property
    def multiplier(self) -> float:
        """By how much it grows and shrinks."""
        return self._multiplier

    def __call__(self) -> Tensor:
        """Returns the factor, a float32 scalar."""
        found: Tensor = convert(self._scale)
        return found

    def update(self, grads: Any) -> tuple[Operation, Tensor]:
        """Returns the operation that adapts the factor, and whether all gradients are finite.

        Args:
            grads: a nest of gradients; None in it does not count.
        """
        each = [reduce_all(apply("IsFinite", g)) for g in nest.flatten(grads) if g is not None]
        finite = reduce_all(each)
        return cond(finite, self._after_good_step, self._after_bad_step), finite

    def _after_good_step(self) -> Any:
        return cond(
            self._good_steps + 1 >= self.increment_period,
            self._grow,
            lambda: self._good_steps.assign_add(1).op,
        )

    def _grow(self) -> Operation:
        larger = self._scale * self.multiplier
        grown = cond(apply("IsFinite", larger), lambda: self._scale.assign(larger).op, no_op)
        return group(grown, self._good_steps.assign(0))

    def _after_bad_step(self) -> Operation:
        smaller = maximum(self._scale / self.multiplier, 1)
        return group(self._good_steps.assign(0), self._scale.assign(smaller))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value}" for name, value in self.get_config().items())
        return f"DynamicLossScale({shown})"

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make such a loss scale again."""
        return {name: getattr(self, name) for name in self.CONFIG}


def loss_scale_of(given: Any) -> LossScale:
    """Returns a loss scale: one as it is, "dynamic", or a number that stays.

    Raises:
        ValueError: if it is none of these.
    """
    if isinstance(given, int | float):
        return FixedLossScale(given)
    if isinstance(given, LossScale):
        return given
    if given == "dynamic":
        return DynamicLossScale()
    raise ValueError(f"Could not interpret loss scale identifier: {given}")
