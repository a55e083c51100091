"""tf.estimator.inputs: input functions of NumPy arrays and of pandas data frames."""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np

from graphflow.core.dtypes import int64
from graphflow.core.export import export
from graphflow.estimators.feeding import dequeued, enqueue_rows

InputFn = Callable[[], Any]
_ARRAY = "__direct_np_input__"
_TARGET = "__target_key__"


def _check_shuffle(shuffle: Any) -> None:
    if not isinstance(shuffle, bool):
        raise ValueError(
            "shuffle must be provided and explicitly set as boolean (it is recommended to set it "
            f"as True for training); got {shuffle}"
        )


# --- arrays ---
@export("estimator.inputs.numpy_input_fn")
def numpy_input_fn(
    x: Any,
    y: Any = None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool | None = None,
    queue_capacity: int = 1000,
    num_threads: int = 1,
) -> InputFn:
    """Returns an input function that gives batches of the rows of arrays, through a queue.

    Args:
        x: features: an array `[n, ...]`, or arrays by name.
        y: labels: an array `[n, ...]`, or arrays by name; None: there are none.
        batch_size: how many rows a batch has; of the last epoch's end fewer.
        num_epochs: how often each row comes; None: there is no end.
        shuffle: whether they come in random order; must be given.
        queue_capacity: how many rows the queue holds.
        num_threads: how many threads fill it, each with all epochs.

    Returns:
        A function that returns features, or features and labels, each in its structure.

    Raises:
        ValueError: if `shuffle` is no bool.

    Raises (from the input function):
        ValueError: if `x` or a dictionary `y` is empty, their numbers of rows differ, or they
            have names in common.
        TypeError: if `x` is neither a dictionary nor an array.
    """
    _check_shuffle(shuffle)

    def input_fn() -> Any:
        columns = _columns(x)
        features = list(columns)
        targets = _with_targets(columns, y)
        _check_lengths(columns, features, targets, y)
        arrays = list(columns.values())
        queue = enqueue_rows(
            lambda chosen: [chosen, *[array[chosen] for array in arrays]],
            len(arrays[0]),
            [int64, *[array.dtype for array in arrays]],
            [(), *[array.shape[1:] for array in arrays]],
            queue_capacity,
            shuffle=bool(shuffle),
            num_threads=num_threads,
            enqueue_size=batch_size,
            num_epochs=num_epochs,
        )
        batch = dequeued(queue, batch_size, num_epochs)
        direct = isinstance(x, np.ndarray)
        made = batch[0] if direct else dict(zip(features, batch, strict=False))
        if targets is None:
            return made
        if isinstance(targets, str):
            return made, batch[-1]
        return made, dict(zip(targets, batch[-len(targets) :], strict=True))

    return input_fn


def _columns(x: Any) -> dict[Any, Any]:
    """The features by name, in the order of the names."""
    if isinstance(x, dict):
        if not x:
            raise ValueError("x cannot be an empty dict")
        return dict(sorted(x.items(), key=lambda pair: pair[0]))
    if isinstance(x, np.ndarray):
        if x.size == 0:
            raise ValueError("x cannot be an empty array")
        return {_ARRAY: x}
    raise TypeError(f"x must be a dict or array; got {type(x).__name__}")


def _with_targets(columns: dict[Any, Any], y: Any) -> Any:
    """Adds the labels to the columns; returns their names, a single one, or None."""
    if y is None:
        return None
    if not isinstance(y, dict):
        name = _TARGET
        while name in columns:
            name += "_n"
        columns[name] = y
        return name
    if not y:
        raise ValueError("y cannot be empty dict, use None instead.")
    both = set(columns) & set(y)
    if both:
        raise ValueError(f"{len(both)} duplicate keys are found in both x and y: {both}")
    names = sorted(y)
    columns.update({name: y[name] for name in names})
    return names


def _check_lengths(columns: dict[Any, Any], features: list[Any], targets: Any, y: Any) -> None:
    if len({column.shape[0] for column in columns.values()}) == 1:
        return
    shape_of_y: Any = None
    if isinstance(targets, str):
        shape_of_y = y.shape
    elif targets is not None:
        shape_of_y = {name: columns[name].shape for name in targets}
    raise ValueError(
        "Length of tensors in x and y is mismatched. All elements in x and y must have the same "
        f"length.\nShapes in x: { {name: columns[name].shape for name in features} }\n"
        f"Shapes in y: {shape_of_y}\n"
    )


# --- data frames ---
@export("estimator.inputs.pandas_input_fn")
def pandas_input_fn(
    x: Any,
    y: Any = None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool | None = None,
    queue_capacity: int | None = 1000,
    num_threads: int = 1,
    target_column: Any = "target",
) -> InputFn:
    """Returns an input function that gives batches of the rows of data frames, through a queue.

    Args:
        x: features: a DataFrame.
        y: labels: a Series or DataFrame with the same index; None: there are none.
        batch_size: how many rows a batch has; of the last epoch's end fewer.
        num_epochs: how often each row comes; None: there is no end.
        shuffle: whether they come in random order; must be given.
        queue_capacity: how many rows the queue holds; None: all, or fourfold to shuffle.
        num_threads: how many threads fill it, each with all epochs.
        target_column: what the column of a Series `y` is called on the way.

    Returns:
        A function that returns features by column, or features and labels; those of a DataFrame
        by column too.

    Raises:
        TypeError: if pandas is not installed, or `target_column` is no string.
        ValueError: if `shuffle` is no bool, the indices differ, or `x` has a column of that name.
    """
    pandas = _pandas()
    _check_shuffle(shuffle)
    if not isinstance(target_column, str):
        raise TypeError("target_column must be a string type")
    frame = x.copy()
    targets: dict[Any, Any] = {}
    if y is not None:
        if target_column in frame:
            raise ValueError(
                f"Cannot use name {target_column} for target column: DataFrame already has a "
                f"column with that name: {frame.columns}"
            )
        if not np.array_equal(frame.index, y.index):
            raise ValueError(
                f"Index for x and y are mismatched.\nIndex for x: {frame.index}\n"
                f"Index for y: {y.index}\n"
            )
        if isinstance(y, pandas.DataFrame):
            targets = {column: _free_name(frame, column) for column in y}
            frame[list(targets.values())] = y
        else:
            targets = {target_column: target_column}
            frame[target_column] = y
    capacity = queue_capacity
    if capacity is None:
        capacity = len(frame) * (4 if shuffle else 1)

    def input_fn() -> Any:
        queue = enqueue_rows(
            lambda chosen: _rows(frame, chosen),
            len(frame),
            [frame.index.dtype, *frame.dtypes],
            [() for _ in range(len(frame.columns) + 1)],
            capacity,
            shuffle=bool(shuffle),
            min_after_dequeue=max(capacity / 4, 1),
            num_threads=num_threads,
            enqueue_size=batch_size,
            num_epochs=num_epochs,
        )
        batch = dequeued(queue, batch_size, num_epochs)
        features = dict(zip(frame.columns, batch, strict=True))
        if y is None:
            return features
        labels = {name: features.pop(column) for name, column in targets.items()}
        return features, labels if isinstance(y, pandas.DataFrame) else labels[target_column]

    return input_fn


def _pandas() -> Any:
    try:
        return importlib.import_module("pandas")
    except ImportError:
        raise TypeError("pandas_input_fn should not be called without pandas installed") from None


def _free_name(frame: Any, column: Any) -> Any:
    return f"{column}_{uuid.uuid4()}" if column in frame else column


def _rows(frame: Any, chosen: list[int]) -> list[Any]:
    """The index and the columns of some rows."""
    found = frame.iloc[chosen]
    return [found.index.values, *[found[column].values for column in found.columns]]
