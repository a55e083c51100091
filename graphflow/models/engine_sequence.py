"""tf.keras.utils.Sequence: batches by number."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from typing import Any

from graphflow.core.export import export


@export("keras.utils.Sequence")
class Sequence(abc.ABC):
    """Batches by number, for `fit`, `evaluate` and `predict`.

    Subclasses have `__len__`, the number of batches, and `__getitem__`, which returns the inputs,
    or a tuple of inputs and targets and maybe weights.
    """

    @abc.abstractmethod
    def __getitem__(self, index: int) -> Any:
        """Returns a batch.

        Args:
            index: its number.
        """

    @abc.abstractmethod
    def __len__(self) -> int:
        """Returns the number of batches."""

    def on_epoch_end(self) -> None:  # noqa: B027  (subclasses may leave it)
        """Called after each epoch."""

    def __iter__(self) -> Iterator[Any]:
        """Yields all batches once."""
        for i in range(len(self)):
            yield self[i]
