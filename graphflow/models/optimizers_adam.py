"""Keras' optimizers that keep a mean and a size of recent gradients: Adam, Adamax, Nadam."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import int64
from graphflow.core.export import export
from graphflow.models.optimizers_base import OptimizerV2, done
from graphflow.models.optimizers_schedules import LearningRateSchedule
from graphflow.nets import keras_state
from graphflow.ops import state
from graphflow.ops.cast import cast
from graphflow.ops.complex import abs as abs_
from graphflow.ops.control_ops import group
from graphflow.ops.fill import zeros
from graphflow.ops.gather import gather
from graphflow.ops.identity import identity
from graphflow.ops.powers import pow, sqrt, square


class _Moments(OptimizerV2):
    """What Adam and its kin have in common: two rates, `m` and `v`."""

    def _set_hypers(self, rate: Any, beta_1: Any, beta_2: Any, epsilon: Any) -> None:
        self._set_hyper("learning_rate", rate)
        self._set_hyper("decay", self._initial_decay)
        self._set_hyper("beta_1", beta_1)
        self._set_hyper("beta_2", beta_2)
        self.epsilon = epsilon or keras_state.epsilon()

    def _create_slots(self, var_list: Any) -> None:
        for name in ("m", "v"):
            for var in var_list:
                self.add_slot(var, name)

    def _add_to(self, slot: Any, rate: Any, indices: Any, rows: Any) -> Any:
        """A slot that decayed everywhere and has new rows."""
        kept = state.assign(slot, slot * rate, use_locking=self._use_locking)
        with scopes.control_dependencies([kept]):
            return self._resource_scatter_add(slot, indices, rows)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this optimizer again, with the present values."""
        return {
            **super().get_config(),
            "learning_rate": self._serialize_hyperparameter("learning_rate"),
            "decay": self._serialize_hyperparameter("decay"),
            "beta_1": self._serialize_hyperparameter("beta_1"),
            "beta_2": self._serialize_hyperparameter("beta_2"),
            "epsilon": self.epsilon,
        }


@export("keras.optimizers.Adam")
class Adam(_Moments):
    """Keeps the mean `m` and the mean square `v` of recent gradients; steps by `m / sqrt(v)`.

    Args:
        learning_rate: a number, a tensor, a schedule, or a function that returns one.
        beta_1: how much of `m` is kept in each step.
        beta_2: how much of `v` is kept in each step.
        epsilon: added to `sqrt(v)`; None: `tf.keras.backend.epsilon()`.
        amsgrad: whether the largest `v` so far takes the place of `v`.
        name: the name scope of the variables and updates.
        **kwargs: as `Optimizer`.

    Note:
        Of a sparse gradient all rows of `m` and `v` decay and all rows of the variable move.

    Source:
        Kingma and Ba 2014, arXiv:1412.6980; Reddi et al. 2018 (amsgrad).
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-7,
        amsgrad: bool = False,
        name: str = "Adam",
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self._set_hypers(kwargs.get("lr", learning_rate), beta_1, beta_2, epsilon)
        self.amsgrad = amsgrad

    def _create_slots(self, var_list: Any) -> None:
        super()._create_slots(var_list)
        if self.amsgrad:
            for var in var_list:
                self.add_slot(var, "vhat")

    def _prepare_local(self, var_device: Any, var_dtype: Any, apply_state: Any) -> None:
        super()._prepare_local(var_device, var_dtype, apply_state)
        held = apply_state[var_device, var_dtype]
        step = cast(self.iterations + 1, var_dtype)
        beta_1 = identity(self._get_hyper("beta_1", var_dtype))
        beta_2 = identity(self._get_hyper("beta_2", var_dtype))
        power_1, power_2 = pow(beta_1, step), pow(beta_2, step)
        held["lr"] = held["lr_t"] * (sqrt(1 - power_2) / (1 - power_1))
        held["epsilon"] = convert(self.epsilon, var_dtype)
        held.update(beta_1_t=beta_1, beta_1_power=power_1, one_minus_beta_1_t=1 - beta_1)
        held.update(beta_2_t=beta_2, beta_2_power=power_2, one_minus_beta_2_t=1 - beta_2)

    def set_weights(self, weights: Any) -> None:
        """Sets the values of the optimizer's variables.

        Args:
            weights: arrays in the order of `weights`; those of a `vhat` that an older Keras
                saved are left out.

        Raises:
            ValueError: if their number or shapes differ.
        """
        held = len(self.weights)
        if len(weights) == 3 * ((held - 1) // 2) + 1:
            weights = weights[:held]
        super().set_weights(weights)

    def _resource_apply_dense(self, grad: Any, var: Any, apply_state: Any = None) -> Any:
        c = self._coefficients(var, apply_state)
        names = ["m", "v", "vhat"] if self.amsgrad else ["m", "v"]
        cells = [self.get_slot(var, name).handle for name in names]
        numbers = [
            c[k]
            for k in ("beta_1_power", "beta_2_power", "lr_t", "beta_1_t", "beta_2_t", "epsilon")
        ]
        kind = "ResourceApplyAdamWithAmsgrad" if self.amsgrad else "ResourceApplyAdam"
        return apply(kind, var.handle, *cells, *numbers, grad, use_locking=self._use_locking)

    def _resource_apply_sparse(
        self, grad: Any, var: Any, indices: Any, apply_state: Any = None
    ) -> Any:
        c = self._coefficients(var, apply_state)
        rows = grad * c["one_minus_beta_1_t"]
        m_t = self._add_to(self.get_slot(var, "m"), c["beta_1_t"], indices, rows)
        rows = grad * grad * c["one_minus_beta_2_t"]
        v_t = self._add_to(self.get_slot(var, "v"), c["beta_2_t"], indices, rows)
        done, size = [m_t, v_t], v_t
        if self.amsgrad:
            slot = self.get_slot(var, "vhat")
            largest = apply("Maximum", slot, v_t)
            with scopes.control_dependencies([largest]):
                size = state.assign(slot, largest, use_locking=self._use_locking)
            done.append(size)
        root = sqrt(size)
        step = c["lr"] * m_t / (root + c["epsilon"])
        return group(state.assign_sub(var, step, use_locking=self._use_locking), *done)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this optimizer again, with the present values."""
        return {**super().get_config(), "amsgrad": self.amsgrad}


@export("keras.optimizers.Adamax")
class Adamax(_Moments):
    """As Adam, with the largest recent size of the gradient in the place of the mean square.

    Args:
        learning_rate: a number, a tensor, a schedule, or a function that returns one.
        beta_1: how much of the mean is kept in each step.
        beta_2: how much of the size is kept in each step.
        epsilon: added to the size; None: `tf.keras.backend.epsilon()`.
        name: the name scope of the variables and updates.
        **kwargs: as `Optimizer`.

    Source:
        Kingma and Ba 2014, arXiv:1412.6980, section 7.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-7,
        name: str = "Adamax",
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self._set_hypers(kwargs.get("lr", learning_rate), beta_1, beta_2, epsilon)

    def _prepare_local(self, var_device: Any, var_dtype: Any, apply_state: Any) -> None:
        super()._prepare_local(var_device, var_dtype, apply_state)
        held = apply_state[var_device, var_dtype]
        step = cast(self.iterations + 1, var_dtype)
        beta_1 = identity(self._get_hyper("beta_1", var_dtype))
        beta_2 = identity(self._get_hyper("beta_2", var_dtype))
        power = pow(beta_1, step)
        held["neg_scaled_lr"] = -held["lr_t"] / (1 - power)
        held["epsilon"] = convert(self.epsilon, var_dtype)
        held.update(beta_1_t=beta_1, beta_1_power=power, one_minus_beta_1_t=1 - beta_1)
        held.update(beta_2_t=beta_2, zero=zeros((), int64))

    def _resource_apply_dense(self, grad: Any, var: Any, apply_state: Any = None) -> Any:
        c = self._coefficients(var, apply_state)
        cells = [self.get_slot(var, name).handle for name in ("m", "v")]
        numbers = [c[k] for k in ("beta_1_power", "lr_t", "beta_1_t", "beta_2_t", "epsilon")]
        inputs = var.handle, *cells, *numbers, grad
        return apply("ResourceApplyAdaMax", *inputs, use_locking=self._use_locking)

    def _resource_apply_sparse(
        self, grad: Any, var: Any, indices: Any, apply_state: Any = None
    ) -> Any:
        c = self._coefficients(var, apply_state)
        m = self.get_slot(var, "m")
        m_rows = gather(m, indices, axis=c["zero"]) * c["beta_1_t"] + grad * c["one_minus_beta_1_t"]
        with scopes.control_dependencies([m_rows]):
            m_t = self._resource_scatter_update(m, indices, m_rows)
        v = self.get_slot(var, "v")
        kept = gather(v, indices, axis=c["zero"]) * c["beta_2_t"]
        v_rows = apply("Maximum", kept, abs_(grad))
        with scopes.control_dependencies([v_rows]):
            v_t = self._resource_scatter_update(v, indices, v_rows)
        step = c["neg_scaled_lr"] * (m_rows / (v_rows + c["epsilon"]))
        with scopes.control_dependencies([step]):
            update = self._resource_scatter_add(var, indices, step)
        return group(update, m_t, v_t)


@export("keras.optimizers.Nadam")
class Nadam(_Moments):
    """Adam with Nesterov's momentum, whose rate grows with the steps.

    Args:
        learning_rate: a number, a tensor, or a function that returns one.
        beta_1: how much of the mean is kept in each step, in the end.
        beta_2: how much of the mean square is kept in each step.
        epsilon: added to its root; None: `tf.keras.backend.epsilon()`.
        name: the name scope of the variables and updates.
        **kwargs: as `Optimizer`; `schedule_decay`, how fast the momentum grows (0.004).

    Raises:
        ValueError: if the learning rate is a schedule.

    Source:
        Dozat 2015, "Incorporating Nesterov momentum into Adam".
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-7,
        name: str = "Nadam",
        **kwargs: Any,
    ) -> None:
        kwargs["decay"] = kwargs.pop("schedule_decay", 0.004)
        learning_rate = kwargs.get("lr", learning_rate)
        if isinstance(learning_rate, LearningRateSchedule):
            raise ValueError(
                "The Nadam optimizer does not support tf.keras.optimizers.LearningRateSchedules "
                "as the learning rate."
            )
        super().__init__(name, **kwargs)
        self._set_hypers(learning_rate, beta_1, beta_2, epsilon)
        self._m_cache: Any = None

    def _create_slots(self, var_list: Any) -> None:
        if self._m_cache is None:
            self._m_cache = self.add_weight(
                "momentum_cache",
                shape=[],
                dtype=var_list[0].dtype.base_dtype,
                initializer="ones",
                trainable=False,
            )
            self._weights.append(self._m_cache)
        super()._create_slots(var_list)

    def _prepare(self, var_list: Any) -> dict[Any, dict[str, Any]]:
        # The old product is read once, before any update of this step can change it.
        self._m_cache_read = identity(self._m_cache)
        return super()._prepare(var_list)

    def _prepare_local(self, var_device: Any, var_dtype: Any, apply_state: Any) -> None:
        rate = identity(self._get_hyper("learning_rate", var_dtype))
        beta_1 = identity(self._get_hyper("beta_1", var_dtype))
        beta_2 = identity(self._get_hyper("beta_2", var_dtype))
        step = cast(self.iterations + 1, var_dtype)
        following = cast(self.iterations + 2, var_dtype)
        base = cast(0.96, var_dtype)
        now = beta_1 * (1.0 - 0.5 * pow(base, self._initial_decay * step))
        then = beta_1 * (1.0 - 0.5 * pow(base, self._initial_decay * following))
        product = cast(self._m_cache_read, var_dtype) * now
        if var_dtype is self._m_cache.dtype:
            kept = state.assign(self._m_cache, product, use_locking=self._use_locking)
            product = identity(kept)
        next_product = product * then
        apply_state[var_device, var_dtype] = {
            "lr_t": rate,
            "neg_lr_t": -rate,
            "epsilon": convert(self.epsilon, var_dtype),
            "beta_1_t": beta_1,
            "beta_2_t": beta_2,
            "m_t": now,
            "m_t_1": then,
            "one_minus_beta_1_t": 1 - beta_1,
            "one_minus_beta_2_t": 1 - beta_2,
            "one_minus_m_t": 1.0 - now,
            "one_minus_m_schedule_new": 1.0 - product,
            "one_minus_m_schedule_next": 1.0 - next_product,
            "v_t_prime_denominator": 1.0 - pow(beta_2, step),
        }

    def _resource_apply_dense(self, grad: Any, var: Any, apply_state: Any = None) -> Any:
        c = self._coefficients(var, apply_state)
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        fresh = grad / c["one_minus_m_schedule_new"]
        m_t = c["beta_1_t"] * m + c["one_minus_beta_1_t"] * grad
        m_t = state.assign(m, m_t, use_locking=self._use_locking)
        mean = m_t / c["one_minus_m_schedule_next"]
        v_t = c["beta_2_t"] * v + c["one_minus_beta_2_t"] * square(grad)
        v_t = state.assign(v, v_t, use_locking=self._use_locking)
        size = v_t / c["v_t_prime_denominator"]
        ahead = c["one_minus_m_t"] * fresh + c["m_t_1"] * mean
        changed = var - c["lr_t"] * ahead / (sqrt(size) + c["epsilon"])
        return done(state.assign(var, changed, use_locking=self._use_locking))

    def _add_rows(self, slot: Any, rate: Any, indices: Any, rows: Any) -> tuple[Any, Any]:
        """A slot that decayed everywhere and has new rows, and these rows of it."""
        kept = state.assign(slot, slot * rate, use_locking=self._use_locking)
        with scopes.control_dependencies([kept]):
            whole = self._resource_scatter_add(slot, indices, rows)
            return whole, gather(whole, indices)

    def _resource_apply_sparse(
        self, grad: Any, var: Any, indices: Any, apply_state: Any = None
    ) -> Any:
        c = self._coefficients(var, apply_state)
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        fresh = grad / c["one_minus_m_schedule_new"]
        rows = grad * c["one_minus_beta_1_t"]
        _, m_rows = self._add_rows(m, c["beta_1_t"], indices, rows)
        mean = m_rows / c["one_minus_m_schedule_next"]
        ahead = c["one_minus_m_t"] * fresh + c["m_t_1"] * mean
        rows = grad * grad * c["one_minus_beta_2_t"]
        v_t, v_rows = self._add_rows(v, c["beta_2_t"], indices, rows)
        size = v_rows / c["v_t_prime_denominator"]
        root = sqrt(size) + c["epsilon"]
        update = self._resource_scatter_add(var, indices, c["neg_lr_t"] * ahead / root)
        return group(update, ahead, v_t)
