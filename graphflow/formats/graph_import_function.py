"""Functions of a GraphDef's library as bodies that this package runs."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.declare import port_length
from graphflow.core.graph import PRODUCER_VERSION, Graph
from graphflow.core.opdef import REGISTRY
from graphflow.formats import proto
from graphflow.formats.attr_value import decode_shape, encode_shape
from graphflow.formats.function_call import definition_from_signature
from graphflow.formats.function_def import Function


def import_library(library: Any, graph: Graph) -> None:
    """Adds the functions of a FunctionDefLibrary to a graph; those it knows stay as they are."""
    for message in library.function:  # bodies call functions that come later
        if message.signature.name not in graph._functions:
            definition_from_signature(message.signature)
    for gradient in library.gradient:
        graph._gradient_functions[gradient.function_name] = gradient.gradient_func
    for message in library.function:
        name = message.signature.name
        if name not in graph._functions:
            graph._functions[name] = function_from_def(message, graph._functions)


def function_from_def(message: Any, functions: dict[str, Any]) -> Function:
    """Returns the function that a FunctionDef describes.

    Args:
        message: the FunctionDef.
        functions: the library it belongs to, for the functions that it calls.
    """
    from graphflow.formats.graph_import import import_graph_def

    body = Graph()
    body._functions = functions
    body.building_function = True
    nodes = _as_graph_def(message)
    with body.as_default():
        import_graph_def(nodes, name="")
    inputs = [body._by_name[arg.name].outputs[0] for arg in message.signature.input_arg]
    outputs = []
    for arg in message.signature.output_arg:
        name = _flat_name(message.ret[arg.name], body_attrs(nodes))
        outputs.append(body.get_tensor_by_name(name if ":" in name else f"{name}:0"))
    with scopes.graphs.entered(body):
        names = [[arg.name for arg in args] for args in _arguments(message)]
        return Function(message.signature.name, body, inputs, outputs, (names[0], names[1]))


def _arguments(message: Any) -> tuple[Any, Any]:
    return message.signature.input_arg, message.signature.output_arg


def body_attrs(nodes: Any) -> dict[str, Any]:
    """The nodes of a GraphDef by name."""
    return {node.name: node for node in nodes.node}


def _as_graph_def(message: Any) -> Any:
    """The body as a GraphDef: arguments as placeholders, inputs named as graphs name them."""
    found = proto.GraphDef()
    found.versions.producer = PRODUCER_VERSION
    for i, argument in enumerate(message.signature.input_arg):
        node = found.node.add(name=argument.name, op="Placeholder")
        node.attr["dtype"].type = argument.type
        shapes = message.arg_attr[i].attr["_output_shapes"].list.shape
        dims = decode_shape(shapes[0]) if shapes else None
        node.attr["shape"].shape.CopyFrom(encode_shape(dims))
    found.node.extend(message.node_def)
    known = body_attrs(found)
    for node in found.node:
        node.input[:] = [_flat_name(text, known) for text in node.input]
    return found


def _flat_name(text: str, nodes: dict[str, Any]) -> str:
    """`node:port:index` as `node:position among all outputs`; other names as they are."""
    if text.startswith("^") or text.count(":") != 2:
        return text
    name, port_name, index = text.split(":")
    node = nodes[name]
    at = 0
    for port in REGISTRY[node.op].outputs:
        if port.name == port_name:
            return f"{name}:{at + int(index)}"
        if port.types is not None:
            at += len(node.attr[port.types].list.type)
        else:
            at += port_length(port, {port.number: node.attr[port.number].i}) if port.number else 1
    raise ValueError(f"{name}: {node.op} has no output {port_name!r}")
