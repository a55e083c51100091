"""MetaGraphDef messages: a graph with its collections and its saver, as a `.meta` file holds them.

In goes a Graph (or a scope of it), out comes the message; and back.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.errors import DataLossError
from graphflow.core.export import export
from graphflow.core.graph import Graph
from graphflow.core.version import __version__
from graphflow.formats import proto
from graphflow.formats.attr_value import encode_attr
from graphflow.formats.durable import file_errors, replace_file
from graphflow.formats.graph_def import op_list, op_types_used
from graphflow.formats.graph_import import import_graph_def
from graphflow.formats.meta_graph_collections import (
    UNBOUND,
    add_collection,
    included,
    restore_collections,
    strip_scope,
)

TENSORFLOW_VERSION: Final = "1.15.5"
_UNBOUND_INPUTS: Final = "unbound_inputs"
_SAVER_OPS: Final = frozenset(
    {"SaveV2", "Save", "SaveSlices", "RestoreV2", "Restore", "RestoreSlice"}
)


# --- export ---
def export_scoped_meta_graph(
    filename: str | None = None,
    graph_def: Any = None,
    graph: Graph | None = None,
    export_scope: str | None = None,
    as_text: bool = False,
    unbound_inputs_col_name: str = _UNBOUND_INPUTS,
    clear_devices: bool = False,
    saver_def: Any = None,
    clear_extraneous_savers: bool = False,
    strip_default_attrs: bool = False,
    meta_info_def: Any = None,
    collection_list: Iterable[str] | None = None,
) -> tuple[Any, dict[str, Any]]:
    """Returns a graph as a MetaGraphDef, and the variables that are in it by their names.

    Args:
        filename: a file to write it to.
        graph_def: its nodes; None: those of the graph.
        graph: the graph; None: the default graph.
        export_scope: only the nodes of this scope, whose name is taken off.
        as_text: whether the file is text.
        unbound_inputs_col_name: the collection that gets the names of inputs from outside.
        clear_devices: leave out the devices.
        saver_def: the saver that the message names.
        clear_extraneous_savers: leave out the nodes of other savers.
        strip_default_attrs: leave out attributes that have their default.
        meta_info_def: further facts for the message.
        collection_list: which collections; None: all.

    Raises:
        TypeError: if an argument has the wrong type.
        ValueError: if the message would be too large, or an operation type is not known.
    """
    graph = scopes.get_default_graph() if graph is None else graph
    _check_types(graph, graph_def, meta_info_def, saver_def)
    nodes = graph.as_graph_def(add_shapes=True) if graph_def is None else graph_def
    without: set[str] = set()
    if clear_extraneous_savers:
        without = _other_savers(nodes, saver_def)
    if export_scope or clear_extraneous_savers or clear_devices:
        nodes, unbound = _part(nodes, export_scope, without, clear_devices)
        graph.clear_collection(unbound_inputs_col_name)
        for name in unbound:
            graph.add_to_collection(unbound_inputs_col_name, name)
    message = _new_message(meta_info_def, nodes, saver_def)
    if strip_default_attrs:
        strip_defaults(message)
    keys = graph.get_all_collection_keys() if collection_list is None else collection_list
    for key in keys:
        items = graph.get_collection(key)
        if clear_extraneous_savers and key == GraphKeys.SAVERS:
            items = [item for item in items if item.as_saver_def() == saver_def]
        add_collection(message, key, items, export_scope, without)
    if filename:
        write_graph(message, os.path.dirname(filename), os.path.basename(filename), as_text)
    variables = graph.get_collection(GraphKeys.GLOBAL_VARIABLES, export_scope)
    kept = [v for v in variables if included(v, export_scope, without)]
    return message, {strip_scope(v.name, export_scope): v for v in kept}


def _check_types(graph: Any, graph_def: Any, meta_info_def: Any, saver_def: Any) -> None:
    if not isinstance(graph, Graph):
        raise TypeError(f"graph must be of type Graph, not {type(graph)}")
    for name, value, kind in (
        ("meta_info_def", meta_info_def, proto.MetaGraphDef.MetaInfoDef),
        ("graph_def", graph_def, proto.GraphDef),
        ("saver_def", saver_def, proto.SaverDef),
    ):
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"{name} must be of type {kind.__name__}, not {type(value)}")


def _new_message(meta_info_def: Any, nodes: Any, saver_def: Any) -> Any:
    message = proto.MetaGraphDef()
    info = message.meta_info_def
    if meta_info_def is not None:
        info.CopyFrom(meta_info_def)
    info.tensorflow_version = TENSORFLOW_VERSION
    info.tensorflow_git_version = f"graphflow {__version__}"
    message.graph_def.CopyFrom(nodes)
    if not info.stripped_op_list.op:
        info.stripped_op_list.CopyFrom(op_list(op_types_used(nodes)))
    if saver_def is not None:
        message.saver_def.CopyFrom(saver_def)
    return message


def strip_defaults(message: Any) -> None:
    """Removes from the nodes of a MetaGraphDef the attributes that have their default."""
    defaults = {
        op.name: {a.name: a.default_value for a in op.attr if a.HasField("default_value")}
        for op in message.meta_info_def.stripped_op_list.op
    }
    graph_def = message.graph_def
    nodes = [*graph_def.node, *(n for f in graph_def.library.function for n in f.node_def)]
    for node in nodes:
        known = defaults.get(node.op, {})
        for key in [k for k in node.attr if k in known and node.attr[k] == known[k]]:
            del node.attr[key]
    message.meta_info_def.stripped_default_attrs = True


def _other_savers(nodes: Any, saver_def: Any) -> set[str]:
    """The names of the nodes in the scopes of savers other than `saver_def`."""

    def scope_of(name: str) -> str:
        return name.lstrip("^").partition(":")[0].rpartition("/")[0]

    used: set[str] = set()
    if saver_def is not None:
        used = {scope_of(saver_def.save_tensor_name), scope_of(saver_def.restore_op_name)}
    others = {scope_of(n.name) for n in nodes.node if n.op in _SAVER_OPS} - used
    starts = tuple(f"{scope}/" for scope in others)
    return {n.name for n in nodes.node if n.name.startswith(starts)}


def _part(
    nodes: Any, export_scope: str | None, without: set[str], clear_devices: bool
) -> tuple[Any, list[str]]:
    """The nodes of a scope with its name taken off, and the inputs that come from outside."""
    found = proto.GraphDef()
    found.versions.CopyFrom(nodes.versions)
    found.library.CopyFrom(nodes.library)
    unbound: list[str] = []
    for node in nodes.node:
        if not included(node.name, export_scope, without):
            continue
        new = found.node.add()
        new.CopyFrom(node)
        new.name = strip_scope(node.name, export_scope)
        new.input[:] = [_input_in_scope(text, export_scope, unbound) for text in node.input]
        if "_class" in node.attr:
            groups = [g.decode() for g in node.attr["_class"].list.s]
            kept = [g for g in groups if g.partition("@")[2].startswith(export_scope or "")]
            stripped = [strip_scope(g, export_scope) for g in kept]
            new.attr["_class"].CopyFrom(encode_attr("list(string)", stripped))
        if clear_devices:
            new.device = ""
    return found, unbound


def _input_in_scope(text: str, export_scope: str | None, unbound: list[str]) -> str:
    if not export_scope or text.lstrip("^").startswith(export_scope):
        return strip_scope(text, export_scope)
    mark = "^" if text.startswith("^") else ""
    name = f"{mark}{UNBOUND}{text.lstrip('^')}"
    unbound.append(name)
    return name


# --- import ---
def import_scoped_meta_graph(
    meta_graph_or_file: Any,
    clear_devices: bool = False,
    graph: Graph | None = None,
    import_scope: str | None = None,
    input_map: dict[str, Any] | None = None,
    unbound_inputs_col_name: str = _UNBOUND_INPUTS,
    restore_collections_predicate: Callable[[str], bool] = lambda key: True,
    return_elements: Iterable[str] | None = None,
) -> tuple[dict[str, Any], list[Any] | None]:
    """Adds the nodes and collections of a MetaGraphDef to a graph.

    Args:
        meta_graph_or_file: the message, or the name of a file.
        clear_devices: leave out the devices.
        graph: the graph; None: the default graph.
        import_scope: a scope for the names; None: none.
        input_map: as `tf.import_graph_def` takes it.
        unbound_inputs_col_name: the collection that names the inputs `input_map` has to give.
        restore_collections_predicate: which collections to restore, by their names.
        return_elements: as `tf.import_graph_def` takes it.

    Returns:
        The global variables of the scope by their names in the message, and what
        `return_elements` names.

    Raises:
        OSError: if the file is missing, or is no MetaGraphDef.
        DataLossError: if the file is damaged.
        ValueError: if `input_map` does not give the inputs from outside.
    """
    message = read_meta_graph_file(meta_graph_or_file)
    _check_unbound(message, unbound_inputs_col_name, input_map)
    graph = scopes.get_default_graph() if graph is None else graph
    with graph.as_default():
        nodes = message.graph_def
        if clear_devices:
            for node in nodes.node:
                node.device = ""
        stack = graph.get_name_scope()
        scope = graph.unique_name(import_scope, mark_as_used=False) if import_scope else stack
        info = message.meta_info_def
        found = import_graph_def(
            nodes,
            input_map,
            return_elements,
            name=import_scope or (f"{stack}/" if stack else ""),
            producer_op_list=info.stripped_op_list if info.HasField("stripped_op_list") else None,
        )

        def wanted(key: str) -> bool:
            return key != unbound_inputs_col_name and restore_collections_predicate(key)

        restore_collections(message, graph, scope, wanted)
    variables = graph.get_collection(GraphKeys.GLOBAL_VARIABLES, scope)
    return {strip_scope(v.name, scope): v for v in variables}, found


def _check_unbound(message: Any, key: str, input_map: Any) -> None:
    if key not in message.collection_def:
        return
    names = [v.decode() for v in message.collection_def[key].bytes_list.value]
    if names and sorted(names) != sorted(input_map or ()):
        missing = [name for name in names if name not in (input_map or ())]
        raise ValueError(
            f"Graph contains unbound inputs: {','.join(missing)}. Must provide these inputs "
            "through input_map."
        )


# --- files ---
def read_meta_graph_file(meta_graph_or_file: Any) -> Any:
    """Returns the MetaGraphDef in a file, binary or text; a message as it is.

    Raises:
        OSError: if there is no such file, or it holds another text.
        DataLossError: if it is damaged.
    """
    if isinstance(meta_graph_or_file, proto.MetaGraphDef):
        return meta_graph_or_file
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError

    path = os.fspath(meta_graph_or_file)
    if not os.path.exists(path):
        raise OSError(f"File {path} does not exist.")
    with file_errors(path):
        data = Path(path).read_bytes()
    if not data:
        raise DataLossError(None, None, f"{path}: the file is empty, not a MetaGraphDef")
    try:
        return proto.MetaGraphDef.FromString(data)
    except DecodeError:
        pass
    message = proto.MetaGraphDef()
    try:
        text_format.Merge(data.decode(), message)
    except UnicodeDecodeError as e:
        raise DataLossError(
            None, None, f"{path}: damaged or cut off: neither a binary nor a text MetaGraphDef"
        ) from e
    except text_format.ParseError as e:
        raise OSError(f"Cannot parse file {path}: {e}.") from e
    return message


@export("io.write_graph", "train.write_graph")
def write_graph(graph_or_graph_def: Any, logdir: Any, name: str, as_text: bool = True) -> str:
    """Writes a graph to a file in one step, and returns the file's path.

    Args:
        graph_or_graph_def: a Graph, or a GraphDef or other message.
        logdir: the directory, which is made if need be.
        name: the file's name.
        as_text: whether the file is text.
    """
    from google.protobuf import text_format

    message = graph_or_graph_def
    if isinstance(message, Graph):
        message = message.as_graph_def()
    directory = os.fspath(logdir)
    path = os.path.join(directory, name)
    with file_errors(path):
        Path(directory).mkdir(parents=True, exist_ok=True)
    if as_text:
        replace_file(path, text_format.MessageToString(message).encode())
    else:
        replace_file(path, message.SerializeToString(deterministic=True))
    return path
