"""FunctionDef messages: the bodies of `If` and `While`, as a graph file's library keeps them.

A function's body is a Graph of its own; its inputs are placeholders in it, its outputs tensors.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphflow.core.declare import port_length
from graphflow.core.graph import Graph
from graphflow.core.names import Names
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.formats import proto
from graphflow.formats.attr_value import attr_message, encode_shape


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a graph's library.

    Attributes:
        name: by which operations call it.
        graph: its body.
        inputs: the outputs of the body's placeholders, in the order of the arguments.
        outputs: the tensors of the body that it returns.
    """

    name: str
    graph: Graph
    inputs: Sequence[Tensor]
    outputs: Sequence[Tensor]


def library(graph: Graph) -> Any:
    """Returns the functions of a graph as a FunctionDefLibrary; None where there are none."""
    if not graph._functions:
        return None
    found: dict[str, Any] = {}
    pending = list(graph._functions.values())
    while pending:
        function = pending.pop(0)
        if function.name not in found:
            found[function.name] = function_def(function)
            pending += function.graph._functions.values()
    return proto.FunctionDefLibrary(function=found.values())


def function_def(function: Function) -> Any:
    """Returns a function as a FunctionDef."""
    message = proto.FunctionDef()
    message.signature.name = function.name
    message.signature.is_stateful = any(
        op.definition.is_stateful for op in function.graph.operations
    )
    names = _Names(function)
    for i, tensor in enumerate(function.inputs):
        argument = message.signature.input_arg.add()
        argument.name = names.inputs[tensor]
        argument.type = tensor.dtype.base_dtype.as_datatype_enum
        message.arg_attr[i].attr["_output_shapes"].list.shape.append(encode_shape(tensor.dims))
    for argument_name, tensor in zip(names.outputs, function.outputs, strict=True):
        argument = message.signature.output_arg.add()
        argument.name = argument_name
        argument.type = tensor.dtype.base_dtype.as_datatype_enum
        message.ret[argument_name] = names.of(tensor)
    arguments = {t.op for t in function.inputs}
    for op in function.graph.operations:
        if op not in arguments:
            _fill_node(message.node_def.add(), op, names, arguments)
    return message


class _Names:
    """How the tensors of a body are named in a FunctionDef."""

    def __init__(self, function: Function) -> None:
        taken = Names()
        for op in function.graph.operations:
            taken.unique(op.name)
        self.inputs = {t: taken.unique(_argument_name(t.op.name) + "_arg") for t in function.inputs}
        self.outputs = [taken.unique(_argument_name(t.op.name) + "_ret") for t in function.outputs]

    def of(self, tensor: Tensor) -> str:
        """An argument's name, or `node:port:index in the port`."""
        if tensor in self.inputs:
            return self.inputs[tensor]
        left = tensor.value_index
        for port in tensor.op.definition.outputs:
            size = port_length(port, tensor.op.attrs) if port.is_list else 1
            if left < size:
                return f"{tensor.op.name}:{port.name}:{left}"
            left -= size
        raise AssertionError(f"{tensor.name} belongs to no port")


def _argument_name(name: str) -> str:
    """A node's name as an argument may have it: small letters, digits and underscores."""
    found = re.sub(r"[^a-z0-9_]", "_", name.lower()).strip("_")
    return found if found and found[0].isalpha() else f"arg_{found}"


def _fill_node(message: Any, op: Operation, names: _Names, arguments: set[Operation]) -> None:
    message.name, message.op, message.device = op.name, op.type, op.device
    message.input.extend([names.of(t) for t in op.inputs])
    message.input.extend(sorted(["^" + c.name for c in op.control_inputs if c not in arguments]))
    for key in op.attrs:
        message.attr[key].CopyFrom(attr_message(op, key))
