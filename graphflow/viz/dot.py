"""A Picture as text in Graphviz's DOT language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from graphflow.viz.model import TIMES, Node, shortened
from graphflow.viz.picture import Kind, Link, LinkKind, Picture, Vertex

FONT: Final = "Arial"
"""One of the fonts whose widths every Graphviz knows."""
_INK: Final = "#1f2933"
_FAINT: Final = "#6b7280"
_MAX_LABEL: Final = 36
_MAX_LISTED: Final = 12
_MANY: Final = 100
_VERY_MANY: Final = 250
"""From so many vertices on, layout takes short cuts: fewer rounds, then straight edges.

Measured on 600 vertices: curved edges take more than a minute, straight ones 3 to 8 seconds.
"""

_GRAPH: Final = {
    "rankdir": "TB", "bgcolor": "#ffffff", "pad": "0.3", "nodesep": "0.3", "ranksep": "0.45",
    "fontname": FONT, "fontsize": "11", "fontcolor": _FAINT, "labeljust": "l", "tooltip": " ",
    "newrank": "true",
}  # fmt: skip
_NODE: Final = {
    "fontname": FONT, "fontsize": "12", "fontcolor": _INK, "style": "filled",
    "fillcolor": "#ffffff", "color": "#8a8f98", "penwidth": "1", "margin": "0.16,0.07",
    "height": "0.36", "width": "0.5",
}  # fmt: skip
_EDGE: Final = {
    "fontname": FONT, "fontsize": "9", "fontcolor": _FAINT, "color": "#7b8190",
    "arrowsize": "0.6", "penwidth": "1",
}  # fmt: skip
_BOX: Final = {"shape": "box", "style": "filled,rounded"}
_KINDS: Final[dict[Kind, dict[str, str]]] = {
    "op": {"shape": "ellipse", "margin": "0.1,0.04"},
    "variable": {"shape": "cylinder", "fillcolor": "#dfe9f5", "color": "#4a6fa5"},
    "placeholder": {
        "shape": "parallelogram", "fillcolor": "#e5f1e3", "color": "#5b8c5a", "margin": "0.02,0.02",
    },
    "constant": _BOX | {"fillcolor": "#f5f5f4", "color": "#b8b8b4"},
    "gradients": _BOX | {"fillcolor": "#efeaf6", "color": "#7d6b98"},
    "update": _BOX | {"fillcolor": "#fae8df", "color": "#b4552d"},
    "scope": _BOX | {"fillcolor": "#eef0f3", "color": "#8a8f98", "peripheries": "2"},
}  # fmt: skip
_LINKS: Final[dict[LinkKind, dict[str, str]]] = {
    "data": {},
    "ref": {"color": "#e08a1e", "fontcolor": "#a8650f"},
    "control": {"style": "dashed", "color": "#a3a9b3", "arrowhead": "vee"},
    # An update leads back up: laid out as an edge from the variable, drawn as one into it.
    "update": {"color": "#b4552d", "penwidth": "2.6", "arrowsize": "0.8", "dir": "back"},
}
_CLUSTER: Final = {
    "style": "filled,rounded", "color": "#d5d9e0", "penwidth": "1", "margin": "10",
}  # fmt: skip
_CLUSTER_FILLS: Final = ("#f8f9fb", "#f1f3f7")


def dot_text(picture: Picture) -> str:
    """Returns the picture as DOT text."""
    lines = [
        "digraph graphflow {",
        f"  graph {_attributes(_GRAPH | _short_cuts(len(picture.vertices)))}",
        f"  node {_attributes(_NODE)}",
        f"  edge {_attributes(_EDGE)}",
        *_clusters(picture),
        *(f"  {_link(link)}" for link in picture.links.values()),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _short_cuts(vertices: int) -> dict[str, str]:
    chosen: dict[str, str] = {}
    if vertices > _MANY:
        chosen |= {"nslimit": "1", "nslimit1": "1", "mclimit": "0.1"}
    if vertices > _VERY_MANY:
        chosen["splines"] = "line"
    return chosen


# --- vertices ---
def _clusters(picture: Picture) -> Iterator[str]:
    """The vertices within their clusters, outer clusters around inner ones."""
    inner: dict[tuple[str, ...], dict[tuple[str, ...], None]] = {(): {}}
    content: dict[tuple[str, ...], list[Vertex]] = {}
    for vertex in picture.vertices.values():
        path = vertex.scope
        content.setdefault(path, []).append(vertex)
        for i in range(len(path)):
            inner.setdefault(path[:i], {})[path[: i + 1]] = None
    # A list of what is still to write, not recursion: scopes may be nested deeply.
    pending: list[tuple[str, ...] | None] = [()]
    while pending:
        path_or_end = pending.pop()
        if path_or_end is None:
            yield "  }"
            continue
        path = path_or_end
        if path:
            yield f"  subgraph {_quoted('cluster_' + '/'.join(path))} {{"
            yield f"    graph {_attributes(_cluster(path))}"
            pending.append(None)
        yield from (f"    {_vertex(v)}" for v in content.get(path, []))
        pending += reversed(inner.get(path, {}))


def _cluster(path: tuple[str, ...]) -> dict[str, str]:
    return _CLUSTER | {
        "label": _escaped(_cut(path[-1])),
        "tooltip": _escaped("/".join(path)),
        "fillcolor": _CLUSTER_FILLS[len(path) % 2],
    }


def _vertex(vertex: Vertex) -> str:
    attributes = _KINDS[vertex.kind] | {"tooltip": _escaped(_tooltip(vertex))}
    note = ""
    if vertex.note:
        small = _html(_cut(vertex.note))
        # The blank line of 3 points keeps descenders off the second line.
        gap = '<BR/><FONT POINT-SIZE="3"> </FONT><BR/>'
        note = f'{gap}<FONT POINT-SIZE="9" COLOR="{_FAINT}">{small}</FONT>'
    label = f"<{_html(_cut(vertex.label))}{note}>"
    return f"{_quoted(vertex.name)} [label={label} {_attributes(attributes)[1:]}"


def _cut(text: str) -> str:
    return shortened(text, _MAX_LABEL)


def _tooltip(vertex: Vertex) -> str:
    members = vertex.members
    own = next((n for n in members if n.name == vertex.name), None)
    lines = [vertex.name] if own is None else [f"{own.name} ({own.op})", *_node_lines(own)]
    others = [n for n in members if n is not own]
    if len(others) > _MAX_LISTED:
        counts = Counter(n.op for n in others).most_common(_MAX_LISTED)
        lines.append(f"{len(others)} nodes: " + ", ".join(f"{op} {TIMES}{n}" for op, n in counts))
    elif others:
        lines += [f"{'with ' if own else ''}{n.name} ({n.op})" for n in others]
    return "\n".join(lines)


def _node_lines(node: Node) -> list[str]:
    outputs = [f"{o.dtype} {o.shape}".strip() for o in node.outputs]
    shown = [f"makes {', '.join(outputs)}"] if any(outputs) else []
    return [*shown, *node.details()]


# --- links ---
def _link(link: Link) -> str:
    attributes = dict(_LINKS[link.kind])
    if link.label:
        # Blanks keep the text off the line it stands beside.
        attributes["label"] = _escaped(f" {link.label} ")
    attributes["tooltip"] = _escaped(_link_tooltip(link))
    ends = [_quoted(link.source), _quoted(link.target)]
    if attributes.get("dir") == "back":
        ends.reverse()
    return f"{' -> '.join(ends)} {_attributes(attributes)}"


def _link_tooltip(link: Link) -> str:
    names = [f"{name}  {shape}".strip() for name, shape in link.tensors.items()]
    more = len(names) - _MAX_LISTED
    shown = names[:_MAX_LISTED] + ([f"and {more} more"] if more > 0 else [])
    return "\n".join([f"{link.source} → {link.target}", *shown])


# --- text ---
def _attributes(attributes: dict[str, Any]) -> str:
    pairs = " ".join(f'{key}="{value}"' for key, value in attributes.items())
    return f"[{pairs}]"


def _quoted(name: str) -> str:
    return f'"{_escaped(name)}"'


def _escaped(text: str) -> str:
    """Text for a quoted string, in which Graphviz expands backslashes and entities."""
    text = text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return text.replace("\r", "").replace("\n", "\\n")


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
