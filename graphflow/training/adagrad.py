"""Adagrad: each element's step shrinks with the gradients it has seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphflow.core import convert
from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.ops.constant import constant
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.training.optimizer import Optimizer, parameter


def constant_start(value: Any) -> Callable[..., Tensor]:
    """An initializer of one number."""

    def start(shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        return constant(value, dtype=dtype, shape=shape)

    return start


@export("train.AdagradOptimizer")
class AdagradOptimizer(Optimizer):
    """`accum += gradient ** 2`, then `var -= learning_rate * gradient / sqrt(accum)`.

    Args:
        learning_rate: a number, a tensor, or a function that returns one.
        initial_accumulator_value: what `accum` starts with; above 0.
        use_locking: kept for TensorFlow's sake.
        name: the name scope of the updates, and of the slots.

    Raises:
        ValueError: if `initial_accumulator_value` is not positive.

    Source:
        Duchi et al. 2011, http://www.jmlr.org/papers/volume12/duchi11a/duchi11a.pdf
    """

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        use_locking: bool = False,
        name: str = "Adagrad",
    ) -> None:
        if initial_accumulator_value <= 0.0:
            raise ValueError(
                f"initial_accumulator_value must be positive: {initial_accumulator_value}"
            )
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._initial_accumulator_value = initial_accumulator_value

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for v in var_list:
            dtype, shape = v.dtype.base_dtype, v.get_shape()
            start: Any = constant_start(self._initial_accumulator_value)
            if not shape.is_fully_defined():
                start = self._filled(v, dtype)
            self._get_or_make_slot_with_initializer(
                v, start, shape, dtype, "accumulator", self._name
            )

    def _filled(self, v: Any, dtype: Any) -> Callable[[], Tensor]:
        def start() -> Tensor:
            value = convert.convert(self._initial_accumulator_value)
            made: Tensor = cast(apply("Fill", shape_of(v), value), dtype)
            return made

        return start

    def _prepare(self) -> None:
        self._learning_rate_tensor = parameter(self._learning_rate, "learning_rate")

    def _rate(self, dtype: Any) -> Any:
        return cast(self._learning_rate_tensor, dtype.base_dtype)

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        inputs = var, self.get_slot(var, "accumulator"), self._rate(var.dtype), grad
        return apply("ApplyAdagrad", *inputs, use_locking=self._use_locking)

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        slot = self.get_slot(handle, "accumulator").handle
        inputs = handle.handle, slot, self._rate(grad.dtype), grad
        return apply("ResourceApplyAdagrad", *inputs, use_locking=self._use_locking)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        cells = var, self.get_slot(var, "accumulator")
        inputs = *cells, self._rate(var.dtype), grad.values, grad.indices
        return apply("SparseApplyAdagrad", *inputs, use_locking=self._use_locking)

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        slot = self.get_slot(handle, "accumulator").handle
        inputs = handle.handle, slot, self._rate(grad.dtype), grad, indices
        return apply("ResourceSparseApplyAdagrad", *inputs, use_locking=self._use_locking)
