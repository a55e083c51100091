"""Turns names and objects into tensors and operations of a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor

if TYPE_CHECKING:
    from graphflow.core.graph import Graph


def as_graph_element(
    graph: Graph, obj: Any, allow_tensor: bool = True, allow_operation: bool = True
) -> Any:
    """Implements `Graph.as_graph_element`; see there."""
    if not (allow_tensor or allow_operation):
        raise ValueError("allow_tensor and allow_operation can't both be False.")
    wanted = " or ".join(
        word for word, on in (("Tensor", allow_tensor), ("Operation", allow_operation)) if on
    )
    convert = getattr(obj, "_as_graph_element", None)
    if convert is not None:
        obj = convert()
    if isinstance(obj, bytes):
        obj = obj.decode()
    if isinstance(obj, str):
        return _by_name(graph, obj, allow_tensor, allow_operation)
    if (isinstance(obj, Tensor) and allow_tensor) or (
        isinstance(obj, Operation) and allow_operation
    ):
        if obj.graph is not graph:
            kind = "Tensor" if isinstance(obj, Tensor) else "Operation"
            shown = obj if isinstance(obj, Tensor) else repr(obj)
            raise ValueError(f"{kind} {shown} is not an element of this graph.")
        return obj
    raise TypeError(f"Can not convert a {type(obj).__name__} into a {wanted}.")


def _by_name(graph: Graph, name: str, allow_tensor: bool, allow_operation: bool) -> Any:
    if ":" in name and allow_tensor:
        return _tensor(graph, name)
    if ":" in name:
        raise ValueError(f"Name {name!r} appears to refer to a Tensor, not a Operation.")
    op = graph._by_name.get(name)
    if allow_operation:
        if op is None:
            raise KeyError(f"The name {name!r} refers to an Operation not in the graph.")
        return op
    if op is not None:
        raise ValueError(
            f"The name {name!r} refers to an Operation, not a Tensor. "
            'Tensor names must be of the form "<op_name>:<output_index>".'
        )
    raise ValueError(
        f"The name {name!r} looks like an (invalid) Operation name, not a Tensor. "
        'Tensor names must be of the form "<op_name>:<output_index>".'
    )


def _tensor(graph: Graph, name: str) -> Tensor:
    op_name, _, index_text = name.partition(":")
    if not index_text.isdigit():
        raise ValueError(
            f"The name {name!r} looks a like a Tensor name, but is not a valid one. "
            'Tensor names must be of the form "<op_name>:<output_index>".'
        )
    op = graph._by_name.get(op_name)
    if op is None:
        raise KeyError(
            f"The name {name!r} refers to a Tensor which does not exist. "
            f"The operation, {op_name!r}, does not exist in the graph."
        )
    index = int(index_text)
    if index >= len(op.outputs):
        raise KeyError(
            f"The name {name!r} refers to a Tensor which does not exist. "
            f"The operation, {op_name!r}, exists but only has {len(op.outputs)} outputs."
        )
    return op.outputs[index]
