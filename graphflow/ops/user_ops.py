"""tf.user_ops: the operation that TensorFlow's guide for own operations adds."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor

# --- Fact ---
FACT = define("Fact() -> fact: string")
FACT.no_gradient("a fact has no inputs", raises=True)


@FACT.shape
def _(op: Any) -> list[Dims]:
    return [None]


@FACT.numpy
def _() -> np.ndarray[Any, Any]:
    found = np.empty((), object)
    found[()] = b"0! == 1"
    return found


@export("user_ops.my_fact")
def my_fact() -> Tensor:
    """Returns a fact, a string scalar."""
    found: Tensor = apply(FACT)
    return found
