"""The picture of training: variables beside operations, one vertex of gradients, updates back.

All nodes of a call of `tf.gradients` become one vertex, all nodes of an optimizer (with its slots,
the variables that only it reads) another; an arrow returns from it to each variable it writes.
"""

from __future__ import annotations

import re
from typing import Final

from graphflow.viz.fold import Folded, folded, gradient_of_one, gradient_scope, users_of
from graphflow.viz.model import Node, Nodes
from graphflow.viz.picture import PLACEHOLDERS, VARIABLES, Link, Picture, gather
from graphflow.viz.scopes import collapsed

ROOM: Final = 40
"""With more vertices than this, operations are gathered by name scope."""
_MOST: Final = 120
"""With more, scopes and series become boxes, even those with variables."""
_ENDS: Final = VARIABLES | PLACEHOLDERS
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
    _own_parts(nodes, owners)
    picture = gather(_without_written(nodes), _by_scope(nodes, owners, keep))
    _describe(picture, set(optimizers))
    for node in nodes.values():
        _return(picture, node, owners)
    _simplify(picture, nodes)
    return collapsed(picture, _MOST) if len(picture.vertices) > _MOST else picture


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


def _own_parts(nodes: Nodes, owners: Folded) -> None:
    """Gives the parts of a composite function (`softmax_sg/Reshape`) to the node of its name."""
    for name, owner in owners.items():
        if owner != name or nodes[name].op in _ENDS:
            continue
        for i in range(name.count("/"), 0, -1):
            outer = name.rsplit("/", i)[0]
            if outer in nodes and owners[outer] == outer and nodes[outer].op not in _ENDS:
                owners[name] = outer
                break


def _by_scope(nodes: Nodes, owners: Folded, keep: frozenset[str]) -> Folded:
    """Gives operations to their name scopes, the less deeply the more vertices there are."""
    for depth in range(max((n.count("/") for n in nodes), default=0), 0, -1):
        if len(set(owners.values())) <= ROOM:
            break
        found = dict(owners)
        for name, owner in owners.items():
            if owner in nodes and owner not in keep and nodes[owner].op not in _ENDS:
                parts = owner.split("/")
                if len(parts) > depth and not writes(nodes[owner].op):
                    found[name] = "/".join(parts[:depth]) + "/"
        owners.update(found)
    return owners


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
        elif vertex.name.endswith("/"):
            vertex.kind, vertex.label, vertex.note = "scope", vertex.name[:-1], many


def _simplify(picture: Picture, nodes: Nodes) -> None:
    """Leaves out an edge into the gradients where a longer path says the same.

    Gradients take nearly every forward tensor again; what a reader looks for is where they start.
    """
    sources: dict[str, list[Link]] = {}
    for link in picture.links.values():
        if link.kind != "update":
            sources.setdefault(link.target, []).append(link)
    for vertex in [v for v in picture.vertices.values() if v.kind == "gradients"]:
        _link_results(picture, vertex.name, nodes)
        into = [k for k in picture.links if k[1] == vertex.name]
        before = {source for source, _, _ in into}
        reached = _before(before, sources, vertex.name)
        if not before <= reached:
            for key in into:
                if key[0] in reached:
                    del picture.links[key]


def _before(names: set[str], sources: dict[str, list[Link]], without: str) -> set[str]:
    """The vertices from which a path leads to one of `names`, not through `without`."""
    found: set[str] = set()
    pending = list(names)
    while pending:
        for link in sources.get(pending.pop(), []):
            if link.source != without and link.source not in found:
                found.add(link.source)
                pending.append(link.source)
    return found


def _link_results(picture: Picture, gradients: str, nodes: Nodes) -> None:
    """Links what is differentiated: operations with a gradient that no other such one uses."""
    made = {gradient_of_one(n.name) for n in picture.vertices[gradients].members} - {None}
    forward = {str(n)[len(gradients) + 1 : -len("_grad")] for n in made} & set(nodes)
    used = {source for name in forward for source, _ in nodes[name].inputs}
    owner = {n.name: v.name for v in picture.vertices.values() for n in v.members}
    for name in forward - used:
        if name in owner:
            picture.link(owner[name], gradients, "data", f"{name}:0", nodes[name].output(0).shape)
