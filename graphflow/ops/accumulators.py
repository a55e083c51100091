"""Conditional accumulators as users make them: gradients of several workers, taken together."""

from __future__ import annotations

from typing import Any

from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, int64
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.ops.indexed_slices import IndexedSlices


def _step(value: Any) -> Tensor:
    found: Tensor = cast(convert(value), int64)
    return found


@export("ConditionalAccumulatorBase")
class ConditionalAccumulatorBase:
    """What both kinds of accumulators share.

    Args:
        dtype: the type of the gradients.
        shape: their shape; None: unknown.
        accumulator_ref: the handle.
    """

    _prefix = "Resource"

    def __init__(self, dtype: Any, shape: Any, accumulator_ref: Tensor) -> None:
        self._dtype = dtype
        self._shape = TensorShape(shape)
        self._accumulator_ref = accumulator_ref
        self._name = accumulator_ref._node.split("/")[-1]

    @property
    def accumulator_ref(self) -> Tensor:
        """The handle."""
        return self._accumulator_ref

    @property
    def name(self) -> str:
        """The last part of the name of the operation that makes the accumulator."""
        return self._name

    @property
    def dtype(self) -> DType:
        """The type of the gradients."""
        return self._dtype  # type: ignore[no-any-return]  # what the maker gave

    def num_accumulated(self, name: str | None = None) -> Tensor:
        """An int32 scalar: the number of gradients since the last time that some were taken."""
        name = f"{self._name}_NumAccumulated" if name is None else name
        found: Tensor = apply(
            f"{self._prefix}AccumulatorNumAccumulated", self._accumulator_ref, name=name
        )
        return found

    def set_global_step(self, new_global_step: Any, name: str | None = None) -> Operation:
        """Returns an operation that sets the step: gradients of older ones are dropped then.

        Args:
            new_global_step: an integer scalar.
            name: the node's name.
        """
        step = _step(new_global_step)
        made: Operation = apply(
            f"{self._prefix}AccumulatorSetGlobalStep", self._accumulator_ref, step, name=name
        )
        return made


@export("ConditionalAccumulator")
class ConditionalAccumulator(ConditionalAccumulatorBase):
    """Adds up gradients until enough are there.

    Args:
        dtype: their type: float16, float32 or float64.
        shape: their shape; None: that of the first.
        shared_name: the name under which accumulators of one session are the same.
        name: the node's name.
        reduction_type: "MEAN" or "SUM": what is taken.
    """

    def __init__(
        self,
        dtype: Any,
        shape: Any = None,
        shared_name: str | None = None,
        name: str = "conditional_accumulator",
        reduction_type: str = "MEAN",
    ) -> None:
        made = apply(
            "ResourceConditionalAccumulator", dtype=dtype, shape=TensorShape(shape),
            shared_name=shared_name, reduction_type=reduction_type, name=name,
        )  # fmt: skip
        super().__init__(dtype, shape, made)

    def apply_grad(self, grad: Any, local_step: Any = 0, name: str | None = None) -> Operation:
        """Returns an operation that adds a gradient, if it is not too old.

        Args:
            grad: the gradient.
            local_step: the step that it was computed for.
            name: the node's name.

        Raises:
            ValueError: if its shape does not fit.
        """
        gradient = convert(grad, self._dtype)
        gradient.shape.assert_is_compatible_with(self._shape)
        made: Operation = apply(
            "ResourceAccumulatorApplyGradient", self._accumulator_ref, _step(local_step), gradient,
            name=name,
        )  # fmt: skip
        return made

    def take_grad(self, num_required: Any, name: str | None = None) -> Tensor:
        """Returns the mean or sum of what was added; the run waits until enough was.

        Args:
            num_required: how many gradients, an int32 scalar.
            name: the node's name.
        """
        found: Tensor = apply(
            "ResourceAccumulatorTakeGradient", self._accumulator_ref, num_required,
            dtype=self._dtype, name=name,
        )  # fmt: skip
        found.set_shape(self._shape)
        return found


@export("SparseConditionalAccumulator", "sparse.SparseConditionalAccumulator")
class SparseConditionalAccumulator(ConditionalAccumulatorBase):
    """Adds up gradients of rows until enough are there; each row is averaged on its own.

    Args:
        dtype: as in `ConditionalAccumulator`.
        shape: the shape of the whole; None: unknown.
        shared_name: as in `ConditionalAccumulator`.
        name: as in `ConditionalAccumulator`.
        reduction_type: as in `ConditionalAccumulator`.
    """

    _prefix = ""

    def __init__(
        self,
        dtype: Any,
        shape: Any = None,
        shared_name: str | None = None,
        name: str = "sparse_conditional_accumulator",
        reduction_type: str = "MEAN",
    ) -> None:
        made = apply(
            "SparseConditionalAccumulator", dtype=dtype, shape=TensorShape(shape),
            shared_name=shared_name, reduction_type=reduction_type, name=name,
        )  # fmt: skip
        super().__init__(dtype, shape, made)

    def apply_indexed_slices_grad(
        self, grad: IndexedSlices, local_step: Any = 0, name: str | None = None
    ) -> Operation:
        """As `apply_grad`, for IndexedSlices."""
        return self.apply_grad(grad.indices, grad.values, grad.dense_shape, local_step, name)

    def apply_grad(
        self,
        grad_indices: Any,
        grad_values: Any,
        grad_shape: Any = None,
        local_step: Any = 0,
        name: str | None = None,
    ) -> Operation:
        """Returns an operation that adds a gradient, if it is not too old.

        Args:
            grad_indices: the rows, sorted, [n].
            grad_values: their gradients, [n, ...].
            grad_shape: the shape of the whole; None: unknown.
            local_step: the step that it was computed for.
            name: the node's name.
        """
        step = _step(local_step)
        made: Operation = apply(
            "SparseAccumulatorApplyGradient", self._accumulator_ref, step,
            cast(grad_indices, int64), grad_values,
            cast([] if grad_shape is None else grad_shape, int64),
            has_known_shape=grad_shape is not None, name=name,
        )  # fmt: skip
        return made

    def take_grad(self, num_required: Any, name: str | None = None) -> Any:
        """Returns (indices, values, shape) of what was added; the run waits until enough was.

        Args:
            num_required: how many gradients, an int32 scalar.
            name: the node's name.
        """
        return apply(
            "SparseAccumulatorTakeGradient", self._accumulator_ref, num_required,
            dtype=self._dtype, name=name,
        )  # fmt: skip

    def take_indexed_slices_grad(self, num_required: Any, name: str | None = None) -> IndexedSlices:
        """As `take_grad`, as IndexedSlices."""
        found = self.take_grad(num_required, name)
        return IndexedSlices(found.values, found.indices, found.shape)
