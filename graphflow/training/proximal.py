"""Gradient descent and Adagrad with the penalties l1 and l2 applied to the result of each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.constant import constant
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.training.optimizer import Optimizer, cast_to, parameter


class _Proximal(Optimizer):
    """What the two have in common: rate, l1 and l2."""

    def __init__(
        self, learning_rate: Any, l1: float, l2: float, use_locking: bool, name: str
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._l1_regularization_strength = l1
        self._l2_regularization_strength = l2

    def _prepare(self) -> None:
        self._numbers = [
            parameter(self._learning_rate, "learning_rate"),
            parameter(self._l1_regularization_strength, "l1_regularization_strength"),
            parameter(self._l2_regularization_strength, "l2_regularization_strength"),
        ]

    def _cells(self, var: Any) -> list[Any]:
        return [var]

    def _update_of(self, prefix: str, cells: list[Any], *inputs: Any) -> Any:
        op_type = f"{prefix}Apply{type(self).__name__.removesuffix('Optimizer')}"
        return apply(op_type, *cells, *inputs, use_locking=self._use_locking)

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        return self._update_of("", self._cells(var), *cast_to(self._numbers, var.dtype), grad)

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        cells = [c.handle for c in self._cells(handle)]
        numbers = cast_to(self._numbers, grad.dtype)
        return self._update_of("Resource", cells, *numbers, grad)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        cells, numbers = self._cells(var), cast_to(self._numbers, var.dtype)
        return self._update_of("Sparse", cells, *numbers, grad.values, grad.indices)

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        cells = [c.handle for c in self._cells(handle)]
        numbers = cast_to(self._numbers, grad.dtype)
        return self._update_of("ResourceSparse", cells, *numbers, grad, indices)


@export("train.ProximalGradientDescentOptimizer")
class ProximalGradientDescentOptimizer(_Proximal):
    """Gradient descent; after each step weights shrink, small ones to zero.

    Args:
        learning_rate: a number or a tensor.
        l1_regularization_strength: at least 0.
        l2_regularization_strength: at least 0.
        use_locking: kept for TensorFlow's sake.
        name: the name scope of the updates.

    Source:
        Duchi and Singer 2009, http://papers.nips.cc/paper/3793
    """

    def __init__(
        self,
        learning_rate: Any,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "ProximalGradientDescent",
    ) -> None:
        penalties = l1_regularization_strength, l2_regularization_strength
        super().__init__(learning_rate, *penalties, use_locking, name)


@export("train.ProximalAdagradOptimizer")
class ProximalAdagradOptimizer(_Proximal):
    """Adagrad; after each step weights shrink, small ones to zero.

    Args:
        learning_rate: a number or a tensor.
        initial_accumulator_value: what the sum of squares starts with; above 0.
        l1_regularization_strength: at least 0.
        l2_regularization_strength: at least 0.
        use_locking: kept for TensorFlow's sake.
        name: the name scope of the updates, and of the slots.

    Raises:
        ValueError: if `initial_accumulator_value` is not positive.

    Source:
        Duchi and Singer 2009, http://papers.nips.cc/paper/3793
    """

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "ProximalAdagrad",
    ) -> None:
        if initial_accumulator_value <= 0.0:
            raise ValueError(
                f"initial_accumulator_value must be positive: {initial_accumulator_value}"
            )
        penalties = l1_regularization_strength, l2_regularization_strength
        super().__init__(learning_rate, *penalties, use_locking, name)
        self._initial_accumulator_value = initial_accumulator_value

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for v in var_list:
            with scopes.colocate_with(v):
                start = constant(
                    self._initial_accumulator_value, shape=v.get_shape(), dtype=v.dtype.base_dtype
                )
            self._get_or_make_slot(v, start, "accumulator", self._name)

    def _cells(self, var: Any) -> list[Any]:
        return [var, self.get_slot(var, "accumulator")]
