"""Data sets whose batches are fetched by number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphflow.core.export import export


@export("keras.utils.Sequence")
class Sequence:
    """The base of data sets whose batches are fetched by number, in any order.

    Subclasses define `__getitem__`, which returns a batch, and `__len__`, the number of batches.
    """

    def __getitem__(self, index: int) -> Any:
        """Returns a batch; for subclasses to override.

        Args:
            index: its number.
        """
        raise NotImplementedError

    def __len__(self) -> int:
        """The number of batches; for subclasses to override."""
        raise NotImplementedError

    def on_epoch_end(self) -> None:
        """Called after each epoch; for subclasses to override."""

    def __iter__(self) -> Iterator[Any]:
        """Yields all batches."""
        return (self[i] for i in range(len(self)))
