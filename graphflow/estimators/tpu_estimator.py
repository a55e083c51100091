"""TPUEstimator: an Estimator whose functions are told the batch size; here it works on the CPU."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.dtypes import int64
from graphflow.core.errors import AbortedError, UnavailableError
from graphflow.core.export import export
from graphflow.core.function_arguments import fn_args
from graphflow.estimators import exporting
from graphflow.estimators.estimator import Estimator, InputFn
from graphflow.estimators.mode_keys import ModeKeys
from graphflow.estimators.model_calls import verify_model_fn_args, wanted_arguments
from graphflow.estimators.spec import EstimatorSpec
from graphflow.estimators.tpu_config import (
    InputPipelineConfig,
    RunConfig,
    check_positive_integer,
    parsed_iterations,
)
from graphflow.estimators.tpu_context import Places
from graphflow.estimators.tpu_spec import TPUEstimatorSpec
from graphflow.formats import proto
from graphflow.nets.initializers import Zeros
from graphflow.ops.variable_scope import get_variable
from graphflow.platform import tf_logging
from graphflow.training.global_step import get_global_step
from graphflow.training.saving_hooks import CheckpointSaverListener, StepCounterHook
from graphflow.training.session_hooks import SessionRunHook

_BATCH_SIZE: Final = "batch_size"
_USE_TPU: Final = "use_tpu"
_RESERVED: Final = [_BATCH_SIZE, "context"]
_MOD: Final = "mod"


class ExportSavedModelApiVersion(enum.Enum):
    """Whether a model for TPUs is rewritten by the estimator (V1) or by its function (V2)."""

    V1 = 1
    V2 = 2


class ExamplesPerSecondHook(StepCounterHook):
    """Notes steps and examples per second, in the log and as summaries.

    Args:
        batch_size: the examples of one step.
        every_n_steps: steps from one time to the next.
        every_n_secs: or seconds.
        output_dir: where the summaries go; None: they are only logged.
        summary_writer: or the writer itself.

    Raises:
        ValueError: unless exactly one interval is given.
    """

    def __init__(
        self,
        batch_size: Any,
        every_n_steps: int | None = 100,
        every_n_secs: float | None = None,
        output_dir: str | None = None,
        summary_writer: Any = None,
    ) -> None:
        self._batch_size = batch_size
        super().__init__(every_n_steps, every_n_secs, output_dir, summary_writer)

    def _log_and_record(self, elapsed_steps: Any, elapsed_time: Any, global_step: Any) -> None:
        steps = elapsed_steps / elapsed_time
        speeds = {"global_step/sec": steps, "examples/sec": self._batch_size * steps}
        for tag, speed in speeds.items():
            if self._summary_writer is not None:
                value = proto.Summary.Value(tag=tag, simple_value=speed)
                self._summary_writer.add_summary(proto.Summary(value=[value]), global_step)
        for tag, speed in speeds.items():
            tf_logging.info(f"{tag}: %g", speed)


class _Loop:
    """Logs how a training, an evaluation or a prediction ends."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        if isinstance(error, AbortedError | UnavailableError):
            self.note_done()
            return True
        failed = isinstance(error, Exception)
        if failed:
            tf_logging.error("Error recorded from %s: %s", self._name, error)
        self.note_done()
        if failed:
            tf_logging.warning("Reraising captured error")
        return False

    def note_done(self) -> None:
        tf_logging.info("%s marked as finished", self._name)


@export("contrib.tpu.TPUEstimator", "estimator.tpu.TPUEstimator")
class TPUEstimator(Estimator):
    """An Estimator whose functions find the batch size in `params`.

    There is no TPU here: with `use_tpu` False it works on the CPU, as TensorFlow's does. The
    parameters of input functions hold "batch_size" (where one was given), those of the model
    function also "use_tpu".

    Args:
        model_fn: as Estimator's; must take `params`, and may return a TPUEstimatorSpec.
        model_dir: where checkpoints and summaries go; None: what `config` says.
        config: a `tf.estimator.tpu.RunConfig`.
        params: hyperparameters: a dict, or HParams.
        use_tpu: whether TPUs are asked for; training then raises RuntimeError: there is none.
        train_batch_size: examples of one step of training; needed with `use_tpu`.
        eval_batch_size: examples of one step of evaluation.
        predict_batch_size: examples of one step of prediction.
        batch_axis: where TPUs would cut the batch; nothing is cut on the CPU.
        eval_on_tpu: with `use_tpu`: whether evaluation asks for TPUs too.
        export_to_tpu: whether an exported model is wanted for TPUs too; that graph is never
            written, and a warning says so.
        export_to_cpu: whether an exported model serves on CPUs.
        warm_start_from: as Estimator's.
        embedding_config_spec: the embeddings on TPUs; on the CPU only its `partition_strategy`
            is looked at.
        export_saved_model_api_version: who rewrites a model for TPUs.

    Raises:
        ValueError: if `config` is none, `params` has "batch_size" or "context", a batch size is
            missing or not positive, or as Estimator.
        TypeError: if a batch size is no integer.
    """

    def __init__(
        self,
        model_fn: Any = None,
        model_dir: Any = None,
        config: Any = None,
        params: Any = None,
        use_tpu: bool = True,
        train_batch_size: int | None = None,
        eval_batch_size: int | None = None,
        predict_batch_size: int | None = None,
        batch_axis: Any = None,
        eval_on_tpu: bool = True,
        export_to_tpu: bool = True,
        export_to_cpu: bool = True,
        warm_start_from: Any = None,
        embedding_config_spec: Any = None,
        export_saved_model_api_version: Any = ExportSavedModelApiVersion.V1,
    ) -> None:
        if config is None or not isinstance(config, RunConfig):
            raise ValueError("`config` must be provided with type `tpu_config.RunConfig`")
        if params is not None and any(key in params for key in _RESERVED):
            raise ValueError(f"{_RESERVED} are reserved keys but existed in params {params}.")
        sizes = {
            ModeKeys.TRAIN: train_batch_size,
            ModeKeys.EVAL: eval_batch_size,
            ModeKeys.PREDICT: predict_batch_size,
        }
        if use_tpu:
            _check_for_tpu(config, sizes, embedding_config_spec)
        on_tpu = use_tpu and eval_on_tpu
        if not on_tpu and getattr(embedding_config_spec, "partition_strategy", "") == _MOD:
            raise ValueError("Mod sharding of embedding tables not supported on CPU.")
        verify_model_fn_args(model_fn, params)
        super().__init__(
            model_fn=self._augment_model_fn(model_fn),
            model_dir=model_dir,
            config=config.replace(log_step_count_steps=None),  # a hook of its own notes the speed
            params=params or {},
            warm_start_from=warm_start_from,
        )
        self._every_steps, self._every_seconds = _logging_interval(config)
        self._places = Places(self._config, sizes, use_tpu, eval_on_tpu)
        _note_places(config, use_tpu, eval_on_tpu, embedding_config_spec)
        self._export_to_cpu = export_to_cpu
        self._export_to_tpu = export_to_tpu
        if not isinstance(export_saved_model_api_version, ExportSavedModelApiVersion):
            raise ValueError(
                "export_saved_model_api_version should be of type ExportSavedModelApiVersion; "
                f"got {export_saved_model_api_version}."
            )
        self._is_input_fn_invoked = False

    # --- the three loops ---
    def train(
        self,
        input_fn: InputFn,
        hooks: Iterable[SessionRunHook] | None = None,
        steps: int | None = None,
        max_steps: int | None = None,
        saving_listeners: Iterable[CheckpointSaverListener] | None = None,
    ) -> Any:
        """Trains, from the last checkpoint on if there is one; see Estimator.

        Args:
            input_fn: must take `params`.
            hooks: SessionRunHooks.
            steps: how many steps; None: until the input ends.
            max_steps: or up to which step.
            saving_listeners: CheckpointSaverListeners.

        Returns:
            The estimator.

        Raises:
            ValueError: as Estimator; or if a function does not take `params`.
            TypeError: as Estimator.
            RuntimeError: if TPUs are asked for: there is none.
        """
        with _Loop("training_loop"):
            return super().train(input_fn, hooks, steps, max_steps, saving_listeners)

    def evaluate(
        self,
        input_fn: InputFn,
        steps: int | None = None,
        hooks: Iterable[SessionRunHook] | None = None,
        checkpoint_path: str | None = None,
        name: str | None = None,
    ) -> Any:
        """Returns the values of the metrics; see Estimator.

        Args:
            input_fn: must take `params`.
            steps: how many batches; None: until the input ends.
            hooks: SessionRunHooks.
            checkpoint_path: a checkpoint; None: the last one.
            name: the name of the evaluation.

        Returns:
            The metrics by name.

        Raises:
            ValueError: as Estimator; or if a function does not take `params`, or the TPUConfig
                wants the input SLICED.
            TypeError: as Estimator.
            RuntimeError: if TPUs are asked for: there is none.
        """
        with _Loop("evaluation_loop"):
            return super().evaluate(input_fn, steps, hooks, checkpoint_path, name)

    def predict(
        self,
        input_fn: InputFn,
        predict_keys: Any = None,
        hooks: Iterable[SessionRunHook] | None = None,
        checkpoint_path: str | None = None,
        yield_single_examples: bool = True,
    ) -> Iterator[Any]:
        """Yields predictions until the input ends; see Estimator.

        Args:
            input_fn: must take `params`.
            predict_keys: the names of the predictions wanted; None: all.
            hooks: SessionRunHooks.
            checkpoint_path: a checkpoint; None: the last one.
            yield_single_examples: whether the batch is taken apart.

        Yields:
            The predictions of one example.

        Raises:
            ValueError: as Estimator; or if a function does not take `params`, or the TPUConfig
                wants the input SLICED.
            TypeError: as Estimator.
            RuntimeError: if TPUs are asked for: there is none.
        """
        loop = _Loop("prediction_loop")
        with loop:
            yield from super().predict(
                input_fn, predict_keys, hooks, checkpoint_path, yield_single_examples
            )
        loop.note_done()

    # --- parts ---
    def _create_global_step(self, graph: Any) -> Any:
        if get_global_step(graph) is not None:
            raise ValueError('"global_step" already exists.')
        with graph.as_default(), graph.name_scope(None):
            return get_variable(
                GraphKeys.GLOBAL_STEP,
                shape=[],
                dtype=int64,
                initializer=Zeros(),
                trainable=False,
                use_resource=True,
                collections=[GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP],
            )

    def _convert_train_steps_to_hooks(
        self, steps: int | None, max_steps: int | None
    ) -> list[SessionRunHook]:
        self._places.on_cpu(ModeKeys.TRAIN)
        return super()._convert_train_steps_to_hooks(steps, max_steps)

    def _convert_eval_steps_to_hooks(self, steps: int | None) -> list[SessionRunHook]:
        self._places.on_cpu(ModeKeys.EVAL)
        return super()._convert_eval_steps_to_hooks(steps)

    def _call_input_fn(self, input_fn: InputFn, mode: str) -> Any:
        if "params" not in fn_args(input_fn):
            raise ValueError(
                f"input_fn ({input_fn}) does not include params argument, required by "
                'TPUEstimator to pass batch size as params["batch_size"]'
            )
        params = self.params
        kwargs = wanted_arguments(
            input_fn, mode=lambda: mode, params=lambda: params, config=lambda: self.config
        )
        self._is_input_fn_invoked = True
        if self._places.on_cpu(mode) and self._places.sliced(mode):
            raise ValueError(
                "Invalid TPUConfig `eval_training_input_configuration` value. SLICED mode only "
                "works on use_tpu = True."
            )
        size = self._places.batch_sizes.get(mode)
        if size is not None:
            _put(params, _BATCH_SIZE, size)
        with scopes.device("/device:CPU:0"):
            return input_fn(**kwargs)

    def _validate_features_in_predict_input(self, result: Any) -> None:
        """Does not ask whether the input ends."""

    def _augment_model_fn(self, model_fn: Callable[..., Any]) -> Callable[..., EstimatorSpec]:
        """A model function that calls the given one on the CPU, with the batch size."""

        def augmented(
            features: Any, labels: Any, mode: str, config: Any, params: Any
        ) -> EstimatorSpec:
            exporting_now = not self._is_input_fn_invoked
            self._is_input_fn_invoked = False
            if exporting_now:
                _put(params, _USE_TPU, False)
            hooks = self._speed_hooks(mode, config)
            self._places.on_cpu(mode, exporting_now)
            tf_logging.info("Running %s on CPU", mode)
            size = None if exporting_now else self._places.batch_sizes.get(mode)
            spec: EstimatorSpec = _called(
                model_fn, features, labels, mode, config, params, size, exporting_now
            )
            if hooks:
                spec = spec._replace(training_hooks=spec.training_hooks + hooks)
            return spec

        return augmented

    def _speed_hooks(self, mode: str, config: Any) -> tuple[SessionRunHook, ...]:
        if self._every_steps is None and self._every_seconds is None:
            return ()
        folder = self.model_dir if not config or config.save_summary_steps else None
        return (
            ExamplesPerSecondHook(
                self._places.batch_sizes.get(mode),
                every_n_steps=self._every_steps,
                every_n_secs=self._every_seconds,
                output_dir=folder,
            ),
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
        checkpoint_path = checkpoint_path or exporting.checkpoint_of(self)
        modes = list(input_receiver_fn_map)
        if modes and not self._export_to_cpu and not self._export_to_tpu:
            raise ValueError("One of export_to_cpu and export_to_tpu must be true.")
        if self._export_to_tpu:
            self._note_export(modes)
        return super()._export_all_saved_models(
            export_dir_base,
            input_receiver_fn_map,
            assets_extra,
            as_text,
            checkpoint_path,
            strip_default_attrs,
        )

    def _note_export(self, modes: list[str]) -> None:
        """Says what is not exported; raises RuntimeError if that is all that was asked for."""
        for mode in modes:
            if mode != ModeKeys.PREDICT:
                tf_logging.warning(
                    "TPUEstimator only handles mode PREDICT for exporting when `export_to_tpu` is "
                    f"`True`; Mode {mode} will be ignored for TPU."
                )
        if not self._export_to_cpu:
            raise RuntimeError("A graph for TPUs cannot be written: set export_to_cpu to True.")
        tf_logging.warning("The graph for CPUs alone is exported, none for TPUs.")


# --- the model function ---
def _called(
    model_fn: Callable[..., Any],
    features: Any,
    labels: Any,
    mode: str,
    config: Any,
    params: Any,
    size: int | None,
    exporting_now: bool,
) -> Any:
    """What a model function returned, as an EstimatorSpec."""
    args = fn_args(model_fn)
    if "labels" not in args and labels is not None:
        raise ValueError("model_fn does not take labels, but input_fn returns labels.")
    if "params" not in args:
        raise ValueError(
            f"model_fn ({model_fn}) does not include params argument, required by TPUEstimator to "
            "pass batch size as params['batch_size']"
        )
    if size is not None:
        _put(params, _BATCH_SIZE, size)
    if not exporting_now:
        _put(params, _USE_TPU, False)
    kwargs = wanted_arguments(
        model_fn,
        labels=lambda: labels,
        mode=lambda: mode,
        params=lambda: params,
        config=lambda: config,
    )
    spec = model_fn(features=features, **kwargs)
    return spec.as_estimator_spec() if isinstance(spec, TPUEstimatorSpec) else spec


def _put(params: Any, key: str, value: Any) -> None:
    """Adds a hyperparameter to a dict or to HParams."""
    if not hasattr(params, "set_hparam"):
        params[key] = value
    elif key in params:
        params.set_hparam(key, value)
    else:
        params.add_hparam(key, value)


# --- what was given ---
def _check_for_tpu(config: Any, sizes: dict[str, int | None], embedding: Any) -> None:
    """Raises ValueError or TypeError for what no TPU could be told."""
    if sizes[ModeKeys.TRAIN] is None:
        raise ValueError("`train_batch_size` cannot be `None`")
    check_positive_integer(sizes[ModeKeys.TRAIN], "train_batch_size")
    told = config.tpu_config
    if (
        told.per_host_input_for_training == InputPipelineConfig.PER_SHARD_V1
        and told.num_cores_per_replica
    ):
        raise ValueError(
            "Model parallelism only supports per host input for training. Please adjust "
            "TPURunconfig.per_host_input_for_training."
        )
    for mode, name in ((ModeKeys.EVAL, "eval"), (ModeKeys.PREDICT, "predict")):
        if sizes[mode] is not None:
            check_positive_integer(sizes[mode], f"{name}_batch_size")
    if embedding and told.per_host_input_for_training != InputPipelineConfig.PER_HOST_V2:
        raise ValueError(
            "Only PER_HOST_V2 is supported when using TPU Embedding; got "
            f"{told.per_host_input_for_training}."
        )


def _logging_interval(config: Any) -> tuple[int | None, int | None]:
    """(steps, seconds) from one note of the speed to the next; one is None, or both."""
    loop = parsed_iterations(config.tpu_config.iterations_per_loop)
    if loop.unit == "seconds":
        return None, loop.value
    every = config.log_step_count_steps
    return (None if every is None else math.ceil(every / loop.value)), None


def _note_places(config: Any, use_tpu: bool, eval_on_tpu: bool, embedding: Any) -> None:
    told = config.tpu_config
    if told.num_shards == 1 and told.num_cores_per_replica is None:
        if embedding is not None:
            raise ValueError(
                "Setting TPUConfig.num_shards==1 is unsupported when embedding_config_spec is not "
                "None."
            )
        tf_logging.warning(
            "Setting TPUConfig.num_shards==1 is an unsupported behavior. Please fix as soon as "
            "possible (leaving num_shards as None.)"
        )
        eval_on_tpu = True
    tf_logging.info("_TPUContext: eval_on_tpu %s", eval_on_tpu)
    if not use_tpu and eval_on_tpu:
        tf_logging.warning("eval_on_tpu ignored because use_tpu is False.")
