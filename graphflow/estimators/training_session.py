"""The session that trains a model: the hooks that are always there, and the loop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.estimators.cluster_task import TaskType
from graphflow.ops import summary
from graphflow.platform import tf_logging
from graphflow.training.global_step import step_after_run
from graphflow.training.hooks import LoggingTensorHook, NanTensorHook
from graphflow.training.monitored import MonitoredTrainingSession
from graphflow.training.saver import Saver
from graphflow.training.saving_hooks import CheckpointSaverHook, StepCounterHook, SummarySaverHook
from graphflow.training.session_hooks import SessionRunContext, SessionRunHook


class _LossHook(LoggingTensorHook):
    """Logs the loss, and the global step after the run."""

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        """Logs them."""
        if self._should_trigger:
            step, found = self._current_tensors["step"], run_values.results
            found["step"] = step_after_run(run_context.session, step, found["step"])
        super().after_run(run_context, run_values)


def note_loss(loss: Any) -> None:
    """Adds a summary of the loss, if the model function made none, and notes it as a loss."""
    if not any(x.op.name == "loss" for x in scopes.get_collection(GraphKeys.SUMMARIES)):
        summary.scalar("loss", loss)
    scopes.add_to_collection(GraphKeys.LOSSES, loss)


def watching_hooks(spec: Any, global_step: Any, config: Any) -> list[SessionRunHook]:
    """Returns the hooks that look at the loss, and those of the model function.

    Args:
        spec: the EstimatorSpec.
        global_step: the global step.
        config: the RunConfig.
    """
    found: list[SessionRunHook] = [NanTensorHook(spec.loss)]
    every = config.log_step_count_steps
    if every is not None:
        found.append(_LossHook({"loss": spec.loss, "step": global_step}, every_n_iter=every))
    return [*found, *spec.training_hooks]


def ensure_saver(spec: Any, config: Any) -> None:
    """Makes a Saver as the RunConfig wants it, if the model function made none."""
    if spec.scaffold.saver or scopes.get_collection(GraphKeys.SAVERS):
        return
    saver = Saver(
        sharded=True,
        max_to_keep=config.keep_checkpoint_max,
        keep_checkpoint_every_n_hours=config.keep_checkpoint_every_n_hours,
        defer_build=True,
        save_relative_paths=True,
    )
    scopes.add_to_collection(GraphKeys.SAVERS, saver)


def saving_hooks(
    spec: Any, others: Iterable[SessionRunHook], listeners: list[Any], config: Any
) -> list[SessionRunHook]:
    """Returns the hook that saves checkpoints, unless there is one, and tells it its listeners.

    Args:
        spec: the EstimatorSpec.
        others: the hooks that there are already.
        listeners: CheckpointSaverListeners.
        config: the RunConfig.

    Raises:
        ValueError: if there are listeners and no hook saves.
    """
    savers = [h for h in others if isinstance(h, CheckpointSaverHook)]
    made: list[SessionRunHook] = []
    seconds, steps = config.save_checkpoints_secs, config.save_checkpoints_steps
    if not savers and (seconds or steps):
        saver = CheckpointSaverHook(
            config.model_dir, save_secs=seconds, save_steps=steps, scaffold=spec.scaffold
        )
        made, savers = [saver], [saver]
    if listeners and not savers:
        raise ValueError(
            "There should be a CheckpointSaverHook to use saving_listeners. Please set one of the "
            "RunConfig.save_checkpoints_steps or RunConfig.save_checkpoints_secs."
        )
    for listener in listeners:
        if listener not in savers[0]._listeners:
            savers[0]._listeners.append(listener)
    return made


def noting_hooks(spec: Any, config: Any) -> tuple[Any, Any, list[SessionRunHook]]:
    """Returns the intervals of summaries and of notes of the speed, and hooks of this worker.

    Where a cluster has a master and workers, its first worker writes them instead of the master.
    """
    every, every_note = config.save_summary_steps, config.log_step_count_steps
    cluster = config.cluster_spec
    if not cluster or not {TaskType.WORKER, TaskType.MASTER} <= set(cluster.jobs):
        return every, every_note, []
    hooks: list[SessionRunHook] = []
    if config.task_type == TaskType.WORKER and config.task_id == 0:
        if every and every > 0:
            hooks.append(
                SummarySaverHook(every, output_dir=config.model_dir, scaffold=spec.scaffold)
            )
        if every_note and every_note > 0:
            hooks.append(StepCounterHook(every_note, output_dir=config.model_dir))
    return 0, None, hooks


def trained_loss(
    spec: Any, worker_hooks: list[SessionRunHook], listeners: list[Any], config: Any, session: Any
) -> Any:
    """Trains until a hook or the input says that it ends; returns the last loss.

    Args:
        spec: the EstimatorSpec.
        worker_hooks: SessionRunHooks.
        listeners: CheckpointSaverListeners.
        config: the RunConfig.
        session: the ConfigProto.

    Returns:
        The loss; None if there was no step.
    """
    chief_hooks = spec.training_chief_hooks
    made = saving_hooks(spec, [*worker_hooks, *chief_hooks], listeners, config)
    every, every_note, more = noting_hooks(spec, config)
    loss = None
    steps = 0
    with MonitoredTrainingSession(
        master=config.master,
        is_chief=config.is_chief,
        checkpoint_dir=config.model_dir,
        scaffold=spec.scaffold,
        hooks=[*worker_hooks, *more],
        chief_only_hooks=(*made, *chief_hooks),
        save_checkpoint_secs=0,  # the hooks above do it
        save_summaries_steps=every,
        config=session,
        max_wait_secs=config.session_creation_timeout_secs,
        log_step_count_steps=every_note,
    ) as monitored:
        while not monitored.should_stop():
            _, loss = monitored.run([spec.train_op, spec.loss])
            steps += 1
    if not steps:
        tf_logging.warning(
            "Training with estimator made no steps. Perhaps input is empty or misspecified."
        )
    return loss
