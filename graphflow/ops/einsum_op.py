"""Einsum: sums of products by subscripts, as one operation.

`tf.einsum` of TensorFlow 1.15 does not make it: it builds products of matrices.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text

Array = np.ndarray[Any, Any]

# --- Einsum ---
EINSUM = define("Einsum(inputs: N*T, *, equation: string, N: int) -> output: T", N=1, blas=True)
EINSUM.no_gradient("TensorFlow 1.15 registers none", raises=True)


def _parts(equation: str, count: int) -> tuple[list[str], str]:
    """The subscripts of the inputs, and those of the result.

    Raises:
        ShapeError: if the equation has no result, or another number of inputs.
    """
    left, arrow, right = equation.replace(" ", "").partition("->")
    if not arrow or "->" in right:
        raise ShapeError(f"Expecting exactly one '->' in einsum equation: {equation}")
    labels = left.split(",")
    if len(labels) != count:
        raise ShapeError(f"Expected {count} inputs but got {len(labels)} in equation: {equation}")
    return labels, right


def _sizes_of(labels: str, dims: tuple[int | None, ...]) -> tuple[dict[str, Any], Dims]:
    """The size of each label of one input, and the sizes that its ellipsis stands for."""
    before, dots, behind = labels.partition("...")
    extra = len(dims) - len(before) - len(behind)
    if extra < 0 or (extra and not dots):
        raise ShapeError(
            f"Expected at least {len(before + behind)} dimensions for subscripts {labels}, not "
            f"the shape {text(dims)}"
        )
    middle = dims[len(before) : len(before) + extra]
    outer = (*dims[: len(before)], *dims[len(before) + extra :])
    found: dict[str, Any] = {}
    for label, size in zip(before + behind, outer, strict=True):
        if size is not None and found.setdefault(label, size) not in (None, size):
            raise ShapeError(f"Dimension of label {label} differs: {found[label]} and {size}")
    return found, middle


@EINSUM.shape
def _(op: Operation) -> list[Dims]:
    labels, result = _parts(op.attrs["equation"], len(op.inputs))
    known: dict[str, int] = {}
    front: list[Dims] = []
    for one, t in zip(labels, op.inputs, strict=True):
        if t.dims is None:
            return [None]
        sizes, middle = _sizes_of(one, t.dims)
        front.append(middle)
        for label, size in sizes.items():
            if known.setdefault(label, size) != size:
                raise ShapeError(
                    f"Dimensions must be equal, but are {known[label]} and {size} for label {label}"
                )
    before, dots, behind = result.partition("...")
    middle = _broadcast(front) if dots else ()
    if middle is None:
        return [None]
    return [(*[known.get(c) for c in before], *middle, *[known.get(c) for c in behind])]


def _broadcast(shapes: list[Dims]) -> Dims:
    full = [s for s in shapes if s is not None]
    if any(None in s for s in full):
        return (None,) * max(map(len, full))
    return np.broadcast_shapes(*full)  # type: ignore[arg-type]  # sizes are known


@EINSUM.numpy
def _(inputs: list[Array], *, equation: str) -> Array:
    try:
        found = np.einsum(equation, *inputs, optimize=len(inputs) > 1)
    except ValueError as e:
        raise KernelError(f"{equation}: {e}") from e
    return np.asarray(found, inputs[0].dtype, order="C")
