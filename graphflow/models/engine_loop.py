"""Training, evaluation and prediction: epochs and batches of arrays or of a data set."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphflow.core import nest
from graphflow.core.errors import OutOfRangeError
from graphflow.core.sparse_tensor import SparseTensorValue
from graphflow.input.dataset_experimental import cardinality
from graphflow.input.dataset_v2 import DatasetV2
from graphflow.input.datasets import make_initializable_iterator
from graphflow.input.iterators import Iterator
from graphflow.models import callbacks as cbks
from graphflow.models import engine_data as data
from graphflow.models.callbacks_base import PREDICT, TEST, TRAIN, CallbackList, make_logs
from graphflow.nets.keras_state import get_value, learning_phase
from graphflow.platform import tf_logging

_INFINITE = -1


# --- results of many batches ---
class MetricsAggregator:
    """Adds up what batches of training or evaluation return.

    Args:
        use_steps: whether all batches count alike.
        num_samples: the number of examples, or None.
        steps: the number of batches, or None.
    """

    def __init__(self, use_steps: bool, num_samples: int | None, steps: int | None) -> None:
        self.use_steps = use_steps
        self.num_samples = num_samples
        self.steps = steps
        self.results: list[Any] = []

    def aggregate(self, outs: list[Any], start: int = 0, end: int = 0) -> None:
        """Adds a batch: its loss; measures know their means themselves."""
        self.results = self.results or [0.0] * len(outs)
        loss = np.float64(outs[0])
        self.results[0] += loss if self.use_steps else loss * (end - start)
        self.results[1:] = outs[1:]

    def finalize(self) -> None:
        """Makes a mean of the losses.

        Raises:
            ValueError: if there was no batch.
        """
        if not self.results:
            raise ValueError("Empty training data.")
        self.results[0] /= self.num_samples or self.steps


class OutputsAggregator:
    """Joins what batches of prediction return.

    Args:
        num_samples: the number of examples, or None.
    """

    def __init__(self, num_samples: int | None) -> None:
        self.num_samples = num_samples
        self.results: Any = []
        self._structure: Any = None
        self._batches: list[list[Any]] = []
        self.steps: int | None = None

    def aggregate(self, outs: Any, start: int = 0, end: int = 0) -> None:
        """Adds a batch.

        Raises:
            ValueError: if it has another number of examples than it was given.
        """
        if self._structure is None:
            self._structure = outs
        flat = nest.flatten(outs)
        if self.num_samples is not None and any(len(x) != end - start for x in flat):
            shape = flat[0].shape
            raise ValueError(
                "Mismatch between expected batch size and model output batch size. Output shape "
                f"= {shape}, expected output shape = shape {(end - start, *shape[1:])}"
            )
        self._batches.append(flat)

    def finalize(self) -> None:
        """Joins the batches along the first axis."""
        if not self._batches:
            return
        joined = [
            parts[0] if len(parts) == 1 else np.concatenate(parts, axis=0)
            for parts in zip(*self._batches, strict=True)
        ]
        self.results = nest.pack_sequence_as(self._structure, joined)


def batch_shuffle(indices: Any, batch_size: int) -> Any:
    """Returns indices with whole batches in another order.

    Args:
        indices: all indices.
        batch_size: the number of indices that stay together.
    """
    whole = len(indices) // batch_size * batch_size
    batches = indices[:whole].reshape(-1, batch_size)
    np.random.shuffle(batches)  # noqa: NPY002  (the program's seed is NumPy's global one)
    return np.append(batches.flatten(), indices[whole:])


def make_batches(size: int, batch_size: int) -> list[tuple[int, int]]:
    """Returns the first and the last index of each batch, the last not included."""
    n = math.ceil(size / float(batch_size))
    return [(i * batch_size, min(size, (i + 1) * batch_size)) for i in range(n)]


def steps_of_dataset(dataset: Any, steps: int | None, epochs: int, steps_name: str) -> int | None:
    """Returns the number of batches in an epoch; None if only running tells it.

    Args:
        dataset: the data set.
        steps: the number that the program asks for, or None.
        epochs: the number of epochs.
        steps_name: what the argument is called.

    Raises:
        ValueError: if it has no end, or has not that many batches.
    """
    size = int(get_value(cardinality(dataset)))
    if size == _INFINITE and steps is None:
        raise ValueError(
            "When passing an infinitely repeating dataset, you must specify the "
            f"`{steps_name}` argument."
        )
    if size >= 0 and steps is not None and steps * epochs > size:
        if epochs > 1:
            raise ValueError(
                f"The dataset you passed contains {size} batches, but you passed "
                f"`epochs={epochs}` and `{steps_name}={steps}`, which is a total of "
                f"{steps * epochs} steps. We cannot draw that many steps from this dataset. We "
                f"suggest to set `{steps_name}={size // epochs}`."
            )
        raise ValueError(
            f"The dataset you passed contains {size} batches, but you passed "
            f"`{steps_name}={steps}`. We cannot draw that many steps from this dataset. We "
            f"suggest to set `{steps_name}={size}`."
        )
    return size if steps is None and size >= 0 else steps


def progress_bar(model: Any, count_mode: str, params: dict[str, Any], verbose: int) -> Any:
    """Returns the callback that shows progress.

    Args:
        model: the model.
        count_mode: "steps" or "samples".
        params: what is known of the run.
        verbose: whether progress is shown.
    """
    bar = cbks.ProgbarLogger(count_mode, stateful_metrics=model.metrics_names[1:])
    bar.params = params
    bar.params["verbose"] = verbose
    return bar


def feed_values(model: Any, x: Any, y: Any, weights: Any, mode: str) -> list[Any]:
    """Returns what the function of a mode is called with, for all examples.

    Args:
        model: the model.
        x: inputs, a data set's iterator among them.
        y: targets, or None.
        weights: weights, or None.
        mode: "train", "test" or "predict".
    """
    if isinstance(x, Iterator):
        x, y, weights = model._standardize_user_data(x, extract_tensors_from_dataset=True)
    ins = flat_inputs(x) + list(y or []) + list(weights or [])
    if mode == TRAIN and not isinstance(learning_phase(), int):
        ins.append(True)
    return ins


def flat_inputs(x: Any) -> list[Any]:
    """Returns the inputs in a list; those of a dict by name."""
    if isinstance(x, dict):
        return [x[name] for name in sorted(x)]
    return [x] if isinstance(x, SparseTensorValue) else _flat(x)


def _flat(x: Any) -> list[Any]:
    if isinstance(x, list | tuple) and not isinstance(x, SparseTensorValue):
        return [leaf for item in x for leaf in _flat(item)]
    return [x]


def batch_of(ins: list[Any], rows: Any) -> list[Any]:
    """Returns some examples of what a function is called with.

    Args:
        ins: all; a bool at the end is the learning phase.
        rows: the indices of the examples.

    Raises:
        TypeError: if an input cannot be indexed so.
    """
    try:
        if ins and isinstance(ins[-1], int):
            return [*data.slice_arrays(ins[:-1], rows), ins[-1]]
        found: list[Any] = data.slice_arrays(ins, rows)
    except TypeError:
        raise TypeError(
            'TypeError while preparing batch. If using HDF5 input data, pass shuffle="batch".'
        ) from None
    return found


@dataclass
class Run:
    """One call of `fit`, `evaluate` or `predict` with arrays or a data set.

    Args:
        model: the model.
        mode: "train", "test" or "predict".
        inputs: inputs, or a data set, or what is fed already.
        targets: targets.
        sample_weights: weights of the examples.
        batch_size: the number of examples in a batch.
        epochs: the number of epochs.
        verbose: whether progress is shown.
        callbacks: the program's, or a CallbackList.
        val_inputs: inputs of validation, or None.
        val_targets: targets of validation.
        val_sample_weights: weights of validation.
        shuffle: whether examples are put into another order in each epoch; "batch": only batches.
        initial_epoch: the number of the first epoch.
        steps_per_epoch: the number of batches in an epoch.
        validation_steps: the number of batches in validation.
        validation_freq: after which epochs there is validation.
        in_fit: whether it is the validation of a `fit`.
        prepared: whether `inputs` is what is fed already.
        steps_name: what the argument for the number of batches is called.
    """

    model: Any
    mode: str
    inputs: Any
    targets: Any = None
    sample_weights: Any = None
    batch_size: int | None = None
    epochs: int = 1
    verbose: int = 1
    callbacks: Any = None
    val_inputs: Any = None
    val_targets: Any = None
    val_sample_weights: Any = None
    shuffle: Any = True
    initial_epoch: int = 0
    steps_per_epoch: int | None = None
    validation_steps: int | None = None
    validation_freq: Any = 1
    in_fit: bool = False
    prepared: bool = False
    steps_name: str = "steps"

    def __call__(self) -> Any:
        """Runs all epochs; returns the History, or results."""
        self._prepare()
        held = self.held
        held.model.stop_training = False
        held._call_begin_hook(self.mode)
        self.bar.on_train_begin()
        results: Any = None
        for epoch in range(self.initial_epoch, self.epochs):
            if held.model.stop_training:
                break
            results = self._epoch(epoch)
        held._call_end_hook(self.mode)
        return self.model.history if self.mode == TRAIN else results

    def _prepare(self) -> None:
        model, mode = self.model, self.mode
        self.is_dataset = isinstance(self.inputs, DatasetV2)
        self.resets = self.is_dataset and self.steps_per_epoch is None
        self.iterator: Any = None
        if self.is_dataset:
            if self.resets:
                self.steps_per_epoch = steps_of_dataset(
                    self.inputs, None, self.epochs, self.steps_name
                )
            self.iterator = data.initialized(make_initializable_iterator(self.inputs))
        self.use_steps = self.is_dataset or self.steps_per_epoch is not None
        source = self.inputs if self.iterator is None else self.iterator
        if self.in_fit and self.prepared:
            self.ins = source
        else:
            self.ins = feed_values(model, source, self.targets, self.sample_weights, mode)
        self.n: Any = self.steps_per_epoch
        if not self.is_dataset and not self.n:
            self.n = data.check_num_samples(
                self.ins, self.batch_size, self.steps_per_epoch, "steps_per_epoch"
            )
        self._update_weight_mode()
        self.function = model._make_execution_function(mode)
        self._prepare_validation()
        count_mode = "steps" if self.use_steps else "samples"
        self.held: CallbackList = cbks.configure_callbacks(
            self.callbacks,
            model,
            do_validation=self.val_inputs is not None,
            batch_size=self.batch_size,
            epochs=self.epochs,
            steps_per_epoch=self.steps_per_epoch,
            samples=self.n,
            verbose=0,
            mode=mode,
        )
        self.bar = progress_bar(model, count_mode, self.held.params, self.verbose)

    def _update_weight_mode(self) -> None:
        if self.mode == PREDICT:
            return
        weights = self.ins[len(self.model._feed_inputs) + len(self.model._feed_targets) :]
        if self.mode == TRAIN and not isinstance(learning_phase(), int):
            weights = weights[:-1]
        self.model._update_sample_weight_modes(sample_weights=weights)

    def _prepare_validation(self) -> None:
        self.val_iterator: Any = None
        given: Any = self.val_inputs
        if isinstance(given, DatasetV2):
            if self.validation_steps is None:
                self.validation_steps = steps_of_dataset(
                    given, None, self.epochs, "validation_steps"
                )
            self.val_iterator = data.initialized(make_initializable_iterator(given))
            self.val_inputs = feed_values(self.model, self.val_iterator, None, None, TEST)
            shown = self.validation_steps
        else:
            shown = flat_inputs(given)[0].shape[0] if given else None
        if self.mode == TRAIN and self.verbose:
            unit = "steps" if self.is_dataset else "samples"
            more = f", validate on {shown} {unit}" if shown else ""
            print(f"Train on {self.n} {unit}{more}")

    def _epoch(self, epoch: int) -> Any:
        logs: dict[str, Any] = {}
        self.model.reset_metrics()
        if self.mode == TRAIN:
            self.held.on_epoch_begin(epoch, logs)
        self.bar.on_epoch_begin(epoch, logs)
        n = None if self.steps_per_epoch else self.n
        self.aggregator: Any = (
            OutputsAggregator(None if self.use_steps else n)
            if self.mode == PREDICT
            else MetricsAggregator(self.use_steps, n, self.steps_per_epoch)
        )
        if self.use_steps:
            self._steps()
        else:
            self._batches()
        self.aggregator.finalize()
        results = self.aggregator.results
        logs = make_logs(self.model, logs, results, self.mode)
        if len(results) == 1:
            results = results[0]
        last = epoch == self.epochs - 1
        if self._validates(epoch):
            logs = make_logs(self.model, logs, self._validate(last), self.mode, prefix="val_")
        if self.mode == TRAIN:
            self.held.on_epoch_end(epoch, logs)
        self.bar.on_epoch_end(epoch, logs)
        if self.resets and not last:
            data.initialized(self.iterator)
        return results

    def _steps(self) -> None:
        step = 0
        while self.steps_per_epoch is None or step < self.steps_per_epoch:
            logs = {"batch": step, "size": 1}
            self._begin(step, logs)
            try:
                outs = self.function(self.ins)
            except OutOfRangeError:
                self._ended(step)
                break
            self._end(step, logs, outs)
            step += 1
            if self.held.model.stop_training:
                break

    def _ended(self, step: int) -> None:
        """A data set or its iterator has no further batch."""
        if self.is_dataset and not self.steps_per_epoch:
            if step > 0:
                self.steps_per_epoch = self.aggregator.steps = step
                if self.mode == TRAIN:
                    self.bar.params["steps"] = step
                    self.bar.progbar.target = step
            return
        self.held.model.stop_training = True
        steps = (self.steps_per_epoch or 0) * self.epochs
        if self.is_dataset:
            tf_logging.warning(
                "Your dataset ran out of data; interrupting training. Make sure that your dataset "
                f"can generate at least `{self.steps_name} * epochs` batches (in this case, "
                f"{steps} batches). You may need to use the repeat() function when building your "
                "dataset."
            )
        else:
            tf_logging.warning(
                "Your dataset iterator ran out of data; interrupting training. Make sure that "
                f"your iterator can generate at least `{self.steps_name} * epochs` batches (in "
                f"this case, {steps} batches). You may need touse the repeat() function when "
                "building your dataset."
            )

    def _batches(self) -> None:
        indices = np.arange(self.n)
        size = self.batch_size or 32
        if self.shuffle == "batch":
            indices = batch_shuffle(indices, size)
        elif self.shuffle:
            np.random.shuffle(indices)  # noqa: NPY002  (the program's seed is NumPy's global one)
        batches = make_batches(self.n, size)
        for i, (start, end) in enumerate(batches):
            rows = indices[start:end]
            batch = self.ins if len(batches) == 1 else batch_of(self.ins, rows)
            logs = {"batch": i, "size": len(rows)}
            self._begin(i, logs)
            self._end(i, logs, self.function(_dense(batch)), start, end)
            if self.held.model.stop_training:
                break

    def _begin(self, i: int, logs: dict[str, Any]) -> None:
        self.held._call_batch_hook(self.mode, "begin", i, logs)
        self.bar.on_batch_begin(i, logs)

    def _end(self, i: int, logs: dict[str, Any], outs: Any, start: int = 0, end: int = 0) -> None:
        outs = outs if isinstance(outs, list) else [outs]
        self.aggregator.aggregate(outs, start, end)
        logs = make_logs(self.model, logs, outs, self.mode)
        self.held._call_batch_hook(self.mode, "end", i, logs)
        self.bar.on_batch_end(i, logs)

    def _validates(self, epoch: int) -> bool:
        return (
            self.val_inputs is not None
            and data.should_validate(self.validation_freq, epoch)
            and not self.held.model.stop_training
        )

    def _validate(self, last: bool) -> list[Any]:
        results = Run(
            self.model,
            TEST,
            self.val_inputs,
            self.val_targets,
            self.val_sample_weights,
            batch_size=self.batch_size,
            steps_per_epoch=self.validation_steps,
            callbacks=self.held,
            verbose=0,
            shuffle=True,  # as TensorFlow: it makes a difference to NumPy's random numbers
            in_fit=True,
            prepared=self.val_iterator is not None,
            steps_name="validation_steps",
        )()
        if self.val_iterator is not None and not last:
            data.initialized(self.val_iterator)
        return results if isinstance(results, list) else [results]


def _dense(batch: list[Any]) -> list[Any]:
    """A batch with SciPy's sparse matrices as arrays."""
    return [x.toarray() if hasattr(x, "tocoo") else x for x in batch]
