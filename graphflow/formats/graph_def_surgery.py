"""tf.graph_util: cutting pieces out of a GraphDef, and freezing its variables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from graphflow.core.dtypes import int32, string
from graphflow.core.export import export
from graphflow.core.graph import Graph
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape
from graphflow.formats import proto
from graphflow.formats.tensor_proto import encode_tensor

_VARIABLE_TYPES: Final = frozenset({"Variable", "VariableV2", "VarHandleOp"})
_VARIABLE_OPS: Final = frozenset(
    {"Assign", "AssignAdd", "AssignSub", "Queue", "ScatterAdd", "ScatterSub", "ScatterUpdate",
     "TruncatedNormal", "Variable", "VariableV2"}
)  # fmt: skip
_PASSES_RESOURCES: Final = frozenset(
    {"Enter", "Exit", "Identity", "Merge", "NextIteration", "Switch"}
)


def node_name(text: str) -> str:
    """The name of the node that an input of a NodeDef means."""
    return text[1:] if text.startswith("^") else text.partition(":")[0]


def _neighbours(node: Any) -> list[str]:
    """The nodes that a node cannot do without: inputs, and those it stands beside."""
    groups = node.attr["_class"].list.s if "_class" in node.attr else ()
    beside = [g[5:].decode() for g in groups if g.startswith(b"loc:@")]
    return [node_name(text) for text in node.input] + beside


@export("graph_util.extract_sub_graph")
def extract_sub_graph(graph_def: Any, dest_nodes: Iterable[str]) -> Any:
    """Returns the part of a graph that some of its nodes need, themselves included.

    Args:
        graph_def: a GraphDef.
        dest_nodes: names of nodes.

    Raises:
        TypeError: if an argument has the wrong type.
        AssertionError: if a node is not in the graph.
    """
    if not isinstance(graph_def, proto.GraphDef):
        raise TypeError("graph_def must be a graph_pb2.GraphDef proto.")
    if isinstance(dest_nodes, str):
        raise TypeError("dest_nodes must be a list.")
    nodes = {node.name: node for node in graph_def.node}
    pending = list(dest_nodes)
    for name in pending:
        if name not in nodes:
            raise AssertionError(f"{name} is not in graph")
    kept: set[str] = set()
    while pending:
        name = pending.pop()
        if name not in kept and name in nodes:
            kept.add(name)
            pending += _neighbours(nodes[name])
    found = proto.GraphDef(node=[node for node in graph_def.node if node.name in kept])
    found.library.CopyFrom(graph_def.library)
    found.versions.CopyFrom(graph_def.versions)
    return found


@export("graph_util.tensor_shape_from_node_def_name")
def tensor_shape_from_node_def_name(graph: Graph, input_name: str) -> TensorShape:
    """Returns the static shape of what an input of a NodeDef names.

    Args:
        graph: the graph.
        input_name: "x" or "x:1".
    """
    return graph.get_tensor_by_name(input_name if ":" in input_name else f"{input_name}:0").shape


@export("graph_util.must_run_on_cpu")
def must_run_on_cpu(node: Any, pin_variables_on_cpu: bool = False) -> bool:
    """Whether TensorFlow has to place a node on the CPU.

    Args:
        node: an Operation or a NodeDef.
        pin_variables_on_cpu: whether operations of variables count.
    """
    message = node.node_def if isinstance(node, Operation) else node
    if pin_variables_on_cpu and message.op in _VARIABLE_OPS:
        return True
    key = {"Const": "dtype", "DynamicStitch": "T", "ParallelDynamicStitch": "T", "Cast": "SrcT"}
    if message.op not in key:
        return False
    found: int = message.attr[key[message.op]].type
    return found == int32.as_datatype_enum or (
        message.op == "Const" and found == string.as_datatype_enum
    )


# --- freezing ---
@export("graph_util.convert_variables_to_constants")
def convert_variables_to_constants(
    sess: Any,
    input_graph_def: Any,
    output_node_names: Iterable[str],
    variable_names_whitelist: Iterable[str] | None = None,
    variable_names_blacklist: Iterable[str] | None = None,
) -> Any:
    """Returns the part of a graph that some nodes need, with constants in place of variables.

    Args:
        sess: the session that holds the values.
        input_graph_def: the graph.
        output_node_names: the nodes.
        variable_names_whitelist: only these variables; None: all.
        variable_names_blacklist: not these variables.

    Raises:
        TypeError: if `output_node_names` is no list.
        AssertionError: if a node is not in the graph.
    """
    part = extract_sub_graph(input_graph_def, output_node_names)
    frozen = _frozen_values(sess, part, variable_names_whitelist, variable_names_blacklist)
    passed = _resource_dtypes(part)
    found = proto.GraphDef()
    for node in part.node:
        if node.name in frozen:
            _add_const(found, node.name, node.attr["dtype"], frozen[node.name])
        elif node.name in passed:
            new = found.node.add()
            new.CopyFrom(node)
            new.attr.pop("_output_shapes", None)
            new.attr["T"].CopyFrom(passed[node.name])
        elif node.op == "ReadVariableOp":
            new = found.node.add(name=node.name, op="Identity", input=node.input[:1])
            new.attr["T"].CopyFrom(node.attr["dtype"])
            _copy_group(node, new)
        elif node.op == "ResourceGather":
            _add_gather(found, node)
        else:
            found.node.add().CopyFrom(node)
    found.library.CopyFrom(part.library)
    return found


def _frozen_values(sess: Any, part: Any, only: Any, but: Any) -> dict[str, np.ndarray[Any, Any]]:
    names = [
        node.name
        for node in part.node
        if node.op in _VARIABLE_TYPES
        and (only is None or node.name in only)
        and (but is None or node.name not in but)
    ]
    resources = {node.name for node in part.node if node.op == "VarHandleOp"}
    fetches = [f"{n}/Read/ReadVariableOp:0" if n in resources else f"{n}:0" for n in names]
    return dict(zip(names, map(np.asarray, sess.run(fetches)), strict=True)) if names else {}


def _resource_dtypes(part: Any) -> dict[str, Any]:
    """The dtype of the variable behind each node that hands on a variable's handle."""
    nodes = {node.name: node for node in part.node}
    found: dict[str, Any] = {}
    for node in part.node:
        if node.op not in ("ReadVariableOp", "ResourceGather"):
            continue
        pending = [node_name(node.input[0])]
        while pending:
            source = nodes[pending.pop()]
            if source.op in _PASSES_RESOURCES and source.name not in found:
                found[source.name] = node.attr["dtype"]
                width = 2 if source.op == "Merge" else 1
                pending += [node_name(text) for text in source.input[:width]]
            elif source.op not in _PASSES_RESOURCES and source.op != "VarHandleOp":
                raise ValueError("Cannot find the variable that is an input to the ReadVariableOp.")
    return found


def _add_const(message: Any, name: str, dtype: Any, value: np.ndarray[Any, Any]) -> None:
    node = message.node.add(name=name, op="Const")
    node.attr["dtype"].CopyFrom(dtype)
    node.attr["value"].tensor.CopyFrom(encode_tensor(value))


def _add_gather(message: Any, node: Any) -> None:
    if node.attr["batch_dims"].i:
        raise ValueError("batch_dims != 0 is not supported by freeze_graph.")
    axis = f"{node.name}/axis"
    index = node.attr["Tindices"]
    wide = np.int32 if index.type == int32.as_datatype_enum else np.int64
    _add_const(message, axis, index, np.array(0, wide))
    new = message.node.add(name=node.name, op="GatherV2", input=[*node.input[:2], axis])
    new.attr["Tparams"].CopyFrom(node.attr["dtype"])
    new.attr["Tindices"].CopyFrom(index)
    new.attr["Taxis"].CopyFrom(index)
    _copy_group(node, new)


def _copy_group(node: Any, new: Any) -> None:
    if "_class" in node.attr:
        new.attr["_class"].CopyFrom(node.attr["_class"])


# --- pruning ---
@export("graph_util.remove_training_nodes")
def remove_training_nodes(input_graph: Any, protected_nodes: Iterable[str] | None = None) -> Any:
    """Returns a graph without CheckNumerics, and without Identity where nothing waits for it.

    Args:
        input_graph: a GraphDef.
        protected_nodes: names of nodes to keep.
    """
    kept = set(protected_nodes or ())
    checks = {n.name for n in input_graph.node if n.op == "CheckNumerics" and n.name not in kept}
    # A check hands on its input: whoever took the check takes that.
    instead = {n.name: n.input[0] for n in input_graph.node if n.name in checks}
    controls = {text[1:] for n in input_graph.node for text in n.input if text.startswith("^")}
    for node in input_graph.node:
        if node.op != "Identity" or node.name in kept or node.name in controls:
            continue
        if not any(text.startswith("^") for text in node.input):
            instead[node.name] = node.input[0]
    found = proto.GraphDef()
    for node in input_graph.node:
        if node.name not in instead:
            new = found.node.add()
            new.CopyFrom(node)
            new.input[:] = _spliced(node.input, instead)
    return found


def _spliced(inputs: Iterable[str], instead: dict[str, str]) -> list[str]:
    found = []
    for text in inputs:
        name = text.lstrip("^")
        is_control = text.startswith("^")
        while name in instead:
            text = instead[name]
            name = text.lstrip("^")
        found.append("^" + node_name(text) if is_control else text)
    return found
