"""Deterministic digit-like images: the same batches under TensorFlow's NumPy and under ours.

Only `rand`, `randint` and exact float32 steps are used, so that the bytes do not depend on the
NumPy version or on the machine's libm. Runs on Python 3.7 as well.
"""

from __future__ import annotations

import hashlib
from typing import Any, Tuple  # noqa: UP035 - evaluated under Python 3.7

import numpy as np

Batch = Tuple[Any, Any]  # noqa: UP006 - evaluated under Python 3.7


class Digits:
    """An endless supply of `[n, 784]` images in [0, 1] with one-hot labels `[n, 10]`.

    Every class is a fixed pattern of strokes; a sample shifts it by up to two pixels, dims it and
    adds noise that overlaps with other classes, so that the losses stay well above zero.
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.RandomState(seed)
        self._patterns = np.stack([_strokes(np.random.RandomState(100 + k)) for k in range(10)])

    def next_batch(self, size: int) -> Batch:
        """Returns `(images, labels)`, as the tutorials' `mnist.train.next_batch` does."""
        labels = self._random.randint(0, 10, size)
        images = np.zeros((size, 28, 28), np.float32)
        for i, label in enumerate(labels):
            down, right = self._random.randint(-2, 3, 2)
            other = self._patterns[self._random.randint(10)]
            image = np.roll(self._patterns[label], (down, right), (0, 1))
            weights = self._random.rand(3).astype(np.float32)
            mixed = image * (weights[0] + np.float32(0.25)) + other * weights[1] * np.float32(0.75)
            speckle = (self._random.rand(28, 28) < 0.03).astype(np.float32) * weights[2]
            images[i] = np.minimum(mixed + speckle, np.float32(1))
        one_hot = np.zeros((size, 10), np.float32)
        one_hot[np.arange(size), labels] = 1
        return images.reshape(size, 784), one_hot


def _strokes(random: Any) -> Any:
    """Returns one `[28, 28]` pattern: four straight strokes, two pixels wide."""
    image = np.zeros((28, 28), np.float32)
    for _ in range(4):
        row, column = random.randint(5, 22, 2)
        length = random.randint(6, 14)
        if random.randint(2):
            image[row : row + 2, column : min(column + length, 24)] = 1
        else:
            image[row : min(row + length, 24), column : column + 2] = 1
    return image


def points(step: int, size: int = 16, features: int = 6, classes: int = 4) -> tuple[Any, Any, Any]:
    """Returns a small batch: inputs `[n, features]`, labels `[n]` and one-hot labels."""
    random = np.random.RandomState(1000 + step)
    inputs = (random.rand(size, features) * 2 - 1).astype(np.float32)
    labels = np.argmax(inputs[:, :classes], axis=1).astype(np.int32)
    return inputs, labels, np.eye(classes, dtype=np.float32)[labels]


def digest(*arrays: Any) -> str:
    """Returns a short hash of the arrays' bytes, to prove that two runs saw the same data."""
    summary = hashlib.sha256()
    for array in arrays:
        summary.update(np.ascontiguousarray(array).tobytes())
    return summary.hexdigest()[:16]
