"""Small sets of examples in files: `tf.contrib.learn.datasets.base`, and its modes."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from graphflow.core.export import publish, publish_from
from graphflow.input.download import fetch
from graphflow.platform.file_io import GFile


class Dataset(NamedTuple):
    """Examples and what is to be learnt of them.

    Args:
        data: `[n, features]`.
        target: `[n]`.
    """

    data: Any
    target: Any


class Datasets(NamedTuple):
    """Three sets of examples.

    Args:
        train: the set to train with.
        validation: the set to look at while training.
        test: the set to judge with.
    """

    train: Any
    validation: Any
    test: Any


def load_csv_with_header(
    filename: Any, target_dtype: Any, features_dtype: Any, target_column: int = -1
) -> Dataset:
    """Returns the examples of a file whose first line says how many there are.

    Args:
        filename: the file; its first line begins with the numbers of examples and of features.
        target_dtype: NumPy's type of the targets.
        features_dtype: that of the features.
        target_column: the column of the target.

    Raises:
        IndexError: if there are more examples than the first line says.
        ValueError: if a line has another number of features, or one is no number.
    """
    with GFile(filename) as file:
        lines = csv.reader(file)
        header = next(lines)
        data = np.zeros((int(header[0]), int(header[1])), dtype=features_dtype)
        target = np.zeros((int(header[0]),), dtype=target_dtype)
        for i, row in enumerate(lines):
            target[i] = np.asarray(row.pop(target_column), dtype=target_dtype)
            data[i] = np.asarray(row, dtype=features_dtype)
    return Dataset(data=data, target=target)


def load_csv_without_header(
    filename: Any, target_dtype: Any, features_dtype: Any, target_column: int = -1
) -> Dataset:
    """Returns the examples of a file, one in each line.

    Args:
        filename: the file.
        target_dtype: NumPy's type of the targets.
        features_dtype: that of the features.
        target_column: the column of the target.

    Raises:
        ValueError: if a value is no number.
    """
    with GFile(filename) as file:
        rows = list(csv.reader(file))
    targets = [row.pop(target_column) for row in rows]
    data = [np.asarray(row, dtype=features_dtype) for row in rows]
    return Dataset(data=np.array(data), target=np.array(targets, dtype=target_dtype))


def shrink_csv(filename: str, ratio: int) -> None:
    """Writes every `ratio`-th line of a file to another one: of `a.csv` to `a_small.csv`.

    Args:
        filename: the file.
        ratio: which lines are taken: the first one, and then each after so many.
    """
    with GFile(filename.replace(".", "_small."), "w") as small, GFile(filename) as file:
        writer = csv.writer(small)
        for i, row in enumerate(csv.reader(file)):
            if i % ratio == 0:
                writer.writerow(row)


def maybe_download(filename: str, work_directory: Any, source_url: str) -> str:
    """Returns the path of a file in a folder; fetches it if it is not there.

    Args:
        filename: its name.
        work_directory: the folder, which is made if need be.
        source_url: the file's whole address.

    Raises:
        OSError: if it cannot be fetched.
    """
    path = Path(work_directory, filename)
    if not path.exists():
        fetch([source_url], path)
        print("Successfully downloaded", filename, path.stat().st_size, "bytes.")
    return os.fspath(path)


class ModeKeys:
    """What a model is made for: `TRAIN`, `EVAL` or `INFER`."""

    TRAIN = "train"
    EVAL = "eval"
    INFER = "infer"

    @classmethod
    def validate(cls, key: Any) -> None:
        """Checks that something is a mode.

        Args:
            key: the thing.

        Raises:
            ValueError: if not.
        """
        if key not in (cls.TRAIN, cls.EVAL, cls.INFER):
            raise ValueError(f"Invalid mode {key}.")


_BASE = (
    Dataset, Datasets, load_csv_with_header, load_csv_without_header, shrink_csv, maybe_download,
)  # fmt: skip
_MNIST = (
    "DataSet", "read_data_sets", "load_mnist", "extract_images", "extract_labels",
    "dense_to_one_hot",
)  # fmt: skip
for _space in ("contrib.learn", "contrib.learn.python.learn"):
    # The digits stand above this layer: the namespace names their module.
    publish_from(
        "graphflow.examples.tutorials.mnist.input_data", f"{_space}.datasets.mnist", *_MNIST
    )
    publish(ModeKeys, f"{_space}.ModeKeys")
    for _thing in _BASE:
        publish(_thing, f"{_space}.datasets.base.{_thing.__name__}")
