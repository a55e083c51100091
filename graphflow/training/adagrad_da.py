"""Adagrad with dual averaging: for sparse linear models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import int64
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.ops.constant import constant
from graphflow.ops.identity import identity
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.training.optimizer import Optimizer, cast_to, parameter


@export("train.AdagradDAOptimizer")
class AdagradDAOptimizer(Optimizer):
    """Sums up gradients and their squares; the weights follow from the sums, l1 and l2.

    Args:
        learning_rate: a number or a tensor.
        global_step: the variable that counts the steps, from 1 on in the first.
        initial_gradient_squared_accumulator_value: what the sum of squares starts with; above 0.
        l1_regularization_strength: at least 0.
        l2_regularization_strength: at least 0.
        use_locking: kept for TensorFlow's sake.
        name: the name scope of the updates, and of the slots.

    Raises:
        ValueError: if the initial value is not positive.

    Source:
        Duchi et al. 2011, http://www.jmlr.org/papers/volume12/duchi11a/duchi11a.pdf
    """

    def __init__(
        self,
        learning_rate: Any,
        global_step: Any,
        initial_gradient_squared_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "AdagradDA",
    ) -> None:
        if initial_gradient_squared_accumulator_value <= 0.0:
            raise ValueError(
                "initial_gradient_squared_accumulator_value must be positive: "
                f"{initial_gradient_squared_accumulator_value}"
            )
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._start = initial_gradient_squared_accumulator_value
        self._penalties = l1_regularization_strength, l2_regularization_strength
        self._global_step = global_step
        self._global_step_on_worker: Any = None

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for v in var_list:
            with scopes.colocate_with(v):
                dtype, shape = v.dtype.base_dtype, v.get_shape()
                total = constant(0.0, dtype=dtype, shape=shape)
                squares = constant(self._start, dtype=dtype, shape=shape)
            self._get_or_make_slot(v, total, "gradient_accumulator", self._name)
            self._get_or_make_slot(v, squares, "gradient_squared_accumulator", self._name)

    def _prepare(self) -> None:
        self._learning_rate_tensor = parameter(self._learning_rate, "learning_rate")
        with scopes.colocate_with(self._learning_rate_tensor):
            self._global_step_on_worker = identity(self._global_step) + 1

    def _cells(self, var: Any) -> list[Any]:
        names = "gradient_accumulator", "gradient_squared_accumulator"
        return [var, *(self.get_slot(var, name) for name in names)]

    def _numbers(self, dtype: Any) -> list[Any]:
        step = identity(self._global_step_on_worker)
        rest = [self._learning_rate_tensor, *self._penalties]
        return [*cast_to(rest, dtype), cast(step, int64)]

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        inputs = *self._cells(var), grad, *self._numbers(var.dtype)
        return apply("ApplyAdagradDA", *inputs, use_locking=self._use_locking)

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        cells = [c.handle for c in self._cells(handle)]
        inputs = *cells, grad, *self._numbers(grad.dtype)
        return apply("ResourceApplyAdagradDA", *inputs, use_locking=self._use_locking)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        rows = grad.values, grad.indices
        inputs = *self._cells(var), *rows, *self._numbers(var.dtype)
        return apply("SparseApplyAdagradDA", *inputs, use_locking=self._use_locking)

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        cells = [c.handle for c in self._cells(handle)]
        inputs = *cells, grad, indices, *self._numbers(grad.dtype)
        return apply("ResourceSparseApplyAdagradDA", *inputs, use_locking=self._use_locking)
