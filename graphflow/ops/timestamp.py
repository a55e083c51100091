"""The time of the run."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor

Array = np.ndarray[Any, Any]

# --- Timestamp ---
TIMESTAMP = define("Timestamp() -> ts: float64", stateful=True).no_gradient("has no input")


@TIMESTAMP.shape
def _(op: Operation) -> list[Dims]:
    return [()]


@TIMESTAMP.numpy
def _() -> Array:
    return np.array(time.time())


@export("timestamp")
def timestamp(name: str | None = None) -> Tensor:
    """Returns the time of the run, in seconds since 1970.

    Args:
        name: the node's name.
    """
    found: Tensor = apply(TIMESTAMP, name=name)
    return found
