"""The neutral model that drawings are made of: what a Graph and a GraphDef have in common.

In comes a Graph, a GraphDef, a MetaGraphDef or a file of one; out comes a dict of Nodes by name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from graphflow.core.dtypes import DType, as_dtype
from graphflow.core.errors import OpError
from graphflow.core.graph import Graph
from graphflow.core.opdef import REGISTRY
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, TensorShape
from graphflow.core.signature import Port
from graphflow.formats import proto
from graphflow.formats.graph_import import import_graph_def

TIMES: Final = "\N{MULTIPLICATION SIGN}"
_MAX_VALUE: Final = 100
"""Longer attribute texts are cut."""


@dataclass(frozen=True, slots=True)
class Output:
    """What is known of one output: empty strings where nothing is."""

    dtype: str = ""
    shape: str = ""
    is_ref: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a graph, whichever form the graph has.

    `inputs` are (node name, output index); `details` makes the lines of the tooltip, only for
    what is drawn.
    """

    name: str
    op: str
    inputs: tuple[tuple[str, int], ...]
    controls: tuple[str, ...]
    outputs: tuple[Output, ...]
    details: Callable[[], list[str]]

    def output(self, index: int) -> Output:
        """The output of that index, with nothing known where the node does not list it."""
        return self.outputs[index] if index < len(self.outputs) else Output()


Nodes = dict[str, Node]


def shape_text(dims: Dims) -> str:
    """A shape as drawings show it: sizes with crosses between, `scalar`, "" for an unknown rank."""
    if dims is None:
        return ""
    return TIMES.join("?" if d is None else str(d) for d in dims) if dims else "scalar"


def nodes_of(graph: Any, fetches: Any = None) -> Nodes:
    """Returns the nodes of a graph in their order.

    Args:
        graph: a Graph, a GraphDef or MetaGraphDef message, or the path of a file of one.
        fetches: tensors, operations, variables or names, nested at will: only what they need is
            returned; None: everything.

    Raises:
        TypeError: if `graph` or a fetch is of another kind.
        ValueError: if a file holds no graph, or a fetch is not in the graph.
        OSError: if a file cannot be read.
    """
    if isinstance(graph, Graph):
        nodes = {op.name: _from_operation(op) for op in graph.operations}
    else:
        message = _graph_def(graph)
        known = _inferred(message)
        nodes = {n.name: known.get(n.name) or _from_message(n) for n in message.node}
    return nodes if fetches is None else needed(nodes, fetch_names(fetches))


# --- fetches ---
def fetch_names(fetches: Any) -> list[str]:
    """The names of the nodes that fetches stand for.

    Raises:
        TypeError: if one is neither a name, a tensor, an operation nor a variable.
    """
    if isinstance(fetches, str):
        return [fetches.removeprefix("^").partition(":")[0]]
    if isinstance(fetches, Mapping):
        return fetch_names(list(fetches.values()))
    if isinstance(fetches, Iterable) and not hasattr(fetches, "op"):
        return [name for item in fetches for name in fetch_names(item)]
    op = getattr(fetches, "op", fetches)
    name = getattr(op, "name", None)
    if not isinstance(name, str):
        raise TypeError(f"Fetch {fetches!r} is neither a name, a tensor nor an operation.")
    return [name]


def needed(nodes: Nodes, names: Iterable[str]) -> Nodes:
    """Returns the named nodes and all that they need, in the order of the graph.

    Raises:
        ValueError: if a name is not in the graph.
    """
    found: set[str] = set()
    pending = deque(names)
    for name in pending:
        if name not in nodes:
            raise ValueError(f"The graph has no node {name!r} to draw.")
    while pending:
        name = pending.popleft()
        if name in found or name not in nodes:
            continue
        found.add(name)
        node = nodes[name]
        pending.extend(source for source, _ in node.inputs)
        pending.extend(node.controls)
    return {name: node for name, node in nodes.items() if name in found}


# --- a Graph ---
def _from_operation(op: Operation) -> Node:
    return Node(
        op.name,
        op.type,
        tuple([(t.op.name, t.value_index) for t in op.inputs]),
        tuple([c.name for c in op.control_inputs]),
        tuple([_output(t.dtype, t.dims) for t in op.outputs]),
        lambda: _operation_details(op),
    )


def _output(dtype: DType, dims: Dims) -> Output:
    base = dtype.base_dtype.name
    return Output(base, shape_text(dims), dtype.is_ref or base == "resource")


def _operation_details(op: Operation) -> list[str]:
    lines = [f"{key}: {_value_text(value)}" for key, value in op.attrs.items()]
    if op.device:
        lines.append(f"device: {op.device}")
    if op.site is not None:
        lines.append(f"made at {op.site}")
    return lines


def _value_text(value: Any) -> str:
    match value:
        case DType():
            text = value.name
        case bytes():
            text = repr(value.decode(errors="replace"))
        case np.ndarray():
            text = _array_text(value)
        case TensorShape():
            text = shape_text(value.raw) or "unknown"
        case list() | tuple():
            text = f"[{', '.join(_value_text(v) for v in value[:12])}{', …' * (len(value) > 12)}]"
        case _:
            text = str(value)
    return shortened(text)


def _array_text(array: np.ndarray[Any, Any]) -> str:
    if array.size <= 8:
        return str(array.tolist())
    return f"{array.dtype.name} {shape_text(array.shape)}"


def shortened(text: str, limit: int = _MAX_VALUE) -> str:
    """The text on one line, with an ellipsis in its middle where it is too long."""
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    head = (limit - 1) // 2
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"


# --- a GraphDef ---
def _graph_def(graph: Any) -> Any:
    if isinstance(graph, str | Path):
        return read_graph_def(graph)
    kind = getattr(getattr(graph, "DESCRIPTOR", None), "name", None)
    if kind == "GraphDef":
        return graph
    if kind == "MetaGraphDef":
        return graph.graph_def
    raise TypeError(f"Cannot draw {graph!r}: a Graph, a GraphDef or a file of one is needed.")


def read_graph_def(path: str | Path) -> Any:
    """Reads a GraphDef from a file: .pb, .pbtxt (or .txt), .meta, or the folder of a SavedModel.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it holds no graph.
    """
    path = Path(path)
    if path.is_dir():
        path /= "saved_model.pb"
    contents = path.read_bytes()
    as_text = path.suffix.lower() in (".pbtxt", ".txt", ".prototxt")
    kinds = ["GraphDef", "MetaGraphDef", "SavedModel"]
    if path.suffix.lower() == ".meta":
        kinds.remove("GraphDef")  # its first field is another message
    for kind in kinds:
        found = _parsed(kind, contents, as_text)
        if found is None:
            continue
        if kind == "SavedModel":
            found = found.meta_graphs[0] if found.meta_graphs else proto.MetaGraphDef()
        found = getattr(found, "graph_def", found)
        if found.node and all(n.name and n.op for n in found.node):
            return found
    raise ValueError(f"{path}: this file holds no graph (GraphDef, MetaGraphDef or SavedModel).")


def _parsed(kind: str, contents: bytes, as_text: bool) -> Any:
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError

    message = getattr(proto, kind)()
    try:
        if as_text:
            text_format.Parse(contents, message, allow_unknown_field=True)
        else:
            message.ParseFromString(contents)
    except (DecodeError, text_format.ParseError, UnicodeDecodeError):
        return None
    return message


def _inferred(message: Any) -> Nodes:
    """The nodes with the shapes that importing infers, if the message notes none.

    A graph of operations that are not known cannot be imported: it is drawn without.
    """
    if any("_output_shapes" in node.attr for node in message.node):
        return {}
    with Graph().as_default() as graph:
        try:
            import_graph_def(message, name="")
        except (ValueError, TypeError, KeyError, OpError):
            return {}
    found = {}
    for node in message.node:
        own, shaped = _from_message(node), _from_operation(graph.get_operation_by_name(node.name))
        found[node.name] = replace(own, outputs=shaped.outputs)
    return found


def _from_message(message: Any) -> Node:
    inputs, controls = [], []
    for text in message.input:
        if text.startswith("^"):
            controls.append(text[1:])
        else:
            name, _, index = text.partition(":")
            inputs.append((name, int(index) if index.isdecimal() else 0))
    return Node(
        message.name,
        message.op,
        tuple(inputs),
        tuple(controls),
        tuple(_message_outputs(message)),
        lambda: _message_details(message),
    )


def _message_outputs(message: Any) -> list[Output]:
    shapes = _message_shapes(message)
    if message.op not in REGISTRY:
        return [Output("", shape, False) for shape in shapes]
    found: list[Output] = []
    for port in REGISTRY[message.op].outputs:
        for dtype in _port_dtypes(port, message.attr):
            shape = shapes[len(found)] if len(found) < len(shapes) else ""
            found.append(Output(dtype, shape, port.is_ref or dtype == "resource"))
    return found


def _port_dtypes(port: Port, attrs: Any) -> list[str]:
    if port.types is not None:
        return [_type_text(t) for t in attrs[port.types].list.type]
    count = attrs[port.number].i if port.number is not None else 1
    dtype = port.dtype.name if port.dtype is not None else _type_text(attrs[port.var or ""].type)
    return [dtype] * int(count)


def _message_shapes(message: Any) -> list[str]:
    attr = message.attr
    if "_output_shapes" in attr:
        return [_proto_shape(s) for s in attr["_output_shapes"].list.shape]
    if message.op == "Const":
        return [_proto_shape(attr["value"].tensor.tensor_shape)]
    if message.op in ("VariableV2", "Variable", "Placeholder") and "shape" in attr:
        return [_proto_shape(attr["shape"].shape)]
    return []


def _proto_shape(message: Any) -> str:
    if message.unknown_rank:
        return ""
    return shape_text(tuple([None if d.size < 0 else d.size for d in message.dim]))


def _type_text(number: int) -> str:
    try:
        return as_dtype(number).base_dtype.name if number else ""
    except TypeError:
        return ""


def _message_details(message: Any) -> list[str]:
    lines = [
        f"{key}: {_attr_text(message.attr[key])}"
        for key in sorted(message.attr)
        if key != "_output_shapes"
    ]
    if message.device:
        lines.append(f"device: {message.device}")
    return lines


def _attr_text(attr: Any) -> str:
    kind = attr.WhichOneof("value")
    match kind:
        case None:
            return ""
        case "type":
            return _type_text(attr.type)
        case "shape":
            return _proto_shape(attr.shape) or "unknown"
        case "tensor":
            shape = _proto_shape(attr.tensor.tensor_shape)
            return f"{_type_text(attr.tensor.dtype)} {shape}"
        case "func":
            return str(attr.func.name)
        case "list":
            values = [v for _, field in attr.list.ListFields() for v in field]
            return _value_text(values)
    return _value_text(getattr(attr, kind))
