"""Adam: momentum, scaled by the size of recent gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops import state
from graphflow.ops.cast import cast
from graphflow.ops.control_ops import group
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.ops.powers import sqrt
from graphflow.ops.state_scatter import scatter_add
from graphflow.training.optimizer import Optimizer, cast_to, parameter


@export("train.AdamOptimizer")
class AdamOptimizer(Optimizer):
    """Keeps the mean `m` and the mean square `v` of recent gradients; steps by `m / sqrt(v)`.

    Args:
        learning_rate: a number, a tensor, or a function that returns one.
        beta1: how much of `m` is kept in each step.
        beta2: how much of `v` is kept in each step.
        epsilon: added to `sqrt(v)`; larger values (0.1, 1) make steps more careful.
        use_locking: kept for TensorFlow's sake.
        name: the name scope of the updates, and of the slots.

    Note:
        Of a sparse gradient all rows of `m` and `v` decay and all rows of the variable move, not
        only those that were looked up.

    Source:
        Kingma and Ba 2014, https://arxiv.org/abs/1412.6980; `epsilon` is the paper's epsilon-hat.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adam",
    ) -> None:
        super().__init__(use_locking, name)
        self._lr = learning_rate
        self._beta1 = beta1
        self._beta2 = beta2
        self._epsilon = epsilon

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        first = min(var_list, key=lambda v: v.name)
        self._create_non_slot_variable(self._beta1, "beta1_power", first)
        self._create_non_slot_variable(self._beta2, "beta2_power", first)
        for v in var_list:
            self._zeros_slot(v, "m", self._name)
            self._zeros_slot(v, "v", self._name)

    def _prepare(self) -> None:
        self._lr_t = parameter(self._lr, "learning_rate")
        self._beta1_t = parameter(self._beta1, "beta1")
        self._beta2_t = parameter(self._beta2, "beta2")
        self._epsilon_t = parameter(self._epsilon, "epsilon")

    def _get_beta_accumulators(self) -> tuple[Any, Any]:
        graph = scopes.get_default_graph()
        return (
            self._get_non_slot_variable("beta1_power", graph),
            self._get_non_slot_variable("beta2_power", graph),
        )

    def _numbers(self, dtype: Any) -> list[Any]:
        """beta1_power, beta2_power, lr, beta1, beta2, epsilon in the variable's type."""
        powers = self._get_beta_accumulators()
        rest = (self._lr_t, self._beta1_t, self._beta2_t, self._epsilon_t)
        return cast_to([*powers, *rest], dtype)

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        cells = var, self.get_slot(var, "m"), self.get_slot(var, "v")
        numbers = self._numbers(var.dtype)
        return apply("ApplyAdam", *cells, *numbers, grad, use_locking=self._use_locking).op

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        m, v = self.get_slot(handle, "m"), self.get_slot(handle, "v")
        cells = handle.handle, m.handle, v.handle
        numbers = self._numbers(grad.dtype)
        return apply("ResourceApplyAdam", *cells, *numbers, grad, use_locking=self._use_locking)

    def _apply_rows(
        self,
        grad: Tensor,
        var: Any,
        indices: Tensor,
        add_rows: Callable[[Any, Tensor, Tensor], Any],
    ) -> Any:
        dtype = var.dtype.base_dtype
        beta1_power, beta2_power, lr, beta1, beta2, epsilon = (
            cast(x, dtype)
            for x in (
                *self._get_beta_accumulators(), self._lr_t, self._beta1_t, self._beta2_t,
                self._epsilon_t,
            )
        )  # fmt: skip
        rate = lr * sqrt(1 - beta2_power) / (1 - beta1_power)
        m = self.get_slot(var, "m")
        m_rows = grad * (1 - beta1)
        m_t = state.assign(m, m * beta1, use_locking=self._use_locking)
        with scopes.control_dependencies([m_t]):
            m_t = add_rows(m, indices, m_rows)
        v = self.get_slot(var, "v")
        v_rows = grad * grad * (1 - beta2)
        v_t = state.assign(v, v * beta2, use_locking=self._use_locking)
        with scopes.control_dependencies([v_t]):
            v_t = add_rows(v, indices, v_rows)
        v_sqrt = sqrt(v_t)
        step = rate * m_t / (v_sqrt + epsilon)
        update = state.assign_sub(var, step, use_locking=self._use_locking)
        return group(update, m_t, v_t)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        def add_rows(slot: Any, indices: Tensor, rows: Tensor) -> Any:
            return scatter_add(slot, indices, rows, use_locking=self._use_locking)

        return self._apply_rows(grad.values, var, grad.indices, add_rows)

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        def add_rows(slot: Any, indices: Tensor, rows: Tensor) -> Any:
            with scopes.control_dependencies(
                [apply("ResourceScatterAdd", slot.handle, indices, rows)]
            ):
                return slot.value()

        return self._apply_rows(grad, handle, indices, add_rows)

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        with scopes.control_dependencies(update_ops):
            beta1_power, beta2_power = self._get_beta_accumulators()
            with scopes.colocate_with(beta1_power):
                updates = [
                    beta1_power.assign(beta1_power * self._beta1_t, use_locking=self._use_locking),
                    beta2_power.assign(beta2_power * self._beta2_t, use_locking=self._use_locking),
                ]
        return group(*update_ops, *updates, name=name_scope)
