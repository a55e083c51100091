"""tf.estimator.train_and_evaluate: trains, and evaluates and exports what was saved.

One process does both: an evaluation follows a checkpoint. Where TF_CONFIG tells of a cluster, each
process does what its task is: chief and workers train, an evaluator evaluates, a parameter server
holds variables, and a master trains and evaluates.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from graphflow.core.compat import as_str_any
from graphflow.core.export import export
from graphflow.estimators.cluster_task import TaskType, environment
from graphflow.estimators.estimator import Estimator
from graphflow.estimators.train_specs import EvalSpec, TrainSpec
from graphflow.formats import proto
from graphflow.platform import tf_logging
from graphflow.runtime.server import Server
from graphflow.training.hooks import SecondOrStepTimer
from graphflow.training.saving_hooks import CheckpointSaverListener

_DELAY_FOR_EACH_WORKER: Final = 5  # seconds
_LONGEST_DELAY: Final = 60  # seconds
_WARN_EVERY: Final = 600  # seconds
_EVALUATED: Final = "evaluated"
_MISSING: Final = "missing checkpoint"
_SAME: Final = "no new checkpoint"


@export("estimator.train_and_evaluate")
def train_and_evaluate(estimator: Any, train_spec: Any, eval_spec: Any) -> Any:
    """Trains an Estimator, evaluates its checkpoints, and exports it.

    In one process the training stops for each evaluation; one follows each checkpoint, unless the
    last one is not long ago, and the last checkpoint always.

    Args:
        estimator: the Estimator.
        train_spec: a TrainSpec.
        eval_spec: an EvalSpec.

    Returns:
        The metrics of the last evaluation by name (None if there was none), and what its exporters
        returned, a list. In a cluster None.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if this process is an evaluator beside another one, or of an unknown task.
    """
    _check_eval_spec(eval_spec)
    if not isinstance(estimator, Estimator):
        raise TypeError(
            f"`estimator` must have type `tf.estimator.Estimator`. Got: {type(estimator)}"
        )
    if not isinstance(train_spec, TrainSpec):
        raise TypeError(
            f"`train_spec` must have type `tf.estimator.TrainSpec`. Got: {type(train_spec)}"
        )
    config = estimator.config
    tf_logging.info("Not using Distribute Coordinator.")
    if config.task_type == TaskType.EVALUATOR and config.task_id > 0:
        raise ValueError(
            "For distributed training, there can only be one `evaluator` task (with task id 0).  "
            f"Given task id {config.task_id}"
        )
    if not config.cluster_spec and config.task_type != TaskType.EVALUATOR:
        tf_logging.info("Running training and evaluation locally (non-distributed).")
        return _run_local(estimator, train_spec, eval_spec)
    task = _TASKS.get(config.task_type)
    if task is None:
        raise ValueError(
            f"Task type {config.task_type} is not supported. Supported task types are "
            f"{sorted(_TASKS)}"
        )
    return task(estimator, train_spec, eval_spec)


def _check_eval_spec(eval_spec: Any) -> None:
    if not isinstance(eval_spec, EvalSpec):
        raise TypeError(
            f"`eval_spec` must have type `tf.estimator.EvalSpec`. Got: {type(eval_spec)}"
        )


# --- evaluations ---
class _EvalResult(NamedTuple):
    """Whether a checkpoint was evaluated, and its metrics."""

    status: str
    metrics: Any = None


class _Evaluator:
    """Evaluates the last checkpoint, once, and lets exporters write it."""

    def __init__(self, estimator: Any, eval_spec: EvalSpec, max_training_steps: int | None) -> None:
        self._estimator = estimator
        self._eval_spec = eval_spec
        self._max_training_steps = max_training_steps
        self._previous_path: str | None = None
        self._last_warning = 0.0

    def evaluate_and_export(self) -> tuple[_EvalResult, list[Any]]:
        """Returns the metrics and what the exporters returned."""
        path = self._estimator.latest_checkpoint()
        if not path:
            self._warn(
                "Estimator is not trained yet. Will start an evaluation when a checkpoint is ready."
            )
            return _EvalResult(_MISSING), []
        if path == self._previous_path:
            self._warn(
                "No new checkpoint ready for evaluation. Skip the current evaluation pass as "
                "evaluation results are expected to be same for the same checkpoint."
            )
            return _EvalResult(_SAME), []
        spec = self._eval_spec
        metrics = self._estimator.evaluate(
            input_fn=spec.input_fn,
            steps=spec.steps,
            name=spec.name,
            checkpoint_path=path,
            hooks=spec.hooks,
        )
        steps = self._max_training_steps
        last = bool(steps) and bool(metrics["global_step"] >= steps)
        exported = self._export(path, metrics, last)
        self._last_warning = 0.0
        self._previous_path = path
        return _EvalResult(_EVALUATED, metrics), exported

    def _export(self, path: str, metrics: dict[str, Any], last: bool) -> list[Any]:
        folder = os.path.join(as_str_any(self._estimator.model_dir), "export")
        return [
            exporter.export(
                estimator=self._estimator,
                export_path=os.path.join(folder, as_str_any(exporter.name)),
                checkpoint_path=path,
                eval_result=metrics,
                is_the_final_export=last,
            )
            for exporter in self._eval_spec.exporters
        ]

    def _warn(self, message: str) -> None:
        now = time.time()
        if now - self._last_warning > _WARN_EVERY:
            tf_logging.warning(message)
            self._last_warning = now


class _EvaluatingListener(CheckpointSaverListener):
    """Evaluates after a checkpoint was saved; not after the first one, which is where it began."""

    def __init__(self, evaluator: _Evaluator, throttle_secs: float) -> None:
        self._evaluator = evaluator
        self._throttle_secs = throttle_secs
        self.result: _EvalResult | None = None
        self.exported: Any = None

    def begin(self) -> None:
        self._timer = SecondOrStepTimer(every_secs=self._throttle_secs)
        self._is_first = True

    def after_save(self, session: Any, global_step_value: Any) -> None:
        if self._is_first:
            self._is_first = False
        elif self._timer.should_trigger_for_step(global_step_value):
            self._evaluate(global_step_value)
        else:
            tf_logging.info(
                f"Skip the current checkpoint eval due to throttle secs ({self._throttle_secs} "
                "secs)."
            )

    def end(self, session: Any, global_step_value: Any) -> None:
        if global_step_value != self._timer.last_triggered_step():
            self._evaluate(global_step_value)

    def _evaluate(self, step: Any) -> None:
        self._timer.update_last_triggered_step(step)
        self.result, self.exported = self._evaluator.evaluate_and_export()
        if self.result.status != _EVALUATED:
            raise RuntimeError(
                f"There was no new checkpoint after the training. Eval status: {self.result.status}"
            )


# --- one process ---
def _listener(estimator: Any, train_spec: TrainSpec, eval_spec: EvalSpec) -> _EvaluatingListener:
    evaluator = _Evaluator(estimator, eval_spec, train_spec.max_steps)
    return _EvaluatingListener(evaluator, eval_spec.throttle_secs)


def _train(estimator: Any, train_spec: TrainSpec, listeners: Any = None) -> None:
    estimator.train(
        input_fn=train_spec.input_fn,
        max_steps=train_spec.max_steps,
        hooks=list(train_spec.hooks),
        saving_listeners=listeners,
    )


def _run_local(estimator: Any, train_spec: TrainSpec, eval_spec: EvalSpec) -> tuple[Any, Any]:
    config = estimator.config
    tf_logging.info(
        "Start train and evaluate loop. The evaluate will happen after every checkpoint. "
        "Checkpoint frequency is determined based on RunConfig arguments: save_checkpoints_steps "
        f"{config.save_checkpoints_steps} or save_checkpoints_secs {config.save_checkpoints_secs}."
    )
    listener = _listener(estimator, train_spec, eval_spec)
    _train(estimator, train_spec, [listener])
    return (listener.result.metrics if listener.result else None), listener.exported


# --- tasks of a cluster ---
def _start_server(config: Any) -> Any:
    """The server of this task; None where the cluster has only this one."""
    if not config.master:
        if len(config.cluster_spec.jobs) == 1 and config.task_type != TaskType.PS:
            tf_logging.info(
                "Skip starting Tensorflow server as there is only one node in the cluster."
            )
            return None
        raise RuntimeError(
            "Could not start server; be sure to specify master in RunConfig or set the TF_CONFIG "
            "environment variable."
        )
    tf_logging.info("Start Tensorflow server.")
    settings = proto.ConfigProto(log_device_placement=False)
    if config.session_config is not None:
        settings.gpu_options.CopyFrom(config.session_config.gpu_options)
    server = Server(
        config.cluster_spec,
        job_name=config.task_type,
        task_index=config.task_id,
        config=settings,
        start=False,
        protocol=config.protocol,
    )
    server.start()
    return server


def _delay(config: Any) -> float:
    """How long a worker waits, so that the chief comes first."""
    if config.task_type != TaskType.WORKER:
        return 0
    longest = config.experimental_max_worker_delay_secs
    longest = _LONGEST_DELAY if longest is None else int(longest)
    return float(min(longest, (config.task_id + 1) * _DELAY_FOR_EACH_WORKER))


def _run_trainer(
    estimator: Any, train_spec: TrainSpec, eval_spec: EvalSpec, listeners: Any = None
) -> None:
    config = estimator.config
    if environment().get("environment") != "google":  # elsewhere the servers run already
        _start_server(config)
    delay = _delay(config)
    if delay > 0:
        tf_logging.info("Waiting %d secs before starting training.", delay)
        time.sleep(delay)
    _train(estimator, train_spec, listeners)


def _run_master(estimator: Any, train_spec: TrainSpec, eval_spec: EvalSpec) -> None:
    listener = _listener(estimator, train_spec, eval_spec)
    _run_trainer(estimator, train_spec, eval_spec, [listener])


def _run_ps(estimator: Any, train_spec: TrainSpec, eval_spec: EvalSpec) -> None:
    server = _start_server(estimator.config)
    server.join()


def _run_evaluator(estimator: Any, train_spec: TrainSpec, eval_spec: EvalSpec) -> None:
    if eval_spec.start_delay_secs:
        tf_logging.info("Waiting %f secs before starting eval.", eval_spec.start_delay_secs)
        time.sleep(eval_spec.start_delay_secs)
    evaluator = _Evaluator(estimator, eval_spec, train_spec.max_steps)
    last = train_spec.max_steps
    while True:
        began = time.time()
        result, _ = evaluator.evaluate_and_export()
        _wait(eval_spec.throttle_secs, time.time() - began, result)
        step = result.metrics.get("global_step") if result.status == _EVALUATED else None
        if step and last and step >= last:
            tf_logging.info("Exiting evaluation, global_step=%s >= train max_steps=%s", step, last)
            return


def _wait(throttle_secs: float, taken: float, result: _EvalResult) -> None:
    rest = throttle_secs - taken
    if rest > 0:
        tf_logging.info("Waiting %f secs before starting next eval run.", rest)
        time.sleep(rest)
    elif throttle_secs == 0 and result.status != _EVALUATED:
        tf_logging.warning(
            "EvalSpec.throttle_secs is set as 0. This might overload the job before finding (next) "
            "new checkpoint. Please consider to increase it."
        )


_TASKS: Final[dict[str, Callable[..., None]]] = {
    TaskType.CHIEF: _run_trainer,
    TaskType.EVALUATOR: _run_evaluator,
    TaskType.MASTER: _run_master,
    TaskType.PS: _run_ps,
    TaskType.WORKER: _run_trainer,
}
"""What a process of a cluster does, by its job."""
