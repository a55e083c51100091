"""Arrays of class labels and of unit vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.export import export


@export("keras.utils.to_categorical")
def to_categorical(y: Any, num_classes: int | None = None, dtype: Any = "float32") -> Any:
    """Returns class numbers as rows with a 1 in the place of the class.

    Args:
        y: the numbers, [...], also with a last axis of 1.
        num_classes: the number of classes; None: one more than the largest number.
        dtype: the element type of the result.

    Returns:
        [..., num_classes].
    """
    numbers = np.array(y, dtype="int")
    sizes = numbers.shape
    if len(sizes) > 1 and sizes[-1] == 1:
        sizes = sizes[:-1]
    numbers = numbers.ravel()
    if not num_classes:
        num_classes = int(np.max(numbers)) + 1
    rows = np.zeros((len(numbers), num_classes), dtype=dtype)
    rows[np.arange(len(numbers)), numbers] = 1
    return np.reshape(rows, (*sizes, num_classes))


@export("keras.utils.normalize")
def normalize(x: Any, axis: int = -1, order: Any = 2) -> Any:
    """Returns an array whose vectors along an axis have the length 1; zeros stay.

    Args:
        x: the array.
        axis: the axis.
        order: of the norm that the length is.
    """
    norms = np.atleast_1d(np.linalg.norm(x, order, axis))
    norms[norms == 0] = 1
    return x / np.expand_dims(norms, axis)
