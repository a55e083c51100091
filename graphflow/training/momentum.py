"""Gradient descent with momentum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.training.optimizer import Optimizer, cast_to, parameter


@export("train.MomentumOptimizer")
class MomentumOptimizer(Optimizer):
    """`accum = momentum * accum + gradient`, then `var -= learning_rate * accum`.

    Args:
        learning_rate: a number, a tensor, or a function that returns one.
        momentum: the same: how much of the last step is kept.
        use_locking: kept for TensorFlow's sake.
        name: the name scope of the updates, and of the slots.
        use_nesterov: looks ahead by one step of the momentum.

    Source:
        Sutskever et al. 2013, http://proceedings.mlr.press/v28/sutskever13.html
    """

    def __init__(
        self,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._momentum = momentum
        self._use_nesterov = use_nesterov

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for v in var_list:
            self._zeros_slot(v, "momentum", self._name)

    def _prepare(self) -> None:
        self._learning_rate_tensor = parameter(self._learning_rate, "learning_rate")
        self._momentum_tensor = parameter(self._momentum, "momentum")

    def _options(self) -> dict[str, Any]:
        return {"use_locking": self._use_locking, "use_nesterov": self._use_nesterov}

    def _numbers(self, dtype: Any) -> list[Tensor]:
        return cast_to([self._learning_rate_tensor, self._momentum_tensor], dtype)

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        slot = self.get_slot(var, "momentum")
        rate, momentum = self._numbers(var.dtype)
        return apply("ApplyMomentum", var, slot, rate, grad, momentum, **self._options()).op

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        slot = self.get_slot(handle, "momentum")
        rate, momentum = self._numbers(grad.dtype)
        cells = handle.handle, slot.handle
        return apply("ResourceApplyMomentum", *cells, rate, grad, momentum, **self._options())

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        slot = self.get_slot(var, "momentum")
        rate, momentum = self._numbers(var.dtype)
        rows = grad.values, grad.indices
        return apply("SparseApplyMomentum", var, slot, rate, *rows, momentum, **self._options()).op

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        slot = self.get_slot(handle, "momentum")
        rate, momentum = self._numbers(grad.dtype)
        inputs = handle.handle, slot.handle, rate, grad, indices, momentum
        return apply("ResourceSparseApplyMomentum", *inputs, **self._options())
