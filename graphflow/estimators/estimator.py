"""Estimator: trains, evaluates, predicts with and exports what a model function declares."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.export import export
from graphflow.core.function_arguments import fn_args
from graphflow.core.graph import Graph
from graphflow.core.seeds import set_random_seed
from graphflow.estimators import evaluation_files, exporting, training_session
from graphflow.estimators.cluster_task import TaskType
from graphflow.estimators.input_results import ends, parsed_input
from graphflow.estimators.mode_keys import ModeKeys
from graphflow.estimators.model_calls import verify_model_fn_args, wanted_arguments
from graphflow.estimators.settings import cluster_device, saved_global_step, settled_config
from graphflow.estimators.spec import EstimatorSpec
from graphflow.estimators.warm_start_settings import WarmStartSettings, warm_start_settings
from graphflow.formats.checkpoint_state import latest_checkpoint
from graphflow.nets.metrics_mean import mean
from graphflow.ops.control_ops import group
from graphflow.platform import tf_logging
from graphflow.training.checkpoints import list_variables, load_variable
from graphflow.training.evaluation import (
    StopAfterNEvalsHook,
    evaluate_once,
    get_or_create_eval_step,
)
from graphflow.training.global_step import (
    create_global_step,
    get_global_step,
    get_or_create_global_step_read,
)
from graphflow.training.hooks import StopAtStepHook
from graphflow.training.monitored import ChiefSessionCreator, MonitoredSession
from graphflow.training.saving_hooks import CheckpointSaverListener
from graphflow.training.scaffold import Scaffold
from graphflow.training.session_hooks import SessionRunHook
from graphflow.training.warm_start import warm_start

InputFn = Callable[..., Any]
_MAY_OVERRIDE: Final = frozenset(
    {"model_fn", "_create_and_assert_global_step", "_export_all_saved_models"}
)
_LOSS: Final = "loss"


@export("estimator.Estimator")
class Estimator:
    """Trains and runs a model that a function declares; each call makes a graph of its own.

    Args:
        model_fn: takes `features` and of `labels`, `mode`, `params`, `config` what it wants, and
            returns an EstimatorSpec.
        model_dir: where checkpoints and summaries go; None: what `config` says, else a temporary
            folder.
        config: a RunConfig.
        params: hyperparameters for `model_fn`; kept as a copy.
        warm_start_from: WarmStartSettings; a checkpoint, or a directory of checkpoints or of a
            SavedModel: what the variables begin with where `model_dir` has no checkpoint.

    Raises:
        ValueError: if `model_fn` takes other arguments, `model_dir` and `config` contradict each
            other, an argument is of another kind, or a subclass overrides a member.
    """

    def __init__(
        self,
        model_fn: Callable[..., Any],
        model_dir: Any = None,
        config: Any = None,
        params: Any = None,
        warm_start_from: Any = None,
    ) -> None:
        self._assert_members_are_not_overridden()
        self._config = settled_config(config, model_dir)
        self._model_dir = self._config.model_dir
        self._session_config = self._config.session_config
        tf_logging.info("Using config: %s", str(vars(self._config)))
        self._device_fn = self._config.device_fn or cluster_device(self._config)
        if model_fn is None:
            raise ValueError("model_fn must be provided to Estimator.")
        verify_model_fn_args(model_fn, params)
        self._model_fn = model_fn
        self._params = copy.deepcopy(params or {})
        self._warm_start_settings = warm_start_settings(warm_start_from)

    def _assert_members_are_not_overridden(self) -> None:
        """Raises ValueError if a subclass changes what other members rely on."""
        own = self.__class__
        if own.__name__ == "TPUEstimator":  # which belongs to TensorFlow, and may
            return
        members = {m for m in dir(Estimator) if not m.startswith("__")} - _MAY_OVERRIDE
        both = [m for m in own.__dict__ if m in members]
        changed = [m for m in both if getattr(Estimator, m) != getattr(own, m)]
        if changed:
            raise ValueError(
                "Subclasses of Estimator cannot override members of Estimator. "
                f"{own} does override {changed}"
            )

    # --- what it is ---
    @property
    def model_dir(self) -> Any:
        """Where checkpoints and summaries go."""
        return self._model_dir

    @property
    def config(self) -> Any:
        """A copy of the RunConfig."""
        return copy.deepcopy(self._config)

    @property
    def params(self) -> Any:
        """A copy of the hyperparameters."""
        return copy.deepcopy(self._params)

    @property
    def model_fn(self) -> Callable[..., EstimatorSpec]:
        """The model function as one of (features, labels, mode, config)."""

        def public_model_fn(features: Any, labels: Any, mode: str, config: Any) -> EstimatorSpec:
            return self._call_model_fn(features, labels, mode, config)

        return public_model_fn

    def eval_dir(self, name: str | None = None) -> str:
        """Returns where the summaries of an evaluation go.

        Args:
            name: the name of the evaluation.
        """
        return os.path.join(self._model_dir, f"eval_{name}" if name else "eval")

    # --- checkpoints ---
    def get_variable_value(self, name: str) -> np.ndarray[Any, Any]:
        """Returns the value of a variable in the last checkpoint.

        Args:
            name: its name.

        Raises:
            ValueError: if there is no checkpoint.
        """
        self._check_trained()
        return load_variable(self.model_dir, name)

    def get_variable_names(self) -> list[str]:
        """Returns the names of the variables in the last checkpoint.

        Raises:
            ValueError: if there is no checkpoint.
        """
        self._check_trained()
        return [name for name, _ in list_variables(self.model_dir)]

    def latest_checkpoint(self) -> str | None:
        """Returns the path of the last checkpoint in `model_dir`, or None."""
        return latest_checkpoint(self.model_dir)

    def _check_trained(self) -> None:
        if not latest_checkpoint(self.model_dir):
            raise ValueError(f"Could not find trained model in model_dir: {self.model_dir}.")

    # --- training ---
    def train(
        self,
        input_fn: InputFn,
        hooks: Iterable[SessionRunHook] | None = None,
        steps: int | None = None,
        max_steps: int | None = None,
        saving_listeners: Iterable[CheckpointSaverListener] | None = None,
    ) -> Estimator:
        """Trains, from the last checkpoint on if there is one.

        Args:
            input_fn: takes of `mode`, `params`, `config` what it wants; returns a dataset, a pair
                of features and labels, or features.
            hooks: SessionRunHooks.
            steps: how many steps; None: until the input ends.
            max_steps: or up to which step; if it is there already, nothing is done.
            saving_listeners: CheckpointSaverListeners.

        Returns:
            The estimator.

        Raises:
            ValueError: if both `steps` and `max_steps` are given or one is not positive, or this
                process is a parameter server or an evaluator.
            TypeError: if a hook or a listener is none.
        """
        if self.config.task_type in (TaskType.EVALUATOR, TaskType.PS):
            raise ValueError(
                "Train has been called wrong configuration. Please use "
                "tf.estimator.train_and_evaluate which calls proper API according to given "
                f"configuration. Current configuration: {self.config}."
            )
        if steps is not None and max_steps is not None:
            raise ValueError("Can not provide both steps and max_steps.")
        _check_positive("steps", steps)
        _check_positive("max_steps", max_steps)
        if max_steps is not None and max_steps <= saved_global_step(self._model_dir):
            tf_logging.info("Skipping training since max_steps has already saved.")
            return self
        every = checked_hooks(hooks) + self._convert_train_steps_to_hooks(steps, max_steps)
        loss = self._train_model(input_fn, every, _checked_listeners(saving_listeners))
        tf_logging.info("Loss for final step: %s.", loss)
        return self

    def _convert_train_steps_to_hooks(
        self, steps: int | None, max_steps: int | None
    ) -> list[SessionRunHook]:
        if steps is None and max_steps is None:
            return []
        return [StopAtStepHook(steps, max_steps)]

    def _train_model(
        self, input_fn: InputFn, hooks: list[SessionRunHook], saving_listeners: list[Any]
    ) -> Any:
        with Graph().as_default() as graph, scopes.device(self._device_fn):
            set_random_seed(self._config.tf_random_seed)
            self._create_and_assert_global_step(graph)
            get_or_create_global_step_read(graph)
            features, labels, worker_hooks = self._get_features_and_labels_from_input_fn(
                input_fn, ModeKeys.TRAIN
            )
            spec = self._call_model_fn(features, labels, ModeKeys.TRAIN, self.config)
            return self._train_with_estimator_spec(
                spec, worker_hooks, hooks, get_global_step(graph), saving_listeners
            )

    def _train_with_estimator_spec(
        self,
        estimator_spec: EstimatorSpec,
        worker_hooks: list[SessionRunHook],
        hooks: list[SessionRunHook],
        global_step_tensor: Any,
        saving_listeners: list[Any],
    ) -> Any:
        self._warm_start()
        spec, config = estimator_spec, self._config
        training_session.note_loss(spec.loss)
        watching = training_session.watching_hooks(spec, global_step_tensor, config)
        training_session.ensure_saver(spec, config)
        every = [*worker_hooks, *hooks, *watching]
        return training_session.trained_loss(
            spec, every, saving_listeners, config, self._session_config
        )

    # --- evaluation ---
    def evaluate(
        self,
        input_fn: InputFn,
        steps: int | None = None,
        hooks: Iterable[SessionRunHook] | None = None,
        checkpoint_path: str | None = None,
        name: str | None = None,
    ) -> dict[str, Any]:
        """Returns the values of the metrics, and writes them as summaries into `eval_dir(name)`.

        Args:
            input_fn: as that of `train`.
            steps: how many batches; None: until the input ends.
            hooks: SessionRunHooks.
            checkpoint_path: a checkpoint; None: the last one. Where there is none, the variables
                are initialized.
            name: the name of the evaluation.

        Returns:
            The metrics of the model function by name, with "loss", the mean over the batches, and
            "global_step".

        Raises:
            ValueError: if `steps` is not positive, or a metric has one of those two names.
            TypeError: if a hook is none.
        """
        every = checked_hooks(hooks) + self._convert_eval_steps_to_hooks(steps)
        if not checkpoint_path:
            checkpoint_path = latest_checkpoint(self._model_dir)
            if not checkpoint_path:
                tf_logging.info(
                    "Could not find trained model in model_dir: %s, running initialization to "
                    "evaluate.",
                    self._model_dir,
                )
        with Graph().as_default():
            scaffold, update_op, eval_dict, all_hooks = self._evaluate_build_graph(
                input_fn, every, checkpoint_path
            )
            return self._evaluate_run(
                checkpoint_path, scaffold, update_op, eval_dict, all_hooks, self.eval_dir(name)
            )

    def _convert_eval_steps_to_hooks(self, steps: int | None) -> list[SessionRunHook]:
        _check_positive("steps", steps)
        return [] if steps is None else [StopAfterNEvalsHook(num_evals=steps)]

    def _evaluate_build_graph(
        self, input_fn: InputFn, hooks: Any = None, checkpoint_path: str | None = None
    ) -> tuple[Any, Any, dict[str, Any], list[SessionRunHook]]:
        """Declares an evaluation; returns its scaffold, update, fetches at the end, and hooks."""
        set_random_seed(self._config.tf_random_seed)
        self._create_and_assert_global_step(scopes.get_default_graph())
        features, labels, input_hooks = self._get_features_and_labels_from_input_fn(
            input_fn, ModeKeys.EVAL
        )
        spec = self._call_model_fn(features, labels, ModeKeys.EVAL, self.config)
        update_op, eval_dict = _update_and_values(_with_loss(spec.eval_metric_ops, spec.loss))
        global_step = get_global_step()
        self._maybe_warm_start(checkpoint_path)
        if GraphKeys.GLOBAL_STEP in eval_dict:
            raise ValueError(
                "Metric with name `global_step` is not allowed, because Estimator already defines "
                "a default metric with the same name."
            )
        eval_dict[GraphKeys.GLOBAL_STEP] = global_step
        scaffold = spec.scaffold
        if scaffold and scaffold.local_init_op:
            get_or_create_eval_step()  # so that it is initialized with the others
            both = group(scaffold.local_init_op, Scaffold.default_local_init_op())
            scaffold = Scaffold(local_init_op=both, copy_from_scaffold=scaffold)
        every = [*input_hooks, *(hooks or ()), *(spec.evaluation_hooks or ())]
        return scaffold, update_op, eval_dict, every

    def _evaluate_run(
        self,
        checkpoint_path: str | None,
        scaffold: Any,
        update_op: Any,
        eval_dict: dict[str, Any],
        all_hooks: list[SessionRunHook],
        output_dir: str,
    ) -> dict[str, Any]:
        """Runs an evaluation and writes what came of it."""
        found: dict[str, Any] = evaluate_once(
            checkpoint_path,
            master=self._config.evaluation_master,
            scaffold=scaffold,
            eval_ops=update_op,
            final_ops=eval_dict,
            hooks=all_hooks,
            config=self._session_config,
        )
        step = found[GraphKeys.GLOBAL_STEP]
        evaluation_files.write_metrics(output_dir, found, step)
        if checkpoint_path:
            evaluation_files.write_checkpoint_path(output_dir, checkpoint_path, step)
        return found

    # --- prediction ---
    def predict(
        self,
        input_fn: InputFn,
        predict_keys: Any = None,
        hooks: Iterable[SessionRunHook] | None = None,
        checkpoint_path: str | None = None,
        yield_single_examples: bool = True,
    ) -> Iterator[Any]:
        """Yields predictions until the input ends; nothing is done before the first is asked for.

        Args:
            input_fn: as that of `train`; labels are left out.
            predict_keys: the names of the predictions wanted; None: all.
            hooks: SessionRunHooks.
            checkpoint_path: a checkpoint; None: the last one. Where there is none, the variables
                are initialized.
            yield_single_examples: whether the batch is taken apart; else whole batches come.

        Yields:
            The predictions of one example: an array, or arrays by name.

        Raises:
            ValueError: if no prediction has a wanted name, they have none, or the sizes of the
                batches of several predictions differ.
            TypeError: if a hook is none.
        """
        every = checked_hooks(hooks)
        if not checkpoint_path:
            checkpoint_path = latest_checkpoint(self._model_dir)
        if not checkpoint_path:
            tf_logging.info(
                "Could not find trained model in model_dir: %s, running initialization to predict.",
                self._model_dir,
            )
        with Graph().as_default() as graph:
            set_random_seed(self._config.tf_random_seed)
            self._create_and_assert_global_step(graph)
            features, input_hooks = self._get_features_from_input_fn(input_fn, ModeKeys.PREDICT)
            spec = self._call_model_fn(features, None, ModeKeys.PREDICT, self.config)
            self._maybe_warm_start(checkpoint_path)
            predictions = self._extract_keys(spec.predictions, predict_keys)
            creator = ChiefSessionCreator(
                scaffold=spec.scaffold,
                master=self._config.master,
                config=self._session_config,
                checkpoint_filename_with_path=checkpoint_path,
            )
            all_hooks = [*input_hooks, *every, *(spec.prediction_hooks or ())]
            with MonitoredSession(creator, all_hooks) as session:
                while not session.should_stop():
                    found = session.run(predictions)
                    if not yield_single_examples:
                        yield found
                    elif not isinstance(predictions, dict):
                        yield from found
                    else:
                        for i in range(self._extract_batch_length(found)):
                            yield {key: value[i] for key, value in found.items()}

    def _extract_batch_length(self, preds_evaluated: dict[str, Any]) -> int:
        length = None
        for key, value in preds_evaluated.items():
            length = length or value.shape[0]
            if value.shape[0] != length:
                raise ValueError(
                    f"Batch length of predictions should be same. {key} has different batch length "
                    "than others."
                )
        return length or 0

    def _extract_keys(self, predictions: Any, predict_keys: Any) -> Any:
        if not predict_keys:
            return predictions
        if not isinstance(predictions, dict):
            raise ValueError("predict_keys argument is not valid in case of non-dict predictions.")
        wanted = {key: value for key, value in predictions.items() if key in predict_keys}
        if not wanted:
            raise ValueError(
                f"Expected to run at least one output from {predictions.keys()}, "
                f"provided {predict_keys}."
            )
        return wanted

    # --- export ---
    def export_saved_model(
        self,
        export_dir_base: Any,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: Any = None,
        as_text: bool = False,
        checkpoint_path: str | None = None,
        experimental_mode: str = ModeKeys.PREDICT,
    ) -> bytes:
        """Writes a SavedModel into a new folder, and returns its path.

        Args:
            export_dir_base: the folder around it, which is named by the time in seconds.
            serving_input_receiver_fn: returns a ServingInputReceiver.
            assets_extra: files to copy: names in the new folder "assets.extra", and their paths.
            as_text: whether the message is text.
            checkpoint_path: a checkpoint; None: the last one.
            experimental_mode: the mode of the graph.

        Raises:
            ValueError: if there is no function or no checkpoint, or a variable is not in it.
        """
        _check_receiver_fn(serving_input_receiver_fn)
        return self._export_all_saved_models(
            export_dir_base,
            {experimental_mode: serving_input_receiver_fn},
            assets_extra=assets_extra,
            as_text=as_text,
            checkpoint_path=checkpoint_path,
            strip_default_attrs=True,
        )

    def experimental_export_all_saved_models(
        self,
        export_dir_base: Any,
        input_receiver_fn_map: dict[str, Callable[[], Any]],
        assets_extra: Any = None,
        as_text: bool = False,
        checkpoint_path: str | None = None,
    ) -> bytes:
        """Writes a SavedModel with graphs of several modes, and returns its path.

        Args:
            export_dir_base: the folder around it, which is named by the time in seconds.
            input_receiver_fn_map: by mode: returns a ServingInputReceiver, or one with labels.
            assets_extra: files to copy: names in the new folder "assets.extra", and their paths.
            as_text: whether the message is text.
            checkpoint_path: a checkpoint; None: the last one.

        Raises:
            ValueError: if there is no mode or no checkpoint, or a variable is not in it.
        """
        return self._export_all_saved_models(
            export_dir_base,
            input_receiver_fn_map,
            assets_extra=assets_extra,
            as_text=as_text,
            checkpoint_path=checkpoint_path,
            strip_default_attrs=True,
        )

    def export_savedmodel(
        self,
        export_dir_base: Any,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: Any = None,
        as_text: bool = False,
        checkpoint_path: str | None = None,
        strip_default_attrs: bool = False,
    ) -> bytes:
        """Writes a SavedModel, as `export_saved_model`; the older name.

        Args:
            export_dir_base: see there, and so the others.
            serving_input_receiver_fn: as above.
            assets_extra: as above.
            as_text: as above.
            checkpoint_path: as above.
            strip_default_attrs: leave out attributes that have their default.

        Raises:
            ValueError: see there.
        """
        _check_receiver_fn(serving_input_receiver_fn)
        return self._export_all_saved_models(
            export_dir_base,
            {ModeKeys.PREDICT: serving_input_receiver_fn},
            assets_extra=assets_extra,
            as_text=as_text,
            checkpoint_path=checkpoint_path,
            strip_default_attrs=strip_default_attrs,
        )

    def _export_all_saved_models(
        self,
        export_dir_base: Any,
        input_receiver_fn_map: dict[str, Callable[[], Any]],
        assets_extra: Any = None,
        as_text: bool = False,
        checkpoint_path: str | None = None,
        strip_default_attrs: bool = True,
    ) -> bytes:
        return exporting.export_all(
            self,
            export_dir_base,
            input_receiver_fn_map,
            assets_extra,
            as_text,
            checkpoint_path,
            strip_default_attrs,
        )

    # --- parts ---
    def _create_global_step(self, graph: Any) -> Any:
        return create_global_step(graph)

    def _create_and_assert_global_step(self, graph: Any) -> Any:
        step = self._create_global_step(graph)
        assert step is get_global_step()
        assert step.dtype.is_integer
        return step

    def _call_input_fn(self, input_fn: InputFn, mode: str) -> Any:
        kwargs = wanted_arguments(
            input_fn, mode=lambda: mode, params=lambda: self.params, config=lambda: self.config
        )
        with scopes.device("/cpu:0"):
            return input_fn(**kwargs)

    def _get_features_and_labels_from_input_fn(
        self, input_fn: InputFn, mode: str
    ) -> tuple[Any, Any, list[SessionRunHook]]:
        return parsed_input(self._call_input_fn(input_fn, mode))

    def _get_features_from_input_fn(
        self, input_fn: InputFn, mode: str
    ) -> tuple[Any, list[SessionRunHook]]:
        features, _, hooks = parsed_input(self._call_input_fn(input_fn, mode))
        self._validate_features_in_predict_input(features)
        return features, hooks

    def _validate_features_in_predict_input(self, result: Any) -> None:
        if not ends(result):
            tf_logging.warning(
                "Input graph does not use tf.data.Dataset or contain a QueueRunner. That means "
                "predict yields forever. This is probably a mistake."
            )

    def _call_model_fn(self, features: Any, labels: Any, mode: str, config: Any) -> EstimatorSpec:
        if labels is not None and "labels" not in fn_args(self._model_fn):
            raise ValueError("model_fn does not take labels, but input_fn returns labels.")
        kwargs = wanted_arguments(
            self._model_fn,
            labels=lambda: labels,
            mode=lambda: mode,
            params=lambda: self.params,
            config=lambda: config,
        )
        tf_logging.info("Calling model_fn.")
        found = self._model_fn(features=features, **kwargs)
        tf_logging.info("Done calling model_fn.")
        if not isinstance(found, EstimatorSpec):
            raise ValueError("model_fn should return an EstimatorSpec.")
        return found

    def _warm_start(self) -> None:
        settings: WarmStartSettings | None = self._warm_start_settings
        if settings:
            tf_logging.info("Warm-starting with WarmStartSettings: %s", settings)
            warm_start(*settings)

    def _maybe_warm_start(self, checkpoint_path: str | None) -> None:
        if not checkpoint_path:
            self._warm_start()


# --- checks ---
def checked_hooks(hooks: Iterable[Any] | None) -> list[SessionRunHook]:
    """Returns hooks as a new list; raises TypeError if one is none."""
    found = list(hooks or ())
    for hook in found:
        if not isinstance(hook, SessionRunHook):
            raise TypeError(f"Hooks must be a SessionRunHook, given: {hook}")
    return found


def _checked_listeners(listeners: Iterable[Any] | None) -> list[CheckpointSaverListener]:
    found = list(listeners or ())
    for listener in found:
        if not isinstance(listener, CheckpointSaverListener):
            raise TypeError(
                f"saving_listeners must be a list of CheckpointSaverListener, given: {listener}"
            )
    return found


def _check_positive(name: str, value: int | None) -> None:
    if value is not None and value <= 0:
        raise ValueError(f"Must specify {name} > 0, given: {value}")


def _check_receiver_fn(function: Any) -> None:
    if not function:
        raise ValueError("An input_receiver_fn must be defined.")


# --- metrics ---
def _with_loss(metrics: dict[str, Any], loss: Any) -> dict[str, Any]:
    """Metrics, with the mean of the loss among them."""
    if _LOSS in metrics:
        raise ValueError(
            f'Metric with name "{_LOSS}" is not allowed, because Estimator already defines a '
            "default metric with the same name."
        )
    metrics[_LOSS] = mean(loss)
    return metrics


def _update_and_values(metrics: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """One operation that updates all metrics, and their values by name."""
    names = sorted(metrics)
    values = {name: metrics[name][0] for name in names}
    return group(*[metrics[name][1] for name in names]), values
