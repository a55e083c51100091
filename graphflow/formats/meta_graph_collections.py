"""Collections of a graph as CollectionDef messages of a MetaGraphDef, and back.

Objects such as variables are stored as messages of their own; whoever owns the class says how.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from graphflow.core import late
from graphflow.core.collections import GraphKeys
from graphflow.core.graph import Graph
from graphflow.formats import proto

_log = logging.getLogger("tensorflow")
UNBOUND: Final = "$unbound_inputs_"
"""Before the name of an input that lies outside of an exported scope."""


class Registration(NamedTuple):
    """How the items of one collection are stored: the message's name, and both ways."""

    proto_type: str
    to_proto: Callable[..., Any]
    from_proto: Callable[..., Any]


def _registration(collection: str) -> Registration | None:
    """How the items of a collection are stored; None: by their names, or as the numbers they are.

    Whoever owns the class of the items provides `collection/<name>`, a function that says so.
    """
    try:
        found: Registration = late.call(f"collection/{collection}")
    except KeyError:
        return None
    return found


def prepend_scope(name: str, scope: str | None) -> str:
    """Puts a scope before a name; the mark of a control input or a group stays in front."""
    if not scope:
        return name
    scope = scope.rstrip("/")
    for mark in ("^", "loc:@"):
        if name.startswith(mark):
            return f"{mark}{scope}/{name[len(mark) :]}"
    return f"{scope}/{name}"


def strip_scope(name: str, scope: str | None) -> str:
    """Takes a scope off a name; the mark of a control input or a group stays in front."""
    if not scope:
        return name
    scope = scope.rstrip("/") + "/"
    for mark in ("^", "loc:@"):
        if name.startswith(mark):
            return mark + name[len(mark) :].removeprefix(scope)
    return name.removeprefix(scope)


# --- export ---
def included(item: Any, export_scope: str | None, without: Iterable[str]) -> bool:
    """Whether a node, or an object with a node's name, belongs to what is exported."""
    name = item if isinstance(item, str) else getattr(item, "name", None)
    if not isinstance(name, str):
        return True
    if name in without:
        return False
    return not export_scope or name.startswith((UNBOUND, export_scope))


def add_collection(
    message: Any,
    key: str,
    items: Iterable[Any],
    export_scope: str | None = None,
    without: Iterable[str] = (),
) -> None:
    """Writes a collection into a MetaGraphDef; a warning is logged where that is not possible.

    Args:
        message: the MetaGraphDef.
        key: the collection's name.
        items: what is in it.
        export_scope: only what lies in this scope, whose name is taken off.
        without: names of nodes to leave out.
    """
    kept = [item for item in items if included(item, export_scope, without)]
    if not kept:
        return
    made = proto.CollectionDef()
    try:
        _fill(made, key, kept, export_scope)
    except Exception as e:  # whatever users put into a collection, the graph itself is written
        _log.warning("The collection %s cannot be stored: %s", key, e)
        return
    message.collection_def[key].CopyFrom(made)


def _fill(made: Any, key: str, items: list[Any], export_scope: str | None) -> None:
    how = _registration(key)
    if how is not None:
        made.bytes_list.SetInParent()
        for item in items:
            stored = how.to_proto(item, export_scope=export_scope)
            if stored is not None:
                made.bytes_list.value.append(stored.SerializeToString(deterministic=True))
        return
    match items[0]:
        case str() | bytes():
            made.bytes_list.value.extend([x.encode() if isinstance(x, str) else x for x in items])
        case int():
            made.int64_list.value.extend(map(int, items))  # bools too
        case float():
            made.float_list.value.extend(items)
        case message if _is_any(message):
            for item in items:  # protobuf's own class or ours: they are not one
                made.any_list.value.add().MergeFromString(item.SerializeToString())
        case _:
            names = [strip_scope(x.name, export_scope) for x in items]
            made.node_list.value.extend(names)


def _is_any(item: Any) -> bool:
    """Whether an item is a message of type Any, which holds another message."""
    return getattr(getattr(item, "DESCRIPTOR", None), "full_name", "") == "google.protobuf.Any"


# --- import ---
def restore_collections(
    message: Any, graph: Graph, scope: str, wanted: Callable[[str], bool]
) -> None:
    """Adds the collections of a MetaGraphDef to a graph that has its nodes.

    Args:
        message: the MetaGraphDef.
        graph: the graph.
        scope: the scope that its nodes were imported into, "" for none.
        wanted: which collections to restore.
    """
    keys = sorted(message.collection_def)
    # Trainable variables come first: their messages may be older than the field that says so.
    keys.sort(key=lambda key: key != GraphKeys.TRAINABLE_VARIABLES)
    objects: dict[bytes, Any] = {}
    knows_trainable = _version(message.meta_info_def.tensorflow_version) >= (1, 9)
    for key in keys:
        if wanted(key):
            stored = message.collection_def[key]
            for item in _items(key, stored, graph, scope, objects, knows_trainable):
                graph.add_to_collection(key, item)


def _version(text: str) -> tuple[int, ...]:
    numbers = [part for part in text.split(".")[:2] if part.isdigit()]
    return tuple(map(int, numbers)) if numbers else (1, 15)


def _items(
    key: str,
    stored: Any,
    graph: Graph,
    scope: str,
    objects: dict[bytes, Any],
    knows_trainable: bool,
) -> Iterable[Any]:
    kind = stored.WhichOneof("kind")
    if kind is None:
        _log.error("Cannot identify data type for collection %s. Skipping.", key)
        return
    how = _registration(key)
    if how is not None and kind == "bytes_list":
        shared = objects if key in GraphKeys._VARIABLE_COLLECTIONS else {}
        for data in stored.bytes_list.value:
            if data not in shared:
                made = getattr(proto, how.proto_type).FromString(data)
                if not knows_trainable and how.proto_type == "VariableDef":
                    made.trainable = key == GraphKeys.TRAINABLE_VARIABLES
                shared[data] = how.from_proto(made, import_scope=scope)
            yield shared[data]
    elif kind == "node_list":
        for name in stored.node_list.value:
            yield graph.as_graph_element(prepend_scope(name, scope))
    elif kind == "bytes_list" and scope:  # names, for all that TensorFlow knows
        yield from (prepend_scope(data.decode(), scope) for data in stored.bytes_list.value)
    else:
        yield from getattr(stored, kind).value
