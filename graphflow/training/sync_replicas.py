"""SyncReplicasOptimizer: several workers' gradients are averaged before each step.

Each variable has an accumulator. A worker adds its gradients and waits for a token; the chief's
thread takes the averages once enough gradients are there, applies them, and hands out tokens that
tell the new step. Gradients of an older step are dropped.
"""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.accumulators import ConditionalAccumulator, SparseConditionalAccumulator
from graphflow.ops.control_ops import group, no_op
from graphflow.ops.fill import fill
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.ops.queues import FIFOQueue
from graphflow.ops.state import assign
from graphflow.ops.variable_lists import global_variables, report_uninitialized_variables
from graphflow.ops.variables import Variable
from graphflow.platform import tf_logging
from graphflow.training.optimizer import Optimizer
from graphflow.training.queue_runner import QueueRunner
from graphflow.training.session_hooks import SessionRunHook
from graphflow.training.session_manager import _ready


@export("train.SyncReplicasOptimizer")
class SyncReplicasOptimizer(Optimizer):
    """Averages the gradients of several workers before each step of another optimizer.

    Args:
        opt: the optimizer that applies the averages.
        replicas_to_aggregate: how many gradients make a step.
        total_num_replicas: how many workers there are; None: as many.
        variable_averages: an ExponentialMovingAverage, applied after each step.
        variables_to_average: what it averages.
        use_locking: kept for TensorFlow's sake.
        name: the scope.
    """

    def __init__(
        self,
        opt: Any,
        replicas_to_aggregate: int,
        total_num_replicas: int | None = None,
        variable_averages: Any = None,
        variables_to_average: Any = None,
        use_locking: bool = False,
        name: str = "sync_replicas",
    ) -> None:
        total = replicas_to_aggregate if total_num_replicas is None else total_num_replicas
        super().__init__(use_locking, name)
        text = "SyncReplicasV2: replicas_to_aggregate=%s; total_num_replicas=%s"
        tf_logging.info(text, replicas_to_aggregate, total)
        self._opt = opt
        self._replicas_to_aggregate = replicas_to_aggregate
        self._gradients_applied = False
        self._variable_averages = variable_averages
        self._variables_to_average = variables_to_average
        self._total_num_replicas = total
        self._tokens_per_step = max(total, replicas_to_aggregate)
        self._global_step: Any = None
        self._sync_token_queue: Any = None
        self._chief_queue_runner: QueueRunner | None = None
        self._accumulator_list: list[tuple[Any, str]] = []

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        """As the optimizer inside does it."""
        return self._opt.compute_gradients(*args, **kwargs)

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Any:
        """Returns an operation with which a worker takes part in a step.

        Args:
            grads_and_vars: what `compute_gradients` returns.
            global_step: counts the steps; must be given.
            name: ignored, as in TensorFlow.

        Raises:
            ValueError: if there are no variables, no step, or a gradient of an unknown kind.
        """
        if not grads_and_vars:
            raise ValueError("Must supply at least one variable")
        if global_step is None:
            raise ValueError("Global step is required to check staleness")
        self._global_step = global_step
        anchor = no_op()
        with scopes.colocate_with(anchor, ignore_existing=True):
            self._local_step: Any = Variable(
                0,
                trainable=False,
                collections=[GraphKeys.LOCAL_VARIABLES],
                dtype=global_step.dtype.base_dtype,
                name="sync_rep_local_step",
            )
        self.local_step_init_op = assign(self._local_step, global_step)
        self.ready_for_local_init_op = report_uninitialized_variables(global_variables())
        with scopes.name_scope(None, self._name):
            adding, averages = self._accumulate(grads_and_vars)
            place = global_step.device
            with scopes.device(place), scopes.name_scope(""):
                update = self._opt.apply_gradients(averages, global_step)
            with scopes.device(place), scopes.name_scope(""):
                train_op = self._exchange_tokens(adding, update)
            return self._finished(train_op)

    def _accumulate(self, grads_and_vars: Any) -> tuple[list[Any], list[tuple[Any, Any]]]:
        """Declares the accumulators: what adds to them, and the averages by variable."""
        adding: list[Any] = []
        averages: list[tuple[Any, Any]] = []
        for grad, var in grads_and_vars:
            with scopes.device(var.device):
                if grad is None:
                    averages.append((None, var))
                    continue
                added, average, accumulator = self._one(grad, var)
                adding.append(added)
                averages.append((average, var))
                self._accumulator_list.append((accumulator, var.device))
        return adding, averages

    def _one(self, grad: Any, var: Any) -> tuple[Any, Any, Any]:
        name = f"{var.name}/grad_accum"
        n = self._replicas_to_aggregate
        if isinstance(grad, Tensor):
            dense = ConditionalAccumulator(grad.dtype, shape=var.get_shape(), shared_name=name)
            return dense.apply_grad(grad, self._local_step), dense.take_grad(n), dense
        if not isinstance(grad, IndexedSlices):
            raise ValueError("Unknown grad type!")
        sparse = SparseConditionalAccumulator(grad.dtype, shape=(), shared_name=name)
        added = sparse.apply_indexed_slices_grad(grad, self._local_step)
        return added, sparse.take_indexed_slices_grad(n), sparse

    def _exchange_tokens(self, adding: list[Any], update: Any) -> Any:
        """Declares what makes workers wait for the step, and the chief's thread."""
        step = self._global_step
        queue = FIFOQueue(
            -1, step.dtype.base_dtype, shapes=(), name="sync_token_q", shared_name="sync_token_q"
        )
        self._sync_token_queue = queue
        dummy = FIFOQueue(1, int32, shapes=(), name="dummy_queue", shared_name="dummy_queue")
        with scopes.device(step.device), scopes.name_scope(""):
            with scopes.control_dependencies(adding):
                token = queue.dequeue()
            train_op = assign(self._local_step, token)
            with scopes.control_dependencies([update]):
                sync_op: Any = queue.enqueue_many((fill([self._tokens_per_step], step),))
            if self._variable_averages is not None:
                with scopes.control_dependencies([sync_op]), scopes.name_scope(""):
                    sync_op = self._variable_averages.apply(self._variables_to_average)
            self._chief_queue_runner = QueueRunner(dummy, [sync_op])
        return train_op

    def _finished(self, train_op: Any) -> Any:
        setters: list[Any] = [self.local_step_init_op]
        for accumulator, device in self._accumulator_list:
            with scopes.device(device):
                setters.append(accumulator.set_global_step(self._global_step, name="SetGlobalStep"))
        self.chief_init_op = group(*setters)
        self._gradients_applied = True
        return train_op

    # --- for the chief ---
    def get_chief_queue_runner(self) -> QueueRunner | None:
        """Returns the runner whose thread applies the averages; ValueError before there is one."""
        if not self._gradients_applied:
            raise ValueError("Should be called after apply_gradients().")
        return self._chief_queue_runner

    def get_init_tokens_op(self, num_tokens: int = -1) -> Any:
        """Returns an operation that hands out the first tokens.

        Args:
            num_tokens: how many; -1: as many as gradients make a step.

        Raises:
            ValueError: if there are too few for the first step, or nothing was applied yet.
        """
        if not self._gradients_applied:
            raise ValueError("get_init_tokens_op() should be called after apply_gradients().")
        needed = self._replicas_to_aggregate - self._total_num_replicas
        if num_tokens == -1:
            num_tokens = self._replicas_to_aggregate
        elif num_tokens < needed:
            raise ValueError(
                f"Too few tokens to finish the first step: {num_tokens} (given) vs {needed} "
                "(needed)"
            )
        if num_tokens <= 0:
            return no_op(name="no_init_tokens")
        with scopes.device(self._global_step.device), scopes.name_scope(""):
            return self._sync_token_queue.enqueue_many((fill([num_tokens], self._global_step),))

    def make_session_run_hook(self, is_chief: bool, num_tokens: int = -1) -> SessionRunHook:
        """Returns a hook that sets up what the workers share.

        Args:
            is_chief: whether this is the chief.
            num_tokens: as in `get_init_tokens_op`.
        """
        return _SyncReplicasOptimizerHook(self, is_chief, num_tokens)

    # --- of the optimizer inside ---
    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        """As the optimizer inside has it."""
        return self._opt.get_slot(*args, **kwargs)

    def variables(self) -> Any:
        """Those of the optimizer inside."""
        return self._opt.variables()

    def get_slot_names(self, *args: Any, **kwargs: Any) -> Any:
        """As the optimizer inside has them."""
        return self._opt.get_slot_names(*args, **kwargs)


class _SyncReplicasOptimizerHook(SessionRunHook):
    """Sets up local steps, tokens and the chief's thread."""

    def __init__(self, sync_optimizer: Any, is_chief: bool, num_tokens: int) -> None:
        self._sync_optimizer = sync_optimizer
        self._is_chief = is_chief
        self._num_tokens = num_tokens
        self._q_runner: Any = None
        self._init_tokens_op: Any = None

    def begin(self) -> None:
        own = self._sync_optimizer
        if not own._gradients_applied:
            raise ValueError(
                "SyncReplicasOptimizer.apply_gradient should be called before using the hook."
            )
        self._local_init_op = own.chief_init_op if self._is_chief else own.local_step_init_op
        self._ready_for_local_init_op = own.ready_for_local_init_op
        if self._is_chief:
            self._q_runner = own.get_chief_queue_runner()
            self._init_tokens_op = own.get_init_tokens_op(self._num_tokens)

    def after_create_session(self, session: Any, coord: Any) -> None:
        message = "Model is not ready for SyncReplicasOptimizer local init."
        ready, why = _ready(self._ready_for_local_init_op, session, message)
        if not ready:
            raise RuntimeError(
                "Init operations did not make model ready for SyncReplicasOptimizer local_init. "
                f"Init op: {self._local_init_op.name}, error: {why}"
            )
        session.run(self._local_init_op)
        if self._init_tokens_op is not None:
            session.run(self._init_tokens_op)
        if self._q_runner is not None:
            self._q_runner.create_threads(session, coord=coord, daemon=True, start=True)
