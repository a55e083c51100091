"""GraphDef messages: a graph as TensorFlow 1.15.5 would write it.

In goes a Graph, an Operation or an operation type, out comes the message. Reading is the business
of `graph_import`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphflow.core.graph import Graph
from graphflow.core.late import provide
from graphflow.core.opdef import REGISTRY, OpDef
from graphflow.core.operation import Operation
from graphflow.core.signature import Attr, Port
from graphflow.formats import proto
from graphflow.formats.attr_value import attr_message, encode_attr, encode_shape
from graphflow.formats.function_def import library

_MAX_BYTES = 1 << 31


# --- nodes ---
@provide("node_def")
def node_def(op: Operation) -> Any:
    """Returns an operation as a NodeDef: data inputs, then control inputs, each in their order."""
    message = proto.NodeDef()
    waits = [c.name for c in (*op.control_inputs, *op._file_controls)]
    _fill_node(message, op, dict.fromkeys(waits))
    return message


def _fill_node(message: Any, op: Operation, waits: Iterable[str]) -> None:
    """Writes an operation into an empty NodeDef; `waits` names its control inputs."""
    message.name = op.name
    message.op = op.type
    message.device = op.device
    message.input.extend([t._as_node_def_input() for t in op.inputs])
    message.input.extend(["^" + name for name in waits])
    for name in op.attrs:
        message.attr[name].CopyFrom(attr_message(op, name))


def add_output_shapes(message: Any, op: Operation) -> None:
    """Notes the static shapes of an operation's outputs in its NodeDef."""
    if op.outputs:
        shapes = [encode_shape(t.dims) for t in op.outputs]
        message.attr["_output_shapes"].list.shape.extend(shapes)


# --- operation types ---
@provide("op_def")
def op_def(definition: OpDef) -> Any:
    """Returns an operation type as an OpDef message, without descriptions."""
    message = proto.OpDef(
        name=definition.name,
        is_stateful=definition.is_stateful,
        is_commutative=definition.is_commutative,
        is_aggregate=definition.is_aggregate,
    )
    for port in definition.inputs:
        _fill_arg(message.input_arg.add(), port)
    for port in definition.outputs:
        _fill_arg(message.output_arg.add(), port)
    for attr in definition.attrs.values():
        _fill_attr(message.attr.add(), attr)
    return message


def _fill_arg(message: Any, port: Port) -> None:
    message.name = port.name
    message.is_ref = port.is_ref
    if port.dtype is not None:
        message.type = port.dtype.as_datatype_enum
    message.type_attr = port.var or ""
    message.number_attr = port.number or ""
    message.type_list_attr = port.types or ""


def _fill_attr(message: Any, attr: Attr) -> None:
    message.name = attr.name
    message.type = attr.kind
    if attr.has_default:
        message.default_value.CopyFrom(encode_attr(attr.kind, attr.default))
    if attr.minimum is not None:
        message.has_minimum = True
        message.minimum = attr.minimum
    if attr.allowed is not None:
        kind = "list(type)" if "type" in attr.kind else "list(string)"
        message.allowed_values.CopyFrom(encode_attr(kind, attr.allowed))


def op_list(names: set[str]) -> Any:
    """Returns the OpDefs of the operation types of those names, sorted, as an OpList.

    Raises:
        ValueError: if one is not known.
    """
    for name in sorted(names):
        if name not in REGISTRY:
            raise ValueError(f"Op {name} is used by the graph, but is not registered")
    return proto.OpList(op=[op_def(REGISTRY[name]) for name in sorted(names)])


def op_types_used(message: Any) -> set[str]:
    """The names of the operation types in a GraphDef and in its library, without functions."""
    functions = {f.signature.name for f in message.library.function}
    used = {node.op for node in message.node}
    for function in message.library.function:
        used.update(node.op for node in function.node_def)
    return used - functions


# --- graphs ---
@provide("versions")
def versions(graph: Graph) -> Any:
    """Returns the versions of a graph as a VersionDef."""
    return proto.VersionDef(producer=graph.producer)


@provide("graph_def")
def graph_def(graph: Graph, from_version: int | None = None, add_shapes: bool = False) -> Any:
    """Returns a graph as a GraphDef.

    Args:
        graph: the graph.
        from_version: only operations declared after the graph had this version.
        add_shapes: whether each node gets the attribute `_output_shapes`.

    Raises:
        ValueError: if the message would be too large for the format.
    """
    message = proto.GraphDef()
    for op in graph.operations[from_version or 0 :]:
        node = message.node.add()
        # Whole graphs have their control inputs sorted, as TensorFlow's have.
        waits = {c.name for c in (*op.control_inputs, *op._file_controls)}
        _fill_node(node, op, sorted(waits))
        if add_shapes:
            add_output_shapes(node, op)
    message.versions.CopyFrom(versions(graph))
    functions = library(graph)
    if functions is not None:
        message.library.CopyFrom(functions)
    if message.ByteSize() >= _MAX_BYTES:
        raise ValueError("GraphDef cannot be larger than 2GB.")
    return message
