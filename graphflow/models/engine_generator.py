"""Training, evaluation and prediction with batches that Python code makes."""

from __future__ import annotations

import inspect
import queue
import random
import threading
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from graphflow.core import nest
from graphflow.core.errors import OutOfRangeError
from graphflow.input.dataset_v2 import DatasetV2
from graphflow.input.datasets import make_initializable_iterator
from graphflow.models import callbacks as cbks
from graphflow.models import engine_data as data
from graphflow.models.callbacks_base import PREDICT, TEST, TRAIN, CallbackList, make_logs
from graphflow.models.engine_loop import (
    MetricsAggregator,
    OutputsAggregator,
    make_batches,
    progress_bar,
    steps_of_dataset,
)
from graphflow.models.engine_sequence import Sequence
from graphflow.nets.keras_state import get_session
from graphflow.platform import tf_logging


def is_generator_or_sequence(x: Any) -> bool:
    """Whether an object gives batches one after another, and is no data set's iterator."""
    return (
        inspect.isgenerator(x)
        or isinstance(x, Sequence)
        or (hasattr(x, "__next__") and not hasattr(x, "get_next"))
    )


def check_generator_arguments(y: Any, sample_weight: Any, validation_split: Any = None) -> None:
    """Checks that a generator comes without targets, weights and a split.

    Raises:
        ValueError: if it does not.
    """
    if y is not None:
        raise ValueError(
            "`y` argument is not supported when data isa generator or Sequence instance. Instead "
            "pass targets as the second element of the generator."
        )
    if sample_weight is not None:
        raise ValueError(
            "`sample_weight` argument is not supported when data isa generator or Sequence "
            "instance. Instead pass sample weights as the third element of the generator."
        )
    if validation_split:
        raise ValueError(
            "If your data is in the form of a Python generator, you cannot use `validation_split`."
        )


# --- where batches come from ---
class _Ahead:
    """Takes batches from an iterator in a thread of its own, before they are asked for.

    Args:
        source: the iterator.
        size: how many batches it is ahead.
    """

    _END: Final = object()

    def __init__(self, source: Iterator[Any], size: int) -> None:
        self._source = source
        self._queue: queue.Queue[Any] = queue.Queue(max(size, 1))
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._fill, daemon=True)
        self._thread.start()

    def _fill(self) -> None:
        try:
            for item in self._source:
                self._put((item, None))
                if self._stopped.is_set():
                    return
            self._put((self._END, None))
        except Exception as problem:  # handed to the thread that asks
            self._put((self._END, problem))

    def _put(self, item: Any) -> None:
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=0.05)
            except queue.Full:
                continue
            return

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        item, problem = self._queue.get()
        if problem is not None:
            raise problem
        if item is self._END:
            raise StopIteration
        return item

    def stop(self) -> None:
        """Ends the thread; a batch that is being made is awaited."""
        self._stopped.set()
        self._thread.join()


def _of_sequence(sequence: Any, shuffle: bool) -> Iterator[Any]:
    """The batches of a Sequence again and again, `on_epoch_end` after each time."""
    while True:
        order = list(range(len(sequence)))
        if shuffle:
            random.shuffle(order)
        for i in order:
            yield sequence[i]
        sequence.on_epoch_end()


def _of_arrays(arrays: Any, batch_size: int, epochs: int, shuffle: bool) -> Iterator[Any]:
    """Batches of arrays, for each epoch."""
    flat = nest.flatten(arrays)
    n = int(flat[0].shape[0])
    order = np.arange(n)
    for _ in range(epochs):
        if shuffle:
            np.random.shuffle(order)  # noqa: NPY002  (the program's seed is NumPy's global one)
        for start, end in make_batches(n, batch_size):
            yield nest.pack_sequence_as(arrays, [x[order[start:end]] for x in flat])


def _of_dataset(dataset: Any) -> Iterator[Any]:
    """The elements of a data set, as arrays."""
    iterator = data.initialized(make_initializable_iterator(dataset))
    element = iterator.get_next()
    while True:
        try:
            yield get_session().run(element)
        except OutOfRangeError:
            return


class _Source:
    """The batches of a run.

    Args:
        given: a generator, a Sequence, a data set, or arrays.
        steps: the number of batches in an epoch, or None.
        batch_size: the number of examples in a batch of arrays.
        epochs: the number of epochs.
        shuffle: whether a Sequence's batches, or examples, come in another order.
        workers: 0: batches are made when they are asked for.
        max_queue_size: else how many are made before.
    """

    def __init__(
        self,
        given: Any,
        steps: int | None,
        batch_size: int | None,
        epochs: int,
        shuffle: bool,
        workers: int,
        max_queue_size: int,
    ) -> None:
        self.given = tuple(x for x in given if x is not None) if isinstance(given, tuple) else given
        self.steps = steps
        self.ahead: _Ahead | None = None
        self.is_dataset = isinstance(given, DatasetV2)
        source = self._source(batch_size, epochs, shuffle)
        if not self.is_dataset and workers > 0:
            source = self.ahead = _Ahead(source, max_queue_size)
        self.iterator: Iterator[Any] = source

    def _source(self, batch_size: int | None, epochs: int, shuffle: bool) -> Any:
        given = self.given
        if isinstance(given, Sequence):
            self.steps = len(given) if self.steps is None else self.steps
            return _of_sequence(given, shuffle)
        if self.is_dataset:
            return _of_dataset(given)
        if hasattr(given, "__next__"):
            return given
        if batch_size is None:
            raise ValueError(
                "When passing input data as arrays, do not specify `steps_per_epoch`/`steps` "
                "argument. Please use `batch_size` instead."
            )
        n = int(nest.flatten(given)[0].shape[0])
        self.steps = len(make_batches(n, batch_size))
        return _of_arrays(given, batch_size, epochs, shuffle)

    def next(self) -> tuple[Any, ...] | None:
        """The next batch: inputs, and targets and weights where there are any; None at the end.

        Raises:
            ValueError: if it is a tuple of another size.
        """
        found = next(self.iterator, None)
        if found is None:
            return None
        batch = found if isinstance(found, tuple) else (found,)
        if len(batch) not in (1, 2, 3):
            raise ValueError(
                "Output of generator should be a tuple of 1 or 2 or 3 elements: (input,) or "
                f"(input, target) or (input, target, sample_weights). Received {found}"
            )
        return batch

    def again(self) -> None:
        """Begins again with a data set."""
        self.iterator = _of_dataset(self.given)

    def stop(self) -> None:
        if self.ahead is not None:
            self.ahead.stop()


# --- runs ---
class GeneratorRun:
    """One call of `fit`, `evaluate` or `predict` with batches that Python code makes.

    Args:
        model: the model.
        mode: "train", "test" or "predict".
        given: a generator, a Sequence, a data set, or arrays.
        steps_per_epoch: the number of batches in an epoch, or None.
        epochs: the number of epochs.
        verbose: whether progress is shown.
        callbacks: the program's, or a CallbackList.
        validation_data: as `given`, or a tuple of arrays, or None.
        validation_steps: the number of batches in validation.
        validation_freq: after which epochs there is validation.
        class_weight: weights of examples by their class.
        max_queue_size: how many batches are made before they are asked for.
        workers: 0: none.
        use_multiprocessing: without effect but for a warning: a thread makes batches.
        shuffle: whether a Sequence's batches come in another order.
        initial_epoch: the number of the first epoch.
        batch_size: the number of examples in a batch of arrays.
        steps_name: what the argument for the number of batches is called.
    """

    def __init__(
        self,
        model: Any,
        mode: str,
        given: Any,
        steps_per_epoch: int | None = None,
        epochs: int = 1,
        verbose: int = 1,
        callbacks: Any = None,
        validation_data: Any = None,
        validation_steps: int | None = None,
        validation_freq: Any = 1,
        class_weight: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        shuffle: bool = False,
        initial_epoch: int = 0,
        batch_size: int | None = None,
        steps_name: str = "steps",
    ) -> None:
        self.model, self.mode = model, mode
        self.epochs, self.initial_epoch = epochs, initial_epoch
        self.verbose = verbose
        self.validation_data = validation_data
        self.validation_steps = validation_steps
        self.validation_freq = validation_freq
        self.class_weight = class_weight
        self.batch_size = batch_size
        self.steps_name = steps_name
        self.work: dict[str, Any] = {
            "max_queue_size": max_queue_size,
            "workers": workers,
            "use_multiprocessing": use_multiprocessing,
        }
        self.resets = isinstance(given, DatasetV2) and steps_per_epoch is None
        if self.resets:
            steps_per_epoch = steps_of_dataset(given, None, epochs, steps_name)
        self._check(given, steps_per_epoch)
        self.source = _Source(
            given, steps_per_epoch, batch_size, epochs - initial_epoch, shuffle, workers,
            max_queue_size,
        )  # fmt: skip
        self.steps = self.source.steps
        arrays = nest.flatten(given)
        counted = hasattr(arrays[0], "shape") and not self.source.is_dataset
        self.samples = int(arrays[0].shape[0]) if counted else self.steps
        self.held: CallbackList = cbks.configure_callbacks(
            callbacks, model, verbose=0, mode=mode, **self._known()
        )
        count_mode = "samples" if counted else "steps"
        self.bar = progress_bar(model, count_mode, self.held.params, verbose)

    def _known(self) -> dict[str, Any]:
        return {
            "do_validation": self.validation_data is not None,
            "batch_size": self.batch_size,
            "epochs": self.epochs,
            "steps_per_epoch": self.steps,
            "samples": self.samples,
        }

    def _check(self, given: Any, steps: int | None) -> None:
        several = self.work["use_multiprocessing"] and self.work["workers"] > 1
        if not isinstance(given, Sequence) and several:
            tf_logging.warning(
                "Using a generator with `use_multiprocessing=True` and multiple workers may "
                "duplicate your data. Please consider using the `keras.utils.Sequence` class."
            )
        endless = is_generator_or_sequence(given) and not isinstance(given, Sequence)
        if steps is None and endless:
            name = "steps_per_epoch" if self.mode == TRAIN else "steps"
            raise ValueError(f"Please specify the number of steps via the `{name}` argument.")
        given = self.validation_data
        endless = is_generator_or_sequence(given) and not isinstance(given, Sequence)
        if endless and not self.validation_steps:
            raise ValueError("Please specify the `validation_steps` argument.")

    def __call__(self) -> Any:
        """Runs all epochs; returns the History, or results."""
        held = self.held
        held.model.stop_training = False
        held._call_begin_hook(self.mode)
        self.bar.on_train_begin()
        results: Any = None
        try:
            for epoch in range(self.initial_epoch, self.epochs):
                if held.model.stop_training:
                    break
                results = self._epoch(epoch)
        finally:
            self.source.stop()
        held._call_end_hook(self.mode)
        return self.model.history if self.mode == TRAIN else results

    def _epoch(self, epoch: int) -> Any:
        self.model.reset_metrics()
        logs: dict[str, Any] = {}
        if self.mode == TRAIN:
            self.held.on_epoch_begin(epoch, logs)
        self.bar.on_epoch_begin(epoch, logs)
        self.aggregator: Any = (
            OutputsAggregator(None)
            if self.mode == PREDICT
            else MetricsAggregator(True, None, self.steps)
        )
        self._steps()
        self.aggregator.finalize()
        results = self.aggregator.results
        logs = make_logs(self.model, logs, results, self.mode)
        if len(results) == 1:
            results = results[0]
        if (
            self.validation_data is not None
            and data.should_validate(self.validation_freq, epoch)
            and not self.held.model.stop_training
        ):
            logs = make_logs(self.model, logs, self._validate(), self.mode, prefix="val_")
        if self.mode == TRAIN:
            self.held.on_epoch_end(epoch, logs)
        self.bar.on_epoch_end(epoch, logs)
        if self.resets and epoch < self.epochs - 1:
            self.source.again()
        return results

    def _steps(self) -> None:
        step = 0
        while self.steps is None or step < self.steps:
            batch = self.source.next()
            if batch is None:
                self._ended(step)
                break
            size = self.batch_size = int(nest.flatten(batch)[0].shape[0])
            logs: dict[str, Any] = {"batch": step, "size": size}
            self.held._call_batch_hook(self.mode, "begin", step, logs)
            self.bar.on_batch_begin(step, logs)
            fresh = not self.model._is_compiled
            outs = self._run(*batch)
            outs = outs if isinstance(outs, list) else [outs]
            if step == 0 and fresh and self.model._is_compiled:
                cbks.set_callback_parameters(self.held, self.model, mode=self.mode, **self._known())
                self.bar.params = {**self.held.params, "verbose": self.verbose}
            self.aggregator.aggregate(outs)
            logs = make_logs(self.model, logs, outs, self.mode)
            self.held._call_batch_hook(self.mode, "end", step, logs)
            self.bar.on_batch_end(step, logs)
            step += 1
            if self.held.model.stop_training:
                break

    def _run(self, x: Any, y: Any = None, weights: Any = None) -> Any:
        if self.mode == PREDICT:
            return self.model.predict_on_batch(x)
        if self.mode == TEST:
            return self.model.test_on_batch(x, y, weights, reset_metrics=False)
        return self.model.train_on_batch(x, y, weights, self.class_weight, reset_metrics=False)

    def _ended(self, step: int) -> None:
        """There is no further batch."""
        if self.source.is_dataset and not self.steps:
            if step > 0:
                self.steps = self.aggregator.steps = step
                if self.mode == TRAIN:
                    self.bar.params["steps"] = step
                    self.bar.progbar.target = step
            return
        self.held.model.stop_training = True
        what = "dataset" if self.source.is_dataset else "dataset iterator"
        which = "dataset" if self.source.is_dataset else "iterator"
        to_use = "to use" if self.source.is_dataset else "touse"
        tf_logging.warning(
            f"Your {what} ran out of data; interrupting training. Make sure that your {which} can "
            f"generate at least `{self.steps_name} * epochs` batches (in this case, "
            f"{(self.steps or 0) * self.epochs} batches). You may need {to_use} the repeat() "
            "function when building your dataset."
        )

    def _validate(self) -> list[Any]:
        results = GeneratorRun(
            self.model,
            TEST,
            self.validation_data,
            steps_per_epoch=self.validation_steps,
            batch_size=self.batch_size,  # that of the last batch, as in TensorFlow
            class_weight=self.class_weight,
            callbacks=self.held,
            verbose=self.verbose,
            steps_name="validation_steps",
            **self.work,
        )()
        return results if isinstance(results, list) else [results]
