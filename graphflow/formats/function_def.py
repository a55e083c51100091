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
        names: of the arguments and of the results, where a file has given them.
    """

    name: str
    graph: Graph
    inputs: Sequence[Tensor]
    outputs: Sequence[Tensor]
    names: tuple[list[str], list[str]] | None = None


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
    return proto.FunctionDefLibrary(
        function=found.values(),
        gradient=[
            proto.GradientDef(function_name=name, gradient_func=gradient)
            for name, gradient in graph._gradient_functions.items()
        ],
    )


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


def argument_names(function: Function) -> tuple[list[str], list[str]]:
    """The names of a function's arguments and results in its FunctionDef."""
    names = _Names(function)
    return list(names.inputs.values()), names.outputs


class _Names:
    """How the tensors of a body are named in a FunctionDef."""

    def __init__(self, function: Function) -> None:
        taken: set[str] = set()
        if function.names is None:  # arguments first, then results, then nodes, as in TensorFlow
            given = [
                [_free(_argument_name(t.op.name), taken) for t in tensors]
                for tensors in (function.inputs, function.outputs)
            ]
        else:
            given = list(function.names)
            taken.update(*given)
        self.inputs = dict(zip(function.inputs, given[0], strict=True))
        self.outputs = given[1]
        arguments = {t.op for t in function.inputs}
        self.nodes = {
            op: _free(op.name, taken) for op in function.graph.operations if op not in arguments
        }

    def of(self, tensor: Tensor) -> str:
        """An argument's name, or `node:port:index in the port`."""
        if tensor in self.inputs:
            return self.inputs[tensor]
        left = tensor.value_index
        for port in tensor.op.definition.outputs:
            size = port_length(port, tensor.op.attrs) if port.is_list else 1
            if left < size:
                return f"{self.nodes[tensor.op]}:{port.name}:{left}"
            left -= size
        raise AssertionError(f"{tensor.name} belongs to no port")


def _free(name: str, taken: set[str]) -> str:
    """A name that is not taken: the same, or with a number from 0 on; takes it."""
    found, i = name, 0
    while found in taken:
        found, i = f"{name}_{i}", i + 1
    taken.add(found)
    return found


def _argument_name(name: str) -> str:
    """A node's name as an argument may have it: small letters, digits and underscores."""
    found = re.sub(r"[^a-z0-9_]", "_", name.lower()).strip("_")
    return found if found and found[0].isalpha() else f"arg_{found}"


def _fill_node(message: Any, op: Operation, names: _Names, arguments: set[Operation]) -> None:
    message.name, message.op, message.device = names.nodes[op], op.type, op.device
    message.input.extend([names.of(t) for t in op.inputs])
    waits = [c for c in op.control_inputs if c not in arguments]
    message.input.extend(sorted(["^" + names.nodes[c] for c in waits]))
    for key in op.attrs:
        message.attr[key].CopyFrom(attr_message(op, key))
