"""Keras' data sets of images, fetched once and kept below ~/.keras."""

from __future__ import annotations

import gzip
import importlib
import os
from typing import Any, Final

import numpy as np

from graphflow.core.export import export
from graphflow.formats.pickled import read_pickle
from graphflow.input import download
from graphflow.models.datasets import ORIGIN, Split
from graphflow.models.utils_files import get_file
from graphflow.nets import keras_state

_MNIST_HASH: Final = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"


@export("keras.datasets.mnist.load_data")
def load_mnist(path: str = "mnist.npz") -> Split:
    """Returns 70,000 handwritten digits.

    Args:
        path: the name of the file below ~/.keras/datasets.

    Returns:
        (x_train, y_train), (x_test, y_test): images [n, 28, 28] of bytes, and labels [n].

    Note:
        Where the file is not there and the network neither, the 5,000 digits that come with
        graphflow are returned, and a line on stderr says so.
    """
    origin = f"{ORIGIN}mnist.npz"
    try:
        if not _is_kept(path):
            download.require_online(path)
            if not download.answering([origin]):
                raise OSError(f"{path} could not be downloaded, no answer from {origin}.")
        path = get_file(path, origin=origin, file_hash=_MNIST_HASH)
    except OSError as reason:
        return _bundled(str(reason))
    with np.load(path) as file:
        return (file["x_train"], file["y_train"]), (file["x_test"], file["y_test"])


def _is_kept(path: str) -> bool:
    folder = os.path.join(os.path.expanduser("~"), ".keras", "datasets")
    return os.path.exists(os.path.join(folder, path))


def _bundled(reason: str) -> Split:
    sources = importlib.import_module("graphflow.examples.tutorials.mnist.sources")
    arrays = sources.bundled(reason)
    train = arrays.train_images[..., 0], arrays.train_labels
    return train, (arrays.test_images[..., 0], arrays.test_labels)


@export("keras.datasets.fashion_mnist.load_data")
def load_fashion_mnist() -> Split:
    """Returns 70,000 images of clothes of ten kinds.

    Returns:
        (x_train, y_train), (x_test, y_test): images [n, 28, 28] of bytes, and labels [n].
    """
    found = []
    for part in ("train", "t10k"):
        labels, images = (
            _unpacked(f"{part}-{name}-ubyte.gz", offset)
            for name, offset in (("labels-idx1", 8), ("images-idx3", 16))
        )
        found.append((images.reshape(len(labels), 28, 28), labels))
    return found[0], found[1]


def _unpacked(name: str, offset: int) -> Any:
    folder = os.path.join("datasets", "fashion-mnist")
    path = get_file(name, origin=ORIGIN + name, cache_subdir=folder)
    with gzip.open(path, "rb") as file:
        return np.frombuffer(file.read(), np.uint8, offset=offset)


def load_batch(fpath: str, label_key: str = "labels") -> tuple[Any, Any]:
    """Returns the images [n, 3, 32, 32] and labels of a file of CIFAR.

    Args:
        fpath: the file.
        label_key: which labels.

    Raises:
        ValueError: if the file holds other things than arrays and lists.
        DataLossError: if it is damaged.
    """
    with open(fpath, "rb") as file:
        read = read_pickle(file.read(), encoding="bytes", name=fpath)
    held = {key.decode("utf8"): value for key, value in read.items()}
    images = held["data"]
    return images.reshape(images.shape[0], 3, 32, 32), held[label_key]


def _as_set(images: Any) -> Any:
    last = keras_state.image_data_format() == "channels_last"
    return images.transpose(0, 2, 3, 1) if last else images


def _column(labels: Any) -> Any:
    return np.reshape(labels, (len(labels), 1))


@export("keras.datasets.cifar10.load_data")
def load_cifar10() -> Split:
    """Returns 60,000 coloured images of ten kinds.

    Returns:
        (x_train, y_train), (x_test, y_test): images [n, 32, 32, 3] of bytes, or with the channels
        first as Keras was set to, and labels [n, 1].
    """
    path = get_file(
        "cifar-10-batches-py",
        origin="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        untar=True,
        file_hash="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    )
    batches = [load_batch(os.path.join(path, f"data_batch_{i}")) for i in range(1, 6)]
    x_train = np.concatenate([images for images, _ in batches])
    y_train = np.concatenate([labels for _, labels in batches]).astype(np.uint8)
    x_test, y_test = load_batch(os.path.join(path, "test_batch"))
    test = _as_set(x_test), _column(np.asarray(y_test, np.uint8))
    return (_as_set(x_train), _column(y_train)), test


@export("keras.datasets.cifar100.load_data")
def load_cifar100(label_mode: str = "fine") -> Split:
    """Returns 60,000 coloured images of a hundred kinds.

    Args:
        label_mode: "fine": the kind; "coarse": one of twenty groups of kinds.

    Returns:
        (x_train, y_train), (x_test, y_test): images [n, 32, 32, 3] of bytes, or with the channels
        first as Keras was set to, and labels [n, 1].

    Raises:
        ValueError: if the mode is neither.
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError('`label_mode` must be one of `"fine"`, `"coarse"`.')
    path = get_file(
        "cifar-100-python",
        origin="https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
        untar=True,
        file_hash="85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    )
    found = []
    for part in ("train", "test"):
        images, labels = load_batch(os.path.join(path, part), f"{label_mode}_labels")
        found.append((_as_set(images), _column(labels)))
    return found[0], found[1]
