"""Estimators made of others: with more metrics, or with features among the predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from graphflow.core.export import export
from graphflow.core.function_arguments import fn_args
from graphflow.core.sparse_tensor import SparseTensor, convert_to_tensor_or_sparse_tensor
from graphflow.core.tensor import Tensor
from graphflow.estimators.estimator import Estimator
from graphflow.estimators.export_outputs import PredictOutput
from graphflow.estimators.mode_keys import ModeKeys
from graphflow.estimators.model_calls import wanted_arguments
from graphflow.ops.clip import clip_by_global_norm
from graphflow.ops.sparse_to_dense import sparse_tensor_to_dense
from graphflow.training.optimizer import Optimizer

_METRIC_ARGUMENTS: Final = ("features", "labels", "predictions", "config")
_FORWARDING: Final = "Please check arguments of forward_features."


# --- metrics ---
@export("estimator.add_metrics", "contrib.estimator.add_metrics")
def add_metrics(estimator: Any, metric_fn: Callable[..., Any]) -> Estimator:
    """Returns an Estimator with the same model and more metrics.

    Args:
        estimator: the Estimator.
        metric_fn: takes of `features`, `labels`, `predictions` and `config` what it wants, and
            returns metrics by name, as `eval_metric_ops` of EstimatorSpec; they go before the
            model's own.

    Raises:
        ValueError: if the function takes other arguments.
    """
    others = [name for name in fn_args(metric_fn) if name not in _METRIC_ARGUMENTS]
    if others:
        raise ValueError(f"metric_fn ({metric_fn}) has following not expected args: {others}")

    def new_model_fn(features: Any, labels: Any, mode: str, config: Any) -> Any:
        spec = estimator.model_fn(features, labels, mode, config)
        if mode != ModeKeys.EVAL:
            return spec
        kwargs = wanted_arguments(
            metric_fn,
            features=lambda: features,
            labels=lambda: labels,
            predictions=lambda: spec.predictions,
            config=lambda: config,
        )
        return spec._replace(eval_metric_ops={**spec.eval_metric_ops, **metric_fn(**kwargs)})

    return Estimator(
        new_model_fn,
        estimator.model_dir,
        estimator.config,
        warm_start_from=estimator._warm_start_settings,
    )


# --- features ---
@export("contrib.estimator.forward_features")
def forward_features(
    estimator: Any, keys: Any = None, sparse_default_values: dict[str, Any] | None = None
) -> Estimator:
    """Returns an Estimator with the same model, and features among the predictions.

    Args:
        estimator: the Estimator; its predictions have names.
        keys: the name of a feature, or several; None: all.
        sparse_default_values: by name: what stands for missing values of sparse features, which
            become dense.

    Raises:
        TypeError: if a name is no string.

    Raises (from the model function):
        ValueError: if there is no such feature, it is sparse, or a prediction has its name.
    """
    names = _checked_keys(keys)

    def new_model_fn(features: Any, labels: Any, mode: str, config: Any) -> Any:
        spec = estimator.model_fn(features, labels, mode, config)
        wanted = list(features) if names is None else names
        _check_names(wanted, features, spec.predictions)
        found = {key: _dense(key, features[key], sparse_default_values or {}) for key in wanted}
        spec = spec._replace(predictions={**spec.predictions, **found})
        for name in ("predict", "serving_default"):
            output = (spec.export_outputs or {}).get(name)
            if isinstance(output, PredictOutput):
                output.outputs.update(found)
        return spec

    return Estimator(new_model_fn, estimator.model_dir, estimator.config)


def _checked_keys(keys: Any) -> Any:
    if keys is None:
        return None
    if isinstance(keys, str):
        return [keys]
    if not isinstance(keys, list | tuple):
        raise TypeError(f"keys should be either a string or a list of strings. Given: {type(keys)}")
    for key in keys:
        if not isinstance(key, str):
            raise TypeError(
                "All items in the given keys list should be a string. There exist an item with "
                f"type: {type(key)}"
            )
    return keys


def _check_names(keys: Any, features: Any, predictions: Any) -> None:
    if not isinstance(predictions, dict):
        raise ValueError(
            "Predictions should be a dict to be able to forward features. "
            f"Given: {type(predictions)}"
        )
    for key in keys:
        if key not in features:
            raise ValueError(
                f'keys should be exist in features. Key "{key}" is not in features dict. features '
                f"dict has following keys: {features.keys()}. {_FORWARDING}"
            )
        if key in predictions:
            raise ValueError(
                f"Cannot forward feature key ({key}). Since it does exist in predictions. Existing "
                f"prediction keys: {predictions.keys()}. {_FORWARDING}"
            )


def _dense(key: str, feature: Any, defaults: dict[str, Any]) -> Tensor:
    feature = convert_to_tensor_or_sparse_tensor(feature)
    if key in defaults:
        if not isinstance(feature, SparseTensor):
            raise ValueError(f"Feature ({key}) is expected to be a `SparseTensor`.")
        feature = sparse_tensor_to_dense(feature, default_value=defaults[key])
    if not isinstance(feature, Tensor):
        raise ValueError(
            f"Feature ({key}) should be a Tensor. Please use `keys` argument of forward_features "
            "to filter unwanted features, oradd key to argument `sparse_default_values`."
            f"Type of features[{key}] is {type(feature)}."
        )
    return feature


# --- gradients ---
@export("contrib.estimator.clip_gradients_by_norm")
def clip_gradients_by_norm(optimizer: Optimizer, clip_norm: Any) -> Optimizer:
    """Returns an optimizer that scales the gradients of another one down to a largest norm.

    Args:
        optimizer: the other one.
        clip_norm: the norm of all gradients together.
    """
    return _Clipped(optimizer, clip_norm)


class _Clipped(Optimizer):
    """An optimizer whose gradients have a largest norm together."""

    def __init__(self, optimizer: Optimizer, clip_norm: Any) -> None:
        super().__init__(use_locking=False, name=f"ClipByNorm{optimizer.get_name()}")
        self._optimizer = optimizer
        self._clip_norm = clip_norm

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        """Returns the gradients of the other optimizer."""
        return self._optimizer.compute_gradients(*args, **kwargs)

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Any:
        """Returns the training step of the other optimizer, with clipped gradients."""
        gradients, variables = zip(*grads_and_vars, strict=True)
        clipped = clip_by_global_norm(gradients, self._clip_norm)[0]
        pairs = list(zip(clipped, variables, strict=True))
        return self._optimizer.apply_gradients(pairs, global_step, name)

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        """Returns a slot of the other optimizer."""
        return self._optimizer.get_slot(*args, **kwargs)

    def get_slot_names(self) -> list[str]:
        """Returns the names of the slots of the other optimizer."""
        return self._optimizer.get_slot_names()


# --- exports ---
@export("contrib.estimator.export_saved_model_for_mode")
def export_saved_model_for_mode(
    estimator: Any,
    export_dir_base: Any,
    input_receiver_fn: Callable[[], Any],
    assets_extra: Any = None,
    as_text: bool = False,
    checkpoint_path: str | None = None,
    mode: str = ModeKeys.PREDICT,
) -> bytes:
    """Writes a SavedModel of an Estimator; see `Estimator.export_saved_model`.

    Args:
        estimator: the Estimator.
        export_dir_base: see there, and so the others.
        input_receiver_fn: as above.
        assets_extra: as above.
        as_text: as above.
        checkpoint_path: as above.
        mode: the mode of the graph.

    Raises:
        ValueError: see there.
    """
    found: bytes = estimator.export_saved_model(
        export_dir_base,
        input_receiver_fn,
        assets_extra=assets_extra,
        as_text=as_text,
        checkpoint_path=checkpoint_path,
        experimental_mode=mode,
    )
    return found


@export("contrib.estimator.export_all_saved_models")
def export_all_saved_models(
    estimator: Any,
    export_dir_base: Any,
    input_receiver_fn_map: dict[str, Callable[[], Any]],
    assets_extra: Any = None,
    as_text: bool = False,
    checkpoint_path: str | None = None,
) -> bytes:
    """Writes a SavedModel with graphs of several modes.

    Args:
        estimator: the Estimator.
        export_dir_base: see `Estimator.experimental_export_all_saved_models`, and so the others.
        input_receiver_fn_map: as above.
        assets_extra: as above.
        as_text: as above.
        checkpoint_path: as above.

    Raises:
        ValueError: see there.
    """
    found: bytes = estimator.experimental_export_all_saved_models(
        export_dir_base,
        input_receiver_fn_map,
        assets_extra=assets_extra,
        as_text=as_text,
        checkpoint_path=checkpoint_path,
    )
    return found
