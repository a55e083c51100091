"""tf.contrib.slim.model_analyzer: how large a model's variables and results are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphflow.core.export import export
from graphflow.core.graph import Graph


def _print_title(text: str) -> None:
    print("---------", text, "---------", sep="\n")


@export("contrib.slim.model_analyzer.tensor_description")
def tensor_description(var: Any) -> str:
    """Returns type and shape, such as "(float32 2x3)".

    Args:
        var: a tensor or variable.
    """
    return f"({var.dtype.name} {'x'.join(map(str, var.get_shape()))})"


@export("contrib.slim.model_analyzer.analyze_ops")
def analyze_ops(graph: Graph, print_info: bool = False) -> int:
    """Returns the number of elements that all operations make, as far as it is known.

    Args:
        graph: the graph.
        print_info: whether to print a line for each.
    """
    if print_info:
        _print_title("Operations: name -> (type shapes) [size]")
    total = 0
    for op in graph.get_operations():
        size = sum(output.get_shape().num_elements() or 0 for output in op.outputs)
        if print_info:
            shapes = [tensor_description(output) for output in op.outputs if output.get_shape()]
            print(op.name, "\t->", ", ".join(shapes), f"[{size}]")
        total += size
    return total


@export("contrib.slim.model_analyzer.analyze_vars")
def analyze_vars(variables: Iterable[Any], print_info: bool = False) -> tuple[int, int]:
    """Returns the number of elements of variables, and of bytes.

    Args:
        variables: the variables.
        print_info: whether to print a line for each.
    """
    if print_info:
        _print_title("Variables: name (type shape) [size]")
    total_size = total_bytes = 0
    for var in variables:
        size = var.get_shape().num_elements() or 0
        total_size += size
        total_bytes += size * var.dtype.size
        if print_info:
            description = f"[{size}, bytes: {size * var.dtype.size}]"
            print(var.name, tensor_description(var), description)
    if print_info:
        print(f"Total size of variables: {total_size}")
        print(f"Total bytes of variables: {total_bytes}")
    return total_size, total_bytes
