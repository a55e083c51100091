"""RMSProp: gradients divided by their recent size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.fill import ones, ones_like
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.training.optimizer import Optimizer, cast_to, parameter


def _ones(shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
    found: Tensor = ones(shape, dtype)
    return found


@export("train.RMSPropOptimizer")
class RMSPropOptimizer(Optimizer):
    """Keeps the mean square of recent gradients and divides by its root, with momentum.

    Args:
        learning_rate: a number, a tensor, or a function that returns one.
        decay: how much of the mean square is kept in each step.
        momentum: how much of the last step is kept.
        epsilon: added to the mean square.
        use_locking: kept for TensorFlow's sake.
        centered: subtracts the square of the mean: divides by the recent deviation.
        name: the name scope of the updates, and of the slots.

    Note:
        The mean square starts with 1, not with 0, as in TensorFlow.

    Source:
        Tieleman and Hinton 2012, lecture 6 of "Neural Networks for Machine Learning".
    """

    def __init__(
        self,
        learning_rate: Any,
        decay: Any = 0.9,
        momentum: Any = 0.0,
        epsilon: Any = 1e-10,
        use_locking: bool = False,
        centered: bool = False,
        name: str = "RMSProp",
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._decay = decay
        self._momentum = momentum
        self._epsilon = epsilon
        self._centered = centered

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for v in var_list:
            dtype, shape = v.dtype.base_dtype, v.get_shape()
            start: Any = _ones if shape.is_fully_defined() else ones_like(v)
            self._get_or_make_slot_with_initializer(v, start, shape, dtype, "rms", self._name)
            if self._centered:
                self._zeros_slot(v, "mg", self._name)
            self._zeros_slot(v, "momentum", self._name)

    def _prepare(self) -> None:
        self._learning_rate_tensor = parameter(self._learning_rate, "learning_rate")
        self._decay_tensor = parameter(self._decay, "decay")
        self._momentum_tensor = parameter(self._momentum, "momentum")
        self._epsilon_tensor = parameter(self._epsilon, "epsilon")

    def _numbers(self, dtype: Any) -> list[Tensor]:
        return cast_to(
            [
                self._learning_rate_tensor,
                self._decay_tensor,
                self._momentum_tensor,
                self._epsilon_tensor,
            ],
            dtype,
        )

    def _cells(self, var: Any) -> list[Any]:
        kept = [self.get_slot(var, "rms"), self.get_slot(var, "momentum")]
        return [var, self.get_slot(var, "mg"), *kept] if self._centered else [var, *kept]

    def _op_type(self, prefix: str) -> str:
        return f"{prefix}Apply{'Centered' if self._centered else ''}RMSProp"

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        inputs = *self._cells(var), *self._numbers(var.dtype), grad
        return apply(self._op_type(""), *inputs, use_locking=self._use_locking).op

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        cells = [c.handle for c in self._cells(handle)]
        inputs = *cells, *self._numbers(grad.dtype), grad
        return apply(self._op_type("Resource"), *inputs, use_locking=self._use_locking)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        inputs = *self._cells(var), *self._numbers(var.dtype), grad.values, grad.indices
        return apply(self._op_type("Sparse"), *inputs, use_locking=self._use_locking)

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        cells = [c.handle for c in self._cells(handle)]
        inputs = *cells, *self._numbers(grad.dtype), grad, indices
        return apply(self._op_type("ResourceSparse"), *inputs, use_locking=self._use_locking)
