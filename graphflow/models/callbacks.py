"""The callbacks that note, show and steer training."""

from __future__ import annotations

import csv
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from graphflow.core.export import export
from graphflow.models.callbacks_base import TRAIN, Callback, CallbackList
from graphflow.models.utils_progress import Progbar
from graphflow.nets.keras_state import get_value, set_value
from graphflow.platform import tf_logging


@export("keras.callbacks.BaseLogger")
class BaseLogger(Callback):
    """Makes means over an epoch of what each batch reports; every training has one.

    Args:
        stateful_metrics: the names of values that are means already.
    """

    def __init__(self, stateful_metrics: Iterable[str] | None = None) -> None:
        super().__init__()
        self.stateful_metrics = set(stateful_metrics or [])
        self.seen = 0
        self.totals: dict[str, Any] = {}

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begins again."""
        self.seen = 0
        self.totals = {}

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Adds a batch."""
        logs = logs or {}
        size = logs.get("size", 0)
        self.seen += size * logs.get("num_steps", 1)
        for name, value in logs.items():
            if name in self.stateful_metrics:
                self.totals[name] = value
            else:
                self.totals[name] = self.totals.get(name, 0) + np.float64(value) * size

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Puts the means into the logs."""
        if logs is None:
            return
        for name in self.params["metrics"]:
            if name in self.totals:
                whole = self.totals[name]
                logs[name] = whole if name in self.stateful_metrics else whole / self.seen


@export("keras.callbacks.TerminateOnNaN")
class TerminateOnNaN(Callback):
    """Ends training when the loss is no finite number."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Looks at the loss."""
        loss = (logs or {}).get("loss")
        if loss is not None and not np.isfinite(loss):
            print(f"Batch {batch}: Invalid loss, terminating training")
            self.model.stop_training = True


@export("keras.callbacks.ProgbarLogger")
class ProgbarLogger(Callback):
    """Prints how far training has come.

    Args:
        count_mode: "samples" or "steps".
        stateful_metrics: the names of values that are shown as they are; of others the mean is.

    Raises:
        ValueError: if the mode is neither.
    """

    def __init__(
        self, count_mode: str = "samples", stateful_metrics: Iterable[str] | None = None
    ) -> None:
        super().__init__()
        if count_mode not in ("samples", "steps"):
            raise ValueError(f"Unknown `count_mode`: {count_mode}")
        self.use_steps = count_mode == "steps"
        self.stateful_metrics = set(stateful_metrics or [])
        self.log_values: list[tuple[str, Any]] = []
        self.verbose: Any
        self.epochs: Any
        self.seen: int
        self.target: Any
        self.progbar: Progbar

    def on_train_begin(self, logs: Any = None) -> None:
        """Notes the number of epochs."""
        self.verbose = self.params["verbose"]
        self.epochs = self.params["epochs"]

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Prints the number of the epoch."""
        self.seen = 0
        self.target = self.params["steps" if self.use_steps else "samples"]
        if self.verbose and self.epochs > 1:
            print(f"Epoch {epoch + 1}/{self.epochs}")
        self.progbar = Progbar(
            target=self.target,
            verbose=self.verbose,
            stateful_metrics=self.stateful_metrics,
            unit_name="step" if self.use_steps else "sample",
        )

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Forgets the values of the batch before."""
        self.log_values = []

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Moves the bar."""
        logs = logs or {}
        steps = logs.get("num_steps", 1)
        self.seen += steps if self.use_steps else logs.get("size", 0) * steps
        self._note_values(logs)
        if self.verbose and (self.target is None or self.seen < self.target):
            self.progbar.update(self.seen, self.log_values)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Shows the bar of the whole epoch."""
        self._note_values(logs or {})
        if self.verbose:
            self.progbar.update(self.seen, self.log_values)

    def _note_values(self, logs: dict[str, Any]) -> None:
        self.log_values += [(name, logs[name]) for name in self.params["metrics"] if name in logs]


@export("keras.callbacks.History")
class History(Callback):
    """Keeps losses and measures of all epochs; what `fit` returns.

    Attributes:
        epoch: the numbers of the epochs.
        history: a list for each name.
    """

    def on_train_begin(self, logs: Any = None) -> None:
        """Begins again."""
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Adds an epoch."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


def better(mode: str, monitor: str, who: str) -> Callable[[Any, Any], Any]:
    """Returns what says whether one value is better than another: np.less or np.greater.

    Args:
        mode: "min", "max" or "auto": the greater if the name has "acc" in it.
        monitor: the name of the value.
        who: the callback, for the warning about other modes.
    """
    if mode not in ("auto", "min", "max"):
        tf_logging.warning(f"{who} mode %s is unknown, fallback to auto mode.", mode)
        mode = "auto"
    if mode == "auto":
        mode = "max" if "acc" in monitor else "min"
    return np.greater if mode == "max" else np.less


@export("keras.callbacks.EarlyStopping")
class EarlyStopping(Callback):
    """Ends training when a value does not get better any more.

    Args:
        monitor: the name of the value.
        min_delta: the least change that counts.
        patience: the number of epochs without one after which training ends.
        verbose: 1: prints it.
        mode: "min", "max" or "auto".
        baseline: a value to be better than from the beginning.
        restore_best_weights: whether the variables get the values that they had at the best.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
    ) -> None:
        super().__init__()
        self.monitor = monitor
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.wait = 0
        self.stopped_epoch = 0
        self.restore_best_weights = restore_best_weights
        self.best_weights: Any = None
        self.best: Any = None
        self.monitor_op = better(mode, monitor, "EarlyStopping")
        self.min_delta = abs(min_delta) * (1 if self.monitor_op is np.greater else -1)

    def on_train_begin(self, logs: Any = None) -> None:
        """Begins again."""
        self.wait = 0
        self.stopped_epoch = 0
        worst = np.inf if self.monitor_op is np.less else -np.inf
        self.best = worst if self.baseline is None else self.baseline

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Looks at the value."""
        current = self.get_monitor_value(logs)
        if current is None:
            return
        if self.monitor_op(current - self.min_delta, self.best):
            self.best = current
            self.wait = 0
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            return
        self.wait += 1
        if self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True
            if self.restore_best_weights:
                if self.verbose > 0:
                    print("Restoring model weights from the end of the best epoch.")
                self.model.set_weights(self.best_weights)

    def on_train_end(self, logs: Any = None) -> None:
        """Prints in which epoch it ended."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1:05d}: early stopping")

    def get_monitor_value(self, logs: Any) -> Any:
        """Returns the value, and warns if it is not there."""
        logs = logs or {}
        if logs.get(self.monitor) is None:
            tf_logging.warning(
                "Early stopping conditioned on metric `%s` which is not available. "
                "Available metrics are: %s",
                self.monitor,
                ",".join(logs),
            )
        return logs.get(self.monitor)


@export("keras.callbacks.RemoteMonitor")
class RemoteMonitor(Callback):
    """Sends what an epoch reports to a server.

    Args:
        root: the address of the server.
        path: the path below it.
        field: the field of the form that has the values as JSON.
        headers: further headers.
        send_as_json: whether the values are sent as JSON instead of a form.
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: dict[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Sends the values; warns if there is no server."""
        text = json.dumps({"epoch": epoch, **{k: _number(v) for k, v in (logs or {}).items()}})
        headers = dict(self.headers or {})
        if self.send_as_json:
            data = text.encode()
            headers.setdefault("Content-Type", "application/json")
        else:
            data = urllib.parse.urlencode({self.field: text}).encode()
        request = urllib.request.Request(self.root + self.path, data, headers)
        try:
            with urllib.request.urlopen(request):
                pass
        except urllib.error.HTTPError:
            pass  # the server is there and did not like it
        except OSError:
            tf_logging.warning(f"Warning: could not reach RemoteMonitor root server at {self.root}")


def _number(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


@export("keras.callbacks.LearningRateScheduler")
class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch.

    Args:
        schedule: a function of the epoch's number from 0 and the rate, or of the number alone,
            that returns the new rate.
        verbose: 1: prints it.
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Sets the rate.

        Raises:
            ValueError: if the optimizer has no `lr`, or the schedule returns no float.
        """
        if not hasattr(self.model.optimizer, "lr"):
            raise ValueError('Optimizer must have a "lr" attribute.')
        try:
            rate = self.schedule(epoch, float(get_value(self.model.optimizer.lr)))
        except TypeError:
            rate = self.schedule(epoch)
        if not isinstance(rate, float | np.float32 | np.float64):
            raise ValueError('The output of the "schedule" function should be float.')
        set_value(self.model.optimizer.lr, rate)
        if self.verbose > 0:
            print(
                f"\nEpoch {epoch + 1:05d}: LearningRateScheduler reducing learning rate to {rate}."
            )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Puts the rate into the logs."""
        if logs is not None:
            logs["lr"] = get_value(self.model.optimizer.lr)


@export("keras.callbacks.ReduceLROnPlateau")
class ReduceLROnPlateau(Callback):
    """Makes the learning rate smaller when a value does not get better any more.

    Args:
        monitor: the name of the value.
        factor: what the rate is multiplied by.
        patience: the number of epochs without a better value after which it is.
        verbose: 1: prints it.
        mode: "min", "max" or "auto".
        min_delta: the least change that counts.
        cooldown: the number of epochs that pass before it looks again.
        min_lr: the least rate.
        **kwargs: `epsilon`: the old name of `min_delta`.

    Raises:
        ValueError: if the factor is not below 1.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 0.0001,
        cooldown: int = 0,
        min_lr: float = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        if factor >= 1.0:
            raise ValueError("ReduceLROnPlateau does not support a factor >= 1.0.")
        if "epsilon" in kwargs:
            min_delta = kwargs.pop("epsilon")
            tf_logging.warning(
                "`epsilon` argument is deprecated and will be removed, use `min_delta` instead."
            )
        self.monitor = monitor
        self.factor = factor
        self.min_lr = min_lr
        self.min_delta = min_delta
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.mode = mode
        self._reset()

    def _reset(self) -> None:
        self._better = better(self.mode, self.monitor, "Learning Rate Plateau Reducing")
        if self.mode not in ("auto", "min", "max"):
            self.mode = "auto"
        rises = self._better is np.greater
        self._margin = self.min_delta if rises else -self.min_delta
        self.best: Any = -np.inf if rises else np.inf
        self.cooldown_counter = 0
        self.wait = 0

    def monitor_op(self, a: Any, b: Any) -> Any:
        """Returns whether one value is better than another by enough."""
        return self._better(a, b + self._margin)

    def on_train_begin(self, logs: Any = None) -> None:
        """Begins again."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Looks at the value."""
        logs = {} if logs is None else logs
        logs["lr"] = get_value(self.model.optimizer.lr)
        current = logs.get(self.monitor)
        if current is None:
            tf_logging.warning(
                "Reduce LR on plateau conditioned on metric `%s` which is not available. "
                "Available metrics are: %s",
                self.monitor,
                ",".join(logs),
            )
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.monitor_op(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        old = float(get_value(self.model.optimizer.lr))
        if old <= self.min_lr:
            return
        new = max(old * self.factor, self.min_lr)
        set_value(self.model.optimizer.lr, new)
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1:05d}: ReduceLROnPlateau reducing learning rate to {new}.")
        self.cooldown_counter = self.cooldown
        self.wait = 0

    def in_cooldown(self) -> bool:
        """Returns whether it does not look yet."""
        return self.cooldown_counter > 0


@export("keras.callbacks.CSVLogger")
class CSVLogger(Callback):
    """Writes what the epochs report into a file, one line each.

    Args:
        filename: the file.
        separator: what stands between values.
        append: whether lines are added to a file that is there.
    """

    def __init__(self, filename: str, separator: str = ",", append: bool = False) -> None:
        self.sep = separator
        self.filename = filename
        self.append = append
        self.writer: Any = None
        self.keys: Any = None
        self.append_header = True
        self.csv_file: Any = None
        super().__init__()

    def on_train_begin(self, logs: Any = None) -> None:
        """Opens the file."""
        if self.append and os.path.exists(self.filename):
            with open(self.filename) as file:
                self.append_header = not file.readline()
        self.csv_file = open(  # noqa: SIM115  (closed at the end of training)
            self.filename, "a" if self.append else "w", newline="\n"
        )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Writes a line."""
        logs = logs or {}
        if self.keys is None:
            self.keys = sorted(logs)
        if self.model.stop_training:  # it may have ended before validation
            logs = {key: logs.get(key, "NA") for key in self.keys}
        if not self.writer:
            self.writer = csv.DictWriter(
                self.csv_file, fieldnames=["epoch", *self.keys], delimiter=self.sep
            )
            if self.append_header:
                self.writer.writeheader()
        self.writer.writerow({"epoch": epoch, **{key: _cell(logs[key]) for key in self.keys}})
        self.csv_file.flush()

    def on_train_end(self, logs: Any = None) -> None:
        """Closes the file."""
        self.csv_file.close()
        self.writer = None


def _cell(value: Any) -> Any:
    if isinstance(value, str) or np.ndim(value) == 0:
        return value
    return f'"[{", ".join(map(str, value))}]"'


@export("keras.callbacks.LambdaCallback")
class LambdaCallback(Callback):
    """Calls functions at the begin, the end and in between.

    Args:
        on_epoch_begin: called with `epoch` and `logs`.
        on_epoch_end: called with `epoch` and `logs`.
        on_batch_begin: called with `batch` and `logs`.
        on_batch_end: called with `batch` and `logs`.
        on_train_begin: called with `logs`.
        on_train_end: called with `logs`.
        **kwargs: further attributes.
    """

    def __init__(
        self,
        on_epoch_begin: Any = None,
        on_epoch_end: Any = None,
        on_batch_begin: Any = None,
        on_batch_end: Any = None,
        on_train_begin: Any = None,
        on_train_end: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        vars(self).update(kwargs)
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_batch_begin": on_batch_begin,
            "on_batch_end": on_batch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
        }
        vars(self).update({name: f for name, f in given.items() if f is not None})


def configure_callbacks(
    callbacks: Any,
    model: Any,
    do_validation: bool = False,
    batch_size: int | None = None,
    epochs: int | None = None,
    steps_per_epoch: int | None = None,
    samples: int | None = None,
    verbose: int = 1,
    count_mode: str = "steps",
    mode: str = TRAIN,
) -> CallbackList:
    """Returns the callbacks of a run; to those of training come BaseLogger and History.

    Args:
        callbacks: the program's; a CallbackList is returned as it is.
        model: the model.
        do_validation: whether there is validation.
        batch_size: the number of examples in a batch.
        epochs: the number of epochs.
        steps_per_epoch: the number of batches in an epoch.
        samples: the number of examples.
        verbose: whether progress is shown.
        count_mode: "steps" or "samples".
        mode: "train", "test" or "predict".
    """
    if isinstance(callbacks, CallbackList):
        return callbacks
    held = list(callbacks or [])
    if mode == TRAIN:
        model.history = History()
        held = [BaseLogger(), *held, model.history]
        if verbose:
            held.append(ProgbarLogger(count_mode))
    found = CallbackList(held)
    found.set_model(model)
    set_callback_parameters(
        found, model, do_validation, batch_size, epochs, steps_per_epoch, samples, verbose, mode
    )
    found.model.stop_training = False
    return found


def set_callback_parameters(
    callbacks: CallbackList,
    model: Any,
    do_validation: bool = False,
    batch_size: int | None = None,
    epochs: int | None = None,
    steps_per_epoch: int | None = None,
    samples: int | None = None,
    verbose: int = 1,
    mode: str = TRAIN,
) -> None:
    """Tells callbacks what is known of the run; see `configure_callbacks`."""
    names = getattr(model, "metrics_names", [])
    for callback in callbacks:
        if isinstance(callback, BaseLogger | ProgbarLogger):
            callback.stateful_metrics = set(names[1:])
    metrics = list(names) if mode != "predict" else []
    if do_validation and metrics:
        metrics += [f"val_{name}" for name in names]
    callbacks.set_params(
        {
            "batch_size": batch_size,
            "epochs": epochs,
            "steps": steps_per_epoch,
            "samples": samples,
            "verbose": verbose,
            "do_validation": do_validation,
            "metrics": metrics,
        }
    )
