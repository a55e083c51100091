"""The folder of a SavedModel: graphs with tags in one file, their variables and files beside it.

    export_dir/saved_model.pb (or saved_model.pbtxt)   a SavedModel message
    export_dir/variables/variables.*                   a checkpoint
    export_dir/assets/*                                files that the graphs read

In goes a folder, out comes the message; and back. What a graph needs of its assets is worked out
here too: a message that names a file outside of its own folder is refused.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Final

from graphflow.core.export import export, publish_from
from graphflow.formats import proto
from graphflow.formats.durable import file_errors, replace_file

ASSETS_DIRECTORY: Final = "assets"
EXTRA_ASSETS_DIRECTORY: Final = "assets.extra"
ASSETS_KEY: Final = "saved_model_assets"
LEGACY_INIT_OP_KEY: Final = "legacy_init_op"
MAIN_OP_KEY: Final = "saved_model_main_op"
TRAIN_OP_KEY: Final = "saved_model_train_op"
SAVED_MODEL_SCHEMA_VERSION: Final = 1
SAVED_MODEL_FILENAME_PB: Final = "saved_model.pb"
SAVED_MODEL_FILENAME_PBTXT: Final = "saved_model.pbtxt"
SAVED_MODEL_FILENAME_JSON: Final = "saved_model.json"
VARIABLES_DIRECTORY: Final = "variables"
VARIABLES_FILENAME: Final = "variables"
INIT_OP_SIGNATURE_KEY: Final = "__saved_model_init_op"
TRAIN_OP_SIGNATURE_KEY: Final = "__saved_model_train_op"
SERVING: Final = "serve"
TRAINING: Final = "train"
EVAL: Final = "eval"
GPU: Final = "gpu"
TPU: Final = "tpu"

for _space in ("saved_model", "saved_model.constants"):
    publish_from(
        __name__, _space, "ASSETS_DIRECTORY", "ASSETS_KEY", "LEGACY_INIT_OP_KEY", "MAIN_OP_KEY",
        "SAVED_MODEL_SCHEMA_VERSION", "SAVED_MODEL_FILENAME_PB", "SAVED_MODEL_FILENAME_PBTXT",
        "VARIABLES_DIRECTORY", "VARIABLES_FILENAME",
    )  # fmt: skip
for _space in ("saved_model", "saved_model.tag_constants"):
    publish_from(__name__, _space, "SERVING", "TRAINING", "GPU", "TPU")


# --- places ---
def folder(export_dir: Any) -> str:
    """A folder's name as a string, whether it came as one, as bytes or as a path."""
    return os.fsdecode(export_dir)


def get_variables_dir(export_dir: Any) -> str:
    """The folder of a SavedModel's checkpoint."""
    return os.path.join(folder(export_dir), VARIABLES_DIRECTORY)


def get_variables_path(export_dir: Any) -> str:
    """What the names of a SavedModel's checkpoint files begin with."""
    return os.path.join(get_variables_dir(export_dir), VARIABLES_FILENAME)


def get_or_create_variables_dir(export_dir: Any) -> str:
    """The folder of a SavedModel's checkpoint, which is made if need be."""
    return _made(get_variables_dir(export_dir))


def get_assets_dir(export_dir: Any) -> str:
    """The folder of the files that a SavedModel's graphs read."""
    return os.path.join(folder(export_dir), ASSETS_DIRECTORY)


def get_or_create_assets_dir(export_dir: Any) -> str:
    """The folder of the files that a SavedModel's graphs read, which is made if need be."""
    return _made(get_assets_dir(export_dir))


def _made(path: str) -> str:
    with file_errors(path):
        os.makedirs(path, exist_ok=True)
    return path


def prepare_folder(export_dir: str) -> None:
    """Makes the folder of a new SavedModel.

    Raises:
        AssertionError: if there is something in it.
        OpError: if it cannot be made, or is a file.
    """
    with file_errors(export_dir):
        os.makedirs(export_dir, exist_ok=True)
        found = os.listdir(export_dir)
    if found:
        raise AssertionError(
            "Export directory already exists, and isn't empty. Please choose a different export "
            "directory, or delete all the contents of the specified directory: " + export_dir
        )


# --- the message ---
@export(
    "saved_model.contains_saved_model",
    "saved_model.maybe_saved_model_directory",
    "saved_model.loader.maybe_saved_model_directory",
)
def maybe_saved_model_directory(export_dir: Any) -> bool:
    """Whether a folder has a file with the name of a SavedModel's; it is not looked into.

    Args:
        export_dir: the folder.
    """
    return any(os.path.exists(path) for path in _paths(export_dir))


def _paths(export_dir: Any) -> tuple[str, str]:
    where = folder(export_dir)
    return (
        os.path.join(where, SAVED_MODEL_FILENAME_PB),
        os.path.join(where, SAVED_MODEL_FILENAME_PBTXT),
    )


def parse_saved_model(export_dir: Any) -> Any:
    """Returns the SavedModel message of a folder; the binary file goes before the text.

    Raises:
        OSError: if there is none, or it is damaged.
    """
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError

    binary, text = _paths(export_dir)
    path = binary if os.path.exists(binary) else text
    if not os.path.exists(path):
        raise OSError(
            f"SavedModel file does not exist at: {folder(export_dir)}/"
            f"{{{SAVED_MODEL_FILENAME_PBTXT}|{SAVED_MODEL_FILENAME_PB}}}"
        )
    with file_errors(path):
        data = Path(path).read_bytes()
    try:
        if path == binary:
            return proto.SavedModel.FromString(data)
        return text_format.Merge(data.decode(), proto.SavedModel())
    except (DecodeError, text_format.ParseError, UnicodeDecodeError) as e:
        raise OSError(f"Cannot parse file {path}: {e}.") from e


def write_saved_model(message: Any, export_dir: str, as_text: bool) -> str:
    """Writes a SavedModel message into a folder in one step, and returns the file's path."""
    binary, text = _paths(export_dir)
    path = text if as_text else binary
    with file_errors(export_dir):
        os.makedirs(export_dir, exist_ok=True)
    data = str(message).encode() if as_text else message.SerializeToString(deterministic=True)
    replace_file(path, data)
    return path


# --- assets ---
def asset_paths(
    export_dir: Any, meta_graph_def: Any, import_scope: str | None = None
) -> dict[str, bytes]:
    """Returns the files of a graph's assets, by the names of the tensors that name them.

    Args:
        export_dir: the folder of the SavedModel.
        meta_graph_def: the graph, as it is stored.
        import_scope: the scope that the graph was imported into.

    Raises:
        ValueError: if an asset lies outside of the SavedModel, or its message is no asset.
    """
    directory = get_assets_dir(export_dir)
    found = {}
    for asset in _assets(meta_graph_def):
        name = asset.tensor_info.name
        name = f"{import_scope}/{name}" if import_scope else name
        found[name] = os.fsencode(os.path.join(directory, _inside(asset.filename)))
    return found


def _assets(meta_graph_def: Any) -> list[Any]:
    if meta_graph_def.asset_file_def:
        return list(meta_graph_def.asset_file_def)
    found = []
    if ASSETS_KEY in meta_graph_def.collection_def:
        for packed in meta_graph_def.collection_def[ASSETS_KEY].any_list.value:
            asset = proto.AssetFileDef()
            if not packed.Unpack(asset):
                raise ValueError(
                    f"The collection {ASSETS_KEY} holds a {packed.type_url!r} where "
                    "a tensorflow.AssetFileDef belongs."
                )
            found.append(asset)
    return found


def _inside(filename: str) -> str:
    """A name below the assets folder, unless it leads out of it."""
    parts = filename.replace("\\", "/").split("/")
    if os.path.isabs(filename) or not filename or ".." in parts or ":" in parts[0]:
        raise ValueError(
            f"Asset file name {filename!r} leads out of the SavedModel's assets folder."
        )
    return filename


def copy_assets_to_destination_dir(
    asset_filename_map: dict[str, str], destination_dir: str
) -> None:
    """Copies files into the assets folder of a SavedModel; those that are there stay.

    Args:
        asset_filename_map: the files, by the names they get.
        destination_dir: the folder of the SavedModel.

    Raises:
        OpError: if a file is missing or cannot be copied.
    """
    directory = get_or_create_assets_dir(destination_dir)
    for name, source in asset_filename_map.items():
        target = os.path.join(directory, name)
        if not os.path.exists(target):
            with file_errors(source):
                shutil.copyfile(source, target)
