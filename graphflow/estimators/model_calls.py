"""Calls of functions that take any part of the arguments: model functions and logit functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from graphflow.core.export import export
from graphflow.core.function_arguments import fn_args
from graphflow.core.tensor import Tensor
from graphflow.platform import tf_logging

_MODEL_ARGUMENTS: Final = {"features", "labels", "mode", "params", "self", "config"}


def wanted_arguments(function: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    """Returns those arguments that a function takes; functions of no argument give values.

    Args:
        function: the function.
        **arguments: by name: a function that makes the value.
    """
    taken = fn_args(function)
    return {name: make() for name, make in arguments.items() if name in taken}


def verify_model_fn_args(model_fn: Callable[..., Any], params: Any) -> None:
    """Raises ValueError if a model function takes too little or too much.

    Args:
        model_fn: the model function.
        params: the hyperparameters; where they are None, nobody may ask for them.
    """
    args = set(fn_args(model_fn))
    if "features" not in args:
        raise ValueError(f"model_fn ({model_fn}) must include features argument.")
    if params is not None and "params" not in args:
        raise ValueError(
            f"model_fn ({model_fn}) does not include params argument, but params ({params}) is "
            "passed to Estimator."
        )
    if params is None and "params" in args:
        tf_logging.warning(
            "Estimator's model_fn (%s) includes params argument, but params are not passed to "
            "Estimator.",
            model_fn,
        )
    others = [name for name in fn_args(model_fn) if name not in _MODEL_ARGUMENTS]
    if others:
        raise ValueError(f"model_fn ({model_fn}) has following not expected args: {others}")


@export("estimator.experimental.call_logit_fn", "contrib.estimator.call_logit_fn")
def call_logit_fn(
    logit_fn: Callable[..., Any], features: Any, mode: str, params: Any, config: Any
) -> Any:
    """Calls a function that computes logits with those arguments that it takes.

    Args:
        logit_fn: takes `features`, and of `mode`, `params` and `config` what it wants.
        features: tensors by name.
        mode: one of `ModeKeys`.
        params: hyperparameters.
        config: a RunConfig.

    Returns:
        What it returned: a tensor, or tensors by name.

    Raises:
        ValueError: if it returned anything else.
    """
    kwargs = wanted_arguments(
        logit_fn, mode=lambda: mode, params=lambda: params, config=lambda: config
    )
    found = logit_fn(features=features, **kwargs)
    if isinstance(found, Tensor) or (
        isinstance(found, dict)
        and all(isinstance(k, str) and isinstance(v, Tensor) for k, v in found.items())
    ):
        return found
    raise ValueError(
        "logit_fn should return a Tensor or a dictionary mapping strings to Tensors.  logit_fn "
        f"returned: {found}"
    )
