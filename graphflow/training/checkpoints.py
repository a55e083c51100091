"""Looking into checkpoints, listing and removing them, and initializing variables from them."""

from __future__ import annotations

import glob
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphflow.core.dtypes import DType, short_name
from graphflow.core.export import export, publish
from graphflow.formats import checkpoint_state
from graphflow.formats.bundle import index_path
from graphflow.formats.checkpoint_state import (
    checkpoint_exists,
    generate_checkpoint_state_proto,
    get_checkpoint_state,
    latest_checkpoint,
)
from graphflow.formats.checkpoint_v1 import matching_files, open_checkpoint

_V2 = 2

publish(latest_checkpoint, "train.latest_checkpoint")
publish(get_checkpoint_state, "train.get_checkpoint_state")
publish(checkpoint_exists, "train.checkpoint_exists")
publish(generate_checkpoint_state_proto, "train.generate_checkpoint_state_proto")


@export("train.update_checkpoint_state")
def update_checkpoint_state(
    save_dir: str | os.PathLike[str],
    model_checkpoint_path: str,
    all_model_checkpoint_paths: Iterable[str] | None = None,
    latest_filename: str | None = None,
    all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
) -> None:
    """Writes the file that lists the checkpoints of a directory, in one step.

    Args:
        save_dir: the directory.
        model_checkpoint_path: the latest checkpoint.
        all_model_checkpoint_paths: those that exist, oldest first.
        latest_filename: the file's name, if not "checkpoint".
        all_model_checkpoint_timestamps: when each was made, in seconds since 1970.
        last_preserved_timestamp: when the last one was made that is kept for good.

    Raises:
        RuntimeError: if a checkpoint has the name of the file itself.
    """
    checkpoint_state.update_checkpoint_state(
        save_dir,
        model_checkpoint_path,
        all_model_checkpoint_paths,
        latest_filename,
        all_model_checkpoint_timestamps,
        last_preserved_timestamp,
    )


# --- files ---
def meta_graph_filename(checkpoint_filename: str, meta_graph_suffix: str = "meta") -> str:
    """The name of the file with the graph of a checkpoint."""
    base = re.sub(r"-[\d\?]+-of-\d+$", "", checkpoint_filename)
    return f"{base}.{meta_graph_suffix}"


@export("train.remove_checkpoint")
def remove_checkpoint(
    checkpoint_prefix: str, checkpoint_format_version: int = _V2, meta_graph_suffix: str = "meta"
) -> None:
    """Removes the files of a checkpoint.

    Args:
        checkpoint_prefix: what `Saver.save` returned.
        checkpoint_format_version: its format.
        meta_graph_suffix: the ending of the file with the graph.
    """
    Path(meta_graph_filename(checkpoint_prefix, meta_graph_suffix)).unlink(missing_ok=True)
    if checkpoint_format_version == _V2:
        old = glob.glob(glob.escape(checkpoint_prefix) + ".data-?????-of-?????")
        old.append(
            str(index_path(checkpoint_prefix))
        )  # last: as long as it is there, the checkpoint can be listed
    else:
        old = matching_files(checkpoint_prefix)
    for path in old:
        Path(path).unlink(missing_ok=True)


@export("train.get_checkpoint_mtimes")
def get_checkpoint_mtimes(checkpoint_prefixes: Iterable[str]) -> list[float]:
    """Returns when checkpoints were written, in seconds since 1970.

    Args:
        checkpoint_prefixes: what `Saver.save` returned; those without files are left out.
    """
    found = []
    for prefix in checkpoint_prefixes:
        index = index_path(prefix)
        files = [str(index)] if index.exists() else matching_files(prefix)
        if files:
            found.append(os.stat(files[0]).st_mtime)
    return found


# --- contents ---
class CheckpointReader:
    """Reads the tensors of a checkpoint of either format.

    Args:
        filepattern: what `Saver.save` returned.

    Raises:
        NotFoundError: if there is no such checkpoint.
        DataLossError: if it is damaged.
    """

    def __init__(self, filepattern: Any) -> None:
        path = os.fspath(filepattern)
        self._reader = open_checkpoint(path.decode() if isinstance(path, bytes) else path)

    def has_tensor(self, tensor_str: str) -> bool:
        """Whether the checkpoint holds a tensor of that name."""
        return self._reader.has(tensor_str)

    def get_tensor(self, tensor_str: str) -> Any:
        """Returns the value of a tensor: an array, or a scalar.

        Raises:
            NotFoundError: if there is no such tensor.
            DataLossError: if the file is damaged; names tensor and file.
        """
        return self._reader.read(tensor_str)[()]

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """The shape of each tensor by its name."""
        return {name: list(dims) for name, (_, dims) in self._reader.dtype_shape_map().items()}

    def get_variable_to_dtype_map(self) -> dict[str, DType]:
        """The element type of each tensor by its name."""
        return {name: dtype for name, (dtype, _) in self._reader.dtype_shape_map().items()}

    def debug_string(self) -> bytes:
        """A line for each tensor: name, type and shape."""
        lines = [
            f"{name} (DT_{short_name(dtype).upper()}) [{','.join(map(str, dims))}]\n"
            for name, (dtype, dims) in self._reader.dtype_shape_map().items()
        ]
        return "".join(lines).encode()


@export("train.NewCheckpointReader")
def NewCheckpointReader(filepattern: Any) -> CheckpointReader:
    """Returns a reader of a checkpoint.

    Args:
        filepattern: what `Saver.save` returned.

    Raises:
        NotFoundError: if there is no such checkpoint.
    """
    return CheckpointReader(filepattern)


def checkpoint_filename(ckpt_dir_or_file: Any) -> str | None:
    """The checkpoint that a path means: itself, or the latest of a directory."""
    path: str = os.fspath(ckpt_dir_or_file)
    return latest_checkpoint(path) if os.path.isdir(path) else path


@export("train.load_checkpoint")
def load_checkpoint(ckpt_dir_or_file: Any) -> CheckpointReader:
    """Returns a reader of a checkpoint, or of the latest one of a directory.

    Args:
        ckpt_dir_or_file: what `Saver.save` returned, or a directory.

    Raises:
        ValueError: if the directory holds no checkpoint.
        NotFoundError: if there is no such checkpoint.
    """
    path = checkpoint_filename(ckpt_dir_or_file)
    if path is None:
        raise ValueError(
            "Couldn't find 'checkpoint' file or checkpoints in given directory "
            f"{os.fspath(ckpt_dir_or_file)}"
        )
    return CheckpointReader(path)


@export("train.load_variable")
def load_variable(ckpt_dir_or_file: Any, name: str) -> np.ndarray[Any, Any]:
    """Returns the value of one variable in a checkpoint.

    Args:
        ckpt_dir_or_file: as in `load_checkpoint`.
        name: the variable's name, with or without ":0".
    """
    found: np.ndarray[Any, Any] = load_checkpoint(ckpt_dir_or_file).get_tensor(
        name.removesuffix(":0")
    )
    return found


@export("train.list_variables")
def list_variables(ckpt_dir_or_file: Any) -> list[tuple[str, list[int]]]:
    """Returns (name, shape) of all variables in a checkpoint, sorted by name.

    Args:
        ckpt_dir_or_file: as in `load_checkpoint`.
    """
    return sorted(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())


# --- waiting ---
def wait_for_new_checkpoint(
    checkpoint_dir: str,
    last_checkpoint: str | None = None,
    seconds_to_sleep: float = 1,
    timeout: float | None = None,
) -> str | None:
    """Waits for a checkpoint other than the last one; None if there is none in time.

    Args:
        checkpoint_dir: the directory.
        last_checkpoint: the last one.
        seconds_to_sleep: between two looks.
        timeout: for so many seconds at most.
    """
    stop = None if timeout is None else time.monotonic() + timeout
    while True:
        found = latest_checkpoint(checkpoint_dir)
        if found is not None and found != last_checkpoint:
            return found
        if stop is not None and time.monotonic() + seconds_to_sleep > stop:
            return None
        time.sleep(seconds_to_sleep)


@export("train.checkpoints_iterator")
def checkpoints_iterator(
    checkpoint_dir: str,
    min_interval_secs: float = 0,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
) -> Iterator[str]:
    """Yields the latest checkpoint of a directory, and each new one as it appears.

    Args:
        checkpoint_dir: the directory.
        min_interval_secs: at least so many seconds lie between two.
        timeout: so long it waits for one.
        timeout_fn: asked after that time; True ends the iteration, as None does.
    """
    last: str | None = None
    while True:
        found = wait_for_new_checkpoint(checkpoint_dir, last, timeout=timeout)
        if found is None:
            if timeout_fn is None or timeout_fn():
                return
            continue
        start = time.monotonic()
        last = found
        yield found
        time.sleep(max(0.0, start + min_interval_secs - time.monotonic()))
