"""The `checkpoint` file of a directory: which checkpoints it holds, and which is the latest.

In goes what a saver knows, out comes a text CheckpointState, replaced in one step; and back. A
damaged file never stops a program: it counts as none, with a warning in the log.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from graphflow.formats import proto
from graphflow.formats.bundle import index_path
from graphflow.formats.checkpoint_v1 import matching_files
from graphflow.formats.durable import replace_file

_FILE_NAME: Final = "checkpoint"
_log = logging.getLogger("tensorflow")


def generate_checkpoint_state_proto(
    save_dir: str,
    model_checkpoint_path: str,
    all_model_checkpoint_paths: Iterable[str] | None = None,
    all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
) -> Any:
    """Returns the CheckpointState of a directory.

    Args:
        save_dir: the directory; where it is a relative path, so become the other paths, to it.
        model_checkpoint_path: the latest checkpoint.
        all_model_checkpoint_paths: those that exist, oldest first; the latest is added if missing.
        all_model_checkpoint_timestamps: when each was made, in seconds since 1970.
        last_preserved_timestamp: when the last one was made that is kept for good.

    Raises:
        ValueError: if there are timestamps, but not one for each path.
    """
    paths = list(all_model_checkpoint_paths or ())
    if not paths or paths[-1] != model_checkpoint_path:
        paths.append(model_checkpoint_path)
    if all_model_checkpoint_timestamps and len(all_model_checkpoint_timestamps) != len(paths):
        raise ValueError(
            "Checkpoint timestamps, if provided, must match checkpoint paths (got paths "
            f"{paths} and timestamps {all_model_checkpoint_timestamps})"
        )

    def stored(path: str) -> str:
        if os.path.isabs(save_dir) or os.path.isabs(path):
            return path
        return os.path.relpath(path, save_dir)

    return proto.CheckpointState(
        model_checkpoint_path=stored(model_checkpoint_path),
        all_model_checkpoint_paths=map(stored, paths),
        all_model_checkpoint_timestamps=all_model_checkpoint_timestamps,
        last_preserved_timestamp=last_preserved_timestamp,
    )


def update_checkpoint_state(
    save_dir: str | os.PathLike[str],
    model_checkpoint_path: str,
    all_model_checkpoint_paths: Iterable[str] | None = None,
    latest_filename: str | None = None,
    all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
    *,
    save_relative_paths: bool = False,
) -> None:
    """Writes the `checkpoint` file of a directory, in one step that survives a power cut.

    Args:
        save_dir: the directory.
        model_checkpoint_path: as the next three, see `generate_checkpoint_state_proto`.
        all_model_checkpoint_paths: those that exist.
        latest_filename: the file's name, if not "checkpoint".
        all_model_checkpoint_timestamps: when each was made.
        last_preserved_timestamp: when the last one was made that is kept for good.
        save_relative_paths: store absolute paths relative to the directory too.

    Raises:
        RuntimeError: if a checkpoint has the name of the file itself.
        OpError: of the class that fits, if the file cannot be written.
    """
    from google.protobuf import text_format

    directory = os.fspath(save_dir)
    paths = list(all_model_checkpoint_paths or ())
    latest = model_checkpoint_path
    if save_relative_paths:
        latest, *paths = (
            os.path.relpath(p, directory) if os.path.isabs(p) else p for p in (latest, *paths)
        )
    state = generate_checkpoint_state_proto(
        directory, latest, paths, all_model_checkpoint_timestamps, last_preserved_timestamp
    )
    file = _state_file(directory, latest_filename)
    if str(file) == state.model_checkpoint_path:
        raise RuntimeError(
            f"Save path '{model_checkpoint_path}' conflicts with path used for checkpoint state.  "
            "Please use a different save path."
        )
    replace_file(file, text_format.MessageToString(state, as_utf8=False).encode())


def get_checkpoint_state(
    checkpoint_dir: str | os.PathLike[str], latest_filename: str | None = None
) -> Any:
    """Returns the CheckpointState of a directory, with paths that can be opened from here.

    Returns:
        None if there is no file, or none that can be understood.

    Raises:
        ValueError: if the file names no checkpoint.
    """
    directory = os.fspath(checkpoint_dir)
    file = _state_file(directory, latest_filename)
    try:
        state = _parse(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as e:
        _log.warning("%s: %s", type(e).__name__, e)
        _log.warning("%s: Checkpoint ignored", file)
        return None
    if not state.model_checkpoint_path:
        raise ValueError(f"Invalid checkpoint state loaded from {directory}")
    # join() leaves absolute paths as they are.
    state.model_checkpoint_path = os.path.join(directory, state.model_checkpoint_path)
    paths = [os.path.join(directory, path) for path in state.all_model_checkpoint_paths]
    state.all_model_checkpoint_paths[:] = paths
    return state


def latest_checkpoint(
    checkpoint_dir: str | os.PathLike[str], latest_filename: str | None = None
) -> str | None:
    """Returns the prefix of the latest checkpoint of a directory, or None if there is none.

    Raises:
        ValueError: if the `checkpoint` file names no checkpoint.
    """
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    if state is None:
        return None
    if checkpoint_exists(state.model_checkpoint_path):
        return str(state.model_checkpoint_path)
    _log.error("Couldn't match files for checkpoint %s", state.model_checkpoint_path)
    return None


def checkpoint_exists(checkpoint_prefix: str | os.PathLike[str]) -> bool:
    """Whether there is a checkpoint of that prefix, in either format."""
    return index_path(checkpoint_prefix).exists() or bool(matching_files(checkpoint_prefix))


def _state_file(directory: str, latest_filename: str | None) -> Path:
    return Path(directory, latest_filename or _FILE_NAME)


def _parse(contents: bytes) -> Any:
    """Returns the message in a file.

    Raises:
        ValueError: if it is not one.
    """
    from google.protobuf import text_format

    state = proto.CheckpointState()
    try:
        # Fields that later versions may add do not make the others unknown.
        text_format.Parse(contents.decode(), state, allow_unknown_field=True)
    except (text_format.ParseError, RecursionError) as e:
        raise ValueError(str(e)) from e
    return state
