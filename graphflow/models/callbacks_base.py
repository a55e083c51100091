"""What training calls at its begin, its end and in between; the base class and the list."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from graphflow.core.export import export
from graphflow.platform import tf_logging

TRAIN: Final = "train"
TEST: Final = "test"
PREDICT: Final = "predict"


@export("keras.callbacks.Callback")
class Callback:
    """Something that training calls at its begin, its end and in between.

    Attributes:
        params: what is known of the run: "batch_size", "epochs", "steps", "samples", "verbose",
            "do_validation", "metrics".
        model: the model.
    """

    def __init__(self) -> None:
        self.validation_data: Any = None
        self.model: Any = None
        self.params: Any

    def set_params(self, params: Any) -> None:
        """Notes what is known of the run."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Notes the model."""
        self.model = model

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Another name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Another name of `on_train_batch_end`."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Called before an epoch of training.

        Args:
            epoch: its number from 0.
            logs: an empty dict.
        """

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Called after an epoch of training.

        Args:
            epoch: its number from 0.
            logs: losses and measures by name, those of validation with "val_".
        """

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Called before a batch of training.

        Args:
            batch: its number in the epoch from 0.
            logs: "batch" and "size".
        """
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Called after a batch of training.

        Args:
            batch: its number in the epoch from 0.
            logs: "batch", "size", losses and measures.
        """
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Called before a batch of evaluation, also of validation; see `on_train_batch_begin`."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Called after a batch of evaluation, also of validation; see `on_train_batch_end`."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Called before a batch of prediction; see `on_train_batch_begin`."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Called after a batch of prediction; `logs` has "outputs"."""

    def on_train_begin(self, logs: Any = None) -> None:
        """Called before training."""

    def on_train_end(self, logs: Any = None) -> None:
        """Called after training."""

    def on_test_begin(self, logs: Any = None) -> None:
        """Called before evaluation, also of validation."""

    def on_test_end(self, logs: Any = None) -> None:
        """Called after evaluation, also of validation."""

    def on_predict_begin(self, logs: Any = None) -> None:
        """Called before prediction."""

    def on_predict_end(self, logs: Any = None) -> None:
        """Called after prediction."""


class CallbackList:
    """The callbacks of a run, called one after another.

    Args:
        callbacks: them.
        queue_length: over how many batches the time that they take is watched.
    """

    def __init__(self, callbacks: Any = None, queue_length: int = 10) -> None:
        self.callbacks: list[Any] = list(callbacks or [])
        self.queue_length = queue_length
        self.params: dict[str, Any] = {}
        self.model: Any = None
        self._reset_batch_timing()

    def _reset_batch_timing(self) -> None:
        self._delta_t_batch = 0.0
        self._t_enter_batch = 0.0
        self._delta_ts: dict[str, deque[float]] = defaultdict(
            lambda: deque(maxlen=self.queue_length)
        )

    def __iter__(self) -> Iterator[Any]:
        """Yields the callbacks."""
        return iter(self.callbacks)

    def append(self, callback: Any) -> None:
        """Adds a callback at the end."""
        self.callbacks.append(callback)

    def set_params(self, params: dict[str, Any]) -> None:
        """Tells all what is known of the run."""
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Tells all the model."""
        self.model = model
        for callback in self.callbacks:
            callback.set_model(model)

    def _call_batch_hook(self, mode: str, hook: str, batch: int, logs: Any = None) -> None:
        if not self.callbacks:
            return
        name = f"on_{mode}_batch_{hook}"
        started = time.time()
        if hook == "begin":
            self._t_enter_batch = started
        else:
            self._delta_t_batch = started - self._t_enter_batch
        for callback in self.callbacks:
            getattr(callback, name)(batch, logs or {})
        self._delta_ts[name].append(time.time() - started)
        median = float(np.median(self._delta_ts[name]))
        if self._delta_t_batch > 0.0 and median > 0.95 * self._delta_t_batch and median > 0.1:
            tf_logging.warning(
                "Method (%s) is slow compared to the batch update (%f). Check your callbacks.",
                name,
                median,
            )

    def _call_all(self, hook: str, logs: Any = None) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(logs)

    def _call_begin_hook(self, mode: str) -> None:
        self._call_all(f"on_{mode}_begin")

    def _call_end_hook(self, mode: str) -> None:
        self._call_all(f"on_{mode}_end")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Calls all before an epoch."""
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, logs or {})
        self._reset_batch_timing()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Calls all after an epoch."""
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs if logs is not None else {})

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Calls all before a batch of training."""
        self._call_batch_hook(TRAIN, "begin", batch, logs=logs)

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Calls all after a batch of training."""
        self._call_batch_hook(TRAIN, "end", batch, logs=logs)

    on_train_batch_begin = on_batch_begin
    on_train_batch_end = on_batch_end

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Calls all before a batch of evaluation."""
        self._call_batch_hook(TEST, "begin", batch, logs=logs)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Calls all after a batch of evaluation."""
        self._call_batch_hook(TEST, "end", batch, logs=logs)

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Calls all before a batch of prediction."""
        self._call_batch_hook(PREDICT, "begin", batch, logs=logs)

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Calls all after a batch of prediction."""
        self._call_batch_hook(PREDICT, "end", batch, logs=logs)

    def on_train_begin(self, logs: Any = None) -> None:
        """Calls all before training."""
        self._call_all("on_train_begin", logs)

    def on_train_end(self, logs: Any = None) -> None:
        """Calls all after training."""
        self._call_all("on_train_end", logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Calls all before evaluation."""
        self._call_all("on_test_begin", logs)

    def on_test_end(self, logs: Any = None) -> None:
        """Calls all after evaluation."""
        self._call_all("on_test_end", logs)

    def on_predict_begin(self, logs: Any = None) -> None:
        """Calls all before prediction."""
        self._call_all("on_predict_begin", logs)

    def on_predict_end(self, logs: Any = None) -> None:
        """Calls all after prediction."""
        self._call_all("on_predict_end", logs)


def make_logs(
    model: Any, logs: dict[str, Any], outputs: Any, mode: str, prefix: str = ""
) -> dict[str, Any]:
    """Returns logs with the results of a batch or an epoch added.

    Args:
        model: the model.
        logs: the dict to add to.
        outputs: the results.
        mode: "train", "test" or "predict".
        prefix: put before the names.
    """
    if mode == PREDICT:
        logs["outputs"] = outputs
    elif hasattr(model, "metrics_names"):
        logs.update(zip([prefix + n for n in model.metrics_names], outputs, strict=False))
    return logs
