"""FTRL-proximal: sparse linear models, trained one example after the other."""

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


def _not_negative(name: str, value: float) -> None:
    if value < 0.0:
        raise ValueError(f"{name} {value:f} needs to be positive or zero")


@export("train.FtrlOptimizer")
class FtrlOptimizer(Optimizer):
    """Follows the regularized leader: many weights stay exactly zero.

    Args:
        learning_rate: a number or a tensor.
        learning_rate_power: how the rate falls with the gradients seen; at most 0; 0: it does not.
        initial_accumulator_value: what the sum of squares starts with; at least 0.
        l1_regularization_strength: at least 0.
        l2_regularization_strength: at least 0.
        use_locking: kept for TensorFlow's sake.
        name: the name scope of the updates, and of the slots.
        accum_name: the name of the sum of squares; None: `name`.
        linear_name: the name of the sum of gradients; None: `name`.
        l2_shrinkage_regularization_strength: a penalty that does not change with the rate.

    Raises:
        ValueError: if a number is outside of its range.

    Source:
        McMahan et al. 2013, https://www.eecs.tufts.edu/~dsculley/papers/ad-click-prediction.pdf
    """

    def __init__(
        self,
        learning_rate: Any,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "Ftrl",
        accum_name: str | None = None,
        linear_name: str | None = None,
        l2_shrinkage_regularization_strength: float = 0.0,
    ) -> None:
        super().__init__(use_locking, name)
        _not_negative("initial_accumulator_value", initial_accumulator_value)
        if learning_rate_power > 0.0:
            raise ValueError(
                f"learning_rate_power {learning_rate_power:f} needs to be negative or zero"
            )
        _not_negative("l1_regularization_strength", l1_regularization_strength)
        _not_negative("l2_regularization_strength", l2_regularization_strength)
        _not_negative("l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength)
        self._learning_rate = learning_rate
        self._learning_rate_power = learning_rate_power
        self._initial_accumulator_value = initial_accumulator_value
        self._l1 = l1_regularization_strength
        self._l2 = l2_regularization_strength
        self._l2_shrinkage = l2_shrinkage_regularization_strength
        self._accum_name = accum_name
        self._linear_name = linear_name

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for v in var_list:
            with scopes.colocate_with(v):
                start = constant(
                    self._initial_accumulator_value, dtype=v.dtype.base_dtype, shape=v.get_shape()
                )
                self._get_or_make_slot(v, start, "accum", self._accum_name or self._name)
                self._zeros_slot(v, "linear", self._linear_name or self._name)

    def _prepare(self) -> None:
        rate = parameter(self._learning_rate, "learning_rate")
        l1 = parameter(self._l1, "l1_regularization_strength")
        l2 = parameter(self._l2, "l2_regularization_strength")
        shrinkage = parameter(self._l2_shrinkage, "l2_shrinkage_regularization_strength")
        power = parameter(self._learning_rate_power, "learning_rate_power")
        shrinks = self._l2_shrinkage > 0.0
        self._parameters = [rate, l1, l2, shrinkage, power] if shrinks else [rate, l1, l2, power]

    def _op_type(self, prefix: str) -> str:
        return f"{prefix}ApplyFtrl{'V2' if self._l2_shrinkage > 0.0 else ''}"

    def _cells(self, var: Any) -> list[Any]:
        return [var, self.get_slot(var, "accum"), self.get_slot(var, "linear")]

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        inputs = *self._cells(var), grad, *cast_to(self._parameters, var.dtype)
        return apply(self._op_type(""), *inputs, use_locking=self._use_locking)

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        cells = [c.handle for c in self._cells(handle)]
        inputs = *cells, grad, *cast_to(self._parameters, handle.dtype)
        return apply(self._op_type("Resource"), *inputs, use_locking=self._use_locking)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        rows = grad.values, grad.indices
        inputs = *self._cells(var), *rows, *cast_to(self._parameters, var.dtype)
        return apply(self._op_type("Sparse"), *inputs, use_locking=self._use_locking)

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        cells = [c.handle for c in self._cells(handle)]
        inputs = *cells, grad, indices, *cast_to(self._parameters, grad.dtype)
        return apply(self._op_type("ResourceSparse"), *inputs, use_locking=self._use_locking)
