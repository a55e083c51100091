"""CrossShardOptimizer: another optimizer, its gradients summed over the shards of a TPU."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphflow.core import scopes
from graphflow.core.export import export
from graphflow.models.optimizers_base import OptimizerV2
from graphflow.nets.losses import Reduction
from graphflow.ops.cross_replica import cross_replica_sum, get_tpu_context
from graphflow.platform import tf_logging
from graphflow.training.optimizer import Optimizer


@export("tpu.CrossShardOptimizer", "contrib.tpu.CrossShardOptimizer")
class CrossShardOptimizer(Optimizer):
    """Averages the gradients over the shards of a TPU; its steps run on no CPU.

    Args:
        opt: the optimizer inside.
        reduction: `tf.losses.Reduction.MEAN` or SUM: how the losses of the shards become one.
        name: the name scope; the updates have that of `opt`.
        group_assignment: lists of the numbers of replicas: each adds up its own; None: all do.

    Raises:
        ValueError: if `reduction` is another one.
        TypeError: if `opt` is an optimizer of Keras.
    """

    def __init__(
        self,
        opt: Any,
        reduction: str = Reduction.MEAN,
        name: str = "CrossShardOptimizer",
        group_assignment: Any = None,
    ) -> None:
        if reduction not in (Reduction.SUM, Reduction.MEAN):
            raise ValueError(f"Unsupported reduction: {reduction}.")
        if isinstance(opt, OptimizerV2):
            raise TypeError(
                "CrossShardOptimizer does not work with OptimizerV2. If you are using TPUStrategy, "
                "OptimizerV2 will sum gradients across replicas.If you are using TPUEstimator, you "
                "may instead sum your gradients with: grads = "
                "[tf.compat.v1.tpu.cross_replica_sum(g) for g in grads]. If you want to average "
                "your gradients, rescale your loss with: loss /= global_batch_size"
            )
        super().__init__(False, name)
        self._opt = opt
        self._reduction = reduction
        self._group_assignment = group_assignment

    def compute_gradients(  # type: ignore[override]  # as TensorFlow has it
        self, loss: Any, var_list: Any = None, **kwargs: Any
    ) -> list[tuple[Any, Any]]:
        """Returns (gradient, variable) for each variable, of this shard alone.

        Args:
            loss: what should get smaller; MEAN divides it by the number of shards.
            var_list: as `Optimizer.compute_gradients`.
            **kwargs: see there.

        Raises:
            ValueError: if the group assignment is no list of lists of all replicas, of one size.
        """
        shards = get_tpu_context().number_of_shards
        if shards is None:
            tf_logging.warning(
                "CrossShardOptimizer should be used within a tpu_shard_context, but got unset "
                "number_of_shards. Assuming 1."
            )
            shards = 1
        group_size = self._checked_group_size(shards)
        if shards > 1 and self._reduction == Reduction.MEAN:
            loss *= 1.0 / (group_size or shards)
        found: list[tuple[Any, Any]] = self._opt.compute_gradients(
            loss, var_list=var_list, **kwargs
        )
        return found

    def _checked_group_size(self, shards: int) -> int | None:
        """How many replicas a group has; None if there are no groups."""
        groups = self._group_assignment
        if not groups:
            return None
        if not isinstance(groups, list) or not all(isinstance(group, list) for group in groups):
            raise ValueError(f"group_assignment must be a list of list. Got {groups}")
        if {replica for group in groups for replica in group} != set(range(shards)):
            raise ValueError(
                f"group_assignment must be a permutation of range({shards}). Got "
                f"group_assignment={groups}"
            )
        if len({len(group) for group in groups}) != 1:
            raise ValueError(
                "The size of each subgroup in group_assignment must be equal. Got "
                f"group_assignment={groups}"
            )
        return len(groups[0])

    def apply_gradients(
        self,
        grads_and_vars: Iterable[tuple[Any, Any]],
        global_step: Any = None,
        name: str | None = None,
    ) -> Any:
        """Returns an operation that changes the variables by the sums of the gradients.

        Args:
            grads_and_vars: (gradient, variable) pairs; a gradient may be None.
            global_step: a variable to increment after the step.
            name: the operation's name; None: the name of the optimizer inside.
        """
        summed: list[tuple[Any, Any]] = []
        for grad, var in grads_and_vars:
            if grad is None:
                summed.append((grad, var))
                continue
            with scopes.colocate_with(grad):
                summed.append((cross_replica_sum(grad, self._group_assignment), var))
        return self._opt.apply_gradients(summed, global_step, name)

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        """Returns a slot of the optimizer inside.

        Args:
            *args: a variable and the slot's name.
            **kwargs: or these by name.
        """
        return self._opt.get_slot(*args, **kwargs)

    def get_slot_names(self, *args: Any, **kwargs: Any) -> Any:
        """Returns the names of the slots of the optimizer inside.

        Args:
            *args: none.
            **kwargs: none.
        """
        return self._opt.get_slot_names(*args, **kwargs)
