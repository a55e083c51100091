"""Pauses the cycle collector while many long-lived objects are made at once."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """A context without cycle collection.

    Operations and tensors refer to each other, so every pass of the collector walks through the
    whole graph again: a third of the time to differentiate and plan 10,000 operations.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
