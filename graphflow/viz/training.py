"""The picture of training: variables beside operations, one vertex of gradients, updates back.

All nodes of a call of `tf.gradients` become one vertex, all nodes of an optimizer (with its slots,
the variables that only it reads) another; an arrow returns from it to each variable it writes.
"""

from __future__ import annotations

import re
from typing import Final

from graphflow.viz.fold import Folded, folded, gradient_scope, users_of
from graphflow.viz.model import Node, Nodes
from graphflow.viz.picture import VARIABLES, Picture, gather

_APPLY: Final = re.compile(r"(Resource)?(Sparse)?Apply[A-Z]\w*")
_WRITE: Final = re.compile(
    r"Assign(Add|Sub)?(VariableOp)?|Assign(Add|Sub)VariableOp|CountUpTo|ResourceCountUpTo"
    r"|(Resource)?Scatter(Nd)?(Update|Add|Sub|Mul|Div|Min|Max)|(Resource)?StridedSliceAssign"
)


def training(nodes: Nodes, keep: frozenset[str] = frozenset()) -> Picture:
    """Draws how a graph trains.

    Args:
        nodes: the graph.
        keep: names of nodes that stay vertices of their own.
    """
    owners = folded(nodes, keep)
    optimizers = _optimizers(nodes)
    _own(nodes, owners, optimizers)
    slots = _slots(nodes, owners, optimizers)
    for name, owner in owners.items():
        if owner in slots:
            owners[name] = slots[owner]
    picture = gather(_without_written(nodes), owners)
    _describe(picture, set(optimizers))
    for node in nodes.values():
        _return(picture, node, owners)
    return picture


def writes(op: str) -> bool:
    """True if an operation type changes the variable that is its first input."""
    return bool(_APPLY.fullmatch(op) or _WRITE.fullmatch(op))


def _optimizers(nodes: Nodes) -> list[str]:
    """The scopes of optimizers: what stands before `/update_<variable>/` in names of updates."""
    found: dict[str, None] = {}
    for name, node in nodes.items():
        if writes(node.op) and "/update_" in name and gradient_scope(name) is None:
            found[name.partition("/update_")[0]] = None
    return list(found)


def _own(nodes: Nodes, owners: Folded, optimizers: list[str]) -> None:
    for name in nodes:
        if owners[name] is None:
            continue
        if (scope := gradient_scope(name)) is not None:
            owners[name] = scope
        elif (optimizer := _within(name, optimizers)) is not None:
            owners[name] = optimizer


def _within(name: str, scopes: list[str]) -> str | None:
    return next((s for s in scopes if name == s or name.startswith(s + "/")), None)


def _slots(nodes: Nodes, owners: Folded, optimizers: list[str]) -> dict[str, str]:
    """The variables that only an optimizer reads and that it does not train, with their owner."""
    users = users_of(nodes)
    outside: dict[str, list[Node]] = {n: [] for n in nodes if nodes[n].op in VARIABLES}
    for name, owner in owners.items():
        if owner in outside:
            drawn = [u for u in users[name] if owners[u] not in (None, owner)]
            outside[owner] += [nodes[u] for u in drawn]
    found = {}
    for name, mine in outside.items():
        readers = {owners[u.name] for u in mine}
        reader = readers.pop() if len(readers) == 1 else None
        if reader in optimizers and _is_slot(name, mine):
            found[name] = reader
    return found


def _is_slot(name: str, users: list[Node]) -> bool:
    trained = any(_APPLY.fullmatch(u.op) and u.inputs[0][0] == name for u in users)
    read = any(not writes(u.op) or u.inputs[0][0] != name for u in users)
    return read and not trained


def _without_written(nodes: Nodes) -> Nodes:
    """The nodes without the edge from a variable to what writes it: an update arrow returns."""
    found = {}
    for name, node in nodes.items():
        if writes(node.op) and node.inputs:
            node = Node(name, node.op, node.inputs[1:], node.controls, node.outputs, node.details)
        found[name] = node
    return found


def _return(picture: Picture, node: Node, owners: Folded) -> None:
    if not writes(node.op) or not node.inputs:
        return
    written, _ = node.inputs[0]
    source, target = owners[node.name], owners.get(written)
    if source is not None and target is not None:
        picture.link(source, target, "update", node.name)
        if picture.vertices[source].kind == "op":
            picture.vertices[source].kind = "update"


def _describe(picture: Picture, optimizers: set[str]) -> None:
    for vertex in picture.vertices.values():
        n = len(vertex.members)
        many = f"{n} nodes" if n > 1 else "1 node"
        if vertex.name in optimizers:
            vertex.kind, vertex.note = "update", f"update, {many}"
        elif vertex.members and gradient_scope(vertex.members[0].name) == vertex.name:
            vertex.kind, vertex.note = "gradients", many
