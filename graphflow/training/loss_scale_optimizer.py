"""An optimizer around an optimizer, which scales the loss up and the gradients down again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from graphflow.core.export import export
from graphflow.ops.control_ops import group, no_op
from graphflow.ops.flow_cond import cond
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.training.loss_scale import DynamicLossScale, loss_scale_of
from graphflow.training.optimizer import Optimizer


@export("train.experimental.MixedPrecisionLossScaleOptimizer")
class MixedPrecisionLossScaleOptimizer(Optimizer):
    """Scales the loss of another optimizer; with a dynamic scale it leaves out bad steps.

    Args:
        opt: the optimizer inside.
        loss_scale: a `LossScale`, a number, or "dynamic".

    Raises:
        ValueError: if `opt` is no optimizer, or `loss_scale` none of these.
    """

    def __init__(self, opt: Any, loss_scale: Any) -> None:
        if not isinstance(opt, Optimizer):
            raise ValueError(f'"opt" must be an instance of Optimizer, but got: {type(opt)}')
        self._optimizer = opt
        super().__init__(opt._use_locking, opt.get_name())
        self._loss_scale = loss_scale_of(loss_scale)

    def compute_gradients(
        self,
        loss: Any,
        var_list: Any = None,
        gate_gradients: int = Optimizer.GATE_OP,
        aggregation_method: int | None = None,
        colocate_gradients_with_ops: bool = False,
        grad_loss: Any = None,
    ) -> list[tuple[Any, Any]]:
        """Returns (gradient, variable) for each variable, of the loss as it was given.

        Args:
            loss: what should get smaller, or a function that makes it.
            var_list: as `Optimizer.compute_gradients`; the others likewise.
            gate_gradients: see there.
            aggregation_method: see there.
            colocate_gradients_with_ops: see there.
            grad_loss: see there.
        """
        factor = self._loss_scale()
        pairs = self._optimizer.compute_gradients(
            (lambda: loss() * factor) if callable(loss) else loss * factor,
            var_list=var_list,
            gate_gradients=gate_gradients,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
            grad_loss=grad_loss,
        )
        back = 1 / self._loss_scale()
        return [(_scaled(g, back), v) for g, v in pairs]

    def apply_gradients(
        self, grads_and_vars: Iterable[tuple[Any, Any]], global_step: Any = None, name: Any = None
    ) -> Any:
        """Returns an operation that changes each variable, unless the loss scale says no.

        Args:
            grads_and_vars: pairs as `compute_gradients` returns them.
            global_step: a variable to increment after a step that was done.
            name: the operation's name; None: the optimizer's.
        """
        if not isinstance(self._loss_scale, DynamicLossScale):
            return self._optimizer.apply_gradients(grads_and_vars, global_step, name)
        pairs = tuple(grads_and_vars)
        name = self.get_name() if name is None else name
        update, good = self._loss_scale.update([g for g, _ in pairs])

        def step() -> Any:
            return self._optimizer.apply_gradients(pairs, global_step, f"{name}-wrapped")

        return group(cond(good, step, no_op), update, name=name)

    def _apply_dense(self, grad: Any, var: Any) -> NoReturn:
        raise RuntimeError("This function should never be called")

    def _apply_sparse(self, grad: Any, var: Any) -> NoReturn:
        raise RuntimeError("This function should never be called")

    def _resource_apply_dense(self, grad: Any, handle: Any) -> NoReturn:
        raise RuntimeError("This function should never be called")

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> NoReturn:
        raise RuntimeError("This function should never be called")


def _scaled(gradient: Any, factor: Any) -> Any:
    if gradient is None:
        return None
    if isinstance(gradient, IndexedSlices):
        return IndexedSlices(gradient.values * factor, gradient.indices, gradient.dense_shape)
    return gradient * factor


@export("train.experimental.enable_mixed_precision_graph_rewrite")
def enable_mixed_precision_graph_rewrite(opt: Any, loss_scale: Any = "dynamic") -> Any:
    """Returns the optimizer with a scaled loss; all is computed in float32 as before.

    TensorFlow computes some operations in float16 where a GPU has units for it, and changes
    nothing on a CPU either.

    Args:
        opt: a `tf.train.Optimizer`.
        loss_scale: a `LossScale`, a number, or "dynamic".

    Raises:
        ValueError: if `opt` is no such optimizer, or has a scaled loss already.
    """
    if isinstance(opt, MixedPrecisionLossScaleOptimizer):
        raise ValueError(
            '"opt" must not already be an instance of a MixedPrecisionLossScaleOptimizer. '
            "`enable_mixed_precision_graph_rewrite` will automatically wrap the optimizer with a "
            "MixedPrecisionLossScaleOptimizer."
        )
    if not isinstance(opt, Optimizer):
        raise ValueError(
            '"opt" must be an instance of a tf.train.Optimizer or a tf.keras.optimizers.Optimizer, '
            f"but got: {opt}"
        )
    return MixedPrecisionLossScaleOptimizer(opt, loss_scale)


@export("train.experimental.disable_mixed_precision_graph_rewrite")
def disable_mixed_precision_graph_rewrite() -> None:
    """Does nothing: there is no such rewrite here; see `enable_mixed_precision_graph_rewrite`."""
