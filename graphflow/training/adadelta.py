"""Adadelta: steps of the size of recent steps, without a rate to tune."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.training.optimizer import Optimizer, cast_to, parameter


@export("train.AdadeltaOptimizer")
class AdadeltaOptimizer(Optimizer):
    """Divides by the recent size of gradients and multiplies by that of steps.

    Args:
        learning_rate: a number, a tensor, or a function that returns one; the paper's is 1.
        rho: how much of the mean squares is kept in each step.
        epsilon: added to the mean squares.
        use_locking: kept for TensorFlow's sake.
        name: the name scope of the updates, and of the slots.

    Source:
        Zeiler 2012, https://arxiv.org/abs/1212.5701
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: Any = 0.95,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adadelta",
    ) -> None:
        super().__init__(use_locking, name)
        self._lr = learning_rate
        self._rho = rho
        self._epsilon = epsilon

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for v in var_list:
            self._zeros_slot(v, "accum", self._name)
            self._zeros_slot(v, "accum_update", self._name)

    def _prepare(self) -> None:
        self._lr_t = parameter(self._lr, "lr")
        self._rho_t = parameter(self._rho, "rho")
        self._epsilon_t = parameter(self._epsilon, "epsilon")

    def _numbers(self, dtype: Any) -> list[Tensor]:
        return cast_to([self._lr_t, self._rho_t, self._epsilon_t], dtype)

    def _cells(self, var: Any) -> list[Any]:
        return [var, self.get_slot(var, "accum"), self.get_slot(var, "accum_update")]

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        inputs = *self._cells(var), *self._numbers(var.dtype), grad
        return apply("ApplyAdadelta", *inputs, use_locking=self._use_locking)

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        cells = [c.handle for c in self._cells(handle)]
        inputs = *cells, *self._numbers(grad.dtype), grad
        return apply("ResourceApplyAdadelta", *inputs, use_locking=self._use_locking)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        inputs = *self._cells(var), *self._numbers(var.dtype), grad.values, grad.indices
        return apply("SparseApplyAdadelta", *inputs, use_locking=self._use_locking)

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        cells = [c.handle for c in self._cells(handle)]
        inputs = *cells, *self._numbers(grad.dtype), grad, indices
        return apply("ResourceSparseApplyAdadelta", *inputs, use_locking=self._use_locking)
