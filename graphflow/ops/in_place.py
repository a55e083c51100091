"""Updates that compute their value in the variable's own array.

`plan/in_place.py` puts these in the place of an assignment and the elementwise steps before it.
None of them is an operation of TensorFlow, or of a graph: they live in plans only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from graphflow.core.lowering import SUFFIXES, Call, Lowering
from graphflow.core.opdef import OpDef
from graphflow.core.scratch import scratch
from graphflow.core.state import Cell

Array = np.ndarray[Any, Any]
_PIECE: Final = 1 << 15
"""Elements. Pieces of this size stay in the cache from one step on them to the next."""


def _define(
    name: str, ports: str, arrays: int, change: Callable[..., None], kernel: str
) -> tuple[OpDef, OpDef]:
    """Defines an update of a reference variable, and that of a resource variable.

    Args:
        name: what both are called.
        ports: the inputs behind the variable.
        arrays: the first so many of them have the variable's shape, the others are scalars.
        change: `change(own, *inputs)`, in place on flat pieces.
        kernel: the compiled kernel.
    """

    def run(cell: Cell, *inputs: Array) -> None:
        own = cell.write().reshape(-1)
        whole = [x.reshape(-1) for x in inputs[:arrays]]
        for start in range(0, own.size, _PIECE):
            piece = slice(start, start + _PIECE)
            change(own[piece], *[x[piece] for x in whole], *inputs[arrays:])

    def updated(cell: Cell, *inputs: Array) -> Cell:
        run(cell, *inputs)
        return cell

    def rule(call: Call) -> Lowering | None:
        var = call.shapes[0]
        real = SUFFIXES.get(call.dtypes[1].name)
        if any(s != var for s in call.shapes[1 : arrays + 1]):
            return None
        return Lowering(f"{kernel}.{real}", (math.prod(var),))

    reference = OpDef(
        f"{name}(ref: Ref(T), {ports}) -> out: Ref(T),", effect="update", constraints={}
    )
    reference.numpy(updated)
    resource = OpDef(
        f"{name}(resource: resource, {ports})", stateful=True, effect="update", constraints={}
    )
    resource.numpy(run)
    for definition in (reference, resource):
        definition.compiled(rule)
    return reference, resource


def _scaled(own: Array, factor: Array) -> None:
    np.multiply(own, factor, out=own)


def _less_ratio(own: Array, x: Array, square: Array, rate: Array, epsilon: Array) -> None:
    below = np.sqrt(square, out=scratch(own.shape, own.dtype, 0))
    below += epsilon
    step = np.multiply(rate, x, out=scratch(own.shape, own.dtype, 1))
    step /= below
    own -= step


SCALE: Final = _define("_Scale", "factor: T", 0, _scaled, "scale")
"""`variable *= factor`."""
LESS_RATIO: Final = _define(
    "_SubtractRatio", "x: T, square: T, rate: T, epsilon: T", 2, _less_ratio, "subtract_ratio"
)
"""`variable -= rate * x / (sqrt(square) + epsilon)`, as Adam steps where gradients are sparse."""
