"""Keras' optimizers that give each element a learning rate of its own: Adagrad and its kin."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import int64
from graphflow.core.export import export
from graphflow.models.optimizers_base import OptimizerV2, done
from graphflow.models.optimizers_plain import has_momentum
from graphflow.nets import keras_state
from graphflow.nets.initializers import Constant
from graphflow.ops import state
from graphflow.ops.control_ops import group
from graphflow.ops.fill import zeros
from graphflow.ops.gather import gather
from graphflow.ops.identity import identity
from graphflow.ops.powers import sqrt, square


class _WithoutCount(OptimizerV2):
    """An optimizer that also takes weights which an older Keras saved without the step count."""

    def set_weights(self, weights: Any) -> None:
        """Sets the values of the optimizer's variables.

        Args:
            weights: arrays in the order of `weights`; the first, the number of steps, may be
                missing, and is 0 then.

        Raises:
            ValueError: if their number or shapes differ.
        """
        if len(self.weights) == len(weights) + 1:
            weights = [np.array(0), *weights]
        super().set_weights(weights)


@export("keras.optimizers.Adagrad")
class Adagrad(_WithoutCount):
    """Steps by the gradient over the root of the sum of all its squares so far.

    Args:
        learning_rate: a number, a tensor, a schedule, or a function that returns one.
        initial_accumulator_value: where the sums of squares start.
        epsilon: added to the root; None: `tf.keras.backend.epsilon()`.
        name: the name scope of the variables and updates.
        **kwargs: as `Optimizer`.

    Raises:
        ValueError: if the start is negative.

    Source:
        Duchi et al. 2011, JMLR 12.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: Any = 0.1,
        epsilon: Any = 1e-7,
        name: str = "Adagrad",
        **kwargs: Any,
    ) -> None:
        if initial_accumulator_value < 0.0:
            raise ValueError(
                f"initial_accumulator_value must be non-negative: {initial_accumulator_value}"
            )
        super().__init__(name, **kwargs)
        self._set_hyper("learning_rate", kwargs.get("lr", learning_rate))
        self._set_hyper("decay", self._initial_decay)
        self._initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon or keras_state.epsilon()

    def _create_slots(self, var_list: Any) -> None:
        for var in var_list:
            start = Constant(self._initial_accumulator_value, var.dtype.base_dtype)
            self.add_slot(var, "accumulator", start)

    def _prepare_local(self, var_device: Any, var_dtype: Any, apply_state: Any) -> None:
        super()._prepare_local(var_device, var_dtype, apply_state)
        held = apply_state[var_device, var_dtype]
        held["epsilon"] = convert(self.epsilon, var_dtype)
        held["neg_lr_t"] = -held["lr_t"]
        held["zero"] = zeros((), int64)

    def _resource_apply_dense(self, grad: Any, var: Any, apply_state: Any = None) -> Any:
        c = self._coefficients(var, apply_state)
        slot = self.get_slot(var, "accumulator").handle
        return apply(
            "ResourceApplyAdagradV2",
            *(var.handle, slot, c["lr_t"], c["epsilon"], grad),
            use_locking=self._use_locking,
        )

    def _resource_apply_sparse(
        self, grad: Any, var: Any, indices: Any, apply_state: Any = None
    ) -> Any:
        c = self._coefficients(var, apply_state)
        slot = self.get_slot(var, "accumulator").handle
        return apply(
            "ResourceSparseApplyAdagradV2",
            *(var.handle, slot, c["lr_t"], c["epsilon"], grad, indices),
            use_locking=self._use_locking,
        )

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Returns the optimizer of a configuration; without a start of the sums it is 0.

        Args:
            config: as `get_config` returns it.
            custom_objects: not used.
        """
        config.setdefault("initial_accumulator_value", 0.0)
        if "lr" in config:
            config["learning_rate"] = config.pop("lr")
        return cls(**config)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this optimizer again, with the present values."""
        return {
            **super().get_config(),
            "learning_rate": self._serialize_hyperparameter("learning_rate"),
            "decay": self._serialize_hyperparameter("decay"),
            "initial_accumulator_value": self._initial_accumulator_value,
            "epsilon": self.epsilon,
        }


@export("keras.optimizers.Adadelta")
class Adadelta(_WithoutCount):
    """Steps by the gradient, scaled by the means of past squares of steps and of gradients.

    Args:
        learning_rate: a number, a tensor, a schedule, or a function that returns one.
        rho: how much of the means is kept in each step.
        epsilon: added to the means; None: `tf.keras.backend.epsilon()`.
        name: the name scope of the variables and updates.
        **kwargs: as `Optimizer`.

    Source:
        Zeiler 2012, arXiv:1212.5701.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: Any = 0.95,
        epsilon: Any = 1e-7,
        name: str = "Adadelta",
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self._set_hyper("learning_rate", kwargs.get("lr", learning_rate))
        self._set_hyper("decay", self._initial_decay)
        self._set_hyper("rho", rho)
        self.epsilon = epsilon or keras_state.epsilon()

    def _create_slots(self, var_list: Any) -> None:
        for slot in ("accum_grad", "accum_var"):
            for var in var_list:
                self.add_slot(var, slot)

    def _prepare_local(self, var_device: Any, var_dtype: Any, apply_state: Any) -> None:
        super()._prepare_local(var_device, var_dtype, apply_state)
        held = apply_state[var_device, var_dtype]
        held["epsilon"] = convert(self.epsilon, var_dtype)
        held["rho"] = identity(self._get_hyper("rho", var_dtype))

    def _inputs(self, var: Any, apply_state: Any) -> list[Any]:
        c = self._coefficients(var, apply_state)
        cells = [self.get_slot(var, name).handle for name in ("accum_grad", "accum_var")]
        return [var.handle, *cells, c["lr_t"], c["rho"], c["epsilon"]]

    def _resource_apply_dense(self, grad: Any, var: Any, apply_state: Any = None) -> Any:
        inputs = self._inputs(var, apply_state)
        return apply("ResourceApplyAdadelta", *inputs, grad, use_locking=self._use_locking)

    def _resource_apply_sparse(
        self, grad: Any, var: Any, indices: Any, apply_state: Any = None
    ) -> Any:
        inputs = *self._inputs(var, apply_state), grad, indices
        return apply("ResourceSparseApplyAdadelta", *inputs, use_locking=self._use_locking)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this optimizer again, with the present values."""
        return {
            **super().get_config(),
            "learning_rate": self._serialize_hyperparameter("learning_rate"),
            "decay": self._serialize_hyperparameter("decay"),
            "rho": self._serialize_hyperparameter("rho"),
            "epsilon": self.epsilon,
        }


@export("keras.optimizers.RMSprop")
class RMSprop(_WithoutCount):
    """Steps by the gradient over the root of the mean of its past squares.

    Args:
        learning_rate: a number, a tensor, a schedule, or a function that returns one.
        rho: how much of the mean is kept in each step.
        momentum: how much of the last step is taken again, in [0, 1].
        epsilon: added to the root, with momentum under it; None: `tf.keras.backend.epsilon()`.
        centered: whether the variance takes the place of the mean square.
        name: the name scope of the variables and updates.
        **kwargs: as `Optimizer`.

    Raises:
        ValueError: if the momentum is out of range.

    Source:
        Hinton 2012, lecture 6e of "Neural networks for machine learning".
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: Any = 0.9,
        momentum: Any = 0.0,
        epsilon: Any = 1e-7,
        centered: bool = False,
        name: str = "RMSprop",
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self._set_hyper("learning_rate", kwargs.get("lr", learning_rate))
        self._set_hyper("decay", self._initial_decay)
        self._set_hyper("rho", rho)
        self._momentum = has_momentum(momentum)
        self._set_hyper("momentum", momentum)
        self.epsilon = epsilon or keras_state.epsilon()
        self.centered = centered

    def _create_slots(self, var_list: Any) -> None:
        names = ["rms"] + ["momentum"] * self._momentum + ["mg"] * bool(self.centered)
        for name in names:
            for var in var_list:
                self.add_slot(var, name)

    def _prepare_local(self, var_device: Any, var_dtype: Any, apply_state: Any) -> None:
        super()._prepare_local(var_device, var_dtype, apply_state)
        held = apply_state[var_device, var_dtype]
        rho = identity(self._get_hyper("rho", var_dtype))
        held["neg_lr_t"] = -held["lr_t"]
        held["epsilon"] = convert(self.epsilon, var_dtype)
        held["rho"] = rho
        held["momentum"] = identity(self._get_hyper("momentum", var_dtype))
        held["one_minus_rho"] = 1.0 - rho

    def _with_momentum(self, var: Any, c: dict[str, Any]) -> tuple[str, list[Any]]:
        """The end of the operation's name, and its inputs but the gradient."""
        slots = ["mg", "rms", "momentum"] if self.centered else ["rms", "momentum"]
        cells = [self.get_slot(var, name).handle for name in slots]
        rates = [c["lr_t"], c["rho"], c["momentum"], c["epsilon"]]
        return "CenteredRMSProp" if self.centered else "RMSProp", [var.handle, *cells, *rates]

    def _mean(self, slot: Any, new: Any, c: dict[str, Any]) -> Any:
        mean = c["rho"] * slot + c["one_minus_rho"] * new
        return state.assign(slot, mean, use_locking=self._use_locking)

    def _resource_apply_dense(self, grad: Any, var: Any, apply_state: Any = None) -> Any:
        c = self._coefficients(var, apply_state)
        if self._momentum:
            kind, inputs = self._with_momentum(var, c)
            return apply(f"ResourceApply{kind}", *inputs, grad, use_locking=self._use_locking)
        spread = self._mean(self.get_slot(var, "rms"), square(grad), c)
        if self.centered:
            spread = spread - square(self._mean(self.get_slot(var, "mg"), grad, c))
        changed = var - c["lr_t"] * grad / (sqrt(spread) + c["epsilon"])
        return done(state.assign(var, changed, use_locking=self._use_locking))

    def _mean_rows(self, slot: Any, indices: Any, new: Any, c: dict[str, Any]) -> tuple[Any, Any]:
        """The mean, and its rows that the gradient has."""
        kept = state.assign(slot, slot * c["rho"], use_locking=self._use_locking)
        with scopes.control_dependencies([kept]):
            mean = self._resource_scatter_add(slot, indices, new)
            return mean, gather(mean, indices)

    def _resource_apply_sparse(
        self, grad: Any, var: Any, indices: Any, apply_state: Any = None
    ) -> Any:
        c = self._coefficients(var, apply_state)
        if self._momentum:
            kind, inputs = self._with_momentum(var, c)
            inputs += [grad, indices]
            return apply(f"ResourceSparseApply{kind}", *inputs, use_locking=self._use_locking)
        new = grad * grad * c["one_minus_rho"]
        means, spread = self._mean_rows(self.get_slot(var, "rms"), indices, new, c)
        done = [means]
        if self.centered:
            new = grad * c["one_minus_rho"]
            means, rows = self._mean_rows(self.get_slot(var, "mg"), indices, new, c)
            spread = spread - square(rows)
            done.append(means)
        step = c["neg_lr_t"] * grad / (sqrt(spread) + c["epsilon"])
        return group(self._resource_scatter_add(var, indices, step), *done)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this optimizer again, with the present values."""
        return {
            **super().get_config(),
            "learning_rate": self._serialize_hyperparameter("learning_rate"),
            "decay": self._serialize_hyperparameter("decay"),
            "rho": self._serialize_hyperparameter("rho"),
            "momentum": self._serialize_hyperparameter("momentum"),
            "epsilon": self.epsilon,
            "centered": self.centered,
        }
