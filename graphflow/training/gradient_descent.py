"""Plain gradient descent."""

from __future__ import annotations

from typing import Any

from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.training.optimizer import Optimizer, parameter


@export("train.GradientDescentOptimizer")
class GradientDescentOptimizer(Optimizer):
    """Subtracts `learning_rate * gradient`.

    Args:
        learning_rate: a number, a tensor, or a function that returns one.
        use_locking: kept for TensorFlow's sake.
        name: the name scope of the updates.
    """

    def __init__(
        self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent"
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._learning_rate_tensor: Any = None

    def _prepare(self) -> None:
        self._learning_rate_tensor = parameter(self._learning_rate, "learning_rate")

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        rate = cast(self._learning_rate_tensor, var.dtype.base_dtype)
        return apply("ApplyGradientDescent", var, rate, grad, use_locking=self._use_locking).op

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        rate = cast(self._learning_rate_tensor, grad.dtype.base_dtype)
        return apply(
            "ResourceApplyGradientDescent",
            handle.handle,
            rate,
            grad,
            use_locking=self._use_locking,
        )

    # Rows that come more than once are subtracted one after the other: no sum is needed before.
    def _apply_sparse_duplicate_indices(self, grad: IndexedSlices, var: Any) -> Any:
        rate = cast(self._learning_rate_tensor, var.dtype.base_dtype)
        delta = IndexedSlices(grad.values * rate, grad.indices, grad.dense_shape)
        return var.scatter_sub(delta, use_locking=self._use_locking)

    def _resource_apply_sparse_duplicate_indices(
        self, grad: Tensor, handle: Any, indices: Tensor
    ) -> Any:
        return apply("ResourceScatterAdd", handle.handle, indices, -grad * self._learning_rate)
