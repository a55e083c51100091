"""tf.keras.models: models in files, as text and as copies."""

from __future__ import annotations

import json
import os
from typing import Any

from graphflow.core.export import export
from graphflow.models import saving_hdf5
from graphflow.models.engine_config import deserialize_layer
from graphflow.models.engine_network import yaml_module
from graphflow.models.engine_sequential import Sequential


def may_overwrite(path: Any, overwrite: bool) -> bool:
    """Whether a file may be written; asks on the terminal if it is there.

    Args:
        path: of the file.
        overwrite: True: it may.
    """
    if overwrite or not isinstance(path, str | os.PathLike) or not os.path.isfile(path):
        return True
    question = f"[WARNING] {path} already exists - overwrite? [y/n]"
    answer = input(question).strip().lower()
    while answer not in ("y", "n"):
        answer = input('Enter "y" (overwrite) or "n" (cancel).').strip().lower()
    if answer == "n":
        return False
    print("[TIP] Next time specify overwrite=True!")
    return True


@export("keras.models.save_model")
def save_model(
    model: Any,
    filepath: Any,
    overwrite: bool = True,
    include_optimizer: bool = True,
    save_format: str | None = None,
    signatures: Any = None,
) -> None:
    """Writes a model with its variables into a file.

    Args:
        model: a model made of tensors, or a Sequential.
        filepath: the path, or an open file of h5py.
        overwrite: whether a file that is there is replaced without a question.
        include_optimizer: whether the optimizer with its variables is written too.
        save_format: "h5" or None; "tf" is not there.
        signatures: belongs to "tf".

    Raises:
        NotImplementedError: for a model that is defined by its `call`.
        ValueError: if another format is asked for.
        ImportError: if there is no package h5py.
    """
    if save_format not in (None, "h5") and not _is_h5_path(filepath):
        raise ValueError(f'Models are saved as HDF5 only (save_format="h5"), not "{save_format}".')
    if not model._is_graph_network and not isinstance(model, Sequential):
        raise NotImplementedError(
            "Saving the model to HDF5 format requires the model to be a Functional model or a "
            "Sequential model. It does not work for subclassed models, because such models are "
            "defined via the body of a Python method, which isn't safely serializable. Consider "
            'saving to the Tensorflow SavedModel format (by setting save_format="tf") or using '
            "`save_weights`."
        )
    saving_hdf5.h5py("save_model")
    if may_overwrite(filepath, overwrite):
        saving_hdf5.save_model(model, filepath, include_optimizer)


def _is_h5_path(path: Any) -> bool:
    return isinstance(path, str) and path.endswith((".h5", ".keras", ".hdf5"))


@export("keras.models.load_model")
def load_model(filepath: Any, custom_objects: Any = None, compile: bool = True) -> Any:
    """Returns the model of a file; see `save_model`.

    Args:
        filepath: the path, or an open file of h5py.
        custom_objects: classes and functions by the names they have in it.
        compile: whether it is compiled as it was.

    Raises:
        OSError: if it is no such file.
        ValueError: if there is no model in it.
        ImportError: if there is no package h5py.
    """
    if not saving_hdf5.is_hdf5(filepath):
        raise OSError(
            "Unable to load model. Filepath is not an hdf5 file (or h5py is not available) or "
            "SavedModel."
        )
    return saving_hdf5.load_model(filepath, custom_objects, compile)


@export("keras.models.model_from_config")
def model_from_config(config: Any, custom_objects: Any = None) -> Any:
    """Returns the model that plain data describes.

    Args:
        config: {"class_name": ..., "config": ...}.
        custom_objects: classes and functions by the names they have in it.

    Raises:
        TypeError: if it is a list.
    """
    if isinstance(config, list):
        raise TypeError(
            "`model_from_config` expects a dictionary, not a list. Maybe you meant to use "
            "`Sequential.from_config(config)`?"
        )
    return deserialize_layer(config, custom_objects)


@export("keras.models.model_from_json")
def model_from_json(json_string: str, custom_objects: Any = None) -> Any:
    """Returns the model that a text of JSON describes; see `Model.to_json`.

    Args:
        json_string: the text.
        custom_objects: classes and functions by the names they have in it.
    """
    return deserialize_layer(json.loads(json_string), custom_objects)


@export("keras.models.model_from_yaml")
def model_from_yaml(yaml_string: str, custom_objects: Any = None) -> Any:
    """Returns the model that a text of YAML describes; see `Model.to_yaml`.

    Args:
        yaml_string: the text.
        custom_objects: classes and functions by the names they have in it.

    Raises:
        ImportError: if there is no package yaml.
    """
    # Tuples are written with a tag that only yaml's full loader knows; it runs no code.
    config = yaml_module().full_load(yaml_string)
    return deserialize_layer(config, custom_objects)
