"""Picture: the vertices and links that are drawn, and how nodes are gathered into them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from graphflow.viz.model import TIMES, Node, Nodes

Kind = Literal["op", "variable", "placeholder", "constant", "gradients", "update", "scope"]
LinkKind = Literal["data", "ref", "control", "update"]

VARIABLES: Final = frozenset({"Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable"})
PLACEHOLDERS: Final = frozenset({"Placeholder", "PlaceholderV2", "PlaceholderWithDefault"})


@dataclass(slots=True)
class Vertex:
    """One thing that is drawn; it stands for `members`, of which the first one names it."""

    name: str
    label: str
    kind: Kind
    note: str = ""
    """A second, smaller line."""
    scope: tuple[str, ...] = ()
    """The clusters around it, from the outside."""
    members: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Link:
    """One arrow; `tensors` maps the name of each tensor that it stands for to its shape."""

    source: str
    target: str
    kind: LinkKind
    tensors: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The shape of the tensor, or how many there are."""
        shapes = set(self.tensors.values())
        if self.kind in ("control", "update"):
            return ""
        if len(self.tensors) == 1:
            return shapes.pop()
        if len(shapes) == 1 and "" not in shapes:
            return f"{len(self.tensors)} {TIMES} ({shapes.pop()})"
        return f"{len(self.tensors)} tensors"


@dataclass(slots=True)
class Picture:
    """What is drawn: vertices by name, links by what they join."""

    vertices: dict[str, Vertex] = field(default_factory=dict)
    links: dict[tuple[str, str, LinkKind], Link] = field(default_factory=dict)

    def link(self, source: str, target: str, kind: LinkKind, tensor: str, shape: str = "") -> None:
        """Adds a tensor to the link between two vertices; none from a vertex to itself."""
        if source == target:
            return
        key = (source, target, kind)
        if key not in self.links:
            self.links[key] = Link(source, target, kind)
        self.links[key].tensors[tensor] = shape


Owners = Mapping[str, str | None]
"""The vertex that each node belongs to; None: it is not drawn."""


def gather(nodes: Nodes, owners: Owners) -> Picture:
    """Draws nodes together with the vertices that own them; links between vertices are merged."""
    picture = Picture()
    for name, node in nodes.items():
        owner = owners[name]
        if owner is None:
            continue
        if owner not in picture.vertices:
            picture.vertices[owner] = vertex_of(nodes.get(owner, node), owner)
        picture.vertices[owner].members.append(node)
    for node in nodes.values():
        target = owners[node.name]
        if target is not None:
            for source, kind, tensor, shape in _arrows_into(node, nodes, owners):
                picture.link(source, target, kind, tensor, shape)
    return picture


def _arrows_into(
    node: Node, nodes: Nodes, owners: Owners
) -> Iterator[tuple[str, LinkKind, str, str]]:
    for name, index in node.inputs:
        source = owners.get(name)
        if source is not None:
            output = nodes[name].output(index)
            yield source, "ref" if output.is_ref else "data", f"{name}:{index}", output.shape
    for name in node.controls:
        source = owners.get(name)
        if source is not None:
            yield source, "control", f"^{name}", ""


def vertex_of(node: Node, name: str) -> Vertex:
    """The vertex of one node."""
    shape = _shape_of(node)
    if node.op in VARIABLES:
        return Vertex(name, name, "variable", shape)
    if node.op in PLACEHOLDERS:
        return Vertex(name, name, "placeholder", shape)
    if node.op == "Const":
        return Vertex(name, name, "constant", shape)
    # A name such as `mul_1` says the operation type (`Mul`) already.
    stem = re.sub(r"_\d+$", "", name.rpartition("/")[2])
    told = stem.replace("_", "").lower() == node.op.lower()
    return Vertex(name, name, "op", "" if told else node.op)


def _shape_of(node: Node) -> str:
    output = node.output(0)
    if output.dtype != "resource":
        return f"{output.shape} {output.dtype}".strip()
    given = [x for x in node.details() if x.startswith(("shape: ", "dtype: "))]
    return " ".join(x[7:] for x in sorted(given, reverse=True))
