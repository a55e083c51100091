"""Strings put together, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, clash, merge, text
from graphflow.core.tensor import Tensor

Array = np.ndarray[Any, Any]

# --- StringJoin ---
STRING_JOIN = define(
    "StringJoin(inputs: N*string, *, separator: string = '') -> output: string", N=1
)
STRING_JOIN.no_gradient("is about text").host_only("strings are Python objects")


@STRING_JOIN.shape
def _(op: Operation) -> list[Dims]:
    found: Dims = ()
    for tensor in op.inputs:
        if tensor.dims is None:
            return [None]
        if tensor.dims == ():
            continue  # a scalar goes with every shape
        merged = tensor.dims if found == () else merge(found, tensor.dims)
        if merged is False:
            raise ShapeError(
                clash(found, tensor.dims),
                run=f"Input shapes do not match: {text(found)} vs. {text(tensor.dims)}",
            )
        found = merged  # type: ignore[assignment]  # False was handled above
    return [found]


@STRING_JOIN.numpy
def _(inputs: Sequence[Array], *, separator: str) -> Array:
    shapes = {x.shape for x in inputs if x.ndim}
    if len(shapes) > 1:
        first, second = sorted(shapes)[:2]
        raise KernelError(f"Input shapes do not match: {text(first)} vs. {text(second)}")
    shape = shapes.pop() if shapes else ()
    columns = [np.broadcast_to(x, shape).reshape(-1).tolist() for x in inputs]
    between = separator.encode() if isinstance(separator, str) else separator
    joined = np.empty(len(columns[0]), object)
    joined[:] = [between.join(parts) for parts in zip(*columns, strict=True)]
    return joined.reshape(shape)


@export("string_join", "strings.join")
def string_join(inputs: Sequence[Any], separator: str = "", name: str | None = None) -> Tensor:
    """Returns the strings of several tensors, joined element by element.

    Args:
        inputs: string tensors of one shape; scalars go with every element.
        separator: what stands between two.
        name: the node's name.
    """
    found: Tensor = apply(STRING_JOIN, list(inputs), separator=separator, name=name)
    return found
