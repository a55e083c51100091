"""tf.train.CheckpointManager: the last few checkpoints of a directory."""

from __future__ import annotations

import os
import time
from typing import Any

from graphflow.core.export import export
from graphflow.formats.checkpoint_state import get_checkpoint_state, update_checkpoint_state
from graphflow.formats.checkpoint_v1 import matching_files
from graphflow.nets.keras_state import get_value


@export("train.CheckpointManager")
class CheckpointManager:
    """Saves a `tf.train.Checkpoint` again and again, and removes what is too old.

    Args:
        checkpoint: the Checkpoint.
        directory: where its files go; those that an earlier manager left are known.
        max_to_keep: how many are kept; None: all.
        keep_checkpoint_every_n_hours: one of each so many hours is kept for good.
        checkpoint_name: what the names of the files begin with.

    Raises:
        ValueError: if the number is not positive.
    """

    def __init__(
        self,
        checkpoint: Any,
        directory: str,
        max_to_keep: int | None,
        keep_checkpoint_every_n_hours: float | None = None,
        checkpoint_name: str = "ckpt",
    ) -> None:
        if max_to_keep is not None and max_to_keep <= 0:
            raise ValueError(
                "Expected a positive integer or `None` for `max_to_max_to_keep`, got "
                f"{max_to_keep}."
            )
        self._checkpoint = checkpoint
        self._directory = directory
        self._max_to_keep = max_to_keep
        self._every = keep_checkpoint_every_n_hours
        self._prefix = os.path.join(directory, checkpoint_name)
        self._kept: dict[str, float] = {}
        """The checkpoints that may be removed, oldest first, and when each was made."""
        self._latest: str | None = None
        self._last_preserved: float | None = None
        self._read_state()

    def _read_state(self) -> None:
        state = get_checkpoint_state(self._directory)
        now = time.time()
        if state is None:
            self._last_preserved = now
            return
        paths = list(state.all_model_checkpoint_paths)
        times = list(state.all_model_checkpoint_timestamps) or [now] * len(paths)
        self._kept = dict(zip(paths, times, strict=False))
        self._latest = state.model_checkpoint_path
        last = state.last_preserved_timestamp
        self._last_preserved = min(last, now) if last else now

    @property
    def latest_checkpoint(self) -> str | None:
        """The prefix of the latest checkpoint; None if there is none."""
        return self._latest

    @property
    def checkpoints(self) -> list[str]:
        """The prefixes of the checkpoints that are kept, oldest first."""
        return list(self._kept)

    def save(self, checkpoint_number: Any = None) -> str:
        """Writes a checkpoint and removes those that are too old.

        Args:
            checkpoint_number: its number, or a variable that has it; None: the count of saves.

        Returns:
            The prefix of its files.
        """
        if checkpoint_number is None:
            path: str = self._checkpoint.save(self._prefix)
        else:
            number = _number(checkpoint_number)
            path = self._checkpoint.write(f"{self._prefix}-{number}")
        self._latest = path
        self._kept.pop(path, None)
        self._kept[path] = time.time()
        self._write_state()
        self._remove_old()
        self._write_state()
        return path

    def _remove_old(self) -> None:
        if self._max_to_keep is None:
            return
        while len(self._kept) > self._max_to_keep:
            path, made = next(iter(self._kept.items()))
            del self._kept[path]
            if self._every and made - self._every * 3600.0 >= (self._last_preserved or 0.0):
                self._last_preserved = made
                continue
            for pattern in ("index", "data-?????-of-?????"):
                for name in matching_files(f"{path}.{pattern}"):
                    os.remove(name)

    def _write_state(self) -> None:
        update_checkpoint_state(
            self._directory,
            self._latest or "",
            list(self._kept),
            all_model_checkpoint_timestamps=list(self._kept.values()),
            last_preserved_timestamp=self._last_preserved,
            save_relative_paths=True,
        )


def _number(given: Any) -> int:
    return int(get_value(given))
