"""Neighbours among the floating-point numbers, and values of polynomials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphflow.core import nest, scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import float32, float64
from graphflow.core.elementwise import broadcast_shape
from graphflow.core.export import export
from graphflow.core.opdef import default, define
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import sum_to
from graphflow.ops.fill import zeros_like

Array = np.ndarray[Any, Any]

# --- NextAfter ---
NEXT_AFTER = define(
    "NextAfter(x1: T, x2: T) -> output: T", T=default((float64, float32), float32),
    shape=broadcast_shape,
)  # fmt: skip


@NEXT_AFTER.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor | None, Tensor]:
    x1, x2 = op.inputs
    return sum_to(dy, x1, x2), apply("ZerosLike", x2)


@NEXT_AFTER.numpy
def _(x1: Array, x2: Array) -> Array:
    return np.asarray(np.nextafter(x1, x2))


@export("math.nextafter")
def nextafter(x1: Any, x2: Any, name: str | None = None) -> Tensor:
    """Returns the number next to `x1` in the direction of `x2`, element by element.

    Args:
        x1: a tensor of float32 or float64.
        x2: a tensor of the same type; the two broadcast.
        name: the node's name.
    """
    found: Tensor = apply(NEXT_AFTER, x1, x2, name=name)
    return found


@export("math.polyval")
def polyval(coeffs: Sequence[Any], x: Any, name: str | None = None) -> Tensor:
    """Returns the values of a polynomial, element by element, by Horner's rule.

    Args:
        coeffs: the coefficients, that of the highest power first; none: the values are 0.
        x: where.
        name: the name of the scope.
    """
    with scopes.name_scope(name, "polyval", [*nest.flatten(coeffs), x]) as scope:
        tensor = convert_to_tensor(x, name="x")
        if len(coeffs) < 1:
            return zeros_like(tensor, name=scope)
        factors = [convert_to_tensor(c, name=f"coeff_{n}") for n, c in enumerate(coeffs)]
        total = factors[0]
        for factor in factors[1:]:
            total = factor + total * tensor
        return total
