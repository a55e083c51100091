"""Models and their variables in HDF5 files, as Keras writes them; needs the package h5py."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from graphflow.models import losses, optimizers
from graphflow.models.engine_config import KERAS_VERSION, deserialize_layer, json_of
from graphflow.models.optimizers_wrapped import TFOptimizer
from graphflow.models.saving_conversion import converted_weights
from graphflow.nets.keras_nodes import int_shape
from graphflow.nets.keras_state import batch_get_value, batch_set_value
from graphflow.platform import tf_logging

_HEADER_LIMIT: Final = 64512
"""What one attribute of a file can hold, in bytes; names that are longer go into several."""


def h5py(function: str) -> Any:
    """Returns the package h5py.

    Args:
        function: who needs it, for the error.

    Raises:
        ImportError: if there is none.
    """
    try:
        return importlib.import_module("h5py")
    except ImportError:
        raise ImportError(f"`{function}` requires h5py.") from None


def is_hdf5(path: Any) -> bool:
    """Whether something is an open HDF5 file, or the path of one that begins as such do."""
    if hasattr(path, "attrs") and hasattr(path, "create_group"):
        return True
    if not isinstance(path, str | os.PathLike) or not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(8) == b"\x89HDF\r\n\x1a\n"


def _text(x: Any) -> str:
    return x.decode("utf8") if isinstance(x, bytes) else str(x)


# --- lists of names ---
def _write_names(group: Any, key: str, names: Iterable[str]) -> None:
    encoded = [name.encode("utf8") for name in names]
    long = [name for name in encoded if len(name) > _HEADER_LIMIT]
    if long:
        raise RuntimeError(
            "The following attributes cannot be saved to HDF5 file because they are larger than "
            f"{_HEADER_LIMIT} bytes: {', '.join(map(_text, long))}"
        )
    array = np.asarray(encoded)
    n = 1
    while any(part.nbytes > _HEADER_LIMIT for part in np.array_split(array, n)):
        n += 1
    if n == 1:
        group.attrs[key] = array
        return
    for i, part in enumerate(np.array_split(array, n)):
        group.attrs[f"{key}{i}"] = part


def _names(group: Any, key: str) -> list[str]:
    if key in group.attrs:
        return [_text(name) for name in group.attrs[key]]
    found: list[str] = []
    i = 0
    while f"{key}{i}" in group.attrs:
        found += [_text(name) for name in group.attrs[f"{key}{i}"]]
        i += 1
    return found


# --- variables ---
def _weights(layer: Any) -> list[Any]:
    """The variables in the order of the files: those that optimizers change first."""
    found: list[Any] = layer.trainable_weights + layer.non_trainable_weights
    return found


def _write_values(group: Any, variables: list[Any]) -> None:
    values = batch_get_value(variables)
    names = [variable.name for variable in variables]
    _write_names(group, "weight_names", names)
    for name, value in zip(names, values, strict=True):
        group.create_dataset(name, data=value)


def _values(group: Any) -> list[Any]:
    return [np.asarray(group[name]) for name in _names(group, "weight_names")]


def save_weights(group: Any, layers: list[Any]) -> None:
    """Writes the variables of layers.

    Args:
        group: a group of a file.
        layers: the layers.
    """
    _write_names(group, "layer_names", [layer.name for layer in layers])
    group.attrs["backend"] = b"tensorflow"
    group.attrs["keras_version"] = KERAS_VERSION.encode("utf8")
    for layer in layers:
        _write_values(group.create_group(layer.name), _weights(layer))


def _origin(group: Any) -> tuple[str, str | None]:
    """The version and the backend of the Keras that wrote a group."""
    version = _text(group.attrs["keras_version"]) if "keras_version" in group.attrs else "1"
    return version, _text(group.attrs["backend"]) if "backend" in group.attrs else None


def load_weights(group: Any, layers: list[Any]) -> None:
    """Gives variables of layers the values that a group has, layer by layer in their order.

    Args:
        group: a group of a file.
        layers: the layers.

    Raises:
        ValueError: if numbers of layers or variables differ.
    """
    held = [layer for layer in layers if _weights(layer)]
    names = [name for name in _names(group, "layer_names") if _names(group[name], "weight_names")]
    if len(names) != len(held):
        raise ValueError(
            f"You are trying to load a weight file containing {len(names)} layers into a model "
            f"with {len(held)} layers."
        )
    pairs: list[tuple[Any, Any]] = []
    for k, (name, layer) in enumerate(zip(names, held, strict=True)):
        variables = _weights(layer)
        values = converted_weights(layer, _values(group[name]), *_origin(group))
        if len(values) != len(variables):
            raise ValueError(
                f'Layer #{k} (named "{layer.name}" in the current model) was found to correspond '
                f"to layer {name} in the save file. However the new layer {layer.name} expects "
                f"{len(variables)} weights, but the saved weights have {len(values)} elements."
            )
        pairs += zip(variables, values, strict=True)
    batch_set_value(pairs)


def load_weights_by_name(group: Any, layers: list[Any]) -> None:
    """Gives variables of layers the values that a group has for layers of the same name.

    Args:
        group: a group of a file.
        layers: the layers.

    Raises:
        ValueError: if numbers or shapes of variables differ.
    """
    pairs: list[tuple[Any, Any]] = []
    for k, name in enumerate(_names(group, "layer_names")):
        for layer in layers:
            if layer.name == name:
                values = converted_weights(layer, _values(group[name]), *_origin(group))
                pairs += _fitting(k, layer, values)
    batch_set_value(pairs)


def _fitting(k: int, layer: Any, values: list[Any]) -> list[tuple[Any, Any]]:
    variables = _weights(layer)
    if len(values) != len(variables):
        raise ValueError(
            f'Layer #{k} (named "{layer.name}") expects {len(variables)} weight(s), but the saved '
            f"weights have {len(values)} element(s)."
        )
    for variable, value in zip(variables, values, strict=True):
        if int_shape(variable) != value.shape:
            raise ValueError(
                f'Layer #{k} (named "{layer.name}"), weight {variable} has shape '
                f"{int_shape(variable)}, but the saved weight has shape {value.shape}."
            )
    return list(zip(variables, values, strict=True))


# --- whole models ---
def model_metadata(model: Any, include_optimizer: bool) -> dict[str, Any]:
    """Returns what a file says about a model besides its variables.

    Args:
        model: the model.
        include_optimizer: whether it says how the model is trained.
    """
    config = {"class_name": type(model).__name__, "config": model.get_config()}
    found: dict[str, Any] = {
        "keras_version": KERAS_VERSION, "backend": "tensorflow", "model_config": config,
    }  # fmt: skip
    if not model.optimizer or not include_optimizer:
        return found
    if isinstance(model.optimizer, TFOptimizer):
        tf_logging.warning(
            "TensorFlow optimizers do not make it possible to access optimizer attributes or "
            "optimizer state after instantiation. As a result, we cannot save the optimizer as "
            "part of the model save file. You will have to compile your model again after loading "
            "it. Prefer using a Keras optimizer instead (see keras.io/optimizers)."
        )
        return found
    found["training_config"] = {
        "loss": model.loss,
        "metrics": model._compile_metrics,
        "weighted_metrics": model._compile_weighted_metrics,
        "sample_weight_mode": model.sample_weight_mode,
        "loss_weights": model.loss_weights,
        "optimizer_config": {
            "class_name": type(model.optimizer).__name__,
            "config": model.optimizer.get_config(),
        },
    }
    return found


def save_model(model: Any, path: Any, include_optimizer: bool) -> None:
    """Writes a model into a file.

    Args:
        model: the model.
        path: of the file, or an open one.
        include_optimizer: whether the optimizer with its variables is written too.
    """
    if not isinstance(path, str | os.PathLike):
        _write_model(path, model, include_optimizer)
        return
    with h5py("save_model").File(path, "w") as file:
        _write_model(file, model, include_optimizer)


def _write_model(file: Any, model: Any, include_optimizer: bool) -> None:
    for key, value in model_metadata(model, include_optimizer).items():
        plain = isinstance(value, dict)
        file.attrs[key] = json.dumps(value, default=json_of).encode("utf8") if plain else value
    save_weights(file.create_group("model_weights"), model.layers)
    optimizer = model.optimizer
    if include_optimizer and optimizer and not isinstance(optimizer, TFOptimizer):
        variables = optimizer.weights
        if variables:
            _write_values(file.create_group("optimizer_weights"), variables)
    file.flush()


def load_model(path: Any, custom_objects: Any = None, compile: bool = True) -> Any:
    """Returns the model of a file.

    Args:
        path: of the file, or an open one.
        custom_objects: classes and functions by the names they have in it.
        compile: whether it is compiled as it was.

    Raises:
        ValueError: if there is no model in it.
    """
    if not isinstance(path, str | os.PathLike):
        return _read_model(path, custom_objects, compile)
    with h5py("load_model").File(path, "r") as file:
        return _read_model(file, custom_objects, compile)


def _read_model(file: Any, custom_objects: Any, compile: bool) -> Any:
    config = file.attrs.get("model_config")
    if config is None:
        raise ValueError("No model found in config file.")
    model = deserialize_layer(json.loads(_text(config)), custom_objects)
    load_weights(file["model_weights"], model.layers)
    if compile:
        _compile(file, model, custom_objects or {})
    return model


def _compile(file: Any, model: Any, custom_objects: dict[str, Any]) -> None:
    config = file.attrs.get("training_config")
    if config is None:
        tf_logging.warning(
            "No training configuration found in save file: the model was *not* compiled. Compile "
            "it manually."
        )
        return
    model.compile(**_compile_arguments(json.loads(_text(config)), custom_objects))
    if "optimizer_weights" not in file:
        return
    if not model._is_graph_network:
        tf_logging.warning(
            "Sequential models without an `input_shape` passed to the first layer cannot reload "
            "their optimizer state. As a result, your model isstarting with a freshly initialized "
            "optimizer."
        )
        return
    model._make_train_function()
    try:
        model.optimizer.set_weights(_values(file["optimizer_weights"]))
    except ValueError:
        tf_logging.warning(
            "Error in loading the saved optimizer state. As a result, your model is starting with "
            "a freshly initialized optimizer."
        )


def _compile_arguments(config: dict[str, Any], custom: dict[str, Any]) -> dict[str, Any]:
    loss = config["loss"]
    if isinstance(loss, dict) and "class_name" in loss:
        loss = losses.get(loss)
    return {
        "optimizer": optimizers.deserialize(config["optimizer_config"], custom_objects=custom),
        "loss": _own(loss, custom),
        "metrics": _own(config["metrics"], custom),
        "weighted_metrics": _own(config.get("weighted_metrics"), custom),
        "loss_weights": config["loss_weights"],
        "sample_weight_mode": config["sample_weight_mode"],
    }


def _own(names: Any, custom: dict[str, Any]) -> Any:
    """Names in a structure, with the program's own objects in place of theirs."""
    if isinstance(names, list):
        return [_own(name, custom) for name in names]
    if isinstance(names, dict):
        return {key: _own(name, custom) for key, name in names.items()}
    return custom.get(names, names)
