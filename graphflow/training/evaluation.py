"""Evaluates one checkpoint: runs the updates of metrics until the input ends, then their values."""

from __future__ import annotations

import time
from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.dtypes import int64
from graphflow.core.export import export
from graphflow.ops import state
from graphflow.ops.identity import identity
from graphflow.ops.variable_scope import get_variable
from graphflow.ops.variable_store import zeros_initializer
from graphflow.platform import tf_logging
from graphflow.training.hooks import FinalOpsHook
from graphflow.training.monitored import ChiefSessionCreator, MonitoredSession
from graphflow.training.session_hooks import SessionRunArgs, SessionRunContext, SessionRunHook

_FEW = 20  # evaluations that are all logged; of more, every tenth part is


@export("contrib.training.get_or_create_eval_step")
def get_or_create_eval_step() -> Any:
    """Returns the graph's counter of evaluation steps, a local variable; makes it if there is none.

    Raises:
        ValueError: if there are several.
    """
    found = scopes.get_collection(GraphKeys.EVAL_STEP)
    if len(found) > 1:
        raise ValueError("Multiple tensors added to tf.GraphKeys.EVAL_STEP")
    if found:
        return found[0]
    return get_variable(
        "eval_step",
        shape=[],
        dtype=int64,
        initializer=zeros_initializer,
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.EVAL_STEP],
    )


@export("contrib.training.StopAfterNEvalsHook")
class StopAfterNEvalsHook(SessionRunHook):
    """Asks for the end after a number of evaluation steps.

    Args:
        num_evals: the number; None: only the input's end is one.
        log_progress: whether it logs how far it is.
    """

    def __init__(self, num_evals: int | None, log_progress: bool = True) -> None:
        self._num_evals = num_evals
        self._evals_completed: Any = None
        self._log_progress = log_progress
        self._log_frequency = 1 if num_evals is None or num_evals < _FEW else num_evals // 10

    def _set_evals_completed_tensor(self, updated_eval_step: Any) -> None:
        self._evals_completed = updated_eval_step

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        """Asks for the number of steps."""
        return SessionRunArgs({"evals_completed": self._evals_completed})

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        """Logs it, and asks for the end when it is reached."""
        done = run_values.results["evals_completed"]
        if self._num_evals is None:
            if self._log_progress:
                tf_logging.info("Evaluation [%d]", done)
            return
        if self._log_progress and (done % self._log_frequency == 0 or done == self._num_evals):
            tf_logging.info("Evaluation [%d/%d]", done, self._num_evals)
        if done >= self._num_evals:
            run_context.request_stop()


@export("contrib.training.evaluate_once")
def evaluate_once(
    checkpoint_path: str | None,
    master: str = "",
    scaffold: Any = None,
    eval_ops: Any = None,
    feed_dict: Any = None,
    final_ops: Any = None,
    final_ops_feed_dict: Any = None,
    hooks: Any = None,
    config: Any = None,
) -> Any:
    """Restores a checkpoint, runs operations until the input ends, and returns final values.

    Args:
        checkpoint_path: what `Saver.save` returned; None: the variables are initialized.
        master: the target of the session.
        scaffold: a Scaffold.
        eval_ops: an operation, or a list or dictionary of them, for each step; None: no steps.
        feed_dict: feeds for each step.
        final_ops: fetches for the end.
        final_ops_feed_dict: feeds for the end.
        hooks: SessionRunHooks.
        config: a ConfigProto.

    Returns:
        The values of `final_ops`.
    """
    eval_step = get_or_create_eval_step()
    hooks = list(hooks or ())
    if eval_ops is not None:
        eval_ops = _counted(eval_ops, eval_step, hooks)
    tf_logging.info("Starting evaluation at %s", time.strftime("%Y-%m-%dT%H:%M:%SZ"))
    creator = ChiefSessionCreator(scaffold, master, config, None, checkpoint_path)
    last = FinalOpsHook(final_ops, final_ops_feed_dict)
    with MonitoredSession(creator, [*hooks, last]) as session:
        if eval_ops is not None:
            while not session.should_stop():
                session.run(eval_ops, feed_dict)
    tf_logging.info("Finished evaluation at %s", time.strftime("%Y-%m-%d-%H:%M:%S"))
    return last.final_ops_values


def _counted(eval_ops: Any, eval_step: Any, hooks: list[Any]) -> Any:
    """The operations of a step and one that counts it; tells the hooks the count."""
    update = state.assign_add(eval_step, 1, use_locking=True)
    if isinstance(eval_ops, dict):
        eval_ops["update_eval_step"] = update
        every = list(eval_ops.values())
    else:
        whole = eval_ops if isinstance(eval_ops, list | tuple) else [eval_ops]
        every = eval_ops = [*whole, update]
    with scopes.control_dependencies(every):
        count = identity(eval_step.read_value())
    for hook in hooks:
        if isinstance(hook, StopAfterNEvalsHook):
            hook._set_evals_completed_tensor(count)
    return eval_ops
