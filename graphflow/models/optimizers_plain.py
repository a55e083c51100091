"""Keras' optimizers that step by the gradient, with or without momentum, and Ftrl."""

from __future__ import annotations

from typing import Any

from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.models.optimizers_base import OptimizerV2
from graphflow.nets.initializers import Constant
from graphflow.ops.cast import cast
from graphflow.ops.identity import identity


def has_momentum(momentum: Any) -> bool:
    """Whether an optimizer needs slots for momentum.

    Raises:
        ValueError: if it is a number that is not in [0, 1].
    """
    if isinstance(momentum, Tensor) or callable(momentum):
        return True
    wanted = bool(momentum > 0)
    if isinstance(momentum, int | float) and not 0 <= momentum <= 1:
        raise ValueError("`momentum` must be between [0, 1].")
    return wanted


@export("keras.optimizers.SGD")
class SGD(OptimizerV2):
    """Steps by the gradient, times a learning rate; with momentum by a mean of past steps.

    Args:
        learning_rate: a number, a tensor, a schedule, or a function that returns one.
        momentum: how much of the last step is taken again, in [0, 1].
        nesterov: whether the gradient counts as that after the step.
        name: the name scope of the variables and updates.
        **kwargs: as `Optimizer`.

    Raises:
        ValueError: if the momentum is out of range.
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: Any = 0.0,
        nesterov: bool = False,
        name: str = "SGD",
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self._set_hyper("learning_rate", kwargs.get("lr", learning_rate))
        self._set_hyper("decay", self._initial_decay)
        self._momentum = has_momentum(momentum)
        self._set_hyper("momentum", momentum)
        self.nesterov = nesterov

    def _create_slots(self, var_list: Any) -> None:
        if self._momentum:
            for var in var_list:
                self.add_slot(var, "momentum")

    def _prepare_local(self, var_device: Any, var_dtype: Any, apply_state: Any) -> None:
        super()._prepare_local(var_device, var_dtype, apply_state)
        momentum = identity(self._get_hyper("momentum", var_dtype))
        apply_state[var_device, var_dtype]["momentum"] = momentum

    def _resource_apply_dense(self, grad: Any, var: Any, apply_state: Any = None) -> Any:
        c = self._coefficients(var, apply_state)
        locking: dict[str, Any] = {"use_locking": self._use_locking}
        if not self._momentum:
            return apply("ResourceApplyGradientDescent", var.handle, c["lr_t"], grad, **locking)
        slot = self.get_slot(var, "momentum").handle
        return apply(
            "ResourceApplyKerasMomentum",
            *(var.handle, slot, c["lr_t"], grad, c["momentum"]),
            use_nesterov=self.nesterov,
            **locking,
        )

    def _resource_apply_sparse_duplicate_indices(
        self, grad: Any, var: Any, indices: Any, **kwargs: Any
    ) -> Any:
        if self._momentum:
            return super()._resource_apply_sparse_duplicate_indices(grad, var, indices, **kwargs)
        c = self._coefficients(var, kwargs.get("apply_state"))
        return apply("ResourceScatterAdd", var.handle, indices, -grad * c["lr_t"])

    def _resource_apply_sparse(
        self, grad: Any, var: Any, indices: Any, apply_state: Any = None
    ) -> Any:
        c = self._coefficients(var, apply_state)
        slot = self.get_slot(var, "momentum").handle
        return apply(
            "ResourceSparseApplyKerasMomentum",
            *(var.handle, slot, c["lr_t"], grad, indices, c["momentum"]),
            use_nesterov=self.nesterov,
            use_locking=self._use_locking,
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this optimizer again, with the present values."""
        return {
            **super().get_config(),
            "learning_rate": self._serialize_hyperparameter("learning_rate"),
            "decay": self._serialize_hyperparameter("decay"),
            "momentum": self._serialize_hyperparameter("momentum"),
            "nesterov": self.nesterov,
        }


@export("keras.optimizers.Ftrl")
class Ftrl(OptimizerV2):
    """Follows the regularized leader: keeps weights at zero that matter little.

    Args:
        learning_rate: a number, a tensor, a schedule, or a function that returns one.
        learning_rate_power: how the learning rate falls with the sum of squares; 0: not at all.
        initial_accumulator_value: where the sums of squares start.
        l1_regularization_strength: the factor of the absolute values.
        l2_regularization_strength: the factor of the squares.
        name: the name scope of the variables and updates.
        l2_shrinkage_regularization_strength: as the one before, but on the gradients only.
        **kwargs: as `Optimizer`.

    Raises:
        ValueError: if a number has the wrong sign.

    Source:
        McMahan et al. 2013, "Ad click prediction: a view from the trenches".
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: Any = -0.5,
        initial_accumulator_value: Any = 0.1,
        l1_regularization_strength: Any = 0.0,
        l2_regularization_strength: Any = 0.0,
        name: str = "Ftrl",
        l2_shrinkage_regularization_strength: Any = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        _check_sign("initial_accumulator_value", initial_accumulator_value, "positive")
        _check_sign("learning_rate_power", learning_rate_power, "negative")
        _check_sign("l1_regularization_strength", l1_regularization_strength, "positive")
        _check_sign("l2_regularization_strength", l2_regularization_strength, "positive")
        _check_sign(
            "l2_shrinkage_regularization_strength",
            l2_shrinkage_regularization_strength,
            "positive",
        )
        self._set_hyper("learning_rate", learning_rate)
        self._set_hyper("decay", self._initial_decay)
        self._set_hyper("learning_rate_power", learning_rate_power)
        self._set_hyper("l1_regularization_strength", l1_regularization_strength)
        self._set_hyper("l2_regularization_strength", l2_regularization_strength)
        self._initial_accumulator_value = initial_accumulator_value
        self._l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength

    def _create_slots(self, var_list: Any) -> None:
        for var in var_list:
            start = Constant(self._initial_accumulator_value, var.dtype.base_dtype)
            self.add_slot(var, "accumulator", start)
            self.add_slot(var, "linear")

    def _prepare_local(self, var_device: Any, var_dtype: Any, apply_state: Any) -> None:
        super()._prepare_local(var_device, var_dtype, apply_state)
        state = apply_state[var_device, var_dtype]
        for name in (
            "learning_rate_power", "l1_regularization_strength", "l2_regularization_strength",
        ):  # fmt: skip
            state[name] = identity(self._get_hyper(name, var_dtype))
        state["shrinkage"] = cast(self._l2_shrinkage_regularization_strength, var_dtype)

    def _inputs(self, var: Any, grads: tuple[Any, ...], state: Any) -> tuple[str, list[Any]]:
        """The end of the operation's name, and its inputs."""
        c = self._coefficients(var, state)
        cells = [self.get_slot(var, name).handle for name in ("accumulator", "linear")]
        rates = [c["lr_t"], c["l1_regularization_strength"], c["l2_regularization_strength"]]
        version = ""
        if self._l2_shrinkage_regularization_strength > 0.0:
            version = "V2"
            rates.append(c["shrinkage"])
        return version, [var.handle, *cells, *grads, *rates, c["learning_rate_power"]]

    def _resource_apply_dense(self, grad: Any, var: Any, apply_state: Any = None) -> Any:
        version, inputs = self._inputs(var, (grad,), apply_state)
        return apply(f"ResourceApplyFtrl{version}", *inputs, use_locking=self._use_locking)

    def _resource_apply_sparse(
        self, grad: Any, var: Any, indices: Any, apply_state: Any = None
    ) -> Any:
        version, inputs = self._inputs(var, (grad, indices), apply_state)
        return apply(f"ResourceSparseApplyFtrl{version}", *inputs, use_locking=self._use_locking)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this optimizer again, with the present values."""
        return {
            **super().get_config(),
            "learning_rate": self._serialize_hyperparameter("learning_rate"),
            "decay": self._serialize_hyperparameter("decay"),
            "initial_accumulator_value": self._initial_accumulator_value,
            "learning_rate_power": self._serialize_hyperparameter("learning_rate_power"),
            "l1_regularization_strength": self._serialize_hyperparameter(
                "l1_regularization_strength"
            ),
            "l2_regularization_strength": self._serialize_hyperparameter(
                "l2_regularization_strength"
            ),
            "l2_shrinkage_regularization_strength": self._l2_shrinkage_regularization_strength,
        }


def _check_sign(name: str, value: Any, sign: str) -> None:
    if value < 0.0 if sign == "positive" else value > 0.0:
        raise ValueError(f"{name} {value:f} needs to be {sign} or zero")
