"""The gradient of a function of the graph, as another function."""

from __future__ import annotations

from typing import Any

from graphflow.autodiff.reverse import gradients, trainable
from graphflow.core.declare import apply, output_dtypes
from graphflow.core.errors import UnimplementedError
from graphflow.core.graph import Graph
from graphflow.core.late import provide
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.formats.function_def import Function


@provide("gradient_function")
def gradient_function(function: Function) -> Function:
    """Returns the function of arguments and arriving gradients that gives the gradients.

    Args:
        function: what is differentiated.

    Raises:
        LookupError: if an operation of its body has no gradient.
        UnimplementedError: if its body has a loop.
    """
    graph = Graph()
    graph.building_function = True
    graph._functions = function.graph._functions
    with graph.as_default():
        xs = [_placeholder(t) for t in function.inputs]
        ys = _copied(function, graph, dict(zip(function.inputs, xs, strict=True)))
        dys = [_placeholder(t) for t in ys]
        pairs = [(y, dy) for y, dy in zip(ys, dys, strict=True) if trainable(y)]
        found: list[Any] = [None] * len(xs)
        if pairs:
            found = gradients([y for y, _ in pairs], xs, grad_ys=[dy for _, dy in pairs])
        dxs = [
            apply("ZerosLike", x) if dx is None else apply("Identity", dx)
            for x, dx in zip(xs, found, strict=True)
        ]
    return Function(f"{function.name}_grad", graph, [*xs, *dys], dxs)


def _placeholder(like: Tensor) -> Tensor:
    found: Tensor = apply("Placeholder", dtype=like.dtype.base_dtype, shape=like.dims)
    return found


def _copied(function: Function, graph: Graph, known: dict[Tensor, Tensor]) -> list[Tensor]:
    """Declares a body once more, and returns its results."""
    made: dict[Operation, Operation] = {}
    for op in function.graph.operations:
        if any(t in known for t in op.outputs):
            continue
        if any(t not in known for t in op.inputs):
            raise UnimplementedError(
                None, op, f"The gradient of '{function.name}', which has a loop, is not offered."
            )
        name = graph.unique_name(op.name)
        types = output_dtypes(op.definition, op.attrs)
        new = graph.add(op.definition, [known[t] for t in op.inputs], dict(op.attrs), name, types)
        new._add_control_inputs([made[c] for c in op.control_inputs if c in made])
        made[op] = new
        for old, tensor in zip(op.outputs, new.outputs, strict=True):
            tensor.dims = old.dims if tensor.dims is None else tensor.dims
            known[old] = tensor
    return [known[t] for t in function.outputs]
