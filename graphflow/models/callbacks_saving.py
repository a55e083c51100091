"""The callback that writes checkpoints."""

from __future__ import annotations

import os
import re
from typing import Any

import numpy as np

from graphflow.core.export import export
from graphflow.formats.checkpoint_state import latest_checkpoint
from graphflow.models.callbacks import better
from graphflow.models.callbacks_base import Callback
from graphflow.platform import tf_logging


@export("keras.callbacks.ModelCheckpoint")
class ModelCheckpoint(Callback):
    """Saves the model, or its variables, after epochs.

    Args:
        filepath: the file; "{epoch}" and names such as "{val_loss:.2f}" are filled in.
        monitor: the name of the value that says which model is best.
        verbose: 1: prints it.
        save_best_only: whether only a model that is better than all before is saved.
        save_weights_only: whether only the variables are.
        mode: "min", "max" or "auto": the greater value is better if the name has "acc" in it or
            begins with "fmeasure".
        save_freq: "epoch", or the number of examples between two times.
        **kwargs: `period`: the number of epochs between two times;
            `load_weights_on_restart`: whether training begins with the latest file.

    Raises:
        ValueError: if `save_freq` is neither.
    """

    def __init__(
        self,
        filepath: str,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: Any = "epoch",
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.monitor = monitor
        self.verbose = verbose
        self.filepath = filepath
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self.epochs_since_last_save = 0
        self.load_weights_on_restart = kwargs.get("load_weights_on_restart", False)
        self.period = kwargs.get("period", 1)
        _warn_of_old(kwargs)
        if mode == "auto" and monitor.startswith("fmeasure"):
            mode = "max"
        self.monitor_op = better(mode, monitor, "ModelCheckpoint")
        self.best: Any = -np.inf if self.monitor_op is np.greater else np.inf
        if save_freq != "epoch" and not isinstance(save_freq, int):
            raise ValueError(f"Unrecognized save_freq: {save_freq}")
        self._seen = 0
        self._epoch = 0

    def set_model(self, model: Any) -> None:
        """Notes the model; of one with its own `call` only the variables are saved."""
        self.model = model
        if not model._is_graph_network and type(model).__name__ != "Sequential":
            self.save_weights_only = True

    def on_train_begin(self, logs: Any = None) -> None:
        """Loads the latest file, if that was asked for.

        Raises:
            ValueError: if it cannot be loaded.
        """
        if not self.load_weights_on_restart:
            return
        path = self._latest_file()
        if path is None:
            return
        try:
            self.model.load_weights(path)
        except (OSError, ValueError) as problem:
            raise ValueError(f"Error loading file from {path}. Reason: {problem}") from problem

    def _latest_file(self) -> str | None:
        directory, name = os.path.split(self.filepath)
        pattern = re.compile("^" + re.sub("{.*}", ".*", name) + "$")
        found = latest_checkpoint(directory)
        if found is not None and pattern.match(os.path.basename(found)):
            return found
        files = os.listdir(directory or ".") if os.path.isdir(directory or ".") else []
        paths = [os.path.join(directory, name) for name in files if pattern.match(name)]
        return max(paths, key=lambda path: (os.path.getmtime(path), path), default=None)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Notes the number of the epoch."""
        self._epoch = epoch

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Saves after so many examples."""
        if isinstance(self.save_freq, int):
            self._seen += (logs or {}).get("size", 1)
            if self._seen >= self.save_freq:
                self._save_model(self._epoch, logs or {})
                self._seen = 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Saves after an epoch."""
        self.epochs_since_last_save += 1
        if self.save_freq == "epoch":
            self._save_model(epoch, logs or {})

    def _save_model(self, epoch: int, logs: dict[str, Any]) -> None:
        if self.save_freq == "epoch" and self.epochs_since_last_save < self.period:
            return
        self.epochs_since_last_save = 0
        path = self.filepath.format(epoch=epoch + 1, **logs)
        if not self.save_best_only:
            if self.verbose > 0:
                print(f"\nEpoch {epoch + 1:05d}: saving model to {path}")
            self._write(path)
            return
        current = logs.get(self.monitor)
        if current is None:
            tf_logging.warning(
                "Can save best model only with %s available, skipping.", self.monitor
            )
        elif self.monitor_op(current, self.best):
            if self.verbose > 0:
                print(
                    f"\nEpoch {epoch + 1:05d}: {self.monitor} improved from {self.best:0.5f} to "
                    f"{current:0.5f}, saving model to {path}"
                )
            self.best = current
            self._write(path)
        elif self.verbose > 0:
            print(f"\nEpoch {epoch + 1:05d}: {self.monitor} did not improve from {self.best:0.5f}")

    def _write(self, path: str) -> None:
        save = self.model.save_weights if self.save_weights_only else self.model.save
        save(path, overwrite=True)


def _warn_of_old(kwargs: dict[str, Any]) -> None:
    if "load_weights_on_restart" in kwargs:
        tf_logging.warning(
            "`load_weights_on_restart` argument is deprecated. Please use `model.load_weights()` "
            "for loading weights before the start of `model.fit()`."
        )
    if "period" in kwargs:
        tf_logging.warning(
            "`period` argument is deprecated. Please use `save_freq` to specify the frequency in "
            "number of samples seen."
        )
